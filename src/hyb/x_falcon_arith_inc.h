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

static void mul_q(uint16_t *a, uint16_t *b, unsigned logn)
{
	ntt(a, logn);
	ntt(b, logn);
	pointwise_q(a, b, (size_t)1 << logn);
	intt(a, logn, scale32[logn - 9]);
}

/* ---- in double ---- */
#define SPREAD_C 8

/* Real and imaginary parts of n / 2 values. */
struct cplx {
	double *re, *im;
};

static inline struct cplx view(double *a, size_t half)
{
	return (struct cplx){ a, a + half };
}

struct roots {
	double re[SPREAD_C], im[SPREAD_C];
};

static inline void fft_level(double *restrict out, const double *restrict in,
	const double *restrict wr, const double *restrict wi, size_t h, size_t per)
{
	const double *in_im = in + 2 * h;
	double *out_im = out + 2 * h;

	for (size_t i = 0; i < h; i += per)
		for (size_t k = 0; k < per; k++) {
			size_t j = i + k;
			double xr = in[j + h], xi = in_im[j + h];
			double vr = xr * wr[k] - xi * wi[k], vi = xr * wi[k] + xi * wr[k];

			out[2 * j] = in[j] + vr;
			out[2 * j + 1] = in[j] - vr;
			out_im[2 * j] = in_im[j] + vi;
			out_im[2 * j + 1] = in_im[j] - vi;
		}
}

static inline void ifft_level(double *restrict out, const double *restrict in,
	const double *restrict wr, const double *restrict wi, size_t h, size_t per)
{
	const double *in_im = in + 2 * h;
	double *out_im = out + 2 * h;

	for (size_t i = 0; i < h; i += per)
		for (size_t k = 0; k < per; k++) {
			size_t j = i + k;
			double dr = in[2 * j] - in[2 * j + 1];
			double di = in_im[2 * j] - in_im[2 * j + 1];

			out[j] = in[2 * j] + in[2 * j + 1];
			out_im[j] = in_im[2 * j] + in_im[2 * j + 1];
			out[j + h] = dr * wr[k] + di * wi[k];
			out_im[j + h] = di * wr[k] - dr * wi[k];
		}
}

/* Points wr, wi at the m roots of a level, repeated where m is small; returns the loop length. */
static inline size_t roots_c(
	const double **wr, const double **wi, struct roots *room, size_t m, size_t h)
{
	*wr = hyb_falcon_tw_re + m;
	*wi = hyb_falcon_tw_im + m;
	if (m >= SPREAD_C || h < SPREAD_C)
		return m;
	for (size_t i = 0; i < SPREAD_C; i++) {
		room->re[i] = hyb_falcon_tw_re[m + (i & (m - 1))];
		room->im[i] = hyb_falcon_tw_im[m + (i & (m - 1))];
	}
	*wr = room->re;
	*wi = room->im;
	return SPREAD_C;
}

static void fft(double *a, unsigned logn, double *tmp)
{
	const double *wr = NULL, *wi = NULL;
	double *in = a, *out = tmp;
	size_t n = (size_t)1 << logn, h = n / 4;
	struct roots room;

	for (size_t m = 1; m <= h; m *= 2) {
		double *x = in;
		size_t per = roots_c(&wr, &wi, &room, m, h);

		fft_level(out, in, wr, wi, h, per);
		in = out;
		out = x;
	}
	if (in != a)
		memcpy(a, in, n * sizeof(*a));
}

static void ifft(double *a, unsigned logn, double *tmp)
{
	const double *wr = NULL, *wi = NULL;
	double *in = a, *out = tmp;
	size_t n = (size_t)1 << logn, h = n / 4;
	double scale = 2.0 / (double)n;
	struct roots room;

	for (size_t m = h; m >= 1; m /= 2) {
		double *x = in;
		size_t per = roots_c(&wr, &wi, &room, m, h);

		ifft_level(out, in, wr, wi, h, per);
		in = out;
		out = x;
	}
	for (size_t i = 0; i < n; i++)
		a[i] = in[i] * scale;
}

/* f(x) = f0(x^2) + x f1(x^2), n >= 4. */
static void split(double *restrict f0, double *restrict f1, const double *restrict f, size_t n)
{
	size_t h = n / 4;

	for (size_t j = 0; j < h; j++) {
		double ar = f[2 * j], br = f[2 * j + 1];
		double ai = f[2 * h + 2 * j], bi = f[2 * h + 2 * j + 1];
		double dr = 0.5 * (ar - br), di = 0.5 * (ai - bi);
		double wr = hyb_falcon_tw_re[h + j], wi = hyb_falcon_tw_im[h + j];

		f0[j] = 0.5 * (ar + br);
		f0[j + h] = 0.5 * (ai + bi);
		f1[j] = dr * wr + di * wi;
		f1[j + h] = di * wr - dr * wi;
	}
}

