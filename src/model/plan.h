/*
 * plan.h — the phased migration plan: tasks carry effort, goals carry value.
 *
 * Units:     effort in person-days; dates in days since 1970; value in cost of delay x impact.
 * Ownership: text and arrays live in the plan's arena.
 * Standard:  design/risk.md (b).
 */
#ifndef PQM_MODEL_PLAN_H
#define PQM_MODEL_PLAN_H

#include "model/assessment.h"

enum pqm_window { PQM_W_0_6, PQM_W_6_18, PQM_W_18_PLUS };

const char *pqm_window_name(enum pqm_window v); /* "0-6 months" … */

/* How often a key of an asset is made anew, so that a change of algorithm can come with it. */
struct pqm_rotation {
	pqm_bytes asset;
	char use;	  /* W, T, S or L: of the key */
	int64_t deadline; /* first of the chosen regimes' dates that concerns it; INT64_MAX: none */
	pqm_bytes deadline_id;
	double life_years;  /* X, of what it wraps; 0 for keys that sign */
	double middle_year; /* when the arrival is as likely as not, for its class */
	double slack_years; /* to the nearer of the two, less the life; <= 0: none left */
	double period_days; /* at most half of it, within the bounds of the rule */
};

/* A counted or timed cost of a task: `how` says the arithmetic, rows and inputs give it again. */
struct pqm_perf_line {
	pqm_bytes what, unit, per;
	double value;
	pqm_bytes rows;	   /* "x25519mlkem768.encaps - x25519.derive"; empty: counted, not timed */
	pqm_bytes formula; /* what `how` does, in words */
	pqm_bytes basis;   /* where input and replicas come from; empty: none */
	pqm_bytes
		how;  /* count growth cpu rate-cpu replica-cpu cipher seal round step chain trips */
	double input; /* rate, bytes, clients or certificates; 0: none */
	double replicas;	       /* that share it; 0: not asked */
	pqm_bytes host, date, profile; /* of the rows; profile: a file, or "reference profile" */
};

struct pqm_task {
	pqm_bytes id;	 /* stable: "ingress-hybrid-on:edge/Ingress/data" */
	pqm_bytes type;	 /* rules/plan id */
	pqm_bytes title; /* "Ingress data-ingress: hybrid key exchange on" */
	unsigned phase;	 /* 1 to 5 */
	pqm_bytes phase_name;
	double effort_lo, effort_hi; /* person-days */
	unsigned n_units;
	const pqm_bytes *where; /* file:line, object, image … one line each */
	size_t n_where;
	pqm_bytes change, both_ends, needs, costs, verify, rollback,
		why; /* needs: minimum versions */
	/* the line that decides, as it is and as it should be; path empty: no such line was read */
	pqm_bytes patch_path, patch_from, patch_to;
	uint32_t patch_line;
	pqm_bytes software, endpoint; /* "ingress-nginx", "data.example:443"; empty: not known */
	pqm_bytes
		regime_note; /* what the chosen regimes ask for here, and what cannot be met; or empty */
	const uint32_t *deps; /* indices into tasks */
	size_t n_deps;
	bool is_weak_fix;      /* plaintext or broken today: goes first */
	int64_t blocked_until; /* INT64_MIN: not blocked */
	pqm_bytes blocked_why;
	const pqm_bytes *assets; /* asset ids it serves */
	size_t n_assets;
	const uint8_t (*findings)[PQM_ID_BYTES];
	size_t n_findings;
	pqm_bytes lane;		   /* "keys", "roadmap"; empty: the migration itself */
	int usual_window;	   /* of a lane's task, enum pqm_window; -1: none */
	unsigned within_months;	   /* of a lane's task: to be done by then; 0: no matter */
	pqm_bytes advice;	   /* when it had best be done; no dependency */
	const pqm_bytes *precedes; /* ids of tasks that it had best precede */
	size_t n_precedes;
	const pqm_bytes *practices; /* rules/practices whose answer calls for it */
	size_t n_practices;
	unsigned every_months; /* 0: done once */
	int64_t next;	       /* of a recurring task; INT64_MIN: none */
	const struct pqm_rotation *rotations;
	size_t n_rotations;
	const struct pqm_perf_line *performance;
	size_t n_performance;
	/* computed */
	uint32_t order; /* position in the plan from 0 */
	int64_t start_lo, start_hi, finish_lo, finish_hi;
	int64_t due; /* modified due date; INT64_MAX: none */
	enum pqm_window window;
	bool pulled_forward;
	bool is_inserted;     /* a due date pulled it before work of more worth */
	pqm_bytes pulled_why; /* "phase 4 task pulled forward: …"; empty: it was not */
	double value;	 /* value of the goals it unlocks: orders tasks, is no amount of money */
	pqm_bytes worth; /* the same in words; money only where a rate was declared */
};

