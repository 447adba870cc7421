/*
 * Which test holds which property of design/risk.md (a), each on 10^5 random cases under GRI 2025 and again under
 * GRI 2024, in all four scenarios, stress among them, where it speaks of probabilities:
 *  1 bounds, sunk <= P              numbers_stay_in_bounds_and_vectors_round_trip
 *  2 protected, or X = Y = 0: 0     numbers_stay_in_bounds_…, more_exposure_never_lowers_p (a SYM layer)
 *  3 monotone in X and Y, strictly  more_exposure_never_lowers_p, strict_growth_inside_the_curve
 *  4 monotone in E and C            more_exposure_never_lowers_p
 *  5 slow <= central <= fast <= …   numbers_stay_in_bounds_and_vectors_round_trip
 *  6 smaller shift, UNK             more_exposure_never_lowers_p, a_smaller_shift_never_lowers_p
 *  7 nested layers                  more_exposure_never_lowers_p
 *  8 unions                         unions_lie_between_largest_and_sum
 *  9 (X+1, Y) = (X, Y+1)            invariances_hold
 * 10 D:S ignores Y, U:S ignores X   invariances_hold
 * 11 table and slack, exhaustive    decisions_respect_the_partial_order
 * 12 survival                       invariances_hold
 * 13 portfolio                      test_money: expected_is_sunk_plus_avoidable…, area_under_the_curve…,
 *                                   loss_curve_equals_enumeration
 * 14 parse(print(v)) = v, order     numbers_stay_in_bounds_…, unions_lie_…; test_assess: every_number_comes_back…
 * 15 dominance                      dominating_assets_get_no_lower_decision
 * The same numbers from another language: tests/cli/test_risk_oracle.py.
 */
#include "unit.h"

#include <math.h>

#include "base/buf.h"
#include "parse/yaml.h"
#include "risk_params.h"

#define EXAMPLES "../shared/guidance/risk-examples.json"
/* Published values are rounded to four decimals. */
#define HALF_DIGIT 0.0000500001

struct example {
	const char *id, *vector;
	double p[PQM_N_SCENARIOS], sunk, cod;
	enum pqm_decision decision;
};

static const struct example examples[] = {
	{ "E01", "QRV:1.0/AD:2027.0/U:K/A:E256/D:F/X:30/Y:3/W:2/E:I/C:N/I:5",
		{ 0.4036, 0.6928, 0.9267, 0.9946 }, 0.6928, 0.6928, PQM_ACT },
	{ "E02", "QRV:1.0/AD:2027.0/U:K/A:E256/D:F/X:30/Y:3/W:2/E:I/C:F/I:5",
		{ 0.0404, 0.3464, 0.9267, 0.9946 }, 0.3464, 0.3464, PQM_ACT },
	{ "E03", "QRV:1.0/AD:2027.0/U:K/A:E256/D:F/X:30/Y:3/W:2/E:I/C:E/I:5",
		{ 0.0, 0.0, 0.0, 0.0 }, 0.0, 0.0, PQM_TRACK },
	{ "E04", "QRV:1.0/AD:2027.0/U:K/A:E256/D:F/X:1/Y:2/W:3/E:I/C:N/I:2",
		{ 0.0152, 0.0812, 0.2168, 0.3865 }, 0.033, 0.033, PQM_TRACK },
	{ "E05", "QRV:1.0/AD:2027.0/U:T/A:R2048/D:F/X:5/Y:2/W:1/E:C/C:N/I:4",
		{ 0.0199, 0.0834, 0.2155, 0.3536 }, 0.0481, 0.0481, PQM_ATTEND },
	{ "E06", "QRV:1.0/AD:2027.0/U:W/A:R4096/D:F/X:5/Y:2/W:1/E:O/C:N/I:4",
		{ 0.0053, 0.0438, 0.1796, 0.2947 }, 0.0203, 0.0203, PQM_TRACK },
	{ "E07", "QRV:1.0/AD:2027.0/U:K/A:E256/D:F/X:30/Y:2/W:1/E:P/C:N/I:5",
		{ 0.2421, 0.433, 0.834, 0.8952 }, 0.433, 0.433, PQM_ACT },
	{ "E08", "QRV:1.0/AD:2027.0/U:K/A:E256&SYM/D:F/X:30/Y:2/W:1/E:L/C:N/I:5",
		{ 0.0, 0.0, 0.0, 0.0 }, 0.0, 0.0, PQM_TRACK },
	{ "E09", "QRV:1.0/AD:2027.0/U:L/A:E256/D:F/X:10/Y:3/W:0/E:I/C:N/I:5",
		{ 0.2396, 0.4882, 0.7361, 0.9304 }, 0.0, 0.3835, PQM_ACT },
	{ "E10", "QRV:1.0/AD:2027.0/U:S/A:E256/D:F/X:0/Y:4/W:2/E:I/C:N/I:3",
		{ 0.0294, 0.1282, 0.288, 0.493 }, 0.0, 0.047, PQM_PLAN },
	{ "E11", "QRV:1.0/AD:2027.0/U:K/A:E256/D:S/X:20/Y:3/W:3/E:I/C:N/I:4",
		{ 0.3518, 0.634, 0.8791, 0.9854 }, 0.634, 0.0, PQM_ACT },
	{ "E12", "QRV:1.0/AD:2027.0/U:W/A:SYM/D:F/X:10/Y:1/W:2/E:O/C:N/I:4", { 0.0, 0.0, 0.0, 0.0 },
		0.0, 0.0, PQM_TRACK },
	{ "E13", "QRV:1.0/AD:2027.0/U:K/A:E256/D:F/X:10/Y:2/W:2/E:C/C:N/I:4",
		{ 0.0432, 0.171, 0.4216, 0.5469 }, 0.1438, 0.1438, PQM_ATTEND },
	{ "E14", "QRV:1.0/AD:2027.0/U:W/A:R3072/D:F/X:10/Y:2/W:2/E:O/C:N/I:4",
		{ 0.0193, 0.1004, 0.3099, 0.4278 }, 0.0823, 0.0823, PQM_ATTEND },
	{ "E15", "QRV:1.0/AD:2027.0/U:K/A:E256/D:F/X:10/Y:2/W:3/E:I/C:0.68/I:3",
		{ 0.0692, 0.1459, 0.2248, 0.2917 }, 0.1227, 0.1227, PQM_PLAN },
	{ "E16", "QRV:1.0/AD:2027.0/U:K/A:UNK/D:F/X:5/Y:5/W:0/E:P/C:N/I:3",
		{ 0.1017, 0.2397, 0.5579, 0.77 }, 0.0, 0.1095, PQM_ATTEND },
};

