#!/usr/bin/env python3
"""Files of models, datasets and indexes: formats, sizes and encryption, look-alikes and broken files."""
import json
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import time

from kit import PQMAP, REPO, done, err, ok, run, skip, tmpdir

sys.path.insert(0, str(REPO / "tests/aifile"))
from make import gguf, make, torch_pickle, zipped  # noqa: E402


def facts(o):
    return {"kind": o["kind"], **{f["key"]: f["value"] for f in o["facts"]}}


with tmpdir() as tmp:
    tmp = pathlib.Path(tmp)
    want = make(tmp)
    r = run("scan", "-o", "json", tmp)
    if ok(r.returncode == 0, "the folder is scanned", err(r)):
        report = json.loads(r.stdout)
        got = {str(pathlib.Path(o["path"]).relative_to(tmp)): facts(o) for o in report["objects"] if o["group"] == "file.pqmap.dev"}
        notes = {}
        for n in report["coverage"]["notes"]:
            notes.setdefault(str(pathlib.Path(n["path"]).relative_to(tmp)), n["words"])
        for name, w in want.items():
            if isinstance(w, dict):
                have = got.get(name, {})
                bad = {k: (v, have.get(k)) for k, v in w.items() if have.get(k) != (None if v is None else str(v))}
                ok(not bad and name not in notes, f"{name}: {have.get('format')}", {"wanted, got": bad, "note": notes.get(name)})
            elif w is None:
                ok(name not in got and name not in notes, f"{name}: nothing of ours", (got.get(name), notes.get(name)))
            else:
                ok(w in notes.get(name, ""), f"{name}: {notes.get(name)}", w)
        c = report["coverage"]
        ok(c["read"] == c["seen"] == len(want), "coverage adds up", c)
    again = run("scan", "-j1", "-o", "json", tmp)
    ok(json.loads(again.stdout)["objects"] == report["objects"], "one thread says the same")
    ok(b"c2VjcmV0" not in r.stdout and b"hunter2" not in r.stdout, "no wrapped key of a dataset is told")
    before = json.dumps(report["graph"]["nodes"])
    ok("posix.getcwd" in json.dumps(report["objects"]), "what a pickle would call is named, not called", before[:200])

# Weights are not read: no file costs more than 128 KiB, whatever its size.
with tmpdir() as tmp:
    tmp = pathlib.Path(tmp)
    sizes = {}
    shape = [1 << 20, 8192]
    head = json.dumps({"w": {"dtype": "F32", "shape": shape, "data_offsets": [0, 1 << 35]}}).encode()
    sizes["large.safetensors"] = (struct.pack("<Q", len(head)) + head, 8 + len(head) + (1 << 35), 1 << 33)
    head = gguf(3, {"general.architecture": (8, "llama")}, {"w": (1, [])})[:-32].replace(
        struct.pack("<I", 0) + struct.pack("<IQ", 1, 0), struct.pack("<IQQ", 2, 8192, 1 << 20) + struct.pack("<IQ", 1, 0))
    head += bytes(-len(head) % 32)
    sizes["large.gguf"] = (head, len(head) + (1 << 34), 1 << 33)
    body = zipped({"archive/data.pkl": torch_pickle({"w": ("FloatStorage", 0, 1 << 20)}), "archive/data/0": bytes(4 << 20)})
    sizes["large.pt"] = (body, len(body), 1 << 20)
    for name, (head, size, _) in sizes.items():
        with open(tmp / name, "wb") as f:
            f.write(head)
            f.truncate(size)
    began = time.monotonic()
    r = run("scan", "-o", "json", tmp)
    took = time.monotonic() - began
    report = json.loads(r.stdout)
    got = {pathlib.Path(o["path"]).name: facts(o) for o in report["objects"]}
    for name, (_, size, n) in sizes.items():
        ok((got[name]["parameters"], got[name]["bytes"]) == (str(n), str(size)), f"{name}: parameters and size", got[name])
    c = report["coverage"]
    ok(c["read"] == 3 and c["bytes"] == 3 << 16 and not c["notes"], "64 KiB of each is read", c)
    ok(took < 10, "48 GiB of weights take no time", took)
    if shutil.which("strace"):
        for name in sizes:
            t = subprocess.run(["strace", "-f", "-e", "trace=openat,read,pread64", "-o", tmp / "trace", PQMAP, "scan", "-j1", tmp / name],
                               capture_output=True, text=True)
            trace = (tmp / "trace").read_text()
            n, fd = 0, None
            for line in trace.splitlines():
                if m := re.search(r'openat\(.*"[^"]*' + re.escape(name) + r'".*= (\d+)$', line):
                    fd = m[1]
                elif fd and (m := re.search(r"(?:read|pread64)\(" + fd + r",.* = (\d+)$", line)):
                    n += int(m[1])
            ok(t.returncode == 0 and 0 < n <= 128 << 10, f"{name}: strace sees {n} bytes read", t.stderr)
            (tmp / "trace").unlink()
    else:
        skip("strace is not installed")

MANIFEST = """apiVersion: apps/v1
kind: Deployment
metadata: {{ name: {0}, namespace: clinic }}
spec:
  selector: {{ matchLabels: {{ app: {0} }} }}
  template:
    metadata: {{ labels: {{ app: {0} }} }}
    spec:
      containers:
        - name: main
          image: registry.example/clinic/{0}:1
          args: ["--serve", "{1}"]
"""
with tmpdir() as tmp:
    tmp = pathlib.Path(tmp)
    make(tmp / "files")
    for name, arg in (("by-name", "clinic.gguf"), ("by-path", "/srv/llama/model-00001-of-00001.safetensors"),
                      ("elsewhere", "/srv/other/model-00001-of-00001.safetensors"), ("plain", "patients.csv"),
                      ("dataset", "patients.parquet")):
        (tmp / f"{name}.yaml").write_text(MANIFEST.format(name, arg))
    report = json.loads(run("scan", "-o", "json", tmp).stdout)
    classes = {n["name"]: n for n in report["graph"]["nodes"] if n["type"] == "workload"}
    for name, want in (("by-name", "inference"), ("by-path", "inference"), ("elsewhere", None), ("plain", None), ("dataset", None)):
        got = classes[name].get("ai_class")
        signals = [s["what"] for s in classes[name].get("signals", [])]
        ok((got or None) == want if name != "elsewhere" else "was read" not in str(signals), f"{name}: {want}", (got, signals))
    ok("model file that was read: clinic.gguf, gguf" in str(classes["by-name"]), "the file is listed with the verdict", classes["by-name"])
done()
