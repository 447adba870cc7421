#include <math.h>

#include "hyb/x_falcon_arith.h"

#ifdef __clang__
#pragma STDC FP_CONTRACT OFF
#else
#pragma GCC optimize("fp-contract=off")
#endif

/* Attempts before a key is taken for broken: a good one rarely needs more than two. */
#define MAX_TRIES 100

struct sign_work {
	double b[4][FALCON_MAX_N], t0[FALCON_MAX_N], t1[FALCON_MAX_N];
	double g00[FALCON_MAX_N / 2], g11[FALCON_MAX_N / 2], g01[FALCON_MAX_N];
	double tmp[6 * FALCON_MAX_N];
	struct falcon_key key;
	struct falcon_room_q q;
	uint16_t c[FALCON_MAX_N];
	int16_t s1[FALCON_MAX_N], s2[FALCON_MAX_N];
	struct falcon_prng prng;
	struct hyb_sponge seed;
} HYB_ALIGN;

_Static_assert(sizeof(struct sign_work) <= sizeof(struct hybx_falcon_work), "work space");

/* ---- the sampler ---- */
/* [Falcon §3.9.3, Table 3.1], in limbs of 24 bits, high first; entry i is P(z > i) times 2^72. */
static const uint32_t half_gaussian[18][3] = { { 0xa3f7f4, 0x2ed3ac, 0x391802 },
	{ 0x54d32b, 0x181f3f, 0x7ddb82 }, { 0x227dcd, 0xd09348, 0x29c1ff },
	{ 0x0ad175, 0x4377c7, 0x994ae4 }, { 0x029584, 0x6caef3, 0x3f1f6f },
	{ 0x00774a, 0xc754ed, 0x74bd5f }, { 0x001024, 0xdd542b, 0x776ae4 },
	{ 0x0001a1, 0xffdc65, 0xad63da }, { 0x00001f, 0x80d88a, 0x7b6428 },
	{ 0x000001, 0xc3fdb2, 0x040c69 }, { 0x000000, 0x12cf24, 0xd031fb },
	{ 0x000000, 0x00949f, 0x8b091f }, { 0x000000, 0x000366, 0x5da998 },
	{ 0x000000, 0x00000e, 0xbf6ebb }, { 0x000000, 0x000000, 0x2f5d7e },
	{ 0x000000, 0x000000, 0x007098 }, { 0x000000, 0x000000, 0x0000c6 },
	{ 0x000000, 0x000000, 0x000001 } };

/* Eight and one bytes are never taken across a refill: the submission drops up to eight. */
static uint64_t draw64(struct falcon_prng *g)
{
	if (g->at >= FALCON_PRNG_BYTES - 9)
		g->refill(g);
	g->at += 8;
	return hyb_load64le(g->buf + g->at - 8);
}

static uint32_t draw8(struct falcon_prng *g)
{
	uint32_t v = g->buf[g->at++];

	if (g->at == FALCON_PRNG_BYTES)
		g->refill(g);
	return v;
}

/* [Falcon Alg. 12] */
static uint32_t base_sampler(struct falcon_prng *g)
{
	uint64_t lo = draw64(g);
	uint32_t v2 = draw8(g) << 16 | (uint32_t)(lo >> 48), v1 = (uint32_t)(lo >> 24) & 0xffffff,
		 v0 = (uint32_t)lo & 0xffffff, z = 0;

	for (unsigned i = 0; i < 18; i++) {
		uint32_t borrow = (v0 - half_gaussian[i][2]) >> 31;

		borrow = (v1 - half_gaussian[i][1] - borrow) >> 31;
		borrow = (v2 - half_gaussian[i][0] - borrow) >> 31;
		z += borrow;
	}
	return z;
}

static inline uint64_t high64(uint64_t a, uint64_t b)
{
	__extension__ typedef unsigned __int128 u128;

	return (uint64_t)(((u128)a * b) >> 64);
}

#define TWO63 9223372036854775808.0

