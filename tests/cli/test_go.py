#!/usr/bin/env python3
"""Go programs of fixtures/golang: what each uses, from where, and what its TLS does; objdump confirms the calls.

With Go 1.24 or later in the root that PQMAP_PEER names (.ci/peer makes one), that toolchain's programs too.
"""
import json
import os
import pathlib
import re
import shutil
import subprocess

import kit
from kit import REPO, done, ok, out, run, skip

work = pathlib.Path(os.path.dirname(kit.PQMAP)).resolve() / "golang"
peer = pathlib.Path(os.environ.get("PQMAP_PEER", REPO / "build/peer"))
TLS = {("TLS", "use")}
# Program -> families with their meaning, besides what the toolchain's TLS does.
USES = {
    "hash": set(), "server": set(), "dead": set(), "x509": set(),
    "rsa": {("RSA", "use")}, "ecdsa": {("EC", "use")}, "ed25519": {("Ed25519", "use")},
    "indirect": {("RSA", "use"), ("EC", "use"), ("Ed25519", "use"), ("DSA", "use")},
    "reflect": {("EC", "offer")}, "dial": TLS, "https": TLS, "pins": TLS, "ceiling": TLS,
    "ecdh": {("X25519", "use"), ("EC", "use")}, "mlkem": {("ML-KEM", "use")},
}


def build(go, name, *args, target="linux/amd64", programs="./...", **env):
    """The folder that holds the programs; made once for each tree of sources."""
    to = work / name
    env = {**os.environ, "PROGRAMS": programs, "GOCACHE": str(work / ("cache-" + go.parts[-3])), **env}
    if "lib/go-" in str(go):
        env["GOROOT"] = str(go.parents[1])
    r = subprocess.run(["nice", REPO / "fixtures/golang/build.sh", go, to, target, *args], env=env, capture_output=True, text=True)
    if r.returncode != 0:
        print(r.stderr[-600:])
    return to if r.returncode == 0 else None


def scan(path):
    """name of the program -> list of (finding, attributes, occurrence)."""
    r = run("scan", path, "-o", "json", timeout=300)
    got = {}
    for f in json.loads(out(r))["findings"]:
        for o in f["occurrences"]:
            if f["rule"].startswith("go."):
                name = pathlib.Path(o["path"]).name.removesuffix(".exe")
                got.setdefault(name, []).append((f, {a["key"]: a["value"] for a in o["attributes"]}, o))
    return got


def uses(rows):
    return {(f["family"], f["meaning"]) for f, _, _ in rows if not f["rule"].startswith("go.tls.")}


def verdict(rows):
    return [f["rule"] for f, a, _ in rows if f["rule"].startswith("go.tls.") and "setting" not in a]


def shape(rows):
    """What must not change when symbols are taken away or the container is another."""
    return sorted((f["rule"], f["meaning"], f["family"], f["parameter"], a.get("witness", ""), a.get("call", "")) for f, a, _ in rows)


def check_uses(label, got, wanted):
    for name, want in sorted(wanted.items()):
        have = uses(got.get(name, []))
        ok(have == want, f"{label}: {name} " + ("uses " + ", ".join(sorted(f for f, _ in want)) if want else "uses no public keys"),
           (have, [(f["why"], a.get("witness")) for f, a, _ in got.get(name, [])]))


def check_calls(label, folder, got):
    """objdump, which knows symbols, sees at each address a call of that function, or its address taken."""
    n = bad = 0
    for name, rows in got.items():
        tables = subprocess.run(["objdump", "-d", "--no-show-raw-insn", folder / name], capture_output=True, text=True).stdout
        lines = dict(re.findall(r"^ *([0-9a-f]+):\t(.*)$", tables, re.M))
        for f, a, o in rows:
            if "call" not in a:
                continue
            n += 1
            line = lines.get(a["address"][2:], "")
            if not re.search(r"(call|jmp|lea|bl|b)\s", line) or o["object"].replace("(*", "").split(".")[-1] not in line:
                bad += 1
                print("   ", name, a["address"], a["call"], line)
    ok(n > 0 and bad == 0, f"{label}: objdump shows the call at each of {n} addresses", bad)


# Program -> parameters by family, and what it fixes for its TLS.
SIZES = {"rsa": {("RSA", "3072"), ("RSA", "4096"), ("RSA", "")}, "ecdsa": {("EC", "P-384"), ("EC", "")},
         "indirect": {("RSA", "2048"), ("EC", "P-256"), ("Ed25519", ""), ("DSA", "")}}
FIXED = {"pins": [("go.tls.pin-classical", "CurvePreferences x25519, secp256r1")], "ceiling": [("go.tls.ceiling", "MaxVersion TLS 1.2")],
         "dial": [], "https": []}


