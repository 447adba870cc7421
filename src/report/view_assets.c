#include "view.h"

#include <math.h>

#include "report/inputs.h"
#include "report/view_text.h"

#define FLIPS_MAX 5 /* of one asset */

void pqm_view_chances(struct pqm_obj *o, const struct pqm_asset_score *s)
{
	struct pqm_arena *a = o->arena;

	pqm_obj_flag(o, "open_today", s->is_broken_today);
	pqm_obj_flag(o, "scored", !s->is_broken_today);
	pqm_obj_text(o, "p", pqm_text_pct(a, s->p[PQM_CENTRAL]));
	pqm_obj_text(o, "range", pqm_text_range(a, s->p[PQM_SLOW], s->p[PQM_FAST]));
	pqm_obj_text(o, "stress", pqm_text_pct(a, s->p[PQM_STRESS]));
	pqm_obj_text(o, "sunk",
		s->is_broken_today ? PQM_LIT("-") : pqm_text_pct(a, s->sunk[PQM_CENTRAL]));
	pqm_obj_text(o, "delay",
		s->is_broken_today ? PQM_LIT("-") : pqm_text_pct(a, s->cod[PQM_CENTRAL]));
	pqm_obj_text(o, "decision", pqm_str(pqm_decision_name(s->decision)));
	pqm_obj_text(o, "class", pqm_str(pqm_view_class(s->decision)));
	pqm_obj_f(o, "sort_p", "%.4f", s->is_broken_today ? 2.0 : s->p[PQM_CENTRAL]);
	pqm_obj_f(o, "sort_sunk", "%.4f", s->sunk[PQM_CENTRAL]);
	pqm_obj_f(o, "sort_delay", "%.4f", s->cod[PQM_CENTRAL]);
	pqm_obj_f(o, "sort_money", "%.0f", s->has_money ? s->money[PQM_CENTRAL].expected : 0);
	pqm_obj_f(o, "sort_decision", "%d", (int)s->decision);
	pqm_svg_range(o, s->p);
}

bool pqm_score_needs_no_machine(const struct pqm_asset_score *s)
{
	return s->has_money && s->is_broken_today && s->money[PQM_CENTRAL].expected <= 0;
}

void pqm_view_asset_name(struct pqm_obj *o, const struct pqm_view *v, size_t i)
{
	const struct pqm_asset *a = v->scores[i]->asset;

	pqm_obj_f(o, "no", "%zu", i);
	pqm_obj_text(o, "name", a->name);
	pqm_obj_text(o, "id", a->id);
	pqm_obj_text(o, "kind", a->kind_words);
	pqm_obj_opt(o, "owner", "has_owner", a->owner);
}

/* The loss of a derived asset is that of what it comes from: say where it is counted. */
static pqm_bytes money_words(
	struct pqm_arena *a, const struct pqm_view *v, const struct pqm_asset_score *s)
{
	if (pqm_score_needs_no_machine(s))
		return PQM_LIT("- losing it takes no quantum computer");
	if (s->has_money)
		return pqm_text_money(a, s->money[PQM_CENTRAL].expected);
	for (size_t i = 0; s->root_id.n > 0 && i < v->n_scores; i++)
		if (pqm_eq(v->scores[i]->asset->id, s->root_id) && v->scores[i]->has_money) {
			pqm_bytes name = pqm_printable(a, v->scores[i]->asset->name);

			name = pqm_text_cut(a, name, 22);
			return pqm_arena_f(a, "in %.*s", PQM_FMT(name));
		}
	return PQM_LIT("-");
}

static void fill_row(struct pqm_obj *o, const void *ctx, size_t i)
{
	const struct pqm_view *v = ctx;

	pqm_view_asset_name(o, v, i);
	pqm_view_chances(o, v->scores[i]);
	pqm_obj_text(o, "money", money_words(o->arena, v, v->scores[i]));
	pqm_obj_flag(
		o, "at_root", !v->scores[i]->has_money || pqm_score_needs_no_machine(v->scores[i]));
}

