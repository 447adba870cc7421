#!/usr/bin/env python3
"""Programs that import public-key functions: `nm -D` and a hand-made list against what pqmap reports of libraries.

What is imported and not called is an offer: here both count, and fixtures/binaries tells them apart. A program with a
generic entry point (gcry_pk_sign) may have any family, as its arguments say.
The list here is independent of rules/libs: names by family, for the libraries that this system's programs use.
CSV=FILE in the environment judges a saved scan instead of making one.
"""
import csv
import os
import pathlib
import re
import shutil
import stat
import subprocess

from kit import REPO, done, err, ok, run, skip, tmpdir

FOLDERS = ["/usr/bin", "/usr/sbin"]
# What stands before '@' by what stands behind it. None: asymmetric for sure, the family is in an argument.
ORACLE = [
    (r"OPENSSL_", r"RSA(_|P).*|(i2d|d2i)_RSA.*|PEM_(read|write)_(bio_)?RSA.*|EVP_PKEY_(get[01]|set1)_RSA|EVP_PKEY_CTX_\w*_rsa_.*"
                  r"|SSL_(CTX_)?use_RSA.*", "RSA"),
    (r"OPENSSL_", r"DSA(_|p).*|(i2d|d2i)_DSA.*|PEM_(read|write)_(bio_)?DSA.*|EVP_PKEY_(get[01]|set1)_DSA"
                  r"|EVP_PKEY_CTX_set_dsa_.*", "DSA"),
    (r"OPENSSL_", r"SRP_.*|SSL_(CTX_)?(set_)?srp_.*|SSL_CTX_SRP_.*|SSL_get_srp_.*", "SRP"),
    (r"OPENSSL_", r"DH(_|p).*|(i2d|d2i)_DH.*|PEM_(read|write)_(bio_)?DHx?params.*|EVP_PKEY_(get[01]|set1)_DH"
                  r"|EVP_PKEY_CTX_\w*_dhx?_.*|SSL_(CTX_)?set_tmp_dh.*|SSL_(CTX_)?set0_tmp_dh.*|BN_get_rfc.*", "DH"),
    (r"OPENSSL_", r"EC(_|DSA_|DH_|P|p).*|(i2d|d2i|o2i|i2o)_EC.*|PEM_(read|write)_(bio_)?EC.*|EVP_PKEY_(get[01]|set1)_EC_KEY"
                  r"|EVP_PKEY_CTX_\w*_ec(dh)?_.*", "EC"),
    (r"OPENSSL_", r"EVP_PKEY_(?!new_mac_key|new_CMAC|CTX_\w*(hkdf|scrypt|tls1_prf|pbe)|get0_(hmac|poly|siph)).*|EVP_Digest(Sign|Verify).*"
                  r"|EVP_(Sign|Verify)Final.*|EVP_(Seal|Open)(Init|Final)|EVP_KEY(MGMT|EXCH)_.*|EVP_SIGNATURE_.*|EVP_KEM_.*"
                  r"|EVP_ASYM_.*|PEM_(read|write)_(bio_)?(PrivateKey|PUBKEY|PKCS8).*|(i2d|d2i)_(PrivateKey|PUBKEY|PKCS8).*"
                  r"|PKCS(8|12)_.*|(i2d|d2i)_PKCS12.*", None),
    (r"GNUTLS_", r"gnutls_\w*_rsa_raw.*", "RSA"),
    (r"GNUTLS_", r"gnutls_\w*_dsa_raw.*", "DSA"),
    (r"GNUTLS_", r"gnutls_dh_.*|gnutls_certificate_set_(known_)?dh_params|gnutls_anon_.*", "DH"),
    (r"GNUTLS_", r"gnutls_srp_.*", "SRP"),
    (r"GNUTLS_", r"gnutls_\w*_ecc_raw.*|gnutls_ecc_curve_.*", "EC"),
    (r"GNUTLS_", r"gnutls_(x509_)?(priv|pub)key_.*|gnutls_pkcs12_.*|gnutls_pkcs11_(obj|privkey)_.*|gnutls_sign_.*", None),
    (r"GCRYPT_", r"gcry_pk_.*|gcry_pubkey_.*", None),
    (r"GCRYPT_", r"gcry_(ecc|mpi_ec|mpi_point)_.*", "EC"),
    (r"HOGWEED_", r"nettle_rsa_.*|nettle_pkcs1_.*", "RSA"),
    (r"HOGWEED_", r"nettle_(ecc|ecdsa|get_secp)_.*", "EC"),
]
ORACLE = [(re.compile(v), re.compile(n + r"$"), f) for v, n, f in ORACLE]
PUBLIC_KEY = {"RSA", "DSA", "DH", "EC", "X25519", "X448", "Ed25519", "Ed448", "SM2", "ElGamal", "SRP"}


