#!/usr/bin/env python3
"""Archives that are bombs, lies or cut off: bounded, named in coverage, and in the way of nothing that stands beside them."""
import json
import os
import pathlib
import shutil
import subprocess
import sys

from kit import CACHE, PQMAP, PQMAP_SAN, REPO, done, err, ok, run, tmpdir

sys.path.insert(0, str(REPO / "tests/images"))
import hostile  # noqa: E402
from make import Layout, link, tar_of  # noqa: E402

# Peak of memory of any run, in MiB; a run that takes so long hangs, however slow the machine is.
PEAK = 256
HANGS = 240
HELPER = ("import json, os, resource, subprocess, sys\n"
          "for line in sys.stdin:\n"
          "    argv, limit = json.loads(line)\n"
          "    pid = os.posix_spawnp(argv[0], argv, os.environ, file_actions=[(os.POSIX_SPAWN_OPEN, 1, '/dev/null', 1, 0)])\n"
          "    _, status, use = os.wait4(pid, 0)\n"
          "    print(json.dumps([os.waitstatus_to_exitcode(status), use.ru_maxrss >> 10]), flush=True)\n")


def key():
    return b"# of the server\n" * 40 + subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519"], capture_output=True, check=True).stdout


class Meter:
    """Runs the program from a small process: the peak of a child begins with its parent's."""

    def __init__(self):
        self.p = subprocess.Popen([sys.executable, "-c", HELPER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                  env={**os.environ, "XDG_CACHE_HOME": CACHE}, text=True)

    def scan(self, report, *targets, program=PQMAP):
        """Exit code, peak in MiB, report."""
        report.unlink(missing_ok=True)
        argv = ["timeout", str(HANGS), program, "scan", *map(str, targets), "-o", f"json={report}", "--fail-on-incomplete", "--no-cache"]
        self.p.stdin.write(json.dumps([argv, HANGS]) + "\n")
        self.p.stdin.flush()
        code, peak = json.loads(self.p.stdout.readline())
        return code, peak, json.loads(report.read_bytes()) if report.exists() else None

    def end(self):
        self.p.stdin.close()
        self.p.wait()


def inside(doc, name):
    """Paths of findings in the archive of that name."""
    found = set()
    for f in doc["findings"]:
        for o in f["occurrences"]:
            parts = o["path"].split(" › ")
            at = next((i for i, p in enumerate(parts) if p.rsplit("/", 1)[-1] == name), None)
            if at is not None:
                found.add(" › ".join(parts[at + 1:]))
    return found


def told(doc, name):
    return [n["words"] for n in doc["coverage"]["notes"] if any(p.rsplit("/", 1)[-1] == name for p in n["path"].split(" › "))]


def wrong(doc, name, case):
    """What the report lacks of this archive."""
    words, found = told(doc, name), inside(doc, name)
    if case.words and not any(case.words in w for w in words):
        return ["not told", words]
    if case.words == "" and words:
        return ["told", words]
    missing = [f for f in case.found if f is not None and f not in found]
    if missing or (None in case.found and not found):
        return ["not found", missing, sorted(found)]
    return []


def as_files(tmp, meter, cases):
    tree = tmp / "tree"
    tree.mkdir()
    for name, case in cases.items():
        (tree / name).write_bytes(case.data)
        code, peak, doc = meter.scan(tmp / "r.json", tree / name)
        bad = wrong(doc, name, case) if doc else ["no report"]
        want = {None: (0, 3), "": (0,)}.get(case.words, (3,))
        ok(not bad and code in want and peak < PEAK, f"{name}: exit {code}, {peak} MiB", [code, peak, bad])
    return tree


def in_one_folder(tmp, meter, cases, tree, body):
    (tree / "0.pem").write_bytes(body)
    (tree / "zz.pem").write_bytes(body)
    code, peak, doc = meter.scan(tmp / "r.json", tree)
    bad = {name: wrong(doc, name, case) for name, case in cases.items()}
    bad = {name: b for name, b in bad.items() if b}
    places = {o["path"].rsplit("/", 1)[-1] for f in doc["findings"] for o in f["occurrences"]}
    ok(not bad and code == 3, f"{len(cases)} of them in one folder: each is told and found as if alone", bad)
    ok(peak < PEAK, f"and all in {peak} MiB")
    ok({"0.pem", "zz.pem"} <= places, "what lies beside them is found", sorted(places)[:5])


def in_a_layer(tmp, meter, cases, body):
    """As files of a layer, between others; and as the blob of a layer between whole ones."""
    layout = Layout(tmp / "files")
    layout.image([tar_of([("below.pem", body)]),
                  tar_of([("0.pem", body)] + [(f"srv/{n}", c.data) for n, c in cases.items()] + [("zz.pem", body)])], "plain")
    code, peak, doc = meter.scan(tmp / "r.json", f"oci:{tmp / 'files'}")
    bad = {name: wrong(doc, name, case) for name, case in cases.items()}
    bad = {name: b for name, b in bad.items() if b}
    places = {o["path"].rsplit("/", 1)[-1] for f in doc["findings"] for o in f["occurrences"]}
    ok(not bad and code == 3 and {"0.pem", "zz.pem", "below.pem"} <= places, f"{len(cases)} of them in a layer: {peak} MiB", [code, bad])
    ok(peak < PEAK, "bounded there too", peak)
    for name, case in cases.items():
        if not case.layer:
            continue
        shutil.rmtree(tmp / "blob", ignore_errors=True)
        layout = Layout(tmp / "blob")
        layout.image([tar_of([("below.pem", body)]), case.data, tar_of([("above.pem", body)])], "plain")
        code, peak, doc = meter.scan(tmp / "r.json", f"oci:{tmp / 'blob'}")
        places = {o["path"].split(" › ", 1)[-1] for f in doc["findings"] for o in f["occurrences"]} if doc else set()
        ok(code in (0, 3) and peak < PEAK and {"/below.pem", "/above.pem"} <= places and
           (code == 3) == bool(doc["coverage"]["notes"]), f"{name} as a layer: exit {code}, {peak} MiB, the other layers are told",
           [sorted(places), doc and doc["coverage"]["notes"]])


def cut_and_flipped(tmp, meter, body):
    for kind in ("tar", "tar.gz", "tar.xz", "tar.bz2", "tar.zst", "zip"):
        whole, cut = hostile.cuts(body, kind)
        tree = tmp / f"cut-{kind}"
        tree.mkdir()
        for i, data in enumerate(cut):
            (tree / f"{i:02}.{kind}").write_bytes(data)
        (tree / "zz.pem").write_bytes(body)
        code, _, doc = meter.scan(tmp / "r.json", tree)
        # A tar that ends where an entry does has no end, which many do without; of packed ones a block is lost, of bzip2 900 kB.
        silent = [i for i in range(len(cut)) if not told(doc, f"{i:02}.{kind}") and "last.key" not in inside(doc, f"{i:02}.{kind}")]
        with_first = sum("first.key" in inside(doc, f"{i:02}.{kind}") for i in range(len(cut)))
        places = {o["path"].rsplit("/", 1)[-1] for f in doc["findings"] for o in f["occurrences"]}
        least = {"tar": 45, "zip": 45, "tar.bz2": 0}.get(kind, 25)
        ok(code == 3 and len(silent) <= (3 if kind == "tar" else 0) and "zz.pem" in places and with_first >= least,
           f"{kind} cut at each fiftieth: always told, in {with_first} of {len(cut)} what stands before the cut is found", silent)
        tree = tmp / f"flip-{kind}"
        tree.mkdir()
        for i, data in enumerate(hostile.flips(whole, 500, 11)):
            (tree / f"{i:03}.{kind}").write_bytes(data)
        (tree / "zz.pem").write_bytes(body)
        code, _, doc = meter.scan(tmp / "r.json", tree, program=PQMAP_SAN)
        places = {o["path"].rsplit("/", 1)[-1] for f in doc["findings"] for o in f["occurrences"]} if doc else set()
        ok(code == 3 and "zz.pem" in places, f"{kind} with bits turned, 500 times: read to the end, under sanitizers", code)


INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def index_of(layout, entries):
    return dict(layout.blob(json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}).encode()), mediaType=INDEX)