static const struct {
	const char *uses[2];
	double p[PQM_N_SCENARIOS];
} unions[] = {
	{ { "E13", "E14" }, { 0.0606, 0.2413, 0.5455, 0.718 } },
	{ { "E01", "E07" }, { 0.5246, 0.7794, 0.9267, 0.9946 } },
	{ { "E01", "E12" }, { 0.4036, 0.6928, 0.9267, 0.9946 } },
};

#define N_EXAMPLES (sizeof(examples) / sizeof(examples[0]))

static struct pqm_vector vector_of(const struct pqm_risk_params *p, const char *text)
{
	struct pqm_vector v;
	struct pqm_err err = { 0 };

	if (pqm_vector_parse(&v, p, pqm_str(text), &err) != PQM_OK)
		fail_msg("%s: %s", text, err.msg);
	return v;
}

static struct pqm_use_score use_of(const struct pqm_risk_params *p, const char *text)
{
	struct pqm_vector v = vector_of(p, text);
	struct pqm_use_score u = { 0 };

	pqm_risk_use(&u, p, &v);
	return u;
}

static void near(const char *id, const char *what, double got, double want)
{
	if (!(fabs(got - want) <= HALF_DIGIT))
		fail_msg("%s %s: %.6f, expected %.4f", id, what, got, want);
}

static void check_single(const struct pqm_risk_params *p, const struct example *e)
{
	struct pqm_use_score u = use_of(p, e->vector);

	for (enum pqm_scenario s = PQM_SLOW; s < PQM_N_SCENARIOS; s++)
		near(e->id, pqm_scenario_name(s), u.p[s], e->p[s]);
	near(e->id, "sunk", u.sunk[PQM_CENTRAL], e->sunk);
	near(e->id, "cost of delay", u.cod[PQM_CENTRAL], e->cod);
	if (u.decision != e->decision)
		fail_msg("%s: %s, expected %s", e->id, pqm_decision_name(u.decision),
			pqm_decision_name(e->decision));
	assert_string_equal(u.vector, e->vector);
}

static void check_union(const struct pqm_risk_params *p, const char *const *vectors, size_t n,
	const double want[PQM_N_SCENARIOS])
{
	struct pqm_use_score uses[4];
	struct pqm_exposure tmp[4];
	struct pqm_asset_score a = { .uses = uses, .n_uses = n };

	assert_true(n <= 4);
	for (size_t i = 0; i < n; i++)
		uses[i] = use_of(p, vectors[i]);
	pqm_risk_asset(&a, p, tmp);
	for (enum pqm_scenario s = PQM_SLOW; s < PQM_N_SCENARIOS; s++)
		near(vectors[0], pqm_scenario_name(s), a.p[s], want[s]);
}

static const char *vector_by_id(const char *id)
{
	for (size_t i = 0; i < N_EXAMPLES; i++)
		if (strcmp(examples[i].id, id) == 0)
			return examples[i].vector;
	fail_msg("no example %s", id);
	return NULL;
}

