#include "unit.h"

#include <math.h>

#include "assess/money.h"
#include "risk_params.h"

#define AD 2027.0

static struct pqm_vector vector_of(const struct pqm_risk_params *p, const char *text)
{
	struct pqm_vector v;
	struct pqm_err err = { 0 };

	if (pqm_vector_parse(&v, p, pqm_str(text), &err) != PQM_OK)
		fail_msg("%s: %s", text, err.msg);
	return v;
}

static double part(uint64_t *rng, double most)
{
	return (double)(unit_random(rng) % 10001) / 10000 * most;
}

static struct pqm_vector random_use(uint64_t *rng, bool flows)
{
	static const char *const classes[] = { "E256", "E384", "E521", "R2048", "R3072", "R4096",
		"SYM" };
	struct pqm_vector v = {
		.assessed = AD,
		.use = flows ? "KTW"[unit_random(rng) % 3] : "KTWSL"[unit_random(rng) % 5],
		.data = flows ? 'F' : "FS"[unit_random(rng) % 2],
		.life_years = part(rng, 40),
		.protect_years = part(rng, 8),
		.in_use_years = unit_random(rng) % 4 == 0 ? 0 : part(rng, 12),
		.exposure = "HDLOCPIX"[unit_random(rng) % 8],
		.coverage = "NNF"[unit_random(rng) % 3],
		.impact = 5,
		.n_layers = 1,
	};
	const char *c = classes[unit_random(rng) % 7];

	memcpy(v.layers[0], c, strlen(c));
	return v;
}

#define USES_MAX 4

struct portfolio {
	struct pqm_vector use[3][USES_MAX];
	struct pqm_root root[3];
	size_t n;
};

static void random_portfolio(struct portfolio *f, uint64_t *rng)
{
	f->n = 1 + unit_random(rng) % 3;
	for (size_t r = 0; r < f->n; r++) {
		struct pqm_root *root = &f->root[r];

		*root = (struct pqm_root){ .uses = f->use[r] };
		root->n_uses = 1 + unit_random(rng) % USES_MAX;
		root->lump = part(rng, 300);
		root->rate = unit_random(rng) % 3 == 0 ? 0 : part(rng, 100);
		for (size_t i = 0; i < root->n_uses; i++)
			f->use[r][i] = random_use(rng, unit_random(rng) % 2 == 0);
	}
}

static struct pqm_money money_of(const struct pqm_risk_params *p, enum pqm_scenario s,
	const struct pqm_root *root, struct pqm_arena *arena)
{
	struct pqm_money m;

	pqm_arena_reset(arena);
	assert_int_equal(
		pqm_money_root(&m, &(struct pqm_scene){ p, s }, root, arena, NULL), PQM_OK);
	return m;
}

static void expected_is_sunk_plus_avoidable_on_100000_portfolios(void **state)
{
	struct pqm_risk_params p = risk_params();
	struct portfolio f;
	struct pqm_arena arena;
	uint64_t rng = 0x1234567;
	double worst = 0;

	(void)state;
	pqm_arena_init(&arena, 1 << 20);
	for (size_t i = 0; i < 100000; i++) {
		enum pqm_scenario s = (enum pqm_scenario)(i % PQM_N_SCENARIOS);

		random_portfolio(&f, &rng);
		for (size_t r = 0; r < f.n; r++) {
			struct pqm_money m = money_of(&p, s, &f.root[r], &arena);
			double off = fabs(m.expected - m.sunk - m.avoidable);

			worst = fmax(worst, off / (1 + m.expected));
			if (!(off <= 1e-9 * (1 + m.expected)) || !(m.sunk >= 0) ||
				!(m.avoidable >= -1e-9) || !(m.quarter >= -1e-9))
				fail_msg("portfolio %zu: %.9f = %.9f + %.9f, quarter %.9f", i,
					m.expected, m.sunk, m.avoidable, m.quarter);
		}
	}
	print_message("expected = sunk + avoidable: worst relative difference %.2g\n", worst);
	pqm_arena_fini(&arena);
}

/* No plan, however fast, ends below what is sunk, and finishing at once ends exactly there for
 * content that flows. */
