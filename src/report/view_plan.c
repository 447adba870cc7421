#include "view.h"

#include <math.h>

#include "report/svg.h"
#include "report/view_text.h"

#define N_WINDOWS 3

struct window {
	const struct pqm_view *v;
	enum pqm_window w;
	size_t from, n; /* tasks in plan order; from is the first shown */
	const uint32_t *task;
};

struct windows {
	struct window w[N_WINDOWS];
	size_t n;
	double effort_lo, effort_hi;
};

static void fill_where(struct pqm_obj *o, const void *ctx, size_t i)
{
	const struct pqm_task *t = ctx;

	pqm_obj_text(o, "text", t->where[i]);
}

/* Tasks that come first and assets that profit, as links. */
struct links {
	const struct pqm_view *v;
	const struct pqm_task *t;
};

static void fill_dep(struct pqm_obj *o, const void *ctx, size_t i)
{
	const struct links *l = ctx;
	uint32_t dep = l->t->deps[i];
	const struct pqm_plan *p = l->v->r->plan;

	pqm_obj_f(o, "no", "%u", dep + 1);
	pqm_obj_text(o, "text", dep < p->n_tasks ? p->tasks[dep].title : PQM_LIT("?"));
}

static void fill_asset(struct pqm_obj *o, const void *ctx, size_t i)
{
	const struct links *l = ctx;
	pqm_bytes name = l->t->assets[i];

	for (size_t k = 0; k < l->v->n_scores; k++)
		if (pqm_eq(l->v->scores[k]->asset->id, l->t->assets[i])) {
			name = l->v->scores[k]->asset->name;
			break;
		}
	pqm_obj_text(o, "text", name);
}

static void task_lists(struct pqm_obj *o, const struct pqm_view *v, const struct pqm_task *t)
{
	struct links *l = pqm_new(o->arena, struct links, 1);
	size_t n;

	if (l == NULL)
		return;
	*l = (struct links){ v, t };
	n = pqm_view_cap(o, t->n_where, PQM_VIEW_LINES, "where_more", "has_where_more");
	pqm_obj_list(o, "where", n, fill_where, t);
	pqm_obj_flag(o, "has_where", n > 0);
	n = pqm_view_cap(o, t->n_deps, PQM_VIEW_LINES, "deps_more", "has_deps_more");
	pqm_obj_list(o, "deps", n, fill_dep, l);
	pqm_obj_flag(o, "has_deps", n > 0);
	n = pqm_view_cap(o, t->n_assets, 8, "serves_more", "has_serves_more");
	pqm_obj_list(o, "serves", n, fill_asset, l);
	pqm_obj_flag(o, "has_serves", n > 0);
}

static void task_dates(struct pqm_obj *o, const struct pqm_task *t)
{
	pqm_bytes lo = pqm_text_month(o->arena, t->finish_lo),
		  hi = pqm_text_month(o->arena, t->finish_hi);

	pqm_obj_text(o, "finish",
		pqm_eq(lo, hi) ? lo
			       : pqm_arena_f(o->arena, "%.*s to %.*s", PQM_FMT(lo), PQM_FMT(hi)));
	pqm_obj_opt(o, "due", "has_due",
		t->due == INT64_MAX ? PQM_LIT("") : pqm_text_day(o->arena, t->due));
	pqm_obj_text(o, "blocked_until", pqm_text_day(o->arena, t->blocked_until));
	pqm_obj_text(o, "blocked_why", t->blocked_why);
	pqm_obj_flag(o, "is_blocked", t->blocked_until != INT64_MIN);
}

static void fill_rotation(struct pqm_obj *o, const void *ctx, size_t i)
{
	const struct pqm_rotation *r = &((const struct pqm_task *)ctx)->rotations[i];

	pqm_obj_text(o, "asset", r->asset);
	if (2 * r->period_days > fmax(0, r->slack_years) * 365.25)
		pqm_obj_text(o, "period", PQM_LIT("at once, no routine period fits"));
	else
		pqm_obj_f(o, "period", "every %.0f days at most", r->period_days);
	pqm_obj_opt(o, "until", "has_until",
		r->deadline == INT64_MAX ? PQM_LIT("") : pqm_text_day(o->arena, r->deadline));
	pqm_obj_f(o, "middle", "%.0f", floor(r->middle_year));
	pqm_obj_text(o, "slack", pqm_text_years(o->arena, fmax(0, r->slack_years)));
}