/* "use u reaches coverage E": value, no effort. */
struct pqm_goal {
	pqm_bytes id;
	uint32_t asset, use; /* into the assessment */
	double value;
	const uint32_t *deps; /* tasks */
	size_t n_deps;
	int64_t finish_lo, finish_hi;
};

struct pqm_deadline {
	pqm_bytes id, regime, title, function, force, note, source;
	int64_t date;
	int64_t finish; /* planned finish of what it concerns; INT64_MIN: nothing concerned */
	double slack_years;
	bool is_met;
	bool is_others; /* a duty of those in applies_to alone: of an agency, a vendor, a state */
	pqm_bytes applies_to;
};

/* Expected loss (or, without money, summed probability) left after spending so many days. */
struct pqm_residual {
	double effort_days, left, sunk;
	uint32_t task;
};

#define PQM_N_PHASES 5
#define PQM_N_WINDOWS 3

/* A phase with those before it, or a window with those before it, done when the plan says, and nothing
 * else: a hybrid whose fallback is still on protects the share that takes it, from that day on. */
struct pqm_stage {
	pqm_bytes name;
	size_t n_tasks; /* of this phase or window alone, and their effort */
	double effort_lo, effort_hi;
	int64_t finish; /* INT64_MIN: no task */
	double left, sunk, avoided;
	uint32_t decisions[4]; /* assets by enum pqm_decision */
};

struct pqm_what_if_asset {
	const struct pqm_asset *asset;
	double p_before, p_after;
	enum pqm_decision before, after;
};

/* Some tasks done today and nothing else, ever: against nothing done at all. */
struct pqm_what_if {
	uint32_t *tasks; /* in plan order */
	size_t n_tasks;
	uint32_t
		*missing; /* what they need and is not among them: without it they earn no credit */
	size_t n_missing;
	double effort_lo, effort_hi, missing_lo, missing_hi;
	double sunk;			 /* no task changes it */
	double before, after, completed; /* left; completed: with what is missing */
	struct pqm_what_if_asset
		*assets; /* those that change or that the tasks are for, worst first */
	size_t n_assets;
};

struct pqm_plan {
	struct pqm_arena arena;
	int64_t start;
	double capacity;	/* person-days a month */
	double open_years;	/* how long a use stays open when nothing is done about it */
	struct pqm_task *tasks; /* in plan order */
	size_t n_tasks;
	struct pqm_goal *goals;
	size_t n_goals;
	struct pqm_deadline *deadlines; /* by date */
	size_t n_deadlines;
	struct pqm_residual *residual;
	size_t n_residual;
	bool is_exact;	      /* the order was proved optimal by the subset DP */
	double cost;	      /* sum of value x completion time of the chosen order */
	double bound;	      /* no order of the tasks costs less, dates left aside */
	pqm_bytes optimality; /* how good the order is, in words */
	struct pqm_stage phases[PQM_N_PHASES], windows[PQM_N_WINDOWS];
	struct pqm_what_if *what_if; /* NULL: not asked for */
	unsigned n_rounds;	     /* until the dates settled */
	pqm_bytes bench;	     /* where the CPU costs come from, in words; empty: nowhere */
};

void pqm_plan_init(struct pqm_plan *p);
void pqm_plan_fini(struct pqm_plan *p);

#endif
