#include "conf.h"

#include "base/limits.h"
#include "rules/k8s.h"

#define TELLING_MAX 64
#define TELLING_NEEDED 2

/* "n/ConfigMap/c#data.nginx.conf" says nginx.conf; a file says its own name. */
static pqm_bytes name_of(const struct pqm_artifact *a)
{
	static const char *const fields[] = { "data.", "stringData.", "binaryData." };
	size_t hash = pqm_find_byte(a->object, 0, '#');

	if (hash == SIZE_MAX)
		return a->name;
	pqm_bytes field = pqm_sub(a->object, hash + 1, a->object.n);

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (pqm_starts(field, pqm_str(fields[i])))
			return pqm_sub(field, strlen(fields[i]), field.n);
	return field;
}

/* What is behind the last dot; "-" without one. */
static pqm_bytes extension_of(pqm_bytes name)
{
	for (size_t i = name.n; i > 0; i--)
		if (name.p[i - 1] == '.')
			return pqm_sub(name, i, name.n);
	return PQM_LIT("-");
}

struct telling {
	const struct pqm_yaml *names, *includes;
	uint64_t seen;
	bool has_include;
};

static enum pqm_st count(void *ctx, const struct pqm_conf_item *item)
{
	struct telling *t = ctx;

	for (size_t i = 0; t->names != NULL && i < t->names->n && i < TELLING_MAX; i++)
		if (pqm_ieq(t->names->items[i]->text, item->name))
			t->seen |= UINT64_C(1) << i;
	for (size_t i = 0; t->includes != NULL && i < t->includes->n; i++)
		t->has_include = t->has_include || pqm_ieq(t->includes->items[i]->text, item->name);
	return PQM_OK;
}

/* Whether a part that the names of its settings share stands in the text: far cheaper than reading it. */
static bool has_stem(const struct pqm_rule *family, pqm_bytes text)
{
	const struct pqm_yaml *stems = pqm_yaml_get(family->node, "stems");

	for (size_t i = 0; stems != NULL && i < stems->n; i++)
		if (pqm_find(text, 0, stems->items[i]->text) != SIZE_MAX)
			return true;
	return false;
}

/* How many of the family's telling directives the text has. */
static unsigned n_telling(
	const struct pqm_rule *family, const struct pqm_artifact *a, bool *has_include)
{
	struct telling t = { .names = pqm_yaml_get(family->node, "telling"),
		.includes = pqm_yaml_get(family->node, "includes") };

	if (pqm_conf_each(family, a, count, &t) != PQM_OK)
		return 0;
	*has_include = t.has_include;
	return (unsigned)__builtin_popcountll(t.seen);
}

static pqm_bytes first_line(pqm_bytes head)
{
	pqm_bytes line = pqm_sub(head, 0, 256);

	return pqm_trim(pqm_sub(line, 0, pqm_find_byte(line, 0, '\n')));
}

bool pqm_conf_is_named(const struct pqm_rules *r, const struct pqm_artifact *a)
{
	const struct pqm_rule *rule;
	size_t i = 0;

	while ((rule = pqm_rules_next(r, "conf/", &i)) != NULL)
		if (pqm_k8s_listed(pqm_yaml_get(rule->node, "names"), name_of(a)))
			return true;
	return false;
}

const struct pqm_rule *pqm_conf_family(
	const struct pqm_rules *r, const struct pqm_artifact *a, bool *has_include)
{
	const struct pqm_rule *rule, *best = NULL;
	pqm_bytes name = name_of(a), extension = extension_of(name);
	unsigned most = TELLING_NEEDED - 1;
	size_t i = 0;

	*has_include = false;
	while ((rule = pqm_rules_next(r, "conf/", &i)) != NULL) {
		bool include = false;
		bool is_named = pqm_k8s_listed(pqm_yaml_get(rule->node, "names"), name) ||
			pqm_k8s_listed(pqm_yaml_get(rule->node, "opens"), first_line(a->head));

		if (pqm_yaml_get(rule->node, "form") == NULL ||
			(!is_named &&
				!pqm_k8s_listed(pqm_yaml_get(rule->node, "extensions"), extension)))
			continue;
		if (!is_named && !has_stem(rule, a->body))
			continue;
		unsigned n = n_telling(rule, a, &include);

		if (is_named) /* it decides */
			n = 2 * TELLING_MAX;
		if (n > most) {
			most = n;
			best = rule;
			*has_include = include;
		}
	}
	return best;
}

