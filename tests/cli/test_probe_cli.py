#!/usr/bin/env python3
"""probe and scan over endpoints: options, exit codes, streams, resuming. Servers of its own, on loopback."""
import contextlib
import difflib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

from kit import PQMAP, REPO, done, err, ok, out, run, skip, tmpdir


def listening():
    s = socket.socket()
    s.bind(("127.0.0.1", 0))
    s.listen(64)
    return s, s.getsockname()[1]


def closed_port():
    """A port that nothing listens on: bound, so that nobody else gets it, and not listening."""
    s = socket.socket()
    s.bind(("127.0.0.1", 0))
    return s, s.getsockname()[1]


@contextlib.contextmanager
def tls_server(tmp, *args):
    """openssl s_server on a free port."""
    s, port = listening()
    s.close()
    p = subprocess.Popen(["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", tmp / "c.pem", "-key",
                          tmp / "k.pem", "-www", *args], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                         stderr=subprocess.DEVNULL)
    try:
        for _ in range(100):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.05)
        yield port
    finally:
        p.terminate()
        p.wait()


class Server:
    """Accepts, counts, and lets `talk` deal with each connection until stop()."""

    def __init__(self, talk):
        self.sock, self.port = listening()
        self.n, self.talk, self.held = 0, talk, []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                c, _ = self.sock.accept()
                self.n += 1
                self.held.append(c)
                threading.Thread(target=self.guard, args=(c,), daemon=True).start()

    def guard(self, c):
        with contextlib.suppress(OSError):
            self.talk(c)

    def stop(self):
        self.sock.close()
        for c in self.held:
            c.close()


def silent(c):
    time.sleep(60)


def forward_to(port):
    def pump(a, b):
        with contextlib.suppress(OSError):
            while data := a.recv(65536):
                b.sendall(data)
        for s in (a, b):
            with contextlib.suppress(OSError):
                s.shutdown(socket.SHUT_RDWR)

    def talk(c):
        up = socket.create_connection(("127.0.0.1", port))
        threading.Thread(target=pump, args=(up, c), daemon=True).start()
        pump(c, up)

    return talk


def probe_json(*args, **kw):
    r = run("probe", *args, "-o", "json", **kw)
    return r.returncode, json.loads(out(r)), r


def without_times(doc):
    for e in doc["endpoints"]:
        del e["timing"]
    return doc


def valid(path):
    v = subprocess.run([sys.executable, REPO / "tests/validate.py", path], capture_output=True, text=True, check=False)
    return ok(v.returncode == 0, f"{pathlib.Path(path).name} is valid", (v.stdout + v.stderr)[-600:])


def usage():
    for args, words in ((["probe"], "name an endpoint"), (["probe", "h", "--profile", "deep"], "quick, hndl or full"),
                        (["probe", "h", "-4", "-6"], "no address"), (["probe", "h", "--expect", "good"], "hybrid"),
                        (["probe", "h", "-o", "html"], "text, json"), (["probe", "h", "--timeout", "0"], "--timeout"),
                        (["probe", "h", "--rate", "-1"], "--rate"), (["probe", "h", "--concurrent", "x"], "--concurrent"),
                        (["probe", "h", "--proxy", "ftp://u:secret@h"], "--proxy"), (["probe", "tls:h:99999"], "port"),
                        (["probe", "a b"], "no endpoint"), (["probe", "tsl:h:443"], "no such scheme"),
                        (["probe", "tsl:h"], "no such scheme"), (["probe", "::1"], "brackets"),
                        (["probe", "@/nowhere"], "@/nowhere: No such file"), (["probe", "@/dev/null"], "no endpoint"), (["scan", "tls:h:0"], "port"),
                        (["probe", "127.0.0.1:1", "--deny", "10.0.0.0/99"], "deny")):
        r = run(*args)
        ok(r.returncode == 2 and words in err(r) and err(r).count("\n") == 1, f"usage: {' '.join(args)}", err(r))
        ok("secret" not in err(r), "no password in a message", err(r))
    for command in ("probe", "scan"):
        text = out(run("help", command))
        ok(all(f"--{o}" in text for o in ("profile", "rate", "proxy", "sni", "all-addresses", "deny", "time-budget")),
           f"{command} --help has the options", text)


