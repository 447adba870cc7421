#include <math.h>

#include "loss.h"

/* Chances of sums that lie on a grid: p[k] of k cells, and that of everything lost, which need not
 * lie on it. */
struct heap {
	double *p;
	size_t n;	   /* points of the grid, up to top */
	double top, p_top; /* the largest sum */
};

struct interval {
	double from, to, g;
};

struct many {
	const struct pqm_loss_estate *e;
	struct interval when[PQM_LOSS_ARRIVALS_MAX];
	size_t n_when;
	double *top;	 /* by root */
	double **g;	 /* by root and lump: G(tau), lumps in order of tau */
	uint32_t *order; /* roots that can lose anything, by amount */
	size_t n;
	double *room;	   /* of one heap of the full grid: operands of a sum */
	double *from_pool; /* heaps of a level, one after the other */
	double *to_pool;
	struct pqm_loss_point *subset;
};

static int by_tau(const void *x, const void *y)
{
	const struct pqm_exposure *a = x, *b = y;

	return (a->tau > b->tau) - (a->tau < b->tau);
}

/* ---- intervals of the arrival time ---- */

static double last_arrival(const struct pqm_loss_estate *e)
{
	double last = e->a;

	for (size_t r = 0; r < e->n_roots; r++) {
		for (size_t i = 0; i < e->n_lumps[r]; i++)
			last = fmax(last, e->lumps[r][i].tau);
		for (size_t i = 0; i < e->streams[r].n; i++) {
			const struct pqm_stream *f = &e->streams[r].f[i];

			last = fmax(last, f->open_to + f->life + fmax(0, -f->shift));
		}
	}
	return fmin(last, pqm_risk_horizon(e->in->p));
}

/* Of about equal chance, each of whole quarters. */
static void cut_time(struct many *m)
{
	const struct pqm_loss_estate *e = m->e;
	double last = last_arrival(e), from = e->a, before = 0;
	double all = pqm_risk_g(e->in->p, e->in->s, e->a, last);
	double step = fmax(PQM_LOSS_STEP_YEARS, (last - e->a) / (double)PQM_LOSS_STEPS_MAX);
	size_t n = (size_t)ceil((last - e->a) / step - 1e-9);

	for (size_t k = 1; k <= n; k++) {
		double to = k == n ? last : e->a + (double)k * step;
		double g = pqm_risk_g(e->in->p, e->in->s, e->a, to);

		if (!(g > before) ||
			(k < n && g < all * (double)(m->n_when + 1) / PQM_LOSS_ARRIVALS_MAX))
			continue;
		if (m->n_when == PQM_LOSS_ARRIVALS_MAX) { /* only by rounding: the last takes it */
			m->when[m->n_when - 1].to = to;
			m->when[m->n_when - 1].g += g - before;
		} else {
			m->when[m->n_when++] = (struct interval){ from, to, g - before };
		}
		from = to;
		before = g;
	}
}

/* ---- one root ---- */

/* Chance that the lump is lost within an interval: G goes in steps from tau to tau. */
static double lump_chance(const struct many *m, size_t root, const struct interval *w)
{
	const struct pqm_loss_estate *e = m->e;
	const struct pqm_exposure *x = e->lumps[root];
	const struct pqm_risk_params *p = e->in->p;
	size_t n = e->n_lumps[root];
	double sum = 0, from = pqm_risk_g(p, e->in->s, e->a, w->from), end = from + w->g;

	for (size_t i = 0; i < n && from < end; i++) {
		double to = fmin(m->g[root][i], end), safe = 1;

		if (to <= from)
			continue;
		for (size_t k = i; k < n; k++)
			safe *= 1 - x[k].h;
		sum += (to - from) * (1 - safe);
		from = to;
	}
	return fmin(1, sum / w->g);
}

/* Shares p between the neighbours of an amount on the grid, so that its mean stays. */
static void put(struct heap *h, double cell, double amount, double p)
{
	double at = fmin(amount, h->top) / cell, part;
	size_t k = (size_t)at;

	if (k + 1 < h->n) {
		part = at - (double)k;
		h->p[k] += p * (1 - part);
		h->p[k + 1] += p * part;
		return;
	}
	k = h->n - 1; /* between the last point of the grid and the largest sum */
	part = (h->top - (double)k * cell) / cell;
	part = part > 1e-12 ? fmin(1, fmax(0, (at - (double)k) / part)) : 1;
	h->p[k] += p * (1 - part);
	h->p_top += p * part;
}

static void open_heap(struct heap *h, double *p, size_t n, double top)
{
	*h = (struct heap){ .p = p, .n = n, .top = top };
	memset(p, 0, h->n * sizeof(*p));
}

