"""STARTTLS against the servers of Debian: each that is installed is started on loopback with a certificate made
here, asked by its scheme, and asked by `auto:`, which must find the protocol without a map of ports."""
import getpass
import json
import os
import pwd
import shutil
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(__file__))
import kit

ROOT = os.getuid() == 0
SBIN = os.environ.get("PATH", "") + ":/usr/sbin:/sbin:/usr/lib/postgresql/15/bin:/usr/lib/postgresql/17/bin"
ports = iter(range(21400, 21500))


def which(name):
    return shutil.which(name, path=SBIN)


def has_user(name):
    try:
        pwd.getpwnam(name)
        return True
    except KeyError:
        return False


def is_open(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False


class Server:
    """A process of ours with what it speaks: a list of (scheme, port)."""

    def __init__(self, name, argv, speaks, cwd=None, env=None, stop=None):
        self.name, self.speaks, self.stop = name, speaks, stop
        self.log = open(os.path.join(cwd, "log"), "wb+")
        self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
                                        cwd=cwd, env=dict(os.environ, PATH=SBIN, **(env or {})),
                                        start_new_session=True)

    def ready(self, seconds=20):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if all(is_open(port) for _, port in self.speaks):
                return True
            if self.process.poll() is not None:
                return False
            time.sleep(0.1)
        return False

    def end(self):
        if self.stop:
            subprocess.run(self.stop, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=20,
                           check=False)
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, 9)
            self.process.wait(5)

    def words(self):
        self.log.seek(0)
        return self.log.read().decode("utf-8", "replace")[-400:]


def write(path, text, mode=0o644):
    with open(path, "w", encoding="ascii") as f:
        f.write(text)
    os.chmod(path, mode)
    return path


def folder(top, name, owner=None):
    path = os.path.join(top, name)
    os.mkdir(path, 0o755)
    if owner and ROOT:
        shutil.chown(path, owner)
    return path


def certificate(top):
    key, cert = os.path.join(top, "key.pem"), os.path.join(top, "cert.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-keyout", key, "-out", cert, "-subj", "/CN=localhost", "-days", "2", "-addext",
                    "subjectAltName=DNS:localhost"], check=True, capture_output=True)
    os.chmod(key, 0o644)  # a key of this test only; servers read it as their own users
    return key, cert


# ---- one function a server: (top, key, cert) -> Server, or the reason why not ----

def postfix(top, key, cert):
    if not which("postfix"):
        return "postfix is not installed"
    if not ROOT:
        return "postfix starts as root only"
    d, smtp, submission = folder(top, "postfix"), kit.free_port(ports), kit.free_port(ports)
    conf, queue, data = folder(d, "conf"), folder(d, "queue"), folder(d, "data", "postfix")
    write(f"{conf}/main.cf", f"""compatibility_level = 3.6
queue_directory = {queue}
data_directory = {data}
maillog_file = /dev/stdout
maillog_file_prefixes = /dev/stdout
inet_interfaces = 127.0.0.1
myhostname = localhost.localdomain
mydestination =
alias_maps =
smtpd_tls_security_level = may
smtpd_tls_cert_file = {cert}
smtpd_tls_key_file = {key}
smtpd_peername_lookup = no
""")
    plain = "\n".join(f"{n} unix {'-' if n != 'proxymap' else '-'} - n - - {n}" for n in
                      ("anvil", "rewrite", "cleanup", "proxymap", "postlog"))
    plain = (plain.replace("rewrite unix - - n - - rewrite", "rewrite unix - - n - - trivial-rewrite")
             .replace("postlog unix - - n - - postlog", "postlog unix-dgram n - n - 1 postlogd"))
    write(f"{conf}/master.cf", f"""127.0.0.1:{smtp} inet n - n - - smtpd
127.0.0.1:{submission} inet n - n - - smtpd -o syslog_name=submission
tlsmgr unix - - n 1000? 1 tlsmgr
{plain}
""")
    return Server("postfix", ["postfix", "-c", conf, "start-fg"], [("smtp", smtp), ("submission", submission)],
                  d, stop=[which("postfix"), "-c", conf, "stop"])


