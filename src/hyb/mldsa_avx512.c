#if defined(__x86_64__)
#include <immintrin.h>

#define VEC_BYTES 64
#include "hyb/mldsa_vec.h"
#include "hyb/mldsa_zetas.h"

#define Q MLDSA_Q
#define N MLDSA_N
#define QINV 58728449

static inline __m512i load(const struct mldsa_poly *a, unsigned i)
{
	return _mm512_load_si512(a->c + (size_t)16 * i);
}

static inline void store(struct mldsa_poly *a, unsigned i, __m512i v)
{
	_mm512_store_si512(a->c + (size_t)16 * i, v);
}

/* Odd lanes down to even ones. */
static inline __m512i odd(__m512i a)
{
	return _mm512_srli_epi64(a, 32);
}

/* The high halves of 64-bit lanes of `even`, with the odd 32-bit lanes of `odds` between them. */
static inline __m512i high(__m512i even, __m512i odds)
{
	return _mm512_mask_shuffle_epi32(odds, 0x5555, even, _MM_PERM_DDBB);
}

/* Two vectors of 64-bit values, for even and odd lanes, times 2^-32 mod q. */
static inline __m512i reduce(__m512i even, __m512i odds)
{
	const __m512i q = _mm512_set1_epi32(Q), qinv = _mm512_set1_epi32(QINV);
	__m512i t = _mm512_mul_epi32(_mm512_mul_epi32(even, qinv), q);
	__m512i u = _mm512_mul_epi32(_mm512_mul_epi32(odds, qinv), q);

	return high(_mm512_sub_epi64(even, t), _mm512_sub_epi64(odds, u));
}

/* q in every lane, unknown to the compiler, which would make shifts and sums of the product. */
static inline __m512i modulus(void)
{
	__m512i q = _mm512_set1_epi32(Q);

	__asm__("" : "+v"(q));
	return q;
}

/* A factor z, and z·2^32/q for even lanes and for odd ones. */
struct zeta {
	__m512i z, h, h_odd;
};

/*
 * a·z mod q by way of floor(a·z/q), which the quotient gives but for |a|/2^33: the result is that
 * part of q outside [0, q), at most.
 */
static inline __m512i mul(__m512i a, const struct zeta *f)
{
	__m512i t = high(_mm512_mul_epi32(a, f->h), _mm512_mul_epi32(odd(a), f->h_odd));

	return _mm512_sub_epi32(_mm512_mullo_epi32(a, f->z), _mm512_mullo_epi32(t, modulus()));
}

static inline struct zeta zeta_of(__m512i z, __m512i h)
{
	return (struct zeta){ z, h, h };
}

/* The same factor in every lane. */
static inline struct zeta zeta_all(unsigned k)
{
	return zeta_of(_mm512_set1_epi32(zetas[k]), _mm512_set1_epi32(zetas_quotient[k]));
}

/* 2, 4, 8 factors from number k on, each for 8, 4, 2 lanes. */
static inline struct zeta zeta_2(unsigned k)
{
	return zeta_of(
		_mm512_inserti64x4(_mm512_set1_epi32(zetas[k]), _mm256_set1_epi32(zetas[k + 1]), 1),
		_mm512_inserti64x4(_mm512_set1_epi32(zetas_quotient[k]),
			_mm256_set1_epi32(zetas_quotient[k + 1]), 1));
}

static inline __m512i spread_4(const int32_t *z)
{
	const __m512i each = _mm512_set_epi32(3, 3, 3, 3, 2, 2, 2, 2, 1, 1, 1, 1, 0, 0, 0, 0);

	return _mm512_permutexvar_epi32(
		each, _mm512_castsi128_si512(_mm_loadu_si128((const __m128i *)(const void *)z)));
}

static inline __m512i spread_8(const int32_t *z)
{
	const __m512i each = _mm512_set_epi32(7, 7, 6, 6, 5, 5, 4, 4, 3, 3, 2, 2, 1, 1, 0, 0);

	return _mm512_permutexvar_epi32(
		each, _mm512_castsi256_si512(_mm256_loadu_si256((const __m256i *)(const void *)z)));
}