/* 2^63 c exp(-x) for 0 <= x < ln 2, 0 < c < 1 [Falcon Alg. 13]. */
static uint64_t approx_exp(double x, double c)
{
	static const uint64_t coef[13] = { 0x00000004741183a3, 0x00000036548cfc06,
		0x0000024fdcbf140a, 0x0000171d939de045, 0x0000d00cf58f6f84, 0x000680681cf796e3,
		0x002d82d8305b0fea, 0x011111110e066fd0, 0x0555555555070f00, 0x155555555581ff00,
		0x400000000002b400, 0x7fffffffffff4800, 0x8000000000000000 };
	uint64_t y = coef[0], z = (uint64_t)(x * TWO63) << 1;

	for (unsigned i = 1; i < 13; i++)
		y = coef[i] - high64(z, y);
	return high64((uint64_t)(c * TWO63) << 1, y);
}

/* True with probability c exp(-x) [Falcon Alg. 14]. */
static bool ber_exp(struct falcon_prng *g, double x, double c)
{
	int32_t s = (int32_t)(x * 1.4426950408889634);
	double r = x - (double)s * 0.69314718055994530941723212146;
	uint64_t z = 0;
	uint32_t w = 0;
	unsigned i = 64;

	s = s < 63 ? s : 63;
	z = ((approx_exp(r, c) << 1) - 1) >> s;
	do {
		i -= 8;
		w = draw8(g) - (uint32_t)(z >> i & 0xff);
	} while (w == 0 && i > 0);
	return w >> 31 != 0;
}

double hyb_falcon_sample(struct falcon_prng *g, double mu, double inv_sigma)
{
	double fl = floor(mu), r = mu - fl, dss = inv_sigma * inv_sigma * 0.5;
	double c = inv_sigma * g->sigma_min;

	/* No leaf of a proper key leaves these bounds; a key from elsewhere may. */
	if (!(inv_sigma > 0 && c < 1.0 && fabs(mu) < 4503599627370496.0))
		return 0;
	for (;;) {
		int32_t z0 = (int32_t)base_sampler(g), b = (int32_t)(draw8(g) & 1);
		int32_t z = b + (2 * b - 1) * z0;
		double d = (double)z - r;
		/* 1 / (2 * 1.8205^2) */
		double x = d * d * dss - (double)(z0 * z0) * 0.150865048875372721532312163019;

		if (ber_exp(g, x > 0 ? x : 0, c))
			return fl + (double)z;
	}
}

static void prng_start(struct falcon_prng *g, struct hyb_sponge *seed)
{
	uint8_t s[56];

	hyb_sponge_squeeze(seed, s, sizeof(s));
	for (unsigned i = 0; i < 12; i++)
		g->state[i] = hyb_load32le(s + 4 * i);
	g->counter = hyb_load64le(s + 48);
	g->refill(g);
	hyb_wipe(s, sizeof(s));
}

/* ---- keys ---- */
bool hyb_falcon_load_key(struct falcon_key *k, hyb_bytes sk, unsigned logn, struct falcon_room_q *r)
{
	size_t n = (size_t)1 << logn, fg = n * hyb_falcon_fg_bits(logn) / 8;
	const struct falcon_ops *ops = hyb_falcon_ops();
	uint32_t bad = 0;

	if (sk.p[0] != 0x50 + logn || sk.n != HYBX_FALCON_SK_BYTES(logn) ||
		!hyb_falcon_decode_small(k->f, sk.p + 1, n, hyb_falcon_fg_bits(logn)) ||
		!hyb_falcon_decode_small(k->g, sk.p + 1 + fg, n, hyb_falcon_fg_bits(logn)) ||
		!hyb_falcon_decode_small(k->F, sk.p + 1 + 2 * fg, n, 8))
		return false;
	hyb_falcon_to_q(r->a, k->g, n);
	hyb_falcon_to_q(r->b, k->F, n);
	ops->mul(r->a, r->b, logn);
	hyb_falcon_to_q(r->b, k->f, n);
	if (!ops->div(r->c, r->a, r->b, logn))
		return false;
	for (size_t i = 0; i < n; i++) {
		uint32_t v = r->c[i] + 127U;

		v -= FALCON_Q & (0U - (v >= FALCON_Q));
		bad |= 254U - v;
		k->G[i] = (int8_t)((int32_t)(v & 0xff) - 127);
	}
	return bad >> 31 == 0;
}

