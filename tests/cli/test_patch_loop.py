#!/usr/bin/env python3
"""The patch that `pqmap probe` prints is applied to real servers: it does what it promises, and the way back does too.

The servers are those of a Debian 13 root (PQMAP_PEER, .ci/peer makes it) under an overlay of this test's own, so that
their configuration stands where the patch says it does; they run by chroot in namespaces of this test: network, mounts
and processes end with it. For each server and each state that it is brought into:
  - probe; the patch is the first of the probe's JSON whose `check` succeeds here; its lines are on the page too;
  - run `save` as printed, put `lines` into the file at `path` (or as its kind says), run `reload` as printed;
  - probe again: the promise is kept, `verify` says so, the service still serves;
  - put `undo` in: posture and accepted groups are those of before, `verify` fails;
  - `lines` once more, then run `restore` as printed: the file is that of before byte for byte, the posture too.
A patch whose `check` fails here is applied all the same, to see that it is blocked for a reason. What this root lacks is
skipped, by name.
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
import tempfile
import threading
import time

import kit

PEER = pathlib.Path(os.environ.get("PQMAP_PEER") or kit.REPO / "build/peer").resolve()
INSIDE = "PQMAP_PATCH_LOOP"  # a folder: we are in namespaces of our own
ROOT = pathlib.Path(os.environ.get(INSIDE, "/nonexistent")) / "root"
PATH = ":".join(["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]
                + [f"/{p.relative_to(PEER)}" for p in sorted(PEER.glob("usr/lib/postgresql/*/bin"))])
POSTURES = ["unknown", "absent", "offered", "enforced", "only"]
MEASURED = "bring back what was measured"
SETTLE = 5.0  # seconds that a reload may take until the new workers answer
SYSTEMCTL = "#!/bin/sh\necho \"$*\" >>/tmp/systemctl.log\n"
rows = []


def enter():
    """Runs this file again as the first process of new namespaces; all it starts dies with it."""
    if os.geteuid() != 0 or not (PEER / "usr/bin/openssl").exists() or not (PEER / "pki/.made").exists():
        kit.skip("no Debian 13 root with servers (PQMAP_PEER), or not run as root")
        kit.done()
    argv = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", sys.executable, __file__]
    with tempfile.TemporaryDirectory(prefix="patch-loop-") as folder:
        code = subprocess.run(argv, env=dict(os.environ, **{INSIDE: folder}), timeout=400).returncode
    sys.exit(code)


def mounts():
    """The root under an overlay in memory: what a patch changes is gone with the namespace."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", ROOT.parent], check=True)
    for name in ("up", "work", "root"):
        (ROOT.parent / name).mkdir()
    layers = f"lowerdir={PEER},upperdir={ROOT.parent}/up,workdir={ROOT.parent}/work"
    if subprocess.run(["mount", "-t", "overlay", "overlay", "-o", layers, ROOT]).returncode != 0:
        kit.skip("no overlay can be mounted here")
        kit.done()
    subprocess.run(["mount", "-t", "proc", "proc", ROOT / "proc"], check=True)
    for folder in ("tmp", "run", "dev/shm"):
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=1777", "tmpfs", ROOT / folder], check=True)
    for folder in ("run/sshd", "run/apache2", "run/lock"):
        (ROOT / folder).mkdir()
    # There is no systemd in here: what it was told is done by the server's class, as its unit file says.
    for folder in ("usr/bin", "bin"):
        if not (ROOT / folder).is_symlink():
            (ROOT / folder / "systemctl").unlink(missing_ok=True)
            (ROOT / folder / "systemctl").write_text(SYSTEMCTL)
            (ROOT / folder / "systemctl").chmod(0o755)


# ---- processes ----

def in_peer(command, user=None, env=None, **kw):
    argv = ["chroot", str(ROOT)]
    if user:
        argv += ["setpriv", "--reuid", user, "--clear-groups"]
    base = {"PATH": PATH, "HOME": "/tmp", "LC_ALL": "C.UTF-8"}
    return subprocess.Popen([*argv, *command], env={**base, **(env or {})}, stdin=subprocess.DEVNULL,
                            start_new_session=True, **kw)


