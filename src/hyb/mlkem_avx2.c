#include "hyb/mlkem_poly.h"

#if defined(__x86_64__)
#include <immintrin.h>

#include "hyb/mlkem_avx2_tables.h"
#include "hyb/mlkem_tables.h"

/* The constants are explained in mlkem_poly.c. */
#define QINV (-3327)
#define R2 1353
#define R2_128 1441
#define R2_128_ZETA 1397 /* R2_128 times 17^64, the factor of the last inverse layer */
#define BARRETT 20159
#define HALF_Q 1665

#define INLINE static inline __attribute__((always_inline))
#define ODD 0xaa

INLINE __m256i load(const int16_t *p)
{
	return _mm256_load_si256((const __m256i *)(const void *)p);
}

INLINE void store(int16_t *p, __m256i v)
{
	_mm256_store_si256((__m256i *)(void *)p, v);
}

INLINE __m128i load_half(const uint8_t *p)
{
	return _mm_loadu_si128((const __m128i *)(const void *)p);
}

INLINE __m256i all(int x)
{
	return _mm256_set1_epi16((short)x);
}

/* a*b/R; bq = b/q mod R. */
INLINE __m256i mont(__m256i a, __m256i b, __m256i bq)
{
	__m256i t = _mm256_mulhi_epi16(_mm256_mullo_epi16(a, bq), all(HYB_Q));

	return _mm256_sub_epi16(_mm256_mulhi_epi16(a, b), t);
}

INLINE __m256i mont_by(__m256i a, int b)
{
	return mont(a, all(b), all(b * QINV));
}

/* floor((BARRETT*a + 2^25) / 2^26): mulhi gives the upper half, mulhrs rounds and shifts by 10. */
INLINE __m256i barrett(__m256i a)
{
	__m256i t = _mm256_mulhrs_epi16(_mm256_mulhi_epi16(a, all(BARRETT)), all(1 << 5));

	return _mm256_sub_epi16(a, _mm256_mullo_epi16(t, all(HYB_Q)));
}

/* A negative number is the larger unsigned one. */
INLINE __m256i canonical(__m256i a)
{
	__m256i r = barrett(a);

	return _mm256_min_epu16(r, _mm256_add_epi16(r, all(HYB_Q)));
}

INLINE void forward(__m256i *a, __m256i *b, __m256i z, __m256i zq)
{
	__m256i t = mont(*b, z, zq);

	*b = _mm256_sub_epi16(*a, t);
	*a = _mm256_add_epi16(*a, t);
}

INLINE void inverse(__m256i *a, __m256i *b, __m256i z, __m256i zq)
{
	__m256i t = _mm256_sub_epi16(*b, *a);

	*a = _mm256_add_epi16(*a, *b);
	*b = mont(t, z, zq);
}

/* The layers between the eight registers of one half: i and i + n. */
INLINE void forward_far(__m256i v[8], unsigned half, unsigned n)
{
	for (unsigned g = 0; g < 8; g += 2 * n) {
		int z = zetas[8 / n + half * (4 / n) + g / (2 * n)];

		for (unsigned i = g; i < g + n; i++)
			forward(&v[i], &v[i + n], all(z), all(z * QINV));
	}
}

INLINE void inverse_far(__m256i v[8], unsigned half, unsigned n)
{
	for (unsigned g = 0; g < 8; g += 2 * n) {
		int z = zetas[16 / n - 1 - half * (4 / n) - g / (2 * n)];

		for (unsigned i = g; i < g + n; i++)
			inverse(&v[i], &v[i + n], all(z), all(z * QINV));
	}
}

INLINE __m256i shuffle_even(__m256i a, __m256i b)
{
	return _mm256_castps_si256(
		_mm256_shuffle_ps(_mm256_castsi256_ps(a), _mm256_castsi256_ps(b), 0x88));
}

