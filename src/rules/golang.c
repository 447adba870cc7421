#include "golang.h"

#include "base/num.h"

#include "parse/pclntab.h"

static enum pqm_st no_memory(struct pqm_err *err)
{
	return pqm_fail(err, PQM_ENOMEM, "Go rules: out of memory");
}

/* Every line of the list must be a name. */
static enum pqm_st need_list(const struct pqm_rule *rule, const struct pqm_yaml *list,
	const char *key, struct pqm_err *err)
{
	if (list == NULL || list->type != PQM_YAML_SEQ || list->n == 0)
		return pqm_rule_fail(rule, list == NULL ? rule->node : list, err,
			"%s: a list of names is needed", key);
	for (size_t i = 0; i < list->n; i++)
		if (pqm_yaml_text(list->items[i]).n == 0)
			return pqm_rule_fail(rule, list->items[i], err, "%s: empty name", key);
	return PQM_OK;
}

static enum pqm_st need_emit(
	const struct pqm_rule *rule, const struct pqm_rules *r, struct pqm_err *err)
{
	const struct pqm_yaml *emit = pqm_yaml_get(rule->node, "emit");
	enum pqm_function fn;
	enum pqm_quantum q;
	enum pqm_meaning m;
	pqm_bytes family = pqm_yaml_str(emit, "family"), s;

	if (family.n == 0)
		return pqm_rule_fail(rule, rule->node, err, "emit: family is needed");
	if (!pqm_eqs(family, "unknown") && pqm_alg_by_name(r, family) == NULL)
		return pqm_rule_fail(
			rule, emit, err, "family %.*s is not in the catalogue", PQM_FMT(family));
	s = pqm_yaml_str(emit, "function");
	if (s.n > 0 && !pqm_function_parse(s, &fn))
		return pqm_rule_fail(rule, emit, err, "emit: unknown function");
	s = pqm_yaml_str(emit, "quantum");
	if (s.n > 0 && !pqm_quantum_parse(s, &q))
		return pqm_rule_fail(rule, emit, err, "emit: unknown quantum");
	s = pqm_yaml_str(emit, "meaning");
	if (s.n > 0 && !pqm_meaning_parse(s, &m))
		return pqm_rule_fail(rule, emit, err, "emit: unknown meaning");
	return PQM_OK;
}

static enum pqm_st add(struct pqm_go_rules *out, const struct pqm_rule *rule,
	struct pqm_arena *arena, struct pqm_err *err)
{
	bool is_tls = pqm_yaml_get(rule->node, "tls") != NULL;
	struct pqm_go_rule g = { .rule = rule,
		.packages = pqm_yaml_get(rule->node, "packages"),
		.functions = pqm_yaml_get(rule->node, "functions"),
		.args = pqm_yaml_get(rule->node, "args"),
		.except = pqm_yaml_get(rule->node, "except"),
		.takes_methods = pqm_yaml_true(rule->node, "methods"),
		.is_border = pqm_yaml_true(rule->node, "border") };
	enum pqm_st st = PQM_OK;

	if (!is_tls)
		st = need_list(rule, g.packages, "packages", err);
	if (st == PQM_OK && !is_tls && !g.is_border)
		st = need_list(rule, g.functions, "functions", err);
	if (st == PQM_OK && !g.is_border)
		st = need_emit(rule, out->rules, err);
	if (st != PQM_OK)
		return st;
	struct pqm_go_rule **list = is_tls ? &out->tls : &out->rule;
	size_t *n = is_tls ? &out->n_tls : &out->n;
	struct pqm_go_rule *grown = pqm_grow(arena, *list, *n, is_tls ? &out->cap_tls : &out->cap);

	if (grown == NULL || *n >= UINT16_MAX)
		return no_memory(err);
	*list = grown;
	grown[(*n)++] = g;
	return PQM_OK;
}

