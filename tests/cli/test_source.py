#!/usr/bin/env python3
"""Program text: labelled files by language, roles, limits, what must not leak."""
import collections
import csv
import io
import json
import pathlib
import re

from kit import REPO, done, ok, out, run, tmpdir

LABELLED = REPO / "fixtures" / "source"
# = FAMILY PARAMETER OPERATION [; …] behind # or //, ! why for a trap
MARK = re.compile(r"(?:#|//) ([=!]) (.*)$")


def labels(folder):
    truth, traps = collections.Counter(), 0
    for path in sorted(folder.iterdir()):
        for n, line in enumerate(path.read_text().splitlines(), 1):
            m = MARK.search(line)
            if m and m[1] == "!":
                traps += 1
            elif m:
                for one in m[2].split(";"):
                    truth[(path.name, n, *one.split())] += 1
    return truth, traps


def findings(*args, **kw):
    return json.loads(out(run("scan", "-q", *args, "-o", "json", **kw)))


def found(folder):
    got = collections.Counter()
    for f in findings(folder)["findings"]:
        if not f["rule"].startswith("source."):
            continue
        for o in f["occurrences"]:
            attr = {a["key"]: a["value"] for a in o["attributes"]}
            line = int(str(o["line"] if "line" in o else o["place"].split(":")[0]))
            got[(pathlib.Path(o["path"]).name, line, f["family"], f.get("parameter") or "-", attr["operation"])] += 1
    return got


for folder in sorted(p for p in LABELLED.iterdir() if p.is_dir() and any(p.iterdir())):
    truth, traps = labels(folder)
    got = found(folder)
    right = sum((truth & got).values())
    wrong, missed = got - truth, truth - got
    n = sum(truth.values())
    precision, recall = right / max(1, sum(got.values())), right / max(1, n)
    name = folder.name
    print(f"# {name}: {n} labelled, {traps} traps: precision {precision:.3f}, recall {recall:.3f}")
    ok(n >= 25 and traps >= 15, f"{name}: at least 25 labelled calls and 15 traps", (n, traps))
    ok(not wrong, f"{name}: nothing is told that is not there", sorted(wrong))
    ok(not missed, f"{name}: every labelled call is found", sorted(missed))
    by_place = {k[:3]: k[3] for k in truth}
    bad = [k for k in got if k[:3] in by_place and k[3] != "-" and by_place[k[:3]] != k[3]]
    ok(not bad, f"{name}: no wrong parameter", bad)

KEY = "from cryptography.hazmat.primitives.asymmetric import rsa\ndef make():\n    return rsa.generate_private_key(65537, 2048)\n"

with tmpdir() as tmp:
    tmp = pathlib.Path(tmp)
    for path in ("app/main.py", "app/tests/test_main.py", "app/examples/a.py", "app/regress/a.py", "app/vendor/x/a.py", "lib/site-packages/cryptography/hazmat/a.py",
                 "bin/tool", "README.md"):
        (tmp / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp / path).write_text(("#!/usr/bin/env python3\n" if path == "bin/tool" else "# " + path + "\n") + KEY)
    rows = {r["path"].split(str(tmp) + "/")[-1]: r for r in csv.DictReader(io.StringIO(out(run("scan", "-q", tmp, "-o", "csv"))))}
    ok({p: r["meaning"] for p, r in rows.items()} == {
        "app/main.py": "use", "app/tests/test_main.py": "offer", "app/examples/a.py": "offer", "app/vendor/x/a.py": "offer",
        "lib/site-packages/cryptography/hazmat/a.py": "offer", "app/regress/a.py": "offer", "bin/tool": "use"}, "what tests, examples and vendored code call is an offer", rows)
    ok(rows["app/main.py"]["offset"] == "4:12" and rows["app/main.py"]["object"] == "make" and rows["app/main.py"]["evidence"] == "linked",
       "line, column, function and evidence of a call", rows["app/main.py"])

    (tmp / "s").mkdir()
    (tmp / "s/a.py").write_text('import jwt\nt = jwt.encode({"user": "hunter-two"}, "hunter-two-secret", algorithm="RS256")\n')
    text = out(run("scan", "-q", tmp / "s", "-o", "json"))
    ok("source.python.jwt" in text and "hunter" not in text, "texts of strings are not told", text[-800:])
    ok('algorithm=\\"RS256\\"' in text, "but names of algorithms are")

    (tmp / "m").mkdir()
    (tmp / "m/min.js").write_text("var a=1;" * 2000 + "require('crypto').createECDH('secp256k1');")
    doc = findings(tmp / "m")
    ok("minified" in json.dumps(doc["coverage"]), "minified text is said to be left out", doc["coverage"])
    (tmp / "m/big.py").write_text(KEY + "# x\n" * (5 << 18))
    doc = findings(tmp / "m/big.py")
    ok("4 MiB" in json.dumps(doc["coverage"]) and not doc["findings"], "so is text of more than 4 MiB", doc["coverage"])

    one = out(run("scan", "-q", LABELLED, "-o", "csv", "-j1"))
    ok(one == out(run("scan", "-q", LABELLED, "-o", "csv", "-j4")), "the same at any number of threads")
done()
