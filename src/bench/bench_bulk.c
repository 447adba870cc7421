/* bench_bulk.c — bytes a second: ciphers, hashes, sealing; and the small costs of a TLS 1.3 handshake. */
#include <string.h>

#include "bench_peer.h"

#define BULK_MAX ((size_t)1 << 20)

/* ---- ciphers ---- */

/* One message as libcrypto wants it: a new nonce, additional data, text, tag. */
static bool seal_one(struct bench_cipher *c, size_t off)
{
	struct bench_param tag[] = { { "tag", 5, c->tag, BENCH_TAG_BYTES, SIZE_MAX },
		{ NULL, 0, NULL, 0, 0 } };
	int n = 0;

	c->nonce[0]++;
	return c->e->cipher_init(c->ctx, NULL, NULL, c->nonce, NULL) > 0 &&
		c->e->cipher_update(c->ctx, NULL, &n, c->nonce, BENCH_NONCE_BYTES) > 0 &&
		c->e->cipher_update(c->ctx, c->out + off, &n, c->in + off, (int)c->n) > 0 &&
		c->e->cipher_final(c->ctx, c->out + off + (size_t)n, &n) > 0 &&
		c->e->cipher_get(c->ctx, tag) > 0;
}

bool bench_encrypt(void *ctx, size_t item)
{
	struct bench_cipher *c = ctx;
	bool ok = true;

	(void)item;
	for (size_t i = 0; i < c->n_segments; i++)
		ok = seal_one(c, i * c->n) && ok;
	return ok;
}

bool bench_cipher_open(struct bench_cipher *c, const struct bench_evp *e, const char *name)
{
	static const uint8_t key[32];
	void *alg = e->cipher_fetch(NULL, name, NULL);

	c->e = e;
	c->ctx = e->cipher_ctx_new();
	c->n_segments = 1;
	return alg != NULL && c->ctx != NULL &&
		e->cipher_init(c->ctx, alg, key, c->nonce, NULL) > 0;
}

void bench_cipher_close(struct bench_cipher *c)
{
	if (c->ctx != NULL)
		c->e->cipher_ctx_free(c->ctx);
	c->ctx = NULL;
}

static void time_cipher(struct bench *b, const char *name, uint8_t *buf)
{
	static const struct {
		size_t n;
		const char *op;
	} size[] = { { 16384, "16k" }, { 65536, "64k" }, { BULK_MAX, "1m" } };
	struct bench_cipher c[BENCH_PEERS_MAX];
	struct bench_case cs[BENCH_PEERS_MAX];
	struct bench_op op = { .family = "AEAD", .algorithm = name, .baseline = SIZE_MAX };
	size_t n = 0;

	memset(c, 0, sizeof(c));
	for (size_t i = 0; i < BENCH_PEERS_MAX; i++) {
		c[i].in = buf;
		c[i].out = buf + BULK_MAX;
		if (b->peer[i].has_evp && bench_cipher_open(&c[i], &b->peer[i].evp, name))
			cs[n++] = (struct bench_case){ b->peer[i].name, bench_encrypt, &c[i], -1,
				i == 0, false };
		else if (b->peer[i].has_evp)
			bench_missing(b, "%s: not in %s", name, b->peer[i].name);
	}
	if (n == BENCH_PEERS_MAX)
		op.baseline = 1;
	for (size_t k = 0; n > 0 && k < sizeof(size) / sizeof(size[0]); k++) {
		op.operation = size[k].op;
		op.bytes = size[k].n;
		c[0].n = size[k].n;
		c[1].n = size[k].n;
		bench_group(b, &op, cs, n);
	}
	bench_cipher_close(&c[0]);
	bench_cipher_close(&c[1]);
}

/* ---- hashes ---- */
struct hash {
	const struct bench_evp *e;
	void *alg, *ctx;
	const uint8_t *in;
	bool is_xof;
	void (*native)(uint8_t *out, hyb_bytes m);
};

static bool digest(void *ctx, size_t item)
{
	struct hash *h = ctx;
	uint8_t out[64];
	unsigned n = 0;

	(void)item;
	return h->e->md_init(h->ctx, h->alg, NULL) > 0 &&
		h->e->md_update(h->ctx, h->in, 16384) > 0 &&
		(h->is_xof ? h->e->md_xof(h->ctx, out, 32) : h->e->md_final(h->ctx, out, &n)) > 0;
}

static bool digest_native(void *ctx, size_t item)
{
	struct hash *h = ctx;
	uint8_t out[64];

	(void)item;
	h->native(out, (hyb_bytes){ h->in, 16384 });
	return true;
}

static void shake128_32(uint8_t *out, hyb_bytes m)
{
	hyb_shake128(out, 32, m);
}

static void shake256_32(uint8_t *out, hyb_bytes m)
{
	hyb_shake256(out, 32, m);
}

static void sha3_256(uint8_t *out, hyb_bytes m)
{
	hyb_sha3_256(out, m);
}

static void time_hash(
	struct bench *b, const char *name, const uint8_t *in, void (*native)(uint8_t *, hyb_bytes))
{
	struct hash h[BENCH_PEERS_MAX];
	struct bench_case c[BENCH_PEERS_MAX + 1];
	struct bench_op op = { .family = "hash",
		.algorithm = name,
		.operation = "16k",
		.bytes = 16384,
		.baseline = SIZE_MAX };
	size_t n = 0;