enum pqm_st pqm_go_rules_build(struct pqm_go_rules *out, const struct pqm_rules *r,
	struct pqm_arena *arena, struct pqm_err *err)
{
	const struct pqm_rule *rule;
	enum pqm_st st = PQM_OK;
	size_t i = 0;

	*out = (struct pqm_go_rules){ .rules = r };
	while (st == PQM_OK && (rule = pqm_rules_next(r, "golang/", &i)) != NULL)
		st = add(out, rule, arena, err);
	return st;
}

static bool any_fits(const struct pqm_yaml *globs, pqm_bytes s)
{
	for (size_t i = 0; globs != NULL && i < globs->n; i++)
		if (pqm_glob(pqm_yaml_text(globs->items[i]), s))
			return true;
	return false;
}

void pqm_go_rules_of(
	struct pqm_go_package_rules *out, const struct pqm_go_rules *r, pqm_bytes package)
{
	*out = (struct pqm_go_package_rules){ .n = 0 };
	for (size_t i = 0; i < r->n; i++) {
		if (!any_fits(r->rule[i].packages, package))
			continue;
		if (r->rule[i].is_border)
			out->is_border = true;
		else if (out->n < PQM_GO_RULES_PER_PACKAGE)
			out->at[out->n++] = (uint16_t)i;
	}
}

uint16_t pqm_go_rule_of(
	const struct pqm_go_rules *r, const struct pqm_go_package_rules *p, pqm_bytes function)
{
	for (size_t i = 0; i < p->n; i++)
		if (any_fits(r->rule[p->at[i]].functions, function))
			return (uint16_t)(p->at[i] + 1);
	return 0;
}

bool pqm_go_rule_counts(const struct pqm_go_rule *rule, pqm_bytes caller)
{
	return !any_fits(rule->except, caller);
}

unsigned pqm_go_version(pqm_bytes version)
{
	size_t at = pqm_find(version, 0, PQM_LIT("go1."));
	unsigned minor = 0;

	if (at == SIZE_MAX)
		return 0;
	for (at += 4; at < version.n && version.p[at] >= '0' && version.p[at] <= '9' && minor < 900;
		at++)
		minor = minor * 10 + (unsigned)(version.p[at] - '0');
	return 100 + minor;
}

/* The bound of a rule: "1.24" is 124. */
static unsigned bound(const struct pqm_yaml *tls, const char *key)
{
	pqm_bytes s = pqm_yaml_str(tls, key);
	uint64_t minor;

	return pqm_starts(s, PQM_LIT("1.")) && pqm_u64_parse(pqm_sub(s, 2, s.n), 900, &minor)
		? 100 + (unsigned)minor
		: 0;
}

/* "tlsmlkem=0": set so. */
static bool is_set(pqm_bytes debug, pqm_bytes want)
{
	size_t eq = pqm_find_byte(want, 0, '=');
	pqm_bytes value;

	return eq != SIZE_MAX && pqm_gobin_debug(debug, pqm_sub(want, 0, eq), &value) &&
		pqm_eq(value, pqm_sub(want, eq + 1, want.n));
}

static bool fits(const struct pqm_rule *rule, const struct pqm_go_facts *f)
{
	const struct pqm_yaml *tls = pqm_yaml_get(rule->node, "tls");
	const struct pqm_yaml *debug = pqm_yaml_get(tls, "debug");
	const struct pqm_yaml *without = pqm_yaml_get(tls, "without");
	const struct pqm_yaml *mode = pqm_yaml_get(tls, "mode");
	unsigned min = bound(tls, "min"), below = bound(tls, "below");

	if (f->version == 0 || f->version < min || (below != 0 && f->version >= below))
		return false;
	for (size_t i = 0; debug != NULL && i < debug->n; i++)
		if (!is_set(f->debug, debug->items[i]->text))
			return false;
	for (size_t i = 0; without != NULL && i < without->n; i++)
		if (is_set(f->debug, without->items[i]->text))
			return false;
	return mode == NULL || any_fits(mode, pqm_str(f->mode));
}

