"""An inference service: verify, open, predict, seal, sign.

What was wrong in the listing that this replaces:
- The signature was over the JSON text: two writers of JSON give two texts of one request, and one text
  can be read as two. Here the fields are length-prefixed, in one order.
- A recorded request could be sent again, or to another service. Here time, nonce and audience are
  signed, and the service remembers what it has seen for as long as a request is fresh.
- Requests were signed but not encrypted, answers neither. Here both are sealed, the answer to a key
  that the client makes for this one request, and the answer is bound to the question.
"""
import ctypes as c
import time

import hyb
from hyb import Bytes, KemSuite, Private, Public, call, lib, room

IS_NEW = c.CFUNCTYPE(c.c_bool, c.c_void_p, c.POINTER(c.c_uint8), c.c_uint64)


class Ask(c.Structure):
    """struct hyb_req_seal_opts."""
    _fields_ = [("service", c.POINTER(Public)), ("client", c.POINTER(Private)), ("model", Bytes), ("audience", Bytes),
                ("now", c.c_uint64)]


class Pending(c.Structure):
    _fields_ = [("kem", c.POINTER(KemSuite)), ("seed", c.c_uint8 * 112), ("hash", c.c_uint8 * 48)]


class Take(c.Structure):
    """struct hyb_req_open_opts."""
    _fields_ = [("key", c.POINTER(Private)), ("clients", c.POINTER(Public)), ("n_clients", c.c_size_t),
                ("audience", Bytes), ("model", Bytes), ("now", c.c_uint64), ("window", c.c_uint64),
                ("is_new", IS_NEW), ("ctx", c.c_void_p)]


class Answer(c.Structure):
    """struct hyb_res_seal_opts."""
    _fields_ = [("req", c.c_void_p), ("service", c.POINTER(Private)), ("now", c.c_uint64)]


class Read(c.Structure):
    """struct hyb_res_open_opts."""
    _fields_ = [("pending", c.POINTER(Pending)), ("services", c.POINTER(Public)), ("n_services", c.c_size_t),
                ("now", c.c_uint64), ("window", c.c_uint64)]


model, audience, now = Bytes(b"llama-clinic"), Bytes(b"inference.clinic.example"), int(time.time())
client = Private.new("MLDSA65-ECDSA-P256-SHA512")
service_kem, service_sig = Private.new("X-Wing"), Private.new("MLDSA65-ECDSA-P256-SHA512")
seen = {}


@IS_NEW
def is_new(_, request_id, until):
    key = bytes(request_id[:32])
    fresh = key not in seen
    seen[key] = until
    return fresh


def serve(request):
    """What stands behind the socket: bytes in, bytes out."""
    take = Take(c.pointer(service_kem), c.pointer(client.pub), 1, audience, model, now, 30, is_new, None)
    req = room(1 << 14)  # struct hyb_req
    question = call(lib.hyb_req_open, len(request), c.cast(req, c.c_void_p), Bytes(request), c.byref(take))
    prediction = f"{len(question)} characters asked".encode()
    answer = Answer(c.cast(req, c.c_void_p), c.pointer(service_sig), now)
    return call(lib.hyb_res_seal, lib.hyb_res_bytes(c.c_size_t(len(prediction)), c.byref(answer)), Bytes(prediction),
                c.byref(answer))


question = b"Which of these scans need a second look?"
ask, pending = Ask(c.pointer(service_kem.pub), c.pointer(client), model, audience, now), Pending()
request = call(lib.hyb_req_seal, lib.hyb_req_bytes(c.c_size_t(len(question)), c.byref(ask)), c.byref(pending),
               Bytes(question), c.byref(ask))
response = serve(request)
read = Read(c.pointer(pending), c.pointer(service_sig.pub), 1, now, 30)
print(call(lib.hyb_res_open, len(response), Bytes(response), c.byref(read)).decode(),
      f"({len(request)} bytes up, {len(response)} down)")

for what, message in (("replayed", request), ("damaged", request[:-1] + bytes([request[-1] ^ 1]))):
    try:
        serve(message)
        raise SystemExit(f"a {what} request was taken")
    except hyb.Error as e:
        print(f"{what}: {e}")
lib.hyb_req_end(c.byref(pending))
for key in (client, service_kem, service_sig):
    lib.hyb_private_clear(c.byref(key))
