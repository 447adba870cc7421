/*
 * assess.h — scores and plan from a graph.
 *
 * Ownership: fills its output (init by the caller); borrows graph, inventory and rules, which must
 *            outlive it.
 * Errors:    PQM_EUSAGE for broken risk or plan rules, unknown curve or regime; PQM_ENOMEM.
 * Standard:  design/risk.md.
 */
#ifndef PQM_ASSESS_ASSESS_H
#define PQM_ASSESS_ASSESS_H

#include "assess/practices.h"
#include "model/bench.h"
#include "model/plan.h"
#include "rules/rules.h"

struct pqm_assess_options {
	int64_t now_days;
	pqm_bytes curve; /* id of rules/risk/curves.yaml; empty: the recommended one */
	const struct pqm_arrival *house; /* a curve of the user's own; NULL: curve names it */
	const pqm_bytes *regimes;	 /* deadline regimes chosen by the user */
	size_t n_regimes;
	double capacity;    /* person-days a month */
	int64_t start_days; /* plan start; normally now */
	pqm_bytes
		what_if; /* tasks taken as done: ids, types or numbers, commas between; or empty */
	const struct pqm_bench
		*bench; /* where costs come from; NULL: costs say what the rules say */
	const struct pqm_practices *practices; /* NULL: no tasks from them */
};

/* Scores every asset and builds the plan; Y comes out of the plan and is fed back until the dates
 * settle. */
enum pqm_st pqm_assess(struct pqm_assessment *a, struct pqm_plan *plan, const struct pqm_rules *r,
	const struct pqm_inventory *inv, const struct pqm_graph *g,
	const struct pqm_assess_options *opt, struct pqm_err *err) PQM_MUST_USE;

#endif
