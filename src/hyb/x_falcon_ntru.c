#include <math.h>

#include "hyb/x_falcon_ntru.h"

__extension__ typedef unsigned __int128 u128;

/*
 * Words of 62 bits that hold a coefficient at each level: of f and g, and of F and G before they are
 * reduced. Level 0 is the key itself, level logn the integers. From measured sizes with six standard
 * deviations to spare; what does not fit is drawn again.
 */
static const unsigned words_fg[NTRU_LEVELS] = { 1, 1, 1, 1, 2, 4, 7, 14, 27, 53, 105 };
static const unsigned words_FG[NTRU_LEVELS - 1] = { 1, 1, 3, 4, 6, 11, 20, 39, 79, 154 };

/*
 * Where the scale of the quotient starts, from which it falls by 25 bits a pass to 0; a quotient that has
 * not become short by then refuses the key. It is the submission's plan, kept so that the same seeds give
 * the same keys: 31 bits a word of its F, less the mean length of f minus six deviations. Levels 0
 * and 1 never refuse.
 */
static const unsigned first_scale[NTRU_LEVELS - 1] = { 0, 0, 137, 173, 276, 461, 863, 1654, 3338,
	6488 };
#define PASS_BITS 25
#define QUOTIENT_MAX 2147483647.0

/* ---- arithmetic modulo a 62-bit prime, Montgomery with 2^64 ---- */
struct mod {
	uint64_t p, neg_inv, one, r2;
};

static struct mod mod_of(const struct falcon_prime *f)
{
	/* Within 2^24 of 2^62: this is below 2^26, and its square is 2^128 mod p as it stands. */
	uint64_t one = 0 - 4 * f->p;

	return (struct mod){ f->p, f->neg_inv, one, one * one };
}

static inline uint64_t add_p(uint64_t a, uint64_t b, uint64_t p)
{
	uint64_t s = a + b - p;

	return s + (p & (0 - (s >> 63)));
}

static inline uint64_t sub_p(uint64_t a, uint64_t b, uint64_t p)
{
	uint64_t d = a - b;

	return d + (p & (0 - (d >> 63)));
}

static inline uint64_t mul_p(uint64_t a, uint64_t b, const struct mod *m)
{
	u128 t = (u128)a * b;
	uint64_t q = (uint64_t)t * m->neg_inv, r = (uint64_t)((t + (u128)q * m->p) >> 64);

	r -= m->p;
	return r + (m->p & (0 - (r >> 63)));
}

/* 2^(64 e) mod p. */
static uint64_t word_power(size_t e, const struct mod *m)
{
	uint64_t r = m->one, base = m->r2;

	for (; e > 0; e >>= 1) {
		if ((e & 1) != 0)
			r = mul_p(r, base, m);
		base = mul_p(base, base, m);
	}
	return mul_p(r, 1, m);
}

/* x / 2^(64 n) mod p, of n words; signed: in two's complement. */
static inline uint64_t residue(const uint64_t *x, size_t n, bool is_signed, const struct mod *m)
{
	uint64_t r = 0;

	for (size_t i = 0; i < n; i++) {
		u128 t = (u128)r + x[i];
		uint64_t q = (uint64_t)t * m->neg_inv;

		r = (uint64_t)((t + (u128)q * m->p) >> 64);
	}
	r -= m->p & (0 - (uint64_t)(r >= m->p));
	return sub_p(r, is_signed ? x[n - 1] >> 63 : 0, m->p);
}

static size_t reverse(size_t k, unsigned bits)
{
	size_t r = 0;

	for (unsigned i = 0; i < bits; i++)
		r |= (k >> i & 1) << (bits - 1 - i);
	return r;
}

/* The square roots of x_falcon_tab.h modulo p, for n = 2^logn. */
static void make_roots(
	uint64_t *tw, unsigned logn, const struct falcon_prime *f, const struct mod *m)
{
	uint64_t g = f->root, step = 0;
	size_t half = (size_t)1 << (logn - 1);

	for (unsigned i = logn; i < 10; i++)
		g = mul_p(g, g, m);
	step = mul_p(g, g, m);
	for (size_t k = 0; k < half; k++) {
		tw[half + reverse(k, logn - 1)] = g;
		g = mul_p(g, step, m);
	}
	for (size_t k = half; k-- > 1;)
		tw[k] = mul_p(tw[2 * k], tw[2 * k], m);
}

