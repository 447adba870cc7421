#!/usr/bin/env python3
"""Encrypted files by their recipients: fixtures, and what age, gpg and `pqmap seal` of this machine write."""
import json
import pathlib
import shutil
import subprocess

from kit import PQMAP, REPO, done, err, ok, run, skip, tmpdir

FIXTURES = REPO / "fixtures/material-sealed"


def sealed(where):
    r = run("scan", "-o", "json", where)
    ok(r.returncode == 0, f"scan of {pathlib.Path(where).name}", err(r))
    report = json.loads(r.stdout)
    found = sorted((f["family"], f.get("parameter", ""), f["quantum"], f["rule"]) for f in report["findings"]
                   if f["rule"].startswith("sealed.") for _ in f["occurrences"])
    return found, report


WANT = {
    "x25519.age": [("X25519", "", "broken", "sealed.age")],
    "two.asc": [("X25519", "", "broken", "sealed.age")] * 2,
    "ssh-rsa.age": [("RSA", "3072", "broken", "sealed.age")],
    "ssh-ed25519.age": [("X25519", "", "broken", "sealed.age")],
    "passphrase.age": [],
    "mixed.age": [("EC", "P-256", "broken", "sealed.age"), ("X25519+ML-KEM", "768", "hybrid", "sealed.hybrid"),
                  ("unknown", "", "unknown", "sealed.age")],
    "note.sealed": [("X-Wing", "", "hybrid", "sealed.hybrid")],
    "rsa.p7m": [("RSA", "2048", "broken", "sealed.cms")],
    "ec.pem": [("EC", "P-384", "broken", "sealed.cms")],
    "two.eml": [("EC", "P-384", "broken", "sealed.cms"), ("RSA", "2048", "broken", "sealed.cms")],
    "password.p7m": [],
    "rsa.jwe": [("RSA", "3072", "broken", "sealed.jwe")],
    "ec.jwe": [("EC", "P-256", "broken", "sealed.jwe")],
    "direct.jwe": [],
    "note.enc": [],
    "note.vault": [],
    "prose.md": [],
    "cut.age": [],
}
WHOLE = {
    "x25519.age": [("age", "X25519", "")],
    "two.asc": [("age", "X25519 (2)", "")],
    "ssh-rsa.age": [("age", "RSA-3072", "")],
    "ssh-ed25519.age": [("age", "X25519", "")],
    "passphrase.age": [("age", "scrypt", "")],
    "mixed.age": [("age", "X25519+ML-KEM-768, P-256, acme-hsm", "")],
    "note.sealed": [("pqmap", "X-Wing", "")],
    "rsa.p7m": [("CMS", "RSA-2048", "AES-256-GCM")],
    "ec.pem": [("CMS", "P-384", "AES-256-CBC")],
    "two.eml": [("CMS", "RSA-2048, P-384", "AES-256-CBC")],
    "password.p7m": [("CMS", "password", "AES-256-CBC")],
    "rsa.jwe": [("JWE", "RSA-3072", "A256GCM")],
    "ec.jwe": [("JWE", "P-256", "A256GCM")],
    "direct.jwe": [("JWE", "dir", "A256GCM")],
    "note.enc": [("openssl enc", "passphrase", "")],
    "note.vault": [("Vault transit", "key in Vault", "")],
    "prose.md": [],
    "cut.age": [],
}
for name, want in WANT.items():
    got, report = sealed(FIXTURES / name)
    ok(got == want, f"{name}: {len(want)} recipients", got)
    notes = [n["words"] for n in report["coverage"]["notes"]]
    ok(len(notes) == (name == "cut.age") and all("age" in n for n in notes), f"{name}: notes", notes)
    objects = [{x["key"]: x["value"] for x in o["facts"]} for o in report["objects"] if o["kind"] == "Sealed"]
    ok([(o["format"], o["recipients"], o.get("cipher", "")) for o in objects] == WHOLE[name], f"{name}: the file itself", objects)
    ok(not objects or (objects[0]["opens"] == "private key") == bool(want), f"{name}: what opens it", objects)
    at_rest = [u["vector"] for a in report["assessment"]["assets"] for u in a["uses"] if "/U:W/" in u["vector"]]
    ok(bool(at_rest) == any(w[2] == "broken" for w in want), f"{name}: at rest", at_rest)
    ok(all(f["function"] == "pke" and f["meaning"] == "use" for f in report["findings"] if f["rule"].startswith("sealed.")),
       f"{name}: wraps a key")



