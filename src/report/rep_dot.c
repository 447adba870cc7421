#include "report/writer.h"

#include "base/limits.h"
#include "report/draw.h"
#include "report/view_text.h"

#define LABEL_COLUMNS 48

/* Inside double quotes Graphviz reads \n \N \G and friends, and &entities; [Graphviz, escString]. */
static void quoted(struct pqm_out *o, pqm_bytes text)
{
	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = text.p[i];

		if (c == '"' || c == '\\')
			pqm_out_f(o, "\\%c", c);
		else if (c == '&')
			pqm_out_lit(o, "&amp;");
		else
			pqm_out_bytes(o, pqm_sub(text, i, 1));
	}
}

static void shown(struct pqm_out *o, struct pqm_arena *a, pqm_bytes text)
{
	quoted(o, pqm_text_cut(a, pqm_printable(a, text), LABEL_COLUMNS));
}

static const char *colour(enum pqm_verdict v)
{
	switch (v) {
	case PQM_V_PLAINTEXT:
	case PQM_V_CLASSICAL:
		return "#b3261e";
	case PQM_V_HYBRID_CAPABLE:
		return "#9a5200";
	case PQM_V_UNKNOWN:
		return "#6b5b00";
	case PQM_V_HYBRID:
		return "#1b6b3a";
	}
	return "#6b5b00";
}

static const char *shape(enum pqm_node_type t)
{
	switch (t) {
	case PQM_NODE_ASSET:
		return "shape=folder, fillcolor=\"#e6eff9\"";
	case PQM_NODE_WORKLOAD:
		return "shape=box";
	case PQM_NODE_IMAGE:
		return "shape=box3d";
	case PQM_NODE_SERVICE:
		return "shape=ellipse";
	case PQM_NODE_EDGE:
		return "shape=hexagon";
	case PQM_NODE_CERTIFICATE:
	case PQM_NODE_SECRET:
		return "shape=note";
	case PQM_NODE_CONFIG:
		return "shape=tab";
	case PQM_NODE_STORE:
		return "shape=cylinder";
	case PQM_NODE_EXTERNAL:
		return "shape=octagon";
	case PQM_NODE_OTHER:
		return "shape=component";
	}
	return "shape=box";
}

static void place(struct pqm_out *o, struct pqm_arena *a, pqm_bytes path, uint32_t line)
{
	if (path.n == 0)
		return;
	pqm_out_lit(o, ", ");
	quoted(o, pqm_printable(a, path));
	if (line > 0)
		pqm_out_f(o, ":%u", line);
}

static void node(struct pqm_out *o, struct pqm_arena *a, const struct pqm_draw *d, uint32_t i)
{
	const struct pqm_node *n = &d->g->nodes[i];

	pqm_out_f(o, "\tn%u [%s, label=\"", i, shape(n->type));
	shown(o, a, n->name.n > 0 ? n->name : n->id);
	if (n->kind.n > 0 && n->type != PQM_NODE_ASSET) {
		pqm_out_lit(o, "\\n");
		shown(o, a, n->kind);
		if (n->ns.n > 0 && !pqm_eqs(n->ns, "-")) {
			pqm_out_lit(o, " in ");
			shown(o, a, n->ns);
		}
	}
	if (n->ai_class.n > 0) {
		pqm_out_lit(o, "\\nAI: ");
		shown(o, a, n->ai_class);
	}
	if (n->is_ghost)
		pqm_out_lit(o, "\\nnot among the documents");
	pqm_out_lit(o, "\", tooltip=\"");
	quoted(o, pqm_printable(a, n->id));
	place(o, a, n->path, n->line);
	pqm_out_str(o, n->is_ghost ? "\", style=\"filled,dashed\"" : "\"");
	pqm_out_str(o, d->is_lit[i] ? ", penwidth=2];\n" : "];\n");
}

static void end(struct pqm_out *o, uint32_t n)
{
	if (n >= PQM_DRAW_CLIENT)
		pqm_out_f(o, "clients%c", (char)(n - PQM_DRAW_CLIENT));
	else
		pqm_out_f(o, "n%u", n);
}

static void crossing(struct pqm_out *o, struct pqm_arena *a, const struct pqm_draw_link *l)
{
	for (size_t i = 0; i < l->n_hops; i++) {
		pqm_out_f(o, "%s%s%s\\n", i > 0 ? "\\n" : "", pqm_verdict_name(l->hops[i]->verdict),
			i < l->n_decide ? " (decides)" : "");
		shown(o, a, l->hops[i]->label);
	}
	if (l->is_more)
		pqm_out_lit(o, "\\nand more");
}

static void tooltip(struct pqm_out *o, struct pqm_arena *a, const struct pqm_draw_link *l)
{
	pqm_bytes ref = l->edge != NULL ? l->edge->ref : l->hops[0]->ref;

	pqm_out_lit(o, "\", edgetooltip=\"");
	quoted(o, pqm_printable(a, ref.n > 0 ? ref : PQM_LIT("no field")));
	if (l->n_hops > 0 && l->hops[0]->ends.n > 0) {
		pqm_out_lit(o, "; terminated by ");
		quoted(o, pqm_printable(a, l->hops[0]->ends));
	}
	if (l->edge != NULL)
		place(o, a, l->edge->path, l->edge->line);
	else
		place(o, a, l->hops[0]->path, l->hops[0]->line);
}