/* The same of a self-adjoint f: real values, n / 2 in, n / 4 out to f0; f1 is complex. */
static void split_real(double *restrict f0, double *restrict f1, const double *restrict f, size_t n)
{
	size_t h = n / 4;

	for (size_t j = 0; j < h; j++) {
		double d = 0.5 * (f[2 * j] - f[2 * j + 1]);

		f0[j] = 0.5 * (f[2 * j] + f[2 * j + 1]);
		f1[j] = d * hyb_falcon_tw_re[h + j];
		f1[j + h] = -d * hyb_falcon_tw_im[h + j];
	}
}

static void merge(
	double *restrict f, const double *restrict f0, const double *restrict f1, size_t n)
{
	size_t h = n / 4;

	for (size_t j = 0; j < h; j++) {
		double wr = hyb_falcon_tw_re[h + j], wi = hyb_falcon_tw_im[h + j];
		double vr = f1[j] * wr - f1[j + h] * wi, vi = f1[j] * wi + f1[j + h] * wr;

		f[2 * j] = f0[j] + vr;
		f[2 * j + 1] = f0[j] - vr;
		f[2 * h + 2 * j] = f0[j + h] + vi;
		f[2 * h + 2 * j + 1] = f0[j + h] - vi;
	}
}

/* G = L D L*: g01 becomes L's entry, g11 the second diagonal entry of D [Falcon Alg. 8]. */
static void ldl(const double *restrict g00, double *restrict g01, double *restrict g11, size_t n)
{
	size_t half = n / 2;

	for (size_t j = 0; j < half; j++) {
		double re = g01[j], im = g01[j + half], inv = 1.0 / g00[j];

		g11[j] -= (re * re + im * im) * inv;
		g01[j] = re * inv;
		g01[j + half] = -im * inv;
	}
}

/* t0 += (t1 - z1) l; t1 = z1. */
static void nearest_plane(double *restrict t0, double *restrict t1, const double *restrict z1,
	const double *restrict l, size_t n)
{
	size_t half = n / 2;

	for (size_t j = 0; j < half; j++) {
		double dr = t1[j] - z1[j], di = t1[j + half] - z1[j + half];

		t0[j] += dr * l[j] - di * l[j + half];
		t0[j + half] += dr * l[j + half] + di * l[j];
		t1[j] = z1[j];
		t1[j + half] = z1[j + half];
	}
}

struct gram {
	double *g00, *g01, *g11; /* n / 2, n, n / 2 */
};

/* Samples the two real coefficients of one value, with leaf d. */
static inline void sample_leaf(const struct falcon_try *c, double *t, double d)
{
	double inv_sigma = __builtin_sqrt(d) * c->inv_sigma;

	t[0] = hyb_falcon_sample(c->prng, t[0], inv_sigma);
	t[1] = hyb_falcon_sample(c->prng, t[1], inv_sigma);
}

static void ff_sampling(const struct falcon_try *c, double *t0, double *t1, const struct gram *g,
	unsigned logn, double *tmp);

/* Samples t in the half-size tree whose root is the self-adjoint d. */
static void ff_half(
	const struct falcon_try *c, double *t, const double *d, unsigned logn, double *tmp)
{
	size_t n = (size_t)1 << logn;
	double *z0 = tmp, *z1 = tmp + n / 2;
	struct gram g = { tmp + n, tmp + n + n / 2, tmp + n + n / 4 };

	split(z0, z1, t, n);
	split_real(g.g00, g.g01, d, n);
	memcpy(g.g11, g.g00, n / 4 * sizeof(*d));
	ff_sampling(c, z0, z1, &g, logn - 1, tmp + 2 * n);
	merge(t, z0, z1, n);
}

/* (t0, t1) becomes (z0, z1) [Falcon Alg. 11]; the tree is built on the way down. */
static void ff_sampling(const struct falcon_try *c, double *t0, double *t1, const struct gram *g,
	unsigned logn, double *tmp)
{
	size_t n = (size_t)1 << logn;
	double *z1 = tmp;

	ldl(g->g00, g->g01, g->g11, n);
	memcpy(z1, t1, n * sizeof(*t1));
	if (logn == 1)
		sample_leaf(c, z1, g->g11[0]);
	else
		ff_half(c, z1, g->g11, logn, tmp + n);
	nearest_plane(t0, t1, z1, g->g01, n);
	if (logn == 1)
		sample_leaf(c, t0, g->g00[0]);
	else
		ff_half(c, t0, g->g00, logn, tmp + n);
}

