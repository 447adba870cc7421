/*
 * hybx.h — Falcon (round 3) and Classic McEliece: FOR BENCHMARKS AND VERIFICATION ONLY.
 *
 * Shape:     two algorithms that no standard has settled, in an archive of their own (libhybx.a). No
 *            suite, file format or default of libhyb uses them. Falcon here is the NIST round-3
 *            submission, not FN-DSA: FIPS 206 is unpublished and will differ. Classic McEliece is
 *            the round-4 submission without plaintext confirmation.
 * Units:     bytes; sizes are macros below.
 * Ownership: the caller's storage, working space included; no heap. A work struct needs no
 *            initialisation and may be used again; it is wiped before return where it held a secret.
 * Errors:    enum hyb_st; on error every output is all-zero. `verify` returns bool.
 * Secrets:   NOT hardened for production. Falcon key generation and signing compute in double, whose
 *            division and square root may take data-dependent time. Key generation of both runs as
 *            long as its secrets say; McEliece's also reads tables at the secret permutation's
 *            indices and walks its cycles. McEliece encapsulation and decapsulation have no branch or
 *            index by a secret, beyond how often an error vector is drawn again.
 * Threads:   every function is safe on distinct outputs and distinct work structs.
 * Standard:  Falcon specification v1.2 (2020-10-01); Classic McEliece submission of 2022-10-23.
 */
#ifndef HYBX_H
#define HYBX_H

#include "hyb/hyb.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Falcon (round 3) ---- */
/*
 * logn  public  secret  signature: compressed at most, padded
 *    9     897    1281          752    666
 *   10    1793    2305         1462   1280
 */
#define HYBX_FALCON_PK_BYTES(logn) (1U + (7U << ((logn)-2)))
#define HYBX_FALCON_SK_BYTES(logn) ((logn) == 9 ? 1281U : 2305U)
#define HYBX_FALCON_SIG_MAX(logn) ((logn) == 9 ? 752U : 1462U)
#define HYBX_FALCON_PADDED_BYTES(logn) ((logn) == 9 ? 666U : 1280U)
#define HYBX_FALCON_PK_MAX 1793
#define HYBX_FALCON_SK_MAX 2305
#define HYBX_FALCON_NONCE_BYTES 40
#define HYBX_FALCON_SEED_BYTES 48

struct hybx_falcon_work {
	uint64_t opaque[24576];
} HYB_ALIGN;

/* The randomness of one signature, in the order in which the submission draws it. */
struct hybx_falcon_coins {
	uint8_t nonce[HYBX_FALCON_NONCE_BYTES];
	uint8_t seed[HYBX_FALCON_SEED_BYTES];
};

/* logn is 9 or 10, else HYB_E_ARG. HYB_E_RNG. [Falcon §3.8] */
HYB_API enum hyb_st hybx_falcon_keygen(
	unsigned logn, uint8_t *pk, uint8_t *sk, struct hybx_falcon_work *w) HYB_MUST_USE;
/* From the 48 bytes that the submission's key generation draws. */
HYB_API enum hyb_st hybx_falcon_keygen_derand(unsigned logn, uint8_t *pk, uint8_t *sk,
	const uint8_t seed[HYBX_FALCON_SEED_BYTES], struct hybx_falcon_work *w) HYB_MUST_USE;
/*
 * Signs m [Falcon §3.9]: header (0x30 + logn) ‖ nonce ‖ compressed s2. sig has room for
 * HYBX_FALCON_SIG_MAX; *sig_n is its length. HYB_E_BAD_KEY: sk is no encoded key. HYB_E_RNG.
 */
HYB_API enum hyb_st hybx_falcon_sign(uint8_t *sig, size_t *sig_n, hyb_bytes m, hyb_bytes sk,
	struct hybx_falcon_work *w) HYB_MUST_USE;
HYB_API enum hyb_st hybx_falcon_sign_derand(uint8_t *sig, size_t *sig_n, hyb_bytes m, hyb_bytes sk,
	const struct hybx_falcon_coins *coins, struct hybx_falcon_work *w) HYB_MUST_USE;
