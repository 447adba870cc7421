"""Bytes of TLS as a server that means harm writes them, and the list of ways that are served."""
import os
import select
import socket
import struct
import threading
import time

END = [0.0]
WAYS = []  # (key, transport, scheme, function)


def way(key, scheme="tls", transport="tcp"):
    def add(f):
        WAYS.append((str(key), transport, scheme, f))
        return f
    return add


def each(key, forms, scheme="tls", first="a"):
    """Registers f(socket, form) once for every form, as key + a, b, c …"""
    def add(f):
        for i, form in enumerate(forms):
            def one(s, form=form):
                f(s, form)
            one.__name__ = f.__name__
            WAYS.append((f"{key}{chr(ord(first) + i)}", "tcp", scheme, one))
        return f
    return add


def u8(n):
    return struct.pack(">B", n)


def u16(n):
    return struct.pack(">H", n)


def u24(n):
    return struct.pack(">I", n)[1:]


def record(body, kind=22, version=0x0303):
    return u8(kind) + u16(version) + u16(len(body)) + body


def message(kind, body, length=None):
    return u8(kind) + u24(len(body) if length is None else length) + body


def alert(code, level=2):
    return record(u8(level) + u8(code), kind=21)


def extension(kind, body):
    return u16(kind) + u16(len(body)) + body


HRR = bytes.fromhex("CF21AD74E59A6111BE1D8C021E65B891C2A211167ABB8C5E079E09E2C8A8339C")


def server_hello(suite=0x1301, random=b"\x5a" * 32, legacy=0x0303, sid=b"", extensions=None, cut=None):
    exts = b"".join(extensions or [])
    body = u16(legacy) + random + u8(len(sid)) + sid + u16(suite) + b"\0"
    if extensions is not None:
        body += u16(len(exts) if cut is None else cut) + exts
    return message(2, body)


def versions(v=0x0304):
    return extension(43, u16(v))


def hrr(group, suite=0x1301, sid=b"", more=()):
    return server_hello(suite, HRR, sid=sid, extensions=[versions(), extension(51, u16(group)), *more])


class Gone(Exception):
    pass


def send(s, data):
    try:
        s.sendall(data)
    except OSError as e:
        raise Gone from e


def more_of(s):
    try:
        data = s.recv(65536)
    except OSError as e:
        raise Gone from e
    if not data:
        raise Gone
    return data


def read_hello(s):
    """The client's next handshake message as one record, whatever records it came in: (record, session id). A
    ChangeCipherSpec before it, as between the two hellos of a retry, is dropped."""
    raw = msg = b""
    while len(msg) < 4 or len(msg) < 4 + int.from_bytes(msg[1:4], "big"):
        while len(raw) < 5 or len(raw) < 5 + struct.unpack(">H", raw[3:5])[0]:
            raw += more_of(s)
            if raw[0] & 0x80:  # SSL 2.0
                return raw, b""
        end = 5 + struct.unpack(">H", raw[3:5])[0]
        if raw[0] == 21:
            raise Gone
        if raw[0] == 22:
            msg += raw[5:end]
        raw = raw[end:]
    body = msg[4:]
    sid = body[35:35 + body[34]] if len(body) > 35 else b""
    return record(msg, version=0x0301), sid


def peek_hello(s):
    """The first record as far as it came in half a second; it stays to be read."""
    for _ in range(50):
        try:
            data = s.recv(65536, socket.MSG_PEEK)
        except OSError as e:
            raise Gone from e
        if not data:
            raise Gone
        if len(data) >= 5 and len(data) >= 5 + struct.unpack(">H", data[3:5])[0]:
            return data[:5 + struct.unpack(">H", data[3:5])[0]]
        time.sleep(0.01)
    return data


def offers(data, kind):
    """The 16-bit codes of a list extension (10 groups, 13 schemes) or of the key shares (51)."""
    b = data[9:]
    at = 34 + 1 + b[34]
    at += 2 + struct.unpack(">H", b[at:at + 2])[0]
    at += 1 + b[at] + 2
    while at + 4 <= len(b):
        t, n = struct.unpack(">HH", b[at:at + 4])
        body = b[at + 4:at + 4 + n]
        at += 4 + n
        if t != kind:
            continue
        if kind == 51:
            out, i = [], 2
            while i + 4 <= len(body):
                g, k = struct.unpack(">HH", body[i:i + 4])
                out.append(g)
                i += 4 + k
            return out
        codes = [struct.unpack(">H", body[i:i + 2])[0] for i in range(2, len(body) - 1, 2)]
        return [c for c in codes if c & 0x0F0F != 0x0A0A]
    return []


def sleep_on(s):
    """Keeps the connection open until the other side or the run ends it."""
    while time.monotonic() < END[0]:
        r, _, _ = select.select([s], [], [], 0.5)
        if r:
            try:
                if not s.recv(65536):
                    return
            except OSError:
                return


def forever(s, data, pause=0.0):
    while time.monotonic() < END[0]:
        send(s, data)
        if pause:
            time.sleep(pause)


# A real but tiny certificate is not needed: scanners must survive what is none.
def fake_cert(n=300):
    return b"\x30\x82" + u16(n) + b"\x30\x03\x02\x01\x01" + b"\x04\x82" + u16(n - 9) + b"\x41" * (n - 9)


def certificate12(ders):
    body = b"".join(u24(len(d)) + d for d in ders)
    return message(11, u24(len(body)) + body)


def hello12(sid=b"", suite=0xC02F, extensions=None, random=b"\x5a" * 32):
    return server_hello(suite, random, sid=sid, extensions=extensions or [extension(0xFF01, b"\0")])


def ske_ec(curve=29, point=b"\x09" + b"\0" * 31, scheme=0x0804, sig=b"\x55" * 256):
    return message(12, b"\x03" + u16(curve) + u8(len(point)) + point + u16(scheme) + u16(len(sig)) + sig)


def ske_dh(p, g=b"\x02", y=b"\x04", scheme=0x0804, sig=b"\x55" * 256):
    return message(12, u16(len(p)) + p + u16(len(g)) + g + u16(len(y)) + y + u16(scheme) + u16(len(sig)) + sig)


DONE = message(14, b"")


def flight12(s, cert=None, ske=None, random=b"\x5a" * 32, suite=0xC02F):
    _, sid = read_hello(s)
    send(s, record(hello12(suite=suite, random=random)))
    send(s, record(cert or certificate12([fake_cert()])))
    send(s, record(ske or ske_ec()))
    send(s, record(DONE))
    sleep_on(s)


def offers12(data):
    b = data[9:]
    listed = []
    at = 34 + 1 + b[34]
    at += 2 + struct.unpack(">H", b[at:at + 2])[0]
    at += 1 + b[at] + 2
    while at + 4 <= len(b):
        t, n = struct.unpack(">HH", b[at:at + 4])
        if t == 43:
            body = b[at + 5:at + 4 + n]
            listed = [struct.unpack(">H", body[i:i + 2])[0] for i in range(0, len(body) - 1, 2)]
        at += 4 + n
    return listed or [struct.unpack(">H", b[:2])[0]]


def suites_of(data):
    b = data[9:]
    at = 34 + 1 + b[34]
    n = struct.unpack(">H", b[at:at + 2])[0]
    return [struct.unpack(">H", b[at + 2 + i:at + 4 + i])[0] for i in range(0, n, 2)]