def one_server(tmp, port):
    rc, doc, r = probe_json(f"tls:127.0.0.1:{port}")
    e = doc["endpoints"][0]
    ok(rc == 0 and e["reach"] == "answered" and e["complete"], "a server that answers: 0", (rc, e["reach"], e.get("words")))
    ok(e["posture"] == "absent", "OpenSSL 3.0 has no hybrid", e["posture"])
    ok(any(o["kind"] == "group" and o.get("code") == "0x001d" and o["answer"] == "yes" for o in e["offers"]), "X25519 is seen")
    ok(len(e["chains"]) >= 1 and '"der"' not in out(r), "a chain, and no certificate bytes in JSON")
    (tmp / "probe.json").write_bytes(r.stdout)
    valid(tmp / "probe.json")
    bad = json.loads(r.stdout)
    bad["endpoints"][0]["offers"][0]["answer"] = "perhaps"
    (tmp / "bad.json").write_text(json.dumps(bad))
    v = subprocess.run([sys.executable, REPO / "tests/validate.py", tmp / "bad.json"], capture_output=True, check=False)
    ok(v.returncode == 1, "a wrong answer is not valid")
    for expect in ("hybrid", "enforced", "only"):
        r = run("probe", f"tls:127.0.0.1:{port}", "--expect", expect)
        ok(r.returncode == 1, f"--expect {expect}: 1", err(r))
    page = out(run("probe", f"127.0.0.1:{port}"))
    ok("key exchange" in page and "no hybrid" in page and "harvest" in page and "\x1b" not in page, "the page", page)
    ok("\x1b[31m" in out(run("probe", f"127.0.0.1:{port}", "--color", "always")), "colour when asked")
    first = without_times(doc)
    same = [without_times(probe_json(f"tls:127.0.0.1:{port}", "--rate", 0)[1]) == first for _ in range(20)]
    ok(all(same), "20 runs, one JSON", same)


def no_answer(port):
    gone, dead = closed_port()
    quiet = Server(silent)
    for words, reach, args in (
            ("refused", {"refused"}, [f"tls:127.0.0.1:{dead}"]),
            ("silent", {"silent"}, [f"tls:127.0.0.1:{quiet.port}", "--timeout", "0.5"]),
            ("denied", {"skipped"}, [f"tls:127.0.0.1:{port}", "--deny", "127.0.0.0/8"]),
            ("the other family", {"skipped"}, [f"tls:127.0.0.1:{port}", "-6"]),
            ("no proxy there", {"unreachable", "refused"}, [f"tls:127.0.0.1:{port}", "--proxy", f"http://127.0.0.1:{dead}"])):
        t = time.monotonic()
        rc, doc, _ = probe_json(*args)
        e = doc["endpoints"][0]
        ok(rc == 3 and e["reach"] in reach and e["posture"] == "unknown", f"{words}: 3",
           (rc, e["reach"], e["posture"], e.get("words")))
        ok(time.monotonic() - t < 5, f"{words}: in time")
    ok(not any(o["answer"] == "no" for o in e["offers"]), "nothing that was not asked is a no")
    r = run("probe", f"127.0.0.1:{dead}", f"127.0.0.1:{port}", "--expect", "only")
    ok(r.returncode == 1, "violated and not told: 1", r.returncode)
    r = run("probe", f"127.0.0.1:{dead}", f"tls:127.0.0.1:{port}")
    ok(r.returncode == 3 and out(r).index(str(dead)) < out(r).index(f"127.0.0.1:{port}"), "pages as named; one is gone: 3", out(r))
    lines = [json.loads(x) for x in out(run("probe", f"127.0.0.1:{dead}", f"127.0.0.1:{port}", "-o", "jsonl")).splitlines()]
    ok([x["type"] for x in lines] == ["head", "endpoint", "endpoint"], "-o jsonl: a line each", lines)
    quiet.stop()
    gone.close()


