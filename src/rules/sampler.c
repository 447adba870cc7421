#include "sampler.h"

#include "base/limits.h"
#include "sampler_int.h"

#define WORD 8
#define BITMAP_BITS 20
#define MULTIPLIER UINT64_C(0x9e3779b97f4a7c15)
#define NONE UINT32_MAX
/* Bytes that 8 windows cover. */
#define SPAN (2 * WORD - 1)

struct entry { /* a window of a pattern */
	uint32_t pattern, next;
	uint16_t at;
};

struct slot {
	uint64_t word;
	uint32_t first; /* entry; NONE: the slot is free */
};

struct pqm_sampler {
	struct pqm_sampler_set set;
	uint8_t bitmap[(size_t)1 << (BITMAP_BITS - 3)];
	struct slot *slot;
	unsigned slot_bits;
	struct entry *entry;
	size_t n_entries;
};

static uint64_t word_at(const uint8_t *p)
{
	uint64_t w;

	memcpy(&w, p, sizeof(w));
	return w;
}

static uint64_t mix(uint64_t w)
{
	return w * MULTIPLIER;
}

/* How much a byte tells: what fills files tells nothing, a repetition little. */
static unsigned worth(pqm_bytes b, size_t i)
{
	uint8_t c = b.p[i];

	return c == 0 || c == 0xff ? 0 : i > 0 && b.p[i - 1] == c ? 1 : 3;
}

/* Where the 15 bytes start that are rarest. */
static size_t rarest(pqm_bytes b)
{
	unsigned sum = 0, best = 0;
	size_t at = 0;

	for (size_t i = 0; i < b.n; i++) {
		sum += worth(b, i);
		if (i >= SPAN)
			sum -= worth(b, i - SPAN);
		if (i + 1 >= SPAN && sum > best) {
			best = sum;
			at = i + 1 - SPAN;
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

static struct slot *slot_of(const struct pqm_sampler *s, uint64_t word)
{
	size_t mask = ((size_t)1 << s->slot_bits) - 1, i = (size_t)(mix(word) >> 20) & mask;

	while (s->slot[i].first != NONE && s->slot[i].word != word)
		i = (i + 1) & mask;
	return &s->slot[i];
}

static void put_word(struct pqm_sampler *s, uint64_t word, size_t pattern, size_t at)
{
	struct slot *slot = slot_of(s, word);
	uint64_t bit = mix(word) >> (64 - BITMAP_BITS);

	s->entry[s->n_entries] = (struct entry){ (uint32_t)pattern, slot->first, (uint16_t)at };
	slot->word = word;
	slot->first = (uint32_t)s->n_entries++;
	s->bitmap[bit >> 3] |= (uint8_t)(1U << (bit & 7));
}

enum pqm_st pqm_sampler_index(struct pqm_sampler *s, struct pqm_err *err)
{
	size_t n = s->set.n * WORD;

	while (((size_t)1 << s->slot_bits) < 2 * n + 2)
		s->slot_bits++;
	s->slot = pqm_new(&s->set.arena, struct slot, (size_t)1 << s->slot_bits);
	s->entry = pqm_new(&s->set.arena, struct entry, n + 1);
	if (s->slot == NULL || s->entry == NULL)
		return pqm_fail(err, PQM_ENOMEM, "constants: out of memory");
	for (size_t i = 0; i < (size_t)1 << s->slot_bits; i++)
		s->slot[i].first = NONE;
	for (size_t i = 0; i < s->set.n; i++) {
		pqm_bytes b = s->set.sample[i].bytes;
		size_t at = rarest(b);

		for (size_t k = at; k < at + WORD; k++)
			put_word(s, word_at(b.p + k), i, k);
	}
	return PQM_OK;
}

struct pqm_sampler *pqm_sampler_empty(void)
{
	struct pqm_sampler *s = pqm_calloc(1, sizeof(*s));

	if (s != NULL)
		pqm_arena_init(&s->set.arena, PQM_ARENA_BYTES);
	return s;
}

struct pqm_sampler_set *pqm_sampler_set_of(struct pqm_sampler *s)
{
	return &s->set;
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

struct sweep {
	const struct pqm_sampler *s;
	pqm_bytes window;
	uint64_t base;
	uint32_t first;
	struct pqm_matches *out;
};

/* The word at `at` of the window is in the bitmap. */
static void look_up(const struct sweep *k, size_t at)
{
	const struct pqm_sampler *s = k->s;
	uint32_t i = slot_of(s, word_at(k->window.p + at))->first;

	for (; i != NONE; i = s->entry[i].next) {
		const struct entry *e = &s->entry[i];
		pqm_bytes b = s->set.sample[e->pattern].bytes;

		if (k->base + at < e->at)
			continue; /* it would start before the stream */
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

static inline unsigned is_set(const uint8_t *bitmap, const uint8_t *p)
{
	uint64_t bit = mix(word_at(p)) >> (64 - BITMAP_BITS);

	return (unsigned)bitmap[bit >> 3] >> (bit & 7) & 1;
}

void pqm_sampler_sweep(const struct pqm_sampler *s, pqm_bytes window, size_t n_seen, uint64_t base,
	uint32_t first, struct pqm_matches *out)
{
	struct sweep k = { s, window, base, first, out };
	const uint8_t *bitmap = s->bitmap, *p = window.p;
	/* The first word that ends behind what was seen. */
	uint64_t from = base + n_seen < WORD - 1 ? 0 : base + n_seen - (WORD - 1);
	size_t at = (size_t)(((from > base ? from : base) + WORD - 1) / WORD * WORD - base);

	for (; at + 8 * WORD <= window.n; at += 8 * WORD) {
		unsigned hits = 0;

		for (unsigned i = 0; i < 8; i++)
			hits |= is_set(bitmap, p + at + (size_t)WORD * i) << i;
		for (; hits != 0; hits &= hits - 1)
			look_up(&k, at + (size_t)WORD * (unsigned)__builtin_ctz(hits));
	}
	for (; at + WORD <= window.n; at += WORD)
		if (is_set(bitmap, p + at))
			look_up(&k, at);
}
