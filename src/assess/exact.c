/* exact.c — the sequence of least cost, by dynamic programming over sets of finished jobs. */
#include "order.h"

struct best {
	double cost, time;
	uint8_t last;
	bool reached;
};

struct sets {
	const struct pqm_part *part;
	uint32_t *need; /* by node: the jobs that it waits for */
};

/* A prize needs jobs only; a job may not need a prize. */
static void masks(const struct sets *s)
{
	const struct pqm_part *p = s->part;

	for (uint32_t i = 0; i < p->n; i++) {
		s->need[i] = 0;
		for (uint32_t k = p->dep_at[i]; k < p->dep_at[i + 1]; k++)
			s->need[i] |= UINT32_C(1) << p->dep[k];
	}
}

/* Value of the job and of the prizes that `set` completes and `set` without the job did not. */
static double gained(const struct sets *s, uint32_t set, uint32_t job)
{
	uint32_t bit = UINT32_C(1) << job;
	double v = s->part->value[job];

	for (uint32_t i = s->part->n_jobs; i < s->part->n; i++)
		if ((s->need[i] & bit) != 0 && (s->need[i] & ~set) == 0)
			v += s->part->value[i];
	return v;
}

static void extend(const struct sets *s, struct best *b, uint32_t set)
{
	for (uint32_t j = 0; j < s->part->n_jobs; j++) {
		uint32_t next = set | UINT32_C(1) << j;
		double time, cost;

		if (next == set || (s->need[j] & ~set) != 0)
			continue;
		time = b[set].time + s->part->effort[j];
		cost = b[set].cost + time * gained(s, next, j);
		if (b[next].reached && !(cost < b[next].cost))
			continue;
		b[next] = (struct best){ cost, time, (uint8_t)j, true };
	}
}

/* Writes the jobs of the best way backwards, each before the prizes that it completes. */
static void read_back(uint32_t *sequence, const struct sets *s, const struct best *b)
{
	uint32_t set = (UINT32_C(1) << s->part->n_jobs) - 1, k = s->part->n;

	while (set != 0) {
		uint32_t last = b[set].last, bit = UINT32_C(1) << last;

		for (uint32_t i = s->part->n; i > s->part->n_jobs; i--)
			if ((s->need[i - 1] & bit) != 0 && (s->need[i - 1] & ~set) == 0)
				sequence[--k] = i - 1;
		sequence[--k] = last;
		set &= ~bit;
	}
	for (uint32_t i = s->part->n; i > s->part->n_jobs; i--)
		if (s->need[i - 1] == 0)
			sequence[--k] = i - 1;
}

enum pqm_st pqm_part_exact(uint32_t *sequence, const struct pqm_part *part, struct pqm_arena *arena,
	struct pqm_err *err)
{
	uint32_t full = (UINT32_C(1) << part->n_jobs) - 1;
	struct sets s = { part, pqm_new(arena, uint32_t, part->n) };
	struct best *b = pqm_new(arena, struct best, (size_t)full + 1);

	if (b == NULL || s.need == NULL)
		return pqm_fail(err, PQM_ENOMEM, "plan: out of memory");
	masks(&s);
	b[0].reached = true;
	for (uint32_t set = 0; set < full; set++)
		if (b[set].reached)
			extend(&s, b, set);
	read_back(sequence, &s, b);
	return PQM_OK;
}
