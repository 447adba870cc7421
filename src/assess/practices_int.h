/*
 * practices_int.h — what the parts of the practices share.
 *
 * Ownership: rows live in the arena of the run.
 * Threads:   single-threaded.
 */
#ifndef PQM_ASSESS_PRACTICES_INT_H
#define PQM_ASSESS_PRACTICES_INT_H

#include "assess/practices.h"

/* What a target says of a role in one respect. */
struct pqm_contrast_row {
	pqm_bytes what, role, words;
	uint32_t target;
};

struct pqm_contrast_rows {
	struct pqm_arena *arena;
	struct pqm_contrast_row *row;
	size_t n, cap;
	bool failed;
};

void pqm_contrast_add(struct pqm_contrast_rows *rows, const struct pqm_contrast_row *row);
/* Turns rows into the contrasts of p: of roles that two targets have, those told differently. */
enum pqm_st pqm_contrasts(
	struct pqm_practices *p, struct pqm_contrast_rows *rows, struct pqm_err *err) PQM_MUST_USE;

#endif
