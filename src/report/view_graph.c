/* view_graph.c — coordinates of the drawing around one asset; the markup is in reports/html. */
#include "view.h"

#include <math.h>

#include "report/draw.h"
#include "report/view_text.h"

/* From left to right: the asset, the way to what decides in one row, and what branches off, by its
 * distance. */
#define BOX_W 158.0
#define BOX_H 48.0
#define COLUMN_STEP 260.0
#define ROW_STEP 64.0
#define TOP 10.0
#define NAME_COLUMNS 19
#define KIND_COLUMNS 20
#define LOOP_H 30.0 /* room below a box that speaks to its like */
#define ARCH_STEP 22.0
#define LABELS_MAX 64

struct box {
	uint32_t node; /* or PQM_DRAW_CLIENT + letter */
	int column;    /* -1: not placed yet */
	bool has_loop, is_way;
	double x, y, parent_y;
};

struct line {
	const struct pqm_draw_link *link;
	uint32_t start, end;   /* nodes: the end is further from the asset */
	double x0, y0, x1, y1; /* from edge to edge of the boxes */
	double label_x, label_y;
	double arch;	       /* control points' y of a line around boxes; 0: straight on */
	bool is_side, is_loop; /* side: both ends in one column; loop: in one box */
};

struct scene {
	struct pqm_draw d;
	const struct pqm_asset_score *s;
	struct box *boxes;
	size_t n_boxes;
	struct line *lines;
	size_t n_lines;
	double width, height;
};

static struct box *box_of(const struct scene *s, uint32_t node)
{
	for (size_t i = 0; i < s->n_boxes; i++)
		if (s->boxes[i].node == node)
			return &s->boxes[i];
	return NULL;
}

static void add_box(struct scene *s, uint32_t node)
{
	struct box b = { .node = node, .column = -1 };

	if (box_of(s, node) != NULL)
		return;
	for (size_t i = 0; i < s->d.n_links; i++)
		b.has_loop = b.has_loop || (s->d.links[i].from == node && s->d.links[i].to == node);
	s->boxes[s->n_boxes++] = b;
}

/* The way to what decides has the first row to itself, with the clients that it is open to. */
static int place_way(struct scene *s)
{
	struct pqm_way_step steps[PQM_WAY_STEPS];
	size_t n = pqm_way_to_hop(s->d.ways, steps, s->s->asset, pqm_score_decider(s->s));
	int last = 0;

	s->boxes[0].column = 0;
	s->boxes[0].is_way = true;
	for (size_t i = 1; i < n; i++) {
		struct box *b = box_of(s, steps[i].node);

		if (b == NULL || b->column >= 0)
			continue;
		b->column = ++last;
		b->is_way = true;
	}
	for (size_t i = 0; i < s->d.n_links; i++) {
		const struct pqm_draw_link *l = &s->d.links[i];
		const struct box *to = box_of(s, l->to);
		struct box *who = box_of(s, l->from);

		if (!l->is_lit || l->from < PQM_DRAW_CLIENT || to == NULL || !to->is_way ||
			to->column != last)
			continue;
		who->column = ++last;
		who->is_way = true;
		break;
	}
	return last;
}

/* One step further than what it hangs on; what hangs on nothing stands beside what carries. */
static int spread_columns(struct scene *s, int last)
{
	for (int c = 0; c <= last; c++)
		for (size_t i = 0; i < s->d.n_links; i++) {
			struct box *a = box_of(s, s->d.links[i].from),
				   *b = box_of(s, s->d.links[i].to);

			if (a == NULL || b == NULL)
				continue;
			if (b->column == c && a->column < 0) {
				struct box *t = a;

				a = b;
				b = t;
			}
			if (a->column != c || b->column >= 0)
				continue;
			b->column = c + 1;
			last = last > c + 1 ? last : c + 1;
		}
	for (size_t i = 0; i < s->n_boxes; i++)
		if (s->boxes[i].column < 0) {
			s->boxes[i].column = 1;
			last = last > 1 ? last : 1;
		}
	return last;
}

