#!/usr/bin/env python3
"""Libraries compiled into programs, and constants in them: named; programs without them clean."""
import csv
import io
import json
import os
import pathlib
import shutil
import subprocess

from kit import done, ok, out, run, skip, tmpdir

MBED = "#include <mbedtls/%s.h>\n"
PROGRAMS = {
    # name: (code, libraries, library that must be named, rules that must be there)
    "openssl": ("#include <openssl/evp.h>\n#include <openssl/rsa.h>\nint main(void) { return EVP_RSA_gen(3072) == 0; }",
                ["crypto"], "OpenSSL", {"constant.ec-p256", "constant.dh-ffdhe2048", "constant.rsa-pkcs1"}),
    "openssl-hash": ("#include <openssl/evp.h>\nint main(int c, char **v) { unsigned char o[64]; unsigned n;\n"
                     "EVP_Digest(v[0], 3, o, &n, EVP_sha256(), 0); return o[0] + c; }", ["crypto"], "OpenSSL", set()),
    "mbedtls": (MBED % "ecp" + "int main(void) { mbedtls_ecp_group g; mbedtls_ecp_group_init(&g);\n"
                "return mbedtls_ecp_group_load(&g, MBEDTLS_ECP_DP_SECP256R1) + mbedtls_ecp_check_pubkey(&g, &g.G); }",
                ["mbedcrypto"], "Mbed TLS", {"constant.ec-p256", "constant.ec-brainpoolp256r1"}),
    "mbedtls-hash": (MBED % "sha256" + "int main(int c, char **v) { unsigned char o[32];\n"
                     "mbedtls_sha256_context s; mbedtls_sha256_init(&s); mbedtls_sha256_starts_ret(&s, 0);\n"
                     "mbedtls_sha256_update_ret(&s, (void *)v[0], 3); mbedtls_sha256_finish_ret(&s, o); return o[0] + c; }",
                     ["mbedcrypto"], "Mbed TLS", {"constant.sha256"}),
    "wolfssl": ("#include <wolfssl/options.h>\n#include <wolfssl/wolfcrypt/ecc.h>\nint main(void) { WC_RNG r; ecc_key k;\n"
                "wc_InitRng(&r); wc_ecc_init(&k); return wc_ecc_make_key(&r, 32, &k); }", ["wolfssl", "m"], "wolfSSL", {"constant.ec-p256"}),
    "libsodium": ("#include <sodium.h>\nint main(void) { unsigned char p[32], s[64];\n"
                  "return sodium_init() + crypto_sign_keypair(p, s); }", ["sodium", "pthread"], "libsodium", {"constant.ec-curve25519"}),
    "nettle": ("#include <nettle/ecdsa.h>\n#include <nettle/ecc-curve.h>\nint main(void) { struct ecc_point p; struct ecc_scalar s;\n"
               "ecc_point_init(&p, nettle_get_secp_256r1()); ecc_scalar_init(&s, nettle_get_secp_256r1());\n"
               "ecdsa_generate_keypair(&p, &s, 0, 0); return 0; }", ["hogweed", "nettle", "gmp"], "Nettle", {"constant.ec-p256"}),
    "libgcrypt": ("#include <gcrypt.h>\nint main(void) { gcry_sexp_t a, b; gcry_check_version(0);\n"
                  "gcry_sexp_build(&a, 0, \"(genkey (rsa (nbits 4:2048)))\"); return gcry_pk_genkey(&b, a); }",
                  ["gcrypt", "gpg-error"], "libgcrypt", {"constant.ec-p256"}),
    "none": ("#include <stdio.h>\nint main(void) { puts(\"hello\"); return 0; }", [], None, set()),
    "zlib": ("#include <zlib.h>\nint main(int c, char **v) { return (int)crc32(0, (void *)v[0], 3) + c; }", ["z"], None, set()),
    "sqlite": ("#include <sqlite3.h>\nint main(void) { sqlite3 *d; return sqlite3_open(\":memory:\", &d); }", ["sqlite3", "m"], None, set()),
}


