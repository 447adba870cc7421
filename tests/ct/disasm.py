#!/usr/bin/env python3
"""Reads the machine code of the library's post-quantum parts: no division, in AVX-512 code no gather
and no conditional jump on what came out of a vector register.

    disasm.py OBJECT…      exit 1 if there is a finding that ALLOWED does not name
"""
import collections
import pathlib
import re
import subprocess
import sys

# Functions that do so on public values, each with its reason.
ALLOWED = [
    ("div", r"mldsa.*", r".*expand_a", "rows and columns of the public matrix"),
    ("div", r"mldsa", r"(draw_masks|hyb_mldsa_sign\w*)", "how many masks a batch draws"),
    ("div", r"mldsa", r"unpack_hint", "a bit's place, of a public signature"),
    ("div", r"mlkem", r"sample_(all_)?a", "rows and columns of the public matrix"),
    ("div", r"ml(dsa|kem)\w*", r"(inv)?ntt(_first|_last)?", "256 by the length of a layer"),
    ("div", r"ml(dsa|kem)_avx512", r"rej(ect|_uniform)", "bytes left of the public matrix's stream"),
    ("div", r"mlkem", r"side_begin", "a length by the rate"),
    ("div", r"keccak_avx2", r"lanes4", "the places of a row, modulo 5"),
    ("div", r"sha2", r"top_up", "a length by the block size"),
    ("jump", r"keccak_avx512", r"hyb_sponges_(absorb|add)_avx512", "which lanes are in use"),
    ("jump", r"slhdsa_avx512", r"(hyb_slh_chains_sha2_avx512|chain_out)", "which items are captured"),
    ("gather", r"slhdsa(_shake)?_avx512", r".*", "addresses of items: clang vectorises the loading"),
]
IN_SCOPE = re.compile(r"(mlkem|mldsa|slhdsa|sha2|keccak|kem|util)(_|\.)")
OUT_OF_VECTOR = re.compile(
    r"(kmov[bwdq]|vp?movmsk\w*|pmovmskb|vmov[dq]|movd|movq|v?pextr[bwdq])$")
FLAGS_BY_VECTOR = re.compile(r"(kortest[bwdq]|ktest[bwdq]|v?ptest|vtestp[sd]|v?u?comis[sd])$")
GPR = re.compile(r"%([re]?(?:[abcd]x|[sd]il?|bpl?|spl?)|[abcd]l|r\d+[dwb]?)$")
NAMES = {"al": "ax", "bl": "bx", "cl": "cx", "dl": "dx", "sil": "si", "dil": "di", "bpl": "bp"}


def register(operand):
    m = GPR.search(operand)
    if not m or "(" in operand:
        return None
    r = m[1]
    if re.fullmatch(r"r\d+[dwb]", r):
        return r[:-1]
    return NAMES.get(r, r[1:] if r[0] in "re" and not r[1].isdigit() else r)


def functions(path):
    text = subprocess.run(["objdump", "-d", "--no-show-raw-insn", str(path)],
                          capture_output=True, text=True, check=True).stdout
    name, code = None, []
    for line in text.splitlines():
        m = re.match(r"[0-9a-f]+ <(.*)>:$", line)
        if m:
            if name:
                yield name, code
            name, code = m[1], []
        elif "\t" in line:
            parts = line.split("\t")[-1].split(None, 1)
            if parts:
                code.append((parts[0], parts[1].split(" #")[0].strip() if len(parts) > 1 else ""))
    if name:
        yield name, code


def vector_findings(code):
    """From a vector register into a general one or the flags, and on to a conditional jump."""
    tainted = {}
    setter = None
    for i, (op, args) in enumerate(code):
        if re.match(r"v?p?(gather|scatter)", op):
            yield "gather"
        if FLAGS_BY_VECTOR.match(op):
            setter = True
        elif re.match(r"(test|cmp|add|sub|and|or|xor|inc|dec|neg|sh[lr]|sa[rl]|bt)", op):
            operands = [register(o) for o in re.split(r",(?![^(]*\))", args)]
            setter = any(i - tainted.get(r, -99) <= 12 for r in operands if r)
        elif re.match(r"j(?!mp)", op) and setter:
            yield "jump"
            setter = None
        target = register(args.rsplit(",", 1)[-1]) if args else None
        if target:
            if OUT_OF_VECTOR.match(op) and re.search(r"%(k\d|[xyz]mm)", args):
                tainted[target] = i
            elif re.match(r"(mov|lea|xor|pop)", op):
                tainted.pop(target, None)


def findings(path):
    is_avx512 = path.stem.endswith("_avx512")
    for name, code in functions(path):
        for op, _ in code:
            if re.fullmatch(r"i?div[bwlq]?", op):
                yield "div", name
        if is_avx512:
            for kind in vector_findings(code):
                yield kind, name


def reason(kind, stem, name):
    for k, f, n, why in ALLOWED:
        if k == kind and re.fullmatch(f, stem) and re.fullmatch(n + r"(\.\w+)*", name):
            return why
    return None


def check(paths, quiet=False):
    bad, excused, n = collections.Counter(), collections.Counter(), 0
    for p in map(pathlib.Path, paths):
        if not IN_SCOPE.match(p.name):
            continue
        n += 1
        for kind, name in findings(p):
            why = reason(kind, p.stem, name)
            (excused if why else bad)[(kind, p.stem, name, why)] += 1
    if not quiet:
        for (kind, stem, name, _), count in sorted(bad.items(), key=str):
            print(f"    {kind} in {stem}.o {name}: {count}")
    return n, bad, excused


if __name__ == "__main__":
    n, bad, excused = check(sys.argv[1:])
    for (kind, stem, name, why), count in sorted(excused.items()):
        print(f"    public: {kind} in {stem}.o {name}: {why}")
    print(f"{n} objects, {sum(bad.values())} findings, {sum(excused.values())} on public values")
    sys.exit(1 if bad else 0)
