/* link.c — what a library's exports reach, raised to the programs that import them. */
#include "graph/link.h"

#include "base/limits.h"
#include "base/map.h"
#include "rules/libs.h"

/* Libraries of one soname in one target. */
struct copies {
	uint32_t *object;
	size_t n, cap;
};

struct linker {
	const struct pqm_inventory *inv;
	const struct pqm_libs *libs;
	const struct pqm_rules *r;
	struct pqm_arena *arena;
	struct pqm_map by_soname; /* "target soname" -> struct copies */
	struct pqm_raised *all;
	size_t n, cap;
};

/* One fact of a Library. */
struct reach {
	pqm_bytes name, callee, library, way;
};

bool pqm_link_is_ours(const struct pqm_object *o)
{
	return pqm_eqs(o->group, PQM_LINK_GROUP);
}

static pqm_bytes key_of(struct pqm_arena *arena, uint32_t target, pqm_bytes soname)
{
	return pqm_arena_f(arena, "%u %.*s", target, PQM_FMT(soname));
}

static enum pqm_st add_library(struct linker *k, uint32_t index)
{
	const struct pqm_object *o = &k->inv->objects[index];
	pqm_bytes key = key_of(k->arena, o->target, o->name);
	struct copies *c = key.p == NULL ? NULL : pqm_map_get(&k->by_soname, key);

	if (key.p == NULL)
		return PQM_ENOMEM;
	if (c == NULL) {
		c = pqm_new(k->arena, struct copies, 1);
		if (c == NULL || !pqm_map_put(&k->by_soname, key, c))
			return PQM_ENOMEM;
	}
	uint32_t *grown = pqm_grow(k->arena, c->object, c->n, &c->cap);

	if (grown == NULL)
		return PQM_ENOMEM;
	c->object = grown;
	c->object[c->n++] = index;
	return PQM_OK;
}

static size_t common(pqm_bytes a, pqm_bytes b)
{
	size_t n = 0;

	while (n < a.n && n < b.n && a.p[n] == b.p[n])
		n++;
	return n;
}

/* Several images or folders of a target may have the library: the nearest is meant. Objects are by path, so the
 * first of equally near ones is the same in each run. */
static const struct pqm_object *nearest(
	const struct linker *k, const struct copies *c, pqm_bytes path)
{
	const struct pqm_object *best = NULL;
	size_t most = 0;

	for (size_t i = 0; i < c->n; i++) {
		const struct pqm_object *o = &k->inv->objects[c->object[i]];
		size_t n = common(o->path, path);

		if (best == NULL || n > most) {
			best = o;
			most = n;
		}
	}
	return best;
}

static bool read_reach(pqm_bytes value, struct reach *out)
{
	pqm_bytes rest = value;

	return pqm_split(&rest, '\t', &out->name) && pqm_split(&rest, '\t', &out->callee) &&
		pqm_split(&rest, '\t', &out->library) && pqm_split(&rest, '\t', &out->way);
}

static const struct pqm_lib_rule *rule_of(const struct linker *k, pqm_bytes id)
{
	for (size_t i = 0; i < pqm_lib_rules_count(k->libs); i++)
		if (pqm_eq(pqm_lib_rule_at(k->libs, i)->rule->id, id))
			return pqm_lib_rule_at(k->libs, i);
	return NULL;
}

static bool starts_there(const struct reach *at)
{
	return pqm_starts(at->way, at->name) &&
		(at->way.n == at->name.n || at->way.p[at->name.n] == ' ' ||
			at->way.p[at->name.n] == '+');
}

/* The way of a call is the shortest one, which may start at another export. What both have in common then is its
 * end: "perform -> ... -> send+0x4a -> SSL_write". */
static pqm_bytes way_of(struct pqm_arena *arena, const struct reach *at)
{
	static const pqm_bytes arrow = { (const uint8_t *)" -> ", 4 };
	size_t last = SIZE_MAX, before = SIZE_MAX;

	if (starts_there(at))
		return at->way;
	for (size_t i = pqm_find(at->way, 0, arrow); i != SIZE_MAX;
		i = pqm_find(at->way, i + arrow.n, arrow)) {
		before = last;
		last = i;
	}
	pqm_bytes end =
		before == SIZE_MAX ? at->way : pqm_sub(at->way, before + arrow.n, at->way.n);

	return pqm_arena_f(arena, "%.*s -> ... -> %.*s", PQM_FMT(at->name), PQM_FMT(end));
}

/* One finding for all programs that use the library so: what is of one stands beside. */
static pqm_bytes say_why(
	const struct linker *k, const struct pqm_object *library, const struct pqm_lib_rule *m)
{
	const struct pqm_lib *lib =
		pqm_lib_by_name(k->libs, pqm_yaml_str(m->rule->node, "library"));

	return pqm_arena_f(k->arena,
		"program imports functions of %.*s, whose code leads to %.*s: %.*s",
		PQM_FMT(library->name),
		PQM_FMT(lib == NULL ? PQM_LIT("a library") : pqm_lib_title(lib)), PQM_FMT(m->why));
}

