#include "java.h"

#include "base/limits.h"
#include "rules/words.h"

/* A class that rules speak of, by its name; what they say of its members. */
struct entry {
	pqm_bytes class, member; /* either may be a glob */
	struct pqm_java_hit hit;
};

struct names {
	const struct pqm_rule *rule;
	const struct pqm_yaml *kinds, *names, *sizes;
	struct pqm_found emit;
};

struct pqm_java {
	const struct pqm_rules *rules;
	struct pqm_arena *arena;
	struct entry *exact, *globs; /* exact: by class */
	size_t n_exact, cap_exact, n_globs, cap_globs;
	struct pqm_java_api *api;
	size_t n_api;
	struct names *names;
	size_t n_names;
	struct pqm_java_lib *lib;
	size_t n_lib;
};

static bool is_glob(pqm_bytes s)
{
	return pqm_find_byte(s, 0, '*') != SIZE_MAX || pqm_find_byte(s, 0, '?') != SIZE_MAX;
}

static enum pqm_st no_memory(struct pqm_err *err)
{
	return pqm_fail(err, PQM_ENOMEM, "Java rules: out of memory");
}

static int by_class(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int c = pqm_cmp(x->class, y->class);

	return c != 0 ? c : pqm_cmp(x->member, y->member);
}

static enum pqm_st add_entry(struct pqm_java *j, const struct entry *e, struct pqm_err *err)
{
	bool glob = is_glob(e->class);
	struct entry **list = glob ? &j->globs : &j->exact;
	size_t *n = glob ? &j->n_globs : &j->n_exact, *cap = glob ? &j->cap_globs : &j->cap_exact;
	struct entry *grown = pqm_grow(j->arena, *list, *n, cap);

	if (grown == NULL)
		return no_memory(err);
	*list = grown;
	grown[(*n)++] = *e;
	return PQM_OK;
}

static int argument(const struct pqm_yaml *map, const char *key)
{
	uint64_t n;

	return pqm_yaml_u64(map, key, &n) && n < 255 ? (int)n : PQM_JAVA_NONE;
}

static enum pqm_st add_then(
	struct pqm_java *j, struct pqm_java_api *a, pqm_bytes class, struct pqm_err *err)
{
	enum pqm_st st = PQM_OK;

	for (size_t i = 0; st == PQM_OK && i < a->n_then; i++)
		st = add_entry(
			j, &(struct entry){ class, a->then[i].call, { a, &a->then[i] } }, err);
	return st;
}

static enum pqm_st read_then(struct pqm_java *j, struct pqm_java_api *a, struct pqm_err *err)
{
	const struct pqm_yaml *list = pqm_yaml_get(a->rule->node, "then");

	a->n_then = list == NULL ? 0 : list->n;
	a->then = pqm_new(j->arena, struct pqm_java_then, a->n_then);
	if (a->then == NULL)
		return no_memory(err);
	for (size_t i = 0; i < a->n_then; i++) {
		const struct pqm_yaml *t = list->items[i];

		a->then[i] = (struct pqm_java_then){ .call = pqm_yaml_str(t, "call"),
			.operation = pqm_yaml_str(t, "operation"),
			.size = argument(t, "size"),
			.spec = argument(t, "spec"),
			.mode = argument(t, "mode"),
			.modes = pqm_yaml_get(t, "modes") };
		if (a->then[i].call.n == 0)
			return pqm_rule_fail(a->rule, t, err, "then: a call is needed");
	}
	return PQM_OK;
}

/* "a/b/C.method": where the dot is. */
static size_t dot_of(pqm_bytes call)
{
	return pqm_find_byte(call, 0, '.');
}

static enum pqm_st index_api(struct pqm_java *j, struct pqm_java_api *a, struct pqm_err *err)
{
	enum pqm_st st = PQM_OK;

