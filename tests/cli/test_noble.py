"""libhyb against @noble/post-quantum, an independent implementation in JavaScript, both ways.

Needs node >= 18 and npm, and asks npm's registry for two packages; without them it skips.
"""
import ctypes as c
import json
import os
import random
import shutil
import subprocess
import sys

import kit

sys.path.insert(0, str(kit.REPO / "src/hyb/examples"))
os.environ["HYB_LIB"] = os.path.join(os.path.dirname(kit.PQMAP), "libhyb.so")
CASES = 20


def packages():
    """A folder with the packages, kept in the build folder; None with the reason."""
    if not shutil.which("node") or not shutil.which("npm"):
        return None, "node and npm are not installed"
    here = os.path.join(os.path.dirname(kit.PQMAP), "noble")
    os.makedirs(here, exist_ok=True)
    for name in ("package.json", "peer.mjs"):
        shutil.copy(kit.REPO / "tests/cli/noble" / name, here)
    if not os.path.isdir(f"{here}/node_modules/@noble/post-quantum"):
        r = subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--no-package-lock"], cwd=here,
                           capture_output=True, text=True, timeout=120)
        if r.returncode != 0:
            return None, "npm gave no packages: " + (r.stderr.strip().splitlines() or ["?"])[-1][:80]
    return here, ""


def main():
    here, why = packages()
    if here is None:
        kit.skip(why)
        return
    from hyb import Bytes, Prepared, lib, ok, room
    rng = random.Random(7)
    rand = rng.randbytes
    asks, ours = [], []

    for n, ek_n, ct_n, dk_n in ((512, 800, 768, 1632), (768, 1184, 1088, 2400), (1024, 1568, 1568, 3168)):
        f = lambda name: getattr(lib, f"hyb_mlkem{n}_{name}")
        for _ in range(CASES):
            seed, m, ek, ct, ss, dk_out = rand(64), rand(32), room(ek_n), room(ct_n), room(32), room(dk_n)
            ok(f("keygen_derand")(ek, seed))
            ok(f("encaps_derand")(ct, ss, ek, m))
            fresh, fresh_ss = room(ct_n), room(32)
            ok(f("encaps")(fresh, fresh_ss, ek))
            with Prepared(f("dk_clear")) as dk:
                ok(f("dk_expand")(dk, seed))
                f("dk_export")(dk_out, dk)
            asks.append(dict(kind="kem", name=f"ml_kem{n}", seed=seed.hex(), m=m.hex(), ct=fresh.raw.hex()))
            ours.append(dict(ek=ek.raw.hex(), dk=dk_out.raw.hex(), ct=ct.raw.hex(), ss=ss.raw.hex(), ours=fresh_ss.raw.hex()))
    for n, pk_n, sig_n, sk_n in ((44, 1312, 2420, 2560), (65, 1952, 3309, 4032), (87, 2592, 4627, 4896)):
        f = lambda name: getattr(lib, f"hyb_mldsa{n}_{name}")
        for _ in range(CASES):
            seed, m, rnd, ctx = rand(32), rand(rng.randrange(200)), rand(32), rand(rng.randrange(20))
            pk, sig, sk_out = room(pk_n), room(sig_n), room(sk_n)
            ok(f("keygen_derand")(pk, seed))
            with Prepared(f("sk_clear")) as sk:
                ok(f("sk_expand")(sk, seed))
                ok(f("sign_derand")(sig, Bytes(m), Bytes(ctx), rnd, sk))
                f("sk_export")(sk_out, sk)
            asks.append(dict(kind="dsa", name=f"ml_dsa{n}", seed=seed.hex(), m=m.hex(), rnd=rnd.hex(), ctx=ctx.hex(),
                             sig=sig.raw.hex()))
            ours.append(dict(pk=pk.raw.hex(), sk=sk_out.raw.hex(), sig=sig.raw.hex(), verifies=True))
    lib.hyb_slhdsa_verify.restype = c.c_bool
    for number, name, n, sig_n in ((1, "slh_dsa_sha2_128f", 16, 17088), (7, "slh_dsa_shake_128f", 16, 17088),
                                   (3, "slh_dsa_sha2_192f", 24, 35664)):
        seed, m, ctx = rand(3 * n), rand(50), rand(5)
        pk, sk, sig = room(64), room(128), room(sig_n)
        ok(lib.hyb_slhdsa_keygen_derand(number, pk, sk, seed))
        ok(lib.hyb_slhdsa_sign(number, sig, Bytes(m), Bytes(ctx), sk))
        asks.append(dict(kind="slh", name=name, seed=seed.hex(), m=m.hex(), ctx=ctx.hex(), sig=sig.raw.hex()))
        ours.append(dict(pk=pk.raw[:2 * n].hex(), sk=sk.raw[:4 * n].hex(), verifies=True))

    r = subprocess.run(["node", "peer.mjs"], cwd=here, input=json.dumps(asks), capture_output=True, text=True, timeout=300)
    if not kit.ok(r.returncode == 0, "the peer answers", r.stderr[-800:]):
        return
    theirs = json.loads(r.stdout)
    for kind, words in (("kem", "ML-KEM keys, ciphertexts and secrets are the peer's, and it opens ours"),
                        ("dsa", "ML-DSA keys and hedged signatures are the peer's, and it verifies ours"),
                        ("slh", "SLH-DSA keys are the peer's, and it verifies ours")):
        wrong = [a["name"] + "." + k for a, o, t in zip(asks, ours, theirs) if a["kind"] == kind for k in o if o[k] != t[k]]
        n = sum(a["kind"] == kind for a in asks)
        kit.ok(not wrong and n > 0, f"{words}: {n} cases", " ".join(wrong[:8]))


main()
kit.done()