def fixed(rows):
    return [(f["rule"], a["setting"]) for f, a, _ in rows if "setting" in a]


def check_arguments(label, got):
    for name, want in SIZES.items():
        have = {(f["family"], f["parameter"]) for f, _, _ in got.get(name, [])}
        ok(have == want, f"{label}: sizes and curves of {name}", have)
    for name, want in FIXED.items():
        have = fixed(got.get(name, []))
        ok(have == want, f"{label}: {name} fixes " + (want[0][1] if want else "nothing"), have)


def same(label, a, b, names):
    for name in names:
        ok(shape(a.get(name, [])) == shape(b.get(name, [])), f"{label}: {name} is read the same", (shape(a.get(name, [])), shape(b.get(name, []))))


def debian():
    go = shutil.which("go")
    if go is None:
        skip("no go here: programs of Go 1.19 are not built")
        return
    go = pathlib.Path(go).resolve()
    plain = build(go, "deb")
    ok(plain is not None, "Debian's go builds the fixtures")
    if plain is None:
        return
    got = scan(plain)
    check_uses("go", got, {k: v for k, v in USES.items() if (plain / k).exists()})
    check_calls("go", plain, got)
    check_arguments("go", got)
    version = subprocess.run([go, "version"], capture_output=True, text=True).stdout
    if "go1.19" in version:
        for name in ("dial", "https", "pins", "ceiling"):
            ok(verdict(got[name]) == ["go.tls.no-hybrid"], f"Go 1.19: {name} has no hybrid", verdict(got[name]))
    ok(not verdict(got.get("server", [])), "a server without TLS gets no verdict about it")
    some = "./rsa ./ecdsa ./dial ./https ./pins ./ceiling ./indirect ./hash"
    names = [s[2:] for s in some.split()]
    for label, args, target in (("stripped", ["-ldflags=-s -w", "-trimpath"], "linux/amd64"), ("position-independent", ["-buildmode=pie"], "linux/amd64"),
                                ("PE", ["-ldflags=-s -w"], "windows/amd64")):
        where = build(go, label, *args, target=target, programs=some)
        if ok(where is not None, f"{label}: built"):
            other = scan(where)
            if target == "linux/amd64":
                same(label, got, other, names)
            else:
                check_uses(label, other, {n: USES[n] for n in names})
                check_arguments(label, other)
    arm = build(go, "arm64", target="linux/arm64", programs=some)
    mac = build(go, "mach-o", target="darwin/arm64", programs=some)
    if ok(arm is not None and mac is not None, "AArch64: ELF and Mach-O are built"):
        for label, where in (("AArch64", arm), ("Mach-O", mac)):
            other = scan(where)
            check_uses(label, other, {n: USES[n] for n in names})
            check_arguments(label, other)
    old = build(go, "386", target="linux/386", programs=some)
    if ok(old is not None, "386: built"):
        got = scan(old)
        ok(all(m == "offer" for n in names for _, m in uses(got.get(n, []))), "386: code that is not followed is offered, not used", got)
        ok(not uses(got.get("hash", [])), "386: hash uses no public keys")


def newer():
    found = sorted(peer.glob("usr/lib/go-1.*/bin/go"), key=lambda p: int(re.search(r"go-1\.(\d+)", str(p)).group(1)))
    found = [p for p in found if int(re.search(r"go-1\.(\d+)", str(p)).group(1)) >= 24]
    if not found:
        skip("no Go 1.24 in the root that PQMAP_PEER names: its programs are not built")
        return
    go, label = found[-1], "go1.24+"
    plain = build(go, "new", MODFILE="go124.mod")
    if not ok(plain is not None, f"{label}: builds the fixtures"):
        return
    got = scan(plain)
    check_uses(label, got, USES)
    check_calls(label, plain, got)
    check_arguments(label, got)
    ok(verdict(got["dial"]) == ["go.tls.hybrid-default"], f"{label}: hybrid by default", verdict(got["dial"]))
    cases = (("go 1.19 in go.mod", "go.tls.hybrid-switched-off", {}, []),
             ("GOFIPS140=latest", "go.tls.fips-classical", {"MODFILE": "go124.mod", "GOFIPS140": "latest"}, []))
    for words, rule, env, args in cases:
        where = build(go, "new-" + rule, *args, programs="./dial", **env)
        if ok(where is not None, f"{label}: {words}: built"):
            have = verdict(scan(where).get("dial", []))
            ok(have == [rule], f"{label}: {words}: {rule}", have)


work.mkdir(parents=True, exist_ok=True)
debian()
newer()
done()
