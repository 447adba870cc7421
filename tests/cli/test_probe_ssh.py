"""SSH against real servers: OpenSSH and dropbear on loopback with host keys made here. Every list, every host key,
proven where the secret is known; what the probe leaves in the server's log; a server that limits."""
import base64
import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(__file__))
import kit

PATH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
ports = iter(range(21430, 21500))


def which(name):
    return shutil.which(name, path=PATH)


def spki(public):
    """The name of an SSH public key: SHA-256 of its SubjectPublicKeyInfo, by openssl."""
    kind, blob = open(public, encoding="ascii").read().split()[:2]
    if kind == "ssh-ed25519":
        der = bytes.fromhex("302a300506032b6570032100") + base64.b64decode(blob)[-32:]
    else:
        pem = subprocess.run(["ssh-keygen", "-e", "-m", "PKCS8", "-f", public], check=True,
                             capture_output=True).stdout
        der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], input=pem, check=True,
                             capture_output=True).stdout
    return hashlib.sha256(der).hexdigest()


class Server:
    def __init__(self, argv, log):
        self.log = open(log, "wb+")
        self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.process.terminate()
        self.process.wait(5)

    def words(self):
        self.log.seek(0)
        return self.log.read().decode("utf-8", "replace")


def wait_for(port):
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return True
        except OSError:
            time.sleep(0.1)
    return False


def probe(port, *more):
    r = kit.run("probe", f"ssh:127.0.0.1:{port}", "-o", "json", "--rate", "0", *more, timeout=60)
    return json.loads(kit.out(r))["endpoints"][0], r.returncode


def names(e, kind):
    return [o["name"] for o in sorted(e["offers"], key=lambda o: o.get("rank", 99)) if o["kind"] == kind]


def chains(e):
    return {c["certificates"][0]["spki"]: c.get("proven", "unknown") for c in e["chains"]}


def sshd(top, port, *options):
    keys = sum((["-o", f"HostKey={top}/{t}"] for t in ("rsa", "ecdsa", "ed25519")), [])
    more = sum((["-o", o] for o in options), [])
    return Server([which("sshd"), "-D", "-e", "-f", "/dev/null", "-p", str(port), "-o",
                   "ListenAddress=127.0.0.1", "-o", "UsePAM=no", "-o", "PidFile=none", "-o", "LogLevel=DEBUG1",
                   *keys, *more], f"{top}/sshd.{port}.log")


def check_openssh(top, want):
    port = kit.free_port(ports)
    with sshd(top, port) as server:
        if not wait_for(port):
            kit.skip(f"sshd did not start: {server.words()[-200:]!r}")
            return
        e, _ = probe(port)
        ask = subprocess.run([which("sshd"), "-T", "-f", "/dev/null", "-h", f"{top}/rsa"], capture_output=True,
                             check=False).stdout.decode()
        conf = dict(line.split(" ", 1) for line in ask.splitlines() if " " in line)
        kex = conf.get("kexalgorithms", "").split(",")
        kit.ok(names(e, "kex") == kex, "openssh: every key exchange of its configuration, in its order",
               f"{names(e, 'kex')} {kex}")
        kit.ok(names(e, "cipher") == conf.get("ciphers", "").split(","), "openssh: every cipher", names(e, "cipher"))
        kit.ok(names(e, "mac") == conf.get("macs", "").split(","), "openssh: every MAC", names(e, "mac"))
        kit.ok(e["posture"] == "offered", "openssh: hybrid is offered", e["posture"])
        kit.ok(chains(e) == {s: "yes" for s in want.values()},
               "openssh: three host keys, each proven, each the key of its file", chains(e))
        kit.ok(e["timing"]["connections"] == 3 and e["complete"], "openssh: three connections", e["timing"])
        log = server.words()
        kit.ok(log.count("Received disconnect from") == 3 and "11: probe done" in log,
               "openssh: we leave by SSH_MSG_DISCONNECT", log[-300:])
        kit.ok("userauth-request" not in log, "openssh: no login is begun")