static void find_parent(struct scene *s, struct box *b)
{
	b->parent_y = TOP;
	for (size_t i = 0; i < s->d.n_links; i++) {
		const struct pqm_draw_link *l = &s->d.links[i];
		const struct box *o = l->from == b->node ? box_of(s, l->to)
			: l->to == b->node		 ? box_of(s, l->from)
							 : NULL;

		if (o != NULL && o->column == b->column - 1) {
			b->parent_y = o->y;
			return;
		}
	}
}

/* The next of a column to stand: the way's own, then by what they hang on, then as they came. */
static struct box *next_in(struct scene *s, int column)
{
	struct box *best = NULL;

	for (size_t i = 0; i < s->n_boxes; i++) {
		struct box *b = &s->boxes[i];

		if (b->column != column || b->y > 0)
			continue;
		if (best == NULL || (b->is_way && !best->is_way) ||
			(b->is_way == best->is_way && b->parent_y < best->parent_y))
			best = b;
	}
	return best;
}

static void place_boxes(struct scene *s)
{
	int last;

	add_box(s, s->s->asset->node);
	for (size_t i = 0; i < s->d.n_nodes; i++)
		add_box(s, s->d.nodes[i]);
	for (size_t i = 0; i < s->d.n_links; i++)
		add_box(s, s->d.links[i].from);
	last = spread_columns(s, place_way(s));
	for (int c = 0; c <= last; c++) {
		double free = TOP;
		struct box *b;

		for (size_t i = 0; i < s->n_boxes; i++)
			if (s->boxes[i].column == c)
				find_parent(s, &s->boxes[i]);
		while ((b = next_in(s, c)) != NULL) {
			b->x = 1 + c * COLUMN_STEP;
			b->y = b->is_way ? TOP : fmax(free, b->parent_y);
			free = b->y + ROW_STEP + (b->has_loop ? LOOP_H : 0);
			s->height = fmax(s->height, free - (ROW_STEP - BOX_H));
		}
	}
	s->width = last * COLUMN_STEP + BOX_W;
}

/* Does a box stand in the way of a line between two columns? */
static bool is_blocked(
	const struct scene *s, const struct line *l, const struct box *a, const struct box *b)
{
	double top = fmin(l->y0, l->y1), bottom = fmax(l->y0, l->y1);
	int first = a->column < b->column ? a->column : b->column,
	    last = a->column < b->column ? b->column : a->column;

	for (size_t i = 0; i < s->n_boxes; i++) {
		const struct box *o = &s->boxes[i];

		if (o->column > first && o->column < last && o->y < bottom + 6 &&
			o->y + BOX_H > top - 6)
			return true;
	}
	return false;
}

/* Where a line leaves or reaches a box: the side that looks at the other end. */
static void place_line(struct scene *s, struct line *l, const struct box *a, const struct box *b)
{
	l->is_loop = a == b;
	l->is_side = !l->is_loop && a->column == b->column;
	l->x0 = a->x + BOX_W;
	l->x1 = b->x + (l->is_side ? BOX_W : 0);
	l->y0 = a->y + BOX_H / 2;
	l->y1 = b->y + BOX_H / 2;
	if (l->is_loop) {
		l->x0 = a->x + 40;
		l->x1 = a->x + BOX_W - 40;
		l->y0 = l->y1 = a->y + BOX_H;
	} else if (is_blocked(s, l, a, b)) {
		s->height += ARCH_STEP;
		/* The middle of the curve is as low as the drawing. */
		l->arch = (8 * (s->height - 6) - l->y0 - l->y1) / 6;
	}
}

#define FAN 2 /* lines at one end that still leave room for their words */

static size_t lines_at(const struct scene *s, uint32_t at)
{
	size_t n = 0;

	for (size_t i = 0; i < s->d.n_links; i++) {
		const struct pqm_draw_link *k = &s->d.links[i];

		n += k->n_hops > 0 && (k->from == at || k->to == at);
	}
	return n;
}

