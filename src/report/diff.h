/*
 * diff.h — two JSON reports side by side: what appeared, what is fixed, what moved the risk and why.
 *
 * Shape:     each report becomes a side (settings, findings, scores, plan); a diff is rows that point into
 *            both. Things are matched by their ids, so nothing depends on the order in either file.
 * Units:     as the reports: probabilities 0..1 (central), decimal years, money in the declared currency.
 * Ownership: a side owns its arena; a diff borrows both sides and owns an arena for its own words.
 * Errors:    "FILE: where: what"; PQM_EUSAGE for a schema_version newer than this program.
 * Threads:   single-threaded.
 * Limits:    PQM_INVENTORY_BYTES a file, PQM_DIFF_ITEM_BYTES one thing in it. One file's text is held at a
 *            time, and of it one thing as a tree; what stays is some 300 bytes a finding.
 */
#ifndef PQM_REPORT_DIFF_H
#define PQM_REPORT_DIFF_H

#include "assess/risk.h"
#include "base/out.h"
#include "model/plan.h"
#include "rules/rules.h"

#define PQM_DIFF_MEANINGS 6
#define PQM_DIFF_QUANTA 4

struct pqm_diff_target {
	pqm_bytes name, kind;
	bool failed;
};

/* Where a finding is: path without its target's name in front, as another run may have another folder. */
struct pqm_diff_place {
	uint32_t target, line;
	pqm_bytes path, object;
	pqm_bytes value, fallback; /* what is set there; empty: nothing that has a value */
};

struct pqm_diff_finding {
	uint8_t id[PQM_ID_BYTES];
	uint8_t key[PQM_ID_BYTES]; /* the id that today's name of its rule gives */
	pqm_bytes rule, family, algorithm, parameter, identity;
	enum pqm_meaning meaning;
	enum pqm_function function;
	enum pqm_quantum quantum;
	enum pqm_classical classical;
	enum pqm_evidence evidence;
	enum pqm_basis basis;
	uint32_t bits;
	bool is_folded;
	struct pqm_diff_place *places; /* by target name, path, object, line */
	size_t n_places;
};

struct pqm_diff_note {
	uint32_t target;
	pqm_bytes path, reason;
};

struct pqm_diff_hop {
	pqm_bytes label, from, to;
};

struct pqm_diff_use {
	pqm_bytes vector;
	struct pqm_diff_hop at; /* its hop; empty: none */
	uint64_t hop;		/* UINT64_MAX: none */
	double p;
};

struct pqm_diff_asset {
	pqm_bytes id, name;
	enum pqm_decision decision, by_impact, by_deadline;
	double p, sunk, cod;
	bool is_broken_today, has_money;
	struct pqm_money money;
	struct pqm_diff_use *uses;
	size_t n_uses;
	/* Of the graph. */
	pqm_bytes life_source, impact_source;
	struct pqm_diff_hop *hops;
	size_t n_hops;
};

struct pqm_diff_task {
	pqm_bytes id, title;
	pqm_bytes where, change; /* their lines, by comma */
	int64_t finish;		 /* INT64_MIN: none */
};

struct pqm_diff_deadline {
	pqm_bytes id, title;
	bool has_slack, is_met;
	int64_t date;
	double slack_years;
};

struct pqm_diff_side {
	struct pqm_arena arena;
	const char *name; /* of the file */
	pqm_bytes tool, rules, curve, regimes, currency;
	int64_t now_days;
	struct pqm_diff_target *targets;
	size_t n_targets;
	struct pqm_diff_finding *findings; /* by key, then id */
	size_t n_findings;
	struct pqm_diff_note *notes;
	size_t n_notes;
	uint64_t n_notes_dropped, seen, read;
	struct pqm_diff_asset *assets; /* by id */
	size_t n_assets;
	struct pqm_diff_task *tasks; /* by id */
	size_t n_tasks;
	struct pqm_diff_deadline *deadlines; /* by id */
	size_t n_deadlines;
	bool has_money;
	struct pqm_money total;
	uint64_t found[PQM_DIFF_MEANINGS][PQM_DIFF_QUANTA]; /* not folded */
	uint64_t by_quantum[PQM_DIFF_QUANTA], total_found;
};

/* path "-" is standard input. rules: for the `was:` names of rules. */
enum pqm_st pqm_diff_load(struct pqm_diff_side *s, const char *path, const struct pqm_rules *rules,
	struct pqm_err *err) PQM_MUST_USE;
