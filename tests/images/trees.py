"""Root file systems made at random, and the layers that make them: each file's place is known, and what hides it."""
import io
import os
import pathlib
import struct
import subprocess
import tarfile
import zipfile
import gzip
import base64
import json

FOLDERS = ["", "etc", "etc/ssl", "etc/ssl/private", "etc/ssh", "usr/lib", "usr/local/lib/x", "opt/app", "opt/app/conf.d", "root/.ssh", "srv/a b",
           "srv/ünï", "var/lib/x/y", "a/" * 30 + "z", "opt/x›y", "opt/ › z", "%41/*"]
ODD = ["", "-", "a b", "q\"u\\o'te", "tab\tx", "new\nline", "ü", "x›y", "n" * 160, "\udcff\udcfe", "*?[", "...", "%2e%2e", "\x1b[31m"]


def contents(tmp):
    """name pattern -> contents: each kind of thing that has findings, twice or more, and some without."""
    def openssl(*args, data=None):
        return subprocess.run(["openssl", *args], input=data, check=True, capture_output=True).stdout

    def certificate(*alg):
        key = tmp / "key"
        pem = openssl("req", "-x509", "-newkey", *alg, "-nodes", "-keyout", key, "-subj", "/CN=x", "-days", "30")
        return pem, key.read_bytes()

    certs = [certificate("rsa:2048"), certificate("ec", "-pkeyopt", "ec_paramgen_curve:P-256"), certificate("ed25519")]
    pems = [c for c, _ in certs]
    keys = [k for _, k in certs]
    ders = [openssl("x509", "-outform", "DER", data=c) for c in pems]
    ssh = []
    for kind in ("ed25519", "ecdsa"):
        at = tmp / f"ssh-{kind}"
        subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-C", "c", "-f", at], check=True)
        ssh += [at.read_bytes(), at.with_suffix(".pub").read_bytes()]

    def jar(inner):
        b = io.BytesIO()
        with zipfile.ZipFile(b, "w", zipfile.ZIP_DEFLATED) as z:
            z.writestr(zipfile.ZipInfo("META-INF/MANIFEST.MF"), "Manifest-Version: 1.0\n")
            z.writestr(zipfile.ZipInfo("res/in.pem"), inner)
        return b.getvalue()

    def tar(inner):
        b = io.BytesIO()
        with tarfile.open(fileobj=b, mode="w:gz") as t:
            info = tarfile.TarInfo("in/side.pem")
            info.size = len(inner)
            t.addfile(info, io.BytesIO(inner))
        return b.getvalue()

    def tensors(name):
        head = json.dumps({name: {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]}}).encode()
        return struct.pack("<Q", len(head)) + head + bytes(16)

    def secret(n, data):
        return (f"apiVersion: v1\nkind: Secret\nmetadata: {{name: s{n}}}\ndata:\n  k: {base64.b64encode(data).decode()}\n").encode()

    def dpkg(name, version):
        return f"Package: {name}\nStatus: install ok installed\nVersion: {version}\n\n".encode()

    elves = [p.read_bytes() for p in sorted(pathlib.Path("/usr/lib").glob("*/engines-3/*.so"))[:3]]
    pool = [(f"{{}}{ext}", many) for ext, many in (
        (".pem", pems + keys), (".crt", pems + ders), (".key", keys), (".der", ders), ("id_x", ssh[::2]), (".pub", ssh[1::2]),
        (".so", elves), (".jar", [jar(p) for p in pems]), (".tar.gz", [tar(k) for k in keys]), (".gz", [gzip.compress(p, mtime=0) for p in pems]),
        (".safetensors", [tensors("a"), tensors("b")]), (".yaml", [secret(i, k) for i, k in enumerate(keys)]),
        (".json", [json.dumps({"k": p.decode()}).encode() for p in pems] + [json.dumps({"kty": "RSA", "n": "AQAB" * 86, "e": "AQAB"}).encode()]),
        (".txt", [b"", b"nothing here\n", b"x" * 70000, b"\n\n  " + pems[0] + b"\n" + keys[1]]), (".bin", [b"\0" * 5000 + keys[0], os.urandom(3000)]))]
    fixed = [("etc/nginx/nginx.conf", [b"ssl_ecdh_curve prime256v1;\n", b"http {\n ssl_protocols TLSv1;\n}\n"]),
             ("etc/ssh/sshd_config", [b"KexAlgorithms curve25519-sha256\n", b"# none\n\nKexAlgorithms diffie-hellman-group14-sha1\n"]),
             ("etc/ssl/openssl.cnf", [b"[system_default_sect]\nGroups = X25519:P-256\n", b"openssl_conf = x\n[s]\nMinProtocol = TLSv1\n"]),
             ("var/lib/dpkg/status", [dpkg("libssl3", "3.0.15-1~deb12u1"), dpkg("libssl3t64", "3.5.1-1"), dpkg("libc6", "2.36")]),
             ("var/lib/dpkg/status.d/openssh-server", [b"Package: openssh-server\nVersion: 1:8.4p1-5\n"]),
             ("lib/apk/db/installed", [b"P:libssl3\nV:3.1.4-r5\n\n", b"P:libcrypto3\nV:3.1.4-r5\n\n"])]
    return pool, fixed