def dovecot(top, key, cert):
    if not which("dovecot"):
        return "dovecot is not installed"
    d = folder(top, "dovecot")
    have = [p for p, f in (("imap", "imap-login"), ("pop3", "pop3-login"), ("sieve", "managesieve-login"),
                           ("lmtp", "lmtp")) if os.path.exists("/usr/lib/dovecot/" + f)]
    port = {p: kit.free_port(ports) for p in have}
    me = getpass.getuser()
    login, internal = ("dovenull", "dovecot") if ROOT else (me, me)
    services = ""
    for p in have:
        name = {"sieve": "managesieve"}.get(p, p)
        listener = {"sieve": "sieve"}.get(p, p)
        service = name if p == "lmtp" else name + "-login"
        secure = f"inet_listener {listener}s {{\n port = 0\n }}" if p in ("imap", "pop3") else ""
        services += f"service {service} {{\n chroot =\n inet_listener {listener} {{\n address = 127.0.0.1\n" \
                    f" port = {port[p]}\n }}\n {secure}\n}}\n"
    write(f"{d}/dovecot.conf", f"""base_dir = {d}/run
state_dir = {d}/run
log_path = /dev/stderr
protocols = {' '.join(have)}
default_internal_user = {internal}
default_login_user = {login}
ssl = yes
ssl_cert = <{cert}
ssl_key = <{key}
mail_location = maildir:{d}/mail
passdb {{
 driver = static
 args = nopassword=y
}}
userdb {{
 driver = static
 args = uid=65534 gid=65534 home={d}
}}
service anvil {{
 chroot =
}}
{services}""")
    return Server("dovecot", ["dovecot", "-F", "-c", f"{d}/dovecot.conf"], [(p, port[p]) for p in have], d)


def vsftpd(top, key, cert):
    if not which("vsftpd"):
        return "vsftpd is not installed"
    d, port = folder(top, "vsftpd"), kit.free_port(ports)
    conf = write(f"{d}/vsftpd.conf", f"""listen=YES
listen_ipv6=NO
background=NO
listen_address=127.0.0.1
listen_port={port}
anonymous_enable=YES
anon_root={d}
local_enable=NO
secure_chroot_dir={folder(d, 'empty')}
{'' if ROOT else 'run_as_launching_user=YES'}
ssl_enable=YES
allow_anon_ssl=YES
rsa_cert_file={cert}
rsa_private_key_file={key}
seccomp_sandbox=NO
""")
    return Server("vsftpd", ["vsftpd", conf], [("ftp", port)], d)


def slapd(top, key, cert):
    if not which("slapd"):
        return "slapd is not installed"
    d, port = folder(top, "slapd"), kit.free_port(ports)
    conf = write(f"{d}/slapd.conf", f"""include /etc/ldap/schema/core.schema
pidfile {d}/pid
modulepath /usr/lib/ldap
moduleload back_null
TLSCertificateFile {cert}
TLSCertificateKeyFile {key}
database null
suffix "dc=test"
""")
    return Server("slapd", ["slapd", "-h", f"ldap://127.0.0.1:{port}/", "-f", conf, "-d", "0"],
                  [("ldap", port)], d)


def prosody(top, key, cert):
    if not which("prosody"):
        return "prosody is not installed"
    d, c2s, s2s = folder(top, "prosody"), kit.free_port(ports), kit.free_port(ports)
    conf = write(f"{d}/prosody.cfg.lua", f"""run_as_root = true
daemonize = false
pidfile = "{d}/pid"
data_path = "{folder(d, 'data')}"
interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ {c2s} }}
s2s_ports = {{ {s2s} }}
c2s_direct_tls_ports = {{}}
s2s_direct_tls_ports = {{}}
modules_enabled = {{ "tls", "saslauth", "dialback" }}
modules_disabled = {{ "offline", "posix" }}
log = "*console"
ssl = {{ key = "{key}", certificate = "{cert}" }}
VirtualHost "localhost"
""")
    return Server("prosody", ["prosody", "--config", conf, "-F"], [("xmpp", c2s), ("xmpp-server", s2s)], d)


def postgres(top, key, cert):
    if not which("initdb") or not has_user("postgres"):
        return "postgresql is not installed"
    if not ROOT:
        return "postgres is started as its own user, by root only"
    d, port = folder(top, "postgres", "postgres"), kit.free_port(ports)
    as_user = ["runuser", "-u", "postgres", "--"]
    subprocess.run([*as_user, which("initdb"), "-D", f"{d}/data", "-A", "trust", "--no-sync"], check=True, cwd=d,
                   capture_output=True)
    own = shutil.copy(key, f"{d}/key.pem")
    shutil.chown(own, "postgres")
    os.chmod(own, 0o600)
    return Server("postgres", [*as_user, which("postgres"), "-D", f"{d}/data", "-p", str(port), "-c", "ssl=on", "-c",
                               f"ssl_cert_file={cert}", "-c", f"ssl_key_file={own}", "-c",
                               "listen_addresses=127.0.0.1", "-k", d], [("postgres", port)], d)