/* The basis in FFT form. False if its determinant is not q: f G - g F is 0 mod q by now, and any other
 * multiple of q than q itself is off by q somewhere. */
static bool load_basis(struct sign_work *w, unsigned logn)
{
	const int8_t *src[4] = { w->key.g, w->key.f, w->key.G, w->key.F };
	size_t n = (size_t)1 << logn, half = n / 2;
	double worst = 0;

	for (unsigned r = 0; r < 4; r++) {
		for (size_t i = 0; i < n; i++)
			w->b[r][i] = (r & 1) != 0 ? -(double)src[r][i] : (double)src[r][i];
		hyb_falcon_ops()->fft(w->b[r], logn, w->tmp);
	}
	for (size_t j = 0; j < half; j++) {
		double re = w->b[0][j] * w->b[3][j] - w->b[0][j + half] * w->b[3][j + half] -
			(w->b[1][j] * w->b[2][j] - w->b[1][j + half] * w->b[2][j + half]);
		double im = w->b[0][j] * w->b[3][j + half] + w->b[0][j + half] * w->b[3][j] -
			(w->b[1][j] * w->b[2][j + half] + w->b[1][j + half] * w->b[2][j]);

		worst = fmax(worst, fabs(re - FALCON_Q) + fabs(im));
	}
	return worst < 1.0;
}

/* ---- signing ---- */
/* s1 = c - v0, s2 = -v1; false if a coefficient is out of all range. */
static bool read_point(struct sign_work *w, size_t n)
{
	bool good = true;

	for (size_t i = 0; i < n; i++) {
		double x = w->c[i] - rint(w->t0[i]), y = -rint(w->t1[i]);

		if (!(fabs(x) < 16384 && fabs(y) < 16384)) {
			good = false;
			x = y = 0;
		}
		w->s1[i] = (int16_t)x;
		w->s2[i] = (int16_t)y;
	}
	return good;
}

static bool try_once(struct sign_work *w, unsigned logn)
{
	/* 1 / sigma and sigma_min [Falcon Table 3.3]. */
	static const double sigma[2] = { 165.736617182977590, 168.388571446543950 };
	static const double sigma_min[2] = { 1.2778336969128336860, 1.2982803343442918540 };
	struct falcon_try t = { { w->b[0], w->b[1], w->b[2], w->b[3] }, w->t0, w->t1, w->g00,
		w->g11, w->g01, w->tmp, 1.0 / sigma[logn - 9], &w->prng };
	size_t n = (size_t)1 << logn;

	prng_start(&w->prng, &w->seed);
	w->prng.sigma_min = sigma_min[logn - 9];
	for (size_t i = 0; i < n; i++)
		w->t0[i] = w->c[i];
	hyb_falcon_ops()->sign(&t, logn);
	return read_point(w, n) && hyb_falcon_is_short(w->s1, w->s2, logn);
}

struct request {
	uint8_t *sig;
	size_t room; /* of sig, at which padding ends when `is_padded` */
	bool is_padded;
	size_t n;
};

