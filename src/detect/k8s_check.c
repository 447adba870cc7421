#include "k8s_look.h"

#include "base/limits.h"

/* What is kept of a list of groups. */
#define ALSO_BYTES 100

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

/* What nobody wrote down is told with who does it, since which release, and where that is said. */
static void say_source(struct pqm_found *f, const struct k8s_look *l)
{
	const struct pqm_yaml *refs = pqm_yaml_get(l->rule->node, "refs");

	pqm_found_attr(f, "product", pqm_yaml_str(l->rule->node, "product"));
	pqm_found_attr(f, "versions", pqm_yaml_str(l->rule->node, "versions"));
	for (size_t i = 0; refs != NULL && i < refs->n; i++)
		pqm_found_attr(f, "source", pqm_yaml_text(refs->items[i]));
}

enum pqm_st k8s_report(const struct k8s_look *l)
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
	if (f.parameter.n == 0 && pqm_yaml_get(e, "parameter") != NULL)
		f.parameter = pqm_yaml_str(e, "parameter");
	(void)pqm_meaning_parse(pqm_yaml_str(e, "meaning"), &f.meaning);
	(void)pqm_function_parse(pqm_yaml_str(e, "function"), &f.function);
	(void)pqm_evidence_parse(pqm_yaml_str(e, "evidence"), &f.evidence, &f.basis);
	f.object = pqm_arena_f(l->scan->a->arena, "%.*s#%.*s", PQM_FMT(l->id), PQM_FMT(field));
	f.identity = f.object;
	if (l->part.n > 0)
		f.identity = pqm_arena_f(
			l->scan->a->arena, "%.*s=%.*s", PQM_FMT(f.object), PQM_FMT(l->part));
	f.line = l->fact != NULL ? l->fact->line : l->o->line;
	f.col = l->fact != NULL ? l->fact->col : 1;
	if (l->fact != NULL && l->fact->value.n > 0)
		pqm_found_attr(&f, "value", l->fact->value);
	pqm_found_attr(
		&f, "fallback", l->fallback.n > 0 ? l->fallback : pqm_yaml_str(e, "fallback"));
	pqm_found_attr(&f, "also", l->also);
	if (ca != NULL && pqm_eqs(ca->value, "true"))
		pqm_found_attr(&f, "is_ca", PQM_LIT("true"));
	if (f.basis != PQM_EXPLICIT && pqm_yaml_get(l->rule->node, "product") != NULL)
		say_source(&f, l);
	(void)snprintf(rule_id, sizeof(rule_id), "%.*s", PQM_FMT(l->rule->id));
	pqm_rule_fill(&f, l->scan->rules, rule_id);
	if (f.object.p == NULL)
		return pqm_fail(l->err, PQM_ENOMEM, "%u: out of memory", f.line);
	return pqm_emit(l->scan->out, &f);
}

bool k8s_next_name(pqm_bytes *rest, pqm_bytes *name)
{
	static const char between[] = ":, ;\t\n[]=\"'";
	size_t i = 0, from;

	while (i < rest->n && strchr(between, rest->p[i]) != NULL)
		i++;
	from = i;
	while (i < rest->n && strchr(between, rest->p[i]) == NULL)
		i++;
	*name = pqm_sub(*rest, from, i - from);
	*rest = pqm_sub(*rest, i, rest->n);
	return name->n > 0;
}

/* Spellings of one program ("CurveP256" of Go) stand in the rule, not in the catalogue. */
static pqm_bytes catalogue_name(const struct k8s_look *l, pqm_bytes name)
{
	const struct pqm_yaml *map = pqm_yaml_get(l->rule->node, "spellings");

	for (size_t i = 0; map != NULL && i < map->n; i++)
		if (pqm_eq(map->keys[i]->text, name))
			return pqm_yaml_text(map->items[i]);
	return name;
}

/* "P-256", "X25519": a name that the catalogue knows. */
static pqm_bytes short_name(const struct pqm_alg_ref *ref)
{
	return ref->parameter.n > 0 ? ref->parameter : ref->alg->family;
}

