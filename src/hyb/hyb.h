/*
 * hyb.h — hybrid and post-quantum primitives: key encapsulation, signatures, sealing.
 *
 * Shape:     level 1 plain algorithms, level 2 hybrids of two (suites are rows of a table),
 *            level 3 envelopes: HPKE, sealed files, gradients, inference requests.
 * Units:     bytes; every fixed length is in the type and has a _BYTES macro.
 * Ownership: the caller's storage throughout; no heap, no global constructor. A prepared key
 *            (struct …_dk, …_sk) belongs to the caller and ends with its _clear. It stands at a
 *            multiple of 64 bytes: malloc does not see to that, aligned_alloc(64, …) does.
 * Errors:    enum hyb_st; on error every output is all-zero, unless its function says otherwise. `verify` returns bool, so that no code
 *            can be mistaken for success. Pointers are never NULL unless the comment says so.
 * Secrets:   never steer a branch, an index or a division; wiped from the stack before return.
 * Threads:   every function is safe on distinct outputs; prepared keys may be shared for reading.
 * Limits:    contexts at most 255 bytes [FIPS204 §5.2]; others at their functions.
 * Standard:  FIPS 202, 203, 204, 205; RFC 9180; draft-connolly-cfrg-xwing-kem;
 *            draft-ietf-lamps-pq-composite-sigs-19; SP 800-227.
 */
#ifndef HYB_H
#define HYB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HYB_VERSION "0.1.0"
#define HYB_API __attribute__((visibility("default")))
#define HYB_MUST_USE __attribute__((warn_unused_result))
#define HYB_ALIGN __attribute__((aligned(64)))

/* A borrowed slice; p may be NULL only when n is 0. */
typedef struct {
	const uint8_t *p;
	size_t n;
} hyb_bytes;

enum hyb_st {
	HYB_OK = 0,
	HYB_E_ARG = -1,	      /* a length or choice that the function does not take */
	HYB_E_BAD_KEY = -2,   /* a key that fails the checks of its standard */
	HYB_E_RNG = -3,	      /* the system gave no randomness */
	HYB_E_CRYPTO = -4,    /* libcrypto refused or lacks the algorithm */
	HYB_E_BACKEND = -5,   /* the backend asked for is not in the running libcrypto */
	HYB_E_FORMAT = -6,    /* not an envelope or key file of ours, or damaged in its structure */
	HYB_E_VERSION = -7,   /* an envelope of a version that this library does not read */
	HYB_E_SUITE = -8,     /* a suite that this library, or the caller, does not accept */
	HYB_E_WRONG_KEY = -9, /* none of the recipients is this key */
	HYB_E_OPEN = -10,     /* authentication failed: damaged, or not for this key */
	HYB_E_SIGNATURE = -11,	/* the sender's signature does not verify */
	HYB_E_UNSIGNED = -12,	/* no sender signature, and the caller did not allow that */
	HYB_E_TRUNCATED = -13,	/* ends before its last segment */
	HYB_E_TRAILING = -14,	/* goes on after its last segment */
	HYB_E_LIMIT = -15,	/* over a stated limit */
	HYB_E_STALE = -16,	/* outside the freshness window */
	HYB_E_REPLAY = -17,	/* seen before */
	HYB_E_AUDIENCE = -18,	/* meant for someone else, another model, round or participant */
	HYB_E_IO = -19,		/* a read or write failed: errno tells */
	HYB_E_PASSPHRASE = -20, /* wrong passphrase, or the key file is damaged */
};

/* One sentence for people: what went wrong; static storage. */
HYB_API const char *hyb_st_text(enum hyb_st st);

/* ---- processor and backend ---- */
enum hyb_cpu { HYB_CPU_C = 0, HYB_CPU_AVX2 = 1, HYB_CPU_AVX512 = 2 };

/*
 * The best level that this processor, the environment (HYB_CPU=c|avx2|avx512) and hyb_cpu_limit
 * allow. All levels give the same bytes.
 */
HYB_API enum hyb_cpu hyb_cpu(void);
/* Uses no more than `max` from now on, for tests and measurements. Not while another call runs. */
HYB_API void hyb_cpu_limit(enum hyb_cpu max);
HYB_API const char *hyb_cpu_name(enum hyb_cpu c);

/* Who computes ML-KEM, ML-DSA and SLH-DSA. */
enum hyb_backend { HYB_BACKEND_NATIVE = 0, HYB_BACKEND_OPENSSL = 1 };

/*
 * OPENSSL: libcrypto ≥ 3.5, where the running one has these algorithms; `properties` is its fetch
 * query ("fips=yes" for a validated module; NULL for none). HYB_E_BACKEND and no change when it has
 * not. A key prepared under one backend stays with it. Not while another call runs.
 */
HYB_API enum hyb_st hyb_backend_set(enum hyb_backend b, const char *properties) HYB_MUST_USE;
HYB_API enum hyb_backend hyb_backend_get(void);

/* ---- small tools ---- */
/* Overwrites with zeros in a way that the compiler cannot drop; p may be NULL when n is 0. */
HYB_API void hyb_wipe(void *p, size_t n);
/* Equal? In time that depends on n only. */
HYB_API bool hyb_ct_eq(const void *a, const void *b, size_t n) HYB_MUST_USE;
/* n bytes of getrandom(2); HYB_E_RNG leaves zeros. */
HYB_API enum hyb_st hyb_random(void *p, size_t n) HYB_MUST_USE;

/* ---- hashes [FIPS202, FIPS180-4] ---- */
enum hyb_hash {
	HYB_SHA2_224,
	HYB_SHA2_256,
	HYB_SHA2_384,
	HYB_SHA2_512,
	HYB_SHA2_512_224,
	HYB_SHA2_512_256,
	HYB_SHA3_224,
	HYB_SHA3_256,
	HYB_SHA3_384,
	HYB_SHA3_512,
	HYB_SHAKE128, /* as a pre-hash: 32 bytes of output */
	HYB_SHAKE256, /* as a pre-hash: 64 bytes of output */
};

HYB_API void hyb_sha3_256(uint8_t out[32], hyb_bytes m);
HYB_API void hyb_sha3_384(uint8_t out[48], hyb_bytes m);
HYB_API void hyb_sha3_512(uint8_t out[64], hyb_bytes m);
HYB_API void hyb_shake128(uint8_t *out, size_t n, hyb_bytes m);
HYB_API void hyb_shake256(uint8_t *out, size_t n, hyb_bytes m);

/* ---- sizes of prepared keys, in 64-bit words; k and l are the standard's matrix sides ---- */
#define HYB_MLKEM_SEED_BYTES 64 /* d ‖ z: the only private format */
#define HYB_MLKEM_SS_BYTES 32
#define HYB_MLKEM_EK_WORDS(k) (((k) * (k) + (k)) * 64 + 384 * (k) / 8 + 32)
#define HYB_MLKEM_DK_WORDS(k) (HYB_MLKEM_EK_WORDS(k) + (k)*128 + 64)
#define HYB_MLDSA_SEED_BYTES 32
#define HYB_MLDSA_PK_WORDS(k, l) (((k) * (l) + (k)) * 128 + 16)
#define HYB_MLDSA_SK_WORDS(k, l) (((k) * (l) + 2 * (k) + (l)) * 128 + (k)*40 + 24)

/* ---- ML-KEM-512 [FIPS203 §8]: the functions are described at ML-KEM-1024 ---- */
#define HYB_MLKEM512_EK_BYTES 800
#define HYB_MLKEM512_CT_BYTES 768
#define HYB_MLKEM512_DK_BYTES 1632 /* FIPS 203 form, read and written for others only */

struct hyb_mlkem512_dk {
	uint64_t opaque[HYB_MLKEM_DK_WORDS(2)];
} HYB_ALIGN;

struct hyb_mlkem512_ek {
	uint64_t opaque[HYB_MLKEM_EK_WORDS(2)];
} HYB_ALIGN;

