/*
 * tasks.h — which tasks a graph and its findings call for, by rules/plan.
 *
 * Shape:     a task per type and place; each hop gets steps, the tasks that raise its coverage.
 * Units:     effort in person-days.
 * Ownership: text and arrays live in the arena given, or belong to rules, graph and inventory.
 * Errors:    PQM_EUSAGE for a broken rule, with its file and line; PQM_ENOMEM.
 * Limits:    PQM_PLAN_JOBS_MAX tasks; further places of a type are folded into one.
 * Standard:  design/risk.md (b).
 */
#ifndef PQM_ASSESS_TASKS_H
#define PQM_ASSESS_TASKS_H

#include "model/bench.h"
#include "model/plan.h"
#include "risk.h"

#define PQM_STEPS_MAX 8

/* One task on the way of a hop, and the coverage that holds once it is done: F, E or 0 for none. */
struct pqm_step {
	uint32_t task;
	char reaches;
};

struct pqm_hop_steps {
	struct pqm_step step[PQM_STEPS_MAX];
	size_t n;
};

struct pqm_tasks {
	struct pqm_task *task; /* by id; computed fields are zero */
	size_t n;
	struct pqm_hop_steps **steps; /* by asset, by hop of the graph */
	unsigned phase_window[8];     /* usual window of each phase, from 1 */
	pqm_bytes phase_name[8];
};

struct pqm_run;

struct pqm_tasks_from {
	const struct pqm_rules *rules;
	const struct pqm_risk_params *p;
	const struct pqm_inventory *inv;
	const struct pqm_graph *g;
	const struct pqm_bench *bench;	       /* what the costs come from; may be NULL */
	const struct pqm_practices *practices; /* may be NULL */
	struct pqm_run *run;		       /* uses and duties, for lanes; may be NULL */
	const pqm_bytes *regimes;	       /* chosen by the user */
	size_t n_regimes;
};

enum pqm_st pqm_tasks_build(struct pqm_tasks *out, const struct pqm_tasks_from *from,
	struct pqm_arena *arena, struct pqm_err *err) PQM_MUST_USE;

/* For the rule checker: whether a rule of rules/plan takes the sample "hop task=x use=K",
 * "finding classical=broken", "asset life=assumed", "needed by TYPE" or "phase 1". */
bool pqm_plan_rule_takes(const struct pqm_rules *r, const struct pqm_rule *rule, pqm_bytes sample);

/* ---- shared by the files of this module ---- */

/* A thing that a rule may match, as words: task=x use=K … */
struct pqm_trait {
	const char *key;
	pqm_bytes value;
};

#define PQM_TRAITS_MAX 10

struct pqm_traits {
	const char *kind; /* hop, finding, asset, practice, contrast, estate, keys, pilot */
	struct pqm_trait t[PQM_TRAITS_MAX];
	size_t n;
};

void pqm_traits_of_hop(struct pqm_traits *out, const struct pqm_hop *h, char letters[4][2]);
/* Every key of the map fits: equal to its value, or to one of its list. */
bool pqm_traits_fit(const struct pqm_traits *t, const struct pqm_yaml *conditions);
/* Some entry of the rule's `when` fits. */
bool pqm_rule_wants(const struct pqm_rule *rule, const struct pqm_traits *t);
const struct pqm_rule *pqm_plan_type(const struct pqm_rules *r, pqm_bytes type);
#endif