/* Flows of a root in an interval, at the middle of a few equal parts of it; many subsets, few parts. */
static size_t parts_of(const struct many *m, size_t root, const struct interval *w)
{
	size_t n = m->e->streams[root].n, most = n >= 6 ? 1 : (size_t)64 >> n;
	size_t quarters = (size_t)ceil((w->to - w->from) / PQM_LOSS_STEP_YEARS - 1e-9);

	return quarters < 1 ? 1 : quarters < most ? quarters : most;
}

static void put_root(struct many *m, struct heap *h, double cell, size_t root, size_t when)
{
	const struct interval *w = &m->when[when];
	const struct pqm_loss_estate *e = m->e;
	double lump = e->roots[root].lump, q = lump > 0 ? lump_chance(m, root, w) : 0, before = 0;
	size_t parts = parts_of(m, root, w);

	if (e->streams[root].n == 0) {
		put(h, cell, 0, 1 - q);
		put(h, cell, lump, q);
		return;
	}
	for (size_t k = 1; k <= parts; k++) {
		double width = (w->to - w->from) / (double)parts;
		double to = w->from + (double)k * width;
		double g = pqm_risk_g(e->in->p, e->in->s, e->a, to) -
			pqm_risk_g(e->in->p, e->in->s, e->a, w->from);
		size_t n = pqm_loss_of_streams(m->subset, e, root, to - width / 2);
		double share = (g - before) / w->g;

		before = g;
		for (size_t i = 0; i < n; i++) {
			put(h, cell, m->subset[i].amount, m->subset[i].p * share * (1 - q));
			if (q > 0)
				put(h, cell, m->subset[i].amount + lump,
					m->subset[i].p * share * q);
		}
	}
}

/* ---- sums ---- */

/* h on a coarser grid. */
static void coarsen(struct heap *out, const struct heap *h, double fine, double *p, double cell)
{
	/* Rounded down, so that points of two of them never add up past their sum's last. */
	open_heap(out, p, (size_t)fmax(0, h->top / cell - 1e-9) + 1, h->top);
	for (size_t k = 0; k < h->n; k++)
		if (h->p[k] > 0)
			put(out, cell, (double)k * fine, h->p[k]);
	put(out, cell, h->top, h->p_top);
}

static void add(struct heap *out, double cell, const struct heap *a, const struct heap *b)
{
	for (size_t i = 0; i < a->n; i++) {
		double p = a->p[i];

		if (!(p > 0))
			continue;
		for (size_t k = 0; k < b->n; k++)
			out->p[i + k] += p * b->p[k];
		put(out, cell, (double)i * cell + b->top, p * b->p_top);
	}
	for (size_t k = 0; k < b->n; k++)
		put(out, cell, (double)k * cell + a->top, b->p[k] * a->p_top);
	out->p_top += a->p_top * b->p_top;
}

/* Cells of one heap where there are so many of them: fewer where more of them are added up, so that
 * each level of sums costs the same and adds the same to the deviation. */
static size_t cells_of(size_t n_heaps)
{
	size_t n = (size_t)ceil((double)PQM_LOSS_GRID / sqrt((double)n_heaps));

	return n < 8 ? 8 : n;
}

/* Sums pairs until one is left. All heaps of a level have as many cells of their own width. */
static void sum_up(struct many *m, struct heap *h, double *cell, size_t n)
{
	while (n > 1) {
		size_t half = (n + 1) / 2, cells = cells_of(half);
		double *p = m->to_pool;

		for (size_t i = 0; i < half; i++) {
			bool alone = 2 * i + 1 == n;
			const struct heap *x = &h[2 * i], *y = alone ? NULL : &h[2 * i + 1];
			double top = x->top + (alone ? 0 : y->top);
			double wide = top / (double)cells;
			struct heap sum, a, b;

			open_heap(&sum, p, cells + 1, top);
			p += sum.n;
			coarsen(&a, x, cell[2 * i], m->room, wide);
			if (alone) {
				memcpy(sum.p, a.p, a.n * sizeof(*a.p));
				sum.p_top = a.p_top;
			} else {
				coarsen(&b, y, cell[2 * i + 1], m->room + a.n, wide);
				add(&sum, wide, &a, &b);
			}
			h[i] = sum;
			cell[i] = wide;
		}
		p = m->from_pool;
		m->from_pool = m->to_pool;
		m->to_pool = p;
		n = half;
	}
}

/* ---- all ---- */

static double most_of(const struct pqm_loss_estate *e, size_t r)
{
	double from = INFINITY, to = -INFINITY, most = 0;

	for (size_t i = 0; i < e->streams[r].n; i++) {
		from = fmin(from, e->streams[r].f[i].open_from);
		to = fmax(to, e->streams[r].f[i].open_to);
	}
	if (to > from)
		most = e->roots[r].rate * (to - from);
	return most + (e->n_lumps[r] > 0 ? e->roots[r].lump : 0);
}

