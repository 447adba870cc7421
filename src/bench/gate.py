#!/usr/bin/env python3
"""The gate on a repository of 1,000 manifests and 5,000 source files, beside what reads the same: `git grep` (a text in all
tracked files) and a script that reads every file of the work tree. Alternately, in one run. Prints JSON lines.

  gate-all       everything, the first time
  gate-since     what changed since the commit before
  gate-history   keys and ciphertext of 10,000 commits, beside `git log -S` over the same history; without a cache
  history-cold   the same, keeping what the next run need not read
  history-warm   the next run
  revision, revision-warm   all files of HEAD from the object database, without and with what an earlier run kept
"""
import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

ap = argparse.ArgumentParser()
ap.add_argument("--pqmap", default="build/pqmap")
ap.add_argument("--runs", type=int, default=5)
ap.add_argument("--manifests", type=int, default=1000)
ap.add_argument("--sources", type=int, default=5000)
ap.add_argument("--commits", type=int, default=10000)
args = ap.parse_args()
pqmap = os.path.abspath(args.pqmap)
repo = pathlib.Path(__file__).resolve().parents[2]
WALK = "import os\nfor d, _, fs in os.walk('.'):\n for f in fs:\n  open(os.path.join(d, f), 'rb').read()"


def timed(argv, cwd):
    if argv[-1] == "COLD":
        argv = argv[:-1]
        shutil.rmtree(cache, ignore_errors=True)
    t0 = time.monotonic()
    p = subprocess.Popen([str(a) for a in argv], stdout=subprocess.DEVNULL, cwd=cwd, env={**os.environ, "XDG_CACHE_HOME": str(cache)})
    _, status, usage = os.wait4(p.pid, 0)
    if os.waitstatus_to_exitcode(status) not in (0, 1):
        sys.exit(f"gate.py: {argv[:2]} ended with {os.waitstatus_to_exitcode(status)}")
    return time.monotonic() - t0, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024


def measure(name, cwd, ours, peers, goal, runs):
    all_of = {"pqmap": ours, **peers}
    took = {k: [] for k in all_of}
    for _ in range(runs):
        for k, argv in all_of.items():
            took[k].append(timed(argv, cwd))
    best = {k: min(r[0] for r in v) for k, v in took.items()}
    print(json.dumps({"name": name, "unit": "s", "min": round(best["pqmap"], 4),
                      "median": round(sorted(r[0] for r in took["pqmap"])[runs // 2], 4),
                      "cpu": round(min(r[1] for r in took["pqmap"]), 4), "goal": goal,
                      "peers": {k: round(v, 4) for k, v in best.items() if k != "pqmap"},
                      "ratio": {k: round(best["pqmap"] / v, 3) for k, v in best.items() if k != "pqmap" and v > 0},
                      "peak_bytes": max(r[2] for r in took["pqmap"])}), flush=True)


with tempfile.TemporaryDirectory(prefix="pqmap-bench-") as tmp:
    cache = pathlib.Path(tmp) / "cache"
    make = [sys.executable, repo / "fixtures/gate/make_repo.py"]
    subprocess.run([*make, f"{tmp}/r", str(args.manifests), str(args.sources), "3"], check=True)
    gate = [pqmap, "gate", "--now", "2026-11-22"]
    measure("gate-all", f"{tmp}/r", gate, {"git grep": ["git", "grep", "-c", "PRIVATE KEY"],
                                          "read all": [sys.executable, "-c", WALK]}, 1.0, args.runs)
    measure("gate-since", f"{tmp}/r", [*gate, "--since", "HEAD~1"], {"git diff": ["git", "diff", "--stat", "HEAD~1"]}, 0.15, args.runs)
    subprocess.run([*make, f"{tmp}/h", str(args.manifests), str(args.sources), str(args.commits)], check=True)
    read = [*gate, "git:.", "--no-cache"]
    measure("revision", f"{tmp}/r", read, {"git grep": ["git", "grep", "-c", "PRIVATE KEY", "HEAD"]}, 1.0, args.runs)
    timed(read[:-1], f"{tmp}/r")
    measure("revision-warm", f"{tmp}/r", read[:-1], {"without": read}, 1.0, args.runs)
    history = [*gate, "--history", "--no-cache"]
    measure("gate-history", f"{tmp}/h", history, {"git log -S": ["git", "log", "--all", "-S", "PRIVATE KEY", "--format=%H"]},
            5.0, max(1, args.runs // 2))
    measure("history-cold", f"{tmp}/h", [*history[:-1], "COLD"], {"without": history}, 5.0, max(1, args.runs // 2))
    measure("history-warm", f"{tmp}/h", history[:-1], {"without": history}, 1.7, args.runs)