static void fill_perf(struct pqm_obj *o, const void *ctx, size_t i)
{
	const struct pqm_perf_line *p = &((const struct pqm_task *)ctx)->performance[i];
	int digits = fabs(p->value) >= 100 || fabs(p->value - round(p->value)) < .005 ? 0
		: fabs(p->value) >= 1						      ? 1
										      : 3;

	pqm_obj_text(o, "what", p->what);
	pqm_obj_f(o, "value", "%.*f %.*s%s%.*s", digits, p->value, PQM_FMT(p->unit),
		p->per.n > 0 ? " per " : "", PQM_FMT(p->per));
	pqm_obj_text(o, "formula", p->formula);
	pqm_obj_opt(o, "rows", "has_rows", p->rows);
	pqm_obj_opt(o, "basis", "has_basis", p->basis);
}

/* The line that decides, as it is and as it should be. */
void pqm_view_patch(struct pqm_obj *o, const struct pqm_task *t)
{
	pqm_bytes path = pqm_printable(o->arena, t->patch_path);

	pqm_obj_flag(
		o, "has_patch", t->patch_path.n > 0 && (t->patch_from.n > 0 || t->patch_to.n > 0));
	pqm_obj_text(o, "patch_at",
		t->patch_line > 0 ? pqm_arena_f(o->arena, "%.*s:%u", PQM_FMT(path), t->patch_line)
				  : path);
	pqm_obj_opt(o, "patch_from", "has_from", t->patch_from);
	pqm_obj_opt(o, "patch_to", "has_to", t->patch_to);
}

/* What a task of a lane says beyond place and text. */
static void task_lane(struct pqm_obj *o, const struct pqm_task *t)
{
	pqm_bytes next = pqm_text_month(o->arena, t->next);

	pqm_obj_opt(o, "lane", "has_lane",
		pqm_eqs(t->lane, "keys") ? PQM_LIT("key management") : t->lane);
	pqm_obj_flag(o, "no_lane", t->lane.n == 0);
	pqm_view_patch(o, t);
	pqm_obj_opt(o, "pulled_why", "has_pulled_why", t->pulled_why);
	pqm_obj_opt(o, "regime_note", "has_regime_note", t->regime_note);
	pqm_obj_opt(o, "advice", "has_advice", t->advice);
	pqm_obj_opt(o, "again", "has_again",
		t->every_months == 0 ? PQM_LIT("")
			: t->next == INT64_MIN
			? pqm_arena_f(o->arena, "every %u months", t->every_months)
			: pqm_arena_f(o->arena, "every %u months, next in %.*s", t->every_months,
				  PQM_FMT(next)));
	size_t n = pqm_view_cap(
		o, t->n_rotations, PQM_VIEW_LINES, "rotations_more", "has_rotations_more");

	pqm_obj_list(o, "rotations", n, fill_rotation, t);
	pqm_obj_flag(o, "has_rotations", n > 0);
	n = t->n_performance < PQM_VIEW_LINES ? t->n_performance : PQM_VIEW_LINES;
	pqm_obj_list(o, "performance", n, fill_perf, t);
	pqm_obj_flag(o, "has_performance", n > 0);
}

static void fill_task(struct pqm_obj *o, const void *ctx, size_t i)
{
	const struct window *w = ctx;
	uint32_t index = w->task[w->from + i];
	const struct pqm_task *t = &w->v->r->plan->tasks[index];

	pqm_obj_f(o, "no", "%u", index + 1);
	pqm_obj_text(o, "id", t->id);
	pqm_obj_text(o, "title", t->title);
	pqm_obj_f(o, "phase", "%u", t->phase);
	pqm_obj_opt(o, "phase_name", "has_phase_name", t->phase_name);
	pqm_obj_flag(o, "pulled_forward", t->pulled_forward);
	pqm_obj_flag(o, "weak_fix", t->is_weak_fix);
	pqm_obj_text(o, "effort", pqm_text_effort(o->arena, t->effort_lo, t->effort_hi));
	pqm_obj_text(o, "class",
		t->is_weak_fix	       ? PQM_LIT("bad")
			: t->value > 0 ? PQM_LIT("blue")
				       : PQM_LIT("plain"));
	pqm_obj_flag(o, "is_first", index == 0);
	pqm_obj_opt(o, "why", "has_why", t->why);
	pqm_view_lines(o, "change", "has_change", t->change);
	pqm_obj_opt(o, "both_ends", "has_both_ends", t->both_ends);
	pqm_obj_opt(o, "needs", "has_needs", t->needs);
	pqm_obj_opt(o, "costs", "has_costs", t->costs);
	pqm_view_lines(o, "verify", "has_verify", t->verify);
	pqm_view_lines(o, "rollback", "has_rollback", t->rollback);
	task_dates(o, t);
	task_lane(o, t);
	task_lists(o, w->v, t);
}

