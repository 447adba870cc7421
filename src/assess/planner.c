#include "planner.h"

#include <stdlib.h>

#include "order.h"

#define LATE 1e-9 /* person-days: rounding, not lateness */
#define NONE UINT32_MAX

struct solver {
	struct pqm_order *o;
	struct pqm_arena *arena;
	struct pqm_arena block; /* scratch of one block, reset between them */
	size_t n;		/* jobs */
	uint32_t *by_id;	/* jobs, lowest id first */
	uint32_t *prize;	/* prizes by id */
	uint32_t *topo;		/* jobs, dependencies first, lowest id first among the free ones */
	uint32_t *at;		/* the inverse */
	bool *in_first;		/* weak fixes and what they need */
	uint32_t *local;	/* job -> node of the part at hand; NONE: not in it */
	uint32_t *sequence;	/* jobs in order of worth */
	size_t n_sequence;
	double now;	     /* when the part at hand starts */
	uint64_t exact_left; /* sets and steps that may still be looked at */
	uint64_t steps_left;
	bool is_exact;
};

static double mean(const struct pqm_job *j)
{
	return (j->lo + j->hi) / 2;
}

static enum pqm_st no_memory(struct pqm_err *err)
{
	return pqm_fail(err, PQM_ENOMEM, "plan: out of memory");
}

/* ---- order by id, so that the caller's order does not matter ---- */

static int jobs_by_id(const void *x, const void *y, void *ctx)
{
	const struct pqm_job *j = ctx;

	return pqm_cmp(j[*(const uint32_t *)x].id, j[*(const uint32_t *)y].id);
}

static int prizes_by_id(const void *x, const void *y, void *ctx)
{
	const struct pqm_prize *p = ctx;

	return pqm_cmp(p[*(const uint32_t *)x].id, p[*(const uint32_t *)y].id);
}

static enum pqm_st index_by_id(struct solver *s, struct pqm_err *err)
{
	size_t m = s->o->n_prizes;

	s->by_id = pqm_new(s->arena, uint32_t, s->n);
	s->topo = pqm_new(s->arena, uint32_t, s->n);
	s->at = pqm_new(s->arena, uint32_t, s->n);
	s->sequence = pqm_new(s->arena, uint32_t, s->n);
	s->in_first = pqm_new(s->arena, bool, s->n);
	s->local = pqm_new(s->arena, uint32_t, s->n);
	s->prize = pqm_new(s->arena, uint32_t, m);
	if (s->by_id == NULL || s->topo == NULL || s->at == NULL || s->sequence == NULL ||
		s->in_first == NULL || s->local == NULL || s->prize == NULL)
		return no_memory(err);
	for (uint32_t i = 0; i < s->n; i++)
		s->by_id[i] = i;
	for (uint32_t i = 0; i < m; i++)
		s->prize[i] = i;
	qsort_r(s->by_id, s->n, sizeof(uint32_t), jobs_by_id, s->o->jobs);
	qsort_r(s->prize, m, sizeof(uint32_t), prizes_by_id, s->o->prizes);
	return PQM_OK;
}

/* Who depends on whom: by job, the dependants, lowest id first. */
struct dependants {
	uint32_t *at, *job;
};

static enum pqm_st list_dependants(struct dependants *d, struct solver *s, struct pqm_err *err)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		n += s->o->jobs[i].n_deps;
	d->at = pqm_new(s->arena, uint32_t, s->n + 2);
	d->job = pqm_new(s->arena, uint32_t, n);
	if (d->at == NULL || d->job == NULL)
		return no_memory(err);
	for (size_t i = 0; i < s->n; i++)
		for (size_t k = 0; k < s->o->jobs[i].n_deps; k++)
			d->at[s->o->jobs[i].deps[k] + 2]++;
	for (size_t i = 2; i < s->n + 2; i++)
		d->at[i] += d->at[i - 1];
	for (size_t i = 0; i < s->n; i++) {
		const struct pqm_job *j = &s->o->jobs[s->by_id[i]];

		for (size_t k = 0; k < j->n_deps; k++)
			d->job[d->at[j->deps[k] + 1]++] = s->by_id[i];
	}
	return PQM_OK;
}

/* Dependencies before dependants; a job on a cycle is named. */
static enum pqm_st topological(struct solver *s, struct pqm_err *err)
{
	struct dependants d = { 0 };
	uint32_t *open = pqm_new(s->arena, uint32_t, s->n);
	size_t n = 0;
	enum pqm_st st = open == NULL ? no_memory(err) : list_dependants(&d, s, err);

