#include "hyb/keccak_levels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#include "hyb/keccak_f.h"

/* With and-not and three-operand rotations. */
void hyb_keccakf_avx2(uint64_t s[25])
{
	hyb_keccakf_one(s);
}

/* Rotation by n; by bytes it is one shuffle. */
static inline __attribute__((always_inline)) __m256i rol(__m256i x, int n)
{
	if (n == 0)
		return x;
	if (n == 8)
		return _mm256_shuffle_epi8(x,
			_mm256_setr_epi8(7, 0, 1, 2, 3, 4, 5, 6, 15, 8, 9, 10, 11, 12, 13, 14, 7, 0,
				1, 2, 3, 4, 5, 6, 15, 8, 9, 10, 11, 12, 13, 14));
	if (n == 56)
		return _mm256_shuffle_epi8(x,
			_mm256_setr_epi8(1, 2, 3, 4, 5, 6, 7, 0, 9, 10, 11, 12, 13, 14, 15, 8, 1, 2,
				3, 4, 5, 6, 7, 0, 9, 10, 11, 12, 13, 14, 15, 8));
	return _mm256_or_si256(_mm256_slli_epi64(x, n), _mm256_srli_epi64(x, 64 - n));
}

struct row {
	uint8_t lane[5], bits[5];
};

/* Where each place of a row comes from, and its rotation [FIPS202 §3.2.2, 3.2.3]. */
static const struct row rows[5] = {
	{ { 0, 6, 12, 18, 24 }, { 0, 44, 43, 21, 14 } },
	{ { 3, 9, 10, 16, 22 }, { 28, 20, 3, 45, 61 } },
	{ { 1, 7, 13, 19, 20 }, { 1, 6, 25, 8, 18 } },
	{ { 4, 5, 11, 17, 23 }, { 27, 36, 10, 15, 56 } },
	{ { 2, 8, 14, 15, 21 }, { 62, 55, 39, 41, 2 } },
};

/* One round from a to e; c holds the column parities of a, then those of e. */
static inline __attribute__((always_inline)) void round4(
	const __m256i a[25], __m256i e[25], __m256i c[5], uint64_t k)
{
	__m256i d[5];

	for (unsigned x = 0; x < 5; x++)
		d[x] = _mm256_xor_si256(c[(x + 4) % 5], rol(c[(x + 1) % 5], 1));
#pragma GCC unroll 5
	for (unsigned y = 0; y < 5; y++) {
		__m256i b[5];

#pragma GCC unroll 5
		for (unsigned x = 0; x < 5; x++)
			b[x] = rol(_mm256_xor_si256(a[rows[y].lane[x]], d[rows[y].lane[x] % 5]),
				rows[y].bits[x]);
#pragma GCC unroll 5
		for (unsigned x = 0; x < 5; x++) {
			__m256i v = _mm256_xor_si256(
				b[x], _mm256_andnot_si256(b[(x + 1) % 5], b[(x + 2) % 5]));

			if (x == 0 && y == 0)
				v = _mm256_xor_si256(v, _mm256_set1_epi64x((long long)k));
			e[5 * y + x] = v;
			c[x] = y == 0 ? v : _mm256_xor_si256(c[x], v);
		}
	}
}

/* Four lanes, those at first to first + 3. */
static void lanes4(uint64_t s[25][8], unsigned first)
{
	__m256i a[25], e[25], c[5];

	for (unsigned i = 0; i < 25; i++)
		a[i] = _mm256_load_si256((const __m256i *)(const void *)&s[i][first]);
	for (unsigned x = 0; x < 5; x++)
		c[x] = _mm256_xor_si256(_mm256_xor_si256(_mm256_xor_si256(a[x], a[x + 5]),
						_mm256_xor_si256(a[x + 10], a[x + 15])),
			a[x + 20]);
	for (unsigned i = 0; i < 24; i += 2) {
		round4(a, e, c, hyb_keccak_rc[i]);
		round4(e, a, c, hyb_keccak_rc[i + 1]);
	}
	for (unsigned i = 0; i < 25; i++)
		_mm256_store_si256((__m256i *)(void *)&s[i][first], a[i]);
}

void hyb_keccakf_lanes_avx2(uint64_t s[25][8], unsigned lanes)
{
	uint64_t one[25];

	if (lanes > 1)
		lanes4(s, 0);
	if (lanes > 5)
		lanes4(s, 4);
	/* A single lane, or the fifth, is quicker on general registers. */
	if (lanes == 1 || lanes == 5) {
		for (unsigned i = 0; i < 25; i++)
			one[i] = s[i][lanes - 1];
		hyb_keccakf_avx2(one);
		for (unsigned i = 0; i < 25; i++)
			s[i][lanes - 1] = one[i];
	}
}

/* Four words of four lanes: rows of k->s become pieces of the lanes' outputs. */
static inline void squeeze4(const struct hyb_sponges *k, unsigned first, unsigned lanes,
	uint8_t *const out[8], size_t at, unsigned word)
{
	__m256i r[4], t[4], v[4];

	for (unsigned i = 0; i < 4; i++)
		r[i] = _mm256_load_si256((const __m256i *)(const void *)&k->s[word + i][first]);
	t[0] = _mm256_unpacklo_epi64(r[0], r[1]);
	t[1] = _mm256_unpackhi_epi64(r[0], r[1]);
	t[2] = _mm256_unpacklo_epi64(r[2], r[3]);
	t[3] = _mm256_unpackhi_epi64(r[2], r[3]);
	v[0] = _mm256_permute2x128_si256(t[0], t[2], 0x20);
	v[1] = _mm256_permute2x128_si256(t[1], t[3], 0x20);
	v[2] = _mm256_permute2x128_si256(t[0], t[2], 0x31);
	v[3] = _mm256_permute2x128_si256(t[1], t[3], 0x31);
	for (unsigned j = 0; j < 4 && first + j < lanes; j++) {
		uint8_t *o = out[first + j];

		if (o != NULL)
			_mm256_storeu_si256((__m256i *)(void *)(o + at + (size_t)8 * word), v[j]);
	}
}

void hyb_sponges_squeeze_avx2(struct hyb_sponges *k, unsigned lanes, uint32_t rate,
	uint8_t *const out[8], size_t n_blocks)
{
	for (size_t b = 0; b < n_blocks; b++) {
		unsigned i = 0;

		hyb_keccakf_lanes_avx2(k->s, lanes);
		for (; i + 4 <= rate / 8; i += 4)
			for (unsigned first = 0; first < lanes; first += 4)
				squeeze4(k, first, lanes, out, b * rate, i);
		for (; i < rate / 8; i++)
			for (unsigned j = 0; j < lanes; j++)
				if (out[j] != NULL)
					memcpy(out[j] + b * rate + (size_t)8 * i, &k->s[i][j], 8);
	}
}
#endif
