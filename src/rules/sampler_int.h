/*
 * sampler_int.h — what the parts of the sampler share. Not for other files.
 *
 * Shape:     patterns and rules are added one by one, then indexed once.
 * Ownership: everything is in the set's arena, but for texts of the rule set.
 * Threads:   one, until the sampler is handed out.
 */
#ifndef PQM_RULES_SAMPLER_INT_H
#define PQM_RULES_SAMPLER_INT_H

#include "rules/sampler.h"

struct pqm_sampler_set {
	struct pqm_arena arena;
	struct pqm_sample *sample;
	size_t n, cap;
	struct pqm_sampled *rule;
	size_t n_rules;
	struct pqm_sign_rules signs;
};

#define PQM_SAMPLE_NONE UINT32_MAX
/* Two tables of words of 32 bits in one: of the windows that can stand at a multiple of 16, and, small enough
 * for the first cache, of those that can also stand between. A word of the file is folded to 32 bits: from the
 * top its place in the table, then two bits that are set there. */
#define PQM_SAMPLE_WIDE 15 /* bits of a place */
#define PQM_SAMPLE_NARROW 12
#define PQM_SAMPLE_BITS ((1U << PQM_SAMPLE_WIDE) + (1U << PQM_SAMPLE_NARROW))

struct pqm_sample_entry { /* a window of a pattern */
	uint32_t pattern, next;
	uint16_t at;
	bool is_wide; /* looked for at multiples of 16 only */
};

struct pqm_sample_slot {
	uint64_t word;
	uint32_t first; /* entry; PQM_SAMPLE_NONE: the slot is free */
};

struct pqm_sampler {
	struct pqm_sampler_set set;
	_Alignas(64) uint32_t bits[PQM_SAMPLE_BITS];
	struct pqm_sample_slot *slot;
	unsigned slot_bits;
	struct pqm_sample_entry *entry;
	size_t n_entries;
	uint32_t salt; /* so that words of zeros, which are everywhere, are in no table */
	bool has_avx2;
};

static inline uint64_t pqm_sample_word(const uint8_t *p)
{
	uint64_t w;

	memcpy(&w, p, sizeof(w));
	return w;
}

static inline uint32_t pqm_sample_fold(uint64_t w, uint32_t salt)
{
	uint32_t lo = (uint32_t)w * UINT32_C(0x9e3779b1);
	uint32_t hi = (uint32_t)(w >> 32) * UINT32_C(0x85ebca6b);

	return lo + (hi << 13 | hi >> 19) + salt;
}

static inline uint32_t pqm_sample_place(uint32_t h, bool is_wide)
{
	return is_wide ? h >> (32 - PQM_SAMPLE_WIDE)
		       : (1U << PQM_SAMPLE_WIDE) + (h >> (32 - PQM_SAMPLE_NARROW));
}

/* Both from below the place. */
static inline uint32_t pqm_sample_pair(uint32_t h)
{
	return UINT32_C(1) << (h >> 12 & 31) | UINT32_C(1) << (h >> 7 & 31);
}

/* Of the word, or the free one where it would stand. */
const struct pqm_sample_slot *pqm_sample_slot_of(const struct pqm_sampler *s, uint64_t word);
struct pqm_sampler *pqm_sampler_empty(void); /* NULL without memory; returned owned */
struct pqm_sampler_set *pqm_sampler_set_of(struct pqm_sampler *s);
/* Copies the sample, not what it points to. PQM_EUSAGE: it is too short, too long or too plain. */
enum pqm_st pqm_sampler_add(
	struct pqm_sampler *s, const struct pqm_sample *sample, struct pqm_err *err) PQM_MUST_USE;
enum pqm_st pqm_sampler_index(struct pqm_sampler *s, struct pqm_err *err) PQM_MUST_USE;
/* Bytes that are everywhere: fewer than 8 that are neither 00 nor ff, or fewer than 4 different ones. */
bool pqm_sample_is_plain(pqm_bytes b);

#endif
