#include "hyb/keccak.h"
#include "hyb/mldsa.h"
#include "hyb/sha2.h"

#define K_MAX MLDSA_K_MAX
#define L_MAX MLDSA_L_MAX
#define T1_BYTES 320 /* of one polynomial of t1 */
#define T0_BYTES 416
#define W1_MAX 192 /* of one polynomial of w1 */
#define RING 16	   /* polynomials of y drawn ahead */
#define KAPPA_END                                                                                  \
	65536 /* masks are numbered in 16 bits: 9 000 attempts, the standard asks for 814 */

const struct mldsa_params hyb_mldsa44_params = {
	.k = 4,
	.l = 4,
	.eta = 2,
	.tau = 39,
	.omega = 80,
	.eta_bits = 3,
	.gamma1_bits = 18,
	.beta = 78,
	.gamma1 = 1 << 17,
	.gamma2 = MLDSA_GAMMA2_88,
	.ctilde_bytes = 32,
	.pk_bytes = HYB_MLDSA44_PK_BYTES,
	.sk_bytes = HYB_MLDSA44_SK_BYTES,
	.sig_bytes = HYB_MLDSA44_SIG_BYTES,
};
const struct mldsa_params hyb_mldsa65_params = {
	.k = 6,
	.l = 5,
	.eta = 4,
	.tau = 49,
	.omega = 55,
	.eta_bits = 4,
	.gamma1_bits = 20,
	.beta = 196,
	.gamma1 = 1 << 19,
	.gamma2 = MLDSA_GAMMA2_32,
	.ctilde_bytes = 48,
	.pk_bytes = HYB_MLDSA65_PK_BYTES,
	.sk_bytes = HYB_MLDSA65_SK_BYTES,
	.sig_bytes = HYB_MLDSA65_SIG_BYTES,
};
const struct mldsa_params hyb_mldsa87_params = {
	.k = 8,
	.l = 7,
	.eta = 2,
	.tau = 60,
	.omega = 75,
	.eta_bits = 3,
	.gamma1_bits = 20,
	.beta = 120,
	.gamma1 = 1 << 19,
	.gamma2 = MLDSA_GAMMA2_32,
	.ctilde_bytes = 64,
	.pk_bytes = HYB_MLDSA87_PK_BYTES,
	.sk_bytes = HYB_MLDSA87_SK_BYTES,
	.sig_bytes = HYB_MLDSA87_SIG_BYTES,
};

/* A prepared private key: A, s1, s2, t0 in the NTT domain, then t1 packed. */
struct sk {
	uint8_t rho[32];
	uint8_t key[32]; /* K */
	uint8_t tr[64];
	uint8_t reserved[128];
	struct mldsa_poly polys[];
};

/* A prepared public key: k rows of A and, at their end, -t1·2^d, in the NTT domain. */
struct pk {
	uint8_t tr[64];
	struct mldsa_poly rows[];
};

static unsigned at_s1(const struct mldsa_params *p)
{
	return p->k * p->l;
}

static unsigned at_s2(const struct mldsa_params *p)
{
	return at_s1(p) + p->l;
}

static unsigned at_t0(const struct mldsa_params *p)
{
	return at_s2(p) + p->k;
}

static unsigned at_t1(const struct mldsa_params *p)
{
	return at_t0(p) + p->k;
}

static void shake256(uint8_t *out, size_t n, const struct hyb_part *parts, size_t n_parts)
{
	hyb_keccak_hash(out, n, HYB_RATE_SHAKE256, HYB_PAD_SHAKE, parts, n_parts);
}

/* ---- keys ---- */
/* t = A·s1 + s2 in two halves [FIPS204 Alg. 6 lines 5, 6]; s1 in the NTT domain, s2 not yet. */
static void make_t(const struct mldsa_ops *o, const struct mldsa_params *p, struct sk *s,
	struct mldsa_poly *t0)
{
	uint8_t *t1 = (uint8_t *)(s->polys + at_t1(p));
	struct mldsa_poly t;

	for (unsigned i = 0; i < p->k; i++) {
		o->mul_acc(&t, s->polys + i * p->l, s->polys + at_s1(p), p->l);
		o->invntt(&t);
		o->add(&t, &t, s->polys + at_s2(p) + i);
		o->power2round(&t, t0 + i, &t);
		o->pack_t1(t1 + i * T1_BYTES, &t);
	}
	hyb_wipe(&t, sizeof(t));
}

