"""Certificates of any content, without a signature that holds: DER by hand."""
NULL = b"\x05\x00"


def tlv(tag, body):
    n = len(body)
    if n < 0x80:
        return bytes([tag, n]) + body
    size = n.to_bytes((n.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + body


def seq(*parts):
    return tlv(0x30, b"".join(parts))


def integer(b):
    return tlv(2, b"\0" + b if b[:1] >= b"\x80" else b)


def oid(text):
    n = [int(x) for x in text.split(".")]
    out = bytes([40 * n[0] + n[1]])
    for v in n[2:]:
        some = [v & 0x7F]
        while v > 0x7F:
            v >>= 7
            some.append(0x80 | v & 0x7F)
        out += bytes(reversed(some))
    return tlv(6, out)


def bits(b):
    return tlv(3, b"\0" + b)


def spki(algorithm, params, key):
    return seq(seq(oid(algorithm), params), bits(key))


def name(text):
    return seq(tlv(0x31, seq(oid("2.5.4.3"), tlv(0x0C, text))))


def certificate(subject=b"a", issuer=b"a", public=None, names=(), dates=(b"20200101000000Z", b"20400101000000Z")):
    """public: a whole SubjectPublicKeyInfo; without it an RSA key of noise."""
    key = public or spki("1.2.840.113549.1.1.1", NULL, seq(integer(b"\xc3" * 256), integer(b"\1\0\1")))
    algorithm = seq(oid("1.2.840.113549.1.1.11"), NULL)
    san = b"".join(tlv(0x82, n) for n in names)
    extensions = tlv(0xA3, seq(seq(oid("2.5.29.17"), tlv(4, seq(san))))) if names else b""
    tbs = seq(tlv(0xA0, integer(b"\2")), integer(b"\1"), algorithm, name(issuer), seq(*(tlv(0x18, d) for d in dates)),
              name(subject), key, extensions)
    return seq(tbs, algorithm, bits(b"\x55" * 256))


def nested(depth):
    deep = b""
    for _ in range(depth):
        deep = tlv(0x30, deep)
    return deep