INLINE __m256i shuffle_odd(__m256i a, __m256i b)
{
	return _mm256_castps_si256(
		_mm256_shuffle_ps(_mm256_castsi256_ps(a), _mm256_castsi256_ps(b), 0xdd));
}

/* The last three layers, two registers at a time; gen_mlkem.py follows the same shuffles. */
INLINE void forward_near(__m256i *v, unsigned p)
{
	__m256i a = _mm256_permute2x128_si256(v[0], v[1], 0x20);
	__m256i b = _mm256_permute2x128_si256(v[0], v[1], 0x31), t;

	p *= 16;
	forward(&a, &b, load(late8 + p), load(late8_q + p));
	t = _mm256_unpacklo_epi64(a, b);
	b = _mm256_unpackhi_epi64(a, b);
	forward(&t, &b, load(late4 + p), load(late4_q + p));
	a = shuffle_even(t, b);
	b = shuffle_odd(t, b);
	forward(&a, &b, load(late2 + p), load(late2_q + p));
	t = _mm256_unpacklo_epi32(a, b);
	b = _mm256_unpackhi_epi32(a, b);
	a = _mm256_unpacklo_epi64(t, b);
	b = _mm256_unpackhi_epi64(t, b);
	v[0] = barrett(_mm256_permute2x128_si256(a, b, 0x20));
	v[1] = barrett(_mm256_permute2x128_si256(a, b, 0x31));
}

INLINE void inverse_near(__m256i *v, unsigned p)
{
	__m256i a = _mm256_permute2x128_si256(v[0], v[1], 0x20);
	__m256i b = _mm256_permute2x128_si256(v[0], v[1], 0x31), t;

	p *= 16;
	t = _mm256_unpacklo_epi64(a, b);
	b = _mm256_unpackhi_epi64(a, b);
	a = shuffle_even(t, b);
	b = shuffle_odd(t, b);
	inverse(&a, &b, load(back2 + p), load(back2_q + p));
	t = _mm256_unpacklo_epi32(a, b);
	b = _mm256_unpackhi_epi32(a, b);
	inverse(&t, &b, load(back4 + p), load(back4_q + p));
	a = _mm256_unpacklo_epi64(t, b);
	b = _mm256_unpackhi_epi64(t, b);
	inverse(&a, &b, load(back8 + p), load(back8_q + p));
	v[0] = barrett(_mm256_permute2x128_si256(a, b, 0x20));
	v[1] = barrett(_mm256_permute2x128_si256(a, b, 0x31));
}

static void ntt(int16_t r[256])
{
	for (unsigned i = 0; i < 128; i += 16) {
		__m256i a = load(r + i), b = load(r + i + 128);

		forward(&a, &b, all(zetas[1]), all(zetas[1] * QINV));
		store(r + i, a);
		store(r + i + 128, b);
	}
#pragma GCC unroll 2
	for (unsigned half = 0; half < 2; half++) {
		__m256i v[8];

		for (unsigned i = 0; i < 8; i++)
			v[i] = load(r + 128 * half + 16 * i);
		forward_far(v, half, 4);
		forward_far(v, half, 2);
		forward_far(v, half, 1);
		for (unsigned p = 0; p < 4; p++)
			forward_near(v + 2 * p, 4 * half + p);
		for (unsigned i = 0; i < 8; i++)
			store(r + 128 * half + 16 * i, v[i]);
	}
}

/* The bounds are those of mlkem_poly.c: one reduction after three layers. */
static void invntt(int16_t r[256])
{
#pragma GCC unroll 2
	for (unsigned half = 0; half < 2; half++) {
		__m256i v[8];

		for (unsigned i = 0; i < 8; i++)
			v[i] = load(r + 128 * half + 16 * i);
		for (unsigned p = 0; p < 4; p++)
			inverse_near(v + 2 * p, 4 * half + p);
		inverse_far(v, half, 1);
		inverse_far(v, half, 2);
		inverse_far(v, half, 4);
		for (unsigned i = 0; i < 8; i++)
			store(r + 128 * half + 16 * i, v[i]);
	}
	for (unsigned i = 0; i < 128; i += 16) {
		__m256i a = load(r + i), b = load(r + i + 128);

		store(r + i, mont_by(_mm256_add_epi16(a, b), R2_128));
		store(r + i + 128, mont_by(_mm256_sub_epi16(b, a), R2_128_ZETA));
	}
}

