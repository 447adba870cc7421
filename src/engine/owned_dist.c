/* owned_dist.c — files of Python and Node packages: findings in them are told whose they are. */
#include "base/limits.h"
#include "base/map.h"
#include "detect/deps.h"
#include "engine.h"

/* A folder or file that one package brought. */
struct owner {
	pqm_bytes said; /* "pypi cryptography 42.0.5" */
	bool is_shared; /* by several packages: then by none */
};

struct owners {
	struct pqm_inventory *inv;
	struct pqm_arena arena;
	struct pqm_map by_path;
};

/* Where the last part of the first n bytes begins: behind a slash, or behind what stands before a member of an
 * archive. *end: where that which is before it ends. */
static size_t last_part(pqm_bytes path, size_t n, size_t *end)
{
	static const char inside[] = " › ";
	size_t len = sizeof(inside) - 1;

	for (; n > 0; n--) {
		if (path.p[n - 1] == '/') {
			*end = n - 1;
			return n;
		}
		if (pqm_ends(pqm_sub(path, 0, n), pqm_str(inside))) {
			*end = n - len;
			return n;
		}
	}
	*end = 0;
	return 0;
}

static bool put(struct owners *w, const struct pqm_object *o, pqm_bytes before, pqm_bytes top,
	pqm_bytes said)
{
	pqm_bytes key =
		pqm_arena_f(&w->arena, "%u:%.*s%.*s", o->target, PQM_FMT(before), PQM_FMT(top));
	struct owner *old, *new = pqm_new(&w->arena, struct owner, 1);

	if (key.p == NULL || new == NULL || said.p == NULL)
		return false;
	old = pqm_map_get(&w->by_path, key);
	if (old != NULL) {
		old->is_shared |= !pqm_eq(old->said, said);
		return true;
	}
	*new = (struct owner){ .said = said };
	return pqm_map_put(&w->by_path, key, new);
}

static bool add_package(struct owners *w, const struct pqm_object *o)
{
	struct pqm_arena *texts = &w->inv->arena;
	size_t end, start = last_part(o->path, o->path.n, &end);

	if (o->n_facts == 0 || start == 0)
		return true;
	if (pqm_eqs(o->kind, PQM_DIST_NODE_KIND))
		return put(w, o, pqm_sub(o->path, 0, end), (pqm_bytes){ NULL, 0 },
			pqm_arena_f(texts, "npm %.*s %.*s", PQM_FMT(o->facts[0].key),
				PQM_FMT(o->facts[0].value)));
	/* The folder of the description stands beside what it describes. */
	start = last_part(o->path, end, &end);
	for (size_t f = 0; f < o->n_facts; f++)
		if (!put(w, o, pqm_sub(o->path, 0, start), o->facts[f].key,
			    pqm_arena_f(texts, "pypi %.*s", PQM_FMT(o->facts[f].value))))
			return false;
	return true;
}

static bool is_package(const struct pqm_object *o)
{
	return pqm_eqs(o->group, PQM_DIST_GROUP);
}

/* The nearest folder around the file, or the file itself, that a package brought. */
static struct owner *owner_of(struct owners *w, const struct pqm_occurrence *o)
{
	char buf[4096 + 16];

	for (size_t n = o->path.n; n > 0 && n < 4096; (void)last_part(o->path, n, &n)) {
		int len = snprintf(
			buf, sizeof(buf), "%u:%.*s", o->target, PQM_FMT(pqm_sub(o->path, 0, n)));
		struct owner *found = len <= 0
			? NULL
			: pqm_map_get(
				  &w->by_path, (pqm_bytes){ (const uint8_t *)buf, (size_t)len });

		if (found != NULL)
			return found->is_shared ? NULL : found;
	}
	return NULL;
}

static bool tie(struct owners *w, struct pqm_occurrence *o)
{
	struct owner *owner;
	struct pqm_attr *attrs;

	/* What says which package it is about needs no owner. */
	if (pqm_occ_attr(o, "ecosystem").n > 0 || (owner = owner_of(w, o)) == NULL)
		return true;
	attrs = pqm_new(&w->inv->arena, struct pqm_attr, o->n_attrs + 1);
	if (attrs == NULL)
		return false;
	for (size_t i = 0; i < o->n_attrs; i++)
		attrs[i] = o->attrs[i];
	attrs[o->n_attrs++] = (struct pqm_attr){ PQM_LIT("owner"), owner->said };
	o->attrs = attrs;
	return true;
}

/* They have done their work; an image has a thousand of them. */
static void drop_packages(struct pqm_inventory *inv)
{
	size_t n = 0;

	for (size_t i = 0; i < inv->n_objects; i++)
		if (!is_package(&inv->objects[i]))
			inv->objects[n++] = inv->objects[i];
	inv->n_objects = n;
}

bool pqm_owned_dist(struct pqm_inventory *inv)
{
	struct owners w = { .inv = inv };
	size_t n_packages = 0;
	bool ok = true;

	for (size_t i = 0; i < inv->n_objects; i++)
		n_packages += is_package(&inv->objects[i]);
	if (n_packages == 0)
		return true;
	pqm_arena_init(&w.arena, PQM_RUN_ARENA_BYTES);
	for (size_t i = 0; ok && i < inv->n_objects; i++)
		ok = !is_package(&inv->objects[i]) || add_package(&w, &inv->objects[i]);
	for (size_t i = 0; ok && i < inv->n_findings; i++)
		for (size_t k = 0; ok && k < inv->findings[i].n_occs; k++)
			ok = tie(&w, &inv->findings[i].occs[k]);
	drop_packages(inv);
	pqm_map_fini(&w.by_path);
	pqm_arena_fini(&w.arena);
	return ok;
}
