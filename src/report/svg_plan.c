/* svg_plan.c — coordinates of the drawings of the plan: spend against what is left, tasks by month. */
#include "svg.h"

#include <math.h>

#include "report/view_text.h"

#define YEAR_DAYS 365.2425

struct residual {
	const struct pqm_view *v;
	struct pqm_svg_scale x, y;
	struct pqm_svg_ticks days, left, windows;
};

pqm_bytes pqm_svg_amount(struct pqm_arena *a, const struct pqm_view *v, double left)
{
	if (v->r->assessment->has_money)
		return pqm_text_money(a, left);
	return pqm_arena_f(a, "%.*f", fabs(left - round(left)) < .005 ? 0 : left < 1 ? 2 : 1, left);
}

static void residual_ticks(struct residual *d, struct pqm_arena *a)
{
	double step = fmax(1, pqm_svg_step(d->x.v1, 5)), up = pqm_svg_step(d->y.v1, 4);

	for (int i = 0; i < PQM_SVG_TICKS; i++) {
		if (i * step <= d->x.v1 * 1.001)
			pqm_svg_add_tick(&d->days, pqm_svg_at(&d->x, i * step),
				pqm_arena_f(a, "%.0f", i * step));
		if (i * up <= d->y.v1 * 1.001)
			pqm_svg_add_tick(&d->left, pqm_svg_at(&d->y, i * up),
				pqm_svg_amount(a, d->v, i * up));
	}
}

/* Where the last task of a window ends: what is left then is the window's result. */
static void window_marks(struct residual *d, struct pqm_arena *a)
{
	static const char *const names[] = { "6 months", "18 months" };
	const struct pqm_plan *p = d->v->r->plan;

	for (int w = 0; w < 2; w++) {
		const struct pqm_residual *last = NULL;
		bool later = false;

		for (size_t i = 0; i < p->n_residual; i++)
			if (p->residual[i].task < p->n_tasks) {
				if ((int)p->tasks[p->residual[i].task].window <= w)
					last = &p->residual[i];
				else
					later = true;
			}
		if (last == NULL || !later)
			continue;
		pqm_bytes left = pqm_svg_amount(a, d->v, last->left);

		pqm_svg_add_tick(&d->windows, pqm_svg_at(&d->x, last->effort_days),
			pqm_arena_f(a, "%s: %.*s", names[w], PQM_FMT(left)));
	}
}

static void residual_line(struct pqm_obj *o, const struct residual *d)
{
	const struct pqm_plan *p = d->v->r->plan;
	struct pqm_svg_points *line = pqm_svg_points(o->arena, 2 * p->n_residual);
	double last = 0, drop = 0;
	size_t best = 0;

	for (size_t i = 0; i < p->n_residual; i++) {
		const struct pqm_residual *r = &p->residual[i];
		double x = pqm_svg_at(&d->x, r->effort_days);

		if (i > 0) {
			pqm_svg_point(line, x, pqm_svg_at(&d->y, last));
			if (last - r->left > drop) {
				drop = last - r->left;
				best = i;
			}
		}
		pqm_svg_point(line, x, pqm_svg_at(&d->y, r->left));
		last = r->left;
	}
	pqm_svg_line(o, "line", line);
	const struct pqm_residual *b = &p->residual[best];
	bool has = best > 0 && b->task < p->n_tasks;
	double x = pqm_svg_at(&d->x, b->effort_days);
	bool right = x - d->x.x0 > d->x.x1 - x; /* the label stands where the room is */
	size_t room = (size_t)((right ? x - d->x.x0 : d->x.x1 - x) / 7.6);
	double y = pqm_svg_at(&d->y, b->left + drop);

	pqm_obj_flag(o, "has_drop", has);
	pqm_obj_text(o, "drop_text",
		has ? pqm_text_middle(o->arena, pqm_printable(o->arena, p->tasks[b->task].title),
			      room < 34 ? room : 34)
		    : PQM_LIT(""));
	pqm_svg_number(o, "drop_x", x + (right ? -6 : 6));
	pqm_svg_number(o, "drop_y", y + 14);
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
	d->x = (struct pqm_svg_scale){ 0, fmax(1, last->effort_days), 62, 432 };
	d->y = (struct pqm_svg_scale){ 0, top > 0 ? top * 1.08 : 1, 164, 16 };
	residual_ticks(d, o->arena);
	window_marks(d, o->arena);
	pqm_obj_list(o, "windows", d->windows.n, pqm_svg_fill_tick, &d->windows);
	pqm_obj_list(o, "days", d->days.n, pqm_svg_fill_tick, &d->days);
	pqm_obj_list(o, "levels", d->left.n, pqm_svg_fill_tick, &d->left);
	residual_line(o, d);
	pqm_svg_number(o, "sunk_y", pqm_svg_at(&d->y, last->sunk));
	pqm_svg_number(o, "sunk_text_y",
		pqm_svg_at(&d->y, last->sunk) + (pqm_svg_at(&d->y, last->sunk) > 145 ? -5 : 14));
	pqm_obj_flag(o, "has_sunk", last->sunk > 0);
	pqm_svg_number(o, "from_y", pqm_svg_at(&d->y, first->left) - 5);
	pqm_svg_number(o, "to_y", pqm_svg_at(&d->y, last->left));
	pqm_svg_number(o, "to_text_y",
		pqm_svg_at(&d->y, last->left) +
			(pqm_svg_at(&d->y, last->sunk) > pqm_svg_at(&d->y, last->left) + 18 ? 14
											    : -7));
	pqm_obj_text(o, "from", pqm_svg_amount(o->arena, v, first->left));
	pqm_obj_text(o, "to", pqm_svg_amount(o->arena, v, last->left));
	pqm_obj_text(o, "sunk", pqm_svg_amount(o->arena, v, last->sunk));
	pqm_obj_f(o, "effort", "%.0f", last->effort_days);
}