HYB_API enum hyb_st hyb_mlkem512_keygen(
	uint8_t ek[HYB_MLKEM512_EK_BYTES], uint8_t seed[HYB_MLKEM_SEED_BYTES]) HYB_MUST_USE;
HYB_API enum hyb_st hyb_mlkem512_keygen_derand(
	uint8_t ek[HYB_MLKEM512_EK_BYTES], const uint8_t seed[HYB_MLKEM_SEED_BYTES]) HYB_MUST_USE;
HYB_API enum hyb_st hyb_mlkem512_encaps(uint8_t ct[HYB_MLKEM512_CT_BYTES],
	uint8_t ss[HYB_MLKEM_SS_BYTES], const uint8_t ek[HYB_MLKEM512_EK_BYTES]) HYB_MUST_USE;
HYB_API enum hyb_st hyb_mlkem512_encaps_derand(uint8_t ct[HYB_MLKEM512_CT_BYTES],
	uint8_t ss[HYB_MLKEM_SS_BYTES], const uint8_t ek[HYB_MLKEM512_EK_BYTES],
	const uint8_t m[32]) HYB_MUST_USE;
HYB_API enum hyb_st hyb_mlkem512_encaps_x8(uint8_t ct[8][HYB_MLKEM512_CT_BYTES],
	uint8_t ss[8][HYB_MLKEM_SS_BYTES], const uint8_t *const ek[8]) HYB_MUST_USE;
HYB_API enum hyb_st hyb_mlkem512_ek_prepare(
	struct hyb_mlkem512_ek *p, const uint8_t ek[HYB_MLKEM512_EK_BYTES]) HYB_MUST_USE;
HYB_API enum hyb_st hyb_mlkem512_encaps_prepared(uint8_t ct[HYB_MLKEM512_CT_BYTES],
	uint8_t ss[HYB_MLKEM_SS_BYTES], const struct hyb_mlkem512_ek *p) HYB_MUST_USE;
HYB_API void hyb_mlkem512_decaps(uint8_t ss[HYB_MLKEM_SS_BYTES],
	const uint8_t ct[HYB_MLKEM512_CT_BYTES], const struct hyb_mlkem512_dk *dk);
HYB_API enum hyb_st hyb_mlkem512_dk_expand(
	struct hyb_mlkem512_dk *dk, const uint8_t seed[HYB_MLKEM_SEED_BYTES]) HYB_MUST_USE;
HYB_API enum hyb_st hyb_mlkem512_dk_import(
	struct hyb_mlkem512_dk *dk, const uint8_t fips[HYB_MLKEM512_DK_BYTES]) HYB_MUST_USE;
HYB_API void hyb_mlkem512_dk_export(
	uint8_t fips[HYB_MLKEM512_DK_BYTES], const struct hyb_mlkem512_dk *dk);
HYB_API void hyb_mlkem512_ek_from_dk(
	uint8_t ek[HYB_MLKEM512_EK_BYTES], const struct hyb_mlkem512_dk *dk);
HYB_API void hyb_mlkem512_dk_clear(struct hyb_mlkem512_dk *dk);

/* ---- ML-KEM-768 [FIPS203 §8]: the functions are described at ML-KEM-1024 ---- */
#define HYB_MLKEM768_EK_BYTES 1184
#define HYB_MLKEM768_CT_BYTES 1088
#define HYB_MLKEM768_DK_BYTES 2400 /* FIPS 203 form, read and written for others only */

struct hyb_mlkem768_dk {
	uint64_t opaque[HYB_MLKEM_DK_WORDS(3)];
} HYB_ALIGN;

struct hyb_mlkem768_ek {
	uint64_t opaque[HYB_MLKEM_EK_WORDS(3)];
} HYB_ALIGN;

HYB_API enum hyb_st hyb_mlkem768_keygen(
	uint8_t ek[HYB_MLKEM768_EK_BYTES], uint8_t seed[HYB_MLKEM_SEED_BYTES]) HYB_MUST_USE;
HYB_API enum hyb_st hyb_mlkem768_keygen_derand(
	uint8_t ek[HYB_MLKEM768_EK_BYTES], const uint8_t seed[HYB_MLKEM_SEED_BYTES]) HYB_MUST_USE;
HYB_API enum hyb_st hyb_mlkem768_encaps(uint8_t ct[HYB_MLKEM768_CT_BYTES],
	uint8_t ss[HYB_MLKEM_SS_BYTES], const uint8_t ek[HYB_MLKEM768_EK_BYTES]) HYB_MUST_USE;
HYB_API enum hyb_st hyb_mlkem768_encaps_derand(uint8_t ct[HYB_MLKEM768_CT_BYTES],
	uint8_t ss[HYB_MLKEM_SS_BYTES], const uint8_t ek[HYB_MLKEM768_EK_BYTES],
	const uint8_t m[32]) HYB_MUST_USE;
HYB_API enum hyb_st hyb_mlkem768_encaps_x8(uint8_t ct[8][HYB_MLKEM768_CT_BYTES],
	uint8_t ss[8][HYB_MLKEM_SS_BYTES], const uint8_t *const ek[8]) HYB_MUST_USE;
HYB_API enum hyb_st hyb_mlkem768_ek_prepare(
	struct hyb_mlkem768_ek *p, const uint8_t ek[HYB_MLKEM768_EK_BYTES]) HYB_MUST_USE;
HYB_API enum hyb_st hyb_mlkem768_encaps_prepared(uint8_t ct[HYB_MLKEM768_CT_BYTES],
	uint8_t ss[HYB_MLKEM_SS_BYTES], const struct hyb_mlkem768_ek *p) HYB_MUST_USE;
HYB_API void hyb_mlkem768_decaps(uint8_t ss[HYB_MLKEM_SS_BYTES],
	const uint8_t ct[HYB_MLKEM768_CT_BYTES], const struct hyb_mlkem768_dk *dk);
HYB_API enum hyb_st hyb_mlkem768_dk_expand(
	struct hyb_mlkem768_dk *dk, const uint8_t seed[HYB_MLKEM_SEED_BYTES]) HYB_MUST_USE;
HYB_API enum hyb_st hyb_mlkem768_dk_import(
	struct hyb_mlkem768_dk *dk, const uint8_t fips[HYB_MLKEM768_DK_BYTES]) HYB_MUST_USE;
HYB_API void hyb_mlkem768_dk_export(
	uint8_t fips[HYB_MLKEM768_DK_BYTES], const struct hyb_mlkem768_dk *dk);
HYB_API void hyb_mlkem768_ek_from_dk(
	uint8_t ek[HYB_MLKEM768_EK_BYTES], const struct hyb_mlkem768_dk *dk);
HYB_API void hyb_mlkem768_dk_clear(struct hyb_mlkem768_dk *dk);

/* ---- ML-KEM-1024 [FIPS203 §8] ---- */
#define HYB_MLKEM1024_EK_BYTES 1568
#define HYB_MLKEM1024_CT_BYTES 1568
#define HYB_MLKEM1024_DK_BYTES 3168 /* FIPS 203 form, read and written for others only */

/* A prepared decapsulation key: opaque, never written out, wiped by _clear. */
struct hyb_mlkem1024_dk {
	uint64_t opaque[HYB_MLKEM_DK_WORDS(4)];
} HYB_ALIGN;

/* A prepared encapsulation key: A and H(ek) are computed once; not secret. */
struct hyb_mlkem1024_ek {
	uint64_t opaque[HYB_MLKEM_EK_WORDS(4)];
} HYB_ALIGN;

/* Draws d ‖ z and derives ek [FIPS203 Alg. 19]. HYB_E_RNG: ek and seed are zero. */
HYB_API enum hyb_st hyb_mlkem1024_keygen(
	uint8_t ek[HYB_MLKEM1024_EK_BYTES], uint8_t seed[HYB_MLKEM_SEED_BYTES]) HYB_MUST_USE;
