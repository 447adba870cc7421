/* bench_round3.c — Falcon (round 3) and Classic McEliece: no standards, here for comparison only. */
#include <string.h>

#include "bench_native.h"
#include "hyb/hybx.h"

#define FAMILY "round 3, no standard"

struct falcon {
	unsigned logn;
	size_t sig_n;
	uint8_t pk[HYBX_FALCON_PK_MAX], pk2[HYBX_FALCON_PK_MAX];
	uint8_t sk[HYBX_FALCON_SK_MAX], sk2[HYBX_FALCON_SK_MAX];
	uint8_t sig[HYBX_FALCON_SIG_MAX(10)], m[32];
	struct hybx_falcon_work w;
};

static bool keygen(void *ctx, size_t item)
{
	struct falcon *k = ctx;

	(void)item;
	return hybx_falcon_keygen(k->logn, k->pk2, k->sk2, &k->w) == HYB_OK;
}

static bool sign(void *ctx, size_t item)
{
	struct falcon *k = ctx;

	bench_message(k->m, item);
	return hybx_falcon_sign(k->sig, &k->sig_n, (hyb_bytes){ k->m, sizeof(k->m) },
		       (hyb_bytes){ k->sk, HYBX_FALCON_SK_BYTES(k->logn) }, &k->w) == HYB_OK;
}

static bool verify(void *ctx, size_t item)
{
	struct falcon *k = ctx;

	(void)item;
	return hybx_falcon_verify((hyb_bytes){ k->sig, k->sig_n },
		(hyb_bytes){ k->m, sizeof(k->m) },
		(hyb_bytes){ k->pk, HYBX_FALCON_PK_BYTES(k->logn) }, &k->w);
}

static bool open_falcon(void *ctx, const void *arg)
{
	struct falcon *k = ctx;

	k->logn = *(const unsigned *)arg;
	return hybx_falcon_keygen(k->logn, k->pk, k->sk, &k->w) == HYB_OK && sign(k, 0) &&
		verify(k, 0);
}

static void close_falcon(void *ctx)
{
	struct falcon *k = ctx;

	hyb_wipe(k->sk, sizeof(k->sk));
}

struct mceliece {
	enum hybx_mceliece set;
	uint8_t pk[HYBX_MCELIECE_PK_MAX], pk2[HYBX_MCELIECE_PK_MAX];
	uint8_t sk[HYBX_MCELIECE_SK_MAX], sk2[HYBX_MCELIECE_SK_MAX], ct[HYBX_MCELIECE_CT_MAX];
	uint8_t ss[HYBX_MCELIECE_SS_BYTES], ss2[HYBX_MCELIECE_SS_BYTES];
	struct hybx_mceliece_work w;
};

static bool kem_keygen(void *ctx, size_t item)
{
	struct mceliece *k = ctx;

	(void)item;
	return hybx_mceliece_keygen(k->set, k->pk2, k->sk2, &k->w) == HYB_OK;
}

static bool encaps(void *ctx, size_t item)
{
	struct mceliece *k = ctx;

	(void)item;
	return hybx_mceliece_encaps(k->set, k->ct, k->ss, k->pk) == HYB_OK;
}

static bool decaps(void *ctx, size_t item)
{
	struct mceliece *k = ctx;

	(void)item;
	return hybx_mceliece_decaps(k->set, k->ss2, k->ct, k->sk, &k->w) == HYB_OK;
}

static bool open_mceliece(void *ctx, const void *arg)
{
	struct mceliece *k = ctx;

	k->set = *(const enum hybx_mceliece *)arg;
	return hybx_mceliece_keygen(k->set, k->pk, k->sk, &k->w) == HYB_OK && encaps(k, 0) &&
		decaps(k, 0) && memcmp(k->ss, k->ss2, sizeof(k->ss)) == 0;
}

static void close_mceliece(void *ctx)
{
	struct mceliece *k = ctx;

	hyb_wipe(k->sk, sizeof(k->sk));
}

/* Its keys are larger than any buffer for a peer's. */
static void time_mceliece(struct bench *b)
{
	static const struct bench_native_op ops[] = {
		{ "keygen", kem_keygen, NULL, NULL, NULL, 0, 0, true },
		{ "encaps", encaps, NULL, NULL, NULL, 0, 0, false },
		{ "decaps", decaps, NULL, NULL, NULL, 0, 0, false },
	};

	for (unsigned i = 0; i < 2; i++) {
		const enum hybx_mceliece set =
			i == 0 ? HYBX_MCELIECE_348864 : HYBX_MCELIECE_6688128;
		const struct bench_native a = { .family = FAMILY,
			.name = i == 0 ? "Classic McEliece 348864" : "Classic McEliece 6688128",
			.pk_bytes = HYBX_MCELIECE_PK_BYTES(set),
			.out_bytes = HYBX_MCELIECE_CT_BYTES(set),
			.op = ops,
			.n_ops = sizeof(ops) / sizeof(ops[0]),
			.arg = &set,
			.room = sizeof(struct mceliece),
			.open = open_mceliece,
			.close = close_mceliece };

		bench_native(b, &a);
	}
}

void bench_round3(struct bench *b)
{
	static const struct bench_native_op ops[] = {
		{ "keygen", keygen, NULL, bench_oqs_sig_keygen, NULL, 0, 0, false },
		{ "sign", sign, NULL, bench_oqs_sign, NULL, 0, 0, false },
		{ "verify", verify, NULL, bench_oqs_verify, NULL, 0, 0, false },
	};
	static const unsigned degree[] = { 9, 10 };

	for (size_t i = 0; i < 2; i++) {
		const struct bench_native a = { .family = FAMILY,
			.name = degree[i] == 9 ? "Falcon-512 (round 3)" : "Falcon-1024 (round 3)",
			.oqs_name = degree[i] == 9 ? "Falcon-512" : "Falcon-1024",
			.pk_bytes = HYBX_FALCON_PK_BYTES(degree[i]),
			.out_bytes = HYBX_FALCON_SIG_MAX(degree[i]),
			.op = ops,
			.n_ops = sizeof(ops) / sizeof(ops[0]),
			.arg = &degree[i],
			.room = sizeof(struct falcon),
			.open = open_falcon,
			.close = close_falcon,
			.has_peers = true,
			.is_oqs_sig = true };

		bench_native(b, &a);
	}
	time_mceliece(b);
}
