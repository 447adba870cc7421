/* deps.c — rules about packages of languages: which one a name and version belongs to. */
#include "detect/deps.h"

#include "detect/packages.h"
#include "rules/k8s.h"

static const char *const folders[] = { "deps/", "node/", "python/" };

static bool is_glob(pqm_bytes name)
{
	return pqm_find_byte(name, 0, '*') != SIZE_MAX;
}

static bool put_exact(
	struct pqm_pkgs *p, const struct pqm_rule *rule, pqm_bytes name, struct pqm_arena *arena)
{
	struct pqm_pkg *grown = pqm_grow(arena, p->pkg, p->n, &p->cap);

	if (grown == NULL)
		return false;
	p->pkg = grown;
	p->pkg[p->n] = (struct pqm_pkg){ .rule = rule,
		.order = p->n,
		.key = pqm_arena_f(arena, "%.*s/%.*s",
			PQM_FMT(pqm_yaml_str(rule->node, "ecosystem")), PQM_FMT(name)) };
	return p->pkg[p->n++].key.p != NULL;
}

static bool put_rule(struct pqm_pkgs *p, const struct pqm_rule *rule, struct pqm_arena *arena)
{
	const struct pqm_yaml *names = pqm_yaml_get(rule->node, "packages");
	bool has_glob = false;

	for (uint32_t i = 0; names != NULL && i < names->n; i++) {
		pqm_bytes name = pqm_yaml_text(names->items[i]);

		if (is_glob(name))
			has_glob = true;
		else if (!put_exact(p, rule, name, arena))
			return false;
	}
	if (!has_glob)
		return true;
	/* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers is meant */
	const struct pqm_rule **grown = pqm_grow(arena, p->globs, p->n_globs, &p->cap_globs);

	if (grown == NULL)
		return false;
	p->globs = grown;
	p->globs[p->n_globs++] = rule;
	return true;
}

static int by_key(const void *x, const void *y)
{
	const struct pqm_pkg *a = x, *b = y;
	int c = pqm_cmp(a->key, b->key);

	return c != 0 ? c : (a->order > b->order) - (a->order < b->order);
}

bool pqm_pkgs_build(struct pqm_pkgs *p, const struct pqm_rules *r, struct pqm_arena *arena)
{
	*p = (struct pqm_pkgs){ .n = 0 };
	for (size_t d = 0; d < sizeof(folders) / sizeof(folders[0]); d++) {
		const struct pqm_rule *rule;
		size_t i = 0;

		while ((rule = pqm_rules_next(r, folders[d], &i)) != NULL)
			if (pqm_yaml_get(rule->node, "ecosystem") != NULL &&
				!put_rule(p, rule, arena))
				return false;
	}
	if (p->n > 0)
		qsort(p->pkg, p->n, sizeof(*p->pkg), by_key);
	p->is_made = true;
	return true;
}

const struct pqm_pkgs *pqm_pkgs_get(const struct pqm_rules *r, const struct pqm_artifact *a,
	struct pqm_emit *out, struct pqm_pkgs *spare)
{
	struct pqm_arena *arena = NULL;
	struct pqm_pkgs *kept = pqm_emit_kept(out, sizeof(*kept), &arena);

	if (kept == NULL) {
		kept = spare;
		arena = a->arena;
	}
	return kept->is_made || pqm_pkgs_build(kept, r, arena) ? kept : NULL;
}

/* A version may be unknown: then only what holds for all versions is said. */
static bool is_about(const struct pqm_yaml *node, pqm_bytes version)
{
	return pqm_package_version_in(
		version, pqm_yaml_str(node, "from"), pqm_yaml_str(node, "below"));
}

static bool is_listed(const struct pqm_rule *rule, pqm_bytes name)
{
	return pqm_k8s_listed(pqm_yaml_get(rule->node, "packages"), name);
}

const struct pqm_rule *pqm_pkgs_find(
	const struct pqm_pkgs *p, pqm_bytes ecosystem, pqm_bytes name, pqm_bytes version)
{
	char buf[32 + PQM_DEPS_WORD];
	int n = snprintf(buf, sizeof(buf), "%.*s/%.*s", PQM_FMT(ecosystem), PQM_FMT(name));
	pqm_bytes key = { (const uint8_t *)buf, n < 0 ? 0 : (size_t)n };

	if (key.n == 0 || key.n >= sizeof(buf))
		return NULL;
	for (size_t i = pqm_lower_bound(
		     p->pkg, p->n, sizeof(*p->pkg), offsetof(struct pqm_pkg, key), key);
		i < p->n && pqm_eq(p->pkg[i].key, key); i++)
		if (is_about(p->pkg[i].rule->node, version))
			return p->pkg[i].rule;
	for (size_t i = 0; i < p->n_globs; i++)
		if (pqm_eq(pqm_yaml_str(p->globs[i]->node, "ecosystem"), ecosystem) &&
			is_listed(p->globs[i], name) && is_about(p->globs[i]->node, version))
			return p->globs[i];
	return NULL;
}