/* The form of fixed length, HYBX_FALCON_PADDED_BYTES: signs again until s2 fits, pads with zeros. */
HYB_API enum hyb_st hybx_falcon_sign_padded(
	uint8_t *sig, hyb_bytes m, hyb_bytes sk, struct hybx_falcon_work *w) HYB_MUST_USE;
HYB_API enum hyb_st hybx_falcon_sign_padded_derand(uint8_t *sig, hyb_bytes m, hyb_bytes sk,
	const struct hybx_falcon_coins *coins, struct hybx_falcon_work *w) HYB_MUST_USE;
/*
 * Either form [Falcon §3.10]: the encoding must be canonical and of exact length, but zeros may follow
 * up to the padded length.
 */
HYB_API bool hybx_falcon_verify(
	hyb_bytes sig, hyb_bytes m, hyb_bytes pk, struct hybx_falcon_work *w) HYB_MUST_USE;

/* ---- Classic McEliece ---- */
/*
 *  set        public   secret  ciphertext
 *  348864     261120     6492          96
 *  6688128   1044992    13932         208
 */
enum hybx_mceliece { HYBX_MCELIECE_348864, HYBX_MCELIECE_6688128 };

#define HYBX_MCELIECE_PK_BYTES(set) ((set) == HYBX_MCELIECE_348864 ? 261120U : 1044992U)
#define HYBX_MCELIECE_SK_BYTES(set) ((set) == HYBX_MCELIECE_348864 ? 6492U : 13932U)
#define HYBX_MCELIECE_CT_BYTES(set) ((set) == HYBX_MCELIECE_348864 ? 96U : 208U)
#define HYBX_MCELIECE_PK_MAX 1044992
#define HYBX_MCELIECE_SK_MAX 13932
#define HYBX_MCELIECE_CT_MAX 208
#define HYBX_MCELIECE_SS_BYTES 32
#define HYBX_MCELIECE_SEED_BYTES 32

/* About 1.8 MB, for either set: the matrix is made in it. Too large for most stacks. */
struct hybx_mceliece_work {
	uint64_t opaque[225000];
} HYB_ALIGN;

/* HYB_E_ARG: no such set. HYB_E_RNG. [ISO draft §7.1, SeededKeyGen] */
HYB_API enum hyb_st hybx_mceliece_keygen(enum hybx_mceliece set, uint8_t *pk, uint8_t *sk,
	struct hybx_mceliece_work *w) HYB_MUST_USE;
HYB_API enum hyb_st hybx_mceliece_keygen_derand(enum hybx_mceliece set, uint8_t *pk, uint8_t *sk,
	const uint8_t seed[HYBX_MCELIECE_SEED_BYTES], struct hybx_mceliece_work *w) HYB_MUST_USE;
/* Draws an error vector and hides it under pk; any bytes of the right length are a key. HYB_E_RNG. */
HYB_API enum hyb_st hybx_mceliece_encaps(
	enum hybx_mceliece set, uint8_t *ct, uint8_t *ss, const uint8_t *pk) HYB_MUST_USE;
/* The same with SHAKE256(seed) in place of the system's random bytes: a form of ours, for tests. */
HYB_API enum hyb_st hybx_mceliece_encaps_derand(enum hybx_mceliece set, uint8_t *ct, uint8_t *ss,
	const uint8_t *pk, const uint8_t seed[HYBX_MCELIECE_SEED_BYTES]) HYB_MUST_USE;
/*
 * A ciphertext that decodes to no error vector gives the secret of implicit rejection. HYB_E_ARG: no such
 * set.
 */
HYB_API enum hyb_st hybx_mceliece_decaps(enum hybx_mceliece set, uint8_t *ss, const uint8_t *ct,
	const uint8_t *sk, struct hybx_mceliece_work *w) HYB_MUST_USE;

#ifdef __cplusplus
}
#endif

#endif
