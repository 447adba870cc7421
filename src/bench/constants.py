#!/usr/bin/env python3
"""Search for constants as ratios, measured in one run on the same bytes with the same patterns. Prints JSON lines.

  constants-speed           bytes per second of CPU of the sampler, one thread and two
  constants-vs-hyperscan    the same of Hyperscan's literal mode over it; the hits must be equal
  constants-vs-yara         CPU seconds per byte of YARA with the same patterns over ours
  constants-vs-yara-rules   the same with crypto rules of the published kind: short words, k of n, numbers in text
  constants-vs-read         our CPU seconds over those of reading the bytes from memory
  constants-usr             wall seconds for all files of code under /usr, read and searched, one thread and two
"""
import argparse
import hashlib
import json
import math
import os
import pathlib
import random
import shutil
import subprocess
import sys

ap = argparse.ArgumentParser()
ap.add_argument("--pqmap", default="build/pqmap")
ap.add_argument("--bytes", type=int, default=500_000_000)
ap.add_argument("--yara-bytes", type=int, default=30_000_000)
args = ap.parse_args()
build = pathlib.Path(os.path.dirname(os.path.abspath(args.pqmap)))
repo = pathlib.Path(__file__).resolve().parents[2]
work = build / "bench-constants"
work.mkdir(parents=True, exist_ok=True)


def line(name, **kw):
    print(json.dumps({"name": name, **kw}), flush=True)


def files_of_code(tree):
    for root, _, names in sorted(os.walk(tree)):
        for name in sorted(names):
            path = os.path.join(root, name)
            try:
                if not os.path.islink(path) and os.path.isfile(path):
                    with open(path, "rb") as f:
                        if f.read(4) in (b"\x7fELF", b"!<ar"):
                            yield path, os.path.getsize(path)
            except OSError:
                continue


def listed(name, all_files, limit):
    """A spread of the files, up to so many bytes."""
    chosen, n = [], 0
    for path, size in random.Random(7).sample(all_files, len(all_files)):
        if size > 100 and n + size <= limit:
            chosen.append(path)
            n += size
    (work / name).write_text("".join(p + "\n" for p in chosen))
    return n


def driver():
    exe = work / "constants"
    objects = [str(p) for d in ("base", "model", "parse", "rules") for p in sorted((build / "obj/src" / d).glob("*.o")) if p.name != "tree_make.o"]
    libs = subprocess.run(["pkg-config", "--libs", "libelf", "libcrypto", "libcjson", "yaml-0.1", "libxxhash", "zlib"], check=True,
                          capture_output=True, text=True).stdout.split()
    extra = ["-lcapstone"] if subprocess.run(["pkg-config", "--exists", "capstone"]).returncode == 0 else []
    subprocess.run(["gcc", "-O2", "-std=gnu17", "-D_GNU_SOURCE", "-w", f"-I{repo}/src", f"-I{build}", str(repo / "src/bench/peer/constants.c"),
                    *objects, str(build / "obj/embed.o"), "-o", str(exe), *libs, *extra, "-lm", "-pthread", "-ldl"], check=True)
    return str(exe)


def hyperscan():
    """The library alone: its package conflicts with vectorscan's."""
    found = sorted(work.glob("hs/usr/lib/*/libhs.so.5"))
    if not found and shutil.which("apt-get"):
        subprocess.run(["apt-get", "download", "libhyperscan5"], cwd=work, capture_output=True)
        for deb in work.glob("libhyperscan5_*.deb"):
            subprocess.run(["dpkg-deb", "-x", str(deb), str(work / "hs")], check=True)
        found = sorted(work.glob("hs/usr/lib/*/libhs.so.5"))
    return str(found[0]) if found else None


def lines_of(argv):
    return [json.loads(x) for x in subprocess.run(argv, check=True, capture_output=True, text=True).stdout.splitlines() if x.startswith("{")]


def yara_of(patterns, path):
    text = "rule constants {\n strings:\n" + "".join(f"  $p{i} = {{ {p} }}\n" for i, p in enumerate(patterns)) + " condition: any of them\n}\n"
    path.write_text(text)


