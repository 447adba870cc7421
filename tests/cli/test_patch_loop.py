#!/usr/bin/env python3
"""The patch that `pqmap probe` prints is applied to real servers: it does what it promises, and the way back does too.

For each server: start it as it is found in the field, probe, take the patch from the probe's own JSON (the first whose
check succeeds on this system), apply it as its kind says, probe again for the promised state, then go back as printed.
The servers are those of a Debian 13 root (PQMAP_PEER, .ci/peer makes it), run by chroot in namespaces of this test's own:
network, mounts and processes end with it. What is absent there is skipped, by name.
"""
import json
import os
import pathlib
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

import kit

PEER = pathlib.Path(os.environ.get("PQMAP_PEER") or kit.REPO / "build/peer").resolve()
INSIDE = "PQMAP_PATCH_LOOP"
PATH = ":".join(["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]
                + [f"/{p.relative_to(PEER)}" for p in sorted(PEER.glob("usr/lib/postgresql/*/bin"))])
POSTURES = ["unknown", "absent", "offered", "enforced", "only"]
rows = []


def enter():
    """Runs this file again as the first process of new namespaces; all it starts dies with it."""
    if os.geteuid() != 0 or not (PEER / "usr/bin/openssl").exists() or not (PEER / "pki/.made").exists():
        kit.skip("no Debian 13 root with servers (PQMAP_PEER), or not run as root")
        kit.done()
    argv = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", sys.executable, __file__]
    sys.exit(subprocess.run(argv, env=dict(os.environ, **{INSIDE: "1"}), timeout=400).returncode)


def mounts():
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    subprocess.run(["mount", "-t", "proc", "proc", PEER / "proc"], check=True)
    for folder in ("tmp", "run", "dev/shm"):
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=1777", "tmpfs", PEER / folder], check=True)
    (PEER / "run/sshd").mkdir()


# ---- processes ----

def in_peer(command, user=None, env=None, **kw):
    argv = ["chroot", str(PEER)]
    if user:
        argv += ["setpriv", "--reuid", user, "--clear-groups"]
    base = {"PATH": PATH, "HOME": "/tmp", "LC_ALL": "C.UTF-8"}
    return subprocess.Popen([*argv, *command], env={**base, **(env or {})}, stdin=subprocess.DEVNULL,
                            start_new_session=True, **kw)


def ask_peer(shell):
    with in_peer(["sh", "-c", shell], stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as p:
        text = p.communicate(timeout=60)[0].decode("utf-8", "replace")
    return p.returncode, text


def has(program):
    return any((PEER / folder.lstrip("/") / program).exists() for folder in PATH.split(":"))


def is_open(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


def wait(port, want, seconds=20.0):
    end = time.monotonic() + seconds
    while is_open(port) != want and time.monotonic() < end:
        time.sleep(0.02)
    return is_open(port) == want


class Process:
    """A program that listens; its output goes to a file for when it does not."""

    def __init__(self, command, port, user=None, env=None, chroot=True):
        self.port, self.log = port, open(PEER / f"tmp/log-{port}", "ab")
        if chroot:
            self.p = in_peer(command, user, env, stdout=self.log, stderr=self.log)
        else:
            self.p = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
                                      start_new_session=True)
        if not wait(port, True):
            raise RuntimeError(f"does not listen: {(PEER / f'tmp/log-{port}').read_text(errors='replace')[-400:]}")

    def stop(self):
        for sig in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.p.pid, sig)
                self.p.wait(timeout=5)
                break
            except (ProcessLookupError, subprocess.TimeoutExpired):
                continue
        self.log.close()
        if not wait(self.port, False, 5):
            raise RuntimeError(f"port {self.port} is still taken")


# ---- applying a patch ----

def key_of(line):
    """What a setting line sets: its first word, and the second where the first only leads (SSLOpenSSLConfCmd Groups)."""
    words = re.split(r"[\s=:]+", line.strip().rstrip(";,"))
    return " ".join(words[:2]) if words[0] in ("SSLOpenSSLConfCmd", ) else words[0]


def set_lines(text, lines):
    """Puts setting lines where lines of the same name stand, or where the file says # HERE."""
    for line in lines:
        pattern = re.compile(rf"(?m)^(\s*){re.escape(key_of(line))}(?=[\s=:]).*$".replace(r"\ ", r"\s+"))
        if pattern.search(text):
            text = pattern.sub(lambda m: m.group(1) + line, text, count=1)
        else:
            text, n = re.subn(r"(?m)^(\s*)([#;]|//) HERE$", lambda m: f"{m.group(1)}{line}\n{m.group(0)}", text, count=1)
            assert n == 1, f"no place for {line}"
    return text


def fill_front(lines, backend):
    """The words in capitals are the reader's."""
    text = "\n".join(lines) + "\n"
    for word, value in (("CHAIN_AND_KEY.pem", "/tmp/both.pem"), ("CHAIN.pem", "/pki/rsa.chain"), ("KEY.pem", "/pki/rsa.key"),
                        ("CA.pem", "/pki/ca.pem"), ("BACKEND", str(backend))):
        text = text.replace(word, value)
    return text


class Server:
    """One server: configuration text, command line and environment, which a patch may change."""
    needs = ()        # programs
    config = None     # text; {port}
    file = None       # where it goes inside the root
    command = ()      # {port} {file}
    user = None
    scheme = "tls"
    baseline = "absent"
    software = None   # given with --software; None: the probe must know by itself

    def __init__(self, name, port):
        self.name, self.port, self.text, self.extra, self.env = name, port, None, [], {}
        self.main, self.front = None, None
        self.listen = port

    def write(self):
        if self.config is not None:
            if self.text is None:
                self.text = self.config
            (PEER / self.file.lstrip("/")).write_text(self.text.replace("{port}", str(self.listen)))

    def start(self):
        self.write()
        argv = [w.replace("{port}", str(self.listen)).replace("{file}", self.file or "") for w in self.command]
        self.main = Process(argv + self.extra, self.listen, self.user, self.env)

    def stop(self):
        for p in (self.front, self.main):
            if p is not None:
                p.stop()
        self.front = self.main = None

    def apply(self, kind, lines, advice):
        if kind in ("setting", "source"):
            self.text = set_lines(self.text, lines)
        elif kind == "environment":
            self.env = dict(line.split("=", 1) for line in lines)
        elif kind == "argument":
            self.extra = [w for line in lines for w in shlex.split(line)]
        elif kind == "front":
            self.move_behind(fill_front(lines, self.port + 100))
            return
        else:
            raise RuntimeError(f"a patch of kind {kind}: {advice['lines']}")
        self.stop()
        self.start()

    def move_behind(self, text):
        self.stop()
        self.listen = self.port + 100
        self.start()
        conf = PEER / f"tmp/front-{self.port}"
        if text.startswith("frontend"):
            head = "global\n  maxconn 200\ndefaults\n  timeout connect 5s\n  timeout client 5s\n  timeout server 5s\n"
            conf.write_text(head + text)
            command = ["haproxy", "-db", "-f", f"/tmp/front-{self.port}"]
        else:
            conf.write_text(f"foreground = yes\npid =\nsocket = l:SO_REUSEADDR=1\n{text}")
            command = ["stunnel4", f"/tmp/front-{self.port}"]
        self.front = Process(command, self.port)

    def undo(self, advice):
        if advice["kind"] == "front":
            self.stop()
            self.listen = self.port
            self.start()
        else:
            self.apply(advice["kind"], advice["undo"], advice)

    def check_service(self):
        """Does the service still serve? Empty: yes."""
        return ""


# ---- the servers ----

TLS = "/pki/rsa.chain", "/pki/rsa.key"


class Nginx(Server):
    needs, software, file = ("nginx",), "nginx", "/tmp/nginx.conf"
    config = """daemon off; pid /tmp/nginx.pid; error_log stderr;
events {}
http {
access_log off;
ssl_ecdh_curve X25519:prime256v1:secp384r1;
ssl_ciphers HIGH:!aNULL:!MD5:@SECLEVEL=0;
ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3;
# HERE
server { listen 127.0.0.1:{port} ssl; ssl_certificate /pki/rsa.chain; ssl_certificate_key /pki/rsa.key; location / { return 200 ok; } }
}
"""
    command = ["nginx", "-c", "{file}"]

    def check_service(self):
        return https_get(self.port)


class Apache(Server):
    needs, software, file = ("apache2",), "apache", "/tmp/apache.conf"
    config = """ServerName localhost
PidFile /tmp/apache.pid
ErrorLog /tmp/apache.err
User www-data
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule socache_shmcb_module /usr/lib/apache2/modules/mod_socache_shmcb.so
LoadModule ssl_module /usr/lib/apache2/modules/mod_ssl.so
Listen 127.0.0.1:{port}
SSLOpenSSLConfCmd Groups X25519:prime256v1
SSLCipherSuite HIGH:!aNULL
# HERE
<VirtualHost 127.0.0.1:{port}>
SSLEngine on
SSLCertificateFile /pki/rsa.chain
SSLCertificateKeyFile /pki/rsa.key
</VirtualHost>
"""
    command = ["apache2", "-DFOREGROUND", "-f", "{file}"]


class Haproxy(Server):
    needs, software, file = ("haproxy",), "haproxy", "/tmp/haproxy.cfg"
    config = """global
  ssl-default-bind-curves X25519:P-256
  # HERE
defaults
  mode http
  timeout client 5s
  timeout server 5s
  timeout connect 5s
frontend a
  bind 127.0.0.1:{port} ssl crt /tmp/both.pem
  http-request return status 200
"""
    command = ["haproxy", "-db", "-f", "{file}"]

    def check_service(self):
        return https_get(self.port)


class OpenSsh(Server):
    needs, scheme, file = ("sshd",), "ssh", "/tmp/sshd_config"
    config = """Port {port}
ListenAddress 127.0.0.1
HostKey /tmp/hostkey
UsePAM no
PidFile none
PerSourcePenalties no
KexAlgorithms curve25519-sha256,ecdh-sha2-nistp256,diffie-hellman-group14-sha256
"""
    command = ["/usr/sbin/sshd", "-D", "-e", "-f", "{file}"]

    def start(self):
        if not (PEER / "tmp/hostkey").exists():
            ask_peer("ssh-keygen -q -t ed25519 -N '' -f /tmp/hostkey")
        super().start()


class Dropbear(Server):
    """The patch is the newer package: this machine's own dropbear is the old one, the root's the new."""
    needs, scheme = ("dropbear",), "ssh"
    new = False

    def start(self):
        if not (PEER / "tmp/dropbear.key").exists():
            ask_peer("dropbearkey -t ed25519 -f /tmp/dropbear.key")
        key = "/tmp/dropbear.key" if self.new else str(PEER / "tmp/dropbear.key")
        program = "dropbear" if self.new else shutil.which("dropbear", path=os.environ["PATH"] + ":/usr/sbin:/sbin")
        self.main = Process([program, "-F", "-E", "-p", f"127.0.0.1:{self.port}", "-r", key], self.port, chroot=self.new)

    def apply(self, kind, lines, advice):
        assert kind == "upgrade" and "dropbear" in lines[0], lines
        self.stop()
        self.new = True
        self.start()

    def undo(self, advice):
        self.stop()
        self.new = False
        self.start()


class Postgres(Server):
    needs, user, scheme, file = ("postgres", "stunnel4"), "postgres", "postgres", "/tmp/pg/d/postgresql.conf"
    config = """listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = '/tmp/pg'
ssl = on
ssl_cert_file = '/tmp/pg/server.crt'
ssl_key_file = '/tmp/pg/server.key'
# HERE
"""
    command = ["postgres", "-D", "/tmp/pg/d"]

    def start(self):
        if not (PEER / "tmp/pg").exists():
            code, text = ask_peer("mkdir /tmp/pg && cp /pki/rsa.chain /tmp/pg/server.crt && cp /pki/rsa.key /tmp/pg/server.key && "
                                  "chown -R postgres /tmp/pg && chmod 600 /tmp/pg/server.key && cd /tmp/pg && "
                                  "setpriv --reuid postgres --clear-groups initdb -D d -A trust --no-sync -E UTF8 --no-instructions")
            assert code == 0, text[-300:]
        super().start()

    def check_service(self):
        code, text = ask_peer(f"psql -U postgres -At 'host=127.0.0.1 port={self.port} dbname=postgres sslmode=require' -c 'select 41+1'")
        return "" if code == 0 and text.strip() == "42" else text[-300:]


class Go(Server):
    needs, software = ("go",), "go"
    command = ["/tmp/go/server", "127.0.0.1:{port}"]

    def start(self):
        code, text = go_built()
        if code != 0:
            raise RuntimeError(f"go build: {text[-300:]}")
        super().start()


class Java(Server):
    needs, software = ("java", "haproxy"), "java"
    command = ["java", "-XX:TieredStopAtLevel=1", "-Xshare:auto", "/tmp/Server.java", "{port}"]

    def start(self):
        (PEER / "tmp/Server.java").write_text(JAVA)
        if not (PEER / "tmp/java.p12").exists():
            ask_peer("openssl pkcs12 -export -in /pki/rsa.chain -inkey /pki/rsa.key -passout pass:changeit -out /tmp/java.p12")
        super().start()

    def check_service(self):
        return https_get(self.port)


class Node(Server):
    needs, software, file = ("node",), "node", "/tmp/server.js"
    config = """const fs = require('fs');
require('https').createServer({
  ecdhCurve: 'X25519:prime256v1',
  // HERE
  key: fs.readFileSync('/pki/rsa.key'), cert: fs.readFileSync('/pki/rsa.chain'),
}, (request, response) => response.end('ok')).listen({port}, '127.0.0.1');
"""
    command = ["node", "{file}"]

    def check_service(self):
        return https_get(self.port)


class OpenSsl(Server):
    needs, software = ("openssl",), "openssl"
    command = ["openssl", "s_server", "-accept", "127.0.0.1:{port}", "-www", "-cert", TLS[0], "-key", TLS[1]]

    def __init__(self, name, port):
        super().__init__(name, port)
        self.extra = ["-groups", "X25519:P-256"]


class Gnutls(Server):
    needs, software = ("gnutls-serv", "stunnel4"), "gnutls"
    command = ["gnutls-serv", "--echo", "-p", "{port}", "--x509certfile=" + TLS[0], "--x509keyfile=" + TLS[1]]


class Stunnel(Server):
    needs, software, file = ("stunnel4",), "stunnel", "/tmp/stunnel.conf"
    config = """foreground = yes
pid =
socket = l:SO_REUSEADDR=1
[a]
accept = 127.0.0.1:{port}
connect = 127.0.0.1:9
cert = /pki/rsa.chain
key = /pki/rsa.key
; HERE
"""
    command = ["stunnel4", "{file}"]


class Lighttpd(Server):
    needs, software, file = ("lighttpd",), "lighttpd", "/tmp/lighttpd.conf"
    config = """server.document-root = "/pki"
server.port = {port}
server.bind = "127.0.0.1"
server.modules = ("mod_openssl")
ssl.engine = "enable"
ssl.pemfile = "/pki/rsa.chain"
ssl.privkey = "/pki/rsa.key"
ssl.openssl.ssl-conf-cmd = ("MinProtocol" => "TLSv1.2", "Groups" => "X25519:P-256")
"""
    command = ["lighttpd", "-D", "-f", "{file}"]


class Caddy(Server):
    needs, software, file = ("caddy", "haproxy"), "caddy", "/tmp/Caddyfile"
    config = """{
admin off
auto_https off
storage file_system /tmp/caddy
}
https://localhost:{port}, https://127.0.0.1:{port} {
bind 127.0.0.1
tls /pki/rsa.chain /pki/rsa.key
respond ok
}
"""
    command = ["caddy", "run", "--config", "{file}", "--adapter", "caddyfile"]

    def check_service(self):
        return https_get(self.port)


class Envoy(Server):
    needs, software = ("envoy",), "envoy"


JAVA = """import java.io.*; import java.net.*; import java.security.*; import javax.net.ssl.*;
public class Server {
  public static void main(String[] args) throws Exception {
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(new FileInputStream("/tmp/java.p12"), "changeit".toCharArray());
    KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
    keys.init(store, "changeit".toCharArray());
    SSLContext tls = SSLContext.getInstance("TLS");
    tls.init(keys.getKeyManagers(), null, null);
    ServerSocket at = tls.getServerSocketFactory().createServerSocket(Integer.parseInt(args[0]), 50, InetAddress.getByName("127.0.0.1"));
    while (true) {
      Socket s = at.accept();
      Thread.ofPlatform().daemon().start(() -> {
        try (s) {
          s.setSoTimeout(3000);
          s.getInputStream().read(new byte[4096]);
          s.getOutputStream().write("HTTP/1.0 200 OK\\r\\n\\r\\nok".getBytes());
        } catch (IOException e) { }
      });
    }
  }
}
"""
GO = """package main

import (
	"crypto/tls"
	"os"
)

func main() {
	cert, err := tls.LoadX509KeyPair("/pki/rsa.chain", "/pki/rsa.key")
	if err != nil {
		panic(err)
	}
	l, err := tls.Listen("tcp", os.Args[1], &tls.Config{Certificates: []tls.Certificate{cert}})
	if err != nil {
		panic(err)
	}
	for {
		if c, err := l.Accept(); err == nil {
			go func() { c.Read(make([]byte, 1024)); c.Close() }()
		}
	}
}
"""
go_job = {}


def go_build():
    """Half a minute of compiler: beside the other servers. The old `go` line is the trap that the patch is for."""
    folder = PEER / "tmp/go"
    folder.mkdir()
    (folder / "go.mod").write_text("module server\n\ngo 1.23\n")
    (folder / "main.go").write_text(GO)
    go_job["result"] = ask_build("cd /tmp/go && GOFLAGS=-mod=mod GOTOOLCHAIN=local GOPROXY=off GOTELEMETRY=off "
                                 "GOCACHE=/tmp/go-cache go build -p 1 -o server .")


def ask_build(shell):
    with in_peer(["nice", "sh", "-c", shell], stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as p:
        text = p.communicate(timeout=240)[0].decode("utf-8", "replace")
    return p.returncode, text


def go_built():
    go_job["thread"].join(240)
    return go_job.get("result", (1, "not ended"))


def https_get(port):
    code, text = ask_peer(f"printf 'GET / HTTP/1.0\\r\\nHost: localhost\\r\\n\\r\\n' | timeout 5 openssl s_client -quiet "
                          f"-servername localhost -verify_return_error -CAfile /pki/ca.pem -connect 127.0.0.1:{port}")
    return "" if " 200 " in text else text[-300:]


# ---- the loop ----

def probe(s, *more):
    args = ["probe", f"{s.scheme}:127.0.0.1:{s.port}", "--timeout", "10", *more]
    if s.software:
        args += ["--software", s.software]
    r = kit.run(*args, "-o", "json", timeout=30)
    return r.returncode, json.loads(kit.out(r))


def state_of(endpoint, what):
    """The end that a patch promises, as the probe sees it."""
    if what == "posture":
        return endpoint["posture"]
    for o in endpoint["offers"]:
        if o["kind"] == "version" and o.get("name") == what:
            return o["answer"]
    return next((f["answer"] for f in endpoint["facts"] if f["key"] == what), "unknown")


def fits(advice):
    """The first patch whose check succeeds here: newer versions first, what stands in for them after."""
    for a in advice:
        if a["kind"] == "upgrade" or "check" not in a or ask_peer(a["check"])[0] == 0:
            return a
    return None


def keeps(promise, endpoint):
    is_now = state_of(endpoint, promise["what"])
    if promise["what"] == "posture":
        return POSTURES.index(is_now) >= POSTURES.index(promise["is"]), is_now
    return is_now == promise["is"], is_now


def round_trip(s, state):
    """Patch for one state and back. True when all of it held."""
    code, before = probe(s)
    e = before["endpoints"][0]
    a = fits([a for a in before["advice"] if a["state"] == state])
    if not kit.ok(a is not None, f"{s.name}, {state}: a patch that this version can take is printed",
                  f"posture {e['posture']}, {e.get('words', '')}; " + str([(x["software"], x["state"], x["kind"]) for x in before["advice"]])[:500]):
        return False
    was = state_of(e, a["promise"]["what"])
    good = kit.ok(a["named"] and a["cost"] and a["rollback"] and a["minimum"] and a["verify"].startswith("pqmap probe "),
                  f"{s.name}, {state}: the patch is whole", json.dumps(a)[:600])
    s.apply(a["kind"], a["lines"], a)
    code, after = probe(s)
    kept, is_now = keeps(a["promise"], after["endpoints"][0])
    good &= kit.ok(kept and was != is_now,
                   f"{s.name}, {state}: {a['promise']['what']} was {was}, by {a['kind']} is {is_now}, promised {a['promise']['is']}",
                   json.dumps(a["lines"]) + json.dumps(after["endpoints"][0])[:300])
    verify = kit.run(*shlex.split(a["verify"])[1:], timeout=30)
    good &= kit.ok(verify.returncode == 0, f"{s.name}, {state}: `{a['verify']}` exits 0", kit.out(verify)[-300:])
    trouble = s.check_service()
    good &= kit.ok(trouble == "", f"{s.name}, {state}: the service still serves", trouble)
    s.undo(a)
    code, back = probe(s)
    is_back = state_of(back["endpoints"][0], a["promise"]["what"])
    good &= kit.ok(is_back == was, f"{s.name}, {state}: rolled back as printed it is {is_back} again",
                   json.dumps(a["undo"]) + json.dumps(back["endpoints"][0])[:300])
    if "--expect" in a["verify"]:
        verify = kit.run(*shlex.split(a["verify"])[1:], timeout=30)
        good &= kit.ok(verify.returncode == 1, f"{s.name}, {state}: and `{a['verify']}` exits 1", kit.out(verify)[-300:])
    same = sorted(o["name"] for o in e["offers"] if o["kind"] in ("group", "kex") and o["answer"] == "yes")
    now = sorted(o["name"] for o in back["endpoints"][0]["offers"] if o["kind"] in ("group", "kex") and o["answer"] == "yes")
    good &= kit.ok(set(same) == set(now), f"{s.name}, {state}: it accepts what it accepted before", f"{same} {now}")
    rows.append((s.name, f"{a['promise']['what']} {was}", f"{a['kind']}: {a['lines'][0]}", is_now, is_back))
    return good


def climb(s):
    """From classical to enforced to hybrid only, each by its printed patch, without going back between."""
    for state, promised in (("absent", "enforced"), ("enforced", "only")):
        a = fits([a for a in probe(s)[1]["advice"] if a["state"] == state])
        if not kit.ok(a is not None, f"{s.name}: a patch for {state} is printed"):
            return
        s.apply(a["kind"], a["lines"], a)
        is_now = probe(s)[1]["endpoints"][0]["posture"]
        kit.ok(is_now == promised, f"{s.name}: {state} becomes {is_now} by {a['lines']}")
    none = probe(s)[1]["advice"]
    kit.ok(not [a for a in none if a["promise"]["what"] == "posture"], f"{s.name}: nothing more to print", str(none)[:300])
    s.apply(a["kind"], a["undo"], a)
    is_back = probe(s)[1]["endpoints"][0]["posture"]
    kit.ok(is_back == "enforced", f"{s.name}: back from only it is {is_back}")


def main():
    mounts()
    (PEER / "tmp/both.pem").write_text((PEER / "pki/rsa.chain").read_text() + (PEER / "pki/rsa.key").read_text())
    if has("go"):
        go_job["thread"] = threading.Thread(target=go_build)
        go_job["thread"].start()
    # Go last: its compiler runs meanwhile.
    kinds = [("nginx", Nginx, ["absent", "old-tls", "kex-rsa"]), ("Apache", Apache, ["absent", "kex-rsa"]),
             ("HAProxy", Haproxy, ["absent"]), ("OpenSSH", OpenSsh, ["absent"]), ("Dropbear", Dropbear, ["absent"]),
             ("PostgreSQL", Postgres, ["absent", "kex-rsa"]), ("Java", Java, ["absent"]), ("Node.js", Node, ["absent"]),
             ("OpenSSL s_server", OpenSsl, ["absent"]), ("gnutls-serv", Gnutls, ["absent"]), ("stunnel", Stunnel, ["absent"]),
             ("lighttpd", Lighttpd, ["absent"]), ("Caddy", Caddy, ["absent"]), ("Envoy", Envoy, ["absent"]), ("Go", Go, ["absent"])]
    whole, tried = 0, 0
    for i, (name, kind, states) in enumerate(kinds):
        missing = [p for p in kind.needs if not has(p)]
        if kind is Dropbear and not shutil.which("dropbear", path=os.environ["PATH"] + ":/usr/sbin:/sbin"):
            missing.append("an old dropbear on this machine")
        if missing:
            kit.skip(f"{name}: no {', '.join(missing)}")
            continue
        s = kind(name, 22000 + i)
        tried += 1
        began = time.monotonic()
        try:
            s.start()
            if probe(s)[1]["endpoints"][0]["posture"] == "unknown":
                kit.skip(f"{name}: the probe cannot tell its posture, so it prints no patch")
                tried -= 1
                continue
            good = all([round_trip(s, state) for state in states])
            if kind in (Nginx, OpenSsl):
                climb(s)
        except (RuntimeError, AssertionError, OSError, ValueError, subprocess.SubprocessError) as error:
            good = kit.ok(False, f"{name}: the loop ran", repr(error)[:600])
        finally:
            s.stop()
        whole += good
        print(f"# {name}: {time.monotonic() - began:.1f} s")
    for row in rows:
        print("# " + " | ".join(row))
    print(f"note - patch loop: {whole} of {tried} servers")
    kit.ok(whole == tried and tried > 0, f"the patch loop holds for {whole} of {tried} servers")


if os.environ.get(INSIDE) != "1":
    enter()
main()
kit.done()
