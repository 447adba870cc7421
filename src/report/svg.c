/* svg.c — coordinates of the drawings; the markup is in reports/html. */
#include "view.h"

#include <math.h>

#include "base/num.h"
#include "report/view_text.h"

#define YEAR_DAYS 365.2425

/* A straight map from values to a drawing's units. */
struct scale {
	double v0, v1, x0, x1;
};

static double at(const struct scale *s, double v)
{
	double span = s->v1 - s->v0, t = span > 0 ? (v - s->v0) / span : 0;

	return s->x0 + fmin(1, fmax(0, t)) * (s->x1 - s->x0);
}

static void number(struct pqm_obj *o, const char *name, double v)
{
	pqm_obj_f(o, name, "%.1f", isfinite(v) ? v : 0);
}

static pqm_bytes append(struct pqm_arena *a, pqm_bytes s, double x, double y)
{
	return pqm_arena_f(a, "%.*s%s%.1f,%.1f", PQM_FMT(s), s.n > 0 ? " " : "", x, y);
}

struct tick {
	double at;
	pqm_bytes text;
};

#define TICKS_MAX 16

struct ticks {
	struct tick t[TICKS_MAX];
	size_t n;
};

static void fill_tick(struct pqm_obj *o, const void *ctx, size_t i)
{
	const struct ticks *t = ctx;

	number(o, "at", t->t[i].at);
	number(o, "text_at", t->t[i].at + 4);
	pqm_obj_text(o, "text", t->t[i].text);
}

static void add_tick(struct ticks *t, double where, pqm_bytes text)
{
	if (t->n < TICKS_MAX)
		t->t[t->n++] = (struct tick){ where, text };
}

/* 1, 2 or 5 times a power of ten, so that about n steps cover the span. */
static double nice_step(double span, double n)
{
	double raw = span / n, mag = pow(10, floor(log10(raw > 0 ? raw : 1)));
	double r = raw / mag;

	return mag * (r <= 1 ? 1 : r <= 2 ? 2 : r <= 5 ? 5 : 10);
}

void pqm_svg_range(struct pqm_obj *o, const double p[PQM_N_SCENARIOS])
{
	const struct scale s = { 0, 1, 6, 114 };

	number(o, "lo_x", at(&s, p[PQM_SLOW]));
	number(o, "range_w", fmax(1, at(&s, p[PQM_FAST]) - at(&s, p[PQM_SLOW])));
	number(o, "dot_x", at(&s, p[PQM_CENTRAL]));
}

/* The arrival drawing: curve above, bars of the assets below, one axis of years. */
#define CURVE_TOP 30.0
#define CURVE_BOTTOM 250.0
#define BARS_TOP 288.0
#define BAR_STEP 25.0
#define PLOT_LEFT 272.0
#define PLOT_RIGHT 806.0
#define SPAN_YEARS 30.0 /* as far as the surveys look */

struct arrival {
	const struct pqm_view *v;
	struct scale x, y;
	double bottom;
	size_t n_bars;
	struct ticks years, shares, dates;
	size_t date_index[TICKS_MAX];
};

static double curve_at(const struct pqm_assessment *a, double year, enum pqm_scenario s)
{
	for (size_t i = 1; i < a->n_curve; i++)
		if (year <= a->curve_years[i]) {
			double span = a->curve_years[i] - a->curve_years[i - 1];
			double t = span > 0 ? (year - a->curve_years[i - 1]) / span : 0;

			return a->curve_f[i - 1][s] +
				fmax(0, t) * (a->curve_f[i][s] - a->curve_f[i - 1][s]);
		}
	return a->curve_f[a->n_curve - 1][s];
}

static pqm_bytes curve_line(const struct arrival *d, struct pqm_arena *a, enum pqm_scenario s,
	bool back, pqm_bytes line)
{
	for (int i = 0; i <= 60; i++) {
		double share = (back ? 60 - i : i) / 60.0,
		       year = d->x.v0 + share * (d->x.v1 - d->x.v0);

		line = append(a, line, at(&d->x, year),
			at(&d->y, curve_at(d->v->r->assessment, year, s)));
	}
	return line;
}

