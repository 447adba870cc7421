/* svg.c — coordinates of the arrival drawing, and what every drawing shares; the markup is in
 * reports/html. */
#include "svg.h"

#include <math.h>

#include "base/num.h"
#include "report/view_text.h"

double pqm_svg_at(const struct pqm_svg_scale *s, double v)
{
	double span = s->v1 - s->v0, t = span > 0 ? (v - s->v0) / span : 0;

	return s->x0 + fmin(1, fmax(0, t)) * (s->x1 - s->x0);
}

void pqm_svg_number(struct pqm_obj *o, const char *name, double v)
{
	pqm_obj_f(o, name, "%.1f", isfinite(v) ? v : 0);
}

struct pqm_svg_points *pqm_svg_points(struct pqm_arena *a, size_t max)
{
	struct pqm_svg_points *p = pqm_new(a, struct pqm_svg_points, 1);

	if (p == NULL)
		return NULL;
	p->xy = pqm_arena_alloc(a, max * sizeof(*p->xy));
	p->cap = p->xy == NULL ? 0 : max;
	return p;
}

void pqm_svg_point(struct pqm_svg_points *p, double x, double y)
{
	if (p == NULL || p->n == p->cap)
		return;
	p->xy[p->n][0] = x;
	p->xy[p->n][1] = y;
	p->n++;
}

static void fill_point(struct pqm_obj *o, const void *ctx, size_t i)
{
	const struct pqm_svg_points *p = ctx;

	pqm_obj_f(o, "xy", "%.1f,%.1f", p->xy[i][0], p->xy[i][1]);
}

void pqm_svg_line(struct pqm_obj *o, const char *name, const struct pqm_svg_points *p)
{
	pqm_obj_list(o, name, p == NULL ? 0 : p->n, fill_point, p);
}

void pqm_svg_fill_tick(struct pqm_obj *o, const void *ctx, size_t i)
{
	const struct pqm_svg_ticks *t = ctx;

	pqm_svg_number(o, "at", t->t[i].at);
	pqm_svg_number(o, "text_at", t->t[i].at + 4);
	pqm_obj_text(o, "text", t->t[i].text);
}

void pqm_svg_add_tick(struct pqm_svg_ticks *t, double where, pqm_bytes text)
{
	if (t->n < PQM_SVG_TICKS)
		t->t[t->n++] = (struct pqm_svg_tick){ where, text };
}

double pqm_svg_step(double span, double n)
{
	double raw = span / n, mag = pow(10, floor(log10(raw > 0 ? raw : 1)));
	double r = raw / mag;

	return mag * (r <= 1 ? 1 : r <= 2 ? 2 : r <= 5 ? 5 : 10);
}

void pqm_svg_range(struct pqm_obj *o, const double p[PQM_N_SCENARIOS])
{
	const struct pqm_svg_scale s = { 0, 1, 6, 114 };

	pqm_svg_number(o, "lo_x", pqm_svg_at(&s, p[PQM_SLOW]));
	pqm_svg_number(
		o, "range_w", fmax(1, pqm_svg_at(&s, p[PQM_FAST]) - pqm_svg_at(&s, p[PQM_SLOW])));
	pqm_svg_number(o, "dot_x", pqm_svg_at(&s, p[PQM_CENTRAL]));
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
	struct pqm_svg_scale x, y;
	double bottom;
	size_t n_bars;
	struct pqm_svg_ticks years, shares, dates;
	size_t date_index[PQM_SVG_TICKS];
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

#define CURVE_POINTS 61

static void curve_line(
	const struct arrival *d, struct pqm_svg_points *p, enum pqm_scenario s, bool back)
{
	for (int i = 0; i < CURVE_POINTS; i++) {
		double share = (back ? CURVE_POINTS - 1 - i : i) / (CURVE_POINTS - 1.0),
		       year = d->x.v0 + share * (d->x.v1 - d->x.v0);

		pqm_svg_point(p, pqm_svg_at(&d->x, year),
			pqm_svg_at(&d->y, curve_at(d->v->r->assessment, year, s)));
	}
}

static void label(struct pqm_obj *o, const struct arrival *d, const char *const names[2],
	double year, enum pqm_scenario s, double dy)
{
	pqm_svg_number(o, names[0], pqm_svg_at(&d->x, year));
	pqm_svg_number(o, names[1], pqm_svg_at(&d->y, curve_at(d->v->r->assessment, year, s)) + dy);
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
	pqm_svg_number(o, "even_x", isfinite(even) ? pqm_svg_at(&d->x, even) : 0);
	pqm_svg_number(o, "even_y", pqm_svg_at(&d->y, .5));
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
	double x1 = pqm_svg_at(&d->x, end);
	bool inside = x1 > d->x.x1 - 70;
	pqm_bytes name = pqm_text_middle(o->arena, pqm_printable(o->arena, s->asset->name), 37);

	pqm_svg_number(o, "y", y);
	pqm_svg_number(o, "text_y", y + 10.5);
	pqm_svg_number(o, "w", fmax(3, x1 - d->x.x0));
	pqm_svg_number(o, "label_x", inside ? x1 - 6 : x1 + 6);
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

	pqm_svg_number(o, "at", d->dates.t[i].at);
	pqm_svg_number(o, "text_x", d->dates.t[i].at + (right ? -4 : 4));
	pqm_svg_number(o, "text_y", 12 + 13 * (double)i);
	pqm_svg_number(o, "top", 4 + 13 * (double)i);
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
		pqm_svg_add_tick(&d->dates,
			pqm_svg_at(&d->x, pqm_date_to_year(p->deadlines[pick[i]].date)),
			(pqm_bytes){ NULL, 0 });
	}
}

