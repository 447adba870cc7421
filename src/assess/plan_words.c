/* plan_words.c — what the plan says of itself: why a task comes early, and how good the order is. */
#include "base/num.h"
#include "run.h"

/* "438 M": an amount in at most four digits. */
static pqm_bytes amount(struct pqm_arena *a, double v)
{
	static const char *const unit[] = { "", " k", " M", " bn", " tn" };
	size_t u = 0;

	while (v >= 1000 && u + 1 < sizeof(unit) / sizeof(unit[0])) {
		v /= 1000;
		u++;
	}
	return pqm_arena_f(a, "%.*f%s", v < 10 ? 2 : v < 100 ? 1 : 0, v, unit[u]);
}

struct sums {
	double value, effort; /* of the whole plan */
	double *own;	      /* by plan order: worth of the goals that end with the task */
	double *money;	      /* by plan order: what of it is money, as a rate was declared */
	bool *paid;	      /* by plan order: some goal ends with the task */
	uint32_t *user;	      /* by plan order: the first task that needs it; UINT32_MAX: none */
};

/* A year of content has a price only where a rate was declared; a lump is lost once, not by the year. */
static bool is_by_year(const struct pqm_run *r, const struct pqm_goal *g)
{
	const struct pqm_vector *v = &r->uses[g->asset][g->use].v;
	double lump, rate;

	return pqm_run_money(r, &r->g->assets[pqm_run_root(r, g->asset)], &lump, &rate) &&
		rate > 0 && v->data == 'F' && pqm_risk_is_carried(v);
}

static enum pqm_st sum_up(struct sums *s, struct pqm_run *r)
{
	const struct pqm_plan *p = r->plan;

	s->paid = pqm_new(&r->scratch, bool, p->n_tasks);
	s->user = pqm_new(&r->scratch, uint32_t, p->n_tasks);
	s->own = pqm_new(&r->scratch, double, p->n_tasks);
	s->money = pqm_new(&r->scratch, double, p->n_tasks);
	if (s->paid == NULL || s->user == NULL || s->own == NULL || s->money == NULL)
		return pqm_fail(r->err, PQM_ENOMEM, "plan: out of memory");
	for (size_t i = 0; i < p->n_goals; i++) {
		s->value += p->goals[i].value;
		s->paid[p->goals[i].deps[0]] |= p->goals[i].value > 0;
		s->own[p->goals[i].deps[0]] += p->goals[i].value;
		if (is_by_year(r, &p->goals[i]))
			s->money[p->goals[i].deps[0]] += p->goals[i].value;
	}
	for (size_t i = p->n_tasks; i > 0; i--) {
		const struct pqm_task *t = &p->tasks[i - 1];

		s->effort += (t->effort_lo + t->effort_hi) / 2;
		s->user[i - 1] = UINT32_MAX;
	}
	for (size_t i = p->n_tasks; i > 0; i--)
		for (size_t k = 0; k < p->tasks[i - 1].n_deps; k++)
			s->user[p->tasks[i - 1].deps[k]] = (uint32_t)(i - 1);
	return PQM_OK;
}

/* What a task is worth by itself; one that only makes way for others has no worth of its own. */
static pqm_bytes worth(struct pqm_run *r, const struct sums *s, uint32_t i)
{
	struct pqm_arena *a = &r->plan->arena;
	double part = s->value > 0 ? 100 * s->own[i] / s->value : 0;
	pqm_bytes text;

	if (!(s->own[i] > 0) && r->plan->tasks[i].value > 0 && s->user[i] != UINT32_MAX)
		return pqm_arena_f(a, "so that task %u can follow", s->user[i] + 1);
	if (!(s->own[i] > 0))
		return PQM_LIT("");
	if (!(s->money[i] > 0))
		return pqm_arena_f(a, "%.3g %% of what waiting costs", part);
	text = amount(a, s->money[i]);
	return pqm_arena_f(a, "%.*s a year of delay%s", PQM_FMT(text),
		s->money[i] < s->own[i] ? ", and more where no rate was declared" : "");
}

static pqm_bytes pays(struct pqm_run *r, const struct sums *s, uint32_t i)
{
	const struct pqm_task *t = &r->plan->tasks[i];
	double days = (t->effort_lo + t->effort_hi) / 2;

	return pqm_arena_f(&r->plan->arena, "%.*s; %.3g %% of the effort", PQM_FMT(t->worth),
		s->effort > 0 ? 100 * days / s->effort : 0);
}

static pqm_bytes why(struct pqm_run *r, const struct sums *s, uint32_t i)
{
	const struct pqm_plan *p = r->plan;
	const struct pqm_task *t = &p->tasks[i];
	struct pqm_arena *a = &r->plan->arena;
	pqm_bytes because, title;
	char day[16];

	if (t->is_weak_fix)
		because = PQM_LIT("open today, to anyone on the way");
	else if (t->is_inserted && t->due != INT64_MAX) {
		pqm_date_format(day, t->due);
		because = pqm_arena_f(a, "it has to be finished by %s to keep a date", day);
	} else if (!s->paid[i] && s->user[i] != UINT32_MAX) {
		title = p->tasks[s->user[i]].title;
		because = pqm_arena_f(a, "task %u needs it (%.*s)", s->user[i] + 1, PQM_FMT(title));
	} else if (t->value > 0)
		because = pays(r, s, i);
	else
		because = PQM_LIT("nothing of more worth waits");
	return pqm_arena_f(a, "phase %u task pulled forward: %.*s", t->phase, PQM_FMT(because));
}

static pqm_bytes optimality(struct pqm_run *r, const struct pqm_order *o)
{
	struct pqm_arena *a = &r->plan->arena;
	double over = o->bound > 0 ? fmax(0, 100 * (o->worth_cost / o->bound - 1)) : 0;
	double dates = o->worth_cost > 0 ? 100 * (o->cost / o->worth_cost - 1) : 0;
	pqm_bytes order;

	if (o->is_exact)
		return PQM_LIT("exact: no order of these tasks costs less");
	order = over < 0.005 ? PQM_LIT("exact by worth: no order costs less")
			     : pqm_arena_f(a,
				       "heuristic: at most %.2f %% over the least cost of any "
				       "order, by a computed "
				       "lower bound",
				       over);
	if (dates > 0.005)
		return pqm_arena_f(
			a, "%.*s; dates and releases add %.2f %%", PQM_FMT(order), dates);
	return order;
}

enum pqm_st pqm_run_plan_words(struct pqm_run *r, const struct pqm_order *o)
{
	struct sums s = { 0 };
	enum pqm_st st = sum_up(&s, r);

	if (st != PQM_OK)
		return st;
	for (uint32_t i = 0; i < r->plan->n_tasks; i++) {
		struct pqm_task *t = &r->plan->tasks[i];

		t->worth = worth(r, &s, i);
		if (t->worth.p == NULL)
			return pqm_fail(r->err, PQM_ENOMEM, "plan: out of memory");
		if (!t->pulled_forward)
			continue;
		t->pulled_why = why(r, &s, i);
		if (t->pulled_why.p == NULL)
			return pqm_fail(r->err, PQM_ENOMEM, "plan: out of memory");
	}
	r->plan->optimality = optimality(r, o);
	return r->plan->optimality.p == NULL ? pqm_fail(r->err, PQM_ENOMEM, "plan: out of memory")
					     : PQM_OK;
}
