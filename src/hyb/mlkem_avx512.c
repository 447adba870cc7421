#include "hyb/mlkem_poly.h"

#if defined(__x86_64__)
#include <immintrin.h>

#include "hyb/mlkem_avx512_tables.h"
#include "hyb/mlkem_tables.h"

/* The constants are explained in mlkem_poly.c. */
#define QINV (-3327)
#define R2 1353
#define R2_128 1441
#define R2_128_ZETA 1397 /* R2_128 times 17^64, the factor of the last inverse layer */
#define BARRETT 20159
#define HALF_Q 1665

#define INLINE static inline __attribute__((always_inline))
#define ODD 0xaaaaaaaaU

INLINE __m512i load(const int16_t *p)
{
	return _mm512_load_si512(p);
}

INLINE void store(int16_t *p, __m512i v)
{
	_mm512_store_si512(p, v);
}

INLINE __m512i bytes(const void *p)
{
	return _mm512_load_si512(p);
}

INLINE __m512i all(int x)
{
	return _mm512_set1_epi16((short)x);
}

/* By vector counts: the two compilers disagree on the type of an immediate one. */
INLINE __m512i shl(__m512i v, int n)
{
	return _mm512_sllv_epi16(v, all(n));
}

INLINE __m512i shr(__m512i v, int n)
{
	return _mm512_srlv_epi16(v, all(n));
}

/* a*b/R; bq = b/q mod R. */
INLINE __m512i mont(__m512i a, __m512i b, __m512i bq)
{
	__m512i t = _mm512_mulhi_epi16(_mm512_mullo_epi16(a, bq), all(HYB_Q));

	return _mm512_sub_epi16(_mm512_mulhi_epi16(a, b), t);
}

INLINE __m512i mont_by(__m512i a, int b)
{
	return mont(a, all(b), all(b * QINV));
}

/* floor((BARRETT*a + 2^25) / 2^26): mulhi gives the upper half, mulhrs rounds and shifts by 10. */
INLINE __m512i barrett(__m512i a)
{
	__m512i t = _mm512_mulhrs_epi16(_mm512_mulhi_epi16(a, all(BARRETT)), all(1 << 5));

	return _mm512_sub_epi16(a, _mm512_mullo_epi16(t, all(HYB_Q)));
}

/* A negative number is the larger unsigned one. */
INLINE __m512i canonical(__m512i a)
{
	__m512i r = barrett(a);

	return _mm512_min_epu16(r, _mm512_add_epi16(r, all(HYB_Q)));
}

INLINE void forward(__m512i *a, __m512i *b, __m512i z, __m512i zq)
{
	__m512i t = mont(*b, z, zq);

	*b = _mm512_sub_epi16(*a, t);
	*a = _mm512_add_epi16(*a, t);
}

INLINE void inverse(__m512i *a, __m512i *b, __m512i z, __m512i zq)
{
	__m512i t = _mm512_sub_epi16(*b, *a);

	*a = _mm512_add_epi16(*a, *b);
	*b = mont(t, z, zq);
}

/* The layers between registers: i and i + n, one power for each group. */
INLINE void forward_far(__m512i v[8], unsigned n)
{
	for (unsigned g = 0; g < 8; g += 2 * n)
		for (unsigned i = g; i < g + n; i++) {
			int z = zetas[4 / n + g / (2 * n)];

			forward(&v[i], &v[i + n], all(z), all(z * QINV));
		}
}

INLINE void inverse_far(__m512i v[8], unsigned n)
{
	for (unsigned g = 0; g < 8; g += 2 * n)
		for (unsigned i = g; i < g + n; i++) {
			int z = zetas[8 / n - 1 - g / (2 * n)];

			inverse(&v[i], &v[i + n], all(z), all(z * QINV));
		}
}

