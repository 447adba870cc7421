/* practices_index.c — look-up tables of a run: objects by name, edges by node, findings by object. */
#include "practices_int.h"

#include <stdlib.h>

void pr_no_memory(struct pr_ctx *c)
{
	if (c->st == PQM_OK)
		c->st = pqm_fail(c->err, PQM_ENOMEM, "practices: out of memory");
}

uint32_t pr_node(const struct pr_ctx *c, pqm_bytes id)
{
	const struct pqm_node *n = pqm_map_get(&c->nodes, id);

	return n == NULL ? PR_NONE : (uint32_t)(n - c->g->nodes);
}

static int by_object(const void *x, const void *y)
{
	const struct pr_placed *a = x, *b = y;
	int c = pqm_cmp(a->object, b->object);

	if (c == 0 && a->target != b->target)
		c = a->target < b->target ? -1 : 1;
	return c != 0 ? c : pqm_cmp(a->f->rule, b->f->rule);
}

/* "namespace/Kind/name" of where the finding is; what lies in a file of an image is at the image. */
static pqm_bytes place_of(const struct pr_ctx *c, const struct pqm_occurrence *at)
{
	size_t hash = pqm_find_byte(at->object, 0, '#');

	if (hash != SIZE_MAX)
		return pqm_sub(at->object, 0, hash);
	return at->object.n == 0 && at->target < c->inv->n_targets &&
			!pqm_eqs(pqm_occ_attr(at, "inside"), "program")
		? c->image[at->target]
		: (pqm_bytes){ NULL, 0 };
}

static void place_findings(struct pr_ctx *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->inv->n_findings; i++)
		n += c->inv->findings[i].n_occs;
	c->placed = pqm_new(&c->work, struct pr_placed, n + 1);
	if (c->placed == NULL) {
		pr_no_memory(c);
		return;
	}
	for (size_t i = 0; i < c->inv->n_findings; i++)
		for (size_t k = 0; k < c->inv->findings[i].n_occs; k++) {
			const struct pqm_occurrence *at = &c->inv->findings[i].occs[k];
			pqm_bytes object = place_of(c, at);

			if (object.n > 0)
				c->placed[c->n_placed++] = (struct pr_placed){ object, at->target,
					&c->inv->findings[i], at };
		}
	if (c->n_placed > 1)
		qsort(c->placed, c->n_placed, sizeof(*c->placed), by_object);
}

static void name_objects(struct pr_ctx *c)
{
	uint32_t last = PR_NONE;

	c->ids = pqm_new(&c->work, pqm_bytes, c->inv->n_objects);
	c->image = pqm_new(&c->work, pqm_bytes, c->inv->n_targets + 1);
	if (c->ids == NULL || c->image == NULL) {
		pr_no_memory(c);
		return;
	}
	for (size_t i = 0; i < c->inv->n_objects && c->st == PQM_OK; i++) {
		const struct pqm_object *o = &c->inv->objects[i];

		c->ids[i] = pqm_k8s_id(c->kinds, o, &c->work);
		if (c->ids[i].p == NULL)
			pr_no_memory(c);
		if (pqm_eqs(o->group, "image.pqmap.dev") && pqm_eqs(o->kind, "Image") &&
			o->target < c->inv->n_targets)
			c->image[o->target] = c->ids[i];
		if (o->target != last)
			c->n_targets++;
		last = o->target;
	}
}

static void link_edges(struct pr_ctx *c)
{
	const struct pqm_graph *g = c->g;

	c->first_out = pqm_new(&c->work, uint32_t, g->n_nodes);
	c->first_in = pqm_new(&c->work, uint32_t, g->n_nodes);
	c->next_out = pqm_new(&c->work, uint32_t, g->n_edges);
	c->next_in = pqm_new(&c->work, uint32_t, g->n_edges);
	if (c->first_out == NULL || c->first_in == NULL || c->next_out == NULL ||
		c->next_in == NULL) {
		pr_no_memory(c);
		return;
	}
	for (uint32_t e = 0; e < g->n_edges; e++) {
		c->next_out[e] = c->first_out[g->edges[e].from];
		c->first_out[g->edges[e].from] = e + 1;
		c->next_in[e] = c->first_in[g->edges[e].to];
		c->first_in[g->edges[e].to] = e + 1;
	}
	for (size_t i = 0; i < g->n_nodes && c->st == PQM_OK; i++)
		if (!pqm_map_put(&c->nodes, g->nodes[i].id, &g->nodes[i]))
			pr_no_memory(c);
	c->node = pqm_new(&c->work, uint32_t, c->inv->n_objects);
	if (c->node == NULL)
		pr_no_memory(c);
	for (size_t i = 0; c->st == PQM_OK && i < c->inv->n_objects; i++)
		c->node[i] = pr_node(c, c->ids[i]);
}

void pr_index(struct pr_ctx *c)
{
	name_objects(c);
	if (c->st == PQM_OK)
		link_edges(c);
	if (c->st == PQM_OK)
		place_findings(c);
}