	for (size_t i = 0; st == PQM_OK && a->calls != NULL && i < a->calls->n; i++) {
		pqm_bytes call = pqm_yaml_text(a->calls->items[i]);
		size_t dot = dot_of(call);

		if (dot == SIZE_MAX)
			return pqm_rule_fail(
				a->rule, a->calls->items[i], err, "calls: a/b/C.method is needed");
		struct entry e = { pqm_sub(call, 0, dot), pqm_sub(call, dot + 1, call.n),
			{ a, NULL } };

		st = add_entry(j, &e, err);
		if (st == PQM_OK)
			st = add_then(j, a, e.class, err);
	}
	for (size_t i = 0; st == PQM_OK && a->types != NULL && i < a->types->n; i++) {
		struct entry e = { pqm_yaml_text(a->types->items[i]), PQM_LIT("<init>"),
			{ a, NULL } };

		st = add_entry(j, &e, err);
		if (st == PQM_OK)
			st = add_then(j, a, e.class, err);
	}
	return st;
}

static enum pqm_st add_api(struct pqm_java *j, const struct pqm_rule *rule, struct pqm_err *err)
{
	const struct pqm_yaml *n = rule->node;
	struct pqm_java_api *a = &j->api[j->n_api++];
	enum pqm_st st;

	*a = (struct pqm_java_api){ .rule = rule,
		.calls = pqm_yaml_get(n, "calls"),
		.types = pqm_yaml_get(n, "types"),
		.fields = pqm_yaml_get(n, "fields"),
		.when = pqm_yaml_get(n, "when"),
		.numbers = pqm_yaml_get(n, "numbers"),
		.names = pqm_yaml_str(n, "names"),
		.means = pqm_yaml_str(n, "means"),
		.library = pqm_yaml_str(n, "library"),
		.algorithm = argument(n, "algorithm"),
		.size = argument(n, "size"),
		.curve = argument(n, "curve"),
		.spec = argument(n, "spec"),
		.same = argument(n, "same"),
		.list = argument(n, "list"),
		.is_spec = pqm_yaml_true(n, "is_spec"),
		.has_emit = pqm_yaml_get(n, "emit") != NULL };
	a->operation = pqm_yaml_str(pqm_yaml_get(n, "emit"), "operation");
	st = pqm_rule_emit(&a->emit, j->rules, rule, err);
	if (st == PQM_OK)
		st = read_then(j, a, err);
	return st == PQM_OK ? index_api(j, a, err) : st;
}

static enum pqm_st add_rule(struct pqm_java *j, const struct pqm_rule *rule, struct pqm_err *err)
{
	const struct pqm_yaml *n = rule->node;

	if (pqm_yaml_get(n, "packages") != NULL || pqm_yaml_get(n, "artifacts") != NULL) {
		j->lib[j->n_lib++] = (struct pqm_java_lib){ rule, pqm_yaml_str(n, "library") };
		return PQM_OK;
	}
	if (pqm_yaml_get(n, "kinds") != NULL) {
		struct names *s = &j->names[j->n_names++];

		*s = (struct names){ .rule = rule,
			.kinds = pqm_yaml_get(n, "kinds"),
			.names = pqm_yaml_get(n, "names"),
			.sizes = pqm_yaml_get(n, "sizes") };
		return pqm_rule_emit(&s->emit, j->rules, rule, err);
	}
	return add_api(j, rule, err);
}

enum pqm_st pqm_java_build(struct pqm_java **out, const struct pqm_rules *r, const char *prefix,
	struct pqm_arena *arena, struct pqm_err *err)
{
	struct pqm_java *j = pqm_new(arena, struct pqm_java, 1);
	const struct pqm_rule *rule;
	enum pqm_st st = PQM_OK;
	size_t n = 0;

	if (j == NULL)
		return no_memory(err);
	for (size_t i = 0; pqm_rules_next(r, prefix, &i) != NULL;)
		n++;
	j->rules = r;
	j->arena = arena;
	j->api = pqm_new(arena, struct pqm_java_api, n);
	j->names = pqm_new(arena, struct names, n);
	j->lib = pqm_new(arena, struct pqm_java_lib, n);
	if (j->api == NULL || j->names == NULL || j->lib == NULL)
		return no_memory(err);
	for (size_t i = 0; st == PQM_OK && (rule = pqm_rules_next(r, prefix, &i)) != NULL;)
		st = add_rule(j, rule, err);
	if (j->n_exact > 1)
		qsort(j->exact, j->n_exact, sizeof(*j->exact), by_class);
	*out = j;
	return st;
}