	if (st != PQM_OK)
		return st;
	for (size_t i = 0; i < s->n; i++) {
		uint32_t j = s->by_id[i];

		open[j] = (uint32_t)s->o->jobs[j].n_deps;
		if (open[j] == 0)
			s->topo[n++] = j;
	}
	for (size_t i = 0; i < n; i++) {
		uint32_t j = s->topo[i];

		s->at[j] = (uint32_t)i;
		for (uint32_t k = d.at[j]; k < d.at[j + 1]; k++)
			if (--open[d.job[k]] == 0)
				s->topo[n++] = d.job[k];
	}
	for (size_t i = 0; i < s->n && n < s->n; i++)
		if (open[s->by_id[i]] > 0)
			return pqm_fail(err, PQM_EUSAGE, "plan: task '%.*s' depends on itself",
				PQM_FMT(s->o->jobs[s->by_id[i]].id));
	return PQM_OK;
}

static void mark_first(struct solver *s)
{
	for (size_t i = s->n; i > 0; i--) {
		uint32_t r = s->topo[i - 1];
		const struct pqm_job *j = &s->o->jobs[r];

		s->in_first[r] = s->in_first[r] || j->first;
		for (size_t k = 0; k < j->n_deps && s->in_first[r]; k++)
			s->in_first[j->deps[k]] = true;
	}
}

/* Own due date, or that of a successor less the successor's effort. */
static void modify_due(struct solver *s)
{
	for (size_t i = 0; i < s->n; i++)
		s->o->jobs[i].modified_due = s->o->jobs[i].due;
	for (size_t i = s->n; i > 0; i--) {
		const struct pqm_job *j = &s->o->jobs[s->topo[i - 1]];

		for (size_t k = 0; k < j->n_deps; k++) {
			struct pqm_job *d = &s->o->jobs[j->deps[k]];

			d->modified_due = fmin(d->modified_due, j->modified_due - j->hi);
		}
	}
}

/* ---- the part made of the jobs that go first, and that of the others ---- */

/* Nodes of the part that a prize waits for; NONE when it belongs to the other part, or waits for nothing. */
static uint32_t prize_needs(
	const struct solver *s, const struct pqm_prize *z, bool first, uint32_t *out)
{
	uint32_t n = 0;
	bool later = false;

	for (size_t k = 0; k < z->n_deps; k++)
		later = later || !s->in_first[z->deps[k]];
	if (later == first || !(z->value > 0) || isinf(z->value))
		return NONE;
	for (size_t k = 0; k < z->n_deps; k++) {
		uint32_t u = s->local[z->deps[k]];
		bool is_new = u != NONE;

		for (uint32_t i = 0; i < n && is_new; i++)
			is_new = out[i] != u;
		if (is_new)
			out[n++] = u;
	}
	return n > 0 ? n : NONE;
}

static enum pqm_st part_room(
	struct pqm_part *p, const struct solver *s, struct pqm_arena *arena, struct pqm_err *err)
{
	size_t most = s->n + s->o->n_prizes, deps = 0;

	for (size_t i = 0; i < s->n; i++)
		deps += s->o->jobs[i].n_deps;
	for (size_t i = 0; i < s->o->n_prizes; i++)
		deps += s->o->prizes[i].n_deps;
	*p = (struct pqm_part){ .effort = pqm_new(arena, double, most),
		.value = pqm_new(arena, double, most),
		.dep_at = pqm_new(arena, uint32_t, most + 1),
		.dep = pqm_new(arena, uint32_t, deps) };
	return p->effort == NULL || p->value == NULL || p->dep_at == NULL || p->dep == NULL
		? no_memory(err)
		: PQM_OK;
}

/* A prize of one job is that job's value; one of several is a node. */
static void add_prizes(struct pqm_part *p, struct solver *s, bool first)
{
	for (size_t i = 0; i < s->o->n_prizes; i++) {
		const struct pqm_prize *z = &s->o->prizes[s->prize[i]];
		uint32_t *deps = p->dep + p->dep_at[p->n], n = prize_needs(s, z, first, deps);

		if (n == NONE)
			continue;
		if (n == 1) {
			p->value[deps[0]] += z->value;
			continue;
		}
		p->value[p->n] = z->value;
		p->dep_at[p->n + 1] = p->dep_at[p->n] + n;
		p->n++;
	}
}