static void fill_other_row(struct pqm_obj *o, const void *ctx, size_t i)
{
	const struct pqm_view *v = ctx;

	fill_row(o, ctx, v->n_ai + i);
}

static void sourced(struct pqm_obj *o, const char *name, const char *from, const char *assumed,
	const struct pqm_sourced *s, pqm_bytes text)
{
	pqm_obj_text(o, name, text);
	pqm_obj_text(o, from, s->source);
	pqm_obj_flag(o, assumed, s->is_assumption);
}

static void impact(struct pqm_obj *o, const struct pqm_asset *a)
{
	pqm_bytes money = pqm_text_money(o->arena, a->money.value),
		  cur = pqm_printable(o->arena, a->currency);

	if (!a->money.is_assumption && a->money.value > 0)
		sourced(o, "impact", "impact_from", "impact_assumed", &a->money,
			pqm_arena_f(o->arena, "%.*s %.*s", PQM_FMT(money), PQM_FMT(cur)));
	else
		sourced(o, "impact", "impact_from", "impact_assumed", &a->impact,
			pqm_arena_f(o->arena, "%.0f of 5", a->impact.value));
}

static void fill_signal(struct pqm_obj *o, const void *ctx, size_t i)
{
	const struct pqm_asset *a = ctx;
	const struct pqm_signal *s = &a->signals[i];
	pqm_bytes path = pqm_printable(o->arena, s->path);

	pqm_obj_text(o, "text", s->what);
	pqm_obj_f(o, "weight", "weight %g", s->weight);
	pqm_obj_text(o, "place",
		s->line > 0 ? pqm_arena_f(o->arena, "%.*s:%u", PQM_FMT(path), s->line) : path);
	pqm_obj_flag(o, "has_place", path.n > 0);
}

static void use_letters(struct pqm_obj *o, const struct pqm_use_score *u)
{
	pqm_bytes layers = { NULL, 0 };

	for (size_t i = 0; i < u->v.n_layers; i++)
		layers = pqm_arena_f(o->arena, "%.*s%s%s", PQM_FMT(layers), i > 0 ? " inside " : "",
			u->v.layers[i]);
	pqm_obj_text(o, "layers", layers);
	pqm_obj_text(o, "use", pqm_str(pqm_text_use(u->v.use)));
	pqm_obj_text(o, "exposure", pqm_str(pqm_text_exposure(u->v.exposure)));
	pqm_obj_text(o, "protection",
		u->v.coverage == 'M'
			? pqm_arena_f(o->arena, "hybrid in %.0f %% of sessions", u->v.share * 100)
			: pqm_str(pqm_text_coverage(u->v.coverage)));
}

/* "TLS, TLSv1.2 TLSv1.3, groups X25519, certificate RSA-2048": what is told of them. */
static pqm_bytes hop_terms(struct pqm_obj *o, const struct pqm_hop *h)
{
	const struct {
		const char *words;
		pqm_bytes text;
	} parts[] = { { "", h->protocol }, { "", h->versions }, { "groups ", h->groups },
		{ "certificate ", h->use == 'K' ? h->certificate : PQM_LIT("") } };

	pqm_bytes out = { NULL, 0 };

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (parts[i].text.n > 0 && !pqm_eqs(parts[i].text, "none"))
			out = pqm_arena_f(o->arena, "%.*s%s%s%.*s", PQM_FMT(out),
				out.n > 0 ? ", " : "", parts[i].words,
				PQM_FMT(pqm_printable(o->arena, parts[i].text)));
	return out;
}

