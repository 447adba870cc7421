#!/usr/bin/env python3
"""Forty ways a server can hurt a scanner (design/tls.md §8), one function each, one port each.

    hostile.py BASE [SECONDS]      serves behaviour n at 127.0.0.1:BASE+n until SECONDS (60) are over
    hostile.py --list              prints number, transport and name of each

Behaviour 0 is an honest TLS 1.2 server that prefers nothing and hurts nobody: what it answers must be the
same beside the others as alone. Each function gets the accepted socket (or the datagram and where it came
from) and owns it; nothing here reads a key or a file.
"""
import os
import select
import socket
import struct
import sys
import threading
import time

END = [0.0]
BEHAVIOURS = {}  # number -> (transport, scheme, function)


def way(number, scheme="tls", transport="tcp"):
    def add(f):
        BEHAVIOURS[number] = (transport, scheme, f)
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


def read_hello(s):
    """The first record of the client: (whole message, session id)."""
    data = b""
    while len(data) < 5 or len(data) < 5 + struct.unpack(">H", data[3:5])[0]:
        try:
            more = s.recv(65536)
        except OSError as e:
            raise Gone from e
        if not more:
            raise Gone
        data += more
        if data[0] & 0x80:
            break
    body = data[9:]
    sid = body[35:35 + body[34]] if len(body) > 35 else b""
    return data, sid


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
        return [struct.unpack(">H", body[i:i + 2])[0] for i in range(2, len(body) - 1, 2)]
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


@way(0)
def honest(s):
    data, _ = read_hello(s)
    if 0x0303 not in (offers12(data)):
        send(s, alert(70))
        return
    suites = suites_of(data)
    if 0xC02F not in suites or 29 not in offers(data, 10):
        send(s, alert(40))
        return
    send(s, record(hello12()) + record(certificate12([fake_cert()])) + record(ske_ec()) + record(DONE))
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


@way(1)
def silent(s):
    sleep_on(s)


@way(2)
def drip(s):
    _, sid = read_hello(s)
    for c in record(hrr(29, sid=sid)) * 50:
        send(s, bytes([c]))
        time.sleep(1)


@way(3)
def warnings(s):
    forever(s, alert(90, 1) * 100)


@way(4)
def slow_warnings(s):
    forever(s, alert(90, 1), 0.5)


@way(5)
def random_bytes(s):
    forever(s, os.urandom(65536))


@way(6)
def empty_records(s):
    forever(s, record(b"") * 1000)


@way(7)
def huge_length(s):
    read_hello(s)
    send(s, b"\x16\x03\x03\xff\xff")
    sleep_on(s)


@way(8)
def reset(s):
    read_hello(s)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@way(9)
def http(s):
    read_hello(s)
    send(s, b"HTTP/1.1 400 Bad Request\r\nServer: x\r\nContent-Length: 0\r\n\r\n")


@way(10)
def hrr_loop(s):
    while time.monotonic() < END[0]:
        data, sid = read_hello(s)
        send(s, record(hrr((offers(data, 10) or [29])[0], sid=sid)))


@way(11)
def endless_certificate(s):
    _, sid = read_hello(s)
    send(s, record(hello12()))
    send(s, record(message(11, b"", length=16 << 20)))
    forever(s, record(b"\x41" * 16384))


@way(12)
def endless_ccs(s):
    data, sid = read_hello(s)
    send(s, record(hrr((offers(data, 10) or [29])[0], sid=sid)))
    forever(s, record(b"\x01", kind=20) * 1000)


@way(13)
def hrr_not_offered(s):
    data, sid = read_hello(s)
    send(s, record(hrr(0x0BAD, sid=sid)))
    sleep_on(s)


@way(14)
def hrr_share_sent(s):
    data, sid = read_hello(s)
    send(s, record(hrr((offers(data, 51) or offers(data, 10) or [29])[0], sid=sid)))
    sleep_on(s)


@way(15)
def cookie_only(s):
    _, sid = read_hello(s)
    cookie = b"c" * 16000
    send(s, record(server_hello(0x1301, HRR, sid=sid, extensions=[
        versions(), extension(44, u16(len(cookie)) + cookie)])))
    sleep_on(s)


@way(16)
def suite_not_offered(s):
    _, sid = read_hello(s)
    send(s, record(server_hello(0x00FF, sid=sid, extensions=[
        versions(), extension(51, u16(29) + u16(32) + b"\x09" * 32)])))
    sleep_on(s)


@way(17)
def downgrade(s):
    flight12(s, random=b"\x5a" * 24 + b"DOWNGRD\x01")


@way(18)
def extensions(s):
    _, sid = read_hello(s)
    turn = extensions.turn = (getattr(extensions, "turn", -1) + 1) % 3
    if turn == 0:
        send(s, record(server_hello(sid=sid, extensions=[versions()], cut=60000)))
    elif turn == 1:
        send(s, record(server_hello(sid=sid, extensions=[versions()] + [extension(i, b"") for i in range(3000)])))
    else:
        send(s, record(server_hello(sid=sid, extensions=[versions(), versions(), versions()])))
    sleep_on(s)


