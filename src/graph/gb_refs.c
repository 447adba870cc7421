#include "build.h"

/* References to models and datasets make assets, with a workload or without one
 * [design/kubernetes-ai.md §2.4]. */

struct refs {
	struct gb *b;
	const struct pqm_rule *hub; /* what is public, or NULL */
	struct pqm_map by_id;	    /* asset id -> index of its draft + 1 */
};

/* Local paths, variables that a tool fills in and what was redacted name nothing. */
static bool is_a_name(pqm_bytes v)
{
	if (v.n < 2 || v.p[0] == '/' || v.p[0] == '.' || v.p[0] == '-')
		return false;
	for (size_t i = 0; i < v.n; i++)
		if (v.p[i] <= ' ' || strchr("$*{}<>|\"'\\", v.p[i]) != NULL)
			return false;
	return true;
}

static bool is_hub_id(pqm_bytes v)
{
	size_t slash = pqm_find_byte(v, 0, '/');

	return slash != SIZE_MAX && slash > 0 && slash + 1 < v.n &&
		pqm_find_byte(v, slash + 1, '/') == SIZE_MAX &&
		pqm_find_byte(v, 0, ':') == SIZE_MAX;
}

/* "hf://team/model" for "team/model"; others as they stand, without a slash at the end. */
static pqm_bytes id_of(struct gb *b, const struct pqm_rule *rule, pqm_bytes v)
{
	while (v.n > 0 && v.p[v.n - 1] == '/')
		v.n--;
	if (!is_a_name(v))
		return (pqm_bytes){ NULL, 0 };
	if (pqm_yaml_true(rule->node, "bare") && is_hub_id(v))
		return pqm_arena_f(b->arena, "hf://%.*s", PQM_FMT(v));
	return v;
}

static pqm_bytes name_of(pqm_bytes id)
{
	size_t at = id.n;

	while (at > 0 && id.p[at - 1] != '/')
		at--;
	return pqm_sub(id, at, id.n);
}

static bool is_public(const struct refs *r, pqm_bytes id)
{
	const struct pqm_yaml *hub = r->hub == NULL ? NULL : pqm_yaml_get(r->hub->node, "hub");
	size_t at = pqm_find(id, 0, PQM_LIT("://"));

	if (hub == NULL || at == SIZE_MAX)
		return false;
	pqm_bytes rest = pqm_sub(id, at + 3, id.n);

	return pqm_k8s_listed(pqm_yaml_get(hub, "schemes"), pqm_sub(id, 0, at)) ||
		pqm_k8s_listed(
			pqm_yaml_get(hub, "hosts"), pqm_sub(rest, 0, pqm_find_byte(rest, 0, '/')));
}

static void derive(
	struct gb *b, struct gb_draft *d, const struct gb_thing *t, const struct pqm_rule *rule)
{
	const struct pqm_yaml *from = pqm_yaml_get(rule->node, "from");

	for (size_t i = 0; from != NULL && i < t->o->n_facts; i++) {
		if (!pqm_k8s_listed(from, t->o->facts[i].key))
			continue;
		pqm_bytes id = id_of(b, rule, t->o->facts[i].value);

		if (id.n > 0)
			gb_draft_source(b, d, id);
	}
}

static void one(struct refs *r, const struct gb_thing *t, const struct pqm_rule *rule,
	const struct pqm_fact *f)
{
	struct gb *b = r->b;
	pqm_bytes id = id_of(b, rule, f->value);
	const void *old = id.n == 0 ? NULL : pqm_map_get(&r->by_id, id);
	double years = 0;
	struct gb_draft *d;

	if (id.n == 0)
		return;
	if (old != NULL) {
		gb_draft_attach(b, &b->drafts[(uintptr_t)old - 1], t->node, f->key);
		return;
	}
	d = gb_draft_default(b, t, pqm_yaml_str(rule->node, "reference"),
		pqm_yaml_str(rule->node, "life"), f->key);
	if (d == NULL || !pqm_map_put(&r->by_id, id, (void *)(uintptr_t)b->n_drafts)) {
		gb_fail(b, "references");
		return;
	}
	d->a.id = id;
	d->a.name = name_of(id);
	d->line = f->line;
	d->is_reference = true;
	if (!d->has_life && is_public(r, id)) {
		(void)pqm_yaml_f64(r->hub->node, "years", &years);
		d->a.life_years =
			(struct pqm_sourced){ years, true, pqm_yaml_str(r->hub->node, "words") };
		d->a.life_by = gb_by_default("");
		d->a.life_by.words = d->a.life_years.source;
	}
	derive(b, d, t, rule);
}

static bool is_carried(const struct gb *b, const struct gb_thing *t, const struct pqm_rule *rule)
{
	const struct pqm_yaml *of = pqm_yaml_get(rule->node, "of");
	const struct pqm_node *n = &b->g->nodes[t->node];

	return pqm_k8s_listed(
		       pqm_yaml_get(rule->node, "on"), pqm_str(pqm_node_type_name(n->type))) &&
		(of == NULL || (n->ai_class.n > 0 && pqm_k8s_listed(of, n->ai_class)));
}

static void of_thing(struct refs *r, const struct gb_thing *t, const struct pqm_rule *rule)
{
	struct gb *b = r->b;
	size_t k = 0;

	if (!is_carried(b, t, rule) ||
		gb_draft_of_role(b, t->node, pqm_yaml_str(rule->node, "reference"), &k) != NULL)
		return;
	for (size_t i = 0; i < t->o->n_facts && b->st == PQM_OK; i++) {
		struct pqm_fact cut;
		const struct pqm_fact *f = gb_flow_value(t, rule, i, &cut);

		if (f != NULL && !pqm_k8s_listed(pqm_yaml_get(rule->node, "not"), f->key))
			one(r, t, rule, f);
	}
}

void gb_references(struct gb *b)
{
	const struct pqm_rule *rule, *rules[16];
	struct refs r = { .b = b };
	size_t i = 0, n = 0;

	while ((rule = gb_ai_next(b, &i)) != NULL) {
		if (pqm_yaml_get(rule->node, "hub") != NULL)
			r.hub = rule;
		if (pqm_yaml_get(rule->node, "reference") != NULL &&
			n < sizeof(rules) / sizeof(rules[0]))
			rules[n++] = rule;
	}
	for (i = 0; i < b->n_drafts && b->st == PQM_OK; i++)
		if (pqm_map_get(&r.by_id, b->drafts[i].a.id) == NULL &&
			!pqm_map_put(&r.by_id, b->drafts[i].a.id, (void *)(uintptr_t)(i + 1)))
			gb_fail(b, "references");
	for (i = 0; i < b->n_things && b->st == PQM_OK; i++) {
		const struct gb_thing *t = &b->things[i];

		if (!t->is_first || b->g->nodes[t->node].ai_class.n == 0)
			continue;
		for (size_t k = 0; k < n && b->st == PQM_OK; k++)
			of_thing(&r, t, rules[k]);
	}
	pqm_map_fini(&r.by_id);
}
