"""The truth table: what pqmap says of other TLS stacks against what a real client (OpenSSL 3.5) can negotiate
with them, group by group and version by version. 0 wrong, 0 missing."""
import concurrent.futures
import json
import os
import subprocess
import sys
import tempfile

import kit

sys.path.insert(0, str(kit.REPO / "tests/endpoints"))
from stacks import Stacks  # noqa: E402

BASE = 24700
GROUPS = {"X25519MLKEM768": 0x11EC, "SecP256r1MLKEM768": 0x11EB, "SecP384r1MLKEM1024": 0x11ED, "MLKEM512": 0x0200,
          "MLKEM768": 0x0201, "MLKEM1024": 0x0202, "X25519": 0x001D, "X448": 0x001E, "P-256": 0x0017, "P-384": 0x0018,
          "P-521": 0x0019, "ffdhe2048": 0x0100, "ffdhe3072": 0x0101, "ffdhe4096": 0x0102, "ffdhe6144": 0x0103,
          "ffdhe8192": 0x0104}
FAMILIES = ("rsa", "ecdsa", "eddsa", "mldsa", "composite", "slhdsa")
CAP = {"quick": 6, "hndl": 12}
# Who ends every hello that it cannot agree to without a word, other versions too: two questions are compared with
# nonsense, and each is followed by one that shows the server is still there.
WORDLESS = {"lighttpd, gnutls": 2}
PQ = {0x11EC, 0x11EB, 0x11ED, 0x0200, 0x0201, 0x0202}


def in_namespace():
    if os.environ.get("PQMAP_NETNS"):
        return True
    if os.geteuid() != 0 or subprocess.run(["unshare", "--net", "--mount", "ip", "link", "set", "lo", "up"],
                                           capture_output=True).returncode != 0:
        return False
    os.execvpe("unshare", ["unshare", "--net", "--mount", "sh", "-c", 'ip link set lo up && exec "$0" "$@"',
                           sys.executable, __file__], dict(os.environ, PQMAP_NETNS="1"))


def accepts(root, port, *options):
    """Does a real client get through?"""
    r = subprocess.run(["chroot", root, "openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-servername",
                        "localhost", *options], stdin=subprocess.DEVNULL, capture_output=True, timeout=30)
    return b"Cipher is (NONE)" not in r.stdout and b"Cipher is " in r.stdout


def truth(root, port):
    questions = {("group", c): ("-tls1_3", "-groups", n) for n, c in GROUPS.items()}
    questions |= {("version", 0x0304): ("-tls1_3",), ("version", 0x0303): ("-tls1_2",),
                  ("kex", "kex-rsa"): ("-tls1_2", "-cipher", "kRSA:@SECLEVEL=0"),
                  ("kex", "kex-dhe"): ("-tls1_2", "-cipher", "kDHE:@SECLEVEL=0"),
                  # That a client which can do both is given the hybrid, though it sent only the other share.
                  ("pq", "enforced"): ("-tls1_3", "-groups", "X25519MLKEM768:*X25519")}
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        asked = {k: pool.submit(accepts, root, port, *v) for k, v in questions.items()}
        return {k: f.result() for k, f in asked.items()}


def enforced(root, port):
    r = subprocess.run(["chroot", root, "openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-tls1_3", "-groups",
                        "X25519MLKEM768:*X25519"], stdin=subprocess.DEVNULL, capture_output=True, timeout=30)
    return b"X25519MLKEM768" in r.stdout


def posture(root, port, t):
    pq = any(t["group", c] for c in PQ)
    classical = any(t["group", c] for c in GROUPS.values() if c not in PQ) or t["version", 0x0303]
    if not pq:
        return "absent"
    if not classical:
        return "only"
    return "enforced" if enforced(root, port) else "offered"


def fact(e, key):
    return next((f["answer"] for f in e["facts"] if f["key"] == key), "missing")


