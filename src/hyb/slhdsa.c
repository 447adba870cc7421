#include "hyb/backend.h"
#include "hyb/cpu.h"
#include "hyb/keccak.h"
#include "hyb/sha2.h"
#include "hyb/slhdsa_core.h"

/* [FIPS205 Table 2]; a signature has R, k FORS paths, and d WOTS+ signatures with their paths. */
#define SET(name_, shake_, n_, h_, d_, a_, k_, m_)                                                 \
	{                                                                                          \
		.info = { .name = "SLH-DSA-" name_,                                                \
			.n = (n_),                                                                 \
			.pk_bytes = 2 * (n_),                                                      \
			.sk_bytes = 4 * (n_),                                                      \
			.sig_bytes =                                                               \
				(1 + (k_) * (1 + (a_)) + (h_) + (d_) * (2 * (n_) + 3)) * (n_) },   \
		.is_shake = (shake_), .n = (n_), .h = (h_), .d = (d_), .h_prime = (h_) / (d_),     \
		.a = (a_), .k = (k_), .m = (m_), .len = 2 * (n_) + 3                               \
	}

static const struct hyb_slh_params sets[HYB_SLHDSA_SETS] = {
	[HYB_SLHDSA_SHA2_128S] = SET("SHA2-128s", false, 16, 63, 7, 12, 14, 30),
	[HYB_SLHDSA_SHA2_128F] = SET("SHA2-128f", false, 16, 66, 22, 6, 33, 34),
	[HYB_SLHDSA_SHA2_192S] = SET("SHA2-192s", false, 24, 63, 7, 14, 17, 39),
	[HYB_SLHDSA_SHA2_192F] = SET("SHA2-192f", false, 24, 66, 22, 8, 33, 42),
	[HYB_SLHDSA_SHA2_256S] = SET("SHA2-256s", false, 32, 64, 8, 14, 22, 47),
	[HYB_SLHDSA_SHA2_256F] = SET("SHA2-256f", false, 32, 68, 17, 9, 35, 49),
	[HYB_SLHDSA_SHAKE_128S] = SET("SHAKE-128s", true, 16, 63, 7, 12, 14, 30),
	[HYB_SLHDSA_SHAKE_128F] = SET("SHAKE-128f", true, 16, 66, 22, 6, 33, 34),
	[HYB_SLHDSA_SHAKE_192S] = SET("SHAKE-192s", true, 24, 63, 7, 14, 17, 39),
	[HYB_SLHDSA_SHAKE_192F] = SET("SHAKE-192f", true, 24, 66, 22, 8, 33, 42),
	[HYB_SLHDSA_SHAKE_256S] = SET("SHAKE-256s", true, 32, 64, 8, 14, 22, 47),
	[HYB_SLHDSA_SHAKE_256F] = SET("SHAKE-256f", true, 32, 68, 17, 9, 35, 49),
};

const struct hyb_slh_params *hyb_slh_params(enum hyb_slhdsa set)
{
	return (unsigned)set < HYB_SLHDSA_SETS ? &sets[set] : NULL;
}

const struct hyb_slhdsa_info *hyb_slhdsa_info(enum hyb_slhdsa set)
{
	return (unsigned)set < HYB_SLHDSA_SETS ? &sets[set].info : NULL;
}

/* A message is hashed after a few fixed values. */
struct text {
	hyb_bytes lead[3];
	size_t n_lead;
	const hyb_bytes *parts;
	size_t n_parts;
};

static hyb_bytes text_part(const struct text *t, size_t i)
{
	return i < t->n_lead ? t->lead[i] : t->parts[i - t->n_lead];
}

static void text_sha256(uint8_t out[32], const struct text *t)
{
	struct hyb_sha256 c;

	hyb_sha256_init(&c);
	for (size_t i = 0; i < t->n_lead + t->n_parts; i++)
		hyb_sha256_update(&c, text_part(t, i).p, text_part(t, i).n);
	hyb_sha256_final(&c, out);
}

