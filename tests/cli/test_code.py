#!/usr/bin/env python3
"""Calls and their arguments, as parse/code.h finds them in programs that are built here in many ways.

Each call of the source has a number as its first argument. What a call may be told to get is written beside it: one
value, or the set of values that it gets on different ways (then it is unknown, or, in a copy that the compiler made for
one way, the value of that way). objdump, which knows nothing of us, must show a branch to the callee at each address.
"""
import itertools
import os
import pathlib
import re
import shutil
import subprocess

from kit import done, ok, skip, tmpdir

DUMP = os.path.abspath(os.environ.get("B", "build") + "/code_dump")
LIB = r"""
volatile long sink;
void *api_int(int id, long v) { sink += id + v; return (void *)&sink; }
void *api_text(int id, const char *t) { sink += id + t[0]; return (void *)&sink; }
void *api_use(int id, void *p, int v) { sink += id + v; return p; }
void api_fill(int id, int *p) { *p = (int)sink + id; }
void *api_eight(int id, int a, int b, int c, int d, int e, long f, const char *g) { sink += id + a + b + c + d + e + f + g[0]; return 0; }
"""
PROGRAM = r"""
#include <stdlib.h>
#include <stdio.h>
void *api_int(int, long); void *api_text(int, const char *); void *api_use(int, void *, int); void api_fill(int, int *);
void *api_eight(int, int, int, int, int, int, long, const char *);
#define OUT __attribute__((noinline, noclone, noipa))
#define LOCAL static __attribute__((noinline))
extern volatile long sink;
LOCAL void plain(void) { api_int(1, 3072); api_text(2, "P-384"); api_int(3, 0); api_int(4, -1); api_int(5, 0x123456789abcdL); }
LOCAL void branch(int c) { long v = 2048; if (c > 3) v = 4096; sink++; api_int(10, v); }
LOCAL void same(int c) { long v = 3; if (c > 3) { sink++; v = 3; } api_int(11, v); }
LOCAL void taken(void) { int v = 2048; api_fill(20, &v); api_int(21, v); }
LOCAL void array(int c) { int v[8] = { 1, 2, 3, 4, 5, 6, 7, 8 }; v[c & 7] = 99; api_int(22, v[3]); sink += v[c & 3]; }
LOCAL void loop(int n) { for (int i = 7; i < n + 9; i++) api_int(23, i); }
LOCAL void wrapper(int bits) { sink++; api_int(30, bits); sink++; }
LOCAL void two_ways(int bits) { sink++; api_int(31, bits); sink++; }
LOCAL void deeper(int bits, const char *name) { wrapper(bits); api_text(32, name); sink++; }
OUT void shown(int bits) { api_int(33, bits); sink++; }
static void by_table_a(int x) { api_int(40, 512); sink += x; }
static void by_table_b(int x) { api_int(41, x); sink += x; }
static void (*const table[])(int) = { by_table_a, by_table_b };
struct method { const char *name; int kind; void (*run)(int); };
static void by_method(int x) { api_int(42, 1024); sink += x; }
static const struct method methods[] = { { "a", 1, by_method }, { "b", 2, by_table_b } };
static void as_callback(void) { api_int(43, 7); }
LOCAL void many(int c) {
	long v;
	switch (c) {
	case 0: v = 10; sink++; break;
	case 1: v = 20; sink += 2; break;
	case 2: v = 30; sink += 3; break;
	case 3: api_int(50, 77); v = 40; break;
	case 4: v = 50; sink -= 3; break;
	case 5: sink *= 5; v = 60; break;
	case 6: v = 70; api_int(51, 78); /* falls through */
	default: v = 80; sink ^= 4;
	}
	api_int(52, v);
}
LOCAL void results(void) { void *p = api_int(60, 6); if (!p) return; api_use(61, p, 2048); api_use(62, p, 3); }
LOCAL void ninth(void) { api_eight(63, 1, 2, 3, 4, 5, 600, "seven"); }
LOCAL void again(int n, int bits) { api_int(64, bits); sink++; if (n > 0) again(n - 1, bits); sink++; }
LOCAL void changes(int n, int bits) { api_int(65, bits); sink++; if (n > 0) changes(n - 1, bits + 1); sink++; }
LOCAL void *tail(void) { return api_int(66, 715); }
LOCAL void masks(int c) { long v = c & 1 ? 0x100 : 0; api_int(67, v | 0x6); }
LOCAL void kept(int c) { long v = 4097; for (int i = 0; i < c; i++) printf("%d", i); api_int(68, v); printf("%d", c); api_int(69, v); }
__attribute__((used)) static void dead(void) { api_int(70, 9999); sink++; }
__attribute__((constructor)) static void early(void) { api_int(71, 5); sink++; }
static void (*volatile chosen)(int);
int main(int argc, char **argv)
{
	static const char *const names[] = { "X25519", "P-521" };
	plain(); branch(argc); same(argc); taken(); array(argc); loop(argc);
	deeper(3072, "ffdhe3072"); wrapper(3072);
	two_ways(1024); two_ways(2048);
	shown(384);
	for (int i = 0; i < 2; i++) table[(argc + i) & 1](5);
	for (int i = 0; i < 2; i++) methods[i].run(6);
	atexit(as_callback);
	many(argc); results(); ninth(); again(argc, 192); changes(argc, 192); sink += (long)tail(); masks(argc); kept(argc);
	api_text(80, names[1]);
	api_text(81, argc > 1 ? "yes" : "no");
	api_text(82, argv[0]);
	chosen = by_table_a;
	return argc > 90 ? 1 : 0;
}
"""
M1 = 2**64 - 1
# id: what the second argument (of 61 and 62: the third) may be told to be; and whether the call is reached.
MAY = {1: {3072}, 2: {"P-384"}, 3: {0}, 4: {M1, 2**32 - 1}, 5: {0x123456789abcd}, 10: {2048, 4096}, 11: {3}, 21: set(),
       22: set(), 23: {7}, 30: {3072}, 31: {1024, 2048}, 32: {"ffdhe3072"}, 33: {384}, 40: {512}, 41: {5, 6},
       42: {1024}, 43: {7}, 50: {77}, 51: {78}, 52: {10, 20, 30, 40, 50, 60, 70, 80}, 60: {6}, 61: {2048}, 62: {3},
       64: {192}, 65: set(range(192, 220)), 66: {715}, 67: {6, 0x106}, 68: {4097}, 69: {4097}, 70: {9999}, 71: {5},
       80: {"P-521"}, 81: {"yes", "no"}, 82: set()}
