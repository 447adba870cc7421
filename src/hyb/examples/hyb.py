"""libhyb from Python, by ctypes: just enough for the four examples beside this file.

The library is found as libhyb.so, or where HYB_LIB points.
"""
import ctypes as c
import os

lib = c.CDLL(os.environ.get("HYB_LIB", "libhyb.so.0"))
lib.hyb_st_text.restype = c.c_char_p


class Error(Exception):
    pass


def ok(status):
    """Every fallible function returns 0 or a code with a sentence; a status is never ignored."""
    if status != 0:
        raise Error(lib.hyb_st_text(status).decode())


class Bytes(c.Structure):
    """hyb_bytes: a borrowed slice. `keep` holds the Python object alive."""
    _fields_ = [("p", c.c_void_p), ("n", c.c_size_t)]

    def __init__(self, data=b""):
        self.keep = c.create_string_buffer(bytes(data), len(data))
        super().__init__(c.cast(self.keep, c.c_void_p), len(data))


class KemSuite(c.Structure):
    """struct hyb_kem_suite: sizes and names of one row of the table."""
    _fields_ = [("id", c.c_int), ("name", c.c_char_p), ("oid", c.c_char_p), ("hpke_kem", c.c_uint16),
                ("tls_group", c.c_uint16), ("category", c.c_uint), ("is_hybrid", c.c_bool),
                ("is_envelope", c.c_bool), ("ek_bytes", c.c_size_t), ("ct_bytes", c.c_size_t),
                ("ss_bytes", c.c_size_t), ("seed_bytes", c.c_size_t), ("eseed_bytes", c.c_size_t)]


class SigSuite(c.Structure):
    """struct hyb_sig_suite."""
    _fields_ = [("id", c.c_int), ("name", c.c_char_p), ("oid", c.c_char_p), ("category", c.c_uint),
                ("is_hybrid", c.c_bool), ("pk_bytes", c.c_size_t), ("sig_max", c.c_size_t),
                ("priv_max", c.c_size_t)]


class Public(c.Structure):
    """struct hyb_public: a public key with its suite."""
    _fields_ = [("kind", c.c_int), ("kem", c.POINTER(KemSuite)), ("sig", c.POINTER(SigSuite)), ("n", c.c_size_t),
                ("key", c.c_uint8 * 2689), ("id", c.c_uint8 * 32)]


class Private(c.Structure):
    """struct hyb_private: a private key with its public half. Call lib.hyb_private_clear when done."""
    _fields_ = [("pub", Public), ("is_expanded", c.c_bool), ("n", c.c_size_t), ("key", c.c_uint8 * (4896 + 256))]

    @classmethod
    def new(cls, suite):
        """A fresh key of the suite of that name."""
        k, kem = cls(), lib.hyb_kem_suite_by_name(suite.encode())
        if kem:
            ok(lib.hyb_private_new_kem(c.byref(k), kem))
        else:
            ok(lib.hyb_private_new_sig(c.byref(k), lib.hyb_sig_suite_by_name(suite.encode())))
        return k


for name, kind in (("hyb_kem_suite_by_name", KemSuite), ("hyb_sig_suite_by_name", SigSuite)):
    getattr(lib, name).restype = c.POINTER(kind)
for name in ("hyb_ct_eq", "hyb_sig_verify"):
    getattr(lib, name).restype = c.c_bool
for name in ("hyb_grad_bytes", "hyb_req_bytes", "hyb_res_bytes"):
    getattr(lib, name).restype = c.c_size_t


def room(n):
    return c.create_string_buffer(n)


def call(function, out_room, *arguments):
    """A function that fills `out` and tells its length, as bytes."""
    out, n = room(out_room), c.c_size_t()
    ok(function(out, c.byref(n), *arguments))
    return out.raw[:n.value]


class Prepared:
    """Storage for a prepared key, aligned to 64 bytes and wiped by `clear` at the end of a `with`."""

    def __init__(self, clear, n=1 << 17):
        self.buffer, self.clear = room(n + 64), clear
        self.p = c.c_void_p((c.addressof(self.buffer) + 63) & ~63)

    def __enter__(self):
        return self.p

    def __exit__(self, *_):
        self.clear(self.p)
