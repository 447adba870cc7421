#include "hyb/x_falcon_ntru.h"

struct keygen_work {
	struct falcon_ntru ntru;
	struct falcon_key key;
	struct falcon_room_q q;
	struct hyb_sponge seed;
	uint8_t block[HYB_RATE_SHAKE256];
	size_t at; /* in block */
} HYB_ALIGN;

_Static_assert(sizeof(struct keygen_work) <= sizeof(struct hybx_falcon_work), "work space");

static uint64_t draw64(struct keygen_work *w)
{
	if (w->at == sizeof(w->block)) {
		hyb_sponge_squeeze(&w->seed, w->block, sizeof(w->block));
		w->at = 0;
	}
	w->at += 8;
	return hyb_load64le(w->block + w->at - 8);
}

/*
 * One Gaussian integer for n = 1024, by inversion as the submission does: a sign and "zero or not" from
 * one draw, the magnitude from the next.
 */
static int32_t gaussian(struct keygen_work *w)
{
	uint64_t r = draw64(w), mask63 = UINT64_MAX >> 1;
	uint32_t sign = (uint32_t)(r >> 63), found = 0, v = 0;

	found = (uint32_t)(((r & mask63) - hyb_falcon_gauss[0]) >> 63);
	r = draw64(w) & mask63;
	for (uint32_t k = 1; k < 27; k++) {
		uint32_t here = (uint32_t)((r - hyb_falcon_gauss[k]) >> 63) ^ 1;

		v |= k & (0U - (here & (found ^ 1)));
		found |= here;
	}
	return (int32_t)((v ^ (0U - sign)) + sign);
}

/* A polynomial of odd parity, so that its norm is odd. */
static void draw_poly(struct keygen_work *w, int8_t *f, unsigned logn)
{
	size_t n = (size_t)1 << logn;
	uint32_t parity = 0;

	for (size_t i = 0; i < n;) {
		int32_t s = 0;

		for (unsigned j = 0; j < 1U << (10 - logn); j++)
			s += gaussian(w);
		if (s < -127 || s > 127 || (i == n - 1 && ((parity ^ (uint32_t)s) & 1) == 0))
			continue;
		parity ^= (uint32_t)s & 1;
		f[i++] = (int8_t)s;
	}
}

/* (f, g) fits its encoding and is shorter than 1.17 sqrt(q) [Falcon Alg. 5]. */
static bool is_short_fg(const struct falcon_key *k, unsigned logn)
{
	size_t n = (size_t)1 << logn;
	int32_t limit = 1 << (hyb_falcon_fg_bits(logn) - 1);
	uint32_t sum = 0;

	for (size_t i = 0; i < n; i++) {
		if (k->f[i] >= limit || k->f[i] <= -limit || k->g[i] >= limit || k->g[i] <= -limit)
			return false;
		sum += (uint32_t)(k->f[i] * k->f[i] + k->g[i] * k->g[i]);
	}
	return sum < 16823;
}

/* And so is the other half of its Gram-Schmidt basis, q (f*, g*) / (f f* + g g*). */
static bool is_short_dual(struct keygen_work *w, unsigned logn)
{
	const struct falcon_ops *ops = hyb_falcon_ops();
	size_t n = (size_t)1 << logn, half = n / 2;
	double *f = w->ntru.fd, *g = w->ntru.gd, sum = 0;

	for (size_t i = 0; i < n; i++) {
		f[i] = w->key.f[i];
		g[i] = w->key.g[i];
	}
	ops->fft(f, logn, w->ntru.tmp);
	ops->fft(g, logn, w->ntru.tmp);
	for (size_t j = 0; j < half; j++) {
		double s = FALCON_Q /
			(f[j] * f[j] + f[j + half] * f[j + half] + g[j] * g[j] +
				g[j + half] * g[j + half]);

		f[j] *= s;
		f[j + half] *= -s;
		g[j] *= s;
		g[j + half] *= -s;
	}
	ops->ifft(f, logn, w->ntru.tmp);
	ops->ifft(g, logn, w->ntru.tmp);
	for (size_t i = 0; i < n; i++)
		sum += f[i] * f[i] + g[i] * g[i];
	return sum < 16822.4121;
}

/* h = g / f mod q into q.c; false if f is not invertible. */
static bool public_key(struct keygen_work *w, unsigned logn)
{
	size_t n = (size_t)1 << logn;

	hyb_falcon_to_q(w->q.a, w->key.g, n);
	hyb_falcon_to_q(w->q.b, w->key.f, n);
	return hyb_falcon_ops()->div(w->q.c, w->q.a, w->q.b, logn);
}

static void encode(uint8_t *pk, uint8_t *sk, const struct keygen_work *w, unsigned logn)
{
	size_t n = (size_t)1 << logn, fg = n * hyb_falcon_fg_bits(logn) / 8;

	pk[0] = (uint8_t)logn;
	hyb_falcon_encode_pk(pk + 1, w->q.c, logn);
	sk[0] = (uint8_t)(0x50 + logn);
	hyb_falcon_encode_small(sk + 1, w->key.f, n, hyb_falcon_fg_bits(logn));
	hyb_falcon_encode_small(sk + 1 + fg, w->key.g, n, hyb_falcon_fg_bits(logn));
	hyb_falcon_encode_small(sk + 1 + 2 * fg, w->key.F, n, 8);
}

enum hyb_st hybx_falcon_keygen_derand(unsigned logn, uint8_t *pk, uint8_t *sk,
	const uint8_t seed[HYBX_FALCON_SEED_BYTES], struct hybx_falcon_work *work)
{
	struct keygen_work *w = (struct keygen_work *)work;

	if (!hyb_falcon_logn_ok(logn))
		return HYB_E_ARG;
	hyb_sponge_init(&w->seed, HYB_RATE_SHAKE256, HYB_PAD_SHAKE);
	hyb_sponge_absorb(&w->seed, seed, HYBX_FALCON_SEED_BYTES);
	w->at = sizeof(w->block);
	do {
		draw_poly(w, w->key.f, logn);
		draw_poly(w, w->key.g, logn);
	} while (!is_short_fg(&w->key, logn) || !is_short_dual(w, logn) || !public_key(w, logn) ||
		!hyb_falcon_ntru(&w->ntru, &w->key, logn));
	encode(pk, sk, w, logn);
	hyb_wipe(w, sizeof(*w));
	return HYB_OK;
}

enum hyb_st hybx_falcon_keygen(unsigned logn, uint8_t *pk, uint8_t *sk, struct hybx_falcon_work *w)
{
	uint8_t seed[HYBX_FALCON_SEED_BYTES];
	enum hyb_st st = HYB_E_ARG;

	if (!hyb_falcon_logn_ok(logn))
		return st;
	st = hyb_random(seed, sizeof(seed));
	if (st == HYB_OK) {
		st = hybx_falcon_keygen_derand(logn, pk, sk, seed, w);
	} else {
		hyb_wipe(pk, HYBX_FALCON_PK_BYTES(logn));
		hyb_wipe(sk, HYBX_FALCON_SK_BYTES(logn));
	}
	hyb_wipe(seed, sizeof(seed));
	return st;
}