def lattice(layout, n):
    """Four levels of indexes, each with the one below so many times: n ** 4 ways through."""
    d = index_of(layout, [])
    for _ in range(3):
        d = index_of(layout, [d] * n)
    layout.manifests.append(d)


def own_index(layout):
    """An index that names itself, under a digest that it has not."""
    digest = "0" * 64
    text = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [
        {"digest": f"sha256:{digest}", "size": 1, "mediaType": INDEX}]}).encode()
    (layout.path / "blobs/sha256" / digest).write_bytes(text)
    layout.manifests.append({"digest": f"sha256:{digest}", "size": len(text), "mediaType": INDEX})


def with_layers(layout, n, body):
    d = dict(layout.blob(tar_of([("a.pem", body)])), mediaType="application/vnd.oci.image.layer.v1.tar")
    config = {"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": ["sha256:" + "1" * 64] * n}}
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "layers": [d] * n,
                "config": dict(layout.blob(json.dumps(config).encode()), mediaType="application/vnd.oci.image.config.v1+json")}
    layout.manifests.append(dict(layout.blob(json.dumps(manifest).encode()), mediaType=MANIFEST))


def wrong_size(layout, change, body):
    """The layer's descriptor says another size than its blob has."""
    layers = layout.image([tar_of([("below.pem", body)]), tar_of([("above.pem", body)])], "plain")
    manifest = json.loads(layout.file(layout.manifests[-1]["digest"]).read_bytes())
    manifest["layers"][1]["size"] = layers[1]["size"] + change
    layout.manifests[-1] = dict(layout.blob(json.dumps(manifest).encode()), mediaType=MANIFEST)