/* The same from a given seed [FIPS203 Alg. 16]. */
HYB_API enum hyb_st hyb_mlkem1024_keygen_derand(
	uint8_t ek[HYB_MLKEM1024_EK_BYTES], const uint8_t seed[HYB_MLKEM_SEED_BYTES]) HYB_MUST_USE;
/* HYB_E_BAD_KEY if a coefficient of ek is not below q [FIPS203 §7.2], HYB_E_RNG; then ct, ss are zero. */
HYB_API enum hyb_st hyb_mlkem1024_encaps(uint8_t ct[HYB_MLKEM1024_CT_BYTES],
	uint8_t ss[HYB_MLKEM_SS_BYTES], const uint8_t ek[HYB_MLKEM1024_EK_BYTES]) HYB_MUST_USE;
HYB_API enum hyb_st hyb_mlkem1024_encaps_derand(uint8_t ct[HYB_MLKEM1024_CT_BYTES],
	uint8_t ss[HYB_MLKEM_SS_BYTES], const uint8_t ek[HYB_MLKEM1024_EK_BYTES],
	const uint8_t m[32]) HYB_MUST_USE;
/* Eight keys at once, each checked: the first bad one gives HYB_E_BAD_KEY and every output is zero. */
HYB_API enum hyb_st hyb_mlkem1024_encaps_x8(uint8_t ct[8][HYB_MLKEM1024_CT_BYTES],
	uint8_t ss[8][HYB_MLKEM_SS_BYTES], const uint8_t *const ek[8]) HYB_MUST_USE;
/* Prepares ek for many encapsulations; HYB_E_BAD_KEY as above. */
HYB_API enum hyb_st hyb_mlkem1024_ek_prepare(
	struct hyb_mlkem1024_ek *p, const uint8_t ek[HYB_MLKEM1024_EK_BYTES]) HYB_MUST_USE;
HYB_API enum hyb_st hyb_mlkem1024_encaps_prepared(uint8_t ct[HYB_MLKEM1024_CT_BYTES],
	uint8_t ss[HYB_MLKEM_SS_BYTES], const struct hyb_mlkem1024_ek *p) HYB_MUST_USE;
/* Cannot fail: a bad ciphertext gives the secret of implicit rejection [FIPS203 Alg. 18]. */
HYB_API void hyb_mlkem1024_decaps(uint8_t ss[HYB_MLKEM_SS_BYTES],
	const uint8_t ct[HYB_MLKEM1024_CT_BYTES], const struct hyb_mlkem1024_dk *dk);
HYB_API enum hyb_st hyb_mlkem1024_dk_expand(
	struct hyb_mlkem1024_dk *dk, const uint8_t seed[HYB_MLKEM_SEED_BYTES]) HYB_MUST_USE;
/* From the FIPS 203 form; HYB_E_BAD_KEY if H(ek) or a modulus does not hold [FIPS203 §7.3]. */
HYB_API enum hyb_st hyb_mlkem1024_dk_import(
	struct hyb_mlkem1024_dk *dk, const uint8_t fips[HYB_MLKEM1024_DK_BYTES]) HYB_MUST_USE;
HYB_API void hyb_mlkem1024_dk_export(
	uint8_t fips[HYB_MLKEM1024_DK_BYTES], const struct hyb_mlkem1024_dk *dk);
HYB_API void hyb_mlkem1024_ek_from_dk(
	uint8_t ek[HYB_MLKEM1024_EK_BYTES], const struct hyb_mlkem1024_dk *dk);
HYB_API void hyb_mlkem1024_dk_clear(struct hyb_mlkem1024_dk *dk);

/* ---- ML-DSA-44 [FIPS204 §4]: the functions are described at ML-DSA-87 ---- */
#define HYB_MLDSA44_PK_BYTES 1312
#define HYB_MLDSA44_SIG_BYTES 2420
#define HYB_MLDSA44_SK_BYTES 2560 /* FIPS 204 form, read and written for others only */

struct hyb_mldsa44_sk {
	uint64_t opaque[HYB_MLDSA_SK_WORDS(4, 4)];
} HYB_ALIGN;

struct hyb_mldsa44_pk {
	uint64_t opaque[HYB_MLDSA_PK_WORDS(4, 4)];
} HYB_ALIGN;

HYB_API enum hyb_st hyb_mldsa44_keygen(
	uint8_t pk[HYB_MLDSA44_PK_BYTES], uint8_t seed[HYB_MLDSA_SEED_BYTES]) HYB_MUST_USE;
HYB_API enum hyb_st hyb_mldsa44_keygen_derand(
	uint8_t pk[HYB_MLDSA44_PK_BYTES], const uint8_t seed[HYB_MLDSA_SEED_BYTES]) HYB_MUST_USE;
HYB_API enum hyb_st hyb_mldsa44_sk_expand(
	struct hyb_mldsa44_sk *sk, const uint8_t seed[HYB_MLDSA_SEED_BYTES]) HYB_MUST_USE;
HYB_API enum hyb_st hyb_mldsa44_sk_import(
	struct hyb_mldsa44_sk *sk, const uint8_t fips[HYB_MLDSA44_SK_BYTES]) HYB_MUST_USE;
HYB_API void hyb_mldsa44_sk_export(
	uint8_t fips[HYB_MLDSA44_SK_BYTES], const struct hyb_mldsa44_sk *sk);
HYB_API void hyb_mldsa44_pk_from_sk(
	uint8_t pk[HYB_MLDSA44_PK_BYTES], const struct hyb_mldsa44_sk *sk);
HYB_API void hyb_mldsa44_sk_clear(struct hyb_mldsa44_sk *sk);
HYB_API enum hyb_st hyb_mldsa44_sign(uint8_t sig[HYB_MLDSA44_SIG_BYTES], hyb_bytes m, hyb_bytes ctx,
	const struct hyb_mldsa44_sk *sk) HYB_MUST_USE;
HYB_API enum hyb_st hyb_mldsa44_sign_derand(uint8_t sig[HYB_MLDSA44_SIG_BYTES], hyb_bytes m,
	hyb_bytes ctx, const uint8_t rnd[32], const struct hyb_mldsa44_sk *sk) HYB_MUST_USE;
HYB_API enum hyb_st hyb_mldsa44_sign_hash(uint8_t sig[HYB_MLDSA44_SIG_BYTES], enum hyb_hash ph,
	hyb_bytes m, hyb_bytes ctx, const uint8_t *rnd,
	const struct hyb_mldsa44_sk *sk) HYB_MUST_USE;
HYB_API enum hyb_st hyb_mldsa44_sign_mu(uint8_t sig[HYB_MLDSA44_SIG_BYTES], const uint8_t mu[64],
	const uint8_t *rnd, const struct hyb_mldsa44_sk *sk) HYB_MUST_USE;
HYB_API enum hyb_st hyb_mldsa44_mu(uint8_t mu[64], hyb_bytes m, hyb_bytes ctx,
	const uint8_t pk[HYB_MLDSA44_PK_BYTES]) HYB_MUST_USE;
HYB_API bool hyb_mldsa44_verify(const uint8_t sig[HYB_MLDSA44_SIG_BYTES], hyb_bytes m,
	hyb_bytes ctx, const uint8_t pk[HYB_MLDSA44_PK_BYTES]) HYB_MUST_USE;
HYB_API bool hyb_mldsa44_verify_hash(const uint8_t sig[HYB_MLDSA44_SIG_BYTES], enum hyb_hash ph,
	hyb_bytes m, hyb_bytes ctx, const uint8_t pk[HYB_MLDSA44_PK_BYTES]) HYB_MUST_USE;
HYB_API bool hyb_mldsa44_verify_mu(const uint8_t sig[HYB_MLDSA44_SIG_BYTES], const uint8_t mu[64],
	const uint8_t pk[HYB_MLDSA44_PK_BYTES]) HYB_MUST_USE;
