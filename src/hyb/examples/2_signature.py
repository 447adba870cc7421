"""Hybrid signature of a model: ML-DSA-87 and ECDSA P-384 as one composite, both must verify.

What was wrong in the listing that this replaces:
- Two signatures stood side by side over the same message. Either can be cut out and used alone, and
  a verifier that takes one of them is not hybrid. The composite signs one representative that
  carries the suite's label, so a half alone verifies nowhere.
- "Dilithium-5" of round 3 is not ML-DSA-87: its signatures have 4595 bytes, these 4627.
- Nothing said what the signature was for. The context separates the uses of one key.
- The table beside it blamed the post-quantum half. Under OpenSSL 3.0 nearly all the time goes into
  P-384; the post-quantum half is what costs bytes.
"""
import ctypes as c

import hyb
from hyb import Bytes, Prepared, lib, ok, room

suite = lib.hyb_sig_suite_by_name(b"MLDSA87-ECDSA-P384-SHA512")
row = suite.contents
model = Bytes(b"\x93weights of the model" * 1000)
use = Bytes(b"model-release")

pk, private, private_n = room(row.pk_bytes), room(row.priv_max), c.c_size_t()
ok(lib.hyb_sig_keygen(suite, pk, private, c.byref(private_n)))

sig, sig_n = room(row.sig_max), c.c_size_t()
with Prepared(lib.hyb_sig_sk_clear) as sk:
    ok(lib.hyb_sig_sk_import(suite, sk, Bytes(private.raw[:private_n.value])))
    ok(lib.hyb_sig_sign(suite, sig, c.byref(sig_n), model, use, sk))
signature = sig.raw[:sig_n.value]

assert lib.hyb_sig_verify(suite, Bytes(signature), model, use, pk)
for at in (0, len(signature) - 1):  # the first byte is ML-DSA's, the last one ECDSA's
    damaged = bytearray(signature)
    damaged[at] ^= 1
    assert not lib.hyb_sig_verify(suite, Bytes(damaged), model, use, pk)
assert not lib.hyb_sig_verify(suite, Bytes(signature), model, Bytes(b"another use"), pk)
print(f"{row.name.decode()}: a signature of {len(signature)} bytes; one damaged half is enough to refuse it")