class Layer:
    def __init__(self):
        self.files, self.links, self.soft, self.dirs, self.gone, self.opaque = {}, {}, {}, set(), set(), set()

    def names(self):
        return {*self.files, *self.links, *self.soft}

    def masks(self, path):
        """Whether it hides a file that lower layers have at the path."""
        above = {path[:i] for i in range(len(path)) if path[i] == "/"}
        return path in self.names() | self.gone | self.dirs or bool(above & (self.names() | self.gone | self.opaque)) or \
            any(n.startswith(path + "/") for n in self.names() | self.dirs)

    def tar(self, rnd):
        """Its entries, in an order that whoever unpacks may meet."""
        entries = [(f"{d}/" * bool(d) + ".wh..wh..opq", b"") for d in self.opaque]
        entries += [(f"{os.path.dirname(p)}/.wh.{os.path.basename(p)}".lstrip("/"), b"") for p in self.gone]
        entries += self.files.items()
        dirs = {d: None for d in self.dirs}
        if rnd.random() < .5:  # builders list the folders above, or do not
            dirs.update({p[:i]: None for p in self.names() for i in range(len(p)) if p[i] == "/"})
        rnd.shuffle(entries)
        out = io.BytesIO()
        dot = rnd.choice(["", "./"])
        with tarfile.open(fileobj=out, mode="w", format=rnd.choice([tarfile.PAX_FORMAT, tarfile.GNU_FORMAT]), errors="surrogateescape") as t:
            def add(name, kind=tarfile.REGTYPE, data=None, to=""):
                info = tarfile.TarInfo(dot + name)
                info.type, info.linkname, info.size = kind, to, len(data or b"")
                t.addfile(info, io.BytesIO(data or b""))

            for d in sorted(dirs):
                add(d, tarfile.DIRTYPE)
            for name, data in entries:
                add(name, data=data)
            for name, to in self.links.items():
                add(name, tarfile.LNKTYPE, to=dot + to)
            for name, to in self.soft.items():
                add(name, tarfile.SYMTYPE, to=to)
        return out.getvalue()

    def write(self, root):
        for name in sorted(self.dirs | {os.path.dirname(n) for n in self.names()}):
            (root / name).mkdir(parents=True, exist_ok=True)
        for name, data in self.files.items():
            (root / name).write_bytes(data)
        for name, to in self.links.items():
            os.link(root / to, root / name)
        for name, to in self.soft.items():
            os.symlink(to, root / name)


