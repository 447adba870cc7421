/* tasks_ends.c — who is at the other end of a hop, by name. */
#include "tasks_int.h"

#include "base/num.h"

#define NAMED_MAX 4

static const char no_clients[] = "no client of it is in what was scanned: OpenSSL >= 3.5, Go >= "
				 "1.24 and browsers of 2024 negotiate the "
				 "hybrid group at once, older ones stay classical";

struct namer {
	struct tk_maker *m;
	pqm_bytes words;
	size_t n;
};

static bool carries(const struct pqm_edge *e)
{
	static const char *const rels[] = { "talks-to", "loads", "stores", "reads", "registers" };

	for (size_t i = 0; i < sizeof(rels) / sizeof(rels[0]); i++)
		if (pqm_eqs(e->rel, rels[i]))
			return true;
	return false;
}

/* ---- libraries of an image ---- */

static const struct pqm_rule *library_rule(const struct tk_maker *m, pqm_bytes name)
{
	const struct pqm_rule *rule;
	size_t i = 0;

	while ((rule = pqm_rules_next(m->r, "plan/libraries.yaml", &i)) != NULL)
		if (tk_library_is(rule, name))
			return rule;
	return NULL;
}

bool tk_library_is(const struct pqm_rule *rule, pqm_bytes name)
{
	const struct pqm_yaml *list = pqm_yaml_get(rule->node, "library");

	for (size_t i = 0; list != NULL && i < list->n; i++)
		if (pqm_eq(pqm_yaml_text(list->items[i]), name))
			return true;
	return false;
}

/* "OpenSSL 3.0.15"; *able: one of them knows hybrid groups. Empty: none was seen in it. */
static pqm_bytes libraries_of(const struct tk_maker *m, uint32_t image, bool *able)
{
	const struct pqm_graph *g = m->g;
	pqm_bytes out = { NULL, 0 };

	*able = false;
	if (image == TK_NO_NODE)
		return out;
	for (uint32_t i = m->ix.out.first[image]; i < m->ix.out.first[image + 1]; i++) {
		const struct pqm_edge *e = &g->edges[m->ix.out.edge[i]];
		const struct pqm_rule *rule =
			pqm_eqs(e->rel, "contains") ? library_rule(m, g->nodes[e->to].name) : NULL;
		pqm_bytes one;

		if (rule == NULL || e->ref.n == 0 || e->ref.p[0] < '0' || e->ref.p[0] > '9')
			continue;
		*able = *able ||
			tk_version_cmp(e->ref, pqm_yaml_str(rule->node, "hybrid_from")) >= 0;
		one = pqm_arena_f(m->arena, "%.*s %.*s", PQM_FMT(pqm_yaml_str(rule->node, "title")),
			PQM_FMT(e->ref));
		if (out.n == 0)
			out = one;
		else if (pqm_find(out, 0, one) == SIZE_MAX)
			out = pqm_arena_f(m->arena, "%.*s, %.*s", PQM_FMT(out), PQM_FMT(one));
	}
	return out;
}

bool tk_client_is_able(const struct tk_maker *m, uint32_t workload)
{
	bool able;

	return libraries_of(m, m->ix.image[workload], &able).n > 0 && able;
}

/* ---- clients ---- */

static void add_client(const struct tk_maker *m, uint32_t *list, size_t *n, uint32_t workload)
{
	if (!tk_is_of(m, workload, PQM_NODE_WORKLOAD, PQM_NODE_WORKLOAD))
		return;
	for (size_t i = 0; i < *n; i++)
		if (list[i] == workload)
			return;
	if (*n < TK_CLIENTS_MAX)
		list[(*n)++] = workload;
}

static void add_callers(const struct tk_maker *m, uint32_t *list, size_t *n, uint32_t node)
{
	const struct pqm_graph *g = m->g;
	const struct tk_ends *in = &m->ix.in;

	for (uint32_t i = node < g->n_nodes ? in->first[node] : 0;
		node < g->n_nodes && i < in->first[node + 1] && *n < TK_CLIENTS_MAX; i++)
		if (carries(&g->edges[in->edge[i]]))
			add_client(m, list, n, g->edges[in->edge[i]].from);
}