static void ntt(uint64_t *a, const uint64_t *tw, unsigned logn, const struct mod *m)
{
	size_t n = (size_t)1 << logn, t = n;

	for (size_t b = 1; b < n; b *= 2) {
		t /= 2;
		for (size_t k = 0; k < b; k++) {
			uint64_t *x = a + 2 * k * t, s = tw[b + k];

			for (size_t j = 0; j < t; j++) {
				uint64_t v = mul_p(x[j + t], s, m);

				x[j + t] = sub_p(x[j], v, m->p);
				x[j] = add_p(x[j], v, m->p);
			}
		}
	}
}

static void intt(uint64_t *a, const uint64_t *tw, unsigned logn, const struct mod *m)
{
	size_t n = (size_t)1 << logn, t = 1;
	uint64_t scale = m->one;

	for (size_t b = n / 2; b >= 1; b /= 2) {
		for (size_t k = 0; k < b; k++) {
			uint64_t *x = a + 2 * k * t, s = tw[2 * b - 1 - k];

			for (size_t j = 0; j < t; j++) {
				uint64_t u = x[j], v = x[j + t];

				x[j] = add_p(u, v, m->p);
				x[j + t] = mul_p(sub_p(v, u, m->p), s, m);
			}
		}
		t *= 2;
		scale = (scale + (m->p & (0 - (scale & 1)))) >> 1;
	}
	for (size_t i = 0; i < n; i++)
		a[i] = mul_p(a[i], scale, m);
}

/* Residues, in Montgomery form, of n signed coefficients of `len` words. */
static void residues(uint64_t *out, const uint64_t *x, size_t n, size_t len, const struct mod *m)
{
	uint64_t c = word_power(len + 2, m);

	for (size_t i = 0; i < n; i++)
		out[i] = mul_p(residue(x + i * len, len, true, m), c, m);
}

/* acc += a b, `len` words of a; returns the word above. */
static inline uint64_t mul_add(uint64_t *acc, const uint64_t *a, uint64_t b, size_t len)
{
	uint64_t carry = 0;

	for (size_t u = 0; u < len; u++) {
		u128 s = (u128)a[u] * b + acc[u] + carry;

		acc[u] = (uint64_t)s;
		carry = (uint64_t)(s >> 64);
	}
	return carry;
}

/* v - prod where v is above half of prod. */
static void make_signed(uint64_t *v, const uint64_t *prod, size_t len)
{
	uint64_t borrow = 0, mask = 0;

	for (size_t u = 0; u < len; u++) {
		uint64_t half = prod[u] >> 1 | (u + 1 < len ? prod[u + 1] << 63 : 0);
		u128 t = (u128)half - v[u] - borrow;

		borrow = (uint64_t)(t >> 64) & 1;
	}
	mask = 0 - borrow;
	borrow = 0;
	for (size_t u = 0; u < len; u++) {
		u128 t = (u128)v[u] - (prod[u] & mask) - borrow;

		v[u] = (uint64_t)t;
		borrow = (uint64_t)(t >> 64) & 1;
	}
}

#define MAX_WORDS 154

/*
 * Rebuilds n signed coefficients of `len` words, in place, from their residues in Montgomery form modulo
 * the first `len` primes: word i of a coefficient holds residue i, and the words below it are built.
 */
static void rebuild(uint64_t *x, size_t n, size_t len)
{
	uint64_t prod[MAX_WORDS] = { 1 }, scaled[MAX_WORDS] = { 0 };

	for (size_t i = 0; i < len; i++) {
		struct mod m = mod_of(&hyb_falcon_primes[i]);
		uint64_t c = word_power(i + 2, &m);

		for (size_t j = 0; j < n; j++) {
			uint64_t *v = x + j * len;
			uint64_t d = sub_p(v[i], mul_p(residue(v, i, false, &m), c, &m), m.p);

			d = mul_p(d, hyb_falcon_primes[i].crt, &m);
			v[i] = i == 0 ? d : mul_add(v, prod, d, i);
		}
		memset(scaled, 0, (i + 1) * sizeof(*scaled));
		(void)mul_add(scaled, prod, m.p, i + 1);
		memcpy(prod, scaled, (i + 1) * sizeof(*prod));
	}
	for (size_t j = 0; j < n; j++)
		make_signed(x + j * len, prod, len);
}