/* An asset stands right of what carries it: the reference is drawn from its far end. */
static bool is_turned(const struct pqm_draw_link *l)
{
	return l->edge != NULL && pqm_eqs(l->edge->rel, "carried-by");
}

static void arrow(struct pqm_out *o, struct pqm_arena *a, const struct pqm_draw_link *l)
{
	bool turned = is_turned(l);

	if (l->edge == NULL && l->n_hops == 0)
		return;
	pqm_out_lit(o, "\t");
	end(o, turned ? l->to : l->from);
	pqm_out_lit(o, " -> ");
	end(o, turned ? l->from : l->to);
	pqm_out_lit(o, " [label=\"");
	if (l->edge != NULL)
		shown(o, a, l->edge->rel);
	if (l->edge != NULL && l->n_hops > 0)
		pqm_out_lit(o, "\\n");
	crossing(o, a, l);
	tooltip(o, a, l);
	pqm_out_lit(o, "\"");
	if (l->n_hops > 0)
		pqm_out_f(o, ", color=\"%s\", fontcolor=\"%s\"", colour(l->hops[0]->verdict),
			colour(l->hops[0]->verdict));
	if (l->is_lit)
		pqm_out_lit(o, ", penwidth=2.5");
	pqm_out_str(o, turned ? ", dir=back];\n" : "];\n");
}

static void clients(struct pqm_out *o, const struct pqm_draw *d)
{
	for (unsigned c = 'A'; c <= 'Z'; c++) {
		bool used = false;

		for (size_t i = 0; i < d->n_links && !used; i++)
			used = d->links[i].from == PQM_DRAW_CLIENT + c;
		if (used)
			pqm_out_f(o, "\tclients%c [shape=plaintext, label=\"clients\\n%s\"];\n",
				(char)c, pqm_text_exposure((char)c));
	}
}

static void head(struct pqm_out *o, struct pqm_arena *a, const struct pqm_draw *d)
{
	pqm_out_lit(o, "digraph pqmap {\n\trankdir=LR;\n");
	pqm_out_lit(o,
		"\tnode [fontname=\"sans-serif\", fontsize=10, style=filled, "
		"fillcolor=\"#ffffff\"];\n"
		"\tedge [fontname=\"sans-serif\", fontsize=9, color=\"#8593a1\", "
		"fontcolor=\"#55626f\"];\n"
		"\tlabel=\"AI assets, what carries them and what protects each hop. Thick: "
		"the path that decides. Dashed: referred to, not among the documents.");
	if (d->n_beyond > 0) {
		pqm_bytes shown_n = pqm_text_count(a, d->n_nodes),
			  all = pqm_text_count(a, d->n_nodes + d->n_beyond);

		pqm_out_f(o, "\\nCut: %.*s of %.*s objects are drawn, those of the worst assets.",
			PQM_FMT(shown_n), PQM_FMT(all));
	}
	if (d->n_apart > 0) {
		pqm_bytes apart = pqm_text_n(a, d->n_apart, "object", "objects");

		pqm_out_f(o, "\\n%.*s without a way to an AI asset not drawn.", PQM_FMT(apart));
	}
	pqm_out_lit(o, "\";\n");
}

static void text(struct pqm_out *o, const struct pqm_draw *d)
{
	struct pqm_arena scratch;

	pqm_arena_init(&scratch, PQM_ARENA_BYTES);
	head(o, &scratch, d);
	clients(o, d);
	for (size_t i = 0; i < d->n_nodes; i++) {
		node(o, &scratch, d, d->nodes[i]);
		pqm_arena_reset(&scratch);
	}
	for (size_t i = 0; i < d->n_links; i++) {
		arrow(o, &scratch, &d->links[i]);
		pqm_arena_reset(&scratch);
	}
	pqm_out_lit(o, "}\n");
	pqm_arena_fini(&scratch);
}

static enum pqm_st dot_write(const struct pqm_report *r, struct pqm_out *o, struct pqm_err *err)
{
	const struct pqm_assessment *as = r->assessment;
	struct pqm_arena arena;
	struct pqm_ways ways;
	struct pqm_draw d;

	pqm_arena_init(&arena, PQM_RUN_ARENA_BYTES);
	enum pqm_st st = pqm_ways_init(&ways, r->graph, &arena, err);

	if (st == PQM_OK)
		st = pqm_draw_init(&d, &ways, PQM_DOT_NODES, &arena, err);
	for (size_t i = 0; st == PQM_OK && i < as->n_assets; i++)
		if (!as->assets[i].asset->is_unassigned)
			pqm_draw_asset(&d, &as->assets[i]);
	if (st == PQM_OK) {
		pqm_draw_around(&d);
		st = pqm_draw_links(&d, err);
	}
	for (size_t i = 0; st == PQM_OK && i < as->n_assets; i++)
		if (!as->assets[i].asset->is_unassigned)
			st = pqm_draw_hops(&d, &as->assets[i], err);
	if (st == PQM_OK)
		text(o, &d);
	pqm_arena_fini(&arena);
	return st;
}

const struct pqm_writer pqm_rep_dot = {
	.name = "dot",
	.ext = ".dot",
	.summary = "AI assets with their hops and references, for Graphviz",
	.write = dot_write,
};
