#include "unit.h"

#include <math.h>

#include "assess/assess.h"
#include "assess/risk.h"
#include "assess/tasks.h"
#include "base/num.h"
#include "rules.h"

/* A small platform by hand: a dataset behind a pinned ingress, gradients derived from it over a
 * partner link, a signing key, a plaintext store, and the rest. */

#define NOW "2026-11-21"

enum { N_INGRESS, N_TRAIN, N_PEER, N_KEY, N_STORE, N_IMAGE, N_SECRET, N_NODES };

struct world {
	struct pqm_node node[N_NODES];
	struct pqm_edge edge[2];
	struct pqm_hop hop[8];
	struct pqm_asset asset[5];
	struct pqm_graph g;
	struct pqm_inventory inv;
	struct pqm_assessment a;
	struct pqm_plan plan;
};

static struct pqm_hop hop(
	char use, const char *layer, char exposure, uint32_t from, uint32_t to, const char *task)
{
	struct pqm_hop h = { .use = use,
		.data = 'F',
		.exposure = exposure,
		.coverage = 'N',
		.in_use_years = 2,
		.n_layers = 1,
		.verdict = PQM_V_CLASSICAL,
		.evidence = PQM_CONFIGURED,
		.basis = PQM_EXPLICIT,
		.from = from,
		.to = to,
		.label = pqm_str(task),
		.task = pqm_str(task),
		.path = PQM_LIT("edge/ingress.yaml"),
		.line = 41 };

	h.layers[0] = pqm_str(layer);
	return h;
}

static struct pqm_asset asset(const char *id, double life, double impact, bool told, uint32_t root)
{
	return (struct pqm_asset){ .id = pqm_str(id),
		.name = pqm_str(id),
		.life_years = { life, !told, PQM_LIT("default") },
		.impact = { impact, !told, PQM_LIT("default") },
		.money = { 0, true, { NULL, 0 } },
		.flow_money = { 0, true, { NULL, 0 } },
		.currency = PQM_LIT("USD"),
		.owner = told ? PQM_LIT("data-team") : (pqm_bytes){ NULL, 0 },
		.root = root };
}

static void make(struct world *w)
{
	static const struct {
		enum pqm_node_type type;
		const char *id, *kind, *ns, *name;
	} nodes[N_NODES] = {
		{ PQM_NODE_EDGE, "edge/Ingress/data", "Ingress", "edge", "data" },
		{ PQM_NODE_WORKLOAD, "train/Job/llama", "Job", "train", "llama" },
		{ PQM_NODE_WORKLOAD, "train/Deployment/fl", "Deployment", "train", "fl" },
		{ PQM_NODE_SECRET, "sign/Secret/key", "Secret", "sign", "key" },
		{ PQM_NODE_STORE, "chat/StatefulSet/qdrant", "StatefulSet", "chat", "qdrant" },
		{ PQM_NODE_IMAGE, "registry/fl:1", "Image", "", "registry/fl:1" },
		{ PQM_NODE_SECRET, "edge/Secret/data-tls", "Secret", "edge", "data-tls" },
	};

	memset(w, 0, sizeof(*w));
	for (size_t i = 0; i < N_NODES; i++)
		w->node[i] = (struct pqm_node){ .type = nodes[i].type,
			.id = pqm_str(nodes[i].id),
			.kind = pqm_str(nodes[i].kind),
			.ns = pqm_str(nodes[i].ns),
			.name = pqm_str(nodes[i].name) };
	w->edge[0] = (struct pqm_edge){ .from = N_PEER, .to = N_IMAGE, .rel = PQM_LIT("runs") };
	w->hop[0] = hop('K', "E256", 'I', N_TRAIN, N_INGRESS, "hybrid-on-edge");
	w->hop[1] = hop('S', "E256", 'I', N_INGRESS, N_SECRET, "public-cert-pq");
	w->hop[2] = hop('K', "E256", 'P', N_TRAIN, N_PEER, "partner-link-hybrid");
	w->hop[3] = hop('L', "E256", 'I', N_TRAIN, N_KEY, "dual-sign");
	w->hop[3].in_use_years = 0;
	w->hop[4] = hop('K', "NONE", 'L', N_TRAIN, N_STORE, "plaintext-fix");
	w->hop[4].verdict = PQM_V_PLAINTEXT;
	w->hop[5] = hop('S', "R2048", 'L', UINT32_MAX, UINT32_MAX, "leaf-certs-pq");
	w->asset[0] = asset("chat-logs", 10, 3, false, 0);
	w->asset[0].hops = &w->hop[4];
	w->asset[1] = asset("gradients", 30, 5, true, 3);
	w->asset[1].hops = &w->hop[2];
	w->asset[2] = asset("key", 10, 5, true, 2);
	w->asset[2].hops = &w->hop[3];
	w->asset[3] = asset("phi", 30, 5, true, 3);
	w->asset[3].hops = &w->hop[0];
	w->asset[4] = asset("unassigned", 5, 3, false, 4);
	w->asset[4].is_unassigned = true;
	w->asset[4].hops = &w->hop[5];
	for (size_t i = 0; i < 5; i++)
		w->asset[i].n_hops = i == 3 ? 2 : 1;
	pqm_graph_init(&w->g);
	w->g.nodes = w->node;
	w->g.n_nodes = N_NODES;
	w->g.edges = w->edge;
	w->g.n_edges = 1;
	w->g.assets = w->asset;
	w->g.n_assets = 5;
	pqm_inventory_init(&w->inv);
	pqm_assessment_init(&w->a);
	pqm_plan_init(&w->plan);
}

