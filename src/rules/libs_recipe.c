/* libs_recipe.c — tables of values, and recipes: what the arguments of library functions mean. */
#include "libs_int.h"

#include "base/num.h"

static enum pqm_st no_memory(struct pqm_err *err)
{
	return pqm_fail(err, PQM_ENOMEM, "library rules: out of memory");
}

static const struct {
	const char *word;
	enum pqm_role role;
} roles[] = {
	{ "algorithm", PQM_ROLE_ALGORITHM },
	{ "parameter", PQM_ROLE_PARAMETER },
	{ "bytes", PQM_ROLE_BYTES },
	{ "from", PQM_ROLE_FROM },
	{ "expression", PQM_ROLE_EXPRESSION },
	{ "groups", PQM_ROLE_GROUPS },
	{ "suites", PQM_ROLE_SUITES },
	{ "priority", PQM_ROLE_PRIORITY },
	{ "signatures", PQM_ROLE_SIGNATURES },
	{ "ssh-kex", PQM_ROLE_SSH_KEX },
	{ "ceiling", PQM_ROLE_CEILING },
	{ "floor", PQM_ROLE_FLOOR },
	{ "opens", PQM_ROLE_OPENS },
	{ "looks-up", PQM_ROLE_LOOKS_UP },
};

static bool role_of(pqm_bytes word, enum pqm_role *out)
{
	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
		if (pqm_eqs(word, roles[i].word)) {
			*out = roles[i].role;
			return true;
		}
	return false;
}

const char *pqm_role_name(enum pqm_role role)
{
	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
		if (roles[i].role == role)
			return roles[i].word;
	return "";
}

static struct pqm_lib *library_of(struct pqm_libs *l, const struct pqm_rule *rule)
{
	pqm_bytes name = pqm_yaml_str(rule->node, "library");

	for (size_t i = 0; i < l->n_libs; i++)
		if (pqm_eq(l->lib[i].name, name))
			return &l->lib[i];
	return NULL;
}

/* The values of a table of the library, or NULL. */
static const struct pqm_yaml *values_of(
	const struct pqm_libs *l, const struct pqm_lib *lib, pqm_bytes table)
{
	for (size_t i = 0; i < l->n_extra; i++) {
		const struct pqm_yaml *n = l->extra[i]->node;

		if (pqm_eq(pqm_yaml_str(n, "table"), table) &&
			pqm_eq(pqm_yaml_str(n, "library"), lib->name))
			return pqm_yaml_get(n, "values");
	}
	return NULL;
}

/* "-": known, and no public key nor anything else that the catalogue names. */
static enum pqm_st check_table(
	const struct pqm_rules *r, const struct pqm_rule *rule, struct pqm_err *err)
{
	const struct pqm_yaml *values = pqm_yaml_get(rule->node, "values");

	if (values == NULL || values->type != PQM_YAML_MAP)
		return pqm_rule_fail(rule, rule->node, err, "values: a mapping is needed");
	for (size_t i = 0; i < values->n; i++) {
		pqm_bytes name = pqm_yaml_text(values->items[i]);

		if (!pqm_eqs(name, "-") && pqm_alg_by_name(r, name) == NULL)
			return pqm_rule_fail(rule, values->items[i], err,
				"values: %.*s is not in the catalogue", PQM_FMT(name));
	}
	return PQM_OK;
}

/* "2" of a mapping from arguments, counted from 1. */
static enum pqm_st read_position(
	const struct pqm_rule *rule, const struct pqm_yaml *key, unsigned *out, struct pqm_err *err)
{
	uint64_t n = 0;

	if (!pqm_u64_parse(pqm_yaml_text(key), PQM_CALL_ARGS, &n) || n == 0)
		return pqm_rule_fail(
			rule, key, err, "arguments are counted from 1 to %d", PQM_CALL_ARGS);
	*out = (unsigned)n - 1;
	return PQM_OK;
}

/* "parameter nid": a role and the table or the kind that goes with it. */
static enum pqm_st read_arg(const struct pqm_libs *l, const struct pqm_lib *lib,
	struct pqm_recipe *m, const struct pqm_yaml *text, struct pqm_err *err)
{
	struct pqm_recipe_arg *arg = &m->arg[m->n_args];
	pqm_bytes rest = pqm_yaml_text(text), word;

