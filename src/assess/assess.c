#include "assess.h"

#include "base/num.h"
#include "run.h"
#include "sensitivity.h"
#include "threats.h"

static double to_cents(double v)
{
	return round(v * 100) / 100;
}

static double clamp(double v, double lo, double hi)
{
	return v < lo ? lo : v > hi ? hi : v;
}

bool pqm_run_money(
	const struct pqm_run *r, const struct pqm_asset *root, double *lump, double *rate)
{
	bool lump_told = !root->money.is_assumption && root->money.value > 0;
	bool rate_told = !root->flow_money.is_assumption && root->flow_money.value > 0;
	bool band_told = !root->impact.is_assumption;
	size_t level = (size_t)clamp(round(root->impact.value), 1, PQM_N_IMPACTS);

	*rate = rate_told ? root->flow_money.value : 0;
	*lump = lump_told ? root->money.value : band_told ? r->p.impact_mid[level - 1] : 0;
	return lump_told || rate_told || band_told;
}

double pqm_run_weight(const struct pqm_run *r, const struct pqm_asset *asset)
{
	const struct pqm_asset *root =
		&r->g->assets[pqm_run_root(r, (size_t)(asset - r->g->assets))];
	size_t level = (size_t)clamp(round(root->impact.value), 1, PQM_N_IMPACTS);
	double lump, rate;

	if (!pqm_run_money(r, root, &lump, &rate))
		return r->p.impact_mid[level - 1];
	return rate > 0 ? rate : lump;
}

static void set_layers(
	struct pqm_vector *v, const struct pqm_risk_params *p, const struct pqm_hop *h)
{
	for (size_t i = 0; i < h->n_layers && i < PQM_LAYERS_MAX; i++) {
		const struct pqm_risk_class *c = pqm_risk_class_find(p, h->layers[i]);

		if (c == NULL)
			c = pqm_risk_class_find(p, PQM_LIT("UNK")); /* unknown is never safe */
		if (c != NULL)
			memcpy(v->layers[v->n_layers++], c->code, sizeof(c->code));
	}
}

/* What the string has no key for. */
static void set_past(
	struct pqm_run *r, struct pqm_vector *v, const struct pqm_asset *a, const struct pqm_hop *h)
{
	const struct pqm_hop *now = &a->hops[h->was_of];
	const struct pqm_risk_class *c = pqm_risk_class_find(&r->p, now->layers[0]);

	v->is_past_flow = h->was == 'F';
	v->ended_years = to_cents(h->ended_years);
	v->since_coverage = c != NULL && c->fall == PQM_FALL_NEVER ? 'E' : now->coverage;
	v->since_share = round(clamp(now->share, 0, 1) * 10000) / 10000;
	v->since_years = to_cents(now->in_use_years);
}

/* The numbers of a vector are rounded before anything is computed from them, so that the printed
 * vector gives every number again. */
void pqm_run_set_vector(struct pqm_run *r, size_t asset, size_t hop)
{
	const struct pqm_asset *a = &r->g->assets[asset];
	const struct pqm_hop *h = &a->hops[hop];
	struct pqm_run_use *u = &r->uses[asset][hop];

	if (u->has_v && u->v_y == u->y)
		return;
	double ended = to_cents(h->ended_years);
	struct pqm_vector v = {
		.assessed = r->assessed,
		.use = h->use,
		.data = h->data == 'S' ? 'S' : 'F',
		.life_years = to_cents(clamp(a->life_years.value - ended, 0, 1000)),
		.protect_years = to_cents(clamp(u->y, 0, 1000)),
		.in_use_years = to_cents(clamp(h->in_use_years, 0, 1000)),
		.exposure = h->exposure,
		.coverage = h->coverage,
		.share = h->coverage == 'M' ? round(clamp(h->share, 0, 1) * 10000) / 10000 : 0,
		.impact = (unsigned)clamp(round(a->impact.value), 1, PQM_N_IMPACTS),
	};
	char text[PQM_VECTOR_BYTES];

	set_layers(&v, &r->p, h);
	pqm_vector_print(text, &v);
	if (pqm_vector_parse(&u->v, &r->p, pqm_str(text), NULL) != PQM_OK)
		u->v = v; /* a letter that the graph should not give: kept, so that it is seen */
	if (h->was != 0)
		set_past(r, &u->v, a, h);
	u->v_y = u->y;
	u->has_v = true;
}

