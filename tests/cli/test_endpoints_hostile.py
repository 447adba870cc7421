"""Hostile servers (tests/endpoints/hostile.py): every target ends in time, in little memory, never as
"absent", and the others' answers stay what they are. Runs in a network namespace of its own where it can."""
import json
import os
import re
import resource
import subprocess
import sys
import time

import kit

BASE = 23600
DEADLINE = 4.0
# In work at once: all of them, each with the same deadline.
SERVER = kit.REPO / "tests/endpoints/hostile.py"
MIB = 1 << 20
# What each may end as. Everything else is a finding about us: posture "absent" most of all.
REACH = {
    0: {"answered"}, 1: {"silent"}, 9: {"other"},
}
# These speak enough TLS that a clear "no hybrid" would be a true answer. Nobody else may get one.
MAY_BE_ABSENT = {0, 27, 34}


def in_namespace():
    """Re-runs this test where only its own loopback exists."""
    if os.environ.get("PQMAP_NETNS") or os.geteuid() != 0:
        return
    env = dict(os.environ, PQMAP_NETNS="1")
    probe = subprocess.run(["unshare", "--net", "ip", "link", "set", "lo", "up"], capture_output=True)
    if probe.returncode != 0:
        kit.skip("no network namespace here: the hostile servers run on this machine's loopback")
        return
    os.execvpe("unshare", ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$0" "$@"',
                           sys.executable, __file__], env)


def behaviours():
    rows = subprocess.run([sys.executable, SERVER, "--list"], capture_output=True, check=True).stdout.decode()
    return [(int(n), scheme, name) for n, _, scheme, name in (r.split() for r in rows.splitlines())]


def run_all(targets, *more):
    """(exit code, endpoints by port, seconds, peak RSS in bytes)"""
    argv = [kit.PQMAP, "probe", *targets, "-o", "json", "--rate", "0", "--timeout", str(DEADLINE),
            "--concurrent", "100", *more]
    t0 = time.monotonic()
    p = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    text, words = p.communicate(timeout=DEADLINE * 4 + 30)
    took = time.monotonic() - t0
    kit.ok(p.returncode in (0, 1, 3), f"it ends by itself with a code of its own: {p.returncode}",
           words.decode("utf-8", "replace")[-600:])
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    found = {e["port"]: e for e in json.loads(text or b"{}").get("endpoints", [])}
    return p.returncode, found, took, peak, text


def without_times(e):
    return {k: v for k, v in e.items() if k not in ("timing",)}


def main():
    in_namespace()
    server = subprocess.Popen([sys.executable, SERVER, str(BASE), "150"], stdout=subprocess.PIPE)
    try:
        server.stdout.readline()
        ways = behaviours()
        _, alone, _, small, _ = run_all([f"tls:127.0.0.1:{BASE}"])
        kit.ok(alone.get(BASE, {}).get("reach") == "answered", "the honest server answers", str(alone)[:300])
        _, found, took, peak, text = run_all([f"{scheme}:127.0.0.1:{BASE + n}" for n, scheme, _ in ways])
        kit.ok(len(found) == len(ways), f"{len(ways)} endpoints asked, {len(found)} told")
        kit.ok(took <= DEADLINE + 1.5, f"all of them at once end in {took:.2f} s of a deadline of {DEADLINE} s")
        kit.ok(peak - small <= len(ways) * MIB, f"memory: {(peak - small) / MIB:.1f} MiB more for {len(ways)} of them")
        kit.ok(without_times(found.get(BASE, {})) == without_times(alone.get(BASE, {})),
               "the honest server's facts are the same beside them as alone")
        kit.ok(not re.search(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]", text), "no control byte of theirs reaches the output")
        for n, scheme, name in ways:
            e = found.get(BASE + n, {})
            ms = e.get("timing", {}).get("ms", 1e9)
            kit.ok(ms <= DEADLINE * 1000 + 200, f"{n} {name}: ends in {ms:.0f} ms as {e.get('reach')}")
            if n not in MAY_BE_ABSENT:
                kit.ok(e.get("posture") != "absent", f"{n} {name}: not called absent", str(e)[:400])
            if n in REACH:
                kit.ok(e.get("reach") in REACH[n], f"{n} {name}: {e.get('reach')}: {e.get('words', '')}")
            if e.get("reach") != "answered":
                kit.ok(e.get("words"), f"{n} {name}: says what went wrong: {e.get('words', '')[:100]}")
        for n, scheme, name in ways:
            if n in (1, 2, 10, 28):
                code, _, _, _, _ = run_all([f"{scheme}:127.0.0.1:{BASE + n}"])
                kit.ok(code == 3, f"{n} {name} alone exits {code}, not 0")
    finally:
        server.kill()
        server.wait()
    kit.done()


if __name__ == "__main__":
    main()
