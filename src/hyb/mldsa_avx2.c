#if defined(__x86_64__)
#include <immintrin.h>

#define VEC_BYTES 32
#include "hyb/mldsa_vec.h"
#include "hyb/mldsa_zetas.h"

#define Q MLDSA_Q
#define N MLDSA_N
#define QINV 58728449
#define ODD 0xaa

static inline __m256i load(const struct mldsa_poly *a, unsigned i)
{
	return _mm256_load_si256((const __m256i *)(const void *)(a->c + (size_t)8 * i));
}

static inline void store(struct mldsa_poly *a, unsigned i, __m256i v)
{
	_mm256_store_si256((__m256i *)(void *)(a->c + (size_t)8 * i), v);
}

/* Odd lanes down to even ones. */
static inline __m256i odd(__m256i a)
{
	return _mm256_srli_epi64(a, 32);
}

/* The high halves of 64-bit lanes of `even`, with the odd 32-bit lanes of `odds` between them. */
static inline __m256i high(__m256i even, __m256i odds)
{
	return _mm256_blend_epi32(odd(even), odds, ODD);
}

/* Two vectors of 64-bit values, for even and odd lanes, times 2^-32 mod q. */
static inline __m256i reduce(__m256i even, __m256i odds)
{
	const __m256i q = _mm256_set1_epi32(Q), qinv = _mm256_set1_epi32(QINV);
	__m256i t = _mm256_mul_epi32(_mm256_mul_epi32(even, qinv), q);
	__m256i u = _mm256_mul_epi32(_mm256_mul_epi32(odds, qinv), q);

	return high(_mm256_sub_epi64(even, t), _mm256_sub_epi64(odds, u));
}

/* q in every lane, unknown to the compiler, which would make shifts and sums of the product. */
static inline __m256i modulus(void)
{
	__m256i q = _mm256_set1_epi32(Q);

	__asm__("" : "+x"(q));
	return q;
}

/* A factor z, and z·2^32/q for even lanes and for odd ones. */
struct zeta {
	__m256i z, h, h_odd;
};

/*
 * a·z mod q by way of floor(a·z/q), which the quotient gives but for |a|/2^33: the result is that
 * part of q outside [0, q), at most.
 */
static inline __m256i mul(__m256i a, const struct zeta *f)
{
	__m256i t = high(_mm256_mul_epi32(a, f->h), _mm256_mul_epi32(odd(a), f->h_odd));

	return _mm256_sub_epi32(_mm256_mullo_epi32(a, f->z), _mm256_mullo_epi32(t, modulus()));
}

static inline struct zeta zeta_of(__m256i z, __m256i h)
{
	return (struct zeta){ z, h, h };
}

/* The same factor in every lane. */
static inline struct zeta zeta_all(unsigned k)
{
	return zeta_of(_mm256_set1_epi32(zetas[k]), _mm256_set1_epi32(zetas_quotient[k]));
}

static inline __m256i spread_2(const int32_t *z)
{
	return _mm256_inserti128_si256(_mm256_set1_epi32(z[0]), _mm_set1_epi32(z[1]), 1);
}

static inline __m256i spread_4(const int32_t *z)
{
	return _mm256_permutevar8x32_epi32(
		_mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)z)),
		_mm256_set_epi32(3, 3, 2, 2, 1, 1, 0, 0));
}

static inline __m256i spread_8(const int32_t *z)
{
	return _mm256_loadu_si256((const __m256i *)(const void *)z);
}

/* 2 and 4 factors from number k on, each for 4 and 2 lanes; 8 for one each. */
static inline struct zeta zeta_2(unsigned k)
{
	return zeta_of(spread_2(zetas + k), spread_2(zetas_quotient + k));
}

static inline struct zeta zeta_4(unsigned k)
{
	return zeta_of(spread_4(zetas + k), spread_4(zetas_quotient + k));
}

static inline struct zeta zeta_8(unsigned k)
{
	__m256i h = spread_8(zetas_quotient + k);

	return (struct zeta){ spread_8(zetas + k), h, odd(h) };
}

static inline void butterfly(__m256i *a, __m256i *b, const struct zeta *f)
{
	__m256i t = mul(*b, f);

	*b = _mm256_sub_epi32(*a, t);
	*a = _mm256_add_epi32(*a, t);
}

