#include "unit.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "assess/assess.h"
#include "assess/risk.h"
#include "base/num.h"
#include "rules.h"

/* Whole plans of random estates: what has to hold whatever was found. */

#define NOW "2026-11-21"
#define N_WORLDS 1000
#define SMALL 12   /* places of a random estate */
#define LARGE 3500 /* places of one with 5,000 tasks */

struct world {
	struct pqm_node *node;
	struct pqm_hop *hop;
	struct pqm_asset *asset;
	struct pqm_graph g;
	struct pqm_inventory inv;
	struct pqm_arena arena;
};

struct result {
	struct pqm_assessment a;
	struct pqm_plan plan;
};

static const struct {
	char use;
	const char *layer, *task;
	enum pqm_node_type type;
	const char *kind;
} kinds[] = {
	{ 'K', "E256", "hybrid-on-edge", PQM_NODE_EDGE, "Ingress" },
	{ 'T', "R2048", "disable-rsa-kt", PQM_NODE_EDGE, "Ingress" },
	{ 'K', "E256", "partner-link-hybrid", PQM_NODE_WORKLOAD, "Deployment" },
	{ 'K', "UNK", "hybrid-on-edge", PQM_NODE_EDGE, "Gateway" },
	{ 'L', "E256", "dual-sign", PQM_NODE_SECRET, "Secret" },
	{ 'W', "R3072", "rewrap-keys", PQM_NODE_STORE, "StatefulSet" },
	{ 'K', "NONE", "plaintext-fix", PQM_NODE_STORE, "StatefulSet" },
	{ 'S', "E256", "public-cert-pq", PQM_NODE_EDGE, "Ingress" },
	{ 'S', "R2048", "leaf-certs-pq", PQM_NODE_SECRET, "Secret" },
};

#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

static void fill_asset(struct world *w, uint64_t *rng, size_t i, size_t n)
{
	static const double money[] = { 0, 1e5, 3e6, 5e7, 4e8 };
	struct pqm_asset *a = &w->asset[i];
	bool told = n <= SMALL && unit_random(rng) % 2 == 0;

	*a = (struct pqm_asset){ .id = w->node[i].id,
		.name = w->node[i].name,
		.life_years = { (double)(unit_random(rng) % 40), !told, PQM_LIT("default") },
		.impact = { (double)(1 + unit_random(rng) % 5), !told, PQM_LIT("default") },
		.money = { money[unit_random(rng) % 5], !told, { NULL, 0 } },
		.flow_money = { money[unit_random(rng) % 5], !told || unit_random(rng) % 3 > 0,
			{ NULL, 0 } },
		.currency = PQM_LIT("USD"),
		.root = (uint32_t)(unit_random(rng) % 4 == 0 ? unit_random(rng) % n : i),
		.hops = &w->hop[3 * i],
		.n_hops = 1 + unit_random(rng) % 3 };
	a->root = w->asset[a->root].root < a->root || a->root > i ? (uint32_t)i : a->root;
}

static void fill_hop(struct world *w, uint64_t *rng, size_t i, size_t k, size_t n)
{
	static const char exposures[] = "HDLOCPIX", coverages[] = "NNNFME";
	struct pqm_hop *h = &w->hop[3 * i + k];
	size_t kind = k == 0 ? i % N_KINDS : unit_random(rng) % N_KINDS, to = i;

	if (k > 0) /* another place of that kind */
		to = unit_random(rng) % (n / N_KINDS + 1) * N_KINDS + kind;
	if (to >= n)
		to = kind < n ? kind : i;
	*h = (struct pqm_hop){ .use = kinds[kind].use,
		.data = unit_random(rng) % 5 == 0 ? 'S' : 'F',
		.exposure = exposures[unit_random(rng) % 8],
		.coverage = coverages[unit_random(rng) % 6],
		.share = .5,
		.in_use_years = (double)(unit_random(rng) % 6),
		.n_layers = 1,
		.verdict = PQM_V_CLASSICAL,
		.evidence = PQM_CONFIGURED,
		.basis = PQM_EXPLICIT,
		.from = (uint32_t)(unit_random(rng) % n),
		.to = (uint32_t)to,
		.label = w->node[to].name,
		.task = pqm_str(kinds[kind].task),
		.path = PQM_LIT("edge/ingress.yaml"),
		.line = 41 };
	h->layers[0] = pqm_str(kinds[kind].layer);
}

