/*
 * signs.h — signs by which functions of libraries are known inside a program without symbols.
 *
 * Shape:     parse/code_sign.h gives the meaning; here they are read from signs/.
 * Ownership: in the caller's arena; texts are borrowed from the rule set.
 * Errors:    PQM_EUSAGE "FILE:LINE: words" for anything wrong in rules/signs.
 * Threads:   const after build.
 * Rules:     a sign is { id, library, function, marks, least, why, refs, hit, miss }: function is a name of that
 *            library in libs/, or a glob when it cannot be told which of several it is; with several: true others
 *            may have that name, too; without one the sign only serves others. Marks are "-0x4180" (a number; without the minus with either sign), "bytes 0900..", "text words" (data that
 *            begins so), "name words" (a text that is no longer), "table 0100.." (data with a pointer to such),
 *            "calls ID", "reads ID" (a pointer to a table of functions). least is how many are needed: all. A '~' in
 *            a text is left out of it. Samples are marks, with "; " between them.
 *            A function with quiet: true is not descended into, and says nothing.
 */
#ifndef PQM_RULES_SIGNS_H
#define PQM_RULES_SIGNS_H

#include "parse/code_sign.h"
#include "rules/rules.h"

/* Libraries that have signs: pqm_sign.group is an index into them. */
#define PQM_SIGN_GROUPS 16

struct pqm_sign_rules {
	struct pqm_signs signs; /* of all groups */
	const struct pqm_rule *rule[PQM_SIGNS];
	pqm_bytes library[PQM_SIGN_GROUPS]; /* names in libs/ */
	size_t n_groups;
};

enum pqm_st pqm_signs_build(struct pqm_sign_rules *out, const struct pqm_rules *r,
	struct pqm_arena *arena, struct pqm_err *err) PQM_MUST_USE;
/* For `rules check`: whether these marks make the sign. */
bool pqm_sign_takes(const struct pqm_sign_rules *s, const struct pqm_rule *rule, pqm_bytes sample);

#endif