static void worked_examples_hold_to_four_decimals(void **state)
{
	struct pqm_risk_params p = risk_params();

	(void)state;
	for (size_t i = 0; i < N_EXAMPLES; i++)
		check_single(&p, &examples[i]);
	for (size_t i = 0; i < sizeof(unions) / sizeof(unions[0]); i++) {
		const char *v[2] = { vector_by_id(unions[i].uses[0]),
			vector_by_id(unions[i].uses[1]) };

		check_union(&p, v, 2, unions[i].p);
	}
}

static bool read_all(const char *path, struct pqm_buf *out)
{
	FILE *f = fopen(path, "rb");
	char chunk[4096];
	size_t n;

	if (f == NULL)
		return false;
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		(void)pqm_buf_add(out, (pqm_bytes){ (const uint8_t *)chunk, n });
	(void)fclose(f);
	return !out->failed;
}

static double field(const struct pqm_yaml *o, const char *key)
{
	double v = NAN;

	if (!pqm_yaml_f64(o, key, &v))
		fail_msg("no number %s", key);
	return v;
}

static const char *text(const struct pqm_yaml *o)
{
	static char buf[PQM_VECTOR_BYTES];
	pqm_bytes b = pqm_yaml_text(o);

	assert_true(b.n > 0 && b.n < sizeof(buf));
	memcpy(buf, b.p, b.n);
	buf[b.n] = '\0';
	return buf;
}

static void scenarios_of(const struct pqm_yaml *row, double out[PQM_N_SCENARIOS])
{
	const struct pqm_yaml *e = pqm_yaml_get(row, "expect");

	for (enum pqm_scenario s = PQM_SLOW; s < PQM_N_SCENARIOS; s++)
		out[s] = field(e, pqm_scenario_name(s));
}

static void check_published_single(const struct pqm_risk_params *p, const struct pqm_yaml *row)
{
	char vector[PQM_VECTOR_BYTES];
	const char *d = text(pqm_yaml_get(row, "decision"));
	struct example e = { .id = "published", .vector = vector };

	while (strcmp(pqm_decision_name(e.decision), d) != 0)
		assert_true(++e.decision <= PQM_ACT);
	memcpy(vector, text(pqm_yaml_get(row, "vector")), sizeof(vector));
	e.sunk = field(row, "sunk");
	e.cod = field(row, "cost_of_delay");
	scenarios_of(row, e.p);
	check_single(p, &e);
}

static void check_published_union(const struct pqm_risk_params *p, const struct pqm_yaml *row)
{
	const struct pqm_yaml *uses = pqm_yaml_get(row, "uses");
	const char *v[4] = { NULL };
	double want[PQM_N_SCENARIOS];

	assert_true(uses->n <= 4);
	for (size_t k = 0; k < uses->n; k++)
		v[k] = vector_by_id(text(uses->items[k]));
	scenarios_of(row, want);
	check_union(p, v, uses->n, want);
}

static void published_file_holds_to_four_decimals(void **state)
{
	struct pqm_risk_params p = risk_params();
	const struct pqm_yaml *root, *single, *unite;
	struct pqm_arena arena;
	struct pqm_err err = { 0 };
	struct pqm_buf b;

	(void)state;
	pqm_buf_init(&b, 1 << 20);
	if (!read_all(EXAMPLES, &b)) {
		pqm_buf_fini(&b);
		print_message("skipped: " EXAMPLES " is not here\n");
		skip();
	}
	pqm_arena_init(&arena, 1 << 20);
	if (pqm_yaml_one(&root, pqm_buf_bytes(&b), &arena, &err) != PQM_OK)
		fail_msg("%s", err.msg);
	single = pqm_yaml_get(root, "single");
	unite = pqm_yaml_get(root, "union");
	assert_int_equal(single->n, 16);
	assert_int_equal(unite->n, 3);
	for (size_t i = 0; i < single->n; i++)
		check_published_single(&p, single->items[i]);
	for (size_t i = 0; i < unite->n; i++)
		check_published_union(&p, unite->items[i]);
	pqm_arena_fini(&arena);
	pqm_buf_fini(&b);
}

/* The embedded rules are the published parameters. */
static void embedded_rules_give_the_same_numbers(void **state)
{
	struct pqm_risk_params hand = risk_params(), p;
	struct pqm_rules rules = { 0 };
	struct pqm_err err = { 0 };

	(void)state;
	if (pqm_rules_load(&rules, NULL, &err) != PQM_OK ||
		pqm_risk_params_load(&p, &rules, (pqm_bytes){ 0 }, &err) != PQM_OK)
		fail_msg("%s", err.msg);
	for (size_t i = 0; i < N_EXAMPLES; i++)
		check_single(&p, &examples[i]);
	assert_int_equal(p.n_classes, hand.n_classes);
	assert_memory_equal(p.table, hand.table, sizeof(p.table));
	assert_memory_equal(p.impact_mid, hand.impact_mid, sizeof(p.impact_mid));
	assert_int_equal(p.broken_today, PQM_ACT);
	assert_int_equal(p.volatile_levels, 2);
	assert_int_equal(pqm_risk_params_load(&p, &rules, PQM_LIT("delphi"), &err), PQM_EUSAGE);
	assert_non_null(strstr(err.msg, "gri2024"));
	assert_int_equal(pqm_risk_params_load(&p, &rules, PQM_LIT("gri2022"), &err), PQM_OK);
	pqm_rules_fini(&rules);
}