/* With -f: the zetas of the way back are those of the way there, negated. */
static inline void butterfly_back(__m256i *a, __m256i *b, const struct zeta *f)
{
	__m256i t = _mm256_sub_epi32(*b, *a);

	*a = _mm256_add_epi32(*a, *b);
	*b = mul(t, f);
}

/*
 * Within a pair of vectors (16 coefficients, index bits 3 to 0) a layer wants its partners in the two
 * vectors of the pair: swap_w exchanges the bit that tells the vectors apart with the lane bit of
 * weight w. Each is its own inverse.
 */
static inline void swap_4(__m256i *a, __m256i *b)
{
	__m256i t = _mm256_permute2x128_si256(*a, *b, 0x20);

	*b = _mm256_permute2x128_si256(*a, *b, 0x31);
	*a = t;
}

static inline void swap_2(__m256i *a, __m256i *b)
{
	__m256i t = _mm256_unpacklo_epi64(*a, *b);

	*b = _mm256_unpackhi_epi64(*a, *b);
	*a = t;
}

static inline void swap_1(__m256i *a, __m256i *b)
{
	__m256i t = _mm256_blend_epi32(*a, _mm256_slli_epi64(*b, 32), ODD);

	*b = _mm256_blend_epi32(odd(*a), *b, ODD);
	*a = t;
}

/* From even and odd coefficients to the order in memory, and back. */
static inline void interleave(__m256i *a, __m256i *b)
{
	__m256i t = _mm256_unpacklo_epi32(*a, *b);

	*b = _mm256_unpackhi_epi32(*a, *b);
	*a = t;
	swap_4(a, b);
}

static inline void deinterleave(__m256i *a, __m256i *b)
{
	swap_4(a, b);
	*a = _mm256_shuffle_epi32(*a, 0xd8);
	*b = _mm256_shuffle_epi32(*b, 0xd8);
	swap_2(a, b);
}

/* Layers 6 to 8 in pair number p. */
static inline void ntt_pair(__m256i *a, __m256i *b, unsigned p)
{
	struct zeta f = zeta_2(32 + 2 * p);

	swap_4(a, b);
	butterfly(a, b, &f);
	f = zeta_4(64 + 4 * p);
	swap_2(a, b);
	butterfly(a, b, &f);
	f = zeta_8(128 + 8 * p);
	swap_1(a, b);
	butterfly(a, b, &f);
	interleave(a, b);
}

/* Layers 1 to 3 on vectors i, i + 4, … i + 28. */
static inline void ntt_first(struct mldsa_poly *x, unsigned i)
{
	__m256i r[8];

#pragma GCC unroll 8
	for (unsigned j = 0; j < 8; j++)
		r[j] = load(x, i + 4 * j);
#pragma GCC unroll 3
	for (unsigned layer = 0; layer < 3; layer++) {
		unsigned step = 4U >> layer;

#pragma GCC unroll 4
		for (unsigned j = 0; j < 4; j++) {
			unsigned block = j / step, at = block * 2 * step + j % step;
			struct zeta f = zeta_all((1U << layer) + block);

			butterfly(&r[at], &r[at + step], &f);
		}
	}
#pragma GCC unroll 8
	for (unsigned j = 0; j < 8; j++)
		store(x, i + 4 * j, r[j]);
}

static void ntt(struct mldsa_poly *x)
{
	for (unsigned i = 0; i < 4; i++)
		ntt_first(x, i);
	for (unsigned b = 0; b < 8; b++) {
		__m256i r[4];
		struct zeta f = zeta_all(8 + b);

		for (unsigned j = 0; j < 4; j++)
			r[j] = load(x, 4 * b + j);
		butterfly(&r[0], &r[2], &f);
		butterfly(&r[1], &r[3], &f);
		f = zeta_all(16 + 2 * b);
		butterfly(&r[0], &r[1], &f);
		f = zeta_all(17 + 2 * b);
		butterfly(&r[2], &r[3], &f);
		ntt_pair(&r[0], &r[1], 2 * b);
		ntt_pair(&r[2], &r[3], 2 * b + 1);
		for (unsigned j = 0; j < 4; j++)
			store(x, 4 * b + j, r[j]);
	}
}

/* Lanes in the opposite order: so do the blocks come on the way back. */
static inline struct zeta back(struct zeta f)
{
	const __m256i order = _mm256_set_epi32(0, 1, 2, 3, 4, 5, 6, 7);
	__m256i h = _mm256_permutevar8x32_epi32(f.h, order);

	return (struct zeta){ _mm256_permutevar8x32_epi32(f.z, order), h, odd(h) };
}