void pqm_run_score_asset(
	struct pqm_run *r, size_t asset, struct pqm_asset_score *out, struct pqm_exposure *tmp)
{
	const struct pqm_asset *a = &r->g->assets[asset];

	for (size_t h = 0; h < a->n_hops; h++) {
		pqm_run_set_vector(r, asset, h);
		pqm_risk_use(&out->uses[h], &r->p, &r->uses[asset][h].v);
		out->uses[h].hop = &a->hops[h];
		out->uses[h].shor_runs_per = a->hops[h].use == 'K' ? 1 : 2;
	}
	pqm_risk_asset(out, &r->p, tmp);
}

/* Y is the plan's answer where the plan has one. */
static enum pqm_st name_protection(struct pqm_run *r, size_t asset, struct pqm_asset_score *s)
{
	for (size_t h = 0; h < s->n_uses; h++) {
		const struct pqm_run_use *u = &r->uses[asset][h];
		struct pqm_by *by = &s->uses[h].protect_by;

		if (r->g->assets[asset].hops[h].was != 0) {
			*by = r->g->assets[asset].since_by;
		} else if (u->is_safe) {
			*by = (struct pqm_by){ .from = PQM_FROM_GRAPH,
				.words = PQM_LIT("protected already") };
		} else if (u->done_at < r->plan->n_tasks) {
			const pqm_bytes task = r->plan->tasks[u->done_at].id;

			*by = (struct pqm_by){ .from = PQM_FROM_PLAN,
				.words = pqm_arena_f(&r->a->arena, "plan: until task %.*s is done",
					PQM_FMT(task)) };
		} else {
			*by = (struct pqm_by){ .is_assumption = true,
				.words = PQM_LIT("default: no task of the plan protects it") };
		}
		if (by->words.p == NULL)
			return pqm_fail(r->err, PQM_ENOMEM, "assessment: out of memory");
	}
	return PQM_OK;
}

static enum pqm_st init_uses(struct pqm_run *r)
{
	r->uses = pqm_new(&r->scratch, struct pqm_run_use *, r->g->n_assets);
	if (r->uses == NULL)
		return pqm_fail(r->err, PQM_ENOMEM, "assessment: out of memory");
	for (size_t a = 0; a < r->g->n_assets; a++) {
		const struct pqm_asset *s = &r->g->assets[a];

		r->uses[a] = pqm_new(&r->scratch, struct pqm_run_use, s->n_hops);
		if (r->uses[a] == NULL)
			return pqm_fail(r->err, PQM_ENOMEM, "assessment: out of memory");
		for (size_t h = 0; h < s->n_hops; h++) {
			struct pqm_run_use *u = &r->uses[a][h];
			double tau;

			*u = (struct pqm_run_use){ .y = r->p.protect_years,
				.finish = INT64_MIN,
				.done_at = UINT32_MAX,
				.half_at = UINT32_MAX,
				.last = UINT32_MAX };
			pqm_run_set_vector(r, a, h);
			tau = pqm_risk_tau(&r->p, &u->v, PQM_CENTRAL, pqm_risk_end(&u->v));
			u->is_broken = isinf(tau) && tau > 0;
			/* Of the past nothing is left to protect. */
			u->is_safe = (isinf(tau) && tau < 0) || u->v.coverage == 'E' ||
				s->hops[h].was != 0;
			if (u->is_safe)
				u->y = 0;
		}
	}
	return PQM_OK;
}

