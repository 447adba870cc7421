/* tasks_text.c — what a task costs and says, from its rule and the first place it was made for. */
#include "tasks_int.h"

#include "base/num.h"
#include "perf.h"

/* Names go on over these: an `apache-superset` is no Apache, a `models3` no S3. */
static bool is_of_name(pqm_bytes text, size_t at)
{
	uint8_t c = at < text.n ? text.p[at] : ' ';

	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		c == '-' || c == '_';
}

static bool has_word(pqm_bytes text, pqm_bytes word)
{
	for (size_t at = 0; word.n > 0 && at + word.n <= text.n; at++)
		if (pqm_ieq(pqm_sub(text, at, word.n), word) &&
			(at == 0 || !is_of_name(text, at - 1)) && !is_of_name(text, at + word.n))
			return true;
	return false;
}

/* For this software or these words, and good for what the regimes want. */
static bool is_for(const struct pqm_yaml *variant, const struct tk_draft *d)
{
	const struct pqm_yaml *list = pqm_yaml_get(variant, "for");
	pqm_bytes word = pqm_yaml_str(variant, "if"),
		  software = d->site.software == NULL
		? (pqm_bytes){ NULL, 0 }
		: pqm_yaml_str(d->site.software->node, "software");

	if (!tk_sets_suit(&d->sets, variant) ||
		(pqm_yaml_true(variant, "fips") && !d->sets.is_fips))
		return false;
	for (size_t i = 0; list != NULL && i < list->n; i++)
		if (pqm_eq(pqm_yaml_text(list->items[i]), software))
			return true;
	return has_word(d->words, word);
}

const struct pqm_yaml *tk_variant_of(const struct tk_draft *d)
{
	const struct pqm_yaml *list = pqm_yaml_get(d->rule->node, "changes");

	for (size_t i = 0; list != NULL && i < list->n; i++)
		if (is_for(list->items[i], d))
			return list->items[i];
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
	e = pqm_yaml_get(node, "each"); /* beyond the first link of one edit */
	if (d->n_uses > 1 && pqm_yaml_f64(e, "lo", &lo) && pqm_yaml_f64(e, "hi", &hi)) {
		t->effort_lo += lo * (double)(d->n_uses - 1);
		t->effort_hi += hi * (double)(d->n_uses - 1);
	}
	t->n_units = (unsigned)n;
	t->phase = (unsigned)phase;
	t->is_weak_fix = pqm_yaml_true(node, "first");
	return PQM_OK;
}

static pqm_bytes say(const struct pqm_yaml *node, const struct pqm_yaml *own, const char *key)
{
	return pqm_yaml_str(pqm_yaml_get(own, key) != NULL ? own : node, key);
}

/* `measure` is a rule of rules/perf/costs.yaml, or several, of which the first for the chosen sets counts. */
static pqm_bytes measure_of(
	const struct tk_maker *m, const struct pqm_yaml *node, const struct tk_sets *sets)
{
	const struct pqm_yaml *list = pqm_yaml_get(node, "measure");

	if (list == NULL || list->type != PQM_YAML_SEQ)
		return pqm_yaml_str(node, "measure");
	for (size_t i = 0; i < list->n; i++) {
		pqm_bytes id = pqm_yaml_text(list->items[i]);
		const struct pqm_rule *rule = pqm_rules_get(m->r, id);

		if (rule != NULL && tk_sets_suit(sets, rule->node))
			return id;
	}
	return (pqm_bytes){ NULL, 0 };
}

/* What the rule says, and what was measured for it. */
static pqm_bytes costs_of(struct tk_maker *m, const struct pqm_yaml *node,
	const struct pqm_yaml *own, const struct tk_words *w)
{
	pqm_bytes said = tk_fill(w, say(node, own, "costs")), found;

	if (m->bench == NULL || pqm_yaml_get(own, "costs") != NULL)
		return said;
	found = pqm_perf_cost_text(m->r, m->bench, measure_of(m, node, &w->sets), m->arena);
	if (found.n == 0 || said.n == 0)
		return found.n == 0 ? said : found;
	return pqm_arena_f(m->arena, "%.*s; %.*s", PQM_FMT(said), PQM_FMT(found));
}

/* The rule's words for this software, else the lines proven on its servers, else the rule's words for all. */
static pqm_bytes change_of(
	const struct pqm_yaml *node, const struct pqm_yaml *own, const struct tk_words *w)
{
	pqm_bytes lines;

	if (pqm_yaml_get(own, "text") != NULL)
		return tk_fill(w, pqm_yaml_str(own, "text"));
	lines = tk_advice(w, pqm_yaml_str(node, "advice"));
	return lines.n > 0 ? lines : tk_fill(w, pqm_yaml_str(node, "change"));
}

