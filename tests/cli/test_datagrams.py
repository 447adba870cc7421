"""DTLS of this machine's own openssl, and UDP ports that are no server at all, asked as dtls: and quic:."""
import json
import os
import shutil
import socket
import subprocess
import threading
import time

import kit

TIMEOUT_S = 2
LATE_S = 1.0  # over the deadline, on a machine that does other things too


def probe(*targets, profile="hndl", seconds=8):
    started = time.monotonic()
    r = kit.run("probe", *targets, "--profile", profile, "--rate", "0", "--timeout", seconds, "-o", "json", timeout=60)
    took = time.monotonic() - started
    try:
        return r, json.loads(kit.out(r))["endpoints"][0], took
    except (ValueError, LookupError):
        return r, None, took


def make_pair(folder, name, *args):
    subprocess.run(["openssl", "req", "-x509", "-nodes", *args, "-keyout", f"{folder}/{name}.key", "-out",
                    f"{folder}/{name}.pem", "-subj", f"/CN={name}.test", "-days", "2"], check=True, capture_output=True)


class Dtls:
    """An `openssl s_server` that reads an endless standard input, so that it stays."""

    def __init__(self, folder, *args):
        self.port = kit.free_port(kind=socket.SOCK_DGRAM)
        self.zero = open("/dev/zero", "rb")
        self.process = subprocess.Popen(
            ["timeout", "60", "openssl", "s_server", "-accept", f"127.0.0.1:{self.port}", "-quiet", "-cert",
             f"{folder}/rsa.pem", "-key", f"{folder}/rsa.key", "-dcert", f"{folder}/ecdsa.pem", "-dkey",
             f"{folder}/ecdsa.key", "-cipher", "ALL:@SECLEVEL=0", *args],
            stdin=self.zero, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(0.5)

    def __enter__(self):
        return self

    def __exit__(self, *what):
        self.process.terminate()
        self.process.wait()
        self.zero.close()


def offers(e, kind, answer="yes"):
    return {o["name"] for o in e["offers"] if o["kind"] == kind and o["answer"] == answer}


def test_dtls(folder):
    for args, versions in ((["-dtls"], {"DTLS 1.0", "DTLS 1.2"}), (["-dtls1_2"], {"DTLS 1.2"}),
                           (["-dtls1_2", "-listen"], {"DTLS 1.2"})):
        with Dtls(folder, *args) as server:
            r, e, _ = probe(f"dtls:127.0.0.1:{server.port}")
        words = " ".join(args)
        if not kit.ok(e is not None and e["reach"] == "answered", f"{words}: answered", kit.err(r)[-300:]):
            continue
        kit.ok(offers(e, "version") == versions, f"{words}: {' and '.join(sorted(versions))}", offers(e, "version"))
        kit.ok({"x25519"} <= offers(e, "group"), f"{words}: the curve", offers(e, "group"))
        leaves = {c.get("scheme_name", "")[:3] for c in e["chains"] if c["proven"] == "yes"}
        kit.ok({"ecd", "rsa"} <= leaves, f"{words}: RSA and ECDSA chains, signed by their keys", leaves)
        kit.ok(e["posture"] == "absent" and e["posture_how"] == "no DTLS 1.3" and e["complete"], f"{words}: no hybrid",
               f'{e["posture"]} {e.get("posture_how")} {e["complete"]}')


# What a UDP port may do with a datagram: what it answers.
HOSTILE = {
    "silent": lambda data, n: [],
    "echo": lambda data, n: [data],
    "text": lambda data, n: [b"HTTP/1.1 400 Bad Request\r\n\r\n"],
    "noise": lambda data, n: [os.urandom(200) for _ in range(5)],
    "empty": lambda data, n: [b""] * 3,
    "flood": lambda data, n: [bytes([0xC0 | n & 0x3F]) + os.urandom(1100) for _ in range(100)],
    "our version negotiated": lambda data, n: [b"\x80\0\0\0\0" + data[14:15] + data[15:23] + data[5:6] + data[6:14] +
                                               b"\0\0\0\1"],
}


class Hostile:
    def __init__(self, answer):
        self.s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.s.bind(("127.0.0.1", 0))
        self.port = self.s.getsockname()[1]
        self.answer, self.n, self.run = answer, 0, True
        self.s.settimeout(0.1)
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while self.run:
            try:
                data, peer = self.s.recvfrom(65536)
                self.n += 1
                for out in self.answer(data, self.n):
                    self.s.sendto(out, peer)
            except OSError:
                pass

    def __enter__(self):
        return self

    def __exit__(self, *what):
        self.run = False
        self.thread.join()
        self.s.close()


def test_hostile():
    for name, answer in HOSTILE.items():
        for scheme in ("quic", "dtls"):
            with Hostile(answer) as port:
                r, e, took = probe(f"{scheme}:127.0.0.1:{port.port}", seconds=TIMEOUT_S)
                kit.ok(port.n > 0, f"{scheme}, {name}: the port was asked")
            told = e is not None and e["posture"] == "unknown" and not [o for o in e["offers"] if o["answer"] == "no"]
            kit.ok(told and r.returncode == 3, f"{scheme}, {name}: could not tell, and nothing else",
                   f"exit {r.returncode}, {e and (e['posture'], e['offers'][:3])}")
            kit.ok(took < TIMEOUT_S + LATE_S, f"{scheme}, {name}: ends in time", f"{took:.1f} s")
            kit.ok(port.n < 100, f"{scheme}, {name}: few datagrams to it", port.n)


def test_closed():
    for scheme in ("quic", "dtls"):
        r, e, took = probe(f"{scheme}:127.0.0.1:{kit.free_port(kind=socket.SOCK_DGRAM)}")
        kit.ok(e is not None and e["posture"] == "unknown" and r.returncode == 3 and took < 3,
               f"{scheme}: a closed port is no answer", f"{e and e['reach']} exit {r.returncode}, {took:.1f} s")


test_hostile()
test_closed()
if shutil.which("openssl"):
    with kit.tmpdir() as work:
        make_pair(work, "rsa", "-newkey", "rsa:2048")
        make_pair(work, "ecdsa", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")
        test_dtls(work)
else:
    kit.skip("no openssl: its DTLS is not asked")
kit.done()
