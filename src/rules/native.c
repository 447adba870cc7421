#include "native.h"

#include "base/limits.h"
#include "rules/words.h"

struct pqm_native {
	const struct pqm_rules *rules;
	const struct pqm_libs *libs;
	struct pqm_native_lib *lib;
	size_t n_libs;
	struct pqm_native_meaning *meaning, *literal;
	size_t n_meanings, n_literals;
};

static enum pqm_st no_memory(struct pqm_err *err)
{
	return pqm_fail(err, PQM_ENOMEM, "rules of libraries: out of memory");
}

static bool has_own_symbols(const struct pqm_rules *r, const char *prefix, pqm_bytes library)
{
	const struct pqm_rule *rule;

	for (size_t i = 0; (rule = pqm_rules_next(r, prefix, &i)) != NULL;)
		if (pqm_yaml_get(rule->node, "symbols") != NULL &&
			pqm_eq(pqm_yaml_str(rule->node, "library"), library))
			return true;
	return false;
}

static enum pqm_st add_lib(
	struct pqm_native *n, const struct pqm_rule *rule, const char *prefix, struct pqm_err *err)
{
	struct pqm_native_lib *l = &n->lib[n->n_libs++];

	*l = (struct pqm_native_lib){ .rule = rule, .name = pqm_yaml_str(rule->node, "library") };
	if (has_own_symbols(n->rules, prefix, l->name))
		return PQM_OK;
	l->lib = pqm_lib_by_name(n->libs, l->name);
	if (l->lib == NULL)
		return pqm_rule_fail(rule, rule->node, err,
			"library: neither symbols here nor a library %.*s in libs/",
			PQM_FMT(l->name));
	return PQM_OK;
}

static enum pqm_st add_meaning(struct pqm_native *n, const struct pqm_rule *rule,
	struct pqm_arena *arena, struct pqm_err *err)
{
	const struct pqm_yaml *literals = pqm_yaml_get(rule->node, "literals");
	struct pqm_native_meaning *m =
		literals != NULL ? &n->literal[n->n_literals++] : &n->meaning[n->n_meanings++];
	pqm_bytes id = pqm_bytes_dup(arena, rule->id);
	struct pqm_found f;
	enum pqm_st st = pqm_rule_emit(&f, n->rules, rule, err);

	if (st != PQM_OK)
		return st;
	if (id.p == NULL)
		return no_memory(err);
	*m = (struct pqm_native_meaning){ .rule = rule,
		.symbols = pqm_yaml_get(rule->node, "symbols"),
		.literals = literals,
		.when = pqm_yaml_get(rule->node, "when"),
		.library = pqm_yaml_str(rule->node, "library"),
		.operation = pqm_yaml_str(pqm_yaml_get(rule->node, "emit"), "operation"),
		.emit = f };
	pqm_rule_fill(&f, n->rules, (const char *)id.p);
	m->why = f.why;
	m->fix = f.fix;
	return PQM_OK;
}

enum pqm_st pqm_native_build(struct pqm_native **out, const struct pqm_rules *r, const char *prefix,
	struct pqm_arena *arena, struct pqm_err *err)
{
	struct pqm_native *n = pqm_new(arena, struct pqm_native, 1);
	const struct pqm_rule *rule;
	size_t count = 0;
	enum pqm_st st;

	if (n == NULL)
		return no_memory(err);
	for (size_t i = 0; pqm_rules_next(r, prefix, &i) != NULL;)
		count++;
	n->rules = r;
	n->lib = pqm_new(arena, struct pqm_native_lib, count);
	n->meaning = pqm_new(arena, struct pqm_native_meaning, count);
	n->literal = pqm_new(arena, struct pqm_native_meaning, count);
	if (n->lib == NULL || n->meaning == NULL || n->literal == NULL)
		return no_memory(err);
	st = pqm_rules_libs(&n->libs, r, err);
	for (size_t i = 0; st == PQM_OK && (rule = pqm_rules_next(r, prefix, &i)) != NULL;)
		st = pqm_yaml_get(rule->node, "files") != NULL ? add_lib(n, rule, prefix, err)
							       : add_meaning(n, rule, arena, err);
	*out = n;
	return st;
}

