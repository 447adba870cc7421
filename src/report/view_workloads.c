#include "view.h"

#include "report/view_text.h"

static void fill_signal(struct pqm_obj *o, const void *ctx, size_t i)
{
	const struct pqm_signal *s = &((const struct pqm_node *)ctx)->signals[i];
	pqm_bytes path = pqm_printable(o->arena, s->path);

	pqm_obj_text(o, "text", s->what);
	pqm_obj_f(o, "weight", "weight %g", s->weight);
	pqm_obj_text(o, "place",
		s->line > 0 ? pqm_arena_f(o->arena, "%.*s:%u", PQM_FMT(path), s->line) : path);
	pqm_obj_flag(o, "has_place", path.n > 0);
}

struct chosen {
	const struct pqm_node *node[PQM_VIEW_WORKLOADS];
};

static void fill_workload(struct pqm_obj *o, const void *ctx, size_t i)
{
	const struct pqm_node *n = ((const struct chosen *)ctx)->node[i];

	pqm_obj_text(o, "id", n->id);
	pqm_obj_text(o, "class", n->ai_class);
	pqm_obj_text(o, "level", pqm_str(pqm_ai_level(n->ai_confidence)));
	pqm_obj_text(o, "confidence", pqm_text_pct(o->arena, n->ai_confidence));
	pqm_obj_list(o, "signals", n->n_signals, fill_signal, n);
}

/* Objects with an AI class, in the order of the graph. */
void pqm_view_workloads(struct pqm_obj *o, const struct pqm_view *v)
{
	const struct pqm_graph *g = v->r->graph;
	struct chosen *c = pqm_new(o->arena, struct chosen, 1);
	size_t n = 0;

	for (size_t i = 0; i < g->n_nodes && c != NULL; i++) {
		if (g->nodes[i].ai_class.n == 0)
			continue;
		if (n < PQM_VIEW_WORKLOADS)
			c->node[n] = &g->nodes[i];
		n++;
	}
	n = pqm_view_cap(o, n, PQM_VIEW_WORKLOADS, "more", "has_more");
	pqm_obj_list(o, "rows", n, fill_workload, c);
	pqm_obj_flag(o, "has_rows", n > 0);
}