/* All but tr and the NTT of s2 and t0 [FIPS204 Alg. 6]. */
static void from_seed(const struct mldsa_ops *o, const struct mldsa_params *p, struct sk *s,
	const uint8_t seed[32])
{
	uint8_t sides[2] = { (uint8_t)p->k, (uint8_t)p->l }, out[128];
	const struct hyb_part parts[2] = { { seed, 32 }, { sides, 2 } };

	shake256(out, sizeof(out), parts, 2);
	HYB_CT_PUBLIC(out, 32); /* rho is part of the public key */
	memcpy(s->rho, out, 32);
	memcpy(s->key, out + 96, 32);
	hyb_mldsa_expand_a(o, p, s->polys, p->l, s->rho);
	hyb_mldsa_expand_s(o, p, s->polys + at_s1(p), out + 32);
	for (unsigned i = 0; i < p->l; i++)
		o->ntt(s->polys + at_s1(p) + i);
	make_t(o, p, s, s->polys + at_t0(p));
	hyb_wipe(out, sizeof(out));
}

static void public_key(uint8_t *out, const struct mldsa_params *p, const struct sk *s)
{
	memcpy(out, s->rho, 32);
	memcpy(out + 32, s->polys + at_t1(p), p->k * T1_BYTES);
}

static void make_tr(uint8_t tr[64], const struct mldsa_params *p, const struct sk *s)
{
	const struct hyb_part parts[2] = { { s->rho, 32 },
		{ s->polys + at_t1(p), p->k * T1_BYTES } };

	shake256(tr, 64, parts, 2);
}

static void expand(const struct mldsa_params *p, void *key, const uint8_t seed[32])
{
	const struct mldsa_ops *o = hyb_mldsa_ops();
	struct sk *s = key;

	memset(s, 0, sizeof(*s));
	from_seed(o, p, s, seed);
	make_tr(s->tr, p, s);
	for (unsigned i = at_s2(p); i < at_t1(p); i++)
		o->ntt(s->polys + i);
}

static void keygen(
	const struct mldsa_params *p, uint8_t *pk, const uint8_t seed[32], struct sk *scratch)
{
	from_seed(hyb_mldsa_ops(), p, scratch, seed);
	public_key(pk, p, scratch);
	HYB_CT_PUBLIC(pk, p->pk_bytes); /* the public key */
}

/* s1, s2, t0 from their encodings [FIPS204 Alg. 25]; t0 goes aside. Not 0 if out of range. */
static uint32_t read_secrets(const struct mldsa_ops *o, const struct mldsa_params *p, struct sk *s,
	struct mldsa_poly *t0, const uint8_t *in)
{
	uint32_t bad = 0;

	for (unsigned i = at_s1(p); i < at_t0(p); i++, in += 32 * p->eta_bits) {
		hyb_mldsa_unpack(s->polys + i, in, (int32_t)p->eta, p->eta_bits);
		bad |= o->norm_ge(s->polys + i, (int32_t)p->eta + 1);
	}
	for (unsigned i = 0; i < p->k; i++, in += T0_BYTES)
		hyb_mldsa_unpack(t0 + i, in, 1 << (MLDSA_D - 1), MLDSA_D);
	return bad;
}

/*
 * Ranges of s1 and s2 [FIPS204 Alg. 25]; t0 and tr must be what A, s1, s2 give, or signatures would
 * not verify, or would leak.
 */
static enum hyb_st import(const struct mldsa_params *p, void *key, size_t size, const uint8_t *fips)
{
	const struct mldsa_ops *o = hyb_mldsa_ops();
	struct sk *s = key;
	struct mldsa_poly t0[K_MAX];
	uint32_t bad = 0;

	memset(s, 0, sizeof(*s));
	memcpy(s->rho, fips, 32);
	memcpy(s->key, fips + 32, 32);
	HYB_CT_PUBLIC(s->rho, 32); /* rho is part of the public key */
	bad = read_secrets(o, p, s, t0, fips + 128);
	hyb_mldsa_expand_a(o, p, s->polys, p->l, s->rho);
	for (unsigned i = 0; i < p->l; i++)
		o->ntt(s->polys + at_s1(p) + i);
	make_t(o, p, s, s->polys + at_t0(p));
	make_tr(s->tr, p, s);
	bad |= !hyb_ct_eq(t0, s->polys + at_t0(p), p->k * sizeof(t0[0]));
	bad |= !hyb_ct_eq(s->tr, fips + 64, 64);
	for (unsigned i = at_s2(p); i < at_t1(p); i++)
		o->ntt(s->polys + i);
	hyb_wipe(t0, sizeof(t0));
	HYB_CT_PUBLIC(&bad, sizeof(bad)); /* whether the key is accepted */
	if (bad == 0)
		return HYB_OK;
	hyb_wipe(key, size);
	return HYB_E_BAD_KEY;
}

