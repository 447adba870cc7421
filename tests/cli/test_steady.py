"""The same server gives the same answer, run after run: 100 runs of quick and of hndl and 20 of full over TLS, and the
peers' QUIC, STARTTLS and SSH. Then servers that treat some hellos badly: split ones, large ones,
those of one segment; one that compresses its certificates; an sshd that punishes.
"""
import contextlib
import json
import os
import pathlib
import shutil
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

ROOT = peers.ROOT
MSS = 1460


def probe(target, profile):
    r = kit.run("probe", target, "--profile", profile, "--rate", "0", "-o", "json", timeout=60)
    try:
        return json.loads(kit.out(r))["endpoints"][0], r.returncode
    except (ValueError, LookupError):
        return {"facts": [], "words": kit.err(r)[-300:]}, r.returncode


def fact(e, key):
    return next((f["answer"] for f in e["facts"] if f["key"] == key), None)


def wait_for(port):
    for _ in range(100):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
        time.sleep(0.05)
    return False


@contextlib.contextmanager
def process(*argv):
    p = subprocess.Popen(["timeout", "240", *argv], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                         stderr=subprocess.DEVNULL)
    try:
        yield p
    finally:
        p.terminate()
        p.wait(10)


def certificate(top, name, *how):
    subprocess.run(["openssl", "req", "-x509", "-newkey", *how, "-nodes", "-keyout", f"{top}/{name}.key", "-out",
                    f"{top}/{name}.pem", "-subj", f"/CN={name}.test", "-days", "9"], capture_output=True, check=True,
                   timeout=60)


# ---- the same, run after run ----

def without_times(e):
    e.get("timing", {}).pop("ms", None)
    for f in e["facts"]:
        if f["key"] == "ticket-lifetime":
            # OpenSSL counts what is left by its clock: 300 s is 301 when a second ends in between.
            f["value"] = f"{round(int(f['value'].split()[0]), -1)} s"
    return json.dumps(e, sort_keys=True)


def check_same(target, profile, times):
    first, others = None, []
    for _ in range(times):
        now = without_times(probe(target, profile)[0])
        first = first or now
        if now != first:
            others.append(now)
    at = next((i for i, (a, b) in enumerate(zip(first, others[0])) if a != b), 0) if others else 0
    kit.ok(not others and '"answered"' in first, f"{target.split(':')[0]} {profile}: {times} runs, one answer",
           f"{len(others)} differ: {first[max(0, at - 80):at + 80]} | {others[0][max(0, at - 80):at + 80]}" if others
           else first[:300])


# ---- servers that treat some hellos badly ----

class Picky(socketserver.ThreadingTCPServer):
    """In front of a server: drops (or resets) connections whose first bytes it does not like [tldr.fail]."""
    daemon_threads = True
    allow_reuse_address = True

    class Passage(socketserver.BaseRequestHandler):
        def handle(self):
            first = self.request.recv(65536)
            hello = first
            need = 5 + struct.unpack(">H", first[3:5])[0] if len(first) > 4 else 5
            n_reads = 1
            self.request.settimeout(3)
            with contextlib.suppress(OSError):
                while len(hello) < need:
                    more = self.request.recv(65536)
                    if not more:
                        break
                    hello += more
                    n_reads += 1
            if self.server.hates(hello, n_reads):
                if self.server.by_reset:
                    self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                else:
                    with contextlib.suppress(OSError):
                        self.request.recv(1)
                return
            with contextlib.suppress(OSError), \
                    socket.create_connection(("127.0.0.1", self.server.to), timeout=10) as server:
                server.sendall(hello)
                threading.Thread(target=pump, args=(self.request, server), daemon=True).start()
                pump(server, self.request)

    def __init__(self, to, hates, by_reset):
        super().__init__(("127.0.0.1", 0), self.Passage)
        self.to, self.hates, self.by_reset = to, hates, by_reset
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()


def pump(source, sink):
    """Passes on until either end is done; then both are: the server behind takes one connection at a time."""
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    for end in (source, sink):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


def has_fragments(hello):
    return len(hello) > 9 and struct.unpack(">H", hello[3:5])[0] < 4 + int.from_bytes(hello[6:9], "big")


HATES = {
    "nothing": (lambda hello, n: False, ("yes", "yes", "yes")),
    "split hellos": (lambda hello, n: n > 1, ("no", "yes", "yes")),
    "hellos over one segment": (lambda hello, n: len(hello) > MSS, ("yes", "no", "yes")),
    "hellos in two records": (lambda hello, n: has_fragments(hello), ("yes", "yes", "no")),
}


def check_tolerance(port):
    keys = ("split-hello", "large-hello", "fragmented-hello")
    for words, (hates, want) in HATES.items():
        for by_reset in (True, False):
            with Picky(port, hates, by_reset) as picky:
                e, _ = probe(f"tls:127.0.0.1:{picky.server_address[1]}", "full")
                picky.shutdown()
            got = tuple(fact(e, k) for k in keys)
            # What a server hates is told; what it is asked otherwise is not changed by it.
            kit.ok(got == want and e.get("reach") == "answered",
                   f"a server that hates {words}, by {'reset' if by_reset else 'silence'}: {' '.join(want)}",
                   f"{got} {e.get('reach')} {e.get('words')}")


