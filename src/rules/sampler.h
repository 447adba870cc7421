/*
 * sampler.h — finds long constants of cryptography in code and data, in one pass.
 *
 * Shape:     a pattern of at least 15 bytes covers a whole window of 8 bytes whose offset is a multiple
 *            of 8, wherever it stands. Of each pattern 8 windows, one for each place of its start, go
 *            to a table; the sweep takes one word of the file in eight bytes, asks a bitmap in the
 *            cache, then the table, then compares the pattern.
 * Units:     offsets in bytes from the start of the swept stream.
 * Ownership: the sampler owns patterns and tables; rule texts are borrowed from the rule set.
 * Errors:    PQM_EUSAGE "FILE:LINE: words" for anything wrong in rules/constants and rules/static.
 * Threads:   const after build; shared by all workers.
 * Limits:    16,384 patterns of 15 to 4,096 bytes.
 * Rules:     a constant is { id, emit, needs, why, refs, patterns, hit, miss } with emit { family,
 *            parameter, algorithm, function, quantum }, of which the catalogue gives what is left out;
 *            patterns a text with "ROLE LAYOUT BASE64" on each line; needs the number of roles that
 *            must be there (1). A library is { id, library, markers, why, refs, hit, miss }: texts
 *            that its code holds; with codes, least, times and first: numbers that its functions give back
 *            (detect/static.h). A '~' in a marker or a sample is left out of it: no file of rules,
 *            and no program that holds them, then looks like the library.
 */
#ifndef PQM_RULES_SAMPLER_H
#define PQM_RULES_SAMPLER_H

#include "rules/matcher.h"
#include "rules/rules.h"
#include "rules/signs.h"

#define PQM_SAMPLE_MIN 15

/* What some patterns mean. */
struct pqm_sampled {
	const struct pqm_rule *rule;
	size_t index; /* from 0 */
	pqm_bytes
		library; /* what a marker belongs to; empty: it is a constant, and the rest says what of */
	pqm_bytes family, algorithm, parameter, why, fix;
	enum pqm_function function;
	enum pqm_quantum quantum;
	enum pqm_classical classical;
	uint64_t needs;
};

struct pqm_sample {
	const struct pqm_sampled *of;
	pqm_bytes role, layout; /* "Gx", "montgomery" */
	pqm_bytes bytes;
};

struct pqm_sampler;

/* From r's rules under constants/ and static/; *out is returned owned. */
enum pqm_st pqm_sampler_build(
	struct pqm_sampler **out, const struct pqm_rules *r, struct pqm_err *err) PQM_MUST_USE;
void pqm_sampler_free(struct pqm_sampler *s); /* may be NULL */
/* The same from patterns alone: rules and texts are the caller's, and stay. */
enum pqm_st pqm_sampler_new(struct pqm_sampler **out, const struct pqm_sample *samples, size_t n,
	struct pqm_err *err) PQM_MUST_USE;

size_t pqm_sampler_count(const struct pqm_sampler *s);
const struct pqm_sample *pqm_sampler_at(const struct pqm_sampler *s, size_t i);
size_t pqm_sampled_count(const struct pqm_sampler *s);
const struct pqm_sampled *pqm_sampled_at(const struct pqm_sampler *s, size_t i);

/* The signs of functions of libraries that are compiled in, which are read with the rest. */
const struct pqm_sign_rules *pqm_sampler_signs(const struct pqm_sampler *s);

/* Whether a file that begins like this can hold machine code and what it computes with: programs,
 * libraries, objects and archives of them. */
bool pqm_sampler_wants(pqm_bytes head);

/* Reports patterns whose window ends behind the first n_seen bytes of the window of the stream; base is the
 * stream offset of window.p[0]. A match's pattern is first + its index. What lies in part outside of the
 * window is reported on its eight bytes alone: ask pqm_sampler_fits. What does not fit sets is_full. */
void pqm_sampler_sweep(const struct pqm_sampler *s, pqm_bytes window, size_t n_seen, uint64_t base,
	uint32_t first, struct pqm_matches *out);
/* True when the pattern stands at off in body. */
bool pqm_sampler_fits(const struct pqm_sampler *s, size_t i, pqm_bytes body, uint64_t off);

/* For `rules check`: whether the sample (base64 of bytes, or text of a library) gives the rule, at each of
 * the eight places where it can start. */
bool pqm_sampler_takes(const struct pqm_sampler *s, const struct pqm_rule *rule, pqm_bytes sample);

#endif