/* [FIPS204 Alg. 24] */
static void export(const struct mldsa_params *p, uint8_t *out, const void *key)
{
	const struct mldsa_ops *o = hyb_mldsa_ops();
	const struct sk *s = key;
	struct mldsa_poly one, t;

	for (unsigned i = 0; i < MLDSA_N; i++)
		one.c[i] = 1;
	memcpy(out, s->rho, 32);
	memcpy(out + 32, s->key, 32);
	memcpy(out + 64, s->tr, 64);
	out += 128;
	for (unsigned i = at_s1(p); i < at_t1(p); i++) {
		bool is_t0 = i >= at_t0(p);
		unsigned bits = is_t0 ? MLDSA_D : p->eta_bits;

		o->mul_acc(&t, s->polys + i, &one, 1);
		o->invntt(&t);
		hyb_mldsa_pack(out, &t, is_t0 ? 1 << (MLDSA_D - 1) : (int32_t)p->eta, bits);
		out += 32 * bits;
	}
	hyb_wipe(&t, sizeof(t));
}

/* tr is left out for an external mu. */
static void prepare(const struct mldsa_params *p, void *prepared, const uint8_t *pk, bool with_tr)
{
	const struct mldsa_ops *o = hyb_mldsa_ops();
	struct pk *v = prepared;
	unsigned stride = p->l + 1;

	if (with_tr)
		shake256(v->tr, 64, &(struct hyb_part){ pk, p->pk_bytes }, 1);
	hyb_mldsa_expand_a(o, p, v->rows, stride, pk);
	for (unsigned i = 0; i < p->k; i++) {
		struct mldsa_poly *t = v->rows + i * stride + p->l;

		o->unpack_t1(t, pk + 32 + i * T1_BYTES);
		for (unsigned j = 0; j < MLDSA_N; j++)
			t->c[j] *= -(1 << MLDSA_D);
		o->ntt(t);
	}
}

/* ---- messages ---- */
/* M' in parts [FIPS204 Alg. 2 line 10, Alg. 4 line 23]. */
struct message {
	uint8_t head[2];
	uint8_t digest[11 + 64];
	struct hyb_part parts[3];
};

/* 0 or 1 ‖ length of ctx ‖ ctx ‖ body. false: ctx is too long. */
static bool frame(struct message *f, uint8_t mode, hyb_bytes ctx, hyb_bytes body)
{
	if (ctx.n > 255)
		return false;
	f->head[0] = mode;
	f->head[1] = (uint8_t)ctx.n;
	f->parts[0] = (struct hyb_part){ f->head, 2 };
	f->parts[1] = (struct hyb_part){ ctx.p, ctx.n };
	f->parts[2] = (struct hyb_part){ body.p, body.n };
	return true;
}

/* OID ‖ PH(m) [FIPS204 §5.4.1]: the twelve hashes are 2.16.840.1.101.3.4.2.x. */
static bool frame_hash(struct message *f, enum hyb_hash ph, hyb_bytes m, hyb_bytes ctx)
{
	static const uint8_t oid[10] = { 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2 };
	static const uint8_t arc[] = {
		[HYB_SHA2_256] = 1,
		[HYB_SHA2_384] = 2,
		[HYB_SHA2_512] = 3,
		[HYB_SHA2_224] = 4,
		[HYB_SHA2_512_224] = 5,
		[HYB_SHA2_512_256] = 6,
		[HYB_SHA3_224] = 7,
		[HYB_SHA3_256] = 8,
		[HYB_SHA3_384] = 9,
		[HYB_SHA3_512] = 10,
		[HYB_SHAKE128] = 11,
		[HYB_SHAKE256] = 12,
	};
	size_t n = 0;

	if ((size_t)ph >= sizeof(arc) || ctx.n > 255)
		return false;
	memcpy(f->digest, oid, sizeof(oid));
	f->digest[10] = arc[ph];
	n = hyb_prehash(f->digest + 11, ph, m);
	return frame(f, 1, ctx, (hyb_bytes){ f->digest, 11 + n });
}

