from . import rsa
from .vendored import ec
from mycompany.crypto import RSA
from cryptography import x509
import cryptography

k = rsa.generate_private_key(65537, 2048)  # ! a module of the tree itself
e = ec.generate_private_key(ec.SECP256R1())  # ! likewise
r = RSA.generate(2048)  # ! another library
x = dsa.generate_private_key(2048)  # ! not imported
cryptography.rsa.generate_private_key(65537, 2048)  # ! no such path
class Test:
    def test_parses_rsa_generate_private_key(self):  # ! a name
        assert parse("rsa.generate_private_key(1, 2)")  # ! a string
        print("EC.generate_private_key", x509.load)  # ! a string
lambda rsa: rsa.generate_private_key(65537, 2048)  # ! a parameter
