/* gb_on.c — what an owner's `on:` names: an object by its id or, where only one fits, by less; and what it misses. */
#include "build.h"

static bool is_read(const struct gb *b, uint32_t node)
{
	return !b->g->nodes[node].is_ghost && b->g->nodes[node].type != PQM_NODE_ASSET;
}

/* "Kind/name" of any object, "name" of a workload: the one that fits, GB_NONE when several or none do. */
static uint32_t only_one(const struct gb *b, pqm_bytes said)
{
	pqm_bytes kind = said, name = { NULL, 0 };
	uint32_t found = GB_NONE;

	if (pqm_starts(said, PQM_LIT("./")))
		kind = pqm_sub(said, 2, said.n);
	size_t slash = pqm_find_byte(kind, 0, '/');

	if (slash != SIZE_MAX) {
		name = pqm_sub(kind, slash + 1, kind.n);
		kind = pqm_sub(kind, 0, slash);
	}
	for (uint32_t i = 0; i < b->g->n_nodes; i++) {
		const struct pqm_node *n = &b->g->nodes[i];
		bool fits = slash == SIZE_MAX
			? n->type == PQM_NODE_WORKLOAD && pqm_eq(n->name, kind)
			: pqm_eq(n->kind, kind) && pqm_eq(n->name, name);

		if (!fits || !is_read(b, i))
			continue;
		if (found != GB_NONE)
			return GB_NONE;
		found = i;
	}
	return found;
}

uint32_t gb_on(struct gb *b, pqm_bytes said)
{
	const void *known = pqm_map_get(&b->nodes, said);
	uint32_t n = known != NULL ? (uint32_t)((uintptr_t)known - 1) : only_one(b, said);

	if (n != GB_NONE)
		return n;
	n = gb_node(b, PQM_NODE_OTHER, said, said);
	if (n != GB_NONE)
		b->g->nodes[n].is_ghost = true;
	return n;
}

static pqm_bytes nearest_object(const struct gb *b, pqm_bytes said)
{
	size_t least = SIZE_MAX;
	pqm_bytes best = { NULL, 0 };

	for (uint32_t i = 0; i < b->g->n_nodes; i++) {
		const struct pqm_node *n = &b->g->nodes[i];
		size_t d = !is_read(b, i) || n->path.n == 0 ? SIZE_MAX : pqm_distance(said, n->id);

		if (d < least || (d == least && d != SIZE_MAX && pqm_cmp(n->id, best) < 0)) {
			least = d;
			best = n->id;
		}
	}
	return least * 2 > said.n ? (pqm_bytes){ NULL, 0 } : best;
}

static void doubt_near(struct gb *b, const struct gb_thing *t, const struct pqm_fact *f,
	const char *words, pqm_bytes near)
{
	pqm_bytes all = near.n == 0 ? pqm_str(words)
				    : pqm_arena_f(b->arena, "%s; the nearest is %.*s", words,
					      PQM_FMT(pqm_printable(b->arena, near)));
	pqm_bytes text = all.p == NULL ? all : pqm_arena_f(b->arena, "%.*s%c", PQM_FMT(all), 0);

	if (text.p == NULL)
		gb_fail(b, "declared values");
	else
		gb_doubt(b, t, f, (const char *)text.p);
}

/* Nothing but the declaration speaks of it. */
static bool is_nowhere(const struct gb *b, pqm_bytes said)
{
	const void *known = pqm_map_get(&b->nodes, said);
	size_t in = 0, out = 0;

	if (known == NULL)
		return false; /* said by less than its id, and found */
	uint32_t n = (uint32_t)((uintptr_t)known - 1);

	return b->g->nodes[n].is_ghost && gb_in(b, n, NULL, &in) == NULL &&
		gb_out(b, n, NULL, &out) == NULL;
}

static pqm_bytes nearest_key(const struct gb_thing *t, pqm_bytes said)
{
	const struct pqm_yaml *keys = t->kind == NULL ? NULL : t->kind->facts;
	size_t least = SIZE_MAX;
	pqm_bytes best = { NULL, 0 };

	for (size_t i = 0; keys != NULL && i < keys->n; i++) {
		pqm_bytes key = pqm_yaml_text(keys->items[i]);

		key = pqm_sub(key, 0, pqm_find_byte(key, 0, '['));
		if (pqm_distance(said, key) >= least)
			continue;
		least = pqm_distance(said, key);
		best = key;
	}
	return best;
}

void gb_on_check(struct gb *b)
{
	for (size_t i = 0; i < b->n_things && b->st == PQM_OK; i++) {
		const struct gb_thing *t = &b->things[i];
		const struct pqm_fact *f;
		size_t k = 0;

		if (!pqm_eqs(t->o->group, "pqmap.dev") || !pqm_eqs(t->o->kind, "Asset"))
			continue;
		while ((f = gb_fact(t->o, PQM_LIT("unknown-key"), &k)) != NULL && b->st == PQM_OK)
			doubt_near(b, t, f, "is no key of an asset and says nothing",
				nearest_key(t, f->value));
		k = 0;
		while ((f = gb_fact(t->o, PQM_LIT("on[*]"), &k)) != NULL && b->st == PQM_OK)
			if (is_nowhere(b, f->value))
				doubt_near(b, t, f, "under on: meets no object that was read",
					nearest_object(b, f->value));
	}
}