def mariadb(top, key, cert):
    if not which("mariadbd"):
        return "mariadb-server is not installed"
    d, port = folder(top, "mariadb"), kit.free_port(ports)
    return Server("mariadb", [which("mariadbd"), "--no-defaults", f"--datadir={folder(d, 'data')}",
                              f"--socket={d}/sock", f"--port={port}", "--bind-address=127.0.0.1",
                              "--skip-grant-tables", f"--pid-file={d}/pid", f"--ssl-cert={cert}",
                              f"--ssl-key={key}", *(["--user=root"] if ROOT else [])], [("mysql", port)], d)


def inspircd(top, key, cert):
    if not which("inspircd"):
        return "inspircd is not installed"
    d, port = folder(top, "inspircd"), kit.free_port(ports)
    conf = write(f"{d}/inspircd.conf", f"""<server name="irc.test" description="t" network="t">
<admin name="a" nick="a" email="a@test">
<bind address="127.0.0.1" port="{port}" type="clients">
<dns server="127.0.0.1" timeout="1">
<connect allow="*">
<module name="ssl_gnutls">
<sslprofile name="x" provider="gnutls" certfile="{cert}" keyfile="{key}">
<module name="starttls">
<starttls provider="x">
<path configdir="{d}" datadir="{d}" logdir="{d}" runtimedir="{d}">
<pid file="{d}/pid">
<log method="file" type="* -USERINPUT -USEROUTPUT" level="default" target="{d}/irc.log">
""")
    return Server("inspircd", ["inspircd", f"--config={conf}", "--nofork", *(["--runasroot"] if ROOT else [])],
                  [("irc", port)], d)


def xrdp(top, key, cert):
    if not which("xrdp"):
        return "xrdp is not installed"
    if not ROOT:
        return "xrdp needs a /run of its own, which root alone can give"
    d, port = folder(top, "xrdp"), kit.free_port(ports)
    conf = write(f"{d}/xrdp.ini", f"""[Globals]
ini_version=1
fork=true
port=tcp://127.0.0.1:{port}
security_layer=negotiate
crypt_level=high
certificate={cert}
key_file={key}
ssl_protocols=TLSv1.2, TLSv1.3
[Logging]
LogFile={d}/xrdp.log
LogLevel=INFO
EnableSyslog=false
[Xvnc]
name=Xvnc
lib=libvnc.so
""")
    run = "mount -t tmpfs none /run && mkdir -p /run/xrdp && exec xrdp --nodaemon --config " + conf
    return Server("xrdp", ["unshare", "-m", "sh", "-c", run], [("rdp", port)], d)


def inn(top, key, cert):
    nnrpd = "/usr/lib/news/bin/nnrpd"
    if not os.path.exists(nnrpd) or not has_user("news"):
        return "inn2 is not installed"
    if not ROOT:
        return "nnrpd is started as its own user, by root only"
    d, port = folder(top, "inn", "news"), kit.free_port(ports)
    own = shutil.copy(key, f"{d}/key.pem")
    os.chmod(own, 0o600)
    conf = write(f"{d}/inn.conf", f"""mta: /bin/true
organization: test
domain: news.invalid
fromhost: news.invalid
pathhost: news.invalid
pathnews: /usr/lib/news
{"".join(f"path{p}: {d}" + chr(10) for p in ("db", "etc", "log", "run", "spool", "tmp"))}
ovmethod: tradindexed
hismethod: hisv6
enableoverview: true
nnrpdloadlimit: 0
tlscertfile: {cert}
tlskeyfile: {own}
""")
    write(f"{d}/readers.conf", 'auth "a" { hosts: "*" default: "<u>" }\naccess "a" { users: "*" newsgroups: "*" }\n')
    write(f"{d}/storage.conf", "method tradspool {\n newsgroups: *\n class: 0\n}\n")
    write(f"{d}/active", "local.test 0000000000 0000000001 y\n")
    for name in ("newsgroups", "active.times", "history", "tradspool.map"):
        write(f"{d}/{name}", "")
    for name in ("overview", "articles"):
        folder(d, name)
    for name in os.listdir(d):
        shutil.chown(os.path.join(d, name), "news")
    env = {"INNCONF": conf}
    subprocess.run(["runuser", "-u", "news", "--", "/usr/lib/news/bin/makehistory", "-O", "-x", "-F"], check=True,
                   cwd=d, env=dict(os.environ, **env), capture_output=True, timeout=20)
    return Server("nnrpd", [nnrpd, "-D", "-f", "-4", "127.0.0.1", "-p", str(port), "-c", f"{d}/readers.conf"],
                  [("nntp", port)], d, env=env)


