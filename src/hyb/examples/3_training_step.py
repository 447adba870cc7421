"""One step of federated training: a participant sends its gradients, the aggregator adds them up.

What was wrong in the listing that this replaces:
- AES-GCM ran with a random nonce under one long-lived key: 2^32 messages at most, and one repeated
  nonce gives the key of its authentication away. Here every message has a key of its own (HPKE).
- Nothing said who sent the gradients: anyone with the public key could poison the model. Here the
  participant signs, and the signature covers header, suite, recipient, model, round and participant.
- Nothing said which round they belong to, so old gradients could be sent again.
- numpy arrays were unpickled from the network, which runs what a stranger sends. These are plain
  32-bit floats of a known number.
"""
import ctypes as c
import struct

import hyb
from hyb import Bytes, Private, Public, call, lib


class Id(c.Structure):
    """struct hyb_grad_id: which update this is."""
    _fields_ = [("model", Bytes), ("participant", Bytes), ("round", c.c_uint64)]


class SealOpts(c.Structure):
    _fields_ = [("aggregator", c.POINTER(Public)), ("sender", c.POINTER(Private)), ("id", Id)]


class OpenOpts(c.Structure):
    _fields_ = [("key", c.POINTER(Private)), ("senders", c.POINTER(Public)), ("n_senders", c.c_size_t),
                ("allow_unsigned", c.c_bool), ("expected", Id)]


def which(round_number):
    return Id(Bytes(b"tumour-segmentation"), Bytes(b"hospital-7"), round_number)


aggregator = Private.new("MLKEM1024-P384")  # patient data: the gradients must stay secret for decades
hospital = Private.new("MLDSA87-ECDSA-P384-SHA512")
gradients = [0.25, -1.5, 3.0e-4] * 1000
plain = struct.pack(f"<{len(gradients)}f", *gradients)

# The hospital, in round 41.
opts = SealOpts(c.pointer(aggregator.pub), c.pointer(hospital), which(41))
sealed = call(lib.hyb_grad_seal, lib.hyb_grad_bytes(c.c_size_t(len(plain)), c.byref(opts)), Bytes(plain), c.byref(opts))


# The aggregator, which knows the hospital's public key and the round it is in.
def open_in_round(number, message):
    o = OpenOpts(c.pointer(aggregator), c.pointer(hospital.pub), 1, False, which(number))
    return call(lib.hyb_grad_open, len(message), Bytes(message), c.byref(o))


received = struct.unpack(f"<{len(gradients)}f", open_in_round(41, sealed))
assert received == struct.unpack(f"<{len(gradients)}f", plain)
for number, message, why in ((42, sealed, "another round"), (41, sealed[:-1] + bytes([sealed[-1] ^ 1]), "damaged")):
    try:
        open_in_round(number, message)
        raise SystemExit(f"{why}: was taken")
    except hyb.Error:
        pass
for key in (aggregator, hospital):
    lib.hyb_private_clear(c.byref(key))
print(f"{len(plain)} bytes of gradients travel as {len(sealed)}: {100 * (len(sealed) / len(plain) - 1):.0f} % more here, "
      f"{len(sealed) - len(plain)} bytes whatever the size")