/* Nodes are the jobs in topological order; job holds which. */
static void fill_part(struct pqm_part *p, uint32_t *job, struct solver *s, bool first)
{
	for (size_t i = 0; i < s->n; i++)
		s->local[i] = NONE;
	for (size_t i = 0; i < s->n; i++) {
		const struct pqm_job *j = &s->o->jobs[s->topo[i]];
		uint32_t end = p->dep_at[p->n];

		if (s->in_first[s->topo[i]] != first)
			continue;
		for (size_t k = 0; k < j->n_deps; k++)
			if (s->local[j->deps[k]] != NONE)
				p->dep[end++] = s->local[j->deps[k]];
		p->effort[p->n] = mean(j);
		p->dep_at[p->n + 1] = end;
		job[p->n] = s->topo[i];
		s->local[s->topo[i]] = p->n++;
	}
	p->n_jobs = p->n;
	add_prizes(p, s, first);
}

/* ---- blocks ---- */

/* A part, its nodes by block, and what it takes to make a part of one block. */
struct whole {
	struct pqm_part part;
	uint32_t *job;	/* node -> job */
	uint32_t *node; /* by block */
	uint32_t *in;	/* node -> number in the block; NONE: not in it */
};

static enum pqm_st make_block(struct pqm_part *p, struct whole *w, const struct pqm_block *b,
	struct pqm_arena *arena, struct pqm_err *err)
{
	const struct pqm_part *all = &w->part;
	size_t deps = 0;

	for (uint32_t i = b->from; i < b->to; i++)
		deps += all->dep_at[w->node[i] + 1] - all->dep_at[w->node[i]];
	*p = (struct pqm_part){ .n = b->to - b->from,
		.effort = pqm_new(arena, double, b->to - b->from),
		.value = pqm_new(arena, double, b->to - b->from),
		.dep_at = pqm_new(arena, uint32_t, b->to - b->from + 1),
		.dep = pqm_new(arena, uint32_t, deps) };
	if (p->effort == NULL || p->value == NULL || p->dep_at == NULL || p->dep == NULL)
		return no_memory(err);
	for (uint32_t i = 0; i < p->n; i++) {
		uint32_t u = w->node[b->from + i], end = p->dep_at[i];

		w->in[u] = i;
		p->n_jobs += u < all->n_jobs;
		p->effort[i] = all->effort[u];
		p->value[i] = all->value[u];
		for (uint32_t k = all->dep_at[u]; k < all->dep_at[u + 1]; k++)
			if (w->in[all->dep[k]] != NONE)
				p->dep[end++] = w->in[all->dep[k]];
		p->dep_at[i + 1] = end;
	}
	for (uint32_t i = 0; i < p->n; i++)
		w->in[w->node[b->from + i]] = NONE;
	return PQM_OK;
}

/* Whether every order that keeps the precedence costs the same. */
static bool is_settled(const struct pqm_part *p)
{
	uint32_t paid = 0;

	for (uint32_t i = 0; i < p->n; i++)
		paid += p->value[i] > 0;
	return p->n <= 2 || (paid <= 1 && p->value[p->n - 1] > 0) || paid == 0;
}

static enum pqm_st order_block(uint32_t *sequence, struct solver *s, const struct pqm_part *p,
	double *bound, struct pqm_err *err)
{
	uint64_t sets = p->n_jobs <= PQM_PLAN_EXACT_MAX ? UINT64_C(1) << p->n_jobs : UINT64_MAX;
	enum pqm_st st = PQM_OK;

	for (uint32_t i = 0; i < p->n; i++)
		sequence[i] = i;
	if (!is_settled(p) && p->n_jobs <= s->o->dp_max && sets <= s->exact_left) {
		s->exact_left -= sets;
		st = pqm_part_exact(sequence, p, &s->block, err);
	} else if (!is_settled(p)) {
		s->is_exact = false;
		return pqm_part_search(sequence, bound, &s->steps_left, p, &s->block, err);
	}
	*bound = pqm_part_cost(p, sequence);
	return st;
}

static enum pqm_st append_block(
	struct solver *s, struct whole *w, const struct pqm_block *b, struct pqm_err *err)
{
	struct pqm_part p;
	uint32_t *sequence;
	double bound = 0, value = 0, effort = 0;
	enum pqm_st st;