static void drop(struct world *w)
{
	pqm_plan_fini(&w->plan);
	pqm_assessment_fini(&w->a);
	pqm_inventory_fini(&w->inv);
	pqm_graph_fini(&w->g);
}

static void assess(struct world *w, double capacity, const char *regime)
{
	pqm_bytes regimes[1] = { pqm_str(regime) };
	struct pqm_assess_options opt = {
		.capacity = capacity, .regimes = regimes, .n_regimes = regime != NULL
	};
	struct pqm_err err = { 0 };

	assert_true(pqm_date_parse(PQM_LIT(NOW), &opt.now_days));
	opt.start_days = opt.now_days;
	if (pqm_assess(&w->a, &w->plan, &rules, &w->inv, &w->g, &opt, &err) != PQM_OK)
		fail_msg("%s", err.msg);
}

static const struct pqm_asset_score *score(const struct world *w, const char *id)
{
	for (size_t i = 0; i < w->a.n_assets; i++)
		if (pqm_eqs(w->a.assets[i].asset->id, id))
			return &w->a.assets[i];
	fail_msg("no asset %s", id);
	return NULL;
}

static const struct pqm_task *task(const struct world *w, const char *id)
{
	for (size_t i = 0; i < w->plan.n_tasks; i++)
		if (pqm_eqs(w->plan.tasks[i].id, id))
			return &w->plan.tasks[i];
	return NULL;
}

static void every_number_comes_back_from_its_printed_vector(void **state)
{
	struct pqm_risk_params p;
	struct world w;

	(void)state;
	assert_int_equal(pqm_risk_params_load(&p, &rules, (pqm_bytes){ 0 }, NULL), PQM_OK);
	make(&w);
	assess(&w, 7, NULL);
	assert_int_equal(w.a.n_assets, 5);
	for (size_t i = 0; i < w.a.n_assets; i++)
		for (size_t k = 0; k < w.a.assets[i].n_uses; k++) {
			const struct pqm_use_score *u = &w.a.assets[i].uses[k];
			struct pqm_use_score again = { 0 };
			struct pqm_vector v;

			assert_int_equal(
				pqm_vector_parse(&v, &p, pqm_str(u->vector), NULL), PQM_OK);
			pqm_risk_use(&again, &p, &v);
			assert_memory_equal(again.p, u->p, sizeof(u->p));
			assert_memory_equal(again.sunk, u->sunk, sizeof(u->sunk));
			assert_memory_equal(again.cod, u->cod, sizeof(u->cod));
			assert_string_equal(again.vector, u->vector);
			assert_non_null(strstr(u->vector, "/AD:2026.89/"));
		}
	drop(&w);
}

static void years_come_out_of_the_plan(void **state)
{
	struct world w;
	int64_t now;

	(void)state;
	assert_true(pqm_date_parse(PQM_LIT(NOW), &now));
	make(&w);
	assess(&w, 5, NULL);
	assert_true(w.plan.n_rounds >= 2);
	for (size_t i = 0; i < w.plan.n_goals; i++) {
		const struct pqm_goal *g = &w.plan.goals[i];
		const struct pqm_use_score *u = &w.a.assets[g->asset].uses[g->use];
		double years = (double)(g->finish_hi - now) / 365.25;

		if (g->id.p[g->id.n - 1] == 'E' && !(fabs(u->v.protect_years - years) <= .0051))
			fail_msg("%.*s: Y %.4f, finish after %.4f years (%u rounds)",
				PQM_FMT(g->id), u->v.protect_years, years, w.plan.n_rounds);
		assert_int_equal(g->finish_hi, w.plan.tasks[g->deps[0]].finish_hi);
	}
	drop(&w);
}