static void factor(struct hyb_mlkem_factor *f, const int16_t b[256])
{
	for (unsigned i = 0; i < 256; i += 16) {
		__m256i v = load(b + i);

		store(f->one + i, mont(v, load(pair_gammas + i), load(pair_gammas_q + i)));
		store(f->two + i,
			_mm256_or_si256(_mm256_slli_epi32(v, 16), _mm256_srli_epi32(v, 16)));
	}
}

/* Two vectors of sums to one of 16-bit remainders: the upper halves, less what the lower carry. */
INLINE __m256i mont32(__m256i even, __m256i odd)
{
	__m256i lo = _mm256_blend_epi16(even, _mm256_slli_epi32(odd, 16), ODD);
	__m256i hi = _mm256_blend_epi16(_mm256_srli_epi32(even, 16), odd, ODD);
	__m256i t = _mm256_mulhi_epi16(_mm256_mullo_epi16(lo, all(QINV)), all(HYB_Q));

	return _mm256_sub_epi16(hi, t);
}

static void dot(int16_t r[256], const int16_t *a, size_t stride, const struct hyb_mlkem_factor *f,
	unsigned k)
{
	for (unsigned i = 0; i < 256; i += 16) {
		__m256i v = load(a + i);
		__m256i even = _mm256_madd_epi16(v, load(f[0].one + i));
		__m256i odd = _mm256_madd_epi16(v, load(f[0].two + i));

		for (unsigned n = 1; n < k; n++) {
			v = load(a + 256 * stride * n + i);
			even = _mm256_add_epi32(even, _mm256_madd_epi16(v, load(f[n].one + i)));
			odd = _mm256_add_epi32(odd, _mm256_madd_epi16(v, load(f[n].two + i)));
		}
		store(r + i, mont32(even, odd));
	}
}

static void lift_add(int16_t r[256], const int16_t a[256], const int16_t b[256])
{
	for (unsigned i = 0; i < 256; i += 16)
		store(r + i, canonical(_mm256_add_epi16(mont_by(load(a + i), R2), load(b + i))));
}

static void add(int16_t r[256], const int16_t a[256], const int16_t b[256])
{
	for (unsigned i = 0; i < 256; i += 16)
		store(r + i, canonical(_mm256_add_epi16(load(a + i), load(b + i))));
}

static void sub(int16_t r[256], const int16_t a[256], const int16_t b[256])
{
	for (unsigned i = 0; i < 256; i += 16)
		store(r + i, canonical(_mm256_sub_epi16(load(a + i), load(b + i))));
}

/* Four bits are two counts of two: their difference out of a register. */
static void cbd2(int16_t r[256], const uint8_t in[128])
{
	const __m256i difference = _mm256_broadcastsi128_si256(
		_mm_setr_epi8(0, 1, 1, 2, -1, 0, 0, 1, -1, 0, 0, 1, -2, -1, -1, 0));

	for (unsigned i = 0; i < 8; i++) {
		__m256i t = _mm256_cvtepu8_epi16(load_half(in + (size_t)16 * i));

		t = _mm256_and_si256(
			_mm256_or_si256(t, _mm256_slli_epi16(t, 4)), _mm256_set1_epi8(0x0f));
		t = _mm256_shuffle_epi8(difference, t);
		store(r + 32 * i, _mm256_cvtepi8_epi16(_mm256_castsi256_si128(t)));
		store(r + 32 * i + 16, _mm256_cvtepi8_epi16(_mm256_extracti128_si256(t, 1)));
	}
}