static void use_hop(struct pqm_obj *o, const struct pqm_hop *h)
{
	static const struct pqm_hop none = { .verdict = PQM_V_UNKNOWN };

	if (h == NULL)
		h = &none;
	pqm_bytes path = pqm_printable(o->arena, h->path);

	pqm_obj_text(o, "label", h->label);
	pqm_obj_opt(o, "why", "has_why", h->why);
	pqm_obj_text(o, "verdict", pqm_str(pqm_verdict_name(h->verdict)));
	pqm_obj_text(o, "class", pqm_str(pqm_verdict_class(h->verdict)));
	pqm_obj_f(
		o, "evidence", "%s%s", pqm_evidence_name(h->evidence), pqm_basis_suffix(h->basis));
	pqm_obj_opt(o, "place", "has_place",
		h->line > 0 ? pqm_arena_f(o->arena, "%.*s:%u", PQM_FMT(path), h->line) : path);
	pqm_obj_opt(o, "ref", "has_ref", h->ref);
	pqm_obj_text(o, "confidence", pqm_str(pqm_confidence_name(h->confidence)));
	pqm_obj_opt(o, "ends", "has_ends", h->ends);
	pqm_obj_opt(o, "terms", "has_terms", hop_terms(o, h));
}

/* One use, to be listed. */
struct listed_use {
	struct pqm_input in[PQM_INPUTS];
	const char *notes[2];
	size_t n_notes;
};

static void fill_input(struct pqm_obj *o, const void *ctx, size_t i)
{
	const struct pqm_input *in = &((const struct listed_use *)ctx)->in[i];
	pqm_bytes path = pqm_printable(o->arena, in->by.path);

	pqm_obj_text(o, "title", pqm_str(in->title));
	if (in->is_number)
		pqm_obj_f(o, "value", "%g", in->number);
	else
		pqm_obj_text(o, "value", pqm_str(in->text));
	pqm_obj_text(o, "from", in->by.words);
	pqm_obj_flag(o, "assumed", in->by.is_assumption);
	pqm_obj_opt(o, "place", "has_place",
		in->by.line > 0 ? pqm_arena_f(o->arena, "%.*s:%u", PQM_FMT(path), in->by.line)
				: path);
}

static void fill_note(struct pqm_obj *o, const void *ctx, size_t i)
{
	pqm_obj_text(o, "text", pqm_str(((const struct listed_use *)ctx)->notes[i]));
}

/* What the numbers rest on, what a run of Shor's algorithm opens, and what to know before quoting. */
static void use_inputs(
	struct pqm_obj *o, const struct pqm_asset_score *s, const struct pqm_use_score *u)
{
	struct listed_use *l = pqm_new(o->arena, struct listed_use, 1);
	const struct pqm_shor shor = pqm_shor_of(u);
	const char *const notes[] = { pqm_note_capped(u), pqm_note_conditioned(u) };

	pqm_obj_flag(o, "has_inputs", l != NULL && u->hop != NULL);
	if (l == NULL || u->hop == NULL)
		return;
	pqm_inputs_of(l->in, s->asset, u);
	for (size_t i = 0; i < sizeof(notes) / sizeof(notes[0]); i++)
		if (notes[i] != NULL)
			l->notes[l->n_notes++] = notes[i];
	pqm_obj_list(o, "inputs", PQM_INPUTS, fill_input, l);
	pqm_obj_list(o, "notes", l->n_notes, fill_note, l);
	pqm_obj_text(o, "shor_runs",
		pqm_eqs(pqm_str(shor.runs), "per-session")
			? PQM_LIT("one run per session; it opens ")
			: pqm_eqs(pqm_str(shor.runs), "per-key")
			? PQM_LIT("one run per key; it opens ")
			: PQM_LIT("no run: "));
	pqm_obj_text(o, "shor_opens", pqm_str(shor.opens));
}

