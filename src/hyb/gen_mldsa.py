#!/usr/bin/env python3
"""Prints mldsa_zetas.h: powers of the 512th root of unity 1753 [FIPS204 App. B]."""

Q = 8380417


def centred(x):
    x %= Q
    return x - Q if x > Q // 2 else x


def brv8(k):
    return int(f"{k:08b}"[::-1], 2)


def quotient(z):
    """z·2^32 / q to the nearest integer."""
    return (2 * z * 2**32 + Q) // (2 * Q)


def table(name, values):
    rows = [", ".join(str(v) for v in values[i:i + 8]) for i in range(0, len(values), 8)]
    return f"static const int32_t {name}[256] = {{\n\t" + ",\n\t".join(rows) + ",\n};\n"


def main():
    zetas = [centred(pow(1753, brv8(k), Q)) for k in range(256)]
    print("/*\n * mldsa_zetas.h — written by gen_mldsa.py: zeta^brv8(k) mod q, centred, k = 0 to 255,"
          "\n * and the same times 2^32 / q, to the nearest integer [FIPS204 App. B].\n */")
    print("#ifndef HYB_MLDSA_ZETAS_H\n#define HYB_MLDSA_ZETAS_H\n\n#include <stdint.h>\n")
    print("/* clang-format off */")
    print(table("zetas", zetas))
    print(table("zetas_quotient", [quotient(z) for z in zetas]) + "/* clang-format on */\n")
    print("/* 2^32 / 256, the last factor of the way back, which also undoes a product's 2^-32. */")
    f = centred(2**24)
    print(f"#define ZETAS_SCALE {f}\n#define ZETAS_SCALE_QUOTIENT {quotient(f)}\n\n#endif")


main()
