#!/usr/bin/env python3
"""Scan speed and memory as ratios, measured in one run. Prints JSON lines.

  scan-vs-rg      wall time of a full scan over `rg -a -j2` for one literal, same tree, warm cache
  scan-linear     time for 2x the bytes over time for 1x
  scan-rss        largest resident size
  scan-tree       all of a tree: files, bytes, time, memory, findings, over the time of only reading them
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
ap.add_argument("--runs", type=int, default=7)
ap.add_argument("--tree", nargs="*", default=["/usr/lib", "/usr/bin"])
ap.add_argument("--whole", default="/usr")
args = ap.parse_args()
pqmap = os.path.abspath(args.pqmap)


def timed(argv):
    t0 = time.monotonic()
    p = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, _, usage = os.wait4(p.pid, 0)
    return time.monotonic() - t0, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024


def stats(values):
    v = sorted(values)
    return {"min": round(v[0], 4), "median": round(v[len(v) // 2], 4), "p90": round(v[int(len(v) * 0.9)], 4)}


def line(name, **kw):
    print(json.dumps({"name": name, **kw}), flush=True)


def whole_tree(tree):
    """One scan with everything on, beside a pass that only reads the same files."""
    with tempfile.TemporaryDirectory() as tmp:
        out = os.path.join(tmp, "out.json")
        argv = [pqmap, "scan", "-j2", tree, "-q", "-o", f"json={out}"]
        read = ["sh", "-c", 'find "$0" -xdev -type f -print0 | xargs -0 -P2 -n64 cat', tree]
        timed(read)
        only_read, cpu_read, _ = timed(read)
        wall, cpu, rss = timed(argv)
        report = json.loads(pathlib.Path(out).read_bytes())
    line("scan-tree", tree=tree, files=report["coverage"]["read"], bytes=report["coverage"]["bytes"],
         wall=round(wall, 2), cpu=round(cpu, 2), rss_mib=round(rss / 2**20, 1), findings=len(report["findings"]),
         read_wall=round(only_read, 2), read_cpu=round(cpu_read, 2), over_reading=round(wall / only_read, 2),
         goal="<= 5 s for 6 GB, <= 150 MiB")


whole_tree(args.whole)
with tempfile.TemporaryDirectory() as tmp:
    rg = ["rg", "-a", "-j2", "-c", "-e", "-----BEGIN [A-Z ]+-----", *args.tree]
    ours = [pqmap, "scan", "-j2", *args.tree]
    if shutil.which("rg"):
        timed(rg), timed(ours)  # warm
        a, b, cpu_a, cpu_b, rss = [], [], [], [], 0
        for _ in range(args.runs):  # alternately, so that a busy moment hits both
            t, c, _ = timed(rg)
            a.append(t), cpu_a.append(c)
            t, c, r = timed(ours)
            b.append(t), cpu_b.append(c)
            rss = max(rss, r)
        line("rg", unit="s", cpu=stats(cpu_a), **stats(a))
        line("scan", unit="s", cpu=stats(cpu_b), **stats(b))
        line("scan-vs-rg", unit="ratio of medians", value=round(stats(b)["median"] / stats(a)["median"], 3),
             best=round(min(b) / min(a), 3), goal="<= 1.0 now, <= 1.5 ever")
        line("scan-rss", unit="MiB", value=round(rss / 2**20, 1), goal="< 200")
    else:
        line("scan-vs-rg", skipped="ripgrep is not installed")

    # Linear in bytes: real files, each with a tail of its own so that no two are alike.
    one, two = pathlib.Path(tmp, "1"), pathlib.Path(tmp, "2")
    files = []
    for root, _, names in os.walk("/usr/lib"):
        files += [os.path.join(root, n) for n in sorted(names)]
        if len(files) > 60000:
            break
    files = [f for f in sorted(files) if os.path.isfile(f) and not os.path.islink(f)
             and 1000 < os.path.getsize(f) < 20_000_000]
    for root, copies in ((one, 1), (two, 2)):
        done = 0
        for f in files:
            size = os.path.getsize(f)
            if done + size > 400_000_000:
                break
            data = pathlib.Path(f).read_bytes()
            for k in range(copies):
                out = root / str(k) / f.lstrip("/")
                out.parent.mkdir(parents=True, exist_ok=True)
                out.write_bytes(data + f"\n{root.name}{k}{done}\n".encode())
            done += size
    t1, t2 = [], []
    timed([pqmap, "scan", "-j2", str(one), "-q"]), timed([pqmap, "scan", "-j2", str(two), "-q"])
    for _ in range(args.runs):
        t1.append(timed([pqmap, "scan", "-j2", str(one), "-q"])[0])
        t2.append(timed([pqmap, "scan", "-j2", str(two), "-q"])[0])
    line("scan-linear", unit="ratio for 2x the bytes", value=round(min(t2) / min(t1), 3),
         median=round(stats(t2)["median"] / stats(t1)["median"], 3), goal="<= 2.1")
sys.exit(0)