/* The last four layers, two registers at a time; gen_mlkem.py follows the same shuffles. */
INLINE void forward_near(__m512i *v, unsigned p)
{
	__m512i a = _mm512_shuffle_i64x2(v[0], v[1], 0x44);
	__m512i b = _mm512_shuffle_i64x2(v[0], v[1], 0xee), t;

	p *= 32;
	forward(&a, &b, load(late16 + p), load(late16_q + p));
	t = _mm512_shuffle_i64x2(a, b, 0x88);
	b = _mm512_shuffle_i64x2(a, b, 0xdd);
	forward(&t, &b, load(late8 + p), load(late8_q + p));
	a = _mm512_unpacklo_epi64(t, b);
	b = _mm512_unpackhi_epi64(t, b);
	forward(&a, &b, load(late4 + p), load(late4_q + p));
	t = _mm512_castps_si512(
		_mm512_shuffle_ps(_mm512_castsi512_ps(a), _mm512_castsi512_ps(b), 0x88));
	b = _mm512_castps_si512(
		_mm512_shuffle_ps(_mm512_castsi512_ps(a), _mm512_castsi512_ps(b), 0xdd));
	forward(&t, &b, load(late2 + p), load(late2_q + p));
	v[0] = _mm512_permutex2var_epi32(t, _mm512_load_si512(home), b);
	v[1] = _mm512_permutex2var_epi32(t, _mm512_load_si512(home + 16), b);
}

INLINE void inverse_near(__m512i *v, unsigned p)
{
	__m512i a = _mm512_permutex2var_epi32(v[0], _mm512_load_si512(gather), v[1]);
	__m512i b = _mm512_permutex2var_epi32(v[0], _mm512_load_si512(gather + 16), v[1]), t;
	const __m512i even = _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11);
	const __m512i odd = _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15);

	p *= 32;
	inverse(&a, &b, load(back2 + p), load(back2_q + p));
	t = _mm512_unpacklo_epi32(a, b);
	b = _mm512_unpackhi_epi32(a, b);
	inverse(&t, &b, load(back4 + p), load(back4_q + p));
	a = _mm512_unpacklo_epi64(t, b);
	b = _mm512_unpackhi_epi64(t, b);
	inverse(&a, &b, load(back8 + p), load(back8_q + p));
	t = barrett(_mm512_permutex2var_epi64(a, even, b));
	b = barrett(_mm512_permutex2var_epi64(a, odd, b));
	inverse(&t, &b, load(back16 + p), load(back16_q + p));
	v[0] = _mm512_shuffle_i64x2(t, b, 0x44);
	v[1] = _mm512_shuffle_i64x2(t, b, 0xee);
}

static void ntt(int16_t r[256])
{
	__m512i v[8];

	for (unsigned i = 0; i < 8; i++)
		v[i] = load(r + 32 * i);
	forward_far(v, 4);
	forward_far(v, 2);
	forward_far(v, 1);
	for (unsigned p = 0; p < 4; p++)
		forward_near(v + 2 * p, p);
	for (unsigned i = 0; i < 8; i++)
		store(r + 32 * i, barrett(v[i]));
}

/* The bounds are those of mlkem_poly.c: one reduction after three layers. */
static void invntt(int16_t r[256])
{
	__m512i v[8];

	for (unsigned i = 0; i < 8; i++)
		v[i] = load(r + 32 * i);
	for (unsigned p = 0; p < 4; p++)
		inverse_near(v + 2 * p, p);
	inverse_far(v, 1);
	inverse_far(v, 2);
	for (unsigned i = 0; i < 4; i++) {
		__m512i sum = _mm512_add_epi16(v[i], v[i + 4]);
		__m512i dif = _mm512_sub_epi16(v[i + 4], v[i]);

		store(r + 32 * i, mont_by(sum, R2_128));
		store(r + 32 * i + 128, mont_by(dif, R2_128_ZETA));
	}
}

static void factor(struct hyb_mlkem_factor *f, const int16_t b[256])
{
	for (unsigned i = 0; i < 256; i += 32) {
		__m512i v = load(b + i);

		store(f->one + i, mont(v, load(pair_gammas + i), load(pair_gammas_q + i)));
		store(f->two + i, _mm512_rol_epi32(v, 16));
	}
}

