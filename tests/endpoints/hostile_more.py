"""Hostile servers of other protocols: STARTTLS, SSH, QUIC, DTLS, VPNs, proxies, and a resolver that lies."""
from hostile_wire import *  # noqa: F403

EVIL = b"\x1b[31mred\x07 <script>alert(1)</script> \x00\x9b<img src=x onerror=alert(2)>"

# ---- STARTTLS ----

# How an honest server of each protocol leads up to TLS: what it says, after each thing it hears.
HONEST = {
    "smtp": [b"220 mail ESMTP\r\n", b"250-mail\r\n250 STARTTLS\r\n", b"220 go\r\n"],
    "lmtp": [b"220 mail LMTP\r\n", b"250-mail\r\n250 STARTTLS\r\n", b"220 go\r\n"],
    "imap": [b"* OK [CAPABILITY IMAP4rev1 STARTTLS] ready\r\n", b"b OK go\r\n"],
    "pop3": [b"+OK ready\r\n", b"+OK list\r\nSTLS\r\n.\r\n", b"+OK go\r\n"],
    "ftp": [b"220 ready\r\n", b"234 go\r\n"],
    "nntp": [b"200 ready\r\n", b"101 list\r\nVERSION 2\r\nSTARTTLS\r\n.\r\n", b"382 go\r\n"],
    "sieve": [b'"IMPLEMENTATION" "x"\r\n"STARTTLS"\r\nOK "ready"\r\n', b'OK "go"\r\n'],
    "irc": [b"", b":irc 670 * :STARTTLS successful\r\n"],
    "nats": [b'INFO {"server_id":"x","tls_required":true}\r\n'],
    "postgres": [b"", b"S"],
    "mysql": [bytes.fromhex("470000000a") + b"8.0\0" + b"\1\0\0\0" + b"12345678\0" + b"\xff\xff\x21\2\0\xff\xdf\x15" +
              b"\0" * 10 + b"1234567890ab\0" + b"caching_sha2_password\0"],
    "ldap": [b"", bytes.fromhex("300c02010178070a010004000400")],
    "rdp": [b"", bytes.fromhex("030000130ed000001234000200080002000000")],
    "xmpp": [b"", b"<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/"
             b"streams' id='1' version='1.0'><stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
             b"</stream:features>", b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"],
}
# What the same protocols can be hurt with, line by line or byte by byte.
FLOOD = {
    "smtp": b"220-" + b"x" * 500 + b"\r\n", "lmtp": b"220-more\r\n", "imap": b"* CAPABILITY STARTTLS\r\n",
    "pop3": b"+OK more\r\n", "ftp": b"220-more\r\n", "nntp": b"200 more\r\n", "sieve": b'"SASL" "x"\r\n',
    "irc": b":irc NOTICE * :more\r\n", "nats": b"INFO {" + b'"a":[' * 500 + b"\r\n",
    "postgres": b"N", "mysql": b"\xff\xff\xff\x00" + b"\x0a" * 500, "ldap": b"\x30\x84\x7f\xff\xff\xff\x02\x01\x01",
    "rdp": b"\x03\x00\xff\xff" + b"\0" * 500, "xmpp": b"<stream:features>" * 30,
}


def hear(s):
    try:
        if not s.recv(65536):
            raise Gone
    except OSError as e:
        raise Gone from e


def lead(s, scheme, but_last=False):
    turns = HONEST[scheme]
    for i, words in enumerate(turns[:-1] if but_last else turns):
        if i > 0:
            hear(s)
        send(s, words)
    if but_last:
        hear(s)


def flood(s, scheme):
    forever(s, FLOOD[scheme] * 50)


def one_line(s, scheme):
    lead(s, scheme, but_last=len(HONEST[scheme]) > 1)
    send(s, HONEST[scheme][-1][:4])
    forever(s, b"x" * 65536)


def evil_words(s, scheme):
    lead(s, scheme, but_last=len(HONEST[scheme]) > 1)
    send(s, HONEST[scheme][-1][:4] + EVIL + b"\r\n")
    sleep_on(s)


def injected(s, scheme):
    lead(s, scheme, but_last=len(HONEST[scheme]) > 1)
    send(s, HONEST[scheme][-1] + b"250 injected\r\n" + EVIL + b"\r\n")
    sleep_on(s)


def junk_behind(s, scheme):
    lead(s, scheme)
    hear(s)
    forever(s, os.urandom(65536))


def refuses_then_talks(s, scheme):
    lead(s, scheme, but_last=len(HONEST[scheme]) > 1)
    send(s, {"postgres": b"N", "imap": b"b NO never\r\n", "pop3": b"-ERR never\r\n"}.get(scheme, b"454 never\r\n"))
    forever(s, b"220 and more\r\n" * 100)


def stays_mute(s, scheme):
    sleep_on(s)


for _i, _scheme in enumerate(HONEST):
    for _f in (flood, one_line, evil_words, injected, junk_behind, refuses_then_talks):
        def _serve(s, f=_f, scheme=_scheme):
            f(s, scheme)
        _serve.__name__ = f"{_scheme}-{_f.__name__}"
        way(f"35{chr(97 + _i)}", scheme=_scheme)(_serve)


@way("35z", scheme="smtp")
def ten_thousand_ehlo_lines(s):
    send(s, b"220 mail ESMTP\r\n")
    hear(s)
    send(s, b"250-NOTHING\r\n" * 10000)
    sleep_on(s)


# ---- SSH ----

def ssh_packet(body, length=None):
    pad = 8 - (len(body) + 5) % 8 + 4
    return struct.pack(">IB", len(body) + 1 + pad if length is None else length, pad) + body + b"\0" * pad


def kexinit(lists):
    return b"\x14" + b"\0" * 16 + b"".join(struct.pack(">I", len(x)) + x for x in lists) + b"\0" * 5


def usual(kex=b"curve25519-sha256", key=b"ssh-ed25519"):
    return kexinit([kex, key] + [b"aes128-ctr"] * 2 + [b"hmac-sha2-256"] * 2 + [b"none"] * 2 + [b""] * 2)


HELLO = b"SSH-2.0-x\r\n"


@each(36, [
    lambda s: forever(s, b"hello\r\n" * 1000),
    lambda s: send(s, HELLO + b"\xff\xff\xff\xff\x04\x14" + b"\0" * 64),
    lambda s: send(s, HELLO + ssh_packet(kexinit([b",".join(b"n%d" % i for i in range(10000))] + [b"x"] * 9))),
    lambda s: send(s, b"SSH-2.0-" + b"x" * 100000),
    lambda s: send(s, HELLO + ssh_packet(usual(kex=b"a" * 34000))),
    lambda s: send(s, HELLO + ssh_packet(usual(kex=EVIL, key=EVIL))),
    lambda s: send(s, b"SSH-2.0-" + EVIL + b"\r\n" + ssh_packet(usual())),
    lambda s: forever(s, HELLO + ssh_packet(b"\x02" + b"\0\0\0\0") * 500),
    lambda s: send(s, HELLO + ssh_packet(b"\x14" + b"\0" * 16 + b"\xff\xff\xff\xff" * 10)),
    lambda s: send(s, HELLO + ssh_packet(b"\x01\0\0\0\2" + struct.pack(">I", len(EVIL)) + EVIL + b"\0\0\0\0")),
    lambda s: forever(s, HELLO + os.urandom(65536)),
    lambda s: send(s, HELLO + ssh_packet(usual()) + ssh_packet(b"\x1f" + b"\xff" * 60)),
    lambda s: forever(s, HELLO + ssh_packet(usual()) * 100),
    lambda s: send(s, HELLO + ssh_packet(usual()) + ssh_packet(b"\x1f" + b"\0\0\0\x33\0\0\0\x0bssh-ed25519\0\0\0\x20" +
                                                                 b"\x09" * 32 + b"\0\0\0\x20" + b"\0" * 32 + b"\0\0\0\0")),
], scheme="ssh")
def ssh(s, form):
    form(s)
    sleep_on(s)


# ---- QUIC without keys ----

def quic_head(data):
    dcid = data[6:6 + data[5]]
    at = 6 + data[5]
    scid = data[at + 1:at + 1 + data[at]]
    return u8(len(scid)) + scid + u8(len(dcid)) + dcid


def udp(key, scheme, reply):
    def serve(s, data, peer):
        for d in reply(data):
            s.sendto(d, peer)
    serve.__name__ = f"{scheme}-{key}"
    way(key, scheme=scheme, transport="udp")(serve)


udp("37a", "quic", lambda d: [b"\x80\0\0\0\0" + quic_head(d) + b"\0\0\0\1"])
udp("37b", "quic", lambda d: [b"\xf0\0\0\0\1" + quic_head(d) + b"token" + b"\0" * 16])
udp("37c", "quic", lambda d: [b"\xc0\0\0\0\1" + quic_head(d) + b"\0\x44\0" + os.urandom(1100)])
udp("37d", "quic", lambda d: [os.urandom(1200)])
udp("37e", "quic", lambda d: [b"", b"\xc0", b"\x40"] * 300)
udp("37f", "quic", lambda d: [b"\x80\0\0\0\0" + quic_head(d) + b"".join(struct.pack(">I", 0xFF000000 + i) for i in range(350))])
udp("37o", "quic", lambda d: [d])
udp("37p", "quic", lambda d: [b"\x80\0\0\0\0\xff" + b"x" * 255 + b"\xff" + b"y" * 255 + b"\0\0\0\2"])

# ---- DTLS ----


def dtls(body, kind=22, seq=0):
    return u8(kind) + b"\xfe\xfd\0\0" + seq.to_bytes(6, "big") + u16(len(body)) + body


def fragment(kind, total, number, at, body):
    return u8(kind) + u24(total) + u16(number) + u24(at) + u24(len(body)) + body


HVR = fragment(3, 23, 0, 0, b"\xfe\xff" + u8(20) + b"c" * 20)
udp("60a", "dtls", lambda d: [dtls(HVR)])
udp("60b", "dtls", lambda d: [os.urandom(1000)])
udp("60c", "dtls", lambda d: [dtls(fragment(2, (1 << 24) - 1, 0, 0, b"\xfe\xfd" + b"x" * 900))])
udp("60d", "dtls", lambda d: [dtls(fragment(2, 1000, 0, 2 * i + 1, b"x"), seq=i) for i in range(400)])
udp("60e", "dtls", lambda d: [dtls(fragment(2, 1000, 0, i, b"x" * 500), seq=i) for i in range(400)])
udp("60f", "dtls", lambda d: [dtls(b"\1\x5a", kind=21, seq=i) for i in range(400)])
udp("60g", "dtls", lambda d: [d])
udp("60h", "dtls", lambda d: [dtls(fragment(2, 4, 65535 - i, 0, b"abcd"), seq=i) for i in range(400)])
udp("60i", "dtls", lambda d: [b""] * 400)
udp("60j", "dtls", lambda d: [dtls(b"", seq=i) * 80 for i in range(50)])

# ---- VPNs ----

for _i, _scheme in enumerate(("wireguard", "ikev2", "openvpn")):
    for _k, _reply in enumerate((
            lambda d: [os.urandom(600)], lambda d: [d], lambda d: [b""] * 200, lambda d: [d[:20]] * 200,
            lambda d: [b"\x02\0\0\0" + os.urandom(88)], lambda d: [b"\x40" + os.urandom(25)] * 200,
            lambda d: [d[:8] + os.urandom(8) + b"\x29\x20\x22\x20\0\0\0\0\0\0\0\x24" + b"\0\0\0\x08\0\0\xff\xff"],
            lambda d: [d[:8] + os.urandom(8) + b"\x21\x20\x22\x20\0\0\0\0\0\0\xff\xff" + b"\x21\0\0\4" * 300])):
        udp(f"6{_i + 1}{chr(97 + _k)}", _scheme, _reply)

# ---- proxies: asked for with --proxy, not as endpoints ----

PROXIES = {
    "http-endless-head": lambda s: forever(s, b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 5000),
    "http-interim": lambda s: forever(s, b"HTTP/1.1 100 Continue\r\n\r\n" * 500),
    "http-login": lambda s: send(s, b"HTTP/1.1 407 Login \x1b[31m<script>\r\n\r\n"),
    "http-junk-behind": lambda s: forever(s, b"HTTP/1.1 200 OK\r\n\r\n" + os.urandom(60000)),
    "http-mute": lambda s: None,
    "http-number": lambda s: send(s, b"HTTP/1.1 99999999999999999999 x\r\n\r\n"),
    "http-half": lambda s: send(s, b"HTTP/1.1 200"),
    "http-socks": lambda s: send(s, b"\5\0"),
    "socks5-none": lambda s: send(s, b"\5\xff"),
    "socks5-method": lambda s: send(s, b"\5\x77"),
    "socks5-type": lambda s: send(s, b"\5\0\5\0\0\x99" + b"x" * 300),
    "socks5-long": lambda s: send(s, b"\5\0\5\0\0\3\xff"),
    "socks5-denied": lambda s: send(s, b"\5\2\1\1"),
    "socks5-junk": lambda s: forever(s, os.urandom(65536)),
    "socks5-flood": lambda s: forever(s, b"\5\0\5\0\0\1" + b"\0" * 6 + b"\x15\3\3\0\2\1\x5a" * 5000),
    "socks5-mute": lambda s: None,
}


def proxy(s, form):
    hear(s)
    form(s)
    sleep_on(s)


for _name, _form in PROXIES.items():
    def _serve(s, form=_form):
        proxy(s, form)
    _serve.__name__ = _name
    way("70", scheme="proxy")(_serve)

# ---- names ----


def answer(query):
    """One DNS answer: many.test has a thousand addresses that swallow everything, six.test ::1 and 127.0.0.1,
    mapped.test the latter as an IPv6 address; loop.test is its own alias; the others get none, or (mute.test) no
    answer."""
    at, labels = 12, []
    while query[at]:
        labels.append(query[at + 1:at + 1 + query[at]].lower())
        at += 1 + query[at]
    kind = struct.unpack(">H", query[at + 1:at + 3])[0]
    name = labels[0]
    if name == b"mute":
        return None
    v4, v6 = [], []
    if name == b"many":
        v4 = [bytes([198, 18, i // 250, 1 + i % 250]) for i in range(1000)]
    elif name == b"six":
        v4, v6 = [b"\x7f\0\0\1"], [b"\0" * 15 + b"\1"]
    elif name == b"mapped":
        v6 = [b"\0" * 10 + b"\xff\xff\x7f\0\0\1"]
    rows = [b"\xc0\x0c" + u16(kind) + b"\0\1\0\0\0\0" + u16(len(a)) + a
            for a in (v4 if kind == 1 else v6 if kind == 28 else [])]
    if name == b"loop":
        rows = [b"\xc0\x0c\0\5\0\1\0\0\0\0\0\2\xc0\x0c"]
    return query[:2] + b"\x85\x80\0\1" + u16(len(rows)) + b"\0\0\0\0" + query[12:at + 5] + b"".join(rows)


def serve_dns():
    """Only where it is ours to serve: in a namespace whose resolv.conf names this machine."""
    if os.environ.get("PQMAP_NETNS") != "names":
        return
    u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    u.bind(("127.0.0.1", 53))
    l = socket.create_server(("127.0.0.1", 53))

    def datagrams():
        while True:
            query, peer = u.recvfrom(4096)
            out = answer(query)
            if out is not None:
                u.sendto(out if len(out) <= 512 else out[:2] + b"\x87\x80\0\1" + b"\0" * 6 + query[12:], peer)

    def stream(c):
        while True:
            head = c.recv(2)
            if len(head) < 2:
                return
            out = answer(c.recv(struct.unpack(">H", head)[0]))
            if out is not None:
                c.sendall(u16(len(out)) + out)

    def streams():
        while True:
            c, _ = l.accept()
            threading.Thread(target=stream, args=(c,), daemon=True).start()
    threading.Thread(target=datagrams, daemon=True).start()
    threading.Thread(target=streams, daemon=True).start()
