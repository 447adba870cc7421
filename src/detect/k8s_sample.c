#include "k8s.h"

#include "base/limits.h"
#include "watch.h"

/* Looks at objects too. */
struct sample {
	struct pqm_watch watch; /* first: the callbacks cast back */
	const struct pqm_k8s_kinds *kinds;
};

static bool has_fact(const struct pqm_object *o, const struct pqm_yaml *globs)
{
	for (size_t i = 0; i < o->n_facts; i++)
		if (pqm_k8s_listed(globs, o->facts[i].key))
			return true;
	return false;
}

static bool has_value(const struct pqm_object *o, const struct pqm_yaml *want)
{
	for (size_t i = 0; i < o->n_facts; i++)
		if (pqm_k8s_fits(pqm_yaml_str(want, "at"), o->facts[i].key) &&
			pqm_k8s_fits(pqm_yaml_str(want, "is"), o->facts[i].value))
			return true;
	return false;
}

/* One of the entries of `ends` fits the object. */
static bool ends_here(const struct pqm_object *o, const struct pqm_yaml *list)
{
	for (size_t i = 0; list != NULL && i < list->n; i++) {
		const struct pqm_yaml *e = list->items[i];
		bool any = pqm_yaml_get(e, "is") == NULL;

		if (!pqm_eq(pqm_yaml_str(e, "kind"), o->kind))
			continue;
		if (pqm_yaml_get(e, "at") == NULL || (!any && has_value(o, e)))
			return true;
		for (size_t k = 0; any && k < o->n_facts; k++)
			if (pqm_k8s_fits(pqm_yaml_str(e, "at"), o->facts[k].key))
				return true;
	}
	return false;
}

static bool has_any_value(const struct pqm_object *o, const struct pqm_yaml *list)
{
	for (size_t i = 0; list != NULL && i < list->n; i++)
		if (has_value(o, list->items[i]))
			return true;
	return false;
}

static bool holds_pods(const struct pqm_object *o, const struct pqm_yaml *rule)
{
	const struct pqm_yaml *at = pqm_yaml_get(rule, "pods");

	if (at == NULL || pqm_k8s_listed(pqm_yaml_get(rule, "not_kinds"), o->kind))
		return false;
	for (size_t i = 0; i < o->n_facts; i++)
		if (pqm_k8s_listed(at, o->facts[i].key) &&
			!pqm_k8s_listed(pqm_yaml_get(rule, "not"), o->facts[i].key))
			return true;
	return false;
}

/* A value is a URL of one of the schemes. */
static bool has_scheme(const struct pqm_object *o, const struct pqm_yaml *schemes)
{
	for (size_t i = 0; schemes != NULL && i < o->n_facts; i++) {
		size_t at = pqm_find(o->facts[i].value, 0, PQM_LIT("://"));

		if (at != SIZE_MAX && pqm_k8s_listed(schemes, pqm_sub(o->facts[i].value, 0, at)))
			return true;
	}
	return false;
}

static bool is_given(
	const struct pqm_k8s_kinds *kinds, const struct pqm_object *o, const struct pqm_yaml *ids)
{
	struct pqm_arena arena;
	bool is;

	pqm_arena_init(&arena, PQM_ARENA_BYTES);
	is = pqm_k8s_listed(ids, pqm_k8s_id(kinds, o, &arena));
	pqm_arena_fini(&arena);
	return is;
}

static enum pqm_st see_object(struct pqm_emit *e, const struct pqm_object *o)
{
	const struct pqm_k8s_kinds *kinds = ((struct sample *)e)->kinds;
	struct pqm_watch *w = (struct pqm_watch *)e;
	const struct pqm_k8s_kind *kind = pqm_k8s_kind_of(kinds, o->group, o->kind);
	const struct pqm_yaml *n = w->rule->node, *settings = pqm_yaml_get(n, "settings");
	const struct pqm_yaml *mesh = pqm_yaml_get(n, "mesh"), *cni = pqm_yaml_get(n, "cni");

	if (pqm_eqs(pqm_yaml_str(n, "kind"), "*"))
		w->fits = w->fits || has_fact(o, pqm_yaml_get(n, "facts"));
	else if (pqm_yaml_get(n, "kind") != NULL)
		w->fits = w->fits || (kind != NULL && kind->rule == w->rule);
	if (settings != NULL)
		w->fits = w->fits || has_fact(o, pqm_yaml_get(settings, "has"));
	if (mesh != NULL)
		w->fits = w->fits || has_any_value(o, pqm_yaml_get(mesh, "member"));
	w->fits = w->fits || ends_here(o, pqm_yaml_get(n, "ends")) ||
		has_fact(o, pqm_yaml_get(pqm_yaml_get(n, "versions"), "min"));
	w->fits = w->fits || holds_pods(o, n) || is_given(kinds, o, pqm_yaml_get(n, "given")) ||
		has_scheme(o, pqm_yaml_get(n, "host_schemes"));
	if (cni != NULL)
		w->fits = w->fits || has_value(o, cni);
	return PQM_OK;
}

static enum pqm_st one_doc(void *ctx, const struct pqm_yaml *root, struct pqm_err *err)
{
	return pqm_k8s_object(ctx, root, err);
}

bool pqm_k8s_rule_fits(const struct pqm_rules *r, const struct pqm_rule *rule, pqm_bytes sample)
{
	struct pqm_arena arena;
	struct pqm_artifact a = { .body = sample,
		.head = sample,
		.path = PQM_LIT("sample.yaml"),
		.name = PQM_LIT("sample.yaml"),
		.arena = &arena };
	struct sample w = { .watch = pqm_watch_of(rule) };
	struct pqm_k8s_scan s = { .rules = r, .a = &a, .out = &w.watch.emit };
	struct pqm_err err;
	bool ok;

	w.watch.emit.object = see_object;
	pqm_arena_init(&arena, PQM_ARENA_BYTES);
	ok = pqm_rules_k8s(&s.kinds, r, &err) == PQM_OK;
	w.kinds = s.kinds;
	ok = ok && pqm_yaml_docs(sample, &arena, one_doc, &s, &err) == PQM_OK;
	pqm_arena_fini(&arena);
	return ok && w.watch.fits;
}