static void no_plan_ends_below_sunk(void **state)
{
	struct pqm_risk_params p = risk_params();
	struct portfolio f;
	struct pqm_arena arena;
	uint64_t rng = 555;

	(void)state;
	pqm_arena_init(&arena, 1 << 20);
	for (size_t i = 0; i < 5000; i++) {
		struct pqm_money full, fast;

		random_portfolio(&f, &rng);
		full = money_of(&p, PQM_CENTRAL, &f.root[0], &arena);
		for (size_t u = 0; u < f.root[0].n_uses; u++)
			f.use[0][u].protect_years *= (double)(i % 3) / 3;
		fast = money_of(&p, PQM_CENTRAL, &f.root[0], &arena);
		assert_true(fast.sunk <= fast.expected + 1e-9);
		assert_true(fabs(fast.sunk - full.sunk) < 1e-9 * (1 + full.sunk));
		assert_true(fast.expected <= full.expected + 1e-9);
		f.root[0].lump = 0;
		for (size_t u = 0; u < f.root[0].n_uses; u++)
			f.use[0][u].protect_years = 0;
		fast = money_of(&p, PQM_CENTRAL, &f.root[0], &arena);
		assert_true(fabs(fast.expected - fast.sunk) < 1e-9 * (1 + fast.sunk));
	}
	pqm_arena_fini(&arena);
}

/* Chance that content made at `made` is lost, straight from the definition. */
static double lost(const struct pqm_risk_params *p, enum pqm_scenario s,
	const struct pqm_root *root, double made, double delay)
{
	struct pqm_exposure e[USES_MAX];
	size_t n = 0;

	for (size_t i = 0; i < root->n_uses; i++) {
		const struct pqm_vector *v = &root->uses[i];

		if (v->data != 'F' || v->use == 'S' || v->use == 'L' ||
			made < v->assessed - v->in_use_years ||
			made > v->assessed + v->protect_years + delay)
			continue;
		e[n].h = pqm_risk_h(p, v, s);
		e[n++].tau = pqm_risk_tau(p, v, s, made + v->life_years);
	}
	return pqm_risk_union(p, s, AD, e, n);
}

static void integral_equals_fine_summation(void **state)
{
	struct pqm_risk_params p = risk_params();
	struct portfolio f;
	struct pqm_arena arena;
	uint64_t rng = 31337;
	const size_t steps = 20000;

	(void)state;
	pqm_arena_init(&arena, 1 << 20);
	for (size_t i = 0; i < 60; i++) {
		enum pqm_scenario s = (enum pqm_scenario)(i % PQM_N_SCENARIOS);
		double from = AD - 13, to = AD + 9, sum = 0, late = 0;
		struct pqm_money m;

		random_portfolio(&f, &rng);
		f.root[0].rate = 100;
		f.root[0].lump = 0;
		for (size_t k = 0; k < steps; k++) {
			double made = from + (to - from) * ((double)k + .5) / (double)steps;

			sum += lost(&p, s, &f.root[0], made, 0);
			late += lost(&p, s, &f.root[0], made, .25);
		}
		sum *= 100 * (to - from) / (double)steps;
		late *= 100 * (to - from) / (double)steps;
		m = money_of(&p, s, &f.root[0], &arena);
		if (!(fabs(m.expected - sum) < .5) || !(fabs(m.quarter - (late - sum)) < .5))
			fail_msg("portfolio %zu: %.4f, summed %.4f; quarter %.4f, summed %.4f", i,
				m.expected, sum, m.quarter, late - sum);
	}
	pqm_arena_fini(&arena);
}