	memset(h, 0, sizeof(h));
	for (size_t i = 0; i < BENCH_PEERS_MAX; i++) {
		const struct bench_evp *e = &b->peer[i].evp;

		h[i].e = e;
		h[i].in = in;
		h[i].native = native;
		h[i].is_xof = strncmp(name, "SHAKE", 5) == 0;
		if (i == 0 && native != NULL)
			c[n++] = (struct bench_case){ "native", digest_native, &h[0], (int)b->cpu,
				true, false };
		if (!b->peer[i].has_evp)
			continue;
		h[i].alg = e->md_fetch(NULL, name, NULL);
		h[i].ctx = e->md_ctx_new();
		if (n > 0)
			op.baseline = n;
		if (h[i].alg != NULL && h[i].ctx != NULL)
			c[n++] = (struct bench_case){ b->peer[i].name, digest, &h[i], -1,
				native == NULL && i == 0, false };
	}
	bench_group(b, &op, c, n);
	for (size_t i = 0; i < BENCH_PEERS_MAX; i++)
		if (h[i].ctx != NULL)
			h[i].e->md_ctx_free(h[i].ctx);
}

/* ---- the key schedule of one side of a TLS 1.3 handshake [RFC8446 §7.1] ---- */
#define HMACS 22	/* three extractions, 15 expansions, two finished keys, two MACs */
#define TRANSCRIPT 6144 /* a hybrid hello pair, a chain of two, a CertificateVerify */
#define SNAPSHOTS 4	/* of the transcript hash */
#define RECORDS 4	/* sealed or opened */

struct schedule {
	struct hash h;
	struct bench_cipher c;
	void *mac;
	uint8_t key[32], out[32];
	uint8_t buf[2 * TRANSCRIPT];
};

static bool hmac(struct schedule *s)
{
	static char name[] = "SHA256";
	struct bench_param p[] = { { "digest", 4, name, 6, SIZE_MAX }, { NULL, 0, NULL, 0, 0 } };
	size_t n = 0;

	return s->h.e->mac_init(s->mac, s->key, sizeof(s->key), p) > 0 &&
		s->h.e->mac_update(s->mac, s->buf, 52) > 0 &&
		s->h.e->mac_final(s->mac, s->out, &n, sizeof(s->out)) > 0;
}

static bool key_schedule(void *ctx, size_t item)
{
	struct schedule *s = ctx;
	uint8_t out[32];
	unsigned n = 0;
	bool ok = true;

	(void)item;
	for (unsigned i = 0; i < HMACS; i++)
		ok = hmac(s) && ok;
	for (unsigned i = 0; i < SNAPSHOTS; i++)
		ok = s->h.e->md_init(s->h.ctx, s->h.alg, NULL) > 0 &&
			s->h.e->md_update(s->h.ctx, s->buf, TRANSCRIPT / SNAPSHOTS) > 0 &&
			s->h.e->md_final(s->h.ctx, out, &n) > 0 && ok;
	for (unsigned i = 0; i < RECORDS; i++)
		ok = seal_one(&s->c, 0) && ok;
	return ok;
}

static void time_schedule(struct bench *b)
{
	const struct bench_evp *e = &b->peer[0].evp;
	struct schedule *s = bench_alloc(b, sizeof(*s));
	const struct bench_op op = { .family = "TLS 1.3",
		.algorithm = "TLS 1.3",
		.operation = "key-schedule",
		.baseline = SIZE_MAX };
	void *alg;

	if (s == NULL || !b->peer[0].has_evp) {
		bench_free(s, sizeof(*s));
		return;
	}
	s->h.e = e;
	s->h.alg = e->md_fetch(NULL, "SHA256", NULL);
	s->h.ctx = e->md_ctx_new();
	alg = e->mac_fetch(NULL, "HMAC", NULL);
	s->mac = alg == NULL ? NULL : e->mac_ctx_new(alg);
	s->c.in = s->buf;
	s->c.out = s->buf + TRANSCRIPT;
	s->c.n = TRANSCRIPT / RECORDS;
	if (s->h.alg != NULL && s->h.ctx != NULL && s->mac != NULL &&
		bench_cipher_open(&s->c, e, "AES-256-GCM")) {
		const struct bench_case c = { b->peer[0].name, key_schedule, s, -1, true, false };

		bench_group(b, &op, &c, 1);
	} else {
		bench_missing(
			b, "TLS 1.3 key schedule: %s lacks HMAC or AES-256-GCM", b->peer[0].name);
	}
	bench_cipher_close(&s->c);
	if (s->mac != NULL)
		e->mac_ctx_free(s->mac);
	if (s->h.ctx != NULL)
		e->md_ctx_free(s->h.ctx);
	bench_free(s, sizeof(*s));
}

void bench_bulk(struct bench *b)
{
	uint8_t *buf = bench_alloc(b, 2 * BULK_MAX + 64);

	if (buf == NULL)
		return;
	time_cipher(b, "AES-256-GCM", buf);
	time_cipher(b, "ChaCha20-Poly1305", buf);
	time_hash(b, "SHA256", buf, NULL);
	time_hash(b, "SHA384", buf, NULL);
	time_hash(b, "SHA512", buf, NULL);
	time_hash(b, "SHA3-256", buf, sha3_256);
	time_hash(b, "SHAKE128", buf, shake128_32);
	time_hash(b, "SHAKE256", buf, shake256_32);
	bench_free(buf, 2 * BULK_MAX + 64);
	time_schedule(b);
}
