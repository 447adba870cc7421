/* aifile_sets.c — files that are one model together: shards and their index become one object, and each model is
 * told which signature covers it. */
#include "base/num.h"
#include "engine.h"

#define GROUP "file.pqmap.dev"
#define SHARD_DIGITS 5
#define FACTS_MORE 4
#define TYPES_MAX 16
#define TYPES_SAID 6

/* "folder/model-00002-of-00003.safetensors" */
struct shard {
	pqm_bytes stem, end; /* "folder/model", ".safetensors" */
	uint64_t no, of;
};

struct type {
	pqm_bytes name;
	uint64_t n;
};

struct set {
	struct pqm_object *first; /* the shard with the lowest number */
	struct shard key;
	uint64_t first_no, n_files, bytes, parameters, tensors;
	struct type types[TYPES_MAX];
	size_t n_types;
	bool has_parameters, is_at_least, are_types_known;
	struct pqm_object *index;
};

struct sets {
	struct pqm_inventory *inv;
	struct pqm_arena arena;
	struct pqm_map by_key;
	struct set **all;
	size_t n, cap;
	bool failed;
};

static bool is_ours(const struct pqm_object *o, const char *kind)
{
	return pqm_eqs(o->group, GROUP) && pqm_eqs(o->kind, kind);
}

static bool digits(pqm_bytes b, size_t at, uint64_t *out)
{
	pqm_bytes part = pqm_sub(b, at, SHARD_DIGITS);

	return part.n == SHARD_DIGITS && pqm_u64_parse(part, 99999, out);
}

static bool shard_of(pqm_bytes path, struct shard *s)
{
	size_t name = path.n, at;

	while (name > 0 && path.p[name - 1] != '/')
		name--;
	at = pqm_find(path, name, PQM_LIT("-of-"));
	if (at == SIZE_MAX || at < name + SHARD_DIGITS + 2 ||
		path.p[at - SHARD_DIGITS - 1] != '-' || !digits(path, at - SHARD_DIGITS, &s->no) ||
		!digits(path, at + 4, &s->of))
		return false;
	s->stem = pqm_sub(path, 0, at - SHARD_DIGITS - 1);
	s->end = pqm_sub(path, at + 4 + SHARD_DIGITS, path.n);
	return s->of > 1 && s->no >= 1 && s->no <= s->of && s->end.n > 1 && s->end.p[0] == '.';
}

static bool fact_u64(const struct pqm_object *o, const char *key, uint64_t *out)
{
	pqm_bytes v = pqm_object_fact(o, key);

	return v.n > 0 && pqm_u64_parse(v, UINT64_MAX, out);
}

static struct set *set_of(struct sets *s, const struct pqm_object *o, const struct shard *key)
{
	pqm_bytes text = pqm_arena_f(&s->arena, "%u|%.*s|%llu|%.*s|%.*s", o->target,
		PQM_FMT(key->stem), (unsigned long long)key->of, PQM_FMT(key->end),
		PQM_FMT(pqm_object_fact(o, "format")));
	struct set *set = text.p == NULL ? NULL : pqm_map_get(&s->by_key, text);
	struct set **grown;

	if (set != NULL || text.p == NULL)
		return set;
	/* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers is meant */
	grown = pqm_grow(&s->arena, s->all, s->n, &s->cap);
	set = pqm_new(&s->arena, struct set, 1);
	if (grown == NULL || set == NULL || !pqm_map_put(&s->by_key, text, set))
		return NULL;
	*set = (struct set){ .key = *key, .first_no = UINT64_MAX, .are_types_known = true };
	s->all = grown;
	s->all[s->n++] = set;
	return set;
}

/* "BF16 8192, F32 64" */
static void add_types(struct set *set, pqm_bytes text)
{
	pqm_bytes rest = text, one;
	size_t n = 0, i;

	while (text.n > 0 && pqm_split(&rest, ',', &one)) {
		size_t space;
		uint64_t count;

		one = pqm_trim(one);
		for (space = one.n; space > 0 && one.p[space - 1] != ' ';)
			space--;
		if (space < 2 || !pqm_u64_parse(pqm_sub(one, space, one.n), UINT64_MAX, &count)) {
			set->are_types_known = false;
			return;
		}
		one = pqm_sub(one, 0, space - 1);
		for (i = 0; i < set->n_types && !pqm_eq(set->types[i].name, one);)
			i++;
		if (i == TYPES_MAX) {
			set->are_types_known = false;
			return;
		}
		if (i == set->n_types)
			set->types[set->n_types++] = (struct type){ one, 0 };
		set->types[i].n += count;
		n++;
	}
	/* A shard with so many types may have more than it says. */
	if (n >= TYPES_SAID)
		set->are_types_known = false;
}