static void text_sha512(uint8_t out[64], const struct text *t)
{
	struct hyb_sha512 c;

	hyb_sha512_init(&c);
	for (size_t i = 0; i < t->n_lead + t->n_parts; i++)
		hyb_sha512_update(&c, text_part(t, i).p, text_part(t, i).n);
	hyb_sha512_final(&c, out);
}

static void text_shake256(uint8_t *out, size_t n, const struct text *t)
{
	struct hyb_sponge k;

	hyb_sponge_init(&k, HYB_RATE_SHAKE256, HYB_PAD_SHAKE);
	for (size_t i = 0; i < t->n_lead + t->n_parts; i++)
		hyb_sponge_absorb(&k, text_part(t, i).p, text_part(t, i).n);
	hyb_sponge_squeeze(&k, out, n);
	hyb_wipe(&k, sizeof(k));
}

/* HMAC [FIPS198-1 §4] with a key of n bytes, shorter than any block; SHA-512 from category 3 on. */
static void hmac(uint8_t out[64], const struct hyb_slh_params *p, const uint8_t *key, struct text t)
{
	bool wide = p->n > 16;
	size_t block_n = wide ? 128 : 64, out_n = wide ? 64 : 32;
	uint8_t pad[128];

	memset(pad, 0x36, sizeof(pad));
	for (size_t i = 0; i < p->n; i++)
		pad[i] ^= key[i];
	for (size_t i = t.n_lead; i > 0; i--)
		t.lead[i] = t.lead[i - 1];
	t.lead[0] = (hyb_bytes){ pad, block_n };
	t.n_lead++;
	(wide ? text_sha512 : text_sha256)(out, &t);
	for (size_t i = 0; i < block_n; i++)
		pad[i] ^= 0x36 ^ 0x5c;
	t = (struct text){ .lead = { { pad, block_n }, { out, out_n } }, .n_lead = 2 };
	(wide ? text_sha512 : text_sha256)(out, &t);
	hyb_wipe(pad, sizeof(pad));
}

/* PRF_msg [FIPS205 §11]: R from SK.prf, opt_rand and M'. */
static void prf_msg(uint8_t *r, const struct hyb_slh_params *p, const uint8_t *sk_prf,
	const uint8_t *opt_rand, const struct text *m)
{
	uint8_t full[64];
	struct text t = *m;

	if (p->is_shake) {
		t.lead[0] = (hyb_bytes){ sk_prf, p->n };
		t.lead[1] = (hyb_bytes){ opt_rand, p->n };
		t.n_lead = 2;
		text_shake256(r, p->n, &t);
		return;
	}
	t.lead[0] = (hyb_bytes){ opt_rand, p->n };
	t.n_lead = 1;
	hmac(full, p, sk_prf, t);
	memcpy(r, full, p->n);
	hyb_wipe(full, sizeof(full));
}

/* H_msg [FIPS205 §11]: for SHA-2, MGF1 over the hash of everything. */
static void h_msg(uint8_t digest[SLH_DIGEST_MAX], const struct hyb_slh_params *p, const uint8_t *r,
	const uint8_t *pk, const struct text *m)
{
	uint8_t inner[64], block[64], counter[4] = { 0 };
	size_t hash_n = p->n > 16 ? 64 : 32;
	struct text t = *m;

	t.lead[0] = (hyb_bytes){ r, p->n };
	t.lead[1] = (hyb_bytes){ pk, 2 * (size_t)p->n };
	t.n_lead = 2;
	if (p->is_shake) {
		text_shake256(digest, p->m, &t);
		return;
	}
	(p->n > 16 ? text_sha512 : text_sha256)(inner, &t);
	t = (struct text){ .lead = { { r, p->n }, { pk, p->n }, { inner, hash_n } }, .n_lead = 3 };
	for (size_t done = 0; done < p->m; done += hash_n, counter[3]++) {
		hyb_bytes last = { counter, sizeof(counter) };
		size_t take = p->m - done < hash_n ? p->m - done : hash_n;

		t.parts = &last;
		t.n_parts = 1;
		(p->n > 16 ? text_sha512 : text_sha256)(block, &t);
		memcpy(digest + done, block, take);
	}
}