def page_of(tmp, port):
    """What a person reads: 100 columns, curves by their usual names, no words of the wire."""
    for args in ([], ["--profile", "full"], ["--software", "nginx/1.26"]):
        page = out(run("probe", f"127.0.0.1:{port}", *args))
        # A line to copy is never broken.
        wide = [x for x in page.splitlines() if len(x) > 100 and len(max(x.split(), key=len)) < 60]
        ok(not wide and len(page) > 500, f"{args}: the page has 100 columns", wide)
        ok("X25519" in page and "P-256" in page, f"{args}: curves by their usual names", page)
        rows = [x for x in page.splitlines() if not x.startswith("    ")]
        ok(not re.search("secp256r1|x25519|EC P-256|not told", "\n".join(rows).replace("ecdsa_secp256r1", "")),
           f"{args}: and by no other", page)
        for row in rows:
            words = re.split(r", | › ", row[17:50]) if row.startswith("  signatures") else []
            ok(len(words) == len(set(words)), f"{args}: no signature scheme twice", row)
    page = out(run("probe", f"127.0.0.1:{port}"))
    for line in ("    nginx        ssl_ecdh_curve X25519MLKEM768/", "    Apache       SSLOpenSSLConfCmd Groups X25519MLKEM768/",
                 "    HAProxy      ssl-default-bind-curves X25519MLKEM768/", "    Envoy        ecdh_curves: [X25519MLKEM768",
                 "    Go           ", "    Java         -Djdk.tls.namedGroups=X25519MLKEM768"):
        ok(line in page, f"the page has the line: {line.split()[0]}", page)
    page = out(run("probe", f"127.0.0.1:{port}", "--software", "nginx"))
    ok(all(f"    {w} " in page for w in ("line", "in", "costs", "needs", "then", "check", "back")), "--software: all of it", page)
    with tls_server(tmp, "-tls1_2", "-cipher", "kRSA") as old:
        page = out(run("probe", f"127.0.0.1:{old}"))
        ok(re.search(r"key exchange +RSA +no hybrid", page) and "fall all at once" in page, "TLS 1.2 by RSA alone is named", page)


# What greets on a port of no meaning; "" hangs up on a ClientHello.
GREETERS = {b"SSH-2.0-OpenSSH_9.2p1\r\n": "ssh", b"220 mx.test ESMTP Postfix\r\n": "smtp", b"220 (vsFTPd 3.0.3)\r\n": "ftp",
            b"220 lmtp.test LMTP ready\r\n": "lmtp", b"* OK [CAPABILITY IMAP4rev1] ready\r\n": "imap", b"+OK POP3 ready\r\n": "pop3",
            b'"IMPLEMENTATION" "Dovecot Pigeonhole"\r\n': "sieve", b'INFO {"server_id":"x","tls_required":true}\r\n': "nats",
            b"\x4a\x00\x00\x00\x0a8.0.36\x00" + bytes(66): "mysql", b"200 news.test InterNetNews NNRP ready\r\n": "nntp"}


