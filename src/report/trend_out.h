/*
 * trend_out.h — the runs before this one, in JSON and in the table.
 *
 * Ownership: borrows.
 * Errors:    kept in the output stream.
 * Threads:   single-threaded.
 */
#ifndef PQM_REPORT_TREND_OUT_H
#define PQM_REPORT_TREND_OUT_H

#include "report/writer.h"

/* The member "trend"; nothing without --trend. */
void pqm_json_trend(struct pqm_out *o, const struct pqm_trend *t /* may be NULL */);
/* One or two lines: since when, what came and went, how the loss moved. a is scratch. */
void pqm_table_trend(
	struct pqm_out *o, const struct pqm_trend *t /* may be NULL */, struct pqm_arena *a);
/* Counts of a run by status. */
void pqm_trend_by_quantum(uint64_t n[PQM_TREND_QUANTA], const struct pqm_trend_run *r);
/* Fills t->moves: the assets whose score or decision is another than in the run before, and what decides now.
 * false: no room in t->arena. */
bool pqm_trend_moves(struct pqm_trend *t, const struct pqm_assessment *a) PQM_MUST_USE;
/* "2 appeared, 3 fixed; expected loss 542 -> 404 M USD, because of …", for the table and the page. */
pqm_bytes pqm_trend_words(struct pqm_arena *a, const struct pqm_trend *t);

#endif
