"""What tasks tell to paste: each command is one for a shell, and settings are taken by the programs they are for, where those are installed."""
import os
import pathlib
import re
import shutil
import socket
import ssl
import subprocess
import time

import yaml

from kit import REPO, done, free_port, ok, skip, tmpdir

COMMANDS = ("openssl", "pqmap", "wg", "ssh-keygen", "kubectl", "psql", "redis-cli", "age", "sops", "aws", "vault", "cmctl", "swanctl",
            "istioctl", "linkerd", "tcpdump", "tshark", "sshd", "nginx", "haproxy", "curl", "sha256sum")
RULES = [r for f in sorted((REPO / "rules/plan").glob("*.yaml")) for r in yaml.safe_load(f.read_text()) if "type" in r]
WORDS = {"sig": "ED25519", "sig_name": "ed25519", "list": "X25519:prime256v1", "hybrid": "X25519", "port": "6379", "host": "localhost",
         "ssh_kex": "curve25519-sha256", "openssl_group": "X25519"}  # what an old library has too: the shape is on trial, not the set


def filled(text):
    return re.sub(r"\{(\w+)\}", lambda m: WORDS.get(m.group(1), "x"), text)


def texts():
    """Rule, software (or ''), and each text of change, verify and rollback."""
    for r in RULES:
        for own in [r] + r.get("changes", []):
            for key in ("change", "text", "verify", "rollback"):
                if isinstance(own.get(key), str):
                    yield r["type"], own.get("for", [""]), key, filled(own[key])


def text_of(kind, software, key="text"):
    return next((t for k, names, at, t in texts() if k == kind and software in names and at == key), "")


def pasted():
    n, wrong = 0, []
    for kind, names, key, text in texts():
        for line in (part.strip() for part in text.splitlines()):
            if line.startswith("pqmap scan again") or not re.match(rf"({'|'.join(COMMANDS)}) ", line):
                continue
            n += 1
            r = subprocess.run(["bash", "-n", "-c", line], capture_output=True, text=True)
            if r.returncode != 0:
                wrong.append(f"{kind} {names} {key}: {line}")
    ok(n > 40 and not wrong, f"each of {n} lines that begin with a command is one for a shell", "\n    ".join(wrong))


def checks(words, argv, **more):
    r = subprocess.run(argv, capture_output=True, text=True, timeout=60, **more)
    ok(r.returncode == 0, words, (r.stdout + r.stderr)[-600:])


def tool(name):
    found = shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/usr/local/sbin")
    if found is None:
        skip(f"no {name}: its lines are not tried")
    return found


def sshd():
    path = tool("sshd")
    if path is None or not os.access("/run/sshd", os.X_OK):
        return
    with tmpdir() as tmp:
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", f"{tmp}/hk"], check=True)
        known = subprocess.run(["ssh", "-Q", "kex"], capture_output=True, text=True).stdout.split()
        for kind in ("hybrid-on-edge", "enforce-hybrid", "mesh-link-hybrid", "partner-link-hybrid"):
            text = text_of(kind, "openssh")
            line = re.search(r"KexAlgorithms \S*-sha\S*", text)
            ok(line and "above the first Match block" in text, f"{kind}: says where KexAlgorithms has to stand", text)
            names = [n for n in line.group().split()[1].split(",") if n in known] if line else []
            conf = pathlib.Path(tmp, "conf")
            for above in (True, False):
                parts = [f"KexAlgorithms {','.join(names)}\n", "Match Address 10.0.0.0/8\n"]
                conf.write_text(f"HostKey {tmp}/hk\n" + "".join(parts if above else parts[::-1]))
                r = subprocess.run([path, "-t", "-f", conf], capture_output=True, text=True)
                ok((r.returncode == 0) == above, f"{kind}: sshd {'takes' if above else 'refuses'} it {'above' if above else 'inside'} a Match",
                   r.stderr)


def pem(tmp):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-keyout",
                    f"{tmp}/tls.key", "-out", f"{tmp}/tls.crt", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
                   check=True, capture_output=True)
    shutil.copy(f"{tmp}/tls.crt", f"{tmp}/ca.crt")
    pathlib.Path(tmp, "both.pem").write_text(pathlib.Path(tmp, "tls.crt").read_text() + pathlib.Path(tmp, "tls.key").read_text())


