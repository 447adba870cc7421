/* search.c — a good order of one block that is too large for the exact search. */
#include "order.h"

#define KICKS 40       /* fresh starts from the best order so far */
#define FEW 64	       /* nodes of a block whose runs are moved at any length */
#define RUN_STEPS 4096 /* longer blocks: length of runs x nodes */
#define GAIN 1e-11     /* of value x effort: less is rounding */

struct hunt {
	const struct pqm_part *p;
	uint32_t n;
	size_t words;
	uint64_t *before,
		*after; /* by node: bits of what it needs, of what needs it, however far */
	uint64_t *wall; /* of a run of nodes */
	uint32_t *seq, *best, *tmp;
	double *value, *effort;
	bool *done;
	uint64_t *steps; /* left */
	double least;	 /* gain that counts */
	uint64_t dice;
};

double pqm_part_cost(const struct pqm_part *part, const uint32_t *sequence)
{
	double now = 0, cost = 0;

	for (uint32_t i = 0; i < part->n; i++) {
		now += part->effort[sequence[i]];
		cost += part->value[sequence[i]] * now;
	}
	return cost;
}

static void spend(struct hunt *h, uint64_t n)
{
	*h->steps -= n < *h->steps ? n : *h->steps;
}

static bool has(const uint64_t *set, uint32_t i)
{
	return (set[i / 64] >> (i % 64) & 1) != 0;
}

static void add(uint64_t *set, uint32_t i)
{
	set[i / 64] |= UINT64_C(1) << (i % 64);
}

static void join(uint64_t *set, const uint64_t *other, size_t words)
{
	for (size_t i = 0; i < words; i++)
		set[i] |= other[i];
}

static void relate(struct hunt *h)
{
	const struct pqm_part *p = h->p;

	for (uint32_t i = 0; i < h->n; i++)
		for (uint32_t k = p->dep_at[i]; k < p->dep_at[i + 1]; k++) {
			uint64_t *row = h->before + i * h->words;

			join(row, h->before + p->dep[k] * h->words, h->words);
			add(row, p->dep[k]);
		}
	for (uint32_t i = h->n; i > 0; i--)
		for (uint32_t k = p->dep_at[i - 1]; k < p->dep_at[i]; k++) {
			uint64_t *row = h->after + p->dep[k] * h->words;

			join(row, h->after + (i - 1) * h->words, h->words);
			add(row, i - 1);
		}
}

/* ---- a start: the densest closure of one node, again and again ---- */

/* What is looked at from the front, or from the back with value and effort changing places. */
struct end {
	const double *value, *effort;
	const uint64_t *needs, *needed_by;
	bool is_back;
};

static uint32_t densest(const struct hunt *h)
{
	uint32_t best = UINT32_MAX;
	double most = -1;

	for (uint32_t i = 0; i < h->n; i++) {
		double d;

		if (h->done[i])
			continue;
		d = h->effort[i] > 0 ? h->value[i] / h->effort[i] : h->value[i] > 0 ? INFINITY : 0;
		if (d > most) {
			most = d;
			best = i;
		}
	}
	return best;
}

/* Takes node i: whatever needs it needs that much less. */
static void take(struct hunt *h, const struct end *e, uint32_t i)
{
	h->done[i] = true;
	for (size_t k = 0; k < h->words; k++)
		for (uint64_t m = e->needed_by[i * h->words + k]; m != 0; m &= m - 1) {
			size_t d = k * 64 + (size_t)__builtin_ctzll(m);

			h->value[d] -= e->value[i];
			h->effort[d] -= e->effort[i];
		}
}

static void sum_up(struct hunt *h, const struct end *e)
{
	for (uint32_t i = 0; i < h->n; i++) {
		h->done[i] = false;
		h->value[i] = e->value[i];
		h->effort[i] = e->effort[i];
		for (size_t k = 0; k < h->words; k++)
			for (uint64_t m = e->needs[i * h->words + k]; m != 0; m &= m - 1) {
				size_t d = k * 64 + (size_t)__builtin_ctzll(m);

				h->value[i] += e->value[d];
				h->effort[i] += e->effort[d];
			}
	}
	spend(h, (uint64_t)h->n * h->words * 2);
}