const struct pqm_rule *pqm_go_tls_default(
	const struct pqm_go_rules *r, const struct pqm_go_facts *f)
{
	for (size_t i = 0; i < r->n_tls; i++)
		if (fits(r->tls[i].rule, f))
			return r->tls[i].rule;
	return NULL;
}

void pqm_go_rule_fill(struct pqm_found *f, const struct pqm_rules *r, const struct pqm_rule *rule)
{
	const struct pqm_yaml *emit = pqm_yaml_get(rule->node, "emit");
	pqm_bytes name = pqm_yaml_str(emit, "algorithm"), family = pqm_yaml_str(emit, "family");
	const struct pqm_alg_ref *ref = name.n > 0 ? pqm_alg_by_name(r, name) : NULL;
	pqm_bytes fix = f->fix;

	if (ref == NULL || !pqm_eq(ref->alg->family, family))
		ref = pqm_alg_by_name(r, family);
	f->rule = rule->id;
	f->quantum = PQM_Q_UNKNOWN;
	f->algorithm = name;
	if (f->parameter.n == 0)
		f->parameter = pqm_yaml_str(emit, "parameter");
	if (ref != NULL)
		pqm_alg_fill(f, ref);
	f->family = family;
	if (f->algorithm.n == 0)
		f->algorithm = family;
	(void)pqm_function_parse(pqm_yaml_str(emit, "function"), &f->function);
	(void)pqm_quantum_parse(pqm_yaml_str(emit, "quantum"), &f->quantum);
	(void)pqm_classical_parse(pqm_yaml_str(emit, "classical"), &f->classical);
	(void)pqm_meaning_parse(pqm_yaml_str(emit, "meaning"), &f->meaning);
	f->why = pqm_yaml_str(rule->node, "why");
	f->fix = fix.n > 0 ? fix : pqm_yaml_str(rule->node, "fix");
}

/* "go1.24.1 tlsmlkem=0,tls3des=1 fips" */
static struct pqm_go_facts facts_of(pqm_bytes sample)
{
	static const char *const modes[] = { "plain", "fips", "only", "boring", "pin-classical",
		"pin-hybrid", "pin-unknown", "ceiling" };
	struct pqm_go_facts f = { .mode = "plain" };
	pqm_bytes rest = sample, word;

	while (rest.p != NULL && pqm_split(&rest, ' ', &word)) {
		if (pqm_starts(word, PQM_LIT("go1.")))
			f.version = pqm_go_version(word);
		else if (pqm_find_byte(word, 0, '=') != SIZE_MAX)
			f.debug = word;
		for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
			if (pqm_eqs(word, modes[i]))
				f.mode = modes[i];
	}
	return f;
}

bool pqm_go_rule_fits(const struct pqm_rules *r, const struct pqm_rule *rule, pqm_bytes sample)
{
	struct pqm_go_rules rules;
	struct pqm_go_package_rules p;
	struct pqm_err err = { PQM_OK, "" };
	struct pqm_arena a;
	pqm_bytes function, package = pqm_go_package(sample, &function);
	bool is_it = false;

	pqm_arena_init(&a, (size_t)16 << 20);
	if (pqm_go_rules_build(&rules, r, &a, &err) == PQM_OK) {
		struct pqm_go_facts f = facts_of(sample);

		pqm_go_rules_of(&p, &rules, package);
		uint16_t at = pqm_go_rule_of(&rules, &p, function);

		if (pqm_yaml_get(rule->node, "tls") != NULL)
			is_it = pqm_go_tls_default(&rules, &f) == rule;
		else if (pqm_yaml_true(rule->node, "border"))
			is_it = any_fits(pqm_yaml_get(rule->node, "packages"), package);
		else
			is_it = at > 0 && rules.rule[at - 1].rule == rule;
	}
	pqm_arena_fini(&a);
	return is_it;
}
