#!/usr/bin/env python3
"""Container images: the same as the tree they hold, true to the layer, from layouts, archives and a real registry."""
import base64
import gzip
import hashlib
import io
import json
import os
import random
import pathlib
import shutil
import socket
import ssl
import subprocess
import sys
import tarfile
import time
import warnings

from kit import PQMAP, PQMAP_SAN, REPO, done, err, free_port, ok, out, run, skip, tmpdir

sys.path.insert(0, str(REPO / "tests/images"))
from front import Front  # noqa: E402
from make import Layout, link, old_save, packed, tar_of  # noqa: E402

PASSWORD = "pw-51c9-never-shown"
TOKEN = "tok-8d21-never-shown"
said = []


def scan(tmp, target, *args, env=None, home=None, timeout=120, program=None):
    """The run, and where each finding is: path in the image (hidden ones with their layer) -> {(id, offset, line)}."""
    report = tmp / "report.json"
    report.unlink(missing_ok=True)
    argv = ["scan", target, "--no-cache", "-o", f"json={report}", "-o", f"csv={tmp / 'report.csv'}", *args]
    r = run(*argv, env={"HOME": str(home or tmp), "no_proxy": "127.0.0.1", "http_proxy": "", "https_proxy": "",
                        "DOCKER_CONFIG": "", "REGISTRY_AUTH_FILE": "", **(env or {})}, timeout=timeout, cwd=tmp,
            **({"program": program} if program else {}))
    said.extend([r.stdout, r.stderr])
    if not report.exists():
        return r, None, {}
    said.extend([report.read_bytes(), (tmp / "report.csv").read_bytes()])
    doc = json.loads(report.read_bytes())
    return r, doc, places(doc)


def places(doc, root=None):
    found = {}
    for f in doc["findings"]:
        for o in f["occurrences"]:
            path = o["path"].split(" › ", 1)[-1] if root is None else o["path"][len(root):]
            found.setdefault(path, set()).add((f["id"], o.get("offset"), o.get("line")))
    return found


def attributes(doc, path):
    for f in doc["findings"]:
        for o in f["occurrences"]:
            if o["path"].endswith(path):
                return {a["key"]: a["value"] for a in o["attributes"]}
    return {}


def notes(doc):
    return [n.get("words", "") for n in doc["coverage"]["notes"]]


def key(kind="ed25519"):
    return subprocess.run(["openssl", "genpkey", "-algorithm", kind], capture_output=True, check=True).stdout


def tree(path):
    """A root file system with keys, certificates, libraries, links and a configuration."""
    for d in ("etc/ssl/private", "etc/nginx", "usr/lib", "root"):
        (path / d).mkdir(parents=True)
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout",
                    path / "etc/ssl/private/key.pem", "-out", path / "etc/ssl/cert.pem", "-subj", "/CN=x", "-days", "30"],
                   check=True, capture_output=True)
    (path / "etc/nginx/nginx.conf").write_text("http { server { listen 443 ssl; ssl_ecdh_curve prime256v1; } }\n")
    (path / "etc/deploy.yaml").write_text("apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata:\n  k: " +
                                          base64.b64encode(key("x25519")).decode() + "\n")
    (path / "root/empty").write_bytes(b"")
    for lib in ("libssl.so.3", "libcrypto.so.3", "libcurl.so.4"):
        for at in pathlib.Path("/usr/lib").glob(f"*/{lib}"):
            shutil.copy(at, path / "usr/lib" / lib)
    os.link(path / "etc/ssl/cert.pem", path / "etc/ssl/same.pem")
    os.symlink("cert.pem", path / "etc/ssl/soft.pem")
    big = io.BytesIO()  # larger than what is handed to other threads, with something in it
    big.write(os.urandom(6 << 20) + key() + os.urandom(1 << 20))
    (path / "root/big.bin").write_bytes(big.getvalue())


def tar_tree(path):
    buf = io.BytesIO()
    with tarfile.open(fileobj=buf, mode="w", format=tarfile.GNU_FORMAT) as t:
        t.add(path, arcname=".")
    return buf.getvalue()