static void hand_computation_of_e13_holds(void **state)
{
	struct pqm_risk_params p = risk_params();
	struct pqm_use_score u = use_of(&p, vector_by_id("E13"));

	(void)state;
	near("E13", "end", u.end, 2039);
	near("E13", "tau", u.tau[PQM_CENTRAL], 2040);
	near("E13", "F(a)", pqm_risk_f(&p, PQM_CENTRAL, 2027), .03);
	near("E13", "F(tau)", pqm_risk_f(&p, PQM_CENTRAL, 2040), .583);
	near("E13", "G", u.g[PQM_CENTRAL], .5701);
	near("E13", "h", u.h[PQM_CENTRAL], .3);
	near("stress", "F", pqm_risk_f(&p, PQM_STRESS, 2030.5), .2775);
	assert_true(use_of(&p, vector_by_id("E06")).is_volatile);
	assert_true(use_of(&p, vector_by_id("E01")).is_capped);
	assert_false(u.is_capped);
}

static void parser_names_what_is_wrong(void **state)
{
#define TAIL "/D:F/X:30/Y:3/W:2/E:I/C:N/I:5"

	static const struct {
		const char *text, *words;
	} bad[] = {
		{ "", "'' is not KEY:value" },
		{ "QRV:2.0/AD:2027.0/U:K/A:E256" TAIL, "QRV:2.0" },
		{ "QRV:1.0/U:K/AD:2027.0/A:E256" TAIL, "key 'U' stands where 'AD'" },
		{ "QRV:1.0/AD:2027.0/U:K/A:E256/Z:1" TAIL, "unknown key 'Z'" },
		{ "QRV:1.0/AD:2027,0/U:K/A:E256" TAIL, "AD:2027,0" },
		{ "QRV:1.0/AD:-2027/U:K/A:E256" TAIL, "AD:-2027" },
		{ "QRV:1.0/AD:2e3/U:K/A:E256" TAIL, "AD:2e3" },
		{ "QRV:1.0/AD:2027./U:K/A:E256" TAIL, "AD:2027." },
		{ "QRV:1.0/AD:.5/U:K/A:E256" TAIL, "AD:.5" },
		{ "QRV:1.0/AD:2027.00001/U:K/A:E256" TAIL, "at most 4 decimals" },
		{ "QRV:1.0/AD:2027.0/U:Q/A:E256" TAIL, "U:Q" },
		{ "QRV:1.0/AD:2027.0/U:KT/A:E256" TAIL, "U:KT" },
		{ "QRV:1.0/AD:2027.0/U:K/A:" TAIL, "A: is not a class" },
		{ "QRV:1.0/AD:2027.0/U:K/A:E999" TAIL, "A:E999" },
		{ "QRV:1.0/AD:2027.0/U:K/A:E256&" TAIL, "A: is not a class" },
		{ "QRV:1.0/AD:2027.0/U:K/A:SYM&SYM&SYM&SYM&SYM" TAIL, "more than 4 layers" },
		{ "QRV:1.0/AD:2027.0/U:K/A:E256/D:F/X:1001/Y:3/W:2/E:I/C:N/I:5", "X:1001" },
		{ "QRV:1.0/AD:2027.0/U:K/A:E256/D:F/X:30/Y:3/W:2/E:Q/C:N/I:5", "E:Q" },
		{ "QRV:1.0/AD:2027.0/U:K/A:E256/D:F/X:30/Y:3/W:2/E:I/C:1.1/I:5", "C:1.1" },
		{ "QRV:1.0/AD:2027.0/U:K/A:E256/D:F/X:30/Y:3/W:2/E:I/C:Q/I:5", "C:Q" },
		{ "QRV:1.0/AD:2027.0/U:K/A:E256/D:F/X:30/Y:3/W:2/E:I/C:N/I:6", "I:6" },
		{ "QRV:1.0/AD:2027.0/U:K/A:E256/D:F/X:30/Y:3/W:2/E:I/C:N", "key 'I' is missing" },
		{ "QRV:1.0/AD:2027.0/U:K/A:E256" TAIL "/", "follows the last key" },
		{ "QRV:1.0/AD:2027.0/U:K/A:E256" TAIL "/I:5", "follows the last key" },
	};
	struct pqm_risk_params p = risk_params();

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct pqm_vector v = { .use = '!' };
		struct pqm_err err = { 0 };

		assert_int_equal(pqm_vector_parse(&v, &p, pqm_str(bad[i].text), &err), PQM_EUSAGE);
		if (strstr(err.msg, bad[i].words) == NULL)
			fail_msg("%s: '%s' lacks '%s'", bad[i].text, err.msg, bad[i].words);
		assert_int_equal(v.use, '!');
	}
}

