/* bench_composite.c — every composite signature of libhyb's table. */
#include <string.h>

#include "bench_native.h"

struct sig {
	const struct hyb_sig_suite *s;
	struct hyb_sig_sk sk;
	uint8_t pk[HYB_SIG_PK_MAX], pk2[HYB_SIG_PK_MAX], sig[HYB_SIG_SIG_MAX];
	uint8_t priv[HYB_SIG_PRIV_MAX], priv2[HYB_SIG_PRIV_MAX], m[32];
	size_t priv_n, sig_n, signatures;
};

static bool is_slow(const struct hyb_sig_suite *s)
{
	return strstr(s->name, "P384") != NULL;
}

static bool sig_keygen(void *ctx, size_t item)
{
	struct sig *k = ctx;
	size_t n;

	(void)item;
	return hyb_sig_keygen(k->s, k->pk2, k->priv2, &n) == HYB_OK;
}

/*
 * Hedged signing: a sample is the mean of several, over which the retries of ML-DSA even out. Beside
 * P-384 they do not show, and samples of milliseconds would be cut up by other jobs.
 */
#define SIGNATURES 8

static bool sig_sign(void *ctx, size_t item)
{
	struct sig *k = ctx;
	bool ok = true;

	(void)item;
	for (size_t i = 0; i < k->signatures; i++) {
		bench_message(k->m, i);
		ok = hyb_sig_sign(k->s, k->sig, &k->sig_n, (hyb_bytes){ k->m, sizeof(k->m) },
			     (hyb_bytes){ NULL, 0 }, &k->sk) == HYB_OK &&
			ok;
	}
	return ok;
}

static bool sig_verify(void *ctx, size_t item)
{
	struct sig *k = ctx;

	(void)item;
	return hyb_sig_verify(k->s, (hyb_bytes){ k->sig, k->sig_n },
		(hyb_bytes){ k->m, sizeof(k->m) }, (hyb_bytes){ NULL, 0 }, k->pk);
}

static bool sig_open(void *ctx, const void *arg)
{
	struct sig *k = ctx;

	k->s = arg;
	k->signatures = is_slow(k->s) ? 1 : SIGNATURES;
	return hyb_sig_keygen(k->s, k->pk, k->priv, &k->priv_n) == HYB_OK &&
		hyb_sig_sk_import(k->s, &k->sk, (hyb_bytes){ k->priv, k->priv_n }) == HYB_OK &&
		sig_sign(k, 0) && sig_verify(k, 0);
}

static void sig_close(void *ctx)
{
	struct sig *k = ctx;

	hyb_sig_sk_clear(&k->sk);
	hyb_wipe(k->priv, sizeof(k->priv));
}

static void time_sig(struct bench *b, const struct hyb_sig_suite *s)
{
	static const struct bench_native_op ops[] = {
		{ "keygen", sig_keygen, NULL, NULL, NULL, 0, 0, false },
		{ "sign", sig_sign, NULL, NULL, NULL, SIGNATURES, 0, false },
		{ "verify", sig_verify, NULL, NULL, NULL, 0, 0, false },
	};
	static const struct bench_native_op slow_ops[] = {
		{ "keygen", sig_keygen, NULL, NULL, NULL, 0, 0, false },
		{ "sign", sig_sign, NULL, NULL, NULL, 1, 0, false },
		{ "verify", sig_verify, NULL, NULL, NULL, 0, 0, false },
	};
	const struct bench_native a = { .family = "composite signature",
		.name = s->name,
		.pk_bytes = s->pk_bytes,
		.out_bytes = s->sig_max,
		.op = is_slow(s) ? slow_ops : ops,
		.n_ops = sizeof(ops) / sizeof(ops[0]),
		.arg = s,
		.room = sizeof(struct sig),
		.open = sig_open,
		.close = sig_close };

	bench_native(b, &a);
}

void bench_composite(struct bench *b)
{
	for (unsigned i = 0; i < HYB_SIG_SUITES; i++) {
		const struct hyb_sig_suite *s = hyb_sig_suite((enum hyb_sig_id)i);

		if (s->is_hybrid)
			time_sig(b, s);
	}
}
