#!/usr/bin/env python3
"""Every format that has a schema or documented limits is valid, over every folder of fixtures, all of them at once, the corpus of
manifests, programs, an image and nothing at all; scanned and gated. Then the validator itself: what is wrong is refused."""
import base64
import contextlib
import io
import json
import pathlib
import sys

from kit import REPO, done, err, ok, run, skip, tmpdir

sys.path.insert(0, str(REPO / "tests"))
sys.path.insert(0, str(REPO / "tests/images"))
import validate  # noqa: E402
from make import Layout, tar_of  # noqa: E402

# The ending says by what a file is checked.
FORMATS = {"json": "json", "jsonl": "jsonl", "cbom": "cdx.json", "cbom-1.7": "17.cdx.json", "sarif": "sarif", "junit": "xml",
           "gitlab": "gl.json", "github": "github", "prom": "prom"}
missing = set()


def check(path):
    """What is wrong with it; None: its schema is not here."""
    words = io.StringIO()
    with contextlib.redirect_stdout(words):
        wrong = validate.check(str(path))
    if wrong is None:
        missing.add(words.getvalue().split("SKIPPED, ")[1].strip())
    return wrong


def outputs(tmp, name, target, *options):
    n = 0
    for command, codes in (("scan", (0,)), ("gate", (0, 1))):
        files = {f: tmp / f"{command}-{name}.{end}" for f, end in FORMATS.items()}
        r = run(command, target, *options, "--now", "2026-11-22", "-q", *(x for f, p in files.items() for x in ("-o", f"{f}={p}")), cwd=REPO,
                timeout=300)
        ok(r.returncode in codes, f"{name}: {command}", err(r))
        wrong = {f: w for f, w in ((f, check(p)) for f, p in files.items()) if w}
        ok(not wrong, f"{name}: {command}, {len(files)} formats are valid", str(wrong)[:1200])
        n += len(files)
    return n


# A change of a good output, and what must be said of it.
WRONG = {
    "sarif": [('"uri": "', '"uri": "/', "not relative"), ('"uri": "', '"uri": "https://x/', "not relative"), ('"uri": "', '"uri": "../', "not normal"),
              ('"startLine": ', '"startLine": 0', "region"), ('"endLine": ', '"endLine": -', "region"),
              ('"primaryLocationLineHash": "', '"primaryLocationLineHash": "", "x": "', "fingerprint"),
              ('"security-severity": "', '"security-severity": "x', "security-severity"), ('"precision": "', '"precision": "x', "precision"),
              ('"tags": [', '"tags": [ "1","2","3","4","5","6","7","8",', "tags"), ('"security"', '"secure"', "tags"),
              ('"ruleIndex": ', '"ruleIndex": 9', "another rule"), ('"id": "pqmap/path', '"id": "', "categories"),
              ('"text": "', '"text": "' + "x" * 1024, "characters"), ('"text": "', '"text": " ", "markdown": "', "no text")],
    "xml": [('failures="', 'failures="9', "failures"), ('classname="', 'klass="', "case"), ("<failure", "<broken", "no XML")],
    "gl.json": [('"path": "', '"path": "/', "path"), ('"severity": "', '"severity": "x', "severity"), ('"begin": ', '"begin": 0', "line"),
                ('"fingerprint": "', '"fingerprint": "", "x": "', "fingerprint"), ('"description"', '"text"', "description")],
    "github": [("::", ":", "no command"), ("file=", "file=/", "place"), ("title=", "titel=", "properties"), (",line=", ",line=x", "place")],
    "prom": [("# TYPE", "# KIND", ""), (" gauge", " gouge", "TYPE"), ("{", "{9", "label")],
    "json": [('"algorithm"', '"algoritm"', ""), ('"findings": [', '"found": [', "")],
    "cdx.json": [('"assetType"', '"assetTyp"', ""), ('"bom-ref": "', '"bom-ref": "x', "")],
}


def refusals(tmp):
    for end, changes in WRONG.items():
        text = (tmp / f"gate-cluster.{end}").read_text()
        for old, new, words in changes:
            # The digits of a number that is made too small go with it.
            changed = text.replace(old, new, 1)
            if new.endswith("0"):
                at = changed.index(new) + len(new)
                changed = changed[:at] + changed[at:].lstrip("0123456789")
            bad = tmp / f"bad.{end}"
            bad.write_text(changed)
            wrong = check(bad)
            ok(old in text and (wrong is None or any(words in w for w in wrong)), f"a wrong .{end} is refused: {new[:40]!r}", wrong)


def limits(tmp):
    """More results than GitHub keeps: those of the most weight are written, and it is told."""
    top = tmp / "many"
    top.mkdir()
    # A private key of Ed25519 is any 32 bytes behind its head [RFC8410 section 7].
    head = bytes.fromhex("302e020100300506032b657004220420")
    text = "".join("-----BEGIN PRIVATE KEY-----\n" + base64.b64encode(head + i.to_bytes(32, "big")).decode() + "\n-----END PRIVATE KEY-----\n"
                   for i in range(1, 5301))
    (top / "keys.txt").write_text(text)
    r = run("gate", top, "--now", "2026-11-22", "-q", "-o", f"sarif={tmp}/many.sarif", cwd=REPO)
    doc = json.loads((tmp / "many.sarif").read_text())["runs"][0]
    told = [n["message"]["text"] for n in doc["invocations"][0]["toolExecutionNotifications"]]
    ok(r.returncode == 1 and len(doc["results"]) == 5000 and told[0].startswith("truncated: the 5000 results of the most weight of 5300"),
       "5,300 results: 5,000, and the rest is told", (len(doc["results"]), told[:1]))
    ok(not check(tmp / "many.sarif"), "and they are valid", check(tmp / "many.sarif"))


with tmpdir() as folder:
    tmp = pathlib.Path(folder)
    (tmp / "empty").mkdir()
    (tmp / "empty/text").write_text("nothing here\n")
    n = 0
    for folder in sorted(p for p in (REPO / "fixtures").iterdir() if p.is_dir()):
        n += outputs(tmp, folder.name, f"fixtures/{folder.name}", *(("--regime", "us-eo-14412") if folder.name == "cluster" else ()))
    n += outputs(tmp, "all", "fixtures", "--expand-trust-stores")
    n += outputs(tmp, "absolute", str(REPO / "fixtures/material"))
    n += outputs(tmp, "programs", "/usr/bin")
    n += outputs(tmp, "nothing", tmp / "empty")
    Layout(tmp / "image").image([tar_of([(f"srv/{p.name}", p.read_bytes()) for p in sorted((REPO / "fixtures/material").iterdir())
                                         if p.is_file()])])
    n += outputs(tmp, "image", f"oci:{tmp / 'image'}", "--no-cache")
    corpus = REPO.parent / "shared/corpus/k8s"
    if corpus.is_dir():
        for folder in sorted(p for p in corpus.iterdir() if p.is_dir()):
            n += outputs(tmp, f"corpus-{folder.name}", folder)
    else:
        skip("../shared/corpus is not here")
    for words in missing:
        skip(words)
    ok(n >= 500, f"{n} outputs were looked at")
    ok(list(validate.same_definitions()) == [], "schemas that share definitions agree")
    refusals(tmp)
    limits(tmp)
done()
