#include "draw.h"

enum pqm_st pqm_draw_init(struct pqm_draw *d, struct pqm_ways *w, size_t max,
	struct pqm_arena *arena, struct pqm_err *err)
{
	size_t n = w->g->n_nodes;

	*d = (struct pqm_draw){ .g = w->g,
		.ways = w,
		.arena = arena,
		.max = max < n ? max : n,
		.nodes = pqm_new(arena, uint32_t, n + 1),
		.has = pqm_new(arena, bool, n + 1),
		.is_lit = pqm_new(arena, bool, n + 1),
		.link_of = pqm_new(arena, uint32_t, w->g->n_edges + 1) };
	if (d->nodes == NULL || d->has == NULL || d->is_lit == NULL || d->link_of == NULL)
		return pqm_fail(err, PQM_ENOMEM, "report: no memory for the drawing");
	return PQM_OK;
}

static void take(struct pqm_draw *d, uint32_t node)
{
	if (node >= d->g->n_nodes || d->has[node] || d->n_nodes == d->max)
		return;
	d->has[node] = true;
	d->nodes[d->n_nodes++] = node;
}

/* Of an asset whose hops nothing tells, what carries it is still to be seen. */
static void take_carriers(struct pqm_draw *d, uint32_t asset)
{
	for (uint32_t i = d->ways->start[asset]; i < d->ways->start[asset + 1]; i++) {
		const struct pqm_edge *e = &d->g->edges[d->ways->touching[i]];

		if (e->from == asset && pqm_eqs(e->rel, "carried-by"))
			take(d, e->to);
	}
}

void pqm_draw_asset(struct pqm_draw *d, const struct pqm_asset_score *s)
{
	struct pqm_way_step steps[PQM_WAY_STEPS];
	size_t n = pqm_way_to_hop(d->ways, steps, s->asset, pqm_score_decider(s));

	for (size_t i = 0; i < n; i++) {
		take(d, steps[i].node);
		d->is_lit[steps[i].node] = true;
	}
	for (size_t i = 0; i < s->asset->n_hops; i++) {
		take(d, s->asset->hops[i].from);
		take(d, s->asset->hops[i].to);
	}
	if (n == 1 && d->n_nodes > 0)
		take_carriers(d, steps[0].node);
}

/* What many share and nothing passes through: an image, an account, a class, a far host. */
static bool is_end(const struct pqm_node *n)
{
	return n->type == PQM_NODE_IMAGE || n->type == PQM_NODE_OTHER ||
		n->type == PQM_NODE_EXTERNAL;
}

static int by_number(const void *x, const void *y)
{
	const uint32_t *a = x, *b = y;

	return (*a > *b) - (*a < *b);
}

/* Goes on from the taken in the order in which they were taken. nodes holds the taken first, then
 * those that found no room. */
static size_t spread(struct pqm_draw *d, bool *near)
{
	size_t tail = d->n_nodes;

	for (size_t head = 0; head < tail; head++) {
		uint32_t at = d->nodes[head];

		if (is_end(&d->g->nodes[at]))
			continue;
		for (uint32_t i = d->ways->start[at]; i < d->ways->start[at + 1]; i++) {
			const struct pqm_edge *e = &d->g->edges[d->ways->touching[i]];
			uint32_t next = e->from == at ? e->to : e->from;

			if (near[next])
				continue;
			near[next] = true;
			d->nodes[tail++] = next;
		}
	}
	return tail;
}

void pqm_draw_around(struct pqm_draw *d)
{
	bool *near = pqm_new(d->arena, bool, d->g->n_nodes + 1);
	size_t n;

	if (d->n_nodes == 0)
		for (uint32_t i = 0; i < d->g->n_nodes; i++)
			d->nodes[i] = i;
	if (near == NULL || d->n_nodes == 0) {
		n = d->g->n_nodes;
	} else {
		for (size_t i = 0; i < d->n_nodes; i++)
			near[d->nodes[i]] = true;
		n = spread(d, near);
		d->n_apart = d->g->n_nodes - n;
	}
	d->n_nodes = n < d->max ? n : d->max;
	d->n_beyond = n - d->n_nodes;
	for (size_t i = 0; i < d->n_nodes; i++)
		d->has[d->nodes[i]] = true;
}

static struct pqm_draw_link *add_link(struct pqm_draw *d, struct pqm_draw_link l)
{
	struct pqm_draw_link *grown = pqm_grow(d->arena, d->links, d->n_links, &d->cap_links);

	if (grown == NULL)
		return NULL;
	d->links = grown;
	d->links[d->n_links] = l;
	return &d->links[d->n_links++];
}

