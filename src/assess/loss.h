/*
 * loss.h — what the exact loss curve and the one on a grid share.
 *
 * Shape:     an estate is the roots with their exposures, as money.h gives them.
 * Units:     as in money.h.
 * Ownership: borrows; results live in the estate's arena.
 * Errors:    PQM_ENOMEM only.
 * Threads:   pure.
 * Limits:    PQM_LOSS_ATOMS_MAX, PQM_LOSS_GRID, PQM_LOSS_ARRIVALS_MAX.
 * Standard:  design/risk.md, 'Money and other repairs' 3.
 */
#ifndef PQM_ASSESS_LOSS_H
#define PQM_ASSESS_LOSS_H

#include "money.h"

#define PQM_LOSS_STEP_YEARS 0.25 /* arrival grid where content flows */
#define PQM_LOSS_STREAMS 10	 /* subsets of the streams of one root are enumerated up to this */

struct pqm_loss_estate {
	const struct pqm_scene *in;
	double a;
	const struct pqm_root *roots;
	size_t n_roots;
	struct pqm_exposure **lumps; /* by root */
	size_t *n_lumps;
	struct pqm_streams *streams;
	struct pqm_arena *arena;
};

/* Distribution of a sum: rising amounts. */
struct pqm_loss_dist {
	struct pqm_loss_point *at;
	size_t n;
};

/* What root loses of its flows when the machine comes at t: one amount for each subset of harvested
 * streams, in no order. out holds 1 << PQM_LOSS_STREAMS. */
size_t pqm_loss_of_streams(
	struct pqm_loss_point *out, const struct pqm_loss_estate *e, size_t root, double t);

/* The estate's loss in PQM_LOSS_ARRIVALS_MAX intervals of the arrival time or fewer; p is that of the
 * amount and the interval together. For many roots: sums lie on a grid of PQM_LOSS_GRID cells, and
 * what falls between two points of it is shared between them, so that the mean of lumps stays exact and
 * the deviation grows a little; flows are taken at the middle of parts of the interval. Within an
 * interval roots are taken as independent. */
enum pqm_st pqm_loss_many(struct pqm_loss_dist *out, size_t *n_out, const struct pqm_loss_estate *e,
	struct pqm_err *err) PQM_MUST_USE;

#endif