def redis():
    path = tool("redis-server")
    if path is None:
        return
    with tmpdir() as tmp:
        pem(tmp)
        port = free_port()
        conf = [line.strip() for line in text_of("plaintext-fix", "redis").splitlines() if line.startswith("  ")]
        text = "\n".join(conf).replace("/tls/", f"{tmp}/").replace("6379", str(port))
        pathlib.Path(tmp, "redis.conf").write_text(f"{text}\nbind 127.0.0.1\ndir {tmp}\n")
        server = subprocess.Popen([path, f"{tmp}/redis.conf"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        answer, last = b"", ""
        for _ in range(50):
            try:
                with socket.create_connection(("127.0.0.1", port), timeout=5) as s, \
                        ssl.create_default_context(cafile=f"{tmp}/ca.crt").wrap_socket(s, server_hostname="localhost") as t:
                    t.sendall(b"PING\r\n")
                    answer = t.recv(64)
                    break
            except OSError as e:
                last = str(e)
                time.sleep(0.1)
        server.terminate()
        said = server.communicate(timeout=20)[0].decode()
        ok(answer.startswith(b"+PONG"), "redis: starts with the lines and answers a client that has no certificate", last + said[-400:])


def nginx():
    path = tool("nginx")
    if path is None:
        return
    with tmpdir() as tmp:
        pem(tmp)
        for kind in ("hybrid-on-edge", "enforce-hybrid"):
            text = text_of(kind, "nginx-ic")
            curve, versions = re.search(r"ssl_ecdh_curve [^;]+;", text), re.search(r"ssl-protocols: (.*)", text)
            ok(curve and versions, f"{kind}: names groups and versions", text)
            pathlib.Path(tmp, "nginx.conf").write_text(
                f"pid {tmp}/pid; error_log stderr;\nevents {{}}\nhttp {{ access_log off;\n{curve.group()}\nssl_protocols {versions.group(1)};\n"
                f"server {{ listen 127.0.0.1:{free_port()} ssl; ssl_certificate {tmp}/tls.crt; ssl_certificate_key {tmp}/tls.key; }} }}\n")
            checks(f"{kind}: nginx takes the lines", [path, "-t", "-p", tmp, "-c", f"{tmp}/nginx.conf"])


def haproxy():
    path = tool("haproxy")
    if path is None:
        return
    with tmpdir() as tmp:
        pem(tmp)
        for kind in ("hybrid-on-edge", "enforce-hybrid"):
            for software, key in (("haproxy-ingress", "global-config-snippet"), ("haproxy-ingress-jcm", "config-global")):
                text = text_of(kind, software)
                ok(f"  {key}: " in text, f"{kind}: {software} has {key}", text)
                lines = re.findall(r"ssl-default-bind-[^\"\n]+", text)
                pathlib.Path(tmp, "cfg").write_text(
                    "global\n" + "".join(f"  {line}\n" for line in lines) + "defaults\n  mode http\n  timeout client 5s\n  timeout "
                    f"server 5s\n  timeout connect 5s\nfrontend f\n  bind 127.0.0.1:{free_port()} ssl crt {tmp}/both.pem\n  http-request deny\n")
                checks(f"{kind}: haproxy takes the lines of {software}", [path, "-c", "-q", "-f", f"{tmp}/cfg"])


def signing():
    with tmpdir() as tmp:
        pathlib.Path(tmp, "model.safetensors").write_bytes(os.urandom(4096))
        rule = next(r for r in RULES if r["type"] == "dual-sign")
        lines = [filled(line).strip() for line in (rule["change"] + rule["verify"]).splitlines()]
        script = "\n".join(line for line in lines if line.startswith(("openssl ", "sha256sum ")))
        checks("dual-sign: the lines make key, signature and public key, and it verifies", ["bash", "-e", "-c", script], cwd=tmp)
        rule = next(r for r in RULES if r["type"] == "private-ca-pq")
        lines = [filled(line).strip().replace("ML-DSA-87", "ED25519") for line in rule["change"].splitlines()]
        checks("private-ca-pq: the lines make a root", ["bash", "-e", "-c", "\n".join(line for line in lines if line.startswith("openssl "))],
               cwd=tmp)


pasted()
sshd()
redis()
nginx()
haproxy()
signing()
done()
