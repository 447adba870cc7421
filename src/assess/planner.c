#include "planner.h"

#include <stdlib.h>

#include "base/map.h"

#define LATE 1e-9 /* person-days: rounding, not lateness */

struct solver {
	struct pqm_order *o;
	struct pqm_arena *arena;
	struct pqm_arena part; /* scratch of one part, reset between them */
	size_t n;	       /* jobs */
	uint32_t *job;	       /* rank by id -> index in o->jobs */
	uint32_t *rank;	       /* the inverse */
	uint32_t *prize;       /* prizes by id */
	uint32_t *topo;	       /* ranks, dependencies first */
	bool *in_first;	       /* by rank: weak fixes and what they need */
	bool *done;	       /* by rank: already in the sequence */
	uint32_t *sequence;    /* ranks in order of worth */
	size_t n_sequence;
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

static const struct pqm_job *job_at(const struct solver *s, uint32_t rank)
{
	return &s->o->jobs[s->job[rank]];
}

static enum pqm_st index_by_id(struct solver *s, struct pqm_err *err)
{
	size_t m = s->o->n_prizes;

	s->job = pqm_new(s->arena, uint32_t, s->n);
	s->rank = pqm_new(s->arena, uint32_t, s->n);
	s->topo = pqm_new(s->arena, uint32_t, s->n);
	s->sequence = pqm_new(s->arena, uint32_t, s->n);
	s->in_first = pqm_new(s->arena, bool, s->n);
	s->done = pqm_new(s->arena, bool, s->n);
	s->prize = pqm_new(s->arena, uint32_t, m);
	if (s->job == NULL || s->rank == NULL || s->topo == NULL || s->sequence == NULL ||
		s->in_first == NULL || s->done == NULL || s->prize == NULL)
		return no_memory(err);
	for (uint32_t i = 0; i < s->n; i++)
		s->job[i] = i;
	for (uint32_t i = 0; i < m; i++)
		s->prize[i] = i;
	qsort_r(s->job, s->n, sizeof(uint32_t), jobs_by_id, s->o->jobs);
	qsort_r(s->prize, m, sizeof(uint32_t), prizes_by_id, s->o->prizes);
	for (uint32_t i = 0; i < s->n; i++)
		s->rank[s->job[i]] = i;
	return PQM_OK;
}

/* Dependencies before dependants, lowest id first among the free ones. */
static enum pqm_st topological(struct solver *s, struct pqm_err *err)
{
	size_t n = 0;

	memset(s->done, 0, s->n * sizeof(*s->done));
	for (bool moved = true; moved && n < s->n;) {
		moved = false;
		for (uint32_t r = 0; r < s->n; r++) {
			const struct pqm_job *j = job_at(s, r);
			bool is_free = !s->done[r];

			for (size_t k = 0; k < j->n_deps && is_free; k++)
				is_free = s->done[s->rank[j->deps[k]]];
			if (!is_free)
				continue;
			s->topo[n++] = r;
			s->done[r] = moved = true;
		}
	}
	for (uint32_t r = 0; r < s->n && n < s->n; r++)
		if (!s->done[r])
			return pqm_fail(err, PQM_EUSAGE, "plan: task '%.*s' depends on itself",
				PQM_FMT(job_at(s, r)->id));
	memset(s->done, 0, s->n * sizeof(*s->done));
	return PQM_OK;
}

static void mark_first(struct solver *s)
{
	for (size_t i = s->n; i > 0; i--) {
		uint32_t r = s->topo[i - 1];
		const struct pqm_job *j = job_at(s, r);

		s->in_first[r] = s->in_first[r] || j->first;
		for (size_t k = 0; k < j->n_deps && s->in_first[r]; k++)
			s->in_first[s->rank[j->deps[k]]] = true;
	}
}

/* Own due date, or that of a successor less the successor's effort. */
static void modify_due(struct solver *s)
{
	for (size_t i = 0; i < s->n; i++)
		s->o->jobs[i].modified_due = s->o->jobs[i].due;
	for (size_t i = s->n; i > 0; i--) {
		const struct pqm_job *j = job_at(s, s->topo[i - 1]);

		for (size_t k = 0; k < j->n_deps; k++) {
			struct pqm_job *d = &s->o->jobs[j->deps[k]];

			d->modified_due = fmin(d->modified_due, j->modified_due - j->hi);
		}
	}
}

/* ---- parts ---- */

/* The part made of the ranks in `member` that are not done, with the prizes they complete. local
 * maps rank -> number in the part; back is the inverse. */
struct part_maps {
	uint32_t *local, *back, *topo; /* topo: ranks of the part, dependencies first */
};

static enum pqm_st add_jobs(
	struct pqm_part *p, struct solver *s, const struct part_maps *m, struct pqm_err *err)
{
	double *effort = pqm_new(&s->part, double, p->n);

