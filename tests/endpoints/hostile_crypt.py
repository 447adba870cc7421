"""Hostile servers that need keys: TLS 1.3 behind the ServerHello, and QUIC Initial packets that decrypt."""
import hashlib
import hmac
import os

import hostile_der as der
from hostile_wire import *  # noqa: F403

try:
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec, x25519
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    HAS_KEYS = True
except ImportError:
    HAS_KEYS = False

KEY = []


def identity():
    """(certificate, sign): an ECDSA key pair of this run and a certificate for it."""
    if not HAS_KEYS:
        return der.certificate(), lambda content: b"\x55" * 70
    if not KEY:
        private = ec.generate_private_key(ec.SECP256R1())
        public = private.public_key().public_bytes(serialization.Encoding.DER,
                                                   serialization.PublicFormat.SubjectPublicKeyInfo)
        KEY.append((der.certificate(subject=b"honest.example", public=public),
                    lambda content: private.sign(content, ec.ECDSA(hashes.SHA256()))))
    return KEY[0]


# ---- key schedule [RFC8446 §7.1] ----

def extract(salt, ikm):
    return hmac.new(salt, ikm, hashlib.sha256).digest()


def expand(secret, label, context=b"", n=32):
    label = b"tls13 " + label
    info = u16(n) + u8(len(label)) + label + u8(len(context)) + context
    out = t = b""
    for i in range(1, 1 + (n + 31) // 32):
        t = hmac.new(secret, t + info + bytes([i]), hashlib.sha256).digest()
        out += t
    return out[:n]


def digest(b):
    return hashlib.sha256(b).digest()


class Sealer:
    def __init__(self, secret):
        self.aead, self.iv, self.n = AESGCM(expand(secret, b"key", n=16)), expand(secret, b"iv", n=12), 0

    def seal(self, plain, kind=22, padding=0):
        inner = plain + bytes([kind]) + b"\0" * padding if kind else plain
        head = b"\x17\x03\x03" + u16(len(inner) + 16)
        nonce = (int.from_bytes(self.iv, "big") ^ self.n).to_bytes(12, "big")
        self.n += 1
        return head + self.aead.encrypt(nonce, inner, head)


class Session:
    """One TLS 1.3 handshake up to where the behaviour begins."""

    def __init__(self, s):
        self.s = s
        data, sid = read_hello(s)
        self.transcript = data[5:]
        groups = offers(data, 10)
        if 0x0304 not in offers12(data):
            self.refuse(70)
        if 29 not in groups and 23 not in groups or 0x0403 not in offers(data, 13):
            self.refuse(40)
        share = shares(data)
        if 29 not in share and 23 not in share:
            retry = hrr(29 if 29 in groups else 23, sid=sid)
            self.transcript = message(254, digest(self.transcript)) + retry
            send(s, record(retry))
            data, _ = read_hello(s)
            share = shares(data)
            self.transcript += data[5:]
        self.hello(share, sid)

    def refuse(self, code):
        send(self.s, alert(code))
        raise Gone

    def hello(self, share, sid):
        group = 29 if 29 in share else 23
        if group == 29:
            mine = x25519.X25519PrivateKey.generate()
            ours = mine.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
            shared = mine.exchange(x25519.X25519PublicKey.from_public_bytes(share[29]))
        else:
            mine = ec.generate_private_key(ec.SECP256R1())
            ours = mine.public_key().public_bytes(serialization.Encoding.X962,
                                                  serialization.PublicFormat.UncompressedPoint)
            shared = mine.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), share[23]))
        sh = server_hello(sid=sid, extensions=[versions(), extension(51, u16(group) + u16(len(ours)) + ours)])
        self.transcript += sh
        send(self.s, record(sh))
        early = extract(b"\0" * 32, b"\0" * 32)
        self.handshake = extract(expand(early, b"derived", digest(b"")), shared)
        self.secret = expand(self.handshake, b"s hs traffic", digest(self.transcript))
        self.out = Sealer(self.secret)

    def say(self, kind, body, length=None):
        m = message(kind, body, length)
        self.transcript += m
        for i in range(0, len(m), 16000):
            send(self.s, self.out.seal(m[i:i + 16000]))

    def extensions(self, *some):
        body = b"".join(some)
        self.say(8, u16(len(body)) + body)

    def certificate(self, ders=None):
        body = b"".join(u24(len(d)) + d + b"\0\0" for d in ders or [identity()[0]])
        self.say(11, b"\0" + u24(len(body)) + body)

    def verify(self, right=True):
        content = b" " * 64 + b"TLS 1.3, server CertificateVerify\0" + digest(self.transcript)
        sig = identity()[1](content if right else content + b"!")
        self.say(15, u16(0x0403) + u16(len(sig)) + sig)

    def finished(self):
        self.say(20, hmac.new(expand(self.secret, b"finished"), digest(self.transcript), hashlib.sha256).digest())

    def application(self):
        """Server records are under application keys from here on [RFC8446 §7.1]."""
        master = extract(expand(self.handshake, b"derived", digest(b"")), b"\0" * 32)
        self.out = Sealer(expand(master, b"s ap traffic", digest(self.transcript)))


