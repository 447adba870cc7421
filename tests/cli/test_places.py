#!/usr/bin/python3
"""Where a thing is, as each format says it: the line of armour in a text, no line of a program, no line of an archive for what is
packed in it, paths from the folder of the run, an image at the manifest that names it and without its tag."""
import csv
import io
import json
import os
import pathlib
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET

from kit import PQMAP_SAN, REPO, done, err, ok, out, run, skip, tmpdir

sys.path.insert(0, str(REPO / "tests/images"))
from make import Layout, packed, tar_of  # noqa: E402
from related import Server, Store  # noqa: E402

NOW = ("--now", "2026-11-22", "--no-cache", "-q")


def key():
    return subprocess.run(["openssl", "genpkey", "-algorithm", "ED25519"], capture_output=True, check=True).stdout


def sarif(target, *more, cwd=None, env=None):
    """[(uri, line, column, properties, logical name, fingerprint)]"""
    r = run("scan", target, *NOW, "-o", "sarif", *more, cwd=cwd, env=env)
    found = []
    for x in json.loads(r.stdout)["runs"][0]["results"]:
        for loc in x["locations"]:
            at = loc["physicalLocation"]
            found.append((at["artifactLocation"]["uri"], at["region"]["startLine"], at["region"]["startColumn"], loc.get("properties"),
                          loc.get("logicalLocations", [{}])[0].get("fullyQualifiedName"), x["partialFingerprints"]["primaryLocationLineHash"]))
    return found


def lines(d):
    """Bytes in front of a key, and its line and column; 0: no line."""
    table = [
        ("nothing", b"", 1, 1), ("three lines", b"a\nb\n\n", 4, 1), ("an indented text", b"a:\n  ", 2, 3), ("lines of Windows", b"a\r\nb\r\n", 3, 1),
        ("a quote", b"# x\nk = '", 2, 6), ("a mark of UTF-8", b"\xef\xbb\xbfa\n", 2, 1), ("Latin letters", "äöü\n".encode("latin-1"), 2, 1),
        ("one long line", b"x" * 70000 + b"\n", 2, 1), ("many lines", b"x\n" * 5000, 5001, 1), ("a zero", b"a\n\0b\n", 0, 0),
        ("a zero further on", b"a\n" * 2000 + b"\0\n", 0, 0), ("a program's head", b"\x7fELF\x02\x01\x01" + b"\0" * 60 + b"\n", 0, 0),
        ("20 MiB of text", b"0123456789abcde\n" * (20 << 16), 0, 0),
    ]
    for words, front, line, col in table:
        path = d / "lines" / "file.txt"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(front + key())
        r = run("scan", "file.txt", *NOW, "-o", f"json={d}/a.json", "-o", f"csv={d}/a.csv", cwd=path.parent, program=PQMAP_SAN)
        doc = json.loads((d / "a.json").read_text())
        at = [o for f in doc["findings"] if f["rule"] == "key.private" for o in f["occurrences"]]
        row = [x["offset"] for x in csv.DictReader(io.StringIO((d / "a.csv").read_text())) if x["rule"] == "key.private"]
        if not ok(r.returncode == 0 and len(at) == 1 and row == [str(len(front))] and at[0]["offset"] == len(front),
                  f"behind {words}: the offset stays the offset, in JSON and CSV", err(r) + str(at) + str(row)):
            continue
        ok((at[0].get("text_line", 0), at[0].get("text_column", 0)) == (line, col), f"behind {words}: line {line}, column {col}", at)
        got = sarif("file.txt", cwd=path.parent)[0]
        ok(got[:3] == ("file.txt", line or 1, col or 1) and (line > 0) == (got[3] is None), f"behind {words}: SARIF", got)
        ok(run("report", d / "a.json", "-q", "-o", "json").stdout == (d / "a.json").read_bytes(), f"behind {words}: a saved report says the same")
    # Several, in order, in one file: each has its own.
    body, want = b"", []
    for i in range(5):
        body += b"# here\n" * i
        want.append(body.count(b"\n") + 1)
        body += key()
    (d / "lines/file.txt").write_bytes(body)
    ok(sorted(x[1] for x in sarif("file.txt", cwd=d / "lines")) == want, "five keys in a file: each at its line", want)
    der = subprocess.run(["openssl", "pkey", "-outform", "DER"], input=key(), capture_output=True, check=True).stdout
    (d / "lines/file.txt").write_bytes(der)
    ok(sarif("file.txt", cwd=d / "lines")[0][1:3] == (1, 1), "DER has no lines: 1:1")


