#!/usr/bin/env python3
"""Manifests and long lists of a cluster, beside a parser that does nothing else. Prints JSON lines.

  k8s-yaml        MB/s of `pqmap scan` over a stream of YAML documents, and over a folder of files
  k8s-yaml-vs-libyaml  its CPU time over that of libyaml's events alone, same file, same run
  k8s-list        a list of --workloads (100,000 objects) in compact JSON: seconds, CPU seconds, memory
  k8s-list-vs-cjson    its CPU time and memory over those of cJSON with the whole text
  k8s-linear      CPU time for 10x the objects over that for 1x
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

REPO = pathlib.Path(__file__).resolve().parents[2]
ap = argparse.ArgumentParser()
ap.add_argument("--pqmap", default="build/pqmap")
ap.add_argument("--runs", type=int, default=3)
ap.add_argument("--workloads", type=int, default=5000)
args = ap.parse_args()
pqmap = os.path.abspath(args.pqmap)


def line(name, **kw):
    print(json.dumps({"name": name, **kw}), flush=True)


def timed(*argv):
    """Best wall and CPU seconds of some runs, largest memory in MiB."""
    wall, cpu, rss = [], [], 0
    for _ in range(args.runs):
        t0 = time.monotonic()
        p = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, u = os.wait4(p.pid, 0)
        if status != 0:
            sys.exit(f"{argv[0]} ends with {status}")
        wall.append(time.monotonic() - t0)
        cpu.append(u.ru_utime + u.ru_stime)
        rss = max(rss, u.ru_maxrss / 1024)
    return min(wall), min(cpu), rss


def generate(tmp, name, workloads, form, *more):
    path = os.path.join(tmp, name)
    subprocess.run([sys.executable, str(REPO / "tests/kube/gen_cluster.py"), "--workloads", str(workloads), "--form", form,
                    *more, "--out", path], check=True, stderr=subprocess.DEVNULL)
    return path


def size_of(path):
    p = pathlib.Path(path)
    return sum(f.stat().st_size for f in p.rglob("*")) if p.is_dir() else p.stat().st_size


def scan(path):
    return timed(pqmap, "scan", "-j2", "-q", "-o", "json=/dev/null", path)


with tempfile.TemporaryDirectory() as tmp:
    peer = os.path.join(tmp, "peer")
    cc = shutil.which("cc")
    if cc is None or subprocess.run([cc, "-O2", str(REPO / "tests/kube/peer.c"), "-o", peer, "-lyaml", "-lcjson"],
                                    stderr=subprocess.DEVNULL).returncode != 0:
        peer = None
    docs = generate(tmp, "docs.yaml", 1000, "docs")
    wall, cpu, rss = scan(docs)
    line("k8s-yaml", form="stream", unit="MB/s", value=round(size_of(docs) / wall / 1e6, 1),
         cpu=round(size_of(docs) / cpu / 1e6, 1), rss_mib=round(rss, 1), goal=">= 100")
    if peer:
        _, theirs, _ = timed(peer, "yaml", docs)
        line("k8s-yaml-vs-libyaml", unit="CPU time over libyaml's events", value=round(cpu / theirs, 2))
    else:
        line("k8s-yaml-vs-libyaml", skipped="no C compiler with libyaml and cJSON")
    tree = generate(tmp, "tree", 1000, "tree")
    wall, cpu, rss = scan(tree)
    line("k8s-yaml", form="folder", unit="MB/s", value=round(size_of(tree) / wall / 1e6, 1),
         cpu=round(size_of(tree) / cpu / 1e6, 1), rss_mib=round(rss, 1), goal=">= 100")
    few = scan(generate(tmp, "few.json", args.workloads // 10, "compact", "--events", "8"))
    path = generate(tmp, "list.json", args.workloads, "compact", "--events", "8")
    wall, cpu, rss = scan(path)
    line("k8s-list", unit="s", megabytes=round(size_of(path) / 1e6), value=round(wall, 2), cpu=round(cpu, 2),
         rss_mib=round(rss, 1), per_200_mb=round(wall * 200e6 / size_of(path), 2), goal="<= 2 s for 200 MB, <= 64 MiB")
    if peer:
        _, theirs, memory = timed(peer, "json", path)
        line("k8s-list-vs-cjson", unit="ratio to cJSON with the whole text", value=round(cpu / theirs, 2),
             memory=round(rss / memory, 3))
    line("k8s-linear", unit="CPU time for 10x the objects", value=round(cpu / few[1], 2), goal="<= 11")
