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
    "prose.md": [],
    "cut.age": [],
}
for name, want in WANT.items():
    got, report = sealed(FIXTURES / name)
    ok(got == want, f"{name}: {len(want)} recipients", got)
    notes = [n["words"] for n in report["coverage"]["notes"]]
    ok(any("age" in n for n in notes) == (name == "cut.age"), f"{name}: notes", notes)
    ok(all(f["function"] == "pke" and f["meaning"] == "use" for f in report["findings"] if f["rule"].startswith("sealed.")),
       f"{name}: wraps a key")

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
        subprocess.run(["gpgconf", "--homedir", str(tmp / "gnupg"), "--kill", "all"], check=False)
        subprocess.run([PQMAP, "keygen", "--for", "seal", "--no-passphrase", "--out", tmp / "hyb"], check=True, capture_output=True)
        subprocess.run([PQMAP, "seal", "--to", tmp / "hyb.pub", "--out", out / "hyb.sealed", tmp / "note"], check=True, capture_output=True)
        for name, want in (("three.age", [("X25519", "")] * 3), ("rsa.gpg", [("RSA", "2048")]), ("ed.gpg", [("X25519", "")]),
                           ("nist.gpg", [("EC", "P-384")]), ("both.asc", [("RSA", "2048"), ("X25519", "")]), ("passphrase.asc", []),
                           ("hyb.sealed", [("X-Wing", "")])):
            got, report = sealed(out / name)
            ok([g[:2] for g in got] == want, f"{name} of this machine", got)
        r = run("scan", "-o", "json", out)
        ok(secret.strip() not in r.stdout, "nothing of the text")
        tasks = [t["title"] for t in json.loads(r.stdout)["plan"]["tasks"]]
        ok(any("wrap" in t for t in tasks), "the plan says to wrap again", tasks)
else:
    skip("age and gpg are not installed")
done()