/* Six bits are two counts of three: four of them in a dword, their differences in its bytes. */
static void cbd3(int16_t r[256], const uint8_t in[192])
{
	const __m256i spread = _mm256_setr_epi8(0, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11,
		-1, 4, 5, 6, -1, 7, 8, 9, -1, 10, 11, 12, -1, 13, 14, 15, -1);
	const __m256i each = _mm256_set1_epi32(0x249249);

	for (unsigned i = 0; i < 8; i++) {
		/* Bytes 0 to 11 from the first load, 12 to 23 from the one that ends with them. */
		__m256i t = _mm256_inserti128_si256(
			_mm256_castsi128_si256(load_half(in + (size_t)24 * i)),
			load_half(in + (size_t)24 * i + 8), 1);
		__m256i two, few;

		t = _mm256_shuffle_epi8(t, spread);
		t = _mm256_add_epi32(_mm256_add_epi32(_mm256_and_si256(t, each),
					     _mm256_and_si256(_mm256_srli_epi32(t, 1), each)),
			_mm256_and_si256(_mm256_srli_epi32(t, 2), each));
		/* Each of eight counts has three bits: the pairs to 16-bit places of their own. */
		few = _mm256_and_si256(t, _mm256_set1_epi32(0xfff));
		few = _mm256_or_si256(few,
			_mm256_and_si256(_mm256_slli_epi32(_mm256_srli_epi32(t, 12), 16),
				_mm256_set1_epi32(0xfff << 16)));
		/* few: counts 0 to 3 in the lower word, 4 to 7 in the upper; now (0, 4) and (2, 6). */
		two = _mm256_sub_epi16(_mm256_and_si256(few, all(7)),
			_mm256_and_si256(_mm256_srli_epi16(few, 3), all(7)));
		few = _mm256_sub_epi16(_mm256_and_si256(_mm256_srli_epi16(few, 6), all(7)),
			_mm256_srli_epi16(few, 9));
		/* two: coefficients 0 and 2 of each dword; few: 1 and 3. */
		t = _mm256_unpacklo_epi16(two, few);
		few = _mm256_unpackhi_epi16(two, few);
		store(r + 32 * i, _mm256_permute2x128_si256(t, few, 0x20));
		store(r + 32 * i + 16, _mm256_permute2x128_si256(t, few, 0x31));
	}
}

/* 24 bytes to 16 numbers of 12 bits; reads 8 bytes before the last 16 of them. */
INLINE __m256i twelve(const uint8_t *in)
{
	const __m256i spread = _mm256_setr_epi8(0, 1, 1, 2, 3, 4, 4, 5, 6, 7, 7, 8, 9, 10, 10, 11,
		4, 5, 5, 6, 7, 8, 8, 9, 10, 11, 11, 12, 13, 14, 14, 15);
	__m256i t = _mm256_inserti128_si256(
		_mm256_castsi128_si256(load_half(in)), load_half(in + 8), 1);

	t = _mm256_shuffle_epi8(t, spread);
	t = _mm256_blend_epi16(t, _mm256_srli_epi16(t, 4), ODD);
	return _mm256_and_si256(t, all(0xfff));
}

/* The numbers of a mask's bits, as a shuffle that brings those words to the front. */
INLINE unsigned keep(int16_t *r, __m128i t, unsigned mask)
{
	uint64_t wide = _pdep_u64(mask, 0x0101010101010101ULL) * 0xff;
	__m128i at = _mm_cvtsi64_si128((long long)_pext_u64(0x0e0c0a0806040200ULL, wide));

	at = _mm_unpacklo_epi8(at, _mm_add_epi8(at, _mm_set1_epi8(1)));
	_mm_storeu_si128((__m128i *)(void *)r, _mm_shuffle_epi8(t, at));
	return (unsigned)__builtin_popcount(mask);
}