static void parser_refuses_every_prefix(void **state)
{
	struct pqm_risk_params p = risk_params();
	pqm_bytes full = pqm_str(examples[14].vector);

	(void)state;
	for (size_t n = 0; n < full.n; n++) {
		struct pqm_vector v;
		struct pqm_err err = { 0 };

		assert_int_equal(pqm_vector_parse(&v, &p, pqm_sub(full, 0, n), &err), PQM_EUSAGE);
		assert_true(err.msg[0] != '\0');
	}
}

/* ---- properties of design/risk.md, on random vectors ---- */

#define N_RANDOM 100000
#define EPS 1e-12

static bool is_2024;

static int under_gri2024(void **state)
{
	(void)state;
	is_2024 = true;
	return 0;
}

static int under_gri2025(void **state)
{
	(void)state;
	is_2024 = false;
	return 0;
}

static struct pqm_risk_params edition(void)
{
	struct pqm_risk_params p = risk_params();

	if (is_2024)
		p.at = p.other[0];
	return p;
}

static double years(uint64_t *rng, unsigned most)
{
	static const unsigned step[] = { 10000, 2500, 100, 1 };
	uint64_t q = step[unit_random(rng) % 4];

	return (double)(unit_random(rng) % (most * UINT64_C(10000) / q + 1) * q) / 10000;
}

static const char *const known[] = { "E256", "E384", "E521", "R2048", "R3072", "R4096" };

static void layer(struct pqm_vector *v, const char *code)
{
	memset(v->layers[v->n_layers], 0, sizeof(v->layers[0]));
	memcpy(v->layers[v->n_layers++], code, strlen(code));
}

static struct pqm_vector random_vector(uint64_t *rng)
{
	static const char *const all[] = { "E256", "E384", "E521", "R2048", "R3072", "R4096", "UNK",
		"SYM", "PQ", "HYB" };
	struct pqm_vector v = {
		.assessed = 2026.9 + (double)(unit_random(rng) % 411) / 100,
		.use = "KTWSL"[unit_random(rng) % 5],
		.data = "FS"[unit_random(rng) % 2],
		.life_years = years(rng, 60),
		.protect_years = years(rng, 12),
		.in_use_years = unit_random(rng) % 3 == 0 ? 0 : years(rng, 10),
		.exposure = "HDLOCPIX"[unit_random(rng) % 8],
		.coverage = "NNFEM"[unit_random(rng) % 5],
		.impact = 1 + (unsigned)(unit_random(rng) % 5),
	};
	size_t n = 1 + (unit_random(rng) % 4 == 0);

	v.assessed = round(v.assessed * 100) / 100;
	if (v.coverage == 'M')
		v.share = (double)(unit_random(rng) % 10001) / 10000;
	for (size_t i = 0; i < n; i++)
		layer(&v, all[unit_random(rng) % (unit_random(rng) % 4 == 0 ? 10 : 7)]);
	return v;
}

static struct pqm_use_score scored(const struct pqm_risk_params *p, struct pqm_vector v)
{
	struct pqm_use_score u = { 0 };

	pqm_risk_use(&u, p, &v);
	return u;
}

static void not_above(const struct pqm_use_score *a, const struct pqm_use_score *b, const char *why)
{
	for (enum pqm_scenario s = PQM_SLOW; s < PQM_N_SCENARIOS; s++)
		if (!(a->p[s] <= b->p[s] + EPS))
			fail_msg("%s (%s):\n%s %.9f\n%s %.9f", why, pqm_scenario_name(s), a->vector,
				a->p[s], b->vector, b->p[s]);
}

/* Properties 1, 2, 5 and 14. */
static void numbers_stay_in_bounds_and_vectors_round_trip(void **state)
{
	struct pqm_risk_params p = edition();
	uint64_t rng = 0x9e3779b97f4a7c15;

	(void)state;
	for (size_t i = 0; i < N_RANDOM; i++) {
		struct pqm_vector v = random_vector(&rng), back;
		struct pqm_use_score u = scored(&p, v), again;
		struct pqm_err err = { 0 };

		for (enum pqm_scenario s = PQM_SLOW; s < PQM_N_SCENARIOS; s++) {
			if (!(u.sunk[s] >= 0 && u.sunk[s] <= u.p[s] + EPS && u.p[s] <= 1 &&
				    u.cod[s] >= -EPS && u.cod[s] <= 1))
				fail_msg("%s: out of bounds", u.vector);
			if (s > PQM_SLOW && u.p[s] < u.p[s - 1] - EPS)
				fail_msg("%s: %s below %s", u.vector, pqm_scenario_name(s),
					pqm_scenario_name(s - 1));
		}
		if (pqm_vector_parse(&back, &p, pqm_str(u.vector), &err) != PQM_OK)
			fail_msg("%s: %s", u.vector, err.msg);
		again = scored(&p, back);
		assert_string_equal(u.vector, again.vector);
		assert_memory_equal(u.p, again.p, sizeof(u.p));
		assert_memory_equal(u.cod, again.cod, sizeof(u.cod));
		v.life_years = v.protect_years = 0;
		assert_true(scored(&p, v).p[PQM_STRESS] == 0);
		v = back;
		v.coverage = 'E';
		assert_true(scored(&p, v).p[PQM_STRESS] == 0);
	}
}

