/* exact.c — the sequence of least cost, by dynamic programming over sets of finished jobs. */
#include "planner.h"

struct best {
	double cost, time;
	uint8_t last;
	bool reached;
};

static void masks(uint32_t *need, uint32_t *const *deps, const size_t *n_deps, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		need[i] = 0;
		for (size_t k = 0; k < n_deps[i]; k++)
			need[i] |= UINT32_C(1) << deps[i][k];
	}
}

/* Value of the prizes that `set` completes and `set` without `job` did not. */
static double gained(const struct pqm_part *part, const uint32_t *prize, uint32_t set, uint32_t job)
{
	uint32_t bit = UINT32_C(1) << job;
	double v = 0;

	for (size_t i = 0; i < part->n_prizes; i++)
		if ((prize[i] & bit) != 0 && (prize[i] & ~set) == 0)
			v += part->value[i];
	return v;
}

enum pqm_st pqm_part_exact(uint32_t *sequence, const struct pqm_part *part,
	struct pqm_arena *scratch, struct pqm_err *err)
{
	uint32_t need[PQM_PLAN_EXACT_MAX], full = (UINT32_C(1) << part->n) - 1;
	uint32_t *prize = pqm_new(scratch, uint32_t, part->n_prizes);
	struct best *b = pqm_new(scratch, struct best, (size_t)full + 1);

	if (b == NULL || prize == NULL)
		return pqm_fail(err, PQM_ENOMEM, "plan: out of memory");
	masks(need, part->deps, part->n_deps, part->n);
	masks(prize, part->prize_deps, part->n_prize_deps, part->n_prizes);
	b[0].reached = true;
	for (uint32_t set = 0; set < full; set++) {
		if (!b[set].reached)
			continue;
		for (uint32_t j = 0; j < part->n; j++) {
			uint32_t next = set | UINT32_C(1) << j;
			double time, cost;

			if (next == set || (need[j] & ~set) != 0)
				continue;
			time = b[set].time + part->effort[j];
			cost = b[set].cost + time * gained(part, prize, next, j);
			if (b[next].reached && !(cost < b[next].cost))
				continue;
			b[next] = (struct best){ cost, time, (uint8_t)j, true };
		}
	}
	for (uint32_t set = full, k = (uint32_t)part->n; k > 0; k--) {
		sequence[k - 1] = b[set].last;
		set &= ~(UINT32_C(1) << b[set].last);
	}
	return PQM_OK;
}
