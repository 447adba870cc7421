#!/usr/bin/env python3
"""make ct: constant time, checked. One command, one closing line `N passed, N failed`.

For each compiler and optimisation: memcheck with the secrets undefined on the portable and the AVX2
code (valgrind 3.19 hides AVX-512 and the SHA instructions from programs), and the disassembly of all
levels. Planted leaks of five kinds must be caught in the same way: branch, index and early-out compare by
memcheck; a shift by a secret by memcheck in the builds where the compiler checks shift counts, as that
check is a branch; division by the disassembly, since memcheck knows no instruction's time. Then what calls
leave on the stack, and the list of values that are declared public, each with its reason.

    B=build CT=full|quick run.py
"""
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import time

import disasm

B = os.environ.get("B", "build") + "/ct"
QUICK = os.environ.get("CT", "full") == "quick"
HERE = pathlib.Path(__file__).parent
SHIFTS = {"gcc": "-fsanitize=shift-exponent -fsanitize-undefined-trap-on-error",
          "clang": "-fsanitize=shift-exponent -fsanitize-trap=shift-exponent"}
if QUICK:
    CONFIGS = [("gcc", "-O3", False), ("clang", "-O2", False), ("gcc", "-O0", True)]
else:
    CONFIGS = [(cc, o, False) for o in ("-O0", "-O1", "-O2", "-O3", "-Os") for cc in ("gcc", "clang")]
    CONFIGS += [("gcc", "-O0", True), ("clang", "-O0", True)]
PER_ALGORITHM = 12
# What the programs link: the rest of the library would only take time.
PARTS = ("backend", "cpu", "keccak", "kem", "lc", "mldsa", "mlkem", "sha2", "slhdsa", "util")
SOURCES = " ".join(sorted(str(p) for p in pathlib.Path("src/hyb").glob("*.c") if p.stem.split("_")[0] in PARTS))
passed = failed = 0


def result(good, words, detail=""):
    global passed, failed
    if good:
        passed += 1
        print(f"ok - {words}")
    else:
        failed += 1
        print(f"not ok - {words}")
        print("\n".join("    " + l for l in detail.splitlines()[:60]))
    sys.stdout.flush()


def sh(command, **env):
    return subprocess.run(command, shell=True, capture_output=True, text=True, env={**os.environ, **env})


def build(cc, opt, shifts):
    """The library and the programs of one configuration: their folder, or an error."""
    folder = f"{B}/{cc}{opt}{'-shift' if shifts else ''}"
    flags = f"{opt} -gdwarf-4 -DHYB_CT -U_FORTIFY_SOURCE {SHIFTS[cc] if shifts else ''}"
    r = sh(f"MAKEFLAGS= nice make --no-print-directory B='{folder}' CC={cc} CFLAGS='{flags}' "
           f"HYB_SRC='{SOURCES}' '{folder}/libhyb.a'")
    if r.returncode != 0:
        return folder, r.stderr
    warn = "-std=gnu17 -Wall -Wextra -Isrc -D_GNU_SOURCE"
    for name, lib in (("ct", f"'{folder}/libhyb.a' -lcrypto -pthread"), ("leak", "")):
        r = sh(f"{cc} {warn} {flags} tests/ct/{name}.c -o '{folder}/{name}' {lib}")
        if r.returncode != 0:
            return folder, r.stderr
    for name, more in (("leak", ""), ("leak_avx512", "-mavx512f -mavx512bw")):
        sh(f"{cc} {warn} {flags} {more} -c tests/ct/{name}.c -o '{folder}/{name}.o'")
    return folder, None


def valgrind(program, level):
    r = sh(f"nice valgrind -q --error-limit=no --num-callers=6 --suppressions=tests/ct/libcrypto.supp '{program}'",
           HYB_CPU=level)
    return r.stdout, r.stderr