static inline struct zeta zeta_4(unsigned k)
{
	return zeta_of(spread_4(zetas + k), spread_4(zetas_quotient + k));
}

static inline struct zeta zeta_8(unsigned k)
{
	return zeta_of(spread_8(zetas + k), spread_8(zetas_quotient + k));
}

static inline struct zeta zeta_16(unsigned k)
{
	__m512i h = _mm512_loadu_si512(zetas_quotient + k);

	return (struct zeta){ _mm512_loadu_si512(zetas + k), h, odd(h) };
}

static inline void butterfly(__m512i *a, __m512i *b, const struct zeta *f)
{
	__m512i t = mul(*b, f);

	*b = _mm512_sub_epi32(*a, t);
	*a = _mm512_add_epi32(*a, t);
}

/* With -f: the zetas of the way back are those of the way there, negated. */
static inline void butterfly_back(__m512i *a, __m512i *b, const struct zeta *f)
{
	__m512i t = _mm512_sub_epi32(*b, *a);

	*a = _mm512_add_epi32(*a, *b);
	*b = mul(t, f);
}

/*
 * Within a pair of vectors (32 coefficients, index bits 4 to 0) a layer wants its partners in the two
 * vectors of the pair: swap_w exchanges the bit that tells the vectors apart with the lane bit of
 * weight w. Each is its own inverse.
 */
#define SWAP(name, lo, hi)                                                                         \
	static inline void name(__m512i *a, __m512i *b)                                            \
	{                                                                                          \
		__m512i t = _mm512_permutex2var_epi32(*a, lo, *b);                                 \
                                                                                                   \
		*b = _mm512_permutex2var_epi32(*a, hi, *b);                                        \
		*a = t;                                                                            \
	}
SWAP(swap_8, _mm512_set_epi32(23, 22, 21, 20, 19, 18, 17, 16, 7, 6, 5, 4, 3, 2, 1, 0),
	_mm512_set_epi32(31, 30, 29, 28, 27, 26, 25, 24, 15, 14, 13, 12, 11, 10, 9, 8))
SWAP(swap_4, _mm512_set_epi32(27, 26, 25, 24, 11, 10, 9, 8, 19, 18, 17, 16, 3, 2, 1, 0),
	_mm512_set_epi32(31, 30, 29, 28, 15, 14, 13, 12, 23, 22, 21, 20, 7, 6, 5, 4))
SWAP(swap_2, _mm512_set_epi32(29, 28, 13, 12, 25, 24, 9, 8, 21, 20, 5, 4, 17, 16, 1, 0),
	_mm512_set_epi32(31, 30, 15, 14, 27, 26, 11, 10, 23, 22, 7, 6, 19, 18, 3, 2))
SWAP(swap_1, _mm512_set_epi32(30, 14, 28, 12, 26, 10, 24, 8, 22, 6, 20, 4, 18, 2, 16, 0),
	_mm512_set_epi32(31, 15, 29, 13, 27, 11, 25, 9, 23, 7, 21, 5, 19, 3, 17, 1))
/* From and to the order in which the pair lies in memory, when the vectors hold even and odd ones. */
SWAP(interleave, _mm512_set_epi32(23, 7, 22, 6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0),
	_mm512_set_epi32(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8))
SWAP(deinterleave, _mm512_set_epi32(30, 28, 26, 24, 22, 20, 18, 16, 14, 12, 10, 8, 6, 4, 2, 0),
	_mm512_set_epi32(31, 29, 27, 25, 23, 21, 19, 17, 15, 13, 11, 9, 7, 5, 3, 1))

/* Layers 5 to 8 in pair number p. */
static inline void ntt_pair(__m512i *a, __m512i *b, unsigned p)
{
	struct zeta f = zeta_2(16 + 2 * p);

	swap_8(a, b);
	butterfly(a, b, &f);
	f = zeta_4(32 + 4 * p);
	swap_4(a, b);
	butterfly(a, b, &f);
	f = zeta_8(64 + 8 * p);
	swap_2(a, b);
	butterfly(a, b, &f);
	f = zeta_16(128 + 16 * p);
	swap_1(a, b);
	butterfly(a, b, &f);
	interleave(a, b);
}

