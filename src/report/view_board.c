/* view_board.c — what a board signs: the assets that cost most, and the risks that stay. */
#include "view.h"

#include <math.h>

#include "report/view_text.h"

#define TOP 5
#define STAYS_MAX 12
#define SUPPOSED_MAX 5
#define NAME_COLUMNS 60 /* on page one; its card has it whole */
#define OWNER_COLUMNS 28

struct board {
	const struct pqm_view *v;
	size_t top[TOP]; /* places on the page */
	size_t n_top;
	size_t n_rest;
	struct pqm_money rest;
	double most; /* expected loss that the bars are drawn against */
};

static void money_fields(
	struct pqm_obj *o, const struct pqm_money *m, double lo, double hi, double most)
{
	struct pqm_arena *a = o->arena;
	pqm_bytes from = pqm_text_money(a, lo), to = pqm_text_money(a, hi);
	double unit = most > 0 ? 108 / most : 0, sunk = m->sunk * unit;

	pqm_obj_text(o, "expected", pqm_text_money(a, m->expected));
	pqm_obj_text(o, "between",
		hi > 0 ? pqm_arena_f(a, "%.*s to %.*s", PQM_FMT(from), PQM_FMT(to)) : PQM_LIT(""));
	pqm_obj_text(o, "gone", pqm_text_money(a, m->sunk));
	pqm_obj_text(o, "avoidable", pqm_text_money(a, m->avoidable));
	pqm_obj_text(o, "quarter", pqm_text_money(a, m->quarter));
	pqm_obj_f(o, "gone_w", "%.1f", fmax(0, sunk));
	pqm_obj_f(o, "open_x", "%.1f", fmax(0, sunk));
	pqm_obj_f(o, "open_w", "%.1f", fmax(0, m->avoidable * unit));
}

static pqm_bytes shortened(struct pqm_arena *a, pqm_bytes text, size_t columns)
{
	return pqm_text_middle(a, pqm_printable(a, text), columns);
}

static void fill_cost(struct pqm_obj *o, const void *ctx, size_t i)
{
	const struct board *b = ctx;
	const struct pqm_asset_score *s = b->v->scores[b->top[i]];

	pqm_obj_f(o, "no", "%zu", b->top[i]);
	pqm_obj_text(o, "name", shortened(o->arena, s->asset->name, NAME_COLUMNS));
	pqm_obj_opt(o, "owner", "has_owner", shortened(o->arena, s->asset->owner, OWNER_COLUMNS));
	pqm_view_chances(o, s);
	money_fields(o, &s->money[PQM_CENTRAL], s->money[PQM_SLOW].expected,
		s->money[PQM_FAST].expected, b->most);
}

static void fill_rest(struct pqm_obj *o, const void *ctx, size_t i)
{
	const struct board *b = ctx;

	(void)i;
	pqm_obj_text(o, "n", pqm_text_n(o->arena, b->n_rest, "other asset", "other assets"));
	money_fields(o, &b->rest, 0, 0, b->most);
}

static double expected_of(const struct pqm_asset_score *s)
{
	return s->has_money ? s->money[PQM_CENTRAL].expected : -1;
}

/* The costliest first; where they cost the same, as they stand on the page. */
static void pick_top(struct board *b)
{
	for (size_t i = 0; i < b->v->n_scores; i++) {
		const struct pqm_asset_score *s = b->v->scores[i];
		size_t at = b->n_top;

		if (expected_of(s) <= 0)
			continue;
		while (at > 0 && expected_of(b->v->scores[b->top[at - 1]]) < expected_of(s))
			at--;
		if (at == TOP)
			continue;
		b->n_top += b->n_top < TOP;
		for (size_t k = b->n_top - 1; k > at; k--)
			b->top[k] = b->top[k - 1];
		b->top[at] = i;
	}
	if (b->n_top > 0)
		b->most = expected_of(b->v->scores[b->top[0]]);
}

static void add_rest(struct board *b)
{
	for (size_t i = 0; i < b->v->n_scores; i++) {
		const struct pqm_asset_score *s = b->v->scores[i];
		bool shown = expected_of(s) <= 0;

		for (size_t k = 0; k < b->n_top; k++)
			shown = shown || b->top[k] == i;
		if (shown)
			continue;
		b->n_rest++;
		b->rest.expected += s->money[PQM_CENTRAL].expected;
		b->rest.sunk += s->money[PQM_CENTRAL].sunk;
		b->rest.avoidable += s->money[PQM_CENTRAL].avoidable;
		b->rest.quarter += s->money[PQM_CENTRAL].quarter;
	}
}