/* The first entry of the class, or n_exact. */
static size_t first_of(const struct pqm_java *j, pqm_bytes class)
{
	size_t at = pqm_lower_bound(
		j->exact, j->n_exact, sizeof(*j->exact), offsetof(struct entry, class), class);

	return at < j->n_exact && pqm_eq(j->exact[at].class, class) ? at : j->n_exact;
}

bool pqm_java_knows(const struct pqm_java *j, pqm_bytes class)
{
	if (first_of(j, class) < j->n_exact)
		return true;
	for (size_t i = 0; i < j->n_globs; i++)
		if (pqm_glob(j->globs[i].class, class))
			return true;
	return false;
}

bool pqm_java_find(
	const struct pqm_java *j, pqm_bytes class, pqm_bytes member, struct pqm_java_hit *out)
{
	for (size_t i = first_of(j, class); i < j->n_exact && pqm_eq(j->exact[i].class, class); i++)
		if (pqm_glob(j->exact[i].member, member)) {
			*out = j->exact[i].hit;
			return true;
		}
	for (size_t i = 0; i < j->n_globs; i++)
		if (pqm_glob(j->globs[i].class, class) && pqm_glob(j->globs[i].member, member)) {
			*out = j->globs[i].hit;
			return true;
		}
	return false;
}

static bool fits_any(const struct pqm_yaml *list, pqm_bytes s)
{
	for (size_t i = 0; list != NULL && i < list->n; i++)
		if (pqm_glob(pqm_yaml_text(list->items[i]), s))
			return true;
	return false;
}

const struct pqm_java_api *pqm_java_type(const struct pqm_java *j, pqm_bytes class)
{
	for (size_t i = 0; i < j->n_api; i++)
		if (fits_any(j->api[i].types, class))
			return &j->api[i];
	return NULL;
}

const struct pqm_java_api *pqm_java_field(const struct pqm_java *j, pqm_bytes class, pqm_bytes name)
{
	for (size_t i = 0; i < j->n_api; i++) {
		const struct pqm_yaml *list = j->api[i].fields;

		for (size_t k = 0; list != NULL && k < list->n; k++) {
			pqm_bytes f = pqm_yaml_text(list->items[k]);
			size_t dot = dot_of(f);

			if (pqm_eq(pqm_sub(f, 0, dot), class) &&
				pqm_glob(pqm_sub(f, dot + 1, f.n), name))
				return &j->api[i];
		}
	}
	return NULL;
}

const struct pqm_java_lib *pqm_java_owner(const struct pqm_java *j, pqm_bytes class)
{
	for (size_t i = 0; i < j->n_lib; i++) {
		const struct pqm_yaml *p = pqm_yaml_get(j->lib[i].rule->node, "packages");

		for (size_t k = 0; p != NULL && k < p->n; k++)
			if (pqm_starts(class, pqm_yaml_text(p->items[k])))
				return &j->lib[i];
	}
	return NULL;
}

const struct pqm_java_lib *pqm_java_artifact(const struct pqm_java *j, pqm_bytes name)
{
	for (size_t i = 0; i < j->n_lib; i++)
		if (fits_any(pqm_yaml_get(j->lib[i].rule->node, "artifacts"), name))
			return &j->lib[i];
	return NULL;
}

/* Names of algorithms are the same in either case. */
static pqm_bytes lower(pqm_bytes s, uint8_t *buf, size_t cap)
{
	size_t n = s.n < cap ? s.n : cap;

	for (size_t i = 0; i < n; i++)
		buf[i] = (uint8_t)(s.p[i] >= 'A' && s.p[i] <= 'Z' ? s.p[i] + 32 : s.p[i]);
	return (pqm_bytes){ buf, n };
}

