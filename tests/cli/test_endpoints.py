"""What `probe` says of real servers, against the truth: this machine's OpenSSL, and the 14 OpenSSL 3.5,
OpenSSH 10 and dropbear peers.

The peers of ../shared/peers/trixie-peer.sh, in the root that PQMAP_PEER names, on ports of this test's
own; without the root, or not as root, it skips. PQMAP_PEER_BASE: they run already, from this port on.
Connections are counted by a relay in front of the server, not by us.
"""
import contextlib
import json
import select
import socket
import socketserver
import struct
import subprocess
import sys
import threading
import time

import kit

sys.path.insert(0, str(kit.REPO / "tests/endpoints"))
import peers  # noqa: E402

BASE = 18560
PQ_ASKED = {"X25519MLKEM768", "SecP256r1MLKEM768", "SecP384r1MLKEM1024", "MLKEM512", "MLKEM768", "MLKEM1024"}
WEB = ["X25519MLKEM768", "x25519", "secp256r1"]
FIVE = ["X25519MLKEM768", "SecP256r1MLKEM768", "SecP384r1MLKEM1024", "x25519", "secp256r1"]

# offset: scheme, posture, groups of TLS 1.3 in the server's order, versions, leaf signature schemes of 1.3,
# key exchanges of TLS 1.2, client certificate asked
TRUTH = {
    0: ("tls", "offered", WEB, ["1.2", "1.3"], {"0x0403", "0x0804"}, {"kex-ecdhe-ecdsa", "kex-rsa"}, "no"),
    1: ("tls", "offered", FIVE, ["1.3"], {"0x0403", "0x0804", "0x0905"}, set(), "no"),
    2: ("tls", "only", ["SecP384r1MLKEM1024"], ["1.3"], {"0x0905"}, set(), "no"),
    3: ("tls", "only", ["MLKEM768", "MLKEM1024"], ["1.3"], {"0x0904"}, set(), "no"),
    4: ("tls", "only", ["MLKEM512"], ["1.3"], {"0x0906"}, set(), "no"),
    5: ("tls", "absent", [], ["1.2"], set(), {"kex-dhe", "kex-rsa"}, "no"),
    6: ("tls", "offered", ["X25519MLKEM768", "x25519"], ["1.2", "1.3"], {"0x0804"},
        {"kex-dhe", "kex-ecdhe-rsa", "kex-rsa"}, "yes"),
    8: ("smtp", "offered", ["X25519MLKEM768", "x25519"], ["1.2", "1.3"], {"0x0804"},
        {"kex-ecdhe-rsa", "kex-rsa"}, "no"),
    9: ("imap", "offered", ["X25519MLKEM768", "x25519"], ["1.2", "1.3"], {"0x0804"},
        {"kex-ecdhe-rsa", "kex-rsa"}, "no"),
    10: ("pop3", "offered", ["X25519MLKEM768", "x25519"], ["1.2", "1.3"], {"0x0804"},
         {"kex-ecdhe-rsa", "kex-rsa"}, "no"),
    13: ("tls", "enforced", WEB, ["1.2", "1.3"], {"0x0804"}, {"kex-dhe", "kex-ecdhe-rsa", "kex-rsa"}, "no"),
}
SSH = {7: "offered", 11: "offered", 12: "only"}
SESSION = ("tickets", "ticket-lifetime", "early-data", "psk-without-exchange")
CAP = {"quick": 6, "hndl": 12, "full": 24}


class Relay(socketserver.ThreadingTCPServer):
    """Passes connections on to one port, and counts them; after `most` it closes the door."""
    daemon_threads = True
    allow_reuse_address = True

    class Passage(socketserver.BaseRequestHandler):
        def handle(self):
            self.server.count += 1
            if self.server.count > self.server.most:
                self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return
            try:
                with socket.create_connection(("127.0.0.1", self.server.to), timeout=10) as server:
                    ends = [self.request, server]
                    while True:
                        for end in select.select(ends, [], [], 10)[0]:
                            data = end.recv(65536)
                            if not data:
                                return
                            ends[end is self.request].sendall(data)
            except OSError:
                pass

    def __init__(self, to, most=10**6):
        super().__init__(("127.0.0.1", 0), self.Passage)
        self.to, self.count, self.most = to, 0, most
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()


def probe(*targets, profile="hndl"):
    r = kit.run("probe", *targets, "--profile", profile, "--rate", "0", "-o", "json", timeout=60)
    try:
        return r, json.loads(kit.out(r))["endpoints"]
    except (ValueError, KeyError):
        return r, []


