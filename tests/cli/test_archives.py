#!/usr/bin/env python3
"""Archives in folders: what they hold is found like a file, with the path in them; bombs and lies are told and bounded."""
import bz2
import ctypes
import gzip
import io
import json
import lzma
import os
import pathlib
import random
import shutil
import struct
import subprocess
import sys
import tarfile
import time
import zipfile
import zlib

from kit import PQMAP, REPO, done, err, ok, run, skip, tmpdir

sys.path.insert(0, str(REPO / "tests/images"))
from make import Layout, tar_of  # noqa: E402

NAME = "etc/tls/server.key"


def key():
    return subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519"], capture_output=True, check=True).stdout


BODY = b"# of the server\n" * 40 + key()


def scan(tmp, *targets, args=(), timeout=120):
    report = tmp / "report.json"
    report.unlink(missing_ok=True)
    r = run("scan", *targets, "-o", f"json={report}", *args, timeout=timeout)
    return r, json.loads(report.read_bytes()) if report.exists() else None


def places(doc, below):
    """Path below the folder -> {(id, offset, line)}."""
    found = {}
    for f in doc["findings"]:
        for o in f["occurrences"]:
            if o["path"].startswith(str(below)):
                found.setdefault(o["path"][len(str(below)) + 1:], set()).add((f["id"], o.get("offset"), o.get("line")))
    return found


def notes(doc):
    return [n["path"].rsplit("/", 1)[-1] + ": " + n.get("words", "") for n in doc["coverage"]["notes"]]


def tar(files, **kw):
    buf = io.BytesIO()
    with tarfile.open(fileobj=buf, mode="w", **kw) as t:
        for name, body in files.items():
            i = tarfile.TarInfo(name)
            i.size = len(body)
            t.addfile(i, io.BytesIO(body))
    return buf.getvalue()


def zip_of(files, method=zipfile.ZIP_DEFLATED):
    buf = io.BytesIO()
    with zipfile.ZipFile(buf, "w", method) as z:
        for name, body in files.items():
            z.writestr(name, body)
    return buf.getvalue()


def piped_zip(files):
    """A zip that was written into a pipe: sizes stand behind the data."""
    class Pipe(io.RawIOBase):
        def __init__(self):
            self.got = bytearray()

        def writable(self):
            return True

        def write(self, b):
            self.got += b
            return len(b)
    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as z:
        for name, body in files.items():
            z.writestr(name, body)
    return bytes(pipe.got)


