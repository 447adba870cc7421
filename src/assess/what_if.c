/* what_if.c — some tasks taken as done: what remains, and what they need to earn credit. */
#include <stdlib.h>

#include "base/num.h"
#include "run.h"

/* The types that the plan has, in its order. */
static pqm_bytes types(struct pqm_run *r)
{
	const struct pqm_plan *p = r->plan;
	pqm_bytes all = { NULL, 0 };

	for (size_t i = 0; i < p->n_tasks; i++) {
		bool is_first = true;

		for (size_t k = 0; k < i && is_first; k++)
			is_first = !pqm_eq(p->tasks[k].type, p->tasks[i].type);
		if (is_first)
			all = pqm_arena_f(&r->scratch, "%.*s%s%.*s", PQM_FMT(all),
				all.n > 0 ? ", " : "", PQM_FMT(p->tasks[i].type));
	}
	return all;
}

static enum pqm_st unknown(struct pqm_run *r, pqm_bytes name)
{
	const struct pqm_plan *p = r->plan;
	size_t least = SIZE_MAX;
	pqm_bytes best = { 0 }, said = pqm_printable(&r->scratch, name);

	for (size_t i = 0; i < p->n_tasks; i++) {
		const pqm_bytes names[] = { p->tasks[i].type, p->tasks[i].id };

		for (size_t k = 0; k < 2; k++) {
			size_t d = pqm_distance(name, names[k]);

			if (d >= least)
				continue;
			least = d;
			best = names[k];
		}
	}
	if (p->n_tasks == 0)
		return pqm_fail(
			r->err, PQM_EUSAGE, "--what-if %.*s: the plan has no tasks", PQM_FMT(said));
	if (least * 2 > name.n)
		return pqm_fail(r->err, PQM_EUSAGE,
			"--what-if %.*s: no such task; take numbers from 1 to %zu, ids of `pqmap "
			"plan`, "
			"or types: %.*s",
			PQM_FMT(said), p->n_tasks, PQM_FMT(types(r)));
	best = pqm_printable(&r->scratch, best);
	return pqm_fail(r->err, PQM_EUSAGE,
		"--what-if %.*s: no such task; the nearest is %.*s, and numbers go from 1 to %zu",
		PQM_FMT(said), PQM_FMT(best), p->n_tasks);
}

/* Marks the tasks of one name: a number of the plan, an id, or a type. */
static enum pqm_st choose(struct pqm_run *r, bool *chosen, pqm_bytes name)
{
	const struct pqm_plan *p = r->plan;
	uint64_t number = 0;
	bool any = false;

	if (pqm_u64_parse(name, p->n_tasks, &number) && number > 0) {
		chosen[number - 1] = true;
		return PQM_OK;
	}
	for (size_t i = 0; i < p->n_tasks; i++)
		if (pqm_eq(p->tasks[i].id, name) || pqm_eq(p->tasks[i].type, name))
			chosen[i] = any = true;
	return any ? PQM_OK : unknown(r, name);
}

/* Tasks that are marked, in plan order, with their efforts. */
static uint32_t *list(
	struct pqm_run *r, const bool *marked, size_t *n, double *effort_lo, double *effort_hi)
{
	uint32_t *out = pqm_new(&r->plan->arena, uint32_t, r->plan->n_tasks);

	for (uint32_t i = 0; i < r->plan->n_tasks && out != NULL; i++) {
		if (!marked[i])
			continue;
		out[(*n)++] = i;
		*effort_lo += r->plan->tasks[i].effort_lo;
		*effort_hi += r->plan->tasks[i].effort_hi;
	}
	return out;
}

/* done: the chosen tasks that have all they need; missing: what the others lack. */
struct choice {
	bool *chosen, *done, *missing, *complete;
};

static void close_under(const struct pqm_plan *p, struct choice *c)
{
	for (size_t i = 0; i < p->n_tasks; i++) {
		c->done[i] = c->chosen[i];
		for (size_t k = 0; k < p->tasks[i].n_deps; k++)
			c->done[i] = c->done[i] && c->done[p->tasks[i].deps[k]];
		c->complete[i] = c->chosen[i];
	}
	for (size_t i = p->n_tasks; i > 0; i--)
		for (size_t k = 0; k < p->tasks[i - 1].n_deps && c->complete[i - 1]; k++)
			c->complete[p->tasks[i - 1].deps[k]] = true;
	for (size_t i = 0; i < p->n_tasks; i++)
		c->missing[i] = c->complete[i] && !c->chosen[i];
}