def ask_peer(shell, seconds=60):
    with in_peer(["sh", "-c", shell], stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as p:
        text = p.communicate(timeout=seconds)[0].decode("utf-8", "replace")
    return p.returncode, text


def has(program):
    return any((PEER / folder.lstrip("/") / program).exists() for folder in PATH.split(":"))


def is_open(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


class Process:
    """A program that listens; its output goes to a file for when it does not."""

    def __init__(self, command, port, user=None, env=None, chroot=True):
        self.port, self.name = port, ROOT / f"tmp/log-{port}"
        self.log = open(self.name, "ab")
        if chroot:
            self.p = in_peer(command, user, env, stdout=self.log, stderr=self.log)
        else:
            self.p = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
                                      start_new_session=True)
        if not self.wait(True, 20.0):
            self.kill()
            raise RuntimeError(f"does not listen: {self.name.read_text(errors='replace')[-400:]}")

    def wait(self, want, seconds):
        end = time.monotonic() + seconds
        while is_open(self.port) != want and time.monotonic() < end and (not want or self.p.poll() is None):
            time.sleep(0.02)
        return is_open(self.port) == want

    def kill(self):
        for sig in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.p.pid, sig)
                self.p.wait(timeout=5)
                break
            except (ProcessLookupError, subprocess.TimeoutExpired):
                continue
        self.log.close()

    def stop(self):
        self.kill()
        if not self.wait(False, 5):
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
    file = None       # its configuration inside the root, where the patch says that it is
    config = None     # text of it; {port}, {groups}
    groups = None     # state -> what {groups} is then; a state that is not there starts like "absent"
    command = ()      # {port}
    user = None
    scheme = "tls"
    software = None   # given with --software; None: the probe must know by itself
    words = {}        # the reader's words in commands
    kinds = None      # the kinds of patch that this way of running it can take; None: all
    unit = None       # the name that systemctl is given
    reload_by = None  # the signal of its unit file; None: started again
    no_overlap = True  # after a reload or a start only the new program answers

    def __init__(self, name, port):
        self.name, self.port, self.extra, self.env = name, port, [], {}
        self.main, self.front = None, None
        self.listen = port

    def path(self):
        return ROOT / self.file.lstrip("/")

    def setup(self):
        """Once, before the first start."""

    def base(self, state):
        """The configuration of a server that is in this state."""
        groups = (self.groups or {}).get(state, (self.groups or {}).get("absent", ""))
        if self.config is not None:
            self.path().parent.mkdir(parents=True, exist_ok=True)
            text = self.config.replace("{groups}", groups)
            self.path().write_text(re.sub(r"(?m)^.*\{nothing\}.*\n", "", text).replace("{port}", str(self.listen)))

    def start(self):
        argv = [w.replace("{port}", str(self.listen)) for w in self.command]
        self.main = Process(argv + self.extra, self.listen, self.user, self.env)

    def stop(self):
        for p in (self.front, self.main):
            if p is not None:
                p.stop()
        self.front = self.main = None

    def restart(self):
        self.stop()
        self.start()

    def run(self, shell):
        """A command as printed, on the server's machine; what it tells systemctl is done."""
        for word, value in self.words.items():
            shell = shell.replace(word, value)
        log = ROOT / "tmp/systemctl.log"
        log.write_text("")
        code, text = ask_peer(shell)
        assert code == 0, f"{shell}: {text[-300:]}"
        for line in log.read_text().splitlines():
            verb, unit = line.split()
            assert unit == self.unit, f"systemctl {line}, but the unit is {self.unit}"
            if verb == "reload":
                assert self.reload_by is not None, f"{unit} cannot reload"
                os.kill(self.main.p.pid, self.reload_by)
            else:
                assert verb == "restart", line
                self.restart()

    def apply(self, advice, lines):
        """One list of the patch, then what makes it count."""
        kind = advice["kind"]
        if kind == "setting" and "path" in advice:
            path = advice["path"]
            for word, value in self.words.items():
                path = path.replace(word, value)
            assert path == self.file, f"the patch is for {path}, the server reads {self.file}"
            self.path().write_text(set_lines(self.path().read_text(), lines))
            self.run(advice["reload"])
            return
        if kind in ("setting", "source"):
            self.path().write_text(set_lines(self.path().read_text(), lines))
        elif kind == "environment":
            self.env = dict(line.split("=", 1) for line in lines)
        elif kind == "argument":
            self.extra = [w for line in lines for w in shlex.split(line)]
        elif kind == "front":
            self.move_behind(fill_front(lines, self.port + 100))
            return
        else:
            raise RuntimeError(f"a patch of kind {kind}: {lines}")
        self.restart()

    def move_behind(self, text):
        self.stop()
        self.listen = self.port + 100
        self.base("absent")
        self.start()
        conf = ROOT / f"tmp/front-{self.port}"
        if text.startswith("frontend"):
            head = "global\n  maxconn 200\ndefaults\n  timeout connect 5s\n  timeout client 5s\n  timeout server 5s\n"
            conf.write_text(head + text)
            command = ["haproxy", "-db", "-f", f"/tmp/front-{self.port}"]
        else:
            conf.write_text(f"foreground = yes\npid =\nsocket = l:SO_REUSEADDR=1\n{text}")
            command = ["stunnel4", f"/tmp/front-{self.port}"]
        self.front = Process(command, self.port)

    def undo(self, advice, kept):
        """By the lines of the way back, or by its words where there are none."""
        if advice["kind"] == "front":
            self.stop()
            self.listen = self.port
            self.base("absent")
            self.start()
        elif advice["undo"] or advice["kind"] == "upgrade":
            self.apply(advice, advice["undo"])
        else:
            self.restore(advice, kept)

    def kept(self):
        """What a way back must bring back byte for byte."""
        text = self.path().read_bytes() if self.file else b""
        return text, tuple(self.extra), tuple(sorted(self.env.items()))

    def restore(self, advice, kept):
        """By the command printed; where the file is no file of known place, what was there is the reader's."""
        if "restore" in advice:
            self.run(advice["restore"])
        elif advice["kind"] in ("setting", "source", "argument", "environment"):
            if self.file:
                self.path().write_bytes(kept[0])
            self.extra, self.env = list(kept[1]), dict(kept[2])
            self.restart()

    def check_service(self):
        """Does the service still serve? Empty: yes."""
        return ""