def check_methods(top, want):
    for kex, posture, proven in (("curve25519-sha256", "absent", "yes"), ("ecdh-sha2-nistp521", "absent", "yes"),
                                 ("sntrup761x25519-sha512@openssh.com", "only", "unknown"),
                                 ("diffie-hellman-group14-sha256", "absent", "unknown"),
                                 ("diffie-hellman-group-exchange-sha256", "absent", "unknown")):
        port = kit.free_port(ports)
        with sshd(top, port, f"KexAlgorithms={kex}"):
            if not wait_for(port):
                kit.skip(f"this sshd has no {kex}")
                continue
            e, _ = probe(port)
            kit.ok(e["posture"] == posture and chains(e) == {s: proven for s in want.values()},
                   f"openssh with {kex} alone: {posture}, keys proven {proven}", f"{e['posture']} {chains(e)}")


def check_certificate(top):
    port = kit.free_port(ports)
    with sshd(top, port, f"HostCertificate={top}/ed25519-cert.pub"):
        if wait_for(port):
            e, _ = probe(port)
            kit.ok("ssh-ed25519-cert-v01@openssh.com" in names(e, "host-key") and
                   chains(e).get(spki(f"{top}/ed25519.pub")) == "yes",
                   "openssh: a host certificate is asked for, and names the same key", names(e, "host-key"))


def check_limit(top):
    port = kit.free_port(ports)
    with sshd(top, port, "MaxStartups=1:100:1"):
        if not wait_for(port):
            return
        time.sleep(0.5)
        with socket.create_connection(("127.0.0.1", port)) as hold:
            hold.recv(10)
            e, code = probe(port)
        kit.ok(e["reach"] == "limited" and e.get("posture", "unknown") == "unknown",
               "openssh: a server that has enough of us is limited, not without hybrids",
               f"{e['reach']} {e.get('posture')} {e.get('words')}")
        kit.ok(code != 0, "openssh: and the exit code says that nothing is known", code)


def check_dropbear(top):
    if not which("dropbear") or not which("dropbearkey"):
        kit.skip("dropbear is not installed")
        return
    port, want, keys = kit.free_port(ports), {}, []
    for kind in ("rsa", "ed25519"):
        key = f"{top}/dropbear-{kind}"
        subprocess.run([which("dropbearkey"), "-t", kind, "-f", key], check=True, capture_output=True)
        public = subprocess.run([which("dropbearkey"), "-y", "-f", key], check=True, capture_output=True).stdout
        with open(key + ".pub", "w", encoding="ascii") as f:
            f.write(next(line for line in public.decode().splitlines() if line.startswith("ssh-")))
        want[spki(key + ".pub")] = "yes"
        keys += ["-r", key]
    with Server([which("dropbear"), "-F", "-E", "-s", "-p", f"127.0.0.1:{port}", *keys, "-P", f"{top}/pid"],
                f"{top}/dropbear.log") as server:
        if not wait_for(port):
            kit.skip(f"dropbear did not start: {server.words()[-200:]!r}")
            return
        e, _ = probe(port)
        kit.ok(e.get("software", "").startswith("dropbear") and chains(e) == want,
               "dropbear: both host keys, proven", f"{e.get('software')} {chains(e)}")
        kit.ok(e["timing"]["connections"] == 2 and e["complete"], "dropbear: a connection a key", e["timing"])
        a = kit.run("probe", f"auto:127.0.0.1:{port}", "-o", "json")
        a = json.loads(kit.out(a))["endpoints"][0]
        kit.ok(a.get("protocol") == "ssh" and a["chains"], "auto: SSH is known by its greeting", a.get("protocol"))


def main():
    if not which("sshd") or not which("ssh-keygen") or not which("openssl"):
        kit.skip("openssh-server is not installed")
        kit.done()
    if os.getuid() == 0:
        os.makedirs("/run/sshd", mode=0o755, exist_ok=True)  # its privilege separation needs it
    with kit.tmpdir() as top:
        for kind in ("rsa", "ecdsa", "ed25519", "ca"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519" if kind == "ca" else kind, "-N", "", "-f",
                            f"{top}/{kind}"], check=True)
        subprocess.run(["ssh-keygen", "-q", "-s", f"{top}/ca", "-I", "test", "-h", "-n", "localhost",
                        f"{top}/ed25519.pub"], check=True)
        want = {t: spki(f"{top}/{t}.pub") for t in ("rsa", "ecdsa", "ed25519")}
        check_openssh(top, want)
        check_methods(top, want)
        check_certificate(top)
        check_limit(top)
        check_dropbear(top)
    kit.done()


if __name__ == "__main__":
    main()