static unsigned reject(int16_t *r, unsigned have, const uint8_t *in, size_t n)
{
	for (size_t i = 0; i + 24 <= n && have < 256; i += 24) {
		__m256i t = twelve(in + i);
		__m256i below = _mm256_cmpgt_epi16(all(HYB_Q), t);
		unsigned mask = (unsigned)_mm256_movemask_epi8(
			_mm256_packs_epi16(below, _mm256_setzero_si256()));

		have += keep(r + have, _mm256_castsi256_si128(t), mask & 0xff);
		have += keep(r + have, _mm256_extracti128_si256(t, 1), mask >> 16 & 0xff);
	}
	return have < 256 ? have : 256;
}

static bool decode12(int16_t r[256], const uint8_t in[384])
{
	__m256i over = _mm256_setzero_si256();

	for (unsigned i = 0; i < 16; i++) {
		__m256i t = twelve(in + (size_t)24 * i);

		over = _mm256_or_si256(over, _mm256_cmpgt_epi16(t, all(HYB_Q - 1)));
		store(r + 16 * i, t);
	}
	return _mm256_movemask_epi8(over) == 0;
}

/* The first n bytes of both halves in a row, n <= 16; writes n + 16 bytes, or 2n at the end. */
INLINE void put(uint8_t *out, __m256i v, unsigned n, bool is_last)
{
	uint8_t tail[32];

	if (is_last) {
		_mm256_storeu_si256((__m256i *)(void *)tail, v);
		memcpy(out, tail, n);
		memcpy(out + n, tail + 16, n);
	} else {
		_mm_storeu_si128((__m128i *)(void *)out, _mm256_castsi256_si128(v));
		_mm_storeu_si128((__m128i *)(void *)(out + n), _mm256_extracti128_si256(v, 1));
	}
}

static void encode12(uint8_t out[384], const int16_t c[256])
{
	const __m256i join = _mm256_broadcastsi128_si256(
		_mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1));

	for (unsigned i = 0; i < 16; i++) {
		__m256i t = _mm256_madd_epi16(load(c + 16 * i), _mm256_set1_epi32(0x10000001));

		put(out + (size_t)24 * i, _mm256_shuffle_epi8(t, join), 12, i == 15);
	}
}

/*
 * round(2^d * c / q) mod 2^d. For d <= 5, BARRETT*c/2^16 is near enough to 2^10*c/q; for 10 and 11
 * the quotient of 2^13*c or 2^14*c is corrected by the sign of its remainder.
 */
INLINE __m256i squeeze_few(__m256i c, int d)
{
	__m256i t = _mm256_mulhi_epi16(c, all(BARRETT));

	t = _mm256_mulhrs_epi16(t, all(1 << (5 + d)));
	return _mm256_and_si256(t, all((1 << d) - 1));
}

INLINE __m256i squeeze_many(__m256i c, int d)
{
	__m256i t = _mm256_mulhi_epu16(_mm256_slli_epi16(c, d - 7), all(BARRETT));
	__m256i rest =
		_mm256_sub_epi16(_mm256_slli_epi16(c, d + 3), _mm256_mullo_epi16(t, all(HYB_Q)));

	t = _mm256_add_epi16(t, _mm256_srai_epi16(rest, 15));
	t = _mm256_srli_epi16(_mm256_add_epi16(t, all(4)), 3);
	return _mm256_and_si256(t, all((1 << d) - 1));
}

static void compress4(uint8_t out[128], const int16_t c[256])
{
	for (unsigned i = 0; i < 8; i++) {
		__m256i a = squeeze_few(load(c + 32 * i), 4);
		__m256i b = squeeze_few(load(c + 32 * i + 16), 4);

		/* packus interleaves the halves of a and b. */
		a = _mm256_permute4x64_epi64(_mm256_packus_epi16(a, b), 0xd8);
		a = _mm256_maddubs_epi16(a, _mm256_set1_epi16(0x1001));
		a = _mm256_permute4x64_epi64(_mm256_packus_epi16(a, a), 0x08);
		_mm_storeu_si128(
			(__m128i *)(void *)(out + (size_t)16 * i), _mm256_castsi256_si128(a));
	}
}