	if (!pqm_split(&rest, ' ', &word) || !role_of(word, &arg->role))
		return pqm_rule_fail(
			m->rule, text, err, "args: %.*s is no role", PQM_FMT(pqm_yaml_text(text)));
	if (pqm_split(&rest, ' ', &word)) {
		arg->table = word;
		arg->values = values_of(l, lib, word);
		if (arg->role != PQM_ROLE_FROM && arg->values == NULL)
			return pqm_rule_fail(
				m->rule, text, err, "args: there is no table %.*s", PQM_FMT(word));
	}
	m->n_args++;
	return PQM_OK;
}

static enum pqm_st read_args(const struct pqm_libs *l, const struct pqm_lib *lib,
	struct pqm_recipe *m, struct pqm_err *err)
{
	const struct pqm_yaml *args = pqm_yaml_get(m->rule->node, "args");
	const struct pqm_yaml *when = pqm_yaml_get(m->rule->node, "when");
	enum pqm_st st = PQM_OK;

	if ((args != NULL && (args->type != PQM_YAML_MAP || args->n > PQM_RECIPE_ARGS)) ||
		(when != NULL && (when->type != PQM_YAML_MAP || when->n > PQM_RECIPE_WHEN)))
		return pqm_rule_fail(
			m->rule, m->rule->node, err, "args, when: a short mapping is needed");
	for (size_t i = 0; args != NULL && st == PQM_OK && i < args->n; i++) {
		st = read_position(m->rule, args->keys[i], &m->arg[m->n_args].at, err);
		if (st == PQM_OK)
			st = read_arg(l, lib, m, args->items[i], err);
	}
	for (size_t i = 0; when != NULL && st == PQM_OK && i < when->n; i++, m->n_when++) {
		st = read_position(m->rule, when->keys[i], &m->when[i].at, err);
		m->when[i].is = when->items[i];
	}
	return st;
}

static enum pqm_st read_recipe(struct pqm_libs *l, const struct pqm_lib *lib,
	const struct pqm_rules *r, struct pqm_recipe *m, struct pqm_err *err)
{
	const struct pqm_yaml *n = m->rule->node, *emit = pqm_yaml_get(n, "emit");
	pqm_bytes under = pqm_yaml_str(n, "under"), family = pqm_yaml_str(emit, "family");
	uint64_t takes = 0;

	(void)pqm_yaml_u64(n, "takes", &takes);
	m->takes = takes <= PQM_CALL_ARGS ? (unsigned)takes : PQM_CALL_ARGS;
	m->makes = pqm_yaml_str(n, "makes");
	m->is_name = pqm_yaml_true(n, "names");
	m->parameter = pqm_yaml_str(emit, "parameter");
	m->operation = pqm_yaml_str(emit, "operation");
	for (size_t i = 0; under.n > 0 && i < l->n_rules; i++)
		if (pqm_eq(l->rule[i].rule->id, under))
			m->under = &l->rule[i];
	if (under.n > 0 && m->under == NULL)
		return pqm_rule_fail(
			m->rule, n, err, "under: there is no rule %.*s", PQM_FMT(under));
	m->alg = family.n > 0 ? pqm_alg_by_name(r, family) : NULL;
	if (family.n > 0 && m->alg == NULL)
		return pqm_rule_fail(
			m->rule, emit, err, "family %.*s is not in the catalogue", PQM_FMT(family));
	return read_args(l, lib, m, err);
}

static enum pqm_st index_recipe(
	struct pqm_libs *l, struct pqm_lib *lib, const struct pqm_recipe *m, struct pqm_err *err)
{
	const struct pqm_yaml *calls = pqm_yaml_get(m->rule->node, "calls");