static void ntt(struct mldsa_poly *x)
{
	__m512i r[16];

#pragma GCC unroll 16
	for (unsigned i = 0; i < 16; i++)
		r[i] = load(x, i);
#pragma GCC unroll 4
	for (unsigned layer = 0; layer < 4; layer++) {
		unsigned step = 8U >> layer;

#pragma GCC unroll 8
		for (unsigned j = 0; j < 8; j++) {
			unsigned block = j / step, i = block * 2 * step + j % step;
			struct zeta f = zeta_all((1U << layer) + block);

			butterfly(&r[i], &r[i + step], &f);
		}
	}
#pragma GCC unroll 8
	for (unsigned p = 0; p < 8; p++) {
		ntt_pair(&r[2 * p], &r[2 * p + 1], p);
		store(x, 2 * p, r[2 * p]);
		store(x, 2 * p + 1, r[2 * p + 1]);
	}
}

/* Lanes in the opposite order: so do the blocks come on the way back. */
static inline struct zeta back(struct zeta f)
{
	const __m512i order =
		_mm512_set_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
	__m512i h = _mm512_permutexvar_epi32(order, f.h);

	return (struct zeta){ _mm512_permutexvar_epi32(order, f.z), h, odd(h) };
}

/* Layers 8 to 5 in pair number p. */
static inline void invntt_pair(__m512i *a, __m512i *b, unsigned p)
{
	unsigned m = 7 - p;
	struct zeta f = back(zeta_16(128 + 16 * m));

	deinterleave(a, b);
	butterfly_back(a, b, &f);
	f = back(zeta_8(64 + 8 * m));
	swap_1(a, b);
	butterfly_back(a, b, &f);
	f = back(zeta_4(32 + 4 * m));
	swap_2(a, b);
	butterfly_back(a, b, &f);
	f = back(zeta_2(16 + 2 * m));
	swap_4(a, b);
	butterfly_back(a, b, &f);
	swap_8(a, b);
}

static void invntt(struct mldsa_poly *x)
{
	const __m512i q = _mm512_set1_epi32(Q), half = _mm512_set1_epi32(Q / 2);
	const struct zeta scale =
		zeta_of(_mm512_set1_epi32(ZETAS_SCALE), _mm512_set1_epi32(ZETAS_SCALE_QUOTIENT));
	__m512i r[16];

#pragma GCC unroll 8
	for (unsigned p = 0; p < 8; p++) {
		r[2 * p] = load(x, 2 * p);
		r[2 * p + 1] = load(x, 2 * p + 1);
		invntt_pair(&r[2 * p], &r[2 * p + 1], p);
	}
#pragma GCC unroll 4
	for (unsigned layer = 0; layer < 4; layer++) {
		unsigned step = 1U << layer, blocks = 8U >> layer;

#pragma GCC unroll 8
		for (unsigned j = 0; j < 8; j++) {
			unsigned block = j / step, i = block * 2 * step + j % step;
			struct zeta f = zeta_all(2 * blocks - 1 - block);

			butterfly_back(&r[i], &r[i + step], &f);
		}
	}
#pragma GCC unroll 16
	for (unsigned i = 0; i < 16; i++) {
		__m512i t = mul(r[i], &scale);

		/* from [-q/4, 5q/4]; the unsigned minimum picks the one that did not wrap */
		t = _mm512_min_epu32(t, _mm512_add_epi32(t, q));
		t = _mm512_mask_sub_epi32(t, _mm512_cmpgt_epi32_mask(t, half), t, q);
		store(x, i, t);
	}
}

