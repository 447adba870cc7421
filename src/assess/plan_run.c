/* plan_run.c — tasks and uses to an order with dates; finishes go back into Y until they settle. */
#include "run.h"

#define FAR_DAYS 3000000.0 /* eight thousand years: dates stay printable */

static int64_t day_of(const struct pqm_run *r, double person_days, bool up)
{
	double days = person_days * PQM_DAYS_PER_MONTH / r->capacity;

	days = days < FAR_DAYS ? days : FAR_DAYS;
	return r->opt->start_days + (int64_t)(up ? ceil(days - 1e-9) : floor(days + 1e-9));
}

static double person_days(const struct pqm_run *r, int64_t date)
{
	return (double)(date - r->opt->start_days) / PQM_DAYS_PER_MONTH * r->capacity;
}

/* ---- goals ---- */

static size_t count_goals(const struct pqm_run *r)
{
	size_t n = 0;

	for (size_t a = 0; a < r->g->n_assets; a++)
		for (size_t h = 0; h < r->g->assets[a].n_hops; h++)
			n += r->tasks.steps[a][h].n;
	return n;
}

static enum pqm_st add_goals(struct pqm_run *r, uint32_t asset, uint32_t hop)
{
	const struct pqm_hop_steps *s = &r->tasks.steps[asset][hop];
	struct pqm_run_use *u = &r->uses[asset][hop];

	for (size_t k = 0; k < s->n; k++) {
		struct pqm_goal *g = &r->goals[r->n_goals];
		uint32_t *dep;

		if (s->step[k].reaches == '\0')
			continue;
		dep = pqm_new(&r->plan->arena, uint32_t, 1);
		if (dep == NULL)
			return pqm_fail(r->err, PQM_ENOMEM, "plan: out of memory");
		*dep = s->step[k].task;
		*g = (struct pqm_goal){ .asset = asset, .use = hop, .deps = dep, .n_deps = 1 };
		g->id = pqm_arena_f(&r->plan->arena, "%.*s#%u:%c", PQM_FMT(r->g->assets[asset].id),
			hop, s->step[k].reaches);
		r->prizes[r->n_goals] = (struct pqm_prize){ .id = g->id, .deps = dep, .n_deps = 1 };
		if (s->step[k].reaches == 'E')
			u->last = s->step[k].task;
		r->n_goals++;
	}
	return PQM_OK;
}

static enum pqm_st make_goals(struct pqm_run *r)
{
	size_t n = count_goals(r);
	enum pqm_st st = PQM_OK;

	r->goals = pqm_new(&r->plan->arena, struct pqm_goal, n);
	r->prizes = pqm_new(&r->scratch, struct pqm_prize, n);
	if (r->goals == NULL || r->prizes == NULL)
		return pqm_fail(r->err, PQM_ENOMEM, "plan: out of memory");
	for (uint32_t a = 0; a < r->g->n_assets && st == PQM_OK; a++)
		for (uint32_t h = 0; h < r->g->assets[a].n_hops && st == PQM_OK; h++)
			st = add_goals(r, a, h);
	return st;
}

static double delay_cost(const struct pqm_run *r, struct pqm_vector v, char coverage)
{
	struct pqm_use_score s = { 0 };

	if (coverage == 'F' && v.coverage == 'M')
		return 0; /* a measured share already says what is offered */
	if (coverage != '\0')
		v.coverage = coverage;
	pqm_risk_use(&s, &r->p, &v);
	/* Plaintext is read today: its price is that of being captured. */
	return s.is_broken_today ? s.h[PQM_CENTRAL] : s.cod[PQM_CENTRAL];
}

/* A goal is worth what a year of delay costs before it, less what it costs after it. Uses of one root
 * lose the same content, so that together they are worth their union and no more. */
static void value_goals(struct pqm_run *r)
{
	for (size_t i = 0; i < r->n_goals; i++) {
		struct pqm_goal *g = &r->goals[i];
		const struct pqm_run_use *u = &r->uses[g->asset][g->use];
		char to = (char)g->id.p[g->id.n - 1];
		bool second =
			i > 0 && r->goals[i - 1].asset == g->asset && r->goals[i - 1].use == g->use;
		double before, after;

		pqm_run_set_vector(r, g->asset, g->use);
		before = delay_cost(r, u->v, second ? 'F' : '\0');
		if (second && u->v.coverage == 'M')
			before = delay_cost(r, u->v, '\0');
		after = to == 'E' ? 0 : delay_cost(r, u->v, 'F');
		if (u->v.coverage == 'M' && to == 'F')
			after = before;
		g->value = fmax(0, before - after) * pqm_run_weight(r, &r->g->assets[g->asset]);
		if (pqm_run_is_shared(u))
			g->value *= r->share[g->asset];
		r->prizes[i].value = g->value;
	}
}

/* ---- jobs ---- */

