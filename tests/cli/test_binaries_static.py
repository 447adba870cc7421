#!/usr/bin/env python3
"""Programs with their cryptographic library linked in: which library, what it holds, what the program calls of it."""
import collections
import json
import os
import pathlib
import sys

from kit import REPO, done, err, ok, run, skip, tmpdir

sys.dont_write_bytecode = True
sys.path.insert(0, str(REPO / "fixtures/binaries"))
import make  # noqa: E402
import score  # noqa: E402

VARIANTS = ("gcc-O2-mix-pie-x64", "clang-Os-full-nopie-x64", "gcc-O0-mix-pie-a64")
PROGRAMS = {
    "openssl": ("rsa-gen", "rsa-ctx", "rsa-wrap", "rsa-old", "ecdsa-old", "ecdh-evp", "ed25519", "dh-group", "tls-client",
                "tls-groups", "dead", "c-hash", "c-aes", "c-random"),
    "mbedtls": ("rsa", "ecdsa", "ecdh", "c-hash", "c-gcm"),
    "wolfssl": ("rsa", "ecc", "x25519", "c-hash"),
    "sodium": ("box", "sign", "c-hash", "c-secretbox"),
    "gcrypt": ("rsa", "ecc", "c-md"),
    "nettle": ("rsa", "ecdsa", "ed25519", "c-sha", "c-aes"),
}
TITLE = {"openssl": "OpenSSL", "mbedtls": "mbed TLS", "wolfssl": "wolfSSL", "sodium": "libsodium", "gcrypt": "Libgcrypt",
         "nettle": "Nettle"}
# What code that is linked in must show by its constants alone (families; any of them).
HOLDS = {("mbedtls", "ecdsa"): {"EC"}, ("mbedtls", "ecdh"): {"EC"}, ("wolfssl", "ecc"): {"EC"}, ("gcrypt", "ecc"): {"EC"},
         ("sodium", "sign"): {"Ed25519", "X25519", "EC"}, ("sodium", "box"): {"X25519", "Ed25519", "EC"},
         ("nettle", "ecdsa"): {"EC"}, ("nettle", "ed25519"): {"Ed25519", "X25519", "EC"}, ("openssl", "ecdsa-old"): {"EC"},
         ("openssl", "dh-group"): {"DH"}, ("openssl", "ed25519"): {"Ed25519", "X25519", "EC"}}
# Archives from which the linker takes object by object: who only hashes holds no curve.
GRANULAR = {("mbedtls", "c-hash"), ("mbedtls", "c-gcm"), ("nettle", "c-sha"), ("nettle", "c-aes")}
# What holds today; these numbers only go up.
NAMED = {"openssl": 1.0}
HELD, RECALL, PARAMETERS = 1.0, 0.0, 0.0


def plain(words):
    return "".join(c for c in words.lower() if c.isalnum())


def main(tree):
    root = make.arm64_root()
    jobs = []
    for variant in VARIANTS:
        some, left = make.plan(variant=variant, root=root)
        some = [j for j in some if j[1]["name"] in PROGRAMS.get(j[1]["lib"], ())]
        jobs += some
        if not some:
            skip(f"{variant}: {', '.join(sorted(left))}")
    rows, failed = make.make(tree, jobs, os.cpu_count())
    ok(not failed, f"{len(rows)} programs are linked with their libraries inside", failed[:3])
    if not rows:
        return skip("no static library here")
    report = pathlib.Path(tree) / "report.json"
    r = run("scan", pathlib.Path(tree) / "bin", "-o", f"json={report}", timeout=300)
    ok(report.exists(), "they are scanned", err(r))
    scan = score.Scan(json.loads(report.read_text()), tree)

    named, of, bare, held, holders, curves = collections.Counter(), collections.Counter(), [], 0, 0, []
    unheld = []
    for row in rows:
        for s in ("", ".strip"):
            found = scan.by_path.get(row["path"] + s, [])
            texts = [plain(f["attributes"].get("library", "")) for f in found] + [plain(f["family"]) for f in found]
            of[row["lib"]] += 1
            named[row["lib"]] += any(plain(TITLE[row["lib"]]) in t for t in texts)
            bare += [f"{row['path']}{s}: {f['rule']}" for f in found if f["meaning"] == "use" and "call" not in f["attributes"]]
            key = (row["lib"], row["program"])
            if key in HOLDS:
                holders += 1
                hit = any(f["family"] in HOLDS[key] for f in found)
                held += hit
                unheld += [] if hit else [row["path"] + s]
            if key in GRANULAR:
                curves += [f"{row['path']}{s}: {f['family']} by {f['rule']}" for f in found if f["family"] in score.NAMED]
    for lib in sorted(of):
        print(f"  {lib:8} named in {named[lib]} of {of[lib]} files")
        ok(named[lib] >= NAMED.get(lib, 0) * of[lib], f"{TITLE[lib]} inside is named in at least {NAMED.get(lib, 0):.0%}")
    ok(not bare, "no constant alone is a use", bare[:4])
    ok(held >= HELD * holders, f"{held} of {holders} files show the curve or group they hold", unheld[:8])
    ok(not curves, "who only hashes or encrypts, from an archive that gives single objects, holds no curve", curves[:4])

    res = score.score(rows, scan)
    print("\n".join(score.table(res)))

    def show(*kinds):
        return "\n    ".join(f"{k} {p}: {w}" for k, p, w in res.errors if k in kinds)[:1500]
    ok(res.accused == 0, f"none of {res.controls} files without public-key use is accused", show("accused"))
    ok(res.count("dead-accused") == 0, "no dead use is said to be used", show("dead-accused"))
    ok(res.unequal == 0, "symbols change nothing", show("unequal"))
    ok(res.total.p_wrong == 0, "no parameter is wrong", show("wrong-parameter"))
    openssl = res.groups["lib", "openssl"]
    ok(openssl.recall >= RECALL, f"recall of uses of a built-in OpenSSL is at least {RECALL}", f"{openssl.recall:.3f} " + show("missed"))
    ok(openssl.parameters >= PARAMETERS, f"and of their parameters at least {PARAMETERS}",
       f"{openssl.parameters:.3f} " + show("missing-parameter"))


if os.environ.get("KEEP"):
    main(os.environ["KEEP"])
else:
    with tmpdir() as tmp:
        main(tmp)
done()