static enum hyb_st sign_with(struct request *rq, hyb_bytes m, hyb_bytes sk,
	const struct hybx_falcon_coins *coins, struct sign_work *w)
{
	unsigned logn = sk.p[0] & 15;
	size_t skip = 1 + HYBX_FALCON_NONCE_BYTES, n = (size_t)1 << logn, used = 0;

	if (!hyb_falcon_load_key(&w->key, sk, logn, &w->q) || !load_basis(w, logn))
		return HYB_E_BAD_KEY;
	hyb_falcon_hash(w->c, n, coins->nonce, m);
	hyb_sponge_init(&w->seed, HYB_RATE_SHAKE256, HYB_PAD_SHAKE);
	hyb_sponge_absorb(&w->seed, coins->seed, sizeof(coins->seed));
	w->prng.refill = hyb_falcon_ops()->refill;
	for (unsigned i = 0; i < MAX_TRIES && used == 0; i++)
		if (try_once(w, logn))
			used = hyb_falcon_compress(rq->sig + skip, rq->room - skip, w->s2, n);
	if (used == 0)
		return HYB_E_BAD_KEY;
	rq->sig[0] = (uint8_t)(0x30 + logn);
	memcpy(rq->sig + 1, coins->nonce, sizeof(coins->nonce));
	rq->n = skip + used;
	memset(rq->sig + rq->n, 0, rq->room - rq->n);
	return HYB_OK;
}

/* coins NULL: drawn here, nonce first. */
static enum hyb_st sign_any(struct request *rq, hyb_bytes m, hyb_bytes sk,
	const struct hybx_falcon_coins *coins, struct hybx_falcon_work *work)
{
	struct sign_work *w = (struct sign_work *)work;
	struct hybx_falcon_coins own;
	unsigned logn = sk.n > 0 ? sk.p[0] & 15 : 0;
	enum hyb_st st = HYB_E_BAD_KEY;

	if (!hyb_falcon_logn_ok(logn) || sk.n != HYBX_FALCON_SK_BYTES(logn)) {
		hyb_wipe(rq->sig,
			rq->is_padded ? HYBX_FALCON_PADDED_BYTES(9) : HYBX_FALCON_SIG_MAX(9));
		return HYB_E_BAD_KEY;
	}
	rq->room = rq->is_padded ? HYBX_FALCON_PADDED_BYTES(logn) : HYBX_FALCON_SIG_MAX(logn);
	if (coins == NULL) {
		st = hyb_random(own.nonce, sizeof(own.nonce));
		if (st == HYB_OK)
			st = hyb_random(own.seed, sizeof(own.seed));
		coins = &own;
	} else {
		st = HYB_OK;
	}
	if (st == HYB_OK) {
		st = sign_with(rq, m, sk, coins, w);
		hyb_wipe(w, sizeof(*w));
	}
	if (st != HYB_OK)
		hyb_wipe(rq->sig, rq->room);
	hyb_wipe(&own, sizeof(own));
	return st;
}

static enum hyb_st sign_compressed(uint8_t *sig, size_t *sig_n, hyb_bytes m, hyb_bytes sk,
	const struct hybx_falcon_coins *coins, struct hybx_falcon_work *w)
{
	struct request rq = { sig, 0, false, 0 };
	enum hyb_st st = sign_any(&rq, m, sk, coins, w);

	*sig_n = rq.n;
	return st;
}

enum hyb_st hybx_falcon_sign(
	uint8_t *sig, size_t *sig_n, hyb_bytes m, hyb_bytes sk, struct hybx_falcon_work *w)
{
	return sign_compressed(sig, sig_n, m, sk, NULL, w);
}

enum hyb_st hybx_falcon_sign_derand(uint8_t *sig, size_t *sig_n, hyb_bytes m, hyb_bytes sk,
	const struct hybx_falcon_coins *coins, struct hybx_falcon_work *w)
{
	return sign_compressed(sig, sig_n, m, sk, coins, w);
}

enum hyb_st hybx_falcon_sign_padded(
	uint8_t *sig, hyb_bytes m, hyb_bytes sk, struct hybx_falcon_work *w)
{
	struct request rq = { sig, 0, true, 0 };

	return sign_any(&rq, m, sk, NULL, w);
}

enum hyb_st hybx_falcon_sign_padded_derand(uint8_t *sig, hyb_bytes m, hyb_bytes sk,
	const struct hybx_falcon_coins *coins, struct hybx_falcon_work *w)
{
	struct request rq = { sig, 0, true, 0 };

	return sign_any(&rq, m, sk, coins, w);
}
