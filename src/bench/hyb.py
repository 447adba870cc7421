#!/usr/bin/env python3
"""The library's ratios, each measured in one run; prints JSON lines beside scan.py's.

  NAME          p25 of the named baseline over ours (times faster), with the spread over nine parts of the run
  file-seal     wall time of `pqmap seal` from file to file over that of cp, in tmpfs
--peer ROOT     a system with OpenSSL 3.5: hyb-bench runs there as well, so that both backends are timed
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

ap = argparse.ArgumentParser()
ap.add_argument("--pqmap", default="build/pqmap")
ap.add_argument("--bench", default="build/hyb-bench")
ap.add_argument("--peer", default=os.environ.get("PQMAP_PEER", ""))
ap.add_argument("--mib", type=int, default=256)
args = ap.parse_args()
GOAL = {"ml-kem-1024": ">= 5", "ml-dsa-87": ">= 6", "floe-aes-256-gcm": ">= 0.9"}


def line(name, **kw):
    print(json.dumps({"name": name, **kw}), flush=True)


def ratios(path):
    with open(path, encoding="utf-8") as f:
        rows = json.load(f)["rows"]
    for r in rows:
        algorithm = r["id"].split(".")[0]
        if "ratio" not in r or algorithm not in GOAL and not algorithm.startswith(("ml-", "slh-dsa", "x25519mlkem", "secp")):
            continue
        line(r["id"], unit="times faster than " + r["baseline"], impl=r["impl"], value=r["ratio"],
             spread=[r["ratio_lo"], r["ratio_hi"]], p25_us=round(r["p25_ns"] / 1000, 2),
             **({"goal": GOAL[algorithm]} if algorithm in GOAL else {}))
    own = {r["id"]: r for r in rows if r["in_use"]}
    if "slh-dsa-sha2-128f.sign" in own:
        line("slh-dsa-sha2-128f.sign", unit="ms", value=round(own["slh-dsa-sha2-128f.sign"]["p25_ns"] / 1e6, 3), goal="<= 3")


def timed(argv):
    t0 = time.monotonic()
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.monotonic() - t0


def files(tmp):
    key, plain = os.path.join(tmp, "k"), os.path.join(tmp, "plain")
    made = subprocess.run([args.pqmap, "keygen", "--no-passphrase", "--out", key], capture_output=True, check=False)
    if made.returncode != 0 or not os.path.exists(key + ".pub"):
        line("file-seal", skipped="`pqmap keygen` does not work here: " + made.stderr.decode()[:120].strip())
        return
    with open(plain, "wb") as f:
        for _ in range(args.mib):
            f.write(os.urandom(1 << 20))
    cp, ours = [], []
    for _ in range(7):  # alternately, so that a busy moment hits both
        for argv, out, to in ((["cp", plain, tmp + "/copy"], tmp + "/copy", cp),
                              ([args.pqmap, "seal", "--to", key + ".pub", "--out", tmp + "/sealed", plain], tmp + "/sealed", ours)):
            if os.path.exists(out):
                os.unlink(out)
            try:
                to.append(timed(argv))
            except subprocess.CalledProcessError as e:
                line("file-seal", skipped=f"{' '.join(argv[:2])}: exit {e.returncode}")
                return
    line("file-seal", unit="wall time over cp, best of 7", value=round(min(ours) / min(cp), 3),
         median=round(sorted(ours)[3] / sorted(cp)[3], 3), mib=args.mib, goal="<= 1.5")


with tempfile.TemporaryDirectory(dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None) as tmp:
    subprocess.run([args.bench, "--json", tmp + "/own.json"], check=True, stdout=subprocess.DEVNULL)
    ratios(tmp + "/own.json")
    if args.peer:
        inside = os.path.join(args.peer, "tmp", f"hyb-bench-{os.getpid()}")
        os.makedirs(inside)
        try:
            shutil.copy(args.bench, inside + "/hyb-bench")
            at = "/tmp/" + os.path.basename(inside)
            r = subprocess.run(["chroot", args.peer, at + "/hyb-bench", "--json", at + "/b.json"], stdout=subprocess.DEVNULL, check=False)
            if r.returncode == 0:
                ratios(inside + "/b.json")
            else:
                line("peer", skipped=f"hyb-bench in {args.peer}: exit {r.returncode}")
        finally:
            shutil.rmtree(inside)
    else:
        line("peer", skipped="no --peer: OpenSSL 3.5 beside us was not timed")
    files(tmp)
sys.exit(0)
