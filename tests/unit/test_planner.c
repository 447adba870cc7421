#include "unit.h"

#include "assess/order.h"
#include "assess/planner.h"
#include "risk_params.h"

#define JOBS_MAX 40
#define DEPS_MAX 4
#define N_RANDOM 200 /* of each shape */

/* A problem with its own storage; names are job000, job001 … */
struct problem {
	struct pqm_job job[JOBS_MAX];
	struct pqm_prize prize[JOBS_MAX];
	uint32_t deps[JOBS_MAX][DEPS_MAX], prize_deps[JOBS_MAX][DEPS_MAX];
	char name[JOBS_MAX][8], prize_name[JOBS_MAX][8];
	struct pqm_order o;
};

static void init(struct problem *b, size_t n, size_t m, unsigned dp_max)
{
	memset(b, 0, sizeof(*b));
	for (size_t i = 0; i < n; i++) {
		(void)snprintf(b->name[i], sizeof(b->name[i]), "job%03u", (unsigned)i % 1000);
		b->job[i] = (struct pqm_job){
			.id = pqm_str(b->name[i]), .due = INFINITY, .deps = b->deps[i]
		};
	}
	for (size_t i = 0; i < m; i++) {
		(void)snprintf(
			b->prize_name[i], sizeof(b->prize_name[i]), "pri%03u", (unsigned)i % 1000);
		b->prize[i] = (struct pqm_prize){ .id = pqm_str(b->prize_name[i]),
			.deps = b->prize_deps[i] };
	}
	b->o = (struct pqm_order){
		.jobs = b->job, .n_jobs = n, .prizes = b->prize, .n_prizes = m, .dp_max = dp_max
	};
}

static void solve(struct problem *b)
{
	struct pqm_arena arena;
	struct pqm_err err = { 0 };

	pqm_arena_init(&arena, (size_t)64 << 20);
	if (pqm_order_solve(&b->o, &arena, &err) != PQM_OK)
		fail_msg("%s", err.msg);
	pqm_arena_fini(&arena);
}

static void sequence_of(const struct problem *b, uint32_t *out)
{
	for (uint32_t i = 0; i < b->o.n_jobs; i++)
		out[b->job[i].order] = i;
}

/* Every job once, after what it depends on, not before its release, one at a time. */
static void check_feasible(const struct problem *b)
{
	bool seen[JOBS_MAX] = { false };

	for (size_t i = 0; i < b->o.n_jobs; i++) {
		const struct pqm_job *j = &b->job[i];

		assert_true(j->order < b->o.n_jobs && !seen[j->order]);
		seen[j->order] = true;
		assert_true(fabs(j->finish_hi - j->start_hi - j->hi) < 1e-9);
		assert_true(j->start_hi >= j->release - 1e-6 && j->start_lo >= j->release - 1e-6);
		for (size_t k = 0; k < j->n_deps; k++) {
			const struct pqm_job *d = &b->job[j->deps[k]];

			assert_true(d->order < j->order);
			assert_true(d->finish_hi <= j->start_hi + 1e-9);
			assert_true(d->finish_lo <= j->start_lo + 1e-9);
		}
		for (size_t k = 0; k < b->o.n_jobs; k++)
			assert_true(b->job[k].order <= j->order ||
				b->job[k].start_hi >= j->finish_hi - 1e-9);
	}
}

static void random_problem(struct problem *b, uint64_t *rng, size_t n, size_t m, unsigned dp_max)
{
	init(b, n, m, dp_max);
	for (size_t i = 0; i < n; i++) {
		struct pqm_job *j = &b->job[i];

		j->lo = (double)(1 + unit_random(rng) % 20);
		j->hi = j->lo + (double)(unit_random(rng) % 10);
		j->rank = 1 + (unsigned)(unit_random(rng) % 5);
		for (size_t k = 0; i > 0 && k < unit_random(rng) % 3; k++)
			b->deps[i][j->n_deps++] = (uint32_t)(unit_random(rng) % i);
	}
	for (size_t i = 0; i < m; i++) {
		struct pqm_prize *z = &b->prize[i];

		z->value = (double)(unit_random(rng) % 100);
		z->n_deps = 1 + unit_random(rng) % 3;
		for (size_t k = 0; k < z->n_deps; k++)
			b->prize_deps[i][k] = (uint32_t)(unit_random(rng) % n);
	}
}