class Image:
    """Layers at random; what they show together, and who hides what."""

    def __init__(self, rnd, pool, fixed, n_layers):
        self.layers, self.rnd, self.pool, self.fixed = [Layer() for _ in range(n_layers)], rnd, pool, fixed
        for i, l in enumerate(self.layers):
            self.seen = set(self.visible(i)[0])
            seen = sorted(self.seen)
            for _ in range(rnd.randrange(3, 9) if i == 0 else rnd.randrange(5)):
                self.put(l, *self.thing())
            for _ in range(rnd.randrange(4) if seen else 0):
                self.change(l, rnd.choice(seen), i)

    def thing(self):
        if self.rnd.random() < .3:
            path, many = self.rnd.choice(self.fixed)
        else:
            pattern, many = self.rnd.choice(self.pool)
            path = os.path.join(self.rnd.choice(FOLDERS), pattern.format(self.rnd.choice(ODD) + self.rnd.choice("abc")))
        return path, self.rnd.choice(many)

    def fits(self, l, path):
        """No file where a folder is needed, nor the other way round, in one layer."""
        above = {path[:i] for i in range(len(path)) if path[i] == "/"}
        names = l.names() | l.gone
        return not above & names and path not in names | l.dirs | l.opaque and not any(n.startswith(path + "/") for n in names | l.dirs | l.opaque)

    def put(self, l, path, data):
        if not self.fits(l, path):
            return
        l.files[path] = data
        # Where a file was, a folder is only with an entry of its own.
        l.dirs |= {path[:k] for k in range(len(path)) if path[k] == "/" and path[:k] in self.seen}
        # A second name says the same where it says the same of its content.
        other = os.path.join(os.path.dirname(path), "also-" + os.path.basename(path))
        by_name = path.endswith(".gz") or any(path == p for p, _ in self.fixed)
        if self.rnd.random() < .15 and self.fits(l, other):
            if self.rnd.random() < .5 and not by_name:
                l.links[other] = path
            else:
                l.soft[other] = self.rnd.choice([os.path.basename(path), "/" + path, "../../../../etc/passwd", "nowhere", os.path.basename(other)])

    def change(self, l, path, i):
        """Something that was there goes, or becomes something else."""
        folder = path
        while "/" in folder and self.rnd.random() < .5:
            folder = os.path.dirname(folder)
        how = self.rnd.choice(["replace", "same", "remove", "remove folder", "opaque", "file for folder", "folder for file", "link"])
        if how == "replace":
            self.put(l, path, self.thing()[1])
        elif how == "same" and path in self.layers[i - 1].files:
            self.put(l, path, self.layers[i - 1].files[path])
        elif how == "remove" and self.fits(l, path):
            l.gone.add(path)
        elif how == "remove folder" and self.fits(l, folder):
            l.gone.add(folder)
        elif how == "opaque" and folder != path and self.fits(l, folder):
            l.opaque.add(folder)
            l.dirs.add(folder)
            self.put(l, folder + "/new.pem", self.pool[0][1][0])
        elif how == "file for folder" and folder != path:
            self.put(l, folder, self.thing()[1])
        elif how == "folder for file":
            self.put(l, path + "/below.pem", self.pool[0][1][1])
            if any(n.startswith(path + "/") for n in l.files):
                l.dirs.add(path)
        elif how == "link" and self.fits(l, path):
            l.soft[path] = "elsewhere"

    def visible(self, n=None):
        """path -> index of its layer, from 1; and (path, index) -> the layers that hide it."""
        shown, hidden = {}, {}
        layers = self.layers[:n]
        for i, l in enumerate(layers, 1):
            for path in l.names():
                by = [k for k in range(i + 1, len(layers) + 1) if layers[k - 1].masks(path)]
                if by:
                    hidden[path, i] = by
                else:
                    shown[path] = i
        return shown, hidden

    def write(self, root):
        """The squashed tree."""
        shown, _ = self.visible()
        whole = Layer()
        for path, i in shown.items():
            l = self.layers[i - 1]
            if path in l.files:
                whole.files[path] = l.files[path]
            elif path in l.soft:
                whole.soft[path] = l.soft[path]
            elif l.links[path] in shown and shown[l.links[path]] == i:
                whole.links[path] = l.links[path]
            else:  # the name that it was linked to is gone
                whole.files[path] = l.files[l.links[path]]
        whole.write(root)