	if (calls->type != PQM_YAML_SEQ || calls->n == 0)
		return pqm_rule_fail(m->rule, calls, err, "calls: a list of names is needed");
	for (size_t i = 0; i < calls->n; i++) {
		pqm_bytes name = pqm_yaml_text(calls->items[i]);
		struct pqm_recipes *set = pqm_map_get(&lib->recipes, name);

		if (set == NULL) {
			set = pqm_new(&l->arena, struct pqm_recipes, 1);
			if (set == NULL || !pqm_map_put(&lib->recipes, name, set))
				return no_memory(err);
		}
		if (m->under == NULL && !m->is_name && pqm_lib_symbol(lib, name) == NULL)
			return pqm_rule_fail(m->rule, calls->items[i], err,
				"calls: %.*s has no meaning; say under: or names:", PQM_FMT(name));
		const struct pqm_recipe **grown = pqm_grow(&l->arena, set->list, set->n, &set->cap);

		if (grown == NULL)
			return no_memory(err);
		grown[set->n++] = m;
		set->list = grown;
	}
	return PQM_OK;
}

static enum pqm_st add_recipe(struct pqm_libs *l, const struct pqm_rules *r,
	const struct pqm_rule *rule, struct pqm_err *err)
{
	struct pqm_lib *lib = library_of(l, rule);
	struct pqm_recipe *m = pqm_new(&l->arena, struct pqm_recipe, 1);

	if (m == NULL)
		return no_memory(err);
	m->rule = rule;
	enum pqm_st st = read_recipe(l, lib, r, m, err);

	return st != PQM_OK ? st : index_recipe(l, lib, m, err);
}

bool pqm_libs_is_extra(const struct pqm_rule *rule)
{
	return pqm_yaml_get(rule->node, "table") != NULL ||
		pqm_yaml_get(rule->node, "calls") != NULL ||
		pqm_yaml_get(rule->node, "finds") != NULL || pqm_libs_is_wrapper(rule);
}

static enum pqm_st collect(struct pqm_libs *l, const struct pqm_rules *r, struct pqm_err *err)
{
	const struct pqm_rule *rule;

	for (size_t i = 0; (rule = pqm_rules_next(r, "libs/", &i)) != NULL;) {
		if (!pqm_libs_is_extra(rule))
			continue;
		const struct pqm_rule **grown =
			pqm_grow(&l->arena, l->extra, l->n_extra, &l->cap_extra);

		if (grown == NULL)
			return no_memory(err);
		grown[l->n_extra++] = rule;
		l->extra = grown;
		if (library_of(l, rule) == NULL && !pqm_libs_is_wrapper(rule))
			return pqm_rule_fail(rule, rule->node, err,
				"library: there is no library %.*s",
				PQM_FMT(pqm_yaml_str(rule->node, "library")));
	}
	return PQM_OK;
}

enum pqm_st pqm_libs_recipes(struct pqm_libs *l, const struct pqm_rules *r, struct pqm_err *err)
{
	enum pqm_st st = collect(l, r, err);

	l->rules = r;
	for (size_t i = 0; st == PQM_OK && i < l->n_extra; i++) {
		if (pqm_yaml_get(l->extra[i]->node, "table") != NULL)
			st = check_table(r, l->extra[i], err);
		else if (pqm_yaml_get(l->extra[i]->node, "calls") != NULL)
			st = add_recipe(l, r, l->extra[i], err);
	}
	return st;
}

const struct pqm_recipes *pqm_lib_recipes(const struct pqm_lib *lib, pqm_bytes symbol)
{
	return pqm_map_get(&lib->recipes, symbol);
}

pqm_bytes pqm_lib_operation(const struct pqm_lib *lib, pqm_bytes symbol)
{
	const struct pqm_yaml *list = pqm_yaml_get(lib->rule->node, "operations");

	for (size_t i = 0; list != NULL && i < list->n; i++) {
		const struct pqm_yaml *globs = list->items[i];

		for (size_t g = 0; g < globs->n; g++)
			if (pqm_glob(pqm_yaml_text(globs->items[g]), symbol))
				return list->keys == NULL ? (pqm_bytes){ NULL, 0 }
							  : pqm_yaml_text(list->keys[i]);
	}
	return (pqm_bytes){ NULL, 0 };
}

bool pqm_lib_is_housekeeping(const struct pqm_lib *lib, pqm_bytes symbol)
{
	const struct pqm_yaml *globs = pqm_yaml_get(lib->rule->node, "housekeeping");

	for (size_t i = 0; globs != NULL && i < globs->n; i++)
		if (pqm_glob(pqm_yaml_text(globs->items[i]), symbol))
			return true;
	return false;
}