# ---- compressed certificates [RFC8879] ----

def ders(e):
    return sorted((c["scheme"], c["version"], tuple(x["sha256"] for x in c["certificates"])) for c in e.get("chains", []))


def check_compression():
    own = pathlib.Path(subprocess.run(["mktemp", "-d", "-p", ROOT / "tmp"], capture_output=True, text=True,
                                      check=True).stdout.strip())
    try:
        certificate(own, "ec", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")
        inside = "/tmp/" + own.name
        seen = {}
        for name, more in (("packed", ["-cert_comp"]), ("plain", ["-no_tx_cert_comp"])):
            port = kit.free_port()
            with process("chroot", str(ROOT), "openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-www", "-cert",
                         f"{inside}/ec.pem", "-key", f"{inside}/ec.key", *more):
                if not wait_for(port):
                    kit.skip("the peer's s_server did not start")
                    return
                seen[name] = [probe(f"tls:127.0.0.1:{port}", p)[0] for p in ("quick", "hndl", "full")]
        told = [fact(seen[n][2], "certificate-compression") for n in ("packed", "plain")]
        kit.ok(told == ["yes", "no"], "certificate compression is seen where it is, and only there", told)
        kit.ok(all(ders(a) == ders(b) and ders(a) for a, b in zip(seen["packed"], seen["plain"])),
               "no chain is lost to compression, in any profile", [[ders(e) for e in v] for v in seen.values()])
        kit.ok(seen["packed"][2]["complete"], "and the answer is complete", seen["packed"][2].get("words"))
    finally:
        shutil.rmtree(own, ignore_errors=True)


# ---- an sshd that punishes (OpenSSH 9.8 and later) ----

def check_penalties():
    own = pathlib.Path(subprocess.run(["mktemp", "-d", "-p", ROOT / "tmp"], capture_output=True, text=True,
                                      check=True).stdout.strip())
    inside = "/tmp/" + own.name
    try:
        subprocess.run(["chroot", str(ROOT), "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", f"{inside}/key"],
                       check=True, capture_output=True, timeout=20)
        port = kit.free_port()
        (own / "conf").write_text(f"ListenAddress 127.0.0.1:{port}\nHostKey {inside}/key\nPidFile none\n"
                                  "PerSourcePenalties noauth:60s grace-exceeded:60s crash:60s min:1s max:60s\n",
                                  encoding="ascii")
        (ROOT / "run/sshd").mkdir(exist_ok=True)
        with process("chroot", str(ROOT), "/usr/sbin/sshd", "-D", "-e", "-f", f"{inside}/conf"):
            if not wait_for(port):
                kit.skip("the peer's sshd did not start")
                return
            answers = [probe(f"ssh:127.0.0.1:{port}", "hndl") for _ in range(4)]
        known = {e.get("posture") for e, _ in answers} - {"unknown", None}
        refused = [(e, code) for e, code in answers if e.get("reach") != "answered"]
        kit.ok("absent" not in known and refused, f"an sshd that punishes: {len(refused)} of 4 runs refused, none absent",
               [(e.get("reach"), e.get("posture"), code) for e, code in answers])
        kit.ok(all(e.get("reach") == "limited" and code == 3 and e.get("posture", "unknown") == "unknown"
                   for e, code in refused), "and what is refused reads limited, exit 3",
               [(e.get("reach"), e.get("words"), e.get("posture"), code) for e, code in refused])
    finally:
        shutil.rmtree(own, ignore_errors=True)


def main():
    if not shutil.which("openssl"):
        kit.skip("openssl is not installed")
        kit.done()
    with kit.tmpdir() as top:
        certificate(top, "rsa", "rsa:2048")
        certificate(top, "ec", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")
        port = kit.free_port()
        with process("openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-www", "-cert", f"{top}/rsa.pem", "-key",
                     f"{top}/rsa.key", "-dcert", f"{top}/ec.pem", "-dkey", f"{top}/ec.key"):
            wait_for(port)
            for profile, times in (("quick", 100), ("hndl", 100), ("full", 20)):
                check_same(f"tls:127.0.0.1:{port}", profile, times)
            check_tolerance(port)
    with peers.running(18640) as base:
        for scheme, offset in (("quic", 0), ("tls", 0), ("smtp", 8), ("ssh", 12)) if base else ():
            for profile, times in (("quick", 100), ("hndl", 100), ("full", 20)):
                check_same(f"{scheme}:127.0.0.1:{base + offset}", profile, times)
    if os.getuid() == 0 and (ROOT / "usr/bin/openssl").exists():
        check_compression()
        check_penalties()
    else:
        kit.skip("no root with OpenSSL 3.5 (PQMAP_PEER), or not run as root")
    kit.done()


if __name__ == "__main__":
    main()
