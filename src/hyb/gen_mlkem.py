#!/usr/bin/env python3
"""Writes the mlkem_*tables.h: powers of zeta = 17 in Montgomery form [FIPS203 §4.3, App. A].

The vector tables follow the shuffles of the last layers: the script moves coefficient numbers
through the same shuffles as the code and notes the power that each place needs.
"""
Q, R = 3329, 1 << 16
QINV = pow(Q, -1, R)


def centred(x, m):
    x %= m
    return x - m if x >= m // 2 + m % 2 else x


def bitrev7(i):
    return int(f"{i:07b}"[::-1], 2)


def mont(x):
    return centred(x * R, Q)


def by_q(v):
    return [centred(x * QINV, R) for x in v]


def table(name, note, v, align=""):
    out = f"/* {note} */\nstatic const int16_t {name}[{len(v)}]{align} = {{\n"
    for i in range(0, len(v), 8):
        out += "\t" + ", ".join(str(x) for x in v[i:i + 8]) + ",\n"
    return out + "};\n\n"


def octets(name, note, v, kind="uint8_t"):
    v = v + [0] * (64 - len(v))
    out = f"/* {note} */\nstatic const {kind} {name}[64] HYB_ALIGN = {{\n"
    for i in range(0, 64, 16):
        out += "\t" + ", ".join(str(x) for x in v[i:i + 16]) + ",\n"
    return out + "};\n\n"


def header(path, what, body):
    guard = "HYB_" + path.upper().replace(".", "_")
    with open(f"src/hyb/{path}", "w", encoding="utf-8") as f:
        f.write(f"/* {path} — written by gen_mlkem.py: {what} */\n")
        f.write(f"#ifndef {guard}\n#define {guard}\n\n#include \"hyb/int.h\"\n\n{body}#endif\n")


zetas = [mont(pow(17, bitrev7(i), Q)) for i in range(128)]
gammas = [mont(pow(17, 2 * bitrev7(i) + 1, Q)) for i in range(128)]
# (1, gamma) for every pair: a vector multiplication leaves the even coefficient as it is.
pairs = [x for g in gammas for x in (mont(1), g)]


def shuffle128(a, b, sel):
    """vshufi64x2: two 128-bit units of a, then two of b."""
    u = [sel >> 2 * i & 3 for i in range(4)]
    return sum(((a if i < 2 else b)[8 * u[i]:8 * u[i] + 8] for i in range(4)), [])


def permute2x128(a, b, sel):
    """vperm2i128"""
    units = [a[:8], a[8:], b[:8], b[8:]]
    return units[sel & 3] + units[sel >> 4 & 3]


def unpack64(a, b, hi):
    out = []
    for i in range(0, len(a), 8):
        out += a[i + 4 * hi:i + 4 * hi + 4] + b[i + 4 * hi:i + 4 * hi + 4]
    return out


def dwords(a, b, odd):
    """vshufps 0x88 or 0xdd: even or odd dwords of a, then of b, in each unit."""
    out = []
    for i in range(0, len(a), 8):
        for v in (a, b):
            for d in (odd, odd + 2):
                out += v[i + 2 * d:i + 2 * d + 2]
    return out


def stages(width, first):
    """The two registers from coefficient `first` on, after the shuffle before each late layer."""
    a, b = list(range(first, first + width)), list(range(first + width, first + 2 * width))
    if width == 32:
        a, b = shuffle128(a, b, 0x44), shuffle128(a, b, 0xee)
        yield 16, a, b
        a, b = shuffle128(a, b, 0x88), shuffle128(a, b, 0xdd)
    else:
        a, b = permute2x128(a, b, 0x20), permute2x128(a, b, 0x31)
    yield 8, a, b
    a, b = unpack64(a, b, 0), unpack64(a, b, 1)
    yield 4, a, b
    a, b = dwords(a, b, 0), dwords(a, b, 1)
    yield 2, a, b


