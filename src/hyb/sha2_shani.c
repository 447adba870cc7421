#include "hyb/sha2_blocks.h"
#include "hyb/sha2_tables.h"

#if defined(__x86_64__)
#include <immintrin.h>

/* The instructions keep the state as (A, B, E, F) and (C, D, G, H), highest word first. */
struct pair {
	__m128i abef, cdgh;
};

static inline struct pair in_order(const uint32_t h[8])
{
	__m128i dcba = _mm_loadu_si128((const __m128i *)(const void *)h);
	__m128i hgfe = _mm_loadu_si128((const __m128i *)(const void *)(h + 4));
	__m128i cdab = _mm_shuffle_epi32(dcba, 0xb1), efgh = _mm_shuffle_epi32(hgfe, 0x1b);

	return (struct pair){ _mm_alignr_epi8(cdab, efgh, 8), _mm_blend_epi16(efgh, cdab, 0xf0) };
}

static inline void out_of_order(uint32_t h[8], struct pair s)
{
	__m128i feba = _mm_shuffle_epi32(s.abef, 0x1b), dchg = _mm_shuffle_epi32(s.cdgh, 0xb1);

	_mm_storeu_si128((__m128i *)(void *)h, _mm_blend_epi16(feba, dchg, 0xf0));
	_mm_storeu_si128((__m128i *)(void *)(h + 4), _mm_alignr_epi8(dchg, feba, 8));
}

static inline struct pair four_rounds(struct pair s, __m128i w, unsigned i)
{
	__m128i kw = _mm_add_epi32(
		w, _mm_loadu_si128((const __m128i *)(const void *)(sha256_k + (size_t)4 * i)));

	s.cdgh = _mm_sha256rnds2_epu32(s.cdgh, s.abef, kw);
	s.abef = _mm_sha256rnds2_epu32(s.abef, s.cdgh, _mm_shuffle_epi32(kw, 0x0e));
	return s;
}

void hyb_sha256_blocks_shani(uint32_t h[8], const uint8_t *p, size_t n_blocks)
{
	const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
	struct pair s = in_order(h);

	for (; n_blocks > 0; n_blocks--, p += 64) {
		struct pair start = s;
		__m128i w[4];

		for (unsigned i = 0; i < 4; i++)
			w[i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(const void *)(p +
							(size_t)16 * i)),
				swap);
#pragma GCC unroll 16
		for (unsigned i = 0; i < 16; i++) {
			__m128i w0 = w[i & 3], w1 = w[(i + 1) & 3], w2 = w[(i + 2) & 3],
				w3 = w[(i + 3) & 3];

			s = four_rounds(s, w0, i);
			/* The four words that are due in four steps. */
			w0 = _mm_add_epi32(
				_mm_sha256msg1_epu32(w0, w1), _mm_alignr_epi8(w3, w2, 4));
			w[i & 3] = _mm_sha256msg2_epu32(w0, w3);
		}
		s.abef = _mm_add_epi32(s.abef, start.abef);
		s.cdgh = _mm_add_epi32(s.cdgh, start.cdgh);
	}
	out_of_order(h, s);
}
#endif