bool k8s_read_groups(const struct k8s_look *l, pqm_bytes names, struct k8s_groups *g)
{
	bool any = false;
	pqm_bytes name;

	while (k8s_next_name(&names, &name)) {
		const struct pqm_alg_ref *ref =
			pqm_alg_by_name(l->scan->rules, catalogue_name(l, name));

		if (ref == NULL)
			continue;
		any = true;
		if (ref->alg->quantum == PQM_Q_BROKEN && g->classical == NULL)
			g->classical = ref;
		else if (ref->alg->quantum == PQM_Q_BROKEN && g->also.n < ALSO_BYTES)
			g->also = pqm_arena_f(l->scan->a->arena, "%.*s%s%.*s", PQM_FMT(g->also),
				g->also.n > 0 ? ", " : "", PQM_FMT(short_name(ref)));
		if ((ref->alg->quantum == PQM_Q_HYBRID || ref->alg->quantum == PQM_Q_SAFE) &&
			g->hybrid == NULL)
			g->hybrid = ref;
	}
	return any;
}

enum pqm_st k8s_report_groups(struct k8s_look *l, const struct k8s_groups *g, bool want_hybrid)
{
	if (want_hybrid)
		l->fallback = g->classical == NULL ? PQM_LIT("none") : short_name(g->classical);
	else
		l->also = g->also;
	l->alg = want_hybrid ? g->hybrid : g->hybrid == NULL ? g->classical : NULL;
	return l->alg == NULL ? PQM_OK : k8s_report(l);
}

static enum pqm_st test_groups(struct k8s_look *l, bool want_hybrid)
{
	pqm_bytes at = pqm_yaml_str(l->on, "at");
	struct k8s_groups g = { 0 };

	l->fact = first_at(l->o, at);
	for (size_t i = 0; i < l->o->n_facts; i++)
		if (pqm_k8s_fits(at, l->o->facts[i].key))
			(void)k8s_read_groups(l, l->o->facts[i].value, &g);
	return k8s_report_groups(l, &g, want_hybrid);
}

/* The fact beside f: its path without the last `up` parts, then `path`. */
static pqm_bytes beside(
	const struct pqm_object *o, const struct pqm_fact *f, uint64_t up, pqm_bytes path)
{
	size_t end = f->key.n;

	for (; up > 0 && end > 0; up--) {
		end--;
		while (end > 0 && f->key.p[end - 1] != '.')
			end--;
	}
	for (size_t i = 0; i < o->n_facts; i++) {
		pqm_bytes k = o->facts[i].key;

		if (pqm_starts(k, pqm_sub(f->key, 0, end)) &&
			pqm_k8s_fits(path, pqm_sub(k, end, k.n)))
			return o->facts[i].value;
	}
	return (pqm_bytes){ NULL, 0 };
}

static bool is_said(const struct pqm_yaml *clause, pqm_bytes value)
{
	const struct pqm_yaml *is = pqm_yaml_get(clause, "is");

	return (is == NULL || pqm_k8s_listed(is, value)) &&
		!pqm_k8s_listed(pqm_yaml_get(clause, "not"), value);
}

/* `where`: the fields beside the fact; a mapping, or a list of which all must hold. */
static bool is_where(const struct k8s_look *l, const struct pqm_fact *f)
{
	const struct pqm_yaml *where = pqm_yaml_get(l->on, "where");
	bool is_list = where != NULL && where->type == PQM_YAML_SEQ;

	for (size_t i = 0; where != NULL && i < (is_list ? where->n : 1); i++) {
		const struct pqm_yaml *clause = is_list ? where->items[i] : where;
		uint64_t up = 1;

		(void)pqm_yaml_u64(clause, "up", &up);
		if (!is_said(clause, beside(l->o, f, up, pqm_yaml_str(clause, "field"))))
			return false;
	}
	return true;
}

/* One of the fields at `at` fits; without such a field the empty value must. */
static bool holds(const struct pqm_object *o, const struct pqm_yaml *clause)
{
	pqm_bytes at = pqm_yaml_str(clause, "at");
	bool any = false;

	if (pqm_eqs(at, "metadata.name"))
		return is_said(clause, o->name);
	for (size_t i = 0; i < o->n_facts; i++) {
		if (!pqm_k8s_fits(at, o->facts[i].key))
			continue;
		any = true;
		if (is_said(clause, o->facts[i].value))
			return true;
	}
	return !any && is_said(clause, (pqm_bytes){ NULL, 0 });
}