def late(width):
    forward, inverse, final = {}, {}, {}
    for p in range(128 // width):
        for n, a, b in stages(width, 2 * width * p):
            assert [x + n for x in a] == b
            forward[n] = forward.get(n, []) + [zetas[128 // n + x // (2 * n)] for x in a]
            inverse[n] = inverse.get(n, []) + [zetas[256 // n - 1 - x // (2 * n)] for x in a]
            final[p] = [x - 2 * width * p for x in a + b]
    return forward, inverse, final[0]


def vector_tables(width):
    forward, inverse, final = late(width)
    body, align = "", " HYB_ALIGN"
    body += table("pair_gammas", "(1, gamma) for each pair", pairs, align)
    body += table("pair_gammas_q", "the same by 1/q", by_q(pairs), align)
    for n in sorted(forward, reverse=True):
        body += table(f"late{n}", f"layer of length {n}, in the order of its places", forward[n], align)
        body += table(f"late{n}_q", "the same by 1/q", by_q(forward[n]), align)
        body += table(f"back{n}", "the same layer of the inverse", inverse[n], align)
        body += table(f"back{n}_q", "the same by 1/q", by_q(inverse[n]), align)
    if width == 32:
        dw = [final[2 * i] // 2 for i in range(32)]
        home = [dw.index(i) for i in range(32)]
        for name, v in (("gather", dw), ("home", home)):
            body += f"/* dword order of the last layer: {'into' if name == 'gather' else 'out of'} it */\n"
            body += f"static const int32_t {name}[32]{align} = {{\n\t{', '.join(map(str, v))}\n}};\n\n"
    return body


def cut(d, per_word):
    """Bytes for each quadword that holds the next few fields of d bits, and where those begin."""
    take, bits = [], []
    for p in range(8):
        at = d * per_word * p
        take += [min(at // 8 + i, 63) for i in range(8)]
        for j in range(per_word):
            low = at % 8 + d * j
            bits += [low] if per_word == 8 else [low, (low + 8) % 64]
    return take, bits


def fields(d, shift):
    """For vpshufb: four fields of d bits to dwords, in each half; the upper half's load begins
    `shift` bytes before its fields. Two parts make eight fields; then where they begin."""
    out = []
    for part in (0, 4):
        for base in (0, shift):
            for j in range(part, part + 4):
                first, at = d * j // 8, d * j % 8
                out += [base + first + b if 8 * b < at + d else 255 for b in range(4)]
    return out, [d * j % 8 for part in (0, 4) for _ in (0, 1) for j in range(part, part + 4)]


def field_tables():
    body = ""
    for d, shift in ((5, 0), (10, 6), (11, 5)):
        take, bits = fields(d, shift)
        body += octets(f"fields{d}", f"bytes of four fields of {d} bits for each dword, two parts", take)
        body += f"/* where they begin */\nstatic const int32_t starts{d}[16] HYB_ALIGN = {{\n"
        body += "\t" + ", ".join(map(str, bits)) + "\n};\n\n"
    return body


def join(bits):
    """Bytes of quadwords with that many bits each, in a row; where one begins within a byte, the
    other half of that byte comes from the second list."""
    first, second = [], []
    for p in range(8):
        for i in range((bits + bits * p % 8 + 7) // 8):
            at = bits * p // 8 + i
            if at < len(first):
                second[at] = 8 * p + i
            else:
                first.append(8 * p + i)
                second.append(0)
    return first, second


def byte_tables():
    body = octets("spread12", "three bytes to two numbers: 0 1, 1 2",
                  [3 * (i // 4) + (0, 1, 1, 2)[i % 4] for i in range(64)])
    body += octets("join12", "the lower three bytes of each dword",
                   [4 * (i // 3) + i % 3 for i in range(48)])
    for d in (4, 5, 10, 11):
        take, bits = cut(d, 4)
        body += octets(f"take{d}", f"bytes of four fields of {d} bits for each quadword", take)
        body += octets(f"bits{d}", "where the bytes of those fields begin in it", bits)
    for d in (5, 10, 11):
        first, second = join(4 * d)
        body += octets(f"join{d}", f"quadwords of {4 * d} bits in a row", first)
        if any(second):
            body += octets(f"join{d}_half", "the upper half of the bytes that two of them share", second)
    take, bits = cut(6, 8)
    body += octets("take6", "bytes of eight fields of 6 bits for each quadword", take)
    body += octets("bits6", "where those fields begin in it", bits)
    return body + octets("eta3", "bits set in the lower three less those in the upper three",
                         [bin(i & 7).count("1") - bin(i >> 3).count("1") for i in range(64)], "int8_t")


header("mlkem_tables.h", "x*2^16 mod 3329 of the powers of 17.",
       table("zetas", "17^bitrev7(i)", zetas) + table("gammas", "17^(2 bitrev7(i) + 1)", gammas))
WHAT = "powers of 17 in the order of the vector code."
header("mlkem_avx512_tables.h", WHAT, vector_tables(32) + byte_tables())
header("mlkem_avx2_tables.h", WHAT, vector_tables(16) + field_tables())