static void set_dues(struct pqm_run *r)
{
	for (size_t i = 0; i < r->n_duties; i++)
		for (size_t a = 0; a < r->g->n_assets; a++)
			for (size_t h = 0; h < r->g->assets[a].n_hops; h++) {
				const struct pqm_run_use *u = &r->uses[a][h];
				double due = person_days(r, r->duties[i].date);

				if (u->is_safe || u->last == UINT32_MAX ||
					!pqm_duty_concerns(&r->duties[i], &u->v))
					continue;
				r->jobs[u->last].due = fmin(r->jobs[u->last].due, due);
			}
}

static enum pqm_st make_jobs(struct pqm_run *r)
{
	r->jobs = pqm_new(&r->scratch, struct pqm_job, r->tasks.n);
	if (r->jobs == NULL)
		return pqm_fail(r->err, PQM_ENOMEM, "plan: out of memory");
	for (size_t i = 0; i < r->tasks.n; i++) {
		const struct pqm_task *t = &r->tasks.task[i];

		r->jobs[i] = (struct pqm_job){ .id = t->id,
			.lo = t->effort_lo,
			.hi = t->effort_hi,
			.rank = t->phase,
			.first = t->is_weak_fix,
			.due = INFINITY,
			.deps = t->deps,
			.n_deps = t->n_deps };
		/* what carries no value is put where it helps, not where the worth runs out */
		if (t->within_months > 0)
			r->jobs[i].due = t->within_months * r->capacity;
		if (t->blocked_until != INT64_MIN)
			r->jobs[i].release = fmax(0, person_days(r, t->blocked_until));
	}
	set_dues(r);
	return PQM_OK;
}

/* ---- rounds ---- */

/* Finishing dates of one round, by goal, to see when they repeat. */
struct rounds {
	int64_t *finish[PQM_PLAN_ROUNDS_MAX + 1];
	size_t n;
};

static enum pqm_st one_round(struct pqm_run *r, struct rounds *k, struct pqm_order *o)
{
	struct pqm_arena scratch;
	enum pqm_st st;

	*o = (struct pqm_order){ .jobs = r->jobs,
		.n_jobs = r->tasks.n,
		.prizes = r->prizes,
		.n_prizes = r->n_goals,
		.dp_max = PQM_PLAN_EXACT_MAX };
	value_goals(r);
	pqm_arena_init(&scratch, PQM_ARENA_BYTES);
	st = pqm_order_solve(o, &scratch, r->err);
	pqm_arena_fini(&scratch);
	k->finish[k->n] = pqm_new(&r->scratch, int64_t, r->n_goals);
	if (st == PQM_OK && k->finish[k->n] == NULL)
		st = pqm_fail(r->err, PQM_ENOMEM, "plan: out of memory");
	for (size_t i = 0; i < r->n_goals && st == PQM_OK; i++)
		k->finish[k->n][i] = day_of(r, r->prizes[i].finish_hi, true);
	k->n++;
	return st;
}

/* The earlier round with the same dates, or SIZE_MAX. */
static size_t seen_before(const struct rounds *k, size_t n_goals)
{
	for (size_t i = 0; i + 1 < k->n; i++)
		if (n_goals == 0 ||
			memcmp(k->finish[i], k->finish[k->n - 1], n_goals * sizeof(int64_t)) == 0)
			return i;
	return SIZE_MAX;
}

/* Y of each use from the finish of its last goal in round n. */
static void feed_back(struct pqm_run *r, const struct rounds *k, size_t n)
{
	for (size_t i = 0; i < r->n_goals; i++) {
		const struct pqm_goal *g = &r->goals[i];
		struct pqm_run_use *u = &r->uses[g->asset][g->use];
		int64_t days = k->finish[n][i] - r->opt->now_days;

		double years = fmax(0, (double)days / PQM_DAYS_PER_YEAR);

		if (g->id.p[g->id.n - 1] == 'F')
			u->y_half = round(years * 100) / 100; /* as a vector has Y */
		if (g->deps[0] != u->last)
			continue;
		u->finish = k->finish[n][i];
		u->y = years;
	}
}

/* Of the rounds after `twin`, the one whose dates are latest. */
static size_t latest_round(const struct rounds *k, size_t twin, size_t n_goals)
{
	size_t best = twin + 1;
	double most = -INFINITY;

	for (size_t n = twin + 1; n < k->n; n++) {
		double sum = 0;

		for (size_t i = 0; i < n_goals; i++)
			sum += (double)k->finish[n][i];
		if (sum > most) {
			most = sum;
			best = n;
		}
	}
	return best;
}

/* Dates that go round in a circle: takes the latest of them, plan and Y alike. */
static enum pqm_st settle_circle(
	struct pqm_run *r, struct rounds *k, size_t twin, struct pqm_order *o)
{
	size_t take = latest_round(k, twin, r->n_goals);
	enum pqm_st st = PQM_OK;

	if (take + 1 < k->n) {
		feed_back(r, k, take - 1);
		st = one_round(r, k, o);
	}
	if (st == PQM_OK)
		feed_back(r, k, take);
	return st;
}

/* ---- the plan as it is reported ---- */