/* mu = H(tr ‖ M') [FIPS204 Alg. 7 line 6]. */
static void make_mu(uint8_t mu[64], const uint8_t tr[64], const struct message *f)
{
	const struct hyb_part parts[4] = { { tr, 64 }, f->parts[0], f->parts[1], f->parts[2] };

	shake256(mu, 64, parts, 4);
}

/* ---- signing ---- */
struct signer {
	struct mldsa_poly y[RING];  /* number n is at n mod RING */
	struct mldsa_poly z[L_MAX]; /* y in the NTT domain, then z */
	struct mldsa_poly w0[K_MAX], w1[K_MAX], c, t;
	struct mldsa_hint h[K_MAX];
	uint8_t packed_w1[K_MAX * W1_MAX];
	uint8_t rho2[64];
	uint8_t ctilde[MLDSA_CTILDE_MAX];
	unsigned kappa; /* of this attempt */
	unsigned drawn; /* masks from kappa on that are there */
};

/* Makes sure of l masks; draws as many as cost no more. */
static void draw_masks(const struct mldsa_ops *o, const struct mldsa_params *p, struct signer *g)
{
	struct mldsa_poly *to[8];
	unsigned n = 0, first = g->kappa + g->drawn;

	if (g->drawn >= p->l)
		return;
	n = (p->l - g->drawn + o->lanes - 1) / o->lanes * o->lanes;
	for (unsigned j = 0; j < 8; j++)
		to[j] = &g->y[(first + j) % RING];
	hyb_mldsa_expand_mask(o, p, to, n, g->rho2, first);
	g->drawn += n;
}

/* Lines 12 to 17 of Alg. 7: w = A·y, its halves, c̃ and c in the NTT domain. */
static void commit(const struct mldsa_ops *o, const struct mldsa_params *p, struct signer *g,
	const struct sk *s, const uint8_t mu[64])
{
	size_t w1_bytes = p->gamma2 == MLDSA_GAMMA2_32 ? 128 : 192;
	const struct hyb_part parts[2] = { { mu, 64 }, { g->packed_w1, p->k * w1_bytes } };

	for (unsigned j = 0; j < p->l; j++) {
		g->z[j] = g->y[(g->kappa + j) % RING];
		o->ntt(&g->z[j]);
	}
	for (unsigned i = 0; i < p->k; i++) {
		o->mul_acc(&g->t, s->polys + i * p->l, g->z, p->l);
		o->invntt(&g->t);
		o->decompose(&g->w1[i], &g->w0[i], &g->t, p->gamma2);
		o->pack_w1(g->packed_w1 + i * w1_bytes, &g->w1[i], p->gamma2);
	}
	shake256(g->ctilde, p->ctilde_bytes, parts, 2);
	hyb_mldsa_sample_in_ball(o, p, &g->c, g->ctilde);
	o->ntt(&g->c);
}

static bool rejected(uint32_t bad)
{
	HYB_CT_PUBLIC(&bad, sizeof(bad)); /* the outcome of an attempt, one bit a check */
	return bad != 0;
}

/* Lines 18 to 29 of Alg. 7: z and the hints of this attempt; false to try the next. */
static bool respond(const struct mldsa_ops *o, const struct mldsa_params *p, struct signer *g,
	const struct sk *s)
{
	struct mldsa_poly *t = &g->t;
	uint32_t bad = 0;
	unsigned ones = 0;

	/* w0 - c·s2 is r0 wherever the norm check passes */
	for (unsigned i = 0; i < p->k; i++) {
		o->mul_acc(t, &g->c, s->polys + at_s2(p) + i, 1);
		o->invntt(t);
		o->sub(&g->w0[i], &g->w0[i], t);
		bad |= o->norm_ge(&g->w0[i], p->gamma2 - p->beta);
	}
	if (rejected(bad))
		return false;
	for (unsigned j = 0; j < p->l; j++) {
		o->mul_acc(t, &g->c, s->polys + at_s1(p) + j, 1);
		o->invntt(t);
		o->add(&g->z[j], &g->y[(g->kappa + j) % RING], t);
		bad |= o->norm_ge(&g->z[j], p->gamma1 - p->beta);
	}
	if (rejected(bad))
		return false;
	for (unsigned i = 0; i < p->k; i++) {
		o->mul_acc(t, &g->c, s->polys + at_t0(p) + i, 1);
		o->invntt(t);
		bad |= o->norm_ge(t, p->gamma2);
		o->add(&g->w0[i], &g->w0[i], t);
		ones += o->make_hint(&g->h[i], &g->w0[i], &g->w1[i], p->gamma2);
	}
	return !rejected(bad | (p->omega - ones) >> 31);
}

