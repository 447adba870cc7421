/*
 * trend.h — the runs before this one, and what came and went since the last of them.
 *
 * Shape:     runs of the same targets, oldest first; the last is this one.
 * Units:     dates in days since 1970; probabilities and money of the central scenario.
 * Ownership: text and arrays live in the trend's arena.
 */
#ifndef PQM_MODEL_TREND_H
#define PQM_MODEL_TREND_H

#include "model/assessment.h"

#define PQM_TREND_MEANINGS 6
#define PQM_TREND_QUANTA 4

struct pqm_trend_run {
	int64_t now_days;
	pqm_bytes tool, rules, curve, regimes; /* regimes by comma */
	uint64_t found[PQM_TREND_MEANINGS][PQM_TREND_QUANTA];
	bool has_money;
	pqm_bytes currency;
	struct pqm_money total;
	uint64_t seen, read, n_targets_failed;
	uint64_t n_assets, n_act; /* n_act: to act on now */
	uint64_t n_tasks;
	double effort_lo, effort_hi; /* person-days that are left */
	/* Against the run before it; unread: were there, and could not be looked for. */
	uint64_t n_appeared, n_fixed, n_unread;
};

/* Something that was found in one of two neighbouring runs only. */
struct pqm_trend_thing {
	uint8_t id[PQM_ID_BYTES];
	pqm_bytes what, place; /* "RSA 2048", "edge/tls.yaml:11" */
	enum pqm_meaning meaning;
	enum pqm_quantum quantum;
	int64_t first_days, since_days; /* ever, and without a break */
	int64_t gone_days;		/* INT64_MIN: it is there */
};

/* An asset in the run before this one. */
struct pqm_trend_asset {
	pqm_bytes id;
	enum pqm_decision decision;
	double p, sunk, cod, expected;
	pqm_bytes vector; /* of the use that decided; empty: none */
};

/* An asset whose score is another than in the run before. */
struct pqm_trend_move {
	pqm_bytes id, name;
	enum pqm_decision from_decision, to_decision;
	double from, to; /* p */
	pqm_bytes why;	 /* "ingress data.example: X25519 only (algorithm HYB → E256)" */
};

struct pqm_trend {
	struct pqm_arena arena;
	struct pqm_trend_run *runs;
	size_t n_runs;
	uint64_t n_runs_all; /* kept in the history */
	struct pqm_trend_thing *appeared, *fixed;
	size_t n_appeared, n_fixed;	/* of the lists, which are cut at PQM_TREND_LISTED */
	struct pqm_trend_asset *assets; /* by id */
	size_t n_assets;
	struct pqm_trend_move *moves; /* the largest first; set by pqm_trend_moves [report] */
	size_t n_moves;
	pqm_bytes
		*others; /* first targets of the history's other series, PQM_TREND_OTHERS at most */
	size_t n_others;
	uint64_t n_others_all;
};

#endif