static void add(struct set *set, struct pqm_object *o, uint64_t no)
{
	uint64_t n;

	if (no < set->first_no) {
		set->first = o;
		set->first_no = no;
	}
	set->n_files++;
	if (fact_u64(o, "bytes", &n))
		set->bytes += n;
	if (fact_u64(o, "tensors", &n))
		set->tensors += n;
	set->is_at_least |= fact_u64(o, "parameters_min", &n);
	if (fact_u64(o, "parameters", &n) || fact_u64(o, "parameters_min", &n)) {
		set->is_at_least |= __builtin_add_overflow(set->parameters, n, &set->parameters);
		set->has_parameters = true;
	} else if (!pqm_eqs(pqm_object_fact(o, "format"), "gguf")) {
		/* Its header could not be read. The first of GGUF may have no tensors. */
		set->is_at_least = true;
	}
	add_types(set, pqm_object_fact(o, "types"));
}

static void collect(struct sets *s)
{
	struct pqm_inventory *inv = s->inv;

	for (size_t i = 0; i < inv->n_objects && !s->failed; i++) {
		struct pqm_object *o = &inv->objects[i];
		struct shard key;
		struct set *set;

		if (!is_ours(o, "Model") || !shard_of(o->path, &key))
			continue;
		set = set_of(s, o, &key);
		if (set == NULL)
			s->failed = true;
		else
			add(set, o, key.no);
	}
}

/* "folder/model.safetensors.index.json" stands for "folder/model-…-of-….safetensors". */
static void find_indexes(struct sets *s)
{
	struct pqm_inventory *inv = s->inv;

	for (size_t i = 0; i < inv->n_objects; i++) {
		struct pqm_object *o = &inv->objects[i];

		if (!is_ours(o, "Model") || !pqm_ends(o->path, PQM_LIT(".index.json")))
			continue;
		pqm_bytes name = pqm_sub(o->path, 0, o->path.n - sizeof(".index.json") + 1);

		for (size_t k = 0; k < s->n; k++) {
			struct set *set = s->all[k];

			if (set->first->target == o->target &&
				name.n == set->key.stem.n + set->key.end.n &&
				pqm_starts(name, set->key.stem) && pqm_ends(name, set->key.end))
				set->index = o;
		}
	}
}

static int most_first(const void *x, const void *y)
{
	const struct type *a = x, *b = y;

	if (a->n != b->n)
		return a->n < b->n ? 1 : -1;
	return pqm_cmp(a->name, b->name);
}

static pqm_bytes types_text(struct set *set, struct pqm_arena *arena)
{
	pqm_bytes out = { NULL, 0 };

	if (!set->are_types_known || set->n_types == 0)
		return out;
	qsort(set->types, set->n_types, sizeof(set->types[0]), most_first);
	for (size_t i = 0; i < set->n_types && i < TYPES_SAID; i++)
		out = pqm_arena_f(arena, "%.*s%s%.*s %llu", PQM_FMT(out), i > 0 ? ", " : "",
			PQM_FMT(set->types[i].name), (unsigned long long)set->types[i].n);
	return out;
}

