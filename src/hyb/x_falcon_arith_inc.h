/*
 * x_falcon_arith_inc.h — the body of x_falcon_arith_*.c: plain loops that the compiler makes into the
 * vectors of its level. OPS names the table. Included only by those files.
 *
 * Every level of a transform reads in[j] and in[j + n/2] and writes out[2j] and out[2j + 1] (or the
 * reverse), so that long loops remain down to the last level; two buffers take turns.
 */
#include "hyb/x_falcon_arith.h"

/* A product and a sum stay two roundings: results must not depend on the level. */
#ifdef __clang__
#pragma STDC FP_CONTRACT OFF
#else
#pragma GCC optimize("fp-contract=off")
#endif

#define Q_INV 53249U /* 1 / q mod 2^16 */
#define SPREAD 32    /* shortest inner loop */

static inline uint16_t min16(uint16_t a, uint16_t b)
{
	return a < b ? a : b;
}

static inline uint16_t addq(uint16_t a, uint16_t b)
{
	uint16_t s = (uint16_t)(a + b);

	return min16(s, (uint16_t)(s - FALCON_Q));
}

static inline uint16_t subq(uint16_t a, uint16_t b)
{
	uint16_t d = (uint16_t)(a - b);

	return min16(d, (uint16_t)(d + FALCON_Q));
}

/* a b / 2^16 mod q, for b < q and any a below 2^16. */
static inline uint16_t mulq(uint16_t a, uint16_t b)
{
	uint16_t lo = (uint16_t)((uint32_t)a * b), hi = (uint16_t)(((uint32_t)a * b) >> 16);
	uint16_t m = (uint16_t)(lo * Q_INV), mq = (uint16_t)(((uint32_t)m * FALCON_Q) >> 16);
	uint16_t r = (uint16_t)(hi - mq);

	return min16(r, (uint16_t)(r + FALCON_Q));
}

static inline void ntt_level(uint16_t *restrict out, const uint16_t *restrict in,
	const uint16_t *restrict tw, size_t h, size_t per)
{
	for (size_t i = 0; i < h; i += per)
		for (size_t k = 0; k < per; k++) {
			size_t j = i + k;
			uint16_t u = in[j], v = mulq(in[j + h], tw[k]);

			out[2 * j] = addq(u, v);
			out[2 * j + 1] = subq(u, v);
		}
}

/* The inverse of node k's square root is minus that of node m - 1 - k. */
static inline void intt_level(uint16_t *restrict out, const uint16_t *restrict in,
	const uint16_t *restrict tw, size_t h, size_t per)
{
	for (size_t i = 0; i < h; i += per)
		for (size_t k = 0; k < per; k++) {
			size_t j = i + k;
			uint16_t u = in[2 * j], v = in[2 * j + 1];

			out[j] = addq(u, v);
			out[j + h] = mulq(subq(v, u), tw[per - 1 - k]);
		}
}

/* The m square roots of a level, repeated up to SPREAD entries. */
static inline const uint16_t *roots_q(uint16_t room[SPREAD], size_t m)
{
	if (m >= SPREAD)
		return hyb_falcon_tw_q + m;
	for (size_t i = 0; i < SPREAD; i++)
		room[i] = hyb_falcon_tw_q[m + (i & (m - 1))];
	return room;
}

static void ntt(uint16_t *a, unsigned logn)
{
	uint16_t t[FALCON_MAX_N] HYB_ALIGN, room[SPREAD];
	uint16_t *in = a, *out = t;
	size_t h = (size_t)1 << (logn - 1);

	for (size_t m = 1; m <= h; m *= 2) {
		uint16_t *x = in;

		ntt_level(out, in, roots_q(room, m), h, m < SPREAD ? SPREAD : m);
		in = out;
		out = x;
	}
	if (in != a)
		memcpy(a, in, 2 * h * sizeof(*a));
	hyb_wipe(t, sizeof(t));
}

/* Leaves n a scale / 2^16: scale16 undoes n, scale32 also the 2^-16 of a pointwise product. */
static void intt(uint16_t *a, unsigned logn, uint16_t scale)
{
	uint16_t t[FALCON_MAX_N] HYB_ALIGN, room[SPREAD];
	uint16_t *in = a, *out = t;
	size_t h = (size_t)1 << (logn - 1);

	for (size_t m = h; m >= 1; m /= 2) {
		uint16_t *x = in;

		intt_level(out, in, roots_q(room, m), h, m < SPREAD ? SPREAD : m);
		in = out;
		out = x;
	}
	for (size_t i = 0; i < 2 * h; i++)
		a[i] = mulq(in[i], scale);
	hyb_wipe(t, sizeof(t));
}

/* 2^16 / n and 2^32 / n mod q, for n = 512 and 1024. */
static const uint16_t scale16[2] = { 128, 64 };
static const uint16_t scale32[2] = { 7510, 3755 };
#define R2 10952 /* 2^32 mod q */

static void pointwise_q(uint16_t *restrict a, const uint16_t *restrict b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		a[i] = mulq(a[i], b[i]);
}

static void centre(int16_t *out, const uint16_t *a, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = (int16_t)(a[i] - (a[i] > FALCON_Q / 2 ? FALCON_Q : 0));
}

static void verify(int16_t *s1, const uint16_t *c, const int16_t *s2, uint16_t *h, unsigned logn)
{
	uint16_t s[FALCON_MAX_N] HYB_ALIGN;
	size_t n = (size_t)1 << logn;

	for (size_t i = 0; i < n; i++)
		s[i] = (uint16_t)(s2[i] + (s2[i] < 0 ? FALCON_Q : 0));
	ntt(s, logn);
	ntt(h, logn);
	pointwise_q(s, h, n);
	intt(s, logn, scale32[logn - 9]);
	for (size_t i = 0; i < n; i++)
		s[i] = subq(c[i], s[i]);
	centre(s1, s, n);
}

/* Pointwise x^(q - 2); q - 2 = 0x2fff. x in Montgomery form, and so is the result. */
static void invert_q(uint16_t *restrict y, const uint16_t *restrict x, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint16_t v = x[i];

		for (int bit = 12; bit >= 0; bit--) {
			v = mulq(v, v);
			if (bit != 12)
				v = mulq(v, x[i]);
		}
		y[i] = v;
	}
}

static bool div_q(uint16_t *a, uint16_t *b, uint16_t *d, unsigned logn)
{
	size_t n = (size_t)1 << logn;
	uint32_t zeros = 0;

	ntt(b, logn);
	ntt(d, logn);
	for (size_t i = 0; i < n; i++) {
		zeros += d[i] == 0;
		d[i] = mulq(d[i], R2);
	}
	invert_q(a, d, n);
	pointwise_q(a, b, n);
	intt(a, logn, scale16[logn - 9]);
	return zeros == 0;
}

const struct falcon_ops OPS = {
	.verify = verify,
	.div = div_q,
};
