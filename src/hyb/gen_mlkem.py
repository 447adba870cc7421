#!/usr/bin/env python3
"""Writes mlkem_tables.h: powers of zeta = 17 in Montgomery form [FIPS203 §4.3, App. A]."""
Q, R = 3329, 1 << 16
QINV = pow(Q, -1, R)


def centred(x, m):
    x %= m
    return x - m if x >= m // 2 + m % 2 else x


def bitrev7(i):
    return int(f"{i:07b}"[::-1], 2)


def mont(x):
    return centred(x * R, Q)


def lines(v):
    out = ""
    for i in range(0, len(v), 8):
        out += "\t" + ", ".join(str(x) for x in v[i:i + 8]) + ",\n"
    return out


def table(name, note, v):
    return f"/* {note} */\nstatic const int16_t {name}[{len(v)}] = {{\n{lines(v)}}};\n\n"


zetas = [mont(pow(17, bitrev7(i), Q)) for i in range(128)]
gammas = [mont(pow(17, 2 * bitrev7(i) + 1, Q)) for i in range(128)]

with open("src/hyb/mlkem_tables.h", "w", encoding="utf-8") as f:
    f.write("/* mlkem_tables.h — written by gen_mlkem.py: x*2^16 mod 3329 of the powers of 17. */\n")
    f.write("#ifndef HYB_MLKEM_TABLES_H\n#define HYB_MLKEM_TABLES_H\n\n#include <stdint.h>\n\n")
    f.write(table("zetas", "17^bitrev7(i)", zetas))
    f.write(table("gammas", "17^(2 bitrev7(i) + 1)", gammas))
    f.write("#endif\n")
