/* bench_hybrid.c — every hybrid KEM of libhyb's table. */
#include <string.h>

#include "bench_native.h"

struct kem {
	const struct hyb_kem_suite *s;
	struct hyb_kem_dk dk;
	uint8_t ek[HYB_KEM_EK_MAX], ek2[HYB_KEM_EK_MAX], ct[HYB_KEM_CT_MAX];
	uint8_t seed[HYB_KEM_SEED_MAX], seed2[HYB_KEM_SEED_MAX];
	uint8_t ss[HYB_KEM_SS_MAX], ss2[HYB_KEM_SS_MAX];
};

static bool kem_keygen(void *ctx, size_t item)
{
	struct kem *k = ctx;

	(void)item;
	return hyb_kem_keygen(k->s, k->ek2, k->seed2) == HYB_OK;
}

static bool kem_encaps(void *ctx, size_t item)
{
	struct kem *k = ctx;

	(void)item;
	return hyb_kem_encaps(k->s, k->ct, k->ss, k->ek) == HYB_OK;
}

static bool kem_decaps(void *ctx, size_t item)
{
	struct kem *k = ctx;

	(void)item;
	return hyb_kem_decaps(k->s, k->ss2, k->ct, &k->dk) == HYB_OK;
}

static bool kem_open(void *ctx, const void *arg)
{
	struct kem *k = ctx;

	k->s = arg;
	return hyb_kem_keygen(k->s, k->ek, k->seed) == HYB_OK &&
		hyb_kem_dk_expand(k->s, &k->dk, k->seed) == HYB_OK && kem_encaps(k, 0) &&
		kem_decaps(k, 0) && memcmp(k->ss, k->ss2, k->s->ss_bytes) == 0;
}

static void kem_close(void *ctx)
{
	struct kem *k = ctx;

	hyb_kem_dk_clear(&k->dk);
	hyb_wipe(k->seed, sizeof(k->seed));
}

static void time_kem(struct bench *b, const struct hyb_kem_suite *s)
{
	static const struct bench_native_op ops[] = {
		{ "keygen", kem_keygen, bench_key_generate, NULL, bench_sodium_keygen, 0, 0,
			false },
		{ "encaps", kem_encaps, bench_key_encaps, NULL, bench_sodium_encaps, 0, 0, false },
		{ "decaps", kem_decaps, bench_key_decaps, NULL, bench_sodium_decaps, 0, 0, false },
	};
	const struct bench_peer *lc = bench_libcrypto(b);
	struct bench_native a = { .family = "hybrid KEM",
		.name = s->name,
		.pk_bytes = s->ek_bytes,
		.out_bytes = s->ct_bytes,
		.op = ops,
		.n_ops = sizeof(ops) / sizeof(ops[0]),
		.arg = s,
		.room = sizeof(struct kem),
		.open = kem_open,
		.close = kem_close,
		.is_sodium = s->id == HYB_KEM_XWING };

	/* libcrypto knows the TLS groups by name, libsodium X-Wing. */
	a.has_peers = (s->tls_group != 0 && lc != NULL) || a.is_sodium;
	if (s->tls_group != 0)
		a.spec = (struct bench_key_spec){ .name = s->name, .is_kem = true };
	bench_native(b, &a);
}

void bench_hybrid(struct bench *b)
{
	for (unsigned i = 0; i < HYB_KEM_SUITES; i++) {
		const struct hyb_kem_suite *s = hyb_kem_suite((enum hyb_kem_id)i);

		if (s->is_hybrid)
			time_kem(b, s);
	}
}
