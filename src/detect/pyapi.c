#include "detect/pyapi.h"

#include "base/num.h"

#define BITS_MIN 128
#define BITS_MAX 65536

static int by_path(const void *x, const void *y)
{
	const struct pqm_pyapi_path *a = x, *b = y;

	return pqm_cmp(a->path, b->path);
}

bool pqm_pyapi_build(struct pqm_pyapi *p, const struct pqm_rules *r, struct pqm_arena *arena)
{
	const struct pqm_rule *rule;
	size_t i = 0;

	*p = (struct pqm_pyapi){ .n = 0 };
	while ((rule = pqm_rules_next(r, "python/api.yaml", &i)) != NULL) {
		const struct pqm_yaml *paths = pqm_yaml_get(rule->node, "api");

		if (pqm_yaml_get(rule->node, "own") != NULL)
			p->own = rule;
		for (uint32_t k = 0; paths != NULL && k < paths->n; k++) {
			struct pqm_pyapi_path *grown = pqm_grow(arena, p->path, p->n, &p->cap);

			if (grown == NULL)
				return false;
			p->path = grown;
			p->path[p->n++] =
				(struct pqm_pyapi_path){ pqm_yaml_text(paths->items[k]), rule };
		}
	}
	if (p->n > 0)
		qsort(p->path, p->n, sizeof(*p->path), by_path);
	p->is_made = true;
	return true;
}

static size_t lower_bound(const struct pqm_pyapi *p, pqm_bytes path)
{
	return pqm_lower_bound(
		p->path, p->n, sizeof(*p->path), offsetof(struct pqm_pyapi_path, path), path);
}

const struct pqm_rule *pqm_pyapi_find(const struct pqm_pyapi *p, pqm_bytes path)
{
	size_t i = lower_bound(p, path);

	return i < p->n && pqm_eq(p->path[i].path, path) ? p->path[i].rule : NULL;
}

bool pqm_pyapi_has_root(const struct pqm_pyapi *p, pqm_bytes root)
{
	size_t i = lower_bound(p, root);
	pqm_bytes at = i < p->n ? p->path[i].path : (pqm_bytes){ NULL, 0 };

	return root.n > 0 && at.n > root.n && pqm_starts(at, root) && at.p[root.n] == '.';
}

static bool is_in(const struct pqm_yaml *list, pqm_bytes word)
{
	for (uint32_t i = 0; list != NULL && i < list->n; i++)
		if (pqm_eq(pqm_yaml_text(list->items[i]), word))
			return true;
	return false;
}

bool pqm_pyapi_is_own(const struct pqm_pyapi *p, pqm_bytes package)
{
	return p->own != NULL && is_in(pqm_yaml_get(p->own->node, "own"), package);
}

/* The catalogue's word for a curve or an algorithm. */
static const struct pqm_alg_ref *named(
	const struct pqm_rules *r, const struct pqm_rule *rule, pqm_bytes name)
{
	const struct pqm_yaml *values = pqm_yaml_get(rule->node, "values");

	if (name.n == 0)
		return NULL;
	for (uint32_t i = 0; values != NULL && i < values->n; i++)
		if (pqm_eq(pqm_yaml_text(values->keys[i]), name))
			return pqm_alg_by_name(r, pqm_yaml_text(values->items[i]));
	return pqm_alg_by_name(r, name);
}

static bool is_public_key(const struct pqm_alg_ref *ref)
{
	switch (ref->alg->function) {
	case PQM_FN_ANY:
	case PQM_FN_KEX:
	case PQM_FN_PKE:
	case PQM_FN_SIG:
		return true;
	case PQM_FN_CIPHER:
	case PQM_FN_HASH:
	case PQM_FN_MAC:
	case PQM_FN_KDF:
		return false;
	}
	return false;
}

bool pqm_pyapi_fill(struct pqm_found *f, const struct pqm_rules *r, const struct pqm_rule *rule,
	const struct pqm_pyapi_args *args, struct pqm_arena *arena)
{
	const struct pqm_yaml *emit = pqm_yaml_get(rule->node, "emit");
	const struct pqm_alg_ref *by_arg = named(r, rule, args->alg.name);
	const struct pqm_alg_ref *curve = named(r, rule, args->curve.name);
	const struct pqm_alg_ref *ref = by_arg != NULL ? by_arg : curve;
	bool is_needed = pqm_yaml_str(rule->node, "needs").n > 0;

	if ((is_needed && by_arg == NULL) || (by_arg != NULL && !is_public_key(by_arg)))
		return false;
	if (ref == NULL)
		ref = pqm_alg_by_name(r, pqm_yaml_str(emit, "alg"));
	f->quantum = PQM_Q_UNKNOWN;
	if (args->bits.number >= BITS_MIN && args->bits.number <= BITS_MAX) {
		f->bits = (uint32_t)args->bits.number;
		f->parameter = pqm_arena_f(arena, "%u", f->bits);
	}
	if (ref != NULL)
		pqm_alg_fill(f, ref);
	else
		f->family = PQM_LIT("unknown");
	(void)pqm_function_parse(pqm_yaml_str(emit, "function"), &f->function);
	return true;
}

bool pqm_pyapi_rule_fits(const struct pqm_rules *r, const struct pqm_rule *rule, pqm_bytes sample)
{
	struct pqm_pyapi_args args = { .bits = { .number = 0 } };
	struct pqm_arena arena;
	struct pqm_found f = { .n_attrs = 0 };
	pqm_bytes path = { NULL, 0 };
	bool fits;

	if (pqm_yaml_get(rule->node, "own") != NULL)
		return is_in(pqm_yaml_get(rule->node, "own"), sample);
	if (!pqm_split(&sample, ' ', &path) || !is_in(pqm_yaml_get(rule->node, "api"), path))
		return false;
	args.alg.name = args.curve.name = pqm_trim(sample);
	pqm_arena_init(&arena, 1 << 16);
	fits = pqm_pyapi_fill(&f, r, rule, &args, &arena);
	pqm_arena_fini(&arena);
	return fits;
}