static void start_from(struct hunt *h, const struct end *e)
{
	uint32_t n = 0;

	sum_up(h, e);
	while (n < h->n) {
		uint32_t top = densest(h);

		for (uint32_t i = 0; i < h->n; i++) {
			uint32_t u = e->is_back ? h->n - 1 - i : i;

			if (h->done[u] || (u != top && !has(e->needs + top * h->words, u)))
				continue;
			take(h, e, u);
			h->seq[e->is_back ? h->n - 1 - n : n] = u;
			n++;
		}
		spend(h, (uint64_t)h->n * 2);
	}
}

/* ---- moves ---- */

/* A run of the sequence, and where it gains most: forward (to < from) with what it needs of what it
 * passes, or back with what needs it. */
struct move {
	uint32_t from, to; /* the run */
	uint32_t edge;	   /* front: position of the first node passed; back: behind the last */
	double gain;
};

static void best_forward(struct hunt *h, struct move *m)
{
	double value = 0, effort = 0, gain = 0;

	for (uint32_t i = m->from; i < m->to; i++) {
		value += h->p->value[h->seq[i]];
		effort += h->p->effort[h->seq[i]];
	}
	for (uint32_t i = m->from; i > 0; i--) {
		uint32_t u = h->seq[i - 1];

		if (has(h->wall, u)) {
			value += h->p->value[u];
			effort += h->p->effort[u];
			continue;
		}
		gain += value * h->p->effort[u] - h->p->value[u] * effort;
		if (gain > m->gain) {
			m->gain = gain;
			m->edge = i - 1;
		}
	}
	spend(h, m->from + 1);
}

static void best_back(struct hunt *h, struct move *m)
{
	double value = 0, effort = 0, gain = 0;

	for (uint32_t i = m->from; i < m->to; i++) {
		value += h->p->value[h->seq[i]];
		effort += h->p->effort[h->seq[i]];
	}
	for (uint32_t i = m->to; i < h->n; i++) {
		uint32_t u = h->seq[i];

		if (has(h->wall, u)) {
			value += h->p->value[u];
			effort += h->p->effort[u];
			continue;
		}
		gain += h->p->value[u] * effort - value * h->p->effort[u];
		if (gain > m->gain) {
			m->gain = gain;
			m->edge = i + 1;
		}
	}
	spend(h, h->n - m->to + 1);
}

/* Parts a stretch of the sequence: nodes of the run and of the wall to one end, the others to the other. */
static void carry_out(struct hunt *h, const struct move *m, bool forward)
{
	uint32_t from = forward ? m->edge : m->from, to = forward ? m->to : m->edge, n = from;

	memcpy(h->tmp + from, h->seq + from, (to - from) * sizeof(*h->seq));
	for (int pass = 0; pass < 2; pass++)
		for (uint32_t i = from; i < to; i++) {
			bool moves = (i >= m->from && i < m->to) || has(h->wall, h->tmp[i]);

			if (moves == (forward == (pass == 0)))
				h->seq[n++] = h->tmp[i];
		}
}

/* Tries runs that begin at i; true when one moved. */
static bool move_from(struct hunt *h, uint32_t i, uint32_t longest, bool forward)
{
	memset(h->wall, 0, h->words * sizeof(*h->wall));
	for (uint32_t len = 1; len <= longest && i + len <= h->n && *h->steps > 0; len++) {
		uint32_t last = h->seq[i + len - 1];
		struct move m = { i, i + len, 0, h->least };

		join(h->wall, (forward ? h->before : h->after) + last * h->words, h->words);
		if (forward)
			best_forward(h, &m);
		else
			best_back(h, &m);
		if (m.gain > h->least) {
			carry_out(h, &m, forward);
			return true;
		}
	}
	return false;
}

static void improve(struct hunt *h)
{
	uint32_t longest = h->n <= FEW ? h->n : RUN_STEPS / h->n;

	longest = longest > 0 ? longest : 1;
	for (bool moved = true; moved && *h->steps > 0;) {
		moved = false;
		for (uint32_t i = 0; i<h->n && * h->steps> 0; i++) {
			moved = move_from(h, i, longest, true) || moved;
			moved = move_from(h, i, longest, false) || moved;
		}
	}
}

