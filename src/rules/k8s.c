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
	static const char *const lists[] = { "groups", "facts", "content", "edges", "provides",
		"exact", "heads" };
	const struct pqm_yaml *n = rule->node, *v[sizeof(lists) / sizeof(lists[0])];

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
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
		.provides = v[4],
		.exact = v[5],
		.heads = v[6],
		.live = pqm_yaml_get(n, "live") };
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

/* Chains checks of one kind in the order of the rules. */
static bool index_checks(struct pqm_k8s_kinds *k)
{
	for (size_t i = k->on == NULL ? 0 : k->n_on; i > 0; i--) {
		struct pqm_k8s_on *e = &k->on[i - 1];

		e->next = pqm_map_get(&k->on_by_name, e->kind);
		if (!pqm_map_put(&k->on_by_name, e->kind, e))
			return false;
	}
	return true;
}

/* "providers[0]": which place in a list counts. */
static bool has_index(pqm_bytes at)
{
	for (size_t i = 0; i + 1 < at.n; i++)
		if (at.p[i] == '[' && at.p[i + 1] >= '0' && at.p[i + 1] <= '9')
			return true;
	return false;
}

static struct pqm_k8s_on look_of(const struct pqm_rule *rule, const struct pqm_yaml *node)
{
	struct pqm_k8s_on on = { .rule = rule,
		.node = node,
		.kind = pqm_yaml_str(node, "kind"),
		.groups = pqm_yaml_get(node, "groups"),
		.test = pqm_yaml_str(rule->node, "test"),
		.at = pqm_yaml_str(node, "at") };

	on.is_always = pqm_eqs(on.test, "absent") || has_index(on.at);
	return on;
}

static void load_checks(struct pqm_k8s_kinds *k, const struct pqm_rules *r)
{
	const struct pqm_rule *rule;
	size_t i = 0;

	while ((rule = pqm_rules_next(r, "k8s/", &i)) != NULL) {
		const struct pqm_yaml *on = pqm_yaml_get(rule->node, "on");

		for (size_t n = 0; on != NULL && n < on->n; n++)
			k->on[k->n_on++] = look_of(rule, on->items[n]);
	}
}

static bool load_asked(struct pqm_k8s_kinds *k, const struct pqm_rules *r)
{
	const struct pqm_rule *rule;
	size_t i = 0, n = 0;

	while (pqm_rules_next(r, "practices/", &i) != NULL)
		n++;
	k->asked = pqm_new(&k->arena, const struct pqm_yaml *, n);
	i = 0;
	while (k->asked != NULL && (rule = pqm_rules_next(r, "practices/", &i)) != NULL)
		if (pqm_yaml_get(rule->node, "facts") != NULL)
			k->asked[k->n_asked++] = pqm_yaml_get(rule->node, "facts");
	return k->asked != NULL;
}

bool pqm_k8s_asked(const struct pqm_k8s_kinds *k, pqm_bytes path)
{
	for (size_t i = 0; i < k->n_asked; i++)
		if (pqm_k8s_listed(k->asked[i], path))
			return true;
	return false;
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
	st = k->kind == NULL || k->on == NULL || !load_asked(k, r) ? PQM_ENOMEM
								   : load_kinds(k, r, err);
	if (st == PQM_OK) {
		load_checks(k, r);
		st = index_checks(k) ? PQM_OK : PQM_ENOMEM;
	}
	if (st != PQM_OK) {
		pqm_k8s_kinds_free(k);
		return st == PQM_ENOMEM ? pqm_fail(err, st, "Kubernetes kinds: out of memory") : st;
	}
	*out = k;
	return PQM_OK;
}

void pqm_k8s_kinds_free(struct pqm_k8s_kinds *k)
{
	if (k == NULL)
		return;
	pqm_map_fini(&k->by_name);
	pqm_map_fini(&k->on_by_name);
	pqm_arena_fini(&k->arena);
	pqm_free(k);
}

const struct pqm_k8s_kind *pqm_k8s_kind_named(const struct pqm_k8s_kinds *k, pqm_bytes kind)
{
	return pqm_eqs(kind, "*") ? NULL : pqm_map_get(&k->by_name, kind);
}

const struct pqm_k8s_on *pqm_k8s_checks_of(const struct pqm_k8s_kinds *k, pqm_bytes kind)
{
	return pqm_map_get(&k->on_by_name, kind);
}

const struct pqm_k8s_kind *pqm_k8s_kind_of(
	const struct pqm_k8s_kinds *k, pqm_bytes group, pqm_bytes kind)
{
	for (const struct pqm_k8s_kind *e = pqm_k8s_kind_named(k, kind); e != NULL; e = e->next)
		if (e->groups == NULL || pqm_k8s_listed(e->groups, group))
			return e;
	return NULL;
}

bool pqm_k8s_is_live(const struct pqm_k8s_kind *k)
{
	return !pqm_eqs(k->kind, "*") &&
		!(k->live != NULL && k->live->type == PQM_YAML_SCALAR &&
			pqm_eqs(k->live->text, "false"));
}

/* Ingress: ingresses; NetworkPolicy: networkpolicies; Gateway: gateways; Endpoints: as it is in `live`. */
pqm_bytes pqm_k8s_resource(const struct pqm_k8s_kind *k, struct pqm_arena *arena)
{
	pqm_bytes named = pqm_yaml_str(k->live, "resource"), out;
	size_t n = k->kind.n;
	uint8_t last = n > 0 ? k->kind.p[n - 1] | 32 : 0,
		before = n > 1 ? k->kind.p[n - 2] | 32 : 0;
	const char *end = "s";
	uint8_t *p;

	if (named.n > 0)
		return named;
	if (last == 'y' && pqm_find_byte(PQM_LIT("aeiou"), 0, before) == SIZE_MAX) {
		n--;
		end = "ies";
	} else if (last == 's' || last == 'x' || last == 'z' ||
		(last == 'h' && (before == 's' || before == 'c'))) {
		end = "es";
	}
	out = pqm_arena_f(arena, "%.*s%s", PQM_FMT(pqm_sub(k->kind, 0, n)), end);
	p = (uint8_t *)(uintptr_t)out.p;
	for (size_t i = 0; i < out.n; i++)
		p[i] = p[i] >= 'A' && p[i] <= 'Z' ? (uint8_t)(p[i] + 32) : p[i];
	return out;
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