# ---- the servers ----

TLS = "/pki/rsa.chain", "/pki/rsa.key"
CURVES = {"absent": "X25519:prime256v1:secp384r1", "offered": "X25519MLKEM768:X25519:prime256v1:secp384r1",
          "enforced": "X25519MLKEM768/X25519:prime256v1:secp384r1"}


class Nginx(Server):
    no_overlap = False
    needs, software, file, groups = ("nginx",), "nginx", "/etc/nginx/nginx.conf", CURVES
    config = """user www-data;
pid /run/nginx.pid;
error_log stderr;
events {}
http {
access_log off;
ssl_ecdh_curve {groups};
ssl_ciphers HIGH:!aNULL:!MD5:@SECLEVEL=0;
ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3;
# HERE
server { listen 127.0.0.1:{port} ssl; ssl_certificate /pki/rsa.chain; ssl_certificate_key /pki/rsa.key; location / { return 200 ok; } }
}
"""
    command = ["nginx", "-g", "daemon off;"]

    def check_service(self):
        return https_get(self.port)


class Apache(Server):
    """Debian's own layout: its main file, its modules, its settings of mod_ssl; one virtual host."""
    no_overlap = False
    needs, software, file, groups = ("apache2",), "apache", "/etc/apache2/mods-available/ssl.conf", CURVES
    command = ["sh", "-c", ". /etc/apache2/envvars; exec apache2 -DFOREGROUND"]
    site = """Listen 127.0.0.1:{port}
ServerName localhost
<VirtualHost 127.0.0.1:{port}>
SSLEngine on
SSLCertificateFile /pki/rsa.chain
SSLCertificateKeyFile /pki/rsa.key
DocumentRoot /pki
<Location />
Require all granted
</Location>
</VirtualHost>
"""

    def setup(self):
        etc = ROOT / "etc/apache2"
        (etc / "sites-enabled/000-default.conf").unlink(missing_ok=True)
        (etc / "ports.conf").write_text("")
        (etc / "sites-available/one.conf").write_text(self.site.replace("{port}", str(self.port)))
        code, text = ask_peer("a2enmod -q ssl && a2ensite -q one")
        assert code == 0, text[-300:]
        text = self.path().read_text()
        self.config = text + "\nSSLOpenSSLConfCmd Groups {groups}\n# HERE\n"

    def check_service(self):
        return https_get(self.port, "/ca.pem")