	p->deps = pqm_new(&s->part, uint32_t *, p->n);
	p->n_deps = pqm_new(&s->part, size_t, p->n);
	if (effort == NULL || p->deps == NULL || p->n_deps == NULL)
		return no_memory(err);
	for (uint32_t i = 0; i < p->n; i++) {
		const struct pqm_job *j = job_at(s, m->back[i]);

		effort[i] = mean(j);
		p->deps[i] = pqm_new(&s->part, uint32_t, j->n_deps);
		if (p->deps[i] == NULL)
			return no_memory(err);
		for (size_t k = 0; k < j->n_deps; k++) {
			uint32_t r = s->rank[j->deps[k]];

			if (!s->done[r])
				p->deps[i][p->n_deps[i]++] = m->local[r];
		}
	}
	p->effort = effort;
	return PQM_OK;
}

/* Numbers in the part of what the prize still needs; false when it needs jobs outside of it, or
 * nothing more. */
static bool prize_deps(struct solver *s, const struct part_maps *m, const struct pqm_prize *z,
	uint32_t *out, size_t *n)
{
	*n = 0;
	for (size_t k = 0; k < z->n_deps; k++) {
		uint32_t r = s->rank[z->deps[k]];

		if (s->done[r])
			continue;
		if (m->local[r] == UINT32_MAX)
			return false;
		out[(*n)++] = m->local[r];
	}
	return *n > 0 && z->value > 0;
}

static int by_u32(const void *x, const void *y)
{
	uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;

	return (a > b) - (a < b);
}

/* Prizes that wait for the same jobs are one. */
static bool add_prize(struct pqm_part *p, struct solver *s, const struct part_maps *m,
	const struct pqm_prize *z, double *value, struct pqm_map *met)
{
	uint32_t *deps, few[8];
	size_t n;
	pqm_bytes key;
	uintptr_t twin;

	deps = z->n_deps <= 8 ? few : pqm_new(&s->part, uint32_t, z->n_deps);
	if (deps == NULL)
		return false;
	if (!prize_deps(s, m, z, deps, &n))
		return true;
	qsort(deps, n, sizeof(*deps), by_u32);
	key = (pqm_bytes){ (const uint8_t *)deps, n * sizeof(*deps) };
	twin = (uintptr_t)pqm_map_get(met, key);
	if (twin != 0) {
		value[twin - 1] += z->value;
		return true;
	}
	key = pqm_bytes_dup(&s->part, key);
	if (key.p == NULL || !pqm_map_put(met, key, (void *)(uintptr_t)(p->n_prizes + 1)))
		return false;
	p->prize_deps[p->n_prizes] = (uint32_t *)(uintptr_t)key.p;
	p->n_prize_deps[p->n_prizes] = n;
	value[p->n_prizes++] = z->value;
	return true;
}

static enum pqm_st add_prizes(
	struct pqm_part *p, struct solver *s, const struct part_maps *m, struct pqm_err *err)
{
	size_t most = s->o->n_prizes;
	double *value = pqm_new(&s->part, double, most);
	struct pqm_map met = { 0 }; /* jobs that a prize waits for -> its number + 1 */

	p->prize_deps = pqm_new(&s->part, uint32_t *, most);
	p->n_prize_deps = pqm_new(&s->part, size_t, most);
	if (value == NULL || p->prize_deps == NULL || p->n_prize_deps == NULL)
		return no_memory(err);
	p->value = value;
	bool ok = true;