/* ---- the way down ---- */
/* N(f)(x^2) = f(x) f(-x), one level down. */
static void norm(struct falcon_ntru *w, uint64_t *out, const uint64_t *in, unsigned level)
{
	unsigned logn = w->logn - level;
	size_t half = (size_t)1 << (logn - 1), len = words_fg[level + 1];
	uint64_t *t = w->t[0];

	for (size_t i = 0; i < len; i++) {
		struct mod m = mod_of(&hyb_falcon_primes[i]);

		make_roots(w->tw, logn, &hyb_falcon_primes[i], &m);
		residues(t, in, 2 * half, words_fg[level], &m);
		ntt(t, w->tw, logn, &m);
		for (size_t j = 0; j < half; j++)
			t[j] = mul_p(t[2 * j], t[2 * j + 1], &m);
		intt(t, w->tw, logn - 1, &m);
		for (size_t j = 0; j < half; j++)
			out[j * len + i] = t[j];
	}
	rebuild(out, half, len);
}

static void descend(struct falcon_ntru *w, const struct falcon_key *key)
{
	size_t n = (size_t)1 << w->logn, at = 0;

	for (unsigned level = 0; level <= w->logn; level++) {
		w->f[level] = w->pool[0] + at;
		w->g[level] = w->pool[1] + at;
		at += (n >> level) * words_fg[level];
	}
	for (size_t i = 0; i < n; i++) {
		w->f[0][i] = (uint64_t)(int64_t)key->f[i];
		w->g[0][i] = (uint64_t)(int64_t)key->g[i];
	}
	for (unsigned level = 0; level < w->logn; level++) {
		norm(w, w->f[level + 1], w->f[level], level);
		norm(w, w->g[level + 1], w->g[level], level);
	}
}

/* ---- the bottom ---- */
/* F and G of the last level, times q. */
static bool solve_integers(struct falcon_ntru *w)
{
	size_t len = words_fg[w->logn];
	uint64_t *F = w->F, *G = w->G;

	if (!hyb_falcon_bezout(F, G, w->f[w->logn], w->g[w->logn], len, w->t[0]))
		return false;
	memset(w->deep_F, 0, len * sizeof(*F));
	memset(w->deep_G, 0, len * sizeof(*G));
	return (mul_add(w->deep_F, F, FALCON_Q, len) | mul_add(w->deep_G, G, FALCON_Q, len)) == 0;
}

/* ---- the way up ---- */
/* F(x) = F'(x^2) g(-x), G(x) = G'(x^2) f(-x), unreduced. */
static void lift(struct falcon_ntru *w, unsigned level)
{
	unsigned logn = w->logn - level;
	size_t half = (size_t)1 << (logn - 1), len = words_FG[level], deep = words_fg[level + 1];
	uint64_t *f = w->t[0], *g = w->t[1], *F = w->t[2], *G = w->t[3];

	for (size_t i = 0; i < len; i++) {
		struct mod m = mod_of(&hyb_falcon_primes[i]);

		make_roots(w->tw, logn, &hyb_falcon_primes[i], &m);
		residues(f, w->f[level], 2 * half, words_fg[level], &m);
		residues(g, w->g[level], 2 * half, words_fg[level], &m);
		residues(F, w->deep_F, half, deep, &m);
		residues(G, w->deep_G, half, deep, &m);
		ntt(f, w->tw, logn, &m);
		ntt(g, w->tw, logn, &m);
		ntt(F, w->tw, logn - 1, &m);
		ntt(G, w->tw, logn - 1, &m);
		/* Points 2 j and 2 j + 1 are opposite: f(-x) at one is f(x) at the other. */
		for (size_t j = 0; j < half; j++) {
			uint64_t f0 = f[2 * j], g0 = g[2 * j];

			f[2 * j] = mul_p(G[j], f[2 * j + 1], &m);
			f[2 * j + 1] = mul_p(G[j], f0, &m);
			g[2 * j] = mul_p(F[j], g[2 * j + 1], &m);
			g[2 * j + 1] = mul_p(F[j], g0, &m);
		}
		intt(f, w->tw, logn, &m);
		intt(g, w->tw, logn, &m);
		for (size_t j = 0; j < 2 * half; j++) {
			w->F[j * len + i] = g[j];
			w->G[j * len + i] = f[j];
		}
	}
	rebuild(w->F, 2 * half, len);
	rebuild(w->G, 2 * half, len);
}

/* Numbers of a polynomial: n coefficients, `len` words each in use, `stride` words apart. */
struct bigs {
	uint64_t *x;
	size_t n, len, stride;
};