def shares(data):
    b = data[9:]
    at = 34 + 1 + b[34]
    at += 2 + struct.unpack(">H", b[at:at + 2])[0]
    at += 1 + b[at] + 2
    out = {}
    while at + 4 <= len(b):
        t, n = struct.unpack(">HH", b[at:at + 4])
        body = b[at + 4:at + 4 + n]
        at += 4 + n
        i = 2
        while t == 51 and i + 4 <= len(body):
            g, k = struct.unpack(">HH", body[i:i + 4])
            out[g] = body[i + 4:i + 4 + k]
            i += 4 + k
    return out


def behind_hello(key):
    """The function gets the session right behind its ServerHello."""
    def add(f):
        def serve(s):
            f(Session(s))
            sleep_on(s)
        serve.__name__ = f.__name__
        if HAS_KEYS:
            way(key)(serve)
        return f
    return add


def whole_13(s):
    """What an honest server of TLS 1.3 says to the end of its flight."""
    if not HAS_KEYS:
        raise Gone
    t = Session(s)
    t.extensions()
    t.certificate()
    t.verify()
    t.finished()
    sleep_on(s)


@behind_hello("50")
def honest_13(t):
    t.extensions()
    t.certificate()
    t.verify()
    t.finished()


@behind_hello("50a")
def wrong_verify(t):
    t.extensions()
    t.certificate()
    t.verify(right=False)
    t.finished()


@behind_hello("50b")
def endless_secret_certificate(t):
    t.extensions()
    t.say(11, b"", length=16 << 20)
    while True:
        send(t.s, t.out.seal(b"\x41" * 16000))


@behind_hello("50c")
def many_secret_certificates(t):
    t.extensions()
    t.certificate([b"\x30\x00"] * 10000)


@each("21", [  # behind the ServerHello, where the certificate is
    lambda: [der.certificate(names=[b"n%d.example" % i for i in range(10000)])],
    lambda: [der.certificate(subject=b"x" * 65536)],
    lambda: [der.nested(1000)],
    lambda: [der.certificate()] * 300,
], first="p")
def secret_certificates(s, form):
    if not HAS_KEYS:
        return
    t = Session(s)
    t.extensions()
    t.certificate(form())
    t.verify()
    t.finished()
    sleep_on(s)


@behind_hello("50d")
def padding_only(t):
    t.extensions()
    while True:
        send(t.s, t.out.seal(b"\0" * 16384, kind=0))


@behind_hello("50e")
def nothing_but_padding_behind_types(t):
    t.extensions()
    while True:
        send(t.s, t.out.seal(b"", padding=16000))


@behind_hello("50f")
def finished_before_certificate(t):
    t.extensions()
    t.finished()
    t.certificate()


@behind_hello("50g")
def certificate_after_finished(t):
    t.extensions()
    t.certificate()
    t.verify()
    t.finished()
    t.certificate([der.certificate()])


@behind_hello("50h")
def tickets_without_end(t):
    t.extensions()
    t.certificate()
    t.verify()
    t.finished()
    t.application()
    while True:
        m = message(4, b"\0\0\x1c\x20" + b"\0\0\0\1" + b"\1\0" + u16(60000) + b"t" * 60000 + u16(0))
        for i in range(0, len(m), 16000):
            send(t.s, t.out.seal(m[i:i + 16000]))


@behind_hello("50i")
def large_extensions(t):
    t.extensions(extension(0x4242, b"e" * 65000))
    t.certificate()
    t.verify()


@behind_hello("50j")
def many_groups(t):
    codes = b"".join(u16(i) for i in range(1, 30000))
    t.extensions(extension(10, u16(len(codes)) + codes))
    t.certificate()
    t.verify()


@behind_hello("50k")
def one_byte_records(t):
    m = message(8, b"\0\0") + message(11, b"\0" + u24(200000) + b"\x41" * 200000)
    for i in range(0, len(m), 100):
        send(t.s, b"".join(t.out.seal(m[k:k + 1]) for k in range(i, min(i + 100, len(m)))))


@behind_hello("50l")
def alpn_of_escapes(t):
    evil = b"\x1b[31m<script>alert(1)</script>\n"
    t.extensions(extension(16, u16(len(evil) + 1) + u8(len(evil)) + evil))
    t.certificate([der.certificate(subject=evil)])
    t.verify()


@behind_hello("50m")
def many_authorities(t):
    t.extensions()
    names = b"".join(u16(64) + b"n" * 64 for _ in range(900))
    body = extension(13, u16(4) + u16(0x0403) + u16(0x0804)) + extension(47, u16(len(names)) + names)
    t.say(13, b"\0" + u16(len(body)) + body)
    t.certificate()
    t.verify()


@behind_hello("50n")
def bad_tag(t):
    sealed = t.out.seal(message(8, b"\0\0"))
    send(t.s, sealed[:-1] + bytes([sealed[-1] ^ 1]))