def same_as_tree(tmp):
    root = tmp / "tree"
    tree(root)
    _, doc, _ = scan(tmp, str(root))
    want = places(doc, str(root))
    ok(len(want) >= 7, f"the tree has findings in {len(want)} files", sorted(want))
    data = tar_tree(root)
    for how in ("gzip", "plain", "zstd"):
        if how == "zstd" and shutil.which("zstd") is None:
            skip("zstd is not here")
            continue
        layout = Layout(tmp / how)
        layout.image([data], how)
        r, doc, got = scan(tmp, f"oci:{tmp / how}")
        ok(r.returncode == 0 and got == want, f"oci:, {how}: the same findings, file by file",
           err(r) + str(sorted(set(got) ^ set(want))) + str([k for k in got if got[k] != want.get(k)]))
        c = doc["coverage"]
        ok(c["seen"] == c["read"] + c["symlinks"], f"oci:, {how}: every entry is accounted for", c)
    one = (tmp / "report.json").read_bytes()
    r, _, _ = scan(tmp, f"oci:{tmp / how}", "-j1", "--now", "2026-11-21")
    one = json.loads((tmp / "report.json").read_bytes())
    r, _, _ = scan(tmp, f"oci:{tmp / how}", "-j4", "--now", "2026-11-21")
    four = json.loads((tmp / "report.json").read_bytes())
    ok(one == four, "one thread and four say the same")
    old_save(tmp / "old.tar", [data])
    r, _, got = scan(tmp, f"docker-archive:{tmp / 'old.tar'}")
    ok(got == want, "docker-archive:, one folder a layer", err(r))
    old_save(tmp / "older.tar", [data], with_manifest=False)
    r, _, got = scan(tmp, f"docker-archive:{tmp / 'older.tar'}:old:1")
    ok(got == want, "docker-archive:, before manifest.json", err(r))
    r, _, _ = scan(tmp, f"docker-archive:{tmp / 'old.tar'}:other:1")
    ok(r.returncode == 3 and "no image of this name" in err(r), "a tag that is not there")
    return root, data, want


def real_builders(tmp, root, want):
    if not all(shutil.which(p) for p in ("umoci", "skopeo")):
        skip("umoci and skopeo are not here")
        return
    img = tmp / "umoci"
    for args in (["init", "--layout", img], ["new", "--image", f"{img}:v1"],
                 ["insert", "--rootless", "--image", f"{img}:v1", root, "/"],
                 ["insert", "--rootless", "--image", f"{img}:v1", "--whiteout", "/etc/ssl/private"]):
        subprocess.run(["umoci", *map(str, args)], check=True, capture_output=True)
    visible = {k: v for k, v in want.items() if not k.startswith("/etc/ssl/private/")}
    copies = {"oci": f"{img}:v1"}
    for kind, to in (("oci-archive", tmp / "oa.tar:v1"), ("docker-archive", tmp / "da.tar:team/app:v1")):
        subprocess.run(["skopeo", "copy", "-q", f"oci:{img}:v1", f"{kind}:{to}"], check=True, capture_output=True)
        copies[kind] = to
    for kind, to in copies.items():
        r, doc, got = scan(tmp, f"{kind}:{to}")
        hidden = {k for k in got if k.startswith("layer ")}
        ok({k: v for k, v in got.items() if k not in hidden} == visible, f"{kind}: of umoci and skopeo", err(r))
        ok(hidden == {"layer 1, hidden by layer 2 › /etc/ssl/private/key.pem"}, f"{kind}: the deleted key is found", hidden)