def yara_rules(path):
    """What the known sets look for: words of tables one by one, prime digits in text, code bytes with gaps."""
    out = []

    def rule(name, strings, condition):
        out.append(f"rule {name} {{\n strings:\n" + "".join(f"  $s{i} = {s}\n" for i, s in enumerate(strings)) + f" condition: {condition}\n}}\n")

    def words(values, size=4):
        return [f"{{ {v.to_bytes(size, end).hex()} }}" for v in values for end in ("little", "big")]
    sine = [int(abs(math.sin(i + 1)) * 2**32) for i in range(64)]
    rule("md5_words", words(sine), "20 of them")
    rule("md5_start", words([0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476]), "4 of them")
    rule("sha1_words", words([0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6, 0xc3d2e1f0]), "4 of them")
    rule("tea_delta", words([0x9e3779b9]), "any of them")
    rule("crc32_poly", words([0xedb88320, 0x04c11db7]), "any of them")
    rule("rc6", words([0xb7e15163, 0x9e3779b9]), "2 of them")
    rule("chacha_words", [f'"{w}"' for w in ("expa", "nd 3", "2-by", "te k")], "4 of them")
    for n in (20, 32, 40, 48, 64, 96):
        rule(f"number_{n}", [f"/[0-9a-fA-F]{{{n}}}/ fullword ascii wide"], "any of them")
    rule("base64_table", ['"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"'], "any of them")
    for i in range(40):
        h = hashlib.sha256(b"code %d" % i).digest()
        rule(f"code_{i}", [f"{{ 55 8b ec ?? {h[0]:02x} [2-8] 8b ?? {h[1]:02x} 0f ?? ?? {h[2]:02x} }}",
                           f"{{ 48 8b ?? 48 [1-6] {h[3]:02x} {h[4]:02x} c3 }}"], "any of them")
    rule("sbox", ["{ 63 7c 77 7b f2 6b 6f c5 30 01 67 2b fe d7 ab 76 }", "{ 52 09 6a d5 30 36 a5 38 }"], "any of them")
    path.write_text("".join(out))


def yara_cpu(rules, name):
    before = os.times()
    r = subprocess.run(["yara", "-p", "1", "-w", "--scan-list", str(rules), str(work / name)], capture_output=True)
    after = os.times()
    return (after.children_user - before.children_user) if r.returncode == 0 else None


def best(rows, engine, threads, key="cpu"):
    return min(r[key] for r in rows if r["engine"] == engine and r["threads"] == threads)


def main():
    exe, lib = driver(), hyperscan()
    usr = list(files_of_code("/usr"))
    n = listed("list", usr, args.bytes)
    if lib is None:
        line("constants-vs-hyperscan", skipped="libhyperscan5 cannot be had")
        return
    rows = lines_of([exe, "held", lib, str(work / "list")])
    made = rows.pop(0)
    one, two = n / best(rows, "sampler", 1), n / best(rows, "sampler", 2)
    line("constants-speed", unit="GB per second of CPU", one=round(one / 1e9, 2), two_threads=round(two / 1e9, 2),
         wall_two=round(n / best(rows, "sampler", 2, "s") / 1e9, 2), bytes=n, patterns=made["patterns"],
         build_ms=round(made["s"] * 1000, 2), goal=">= 5")
    marks = {(r["hits"], r["mark"]) for r in rows if r["engine"] != "read"}
    hits = sorted({r["hits"] for r in rows if r["engine"] != "read"})
    line("constants-vs-hyperscan", unit="ratio of CPU", value=round(best(rows, "hyperscan", 1) / best(rows, "sampler", 1), 2),
         two_threads=round(best(rows, "hyperscan", 2) / best(rows, "sampler", 2), 2), hits=hits, same_hits=len(marks) == 1, goal=">= 3.5, same hits")
    line("constants-vs-read", unit="ratio of CPU", value=round(best(rows, "sampler", 1) / best(rows, "read", 1), 2))
    if shutil.which("yara"):
        patterns = [x for x in subprocess.run([exe, "patterns"], check=True, capture_output=True, text=True).stdout.split("\n") if x and x[0] != "{"]
        small = listed("small", usr, args.yara_bytes)
        yara_of(patterns, work / "same.yar")
        yara_rules(work / "rules.yar")
        (work / "none").write_text("")
        for name, rules, goal in (("constants-vs-yara", "same.yar", ">= 20"), ("constants-vs-yara-rules", "rules.yar", ">= 100")):
            cpu, start = yara_cpu(work / rules, "small"), yara_cpu(work / rules, "none") or 0
            if cpu is None:
                line(name, skipped="yara does not take the rules or the list")
                continue
            each = max(cpu - start, 1e-3) / small
            line(name, unit="ratio of CPU per byte", value=round(each * one, 1), yara_mb_per_s=round(1e-6 / each, 1), bytes=small, goal=goal)
    else:
        line("constants-vs-yara", skipped="yara is not installed")
    (work / "usr").write_text("".join(p + "\n" for p, _ in usr))
    rows = [r for r in lines_of([exe, "files", str(work / "usr")]) if r["engine"] == "files"]
    line("constants-usr", unit="s", one=best(rows, "files", 1, "s"), two=best(rows, "files", 2, "s"), files=len(usr), bytes=rows[0]["bytes"],
         gb_per_s=round(rows[0]["bytes"] / best(rows, "files", 2, "s") / 1e9, 2))


if __name__ == "__main__":
    main()
    sys.exit(0)