def tlv(tag, *parts):
    body = b"".join(parts)
    n = len(body)
    size = bytes([n]) if n < 128 else bytes([0x80 | (n.bit_length() + 7) // 8]) + n.to_bytes((n.bit_length() + 7) // 8, "big")
    return bytes([tag]) + size + body


def number(dotted):
    a, b, *rest = map(int, dotted.split("."))
    out = b""
    for v in [40 * a + b, *rest]:
        part = bytes([v & 127])
        while v := v >> 7:
            part = bytes([v & 127 | 128]) + part
        out += part
    return tlv(6, out)


def enveloped(*recipients, cut=None, kind="1.2.840.113549.1.7.3", open_end=False):
    """A ContentInfo as RFC 5652 §3 and §6.1 say."""
    content = tlv(0x30, number("1.2.840.113549.1.7.1"), tlv(0x30, number("2.16.840.1.101.3.4.1.42"), tlv(4, bytes(16))), tlv(0x80, bytes(64)))
    if open_end:  # indefinite lengths, down to the set of recipients
        return (b"0\x80" + number(kind) + b"\xa0\x80" + b"0\x80" + tlv(2, b"\2") + b"1\x80" + b"".join(recipients) + bytes(2) +
                content + bytes(6))[:cut]
    return tlv(0x30, number(kind), tlv(0xa0, tlv(0x30, tlv(2, b"\2"), tlv(0x31, *recipients), content)))[:cut]


SKI = tlv(0x80, bytes(20))
WRAP = tlv(0x30, number("2.16.840.1.101.3.4.1.45"))
KEK = tlv(0xa2, tlv(2, b"\4"), tlv(0x30, tlv(4, b"id")), WRAP, tlv(4, bytes(40)))


def kem(oid, n):
    kdf = tlv(0x30, number("1.2.840.113549.1.9.16.3.28"))
    info = tlv(0x30, tlv(2, b"\0"), SKI, tlv(0x30, number(oid)), tlv(4, bytes(n)), kdf, tlv(2, b"\x20"), WRAP, tlv(4, bytes(40)))
    return tlv(0xa4, number("1.2.840.113549.1.9.16.13.3"), info)


def agree(key_oid, bits, params=b"", n=1):
    key = tlv(0xa1, tlv(0x30, number(key_oid), params), tlv(3, b"\0", bits))
    keys = [tlv(0x30, tlv(0xa0, tlv(4, bytes(20))), tlv(4, bytes(32) + bytes([i]))) for i in range(n)]
    return tlv(0xa1, tlv(2, b"\3"), tlv(0xa0, key), tlv(0x30, number("1.3.132.1.11.1"), WRAP), tlv(0x30, *keys))


MADE = {  # by the text of the RFCs: no program of this machine writes them
    "ml-kem.p7m": (enveloped(kem("2.16.840.1.101.3.4.4.2", 1088)), [("ML-KEM", "768", "safe", "sealed.hybrid")]),
    "rsa-kem.p7m": (enveloped(kem("1.0.18033.2.2.4", 384)), [("RSA", "3072", "broken", "sealed.cms")]),
    "composite-kem.p7m": (enveloped(kem("1.3.6.1.5.5.7.6.59", 1153)), [("EC+ML-KEM", "P-256+768", "hybrid", "sealed.hybrid")]),
    "auth.p7m": (enveloped(kem("2.16.840.1.101.3.4.4.3", 1568), kind="1.2.840.113549.1.9.16.1.23"),
                 [("ML-KEM", "1024", "safe", "sealed.hybrid")]),
    "x25519.p7m": (enveloped(agree("1.3.101.110", bytes(32), n=2)), [("X25519", "", "broken", "sealed.cms")] * 2),
    "named-curve.p7m": (enveloped(agree("1.2.840.10045.2.1", b"\4" + bytes(64), number("1.2.840.10045.3.1.7"))),
                        [("EC", "P-256", "broken", "sealed.cms")]),
    "kek.p7m": (enveloped(KEK), []),
    "open-ends.p7m": (enveloped(KEK, agree("1.3.101.111", bytes(56)), open_end=True), [("X448", "", "broken", "sealed.cms")]),
    "cut-content.p7m": (enveloped(agree("1.3.101.110", bytes(32)), cut=-40), [("X25519", "", "broken", "sealed.cms")]),
}
HOSTILE = {
    "cut.p7m": enveloped(agree("1.3.101.110", bytes(32)), cut=90),
    "deep.p7m": b"0\x80" + number("1.2.840.113549.1.7.3") + b"\xa0\x80" + b"0\x80" + tlv(2, b"\2") + b"1\x80" + b"0\x80" * 5000,
    "many.p7m": enveloped(*[KEK] * 1001),
    "tag.p7m": enveloped(tlv(0xa9, b"x")),
}
with tmpdir() as tmp:
    tmp = pathlib.Path(tmp)
    for name, (body, want) in MADE.items():
        (tmp / name).write_bytes(body)
        got, report = sealed(tmp / name)
        ok(got == want and not report["coverage"]["notes"], f"{name}: recipients", (got, report["coverage"]["notes"]))
    for name, body in HOSTILE.items():
        (tmp / name).write_bytes(body)
        got, report = sealed(tmp / name)
        notes = report["coverage"]["notes"]
        ok(got == [] and len(notes) == 1 and "CMS" in notes[0]["words"], f"{name}: one note", (got, notes))
    # Armour that is longer than an armour may be: its recipients are in front.
    text = (FIXTURES / "two.asc").read_text().splitlines()
    with open(tmp / "long.asc", "w") as f:
        f.write("\n".join(text[:-2]) + "\n")
        for _ in range(33):
            f.write(("A" * 64 + "\n") * 16384)
        f.write(text[-1] + "\n")
    got, report = sealed(tmp / "long.asc")
    ok(got == WANT["two.asc"], "armour of 33 MiB: recipients in front", got)

if shutil.which("age") and shutil.which("gpg"):
    with tmpdir() as tmp:
        tmp = pathlib.Path(tmp)
        secret = b"a sentence that must not appear in any report\n"
        (tmp / "note").write_bytes(secret * 4000)
        keys = [subprocess.run(["age-keygen", "-o", tmp / f"k{i}"], capture_output=True, check=True).stderr.split()[-1].decode()
                for i in range(3)]
        out = tmp / "out"
        out.mkdir()
        subprocess.run(["age", *sum((["-r", k] for k in keys), []), "-o", out / "three.age", tmp / "note"], check=True)
        gpg = ["gpg", "--homedir", str(tmp / "gnupg"), "--batch", "--quiet", "--yes", "--pinentry-mode", "loopback",
               "--passphrase", "x", "--trust-model", "always", "--auto-key-locate", "clear,local", "--disable-dirmngr"]
        (tmp / "gnupg").mkdir(mode=0o700)
        for algo, name, below in (("rsa2048", "rsa", "rsa2048"), ("future-default", "ed", ""), ("nistp384", "nist", "nistp384")):
            subprocess.run([*gpg, "--quick-gen-key", f"{name}@example.org", algo, "sign" if below else "default"], check=True,
                           capture_output=True)
            listing = subprocess.run([*gpg, "--with-colons", "--list-keys", f"{name}@example.org"], check=True, capture_output=True,
                                     text=True)
            fpr = next(x.split(":")[9] for x in listing.stdout.splitlines() if x.startswith("fpr"))
            if below:
                subprocess.run([*gpg, "--quick-add-key", fpr, below, "encr"], check=True, capture_output=True)
        for name in ("rsa", "ed", "nist"):
            subprocess.run([*gpg, "-r", f"{name}@example.org", "-o", out / f"{name}.gpg", "-e", tmp / "note"], check=True)
        subprocess.run([*gpg, "-a", "-r", "rsa@example.org", "-r", "ed@example.org", "-o", out / "both.asc", "-e", tmp / "note"], check=True)
        subprocess.run([*gpg, "-a", "-c", "-o", out / "passphrase.asc", tmp / "note"], check=True)
        subprocess.run([*gpg, "-c", "-o", out / "passphrase.gpg", tmp / "note"], check=True)
        subprocess.run(["gpgconf", "--homedir", str(tmp / "gnupg"), "--kill", "all"], check=False)
        subprocess.run([PQMAP, "keygen", "--for", "seal", "--no-passphrase", "--out", tmp / "hyb"], check=True, capture_output=True)
        subprocess.run([PQMAP, "seal", "--to", tmp / "hyb.pub", "--out", out / "hyb.sealed", tmp / "note"], check=True, capture_output=True)
        for name, want in (("three.age", [("X25519", "")] * 3), ("rsa.gpg", [("RSA", "2048")]), ("ed.gpg", [("X25519", "")]),
                           ("nist.gpg", [("EC", "P-384")]), ("both.asc", [("RSA", "2048"), ("X25519", "")]), ("passphrase.asc", []),
                           ("passphrase.gpg", []),
                           ("hyb.sealed", [("X-Wing", "")])):
            got, report = sealed(out / name)
            ok([g[:2] for g in got] == want, f"{name} of this machine", got)
            objects = [o for o in report["objects"] if o["kind"] == "Sealed"]
            ok(len(objects) == 1, f"{name} of this machine: the file itself", objects)
        r = run("scan", "-o", "json", out)
        ok(secret.strip() not in r.stdout, "nothing of the text")
        tasks = [t["title"] for t in json.loads(r.stdout)["plan"]["tasks"]]
        ok(any("wrap" in t for t in tasks), "the plan says to wrap again", tasks)
else:
    skip("age and gpg are not installed")
done()
