#include "hyb/x_mceliece.h"

/* ---- GF(2^m)[y] / (y^t + …), in which f lives ---- */
/* y^64 + y^3 + y + z, and y^128 + y^7 + y^2 + y + 1. */
static void mul_ext(uint16_t *out, const uint16_t *a, const uint16_t *b,
	const struct mceliece_set *s, const struct mceliece_ops *ops)
{
	uint16_t p[2 * MCE_MAX_T] = { 0 };
	unsigned t = s->t;

	for (unsigned i = 0; i < t; i++)
		ops->add_multiple(p + i, b, a[i]);
	for (unsigned i = 2 * t - 2; i >= t; i--) {
		uint16_t c = p[i];

		p[i - t + 1] ^= c;
		if (t == 64) {
			p[i - t + 3] ^= c;
			p[i - t] ^= hyb_gf_mul(c, 2, s);
		} else {
			p[i - t + 7] ^= c;
			p[i - t + 2] ^= c;
			p[i - t] ^= c;
		}
	}
	memcpy(out, p, t * sizeof(*out));
	hyb_wipe(p, sizeof(p));
}

static uint16_t gf_inv(uint16_t a, const struct mceliece_set *s)
{
	uint16_t r = a;

	for (unsigned i = 0; i < s->m - 2; i++)
		r = hyb_gf_mul(hyb_gf_mul(r, r, s), a, s);
	return hyb_gf_mul(r, r, s);
}

/* Column j of the system holds f^j; column t is its right side. Row r is scaled and cleared. */
static bool clear_column(
	uint16_t *mat, unsigned r, const struct mceliece_set *s, const struct mceliece_ops *ops)
{
	unsigned t = s->t;
	uint16_t *pivot = mat + (size_t)r * t, factor[MCE_MAX_T], inv = 0;

	/* mat is stored by columns: pivot[i] is row i of column r. */
	for (unsigned k = r + 1; k < t; k++) {
		uint16_t need = (uint16_t)(hyb_mask_nonzero32(pivot[r]) ^ UINT32_MAX);

		for (unsigned c = r; c <= t; c++)
			mat[(size_t)c * t + r] ^= mat[(size_t)c * t + k] & need;
	}
	if (pivot[r] == 0)
		return false;
	inv = gf_inv(pivot[r], s);
	for (unsigned c = r; c <= t; c++)
		mat[(size_t)c * t + r] = hyb_gf_mul(mat[(size_t)c * t + r], inv, s);
	memcpy(factor, pivot, t * sizeof(*pivot));
	factor[r] = 0;
	for (unsigned c = r; c <= t; c++)
		ops->add_multiple(mat + (size_t)c * t, factor, mat[(size_t)c * t + r]);
	hyb_wipe(factor, sizeof(factor));
	return true;
}

bool hyb_mceliece_irreducible(uint16_t *g, const uint16_t *f, uint16_t *mat,
	const struct mceliece_set *s, const struct mceliece_ops *ops)
{
	unsigned t = s->t;

	memset(mat, 0, t * sizeof(*mat));
	mat[0] = 1;
	memcpy(mat + t, f, t * sizeof(*mat));
	for (unsigned j = 2; j <= t; j++)
		mul_ext(mat + (size_t)j * t, mat + (size_t)(j - 1) * t, f, s, ops);
	for (unsigned r = 0; r < t; r++)
		if (!clear_column(mat, r, s, ops))
			return false;
	memcpy(g, mat + (size_t)t * t, t * sizeof(*g));
	return true;
}

/* ---- permutations ---- */
/* Batcher's odd-even merge exchange: the same comparisons whatever the numbers [Knuth 5.2.2M]. */
static void sort64(uint64_t *x, size_t n)
{
	for (size_t p = n / 2; p > 0; p /= 2) {
		size_t q = n / 2, r = 0, d = p;

		for (;;) {
			for (size_t i = 0; i < n - d; i++) {
				uint64_t a = x[i], b = x[i + d], swap = 0;

				if ((i & p) != r)
					continue;
				swap = (a ^ b) & hyb_barrier64(0 - ((b - a) >> 63));
				x[i] = a ^ swap;
				x[i + d] = b ^ swap;
			}
			if (q == p)
				break;
			d = q - p;
			q /= 2;
			r = p;
		}
	}
}

bool hyb_mceliece_permutation(uint16_t *pi, const uint8_t *rnd, uint64_t *keys, unsigned m)
{
	size_t n = (size_t)1 << m;
	uint64_t same = 0;

	for (size_t i = 0; i < n; i++)
		keys[i] = (uint64_t)hyb_load32le(rnd + 4 * i) << 31 | i;
	sort64(keys, n);
	for (size_t i = 1; i < n; i++)
		same |= ((keys[i] >> 31 ^ keys[i - 1] >> 31) - 1) >> 63;
	for (size_t i = 0; i < n; i++)
		pi[i] = (uint16_t)(keys[i] & (n - 1));
	return same == 0;
}