bool k8s_is_meant(const struct k8s_look *l)
{
	const struct pqm_yaml *needs = pqm_yaml_get(l->on, "if");
	const struct pqm_yaml *when = pqm_yaml_get(l->on, "when");
	const struct pqm_yaml *never = pqm_yaml_get(l->on, "never");

	if (any_at(l->o, pqm_yaml_get(l->on, "unless")) || (needs != NULL && !any_at(l->o, needs)))
		return false;
	for (size_t i = 0; when != NULL && i < when->n; i++)
		if (!holds(l->o, when->items[i]))
			return false;
	for (size_t i = 0; never != NULL && i < never->n; i++)
		if (holds(l->o, never->items[i]))
			return false;
	return true;
}

/* "rsa" with 4096 beside it; the default size comes from the rule. */
static enum pqm_st one_algorithm(struct k8s_look *l, const struct pqm_fact *f)
{
	const struct pqm_fact *size = first_at(l->o, pqm_yaml_str(l->on, "size"));
	const struct pqm_yaml *defaults = pqm_yaml_get(l->rule->node, "sizes");
	char name[64];

	if (f->value.n >= sizeof(name))
		return PQM_OK;
	(void)snprintf(name, sizeof(name), "%.*s", PQM_FMT(f->value));
	const struct pqm_yaml *d = pqm_yaml_get(defaults, name);

	l->fact = f;
	l->alg = pqm_alg_by_name(l->scan->rules, catalogue_name(l, f->value));
	if (l->alg == NULL)
		return PQM_OK;
	l->parameter = l->alg->parameter.n > 0 ? l->alg->parameter
		: size != NULL		       ? size->value
					       : pqm_yaml_str(d, "default");
	if (l->alg->parameter.n == 0 && l->parameter.n > 0 && pqm_yaml_get(d, "prefix") != NULL)
		l->parameter = pqm_arena_f(l->scan->a->arena, "%.*s%.*s",
			PQM_FMT(pqm_yaml_str(d, "prefix")), PQM_FMT(l->parameter));
	return k8s_report(l);
}

/* Each field at `at` that `fits`; the first only when `once`. */
static enum pqm_st each(struct k8s_look *l, bool once,
	bool (*fits)(const struct k8s_look *l, pqm_bytes value),
	enum pqm_st (*then)(struct k8s_look *l, const struct pqm_fact *f))
{
	pqm_bytes at = pqm_yaml_str(l->on, "at");
	enum pqm_st st = PQM_OK;

	for (size_t i = 0; i < l->o->n_facts && st == PQM_OK; i++) {
		const struct pqm_fact *f = &l->o->facts[i];

		if (!pqm_k8s_fits(at, f->key) || !fits(l, f->value) || !is_where(l, f))
			continue;
		if (!k8s_is_meant(l)) /* of the whole object: asked last, since few values fit */
			return PQM_OK;
		st = then(l, f);
		if (once)
			break;
	}
	return st;
}

static enum pqm_st plain_report(struct k8s_look *l, const struct pqm_fact *f)
{
	l->fact = f;
	return k8s_report(l);
}

/* `values`, or any value without it, but for `except`; of images those within `versions`. */
static bool has_value(const struct k8s_look *l, pqm_bytes value)
{
	const struct pqm_yaml *values = pqm_yaml_get(l->rule->node, "values");

	return (values == NULL || pqm_k8s_listed(values, value)) &&
		!pqm_k8s_listed(pqm_yaml_get(l->rule->node, "except"), value) &&
		(!pqm_ends(pqm_yaml_str(l->on, "at"), PQM_LIT(".image")) ||
			k8s_image_fits(pqm_yaml_str(l->rule->node, "versions"), value));
}

/* One of the names in the value; "!x" and "-x" take x out of an OpenSSL list. */
static bool has_name(const struct k8s_look *l, pqm_bytes value)
{
	const struct pqm_yaml *values = pqm_yaml_get(l->rule->node, "values");
	const struct pqm_yaml *except = pqm_yaml_get(l->rule->node, "except");
	pqm_bytes name;

	while (k8s_next_name(&value, &name))
		if (name.p[0] != '!' && name.p[0] != '-' && pqm_k8s_listed(values, name) &&
			!pqm_k8s_listed(except, name))
			return true;
	return false;
}

/* A list is there, and none of its names is one of `values`. */
static enum pqm_st test_lacks(struct k8s_look *l)
{
	pqm_bytes at = pqm_yaml_str(l->on, "at");

	for (size_t i = 0; i < l->o->n_facts; i++)
		if (pqm_k8s_fits(at, l->o->facts[i].key) && has_name(l, l->o->facts[i].value))
			return PQM_OK;
	l->fact = first_at(l->o, at);
	return l->fact == NULL ? PQM_OK : k8s_report(l);
}