static void plan_holds_the_tasks_of_each_hop_in_order(void **state)
{
	struct world w;
	const struct pqm_task *on, *tele, *off, *plain, *cert, *image, *link, *sign, *verify;

	(void)state;
	make(&w);
	assess(&w, 20, NULL);
	on = task(&w, "hybrid-on-edge:edge/Ingress/data");
	tele = task(&w, "telemetry:edge/Ingress/data");
	off = task(&w, "enforce-hybrid:edge/Ingress/data");
	plain = task(&w, "plaintext-fix:chat/StatefulSet/qdrant");
	cert = task(&w, "public-cert-pq:edge/Secret/data-tls");
	image = task(&w, "library-upgrade:registry/fl:1");
	link = task(&w, "partner-link-hybrid:train/Deployment/fl");
	sign = task(&w, "dual-sign:sign/Secret/key");
	verify = task(&w, "ship-verifiers:sign/Secret/key");
	assert_true(on != NULL && tele != NULL && off != NULL && plain != NULL && cert != NULL);
	assert_true(image != NULL && link != NULL && sign != NULL && verify != NULL);
	/* the other end of the link needs a library as well */
	assert_non_null(task(&w, "library-upgrade:train/Job/llama"));
	assert_int_equal(plain->order, 0);
	assert_true(plain->is_weak_fix);
	assert_true(on->order < tele->order && tele->order < off->order);
	assert_true(image->order < link->order && sign->order < verify->order);
	assert_int_equal(on->phase, 4);
	assert_int_equal(on->window, PQM_W_0_6);
	assert_true(on->pulled_forward);
	assert_true(cert->blocked_until != INT64_MIN && cert->start_hi >= cert->blocked_until);
	assert_true(cert->start_lo >= cert->blocked_until);
	assert_true(on->value > 0 && fabs(on->effort_lo - 2) < 1e-9);
	assert_non_null(task(&w, "inventory-owners:all"));
	assert_int_equal(task(&w, "inventory-owners:all")->n_units, 1);
	for (size_t i = 0; i < w.plan.n_tasks; i++) {
		const struct pqm_task *t = &w.plan.tasks[i];

		assert_int_equal(t->order, i);
		assert_true(t->title.n > 0 && t->verify.n > 0 && t->why.n > 0 && t->n_where > 0);
		assert_true(pqm_find(t->title, 0, PQM_LIT("{")) == SIZE_MAX);
		assert_true(t->finish_lo <= t->finish_hi && t->start_hi <= t->finish_hi);
		for (size_t k = 0; k < t->n_deps; k++)
			assert_true(t->deps[k] < i);
	}
	drop(&w);
}

static void money_sits_at_the_lineage_root(void **state)
{
	const struct pqm_asset_score *phi, *gradients;
	struct world w;

	(void)state;
	make(&w);
	assess(&w, 20, NULL);
	phi = score(&w, "phi");
	gradients = score(&w, "gradients");
	assert_true(phi->has_money && !gradients->has_money && w.a.has_money);
	assert_true(pqm_eqs(gradients->root_id, "phi"));
	assert_true(phi->root_id.n == 0);
	assert_false(score(&w, "chat-logs")->has_money);
	/* the root's loss covers the gradients' link too: more than its own uses, less than the sum */
	assert_true(phi->money[PQM_CENTRAL].expected > phi->p[PQM_CENTRAL] * 316e6);
	assert_true(phi->money[PQM_CENTRAL].expected <
		(phi->p[PQM_CENTRAL] + gradients->p[PQM_CENTRAL]) * 316e6);
	for (enum pqm_scenario s = PQM_SLOW; s < PQM_N_SCENARIOS; s++) {
		const struct pqm_money *t = &w.a.total[s];

		assert_true(fabs(t->expected - t->sunk - t->avoidable) < 1);
	}
	/* nor is a year's delay paid once for each of its uses */
	double delay = 0;

	for (size_t i = 0; i < w.plan.n_goals; i++) {
		const struct pqm_goal *goal = &w.plan.goals[i];
		const struct pqm_asset_score *of = &w.a.assets[goal->asset];

		if ((of == phi || of == gradients) && pqm_risk_is_carried(&of->uses[goal->use].v))
			delay += goal->value;
	}
	assert_true(delay > 0 && delay < 316e6);
	assert_true(phi->cod[PQM_CENTRAL] + gradients->cod[PQM_CENTRAL] > 1);
	assert_true(w.a.n_loss > 0);
	assert_true(w.plan.n_residual == w.plan.n_tasks + 1);
	for (size_t i = 1; i < w.plan.n_residual; i++)
		assert_true(w.plan.residual[i].left <= w.plan.residual[i - 1].left + 1e-6);
	assert_true(fabs(w.plan.residual[w.plan.n_residual - 1].left -
			    w.a.total[PQM_CENTRAL].expected) < 1);
	drop(&w);
}