/* The Gram matrix of the basis, and the target (c, 0) B^-1 [Falcon Alg. 10]. */
static void gram_and_target(const struct falcon_try *t, size_t n)
{
	size_t half = n / 2;
	struct cplx g = view(t->b[0], half), f = view(t->b[1], half), G = view(t->b[2], half),
		    F = view(t->b[3], half), m = view(t->g01, half), t0 = view(t->t0, half),
		    t1 = view(t->t1, half);
	const double inv_q = 1.0 / FALCON_Q;

	for (size_t j = 0; j < half; j++) {
		double cr = t0.re[j] * inv_q, ci = t0.im[j] * inv_q;

		t->g00[j] = g.re[j] * g.re[j] + g.im[j] * g.im[j] + f.re[j] * f.re[j] +
			f.im[j] * f.im[j];
		t->g11[j] = G.re[j] * G.re[j] + G.im[j] * G.im[j] + F.re[j] * F.re[j] +
			F.im[j] * F.im[j];
		m.re[j] = g.re[j] * G.re[j] + g.im[j] * G.im[j] + f.re[j] * F.re[j] +
			f.im[j] * F.im[j];
		m.im[j] = g.im[j] * G.re[j] - g.re[j] * G.im[j] + f.im[j] * F.re[j] -
			f.re[j] * F.im[j];
		t1.re[j] = f.im[j] * ci - f.re[j] * cr;
		t1.im[j] = -(f.re[j] * ci) - f.im[j] * cr;
		t0.re[j] = F.re[j] * cr - F.im[j] * ci;
		t0.im[j] = F.re[j] * ci + F.im[j] * cr;
	}
}

/* (t0, t1) B in place. */
static void times_basis(const struct falcon_try *t, size_t n)
{
	size_t half = n / 2;
	struct cplx g = view(t->b[0], half), f = view(t->b[1], half), G = view(t->b[2], half),
		    F = view(t->b[3], half), t0 = view(t->t0, half), t1 = view(t->t1, half);

	for (size_t j = 0; j < half; j++) {
		double ar = t0.re[j], ai = t0.im[j], br = t1.re[j], bi = t1.im[j];

		t0.re[j] = ar * g.re[j] - ai * g.im[j] + (br * G.re[j] - bi * G.im[j]);
		t0.im[j] = ar * g.im[j] + ai * g.re[j] + (br * G.im[j] + bi * G.re[j]);
		t1.re[j] = ar * f.re[j] - ai * f.im[j] + (br * F.re[j] - bi * F.im[j]);
		t1.im[j] = ar * f.im[j] + ai * f.re[j] + (br * F.im[j] + bi * F.re[j]);
	}
}

static void sign(const struct falcon_try *t, unsigned logn)
{
	size_t n = (size_t)1 << logn;
	struct gram g = { t->g00, t->g01, t->g11 };

	fft(t->t0, logn, t->tmp);
	gram_and_target(t, n);
	ff_sampling(t, t->t0, t->t1, &g, logn, t->tmp);
	times_basis(t, n);
	ifft(t->t0, logn, t->tmp);
	ifft(t->t1, logn, t->tmp);
}

/* ---- ChaCha20, eight blocks side by side [RFC8439 §2.3] ---- */
#define ROTL(x, n) ((x) << (n) | (x) >> (32 - (n)))

static inline void quarter(
	uint32_t *restrict a, uint32_t *restrict b, uint32_t *restrict c, uint32_t *restrict d)
{
	for (unsigned i = 0; i < 8; i++) {
		a[i] += b[i];
		d[i] = ROTL(d[i] ^ a[i], 16);
		c[i] += d[i];
		b[i] = ROTL(b[i] ^ c[i], 12);
		a[i] += b[i];
		d[i] = ROTL(d[i] ^ a[i], 8);
		c[i] += d[i];
		b[i] = ROTL(b[i] ^ c[i], 7);
	}
}

/* The counter is mixed into the last two words of the state, which are key as well. */
static void refill(struct falcon_prng *g)
{
	static const uint32_t sigma[4] = { 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574 };
	uint32_t x[16][8] HYB_ALIGN, s[16][8] HYB_ALIGN;

	for (unsigned v = 0; v < 16; v++)
		for (unsigned u = 0; u < 8; u++)
			s[v][u] = v < 4 ? sigma[v] : g->state[v - 4];
	for (unsigned u = 0; u < 8; u++) {
		s[14][u] ^= (uint32_t)(g->counter + u);
		s[15][u] ^= (uint32_t)((g->counter + u) >> 32);
	}
	memcpy(x, s, sizeof(x));
	for (unsigned r = 0; r < 10; r++) {
		for (unsigned i = 0; i < 4; i++)
			quarter(x[i], x[4 + i], x[8 + i], x[12 + i]);
		for (unsigned i = 0; i < 4; i++)
			quarter(x[i], x[4 + (i + 1) % 4], x[8 + (i + 2) % 4], x[12 + (i + 3) % 4]);
	}
	for (unsigned v = 0; v < 16; v++)
		for (unsigned u = 0; u < 8; u++) {
			uint32_t w = x[v][u] + s[v][u];
			uint8_t *p = g->buf + 32 * v + 4 * u;

			p[0] = (uint8_t)w;
			p[1] = (uint8_t)(w >> 8);
			p[2] = (uint8_t)(w >> 16);
			p[3] = (uint8_t)(w >> 24);
		}
	g->counter += 8;
	g->at = 0;
	hyb_wipe(x, sizeof(x));
	hyb_wipe(s, sizeof(s));
}

const struct falcon_ops OPS = {
	.verify = verify,
	.mul = mul_q,
	.div = div_q,
	.fft = fft,
	.ifft = ifft,
	.sign = sign,
	.refill = refill,
};