/* Calls for each directive of the families of shell commands until one answers true. */
static bool any_command(const struct pqm_rules *r,
	bool (*is_it)(pqm_bytes directive, pqm_bytes text), pqm_bytes text)
{
	const struct pqm_rule *rule;
	size_t i = 0;

	while ((rule = pqm_rules_next(r, "conf/", &i)) != NULL) {
		const struct pqm_yaml *settings = pqm_yaml_get(rule->node, "settings");

		if (!pqm_eqs(pqm_yaml_str(rule->node, "form"), "shell"))
			continue;
		for (size_t k = 0; settings != NULL && k < settings->n; k++) {
			const struct pqm_yaml *d = pqm_yaml_get(settings->items[k], "directives");

			for (size_t j = 0; d != NULL && j < d->n; j++)
				if (is_it(d->items[j]->text, text))
					return true;
		}
	}
	return false;
}

static bool is_in(pqm_bytes directive, pqm_bytes text)
{
	return pqm_find(text, 0, directive) != SIZE_MAX;
}

bool pqm_conf_is_keygen(const struct pqm_rules *r, pqm_bytes program)
{
	for (size_t i = program.n; i > 0; i--)
		if (program.p[i - 1] == '/')
			return any_command(r, pqm_eq, pqm_sub(program, i, program.n));
	return any_command(r, pqm_eq, program);
}

bool pqm_conf_names_keygen(const struct pqm_rules *r, pqm_bytes text)
{
	return any_command(r, is_in, text);
}

struct walk {
	struct pqm_arena *arena;
	enum pqm_st (*see)(void *ctx, const struct pqm_conf_item *item);
	void *ctx;
};

/* The scalars of a list as one value, each on its line. */
static pqm_bytes joined(struct pqm_arena *arena, const struct pqm_yaml *list)
{
	pqm_bytes all = { NULL, 0 };

	for (size_t i = 0; i < list->n && i < 256; i++)
		if (list->items[i]->type == PQM_YAML_SCALAR && list->items[i]->text.n < 256)
			all = pqm_arena_f(arena, "%.*s%s%.*s", PQM_FMT(all), all.n > 0 ? "\n" : "",
				PQM_FMT(list->items[i]->text));
	return all;
}

/* Depth is the parser's PQM_YAML_DEPTH. */
static enum pqm_st walk_yaml(struct walk *w, const struct pqm_yaml *node)
{
	enum pqm_st st = PQM_OK;

	for (size_t i = 0; i < node->n && st == PQM_OK && node->type != PQM_YAML_SCALAR; i++) {
		const struct pqm_yaml *v = node->items[i];

		if (node->type == PQM_YAML_MAP) {
			const struct pqm_yaml *k = node->keys[i];
			struct pqm_conf_item item = {
				.name = k->text, .line = k->line, .col = k->col, .off = k->off
			};

			if (v->type == PQM_YAML_SCALAR)
				item.value = v->text;
			else if (v->type == PQM_YAML_SEQ)
				item.value = joined(w->arena, v);
			st = w->see(w->ctx, &item);
		}
		if (st == PQM_OK)
			st = walk_yaml(w, v);
	}
	return st;
}

static enum pqm_st see_doc(void *ctx, const struct pqm_yaml *root, struct pqm_err *err)
{
	(void)err;
	return walk_yaml(ctx, root);
}

static enum pqm_st each_yaml(const struct pqm_artifact *a, struct walk *w)
{
	struct pqm_arena own;
	struct pqm_err why = { 0 };
	enum pqm_st st;

	pqm_arena_init(&own, PQM_ARENA_BYTES);
	w->arena = &own;
	st = pqm_yaml_docs(a->body, &own, see_doc, w, &why);
	pqm_arena_wipe(&own); /* the text of a Secret may have gone through it */
	pqm_arena_fini(&own);
	/* What is no YAML is none of the family; documents before the mistake counted. */
	return st == PQM_EPARSE || st == PQM_ELIMIT ? PQM_OK : st;
}

enum pqm_st pqm_conf_each(const struct pqm_rule *family, const struct pqm_artifact *a,
	enum pqm_st (*see)(void *ctx, const struct pqm_conf_item *item), void *ctx)
{
	pqm_bytes name = pqm_yaml_str(family->node, "form");
	struct pqm_conf_item item;
	enum pqm_conf_form form;
	struct pqm_conf c;
	enum pqm_st st = PQM_OK;

	if (pqm_eqs(name, "yaml"))
		return each_yaml(a, &(struct walk){ NULL, see, ctx });
	if (pqm_eqs(name, "sops"))
		return pqm_conf_sops(a, see, ctx);
	if (!pqm_conf_form_parse(name, &form))
		return PQM_OK;
	pqm_conf_open(&c, form, a->body);
	while (st == PQM_OK && pqm_conf_next(&c, &item))
		st = see(ctx, &item);
	return st;
}