def names(endpoint, kind, answer="yes", version=None):
    found = [o for o in endpoint["offers"] if o["kind"] == kind and o["answer"] == answer and
             (version is None or o.get("version") in (version, None))]
    return [o["name"] for o in sorted(found, key=lambda o: o.get("rank", 0))]


def fact(endpoint, key):
    return next((f["answer"] for f in endpoint["facts"] if f["key"] == key), None)


def is_true(offset, e, profile):
    """What is wrong with this answer: a list of words, empty when nothing is."""
    _, posture, groups, versions, schemes, classes, client = TRUTH[offset]
    wrong = []

    def expect(what, got, wanted):
        if got != wanted:
            wrong.append(f"{what}: {got}, should be {wanted}")

    got = names(e, "group", version="TLS 1.3")
    expect("posture", e["posture"], posture)
    expect("reach", e["reach"], "answered")
    expect("complete", e["complete"], True)
    expect("varies", e["varies"], False)
    expect("versions", [v[4:] for v in names(e, "version") if v.startswith("TLS ")], versions)
    # A list that the server sent has its order; one that was struck is a set, and quick strikes a part of it.
    if profile == "quick":
        expect("groups", set(got) & PQ_ASKED, set(groups) & PQ_ASKED)
    else:
        expect("groups", set(got), set(groups))
    if versions != ["1.2"]:
        expect("refused", set(names(e, "group", "no")) & PQ_ASKED, PQ_ASKED - set(groups))
        expect("unknown", names(e, "group", "unknown") + names(e, "group", "refused"), [])
    expect("client certificate", fact(e, "client-auth"), client)
    chains = {c.get("scheme") for c in e["chains"] if c["version"] == "TLS 1.3"}
    if profile == "quick":
        expect("chain", len(chains) == 1 and chains <= schemes or not schemes, True)
        return wrong
    if profile == "full":
        schemes = {s for c in e["chains"] if c["version"] == "TLS 1.3" for s in [c.get("scheme")]}
        expect("chains", len(schemes), len(TRUTH[offset][4]))
    else:
        expect("chains", chains, schemes)
    expect("signatures", {c["proven"] for c in e["chains"] if c["version"] == "TLS 1.3"} - {"yes"}, set())
    held = {f["key"] for f in e["facts"] if f["key"].startswith("kex-") and f["answer"] == "yes"}
    # One of the two ECDHE classes is enough where 1.3 shows both certificates.
    if profile == "full":
        classes = classes | ({"kex-ecdhe-rsa"} if offset == 0 else set())
    expect("key exchanges of 1.2", held, classes)
    return wrong


def test_truth(profile):
    bad = most = 0

    for n, row in TRUTH.items():
        with Relay(BASE + n) as relay:
            r, found = probe(f"{row[0]}:127.0.0.1:{relay.server_address[1]}", profile=profile)
            opened = relay.count
            relay.shutdown()
        wrong = is_true(n, found[0], profile) if len(found) == 1 else ["no endpoint: " + kit.err(r)[-300:]]
        listed = sum(o["kind"] in ("suite", "scheme") and o["answer"] == "yes" for e in found for o in e["offers"])
        allowed = CAP[profile] + (listed + 8 if profile == "full" else 0)
        if opened > allowed:
            wrong.append(f"{opened} connections, at most {allowed}")
        if found and opened != found[0]["timing"]["connections"]:
            wrong.append(f"{opened} connections, says {found[0]['timing']['connections']}")
        most = max(most, opened)
        if wrong:
            bad += 1
            kit.ok(False, f"{profile}, +{n} {row[0]}", "\n    ".join(wrong))
    kit.ok(bad == 0, f"{profile}: {len(TRUTH)} TLS peers as they are, at most {most} connections")


def test_ssh():
    for n, posture in SSH.items():
        r, found = probe(f"ssh:127.0.0.1:{BASE + n}")
        e = found[0] if found else {"posture": kit.err(r)[-200:], "timing": {"connections": 99}}
        kit.ok(e["posture"] == posture and e["timing"]["connections"] <= 3,
               f"ssh +{n} is {posture}", json.dumps(e)[:400])