static void arrival_ticks(struct arrival *d, struct pqm_arena *a)
{
	for (int y = (int)ceil(d->x.v0 / 5) * 5; y <= (int)d->x.v1; y += 5)
		pqm_svg_add_tick(&d->years, pqm_svg_at(&d->x, y), pqm_arena_f(a, "%d", y));
	for (int p = 0; p <= 100; p += 25)
		pqm_svg_add_tick(
			&d->shares, pqm_svg_at(&d->y, p / 100.0), pqm_arena_f(a, "%d %%", p));
}

void pqm_svg_arrival(struct pqm_obj *o, const struct pqm_view *v)
{
	struct arrival *d = pqm_new(o->arena, struct arrival, 1);

	if (d == NULL)
		return;
	d->v = v;
	d->x = (struct pqm_svg_scale){ floor(v->r->assessment->assessed),
		floor(v->r->assessment->assessed) + SPAN_YEARS, PLOT_LEFT, PLOT_RIGHT };
	d->y = (struct pqm_svg_scale){ 0, 1, CURVE_BOTTOM, CURVE_TOP };
	d->n_bars = pqm_view_cap(o, v->n_scores, PQM_VIEW_BARS, "bars_more", "has_bars_more");
	d->bottom = BARS_TOP + BAR_STEP * (double)d->n_bars - 4;
	arrival_ticks(d, o->arena);
	pick_dates(d);
	pqm_obj_f(o, "height", "%.0f", d->bottom + 8);
	pqm_svg_number(o, "left", PLOT_LEFT);
	pqm_svg_number(o, "right", PLOT_RIGHT);
	pqm_svg_number(o, "name_x", PLOT_LEFT - 12);
	pqm_svg_number(o, "curve_top", CURVE_TOP);
	pqm_svg_number(o, "year_y", CURVE_BOTTOM + 18);
	pqm_svg_number(o, "bottom", d->bottom);
	pqm_obj_list(o, "years", d->years.n, pqm_svg_fill_tick, &d->years);
	pqm_obj_list(o, "shares", d->shares.n, pqm_svg_fill_tick, &d->shares);
	pqm_obj_list(o, "dates", d->dates.n, fill_date, d);
	pqm_obj_list(o, "bars", d->n_bars, fill_bar, d);
	struct pqm_svg_points *central = pqm_svg_points(o->arena, CURVE_POINTS),
			      *band = pqm_svg_points(o->arena, 2 * (size_t)CURVE_POINTS);

	curve_line(d, central, PQM_CENTRAL, false);
	curve_line(d, band, PQM_SLOW, false);
	curve_line(d, band, PQM_FAST, true);
	pqm_svg_line(o, "central", central);
	pqm_svg_line(o, "band", band);
	curve_texts(o, d);
}