HYB_API void hyb_mldsa44_pk_prepare(
	struct hyb_mldsa44_pk *p, const uint8_t pk[HYB_MLDSA44_PK_BYTES]);
HYB_API bool hyb_mldsa44_verify_prepared(const uint8_t sig[HYB_MLDSA44_SIG_BYTES], hyb_bytes m,
	hyb_bytes ctx, const struct hyb_mldsa44_pk *p) HYB_MUST_USE;

/* ---- ML-DSA-65 [FIPS204 §4]: the functions are described at ML-DSA-87 ---- */
#define HYB_MLDSA65_PK_BYTES 1952
#define HYB_MLDSA65_SIG_BYTES 3309
#define HYB_MLDSA65_SK_BYTES 4032 /* FIPS 204 form, read and written for others only */

struct hyb_mldsa65_sk {
	uint64_t opaque[HYB_MLDSA_SK_WORDS(6, 5)];
} HYB_ALIGN;

struct hyb_mldsa65_pk {
	uint64_t opaque[HYB_MLDSA_PK_WORDS(6, 5)];
} HYB_ALIGN;

HYB_API enum hyb_st hyb_mldsa65_keygen(
	uint8_t pk[HYB_MLDSA65_PK_BYTES], uint8_t seed[HYB_MLDSA_SEED_BYTES]) HYB_MUST_USE;
HYB_API enum hyb_st hyb_mldsa65_keygen_derand(
	uint8_t pk[HYB_MLDSA65_PK_BYTES], const uint8_t seed[HYB_MLDSA_SEED_BYTES]) HYB_MUST_USE;
HYB_API enum hyb_st hyb_mldsa65_sk_expand(
	struct hyb_mldsa65_sk *sk, const uint8_t seed[HYB_MLDSA_SEED_BYTES]) HYB_MUST_USE;
HYB_API enum hyb_st hyb_mldsa65_sk_import(
	struct hyb_mldsa65_sk *sk, const uint8_t fips[HYB_MLDSA65_SK_BYTES]) HYB_MUST_USE;
HYB_API void hyb_mldsa65_sk_export(
	uint8_t fips[HYB_MLDSA65_SK_BYTES], const struct hyb_mldsa65_sk *sk);
HYB_API void hyb_mldsa65_pk_from_sk(
	uint8_t pk[HYB_MLDSA65_PK_BYTES], const struct hyb_mldsa65_sk *sk);
HYB_API void hyb_mldsa65_sk_clear(struct hyb_mldsa65_sk *sk);
HYB_API enum hyb_st hyb_mldsa65_sign(uint8_t sig[HYB_MLDSA65_SIG_BYTES], hyb_bytes m, hyb_bytes ctx,
	const struct hyb_mldsa65_sk *sk) HYB_MUST_USE;
HYB_API enum hyb_st hyb_mldsa65_sign_derand(uint8_t sig[HYB_MLDSA65_SIG_BYTES], hyb_bytes m,
	hyb_bytes ctx, const uint8_t rnd[32], const struct hyb_mldsa65_sk *sk) HYB_MUST_USE;
HYB_API enum hyb_st hyb_mldsa65_sign_hash(uint8_t sig[HYB_MLDSA65_SIG_BYTES], enum hyb_hash ph,
	hyb_bytes m, hyb_bytes ctx, const uint8_t *rnd,
	const struct hyb_mldsa65_sk *sk) HYB_MUST_USE;
HYB_API enum hyb_st hyb_mldsa65_sign_mu(uint8_t sig[HYB_MLDSA65_SIG_BYTES], const uint8_t mu[64],
	const uint8_t *rnd, const struct hyb_mldsa65_sk *sk) HYB_MUST_USE;
HYB_API enum hyb_st hyb_mldsa65_mu(uint8_t mu[64], hyb_bytes m, hyb_bytes ctx,
	const uint8_t pk[HYB_MLDSA65_PK_BYTES]) HYB_MUST_USE;
HYB_API bool hyb_mldsa65_verify(const uint8_t sig[HYB_MLDSA65_SIG_BYTES], hyb_bytes m,
	hyb_bytes ctx, const uint8_t pk[HYB_MLDSA65_PK_BYTES]) HYB_MUST_USE;
HYB_API bool hyb_mldsa65_verify_hash(const uint8_t sig[HYB_MLDSA65_SIG_BYTES], enum hyb_hash ph,
	hyb_bytes m, hyb_bytes ctx, const uint8_t pk[HYB_MLDSA65_PK_BYTES]) HYB_MUST_USE;
HYB_API bool hyb_mldsa65_verify_mu(const uint8_t sig[HYB_MLDSA65_SIG_BYTES], const uint8_t mu[64],
	const uint8_t pk[HYB_MLDSA65_PK_BYTES]) HYB_MUST_USE;
HYB_API void hyb_mldsa65_pk_prepare(
	struct hyb_mldsa65_pk *p, const uint8_t pk[HYB_MLDSA65_PK_BYTES]);
HYB_API bool hyb_mldsa65_verify_prepared(const uint8_t sig[HYB_MLDSA65_SIG_BYTES], hyb_bytes m,
	hyb_bytes ctx, const struct hyb_mldsa65_pk *p) HYB_MUST_USE;

/* ---- ML-DSA-87 [FIPS204 §4] ---- */
#define HYB_MLDSA87_PK_BYTES 2592
#define HYB_MLDSA87_SIG_BYTES 4627
#define HYB_MLDSA87_SK_BYTES 4896 /* FIPS 204 form, read and written for others only */

/* A prepared private key (A, s1, s2, t0 in the NTT domain): opaque, wiped by _clear. */
struct hyb_mldsa87_sk {
	uint64_t opaque[HYB_MLDSA_SK_WORDS(8, 7)];
} HYB_ALIGN;

/* A prepared public key: A, t1 and tr are computed once; not secret. */
struct hyb_mldsa87_pk {
	uint64_t opaque[HYB_MLDSA_PK_WORDS(8, 7)];
} HYB_ALIGN;

HYB_API enum hyb_st hyb_mldsa87_keygen(
	uint8_t pk[HYB_MLDSA87_PK_BYTES], uint8_t seed[HYB_MLDSA_SEED_BYTES]) HYB_MUST_USE;
HYB_API enum hyb_st hyb_mldsa87_keygen_derand(
	uint8_t pk[HYB_MLDSA87_PK_BYTES], const uint8_t seed[HYB_MLDSA_SEED_BYTES]) HYB_MUST_USE;
HYB_API enum hyb_st hyb_mldsa87_sk_expand(
	struct hyb_mldsa87_sk *sk, const uint8_t seed[HYB_MLDSA_SEED_BYTES]) HYB_MUST_USE;
/* From the FIPS 204 form; HYB_E_BAD_KEY if s1, s2 or tr do not hold [FIPS204 Alg. 25]. */
HYB_API enum hyb_st hyb_mldsa87_sk_import(
	struct hyb_mldsa87_sk *sk, const uint8_t fips[HYB_MLDSA87_SK_BYTES]) HYB_MUST_USE;
HYB_API void hyb_mldsa87_sk_export(
	uint8_t fips[HYB_MLDSA87_SK_BYTES], const struct hyb_mldsa87_sk *sk);
HYB_API void hyb_mldsa87_pk_from_sk(
	uint8_t pk[HYB_MLDSA87_PK_BYTES], const struct hyb_mldsa87_sk *sk);
HYB_API void hyb_mldsa87_sk_clear(struct hyb_mldsa87_sk *sk);
/* Hedged [FIPS204 Alg. 2]. HYB_E_ARG if ctx is over 255 bytes, HYB_E_RNG; then sig is zero. */
HYB_API enum hyb_st hyb_mldsa87_sign(uint8_t sig[HYB_MLDSA87_SIG_BYTES], hyb_bytes m, hyb_bytes ctx,
	const struct hyb_mldsa87_sk *sk) HYB_MUST_USE;
