/* gb_images.c — images that were read join the workloads that run them: workload runs image, image contains
 * library, by the libraries that programs in it are linked with. */
#include "build.h"

#include "base/limits.h"

#define IMAGE_SCHEME "registry:"

/* The node of the image that a target is, or GB_NONE: nothing runs it. */
static uint32_t image_of(const struct gb *b, const struct pqm_target *t)
{
	const void *node;
	uint32_t i;

	if (!pqm_starts(t->name, PQM_LIT(IMAGE_SCHEME)))
		return GB_NONE;
	node = pqm_map_get(&b->nodes, pqm_sub(t->name, sizeof(IMAGE_SCHEME) - 1, SIZE_MAX));
	i = node == NULL ? GB_NONE : (uint32_t)((uintptr_t)node - 1);
	return i != GB_NONE && b->g->nodes[i].type == PQM_NODE_IMAGE ? i : GB_NONE;
}

/* By finding, then place: the first file that is linked with it stands for all. */
static void add_library(struct gb *b, uint32_t image, const struct pqm_occurrence *o)
{
	pqm_bytes library = pqm_occ_attr(o, "library"), version = pqm_occ_attr(o, "version");
	uint32_t node;

	if (library.n == 0)
		return;
	node = gb_node(b, PQM_NODE_OTHER,
		pqm_arena_f(
			b->arena, "%.*s#%.*s", PQM_FMT(b->g->nodes[image].id), PQM_FMT(library)),
		library);
	gb_edge(b,
		(struct pqm_edge){ .from = image,
			.to = node,
			.rel = PQM_LIT("contains"),
			.ref = version.n > 0 ? version : PQM_LIT("linked"),
			.path = o->path,
			.line = o->line });
}

void gb_images(struct gb *b)
{
	const struct pqm_inventory *inv = b->inv;
	uint32_t *image = pqm_new(b->arena, uint32_t, inv->n_targets + 1);
	bool any = false;

	if (image == NULL) {
		gb_fail(b, "images");
		return;
	}
	for (size_t i = 0; i < inv->n_targets; i++) {
		image[i] = image_of(b, &inv->targets[i]);
		any = any || image[i] != GB_NONE;
	}
	for (size_t i = 0; any && i < inv->n_findings && b->st == PQM_OK; i++)
		for (size_t k = 0; k < b->findings[i]->n_occs; k++) {
			const struct pqm_occurrence *o = &b->findings[i]->occs[k];

			if (o->target < inv->n_targets && image[o->target] != GB_NONE)
				add_library(b, image[o->target], o);
		}
}
