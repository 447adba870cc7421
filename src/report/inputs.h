/*
 * inputs.h — what a score was computed from, and what each of those values rests on.
 *
 * Shape:     the seven inputs of a use, in the order in which they are shown.
 * Units:     years; letters and classes as in the vector string.
 * Ownership: words are borrowed from the graph and the assessment; values are the struct's own.
 * Errors:    none.
 * Threads:   pure.
 * Standard:  design/risk.md (a), inputs X Y W E C A I.
 */
#ifndef PQM_REPORT_INPUTS_H
#define PQM_REPORT_INPUTS_H

#include "model/assessment.h"

#define PQM_INPUTS 7
#define PQM_INPUT_TEXT (PQM_LAYERS_MAX * 8 + 1)

struct pqm_input {
	const char *key, *title; /* "in_use", "In use" */
	bool is_number;
	double number;
	char text[PQM_INPUT_TEXT]; /* where it is no number */
	struct pqm_by by;
};

/* u must have a hop of a. */
void pqm_inputs_of(
	struct pqm_input out[PQM_INPUTS], const struct pqm_asset *a, const struct pqm_use_score *u);

/* What one run of Shor's algorithm opens: evidence beside the probability, never inside it. */
struct pqm_shor {
	const char *runs; /* "per-session", "per-key", "none" */
	const char *opens;
};

struct pqm_shor pqm_shor_of(const struct pqm_use_score *u);

/* What to know before the numbers of a use are quoted; NULL: nothing. */
const char *pqm_note_capped(const struct pqm_use_score *u);
const char *pqm_note_conditioned(const struct pqm_use_score *u);

#endif