def cpio(files, magic=b"070701"):
    def entry(name, body, mode=0o100644):
        n = name.encode() + b"\0"
        head = magic + b"".join(b"%08X" % v for v in (1, mode, 0, 0, 1, 0, len(body), 0, 0, 0, 0, len(n), 0))
        return (head + n).ljust((len(head + n) + 3) // 4 * 4, b"\0") + body.ljust((len(body) + 3) // 4 * 4, b"\0")
    return b"".join(entry(n, b) for n, b in files.items()) + entry("TRAILER!!!", b"", 0)


def ar(files):
    made = b"!<arch>\n"
    for name, body in files.items():
        made += f"{name + '/':<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(body):<10}`\n".encode() + body + b"\n" * (len(body) % 2)
    return made


def seven(name, body):
    """7-Zip with one stored file [7zFormat.txt]."""
    def number(n):
        return bytes([n]) if n < 0x80 else bytes([0x80 | n >> 8, n & 255])
    names = name.encode("utf-16-le") + b"\0\0"
    head = (b"\x01\x04\x06\x00\x01\x09" + number(len(body)) + b"\x00\x07\x0b\x01\x00\x01\x01\x00\x0c" + number(len(body)) +
            b"\x00\x08\x00\x00\x05\x01\x11" + number(len(names) + 1) + b"\x00" + names + b"\x00\x00")
    start = struct.pack("<QQI", len(body), len(head), zlib.crc32(head))
    return b"7z\xbc\xaf\x27\x1c\0\4" + struct.pack("<I", zlib.crc32(start)) + start + body + head


def rpm(files):
    """The lead, an empty signature, an empty header and the packed cpio, as rpm 3 has them."""
    lead = b"\xed\xab\xee\xdb\3\0\0\0\0\1" + b"x-1-1".ljust(66, b"\0") + b"\0\1\0\5" + b"\0" * 16
    head = b"\x8e\xad\xe8\1\0\0\0\0" + struct.pack(">II", 0, 0)
    return lead + head + head + gzip.compress(cpio(files))


def written(path, files, form, *filters, options=None):
    """What libarchive writes. None: it cannot."""
    try:
        la = ctypes.CDLL("libarchive.so.13")
    except OSError:
        return None
    la.archive_write_new.restype = la.archive_entry_new.restype = ctypes.c_void_p
    a = ctypes.c_void_p(la.archive_write_new())
    fine = la.archive_write_set_format_by_name(a, form.encode()) == 0
    fine = fine and all(la.archive_write_add_filter_by_name(a, f.encode()) == 0 for f in filters)
    fine = fine and (options is None or la.archive_write_set_options(a, options.encode()) == 0)
    fine = fine and la.archive_write_open_filename(a, str(path).encode()) == 0
    for name, body in files.items():
        e = ctypes.c_void_p(la.archive_entry_new())
        la.archive_entry_set_pathname(e, name.encode())
        la.archive_entry_set_size(e, ctypes.c_int64(len(body)))
        la.archive_entry_set_filetype(e, 0o100000)
        la.archive_entry_set_perm(e, 0o644)
        fine = fine and la.archive_write_header(a, e) == 0 and la.archive_write_data(a, body, ctypes.c_size_t(len(body))) == len(body)
        la.archive_entry_free(e)
    fine = la.archive_write_close(a) == 0 and fine
    la.archive_write_free(a)
    return path.read_bytes() if fine else None


def cab(files):
    """One folder, nothing packed [MS-CAB]."""
    data, at, entries = b"".join(files.values()), 0, b""
    for name, body in files.items():
        entries += struct.pack("<IIHHHH", len(body), at, 0, 0x5000, 0, 0x20) + name.replace("/", "\\").encode() + b"\0"
        at += len(body)
    start = 36 + 8 + len(entries)
    return (struct.pack("<IIIIIIBBHHHHH", 0x4643534d, 0, start + 8 + len(data), 0, 44, 0, 3, 1, 1, len(files), 0, 0, 0) +
            struct.pack("<IHH", start, 1, 0) + entries + struct.pack("<IHH", 0, len(data), len(data)) + data)


def zip_sized(files, comment=b""):
    """With the sizes of zip64, which are not needed."""
    buf = io.BytesIO()
    with zipfile.ZipFile(buf, "w", zipfile.ZIP_DEFLATED) as z:
        z.comment = comment
        for name, body in files.items():
            with z.open(name, "w", force_zip64=True) as f:
                f.write(body)
    return buf.getvalue()


def gnu_sparse(tmp):
    """What GNU tar makes of a file with holes, in each way that it has."""
    folder = tmp / "holes"
    folder.mkdir()
    with open(folder / "server.key", "wb") as f:
        f.write(b"start")
        f.seek(1 << 20)
        f.write(BODY)
        f.truncate(5 << 20)
    ways = {"gnu": ["--format=gnu"], **{v: ["--format=pax", f"--sparse-version={v}"] for v in ("0.0", "0.1", "1.0")}}
    return {f"sparse-{w}.tar": subprocess.run(["tar", "-C", folder, "-S", *args, "-cf", "-", "server.key"], capture_output=True,
                                             check=True).stdout for w, args in ways.items()}


def more_formats(tmp):
    """Formats of which there are fewer, and parts that few archives have."""
    one = {"README": b"hello\n", NAME: BODY}
    t, z = tar(one), zip_of(one)
    made = {
        "a.cab": (cab(one), NAME), "big-sizes.zip": (zip_sized(one), NAME), "long-comment.zip": (zip_sized(one, b"c" * 65535), NAME),
        "app.war": (z, NAME), "app.apk": (z, NAME), "app.ipa": (z, NAME), "app.nupkg": (z, NAME),
        "app.pyz": (b"#!/usr/bin/env python3\n" + z, NAME), "setup.exe": (b"MZ" + random.Random(1).randbytes(9000) + z, NAME),
        "runner": (pathlib.Path("/bin/true").read_bytes() + z, NAME), "base.jmod": (b"JM\1\0" + z, NAME),
        "stored.pyz": (b"#!/bin/sh\n" + zip_of(one, zipfile.ZIP_STORED), NAME),
        "joined.gz": (gzip.compress(t[:1000]) + gzip.compress(t[1000:]), NAME), "joined.bz2": (bz2.compress(t[:999]) + bz2.compress(t[999:]), NAME),
        "joined.xz": (lzma.compress(t[:1000]) + bytes(8) + lzma.compress(t[1000:]), NAME),
        "server.key.lzma": (lzma.compress(BODY, lzma.FORMAT_ALONE), "server.key"),
        "a.odc": (subprocess.run(["cpio", "-o", "--quiet", "-H", "odc"], input=b"holes/server.key\n", cwd=tmp, capture_output=True,
                                 check=True).stdout if shutil.which("cpio") and (tmp / "holes").exists() else None, "holes/server.key"),
    }
    for name, form, *filters in (("a.v7", "v7tar"), ("ustar.tar", "ustar"), ("gnu.tar", "gnutar"), ("a.iso", "iso9660"), ("a.bsd.7z", "7zip"),
                                 ("a.newc", "newc"), ("a.tar.lz", "ustar", "lzip"), ("a.tar.Z", "ustar", "compress"),
                                 ("a.tar.lzma", "ustar", "lzma"), ("a.zst.tar", "ustar", "zstd")):
        made[name] = (written(tmp / "written", one, form, *filters), NAME)
    for name, argv in (("zst", ("zstd", "-q", "-c")), ("lz4", ("lz4", "-q", "-c"))):
        whole = tool(*argv, data=t)
        frame = struct.pack("<II", 0x184d2a50, 12) + b"says nothing"
        made[f"frame-first.{name}"] = (whole and frame + frame + whole, NAME)
        made[f"frames.{name}"] = (whole and tool(*argv, data=t[:1000]) + frame + tool(*argv, data=t[1000:]) + frame, NAME)
    made["old.lz4"] = (tool("lz4", "-q", "-l", "-c", data=BODY), "old")
    return made


def every_other_format(tmp, want):
    sparse = gnu_sparse(tmp)
    tree = tmp / "more"
    tree.mkdir()
    made = more_formats(tmp)
    for name, (data, _) in made.items():
        if data is None:
            skip(f"{name}: nothing here writes it")
        else:
            (tree / name).write_bytes(data)
    for name, data in sparse.items():
        (tree / name).write_bytes(data)
    _, doc = scan(tmp, tree)
    got = places(doc, tree)
    for name, (data, inner) in made.items():
        here = {p: v for p, v in got.items() if p == name or p.startswith(name + " › ")}
        ok(data is None or list(here) == [f"{name} › {inner}"] and (here[f"{name} › {inner}"] == want or name == "a.odc"),
           f"{name}: the key, its path and place, once", here)
    for name in sparse:
        here = got.get(f"{name} › server.key", set())
        ok({o for _, o, _ in here} == {(1 << 20) + 640} and not [p for p in got if p == name], f"{name}: behind a hole", here)
    ok(doc["coverage"]["notes"] == [], "and nothing to complain of", notes(doc))


def measured(*args):
    """Peak of memory in MiB, and seconds. A process of its own: the size of a child begins with its parent's."""
    code = ("import resource, subprocess, sys; subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL); "
            "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)")
    t0 = time.monotonic()
    p = subprocess.run([sys.executable, "-c", code, PQMAP, "scan", *map(str, args)], capture_output=True, check=True, timeout=300)
    return int(p.stdout) >> 10, time.monotonic() - t0


def tool(*argv, data=b""):
    return subprocess.run(argv, input=data, capture_output=True, check=True).stdout if shutil.which(argv[0]) else None


def deb(tmp):
    root = tmp / "debroot"
    (root / "DEBIAN").mkdir(parents=True)
    (root / "DEBIAN/control").write_text("Package: x\nVersion: 1\nArchitecture: all\nMaintainer: x <x@x>\nDescription: x\n")
    (root / NAME).parent.mkdir(parents=True)
    (root / NAME).write_bytes(BODY)
    subprocess.run(["dpkg-deb", "-Zxz", "--root-owner-group", "-b", root, tmp / "out.deb"], check=True, capture_output=True)
    return (tmp / "out.deb").read_bytes()


def formats(tmp):
    """File name -> (its bytes, the path of the key in it)."""
    one = {"README": b"hello\n", NAME: BODY, "empty": b""}
    t = tar(one)
    made = {
        "a.tar": (t, NAME), "a.tar.gz": (gzip.compress(t), NAME), "a.tbz2": (bz2.compress(t), NAME),
        "a.tar.xz": (lzma.compress(t), NAME), "pax.tar": (tar(one, format=tarfile.PAX_FORMAT), NAME),
        "nosuffix": (gzip.compress(t), NAME),
        "a.zip": (zip_of(one), NAME), "stored.zip": (zip_of(one, zipfile.ZIP_STORED), NAME),
        "bz.zip": (zip_of(one, zipfile.ZIP_BZIP2), NAME), "lzma.zip": (zip_of(one, zipfile.ZIP_LZMA), NAME),
        "piped.zip": (piped_zip(one), NAME), "app.jar": (zip_of({"META-INF/MANIFEST.MF": b"a: b\n", **one}), NAME),
        "app-1.0-py3-none-any.whl": (zip_of({"app/__init__.py": b"", **one}), NAME),
        "server.key.gz": (gzip.compress(BODY), "server.key"), "server.key.bz2": (bz2.compress(BODY), "server.key"),
        "server.key.xz": (lzma.compress(BODY), "server.key"), "blob": (gzip.compress(BODY), "data"),
        "a.cpio": (cpio(one), NAME), "initrd.img": (gzip.compress(cpio(one)), NAME),
        "a.ar": (ar({"server.key": BODY}), "server.key"), "a.7z": (seven(NAME, BODY), NAME), "a.rpm": (rpm(one), NAME),
        "a.deb": (deb(tmp), f"data.tar.xz › {NAME}"),
        "nested.zip": (zip_of({"in/inner.tar.gz": gzip.compress(t)}), f"in/inner.tar.gz › {NAME}"),
        "deep.tar": (tar({"a.zip": zip_of({"b.tar.xz": lzma.compress(tar({"c.cpio": cpio(one)}))})}),
                     f"a.zip › b.tar.xz › c.cpio › {NAME}"),
        "up.tar": (tar({"../../../etc/passwd.key": BODY}), "../../../etc/passwd.key"),
        "root.tar": (tar({"/etc/root.key": BODY}), "/etc/root.key"),
        "dot.tar": (tar({"./" + NAME: BODY}), NAME),
    }
    for name, argv in (("a.tar.zst", ("zstd", "-q", "-c")), ("a.tar.lz4", ("lz4", "-q", "-c"))):
        data = tool(*argv, data=t)
        if data is None:
            skip(f"{argv[0]} is not here")
        else:
            made[name] = (data, NAME)
    return made


def every_format(tmp):
    made = formats(tmp)
    tree, plain = tmp / "tree", tmp / "plain"
    tree.mkdir()
    plain.mkdir()
    (plain / "server.key").write_bytes(BODY)
    _, doc = scan(tmp, plain)
    want = places(doc, plain)["server.key"]
    ok(len(want) == 1 and all(off == 640 for _, off, _ in want), "the plain key is found, in its place", want)
    for name, (data, _) in made.items():
        (tree / name).write_bytes(data)
    r, doc = scan(tmp, tree)
    got = places(doc, tree)
    for name, (_, inner) in made.items():
        here = {p: v for p, v in got.items() if p == name or p.startswith(name + " › ")}
        ok(here == {f"{name} › {inner}": want}, f"{name}: the key, its path and place, once", here)
    ok(doc["coverage"]["notes"] == [], "and nothing to complain of", notes(doc))
    ok(doc["coverage"]["seen"] == len(made) == doc["coverage"]["read"], "files are counted, not what is in them")
    one = (tmp / "report.json").read_bytes()
    for jobs in ("1", "4"):
        scan(tmp, tree, args=["-j", jobs, "--now", "2026-11-21"])
        now = (tmp / "report.json").read_bytes()
        one = now if jobs == "1" else one
    ok(now == one, "the same bytes with 1 and 4 threads")
    for name in ("a.tar.gz", "a.zip"):
        r = run("scan", "-", "-o", f"json={tmp / 'in.json'}", stdin=made[name][0])
        doc = json.loads((tmp / "in.json").read_bytes())
        ok(any(NAME in o["path"] for f in doc["findings"] for o in f["occurrences"]), f"{name} on standard input", err(r))
    return made, want


def in_layers(tmp, made, want):
    names = ["a.tar.gz", "a.zip", "a.7z", "nested.zip", "a.deb"]
    layout = Layout(tmp / "layout")
    layout.image([tar_of([(f"srv/{n}", made[n][0]) for n in names])], "gzip")
    r, doc = scan(tmp, f"oci:{tmp / 'layout'}")
    got = {p.split(" › ", 1)[1]: v for p, v in places(doc, "oci").items()}
    ok(got == {f"/srv/{n} › {made[n][1]}": want for n in names}, "archives in a layer of an image", err(r) + str(got))


def large(tmp, want):
    """Members and archives that are not held: streamed, or held in part."""
    tree = tmp / "large"
    tree.mkdir()
    noise = os.urandom(40 << 20)
    inner = gzip.compress(tar({"noise": noise, NAME: BODY}), 1)
    (tree / "big.tar").write_bytes(tar({"inner.tar.gz": inner}))
    with zipfile.ZipFile(tree / "big.zip", "w", zipfile.ZIP_STORED) as z:
        z.writestr("inner.tar.gz", inner)
    (tree / "tail.gz").write_bytes(gzip.compress(noise + BODY, 1))
    (tree / "tail.tar").write_bytes(tar({"noise": noise + BODY}))
    r, doc = scan(tmp, tree)
    used, _ = measured(tree)
    got = places(doc, tree)
    for name in ("big.tar", "big.zip"):
        ok(got.get(f"{name} › inner.tar.gz › {NAME}") == want, f"{name}: an archive too large to be held is streamed", list(got))
    for name in ("tail.gz › tail", "tail.tar › noise"):
        ok([(i, o in (None, len(noise) + 640)) for i, o, _ in got.get(name, ())] == [(i, True) for i, _, _ in want],
           f"{name}: the end of a large member is looked at", got)
    ok(doc["coverage"]["notes"] == [], "large: without notes", notes(doc))
    ok(used < 256, f"large: in less than 256 MiB of memory ({used} MiB)")
    layout = Layout(tmp / "biglayer")
    layout.image([tar_of([("srv/big.tar", (tree / "big.tar").read_bytes())])], "gzip")
    r, doc = scan(tmp, f"oci:{tmp / 'biglayer'}")
    got = places(doc, "oci")
    ok([p for p in got if p.endswith(f"/srv/big.tar › inner.tar.gz › {NAME}")], "and in a layer", err(r) + str(got))


def models(tmp):
    tree = tmp / "models"
    tree.mkdir()
    npy = b"\x93NUMPY\1\0v\0" + b"{'descr': '<f4', 'fortran_order': False, 'shape': (4,), }".ljust(117) + b"\n" + b"\0" * 16
    (tree / "m.npz").write_bytes(zip_of({"a.npy": npy, "b.npy": npy}))
    with zipfile.ZipFile(tree / "keras.keras", "w") as z:
        for n in ("metadata.json", "config.json", "model.weights.h5"):
            z.writestr(n, "{}")
    (tree / "not-keras.zip").write_bytes(zip_of({"metadata.json": b"{}", NAME: BODY}))
    _, doc = scan(tmp, tree)
    kinds = sorted((o["path"].rsplit("/", 1)[-1], o["kind"]) for o in doc.get("objects", []) if "kind" in o)
    ok([k for k in kinds if k[0] == "keras.keras"] == [("keras.keras", "Model")] and
       [k for k in kinds if k[0] == "m.npz"] == [("m.npz", "Array")] and not [k for k in kinds if " › " in k[0]],
       "models and arrays that are zips are one object each", kinds)
    ok(f"not-keras.zip › {NAME}" in places(doc, tree), "a zip that only begins like one is opened", list(places(doc, tree)))


def broken(tmp, made, want):
    tree = tmp / "broken"
    tree.mkdir()
    two = {"a.key": BODY, "filler": os.urandom(300000), "z.key": BODY}
    (tree / "cut.tar.gz").write_bytes(gzip.compress(tar(two))[:-150000])
    (tree / "cut.tar").write_bytes(tar(two)[:200000])
    z = bytearray(zip_of(two))
    (tree / "cut.zip").write_bytes(z[:150000])
    (tree / "fake.7z").write_bytes(b"7z\xbc\xaf\x27\x1c" + os.urandom(500))
    (tree / "fake.gz").write_bytes(b"\x1f\x8b\x08\0" + os.urandom(500))
    e = bytearray(zip_of({NAME: BODY, "plain.key": BODY}, zipfile.ZIP_STORED))
    at = e.index(b"PK\1\2")
    e[6] |= 1  # "encrypted", in both headers of the first member
    e[at + 8] |= 1
    (tree / "locked.zip").write_bytes(e)
    r, doc = scan(tmp, tree)
    got = places(doc, tree)
    for name in ("cut.tar.gz", "cut.tar", "cut.zip"):
        ok(got.get(f"{name} › a.key") == want, f"{name}: what stands before the cut is found", list(got))
    for name in ("cut.tar.gz", "cut.tar", "cut.zip", "fake.7z", "fake.gz", "locked.zip"):
        mine = [n for n in notes(doc) if n.startswith((name + ":", name + " ›"))]
        ok(len(mine) == 1, f"{name}: one note", mine)
    ok(got.get("locked.zip › plain.key") == want and f"locked.zip › {NAME}" not in got and
       any("locked.zip: archive: 1 encrypted" in n for n in notes(doc)), "an encrypted member is told, the others read", notes(doc))
    ok(run("scan", tree, "--fail-on-incomplete", "-q").returncode == 3, "--fail-on-incomplete: exit 3")


def bomb(tmp, name, data, words):
    tree = tmp / ("bomb-" + name)
    tree.mkdir()
    (tree / name).write_bytes(data)
    (tree / "other.pem").write_bytes(BODY)
    rss, took = measured(tree, "-o", f"json={tmp / 'b.json'}")
    doc = json.loads((tmp / "b.json").read_bytes())
    ok(rss < 256, f"{name}: in {took:.1f} s and {rss} MiB")
    ok(any(words in n for n in notes(doc)) if words else True, f"{name}: the limit is named", notes(doc))
    ok("other.pem" in places(doc, tree), f"{name}: what lies beside it is read")


def bombs(tmp):
    zeros = b"a" * (1 << 24)
    flat = gzip.compress(zeros * 16, 9)
    bomb(tmp, "twice.gz", gzip.compress(flat * 4, 9), "more than 200 times its size")
    inner = zip_of({f"{i}.bin": zeros for i in range(16)})
    mid = zip_of({f"{i}.zip": inner for i in range(16)})
    bomb(tmp, "forty-two.zip", zip_of({f"{i}.zip": mid for i in range(16)}), "more than 200 times its size")
    deep = BODY
    for _ in range(12):
        deep = zip_of({"in.zip": deep})
    bomb(tmp, "deep.zip", deep, "in 5 others")
    head = tar({"x" * 40: b""})[:512]
    many = gzip.compress(head * 1000, 1) * 1100 + gzip.compress(bytes(1024))
    bomb(tmp, "entries.tar.gz", many, "more than 1,048,576 entries")
    i = tarfile.TarInfo("sparse")
    i.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "sparse",
                     "GNU.sparse.realsize": str(1 << 39)}
    body = (b"1\n%d\n512\n" % ((1 << 39) - 512)).ljust(512, b"\0") + b"x" * 512
    i.size = len(body)
    buf = io.BytesIO()
    with tarfile.open(fileobj=buf, mode="w", format=tarfile.PAX_FORMAT) as t:
        t.addfile(i, io.BytesIO(body))
    bomb(tmp, "sparse.tar", buf.getvalue(), "")
    links = io.BytesIO()
    with tarfile.open(fileobj=links, mode="w") as t:
        for kind, to in ((tarfile.SYMTYPE, "/etc/shadow"), (tarfile.LNKTYPE, "../../x"), (tarfile.CHRTYPE, ""),
                         (tarfile.FIFOTYPE, "")):
            i = tarfile.TarInfo(f"kind{kind.decode()}")
            i.type, i.linkname = kind, to
            t.addfile(i)
    bomb(tmp, "links.tar", links.getvalue(), "")
    # A name of 2 GB, says the entry; so much is not there, but enough to be gathered.
    entry = b"070701" + b"".join(b"%08X" % x for x in (1, 0o100644, 0, 0, 1, 0, 10, 0, 0, 0, 0, 0x77777777, 0))
    bomb(tmp, "header.cpio", entry + random.Random(3).randbytes(40 << 20), "header is over 16 MiB")