/* n places, an asset at each, with one to three uses. */
static void make(struct world *w, uint64_t seed, size_t n)
{
	uint64_t rng = seed * 2654435761u + 1;

	memset(w, 0, sizeof(*w));
	pqm_arena_init(&w->arena, (size_t)64 << 20);
	w->node = pqm_new(&w->arena, struct pqm_node, n);
	w->hop = pqm_new(&w->arena, struct pqm_hop, 3 * n);
	w->asset = pqm_new(&w->arena, struct pqm_asset, n);
	assert_true(w->node != NULL && w->hop != NULL && w->asset != NULL);
	for (size_t i = 0; i < n; i++) {
		pqm_bytes name = pqm_arena_f(&w->arena, "p%05zu", i);

		w->node[i] = (struct pqm_node){ .type = kinds[i % N_KINDS].type,
			.id = pqm_arena_f(&w->arena, "ns/%s/p%05zu", kinds[i % N_KINDS].kind, i),
			.kind = pqm_str(kinds[i % N_KINDS].kind),
			.ns = PQM_LIT("ns"),
			.name = name };
	}
	for (size_t i = 0; i < n; i++) {
		fill_asset(w, &rng, i, n);
		for (size_t k = 0; k < 3; k++)
			fill_hop(w, &rng, i, k, n);
	}
	pqm_graph_init(&w->g);
	w->g.nodes = w->node;
	w->g.n_nodes = n;
	w->g.assets = w->asset;
	w->g.n_assets = n;
	pqm_inventory_init(&w->inv);
}

static void drop(struct world *w)
{
	pqm_inventory_fini(&w->inv);
	pqm_graph_fini(&w->g);
	pqm_arena_fini(&w->arena);
}

static enum pqm_st plan(struct result *r, const struct world *w, double capacity,
	const char *what_if, struct pqm_err *err)
{
	const pqm_bytes regimes[] = { PQM_LIT("us-eo-14412") };
	struct pqm_assess_options opt = { .capacity = capacity,
		.regimes = regimes,
		.n_regimes = 1,
		.what_if = what_if != NULL ? pqm_str(what_if) : (pqm_bytes){ NULL, 0 } };

	assert_true(pqm_date_parse(PQM_LIT(NOW), &opt.now_days));
	opt.start_days = opt.now_days;
	pqm_assessment_init(&r->a);
	pqm_plan_init(&r->plan);
	return pqm_assess(&r->a, &r->plan, &rules, &w->inv, &w->g, &opt, err);
}

static void must_plan(struct result *r, const struct world *w, double capacity, const char *what_if)
{
	struct pqm_err err = { 0 };

	if (plan(r, w, capacity, what_if, &err) != PQM_OK)
		fail_msg("%s", err.msg);
}

static void forget(struct result *r)
{
	pqm_plan_fini(&r->plan);
	pqm_assessment_fini(&r->a);
}

static void check_dates(const struct pqm_plan *p)
{
	for (size_t i = 0; i < p->n_tasks; i++) {
		const struct pqm_task *t = &p->tasks[i];

		assert_int_equal(t->order, i);
		assert_true(t->start_lo <= t->finish_lo && t->finish_lo <= t->finish_hi);
		assert_true(t->start_lo <= t->start_hi && t->start_hi <= t->finish_hi);
		if (t->blocked_until != INT64_MIN && t->blocked_until > p->start)
			assert_true(t->start_lo >= t->blocked_until - 1);
		assert_true(t->pulled_forward == (t->pulled_why.n > 0));
		for (size_t k = 0; k < t->n_deps; k++) {
			const struct pqm_task *d = &p->tasks[t->deps[k]];

			assert_true(t->deps[k] < i);
			/* a day is cut in two where one ends and the next begins */
			assert_true(d->finish_hi <= t->start_hi + 1);
			assert_true(d->finish_lo <= t->start_lo + 1);
		}
	}
}