/* Tasks whose worth says so. */
static size_t n_worth(const struct world *w, const char *words)
{
	size_t n = 0;

	for (size_t i = 0; i < w->plan.n_tasks; i++)
		n += pqm_find(w->plan.tasks[i].worth, 0, pqm_str(words)) != SIZE_MAX ||
			pqm_find(w->plan.tasks[i].pulled_why, 0, pqm_str(words)) != SIZE_MAX;
	return n;
}

static void only_a_declared_rate_is_money_by_the_year(void **state)
{
	struct world w;

	(void)state;
	make(&w); /* bands only: lost once */
	assess(&w, 20, NULL);
	assert_true(w.a.has_money && n_worth(&w, "a year") == 0);
	assert_true(n_worth(&w, "% of what waiting costs") > 0);
	assert_true(n_worth(&w, "can follow") > 0);
	drop(&w);
	make(&w);
	w.asset[3].flow_money = (struct pqm_sourced){ 1e6, false, PQM_LIT("told") };
	assess(&w, 20, NULL);
	assert_true(n_worth(&w, "a year of delay") > 0);
	/* the signing key is another root, of which no rate was told */
	assert_true(n_worth(&w, "% of what waiting costs") > 0);
	drop(&w);
}

static void decisions_reasons_and_assumptions(void **state)
{
	const struct pqm_asset_score *chat;
	struct world w;
	size_t life = 0;

	(void)state;
	make(&w);
	assess(&w, 20, NULL);
	chat = score(&w, "chat-logs");
	assert_true(chat->is_broken_today && chat->decision == PQM_ACT);
	assert_true(chat->p[PQM_CENTRAL] == 0);
	assert_true(pqm_eqs(w.a.assets[4].asset->id, "unassigned")); /* last */
	for (size_t i = 0; i < w.a.n_assets; i++)
		assert_true(w.a.assets[i].why.n > 0);
	for (size_t i = 0; i < w.a.n_assumptions; i++) {
		const struct pqm_assumption *s = &w.a.assumptions[i];

		assert_true(s->asset.n > 0 && s->what.n > 0 && s->would_change.n > 0);
		life += pqm_starts(s->what, PQM_LIT("life"));
		assert_false(pqm_eqs(s->asset, "phi"));
	}
	assert_int_equal(life, 2);
	drop(&w);
}

static void deadlines_pull_and_decide(void **state)
{
	struct world w;
	bool sig = false;

	(void)state;
	make(&w);
	assess(&w, 20, "us-eo-14412");
	assert_true(w.plan.n_deadlines >= 2);
	for (size_t i = 0; i < w.plan.n_deadlines; i++) {
		const struct pqm_deadline *d = &w.plan.deadlines[i];

		assert_true(i == 0 || d->date >= w.plan.deadlines[i - 1].date);
		if (!pqm_eqs(d->function, "sig"))
			continue;
		sig = true;
		assert_true(d->finish != INT64_MIN && d->is_met == (d->finish <= d->date));
	}
	assert_true(sig);
	assert_true(task(&w, "public-cert-pq:edge/Secret/data-tls")->due != INT64_MAX);
	drop(&w);
	/* one person-day a month misses the date: at least Attend, whatever the impact */
	make(&w);
	w.asset[4].impact.value = 1;
	assess(&w, .5, "us-eo-14412");
	assert_true(score(&w, "unassigned")->by_impact == PQM_TRACK);
	assert_true(score(&w, "unassigned")->by_deadline == PQM_ATTEND);
	assert_true(score(&w, "unassigned")->decision == PQM_ATTEND);
	drop(&w);
}