/* [FIPS204 Alg. 20] */
static void pack_hint(uint8_t *out, const struct mldsa_params *p, const struct mldsa_hint *h)
{
	unsigned n = 0;

	memset(out, 0, p->omega + p->k);
	for (unsigned i = 0; i < p->k; i++) {
		for (unsigned j = 0; j < MLDSA_N; j++)
			if ((h[i].w[j / 64] >> (j % 64) & 1) != 0)
				out[n++] = (uint8_t)j;
		out[p->omega + i] = (uint8_t)n;
	}
}

/* [FIPS204 Alg. 26] */
static void pack_signature(
	const struct mldsa_ops *o, const struct mldsa_params *p, uint8_t *sig, struct signer *g)
{
	/* c̃, z and h of the accepted attempt are the signature */
	HYB_CT_PUBLIC(g->ctilde, sizeof(g->ctilde));
	HYB_CT_PUBLIC(g->z, sizeof(g->z));
	HYB_CT_PUBLIC(g->h, sizeof(g->h));
	memcpy(sig, g->ctilde, p->ctilde_bytes);
	sig += p->ctilde_bytes;
	for (unsigned j = 0; j < p->l; j++, sig += 32 * p->gamma1_bits)
		o->pack_z(sig, &g->z[j], p->gamma1_bits);
	pack_hint(sig, p, g->h);
}

/* [FIPS204 Alg. 7] from line 7 on. */
static enum hyb_st sign(const struct mldsa_params *p, uint8_t *sig, const uint8_t mu[64],
	const uint8_t rnd[32], const struct sk *s)
{
	const struct mldsa_ops *o = hyb_mldsa_ops();
	const struct hyb_part parts[3] = { { s->key, 32 }, { rnd, 32 }, { mu, 64 } };
	enum hyb_st st = HYB_E_BAD_KEY;
	struct signer g;

	shake256(g.rho2, sizeof(g.rho2), parts, 3);
	g.drawn = 0;
	for (g.kappa = 0; g.kappa + p->l <= KAPPA_END; g.kappa += p->l) {
		draw_masks(o, p, &g);
		commit(o, p, &g, s, mu);
		if (respond(o, p, &g, s)) {
			pack_signature(o, p, sig, &g);
			st = HYB_OK;
			break;
		}
		g.drawn -= p->l;
	}
	if (st != HYB_OK)
		hyb_wipe(sig, p->sig_bytes);
	hyb_wipe(&g, sizeof(g));
	return st;
}

/* rnd NULL: hedged. */
static enum hyb_st sign_mu(const struct mldsa_params *p, uint8_t *sig, const uint8_t mu[64],
	const uint8_t *rnd, const void *sk)
{
	uint8_t fresh[32];
	enum hyb_st st = HYB_OK;

	if (rnd == NULL)
		st = hyb_random(fresh, sizeof(fresh));
	if (st == HYB_OK)
		st = sign(p, sig, mu, rnd != NULL ? rnd : fresh, sk);
	else
		hyb_wipe(sig, p->sig_bytes);
	hyb_wipe(fresh, sizeof(fresh));
	return st;
}

static enum hyb_st sign_framed(const struct mldsa_params *p, uint8_t *sig, const struct message *f,
	const uint8_t *rnd, const void *sk)
{
	uint8_t mu[64];
	const struct sk *s = sk;

	make_mu(mu, s->tr, f);
	return sign_mu(p, sig, mu, rnd, sk);
}

static enum hyb_st refuse(const struct mldsa_params *p, uint8_t *sig)
{
	hyb_wipe(sig, p->sig_bytes);
	return HYB_E_ARG;
}

enum hyb_st hyb_mldsa_sign_internal(const struct mldsa_params *p, uint8_t *sig, hyb_bytes mprime,
	const uint8_t rnd[32], const void *sk)
{
	const struct message f = { .parts = { { mprime.p, mprime.n } } };

	return sign_framed(p, sig, &f, rnd, sk);
}