static void fill_use(struct pqm_obj *o, const void *ctx, size_t i)
{
	const struct pqm_asset_score *s = ctx;
	const struct pqm_use_score *u = &s->uses[i];

	/* The deciding use stands first. */
	if (s->deciding < s->n_uses)
		u = i == 0 ? &s->uses[s->deciding] : &s->uses[i <= s->deciding ? i - 1 : i];
	use_hop(o, u->hop);
	use_letters(o, u);
	use_inputs(o, s, u);
	pqm_obj_flag(o, "decides", s->deciding < s->n_uses && i == 0);
	pqm_obj_flag(o, "volatile", u->is_volatile);
	pqm_obj_flag(o, "capped", u->is_capped);
	pqm_obj_text(o, "p",
		u->is_broken_today ? PQM_LIT("open") : pqm_text_pct(o->arena, u->p[PQM_CENTRAL]));
	pqm_obj_text(o, "range", pqm_text_range(o->arena, u->p[PQM_SLOW], u->p[PQM_FAST]));
	pqm_obj_flag(o, "scored", !u->is_broken_today);
	pqm_obj_text(o, "sunk",
		u->is_broken_today ? PQM_LIT("-") : pqm_text_pct(o->arena, u->sunk[PQM_CENTRAL]));
	pqm_obj_text(o, "delay",
		u->is_broken_today ? PQM_LIT("-") : pqm_text_pct(o->arena, u->cod[PQM_CENTRAL]));
	pqm_obj_text(o, "vector", pqm_str(u->vector));
}

/* The first asset that this one's life comes from, when it is derived. */
static void lineage(struct pqm_obj *o, const struct pqm_view *v, const struct pqm_asset *a)
{
	bool derived = a->n_sources > 0 && a->sources[0] < v->r->graph->n_assets;

	pqm_obj_opt(o, "derived_from", "is_derived",
		derived ? v->r->graph->assets[a->sources[0]].name : PQM_LIT(""));
}

static void fill_threat(struct pqm_obj *o, const void *ctx, size_t i)
{
	const struct pqm_threat *t = &((const struct pqm_asset_score *)ctx)->threats[i];

	pqm_obj_text(o, "title", t->title);
	pqm_obj_text(o, "when", t->when);
	pqm_obj_text(o, "why", t->why);
	pqm_obj_text(o, "odds",
		t->is_open_today ? PQM_LIT("open") : pqm_text_pct(o->arena, t->p[PQM_CENTRAL]));
}

static void fill_flip(struct pqm_obj *o, const void *ctx, size_t i)
{
	pqm_obj_text(o, "text", pqm_view_flip(o->arena, ctx, i));
}

/* What an attacker gains, what would decide otherwise, and how far the life may be off. */
static void beliefs(struct pqm_obj *o, const struct pqm_asset_score *s)
{
	size_t flips = s->n_flips < FLIPS_MAX ? s->n_flips : FLIPS_MAX;

	pqm_obj_list(o, "threats", s->n_threats, fill_threat, s);
	pqm_obj_flag(o, "has_threats", s->n_threats > 0);
	pqm_obj_list(o, "flips", flips, fill_flip, s);
	pqm_obj_flag(o, "has_flips", flips > 0);
	pqm_obj_opt(o, "volatile_by", "has_volatile_by", pqm_view_volatile(o->arena, s));
	pqm_obj_opt(o, "life_band", "has_life_band",
		s->has_p_life ? pqm_text_range(o->arena, s->p_life_low, s->p_life_high)
			      : PQM_LIT(""));
	pqm_obj_f(o, "life_lives", "%g to %g years", s->life_low, s->life_high);
}

static void fill_detail(struct pqm_obj *o, const void *ctx, size_t i)
{
	const struct pqm_view *v = ctx;
	const struct pqm_asset_score *s = v->scores[i];
	const struct pqm_asset *a = s->asset;

	pqm_view_asset_name(o, v, i);
	pqm_view_chances(o, s);
	pqm_obj_opt(o, "why", "has_why", s->why);
	beliefs(o, s);
	pqm_obj_flag(o, "is_volatile", s->is_volatile);
	pqm_obj_flag(o, "is_capped", s->is_capped);
	pqm_obj_text(o, "by_impact", pqm_str(pqm_decision_name(s->by_impact)));
	pqm_obj_text(o, "by_deadline", pqm_str(pqm_decision_name(s->by_deadline)));
	sourced(o, "life", "life_from", "life_assumed", &a->life_years,
		pqm_text_years(o->arena, a->life_years.value));
	impact(o, a);
	lineage(o, v, a);
	pqm_obj_text(o, "confidence", pqm_text_pct(o->arena, a->confidence));
	pqm_obj_list(o, "signals", a->n_signals, fill_signal, a);
	pqm_obj_flag(o, "has_signals", a->n_signals > 0);
	size_t n = pqm_view_cap(o, s->n_uses, PQM_VIEW_USES, "uses_more", "has_uses_more");

	pqm_obj_list(o, "uses", n, fill_use, s);
	pqm_obj_text(o, "n_uses", pqm_text_n(o->arena, s->n_uses, "use", "uses"));
}