static void one_flow_matches_the_formula(void **state)
{
	struct pqm_risk_params p = risk_params();
	struct pqm_vector v =
		vector_of(&p, "QRV:1.0/AD:2027.0/U:K/A:R2048/D:F/X:4/Y:3/W:0/E:X/C:N/I:5");
	struct pqm_root root = { .rate = 10, .uses = &v, .n_uses = 1 };
	struct pqm_arena arena;
	struct pqm_money m;

	(void)state;
	pqm_arena_init(&arena, 1 << 20);
	m = money_of(&p, PQM_CENTRAL, &root, &arena);
	/* G runs linearly from tau 2031 to 2034 inside one piece of the curve: the mean is in the middle */
	assert_true(fabs(m.expected - 30 * pqm_risk_g(&p, PQM_CENTRAL, AD, 2032.5)) < 1e-9);
	assert_true(m.sunk == 0);
	assert_true(fabs(m.quarter - 2.5 * pqm_risk_g(&p, PQM_CENTRAL, AD, 2034.125)) < 1e-9);
	/* stock: all of it is sunk */
	v = vector_of(&p, "QRV:1.0/AD:2027.0/U:W/A:R2048/D:S/X:4/Y:3/W:2/E:O/C:N/I:5");
	root.lump = 50;
	m = money_of(&p, PQM_CENTRAL, &root, &arena);
	assert_true(fabs(m.expected - 50 * .2 * pqm_risk_g(&p, PQM_CENTRAL, AD, 2031)) < 1e-9);
	assert_true(fabs(m.sunk - m.expected) < 1e-12 && m.avoidable == 0 && m.quarter == 0);
	/* live: nothing is sunk */
	v = vector_of(&p, "QRV:1.0/AD:2027.0/U:S/A:R2048/D:F/X:0/Y:4/W:2/E:I/C:N/I:5");
	m = money_of(&p, PQM_CENTRAL, &root, &arena);
	assert_true(fabs(m.expected - 50 * .8 * pqm_risk_g(&p, PQM_CENTRAL, AD, 2031)) < 1e-9);
	assert_true(m.sunk == 0 && m.quarter > 0);
	pqm_arena_fini(&arena);
}

/* Gradients of a dataset are further uses of it, never further money. */
static void derived_assets_join_their_root(void **state)
{
	struct pqm_risk_params p = risk_params();
	struct pqm_vector v[2] = {
		vector_of(&p, "QRV:1.0/AD:2027.0/U:K/A:E256/D:F/X:30/Y:3/W:2/E:I/C:N/I:5"),
		vector_of(&p, "QRV:1.0/AD:2027.0/U:K/A:E256/D:F/X:30/Y:2/W:1/E:P/C:N/I:5"),
	};
	struct pqm_root root = { .lump = 316, .uses = v, .n_uses = 2 };
	struct pqm_arena arena;

	(void)state;
	pqm_arena_init(&arena, 1 << 20);
	assert_true(fabs(money_of(&p, PQM_CENTRAL, &root, &arena).expected - .7794 * 316) < .02);
	pqm_arena_fini(&arena);
}

static double at_least(const struct pqm_loss_curve *c, double amount)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->at[i].amount >= amount * (1 - 1e-9))
			return c->at[i].p;
	return 0;
}

static void loss_curve_of_the_worked_example(void **state)
{
	struct pqm_risk_params p = risk_params();
	struct pqm_vector v[3] = {
		vector_of(&p, "QRV:1.0/AD:2027.0/U:K/A:E256/D:F/X:30/Y:3/W:2/E:I/C:N/I:5"),
		vector_of(&p, "QRV:1.0/AD:2027.0/U:T/A:R2048/D:F/X:5/Y:2/W:1/E:C/C:N/I:4"),
		vector_of(&p, "QRV:1.0/AD:2027.0/U:S/A:E256/D:F/X:0/Y:4/W:2/E:I/C:N/I:3"),
	};
	struct pqm_root root[3] = { { .lump = 316, .uses = &v[0], .n_uses = 1 },
		{ .lump = 31.6, .uses = &v[1], .n_uses = 1 },
		{ .lump = 3.16, .uses = &v[2], .n_uses = 1 } };
	struct pqm_loss_curve c;
	struct pqm_arena arena;

	(void)state;
	pqm_arena_init(&arena, (size_t)64 << 20);
	assert_int_equal(
		pqm_money_curve(&c, &(struct pqm_scene){ &p, PQM_CENTRAL }, root, 3, &arena, NULL),
		PQM_OK);
	assert_true(fabs(at_least(&c, 316) - .6928) < .00005);
	assert_int_equal(c.n, 7);
	pqm_arena_fini(&arena);
}

struct brute {
	const struct pqm_risk_params *p;
	enum pqm_scenario s;
	double h[12], tau[12];
	size_t root[12], n;
};