/* ---- the worked plan of design/risk.md, with the values made by code ---- */

enum {
	INVENTORY,
	LIBRARY,
	INGRESS,
	TELEMETRY,
	FALLBACK,
	FL,
	SIGNER,
	VERIFIERS,
	KMS,
	REWRAP,
	CA,
	LEAVES
};

static void needs(struct problem *b, uint32_t job, uint32_t dep)
{
	b->deps[job][b->job[job].n_deps++] = dep;
}

static double oracle(const struct problem *b);

static double value(const char *vector)
{
	struct pqm_risk_params p = risk_params();
	struct pqm_use_score u = { 0 };
	struct pqm_vector v;

	assert_int_equal(pqm_vector_parse(&v, &p, pqm_str(vector), NULL), PQM_OK);
	pqm_risk_use(&u, &p, &v);
	return u.cod[PQM_CENTRAL] * p.impact_mid[v.impact - 1] / 1e6;
}

/* Millions a year: E01 in two halves around E02, E07, E09, E13 + E14 wrapped keys, E10. */
static void worked_plan(struct problem *b, unsigned dp_max)
{
	static const double effort[] = { 7.5, 10, 3.5, 4.5, 5, 14, 10.5, 20, 20, 7, 27.5, 10 };
	static const uint32_t goal[] = { INGRESS, FALLBACK, FL, VERIFIERS, REWRAP, LEAVES };
	double none = value("QRV:1.0/AD:2027.0/U:K/A:E256/D:F/X:30/Y:3/W:2/E:I/C:N/I:5");
	double half = value("QRV:1.0/AD:2027.0/U:K/A:E256/D:F/X:30/Y:3/W:2/E:I/C:F/I:5");
	const double values[] = { none - half, half,
		value("QRV:1.0/AD:2027.0/U:K/A:E256/D:F/X:30/Y:2/W:1/E:P/C:N/I:5"),
		value("QRV:1.0/AD:2027.0/U:L/A:E256/D:F/X:10/Y:3/W:0/E:I/C:N/I:5"),
		value("QRV:1.0/AD:2027.0/U:W/A:R3072/D:F/X:10/Y:2/W:2/E:O/C:N/I:4") +
			value("QRV:1.0/AD:2027.0/U:W/A:R4096/D:F/X:5/Y:2/W:1/E:O/C:N/I:4"),
		value("QRV:1.0/AD:2027.0/U:S/A:E256/D:F/X:0/Y:4/W:2/E:I/C:N/I:3") };

	init(b, 12, 6, dp_max);
	for (size_t i = 0; i < 12; i++)
		b->job[i].lo = b->job[i].hi = effort[i];
	for (size_t i = 0; i < 6; i++) {
		b->prize[i].value = values[i];
		b->prize[i].n_deps = 1;
		b->prize_deps[i][0] = goal[i];
	}
	needs(b, LIBRARY, INVENTORY);
	needs(b, SIGNER, INVENTORY);
	needs(b, KMS, INVENTORY);
	needs(b, CA, INVENTORY);
	needs(b, INGRESS, LIBRARY);
	needs(b, FL, LIBRARY);
	needs(b, TELEMETRY, INGRESS);
	needs(b, FALLBACK, TELEMETRY);
	needs(b, VERIFIERS, SIGNER);
	needs(b, REWRAP, KMS);
	needs(b, LEAVES, CA);
}

static void worked_plan_is_optimal_and_in_the_printed_order(void **state)
{
	/* Highest severity first, as the page compares: trust root, partner link, ingress … */
	static const uint32_t by_severity[] = { INVENTORY, SIGNER, VERIFIERS, LIBRARY, FL, INGRESS,
		TELEMETRY, FALLBACK, KMS, REWRAP, CA, LEAVES };
	struct problem b, c;
	double naive;

	(void)state;
	worked_plan(&b, PQM_PLAN_EXACT_MAX);
	solve(&b);
	check_feasible(&b);
	assert_true(b.o.is_exact);
	assert_false(b.o.has_insertions);
	for (uint32_t i = 0; i < 12; i++)
		assert_int_equal(b.job[i].order, i);
	naive = pqm_order_cost(&b.o, by_severity);
	print_message("worked plan: values %.1f %.1f %.1f %.1f %.2f %.3f M/y, cost %.0f, "
		      "trust root first %.0f\n",
		b.prize[0].value, b.prize[1].value, b.prize[2].value, b.prize[3].value,
		b.prize[4].value, b.prize[5].value, b.o.cost, naive);
	assert_true(naive > b.o.cost);
	assert_true(fabs(b.o.cost - oracle(&b)) < 1e-9 * b.o.cost);
	/* 139.5 person-days: all done in month 7 at 20 a month */
	assert_int_equal((int)ceil(b.job[LEAVES].finish_hi / 20), 7);
	worked_plan(&c, 0);
	solve(&c);
	assert_true(fabs(c.o.cost - b.o.cost) < 1e-9 * b.o.cost);
}