def scanned(path):
    rows = {}
    for row in csv.DictReader(io.StringIO(out(run("scan", path, "-o", "csv")))):
        if row["rule"].startswith(("constant.", "static.")):
            rows.setdefault(pathlib.Path(row["path"].split(" › ")[-1]).name, []).append(row)
    return rows


with tmpdir() as tmp:
    tmp = pathlib.Path(tmp)
    t = tmp / "t"
    t.mkdir()
    built = {}
    for name, (code, libs, library, rules) in PROGRAMS.items():
        r = subprocess.run(["gcc", "-O2", "-static", "-s", "-w", "-x", "c", "-", "-o", str(t / name), *(f"-l{x}" for x in libs)],
                           input=code.encode(), capture_output=True)
        if r.returncode != 0:
            skip(f"{name}: no static library to link with")
        else:
            built[name] = (library, rules)
    rows = scanned(t)
    for name, (library, rules) in built.items():
        mine = rows.get(name, [])
        named = [x["algorithm"] for x in mine if x["rule"].startswith("static.")]
        have = {x["rule"] for x in mine}
        if library is None:
            ok(not [x for x in mine if x["quantum"] == "broken"] and not named, f"{name}: a program without cryptography is clean", mine)
            continue
        ok(len(named) == 1 and named[0].startswith(library), f"{name}, static and stripped: {library} is named", named)
        ok(rules <= have, f"{name}: constants say {', '.join(sorted(rules)) or 'nothing more'}", have)
        ok({x["meaning"] for x in mine} == {"offer"}, f"{name}: what is compiled in is offered, never used", mine)
        ok({x["evidence"] for x in mine} == {"linked"}, f"{name}: library and constants together are graded linked", mine)
    if "mbedtls-hash" in built:
        ok(not [x for x in rows["mbedtls-hash"] if x["quantum"] == "broken"], "who only hashes with Mbed TLS offers no public-key algorithm",
           rows["mbedtls-hash"])
    if "openssl" in built:
        text = subprocess.run(["openssl", "version"], capture_output=True, text=True).stdout.split()[1]
        named = [x["algorithm"] for x in rows["openssl"] if x["rule"].startswith("static.")]
        ok(named == [f"OpenSSL {text}"], f"static OpenSSL without a banner: its version is {text}", named)

    # A shared object with the library in it, as Python wheels have; and a dynamic user that knows its headers' banner.
    w = tmp / "w"
    w.mkdir()
    code = "#include <openssl/evp.h>\n#include <openssl/rsa.h>\nconst void *f(void) { return EVP_RSA_gen(2048); }\n"
    r = subprocess.run(["gcc", "-shared", "-fPIC", "-s", "-w", "-x", "c", "-", "-o", str(w / "_rust.abi3.so"), "-Wl,-Bstatic", "-lcrypto",
                        "-Wl,-Bdynamic", "-Wl,--exclude-libs,ALL"], input=code.encode(), capture_output=True)
    user = ("#include <openssl/opensslv.h>\n#include <openssl/rsa.h>\nconst char *volatile t = OPENSSL_VERSION_TEXT;\n"
            "int main(void) { return t[0] + (EVP_RSA_gen(2048) != 0); }\n")
    subprocess.run(["gcc", "-w", "-x", "c", "-", "-o", str(w / "user"), "-lcrypto"], input=user.encode(), check=True)
    rows = scanned(w)
    if r.returncode == 0:
        named = [x["algorithm"] for x in rows.get("_rust.abi3.so", []) if x["rule"].startswith("static.")]
        ok(len(named) == 1 and named[0].startswith("OpenSSL 3."), "a static OpenSSL inside a shared object is named", named)
    else:
        skip("libcrypto.a cannot be linked into a shared object")
    ok("user" not in rows, "the header's version text in a dynamic user is no library", rows.get("user"))

    # Without section headers, cut off, and inside an archive.
    s = tmp / "s"
    s.mkdir()
    if "openssl" in built:
        body = bytearray((t / "openssl").read_bytes())
        body[40:48] = bytes(8)
        body[58:64] = bytes(6)
        (s / "sectionless").write_bytes(body)
        (s / "cut").write_bytes(body[:len(body) // 8 * 7 + 3])
        subprocess.run(["tar", "czf", str(s / "a.tar.gz"), "-C", str(t), "openssl"], check=True)
        rows = scanned(s)
        for name in ("sectionless", "openssl"):
            ok([x for x in rows.get(name, []) if x["algorithm"].startswith("OpenSSL 3.")],
               f"{name}: the same {'inside an archive' if name == 'openssl' else 'without section headers'}", rows.get(name))
        ok([x for x in rows.get("cut", []) if x["rule"].startswith("constant.")], "a file that is cut off keeps what it has", rows.get("cut"))

    # Bytes of a constant in a text, or spoilt by a bit, are nothing.
    p256 = bytes.fromhex("6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296")
    elf = (t / "none").read_bytes() if "none" in built else b"\x7fELF" + bytes(60)
    n = tmp / "n"
    n.mkdir()
    spoilt = bytearray(p256)
    spoilt[17] ^= 1
    for at in range(8):
        (n / f"hit{at}").write_bytes(elf + bytes(at) + p256 + b"\x00")
        (n / f"spoilt{at}").write_bytes(elf + bytes(at) + bytes(spoilt) + b"\x00")
    (n / "text").write_bytes(b"# not code\n" + p256)
    (n / "encoded").write_bytes(elf + b"\x02\x20" + p256)
    rows = scanned(n)
    ok(sorted(rows) == [f"hit{at}" for at in range(8)], "a constant is found at each alignment; spoilt, encoded or in a text it is not", sorted(rows))
    base = len(elf)
    ok([rows[f"hit{at}"][0]["offset"] for at in range(8)] == [str(base + at) for at in range(8)], "at its own offset", rows)
    ok({x["evidence"] for v in rows.values() for x in v} == {"hinted"}, "a constant alone is a hint")

    # Across the pieces in which large files are read.
    big = tmp / "big"
    big.mkdir()
    piece = 256 << 10
    for shift in (1, 7, 8, 15, 24, 25, 31):
        body = bytearray(elf[:64]) + bytes(3 * piece - 64)
        body[2 * piece - shift:2 * piece - shift + 32] = p256
        (big / f"b{shift:02}").write_bytes(bytes(body) + bytes([shift]))
    rows = scanned(big)
    ok(len(rows) == 7 and all(int(v[0]["offset"]) == 2 * piece - int(k[1:]) for k, v in rows.items()), "between two pieces of a large file",
       {k: v[0]["offset"] for k, v in rows.items()})
    if shutil.which("tar"):
        subprocess.run(["tar", "cf", str(tmp / "big.tar"), "-C", str(big), "."], check=True)
        ok(len(scanned(tmp / "big.tar")) == 7, "and inside a tar")
    # Packed programs are opaque, never clean.
    k = tmp / "k"
    k.mkdir()
    head = bytearray(elf[:64])
    head[40:48] = bytes(8)
    head[58:64] = bytes(6)
    (k / "upx").write_bytes(bytes(head) + bytes(100) + b"UPX!" + os.urandom(4000))
    (k / "noise").write_bytes(bytes(head) + os.urandom(300_000))
    (k / "plain").write_bytes(bytes(head) + (elf[4096:] * 2)[:300_000])
    (k / "upx.exe").write_bytes(b"MZ" + bytes(400) + b"UPX0" + bytes(100) + b"UPX!" + os.urandom(4000))
    notes = json.loads(out(run("scan", k, "-o", "json")))["coverage"]["notes"]
    told = sorted({pathlib.Path(n["path"]).name for n in notes if "opaque" in json.dumps(n)})
    ok(told == ["noise", "upx", "upx.exe"], "packed programs are told as opaque in the coverage, others are not", notes)
done()