/* Where many lines leave one box, the words stand where they have come apart. */
static void fan_label(const struct scene *s, struct line *l)
{
	size_t out = lines_at(s, l->start), in = lines_at(s, l->end);
	double gap = COLUMN_STEP - BOX_W, away = l->x1 > l->x0 ? gap / 2 : -gap / 2;

	if (l->is_side || l->is_loop || l->arch > 0 || (out <= FAN && in <= FAN) || out == in)
		return;
	l->label_x = out > in ? l->x1 - away : l->x0 + away;
	l->label_y = (out > in ? l->y1 : l->y0) - 5;
}

/* What crosses a line, or what joins two boxes on the way that decides. */
static bool has_words(const struct pqm_draw_link *k)
{
	return k->n_hops > 0 || (k->is_lit && k->edge != NULL);
}

/* Where no box can stand: in the first gap beside the start, below a loop, on an arch. */
static void place_label(struct scene *s, struct line *l)
{
	double gaps = fmax(1, round(fabs(l->x1 - l->x0) / COLUMN_STEP)), t = .5 / gaps;
	double rise = t * t * (3 - 2 * t), gap = COLUMN_STEP - BOX_W;
	bool moved = true;

	l->label_x = l->is_side ? l->x0 + gap / 2 : l->x0 + (l->x1 > l->x0 ? gap : -gap) / 2;
	l->label_y = (l->is_side ? (l->y0 + l->y1) / 2 : l->y0 + rise * (l->y1 - l->y0)) - 5;
	if (l->is_loop || l->arch > 0)
		l->label_x = (l->x0 + l->x1) / 2;
	if (l->is_loop)
		l->label_y = l->y0 + 31;
	if (l->arch > 0)
		l->label_y = s->height - 10;
	fan_label(s, l);
	for (int tries = 0; tries < LABELS_MAX && moved; tries++) {
		moved = false;
		for (const struct line *o = s->lines; o < l && !moved; o++)
			if (has_words(o->link) && fabs(o->label_x - l->label_x) < 80 &&
				fabs(o->label_y - l->label_y) < 13) {
				l->label_y = o->label_y + 13.5;
				moved = true;
			}
	}
	s->height = fmax(s->height, l->label_y + 4);
}

static void place_lines(struct scene *s)
{
	for (size_t i = 0; i < s->d.n_links; i++) {
		const struct pqm_draw_link *link = &s->d.links[i];
		const struct box *a = box_of(s, link->from), *b = box_of(s, link->to);
		struct line *l = &s->lines[s->n_lines];

		if (a == NULL || b == NULL)
			continue;
		/* A reference may point at the asset; the line leads away from it. */
		if (a->column > b->column) {
			const struct box *t = a;

			a = b;
			b = t;
		}
		*l = (struct line){ .link = link, .start = a->node, .end = b->node };
		place_line(s, l, a, b);
		if (has_words(link))
			place_label(s, l);
		s->n_lines++;
	}
}

static void number(struct pqm_obj *o, const char *name, double v)
{
	pqm_obj_f(o, name, "%.1f", v);
}

static pqm_bytes shown(struct pqm_obj *o, pqm_bytes text, size_t columns)
{
	return pqm_text_middle(o->arena, pqm_printable(o->arena, text), columns);
}

static pqm_bytes kind_words(struct pqm_obj *o, const struct scene *s, const struct pqm_node *n)
{
	pqm_bytes kind = pqm_printable(o->arena, n->kind), ns = pqm_printable(o->arena, n->ns);

	if (n->type == PQM_NODE_ASSET)
		return s->s->asset->kind_words;
	if (kind.n == 0)
		return pqm_str(pqm_node_type_name(n->type));
	if (ns.n == 0 || pqm_eqs(ns, "-"))
		return kind;
	return pqm_arena_f(o->arena, "%.*s in %.*s", PQM_FMT(kind), PQM_FMT(ns));
}