/* The page's own rounded values give its own number. */
static void worked_plan_with_the_printed_values_costs_21168(void **state)
{
	static const double printed[] = { 109.5, 109.5, 136.8, 121.2, 3.24, .149 };
	struct problem b;

	(void)state;
	worked_plan(&b, PQM_PLAN_EXACT_MAX);
	for (size_t i = 0; i < 6; i++)
		b.prize[i].value = printed[i];
	solve(&b);
	assert_true(fabs(b.o.cost - 21168) < 1);
	for (uint32_t i = 0; i < 12; i++)
		assert_int_equal(b.job[i].order, i);
}

/* 2 person-days a month: leaves by 31 Dec 2031 from 1 Jan 2027 are 60 months = 120 person-days, so
 * CA and leaves must start by 82.5; the plan alone would start them at 102. */
static void deadline_pulls_the_signature_chain_forward(void **state)
{
	struct problem b;

	(void)state;
	worked_plan(&b, PQM_PLAN_EXACT_MAX);
	b.job[LEAVES].due = 120;
	solve(&b);
	check_feasible(&b);
	assert_true(b.o.has_insertions);
	assert_false(b.o.is_exact);
	assert_true(b.job[LEAVES].finish_hi <= 120 + 1e-9);
	assert_true(fabs(b.job[CA].modified_due - 110) < 1e-9);
	/* the chain of CA and leaves has to start 18.75 months before the date */
	assert_true(fabs((120 - (b.job[CA].modified_due - b.job[CA].hi)) / 2 - 18.75) < 1e-9);
	assert_true(b.job[CA].start_hi <= 82.5 + 1e-9);
	/* nothing moves while there is time */
	worked_plan(&b, PQM_PLAN_EXACT_MAX);
	b.job[LEAVES].due = 200;
	solve(&b);
	assert_false(b.o.has_insertions);
	assert_true(b.o.is_exact);
}

static void late_jobs_go_first_when_all_is_late(void **state)
{
	struct problem b;

	(void)state;
	worked_plan(&b, PQM_PLAN_EXACT_MAX);
	b.job[LEAVES].due = 10; /* cannot be met: as little late as can be */
	solve(&b);
	check_feasible(&b);
	assert_true(fabs(b.job[LEAVES].finish_hi - 45) < 1e-9);
}

static void weak_fixes_go_before_everything(void **state)
{
	struct problem b;

	(void)state;
	worked_plan(&b, PQM_PLAN_EXACT_MAX);
	b.job[REWRAP].first = true;
	solve(&b);
	check_feasible(&b);
	assert_int_equal(b.job[INVENTORY].order, 0);
	assert_int_equal(b.job[KMS].order, 1);
	assert_int_equal(b.job[REWRAP].order, 2);
}

static void blocked_jobs_wait_and_others_run_meanwhile(void **state)
{
	struct problem b;

	(void)state;
	worked_plan(&b, PQM_PLAN_EXACT_MAX);
	b.job[INGRESS].release = 100;
	solve(&b);
	check_feasible(&b);
	assert_false(b.o.is_exact);
	assert_true(b.job[FL].order < b.job[INGRESS].order);
	b.job[INGRESS].release = 1000; /* idle until then */
	solve(&b);
	check_feasible(&b);
	assert_true(b.job[INGRESS].start_hi >= 1000);
}

/* All sequences of at most 8 jobs, straight from the definition. */
static double brute(const struct problem *b, uint32_t *seq, size_t at, uint32_t used)
{
	double best = INFINITY;

	if (at == b->o.n_jobs)
		return pqm_order_cost(&b->o, seq);
	for (uint32_t i = 0; i < b->o.n_jobs; i++) {
		bool ok = (used >> i & 1) == 0;

		for (size_t k = 0; k < b->job[i].n_deps && ok; k++)
			ok = (used >> b->job[i].deps[k] & 1) != 0;
		if (!ok)
			continue;
		seq[at] = i;
		best = fmin(best, brute(b, seq, at + 1, used | UINT32_C(1) << i));
	}
	return best;
}

