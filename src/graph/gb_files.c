#include "gb_signals.h"

#include "build.h"

/* Workloads that name a model, dataset or index file that was read too. */

#define GROUP "file.pqmap.dev"
#define ENDS " \t\n\r\"'=,:;()[]{}"
#define NAME_MIN 3

static pqm_bytes last_part(pqm_bytes path)
{
	size_t at = path.n;

	while (at > 0 && path.p[at - 1] != '/')
		at--;
	return pqm_sub(path, at, path.n);
}

static pqm_bytes folder_of(pqm_bytes path)
{
	pqm_bytes name = last_part(path);

	return name.n < path.n ? pqm_sub(path, 0, path.n - name.n - 1) : (pqm_bytes){ NULL, 0 };
}

void gb_files(struct gb *b, struct pqm_map *files)
{
	for (size_t i = 0; i < b->inv->n_objects && b->st == PQM_OK; i++) {
		const struct pqm_object *o = &b->inv->objects[i];
		pqm_bytes name = last_part(o->path);

		if (!pqm_eqs(o->group, GROUP) || name.n < NAME_MIN ||
			pqm_map_get(files, name) != NULL)
			continue;
		if (!pqm_map_put(files, name, (void *)(uintptr_t)(i + 1)))
			gb_fail(b, "files");
	}
}

/* "/models/llama/model.gguf" names a file in a folder llama; "model.gguf" alone one in any. */
static const struct pqm_object *named(
	const struct gb *b, const struct pqm_map *files, pqm_bytes word)
{
	const void *found = pqm_map_get(files, last_part(word));
	const struct pqm_object *o = found == NULL ? NULL : &b->inv->objects[(uintptr_t)found - 1];
	pqm_bytes here = folder_of(word);

	return o != NULL && (here.n == 0 || pqm_eq(last_part(here), last_part(folder_of(o->path))))
		? o
		: NULL;
}

static const struct pqm_object *named_in(
	const struct gb *b, const struct pqm_map *files, pqm_bytes text)
{
	size_t from = 0;

	for (size_t i = 0; i <= text.n; i++) {
		if (i < text.n && strchr(ENDS, text.p[i]) == NULL)
			continue;
		const struct pqm_object *o =
			i - from < NAME_MIN ? NULL : named(b, files, pqm_sub(text, from, i - from));

		if (o != NULL)
			return o;
		from = i + 1;
	}
	return NULL;
}

static void show(struct gb *b, struct gb_signals *s, const struct pqm_object *file, uint32_t line)
{
	pqm_bytes kind =
		pqm_arena_f(b->arena, "%.*s/%.*s", PQM_FMT(file->group), PQM_FMT(file->kind));

	for (size_t i = 0; i < s->n && s->n_shown < GB_SIGNALS; i++) {
		const struct gb_signal *g = &s->signal[i];

		if (g->files == NULL || s->seen[i] || !pqm_k8s_listed(g->files, kind))
			continue;
		s->seen[i] = 1;
		s->shown[s->n_shown++] = (struct gb_shown){ g,
			pqm_arena_f(b->arena, "%.*s, %.*s", PQM_FMT(last_part(file->path)),
				PQM_FMT(pqm_object_fact(file, "format"))),
			line };
	}
}

void gb_files_of(
	struct gb *b, const struct pqm_map *files, const struct gb_thing *t, struct gb_signals *s)
{
	for (size_t i = 0; files->n > 0 && i < t->o->n_facts; i++) {
		const struct pqm_fact *f = &t->o->facts[i];
		const struct pqm_object *file = named_in(b, files, f->value);

		if (file != NULL)
			show(b, s, file, f->line);
	}
}