static void mul_acc(
	struct mldsa_poly *r, const struct mldsa_poly *a, const struct mldsa_poly *b, unsigned n)
{
	for (unsigned i = 0; i < 16; i += 2) {
		__m512i e0 = _mm512_setzero_si512(), o0 = e0, e1 = e0, o1 = e0;

		for (unsigned j = 0; j < n; j++) {
			__m512i x = load(a + j, i), y = load(b + j, i);

			e0 = _mm512_add_epi64(e0, _mm512_mul_epi32(x, y));
			o0 = _mm512_add_epi64(o0, _mm512_mul_epi32(odd(x), odd(y)));
			x = load(a + j, i + 1);
			y = load(b + j, i + 1);
			e1 = _mm512_add_epi64(e1, _mm512_mul_epi32(x, y));
			o1 = _mm512_add_epi64(o1, _mm512_mul_epi32(odd(x), odd(y)));
		}
		store(r, i, reduce(e0, o0));
		store(r, i + 1, reduce(e1, o1));
	}
}

static unsigned make_hint(struct mldsa_hint *h, const struct mldsa_poly *r0,
	const struct mldsa_poly *r1, int32_t gamma2)
{
	const __m512i top = _mm512_set1_epi32(gamma2), bottom = _mm512_set1_epi32(-gamma2);
	unsigned n = 0;

	for (unsigned i = 0; i < 4; i++) {
		uint64_t w = 0;

		for (unsigned j = 0; j < 4; j++) {
			__m512i lo = load(r0, 4 * i + j), hi = load(r1, 4 * i + j);
			__mmask16 out = _mm512_cmpgt_epi32_mask(lo, top);
			__mmask16 edge = _mm512_cmpeq_epi32_mask(lo, bottom);

			out |= _mm512_cmplt_epi32_mask(lo, bottom);
			out |= _mm512_mask_test_epi32_mask(edge, hi, hi);
			w |= (uint64_t)out << (16 * j);
		}
		n += (unsigned)_mm_popcnt_u64(w);
		h->w[i] = w;
	}
	return n;
}

static void use_hint(struct mldsa_poly *a, const struct mldsa_hint *h, int32_t gamma2)
{
	const __m512i one = _mm512_set1_epi32(1), zero = _mm512_setzero_si512();
	const __m512i m = _mm512_set1_epi32(gamma2 == MLDSA_GAMMA2_32 ? 16 : 44);

	for (unsigned i = 0; i < 16; i++) {
		vec lo, hi = vec_high_low(&lo, vec_canonical(vec_in(a)[i]), gamma2);
		__m512i t = (__m512i)hi;
		__mmask16 bit = (__mmask16)(h->w[i / 4] >> (16 * (i % 4)));
		__mmask16 up = _mm512_mask_cmpgt_epi32_mask(bit, (__m512i)lo, zero);
		__mmask16 down = (__mmask16)(bit & ~up);

		t = _mm512_mask_add_epi32(t, up, t, one);
		t = _mm512_mask_mov_epi32(t, _mm512_cmpeq_epi32_mask(t, m), zero);
		t = _mm512_mask_sub_epi32(t, down, t, one);
		t = _mm512_min_epu32(t, _mm512_add_epi32(t, m));
		store(a, i, t);
	}
}

/* ---- encodings: bytes are moved to where a shift finishes the work ---- */
/* Three bytes from o on in a lane of their own; the fourth is masked out. */
#define B3(o) (o), (o) + 1, (o) + 2, 63
#define LOW3 0x7777777777777777U

static const uint8_t from_20[64] = { B3(0), B3(2), B3(5), B3(7), B3(10), B3(12), B3(15), B3(17),
	B3(20), B3(22), B3(25), B3(27), B3(30), B3(32), B3(35), B3(37) };
static const uint8_t from_18[64] = { B3(0), B3(2), B3(4), B3(6), B3(9), B3(11), B3(13), B3(15),
	B3(18), B3(20), B3(22), B3(24), B3(27), B3(29), B3(31), B3(33) };
static const uint8_t from_10[64] = { B3(0), B3(1), B3(2), B3(3), B3(5), B3(6), B3(7), B3(8), B3(10),
	B3(11), B3(12), B3(13), B3(15), B3(16), B3(17), B3(18) };