/* Two vectors of sums to one of 16-bit remainders: the upper halves, less what the lower carry. */
INLINE __m512i mont32(__m512i even, __m512i odd)
{
	__m512i lo = _mm512_mask_blend_epi16(ODD, even, _mm512_slli_epi32(odd, 16));
	__m512i hi = _mm512_mask_blend_epi16(ODD, _mm512_srli_epi32(even, 16), odd);
	__m512i t = _mm512_mulhi_epi16(_mm512_mullo_epi16(lo, all(QINV)), all(HYB_Q));

	return _mm512_sub_epi16(hi, t);
}

static void dot(int16_t r[256], const int16_t *a, size_t stride, const struct hyb_mlkem_factor *f,
	unsigned k)
{
	for (unsigned i = 0; i < 256; i += 32) {
		__m512i v = load(a + i);
		__m512i even = _mm512_madd_epi16(v, load(f[0].one + i));
		__m512i odd = _mm512_madd_epi16(v, load(f[0].two + i));

		for (unsigned n = 1; n < k; n++) {
			v = load(a + 256 * stride * n + i);
			even = _mm512_add_epi32(even, _mm512_madd_epi16(v, load(f[n].one + i)));
			odd = _mm512_add_epi32(odd, _mm512_madd_epi16(v, load(f[n].two + i)));
		}
		store(r + i, mont32(even, odd));
	}
}

static void lift_add(int16_t r[256], const int16_t a[256], const int16_t b[256])
{
	for (unsigned i = 0; i < 256; i += 32)
		store(r + i, canonical(_mm512_add_epi16(mont_by(load(a + i), R2), load(b + i))));
}

static void add(int16_t r[256], const int16_t a[256], const int16_t b[256])
{
	for (unsigned i = 0; i < 256; i += 32)
		store(r + i, canonical(_mm512_add_epi16(load(a + i), load(b + i))));
}

static void sub(int16_t r[256], const int16_t a[256], const int16_t b[256])
{
	for (unsigned i = 0; i < 256; i += 32)
		store(r + i, canonical(_mm512_sub_epi16(load(a + i), load(b + i))));
}

/* Fields of some bits each to 8- or 16-bit places, with whatever follows in their upper bits. */
INLINE __m512i cut(__m512i t, const uint8_t take[64], const uint8_t bits[64])
{
	return _mm512_multishift_epi64_epi8(bytes(bits), _mm512_permutexvar_epi8(bytes(take), t));
}

/* Four bits are two counts of two: their difference out of a register. */
static void cbd2(int16_t r[256], const uint8_t in[128])
{
	const __m512i difference = _mm512_broadcast_i32x4(
		_mm_setr_epi8(0, 1, 1, 2, -1, 0, 0, 1, -1, 0, 0, 1, -2, -1, -1, 0));

	for (unsigned i = 0; i < 4; i++) {
		__m512i t = _mm512_cvtepu8_epi16(
			_mm256_loadu_si256((const __m256i *)(const void *)(in + 32 * i)));

		t = _mm512_and_si512(
			_mm512_or_si512(t, _mm512_slli_epi16(t, 4)), _mm512_set1_epi8(0x0f));
		t = _mm512_shuffle_epi8(difference, t);
		store(r + 64 * i, _mm512_cvtepi8_epi16(_mm512_castsi512_si256(t)));
		store(r + 64 * i + 32, _mm512_cvtepi8_epi16(_mm512_extracti64x4_epi64(t, 1)));
	}
}

/* Six bits are two counts of three; 64 differences fill a register. */
static void cbd3(int16_t r[256], const uint8_t in[192])
{
	for (unsigned i = 0; i < 4; i++) {
		__m512i t = _mm512_maskz_loadu_epi8((1ULL << 48) - 1, in + (size_t)48 * i);

		t = cut(t, take6, bits6);
		/* vpermb looks at the lower six bits of an index only. */
		t = _mm512_permutexvar_epi8(t, bytes(eta3));
		store(r + 64 * i, _mm512_cvtepi8_epi16(_mm512_castsi512_si256(t)));
		store(r + 64 * i + 32, _mm512_cvtepi8_epi16(_mm512_extracti64x4_epi64(t, 1)));
	}
}

