"""Code that uses no public-key cryptography, however much it reminds of it."""
import hashlib
import hmac
import secrets
import ssl

import jwt
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives import hashes, padding
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from Crypto.Cipher import AES
from nacl.secret import SecretBox

from . import ecdsa
from .rsa import newkeys

EXAMPLE = "rsa.generate_private_key(public_exponent=65537, key_size=2048)"


def unused(key):
    # rsa.generate_private_key(65537, 2048)
    return isinstance(key, rsa.RSAPrivateKey) and rsa.generate_private_key is not None


def own():
    ecdsa.SigningKey.generate()
    return newkeys(1024)


def symmetric(key, data):
    Fernet(key).encrypt(data)
    AESGCM(key).encrypt(b"n", data, None)
    AES.new(key, AES.MODE_GCM)
    SecretBox(key).encrypt(data)
    HKDF(hashes.SHA256(), 32, None, b"x").derive(key)
    padding.PKCS7(128).padder()
    hmac.new(key, data, hashlib.sha256)
    return jwt.encode({}, key, algorithm="HS512"), jwt.decode(data, key, algorithms=["RS256"]), secrets.token_bytes()


def tls():
    return ssl.create_default_context()


class rsa2:
    def generate_private_key(self, size):
        return size


def mine():
    rsa = rsa2()
    return rsa.generate_private_key(2048)
