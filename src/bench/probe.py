#!/usr/bin/env python3
"""Endpoint probing as ratios to peers in one run, on servers of our own. Prints JSON lines.

  probe-one            process start to JSON for one endpoint (hndl)
  probe-vs-sslscan     endpoints a second over 50 ports of one nginx, ours (hndl) over `sslscan`, and over nmap
  probe-connections    connections a profile, counted by the kernel of the servers' namespace
  probe-lists, -hndl   group lists (quick) and hndl profiles a second, 1,000 concurrent, ours pinned to one core
  probe-server-cpu     CPU of the nginx worker for one hndl profile, ours and sslscan's
  probe-stalled        largest resident size with 10,000 connections that say nothing
  probe-tarpits        10,000 targets, 30 % of which never answer
  probe-truth          who says what of the posture and the chains of the Debian 13 peers (PQMAP_PEER)

Runs inside a network namespace of its own (root); without one it says so and ends.
"""
import argparse
import collections
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

ap = argparse.ArgumentParser()
ap.add_argument("--pqmap", default="build/pqmap")
ap.add_argument("--only", default="")
ap.add_argument("--peer", default=os.environ.get("PQMAP_PEER", "build/peer"))
ap.add_argument("--runs", type=int, default=15)
ap.add_argument("--no-testssl", action="store_true", help="leave testssl out: it takes half a minute an endpoint")
args = ap.parse_args()
pqmap = os.path.abspath(args.pqmap)
BASE = 24000
N_PORTS = 50
repo = pathlib.Path(__file__).resolve().parents[2]


def line(name, **kw):
    print(json.dumps({"name": name, **kw}), flush=True)


def wanted(name):
    return args.only in ("", name)


