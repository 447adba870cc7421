#include "hyb/keccak_levels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#include "hyb/keccak_vec.h"

#define XOR3_BITS 0x96 /* a ^ b ^ c */
#define CHI_BITS 0xd2  /* a ^ (~b & c) */

/* Five to eight lanes. */
static void lanes8(uint64_t s[25][8])
{
#define V __m512i
#define X3(a, b, c) _mm512_ternarylogic_epi64(a, b, c, XOR3_BITS)
#define CHI(a, b, c) _mm512_ternarylogic_epi64(a, b, c, CHI_BITS)
#define ROL(a, n) _mm512_rol_epi64(a, n)
#define XOR(a, b) _mm512_xor_si512(a, b)
#define ONE(k) _mm512_set1_epi64((long long)(k))
#define LD(p) _mm512_load_si512(p)
#define ST(p, v) _mm512_store_si512(p, v)
	KECCAK_LOAD(s);
	KECCAK_ROUNDS();
	KECCAK_STORE(s);
#undef V
#undef X3
#undef CHI
#undef ROL
#undef XOR
#undef ONE
#undef LD
#undef ST
}

/* Up to four: half as wide, and faster where 512-bit operations take two turns. */
static void lanes4(uint64_t s[25][8])
{
#define V __m256i
#define X3(a, b, c) _mm256_ternarylogic_epi64(a, b, c, XOR3_BITS)
#define CHI(a, b, c) _mm256_ternarylogic_epi64(a, b, c, CHI_BITS)
#define ROL(a, n) _mm256_rol_epi64(a, n)
#define XOR(a, b) _mm256_xor_si256(a, b)
#define ONE(k) _mm256_set1_epi64x((long long)(k))
#define LD(p) _mm256_load_si256((const __m256i *)(const void *)(p))
#define ST(p, v) _mm256_store_si256((__m256i *)(void *)(p), v)
	KECCAK_LOAD(s);
	KECCAK_ROUNDS();
	KECCAK_STORE(s);
#undef V
#undef X3
#undef CHI
#undef ROL
#undef XOR
#undef ONE
#undef LD
#undef ST
}

void hyb_keccakf_avx512(uint64_t s[25])
{
#define V __m128i
#define X3(a, b, c) _mm_ternarylogic_epi64(a, b, c, XOR3_BITS)
#define CHI(a, b, c) _mm_ternarylogic_epi64(a, b, c, CHI_BITS)
#define ROL(a, n) _mm_rol_epi64(a, n)
#define XOR(a, b) _mm_xor_si128(a, b)
#define ONE(k) _mm_set1_epi64x((long long)(k))
#define LD(v) _mm_cvtsi64_si128((long long)(v))
#define ST(to, v) (to) = (uint64_t)_mm_cvtsi128_si64(v)
	KECCAK_LOAD(s);
	KECCAK_ROUNDS();
	KECCAK_STORE(s);
#undef V
#undef X3
#undef CHI
#undef ROL
#undef XOR
#undef ONE
#undef LD
#undef ST
}

void hyb_keccakf_lanes_avx512(uint64_t s[25][8], unsigned lanes)
{
	if (lanes > 4)
		lanes8(s);
	else
		lanes4(s);
}

/* v[i] word j becomes v[j] word i. */
static inline __attribute__((always_inline)) void transpose8(__m512i v[8])
{
	__m512i t[8], u[8];

	for (unsigned i = 0; i < 8; i += 2) {
		t[i] = _mm512_unpacklo_epi64(v[i], v[i + 1]);
		t[i + 1] = _mm512_unpackhi_epi64(v[i], v[i + 1]);
	}
	for (unsigned i = 0; i < 2; i++) {
		u[i] = _mm512_shuffle_i64x2(t[i], t[i + 2], 0x88);
		u[i + 2] = _mm512_shuffle_i64x2(t[i], t[i + 2], 0xdd);
		u[i + 4] = _mm512_shuffle_i64x2(t[i + 4], t[i + 6], 0x88);
		u[i + 6] = _mm512_shuffle_i64x2(t[i + 4], t[i + 6], 0xdd);
	}
	for (unsigned i = 0; i < 4; i++) {
		v[i] = _mm512_shuffle_i64x2(u[i], u[i + 4], 0x88);
		v[i + 4] = _mm512_shuffle_i64x2(u[i], u[i + 4], 0xdd);
	}
}