def memcheck(config):
    """Everything of one configuration; (good, words, detail) for each line to be printed."""
    folder, error = build(*config)
    name = folder[len(B) + 1:]
    if error:
        return [(False, f"{name}: does not build", error)]
    lines, out = [], valgrind(f"{folder}/leak", "c")[0]
    caught = set(re.findall(r"(\w+) caught", out))
    expected = {"branch", "index", "compare"} | ({"shift"} if config[2] else set())
    lines.append((caught >= expected, f"{name}: planted {', '.join(sorted(expected))} caught by memcheck", out))
    found = {(k, n.split(".")[0]) for k, n in disasm.findings(pathlib.Path(f"{folder}/leak.o"))}
    found |= {(k, n.split(".")[0]) for k, n in disasm.findings(pathlib.Path(f"{folder}/leak_avx512.o"))}
    planted = {("div", "leak_division"), ("gather", "leak_gather")}
    # Without optimisation every value goes through memory, where the jump check cannot follow it.
    planted |= {("jump", "leak_vector_branch")} if config[1] != "-O0" else set()
    lines.append((found >= planted, f"{name}: planted {', '.join(sorted(p[0] for p in planted))} seen in the machine code",
                  str(found)))
    for level in ("c", "avx2"):
        out, log = valgrind(f"{folder}/ct", level)
        pathlib.Path(f"{folder}/{level}.log").write_text(out + log)
        bad = [l for l in out.splitlines() if l.startswith("not ok")]
        n = len(re.findall(r"^ok - ", out, re.M))
        done = re.search(r"^\d+ passed, 0 failed$", out, re.M)
        lines.append((bool(done) and not bad, f"{name}, {level}: {n} algorithms, {'0' if done else 'some'} reports",
                      "\n".join(bad) + "\n" + log))
    if not config[2]:
        objects = sorted(str(p) for p in pathlib.Path(folder, "obj/src/hyb").glob("*.o"))
        n, bad, excused = disasm.check(objects, quiet=True)
        lines.append((not bad, f"{name}: machine code of {n} objects: no division, no gather, no jump on a vector"
                      f" ({len(excused)} functions on public values)",
                      "\n".join(f"{k[0]} in {k[1]}.o {k[2]}" for k in sorted(bad, key=str))))
    return lines


def stack():
    """The library as it is installed, and once by the other compiler."""
    for cc, opt in (("gcc", "-O3"),) if QUICK else (("gcc", "-O3"), ("clang", "-O2")):
        folder = os.environ.get("B", "build") if cc == "gcc" else f"{B}/stack-{cc}{opt}"
        r = sh(f"MAKEFLAGS= nice make --no-print-directory B='{folder}' CC={cc} CFLAGS={opt} '{folder}/libhyb.a' && "
               f"{cc} -std=gnu17 -Wall -Wextra -D_GNU_SOURCE -Isrc -O1 tests/ct/stack.c '{folder}/libhyb.a' "
               f"-o '{folder}/stack' -lcrypto -pthread")
        if r.returncode == 0:
            r = sh(f"nice '{folder}/stack'")
        last = r.stdout.splitlines()[-1] if r.stdout else "does not build"
        result(r.returncode == 0, f"stack after a call, {cc} {opt}: {last}",
               "\n".join(l for l in r.stdout.splitlines() if l.startswith("not ok")) + r.stderr)


def public_values():
    """Every HYB_CT_PUBLIC in the library with the comment beside or before it."""
    algorithms = {}
    for p in sorted(pathlib.Path("src/hyb").glob("*.c")):
        lines = p.read_text().splitlines()
        for i, line in enumerate(lines):
            if "HYB_CT_PUBLIC(" not in line:
                continue
            near = " ".join(lines[max(0, i - 8):i + 3])
            what = re.sub(r"\s+", " ", (line + (lines[i + 1] if line.rstrip().endswith("(") else "")).strip())
            algorithms.setdefault(p.stem.split("_")[0], []).append((f"{p.name}:{i + 1}", what, "/*" in near))
    for name, rows in algorithms.items():
        print(f"    declared public in {name}: {len(rows)}")
        for where, what, _ in rows:
            print(f"        {where}: {what}")
        result(len(rows) <= PER_ALGORITHM and all(r[2] for r in rows),
               f"{name}: {len(rows)} values declared public, at most {PER_ALGORITHM}, each with its reason",
               "\n".join(r[0] + " has no reason beside it" for r in rows if not r[2]))


def main():
    start = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for lines in pool.map(memcheck, CONFIGS):
            for line in lines:
                result(*line)
    stack()
    public_values()
    print(f"{passed} passed, {failed} failed ({time.monotonic() - start:.0f} s)")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
