#include "view.h"

#include "base/limits.h"
#include "base/num.h"
#include "report/view_text.h"

const char *pqm_view_class(enum pqm_decision d)
{
	switch (d) {
	case PQM_ACT:
		return "bad";
	case PQM_ATTEND:
		return "warn";
	case PQM_PLAN:
		return "mid";
	case PQM_TRACK:
		return "ok";
	}
	return "ok";
}

const char *pqm_verdict_class(enum pqm_verdict v)
{
	switch (v) {
	case PQM_V_PLAINTEXT:
	case PQM_V_CLASSICAL:
		return "bad";
	case PQM_V_HYBRID_CAPABLE:
		return "warn";
	case PQM_V_UNKNOWN:
		return "mid";
	case PQM_V_HYBRID:
		return "ok";
	}
	return "mid";
}

size_t pqm_view_cap(struct pqm_obj *o, size_t n, size_t max, const char *more, const char *has_more)
{
	pqm_obj_text(o, more, pqm_text_count(o->arena, n > max ? n - max : 0));
	pqm_obj_flag(o, has_more, n > max);
	return n < max ? n : max;
}

struct lines {
	pqm_bytes line[PQM_VIEW_LINES];
};

static void fill_line(struct pqm_obj *o, const void *ctx, size_t i)
{
	const struct lines *l = ctx;

	pqm_obj_text(o, "text", l->line[i]);
}

void pqm_view_lines(struct pqm_obj *o, const char *name, const char *flag, pqm_bytes text)
{
	struct lines *l = pqm_new(o->arena, struct lines, 1);
	pqm_bytes rest = text;
	size_t n = 0;

	while (l != NULL && text.n > 0 && n < PQM_VIEW_LINES && pqm_split(&rest, '\n', &l->line[n]))
		n++;
	while (n > 0 && l->line[n - 1].n == 0)
		n--;
	pqm_obj_list(o, name, n, fill_line, l);
	pqm_obj_flag(o, flag, n > 0);
}

static bool map_asset(struct pqm_view *v, const struct pqm_asset_score **slot)
{
	const struct pqm_asset *a = (*slot)->asset;

	for (size_t h = 0; h < a->n_hops; h++)
		for (size_t k = 0; k < a->hops[h].n_findings; k++) {
			pqm_bytes id = { a->hops[h].findings[k], PQM_ID_BYTES };

			if (pqm_map_get(&v->asset_of, id) == NULL &&
				!pqm_map_put(&v->asset_of, id, slot))
				return false;
		}
	return true;
}

static bool order_assets(struct pqm_view *v)
{
	const struct pqm_assessment *as = v->r->assessment;

	v->scores = pqm_new(&v->arena, const struct pqm_asset_score *, as->n_assets);
	if (v->scores == NULL)
		return false;
	for (int unassigned = 0; unassigned < 2; unassigned++) {
		for (size_t i = 0; i < as->n_assets; i++)
			if (as->assets[i].asset->is_unassigned == (unassigned == 1))
				v->scores[v->n_scores++] = &as->assets[i];
		if (unassigned == 0)
			v->n_ai = v->n_scores;
	}
	for (size_t i = 0; i < v->n_scores; i++)
		if (!map_asset(v, &v->scores[i]))
			return false;
	return true;
}

static bool map_tasks(struct pqm_view *v)
{
	const struct pqm_plan *p = v->r->plan;

	for (size_t i = 0; i < p->n_tasks; i++)
		if (!pqm_map_put(&v->task_no, p->tasks[i].id, &p->tasks[i]))
			return false;
	return true;
}

enum pqm_st pqm_view_init(struct pqm_view *v, const struct pqm_report *r, struct pqm_err *err)
{
	uint8_t digest[PQM_SHA256_BYTES];

	*v = (struct pqm_view){ .r = r };
	pqm_arena_init(&v->arena, PQM_RUN_ARENA_BYTES);
	pqm_tally(&v->tally, r->inv);
	pqm_inventory_digest(digest, r->inv);
	pqm_hex(v->digest, digest, sizeof(digest));
	enum pqm_st st = pqm_causes(&v->causes, &v->n_causes, r->inv, &v->arena, err);

	if (st == PQM_OK && (!order_assets(v) || !map_tasks(v)))
		st = pqm_fail(err, PQM_ENOMEM, "report: no memory for the page");
	v->ways = pqm_new(&v->arena, struct pqm_ways, 1);
	if (st == PQM_OK)
		st = v->ways == NULL ? pqm_fail(err, PQM_ENOMEM, "report: no memory for the page")
				     : pqm_ways_init(v->ways, r->graph, &v->arena, err);
	if (st != PQM_OK)
		pqm_view_fini(v);
	return st;
}

void pqm_view_fini(struct pqm_view *v)
{
	pqm_map_fini(&v->asset_of);
	pqm_map_fini(&v->task_no);
	pqm_arena_fini(&v->arena);
}

