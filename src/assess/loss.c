#include <math.h>

#include "loss.h"

#define CURVE_POINTS 256 /* amounts reported when there are more than that */
#define SAME 1e-12	 /* relative: amounts that differ less are one */

struct curve {
	struct pqm_loss_estate e;
	double *step; /* rising arrival times */
	size_t n_steps, cap_steps;
	struct pqm_loss_point *work; /* 2 x PQM_LOSS_ATOMS_MAX x (subset size) */
};

static int by_amount(const void *x, const void *y)
{
	const struct pqm_loss_point *a = x, *b = y;

	return (a->amount > b->amount) - (a->amount < b->amount);
}

static int by_number(const void *x, const void *y)
{
	double a = *(const double *)x, b = *(const double *)y;

	return (a > b) - (a < b);
}

/* The cell of the grid in which an amount lies: its floor, as amounts are not negative. */
static int64_t cell(double amount, double width)
{
	return width > 0 ? (int64_t)(amount / width) : 0;
}

/* Joins neighbours of a rising list that are the same up to `close`, or in one cell of the grid (width
 * 0: none), at their mean. */
static size_t join_neighbours(struct pqm_loss_point *at, size_t n, double close, double width)
{
	struct pqm_loss_point *last = &at[0];
	int64_t last_cell = cell(at[0].amount, width);
	size_t kept = 1;

	for (size_t i = 1; i < n; i++) {
		int64_t own_cell = cell(at[i].amount, width);
		bool same = at[i].amount > 0 && last->amount > 0 &&
			(at[i].amount - last->amount <= close ||
				(width > 0 && own_cell == last_cell));
		double p = last->p + at[i].p;

		if (same && p > 0) {
			*last = (struct pqm_loss_point){
				(last->amount * last->p + at[i].amount * at[i].p) / p, p
			};
			last_cell = cell(last->amount, width);
		} else if (!same && at[i].amount == last->amount) {
			last->p = p;
		} else if (!same) {
			last = &at[kept++];
			*last = at[i];
			last_cell = own_cell;
		}
	}
	return kept;
}

/* Joins equal amounts of a rising list; beyond the cap, neighbours on a grid are joined at their mean. */
static size_t join_equal(struct pqm_loss_point *at, size_t n)
{
	double top;

	if (n == 0)
		return 0;
	top = at[n - 1].amount;
	n = join_neighbours(at, n, SAME * top, 0);
	if (n > PQM_LOSS_ATOMS_MAX)
		n = join_neighbours(at, n, SAME * top, top / (PQM_LOSS_ATOMS_MAX - 2));
	return n;
}

static size_t tidy(struct pqm_loss_point *at, size_t n)
{
	qsort(at, n, sizeof(*at), by_amount);
	return join_equal(at, n);
}

/* d := d + (0 or an amount), with d's amounts rising: both halves of the sum are, so that merging them
 * gives what sorting would. False, and d as it was, where rounding made one of them fall. */
static bool convolve_two(struct curve *c, struct pqm_loss_dist *d, const struct pqm_loss_point b[2])
{
	size_t i = 0, k = 0, out = 0;

	if (!(b[0].p > 0) || !(b[1].p > 0) || 2 * d->n > PQM_LOSS_WORK_MAX)
		return false;
	for (size_t j = 1; j < d->n; j++)
		if (d->at[j].amount < d->at[j - 1].amount)
			return false;
	while (i < d->n || k < d->n) {
		bool second = i == d->n ||
			(k < d->n && d->at[k].amount + b[1].amount < d->at[i].amount + b[0].amount);
		const struct pqm_loss_point *x = &d->at[second ? k++ : i++];

		c->work[out++] =
			(struct pqm_loss_point){ x->amount + b[second].amount, x->p * b[second].p };
	}
	d->n = join_equal(c->work, out);
	memcpy(d->at, c->work, d->n * sizeof(*d->at));
	return true;
}