static void decomposed_exact_search_equals_all_sequences(void **state)
{
	struct problem b;
	uint64_t rng = 6174;

	(void)state;
	for (size_t i = 0; i < 150; i++) {
		uint32_t seq[JOBS_MAX];
		double best;

		random_problem(&b, &rng, 2 + unit_random(&rng) % 7, 1 + unit_random(&rng) % 5, 16);
		solve(&b);
		check_feasible(&b);
		assert_true(b.o.is_exact);
		best = brute(&b, seq, 0, 0);
		if (!(fabs(b.o.cost - best) <= 1e-9 * (1 + best)))
			fail_msg("case %zu: %.6f, best %.6f", i, b.o.cost, best);
		sequence_of(&b, seq);
		assert_true(fabs(pqm_order_cost(&b.o, seq) - b.o.cost) <= 1e-9 * (1 + best));
	}
}

/* The whole problem as one part: the search over all sets at once. */
static double oracle(const struct problem *b)
{
	double effort[2 * JOBS_MAX] = { 0 }, values[2 * JOBS_MAX] = { 0 };
	uint32_t dep_at[2 * JOBS_MAX + 1] = { 0 }, dep[2 * JOBS_MAX * DEPS_MAX], end = 0;
	uint32_t seq[2 * JOBS_MAX];
	struct pqm_part part = { .n_jobs = (uint32_t)b->o.n_jobs,
		.effort = effort,
		.value = values,
		.dep_at = dep_at,
		.dep = dep };
	struct pqm_arena arena;
	double cost;

	for (size_t i = 0; i < b->o.n_jobs; i++) {
		effort[part.n] = (b->job[i].lo + b->job[i].hi) / 2;
		for (size_t k = 0; k < b->job[i].n_deps; k++)
			dep[end++] = b->deps[i][k];
		dep_at[++part.n] = end;
	}
	for (size_t i = 0; i < b->o.n_prizes; i++) {
		values[part.n] = b->prize[i].value;
		for (size_t k = 0; k < b->prize[i].n_deps; k++)
			dep[end++] = b->prize_deps[i][k];
		dep_at[++part.n] = end;
	}
	pqm_arena_init(&arena, (size_t)16 << 20);
	assert_int_equal(pqm_part_exact(seq, &part, &arena, NULL), PQM_OK);
	cost = pqm_part_cost(&part, seq);
	pqm_arena_fini(&arena);
	return cost;
}

/* ---- how far local search is from the optimum ---- */

enum shape { SPARSE, DENSE, LAYERED, CHAINS, SHARED, MANY_PRIZES, EQUAL_VALUES, N_SHAPES };

static const char *const shape_names[N_SHAPES] = { "sparse", "dense", "layered", "chains",
	"shared prerequisites", "many prizes", "equal values" };

static void link_shape(struct problem *b, uint64_t *rng, enum shape shape, size_t i)
{
	size_t n = b->o.n_jobs;
	uint32_t at = (uint32_t)i, layer = 4, few = (uint32_t)(n / 3) + 1;

	switch (shape) {
	case SPARSE:
	case EQUAL_VALUES:
	case MANY_PRIZES:
		if (i > 0 && unit_random(rng) % 2 == 0)
			b->deps[i][b->job[i].n_deps++] = (uint32_t)(unit_random(rng) % i);
		break;
	case DENSE:
		for (size_t k = 0; i > 0 && k < DEPS_MAX; k++)
			b->deps[i][b->job[i].n_deps++] = (uint32_t)(unit_random(rng) % i);
		break;
	case LAYERED:
		for (size_t k = 0; at >= layer && k < 2; k++)
			b->deps[i][b->job[i].n_deps++] =
				at / layer * layer - layer + (uint32_t)(unit_random(rng) % layer);
		break;
	case CHAINS:
		if (at >= 3)
			b->deps[i][b->job[i].n_deps++] = at - 3;
		break;
	case SHARED:
		for (size_t k = 0; at >= few && k < 2; k++)
			b->deps[i][b->job[i].n_deps++] = (uint32_t)(unit_random(rng) % few);
		break;
	case N_SHAPES:
		break;
	}
}