static pqm_bytes target_names(const struct pqm_view *v, struct pqm_arena *a)
{
	const struct pqm_inventory *inv = v->r->inv;
	pqm_bytes out = { NULL, 0 };

	for (size_t i = 0; i < inv->n_targets && i < 4; i++) {
		pqm_bytes name = pqm_printable(a, inv->targets[i].name);

		name = pqm_text_cut(a, name, 60);
		out = pqm_arena_f(a, "%.*s%s%.*s", PQM_FMT(out), i > 0 ? ", " : "", PQM_FMT(name));
	}
	if (inv->n_targets > 4)
		out = pqm_arena_f(a, "%.*s and %zu more", PQM_FMT(out), inv->n_targets - 4);
	return out.n > 0 ? out : PQM_LIT("nothing");
}

static void fill_regime(struct pqm_obj *o, const void *ctx, size_t i)
{
	const struct pqm_inventory *inv = ctx;

	pqm_obj_text(o, "text", inv->regimes[i]);
}

static void settings(struct pqm_obj *o, const struct pqm_view *v)
{
	const struct pqm_inventory *inv = v->r->inv;

	pqm_obj_text(o, "targets_line", target_names(v, o->arena));
	pqm_obj_text(o, "date", pqm_text_day(o->arena, inv->now_days));
	pqm_obj_text(o, "tool_version", inv->tool_version);
	pqm_obj_text(o, "rules_version", inv->rules_version);
	pqm_obj_text(o, "rules_name", inv->rules_name);
	pqm_obj_text(o, "rules_short", pqm_sub(inv->rules_version, 0, 12));
	pqm_obj_text(o, "digest", pqm_str(v->digest));
	pqm_obj_text(o, "digest_short", (pqm_bytes){ (const uint8_t *)v->digest, 12 });
	pqm_obj_list(o, "regimes", inv->n_regimes, fill_regime, inv);
	pqm_obj_flag(o, "has_regimes", inv->n_regimes > 0);
	pqm_obj_flag(o, "no_regimes", inv->n_regimes == 0);
	pqm_obj_flag(o, "has_money", v->r->assessment->has_money);
	pqm_obj_flag(o, "no_money", !v->r->assessment->has_money);
	pqm_obj_text(o, "currency", v->r->assessment->currency);
	pqm_obj_flag(o, "has_currency", v->r->assessment->currency.n > 0);
	pqm_obj_text(o, "bench", v->r->plan->bench);
	pqm_obj_flag(o, "has_bench", v->r->plan->bench.n > 0);
}

/* One object for each part keeps each under PQM_OBJ_FIELDS: parts see root through parent. */
#define PART(fn)                                                                                   \
	static void fill_##fn(struct pqm_obj *o, const void *ctx, size_t i)                        \
	{                                                                                          \
		(void)i;                                                                           \
		fn(o, ctx);                                                                        \
	}

PART(pqm_view_verdict)
PART(pqm_view_board)
PART(pqm_view_assets)
PART(pqm_view_plan)
PART(pqm_view_findings)
PART(pqm_view_endpoints)
PART(pqm_view_practices)
PART(pqm_view_coverage)
PART(pqm_view_workloads)
PART(pqm_view_files)
PART(pqm_svg_arrival)
PART(pqm_svg_residual)
PART(pqm_svg_gantt)

/* Of a scan without manifests and endpoints every answer would be "not shown". */
static bool has_practices(const struct pqm_report *r)
{
	return r->practices != NULL && r->practices->n > 0 &&
		(r->inv->n_objects > 0 || r->inv->n_endpoints > 0);
}

void pqm_view_root(struct pqm_obj *o, const struct pqm_view *v)
{
	const struct pqm_report *r = v->r;

	settings(o, v);
	pqm_obj_list(o, "verdict", 1, fill_pqm_view_verdict, v);
	pqm_obj_list(o, "board", 1, fill_pqm_view_board, v);
	pqm_obj_list(o, "assets", 1, fill_pqm_view_assets, v);
	pqm_obj_list(o, "plan", 1, fill_pqm_view_plan, v);
	pqm_obj_list(o, "findings", 1, fill_pqm_view_findings, v);
	pqm_obj_list(o, "endpoints", r->inv->n_endpoints > 0, fill_pqm_view_endpoints, v);
	pqm_obj_list(o, "practices", has_practices(r), fill_pqm_view_practices, v);
	pqm_obj_list(o, "workloads", 1, fill_pqm_view_workloads, v);
	pqm_obj_list(o, "files", 1, fill_pqm_view_files, v);
	pqm_obj_list(o, "coverage", 1, fill_pqm_view_coverage, v);
	pqm_obj_list(o, "arrival", r->assessment->n_curve > 1, fill_pqm_svg_arrival, v);
	pqm_obj_list(o, "residual", r->plan->n_residual > 1, fill_pqm_svg_residual, v);
	pqm_obj_list(o, "gantt", r->plan->n_tasks > 0, fill_pqm_svg_gantt, v);
	pqm_obj_flag(o, "has_residual", r->plan->n_residual > 1);
	pqm_obj_flag(o, "has_tasks", r->plan->n_tasks > 0);
	pqm_obj_flag(o, "no_tasks", r->plan->n_tasks == 0);
	pqm_obj_flag(o, "has_deadlines", r->plan->n_deadlines > 0);
	pqm_obj_flag(o, "no_deadlines", r->plan->n_deadlines == 0);
	pqm_view_trend(o, v);
}
