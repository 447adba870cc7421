#include "hyb/cpu.h"
#include "hyb/keccak.h"
#include "hyb/mldsa.h"

#define K_MAX MLDSA_K_MAX
#define L_MAX MLDSA_L_MAX
#define T1_BYTES MLDSA_T1_BYTES
#define T0_BYTES MLDSA_T0_BYTES
#define W1_MAX 192 /* of one polynomial of w1 */
#define RING 16	   /* polynomials of y drawn ahead */
/* Masks are numbered in 16 bits: 9 000 attempts, where the standard asks for 814. */
#define KAPPA_END 65536

const struct mldsa_params hyb_mldsa44_params = {
	.set = 44,
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
	.set = 65,
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
	.set = 87,
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

/*
 * Clears what the functions called last left below: states of Keccak, from which rho'' and rho'
 * follow, and spilled vectors. Called before the last statement, never as the last: there its frame
 * could take the place of the caller's.
 */
static __attribute__((noinline)) void clear_stack(void)
{
	uint8_t below[12 * 1024];

	hyb_wipe(below, sizeof(below));
	hyb_clear_vectors();
}

/* ---- keys ---- */
/* t = A·s1 + s2 in two halves [FIPS204 Alg. 6 lines 5, 6]; s1 in the NTT domain, s2 not yet. */
static void make_t(const struct mldsa_ops *o, const struct mldsa_params *p, struct mldsa_sk *s,
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
static void from_seed(const struct mldsa_ops *o, const struct mldsa_params *p, struct mldsa_sk *s,
	const uint8_t seed[32])
{
	uint8_t sides[2] = { (uint8_t)p->k, (uint8_t)p->l }, out[128];
	const struct hyb_part parts[2] = { { seed, 32 }, { sides, 2 } };

	shake256(out, sizeof(out), parts, 2);
	HYB_CT_PUBLIC(out, 32); /* rho is part of the public key */
	memcpy(s->rho, out, 32);
	memcpy(s->key, out + 96, 32);
	hyb_mldsa_expand_a(o, p, s->polys, p->l, s->rho, NULL);
	hyb_mldsa_expand_s(o, p, s->polys + at_s1(p), out + 32);
	for (unsigned i = 0; i < p->l; i++)
		o->ntt(s->polys + at_s1(p) + i);
	make_t(o, p, s, s->polys + at_t0(p));
	hyb_wipe(out, sizeof(out));
}

void hyb_mldsa_public(const struct mldsa_params *p, uint8_t *out, const struct mldsa_sk *s)
{
	memcpy(out, s->rho, 32);
	memcpy(out + 32, s->polys + at_t1(p), p->k * T1_BYTES);
	HYB_CT_PUBLIC(out, p->pk_bytes); /* the public key */
}

static void make_tr(uint8_t tr[64], const struct mldsa_params *p, const struct mldsa_sk *s)
{
	const struct hyb_part parts[2] = { { s->rho, 32 },
		{ s->polys + at_t1(p), p->k * T1_BYTES } };

	shake256(tr, 64, parts, 2);
}

void hyb_mldsa_keygen(
	const struct mldsa_params *p, uint8_t *pk, const uint8_t seed[32], struct mldsa_sk *scratch)
{
	from_seed(hyb_mldsa_ops(), p, scratch, seed);
	clear_stack();
	hyb_mldsa_public(p, pk, scratch);
	hyb_wipe(scratch, sizeof(*scratch));
	hyb_wipe(scratch->polys + at_s1(p), (at_t1(p) - at_s1(p)) * sizeof(scratch->polys[0]));
}

void hyb_mldsa_expand(const struct mldsa_params *p, struct mldsa_sk *s, const uint8_t seed[32])
{
	const struct mldsa_ops *o = hyb_mldsa_ops();

	memset(s, 0, sizeof(*s));
	from_seed(o, p, s, seed);
	make_tr(s->tr, p, s);
	for (unsigned i = at_s2(p); i < at_t1(p); i++)
		o->ntt(s->polys + i);
	clear_stack();
	__asm__ volatile("");
}

/* s1, s2, t0 from their encodings [FIPS204 Alg. 25]; t0 goes aside. Not 0 if out of range. */
static uint32_t read_secrets(const struct mldsa_ops *o, const struct mldsa_params *p,
	struct mldsa_sk *s, struct mldsa_poly *t0, const uint8_t *in)
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
enum hyb_st hyb_mldsa_import(const struct mldsa_params *p, struct mldsa_sk *s, const uint8_t *fips)
{
	const struct mldsa_ops *o = hyb_mldsa_ops();
	struct mldsa_poly t0[K_MAX];
	uint32_t bad = 0;

	memset(s, 0, sizeof(*s));
	memcpy(s->rho, fips, 32);
	memcpy(s->key, fips + 32, 32);
	HYB_CT_PUBLIC(s->rho, 32); /* rho is part of the public key */
	bad = read_secrets(o, p, s, t0, fips + 128);
	hyb_mldsa_expand_a(o, p, s->polys, p->l, s->rho, NULL);
	for (unsigned i = 0; i < p->l; i++)
		o->ntt(s->polys + at_s1(p) + i);
	make_t(o, p, s, s->polys + at_t0(p));
	make_tr(s->tr, p, s);
	bad |= !hyb_ct_eq(t0, s->polys + at_t0(p), p->k * sizeof(t0[0]));
	bad |= !hyb_ct_eq(s->tr, fips + 64, 64);
	for (unsigned i = at_s2(p); i < at_t1(p); i++)
		o->ntt(s->polys + i);
	clear_stack();
	hyb_wipe(t0, sizeof(t0));
	HYB_CT_PUBLIC(&bad, sizeof(bad)); /* whether the key is accepted */
	return bad == 0 ? HYB_OK : HYB_E_BAD_KEY;
}

/* [FIPS204 Alg. 24] */
void hyb_mldsa_export(const struct mldsa_params *p, uint8_t *out, const struct mldsa_sk *s)
{
	const struct mldsa_ops *o = hyb_mldsa_ops();
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
	clear_stack();
	hyb_wipe(&t, sizeof(t));
}

void hyb_mldsa_prepare(
	const struct mldsa_params *p, struct mldsa_pk *v, const uint8_t *pk, bool with_tr)
{
	const struct mldsa_ops *o = hyb_mldsa_ops();
	unsigned stride = p->l + 1;

	hyb_mldsa_expand_a(o, p, v->rows, stride, pk, with_tr ? v->tr : NULL);
	for (unsigned i = 0; i < p->k; i++) {
		struct mldsa_poly *t = v->rows + i * stride + p->l;

		o->unpack_t1(t, pk + 32 + i * T1_BYTES);
		for (unsigned j = 0; j < MLDSA_N; j++)
			t->c[j] *= -(1 << MLDSA_D);
		o->ntt(t);
	}
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
	const struct mldsa_sk *s, const uint8_t mu[64])
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
	const struct mldsa_sk *s)
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
enum hyb_st hyb_mldsa_sign_native(const struct mldsa_params *p, uint8_t *sig, const uint8_t mu[64],
	const uint8_t rnd[32], const struct mldsa_sk *s)
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
	clear_stack();
	hyb_wipe(&g, sizeof(g));
	return st;
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
bool hyb_mldsa_verify_native(const struct mldsa_params *p, const uint8_t *sig, const uint8_t mu[64],
	const struct mldsa_pk *v)
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