static const uint8_t from_24[64] = { B3(0), B3(3), B3(6), B3(9), B3(12), B3(15), B3(18), B3(21),
	B3(24), B3(27), B3(30), B3(33), B3(36), B3(39), B3(42), B3(45) };

/* 16 coefficients of `bits` bits from 2·bits bytes. */
static inline __m512i unpack_16(
	const uint8_t *in, unsigned bits, const uint8_t *from, __m512i shift)
{
	__m512i v = _mm512_maskz_loadu_epi8((1ULL << (2 * bits)) - 1, in);

	v = _mm512_maskz_permutexvar_epi8(LOW3, _mm512_loadu_si512(from), v);
	v = _mm512_srlv_epi32(v, shift);
	return _mm512_and_si512(v, _mm512_set1_epi32((1 << bits) - 1));
}

static inline __m512i shifts(int b, int c, int d)
{
	return _mm512_set4_epi32(d, c, b, 0);
}

static void unpack_z(struct mldsa_poly *a, const uint8_t *in, unsigned bits)
{
	if (bits == 20)
		for (unsigned i = 0; i < 16; i++)
			store(a, i,
				_mm512_sub_epi32(_mm512_set1_epi32(1 << 19),
					unpack_16(in + (size_t)40 * i, 20, from_20,
						shifts(4, 0, 4))));
	else
		for (unsigned i = 0; i < 16; i++)
			store(a, i,
				_mm512_sub_epi32(_mm512_set1_epi32(1 << 17),
					unpack_16(in + (size_t)36 * i, 18, from_18,
						shifts(2, 4, 6))));
}

static void unpack_t1(struct mldsa_poly *a, const uint8_t *in)
{
	for (unsigned i = 0; i < 16; i++)
		store(a, i, unpack_16(in + (size_t)20 * i, 10, from_10, shifts(2, 4, 6)));
}

/* Bytes of four coefficients: `lo` from the first pair, `hi` from the second; 255 is none. */
struct packing {
	uint8_t lo[64], hi[64];
	uint64_t lo_mask, hi_mask;
};

#define X3 0, 0, 0
#define X4 0, 0, 0, 0
static const struct packing to_20 = {
	.lo = { 0, 1, 2, 3, 4, 8, 9, 10, 11, 12, 16, 17, 18, 19, 20, 24, 25, 26, 27, 28, 32, 33, 34,
		35, 36, 40, 41, 42, 43, 44, 48, 49, 50, 51, 52, 56, 57, 58, 59, 60 },
	.lo_mask = 0xffffffffffU,
};
static const struct packing to_18 = {
	.lo = { 0, 1, 2, 3, 4, X4, 16, 17, 18, 19, 20, X4, 32, 33, 34, 35, 36, X4, 48, 49, 50, 51,
		52 },
	.hi = { X4, 8, 9, 10, 11, 12, X4, 24, 25, 26, 27, 28, X4, 40, 41, 42, 43, 44, X4, 56, 57,
		58, 59, 60 },
	.lo_mask = 0x1fU | 0x1fU << 9 | 0x1fU << 18 | 0x1fULL << 27,
	.hi_mask = 0x1f0U | 0x1f0U << 9 | 0x1f0U << 18 | 0x1f0ULL << 27,
};
static const struct packing to_10 = {
	.lo = { 0, 1, 2, 0, 0, 16, 17, 18, 0, 0, 32, 33, 34, 0, 0, 48, 49, 50 },
	.hi = { 0, 0, 8, 9, 10, 0, 0, 24, 25, 26, 0, 0, 40, 41, 42, 0, 0, 56, 57, 58 },
	.lo_mask = 0x07U | 0x07U << 5 | 0x07U << 10 | 0x07U << 15,
	.hi_mask = 0x1cU | 0x1cU << 5 | 0x1cU << 10 | 0x1cU << 15,
};

