#include "sampler.h"

#include <stdlib.h>

#include "base/limits.h"
#include "sampler_int.h"

#define WORD 8
/* What the words of a pattern are worth that is looked for at multiples of 16 only, with 16 of its windows:
 * one of them stands there. Of others 8 windows are looked for at multiples of 8. */
#define TELLING 7
#define SALTS 8

/* How much a byte tells: what fills files tells nothing, a repetition little. */
static unsigned worth(pqm_bytes b, size_t i)
{
	uint8_t c = b.p[i];

	return c == 0 || c == 0xff ? 0 : i > 0 && b.p[i - 1] == c ? 1 : 3;
}

/* Where n windows start of which the plainest tells most; *least is how much. Files are full of words that are
 * zero but for a byte or two. */
static size_t rarest(pqm_bytes b, size_t n, unsigned *least)
{
	unsigned window[PQM_SAMPLE_BYTES], sum = 0;
	size_t at = 0;

	for (size_t i = 0; i < b.n; i++) {
		sum += worth(b, i);
		if (i >= WORD)
			sum -= worth(b, i - WORD);
		if (i + 1 >= WORD)
			window[i + 1 - WORD] = sum;
	}
	*least = 0;
	for (size_t i = 0; i + n + WORD - 1 <= b.n; i++) {
		unsigned min = UINT32_MAX;

		for (size_t k = i; k < i + n && min > *least; k++)
			min = window[k] < min ? window[k] : min;
		if (min > *least) {
			*least = min;
			at = i;
		}
	}
	return at;
}

bool pqm_sample_is_plain(pqm_bytes b)
{
	bool seen[256] = { false };
	size_t telling = 0, distinct = 0;

	for (size_t i = 0; i < b.n; i++) {
		telling += b.p[i] != 0 && b.p[i] != 0xff;
		distinct += !seen[b.p[i]];
		seen[b.p[i]] = true;
	}
	return telling < 8 || distinct < 4;
}

const struct pqm_sample_slot *pqm_sample_slot_of(const struct pqm_sampler *s, uint64_t word)
{
	size_t mask = ((size_t)1 << s->slot_bits) - 1;
	size_t i = (size_t)(word * UINT64_C(0x9e3779b97f4a7c15) >> (64 - s->slot_bits));

	while (s->slot[i].first != PQM_SAMPLE_NONE && s->slot[i].word != word)
		i = (i + 1) & mask;
	return &s->slot[i];
}

static void put_word(struct pqm_sampler *s, uint64_t word, struct pqm_sample_entry e)
{
	struct pqm_sample_slot *slot = &s->slot[pqm_sample_slot_of(s, word) - s->slot];

	e.next = slot->first;
	s->entry[s->n_entries] = e;
	slot->word = word;
	slot->first = (uint32_t)s->n_entries++;
}

static void put_bits(struct pqm_sampler *s)
{
	memset(s->bits, 0, sizeof(s->bits));
	for (size_t i = 0; i < s->n_entries; i++) {
		const struct pqm_sample_entry *e = &s->entry[i];
		const uint8_t *p = s->set.sample[e->pattern].bytes.p + e->at;
		uint32_t h = pqm_sample_fold(pqm_sample_word(p), s->salt);

		s->bits[pqm_sample_place(h, true)] |= pqm_sample_pair(h);
		if (!e->is_wide)
			s->bits[pqm_sample_place(h, false)] |= pqm_sample_pair(h);
	}
}

static bool is_in_bits(const struct pqm_sampler *s, uint64_t word)
{
	uint32_t h = pqm_sample_fold(word, s->salt), pair = pqm_sample_pair(h);

	return (s->bits[pqm_sample_place(h, true)] & pair) == pair ||
		(s->bits[pqm_sample_place(h, false)] & pair) == pair;
}

enum pqm_st pqm_sampler_index(struct pqm_sampler *s, struct pqm_err *err)
{
	size_t n = s->set.n * 2 * WORD;