def images(tmp, meter, body):
    """Layouts and manifests that lie: a name, what is made of it, the exit code, words of coverage or of the log, and what is found."""
    def raw_index(text):
        return lambda lay: setattr(lay, "raw", text)
    noise = os.urandom(30_000)
    rows = (
        ("the same indexes again and again", lambda lay: lattice(lay, 200), 3, "manifests", ()),
        ("an index in itself", own_index, 3, "", ()),
        ("5,000 layers", lambda lay: with_layers(lay, 5000, body), 3, "limit is 1024", ()),
        ("1,000 layers, sums of them that are not theirs", lambda lay: with_layers(lay, 1000, body), 0, "", ("/a.pem",)),
        ("a layer that says less than it has", lambda lay: wrong_size(lay, -512, body), 3, "layer 2", ("/below.pem",)),
        ("a layer that says more", lambda lay: wrong_size(lay, 1 << 40, body), 3, "layer 2", ("/below.pem",)),
        ("a layer that is no tar", lambda lay: lay.image([tar_of([("below.pem", body)]), noise], "plain"), 3, "layer 2", ("/below.pem",)),
        ("a layer that is text", lambda lay: lay.image([tar_of([("below.pem", body)]), b"hello\n" * 999]), 3, "layer 2", ("/below.pem",)),
        ("layers of nothing", lambda lay: lay.image([tar_of([("below.pem", body)]), b"", bytes(1024)]), 0, "", ("/below.pem",)),
        ("an index of 100 MB", raw_index(b" " * 100_000_000 + b"{}"), 3, "4 MiB", ()),
        ("an index 100,000 deep", raw_index(b"[" * 100_000), 3, "", ()),
        ("an index of 100,000 objects in each other", raw_index(b'{"a":' * 100_000), 3, "", ()),
        ("an index that is not there", raw_index(None), 3, "", ()),
    )
    for i, (name, make, want, words, found) in enumerate(rows):
        layout = Layout(tmp / f"image{i}")
        layout.raw = False
        make(layout)
        layout.write()
        if layout.raw is None:
            (layout.path / "index.json").unlink()
        elif layout.raw:
            (layout.path / "index.json").write_bytes(layout.raw)
        code, peak, doc = meter.scan(tmp / "r.json", f"oci:{layout.path}", tmp / "good.pem")
        said = " ".join(n.get("words", "") for n in doc["coverage"]["notes"]) if doc else "no report"
        places = {o["path"].split(" › ", 1)[-1] for f in doc["findings"] for o in f["occurrences"]} if doc else set()
        ok(code == want and peak < PEAK and words in said and set(found) <= places and str(tmp / "good.pem") in places,
           f"{name}: exit {code}, {peak} MiB", [said[:300], sorted(places)[:4]])
    return len(rows)