static void shaped_problem(struct problem *b, uint64_t *rng, enum shape shape, unsigned dp_max)
{
	size_t n = 6 + unit_random(rng) % 9, m = shape == MANY_PRIZES ? 2 * n : 1 + n / 2;

	init(b, n, m, dp_max);
	for (size_t i = 0; i < n; i++) {
		b->job[i].lo = b->job[i].hi = (double)(1 + unit_random(rng) % 20) / 2;
		b->job[i].rank = 1 + (unsigned)(unit_random(rng) % 5);
		link_shape(b, rng, shape, i);
	}
	for (size_t i = 0; i < m; i++) {
		struct pqm_prize *z = &b->prize[i];

		z->value = shape == EQUAL_VALUES ? 5 : (double)(1 + unit_random(rng) % 100);
		z->n_deps = 1 + unit_random(rng) % 3;
		for (size_t k = 0; k < z->n_deps; k++)
			b->prize_deps[i][k] = (uint32_t)(unit_random(rng) % n);
	}
}

static int by_ratio(const void *x, const void *y)
{
	double a = *(const double *)x, b = *(const double *)y;

	return (a > b) - (a < b);
}

/* Cost over the optimum of one random plan, with the exact search switched off. */
static double one_ratio(uint64_t *rng, enum shape shape)
{
	static struct problem b;
	double best, ratio;

	shaped_problem(&b, rng, shape, 0);
	solve(&b);
	check_feasible(&b);
	best = oracle(&b);
	ratio = best > 0 ? b.o.cost / best : 1;
	assert_true(ratio >= 1 - 1e-9);
	assert_true(b.o.bound <= best * (1 + 1e-9));
	b.o.dp_max = PQM_PLAN_EXACT_MAX;
	solve(&b);
	assert_true(b.o.is_exact);
	assert_true(fabs(b.o.cost - best) <= 1e-9 * (1 + best));
	return ratio;
}

static void local_search_stays_near_the_optimum(void **state)
{
	static double ratio[N_SHAPES * N_RANDOM];
	uint64_t rng = 1729;
	double sum = 0;
	size_t n = 0;

	(void)state;
	for (enum shape shape = SPARSE; shape < N_SHAPES; shape++) {
		double own = 0, worst = 1;

		for (size_t i = 0; i < N_RANDOM; i++, n++) {
			ratio[n] = one_ratio(&rng, shape);
			own += ratio[n];
			worst = fmax(worst, ratio[n]);
		}
		sum += own;
		print_message("local search to exact, %s: mean %.5f, worst %.4f\n",
			shape_names[shape], own / N_RANDOM, worst);
	}
	qsort(ratio, n, sizeof(*ratio), by_ratio);
	print_message(
		"local search to exact on %zu random plans: mean %.5f, p99 %.5f, worst %.4f\n", n,
		sum / (double)n, ratio[n * 99 / 100], ratio[n - 1]);
	/* Starts alone, without moves, reach 1.002 and 1.046. */
	assert_true(sum / (double)n <= 1.0005);
	assert_true(ratio[n * 99 / 100] <= 1.005);
}

static void larger_plans_are_feasible_and_bounded_by_their_parts(void **state)
{
	static struct problem b;
	uint64_t rng = 40;

	(void)state;
	for (size_t i = 0; i < 60; i++) {
		random_problem(&b, &rng, JOBS_MAX, JOBS_MAX, 16);
		for (size_t k = 0; k < JOBS_MAX; k++) {
			if (unit_random(&rng) % 5 == 0)
				b.job[k].due = (double)(unit_random(&rng) % 600);
			if (unit_random(&rng) % 9 == 0)
				b.job[k].release = (double)(unit_random(&rng) % 300);
			b.job[k].first = unit_random(&rng) % 20 == 0;
		}
		solve(&b);
		check_feasible(&b);
	}
}