static void check_left(const struct result *r)
{
	const struct pqm_plan *p = &r->plan;
	double most = p->residual[0].left * (1 + 1e-9) + 1e-9, end = 0;
	size_t n = 0;

	for (size_t i = 0; i < r->a.n_assets && !r->a.has_money; i++)
		end += r->a.assets[i].p[PQM_CENTRAL];
	end = r->a.has_money ? r->a.total[PQM_CENTRAL].expected : end;
	if (fabs(p->residual[p->n_tasks].left - end) > 1e-9 * (1 + most))
		fail_msg("the curve ends at %.9g, the assessment at %.9g",
			p->residual[p->n_tasks].left, end);
	for (size_t i = 1; i < p->n_residual; i++) {
		assert_true(p->residual[i].left <= p->residual[i - 1].left);
		assert_true(p->residual[i].sunk == p->residual[0].sunk);
	}
	for (size_t i = 1; i < PQM_N_PHASES; i++)
		assert_true(p->phases[i].left <= p->phases[i - 1].left);

	for (size_t i = 0; i < p->n_residual; i++) {
		assert_true(p->residual[i].left >= p->residual[i].sunk * (1 - 1e-9) - 1e-9);
		assert_true(p->residual[i].left <= most);
	}
	for (size_t i = 0; i < PQM_N_PHASES; i++)
		assert_true(p->phases[i].left <= most &&
			p->phases[i].left >= p->phases[i].sunk * (1 - 1e-9));
	/* windows are stretches of the plan: the same sum, from other code */
	for (size_t i = 0; i < PQM_N_WINDOWS; i++) {
		n += p->windows[i].n_tasks;
		if (fabs(p->windows[i].left - p->residual[n].left) > 1e-6 * (1 + most))
			fail_msg("window %zu leaves %.6f, %zu tasks leave %.6f", i,
				p->windows[i].left, n, p->residual[n].left);
	}
	assert_int_equal(n, p->n_tasks);
}

static int64_t end_of(const struct pqm_plan *p)
{
	int64_t end = p->start;

	for (size_t i = 0; i < p->n_tasks; i++)
		end = p->tasks[i].finish_hi > end ? p->tasks[i].finish_hi : end;
	return end;
}

static void plans_of_random_estates_hold_together(void **state)
{
	size_t tasks = 0, exact = 0, insertions = 0, pulled = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= N_WORLDS; seed++) {
		struct world w;
		struct result slow, fast;

		make(&w, seed, 1 + seed % SMALL);
		must_plan(&slow, &w, 4, NULL);
		must_plan(&fast, &w, 8, NULL);
		check_dates(&slow.plan);
		check_dates(&fast.plan);
		check_left(&slow);
		check_left(&fast);
		assert_int_equal(slow.plan.n_tasks, fast.plan.n_tasks);
		if (end_of(&fast.plan) > end_of(&slow.plan))
			fail_msg("seed %u: twice the people end later", (unsigned)seed);
		assert_true(slow.plan.optimality.n > 0);
		assert_true(slow.plan.cost >= slow.plan.bound * (1 - 1e-9));
		tasks += slow.plan.n_tasks;
		exact += slow.plan.is_exact;
		for (size_t i = 0; i < slow.plan.n_tasks; i++) {
			insertions += slow.plan.tasks[i].is_inserted;
			pulled += slow.plan.tasks[i].pulled_forward;
		}
		forget(&slow);
		forget(&fast);
		drop(&w);
	}
	print_message("%d random estates: %zu tasks, %zu plans proved least cost, %zu tasks moved "
		      "by a due "
		      "date, %zu pulled forward\n",
		N_WORLDS, tasks, exact, insertions, pulled);
	assert_true(tasks > 10 * N_WORLDS && insertions > 0 && pulled > 0);
}

