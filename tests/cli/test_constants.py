#!/usr/bin/env python3
"""The constants: made again from mathematics they are the same, complete, and never found in what holds them as rules."""
import base64
import collections
import csv
import io
import json
import pathlib
import re
import subprocess
import sys

from kit import PQMAP, REPO, done, ok, out, run, skip, tmpdir

with tmpdir() as tmp:
    tmp = pathlib.Path(tmp)
    subprocess.run([sys.executable, str(REPO / "src/rules/gen_constants.py"), str(tmp / "made")], check=True, capture_output=True)
    names = sorted(p.name for p in (tmp / "made").iterdir())
    differ = [n for n in names if (tmp / "made" / n).read_bytes() != (REPO / "rules/constants" / n).read_bytes()]
    ok(names and not differ and names == sorted(p.name for p in (REPO / "rules/constants").iterdir()),
       "rules/constants is what src/rules/gen_constants.py makes", differ)

    patterns = []
    for n in names:
        for text in (REPO / "rules/constants" / n).read_text().split("\n"):
            m = re.match(r"    (\S+) (\S+) (\S+)$", text)
            if m:
                patterns.append(base64.b64decode(m[3]))
    ok(len(patterns) > 1000 and len(set(patterns)) == len(patterns), "no pattern is there twice", len(patterns))

    # The list of the study: each of its patterns is ours, or left out for a reason.
    facts = REPO.parent / "shared/rules-facts/constants.json"
    if facts.exists():
        ours, why, left = set(patterns), collections.Counter(), []
        shared = {"sha256.H", "sha512.H", "sha1.H", "md5.H"}  # of BLAKE2, RIPEMD and others, too
        for e in json.loads(facts.read_text())["entries"]:
            for p in e["patterns"]:
                b = bytes.fromhex(p["hex"])
                if b in ours:
                    why["ours"] += 1
                elif len(b) < 15:
                    why["shorter than a window"] += 1
                elif e["family"] in ("OID", "key-header", "PEM", "SSH"):
                    why["found by the detectors of material"] += 1
                elif p.get("weak") or e["strength"] == "support" or len(set(b)) < 6:
                    why["too plain, or no evidence alone"] += 1
                elif e["id"] in shared:
                    why["shared with other algorithms"] += 1
                else:
                    left.append((e["id"], p["enc"]))
        ok(not left, f"the patterns of the study are all there, or left out for a reason: {dict(why)}", left[:10])
    else:
        skip("the study's list of constants is not here")

    rows = list(csv.DictReader(io.StringIO(out(run("scan", REPO / "rules", "-o", "csv")))))
    ok(not [r for r in rows if r["rule"].startswith(("constant.", "static."))], "the rules do not match themselves")
    rows = list(csv.DictReader(io.StringIO(out(run("scan", PQMAP, "-o", "csv")))))
    mine = {r["rule"] for r in rows if r["rule"].startswith(("constant.", "static."))}
    # libhyb computes with these; nothing else is there but as rules.
    own = {"constant.chacha", "constant.keccak", "constant.ec-p256", "constant.ec-p384", "constant.ec-p521", "constant.ml-kem", "constant.ml-dsa",
           "constant.sha256", "constant.sha512", "constant.falcon", "constant.aes"}
    ok(mine <= own, "in pqmap itself only what libhyb computes with is found, not its rules", sorted(mine - own))
    embedded = REPO / "build/obj/embed.o"
    if embedded.exists():
        rows = list(csv.DictReader(io.StringIO(out(run("scan", embedded, "-o", "csv")))))
        found = [r["rule"] for r in rows if r["rule"].startswith(("constant.", "static."))]
        ok(not found, "in the object that holds the rules nothing is found", found)
    r = run("rules", "show", "constant.ec-p256")
    ok(r.returncode == 0 and "P-256" in out(r), "a rule can be shown", out(r)[:200])
done()