/* d := d + (0 or one of the amounts of b); b holds n pairs whose p sum to 1. */
static void convolve(
	struct curve *c, struct pqm_loss_dist *d, const struct pqm_loss_point *b, size_t n)
{
	size_t out = 0;

	if (n == 2 && convolve_two(c, d, b))
		return;
	for (size_t k = 0; k < n; k++) {
		if (!(b[k].p > 0))
			continue;
		for (size_t i = 0; i < d->n; i++)
			c->work[out++] = (struct pqm_loss_point){ d->at[i].amount + b[k].amount,
				d->at[i].p * b[k].p };
		if (out + d->n > PQM_LOSS_WORK_MAX)
			out = tidy(c->work, out);
	}
	d->n = tidy(c->work, out);
	memcpy(d->at, c->work, d->n * sizeof(*d->at));
}

/* When content had to be made to be still secret at T. */
static double made_by(const struct pqm_stream *f, double a, double t)
{
	double flat = t - f->life + f->shift;

	if (f->shift >= 0 || flat + f->life - a >= -f->shift)
		return flat;
	return (t + a) / 2 - f->life;
}

struct span {
	double from, to, h;
};

static int by_start(const void *x, const void *y)
{
	const struct span *a = x, *b = y;

	if (a->from != b->from)
		return a->from < b->from ? -1 : 1;
	return (a->to > b->to) - (a->to < b->to);
}

/* Years of content lost in each subset of harvested streams, with its chance. */
static size_t enumerate(const struct span *sp, size_t n, double rate, struct pqm_loss_point *out)
{
	size_t total = (size_t)1 << n;

	for (size_t set = 0; set < total; set++) {
		double reach = -INFINITY, years = 0, p = 1;

		for (size_t i = 0; i < n; i++) {
			bool in = (set >> i & 1) != 0;

			p *= in ? sp[i].h : 1 - sp[i].h;
			if (!in || sp[i].to <= reach)
				continue;
			years += sp[i].to - fmax(reach, sp[i].from);
			reach = sp[i].to;
		}
		out[set] = (struct pqm_loss_point){ rate * years, p };
	}
	return total;
}

size_t pqm_loss_of_streams(
	struct pqm_loss_point *out, const struct pqm_loss_estate *e, size_t root, double t)
{
	struct span sp[PQM_LOSS_STREAMS];
	size_t n = 0;

	for (size_t i = 0; i < e->streams[root].n; i++) {
		const struct pqm_stream *f = &e->streams[root].f[i];
		struct span one = { fmax(f->open_from, made_by(f, e->a, t)), f->open_to, f->h };

		if (one.from >= one.to)
			continue;
		if (n < PQM_LOSS_STREAMS) {
			sp[n++] = one;
			continue;
		}
		struct span *last = &sp[n - 1]; /* the rest fall together: never less than true */

		last->from = fmin(last->from, one.from);
		last->to = fmax(last->to, one.to);
		last->h = 1 - (1 - last->h) * (1 - one.h);
	}
	qsort(sp, n, sizeof(sp[0]), by_start);
	return enumerate(sp, n, e->roots[root].rate, out);
}

/* Distribution of the whole loss when the machine comes in (t - width, t]. */
static void step_losses(struct curve *c, struct pqm_loss_dist *d, double t, double width,
	struct pqm_loss_point *subset)
{
	d->n = 1;
	d->at[0] = (struct pqm_loss_point){ 0, 1 };
	for (size_t r = 0; r < c->e.n_roots; r++) {
		double safe = 1;

		for (size_t i = 0; i < c->e.n_lumps[r]; i++)
			if (c->e.lumps[r][i].tau >= t)
				safe *= 1 - c->e.lumps[r][i].h;
		if (c->e.roots[r].lump > 0 && safe < 1) {
			const struct pqm_loss_point b[2] = { { 0, safe },
				{ c->e.roots[r].lump, 1 - safe } };

			convolve(c, d, b, 2);
		}
		if (c->e.streams[r].n > 0)
			convolve(c, d, subset,
				tidy(subset, pqm_loss_of_streams(subset, &c->e, r, t - width / 2)));
	}
}