static void label(struct pqm_obj *o, const struct arrival *d, const char *const names[2],
	double year, enum pqm_scenario s, double dy)
{
	number(o, names[0], at(&d->x, year));
	number(o, names[1], at(&d->y, curve_at(d->v->r->assessment, year, s)) + dy);
}

/* First year on the axis at which the central curve reaches one half. */
static double even_year(const struct arrival *d)
{
	for (int quarter = 0; quarter <= 4 * (int)SPAN_YEARS; quarter++) {
		double year = d->x.v0 + quarter / 4.0;

		if (curve_at(d->v->r->assessment, year, PQM_CENTRAL) >= .5)
			return year;
	}
	return NAN;
}

static void curve_texts(struct pqm_obj *o, const struct arrival *d)
{
	const struct pqm_assessment *as = d->v->r->assessment;
	double even = even_year(d), ten = d->x.v0 + 10;
	pqm_bytes share = pqm_text_pct(o->arena, curve_at(as, ten, PQM_CENTRAL));

	pqm_obj_flag(o, "has_even", isfinite(even));
	number(o, "even_x", isfinite(even) ? at(&d->x, even) : 0);
	number(o, "even_y", at(&d->y, .5));
	pqm_obj_f(o, "even_year", "%.0f", isfinite(even) ? floor(even) : 0);
	pqm_obj_f(o, "desc_year", "%.0f", floor(ten));
	pqm_obj_text(o, "desc_share", share);
	label(o, d, (const char *const[]){ "central_x", "central_y" }, d->x.v0 + 21, PQM_CENTRAL,
		17);
	label(o, d, (const char *const[]){ "fast_x", "fast_y" }, d->x.v0 + 12, PQM_FAST, -9);
	label(o, d, (const char *const[]){ "slow_x", "slow_y" }, d->x.v0 + 13, PQM_SLOW, 18);
}

static void fill_bar(struct pqm_obj *o, const void *ctx, size_t i)
{
	const struct arrival *d = ctx;
	const struct pqm_asset_score *s = d->v->scores[i];
	double y = BARS_TOP + BAR_STEP * (double)i, end = d->x.v0;
	bool open = s->is_broken_today;

	if (s->deciding < s->n_uses)
		end = s->uses[s->deciding].end;
	bool beyond = end > d->x.v1;
	double x1 = at(&d->x, end);
	bool inside = x1 > d->x.x1 - 70;
	pqm_bytes name = pqm_text_cut(o->arena, pqm_printable(o->arena, s->asset->name), 37);

	number(o, "y", y);
	number(o, "text_y", y + 10.5);
	number(o, "w", fmax(3, x1 - d->x.x0));
	number(o, "label_x", inside ? x1 - 6 : x1 + 6);
	pqm_obj_text(o, "anchor", inside ? PQM_LIT("end") : PQM_LIT("start"));
	pqm_obj_text(o, "in", inside ? PQM_LIT("in") : PQM_LIT(""));
	pqm_obj_text(o, "name", name);
	pqm_obj_text(o, "class", pqm_str(pqm_view_class(s->decision)));
	pqm_obj_text(o, "label",
		open ? PQM_LIT("open today") : pqm_text_pct(o->arena, s->p[PQM_CENTRAL]));
	pqm_obj_f(o, "end", "%.0f", end);
	pqm_obj_flag(o, "beyond", beyond);
}

static void fill_date(struct pqm_obj *o, const void *ctx, size_t i)
{
	const struct arrival *d = ctx;
	const struct pqm_deadline *dl = &d->v->r->plan->deadlines[d->date_index[i]];
	bool right = d->dates.t[i].at > d->x.x1 - 220;

	number(o, "at", d->dates.t[i].at);
	number(o, "text_x", d->dates.t[i].at + (right ? -4 : 4));
	number(o, "text_y", 12 + 13 * (double)i);
	number(o, "top", 4 + 13 * (double)i);
	pqm_obj_text(o, "anchor", right ? PQM_LIT("end") : PQM_LIT("start"));
	pqm_obj_text(o, "text",
		pqm_text_cut(o->arena, pqm_printable(o->arena, dl->title), right ? 60 : 56));
}

