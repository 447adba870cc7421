#include "money.h"

#include <math.h>

#define QUARTER_YEARS 0.25

static bool is_flow(const struct pqm_root *root, const struct pqm_vector *v)
{
	return root->rate > 0 && (v->data == 'F' || v->is_past_flow) && v->use != 'S' &&
		v->use != 'L';
}

/* Nested layers fall with the last of them, so the largest shift stands for all; false when some
 * layer never falls or all have fallen today. */
static bool shift_of(double *out, const struct pqm_risk_params *p, const struct pqm_vector *v,
	enum pqm_scenario s)
{
	bool any = false;

	for (size_t i = 0; i < v->n_layers; i++) {
		const struct pqm_risk_class *c = pqm_risk_class_find(p, pqm_str(v->layers[i]));

		if (c == NULL || c->fall == PQM_FALL_TODAY)
			continue;
		if (c->fall == PQM_FALL_NEVER)
			return false;
		*out = any ? fmax(*out, c->shift[s]) : c->shift[s];
		any = true;
	}
	return any;
}

static int by_stream(const void *x, const void *y)
{
	const struct pqm_stream *a = x, *b = y;
	const double ka[] = { a->life, a->shift, a->open_from, a->open_to, a->is_over, a->h };
	const double kb[] = { b->life, b->shift, b->open_from, b->open_to, b->is_over, b->h };

	for (size_t i = 0; i < sizeof(ka) / sizeof(ka[0]); i++)
		if (ka[i] != kb[i])
			return ka[i] < kb[i] ? -1 : 1;
	return 0;
}

static bool same_window(const struct pqm_stream *a, const struct pqm_stream *b)
{
	return a->life == b->life && a->shift == b->shift && a->open_from == b->open_from &&
		a->open_to == b->open_to && a->is_over == b->is_over;
}

/* Joins b into a; where the windows differ, the wider one holds for both: never less than true. */
static void join(struct pqm_stream *a, const struct pqm_stream *b)
{
	a->h = 1 - (1 - a->h) * (1 - b->h);
	a->life = fmax(a->life, b->life);
	a->shift = fmin(a->shift, b->shift);
	a->open_from = fmin(a->open_from, b->open_from);
	a->open_to = fmax(a->open_to, b->open_to);
	a->is_over &= b->is_over;
}

enum pqm_st pqm_money_streams(struct pqm_streams *out, const struct pqm_scene *in,
	const struct pqm_root *root, struct pqm_arena *arena, struct pqm_err *err)
{
	struct pqm_stream *f = pqm_new(arena, struct pqm_stream, root->n_uses + 1);
	size_t n = 0, kept = 0;
	bool is_cut = false;

	if (f == NULL)
		return pqm_fail(err, PQM_ENOMEM, "assessment: out of memory");
	for (size_t i = 0; i < root->n_uses; i++) {
		const struct pqm_vector *v = &root->uses[i];
		struct pqm_stream *one = &f[n];

		one->h = pqm_risk_h(in->p, v, in->s);
		if (!is_flow(root, v) || !shift_of(&one->shift, in->p, v, in->s) || !(one->h > 0))
			continue;
		one->is_over = v->is_past_flow;
		one->life = v->life_years + v->ended_years;
		one->open_to = v->is_past_flow ? v->assessed - v->ended_years
					       : v->assessed + v->protect_years;
		one->open_from = v->assessed - v->ended_years - v->in_use_years;
		n++;
	}
	qsort(f, n, sizeof(*f), by_stream);
	for (size_t i = 0; i < n; i++) {
		bool same = kept > 0 && same_window(&f[kept - 1], &f[i]);

		is_cut |= !same && kept == PQM_STREAMS_MAX;
		if (same || kept == PQM_STREAMS_MAX)
			join(&f[kept - 1], &f[i]);
		else
			f[kept++] = f[i];
	}
	*out = (struct pqm_streams){ f, kept, is_cut };
	return PQM_OK;
}

size_t pqm_money_lumps(struct pqm_exposure *out, const struct pqm_scene *in,
	const struct pqm_root *root, double delay_years, bool only_sunk)
{
	const struct pqm_risk_params *p = in->p;
	enum pqm_scenario s = in->s;
	size_t n = 0;

	for (size_t i = 0; i < root->n_uses; i++) {
		struct pqm_vector v = root->uses[i];
		double end, ignored = 0;

		if (is_flow(root, &v) || !shift_of(&ignored, p, &v, s))
			continue;
		if (only_sunk && (!pqm_risk_is_carried(&v) || !(v.in_use_years > 0)))
			continue;
		v.protect_years += delay_years;
		end = only_sunk ? v.assessed + v.life_years : pqm_risk_end(&v);
		out[n++] = (struct pqm_exposure){ pqm_risk_h_joint(p, &v, s, only_sunk),
			pqm_risk_tau(p, &v, s, end) };
	}
	return n;
}

/* ---- the integral over the streams: exact, because G is piecewise polynomial ---- */

struct flow {
	const struct pqm_risk_params *p;
	enum pqm_scenario s;
	double a, delay; /* assessed; years added to every open_to */
	const struct pqm_stream *f;
	size_t n;
	struct pqm_exposure *tmp; /* n */
	double *cut;		  /* breakpoints */
	size_t n_cuts, cap_cuts;
};

static double tau_at(const struct flow *w, const struct pqm_stream *f, double made)
{
	double end = made + f->life;

	return f->shift >= 0 ? end - f->shift : end + fmin(-f->shift, end - w->a);
}

/* What is over no delay prolongs. */
static double closes(const struct flow *w, const struct pqm_stream *f)
{
	return f->open_to + (f->is_over ? 0 : w->delay);
}