/* Layers 8 to 6 in pair number p. */
static inline void invntt_pair(__m256i *a, __m256i *b, unsigned p)
{
	unsigned m = 15 - p;
	struct zeta f = back(zeta_8(128 + 8 * m));

	deinterleave(a, b);
	butterfly_back(a, b, &f);
	f = back(zeta_4(64 + 4 * m));
	swap_1(a, b);
	butterfly_back(a, b, &f);
	f = back(zeta_2(32 + 2 * m));
	swap_2(a, b);
	butterfly_back(a, b, &f);
	swap_4(a, b);
}

/* Layers 3 to 1 on vectors i, i + 4, … i + 28; scales and centres. */
static inline void invntt_last(struct mldsa_poly *x, unsigned i)
{
	const struct zeta scale =
		zeta_of(_mm256_set1_epi32(ZETAS_SCALE), _mm256_set1_epi32(ZETAS_SCALE_QUOTIENT));
	__m256i r[8];

#pragma GCC unroll 8
	for (unsigned j = 0; j < 8; j++)
		r[j] = load(x, i + 4 * j);
#pragma GCC unroll 3
	for (unsigned layer = 0; layer < 3; layer++) {
		unsigned step = 1U << layer, blocks = 4U >> layer;

#pragma GCC unroll 4
		for (unsigned j = 0; j < 4; j++) {
			unsigned block = j / step, at = block * 2 * step + j % step;
			struct zeta f = zeta_all(2 * blocks - 1 - block);

			butterfly_back(&r[at], &r[at + step], &f);
		}
	}
#pragma GCC unroll 8
	for (unsigned j = 0; j < 8; j++)
		store(x, i + 4 * j, (__m256i)vec_centred(vec_canonical((vec)mul(r[j], &scale))));
}

static void invntt(struct mldsa_poly *x)
{
	for (unsigned b = 0; b < 8; b++) {
		__m256i r[4];
		struct zeta f;

		for (unsigned j = 0; j < 4; j++)
			r[j] = load(x, 4 * b + j);
		invntt_pair(&r[0], &r[1], 2 * b);
		invntt_pair(&r[2], &r[3], 2 * b + 1);
		f = zeta_all(31 - 2 * b);
		butterfly_back(&r[0], &r[1], &f);
		f = zeta_all(30 - 2 * b);
		butterfly_back(&r[2], &r[3], &f);
		f = zeta_all(15 - b);
		butterfly_back(&r[0], &r[2], &f);
		butterfly_back(&r[1], &r[3], &f);
		for (unsigned j = 0; j < 4; j++)
			store(x, 4 * b + j, r[j]);
	}
	for (unsigned i = 0; i < 4; i++)
		invntt_last(x, i);
}

static void mul_acc(
	struct mldsa_poly *r, const struct mldsa_poly *a, const struct mldsa_poly *b, unsigned n)
{
	for (unsigned i = 0; i < VECS; i += 2) {
		__m256i e0 = _mm256_setzero_si256(), o0 = e0, e1 = e0, o1 = e0;

		for (unsigned j = 0; j < n; j++) {
			__m256i x = load(a + j, i), y = load(b + j, i);

			e0 = _mm256_add_epi64(e0, _mm256_mul_epi32(x, y));
			o0 = _mm256_add_epi64(o0, _mm256_mul_epi32(odd(x), odd(y)));
			x = load(a + j, i + 1);
			y = load(b + j, i + 1);
			e1 = _mm256_add_epi64(e1, _mm256_mul_epi32(x, y));
			o1 = _mm256_add_epi64(o1, _mm256_mul_epi32(odd(x), odd(y)));
		}
		store(r, i, reduce(e0, o0));
		store(r, i + 1, reduce(e1, o1));
	}
}

static inline unsigned mask_of(__m256i v)
{
	return (unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(v));
}