static void same_graph_same_result(void **state)
{
	struct world w, x;

	(void)state;
	make(&w);
	make(&x);
	assess(&w, 9, "nist-ir-8547");
	assess(&x, 9, "nist-ir-8547");
	assert_int_equal(w.plan.n_tasks, x.plan.n_tasks);
	for (size_t i = 0; i < w.plan.n_tasks; i++) {
		assert_true(pqm_eq(w.plan.tasks[i].id, x.plan.tasks[i].id));
		assert_int_equal(w.plan.tasks[i].finish_hi, x.plan.tasks[i].finish_hi);
	}
	assert_true(w.plan.cost == x.plan.cost);
	drop(&w);
	drop(&x);
}

static void empty_graph_and_wrong_names(void **state)
{
	struct pqm_assess_options opt = { .capacity = 20, .curve = PQM_LIT("delphi") };
	pqm_bytes regime = PQM_LIT("atlantis");
	struct pqm_err err = { 0 };
	struct world w;

	(void)state;
	make(&w);
	w.g.n_assets = 0;
	assess(&w, 20, NULL);
	assert_int_equal(w.a.n_assets + w.plan.n_tasks, 0);
	drop(&w);
	make(&w);
	assert_int_equal(pqm_assess(&w.a, &w.plan, &rules, &w.inv, &w.g, &opt, &err), PQM_EUSAGE);
	assert_non_null(strstr(err.msg, "delphi"));
	opt.curve = (pqm_bytes){ NULL, 0 };
	opt.regimes = &regime;
	opt.n_regimes = 1;
	assert_int_equal(pqm_assess(&w.a, &w.plan, &rules, &w.inv, &w.g, &opt, &err), PQM_EUSAGE);
	assert_non_null(strstr(err.msg, "atlantis"));
	drop(&w);
}

/* Memory failing anywhere is told, never a crash. */
static void survives_every_failed_allocation(void **state)
{
	enum pqm_st st = PQM_ENOMEM;

	(void)state;
	for (size_t n = 1; st != PQM_OK && n < 2000; n++) {
		struct pqm_assess_options opt = { .capacity = 20 };
		struct pqm_err err = { 0 };
		struct world w;

		make(&w);
		pqm_alloc_fail_at(n);
		st = pqm_assess(&w.a, &w.plan, &rules, &w.inv, &w.g, &opt, &err);
		pqm_alloc_fail_at(0);
		assert_true(st == PQM_OK || st == PQM_ENOMEM);
		assert_true(st == PQM_OK || err.msg[0] != '\0');
		drop(&w);
	}
	assert_int_equal(st, PQM_OK);
}

static void plan_rules_take_their_samples(void **state)
{
	const struct pqm_rule *rule;
	size_t n = 0;

	(void)state;
	for (size_t i = 0; (rule = pqm_rules_next(&rules, "plan/", &i)) != NULL;) {
		const struct pqm_yaml *hit = pqm_yaml_get(rule->node, "hit"),
				      *miss = pqm_yaml_get(rule->node, "miss");

		assert_true(hit != NULL && miss != NULL);
		for (size_t k = 0; k < hit->n; k++, n++)
			if (!pqm_plan_rule_takes(&rules, rule, pqm_yaml_text(hit->items[k])))
				fail_msg("%.*s misses %.*s", PQM_FMT(rule->id),
					PQM_FMT(pqm_yaml_text(hit->items[k])));
		for (size_t k = 0; k < miss->n; k++, n++)
			if (pqm_plan_rule_takes(&rules, rule, pqm_yaml_text(miss->items[k])))
				fail_msg("%.*s takes %.*s", PQM_FMT(rule->id),
					PQM_FMT(pqm_yaml_text(miss->items[k])));
	}
	assert_true(n > 40);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_number_comes_back_from_its_printed_vector),
		cmocka_unit_test(years_come_out_of_the_plan),
		cmocka_unit_test(plan_holds_the_tasks_of_each_hop_in_order),
		cmocka_unit_test(money_sits_at_the_lineage_root),
		cmocka_unit_test(only_a_declared_rate_is_money_by_the_year),
		cmocka_unit_test(decisions_reasons_and_assumptions),
		cmocka_unit_test(deadlines_pull_and_decide),
		cmocka_unit_test(same_graph_same_result),
		cmocka_unit_test(empty_graph_and_wrong_names),
		cmocka_unit_test(survives_every_failed_allocation),
		cmocka_unit_test(plan_rules_take_their_samples),
	};

	return cmocka_run_group_tests(tests, load_rules, free_rules);
}
