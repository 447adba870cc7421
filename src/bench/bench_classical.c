/* bench_classical.c — RSA, ECDSA, ECDH, X25519, Ed25519 as applications use libcrypto: contexts and
 * keys are prepared once. */
#include "bench_peer.h"

#include <string.h>

struct row {
	const char *operation;
	bench_fn *run;
	bool full_only;
};

struct algorithm {
	const char *name;
	struct bench_key_spec spec;
	size_t pk_bytes, out_bytes;
};

static const struct algorithm algorithms[] = {
	{ "RSA-2048", { "RSA", NULL, 2048, NULL, 0, false, false, true, false, 32, NULL }, 256,
		256 },
	{ "RSA-3072", { "RSA", NULL, 3072, NULL, 0, false, false, true, false, 32, NULL }, 384,
		384 },
	{ "RSA-4096", { "RSA", NULL, 4096, NULL, 0, false, false, true, false, 32, NULL }, 512,
		512 },
	{ "ECDSA-P256", { "EC", "P-256", 0, NULL, 0, false, false, true, false, 32, NULL }, 65,
		72 },
	{ "ECDSA-P384", { "EC", "P-384", 0, NULL, 0, false, false, true, false, 48, NULL }, 97,
		104 },
	{ "Ed25519", { "ED25519", NULL, 0, NULL, 0, false, false, true, true, 32, NULL }, 32, 64 },
	{ "ECDH-P256", { "EC", "P-256", 0, NULL, 0, false, true, false, false, 0, NULL }, 65, 0 },
	{ "ECDH-P384", { "EC", "P-384", 0, NULL, 0, false, true, false, false, 0, NULL }, 97, 0 },
	{ "X25519", { "X25519", NULL, 0, NULL, 0, false, true, false, false, 0, NULL }, 32, 0 },
};

static void time_op(struct bench *b, const struct algorithm *a, struct bench_key *k,
	const bool *has, const struct row *r)
{
	struct bench_case c[BENCH_PEERS_MAX];
	struct bench_op op = { .family = "classical",
		.algorithm = a->name,
		.operation = r->operation,
		.pk_bytes = a->pk_bytes,
		.out_bytes = a->out_bytes,
		.baseline = SIZE_MAX };
	size_t n = 0;

	for (size_t i = 0; i < BENCH_PEERS_MAX; i++)
		if (has[i])
			c[n++] = (struct bench_case){ b->peer[i].name, r->run, &k[i], -1, i == 0,
				false };
	if (n == BENCH_PEERS_MAX)
		op.baseline = 1;
	bench_group(b, &op, c, n);
}

void bench_classical(struct bench *b)
{
	static const struct row signing[] = { { "keygen", bench_key_generate, false },
		{ "sign", bench_key_sign, false }, { "verify", bench_key_verify, false } };
	static const struct row agreeing[] = { { "keygen", bench_key_generate, false },
		{ "derive", bench_key_derive, false } };
	size_t room = BENCH_PEERS_MAX * sizeof(struct bench_key);
	struct bench_key *k = bench_alloc(b, room);

	for (size_t i = 0; k != NULL && i < sizeof(algorithms) / sizeof(algorithms[0]); i++) {
		const struct algorithm *a = &algorithms[i];
		const struct row *r = a->spec.is_sign ? signing : agreeing;
		size_t n = a->spec.is_sign ? 3 : 2;
		bool has[BENCH_PEERS_MAX] = { false };

		for (size_t p = 0; p < BENCH_PEERS_MAX; p++) {
			if (b->peer[p].has_evp)
				has[p] = bench_key_open(&k[p], &b->peer[p].evp, &a->spec);
			if (b->peer[p].has_evp && !has[p])
				bench_missing(b, "%s: not in %s", a->name, b->peer[p].name);
		}
		for (size_t j = 0; j < n; j++)
			if (b->is_full || a->spec.bits == 0 || j > 0)
				time_op(b, a, k, has, &r[j]);
		for (size_t p = 0; p < BENCH_PEERS_MAX; p++)
			bench_key_close(&k[p]);
	}
	bench_free(k, room);
}