static void step_at(struct curve *c, double t)
{
	if (t > c->e.a && isfinite(t) && c->n_steps < c->cap_steps)
		c->step[c->n_steps++] = t;
}

/* Arrival times at which something changes; with streams, also a grid. */
static void find_steps(struct curve *c)
{
	double last = c->e.a, horizon = pqm_risk_horizon(c->e.in->p);
	size_t kept = 0;

	for (size_t r = 0; r < c->e.n_roots; r++) {
		for (size_t i = 0; i < c->e.n_lumps[r]; i++)
			step_at(c, c->e.lumps[r][i].tau);
		for (size_t i = 0; i < c->e.streams[r].n; i++) {
			const struct pqm_stream *f = &c->e.streams[r].f[i];

			last = fmax(last, f->open_to + f->life + fmax(0, -f->shift));
		}
	}
	last = fmin(last, horizon + PQM_LOSS_STEP_YEARS);
	for (size_t k = 1; c->e.a + (double)(k - 1) * PQM_LOSS_STEP_YEARS < last; k++)
		step_at(c,
			c->e.a +
				(double)k *
					PQM_LOSS_STEP_YEARS); /* nothing when no content flows */
	if (c->n_steps > 1)
		qsort(c->step, c->n_steps, sizeof(double), by_number);
	for (size_t i = 0; i < c->n_steps; i++)
		if (kept == 0 || c->step[i] > c->step[kept - 1])
			c->step[kept++] = c->step[i];
	c->n_steps = kept;
	if (kept <= PQM_LOSS_STEPS_MAX)
		return;
	for (size_t i = 0; i < PQM_LOSS_STEPS_MAX; i++) /* the last stays the last */
		c->step[i] = c->step[(i + 1) * kept / PQM_LOSS_STEPS_MAX - 1];
	c->n_steps = PQM_LOSS_STEPS_MAX;
}

static enum pqm_st prepare(struct curve *c, struct pqm_err *err)
{
	size_t lumps = 0;
	enum pqm_st st = PQM_OK;

	c->e.lumps = pqm_new(c->e.arena, struct pqm_exposure *, c->e.n_roots);
	c->e.n_lumps = pqm_new(c->e.arena, size_t, c->e.n_roots);
	c->e.streams = pqm_new(c->e.arena, struct pqm_streams, c->e.n_roots);
	if (c->e.lumps == NULL || c->e.n_lumps == NULL || c->e.streams == NULL)
		return pqm_fail(err, PQM_ENOMEM, "assessment: out of memory");
	for (size_t r = 0; r < c->e.n_roots && st == PQM_OK; r++) {
		const struct pqm_root *root = &c->e.roots[r];

		c->e.lumps[r] = pqm_new(c->e.arena, struct pqm_exposure, root->n_uses);
		if (c->e.lumps[r] == NULL)
			return pqm_fail(err, PQM_ENOMEM, "assessment: out of memory");
		c->e.n_lumps[r] = pqm_money_lumps(c->e.lumps[r], c->e.in, root, 0, false);
		lumps += c->e.n_lumps[r];
		if (root->n_uses > 0)
			c->e.a = root->uses[0].assessed;
		st = pqm_money_streams(&c->e.streams[r], c->e.in, root, c->e.arena, err);
	}
	c->cap_steps = lumps + PQM_LOSS_STEPS_MAX;
	c->step = pqm_new(c->e.arena, double, c->cap_steps);
	c->work = pqm_new(c->e.arena, struct pqm_loss_point, PQM_LOSS_WORK_MAX);
	if (st == PQM_OK && (c->step == NULL || c->work == NULL))
		st = pqm_fail(err, PQM_ENOMEM, "assessment: out of memory");
	return st;
}

