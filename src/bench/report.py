#!/usr/bin/env python3
"""What comes after a scan, as ratios: plan, report and diff of large inventories over Python's json reading and writing the
same file (C code, and what a script on the JSON would pay at the least). Same files, alternately, in one run. Prints JSON lines.

  plan-tasks        5,000 tasks planned, without and with declared money
  report-findings   50,000 findings (fixtures/report/make_big.py) to JSON and to the page
  diff-findings     two such, of which a hundredth differs
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

ap = argparse.ArgumentParser()
ap.add_argument("--pqmap", default="build/pqmap")
ap.add_argument("--runs", type=int, default=5)
ap.add_argument("--tasks", type=int, default=5000)
ap.add_argument("--findings", type=int, default=50000)
args = ap.parse_args()
pqmap = os.path.abspath(args.pqmap)
repo = pathlib.Path(__file__).resolve().parents[2]
NOW = ["--now", "2026-11-21", "--regime", "us-eo-14412"]
PEER = "import json,sys\nfor p in sys.argv[2:]: json.dump(json.load(open(p)), open(sys.argv[1], 'w'))"


def timed(argv):
    t0 = time.monotonic()
    p = subprocess.Popen([str(a) for a in argv], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(p.pid, 0)
    if status != 0:
        sys.exit(f"report.py: {argv[1]} ended with {os.waitstatus_to_exitcode(status)}")
    return time.monotonic() - t0, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024


def aside(code, *argv):
    """JSON work in a process of its own: what this one holds would count as the memory of all it starts."""
    return subprocess.run([sys.executable, "-c", "import json,sys\n" + code, *map(str, argv)], check=True, capture_output=True, text=True).stdout


def line(name, **kw):
    print(json.dumps({"name": name, **kw}), flush=True)


def measure(name, ours, files, tmp, goal, **kw):
    """Wall and CPU time of ours beside the peer's on the same files; a busy moment hits both."""
    peer = [sys.executable, "-c", PEER, tmp / "peer.json", *files]
    timed(ours), timed(peer)  # warm
    a, b = [], []
    for _ in range(args.runs):
        a.append(timed(ours))
        b.append(timed(peer))

    def mid(runs, k):
        return sorted(r[k] for r in runs)[len(runs) // 2]

    line(name, unit="s", min=round(min(r[0] for r in a), 4), median=round(mid(a, 0), 4),
         p90=round(sorted(r[0] for r in a)[int(len(a) * 0.9)], 4), cpu=round(mid(a, 1), 4), rss_mib=round(mid(a, 2) / 2**20, 1),
         python_json=round(mid(b, 0), 4), over_python_json=round(mid(a, 1) / mid(b, 1), 3),
         file_mib=round(sum(os.path.getsize(f) for f in files) / 2**20, 1),
         out_mib=round(os.path.getsize(ours[-1].split("=", 1)[1]) / 2**20, 1), goal=goal, **kw)


def jobs(folder, n, money):
    """n training jobs, each with its own gradients and links: five tasks for each."""
    text = (repo / "fixtures/cluster/training/llama-clinic.yaml").read_text()
    job = next(d for d in text.split("\n---\n") if "kind: PyTorchJob" in d)
    folder.mkdir()
    (folder / "jobs.yaml").write_text("\n---\n".join(job.replace("llama-clinic", f"llama-{i:05d}") for i in range(n)))
    if money:
        (folder / ".pqmap.yaml").write_text("pqmap: 1\nassets:\n" + "".join(
            f"  - name: set-{i:05d}\n    data-class: phi\n    money: {1000000 + 1000 * i}\n    per-year: {100000 + i}\n"
            f"    currency: USD\n    on: [training/PyTorchJob/llama-{i:05d}]\n" for i in range(n)))


def plans(tmp):
    for money in (False, True):
        tree, inv = tmp / f"jobs-{money}", tmp / f"jobs-{money}.json"
        jobs(tree, args.tasks // 5, money)
        timed([pqmap, "scan", tree, *NOW, "-q", "-o", f"json={inv}"])
        n = int(aside("print(len(json.load(open(sys.argv[1]))['plan']['tasks']))", inv))
        measure("plan-tasks", [pqmap, "plan", inv, "-o", f"json={tmp}/plan.json"], [inv], tmp, "<= 2 s",
                tasks=n, declared_money=money)


def big(tmp):
    inv, many, fewer = tmp / "small.json", tmp / "many.json", tmp / "fewer.json"
    timed([pqmap, "scan", repo / "fixtures/cluster", *NOW, "-q", "-o", f"json={inv}"])
    with open(inv, "rb") as i, open(many, "wb") as o:
        subprocess.run([sys.executable, repo / "fixtures/report/make_big.py", str(args.findings)], stdin=i, stdout=o, check=True)
    aside("d = json.load(open(sys.argv[1])); d['findings'] = d['findings'][int(sys.argv[3]):]; json.dump(d, open(sys.argv[2], 'w'))",
          many, fewer, args.findings // 100)
    for form in ("json", "html", "csv"):
        measure("report-findings", [pqmap, "report", many, "-q", "-o", f"{form}={tmp}/out.{form}"], [many], tmp, "none but to be known",
                findings=args.findings, form=form)
    measure("diff-findings", [pqmap, "diff", many, fewer, "-q", "-o", f"json={tmp}/diff.json"], [many, fewer], tmp, "<= 1.0 of python json",
            findings=args.findings)


with tempfile.TemporaryDirectory() as folder:
    plans(pathlib.Path(folder))
    big(pathlib.Path(folder))