static enum pqm_st score_all(struct pqm_run *r)
{
	struct pqm_assessment *a = r->a;
	size_t most = 0;
	struct pqm_exposure *tmp;
	char words[PQM_VOLATILE_BYTES];

	a->assets = pqm_new(&a->arena, struct pqm_asset_score, r->g->n_assets);
	for (size_t i = 0; i < r->g->n_assets; i++)
		most = r->g->assets[i].n_hops > most ? r->g->assets[i].n_hops : most;
	tmp = pqm_new(&r->scratch, struct pqm_exposure, most);
	if (a->assets == NULL || tmp == NULL)
		return pqm_fail(r->err, PQM_ENOMEM, "assessment: out of memory");
	for (size_t i = 0; i < r->g->n_assets; i++) {
		struct pqm_asset_score *s = &a->assets[i];

		s->asset = &r->g->assets[i];
		s->n_uses = s->asset->n_hops;
		s->uses = pqm_new(&a->arena, struct pqm_use_score, s->n_uses);
		if (s->uses == NULL)
			return pqm_fail(r->err, PQM_ENOMEM, "assessment: out of memory");
		s->by_deadline = pqm_run_deadline_axis(r, i);
		pqm_run_score_asset(r, i, s, tmp);
		pqm_risk_volatile_words(words, s);
		s->volatile_by = pqm_bytes_dup(&a->arena, pqm_str(words));
		if (s->volatile_by.p == NULL)
			return pqm_fail(r->err, PQM_ENOMEM, "assessment: out of memory");
		enum pqm_st st = pqm_threats_of(s, r->rules, &r->p, tmp, &a->arena, r->err);

		if (st == PQM_OK)
			st = name_protection(r, i, s);
		if (st != PQM_OK)
			return st;
	}
	a->n_assets = r->g->n_assets;
	return PQM_OK;
}

static int worst_first(const void *x, const void *y)
{
	const struct pqm_asset_score *a = x, *b = y;

	if (a->asset->is_unassigned != b->asset->is_unassigned)
		return a->asset->is_unassigned ? 1 : -1;
	if (a->decision != b->decision)
		return a->decision > b->decision ? -1 : 1;
	if (a->p[PQM_CENTRAL] != b->p[PQM_CENTRAL])
		return a->p[PQM_CENTRAL] > b->p[PQM_CENTRAL] ? -1 : 1;
	return pqm_cmp(a->asset->id, b->asset->id);
}

static int by_worst(const void *x, const void *y)
{
	const struct pqm_asset_score *const *a = x, *const *b = y;

	return worst_first(*a, *b);
}

static enum pqm_st find_flips(struct pqm_run *r)
{
	size_t n = r->a->n_assets;
	struct pqm_asset_score **worst = pqm_new(&r->scratch, struct pqm_asset_score *, n);

	if (worst == NULL)
		return pqm_fail(r->err, PQM_ENOMEM, "assessment: out of memory");
	for (size_t i = 0; i < n; i++)
		worst[i] = &r->a->assets[i];
	if (n > 1)
		qsort(worst, n, sizeof(struct pqm_asset_score *), by_worst);
	return pqm_flips_of(worst, n, r->rules, &r->p, &r->a->arena, r->err);
}

/* Sorts the assets; goals, which named them by their place in the graph, follow. */
static enum pqm_st sort_assets(struct pqm_run *r)
{
	uint32_t *at = pqm_new(&r->scratch, uint32_t, r->g->n_assets);

	if (at == NULL)
		return pqm_fail(r->err, PQM_ENOMEM, "assessment: out of memory");
	qsort(r->a->assets, r->a->n_assets, sizeof(*r->a->assets), worst_first);
	for (size_t i = 0; i < r->a->n_assets; i++)
		at[r->a->assets[i].asset - r->g->assets] = (uint32_t)i;
	for (size_t i = 0; i < r->plan->n_goals; i++)
		r->plan->goals[i].asset = at[r->plan->goals[i].asset];
	return PQM_OK;
}

#define CURVE_STEP_YEARS 0.5

