#!/usr/bin/env python3
"""Writes rules/constants/*.yaml: the numbers and tables that show which algorithms a program contains.

Every value follows from its definition: primes and orders from their formulas, tables from the arithmetic
behind them. Curve parameters are asked of `openssl ecparam` and then proved here: prime, on the curve, order
of the base point, b from its seed. Patterns are base64, so that neither these files nor a program that holds
them looks like what they describe. Usage: gen_constants.py [FOLDER]
"""
import base64
import hashlib
import math
import pathlib
import subprocess
import sys

MIN = 15  # bytes: any shorter run may miss a whole aligned window of 8


# ---- integers as bytes
def be(x, n):
    return x.to_bytes(n, "big")


def le(x, n):
    return x.to_bytes(n, "little")


def limbs(x, bits, n, word):
    """n limbs of equal size, least significant first, each in a word."""
    return b"".join(le((x >> (bits * i)) & ((1 << bits) - 1), word) for i in range(n))


def limbs_of(x, widths, word):
    out, at = b"", 0
    for w in widths:
        out += le((x >> at) & ((1 << w) - 1), word)
        at += w
    return out


def ref10(x):
    """Signed radix 2^25.5 with the carries in the order of ref10."""
    widths, h, at = [26, 25] * 5, [], 0
    for b in widths:
        h.append((x >> at) & ((1 << b) - 1))
        at += b
    for i in (9, 1, 3, 5, 7, 0, 2, 4, 6, 8):
        b = widths[i]
        c = (h[i] + (1 << (b - 1))) >> b
        h[i] -= c << b
        if i == 9:
            h[0] += 19 * c
        else:
            h[i + 1] += c
    return b"".join(v.to_bytes(4, "little", signed=True) for v in h)


def words(v, size, end="little"):
    return b"".join((x & ((1 << (8 * size)) - 1)).to_bytes(size, end) for x in v)


def integer(x, n, text=True):
    """Every plain layout of one integer of n bytes."""
    h = f"{x:0{2 * n}x}"
    out = [("be", be(x, n)), ("limbs", le(x, n))]
    for size in (4, 8):
        if n % size == 0:
            w = [h[i:i + 2 * size] for i in range(0, 2 * n, 2 * size)]
            out.append((f"msw{8 * size}", b"".join(bytes.fromhex(i)[::-1] for i in w)))
            out.append((f"lsw{8 * size}", b"".join(bytes.fromhex(i) for i in w[::-1])))
    if text:
        for name, t in (("hex-upper", h.upper()), ("hex-lower", h)):
            out.append((name, t.encode()))
            if t[0] == "0":
                out.append((name + "-short", t.lstrip("0").encode()))
        out.append(("decimal", str(x).encode()))
    return out


# ---- numbers
def is_prime(n, rounds=24):
    for p in (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37):
        if n % p == 0:
            return n == p
    d, s = n - 1, 0
    while d % 2 == 0:
        d, s = d // 2, s + 1
    for i in range(rounds):
        a = int.from_bytes(hashlib.sha256(b"%d" % i).digest(), "big") % (n - 3) + 2
        x = pow(a, d, n)
        if x in (1, n - 1):
            continue
        for _ in range(s - 1):
            x = x * x % n
            if x == n - 1:
                break
        else:
            return False
    return True


def point_add(P, Q, a, p):
    if P is None or Q is None:
        return P or Q
    if P[0] == Q[0]:
        if (P[1] + Q[1]) % p == 0:
            return None
        m = (3 * P[0] * P[0] + a) * pow(2 * P[1], -1, p) % p
    else:
        m = (Q[1] - P[1]) * pow(Q[0] - P[0], -1, p) % p
    x = (m * m - P[0] - Q[0]) % p
    return x, (m * (P[0] - x) - P[1]) % p


def point_times(k, P, a, p):
    R = None
    while k:
        if k & 1:
            R = point_add(R, P, a, p)
        P = point_add(P, P, a, p)
        k >>= 1
    return R


def first_primes(n):
    out, c = [], 2
    while len(out) < n:
        if all(c % q for q in out if q * q <= c):
            out.append(c)
        c += 1
    return out


