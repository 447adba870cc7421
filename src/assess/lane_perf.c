/* lane_perf.c — the costs of a task as numbers: lines of rules/perf over bench rows and inputs. */
#include "lane.h"

#include <math.h>

#include "base/buf.h"
#include "base/num.h"
#include "perf.h"
#include "rules/k8s.h"

#define LINES_MAX 16
#define SEEN_MAX 24  /* objects that may tell an input */
#define ASSETS_MAX 4 /* of a task, and hops of each, that are asked */

struct maker {
	struct tk_maker *m;
	struct tk_draft *d;
	const struct pqm_rule *rule;
	const struct pqm_object *seen[SEEN_MAX];
	size_t n_seen;
	struct pqm_perf_line line;
};

/* ---- what was read of the objects that a task is about ---- */

static bool put(struct tk_maker *m, pqm_bytes key, const struct pqm_object *o)
{
	return key.p != NULL && pqm_map_put(&m->scalers, key, (void *)(uintptr_t)o);
}

static pqm_bytes fact_of(const struct pqm_object *o, pqm_bytes key, uint32_t *line)
{
	for (size_t i = 0; i < o->n_facts; i++)
		if (pqm_eq(o->facts[i].key, key)) {
			*line = o->facts[i].line;
			return o->facts[i].value;
		}
	return (pqm_bytes){ NULL, 0 };
}

/* What an autoscaler scales, under the id that its node has. */
static pqm_bytes scaled_id(
	struct tk_maker *m, const struct pqm_k8s_kinds *kinds, const struct pqm_object *o)
{
	uint32_t line;
	const struct pqm_object scaled = { .ns = o->ns,
		.kind = fact_of(o, PQM_LIT("spec.scaleTargetRef.kind"), &line),
		.name = fact_of(o, PQM_LIT("spec.scaleTargetRef.name"), &line) };

	return pqm_k8s_id(kinds, &scaled, m->arena);
}

static void index_scalers(struct tk_maker *m)
{
	const struct pqm_k8s_kinds *kinds;

	m->st = pqm_rules_k8s(&kinds, m->r, m->err);
	for (size_t i = 0; i < m->inv->n_objects && m->st == PQM_OK; i++) {
		const struct pqm_object *o = &m->inv->objects[i];

		if (pqm_eqs(o->kind, "HorizontalPodAutoscaler") &&
			!put(m, scaled_id(m, kinds, o), o))
			tk_no_memory(m);
	}
	m->has_scalers = true;
}

static void see(struct maker *k, pqm_bytes id)
{
	const struct pqm_object *o = tk_object_of(&k->m->ix, id);

	for (size_t i = 0; i < k->n_seen; i++)
		if (k->seen[i] == o)
			return;
	if (o != NULL && k->n_seen < SEEN_MAX)
		k->seen[k->n_seen++] = o;
}

static void see_node(struct maker *k, uint32_t node)
{
	if (tk_node(k->m, node) != NULL)
		see(k, k->m->g->nodes[node].id);
}