/* A path as boxes with what joins them. */
#define STEPS_MAX (PQM_WAY_STEPS + 2)

struct step {
	pqm_bytes rel, cut, class; /* of the join before the box */
	pqm_bytes kind, name, small;
	bool has_join, is_cut;
};

struct path {
	struct step s[STEPS_MAX];
	size_t n;
};

static void add_step(struct path *p, struct step s)
{
	if (p->n < STEPS_MAX)
		p->s[p->n++] = s;
}

static struct step node_step(const struct pqm_node *n, pqm_bytes rel)
{
	struct step s = {
		.rel = rel, .has_join = true, .kind = n->kind, .name = n->name, .small = n->ns
	};

	if (n->name.n == 0)
		s.name = n->id;
	if (n->is_ghost)
		s.small = PQM_LIT("referred to, not among the documents");
	return s;
}

pqm_bytes pqm_view_rel(pqm_bytes rel)
{
	return pqm_eqs(rel, "carried-by")  ? PQM_LIT("carried by")
		: pqm_eqs(rel, "talks-to") ? PQM_LIT("talks to")
					   : rel;
}

/* The boxes up to the hop's near end; the hop itself is the cut. */
static void trace(struct path *p, const struct pqm_view *v, const struct pqm_asset *asset,
	const struct pqm_hop *h, struct pqm_arena *a)
{
	const struct pqm_graph *g = v->r->graph;
	struct pqm_way_step way[PQM_WAY_STEPS];
	size_t n = pqm_way_to_hop(v->ways, way, asset, h);

	for (size_t i = 1; i < n && way[i - 1].node != h->from; i++)
		add_step(p,
			node_step(&g->nodes[way[i].node],
				way[i].edge == PQM_WAY_NONE
					? PQM_LIT("")
					: pqm_view_rel(g->edges[way[i].edge].rel)));
	add_step(p,
		(struct step){ .has_join = true,
			.is_cut = true,
			.rel = pqm_str(pqm_text_exposure(h->exposure)),
			.cut = pqm_str(pqm_verdict_name(h->verdict)),
			.class = pqm_str(pqm_verdict_class(h->verdict)),
			.kind = PQM_LIT("decides"),
			.name = h->label,
			.small = h->ends.n == 0 ? h->ends
						: pqm_arena_f(a, "terminated by %.*s",
							  PQM_FMT(pqm_printable(a, h->ends))) });
}

static void fill_step(struct pqm_obj *o, const void *ctx, size_t i)
{
	const struct step *s = &((const struct path *)ctx)->s[i];

	pqm_obj_text(o, "rel", s->rel);
	pqm_obj_text(o, "verdict", s->cut);
	pqm_obj_text(o, "class", s->class);
	pqm_obj_text(o, "kind", s->kind);
	pqm_obj_text(o, "text", s->name);
	pqm_obj_opt(o, "small", "has_small", s->small);
	pqm_obj_flag(o, "has_join", s->has_join);
	pqm_obj_flag(o, "is_cut", s->is_cut);
	pqm_obj_flag(o, "is_plain", !s->is_cut);
}

