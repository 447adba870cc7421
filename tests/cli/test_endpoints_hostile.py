"""Hostile servers (tests/endpoints/hostile.py, the forty ways of design/tls.md §8): every target ends in time, in
little memory, never as "absent", and the others' answers stay what they are, to the byte. Runs in a network and
mount namespace of its own where it can."""
import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time

import kit

BASE = 23600
DEADLINE_S = 4
LATE_MS = 1500  # a shared machine stops a program for so long; what it took is told
MIB = 1 << 20
SERVER = kit.REPO / "tests/endpoints/hostile.py"
# Honest servers, in a process of their own: TLS 1.2, TLS 1.3, one whose segments are tiny, SSH.
HONEST = ("0", "50", "39c", "36n")
# Those that answer whole, true handshakes or KEXINITs without a hybrid: "absent" is what they are. Nobody else may
# be called so.
IS_ABSENT = {*HONEST, "26e", "33", "36l", "36m", "38", "50g", "50h", "50i", "50j", "50m"}
# What each may be found as; a way that is not named here has no one truth.
REACH = {
    "0": "answered", "1": "silent", "2": "silent", "3": "other", "4": "silent", "5": "other", "6": "other",
    "7": "other", "8": "silent", "9": "other", "10": "answered", "13": "other", "16": "other", "18a": "other",
    "18b": "other", "18c": "other", "19a": "other", "20": "other", "23": "other", "25": "silent", "26a": "other",
    "26b": "silent", "26c": "unreachable", "26d": "silent", "26e": "limited", "27b": "answered", "28": "limited",
    "29a": "other", "29b": "silent", "30": "other", "31": "other", "33": "answered", "39a": "silent",
    "39c": "answered", "50": "answered", "37f": "other",
}
# Servers that need key pairs; those that are nothing else are not even listed without.
NEEDS_KEYS = {"26e", "27b", "33", "38", "39c"}
# They put markup and escape sequences wherever text may be.
EVIL = ("21e", "21f", "21h", "35a", "35h", "36f", "36g", "36j", "37m", "50l")
# Alone they have to fail: nothing that could not be told exits 0.
ALONE = ("1", "2", "8", "10", "11", "26b", "26c", "28", "32", "35a", "36a", "37a", "39a", "50n", "60a")
SANITIZER = re.compile(rb"AddressSanitizer|LeakSanitizer|runtime error:|SUMMARY:")