def formats(d):
    top = d / "formats"
    (top / "in").mkdir(parents=True)
    (top / "in/app.conf").write_bytes(b"# one\n# two\n" + key())
    (top / "in/app.tar").write_bytes(tar_of([("etc/k.pem", b"\n\n" + key())]))
    r = run("gate", ".", "--now", "2026-11-22", cwd=top)
    ok("in/app.conf:3:1\n" in out(r), "the terminal", out(r))
    r = run("gate", ".", *NOW, "-o", "github", cwd=top)
    ok(",line=3,col=1," in out(r) and "file=in/app.tar,title=" in out(r), "GitHub: a line of the text, none of the archive", out(r))
    doc = json.loads(run("gate", ".", *NOW, "-o", "gitlab", cwd=top).stdout)
    ok({(x["location"]["path"], x["location"]["lines"]["begin"]) for x in doc} == {("in/app.conf", 3), ("in/app.tar", 1)}, "GitLab", doc)
    text = "".join(ET.fromstring(run("gate", ".", *NOW, "-o", "junit", cwd=top).stdout).itertext())
    ok("in/app.conf:3:1" in text and "etc/k.pem:3:1" in text, "JUnit: also the line in the member of the archive", text)
    ok("in/app.conf:3" in out(run("gate", ".", *NOW, "-o", "markdown", cwd=top)), "Markdown")
    boms = json.loads(run("scan", ".", *NOW, "-o", "cbom", cwd=top).stdout)
    at = [o for c in boms["components"] for o in c.get("evidence", {}).get("occurrences", []) if o["location"].endswith("app.conf")]
    ok(at and all(o["line"] == 3 and o["offset"] == 12 for o in at), "CycloneDX: line and offset", at)
    got = {x[0]: x[1] for x in sarif(".", cwd=top)}
    ok(got == {"in/app.conf": 3, "in/app.tar": 1}, "SARIF", got)
    # A baseline of the time before lines, and of another place, still knows them.
    base = d / "base.json"
    run("gate", ".", *NOW, "--write-baseline", base, cwd=top)
    (top / "in/app.conf").write_bytes(b"# more\n" * 40 + (top / "in/app.conf").read_bytes())
    ok(run("gate", ".", *NOW, "--baseline", base, cwd=top).returncode == 0, "ids do not know lines")


def paths(d):
    top = d / "paths/repo"
    (top / "a/b").mkdir(parents=True)
    (top / "a/b/k.pem").write_bytes(key())
    os.symlink(top, d / "paths/link")
    for words, target, cwd, want in (
            ("the folder here", ".", top, "a/b/k.pem"), ("a folder below", "a", top, "a/b/k.pem"), ("./ in front", "./a/", top, "a/b/k.pem"),
            ("an absolute folder, here", top, top, "a/b/k.pem"), ("an absolute file, here", top / "a/b/k.pem", top, "a/b/k.pem"),
            ("an absolute folder, elsewhere", top, d, "paths/repo/a/b/k.pem"), ("an absolute folder, outside", top, "/usr", "a/b/k.pem"),
            ("an absolute file, outside", top / "a/b/k.pem", "/usr", "k.pem"), ("the root as the folder here", top / "a", "/", None),
            ("a folder beside", "../../a", top / "a/b", "b/k.pem"), ("a file above", "../b/k.pem", top / "a/b", "k.pem"),
            ("a link to it", d / "paths/link", "/usr", "a/b/k.pem")):
        got = [x[0] for x in sarif(target, cwd=cwd)]
        want = str(top / "a/b/k.pem")[1:] if want is None else want
        ok(got == [want], f"{words}: {want}", got)
    # A sibling whose name begins the same is not below.
    (d / "paths/rep").mkdir()
    (d / "paths/rep/x.pem").write_bytes(key())
    got = sorted(x[0] for x in sarif(d / "paths/rep", str(top), cwd="/usr"))
    ok(got == ["a/b/k.pem", "x.pem"], "two targets, one name the beginning of the other", got)


def images(d):
    secret = key()
    layers = [tar_of([("srv/k.pem", b"\n" + secret), ("srv/app.jar", b"x")])]
    got = []
    for tag in ("v1", "v2"):
        shutil.rmtree(d / "image", ignore_errors=True)
        Layout(d / "image").image(layers, tag=f"registry.example/team/app:{tag}")
        got += [sarif("oci:image", cwd=d), sarif(f"oci:{d}/image:registry.example/team/app:{tag}", cwd="/usr")]
    ok(got[0] == got[2] and got[1] == got[3] and got[0][0][5] == got[1][0][5], "another tag: the same place and fingerprint", got)
    ok(got[0][0][0] == "image/srv/k.pem" and not got[1][0][0].startswith(("/", "oci")), "a layout is a folder like others", got)
    ok(got[0][0][1:3] == (2, 1), "in an image a line is the file's", got[0])
    store = Store()
    for tag in ("v1", "v2"):
        store.image(layers, tag, packed)
    server = Server(store)
    env = {"HOME": str(d), "no_proxy": "127.0.0.1", "DOCKER_CONFIG": "", "REGISTRY_AUTH_FILE": ""}
    found = []
    try:
        for tag in ("v1", "v2"):
            top = d / "manifests"
            top.mkdir(exist_ok=True)
            (top / "pod.yaml").write_text("apiVersion: v1\nkind: Pod\nmetadata: { name: p }\nspec:\n  containers:\n  - name: c\n    image: "
                                          f"{server.host}/team/app:{tag}\n")
            found.append([x for x in sarif(".", "--follow", "images", "--platform", "linux/amd64", cwd=top, env=env) if "k.pem" in str(x[4])])
    finally:
        server.stop()
    if not ok(len(found[0]) == 1, "an image that a manifest names is read", found):
        return
    ok(found[0][0][:2] == ("pod.yaml", 7), "its findings stand at the line that names it", found[0])
    ok("srv/k.pem" in found[0][0][4], "and say where in it", found[0])
    ok([x[:3] + x[5:] for x in found[0]] == [x[:3] + x[5:] for x in found[1]], "another tag there: the same place and fingerprint", found)


with tmpdir() as folder:
    lines(pathlib.Path(folder))
    formats(pathlib.Path(folder))
    paths(pathlib.Path(folder))
    images(pathlib.Path(folder))
done()