# These are known whatever the compiler does.
MUST = {1, 2, 3, 4, 5, 11, 30, 32, 40, 42, 43, 50, 51, 60, 61, 62, 66, 68, 69, 70, 71}
# With several values, the call in common gets one of them only in a copy; -O0 makes none: it is told once for each value,
# or with none. Two ways that join right before, and two callers, are told.
SEVERAL = {10, 23, 31, 52, 65, 67, 81}
EACH = {10: {2048, 4096}, 31: {1024, 2048}}
LINE = re.compile(r"([0-9a-f]+) [0-9a-f]+ (\w+)([@=~])( tail)?( reference)? (reached|unreached|undecided)\((.*)\) <- (.*)$")
ARG = re.compile(r'"[^"]*"|[^, ]+')


def value(text):
    if text == "?" or text.startswith("#"):
        return text
    return text[1:-1] if text[0] == '"' else int(text)


def dump(path, *more):
    r = subprocess.run([DUMP, *more, "api_*", path], capture_output=True, text=True, errors="replace", timeout=60)
    calls = [LINE.match(line) for line in r.stdout.splitlines() if not line.startswith("#")]
    assert r.returncode == 0 and all(calls), r.stdout + r.stderr
    return [(int(c[1], 16), c[2], c[5], c[6], [value(a) for a in ARG.findall(c[7])], c[8]) for c in calls], r.stdout


