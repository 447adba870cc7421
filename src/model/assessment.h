/*
 * assessment.h — QRV 1.0 scores: probabilities, sunk part, cost of delay, decisions, money.
 *
 * Shape:     one row per use, one per asset, one portfolio; every number can be recomputed from
 *            the vector strings with `pqmap risk`.
 * Units:     probabilities 0..1; years decimal; money in the declared currency.
 * Ownership: text and arrays live in the assessment's arena.
 * Standard:  design/risk.md (a) and its last section.
 */
#ifndef PQM_MODEL_ASSESSMENT_H
#define PQM_MODEL_ASSESSMENT_H

#include "model/curve.h"
#include "model/graph.h"

enum pqm_scenario { PQM_SLOW, PQM_CENTRAL, PQM_FAST, PQM_STRESS, PQM_N_SCENARIOS };

enum pqm_decision { PQM_TRACK, PQM_PLAN, PQM_ATTEND, PQM_ACT };

const char *pqm_scenario_name(enum pqm_scenario v);
const char *pqm_decision_name(enum pqm_decision v);

#define PQM_VECTOR_BYTES 160

/* The inputs of one use, as the vector string carries them. */
struct pqm_vector {
	double assessed;		/* AD */
	char use;			/* U: K T W S L */
	char layers[PQM_LAYERS_MAX][8]; /* A: class names, NUL-terminated */
	size_t n_layers;
	char data;					/* D: F S */
	double life_years, protect_years, in_use_years; /* X Y W */
	char exposure;					/* E */
	char coverage;					/* C: N F E, M = share */
	double share;
	unsigned impact; /* I: 1 to 5 */
	/* Not of the string: flowing content of the past, the last of it so many years old. X and W are
	 * counted from there, so that the string gives P and sunk; money needs to know when it was. */
	bool is_past_flow;
	double ended_years;
	/* Of a past: how the same use is covered since, so that a lump is not recorded twice; 0: no past. */
	char since_coverage;
	double since_share, since_years;
};

/* The same question under another belief. */
struct pqm_under {
	pqm_bytes curve;
	enum pqm_scenario scenario;
	double p;
	enum pqm_decision decision; /* impact axis */
};

/* The chosen curve's central and stress, then the central of each other edition. */
#define PQM_UNDER_MAX (2 + PQM_CURVE_COMPARE_MAX)

struct pqm_use_score {
	struct pqm_vector v;
	char vector[PQM_VECTOR_BYTES];
	double end;		     /* year */
	double tau[PQM_N_SCENARIOS]; /* -INFINITY: never, +INFINITY: broken today */
	double g[PQM_N_SCENARIOS];   /* G(tau(end)) */
	double h[PQM_N_SCENARIOS];   /* harvest x (1 - coverage) */
	double p[PQM_N_SCENARIOS], sunk[PQM_N_SCENARIOS], cod[PQM_N_SCENARIOS];
	enum pqm_decision decision; /* central, impact axis */
	bool is_volatile;     /* fast is far above central, or another belief decides otherwise */
	bool is_broken_today; /* plaintext or weak: not a quantum finding */
	bool is_capped;	      /* tau passes the survey's horizon */
	bool is_ahead;	      /* falls before RSA-2048, on whose absence the curve is conditioned */
	struct pqm_by protect_by;  /* of Y; not set in `pqmap risk` */
	const struct pqm_hop *hop; /* NULL in `pqmap risk` */
	uint32_t shor_runs_per;	   /* 0 unknown, 1 one per session, 2 one per key */
};

struct pqm_money {
	double expected, sunk, avoidable, quarter; /* quarter: added by 3 months of delay */
};

/* What an attacker gains: rules/risk/threats.yaml. */
struct pqm_threat {
	pqm_bytes id, title, why;
	pqm_bytes when; /* "harvest now, decrypt later", "forgery later", "open today" */
	bool is_open_today;
	double p[PQM_N_SCENARIOS]; /* union over its uses; 0 when open today */
	const uint32_t *uses;	   /* indices of the asset's uses */
	size_t n_uses;
};

/* A change of one parameter that would decide otherwise. */
struct pqm_flip {
	pqm_bytes parameter, from, to;
	enum pqm_decision decision;
	double size;	 /* the change over its unit in rules/risk/sensitivity.yaml */
	pqm_bytes words; /* one sentence */
};

struct pqm_asset_score {
	const struct pqm_asset *asset;
	struct pqm_use_score *uses;
	size_t n_uses;
	double p[PQM_N_SCENARIOS], sunk[PQM_N_SCENARIOS], cod[PQM_N_SCENARIOS];
	enum pqm_decision decision, by_impact, by_deadline;
	bool is_volatile, is_broken_today, is_capped;
	bool is_fast_far; /* one reason for is_volatile: fast is two levels above central */
	struct pqm_under under[PQM_UNDER_MAX]; /* the others: those that decide otherwise */
	size_t n_under;
	pqm_bytes volatile_by; /* "Act under stress; Plan under gri2024"; empty when not volatile */
	uint32_t deciding;     /* index of the use that contributes most; UINT32_MAX if none */
	pqm_bytes why;	       /* one sentence */
	const struct pqm_flip *flips; /* nearest first */
	size_t n_flips;
	bool has_p_life; /* the life is a default with a range: P over it, central */
	double life_low, life_high, p_life_low, p_life_high;
	const struct pqm_threat *threats;
	size_t n_threats;
	bool has_money;
	double lump, rate;    /* what money is computed from: at once, and per year of content */
	pqm_bytes money_from; /* who says so */
	struct pqm_money money[PQM_N_SCENARIOS];
	pqm_bytes root_id; /* asset that holds the money when this one is derived; else empty */
};

struct pqm_assumption {
	pqm_bytes asset, what, source,
		would_change; /* "life 50 years", "default for …", "decision stays Act down to 4 years" */
};

/* Loss exceedance: P[loss >= amount]. */
struct pqm_loss_point {
	double amount, p;
};

struct pqm_assessment {
	struct pqm_arena arena;
	double assessed; /* year */
	pqm_bytes curve_id;
	struct pqm_arrival curve;	/* its points */
	char parameters_hash[65];	/* of every number in force: same hash, same answers */
	struct pqm_asset_score *assets; /* worst first; unassigned last */
	size_t n_assets;
	bool has_money; /* at least one impact was declared in money */
	pqm_bytes currency;
	struct pqm_money total[PQM_N_SCENARIOS];
	struct pqm_loss_point *loss_curve; /* central; increasing amount */
	size_t n_loss;
	/* The same under each scenario; [PQM_CENTRAL] is loss_curve. */
	const struct pqm_loss_point *loss_curves[PQM_N_SCENARIOS];
	size_t n_losses[PQM_N_SCENARIOS];
	struct pqm_assumption *assumptions;
	size_t n_assumptions;
	const pqm_bytes
		*notes; /* what was left out or taken together for its number, one line each */
	size_t n_notes;
	/* Arrival curve for drawing: F_s at these years. */
	const double *curve_years;
	const double (*curve_f)[PQM_N_SCENARIOS];
	size_t n_curve;
};

void pqm_assessment_init(struct pqm_assessment *a);
void pqm_assessment_fini(struct pqm_assessment *a);

#endif