static enum pqm_st raise(struct linker *k, uint32_t program, const struct pqm_object *library,
	const struct pqm_lib_rule *m, const struct reach *by, size_t n_exports)
{
	struct pqm_raised *grown = pqm_grow(k->arena, k->all, k->n, &k->cap);

	if (grown == NULL)
		return PQM_ENOMEM;
	struct pqm_found f = {
		.rule = m->rule->id,
		.identity = pqm_arena_f(k->arena, "through/%.*s/%.*s", PQM_FMT(m->rule->id),
			PQM_FMT(library->name)),
		.meaning = PQM_USE,
		.function = m->function,
		.quantum = m->quantum,
		.classical = m->classical,
		.evidence = PQM_LINKED,
		.basis = PQM_IMPLIED,
		.family = m->family,
		.algorithm = m->algorithm,
		.parameter = m->parameter,
		.fix = m->fix,
		.object = by->name,
		.why = say_why(k, library, m),
	};

	if (f.identity.p == NULL || f.why.p == NULL)
		return PQM_ENOMEM;
	pqm_found_attr(&f, "through", library->name);
	pqm_found_attr(&f, "through_path", library->path);
	pqm_found_attr(&f, "library", by->library);
	pqm_found_attr(&f, "symbols",
		n_exports > 1 ? pqm_arena_f(k->arena, "%.*s +%zu", PQM_FMT(by->name), n_exports - 1)
			      : by->name);
	pqm_found_attr(&f, "witness", way_of(k->arena, by));
	pqm_found_attr(&f, "operation", m->operation);
	k->all = grown;
	k->all[k->n++] = (struct pqm_raised){ program, f };
	return PQM_OK;
}

/* Facts of a library stand rule by rule. Of the functions that a program imports the one is told whose way is
 * known in full. */
static enum pqm_st through(
	struct linker *k, uint32_t program, pqm_bytes packed, const struct pqm_object *library)
{
	enum pqm_st st = PQM_OK;

	for (size_t i = 0; i < library->n_facts && st == PQM_OK;) {
		pqm_bytes id = library->facts[i].key;
		const struct pqm_lib_rule *m = rule_of(k, id);
		struct reach first = { 0 }, at;
		size_t n = 0;

		for (; i < library->n_facts && pqm_eq(library->facts[i].key, id); i++)
			if (read_reach(library->facts[i].value, &at) &&
				pqm_link_has(packed, at.name) &&
				(n++ == 0 || (!starts_there(&first) && starts_there(&at))))
				first = at;
		if (n > 0 && m != NULL)
			st = raise(k, program, library, m, &first, n);
	}
	return st;
}

static enum pqm_st link_program(struct linker *k, uint32_t index)
{
	const struct pqm_object *o = &k->inv->objects[index];
	pqm_bytes packed = pqm_object_fact(o, "imports");
	enum pqm_st st = PQM_OK;

	for (size_t i = 0; i < o->n_facts && st == PQM_OK; i++) {
		if (!pqm_eqs(o->facts[i].key, "needs"))
			continue;
		pqm_bytes key = key_of(k->arena, o->target, o->facts[i].value);
		const struct copies *c = key.p == NULL ? NULL : pqm_map_get(&k->by_soname, key);

		if (key.p == NULL)
			return PQM_ENOMEM;
		const struct pqm_object *library = c == NULL ? NULL : nearest(k, c, o->path);

		if (library != NULL)
			st = through(k, index, packed, library);
	}
	return st;
}

static enum pqm_st link_all(struct linker *k)
{
	enum pqm_st st = PQM_OK;

	for (size_t i = 0; i < k->inv->n_objects && st == PQM_OK; i++)
		if (pqm_link_is_ours(&k->inv->objects[i]) &&
			pqm_eqs(k->inv->objects[i].kind, "Library"))
			st = add_library(k, (uint32_t)i);
	for (size_t i = 0; i < k->inv->n_objects && st == PQM_OK; i++)
		if (pqm_link_is_ours(&k->inv->objects[i]) &&
			pqm_eqs(k->inv->objects[i].kind, "Program"))
			st = link_program(k, (uint32_t)i);
	return st;
}

static bool has_libraries(const struct pqm_inventory *inv)
{
	for (size_t i = 0; i < inv->n_objects; i++)
		if (pqm_link_is_ours(&inv->objects[i]) && pqm_eqs(inv->objects[i].kind, "Library"))
			return true;
	return false;
}

enum pqm_st pqm_link(struct pqm_raised **out, size_t *n, const struct pqm_rules *r,
	const struct pqm_inventory *inv, struct pqm_arena *arena, struct pqm_err *err)
{
	struct linker k = { .inv = inv, .r = r, .arena = arena };

	*out = NULL;
	*n = 0;
	if (!has_libraries(inv)) /* the view of rules/libs takes a megabyte */
		return PQM_OK;
	if (pqm_rules_libs(&k.libs, r, err) != PQM_OK)
		return err->st;
	enum pqm_st st = link_all(&k);

	pqm_map_fini(&k.by_soname);
	if (st != PQM_OK)
		return pqm_fail(err, st, "out of memory while libraries were linked");
	*out = k.all;
	*n = k.n;
	return PQM_OK;
}
