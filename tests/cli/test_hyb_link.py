#!/usr/bin/env python3
"""libhyb as a library: links without libcrypto where post-quantum parts alone are used, exports what
hyb.h declares and no more, takes no memory and runs nothing before main."""
import os
import pathlib
import re
import subprocess

from kit import REPO, done, ok, tmpdir

BUILD = pathlib.Path(os.environ.get("PQMAP", "build/pqmap")).resolve().parent
LIB, SO = BUILD / "libhyb.a", BUILD / "libhyb.so"

PROGRAM = r"""
#include <stdio.h>
#include <string.h>
#include "hyb/hyb.h"

static uint8_t sig[HYB_SLHDSA_SIG_MAX];

static int kem(void)
{
	static struct hyb_mlkem1024_dk dk;
	uint8_t ek[HYB_MLKEM1024_EK_BYTES], ct[HYB_MLKEM1024_CT_BYTES], seed[64], a[32], b[32];

	if (hyb_mlkem1024_keygen(ek, seed) != HYB_OK || hyb_mlkem1024_encaps(ct, a, ek) != HYB_OK ||
		hyb_mlkem1024_dk_expand(&dk, seed) != HYB_OK)
		return 0;
	hyb_mlkem1024_decaps(b, ct, &dk);
	hyb_mlkem1024_dk_clear(&dk);
	return hyb_ct_eq(a, b, 32);
}

static int dsa(hyb_bytes m)
{
	static struct hyb_mldsa87_sk sk;
	uint8_t pk[HYB_MLDSA87_PK_BYTES], seed[32];

	return hyb_mldsa87_keygen(pk, seed) == HYB_OK && hyb_mldsa87_sk_expand(&sk, seed) == HYB_OK &&
		hyb_mldsa87_sign(sig, m, m, &sk) == HYB_OK && hyb_mldsa87_verify(sig, m, m, pk) &&
		hyb_mldsa87_sign_hash(sig, HYB_SHA2_512, m, m, NULL, &sk) == HYB_OK;
}

static int slh(hyb_bytes m)
{
	const struct hyb_slhdsa_info *i = hyb_slhdsa_info(HYB_SLHDSA_SHA2_128F);
	uint8_t pk[64], sk[128];
	hyb_bytes s = { sig, i->sig_bytes };

	return hyb_slhdsa_keygen(HYB_SLHDSA_SHA2_128F, pk, sk) == HYB_OK &&
		hyb_slhdsa_sign(HYB_SLHDSA_SHA2_128F, sig, m, m, sk) == HYB_OK &&
		hyb_slhdsa_verify(HYB_SLHDSA_SHA2_128F, s, m, m, pk);
}

int main(void)
{
	hyb_bytes m = { (const uint8_t *)"text", 4 };

	printf("%d%d%d %s\n", kem(), dsa(m), slh(m), hyb_cpu_name(hyb_cpu()));
	return hyb_backend_get() != HYB_BACKEND_NATIVE;
}
"""


def lines(*argv):
    return subprocess.run(argv, capture_output=True, check=True, text=True).stdout.splitlines()


with tmpdir() as tmp:
    prog = pathlib.Path(tmp) / "pq"
    r = subprocess.run(["gcc", "-x", "c", "-", "-I", str(REPO / "src"), "-o", str(prog), "-x", "none", str(LIB)],
                       input=PROGRAM, text=True, capture_output=True)
    if ok(r.returncode == 0, "a program of ML-KEM, ML-DSA and SLH-DSA links with libhyb.a alone", r.stderr[-600:]):
        needed = [x for x in lines("readelf", "-d", str(prog)) if "NEEDED" in x]
        ok(len(needed) == 1 and "libc.so" in needed[0], "it needs libc only", needed)
        r = subprocess.run([str(prog)], capture_output=True, text=True)
        ok(r.returncode == 0 and r.stdout.startswith("111 "), "it runs", r)

header = (REPO / "src/hyb/hyb.h").read_text()
header = re.sub(r"/\*.*?\*/", "", header, flags=re.S)
declared = set(re.findall(r"HYB_API[^;(]*?\b(hyb_\w+)\(", header))
exported = {x.split()[-1].split("@")[0] for x in lines("nm", "-D", "--defined-only", str(SO))}
ok(exported <= declared, "libhyb.so exports nothing that hyb.h does not declare", sorted(exported - declared))
ok(declared <= exported, "hyb.h declares nothing that libhyb.so lacks", sorted(declared - exported))

used = {x.split()[-1] for x in lines("nm", "-u", str(LIB)) if x.strip().startswith("U ")}
ok(used and not used & {"malloc", "calloc", "realloc", "free"}, "libhyb takes no memory from the heap",
   used & {"malloc", "calloc", "realloc", "free"})
sections = "\n".join(lines("readelf", "-SW", str(LIB)))
ok(not re.search(r"\.(init_array|ctors|fini_array)\b", sections), "libhyb has no constructors")
crypto = {m for m in lines("nm", "-A", "-u", str(LIB)) if re.search(r" U (EVP|EC|BN|ERR|OSSL|OPENSSL|OpenSSL)_", m)}
files = {x.split(":")[1] for x in crypto}
ok(files and all(f.startswith("lc_") for f in files), "only lc_*.o call libcrypto", sorted(files))
done()
