/* bench_round3.c — Falcon (round 3): no standard, here for comparison only; nothing uses it. */
#include "bench_native.h"
#include "hyb/hybx.h"

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

void bench_round3(struct bench *b)
{
	static const struct bench_native_op ops[] = {
		{ "keygen", keygen, NULL, bench_oqs_sig_keygen, NULL, 0, 0, false },
		{ "sign", sign, NULL, bench_oqs_sign, NULL, 0, 0, false },
		{ "verify", verify, NULL, bench_oqs_verify, NULL, 0, 0, false },
	};
	static const unsigned degree[] = { 9, 10 };

	for (size_t i = 0; i < 2; i++) {
		const struct bench_native a = { .family = "round 3, no standard",
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
	bench_missing(b, "Classic McEliece: not in this build");
}
