/*
 * mldsa.h — inside of ML-DSA: parameter sets, polynomials, the operations that each level provides.
 *
 * Shape:     mldsa_api.c is hyb.h: framing of messages, backends; mldsa.c is the scheme over
 *            `const struct mldsa_params *`; mldsa_poly.c samples and packs polynomials; every level
 *            fills one struct mldsa_ops, all with the same results.
 * Units:     coefficients are int32_t; "centred" is the representative of least absolute value.
 * Ownership: the caller's storage.
 * Secrets:   operations take secrets unless their comment says public. Which candidates a rejection
 *            sampler skips is public, what it keeps is not [FIPS204 §3.6.4].
 * Standard:  FIPS 204.
 */
#ifndef HYB_MLDSA_H
#define HYB_MLDSA_H

#include "hyb/backend.h"

#define MLDSA_N 256
#define MLDSA_Q 8380417
#define MLDSA_D 13
#define MLDSA_NTT_BOUND (11 * MLDSA_Q) /* what an NTT may give */
#define MLDSA_K_MAX 8
#define MLDSA_L_MAX 7
#define MLDSA_CTILDE_MAX 64
#define MLDSA_T1_BYTES 320 /* of one polynomial, packed */
#define MLDSA_T0_BYTES 416
#define MLDSA_GAMMA2_32 261888 /* (q - 1) / 32 */
#define MLDSA_GAMMA2_88 95232  /* (q - 1) / 88 */

struct mldsa_params {
	unsigned set; /* 44, 65, 87 */
	unsigned k, l, eta, tau, omega;
	unsigned eta_bits, gamma1_bits; /* of one packed coefficient of s and of z */
	int32_t beta, gamma1, gamma2;
	size_t ctilde_bytes, pk_bytes, sk_bytes, sig_bytes;
};

extern const struct mldsa_params hyb_mldsa44_params, hyb_mldsa65_params, hyb_mldsa87_params;

struct mldsa_poly {
	int32_t c[MLDSA_N];
} HYB_ALIGN;

/* One bit a coefficient. */
struct mldsa_hint {
	uint64_t w[MLDSA_N / 64];
};

struct mldsa_ops {
	/* How many streams a Keccak call advances for the price of one: batches are multiples. */
	unsigned lanes;
	/* In |c| < q, out |c| < MLDSA_NTT_BOUND [FIPS204 Alg. 41]. */
	void (*ntt)(struct mldsa_poly *a);
	/* In |c| < q; out times 2^32, centred [FIPS204 Alg. 42]. */
	void (*invntt)(struct mldsa_poly *a);
	/*
	 * r = sum of a[i]·b[i]·2^-32 over n pairs, |r| < q; the sum of |a[i]·b[i]| is below 2^31·q,
	 * and 7 products of a reduced polynomial and an NTT plus one of two NTTs are.
	 */
	void (*mul_acc)(struct mldsa_poly *r, const struct mldsa_poly *a,
		const struct mldsa_poly *b, unsigned n);
	void (*add)(struct mldsa_poly *r, const struct mldsa_poly *a, const struct mldsa_poly *b);
	void (*sub)(struct mldsa_poly *r, const struct mldsa_poly *a, const struct mldsa_poly *b);
	/* Takes |c| < q [FIPS204 Alg. 35]; r1 may be a. */
	void (*power2round)(
		struct mldsa_poly *r1, struct mldsa_poly *r0, const struct mldsa_poly *a);
	/* Takes |c| < q [FIPS204 Alg. 36]; r0 may be a. */
	void (*decompose)(struct mldsa_poly *r1, struct mldsa_poly *r0, const struct mldsa_poly *a,
		int32_t gamma2);
	/*
	 * Bit i: does r1·2γ2 + r0 have other high bits than r1? |r0| < 2γ2 [FIPS204 Alg. 39]. Returns
	 * the number of ones.
	 */
	unsigned (*make_hint)(struct mldsa_hint *h, const struct mldsa_poly *r0,
		const struct mldsa_poly *r1, int32_t gamma2);
	/* Takes |c| < q, in place [FIPS204 Alg. 40]. Public. */
	void (*use_hint)(struct mldsa_poly *a, const struct mldsa_hint *h, int32_t gamma2);
	/* 1 if any |c| >= bound, else 0, in the same time; |c| < 2^30. */
	uint32_t (*norm_ge)(const struct mldsa_poly *a, int32_t bound);
	/* Packs high bits in 4 bits (γ2 = (q-1)/32) or 6 [FIPS204 Alg. 28]. */
	void (*pack_w1)(uint8_t *out, const struct mldsa_poly *a, int32_t gamma2);
	/* γ1 - c in 18 or 20 bits [FIPS204 Alg. 17, 19]. */
	void (*pack_z)(uint8_t *out, const struct mldsa_poly *a, unsigned bits);
	void (*unpack_z)(struct mldsa_poly *a, const uint8_t *in, unsigned bits);
	/* c in 10 bits [FIPS204 Alg. 16, 18]. */
	void (*pack_t1)(uint8_t *out, const struct mldsa_poly *a);
	void (*unpack_t1)(struct mldsa_poly *a, const uint8_t *in);
	/*
	 * Append accepted candidates of in[0..n) to a[have..256) and return the new count; n is a
	 * multiple of 3 for uniform [FIPS204 Alg. 30, 31]. Uniform is public.
	 */
	unsigned (*rej_uniform)(struct mldsa_poly *a, unsigned have, const uint8_t *in, size_t n);
	unsigned (*rej_eta)(
		struct mldsa_poly *a, unsigned have, const uint8_t *in, size_t n, unsigned eta);
	/* The swaps of [FIPS204 Alg. 29]: j[n] and sign[n] are those of i = 256 - tau + n. */
	void (*place)(struct mldsa_poly *c, const uint8_t *j, const uint8_t *sign, unsigned tau);
};

