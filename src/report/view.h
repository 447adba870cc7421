/*
 * view.h — what the HTML templates see of a report.
 *
 * Shape:     one root object; the lists under it are filled item by item while the page is written.
 * Units:     texts are ready for people; coordinates are in the units of each drawing's viewBox.
 * Ownership: a view borrows the report and owns nothing but its arena and one map.
 * Errors:    PQM_ENOMEM.
 * Threads:   single-threaded.
 * Limits:    the shown counts below; what is cut says "and N more in the JSON".
 */
#ifndef PQM_REPORT_VIEW_H
#define PQM_REPORT_VIEW_H

#include "base/map.h"
#include "report/tally.h"
#include "report/template.h"
#include "report/ways.h"
#include "report/writer.h"

/* A page that a browser opens in a second and a person can still scroll. */
#define PQM_VIEW_ASSETS 300
#define PQM_VIEW_BARS 12     /* arrival drawing */
#define PQM_VIEW_PATHS 3     /* deciding paths on page one */
#define PQM_VIEW_DRAWINGS 20 /* of the assets behind them, folded */
#define PQM_VIEW_DRAWN 24    /* objects in one drawing */
#define PQM_VIEW_USES 40     /* of one asset */
#define PQM_VIEW_TASKS 300
#define PQM_VIEW_GANTT 60
#define PQM_VIEW_LINES 40 /* lines of a change, places of a task */
#define PQM_VIEW_CAUSES 10000
#define PQM_VIEW_ROWS 60000  /* places of all causes together: about 12 MB */
#define PQM_VIEW_PRINTED 300 /* places on paper; beyond, causes with their counts */
#define PQM_VIEW_BLOCK 100   /* of them in one list */
#define PQM_VIEW_PLACES 25   /* of one practice */
#define PQM_VIEW_NOTES 300
#define PQM_VIEW_ENDPOINTS 500
#define PQM_VIEW_PRACTICES 100 /* differences between targets */
#define PQM_VIEW_ASSUMPTIONS 300
#define PQM_VIEW_WORKLOADS 300
#define PQM_VIEW_FILES 200

struct pqm_view {
	const struct pqm_report *r;
	struct pqm_arena arena;
	struct pqm_tally tally;
	struct pqm_cause *causes;
	size_t n_causes;
	/* Scores by place on the page: AI assets, then the unassigned. */
	const struct pqm_asset_score **scores;
	size_t n_ai, n_scores;
	struct pqm_map
		asset_of; /* finding id -> struct pqm_asset_score of the first asset it hurts */
	struct pqm_ways *ways;
	struct pqm_map task_no; /* task id -> its task */
	char digest[2 * PQM_SHA256_BYTES + 1];
};

enum pqm_st pqm_view_init(
	struct pqm_view *v, const struct pqm_report *r, struct pqm_err *err) PQM_MUST_USE;
void pqm_view_fini(struct pqm_view *v);
/* Everything the page needs; v must outlive the rendering. */
void pqm_view_root(struct pqm_obj *o, const struct pqm_view *v);

/* The parts that root puts together, by file. */
void pqm_view_assets(struct pqm_obj *o, const struct pqm_view *v);   /* view_assets.c */
void pqm_view_plan(struct pqm_obj *o, const struct pqm_view *v);     /* view_plan.c */
void pqm_view_findings(struct pqm_obj *o, const struct pqm_view *v); /* view_findings.c */
/* Field lists groups, blocks and rows of one cause's places, at most max of them [view_rows.c] */
void pqm_view_rows(
	struct pqm_obj *o, const struct pqm_view *v, const struct pqm_cause *c, size_t max);