static void fill_path(struct pqm_obj *o, const void *ctx, size_t i)
{
	const struct pqm_view *v = ctx;
	const struct pqm_asset_score *s = v->scores[i];
	const struct pqm_hop *h = pqm_score_decider(s);
	struct path *p = pqm_new(o->arena, struct path, 1);
	pqm_bytes life = pqm_text_years(o->arena, s->asset->life_years.value);

	pqm_view_asset_name(o, v, i);
	pqm_view_chances(o, s);
	pqm_obj_opt(
		o, "why", "has_why", h == NULL || !pqm_eq(h->label, s->why) ? s->why : PQM_LIT(""));
	pqm_obj_opt(o, "hop_why", "has_hop_why",
		h != NULL && !pqm_eq(h->why, s->why) ? h->why : PQM_LIT(""));
	pqm_obj_opt(o, "vector", "has_vector",
		s->deciding < s->n_uses ? pqm_str(s->uses[s->deciding].vector) : PQM_LIT(""));
	if (p == NULL)
		return;
	add_step(p,
		(struct step){ .kind = s->asset->kind_words,
			.name = s->asset->name,
			.small = pqm_arena_f(o->arena, "life %.*s, %s", PQM_FMT(life),
				s->asset->life_years.is_assumption ? "assumed" : "declared") });
	if (h != NULL)
		trace(p, v, s->asset, h, o->arena);
	pqm_obj_list(o, "steps", p->n, fill_step, p);
	pqm_view_drawing(o, v, s);
}

/* Those behind the paths of page one. */
struct drawings {
	const struct pqm_view *v;
	size_t first;
};

static void fill_more_drawing(struct pqm_obj *o, const void *ctx, size_t i)
{
	const struct drawings *m = ctx;

	pqm_view_asset_name(o, m->v, m->first + i);
	pqm_view_chances(o, m->v->scores[m->first + i]);
	pqm_view_drawing(o, m->v, m->v->scores[m->first + i]);
}

static void more_drawings(struct pqm_obj *o, const struct pqm_view *v, size_t first)
{
	struct drawings *m = pqm_new(o->arena, struct drawings, 1);
	size_t n = pqm_view_cap(
		o, v->n_ai - first, PQM_VIEW_DRAWINGS, "drawings_more", "has_drawings_more");

	if (m == NULL)
		return;
	*m = (struct drawings){ v, first };
	pqm_obj_list(o, "more_drawings", n, fill_more_drawing, m);
	pqm_obj_text(o, "n_drawings", pqm_text_n(o->arena, n, "more asset", "more assets"));
	pqm_obj_flag(o, "has_drawings", n > 0);
}

void pqm_view_assets(struct pqm_obj *o, const struct pqm_view *v)
{
	size_t ai = v->n_ai < PQM_VIEW_ASSETS ? v->n_ai : PQM_VIEW_ASSETS;
	size_t other = v->n_scores - v->n_ai,
	       paths = v->n_ai < PQM_VIEW_PATHS ? v->n_ai : PQM_VIEW_PATHS;

	/* A path is worth the room only where there is something to act on. */
	while (paths > 0 && v->scores[paths - 1]->decision < PQM_ATTEND)
		paths--;
	pqm_obj_flag(o, "has_ai", v->n_ai > 0);
	pqm_obj_flag(o, "no_ai", v->n_ai == 0);
	pqm_obj_flag(o, "has_any", v->n_scores > 0);
	pqm_obj_list(o, "ai", ai, fill_row, v);
	other = pqm_view_cap(o, other, PQM_VIEW_ASSETS, "others_more", "has_others_more");
	pqm_obj_list(o, "others", other, fill_other_row, v);
	pqm_obj_flag(o, "has_others", other > 0);
	(void)pqm_view_cap(o, v->n_ai, PQM_VIEW_ASSETS, "ai_more", "has_ai_more");
	pqm_obj_list(o, "paths", paths, fill_path, v);
	more_drawings(o, v, paths);
	pqm_obj_list(o, "details", v->n_scores < PQM_VIEW_ASSETS ? v->n_scores : PQM_VIEW_ASSETS,
		fill_detail, v);
}
