#!/usr/bin/env python3
"""The cache of layers: what it gives is what reading gives, it is never believed, and it is never in the way."""
import base64
import hashlib
import json
import os
import pathlib
import random
import shutil
import sqlite3
import struct
import subprocess
import sys
import time

from kit import PQMAP, PQMAP_SAN, REPO, done, err, ok, run, skip, tmpdir

sys.path.insert(0, str(REPO / "tests/images"))
from make import Layout, link, tar_of  # noqa: E402

NOW = ("--now", "2026-11-21")


def key(kind="ed25519"):
    return subprocess.run(["openssl", "genpkey", "-algorithm", kind], capture_output=True, check=True).stdout


def scan(tmp, target, *args, cache="cache", program=PQMAP, env=None):
    """The run, and its report without what the time says."""
    report = tmp / "report.json"
    report.unlink(missing_ok=True)
    r = run("scan", *([target] if isinstance(target, str) else target), "-o", f"json={report}", *NOW, *args, program=program,
            env={"HOME": str(tmp / "nobody"), "XDG_CACHE_HOME": str(tmp / cache), **(env or {})}, cwd=tmp)
    return r, json.loads(report.read_bytes()) if report.exists() else None


def paths(doc):
    return {o["path"].split(" › ", 1)[-1] for f in doc["findings"] for o in f["occurrences"]}


def said(r):
    return [line for line in err(r).splitlines() if "cache" in line]


def gut(layout, layers):
    """Empties the blobs of layers: whoever reads them notices."""
    for d in layers:
        layout.file(d["digest"]).write_bytes(b"")


def put_back(layout, layers, kept):
    for d in layers:
        layout.file(d["digest"]).write_bytes(kept[d["digest"]])


def safetensors():
    head = json.dumps({"w": {"dtype": "F16", "shape": [4, 4], "data_offsets": [0, 32]}}).encode()
    return struct.pack("<Q", len(head)) + head + bytes(32)


