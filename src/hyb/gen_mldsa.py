#!/usr/bin/env python3
"""Prints mldsa_zetas.h: powers of the 512th root of unity 1753 in Montgomery form [FIPS204 App. A, B]."""

Q = 8380417
R = 2**32


def centered(x):
    x %= Q
    return x - Q if x > Q // 2 else x


def brv8(k):
    return int(f"{k:08b}"[::-1], 2)


def rows(values):
    for i in range(0, len(values), 8):
        yield "\t" + ", ".join(str(v) for v in values[i:i + 8]) + ",\n"


def main():
    zetas = [centered(pow(1753, brv8(k), Q) * R) for k in range(256)]
    low = [(z * pow(Q, -1, R) + R // 2) % R - R // 2 for z in zetas]
    print("/*\n * mldsa_zetas.h — written by gen_mldsa.py: zeta^brv8(k) · 2^32 mod q, k = 0 to 255,"
          "\n * and the same times q^-1 mod 2^32 [FIPS204 App. A, B].\n */")
    print("#ifndef HYB_MLDSA_ZETAS_H\n#define HYB_MLDSA_ZETAS_H\n\n#include <stdint.h>\n")
    print("static const int32_t zetas[256] = {\n" + "".join(rows(zetas)) + "};\n")
    print("static const int32_t zetas_low[256] = {\n" + "".join(rows(low)) + "};\n\n#endif")


main()
