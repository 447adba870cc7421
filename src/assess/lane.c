/* lane.c — tasks of the lanes from practices, contrasts and the estate; what their rules add. */
#include "lane.h"

#include "base/num.h"
#include "run.h"

#define UNITS_MAX 10000
#define MONTHS_MAX 120

/* ---- drafts ---- */

uint32_t tk_lane_draft(struct tk_maker *m, const struct pqm_rule *rule, struct tk_place place)
{
	const struct tk_cause none = { 0 };
	uint32_t i = tk_draft_for(m, rule, &none, place);

	return m->st == PQM_OK ? i : UINT32_MAX;
}

void tk_lane_place(struct tk_maker *m, uint32_t task, pqm_bytes line)
{
	struct tk_draft *d = &m->d[task];

	d->n_places++;
	if (d->t.n_where < PQM_TASK_PLACES_MAX)
		tk_add_text(m, &d->where, &d->t.n_where, &d->cap_where, line);
}

void tk_lane_asset(struct tk_maker *m, uint32_t task, pqm_bytes id)
{
	struct tk_draft *d = &m->d[task];

	tk_add_text(m, &d->assets, &d->t.n_assets, &d->cap_assets, id);
}

void tk_lane_unit(struct tk_maker *m, uint32_t task, pqm_bytes key)
{
	if (key.p == NULL || !pqm_map_put(&m->d[task].units, key, m))
		tk_no_memory(m);
}

struct tk_place tk_everywhere(void)
{
	static const char all[] = "all", words[] = "everything scanned";

	return (struct tk_place){ pqm_str(all), pqm_str(words), pqm_str(all), false };
}

void tk_lane_precedes(struct tk_maker *m, uint32_t task, pqm_bytes id)
{
	struct pqm_task *t = &m->d[task].t;
	pqm_bytes *list;

	for (size_t i = 0; i < t->n_precedes; i++)
		if (pqm_eq(t->precedes[i], id))
			return;
	if (t->n_precedes >= PQM_LANE_PRECEDES)
		return;
	list = pqm_new(m->arena, pqm_bytes, t->n_precedes + 1);
	if (list == NULL) {
		tk_no_memory(m);
		return;
	}
	for (size_t i = 0; i < t->n_precedes; i++)
		list[i] = t->precedes[i];
	list[t->n_precedes++] = id;
	t->precedes = list;
}

/* precedes: task types; advice, so nothing waits for it. */
static void precede_types(struct tk_maker *m, uint32_t task)
{
	const struct pqm_yaml *types = pqm_yaml_get(m->d[task].rule->node, "precedes");

	for (size_t k = 0; types != NULL && k < types->n; k++)
		for (uint32_t i = 0; i < m->n && m->st == PQM_OK; i++)
			if (pqm_eq(m->d[i].t.type, pqm_yaml_text(types->items[k])))
				tk_lane_precedes(m, task, m->d[i].t.id);
}

/* ---- practices ---- */

struct lanes {
	struct tk_maker *m;
	const struct pqm_tasks *tasks;
	struct pqm_map asset_at; /* node id -> the first asset that a hop there carries */
};

static void index_assets(struct lanes *l)
{
	const struct pqm_graph *g = l->m->g;

	for (size_t a = 0; a < g->n_assets; a++)
		for (size_t h = 0; h < g->assets[a].n_hops; h++) {
			const uint32_t ends[] = { g->assets[a].hops[h].from,
				g->assets[a].hops[h].to };

			for (size_t k = 0; k < 2; k++) {
				const struct pqm_node *n = tk_node(l->m, ends[k]);

				if (n != NULL && pqm_map_get(&l->asset_at, n->id) == NULL &&
					!pqm_map_put(&l->asset_at, n->id, &g->assets[a]))
					tk_no_memory(l->m);
			}
		}
}

/* "secrets.yaml:12, data/Secret/tls: a private key lies in the Secret as it is" */
static pqm_bytes place_words(struct pqm_arena *a, const struct pqm_practice_place *p)
{
	pqm_bytes what = pqm_eq(p->path, p->what) ? (pqm_bytes){ NULL, 0 } : p->what;
	pqm_bytes out = p->path;

	if (p->line > 0)
		out = pqm_arena_f(a, "%.*s:%u", PQM_FMT(out), p->line);
	if (what.n > 0)
		out = pqm_arena_f(
			a, "%.*s%s%.*s", PQM_FMT(out), out.n > 0 ? ", " : "", PQM_FMT(what));
	return p->words.n == 0 ? out
			       : pqm_arena_f(a, "%.*s: %.*s", PQM_FMT(out), PQM_FMT(p->words));
}

static void add_practice(struct tk_maker *m, uint32_t task, pqm_bytes id)
{
	struct pqm_task *t = &m->d[task].t;
	pqm_bytes *list = pqm_new(m->arena, pqm_bytes, t->n_practices + 1);

	if (list == NULL) {
		tk_no_memory(m);
		return;
	}
	for (size_t i = 0; i < t->n_practices; i++)
		list[i] = t->practices[i];
	list[t->n_practices++] = id;
	t->practices = list;
}

/* The places that an answer of no or partly is about. */
static bool is_called(const struct pqm_practice_place *at, bool is_unsure)
{
	if (is_unsure)
		return at->verdict == PQM_PRACTICE_NOT_SHOWN;
	return at->verdict == PQM_PRACTICE_NO || at->verdict == PQM_PRACTICE_PARTLY;
}