static bool is_named(const struct names *s, pqm_bytes name)
{
	uint8_t a[128], b[128];
	pqm_bytes low = lower(name, a, sizeof(a));

	if (name.n > sizeof(a))
		return false;
	for (size_t i = 0; s->names != NULL && i < s->names->n; i++)
		if (pqm_glob(lower(pqm_yaml_text(s->names->items[i]), b, sizeof(b)), low))
			return true;
	return false;
}

static bool is_kind(const struct names *s, pqm_bytes kind)
{
	for (size_t i = 0; i < s->kinds->n; i++)
		if (pqm_eq(pqm_yaml_text(s->kinds->items[i]), kind))
			return true;
	return false;
}

static const struct names *names_of(const struct pqm_java *j, pqm_bytes kind, pqm_bytes name)
{
	for (size_t i = 0; i < j->n_names; i++)
		if (is_kind(&j->names[i], kind) && is_named(&j->names[i], name))
			return &j->names[i];
	return NULL;
}

bool pqm_java_name(const struct pqm_java *j, pqm_bytes kind, pqm_bytes name, struct pqm_found *f,
	const struct pqm_yaml **sizes)
{
	/* "RSA/ECB/PKCS1Padding": the algorithm is in front. */
	const struct names *s = names_of(j, kind, name);
	pqm_bytes first = pqm_sub(name, 0, pqm_find_byte(name, 0, '/'));
	const struct pqm_alg_ref *ref;

	*sizes = NULL;
	if (s == NULL && first.n < name.n)
		s = names_of(j, kind, first);
	if (s != NULL) {
		f->family = s->emit.family;
		f->algorithm = s->emit.algorithm;
		f->parameter = s->emit.parameter;
		f->function = s->emit.function;
		f->quantum = s->emit.quantum;
		f->classical = s->emit.classical;
		*sizes = s->sizes;
		return true;
	}
	ref = pqm_alg_by_name(j->rules, name);
	if (ref == NULL && first.n < name.n)
		ref = pqm_alg_by_name(j->rules, first);
	if (ref == NULL)
		return false;
	pqm_alg_fill(f, ref);
	return true;
}

static bool is_name_sample(const struct pqm_java *j, const struct pqm_rule *rule, pqm_bytes sample)
{
	const struct pqm_yaml *kinds = pqm_yaml_get(rule->node, "kinds");

	for (size_t i = 0; i < kinds->n; i++) {
		const struct names *s = names_of(j, pqm_yaml_text(kinds->items[i]), sample);

		if (s != NULL && s->rule == rule)
			return true;
	}
	return false;
}

bool pqm_java_rule_fits(const struct pqm_rules *r, const struct pqm_rule *rule, pqm_bytes sample)
{
	struct pqm_arena arena;
	struct pqm_java *j = NULL;
	struct pqm_java_hit hit;
	size_t dot = dot_of(sample);
	bool fits = false;

	pqm_arena_init(&arena, PQM_ARENA_BYTES);
	if (pqm_java_build(&j, r, pqm_starts(rule->file, PQM_LIT("java/")) ? "java/" : "dotnet/",
		    &arena, NULL) == PQM_OK &&
		j != NULL) {
		const struct pqm_java_lib *lib = pqm_java_artifact(j, sample);
		const struct pqm_java_api *api = pqm_java_type(j, sample);

		if (lib == NULL)
			lib = pqm_java_owner(j, sample);
		fits = (lib != NULL && lib->rule == rule) || (api != NULL && api->rule == rule);
		if (!fits && pqm_yaml_get(rule->node, "kinds") != NULL)
			fits = is_name_sample(j, rule, sample);
		if (!fits && dot != SIZE_MAX &&
			pqm_java_find(j, pqm_sub(sample, 0, dot),
				pqm_sub(sample, dot + 1, sample.n), &hit))
			fits = hit.api->rule == rule;
		if (!fits && dot != SIZE_MAX)
			api = pqm_java_field(
				j, pqm_sub(sample, 0, dot), pqm_sub(sample, dot + 1, sample.n));
		fits = fits || (api != NULL && api->rule == rule);
	}
	pqm_arena_fini(&arena);
	return fits;
}