	for (size_t i = 0; i < most && ok; i++)
		ok = add_prize(p, s, m, &s->o->prizes[s->prize[i]], value, &met);
	pqm_map_fini(&met);
	return ok ? PQM_OK : no_memory(err);
}

static enum pqm_st make_part(struct pqm_part *p, struct part_maps *m, struct solver *s,
	const bool *member, struct pqm_err *err)
{
	enum pqm_st st;

	*p = (struct pqm_part){ 0 };
	m->local = pqm_new(&s->part, uint32_t, s->n);
	m->back = pqm_new(&s->part, uint32_t, s->n);
	m->topo = pqm_new(&s->part, uint32_t, s->n);
	if (m->local == NULL || m->back == NULL || m->topo == NULL)
		return no_memory(err);
	for (uint32_t r = 0; r < s->n; r++) {
		m->local[r] = UINT32_MAX;
		if (member[r] && !s->done[r]) {
			m->local[r] = (uint32_t)p->n;
			m->back[p->n++] = r;
		}
	}
	for (size_t i = 0, n = 0; i < s->n; i++)
		if (m->local[s->topo[i]] != UINT32_MAX)
			m->topo[n++] = s->topo[i];
	st = add_jobs(p, s, m, err);
	return st == PQM_OK ? add_prizes(p, s, m, err) : st;
}

static void append(struct solver *s, uint32_t rank)
{
	s->sequence[s->n_sequence++] = rank;
	s->done[rank] = true;
}

/* Appends the jobs of `member`, dependencies first; where free, in the order (phase, id). */
static enum pqm_st append_plain(struct solver *s, const bool *member, struct pqm_err *err)
{
	uint32_t *left = pqm_new(&s->part, uint32_t, s->n);
	size_t n = 0, pick = 0;

	if (left == NULL)
		return no_memory(err);
	for (uint32_t r = 0; r < s->n; r++)
		if (member[r] && !s->done[r])
			left[n++] = r;
	while (n > 0 && pick != SIZE_MAX) {
		pick = SIZE_MAX;
		for (size_t i = 0; i < n; i++) {
			const struct pqm_job *j = job_at(s, left[i]);
			bool is_free = true;

			for (size_t k = 0; k < j->n_deps && is_free; k++)
				is_free = s->done[s->rank[j->deps[k]]];
			if (is_free && (pick == SIZE_MAX || j->rank < job_at(s, left[pick])->rank))
				pick = i;
		}
		if (pick == SIZE_MAX)
			return pqm_fail(err, PQM_EINTERNAL, "plan: a part is not closed");
		append(s, left[pick]);
		memmove(&left[pick], &left[pick + 1], (n - pick - 1) * sizeof(*left));
		n--;
	}
	return PQM_OK;
}

/* Value per effort of what one prize still needs; marks it by rank. list holds the part, dependencies
 * first. */
static double closure_density(const struct solver *s, const struct pqm_part *p,
	const struct part_maps *m, size_t prize, bool *mark)
{
	const uint32_t *list = m->topo;
	double effort = 0;

	memset(mark, 0, s->n * sizeof(*mark));
	for (size_t k = 0; k < p->n_prize_deps[prize]; k++)
		mark[m->back[p->prize_deps[prize][k]]] = true;
	for (size_t i = p->n; i > 0; i--) {
		const struct pqm_job *j = job_at(s, list[i - 1]);

		if (!mark[list[i - 1]])
			continue;
		if (s->done[list[i - 1]]) {
			mark[list[i - 1]] = false;
			continue;
		}
		effort += mean(j);
		for (size_t k = 0; k < j->n_deps; k++)
			mark[s->rank[j->deps[k]]] = true;
	}
	return effort > 0 ? p->value[prize] / effort : 0;
}

/* Takes the closure of the single prize with the highest value per effort, again and again. */
static enum pqm_st append_greedy(struct solver *s, const struct pqm_part *p,
	const struct part_maps *m, const bool *member, struct pqm_err *err)
{
	bool *mark = pqm_new(&s->part, bool, s->n), *best = pqm_new(&s->part, bool, s->n);
	enum pqm_st st = PQM_OK;
	double most = 1;

	if (mark == NULL || best == NULL)
		return no_memory(err);
	while (most > 0 && st == PQM_OK) {
		most = 0;
		for (size_t i = 0; i < p->n_prizes; i++) {
			double density = closure_density(s, p, m, i, mark);

			if (density > most) {
				most = density;
				memcpy(best, mark, s->n * sizeof(*best));
			}
		}
		if (most > 0)
			st = append_plain(s, best, err);
	}
	return st == PQM_OK ? append_plain(s, member, err) : st;
}

/* Orders one densest closure: exactly when it is small. */
static enum pqm_st append_block(struct solver *s, const bool *block, struct pqm_err *err)
{
	struct pqm_part p;
	struct part_maps m;
	uint32_t *sequence;
	enum pqm_st st = make_part(&p, &m, s, block, err);

