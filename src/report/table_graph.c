#include "table_graph.h"

#include "base/limits.h"
#include "report/view_text.h"
#include "report/ways.h"

#define NAME_COLUMNS 34
#define PLACE_COLUMNS 32
#define ENDS_COLUMNS 32

static void line(struct pqm_out *o, struct pqm_arena *a, pqm_bytes text, size_t room)
{
	pqm_out_bytes(o, pqm_text_cut(a, pqm_printable(a, text), room));
	pqm_out_lit(o, "\n");
}

static pqm_bytes join(struct pqm_arena *a, pqm_bytes so_far, const char *between, pqm_bytes next)
{
	if (next.n == 0)
		return so_far;
	return pqm_arena_f(
		a, "%.*s%s%.*s", PQM_FMT(so_far), so_far.n > 0 ? between : "", PQM_FMT(next));
}

static pqm_bytes place(struct pqm_arena *a, const struct pqm_hop *h)
{
	return h->line > 0 ? pqm_arena_f(a, "%.*s:%u", PQM_FMT(h->path), h->line) : h->path;
}

/* The end of a path says most: "…/edge/ingress-nginx.yaml:60". */
static pqm_bytes short_place(struct pqm_arena *a, const struct pqm_hop *h)
{
	pqm_bytes whole = pqm_printable(a, place(a, h));
	size_t at = whole.n, slashes = 0;

	if (pqm_text_width(whole) <= PLACE_COLUMNS)
		return whole;
	while (at > 0 && slashes < 2)
		slashes += whole.p[--at] == '/';
	if (slashes == 2)
		whole = pqm_arena_f(a, "…%.*s", PQM_FMT(pqm_sub(whole, at, whole.n)));
	return pqm_text_cut(a, whole, PLACE_COLUMNS);
}

static pqm_bytes node_words(struct pqm_arena *a, const struct pqm_node *n)
{
	pqm_bytes name = n->name.n > 0 ? n->name : n->id;

	return pqm_arena_f(a, "%.*s%s%.*s%s", PQM_FMT(n->kind), n->kind.n > 0 ? " " : "",
		PQM_FMT(name), n->is_ghost ? " (not read)" : "");
}

/* "PyTorchJob llama-clinic › Ingress data" */
static pqm_bytes way_words(struct pqm_arena *a, struct pqm_ways *w, const struct pqm_asset_score *s)
{
	const struct pqm_hop *h = pqm_score_decider(s);
	struct pqm_way_step steps[PQM_WAY_STEPS];
	size_t n = pqm_way_to_hop(w, steps, s->asset, h);
	pqm_bytes out = { NULL, 0 };

	for (size_t i = 1; i < n; i++)
		out = join(a, out, " › ", node_words(a, &w->g->nodes[steps[i].node]));
	if (out.n == 0)
		out = PQM_LIT("nothing read carries it");
	return out;
}

/* Asked for by -v, so nothing is cut. */
static void hop_line(struct pqm_out *o, struct pqm_arena *a, const struct pqm_hop *h)
{
	pqm_bytes text = h->label;

	text = join(a, text, ", terminated by ", h->ends);
	text = join(a, text, ", ", h->versions);
	text = join(a, text, ", certificate ", h->use == 'K' ? h->certificate : PQM_LIT(""));
	text = pqm_arena_f(
		a, "%.*s; confidence %s", PQM_FMT(text), pqm_confidence_name(h->confidence));
	text = join(a, text, "; ", place(a, h));
	pqm_out_f(o, "    %-15s ", pqm_verdict_name(h->verdict));
	pqm_out_bytes(o, pqm_printable(a, text));
	pqm_out_lit(o, "\n");
}

struct columns {
	size_t width, name;
};

