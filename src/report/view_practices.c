#include "view.h"

#include "report/view_text.h"

static const char *verdict_class(enum pqm_practice_verdict v)
{
	switch (v) {
	case PQM_PRACTICE_NO:
		return "bad";
	case PQM_PRACTICE_PARTLY:
		return "warn";
	case PQM_PRACTICE_YES:
		return "ok";
	case PQM_PRACTICE_NOT_SHOWN:
		return "plain";
	}
	return "plain";
}

static void verdict(struct pqm_obj *o, enum pqm_practice_verdict v)
{
	pqm_obj_text(o, "verdict", pqm_str(pqm_practice_name(v)));
	pqm_obj_text(o, "class", pqm_str(verdict_class(v)));
}

static pqm_bytes target_name(const struct pqm_view *v, uint32_t target)
{
	return target < v->r->inv->n_targets ? v->r->inv->targets[target].name : PQM_LIT("");
}

static void fill_place(struct pqm_obj *o, const void *ctx, size_t i)
{
	const struct pqm_practice_place *at = &((const struct pqm_practice *)ctx)->places[i];
	pqm_bytes path = pqm_printable(o->arena, at->path);

	if (at->line > 0)
		path = pqm_arena_f(o->arena, "%.*s:%u", PQM_FMT(path), at->line);
	verdict(o, at->verdict);
	pqm_obj_text(o, "what", at->what);
	pqm_obj_opt(o, "words", "has_words", at->words);
	pqm_obj_opt(o, "place", "has_place", pqm_eq(path, at->what) ? PQM_LIT("") : path);
}

/* "2 no, 1 yes, 3 not shown" */
static pqm_bytes counts(struct pqm_arena *a, const struct pqm_practice *p)
{
	pqm_bytes out = { NULL, 0 };

	for (unsigned v = 0; v < PQM_N_PRACTICE_VERDICTS; v++) {
		pqm_bytes n = pqm_text_count(a, p->n[v]);

		if (p->n[v] > 0)
			out = pqm_arena_f(a, "%.*s%s%.*s %s", PQM_FMT(out), out.n > 0 ? ", " : "",
				PQM_FMT(n), pqm_practice_name((enum pqm_practice_verdict)v));
	}
	return out;
}

/* What the table says of the worst place: the details have the others. */
static pqm_bytes worst(struct pqm_arena *a, const struct pqm_practice_place *at)
{
	const char *slash = at->what.n > 0 ? memrchr(at->what.p, '/', at->what.n) : NULL;
	size_t skip = slash != NULL ? (size_t)(slash - (const char *)at->what.p) + 1 : 0;
	pqm_bytes name = { at->what.p + skip, at->what.n - skip };

	if (at->words.n == 0)
		return name;
	return pqm_arena_f(a, "%.*s: %.*s", PQM_FMT(name), PQM_FMT(at->words));
}

static void fill_practice(struct pqm_obj *o, const void *ctx, size_t i)
{
	const struct pqm_practice *p = &((const struct pqm_view *)ctx)->r->practices->items[i];
	const struct pqm_yaml *node = p->rule->node;
	size_t total = 0;

	for (unsigned v = 0; v < PQM_N_PRACTICE_VERDICTS; v++)
		total += p->n[v];
	verdict(o, p->verdict);
	pqm_obj_f(o, "no", "%zu", i);
	pqm_obj_f(o, "sort_verdict", "%d", (int)p->verdict);
	pqm_obj_text(o, "title", pqm_yaml_str(node, "title"));
	pqm_obj_text(o, "question", pqm_yaml_str(node, "question"));
	pqm_obj_text(o, "counts", total > 0 ? counts(o->arena, p) : pqm_yaml_str(node, "nothing"));
	pqm_obj_text(o, "why", pqm_yaml_str(node, "why"));
	pqm_obj_opt(o, "fix", "has_fix", pqm_yaml_str(node, "fix"));
	pqm_obj_flag(o, "has_places", p->n_places > 0);
	pqm_obj_flag(o, "no_places", p->n_places == 0);
	pqm_obj_opt(o, "worst", "has_worst",
		p->n_places > 0 ? worst(o->arena, &p->places[0]) : PQM_LIT(""));
	size_t n = p->n_places < PQM_VIEW_PLACES ? p->n_places : PQM_VIEW_PLACES;

	pqm_obj_text(o, "places_more", pqm_text_count(o->arena, total - n));
	pqm_obj_flag(o, "has_places_more", total > n);
	pqm_obj_list(o, "places", n, fill_place, p);
}

struct sides {
	const struct pqm_view *v;
	const struct pqm_contrast *c;
};

static void fill_side(struct pqm_obj *o, const void *ctx, size_t i)
{
	const struct sides *s = ctx;

	pqm_obj_text(o, "target", target_name(s->v, s->c->sides[i].target));
	pqm_obj_text(o, "words", s->c->sides[i].words);
}

static void fill_contrast(struct pqm_obj *o, const void *ctx, size_t i)
{
	const struct pqm_view *v = ctx;
	struct sides *s = pqm_new(o->arena, struct sides, 1);

	if (s == NULL)
		return;
	*s = (struct sides){ v, &v->r->practices->contrasts[i] };
	pqm_obj_text(o, "what", s->c->what);
	pqm_obj_text(o, "role", s->c->role);
	pqm_obj_list(o, "sides", s->c->n_sides, fill_side, s);
}

void pqm_view_practices(struct pqm_obj *o, const struct pqm_view *v)
{
	const struct pqm_practices *p = v->r->practices;
	size_t n[PQM_N_PRACTICE_VERDICTS];

	pqm_practices_count(n, p);
	pqm_obj_f(o, "summary", "%zu questions: %zu yes, %zu partly, %zu no, %zu not shown.", p->n,
		n[PQM_PRACTICE_YES], n[PQM_PRACTICE_PARTLY], n[PQM_PRACTICE_NO],
		n[PQM_PRACTICE_NOT_SHOWN]);
	pqm_obj_list(o, "questions", p->n, fill_practice, v);
	size_t shown = pqm_view_cap(
		o, p->n_contrasts, PQM_VIEW_PRACTICES, "contrasts_more", "has_contrasts_more");

	pqm_obj_list(o, "contrasts", shown, fill_contrast, v);
	pqm_obj_flag(o, "has_contrasts", shown > 0);
}
