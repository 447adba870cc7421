/* tasks_ends.c — who is at the other end of a hop, by name. */
#include "tasks_int.h"

#include "base/num.h"

#define NAMED_MAX 4

static const char no_clients[] = "no client of it is in what was scanned: OpenSSL >= 3.5, Go >= "
				 "1.24 and browsers of 2024 negotiate the "
				 "hybrid group at once, older ones stay classical";

struct namer {
	struct tk_maker *m;
	const struct tk_draft *d;
	pqm_bytes words;
	size_t n;
	uint32_t seen[NAMED_MAX];
};

static bool carries(const struct pqm_edge *e)
{
	static const char *const rels[] = { "talks-to", "loads", "stores", "reads", "registers" };

	for (size_t i = 0; i < sizeof(rels) / sizeof(rels[0]); i++)
		if (pqm_eqs(e->rel, rels[i]))
			return true;
	return false;
}

/* "Hybrid-capable crypto library in X", when the plan has that task. */
static pqm_bytes until(struct namer *w, uint32_t workload)
{
	uint32_t image = w->m->ix.image[workload];
	const struct pqm_node *n = tk_node(w->m, image != TK_NO_NODE ? image : workload);
	uint32_t i =
		tk_find(w->m, pqm_arena_f(w->m->arena, "library-upgrade:%.*s", PQM_FMT(n->id)));

	return i == UINT32_MAX ? (pqm_bytes){ NULL, 0 }
			       : pqm_arena_f(w->m->arena,
					 " stays classical until its task 'Hybrid-capable crypto "
					 "library in %.*s'",
					 PQM_FMT(w->m->d[i].label));
}

static void name(struct namer *w, uint32_t workload)
{
	const struct pqm_node *n = tk_node(w->m, workload), *image;
	pqm_bytes after;

	for (size_t i = 0; i < w->n && i < NAMED_MAX; i++)
		if (w->seen[i] == workload)
			return;
	if (w->n < NAMED_MAX)
		w->seen[w->n] = workload;
	if (w->n++ >= NAMED_MAX)
		return;
	image = tk_node(w->m, w->m->ix.image[workload]);
	after = until(w, workload);
	w->words = pqm_arena_f(w->m->arena, "%.*s%s%.*s (%s%.*s%s)%.*s", PQM_FMT(w->words),
		w->n > 1 ? "; " : "", PQM_FMT(n->id), image == NULL ? "image not told" : "image ",
		PQM_FMT((image == NULL ? PQM_LIT("") : image->name)),
		after.n > 0 ? ", library not known to have ML-KEM" : "", PQM_FMT(after));
}

static void name_callers(struct namer *w, uint32_t node)
{
	const struct pqm_graph *g = w->m->g;

	for (size_t i = 0; node < g->n_nodes && i < g->n_edges; i++)
		if (g->edges[i].to == node && carries(&g->edges[i]) &&
			tk_is_of(w->m, g->edges[i].from, PQM_NODE_WORKLOAD, PQM_NODE_WORKLOAD))
			name(w, g->edges[i].from);
}

/* Workloads that talk to the listening end, as far as the graph knows them. */
pqm_bytes tk_clients_of(struct tk_maker *m, const struct tk_draft *d)
{
	struct namer w = { .m = m, .d = d };
	const struct pqm_hop *h = d->hop;
	char count[32];

	if (h == NULL)
		return (pqm_bytes){ NULL, 0 };
	if (h->from == h->to && tk_is_of(m, h->to, PQM_NODE_WORKLOAD, PQM_NODE_WORKLOAD))
		return pqm_arena_f(m->arena, "all pods of %.*s", PQM_FMT(tk_node(m, h->to)->id));
	if (tk_is_of(m, h->from, PQM_NODE_WORKLOAD, PQM_NODE_WORKLOAD) && h->from != d->site.server)
		name(&w, h->from);
	name_callers(&w, h->to);
	if (tk_is_of(m, h->from, PQM_NODE_SERVICE, PQM_NODE_SERVICE) &&
		!tk_is_of(m, h->to, PQM_NODE_EDGE, PQM_NODE_EDGE))
		name_callers(&w, h->from);
	if (w.n == 0)
		return pqm_str(no_clients);
	if (w.n > NAMED_MAX)
		w.words = pqm_arena_f(m->arena, "%.*s; and %s more", PQM_FMT(w.words),
			pqm_human_count(count, w.n - NAMED_MAX));
	return pqm_arena_f(m->arena, "%s: %.*s", w.n > 1 ? "clients" : "client", PQM_FMT(w.words));
}