/* Duties to list or to plan have dates too, but not on an axis of what breaks when. */
static bool ends_an_algorithm(const struct pqm_deadline *d)
{
	return pqm_eqs(d->function, "kex") || pqm_eqs(d->function, "sig") ||
		pqm_eqs(d->function, "pke") || pqm_eqs(d->function, "all");
}

/* At most two dates stand in the drawing: the first, and the one with the least slack. */
static void pick_dates(struct arrival *d)
{
	const struct pqm_plan *p = d->v->r->plan;
	size_t least = SIZE_MAX, first = SIZE_MAX;

	for (size_t i = 0; i < p->n_deadlines; i++) {
		double year = pqm_date_to_year(p->deadlines[i].date);

		if (p->deadlines[i].finish == INT64_MIN || !ends_an_algorithm(&p->deadlines[i]) ||
			year < d->x.v0 || year > d->x.v1)
			continue;
		if (first == SIZE_MAX)
			first = i;
		if (least == SIZE_MAX ||
			p->deadlines[i].slack_years < p->deadlines[least].slack_years)
			least = i;
	}
	const size_t pick[] = { first, least };

	for (size_t i = 0; i < 2; i++) {
		if (pick[i] == SIZE_MAX || (i == 1 && pick[0] == pick[1]))
			continue;
		d->date_index[d->dates.n] = pick[i];
		add_tick(&d->dates, at(&d->x, pqm_date_to_year(p->deadlines[pick[i]].date)),
			(pqm_bytes){ NULL, 0 });
	}
}

static void arrival_ticks(struct arrival *d, struct pqm_arena *a)
{
	for (int y = (int)ceil(d->x.v0 / 5) * 5; y <= (int)d->x.v1; y += 5)
		add_tick(&d->years, at(&d->x, y), pqm_arena_f(a, "%d", y));
	for (int p = 0; p <= 100; p += 25)
		add_tick(&d->shares, at(&d->y, p / 100.0), pqm_arena_f(a, "%d %%", p));
}

void pqm_svg_arrival(struct pqm_obj *o, const struct pqm_view *v)
{
	struct arrival *d = pqm_new(o->arena, struct arrival, 1);

	if (d == NULL)
		return;
	d->v = v;
	d->x = (struct scale){ floor(v->r->assessment->assessed),
		floor(v->r->assessment->assessed) + SPAN_YEARS, PLOT_LEFT, PLOT_RIGHT };
	d->y = (struct scale){ 0, 1, CURVE_BOTTOM, CURVE_TOP };
	d->n_bars = pqm_view_cap(o, v->n_scores, PQM_VIEW_BARS, "bars_more", "has_bars_more");
	d->bottom = BARS_TOP + BAR_STEP * (double)d->n_bars - 4;
	arrival_ticks(d, o->arena);
	pick_dates(d);
	pqm_obj_f(o, "height", "%.0f", d->bottom + 8);
	number(o, "left", PLOT_LEFT);
	number(o, "right", PLOT_RIGHT);
	number(o, "name_x", PLOT_LEFT - 12);
	number(o, "curve_top", CURVE_TOP);
	number(o, "year_y", CURVE_BOTTOM + 18);
	number(o, "bottom", d->bottom);
	pqm_obj_list(o, "years", d->years.n, fill_tick, &d->years);
	pqm_obj_list(o, "shares", d->shares.n, fill_tick, &d->shares);
	pqm_obj_list(o, "dates", d->dates.n, fill_date, d);
	pqm_obj_list(o, "bars", d->n_bars, fill_bar, d);
	pqm_obj_text(
		o, "central", curve_line(d, o->arena, PQM_CENTRAL, false, (pqm_bytes){ NULL, 0 }));
	pqm_bytes band = curve_line(d, o->arena, PQM_SLOW, false, (pqm_bytes){ NULL, 0 });

	pqm_obj_text(o, "band", curve_line(d, o->arena, PQM_FAST, true, band));
	curve_texts(o, d);
}