size_t tk_clients(uint32_t list[TK_CLIENTS_MAX], const struct tk_maker *m, const struct pqm_hop *h,
	uint32_t server)
{
	size_t n = 0;

	if (h->from != server)
		add_client(m, list, &n, h->from);
	add_callers(m, list, &n, h->to);
	if (tk_is_of(m, h->from, PQM_NODE_SERVICE, PQM_NODE_SERVICE) &&
		!tk_is_of(m, h->to, PQM_NODE_EDGE, PQM_NODE_EDGE))
		add_callers(m, list, &n, h->from);
	return n;
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
	const struct tk_maker *m = w->m;
	const struct pqm_node *n = tk_node(m, workload), *image = tk_node(m, m->ix.image[workload]);
	bool able;
	pqm_bytes has = libraries_of(m, m->ix.image[workload], &able),
		  after = able ? (pqm_bytes){ NULL, 0 } : until(w, workload);

	w->words = pqm_arena_f(m->arena, "%.*s%s%.*s (%s%.*s, %s%.*s%s)%.*s", PQM_FMT(w->words),
		w->n++ > 0 ? "; " : "", PQM_FMT(n->id), image == NULL ? "image not told" : "image ",
		PQM_FMT((image == NULL ? PQM_LIT("") : image->name)),
		has.n == 0 ? "library not read" : "", PQM_FMT(has),
		has.n == 0     ? ""
			: able ? ": has ML-KEM"
			       : ": no ML-KEM",
		PQM_FMT(after));
}

/* Workloads that talk to the listening end, as far as the graph knows them. */
static pqm_bytes clients_at(struct tk_maker *m, const struct pqm_hop *h, uint32_t server)
{
	struct namer w = { .m = m };
	uint32_t list[TK_CLIENTS_MAX];
	char count[32];
	size_t n;

	if (h->from == h->to && tk_is_of(m, h->to, PQM_NODE_WORKLOAD, PQM_NODE_WORKLOAD))
		return pqm_arena_f(m->arena, "all pods of %.*s", PQM_FMT(tk_node(m, h->to)->id));
	n = tk_clients(list, m, h, server);
	if (n == 0)
		return pqm_str(no_clients);
	for (size_t i = 0; i < n && i < NAMED_MAX; i++)
		name(&w, list[i]);
	if (n > NAMED_MAX)
		w.words = pqm_arena_f(m->arena, "%.*s; and %s more", PQM_FMT(w.words),
			pqm_human_count(count, n - NAMED_MAX));
	return pqm_arena_f(m->arena, "%s: %.*s", n > 1 ? "clients" : "client", PQM_FMT(w.words));
}

/* "Ingress a, Ingress b": the links whose clients read the same as those of link i; empty: said already. */
static pqm_bytes alike(
	struct tk_maker *m, const struct tk_draft *d, const pqm_bytes *words, size_t i)
{
	pqm_bytes out = d->uses[i].label;

	for (size_t k = 0; k < i; k++)
		if (pqm_eq(words[k], words[i]))
			return (pqm_bytes){ NULL, 0 };
	for (size_t k = i + 1; k < d->n_uses; k++)
		if (pqm_eq(words[k], words[i]))
			out = pqm_arena_f(
				m->arena, "%.*s, %.*s", PQM_FMT(out), PQM_FMT(d->uses[k].label));
	return out;
}

/* One edit for several links has the clients of each; what holds for several is said once. */
pqm_bytes tk_clients_of(struct tk_maker *m, const struct tk_draft *d)
{
	pqm_bytes out = { NULL, 0 }, words[PQM_TASK_PLACES_MAX];

	if (d->hop == NULL)
		return out;
	if (d->n_uses < 2)
		return clients_at(m, d->hop, d->site.server);
	for (size_t i = 0; i < d->n_uses; i++)
		words[i] = clients_at(m, d->uses[i].hop, d->uses[i].site.server);
	for (size_t i = 0; i < d->n_uses; i++) {
		pqm_bytes of = alike(m, d, words, i);

		if (of.n > 0)
			out = pqm_arena_f(m->arena, "%.*s%sat %.*s: %.*s", PQM_FMT(out),
				out.n > 0 ? "; " : "", PQM_FMT(of), PQM_FMT(words[i]));
	}
	return out;
}