/* 16 values below 2^bits into 2·bits bytes; the second of two pairs starts inside a byte. */
static inline void pack_16(
	uint8_t *out, __m512i v, unsigned bits, const struct packing *to, __m512i shift)
{
	__m512i even = _mm512_and_si512(v, _mm512_set1_epi64(0xffffffff));
	uint8_t bytes[64];

	v = _mm512_or_si512(even, _mm512_slli_epi64(odd(v), bits));
	v = _mm512_sllv_epi64(v, shift);
	v = _mm512_or_si512(
		_mm512_maskz_permutexvar_epi8(to->lo_mask, _mm512_loadu_si512(to->lo), v),
		_mm512_maskz_permutexvar_epi8(to->hi_mask, _mm512_loadu_si512(to->hi), v));
	_mm512_storeu_si512(bytes, v);
	memcpy(out, bytes, (size_t)2 * bits);
}

static void pack_z(uint8_t *out, const struct mldsa_poly *a, unsigned bits)
{
	const __m512i half_byte = _mm512_set4_epi64(4, 0, 4, 0);

	if (bits == 20)
		for (unsigned i = 0; i < 16; i++)
			pack_16(out + (size_t)40 * i,
				_mm512_sub_epi32(_mm512_set1_epi32(1 << 19), load(a, i)), 20,
				&to_20, _mm512_setzero_si512());
	else
		for (unsigned i = 0; i < 16; i++)
			pack_16(out + (size_t)36 * i,
				_mm512_sub_epi32(_mm512_set1_epi32(1 << 17), load(a, i)), 18,
				&to_18, half_byte);
}

static void pack_t1(uint8_t *out, const struct mldsa_poly *a)
{
	for (unsigned i = 0; i < 16; i++)
		pack_16(out + (size_t)20 * i, load(a, i), 10, &to_10,
			_mm512_set4_epi64(4, 0, 4, 0));
}