/* The minimum of the software found, else what the rule asks of any. */
static pqm_bytes needs_of(
	const struct pqm_yaml *node, const struct pqm_yaml *own, const struct tk_words *w)
{
	pqm_bytes least = tk_fill(w, PQM_LIT("{minimum}")), said = say(node, own, "needs");

	if (pqm_yaml_get(own, "needs") == NULL && pqm_yaml_true(node, "by_software") && least.n > 0)
		return w->site->version.n == 0 ? least
					       : pqm_arena_f(w->arena, "%.*s; found: %.*s",
							 PQM_FMT(least), PQM_FMT(w->site->version));
	return tk_fill(w, said);
}

static void name_places(struct tk_maker *m, struct tk_draft *d)
{
	char count[32];

	if (d->n_places > PQM_TASK_PLACES_MAX)
		tk_add_text(m, &d->where, &d->t.n_where, &d->cap_where,
			pqm_arena_f(m->arena, "and %s more",
				pqm_human_count(count, d->n_places - PQM_TASK_PLACES_MAX)));
	d->t.where = d->where;
}

/* A task of many places has no one endpoint. */
static void name_site(struct tk_maker *m, struct tk_draft *d)
{
	static const char *const many[] = { "run", "namespace", "asset" };
	pqm_bytes target = pqm_yaml_str(d->rule->node, "target");

	for (size_t i = 0; i < sizeof(many) / sizeof(many[0]); i++)
		if (pqm_eqs(target, many[i]))
			return;
	if (d->is_client)
		return;
	if (d->site.software != NULL)
		d->t.software = pqm_yaml_str(d->site.software->node, "title");
	if (d->site.host.n > 0 && d->site.port.n > 0)
		d->t.endpoint = tk_site_endpoint(&d->site, m->arena);
}

static pqm_bytes title_of(const struct pqm_yaml *node, const struct tk_draft *d)
{
	pqm_bytes of_many = pqm_yaml_str(node, "title_of_many");

	return d->n_uses > 1 && of_many.n > 0 ? of_many : pqm_yaml_str(node, "title");
}

/* What has to be there first, and what cannot be tried elsewhere. */
static pqm_bytes with_untried(struct tk_maker *m, const struct tk_draft *d, pqm_bytes needs)
{
	return d->not_tried.n == 0 ? needs
				   : pqm_arena_f(m->arena, "%.*s%s%.*s", PQM_FMT(needs),
					     needs.n > 0 ? "; " : "", PQM_FMT(d->not_tried));
}

enum pqm_st tk_fill_texts(struct tk_maker *m, struct tk_draft *d)
{
	const struct pqm_yaml *node = d->rule->node, *own;
	char count[32];
	struct pqm_task *t = &d->t;
	struct tk_words w = { .r = m->r,
		.arena = m->arena,
		.site = &d->site,
		.hop = d->hop,
		.label = d->label,
		.object = d->object,
		.path = d->path,
		.clients = tk_clients_of(m, d),
		.n = pqm_bytes_dup(m->arena, pqm_str(pqm_human_count(count, t->n_units))) };

	if (d->is_client) /* the site's software is not what changes here */
		d->site.software = pqm_map_get(&m->ix.software, d->object);
	if (d->is_shared)
		w.label = d->label = tk_uses_label(m, d);
	d->sets = w.sets =
		tk_sets_of(m->r, &m->regimes, &d->site, pqm_yaml_str(node, "sets"), m->arena);
	own = tk_variant_of(d);
	name_places(m, d);
	t->title = tk_fill(&w, title_of(node, d));
	t->change = change_of(node, own, &w);
	t->both_ends = tk_fill(&w, say(node, own, "both_ends"));
	t->needs = with_untried(m, d, needs_of(node, own, &w));
	t->costs = costs_of(m, node, own, &w);
	t->verify = tk_fill_uses(&w, d, say(node, own, "verify"));
	t->rollback = tk_fill(&w, say(node, own, "rollback"));
	t->why = tk_fill(&w, pqm_yaml_str(node, "why"));
	t->blocked_why = tk_fill(&w, say(node, own, "blocked_why"));
	t->regime_note = w.sets.note;
	name_site(m, d);
	tk_fill_patch(m, d, &w, own);
	t->assets = d->assets;
	t->findings = (const uint8_t(*)[PQM_ID_BYTES])d->findings;
	return t->title.p == NULL ? pqm_fail(m->err, PQM_ENOMEM, "plan: out of memory") : m->st;
}