/* rnd is given; 32 zero bytes make the deterministic variant. */
HYB_API enum hyb_st hyb_mldsa87_sign_derand(uint8_t sig[HYB_MLDSA87_SIG_BYTES], hyb_bytes m,
	hyb_bytes ctx, const uint8_t rnd[32], const struct hyb_mldsa87_sk *sk) HYB_MUST_USE;
/* HashML-DSA [FIPS204 Alg. 4]: m is hashed by ph here. rnd may be NULL: hedged. */
HYB_API enum hyb_st hyb_mldsa87_sign_hash(uint8_t sig[HYB_MLDSA87_SIG_BYTES], enum hyb_hash ph,
	hyb_bytes m, hyb_bytes ctx, const uint8_t *rnd,
	const struct hyb_mldsa87_sk *sk) HYB_MUST_USE;
/* External mu [FIPS204 Alg. 7 line 6]. rnd may be NULL: hedged. */
HYB_API enum hyb_st hyb_mldsa87_sign_mu(uint8_t sig[HYB_MLDSA87_SIG_BYTES], const uint8_t mu[64],
	const uint8_t *rnd, const struct hyb_mldsa87_sk *sk) HYB_MUST_USE;
/* mu = SHAKE256(tr ‖ 0 ‖ len(ctx) ‖ ctx ‖ m, 64), for signing elsewhere. */
HYB_API enum hyb_st hyb_mldsa87_mu(uint8_t mu[64], hyb_bytes m, hyb_bytes ctx,
	const uint8_t pk[HYB_MLDSA87_PK_BYTES]) HYB_MUST_USE;
/* true only for a valid signature [FIPS204 Alg. 3]. A signature of another length is for the caller to refuse. */
HYB_API bool hyb_mldsa87_verify(const uint8_t sig[HYB_MLDSA87_SIG_BYTES], hyb_bytes m,
	hyb_bytes ctx, const uint8_t pk[HYB_MLDSA87_PK_BYTES]) HYB_MUST_USE;
HYB_API bool hyb_mldsa87_verify_hash(const uint8_t sig[HYB_MLDSA87_SIG_BYTES], enum hyb_hash ph,
	hyb_bytes m, hyb_bytes ctx, const uint8_t pk[HYB_MLDSA87_PK_BYTES]) HYB_MUST_USE;
HYB_API bool hyb_mldsa87_verify_mu(const uint8_t sig[HYB_MLDSA87_SIG_BYTES], const uint8_t mu[64],
	const uint8_t pk[HYB_MLDSA87_PK_BYTES]) HYB_MUST_USE;
HYB_API void hyb_mldsa87_pk_prepare(
	struct hyb_mldsa87_pk *p, const uint8_t pk[HYB_MLDSA87_PK_BYTES]);
HYB_API bool hyb_mldsa87_verify_prepared(const uint8_t sig[HYB_MLDSA87_SIG_BYTES], hyb_bytes m,
	hyb_bytes ctx, const struct hyb_mldsa87_pk *p) HYB_MUST_USE;

/* ---- SLH-DSA, twelve sets [FIPS205 §11] ---- */
enum hyb_slhdsa {
	HYB_SLHDSA_SHA2_128S,
	HYB_SLHDSA_SHA2_128F,
	HYB_SLHDSA_SHA2_192S,
	HYB_SLHDSA_SHA2_192F,
	HYB_SLHDSA_SHA2_256S,
	HYB_SLHDSA_SHA2_256F,
	HYB_SLHDSA_SHAKE_128S,
	HYB_SLHDSA_SHAKE_128F,
	HYB_SLHDSA_SHAKE_192S,
	HYB_SLHDSA_SHAKE_192F,
	HYB_SLHDSA_SHAKE_256S,
	HYB_SLHDSA_SHAKE_256F,
};

#define HYB_SLHDSA_SETS 12
#define HYB_SLHDSA_PK_MAX 64
#define HYB_SLHDSA_SK_MAX 128
#define HYB_SLHDSA_SIG_MAX 49856

struct hyb_slhdsa_info {
	const char *name;		      /* "SLH-DSA-SHA2-128s" */
	size_t n;			      /* security parameter: 16, 24, 32 */
	size_t pk_bytes, sk_bytes, sig_bytes; /* 2n, 4n */
};

HYB_API const struct hyb_slhdsa_info *hyb_slhdsa_info(enum hyb_slhdsa set);
/* sk = SK.seed ‖ SK.prf ‖ PK.seed ‖ PK.root [FIPS205 Alg. 21]. */
HYB_API enum hyb_st hyb_slhdsa_keygen(enum hyb_slhdsa set, uint8_t *pk, uint8_t *sk) HYB_MUST_USE;
/* From SK.seed ‖ SK.prf ‖ PK.seed, 3n bytes. */
HYB_API enum hyb_st hyb_slhdsa_keygen_derand(
	enum hyb_slhdsa set, uint8_t *pk, uint8_t *sk, const uint8_t *seeds) HYB_MUST_USE;
/* Hedged pure signature [FIPS205 Alg. 22]. */
HYB_API enum hyb_st hyb_slhdsa_sign(enum hyb_slhdsa set, uint8_t *sig, hyb_bytes m, hyb_bytes ctx,
	const uint8_t *sk) HYB_MUST_USE;
/* addrnd: n bytes; NULL = deterministic (PK.seed). */
HYB_API enum hyb_st hyb_slhdsa_sign_derand(enum hyb_slhdsa set, uint8_t *sig, hyb_bytes m,
	hyb_bytes ctx, const uint8_t *addrnd, const uint8_t *sk) HYB_MUST_USE;
HYB_API bool hyb_slhdsa_verify(enum hyb_slhdsa set, hyb_bytes sig, hyb_bytes m, hyb_bytes ctx,
	const uint8_t *pk) HYB_MUST_USE;

/* ---- level 2: hybrid KEMs ---- */
enum hyb_kem_id {
	HYB_KEM_XWING,			      /* the default: MLKEM768-X25519, HPKE 0x647a */
	HYB_KEM_MLKEM768_P256,		      /* HPKE 0x0050 */
	HYB_KEM_MLKEM1024_P384,		      /* HPKE 0x0051: the level-5 default */
	HYB_KEM_X25519_MLKEM1024_HKDF_SHA384, /* ours: universal combiner, 64-byte secret */
	HYB_KEM_TLS_X25519MLKEM768,	      /* 0x11EC; bare concatenation: only inside TLS */
	HYB_KEM_TLS_SECP256R1MLKEM768,	      /* 0x11EB */
	HYB_KEM_TLS_SECP384R1MLKEM1024,	      /* 0x11ED */
	HYB_KEM_MLKEM512,		      /* pure, HPKE 0x0040 */
	HYB_KEM_MLKEM768,		      /* pure, HPKE 0x0041 */
	HYB_KEM_MLKEM1024,		      /* pure, HPKE 0x0042 */
};

#define HYB_KEM_SUITES 10
#define HYB_KEM_EK_MAX 1665
#define HYB_KEM_CT_MAX 1665
#define HYB_KEM_SS_MAX 80
#define HYB_KEM_SEED_MAX 112
#define HYB_KEM_ESEED_MAX 160

struct hyb_kem_suite {
	enum hyb_kem_id id;
	const char *name;   /* "X-Wing", "MLKEM1024-P384", "X25519MLKEM768" … */
	const char *oid;    /* dotted; of the key in SPKI and PKCS#8; NULL where none is */
	uint16_t hpke_kem;  /* HPKE KEM id, or 0 */
	uint16_t tls_group; /* TLS NamedGroup, or 0 */
	unsigned category;  /* NIST category of the post-quantum half: 1, 3, 5 */
	bool is_hybrid;
	bool is_envelope; /* may seal files and messages: a KEM that binds its transcript */
	size_t ek_bytes, ct_bytes, ss_bytes;
	size_t seed_bytes;  /* the private format */
	size_t eseed_bytes; /* randomness of _encaps_derand, in the order of its document */
};

