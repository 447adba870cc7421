"""`pqmap bench --against` speaks liboqs' and libsodium's API: shims of both over libhyb are timed like the real ones."""
import json
import os
import pathlib
import subprocess

from kit import PQMAP, REPO, done, err, ok, run, tmpdir

OQS = r"""
#include <string.h>
#include "hyb.h"
#define OUT __attribute__((visibility("default")))
static const char kem768[] = "ML-KEM-768", dsa65[] = "ML-DSA-65";
static int (*unused)(void);
OUT const char *OQS_version(void) { return "0.0-shim"; }
OUT void OQS_init(void) {}
OUT void OQS_randombytes_custom_algorithm(void (*f)(uint8_t *, size_t)) { (void)f; }
OUT int OQS_randombytes_switch_algorithm(const char *n) { (void)n; return 0; }
OUT void *OQS_KEM_new(const char *n) { return strcmp(n, kem768) == 0 ? (void *)kem768 : 0; }
OUT void OQS_KEM_free(void *k) { (void)k; (void)unused; }
OUT int OQS_KEM_keypair(const void *k, uint8_t *pk, uint8_t *sk)
{
	uint8_t seed[64];
	struct hyb_mlkem768_dk dk;
	(void)k;
	if (hyb_mlkem768_keygen(pk, seed) != 0 || hyb_mlkem768_dk_expand(&dk, seed) != 0) return -1;
	hyb_mlkem768_dk_export(sk, &dk);
	return 0;
}
OUT int OQS_KEM_encaps(const void *k, uint8_t *ct, uint8_t *ss, const uint8_t *pk)
{
	(void)k;
	return hyb_mlkem768_encaps(ct, ss, pk);
}
OUT int OQS_KEM_decaps(const void *k, uint8_t *ss, const uint8_t *ct, const uint8_t *sk)
{
	struct hyb_mlkem768_dk dk;
	(void)k;
	if (hyb_mlkem768_dk_import(&dk, sk) != 0) return -1;
	hyb_mlkem768_decaps(ss, ct, &dk);
	return 0;
}
OUT void *OQS_SIG_new(const char *n) { return strcmp(n, dsa65) == 0 ? (void *)dsa65 : 0; }
OUT void OQS_SIG_free(void *s) { (void)s; }
OUT int OQS_SIG_keypair(const void *s, uint8_t *pk, uint8_t *sk)
{
	uint8_t seed[32];
	static struct hyb_mldsa65_sk k;
	(void)s;
	if (hyb_mldsa65_keygen(pk, seed) != 0 || hyb_mldsa65_sk_expand(&k, seed) != 0) return -1;
	hyb_mldsa65_sk_export(sk, &k);
	return 0;
}
OUT int OQS_SIG_sign(const void *s, uint8_t *sig, size_t *n, const uint8_t *m, size_t mn, const uint8_t *sk)
{
	static struct hyb_mldsa65_sk k;
	(void)s;
	*n = HYB_MLDSA65_SIG_BYTES;
	return hyb_mldsa65_sk_import(&k, sk) == 0 ? hyb_mldsa65_sign(sig, (hyb_bytes){ m, mn }, (hyb_bytes){ 0, 0 }, &k) : -1;
}
OUT int OQS_SIG_verify(const void *s, const uint8_t *m, size_t mn, const uint8_t *sig, size_t n, const uint8_t *pk)
{
	(void)s;
	return n == HYB_MLDSA65_SIG_BYTES && hyb_mldsa65_verify(sig, (hyb_bytes){ m, mn }, (hyb_bytes){ 0, 0 }, pk) ? 0 : -1;
}
"""
SODIUM = r"""
#include "hyb.h"
#define OUT __attribute__((visibility("default")))
OUT int sodium_init(void) { return 0; }
OUT const char *sodium_version_string(void) { return "0.0-shim"; }
OUT int crypto_kem_keypair(unsigned char *pk, unsigned char *sk)
{
	return hyb_kem_keygen(hyb_kem_suite(HYB_KEM_XWING), pk, sk);
}
OUT int crypto_kem_enc(unsigned char *ct, unsigned char *ss, const unsigned char *pk)
{
	return hyb_kem_encaps(hyb_kem_suite(HYB_KEM_XWING), ct, ss, pk);
}
OUT int crypto_kem_dec(unsigned char *ss, const unsigned char *ct, const unsigned char *sk)
{
	static struct hyb_kem_dk dk;
	const struct hyb_kem_suite *s = hyb_kem_suite(HYB_KEM_XWING);
	return hyb_kem_dk_expand(s, &dk, sk) == 0 ? hyb_kem_decaps(s, ss, ct, &dk) : -1;
}
"""

build = pathlib.Path(os.path.dirname(PQMAP))
with tmpdir() as tmp:
    tmp = pathlib.Path(tmp)
    for name, text, label, rows in (("oqs", OQS, "liboqs 0.0-shim", ["ml-kem-768.encaps", "ml-dsa-65.verify"]),
                                    ("sodium", SODIUM, "libsodium 0.0-shim", ["x-wing.encaps", "x-wing.decaps"])):
        (tmp / f"{name}.c").write_text(text)
        lib = tmp / f"lib{name}.so"
        r = subprocess.run(["gcc", "-shared", "-fPIC", "-O1", f"-I{REPO}/src/hyb", tmp / f"{name}.c", build / "libhyb.a",
                            "-o", lib, "-lcrypto", "-pthread"], capture_output=True, text=True)
        if not ok(r.returncode == 0, f"a shim of {name} builds", r.stderr[-800:]):
            continue
        out = tmp / f"{name}.json"
        r = run("bench", "--quick", "--against", lib, "-o", f"json={out}", timeout=120)
        if not ok(r.returncode == 0, f"bench --against {name}", err(r)[-300:]):
            continue
        doc = json.loads(out.read_text())
        theirs = {row["id"] for row in doc["rows"] if row["impl"].startswith(label)}
        ok(set(rows) <= theirs, f"{name}: rows of {', '.join(rows)}", sorted(theirs))
        missing = json.dumps(doc.get("missing", [])) + r.stdout.decode()
        ok("not in " + label in missing, f"{name}: what it lacks is named", missing[-300:])
    r = run("bench", "--quick", "--against", "/etc/passwd", timeout=120)
    ok(b"/etc/passwd" in r.stdout + r.stderr, "what is no library is named", err(r)[-300:])
done()
