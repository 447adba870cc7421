/*
 * bound.h — which asset a finding protects.
 *
 * Shape:     of each finding that a hop of an asset rests on, the asset whose decision is the most urgent; of
 *            several alike the first of the assessment, which is the worst.
 * Ownership: borrows the assessment; pqm_bound_fini gives the table back.
 * Errors:    make is false without memory.
 * Threads:   made once, read-only afterwards.
 */
#ifndef PQM_ASSESS_BOUND_H
#define PQM_ASSESS_BOUND_H

#include "base/map.h"
#include "model/assessment.h"

struct pqm_bound {
	struct pqm_arena arena;
	struct pqm_map by_id;
};

/* a may be NULL: nothing protects anything. Fini is due after a failure too. */
bool pqm_bound_make(struct pqm_bound *b, const struct pqm_assessment *a) PQM_MUST_USE;
void pqm_bound_fini(struct pqm_bound *b);
/* NULL: none. */
const struct pqm_asset_score *pqm_bound_of(
	const struct pqm_bound *b, const uint8_t finding[PQM_ID_BYTES]);

#endif