@behind_hello("50o")
def compressed_unasked(t):
    t.extensions()
    t.say(25, u16(2) + u24(1 << 23) + u24(8) + b"\0" * 8)


# ---- QUIC v1 [RFC9001 §5] ----

SALT = bytes.fromhex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a")
RETRY_KEY, RETRY_NONCE = bytes.fromhex("be0c690b9f66575a1d766b54e368c84e"), bytes.fromhex("461599d35d632bf2239825bb")


def quic_ids(data):
    dcid = data[6:6 + data[5]]
    at = 6 + data[5]
    return dcid, data[at + 1:at + 1 + data[at]]


def varint(n):
    return u8(n) if n < 64 else u16(0x4000 | n) if n < 16384 else struct.pack(">I", 0x80000000 | n)


def initial(dcid, scid, frames, number=0):
    """A server's Initial for the client whose first destination was dcid."""
    secret = expand(extract(SALT, dcid), b"server in")
    key, iv, hp = expand(secret, b"quic key", n=16), expand(secret, b"quic iv", n=12), expand(secret, b"quic hp", n=16)
    frames += b"\0" * max(0, 1150 - len(frames))
    head = b"\xc3\0\0\0\1" + u8(len(scid)) + scid + u8(4) + b"host" + b"\0" + u16(0x4000 | len(frames) + 20)
    aad = head + struct.pack(">I", number)
    nonce = (int.from_bytes(iv, "big") ^ number).to_bytes(12, "big")
    sealed = AESGCM(key).encrypt(nonce, frames, aad)
    mask = Cipher(algorithms.AES(hp), modes.ECB()).encryptor().update(sealed[:16])
    first = bytes([aad[0] ^ mask[0] & 0x0F])
    low = bytes(a ^ b for a, b in zip(aad[-4:], mask[1:5]))
    return first + aad[1:-4] + low + sealed


def crypto(offset, data):
    return b"\x06" + varint(offset) + varint(len(data)) + data


FIRST = {}


def quic_way(key):
    def add(f):
        def serve(s, data, peer):
            if len(data) < 1200 or data[0] & 0xC0 != 0xC0 or data[1:5] != b"\0\0\0\1":
                return
            dcid, scid = quic_ids(data)
            f(s, peer, FIRST.setdefault((key, peer), dcid), scid, data)
        serve.__name__ = f.__name__
        if HAS_KEYS:
            way(key, scheme="quic", transport="udp")(serve)
        return f
    return add


@quic_way("37g")
def quic_retry_loop(s, peer, first, scid, data):
    dcid, _ = quic_ids(data)
    token = os.urandom(40)
    packet = b"\xf0\0\0\0\1" + u8(len(scid)) + scid + u8(8) + os.urandom(8) + token
    tag = AESGCM(RETRY_KEY).encrypt(RETRY_NONCE, b"", u8(len(dcid)) + dcid + packet)
    s.sendto(packet + tag, peer)


@quic_way("37h")
def quic_ack_only(s, peer, first, scid, data):
    s.sendto(initial(first, scid, b"\x02\0\0\0\0"), peer)


@quic_way("37q")
def quic_pings(s, peer, first, scid, data):
    for n in range(200):
        s.sendto(initial(first, scid, b"\x01", n), peer)


NUMBERS = {}


@quic_way("37r")
def quic_ack_for_ack(s, peer, first, scid, data):
    NUMBERS[peer] = NUMBERS.get(peer, -1) + 1
    s.sendto(initial(first, scid, b"\x02" + varint(NUMBERS[peer]) + b"\0\0\0", NUMBERS[peer]), peer)


@quic_way("37i")
def quic_gaps(s, peer, first, scid, data):
    for n in range(100):
        s.sendto(initial(first, scid, crypto(10 + 2 * n, b"\x02"), n), peer)


@quic_way("37j")
def quic_overlaps(s, peer, first, scid, data):
    for n in range(50):
        s.sendto(initial(first, scid, crypto(n, bytes([2, 0, 4, n]) * 20), n), peer)


@quic_way("37k")
def quic_far_offset(s, peer, first, scid, data):
    s.sendto(initial(first, scid, crypto(1 << 29, b"\x02" * 100)), peer)


@quic_way("37l")
def quic_small_frames(s, peer, first, scid, data):
    frames = b"".join(crypto(2 * i, b"\x02") for i in range(60)) + b"\x01" * 600
    for n in range(20):
        s.sendto(initial(first, scid, frames, n), peer)


@quic_way("37m")
def quic_evil_close(s, peer, first, scid, data):
    evil = b"\x1b[31m<script>alert(1)</script>\n"
    s.sendto(initial(first, scid, b"\x1c" + varint(7) + b"\0" + varint(len(evil)) + evil), peer)


@quic_way("37n")
def quic_acks_without_end(s, peer, first, scid, data):
    s.sendto(initial(first, scid, b"\x02" + varint(16000) + b"\0" + varint(500) + b"\0" + b"\0\0" * 500), peer)