/* Tasks alone, with what they need, and all of them. */
static void what_if_gives_credit_where_nothing_is_missing(void **state)
{
	size_t alone = 0, changed = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= N_WORLDS / 4; seed++) {
		char number[16];
		struct world w;
		struct result base, one;
		const struct pqm_what_if *i;
		size_t k;

		make(&w, seed, 1 + seed % SMALL);
		must_plan(&base, &w, 4, NULL);
		assert_null(base.plan.what_if);
		if (base.plan.n_tasks == 0) {
			forget(&base);
			drop(&w);
			continue;
		}
		k = seed % base.plan.n_tasks;
		(void)snprintf(number, sizeof(number), "%zu", k + 1);
		must_plan(&one, &w, 4, number);
		i = one.plan.what_if;
		assert_non_null(i);
		assert_int_equal(i->n_tasks, 1);
		assert_int_equal(i->tasks[0], k);
		assert_int_equal(i->n_missing > 0, base.plan.tasks[k].n_deps > 0);
		assert_true(i->after <= i->before && i->completed <= i->after);
		assert_true(i->completed >= i->sunk * (1 - 1e-9));
		if (i->n_missing > 0) {
			assert_true(i->after == i->before);
			alone++;
		}
		changed += i->completed < i->before;
		for (size_t a = 0; a < i->n_assets; a++)
			assert_true(i->assets[a].p_after <= i->assets[a].p_before + 1e-12);
		forget(&one);
		forget(&base);
		drop(&w);
	}
	print_message("what-if: %zu tasks earn nothing alone, %zu earn with what they need\n",
		alone, changed);
	assert_true(alone > 20 && changed > 20);
}

/* The first k tasks of a plan that takes no time are what --what-if does with them, hybrid that may still
 * fall back among them. */
static void the_curve_is_what_if_of_its_tasks(void **state)
{
	size_t halves = 0, compared = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= N_WORLDS / 4; seed++) {
		char numbers[4096] = "";
		struct world w;
		struct result base, some;
		size_t k = 0, n = 0;

		make(&w, seed, 1 + seed % SMALL);
		must_plan(&base, &w, 1e9, NULL);
		for (; k < base.plan.n_tasks; k++) {
			const struct pqm_residual *at = &base.plan.residual[k];

			if (base.plan.tasks[k].blocked_until != INT64_MIN)
				break;
			n += (size_t)snprintf(
				numbers + n, sizeof(numbers) - n, "%s%zu", k > 0 ? "," : "", k + 1);
			if (!pqm_eqs(base.plan.tasks[k].type, "hybrid-on-edge") ||
				at[1].left >= at[0].left)
				continue;
			halves++;
			must_plan(&some, &w, 1e9, numbers);
			if (fabs(some.plan.what_if->after - at[1].left) >
				1e-9 * (1 + base.plan.residual[0].left))
				fail_msg("seed %u: %s leave %.6f, the curve %.6f", (unsigned)seed,
					numbers, some.plan.what_if->after, at[1].left);
			compared++;
			forget(&some);
		}
		forget(&base);
		drop(&w);
	}
	print_message("hybrid on with its fallback lowers what is left %zu times\n", halves);
	assert_true(halves > 20 && compared == halves);
}

/* What half of a million is worth that is lost from year `on` to `open` and no more: content made
 * then when it flows, else the lump. E256 falls a year early. */
static double spared_by_half(const struct pqm_assessment *a, bool flows, double on, double open)
{
	struct pqm_err err = { 0 };
	struct pqm_risk_params p;
	double step = 1e-4, sum = 0;

	assert_int_equal(pqm_risk_params_load(&p, &rules, (pqm_bytes){ NULL, 0 }, &err), PQM_OK);
	if (!flows)
		return 1e6 / 2 *
			(pqm_risk_g(&p, PQM_CENTRAL, a->assessed, a->assessed + 21 + open) -
				pqm_risk_g(&p, PQM_CENTRAL, a->assessed, a->assessed + 21 + on));
	for (double s = on + step / 2; s < open; s += step)
		sum += step * pqm_risk_g(&p, PQM_CENTRAL, a->assessed, a->assessed + s + 21);
	return 1e6 * sum / 2;
}

