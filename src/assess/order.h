/*
 * order.h — the parts of planner.h that look for an order: blocks, exact search, local search.
 *
 * Shape:     nodes are jobs, and prizes that wait for several jobs and take no effort themselves. What a
 *            node depends on has a lower number, so counting up is a feasible order. A part is closed:
 *            what it needs outside of it is done.
 * Units:     effort in person-days; cost is the sum of value x completion time from the part's start.
 * Ownership: outputs and scratch live in the arena given.
 * Errors:    PQM_ENOMEM.
 * Limits:    PQM_PLAN_EXACT_MAX jobs in the exact search, PQM_PLAN_SEARCH_STEPS in the local one.
 */
#ifndef PQM_ASSESS_ORDER_H
#define PQM_ASSESS_ORDER_H

#include <math.h>

#include "base/arena.h"
#include "base/limits.h"

struct pqm_part {
	uint32_t n, n_jobs; /* the first n_jobs nodes are jobs */
	double *effort, *value;
	uint32_t *dep_at, *dep; /* node i needs dep[dep_at[i]] up to dep[dep_at[i + 1]] */
};

/* A run of nodes that the best order keeps together: no closed set in it is denser than all of it. */
struct pqm_block {
	uint32_t from, to; /* in the array of nodes */
	double density;	   /* value per effort; never rises from block to block */
};

/* Sidney decomposition: puts the part's nodes into node, block after block, within a block as numbered.
 * Some least-cost order runs the blocks one after the other. Nodes without value that nothing with value
 * needs are the last blocks, of density 0. */
enum pqm_st pqm_part_sidney(uint32_t *node, struct pqm_block **blocks, size_t *n_blocks,
	const struct pqm_part *part, struct pqm_arena *arena, struct pqm_err *err) PQM_MUST_USE;
/* The sequence of least cost by dynamic programming over sets of jobs; n_jobs <= PQM_PLAN_EXACT_MAX. */
enum pqm_st pqm_part_exact(uint32_t *sequence, const struct pqm_part *part, struct pqm_arena *arena,
	struct pqm_err *err) PQM_MUST_USE;
/* A good sequence: densest closures from both ends, then moves of runs with what they need. Uses up steps;
 * bound is a cost that no order is below. */
enum pqm_st pqm_part_search(uint32_t *sequence, double *bound, uint64_t *steps,
	const struct pqm_part *part, struct pqm_arena *arena, struct pqm_err *err) PQM_MUST_USE;
/* Cost of a sequence of all nodes. */
double pqm_part_cost(const struct pqm_part *part, const uint32_t *sequence);

#endif