/* Assets are sorted by id, the unassigned ones last. */
static const struct pqm_asset *asset_of(const struct pqm_graph *g, pqm_bytes id)
{
	size_t lo = 0, hi = g->n_assets;

	while (hi > 0 && g->assets[hi - 1].is_unassigned)
		hi--;
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		int c = pqm_cmp(g->assets[mid].id, id);

		if (c == 0)
			return &g->assets[mid];
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

static void see_all(struct maker *k)
{
	const struct pqm_task *t = &k->d->t;

	see(k, k->d->object);
	for (size_t i = 0; i < t->n_assets && i < ASSETS_MAX; i++) {
		const struct pqm_asset *a = asset_of(k->m->g, t->assets[i]);

		if (a == NULL)
			continue;
		see_node(k, a->node);
		for (size_t h = 0; h < a->n_hops && h < ASSETS_MAX; h++) {
			see_node(k, a->hops[h].from);
			see_node(k, a->hops[h].to);
		}
	}
}

/* ---- inputs ---- */

static bool take_input(struct maker *k, pqm_bytes key, const char *what)
{
	for (size_t i = 0; i < k->n_seen; i++) {
		uint32_t line = 0;
		double v;

		if (!pqm_f64_parse(fact_of(k->seen[i], key, &line), &v) || !(v > 0) || !(v < 1e15))
			continue;
		k->line.input = v;
		k->line.basis = pqm_arena_f(k->m->arena, "%s %.*s at %.*s:%u", what, PQM_FMT(key),
			PQM_FMT(k->seen[i]->path), line);
		return true;
	}
	return false;
}

/* input: { annotation, fact, default, words }: told, read, or assumed and said to be. */
static void set_input(struct maker *k)
{
	const struct pqm_yaml *in = pqm_yaml_get(k->rule->node, "input");
	pqm_bytes note = pqm_yaml_str(in, "annotation"), fact = pqm_yaml_str(in, "fact");

	if (in == NULL)
		return;
	if (note.n > 0 &&
		take_input(k,
			pqm_arena_f(
				k->m->arena, "metadata.annotations.pqmap.dev/%.*s", PQM_FMT(note)),
			"told:"))
		return;
	if (fact.n > 0 && take_input(k, fact, "read:"))
		return;
	if (!pqm_yaml_f64(in, "default", &k->line.input) || !(k->line.input > 0)) {
		k->m->st = pqm_rule_fail(k->rule, in, k->m->err, "input needs a default above 0");
		return;
	}
	k->line.basis = pqm_arena_f(k->m->arena, "assumed: %.*s; pqmap.dev/%.*s tells it",
		PQM_FMT(pqm_yaml_str(in, "words")), PQM_FMT(note));
}

/* Of the autoscaler or the workload itself. */
static void set_replicas(struct maker *k)
{
	const struct pqm_object *o = pqm_map_get(&k->m->scalers, k->d->object);
	pqm_bytes field = PQM_LIT("spec.maxReplicas");
	uint32_t line = 0;

	if (o == NULL) {
		o = tk_object_of(&k->m->ix, k->d->object);
		field = PQM_LIT("spec.replicas");
	}
	if (o == NULL || !pqm_f64_parse(fact_of(o, field, &line), &k->line.replicas) ||
		!(k->line.replicas >= 1)) {
		k->line.replicas = 0;
		return;
	}
	k->line.basis = pqm_arena_f(k->m->arena, "%.*s; %.*s at %.*s:%u", PQM_FMT(k->line.basis),
		PQM_FMT(field), PQM_FMT(o->path), line);
}

/* ---- the arithmetic ---- */

static double number(const struct maker *k, const char *key, double otherwise)
{
	double v;

	return pqm_yaml_f64(k->rule->node, key, &v) ? v : otherwise;
}

static bool timed(struct maker *k, double *us)
{
	struct pqm_err missing; /* the words of `costs` tell it already */

	return pqm_perf_sum(us, &k->line.rows, k->rule, k->m->bench, k->m->arena, &missing) ==
		PQM_OK;
}

static bool cipher(struct maker *k, double *gb_s)
{
	pqm_bytes id = pqm_yaml_str(k->rule->node, "seal");
	const struct pqm_bench_row *row = pqm_bench_get(k->m->bench, id);

	if (row == NULL || !(row->gb_s > 0))
		return false;
	*gb_s = row->gb_s;
	k->line.rows = k->line.rows.n == 0
		? id
		: pqm_arena_f(k->m->arena, "%.*s; %.*s", PQM_FMT(k->line.rows), PQM_FMT(id));
	return true;
}

/* A busy machine can time the larger operation below the smaller one. */
static void doubt(struct maker *k)
{
	static const char words[] =
		"below 0: the rows vary by more than they differ; run the bench on a quiet machine";

	k->line.basis = k->line.basis.n == 0
		? pqm_str(words)
		: pqm_arena_f(k->m->arena, "%.*s; %s", PQM_FMT(k->line.basis), words);
}

static bool by_cpu(struct maker *k)
{
	double us;

	if (!timed(k, &us))
		return false;
	if (us < 0)
		doubt(k);
	k->line.value = us;
	if (pqm_eqs(k->line.how, "rate-cpu"))
		k->line.value = us * k->line.input / 1000; /* µs a second are 1/1000 millicore */
	if (!pqm_eqs(k->line.how, "replica-cpu"))
		return true;
	set_replicas(k);
	if (k->line.replicas < 1)
		return false;
	k->line.value = us * k->line.input / 1000 / k->line.replicas;
	return true;
}

static bool by_cipher(struct maker *k)
{
	double gb_s;

	if (!cipher(k, &gb_s))
		return false;
	k->line.value = pqm_eqs(k->line.how, "cipher") ? gb_s : k->line.input / (gb_s * 1e9);
	return true;
}

static bool by_round(struct maker *k)
{
	double us, gb_s;

	if (!timed(k, &us) || !cipher(k, &gb_s))
		return false;
	k->line.value = k->line.input * (us / 1e6 + number(k, "payload_bytes", 0) / (gb_s * 1e9));
	return true;
}

static bool by_step(struct maker *k)
{
	const struct pqm_rule *rule =
		pqm_rules_get(k->m->r, pqm_yaml_str(k->rule->node, "transfer"));
	struct pqm_perf_link link = pqm_perf_link_default();
	struct pqm_perf_cost cost;
	struct pqm_err missing;

	link.mbit = number(k, "mbit", link.mbit);
	link.rtt_ms = number(k, "rtt_ms", link.rtt_ms);
	if (rule == NULL ||
		pqm_perf_transfer_rule(&cost, rule, k->m->bench, k->line.input, &link, &missing) !=
			PQM_OK)
		return false;
	k->line.value = cost.time_percent;
	for (size_t i = 0; i < cost.used.n; i++)
		k->line.rows = pqm_arena_f(k->m->arena, "%.*s%s%.*s", PQM_FMT(k->line.rows),
			i > 0 ? "; " : "", PQM_FMT(cost.used.row[i]));
	return true;
}

static bool flight(struct maker *k, const char *which, double *bytes)
{
	const struct pqm_yaml *suite = pqm_yaml_get(k->rule->node, which);
	struct pqm_perf_ask ask = { pqm_yaml_str(suite, "group"), pqm_yaml_str(suite, "signature"),
		(unsigned)k->line.input };
	struct pqm_perf_suite s;
	struct pqm_err missing;

	if (pqm_perf_suite(&s, k->m->r, k->m->bench, &ask, &missing) != PQM_OK)
		return false;
	*bytes = s.h.server_first + s.h.server_late;
	return true;
}

/* The server's first flight, and whether slow start needs one round more for it than today. */
static bool by_chain(struct maker *k)
{
	const struct pqm_perf_link l = pqm_perf_link_default();
	double then, now, window = l.initcwnd * l.mss;

	if (k->line.input > 20 || !flight(k, "suite", &then) || !flight(k, "today", &now))
		return false;
	k->line.value = pqm_eqs(k->line.how, "chain")
		? then
		: pqm_perf_rounds(then, window) - pqm_perf_rounds(now, window);
	return true;
}

static bool by_count(struct maker *k)
{
	k->line.value = number(k, "value", 0);
	if (pqm_eqs(k->line.how, "growth"))
		k->line.value += ceil(k->line.input / (1 << 20)) * number(k, "added_per_mib", 0);
	return true;
}

static bool compute(struct maker *k)
{
	static const struct {
		const char *how;
		bool (*fn)(struct maker *k);
		const char *formula;
	} ways[] = { { "count", by_count, "a size of the algorithm" },
		{ "growth", by_count, "header and signature, and tags for each MiB" },
		{ "cpu", by_cpu, "sum of the rows" },
		{ "rate-cpu", by_cpu, "sum of the rows × rate / 1,000" },
		{ "replica-cpu", by_cpu, "sum of the rows × rate / 1,000 / replicas" },
		{ "cipher", by_cipher, "the row's GB/s" }, { "seal", by_cipher, "bytes / GB/s" },
		{ "round", by_round, "clients × (sum of the rows + bytes / GB/s)" },
		{ "step", by_step, "time with it less time today, as a share of today's" },
		{ "chain", by_chain, "hello, share, certificates and signatures" },
		{ "trips", by_chain, "rounds of slow start less those of today" } };

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (pqm_eqs(k->line.how, ways[i].how)) {
			k->line.formula = pqm_str(ways[i].formula);
			return ways[i].fn(k);
		}
	k->m->st = pqm_rule_fail(k->rule, NULL, k->m->err, "how is not a way to compute a cost");
	return false;
}

static bool make_line(struct maker *k)
{
	const struct pqm_yaml *node = k->rule->node;
	const struct pqm_bench *b = k->m->bench;

	k->line = (struct pqm_perf_line){ .what = pqm_yaml_str(node, "what"),
		.unit = pqm_yaml_str(node, "unit"),
		.per = pqm_yaml_str(node, "per"),
		.how = pqm_yaml_str(node, "how") };
	set_input(k);
	if (k->m->st != PQM_OK || !compute(k) || !isfinite(k->line.value))
		return false;
	if (k->line.rows.n > 0) {
		k->line.host = b->host;
		k->line.date = b->date;
		k->line.profile = b->is_reference ? PQM_LIT("reference profile") : b->source;
	}
	return true;
}

static bool lists(const struct pqm_yaml *list, pqm_bytes word)
{
	for (size_t i = 0; list != NULL && list->type == PQM_YAML_SEQ && i < list->n; i++)
		if (pqm_eq(pqm_yaml_text(list->items[i]), word))
			return true;
	return false;
}

/* For this type of task, the sets that its texts name, and the software at its place. */
static bool is_for(const struct pqm_rule *rule, const struct tk_draft *d)
{
	const struct pqm_rule *software = d->site.software;

	return lists(pqm_yaml_get(rule->node, "tasks"), d->t.type) &&
		tk_sets_suit(&d->sets, rule->node) &&
		(software == NULL ||
			!lists(pqm_yaml_get(rule->node, "not_for"),
				pqm_yaml_str(software->node, "software")));
}

void tk_lane_performance(struct tk_maker *m, struct tk_draft *d)
{
	struct maker k = { .m = m, .d = d };
	struct pqm_perf_line *lines = NULL;

	if (m->bench == NULL)
		return;
	for (size_t i = 0; m->st == PQM_OK &&
		(k.rule = pqm_rules_next(m->r, "perf/lines.yaml", &i)) != NULL;) {
		if (!is_for(k.rule, d) || d->t.n_performance == LINES_MAX)
			continue;
		if (!m->has_scalers)
			index_scalers(m);
		if (k.n_seen == 0)
			see_all(&k);
		if (m->st != PQM_OK || !make_line(&k))
			continue;
		if (lines == NULL)
			lines = pqm_new(m->arena, struct pqm_perf_line, LINES_MAX);
		if (lines == NULL) {
			tk_no_memory(m);
			return;
		}
		lines[d->t.n_performance++] = k.line;
	}
	d->t.performance = lines;
}
