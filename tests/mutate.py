#!/usr/bin/env python3
"""Disables one check of libhyb at a time and asks the tests to notice. The last line counts them.

tests/hyb/mutants*.txt hold the mutants, one a paragraph:
    # clause and what is disabled
    file: mlkem.c
    find: text that stands there exactly once (may go over several `find:` lines)
    with: what stands there instead
    test: test_mlkem_keys test_mlkem
A mutant is killed when one of its tests, tried in that order on portable code, says `not ok`, does
not end well, or does not end; name the quickest first. Alive means that no test looks at that check.
T=text keeps the mutants whose file or first line has it, V=1 says what killed each.
"""
import concurrent.futures
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile
import threading
import time

BUILD = pathlib.Path(os.environ.get("B", "build")) / "mutants"
ARCHIVES = [str(BUILD.parent / a) for a in ("libhybx.a", "libhyb.a")]  # healthy code: make mutants makes them
CC = shlex.split(os.environ.get("CC", "gcc"))
FLAGS = ["-std=gnu17", "-D_GNU_SOURCE", "-Isrc", "-O1", "-w"]
LIBS = ["-lcrypto", "-lcjson", "-lm", "-pthread"]
LEVEL = {"avx2": ["-mavx2", "-mbmi", "-mbmi2"], "shani": ["-msha", "-msse4.1"]}
LEVEL["avx512"] = LEVEL["avx2"] + ["-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl", "-mavx512ifma",
                                   "-mavx512vbmi", "-mavx512vbmi2"]
ONLY = os.environ.get("T", "")
SLOW = 240  # seconds for a test of healthy code


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
    return [m for m in out if ONLY in m["file"] or ONLY in m["what"]]


def compile_to(source, obj, flags=()):
    level = LEVEL.get(pathlib.Path(source).stem.split("_")[-1], []) if os.uname().machine == "x86_64" else []
    return subprocess.run(CC + FLAGS + level + [*flags, "-c", str(source), "-o", str(obj)],
                          capture_output=True, text=True)


class Program:
    """One test: its object, made once, and how long it takes on healthy code."""

    def __init__(self, name):
        self.name, self.obj, self.seconds, self.trouble = name, BUILD / (name + ".o"), None, None
        self.lock = threading.Lock()
        self.remarks = set()  # indented lines of healthy code; any other tells of a wrong case (vec.h)

    def ready(self):
        with self.lock:
            if self.seconds is None and self.trouble is None:
                self.try_healthy()
        return self.trouble is None

    def try_healthy(self):
        r = compile_to(f"tests/hyb/{self.name}.c", self.obj, ["-Itests/hyb", "-DHYB_TEST"])
        if r.returncode == 0:
            r = self.link(BUILD / self.name)
        if r.returncode != 0:
            self.trouble = f"{self.name} does not build: {r.stderr.strip()[:300]}"
            return
        begin = time.monotonic()
        why = self.notices(BUILD / self.name, SLOW, self.remarks)
        self.seconds = time.monotonic() - begin
        if why:
            self.trouble = f"{self.name} without any mutation: {why}"

    def link(self, exe, *changed):
        """A changed object stands before the archives, so that theirs of the same name is left out."""
        return subprocess.run(CC + [str(self.obj), *map(str, changed), *ARCHIVES, "-o", str(exe), *LIBS],
                              capture_output=True, text=True)

    def notices(self, exe, limit, remarks=None):
        """What the test says against this code, None if nothing; `remarks` takes the indented lines."""
        late = threading.Event()
        p = subprocess.Popen(["stdbuf", "-oL", str(exe)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                             env=dict(os.environ, HYB_CPU="c"))
        timer = threading.Timer(limit, lambda: (late.set(), p.kill()))
        timer.start()
        try:
            for line in p.stdout:
                if line.startswith(b"    ") and remarks is not None:
                    remarks.add(line)
                elif line.startswith((b"not ok - ", b"    ")) and line not in self.remarks:
                    return line.decode(errors="replace").strip()
            code = p.wait()
            return "does not end" if late.is_set() else f"ends with {code}" if code != 0 else None
        finally:
            timer.cancel()
            p.kill()
            p.stdout.close()
            p.wait()


def attempt(m):
    """(test that noticed, its words), or (None, trouble)."""
    text = (pathlib.Path("src/hyb") / m["file"]).read_text()
    if text.count(m["find"]) != 1:
        return None, f"'{m['find'][:60]}' stands {text.count(m['find'])} times in {m['file']}, expected once"
    with tempfile.TemporaryDirectory(dir=BUILD) as work:
        changed, obj = pathlib.Path(work) / m["file"], pathlib.Path(work) / "changed.o"
        changed.write_text(text.replace(m["find"], m["with"]))
        r = compile_to(changed, obj)
        if r.returncode != 0:
            return None, "does not compile: " + r.stderr.strip()[:300]
        for test in m["test"].split():
            program, exe = programs[test], pathlib.Path(work) / test
            if not program.ready():
                return None, program.trouble
            r = program.link(exe, obj)
            if r.returncode != 0:
                return None, "does not link: " + r.stderr.strip()[:300]
            why = program.notices(exe, 20 + 8 * program.seconds)
            if why:
                return test, why
    return None, None


begin = time.monotonic()
todo = mutants()
programs = {t: Program(t) for m in todo for t in m["test"].split()}
BUILD.mkdir(parents=True, exist_ok=True)
pool = concurrent.futures.ThreadPoolExecutor(os.cpu_count())
killed = alive = untried = 0
for m, (test, why) in zip(todo, pool.map(attempt, todo)):
    name = f"{m['file']}: {m['what']}"
    if test:
        killed += 1
        if os.environ.get("V"):
            print(f"killed by {test}  {name}  [{why[:80]}]", flush=True)
    elif why:
        untried += 1
        print(f"cannot tell  {name}: {why}", flush=True)
    else:
        alive += 1
        print(f"alive  {name}", flush=True)
if os.environ.get("V"):
    for p in programs.values():
        print(f"{p.name}: {p.seconds or 0:.1f} s on healthy code")
    print(f"{time.monotonic() - begin:.0f} s")
print(f"mutants: {killed} killed, {alive} alive, {untried} not tried")
sys.exit(1 if alive or untried or not killed else 0)