/* What is counted anew for the set. */
static bool is_summed(pqm_bytes key)
{
	static const char *const keys[] = { "bytes", "parameters", "parameters_min", "tensors",
		"types" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (pqm_eqs(key, keys[i]))
			return true;
	return false;
}

static void put(struct pqm_object *o, struct pqm_fact *f, const char *key, pqm_bytes value)
{
	if (value.n > 0)
		f[o->n_facts++] = (struct pqm_fact){ pqm_str(key), value, 0, 0 };
}

static pqm_bytes number(struct pqm_arena *a, uint64_t n)
{
	return pqm_arena_f(a, "%llu", (unsigned long long)n);
}

/* A tensor that is in two shards is one: the index has each name once. */
static const char *parameters_key(const struct set *set, uint64_t *n)
{
	uint64_t named;

	if (set->index != NULL && fact_u64(set->index, "parameters", n))
		return "parameters";
	if (set->is_at_least || set->n_files < set->key.of)
		return "parameters_min";
	if (set->index != NULL && fact_u64(set->index, "tensors", &named) && set->tensors > named)
		return "parameters_max";
	return "parameters";
}

static bool write_set(struct sets *s, struct set *set)
{
	struct pqm_arena *a = &s->inv->arena;
	struct pqm_object *o = set->first;
	const struct pqm_fact *old = o->facts;
	size_t n_old = o->n_facts;
	struct pqm_fact *f = pqm_new(a, struct pqm_fact, n_old + 5 + FACTS_MORE);
	uint64_t n = set->parameters;
	const char *key = parameters_key(set, &n);

	if (f == NULL)
		return false;
	o->facts = f;
	o->n_facts = 0;
	for (size_t i = 0; i < n_old; i++)
		if (!is_summed(old[i].key))
			f[o->n_facts++] = old[i];
	put(o, f, "files",
		pqm_arena_f(a, "%llu of %llu", (unsigned long long)set->n_files,
			(unsigned long long)set->key.of));
	put(o, f, "bytes", number(a, set->bytes));
	if (set->has_parameters || set->index != NULL)
		put(o, f, key, number(a, n));
	if (set->tensors > 0)
		put(o, f, "tensors", number(a, set->tensors));
	put(o, f, "types", types_text(set, a));
	if (set->index != NULL)
		put(o, f, "index_bytes", pqm_object_fact(set->index, "tensor_bytes"));
	o->name = pqm_arena_f(a, "%.*s%.*s", PQM_FMT(set->key.stem), PQM_FMT(set->key.end));
	return o->name.p != NULL;
}

/* Only one object of a set stays, and no index of a set. */
static bool stays(struct sets *s, const struct pqm_object *o)
{
	struct shard key;
	const struct set *set;

	if (!is_ours(o, "Model"))
		return true;
	for (size_t k = 0; pqm_ends(o->path, PQM_LIT(".index.json")) && k < s->n; k++)
		if (s->all[k]->index == o)
			return false;
	if (!shard_of(o->path, &key) || (set = set_of(s, o, &key)) == NULL)
		return true;
	return set->first == o;
}

static void drop(struct sets *s)
{
	struct pqm_inventory *inv = s->inv;
	bool *keep = pqm_malloc(inv->n_objects + 1);
	size_t n = 0;

	if (keep == NULL) {
		s->failed = true;
		return;
	}
	for (size_t i = 0; i < inv->n_objects; i++)
		keep[i] = stays(s, &inv->objects[i]);
	for (size_t i = 0; i < s->n && !s->failed; i++)
		s->failed = !write_set(s, s->all[i]);
	for (size_t i = 0; i < inv->n_objects; i++)
		if (keep[i])
			inv->objects[n++] = inv->objects[i];
	inv->n_objects = n;
	pqm_free(keep);
}

/* ---- signatures ---- */

static pqm_bytes folder_of(pqm_bytes path)
{
	size_t n = path.n;

	while (n > 0 && path.p[n - 1] != '/')
		n--;
	return pqm_sub(path, 0, n);
}

/* "model.gguf.sig", "model.gguf.sigstore.json": of that file alone; else of all below its folder. */
static bool covers(const struct pqm_object *sig, const struct pqm_object *o)
{
	static const char *const ends[] = { ".sig", ".sigstore", ".sigstore.json" };
	pqm_bytes folder = folder_of(sig->path);

	if (sig->target != o->target)
		return false;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (pqm_ends(sig->path, pqm_str(ends[i])) &&
			pqm_eq(pqm_sub(sig->path, 0, sig->path.n - strlen(ends[i])), o->path))
			return true;
	return pqm_eqs(pqm_object_fact(sig, "covers"), "folder") && pqm_starts(o->path, folder);
}

/* The nearest folder's signature. */
static const struct pqm_object *signature_of(
	struct pqm_object *const *sigs, size_t n, const struct pqm_object *o)
{
	const struct pqm_object *best = NULL;

	for (size_t i = 0; i < n; i++)
		if (covers(sigs[i], o) && (best == NULL || sigs[i]->path.n > best->path.n))
			best = sigs[i];
	return best;
}

static bool say_signature(
	struct pqm_inventory *inv, struct pqm_object *o, const struct pqm_object *sig)
{
	struct pqm_fact *f = pqm_new(&inv->arena, struct pqm_fact, o->n_facts + 2);

	if (f == NULL)
		return false;
	for (size_t i = 0; i < o->n_facts; i++)
		f[i] = o->facts[i];
	o->facts = f;
	put(o, f, "signature", sig == NULL ? PQM_LIT("none found") : sig->path);
	if (sig != NULL)
		put(o, f, "signature_algorithm", pqm_object_fact(sig, "algorithm"));
	return true;
}

static void sign(struct sets *s)
{
	struct pqm_inventory *inv = s->inv;
	struct pqm_object **sigs = NULL;
	size_t n = 0, cap = 0;

	for (size_t i = 0; i < inv->n_objects && !s->failed; i++) {
		struct pqm_object **grown;

		if (!is_ours(&inv->objects[i], "Signature"))
			continue;
		/* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers is meant */
		grown = pqm_grow(&s->arena, sigs, n, &cap);
		s->failed = grown == NULL;
		if (grown != NULL) {
			sigs = grown;
			sigs[n++] = &inv->objects[i];
		}
	}
	for (size_t i = 0; i < inv->n_objects && !s->failed; i++)
		if (is_ours(&inv->objects[i], "Model"))
			s->failed = !say_signature(
				inv, &inv->objects[i], signature_of(sigs, n, &inv->objects[i]));
}

bool pqm_aifile_sets(struct pqm_inventory *inv)
{
	struct sets s = { .inv = inv };

	pqm_arena_init(&s.arena, PQM_RUN_ARENA_BYTES);
	collect(&s);
	if (!s.failed && s.n > 0) {
		find_indexes(&s);
		drop(&s);
	}
	if (!s.failed)
		sign(&s);
	pqm_map_fini(&s.by_key);
	pqm_arena_fini(&s.arena);
	return !s.failed;
}
