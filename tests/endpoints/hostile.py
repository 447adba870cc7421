#!/usr/bin/env python3
"""Forty ways a server can hurt a scanner (design/tls.md §8), one function a way, one port each.

    hostile.py BASE SECONDS [KEY…]  serves the i-th way at 127.0.0.1:BASE+i until SECONDS are over; all, or these
    hostile.py --list               prints port offset, key, transport, scheme and name of each

A key is the number of §8, with a letter where a way has several forms: each form has its own port, so that
every one of them is surely met. Way 0 is an honest TLS 1.2 server that prefers nothing and hurts nobody: what
it answers must be the same beside the others as alone. Each function gets the accepted socket (or the
datagram and where it came from) and owns it; nothing here reads a key or a file.
"""
import os
import socket
import struct
import sys
import threading
import time

import hostile_crypt
import hostile_der as der
import hostile_more
from hostile_wire import *  # noqa: F403


@way(0)
def honest(s):
    data, _ = read_hello(s)
    if 0x0303 not in (offers12(data)):
        send(s, alert(70))
        return
    suites = suites_of(data)
    if 0xC02B not in suites or 29 not in offers(data, 10):
        send(s, alert(40))
        return
    leaf, sign = hostile_crypt.identity()
    point = b"\x09" + b"\0" * 31
    params = b"\x03" + u16(29) + u8(32) + point
    random = b"\x5a" * 32
    ske = ske_ec(29, point, 0x0403, sign(data[11:43] + random + params))
    send(s, record(hello12(suite=0xC02B)) + record(certificate12([leaf])) + record(ske) + record(DONE))
    sleep_on(s)


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


@each(18, [60000, 3000, 3])
def extensions(s, form):
    _, sid = read_hello(s)
    if form == 60000:
        send(s, record(server_hello(sid=sid, extensions=[versions()], cut=form)))
    elif form == 3000:
        send(s, record(server_hello(sid=sid, extensions=[versions()] + [extension(i, b"") for i in range(form)])))
    else:
        send(s, record(server_hello(sid=sid, extensions=[versions()] * form)))
    sleep_on(s)


@each(19, ["long", "bytes", "alert", "segments", "two"])
def lengths(s, form):
    _, sid = read_hello(s)
    msg = hrr(29, sid=sid)
    if form == "long":
        send(s, record(message(2, b"", length=(1 << 24) - 1)))
        forever(s, record(b"\0" * 16384))
    elif form == "bytes":
        send(s, b"".join(record(bytes([c])) for c in msg))
    elif form == "alert":
        send(s, record(msg[:20]) + alert(90, 1) + record(msg[20:] + msg))
    elif form == "two":
        send(s, record(msg + msg))
    else:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for c in record(message(2, b"\3\3" + b"\x41" * 1000)):
            send(s, bytes([c]))
    sleep_on(s)


@way(20)
def record_sizes(s):
    _, sid = read_hello(s)
    send(s, record(server_hello(sid=sid, extensions=[versions(), extension(51, u16(29) + u16(32) + b"\x09" * 32)])))
    send(s, record(b"", kind=23) + b"\x17\x03\x03" + u16((1 << 14) + 257) + b"\0" * ((1 << 14) + 257))
    sleep_on(s)


