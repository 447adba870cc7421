"""Other people's TLS servers on loopback, from this machine and from the Debian 13 root (.ci/peer): each as a
default or nearly default installation runs it. Every server runs in the test's own network and mount namespace."""
import os
import pathlib
import shutil
import socket
import subprocess
import time

GO = """package main

import (
\t"net/http"
\t"os"
)

func main() { _ = http.ListenAndServeTLS(os.Args[1], os.Args[2], os.Args[3], nil) }
"""

NODE = """const t = require('tls'), fs = require('fs');
t.createServer({key: fs.readFileSync(process.argv[3]), cert: fs.readFileSync(process.argv[4])},
  s => s.on('error', () => {})).on('tlsClientError', () => {}).listen(+process.argv[2], '127.0.0.1');
"""

JAVA = """import java.io.*;
import java.security.*;
import javax.net.ssl.*;
public class Serve {
  public static void main(String[] a) throws Exception {
    KeyStore k = KeyStore.getInstance("PKCS12");
    k.load(new FileInputStream(a[1]), "x".toCharArray());
    KeyManagerFactory f = KeyManagerFactory.getInstance("PKIX");
    f.init(k, "x".toCharArray());
    SSLContext c = SSLContext.getInstance("TLS");
    c.init(f.getKeyManagers(), null, null);
    SSLServerSocket s = (SSLServerSocket) c.getServerSocketFactory().createServerSocket(
        Integer.parseInt(a[0]), 128, java.net.InetAddress.getByName("127.0.0.1"));
    for (;;) {
      SSLSocket t = (SSLSocket) s.accept();
      new Thread(() -> {
        try { t.startHandshake(); t.getInputStream().read(); } catch (Exception e) { }
        finally { try { t.close(); } catch (Exception e) { } }
      }).start();
    }
  }
}
"""


