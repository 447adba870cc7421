#!/usr/bin/env python3
"""Runs unit programs, golden cases and command-line tests; prints `N passed, N failed`.

T=name in the environment runs one unit program, golden case or tests/cli script.
A script in tests/cli/ prints lines `ok - words`, `not ok - words` or `skip - words`. Those that mostly wait (WAITS), and
those that keep one core busy for a minute and time nothing (LONG), run beside everything else, each kind one after the other;
each is still reported in its turn.
A golden case is a folder tests/golden/<name>/ with `cmd`, `stdout` and `exit`.
"""
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import time

BUILD = os.environ.get("B", "build")
ONLY = os.environ.get("T", "")
LIMIT_S = 600
# CI has so much time (seconds since 1970; 0: no end): what it has none for is skipped, and named.
UNTIL = float(os.environ.get("PQM_TESTS_UNTIL", "0"))
# For a server's patience, a retry or a timeout; they share no port with the others. The longest first.
WAITS = ("cluster", "sealed", "probe_cli", "starttls", "steady", "datagrams", "probe_vpn", "probe_ssh")
LONG = ("archives_hostile", "binaries", "exit_codes", "git_cache", "go", "hostile_opaque", "html_browser", "html_hostile", "hyb_link", "image_equal",
        "labelled", "lane", "macho", "practices", "risk_oracle", "schema", "since", "tasks", "trend")
passed, failed, skipped = 0, 0, 0
ENV = dict(os.environ, LC_ALL="C.UTF-8", NO_COLOR="1", SOURCE_DATE_EPOCH="1795219200",
           ASAN_OPTIONS="detect_leaks=1:abort_on_error=0", UBSAN_OPTIONS="print_stacktrace=1",
           PQMAP=f"{BUILD}/pqmap", PQMAP_SAN=f"{BUILD}/pqmap-san")
for name in ("PQMAP_CPU", "MAKEFLAGS", "MFLAGS"):
    ENV.pop(name, None)


def left():
    """Seconds that a test may take."""
    return LIMIT_S if UNTIL == 0 else max(0.0, min(LIMIT_S, UNTIL - time.time()))


def late(name):
    global skipped
    skipped += 1
    print(f"  {name}: skip - no time is left for it in CI; `make test` runs it")
    sys.stdout.flush()


def run(argv, env=None, **kw):
    began = time.monotonic()
    try:
        r = subprocess.run(argv, env=env or ENV, timeout=left(), stdin=subprocess.DEVNULL, **kw)
    except subprocess.TimeoutExpired as e:
        r = subprocess.CompletedProcess(argv, 124, e.stdout or b"", (e.stderr or b"") + b"timed out\n")
    r.took = time.monotonic() - began
    return r


def tell(bad, name, good, skip, took, more=""):
    """The line of a suite; its seconds where they count, for who looks for what to shorten."""
    print(f"{'ok  ' if not bad else 'FAIL'} {name}: {good} passed, {bad} failed" + (f", {skip} skipped" if skip else "")
          + more + (f" ({took:.0f} s)" if took >= 5 else ""))
    sys.stdout.flush()