/* ---- verifying ---- */
/* [FIPS204 Alg. 21]; false: not an encoding. */
static bool unpack_hint(struct mldsa_hint *h, const struct mldsa_params *p, const uint8_t *in)
{
	unsigned n = 0;

	memset(h, 0, K_MAX * sizeof(*h));
	for (unsigned i = 0; i < p->k; i++) {
		unsigned first = n, end = in[p->omega + i];

		if (end < n)
			return false; /* cuts do not fall */
		if (end > p->omega)
			return false; /* nor pass omega */
		for (; n < end; n++) {
			if (n > first && in[n] <= in[n - 1])
				return false; /* indices rise */
			h[i].w[in[n] / 64] |= 1ULL << (in[n] % 64);
		}
	}
	for (; n < p->omega; n++)
		if (in[n] != 0)
			return false; /* the rest is zero */
	return true;
}

/* [FIPS204 Alg. 8] from line 2 on. */
static bool verify(
	const struct mldsa_params *p, const uint8_t *sig, const uint8_t mu[64], const struct pk *v)
{
	const struct mldsa_ops *o = hyb_mldsa_ops();
	size_t w1_bytes = p->gamma2 == MLDSA_GAMMA2_32 ? 128 : 192;
	const uint8_t *z_bytes = sig + p->ctilde_bytes;
	struct mldsa_poly zc[L_MAX + 1], w;
	struct mldsa_hint h[K_MAX];
	uint8_t packed_w1[K_MAX * W1_MAX], ctilde[MLDSA_CTILDE_MAX];
	const struct hyb_part parts[2] = { { mu, 64 }, { packed_w1, p->k * w1_bytes } };

	if (!unpack_hint(h, p, z_bytes + p->l * 32 * p->gamma1_bits))
		return false;
	for (unsigned j = 0; j < p->l; j++) {
		o->unpack_z(&zc[j], z_bytes + j * 32 * p->gamma1_bits, p->gamma1_bits);
		if (o->norm_ge(&zc[j], p->gamma1 - p->beta) != 0)
			return false;
		o->ntt(&zc[j]);
	}
	hyb_mldsa_sample_in_ball(o, p, &zc[p->l], sig);
	o->ntt(&zc[p->l]);
	for (unsigned i = 0; i < p->k; i++) {
		o->mul_acc(&w, v->rows + i * (p->l + 1), zc, p->l + 1);
		o->invntt(&w);
		o->use_hint(&w, &h[i], p->gamma2);
		o->pack_w1(packed_w1 + i * w1_bytes, &w, p->gamma2);
	}
	shake256(ctilde, p->ctilde_bytes, parts, 2);
	return hyb_ct_eq(ctilde, sig, p->ctilde_bytes);
}

static bool verify_framed(const struct mldsa_params *p, const uint8_t *sig, const struct message *f,
	const void *prepared)
{
	const struct pk *v = prepared;
	uint8_t mu[64];

	make_mu(mu, v->tr, f);
	return verify(p, sig, mu, v);
}

bool hyb_mldsa_verify_internal(
	const struct mldsa_params *p, const uint8_t *sig, hyb_bytes mprime, const void *pk_prepared)
{
	const struct message f = { .parts = { { mprime.p, mprime.n } } };

	return verify_framed(p, sig, &f, pk_prepared);
}

/* ---- the three sets ---- */
#define P(n) (&hyb_mldsa##n##_params)
#define SK(n) struct hyb_mldsa##n##_sk
#define PK(n) struct hyb_mldsa##n##_pk

