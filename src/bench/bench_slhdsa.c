/* bench_slhdsa.c — SLH-DSA of libhyb: the two 128f sets, all twelve in --full. Deterministic. */
#include "bench_native.h"

struct slh {
	enum hyb_slhdsa set;
	uint8_t pk[HYB_SLHDSA_PK_MAX], pk2[HYB_SLHDSA_PK_MAX];
	uint8_t sk[HYB_SLHDSA_SK_MAX], sk2[HYB_SLHDSA_SK_MAX], m[32];
	uint8_t sig[HYB_SLHDSA_SIG_MAX];
};

static bool keygen(void *ctx, size_t item)
{
	struct slh *k = ctx;

	(void)item;
	return hyb_slhdsa_keygen(k->set, k->pk2, k->sk2) == HYB_OK;
}

static bool sign(void *ctx, size_t item)
{
	struct slh *k = ctx;

	bench_message(k->m, item);
	return hyb_slhdsa_sign_derand(k->set, k->sig, (hyb_bytes){ k->m, sizeof(k->m) },
		       (hyb_bytes){ NULL, 0 }, NULL, k->sk) == HYB_OK;
}

static bool verify(void *ctx, size_t item)
{
	struct slh *k = ctx;

	(void)item;
	return hyb_slhdsa_verify(k->set, (hyb_bytes){ k->sig, hyb_slhdsa_info(k->set)->sig_bytes },
		(hyb_bytes){ k->m, sizeof(k->m) }, (hyb_bytes){ NULL, 0 }, k->pk);
}

static bool open_slh(void *ctx, const void *arg)
{
	struct slh *k = ctx;

	k->set = *(const enum hyb_slhdsa *)arg;
	return hyb_slhdsa_keygen(k->set, k->pk, k->sk) == HYB_OK && sign(k, 0) && verify(k, 0);
}

static void close_slh(void *ctx)
{
	struct slh *k = ctx;

	hyb_wipe(k->sk, sizeof(k->sk));
}

static int is_deterministic = 1;
static const struct bench_param deterministic[] = {
	{ "deterministic", 1, &is_deterministic, sizeof(is_deterministic), SIZE_MAX },
	{ NULL, 0, NULL, 0, 0 },
};

void bench_slhdsa(struct bench *b)
{
	static const struct bench_native_op ops[] = {
		{ "keygen", keygen, bench_key_generate, bench_oqs_sig_keygen, NULL, 0, 0, false },
		{ "sign", sign, bench_key_sign, bench_oqs_sign, NULL, 0, 0, false },
		{ "verify", verify, bench_key_verify, bench_oqs_verify, NULL, 0, 0, false },
	};

	for (unsigned i = 0; i < HYB_SLHDSA_SETS; i++) {
		const enum hyb_slhdsa set = (enum hyb_slhdsa)i;
		const struct hyb_slhdsa_info *info = hyb_slhdsa_info(set);
		const struct bench_native a = { .family = "SLH-DSA",
			.name = info->name,
			.pk_bytes = info->pk_bytes,
			.out_bytes = info->sig_bytes,
			.op = ops,
			.n_ops = sizeof(ops) / sizeof(ops[0]),
			.arg = &set,
			.room = sizeof(struct slh),
			.open = open_slh,
			.close = close_slh,
			.has_peers = true,
			.is_oqs_sig = true,
			.spec = { .name = info->name,
				.is_sign = true,
				.is_oneshot = true,
				.tbs_n = 32,
				.sign_params = deterministic } };

		if (b->is_full || set == HYB_SLHDSA_SHA2_128F || set == HYB_SLHDSA_SHAKE_128F)
			bench_native(b, &a);
	}
}