static uint32_t roll(struct hunt *h, uint32_t n)
{
	h->dice ^= h->dice << 13;
	h->dice ^= h->dice >> 7;
	h->dice ^= h->dice << 17;
	return (uint32_t)(h->dice % n);
}

/* Moves some node to some place, whatever it costs. */
static void kick(struct hunt *h)
{
	uint32_t i = roll(h, h->n), to = roll(h, h->n);
	bool forward = to < i;
	struct move m = { i, i + 1, forward ? to : to + 1, 0 };

	memcpy(h->wall, (forward ? h->before : h->after) + h->seq[i] * h->words,
		h->words * sizeof(*h->wall));
	if (to != i)
		carry_out(h, &m, forward);
}

static void keep_better(struct hunt *h, double *cost)
{
	double own = pqm_part_cost(h->p, h->seq);

	if (own < *cost - h->least) {
		*cost = own;
		memcpy(h->best, h->seq, h->n * sizeof(*h->best));
	}
}

static void hunt(struct hunt *h)
{
	const struct end front = { h->p->value, h->p->effort, h->before, h->after, false };
	const struct end back = { h->p->effort, h->p->value, h->after, h->before, true };
	double cost = INFINITY;

	start_from(h, &front);
	improve(h);
	keep_better(h, &cost);
	start_from(h, &back);
	improve(h);
	keep_better(h, &cost);
	for (int i = 0; i<KICKS && * h->steps> 0; i++) {
		memcpy(h->seq, h->best, h->n * sizeof(*h->seq));
		for (int k = 0; k < 1 + i % 3; k++)
			kick(h);
		improve(h);
		keep_better(h, &cost);
	}
}

/* ---- what no order is below ---- */

/* Each pair of nodes in its better order, if it has a choice. */
static double pairs_bound(const struct hunt *h)
{
	const double *w = h->p->value, *p = h->p->effort;
	double sum = 0;

	for (uint32_t i = 0; i < h->n; i++) {
		const uint64_t *after = h->after + i * h->words;

		sum += w[i] * p[i];
		for (uint32_t j = i + 1; j < h->n; j++) {
			double first = w[j] * p[i], second = w[i] * p[j];

			sum += has(after, j) || first < second ? first : second;
		}
	}
	return sum;
}

/* In a block no closed set is denser than the whole, which bounds the value done by any time, and the
 * time of any value. */
static double block_bound(const struct hunt *h)
{
	double value = 0, effort = 0, values = 0, efforts = 0;

	for (uint32_t i = 0; i < h->n; i++) {
		value += h->p->value[i];
		effort += h->p->effort[i];
		values += h->p->value[i] * h->p->value[i];
		efforts += h->p->effort[i] * h->p->effort[i];
	}
	if (!(value > 0) || !(effort > 0))
		return 0;
	return value * effort / 2 + fmax(efforts * value / effort, values * effort / value) / 2;
}

enum pqm_st pqm_part_search(uint32_t *sequence, double *bound, uint64_t *steps,
	const struct pqm_part *part, struct pqm_arena *arena, struct pqm_err *err)
{
	struct hunt h = { .p = part,
		.n = part->n,
		.words = (part->n + 63) / 64,
		.best = sequence,
		.steps = steps,
		.dice = 88172645463325252U };
	double value = 0, effort = 0;

	h.before = pqm_new(arena, uint64_t, h.n * h.words);
	h.after = pqm_new(arena, uint64_t, h.n * h.words);
	h.wall = pqm_new(arena, uint64_t, h.words);
	h.seq = pqm_new(arena, uint32_t, h.n);
	h.tmp = pqm_new(arena, uint32_t, h.n);
	h.value = pqm_new(arena, double, h.n);
	h.effort = pqm_new(arena, double, h.n);
	h.done = pqm_new(arena, bool, h.n);
	if (h.before == NULL || h.after == NULL || h.wall == NULL || h.seq == NULL ||
		h.tmp == NULL || h.value == NULL || h.effort == NULL || h.done == NULL)
		return pqm_fail(err, PQM_ENOMEM, "plan: out of memory");
	for (uint32_t i = 0; i < h.n; i++) {
		value += part->value[i];
		effort += part->effort[i];
	}
	h.least = GAIN * value * effort;
	relate(&h);
	hunt(&h);
	*bound = fmax(pairs_bound(&h), block_bound(&h));
	return PQM_OK;
}