def root(n, k):
    x = 1 << (n.bit_length() // k + 1)
    while True:
        y = ((k - 1) * x + n // x ** (k - 1)) // k
        if y >= x:
            return x
        x = y


def fraction_of_root(p, k, bits):
    return root(p << (k * bits), k) & ((1 << bits) - 1)


def pi_bits(bits):
    b = bits + 64

    def atan_inverse(x):
        t = (1 << b) // x
        s, n, sign = t, 1, -1
        while t:
            t //= x * x
            n += 2
            s += sign * (t // n)
            sign = -sign
        return s
    return (4 * (4 * atan_inverse(5) - atan_inverse(239))) >> 64


def e_bits(bits):
    t, s, k = 1 << (bits + 64), 0, 1
    while t:
        s += t
        t //= k
        k += 1
    return s >> 64


# ---- rules
FILES = {}
OWNER = {}  # bytes -> rule that has them


class Rule:
    def __init__(self, file, id, family, why, refs, parameter="", function="any", quantum=None, needs=1, algorithm=""):
        self.id, self.family, self.parameter, self.function = id, family, parameter, function
        self.why, self.refs, self.quantum, self.needs, self.algorithm = why, refs, quantum, needs, algorithm
        self.patterns = []
        FILES.setdefault(file, []).append(self)

    def add(self, role, layouts):
        for layout, b in layouts:
            b = bytes(b)
            if b in OWNER or is_plain(b):
                continue
            OWNER[b] = self
            self.patterns.append((role, layout, b))
        return self


def is_plain(b):
    """Zeros, ones and little else are everywhere [src/rules/sampler.c]."""
    return len(b) < MIN or sum(c not in (0, 255) for c in b) < 8 or len(set(b)) < 4


def flat(b):
    return base64.b64encode(b).decode()


def write_rule(r):
    emit = f"family: {r.family}"
    for key in ("parameter", "algorithm", "function", "quantum"):
        v = getattr(r, key)
        if v:
            emit += f', {key}: "{v}"' if v[0].isdigit() else f", {key}: {v}"
    out = f"- id: {r.id}\n  emit: {{ {emit} }}\n"
    if r.needs > 1:
        out += f"  needs: {r.needs}\n"
    out += f"  why: \"{r.why}\"\n  refs: [{', '.join(r.refs)}]\n  patterns: |\n"
    for role, layout, b in r.patterns:
        assert " " not in role + layout
        out += f"    {role} {layout} {flat(b)}\n"
    sample = b"\x90\x90\x90" + r.patterns[0][2] + b"\x90"
    spoilt = bytearray(sample)
    spoilt[3 + len(r.patterns[0][2]) // 2] ^= 4
    return out + f"  hit: [{flat(sample)}]\n  miss: [{flat(spoilt)}]\n"


# ---- curves y^2 = x^3 + ax + b
CURVES = [("P-192", "prime192v1"), ("P-224", "secp224r1"), ("P-256", "prime256v1"), ("P-384", "secp384r1"),
          ("P-521", "secp521r1"), ("secp256k1", "secp256k1"), ("brainpoolP256r1", "brainpoolP256r1"),
          ("brainpoolP384r1", "brainpoolP384r1"), ("brainpoolP512r1", "brainpoolP512r1"), ("SM2", "SM2"),
          ("brainpoolP256t1", "brainpoolP256t1"), ("secp224k1", "secp224k1"), ("secp192k1", "secp192k1"),
          ("secp160r1", "secp160r1")]
FORMULA = {"P-192": 2**192 - 2**64 - 1, "P-224": 2**224 - 2**96 + 1, "P-256": 2**256 - 2**224 + 2**192 + 2**96 - 1,
           "P-384": 2**384 - 2**128 - 2**96 + 2**32 - 1, "P-521": 2**521 - 1, "secp256k1": 2**256 - 2**32 - 977,
           "SM2": 2**256 - 2**224 - 2**96 + 2**64 - 1, "secp224k1": 2**224 - 2**32 - 6803,
           "secp192k1": 2**192 - 2**32 - 4553, "secp160r1": 2**160 - 2**31 - 1}
# Limbs of the fast implementations: bits, number, word.
LIMBS = {"P-256": [(52, 5, 8), (26, 10, 4), (51, 5, 8), (30, 9, 4)], "secp256k1": [(52, 5, 8), (26, 10, 4)],
         "P-224": [(56, 4, 8), (28, 8, 4)], "P-384": [(55, 7, 8), (56, 7, 8), (26, 15, 4)],
         "P-521": [(58, 9, 8), (25, 21, 4), (57, 10, 8), (28, 19, 4), (58, 9, 16)]}


def der(b, at=0):
    tag, n = b[at], b[at + 1]
    at += 2
    if n & 0x80:
        k = n & 0x7f
        n, at = int.from_bytes(b[at:at + k], "big"), at + k
    return tag, b[at:at + n], at + n


def der_list(b):
    out, at = [], 0
    while at < len(b):
        _, v, at = der(b, at)
        out.append(v)
    return out


def curve(name):
    asked = ["openssl", "ecparam", "-name", name, "-param_enc", "explicit", "-outform", "DER"]
    f = der_list(der(subprocess.run(asked, check=True, capture_output=True).stdout)[1])
    p = int.from_bytes(der_list(f[1])[1], "big")
    c = der_list(f[2])
    a, b = (int.from_bytes(c[i], "big") for i in (0, 1))
    n = (len(f[3]) - 1) // 2
    gx, gy = int.from_bytes(f[3][1:1 + n], "big"), int.from_bytes(f[3][1 + n:], "big")
    return p, a, b, gx, gy, int.from_bytes(f[4], "big"), c[2][1:] if len(c) > 2 else None


def prove_seed(seed, p, b):
    """b is what comes out of the seed [X9.62 A.3.3]."""
    t = p.bit_length()
    s = (t - 1) // 160
    c = int.from_bytes(hashlib.sha1(seed).digest(), "big") & ((1 << (t - 160 * s - 1)) - 1)
    z = int.from_bytes(seed, "big")
    for i in range(1, s + 1):
        step = be((z + i) % (1 << (8 * len(seed))), len(seed))
        c = c << 160 | int.from_bytes(hashlib.sha1(step).digest(), "big")
    assert (c * b * b + 27) % p == 0


def curves():
    for name, asked in CURVES:
        p, a, b, gx, gy, n, seed = curve(asked)
        assert is_prime(p) and is_prime(n) and (gy * gy - gx**3 - a * gx - b) % p == 0
        assert point_times(n, (gx, gy), a, p) is None and FORMULA.get(name, p) == p
        if name[:2] == "P-":
            prove_seed(seed, p, b)
        sm2 = name == "SM2"
        rule = Rule("ec", f"constant.{'sm2' if sm2 else 'ec-' + name.lower().replace('p-', 'p')}", "SM2" if sm2 else "EC",
                    f"parameters of the curve {name}, which code that computes on it holds",
                    ["GB/T-32918.5"] if sm2 else ["FIPS186-5", "SEC2"] if "brain" not in name else ["RFC5639"],
                    parameter="" if sm2 else name)
        nb, k64, k32 = (p.bit_length() + 7) // 8, (p.bit_length() + 63) // 64, (p.bit_length() + 31) // 32
        R, R32 = 1 << (64 * k64), 1 << (32 * k32)
        for role, x, size in (("p", p, nb), ("b", b, nb), ("Gx", gx, nb), ("Gy", gy, nb), ("n", n, (n.bit_length() + 7) // 8)):
            if x < 2**64:
                continue
            enc = integer(x, size)
            field = role in ("b", "Gx", "Gy")
            if field:
                enc.append(("montgomery", le(x * R % p, 8 * k64)))
                enc.append(("montgomery-32", le(x * R32 % p, 4 * k32)))
            enc += [(f"radix{bits}-{8 * word}", limbs(x, bits, count, word)) for bits, count, word in LIMBS.get(name, [])]
            if name == "P-256":
                widths = [29, 28] * 4 + [29]
                enc.append(("radix28.5-32", limbs_of(x, widths, 4)))
                if field:
                    enc.append(("montgomery260-radix52", limbs((x << 260) % p, 52, 5, 8)))
                    enc.append(("montgomery257-radix28.5", limbs_of((x << 257) % p, widths, 4)))
            if name == "P-384" and field:
                enc.append(("montgomery385-radix55", limbs((x << 385) % p, 55, 7, 8)))
            rule.add(role, enc)
        for role, x in (("one*R", R % p), ("R^2modp", R * R % p), ("R^2modn", R * R % n), ("Rmodn", R % n)):
            rule.add(role, [("limbs", le(x, 8 * k64)), ("be", be(x, 8 * k64))])
        if R32 != R:
            rule.add("R^2modn", [("limbs-32", le(R32 * R32 % n, 4 * k32))])


def pairing_curves():
    x = -0xd201000000010000
    r = x**4 - x**2 + 1
    p = (x - 1)**2 * r // 3 + x
    assert is_prime(p) and is_prime(r) and p.bit_length() == 381
    u = 4965661367192848881
    bn_p, bn_r = 36 * u**4 + 36 * u**3 + 24 * u**2 + 6 * u + 1, 36 * u**4 + 36 * u**3 + 18 * u**2 + 6 * u + 1
    assert is_prime(bn_p) and is_prime(bn_r)
    for name, family, parameter, both in (("bls12-381", "BLS12-381", "", (("p", p, 48), ("r", r, 32))),
                                          ("ec-bn254", "EC", "BN254", (("p", bn_p, 32), ("r", bn_r, 32)))):
        rule = Rule("ec", f"constant.{name}", family, "moduli of a pairing-friendly curve, which code that computes on it holds",
                    ["draft-irtf-cfrg-pairing-friendly-curves"], parameter=parameter)
        for role, v, size in both:
            R = 1 << (8 * size)
            rule.add(role, integer(v, size) + [("R^2", le(R * R % v, size)), ("R", le(R % v, size))])


def curve25519():
    P, L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
    assert is_prime(P) and is_prime(L)
    i = pow(2, (P - 1) // 4, P)

    def sqrt(v):
        s = pow(v, (P + 3) // 8, P)
        s = s if (s * s - v) % P == 0 else s * i % P
        assert (s * s - v) % P == 0
        return s
    d = -121665 * pow(121666, -1, P) % P
    y = 4 * pow(5, -1, P) % P
    x = sqrt((y * y - 1) * pow(d * y * y + 1, -1, P) % P)
    x = P - x if x & 1 else x
    assert (-x * x + y * y - 1 - d * x * x * y * y) % P == 0
    s = sqrt(-486664 % P)

    def enc(v):
        return integer(v, 32) + [
            ("radix51-64", limbs(v, 51, 5, 8)), ("ref10", ref10(v)), ("radix25.5-32", limbs_of(v, [26, 25] * 5, 4)),
            ("radix16-64", limbs(v, 16, 16, 8)), ("radix16-16", limbs(v, 16, 16, 2)), ("radix52-64", limbs(v, 52, 5, 8)),
            ("radix25.5-64", limbs_of(v, [26, 25] * 5, 8)), ("radix8-32", limbs(v, 8, 32, 4))]
    rule = Rule("ec", "constant.ec-curve25519", "EC",
                "numbers of the Edwards form of Curve25519: code for Ed25519, or for X25519 with a fixed base point", ["RFC7748", "RFC8032"],
                parameter="Curve25519")
    for role, v in (("d", d), ("2d", 2 * d % P), ("sqrt(-1)", i), ("Bx", x), ("By+Bx", (y + x) % P), ("By-Bx", (y - x) % P),
                    ("2dBxBy", 2 * d * x * y % P), ("sqrt(-486664)", min(s, P - s))):
        rule.add(role, enc(v))
    rule.add("By", [("limbs", le(y, 32)), ("radix51-64", limbs(y, 51, 5, 8)), ("ref10", ref10(y))])
    R = 1 << 256
    rule.add("L", integer(L, 32) + [
        ("limbs-low", le(L, 32)[:16]), ("radix52-64", limbs(L, 52, 5, 8)), ("radix8-64", words(le(L, 32), 8)),
        ("radix8-32", limbs(L, 8, 32, 4)), ("radix28-32", limbs(L, 28, 10, 4)), ("radix56-64", limbs(L, 56, 5, 8)),
        ("radix30-32", limbs(L, 30, 9, 4))])
    rule.add("R^2modL", [("limbs", le(R * R % L, 32)), ("radix52-64", limbs((1 << 520) % L, 52, 5, 8))])
    rule.add("RmodL", [("limbs", le(R % L, 32)), ("radix52-64", limbs((1 << 260) % L, 52, 5, 8))])
    rule.add("2^512/L", [("limbs", le((1 << 512) // L, 33))])


def curve448():
    P, L = 2**448 - 2**224 - 1, 2**446 - 13818066809895115352007386748515426880336692474882178609894547503885
    d = -39081 % P
    x = int("2245800402959243001876043340998960362467896416325641342461254616869504154674060329090291928693579532825780320751464461"
            "73674602635247710")
    y = int("2988192100784814926760179304439306734375440401540802420959282413723315061898358760035368786554187847339823032335034625"
            "00531545062832660")
    assert is_prime(P) and is_prime(L) and (x * x + y * y - 1 - d * x * x * y * y) % P == 0
    rule = Rule("ec", "constant.ec-curve448", "EC", "numbers of the Edwards form of Curve448: code for Ed448 or X448", ["RFC7748", "RFC8032"],
                parameter="Curve448")
    rule.add("L", integer(L, 56) + [("limbs-low", le(L, 56)[:28]), ("radix52-64", limbs(L, 52, 9, 8)),
                                    ("radix56-64", limbs(L, 56, 8, 8)), ("radix28-32", limbs(L, 28, 16, 4))])
    rule.add("R^2modL", [("limbs", le((1 << 896) % L, 56))])
    for role, v in (("Bx", x), ("By", y)):
        rule.add(role, integer(v, 56) + [("radix56-64", limbs(v, 56, 8, 8)), ("radix28-32", limbs(v, 28, 16, 4))])


# ---- primes of Diffie-Hellman
def dh():
    def modp(n, c):
        return 2**n - 2**(n - 64) - 1 + 2**64 * (pi_bits(n - 130) + c)

    def ffdhe(n, x):
        return 2**n - 2**(n - 64) + (e_bits(n - 130) + x) * 2**64 - 1
    for kind, prime, sizes, ref in (
            ("modp", modp, ((768, 149686), (1024, 129093), (1536, 741804), (2048, 124476), (3072, 1690314), (4096, 240904),
                            (6144, 929484), (8192, 4743158)), ["RFC2409", "RFC3526"]),
            ("ffdhe", ffdhe, ((2048, 560316), (3072, 2625351), (4096, 5736041), (6144, 15705020), (8192, 10965728)), ["RFC7919"])):
        for n, c in sizes:
            v = prime(n, c)
            assert n > 4096 or is_prime(v, 3) and is_prime((v - 1) // 2, 3)
            t = be(v, n // 8)[-40:]
            rule = Rule("dh", f"constant.dh-{kind}{n}", "DH", f"the {n}-bit prime {kind}{n}, which Diffie-Hellman is computed with", ref,
                        parameter=f"{kind}{n}", function="kex")
            rule.add("p", [("be-end", t), ("limbs-start", t[::-1]), ("hex-upper-end", t.hex().upper().encode()),
                           ("hex-lower-end", t.hex().encode()),
                           ("lsw64-start", b"".join([t[i:i + 8] for i in range(0, 40, 8)][::-1])),
                           ("msw32-end", b"".join(t[i:i + 4][::-1] for i in range(0, 40, 4)))])
        head = be(prime(*sizes[-1]), sizes[-1][0] // 8)[:64]
        rule = Rule("dh", f"constant.dh-{kind}", "DH", f"the start that all primes of {kind} have in common", ref, function="kex")
        rule.add("p", [("be-start", head), ("hex-upper-start", head.hex().upper().encode()), ("hex-lower-start", head.hex().encode()),
                       ("limbs-end", head[::-1])])


# ---- DigestInfo of PKCS #1
def oid(dotted):
    a = [int(v) for v in dotted.split(".")]
    out = b""
    for v in [a[0] * 40 + a[1]] + a[2:]:
        c = [v & 0x7f]
        while v >> 7:
            v >>= 7
            c.append(v & 0x7f | 0x80)
        out += bytes(c[::-1])
    return b"\x06" + bytes([len(out)]) + out


def rsa():
    rule = Rule("rsa", "constant.rsa-pkcs1", "RSA", "DigestInfo headers, which code that makes or checks PKCS #1 v1.5 signatures holds",
                ["RFC8017"], function="sig", algorithm="RSASSA-PKCS1-v1_5")
    for name, dotted, n in (("MD5", "1.2.840.113549.2.5", 16), ("SHA-1", "1.3.14.3.2.26", 20), ("SHA-224", "2.16.840.1.101.3.4.2.4", 28),
                            ("SHA-256", "2.16.840.1.101.3.4.2.1", 32), ("SHA-384", "2.16.840.1.101.3.4.2.2", 48),
                            ("SHA-512", "2.16.840.1.101.3.4.2.3", 64)):
        inner = oid(dotted) + b"\x05\x00"
        rule.add("DigestInfo-" + name, [("der", b"\x30" + bytes([len(inner) + n + 4]) + b"\x30" + bytes([len(inner)]) + inner + b"\x04" + bytes([n]))])


# ---- lattices
def bit_reversed(i, k):
    return int(f"{i:0{k}b}"[::-1], 2)


def centred(v, q):
    v %= q
    return v - q if v > q // 2 else v


def lattices():
    q = 3329
    z = [pow(17, bit_reversed(i, 7), q) for i in range(128)]
    assert z[:4] == [1, 1729, 2580, 3289]
    m = [v * 65536 % q for v in z]
    assert [centred(v, q) for v in m][:3] == [-1044, -758, -359]
    gamma = [pow(17, 2 * bit_reversed(i, 7) + 1, q) for i in range(128)]
    cm = [centred(v, q) for v in m]
    rule = Rule("lattice", "constant.ml-kem", "ML-KEM", "roots of the number-theoretic transform modulo 3329, of ML-KEM or its draft Kyber", ["FIPS203"],
                function="kex")
    rule.add("zetas", [
        ("u16", words(z[:16], 2)), ("u16-from1", words(z[1:17], 2)), ("u16-be-from1", words(z[1:17], 2, "big")),
        ("montgomery-i16", words(cm[:16], 2)), ("montgomery-i16-from1", words(cm[1:17], 2)), ("montgomery-u16", words(m[:16], 2)),
        ("montgomery-u16-from1", words(m[1:17], 2)), ("i16-from1", words([centred(v, q) for v in z][1:17], 2)),
        ("u32-from1", words(z[1:13], 4)), ("montgomery-i32-from1", words(cm[1:13], 4))])
    rule.add("gammas", [("u16", words(gamma[:16], 2)), ("montgomery-i16", words([centred(v * 65536, q) for v in gamma][:16], 2))])
    qinv = pow(q, -1, 65536)
    rule.add("q|1/q", [("i16x8", words([q] * 8 + [qinv] * 8, 2))])
    q = 8380417
    z = [pow(1753, bit_reversed(i, 8), q) for i in range(256)]
    m = [(v << 32) % q for v in z]
    assert z[1] == 4808194 and centred(m[1], q) == 25847
    cm = [centred(v, q) for v in m]
    rule = Rule("lattice", "constant.ml-dsa", "ML-DSA", "roots of the number-theoretic transform modulo 8380417, of ML-DSA or its draft Dilithium",
                ["FIPS204"], function="sig")
    rule.add("zetas", [
        ("u32", words(z[:8], 4)), ("u32-from1", words(z[1:9], 4)), ("montgomery-i32-from1", words(cm[1:9], 4)),
        ("montgomery-u32-from1", words(m[1:9], 4)), ("montgomery-u32", words(m[:8], 4)), ("i32-from1", words([centred(v, q) for v in z][1:9], 4))])
    rule.add("q|1/q", [("i32x4", words([q] * 4 + [pow(q, -1, 1 << 32)] * 4, 4))])
    q = 12289
    g = [pow(7, bit_reversed(i, 10), q) for i in range(1024)]
    gm = [v * 65536 % q for v in g]
    assert gm[:3] == [4091, 7888, 11060]
    rule = Rule("lattice", "constant.falcon", "Falcon", "roots of the number-theoretic transform modulo 12289, of Falcon", ["Falcon-spec"], function="sig")
    rule.add("roots", [("montgomery-u16", words(gm[:12], 2)), ("u16-from1", words(g[1:13], 2))])
    for n, cdf in ((640, [4643, 13363, 20579, 25843, 29227, 31145, 32103, 32525, 32689, 32745, 32762, 32766, 32767]),
                   (976, [5638, 15915, 23689, 28571, 31116, 32217, 32613, 32731, 32760, 32766, 32767])):
        rule = Rule("lattice", f"constant.frodo{n}", "FrodoKEM", f"table of the noise of FrodoKEM-{n}", ["FrodoKEM-spec"], parameter=str(n), function="kex")
        rule.add("noise", [("u16", words(cdf, 2)), ("u16-be", words(cdf, 2, "big"))])


# ---- ciphers
def gf_times(a, b):
    r = 0
    while b:
        r ^= a if b & 1 else 0
        a = (a << 1) ^ (0x11b if a & 0x80 else 0)
        b >>= 1
    return r


def aes():
    inverse = [0] + [next(y for y in range(1, 256) if gf_times(x, y) == 1) for x in range(1, 256)]

    def turn(v, n):
        return (v << n | v >> (8 - n)) & 255
    s = [v ^ turn(v, 1) ^ turn(v, 2) ^ turn(v, 3) ^ turn(v, 4) ^ 0x63 for v in inverse]
    back = [s.index(x) for x in range(256)]
    assert s[:4] == [0x63, 0x7c, 0x77, 0x7b]
    te = [[gf_times(v, 2), v, v, gf_times(v, 3)] for v in s]
    td = [[gf_times(v, 14), gf_times(v, 9), gf_times(v, 13), gf_times(v, 11)] for v in back]
    rule = Rule("symmetric", "constant.aes", "AES", "substitution tables of AES", ["FIPS197"], function="cipher")
    rule.add("S", [("u8", s[:32]), ("u32", words(s[:8], 4))])
    rule.add("S^-1", [("u8", back[:32]), ("u32", words(back[:8], 4))])
    for k in range(4):
        for role, table in (("Te", te), ("Td", td)):
            turned = [[t[(j - k) % 4] for j in range(4)] for t in table[:8]]
            rule.add(f"{role}{k}", [("bytes", b"".join(map(bytes, turned))), ("swapped", b"".join(bytes(t[::-1]) for t in turned))])
        rule.add("Te", [(f"twice{k}", b"".join(bytes(t[k:] + t[:k]) * 2 for t in te[:4])),
                        (f"twice-swapped{k}", b"".join(bytes(t[::-1][k:] + t[::-1][:k]) * 2 for t in te[:4]))])


DES_S = """e4d12fb83a6c5907 0f74e2d1a6cb9538 41e8d62bfc973a50 fc8249175b3ea06d
f18e6b34972dc05a 3d47f28ec01a69b5 0e7ba4d158c6932f d8a13f42b67c05e9
a09e63f51dc7b428 d709346a285ecbf1 d6498f30b12c5ae7 1ad069874fe3b52c
7de3069a1285bc4f d8b56f03472c1ae9 a690cb7df13e5284 3f06a1d8945bc72e
2c417ab6853fd0e9 eb2c47d150fa3986 421bad78f9c5630e b8c71e2d6f09a453
c1af92680d34e75b af427c9561de0b38 9ef528c3704a1db6 432c95fabe17608d
4b2ef08d3c975a61 d0b7491ae35c2f86 14bdc37eaf680592 6bd814a7950fe23c
d2846fb1a93e50c7 1fd8a374c56b0e92 7b419ce206adf358 21e74a8dfc90356b"""
DES_P = [16, 7, 20, 21, 29, 12, 28, 17, 1, 15, 23, 26, 5, 18, 31, 10, 2, 8, 24, 14, 32, 27, 3, 9, 19, 13, 30, 6, 22, 11, 4, 25]
DES_PC1 = [57, 49, 41, 33, 25, 17, 9, 1, 58, 50, 42, 34, 26, 18, 10, 2, 59, 51, 43, 35, 27, 19, 11, 3, 60, 52, 44, 36,
           63, 55, 47, 39, 31, 23, 15, 7, 62, 54, 46, 38, 30, 22, 14, 6, 61, 53, 45, 37, 29, 21, 13, 5, 28, 20, 12, 4]
DES_PC2 = [14, 17, 11, 24, 1, 5, 3, 28, 15, 6, 21, 10, 23, 19, 12, 4, 26, 8, 16, 7, 27, 20, 13, 2,
           41, 52, 31, 37, 47, 55, 30, 40, 51, 45, 33, 48, 44, 49, 39, 56, 34, 53, 46, 42, 50, 36, 29, 32]
DES_IP = [(58 + 2 * j if j < 4 else 57 + 2 * (j - 4)) - 8 * i for j in range(8) for i in range(8)]


def bits_at(v, n, table):
    return sum((v >> (n - b) & 1) << (len(table) - 1 - i) for i, b in enumerate(table))


def des_once(boxes, key, block):
    e = [(4 * i + j - 2) % 32 + 1 for i in range(8) for j in range(1, 7)]
    cd = bits_at(key, 64, DES_PC1)
    c, d = cd >> 28, cd & 0xfffffff
    v = bits_at(block, 64, DES_IP)
    left, right = v >> 32, v & 0xffffffff
    for s in (1, 1, 2, 2, 2, 2, 2, 2, 1, 2, 2, 2, 2, 2, 2, 1):
        c, d = ((x << s | x >> (28 - s)) & 0xfffffff for x in (c, d))
        x = bits_at(right, 32, e) ^ bits_at(c << 28 | d, 56, DES_PC2)
        out = 0
        for i in range(8):
            b = x >> (42 - 6 * i) & 63
            out = out << 4 | boxes[i][(b >> 4 & 2 | b & 1) * 16 + (b >> 1 & 15)]
        left, right = right, left ^ bits_at(out, 32, DES_P)
    return bits_at(right << 32 | left, 64, [DES_IP.index(i + 1) + 1 for i in range(64)])


def des():
    boxes = [[int(c, 16) for c in line.replace(" ", "")] for line in DES_S.split("\n")]
    assert all(sorted(b[i:i + 16]) == list(range(16)) for b in boxes for i in range(0, 64, 16))
    assert des_once(boxes, 0x133457799BBCDFF1, 0x0123456789ABCDEF) == 0x85E813540F0AB405

    def sp(i, v):
        return bits_at(boxes[i][(v >> 4 & 2 | v & 1) * 16 + (v >> 1 & 15)] << (28 - 4 * i), 32, DES_P)

    def turn(v, n):
        return (v << n | v >> (32 - n)) & 0xffffffff

    def mirror(v, n):
        return int(f"{v:0{n}b}"[::-1], 2)
    rule = Rule("symmetric", "constant.des", "DES", "tables of DES, which Triple-DES also uses", ["FIPS46-3"], function="cipher")
    rule.add("S1", [("u8", boxes[0][:32]), ("u32", words(boxes[0][:8], 4))]).add("S2", [("u8", boxes[1][:32])])
    for i in (0, 1, 7):
        for r in (0, 1, 3, 29, 31):
            rule.add(f"SP{i + 1}", [(f"turned{r}", words([turn(sp(i, v), r) for v in range(8)], 4))])
            if i != 1:
                rule.add(f"SP{i + 1}", [(f"mirrored-turned{r}", words([turn(mirror(sp(i, mirror(v, 6)), 32), r) for v in range(8)], 4))])
    for role, table in (("PC2", DES_PC2), ("P", DES_P), ("PC1", DES_PC1), ("IP", DES_IP)):
        rule.add(role, [("u8", table[:24]), ("u8-from0", [v - 1 for v in table][:24])])


def ciphers():
    rule = Rule("symmetric", "constant.chacha", "ChaCha20", "the constant of ChaCha20, XChaCha20 and Salsa20", ["RFC8439"], function="cipher")
    rule.add("sigma", [("text", b"expand 32-byte k")]).add("tau", [("text", b"expand 16-byte k")])
    bits = 32 * 1042
    fraction = (pi_bits(bits + 2) & ((1 << (bits + 2)) - 1)) >> 2
    pi = [fraction >> (32 * (1041 - i)) & 0xffffffff for i in range(1042)]
    assert pi[0] == 0x243f6a88 and pi[18] == 0xd1310ba6
    rule = Rule("symmetric", "constant.blowfish", "Blowfish", "tables of Blowfish and bcrypt, digits of pi", ["Blowfish-1993"], function="cipher")
    for role, v in (("P", pi[:8]), ("S", pi[18:26])):
        rule.add(role, [("u32", words(v, 4)), ("u32-be", words(v, 4, "big"))])
    sigma = [math.isqrt(p << 136) & ((1 << 64) - 1) for p in (2, 3, 5, 7)]
    assert sigma[0] == 0xA09E667F3BCC908B and sigma[3] == 0x54FF53A5F1D36F1C
    box = [112, 130, 44, 236, 179, 39, 192, 229, 228, 133, 87, 53, 234, 12, 174, 65]
    rule = Rule("symmetric", "constant.camellia", "Camellia", "tables of Camellia", ["RFC3713"], function="cipher")
    rule.add("sigma", [("u64-be", words(sigma, 8, "big")), ("u64", words(sigma[:2], 8)),
                       ("u32-pairs", words([v >> s & 0xffffffff for v in sigma[:2] for s in (32, 0)], 4))])
    rule.add("SBOX1", [("u8", box), ("SP", words([v * 0x01010100 for v in box[:6]], 4)), ("SP-be", words([v * 0x01010100 for v in box[:6]], 4, "big"))])
    rule = Rule("symmetric", "constant.sm4", "SM4", "tables of SM4", ["GB/T-32907"], function="cipher")
    rule.add("S", [("u8", bytes.fromhex("d690e9fecce13db716b614c228fb2c052b679a762abe04c3aa44132649860699"))])
    ck = [sum(((4 * i + j) * 7 & 255) << (24 - 8 * j) for j in range(4)) for i in range(32)]
    fk = [0xa3b1bac6, 0x56aa3350, 0x677d9197, 0xb27022dc]
    assert ck[0] == 0x00070e15
    for role, v in (("CK", ck[:8]), ("FK", fk)):
        rule.add(role, [("u32", words(v, 4)), ("u32-be", words(v, 4, "big"))])
    over = (1 << 1200) // pi_bits(600) & ((1 << 600) - 1)
    c = [over >> (600 - 128 * (i + 1)) & ((1 << 128) - 1) for i in range(2)]
    assert c[0] >> 64 == 0x517cc1b727220a94
    rule = Rule("symmetric", "constant.aria", "ARIA", "constants of ARIA, digits of 1/pi", ["RFC5794"], function="cipher")
    rule.add("C", [("be", be(c[0], 16) + be(c[1], 16)), ("u32", words([c[0] >> s & 0xffffffff for s in (96, 64, 32, 0)], 4))])


# ---- hashes
def keccak_constants():
    def bit(t):
        r = 1
        for _ in range(t % 255):
            r = (r << 1) ^ (0x171 if r & 0x80 else 0)
        return r & 1
    return [sum(bit(j + 7 * i) << ((1 << j) - 1) for j in range(7)) for i in range(24)]


def hashes():
    p = first_primes(80)
    k256 = [fraction_of_root(v, 3, 32) for v in p[:64]]
    k512 = [fraction_of_root(v, 3, 64) for v in p]
    h384 = [fraction_of_root(v, 2, 64) for v in p[8:16]]
    h224 = [v & 0xffffffff for v in h384]
    assert k256[0] == 0x428a2f98 and k512[79] == 0x6c44198c4a475817
    rule = Rule("hash", "constant.sha256", "SHA-2", "round constants of SHA-224 and SHA-256", ["FIPS180-4"], parameter="256", function="hash")
    rule.add("K", [("u32", words(k256[:8], 4)), ("u32-be", words(k256[:8], 4, "big")), ("u32x4", words([k256[0]] * 4 + [k256[1]] * 4, 4)),
                   ("u32-rows", words(k256[:4] * 2, 4))])
    rule.add("H-224", [("u32", words(h224, 4)), ("u32-be", words(h224, 4, "big"))])
    rule = Rule("hash", "constant.sha512", "SHA-2", "round constants of SHA-384 and SHA-512", ["FIPS180-4"], parameter="512", function="hash")
    rule.add("K", [("u64", words(k512[:4], 8)), ("u64-be", words(k512[:4], 8, "big")), ("u64-rows", words(k512[:2] * 2, 8)),
                   ("u32-pairs", words([v >> s & 0xffffffff for v in k512[:4] for s in (32, 0)], 4))])
    rule.add("H-384", [("u64", words(h384[:4], 8)), ("u64-be", words(h384[:4], 8, "big"))])
    k1 = [math.isqrt(v << 60) for v in (2, 3, 5, 10)]
    assert k1 == [0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6]
    rule = Rule("hash", "constant.sha1", "SHA-1", "round constants of SHA-1", ["FIPS180-4"], function="hash")
    rule.add("K", [("u32", words(k1, 4)), ("u32-be", words(k1, 4, "big"))])
    sine = [int(abs(math.sin(i + 1)) * 2**32) for i in range(64)]
    assert sine[0] == 0xd76aa478 and sine[63] == 0xeb86d391
    rule = Rule("hash", "constant.md5", "MD5", "sine table of MD5", ["RFC1321"], function="hash")
    rule.add("T", [("u32", words(sine[:8], 4)), ("u32-be", words(sine[:8], 4, "big"))])
    rc = keccak_constants()
    assert rc[1] == 0x8082 and rc[23] == 0x8000000080008008

    def halves(v):
        return [sum((v >> (2 * i + odd) & 1) << i for i in range(32)) for odd in (0, 1)]
    rho = [(t + 1) * (t + 2) // 2 % 64 for t in range(24)]
    rule = Rule("hash", "constant.keccak", "SHA-3", "round constants of Keccak: SHA-3, SHAKE, or ML-KEM and ML-DSA, which hash with it", ["FIPS202"],
                function="hash")
    rule.add("RC", [("u64", words(rc[1:7], 8)), ("u64-be", words(rc[1:7], 8, "big")), ("halves", words([h for v in rc[1:7] for h in halves(v)], 4)),
                    ("halves-swapped", words([h for v in rc[1:7] for h in halves(v)[::-1]], 4)), ("u64x4", words([v for v in rc[1:4] for _ in range(4)], 8))])
    rule.add("rho", [("u8", rho), ("u32", words(rho, 4))])
    row = [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3]
    rule = Rule("hash", "constant.blake2", "BLAKE2", "message schedule of BLAKE and BLAKE2", ["RFC7693"], function="hash")
    rule.add("sigma", [("u8", row), ("u32", words(row, 4)), ("u64", words(row, 8))])
    rule = Rule("hash", "constant.ripemd", "RIPEMD", "round constants of RIPEMD", ["ISO10118-3"], function="hash")
    rule.add("K", [("u32", words([math.isqrt(v << 60) for v in (2, 3, 5, 7)], 4))])
    rule.add("K'", [("u32", words([root(v << 90, 3) for v in (2, 3, 5, 7)], 4))])
    iv = [0x7380166f, 0x4914b2b9, 0x172442d7, 0xda8a0600, 0xa96f30bc, 0x163138aa, 0xe38dee4d, 0xb0fb0e4e]
    rule = Rule("hash", "constant.sm3", "SM3", "initial state of SM3", ["GB/T-32905"], function="hash")
    rule.add("IV", [("u32", words(iv, 4)), ("u32-be", words(iv, 4, "big"))])


def main():
    root_folder = pathlib.Path(__file__).resolve().parents[2]
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else root_folder / "rules" / "constants"
    for make in (curves, pairing_curves, curve25519, curve448, dh, rsa, lattices, aes, des, ciphers, hashes):
        make()
    folder.mkdir(parents=True, exist_ok=True)
    for name, rules in FILES.items():
        text = "# Made by src/rules/gen_constants.py. Shape: src/rules/sampler.h.\n\n" + "\n".join(map(write_rule, rules))
        (folder / f"{name}.yaml").write_text(text)
    print(f"{sum(map(len, FILES.values()))} rules, {len(OWNER)} patterns, {sum(map(len, OWNER))} bytes", file=sys.stderr)


if __name__ == "__main__":
    main()