static void pack_w1(uint8_t *out, const struct mldsa_poly *a, int32_t gamma2)
{
	const __m128i in_12 = _mm_set_epi8(-1, -1, -1, -1, 14, 13, 12, 10, 9, 8, 6, 5, 4, 2, 1, 0);

	for (unsigned i = 0; i < 16; i++) {
		__m128i v = _mm512_cvtepi32_epi8(load(a, i));

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
/* 16 candidates of 24 bits to the front if they are below q; how many were. */
static inline unsigned uniform_16(__m512i *v, __mmask16 there)
{
	__m512i t = _mm512_maskz_permutexvar_epi8(LOW3, _mm512_loadu_si512(from_24), *v);
	__mmask16 ok = 0;

	t = _mm512_and_si512(t, _mm512_set1_epi32(0x7fffff));
	ok = _mm512_mask_cmplt_epi32_mask(there, t, _mm512_set1_epi32(Q));
	*v = _mm512_maskz_compress_epi32(ok, t);
	return (unsigned)__builtin_popcount(ok);
}

static unsigned rej_uniform(struct mldsa_poly *a, unsigned have, const uint8_t *in, size_t n)
{
	size_t i = 0;

	for (; i + 64 <= n && have <= N - 16; i += 48) {
		__m512i v = _mm512_loadu_si512(in + i);
		unsigned count = uniform_16(&v, 0xffff);

		_mm512_storeu_si512(a->c + have, v);
		have += count;
	}
	for (; i < n && have < N; i += 48) {
		size_t left = n - i < 48 ? n - i : 48;
		__m512i v = _mm512_maskz_loadu_epi8((1ULL << left) - 1, in + i);
		unsigned count = uniform_16(&v, (__mmask16)((1U << (left / 3)) - 1));

		count = count < N - have ? count : N - have;
		_mm512_mask_storeu_epi32(a->c + have, (__mmask16)((1U << count) - 1), v);
		have += count;
	}
	return have;
}

static unsigned rej_eta(
	struct mldsa_poly *a, unsigned have, const uint8_t *in, size_t n, unsigned eta)
{
	/* eta minus the value, as signed bytes; refused ones do not matter */
	const __m128i of_2 = _mm_set_epi8(0, -2, -1, 0, 1, 2, -2, -1, 0, 1, 2, -2, -1, 0, 1, 2);
	const __m128i of_4 = _mm_set_epi8(0, 0, 0, 0, 0, 0, 0, -4, -3, -2, -1, 0, 1, 2, 3, 4);
	const __m512i value = _mm512_broadcast_i32x4(eta == 2 ? of_2 : of_4);
	const __m512i limit = _mm512_set1_epi8(eta == 2 ? 15 : 9);
	uint8_t kept[N + 64];
	unsigned at = have;

	for (size_t i = 0; i < n && at < N; i += 32) {
		size_t left = n - i < 32 ? n - i : 32;
		__mmask64 there = ~0ULL >> (64 - 2 * left);
		__m512i v = _mm512_cvtepu8_epi16(
			_mm256_maskz_loadu_epi8((__mmask32)((1ULL << left) - 1), in + i));

		v = _mm512_or_si512(v, _mm512_slli_epi16(v, 4));
		v = _mm512_and_si512(v, _mm512_set1_epi8(15));
		there = _mm512_mask_cmplt_epu8_mask(there, v, limit);
		v = _mm512_shuffle_epi8(value, v);
		_mm512_storeu_si512(kept + at, _mm512_maskz_compress_epi8(there, v));
		at += (unsigned)_mm_popcnt_u64(there);
	}
	at = at < N ? at : N;
	for (unsigned i = have / 16; i < 16; i++) {
		__m512i v = _mm512_cvtepi8_epi32(
			_mm_loadu_si128((const __m128i *)(const void *)(kept + 16 * i)));
		unsigned first = i == have / 16 ? have % 16 : 0;

		_mm512_mask_store_epi32(a->c + (size_t)16 * i, (__mmask16)(0xffffU << first), v);
	}
	hyb_wipe(kept, sizeof(kept));
	return at;
}

/* As in mldsa_poly.c; the list of positions is one vector. */
static void place(struct mldsa_poly *c, const uint8_t *j, const uint8_t *sign, unsigned tau)
{
	const __m512i step = _mm512_set1_epi8(64);
	__m512i index[4], v[4], list = _mm512_setzero_si512();
	uint8_t bytes[64], pos[64], ones[64];

	for (unsigned i = 0; i < 64; i++)
		bytes[i] = (uint8_t)i;
	index[0] = _mm512_loadu_si512(bytes);
	v[0] = v[1] = v[2] = v[3] = _mm512_setzero_si512();
	for (unsigned i = 1; i < 4; i++)
		index[i] = _mm512_add_epi8(index[i - 1], step);
	for (unsigned n = 0; n < tau; n++) {
		const __m512i at = _mm512_set1_epi8((char)j[n]);
		const __m512i to = _mm512_set1_epi8((char)(N - tau + n));

		list = _mm512_mask_mov_epi8(list, _mm512_cmpeq_epi8_mask(list, at), to);
		list = _mm512_mask_mov_epi8(list, 1ULL << n, at);
	}
	_mm512_storeu_si512(pos, list);
	for (unsigned n = 0; n < tau; n++)
		ones[n] = (uint8_t)(1 - 2 * sign[n]);
	for (unsigned n = 0; n < tau; n++) {
		const __m512i at = _mm512_set1_epi8((char)pos[n]);
		const __m512i one = _mm512_set1_epi8((char)ones[n]);

		for (unsigned i = 0; i < 4; i++)
			v[i] = _mm512_mask_mov_epi8(
				v[i], _mm512_cmpeq_epi8_mask(index[i], at), one);
	}
	for (unsigned i = 0; i < 4; i++) {
		_mm512_storeu_si512(bytes, v[i]);
		for (unsigned m = 0; m < 4; m++)
			store(c, 4 * i + m,
				_mm512_cvtepi8_epi32(_mm_loadu_si128(
					(const __m128i *)(const void *)(bytes + 16 * m))));
	}
	hyb_wipe(bytes, sizeof(bytes));
	hyb_wipe(pos, sizeof(pos));
	hyb_wipe(ones, sizeof(ones));
}

const struct mldsa_ops hyb_mldsa_ops_avx512 = {
	.lanes = 8,
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
typedef int hyb_mldsa_avx512_unused;
#endif