	if (st != PQM_OK)
		return st;
	if (p.n > s->o->dp_max || p.n > PQM_PLAN_EXACT_MAX) {
		s->is_exact = s->is_exact && p.n_prizes == 1;
		return append_greedy(s, &p, &m, block, err);
	}
	sequence = pqm_new(&s->part, uint32_t, p.n);
	if (sequence == NULL)
		return no_memory(err);
	st = pqm_part_exact(sequence, &p, &s->part, err);
	for (size_t i = 0; i < p.n && st == PQM_OK; i++)
		append(s, m.back[sequence[i]]);
	return st;
}

/* Sidney decomposition of the jobs in `member`, densest closure first. */
static enum pqm_st append_by_density(struct solver *s, const bool *member, struct pqm_err *err)
{
	bool *in = pqm_new(s->arena, bool, s->n), *block = pqm_new(s->arena, bool, s->n);

	if (in == NULL || block == NULL)
		return no_memory(err);
	for (;;) {
		struct pqm_part p;
		struct part_maps m;
		bool found = false;

		pqm_arena_reset(&s->part);
		enum pqm_st st = make_part(&p, &m, s, member, err);

		if (st == PQM_OK && p.n > 0)
			st = pqm_part_densest(in, &found, &p, &s->part, err);
		if (st != PQM_OK)
			return st;
		if (!found)
			break;
		memset(block, 0, s->n * sizeof(*block));
		for (size_t i = 0; i < p.n; i++)
			block[m.back[i]] = in[i];
		st = append_block(s, block, err);
		if (st != PQM_OK)
			return st;
	}
	return append_plain(s, member, err);
}

/* ---- from the order of worth to a timetable ---- */

static bool is_ready(const struct solver *s, uint32_t r, double now, bool lo)
{
	const struct pqm_job *j = job_at(s, r);
	bool ready = !s->done[r] && j->release <= now + LATE;

	for (size_t k = 0; k < j->n_deps && ready; k++) {
		const struct pqm_job *d = &s->o->jobs[j->deps[k]];

		ready = s->done[s->rank[j->deps[k]]] &&
			(lo ? d->finish_lo : d->finish_hi) <= now + LATE;
	}
	return ready;
}

static int by_due(const void *x, const void *y, void *ctx)
{
	const struct solver *s = ctx;
	uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;
	double da = job_at(s, a)->modified_due, db = job_at(s, b)->modified_due;

	if (da != db)
		return da < db ? -1 : 1;
	return (a > b) - (a < b);
}

/* Whether taking r now makes a job late, or later, that earliest-due-date order would not. */
static bool adds_lateness(const struct solver *s, const uint32_t *due, uint32_t r, double now)
{
	double with = now + job_at(s, r)->hi, without = now;

	for (size_t i = 0; i < s->n && due[i] != r; i++) {
		const struct pqm_job *j = job_at(s, due[i]);

		if (s->done[due[i]])
			continue;
		with += j->hi;
		without += j->hi;
		if (with > fmax(without, j->modified_due) + LATE)
			return true;
	}
	return false;
}

static uint32_t first_ready(const struct solver *s, const uint32_t *list, double now, bool lo)
{
	for (size_t i = 0; i < s->n; i++)
		if (is_ready(s, list[i], now, lo))
			return list[i];
	return UINT32_MAX;
}

static double next_release(const struct solver *s, double now)
{
	double next = INFINITY;

	for (uint32_t r = 0; r < s->n; r++)
		if (!s->done[r] && job_at(s, r)->release > now + LATE)
			next = fmin(next, job_at(s, r)->release);
	return next;
}

/* Runs the list one job at a time; with due set, due dates may pull a job forward. Writes what ran
 * when to `ran`. */
static void run(struct solver *s, const uint32_t *list, const uint32_t *due, bool lo, uint32_t *ran)
{
	double now = 0;

	memset(s->done, 0, s->n * sizeof(*s->done));
	for (size_t i = 0; i < s->n;) {
		uint32_t r = first_ready(s, list, now, lo), urgent;

		if (r == UINT32_MAX) {
			now = fmax(now, next_release(s, now));
			continue;
		}
		urgent = due != NULL && !s->in_first[r] ? first_ready(s, due, now, lo) : r;
		if (urgent != r && adds_lateness(s, due, r, now)) {
			s->o->has_insertions = true;
			r = urgent;
		}
		struct pqm_job *j = &s->o->jobs[s->job[r]];

		if (lo) {
			j->start_lo = now;
			now = j->finish_lo = now + j->lo;
		} else {
			j->start_hi = now;
			now = j->finish_hi = now + j->hi;
		}
		s->done[r] = true;
		ran[i++] = r;
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

static void finish(struct solver *s, const uint32_t *ran)
{
	struct pqm_order *o = s->o;
	double now = 0;

	for (uint32_t i = 0; i < s->n; i++)
		o->jobs[s->job[ran[i]]].order = i;
	for (size_t i = 0; i < o->n_prizes; i++) {
		struct pqm_prize *z = &o->prizes[i];

		z->finish_lo = z->finish_hi = 0;
		for (size_t k = 0; k < z->n_deps; k++) {
			z->finish_lo = fmax(z->finish_lo, o->jobs[z->deps[k]].finish_lo);
			z->finish_hi = fmax(z->finish_hi, o->jobs[z->deps[k]].finish_hi);
		}
	}
	double *end = pqm_new(s->arena, double, s->n);

	o->cost = end == NULL ? NAN : 0;
	for (uint32_t i = 0; i < s->n && end != NULL; i++)
		end[s->job[ran[i]]] = now += mean(&o->jobs[s->job[ran[i]]]);
	for (size_t i = 0; i < o->n_prizes && end != NULL; i++) {
		const struct pqm_prize *z = &o->prizes[s->prize[i]];
		double last = 0;

		for (size_t k = 0; k < z->n_deps; k++)
			last = fmax(last, end[z->deps[k]]);
		o->cost += z->value * last;
	}
}

static enum pqm_st timetable(struct solver *s, struct pqm_err *err)
{
	uint32_t *due = pqm_new(s->arena, uint32_t, s->n), *ran = pqm_new(s->arena, uint32_t, s->n),
		 *lo = pqm_new(s->arena, uint32_t, s->n);

	if (due == NULL || ran == NULL || lo == NULL)
		return no_memory(err);
	memcpy(due, s->topo, s->n * sizeof(*due));
	qsort_r(due, s->n, sizeof(*due), by_due, s);
	run(s, s->sequence, due, false, ran);
	run(s, ran, NULL, true, lo);
	s->o->is_exact = s->is_exact && memcmp(ran, s->sequence, s->n * sizeof(*ran)) == 0;
	finish(s, ran);
	return isnan(s->o->cost) ? no_memory(err) : PQM_OK;
}

static enum pqm_st sequence_all(struct solver *s, struct pqm_err *err)
{
	bool *rest = pqm_new(s->arena, bool, s->n);
	enum pqm_st st;

	if (rest == NULL)
		return no_memory(err);
	for (uint32_t r = 0; r < s->n; r++)
		rest[r] = !s->in_first[r];
	st = append_by_density(s, s->in_first, err);
	return st == PQM_OK ? append_by_density(s, rest, err) : st;
}

enum pqm_st pqm_order_solve(struct pqm_order *o, struct pqm_arena *scratch, struct pqm_err *err)
{
	struct solver s = { .o = o, .arena = scratch, .n = o->n_jobs, .is_exact = true };
	enum pqm_st st;

	if (o->n_jobs > PQM_PLAN_JOBS_MAX)
		return pqm_fail(err, PQM_ELIMIT, "plan: %zu tasks, over the limit of %zu",
			o->n_jobs, PQM_PLAN_JOBS_MAX);
	for (size_t i = 0; i < o->n_jobs; i++)
		if (!isfinite(o->jobs[i].release) || !(o->jobs[i].hi >= o->jobs[i].lo) ||
			!(o->jobs[i].lo >= 0))
			return pqm_fail(err, PQM_EUSAGE,
				"plan: task '%.*s' has no usable effort or date",
				PQM_FMT(o->jobs[i].id));
	o->has_insertions = false;
	pqm_arena_init(&s.part, PQM_ARENA_BYTES);
	st = index_by_id(&s, err);
	if (st == PQM_OK)
		st = topological(&s, err);
	if (st == PQM_OK) {
		mark_first(&s);
		modify_due(&s);
		st = sequence_all(&s, err);
	}
	if (st == PQM_OK)
		st = timetable(&s, err);
	pqm_arena_fini(&s.part);
	return st;
}
