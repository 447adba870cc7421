"""Calls that use public-key cryptography. A comment "#= FAMILY PARAMETER" says what the call on its line uses; "-" is a parameter that
the code does not say."""
import hashlib
import ssl
import sys

import rsa as pyrsa
import ecdsa
import jwt
import nacl.public
import paramiko
import paramiko as para
from cryptography.hazmat.backends import default_backend
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dh, dsa, ec, ed25519, ed448, rsa, x448, x25519
from cryptography.hazmat.primitives.asymmetric import rsa as r2
from cryptography.hazmat.primitives.asymmetric.ec import SECP521R1, generate_private_key as make_ec
from Crypto.PublicKey import ECC, RSA
from ecdsa import NIST256p, SigningKey
from nacl.signing import SigningKey as NaclKey
from OpenSSL import crypto

BITS = 3072
CURVE = ec.SECP384R1()
SHADOWED = 1024
SHADOWED = 2048
GLOBAL = 2048


def change():
    global GLOBAL
    GLOBAL = 1024


def plain():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)  #= RSA 2048


def positional():
    return rsa.generate_private_key(65537, 4096, default_backend())  #= RSA 4096


def by_global():
    return rsa.generate_private_key(65537, key_size=BITS)  #= RSA 3072


def by_local():
    size = 1024
    key = r2.generate_private_key(public_exponent=65537, key_size=size)  #= RSA 1024
    return key.sign(b"x", None, hashes.SHA256())


def by_parameter(size, other=2048):
    rsa.generate_private_key(65537, size)  #= RSA -
    return rsa.generate_private_key(65537, other)  #= RSA -


def by_branch(small):
    if small:
        size = 1024
    else:
        size = 2048
    rsa.generate_private_key(65537, size)  #= RSA -
    return rsa.generate_private_key(65537, 2048 if small else 4096)  #= RSA -/2048/4096


def by_either(size):
    return rsa.generate_private_key(65537, size or 2048)  #= RSA -


def same_in_branches(small):
    return rsa.generate_private_key(3 if small else 65537, 2048)  #= RSA 2048


def shadowed():
    rsa.generate_private_key(65537, SHADOWED)  #= RSA -
    return rsa.generate_private_key(65537, GLOBAL)  #= RSA -


def in_loop():
    keys = []
    for bits in (1024, 2048):
        keys.append(rsa.generate_private_key(65537, bits))  #= RSA -
    while len(keys) < 5:
        keys.append(rsa.generate_private_key(65537, 2048))  #= RSA 2048
    return [rsa.generate_private_key(65537, 3072) for _ in keys]  #= RSA 3072


def grown():
    bits = 1024
    bits += 1024
    return rsa.generate_private_key(65537, bits)  #= RSA -


def spread(args, more):
    rsa.generate_private_key(*args)  #= RSA -
    return rsa.generate_private_key(65537, **more)  #= RSA -


def closure():
    size = 2048

    def inner():
        return rsa.generate_private_key(65537, size)  #= RSA 2048
    return inner


def changed_closure():
    size = 2048

    def other():
        nonlocal size
        size = 1024

    def inner():
        return rsa.generate_private_key(65537, size)  #= RSA -
    return inner, other


class Keys:
    SIZE = 2048
    KEY = rsa.generate_private_key(65537, SIZE)  #= RSA 2048

    def make(self):
        return rsa.generate_private_key(65537, self.SIZE)  #= RSA -

    @staticmethod
    def curve():
        return ec.generate_private_key(ec.SECP256R1(), default_backend())  #= EC P-256


def curves():
    a = ec.generate_private_key(CURVE)  #= EC P-384
    b = make_ec(SECP521R1())  #= EC P-521
    c = ec.generate_private_key(curve=ec.SECP256K1())  #= EC secp256k1
    return a, b, c, a.exchange(ec.ECDH(), b)  #= EC -


def a_curve(curve):
    return ec.generate_private_key(curve)  #= EC -


def modern():
    x25519.X25519PrivateKey.generate()  #= X25519 -
    ed25519.Ed25519PrivateKey.generate()  #= Ed25519 -
    x448.X448PrivateKey.generate()  #= X448 -
    ed448.Ed448PrivateKey.generate()  #= Ed448 -
    dh.generate_parameters(generator=2, key_size=2048)  #= DH 2048
    return dsa.generate_private_key(1024)  #= DSA 1024


def others():
    RSA.generate(2048)  #= RSA 2048
    ECC.generate(curve="P-256")  #= EC P-256
    pyrsa.newkeys(1024)  #= RSA 1024
    SigningKey.generate(curve=NIST256p)  #= EC P-256
    ecdsa.SigningKey.generate(ecdsa.NIST384p)  #= EC P-384
    nacl.public.PrivateKey.generate()  #= X25519 -
    NaclKey.generate()  #= Ed25519 -
    paramiko.RSAKey.generate(bits=3072)  #= RSA 3072
    para.SSHClient()  #= SSH -
    jwt.encode({"a": 1}, "very secret words", algorithm="RS256")  #= RSA -
    jwt.encode({"a": 1}, "very secret words", "ES384")  #= EC P-384
    jwt.encode({"a": 1}, "very secret words", algorithm="HS256")
    jwt.encode({"a": 1}, "very secret words")
    return hashlib.sha256(b"rsa").hexdigest()


def openssl():
    key = crypto.PKey()
    key.generate_key(crypto.TYPE_RSA, 2048)  #= RSA 2048
    return key


def tls():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ecdh_curve("prime256v1")  #= EC P-256
    context.set_ciphers("ECDHE+AESGCM")  #= TLS -
    default = ssl.create_default_context()
    default.check_hostname = True
    default.set_ecdh_curve("secp384r1")  #= EC P-384
    return context, default


async def later():
    with open("x") as f:
        key = rsa.generate_private_key(65537, 2048)  #= RSA 2048
    try:
        key = ec.generate_private_key(ec.SECP224R1())  #= EC P-224
    except ValueError:
        key = rsa.generate_private_key(65537, 8192)  #= RSA 8192
    finally:
        f.close()
    return key


def inside(words):
    text = f"{words} {rsa.generate_private_key(65537, 2048)!r:>10}"  #= RSA 2048
    return {"a": rsa.generate_private_key(65537, 1024 * 3), "b": text}  #= RSA 3072


def aliased():
    make = rsa.generate_private_key
    return make(65537, 2048)  #= RSA 2048


def after_assert(x):
    assert x, "rsa.generate_private_key(65537, 512)"
    return rsa.generate_private_key(65537, key_size=2048, backend=x.y(1, z=[2, *x]))  #= RSA 2048


if __name__ == "__main__":
    if len(sys.argv) > 1:
        rsa.generate_private_key(65537, 2048)  #= RSA 2048
