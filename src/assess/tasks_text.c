/* tasks_text.c — what a task costs and says, from its rule and the first place it was made for. */
#include "tasks_int.h"

#include "base/num.h"
#include "perf.h"

/* What the rule says in other words for this place, or NULL. */
static const struct pqm_yaml *variant_of(const struct tk_draft *d)
{
	const struct pqm_yaml *list = pqm_yaml_get(d->rule->node, "changes");

	for (size_t i = 0; list != NULL && i < list->n; i++) {
		pqm_bytes word = pqm_yaml_str(list->items[i], "if");

		for (size_t at = 0; word.n > 0 && at + word.n <= d->words.n; at++)
			if (pqm_ieq(pqm_sub(d->words, at, word.n), word))
				return list->items[i];
	}
	return NULL;
}

enum pqm_st tk_fill_effort(struct tk_maker *m, struct tk_draft *d)
{
	const struct pqm_yaml *e = pqm_yaml_get(d->rule->node, "effort"), *node = d->rule->node;
	struct pqm_task *t = &d->t;
	pqm_bytes until = pqm_yaml_str(node, "blocked_until");
	double n = d->units.n > 0 ? (double)d->units.n : 1, lo, hi;
	uint64_t phase;

	if (!pqm_yaml_f64(e, "lo", &lo) || !pqm_yaml_f64(e, "hi", &hi) || !(lo >= 0) || hi < lo)
		return pqm_rule_fail(d->rule, e, m->err, "effort needs lo <= hi in person-days");
	if (!pqm_yaml_u64(node, "phase", &phase) || phase < 1 || phase > 5)
		return pqm_rule_fail(d->rule, NULL, m->err, "phase must be 1 to 5");
	t->blocked_until = INT64_MIN;
	if (until.n > 0 && !pqm_date_parse(until, &t->blocked_until))
		return pqm_rule_fail(d->rule, NULL, m->err, "blocked_until must be a date");
	t->effort_lo = lo * n;
	t->effort_hi = hi * n;
	t->n_units = (unsigned)n;
	t->phase = (unsigned)phase;
	t->is_weak_fix = pqm_yaml_true(node, "first");
	return PQM_OK;
}

static pqm_bytes say(const struct pqm_yaml *node, const struct pqm_yaml *own, const char *key)
{
	return pqm_yaml_str(pqm_yaml_get(own, key) != NULL ? own : node, key);
}

/* What the rule says, and what was measured for it. */
static pqm_bytes costs_of(struct tk_maker *m, const struct pqm_yaml *node,
	const struct pqm_yaml *own, const pqm_bytes v[4])
{
	pqm_bytes said = pqm_fill(m->arena, say(node, own, "costs"), v), found;

	if (m->bench == NULL || pqm_yaml_get(own, "costs") != NULL)
		return said;
	found = pqm_perf_cost_text(m->r, m->bench, pqm_yaml_str(node, "measure"), m->arena);
	if (found.n == 0 || said.n == 0)
		return found.n == 0 ? said : found;
	return pqm_arena_f(m->arena, "%.*s; %.*s", PQM_FMT(said), PQM_FMT(found));
}

enum pqm_st tk_fill_texts(struct tk_maker *m, struct tk_draft *d)
{
	const struct pqm_yaml *node = d->rule->node, *own = variant_of(d);
	char count[32];
	const pqm_bytes v[4] = { d->label, d->object, d->path,
		pqm_bytes_dup(m->arena, pqm_str(pqm_human_count(count, d->t.n_units))) };
	struct pqm_task *t = &d->t;

	if (d->n_places > PQM_TASK_PLACES_MAX)
		tk_add_text(m, &d->where, &t->n_where, &d->cap_where,
			pqm_arena_f(m->arena, "and %s more",
				pqm_human_count(count, d->n_places - PQM_TASK_PLACES_MAX)));
	t->title = pqm_fill(m->arena, pqm_yaml_str(node, "title"), v);
	t->change = pqm_fill(m->arena,
		pqm_yaml_str(own != NULL ? own : node, own != NULL ? "text" : "change"), v);
	t->both_ends = pqm_fill(m->arena, say(node, own, "both_ends"), v);
	t->needs = pqm_fill(m->arena, say(node, own, "needs"), v);
	t->costs = costs_of(m, node, own, v);
	t->verify = pqm_fill(m->arena, say(node, own, "verify"), v);
	t->rollback = pqm_fill(m->arena, say(node, own, "rollback"), v);
	t->why = pqm_fill(m->arena, pqm_yaml_str(node, "why"), v);
	t->blocked_why = pqm_yaml_str(node, "blocked_why");
	t->where = d->where;
	t->assets = d->assets;
	t->findings = (const uint8_t(*)[PQM_ID_BYTES])d->findings;
	return t->title.p == NULL ? pqm_fail(m->err, PQM_ENOMEM, "plan: out of memory") : m->st;
}