def programs(folder):
    for path in sorted(pathlib.Path(folder).iterdir()):
        try:
            if not stat.S_ISREG(path.lstat().st_mode):
                continue
            with open(path, "rb") as f:
                if f.read(4) == b"\x7fELF":
                    yield path
        except OSError:
            pass


def imports(paths, batch=128):
    """Of each program the (name, '@', version) it imports; nm starts once for many of them."""
    for i in range(0, len(paths), batch):
        path = str(paths[i])  # nm of one file gives no heading
        text = subprocess.run(["nm", "-D", "--undefined-only", *map(str, paths[i:i + batch])], capture_output=True, text=True).stdout
        for line in text.splitlines():
            if line.startswith("/") and line.endswith(":"):
                path = line[:-1]
            elif line.split():
                yield path, line.split()[-1].partition("@")


def expected(paths):
    named, any_, generic = set(), set(), set()
    for path, (name, _, version) in imports(paths):
        for v, n, family in ORACLE:
            if v.match(version.lstrip("@")) and n.match(name):
                any_.add(path)
                if family:
                    named.add((path, family))
                else:
                    generic.add(path)
                break
    return named, any_, generic


def reported(rows, paths):
    wanted = {str(p) for p in paths}
    named, any_ = set(), set()
    for row in rows:
        path = row["path"] if row["path"].startswith("/") else os.path.join(row["target"], row["path"])
        # linked+implied: through another library
        if path not in wanted or row["meaning"] not in ("use", "offer") or row["evidence"] != "linked" or not row["rule"].startswith("lib."):
            continue
        family = row["family"]
        if family in PUBLIC_KEY:
            named.add((path, family))
            any_.add(path)
        elif family == "unknown" and row["quantum"] != "safe":
            any_.add(path)
    return named, any_


def judge(what, got, want):
    both = len(got & want)
    precision = both / len(got) if got else 1.0
    recall = both / len(want) if want else 1.0
    ok(precision >= 0.95 and recall >= 0.95,
       f"{what}: {len(want)} expected, {len(got)} reported, precision {precision:.3f}, recall {recall:.3f}",
       f"not expected: {sorted(got - want, key=str)[:20]}\n    missed: {sorted(want - got, key=str)[:20]}")


def scan(tmp, *targets):
    r = run("scan", *targets, "-q", "-o", f"csv={tmp}/o.csv", timeout=300)
    ok(r.returncode == 0, f"scan of {' '.join(map(str, targets))}", err(r))
    return list(csv.DictReader(open(f"{tmp}/o.csv", newline="", errors="replace")))


def main():
    folders = [f for f in FOLDERS if os.path.isdir(f) and not os.path.islink(f)]
    with tmpdir() as tmp:
        if os.environ.get("CSV"):
            rows = list(csv.DictReader(open(os.environ["CSV"], newline="", errors="replace")))
        else:
            rows = scan(tmp, *folders)
            samples = scan(tmp, REPO / "fixtures/elf")
            hashing = [r for r in samples if r["path"].endswith("hash-only.elf")]
            ok(hashing and all(r["quantum"] == "safe" for r in hashing), "a program that only hashes is safe", hashing)
            offers = [r for r in samples if r["path"].endswith("libcrypto.elf")]
            ok(offers and all(r["meaning"] == "offer" for r in offers), "a crypto library offers and uses nothing", offers)
    if not shutil.which("nm"):
        skip("nm is not here (binutils)")
        return
    paths = [p for f in folders for p in programs(f)]
    want_named, want_any, generic = expected(paths)
    got_named, got_any = reported(rows, paths)
    print(f"note - {len(paths)} programs in {' and '.join(folders)}")
    judge("programs that import public-key functions", got_any, want_any)
    judge("programs and families", {g for g in got_named if g in want_named or g[0] not in generic}, want_named)
    used = {p for p, _ in reported([r for r in rows if r["meaning"] == "use"], paths)[0]}
    # What is linked in is no import: fixtures/binaries judges those.
    used -= {r["path"] for r in rows if r["rule"].startswith("static.openssl")}
    ok(used <= want_any, "no program uses a public-key function of a library that it does not import", sorted(used - want_any))


main()
done()