/* Properties 3, 4, 6, 7 and 12. */
static void more_exposure_never_lowers_p(void **state)
{
	static const char order[] = "HDLOCPIX";
	struct pqm_risk_params p = edition();
	uint64_t rng = 0x2545f4914f6cdd1d;

	(void)state;
	for (size_t i = 0; i < N_RANDOM; i++) {
		struct pqm_vector v = random_vector(&rng), w = v;
		struct pqm_use_score u = scored(&p, v), x;
		size_t e = (size_t)(strchr(order, v.exposure) - order);

		w.life_years += years(&rng, 5);
		x = scored(&p, w);
		not_above(&u, &x, "longer life");
		w = v;
		w.protect_years += years(&rng, 5);
		x = scored(&p, w);
		not_above(&u, &x, "slower migration");
		w = v;
		w.exposure = order[e + (e < 7)];
		x = scored(&p, w);
		not_above(&u, &x, "wider exposure");
		w = v;
		w.coverage = 'M';
		w.share = v.coverage == 'M' ? v.share / 2 : 0;
		x = scored(&p, w);
		not_above(&u, &x, "less coverage");
		w = v;
		layer(&w, known[unit_random(&rng) % 6]);
		x = scored(&p, w);
		not_above(&x, &u, "another layer");
		w = v;
		layer(&w, "SYM");
		assert_true(scored(&p, w).p[PQM_STRESS] == 0);
		w = v;
		w.n_layers = 0;
		layer(&w, "UNK");
		x = scored(&p, w);
		not_above(&u, &x, "unknown algorithm");
	}
}

static void strict_growth_inside_the_curve(void **state)
{
	struct pqm_risk_params p = edition();
	uint64_t rng = 77;
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < N_RANDOM; i++) {
		struct pqm_vector v = random_vector(&rng), w = v;
		struct pqm_use_score u, x;

		v.data = w.data = 'F';
		w.life_years += 1;
		u = scored(&p, v);
		x = scored(&p, w);
		if (v.use == 'S' || !(u.h[PQM_CENTRAL] > 0) || !(u.tau[PQM_CENTRAL] > v.assessed) ||
			x.tau[PQM_CENTRAL] > pqm_risk_horizon(&p))
			continue;
		n++;
		assert_true(x.p[PQM_CENTRAL] > u.p[PQM_CENTRAL]);
	}
	assert_true(n > N_RANDOM / 20);
}

/* Property 6: a class that falls no later in each scenario is no safer. */
static void a_smaller_shift_never_lowers_p(void **state)
{
	struct pqm_risk_params p = edition();
	uint64_t rng = 606;

	(void)state;
	for (size_t i = 0; i < N_RANDOM; i++) {
		struct pqm_vector v = random_vector(&rng), w = v;
		const struct pqm_risk_class *a, *b;
		bool earlier = true;

		v.n_layers = w.n_layers = 0;
		layer(&v, known[unit_random(&rng) % 6]);
		layer(&w, known[unit_random(&rng) % 6]);
		a = pqm_risk_class_find(&p, pqm_str(v.layers[0]));
		b = pqm_risk_class_find(&p, pqm_str(w.layers[0]));
		for (enum pqm_scenario s = PQM_SLOW; s <= PQM_FAST; s++)
			earlier = earlier && b->shift[s] <= a->shift[s];
		if (earlier) {
			struct pqm_use_score x = scored(&p, v), y = scored(&p, w);

			not_above(&x, &y, "falls earlier");
		}
	}
}