# Keys and names that no honest CA signs; the signatures behind them are noise.
EVIL = b"\x1b[31mred\r\n<script>alert(1)</script>\"'><img src=x onerror=alert(2)>\0end"
RSA, EC = "1.2.840.113549.1.1.1", "1.2.840.10045.2.1"
CHAINS = [
    lambda: [b"\x30\x00"] * 5000,
    lambda: [der.nested(1000)],
    lambda: [b"\x30\x80\x30\x80\x02\x01\x01"],
    lambda: [b""],
    lambda: [b"\x30\x82" + u16(len(EVIL) + 2) + b"\x0c" + u8(len(EVIL)) + EVIL],
    lambda: [der.certificate(subject=EVIL, issuer=EVIL)],
    lambda: [der.certificate(names=[b"n%d.example" % i for i in range(10000)])],
    lambda: [der.certificate(names=[EVIL, b"a\0b.example"])],
    lambda: [der.certificate(subject=b"x" * 65536)],
    lambda: [der.certificate(public=der.spki(RSA, der.NULL, der.seq(der.integer(b"\xff" * 2048), der.integer(b"\3"))))],
    lambda: [der.certificate(public=der.spki(
        RSA, der.NULL, der.seq(der.integer(b"\xff" * 256), der.integer(b"\1" + b"\0" * 511 + b"\1"))))],
    lambda: [der.certificate(public=der.spki(  # no rule forbids it, and it costs most
        RSA, der.NULL, der.seq(der.integer(b"\xff" * 384), der.integer(b"\x7f" + b"\xff" * 383))))],
    lambda: [der.certificate(public=der.spki(EC, der.seq(der.integer(b"\1"), der.integer(b"\xff" * 32)), b"\4" + b"\1" * 64))],
    lambda: [der.certificate(public=der.spki("1.3.6.1.4.1.99999.1", b"", b"\xaa" * 32))],
    lambda: [der.certificate()] * 300,
]


@each(21, CHAINS)
def certificates(s, form):
    cert = certificate12(form())
    signature = b"\x55" * (384 if b"\xff" * 383 in cert else 256)  # as long as the modulus, or nobody looks at it
    read_hello(s)
    send(s, record(hello12()))
    for i in range(0, len(cert), 16000):
        send(s, record(cert[i:i + 16000]))
    send(s, record(ske_ec(sig=signature)) + record(DONE))
    sleep_on(s)


@each(22, [b"\x01", b"\xff" * 8192, b"\xff" * 255 + b"\xfe", b"\0" * 256, b""])
def dh_primes(s, form):
    ske = ske_dh(form)
    read_hello(s)
    send(s, record(hello12(suite=0x0033)) + record(certificate12([der.certificate()])) + record(ske[:16000]))
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


COUNT = {}


def count(name):
    """How many connections this way had before: by port, and from nothing with every server started."""
    COUNT[name] = COUNT.get(name, -1) + 1
    return COUNT[name]


def rst(s):
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@way("26a")
def opens_and_shuts(s):
    if count("26a") % 2:
        rst(s)
        return
    read_hello(s)
    send(s, alert(40))


@way("26b")
def rst_storm(s):
    rst(s)


@way("26c")
def never_accepts(s):  # serve_tcp
    sleep_on(s)


@way("26d")
def half_hello_then_reset(s):
    read_hello(s)
    send(s, record(hrr(29))[:9])
    rst(s)


@way("27a")
def two_groups(s):
    turn = count("27a")
    data, sid = read_hello(s)
    groups = offers(data, 10)
    for group in ([0x11EC, 29] if turn % 2 else [23, 24]):
        if group in groups and 0x0304 in offers12(data):
            send(s, record(hrr(group, sid=sid)))
            sleep_on(s)
            return
    send(s, alert(40))


@way("27b")
def two_versions(s):
    if count("27b") % 2 or not hostile_crypt.HAS_KEYS:
        honest(s)
    else:
        hostile_crypt.whole_13(s)


@way(28)
def limiter(s):
    if count("28") >= 3:
        return
    data, sid = read_hello(s)
    if 29 in offers(data, 10):
        send(s, record(hrr(29, sid=sid)))
        sleep_on(s)
    else:
        send(s, alert(40))


@way("29a")
def name_required(s):
    read_hello(s)
    send(s, alert(112))


@way("29b")
def name_required_or_silence(s):
    read_hello(s)


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
    """An honest server behind a box that swallows hellos of certain lengths."""
    n = len(peek_hello(s))
    if 256 <= n - 5 <= 511 or (n - 5) % 256 == 10:
        sleep_on(s)
    else:
        hostile_crypt.whole_13(s)


