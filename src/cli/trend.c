#include "cli/trend.h"

#include "base/limits.h"
#include "engine/history.h"
#include "report/tally.h"
#include "report/trend_out.h"

static pqm_bytes joined(struct pqm_arena *a, const pqm_bytes *texts, size_t n)
{
	pqm_bytes all = { NULL, 0 };

	for (size_t i = 0; i < n; i++)
		all = i == 0 ? texts[0]
			     : pqm_arena_f(a, "%.*s, %.*s", PQM_FMT(all), PQM_FMT(texts[i]));
	return all;
}

static void count(struct pqm_trend_run *r, const struct pqm_inventory *inv,
	const struct pqm_assessment *a, const struct pqm_plan *plan)
{
	struct pqm_tally tally;

	pqm_tally(&tally, inv);
	memcpy(r->found, tally.found, sizeof(r->found));
	for (size_t i = 0; i < inv->n_targets; i++)
		r->n_targets_failed += inv->targets[i].failed;
	r->n_assets = a->n_assets;
	for (size_t i = 0; i < a->n_assets; i++)
		r->n_act += a->assets[i].decision == PQM_ACT;
	r->n_tasks = plan->n_tasks;
	for (size_t i = 0; i < plan->n_tasks; i++) {
		r->effort_lo += plan->tasks[i].effort_lo;
		r->effort_hi += plan->tasks[i].effort_hi;
	}
}

enum pqm_st pqm_trend_append(struct pqm_trend *t, const char *path, const struct pqm_inventory *inv,
	const struct pqm_assessment *a, const struct pqm_plan *plan, struct pqm_err *err)
{
	struct pqm_history_run run = { .inv = inv, .assessment = a };
	enum pqm_st st;
	_Static_assert(sizeof(run.run.found) == sizeof(((struct pqm_tally *)0)->found),
		"a run counts what a tally counts");

	*t = (struct pqm_trend){ 0 };
	pqm_arena_init(&t->arena, PQM_RUN_ARENA_BYTES);
	run.run = (struct pqm_trend_run){ .now_days = inv->now_days,
		.tool = inv->tool_version,
		.rules = inv->rules_version,
		.curve = a->curve_id,
		.regimes = joined(&t->arena, inv->regimes, inv->n_regimes),
		.has_money = a->has_money,
		.currency = a->currency,
		.total = a->total[PQM_CENTRAL],
		.seen = inv->coverage.seen,
		.read = inv->coverage.read };
	count(&run.run, inv, a, plan);
	pqm_inventory_digest(run.digest, inv);
	st = pqm_history_append(t, path, &run, err);
	if (st == PQM_OK && !pqm_trend_moves(t, a))
		st = pqm_fail(
			err, PQM_ENOMEM, "--trend %s: the trend does not fit in memory", path);
	return st;
}