static void hybrid_with_fallback_counts_from_its_own_date(void **state)
{
	(void)state;
	for (unsigned flows = 0; flows < 2; flows++) {
		const struct pqm_residual *at;
		struct world w;
		struct result r;
		double years, spared;
		size_t on = 0;

		make(&w, 1, 1);
		w.asset[0].n_hops = 1;
		w.asset[0].life_years = (struct pqm_sourced){ 20, false, PQM_LIT("told") };
		w.asset[0].impact.is_assumption = true;
		w.asset[0].money = (struct pqm_sourced){ 1e6, flows, { NULL, 0 } };
		w.asset[0].flow_money = (struct pqm_sourced){ 1e6, !flows, { NULL, 0 } };
		w.hop[0].data = 'F';
		w.hop[0].exposure = 'X';
		w.hop[0].coverage = 'N';
		w.hop[0].in_use_years = 2;
		must_plan(&r, &w, 1, NULL);
		while (!pqm_eqs(r.plan.tasks[on].type, "hybrid-on-edge"))
			on++;
		at = &r.plan.residual[on];
		years = (double)(r.plan.tasks[on].finish_hi - r.plan.start) / 365.25;
		years = round(years * 100) / 100;
		spared = spared_by_half(&r.a, flows, years, r.plan.open_years);
		assert_true(years > .1 && spared > 1e4);
		if (fabs(at[0].left - at[1].left - spared) > 1e-6 * at[0].left)
			fail_msg("hybrid from year %.2f spares %.4f, not %.4f", years,
				at[0].left - at[1].left, spared);
		forget(&r);
		drop(&w);
	}
}

static void what_if_names_the_nearest_task(void **state)
{
	struct world w;
	struct result r;
	struct pqm_err err = { 0 };

	(void)state;
	make(&w, 3, SMALL);
	assert_int_equal(plan(&r, &w, 4, "1,plaintext-fx", &err), PQM_EUSAGE);
	if (strstr(err.msg, "the nearest is plaintext-fix") == NULL)
		fail_msg("%s", err.msg);
	forget(&r);
	assert_int_equal(plan(&r, &w, 4, "0", &err), PQM_EUSAGE);
	forget(&r);
	drop(&w);
}

static bool says(const struct pqm_assessment *a, const char *words)
{
	for (size_t i = 0; i < a->n_notes; i++)
		if (strstr((const char *)a->notes[i].p, words) != NULL)
			return true;
	return false;
}

static void what_is_too_much_is_told(void **state)
{
	enum { MANY = PQM_DECIDER_USES_MAX + 1 };
	static struct pqm_hop hops[MANY];

	(void)state;
	for (unsigned n = 1; n <= MANY; n += MANY - 1) {
		struct world w;
		struct result r;

		make(&w, 1, 1);
		for (size_t i = 0; i < n; i++) {
			hops[i] = w.hop[0];
			hops[i].data = 'F';
			hops[i].coverage = 'N';
			hops[i].in_use_years = (double)(i % 200) / 50;
		}
		w.asset[0].hops = hops;
		w.asset[0].n_hops = n;
		w.asset[0].flow_money = (struct pqm_sourced){ 1e6, false, { NULL, 0 } };
		must_plan(&r, &w, 4, NULL);
		assert_int_equal(r.a.n_notes, n > 1 ? 3 : 0);
		if (n > 1)
			assert_true(says(&r.a, "uses, over 512") &&
				says(&r.a, "over 96 kinds of flow") &&
				says(&r.a, "in the loss curve"));
		forget(&r);
		drop(&w);
	}
}

static void five_thousand_tasks_are_planned_in_seconds(void **state)
{
	struct world w;
	struct result r;
	clock_t from;

	(void)state;
	make(&w, 5, LARGE);
	from = clock();
	must_plan(&r, &w, 400, NULL);
	print_message("%zu tasks, %u rounds: %.2f s of CPU with assessment and money; %.*s\n",
		r.plan.n_tasks, r.plan.n_rounds, (double)(clock() - from) / CLOCKS_PER_SEC,
		PQM_FMT(r.plan.optimality));
	assert_true(r.plan.n_tasks >= 5000);
	check_dates(&r.plan);
	check_left(&r);
	forget(&r);
	drop(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plans_of_random_estates_hold_together),
		cmocka_unit_test(what_if_gives_credit_where_nothing_is_missing),
		cmocka_unit_test(the_curve_is_what_if_of_its_tasks),
		cmocka_unit_test(hybrid_with_fallback_counts_from_its_own_date),
		cmocka_unit_test(what_if_names_the_nearest_task),
		cmocka_unit_test(what_is_too_much_is_told),
		cmocka_unit_test(five_thousand_tasks_are_planned_in_seconds),
	};

	return cmocka_run_group_tests(tests, load_rules, free_rules);
}