/* 48 bytes to 32 numbers of 12 bits. */
INLINE __m512i twelve(__m512i t)
{
	t = _mm512_permutexvar_epi8(bytes(spread12), t);
	t = _mm512_srlv_epi16(t, _mm512_set1_epi32(4 << 16));
	return _mm512_and_si512(t, all(0xfff));
}

static unsigned reject(int16_t *r, unsigned have, const uint8_t *in, size_t n)
{
	for (size_t i = 0; i < n && have < 256; i += 48) {
		size_t left = n - i < 48 ? n - i : 48;
		__m512i t = twelve(_mm512_maskz_loadu_epi8((1ULL << left) - 1, in + i));
		__mmask32 take = _mm512_cmplt_epu16_mask(t, all(HYB_Q)) &
			(__mmask32)((1ULL << (left / 3 * 2)) - 1);

		_mm512_storeu_si512(r + have, _mm512_maskz_compress_epi16(take, t));
		have += (unsigned)__builtin_popcount(take);
	}
	return have < 256 ? have : 256;
}

static bool decode12(int16_t r[256], const uint8_t in[384])
{
	__mmask32 over = 0;

	for (unsigned i = 0; i < 8; i++) {
		__m512i t = twelve(_mm512_maskz_loadu_epi8((1ULL << 48) - 1, in + (size_t)48 * i));

		over |= _mm512_cmpge_epu16_mask(t, all(HYB_Q));
		store(r + 32 * i, t);
	}
	return over == 0;
}

INLINE void put(uint8_t *out, __m512i v, unsigned n)
{
	_mm512_mask_storeu_epi8(out, (1ULL << n) - 1, v);
}

static void encode12(uint8_t out[384], const int16_t c[256])
{
	for (unsigned i = 0; i < 8; i++) {
		__m512i t = _mm512_madd_epi16(load(c + 32 * i), _mm512_set1_epi32(0x10000001));

		put(out + (size_t)48 * i, _mm512_permutexvar_epi8(bytes(join12), t), 48);
	}
}

/*
 * round(2^d * c / q) mod 2^d. For d <= 5, BARRETT*c/2^16 is near enough to 2^10*c/q; for 10 and 11
 * the quotient of 2^13*c or 2^14*c is corrected by the sign of its remainder.
 */
INLINE __m512i squeeze_few(__m512i c, int d)
{
	__m512i t = _mm512_mulhi_epi16(c, all(BARRETT));

	t = _mm512_add_epi16(t, all(1 << (9 - d)));
	return _mm512_and_si512(shr(t, 10 - d), all((1 << d) - 1));
}

INLINE __m512i squeeze_many(__m512i c, int d)
{
	__m512i t = _mm512_mulhi_epu16(shl(c, d - 7), all(BARRETT));
	__m512i rest = _mm512_sub_epi16(shl(c, d + 3), _mm512_mullo_epi16(t, all(HYB_Q)));

	t = _mm512_add_epi16(t, _mm512_srai_epi16(rest, 15));
	t = shr(_mm512_add_epi16(t, all(4)), 3);
	return _mm512_and_si512(t, all((1 << d) - 1));
}

static void compress4(uint8_t out[128], const int16_t c[256])
{
	for (unsigned i = 0; i < 8; i++) {
		__m512i t = squeeze_few(load(c + 32 * i), 4);

		t = _mm512_madd_epi16(t, _mm512_set1_epi32(0x00100001));
		_mm_storeu_si128(
			(__m128i *)(void *)(out + (size_t)16 * i), _mm512_cvtepi32_epi8(t));
	}
}