struct sized {
	double top;
	uint32_t root;
};

static int by_top(const void *x, const void *y)
{
	const struct sized *a = x, *b = y;

	if (a->top != b->top)
		return a->top < b->top ? -1 : 1;
	return (a->root > b->root) - (a->root < b->root);
}

static enum pqm_st prepare(struct many *m, struct pqm_err *err)
{
	const struct pqm_loss_estate *e = m->e;
	struct sized *s = pqm_new(e->arena, struct sized, e->n_roots);
	/* A heap has a point more than cells, and rounding may give it one. */
	size_t room = e->n_roots * (8 + 3) + PQM_LOSS_GRID * (size_t)64;

	m->g = pqm_new(e->arena, double *, e->n_roots);
	m->order = pqm_new(e->arena, uint32_t, e->n_roots);
	m->top = pqm_new(e->arena, double, e->n_roots);
	m->room = pqm_new(e->arena, double, 4 * PQM_LOSS_GRID);
	m->from_pool = pqm_new(e->arena, double, room + e->n_roots * PQM_LOSS_GRID / 64);
	m->to_pool = pqm_new(e->arena, double, room + e->n_roots * PQM_LOSS_GRID / 64);
	m->subset = pqm_new(e->arena, struct pqm_loss_point, (size_t)1 << PQM_LOSS_STREAMS);
	if (s == NULL || m->g == NULL || m->order == NULL || m->top == NULL || m->room == NULL ||
		m->from_pool == NULL || m->to_pool == NULL || m->subset == NULL)
		return pqm_fail(err, PQM_ENOMEM, "assessment: out of memory");
	for (uint32_t r = 0; r < e->n_roots; r++) {
		m->g[r] = pqm_new(e->arena, double, e->n_lumps[r]);
		if (m->g[r] == NULL)
			return pqm_fail(err, PQM_ENOMEM, "assessment: out of memory");
		if (e->n_lumps[r] > 1)
			qsort(e->lumps[r], e->n_lumps[r], sizeof(**e->lumps), by_tau);
		for (size_t i = 0; i < e->n_lumps[r]; i++)
			m->g[r][i] = pqm_risk_g(e->in->p, e->in->s, e->a, e->lumps[r][i].tau);
		if (most_of(e, r) > 0)
			s[m->n++] = (struct sized){ most_of(e, r), r };
	}
	if (m->n > 1)
		qsort(s, m->n, sizeof(*s), by_top);
	for (size_t i = 0; i < m->n; i++) {
		m->order[i] = s[i].root;
		m->top[i] = s[i].top;
	}
	return PQM_OK;
}

static void fill(struct many *m, struct heap *h, double *cell, size_t when)
{
	double *p = m->from_pool;

	for (size_t i = 0; i < m->n; i++) {
		cell[i] = m->top[i] / (double)cells_of(m->n);
		open_heap(&h[i], p, cells_of(m->n) + 1, m->top[i]);
		p += h[i].n;
		put_root(m, &h[i], cell[i], m->order[i], when);
	}
	sum_up(m, h, cell, m->n);
}

enum pqm_st pqm_loss_many(struct pqm_loss_dist *out, size_t *n_out, const struct pqm_loss_estate *e,
	struct pqm_err *err)
{
	struct many m = { .e = e };
	enum pqm_st st = prepare(&m, err);
	struct heap *h = pqm_new(e->arena, struct heap, e->n_roots);
	double *cell = pqm_new(e->arena, double, e->n_roots);

	if (st == PQM_OK && (h == NULL || cell == NULL))
		st = pqm_fail(err, PQM_ENOMEM, "assessment: out of memory");
	if (st != PQM_OK)
		return st;
	cut_time(&m);
	for (size_t w = 0; w < m.n_when && m.n > 0; w++) {
		fill(&m, h, cell, w);
		out[w].n = h[0].n + 1;
		out[w].at = pqm_new(e->arena, struct pqm_loss_point, out[w].n);
		if (out[w].at == NULL)
			return pqm_fail(err, PQM_ENOMEM, "assessment: out of memory");
		for (size_t k = 0; k < h[0].n; k++)
			out[w].at[k] = (struct pqm_loss_point){ (double)k * cell[0],
				h[0].p[k] * m.when[w].g };
		out[w].at[h[0].n] = (struct pqm_loss_point){ h[0].top, h[0].p_top * m.when[w].g };
	}
	*n_out = m.n > 0 ? m.n_when : 0;
	return PQM_OK;
}