static void place_task(struct pqm_run *r, const struct pqm_job *j, struct pqm_task *t)
{
	double months;

	t->order = j->order;
	t->is_inserted = j->is_inserted;
	t->start_lo = day_of(r, j->start_lo, false);
	t->start_hi = day_of(r, j->start_hi, false);
	t->finish_lo = day_of(r, j->finish_lo, true);
	t->finish_hi = day_of(r, j->finish_hi, true);
	t->due = t->is_weak_fix		 ? r->opt->start_days /* it is open already */
		: isinf(j->modified_due) ? INT64_MAX
					 : day_of(r, fmax(0, j->modified_due), false);
	months = (double)(t->finish_hi - r->opt->start_days) / PQM_DAYS_PER_MONTH;
	t->window = months <= r->p.window_months[0] ? PQM_W_0_6
		: months <= r->p.window_months[1]   ? PQM_W_6_18
						    : PQM_W_18_PLUS;
	t->pulled_forward = (unsigned)t->window < r->tasks.phase_window[t->phase];
}

/* Value of the goals for which a task is done, directly or as a prerequisite. Tasks of a goal form a
 * closure, so walking down from the goal finds them. */
static enum pqm_st add_values(struct pqm_run *r)
{
	uint32_t *stack = pqm_new(&r->scratch, uint32_t, r->tasks.n);
	size_t *mark = pqm_new(&r->scratch, size_t, r->tasks.n);

	if (stack == NULL || mark == NULL)
		return pqm_fail(r->err, PQM_ENOMEM, "plan: out of memory");
	for (size_t i = 0; i < r->n_goals; i++) {
		size_t n = 0;

		if (!(r->goals[i].value > 0))
			continue;
		mark[r->goals[i].deps[0]] = i + 1;
		stack[n++] = r->goals[i].deps[0];
		while (n > 0) {
			struct pqm_task *t = &r->tasks.task[stack[--n]];

			t->value += r->goals[i].value;
			for (size_t k = 0; k < t->n_deps; k++)
				if (mark[t->deps[k]] != i + 1) {
					mark[t->deps[k]] = i + 1;
					stack[n++] = t->deps[k];
				}
		}
	}
	return PQM_OK;
}

static int by_number(const void *x, const void *y)
{
	uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;

	return (a > b) - (a < b);
}

/* Tasks in plan order, and every index with them. */
static enum pqm_st publish(struct pqm_run *r, const struct pqm_order *o)
{
	struct pqm_plan *p = r->plan;
	size_t n = r->tasks.n;

	p->tasks = pqm_new(&p->arena, struct pqm_task, n);
	if (p->tasks == NULL)
		return pqm_fail(r->err, PQM_ENOMEM, "plan: out of memory");
	for (size_t i = 0; i < n; i++) {
		struct pqm_task *t = &r->tasks.task[i];
		uint32_t *deps = pqm_new(&p->arena, uint32_t, t->n_deps);

		if (deps == NULL)
			return pqm_fail(r->err, PQM_ENOMEM, "plan: out of memory");
		for (size_t k = 0; k < t->n_deps; k++)
			deps[k] = r->jobs[t->deps[k]].order;
		qsort(deps, t->n_deps, sizeof(*deps), by_number);
		place_task(r, &r->jobs[i], t);
		p->tasks[t->order] = *t;
		p->tasks[t->order].deps = deps;
	}
	for (size_t i = 0; i < r->n_goals; i++) {
		struct pqm_goal *g = &r->goals[i];
		uint32_t *dep = pqm_new(&p->arena, uint32_t, 1);

		if (dep == NULL)
			return pqm_fail(r->err, PQM_ENOMEM, "plan: out of memory");
		*dep = r->jobs[g->deps[0]].order;
		g->finish_lo = day_of(r, r->prizes[i].finish_lo, true);
		g->finish_hi = day_of(r, r->prizes[i].finish_hi, true);
		if (g->deps[0] == r->uses[g->asset][g->use].last)
			r->uses[g->asset][g->use].done_at = *dep;
		if (g->id.p[g->id.n - 1] == 'F')
			r->uses[g->asset][g->use].half_at = *dep;
		g->deps = dep;
	}
	p->n_tasks = n;
	p->goals = r->goals;
	p->n_goals = r->n_goals;
	p->is_exact = o->is_exact;
	p->cost = o->cost;
	p->bound = o->bound;
	return pqm_run_plan_words(r, o);
}

enum pqm_st pqm_run_plan(struct pqm_run *r)
{
	struct rounds k = { 0 };
	struct pqm_order o;
	size_t twin = SIZE_MAX;
	enum pqm_st st = make_goals(r);

	if (st == PQM_OK)
		st = pqm_run_shares(r);
	if (st == PQM_OK)
		st = make_jobs(r);
	while (st == PQM_OK && twin == SIZE_MAX && k.n < PQM_PLAN_ROUNDS_MAX) {
		st = one_round(r, &k, &o);
		if (st != PQM_OK)
			break;
		twin = seen_before(&k, r->n_goals);
		feed_back(r, &k, k.n - 1);
	}
	r->plan->n_rounds = (unsigned)k.n;
	if (st == PQM_OK && twin != SIZE_MAX && twin + 2 < k.n)
		st = settle_circle(r, &k, twin, &o);
	if (st != PQM_OK)
		return st;
	st = add_values(r);
	return st == PQM_OK ? publish(r, &o) : st;
}