/* ---- control bits ---- */
struct network {
	uint8_t *out;
	size_t at, step; /* of the next bit, and between bits */
};

static void put_bit(struct network *w, uint32_t bit)
{
	w->out[w->at / 8] |= (uint8_t)((bit & 1) << (w->at % 8));
	w->at += w->step;
}

/*
 * The smallest element of each cycle of y -> pi(inv(y ^ 1) ^ 1) says how its pairs are crossed first. This
 * walks the cycles, so time and addresses depend on pi.
 */
static void cycle_minima(uint16_t *min, const uint16_t *pi, const uint16_t *inv, size_t n)
{
	memset(min, 0xff, n * sizeof(*min));
	for (size_t x = 0; x < n; x++) {
		size_t y = x;

		while (min[y] == 0xffff) {
			min[y] = (uint16_t)x;
			y = pi[inv[y ^ 1] ^ 1U];
		}
	}
}

/*
 * [Bernstein, Verified fast formulas for control bits, 2020]: first column, both halves interleaved, last
 * column. room: 4 n values at each of m levels, halving: 8 n.
 */
static void control_bits(struct network w, const uint16_t *pi, uint16_t *room, unsigned m)
{
	size_t n = (size_t)1 << m, half = n / 2;
	uint16_t *inv = room, *min = room + n, *sub = room + 2 * n, *fpi = room + 3 * n;
	struct network inner = w, last = w;

	if (m == 1) {
		put_bit(&w, pi[0]);
		return;
	}
	for (size_t x = 0; x < n; x++)
		inv[pi[x]] = (uint16_t)x;
	cycle_minima(min, pi, inv, n);
	for (size_t j = 0; j < half; j++)
		put_bit(&w, min[2 * j]);
	for (size_t x = 0; x < n; x++)
		fpi[x] = (uint16_t)(pi[x] ^ (min[pi[x] & ~1U] & 1U));
	inner.at = w.at;
	inner.step = 2 * w.step;
	last.at = w.at + (2 * m - 3) * half * w.step;
	for (size_t j = 0; j < half; j++) {
		uint32_t l = fpi[2 * j] & 1U;

		put_bit(&last, l);
		sub[j] = fpi[2 * j + l] / 2;
		sub[half + j] = fpi[2 * j + 1 - l] / 2;
	}
	control_bits(inner, sub, room + 4 * n, m - 1);
	inner.at += w.step;
	control_bits(inner, sub + half, room + 4 * n, m - 1);
}

void hyb_mceliece_control_bits(uint8_t *out, const uint16_t *pi, uint16_t *room, unsigned m)
{
	struct network w = { out, 0, 1 };

	memset(out, 0, (2 * m - 1) * ((size_t)1 << (m - 1)) / 8);
	control_bits(w, pi, room, m);
}

/* ---- the network ---- */
/* 32 control bits of one word's pairs at distance 2^s: bit s of the position is left out. */
static uint64_t spread(uint64_t x, unsigned s)
{
	static const uint64_t mask[5] = { 0x5555555555555555, 0x3333333333333333,
		0x0f0f0f0f0f0f0f0f, 0x00ff00ff00ff00ff, 0x0000ffff0000ffff };

	for (unsigned b = 5; b-- > s;)
		x = (x | x << (1U << b)) & mask[b];
	return x;
}

static void layer(uint64_t *x, const uint8_t *control, unsigned s, size_t words)
{
	if (s < 6) { /* within words */
		for (size_t i = 0; i < words; i++) {
			uint64_t c = spread(hyb_load32le(control + 4 * i), s);
			uint64_t d = (x[i] ^ x[i] >> (1U << s)) & c;

			x[i] ^= d ^ d << (1U << s);
		}
		return;
	}
	for (size_t i = 0, gap = ((size_t)1 << s) / 64; i < words; i += 2 * gap)
		for (size_t j = i; j < i + gap; j++) {
			uint64_t d = (x[j] ^ x[j + gap]) & hyb_load64le(control);

			x[j] ^= d;
			x[j + gap] ^= d;
			control += 8;
		}
}

void hyb_mceliece_benes(uint64_t *bits, const uint8_t *control, unsigned m, bool is_inverse)
{
	size_t words = (size_t)1 << (m - 6), layer_bytes = words * 4;

	for (unsigned i = 0; i < 2 * m - 1; i++) {
		unsigned at = is_inverse ? 2 * m - 2 - i : i, s = at < m ? at : 2 * m - 2 - at;

		layer(bits, control + at * layer_bytes, s & 15U, words);
	}
}