/* Bits of the longest magnitude. */
static size_t bits_of(const struct bigs *b)
{
	for (size_t u = b->len; u-- > 0;) {
		uint64_t any = 0;

		for (size_t i = 0; i < b->n; i++) {
			const uint64_t *v = b->x + i * b->stride;

			any |= v[u] ^ (0 - (v[b->len - 1] >> 63));
		}
		if (any != 0)
			return 64 * u + 64 - (size_t)__builtin_clzll(any);
	}
	return 0;
}

/* Coefficients over 2^shift, where none has more than 62 bits above that. */
static void to_double(double *out, const struct bigs *b, size_t shift)
{
	size_t word = shift / 64, bit = shift % 64;

	for (size_t i = 0; i < b->n; i++) {
		const uint64_t *v = b->x + i * b->stride;
		uint64_t top = 0 - (v[b->len - 1] >> 63);
		uint64_t lo = word < b->len ? v[word] : top,
			 hi = word + 1 < b->len ? v[word + 1] : top;

		out[i] = (double)(int64_t)(bit == 0 ? lo : lo >> bit | hi << (64 - bit));
	}
}

static size_t longer(size_t a, size_t b)
{
	return a > b ? a : b;
}

static size_t scale_of(size_t bits)
{
	return bits > 62 ? bits - 62 : 0;
}

/* One reduction of F and G by f and g, at one level. */
struct reduction {
	struct bigs f, g, F, G;
	unsigned logn;
	size_t fg_bits;
	size_t k_bits; /* of the quotient at hand */
	size_t sc;     /* its scale; before the first, PASS_BITS above where it starts */
	bool is_planned;
};

/* f*, g* and 1 / (f f* + g g*) for the whole reduction. */
static void prepare(struct falcon_ntru *w, const struct reduction *r)
{
	const struct falcon_ops *ops = hyb_falcon_ops();
	size_t half = r->f.n / 2, shift = scale_of(r->fg_bits);

	to_double(w->fd, &r->f, shift);
	to_double(w->gd, &r->g, shift);
	ops->fft(w->fd, r->logn, w->tmp);
	ops->fft(w->gd, r->logn, w->tmp);
	for (size_t j = 0; j < half; j++)
		w->den[j] = 1.0 /
			((w->fd[j] * w->fd[j] + w->fd[j + half] * w->fd[j + half]) +
				(w->gd[j] * w->gd[j] + w->gd[j + half] * w->gd[j + half]));
}

/* K = (F f* + G g*) / (f f* + g g*) / 2^unit into Fd, and its largest coefficient. */
static double exact_quotient(struct falcon_ntru *w, const struct reduction *r, int *unit)
{
	const struct falcon_ops *ops = hyb_falcon_ops();
	size_t half = r->f.n / 2, bits = longer(bits_of(&r->F), bits_of(&r->G));
	size_t shift = scale_of(bits);
	double *fd = w->fd, *gd = w->gd, *Fd = w->Fd, *Gd = w->Gd, most = 0;

	*unit = (int)shift - (int)scale_of(r->fg_bits);
	to_double(Fd, &r->F, shift);
	to_double(Gd, &r->G, shift);
	ops->fft(Fd, r->logn, w->tmp);
	ops->fft(Gd, r->logn, w->tmp);
	for (size_t j = 0; j < half; j++) {
		double re = (Fd[j] * fd[j] + Fd[j + half] * fd[j + half]) +
			(Gd[j] * gd[j] + Gd[j + half] * gd[j + half]);
		double im = (Fd[j + half] * fd[j] - Fd[j] * fd[j + half]) +
			(Gd[j + half] * gd[j] - Gd[j] * gd[j + half]);

		Fd[j] = re * w->den[j];
		Fd[j + half] = im * w->den[j];
	}
	ops->ifft(Fd, r->logn, w->tmp);
	for (size_t i = 0; i < r->f.n; i++)
		most = fabs(Fd[i]) > most ? fabs(Fd[i]) : most;
	return most;
}

/*
 * Rounds K to k 2^sc, at the next scale that leaves k anything; false if k is out of range. Where f and
 * g are both small at one point, K is far longer than F and f would suggest.
 */