/* The plan by month: one lane a kind of work, each in plan order. */
#define GANTT_LEFT 330.0
#define GANTT_RIGHT 800.0
#define GANTT_TOP 30.0
#define GANTT_STEP 22.0

struct lane {
	pqm_bytes name;
	size_t n;
};

#define LANES_MAX 16

struct gantt {
	const struct pqm_view *v;
	struct pqm_svg_scale x; /* days since 1970 */
	struct pqm_svg_ticks months;
	struct lane lanes[LANES_MAX];
	size_t n_lanes;
	double lane_y[LANES_MAX];
	uint32_t task[PQM_VIEW_GANTT]; /* as they stand */
	double y[PQM_VIEW_GANTT];
	size_t n;
	double bottom;
};

static pqm_bytes lane_of(struct pqm_arena *a, const struct pqm_task *t)
{
	if (t->is_weak_fix)
		return PQM_LIT("Open today");
	if (pqm_eqs(t->lane, "keys"))
		return PQM_LIT("Key management, all along");
	if (pqm_eqs(t->lane, "roadmap"))
		return PQM_LIT("Around the migration");
	if (t->lane.n > 0)
		return t->lane;
	return pqm_arena_f(a, "Phase %u%s%.*s", t->phase, t->phase_name.n > 0 ? ": " : "",
		PQM_FMT(t->phase_name));
}

static struct lane *find_lane(struct gantt *d, pqm_bytes name)
{
	for (size_t i = 0; i < d->n_lanes; i++)
		if (pqm_eq(d->lanes[i].name, name))
			return &d->lanes[i];
	if (d->n_lanes == LANES_MAX)
		return &d->lanes[LANES_MAX - 1];
	d->lanes[d->n_lanes] = (struct lane){ .name = name };
	return &d->lanes[d->n_lanes++];
}

static int lane_rank(const struct pqm_task *t)
{
	if (t->is_weak_fix)
		return 0;
	if (t->lane.n > 0)
		return pqm_eqs(t->lane, "keys") ? 20 : 30;
	return (int)t->phase;
}

/* The first tasks of the plan, lane by lane. */
static void place_rows(struct gantt *d, size_t n_shown, struct pqm_arena *a)
{
	const struct pqm_plan *p = d->v->r->plan;
	double y = GANTT_TOP;

	for (int rank = 0; rank <= 30; rank++) {
		const struct lane *last = NULL;

		for (uint32_t i = 0; i < n_shown; i++) {
			struct lane *l;

			if (lane_rank(&p->tasks[i]) != rank)
				continue;
			l = find_lane(d, lane_of(a, &p->tasks[i]));
			if (l->n == 0 && l != last) {
				d->lane_y[l - d->lanes] = y + 15;
				y += GANTT_STEP + 2;
			}
			last = l;
			l->n++;
			d->task[d->n] = i;
			d->y[d->n++] = y;
			y += GANTT_STEP;
		}
	}
	d->bottom = y;
}