def left_out(tmp):
    tree = tmp / "left"
    for p in ("usr/share/man/man1/x.1.gz", "srv/x.key.gz", "usr/share/man/x.tar.gz"):
        (tree / p).parent.mkdir(parents=True, exist_ok=True)
        (tree / p).write_bytes(gzip.compress(tar({"x.key": BODY}) if ".tar" in p else BODY))
    _, doc = scan(tmp, tree)
    ok(sorted(places(doc, tree)) == ["srv/x.key.gz › x.key", "usr/share/man/x.tar.gz › x.key"] and
       any(n["reason"] == "left-out" and n["words"].startswith("1 packed manual") for n in doc["coverage"]["notes"]),
       "packed manual pages are left out, and counted", notes(doc))


def no_bytes_on_disk(tmp, made):
    if shutil.which("strace") is None:
        skip("strace is not here: what is written cannot be watched")
        return
    tree = tmp / "watched"
    tree.mkdir()
    for n in ("a.zip", "nested.zip", "up.tar", "a.7z"):
        (tree / n).write_bytes(made[n][0])
    p = subprocess.run(["strace", "-f", "-e", "trace=openat,open,creat,mkdir,symlink,link,mkdirat,linkat,symlinkat", PQMAP, "scan", tree],
                       capture_output=True, timeout=300, check=False)
    lines = [line for line in p.stderr.decode("utf-8", "replace").splitlines()
             if ("O_WRONLY" in line or "O_RDWR" in line or "O_CREAT" in line or "mkdir" in line or "link" in line.split("(")[0])
             and "/dev/" not in line and "/proc/" not in line]
    ok(lines == [], "nothing is written to disk", lines)


def main():
    with tmpdir() as d:
        tmp = pathlib.Path(d)
        made, want = every_format(tmp)
        every_other_format(tmp, want)
        in_layers(tmp, made, want)
        large(tmp, want)
        models(tmp)
        broken(tmp, made, want)
        bombs(tmp)
        left_out(tmp)
        no_bytes_on_disk(tmp, made)
    done()


main()
