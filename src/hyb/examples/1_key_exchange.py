"""Hybrid key exchange: X25519 and ML-KEM-1024, joined by HKDF-SHA384 into 64 bytes.

What was wrong in the listing that this replaces:
- The key was HKDF(x25519_secret + kyber_secret, info). Neither the ciphertexts nor the public keys
  went in, so whoever breaks one half can swap messages of the other unseen. Here both ciphertexts
  and both keys are bound (the universal combiner), with a label that names the suite.
- "Kyber-1024" of round 3 is not ML-KEM-1024: same sizes, other secrets.
- A failed decapsulation ended in an error message, which is an oracle. ML-KEM rejects implicitly: a
  damaged ciphertext gives a secret that nobody else has, and the cipher that uses it fails.
"""
import hyb
from hyb import Bytes, Prepared, lib, ok, room

suite = lib.hyb_kem_suite_by_name(b"X25519-MLKEM1024-HKDF-SHA384")
row = suite.contents
app = Bytes(b"training cluster A, link to aggregator 3")

# The aggregator makes a key and publishes ek.
ek, seed = room(row.ek_bytes), room(row.seed_bytes)
ok(lib.hyb_kem_keygen(suite, ek, seed))

# A worker encapsulates to it, and sends ct.
ct, worker_secret = room(row.ct_bytes), room(row.ss_bytes)
ok(lib.hyb_kem_encaps_app(suite, ct, worker_secret, ek, app))

# The aggregator prepares its key once and decapsulates.
secret, other = room(row.ss_bytes), room(row.ss_bytes)
with Prepared(lib.hyb_kem_dk_clear) as dk:
    ok(lib.hyb_kem_dk_expand(suite, dk, seed))
    ok(lib.hyb_kem_decaps_app(suite, secret, ct, dk, app))
    ok(lib.hyb_kem_decaps_app(suite, other, ct, dk, Bytes(b"another link")))

assert lib.hyb_ct_eq(secret, worker_secret, row.ss_bytes)
assert not lib.hyb_ct_eq(other, worker_secret, row.ss_bytes), "the context is bound"
print(f"{row.name.decode()}: {row.ek_bytes} bytes one way, {row.ct_bytes} back, "
      f"a secret of {row.ss_bytes} bytes on both sides")