static uint64_t big_endian(const uint8_t *p, size_t n)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++)
		v = v << 8 | p[i];
	return v;
}

/* Splits the digest [FIPS205 Alg. 19, lines 6 to 13; Alg. 4]. */
static void place(struct hyb_slh_place *at, const struct hyb_slh_params *p, const uint8_t *digest)
{
	size_t md_n = ((size_t)p->k * p->a + 7) / 8, tree_bits = (size_t)p->h - p->h_prime;
	size_t tree_n = (tree_bits + 7) / 8, leaf_n = ((size_t)p->h_prime + 7) / 8, bit = 0;

	at->tree = big_endian(digest + md_n, tree_n);
	if (tree_bits < 64)
		at->tree &= ((uint64_t)1 << tree_bits) - 1;
	at->leaf = (uint32_t)big_endian(digest + md_n + tree_n, leaf_n) & ((1U << p->h_prime) - 1);
	for (size_t i = 0; i < p->k; i++) {
		unsigned v = 0;

		for (size_t b = 0; b < p->a; b++, bit++)
			v = v << 1 | ((unsigned)digest[bit / 8] >> (7 - bit % 8) & 1U);
		at->fors[i] = (uint16_t)v;
	}
}

/*
 * Vectors spill where no hyb_wipe reaches: the batches' frames, below the callers' buffers, are
 * overwritten from outside.
 */
static __attribute__((noinline)) void wipe_below(void)
{
	uint8_t below[64 * 1024];

	hyb_wipe(below, sizeof(below));
	hyb_clear_vectors();
}

static void hash_start(struct hyb_slh_hash *h, const struct hyb_slh_params *p,
	const uint8_t *sk_seed, const uint8_t *pk_seed)
{
	memset(h, 0, sizeof(*h));
	h->p = p;
	memcpy(h->pk_seed, pk_seed, p->n);
	if (sk_seed != NULL)
		memcpy(h->sk_seed, sk_seed, p->n);
	hyb_slh_hash_start(h);
}

enum hyb_st hyb_slhdsa_keygen_derand(
	enum hyb_slhdsa set, uint8_t *pk, uint8_t *sk, const uint8_t *seeds)
{
	const struct hyb_slh_params *p = hyb_slh_params(set);
	const struct hyb_pq_backend *other = hyb_backend_pq();
	struct hyb_slh_hash h;
	size_t n = 0;

	if (p == NULL)
		return HYB_E_ARG;
	if (other != NULL)
		return other->slhdsa_keygen(set, pk, sk, seeds);
	n = p->n;
	memmove(sk, seeds, 3 * n);
	/* PK.seed is half of the public key. */
	HYB_CT_PUBLIC(sk + 2 * n, n);
	hash_start(&h, p, sk, sk + 2 * n);
	hyb_slh_root(&h, sk + 3 * n);
	/* So is the root. */
	HYB_CT_PUBLIC(sk + 3 * n, n);
	memcpy(pk, sk + 2 * n, 2 * n);
	hyb_wipe(&h, sizeof(h));
	wipe_below();
	return HYB_OK;
}

enum hyb_st hyb_slhdsa_keygen(enum hyb_slhdsa set, uint8_t *pk, uint8_t *sk)
{
	const struct hyb_slh_params *p = hyb_slh_params(set);
	const struct hyb_pq_backend *other = hyb_backend_pq();
	uint8_t seeds[3 * SLH_N_MAX];
	enum hyb_st st = HYB_OK;

	if (p == NULL)
		return HYB_E_ARG;
	if (other != NULL)
		return other->slhdsa_keygen(set, pk, sk, NULL);
	st = hyb_random(seeds, 3 * (size_t)p->n);
	if (st == HYB_OK)
		st = hyb_slhdsa_keygen_derand(set, pk, sk, seeds);
	if (st != HYB_OK) {
		memset(pk, 0, p->info.pk_bytes);
		hyb_wipe(sk, p->info.sk_bytes);
	}
	hyb_wipe(seeds, sizeof(seeds));
	return st;
}