@way(19)
def lengths(s):
    _, sid = read_hello(s)
    turn = lengths.turn = (getattr(lengths, "turn", -1) + 1) % 3
    msg = hrr(29, sid=sid)
    if turn == 0:
        send(s, record(message(2, b"", length=(1 << 24) - 1)))
        forever(s, record(b"\0" * 16384))
    elif turn == 1:
        send(s, b"".join(record(bytes([c])) for c in msg))
    else:
        send(s, record(msg[:20]) + alert(90, 1) + record(msg[20:] + msg))
    sleep_on(s)


@way(20)
def record_sizes(s):
    _, sid = read_hello(s)
    send(s, record(server_hello(sid=sid, extensions=[versions(), extension(51, u16(29) + u16(32) + b"\x09" * 32)])))
    send(s, record(b"", kind=23) + b"\x17\x03\x03" + u16((1 << 14) + 257) + b"\0" * ((1 << 14) + 257))
    sleep_on(s)


@way(21)
def certificates(s):
    turn = certificates.turn = (getattr(certificates, "turn", -1) + 1) % 5
    deep = b""
    for _ in range(1000):
        deep = b"\x30\x82" + u16(len(deep)) + deep
    evil = b"CN=\x1b[31m\n<script>alert(1)</script>\0"
    chains = [
        [b"\x30\x00"] * 5000,
        [deep],
        [b"\x30\x80\x30\x80\x02\x01\x01"],
        [b""],
        [b"\x30\x82" + u16(len(evil) + 2) + b"\x0c" + u8(len(evil)) + evil],
    ]
    cert = certificate12(chains[turn])
    read_hello(s)
    send(s, record(hello12()))
    for i in range(0, len(cert), 16000):
        send(s, record(cert[i:i + 16000]))
    send(s, record(ske_ec()) + record(DONE))
    sleep_on(s)


@way(22)
def dh_primes(s):
    turn = dh_primes.turn = (getattr(dh_primes, "turn", -1) + 1) % 4
    p = [b"\x01", b"\xff" * 8192, b"\xff" * 255 + b"\xfe", b"\0" * 256][turn]
    ske = ske_dh(p)
    read_hello(s)
    send(s, record(hello12(suite=0x0033)) + record(certificate12([fake_cert()])) + record(ske[:16000]))
    if len(ske) > 16000:
        send(s, record(ske[16000:]))
    send(s, record(DONE))
    sleep_on(s)


@way(23)
def bad_share(s):
    data, sid = read_hello(s)
    shares = offers(data, 51)
    group = shares[0] if shares else 29
    size = {29: 32, 23: 65, 0x11EC: 7}.get(group, 5)
    send(s, record(server_hello(sid=sid, extensions=[
        versions(), extension(51, u16(group) + u16(size) + b"\0" * size)])))
    send(s, record(b"\x55" * 64, kind=23))
    sleep_on(s)


@way(24)
def bomb(s):
    read_hello(s)
    send(s, record(hello12()) + record(message(25, u16(2) + u24(1 << 23) + u24(8) + b"\0" * 8)))
    sleep_on(s)


@way(25)
def close_notify(s):
    read_hello(s)
    send(s, alert(0, 1))
    s.shutdown(socket.SHUT_WR)
    sleep_on(s)


@way(26)
def opens_and_shuts(s):
    turn = opens_and_shuts.turn = getattr(opens_and_shuts, "turn", -1) + 1
    if turn % 2:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return
    read_hello(s)
    send(s, alert(40))


@way(27)
def two_backends(s):
    turn = two_backends.turn = getattr(two_backends, "turn", -1) + 1
    data, sid = read_hello(s)
    groups = offers(data, 10)
    for group in ([0x11EC, 29] if turn % 2 else [23, 24]):
        if group in groups and 0x0304 in offers12(data):
            send(s, record(hrr(group, sid=sid)))
            sleep_on(s)
            return
    send(s, alert(40))


@way(28)
def limiter(s):
    turn = limiter.turn = getattr(limiter, "turn", -1) + 1
    if turn >= 3:
        return
    data, sid = read_hello(s)
    if 29 in offers(data, 10):
        send(s, record(hrr(29, sid=sid)))
        sleep_on(s)
    else:
        send(s, alert(40))


@way(29)
def name_required(s):
    read_hello(s)
    send(s, alert(112))


@way(30)
def alpn_required(s):
    read_hello(s)
    send(s, alert(120))


@way(31)
def certificate_required(s):
    read_hello(s)
    send(s, alert(116))


@way(32)
def large_hello_dropped(s):
    try:
        first = s.recv(65536)
    except OSError:
        return
    if len(first) > 1400:
        sleep_on(s)
        return
    sid = first[44:44 + first[43]]
    groups = offers(first, 10)
    if 29 in groups:
        send(s, record(hrr(29, sid=sid)))
        sleep_on(s)
    else:
        send(s, alert(40))


@way(33)
def hates_sizes(s):
    data, sid = read_hello(s)
    if 256 <= len(data) - 5 <= 511 or (len(data) - 5) % 256 == 10:
        sleep_on(s)
        return
    send(s, record(hrr(29, sid=sid)) if 29 in offers(data, 10) else alert(40))
    sleep_on(s)


