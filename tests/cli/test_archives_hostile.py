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
from make import Layout, tar_of  # noqa: E402

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


def many(tmp, meter):
    n = 1_000_000
    tree = tmp / "many"
    tree.mkdir()
    for name, data in (("many.tar.gz", hostile.many_in_tar(n)), ("many.zip", hostile.many_in_zip(n))):
        (tree / name).write_bytes(data)
        code, peak, doc = meter.scan(tmp / "r.json", tree / name)
        ok(code == 0 and peak < PEAK and not doc["coverage"]["notes"], f"{name}: {n} entries, {peak} MiB", [code, peak, doc["coverage"]["notes"]])
        (tree / name).unlink()


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
        cut_and_flipped(tmp, meter, body)
        many(tmp, meter)
        nothing_is_made(tmp, cases)
        meter.end()
        print(f"note - {len(cases)} kinds of archives, 294 cuts, 3000 with turned bits")
    done()


main()
