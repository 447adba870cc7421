#!/usr/bin/env python3
"""Disables one check of libhyb at a time and asks the tests to notice. Prints `N killed, N alive`.

tests/hyb/mutants*.txt hold the mutants, one a paragraph:
    # clause and what is disabled
    file: mlkem.c
    find: text that stands there exactly once (may go over several `find:` lines)
    with: what stands there instead
    test: test_mlkem test_kem
A mutant is killed when one of its tests fails on portable code, or does not compile for another
reason than the mutation; alive means that no test looks at that check.
"""
import concurrent.futures
import os
import pathlib
import shlex
import subprocess
import sys
import threading

BUILD = pathlib.Path(os.environ.get("B", "build")) / "mutants"
CC = shlex.split(os.environ.get("CC", "gcc"))
FLAGS = ["-std=gnu17", "-D_GNU_SOURCE", "-Isrc", "-O1", "-w"]
LEVEL = {"avx2": ["-mavx2", "-mbmi", "-mbmi2"], "shani": ["-msha", "-msse4.1"]}
LEVEL["avx512"] = LEVEL["avx2"] + ["-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl", "-mavx512ifma",
                                   "-mavx512vbmi", "-mavx512vbmi2"]
ONLY = os.environ.get("T", "")


def mutants():
    out, one = [], {}
    files = sorted(pathlib.Path("tests/hyb").glob("mutants*.txt"))
    for line in [x for f in files for x in f.read_text().splitlines() + [""]]:
        if line.startswith("# "):
            one["what"] = line[2:]
        elif ": " in line or line.endswith(":"):
            key, _, value = line.partition(":")
            value = value[1:]
            one[key] = one[key] + "\n" + value if key in one else value
        elif not line.strip() and one:
            if "file" in one:
                out.append(one)
            one = {}
    return out


def compile_to(source, obj):
    level = LEVEL.get(pathlib.Path(source).stem.split("_")[-1], []) if os.uname().machine == "x86_64" else []
    return subprocess.run(CC + FLAGS + level + ["-c", str(source), "-o", str(obj)], capture_output=True, text=True)


def link(test, objects, exe):
    return subprocess.run(CC + FLAGS + ["-Itests/hyb", "-DHYB_TEST", f"tests/hyb/{test}.c", *map(str, objects), "-o", str(exe),
                                        "-lcrypto", "-lcjson", "-lm", "-pthread"], capture_output=True, text=True)


def noticed(test, exe):
    try:
        r = subprocess.run([str(exe)], capture_output=True, timeout=300, env=dict(os.environ, HYB_CPU="c"))
    except subprocess.TimeoutExpired:
        return True
    return r.returncode != 0 or b"\nnot ok - " in b"\n" + r.stdout


BUILD.mkdir(parents=True, exist_ok=True)
lock = threading.Lock()
sources = sorted(p for p in pathlib.Path("src/hyb").glob("*.c"))
objects = {p: BUILD / (p.stem + ".o") for p in sources}
pool = concurrent.futures.ThreadPoolExecutor(os.cpu_count())
for p, r in zip(sources, pool.map(lambda p: compile_to(p, objects[p]), sources)):
    if r.returncode != 0:
        sys.exit(f"{p} does not compile: {r.stderr[-500:]}")
todo = [m for m in mutants() if not ONLY or ONLY in m["file"]]
alive, bad = [], []


# The tests must be quiet without a mutation.
def sound(test):
    exe = BUILD / test
    r = link(test, objects.values(), exe)
    return test, r.returncode == 0 and not noticed(test, exe)


for test, good in pool.map(sound, sorted({t for m in todo for t in m["test"].split()})):
    if not good:
        bad.append(f"{test} fails without any mutation")


def run(job):
    i, m = job
    path = pathlib.Path("src/hyb") / m["file"]
    text = path.read_text()
    if text.count(m["find"]) != 1:
        return m, f"'{m['find'][:60]}' stands {text.count(m['find'])} times in {m['file']}, expected once"
    work = BUILD / f"m{i}"
    work.mkdir(exist_ok=True)
    changed, obj = work / m["file"], work / "changed.o"
    changed.write_text(text.replace(m["find"], m["with"]))
    r = compile_to(changed, obj)
    if r.returncode != 0:
        return m, "does not compile: " + r.stderr.strip()[:200]
    others = [o for p, o in objects.items() if p != path] + [obj]
    for test in m["test"].split():
        exe = work / test
        r = link(test, others, exe)
        if r.returncode != 0:
            return m, "does not link: " + r.stderr.strip()[:200]
        dead = noticed(test, exe)
        exe.unlink()
        if dead:
            return m, None
    return m, "alive"


killed = 0
for m, trouble in pool.map(run, enumerate(todo)) if not bad else ():
    if trouble is None:
        killed += 1
    elif trouble == "alive":
        alive.append(m["what"])
        print(f"alive  {m['file']}: {m['what']}")
    else:
        bad.append(f"{m['what']}: {trouble}")
for b in bad:
    print(f"cannot tell: {b}")
print(f"mutants: {killed} killed, {len(alive)} alive, {len(bad)} not tried")
sys.exit(1 if alive or bad or not killed else 0)
