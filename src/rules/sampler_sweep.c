/* sampler_sweep.c — one word of the stream in eight bytes, against the tables of the sampler. */
#include "sampler_int.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define WORD 8
#define STEP (8 * WORD)
/* How far in front the stream is fetched: look-ups keep the machine from doing it in time. */
#define AHEAD 4096

struct sweep {
	const struct pqm_sampler *s;
	pqm_bytes window;
	uint64_t base;
	uint32_t first;
	struct pqm_matches *out;
};

/* The word at `at` of the window is in the tables. */
static void look_up(const struct sweep *k, size_t at)
{
	const struct pqm_sampler *s = k->s;
	uint32_t i = pqm_sample_slot_of(s, pqm_sample_word(k->window.p + at))->first;
	bool is_wide = (k->base + at) % 16 == 0;

	for (; i != PQM_SAMPLE_NONE; i = s->entry[i].next) {
		const struct pqm_sample_entry *e = &s->entry[i];
		pqm_bytes b = s->set.sample[e->pattern].bytes;

		if (e->is_wide > is_wide || k->base + at < e->at)
			continue; /* found elsewhere; or it would start before the stream */
		if (at >= e->at && b.n <= k->window.n - (at - e->at) &&
			memcmp(k->window.p + (at - e->at), b.p, b.n) != 0)
			continue;
		if (k->out->n == k->out->cap) {
			k->out->is_full = true;
			return;
		}
		k->out->match[k->out->n++] =
			(struct pqm_match){ k->base + at - e->at, k->first + e->pattern };
	}
}

static void try_word(const struct sweep *k, size_t at)
{
	uint32_t h = pqm_sample_fold(pqm_sample_word(k->window.p + at), k->s->salt);
	uint32_t pair = pqm_sample_pair(h);

	if ((k->s->bits[pqm_sample_place(h, (k->base + at) % 16 == 0)] & pair) == pair)
		look_up(k, at);
}

#if defined(__x86_64__)
/* Eight words at once, the first at a multiple of 16; returns where it stopped. */
__attribute__((target("avx2"))) static size_t sweep_avx2(const struct sweep *k, size_t at)
{
	const uint8_t *p = k->window.p;
	const int *bits = (const int *)k->s->bits;
	const __m256i factor = _mm256_set1_epi64x((long long)UINT64_C(0x85ebca6b9e3779b1));
	const __m256i salt = _mm256_set1_epi32((int)k->s->salt);
	const __m256i one = _mm256_set1_epi32(1), low5 = _mm256_set1_epi32(31);
	/* Lanes are words 0 1 4 5 2 3 6 7: wide and narrow in turn. */
	const __m256i shift = _mm256_set1_epi64x(
		(long long)((uint64_t)(32 - PQM_SAMPLE_NARROW) << 32 | (32 - PQM_SAMPLE_WIDE)));
	const __m256i from = _mm256_set1_epi64x((long long)(UINT64_C(1) << (32 + PQM_SAMPLE_WIDE)));

	for (; at + STEP <= k->window.n; at += STEP) {
		/* The address may lie behind the window: a fetch does not fault. */
		_mm_prefetch((const char *)((uintptr_t)(p + at) + AHEAD), _MM_HINT_T0);
		__m256i x = _mm256_loadu_si256((const __m256i *)(const void *)(p + at));
		__m256i y = _mm256_loadu_si256((const __m256i *)(const void *)(p + at + 32));

		x = _mm256_mullo_epi32(x, factor);
		y = _mm256_mullo_epi32(y, factor);
		__m256i lo = _mm256_castps_si256(
			_mm256_shuffle_ps(_mm256_castsi256_ps(x), _mm256_castsi256_ps(y), 0x88));
		__m256i hi = _mm256_castps_si256(
			_mm256_shuffle_ps(_mm256_castsi256_ps(x), _mm256_castsi256_ps(y), 0xdd));
		hi = _mm256_or_si256(_mm256_slli_epi32(hi, 13), _mm256_srli_epi32(hi, 19));
		__m256i h = _mm256_add_epi32(_mm256_add_epi32(lo, hi), salt);
		__m256i place = _mm256_add_epi32(_mm256_srlv_epi32(h, shift), from);
		__m256i pair = _mm256_or_si256(
			_mm256_sllv_epi32(one, _mm256_and_si256(_mm256_srli_epi32(h, 12), low5)),
			_mm256_sllv_epi32(one, _mm256_and_si256(_mm256_srli_epi32(h, 7), low5)));
		__m256i w = _mm256_and_si256(_mm256_i32gather_epi32(bits, place, 4), pair);
		unsigned hits = (unsigned)_mm256_movemask_ps(
			_mm256_castsi256_ps(_mm256_cmpeq_epi32(w, pair)));

		for (; hits != 0; hits &= hits - 1) {
			unsigned lane = (unsigned)__builtin_ctz(hits);

			look_up(k,
				at + (size_t)WORD * ((lane & 1) + (lane & 2) * 2 + (lane & 4) / 2));
		}
	}
	return at;
}
#endif

void pqm_sampler_sweep(const struct pqm_sampler *s, pqm_bytes window, size_t n_seen, uint64_t base,
	uint32_t first, struct pqm_matches *out)
{
	struct sweep k = { s, window, base, first, out };
	/* The first word that ends behind what was seen. */
	uint64_t from = base + n_seen < WORD - 1 ? 0 : base + n_seen - (WORD - 1);
	size_t at = (size_t)(((from > base ? from : base) + WORD - 1) / WORD * WORD - base);

	if ((base + at) % 16 != 0 && at + WORD <= window.n) {
		try_word(&k, at);
		at += WORD;
	}
#if defined(__x86_64__)
	if (s->has_avx2)
		at = sweep_avx2(&k, at);
#endif
	for (; at + WORD <= window.n; at += WORD)
		try_word(&k, at);
}
