/*
 * words.h — what `emit` of a rule says, with what the catalogue says of its family.
 *
 * Ownership: texts are borrowed from the rule set.
 * Errors:    PQM_EUSAGE "FILE:LINE: words".
 * Threads:   pure.
 */
#ifndef PQM_RULES_WORDS_H
#define PQM_RULES_WORDS_H

#include "rules/rules.h"

/* Fills family, algorithm, parameter, function and statuses; the rest of f is emptied. */
enum pqm_st pqm_rule_emit(struct pqm_found *f, const struct pqm_rules *r,
	const struct pqm_rule *rule, struct pqm_err *err) PQM_MUST_USE;

#endif
