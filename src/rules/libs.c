#include "libs_int.h"

#include "base/limits.h"

/* "libcry" and "libssl" differ only here. */
#define SONAME_KEY 6
#define SYMBOL_KEY 3

static enum pqm_st no_memory(struct pqm_err *err)
{
	return pqm_fail(err, PQM_ENOMEM, "library rules: out of memory");
}

/* Adds each text of the list rule[key] to n. A name that is there already is a mistake: two rules
 * would claim it. */
static enum pqm_st add_list(struct pqm_names *n, const struct pqm_rule *rule, const char *key,
	void *value, struct pqm_arena *a, struct pqm_err *err)
{
	const struct pqm_yaml *list = pqm_yaml_get(rule->node, key);

	if (list == NULL)
		return PQM_OK;
	if (list->type != PQM_YAML_SEQ)
		return pqm_rule_fail(rule, list, err, "%s: a list of names is needed", key);
	for (size_t i = 0; i < list->n; i++) {
		pqm_bytes s = pqm_yaml_text(list->items[i]);

		if (s.n == 0)
			return pqm_rule_fail(rule, list->items[i], err, "%s: empty name", key);
		if (pqm_map_get(&n->exact, s) != NULL)
			return pqm_rule_fail(rule, list->items[i], err,
				"%s: %.*s is claimed by another rule", key, PQM_FMT(s));
		if (!pqm_lib_names_add(n, s, value, a))
			return no_memory(err);
	}
	return PQM_OK;
}

static bool is_library(const struct pqm_rule *rule)
{
	return pqm_yaml_get(rule->node, "soname") != NULL;
}

static enum pqm_st add_library(struct pqm_libs *l, const struct pqm_rule *rule, struct pqm_err *err)
{
	pqm_bytes name = pqm_yaml_str(rule->node, "library");
	struct pqm_lib *lib = &l->lib[l->n_libs];

	if (name.n == 0)
		return pqm_rule_fail(rule, rule->node, err, "library: a name is needed");
	if (pqm_lib_by_name(l, name) != NULL)
		return pqm_rule_fail(
			rule, rule->node, err, "library %.*s is there twice", PQM_FMT(name));
	*lib = (struct pqm_lib){
		.rule = rule, .index = l->n_libs, .name = name, .symbols = { .key = SYMBOL_KEY }
	};
	l->n_libs++;
	enum pqm_st st = add_list(&l->sonames, rule, "soname", lib, &l->arena, err);

	return st != PQM_OK ? st : add_list(&l->versions, rule, "versions", lib, &l->arena, err);
}

/* What the rule says itself goes before what the catalogue says. */
static enum pqm_st read_words(
	struct pqm_lib_rule *m, const struct pqm_yaml *emit, struct pqm_err *err)
{
	pqm_bytes function = pqm_yaml_str(emit, "function");
	pqm_bytes quantum = pqm_yaml_str(emit, "quantum");
	pqm_bytes classical = pqm_yaml_str(emit, "classical");

	if (function.n > 0 && !pqm_function_parse(function, &m->function))
		return pqm_rule_fail(m->rule, emit, err,
			"function: %.*s is none of any kex pke "
			"sig cipher hash mac kdf",
			PQM_FMT(function));
	if (quantum.n > 0 && !pqm_quantum_parse(quantum, &m->quantum))
		return pqm_rule_fail(m->rule, emit, err,
			"quantum: %.*s is none of broken hybrid safe unknown", PQM_FMT(quantum));
	if (classical.n > 0 && !pqm_classical_parse(classical, &m->classical))
		return pqm_rule_fail(m->rule, emit, err,
			"classical: %.*s is none of ok deprecated broken", PQM_FMT(classical));
	return PQM_OK;
}

static enum pqm_st read_emit(
	struct pqm_lib_rule *m, const struct pqm_rules *r, struct pqm_arena *a, struct pqm_err *err)
{
	const struct pqm_yaml *emit = pqm_yaml_get(m->rule->node, "emit");
	struct pqm_found f = { .quantum = PQM_Q_UNKNOWN };

	f.family = pqm_yaml_str(emit, "family");
	f.algorithm = pqm_yaml_str(emit, "algorithm");
	if (f.algorithm.n == 0 && !pqm_eqs(f.family, "unknown"))
		f.algorithm = f.family; /* a symbol does not say more */
	f.parameter = pqm_yaml_str(emit, "parameter");
	m->operation = pqm_yaml_str(emit, "operation");
	if (f.family.n == 0 || m->operation.n == 0)
		return pqm_rule_fail(m->rule, emit == NULL ? m->rule->node : emit, err,
			"emit: family and operation are needed");
	const struct pqm_alg_ref *ref = pqm_alg_by_name(r, f.family);