/* Numbers of d bits: two to a dword, four to a quadword; each half's two quadwords meet at 4d bits. */
INLINE __m256i join4(__m256i t, int d)
{
	t = _mm256_madd_epi16(t, _mm256_set1_epi32(1 | 1 << (16 + d)));
	t = _mm256_sllv_epi32(t, _mm256_set1_epi64x(32 - 2 * d));
	return _mm256_srli_epi64(t, 32 - 2 * d);
}

/* d odd: the second quadword begins in the middle of a byte, which the two share. */
INLINE __m256i join8(__m256i t, int d)
{
	const __m256i first = _mm256_broadcastsi128_si256(d == 5
			? _mm_setr_epi8(0, 1, 2, 9, 10, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1)
			: _mm_setr_epi8(0, 1, 2, 3, 4, 5, 9, 10, 11, 12, 13, -1, -1, -1, -1, -1));
	const __m256i half =
		_mm256_broadcastsi128_si256(d == 5 ? _mm_setr_epi8(-1, -1, 8, -1, -1, -1, -1, -1,
							     -1, -1, -1, -1, -1, -1, -1, -1)
						   : _mm_setr_epi8(-1, -1, -1, -1, -1, 8, -1, -1,
							     -1, -1, -1, -1, -1, -1, -1, -1));

	t = _mm256_sllv_epi64(join4(t, d), _mm256_setr_epi64x(0, 4, 0, 4));
	return _mm256_or_si256(_mm256_shuffle_epi8(t, first), _mm256_shuffle_epi8(t, half));
}

static void compress5(uint8_t out[160], const int16_t c[256])
{
	for (unsigned i = 0; i < 16; i++)
		/* The last two would write past the end. */
		put(out + (size_t)10 * i, join8(squeeze_few(load(c + 16 * i), 5), 5), 5, i >= 14);
}

static void compress10(uint8_t out[320], const int16_t c[256])
{
	const __m256i join = _mm256_broadcastsi128_si256(
		_mm_setr_epi8(0, 1, 2, 3, 4, 8, 9, 10, 11, 12, -1, -1, -1, -1, -1, -1));

	for (unsigned i = 0; i < 16; i++) {
		__m256i t = join4(squeeze_many(load(c + 16 * i), 10), 10);

		put(out + (size_t)20 * i, _mm256_shuffle_epi8(t, join), 10, i == 15);
	}
}

static void compress11(uint8_t out[352], const int16_t c[256])
{
	for (unsigned i = 0; i < 16; i++)
		put(out + (size_t)22 * i, join8(squeeze_many(load(c + 16 * i), 11), 11), 11,
			i == 15);
}

/* round(q * y / 2^d) of the lower d bits: mulhrs divides by 2^15. */
INLINE __m256i expand(__m256i y, int d)
{
	y = _mm256_srli_epi16(_mm256_slli_epi16(y, 16 - d), 1);
	return _mm256_mulhrs_epi16(y, all(HYB_Q));
}

static void expand4(int16_t r[256], const uint8_t in[128])
{
	for (unsigned i = 0; i < 8; i++) {
		__m256i t = _mm256_cvtepu8_epi16(load_half(in + (size_t)16 * i));
		__m256i b = _mm256_srli_epi16(t, 4);

		t = expand(t, 4);
		b = expand(b, 4);
		__m256i lo = _mm256_unpacklo_epi16(t, b), hi = _mm256_unpackhi_epi16(t, b);

		store(r + 32 * i, _mm256_permute2x128_si256(lo, hi, 0x20));
		store(r + 32 * i + 16, _mm256_permute2x128_si256(lo, hi, 0x31));
	}
}