def packed_whole(tmp, want):
    """`docker save | gzip`: read as a stream, the same."""
    a, b = key(), key("x25519")
    two = [tar_of([("gone.pem", a), ("low.pem", b)]), tar_of([(".wh.gone.pem", b""), ("high.pem", a)])]
    old_save(tmp / "two.tar", two)
    layout = Layout(tmp / "two-oci")
    layout.image(two)
    (tmp / "two-oci.tar").write_bytes(tar_tree(tmp / "two-oci"))
    for how, suffix in (("gzip", "gz"), ("zstd", "zst"), ("xz", "xz"), ("bzip2", "bz2")):
        if shutil.which(how) is None:
            skip(f"{how} is not here")
            continue
        for name in ("old", "two", "two-oci"):
            subprocess.run([how, "-kqf", *(["-1"] if how != "bzip2" else []), tmp / f"{name}.tar"], check=True)
        r, doc, got = scan(tmp, f"docker-archive:{tmp / 'old.tar'}.{suffix}:old:1")
        ok(r.returncode == 0 and got == want, f"docker save | {how}: the same findings, file by file", err(r))
        for name, scheme in (("two", "docker-archive"), ("two-oci", "oci-archive")):
            r, doc, got = scan(tmp, f"{scheme}:{tmp / name}.tar.{suffix}", program=PQMAP_SAN)
            ok(set(got) == {"/low.pem", "/high.pem", "layer 1, hidden by layer 2 › /gone.pem"}, f"{scheme} in {how}: layers and whiteouts", err(r) + str(got))
    if (tmp / "two.tar.gz").exists():
        whole = (tmp / "two.tar.gz").read_bytes()
        for n in (len(whole) // 3, len(whole) - 9):
            (tmp / "cut.tar.gz").write_bytes(whole[:n])
            r, doc, got = scan(tmp, f"docker-archive:{tmp / 'cut.tar.gz'}", program=PQMAP_SAN)
            ok(r.returncode == 3 and not got, f"cut off at {n}: an error, nothing counted", err(r) + str(got))
        if shutil.which("strace"):
            s = subprocess.run(["strace", "-f", "-e", "trace=openat,creat,memfd_create", PQMAP, "scan", f"docker-archive:{tmp / 'old.tar.gz'}",
                                "--no-cache"], capture_output=True, cwd=tmp)
            ok(b"O_CREAT" not in s.stderr and b"memfd" not in s.stderr, "and nothing is written anywhere")


def buildah(tmp, root, want):
    """An image from scratch by buildah, without any privilege that a test has not."""
    if shutil.which("buildah") is None:
        skip("buildah is not here")
        return
    base = ["buildah", "--storage-driver", "vfs", "--root", str(tmp / "bs"), "--runroot", str(tmp / "br")]

    def do(*args):
        return subprocess.run([*base, *args], capture_output=True, text=True, timeout=120,
                              env={**os.environ, "BUILDAH_ISOLATION": "chroot", "HOME": str(tmp)})
    made = do("from", "scratch")
    if made.returncode != 0:
        skip("buildah cannot run here: " + made.stderr.strip()[-200:])
        return
    name = made.stdout.strip()
    steps = [do("copy", name, str(root), "/"), do("config", "--env", "GODEBUG=tlsmlkem=0", name),
             do("commit", "-q", name, f"oci:{tmp / 'bimg'}:v1"),
             do("commit", "-q", "--format", "docker", name, f"docker-archive:{tmp / 'bd.tar'}:team/b:1"),
             do("commit", "-q", name, f"oci-archive:{tmp / 'bo.tar'}:v1")]
    if any(s.returncode for s in steps):
        skip("buildah cannot make images here: " + " ".join(s.stderr.strip()[-200:] for s in steps))
        return
    for target in (f"oci:{tmp / 'bimg'}:v1", f"docker-archive:{tmp / 'bd.tar'}:team/b:1", f"oci-archive:{tmp / 'bo.tar'}:v1"):
        r, doc, got = scan(tmp, target)
        files = {k: v for k, v in got.items() if k.startswith("/")}
        ok(r.returncode == 0 and files == want, f"{target.split(':')[0]}: of buildah, the same findings, file by file",
           err(r) + str(sorted(set(files) ^ set(want))))
        ok(any(f["rule"] == "k8s.go-hybrid-switched-off" for f in doc["findings"]), "and its environment")
    do("rm", name)


def layers(tmp):
    a, b, c, d = (key() for _ in range(4))
    base = tar_of([("root", None), ("root/gone.pem", a), ("opt/dir/in.pem", b), ("opt/dir/deep/in2.pem", b), ("keep.pem", c),
                   ("srv/was-dir/x.pem", d), ("swap.pem", a), ("etc/nginx.conf", b"ssl_ecdh_curve prime256v1;\nssl_protocols TLSv1;\n"),
                   ("etc/k8s.yaml", b"apiVersion: v1\nkind: Service\nmetadata: {name: x}\n")])
    mid = tar_of([("root/.wh.gone.pem", b""), ("opt/dir/.wh..wh..opq", b""), ("opt/dir/new.pem", c),
                  (".wh..wh.plnk", b""), (".wh.etc", b"")])
    top = tar_of([("srv/was-dir", b"now a file"), ("swap.pem", b"nothing"), ("root/gone.pem", c)])
    layout = Layout(tmp / "layers")
    made = layout.image([base, mid, top], steps=["/bin/sh -c #(nop) ADD file:1 in / ", "RUN |1 TOKEN=abc123 /bin/sh -c make",
                                                 "RUN curl -u x:hunter2 https://u:hunter3@host/ PASSWORD=hunter4"])
    r, doc, got = scan(tmp, f"oci:{tmp / 'layers'}")
    ok(set(got) == {"/keep.pem", "/opt/dir/new.pem", "/root/gone.pem",
                    "layer 1, hidden by layer 3 › /root/gone.pem", "layer 1, hidden by layer 2 › /opt/dir/in.pem",
                    "layer 1, hidden by layer 2 › /opt/dir/deep/in2.pem", "layer 1, hidden by layer 3 › /srv/was-dir/x.pem",
                    "layer 1, hidden by layer 3 › /swap.pem"}, "whiteouts, opaque folders, replaced files and folders", sorted(got))
    ok(not doc.get("objects"), "what is hidden sets nothing and is no object", doc.get("objects"))
    at = attributes(doc, "hidden by layer 2 › /opt/dir/in.pem")
    ok(at.get("shipped") == "in a lower layer; hidden by layer 2" and at.get("layer_index") == "1" and
       at.get("layer") == made[0]["digest"] and at.get("platform") == "linux/amd64" and "@sha256:" in at.get("image", "") and
       at.get("made_by") == "ADD file:1 in /", "a hidden finding names image, platform, layer and step", at)
    ok("shipped" not in attributes(doc, " › /keep.pem"), "a visible one is not said to be hidden")
    steps = {attributes(doc, p).get("made_by") for p in ("› /opt/dir/new.pem", "layer_not_there")} | {
        attributes(doc, "v1 › /root/gone.pem").get("made_by"), attributes(doc, "layers › /root/gone.pem").get("made_by")}
    text = (tmp / "report.json").read_text()
    ok("abc123" not in text and "hunter" not in text, "what the builder was given is not in the steps", steps)
    wrong = Layout(tmp / "platforms")
    index = []
    for arch, content in (("amd64", a), ("s390x", b)):
        wrong.image([tar_of([(f"{arch}.pem", content)])], platform=f"linux/{arch}", index=index)
    index.append({**index[0], "platform": {"os": "unknown", "architecture": "unknown"},
                  "annotations": {"vnd.docker.reference.type": "attestation-manifest"}})
    wrong.nested(index, "multi")
    r, _, got = scan(tmp, f"oci:{tmp / 'platforms'}:multi", "--platform", "linux/s390x")
    ok(set(got) == {"/s390x.pem"}, "--platform chooses in a nested index", err(r))
    if os.uname().machine == "x86_64":
        r, _, got = scan(tmp, f"oci:{tmp / 'platforms'}")
        ok(set(got) == {"/amd64.pem"}, "without it, what this machine runs", err(r))
    r, _, _ = scan(tmp, f"oci:{tmp / 'platforms'}", "--platform", "linux/arm64")
    ok(r.returncode == 3 and "there is linux/amd64, linux/s390x" in err(r), "a platform that is not there", err(r))
    r, _, _ = scan(tmp, f"oci:{tmp / 'platforms'}", "--platform", "amd64")
    ok(r.returncode == 2, "a platform that is none", err(r))


def artifact(tmp):
    """No image: a file by its title, and one that is a tar."""
    layout, one, two = Layout(tmp / "artifact"), key(), key("x25519")
    empty = dict(layout.blob(b"{}"), mediaType="application/vnd.oci.empty.v1+json")
    files = [dict(layout.blob(one), mediaType="application/vnd.example.weight.v1.raw",
                  annotations={"org.opencontainers.image.title": "weights/signing.pem"}),
             dict(layout.blob(tar_of([("in.pem", two)])), mediaType="application/vnd.example.code.v1.tar")]
    manifest = {"schemaVersion": 2, "artifactType": "application/vnd.example", "config": empty, "layers": files}
    layout.manifests.append(layout.blob(json.dumps(manifest).encode()))
    layout.write()
    r, _, got = scan(tmp, f"oci:{tmp / 'artifact'}")
    ok(set(got) == {"/weights/signing.pem", "/in.pem"}, "an artifact that is no image", err(r) + str(sorted(got)))
    blob = layout.file(files[0]["digest"])
    blob.write_bytes(key())
    r, _, got = scan(tmp, f"oci:{tmp / 'artifact'}")
    ok(set(got) == {"/in.pem"} and "digest" in err(r), "and one whose file is another", err(r) + str(sorted(got)))


def hostile(tmp):
    good, bad = key(), key("x25519")
    layout = Layout(tmp / "wrong")
    made = layout.image([tar_of([("low.pem", good)]), tar_of([("high.pem", bad)])])
    blob = layout.file(made[1]["digest"])
    whole = blob.read_bytes()
    for name, data, words in (("flipped", whole[:-5] + bytes([whole[-5] ^ 1]) + whole[-4:], None),
                              ("cut off", whole[:len(whole) // 2], "layer 2"),
                              ("of another length", whole + b"x", "layer 2"),
                              ("another archive", packed(tar_of([("high.pem", good)]), "gzip"), "layer 2")):
        blob.write_bytes(data)
        r, doc, got = scan(tmp, f"oci:{tmp / 'wrong'}", program=PQMAP_SAN)
        ok("/high.pem" not in got and "/low.pem" in got and "nothing of this layer" in err(r),
           f"a layer that is {name}: nothing of it counts, and it is told", err(r) + str(got))
        ok(doc["coverage"]["seen"] == doc["coverage"]["read"] + doc["coverage"]["unreadable"] and doc["coverage"]["unreadable"] == 1,
           f"a layer that is {name}: coverage says so", doc["coverage"])
    blob.unlink()
    r, _, got = scan(tmp, f"oci:{tmp / 'wrong'}", "--fail-on-incomplete")
    ok(r.returncode == 3 and "/low.pem" in got, "a layer that is missing")
    odd = tarfile.TarInfo("dev/sda")
    odd.type = tarfile.BLKTYPE
    fifo = tarfile.TarInfo("run/fifo")
    fifo.type = tarfile.FIFOTYPE
    names = Layout(tmp / "names")
    names.image([tar_of([("../../etc/up.pem", good), ("/abs.pem", good), ("./a/./b//c.pem", good), ("x/../y.pem", bad),
                         (odd, None), (fifo, None), link("hard.pem", "../abs.pem"), link("hard2.pem", "/abs.pem"),
                         ("naïve-\u00fc.pem", bad), ("d" * 300 + "/k.pem", good)])])
    r, doc, got = scan(tmp, f"oci:{tmp / 'names'}", program=PQMAP_SAN)
    ok(set(got) == {"/abs.pem", "/a/b/c.pem", "/hard2.pem", "/naïve-\u00fc.pem", "/" + "d" * 300 + "/k.pem"},
       "names that lead out are told, others are as they are", sorted(got))
    ok(any("lead out" in n for n in notes(doc)) and doc["coverage"]["devices"] == 1 and doc["coverage"]["fifos"] == 1,
       "devices and pipes are counted", doc["coverage"])
    deep = Layout(tmp / "deep")
    deep.image([tar_of([("a/" * 400 + "k.pem", good), ("n" * 5000, good), ("ok.pem", good)])])
    r, doc, got = scan(tmp, f"oci:{tmp / 'deep'}", program=PQMAP_SAN)
    ok(set(got) == {"/ok.pem"} and any("256 folders" in n for n in notes(doc)), "too deep, too long: named limits", notes(doc))
    many = Layout(tmp / "many")
    many.image([tar_of([(f"f/{i}", b"") for i in range(60000)] + [("z.pem", good)])], "plain")
    r, doc, got = scan(tmp, f"oci:{tmp / 'many'}")
    ok(doc["coverage"]["seen"] == 60001 and set(got) == {"/z.pem"}, "60,001 tiny entries", err(r))
    for text, words in (('{"schemaVersion":1,"fsLayers":[]}', "is no image index"), ("[]", "no JSON object"), ("{", "manifest"),
                        ('{"schemaVersion":2,"manifests":[{"digest":"sha256:../../x","size":1}]}', "digest")):
        (tmp / "wrong/index.json").write_text(text)
        r, _, _ = scan(tmp, f"oci:{tmp / 'wrong'}", program=PQMAP_SAN)
        ok(r.returncode == 3 and ("schema 1" in err(r) or words in err(r)), f"index.json: {text[:30]}", err(r))
    (tmp / "x.tar.gz").write_bytes(gzip.compress(tar_of([("manifest.json", b"[]")])))
    r, _, _ = scan(tmp, f"docker-archive:{tmp / 'x.tar.gz'}", program=PQMAP_SAN)
    ok(r.returncode == 3 and "no list of images" in err(r), "a packed archive of no image", err(r))
    (tmp / "y.gz").write_bytes(gzip.compress(b"no archive at all" * 99))
    r, _, _ = scan(tmp, f"docker-archive:{tmp / 'y.gz'}", program=PQMAP_SAN)
    ok(r.returncode == 3 and not r.stdout.startswith(b"{"), "a packed file that is no archive", err(r))
    r, _, _ = scan(tmp, f"oci:{tmp / 'nowhere'}")
    ok(r.returncode == 3 and "no such file" in err(r), "a layout that is not there", err(r))


def memory(tmp):
    """A bomb is stopped, a large member is held in part only."""
    layout = Layout(tmp / "bomb")
    chunk = gzip.compress(bytes(64 << 20), 9, mtime=0)
    info = tarfile.TarInfo("zeros")
    info.size = 64 << 30
    data = gzip.compress(info.tobuf(tarfile.GNU_FORMAT), 9, mtime=0) + chunk * 60
    desc = layout.blob(data)
    config = layout.blob(b'{"os":"linux","architecture":"amd64"}')
    manifest = {"schemaVersion": 2, "config": {**config, "mediaType": "application/vnd.oci.image.config.v1+json"},
                "layers": [{**desc, "mediaType": "application/vnd.oci.image.layer.v1.tar+gzip"}]}
    layout.manifests.append(layout.blob(json.dumps(manifest).encode()))
    layout.write()
    t = time.monotonic()
    r, doc, _ = scan(tmp, f"oci:{tmp / 'bomb'}", "--platform", "linux/amd64")
    ok("times its size" in err(r), f"a bomb of {len(data) >> 10} KiB is stopped after {time.monotonic() - t:.1f} s", err(r))
    k = key()
    big = random.Random(7).randbytes(90 << 20)  # with candidates by chance, as weights have them
    big = big[:50 << 20] + k + big[50 << 20:]
    large = Layout(tmp / "large")
    large.image([tar_of([("model.bin", big)])], "plain")
    r, doc, got = scan(tmp, f"oci:{tmp / 'large'}")
    ok(set(got) == {"/model.bin"}, "a key in the middle of a file of 90 MiB", err(r))
    # A process of its own: the size of a child begins with that of the one that starts it.
    measure = ("import resource, subprocess, sys; subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL); "
               "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)")
    used = int(subprocess.run([sys.executable, "-c", measure, PQMAP, "scan", f"oci:{tmp / 'large'}", "--no-cache"], cwd=tmp,
                              capture_output=True, check=True).stdout)
    ok(used <= 96 << 10, f"in at most 96 MiB of memory ({used >> 10} MiB)")
    if shutil.which("strace"):
        s = subprocess.run(["strace", "-f", "-e", "trace=openat,creat,memfd_create", PQMAP, "scan", f"oci:{tmp / 'large'}", "--no-cache"], capture_output=True, cwd=tmp)
        ok(b"O_CREAT" not in s.stderr and b"memfd" not in s.stderr, "nothing is written anywhere")
    else:
        skip("strace is not here")


class Registry:
    def __init__(self, tmp, name, extra="", http=""):
        self.port = free_port()
        self.host = f"127.0.0.1:{self.port}"
        config = tmp / f"{name}.yml"
        config.write_text(f"version: 0.1\nlog: {{level: error, accesslog: {{disabled: true}}}}\nstorage: {{filesystem: "
                          f"{{rootdirectory: {tmp / 'registry'}}}}}\nhttp: {{addr: '{self.host}'{http}}}\n{extra}")
        self.process = subprocess.Popen(["docker-registry", "serve", config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(100):
            with socket.socket() as s:
                if s.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.1)
        raise RuntimeError("the registry does not start")

    def stop(self):
        self.process.terminate()
        self.process.wait()


def docker_config(tmp, name, doc):
    home = tmp / name
    (home / ".docker").mkdir(parents=True, exist_ok=True)
    (home / ".docker/config.json").write_text(json.dumps(doc))
    return home


def registries(tmp, want):
    if not all(shutil.which(p) for p in ("docker-registry", "skopeo")):
        skip("docker-registry and skopeo are not here")
        return
    plain = Registry(tmp, "plain")
    try:
        for how in ("gzip", "zstd"):
            if (tmp / how).exists():
                subprocess.run(["skopeo", "copy", "-q", "--dest-tls-verify=false", f"oci:{tmp / how}:v1",
                                f"docker://{plain.host}/team/{how}:1"], check=True, capture_output=True)
                r, doc, got = scan(tmp, f"registry:{plain.host}/team/{how}:1")
                ok(r.returncode == 0 and got == want, f"registry:, {how}: the same findings, file by file", err(r))
        at = attributes(doc, "/etc/ssl/private/key.pem")
        ok(at.get("image", "").startswith(f"registry:{plain.host}/team/{how}:1@sha256:"), "by reference and digest", at)
        digest = at["image"].split("@")[1]
        r, doc, got = scan(tmp, f"registry:{plain.host}/team/{how}@{digest}")
        ok(got == want, "by digest", err(r))
        ok(any("without TLS" in n for n in notes(doc)), "that there was no TLS is told")
        for ref, words in (("team/none:1", "no such image"), (f"team/{how}:2", "MANIFEST_UNKNOWN"),
                           (f"team/{how}@sha256:" + "0" * 64, "404")):
            r, _, _ = scan(tmp, f"registry:{plain.host}/{ref}")
            ok(r.returncode == 3 and words in err(r), f"registry:, {ref[:20]}: {words}", err(r))
        r, _, _ = scan(tmp, "registry:UPPER/case")
        ok(r.returncode == 3 and "lower case" in err(r), "a reference that is none", err(r))
        faults(tmp, plain, want)
        logins(tmp, plain, want)
    finally:
        plain.stop()
    own_login(tmp, want)


def faults(tmp, plain, want):
    front = Front(plain.host)
    target = f"registry:{front.host}/team/gzip:1"
    for name, list_ in (("429 with Retry-After", [("manifests", 429, 1)]), ("500 and 503", [("blobs", 500, 1), ("blobs", 503, 1)]),
                        ("a connection that is cut", [("blobs", "cut", 3)]),
                        ("cut, and without ranges", [("blobs", "cut", 2), ("blobs", "no range", 1)])):
        front.faults = list(list_)
        r, _, got = scan(tmp, target)
        ok(r.returncode == 0 and got == want, f"{name}: the right result", err(r))
    front.log.clear()
    front.faults = [("blobs", "cut", 4)]
    scan(tmp, target)
    ok(any("Range" in h for _, _, h, _ in front.log), "what was cut off is gone on with, not begun anew")
    for name, list_, words in (("500 for ever", [("manifests", 500, 99)], "status 500"),
                               ("a blob with another content", [("blobs", "flip", 99)], "digest"),
                               ("a manifest with another content", [("manifests", "flip", 99)], "digest")):
        front.faults = list(list_)
        r, doc, got = scan(tmp, target)
        ok(r.returncode == 3 and words in err(r) and not got, f"{name}: a clear error, nothing counted", err(r) + str(got))
    far = Front(plain.host)
    front.faults = [("blobs", f"redirect http://{far.host}", 99)]
    r, _, got = scan(tmp, target)
    ok(got == want and len(far.log) >= 2, "blobs that are elsewhere", err(r))
    far.stop()
    front.stop()
    mirrors(tmp, plain, want)


def mirrors(tmp, plain, want):
    """By flag and by the configuration; whom nobody may contact is not contacted as a mirror either."""
    config = tmp / "mirrors.yaml"
    config.write_text(f"mirrors:\n  registry.example: {plain.host}/team\n  other.example: {plain.host}\n")
    r, _, got = scan(tmp, "registry:registry.example/gzip:1", "--config", str(config))
    ok(r.returncode == 0 and got == want, "mirrors of the configuration", err(r))
    front = Front(plain.host)
    r, _, got = scan(tmp, "registry:registry.example/team/gzip:1", "--config", str(config), "--mirror", f"registry.example={front.host}")
    ok(got == want and front.log, "--mirror comes before it", err(r))
    front.log.clear()
    for how in (["--mirror", f"registry.example={front.host}"], ["--config", str(tmp / "denied.yaml")]):
        (tmp / "denied.yaml").write_text(f"mirrors: {{ registry.example: '{front.host}' }}\n")
        for deny in ("127.0.0.1", "127.0.0.0/8"):
            r, _, got = scan(tmp, "registry:registry.example/team/gzip:1", *how, "--deny", deny)
            ok(r.returncode == 3 and "deny list" in err(r) and not front.log and not got, f"{how[0]}: --deny {deny} holds for the mirror", err(r))
    r, _, got = scan(tmp, "registry:registry.example/team/gzip:1", "--mirror", f"registry.example=localhost:{front.port}", "--deny", "localhost")
    ok(r.returncode == 3 and "deny list" in err(r) and not front.log, "by its name too", err(r) + str(front.log))
    front.stop()
    for text in ("mirrors: x\n", "mirrors: { a: }\n", "mirrors: { a: 'u:p@b' }\n"):
        config.write_text(text)
        r, _, _ = scan(tmp, "registry:registry.example/gzip:1", "--config", str(config))
        ok(r.returncode == 2 and "mirror" in err(r), f"no mirrors: {text.strip()}", err(r))
    (tmp / ".pqmap.yaml").write_text("mirrors: { registry.example: 127.0.0.1 }\n")
    r, _, _ = scan(tmp, "registry:registry.example/gzip:1")
    (tmp / ".pqmap.yaml").unlink()
    ok(r.returncode == 2 and "--config" in err(r), "a file that lies here must not say whom we contact", err(r))


def logins(tmp, plain, want):
    front = Front(plain.host, token=TOKEN)
    target = f"registry:{front.host}/team/gzip:1"
    r, _, got = scan(tmp, target)
    ok(got == want, "a token for anybody", err(r))
    front.user = ("joe", PASSWORD)
    r, _, got = scan(tmp, target)
    ok(r.returncode == 3 and "docker login" in err(r), "no credentials: what to do", err(r))
    auth = base64.b64encode(f"joe:{PASSWORD}".encode()).decode()
    home = docker_config(tmp, "home-auth", {"auths": {front.host: {"auth": auth}}})
    r, _, got = scan(tmp, target, home=home)
    ok(got == want, "a token for a user of config.json", err(r))
    home = docker_config(tmp, "home-identity", {"auths": {front.host: {"identitytoken": PASSWORD}}})
    r, _, got = scan(tmp, target, home=home)
    ok(got == want, "a token for an identity token", err(r))
    home = docker_config(tmp, "home-wrong", {"auths": {front.host: {"auth": base64.b64encode(b"joe:no").decode()}}})
    r, _, got = scan(tmp, target, home=home)
    ok(r.returncode == 3 and "refuses the credentials" in err(r), "the wrong password", err(r))
    bin_ = tmp / "bin"
    bin_.mkdir()
    helper = bin_ / "docker-credential-test"
    helper.write_text(f'#!/bin/sh\nread s\n[ "$1" = get ] && [ "$s" = {front.host} ] || exit 1\n'
                      f'echo \'{{"Username":"joe","Secret":"{PASSWORD}"}}\'\n')
    helper.chmod(0o755)
    path = {"PATH": f"{bin_}:{os.environ['PATH']}"}
    for name, doc in (("credHelpers", {"credHelpers": {front.host: "test"}}), ("credsStore", {"credsStore": "test"})):
        home = docker_config(tmp, f"home-{name}", doc)
        r, _, got = scan(tmp, target, home=home, env=path)
        ok(got == want, f"a token by {name}", err(r))
    for name, doc in (("missing", {"credsStore": "not-there"}), ("a path", {"credsStore": "../../bin/sh"})):
        home = docker_config(tmp, "home-helper", doc)
        r, _, _ = scan(tmp, target, home=home, env=path)
        ok(r.returncode == 3 and "credential helper" in err(r), f"a helper that is {name}", err(r))
    far = Front(plain.host)
    front.faults = [("blobs", f"redirect http://{far.host}", 99)]
    home = docker_config(tmp, "home-auth", {"auths": {front.host: {"auth": auth}}})
    r, _, got = scan(tmp, target, home=home)
    ok(got == want and far.log and not any("Authorization" in h for _, _, h, _ in far.log),
       "whoever we are sent to sees no token", err(r))
    far.stop()
    front.stop()


def own_login(tmp, want):
    """The registry's own basic authentication, over TLS."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import crypt  # of libxcrypt: the registry wants bcrypt
    secret = crypt.crypt(PASSWORD, crypt.mksalt(crypt.METHOD_BLOWFISH, rounds=16))
    (tmp / "htpasswd").write_text(f"joe:{secret}\n")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                    tmp / "tls.key", "-out", tmp / "tls.crt", "-subj", "/CN=registry", "-days", "2", "-addext",
                    "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
    reg = Registry(tmp, "tls", f"auth: {{htpasswd: {{realm: r, path: {tmp / 'htpasswd'}}}}}\n",
                   f", tls: {{certificate: {tmp / 'tls.crt'}, key: {tmp / 'tls.key'}}}")
    try:
        target = f"registry:{reg.host}/team/gzip:1"
        auth = base64.b64encode(f"joe:{PASSWORD}".encode()).decode()
        home = docker_config(tmp, "home-tls", {"auths": {f"https://{reg.host}/v2/": {"auth": auth}}})
        r, _, got = scan(tmp, target, home=home)
        ok(r.returncode == 3 and "certificate" in err(r) and not got, "an authority that nobody knows", err(r))
        r, doc, got = scan(tmp, target, "--insecure-registry", reg.host, home=home)
        ok(got == want and any("certificate" in n for n in notes(doc)), "--insecure-registry, and it is told", err(r))
        ca = home / f".config/containers/certs.d/{reg.host}"
        ca.mkdir(parents=True)
        shutil.copy(tmp / "tls.crt", ca / "ca.crt")
        r, doc, got = scan(tmp, target, home=home)
        ok(got == want and not notes(doc), "over TLS, with user and password", err(r))
        r, _, got = scan(tmp, target, home=tmp, env={"DOCKER_CONFIG": str(tmp / "none")})
        ok(r.returncode == 3, "not without", err(r))
    finally:
        reg.stop()


def main():
    with tmpdir() as name:
        tmp = pathlib.Path(name)
        root, _, want = same_as_tree(tmp)
        real_builders(tmp, root, want)
        packed_whole(tmp, want)
        buildah(tmp, root, want)
        layers(tmp)
        artifact(tmp)
        hostile(tmp)
        memory(tmp)
        registries(tmp, want)
        everything = b"".join(said)
        secrets = [PASSWORD, TOKEN, base64.b64encode(f"joe:{PASSWORD}".encode()).decode()]
        ok(not any(s.encode() in everything for s in secrets), "no password and no token in any output")
    done()


main()