/* PEP 503: small letters, and one hyphen for each run of '-', '_' and '.'. */
static pqm_bytes normal_python(struct pqm_arena *arena, pqm_bytes name)
{
	uint8_t *out = pqm_arena_alloc(arena, name.n + 1);
	size_t n = 0;

	for (size_t i = 0; out != NULL && i < name.n; i++) {
		uint8_t c = name.p[i];
		bool is_sign = c == '-' || c == '_' || c == '.';

		if (is_sign && n > 0 && out[n - 1] == '-')
			continue;
		out[n++] = is_sign ? '-' : c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
	}
	return (pqm_bytes){ out, n };
}

static pqm_bytes normal_small(struct pqm_arena *arena, pqm_bytes name)
{
	uint8_t *out = pqm_arena_alloc(arena, name.n + 1);

	for (size_t i = 0; out != NULL && i < name.n; i++)
		out[i] = name.p[i] >= 'A' && name.p[i] <= 'Z' ? (uint8_t)(name.p[i] + 32)
							      : name.p[i];
	return (pqm_bytes){ out, out == NULL ? 0 : name.n };
}

/* A module of Go has its major version in its path: "github.com/x/y/v4". */
static pqm_bytes normal_go(pqm_bytes name)
{
	size_t at = name.n;

	while (at > 0 && name.p[at - 1] >= '0' && name.p[at - 1] <= '9')
		at--;
	if (at < name.n && at > 2 && name.p[at - 1] == 'v' && name.p[at - 2] == '/')
		return pqm_sub(name, 0, at - 2);
	return name;
}

pqm_bytes pqm_pkg_normal(struct pqm_arena *arena, pqm_bytes ecosystem, pqm_bytes name)
{
	if (pqm_eqs(ecosystem, "pypi"))
		return normal_python(arena, name);
	if (pqm_eqs(ecosystem, "go"))
		return normal_go(name);
	if (pqm_eqs(ecosystem, "maven") || pqm_eqs(ecosystem, "gem") || pqm_eqs(ecosystem, "cargo"))
		return name;
	return normal_small(arena, name);
}

pqm_bytes pqm_pkg_brings(const struct pqm_rule *rule, pqm_bytes version)
{
	const struct pqm_yaml *list = pqm_yaml_get(rule->node, "brings");

	for (uint32_t i = 0; version.n > 0 && list != NULL && i < list->n; i++)
		if (is_about(list->items[i], version))
			return pqm_yaml_str(list->items[i], "what");
	return (pqm_bytes){ NULL, 0 };
}

static pqm_bytes join(struct pqm_arena *arena, const struct pqm_yaml *list)
{
	pqm_bytes all = { NULL, 0 };

	for (uint32_t i = 0; list != NULL && i < list->n; i++)
		all = pqm_arena_f(arena, "%.*s%s%.*s", PQM_FMT(all), i == 0 ? "" : ",",
			PQM_FMT(pqm_yaml_text(list->items[i])));
	return all;
}

enum pqm_st pqm_pkg_fill(struct pqm_found *f, const struct pqm_rules *r,
	const struct pqm_rule *rule, struct pqm_arena *arena)
{
	const struct pqm_yaml *offers = pqm_yaml_get(rule->node, "offers");
	const struct pqm_alg_ref *ref = offers == NULL || offers->n == 0
		? NULL
		: pqm_alg_by_name(r, pqm_yaml_text(offers->items[0]));
	pqm_bytes id = pqm_bytes_dup(arena, rule->id);

	f->rule = rule->id;
	f->meaning = PQM_OFFER;
	f->family = PQM_LIT("unknown");
	f->quantum = PQM_Q_UNKNOWN;
	(void)pqm_quantum_parse(pqm_yaml_str(rule->node, "quantum"), &f->quantum);
	if (ref != NULL) {
		f->family = (pqm_bytes){ NULL, 0 };
		pqm_alg_fill(f, ref);
	}
	/* The size or curve is the caller's choice, unless one is all there is. */
	if (offers != NULL && offers->n > 1)
		f->function = PQM_FN_ANY;
	(void)pqm_function_parse(pqm_yaml_str(rule->node, "function"), &f->function);
	if (id.p == NULL)
		return PQM_ENOMEM;
	pqm_found_attr(f, "offers", join(arena, offers));
	pqm_found_attr(f, "product", pqm_yaml_str(rule->node, "product"));
	pqm_rule_fill(f, r, (const char *)id.p);
	return PQM_OK;
}

bool pqm_pkg_rule_fits(const struct pqm_rules *r, const struct pqm_rule *rule, pqm_bytes sample)
{
	pqm_bytes name = { NULL, 0 };

	(void)r;
	return pqm_split(&sample, ' ', &name) && is_listed(rule, name) &&
		is_about(rule->node, sample);
}

bool pqm_pkg_rule_is_sound(const struct pqm_rules *r, const struct pqm_rule *rule)
{
	const struct pqm_yaml *offers = pqm_yaml_get(rule->node, "offers");

	for (uint32_t i = 0; offers != NULL && i < offers->n; i++)
		if (pqm_alg_by_name(r, pqm_yaml_text(offers->items[i])) == NULL)
			return false;
	return offers != NULL;
}