void hyb_sponges_absorb_avx512(struct hyb_sponges *k, unsigned lanes, uint32_t rate, uint8_t pad,
	const uint8_t *const in[8], size_t n)
{
	const __m512i last = _mm512_set1_epi64((long long)(0x80ULL << 56));
	__mmask8 keep = 0;

	for (unsigned j = 0; j < lanes; j++)
		keep |= (__mmask8)((in[j] == NULL) << j);
	for (unsigned row = 0; row < 25; row += 8) {
		size_t at = (size_t)8 * row, left = n > at ? n - at : 0;
		__mmask64 bytes = left < 64 ? (1ULL << left) - 1 : ~0ULL;
		__mmask64 end = n >= at && left < 64 ? 1ULL << left : 0;
		__m512i v[8];

		for (unsigned j = 0; j < 8; j++) {
			v[j] = _mm512_maskz_set1_epi8(end, (char)pad);
			if (j < lanes && in[j] != NULL && left > 0)
				v[j] = _mm512_or_si512(
					v[j], _mm512_maskz_loadu_epi8(bytes, in[j] + at));
		}
		if (n >= at)
			transpose8(v);
		for (unsigned i = 0; i < 8 && row + i < 25; i++) {
			if (row + i == rate / 8 - 1)
				v[i] = _mm512_xor_si512(v[i], last);
			if (keep != 0)
				v[i] = _mm512_mask_mov_epi64(
					v[i], keep, _mm512_load_si512(k->s[row + i]));
			_mm512_store_si512(k->s[row + i], v[i]);
		}
	}
}

/* Whole rows are read and written: a narrow store would hold up the wide load that follows. */
static void add_one(struct hyb_sponges *k, unsigned lane, const uint8_t *in, size_t n)
{
	__mmask8 one = (__mmask8)(1U << lane);

	for (size_t i = 0; i < n; i += 8) {
		uint64_t word = 0;
		__m512i row = _mm512_load_si512(k->s[i / 8]);

		memcpy(&word, in + i, n - i < 8 ? n - i : 8);
		row = _mm512_mask_xor_epi64(row, one, row, _mm512_set1_epi64((long long)word));
		_mm512_store_si512(k->s[i / 8], row);
	}
}

void hyb_sponges_add_avx512(
	struct hyb_sponges *k, unsigned lanes, const uint8_t *const in[8], size_t n)
{
	unsigned many = 0;

	for (unsigned j = 0; j < lanes; j++)
		many += in[j] != NULL;
	for (unsigned j = 0; j < lanes && many == 1; j++)
		if (in[j] != NULL)
			add_one(k, j, in[j], n);
	for (size_t at = 0; at < n && many > 1; at += 64) {
		__mmask64 bytes = n - at < 64 ? (1ULL << (n - at)) - 1 : ~0ULL;
		__m512i v[8];

		for (unsigned j = 0; j < 8; j++)
			v[j] = j < lanes && in[j] != NULL
				? _mm512_maskz_loadu_epi8(bytes, in[j] + at)
				: _mm512_setzero_si512();
		transpose8(v);
		for (size_t i = 0; i < 8 && at / 8 + i < 25; i++)
			_mm512_store_si512(k->s[at / 8 + i],
				_mm512_xor_si512(_mm512_load_si512(k->s[at / 8 + i]), v[i]));
	}
}

/* Words first to first + n - 1 of every lane, n <= 8. */
static inline void squeeze_words(const struct hyb_sponges *k, unsigned lanes, uint8_t *const out[8],
	size_t at, unsigned first, unsigned n)
{
	__mmask8 words = (__mmask8)((1U << n) - 1);
	__m512i v[8];

	for (unsigned i = 0; i < 8; i++)
		v[i] = _mm512_load_si512(k->s[first + i < 25 ? first + i : 24]);
	transpose8(v);
	for (unsigned j = 0; j < 8; j++)
		if (j < lanes && out[j] != NULL)
			_mm512_mask_storeu_epi64(out[j] + at + (size_t)8 * first, words, v[j]);
}

void hyb_sponges_squeeze_avx512(struct hyb_sponges *k, unsigned lanes, uint32_t rate,
	uint8_t *const out[8], size_t n_blocks)
{
	for (size_t b = 0; b < n_blocks; b++) {
		unsigned i = 0;

		hyb_keccakf_lanes_avx512(k->s, lanes);
		for (; i + 8 <= rate / 8; i += 8)
			squeeze_words(k, lanes, out, b * rate, i, 8);
		if (rate / 8 - i == 1)
			for (unsigned j = 0; j < lanes; j++) {
				if (out[j] != NULL)
					memcpy(out[j] + b * rate + (size_t)8 * i, &k->s[i][j], 8);
			}
		else if (rate / 8 > i)
			squeeze_words(k, lanes, out, b * rate, i, rate / 8 - i);
	}
}
#endif