def median(v):
    return sorted(v)[len(v) // 2]


def enter_namespace():
    if os.environ.get("PQMAP_NETNS"):
        return
    if os.geteuid() != 0 or subprocess.run(["unshare", "--net", "true"], capture_output=True).returncode != 0:
        line("probe", skipped="needs a network namespace of its own: run as root")
        sys.exit(0)
    os.environ["PQMAP_NETNS"] = "1"
    os.execvp("unshare", ["unshare", "--net", "sh", "-c",
                          "ip link set lo up; sysctl -qw net.ipv4.ip_local_port_range='1024 65535' "
                          "net.core.somaxconn=65535 net.ipv4.tcp_max_syn_backlog=65535 || true; exec \"$0\" \"$@\"",
                          sys.executable, *sys.argv])


def opens():
    """Passive opens: connections that servers of this namespace accepted."""
    rows = pathlib.Path("/proc/net/snmp").read_text().splitlines()
    tcp = [r.split()[1:] for r in rows if r.startswith("Tcp:")]
    return int(dict(zip(*tcp))["PassiveOpens"])


def timed(argv, **kw):
    before, t0 = opens(), time.monotonic()
    p = subprocess.Popen(argv, stdout=kw.pop("stdout", subprocess.DEVNULL), stderr=subprocess.DEVNULL, **kw)
    out = p.stdout.read() if p.stdout else b""
    _, status, usage = os.wait4(p.pid, 0)
    p.returncode = os.waitstatus_to_exitcode(status)
    return {"s": time.monotonic() - t0, "cpu": usage.ru_utime + usage.ru_stime, "rss": usage.ru_maxrss * 1024,
            "conns": opens() - before, "out": out, "code": p.returncode}


def make_certs(tmp):
    for name, alg in (("rsa", ["rsa:2048"]), ("ecdsa", ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"])):
        subprocess.run(["openssl", "req", "-x509", "-newkey", *alg, "-nodes", "-subj", f"/CN={name}.bench.test",
                        "-keyout", f"{tmp}/{name}.key", "-out", f"{tmp}/{name}.pem", "-days", "30"],
                       check=True, capture_output=True)


def start_nginx(tmp, n_ports, host=""):
    """nginx with one worker; returns (master, worker's pid)."""
    listens = "".join(f"server {{ listen {host}{BASE + i} ssl backlog=65535; "
                      "location / { return 200; } }\n" for i in range(n_ports))
    conf = pathlib.Path(tmp) / "nginx.conf"
    conf.write_text(f"""daemon off; worker_processes 1; pid {tmp}/nginx.pid; error_log /dev/null crit;
worker_rlimit_nofile 20000;
events {{ worker_connections 16000; }}
http {{ access_log off; ssl_protocols TLSv1.2 TLSv1.3;
ssl_certificate {tmp}/rsa.pem; ssl_certificate_key {tmp}/rsa.key;
ssl_certificate {tmp}/ecdsa.pem; ssl_certificate_key {tmp}/ecdsa.key;
{listens}}}
""")
    p = subprocess.Popen(["nginx", "-p", tmp, "-c", str(conf)], stderr=subprocess.DEVNULL)
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", BASE), 1).close()
            break
        except OSError:
            time.sleep(0.05)
    worker = subprocess.run(["pgrep", "-P", str(p.pid)], capture_output=True).stdout.split()
    return p, int(worker[0])


def cpu_of(pid):
    f = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(f[11]) + int(f[12])) / os.sysconf("SC_CLK_TCK")


def probe(targets, *more, program=(pqmap,)):
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as f:
        f.write("\n".join(targets) + "\n")
        f.flush()
        # Into a file: a child's largest resident size begins with its parent's, which has to stay small.
        with tempfile.NamedTemporaryFile("rb", suffix=".jsonl") as out:
            r = timed([*program, "scan", "@" + f.name, "-o", "jsonl=" + out.name, "--rate", "0", "--quiet", *more])
            return {**r, "reach": collections.Counter(
                re.search(rb'"reach":"([a-z]+)"', l)[1].decode() for l in out if l.startswith(b'{"type":"endpoint"'))}


def count(r, key="answered"):
    return r["reach"][key]


def bench_one(tmp):
    times = []
    for _ in range(args.runs * 2):
        r = timed([pqmap, "probe", f"tls:127.0.0.1:{BASE}", "-o", "json", "--rate", "0"], stdout=subprocess.PIPE)
        times.append(r["s"])
    line("probe-one", unit="ms", min=round(min(times) * 1e3, 2), median=round(median(times) * 1e3, 2),
         connections=r["conns"], goal="<= 15")
    if shutil.which("sslscan"):
        s = [timed(["sslscan", "--no-colour", f"127.0.0.1:{BASE}"]) for _ in range(3)]
        line("probe-one-sslscan", unit="ms", median=round(median([x["s"] for x in s]) * 1e3, 1),
             connections=s[0]["conns"])


def bench_connections():
    for profile, goal in (("quick", 6), ("hndl", 12), ("full", 24)):
        r = timed([pqmap, "probe", f"tls:127.0.0.1:{BASE}", "-o", "json", "--rate", "0", "--profile", profile])
        line("probe-connections", profile=profile, value=r["conns"], goal=f"<= {goal}" +
             (" plus suite order" if profile == "full" else ""))


def bench_fleet(worker):
    ports = [f"tls:127.0.0.1:{BASE + i}" for i in range(N_PORTS)]
    ours, before = [], cpu_of(worker)
    for _ in range(5):
        ours.append(probe(ports, "--concurrent", "50"))
    server = (cpu_of(worker) - before) / (5 * N_PORTS)
    best = N_PORTS / median([r["s"] for r in ours])
    line("probe-fleet", endpoints=N_PORTS, per_s=round(best, 1), answered=count(ours[0]),
         conns=ours[0]["conns"], server_cpu_ms=round(server * 1e3, 2))
    if shutil.which("sslscan"):
        before = cpu_of(worker)
        r = timed(["sh", "-c", f"seq {BASE} {BASE + N_PORTS - 1} | xargs -P 1 -I P sslscan --no-colour 127.0.0.1:P"])
        line("probe-vs-sslscan", per_s=round(N_PORTS / r["s"], 2), conns=r["conns"],
             server_cpu_ms=round((cpu_of(worker) - before) / N_PORTS * 1e3, 1),
             value=round(best * r["s"] / N_PORTS, 1), goal=">= 50")
    if shutil.which("nmap"):
        r = timed(["nmap", "-Pn", "-n", "-p", f"{BASE}-{BASE + N_PORTS - 1}", "--script",
                   "+ssl-enum-ciphers,+ssl-cert", "127.0.0.1"])
        line("probe-vs-nmap", per_s=round(N_PORTS / r["s"], 2), conns=r["conns"],
             value=round(best * r["s"] / N_PORTS, 1), goal=">= 10")


def bench_rate(worker):
    os.sched_setaffinity(worker, {1} if os.cpu_count() > 1 else {0})
    pin = ("taskset", "-c", "0", pqmap)
    for name, profile, goal, n in (("probe-lists", "quick", 2000, 10000), ("probe-hndl", "hndl", 400, 3000)):
        targets = [f"tls:127.{1 + i // 62500}.{i // 250 % 250}.{1 + i % 250}:{BASE}" for i in range(n)]
        before = cpu_of(worker)
        r = probe(targets, "--concurrent", "1000", "--profile", profile, program=pin)
        server = (cpu_of(worker) - before) / n
        line(name, profile=profile, endpoints=n, answered=count(r), per_s=round(n / r["s"], 1), conns=r["conns"],
             conns_per_s=round(r["conns"] / r["s"]), cpu_ms_each=round(r["cpu"] / n * 1e3, 3),
             server_cpu_ms=round(server * 1e3, 2), load=round(os.getloadavg()[0], 2),
             rss_mib=round(r["rss"] / 2**20, 1), goal=f">= {goal}/s")


TARPIT = """
import asyncio, sys, resource
resource.setrlimit(resource.RLIMIT_NOFILE, (20000, 20000))
async def main():
    async def hold(r, w):
        try:
            await asyncio.sleep(float(sys.argv[2]))
        finally:
            w.close()
    s = await asyncio.start_server(hold, '0.0.0.0', int(sys.argv[1]), backlog=65535)
    print('ready', flush=True)
    async with s:
        await asyncio.sleep(float(sys.argv[2]))
asyncio.run(main())
"""


def start_tarpit(port, seconds):
    p = subprocess.Popen([sys.executable, "-c", TARPIT, str(port), str(seconds)], stdout=subprocess.PIPE)
    p.stdout.readline()
    return p


def bench_stalled():
    p = start_tarpit(BASE + 900, 120)
    try:
        n = 10000
        targets = [f"tls:127.{2 + i // 62500}.{i // 250 % 250}.{1 + i % 250}:{BASE + 900}" for i in range(n)]
        r = probe(targets, "--concurrent", "10000", "--timeout", "8")
        line("probe-stalled", endpoints=n, silent=count(r, "silent"), s=round(r["s"], 2), code=r["code"],
             rss_mib=round(r["rss"] / 2**20, 1), goal="<= 48 MiB")
    finally:
        p.kill()


def bench_tarpits():
    p = start_tarpit(BASE + 900, 200)
    try:
        n = 10000
        targets = [f"tls:127.{3 + i // 62500}.{i // 250 % 250}.{1 + i % 250}:{BASE + (900 if i % 10 < 3 else 0)}"
                   for i in range(n)]
        r = probe(targets, "--concurrent", "1000", "--timeout", "8")
        line("probe-tarpits", endpoints=n, answered=count(r), silent=count(r, "silent"), s=round(r["s"], 2),
             rss_mib=round(r["rss"] / 2**20, 1), goal="<= 60 s")
    finally:
        p.kill()


PEERS = [  # offset, words, posture, leaf algorithms that a reader of everything finds
    (0, "nginx, hybrid offered, RSA+ECDSA", "offered", {"RSA", "EC"}),
    (1, "nginx, three hybrids, RSA+ECDSA+ML-DSA", "offered", {"RSA", "EC", "ML-DSA"}),
    (2, "SecP384r1MLKEM1024 only, ML-DSA-65", "only", {"ML-DSA"}),
    (3, "ML-KEM only, ML-DSA-44", "only", {"ML-DSA"}),
    (4, "MLKEM512 only, ML-DSA-87", "only", {"ML-DSA"}),
    (5, "TLS 1.2 only", "absent", {"RSA"}),
    (13, "hybrid enforced", "enforced", {"RSA"}),
]


def peer_says(argv, port):
    r = timed([a.replace("PORT", str(port)) for a in argv], stdout=subprocess.PIPE)
    t = r["out"].decode("utf-8", "replace")
    kem = bool(re.search(r"MLKEM|ML-KEM", t, re.I))
    certs = {name for name, pattern in (("RSA", r"RSA key strength|rsaEncryption|RSA Key Strength|RSA \d{4} bits"),
                                        ("EC", r"id-ecPublicKey|ECC Curve|EC \d{3} bits|Public Key type: ec"),
                                        ("ML-DSA", r"ML-?DSA")) if re.search(pattern, t)}
    return {"sees_ml_kem": kem, "leaves": sorted(certs), "s": round(r["s"], 2), "conns": r["conns"], "code": r["code"]}


def bench_truth():
    peer = os.path.abspath(args.peer)
    script = repo / "../shared/peers/trixie-peer.sh"
    if not os.path.exists(f"{peer}/.made") or not script.exists():
        line("probe-truth", skipped="no Debian 13 root: PQMAP_PEER=DIR, made by .ci/peer DIR")
        return
    base = 25000
    subprocess.run(["bash", str(script), peer, "stop"], capture_output=True)
    subprocess.run(["bash", str(script), peer, "start", str(base), "300"], capture_output=True)
    try:
        for offset, words, posture, leaves in PEERS:
            port = base + offset
            r = timed([pqmap, "probe", f"tls:127.0.0.1:{port}", "-o", "json"], stdout=subprocess.PIPE)
            e = json.loads(r["out"])["endpoints"][0]
            keys = {re.sub(r"^(ML-DSA|RSA|EC|P-).*", lambda m: {"P-": "EC"}.get(m[1], m[1]), c["certificates"][0].get("key", "?"))
                    for c in e["chains"] if c.get("certificates")}
            line("probe-truth", server=words, tool="pqmap", posture=e["posture"], leaves=sorted(keys),
                 right=e["posture"] == posture and keys == leaves, s=round(r["s"], 3), conns=r["conns"])
            tools = [("sslscan", ["sslscan", "--no-colour", "127.0.0.1:PORT"]),
                     ("nmap", ["nmap", "-Pn", "-n", "-p", "PORT", "--script", "+ssl-enum-ciphers,+ssl-cert", "127.0.0.1"])]
            if not args.no_testssl:
                tools.append(("testssl", ["timeout", "120", "testssl", "--quiet", "--color", "0", "--warnings", "off",
                                          "--ip", "127.0.0.1", "-f", "-S", "localhost:PORT"]))
            for tool, argv in tools:
                if shutil.which(tool):
                    says = peer_says(argv, port)
                    line("probe-truth", server=words, tool=tool, posture="not told", **says,
                         right=set(says["leaves"]) == leaves and says["sees_ml_kem"] == (posture != "absent"))
    finally:
        subprocess.run(["bash", str(script), peer, "stop"], capture_output=True)


def main():
    enter_namespace()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    if not shutil.which("nginx"):
        line("probe", skipped="nginx is not installed")
        return
    with tempfile.TemporaryDirectory() as tmp:
        make_certs(tmp)
        nginx, worker = start_nginx(tmp, N_PORTS)
        try:
            if wanted("one"):
                bench_one(tmp)
            if wanted("connections"):
                bench_connections()
            if wanted("fleet"):
                bench_fleet(worker)
            if wanted("rate"):
                bench_rate(worker)
            if wanted("tarpits"):
                bench_tarpits()
        finally:
            nginx.terminate()
            nginx.wait()
        if wanted("stalled"):
            bench_stalled()
        if wanted("truth"):
            bench_truth()


if __name__ == "__main__":
    main()