/* A controller makes what a Certificate or an ExternalSecret names. */
static pqm_bytes ghost_words(const struct scene *s, uint32_t node)
{
	const struct pqm_ways *w = s->d.ways;

	for (uint32_t i = w->start[node]; i < w->start[node + 1]; i++) {
		const struct pqm_edge *e = &w->g->edges[w->touching[i]];

		if (e->to == node &&
			(e->is_made || pqm_eqs(e->rel, "issues") || pqm_eqs(e->rel, "makes")))
			return PQM_LIT("made by a controller");
	}
	return PQM_LIT("not among the documents");
}

static void fill_box(struct pqm_obj *o, const void *ctx, size_t i)
{
	const struct scene *s = ctx;
	const struct box *b = &s->boxes[i];
	bool client = b->node >= PQM_DRAW_CLIENT;
	const struct pqm_node *n = client ? NULL : &s->d.g->nodes[b->node];
	pqm_bytes name = client ? PQM_LIT("clients") : n->name.n > 0 ? n->name : n->id;
	pqm_bytes kind = client ? pqm_str(pqm_text_exposure((char)(b->node - PQM_DRAW_CLIENT)))
				: kind_words(o, s, n);

	if (n != NULL && b->node == s->s->asset->node)
		name = s->s->asset->name;
	number(o, "x", b->x);
	number(o, "y", b->y);
	number(o, "text_x", b->x + 10);
	number(o, "name_y", b->y + 20);
	number(o, "kind_y", b->y + 36);
	pqm_obj_text(o, "name", shown(o, name, NAME_COLUMNS));
	pqm_obj_text(o, "kind",
		n != NULL && n->is_ghost ? ghost_words(s, b->node) : shown(o, kind, KIND_COLUMNS));
	pqm_obj_text(o, "full", client ? name : n->id);
	pqm_obj_f(o, "class", "%s%s%s%s", client ? "who" : "nd",
		n != NULL && n->is_ghost ? " ghost" : "",
		n != NULL && s->d.is_lit[b->node] ? " lit" : "",
		n != NULL && n->type == PQM_NODE_ASSET ? " as" : "");
}

static void line_words(struct pqm_obj *o, const struct line *l)
{
	const struct pqm_draw_link *k = l->link;
	pqm_bytes words = k->edge != NULL ? k->edge->rel : PQM_LIT("reaches");
	pqm_bytes ref = k->edge != NULL ? k->edge->ref : PQM_LIT(""),
		  path = k->edge != NULL ? k->edge->path : PQM_LIT("");

	for (size_t i = 0; i < k->n_hops; i++)
		words = pqm_arena_f(o->arena, "%.*s; %s: %.*s%s%.*s", PQM_FMT(words),
			pqm_verdict_name(k->hops[i]->verdict),
			PQM_FMT(pqm_printable(o->arena, k->hops[i]->label)),
			k->hops[i]->ends.n > 0 ? ", terminated by " : "",
			PQM_FMT(pqm_printable(o->arena, k->hops[i]->ends)));
	if (ref.n > 0)
		words = pqm_arena_f(o->arena, "%.*s; by %.*s, %.*s:%u", PQM_FMT(words),
			PQM_FMT(pqm_printable(o->arena, ref)),
			PQM_FMT(pqm_printable(o->arena, path)), k->edge->line);
	pqm_obj_text(o, "words", words);
}

