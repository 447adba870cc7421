#!/usr/bin/env python3
"""Models and arrays that NumPy, h5py and onnx wrote: counts as these programs say them."""
import json
import pathlib
import subprocess
import sys

from kit import REPO, done, err, ok, run, skip, tmpdir

PYTHON = "/usr/bin/python3"
NEEDS = "import numpy, h5py, onnx"


def has_writers(python):
    return pathlib.Path(python).exists() and subprocess.run([python, "-c", NEEDS], capture_output=True).returncode == 0


# Debian's packages are for its own Python, which need not be the one that runs this.
python = next((p for p in (PYTHON, sys.executable) if has_writers(p)), None)
if python is None:
    skip("numpy, h5py and onnx are not installed")
else:
    with tmpdir() as tmp:
        made = subprocess.run([python, REPO / "tests/aifile/oracle.py", tmp], capture_output=True, text=True)
        if ok(made.returncode == 0, "the writers write", made.stderr):
            want = json.loads(made.stdout)
            r = run("scan", "-o", "json", tmp)
            ok(r.returncode == 0, "the folder is scanned", err(r))
            report = json.loads(r.stdout)
            got = {pathlib.Path(o["path"]).name: {"kind": o["kind"], **{f["key"]: f["value"] for f in o["facts"]}}
                   for o in report["objects"]}
            for name, facts in want.items():
                bad = {k: (v, got.get(name, {}).get(k)) for k, v in facts.items()
                       if got.get(name, {}).get(k) != (None if v is None else str(v))}
                ok(name in got and not bad, f"{name}: as its writer says", bad)
            ok(len(want) >= 30 and not report["coverage"]["notes"], f"{len(want)} files", report["coverage"]["notes"])
done()