/* The prepared forms fit; lengths are those of [FIPS204 §4 table 2]. */
#define SIZES(n, kk, ll, ctilde, bits, eta_bits, om)                                               \
	_Static_assert(                                                                            \
		sizeof(struct sk) + ((kk) * (ll) + 2 * (kk) + (ll)) * 1024 + (kk)*T1_BYTES <=      \
			sizeof(SK(n)),                                                             \
		"prepared private key");                                                           \
	_Static_assert(sizeof(struct pk) + ((kk) * (ll) + (kk)) * 1024 <= sizeof(PK(n)),           \
		"prepared public key");                                                            \
	_Static_assert((ctilde) + 32 * (ll) * (bits) + (om) + (kk) == HYB_MLDSA##n##_SIG_BYTES,    \
		"signature");                                                                      \
	_Static_assert(32 + (kk)*T1_BYTES == HYB_MLDSA##n##_PK_BYTES, "public key");               \
	_Static_assert(128 + 32 * ((kk) + (ll)) * (eta_bits) + T0_BYTES * (kk) ==                  \
			HYB_MLDSA##n##_SK_BYTES,                                                   \
		"private key")
SIZES(44, 4, 4, 32, 18, 3, 80);
SIZES(65, 6, 5, 48, 20, 4, 55);
SIZES(87, 8, 7, 64, 20, 3, 75);

#define MLDSA_KEYS(n)                                                                              \
	enum hyb_st hyb_mldsa##n##_keygen(                                                         \
		uint8_t pk[HYB_MLDSA##n##_PK_BYTES], uint8_t seed[HYB_MLDSA_SEED_BYTES])           \
	{                                                                                          \
		enum hyb_st st = hyb_random(seed, HYB_MLDSA_SEED_BYTES);                           \
                                                                                                   \
		if (st == HYB_OK)                                                                  \
			return hyb_mldsa##n##_keygen_derand(pk, seed);                             \
		hyb_wipe(pk, HYB_MLDSA##n##_PK_BYTES);                                             \
		return st;                                                                         \
	}                                                                                          \
                                                                                                   \
	enum hyb_st hyb_mldsa##n##_keygen_derand(                                                  \
		uint8_t pk[HYB_MLDSA##n##_PK_BYTES], const uint8_t seed[HYB_MLDSA_SEED_BYTES])     \
	{                                                                                          \
		SK(n) s;                                                                           \
                                                                                                   \
		keygen(P(n), pk, seed, (void *)&s);                                                \
		hyb_wipe(&s, sizeof(s));                                                           \
		return HYB_OK;                                                                     \
	}                                                                                          \
                                                                                                   \
	enum hyb_st hyb_mldsa##n##_sk_expand(SK(n) * sk, const uint8_t seed[HYB_MLDSA_SEED_BYTES]) \
	{                                                                                          \
		expand(P(n), sk, seed);                                                            \
		return HYB_OK;                                                                     \
	}                                                                                          \
                                                                                                   \
	enum hyb_st hyb_mldsa##n##_sk_import(                                                      \
		SK(n) * sk, const uint8_t fips[HYB_MLDSA##n##_SK_BYTES])                           \
	{                                                                                          \
		return import(P(n), sk, sizeof(*sk), fips);                                        \
	}                                                                                          \
                                                                                                   \
	void hyb_mldsa##n##_sk_export(uint8_t fips[HYB_MLDSA##n##_SK_BYTES], const SK(n) * sk)     \
	{                                                                                          \
		export(P(n), fips, sk);                                                            \
	}                                                                                          \
                                                                                                   \
	void hyb_mldsa##n##_pk_from_sk(uint8_t pk[HYB_MLDSA##n##_PK_BYTES], const SK(n) * sk)      \
	{                                                                                          \
		public_key(pk, P(n), (const void *)sk);                                            \
	}                                                                                          \
                                                                                                   \
	void hyb_mldsa##n##_sk_clear(SK(n) * sk)                                                   \
	{                                                                                          \
		hyb_wipe(sk, sizeof(*sk));                                                         \
	}

#define MLDSA_SIGN(n)                                                                              \
	enum hyb_st hyb_mldsa##n##_sign(uint8_t sig[HYB_MLDSA##n##_SIG_BYTES], hyb_bytes m,        \
		hyb_bytes ctx, const SK(n) * sk)                                                   \
	{                                                                                          \
		struct message f;                                                                  \
                                                                                                   \
		return frame(&f, 0, ctx, m) ? sign_framed(P(n), sig, &f, NULL, sk)                 \
					    : refuse(P(n), sig);                                   \
	}                                                                                          \
                                                                                                   \
	enum hyb_st hyb_mldsa##n##_sign_derand(uint8_t sig[HYB_MLDSA##n##_SIG_BYTES], hyb_bytes m, \
		hyb_bytes ctx, const uint8_t rnd[32], const SK(n) * sk)                            \
	{                                                                                          \
		struct message f;                                                                  \
                                                                                                   \
		return frame(&f, 0, ctx, m) ? sign_framed(P(n), sig, &f, rnd, sk)                  \
					    : refuse(P(n), sig);                                   \
	}                                                                                          \
                                                                                                   \
	enum hyb_st hyb_mldsa##n##_sign_hash(uint8_t sig[HYB_MLDSA##n##_SIG_BYTES],                \
		enum hyb_hash ph, hyb_bytes m, hyb_bytes ctx, const uint8_t *rnd,                  \
		const SK(n) * sk)                                                                  \
	{                                                                                          \
		struct message f;                                                                  \
                                                                                                   \
		return frame_hash(&f, ph, m, ctx) ? sign_framed(P(n), sig, &f, rnd, sk)            \
						  : refuse(P(n), sig);                             \
	}                                                                                          \
                                                                                                   \
	enum hyb_st hyb_mldsa##n##_sign_mu(uint8_t sig[HYB_MLDSA##n##_SIG_BYTES],                  \
		const uint8_t mu[64], const uint8_t *rnd, const SK(n) * sk)                        \
	{                                                                                          \
		return sign_mu(P(n), sig, mu, rnd, sk);                                            \
	}                                                                                          \
                                                                                                   \
	enum hyb_st hyb_mldsa##n##_mu(uint8_t mu[64], hyb_bytes m, hyb_bytes ctx,                  \
		const uint8_t pk[HYB_MLDSA##n##_PK_BYTES])                                         \
	{                                                                                          \
		struct message f;                                                                  \
		uint8_t tr[64];                                                                    \
                                                                                                   \
		if (!frame(&f, 0, ctx, m)) {                                                       \
			hyb_wipe(mu, 64);                                                          \
			return HYB_E_ARG;                                                          \
		}                                                                                  \
		shake256(tr, sizeof(tr), &(struct hyb_part){ pk, HYB_MLDSA##n##_PK_BYTES }, 1);    \
		make_mu(mu, tr, &f);                                                               \
		return HYB_OK;                                                                     \
	}

#define MLDSA_VERIFY(n)                                                                            \
	bool hyb_mldsa##n##_verify(const uint8_t sig[HYB_MLDSA##n##_SIG_BYTES], hyb_bytes m,       \
		hyb_bytes ctx, const uint8_t pk[HYB_MLDSA##n##_PK_BYTES])                          \
	{                                                                                          \
		struct message f;                                                                  \
		PK(n) v;                                                                           \
                                                                                                   \
		if (!frame(&f, 0, ctx, m))                                                         \
			return false;                                                              \
		prepare(P(n), &v, pk, true);                                                       \
		return verify_framed(P(n), sig, &f, &v);                                           \
	}                                                                                          \
                                                                                                   \
	bool hyb_mldsa##n##_verify_hash(const uint8_t sig[HYB_MLDSA##n##_SIG_BYTES],               \
		enum hyb_hash ph, hyb_bytes m, hyb_bytes ctx,                                      \
		const uint8_t pk[HYB_MLDSA##n##_PK_BYTES])                                         \
	{                                                                                          \
		struct message f;                                                                  \
		PK(n) v;                                                                           \
                                                                                                   \
		if (!frame_hash(&f, ph, m, ctx))                                                   \
			return false;                                                              \
		prepare(P(n), &v, pk, true);                                                       \
		return verify_framed(P(n), sig, &f, &v);                                           \
	}                                                                                          \
                                                                                                   \
	bool hyb_mldsa##n##_verify_mu(const uint8_t sig[HYB_MLDSA##n##_SIG_BYTES],                 \
		const uint8_t mu[64], const uint8_t pk[HYB_MLDSA##n##_PK_BYTES])                   \
	{                                                                                          \
		PK(n) v;                                                                           \
                                                                                                   \
		prepare(P(n), &v, pk, false);                                                      \
		return verify(P(n), sig, mu, (const void *)&v);                                    \
	}                                                                                          \
                                                                                                   \
	void hyb_mldsa##n##_pk_prepare(PK(n) * v, const uint8_t pk[HYB_MLDSA##n##_PK_BYTES])       \
	{                                                                                          \
		prepare(P(n), v, pk, true);                                                        \
	}                                                                                          \
                                                                                                   \
	bool hyb_mldsa##n##_verify_prepared(const uint8_t sig[HYB_MLDSA##n##_SIG_BYTES],           \
		hyb_bytes m, hyb_bytes ctx, const PK(n) * v)                                       \
	{                                                                                          \
		struct message f;                                                                  \
                                                                                                   \
		return frame(&f, 0, ctx, m) && verify_framed(P(n), sig, &f, v);                    \
	}

#define MLDSA(n)                                                                                   \
	MLDSA_KEYS(n)                                                                              \
	MLDSA_SIGN(n)                                                                              \
	MLDSA_VERIFY(n)

/* clang-format off: definitions that follow are one word each */
MLDSA(44)
MLDSA(65)
MLDSA(87)
/* clang-format on */