def nats(top, key, cert):
    if not which("nats-server"):
        return "nats-server is not installed"
    d, port = folder(top, "nats"), kit.free_port(ports)
    return Server("nats", ["nats-server", "-a", "127.0.0.1", "-p", str(port), "--tls", "--tlscert", cert,
                           "--tlskey", key], [("nats", port)], d)


SERVERS = (postfix, dovecot, vsftpd, slapd, prosody, postgres, mariadb, inspircd, xrdp, inn, nats)


def endpoint(target, *more):
    r = kit.run("probe", target, "-o", "json", "--rate", "0", *more, timeout=60)
    try:
        return json.loads(kit.out(r))["endpoints"][0], kit.err(r)
    except (ValueError, LookupError):
        return {}, f"exit {r.returncode}: {kit.err(r)[-300:]}"


def facts(e):
    return {f["key"]: f for f in e.get("facts", [])}


def said(e, words):
    return f"{e.get('reach')} app={e.get('app')} {e.get('words', '')} {words}"[:400]


def check(server, scheme, port):
    e, words = endpoint(f"{scheme}:127.0.0.1:{port}", *(["--sni", "localhost"] if "xmpp" in scheme else []))
    versions = {o.get("version") or o.get("code") for o in e.get("offers", [])
                if o["kind"] == "version" and o["answer"] == "yes"}
    leaf = [c for c in e.get("chains", []) if c.get("certificates")]
    kit.ok(e.get("reach") == "answered" and e.get("app") == scheme and versions and leaf and
           facts(e).get("starttls", {}).get("answer") == "yes",
           f"{scheme}: {server.name} answers TLS behind STARTTLS, with its certificate", said(e, words))
    auto, words = endpoint(f"auto:127.0.0.1:{port}", *(["--sni", "localhost"] if "xmpp" in scheme else []))
    # A greeting does not tell submission from smtp, nor one stream of xmpp from the other.
    kin = {"submission": ("smtp", "submission"), "xmpp-server": ("xmpp", "xmpp-server")}.get(scheme, (scheme,))
    guessed = auto.get("app") in kin and bool(auto.get("chains"))
    kit.ok(guessed, f"auto: {server.name} on a port of no meaning is known as {scheme}", said(auto, words))
    return guessed


def refusals(top):
    """Servers that do not offer TLS are told apart from those that do not answer."""
    d = folder(top, "refusals")
    script = write(f"{d}/s.py", """import socket, sys, threading
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("127.0.0.1", int(sys.argv[1]))); s.listen(16)
def serve(c):
    c.sendall(b"220 mx.test ESMTP\\r\\n")
    while True:
        line = c.recv(1000)
        if not line: return
        c.sendall(b"250-mx.test\\r\\n250 SIZE 1\\r\\n" if line.startswith(b"EHLO") else b"221 bye\\r\\n")
while True:
    c, _ = s.accept(); threading.Thread(target=serve, args=(c,), daemon=True).start()
""")
    port = kit.free_port(ports)
    server = Server("refusing", [sys.executable, script, str(port)], [("smtp", port)], d)
    try:
        server.ready()
        e, words = endpoint(f"smtp:127.0.0.1:{port}")
        kit.ok(e.get("reach") in ("answered", "other") and "STARTTLS is not offered" in json.dumps(e) and
               not e.get("chains"), "smtp: a server without STARTTLS is said to have none", said(e, words))
        kit.ok(e.get("posture") in (None, "unknown", ""), "smtp: and nothing is claimed about its key exchange",
               e.get("posture"))
    finally:
        server.end()


def main():
    if not which("openssl"):
        kit.skip("openssl is not installed")
        kit.done()
    with kit.tmpdir() as top:
        os.chmod(top, 0o755)
        key, cert = certificate(top)
        running, n_guessed, n_asked = [], 0, 0
        try:
            for make in SERVERS:
                try:
                    server = make(top, key, cert)
                except (OSError, subprocess.CalledProcessError) as e:
                    server = f"{make.__name__} could not be set up: {e}"
                if isinstance(server, str):
                    kit.skip(server)
                else:
                    running.append(server)
            for server in running:
                if not server.ready():
                    kit.skip(f"{server.name} did not start here: {server.words()!r}")
                    continue
                for scheme, port in server.speaks:
                    n_guessed += check(server, scheme, port)
                    n_asked += 1
            if n_asked > 0:
                kit.ok(n_guessed >= 0.95 * n_asked, f"auto: {n_guessed} of {n_asked} protocols found without a map")
            refusals(top)
        finally:
            for server in running:
                server.end()
    kit.done()


if __name__ == "__main__":
    main()
