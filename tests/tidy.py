#!/usr/bin/env python3
"""clang-tidy over the C files that changed since the last landing (or all, with --all)."""
import concurrent.futures
import os
import pathlib
import subprocess
import sys
import time

split = sys.argv.index("--")
everything = "--all" in sys.argv[:split]
flags = sys.argv[split + 1:]


def git(*args):
    r = subprocess.run(["git", *args], capture_output=True, text=True)
    return r.stdout.split() if r.returncode == 0 else []


all_files = sorted(str(p) for p in pathlib.Path("src").glob("*/*.c"))
files = all_files
if not everything:
    base = git("rev-list", "-1", "--before=4 hours ago", "HEAD")
    if base:
        changed = set(git("diff", "--name-only", base[0])) | set(git("ls-files", "-o", "--exclude-standard"))
        files = [f for f in all_files if f in changed]


AVX2 = ["-mavx2", "-mbmi", "-mbmi2"]
CPU = {"avx2": AVX2, "shani": ["-msha", "-msse4.1"], "avx512": AVX2 + [
    "-mavx512" + x for x in ("f", "bw", "dq", "vl", "ifma", "vbmi", "vbmi2")]}


def tidy(f):
    level = CPU.get(pathlib.Path(f).stem.split("_")[-1], [])
    r = subprocess.run(["clang-tidy", "--quiet", f, "--", *flags, *level], capture_output=True, text=True)
    return f, r.returncode, "\n".join(l for l in r.stdout.splitlines() if l)


bad = 0
# CI has so many seconds; the files that it has none for are counted.
until = time.monotonic() + float(os.environ.get("TIDY_S", "inf"))


def in_time(f):
    return tidy(f) if time.monotonic() < until else (f, None, "")


late = 0
with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
    for name, code, text in pool.map(in_time, files):
        late += code is None
        if code not in (0, None):
            bad += 1
            print(text)
print(f"tidy: {len(files) - late} of {len(all_files)} files checked, {bad} with complaints"
      + (f"; skip - no time was left for {late}" if late else ""))
sys.exit(1 if bad else 0)