/* Every amount of every step if they are few, else even steps up to the largest. */
static size_t amounts(
	const struct pqm_loss_dist *d, size_t n_steps, struct pqm_loss_point *out, size_t cap)
{
	size_t n = 0;
	double top = 0;
	bool few = true;

	for (size_t k = 0; k < n_steps; k++)
		for (size_t i = 0; i < d[k].n; i++) {
			top = fmax(top, d[k].at[i].amount);
			if (!few || !(d[k].at[i].amount > 0) || !(d[k].at[i].p > 0))
				continue;
			if (n == cap) {
				n = tidy(out, n);
				few = n <= CURVE_POINTS;
			}
			if (few)
				out[n++] = (struct pqm_loss_point){ d[k].at[i].amount, 1 };
		}
	n = few ? tidy(out, n) : n;
	if (few && n <= CURVE_POINTS)
		return n;
	for (n = 0; n < CURVE_POINTS; n++)
		out[n].amount = top * (double)(n + 1) / CURVE_POINTS;
	return n;
}

/* The chance of each amount within each step of the arrival time. */
static enum pqm_st mix(struct curve *c, struct pqm_loss_dist *d, struct pqm_err *err)
{
	struct pqm_loss_point *subset =
		pqm_new(c->e.arena, struct pqm_loss_point, (size_t)1 << PQM_LOSS_STREAMS);
	struct pqm_loss_dist now = { pqm_new(c->e.arena, struct pqm_loss_point, PQM_LOSS_ATOMS_MAX),
		0 };
	double before = 0, from = c->e.a;

	if (subset == NULL || now.at == NULL)
		return pqm_fail(err, PQM_ENOMEM, "assessment: out of memory");
	for (size_t k = 0; k < c->n_steps; k++) {
		double g = pqm_risk_g(c->e.in->p, c->e.in->s, c->e.a, c->step[k]);

		step_losses(c, &now, c->step[k], c->step[k] - from, subset);
		from = c->step[k];
		d[k].n = now.n;
		d[k].at = pqm_new(c->e.arena, struct pqm_loss_point, now.n);
		if (d[k].at == NULL)
			return pqm_fail(err, PQM_ENOMEM, "assessment: out of memory");
		for (size_t i = 0; i < now.n; i++)
			d[k].at[i] = (struct pqm_loss_point){ now.at[i].amount,
				now.at[i].p * (g - before) };
		before = g;
	}
	return PQM_OK;
}

enum pqm_st pqm_money_curve(struct pqm_loss_curve *out, const struct pqm_scene *in,
	const struct pqm_root *roots, size_t n_roots, struct pqm_arena *arena, struct pqm_err *err)
{
	struct curve c = { .e = { .in = in, .roots = roots, .n_roots = n_roots, .arena = arena } };
	struct pqm_loss_point *at = pqm_new(arena, struct pqm_loss_point, PQM_LOSS_ATOMS_MAX);
	struct pqm_loss_dist *d;
	enum pqm_st st = prepare(&c, err);
	size_t n;

	if (st != PQM_OK)
		return st;
	find_steps(&c);
	d = pqm_new(arena, struct pqm_loss_dist,
		c.n_steps > PQM_LOSS_ARRIVALS_MAX ? c.n_steps : PQM_LOSS_ARRIVALS_MAX);
	if (d == NULL || at == NULL)
		return pqm_fail(err, PQM_ENOMEM, "assessment: out of memory");
	st = n_roots <= PQM_LOSS_EXACT_ROOTS ? mix(&c, d, err)
					     : pqm_loss_many(d, &c.n_steps, &c.e, err);
	if (st != PQM_OK)
		return st;
	n = amounts(d, c.n_steps, at, PQM_LOSS_ATOMS_MAX);
	for (size_t j = 0; j < n; j++) {
		double least = at[j].amount * (1 - SAME * 4);

		at[j].p = 0;
		for (size_t k = 0; k < c.n_steps; k++)
			for (size_t i = d[k].n; i > 0 && d[k].at[i - 1].amount >= least; i--)
				at[j].p += d[k].at[i - 1].p;
	}
	*out = (struct pqm_loss_curve){ at, n };
	return PQM_OK;
}
