/* code_from.c — which exports of a library get to a call: the way back, breadth first. */
#include "code_args.h"

enum {
	SAME_BYTES = 64, /* as in code_reach.c: pointers of one object */
};

struct arc {
	uint32_t from, to; /* nodes: functions, then slots */
};

struct back {
	const struct pqm_img *g;
	struct pqm_arena *arena; /* of the caller */
	struct pqm_code *out;
	struct pqm_buf arcs, queue;
	uint32_t *first, *source; /* arcs by target */
	uint32_t *seen;		  /* by node: the last search that came there */
	uint32_t *export_of;	  /* by function: index of the export + 1 */
	size_t n_nodes, n_steps;
	bool has_memory;
};

static void add_arc(struct back *b, size_t from, size_t to)
{
	struct arc a = { (uint32_t)from, (uint32_t)to };

	b->has_memory &= pqm_buf_add(&b->arcs, (pqm_bytes){ (const uint8_t *)&a, sizeof(a) });
}

static void add_slot_arcs(struct back *b, size_t k)
{
	const struct pqm_img *g = b->g;
	const struct pqm_slot *s = &g->slots[k];

	if (k + 1 < g->n_slots && !s[1].is_start && s[1].at - s->at <= SAME_BYTES)
		add_arc(b, g->n_funcs + k, g->n_funcs + k + 1);
	if (s->is_import)
		return;
	uint32_t f = pqm_code_func(g, s->value);
	size_t to = pqm_code_slot(g, s->value);

	if (f != PQM_NO_FUNC)
		add_arc(b, g->n_funcs + k, f);
	else if (to < g->n_slots && g->slots[to].at - s->value <= SAME_BYTES)
		add_arc(b, g->n_funcs + k, g->n_funcs + to);
}

static void add_arcs(struct back *b)
{
	const struct pqm_img *g = b->g;

	for (size_t f = 0; f < g->n_funcs; f++) {
		size_t end = f + 1 < g->n_funcs ? g->funcs[f + 1].edges : g->n_edges;

		if ((g->funcs[f].flags & (PQM_F_API | PQM_F_LIB | PQM_F_STUB)) != 0)
			continue;
		for (size_t i = g->funcs[f].edges; i < end; i++) {
			const struct pqm_edge *e = &g->edges[i];
			bool is_func = e->kind == PQM_EDGE_CALL || e->kind == PQM_EDGE_TAKE;

			add_arc(b, f, is_func ? e->to : g->n_funcs + e->to);
		}
	}
	for (size_t k = 0; k < g->n_slots; k++)
		add_slot_arcs(b, k);
}

/* Sorts the arcs by where they lead to. */
static bool turn_round(struct back *b, struct pqm_arena *scratch)
{
	const struct arc *arcs = (const struct arc *)(const void *)b->arcs.p;
	size_t n = b->arcs.n / sizeof(*arcs);

	b->first = pqm_new(scratch, uint32_t, b->n_nodes + 2);
	b->source = pqm_new(scratch, uint32_t, n);
	b->seen = pqm_new(scratch, uint32_t, b->n_nodes);
	if (b->first == NULL || b->source == NULL || b->seen == NULL)
		return false;
	for (size_t i = 0; i < n; i++)
		b->first[arcs[i].to + 2]++;
	for (size_t i = 2; i < b->n_nodes + 2; i++)
		b->first[i] += b->first[i - 1];
	for (size_t i = 0; i < n; i++)
		b->source[b->first[arcs[i].to + 1]++] = arcs[i].from;
	return true;
}

static bool list_exports(struct back *b, struct pqm_arena *scratch)
{
	const struct pqm_img *g = b->g;
	size_t n = 0;

	b->export_of = pqm_new(scratch, uint32_t, g->n_funcs);
	for (size_t f = 0; f < g->n_funcs; f++)
		n += (g->funcs[f].flags & PQM_F_EXPORT) != 0 && g->funcs[f].name != 0;
	b->out->exports = pqm_new(b->arena, pqm_bytes, n);
	if (b->export_of == NULL || b->out->exports == NULL)
		return false;
	for (size_t f = 0; f < g->n_funcs; f++)
		if ((g->funcs[f].flags & PQM_F_EXPORT) != 0 && g->funcs[f].name != 0) {
			b->out->exports[b->out->n_exports++] = g->names[g->funcs[f].name - 1].text;
			b->export_of[f] = (uint32_t)b->out->n_exports;
		}
	return true;
}

static void come_to(struct back *b, uint32_t node, uint32_t search)
{
	if (b->seen[node] == search)
		return;
	b->seen[node] = search;
	b->n_steps++;
	b->has_memory &=
		pqm_buf_add(&b->queue, (pqm_bytes){ (const uint8_t *)&node, sizeof(node) });
}

/* The exports behind function f, as indexes in their order. */
static bool search(struct back *b, uint32_t f, uint32_t number, struct pqm_call *c)
{
	size_t n = 0;

	b->queue.n = 0;
	come_to(b, f, number);
	for (size_t at = 0; b->has_memory && at < b->queue.n; at += sizeof(uint32_t)) {
		uint32_t node;

		memcpy(&node, b->queue.p + at, sizeof(node));
		n += node < b->g->n_funcs && b->export_of[node] != 0;
		for (size_t i = b->first[node]; i < b->first[node + 1]; i++)
			come_to(b, b->source[i], number);
	}
	c->from = pqm_new(b->arena, uint32_t, n < PQM_CODE_FROM ? n : PQM_CODE_FROM);
	if (c->from == NULL || !b->has_memory)
		return false;
	for (size_t i = 0; i < b->g->n_funcs && c->n_from < n && c->n_from < PQM_CODE_FROM; i++)
		if (b->export_of[i] != 0 && b->seen[i] == number)
			c->from[c->n_from++] = b->export_of[i] - 1;
	return true;
}

static bool search_all(struct back *b, const struct pqm_found_calls *all)
{
	uint32_t number = 0;

	for (size_t i = 0; i < b->out->n_calls && b->n_steps < PQM_CODE_BACK_STEPS; i++) {
		uint32_t f = all->call[i].func;

		if (f == PQM_NO_FUNC)
			continue;
		/* Calls of one function stand behind each other. */
		if (i > 0 && all->call[i - 1].func == f) {
			b->out->calls[i].from = b->out->calls[i - 1].from;
			b->out->calls[i].n_from = b->out->calls[i - 1].n_from;
		} else if (!search(b, f, ++number, &b->out->calls[i])) {
			return false;
		}
	}
	return true;
}

enum pqm_st pqm_code_from(const struct pqm_img *g, const struct pqm_found_calls *all,
	struct pqm_code *out, struct pqm_arena *arena, struct pqm_err *err)
{
	struct back b = { .g = g,
		.arena = arena,
		.out = out,
		.n_nodes = g->n_funcs + g->n_slots,
		.has_memory = true };

	if (g->is_cut || g->n_edges > PQM_CODE_BACK_EDGES || g->n_slots > PQM_CODE_BACK_EDGES)
		return PQM_OK;
	pqm_buf_init(&b.arcs, 3 * PQM_CODE_BACK_EDGES * sizeof(struct arc));
	pqm_buf_init(&b.queue, b.n_nodes * sizeof(uint32_t));
	add_arcs(&b);
	bool ok = b.has_memory && list_exports(&b, g->arena) && turn_round(&b, g->arena) &&
		search_all(&b, all);

	pqm_buf_fini(&b.arcs);
	pqm_buf_fini(&b.queue);
	return ok ? PQM_OK : pqm_fail(err, PQM_ENOMEM, "code: out of memory");
}