/* Other tasks see to it. */
static bool is_left_out(const struct pqm_rule *rule, const struct pqm_practice_place *at)
{
	pqm_bytes words = pqm_yaml_str(rule->node, "leave_out");

	return words.n > 0 && pqm_starts(at->words, words);
}

static size_t count_places(
	const struct pqm_rule *rule, const struct pqm_practice *p, bool is_unsure)
{
	size_t n = is_unsure ? p->n[PQM_PRACTICE_NOT_SHOWN]
			     : p->n[PQM_PRACTICE_NO] + p->n[PQM_PRACTICE_PARTLY];

	for (size_t i = 0; i < p->n_places; i++)
		n -= is_called(&p->places[i], is_unsure) && is_left_out(rule, &p->places[i]);
	return n;
}

static void for_practice(struct lanes *l, const struct pqm_rule *rule, const struct pqm_practice *p)
{
	struct tk_maker *m = l->m;
	/* partly, and yet nobody does it badly: some tell nothing */
	bool is_unsure = p->n[PQM_PRACTICE_NO] + p->n[PQM_PRACTICE_PARTLY] == 0;
	size_t n = count_places(rule, p, is_unsure), shown = 0;
	uint32_t task = n > 0 ? tk_lane_draft(m, rule, tk_everywhere()) : UINT32_MAX;

	if (task == UINT32_MAX)
		return;
	add_practice(m, task, p->rule->id);
	for (size_t i = 0; i < p->n_places && m->st == PQM_OK; i++) {
		const struct pqm_practice_place *at = &p->places[i];
		const struct pqm_asset *a = pqm_map_get(&l->asset_at, at->what);

		if (!is_called(at, is_unsure) || is_left_out(rule, at))
			continue;
		tk_lane_place(m, task, place_words(m->arena, at));
		if (a != NULL)
			tk_lane_asset(m, task, a->id);
		shown++;
	}
	m->d[task].n_places += n - shown; /* those that the practice did not keep */
	for (size_t i = 0; i < n && i < UNITS_MAX && m->st == PQM_OK; i++)
		tk_lane_unit(m, task, pqm_arena_f(m->arena, "%.*s %zu", PQM_FMT(p->rule->id), i));
}

static void for_practices(struct lanes *l)
{
	const struct pqm_practices *all = l->m->practices;

	for (size_t i = 0; all != NULL && i < all->n; i++) {
		struct pqm_traits t = { .kind = "practice", .n = 2 };

		t.t[0] = (struct pqm_trait){ "id", all->items[i].rule->id };
		t.t[1] = (struct pqm_trait){ "verdict",
			pqm_str(pqm_practice_name(all->items[i].verdict)) };
		for (size_t k = 0; k < l->m->n_rules && l->m->st == PQM_OK; k++)
			if (pqm_rule_wants(l->m->rules[k], &t))
				for_practice(l, l->m->rules[k], &all->items[i]);
	}
}

/* ---- what a rule adds ---- */

void tk_fill_lane(struct tk_maker *m, struct tk_draft *d)
{
	const struct pqm_yaml *node = d->rule->node;
	struct pqm_task *t = &d->t;
	uint64_t n;

	t->lane = pqm_yaml_str(node, "lane");
	/* elsewhere the word is a state of endpoints/advice.yaml */
	t->advice = t->lane.n > 0 ? pqm_yaml_str(node, "advice") : (pqm_bytes){ NULL, 0 };
	t->usual_window = -1;
	tk_lane_performance(m, d);
	if (pqm_yaml_get(node, "usual_window") != NULL) {
		if (!pqm_yaml_u64(node, "usual_window", &n) || n > PQM_W_18_PLUS) {
			m->st = pqm_rule_fail(d->rule, NULL, m->err, "usual_window is 0 to 2");
			return;
		}
		t->usual_window = (int)n;
	}
	if (pqm_yaml_get(node, "within_months") != NULL) {
		if (!pqm_yaml_u64(node, "within_months", &n) || n < 1 || n > MONTHS_MAX) {
			m->st = pqm_rule_fail(
				d->rule, NULL, m->err, "within_months is 1 to %d", MONTHS_MAX);
			return;
		}
		t->within_months = (unsigned)n;
	}
	if (pqm_yaml_get(node, "every_months") != NULL) {
		if (!pqm_yaml_u64(node, "every_months", &n) || n < 1 || n > MONTHS_MAX) {
			m->st = pqm_rule_fail(
				d->rule, NULL, m->err, "every_months is 1 to %d", MONTHS_MAX);
			return;
		}
		t->every_months = (unsigned)n;
		t->next = tk_lane_next(m, d->rule, t->every_months);
	}
}

void tk_lanes(struct tk_maker *m, const struct pqm_tasks *tasks)
{
	struct lanes l = { .m = m, .tasks = tasks };

	index_assets(&l);
	if (m->st == PQM_OK)
		for_practices(&l);
	if (m->st == PQM_OK && m->run != NULL)
		tk_lane_keys(m);
	if (m->st == PQM_OK && m->run != NULL)
		tk_lane_estate(m);
	if (m->st == PQM_OK && m->run != NULL)
		tk_lane_pilots(m, tasks);
	for (uint32_t i = 0; i < m->n && m->st == PQM_OK; i++)
		precede_types(m, i);
	pqm_map_fini(&l.asset_at);
}