struct residual {
	const struct pqm_view *v;
	struct scale x, y;
	struct ticks days, left;
};

static pqm_bytes amount(struct pqm_arena *a, const struct pqm_view *v, double left)
{
	if (v->r->assessment->has_money)
		return pqm_text_money(a, left);
	return pqm_arena_f(a, "%.*f", fabs(left - round(left)) < .005 ? 0 : left < 1 ? 2 : 1, left);
}

static void residual_ticks(struct residual *d, struct pqm_arena *a)
{
	double step = fmax(1, nice_step(d->x.v1, 5)), up = nice_step(d->y.v1, 4);

	for (int i = 0; i < TICKS_MAX; i++) {
		if (i * step <= d->x.v1 * 1.001)
			add_tick(&d->days, at(&d->x, i * step), pqm_arena_f(a, "%.0f", i * step));
		if (i * up <= d->y.v1 * 1.001)
			add_tick(&d->left, at(&d->y, i * up), amount(a, d->v, i * up));
	}
}

static void residual_line(struct pqm_obj *o, const struct residual *d)
{
	const struct pqm_plan *p = d->v->r->plan;
	pqm_bytes line = { NULL, 0 };
	double last = 0, drop = 0;
	size_t best = 0;

	for (size_t i = 0; i < p->n_residual && i < 2000; i++) {
		const struct pqm_residual *r = &p->residual[i];

		if (i > 0) {
			line = append(o->arena, line, at(&d->x, r->effort_days), at(&d->y, last));
			if (last - r->left > drop) {
				drop = last - r->left;
				best = i;
			}
		}
		line = append(o->arena, line, at(&d->x, r->effort_days), at(&d->y, r->left));
		last = r->left;
	}
	pqm_obj_text(o, "line", line);
	const struct pqm_residual *b = &p->residual[best];
	bool has = best > 0 && b->task < p->n_tasks;
	bool right = at(&d->x, b->effort_days) > 250;
	double y = at(&d->y, b->left + drop);

	pqm_obj_flag(o, "has_drop", has);
	pqm_obj_text(o, "drop_text",
		has ? pqm_text_cut(o->arena, pqm_printable(o->arena, p->tasks[b->task].title), 34)
		    : PQM_LIT(""));
	number(o, "drop_x", at(&d->x, b->effort_days) + (right ? -6 : 6));
	number(o, "drop_y", y - 6 > 12 ? y - 6 : y + 14);
	pqm_obj_text(o, "drop_anchor", right ? PQM_LIT("end") : PQM_LIT("start"));
}

void pqm_svg_residual(struct pqm_obj *o, const struct pqm_view *v)
{
	const struct pqm_plan *p = v->r->plan;
	const struct pqm_residual *first = &p->residual[0], *last = &p->residual[p->n_residual - 1];
	struct residual *d = pqm_new(o->arena, struct residual, 1);
	double top = 0;

	if (d == NULL)
		return;
	for (size_t i = 0; i < p->n_residual; i++)
		top = fmax(top, p->residual[i].left);
	d->v = v;
	d->x = (struct scale){ 0, fmax(1, last->effort_days), 62, 432 };
	d->y = (struct scale){ 0, top > 0 ? top * 1.04 : 1, 164, 16 };
	residual_ticks(d, o->arena);
	pqm_obj_list(o, "days", d->days.n, fill_tick, &d->days);
	pqm_obj_list(o, "levels", d->left.n, fill_tick, &d->left);
	residual_line(o, d);
	number(o, "sunk_y", at(&d->y, last->sunk));
	number(o, "sunk_text_y", at(&d->y, last->sunk) + (at(&d->y, last->sunk) > 145 ? -5 : 14));
	pqm_obj_flag(o, "has_sunk", last->sunk > 0);
	pqm_obj_text(o, "from", amount(o->arena, v, first->left));
	pqm_obj_text(o, "to", amount(o->arena, v, last->left));
	pqm_obj_text(o, "sunk", amount(o->arena, v, last->sunk));
	pqm_obj_f(o, "effort", "%.0f", last->effort_days);
}

