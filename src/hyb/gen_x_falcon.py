#!/usr/bin/env python3
"""Makes x_falcon_tab.c: python3 src/hyb/gen_x_falcon.py > src/hyb/x_falcon_tab.c"""
from decimal import Decimal as D, getcontext

getcontext().prec = 60
Q, N_PRIMES = 12289, 156


def rev(k, bits):
    return int(format(k, f"0{bits}b")[::-1], 2) if bits else 0


def cos_sin(num, log_den):
    """cos and sin of pi * num / 2^log_den for an angle below pi/2, by halving from pi."""
    c, s = D(-1), D(0)  # the angle pi; then pi/2^j by half-angle formulae
    powers = []
    for _ in range(log_den):
        c, s = ((1 + c) / 2).sqrt(), ((1 - c) / 2).sqrt()
        powers.append((c, s))
    x, y = D(1), D(0)
    for j in range(log_den):
        if num >> (log_den - 1 - j) & 1:
            c, s = powers[j]
            x, y = x * c - y * s, x * s + y * c
    return x, y


def is_prime(n):
    d, r = n - 1, 0
    while d % 2 == 0:
        d, r = d // 2, r + 1
    for a in (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37):
        x = pow(a, d, n)
        if x in (1, n - 1):
            continue
        for _ in range(r - 1):
            x = x * x % n
            if x == n - 1:
                break
        else:
            return False
    return True


def rows(items, per):
    items = list(items)
    return "\n".join("\t" + ", ".join(items[i:i + per]) + "," for i in range(0, len(items), per))


def root2048(p):
    for x in range(2, 1000):
        r = pow(x, (p - 1) // 2048, p)
        if pow(r, 1024, p) == p - 1:
            return r
    raise ValueError(p)


def gauss():
    """P(0), then P(x > k | x > 0) for k = 1 to 26, times 2^63; sigma = 1.17 sqrt(q / 2048)."""
    s = D("1.17") * (D(Q) / 2048).sqrt()
    rho = [(-(D(k * k) / (2 * s * s))).exp() for k in range(100)]
    pos = sum(rho[1:])
    vals = [1 / (1 + 2 * pos)] + [sum(rho[k + 1:]) / pos for k in range(1, 27)]
    return [int((v * 2**63).to_integral_value()) for v in vals]


def main():
    print("/* Made by gen_x_falcon.py. */\n#include \"hyb/x_falcon_tab.h\"\n")
    print("/* clang-format off */")
    # Square roots of the nodes of the tree of x^n + 1 mod q: node k of level l at 2^l + k.
    g = pow(11, (Q - 1) // 4096, Q)  # 11 generates the group
    assert pow(g, 2048, Q) == Q - 1
    tw = [0]
    for l in range(10):
        tw += [pow(g, (2048 >> (l + 1)) * (1 + 2 * rev(k, l)) , Q) * 2**16 % Q for k in range(2**l)]
    assert (tw[1] * pow(2**16, -1, Q)) ** 2 % Q == Q - 1
    print("const uint16_t hyb_falcon_tw_q[1024] = {\n" + rows(map(str, tw), 12) + "\n};\n")
    # The same for x^(n/2) = i over the complex numbers.
    c, s = ["0.0"], ["0.0"]
    for l in range(9):
        for k in range(2**l):
            x, y = cos_sin(1 + 4 * rev(k, l), l + 2)
            c.append(float(x).hex())
            s.append(float(y).hex())
    print("const double hyb_falcon_tw_re[512] = {\n" + rows(c, 4) + "\n};\n")
    print("const double hyb_falcon_tw_im[512] = {\n" + rows(s, 4) + "\n};\n")
    out, p, prod = [], (1 << 62) + 1, 1
    while len(out) < N_PRIMES:
        p -= 2048
        if is_prime(p):
            r64 = pow(2, 64, p)
            out.append(f"{{ {p:#x}, {-pow(p, -1, 2**64) % 2**64:#x}, {root2048(p) * r64 % p:#x}, "
                       f"{pow(prod, -1, p):#x} }}")
            prod *= p
    print(f"const struct falcon_prime hyb_falcon_primes[{N_PRIMES}] = {{\n" + rows(out, 1) + "\n};\n")
    print("const uint64_t hyb_falcon_gauss[27] = {\n" + rows((f"{v}U" for v in gauss()), 4) + "\n};")
    print("/* clang-format on */")


main()