def unit(path):
    global passed, failed, skipped
    r = run([str(path)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if r.returncode == 124 and left() == 0:
        late(path.name)
        return
    text = r.stdout.decode("utf-8", "replace")
    good = sum(int(n) for n in re.findall(r"\[  PASSED  \] (\d+) test", text))
    bad = sum(int(n) for n in re.findall(r"\[  FAILED  \] .*?: (\d+) test", text))
    skip = sum(int(n) for n in re.findall(r"\[  SKIPPED \] .*?: (\d+) test", text))
    if r.returncode != 0 and bad == 0:
        bad = 1  # died before it could count
    for line in text.splitlines():
        if line.startswith("skip - "):
            print(f"  {path.name}: {line}")
    if bad or good + skip == 0:
        print(text[-6000:])
        bad = bad or 1
    tell(bad, path.name, good, skip, r.took)
    passed, failed, skipped = passed + good, failed + bad, skipped + skip


def golden(folder):
    global passed, failed
    cmd = (folder / "cmd").read_text().replace("pqmap ", f"{BUILD}/pqmap ", 1)
    r = run(["/bin/bash", "-c", cmd], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if r.returncode == 124 and left() == 0:
        late(folder.name)
        return
    want = (folder / "stdout").read_bytes()
    code = int((folder / "exit").read_text())
    if os.environ.get("UPDATE"):
        (folder / "stdout").write_bytes(r.stdout)
        (folder / "exit").write_text(f"{r.returncode}\n")
        want, code = r.stdout, r.returncode
    if r.stdout == want and r.returncode == code:
        passed += 1
        return
    failed += 1
    print(f"FAIL golden {folder.name}: exit {r.returncode}, expected {code}")
    (pathlib.Path(BUILD) / "golden.out").write_bytes(r.stdout)
    sys.stdout.flush()
    subprocess.run(["diff", "-u", str(folder / "stdout"), f"{BUILD}/golden.out"])


def cli_run(script, env):
    argv = ["/usr/bin/python3" if script.suffix == ".py" else "/bin/bash", str(script)]
    return run(argv, env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def cli(script):
    global passed, failed, skipped
    if left() == 0 and not (script in beside and beside[script].done()):
        late(script.name)
        return
    r = beside[script].result() if script in beside else cli_run(script, ENV)
    if r.returncode == 124 and left() == 0:
        late(script.name)
        return
    text = r.stdout.decode("utf-8", "replace")
    good = len(re.findall(r"^ok - ", text, re.M))
    bad = len(re.findall(r"^not ok - ", text, re.M))
    skip = len(re.findall(r"^skip - ", text, re.M))
    if r.returncode != 0 and bad == 0:
        bad = 1
    if good + bad + skip == 0:
        bad = 1
    if bad:
        # What failed, with what was seen, wherever it stands; the end tells of those that broke off.
        for found in re.findall(r"^not ok - .*(?:\n(?!(?:ok|not ok|skip|note) - ).*)*", text, re.M)[:40]:
            print(found[:2000])
        print(text[-2000:])
    else:
        for line in text.splitlines():
            if line.startswith(("skip - ", "note - ")):
                print(f"  {script.name}: {line}")
    tell(bad, script.name, good, skip, r.took)
    passed, failed, skipped = passed + good, failed + bad, skipped + skip


# Groups whose cases come from a standard's or another project's vectors; the others are our own.
PUBLISHED = re.compile(r"ACVP|Wycheproof|session|liboqs|AWS-LC|BoringSSL|^SHA3-\d+$|^SHAKE-\d+$|known|byte for byte|draft|message format"
                       r"|^(X-Wing|universal combiner|composite ML-KEM|composite ML-DSA|FLOE) vectors|hpke-pq|RFC \d+")


def hyb(program, cpu):
    """A program of tests/hyb on one code level: the same lines as a command-line test."""
    global passed, failed, skipped
    ENV["HYB_CPU"] = cpu
    r = run([str(program)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    ENV.pop("HYB_CPU")
    if r.returncode == 124 and left() == 0:
        late(f"{program.name} {cpu}")
        return 0
    text = r.stdout.decode("utf-8", "replace")
    good, bad, skip = (len(re.findall(p, text, re.M)) for p in (r"^ok - ", r"^not ok - ", r"^skip - "))
    if bad == 0 and (r.returncode != 0 or good + skip == 0):
        bad = 1
    cases, own = 0, 0
    for words, n in re.findall(r"^ok - (.*?), (\d+) cases?$", text, re.M):
        if PUBLISHED.search(words):
            cases += int(n)
        else:
            own += int(n)
    for line in text.splitlines():
        if bad or line.startswith(("skip - ", "note - ")):
            print(f"  {program.name} {cpu}: {line}")
    tell(bad, f"{program.name} {cpu}", good, skip, r.took, f"; cases: {cases} published, {own} own")
    passed, failed, skipped = passed + good, failed + bad, skipped + skip
    return cases


def cpu_levels():
    flags = set(re.search(r"^flags\s*:(.*)$|\Z", pathlib.Path("/proc/cpuinfo").read_text(), re.M).group(0).split())
    levels = ["c"] + (["avx2"] if {"avx2", "bmi1", "bmi2"} <= flags else [])
    more = {"avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512ifma", "avx512vbmi", "avx512_vbmi2"}
    return levels + (["avx512"] if more <= flags else [])


beside, lanes = {}, []
for lane in (WAITS, LONG) if ONLY == "" else ():
    one = concurrent.futures.ThreadPoolExecutor(1)
    lanes.append(one)
    for name in lane:
        path = pathlib.Path(f"tests/cli/test_{name}.py")
        beside[path] = one.submit(cli_run, path, dict(ENV))
units = sorted(pathlib.Path(f"{BUILD}/unit").glob("test_*"))
sources = {p.stem for p in pathlib.Path("tests/unit").glob("test_*.c")}
for p in units:
    if p.suffix == "" and p.name in sources and ONLY in ("", p.name[len("test_"):]):
        unit(p)
hyb_sources = {p.stem for p in pathlib.Path("tests/hyb").glob("test_*.c")}
for level in cpu_levels():
    total = 0
    for p in sorted(pathlib.Path(f"{BUILD}/hybtest").glob("test_*")):
        if p.suffix == "" and p.name in hyb_sources and ONLY in ("", p.name[len("test_"):]):
            total += hyb(p, level)
    if total and not ONLY:
        print(f"     libhyb on {level}: {total} published cases hold")
for d in sorted(pathlib.Path("tests/golden").glob("*/")):
    if (d / "cmd").exists() and ONLY in ("", d.name):
        golden(d)
scripts = [s for s in sorted(pathlib.Path("tests/cli").glob("*"))
           if s.suffix in (".sh", ".py") and s.name.startswith("test_") and ONLY in ("", s.stem, s.stem[len("test_"):])]
# Where time ends, those that run beside the others come last: they use it until then.
for s in scripts if UNTIL == 0 else sorted(scripts, key=lambda s: s in beside):
    cli(s)
for one in lanes:
    one.shutdown(wait=False, cancel_futures=True)
line = f"{passed} passed, {failed} failed"
print(line + (f", {skipped} skipped" if skipped else ""))
sys.exit(1 if failed or passed == 0 else 0)