/* The plan by month. */
#define GANTT_LEFT 330.0
#define GANTT_RIGHT 800.0
#define GANTT_TOP 30.0
#define GANTT_STEP 24.0

struct gantt {
	const struct pqm_view *v;
	struct scale x; /* days since 1970 */
	struct ticks months;
	size_t n;
};

static void fill_row(struct pqm_obj *o, const void *ctx, size_t i)
{
	const struct gantt *d = ctx;
	const struct pqm_task *t = &d->v->r->plan->tasks[i];
	double y = GANTT_TOP + GANTT_STEP * (double)i, x0 = at(&d->x, (double)t->start_lo),
	       lo = at(&d->x, (double)t->finish_lo), hi = at(&d->x, (double)t->finish_hi);
	bool left = hi > GANTT_RIGHT - 40;

	number(o, "y", y);
	number(o, "text_y", y + 10.5);
	number(o, "x", x0);
	number(o, "w", fmax(2, lo - x0));
	number(o, "hi_w", fmax(2, hi - x0));
	number(o, "label_x", left ? hi - 6 : hi + 6);
	pqm_obj_text(o, "anchor", left ? PQM_LIT("end") : PQM_LIT("start"));
	pqm_obj_text(o, "class",
		t->is_weak_fix	       ? PQM_LIT("bad")
			: t->value > 0 ? PQM_LIT("blue")
				       : PQM_LIT("soft"));
	pqm_obj_f(o, "no", "%zu", i + 1);
	pqm_obj_text(o, "title", pqm_text_cut(o->arena, pqm_printable(o->arena, t->title), 43));
	pqm_obj_f(o, "label", "phase %u%s%s", t->phase, t->pulled_forward ? ", pulled forward" : "",
		t->is_weak_fix ? ", open today" : "");
}

static void gantt_ticks(struct gantt *d, struct pqm_arena *a)
{
	double months = (d->x.v1 - d->x.v0) / YEAR_DAYS * 12;
	int step = months > 60 ? 24 : months > 24 ? 12 : 6;

	add_tick(&d->months, at(&d->x, d->x.v0), PQM_LIT("start"));
	for (int m = step; m <= months && d->months.n < TICKS_MAX; m += step)
		add_tick(&d->months, at(&d->x, d->x.v0 + m * YEAR_DAYS / 12),
			pqm_arena_f(a, "%d months", m));
}

void pqm_svg_gantt(struct pqm_obj *o, const struct pqm_view *v)
{
	const struct pqm_plan *p = v->r->plan;
	struct gantt *d = pqm_new(o->arena, struct gantt, 1);
	double end = (double)p->start + YEAR_DAYS / 2;

	if (d == NULL)
		return;
	d->v = v;
	d->n = pqm_view_cap(o, p->n_tasks, PQM_VIEW_GANTT, "gantt_more", "has_gantt_more");
	for (size_t i = 0; i < d->n; i++)
		end = fmax(end, (double)p->tasks[i].finish_hi);
	/* Room for the last label behind the last bar. */
	d->x = (struct scale){ (double)p->start, (double)p->start + (end - (double)p->start) * 1.03,
		GANTT_LEFT, GANTT_RIGHT };
	gantt_ticks(d, o->arena);
	pqm_obj_list(o, "months", d->months.n, fill_tick, &d->months);
	pqm_obj_list(o, "rows", d->n, fill_row, d);
	number(o, "bottom", GANTT_TOP + GANTT_STEP * (double)d->n);
	pqm_obj_f(o, "height", "%.0f", GANTT_TOP + GANTT_STEP * (double)d->n + 6);
	number(o, "name_x", GANTT_LEFT - 12);
}