extern const struct mldsa_ops hyb_mldsa_ops_c;
#if defined(__x86_64__)
extern const struct mldsa_ops hyb_mldsa_ops_avx2, hyb_mldsa_ops_avx512;
#endif

/* The table of hyb_cpu(). */
const struct mldsa_ops *hyb_mldsa_ops(void);

/* ---- mldsa_poly.c: samplers and encodings, whole vectors at a time ---- */
/*
 * A from rho, the first 32 bytes of pk [FIPS204 Alg. 32], rows `stride` polynomials apart. tr may be
 * NULL; otherwise it gets H(pk, 64), which costs little beside.
 */
void hyb_mldsa_expand_a(const struct mldsa_ops *o, const struct mldsa_params *p,
	struct mldsa_poly *a, unsigned stride, const uint8_t *pk, uint8_t *tr);
/* s1, then s2 [FIPS204 Alg. 33]. */
void hyb_mldsa_expand_s(const struct mldsa_ops *o, const struct mldsa_params *p,
	struct mldsa_poly *s, const uint8_t rho1[64]);
/* Masks number `kappa` to kappa + n - 1, n at most 8 [FIPS204 Alg. 34]. */
void hyb_mldsa_expand_mask(const struct mldsa_ops *o, const struct mldsa_params *p,
	struct mldsa_poly *const y[8], unsigned n, const uint8_t rho2[64], unsigned kappa);
/* [FIPS204 Alg. 29]; ctilde may be secret. */
void hyb_mldsa_sample_in_ball(const struct mldsa_ops *o, const struct mldsa_params *p,
	struct mldsa_poly *c, const uint8_t *ctilde);
/* The value hi - c of each coefficient in `bits` bits, little end first, and back. */
void hyb_mldsa_pack(uint8_t *out, const struct mldsa_poly *a, int32_t hi, unsigned bits);
void hyb_mldsa_unpack(struct mldsa_poly *a, const uint8_t *in, int32_t hi, unsigned bits);

/* ---- prepared keys ---- */
/*
 * A, s1, s2, t0 in the NTT domain, then t1 packed. Under a backend its handle alone: nothing native
 * is filled in.
 */
struct mldsa_sk {
	uint8_t rho[32];
	uint8_t key[32]; /* K */
	uint8_t tr[64];
	const struct hyb_pq_backend *backend; /* NULL: native */
	void *handle;
	struct mldsa_poly polys[];
};

/* k rows of A and, at their end, -t1·2^d, in the NTT domain. Under a backend the plain octets. */
struct mldsa_pk {
	uint8_t tr[64];
	const struct hyb_pq_backend *backend;
	struct mldsa_poly rows[];
};

/* ---- mldsa.c: the scheme, native ---- */
/* pk alone [FIPS204 Alg. 6]; scratch has room for a prepared key and keeps nothing secret. */
void hyb_mldsa_keygen(const struct mldsa_params *p, uint8_t *pk, const uint8_t seed[32],
	struct mldsa_sk *scratch);
void hyb_mldsa_expand(const struct mldsa_params *p, struct mldsa_sk *s, const uint8_t seed[32]);
/* HYB_E_BAD_KEY: the caller wipes s. */
enum hyb_st hyb_mldsa_import(
	const struct mldsa_params *p, struct mldsa_sk *s, const uint8_t *fips) HYB_MUST_USE;
void hyb_mldsa_export(const struct mldsa_params *p, uint8_t *out, const struct mldsa_sk *s);
void hyb_mldsa_public(const struct mldsa_params *p, uint8_t *out, const struct mldsa_sk *s);
/* tr may be left out where mu comes from outside. */
void hyb_mldsa_prepare(
	const struct mldsa_params *p, struct mldsa_pk *v, const uint8_t *pk, bool with_tr);
enum hyb_st hyb_mldsa_sign_native(const struct mldsa_params *p, uint8_t *sig, const uint8_t mu[64],
	const uint8_t rnd[32], const struct mldsa_sk *s) HYB_MUST_USE;
bool hyb_mldsa_verify_native(const struct mldsa_params *p, const uint8_t *sig, const uint8_t mu[64],
	const struct mldsa_pk *v) HYB_MUST_USE;

/* ---- mldsa_api.c: entry points for vectors, on a given M' [FIPS204 Alg. 7, 8] ---- */
enum hyb_st hyb_mldsa_sign_internal(const struct mldsa_params *p, uint8_t *sig, hyb_bytes mprime,
	const uint8_t rnd[32], const void *sk) HYB_MUST_USE;
bool hyb_mldsa_verify_internal(const struct mldsa_params *p, const uint8_t *sig, hyb_bytes mprime,
	const void *pk_prepared) HYB_MUST_USE;

#endif
