#!/usr/bin/env python3
"""Assemblies of .NET: calls of its cryptography, against what the source says; packages of deps.json."""
import json
import pathlib
import re
import shutil
import struct
import subprocess

from kit import REPO, done, err, ok, out, run, skip, tmpdir

SOURCE = REPO / "fixtures/dotnet/Calls.cs"


def findings(path):
    doc = json.loads(out(run("scan", path, "-o", "json")))
    rows = [{**{k: f.get(k, "") for k in ("rule", "meaning", "family", "parameter", "quantum")}, "object": o.get("object", ""),
             "offset": o.get("offset"), "path": o["path"], **{a["key"]: a["value"] for a in o["attributes"]}}
            for f in doc["findings"] for o in f["occurrences"] if f["rule"].startswith("dotnet.")]
    return rows, doc["coverage"].get("notes", [])


def compiled(tmp, *flags):
    want = {}
    for line in SOURCE.read_text().splitlines():
        m = re.search(r"(\w+)\([^()]*\) \{.*// want: (\S+) (\S+) (.*)$", line)
        if m:
            want[f"Calls.{m.group(1)}"] = m.groups()[1:]
    name = "app.exe" if "-target:library" not in flags else "app.dll"
    p = tmp / name
    r = subprocess.run(["mcs", "-nologo", *flags, f"-out:{p}", SOURCE], capture_output=True, text=True)
    what = " ".join(flags) or "as it is"
    if not ok(r.returncode == 0, f"{what}: compiled", r.stdout + r.stderr):
        return p
    rows, notes = findings(p)
    body = p.read_bytes()
    got = {}
    strange, parameters = [], 0
    for x in rows:
        fact = (x["family"], x["parameter"] or "-", x["operation"])
        if want.get(x["object"]) == fact:
            got[x["object"]] = fact
        elif x["quantum"] == "broken" or x["object"] in want:
            strange.append((x["object"], fact, want.get(x["object"])))
            parameters += x["object"] in want and fact[1] != "-"
    precision = len(got) / max(1, len(got) + len(strange))
    recall = len(got) / len(want)
    ok(precision >= 0.98 and recall >= 0.95, f"{what}: {len(want)} facts, precision {precision:.3f}, recall {recall:.3f}",
       f"missed {sorted(set(want) - set(got))}\n    strange {strange}")
    astray = [x for x in rows if body[x["offset"]] not in (0x28, 0x6F, 0x73)]
    ok(rows and not astray, f"{what}: at each offset stands a call", astray)
    ok(parameters == 0, f"{what}: {parameters} parameters wrong", strange)
    bad = [x for x in rows if x["object"].startswith("Controls.") and x["quantum"] == "broken"]
    ok(not bad and not notes, f"{what}: ten controls are not accused", (bad, notes))
    return p


def lies(tmp, path):
    """The metadata, with each of its first words wrong; and cut off."""
    body = path.read_bytes()
    d = tmp / "lies"
    d.mkdir()
    root = body.index(b"BSJB")
    for at in range(root, min(len(body) - 4, root + 400), 4):
        for v in (0, 0x7fffffff, 0xffffffff):
            (d / f"{at}-{v}").write_bytes(body[:at] + struct.pack("<I", v) + body[at + 4:])
    for n in range(512, len(body), 97):
        (d / f"cut{n}").write_bytes(body[:n])
    r = run("scan", d, "-o", "json")
    ok(r.returncode == 0, "metadata that lies is scanned to the end", err(r)[-300:])


with tmpdir() as tmp:
    tmp = pathlib.Path(tmp)
    if shutil.which("mcs") is None:
        skip("no mcs: the assemblies of fixtures/dotnet are not compiled")
    else:
        p = compiled(tmp)
        compiled(tmp, "-optimize+")
        compiled(tmp, "-debug", "-target:library")
        lies(tmp, p)
    (tmp / "d").mkdir()
    (tmp / "d/app.deps.json").write_text(json.dumps({"libraries": {
        "BouncyCastle.Cryptography/2.4.0": {"type": "package"}, "Newtonsoft.Json/13.0.3": {"type": "package"}}}))
    rows, _ = findings(tmp / "d")
    ok([(x["meaning"], x.get("library"), x.get("version")) for x in rows] == [("offer", "bouncycastle-net", "2.4.0")],
       "a package of cryptography in deps.json is an offer, others are nothing", rows)
done()