/* The same from text in memory, which may go afterwards. */
enum pqm_st pqm_diff_load_text(struct pqm_diff_side *s, pqm_bytes text, const char *name,
	const struct pqm_rules *rules, struct pqm_err *err) PQM_MUST_USE;
void pqm_diff_side_fini(struct pqm_diff_side *s);

/* What made a thing come, go or change. */
enum pqm_diff_cause {
	PQM_DIFF_ESTATE,  /* it did */
	PQM_DIFF_READING, /* it was not read the other time */
	PQM_DIFF_RULES,	  /* a rule was renamed, or says something else of the same place */
	PQM_DIFF_UNCLEAR, /* rules or program are others: either may be why */
};

const char *pqm_diff_cause_name(enum pqm_diff_cause c);

/* One field that has another value. */
struct pqm_diff_field {
	const char *name;
	pqm_bytes from, to;
};

#define PQM_DIFF_FIELDS 13

struct pqm_diff_row {
	const struct pqm_diff_finding *was, *is; /* NULL: not there */
	enum pqm_diff_cause cause;
	pqm_bytes why; /* of READING: what was not read */
	struct pqm_diff_field fields[PQM_DIFF_FIELDS];
	size_t n_fields;
	uint64_t n_places_gone, n_places_new, n_places_unread;
};

/* Why a score moved; delta: of the use's central probability, by this alone. */
struct pqm_diff_reason {
	pqm_bytes words;
	double delta;
	bool has_delta;
};

struct pqm_diff_asset_row {
	const struct pqm_diff_asset *was, *is; /* NULL: not there */
	struct pqm_diff_reason *reasons;
	size_t n_reasons;
};

struct pqm_diff_deadline_row {
	const struct pqm_diff_deadline *was, *is; /* NULL: not there */
	bool has_passed;			  /* its date lies between the two runs */
};

/* One thing to do that has another id: its object was renamed, or it stands elsewhere. */
struct pqm_diff_task_row {
	const struct pqm_diff_task *was, *is;
	struct pqm_diff_field fields[3];
	size_t n_fields;
};

struct pqm_diff_text_field {
	const char *name;
	pqm_bytes from, to;
};

struct pqm_diff {
	struct pqm_arena arena;
	const struct pqm_diff_side *old, *new;
	struct pqm_diff_row *appeared, *gone, *changed; /* worst first */
	size_t n_appeared, n_gone, n_changed, n_same, n_moved;
	uint64_t n_fixed, n_unread, n_read_first; /* of gone, of gone, of appeared */
	struct pqm_diff_asset_row *assets;	  /* those that differ; by change of probability */
	/* Of assets: other inputs and the same score. Of those as before: moved, by less than is listed. */
	size_t n_assets, n_assets_inputs, n_assets_same, n_assets_slight;
	struct pqm_diff_deadline_row *deadlines; /* those that differ */
	size_t n_deadlines;
	const struct pqm_diff_task **tasks_gone, **tasks_new;
	size_t n_tasks_gone, n_tasks_new;
	struct pqm_diff_task_row *tasks_changed;
	size_t n_tasks_changed;
	size_t n_targets_lost;			/* of the old side's, those that gave nothing now */
	pqm_bytes target_lost;			/* the first */
	struct pqm_diff_text_field settings[8]; /* of the runs, where they differ */
	size_t n_settings;
	bool is_other_rules; /* rules or program */
	bool is_other_money; /* the sums of both runs, in one currency */
	bool is_same;	     /* nothing of the above */
};

/* params: of the new side's curve; NULL: no deltas. d needs fini in any case. */
enum pqm_st pqm_diff_build(struct pqm_diff *d, const struct pqm_diff_side *old,
	const struct pqm_diff_side *new, const struct pqm_risk_params *params /* may be NULL */,
	struct pqm_err *err) PQM_MUST_USE;
void pqm_diff_fini(struct pqm_diff *d);

/* The parts of build, by file. */
enum pqm_st pqm_diff_findings(struct pqm_diff *d, struct pqm_err *err) PQM_MUST_USE;
enum pqm_st pqm_diff_risk(
	struct pqm_diff *d, const struct pqm_risk_params *params, struct pqm_err *err) PQM_MUST_USE;

/* max: rows of a list; what is cut is counted. */
void pqm_diff_table(struct pqm_out *o, const struct pqm_diff *d, size_t max, bool color);
void pqm_diff_markdown(struct pqm_out *o, const struct pqm_diff *d, size_t max);
/* All rows: reports/schema/diff.schema.json. */
void pqm_diff_json(struct pqm_out *o, const struct pqm_diff *d);

#endif