def test_quic():
    r, found = probe(f"quic:127.0.0.1:{BASE}")
    e = found[0] if found else None
    wrong = [] if e is None else [
        words for words, is_good in (
            ("posture", e["posture"] == "offered"),
            ("groups", names(e, "group", version="TLS 1.3") == WEB),
            ("chains", {c["scheme"] for c in e["chains"]} == {"0x0403", "0x0804"}),
            ("alpn", names(e, "alpn") == ["h3"]),
            ("session", [fact(e, k) for k in SESSION] == ["yes", "yes", "no", "no"]),
            ("connections", e["timing"]["connections"] <= CAP["hndl"]),
            ("complete", e["complete"])) if not is_good]
    kit.ok(e is not None and not wrong, "quic says what tls says", f"{wrong} {kit.err(r)[-200:]}")
    # The same worker with the same certificates and keys: what TLS 1.3 over TCP said, fact by fact.
    _, both = probe(f"tls:127.0.0.1:{BASE}", f"quic:127.0.0.1:{BASE}", profile="full")
    only_tcp = {"split-hello", "large-hello", "fragmented-hello"}
    sides = [{}, {}]
    for side, e in zip(sides, both):
        side |= {f["key"]: (f["answer"], f.get("value")) for f in e["facts"]}
        for kind in ("group", "suite", "scheme"):
            side[kind] = [(o["name"], o["answer"]) for o in e["offers"] if o["kind"] == kind and
                          o.get("version") == "TLS 1.3"]
        side["chains"] = [(c["scheme"], [x["sha256"] for x in c["certificates"]]) for c in e["chains"] if
                          c["version"] == "TLS 1.3"]
    odd = [f"{k}: tls {sides[0].get(k)}, quic {v}" for k, v in sides[1].items()
           if k not in only_tcp | {"quic-v2"} and sides[0].get(k) != v]
    kit.ok(len(both) == 2 and len(sides[1]) > 15 and not odd, f"quic and tls: {len(sides[1])} facts are the same",
           "\n    ".join(odd))
    kit.ok(sides[1].get("quic-v2", ("",))[0] == "no", "quic: nginx refuses version 2, by its list of versions",
           sides[1].get("quic-v2"))


def test_auto():
    """Without a scheme: the greeting tells."""
    wanted = {0: ("tls", ""), 7: ("ssh", ""), 8: ("tls", "smtp"), 9: ("tls", "imap"), 10: ("tls", "pop3"), 11: ("ssh", "")}
    wrong = []

    for n, (protocol, app) in wanted.items():
        _, found = probe(f"auto:127.0.0.1:{BASE + n}", profile="quick")
        got = (found[0]["protocol"], found[0].get("app", "")) if found else None
        if got != (protocol, app):
            wrong.append(f"+{n}: {got}")
    kit.ok(not wrong, f"{len(wanted)} protocols guessed by what they say first", " ".join(wrong))


def test_same():
    """The same server gives the same bytes, apart from times."""
    seen = set()

    for _ in range(10):
        _, found = probe(*(f"tls:127.0.0.1:{BASE + n}" for n in (0, 3, 6, 13)))
        for e in found:
            e["timing"].pop("ms", None)
        seen.add(json.dumps(found, sort_keys=True))
    kit.ok(len(seen) == 1, "ten runs over four peers: the same facts", f"{len(seen)} different")


def test_wrong_doors():
    """What is not TLS is never called a server without hybrids."""
    _, found = probe(f"tls:127.0.0.1:{BASE + 7}", f"tls:127.0.0.1:{BASE + 9}", "tls:127.0.0.1:1", profile="quick")
    got = {e["name"].rsplit(":", 1)[1]: (e["reach"], e["posture"], e["complete"]) for e in found}
    kit.ok(len(got) == 3 and all(v[1] == "unknown" and not v[2] and v[0] != "answered" for v in got.values()),
           "ssh, imap and a closed port are no TLS servers", str(got))


class Door(socketserver.ThreadingTCPServer):
    """Answers every connection with the same bytes, and closes it."""
    daemon_threads = True

    class Answer(socketserver.BaseRequestHandler):
        def handle(self):
            self.request.recv(65536)
            if self.server.words is None:
                self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            else:
                self.request.sendall(self.server.words)

    def __init__(self, words):
        super().__init__(("127.0.0.1", 0), self.Answer)
        self.words = words
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()