static unsigned make_hint(struct mldsa_hint *h, const struct mldsa_poly *r0,
	const struct mldsa_poly *r1, int32_t gamma2)
{
	const __m256i top = _mm256_set1_epi32(gamma2), bottom = _mm256_set1_epi32(-gamma2);
	const __m256i zero = _mm256_setzero_si256();
	unsigned n = 0;

	for (unsigned i = 0; i < 4; i++) {
		uint64_t w = 0;

		for (unsigned j = 0; j < 8; j++) {
			__m256i lo = load(r0, 8 * i + j), hi = load(r1, 8 * i + j);
			__m256i out = _mm256_or_si256(
				_mm256_cmpgt_epi32(lo, top), _mm256_cmpgt_epi32(bottom, lo));
			__m256i edge = _mm256_andnot_si256(
				_mm256_cmpeq_epi32(hi, zero), _mm256_cmpeq_epi32(lo, bottom));

			w |= (uint64_t)mask_of(_mm256_or_si256(out, edge)) << (8 * j);
		}
		n += (unsigned)__builtin_popcountll(w);
		h->w[i] = w;
	}
	return n;
}

static void use_hint(struct mldsa_poly *a, const struct mldsa_hint *h, int32_t gamma2)
{
	const int32_t m = gamma2 == MLDSA_GAMMA2_32 ? 16 : 44;
	const vec lane = { 1, 2, 4, 8, 16, 32, 64, 128 };

	for (unsigned i = 0; i < VECS; i++) {
		int32_t bits = (int32_t)(h->w[i / 8] >> (8 * (i % 8)) & 255);
		vec lo, hi = vec_high_low(&lo, vec_canonical(vec_in(a)[i]), gamma2);
		vec set = -(lane & bits) >> 31, down = (lo - 1) >> 31;

		hi += set & (down | 1);
		hi += hi >> 31 & m;
		hi &= (hi - m) >> 31;
		vec_out(a)[i] = hi;
	}
}

/* ---- encodings: bytes are moved to where a shift finishes the work ---- */
/* 4 coefficients from 9 or 10 bytes at `lo` and 4 from as many at `hi`; reads 16 at each. */
static inline __m256i unpack_8(const uint8_t *lo, const uint8_t *hi, __m256i from, __m256i shift)
{
	__m128i a = _mm_loadu_si128((const __m128i *)(const void *)lo);
	__m128i b = _mm_loadu_si128((const __m128i *)(const void *)hi);
	__m256i v = _mm256_inserti128_si256(_mm256_castsi128_si256(a), b, 1);

	return _mm256_srlv_epi32(_mm256_shuffle_epi8(v, from), shift);
}

static void unpack_20(struct mldsa_poly *a, const uint8_t *in)
{
	/* the second half is read from 6 bytes earlier, to stay inside at the end */
	const __m256i from = _mm256_set_epi8(-1, 15, 14, 13, -1, 13, 12, 11, -1, 10, 9, 8, -1, 8, 7,
		6, -1, 9, 8, 7, -1, 7, 6, 5, -1, 4, 3, 2, -1, 2, 1, 0);
	const __m256i shift = _mm256_set_epi32(4, 0, 4, 0, 4, 0, 4, 0);
	const __m256i mask = _mm256_set1_epi32(0xfffff), hi = _mm256_set1_epi32(1 << 19);

	for (unsigned i = 0; i < VECS; i++, in += 20)
		store(a, i,
			_mm256_sub_epi32(
				hi, _mm256_and_si256(unpack_8(in, in + 4, from, shift), mask)));
}

static void unpack_18(struct mldsa_poly *a, const uint8_t *in)
{
	const __m256i from = _mm256_set_epi8(-1, 15, 14, 13, -1, 13, 12, 11, -1, 11, 10, 9, -1, 9,
		8, 7, -1, 8, 7, 6, -1, 6, 5, 4, -1, 4, 3, 2, -1, 2, 1, 0);
	const __m256i shift = _mm256_set_epi32(6, 4, 2, 0, 6, 4, 2, 0);
	const __m256i mask = _mm256_set1_epi32(0x3ffff), hi = _mm256_set1_epi32(1 << 17);

	for (unsigned i = 0; i < VECS; i++, in += 18)
		store(a, i,
			_mm256_sub_epi32(
				hi, _mm256_and_si256(unpack_8(in, in + 2, from, shift), mask)));
}

static void unpack_z(struct mldsa_poly *a, const uint8_t *in, unsigned bits)
{
	if (bits == 20)
		unpack_20(a, in);
	else
		unpack_18(a, in);
}

static void pack_z(uint8_t *out, const struct mldsa_poly *a, unsigned bits)
{
	hyb_mldsa_pack(out, a, 1 << (bits - 1), bits);
}