/* Due dates that earliest-due-date order can meet are met whatever the values say. */
static void feasible_due_dates_are_met(void **state)
{
	static struct problem b;
	uint64_t rng = 8128;
	size_t inserted = 0;

	(void)state;
	for (size_t i = 0; i < 500; i++) {
		double now = 0;

		random_problem(&b, &rng, 12, 8, 16);
		/* due dates from one feasible sequence: numbers rise along the dependencies */
		for (size_t k = 0; k < 12; k++) {
			now += b.job[k].hi;
			if (unit_random(&rng) % 2 == 0)
				b.job[k].due = now + (double)(unit_random(&rng) % 30);
		}
		solve(&b);
		check_feasible(&b);
		inserted += b.o.has_insertions;
		for (size_t k = 0; k < 12; k++)
			if (b.job[k].finish_hi > b.job[k].due + 1e-6)
				fail_msg("case %zu: %s ends %.2f, due %.2f", i, b.name[k],
					b.job[k].finish_hi, b.job[k].due);
	}
	print_message(
		"due dates met in 500 random plans, %zu with a job pulled forward\n", inserted);
	assert_true(inserted > 50);
}

static void result_does_not_depend_on_the_order_given(void **state)
{
	static struct problem b, c;
	uint64_t rng = 12321;

	(void)state;
	for (size_t i = 0; i < 200; i++) {
		size_t n = 4 + unit_random(&rng) % 20, m = 1 + unit_random(&rng) % 10;
		uint32_t to[JOBS_MAX];

		random_problem(&b, &rng, n, m, (unsigned)(i % 2) * 16);
		for (uint32_t k = 0; k < n; k++) {
			to[k] = k;
			if (unit_random(&rng) % 4 == 0)
				b.job[k].due = (double)(unit_random(&rng) % 200);
		}
		for (size_t k = n; k > 1; k--) {
			size_t w = unit_random(&rng) % k;
			uint32_t t = to[k - 1];

			to[k - 1] = to[w];
			to[w] = t;
		}
		init(&c, n, m, b.o.dp_max);
		for (size_t k = 0; k < n; k++) {
			struct pqm_job *j = &c.job[to[k]];

			*j = b.job[k];
			j->deps = c.deps[to[k]];
			for (size_t d = 0; d < j->n_deps; d++)
				c.deps[to[k]][d] = to[b.deps[k][d]];
		}
		for (size_t k = 0; k < m; k++) {
			c.prize[m - 1 - k] = b.prize[k];
			c.prize[m - 1 - k].deps = c.prize_deps[m - 1 - k];
			for (size_t d = 0; d < b.prize[k].n_deps; d++)
				c.prize_deps[m - 1 - k][d] = to[b.prize_deps[k][d]];
		}
		solve(&b);
		solve(&c);
		assert_true(b.o.cost == c.o.cost);
		for (size_t k = 0; k < n; k++) {
			assert_int_equal(b.job[k].order, c.job[to[k]].order);
			assert_true(b.job[k].finish_hi == c.job[to[k]].finish_hi);
		}
	}
}

static void cycles_and_bad_numbers_are_refused(void **state)
{
	struct problem b;
	struct pqm_arena arena;
	struct pqm_err err = { 0 };

	(void)state;
	pqm_arena_init(&arena, 1 << 20);
	worked_plan(&b, 16);
	needs(&b, INVENTORY, LEAVES);
	assert_int_equal(pqm_order_solve(&b.o, &arena, &err), PQM_EUSAGE);
	assert_non_null(strstr(err.msg, "depends on itself"));
	worked_plan(&b, 16);
	b.job[CA].release = INFINITY;
	assert_int_equal(pqm_order_solve(&b.o, &arena, &err), PQM_EUSAGE);
	init(&b, 0, 0, 16);
	assert_int_equal(pqm_order_solve(&b.o, &arena, &err), PQM_OK);
	pqm_arena_fini(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(worked_plan_is_optimal_and_in_the_printed_order),
		cmocka_unit_test(worked_plan_with_the_printed_values_costs_21168),
		cmocka_unit_test(deadline_pulls_the_signature_chain_forward),
		cmocka_unit_test(late_jobs_go_first_when_all_is_late),
		cmocka_unit_test(weak_fixes_go_before_everything),
		cmocka_unit_test(blocked_jobs_wait_and_others_run_meanwhile),
		cmocka_unit_test(decomposed_exact_search_equals_all_sequences),
		cmocka_unit_test(local_search_stays_near_the_optimum),
		cmocka_unit_test(larger_plans_are_feasible_and_bounded_by_their_parts),
		cmocka_unit_test(feasible_due_dates_are_met),
		cmocka_unit_test(result_does_not_depend_on_the_order_given),
		cmocka_unit_test(cycles_and_bad_numbers_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