@way(34)
def resets_on_13(s):
    data, _ = read_hello(s)
    if 0x0304 in offers12(data):
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return
    send(s, record(hello12()) + record(certificate12([fake_cert()])) + record(ske_ec()) + record(DONE))
    sleep_on(s)


@way(35, scheme="smtp")
def smtp_banner(s):
    turn = smtp_banner.turn = (getattr(smtp_banner, "turn", -1) + 1) % 4
    if turn == 0:
        forever(s, b"220-" + b"x" * 1000 + b"\r\n")
    elif turn == 1:
        send(s, b"220 ")
        forever(s, b"x" * 65536)
    send(s, b"220 mail ESMTP\r\n")
    s.recv(4096)
    if turn == 2:
        for _ in range(10000):
            send(s, b"250-NOTHING\r\n")
        sleep_on(s)
        return
    send(s, b"250-mail\r\n250 STARTTLS\r\n")
    s.recv(4096)
    send(s, b"220 go\r\n250 injected\r\n250 more\r\n")
    sleep_on(s)


@way(36, scheme="ssh")
def ssh_banner(s):
    turn = ssh_banner.turn = (getattr(ssh_banner, "turn", -1) + 1) % 4
    if turn == 0:
        forever(s, b"hello\r\n" * 1000)
    if turn == 1:
        send(s, b"SSH-2.0-x\r\n" + b"\xff\xff\xff\xff\x04\x14" + b"\0" * 64)
        sleep_on(s)
        return
    if turn == 2:
        names = b",".join(b"n%d" % i for i in range(10000))
        body = b"\x14" + b"\0" * 16 + struct.pack(">I", len(names)) + names + b"\0" * 45
        send(s, b"SSH-2.0-x\r\n" + struct.pack(">IB", len(body) + 5, 4) + body + b"\0" * 4)
        sleep_on(s)
        return
    send(s, b"SSH-2.0-" + b"x" * 100000)
    sleep_on(s)


@way(37, scheme="quic", transport="udp")
def quic(s, data, peer):
    turn = quic.turn = (getattr(quic, "turn", -1) + 1) % 4
    if len(data) < 7:
        return
    dcid = data[6:6 + data[5]]
    at = 6 + data[5]
    scid = data[at + 1:at + 1 + data[at]]
    head = u8(len(scid)) + scid + u8(len(dcid)) + dcid
    if turn == 0:
        s.sendto(b"\x80\0\0\0\0" + head + b"\0\0\0\1", peer)
    elif turn == 1:
        s.sendto(b"\xf0\0\0\0\1" + head + b"token" + b"\0" * 16, peer)
    elif turn == 2:
        s.sendto(b"\xc0\0\0\0\1" + head + b"\0\x44\0" + os.urandom(1100), peer)
    else:
        s.sendto(os.urandom(1200), peer)


@way(39)
def tiny_window(s):
    try:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_WINDOW_CLAMP, 1)
    except OSError:
        pass
    time.sleep(max(0.0, END[0] - time.monotonic()))


@way(40)
def clocks(s):
    # Dates are in certificates, and ours are none: year 0 and 9999 go into the DER as they are.
    old, new = b"\x17\x0d000000000000Z", b"\x18\x0f99991231235959Z"
    validity = b"\x30" + u8(len(old) + len(new)) + old + new
    flight12(s, cert=certificate12([b"\x30" + u8(len(validity)) + validity]))


# 38 is the resolver's: a name with a thousand addresses; see test_endpoints_hostile.py.


def serve_tcp(port, f, backlog=128):
    l = socket.socket()
    l.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if f is tiny_window:
        l.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        l.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 88)
    l.bind(("127.0.0.1", port))
    l.listen(backlog)

    def one(s):
        try:
            f(s)
        except (Gone, OSError, IndexError, struct.error):
            pass
        finally:
            s.close()

    def loop():
        while time.monotonic() < END[0]:
            try:
                s, _ = l.accept()
            except OSError:
                return
            threading.Thread(target=one, args=(s,), daemon=True).start()
    threading.Thread(target=loop, daemon=True).start()


def serve_udp(port, f):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("127.0.0.1", port))

    def loop():
        while time.monotonic() < END[0]:
            data, peer = s.recvfrom(65536)
            try:
                f(s, data, peer)
            except (OSError, IndexError):
                pass
    threading.Thread(target=loop, daemon=True).start()


def main():
    if sys.argv[1:] == ["--list"]:
        for n, (transport, scheme, f) in sorted(BEHAVIOURS.items()):
            print(n, transport, scheme, f.__name__)
        return
    base = int(sys.argv[1])
    END[0] = time.monotonic() + float(sys.argv[2] if len(sys.argv) > 2 else 60)
    for n, (transport, _, f) in BEHAVIOURS.items():
        (serve_tcp if transport == "tcp" else serve_udp)(base + n, f)
    print("ready", flush=True)
    time.sleep(max(0.0, END[0] - time.monotonic()))


if __name__ == "__main__":
    main()