	pqm_arena_reset(&s->block);
	st = make_block(&p, w, b, &s->block, err);
	sequence = pqm_new(&s->block, uint32_t, p.n);
	if (st == PQM_OK && sequence == NULL)
		st = no_memory(err);
	if (st == PQM_OK)
		st = order_block(sequence, s, &p, &bound, err);
	if (st != PQM_OK)
		return st;
	for (uint32_t i = 0; i < p.n; i++) {
		uint32_t u = w->node[b->from + sequence[i]];

		value += p.value[i];
		effort += p.effort[i];
		if (u < w->part.n_jobs)
			s->sequence[s->n_sequence++] = w->job[u];
	}
	s->o->bound += s->now * value + bound;
	s->o->worth_cost += s->now * value + pqm_part_cost(&p, sequence);
	s->now += effort;
	return PQM_OK;
}

/* ---- jobs that no prize waits for ---- */

struct late {
	unsigned rank; /* highest phase of the job and what it needs */
	uint32_t node;
};

static int by_rank(const void *x, const void *y)
{
	const struct late *a = x, *b = y;

	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	return (a->node > b->node) - (a->node < b->node);
}

/* Appends what is left of a part by phase, dependencies first. */
static enum pqm_st append_rest(
	struct solver *s, struct whole *w, struct pqm_block left, struct pqm_err *err)
{
	struct late *late;
	unsigned *rank;

	pqm_arena_reset(&s->block);
	late = pqm_new(&s->block, struct late, w->part.n);
	rank = pqm_new(&s->block, unsigned, w->part.n);
	if (late == NULL || rank == NULL)
		return no_memory(err);
	for (uint32_t u = 0; u < w->part.n_jobs; u++) {
		rank[u] = s->o->jobs[w->job[u]].rank;
		for (uint32_t k = w->part.dep_at[u]; k < w->part.dep_at[u + 1]; k++)
			if (rank[w->part.dep[k]] > rank[u])
				rank[u] = rank[w->part.dep[k]];
	}
	for (uint32_t i = left.from; i < left.to; i++)
		late[i - left.from] = (struct late){ rank[w->node[i]], w->node[i] };
	qsort(late, left.to - left.from, sizeof(*late), by_rank);
	for (uint32_t i = 0; i < left.to - left.from; i++) {
		s->sequence[s->n_sequence++] = w->job[late[i].node];
		s->now += w->part.effort[late[i].node];
	}
	return PQM_OK;
}

/* The blocks of one part in the order of their density. */
static enum pqm_st append_blocks(struct solver *s, struct whole *w, struct pqm_err *err)
{
	struct pqm_block *blocks;
	size_t n, i = 0;
	enum pqm_st st = pqm_part_sidney(w->node, &blocks, &n, &w->part, s->arena, err);

	while (st == PQM_OK && i < n && blocks[i].density > 0)
		st = append_block(s, w, &blocks[i++], err);
	/* blocks of density 0 are one run of the nodes only by their order: make it one */
	if (st == PQM_OK && i < n) {
		uint32_t *rest = pqm_new(s->arena, uint32_t, w->part.n), k = 0;
		struct pqm_block left = { 0, 0, 0 };

		if (rest == NULL)
			return no_memory(err);
		for (; i < n; i++)
			for (uint32_t c = blocks[i].from; c < blocks[i].to; c++)
				rest[k++] = w->node[c];
		w->node = rest;
		left.to = k;
		st = append_rest(s, w, left, err);
	}
	return st;
}

static enum pqm_st append_part(struct solver *s, bool first, struct pqm_err *err)
{
	size_t most = s->n + s->o->n_prizes;
	struct whole w = { .job = pqm_new(s->arena, uint32_t, s->n),
		.node = pqm_new(s->arena, uint32_t, most),
		.in = pqm_new(s->arena, uint32_t, most) };
	enum pqm_st st = part_room(&w.part, s, s->arena, err);

	if (st == PQM_OK && (w.job == NULL || w.node == NULL || w.in == NULL))
		st = no_memory(err);
	if (st != PQM_OK)
		return st;
	fill_part(&w.part, w.job, s, first);
	for (uint32_t i = 0; i < w.part.n; i++)
		w.in[i] = NONE;
	return w.part.n > 0 ? append_blocks(s, &w, err) : PQM_OK;
}

/* ---- from the order of worth to a timetable ---- */

