#include "k8s.h"

#include "base/limits.h"

/* One place where a check looks: an entry of the rule's `on` list. */
struct look {
	struct pqm_k8s_scan *scan;
	const struct pqm_object *o;
	pqm_bytes id;
	const struct pqm_rule *rule;
	const struct pqm_yaml *on;
	const struct pqm_fact *fact; /* the place; NULL: the whole object */
	const struct pqm_alg_ref *alg;
	pqm_bytes parameter;
	pqm_bytes fallback; /* classical group beside a hybrid one; "none" */
	struct pqm_err *err;
};

static const struct pqm_fact *first_at(const struct pqm_object *o, pqm_bytes glob)
{
	if (o->facts == NULL)
		return NULL;
	for (size_t i = 0; i < o->n_facts && glob.n > 0; i++)
		if (pqm_k8s_fits(glob, o->facts[i].key))
			return &o->facts[i];
	return NULL;
}

static bool any_at(const struct pqm_object *o, const struct pqm_yaml *globs)
{
	for (size_t i = 0; i < o->n_facts; i++)
		if (pqm_k8s_listed(globs, o->facts[i].key))
			return true;
	return false;
}

/* A family that was named as such goes by its short name, as in key and certificate findings. */
static pqm_bytes own_name(const struct pqm_alg_ref *ref)
{
	return pqm_eq(ref->algorithm, ref->alg->name) ? ref->alg->family : ref->algorithm;
}

static enum pqm_st report(const struct look *l)
{
	const struct pqm_yaml *e = pqm_yaml_get(l->rule->node, "emit");
	pqm_bytes field = l->fact != NULL ? l->fact->key : pqm_yaml_str(e, "field");
	struct pqm_found f = {
		.meaning = PQM_CONFIG, .evidence = PQM_CONFIGURED, .quantum = PQM_Q_UNKNOWN
	};
	const struct pqm_fact *ca = first_at(l->o, pqm_yaml_str(l->on, "ca"));
	const struct pqm_alg_ref *ref = l->alg;
	char rule_id[PQM_K8S_KEY_BYTES + 1];

	if (ref == NULL && pqm_yaml_get(e, "alg") != NULL)
		ref = pqm_alg_by_name(l->scan->rules, pqm_yaml_str(e, "alg"));
	f.parameter = l->parameter;
	if (ref != NULL) {
		f.algorithm = own_name(ref);
		pqm_alg_fill(&f, ref);
	}
	if (pqm_yaml_get(e, "parameter") != NULL)
		f.parameter = pqm_yaml_str(e, "parameter");
	(void)pqm_meaning_parse(pqm_yaml_str(e, "meaning"), &f.meaning);
	(void)pqm_function_parse(pqm_yaml_str(e, "function"), &f.function);
	(void)pqm_evidence_parse(pqm_yaml_str(e, "evidence"), &f.evidence, &f.basis);
	f.object = pqm_arena_f(l->scan->a->arena, "%.*s#%.*s", PQM_FMT(l->id), PQM_FMT(field));
	f.identity = f.object;
	f.line = l->fact != NULL ? l->fact->line : l->o->line;
	f.col = l->fact != NULL ? l->fact->col : 1;
	if (l->fact != NULL)
		pqm_found_attr(&f, "value", l->fact->value);
	pqm_found_attr(&f, "fallback", l->fallback);
	if (ca != NULL && pqm_eqs(ca->value, "true"))
		pqm_found_attr(&f, "is_ca", PQM_LIT("true"));
	(void)snprintf(rule_id, sizeof(rule_id), "%.*s", PQM_FMT(l->rule->id));
	pqm_rule_fill(&f, l->scan->rules, rule_id);
	if (f.object.p == NULL)
		return pqm_fail(l->err, PQM_ENOMEM, "%u: out of memory", f.line);
	return pqm_emit(l->scan->out, &f);
}