/* "0-6 months" as people write it. */
static pqm_bytes window_words(enum pqm_window w)
{
	static const char *const names[N_WINDOWS] = { "0–6 months", "6–18 months", "18+ months" };

	return pqm_str(names[w]);
}

static void fill_window(struct pqm_obj *o, const void *ctx, size_t i)
{
	const struct windows *all = ctx;
	const struct window *w = &all->w[i];
	double lo = 0, hi = 0;

	for (size_t k = 0; k < w->n; k++) {
		lo += w->v->r->plan->tasks[w->task[k]].effort_lo;
		hi += w->v->r->plan->tasks[w->task[k]].effort_hi;
	}
	pqm_obj_text(o, "window", window_words(w->w));
	pqm_obj_f(o, "anchor", "%d", (int)w->w);
	pqm_obj_text(o, "n_tasks", pqm_text_n(o->arena, w->n, "task", "tasks"));
	pqm_obj_text(o, "effort", pqm_text_effort(o->arena, lo, hi));
	size_t n =
		pqm_view_cap(o, w->n, PQM_VIEW_TASKS / N_WINDOWS, "tasks_more", "has_tasks_more");

	pqm_obj_list(o, "tasks", n, fill_task, w);
}

/* Tasks by the window they end in, in plan order; empty windows are left out. */
static struct windows *split(const struct pqm_view *v, struct pqm_arena *a)
{
	const struct pqm_plan *p = v->r->plan;
	struct windows *all = pqm_new(a, struct windows, 1);

	for (int k = 0; all != NULL && k < N_WINDOWS; k++) {
		uint32_t *task = pqm_new(a, uint32_t, p->n_tasks);
		size_t n = 0;

		for (uint32_t i = 0; task != NULL && i < p->n_tasks; i++)
			if (p->tasks[i].window == (enum pqm_window)k)
				task[n++] = i;
		if (n > 0)
			all->w[all->n++] = (struct window){ v, (enum pqm_window)k, 0, n, task };
	}
	for (size_t i = 0; all != NULL && i < p->n_tasks; i++) {
		all->effort_lo += p->tasks[i].effort_lo;
		all->effort_hi += p->tasks[i].effort_hi;
	}
	return all;
}

/* Plans, pilots and validated modules: a scan cannot tell whether they are there. */
bool pqm_deadline_is_duty(const struct pqm_deadline *d)
{
	return !pqm_eqs(d->function, "kex") && !pqm_eqs(d->function, "sig") &&
		!pqm_eqs(d->function, "all");
}

static void fill_deadline(struct pqm_obj *o, const void *ctx, size_t i)
{
	const struct pqm_deadline *d = &((const struct pqm_plan *)ctx)->deadlines[i];
	bool concerned = !d->is_others && d->finish != INT64_MIN && isfinite(d->slack_years);
	bool missed = concerned && !d->is_met;

	pqm_obj_text(o, "date", pqm_text_day(o->arena, d->date));
	pqm_obj_text(o, "title", pqm_text_duty(o->arena, d));
	pqm_obj_text(o, "regime", d->regime);
	pqm_obj_opt(o, "force", "has_force", d->force);
	pqm_obj_opt(o, "note", "has_note", d->note);
	pqm_obj_opt(o, "source", "has_source", d->source);
	pqm_obj_opt(o, "whose", "has_whose", d->is_others ? d->applies_to : (pqm_bytes){ NULL, 0 });
	pqm_obj_opt(o, "applies_to", "has_applies_to",
		d->is_others ? (pqm_bytes){ NULL, 0 } : d->applies_to);
	pqm_obj_text(o, "finish", pqm_text_month(o->arena, d->finish));
	pqm_obj_flag(o, "is_concerned", concerned);
	pqm_obj_text(o, "class",
		missed			     ? PQM_LIT("bad")
			: !concerned	     ? PQM_LIT("plain")
			: d->slack_years < 1 ? PQM_LIT("mid")
					     : PQM_LIT("ok"));
	pqm_obj_text(o, "slack",
		d->is_others			  ? PQM_LIT("not yours")
			: concerned		  ? pqm_arena_f(o->arena, "%+.1f y", d->slack_years)
			: pqm_deadline_is_duty(d) ? PQM_LIT("not told")
						  : PQM_LIT("no concern"));
}