@way(34)
def resets_on_13(s):
    data, _ = read_hello(s)
    if 0x0304 in offers12(data):
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return
    send(s, record(hello12()) + record(certificate12([fake_cert()])) + record(ske_ec()) + record(DONE))
    sleep_on(s)


@way("39a")
def tiny_window(s):
    time.sleep(max(0.0, END[0] - time.monotonic()))


@way("39b")
def one_byte_segments(s):
    _, sid = read_hello(s)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for c in record(hrr(29, sid=sid)):
        send(s, bytes([c]))
        time.sleep(0.002)
    sleep_on(s)


@each(40, [(b"00000101000000Z", b"00000101000000Z"), (b"99991231235959Z", b"99991231235959Z"),
           (b"99999999999999Z", b"-0010101000000Z"), (b"", b"Z")])
def clocks(s, form):
    flight12(s, cert=certificate12([der.certificate(dates=form)]))


@way(38)
def second_address(s):
    """Behind names that hostile_more.py resolves; at ::1 nobody ever answers: serve_tcp."""
    hostile_crypt.whole_13(s)


@way("26e")
def door_closes(s):  # the listening socket goes with the third connection: serve_tcp
    hostile_crypt.whole_13(s)


@way("39c")
def segments_of_48(s):  # serve_tcp
    hostile_crypt.whole_13(s)


def never_accept(family, address, port):
    """A listener whose backlog is full before anybody asks: the next SYN is dropped."""
    l = socket.socket(family)
    l.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        l.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    l.bind((address, port))
    l.listen(0)
    KEPT.append(l)
    for _ in range(4):
        c = socket.socket(family)
        c.setblocking(False)
        c.connect_ex((address, port))
        KEPT.append(c)


def serve_tcp(port, key, f):
    if key == "26c":
        never_accept(socket.AF_INET, "127.0.0.1", port)
        return
    if key == "38" and socket.has_ipv6:
        try:
            never_accept(socket.AF_INET6, "::1", port)
        except OSError:
            pass  # no IPv6 here
    l = socket.socket()
    l.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if key == "39a":
        l.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        l.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 88)
        l.setsockopt(socket.IPPROTO_TCP, socket.TCP_WINDOW_CLAMP, 1)
    if key == "39c":
        l.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 88)  # the least that Linux takes
    l.bind(("127.0.0.1", port))
    l.listen(128)

    def one(s):
        try:
            f(s)
        except (Gone, OSError, IndexError, struct.error):
            pass
        finally:
            s.close()

    def loop():
        n = 0
        while time.monotonic() < END[0]:
            try:
                s, _ = l.accept()
            except OSError:
                return
            n += 1
            if key == "26e" and n == 3:
                l.close()
            threading.Thread(target=one, args=(s,), daemon=True).start()
    threading.Thread(target=loop, daemon=True).start()


KEPT = []


def serve_udp(port, f):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("127.0.0.1", port))

    def loop():
        while time.monotonic() < END[0]:
            data, peer = s.recvfrom(65536)
            try:
                f(s, data, peer)
            except (OSError, IndexError, struct.error, ValueError):
                pass
    threading.Thread(target=loop, daemon=True).start()


def main():
    if sys.argv[1:] == ["--list"]:
        for i, (key, transport, scheme, f) in enumerate(WAYS):
            print(i, key, transport, scheme, f.__name__)
        return
    base = int(sys.argv[1])
    END[0] = time.monotonic() + float(sys.argv[2])
    for i, (key, transport, _, f) in enumerate(WAYS):
        if sys.argv[3:] and key not in sys.argv[3:]:
            continue
        if transport == "tcp":
            serve_tcp(base + i, key, f)
        else:
            serve_udp(base + i, f)
    if not sys.argv[3:] or "38" in sys.argv[3:]:
        hostile_more.serve_dns()
    print("ready", flush=True)
    time.sleep(max(0.0, END[0] - time.monotonic()))


if __name__ == "__main__":
    main()
