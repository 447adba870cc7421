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
};

struct pqm_sampler *pqm_sampler_empty(void); /* NULL without memory; returned owned */
struct pqm_sampler_set *pqm_sampler_set_of(struct pqm_sampler *s);
/* Copies the sample, not what it points to. PQM_EUSAGE: it is too short, too long or too plain. */
enum pqm_st pqm_sampler_add(
	struct pqm_sampler *s, const struct pqm_sample *sample, struct pqm_err *err) PQM_MUST_USE;
enum pqm_st pqm_sampler_index(struct pqm_sampler *s, struct pqm_err *err) PQM_MUST_USE;
/* Bytes that are everywhere: fewer than 8 that are neither 00 nor ff, or fewer than 4 different ones. */
bool pqm_sample_is_plain(pqm_bytes b);

#endif