/* P[loss >= amount] by every subset of harvests and every step of the arrival time. */
static double enumerated(const struct brute *b, const struct portfolio *f, double amount)
{
	double sum = 0;

	for (size_t set = 0; set < (size_t)1 << b->n; set++) {
		double chance = 1, order[13] = { 0 }, reach = -INFINITY;
		size_t n = 0;

		for (size_t i = 0; i < b->n; i++) {
			chance *= (set >> i & 1) != 0 ? b->h[i] : 1 - b->h[i];
			if ((set >> i & 1) != 0)
				order[n++] = b->tau[i];
		}
		/* the loss falls as T rises: find the latest T at which it is still enough */
		for (size_t k = 0; k < n; k++) {
			double loss = 0;

			for (size_t r = 0; r < f->n; r++)
				for (size_t i = 0; i < b->n; i++)
					if ((set >> i & 1) != 0 && b->root[i] == r &&
						b->tau[i] >= order[k]) {
						loss += f->root[r].lump;
						break;
					}
			if (loss >= amount * (1 - 1e-9))
				reach = fmax(reach, order[k]);
		}
		sum += chance * pqm_risk_g(b->p, b->s, AD, reach);
	}
	return sum;
}

static void loss_curve_equals_enumeration(void **state)
{
	struct pqm_risk_params p = risk_params();
	struct pqm_arena arena;
	uint64_t rng = 2718;
	double worst = 0;

	(void)state;
	pqm_arena_init(&arena, (size_t)64 << 20);
	for (size_t i = 0; i < 150; i++) {
		struct brute b = { .p = &p, .s = (enum pqm_scenario)(i % PQM_N_SCENARIOS) };
		struct portfolio f;
		struct pqm_loss_curve c;

		random_portfolio(&f, &rng);
		for (size_t r = 0; r < f.n; r++) {
			f.root[r].rate = 0;
			f.root[r].lump = (double)(1 + unit_random(&rng) % 5);
			for (size_t u = 0; u < f.root[r].n_uses; u++, b.n++) {
				b.root[b.n] = r;
				b.h[b.n] = pqm_risk_h(&p, &f.use[r][u], b.s);
				b.tau[b.n] = pqm_risk_tau(
					&p, &f.use[r][u], b.s, pqm_risk_end(&f.use[r][u]));
			}
		}
		pqm_arena_reset(&arena);
		assert_int_equal(pqm_money_curve(&c, &(struct pqm_scene){ &p, b.s }, f.root, f.n,
					 &arena, NULL),
			PQM_OK);
		for (size_t k = 0; k < c.n; k++) {
			double want = enumerated(&b, &f, c.at[k].amount);

			worst = fmax(worst, fabs(c.at[k].p - want));
			if (!(fabs(c.at[k].p - want) < 1e-9))
				fail_msg("portfolio %zu: P[loss >= %.3f] = %.12f, enumerated %.12f",
					i, c.at[k].amount, c.at[k].p, want);
			if (k > 0)
				assert_true(c.at[k].amount > c.at[k - 1].amount &&
					c.at[k].p <= c.at[k - 1].p + 1e-12);
		}
	}
	print_message("loss curve against enumeration: worst difference %.2g\n", worst);
	pqm_arena_fini(&arena);
}

/* The area under P[loss >= x] is the expected loss, also where content flows. */
static void area_under_the_curve_is_the_expected_loss(void **state)
{
	struct pqm_risk_params p = risk_params();
	struct pqm_arena arena, scratch;
	uint64_t rng = 161803;

	(void)state;
	pqm_arena_init(&arena, (size_t)128 << 20);
	pqm_arena_init(&scratch, 1 << 20);
	for (size_t i = 0; i < 12; i++) {
		struct portfolio f;
		struct pqm_loss_curve c;
		double area = 0, expected = 0, last = 0;

		random_portfolio(&f, &rng);
		pqm_arena_reset(&arena);
		assert_int_equal(pqm_money_curve(&c, &(struct pqm_scene){ &p, PQM_CENTRAL }, f.root,
					 f.n, &arena, NULL),
			PQM_OK);
		for (size_t k = 0; k < c.n; k++) {
			double before =
				k > 0 && c.n == 256 ? c.at[k - 1].p : c.at[k].p; /* grid or steps */

			area += (c.at[k].amount - last) * (c.at[k].p + before) / 2;
			last = c.at[k].amount;
		}
		for (size_t r = 0; r < f.n; r++)
			expected += money_of(&p, PQM_CENTRAL, &f.root[r], &scratch).expected;
		if (!(fabs(area - expected) <= .03 * expected + .5))
			fail_msg("portfolio %zu: area %.3f, expected %.3f (%zu points)", i, area,
				expected, c.n);
	}
	pqm_arena_fini(&scratch);
	pqm_arena_fini(&arena);
}