/* A prepared decapsulation key of any suite. */
struct hyb_kem_dk {
	uint64_t opaque[HYB_MLKEM_DK_WORDS(4) + 128];
} HYB_ALIGN;

HYB_API const struct hyb_kem_suite *hyb_kem_suite(enum hyb_kem_id id);
/* By name, without regard to case; NULL if there is none. */
HYB_API const struct hyb_kem_suite *hyb_kem_suite_by_name(const char *name);
HYB_API enum hyb_st hyb_kem_keygen(
	const struct hyb_kem_suite *s, uint8_t *ek, uint8_t *seed) HYB_MUST_USE;
/* HYB_E_BAD_KEY if no scalar of the P-curve suites falls in range (2^-32 and less). */
HYB_API enum hyb_st hyb_kem_keygen_derand(
	const struct hyb_kem_suite *s, uint8_t *ek, const uint8_t *seed) HYB_MUST_USE;
/* HYB_E_BAD_KEY: a coefficient not below q, a point not on its curve, an all-zero X25519 result. */
HYB_API enum hyb_st hyb_kem_encaps(
	const struct hyb_kem_suite *s, uint8_t *ct, uint8_t *ss, const uint8_t *ek) HYB_MUST_USE;
HYB_API enum hyb_st hyb_kem_encaps_derand(const struct hyb_kem_suite *s, uint8_t *ct, uint8_t *ss,
	const uint8_t *ek, const uint8_t *eseed) HYB_MUST_USE;
HYB_API enum hyb_st hyb_kem_dk_expand(
	const struct hyb_kem_suite *s, struct hyb_kem_dk *dk, const uint8_t *seed) HYB_MUST_USE;
/* HYB_E_OPEN: the classical half of ct is no valid point (the post-quantum half never fails). */
HYB_API enum hyb_st hyb_kem_decaps(const struct hyb_kem_suite *s, uint8_t *ss, const uint8_t *ct,
	const struct hyb_kem_dk *dk) HYB_MUST_USE;
HYB_API void hyb_kem_dk_clear(struct hyb_kem_dk *dk);
/* Our own suite with an application context in the combiner; app at most 65,535 bytes. */
HYB_API enum hyb_st hyb_kem_encaps_app(const struct hyb_kem_suite *s, uint8_t *ct, uint8_t *ss,
	const uint8_t *ek, hyb_bytes app) HYB_MUST_USE;
HYB_API enum hyb_st hyb_kem_decaps_app(const struct hyb_kem_suite *s, uint8_t *ss,
	const uint8_t *ct, const struct hyb_kem_dk *dk, hyb_bytes app) HYB_MUST_USE;

/* ---- level 2: composite signatures; both halves must verify ---- */
enum hyb_sig_id {
	HYB_SIG_MLDSA87_P384,	 /* the default: 1.3.6.1.5.5.7.6.49 */
	HYB_SIG_MLDSA65_P256,	 /* .45 */
	HYB_SIG_MLDSA65_ED25519, /* .48 */
	HYB_SIG_MLDSA65_P384,	 /* .46 */
	HYB_SIG_MLDSA44_P256,	 /* .40 */
	HYB_SIG_MLDSA44,	 /* pure, for other people's keys */
	HYB_SIG_MLDSA65,
	HYB_SIG_MLDSA87,
};

#define HYB_SIG_SUITES 8
#define HYB_SIG_PK_MAX 2689
#define HYB_SIG_SIG_MAX 4731
#define HYB_SIG_PRIV_MAX 256

struct hyb_sig_suite {
	enum hyb_sig_id id;
	const char *name; /* "MLDSA87-ECDSA-P384-SHA512" */
	const char *oid;
	unsigned category;
	bool is_hybrid;
	size_t pk_bytes, sig_max;
	size_t priv_max; /* the draft's private form: seed ‖ ECPrivateKey or Ed25519 seed */
};

/* A prepared private key of any suite; its classical half is an object of libcrypto's, which _clear frees. */
struct hyb_sig_sk {
	uint64_t opaque[HYB_MLDSA_SK_WORDS(8, 7) + 64];
} HYB_ALIGN;

HYB_API const struct hyb_sig_suite *hyb_sig_suite(enum hyb_sig_id id);
HYB_API const struct hyb_sig_suite *hyb_sig_suite_by_name(const char *name);
HYB_API enum hyb_st hyb_sig_keygen(
	const struct hyb_sig_suite *s, uint8_t *pk, uint8_t *priv, size_t *priv_n) HYB_MUST_USE;
HYB_API enum hyb_st hyb_sig_sk_import(
	const struct hyb_sig_suite *s, struct hyb_sig_sk *sk, hyb_bytes priv) HYB_MUST_USE;
HYB_API enum hyb_st hyb_sig_pk_from_sk(
	const struct hyb_sig_suite *s, uint8_t *pk, const struct hyb_sig_sk *sk) HYB_MUST_USE;
HYB_API void hyb_sig_sk_clear(struct hyb_sig_sk *sk);
/* sig has room for s->sig_max; *sig_n is its length (ECDSA is DER). ctx at most 255 bytes. */
HYB_API enum hyb_st hyb_sig_sign(const struct hyb_sig_suite *s, uint8_t *sig, size_t *sig_n,
	hyb_bytes m, hyb_bytes ctx, const struct hyb_sig_sk *sk) HYB_MUST_USE;
HYB_API bool hyb_sig_verify(const struct hyb_sig_suite *s, hyb_bytes sig, hyb_bytes m,
	hyb_bytes ctx, const uint8_t *pk) HYB_MUST_USE;
/*
 * The same over a message that was hashed elsewhere (a file): digest = the suite's own PH of it,
 * SHA-512, or SHA-256 for the 44 suites. Pure suites take HashML-DSA with SHA-512.
 */
HYB_API enum hyb_st hyb_sig_sign_digest(const struct hyb_sig_suite *s, uint8_t *sig, size_t *sig_n,
	hyb_bytes digest, hyb_bytes ctx, const struct hyb_sig_sk *sk) HYB_MUST_USE;
HYB_API bool hyb_sig_verify_digest(const struct hyb_sig_suite *s, hyb_bytes sig, hyb_bytes digest,
	hyb_bytes ctx, const uint8_t *pk) HYB_MUST_USE;

/* ---- level 3: keys as files and envelopes know them ---- */
#define HYB_KEY_ID_BYTES 32    /* SHA-256 of the key's SubjectPublicKeyInfo in DER */
#define HYB_KEY_FILE_MAX 16384 /* no key file of these algorithms is larger, in PEM either */

enum hyb_key_kind { HYB_KEY_KEM, HYB_KEY_SIG };

/* A public key with its suite: exactly one of kem and sig is set. */
struct hyb_public {
	enum hyb_key_kind kind;
	const struct hyb_kem_suite *kem;
	const struct hyb_sig_suite *sig;
	size_t n;
	uint8_t key[HYB_SIG_PK_MAX];
	uint8_t id[HYB_KEY_ID_BYTES];
};

/* A private key in its file form, with its public half; wiped by hyb_private_clear. */
struct hyb_private {
	struct hyb_public pub;
	bool is_expanded; /* the FIPS form of a pure key that came without its seed */
	size_t n;
	uint8_t key[HYB_MLDSA87_SK_BYTES + HYB_SIG_PRIV_MAX];
};

HYB_API enum hyb_st hyb_private_new_kem(
	struct hyb_private *k, const struct hyb_kem_suite *s) HYB_MUST_USE;
HYB_API enum hyb_st hyb_private_new_sig(
	struct hyb_private *k, const struct hyb_sig_suite *s) HYB_MUST_USE;