static void pack_w1(uint8_t *out, const struct mldsa_poly *a, int32_t gamma2)
{
	const __m128i in_12 = _mm_set_epi8(-1, -1, -1, -1, 14, 13, 12, 10, 9, 8, 6, 5, 4, 2, 1, 0);

	for (unsigned i = 0; i < 16; i++) {
		__m256i words = _mm256_packs_epi32(load(a, 2 * i), load(a, 2 * i + 1));
		__m128i v = _mm_packus_epi16(
			_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));

		/* packing works within halves: 0-3, 8-11, 4-7, 12-15 */
		v = _mm_shuffle_epi32(v, 0xd8);
		if (gamma2 == MLDSA_GAMMA2_32) {
			v = _mm_maddubs_epi16(v, _mm_set1_epi16(0x1001));
			_mm_storeu_si64(out + (size_t)8 * i, _mm_packus_epi16(v, v));
		} else {
			v = _mm_maddubs_epi16(v, _mm_set1_epi16(0x4001));
			v = _mm_madd_epi16(v, _mm_set1_epi32(0x10000001));
			v = _mm_shuffle_epi8(v, in_12);
			memcpy(out + (size_t)12 * i, &v, 12);
		}
	}
}

/* ---- samplers ---- */
/* Lane numbers of the set bits of a byte, in order, for moving accepted lanes to the front. */
static inline __m256i front(unsigned mask)
{
	uint64_t wide = _pdep_u64(mask, 0x0101010101010101U) * 255;
	uint64_t lanes = _pext_u64(0x0706050403020100U, wide);

	return _mm256_cvtepu8_epi32(_mm_cvtsi64_si128((long long)lanes));
}

static unsigned rej_uniform(struct mldsa_poly *a, unsigned have, const uint8_t *in, size_t n)
{
	const __m256i from = _mm256_set_epi8(-1, 15, 14, 13, -1, 12, 11, 10, -1, 9, 8, 7, -1, 6, 5,
		4, -1, 11, 10, 9, -1, 8, 7, 6, -1, 5, 4, 3, -1, 2, 1, 0);
	const __m256i mask = _mm256_set1_epi32(0x7fffff), q = _mm256_set1_epi32(Q);
	size_t i = 0;

	for (; i + 24 <= n && have <= N - 8; i += 24) {
		__m256i v = _mm256_and_si256(
			unpack_8(in + i, in + i + 8, from, _mm256_setzero_si256()), mask);
		unsigned ok = mask_of(_mm256_cmpgt_epi32(q, v));

		v = _mm256_permutevar8x32_epi32(v, front(ok));
		_mm256_storeu_si256((__m256i *)(void *)(a->c + have), v);
		have += (unsigned)__builtin_popcount(ok);
	}
	return hyb_mldsa_ops_c.rej_uniform(a, have, in + i, n - i);
}

static unsigned rej_eta(
	struct mldsa_poly *a, unsigned have, const uint8_t *in, size_t n, unsigned eta)
{
	/* eta minus the value, as signed bytes; refused ones do not matter */
	const __m128i of_2 = _mm_set_epi8(0, -2, -1, 0, 1, 2, -2, -1, 0, 1, 2, -2, -1, 0, 1, 2);
	const __m128i of_4 = _mm_set_epi8(0, 0, 0, 0, 0, 0, 0, -4, -3, -2, -1, 0, 1, 2, 3, 4);
	const __m128i value = eta == 2 ? of_2 : of_4, limit = _mm_set1_epi8(eta == 2 ? 15 : 9);
	size_t i = 0;

	for (; i + 4 <= n && have <= N - 8; i += 4) {
		__m128i v = _mm_cvtepu8_epi16(_mm_loadu_si32(in + i));
		__m256i wide;
		unsigned ok = 0;

		v = _mm_and_si128(_mm_or_si128(v, _mm_slli_epi16(v, 4)), _mm_set1_epi8(15));
		ok = (unsigned)_mm_movemask_epi8(_mm_cmplt_epi8(v, limit)) & 255;
		HYB_CT_PUBLIC(&ok, sizeof(ok)); /* which candidates are skipped is public */
		wide = _mm256_cvtepi8_epi32(_mm_shuffle_epi8(value, v));
		wide = _mm256_permutevar8x32_epi32(wide, front(ok));
		_mm256_storeu_si256((__m256i *)(void *)(a->c + have), wide);
		have += (unsigned)__builtin_popcount(ok);
	}
	return hyb_mldsa_ops_c.rej_eta(a, have, in + i, n - i, eta);
}