static void asset_path(struct pqm_out *o, struct pqm_ways *w, const struct pqm_report *r,
	const struct pqm_asset_score *s, const struct columns *c)
{
	const struct pqm_hop *h = pqm_score_decider(s);
	size_t room = c->width > c->name + 40 ? c->width - c->name - 3 : 40;
	struct pqm_arena a;
	pqm_bytes name, at, way, ends = { NULL, 0 };

	pqm_arena_init(&a, PQM_ARENA_BYTES);
	name = pqm_text_cut(&a, pqm_printable(&a, s->asset->name), c->name);
	at = h == NULL ? (pqm_bytes){ NULL, 0 } : short_place(&a, h);
	if (h != NULL && h->ends.n > 0)
		ends = pqm_text_cut(&a,
			pqm_arena_f(&a, ", by %.*s", PQM_FMT(pqm_printable(&a, h->ends))),
			ENDS_COLUMNS);
	room -= room > PLACE_COLUMNS + ENDS_COLUMNS + 20
		? pqm_text_width(at) + pqm_text_width(ends) + 2
		: 0;
	way = pqm_text_cut(&a, pqm_printable(&a, way_words(&a, w, s)), room);
	pqm_out_lit(o, "  ");
	pqm_out_bytes(o, name);
	pqm_out_f(o, "%*s", (int)(c->name - pqm_text_width(name) + 1), "");
	pqm_out_bytes(o, way);
	pqm_out_bytes(o, ends);
	pqm_out_str(o, at.n > 0 ? "  " : "");
	pqm_out_bytes(o, at);
	pqm_out_lit(o, "\n");
	for (size_t i = 0; r->show_hops && i < s->asset->n_hops; i++)
		hop_line(o, &a, &s->asset->hops[i]);
	pqm_arena_fini(&a);
}

static bool is_drawn(const struct pqm_report *r, const struct pqm_asset_score *s)
{
	return !s->asset->is_unassigned && s->asset->node < r->graph->n_nodes;
}

static size_t widest_name(struct pqm_arena *a, const struct pqm_report *r)
{
	const struct pqm_assessment *as = r->assessment;
	size_t widest = 12, n = 0;

	for (size_t i = 0; i < as->n_assets && n < PQM_TABLE_PATHS; i++) {
		size_t w;

		if (!is_drawn(r, &as->assets[i]))
			continue;
		w = pqm_text_width(pqm_printable(a, as->assets[i].asset->name));
		widest = w > NAME_COLUMNS ? NAME_COLUMNS : w > widest ? w : widest;
		n++;
	}
	return widest;
}

void pqm_table_paths(
	struct pqm_out *o, struct pqm_arena *a, const struct pqm_report *r, size_t width)
{
	const struct pqm_assessment *as = r->assessment;
	struct pqm_ways ways;
	struct pqm_err err;
	const struct columns c = { width, widest_name(a, r) };
	size_t n = 0;

	for (size_t i = 0; i < as->n_assets; i++) {
		const struct pqm_asset_score *s = &as->assets[i];

		if (!is_drawn(r, s))
			continue;
		if (n == 0 && pqm_ways_init(&ways, r->graph, a, &err) != PQM_OK)
			return;
		if (n == 0)
			pqm_out_f(o,
				"%sPATHS%s     to the hop that decides, by whom it is terminated, "
				"where that is written%s\n",
				r->color ? "\033[1m" : "", r->color ? "\033[0m" : "",
				r->show_hops ? ", every hop" : "; -v: every hop");
		if (n++ < PQM_TABLE_PATHS)
			asset_path(o, &ways, r, s, &c);
	}
	if (n > PQM_TABLE_PATHS)
		pqm_out_f(o, "  and %zu more in the reports\n", n - PQM_TABLE_PATHS);
	if (n > 0)
		pqm_out_lit(o, "\n");
}

void pqm_table_ghosts(
	struct pqm_out *o, struct pqm_arena *a, const struct pqm_report *r, size_t width)
{
	const struct pqm_graph *g = r->graph;
	size_t shown = g->n_unresolved < PQM_TABLE_GHOSTS ? g->n_unresolved : PQM_TABLE_GHOSTS;

	if (g->n_unresolved == 0)
		return;
	pqm_out_f(o, "%sOPEN ENDS%s %zu %s", r->color ? "\033[1m" : "", r->color ? "\033[0m" : "",
		g->n_unresolved,
		g->n_unresolved == 1 ? "reference or declared value leads nowhere"
				     : "references or declared values lead nowhere");
	if (g->n_unresolved > shown)
		pqm_out_f(o, "; the first %zu, all in the reports", shown);
	pqm_out_lit(o, "\n");
	for (size_t i = 0; i < shown; i++) {
		pqm_out_lit(o, "  ");
		line(o, a, g->unresolved[i], width - 2);
	}
}
