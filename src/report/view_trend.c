/* view_trend.c — the trend of the page: lines over the runs, and what came and went with the last one. */
#include "report/view.h"

#include <math.h>

#include "base/num.h"
#include "report/trend_out.h"
#include "report/view_text.h"

/* The drawings' box; names of the lines stand right of the last run. */
#define LEFT 74.0
#define RIGHT 670.0
#define UPPER 14.0
#define LOWER 178.0
#define TREND_ROWS 100

struct line {
	const char *name, *cls, *dash;
	double (*of)(const struct pqm_trend_run *r);
};

static double expected(const struct pqm_trend_run *r)
{
	return r->total.expected;
}

static double avoidable(const struct pqm_trend_run *r)
{
	return r->total.avoidable;
}

static double sunk(const struct pqm_trend_run *r)
{
	return r->total.sunk;
}

static double by_quantum(const struct pqm_trend_run *r, enum pqm_quantum q)
{
	uint64_t n[PQM_TREND_QUANTA];

	pqm_trend_by_quantum(n, r);
	return (double)n[q];
}

static double broken(const struct pqm_trend_run *r)
{
	return by_quantum(r, PQM_Q_BROKEN);
}

static double hybrid(const struct pqm_trend_run *r)
{
	return by_quantum(r, PQM_Q_HYBRID);
}

static double safe(const struct pqm_trend_run *r)
{
	return by_quantum(r, PQM_Q_SAFE);
}

static double unknown(const struct pqm_trend_run *r)
{
	return by_quantum(r, PQM_Q_UNKNOWN);
}

static const struct line money_lines[] = { { "total", "t-all", "none", expected },
	{ "sunk", "t-sunk", "6 4", sunk }, { "avoidable", "t-avoid", "2 3", avoidable } };
static const struct line count_lines[] = { { "broken", "t-broken", "none", broken },
	{ "hybrid", "t-hybrid", "6 4", hybrid }, { "safe", "t-safe", "2 3", safe },
	{ "unknown", "t-unknown", "8 3 2 3", unknown } };

struct chart {
	const struct pqm_trend *t;
	const struct line *lines;
	size_t n;
	double top; /* value at the upper edge */
};

static const struct pqm_trend *trend(const struct pqm_view *v)
{
	return v->r->trend;
}

/* By date, so that a gap of months is seen; runs of one day stand side by side at its place. */
static double x_of(const struct pqm_trend *t, size_t i)
{
	double from = (double)t->runs[0].now_days, to = (double)t->runs[t->n_runs - 1].now_days,
	       share = to > from ? ((double)t->runs[i].now_days - from) / (to - from) : 1;

	return LEFT + share * (RIGHT - LEFT);
}

static double y_of(const struct chart *c, double v)
{
	return LOWER - (c->top > 0 ? v / c->top : 0) * (LOWER - UPPER);
}

/* Labels at the ends of the lines, in the order of their values, a line of text apart at least. */
static double label_y(const struct chart *c, size_t i)
{
	const struct pqm_trend_run *last = &c->t->runs[c->t->n_runs - 1];
	double own = c->lines[i].of(last), y = y_of(c, own);
	size_t below = 0;

	for (size_t k = 0; k < c->n; k++) {
		double v = c->lines[k].of(last);

		below += v < own || (v == own && k > i);
	}
	return fmin(y, LOWER - 15.0 * (double)below);
}

static void fill_line(struct pqm_obj *o, const void *ctx, size_t i)
{
	const struct chart *c = ctx;
	const struct line *l = &c->lines[i];
	const struct pqm_trend *t = c->t;
	double last = l->of(&t->runs[t->n_runs - 1]);
	pqm_bytes d = { NULL, 0 };

	for (size_t k = 0; k < t->n_runs; k++)
		d = pqm_arena_f(o->arena, "%.*s%s%.1f,%.1f", PQM_FMT(d), k == 0 ? "" : " ",
			x_of(t, k), y_of(c, l->of(&t->runs[k])));
	pqm_obj_text(o, "points", d);
	pqm_obj_text(o, "name", pqm_str(l->name));
	pqm_obj_text(o, "class", pqm_str(l->cls));
	pqm_obj_text(o, "dash", pqm_str(l->dash));
	pqm_obj_f(o, "label_y", "%.1f", label_y(c, i) + 4);
	pqm_obj_text(o, "value", pqm_text_money(o->arena, last));
	pqm_obj_f(o, "x", "%.1f", x_of(t, t->n_runs - 1));
	pqm_obj_f(o, "y", "%.1f", y_of(c, last));
}

