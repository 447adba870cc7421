#!/usr/bin/env python3
"""Makes x_mceliece_tab.c: python3 src/hyb/gen_x_mceliece.py > src/hyb/x_mceliece_tab.c"""

POLY = {12: 0x1009, 13: 0x201b}


def mul(a, b, m):
    r = 0
    for i in range(m):
        if b >> i & 1:
            r ^= a << i
    for i in range(2 * m - 2, m - 1, -1):
        if r >> i & 1:
            r ^= POLY[m] << (i - m)
    return r


def power(a, e, m):
    r = 1
    while e:
        if e & 1:
            r = mul(r, a, m)
        a, e = mul(a, a, m), e >> 1
    return r


def levels(m):
    """The additive FFT's bases: beta of each level, outermost first, and y of every coordinate."""
    k = m - 6
    e = [1 << (m - 1 - c) for c in range(m)]
    betas, ys = [], [None] * k
    for level in range(k):
        j = k - 1 - level  # the bit of the word number that this level decides
        betas.append(e[6 + j])
        inv = power(betas[-1], 2**m - 2, m)
        y = [mul(x, inv, m) for x in e]
        ys[j] = [y[c] if c < 6 + j else 0 for c in range(m)]
        e = [mul(x, x, m) ^ x for x in y]
    return betas, ys


def rows(items, per):
    items = list(items)
    return "\n".join("\t" + ", ".join(items[i:i + per]) + "," for i in range(0, len(items), per))


def main():
    print("/* Made by gen_x_mceliece.py. */\n#include \"hyb/x_mceliece_tab.h\"\n\n/* clang-format off */")
    for m in (12, 13):
        k, t = m - 6, 1 << (m - 6)
        betas, ys = levels(m)
        assert betas[0] == 1
        print(f"const uint16_t hyb_mceliece_y{m}[{k}][{m}] = {{")
        print("\n".join("\t{ " + ", ".join(map(str, y)) + " }," for y in ys) + "\n};\n")
        print(f"const uint64_t hyb_mceliece_s{m}[{k - 1}][{m}][{t // 64}] = {{")
        for level in range(1, k):
            vals = [power(betas[level], i >> level, m) for i in range(t)]
            planes = []
            for q in range(m):
                w = [sum((vals[64 * u + b] >> q & 1) << b for b in range(64)) for u in range(t // 64)]
                planes.append("{ " + ", ".join(f"{x:#018x}" for x in w) + " }")
            print("\t{\n" + "\n".join("\t\t" + p + "," for p in planes) + "\n\t},")
        print("};\n")
    print("/* clang-format on */")


main()