	while (((size_t)1 << s->slot_bits) < 2 * n + 2)
		s->slot_bits++;
	s->slot = pqm_new(&s->set.arena, struct pqm_sample_slot, (size_t)1 << s->slot_bits);
	s->entry = pqm_new(&s->set.arena, struct pqm_sample_entry, n + 1);
	if (s->slot == NULL || s->entry == NULL)
		return pqm_fail(err, PQM_ENOMEM, "constants: out of memory");
	for (size_t i = 0; i < (size_t)1 << s->slot_bits; i++)
		s->slot[i].first = PQM_SAMPLE_NONE;
	for (size_t i = 0; i < s->set.n; i++) {
		pqm_bytes b = s->set.sample[i].bytes;
		unsigned least = 0;
		size_t at = rarest(b, 2 * WORD, &least);
		bool is_wide = least >= TELLING;

		if (!is_wide)
			at = rarest(b, WORD, &least);
		for (size_t k = at; k < at + (is_wide ? 2 * WORD : WORD); k++)
			put_word(s, pqm_sample_word(b.p + k),
				(struct pqm_sample_entry){ .pattern = (uint32_t)i,
					.at = (uint16_t)k,
					.is_wide = is_wide });
	}
	for (unsigned i = 0; i < SALTS; i++) {
		s->salt += UINT32_C(0x5bd1e995);
		put_bits(s);
		if (!is_in_bits(s, 0) && !is_in_bits(s, UINT64_MAX))
			break;
	}
	return PQM_OK;
}

struct pqm_sampler *pqm_sampler_empty(void)
{
	struct pqm_sampler *s = pqm_calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	pqm_arena_init(&s->set.arena, PQM_ARENA_BYTES);
#if defined(__x86_64__)
	const char *level = getenv("PQMAP_CPU");

	s->has_avx2 = __builtin_cpu_supports("avx2") && (level == NULL || strcmp(level, "c") != 0);
#endif
	return s;
}

struct pqm_sampler_set *pqm_sampler_set_of(struct pqm_sampler *s)
{
	return &s->set;
}

const struct pqm_sign_rules *pqm_sampler_signs(const struct pqm_sampler *s)
{
	return &s->set.signs;
}

void pqm_sampler_free(struct pqm_sampler *s)
{
	if (s == NULL)
		return;
	pqm_arena_fini(&s->set.arena);
	pqm_free(s);
}

enum pqm_st pqm_sampler_new(
	struct pqm_sampler **out, const struct pqm_sample *samples, size_t n, struct pqm_err *err)
{
	struct pqm_sampler *s = pqm_sampler_empty();
	enum pqm_st st = PQM_OK;

	if (s == NULL)
		return pqm_fail(err, PQM_ENOMEM, "constants: out of memory");
	for (size_t i = 0; st == PQM_OK && i < n; i++)
		st = pqm_sampler_add(s, &samples[i], err);
	if (st == PQM_OK)
		st = pqm_sampler_index(s, err);
	if (st != PQM_OK) {
		pqm_sampler_free(s);
		return st;
	}
	*out = s;
	return PQM_OK;
}

enum pqm_st pqm_sampler_add(
	struct pqm_sampler *s, const struct pqm_sample *sample, struct pqm_err *err)
{
	size_t n = sample->bytes.n;

	if (n < PQM_SAMPLE_MIN || n > PQM_SAMPLE_BYTES)
		return pqm_fail(err, PQM_EUSAGE, "%zu bytes: 15 to 4,096 are needed", n);
	if (pqm_sample_is_plain(sample->bytes))
		return pqm_fail(err, PQM_EUSAGE, "too plain: zeros, ones and few other bytes");
	if (s->set.n >= PQM_SAMPLES_MAX)
		return pqm_fail(err, PQM_ELIMIT, "more than 16,384 patterns");
	struct pqm_sample *grown = pqm_grow(&s->set.arena, s->set.sample, s->set.n, &s->set.cap);

	if (grown == NULL)
		return pqm_fail(err, PQM_ENOMEM, "constants: out of memory");
	s->set.sample = grown;
	s->set.sample[s->set.n++] = *sample;
	return PQM_OK;
}

size_t pqm_sampler_count(const struct pqm_sampler *s)
{
	return s->set.n;
}

const struct pqm_sample *pqm_sampler_at(const struct pqm_sampler *s, size_t i)
{
	return i < s->set.n ? &s->set.sample[i] : NULL;
}

size_t pqm_sampled_count(const struct pqm_sampler *s)
{
	return s->set.n_rules;
}

const struct pqm_sampled *pqm_sampled_at(const struct pqm_sampler *s, size_t i)
{
	return i < s->set.n_rules ? &s->set.rule[i] : NULL;
}

bool pqm_sampler_fits(const struct pqm_sampler *s, size_t i, pqm_bytes body, uint64_t off)
{
	const struct pqm_sample *m = pqm_sampler_at(s, i);

	return m != NULL && off <= body.n && m->bytes.n <= body.n - off &&
		memcmp(body.p + off, m->bytes.p, m->bytes.n) == 0;
}
