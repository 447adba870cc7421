#include "hyb/sha2_tables.h"
#include "hyb/slhdsa_ops.h"

#if defined(__x86_64__)
#include <immintrin.h>

/*
 * SHA-256 instructions on two or three messages at once: one alone leaves the unit idle half of the
 * time. The state stands as (A, B, E, F) and (C, D, G, H), highest word first.
 */
#define STREAMS 2
#define ALWAYS static inline __attribute__((always_inline))

struct pair {
	__m128i abef, cdgh;
};

ALWAYS __m128i load(const void *p)
{
	return _mm_loadu_si128((const __m128i *)p);
}

ALWAYS struct pair in_order(const uint32_t h[8])
{
	__m128i cdab = _mm_shuffle_epi32(load(h), 0xb1),
		efgh = _mm_shuffle_epi32(load(h + 4), 0x1b);

	return (struct pair){ _mm_alignr_epi8(cdab, efgh, 8), _mm_blend_epi16(efgh, cdab, 0xf0) };
}

ALWAYS __m128i low_words(struct pair s)
{
	return _mm_blend_epi16(
		_mm_shuffle_epi32(s.abef, 0x1b), _mm_shuffle_epi32(s.cdgh, 0xb1), 0xf0);
}

ALWAYS __m128i high_words(struct pair s)
{
	return _mm_alignr_epi8(_mm_shuffle_epi32(s.cdgh, 0xb1), _mm_shuffle_epi32(s.abef, 0x1b), 8);
}

/* One block of each stream; w is used up. */
ALWAYS void compress(struct pair s[STREAMS], __m128i w[STREAMS][4])
{
	struct pair start[STREAMS];

	for (unsigned v = 0; v < STREAMS; v++)
		start[v] = s[v];
#pragma GCC unroll 16
	for (unsigned i = 0; i < 16; i++) {
		__m128i k = load(sha256_k + (size_t)4 * i);

#pragma GCC unroll 2
		for (unsigned v = 0; v < STREAMS; v++) {
			__m128i w0 = w[v][i & 3], w1 = w[v][(i + 1) & 3], w2 = w[v][(i + 2) & 3],
				w3 = w[v][(i + 3) & 3], kw = _mm_add_epi32(w0, k);

			s[v].cdgh = _mm_sha256rnds2_epu32(s[v].cdgh, s[v].abef, kw);
			s[v].abef = _mm_sha256rnds2_epu32(
				s[v].abef, s[v].cdgh, _mm_shuffle_epi32(kw, 0x0e));
			if (i < 12) {
				w0 = _mm_add_epi32(
					_mm_sha256msg1_epu32(w0, w1), _mm_alignr_epi8(w3, w2, 4));
				w[v][i & 3] = _mm_sha256msg2_epu32(w0, w3);
			}
		}
	}
	for (unsigned v = 0; v < STREAMS; v++) {
		s[v].abef = _mm_add_epi32(s[v].abef, start[v].abef);
		s[v].cdgh = _mm_add_epi32(s[v].cdgh, start[v].cdgh);
	}
}

/* ---- chains: the value stays in two registers, shifted by two bytes behind the address ---- */
struct chain {
	__m128i head, w45; /* words 0 to 3; words 4 and 5 without the value */
	__m128i lo, hi;	   /* the value: words 0 to 3 and 4 to 7 */
};

/* Byte b of words 4 to 7, 8 to 11, 12 to 15 of the block, from byte b - 6, … of the value. */
ALWAYS void place(__m128i w[4], const struct chain *c, unsigned n)
{
	const __m128i lo1 = _mm_setr_epi8(-1, -1, -1, -1, 2, 3, -1, -1, 6, 7, 0, 1, 10, 11, 4, 5);
	const __m128i lo2 =
		_mm_setr_epi8(14, 15, 8, 9, -1, -1, 12, 13, -1, -1, -1, -1, -1, -1, -1, -1);
	const __m128i hi2 = _mm_setr_epi8(-1, -1, -1, -1, 2, 3, -1, -1, 6, 7, 0, 1, 10, 11, 4, 5);
	const __m128i hi3 =
		_mm_setr_epi8(14, 15, 8, 9, -1, -1, 12, 13, -1, -1, -1, -1, -1, -1, -1, -1);
	const int bits = 8 * (64 + 22 + (int)n);

	w[0] = c->head;
	w[1] = _mm_or_si128(c->w45, _mm_shuffle_epi8(c->lo, lo1));
	w[2] = _mm_shuffle_epi8(c->lo, lo2);
	w[3] = _mm_setr_epi32(0, 0, 0, bits);
	if (n == 16)
		w[2] = _mm_or_si128(w[2], _mm_setr_epi32(0, 0x8000, 0, 0));
	if (n > 16)
		w[2] = _mm_or_si128(w[2], _mm_shuffle_epi8(c->hi, hi2));
	if (n == 24)
		w[2] = _mm_or_si128(
			_mm_and_si128(w[2], _mm_setr_epi32(-1, -1, -1, (int)0xffff0000)),
			_mm_setr_epi32(0, 0, 0, 0x8000));
	if (n == 32)
		w[3] = _mm_or_si128(
			_mm_shuffle_epi8(c->hi, hi3), _mm_setr_epi32(0, 0x8000, 0, bits));
}

ALWAYS void one_step(struct chain c[STREAMS], struct pair mid, unsigned n)
{
	struct pair s[STREAMS];
	__m128i w[STREAMS][4];

	for (unsigned v = 0; v < STREAMS; v++) {
		place(w[v], &c[v], n);
		s[v] = mid;
	}
	compress(s, w);
	for (unsigned v = 0; v < STREAMS; v++) {
		c[v].lo = low_words(s[v]);
		c[v].hi = high_words(s[v]);
		/* The next hash address. */
		c[v].w45 = _mm_add_epi32(c[v].w45, _mm_setr_epi32(0, 1 << 16, 0, 0));
	}
}