def branches(objdump, path):
    """Address -> what stands there, by another disassembler."""
    text = subprocess.run([objdump, "-d", "--no-show-raw-insn", path], capture_output=True, text=True).stdout
    return {int(m[1], 16): m[2] for m in re.finditer(r"^ *([0-9a-f]+):\t(.*)$", text, re.M)}


def judge(name, path, has_names, objdump):
    calls, text = dump(path)
    wrong, seen, known, told = [], set(), set(), {}
    there = branches(objdump, path)
    is_bare = "unwind-tables" in name
    unconfirmed = []
    for addr, callee, reference, reach, args, way in calls:
        insn = there.get(addr, "nothing")
        if not re.match(r"(bnd |notrack )?(call|jmp|j[a-z]+|bl|blr|b|br)\b", insn) and not reference:
            unconfirmed.append(f"{addr:x} {callee}: {insn}")
        elif has_names and "(%rip)" not in insn and "<" in insn and not reference and f"<{callee}@" not in insn and f"<{callee}>" not in insn:
            unconfirmed.append(f"{addr:x} {callee}: {insn}")
        if reference or args[0] == "?":
            continue
        number = args[0]
        seen.add(number)
        got = args[2] if callee == "api_use" else args[1]
        if number == 63:
            if args[1:6] != [1, 2, 3, 4, 5] or args[6] not in (600, "?") or args[7] not in ("seven", "?"):
                wrong.append(f"63: {args}")
            known |= {63} if args[6] == 600 and args[7] == "seven" else set()
            continue
        if number not in MAY:
            continue
        if got != "?" and not (isinstance(got, str) and got.startswith("#")):
            if got not in MAY[number]:
                wrong.append(f"{number}: {got} is none of {MAY[number]}")
            else:
                known.add(number)
                told.setdefault(number, set()).add(got)
        if number == 61 and not str(args[1]).startswith("#"):
            wrong.append(f"61: its context is {args[1]}, not the result of call 60")
        # Only 70 is in a function that nothing leads to. Where neither frames nor symbols tell what a function is, all may
        # be undecided.
        if reach == ("reached" if number == 70 else "unreached") or (reach == "undecided" and not is_bare):
            wrong.append(f"{number} is told to be {reach}: {way}")
        if number == 30 and not is_bare and reach == "reached" and not way.startswith("main"):
            wrong.append(f"30: the way does not start at main: {way}")
    if "-O0" in name:
        wrong += [f"{n} has {MAY[n]}, told as one" for n in sorted(known & SEVERAL) if len(told[n]) < 2]
        wrong += [f"{n} is told as {told.get(n)}" for n in EACH if told.get(n) != EACH[n]]
    lost = sorted(MUST - known)
    ok(not wrong, f"{name}: no value, way or verdict is wrong", "; ".join(wrong[:6]))
    ok(not lost, f"{name}: {len(known)} values of {len(seen)} calls found", f"lost: {lost}\n{text[:6000]}")
    ok(not unconfirmed, f"{name}: objdump shows a branch to the callee at {len(calls)} addresses", "; ".join(unconfirmed[:5]))


def build(where, name, argv, strip):
    out = str(where / name)
    r = subprocess.run([*argv, "-o", out], capture_output=True, text=True, cwd=where)
    if r.returncode != 0:
        return None
    if strip:
        subprocess.run([strip, out], check=True)
    return out