/* Properties 9, 10 and 12. */
static void invariances_hold(void **state)
{
	struct pqm_risk_params p = edition();
	uint64_t rng = 0xd1342543de82ef95;

	(void)state;
	for (size_t i = 0; i < N_RANDOM; i++) {
		struct pqm_vector v = random_vector(&rng), w = v;
		struct pqm_use_score a, b;
		double end;

		v.use = w.use = 'K';
		v.data = w.data = 'F';
		v.life_years += 1;
		w.protect_years += 1;
		a = scored(&p, v);
		b = scored(&p, w);
		assert_true(fabs(a.p[PQM_CENTRAL] - b.p[PQM_CENTRAL]) < 1e-9);
		v.data = w.data = 'S';
		w = v;
		w.protect_years += 7;
		assert_true(scored(&p, v).p[PQM_FAST] == scored(&p, w).p[PQM_FAST]);
		v.use = w.use = 'S';
		w = v;
		w.life_years += 7;
		assert_true(scored(&p, v).p[PQM_FAST] == scored(&p, w).p[PQM_FAST]);
		/* same calendar end, assessed a year later: having survived helps */
		v.use = 'K';
		v.data = 'F';
		v.protect_years = 0;
		end = v.assessed + v.life_years;
		w = v;
		w.assessed += 1;
		w.life_years = end - w.assessed;
		if (w.life_years < 0)
			continue;
		a = scored(&p, v);
		b = scored(&p, w);
		not_above(&b, &a, "survival");
	}
}

/* Property 8, and independence of order. */
static void unions_lie_between_largest_and_sum(void **state)
{
	struct pqm_risk_params p = edition();
	uint64_t rng = 4242;

	(void)state;
	for (size_t i = 0; i < N_RANDOM; i++) {
		struct pqm_use_score uses[5], swapped[5];
		struct pqm_exposure tmp[5];
		struct pqm_asset_score a = { .uses = uses, .n_uses = 1 + i % 5 }, b = a;
		double largest = 0, sum = 0, fewer;

		for (size_t k = 0; k < a.n_uses; k++) {
			struct pqm_vector v = random_vector(&rng);

			v.assessed = 2027;
			uses[k] = scored(&p, v);
			swapped[a.n_uses - 1 - k] = uses[k];
			largest = fmax(largest, uses[k].p[PQM_CENTRAL]);
			sum += uses[k].p[PQM_CENTRAL];
		}
		pqm_risk_asset(&a, &p, tmp);
		assert_true(a.p[PQM_CENTRAL] >= largest - EPS);
		assert_true(a.p[PQM_CENTRAL] <= fmin(1, sum) + EPS);
		assert_true(a.sunk[PQM_CENTRAL] <= a.p[PQM_CENTRAL] + EPS);
		assert_true(a.cod[PQM_CENTRAL] >= 0 && a.cod[PQM_CENTRAL] <= 1);
		if (a.n_uses == 1)
			assert_true(fabs(a.p[PQM_CENTRAL] - sum) < EPS);
		b.uses = swapped;
		pqm_risk_asset(&b, &p, tmp);
		assert_true(fabs(a.p[PQM_FAST] - b.p[PQM_FAST]) < 1e-12);
		fewer = a.p[PQM_CENTRAL];
		a.n_uses--;
		pqm_risk_asset(&a, &p, tmp);
		assert_true(a.p[PQM_CENTRAL] <= fewer + EPS);
	}
}

/* Property 11: SSVC's partial-order check, exhaustive over bands, impacts and slack. */
static void decisions_respect_the_partial_order(void **state)
{
	struct pqm_risk_params p = edition();
	static const double probs[] = { 0, .0499, .05, .1, .1999, .2, .4, .4999, .5, .9, 1 };
	static const double slacks[] = { 5, 1.01, 1, .99, .01, 0, -.01, -3 };
	size_t n = sizeof(probs) / sizeof(probs[0]);

	(void)state;
	for (size_t i = 0; i < n; i++)
		for (unsigned level = 1; level <= 5; level++) {
			enum pqm_decision d = pqm_risk_decide(&p, probs[i], level);

			if (i > 0)
				assert_true(d >= pqm_risk_decide(&p, probs[i - 1], level));
			if (level > 1)
				assert_true(d >= pqm_risk_decide(&p, probs[i], level - 1));
		}
	for (size_t i = 1; i < sizeof(slacks) / sizeof(slacks[0]); i++)
		assert_true(
			pqm_risk_by_slack(&p, slacks[i]) >= pqm_risk_by_slack(&p, slacks[i - 1]));
	assert_int_equal(pqm_risk_by_slack(&p, -.01), PQM_ATTEND);
	assert_int_equal(pqm_risk_by_slack(&p, .5), PQM_PLAN);
	assert_int_equal(pqm_risk_by_slack(&p, 1), PQM_TRACK);
}

/* Property 15: more of every input never gives a lower decision. */
static void dominating_assets_get_no_lower_decision(void **state)
{
	static const char order[] = "HDLOCPIX";
	struct pqm_risk_params p = edition();
	uint64_t rng = 99;

	(void)state;
	for (size_t i = 0; i < N_RANDOM; i++) {
		struct pqm_vector v = random_vector(&rng), w = v;

		w.life_years += years(&rng, 10);
		w.protect_years += years(&rng, 5);
		w.impact += w.impact < 5;
		w.exposure = order[(size_t)(strchr(order, v.exposure) - order + 7) / 2];
		if (strchr(order, w.exposure) < strchr(order, v.exposure))
			w.exposure = 'X';
		assert_true(scored(&p, w).decision >= scored(&p, v).decision);
	}
}