	if (ref != NULL)
		pqm_alg_fill(&f, ref);
	else if (!pqm_eqs(f.family, "unknown") && pqm_yaml_str(emit, "quantum").n == 0)
		return pqm_rule_fail(m->rule, emit, err,
			"family %.*s is not in the catalogue: say quantum:", PQM_FMT(f.family));
	m->function = f.function;
	m->quantum = f.quantum;
	m->classical = f.classical;
	enum pqm_st st = read_words(m, emit, err);
	pqm_bytes id = pqm_bytes_dup(a, m->rule->id);

	if (st != PQM_OK)
		return st;
	if (id.p == NULL)
		return no_memory(err);
	f.function = m->function;
	f.quantum = m->quantum;
	pqm_rule_fill(&f, r, (const char *)id.p);
	m->family = f.family;
	m->algorithm = f.algorithm;
	m->parameter = f.parameter;
	m->why = f.why;
	m->fix = f.fix;
	if (m->why.n == 0)
		return pqm_rule_fail(m->rule, m->rule->node, err, "why: a sentence is needed");
	return PQM_OK;
}

static enum pqm_st add_meaning(struct pqm_libs *l, const struct pqm_rules *r,
	const struct pqm_rule *rule, struct pqm_err *err)
{
	struct pqm_lib_rule *m = &l->rule[l->n_rules];
	pqm_bytes name = pqm_yaml_str(rule->node, "library");
	size_t at = 0;

	while (at < l->n_libs && !pqm_eq(l->lib[at].name, name))
		at++;
	if (at == l->n_libs)
		return pqm_rule_fail(
			rule, rule->node, err, "library: there is no library %.*s", PQM_FMT(name));
	if (pqm_yaml_get(rule->node, "symbols") == NULL)
		return pqm_rule_fail(rule, rule->node, err, "soname or symbols is needed");
	*m = (struct pqm_lib_rule){ .rule = rule, .index = l->n_rules };
	l->n_rules++;
	enum pqm_st st = read_emit(m, r, &l->arena, err);

	return st != PQM_OK ? st
			    : add_list(&l->lib[at].symbols, rule, "symbols", m, &l->arena, err);
}

static enum pqm_st fill(struct pqm_libs *l, const struct pqm_rules *r, struct pqm_err *err)
{
	const struct pqm_rule *rule;
	enum pqm_st st = PQM_OK;

	for (size_t i = 0; st == PQM_OK && (rule = pqm_rules_next(r, "libs/", &i)) != NULL;)
		if (is_library(rule))
			st = add_library(l, rule, err);
	for (size_t i = 0; st == PQM_OK && (rule = pqm_rules_next(r, "libs/", &i)) != NULL;)
		if (!is_library(rule) && !pqm_libs_is_extra(rule))
			st = add_meaning(l, r, rule, err);
	return st != PQM_OK ? st : pqm_libs_recipes(l, r, err);
}

enum pqm_st pqm_libs_build(struct pqm_libs **out, const struct pqm_rules *r, struct pqm_err *err)
{
	struct pqm_libs *l = pqm_calloc(1, sizeof(*l));
	size_t n = 0;

	if (l == NULL)
		return no_memory(err);
	pqm_arena_init(&l->arena, PQM_ARENA_BYTES);
	l->sonames.key = SONAME_KEY;
	l->versions.key = SYMBOL_KEY;
	for (size_t i = 0; pqm_rules_next(r, "libs/", &i) != NULL;)
		n++;
	l->lib = pqm_new(&l->arena, struct pqm_lib, n);
	l->rule = pqm_new(&l->arena, struct pqm_lib_rule, n);
	enum pqm_st st = l->lib == NULL || l->rule == NULL ? no_memory(err) : fill(l, r, err);

	if (st != PQM_OK) {
		pqm_libs_free(l);
		return st;
	}
	*out = l;
	return PQM_OK;
}

void pqm_libs_free(struct pqm_libs *l)
{
	if (l == NULL)
		return;
	for (size_t i = 0; i < l->n_libs; i++) {
		pqm_lib_names_fini(&l->lib[i].symbols);
		pqm_map_fini(&l->lib[i].recipes);
	}
	pqm_lib_names_fini(&l->sonames);
	pqm_lib_names_fini(&l->versions);
	pqm_arena_fini(&l->arena);
	pqm_free(l);
}

