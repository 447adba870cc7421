#include "ai_files.h"

#include "base/num.h"
#include "view_text.h"

#define GROUP "file.pqmap.dev"

static uint64_t number_of(const struct pqm_object *o, const char *key)
{
	uint64_t n = 0;

	return pqm_u64_parse(pqm_object_fact(o, key), UINT64_MAX, &n) ? n : 0;
}

static int by_size(const void *x, const void *y)
{
	const struct pqm_object *a = *(const struct pqm_object *const *)x;
	const struct pqm_object *c = *(const struct pqm_object *const *)y;
	uint64_t n = number_of(a, "bytes"), m = number_of(c, "bytes");
	int d = (n < m) - (n > m);

	if (d == 0)
		d = (a->target > c->target) - (a->target < c->target);
	return d != 0 ? d : pqm_cmp(a->path, c->path);
}

struct pqm_ai_files pqm_ai_files(const struct pqm_inventory *inv, struct pqm_arena *arena)
{
	struct pqm_ai_files f = { 0 };

	/* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers is meant */
	f.file = pqm_arena_array(arena, inv->n_objects + 1, sizeof(*f.file));
	for (size_t i = 0; f.file != NULL && i < inv->n_objects; i++) {
		const struct pqm_object *o = &inv->objects[i];
		bool model = pqm_eqs(o->kind, "Model"), data = pqm_eqs(o->kind, "Dataset");

		if (!pqm_eqs(o->group, GROUP) || (!model && !data && !pqm_eqs(o->kind, "Index")))
			continue;
		f.n_models += model;
		f.n_datasets += data;
		f.n_indexes += !model && !data;
		f.bytes += number_of(o, "bytes");
		f.parameters += model ? number_of(o, "parameters") : 0;
		f.file[f.n++] = o;
	}
	if (f.n > 1)
		/* NOLINTNEXTLINE(bugprone-sizeof-expression): likewise */
		qsort(f.file, f.n, sizeof(*f.file), by_size);
	return f;
}

static pqm_bytes add(
	struct pqm_arena *arena, pqm_bytes said, size_t n, const char *one, const char *many)
{
	if (n == 0)
		return said;
	return pqm_arena_f(arena, "%.*s%s%.*s", PQM_FMT(said), said.n > 0 ? ", " : "",
		PQM_FMT(pqm_text_n(arena, n, one, many)));
}

pqm_bytes pqm_ai_files_words(const struct pqm_ai_files *f, struct pqm_arena *arena)
{
	pqm_bytes said = { NULL, 0 };
	char size[32], count[32];

	if (f->n == 0)
		return said;
	said = add(arena, said, f->n_models, "model", "models");
	said = add(arena, said, f->n_datasets, "dataset", "datasets");
	said = add(arena, said, f->n_indexes, "index of embeddings", "indexes of embeddings");
	said = pqm_arena_f(arena, "%.*s: %s", PQM_FMT(said), pqm_human_bytes(size, f->bytes));
	if (f->parameters > 0)
		said = pqm_arena_f(arena, "%.*s, %s parameters", PQM_FMT(said),
			pqm_human_count(count, f->parameters));
	return said;
}