static void costs(struct pqm_obj *o, const struct pqm_view *v)
{
	struct board *b = pqm_new(o->arena, struct board, 1);
	const struct pqm_money *m = v->r->assessment->total;
	size_t derived = 0, open = 0;

	if (b == NULL)
		return;
	b->v = v;
	pick_top(b);
	add_rest(b);
	for (size_t i = 0; i < v->n_scores; i++) {
		derived += !v->scores[i]->has_money && v->scores[i]->root_id.n > 0;
		open += pqm_score_needs_no_machine(v->scores[i]);
	}
	pqm_obj_list(o, "costs", b->n_top, fill_cost, b);
	pqm_obj_list(o, "others_cost", b->n_rest > 0, fill_rest, b);
	pqm_obj_flag(o, "has_costs", b->n_top > 0);
	pqm_obj_opt(o, "derived", "has_derived",
		derived > 0 ? pqm_text_n(o->arena, derived, "derived asset counts",
				      "derived assets count")
			    : PQM_LIT(""));
	pqm_obj_text(o, "declared", pqm_str(pqm_view_declared(v)));
	pqm_obj_opt(o, "left_out", "has_left_out",
		open == 0 ? PQM_LIT("")
			: open == 1
			? PQM_LIT("One asset that lies open today is not in it: losing it takes "
				  "no quantum computer.")
			: pqm_arena_f(o->arena,
				  "%zu assets that lie open today are not in it: losing them takes "
				  "no "
				  "quantum computer.",
				  open));
	money_fields(o, &m[PQM_CENTRAL], m[PQM_SLOW].expected, m[PQM_FAST].expected, 0);
}

/* ---- what would change a decision ---- */

struct supposed {
	const struct pqm_assumption *a[SUPPOSED_MAX];
	pqm_bytes name[SUPPOSED_MAX];
	size_t n, n_more;
};

static const struct pqm_asset_score *score_of(const struct pqm_view *v, pqm_bytes id)
{
	for (size_t i = 0; i < v->n_ai; i++)
		if (pqm_eq(v->scores[i]->asset->id, id))
			return v->scores[i];
	return NULL;
}

static void fill_supposed(struct pqm_obj *o, const void *ctx, size_t i)
{
	const struct supposed *s = ctx;

	pqm_obj_text(o, "name", shortened(o->arena, s->name[i], NAME_COLUMNS));
	pqm_obj_text(o, "what", s->a[i]->what);
	pqm_obj_text(o, "would_change", s->a[i]->would_change);
}

/* The nearest change that decides otherwise, for each decision that asks for work. */
struct nearest {
	const struct pqm_asset_score *s[SUPPOSED_MAX];
	size_t n;
};

static void fill_nearest(struct pqm_obj *o, const void *ctx, size_t i)
{
	const struct pqm_asset_score *s = ((const struct nearest *)ctx)->s[i];

	pqm_obj_text(o, "name", shortened(o->arena, s->asset->name, NAME_COLUMNS));
	pqm_obj_text(o, "words", pqm_view_flip(o->arena, s, 0));
	pqm_obj_text(o, "decision", pqm_str(pqm_decision_name(s->decision)));
}

static void nearest(struct pqm_obj *o, const struct pqm_view *v)
{
	struct nearest *all = pqm_new(o->arena, struct nearest, 1);

	for (size_t i = 0; all != NULL && i < v->n_ai && all->n < SUPPOSED_MAX; i++)
		if (v->scores[i]->n_flips > 0 && v->scores[i]->decision >= PQM_ATTEND)
			all->s[all->n++] = v->scores[i];
	pqm_obj_list(o, "nearest", all == NULL ? 0 : all->n, fill_nearest, all);
	pqm_obj_flag(o, "has_nearest", all != NULL && all->n > 0);
}

static void supposed(struct pqm_obj *o, const struct pqm_view *v)
{
	const struct pqm_assessment *as = v->r->assessment;
	struct supposed *all = pqm_new(o->arena, struct supposed, 1);

	if (all == NULL)
		return;
	for (size_t i = 0; i < as->n_assumptions; i++) {
		const struct pqm_asset_score *s = score_of(v, as->assumptions[i].asset);

		if (s == NULL || s->decision < PQM_ATTEND)
			continue;
		if (all->n == SUPPOSED_MAX) {
			all->n_more++;
			continue;
		}
		all->name[all->n] = s->asset->name;
		all->a[all->n++] = &as->assumptions[i];
	}
	pqm_obj_list(o, "supposed", all->n, fill_supposed, all);
	pqm_obj_flag(o, "has_supposed", all->n > 0);
	pqm_obj_flag(o, "no_supposed", all->n == 0);
	pqm_obj_opt(o, "supposed_more", "has_supposed_more",
		all->n_more > 0 ? pqm_text_count(o->arena, all->n_more) : PQM_LIT(""));
}