/* Beyond what is enumerated sums lie on a grid: the mean stays, and the curve is that of few large roots
 * when a great many are added that hardly weigh. */
static void many_roots_keep_the_expected_loss(void **state)
{
	struct pqm_risk_params p = risk_params();
	struct pqm_arena arena, scratch;
	static struct pqm_root root[3000];
	static struct pqm_vector use[3000][2];
	uint64_t rng = 4711;

	(void)state;
	pqm_arena_init(&arena, (size_t)256 << 20);
	pqm_arena_init(&scratch, 1 << 20);
	for (size_t n = 17; n <= 3000; n += 2983) {
		struct pqm_loss_curve c;
		double area = 0, expected = 0, last = 0;

		pqm_arena_reset(&arena);
		for (size_t r = 0; r < n; r++) {
			root[r] = (struct pqm_root){ .uses = use[r], .n_uses = 1 + r % 2 };
			root[r].lump = pow(part(&rng, 1), 3) * 50;
			root[r].rate = r % 3 == 0 ? part(&rng, 10) : 0;
			for (size_t i = 0; i < 2; i++)
				use[r][i] = random_use(&rng, r % 3 == 0);
		}
		assert_int_equal(pqm_money_curve(&c, &(struct pqm_scene){ &p, PQM_CENTRAL }, root,
					 n, &arena, NULL),
			PQM_OK);
		for (size_t k = 0; k < c.n; k++) {
			area += (c.at[k].amount - last) * (c.at[k].p + c.at[k > 0 ? k - 1 : 0].p) /
				2;
			last = c.at[k].amount;
			if (k > 0 && c.at[k].p > c.at[k - 1].p + 1e-12)
				fail_msg("%zu roots: the curve rises at %zu", n, k);
		}
		for (size_t r = 0; r < n; r++)
			expected += money_of(&p, PQM_CENTRAL, &root[r], &scratch).expected;
		print_message("%zu roots: area %.4f, expected %.4f\n", n, area, expected);
		if (!(fabs(area - expected) <= .01 * expected))
			fail_msg("%zu roots: area %.3f, expected %.3f", n, area, expected);
	}
	pqm_arena_fini(&scratch);
	pqm_arena_fini(&arena);
}

static void many_streams_are_bounded_and_not_understated(void **state)
{
	struct pqm_risk_params p = risk_params();
	struct pqm_arena arena;
	static struct pqm_vector v[400];
	struct pqm_root root = { .rate = 1, .uses = v, .n_uses = 400 };
	struct pqm_money all, few;
	uint64_t rng = 1;

	(void)state;
	pqm_arena_init(&arena, (size_t)64 << 20);
	for (size_t i = 0; i < 400; i++)
		v[i] = random_use(&rng, true);
	all = money_of(&p, PQM_CENTRAL, &root, &arena);
	root.n_uses = 60;
	few = money_of(&p, PQM_CENTRAL, &root, &arena);
	assert_true(all.expected >= few.expected - 1e-9);
	assert_true(fabs(all.expected - all.sunk - all.avoidable) < 1e-9 * all.expected);
	pqm_arena_fini(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(expected_is_sunk_plus_avoidable_on_100000_portfolios),
		cmocka_unit_test(no_plan_ends_below_sunk),
		cmocka_unit_test(integral_equals_fine_summation),
		cmocka_unit_test(one_flow_matches_the_formula),
		cmocka_unit_test(derived_assets_join_their_root),
		cmocka_unit_test(loss_curve_of_the_worked_example),
		cmocka_unit_test(loss_curve_equals_enumeration),
		cmocka_unit_test(area_under_the_curve_is_the_expected_loss),
		cmocka_unit_test(many_roots_keep_the_expected_loss),
		cmocka_unit_test(many_streams_are_bounded_and_not_understated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
