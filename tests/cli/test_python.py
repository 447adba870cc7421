#!/usr/bin/env python3
"""Compiled Python modules: what they call, with which sizes and curves, checked by the disassembler of each Python that is here."""
import json
import pathlib
import re
import shutil
import subprocess
import sys

from kit import REPO, done, err, ok, run, skip, tmpdir

SOURCES = REPO / "tests/cli/python_sources"


def pythons():
    """Interpreters by version: this one, those on the path, those of pyenv."""
    found = {}
    candidates = [sys.executable, *(shutil.which(f"python3.{n}") for n in range(6, 15))]
    if shutil.which("pyenv"):
        root = subprocess.run(["pyenv", "root"], capture_output=True, text=True).stdout.strip()
        candidates += sorted(map(str, pathlib.Path(root).glob("versions/3.*/bin/python3"))) if root else []
    for c in candidates:
        r = c and subprocess.run([c, "-c", "import sys; print(*sys.version_info[:2])"], capture_output=True, text=True)
        if r and r.returncode == 0:
            found.setdefault(tuple(map(int, r.stdout.split())), c)
    return dict(sorted(found.items()))


def scan(target, report):
    r = run("scan", target, "--no-cache", "-o", f"json={report}")
    return r, json.loads(report.read_bytes())


def rows(doc):
    for f in doc["findings"]:
        for o in f["occurrences"]:
            yield f, o, {a["key"]: a["value"] for a in o["attributes"]}


def labels(path):
    want = []
    for n, line in enumerate(path.read_text().splitlines(), 1):
        # A compiler may make two calls of one: then each has its own size.
        want += [(n, m[1], "" if p == "-" else p) for m in re.finditer(r"  #= (\S+) (\S+)$", line) for p in m[2].split("/")]
    return sorted(want)


# What the interpreter's own disassembler says stands at an offset of the file.
DIS = r"""
import dis, marshal, sys, json, types
body = open(sys.argv[1], 'rb').read()
code = marshal.loads(body[12 if sys.version_info < (3, 7) else 16:])
out = {}
def walk(c):
    at = body.find(c.co_code)
    while at >= 0:  # functions may have the same instructions
        for i in dis.get_instructions(c):
            if i.opname.startswith('CALL') and 'INTRINSIC' not in i.opname:
                out.setdefault(str(at + i.offset), []).append(c.co_name)
        at = body.find(c.co_code, at + 1)
    for k in c.co_consts:
        if isinstance(k, types.CodeType):
            walk(k)
walk(code)
print(json.dumps(out))
"""


def labelled(tmp, version, python):
    name = f"{version[0]}.{version[1]}"
    d = tmp / name
    d.mkdir()
    for f in SOURCES.glob("*.py"):
        (d / f.name).write_text(f.read_text())
    r = subprocess.run([python, "-m", "compileall", "-q", "-b", str(d)], capture_output=True, text=True)
    if r.returncode != 0:
        skip(f"Python {name} does not compile the samples: {r.stdout.strip()[:200]}")
        return 0, 0, 0, 0
    for f in d.glob("*.py"):
        f.unlink()
    r, doc = scan(d, tmp / "report.json")
    got, calls = {}, []
    for f, o, a in rows(doc):
        got.setdefault(pathlib.Path(o["path"]).name, []).append((int(a.get("source_line", 0)), f["family"], f["parameter"]))
        calls.append((o["path"], o["offset"], a["in"].rsplit(".", 1)[-1]))
        ok(f["meaning"] == "use" and a["python"] == name, f"Python {name}: a use, by that version", (f, a)) if f["meaning"] != "use" else None
    want = labels(SOURCES / "uses.py")
    have = sorted(got.get("uses.pyc", []))
    sites = {(n, fam) for n, fam, _ in want}
    found = {(n, fam) for n, fam, _ in have}
    right = len(sites & found)
    bad = [(n, fam, p) for n, fam, p in have if (n, fam) in sites and p != "" and (n, fam, p) not in want]
    known = [w for w in want if w[2]]
    ok(found == sites, f"Python {name}: each call that uses it, and no other", f"missed {sorted(sites - found)}\n    wrong {sorted(found - sites)}")
    ok(not bad, f"Python {name}: no size or curve is wrong", bad)
    known = [w for w in known if (w[0], w[1], "") not in want]
    ok(all(w in have for w in known), f"Python {name}: sizes and curves that the code says", [w for w in known if w not in have])
    ok(not got.get("clean.pyc"), f"Python {name}: no use in code that has none", got.get("clean.pyc"))
    ok(not doc["coverage"]["notes"], f"Python {name}: all of it is read", doc["coverage"]["notes"])
    ok("very secret words" not in json.dumps(doc), f"Python {name}: arguments that may be secrets are not repeated")
    dis = json.loads(subprocess.run([python, "-c", DIS, str(d / "uses.pyc")], capture_output=True, text=True).stdout)
    wrong = [c for c in calls if c[0].endswith("uses.pyc") and c[2] not in dis.get(str(c[1]), [])]
    ok(calls and not wrong, f"Python {name}: its disassembler has a call at each place, in that function", wrong[:5])
    return right, len(found - sites), len(sites - found), len(bad)


with tmpdir() as tmp:
    tmp = pathlib.Path(tmp)
    total = [0, 0, 0, 0]
    for version, python in pythons().items():
        if version >= (3, 14):
            continue
        total = [a + b for a, b in zip(total, labelled(tmp, version, python))]
    right, wrong, missed, bad = total
    print(f"calls: {right} right, {wrong} wrong, {missed} missed: precision {right / max(right + wrong, 1):.3f}, recall {right / max(right + missed, 1):.3f}; "
          f"{bad} wrong parameters")
done()