/* ---- the risks that stay ---- */

struct stay {
	pqm_bytes what, why, owner;
};

struct stays {
	struct stay s[STAYS_MAX];
	size_t n, n_more;
};

static void add_stay(struct stays *all, pqm_bytes what, pqm_bytes why, pqm_bytes owner)
{
	if (all->n < STAYS_MAX)
		all->s[all->n++] = (struct stay){ what, why, owner };
	else
		all->n_more++;
}

static void stay_assets(struct stays *all, const struct pqm_view *v, struct pqm_arena *a)
{
	for (size_t i = 0; i < v->n_ai; i++) {
		const struct pqm_asset_score *s = v->scores[i];
		pqm_bytes name = pqm_printable(a, s->asset->name);
		pqm_bytes p = pqm_text_pct(a, s->sunk[PQM_CENTRAL]);
		pqm_bytes m = pqm_view_money(v, a, s->money[PQM_CENTRAL].sunk);

		if (!s->is_broken_today && s->sunk[PQM_CENTRAL] >= .05)
			add_stay(all, name,
				s->has_money
					? pqm_arena_f(a,
						  "already sent: %.*s chance, %.*s; no migration "
						  "recalls it",
						  PQM_FMT(p), PQM_FMT(m))
					: pqm_arena_f(a,
						  "already sent: %.*s chance; no migration recalls "
						  "it",
						  PQM_FMT(p)),
				s->asset->owner);
		else if (s->decision > PQM_TRACK && !pqm_score_is_shown(s))
			add_stay(all, name,
				PQM_LIT("unknown: nothing that was read shows what protects it"),
				s->asset->owner);
	}
}

static void stay_plan(struct stays *all, const struct pqm_plan *p, struct pqm_arena *a)
{
	for (size_t i = 0; i < p->n_deadlines; i++) {
		const struct pqm_deadline *d = &p->deadlines[i];
		pqm_bytes day = pqm_text_day(a, d->date);
		pqm_bytes late = pqm_text_years(a, -d->slack_years);

		if (!d->is_others && d->finish != INT64_MIN && d->slack_years < 0)
			add_stay(all, pqm_text_duty(a, d),
				pqm_arena_f(a, "late: due %.*s, the plan ends %.*s after it",
					PQM_FMT(day), PQM_FMT(late)),
				(pqm_bytes){ NULL, 0 });
	}
	for (size_t i = 0; i < p->n_tasks; i++) {
		const struct pqm_task *t = &p->tasks[i];
		pqm_bytes day = pqm_text_day(a, t->blocked_until);

		if (t->blocked_until != INT64_MIN)
			add_stay(all, pqm_printable(a, t->title),
				pqm_arena_f(a, "open until %.*s: %.*s", PQM_FMT(day),
					PQM_FMT(pqm_printable(a, t->blocked_why))),
				(pqm_bytes){ NULL, 0 });
	}
}

static void fill_stay(struct pqm_obj *o, const void *ctx, size_t i)
{
	const struct stay *s = &((const struct stays *)ctx)->s[i];

	pqm_obj_text(o, "what", shortened(o->arena, s->what, NAME_COLUMNS));
	pqm_obj_text(o, "why", s->why);
	pqm_obj_opt(o, "owner", "has_owner", shortened(o->arena, s->owner, OWNER_COLUMNS));
}

static void stays(struct pqm_obj *o, const struct pqm_view *v)
{
	struct stays *all = pqm_new(o->arena, struct stays, 1);

	if (all == NULL)
		return;
	stay_assets(all, v, o->arena);
	stay_plan(all, v->r->plan, o->arena);
	pqm_obj_list(o, "stays", all->n, fill_stay, all);
	pqm_obj_flag(o, "has_stays", all->n > 0);
	pqm_obj_opt(o, "stays_more", "has_stays_more",
		all->n_more > 0 ? pqm_text_count(o->arena, all->n_more) : PQM_LIT(""));
}

static bool has_loss(const struct pqm_assessment *as)
{
	return as->n_loss > 0 && as->total[PQM_CENTRAL].expected > 0;
}

static void fill_loss(struct pqm_obj *o, const void *ctx, size_t i)
{
	(void)i;
	pqm_svg_loss(o, ctx);
}

void pqm_view_board(struct pqm_obj *o, const struct pqm_view *v)
{
	costs(o, v);
	nearest(o, v);
	supposed(o, v);
	stays(o, v);
	pqm_obj_list(o, "loss", has_loss(v->r->assessment), fill_loss, v);
	pqm_obj_flag(o, "has_loss", has_loss(v->r->assessment));
}