/* Cuts the next name off a list like "X25519:P-256", "X25519, P-256". */
static bool next_name(pqm_bytes *rest, pqm_bytes *name)
{
	size_t i = 0, from;

	while (i < rest->n && strchr(":, ;\t\n", rest->p[i]) != NULL)
		i++;
	from = i;
	while (i < rest->n && strchr(":, ;\t\n", rest->p[i]) == NULL)
		i++;
	*name = pqm_sub(*rest, from, i - from);
	*rest = pqm_sub(*rest, i, rest->n);
	return name->n > 0;
}

struct groups {
	const struct pqm_alg_ref *classical, *hybrid; /* the first of each */
	size_t n_classical, n_hybrid;
};

/* Spellings of one program ("CurveP256" of Go) stand in the rule, not in the catalogue. */
static pqm_bytes catalogue_name(const struct look *l, pqm_bytes name)
{
	const struct pqm_yaml *map = pqm_yaml_get(l->rule->node, "spellings");

	for (size_t i = 0; map != NULL && i < map->n; i++)
		if (pqm_eq(map->keys[i]->text, name))
			return pqm_yaml_text(map->items[i]);
	return name;
}

static void read_groups(const struct look *l, pqm_bytes glob, struct groups *g)
{
	for (size_t i = 0; i < l->o->n_facts; i++) {
		pqm_bytes rest = l->o->facts[i].value, name;

		if (!pqm_k8s_fits(glob, l->o->facts[i].key))
			continue;
		while (next_name(&rest, &name)) {
			const struct pqm_alg_ref *ref =
				pqm_alg_by_name(l->scan->rules, catalogue_name(l, name));

			if (ref == NULL)
				continue;
			if (ref->alg->quantum == PQM_Q_BROKEN && g->n_classical++ == 0)
				g->classical = ref;
			if ((ref->alg->quantum == PQM_Q_HYBRID ||
				    ref->alg->quantum == PQM_Q_SAFE) &&
				g->n_hybrid++ == 0)
				g->hybrid = ref;
		}
	}
}

/* "P-256", "X25519": a name that the catalogue knows. */
static pqm_bytes short_name(const struct pqm_alg_ref *ref)
{
	return ref->parameter.n > 0 ? ref->parameter : ref->alg->family;
}

static enum pqm_st test_groups(struct look *l, bool want_hybrid)
{
	pqm_bytes at = pqm_yaml_str(l->on, "at");
	struct groups g = { 0 };

	l->fact = first_at(l->o, at);
	if (l->fact == NULL)
		return PQM_OK;
	read_groups(l, at, &g);
	if (want_hybrid)
		l->fallback = g.classical == NULL ? PQM_LIT("none") : short_name(g.classical);
	l->alg = want_hybrid ? g.hybrid : g.n_hybrid == 0 ? g.classical : NULL;
	return l->alg == NULL ? PQM_OK : report(l);
}

/* An algorithm named by one field and its size by another; the default size comes from the rule. */
static enum pqm_st test_algorithm(struct look *l)
{
	const struct pqm_fact *size = first_at(l->o, pqm_yaml_str(l->on, "size"));
	const struct pqm_yaml *defaults = pqm_yaml_get(l->rule->node, "sizes");
	char name[64];

	l->fact = first_at(l->o, pqm_yaml_str(l->on, "at"));
	if (l->fact == NULL || l->fact->value.n >= sizeof(name))
		return PQM_OK;
	(void)snprintf(name, sizeof(name), "%.*s", PQM_FMT(l->fact->value));
	const struct pqm_yaml *d = pqm_yaml_get(defaults, name);

	l->alg = pqm_alg_by_name(l->scan->rules, l->fact->value);
	if (l->alg == NULL)
		return PQM_OK;
	l->parameter = size != NULL ? size->value : pqm_yaml_str(d, "default");
	if (l->parameter.n > 0 && pqm_yaml_get(d, "prefix") != NULL)
		l->parameter = pqm_arena_f(l->scan->a->arena, "%.*s%.*s",
			PQM_FMT(pqm_yaml_str(d, "prefix")), PQM_FMT(l->parameter));
	return report(l);
}