def bare(port):
    """HOST:PORT without a scheme: TLS first, then what answered."""
    for greeting, scheme in GREETERS.items():
        def greet(c, greeting=greeting):
            c.sendall(greeting)
            while c.recv(4096):
                pass

        s = Server(greet)
        _, doc, _ = probe_json(f"127.0.0.1:{s.port}", "--timeout", "1")
        e = doc["endpoints"][0]
        ok(e["scheme"] == scheme and s.n <= 4, f"bare: {scheme} is known by its answer, {s.n} connections", e)
        s.stop()
    def nameless(c):
        c.sendall(b"220 ready\r\n")
        while line := c.recv(4096):
            c.sendall(b"250 STARTTLS\r\n" if line.startswith(b"EHLO") else b"500 what\r\n")

    s = Server(nameless)
    _, doc, _ = probe_json(f"127.0.0.1:{s.port}", "--timeout", "2")
    e = doc["endpoints"][0]
    ok(e["scheme"] == "smtp" and s.n <= 5, "bare: a greeting without a name is asked for one", (e, s.n))
    s.stop()
    s = Server(lambda c: (c.recv(4096), c.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"), c.close()))
    r = run("probe", f"127.0.0.1:{s.port}")
    ok(r.returncode == 3 and "another protocol" in out(r) and "HTTP" in out(r), "bare: plain HTTP is said, and no 0", out(r))
    r = run("probe", f"auto:127.0.0.1:{s.port}")
    ok(r.returncode == 3 and "HTTP" in out(r), "auto: the same", out(r))
    s.stop()

    def postgres(c):
        hello = c.recv(4096)
        if hello[:8] == b"\0\0\0\x08\x04\xd2\x16\x2f":
            c.sendall(b"N")
            c.recv(1)
        c.close()

    s = Server(postgres)
    _, doc, _ = probe_json(f"127.0.0.1:{s.port}", "--rate", "0")
    e = doc["endpoints"][0]
    ok(e["scheme"] == "postgres", "bare: who hangs up on a ClientHello is asked in his own words", e)
    s.stop()
    s = Server(silent)
    _, doc, _ = probe_json(f"127.0.0.1:{s.port}", "--timeout", "0.5")
    ok((doc["endpoints"][0]["scheme"], doc["endpoints"][0]["reach"]) == ("tls", "silent"), "bare: silence stays silence")
    s.stop()
    _, doc, _ = probe_json(f"127.0.0.1:{port}")
    ok(doc["endpoints"][0]["name"] == f"tls:127.0.0.1:{port}", "bare: TLS is tls:", doc["endpoints"][0]["name"])
    for n, scheme in ((22, "ssh"), (25, "smtp"), (587, "submission"), (5432, "postgres"), (443, "tls"), (993, "tls")):
        _, doc, _ = probe_json(f"127.0.0.1:{n}", "--deny", "127.0.0.1")
        ok(doc["endpoints"][0]["scheme"] == scheme, f"bare: port {n} is {scheme}", doc["endpoints"][0]["scheme"])


def behind_starttls(port):
    def smtp(c):
        c.sendall(b"220 mx.test ESMTP\r\n")
        c.recv(4096)
        c.sendall(b"250-mx.test\r\n250 STARTTLS\r\n")
        c.recv(4096)
        c.sendall(b"220 go\r\n")
        forward_to(port)(c)

    s = Server(smtp)
    page = out(run("probe", f"smtp:127.0.0.1:{s.port}"))
    ok("to change" in page and "`--software nginx`" in page, "a mail server of no known name: what would give the lines", page)
    page = out(run("probe", f"smtp:127.0.0.1:{s.port}", "--software", "nginx"))
    ok("ssl_ecdh_curve X25519MLKEM768/" in page, "and it does", page)
    s.stop()


def from_list(tmp, port):
    gone, dead = closed_port()
    (tmp / "hosts").write_text(f"# ours\n127.0.0.1:{port}\n\n  tls:127.0.0.1:{dead}\n")
    rc, doc, _ = probe_json(f"@{tmp}/hosts")
    ok(rc == 3 and [e["reach"] for e in doc["endpoints"]] == ["answered", "refused"], "probe @FILE", (rc, doc["endpoints"]))
    with open(tmp / "hosts") as f:
        r = subprocess.run([PQMAP, "probe", "@-"], stdin=f, capture_output=True, check=False)
    ok(r.returncode == 3 and b"2 endpoints: 1 no hybrid, 1 refused" in r.stdout, "probe @-, and their sum", r.stdout[-200:])
    (tmp / "hosts").write_text(f"tls:127.0.0.1:{port}\ntls:127.0.0.1:0\n")
    rc, doc, r = probe_json(f"@{tmp}/hosts")
    ok(rc == 3 and len(doc["endpoints"]) == 1 and "127.0.0.1:0" in err(r), "a wrong line does not stop the others", err(r))
    r = run("scan", f"127.0.0.1:{dead}", cwd=tmp)
    ok(r.returncode == 3 and f"write tls:127.0.0.1:{dead}" in err(r), "scan says how an endpoint is written", err(r))
    gone.close()


def through_proxy(port):
    gone, dead = closed_port()
    rude = Server(lambda c: c.close())
    for kind in ("http", "socks5"):
        for where in (dead, rude.port):
            rc, doc, _ = probe_json(f"tls:127.0.0.1:{port}", "--proxy", f"{kind}://u:secret@127.0.0.1:{where}")
            e = doc["endpoints"][0]
            ok(rc == 3 and e["reach"] == "unreachable" and f"the proxy 127.0.0.1:{where}: " in e.get("words", ""),
               f"a dead {kind} proxy is named, not the target", e)
            ok("secret" not in json.dumps(doc), "and its password is not")
    rude.stop()
    gone.close()


def cut_short(port):
    quiet = Server(silent)
    p = subprocess.Popen([PQMAP, "probe", f"127.0.0.1:{port}", f"127.0.0.1:{quiet.port}"], stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE)
    time.sleep(1)
    p.send_signal(signal.SIGINT)
    t = time.monotonic()
    text = p.communicate(timeout=10)[0].decode()
    ok(p.returncode == 130 and time.monotonic() - t < 2, "Ctrl-C: 130, at once", p.returncode)
    ok("key exchange" in text and f"127.0.0.1:{quiet.port}" in text, "and what was found is printed", text)
    quiet.stop()
    r = subprocess.run(["sh", "-c", f"'{PQMAP}' probe 127.0.0.1:{port} -o json | head -c 1"], capture_output=True, check=False)
    ok(r.stderr == b"" and r.stdout == b"{", "a reader that has enough is no error", r.stderr)
    r = subprocess.run(["sh", "-c", f"'{PQMAP}' probe 127.0.0.1:{port} >/dev/full"], capture_output=True, check=False)
    ok(r.returncode == 3 and r.stderr.count(b"\n") == 1, "a full disk is 3, in one line", (r.returncode, r.stderr))


def hostile_text():
    def banner(c):
        c.sendall(b"SSH-2.0-ev\x1b[31mil\x07 {{x}} <b>\r\n")
        time.sleep(5)

    s = Server(banner)
    page = run("probe", f"ssh:127.0.0.1:{s.port}", "--timeout", "1").stdout
    ok(b"\x1b" not in page and b"\x07" not in page, "no control byte of a peer on the page", page)
    s.stop()


def lists(tmp, port):
    gone, dead = closed_port()
    (tmp / "some").write_text(f"# fleet\ntls:127.0.0.1:{port}\ntls:127.0.0.1:{dead}\ntls:127.0.0.1:99999\n")
    (tmp / "none").write_text(f"tls:127.0.0.1:{dead}\n")
    r = run("scan", f"@{tmp}/some", "-o", f"json={tmp}/some.json", "-o", f"cbom={tmp}/some.cdx.json", "-o", f"html={tmp}/some.html")
    doc = json.loads((tmp / "some.json").read_text())
    ok(r.returncode == 0, "a list with dead members: 0", err(r))
    ok("ENDPOINTS" in out(r) and "2 asked = 1 answered + 1 refused" in out(r), "the table counts them", out(r))
    ok([t["failed"] for t in doc["targets"]] == [False, True, True], "and the targets say so", doc["targets"])
    n = doc["coverage"]["endpoints"]
    ok((n["asked"], n["answered"], n["refused"]) == (2, 1, 1), "coverage counts them", n)
    ok({x["reason"] for x in doc["coverage"]["notes"]} >= {"refused", "malformed"}, "with a note each", doc["coverage"]["notes"])
    ok(len(doc["endpoints"]) == 2 and not any("timing" in e for e in doc["endpoints"]), "both are in the report")
    valid(tmp / "some.json")
    bom = json.loads((tmp / "some.cdx.json").read_text())
    ok(any(c.get("cryptoProperties", {}).get("assetType") == "protocol" and c["cryptoProperties"]["protocolProperties"]["cipherSuites"]
           for c in bom["components"]), "protocols in the BOM")
    valid(tmp / "some.cdx.json")
    page = (tmp / "some.html").read_text()
    ok('id="endpoints"' in page, "endpoints on the page")
    page = page[page.index('<h2 id="endpoints"'):]
    page = page[:page.index("</section>")]
    ok("X25519" in page and not re.search("x25519|secp256r1|not told", page), "with usual names and no odd words", page)
    r = run("report", tmp / "some.json", "-o", f"json={tmp}/again.json")
    ok((tmp / "again.json").read_bytes() == (tmp / "some.json").read_bytes(), "a saved inventory keeps its endpoints", err(r))
    ok(run("plan", tmp / "some.json").returncode == 0, "and can be planned with")
    ok(run("scan", f"@{tmp}/none").returncode == 3, "a list of nothing but dead: 3")
    r = run("scan", f"tls:127.0.0.1:{dead}", REPO / "fixtures/cluster", "-q")
    ok(r.returncode == 3, "named, dead, beside files: 3", err(r))
    r = run("scan", f"@{tmp}/some", "--fail-on-incomplete")
    ok(r.returncode == 3, "--fail-on-incomplete: 3", err(r))
    (tmp / "tls:file").write_text("nothing")
    ok(run("scan", "./tls:file", cwd=tmp).returncode == 0, "a file of such a name is ./tls:file")
    gone.close()


def asked_once(port):
    s = Server(forward_to(port))
    _, doc, _ = probe_json(f"tls:127.0.0.1:{s.port}")
    once = s.n
    s.n = 0
    _, doc, _ = probe_json(f"tls:127.0.0.1:{s.port}", f"https://127.0.0.1:{s.port}/x", f"127.0.0.1:{s.port}")
    ok(s.n == once and len(doc["endpoints"]) == 3, "one endpoint by three names is asked once and told thrice", (once, s.n))
    s.stop()


def resume(tmp, port):
    fast = [Server(forward_to(port)) for _ in range(2)]
    slow = [Server(silent) for _ in range(2)]
    (tmp / "fleet").write_text("".join(f"tls:127.0.0.1:{s.port}\n" for s in fast + slow))
    args = ["scan", f"@{tmp}/fleet", "--timeout", "3", "--rate", "0", "-q", "--now", "2026-11-21"]
    r = run(*args, "-o", f"json={tmp}/whole.json", "-o", f"jsonl={tmp}/whole.jsonl")
    ok(r.returncode == 0, "the fleet, uninterrupted", err(r))
    types = [json.loads(x)["type"] for x in (tmp / "whole.jsonl").read_text().splitlines()]
    ok(types[:5] == ["head"] + 4 * ["endpoint"] and types[-1] == "coverage" and "targets" in types, "its stream", types)
    ok(oct((tmp / "whole.jsonl").stat().st_mode & 0o777) == "0o600", "for the owner only")
    valid(tmp / "whole.jsonl")

    stream = tmp / "cut.jsonl"
    p = subprocess.Popen([PQMAP, *map(str, args), "-o", f"jsonl={stream}", "-o", f"json={tmp}/cut.json"],
                         stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    for _ in range(50):
        if stream.exists() and stream.read_text().count("\n") >= 3:
            break
        time.sleep(0.05)
    p.send_signal(signal.SIGINT)
    t = time.monotonic()
    ok(p.wait(10) == 130 and time.monotonic() - t < 2, "interrupted: 130, at once", p.returncode)
    p.stderr.close()
    got = [json.loads(x) for x in stream.read_text().splitlines()]
    ok([x["type"] for x in got].count("endpoint") == 2, "what was finished has its line", [x["type"] for x in got])
    cut = json.loads((tmp / "cut.json").read_text())
    ok(cut["coverage"]["endpoints"]["answered"] == 2 and len(cut["endpoints"]) == 4, "and the reports are written")
    stream.write_text(stream.read_text() + '{"type":"endpoint","endp')
    for s in fast + slow:
        s.n = 0
    r = run(*args, "--resume", stream, "-o", f"jsonl={stream}", "-o", f"json={tmp}/rest.json")
    ok(r.returncode == 0 and [s.n for s in fast] == [0, 0] and all(s.n > 0 for s in slow), "resumed: only the rest is asked",
       (r.returncode, [s.n for s in fast + slow], err(r)))
    a, b = ((tmp / f"{n}.json").read_text().splitlines() for n in ("whole", "rest"))
    ok(a == b, "the report is that of an uninterrupted run", list(difflib.unified_diff(a, b, n=2, lineterm=""))[:20])
    got = [json.loads(x) for x in stream.read_text().splitlines()]
    ok([x["type"] for x in got].count("endpoint") == 4 and [x["type"] for x in got].count("head") == 1, "the stream is whole")
    for s in fast:
        s.n = 0
    r = run(*args, "--profile", "quick", "--resume", stream)
    ok(all(s.n > 0 for s in fast), "another profile is another question")
    (tmp / "odd").write_text("{}\n")
    r = run(*args, "--resume", tmp / "odd")
    ok(r.returncode == 2 and "not a stream" in err(r), "what is no stream is refused", err(r))
    for s in fast + slow:
        s.stop()


def no_socket(tmp):
    if not shutil.which("strace"):
        skip("no strace: that a scan of paths opens no socket")
        return
    log = tmp / "strace"
    r = subprocess.run(["strace", "-f", "-o", log, "-e", "trace=socket,connect", PQMAP, "scan", REPO / "fixtures/cluster", "-q"],
                       capture_output=True, check=False)
    if r.returncode != 0:
        skip("strace may not trace here")
        return
    ok(not re.search(r"socket\(|connect\(", log.read_text()), "a scan of paths opens no socket", log.read_text()[:300])


with tmpdir() as tmp:
    tmp = pathlib.Path(tmp)
    usage()
    if not shutil.which("openssl"):
        skip("no openssl: everything that needs a server")
        done()
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", tmp / "k.pem", "-out", tmp / "c.pem",
                    "-subj", "/CN=probe.test", "-days", "30"], check=True, capture_output=True)
    with tls_server(tmp) as port:
        one_server(tmp, port)
        no_answer(port)
        page_of(tmp, port)
        bare(port)
        behind_starttls(port)
        from_list(tmp, port)
        through_proxy(port)
        cut_short(port)
        lists(tmp, port)
        asked_once(port)
        resume(tmp, port)
    hostile_text()
    no_socket(tmp)
done()
