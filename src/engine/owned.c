/* owned.c — libraries that findings name, tied to the package that brings them where a database tells. */
#include "detect/packages.h"
#include "engine.h"
#include "rules/k8s.h"

#define GROUP "image.pqmap.dev"

struct database {
	const struct pqm_object *o;
	pqm_bytes root;	  /* what stands before the paths of its file system */
	bool is_declared; /* a bill of materials: believed where no database has the library */
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

/* "oci:app:1 › /": a bill of materials is about all of the image that it is in. In a tree nothing says of what. */
static pqm_bytes image_of(pqm_bytes path)
{
	static const char before[] = " › /";
	size_t at = pqm_find(path, 0, pqm_str(before));

	return at == SIZE_MAX ? path : pqm_sub(path, 0, at + sizeof(before) - 1);
}

static bool find_bases(struct owners *w)
{
	for (size_t i = 0; i < w->inv->n_objects; i++) {
		const struct pqm_object *o = &w->inv->objects[i];
		struct database *grown;

		bool is_declared = pqm_eqs(o->kind, "SBOM");

		if (!pqm_eqs(o->group, GROUP) || (!is_declared && !pqm_eqs(o->kind, "Packages")))
			continue;
		grown = pqm_grow(&w->arena, w->bases, w->n_bases, &w->cap_bases);
		if (grown == NULL)
			return false;
		w->bases = grown;
		w->bases[w->n_bases++] = (struct database){ o,
			is_declared ? image_of(o->path) : root_of(o->path), is_declared };
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

/* is_declared: by bills of materials, instead of databases. */
static const struct pqm_fact *package_of(
	const struct owners *w, const struct pqm_occurrence *o, pqm_bytes library, bool is_declared)
{
	for (size_t i = 0; i < w->n_bases; i++) {
		const struct database *d = &w->bases[i];
		const struct pqm_fact *f;

		if (d->is_declared != is_declared || d->o->target != o->target ||
			!pqm_starts(o->path, d->root) ||
			!is_of_system(pqm_sub(o->path, d->root.n, o->path.n)))
			continue;
		f = package_in(w, d->o, library);
		if (f != NULL)
			return f;
	}
	return NULL;
}

/* What the database of the same file system has under that name. */
static const struct pqm_fact *same_name(const struct owners *w, const struct pqm_occurrence *o)
{
	pqm_bytes name = pqm_occ_attr(o, "package");

	for (size_t i = 0; i < w->n_bases; i++) {
		const struct database *d = &w->bases[i];

		if (d->is_declared || d->o->target != o->target || !pqm_starts(o->path, d->root))
			continue;
		for (size_t f = 0; f < d->o->n_facts; f++)
			if (pqm_eq(d->o->facts[f].key, name))
				return &d->o->facts[f];
	}
	return NULL;
}

static bool add(
	const struct owners *w, struct pqm_occurrence *o, const struct pqm_attr *more, size_t n)
{
	struct pqm_attr *attrs = pqm_new(&w->inv->arena, struct pqm_attr, o->n_attrs + n);

	if (attrs == NULL)
		return false;
	for (size_t i = 0; i < o->n_attrs; i++)
		attrs[i] = o->attrs[i];
	for (size_t i = 0; i < n; i++)
		attrs[o->n_attrs++] = more[i];
	o->attrs = attrs;
	return true;
}

/* A bill of materials and a database that differ are both told; each with the other's word. */
static bool compare(const struct owners *w, struct pqm_occurrence *o)
{
	const struct pqm_fact *f = same_name(w, o);
	struct pqm_attr other;

	if (f == NULL)
		return true;
	other = (struct pqm_attr){ pqm_eq(f->value, pqm_occ_attr(o, "package_version"))
			? PQM_LIT("confirmed_by")
			: PQM_LIT("contradicted_by"),
		pqm_arena_f(&w->inv->arena, "package database: %.*s", PQM_FMT(f->value)) };
	return other.value.p != NULL && add(w, o, &other, 1);
}

static bool tie(const struct owners *w, struct pqm_occurrence *o)
{
	pqm_bytes library = pqm_occ_attr(o, "library");
	const struct pqm_fact *f;
	bool is_declared = false;

	if (pqm_eqs(pqm_occ_attr(o, "source"), "SBOM"))
		return compare(w, o);
	if (library.n == 0)
		return true;
	f = package_of(w, o, library, false);
	if (f == NULL) {
		f = package_of(w, o, library, true);
		is_declared = f != NULL;
	}
	return f == NULL ||
		add(w, o,
			(const struct pqm_attr[]){ { PQM_LIT("package"), f->key },
				{ PQM_LIT("package_version"), f->value },
				{ PQM_LIT("package_source"), PQM_LIT("SBOM") } },
			is_declared ? 3 : 2);
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