static bool glob_icase(pqm_bytes pattern, pqm_bytes s)
{
	uint8_t low[256];
	size_t n = s.n < sizeof(low) ? s.n : sizeof(low);

	for (size_t i = 0; i < n; i++)
		low[i] = (uint8_t)(s.p[i] >= 'A' && s.p[i] <= 'Z' ? s.p[i] + 32 : s.p[i]);
	return s.n <= sizeof(low) && pqm_glob(pattern, (pqm_bytes){ low, n });
}

const struct pqm_native_lib *pqm_native_lib(const struct pqm_native *n, pqm_bytes file)
{
	size_t from = file.n;

	while (from > 0 && file.p[from - 1] != '/' && file.p[from - 1] != '\\')
		from--;
	file = pqm_sub(file, from, file.n);
	for (size_t i = 0; file.n > 0 && i < n->n_libs; i++) {
		const struct pqm_yaml *files = pqm_yaml_get(n->lib[i].rule->node, "files");

		for (size_t k = 0; k < files->n; k++)
			if (glob_icase(pqm_yaml_text(files->items[k]), file))
				return &n->lib[i];
	}
	return NULL;
}

static bool is_listed(const struct pqm_yaml *list, pqm_bytes s)
{
	for (size_t i = 0; list != NULL && i < list->n; i++)
		if (pqm_glob(pqm_yaml_text(list->items[i]), s))
			return true;
	return false;
}

bool pqm_native_symbol(const struct pqm_native *n, const struct pqm_native_lib *lib,
	pqm_bytes symbol, struct pqm_native_meaning *out)
{
	const struct pqm_lib_rule *m = lib->lib == NULL ? NULL : pqm_lib_symbol(lib->lib, symbol);

	if (m != NULL) {
		*out = (struct pqm_native_meaning){ .rule = m->rule,
			.library = lib->name,
			.operation = m->operation,
			.why = m->why,
			.fix = m->fix,
			.emit = { .family = m->family,
				.algorithm = m->algorithm,
				.parameter = m->parameter,
				.function = m->function,
				.quantum = m->quantum,
				.classical = m->classical } };
		return true;
	}
	for (size_t i = 0; lib->lib == NULL && i < n->n_meanings; i++)
		if (pqm_eq(n->meaning[i].library, lib->name) &&
			is_listed(n->meaning[i].symbols, symbol)) {
			*out = n->meaning[i];
			return true;
		}
	return false;
}

const struct pqm_native_meaning *pqm_native_literal(const struct pqm_native *n, size_t i)
{
	return i < n->n_literals ? &n->literal[i] : NULL;
}

static bool fits(const struct pqm_native *n, const struct pqm_rule *rule, pqm_bytes sample)
{
	const struct pqm_native_lib *lib = pqm_native_lib(n, sample);
	struct pqm_native_meaning m;

	if (pqm_yaml_get(rule->node, "files") != NULL)
		return lib != NULL && lib->rule == rule;
	if (pqm_yaml_get(rule->node, "literals") != NULL)
		return is_listed(pqm_yaml_get(rule->node, "literals"), sample);
	for (size_t i = 0; i < n->n_libs; i++)
		if (pqm_native_symbol(n, &n->lib[i], sample, &m) && m.rule == rule)
			return true;
	return false;
}

bool pqm_native_rule_fits(const struct pqm_rules *r, const struct pqm_rule *rule, pqm_bytes sample)
{
	struct pqm_arena arena;
	struct pqm_native *n = NULL;
	bool hit = false;

	pqm_arena_init(&arena, PQM_ARENA_BYTES);
	if (pqm_native_build(&n, r, pqm_starts(rule->file, PQM_LIT("pe/")) ? "pe/" : "macho/",
		    &arena, NULL) == PQM_OK &&
		n != NULL)
		hit = fits(n, rule, sample);
	pqm_arena_fini(&arena);
	return hit;
}
