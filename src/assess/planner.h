/*
 * planner.h — in which order: jobs carry effort, prizes carry value, closures carry both.
 *
 * Shape:     minimises the sum of value x completion time under precedence. The order is made of
 *            densest closures (Sidney decomposition by minimum cuts: at most twice the optimum);
 *            each part of up to dp_max jobs is solved exactly, which makes the whole exact. Then
 *            due dates and release dates may pull jobs forward or push them back.
 * Units:     efforts, due, release, start and finish in person-days from the start of the plan.
 * Ownership: fills fields of the caller's jobs and prizes; scratch lives in the arena given.
 * Errors:    PQM_EUSAGE for a cycle, naming a job on it; PQM_ENOMEM.
 * Limits:    PQM_PLAN_JOBS_MAX jobs; PQM_PLAN_EXACT_MAX for the exact search.
 * Standard:  design/risk.md (b).
 */
#ifndef PQM_ASSESS_PLANNER_H
#define PQM_ASSESS_PLANNER_H

#include <math.h>

#include "base/arena.h"
#include "base/limits.h"

struct pqm_job {
	pqm_bytes id;	      /* breaks ties: the result does not depend on the order of jobs */
	double lo, hi;	      /* effort */
	unsigned rank;	      /* phase: order of jobs that no prize waits for */
	bool first;	      /* it and what it needs go before everything else */
	double due;	      /* INFINITY: none */
	double release;	      /* not before; 0: at once */
	const uint32_t *deps; /* indices of jobs that must be finished */
	size_t n_deps;
	/* computed */
	uint32_t order;
	double start_lo, start_hi, finish_lo, finish_hi;
	double modified_due;
};

struct pqm_prize {
	pqm_bytes id;
	double value;
	const uint32_t *deps; /* jobs */
	size_t n_deps;
	/* computed: when the last of them finishes */
	double finish_lo, finish_hi;
};

struct pqm_order {
	struct pqm_job *jobs;
	size_t n_jobs;
	struct pqm_prize *prizes;
	size_t n_prizes;
	unsigned dp_max; /* exact search in parts of up to so many jobs; 0: never */
	/* computed */
	double cost;	     /* sum of value x completion time, with mean efforts */
	bool is_exact;	     /* proved to be the least cost: no deadline or release interfered */
	bool has_insertions; /* a due date pulled a job forward */
};

enum pqm_st pqm_order_solve(
	struct pqm_order *o, struct pqm_arena *scratch, struct pqm_err *err) PQM_MUST_USE;
/* Cost of running the jobs in sequence. */
double pqm_order_cost(const struct pqm_order *o, const uint32_t *sequence);

/* ---- parts of the solver ---- */

/* A set of jobs still to be ordered, and the prizes they complete. Jobs are numbered 0..n-1 in the
 * order of their ids. */
struct pqm_part {
	size_t n, n_prizes;
	const double *effort; /* mean */
	uint32_t **deps;      /* within the part */
	size_t *n_deps;
	const double *value;   /* of prizes */
	uint32_t **prize_deps; /* within the part; done ones left out */
	size_t *n_prize_deps;
};

/* Marks the closed set of highest value per effort in `in` (n flags); false when no prize is left. */
enum pqm_st pqm_part_densest(bool *in, bool *found, const struct pqm_part *part,
	struct pqm_arena *scratch, struct pqm_err *err) PQM_MUST_USE;
/* The sequence of least cost by dynamic programming over subsets; n <= PQM_PLAN_EXACT_MAX. */
enum pqm_st pqm_part_exact(uint32_t *sequence, const struct pqm_part *part,
	struct pqm_arena *scratch, struct pqm_err *err) PQM_MUST_USE;

#endif
