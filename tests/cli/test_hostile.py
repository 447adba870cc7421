#!/usr/bin/env python3
"""Truncated, oversized, deep and lying input, under sanitizers: a line in coverage each, and the rest intact."""
import json
import os
import pathlib
import random
import struct
import subprocess

from kit import PQMAP_SAN, done, err, ok, out, run, tmpdir


def sh(*argv):
    return subprocess.run(argv, check=True, capture_output=True).stdout


def der(tag, body):
    n = len(body)
    return bytes([tag]) + (bytes([n]) if n < 128 else bytes([0x80 + (n.bit_length() + 7) // 8])
                           + n.to_bytes((n.bit_length() + 7) // 8, "big")) + body


def deep_der(levels):
    b = b"\x05\x00"
    for _ in range(levels):
        b = der(0x30, b)
    return b


with tmpdir() as tmp:
    tmp = pathlib.Path(tmp)
    t = tmp / "tree"
    t.mkdir()
    sh("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=t", "-days", "9", "-keyout", str(t / "good.key"),
       "-out", str(t / "good.crt"))
    crt = (t / "good.crt").read_bytes()
    key = (t / "good.key").read_bytes()
    raw = sh("openssl", "x509", "-in", str(t / "good.crt"), "-outform", "DER")
    rng = random.Random(7)
    expected_notes = set()

    def put(name, data, noted=False):
        (t / name).write_bytes(data)
        if noted:
            expected_notes.add(name)

    lines = crt.splitlines(keepends=True)
    put("cut-body.pem", b"".join(lines[:8]) + lines[-1], True)
    put("no-end.pem", b"".join(lines[:-1])[:-200], True)
    put("bad-base64.pem", lines[0] + lines[1] + b"!!!!" + b"".join(lines[2:]), True)
    put("wrong-content.pem", crt.replace(b"CERTIFICATE", b"RSA PRIVATE KEY"), True)
    put("lying-length.pem", lines[0] + __import__("base64").encodebytes(b"\x30\x84\xff\xff\xff\xff" + raw[4:]) + lines[-1], True)
    put("deep.der", deep_der(5000))
    put("deep.pem", b"-----BEGIN CERTIFICATE-----\n" + __import__("base64").encodebytes(deep_der(2000)) + b"-----END CERTIFICATE-----\n", True)
    put("lying.der", b"\x30\x82\xff\xff" + raw[4:])
    for i in range(0, len(raw), 97):
        put(f"prefix-{i}.der", raw[:i])
    put("elf-cut", b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HHIQQQIHHHHHH", 3, 62, 1, 0, 64, 1 << 60, 0, 64, 56, 65535, 64, 65535, 3), True)
    prog = pathlib.Path("/bin/true").read_bytes()
    put("elf-half", prog[:len(prog) // 2], True)
    mangled = bytearray(prog)
    for _ in range(2000):
        mangled[rng.randrange(64, len(mangled))] = rng.randrange(256)
    put("elf-mangled", bytes(mangled))
    put("jks", b"\xfe\xed\xfe\xed" + struct.pack(">II", 2, 1 << 30) + bytes(40), True)
    put("yaml-deep.yaml", b"apiVersion: v1\nkind: Secret\ndata: " + b"[" * 5000, True)
    put("yaml-bomb.yaml", b"apiVersion: v1\nkind: ConfigMap\na: &a [1,1,1,1,1,1,1,1,1]\n" + b"".join(
        f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 9)}]\n".encode() for i in range(9)), True)
    put("yaml-cut.yaml", b"apiVersion: v1\nkind: Secret\ndata:\n  tls.crt: \"abc\n", True)
    put("json-deep.json", b'{"kty":' * 20000)
    put("pgp-lying.gpg", b"\x99\xff\xff\x04" + bytes(200))
    put("ssh-lying.pub", b"ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAB//////////8=\n")
    put("p12-lying.p12", der(0x30, der(2, b"\x03") + b"\x30\x83\xff\xff\xff"))
    put("many-begins.txt", b"-----BEGIN CERTIFICATE-----\n" * 60000)
    put("many-sequences.bin", b"\x30\x82\x01\x00\x30\x82\x00\xf0\x02" * 60000)
    put("many-kty.json", b'{"kty":"RSA","n":"AQAB"},' * 40000)
    put("nul-and-nl\n.pem", b"\0" * 100 + key)
    with open(t / "long-line.yaml", "wb") as f:
        f.write(b"apiVersion: v1\nkind: ConfigMap\ndata:\n  x: " + b"A" * (3 << 20) + b"\n")
    with open(t / "huge-body.pem", "wb") as f:
        f.write(b"-----BEGIN CERTIFICATE-----\n" + b"QUFB" * (10 << 20) + b"\n-----END CERTIFICATE-----\n")
    expected_notes.add("huge-body.pem")

    r = run("scan", t, "-o", "json", "--now", "2027-01-01", program=PQMAP_SAN, timeout=300)
    ok(r.returncode == 0, "the scan goes on through all of it, sanitizers silent", err(r)[-1500:])
    doc = json.loads(out(r)) if r.returncode == 0 else {"coverage": {"notes": []}, "findings": []}
    noted = {os.path.basename(n["path"].split(" › ")[0]) for n in doc["coverage"]["notes"]}
    ok(expected_notes <= noted, "each broken thing has a line in coverage", sorted(expected_notes - noted))
    ok(all(n["words"] and n["reason"] for n in doc["coverage"]["notes"]), "and every line says why")
    good = [f for f in doc["findings"] for o in f["occurrences"] if o["path"].endswith(("good.crt", "good.key"))]
    ok({f["meaning"] for f in good} == {"key", "cert"}, "the good ones beside them are found", good)
    per_file = {}
    for n in doc["coverage"]["notes"]:
        per_file[n["path"]] = per_file.get(n["path"], 0) + 1
    ok(max(per_file.values(), default=0) <= 100, "no file floods coverage", sorted(per_file.items(), key=lambda x: -x[1])[:3])

    # a tree deeper than PATH_MAX
    deep = tmp / "deep"
    deep.mkdir()
    fd = os.open(deep, os.O_RDONLY)
    for _ in range(1100):
        os.mkdir("d" * 8, dir_fd=fd)
        nfd = os.open("d" * 8, os.O_RDONLY, dir_fd=fd)
        os.close(fd)
        fd = nfd
    os.close(fd)
    r = run("scan", deep, t / "good.crt", "-o", "json", program=PQMAP_SAN)
    ok(r.returncode == 0 and json.loads(out(r))["coverage"]["over_limit"] == 1, "a tree of 1,100 levels hits its limit and is told", err(r)[-300:])
    r = run("scan", t / "good.crt", "-o", "json", program=PQMAP_SAN, env={"PQMAP_CPU": "c"})
    ok(r.returncode == 0 and '"family": "RSA"' in out(r), "the portable sweep finds the same", err(r)[-300:])

    # broken rules are usage errors with file and line
    rules = tmp / "rules"
    subprocess.run(["cp", "-r", "rules", str(rules)], check=True)
    (rules / "extra.yaml").write_text("- id: a.b\n  why: x\n- why: no id\n")
    r = run("scan", t / "good.crt", "--rules", rules)
    ok(r.returncode == 2 and "extra.yaml:3" in err(r), "a rule without id: usage error with file and line", err(r))
    (rules / "extra.yaml").write_text("- id: a.b\n  why: [x\n")
    r = run("scan", t / "good.crt", "--rules", rules)
    ok(r.returncode == 2 and "extra.yaml:" in err(r), "a rule file that is no YAML: file and line", err(r))
    (rules / "extra.yaml").write_text("- id: alg.rsa\n  why: twice\n")
    r = run("scan", t / "good.crt", "--rules", rules)
    ok(r.returncode == 2 and "taken" in err(r), "an id used twice is refused", err(r))
done()