static void fill_chart(struct pqm_obj *o, const void *ctx, size_t i)
{
	const struct pqm_view *v = ctx;
	const struct pqm_trend *t = trend(v);
	struct chart *c = pqm_new(o->arena, struct chart, 1);

	if (c == NULL)
		return;
	*c = (struct chart){ .t = t,
		.lines = i == 0 ? count_lines : money_lines,
		.n = i == 0 ? sizeof(count_lines) / sizeof(count_lines[0])
			    : sizeof(money_lines) / sizeof(money_lines[0]) };
	for (size_t k = 0; k < t->n_runs; k++)
		for (size_t l = 0; l < c->n; l++)
			c->top = fmax(c->top, c->lines[l].of(&t->runs[k]));
	pqm_obj_text(o, "title", i == 0 ? PQM_LIT("Findings by status") : PQM_LIT("Expected loss"));
	pqm_obj_f(o, "left", "%.0f", LEFT);
	pqm_obj_f(o, "right", "%.0f", RIGHT);
	pqm_obj_f(o, "upper", "%.0f", UPPER);
	pqm_obj_f(o, "lower", "%.0f", LOWER);
	pqm_obj_f(o, "name_x", "%.0f", LEFT - 8);
	pqm_obj_f(o, "date_y", "%.0f", LOWER + 20);
	pqm_obj_text(o, "top", pqm_text_money(o->arena, c->top));
	pqm_obj_text(o, "from", pqm_text_day(o->arena, t->runs[0].now_days));
	pqm_obj_text(o, "to", pqm_text_day(o->arena, t->runs[t->n_runs - 1].now_days));
	pqm_obj_list(o, "lines", c->n, fill_line, c);
}

static void fill_thing(struct pqm_obj *o, const struct pqm_trend_thing *x)
{
	pqm_obj_text(o, "what", x->what);
	pqm_obj_text(o, "meaning", pqm_str(pqm_meaning_name(x->meaning)));
	pqm_obj_text(o, "quantum", pqm_str(pqm_quantum_name(x->quantum)));
	pqm_obj_text(o, "place", x->place);
	pqm_obj_text(o, "since", pqm_text_day(o->arena, x->first_days));
}

static void fill_appeared(struct pqm_obj *o, const void *ctx, size_t i)
{
	fill_thing(o, &trend(ctx)->appeared[i]);
}

static void fill_fixed(struct pqm_obj *o, const void *ctx, size_t i)
{
	fill_thing(o, &trend(ctx)->fixed[i]);
}

/* Newest first. */
static void fill_run(struct pqm_obj *o, const void *ctx, size_t i)
{
	const struct pqm_trend *t = trend(ctx);
	const struct pqm_trend_run *r = &t->runs[t->n_runs - 1 - i];
	uint64_t n[PQM_TREND_QUANTA];

	pqm_trend_by_quantum(n, r);
	pqm_obj_text(o, "date", pqm_text_day(o->arena, r->now_days));
	pqm_obj_text(o, "n_broken", pqm_text_count(o->arena, n[PQM_Q_BROKEN]));
	pqm_obj_text(o, "n_hybrid", pqm_text_count(o->arena, n[PQM_Q_HYBRID]));
	pqm_obj_text(o, "n_safe", pqm_text_count(o->arena, n[PQM_Q_SAFE]));
	pqm_obj_text(o, "n_unknown", pqm_text_count(o->arena, n[PQM_Q_UNKNOWN]));
	pqm_obj_text(o, "n_appeared", pqm_text_count(o->arena, r->n_appeared));
	pqm_obj_text(o, "n_fixed", pqm_text_count(o->arena, r->n_fixed));
	pqm_obj_text(o, "n_tasks", pqm_text_count(o->arena, r->n_tasks));
	pqm_obj_text(o, "loss",
		r->has_money ? pqm_text_money(o->arena, r->total.expected) : PQM_LIT("-"));
	pqm_obj_text(o, "loss_avoidable",
		r->has_money ? pqm_text_money(o->arena, r->total.avoidable) : PQM_LIT("-"));
}

static void fill(struct pqm_obj *o, const void *ctx, size_t i)
{
	const struct pqm_view *v = ctx;
	const struct pqm_trend *t = trend(v);
	const struct pqm_trend_run *is = &t->runs[t->n_runs - 1];
	bool is_first = t->n_runs < 2;
	bool has_money = is->has_money;

	(void)i;
	for (size_t k = 0; k < t->n_runs; k++)
		has_money = has_money && t->runs[k].has_money &&
			pqm_eq(t->runs[k].currency, is->currency);
	pqm_obj_flag(o, "first_run", is_first);
	pqm_obj_flag(o, "later_run", !is_first);
	pqm_obj_text(o, "words", pqm_trend_words(o->arena, t));
	pqm_obj_text(o, "before",
		is_first ? PQM_LIT("") : pqm_text_day(o->arena, t->runs[t->n_runs - 2].now_days));
	pqm_obj_text(o, "runs_kept", pqm_text_n(o->arena, t->n_runs_all, "run", "runs"));
	pqm_obj_list(o, "charts", is_first ? 0 : has_money ? 2 : 1, fill_chart, v);
	pqm_obj_list(o, "appeared",
		pqm_view_cap(o, t->n_appeared, TREND_ROWS, "more_appeared", "has_more_appeared"),
		fill_appeared, v);
	pqm_obj_flag(o, "has_appeared", t->n_appeared > 0);
	pqm_obj_list(o, "fixed",
		pqm_view_cap(o, t->n_fixed, TREND_ROWS, "more_fixed", "has_more_fixed"), fill_fixed,
		v);
	pqm_obj_flag(o, "has_fixed", t->n_fixed > 0);
	pqm_obj_list(o, "runs", is_first ? 0 : t->n_runs, fill_run, v);
}

void pqm_view_trend(struct pqm_obj *o, const struct pqm_view *v)
{
	pqm_obj_list(o, "trend", v->r->trend != NULL && v->r->trend->n_runs > 0, fill, v);
}