def test_odd_doors():
    """Resets, other protocols, alerts to everything: never a server without hybrids, never exit 0."""
    odd = {"reset": None, "http": b"HTTP/1.1 400 Bad Request\r\n\r\n", "alert 40": b"\x15\3\3\0\2\2\x28",
           "alert 80": b"\x15\3\3\0\2\2\x50", "close_notify": b"\x15\3\3\0\2\1\0", "nothing": b"",
           "cut hello": b"\x16\3\3\0\x50\2\0\0\x4c\3\3"}
    wrong = []

    for name, words in odd.items():
        with Door(words) as door:
            r, found = probe(f"tls:127.0.0.1:{door.server_address[1]}")
            door.shutdown()
        got = [(e["posture"], e["complete"]) for e in found]
        if got != [("unknown", False)] or r.returncode != 3:
            wrong.append(f"{name}: {got} exit {r.returncode}")
    kit.ok(not wrong, f"{len(odd)} odd servers are unknown, and exit 3", "\n    ".join(wrong))


def test_local(port):
    """OpenSSL 3.0 with two certificates: no hybrid, ten groups in its order, both chains, 12 connections."""
    groups = ["x25519", "secp256r1", "x448", "secp521r1", "secp384r1", "ffdhe2048", "ffdhe3072", "ffdhe4096",
              "ffdhe6144", "ffdhe8192"]
    with Relay(port) as relay:
        _, found = probe(f"tls:127.0.0.1:{relay.server_address[1]}")
        e, opened = (found[0] if found else None), relay.count
        relay.shutdown()
    wrong = ["no endpoint"] if e is None else [words for words, is_good in (
        ("posture " + e["posture"], e["posture"] == "absent"),
        ("groups", names(e, "group", version="TLS 1.3") == groups),
        ("refused", PQ_ASKED <= set(names(e, "group", "no"))),
        ("chains", {c["scheme"] for c in e["chains"] if c["version"] == "TLS 1.3"} == {"0x0403", "0x0804"}),
        ("key exchanges", all(fact(e, "kex-" + k) == "yes" for k in ("rsa", "dhe"))),
        ("client certificate", fact(e, "client-auth") == "no"),
        ("complete", e["complete"]), (f"{opened} connections", opened <= 12)) if not is_good]
    kit.ok(not wrong, f"OpenSSL here: ten groups in order, no hybrid, {opened} connections",
           f"{wrong} {names(e, 'group') if e else ''}")
    _, found = probe(f"tls:127.0.0.1:{port}", profile="full")
    kit.ok(len(found) == 1 and found[0]["complete"] and {"x25519", "secp256r1"} <= set(names(found[0], "group",
           version="TLS 1.2")) and fact(found[0], "large-hello") == "yes" and fact(found[0], "fallback-scsv") == "yes",
           "OpenSSL here, full profile", json.dumps([f["facts"] for f in found])[:600])
    wrong = []
    for most in range(1, 9):
        with Relay(port, most) as relay:
            r, found = probe(f"tls:127.0.0.1:{relay.server_address[1]}")
            relay.shutdown()
        got = [(e["reach"], e["complete"]) for e in found]
        if got != [("limited", False)] or r.returncode != 3 or (most < 3 and found[0]["posture"] != "unknown"):
            wrong.append(f"after {most}: {got} {found[0]['posture'] if found else ''} exit {r.returncode}")
    kit.ok(not wrong, "a server that takes 1 to 8 connections is limited, not without hybrids", "\n    ".join(wrong))


def with_local():
    with kit.tmpdir() as d:
        for name, how in (("rsa", ["rsa:2048"]), ("ec", ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"])):
            subprocess.run(["openssl", "req", "-x509", "-newkey", *how, "-nodes", "-keyout", f"{d}/{name}.key",
                            "-out", f"{d}/{name}.pem", "-subj", f"/CN={name}.test", "-days", "9"],
                           capture_output=True, check=True, timeout=60)
        port = kit.free_port()
        server = subprocess.Popen(
            ["timeout", "120", "openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-www", "-cert", f"{d}/rsa.pem",
             "-key", f"{d}/rsa.key", "-dcert", f"{d}/ec.pem", "-dkey", f"{d}/ec.key"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        try:
            for _ in range(100):
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                    break
                time.sleep(0.05)
            version = subprocess.run(["openssl", "version"], capture_output=True, text=True, check=True).stdout
            if version.startswith("OpenSSL 3.0"):
                test_local(port)
            else:
                kit.skip(f"the truth about this machine's server is for OpenSSL 3.0, here is {version.strip()}")
        finally:
            server.terminate()
            server.wait(10)


def run_all():
    for name in ("quick", "hndl", "full"):
        test_truth(name)
    test_ssh()
    test_quic()
    test_auto()
    test_same()
    test_wrong_doors()


test_odd_doors()
with_local()
with peers.running(BASE) as there:
    if there is not None:
        BASE = there
        run_all()
kit.done()