/* Numbers of d bits: two to a dword, four to a quadword. */
INLINE __m512i join4(__m512i t, int d)
{
	t = _mm512_madd_epi16(t, _mm512_set1_epi32(1 | 1 << (16 + d)));
	t = _mm512_sllv_epi32(t, _mm512_set1_epi64(32 - 2 * d));
	return _mm512_srlv_epi64(t, _mm512_set1_epi64(32 - 2 * d));
}

/* For odd d the second quadword of two begins in the middle of a byte. */
INLINE __m512i join8(__m512i t, int d, const uint8_t first[64], const uint8_t half[64])
{
	const __m512i stagger = _mm512_set_epi64(4, 0, 4, 0, 4, 0, 4, 0);
	const __m512i shared = bytes(half);

	t = _mm512_sllv_epi64(join4(t, d), stagger);
	return _mm512_or_si512(_mm512_permutexvar_epi8(bytes(first), t),
		_mm512_maskz_permutexvar_epi8(_mm512_test_epi8_mask(shared, shared), shared, t));
}

static void compress5(uint8_t out[160], const int16_t c[256])
{
	for (unsigned i = 0; i < 8; i++)
		put(out + (size_t)20 * i,
			join8(squeeze_few(load(c + 32 * i), 5), 5, join5, join5_half), 20);
}

static void compress10(uint8_t out[320], const int16_t c[256])
{
	for (unsigned i = 0; i < 8; i++) {
		__m512i t = join4(squeeze_many(load(c + 32 * i), 10), 10);

		put(out + (size_t)40 * i, _mm512_permutexvar_epi8(bytes(join10), t), 40);
	}
}

static void compress11(uint8_t out[352], const int16_t c[256])
{
	for (unsigned i = 0; i < 8; i++)
		put(out + (size_t)44 * i,
			join8(squeeze_many(load(c + 32 * i), 11), 11, join11, join11_half), 44);
}

/* round(q * y / 2^d) of the lower d bits: mulhrs divides by 2^15. */
INLINE __m512i expand(__m512i y, int d)
{
	y = shr(shl(y, 16 - d), 1);
	return _mm512_mulhrs_epi16(y, all(HYB_Q));
}

INLINE void expand_all(
	int16_t r[256], const uint8_t *in, int d, const uint8_t *take, const uint8_t *bits)
{
	for (int i = 0; i < 8; i++) {
		__m512i t = _mm512_maskz_loadu_epi8((1ULL << (4 * d)) - 1, in + 4 * d * i);

		store(r + 32 * i, expand(cut(t, take, bits), d));
	}
}

static void expand4(int16_t r[256], const uint8_t in[128])
{
	expand_all(r, in, 4, take4, bits4);
}

static void expand5(int16_t r[256], const uint8_t in[160])
{
	expand_all(r, in, 5, take5, bits5);
}

static void expand10(int16_t r[256], const uint8_t in[320])
{
	expand_all(r, in, 10, take10, bits10);
}

static void expand11(int16_t r[256], const uint8_t in[352])
{
	expand_all(r, in, 11, take11, bits11);
}

static void to_message(uint8_t m[32], const int16_t c[256])
{
	for (unsigned i = 0; i < 8; i++) {
		__m512i t = _mm512_mulhi_epi16(load(c + 32 * i), all(BARRETT));
		__mmask32 bits =
			_mm512_test_epi16_mask(_mm512_add_epi16(t, all(1 << 8)), all(1 << 9));

		memcpy(m + (size_t)4 * i, &bits, 4);
	}
}

static void add_message(int16_t r[256], const uint8_t m[32])
{
	for (unsigned i = 0; i < 8; i++) {
		__m512i t = load(r + 32 * i);
		__mmask32 bits;

		memcpy(&bits, m + (size_t)4 * i, 4);
		store(r + 32 * i, _mm512_mask_add_epi16(t, bits, t, all(HALF_Q)));
	}
}

const struct hyb_mlkem_ops hyb_mlkem_ops_avx512 = {
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