/* Jobs that still have to run, in some order. */
struct queue {
	uint32_t *job;
	size_t n;
};

struct clock {
	struct queue worth, due; /* due: those with a due date, earliest first */
	double now;
	bool *done;
};

static int by_due(const void *x, const void *y, void *ctx)
{
	const struct solver *s = ctx;
	uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;
	double da = s->o->jobs[a].modified_due, db = s->o->jobs[b].modified_due;

	if (da != db)
		return da < db ? -1 : 1;
	return (s->at[a] > s->at[b]) - (s->at[a] < s->at[b]);
}

static enum pqm_st set_clock(struct clock *c, struct solver *s, struct pqm_err *err)
{
	*c = (struct clock){ .worth = { pqm_new(s->arena, uint32_t, s->n), s->n },
		.due = { pqm_new(s->arena, uint32_t, s->n), 0 },
		.done = pqm_new(s->arena, bool, s->n) };
	if (c->worth.job == NULL || c->due.job == NULL || c->done == NULL)
		return no_memory(err);
	memcpy(c->worth.job, s->sequence, s->n * sizeof(*s->sequence));
	for (uint32_t i = 0; i < s->n; i++)
		if (!isinf(s->o->jobs[i].modified_due))
			c->due.job[c->due.n++] = i;
	qsort_r(c->due.job, c->due.n, sizeof(uint32_t), by_due, s);
	return PQM_OK;
}

static void strike(struct queue *q, uint32_t job)
{
	size_t i = 0;

	while (i < q->n && q->job[i] != job)
		i++;
	if (i == q->n)
		return;
	memmove(&q->job[i], &q->job[i + 1], (q->n - i - 1) * sizeof(*q->job));
	q->n--;
}

static uint32_t first_ready(const struct solver *s, const struct clock *c, const struct queue *q)
{
	for (size_t i = 0; i < q->n; i++) {
		const struct pqm_job *j = &s->o->jobs[q->job[i]];
		bool ready = j->release <= c->now + LATE;

		for (size_t k = 0; k < j->n_deps && ready; k++)
			ready = c->done[j->deps[k]];
		if (ready)
			return q->job[i];
	}
	return NONE;
}

/* Whether taking a job now makes one late, or later, that earliest-due-date order would not. */
static bool adds_lateness(const struct solver *s, const struct clock *c, uint32_t job)
{
	double with = c->now + s->o->jobs[job].hi, without = c->now;

	for (size_t i = 0; i < c->due.n && c->due.job[i] != job; i++) {
		const struct pqm_job *j = &s->o->jobs[c->due.job[i]];

		with = fmax(with, j->release) + j->hi;
		without = fmax(without, j->release) + j->hi;
		if (with > fmax(without, j->modified_due) + LATE)
			return true;
	}
	return false;
}

static double next_release(const struct solver *s, const struct clock *c)
{
	double next = INFINITY;

	for (size_t i = 0; i < c->worth.n; i++)
		if (s->o->jobs[c->worth.job[i]].release > c->now + LATE)
			next = fmin(next, s->o->jobs[c->worth.job[i]].release);
	return next;
}

/* Runs one job at a time in order of worth, with high efforts; due dates may pull a job forward. Writes
 * what ran when to `ran`. */
static void run(struct solver *s, struct clock *c, uint32_t *ran)
{
	for (size_t n = 0; n < s->n;) {
		uint32_t r = first_ready(s, c, &c->worth), urgent;
		struct pqm_job *j;

		if (r == NONE) {
			c->now = fmax(c->now, next_release(s, c));
			continue;
		}
		urgent = s->in_first[r] ? NONE : first_ready(s, c, &c->due);
		if (urgent != NONE && urgent != r && adds_lateness(s, c, r)) {
			s->o->has_insertions = true;
			r = urgent;
			s->o->jobs[r].is_inserted = true;
		}
		j = &s->o->jobs[r];
		j->start_hi = c->now;
		c->now = j->finish_hi = c->now + j->hi;
		c->done[r] = true;
		strike(&c->worth, r);
		strike(&c->due, r);
		ran[n++] = r;
	}
}

/* The same order with low efforts: no job ends later than with high ones. */
static void run_low(struct solver *s, const uint32_t *ran)
{
	double now = 0;

	for (size_t i = 0; i < s->n; i++) {
		struct pqm_job *j = &s->o->jobs[ran[i]];

		j->start_lo = fmax(now, j->release);
		now = j->finish_lo = j->start_lo + j->lo;
	}
}