static int most_moved(const void *x, const void *y)
{
	const struct pqm_what_if_asset *a = x, *b = y;

	if (a->before != b->before)
		return a->before > b->before ? -1 : 1;
	if (a->p_before != b->p_before)
		return a->p_before > b->p_before ? -1 : 1;
	return pqm_cmp(a->asset->id, b->asset->id);
}

/* Whether a chosen task is for the asset: said even when nothing changes. */
static bool is_served(const struct pqm_plan *p, const bool *chosen, pqm_bytes asset)
{
	for (size_t i = 0; i < p->n_tasks; i++)
		for (size_t k = 0; k < p->tasks[i].n_assets && chosen[i]; k++)
			if (pqm_eq(p->tasks[i].assets[k], asset))
				return true;
	return false;
}

static enum pqm_st compare(struct pqm_run *r, struct pqm_what_if *w, const struct choice *c)
{
	struct pqm_run_state before = { .at_once = true }, after = { c->done, .at_once = true },
			     all = { c->complete, .at_once = true };
	enum pqm_st st;

	before.done = pqm_new(&r->scratch, bool, r->plan->n_tasks);
	w->assets = pqm_new(&r->plan->arena, struct pqm_what_if_asset, r->g->n_assets);
	if (before.done == NULL || w->assets == NULL)
		return pqm_fail(r->err, PQM_ENOMEM, "plan: out of memory");
	st = pqm_run_state(r, &before);
	if (st == PQM_OK)
		st = pqm_run_state(r, &after);
	if (st == PQM_OK)
		st = pqm_run_state(r, &all);
	if (st != PQM_OK)
		return st;
	w->sunk = before.sunk;
	w->before = before.left;
	w->after = fmin(after.left, before.left);
	w->completed = fmin(all.left, w->after);
	for (size_t a = 0; a < r->g->n_assets; a++)
		if (after.p[a] < before.p[a] - 1e-12 || after.decision[a] != before.decision[a] ||
			is_served(r->plan, c->chosen, r->g->assets[a].id))
			w->assets[w->n_assets++] = (struct pqm_what_if_asset){ &r->g->assets[a],
				before.p[a], after.p[a], before.decision[a], after.decision[a] };
	qsort(w->assets, w->n_assets, sizeof(*w->assets), most_moved);
	return PQM_OK;
}

enum pqm_st pqm_run_what_if(struct pqm_run *r)
{
	size_t n = r->plan->n_tasks;
	struct choice c = { pqm_new(&r->scratch, bool, n), pqm_new(&r->scratch, bool, n),
		pqm_new(&r->scratch, bool, n), pqm_new(&r->scratch, bool, n) };
	struct pqm_what_if *w = pqm_new(&r->plan->arena, struct pqm_what_if, 1);
	pqm_bytes rest = r->opt->what_if, one;
	enum pqm_st st = PQM_OK;

	if (rest.n == 0)
		return PQM_OK;
	if (c.chosen == NULL || c.done == NULL || c.missing == NULL || c.complete == NULL ||
		w == NULL)
		return pqm_fail(r->err, PQM_ENOMEM, "plan: out of memory");
	while (st == PQM_OK && pqm_split(&rest, ',', &one))
		st = choose(r, c.chosen, pqm_trim(one));
	if (st != PQM_OK)
		return st;
	close_under(r->plan, &c);
	w->tasks = list(r, c.chosen, &w->n_tasks, &w->effort_lo, &w->effort_hi);
	w->missing = list(r, c.missing, &w->n_missing, &w->missing_lo, &w->missing_hi);
	if (w->tasks == NULL || w->missing == NULL)
		return pqm_fail(r->err, PQM_ENOMEM, "plan: out of memory");
	r->plan->what_if = w;
	return compare(r, w, &c);
}
