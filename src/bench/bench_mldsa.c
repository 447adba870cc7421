/*
 * bench_mldsa.c — ML-DSA of libhyb. Signing repeats until a candidate is accepted, so its time is
 * compared on one fixed list: key of the zero seed, messages bench_message(0) to (63), rnd = 0; the
 * figure is the mean over the list of each message's own minimum (quartile, median …).
 */
#include <string.h>

#include "bench_native.h"

static const uint8_t zero[32];

#define SET(N)                                                                                     \
	struct mldsa##N {                                                                          \
		struct hyb_mldsa##N##_sk sk;                                                       \
		struct hyb_mldsa##N##_pk prepared;                                                 \
		uint8_t pk[HYB_MLDSA##N##_PK_BYTES], pk2[HYB_MLDSA##N##_PK_BYTES];                 \
		uint8_t sig[HYB_MLDSA##N##_SIG_BYTES];                                             \
		uint8_t seed[32], m[32];                                                           \
	};                                                                                         \
	static bool keygen##N(void *ctx, size_t item)                                              \
	{                                                                                          \
		struct mldsa##N *k = ctx;                                                          \
		(void)item;                                                                        \
		return hyb_mldsa##N##_keygen(k->pk2, k->seed) == HYB_OK;                           \
	}                                                                                          \
	static bool sign##N(void *ctx, size_t item)                                                \
	{                                                                                          \
		struct mldsa##N *k = ctx;                                                          \
		bench_message(k->m, item);                                                         \
		return hyb_mldsa##N##_sign_derand(k->sig, (hyb_bytes){ k->m, 32 },                 \
			       (hyb_bytes){ NULL, 0 }, zero, &k->sk) == HYB_OK;                    \
	}                                                                                          \
	static bool verify##N(void *ctx, size_t item)                                              \
	{                                                                                          \
		struct mldsa##N *k = ctx;                                                          \
		(void)item;                                                                        \
		return hyb_mldsa##N##_verify(                                                      \
			k->sig, (hyb_bytes){ k->m, 32 }, (hyb_bytes){ NULL, 0 }, k->pk);           \
	}                                                                                          \
	static bool prepared##N(void *ctx, size_t item)                                            \
	{                                                                                          \
		struct mldsa##N *k = ctx;                                                          \
		(void)item;                                                                        \
		return hyb_mldsa##N##_verify_prepared(                                             \
			k->sig, (hyb_bytes){ k->m, 32 }, (hyb_bytes){ NULL, 0 }, &k->prepared);    \
	}                                                                                          \
	static bool expand##N(void *ctx, size_t item)                                              \
	{                                                                                          \
		struct mldsa##N *k = ctx;                                                          \
		(void)item;                                                                        \
		return hyb_mldsa##N##_sk_expand(&k->sk, zero) == HYB_OK;                           \
	}                                                                                          \
	static bool open##N(void *ctx, const void *arg)                                            \
	{                                                                                          \
		struct mldsa##N *k = ctx;                                                          \
		(void)arg;                                                                         \
		if (hyb_mldsa##N##_keygen_derand(k->pk, zero) != HYB_OK || !expand##N(k, 0))       \
			return false;                                                              \
		hyb_mldsa##N##_pk_prepare(&k->prepared, k->pk);                                    \
		return sign##N(k, 0) && verify##N(k, 0) && prepared##N(k, 0);                      \
	}                                                                                          \
	static void close##N(void *ctx)                                                            \
	{                                                                                          \
		struct mldsa##N *k = ctx;                                                          \
		hyb_mldsa##N##_sk_clear(&k->sk);                                                   \
	}                                                                                          \
	static const struct bench_native_op ops##N[] = {                                           \
		{ "keygen", keygen##N, bench_key_generate, bench_oqs_sig_keygen, NULL, 0, 0,       \
			false },                                                                   \
		{ "sign", sign##N, bench_key_sign, bench_oqs_sign, NULL, 0, BENCH_ITEMS_MAX,       \
			false },                                                                   \
		{ "verify", verify##N, bench_key_verify, bench_oqs_verify, NULL, 0, 0, false },    \
		{ "verify-prepared", prepared##N, bench_key_verify, bench_oqs_verify, NULL, 0, 0,  \
			false },                                                                   \
		{ "sk-expand", expand##N, NULL, NULL, NULL, 0, 0, false },                         \
	};

SET(44)
SET(65)
SET(87)

static int is_deterministic = 1;
/* OSSL_SIGNATURE_PARAM_DETERMINISTIC: rnd = 0. */
static const struct bench_param deterministic[] = {
	{ "deterministic", 1, &is_deterministic, sizeof(is_deterministic), SIZE_MAX },
	{ NULL, 0, NULL, 0, 0 },
};

#define ROW(N)                                                                                     \
	{                                                                                          \
		.family = "ML-DSA", .name = "ML-DSA-" #N, .pk_bytes = HYB_MLDSA##N##_PK_BYTES,     \
		.out_bytes = HYB_MLDSA##N##_SIG_BYTES, .op = ops##N,                               \
		.n_ops = sizeof(ops##N) / sizeof(ops##N[0]), .room = sizeof(struct mldsa##N),      \
		.open = open##N, .close = close##N, .has_peers = true, .is_oqs_sig = true,         \
		.spec = {                                                                          \
			.name = "ML-DSA-" #N,                                                      \
			.is_sign = true,                                                           \
			.is_oneshot = true,                                                        \
			.tbs_n = 32,                                                               \
			.seed = zero,                                                              \
			.seed_n = sizeof(zero),                                                    \
			.sign_params = deterministic                                               \
		}                                                                                  \
	}

void bench_mldsa(struct bench *b)
{
	static const struct bench_native sets[] = { ROW(44), ROW(65), ROW(87) };

	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
		bench_native(b, &sets[i]);
}
