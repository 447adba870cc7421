#include "ways.h"

#include "base/limits.h"

enum pqm_st pqm_ways_init(
	struct pqm_ways *w, const struct pqm_graph *g, struct pqm_arena *arena, struct pqm_err *err)
{
	size_t n = g->n_nodes;

	*w = (struct pqm_ways){ .g = g,
		.start = pqm_new(arena, uint32_t, n + 2),
		.touching = pqm_new(arena, uint32_t, 2 * g->n_edges + 1),
		.seen = pqm_new(arena, uint32_t, n + 1),
		.via = pqm_new(arena, uint32_t, n + 1),
		.queue = pqm_new(arena, uint32_t, PQM_WAY_VISITS) };
	if (w->start == NULL || w->touching == NULL || w->seen == NULL || w->via == NULL ||
		w->queue == NULL)
		return pqm_fail(err, PQM_ENOMEM, "report: no memory for the graph's ways");
	/* Counted two places ahead, so that filling leaves every start where it belongs. */
	for (size_t e = 0; e < g->n_edges; e++) {
		w->start[g->edges[e].from + 2]++;
		if (g->edges[e].to != g->edges[e].from)
			w->start[g->edges[e].to + 2]++;
	}
	for (size_t i = 2; i < n + 2; i++)
		w->start[i] += w->start[i - 1];
	for (uint32_t e = 0; e < g->n_edges; e++) {
		w->touching[w->start[g->edges[e].from + 1]++] = e;
		if (g->edges[e].to != g->edges[e].from)
			w->touching[w->start[g->edges[e].to + 1]++] = e;
	}
	return PQM_OK;
}

const struct pqm_hop *pqm_score_decider(const struct pqm_asset_score *s)
{
	return s->deciding < s->n_uses ? s->uses[s->deciding].hop : NULL;
}

uint32_t pqm_ways_edge(const struct pqm_ways *w, uint32_t a, uint32_t b)
{
	for (uint32_t i = w->start[a]; i < w->start[a + 1]; i++) {
		const struct pqm_edge *e = &w->g->edges[w->touching[i]];

		if ((e->from == a && e->to == b) || (e->from == b && e->to == a))
			return w->touching[i];
	}
	return PQM_WAY_NONE;
}

/* Relations along which content moves. An image, a class or a Secret that two workloads share is
 * no way from one to the other. */
static bool carries(const struct pqm_edge *e)
{
	static const char *const rels[] = { "carried-by", "serves", "routes", "talks-to", "stores",
		"loads", "derives" };

	for (size_t i = 0; i < sizeof(rels) / sizeof(rels[0]); i++)
		if (pqm_eqs(e->rel, rels[i]))
			return true;
	return false;
}

/* Breadth first, so the way is a shortest one; the first edge in the graph's order wins. */
static bool search(struct pqm_ways *w, uint32_t from, uint32_t to, bool any)
{
	size_t head = 0, tail = 0;

	w->question++;
	w->seen[from] = w->question;
	w->queue[tail++] = from;
	while (head < tail && w->seen[to] != w->question) {
		uint32_t at = w->queue[head++];

		for (uint32_t i = w->start[at]; i < w->start[at + 1]; i++) {
			const struct pqm_edge *e = &w->g->edges[w->touching[i]];
			uint32_t next = e->from == at ? e->to : e->from;

			if (w->seen[next] == w->question || (!any && !carries(e)) ||
				tail == PQM_WAY_VISITS)
				continue;
			w->seen[next] = w->question;
			w->via[next] = w->touching[i];
			w->queue[tail++] = next;
		}
	}
	return w->seen[to] == w->question;
}

/* Appends the nodes behind from, up to and with to; nothing when they are too many. */
static size_t unwind(
	const struct pqm_ways *w, struct pqm_way_step *out, size_t n, uint32_t from, uint32_t to)
{
	size_t steps = 0, k;

	for (uint32_t at = to; at != from; steps++) {
		const struct pqm_edge *e = &w->g->edges[w->via[at]];

		at = e->from == at ? e->to : e->from;
	}
	/* Room for the hop's far end stays. */
	if (n + steps >= PQM_WAY_STEPS)
		return n;
	k = n + steps;
	for (uint32_t at = to; at != from;) {
		const struct pqm_edge *e = &w->g->edges[w->via[at]];

		out[--k] = (struct pqm_way_step){ at, w->via[at] };
		at = e->from == at ? e->to : e->from;
	}
	return n + steps;
}

size_t pqm_way_to_hop(struct pqm_ways *w, struct pqm_way_step out[PQM_WAY_STEPS],
	const struct pqm_asset *a, const struct pqm_hop *h)
{
	size_t n = 0;

	if (a->node >= w->g->n_nodes)
		return 0;
	out[n++] = (struct pqm_way_step){ a->node, PQM_WAY_NONE };
	if (h == NULL || h->from >= w->g->n_nodes)
		return n;
	if (h->from != a->node) {
		bool found =
			search(w, a->node, h->from, false) || search(w, a->node, h->from, true);

		if (found)
			n = unwind(w, out, n, a->node, h->from);
		if (out[n - 1].node != h->from)
			out[n++] = (struct pqm_way_step){ h->from, PQM_WAY_NONE };
	}
	/* A way that came in through the hop's far end has shown it. */
	for (size_t i = 0; i < n; i++)
		if (out[i].node == h->to)
			return n;
	if (h->to < w->g->n_nodes)
		out[n++] = (struct pqm_way_step){ h->to, pqm_ways_edge(w, h->from, h->to) };
	return n;
}