/* Sixteen fields of d bits, eight in each half of v, from dwords to words. */
INLINE __m256i cut(__m256i v, int d, const uint8_t take[64], const int32_t starts[16])
{
	const __m256i low = _mm256_set1_epi32((1 << d) - 1);
	const __m256i *t = (const __m256i *)(const void *)take;
	const __m256i *s = (const __m256i *)(const void *)starts;
	__m256i a = _mm256_srlv_epi32(_mm256_shuffle_epi8(v, t[0]), s[0]);
	__m256i b = _mm256_srlv_epi32(_mm256_shuffle_epi8(v, t[1]), s[1]);

	return _mm256_packus_epi32(_mm256_and_si256(a, low), _mm256_and_si256(b, low));
}

INLINE __m256i halves(const uint8_t *lower, const uint8_t *upper)
{
	return _mm256_inserti128_si256(
		_mm256_castsi128_si256(load_half(lower)), load_half(upper), 1);
}

static void expand5(int16_t r[256], const uint8_t in[160])
{
	uint8_t room[160 + 16] = { 0 }; /* the loads go beyond the last fields */

	memcpy(room, in, 160);
	for (unsigned i = 0; i < 16; i++) {
		const uint8_t *p = room + (size_t)10 * i;

		store(r + 16 * i, expand(cut(halves(p, p + 5), 5, fields5, starts5), 5));
	}
}

/* The upper half's sixteen bytes end with its last field, so that nothing beyond is read. */
static void expand10(int16_t r[256], const uint8_t in[320])
{
	for (unsigned i = 0; i < 16; i++) {
		const uint8_t *p = in + (size_t)20 * i;

		store(r + 16 * i, expand(cut(halves(p, p + 4), 10, fields10, starts10), 10));
	}
}

static void expand11(int16_t r[256], const uint8_t in[352])
{
	for (unsigned i = 0; i < 16; i++) {
		const uint8_t *p = in + (size_t)22 * i;

		store(r + 16 * i, expand(cut(halves(p, p + 6), 11, fields11, starts11), 11));
	}
}

static void to_message(uint8_t m[32], const int16_t c[256])
{
	for (unsigned i = 0; i < 8; i++) {
		__m256i t = _mm256_packus_epi16(
			squeeze_few(load(c + 32 * i), 1), squeeze_few(load(c + 32 * i + 16), 1));
		int bits = _mm256_movemask_epi8(
			_mm256_slli_epi16(_mm256_permute4x64_epi64(t, 0xd8), 7));

		memcpy(m + (size_t)4 * i, &bits, 4);
	}
}

static void add_message(int16_t r[256], const uint8_t m[32])
{
	const __m256i bit = _mm256_setr_epi16(
		1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, -32768);

	for (unsigned i = 0; i < 16; i++) {
		__m256i t = _mm256_and_si256(all(m[2 * i] | m[2 * i + 1] << 8), bit);

		t = _mm256_and_si256(_mm256_cmpeq_epi16(t, bit), all(HALF_Q));
		store(r + 16 * i, _mm256_add_epi16(load(r + 16 * i), t));
	}
}

const struct hyb_mlkem_ops hyb_mlkem_ops_avx2 = {
	.ntt = ntt,
	.invntt = invntt,
	.factor = factor,
	.dot = dot,
	.lift_add = lift_add,
	.add = add,
	.sub = sub,
	.cbd2 = cbd2,
	.cbd3 = cbd3,
	.reject = reject,
	.encode12 = encode12,
	.decode12 = decode12,
	.compress4 = compress4,
	.compress5 = compress5,
	.compress10 = compress10,
	.compress11 = compress11,
	.expand4 = expand4,
	.expand5 = expand5,
	.expand10 = expand10,
	.expand11 = expand11,
	.to_message = to_message,
	.add_message = add_message,
};
#endif
