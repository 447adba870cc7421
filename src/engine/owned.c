/* owned.c — libraries that findings name, tied to the package that brings them where a database tells. */
#include "detect/packages.h"
#include "engine.h"
#include "rules/k8s.h"

#define GROUP "image.pqmap.dev"

struct database {
	const struct pqm_object *o;
	pqm_bytes root; /* what stands before the paths of its file system */
};

struct owners {
	struct pqm_inventory *inv;
	struct pqm_arena arena;
	struct database *bases;
	size_t n_bases, cap_bases;
	const struct pqm_rule **rules; /* with sonames */
	size_t n_rules, cap_rules;
};

static pqm_bytes root_of(pqm_bytes path)
{
	size_t root = 0;

	if (pqm_package_form(path, &root) == PQM_PACKAGES_NONE)
		return (pqm_bytes){ NULL, 0 };
	return pqm_sub(path, 0, root);
}

static bool find_bases(struct owners *w)
{
	for (size_t i = 0; i < w->inv->n_objects; i++) {
		const struct pqm_object *o = &w->inv->objects[i];
		struct database *grown;

		if (!pqm_eqs(o->group, GROUP) || !pqm_eqs(o->kind, "Packages"))
			continue;
		grown = pqm_grow(&w->arena, w->bases, w->n_bases, &w->cap_bases);
		if (grown == NULL)
			return false;
		w->bases = grown;
		w->bases[w->n_bases++] = (struct database){ o, root_of(o->path) };
	}
	return true;
}

static bool find_rules(struct owners *w, const struct pqm_rules *r)
{
	const struct pqm_rule *rule;
	size_t i = 0;

	while ((rule = pqm_rules_next(r, "images/", &i)) != NULL) {
		if (pqm_yaml_get(rule->node, "sonames") == NULL)
			continue;
		/* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers is meant */
		const struct pqm_rule **grown =
			pqm_grow(&w->arena, w->rules, w->n_rules, &w->cap_rules);

		if (grown == NULL)
			return false;
		w->rules = grown;
		w->rules[w->n_rules++] = rule;
	}
	return true;
}

/* Where distributions put files. What brings its own libraries elsewhere is not told by their databases. */
static bool is_of_system(pqm_bytes path)
{
	static const char *const folders[] = { "bin/", "sbin/", "lib/", "lib64/", "usr/bin/",
		"usr/sbin/", "usr/lib/", "usr/lib64/", "usr/libexec/" };
	static const char *const own[] = { "-packages/", "node_modules/", "/jvm/" };

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (pqm_find(path, 0, pqm_str(own[i])) != SIZE_MAX)
			return false;
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		if (pqm_starts(path, pqm_str(folders[i])))
			return true;
	return false;
}

/* The package of the database that has the library; packages of a rule in their order. */
static const struct pqm_fact *package_in(
	const struct owners *w, const struct pqm_object *o, pqm_bytes library)
{
	for (size_t i = 0; i < w->n_rules; i++) {
		const struct pqm_yaml *names = pqm_yaml_get(w->rules[i]->node, "packages");

		if (names == NULL ||
			!pqm_k8s_listed(pqm_yaml_get(w->rules[i]->node, "sonames"), library))
			continue;
		for (uint32_t k = 0; k < names->n; k++)
			for (size_t f = 0; f < o->n_facts; f++)
				if (pqm_eq(o->facts[f].key, pqm_yaml_text(names->items[k])))
					return &o->facts[f];
	}
	return NULL;
}

static const struct pqm_fact *package_of(const struct owners *w, const struct pqm_occurrence *o)
{
	pqm_bytes library = pqm_occ_attr(o, "library");

	for (size_t i = 0; library.n > 0 && i < w->n_bases; i++) {
		const struct database *d = &w->bases[i];
		const struct pqm_fact *f;

		if (d->o->target != o->target || !pqm_starts(o->path, d->root) ||
			!is_of_system(pqm_sub(o->path, d->root.n, o->path.n)))
			continue;
		f = package_in(w, d->o, library);
		if (f != NULL)
			return f;
	}
	return NULL;
}

static bool tie(const struct owners *w, struct pqm_occurrence *o)
{
	const struct pqm_fact *f = package_of(w, o);
	struct pqm_attr *attrs;

	if (f == NULL)
		return true;
	attrs = pqm_new(&w->inv->arena, struct pqm_attr, o->n_attrs + 2);
	if (attrs == NULL)
		return false;
	for (size_t i = 0; i < o->n_attrs; i++)
		attrs[i] = o->attrs[i];
	attrs[o->n_attrs++] = (struct pqm_attr){ PQM_LIT("package"), f->key };
	attrs[o->n_attrs++] = (struct pqm_attr){ PQM_LIT("package_version"), f->value };
	o->attrs = attrs;
	return true;
}

bool pqm_owned_tie(struct pqm_inventory *inv, const struct pqm_rules *r)
{
	struct owners w = { .inv = inv };
	bool ok;

	pqm_arena_init(&w.arena, PQM_RUN_ARENA_BYTES);
	ok = find_bases(&w);
	if (ok && w.n_bases > 0)
		ok = find_rules(&w, r);
	for (size_t i = 0; ok && w.n_bases > 0 && i < inv->n_findings; i++)
		for (size_t k = 0; ok && k < inv->findings[i].n_occs; k++)
			ok = tie(&w, &inv->findings[i].occs[k]);
	pqm_arena_fini(&w.arena);
	return ok;
}