enum pqm_st pqm_draw_links(struct pqm_draw *d, struct pqm_err *err)
{
	if (d->n_nodes > 1)
		qsort(d->nodes, d->n_nodes, sizeof(*d->nodes), by_number);
	for (uint32_t i = 0; i < d->g->n_edges; i++) {
		const struct pqm_edge *e = &d->g->edges[i];

		if (!d->has[e->from] || !d->has[e->to])
			continue;
		if (add_link(
			    d, (struct pqm_draw_link){ .from = e->from, .to = e->to, .edge = e }) ==
			NULL)
			return pqm_fail(err, PQM_ENOMEM, "report: no memory for the drawing");
		d->link_of[i] = (uint32_t)d->n_links;
	}
	return PQM_OK;
}

static int rank(enum pqm_verdict v)
{
	switch (v) {
	case PQM_V_PLAINTEXT:
		return 0;
	case PQM_V_CLASSICAL:
		return 1;
	case PQM_V_UNKNOWN:
		return 2;
	case PQM_V_HYBRID_CAPABLE:
		return 3;
	case PQM_V_HYBRID:
		return 4;
	}
	return 2;
}

/* Puts h at a place, moving what stands from there up to end one further. */
static void put(struct pqm_draw_link *l, size_t at, size_t end, const struct pqm_hop *h)
{
	for (size_t i = end; i > at; i--)
		l->hops[i] = l->hops[i - 1];
	l->hops[at] = h;
}

static void cross(struct pqm_draw_link *l, const struct pqm_hop *h, bool decides)
{
	size_t at = l->n_decide;

	for (size_t i = 0; i < l->n_hops; i++)
		if (pqm_eq(l->hops[i]->label, h->label) && l->hops[i]->verdict == h->verdict) {
			if (decides && i >= l->n_decide)
				put(l, l->n_decide++, i, h);
			return;
		}
	while (!decides && at < l->n_hops && rank(l->hops[at]->verdict) <= rank(h->verdict))
		at++;
	l->is_more = l->is_more || l->n_hops == PQM_DRAW_HOPS;
	if (at == PQM_DRAW_HOPS)
		return;
	if (l->n_hops < PQM_DRAW_HOPS)
		l->n_hops++;
	put(l, at, l->n_hops - 1, h);
	l->n_decide += decides;
}

static struct pqm_draw_link *link_between(struct pqm_draw *d, uint32_t from, uint32_t to)
{
	uint32_t e = from < d->g->n_nodes && to < d->g->n_nodes ? pqm_ways_edge(d->ways, from, to)
								: PQM_WAY_NONE;

	if (e != PQM_WAY_NONE && d->link_of[e] != 0)
		return &d->links[d->link_of[e] - 1];
	for (size_t i = 0; i < d->n_links; i++)
		if (d->links[i].edge == NULL && d->links[i].from == from && d->links[i].to == to)
			return &d->links[i];
	return add_link(d, (struct pqm_draw_link){ .from = from, .to = to });
}

/* Who speaks to an edge that something inside was reached by: the clients in front of it. */
static bool is_from_outside(const struct pqm_draw *d, const struct pqm_hop *h)
{
	return h->use == 'K' && d->g->nodes[h->to].type == PQM_NODE_EDGE &&
		(h->from == h->to || d->g->nodes[h->from].type == PQM_NODE_SERVICE);
}

static bool light(struct pqm_draw *d, const struct pqm_asset_score *s)
{
	struct pqm_way_step steps[PQM_WAY_STEPS];
	size_t n = pqm_way_to_hop(d->ways, steps, s->asset, pqm_score_decider(s));

	for (size_t i = 1; i < n; i++) {
		struct pqm_draw_link *l;

		if (!d->has[steps[i - 1].node] || !d->has[steps[i].node])
			continue;
		l = steps[i].edge != PQM_WAY_NONE && d->link_of[steps[i].edge] != 0
			? &d->links[d->link_of[steps[i].edge] - 1]
			: link_between(d, steps[i - 1].node, steps[i].node);
		if (l == NULL)
			return false;
		l->is_lit = true;
	}
	return true;
}

enum pqm_st pqm_draw_hops(struct pqm_draw *d, const struct pqm_asset_score *s, struct pqm_err *err)
{
	const struct pqm_hop *decider = pqm_score_decider(s);
	bool ok = light(d, s);

	for (size_t i = 0; i < s->asset->n_hops && ok; i++) {
		const struct pqm_hop *h = &s->asset->hops[i];
		struct pqm_draw_link *l;

		if (h->was != 0 && h != decider)
			continue; /* of the past: the same line as today's */
		if (h->from >= d->g->n_nodes || h->to >= d->g->n_nodes || !d->has[h->from] ||
			!d->has[h->to])
			continue;
		l = link_between(d,
			is_from_outside(d, h) ? PQM_DRAW_CLIENT + (uint8_t)h->exposure : h->from,
			h->to);
		ok = l != NULL;
		if (!ok)
			break;
		cross(l, h, h == decider);
		l->is_lit = l->is_lit || h == decider;
	}
	return ok ? PQM_OK : pqm_fail(err, PQM_ENOMEM, "report: no memory for the drawing");
}
