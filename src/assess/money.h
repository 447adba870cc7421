/*
 * money.h — expected loss of a lineage root, split into sunk and avoidable, and the loss curve.
 *
 * Shape:     money belongs to the root of a lineage; the uses of everything derived from it are
 *            further uses of the root, joined exactly under one shared arrival time.
 * Units:     money as declared; rates in money per year of content.
 * Ownership: results are values or live in the arena given.
 * Errors:    PQM_ENOMEM only.
 * Threads:   pure.
 * Standard:  design/risk.md, 'Money and other repairs' 1 to 3.
 */
#ifndef PQM_ASSESS_MONEY_H
#define PQM_ASSESS_MONEY_H

#include "risk.h"

struct pqm_root {
	double lump; /* lost when it is read or forged */
	double rate; /* per year of content that flows; 0: the lump stands for the flows too */
	const struct pqm_vector *uses;
	size_t n_uses;
};

/* The curve and the scenario that a number is for. */
struct pqm_scene {
	const struct pqm_risk_params *p;
	enum pqm_scenario s;
};

/* Expected loss and its parts. quarter is what three months more of every Y add. */
enum pqm_st pqm_money_root(struct pqm_money *out, const struct pqm_scene *in,
	const struct pqm_root *root, struct pqm_arena *scratch, struct pqm_err *err) PQM_MUST_USE;

/* P[loss >= amount]: rising amounts, none of them 0. */
struct pqm_loss_curve {
	struct pqm_loss_point *at;
	size_t n;
};

/* The loss of all roots together: for each step of the arrival time the harvests are independent and
 * are convolved, then mixed over the arrival. Exact for lumps while the amounts stay few; flows are
 * taken in quarters of a year of arrival. */
enum pqm_st pqm_money_curve(struct pqm_loss_curve *out, const struct pqm_scene *in,
	const struct pqm_root *roots, size_t n_roots, struct pqm_arena *arena,
	struct pqm_err *err) PQM_MUST_USE;

/* ---- shared by the two files of this module ---- */

/* Content that flows under one use: made between open_from and open_to, it is lost when harvested
 * (h) and broken before it is life years old. */
struct pqm_stream {
	double h, life, shift, open_from, open_to;
	bool is_over; /* of the past: a delay adds nothing */
};

struct pqm_streams {
	struct pqm_stream *f;
	size_t n;
	bool is_cut; /* some were joined that differ */
};

/* Streams of the flow uses of root that Shor threatens, equal ones joined, at most
 * PQM_STREAMS_MAX; empty when the root has no rate. */
enum pqm_st pqm_money_streams(struct pqm_streams *out, const struct pqm_scene *in,
	const struct pqm_root *root, struct pqm_arena *arena, struct pqm_err *err) PQM_MUST_USE;
/* The other uses of root that Shor threatens, delayed by so many years. out holds n_uses. */
size_t pqm_money_lumps(struct pqm_exposure *out, const struct pqm_scene *in,
	const struct pqm_root *root, double delay_years, bool only_sunk);

#endif
