/*
 * json_parts.h — parts of a JSON report that have files of their own, or stand in streams too.
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

#include "assess/practices.h"
#include "base/out.h"
#include "model/gate.h"
#include "model/inventory.h"
#include "model/plan.h"

/* Of the inventory: one finding, and the members "targets" and "coverage". */
void pqm_json_finding(
	struct pqm_out *o, const char *key /* may be NULL */, const struct pqm_finding *f);
void pqm_json_targets(struct pqm_out *o, const struct pqm_inventory *inv);
void pqm_json_coverage(struct pqm_out *o, const struct pqm_coverage *c);

void pqm_json_graph(struct pqm_out *o, const struct pqm_graph *g);
/* With the deciding path of each asset through g. */
void pqm_json_assessment(
	struct pqm_out *o, const struct pqm_graph *g, const struct pqm_assessment *a);
/* With the tasks of the plan that each question calls for. */
void pqm_json_practices(
	struct pqm_out *o, const struct pqm_practices *p, const struct pqm_plan *plan);
/* Of a task, inside its object: lane, practices, rotation, performance. */
void pqm_json_lane(struct pqm_out *o, const struct pqm_task *t);
void pqm_json_plan(struct pqm_out *o, const struct pqm_assessment *a, const struct pqm_plan *p);
/* Of the plan, inside its object: phases and windows; what_if when asked for. */
void pqm_json_stages(struct pqm_out *o, const struct pqm_plan *p);
/* NULL: there is no gate, and nothing is written. */
void pqm_json_gate(struct pqm_out *o, const struct pqm_gate *g);
void pqm_json_what_if(struct pqm_out *o, const struct pqm_plan *p);

#endif