static enum pqm_st draw_curve(struct pqm_run *r)
{
	double from = r->p.curve.base_year, to = pqm_risk_horizon(&r->p);
	size_t n = (size_t)clamp(floor((to - from) / CURVE_STEP_YEARS), 1, 1000) + 1;
	double *years = pqm_new(&r->a->arena, double, n);
	double(*f)[PQM_N_SCENARIOS] = pqm_arena_array(&r->a->arena, n, sizeof(*f));

	if (years == NULL || f == NULL)
		return pqm_fail(r->err, PQM_ENOMEM, "assessment: out of memory");
	for (size_t i = 0; i < n; i++) {
		years[i] = from + (double)i * CURVE_STEP_YEARS;
		for (enum pqm_scenario s = PQM_SLOW; s < PQM_N_SCENARIOS; s++)
			f[i][s] = pqm_risk_f(&r->p, s, years[i]);
	}
	r->a->curve_years = years;
	r->a->curve_f = (const double(*)[PQM_N_SCENARIOS])f;
	r->a->n_curve = n;
	return PQM_OK;
}

static enum pqm_st steps(struct pqm_run *r)
{
	const struct pqm_tasks_from from = { r->rules, &r->p, r->inv, r->g, r->opt->bench,
		r->opt->practices, r, r->opt->regimes, r->opt->n_regimes };
	enum pqm_st st = pqm_run_duties(r);

	if (st == PQM_OK)
		st = pqm_run_lineage(r);
	if (st == PQM_OK)
		st = init_uses(r);
	if (st == PQM_OK)
		st = pqm_tasks_build(&r->tasks, &from, &r->plan->arena, r->err);
	if (st == PQM_OK)
		st = pqm_run_plan(r);
	if (st == PQM_OK)
		st = score_all(r);
	if (st == PQM_OK)
		st = find_flips(r);
	if (st == PQM_OK)
		st = pqm_run_ladder(r);
	if (st == PQM_OK)
		st = pqm_run_totals(r);
	if (st == PQM_OK)
		st = pqm_run_notes(r);
	if (st == PQM_OK)
		st = pqm_run_residual(r);
	if (st == PQM_OK)
		st = pqm_run_stages(r);
	if (st == PQM_OK)
		st = pqm_run_what_if(r);
	if (st == PQM_OK)
		st = pqm_run_reasons(r);
	if (st == PQM_OK)
		st = sort_assets(r);
	return st == PQM_OK ? draw_curve(r) : st;
}

/* NOLINTNEXTLINE(readability-function-size): what a stage takes and gives are separate values */
enum pqm_st pqm_assess(struct pqm_assessment *a, struct pqm_plan *plan,
	const struct pqm_rules *rules, const struct pqm_inventory *inv, const struct pqm_graph *g,
	const struct pqm_assess_options *opt, struct pqm_err *err)
{
	struct pqm_run r = {
		.rules = rules, .inv = inv, .g = g, .opt = opt, .a = a, .plan = plan, .err = err
	};
	enum pqm_st st = pqm_risk_params_load(
		&r.p, rules, opt->house != NULL ? PQM_LIT("") : opt->curve, err);

	if (st != PQM_OK)
		return st;
	r.assessed = to_cents(pqm_date_to_year(opt->now_days));
	r.capacity = opt->capacity > 0 ? opt->capacity : r.p.capacity;
	a->assessed = r.assessed;
	if (opt->house != NULL)
		pqm_risk_params_curve(&r.p, opt->house);
	a->curve_id = r.p.curve.id;
	a->curve = r.p.curve;
	st = pqm_risk_params_hash(a->parameters_hash, &r.p, err);
	if (st != PQM_OK)
		return st;
	plan->start = opt->start_days;
	plan->capacity = r.capacity;
	plan->open_years = r.p.open_years;
	pqm_arena_init(&r.scratch, PQM_RUN_ARENA_BYTES);
	st = steps(&r);
	pqm_arena_fini(&r.scratch);
	return st;
}