enum hyb_st hyb_slhdsa_sign_internal(enum hyb_slhdsa set, uint8_t *sig, const hyb_bytes *parts,
	size_t n_parts, const uint8_t *addrnd, const uint8_t *sk)
{
	const struct hyb_slh_params *p = hyb_slh_params(set);
	struct text m = { .parts = parts, .n_parts = n_parts };
	struct hyb_slh_hash h;
	struct hyb_slh_place at;
	uint8_t digest[SLH_DIGEST_MAX] = { 0 }, fors_pk[SLH_N_MAX], pk[2 * SLH_N_MAX];
	size_t n = 0;

	if (p == NULL)
		return HYB_E_ARG;
	n = p->n;
	memcpy(pk, sk + 2 * n, 2 * n);
	/* The public key stands in the private one. */
	HYB_CT_PUBLIC(pk, 2 * n);
	prf_msg(sig, p, sk + n, addrnd != NULL ? addrnd : pk, &m);
	/* R is the first part of the signature, and all indices follow from it and public values. */
	HYB_CT_PUBLIC(sig, n);
	h_msg(digest, p, sig, pk, &m);
	place(&at, p, digest);
	hash_start(&h, p, sk, pk);
	hyb_slh_fors_sign(&h, sig + n, fors_pk, &at);
	hyb_slh_ht_sign(&h, sig + n + (size_t)p->k * (1U + p->a) * n, fors_pk, &at);
	hyb_wipe(&h, sizeof(h));
	wipe_below();
	return HYB_OK;
}

bool hyb_slhdsa_verify_internal(enum hyb_slhdsa set, hyb_bytes sig, const hyb_bytes *parts,
	size_t n_parts, const uint8_t *pk)
{
	const struct hyb_slh_params *p = hyb_slh_params(set);
	struct text m = { .parts = parts, .n_parts = n_parts };
	struct hyb_slh_hash h;
	struct hyb_slh_place at;
	uint8_t digest[SLH_DIGEST_MAX] = { 0 }, node[SLH_N_MAX];
	size_t n = 0;

	if (p == NULL || sig.n != p->info.sig_bytes)
		return false;
	n = p->n;
	h_msg(digest, p, sig.p, pk, &m);
	place(&at, p, digest);
	hash_start(&h, p, NULL, pk);
	hyb_slh_fors_pk(&h, node, sig.p + n, &at);
	hyb_slh_ht_root(&h, node, sig.p + n + (size_t)p->k * (1U + p->a) * n, &at);
	return hyb_ct_eq(node, pk + n, n);
}

/* M' = kind ‖ |ctx| ‖ ctx ‖ rest [FIPS205 Alg. 22 line 8, Alg. 23 line 18]. */
struct framed {
	uint8_t head[2];
	hyb_bytes parts[4];
};

static bool frame(struct framed *f, uint8_t kind, hyb_bytes ctx)
{
	if (ctx.n > 255)
		return false;
	f->head[0] = kind;
	f->head[1] = (uint8_t)ctx.n;
	f->parts[0] = (hyb_bytes){ f->head, 2 };
	f->parts[1] = ctx;
	return true;
}

enum hyb_st hyb_slhdsa_sign_derand(enum hyb_slhdsa set, uint8_t *sig, hyb_bytes m, hyb_bytes ctx,
	const uint8_t *addrnd, const uint8_t *sk)
{
	const struct hyb_pq_backend *other = hyb_backend_pq();
	struct framed f;

	if (hyb_slh_params(set) == NULL)
		return HYB_E_ARG;
	if (!frame(&f, 0, ctx)) {
		memset(sig, 0, hyb_slh_params(set)->info.sig_bytes);
		return HYB_E_ARG;
	}
	if (other != NULL)
		return other->slhdsa_sign(set, sig,
			&(struct hyb_pq_msg){
				.form = HYB_PQ_PURE, .m = m, .ctx = ctx, .rnd = addrnd },
			sk);
	f.parts[2] = m;
	return hyb_slhdsa_sign_internal(set, sig, f.parts, 3, addrnd, sk);
}

