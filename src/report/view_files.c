#include "view.h"

#include "base/num.h"
#include "report/ai_files.h"
#include "report/view_text.h"

/* "RSA-OAEP, 3 of 12 columns"; what a file does not tell is left empty. */
static pqm_bytes sealed_words(struct pqm_obj *o, const struct pqm_object *f)
{
	pqm_bytes how = pqm_object_fact(f, "encryption"), what = pqm_object_fact(f, "encrypted");

	if (how.n == 0 || what.n == 0)
		return how;
	return pqm_arena_f(o->arena, "%.*s, %.*s", PQM_FMT(how), PQM_FMT(what));
}

static pqm_bytes count_words(struct pqm_obj *o, const struct pqm_object *f)
{
	static const struct {
		const char *key, *one, *many;
	} counts[] = {
		{ "parameters", "parameter", "parameters" },
		{ "rows", "row", "rows" },
		{ "dimension", "dimension", "dimensions" },
	};

	uint64_t n;

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		if (pqm_u64_parse(pqm_object_fact(f, counts[i].key), UINT64_MAX, &n))
			return pqm_text_n(o->arena, n, counts[i].one, counts[i].many);
	return (pqm_bytes){ NULL, 0 };
}

static void fill_file(struct pqm_obj *o, const void *ctx, size_t i)
{
	const struct pqm_object *f = ((const struct pqm_ai_files *)ctx)->file[i];
	pqm_bytes path = pqm_printable(o->arena, f->path), bytes = pqm_object_fact(f, "bytes");
	uint64_t n = 0;
	char size[32];

	(void)pqm_u64_parse(bytes, UINT64_MAX, &n);
	pqm_obj_text(o, "path", path);
	pqm_obj_text(o, "kind", f->kind);
	pqm_obj_text(o, "format", pqm_object_fact(f, "format"));
	pqm_obj_text(o, "bytes", bytes);
	pqm_obj_f(o, "size", "%s", pqm_human_bytes(size, n));
	pqm_obj_text(o, "count", count_words(o, f));
	pqm_obj_opt(o, "types", "has_types", pqm_object_fact(f, "types"));
	pqm_obj_opt(o, "sealed", "has_sealed", sealed_words(o, f));
	pqm_obj_flag(o, "no_sealed", pqm_object_fact(f, "encryption").n == 0);
}

void pqm_view_files(struct pqm_obj *o, const struct pqm_view *v)
{
	struct pqm_ai_files *f = pqm_new(o->arena, struct pqm_ai_files, 1);
	size_t n = 0;

	if (f != NULL) {
		*f = pqm_ai_files(v->r->inv, o->arena);
		n = f->n;
		pqm_obj_text(o, "summary", pqm_ai_files_words(f, o->arena));
	}
	pqm_obj_flag(o, "has_rows", n > 0);
	n = pqm_view_cap(o, n, PQM_VIEW_FILES, "more", "has_more");
	pqm_obj_list(o, "rows", n, fill_file, f);
}
