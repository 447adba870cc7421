#!/usr/bin/env python3
"""Writes sha2_tables.h: roots of primes [FIPS180-4 §4.2, §5.3], and the starts of SHA-512/t [§5.3.6]."""
import struct
from math import isqrt

M = (1 << 64) - 1


def primes(n):
    p, c = [], 2
    while len(p) < n:
        if all(c % q for q in p):
            p.append(c)
        c += 1
    return p


def icbrt(n):
    x = 1 << (n.bit_length() // 3 + 1)
    while True:
        y = (2 * x + n // (x * x)) // 3
        if y >= x:
            return x
        x = y


P = primes(80)
K512 = [icbrt(p << 192) & M for p in P]
H512 = [isqrt(p << 128) & M for p in P[:8]]
H384 = [isqrt(p << 128) & M for p in P[8:16]]
K256 = [k >> 32 for k in K512[:64]]
H256 = [h >> 32 for h in H512]
H224 = [h & 0xFFFFFFFF for h in H384]


def ror(x, n):
    return (x >> n | x << (64 - n)) & M


def sha512_t(t):
    """One block is enough: the names have 11 bytes."""
    h = [x ^ 0xA5A5A5A5A5A5A5A5 for x in H512]
    name = b"SHA-512/%d" % t
    w = list(struct.unpack(">16Q", name + b"\x80" + bytes(119 - len(name)) + struct.pack(">Q", 8 * len(name))))
    for i in range(16, 80):
        s0 = ror(w[i - 15], 1) ^ ror(w[i - 15], 8) ^ w[i - 15] >> 7
        s1 = ror(w[i - 2], 19) ^ ror(w[i - 2], 61) ^ w[i - 2] >> 6
        w.append((w[i - 16] + s0 + w[i - 7] + s1) & M)
    a, b, c, d, e, f, g, x = h
    for i in range(80):
        t1 = x + (ror(e, 14) ^ ror(e, 18) ^ ror(e, 41)) + (e & f ^ ~e & g) + K512[i] + w[i]
        t2 = (ror(a, 28) ^ ror(a, 34) ^ ror(a, 39)) + (a & b ^ a & c ^ b & c)
        a, b, c, d, e, f, g, x = (t1 + t2) & M, a, b, c, (d + t1) & M, e, f, g
    return [(p + q) & M for p, q in zip(h, (a, b, c, d, e, f, g, x))]


def table(kind, name, values, per_line, digits):
    print(f"static const {kind} {name}[{len(values)}] = {{")
    for i in range(0, len(values), per_line):
        print("\t" + ", ".join(f"0x{v:0{digits}x}" for v in values[i:i + per_line]) + ",")
    print("};\n")


print("""/* Made by gen_sha2.py. */
#ifndef HYB_SHA2_TABLES_H
#define HYB_SHA2_TABLES_H

#include <stdint.h>

/* clang-format off */""")
for n, v in (("sha256_k", K256), ("sha256_h", H256), ("sha224_h", H224)):
    table("uint32_t", n, v, 8, 8)
for n, v in (("sha512_k", K512), ("sha512_h", H512), ("sha384_h", H384),
             ("sha512_224_h", sha512_t(224)), ("sha512_256_h", sha512_t(256))):
    table("uint64_t", n, v, 4, 16)
print("/* clang-format on */\n\n#endif")