/* As in mldsa_poly.c; the list of positions is two vectors. */
static void place_list(uint8_t pos[64], const uint8_t *j, unsigned tau)
{
	const __m256i one = _mm256_set1_epi8(1);
	__m256i a = _mm256_setzero_si256(), b = a;
	__m256i place_a, place_b; /* n counted down: zero where the list grows */

	for (unsigned i = 0; i < 64; i++)
		pos[i] = (uint8_t)i;
	place_a = _mm256_loadu_si256((const __m256i *)(const void *)pos);
	place_b = _mm256_loadu_si256((const __m256i *)(const void *)(pos + 32));
	for (unsigned n = 0; n < tau; n++) {
		const __m256i at = _mm256_set1_epi8((char)j[n]), zero = _mm256_setzero_si256();
		const __m256i to = _mm256_set1_epi8((char)(N - tau + n));

		a = _mm256_blendv_epi8(a, to, _mm256_cmpeq_epi8(a, at));
		b = _mm256_blendv_epi8(b, to, _mm256_cmpeq_epi8(b, at));
		a = _mm256_blendv_epi8(a, at, _mm256_cmpeq_epi8(place_a, zero));
		b = _mm256_blendv_epi8(b, at, _mm256_cmpeq_epi8(place_b, zero));
		place_a = _mm256_sub_epi8(place_a, one);
		place_b = _mm256_sub_epi8(place_b, one);
	}
	_mm256_storeu_si256((__m256i *)(void *)pos, a);
	_mm256_storeu_si256((__m256i *)(void *)(pos + 32), b);
}

static void place(struct mldsa_poly *c, const uint8_t *j, const uint8_t *sign, unsigned tau)
{
	const __m256i step = _mm256_set1_epi8(32);
	__m256i v[8];
	uint8_t bytes[32], pos[64];

	place_list(pos, j, tau);
	for (unsigned i = 0; i < 32; i++)
		bytes[i] = (uint8_t)i;
	for (unsigned i = 0; i < 8; i++)
		v[i] = _mm256_setzero_si256();
	for (unsigned n = 0; n < tau; n++) {
		const __m256i at = _mm256_set1_epi8((char)pos[n]);
		const __m256i one = _mm256_set1_epi8((char)(1 - 2 * sign[n]));
		__m256i index = _mm256_loadu_si256((const __m256i *)(const void *)bytes);

		for (unsigned i = 0; i < 8; i++) {
			__m256i here = _mm256_cmpeq_epi8(index, at);

			v[i] = _mm256_or_si256(v[i], _mm256_and_si256(here, one));
			index = _mm256_add_epi8(index, step);
		}
	}
	for (unsigned i = 0; i < 8; i++) {
		_mm256_storeu_si256((__m256i *)(void *)bytes, v[i]);
		for (unsigned m = 0; m < 4; m++)
			store(c, 4 * i + m, _mm256_cvtepi8_epi32(_mm_loadu_si64(bytes + 8 * m)));
	}
	hyb_wipe(bytes, sizeof(bytes));
	hyb_wipe(pos, sizeof(pos));
}

static void pack_t1(uint8_t *out, const struct mldsa_poly *a)
{
	hyb_mldsa_ops_c.pack_t1(out, a);
}

static void unpack_t1(struct mldsa_poly *a, const uint8_t *in)
{
	hyb_mldsa_ops_c.unpack_t1(a, in);
}

const struct mldsa_ops hyb_mldsa_ops_avx2 = {
	.lanes = 4,
	.ntt = ntt,
	.invntt = invntt,
	.mul_acc = mul_acc,
	.add = add,
	.sub = sub,
	.power2round = power2round,
	.decompose = decompose,
	.make_hint = make_hint,
	.use_hint = use_hint,
	.norm_ge = norm_ge,
	.pack_w1 = pack_w1,
	.pack_z = pack_z,
	.unpack_z = unpack_z,
	.pack_t1 = pack_t1,
	.unpack_t1 = unpack_t1,
	.rej_uniform = rej_uniform,
	.rej_eta = rej_eta,
	.place = place,
};
#else
typedef int hyb_mldsa_avx2_unused;
#endif