HYB_API void hyb_private_clear(struct hyb_private *k);
/* SPKI or PKCS#8 in PEM or DER [RFC5280 §4.1, RFC5958]; the checks of each standard are made. */
HYB_API enum hyb_st hyb_public_read(struct hyb_public *k, hyb_bytes file) HYB_MUST_USE;
/*
 * pass.p NULL: the file must not be encrypted; HYB_E_PASSPHRASE if it is, or if pass is wrong.
 * HYB_E_SUITE: an algorithm, or a way of encrypting, that is not ours. HYB_E_LIMIT: scrypt would take
 * more than 256 MiB. Of ML-KEM and ML-DSA all three private forms are read and checked.
 */
HYB_API enum hyb_st hyb_private_read(
	struct hyb_private *k, hyb_bytes file, hyb_bytes pass) HYB_MUST_USE;
/* Needs HYB_KEY_FILE_MAX bytes of room. */
HYB_API enum hyb_st hyb_public_write(
	uint8_t *out, size_t *n, const struct hyb_public *k, bool pem) HYB_MUST_USE;
/*
 * With a passphrase: PBES2 of scrypt [RFC7914 §7], N = 2^17, r = 8, p = 1, and AES-256-GCM [RFC5084];
 * HYB_E_ARG if it is empty. Seeds are written as seeds.
 */
HYB_API enum hyb_st hyb_private_write(uint8_t *out, size_t *n, const struct hyb_private *k,
	hyb_bytes pass, bool pem) HYB_MUST_USE;

/* Signing and decapsulating with a key of a file, prepared each time. */
HYB_API enum hyb_st hyb_private_sign(uint8_t *sig, size_t *sig_n, hyb_bytes m, hyb_bytes ctx,
	const struct hyb_private *k) HYB_MUST_USE;
HYB_API enum hyb_st hyb_private_sign_digest(uint8_t *sig, size_t *sig_n, hyb_bytes digest,
	hyb_bytes ctx, const struct hyb_private *k) HYB_MUST_USE;
HYB_API enum hyb_st hyb_private_decaps(
	uint8_t *ss, const uint8_t *ct, const struct hyb_private *k) HYB_MUST_USE;
HYB_API bool hyb_public_verify(
	hyb_bytes sig, hyb_bytes m, hyb_bytes ctx, const struct hyb_public *k) HYB_MUST_USE;

/* ---- level 3: HPKE, base mode [RFC9180, draft-ietf-hpke-pq] ---- */
#define HYB_HPKE_TAG_BYTES 16
#define HYB_HPKE_INFO_MAX 1024 /* of info and exporter contexts; HYB_E_LIMIT beyond */

struct hyb_hpke_suite {
	const struct hyb_kem_suite *kem;
	uint16_t kdf;  /* 1, 2, 3: HKDF-SHA256, -384, -512; 0x10 to 0x13: (Turbo)SHAKE128, 256 */
	uint16_t aead; /* 1: AES-128-GCM, 2: AES-256-GCM, 3: ChaCha20-Poly1305 */
};

struct hyb_hpke_in {
	hyb_bytes info, aad, text;
};

/* HKDF-SHA384 and AES-256-GCM with this KEM: what every envelope of ours uses. */
HYB_API struct hyb_hpke_suite hyb_hpke_default(const struct hyb_kem_suite *kem);
/* One message: enc has kem->ct_bytes, ct text.n + 16 bytes. */
HYB_API enum hyb_st hyb_hpke_seal(const struct hyb_hpke_suite *s, uint8_t *enc, uint8_t *ct,
	const struct hyb_hpke_in *in, const uint8_t *ek) HYB_MUST_USE;
/* in->text is the ciphertext; pt has text.n - 16 bytes. HYB_E_OPEN: zero output. */
HYB_API enum hyb_st hyb_hpke_open(const struct hyb_hpke_suite *s, uint8_t *pt, const uint8_t *enc,
	const struct hyb_hpke_in *in, const struct hyb_kem_dk *dk) HYB_MUST_USE;

/* ---- level 3: sealed files (FLOE segments under an HPKE-wrapped key) ---- */
#define HYB_RECIPIENTS_MAX 64
#define HYB_SEGMENT_DEFAULT (1U << 20)
#define HYB_SEGMENT_MIN 64U /* for tests: half of such a segment is overhead */
#define HYB_SEGMENT_MAX (1U << 24)
#define HYB_THREADS_MAX 64U /* more are not started */

struct hyb_seal_opts {
	const struct hyb_public *recipients; /* KEM keys of one envelope suite */
	size_t n_recipients;		     /* 1 to HYB_RECIPIENTS_MAX */
	const struct hyb_private *sender;    /* may be NULL: unsigned */
	hyb_bytes context;		     /* bound, not stored: the opener must give the same */
	uint32_t segment_bytes; /* 0: HYB_SEGMENT_DEFAULT; ciphertext bytes a segment */
	unsigned n_threads;	/* 0 and 1: this thread alone */
	void (*progress)(void *ctx, uint64_t bytes_done); /* may be NULL; any thread, in order */
	void *progress_ctx;
};

struct hyb_open_opts {
	const struct hyb_private *key;	  /* the recipient's */
	const struct hyb_public *senders; /* whose signature is accepted */
	size_t n_senders;
	/* Unsigned ones too; with no senders at all, signed ones pass unverified (see is_verified). */
	bool allow_unsigned;
	hyb_bytes context;
	unsigned n_threads;
	void (*progress)(void *ctx, uint64_t bytes_done);
	void *progress_ctx;
};

/* What a sealed file says of itself; trustworthy only after the header verified. */
struct hyb_file_info {
	const struct hyb_kem_suite *kem;
	const struct hyb_sig_suite *sig; /* NULL: unsigned */
	uint8_t sender_id[HYB_KEY_ID_BYTES];
	size_t n_recipients;
	uint32_t segment_bytes;
	uint64_t header_bytes;
	uint64_t plain_bytes; /* UINT64_MAX when it cannot be told yet (a pipe) */
	bool is_verified; /* the signature of one of the accepted senders was checked and held */
};

/*
 * From in_fd to its end into out_fd; both may be pipes. HYB_E_IO: errno tells. After any error the
 * caller discards what was written.
 */
HYB_API enum hyb_st hyb_file_seal(
	int out_fd, int in_fd, const struct hyb_seal_opts *o) HYB_MUST_USE;
/*
 * Writes only what has verified. What went out before a later error stands: the caller discards it.
 * info may be NULL.
 */
HYB_API enum hyb_st hyb_file_open(int out_fd, int in_fd, const struct hyb_open_opts *o,
	struct hyb_file_info *info) HYB_MUST_USE;
/* Reads the header alone, checks nothing but its structure; a seekable fd stands where it stood. */
HYB_API enum hyb_st hyb_file_info(struct hyb_file_info *info, int in_fd) HYB_MUST_USE;

/* Random access: a part of a sealed file, for instance one tensor, without the rest. */
struct hyb_file {
	int fd; /* borrowed */
	struct hyb_file_info info;
	uint64_t opaque[64];
} HYB_ALIGN;

/* Checks header, signature and the file's length; the fd is a regular file, read from its start. */
HYB_API enum hyb_st hyb_file_at_begin(
	struct hyb_file *f, int fd, const struct hyb_open_opts *o) HYB_MUST_USE;
/* Reads n bytes of plaintext at off; HYB_E_ARG beyond the end. Threads may share f. */
HYB_API enum hyb_st hyb_file_at_read(
	const struct hyb_file *f, uint8_t *out, size_t n, uint64_t off) HYB_MUST_USE;
HYB_API void hyb_file_at_end(struct hyb_file *f);