/* Dates are in order: the first that the plan misses is the first that anyone will ask about. */
static pqm_bytes first_missed(struct pqm_arena *a, const struct pqm_plan *p)
{
	for (size_t i = 0; i < p->n_deadlines; i++) {
		const struct pqm_deadline *d = &p->deadlines[i];

		if (d->is_others || d->finish == INT64_MIN || !isfinite(d->slack_years) ||
			d->is_met)
			continue;
		pqm_bytes day = pqm_text_day(a, d->date), duty = pqm_text_duty(a, d),
			  late = pqm_text_years(a, fabs(d->slack_years));

		return pqm_arena_f(a, "First date missed: %.*s, %.*s (%.*s), %.*s late.",
			PQM_FMT(day), PQM_FMT(pqm_printable(a, duty)),
			PQM_FMT(pqm_printable(a, d->regime)), PQM_FMT(late));
	}
	return (pqm_bytes){ NULL, 0 };
}

/* ---- what each phase and each window buys ---- */

struct stages {
	const struct pqm_view *v;
	const struct pqm_stage *s;
	bool is_phase;
};

static void fill_stage(struct pqm_obj *o, const void *ctx, size_t i)
{
	const struct stages *all = ctx;
	const struct pqm_stage *s = &all->s[i];

	pqm_obj_text(o, "name",
		all->is_phase ? pqm_arena_f(o->arena, "%zu. %.*s", i + 1, PQM_FMT(s->name))
			      : window_words((enum pqm_window)i));
	pqm_obj_text(
		o, "n_tasks", s->n_tasks > 0 ? pqm_text_count(o->arena, s->n_tasks) : PQM_LIT("-"));
	pqm_obj_text(o, "effort",
		s->n_tasks > 0 ? pqm_text_effort(o->arena, s->effort_lo, s->effort_hi)
			       : PQM_LIT("-"));
	pqm_obj_text(o, "finish", pqm_text_month(o->arena, s->finish));
	pqm_obj_text(o, "left", pqm_svg_amount(o->arena, all->v, s->left));
	pqm_obj_text(o, "avoided", pqm_svg_amount(o->arena, all->v, s->avoided));
	pqm_obj_f(o, "act", "%u", s->decisions[PQM_ACT]);
}

static void stages(struct pqm_obj *o, const struct pqm_view *v)
{
	const struct pqm_plan *p = v->r->plan;
	struct stages *s = pqm_new(o->arena, struct stages, 2);
	bool has = s != NULL && p->n_residual > 0;

	pqm_obj_flag(o, "has_stages", has);
	if (!has)
		return;
	s[0] = (struct stages){ v, p->phases, true };
	s[1] = (struct stages){ v, p->windows, false };
	pqm_obj_list(o, "by_phase", PQM_N_PHASES, fill_stage, &s[0]);
	pqm_obj_list(o, "by_window", PQM_N_WINDOWS, fill_stage, &s[1]);
	pqm_obj_text(o, "nothing_left", pqm_svg_amount(o->arena, v, p->residual[0].left));
}

void pqm_view_plan(struct pqm_obj *o, const struct pqm_view *v)
{
	const struct pqm_plan *p = v->r->plan;
	struct windows *all = split(v, o->arena);

	if (all == NULL)
		return;
	pqm_obj_list(o, "windows", all->n, fill_window, all);
	pqm_obj_text(o, "n_tasks", pqm_text_n(o->arena, p->n_tasks, "task", "tasks"));
	pqm_obj_text(o, "effort", pqm_text_effort(o->arena, all->effort_lo, all->effort_hi));
	pqm_obj_text(o, "capacity", pqm_text_effort(o->arena, p->capacity, p->capacity));
	pqm_obj_text(o, "start", pqm_text_day(o->arena, p->start));
	pqm_obj_opt(o, "optimality", "has_optimality", p->optimality);
	stages(o, v);
	pqm_obj_f(o, "rounds", "%u", p->n_rounds);
	pqm_obj_opt(o, "first_missed", "has_first_missed", first_missed(o->arena, p));
	pqm_obj_list(o, "deadlines", p->n_deadlines, fill_deadline, p);
}