def every(where, cc, tag, strip, objdump, flags):
    if shutil.which(cc) is None:
        skip(f"{cc} is not installed")
        return
    if build(where, f"libapi-{tag}.so", [cc, "-shared", "-fPIC", "-O1", "lib.c"], None) is None:
        skip(f"{cc} builds no shared library here")
        return
    for n, flag in enumerate(flags):
        name = f"{tag} {flag}"
        argv = [cc, *flag.split(), "-w", "program.c", f"libapi-{tag}.so", "-Wl,-rpath,$ORIGIN"]
        path = build(where, f"{tag}-{n}", argv, strip if n % 2 == 0 else None)
        if path is None:
            skip(f"{name} does not link here")
            continue
        judge(name, path, True, objdump)
        swept(name, path)
        if n == 0:
            headless(name, path)
    static = build(where, f"{tag}-static", [cc, "-O2", "-w", "-static", "program.c", "lib.c"], None)
    if static:
        judge(f"{tag} static -O2", static, True, objdump)
        swept(f"{tag} static -O2", static)


def swept(name, path):
    """Read as if it had too much code to be held: the same calls, no other value, and no verdict that would need all
    of the program."""
    whole, part = dump(path)[0], dump(path, "-s")[0]
    want = {c[0]: c for c in whole if not c[2]}
    got = {c[0]: c for c in part if not c[2]}
    each = {}
    for c in whole:
        each.setdefault(c[0], []).append(c[4])
    other = []
    for addr in want.keys() & got.keys():
        number = want[addr][4][0]
        for i, b in enumerate(got[addr][4]):
            allowed = {c[i] for c in each[addr]} | {"?"} | (MAY.get(number, set()) if i in (1, 2) else set())
            if b not in allowed and not str(b).startswith("#"):
                other.append(f"{addr:x} argument {i}: {b}, not of {allowed}")
    lost = [f"{a:x}" for a in want.keys() ^ got.keys()]
    known = sum(1 for c in part if c[4][1] != "?")
    ok(not lost and not other and known >= 12 and "unreached" not in [c[3] for c in part],
       f"{name}: swept, the same {len(want)} calls, {known} with what they are handed",
       f"lost {lost[:6]}, other {other[:6]}, {known}")


def headless(name, path):
    """Without section headers, as sstrip leaves it: the same calls."""
    before, _ = dump(path)
    body = bytearray(pathlib.Path(path).read_bytes())
    body[40:48] = bytes(8)
    body[58:64] = bytes(6)
    other = path + "-headless"
    pathlib.Path(other).write_bytes(body)
    after, _ = dump(other)
    ok(before == after and before, f"{name}: the same {len(before)} calls without section headers")


FLAGS = ["-O0", "-O1", "-O2", "-Os", "-O3", "-O2 -fno-plt", "-O0 -fno-plt", "-O2 -no-pie", "-O0 -no-pie", "-Os -no-pie",
         "-O2 -flto", "-O2 -fcf-protection=full", "-O2 -fno-asynchronous-unwind-tables", "-O2 -Wl,-z,lazy",
         "-O2 -fomit-frame-pointer -Wl,-z,pack-relative-relocs", "-O1 -fstack-protector-all"]
A64 = ["-O0", "-O1", "-O2", "-Os", "-O3", "-O2 -fno-plt", "-O2 -no-pie", "-O0 -no-pie", "-O2 -flto",
       "-O2 -mbranch-protection=standard", "-O0 -mbranch-protection=standard"]

if not os.path.exists(DUMP):
    skip("build/code_dump is not built")
    done()
with tmpdir() as d:
    d = pathlib.Path(d)
    (d / "lib.c").write_text(LIB)
    (d / "program.c").write_text(PROGRAM)
    machine = os.uname().machine
    every(d, "gcc", "gcc", "strip", "objdump", FLAGS if machine == "x86_64" else A64)
    every(d, "clang", "clang", "strip", "objdump",
          [f for f in (FLAGS if machine == "x86_64" else A64) if "pack-rel" not in f and "flto" not in f])
    if machine == "x86_64":
        every(d, "aarch64-linux-gnu-gcc", "a64", "aarch64-linux-gnu-strip", "aarch64-linux-gnu-objdump", A64)
done()
