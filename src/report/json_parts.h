/*
 * json_parts.h — the derived parts of a JSON report: graph, assessment, plan.
 *
 * Shape:     each writes one member of the document's root object.
 * Units:     probabilities 4 decimals, money and person-days 2, years 4, dates YYYY-MM-DD.
 * Errors:    kept in the output stream.
 * Threads:   single-threaded.
 * Standard:  reports/schema/report.schema.json; a tau of -infinity (never) or +infinity (broken
 *            today) is null.
 */
#ifndef PQM_REPORT_JSON_PARTS_H
#define PQM_REPORT_JSON_PARTS_H

#include "base/out.h"
#include "model/plan.h"

void pqm_json_graph(struct pqm_out *o, const struct pqm_graph *g);
void pqm_json_assessment(struct pqm_out *o, const struct pqm_assessment *a);
void pqm_json_plan(struct pqm_out *o, const struct pqm_assessment *a, const struct pqm_plan *p);

#endif