struct address {
	enum slh_type type;
	uint32_t w1, w2, w3;
};

static void set_address(struct chain *c, const struct hyb_slh_hash *h, struct address a)
{
	c->head = _mm_setr_epi32((int)(h->layer << 24 | (uint32_t)(h->tree >> 40)),
		(int)(uint32_t)(h->tree >> 8),
		(int)((uint32_t)h->tree << 24 | (uint32_t)a.type << 16 | a.w1 >> 16),
		(int)(a.w1 << 16 | a.w2 >> 16));
	c->w45 = _mm_setr_epi32((int)(a.w2 << 16 | a.w3 >> 16), (int)(a.w3 << 16), 0, 0);
}

static void set_value(struct chain *c, const uint8_t *in, size_t n)
{
	const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
	uint8_t full[32] = { 0 };

	memcpy(full, in, n);
	c->lo = _mm_shuffle_epi8(load(full), swap);
	c->hi = _mm_shuffle_epi8(load(full + 16), swap);
	hyb_wipe(full, sizeof(full));
}

static void get_value(uint8_t *out, const struct chain *c, size_t n)
{
	const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
	__m128i hi = _mm_shuffle_epi8(c->hi, swap);

	_mm_storeu_si128((__m128i *)(void *)out, _mm_shuffle_epi8(c->lo, swap));
	if (n == 24)
		_mm_storel_epi64((__m128i *)(void *)(out + 16), hi);
	else if (n == 32)
		_mm_storeu_si128((__m128i *)(void *)(out + 16), hi);
}

ALWAYS void run(struct chain c[STREAMS], const struct hyb_slh_hash *h,
	const struct hyb_slh_chains *j, const unsigned item[STREAMS], unsigned n)
{
	struct pair mid = in_order(h->mid256);
	uint32_t step = 1, steps = 0;

	if (j->type_prf != SLH_WOTS_HASH)
		step = 0;
	for (unsigned v = 0; v < STREAMS; v++)
		steps = j->at[item[v]] > steps ? j->at[item[v]] : steps;
	if (j->out != NULL)
		steps = j->steps;
	/* Step 0 is PRF. */
	for (;; step++) {
		for (unsigned v = 0; step > 0 && v < STREAMS; v++) {
			unsigned i = item[v];

			if (step == 1)
				set_address(&c[v], h,
					(struct address){
						j->type_f, j->w1[i], j->w2[i], j->w3[i] });
			if (j->cap[i] != NULL && j->at[i] == step - 1)
				get_value(j->cap[i], &c[v], n);
		}
		if (step > steps)
			break;
		one_step(c, mid, n);
	}
}

static void two_chains(
	const struct hyb_slh_hash *h, const struct hyb_slh_chains *j, const unsigned item[STREAMS])
{
	struct chain c[STREAMS];
	size_t n = h->p->n;

	for (unsigned v = 0; v < STREAMS; v++) {
		unsigned i = item[v];
		bool has_prf = j->type_prf != SLH_WOTS_HASH;

		set_address(
			&c[v], h, (struct address){ j->type_prf, j->w1[i], j->w2[i], j->w3[i] });
		set_value(&c[v], has_prf ? h->sk_seed : j->in[i], n);
	}
	if (n == 16)
		run(c, h, j, item, 16);
	else if (n == 24)
		run(c, h, j, item, 24);
	else
		run(c, h, j, item, 32);
	for (unsigned v = 0; j->out != NULL && v < STREAMS; v++)
		get_value(j->out + item[v] * n, &c[v], n);
	hyb_wipe(c, sizeof(c));
}

void hyb_slh_chains_sha2_shani(const struct hyb_slh_hash *h, const struct hyb_slh_chains *j)
{
	for (unsigned at = 0; at < j->n_items; at += STREAMS) {
		unsigned item[STREAMS];

		/* An odd one runs twice. */
		for (unsigned v = 0; v < STREAMS; v++)
			item[v] = at + v < j->n_items ? at + v : at;
		two_chains(h, j, item);
	}
}

/* ---- H and T_l ---- */
void hyb_slh_thash_sha256_shani(const struct hyb_slh_hash *h, const struct hyb_slh_thash *j)
{
	const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
	size_t n_blocks = hyb_slh_msg_blocks(j->in_n, 64), n = h->p->n;

	for (unsigned at = 0; at < j->n_items; at += STREAMS) {
		struct hyb_slh_msg m[STREAMS];
		struct pair s[STREAMS];
		unsigned last = j->n_items - at < STREAMS ? j->n_items - at : STREAMS;

		for (unsigned v = 0; v < STREAMS; v++) {
			hyb_slh_msg_init(&m[v], h, j, v < last ? at + v : at);
			s[v] = in_order(h->mid256);
		}
		for (size_t b = 0; b < n_blocks; b++) {
			__m128i w[STREAMS][4];

			for (unsigned v = 0; v < STREAMS; v++) {
				uint8_t block[64];
				const uint8_t *p = hyb_slh_msg_block(block, &m[v], 64, b);

				for (size_t i = 0; i < 4; i++)
					w[v][i] = _mm_shuffle_epi8(load(p + 16 * i), swap);
			}
			compress(s, w);
		}
		for (unsigned v = 0; v < last; v++) {
			struct chain c = { .lo = low_words(s[v]), .hi = high_words(s[v]) };

			get_value(j->out + (at + v) * n, &c, n);
		}
	}
}
#endif
