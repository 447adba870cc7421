#include "k8s.h"

#include "base/limits.h"

bool pqm_k8s_fits(pqm_bytes glob, pqm_bytes text)
{
	size_t tail = glob.n;

	while (tail > 0 && glob.p[tail - 1] != '*' && glob.p[tail - 1] != '?')
		tail--;
	return pqm_ends(text, pqm_sub(glob, tail, glob.n)) && pqm_glob(glob, text);
}

bool pqm_k8s_listed(const struct pqm_yaml *globs, pqm_bytes text)
{
	if (globs == NULL || globs->type != PQM_YAML_SEQ)
		return false;
	for (size_t i = 0; i < globs->n; i++)
		if (pqm_k8s_fits(pqm_yaml_text(globs->items[i]), text))
			return true;
	return false;
}

static enum pqm_st load_one(
	struct pqm_k8s_kind *k, const struct pqm_rule *rule, struct pqm_err *err)
{
	static const char *const lists[] = { "groups", "facts", "content", "edges", "provides" };
	const struct pqm_yaml *n = rule->node, *v[5];

	for (size_t i = 0; i < 5; i++) {
		v[i] = pqm_yaml_get(n, lists[i]);
		if (v[i] != NULL && v[i]->type != PQM_YAML_SEQ)
			return pqm_rule_fail(rule, v[i], err, "%s is a list", lists[i]);
	}
	*k = (struct pqm_k8s_kind){ .rule = rule,
		.kind = pqm_yaml_str(n, "kind"),
		.node_type = pqm_yaml_str(pqm_yaml_get(n, "node"), "type"),
		.is_cluster_scoped = pqm_eqs(pqm_yaml_str(n, "scope"), "cluster"),
		.is_made = pqm_yaml_true(n, "made"),
		.groups = v[0],
		.facts = v[1],
		.content = v[2],
		.edges = v[3],
		.provides = v[4] };
	return PQM_OK;
}

static bool add_name(struct pqm_k8s_kinds *k, struct pqm_k8s_kind *e)
{
	struct pqm_k8s_kind *old = pqm_map_get(&k->by_name, e->kind);

	if (old == NULL)
		return pqm_map_put(&k->by_name, e->kind, e);
	while (old->next != NULL)
		old = &k->kind[old->next - k->kind];
	old->next = e;
	return true;
}

static enum pqm_st load_kinds(
	struct pqm_k8s_kinds *k, const struct pqm_rules *r, struct pqm_err *err)
{
	const struct pqm_rule *rule;
	size_t i = 0;

	while ((rule = pqm_rules_next(r, "k8s/", &i)) != NULL) {
		if (pqm_yaml_get(rule->node, "kind") == NULL)
			continue;
		enum pqm_st st = load_one(&k->kind[k->n], rule, err);

		if (st != PQM_OK)
			return st;
		if (pqm_eqs(k->kind[k->n].kind, "*"))
			k->any = &k->kind[k->n];
		if (!add_name(k, &k->kind[k->n++]))
			return pqm_fail(err, PQM_ENOMEM, "Kubernetes kinds: out of memory");
	}
	return PQM_OK;
}

static void load_checks(struct pqm_k8s_kinds *k, const struct pqm_rules *r)
{
	const struct pqm_rule *rule;
	size_t i = 0;

	while ((rule = pqm_rules_next(r, "k8s/", &i)) != NULL) {
		const struct pqm_yaml *on = pqm_yaml_get(rule->node, "on");

		for (size_t n = 0; on != NULL && n < on->n; n++)
			k->on[k->n_on++] = (struct pqm_k8s_on){ rule, on->items[n],
				pqm_yaml_str(on->items[n], "kind"),
				pqm_yaml_get(on->items[n], "groups"),
				pqm_yaml_str(rule->node, "test") };
	}
}

enum pqm_st pqm_k8s_kinds_new(
	struct pqm_k8s_kinds **out, const struct pqm_rules *r, struct pqm_err *err)
{
	struct pqm_k8s_kinds *k = pqm_calloc(1, sizeof(*k));
	const struct pqm_rule *rule;
	size_t i = 0, n_kinds = 0, n_on = 0;
	enum pqm_st st;

	if (k == NULL)
		return pqm_fail(err, PQM_ENOMEM, "Kubernetes kinds: out of memory");
	pqm_arena_init(&k->arena, PQM_ARENA_BYTES);
	while ((rule = pqm_rules_next(r, "k8s/", &i)) != NULL) {
		const struct pqm_yaml *on = pqm_yaml_get(rule->node, "on");

		n_kinds += pqm_yaml_get(rule->node, "kind") != NULL;
		n_on += on != NULL ? on->n : 0;
	}
	k->kind = pqm_new(&k->arena, struct pqm_k8s_kind, n_kinds + 1);
	k->on = pqm_new(&k->arena, struct pqm_k8s_on, n_on + 1);
	st = k->kind != NULL && k->on != NULL
		? load_kinds(k, r, err)
		: pqm_fail(err, PQM_ENOMEM, "Kubernetes kinds: out of memory");
	if (st != PQM_OK) {
		pqm_k8s_kinds_free(k);
		return st;
	}
	load_checks(k, r);
	*out = k;
	return PQM_OK;
}

void pqm_k8s_kinds_free(struct pqm_k8s_kinds *k)
{
	if (k == NULL)
		return;
	pqm_map_fini(&k->by_name);
	pqm_arena_fini(&k->arena);
	pqm_free(k);
}

const struct pqm_k8s_kind *pqm_k8s_kind_of(
	const struct pqm_k8s_kinds *k, pqm_bytes group, pqm_bytes kind)
{
	const struct pqm_k8s_kind *e = pqm_eqs(kind, "*") ? NULL : pqm_map_get(&k->by_name, kind);

	while (e != NULL && e->groups != NULL && !pqm_k8s_listed(e->groups, group))
		e = e->next;
	return e;
}

pqm_bytes pqm_k8s_id(
	const struct pqm_k8s_kinds *k, const struct pqm_object *o, struct pqm_arena *arena)
{
	const struct pqm_k8s_kind *kind = pqm_k8s_kind_of(k, o->group, o->kind);
	pqm_bytes ns = o->ns.n > 0			  ? o->ns
		: kind != NULL && kind->is_cluster_scoped ? PQM_LIT("-")
							  : PQM_LIT("default");

	return pqm_arena_f(
		arena, "%.*s/%.*s/%.*s", PQM_FMT(ns), PQM_FMT(o->kind), PQM_FMT(o->name));
}
