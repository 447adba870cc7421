/*
 * lane.h — tasks beside the migration: the key-management lane, and the roadmap's own items.
 *
 * Shape:     made after the tasks of hops, assets and findings, from what practices answered, from
 *            contrasts, from keys to rotate, from stacks to pilot and from the estate as a whole.
 *            They carry no risk credit: only a dependency puts one before a task that has value.
 * Ownership: as tasks.h.
 * Errors:    in the maker's st.
 */
#ifndef PQM_ASSESS_LANE_H
#define PQM_ASSESS_LANE_H

#include "tasks_int.h"

void tk_lanes(struct tk_maker *m, const struct pqm_tasks *tasks);
/* What the rule says of lane, usual window, recurrence and performance; after its texts. */
void tk_fill_lane(struct tk_maker *m, struct tk_draft *d);

/* ---- shared by the files of this module ---- */

/* The draft of this rule for the whole run, or for the place named; UINT32_MAX when m->st fails. */
uint32_t tk_lane_draft(struct tk_maker *m, const struct pqm_rule *rule, struct tk_place place);
/* One line of where; and an asset that the task serves. */
void tk_lane_place(struct tk_maker *m, uint32_t task, pqm_bytes line);
void tk_lane_asset(struct tk_maker *m, uint32_t task, pqm_bytes id);
void tk_lane_unit(struct tk_maker *m, uint32_t task, pqm_bytes key);
/* "all": done once for everything scanned. */
struct tk_place tk_everywhere(void);
/* Tasks that this one had best precede: sorted by id at the end, PQM_LANE_PRECEDES at most. */
void tk_lane_precedes(struct tk_maker *m, uint32_t task, pqm_bytes id);

#define PQM_LANE_PRECEDES 20

/* lane_perf.c: what the task costs in bytes, CPU and time, by rules/perf/lines.yaml. */
void tk_lane_performance(struct tk_maker *m, struct tk_draft *d);
/* lane_keys.c: how often lasting keys are made anew. */
void tk_lane_keys(struct tk_maker *m);
/* lane_estate.c: what is done once for the whole estate, and roles that differ between targets. */
void tk_lane_estate(struct tk_maker *m);
/* Of a recurring task: its next time on or after the start of the run. */
int64_t tk_lane_next(struct tk_maker *m, const struct pqm_rule *rule, unsigned months);
/* lane_pilot.c: the least asset that shares the stack of one to act on. */
void tk_lane_pilots(struct tk_maker *m, const struct pqm_tasks *tasks);

#endif