class Haproxy(Server):
    no_overlap = False
    needs, software, file, groups = ("haproxy",), "haproxy", "/etc/haproxy/haproxy.cfg", CURVES
    unit, reload_by = "haproxy", signal.SIGUSR2
    config = """global
  ssl-default-bind-curves {groups}
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
    command = ["haproxy", "-Ws", "-f", "/etc/haproxy/haproxy.cfg", "-p", "/run/haproxy.pid"]

    def check_service(self):
        return https_get(self.port)


class OpenSsh(Server):
    no_overlap = False
    needs, scheme, file = ("sshd",), "ssh", "/etc/ssh/sshd_config"
    unit, reload_by = "ssh", signal.SIGHUP
    groups = {"absent": "curve25519-sha256,ecdh-sha2-nistp256,diffie-hellman-group14-sha256",
              "offered": "mlkem768x25519-sha256,curve25519-sha256,ecdh-sha2-nistp256"}
    config = """Port {port}
ListenAddress 127.0.0.1
HostKey /tmp/hostkey
UsePAM no
PidFile none
PerSourcePenalties no
KexAlgorithms {groups}
# HERE
Include /etc/ssh/sshd_config.d/*.conf
"""
    command = ["/usr/sbin/sshd", "-D", "-e"]

    def setup(self):
        ask_peer("ssh-keygen -q -t ed25519 -N '' -f /tmp/hostkey")

    def check_service(self):
        code, text = ask_peer(f"ssh-keyscan -T 5 -t ed25519 -p {self.port} 127.0.0.1 2>&1")
        return "" if code == 0 and "ssh-ed25519" in text else text[-300:]


class Dropbear(Server):
    """The patch is the newer package: this machine's own dropbear is the old one, the root's the new."""
    needs, scheme = ("dropbear",), "ssh"
    new = False

    def setup(self):
        ask_peer("dropbearkey -t ed25519 -f /tmp/dropbear.key")

    def start(self):
        key = "/tmp/dropbear.key" if self.new else str(ROOT / "tmp/dropbear.key")
        program = "dropbear" if self.new else shutil.which("dropbear", path=os.environ["PATH"] + ":/usr/sbin:/sbin")
        self.main = Process([program, "-F", "-E", "-p", f"127.0.0.1:{self.port}", "-r", key], self.port, chroot=self.new)

    def apply(self, advice, lines):
        assert advice["kind"] == "upgrade" and "dropbear" in advice["lines"][0], lines
        self.new = bool(lines)
        self.restart()

    def kept(self):
        return self.new

    def restore(self, advice, kept):
        self.new = kept
        self.restart()


class Postgres(Server):
    needs, user, scheme = ("postgres", "stunnel4"), "postgres", "postgres"
    unit, reload_by, no_overlap = "postgresql", signal.SIGHUP, False
    config = """data_directory = '/tmp/pg/d'
hba_file = '/tmp/pg/d/pg_hba.conf'
ident_file = '/tmp/pg/d/pg_ident.conf'
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = '/tmp/pg'
ssl = on
ssl_cert_file = '/tmp/pg/server.crt'
ssl_key_file = '/tmp/pg/server.key'
# HERE
"""

    def setup(self):
        code, text = ask_peer("mkdir /tmp/pg && cp /pki/rsa.chain /tmp/pg/server.crt && cp /pki/rsa.key /tmp/pg/server.key && "
                              "chown -R postgres /tmp/pg && chmod 600 /tmp/pg/server.key && cd /tmp/pg && "
                              "setpriv --reuid postgres --clear-groups initdb -D d -A trust --no-sync -E UTF8 --no-instructions")
        assert code == 0, text[-300:]
        version = ask_peer("postgres --version")[1].split()[2].split(".")[0]
        self.words = {"VERSION": version}
        self.file = f"/etc/postgresql/{version}/main/postgresql.conf"
        self.command = ["postgres", "-c", f"config_file={self.file}"]

    def base(self, state):
        super().base(state)
        self.path().chmod(0o644)

    def check_service(self):
        code, text = ask_peer(f"psql -U postgres -At 'host=127.0.0.1 port={self.port} dbname=postgres sslmode=require' -c 'select 41+1'")
        return "" if code == 0 and text.strip() == "42" else text[-300:]


class Go(Server):
    needs, software, file = ("go",), "go", "/tmp/go/main.go"
    command = ["/tmp/go/server", "127.0.0.1:{port}"]

    def setup(self):
        self.config = GO
        go_job["thread"].join(240)

    def base(self, state):
        super().base(state)
        self.env = {"GODEBUG": "tlsmlkem=1"} if state == "enforced" else {}

    def start(self):
        """Every patch of the source is built again, as its reload says."""
        code, text = go_build()
        if code != 0:
            raise RuntimeError(f"go build: {text[-300:]}")
        super().start()


class Java(Server):
    needs, software = ("java", "haproxy"), "java"

    def setup(self):
        (ROOT / "tmp/java").mkdir()
        (ROOT / "tmp/java/Server.java").write_text(JAVA)
        code, text = ask_peer("openssl pkcs12 -export -in /pki/rsa.chain -inkey /pki/rsa.key -passout pass:changeit "
                              "-out /tmp/java.p12 && javac -d /tmp/java /tmp/java/Server.java")
        assert code == 0, text[-300:]

    def start(self):
        argv = ["java", "-XX:TieredStopAtLevel=1", *self.extra, "-cp", "/tmp/java", "Server", str(self.listen)]
        self.main = Process(argv, self.listen)

    def check_service(self):
        return https_get(self.port)


class Node(Server):
    needs, software, file, groups = ("node",), "node", "/tmp/server.js", CURVES
    config = """const fs = require('fs');
require('https').createServer({
  ecdhCurve: '{groups}',
  // HERE
  key: fs.readFileSync('/pki/rsa.key'), cert: fs.readFileSync('/pki/rsa.chain'),
}, (request, response) => response.end('ok')).listen({port}, '127.0.0.1');
"""
    command = ["node", "/tmp/server.js"]

    def check_service(self):
        return https_get(self.port)


class OpenSsl(Server):
    """Its groups by the command line."""
    needs, software, kinds, groups = ("openssl",), "openssl", ("argument",), CURVES
    command = ["openssl", "s_server", "-accept", "127.0.0.1:{port}", "-www", "-cert", TLS[0], "-key", TLS[1]]

    def base(self, state):
        self.extra = ["-groups", self.groups.get(state, self.groups["absent"])]

    def check_service(self):
        return https_get(self.port)


class OpenSslConf(Server):
    """Its groups by the file of the whole system."""
    needs, software, kinds, file, groups = ("openssl",), "openssl", ("setting",), "/etc/ssl/openssl.cnf", CURVES
    unit, words = "s_server", {"UNIT": "s_server"}
    command = OpenSsl.command

    def setup(self):
        text = self.path().read_text()
        self.config = text.replace("[openssl_init]\n", "[openssl_init]\nssl_conf = ssl_sect\n") + """
[ssl_sect]
system_default = system_default_sect

[system_default_sect]
Groups = {groups}
# HERE
"""
        assert "ssl_conf" in self.config

    def check_service(self):
        return https_get(self.port)


class Gnutls(Server):
    needs, software = ("gnutls-serv", "stunnel4"), "gnutls"
    command = ["gnutls-serv", "--echo", "-p", "{port}", "--x509certfile=" + TLS[0], "--x509keyfile=" + TLS[1]]


class Stunnel(Server):
    """Without a line of its own it is classical, whatever the library can."""
    no_overlap = False
    needs, software, file = ("stunnel4",), "stunnel", "/etc/stunnel/stunnel.conf"
    unit, reload_by, groups = "stunnel4", signal.SIGHUP, dict(CURVES, absent="{nothing}")
    config = """foreground = yes
pid =
socket = l:SO_REUSEADDR=1
[a]
accept = 127.0.0.1:{port}
connect = 127.0.0.1:9
cert = /pki/rsa.chain
key = /pki/rsa.key
curves = {groups}
; HERE
"""
    command = ["stunnel4", "/etc/stunnel/stunnel.conf"]


class Lighttpd(Server):
    needs, software, groups, unit = ("lighttpd",), "lighttpd", CURVES, "lighttpd"
    file = "/etc/lighttpd/conf-available/10-ssl.conf"
    config = """server.modules += ("mod_openssl")
ssl.engine = "enable"
ssl.pemfile = "/pki/rsa.chain"
ssl.privkey = "/pki/rsa.key"
ssl.openssl.ssl-conf-cmd = ("MinProtocol" => "TLSv1.2", "Groups" => "{groups}")
"""
    command = ["lighttpd", "-D", "-f", "/etc/lighttpd/lighttpd.conf"]

    def setup(self):
        main = f'server.document-root = "/pki"\nserver.port = {self.port}\nserver.bind = "127.0.0.1"\ninclude "{self.file}"\n'
        (ROOT / "etc/lighttpd/lighttpd.conf").write_text(main)

    def check_service(self):
        return https_get(self.port, "/ca.pem")


class Caddy(Server):
    needs, software, file = ("caddy", "haproxy"), "caddy", "/etc/caddy/Caddyfile"
    config = """{
auto_https off
storage file_system /tmp/caddy
}
https://localhost:{port}, https://127.0.0.1:{port} {
bind 127.0.0.1
tls /pki/rsa.chain /pki/rsa.key {
# HERE
}
respond ok
}
"""
    command = ["caddy", "run", "--config", "/etc/caddy/Caddyfile"]

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
	l, err := tls.Listen("tcp", os.Args[1], &tls.Config{
		// HERE
		Certificates: []tls.Certificate{cert},
	})
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
    return ask_peer("cd /tmp/go && nice env GOFLAGS=-mod=mod GOTOOLCHAIN=local GOPROXY=off GOTELEMETRY=off "
                    "GOCACHE=/tmp/go-cache go build -p 1 -o server .", 240)


def go_warm():
    """Half a minute of compiler for the library: beside the other servers. The old `go` line is the trap that the
    patch is for."""
    folder = ROOT / "tmp/go"
    folder.mkdir()
    (folder / "go.mod").write_text("module server\n\ngo 1.23\n")
    (folder / "main.go").write_text(GO)
    go_job["result"] = go_build()


def https_get(port, path="/"):
    code, text = ask_peer(f"printf 'GET {path} HTTP/1.0\\r\\nHost: localhost\\r\\n\\r\\n' | timeout 5 openssl s_client -quiet "
                          f"-servername localhost -verify_return_error -CAfile /pki/ca.pem -connect 127.0.0.1:{port}")
    return "" if " 200 " in text else text[-300:]


# ---- the loop ----

def target(s):
    return f"{s.scheme}:127.0.0.1:{s.port}"


def probe(s, *more):
    args = ["probe", target(s), "--timeout", "10", *more]
    if s.software:
        args += ["--software", s.software]
    return kit.run(*args, timeout=30)


def look(s):
    return json.loads(kit.out(probe(s, "-o", "json")))


def settled(s, holds):
    """The probe's answer when it holds twice in a row, else the last: for a moment after a reload the old workers
    answer beside the new ones."""
    end, before = time.monotonic() + SETTLE, False
    while True:
        try:
            now = look(s)
            holding = holds(now["endpoints"][0])
            if (holding and (before or s.no_overlap)) or time.monotonic() > end:
                return now
            before = holding
        except (ValueError, KeyError):
            if time.monotonic() > end:
                raise
        time.sleep(0.1)


def state_of(endpoint, what):
    """The end that a patch promises, as the probe sees it."""
    if what == "posture":
        return endpoint["posture"]
    for o in endpoint["offers"]:
        if o["kind"] == "version" and o.get("name") == what:
            return o["answer"]
    return next((f["answer"] for f in endpoint["facts"] if f["key"] == what), "unknown")


def accepted(endpoint):
    return {o["name"] for o in endpoint["offers"] if o["kind"] in ("group", "kex", "version") and o["answer"] == "yes"}


def can_take(a):
    """Does the patch's own check say that this version can?"""
    return a["kind"] == "upgrade" or "check" not in a or ask_peer(a["check"])[0] == 0


def keeps(promise, endpoint):
    is_now = state_of(endpoint, promise["what"])
    if promise["what"] == "posture":
        return POSTURES.index(is_now) >= POSTURES.index(promise["is"])
    return is_now == promise["is"]


def begin(s, state):
    s.stop()
    s.base(state)
    s.start()


def pick(s, advice, state):
    """The first patch for the state that this server can take, and those before it that it cannot."""
    blocked = []
    for a in (a for a in advice if a["state"] == state and (s.kinds is None or a["kind"] in s.kinds)):
        if can_take(a):
            return a, blocked
        blocked.append(a)
    return None, blocked


def is_blocked(s, a):
    """A patch that its check keeps away does not work here: the server refuses it, or stays as it was."""
    kept = s.kept()
    try:
        s.apply(a, a["lines"])
        if s.reload_by is not None:
            s.restart()  # a server may live on with a file that it refused
        end = look(s)["endpoints"][0]
        words, good = f"it is {end['posture']}", not keeps(a["promise"], end)
    except (RuntimeError, AssertionError) as error:
        words, good = "the server refuses it", "Traceback" not in str(error)
    if s.file:
        s.path().write_bytes(kept[0])
    s.extra, s.env = list(kept[1]), dict(kept[2])
    s.restart()
    rows.append((s.name, a["state"], f"{a['kind']}: {a['lines'][0]}", f"blocked ({a['minimum']}): {words}"))
    return kit.ok(good and a["blocked"], f"{s.name}, {a['state']}: {a['lines'][0]} needs {a['minimum']}; here {words}")


def is_printed(s, a):
    """The page says the same lines and commands."""
    page = re.sub(r" \\\n +", " ", kit.out(probe(s)))  # a long command goes on as a shell takes it
    commands = [a[key] for key in ("save", "verify", "restore") if key in a]
    missing = [x for x in [*a["lines"], *a["undo"], *commands] if x not in page]
    return kit.ok(not missing, f"{s.name}, {a['state']}: the page prints the patch", f"{missing} not in {page[-1500:]}")


def round_trip(s, state):
    """Patch for one state and back. True when all of it held."""
    begin(s, state)
    before = look(s)
    e = before["endpoints"][0]
    a, blocked = pick(s, before["advice"], state)
    if not kit.ok(a is not None, f"{s.name}, {state}: a patch that this version can take is printed",
                  f"posture {e['posture']}, {e.get('words', '')}; " + str([(x["software"], x["state"], x["kind"]) for x in before["advice"]])[:500]):
        return False
    label, what, kept = f"{s.name}, {state}", a["promise"]["what"], s.kept()
    was = state_of(e, what)
    good = all([is_blocked(s, b) for b in blocked])
    good &= kit.ok(a["named"] and a["cost"] and a["rollback"] and a["minimum"] and a["verify"].startswith("pqmap probe "),
                   f"{label}: the patch is whole", json.dumps(a)[:600])
    if a == before["advice"][0]:
        good &= is_printed(s, a)
    if "save" in a:
        s.run(a["save"])
    s.apply(a, a["lines"])
    after = settled(s, lambda now: keeps(a["promise"], now))["endpoints"][0]
    is_now = state_of(after, what)
    good &= kit.ok(keeps(a["promise"], after) and was != is_now,
                   f"{label}: {what} was {was}, by {a['kind']} is {is_now}, promised {a['promise']['is']}",
                   json.dumps(a["lines"]) + json.dumps(after)[:300])
    verify = kit.run(*shlex.split(a["verify"])[1:], timeout=30)
    good &= kit.ok(verify.returncode == 0, f"{label}: `{a['verify']}` exits 0", kit.out(verify)[-300:])
    trouble = s.check_service()
    good &= kit.ok(trouble == "", f"{label}: the service still serves", trouble)
    s.undo(a, kept)
    good &= is_as_before(s, a, e, "the lines of the way back")
    if "--expect" in a["verify"]:
        verify = kit.run(*shlex.split(a["verify"])[1:], timeout=30)
        good &= kit.ok(verify.returncode == 1, f"{label}: and `{a['verify']}` exits 1", f"{verify.returncode} {kit.out(verify)[:1500]} {verify.stderr[-300:]}")
    if a["kind"] != "front":
        s.apply(a, a["lines"])
        settled(s, lambda now: keeps(a["promise"], now))
        s.restore(a, kept)
        good &= kit.ok(s.kept() == kept, f"{label}: brought back byte for byte", f"{s.kept()!r:.300} was {kept!r:.300}")
        good &= is_as_before(s, a, e, a.get("restore", "what was there"))
    rows.append((s.name, f"{what} {was}", f"{a['kind']}: {a['lines'][0]}", f"{is_now}, back {was}"))
    return good


def is_as_before(s, a, before, by):
    what = a["promise"]["what"]
    was, had = state_of(before, what), accepted(before)
    if by != a.get("restore") and MEASURED not in a["rollback"]:
        had = None  # a usual value, as its words say: this state comes back, the rest may differ

    def is_back(now):
        return state_of(now, what) == was and (had is None or accepted(now) == had)

    now = settled(s, is_back)["endpoints"][0]
    return kit.ok(is_back(now), f"{s.name}, {a['state']}: by {by} it is {state_of(now, what)} again",
                  f"was {was} {sorted(had or ())}, is {state_of(now, what)} {sorted(accepted(now))}")


def climb(s):
    """From classical to enforced to hybrid only, each by its printed patch, then down again by the copies kept."""
    begin(s, "absent")
    kept, steps = s.kept(), []
    for state, promised in (("absent", "enforced"), ("enforced", "only")):
        a = pick(s, look(s)["advice"], state)[0]
        if not kit.ok(a is not None, f"{s.name}: a patch for {state} is printed"):
            return False
        s.run(a["save"])
        s.apply(a, a["lines"])
        end = settled(s, lambda now: now["posture"] == promised)
        if not kit.ok(end["endpoints"][0]["posture"] == promised, f"{s.name}: from {state} up to {promised}", str(a["lines"])):
            return False
        steps.append((a, state))
    good = kit.ok(not [a for a in end["advice"] if a["promise"]["what"] == "posture"], f"{s.name}: nothing more to print")
    for a, state in reversed(steps):
        s.run(a["restore"])
        end = settled(s, lambda now: now["posture"] == state)["endpoints"][0]["posture"]
        good &= kit.ok(end == state, f"{s.name}: down to {state} by {a['restore']}", end)
    return good & kit.ok(s.kept() == kept, f"{s.name}: and the file is the first one byte for byte")


UP = ["absent", "offered", "enforced"]
SERVERS = [
    ("nginx", Nginx, [*UP, "old-tls", "kex-rsa"]), ("Apache", Apache, [*UP, "kex-rsa"]), ("HAProxy", Haproxy, UP),
    ("OpenSSH", OpenSsh, ["absent", "offered"]), ("Dropbear", Dropbear, ["absent"]),
    ("PostgreSQL", Postgres, ["absent", "kex-rsa"]), ("Java", Java, ["absent"]), ("Node.js", Node, UP),
    ("OpenSSL s_server", OpenSsl, UP), ("openssl.cnf", OpenSslConf, UP), ("gnutls-serv", Gnutls, ["absent"]),
    ("stunnel", Stunnel, UP), ("lighttpd", Lighttpd, UP), ("Caddy", Caddy, ["absent"]), ("Envoy", Envoy, ["absent"]),
    ("Go", Go, ["absent", "enforced"]),  # last: its compiler runs meanwhile
]


def loop(s, states):
    s.setup()
    good = all([round_trip(s, state) for state in states])
    if isinstance(s, (Nginx, Haproxy, Stunnel)):
        good &= climb(s)
    return good


def main():
    mounts()
    (ROOT / "tmp/both.pem").write_text((PEER / "pki/rsa.chain").read_text() + (PEER / "pki/rsa.key").read_text())
    if has("go"):
        go_job["thread"] = threading.Thread(target=go_warm)
        go_job["thread"].start()
    whole, tried = 0, 0
    for i, (name, kind, states) in enumerate(SERVERS):
        missing = [p for p in kind.needs if not has(p)]
        if kind is Dropbear and not shutil.which("dropbear", path=os.environ["PATH"] + ":/usr/sbin:/sbin"):
            missing.append("an old dropbear on this machine")
        if missing:
            kit.skip(f"{name}: no {', '.join(missing)}")
            continue
        s, began = kind(name, 22000 + i), time.monotonic()
        try:
            good = loop(s, states)
        except (RuntimeError, AssertionError, OSError, ValueError, KeyError, subprocess.SubprocessError) as error:
            good = kit.ok(False, f"{name}: the loop ran", repr(error)[:600])
        finally:
            s.stop()
        tried += 1
        whole += good
        print(f"# {name}: {time.monotonic() - began:.1f} s")
    for row in rows:
        print("# " + " | ".join(row))
    print(f"note - patch loop: {whole} of {tried} servers")
    kit.ok(whole == tried and tried > 0, f"the patch loop holds for {whole} of {tried} servers")


if INSIDE not in os.environ:
    enter()
main()
kit.done()
