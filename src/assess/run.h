/*
 * run.h — what the steps of one assessment share.
 *
 * Shape:     assets and uses in the graph's order until the end, when assets are sorted.
 * Units:     dates in days since 1970; Y in years.
 * Ownership: results in the arenas of the assessment and the plan; scratch is the run's own.
 * Errors:    as pqm_assess.
 */
#ifndef PQM_ASSESS_RUN_H
#define PQM_ASSESS_RUN_H

#include "assess.h"
#include "money.h"
#include "planner.h"
#include "tasks.h"

#define PQM_DAYS_PER_YEAR 365.25
#define PQM_DAYS_PER_MONTH (PQM_DAYS_PER_YEAR / 12)

/* One use while the plan is being found. */
struct pqm_run_use {
	struct pqm_vector v;
	bool has_v; /* v was set, for v_y: the rest of it never changes */
	double v_y;
	double y;	  /* years until the plan protects it */
	double y_half;	  /* years until the plan offers hybrid; where half_at is set */
	int64_t finish;	  /* INT64_MIN: nothing in the plan does */
	uint32_t done_at; /* order of its last task; UINT32_MAX: none */
	uint32_t half_at; /* order of the task that offers hybrid; UINT32_MAX: none */
	uint32_t last;	  /* its last task */
	bool is_safe, is_broken;
};

/* A dated duty of a chosen regime. */
struct pqm_run_duty {
	const struct pqm_rule *rule;
	int64_t date;
	pqm_bytes function, strength;
};

struct pqm_run {
	const struct pqm_rules *rules;
	const struct pqm_inventory *inv;
	const struct pqm_graph *g;
	const struct pqm_assess_options *opt;
	struct pqm_risk_params p;
	struct pqm_tasks tasks;
	struct pqm_run_use **uses; /* by asset, hop */
	double assessed;	   /* AD as printed */
	double capacity;
	struct pqm_run_duty *duties;
	size_t n_duties;
	struct pqm_job *jobs;
	struct pqm_prize *prizes; /* as goals */
	struct pqm_goal *goals;
	size_t n_goals;
	/* By asset: the first of those that hang on this root, and the next of the same root, in the
	 * order of the graph. */
	uint32_t *first, *next;
	struct pqm_run_room *room; /* of pqm_run_state, made once */
	double *share; /* by asset: what a year of waiting costs its root, over the sum of the uses */
	struct pqm_arena scratch;
	struct pqm_assessment *a;
	struct pqm_plan *plan;
	struct pqm_err *err;
};

#define PQM_NO_ASSET UINT32_MAX

/* lineage.c: sets first and next. */
enum pqm_st pqm_run_lineage(struct pqm_run *r);
/* The asset that holds the money of this one: its lineage root, or itself. */
size_t pqm_run_root(const struct pqm_run *r, size_t asset);

/* Money of an asset's root if it was declared; false else. */
bool pqm_run_money(
	const struct pqm_run *r, const struct pqm_asset *root, double *lump, double *rate);
/* What a lost asset weighs in the order of the plan: declared money, or the middle of its band. */
double pqm_run_weight(const struct pqm_run *r, const struct pqm_asset *asset);
/* Sets every use's vector from its hop and its Y, and scores uses and assets. */
void pqm_run_score_asset(
	struct pqm_run *r, size_t asset, struct pqm_asset_score *out, struct pqm_exposure *tmp);
void pqm_run_set_vector(struct pqm_run *r, size_t asset, size_t hop);

/* What waiting costs this use is shared with others of its root: it carries content, more every day. */
bool pqm_run_is_shared(const struct pqm_run_use *u);
/* shares.c: sets share. Vectors must be set. */
enum pqm_st pqm_run_shares(struct pqm_run *r);
/* plan_run.c */
enum pqm_st pqm_run_plan(struct pqm_run *r);
/* duties.c */
enum pqm_st pqm_run_duties(struct pqm_run *r);
bool pqm_run_is_chosen(const struct pqm_run *r, pqm_bytes regime);
bool pqm_duty_concerns(const struct pqm_run_duty *d, const struct pqm_vector *v);
enum pqm_st pqm_run_ladder(struct pqm_run *r);
enum pqm_decision pqm_run_deadline_axis(const struct pqm_run *r, size_t asset);
/* totals.c */
enum pqm_st pqm_run_totals(struct pqm_run *r);
enum pqm_st pqm_run_residual(struct pqm_run *r);
/* The money of a root and the vectors of everything derived from it, in the run's scratch. n_uses is 0
 * where no money was declared. */
enum pqm_st pqm_run_root_of(struct pqm_run *r, uint32_t root, struct pqm_root *out);
/* notes.c */
enum pqm_st pqm_run_notes(struct pqm_run *r);

/* state.c */

/* What is left when some tasks are done and no other: probabilities without declared money. */
struct pqm_run_state {
	const bool *done; /* by plan order; with each task what it needs */
	bool at_once;	  /* done today, not when the plan says */
	/* computed, by asset of the graph */
	double *p;
	enum pqm_decision *decision;
	double left, sunk;
	uint32_t decisions[4];
};

enum pqm_st pqm_run_state(struct pqm_run *r, struct pqm_run_state *s);
/* Expected loss of a root, or the central probability of an asset, in that state; never below what is
 * out already. */
enum pqm_st pqm_run_left_of_root(
	struct pqm_run *r, const struct pqm_run_state *s, size_t root, double *left);
enum pqm_st pqm_run_left_of_asset(
	struct pqm_run *r, const struct pqm_run_state *s, size_t asset, double *left);
enum pqm_st pqm_run_stages(struct pqm_run *r);
/* what_if.c */
enum pqm_st pqm_run_what_if(struct pqm_run *r);
/* plan_words.c: why tasks were pulled forward, and how good the order is */
enum pqm_st pqm_run_plan_words(struct pqm_run *r, const struct pqm_order *o);
/* reasons.c */
enum pqm_st pqm_run_reasons(struct pqm_run *r);

#endif
