/*
 * score_json.h — what explains an asset's score in the JSON report.
 *
 * Shape:     each writes members of the object that is open.
 * Units:     probabilities 4 decimals, money 2.
 * Errors:    kept in the output stream.
 * Threads:   single-threaded.
 * Standard:  reports/schema/report.schema.json.
 */
#ifndef PQM_REPORT_SCORE_JSON_H
#define PQM_REPORT_SCORE_JSON_H

#include "base/out.h"
#include "model/assessment.h"

/* Members of an asset's score beyond its probabilities and uses. */
void pqm_json_score(struct pqm_out *o, const struct pqm_asset_score *s);
/* "inputs" of a use with a hop: each value and what it rests on. */
void pqm_json_inputs(struct pqm_out *o, const struct pqm_asset *a, const struct pqm_use_score *u);
/* "shor", "conditioned" and "notes" of a use */
void pqm_json_evidence(struct pqm_out *o, const struct pqm_asset *a, const struct pqm_use_score *u);
/* "flips" */
void pqm_json_flips(struct pqm_out *o, const struct pqm_asset_score *s);
/* The loss curve of each scenario. */
void pqm_json_losses(struct pqm_out *o, const struct pqm_assessment *a);

#endif