static void fill_line(struct pqm_obj *o, const void *ctx, size_t i)
{
	const struct line *l = &((const struct scene *)ctx)->lines[i];
	const struct pqm_draw_link *k = l->link;
	double bend = l->is_side ? 34 : (l->x1 - l->x0) / 2;
	double cx0 = l->x0 + bend, cx1 = l->is_side ? l->x1 + bend : l->x1 - bend, cy0 = l->y0,
	       cy1 = l->y1;
	double tip_x = l->x1, tip_y = l->y1;

	if (l->is_loop) {
		cx0 = l->x0;
		cx1 = l->x1;
		cy0 = cy1 = l->y0 + 26;
	} else if (l->arch > 0) {
		cx0 = l->x0 + bend / 3;
		cx1 = l->x1 - bend / 3;
		cy0 = cy1 = l->arch;
	}
	double dx = cx1 - tip_x, dy = cy1 - tip_y;
	double len = fmax(1, hypot(dx, dy));

	dx /= len;
	dy /= len;
	pqm_obj_f(o, "curve", "M%.1f,%.1f C%.1f,%.1f %.1f,%.1f %.1f,%.1f", l->x0, l->y0, cx0, cy0,
		cx1, cy1, l->x1, l->y1);
	pqm_obj_f(o, "head", "%.1f,%.1f %.1f,%.1f %.1f,%.1f", tip_x, tip_y, tip_x + 8 * dx - 4 * dy,
		tip_y + 8 * dy + 4 * dx, tip_x + 8 * dx + 4 * dy, tip_y + 8 * dy - 4 * dx);
	pqm_obj_f(o, "class", "%s%s", k->n_hops > 0 ? pqm_verdict_class(k->hops[0]->verdict) : "",
		k->is_lit ? " lit" : "");
	pqm_obj_flag(o, "has_verdict", has_words(k));
	pqm_obj_text(o, "verdict",
		k->n_hops > 0		  ? pqm_str(pqm_verdict_name(k->hops[0]->verdict))
			: k->edge != NULL ? pqm_view_rel(k->edge->rel)
					  : PQM_LIT(""));
	number(o, "label_x", l->label_x);
	number(o, "label_y", l->label_y);
	line_words(o, l);
}

static bool build(struct scene *s, const struct pqm_view *v, struct pqm_arena *arena)
{
	struct pqm_err err;

	if (s->s->asset->node >= v->r->graph->n_nodes ||
		pqm_draw_init(&s->d, v->ways, PQM_VIEW_DRAWN, arena, &err) != PQM_OK)
		return false;
	pqm_draw_asset(&s->d, s->s);
	if (pqm_draw_links(&s->d, &err) != PQM_OK || pqm_draw_hops(&s->d, s->s, &err) != PQM_OK)
		return false;
	s->boxes = pqm_new(arena, struct box, s->d.n_nodes + s->d.n_links + 1);
	s->lines = pqm_new(arena, struct line, s->d.n_links + 1);
	if (s->boxes == NULL || s->lines == NULL)
		return false;
	place_boxes(s);
	place_lines(s);
	return s->n_lines > 0;
}

static void fill_drawing(struct pqm_obj *o, const void *ctx, size_t i)
{
	const struct scene *s = ctx;

	(void)i;
	pqm_obj_f(o, "width", "%.0f", s->width + 2);
	pqm_obj_f(o, "height", "%.0f", s->height + 2);
	pqm_obj_list(o, "lines", s->n_lines, fill_line, s);
	pqm_obj_list(o, "boxes", s->n_boxes, fill_box, s);
}

/* Why there is no drawing, or no hop in one. */
static pqm_bytes why_not(const struct pqm_view *v, const struct pqm_asset_score *score)
{
	return score->asset->node < v->r->graph->n_nodes
		? PQM_LIT("No drawing: no object that was read carries this asset. Name those that "
			  "do under on: in .pqmap.yaml.")
		: PQM_LIT("No drawing: this asset is not on the graph.");
}

void pqm_view_drawing(
	struct pqm_obj *o, const struct pqm_view *v, const struct pqm_asset_score *score)
{
	struct scene *s = pqm_new(o->arena, struct scene, 1);
	bool drawn;

	if (s != NULL)
		s->s = score;
	drawn = s != NULL && build(s, v, o->arena);
	pqm_obj_list(o, "drawing", drawn ? 1 : 0, fill_drawing, s);
	pqm_obj_opt(o, "no_drawing", "has_no_drawing", drawn ? PQM_LIT("") : why_not(v, score));
}