/* Nothing at `at`, though the object is one where it would stand (`if`), and nothing at `unless`. */
static enum pqm_st test_absent(struct look *l)
{
	const struct pqm_yaml *needs = pqm_yaml_get(l->on, "if");

	if (first_at(l->o, pqm_yaml_str(l->on, "at")) != NULL ||
		any_at(l->o, pqm_yaml_get(l->on, "unless")))
		return PQM_OK;
	if (needs != NULL && !any_at(l->o, needs))
		return PQM_OK;
	return report(l);
}

/* The fact beside f: same path with another last part. */
static pqm_bytes beside(const struct pqm_object *o, const struct pqm_fact *f, pqm_bytes last)
{
	size_t dot = f->key.n;

	while (dot > 0 && f->key.p[dot - 1] != '.')
		dot--;
	for (size_t i = 0; i < o->n_facts; i++) {
		pqm_bytes k = o->facts[i].key;

		if (k.n == dot + last.n && pqm_starts(k, pqm_sub(f->key, 0, dot)) &&
			pqm_ends(k, last))
			return o->facts[i].value;
	}
	return (pqm_bytes){ NULL, 0 };
}

static enum pqm_st test_matches(struct look *l)
{
	const struct pqm_yaml *where = pqm_yaml_get(l->on, "where");
	const struct pqm_yaml *values = pqm_yaml_get(l->rule->node, "values");
	pqm_bytes at = pqm_yaml_str(l->on, "at");
	enum pqm_st st = PQM_OK;

	for (size_t i = 0; i < l->o->n_facts && st == PQM_OK; i++) {
		const struct pqm_fact *f = &l->o->facts[i];

		if (!pqm_k8s_fits(at, f->key) || !pqm_k8s_listed(values, f->value))
			continue;
		pqm_bytes other = where == NULL ? (pqm_bytes){ NULL, 0 }
						: beside(l->o, f, pqm_yaml_str(where, "field"));

		if (where != NULL && pqm_yaml_get(where, "is") != NULL &&
			!pqm_k8s_listed(pqm_yaml_get(where, "is"), other))
			continue;
		if (where != NULL && pqm_k8s_listed(pqm_yaml_get(where, "not"), other))
			continue;
		l->fact = f;
		st = report(l);
	}
	return st;
}

static enum pqm_st run_test(struct look *l, pqm_bytes test)
{
	if (pqm_eqs(test, "groups-classical"))
		return test_groups(l, false);
	if (pqm_eqs(test, "groups-hybrid"))
		return test_groups(l, true);
	if (pqm_eqs(test, "algorithm"))
		return test_algorithm(l);
	if (pqm_eqs(test, "absent"))
		return test_absent(l);
	if (pqm_eqs(test, "matches"))
		return test_matches(l);
	return pqm_rule_fail(l->rule, pqm_yaml_get(l->rule->node, "test"), l->err,
		"test is one of groups-classical, groups-hybrid, algorithm, absent, matches");
}

enum pqm_st pqm_k8s_check(
	struct pqm_k8s_scan *s, const struct pqm_object *o, pqm_bytes id, struct pqm_err *err)
{
	const struct pqm_k8s_kinds *k = s->kinds;
	enum pqm_st st = PQM_OK;

	for (size_t i = 0; i < k->n_on && st == PQM_OK; i++) {
		const struct pqm_k8s_on *on = &k->on[i];
		struct look l = {
			.scan = s, .o = o, .id = id, .rule = on->rule, .on = on->node, .err = err
		};

		if ((pqm_eq(on->kind, o->kind) || pqm_eqs(on->kind, "*")) &&
			(on->groups == NULL || pqm_k8s_listed(on->groups, o->group)))
			st = run_test(&l, on->test);
	}
	return st;
}