enum hyb_st hyb_slhdsa_sign(
	enum hyb_slhdsa set, uint8_t *sig, hyb_bytes m, hyb_bytes ctx, const uint8_t *sk)
{
	const struct hyb_slh_params *p = hyb_slh_params(set);
	const struct hyb_pq_backend *other = hyb_backend_pq();
	uint8_t addrnd[SLH_N_MAX];
	enum hyb_st st = HYB_OK;

	if (p == NULL)
		return HYB_E_ARG;
	if (other != NULL && ctx.n <= 255)
		return other->slhdsa_sign(set, sig,
			&(struct hyb_pq_msg){
				.form = HYB_PQ_PURE, .is_hedged = true, .m = m, .ctx = ctx },
			sk);
	st = hyb_random(addrnd, p->n);
	if (st == HYB_OK)
		st = hyb_slhdsa_sign_derand(set, sig, m, ctx, addrnd, sk);
	else
		memset(sig, 0, p->info.sig_bytes);
	hyb_wipe(addrnd, sizeof(addrnd));
	return st;
}

bool hyb_slhdsa_verify(
	enum hyb_slhdsa set, hyb_bytes sig, hyb_bytes m, hyb_bytes ctx, const uint8_t *pk)
{
	const struct hyb_pq_backend *other = hyb_backend_pq();
	const struct hyb_slh_params *p = hyb_slh_params(set);
	struct framed f;

	if (p == NULL || sig.n != p->info.sig_bytes || !frame(&f, 0, ctx))
		return false;
	if (other != NULL)
		return other->slhdsa_verify(set, sig,
			&(struct hyb_pq_msg){ .form = HYB_PQ_PURE, .m = m, .ctx = ctx }, pk);
	f.parts[2] = m;
	return hyb_slhdsa_verify_internal(set, sig, f.parts, 3, pk);
}

/* DER of 2.16.840.1.101.3.4.2.x: the last byte of each hash in the order of enum hyb_hash. */
static const uint8_t oid_last[] = { 4, 1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12 };

/* OID ‖ PH(M) [FIPS205 Alg. 23, lines 8 to 17]. */
struct hashed {
	struct framed f;
	uint8_t oid[11], digest[64];
};

static bool frame_hashed(struct hashed *x, const struct hyb_slhdsa_prehash *in)
{
	static const uint8_t oid[10] = { 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04,
		0x02 };

	if (!frame(&x->f, 1, in->ctx) || (unsigned)in->hash >= sizeof(oid_last))
		return false;
	memcpy(x->oid, oid, sizeof(oid));
	x->oid[10] = oid_last[in->hash];
	x->f.parts[2] = (hyb_bytes){ x->oid, sizeof(x->oid) };
	x->f.parts[3] = (hyb_bytes){ x->digest, hyb_prehash(x->digest, in->hash, in->m) };
	return true;
}

enum hyb_st hyb_slhdsa_hash_sign(enum hyb_slhdsa set, uint8_t *sig,
	const struct hyb_slhdsa_prehash *in, const uint8_t *addrnd, const uint8_t *sk)
{
	struct hashed x;

	if (hyb_slh_params(set) == NULL)
		return HYB_E_ARG;
	if (!frame_hashed(&x, in)) {
		memset(sig, 0, hyb_slh_params(set)->info.sig_bytes);
		return HYB_E_ARG;
	}
	return hyb_slhdsa_sign_internal(set, sig, x.f.parts, 4, addrnd, sk);
}

bool hyb_slhdsa_hash_verify(
	enum hyb_slhdsa set, hyb_bytes sig, const struct hyb_slhdsa_prehash *in, const uint8_t *pk)
{
	struct hashed x;

	if (!frame_hashed(&x, in))
		return false;
	return hyb_slhdsa_verify_internal(set, sig, x.f.parts, 4, pk);
}
