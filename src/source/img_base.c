/* img_base.c — which layers of an image are those of the image that it was made from. */
#include "img.h"

enum pqm_st pqm_image_keep_base(
	const struct pqm_image *im, const struct pqm_image_options *o, struct pqm_err *err)
{
	struct pqm_image_base *b = o->wanted_base;
	pqm_bytes *digests = pqm_new(o->base_arena, pqm_bytes, im->n_layers + 1);
	pqm_bytes *diff_ids = pqm_new(o->base_arena, pqm_bytes, im->n_layers + 1);
	bool has_ids = im->config.n_diff_ids == im->n_layers;

	if (b->n > 0)
		return PQM_OK; /* of several images the first */
	if (digests == NULL || diff_ids == NULL)
		return pqm_fail(err, PQM_ENOMEM, "out of memory for a base image");
	for (size_t i = 0; i < im->n_layers; i++) {
		digests[i] = pqm_bytes_dup(o->base_arena, im->layers[i].digest);
		if (has_ids)
			diff_ids[i] = pqm_bytes_dup(o->base_arena, im->config.diff_ids[i]);
	}
	*b = (struct pqm_image_base){ digests, has_ids ? diff_ids : NULL, im->n_layers };
	return PQM_OK;
}

/* The same layer may be packed in another way: what is in it counts, where that is told. */
static bool is_layer(const struct pqm_image *im, const struct pqm_image_base *b, size_t i)
{
	if (b->diff_ids != NULL && im->config.n_diff_ids == im->n_layers)
		return pqm_eq(b->diff_ids[i], im->config.diff_ids[i]);
	return pqm_eq(b->digests[i], im->layers[i].digest);
}

size_t pqm_image_of_base(const struct pqm_image *im, const struct pqm_image_options *o)
{
	size_t most = 0;

	for (size_t k = 0; k < o->n_bases; k++) {
		const struct pqm_image_base *b = &o->bases[k];
		size_t n = 0;

		while (n < b->n && n < im->n_layers && is_layer(im, b, n))
			n++;
		/* An image that only shares the first layers has another base. */
		if (n == b->n && n > most)
			most = n;
	}
	return most;
}

static void no_note(struct pqm_sink *s, pqm_bytes path, const char *reason, const char *words)
{
	(void)s;
	(void)path;
	(void)reason;
	(void)words;
}

enum pqm_st pqm_image_bases(struct pqm_image_options *o, const char *const *names, size_t n,
	struct pqm_arena *arena, struct pqm_err *err)
{
	struct pqm_image_base *bases = pqm_new(arena, struct pqm_image_base, n + 1);
	enum pqm_st st = PQM_OK;

	if (bases == NULL)
		return pqm_fail(err, PQM_ENOMEM, "out of memory for a base image");
	for (size_t i = 0; i < n && st == PQM_OK; i++) {
		struct pqm_image_options ask = *o;
		struct pqm_sink sink = { .images = &ask, .note = no_note };
		const char *name = names[i];
		struct pqm_err why = { 0 };

		ask.wanted_base = &bases[i];
		ask.base_arena = arena;
		if (!pqm_image_is_target(name))
			name = (const char *)pqm_arena_f(arena, "registry:%s", name).p;
		if (name == NULL)
			return pqm_fail(err, PQM_ENOMEM, "out of memory for a base image");
		st = pqm_src_image.walk(name, &sink, &why);
		if (st != PQM_OK)
			st = pqm_fail(err, PQM_EUSAGE, "--base %s: %s", names[i], why.msg);
	}
	o->bases = bases;
	o->n_bases = n;
	return st;
}