double pqm_order_cost(const struct pqm_order *o, const uint32_t *sequence)
{
	double now = 0, cost = 0;

	for (size_t i = 0; i < o->n_jobs; i++) {
		now += mean(&o->jobs[sequence[i]]);
		for (size_t z = 0; z < o->n_prizes; z++) {
			const struct pqm_prize *p = &o->prizes[z];
			bool has = false, open = false;

			for (size_t k = 0; k < p->n_deps; k++) {
				has = has || p->deps[k] == sequence[i];
				for (size_t l = i + 1; l < o->n_jobs && !open; l++)
					open = p->deps[k] == sequence[l];
			}
			cost += has && !open ? p->value * now : 0;
		}
	}
	return cost;
}

static void finish(struct solver *s, const uint32_t *ran, double *end)
{
	struct pqm_order *o = s->o;
	double now = 0;

	for (uint32_t i = 0; i < s->n; i++) {
		o->jobs[ran[i]].order = i;
		end[ran[i]] = now += mean(&o->jobs[ran[i]]);
	}
	o->cost = 0;
	for (size_t i = 0; i < o->n_prizes; i++) {
		struct pqm_prize *z = &o->prizes[s->prize[i]];
		double last = 0;

		z->finish_lo = z->finish_hi = 0;
		for (size_t k = 0; k < z->n_deps; k++) {
			z->finish_lo = fmax(z->finish_lo, o->jobs[z->deps[k]].finish_lo);
			z->finish_hi = fmax(z->finish_hi, o->jobs[z->deps[k]].finish_hi);
			last = fmax(last, end[z->deps[k]]);
		}
		o->cost += z->value * last;
	}
}

static enum pqm_st timetable(struct solver *s, struct pqm_err *err)
{
	uint32_t *ran = pqm_new(s->arena, uint32_t, s->n);
	double *end = pqm_new(s->arena, double, s->n);
	struct clock c = { 0 };
	enum pqm_st st = ran == NULL || end == NULL ? no_memory(err) : set_clock(&c, s, err);

	if (st != PQM_OK)
		return st;
	run(s, &c, ran);
	run_low(s, ran);
	s->o->is_exact = s->is_exact && memcmp(ran, s->sequence, s->n * sizeof(*ran)) == 0;
	finish(s, ran, end);
	return PQM_OK;
}

static enum pqm_st check(const struct pqm_order *o, struct pqm_err *err)
{
	if (o->n_jobs > PQM_PLAN_JOBS_MAX)
		return pqm_fail(err, PQM_ELIMIT, "plan: %zu tasks, over the limit of %zu",
			o->n_jobs, PQM_PLAN_JOBS_MAX);
	for (size_t i = 0; i < o->n_jobs; i++)
		if (!isfinite(o->jobs[i].release) || !(o->jobs[i].hi >= o->jobs[i].lo) ||
			!(o->jobs[i].lo >= 0))
			return pqm_fail(err, PQM_EUSAGE,
				"plan: task '%.*s' has no usable effort or date",
				PQM_FMT(o->jobs[i].id));
	return PQM_OK;
}

enum pqm_st pqm_order_solve(struct pqm_order *o, struct pqm_arena *scratch, struct pqm_err *err)
{
	struct solver s = { .o = o,
		.arena = scratch,
		.n = o->n_jobs,
		.exact_left = PQM_PLAN_EXACT_SETS,
		.steps_left = PQM_PLAN_SEARCH_STEPS,
		.is_exact = true };
	enum pqm_st st = check(o, err);

	if (st != PQM_OK)
		return st;
	o->has_insertions = false;
	o->bound = o->worth_cost = 0;
	for (size_t i = 0; i < o->n_jobs; i++)
		o->jobs[i].is_inserted = false;
	pqm_arena_init(&s.block, PQM_ARENA_BYTES);
	st = index_by_id(&s, err);
	if (st == PQM_OK)
		st = topological(&s, err);
	if (st == PQM_OK) {
		mark_first(&s);
		modify_due(&s);
		st = append_part(&s, true, err);
	}
	if (st == PQM_OK)
		st = append_part(&s, false, err);
	if (st == PQM_OK)
		st = timetable(&s, err);
	pqm_arena_fini(&s.block);
	return st;
}