/* q: chance that content made at `made` is lost, with the uses that are open at `inside`. */
static double lost(const struct flow *w, double made, double inside)
{
	size_t n = 0;

	for (size_t i = 0; i < w->n; i++)
		if (w->f[i].open_from <= inside && inside <= closes(w, &w->f[i]))
			w->tmp[n++] = (struct pqm_exposure){ w->f[i].h, tau_at(w, &w->f[i], made) };
	return pqm_risk_union(w->p, w->s, w->a, w->tmp, n);
}

static void cut_at(struct flow *w, double at)
{
	if (w->n_cuts < w->cap_cuts)
		w->cut[w->n_cuts++] = at;
}

/* Where tau passes `year`, on either slope. */
static void cut_where_tau_is(struct flow *w, const struct pqm_stream *f, double year)
{
	cut_at(w, year - f->life + f->shift);
	if (f->shift < 0)
		cut_at(w, (year + w->a) / 2 - f->life);
}

static void cut_all(struct flow *w)
{
	for (size_t i = 0; i < w->n; i++) {
		const struct pqm_stream *f = &w->f[i];

		cut_at(w, f->open_from);
		cut_at(w, closes(w, f));
		cut_where_tau_is(w, f, w->a);
		for (size_t k = 0; k < w->p->at.n; k++)
			cut_where_tau_is(w, f, w->p->at.year[k]);
		if (f->shift >= 0)
			continue;
		cut_at(w, w->a - f->shift - f->life);
		/* On its steep stretch f can overtake a stream on a flat one. */
		for (size_t k = 0; k < w->n; k++)
			if (w->f[k].life != f->life || w->f[k].shift != f->shift)
				cut_at(w, w->a - 2 * f->life + w->f[k].life - w->f[k].shift);
	}
}

static int by_number(const void *x, const void *y)
{
	double a = *(const double *)x, b = *(const double *)y;

	return (a > b) - (a < b);
}

/* Integral of q between from and to. Between neighbouring cuts q is at most quadratic (stress), and
 * Simpson's rule is exact for cubics. */
static double integral(const struct flow *w, double from, double to)
{
	double sum = 0, left = from;

	for (size_t i = 0; i <= w->n_cuts && left < to; i++) {
		double right = i < w->n_cuts ? fmin(w->cut[i], to) : to, mid;

		if (right <= left)
			continue;
		mid = (left + right) / 2;
		sum += (right - left) / 6 *
			(lost(w, left, mid) + 4 * lost(w, mid, mid) + lost(w, right, mid));
		left = right;
	}
	return sum;
}

static enum pqm_st flow_money(struct pqm_money *m, struct flow *w, double rate,
	struct pqm_arena *scratch, struct pqm_err *err)
{
	double from = INFINITY, to = -INFINITY;

	w->cap_cuts = w->n * (w->n + 2 * w->p->at.n + 6);
	w->cut = pqm_new(scratch, double, w->cap_cuts);
	w->tmp = pqm_new(scratch, struct pqm_exposure, w->n);
	if (w->cut == NULL || w->tmp == NULL)
		return pqm_fail(err, PQM_ENOMEM, "assessment: out of memory");
	for (size_t i = 0; i < w->n; i++) {
		from = fmin(from, w->f[i].open_from);
		to = fmax(to, w->f[i].open_to);
	}
	cut_all(w);
	qsort(w->cut, w->n_cuts, sizeof(double), by_number);
	double all = rate * integral(w, from, to);

	m->expected += all;
	m->sunk += rate * integral(w, from, fmin(w->a, to));
	m->avoidable += rate * integral(w, fmax(w->a, from), to);
	w->delay = QUARTER_YEARS;
	w->n_cuts = 0;
	cut_all(w);
	qsort(w->cut, w->n_cuts, sizeof(double), by_number);
	m->quarter += rate * integral(w, from, to + w->delay) - all;
	return PQM_OK;
}

static enum pqm_st lump_money(struct pqm_money *m, const struct pqm_scene *in,
	const struct pqm_root *root, struct pqm_arena *scratch, struct pqm_err *err)
{
	struct pqm_exposure *e = pqm_new(scratch, struct pqm_exposure, root->n_uses);
	double a = root->uses[0].assessed, all, sunk, later;
	const struct pqm_risk_params *p = in->p;

	if (e == NULL)
		return pqm_fail(err, PQM_ENOMEM, "assessment: out of memory");
	all = pqm_risk_union(p, in->s, a, e, pqm_money_lumps(e, in, root, 0, false));
	sunk = pqm_risk_union(p, in->s, a, e, pqm_money_lumps(e, in, root, 0, true));
	later = pqm_risk_union(p, in->s, a, e, pqm_money_lumps(e, in, root, QUARTER_YEARS, false));
	m->expected += root->lump * all;
	m->sunk += root->lump * sunk;
	m->avoidable += root->lump * fmax(0, all - sunk);
	m->quarter += root->lump * fmax(0, later - all);
	return PQM_OK;
}

enum pqm_st pqm_money_root(struct pqm_money *out, const struct pqm_scene *in,
	const struct pqm_root *root, struct pqm_arena *scratch, struct pqm_err *err)
{
	struct flow w = { .p = in->p, .s = in->s };
	struct pqm_streams streams = { 0 };
	struct pqm_money m = { 0 };
	enum pqm_st st;

	if (root->n_uses == 0) {
		*out = m;
		return PQM_OK;
	}
	st = pqm_money_streams(&streams, in, root, scratch, err);
	w.f = streams.f;
	w.n = streams.n;
	w.a = root->uses[0].assessed;
	if (st == PQM_OK && w.n > 0)
		st = flow_money(&m, &w, root->rate, scratch, err);
	if (st == PQM_OK)
		st = lump_money(&m, in, root, scratch, err);
	if (st == PQM_OK)
		*out = m;
	return st;
}