/* No algorithm, but maybe its size. */
static enum pqm_st test_absent(struct k8s_look *l)
{
	if (first_at(l->o, pqm_yaml_str(l->on, "at")) != NULL)
		return PQM_OK;
	l->fact = first_at(l->o, pqm_yaml_str(l->on, "size"));
	if (l->fact != NULL)
		l->parameter = l->fact->value;
	return k8s_report(l);
}

/* The tests on the object as a whole; *is_one: test is one of them. */
static enum pqm_st test_object(struct k8s_look *l, pqm_bytes test, bool *is_one)
{
	static const char *const whole[] = { "groups-classical", "groups-hybrid", "absent",
		"lacks" };
	size_t i = 0;

	while (i < 4 && !pqm_eqs(test, whole[i]))
		i++;
	*is_one = i < 4;
	if (i == 4 || !k8s_is_meant(l))
		return PQM_OK;
	if (i < 2)
		return test_groups(l, i == 1);
	return i == 2 ? test_absent(l) : test_lacks(l);
}

static enum pqm_st run_test(struct k8s_look *l, pqm_bytes test)
{
	bool is_one;
	enum pqm_st st = test_object(l, test, &is_one);

	if (is_one)
		return st;
	if (pqm_eqs(test, "algorithm"))
		return each(l, false, has_value, one_algorithm);
	if (pqm_eqs(test, "matches"))
		return each(l, false, has_value, plain_report);
	if (pqm_eqs(test, "present"))
		return each(l, true, has_value, plain_report);
	if (pqm_eqs(test, "names"))
		return each(l, false, has_name, plain_report);
	if (k8s_is_text_test(test))
		return each(l, false, has_value, k8s_test_text);
	return pqm_rule_fail(l->rule, pqm_yaml_get(l->rule->node, "test"), l->err,
		"test is one of groups-classical, groups-hybrid, algorithm, absent, matches, "
		"present, "
		"names, lacks, text, text-lacks, text-groups-classical, text-groups-hybrid");
}

/* Bits of struct pqm_k8s_shape.looks are numbered along the checks of the kind, then those of "*". */
#define LOOKS_LAST 63u

static const struct pqm_k8s_on *own_checks(
	const struct pqm_k8s_kinds *k, const struct pqm_k8s_kind *kind)
{
	return kind == NULL ? NULL : pqm_k8s_checks_of(k, kind->kind);
}

uint64_t pqm_k8s_looks(
	const struct pqm_k8s_kinds *k, const struct pqm_k8s_kind *kind, pqm_bytes path)
{
	const struct pqm_k8s_on *const of[] = { own_checks(k, kind),
		pqm_k8s_checks_of(k, PQM_LIT("*")) };
	uint64_t looks = 0;
	unsigned bit = 0;

	for (size_t i = 0; i < 2; i++)
		for (const struct pqm_k8s_on *on = of[i]; on != NULL;
			on = on->next, bit += bit < LOOKS_LAST)
			if (on->is_always || pqm_k8s_fits(on->at, path))
				looks |= (uint64_t)1 << bit;
	return looks;
}

static enum pqm_st run_all(
	struct k8s_look *with, const struct pqm_k8s_on *on, uint64_t looks, unsigned *bit)
{
	enum pqm_st st = PQM_OK;

	for (; on != NULL && st == PQM_OK; on = on->next, *bit += *bit < LOOKS_LAST) {
		struct k8s_look l = *with;

		if (!on->is_always && (looks >> *bit & 1) == 0)
			continue;
		l.rule = on->rule;
		l.on = on->node;
		if (on->groups == NULL || pqm_k8s_listed(on->groups, l.o->group))
			st = run_test(&l, on->test);
	}
	return st;
}

enum pqm_st pqm_k8s_check(struct pqm_k8s_scan *s, const struct pqm_object *o, pqm_bytes id,
	uint64_t looks, struct pqm_err *err)
{
	const struct pqm_k8s_kind *kind = pqm_k8s_kind_of(s->kinds, o->group, o->kind);
	struct k8s_look l = { .scan = s, .o = o, .id = id, .err = err };
	unsigned bit = 0;
	enum pqm_st st = run_all(&l, own_checks(s->kinds, kind), looks, &bit);

	return st == PQM_OK ? run_all(&l, pqm_k8s_checks_of(s->kinds, PQM_LIT("*")), looks, &bit)
			    : st;
}
