/*
 * planner.h — in which order: jobs carry effort, prizes carry value, closures carry both.
 *
 * Shape:     minimises the sum of value x completion time under precedence. Some best order runs
 *            the blocks of the Sidney decomposition one after the other (order.h); blocks of up to dp_max
 *            jobs are solved exactly, which makes the whole exact, larger ones by local search, at most
 *            twice the optimum. Then due dates and release dates may pull jobs forward or push
 *            them back.
 * Units:     efforts, due, release, start and finish in person-days from the start of the plan.
 * Ownership: fills fields of the caller's jobs and prizes; scratch lives in the arena given.
 * Errors:    PQM_EUSAGE for a cycle, naming a job on it; PQM_ENOMEM.
 * Limits:    PQM_PLAN_JOBS_MAX jobs; those of order.h.
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
	bool is_inserted; /* a due date pulled it before a job of more worth */
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
	double worth_cost;   /* that of the order before due dates and releases changed it */
	double bound;	     /* worth_cost of no order of these jobs is below */
	bool is_exact;	     /* proved to be the least cost: no deadline or release interfered */
	bool has_insertions; /* a due date pulled a job forward */
};

enum pqm_st pqm_order_solve(
	struct pqm_order *o, struct pqm_arena *scratch, struct pqm_err *err) PQM_MUST_USE;
/* Cost of running the jobs in sequence. */
double pqm_order_cost(const struct pqm_order *o, const uint32_t *sequence);

#endif