class Stacks:
    """Starts what is there; `ports` maps a name to its port, `missing` names what is not."""

    def __init__(self, root, tmp, base):
        self.root, self.tmp, self.base = root, pathlib.Path(tmp), base
        self.ports, self.missing, self.started = {}, {}, []
        self.next = base
        # The same folder has one path inside the root and outside.
        self.inside = pathlib.Path("/tmp") / self.tmp.name
        if root:
            self.shared = pathlib.Path(root) / "tmp" / self.tmp.name
            self.shared.mkdir()
            for d, kind in (("dev", ["--rbind", "/dev"]), ("proc", ["-t", "proc", "proc"])):
                subprocess.run(["mount", *kind, f"{root}/{d}"], check=False, capture_output=True)
        self.make_keys()

    def make_keys(self):
        for folder in [self.tmp] + ([self.shared] if self.root else []):
            if folder != self.tmp:
                for f in self.tmp.glob("rsa.*"):
                    shutil.copy(f, folder)
                continue
            subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=zoo.test",
                            "-addext", "subjectAltName=DNS:localhost", "-keyout", folder / "rsa.key",
                            "-out", folder / "rsa.pem", "-days", "30"], check=True, capture_output=True)
            subprocess.run(["openssl", "pkcs12", "-export", "-in", folder / "rsa.pem", "-inkey", folder / "rsa.key",
                            "-name", "rsa", "-passout", "pass:x", "-out", folder / "rsa.p12"], check=True)

    def has(self, program, in_root):
        where = [f"{self.root}{d}/{program}" for d in ("/usr/bin", "/usr/sbin", "/bin")] if in_root else []
        return bool(self.root and any(os.path.exists(w) for w in where)) if in_root else bool(shutil.which(program))

    def start(self, name, argv, in_root, env=None):
        """argv with {port}, {key}, {cert}, {p12}, {dir} filled in."""
        if not self.has(argv[0].rsplit("/")[-1], in_root) and not argv[0].startswith("{"):
            self.missing[name] = f"{argv[0]} is not installed" + (" in the Debian 13 root" if in_root else "")
            return
        folder = self.inside if in_root else self.tmp
        port = self.next
        self.next += 1
        words = {"port": port, "key": folder / "rsa.key", "cert": folder / "rsa.pem", "p12": folder / "rsa.p12",
                 "dir": folder}
        argv = [a.format(**words) for a in argv]
        if in_root:
            argv = ["chroot", self.root, *argv]
        log = open(self.tmp / f"{name}.log", "wb")
        self.started.append((name, port, subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=dict(os.environ, HOME=str(folder), **(env or {})))))

    def write(self, name, text, in_root):
        ((self.shared if in_root else self.tmp) / name).write_text(text)

    def in_root(self, *argv, **kw):
        return subprocess.run(["chroot", self.root, *map(str, argv)], capture_output=True, check=False,
                              env=dict(os.environ, HOME=str(self.inside)), **kw)

    def start_all(self):
        self.local()
        if not self.root:
            self.missing["Debian 13 stacks"] = "no Debian 13 root (PQMAP_PEER, build/peer)"
        else:
            self.peers()
        for name, port, p in self.started:
            for _ in range(200):
                if p.poll() is not None:
                    self.missing[name] = "ended at once: " + (self.tmp / f"{name}.log").read_text()[-200:]
                    break
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    self.ports[name] = port
                    break
                except OSError:
                    time.sleep(0.1)
            else:
                self.missing[name] = "did not listen within 20 s"

    def local(self):
        self.write("nginx.conf", f"""daemon off; worker_processes 1; pid {self.tmp}/nginx.pid; error_log stderr;
events {{ }}
http {{ access_log off; ssl_certificate {self.tmp}/rsa.pem; ssl_certificate_key {self.tmp}/rsa.key;
server {{ listen 127.0.0.1:{self.next} ssl; }} }}
""", False)
        self.start("nginx, OpenSSL 3.0", ["nginx", "-p", "{dir}", "-c", "{dir}/nginx.conf"], False)
        self.start("GnuTLS 3.7", ["gnutls-serv", "--echo", "-p", "{port}", "--x509certfile={cert}",
                                  "--x509keyfile={key}"], False)
        self.write("serve.js", NODE, False)
        self.start("Node here", ["node", "{dir}/serve.js", "{port}", "{key}", "{cert}"], False)

    def peers(self):
        d = self.inside
        self.in_root("mkdir", "-p", d / "nss")
        self.in_root("certutil", "-N", "-d", f"sql:{d}/nss", "--empty-password")
        self.in_root("pk12util", "-i", d / "rsa.p12", "-d", f"sql:{d}/nss", "-W", "x")
        self.start("NSS", ["selfserv", "-d", f"sql:{d}/nss", "-p", "{port}", "-n", "rsa", "-V", "tls1.2:tls1.3",
                           "-I", "x25519,P256,mlkem768x25519"], True)
        self.start("GnuTLS 3.8", ["gnutls-serv", "--echo", "-p", "{port}", "--x509certfile={cert}",
                                  "--x509keyfile={key}"], True)
        for module in ("openssl", "wolfssl", "mbedtls", "gnutls", "nss"):
            if not pathlib.Path(f"{self.root}/usr/lib/lighttpd/mod_{module}.so").exists():
                self.missing[f"lighttpd, {module}"] = "its module is not in the Debian 13 root"
                continue
            self.write(f"lighttpd-{module}.conf", f'''server.document-root = "/tmp"
server.port = {self.next}
server.bind = "127.0.0.1"
server.modules = ("mod_{module}")
ssl.engine = "enable"
ssl.pemfile = "{d}/rsa.pem"
ssl.privkey = "{d}/rsa.key"
''', True)
            self.start(f"lighttpd, {module}", ["lighttpd", "-D", "-f", f"{{dir}}/lighttpd-{module}.conf"], True)
        self.write("serve.js", NODE, True)
        self.start("Node, OpenSSL 3.5", ["node", "{dir}/serve.js", "{port}", "{key}", "{cert}"], True)
        self.write("Serve.java", JAVA, True)
        self.start("Java 25", ["java", "-Djava.net.preferIPv4Stack=true", "{dir}/Serve.java", "{port}", "{p12}"], True)
        self.write("Caddyfile", f"{{\n admin off\n auto_https off\n}}\nhttps://127.0.0.1:{self.next} {{\n bind 127.0.0.1\n"
                                f" tls {d}/rsa.pem {d}/rsa.key\n}}\n", True)
        self.start("caddy 2.6", ["caddy", "run", "--config", "{dir}/Caddyfile", "--adapter", "caddyfile"], True)
        self.go()

    def go(self):
        if not self.has("go", True):
            self.missing["Go 1.24"] = "go is not in the Debian 13 root"
            return
        (self.shared / "go").mkdir()
        (self.shared / "go/main.go").write_text(GO)
        (self.shared / "go/go.mod").write_text("module serve\n\ngo 1.24\n")
        r = self.in_root("env", "GOTOOLCHAIN=local", "GOFLAGS=-mod=mod", f"GOCACHE={self.inside}/cache", "sh", "-c",
                         f"cd {self.inside}/go && go build -o {self.inside}/serve .")
        if r.returncode != 0:
            self.missing["Go 1.24"] = "did not build: " + r.stderr.decode()[-200:]
            return
        argv = ["{dir}/serve", "127.0.0.1:{port}", "{cert}", "{key}"]
        self.start("Go 1.24", argv, True)
        self.start("Go 1.24, tlsmlkem=0", argv, True, env={"GODEBUG": "tlsmlkem=0"})

    def stop(self):
        for _, _, p in self.started:
            p.kill()
            p.wait()
        if self.root:
            shutil.rmtree(self.shared, ignore_errors=True)