static bool quotient(struct falcon_ntru *w, struct reduction *r)
{
	int unit = 0, bits = 0;
	double most = exact_quotient(w, r, &unit), scale = 0;

	if (!(most < HUGE_VAL))
		return false;
	bits = most > 0 ? unit + ilogb(most) + 1 : 0;
	bits = bits > 0 ? bits : 0;
	if (r->is_planned) {
		do
			r->sc = r->sc > PASS_BITS ? r->sc - PASS_BITS : 0;
		while (r->sc > (size_t)bits);
	} else {
		r->sc = bits > PASS_BITS ? (size_t)bits - PASS_BITS : 0;
	}
	r->k_bits = (size_t)bits - r->sc + 1;
	scale = ldexp(1.0, unit - (int)r->sc);
	if (!(most * scale < QUOTIENT_MAX))
		return false;
	for (size_t i = 0; i < r->f.n; i++)
		w->k[i] = (int64_t)rint(w->Fd[i] * scale);
	return true;
}

/* x -= p 2^sc in x's words, for a single signed p of 62 bits. */
static void sub_word(uint64_t *x, size_t len, int64_t p, size_t sc)
{
	uint64_t mag = p < 0 ? 0 - (uint64_t)p : (uint64_t)p, sign = 0 - (uint64_t)(p < 0);
	uint64_t lo = mag << (sc % 64), hi = sc % 64 == 0 ? 0 : mag >> (64 - sc % 64), carry = 0;

	/* Adding the magnitude of a negative p is subtracting from the complement. */
	for (size_t u = sc / 64; u < len; u++) {
		uint64_t part = u == sc / 64 ? lo : u == sc / 64 + 1 ? hi : 0;
		u128 t = (u128)(x[u] ^ sign) - part - carry;

		x[u] = (uint64_t)t ^ sign;
		carry = (uint64_t)(t >> 64) & 1;
	}
}

/* F -= k f 2^sc by transform modulo one prime, into which k f fits. */
static void sub_product_ntt(struct falcon_ntru *w, const struct reduction *r, const struct bigs *F,
	const struct bigs *f, size_t sc)
{
	struct mod m = mod_of(&hyb_falcon_primes[0]);
	uint64_t *a = w->t[0], *b = w->t[1];

	make_roots(w->tw, r->logn, &hyb_falcon_primes[0], &m);
	residues(a, (const uint64_t *)w->k, f->n, 1, &m);
	residues(b, f->x, f->n, 1, &m);
	ntt(a, w->tw, r->logn, &m);
	ntt(b, w->tw, r->logn, &m);
	for (size_t i = 0; i < f->n; i++)
		a[i] = mul_p(a[i], b[i], &m);
	intt(a, w->tw, r->logn, &m);
	for (size_t i = 0; i < f->n; i++) {
		int64_t p = (int64_t)mul_p(a[i], 1, &m);

		if (p > (int64_t)(m.p / 2))
			p -= (int64_t)m.p;
		sub_word(F->x + i * F->stride, F->len, p, sc);
	}
}

/* x -= k y over `len` words, y continued by its sign. */
static void sub_multiple(uint64_t *x, size_t len, const uint64_t *y, size_t y_len, int64_t k)
{
	uint64_t mag = k < 0 ? 0 - (uint64_t)k : (uint64_t)k, sign = 0 - (uint64_t)(k < 0),
		 carry = 0;
	uint64_t top = 0 - (y[y_len - 1] >> 63);

	for (size_t u = 0; u < len; u++) {
		u128 t = (u128)mag * (u < y_len ? y[u] : top) + carry;
		uint64_t old = x[u] ^ sign;

		carry = (uint64_t)(t >> 64) + (old < (uint64_t)t);
		x[u] = (old - (uint64_t)t) ^ sign;
	}
}

/* F -= k f 2^sc coefficient by coefficient. */
static void sub_product(
	struct falcon_ntru *w, const struct bigs *F, const struct bigs *f, size_t sc)
{
	size_t word = sc / 64, bit = sc % 64, len = f->len + 1, n = f->n;
	uint64_t *y = w->t[0];

	if (word >= F->len)
		return;
	for (size_t i = 0; i < n; i++) {
		const uint64_t *v = f->x + i * f->stride;
		uint64_t below = 0, top = 0 - (v[f->len - 1] >> 63);

		for (size_t u = 0; u < len; u++) {
			uint64_t x = u < f->len ? v[u] : top;

			y[i * len + u] = bit == 0 ? x : x << bit | below >> (64 - bit);
			below = x;
		}
	}
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < n; j++) {
			size_t at = (i + j) & (n - 1);
			int64_t k = i + j < n ? w->k[i] : -w->k[i];

			sub_multiple(
				F->x + at * F->stride + word, F->len - word, y + j * len, len, k);
		}
}