static void fill_lane(struct pqm_obj *o, const void *ctx, size_t i)
{
	const struct gantt *d = ctx;
	pqm_bytes name = pqm_printable(o->arena, d->lanes[i].name);

	pqm_svg_number(o, "lane_y", d->lane_y[i]);
	pqm_obj_text(o, "lane", pqm_text_cut(o->arena, name, 46));
}

static void fill_row(struct pqm_obj *o, const void *ctx, size_t i)
{
	const struct gantt *d = ctx;
	const struct pqm_task *t = &d->v->r->plan->tasks[d->task[i]];
	double y = d->y[i], x0 = pqm_svg_at(&d->x, (double)t->start_lo),
	       lo = pqm_svg_at(&d->x, (double)t->finish_lo),
	       hi = pqm_svg_at(&d->x, (double)t->finish_hi);
	bool left = hi > GANTT_RIGHT - 40;
	pqm_bytes end = pqm_text_month(o->arena, t->finish_hi);

	pqm_svg_number(o, "y", y);
	pqm_svg_number(o, "text_y", y + 10.5);
	pqm_svg_number(o, "x", x0);
	pqm_svg_number(o, "w", fmax(2, lo - x0));
	pqm_svg_number(o, "hi_w", fmax(2, hi - x0));
	pqm_svg_number(o, "label_x", left ? x0 - 6 : hi + 6);
	pqm_obj_text(o, "anchor", left ? PQM_LIT("end") : PQM_LIT("start"));
	pqm_obj_text(o, "class",
		t->is_weak_fix	       ? PQM_LIT("bad")
			: t->value > 0 ? PQM_LIT("blue")
				       : PQM_LIT("soft"));
	pqm_obj_f(o, "no", "%u", d->task[i] + 1);
	pqm_obj_text(o, "title", pqm_text_middle(o->arena, pqm_printable(o->arena, t->title), 45));
	pqm_obj_f(o, "label", "%.*s%s%s", PQM_FMT(end), t->pulled_forward ? ", pulled forward" : "",
		t->blocked_until != INT64_MIN ? ", blocked before" : "");
}

/* Half a year, a year and a half: where one window ends and the next begins. */
static void gantt_ticks(struct gantt *d, struct pqm_arena *a)
{
	double months = (d->x.v1 - d->x.v0) / YEAR_DAYS * 12;
	int step = months > 60 ? 24 : months > 24 ? 12 : 6;

	pqm_svg_add_tick(&d->months, pqm_svg_at(&d->x, d->x.v0), PQM_LIT("start"));
	for (int m = step; m <= months && d->months.n < PQM_SVG_TICKS; m += step)
		pqm_svg_add_tick(&d->months, pqm_svg_at(&d->x, d->x.v0 + m * YEAR_DAYS / 12),
			pqm_arena_f(a, "%d months", m));
}

void pqm_svg_gantt(struct pqm_obj *o, const struct pqm_view *v)
{
	const struct pqm_plan *p = v->r->plan;
	struct gantt *d = pqm_new(o->arena, struct gantt, 1);
	double end = (double)p->start + YEAR_DAYS / 2;
	size_t n = pqm_view_cap(o, p->n_tasks, PQM_VIEW_GANTT, "gantt_more", "has_gantt_more");

	if (d == NULL)
		return;
	d->v = v;
	for (size_t i = 0; i < n; i++)
		end = fmax(end, (double)p->tasks[i].finish_hi);
	/* Room for the last label behind the last bar. */
	d->x = (struct pqm_svg_scale){ (double)p->start,
		(double)p->start + (end - (double)p->start) * 1.03, GANTT_LEFT, GANTT_RIGHT };
	place_rows(d, n, o->arena);
	gantt_ticks(d, o->arena);
	pqm_obj_list(o, "months", d->months.n, pqm_svg_fill_tick, &d->months);
	pqm_obj_list(o, "lanes", d->n_lanes, fill_lane, d);
	pqm_obj_list(o, "rows", d->n, fill_row, d);
	pqm_svg_number(o, "bottom", d->bottom);
	pqm_obj_f(o, "height", "%.0f", d->bottom + 6);
}