static void plaintext_is_not_a_quantum_finding(void **state)
{
	struct pqm_risk_params p = risk_params();
	struct pqm_use_score uses[2] = {
		use_of(&p, "QRV:1.0/AD:2027.0/U:K/A:E256/D:F/X:1/Y:2/W:3/E:I/C:N/I:1"),
		use_of(&p, "QRV:1.0/AD:2027.0/U:K/A:NONE/D:F/X:1/Y:2/W:3/E:L/C:N/I:1"),
	};
	struct pqm_exposure tmp[2];
	struct pqm_asset_score a = { .uses = uses, .n_uses = 2 };

	(void)state;
	assert_true(uses[1].is_broken_today);
	assert_true(uses[1].p[PQM_CENTRAL] == 0);
	assert_int_equal(uses[1].decision, PQM_ACT);
	pqm_risk_asset(&a, &p, tmp);
	assert_true(a.is_broken_today);
	assert_int_equal(a.decision, PQM_ACT);
	assert_int_equal(a.deciding, 1);
	assert_true(fabs(a.p[PQM_CENTRAL] - uses[0].p[PQM_CENTRAL]) < EPS);
	/* a cipher inside or outside of plaintext still protects */
	assert_false(use_of(&p, "QRV:1.0/AD:2027.0/U:K/A:NONE&E256/D:F/X:1/Y:2/W:3/E:L/C:N/I:1")
			     .is_broken_today);
}

static void deciding_use_is_the_one_whose_removal_helps_most(void **state)
{
	struct pqm_risk_params p = risk_params();
	struct pqm_use_score uses[3] = { use_of(&p, vector_by_id("E14")),
		use_of(&p, vector_by_id("E13")), use_of(&p, vector_by_id("E12")) };
	struct pqm_exposure tmp[3];
	struct pqm_asset_score a = { .uses = uses, .n_uses = 3 };

	(void)state;
	pqm_risk_asset(&a, &p, tmp);
	assert_int_equal(a.deciding, 1);
	a.n_uses = 0;
	pqm_risk_asset(&a, &p, tmp);
	assert_int_equal(a.deciding, UINT32_MAX);
	assert_true(a.p[PQM_CENTRAL] == 0);
}

static void broken_parameters_are_refused(void **state)
{
	struct pqm_risk_params good = risk_params(), p;
	struct pqm_err err = { 0 };

	(void)state;
	assert_int_equal(pqm_risk_params_check(&good, &err), PQM_OK);
	p = good;
	p.at.f[PQM_CENTRAL][3] = .2;
	assert_int_equal(pqm_risk_params_check(&p, &err), PQM_EUSAGE);
	p = good;
	p.at.f[PQM_FAST][5] = 1.2;
	assert_int_equal(pqm_risk_params_check(&p, &err), PQM_EUSAGE);
	p = good;
	p.at.f[PQM_SLOW][5] = .9;
	assert_int_equal(pqm_risk_params_check(&p, &err), PQM_EUSAGE);
	p = good;
	p.table[2][3] = PQM_TRACK;
	assert_int_equal(pqm_risk_params_check(&p, &err), PQM_EUSAGE);
	p = good;
	p.harvest[0].value[PQM_SLOW] = -1;
	assert_int_equal(pqm_risk_params_check(&p, &err), PQM_EUSAGE);
	p = good;
	p.at.f[PQM_FAST][5] = 1; /* a house view may be sure */
	assert_int_equal(pqm_risk_params_check(&p, &err), PQM_OK);
	assert_true(pqm_risk_g(&p, PQM_FAST, 2060, 2061) == 1);
}

#define PROPERTY(f)                                                                                \
	cmocka_unit_test_setup(f, under_gri2025), cmocka_unit_test_setup(f, under_gri2024)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(worked_examples_hold_to_four_decimals),
		cmocka_unit_test(published_file_holds_to_four_decimals),
		cmocka_unit_test(embedded_rules_give_the_same_numbers),
		cmocka_unit_test(hand_computation_of_e13_holds),
		cmocka_unit_test(parser_names_what_is_wrong),
		cmocka_unit_test(parser_refuses_every_prefix),
		PROPERTY(numbers_stay_in_bounds_and_vectors_round_trip),
		PROPERTY(more_exposure_never_lowers_p),
		PROPERTY(strict_growth_inside_the_curve),
		PROPERTY(a_smaller_shift_never_lowers_p),
		PROPERTY(invariances_hold),
		PROPERTY(unions_lie_between_largest_and_sum),
		cmocka_unit_test(decisions_respect_the_partial_order),
		PROPERTY(dominating_assets_get_no_lower_decision),
		cmocka_unit_test(plaintext_is_not_a_quantum_finding),
		cmocka_unit_test(deciding_use_is_the_one_whose_removal_helps_most),
		cmocka_unit_test(broken_parameters_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