def check(name, port, root):
    # Group lists of the profile `full` hold every group that OpenSSL knows.
    r = kit.run("probe", f"tls:127.0.0.1:{port}", "-o", "json", "--profile", "full", "--rate", "0", "--sni",
                "localhost", "--timeout", "20")
    e = json.loads(kit.out(r))["endpoints"][0]
    t = truth(root, port)
    said = {(o["kind"], int(o["code"], 16)): o["answer"] for o in e["offers"] if o["kind"] == "version"}
    said |= {("group", int(o["code"], 16)): o["answer"] for o in e["offers"]
             if o["kind"] == "group" and o.get("version") in (None, "0x0304", "TLS 1.3")}
    said |= {("kex", f["key"]): f["answer"] for f in e["facts"] if f["key"].startswith("kex-")}
    wrong, missing, n = [], [], 0
    for key, is_so in t.items():
        if key[0] == "pq":
            continue
        n += 1
        answer = said.get(key, "missing")
        # No TLS 1.3 at all: nobody asks for its groups, and that is told by the version.
        if key[0] == "group" and not is_so and said.get(("version", 0x0304)) == "no":
            continue
        if answer not in ("yes", "no"):
            missing.append((key, answer, is_so))
        elif (answer == "yes") != is_so:
            wrong.append((key, answer, is_so))
    kit.ok(not wrong, f"{name}: {n} facts, {len(wrong)} wrong", str(wrong))
    kit.ok(not missing, f"{name}: {len(missing)} missing", str(missing))
    open_ones = [(o["kind"], o["name"], o["answer"]) for o in e["offers"] if o["answer"] not in ("yes", "no")]
    open_ones += [(f["key"], f["answer"]) for f in e["facts"] if f["answer"] not in ("yes", "no")]
    kit.ok(e["complete"] and not open_ones, f"{name}: full is complete, nothing left open",
           f"complete {e['complete']} {open_ones}")
    if t["version", 0x0304]:
        held = {f: fact(e, "certificate-" + f) for f in FAMILIES}
        kit.ok(held == dict.fromkeys(FAMILIES, "no") | {"rsa": "yes"}, f"{name}: an RSA certificate and no other",
               str(held))
    want = posture(root, port, t)
    kit.ok(e["posture"] == want, f"{name}: posture {e['posture']}", f"a real client says {want}")
    keys = [c["certificates"][0].get("key", "") for c in e["chains"] if c.get("certificates")]
    kit.ok(any("RSA-2048" in k for k in keys), f"{name}: its RSA-2048 chain is read", str(keys))
    for profile in ("quick", "hndl"):
        r = kit.run("probe", f"tls:127.0.0.1:{port}", "-o", "json", "--profile", profile, "--rate", "0", "--sni",
                    "localhost")
        e = json.loads(kit.out(r))["endpoints"][0]
        opened, most = e["timing"]["connections"], CAP[profile] + WORDLESS.get(name, 0)
        kit.ok(e["posture"] == want and e["complete"], f"{name}: {profile} agrees",
               f"{e['posture']} {e.get('posture_how')}, complete {e['complete']}")
        kit.ok(opened <= most, f"{name}: {profile} takes {opened} connections", f"at most {most}")


def main():
    root = os.environ.get("PQMAP_PEER", str(kit.REPO / "build/peer"))
    if not os.path.exists(f"{root}/.zoo"):
        kit.skip("no Debian 13 root with other servers (PQMAP_PEER, build/peer): .ci/peer makes one")
        return
    if not in_namespace():
        kit.skip("no namespace of its own here: other servers are not started")
        return
    with tempfile.TemporaryDirectory() as tmp:
        stacks = Stacks(root, tmp, BASE)
        try:
            stacks.start_all()
            for name, why in stacks.missing.items():
                kit.skip(f"{name}: {why}")
            for name, port in stacks.ports.items():
                check(name, port, root)
        finally:
            stacks.stop()
    kit.done()


if __name__ == "__main__":
    main()