size_t pqm_libs_count(const struct pqm_libs *l)
{
	return l->n_libs;
}

const struct pqm_lib *pqm_lib_at(const struct pqm_libs *l, size_t index)
{
	return index < l->n_libs ? &l->lib[index] : NULL;
}

size_t pqm_lib_rules_count(const struct pqm_libs *l)
{
	return l->n_rules;
}

const struct pqm_lib_rule *pqm_lib_rule_at(const struct pqm_libs *l, size_t index)
{
	return index < l->n_rules ? &l->rule[index] : NULL;
}

const struct pqm_lib *pqm_lib_by_soname(const struct pqm_libs *l, pqm_bytes soname)
{
	size_t from = soname.n;

	while (from > 0 && soname.p[from - 1] != '/')
		from--;
	return pqm_lib_names_get(&l->sonames, pqm_sub(soname, from, soname.n));
}

const struct pqm_lib *pqm_lib_by_version(const struct pqm_libs *l, pqm_bytes version)
{
	return pqm_lib_names_get(&l->versions, version);
}

const struct pqm_lib *pqm_lib_by_name(const struct pqm_libs *l, pqm_bytes name)
{
	for (size_t i = 0; i < l->n_libs; i++)
		if (pqm_eq(l->lib[i].name, name))
			return &l->lib[i];
	return NULL;
}

pqm_bytes pqm_lib_title(const struct pqm_lib *lib)
{
	pqm_bytes title = pqm_yaml_str(lib->rule->node, "title");
	size_t and = pqm_find(title, 0, PQM_LIT(" and "));

	if (title.n == 0)
		return lib->name;
	return and == SIZE_MAX ? title : pqm_sub(title, 0, and);
}

const struct pqm_lib_rule *pqm_lib_symbol(const struct pqm_lib *lib, pqm_bytes symbol)
{
	return pqm_lib_names_get(&lib->symbols, symbol);
}

/* What name stands for, as a rule: the sample of a library is a soname, that of a meaning a symbol. */
static const struct pqm_rule *resolve(
	const struct pqm_libs *l, const struct pqm_lib *lib, bool is_soname, pqm_bytes name)
{
	if (is_soname) {
		const struct pqm_lib *got = pqm_lib_by_soname(l, name);

		return got == NULL ? NULL : got->rule;
	}
	const struct pqm_lib_rule *got = pqm_lib_symbol(lib, name);

	return got == NULL ? NULL : got->rule;
}

static enum pqm_st check_samples(
	const struct pqm_libs *l, const struct pqm_rule *rule, const char *key, struct pqm_err *err)
{
	const struct pqm_lib *lib = pqm_lib_by_name(l, pqm_yaml_str(rule->node, "library"));
	const struct pqm_yaml *list = pqm_yaml_get(rule->node, key);
	bool must_hit = strcmp(key, "hit") == 0;

	if (lib == NULL || list == NULL || list->type != PQM_YAML_SEQ || list->n == 0)
		return pqm_rule_fail(
			rule, rule->node, err, "%s: at least one sample is needed", key);
	for (size_t i = 0; i < list->n; i++) {
		pqm_bytes s = pqm_yaml_text(list->items[i]);
		const struct pqm_rule *got = resolve(l, lib, is_library(rule), s);

		if ((got == rule) != must_hit)
			return pqm_rule_fail(rule, list->items[i], err, "%s: %.*s gives %.*s", key,
				PQM_FMT(s), PQM_FMT(got == NULL ? PQM_LIT("nothing") : got->id));
	}
	return PQM_OK;
}

enum pqm_st pqm_libs_check(const struct pqm_libs *l, struct pqm_err *err)
{
	enum pqm_st st = PQM_OK;

	for (size_t i = 0; st == PQM_OK && i < l->n_libs + l->n_rules; i++) {
		const struct pqm_rule *rule =
			i < l->n_libs ? l->lib[i].rule : l->rule[i - l->n_libs].rule;

		st = check_samples(l, rule, "hit", err);
		if (st == PQM_OK)
			st = check_samples(l, rule, "miss", err);
	}
	for (size_t i = 0; st == PQM_OK && i < l->n_extra; i++)
		st = pqm_libs_check_recipe(l, l->extra[i], err);
	return st;
}
