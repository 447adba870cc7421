#include "view.h"

#include "base/num.h"
#include "report/view_text.h"

struct unread {
	struct pqm_unread why[PQM_UNREAD_MAX];
};

static void fill_unread(struct pqm_obj *o, const void *ctx, size_t i)
{
	const struct unread *u = ctx;

	pqm_obj_text(o, "reason", pqm_str(u->why[i].reason));
	pqm_obj_text(o, "n", pqm_text_count(o->arena, u->why[i].n));
}

static void fill_note(struct pqm_obj *o, const void *ctx, size_t i)
{
	const struct pqm_note *n = &((const struct pqm_inventory *)ctx)->coverage.notes[i];
	pqm_bytes path = pqm_printable(o->arena, n->path);

	pqm_obj_text(o, "place",
		n->off == UINT64_MAX || n->off == 0
			? path
			: pqm_arena_f(o->arena, "%.*s +%llu", PQM_FMT(path),
				  (unsigned long long)n->off));
	pqm_obj_text(o, "reason", n->reason);
	pqm_obj_text(o, "words", n->words);
}

static void fill_target(struct pqm_obj *o, const void *ctx, size_t i)
{
	const struct pqm_target *t = &((const struct pqm_inventory *)ctx)->targets[i];
	char size[32];

	pqm_obj_text(o, "name", t->name);
	if (t->from.object.n > 0)
		pqm_obj_f(o, "kind", "%.*s, named by %.*s", PQM_FMT(t->kind),
			PQM_FMT(pqm_printable(o->arena, t->from.object)));
	else
		pqm_obj_text(o, "kind", t->kind);
	pqm_obj_text(o, "seen", pqm_text_count(o->arena, t->n_seen));
	pqm_obj_text(o, "read", pqm_text_count(o->arena, t->n_read));
	pqm_obj_f(o, "bytes", "%s", pqm_human_bytes(size, t->n_bytes));
	pqm_obj_flag(o, "failed", t->failed);
}

static void fill_unresolved(struct pqm_obj *o, const void *ctx, size_t i)
{
	const struct pqm_graph *g = ctx;

	pqm_obj_text(o, "text", g->unresolved[i]);
}

static void fill_assumption(struct pqm_obj *o, const void *ctx, size_t i)
{
	const struct pqm_assumption *a = &((const struct pqm_assessment *)ctx)->assumptions[i];

	pqm_obj_text(o, "asset", a->asset.n > 0 ? a->asset : PQM_LIT("all"));
	pqm_obj_text(o, "what", a->what);
	pqm_obj_text(o, "source", a->source);
	pqm_obj_text(o, "would_change", a->would_change.n > 0 ? a->would_change : PQM_LIT("-"));
}

/* What the curve's own rule says about itself. */
static void curve(struct pqm_obj *o, const struct pqm_view *v)
{
	pqm_bytes id = pqm_printable(o->arena, v->r->assessment->curve_id);
	const struct pqm_rule *rule =
		pqm_rules_get(v->r->rules, pqm_arena_f(o->arena, "risk.curve.%.*s", PQM_FMT(id)));
	const struct pqm_yaml *node = rule != NULL ? rule->node : NULL;

	pqm_obj_text(o, "curve_id", id);
	pqm_obj_opt(o, "curve_event", "has_curve_event", pqm_yaml_str(node, "event"));
	pqm_obj_opt(o, "curve_panel", "has_curve_panel", pqm_yaml_str(node, "panel"));
	pqm_obj_opt(o, "curve_why", "has_curve_why", pqm_yaml_str(node, "why"));
	pqm_obj_opt(o, "curve_published", "has_curve_published", pqm_yaml_str(node, "published"));
}

static void totals(struct pqm_obj *o, const struct pqm_coverage *c)
{
	struct unread *u = pqm_new(o->arena, struct unread, 1);
	uint64_t n_unread = 0;
	char size[32];

	if (u == NULL)
		return;
	size_t n = pqm_unread(u->why, &n_unread, c);

	pqm_obj_text(o, "seen", pqm_text_count(o->arena, c->seen));
	pqm_obj_text(o, "read", pqm_text_count(o->arena, c->read));
	pqm_obj_f(o, "bytes", "%s", pqm_human_bytes(size, c->bytes));
	pqm_obj_text(o, "unread", pqm_text_count(o->arena, n_unread));
	pqm_obj_list(o, "reasons", n, fill_unread, u);
	pqm_obj_text(o, "share",
		c->seen > 0 ? pqm_text_pct(o->arena, (double)c->read / (double)c->seen)
			    : PQM_LIT("-"));
	pqm_obj_text(o, "copies", pqm_text_count(o->arena, c->copies));
	pqm_obj_flag(o, "has_copies", c->copies > 0);
	pqm_obj_text(o, "directories", pqm_text_count(o->arena, c->directories));
	pqm_obj_text(o, "partial", pqm_text_count(o->arena, c->partial));
	pqm_obj_flag(o, "has_partial", c->partial > 0);
}

void pqm_view_coverage(struct pqm_obj *o, const struct pqm_view *v)
{
	const struct pqm_inventory *inv = v->r->inv;
	const struct pqm_graph *g = v->r->graph;
	const struct pqm_assessment *as = v->r->assessment;
	const struct pqm_coverage *c = &inv->coverage;
	size_t n = c->n_notes < PQM_VIEW_NOTES ? c->n_notes : PQM_VIEW_NOTES;

	totals(o, c);
	curve(o, v);
	pqm_obj_list(o, "notes", n, fill_note, inv);
	pqm_obj_flag(o, "has_notes", n > 0);
	pqm_obj_text(
		o, "notes_more", pqm_text_count(o->arena, c->n_notes - n + c->n_notes_dropped));
	pqm_obj_flag(o, "has_notes_more", c->n_notes - n + c->n_notes_dropped > 0);
	n = pqm_view_cap(o, inv->n_targets, PQM_VIEW_NOTES, "targets_more", "has_targets_more");
	pqm_obj_list(o, "targets", n, fill_target, inv);
	n = pqm_view_cap(
		o, g->n_unresolved, PQM_VIEW_NOTES, "unresolved_more", "has_unresolved_more");
	pqm_obj_list(o, "unresolved", n, fill_unresolved, g);
	pqm_obj_flag(o, "has_unresolved", n > 0);
	n = pqm_view_cap(o, as->n_assumptions, PQM_VIEW_ASSUMPTIONS, "assumptions_more",
		"has_assumptions_more");
	pqm_obj_list(o, "assumptions", n, fill_assumption, as);
	pqm_obj_flag(o, "has_assumptions", n > 0);
	pqm_obj_flag(o, "no_assumptions", n == 0);
}
