/*
 * mldsa_sets.h — the three ML-DSA sets behind one table, so that a test is a loop and not a macro.
 *
 * Shape:     `sets` in the order 44, 65, 87; keys are void pointers into the storage of one_sk, one_pk.
 * Ownership: static storage; one key at a time.
 */
#ifndef HYB_TESTS_MLDSA_SETS_H
#define HYB_TESTS_MLDSA_SETS_H

#include "vec.h"

#include "hyb/mldsa.h"

struct set {
	const char *name;
	const struct mldsa_params *p;
	enum hyb_st (*keygen)(uint8_t *pk, uint8_t *seed);
	enum hyb_st (*keygen_derand)(uint8_t *pk, const uint8_t *seed);
	enum hyb_st (*expand)(void *sk, const uint8_t *seed);
	enum hyb_st (*import)(void *sk, const uint8_t *fips);
	void (*export)(uint8_t *fips, const void *sk);
	void (*pk_from_sk)(uint8_t *pk, const void *sk);
	void (*clear)(void *sk);
	enum hyb_st (*sign)(uint8_t *sig, hyb_bytes m, hyb_bytes ctx, const void *sk);
	enum hyb_st (*sign_derand)(
		uint8_t *sig, hyb_bytes m, hyb_bytes ctx, const uint8_t *rnd, const void *sk);
	enum hyb_st (*sign_hash)(uint8_t *sig, enum hyb_hash ph, hyb_bytes m, hyb_bytes ctx,
		const uint8_t *rnd, const void *sk);
	enum hyb_st (*sign_mu)(uint8_t *sig, const uint8_t *mu, const uint8_t *rnd, const void *sk);
	enum hyb_st (*mu)(uint8_t *mu, hyb_bytes m, hyb_bytes ctx, const uint8_t *pk);
	bool (*verify)(const uint8_t *sig, hyb_bytes m, hyb_bytes ctx, const uint8_t *pk);
	bool (*verify_hash)(const uint8_t *sig, enum hyb_hash ph, hyb_bytes m, hyb_bytes ctx,
		const uint8_t *pk);
	bool (*verify_mu)(const uint8_t *sig, const uint8_t *mu, const uint8_t *pk);
	void (*prepare)(void *v, const uint8_t *pk);
	bool (*verify_prepared)(const uint8_t *sig, hyb_bytes m, hyb_bytes ctx, const void *v);
	size_t sk_size;
};

#define SET(n)                                                                                     \
	static enum hyb_st expand##n(void *sk, const uint8_t *seed)                                \
	{                                                                                          \
		return hyb_mldsa##n##_sk_expand(sk, seed);                                         \
	}                                                                                          \
	static enum hyb_st import##n(void *sk, const uint8_t *fips)                                \
	{                                                                                          \
		return hyb_mldsa##n##_sk_import(sk, fips);                                         \
	}                                                                                          \
	static void export##n(uint8_t *fips, const void *sk)                                       \
	{                                                                                          \
		hyb_mldsa##n##_sk_export(fips, sk);                                                \
	}                                                                                          \
	static void pk_from_sk##n(uint8_t *pk, const void *sk)                                     \
	{                                                                                          \
		hyb_mldsa##n##_pk_from_sk(pk, sk);                                                 \
	}                                                                                          \
	static void clear##n(void *sk)                                                             \
	{                                                                                          \
		hyb_mldsa##n##_sk_clear(sk);                                                       \
	}                                                                                          \
	static enum hyb_st sign##n(uint8_t *sig, hyb_bytes m, hyb_bytes ctx, const void *sk)       \
	{                                                                                          \
		return hyb_mldsa##n##_sign(sig, m, ctx, sk);                                       \
	}                                                                                          \
	static enum hyb_st sign_derand##n(                                                         \
		uint8_t *sig, hyb_bytes m, hyb_bytes ctx, const uint8_t *rnd, const void *sk)      \
	{                                                                                          \
		return hyb_mldsa##n##_sign_derand(sig, m, ctx, rnd, sk);                           \
	}                                                                                          \
	static enum hyb_st sign_hash##n(uint8_t *sig, enum hyb_hash ph, hyb_bytes m,               \
		hyb_bytes ctx, const uint8_t *rnd, const void *sk)                                 \
	{                                                                                          \
		return hyb_mldsa##n##_sign_hash(sig, ph, m, ctx, rnd, sk);                         \
	}                                                                                          \
	static enum hyb_st sign_mu##n(                                                             \
		uint8_t *sig, const uint8_t *mu, const uint8_t *rnd, const void *sk)               \
	{                                                                                          \
		return hyb_mldsa##n##_sign_mu(sig, mu, rnd, sk);                                   \
	}                                                                                          \
	static void prepare##n(void *v, const uint8_t *pk)                                         \
	{                                                                                          \
		hyb_mldsa##n##_pk_prepare(v, pk);                                                  \
	}                                                                                          \
	static bool verify_prepared##n(                                                            \
		const uint8_t *sig, hyb_bytes m, hyb_bytes ctx, const void *v)                     \
	{                                                                                          \
		return hyb_mldsa##n##_verify_prepared(sig, m, ctx, v);                             \
	}
SET(44)
SET(65)
SET(87)

#define ROW(n)                                                                                     \
	{                                                                                          \
		"ML-DSA-" #n, &hyb_mldsa##n##_params, hyb_mldsa##n##_keygen,                       \
			hyb_mldsa##n##_keygen_derand, expand##n, import##n, export##n,             \
			pk_from_sk##n, clear##n, sign##n, sign_derand##n, sign_hash##n,            \
			sign_mu##n, hyb_mldsa##n##_mu, hyb_mldsa##n##_verify,                      \
			hyb_mldsa##n##_verify_hash, hyb_mldsa##n##_verify_mu, prepare##n,          \
			verify_prepared##n, sizeof(struct hyb_mldsa##n##_sk)                       \
	}

static const struct set sets[3] = { ROW(44), ROW(65), ROW(87) };

__attribute__((unused)) static union {
	struct hyb_mldsa44_sk s44;
	struct hyb_mldsa65_sk s65;
	struct hyb_mldsa87_sk s87;
	uint8_t bytes[sizeof(struct hyb_mldsa87_sk)];
} one_sk;

__attribute__((unused)) static union {
	struct hyb_mldsa44_pk p44;
	struct hyb_mldsa65_pk p65;
	struct hyb_mldsa87_pk p87;
} one_pk;

static const uint8_t zero32[32];

#endif