void pqm_view_coverage(struct pqm_obj *o, const struct pqm_view *v);  /* view_coverage.c */
void pqm_view_endpoints(struct pqm_obj *o, const struct pqm_view *v); /* view_endpoints.c */
void pqm_view_practices(struct pqm_obj *o, const struct pqm_view *v); /* view_practices.c */
void pqm_view_workloads(struct pqm_obj *o, const struct pqm_view *v); /* view_workloads.c */
void pqm_view_files(struct pqm_obj *o, const struct pqm_view *v);     /* view_files.c */
void pqm_view_verdict(struct pqm_obj *o, const struct pqm_view *v);   /* view_verdict.c */
void pqm_view_first(struct pqm_obj *o, const struct pqm_view *v);     /* view_first.c */
void pqm_svg_arrival(struct pqm_obj *o, const struct pqm_view *v);    /* svg.c */
void pqm_view_board(struct pqm_obj *o, const struct pqm_view *v);     /* view_board.c */
void pqm_svg_loss(struct pqm_obj *o, const struct pqm_view *v);	      /* svg_loss.c */
void pqm_svg_residual(struct pqm_obj *o, const struct pqm_view *v);   /* svg_plan.c */
void pqm_svg_gantt(struct pqm_obj *o, const struct pqm_view *v);
/* The list "trend" of one, or none without a history [view_trend.c] */
void pqm_view_trend(struct pqm_obj *o, const struct pqm_view *v);
/* The bar with range and dot of one score: fields lo_x, range_w, dot_x of a 120 wide box. */
void pqm_svg_range(struct pqm_obj *o, const double p[PQM_N_SCENARIOS]);

/* A plan, a pilot, an inventory: a date that hangs on no algorithm [view_plan.c]. */
bool pqm_deadline_is_duty(const struct pqm_deadline *d);
/* Fields of one score: no, name, kind, owner by its place on the page; chances, decision, range bar
 * [view_assets.c]. */
void pqm_view_asset_name(struct pqm_obj *o, const struct pqm_view *v, size_t i);
void pqm_view_chances(struct pqm_obj *o, const struct pqm_asset_score *s);
/* Fields patch_at, patch_from, patch_to of a task, if it has a patch [view_plan.c]. */
void pqm_view_patch(struct pqm_obj *o, const struct pqm_task *t);
/* The word that joins two boxes: "carried by" [view_assets.c]. */
pqm_bytes pqm_view_rel(pqm_bytes rel);
/* Does evidence stand behind what decides, or only its absence or a name [view_first.c]? */
bool pqm_score_is_shown(const struct pqm_asset_score *s);

/* Without money of its own to expect: it lies open today, and losing it takes no quantum computer. */
bool pqm_score_needs_no_machine(const struct pqm_asset_score *s);
/* An amount with its currency, where one was named [view_verdict.c]. */
pqm_bytes pqm_view_money(const struct pqm_view *v, struct pqm_arena *a, double amount);
/* Who put a price on it: an amount, a band, or some this and some that [view_verdict.c]. */
const char *pqm_view_declared(const struct pqm_view *v);
/* Why a decision is volatile, as a sentence; empty when it is not [view_flips.c]. */
pqm_bytes pqm_view_volatile(struct pqm_arena *a, const struct pqm_asset_score *s);

/* What carries one asset and what protects it: field list "drawing" of one or none [view_graph.c] */
void pqm_view_drawing(
	struct pqm_obj *o, const struct pqm_view *v, const struct pqm_asset_score *score);
/* "Attend if it had to hold for 12 years instead of 30": the i-th flip of an asset. */
pqm_bytes pqm_view_flip(struct pqm_arena *a, const struct pqm_asset_score *s, size_t i);

/* "bad" "warn" "mid" "ok": the class beside a decision's word, or a verdict's. */
const char *pqm_view_class(enum pqm_decision d);
const char *pqm_verdict_class(enum pqm_verdict v);
/* Fields more (text) and has_more for a list of which at most max are shown; returns how many. */
size_t pqm_view_cap(
	struct pqm_obj *o, size_t n, size_t max, const char *more, const char *has_more);
/* Lines of a text as a list of {text}; text is borrowed. */
void pqm_view_lines(struct pqm_obj *o, const char *name, const char *flag, pqm_bytes text);

#endif