/* ---- level 3: sealing in memory ---- */
/* Bytes that `plain` bytes become with these options; 0 if they cannot be sealed so. */
HYB_API uint64_t hyb_sealed_bytes(uint64_t plain, const struct hyb_seal_opts *o);
HYB_API enum hyb_st hyb_mem_seal(
	uint8_t *out, size_t *out_n, hyb_bytes plain, const struct hyb_seal_opts *o) HYB_MUST_USE;
/* hyb_file_info of what lies in memory, plain_bytes included; HYB_E_TRUNCATED if it ends early. */
HYB_API enum hyb_st hyb_mem_info(struct hyb_file_info *info, hyb_bytes sealed) HYB_MUST_USE;
/* out has room for plain_bytes of hyb_mem_info; on error these are zero, if they can be told. */
HYB_API enum hyb_st hyb_mem_open(
	uint8_t *out, size_t *out_n, hyb_bytes sealed, const struct hyb_open_opts *o) HYB_MUST_USE;

/* ---- level 3: gradients, and other updates of federated training ---- */
#define HYB_NAME_MAX 128	/* bytes of a model, participant or audience; at least 1 */
#define HYB_GRAD_MAX (1U << 30) /* plaintext bytes; what is larger goes as a sealed file */

/* Which update: all three are signed, and bound to the ciphertext. */
struct hyb_grad_id {
	hyb_bytes model, participant;
	uint64_t round;
};

struct hyb_grad_seal_opts {
	const struct hyb_public *aggregator; /* KEM key of an envelope suite */
	const struct hyb_private *sender;    /* the participant's; may be NULL: unsigned */
	struct hyb_grad_id id;
};

struct hyb_grad_open_opts {
	const struct hyb_private *key; /* the aggregator's */
	const struct hyb_public
		*senders; /* the keys of this participant: id and key are one claim */
	size_t n_senders;
	bool allow_unsigned; /* as in struct hyb_open_opts */
	struct hyb_grad_id expected;
};

/* What a message says of itself, unverified; slices point into it. */
struct hyb_grad_info {
	const struct hyb_kem_suite *kem;
	const struct hyb_sig_suite *sig; /* NULL: unsigned */
	struct hyb_grad_id id;
	uint8_t recipient_id[HYB_KEY_ID_BYTES], sender_id[HYB_KEY_ID_BYTES];
	size_t plain_bytes;
};

/* Bytes that `plain` bytes become; 0 if they cannot be sealed so. */
HYB_API size_t hyb_grad_bytes(size_t plain, const struct hyb_grad_seal_opts *o);
/* out has room for hyb_grad_bytes. */
HYB_API enum hyb_st hyb_grad_seal(uint8_t *out, size_t *out_n, hyb_bytes plain,
	const struct hyb_grad_seal_opts *o) HYB_MUST_USE;
/* To find the participant's key before opening; HYB_E_TRUNCATED and _TRAILING are told here. */
HYB_API enum hyb_st hyb_grad_info(struct hyb_grad_info *info, hyb_bytes sealed) HYB_MUST_USE;
/*
 * out has room for plain_bytes. In this order: HYB_E_WRONG_KEY, _UNSIGNED, _SIGNATURE, _AUDIENCE
 * (another model, round or participant), _OPEN. That a participant sends twice in a round is the
 * caller's to notice. Where hyb_grad_info fails, so does this, and leaves out as it was, for how much
 * of it is meant cannot be told; *out_n is 0.
 */
HYB_API enum hyb_st hyb_grad_open(uint8_t *out, size_t *out_n, hyb_bytes sealed,
	const struct hyb_grad_open_opts *o) HYB_MUST_USE;

/* ---- level 3: inference requests and responses ---- */
#define HYB_REQ_BODY_MAX (1U << 24)
#define HYB_REQ_HASH_BYTES 48
#define HYB_REQ_ID_BYTES 32

struct hyb_req_seal_opts {
	const struct hyb_public *service; /* its KEM key */
	const struct hyb_private *client; /* signs */
	hyb_bytes model, audience;
	uint64_t now; /* seconds since 1970 */
};

/* The client's half of an exchange: secret, of one use; ends with hyb_req_end. */
struct hyb_req_pending {
	const struct hyb_kem_suite *kem;
	uint8_t seed[HYB_KEM_SEED_MAX]; /* of the one-time key that the response is sealed to */
	uint8_t hash[HYB_REQ_HASH_BYTES];
};

/* What a request says of itself, unverified; slices point into it. */
struct hyb_req_info {
	const struct hyb_kem_suite *kem;
	const struct hyb_sig_suite *sig;
	hyb_bytes model, audience;
	uint64_t time;
	uint8_t service_id[HYB_KEY_ID_BYTES], client_id[HYB_KEY_ID_BYTES];
	size_t body_bytes;
};

struct hyb_req_open_opts {
	const struct hyb_private *key;	  /* the service's KEM key */
	const struct hyb_public *clients; /* whose requests are taken */
	size_t n_clients;
	hyb_bytes audience; /* this service's name */
	hyb_bytes model;    /* p NULL: any, told in struct hyb_req */
	uint64_t now, window;
	/*
	 * Remembers the id until the time given, when freshness refuses it anyway; false if it is
	 * remembered already. Asked last, for requests that pass all else. Not NULL.
	 */
	bool (*is_new)(void *ctx, const uint8_t id[HYB_REQ_ID_BYTES], uint64_t until);
	void *ctx;
};

/* A request that passed: what the response is made for. */
struct hyb_req {
	const struct hyb_kem_suite *kem;
	const struct hyb_public *client; /* the one of opts->clients */
	hyb_bytes model;		 /* points into the request */
	uint64_t time;
	uint8_t hash[HYB_REQ_HASH_BYTES];
	uint8_t response_ek[HYB_KEM_EK_MAX];
};

struct hyb_res_seal_opts {
	const struct hyb_req *req;
	const struct hyb_private *service; /* signs */
	uint64_t now;
};

struct hyb_res_open_opts {
	const struct hyb_req_pending *pending;
	const struct hyb_public *services; /* signature keys */
	size_t n_services;
	uint64_t now, window;
};

HYB_API size_t hyb_req_bytes(size_t body, const struct hyb_req_seal_opts *o);
/* out has room for hyb_req_bytes. */
HYB_API enum hyb_st hyb_req_seal(uint8_t *out, size_t *out_n, struct hyb_req_pending *pending,
	hyb_bytes body, const struct hyb_req_seal_opts *o) HYB_MUST_USE;
HYB_API void hyb_req_end(struct hyb_req_pending *pending);
HYB_API enum hyb_st hyb_req_info(struct hyb_req_info *info, hyb_bytes sealed) HYB_MUST_USE;
/*
 * out has room for body_bytes. Signature, then decryption, freshness (within `window` seconds of now
 * on either side), audience and model, replay: HYB_E_WRONG_KEY, _SIGNATURE, _OPEN, _STALE, _AUDIENCE,
 * _REPLAY; the output is zero after any of them. Where hyb_req_info fails, so does this, and leaves
 * out as it was; *req is zero, *out_n 0.
 */
HYB_API enum hyb_st hyb_req_open(uint8_t *out, size_t *out_n, struct hyb_req *req, hyb_bytes sealed,
	const struct hyb_req_open_opts *o) HYB_MUST_USE;

HYB_API size_t hyb_res_bytes(size_t body, const struct hyb_res_seal_opts *o);
HYB_API enum hyb_st hyb_res_seal(uint8_t *out, size_t *out_n, hyb_bytes body,
	const struct hyb_res_seal_opts *o) HYB_MUST_USE;
/*
 * out has room for sealed.n bytes. HYB_E_SIGNATURE, _AUDIENCE (of another request), _OPEN, _STALE. A
 * response that is none in its structure leaves out as it was; *out_n is 0.
 */
HYB_API enum hyb_st hyb_res_open(uint8_t *out, size_t *out_n, hyb_bytes sealed,
	const struct hyb_res_open_opts *o) HYB_MUST_USE;

#ifdef __cplusplus
}
#endif

#endif