def tars(secret):
    """Three layers with all that a layer can tell: findings, objects, notes, links, hidden files, models, copies, odd names."""
    library = next(pathlib.Path("/usr/lib").glob("*/libcrypto.so.3"))
    sealed = base64.b64encode(secret).decode()
    base = tar_of([("etc", None), ("etc/key.pem", secret), ("etc/copy.pem", secret), link("etc/hard.pem", "etc/key.pem"),
                   ("etc/gone.pem", key()), ("etc/nginx.conf", b"server { ssl_ecdh_curve prime256v1; }\n"), ("../up.pem", b"x"),
                   ("usr/lib/libcrypto.so.3", library.read_bytes()), ("models/a/model.safetensors", safetensors()),
                   ("models/b/model.safetensors", safetensors()), link("run/x", "/tmp/y", b"2"),
                   ("one/compose.yaml", b"services: {web: {image: nginx, ports: ['443:443']}}\n"),
                   ("two/compose.yaml", b"services: {web: {image: nginx, ports: ['443:443']}}\n"),
                   ("etc/secret.yaml", f"apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\ndata: {{k: {sealed}}}\n".encode()),
                   ("etc/broken.yaml", b"apiVersion: v1\nkind: Secret\nmetadata: {name: s\ndata: [\n"),
                   ("etc/bad.pem", b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n")])
    middle = tar_of([("etc/.wh.gone.pem", b""), ("opt/new.pem", key("x25519")), ("opt/copy.pem", secret)])
    top = tar_of([("models/b", b"a file now"), ("opt/last.pem", key())])
    return [base, middle, top]


def the_same(tmp):
    secret = key("x448")
    layout = Layout(tmp / "img")
    layers = layout.image(tars(secret))
    kept = {d["digest"]: layout.file(d["digest"]).read_bytes() for d in layers}
    target = f"oci:{tmp / 'img'}"
    r, want = scan(tmp, target, "--no-cache", "-j1")
    ok(r.returncode == 0 and len(paths(want)) >= 8 and want["objects"] and want["coverage"]["notes"] and
       not (tmp / "cache").exists(), "--no-cache makes none", err(r) + str(sorted(paths(want))))
    # What one build keeps, another does not believe: each has its own first run.
    for jobs, program in (("-j8", PQMAP_SAN), ("-j1", PQMAP), ("-j8", PQMAP)):
        shutil.rmtree(tmp / "cache", ignore_errors=True)
        r, doc = scan(tmp, target, jobs, program=program)
        ok(doc == want and not said(r), f"{jobs}: a first run with a cache says the same", said(r))
        gut(layout, layers)
        for again in ("-j1", "-j8"):
            r, doc = scan(tmp, target, again, program=program)
            ok(r.returncode == 0 and doc == want and not said(r), f"{jobs}, then {again}: the same from layers that are not read", err(r))
        r, doc = scan(tmp, target, "--no-cache")
        ok(r.returncode == 3 or paths(doc) == set(), f"{jobs}: --no-cache reads, and sees that nothing is there", err(r))
        put_back(layout, layers, kept)
    folder = tmp / "cache/pqmap"
    modes = {p.name: p.stat().st_mode & 0o777 for p in folder.iterdir()}
    ok(folder.stat().st_mode & 0o777 == 0o700 and set(modes.values()) == {0o600}, "for the owner only", modes)
    held = b"".join(p.read_bytes() for p in folder.iterdir())
    body = b"".join(secret.splitlines()[1:-1])
    ok(secret not in held and body not in held and base64.b64decode(body)[-32:] not in held, "no key in it")
    layout.file(layers[0]["digest"]).unlink()
    r, doc = scan(tmp, target)
    ok("/etc/key.pem" not in paths(doc) and "layer 1" in err(r), "a layer that is gone is not made up", err(r))
    put_back(layout, layers, kept)
    return layout, layers, kept, want


def shared(tmp):
    """A layer of two images in two places of each, and files of a tree with the same content."""
    a, b = key(), key("x25519")
    base = tar_of([("etc/base.pem", a), ("models/m.safetensors", safetensors()), ("etc/same.pem", b)])
    (tmp / "tree").mkdir()
    (tmp / "tree/same.pem").write_bytes(b)
    one, two = Layout(tmp / "one"), Layout(tmp / "two")
    first = one.image([base, tar_of([("one.pem", b)])])
    second = two.image([tar_of([("two.pem", a)]), base, tar_of([("etc/.wh.base.pem", b"")])])
    targets = [f"oci:{tmp / 'two'}", str(tmp / "tree"), f"oci:{tmp / 'one'}"]
    _, want = scan(tmp, targets, "--no-cache")
    _, alone = scan(tmp, targets[0], "--no-cache")
    r, _ = scan(tmp, f"oci:{tmp / 'one'}", cache="shared")
    ok(r.returncode == 0 and first[0]["digest"] == second[1]["digest"], "an image whose base another has", err(r))
    gut(two, second[1:2])
    r, doc = scan(tmp, targets[0], cache="shared")
    ok(doc == alone and "layer 2, hidden by layer 3 › /etc/base.pem" in paths(doc),
       "the shared layer is read once, and hidden where that image hides it", err(r) + str(sorted(paths(doc))))
    for jobs in ("-j1", "-j8"):
        r, doc = scan(tmp, targets, jobs, cache="shared")
        ok(doc == want, f"{jobs}: images that are known beside a tree, copies counted as ever", [want["coverage"], doc["coverage"]])
    names = {o["name"] for o in doc["objects"]}
    ok(len(names) == 2 and all(str(tmp / n) in " ".join(names) for n in ("one", "two")), "a model has the name of its own image", names)
    twice = Layout(tmp / "twice")
    for tag in ("a", "b", "c"):
        twice.image([base, tar_of([(f"{tag}.pem", key())])], tag=tag)
    r, _ = scan(tmp, [f"oci:{tmp / 'twice'}:{tag}" for tag in "abc"], "-v", cache="twice")
    ok(sum("is known" in x for x in said(r)) == 2, "three images in one run: their base is read once", err(r))
    r, _ = scan(tmp, f"oci:{tmp / 'twice'}:b", "-v", cache="twice")
    ok(sum("is known" in x for x in said(r)) == 2, "and in the next run nothing of them is", err(r))


def stale(tmp, layout, layers, kept, want):
    target = f"oci:{tmp / 'img'}"
    rules = tmp / "rules"
    shutil.copytree(REPO / "rules", rules)
    scan(tmp, target)
    gut(layout, layers)
    r, doc = scan(tmp, target, "--rules", str(rules))
    doc["rules"]["name"] = want["rules"]["name"]  # "a folder": all that may differ
    ok(doc == want, "the same rules from a folder: known", err(r))
    some = rules / "algorithms/ecc.yaml"
    some.write_text(some.read_text() + "\n# a change\n")
    r, doc = scan(tmp, target, "--rules", str(rules))
    ok(r.returncode == 3 or not paths(doc), "other rules: nothing of before is used", err(r))
    r, doc = scan(tmp, target)
    ok(doc == want, "the old ones again: known again", err(r))
    put_back(layout, layers, kept)
    odd = tmp / "odd"
    shutil.copytree(tmp / "cache", odd)
    db = sqlite3.connect(odd / "pqmap/layers.db")
    rows = db.execute("SELECT key, sum, body FROM kept ORDER BY used").fetchall()
    ok(len(rows) == 3, "a row a layer", len(rows))
    db.execute("UPDATE kept SET sum=?, body=? WHERE key=?", (rows[1][1], rows[1][2], rows[0][0]))
    db.commit()
    db.close()
    r, doc = scan(tmp, target, cache="odd")
    ok(doc == want and len(said(r)) == 1, "a row under the key of another is found out", said(r))


def at_once(tmp, want):
    target = f"oci:{tmp / 'img'}"
    env = {**os.environ, "HOME": str(tmp), "XDG_CACHE_HOME": str(tmp / "many")}
    for turn in ("an empty cache", "a full one", "a damaged one"):
        if turn == "a damaged one":
            (tmp / "many/pqmap/layers.db").write_bytes(os.urandom(20000))
        procs = [subprocess.Popen([PQMAP, "scan", target, *NOW, "-o", f"json={tmp}/m{i}.json"], env=env, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.PIPE) for i in range(8)]
        words = [p.communicate(timeout=120)[1].decode() for p in procs]
        docs = [json.loads((tmp / f"m{i}.json").read_bytes()) for i in range(8)]
        ok(all(p.returncode == 0 for p in procs) and all(d == want for d in docs), f"eight processes at once, {turn}", words)
        ok(turn == "a damaged one" or not any("cache" in w for w in words), f"eight processes at once, {turn}: nothing to tell", words)
    db = sqlite3.connect(tmp / "many/pqmap/layers.db")
    ok(db.execute("PRAGMA integrity_check").fetchone() == ("ok",), "and the file is whole")
    db.close()


def damage(tmp, want):
    target = f"oci:{tmp / 'img'}"
    shutil.rmtree(tmp / "cache", ignore_errors=True)
    scan(tmp, target)
    file = tmp / "cache/pqmap/layers.db"
    whole = file.read_bytes()
    wrong, told, n = [], 0, 0
    pages = len(whole) // 4096
    for page in sorted({*range(min(pages, 12)), *range(0, pages, max(1, pages // 24))}):
        for at in (page * 4096, page * 4096 + 9, page * 4096 + 2000):
            bad = bytearray(whole)
            bad[at:at + 6] = bytes(b ^ 0x5a for b in bad[at:at + 6])
            file.write_bytes(bad)
            r, doc = scan(tmp, target, program=PQMAP_SAN if (page + at) % 7 == 0 else PQMAP)
            n += 1
            told += len(said(r)) == 1
            if doc != want or r.returncode != 0 or len(said(r)) > 1:
                wrong.append((page, at % 4096, r.returncode, err(r)[-300:]))
    ok(not wrong and told > n // 4, f"{n} damaged files of {pages} pages: right each time, {told} were told, once", wrong[:3])
    # No page of it is damaged for SQLite, or none that holds anything.
    silent = ("empty", "cut at 1", f"cut at {len(whole) - 1}")
    for name, data in (("empty", b""), ("garbage", os.urandom(9000)), ("a text", b"hello\n" * 400),
                       *((f"cut at {n}", whole[:n]) for n in (1, 100, 4096, 5000, len(whole) // 2, len(whole) - 1))):
        file.write_bytes(data)
        r, doc = scan(tmp, target, program=PQMAP_SAN)
        ok(doc == want and len(said(r)) <= 1 and (name in silent or len(said(r)) == 1), f"a file that is {name}: made anew", err(r))
        r, doc = scan(tmp, target)
        ok(doc == want and not said(r), f"a file that was {name}: used again", err(r))
    file.unlink()
    db = sqlite3.connect(file)
    db.execute("CREATE TABLE mine(x)")
    db.commit()
    db.close()
    r, doc = scan(tmp, target)
    ok(doc == want and len(said(r)) == 1, "a database of something else", said(r))
    db = sqlite3.connect(file)
    db.execute("PRAGMA user_version=999")
    db.close()
    r, doc = scan(tmp, target)
    ok(doc == want and len(said(r)) == 1, "of a later version", said(r))
    db = sqlite3.connect(file)
    db.execute("DROP TABLE kept")
    db.close()
    r, doc = scan(tmp, target)
    ok(doc == want and len(said(r)) == 1, "without its table", said(r))
    (tmp / "victim").write_bytes(b"precious")
    file.unlink()
    file.symlink_to(tmp / "victim")
    r, doc = scan(tmp, target)
    ok(doc == want and len(said(r)) == 1 and (tmp / "victim").read_bytes() == b"precious", "a link in its place is not followed", said(r))
    file.unlink()
    file.mkdir()
    r, doc = scan(tmp, target)
    ok(doc == want and len(said(r)) == 1 and "goes on without" in said(r)[0], "a folder in its place", said(r))


def turned_bits(tmp, want):
    """Anywhere in the file: what is said is right, whatever is left of the file."""
    target = f"oci:{tmp / 'img'}"
    shutil.rmtree(tmp / "cache", ignore_errors=True)
    scan(tmp, target)
    file = tmp / "cache/pqmap/layers.db"
    whole = file.read_bytes()
    r = random.Random(200)
    wrong = []
    for i in range(200):
        bad = bytearray(whole)
        at = r.randrange(len(bad))
        bad[at] ^= 1 << r.randrange(8)
        file.write_bytes(bad)
        p, doc = scan(tmp, target)
        if doc != want or p.returncode != 0 or len(said(p)) > 1:
            wrong.append((at, p.returncode, err(p)[-200:]))
    ok(not wrong, "a bit turned, 200 times: never a wrong word", wrong[:3])


def poisoned(tmp, want):
    """Rows that SQLite finds whole."""
    target = f"oci:{tmp / 'img'}"
    file = tmp / "cache/pqmap/layers.db"
    for name in ("a changed body", "a body that is cut, with its sum", "a body of noise, with its sum", "an empty body"):
        shutil.rmtree(tmp / "cache", ignore_errors=True)
        scan(tmp, target)
        db = sqlite3.connect(file)
        for key, body in db.execute("SELECT key, body FROM kept").fetchall():
            new = {"a changed body": body.replace(b"etc/", b"srv/", 1), "an empty body": b"",
                   "a body that is cut, with its sum": body[:-1]}.get(name, random.Random(1).randbytes(len(body)))
            if new == body:
                new = body[:-1] + bytes([body[-1] ^ 1])
            total = hashlib.sha256(key + new).digest()
            db.execute("UPDATE kept SET body=?" + (", sum=?" if "sum" in name else "") + " WHERE key=?",
                       (new, total, key) if "sum" in name else (new, key))
        db.commit()
        db.close()
        r, doc = scan(tmp, target, program=PQMAP)
        ok(doc == want and len(said(r)) == 1 and "made anew" in said(r)[0], f"{name}: read again, and told", said(r))
        r, doc = scan(tmp, target)
        ok(doc == want and not said(r), f"{name}: then as ever", said(r))


def killed(tmp, want):
    """In the midst of writing."""
    target = f"oci:{tmp / 'img'}"
    env = {**os.environ, "HOME": str(tmp), "XDG_CACHE_HOME": str(tmp / "killed")}
    t0 = time.monotonic()
    subprocess.run([PQMAP, "scan", target, *NOW, "-q"], env=env, stdout=subprocess.DEVNULL, check=True)
    took = time.monotonic() - t0
    r = random.Random(9)
    n, i, wrong = 0, 0, []
    # The machine has other work too: the wait follows how long a scan takes now.
    while i < 40 or (n <= 10 and i < 200):
        if i % 4 == 0:
            shutil.rmtree(tmp / "killed")
        p = subprocess.Popen([PQMAP, "scan", target, *NOW, "-q"], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(took * r.random())
        hit = p.poll() is None
        n, took = n + hit, took * (1.1 if hit else 0.8)
        p.kill()
        p.wait()
        i += 1
        if i % 4 == 0:
            q, doc = scan(tmp, target, cache="killed")
            if doc != want or q.returncode != 0 or len(said(q)) > 1:
                wrong.append(err(q)[-300:])
    ok(not wrong and n > 10, f"killed {n} times while at work: what follows is right", wrong)
    # With a journal left behind, as a machine that stops would leave it.
    file = tmp / "killed/pqmap/layers.db"
    q, doc = scan(tmp, target, cache="killed")
    (file.parent / "layers.db-journal").write_bytes(os.urandom(3000))
    q, doc = scan(tmp, target, cache="killed")
    ok(doc == want and q.returncode == 0 and len(said(q)) <= 1, "a journal of noise", err(q))


def hundred(tmp):
    """A hundred images on one base: it is read once, in one run and over runs."""
    layout = Layout(tmp / "hundred")
    base = tar_of([("etc/base.pem", key()), ("usr/bin/x", os.urandom(200_000))])
    for i in range(100):
        layout.image([base, tar_of([(f"app{i}/k", b"%d" % i)])], tag=f"t{i}")
    targets = [f"oci:{tmp / 'hundred'}:t{i}" for i in range(100)]
    r, doc = scan(tmp, targets, "-v", cache="hundred")
    n = sum("is known" in x for x in said(r))
    ok(r.returncode == 0 and n == 99 and len(paths(doc)) == 1, f"a hundred images, 200 layers: {200 - n} are read", err(r)[-300:])
    _, want = scan(tmp, targets, "--no-cache")
    ok(doc == want, "and all is said as if each were")
    r, doc = scan(tmp, targets, "-v", cache="hundred")
    n = sum("is known" in x for x in said(r))
    ok(n == 200 and doc == want, f"the next run reads {200 - n}", err(r)[-300:])


def in_the_way(tmp, want):
    """What may stand where the file should."""
    target = f"oci:{tmp / 'img'}"
    file = tmp / "way/pqmap/layers.db"
    file.parent.mkdir(parents=True, mode=0o700)
    (tmp / "own").write_bytes(b"precious")
    os.link(tmp / "own", file)
    r, doc = scan(tmp, target, cache="way")
    ok(doc == want and len(said(r)) == 1 and (tmp / "own").read_bytes() == b"precious", "a second name of a file is not written to", said(r))
    file.unlink()
    os.mkfifo(file)
    r, doc = scan(tmp, target, cache="way")
    ok(doc == want and len(said(r)) == 1, "a pipe in its place", said(r))
    file.unlink()
    if os.geteuid() == 0:
        file.write_bytes(b"")
        os.chown(file, 12345, 12345)
        r, doc = scan(tmp, target, cache="way")
        ok(doc == want and len(said(r)) == 1 and file.stat().st_size == 0, "a file of another user", said(r))
        file.unlink()
    file.parent.rmdir()
    (tmp / "elsewhere").mkdir()
    file.parent.symlink_to(tmp / "elsewhere")
    r, doc = scan(tmp, target, cache="way")
    ok(doc == want and len(said(r)) == 1 and not list((tmp / "elsewhere").iterdir()), "a folder that is a link is not followed", said(r))


def refused(tmp, want):
    target = f"oci:{tmp / 'img'}"
    (tmp / "a-file").write_text("")
    for name, cache in (("a file where the folder should be", "a-file"), ("a folder that takes nothing", "/proc/self")):
        r, doc = scan(tmp, target, cache=cache)
        ok(r.returncode == 0 and doc == want and len(said(r)) == 1 and "goes on without" in said(r)[0], f"{name}: one line", said(r))
    r, doc = scan(tmp, target, env={"XDG_CACHE_HOME": "relative"})
    ok(doc == want and (tmp / "nobody/.cache/pqmap/layers.db").exists() and not (tmp / "relative").exists(),
       "a relative XDG_CACHE_HOME does not count: ~/.cache", said(r))
    r, doc = scan(tmp, target, env={"XDG_CACHE_HOME": "", "HOME": ""})
    ok(doc == want and not said(r), "no home at all: nothing to tell", said(r))
    open_to_all = tmp / "open/pqmap"
    open_to_all.mkdir(parents=True)
    open_to_all.chmod(0o755)
    scan(tmp, target, cache="open")
    ok(open_to_all.stat().st_mode & 0o777 == 0o700, "a folder that others can read is closed to them")
    (tmp / "files").mkdir()
    (tmp / "files/x.pem").write_bytes(key())
    r, doc = scan(tmp, str(tmp / "files"), cache="of-files")
    ok(r.returncode == 0 and not (tmp / "of-files/pqmap").exists(), "a scan of files opens none")
    if os.geteuid() != 0:
        skip("not root: folders of others and full disks are not tried")
        return
    other = tmp / "other/pqmap"
    other.mkdir(parents=True)
    os.chown(other, 12345, 12345)
    r, doc = scan(tmp, target, cache="other")
    ok(doc == want and len(said(r)) == 1 and "another user" in said(r)[0] and not list(other.iterdir()), "a folder of another user", said(r))
    full = tmp / "full"
    full.mkdir()
    for size in ("4k", "24k"):
        r = subprocess.run(["unshare", "-m", "sh", "-c", f"mount -t tmpfs -o size={size} none {full} && exec {PQMAP} scan {target} "
                            f"{' '.join(NOW)} -o json={tmp}/full.json"], capture_output=True, check=False,
                           env={**os.environ, "XDG_CACHE_HOME": str(full)})
        if b"unshare" in r.stderr or b"mount" in r.stderr:
            skip("no mounts here: a full disk is not tried")
            return
        doc = json.loads((tmp / "full.json").read_bytes())
        ok(r.returncode == 0 and doc == want and len(said(r)) == 1, f"a disk of {size}", err(r))


def main():
    with tmpdir() as name:
        tmp = pathlib.Path(name)
        layout, layers, kept, want = the_same(tmp)
        stale(tmp, layout, layers, kept, want)
        at_once(tmp, want)
        damage(tmp, want)
        turned_bits(tmp, want)
        poisoned(tmp, want)
        killed(tmp, want)
        in_the_way(tmp, want)
        hundred(tmp)
        refused(tmp, want)
        shared(tmp)
    done()


main()
