#!/usr/bin/env python3
"""Predicted against measured CPU of a TLS 1.3 server, suite by suite.

handshake_cpu.py --peer ROOT --pqmap build/pqmap --bench build/hyb-bench
ROOT is a system with OpenSSL 3.5 and /pki/{ecdsa,rsa,mldsa44,mldsa65,mldsa87}.{pem,key,chain}. hyb-bench runs inside
it and times its libcrypto; the model predicts the CPU of each handshake from those rows; `openssl s_server` is then
driven by `openssl s_time` and its own CPU time read from /proc. The fixed part, what libssl and the kernel do besides,
is measured with the first suite and must hold for the others. Prints JSON lines; exit 1 when one is over 15 %.
"""
import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time

ap = argparse.ArgumentParser()
ap.add_argument("--peer", required=True)
ap.add_argument("--pqmap", default="build/pqmap")
ap.add_argument("--bench", default="build/hyb-bench")
ap.add_argument("--port", type=int, default=46433)
ap.add_argument("--seconds", type=int, default=2)
ap.add_argument("--rounds", type=int, default=3)
args = ap.parse_args()

SUITES = [("X25519", "ECDSA-P256", "ecdsa"), ("X25519", "RSA-2048", "rsa"), ("X25519MLKEM768", "ECDSA-P256", "ecdsa"),
          ("X25519MLKEM768", "RSA-2048", "rsa"), ("X25519MLKEM768", "ML-DSA-65", "mldsa65"),
          ("SecP384r1MLKEM1024", "ML-DSA-87", "mldsa87"), ("MLKEM768", "ML-DSA-44", "mldsa44")]
WORK = os.path.join(args.peer, "tmp", f"handshake-{os.getpid()}")
INSIDE = "/tmp/" + os.path.basename(WORK)


def cpu_ns(pid):
    """Time on a core of all threads, in nanoseconds: finer than the ticks of /proc/PID/stat."""
    with open(f"/proc/{pid}/schedstat", encoding="ascii") as f:
        return int(f.read().split()[0])


def inside(*argv, **kw):
    return subprocess.Popen(["chroot", args.peer, *argv], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, **kw)


def measured(group, name):
    """Microseconds of server CPU a handshake: the least of some rounds."""
    server = inside("/usr/bin/openssl", "s_server", "-accept", str(args.port), "-cert", f"/pki/{name}.pem", "-key",
                    f"/pki/{name}.key", "-cert_chain", f"/pki/{name}.chain", "-tls1_3", "-groups", group, "-num_tickets", "0", "-quiet", "-www")
    best = None
    try:
        time.sleep(0.5)
        if server.poll() is not None:
            sys.exit(f"s_server: {server.stdout.read().decode()}")
        conf = f"openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n[c]\nGroups = {group}\n"
        with open(os.path.join(WORK, "client.cnf"), "w", encoding="ascii") as f:
            f.write(conf)
        for _ in range(args.rounds):
            before = cpu_ns(server.pid)
            client = inside("/usr/bin/env", f"OPENSSL_CONF={INSIDE}/client.cnf", "/usr/bin/openssl", "s_time", "-connect",
                            f"127.0.0.1:{args.port}", "-new", "-tls1_3", "-time", str(args.seconds))
            text = client.communicate()[0].decode()
            n = re.search(r"(\d+) connections in \d+ real seconds", text)
            if n is None or int(n.group(1)) < 50:
                sys.exit(f"s_time with {group}, {name}: {text[-400:]}")
            us = (cpu_ns(server.pid) - before) / int(n.group(1)) / 1000
            best = us if best is None or us < best else best
    finally:
        server.kill()
        server.wait()
    return best


def primitives(group, signature):
    """The model's server CPU without its fixed part, from the rows of the peer's libcrypto."""
    r = subprocess.run([args.pqmap, "bench", "--model", os.path.join(WORK, "bench.json"), "--impl", "OpenSSL", "--group",
                        group, "--signature", signature, "-o", "json"], capture_output=True, text=True, check=True)
    doc = json.loads(r.stdout)["handshakes"][0]
    if "missing" in doc:
        sys.exit(doc["missing"])
    return doc["server_cpu_ms"] * 1000, doc["server_fixed_ms"] * 1000


def quiet_bench():
    """The quietest of some runs, row by row: other jobs only ever add time."""
    least = None
    for _ in range(args.rounds):
        subprocess.run(["chroot", args.peer, f"{INSIDE}/hyb-bench", "--json", f"{INSIDE}/bench.json"], check=True,
                       stdout=subprocess.DEVNULL)
        with open(os.path.join(WORK, "bench.json"), encoding="utf-8") as f:
            doc = json.load(f)
        rows = {(r["id"], r["impl"]): dict(r, p25_ns=r["min_ns"]) for r in doc["rows"]}
        if least is None:
            least = rows
        least = {k: min(least[k], r, key=lambda x: x["p25_ns"]) if k in least else r for k, r in rows.items()}
    doc["rows"] = list(least.values())
    with open(os.path.join(WORK, "bench.json"), "w", encoding="utf-8") as f:
        json.dump(doc, f)


os.makedirs(WORK)
bad = 0
try:
    shutil.copy(args.bench, os.path.join(WORK, "hyb-bench"))
    quiet_bench()
    extra = None
    for group, signature, name in SUITES:
        total, fixed = primitives(group, signature)
        real = measured(group, name)
        if extra is None:
            extra = real - (total - fixed)
            print(json.dumps({"name": "handshake-cpu-fixed", "unit": "us", "value": round(extra, 1), "rules": round(fixed, 1)}), flush=True)
            continue
        guess = total - fixed + extra
        off = guess / real - 1
        bad += abs(off) > 0.15
        print(json.dumps({"name": "handshake-cpu", "suite": f"{group}+{signature}", "unit": "us a handshake, server", "predicted": round(guess, 1),
                          "measured": round(real, 1), "off": f"{100 * off:+.1f} %", "goal": "within 15 %"}), flush=True)
finally:
    shutil.rmtree(WORK)
sys.exit(1 if bad else 0)