def in_namespace():
    """Runs this test again where only its own loopback exists, and a resolver of its own."""
    if os.environ.get("PQMAP_NETNS"):
        return
    root = [] if os.geteuid() == 0 else ["--map-root-user"]
    space = ["unshare", *root, "--net", "--mount"]
    conf = tempfile.NamedTemporaryFile("w", prefix="pqmap-test-resolv", suffix=".conf")
    conf.write("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
    conf.flush()
    words = ("ip link set lo up && mount --bind \"$0\" /etc/resolv.conf && "
             "ip route add 198.18.0.0/15 dev lo && exec \"$@\"")
    try:
        good = subprocess.run([*space, "sh", "-c", words, conf.name, "true"], capture_output=True).returncode == 0
    except FileNotFoundError:
        good = False
    if not good:
        kit.skip("no namespace here: the hostile servers run on this machine's loopback, without the names")
        return
    r = subprocess.run([*space, "sh", "-c", words, conf.name, sys.executable, __file__],
                       env=dict(os.environ, PQMAP_NETNS="names"))
    sys.exit(r.returncode)


class Way:
    def __init__(self, row):
        offset, self.key, self.transport, self.scheme, self.name = row.split()
        self.port = BASE + int(offset)
        self.target = f"{self.scheme}:127.0.0.1:{self.port}"

    def __str__(self):
        return f"{self.key} {self.name}"


def behaviours():
    rows = subprocess.run([sys.executable, SERVER, "--list"], capture_output=True, check=True).stdout.decode()
    return [Way(r) for r in rows.splitlines()]


@contextlib.contextmanager
def serving(keys, seconds):
    p = subprocess.Popen([sys.executable, SERVER, str(BASE), str(seconds), *keys], stdout=subprocess.PIPE)
    try:
        p.stdout.readline()
        yield
    finally:
        p.kill()
        p.wait()


class Run:
    """One pqmap in the background; end() waits for it."""

    def __init__(self, targets, *more, program=kit.PQMAP, timeout=DEADLINE_S):
        self.files = tempfile.TemporaryFile(), tempfile.TemporaryFile()
        # Freed memory that the sanitizer keeps back is not the program's.
        env = dict(os.environ, ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=4")
        argv = [program, "probe", *targets, "-o", "jsonl", "--rate", "0", "--timeout", str(timeout),
                "--concurrent", "400", *more]
        self.begun = time.monotonic()
        self.process = subprocess.Popen(argv, stdout=self.files[0], stderr=self.files[1], env=env)

    def end(self):
        _, status, usage = os.wait4(self.process.pid, 0)
        self.seconds = time.monotonic() - self.begun
        self.code = self.process.returncode = os.waitstatus_to_exitcode(status)
        self.peak = usage.ru_maxrss * 1024
        for f in self.files:
            f.seek(0)
        self.text, self.words = (f.read() for f in self.files)
        self.rows = [x for x in self.text.splitlines() if json.loads(x)["type"] == "endpoint"]
        self.found = [json.loads(x)["endpoint"] for x in self.rows]
        self.port = {e["port"]: e for e in self.found}
        return self

    def facts(self, port):
        """The line of one endpoint without what the clock put there."""
        lines = [x for x, e in zip(self.rows, self.found) if e["port"] == port]
        return re.sub(rb'"timing":\s*\{[^}]*\}', b"", lines[0]) if len(lines) == 1 else None


def check_all(ways, alone, run, name):
    kit.ok(run.code in (1, 3), f"{name}: a code of its own: {run.code}", run.words[-800:])
    kit.ok(not SANITIZER.search(run.words), f"{name}: no memory error", run.words[-3000:])
    kit.ok(len(run.found) == len(ways), f"{name}: {len(ways)} endpoints asked, {len(run.found)} told")
    grown = (run.peak - alone.peak) / MIB
    kit.ok(grown <= len(ways) / 8, f"{name}: {grown:.1f} MiB more memory for {len(ways)} of them")
    kit.ok(not re.search(rb"[\x00-\x09\x0b-\x1f\x7f]", run.text), f"{name}: no control byte of theirs in the output")
    late = {str(w): run.port[w.port]["timing"]["ms"] for w in ways if w.port in run.port}
    worst = max(late, key=late.get)
    kit.ok(late[worst] <= DEADLINE_S * 1000 + LATE_MS, f"{name}: the last ends in {late[worst]:.0f} ms: {worst}",
           {k: v for k, v in late.items() if v > DEADLINE_S * 1000 + LATE_MS})
    for w in ways:
        if w.key in HONEST:
            kit.ok(run.facts(w.port) is not None and run.facts(w.port) == alone.facts(w.port),
                   f"{name}: {w}: the same facts beside the others as alone",
                   (run.facts(w.port), alone.facts(w.port)))


def check_each(ways, run, name):
    for w in ways:
        e = run.port.get(w.port, {})
        told = f"{e.get('reach')}, {e.get('posture')}: {e.get('words', '')[:90]}"
        good = e.get("posture") == "unknown" or w.key in IS_ABSENT and e.get("posture") == "absent"
        # A retry that asks for a hybrid is one, whatever comes behind it.
        good = good or w.key == "27a" and e.get("posture") in ("offered", "enforced")
        kit.ok(good, f"{name}: {w}: {told}", str(e)[:600])
        if w.key in REACH:
            kit.ok(e.get("reach") == REACH[w.key], f"{name}: {w}: {REACH[w.key]}", told)
        if e.get("reach") != "answered":
            kit.ok(e.get("words"), f"{name}: {w}: says what went wrong")
        if w.key == "27b":
            kit.ok(e.get("varies") is True, f"{name}: {w}: varies", str(e)[:600])


def test_alone(ways):
    """Exit codes, one program each."""
    runs = [(w, Run([w.target])) for w in ways if w.key in ALONE]
    for w, r in runs:
        r.end()
        kit.ok(r.code == 3, f"{w}: alone exits 3", (r.code, r.text[:500]))
    codes = {t: Run([t], timeout=1).end().code for t in ("tls:127.0.0.1:1", "tls:127.0.0.1:23599")}
    kit.ok(set(codes.values()) == {3}, "nobody there exits 3", codes)


def test_reports(ways):
    """What they say stands in the reports as text."""
    with kit.tmpdir() as folder:
        page = os.path.join(folder, "r.html")
        r = kit.run("scan", *(w.target for w in ways if w.key in EVIL), "--rate", "0", "--timeout", 2, "-o",
                    f"html={page}", "-o", "table", "--color", "always")
        with open(page, "rb") as f:
            html = f.read()
    kit.ok(b"alert(1)" in html and b"<script>alert" not in html and b"<img src=x" not in html,
           "no markup of theirs in the HTML report", kit.err(r)[-300:])
    kit.ok(b"\x1b[31mred" not in r.stdout + r.stderr + html and b"\x1b[31m<" not in r.stdout + r.stderr + html,
           "no escape sequence of theirs on the terminal")


def test_proxies(ways, target, program):
    runs = []
    for w in ways:
        url = f"{'http' if w.name.startswith('http') else 'socks5'}://127.0.0.1:{w.port}"
        runs.append((w, Run([target], "--proxy", url, program=program)))
    for w, r in runs:
        r.end()
        e = r.found[0] if r.found else {}
        kit.ok(r.code == 3 and e.get("posture") == "unknown" and not SANITIZER.search(r.words),
               f"proxy {w.name}: {e.get('reach')}: {e.get('words')}", (r.code, r.words[-800:], r.text[:500]))
        kit.ok(e.get("timing", {}).get("ms", 1e9) <= DEADLINE_S * 1000 + LATE_MS, f"proxy {w.name}: in time",
               str(e)[-200:])
        kit.ok(not re.search(rb"[\x00-\x09\x0b-\x1f]", r.text), f"proxy {w.name}: no control byte")


def test_names(ports, program):
    """Way 38."""
    if os.environ.get("PQMAP_NETNS") != "names" or not ports:
        kit.skip("no names of our own: a thousand addresses are not asked")
        return
    port = ports[0]
    runs = {n: Run([f"tls:{n}.test:{port}"], *more, program=program) for n, more in {
        "many": ["--all-addresses"], "six": ["--all-addresses"], "loop": [], "mute": [], "none": [],
        "mapped": ["--deny", "127.0.0.0/8"]}.items()}
    runs["one"] = Run([f"tls:many.test:{port}"], program=program)
    for n, r in runs.items():
        r.end()
        late = [e for e in r.found if e.get("timing", {}).get("ms", 0) > DEADLINE_S * 1000 + LATE_MS]
        kit.ok(not late and not SANITIZER.search(r.words) and r.seconds < 3 * DEADLINE_S,
               f"name {n}: ends in {r.seconds:.1f} s", (late, r.words[-800:]))
        # A dead address does no harm while another of the name answers (pqm_reaches_failed).
        kit.ok(r.code == (0 if n == "six" else 3), f"name {n}: exits {r.code}", r.text[:500])
    reach = {n: [e["reach"] for e in r.found] for n, r in runs.items()}
    kit.ok(reach["many"] == ["unreachable"] * 16, "a thousand addresses: sixteen are asked", reach["many"])
    kit.ok(reach["one"] == ["unreachable"], "of them without --all-addresses: one", reach["one"])
    for n in ("loop", "mute", "none"):
        kit.ok(reach[n] == ["unreachable"] and runs[n].found[0]["words"],
               f"name {n}: {runs[n].found[0].get('words') if runs[n].found else ''}", runs[n].text[:300])
    kit.ok(reach["mapped"] == ["skipped"], "a forbidden address in IPv6's clothes is not contacted", reach["mapped"])
    six = {e["address"]: e["reach"] for e in runs["six"].found}
    if "::1" in six:
        kit.ok(six == {"::1": "unreachable", "127.0.0.1": "answered"}, "a dead IPv6 address beside a good IPv4 one", six)
    else:
        kit.skip("no IPv6 here")


def main():
    in_namespace()
    ways = behaviours()
    missing = {str(i) for i in range(1, 41)} - {w.key.rstrip("abcdefghijklmnopqrstuvwxyz") for w in ways}
    kit.ok(not missing, "all forty ways are served", missing)
    if not any(w.key == "50" for w in ways):
        kit.skip("no cryptography module for Python: nothing behind a TLS 1.3 ServerHello")
        ways = [w for w in ways if w.key not in NEEDS_KEYS]
    proxies = [w for w in ways if w.scheme == "proxy"]
    ways = [w for w in ways if w.scheme != "proxy"]
    honest = [w for w in ways if w.key in HONEST]
    others = {w.key for w in ways if w.key not in HONEST} | {"70"}
    kinds = [("plain", kit.PQMAP, ())]
    if os.path.exists(kit.PQMAP_SAN):
        kinds.append(("sanitized", kit.PQMAP_SAN, ("--profile", "full")))
    with serving([w.key for w in honest], 170):
        for name, program, more in kinds:
            # Each time from nothing: servers that count and servers that close.
            with serving(others, 80):
                alone = Run([w.target for w in honest], *more, program=program).end()
                run = Run([w.target for w in ways], *more, program=program).end()
                check_all(ways, alone, run, name)
                check_each(ways, run, name)
                if name == kinds[-1][0]:
                    test_proxies(proxies, honest[0].target, program)
                    test_names([w.port for w in ways if w.key == "38"], program)
            if name == "plain":
                with serving(others, 30):
                    test_alone(ways)
                    test_reports(ways)
    kit.done()


if __name__ == "__main__":
    main()