/* F -= k f 2^sc, by the way that is faster where it is exact. */
static void sub(struct falcon_ntru *w, const struct reduction *r, const struct bigs *F,
	const struct bigs *f)
{
	if (f->len == 1 && r->k_bits + r->fg_bits + r->logn <= 60)
		sub_product_ntt(w, r, F, f, r->sc);
	else
		sub_product(w, F, f, r->sc);
}

/* Drops words of F and G that neither they nor k f 2^sc reach any more. */
static void shrink(struct reduction *r)
{
	size_t bits = longer(bits_of(&r->F), bits_of(&r->G));
	size_t len = longer(bits, r->k_bits + r->fg_bits + r->logn + r->sc) / 64 + 1;

	if (len < r->F.len)
		r->F.len = r->G.len = len;
}

/* Shortens F and G; false if they do not get as short as f and g. */
static bool reduce(struct falcon_ntru *w, struct reduction *r)
{
	prepare(w, r);
	/* Without a plan: until nothing remains, which takes three passes, or it never will. */
	for (unsigned pass = 0; r->is_planned || pass < 16; pass++) {
		uint64_t any = 0;

		if (!quotient(w, r))
			return false;
		for (size_t i = 0; i < r->f.n; i++)
			any |= (uint64_t)w->k[i];
		if (any != 0) {
			shrink(r);
			sub(w, r, &r->F, &r->f);
			sub(w, r, &r->G, &r->g);
		}
		if (r->sc == 0 && (r->is_planned || any == 0))
			return true;
	}
	return false;
}

/* Lifts from the level below, reduces, and leaves the result where the next lift reads it. */
static bool ascend(struct falcon_ntru *w, unsigned level)
{
	unsigned logn = w->logn - level;
	size_t n = (size_t)1 << logn, len = words_fg[level], FG = words_FG[level];
	struct reduction r = { { w->f[level], n, len, len }, { w->g[level], n, len, len },
		{ w->F, n, FG, FG }, { w->G, n, FG, FG }, logn, 0, 0,
		first_scale[level] + PASS_BITS, first_scale[level] != 0 };

	lift(w, level);
	r.fg_bits = longer(bits_of(&r.f), bits_of(&r.g));
	if (!reduce(w, &r) || longer(bits_of(&r.F), bits_of(&r.G)) > 62 * len)
		return false;
	for (size_t i = 0; i < n; i++)
		for (size_t u = 0; u < len; u++) {
			const uint64_t *F = w->F + i * FG, *G = w->G + i * FG;

			w->deep_F[i * len + u] = u < r.F.len ? F[u] : 0 - (F[r.F.len - 1] >> 63);
			w->deep_G[i * len + u] = u < r.G.len ? G[u] : 0 - (G[r.G.len - 1] >> 63);
		}
	return true;
}

/* f G - g F = q: coefficients are below 2^25, so one prime tells. */
static bool check(struct falcon_ntru *w)
{
	struct mod m = mod_of(&hyb_falcon_primes[0]);
	size_t n = (size_t)1 << w->logn;
	const uint64_t *src[4] = { w->f[0], w->deep_G, w->g[0], w->deep_F };
	uint64_t bad = 0, q = mul_p(FALCON_Q, m.r2, &m);

	make_roots(w->tw, w->logn, &hyb_falcon_primes[0], &m);
	for (unsigned i = 0; i < 4; i++) {
		residues(w->t[i], src[i], n, 1, &m);
		ntt(w->t[i], w->tw, w->logn, &m);
	}
	for (size_t j = 0; j < n; j++)
		bad |= q ^
			sub_p(mul_p(w->t[0][j], w->t[1][j], &m), mul_p(w->t[2][j], w->t[3][j], &m),
				m.p);
	return bad == 0;
}

bool hyb_falcon_ntru(struct falcon_ntru *w, struct falcon_key *key, unsigned logn)
{
	size_t n = (size_t)1 << logn;

	w->logn = logn;
	descend(w, key);
	if (!solve_integers(w))
		return false;
	for (unsigned level = logn; level-- > 0;)
		if (!ascend(w, level))
			return false;
	for (size_t i = 0; i < n; i++) {
		int64_t F = (int64_t)w->deep_F[i], G = (int64_t)w->deep_G[i];

		if (F < -127 || F > 127 || G < -127 || G > 127)
			return false;
		key->F[i] = (int8_t)F;
		key->G[i] = (int8_t)G;
	}
	return check(w);
}