def marks(tmp, meter, body, other):
    """Whiteouts and links that builders do not write."""
    base = [(n, body) for n in ("a.pem", "d/b.pem", "d/e/c.pem", "x/y.pem", "real/k.pem", ".wh.pem", "f/g.pem")]
    rows = (
        ("root made opaque", [(".wh..wh..opq", b"")], {"a.pem", "d/b.pem", "d/e/c.pem", "x/y.pem", "real/k.pem", "f/g.pem"}),
        ("a whiteout without a name", [(".wh.", b""), ("d/.wh.", b"")], set()),
        ("whiteouts of . and ..", [(".wh..", b""), (".wh...", b""), ("d/.wh..", b""), ("d/e/.wh...", b"")], set()),
        ("a whiteout as a folder", [("d/.wh.b.pem/x", b"")], set()),
        ("opaque, as a folder", [("d/.wh..wh..opq/x", b"")], set()),
        ("a whiteout that leads out", [("../.wh.a.pem", b""), ("d/../.wh.a.pem", b"")], set()),
        ("a whiteout of a folder", [(".wh.d", b"")], {"d/b.pem", "d/e/c.pem"}),
        ("a whiteout and the file again", [(".wh.a.pem", b""), ("a.pem", other)], {"a.pem"}),
        ("the file and a whiteout of it", [("a.pem", other), (".wh.a.pem", b"")], {"a.pem"}),
        ("with a slash at its end", [("d/.wh.e/", None)], {"d/e/c.pem"}),
        ("absolute", [("/x/.wh.y.pem", b"")], {"x/y.pem"}),
        ("a link in place of a folder", [link("d", "real", b"2")], {"d/b.pem", "d/e/c.pem"}),
        ("links in a circle", [link("l1", "l2", b"2"), link("l2", "l1", b"2"), ("l1/.wh.x", b"")], set()),
        ("hard links to what is hidden, missing or in itself", [(".wh.a.pem", b""), link("h1", "a.pem"), link("h2", "nowhere"),
                                                                  link("h3", "h3"), link("h4", "/f/g.pem"), link("h5", "../../f/g.pem")],
         {"a.pem"}),
    )
    for i, (name, upper, hidden) in enumerate(rows):
        layout = Layout(tmp / f"mark{i}")
        layout.image([tar_of(base), tar_of(upper)], "plain")
        code, _, doc = meter.scan(tmp / "r.json", f"oci:{layout.path}")
        got = {o["path"].split("hidden by layer 2 › /", 1)[-1] for f in doc["findings"] for o in f["occurrences"]
               if "layer 1, hidden by layer 2 › /" in o["path"]}
        ok(code in (0, 3) and got == hidden, f"{name}: {len(hidden)} hidden", sorted(got))
    return len(rows)


def many(tmp, meter):
    n = 1_000_000
    tree = tmp / "many"
    tree.mkdir()
    for name, data in (("many.tar.gz", hostile.many_in_tar(n)), ("many.zip", hostile.many_in_zip(n))):
        (tree / name).write_bytes(data)
        code, peak, doc = meter.scan(tmp / "r.json", tree / name)
        ok(code == 0 and peak < PEAK and not doc["coverage"]["notes"], f"{name}: {n} entries, {peak} MiB", [code, peak, doc["coverage"]["notes"]])
        (tree / name).unlink()
    for i in range(100_000):
        (tree / f"{i}").write_bytes(b"x")
    code, peak, doc = meter.scan(tmp / "r.json", tree)
    ok(code == 0 and doc["coverage"]["seen"] == doc["coverage"]["read"] == 100_000 and peak < PEAK, f"100,000 files in one folder, {peak} MiB",
       [code, doc["coverage"]])


def nothing_is_made(tmp, cases):
    """Whatever the names say, nothing appears beside the report."""
    tree = tmp / "made"
    tree.mkdir()
    for name in ("up.tar", "root.tar", "kinds.tar", "sparse.tar", "back.zip", "dots.tar", "long.tar"):
        (tree / name).write_bytes(cases[name].data)
    mark = tmp / "mark"
    mark.write_text("")
    r = run("scan", tree, "-q", "--no-cache", cwd=tree)
    made = sorted(str(p) for p in tree.rglob("*") if p.stat().st_mtime_ns > mark.stat().st_mtime_ns)
    up = [str(p) for p in (tmp / "../../../etc/up.key", pathlib.Path("/etc/root.key"), tmp / "first.key") if p.exists()]
    ok(r.returncode in (0, 3) and not made and not up, "names and links make nothing on the disk", err(r) + str(made + up))


def main():
    with tmpdir() as d:
        tmp = pathlib.Path(d)
        meter = Meter()
        body = key()
        cases = hostile.cases(body)
        tree = as_files(tmp, meter, cases)
        in_one_folder(tmp, meter, cases, tree, body)
        in_a_layer(tmp, meter, cases, body)
        shutil.rmtree(tree)
        (tmp / "good.pem").write_bytes(body)
        n = images(tmp, meter, body) + marks(tmp, meter, body, key())
        cut_and_flipped(tmp, meter, body)
        many(tmp, meter)
        nothing_is_made(tmp, cases)
        meter.end()
        print(f"note - {len(cases)} kinds of archives, {n} of images, 294 cuts, 3000 with turned bits")
    done()


main()
