#include "unit.h"

#include <math.h>

#include "assess/perf.h"

/*
 * The testbed of Paquin, Stebila, Tamvada: one leaf under a root that the client has, 1000 Mbit/s,
 * four clients at once before one nginx process. Medians of design/primitives.md §6; the SIKE column
 * from the same published data. Sizes are those of the algorithms of 2019; CPU times are what the
 * medians at the longest RTT leave over (Picnic's signing: what the shortest leaves).
 */
struct column {
	const char *name;
	double share_up, share_down;	      /* key shares beside P-256's 65 bytes */
	double pk, sig;			      /* of the certificate and its signatures */
	double start, kex_server, kex_client; /* ms */
	double sign, verify;
	double rtt[4], median[4], median5[4]; /* at 0 % and 5 % loss */
};

#define KEX_RTT                                                                                    \
	{                                                                                          \
		5.609, 31.169, 78.699, 195.719                                                     \
	}
#define SIG_RTT                                                                                    \
	{                                                                                          \
		5.540, 31.086, 78.623, 195.634                                                     \
	}
#define P256_PK 65
#define P256_SIG 72

static const struct column columns[] = {
	{ "P-256", 0, 0, P256_PK, P256_SIG, .03, .09, .06, .05, .1, KEX_RTT,
		{ 12.10, 63.74, 159.0, 393.1 }, { 12.5, 63.8, 158.9, 393.0 } },
	{ "P-256+Kyber512", 800, 736, P256_PK, P256_SIG, .05, .12, .08, .05, .1, KEX_RTT,
		{ 12.14, 63.80, 159.1, 393.2 }, { 12.6, 63.8, 159.0, 393.1 } },
	{ "P-256+Frodo640", 9616, 9720, P256_PK, P256_SIG, .5, .65, .65, .05, .1, KEX_RTT,
		{ 14.28, 65.91, 161.6, 395.5 }, { 14.8, 66.6, 161.8, 396.1 } },
	{ "P-256+SIKEp434", 330, 346, P256_PK, P256_SIG, 12.3, 18.5, 19.2, .05, .1, KEX_RTT,
		{ 85.62, 123.21, 209.50, 442.33 }, { 64.1, 114.8, 209.5, 441.1 } },
	{ "ECDSA", 0, 0, P256_PK, P256_SIG, .03, .09, .06, .05, .1, SIG_RTT,
		{ 12.33, 63.51, 158.7, 392.8 }, { 12.3, 63.5, 158.5, 392.7 } },
	{ "Dilithium2", 0, 0, 1184, 2044, .03, .09, .06, .15, .1, SIG_RTT,
		{ 12.11, 63.62, 158.9, 392.9 }, { 12.4, 63.7, 158.8, 392.9 } },
	{ "qTESLA-p-I", 0, 0, 14880, 2592, .03, .09, .06, .7, .2, SIG_RTT,
		{ 18.1, 94.6, 237.3, 588.4 }, { 18.2, 95.0, 237.7, 588.8 } },
	{ "Picnic-L1-FS", 0, 0, 33, 34036, .03, .09, .06, 9.4, 1.6, SIG_RTT,
		{ 40.0, 127.2, 317.4, 785.5 }, { 38.8, 159.9, 397.6, 982.7 } },
};

#define N_COLUMNS (sizeof(columns) / sizeof(columns[0]))

static double predict(const struct column *c, size_t i, double loss)
{
	const struct pqm_perf_handshake h = {
		.client_hello = 300 + c->share_up,
		.server_first = 155 + c->share_down + 500 + c->pk + c->sig,
		.server_late = 8 + c->sig + 36,
		.client_last = 74,
		.client_start = c->start,
		.server_kex = c->kex_server,
		.server_sign = c->sign,
		.client_kex = c->kex_client,
		.client_chain = c->verify,
		.client_late = c->verify,
	};
	struct pqm_perf_link l = pqm_perf_link_default();
	struct pqm_perf_result r;

	l.rtt_ms = c->rtt[i];
	l.mbit = 1000;
	l.loss = loss;
	l.fixed_ms = 0.8;
	l.n_clients = 4;
	pqm_perf_handshake(&r, &h, &l);
	return r.handshake_ms;
}

static void thirty_two_published_medians_within_3_percent(void **state)
{
	unsigned n = 0, wrong = 0;

	(void)state;
	for (size_t c = 0; c < N_COLUMNS; c++)
		for (size_t i = 0; i < 4; i++) {
			double want = columns[c].median[i], got = predict(&columns[c], i, 0);

			n++;
			if (fabs(got - want) <= fmax(0.5, 0.03 * want))
				continue;
			wrong++;
			print_error("%s at %g ms: %.2f, published %.2f\n", columns[c].name,
				columns[c].rtt[i], got, want);
		}
	assert_int_equal(n, 32);
	assert_int_equal(wrong, 0);
}

/* Columns whose published medians differ by less than the resolution given (0.1 ms) are equal. */
static void columns_come_in_the_published_order_at_5_percent_loss(void **state)
{
	(void)state;
	for (size_t i = 0; i < 4; i++)
		for (size_t a = 0; a < N_COLUMNS; a++)
			for (size_t b = 0; b < N_COLUMNS; b++) {
				double x = predict(&columns[a], i, .05),
				       y = predict(&columns[b], i, .05);

				if (columns[a].median5[i] < columns[b].median5[i] && x >= y)
					fail_msg("at %g ms %s (%.2f) is not before %s (%.2f)",
						columns[a].rtt[i], columns[a].name, x,
						columns[b].name, y);
			}
}

static void slow_start_doubles(void **state)
{
	static const struct {
		double n, rounds;
	} t[] = { { 0, 1 }, { 14480, 1 }, { 14481, 2 }, { 43440, 2 }, { 43441, 3 }, { 101360, 3 },
		{ 101361, 4 } };

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		assert_true(pqm_perf_rounds(t[i].n, 14480) == t[i].rounds);
}

static void every_suite_and_cost_has_its_rows_in_the_reference_profile(void **state)
{
	const struct pqm_rule *rule;
	struct pqm_err err = { 0 };
	struct pqm_rules r;
	struct pqm_bench b;
	unsigned n = 0;

	(void)state;
	assert_int_equal(pqm_rules_load(&r, NULL, &err), PQM_OK);
	pqm_bench_init(&b);
	assert_int_equal(pqm_bench_reference(&b, &r, &err), PQM_OK);
	for (size_t i = 0; (rule = pqm_rules_next(&r, "perf/", &i)) != NULL;) {
		const struct pqm_perf_link l = pqm_perf_link_default();
		struct pqm_perf_suite s;
		struct pqm_perf_cost c;
		enum pqm_st st = PQM_OK;

		if (pqm_starts(rule->id, PQM_LIT("perf.suite.")))
			st = pqm_perf_suite(&s, &r, &b,
				&(struct pqm_perf_ask){ pqm_yaml_str(rule->node, "group"),
					pqm_yaml_str(rule->node, "signature"), 2 },
				&err);
		else if (pqm_starts(rule->id, PQM_LIT("perf.transfer.")))
			st = pqm_perf_transfer_rule(&c, rule, &b, 1e6, &l, &err);
		else if (pqm_starts(rule->id, PQM_LIT("perf.cost.")))
			assert_int_equal(pqm_find(pqm_perf_cost_text(&r, &b, rule->id, &b.arena), 0,
						 PQM_LIT("no estimate")),
				SIZE_MAX);
		else
			continue;
		n++;
		if (st != PQM_OK)
			fail_msg("%.*s: %s", PQM_FMT(rule->id), err.msg);
	}
	assert_true(n >= 15);
	pqm_bench_fini(&b);
	pqm_rules_fini(&r);
}

static void an_estimate_without_its_row_is_refused_by_name(void **state)
{
	static const char run[] =
		"{\"schema\":\"pqmap.bench\",\"schema_version\":1,"
		"\"date\":\"2026-11-21\",\"host\":{\"name\":\"n\",\"cpu\":\"c\"},"
		"\"rows\":[{\"id\":\"x25519.keygen\",\"impl\":\"a\",\"in_use\":true,"
		"\"p25_ns\":5000},{\"id\":\"x25519.keygen\",\"impl\":\"Other 1\","
		"\"in_use\":false,\"p25_ns\":7000}]}";
	const pqm_bytes text = { (const uint8_t *)run, sizeof(run) - 1 };
	const struct pqm_perf_ask ask = { PQM_LIT("X25519"), PQM_LIT("ECDSA-P256"), 1 };
	struct pqm_perf_suite s;
	struct pqm_err err = { 0 };
	struct pqm_rules r;
	struct pqm_bench b;

	(void)state;
	assert_int_equal(pqm_rules_load(&r, NULL, &err), PQM_OK);
	pqm_bench_init(&b);
	assert_int_equal(pqm_bench_load(&b, text, "run", (pqm_bytes){ NULL, 0 }, &err), PQM_OK);
	assert_true(pqm_bench_get(&b, PQM_LIT("x25519.keygen"))->us == 5);
	assert_int_equal(pqm_perf_suite(&s, &r, &b, &ask, &err), PQM_EUSAGE);
	assert_non_null(strstr(err.msg, "the row tls-1-3.key-schedule is missing in run"));
	assert_non_null(strstr(
		(const char *)pqm_perf_cost_text(&r, &b, PQM_LIT("perf.cost.hybrid-kex"), &b.arena)
			.p,
		"the row x25519mlkem768.encaps is missing in run"));
	pqm_bench_fini(&b);
	pqm_bench_init(&b);
	assert_int_equal(pqm_bench_load(&b, text, "run", PQM_LIT("other"), &err), PQM_OK);
	assert_true(pqm_bench_get(&b, PQM_LIT("x25519.keygen"))->us == 7);
	pqm_bench_fini(&b);
	pqm_rules_fini(&r);
}

/* A cost is the sum of rows, told with its signs; a row that nobody measured makes none. */
static void a_cost_is_the_sum_of_its_rows(void **state)
{
	struct pqm_err err = { 0 };
	struct pqm_arena arena;
	struct pqm_rules r;
	struct pqm_bench b;
	const struct pqm_rule *rule;
	pqm_bytes words;
	double us;

	(void)state;
	assert_int_equal(pqm_rules_load(&r, NULL, &err), PQM_OK);
	pqm_arena_init(&arena, 1 << 16);
	pqm_bench_init(&b);
	assert_int_equal(pqm_bench_reference(&b, &r, &err), PQM_OK);
	rule = pqm_rules_get(&r, PQM_LIT("perf.line.kex-server"));
	assert_non_null(rule);
	assert_int_equal(pqm_perf_sum(&us, &words, rule, &b, &arena, &err), PQM_OK);
	assert_true(pqm_eqs(words, "x25519mlkem768.encaps - x25519.keygen - x25519.derive"));
	assert_true(fabs(us -
			    (pqm_bench_get(&b, PQM_LIT("x25519mlkem768.encaps"))->us -
				    pqm_bench_get(&b, PQM_LIT("x25519.keygen"))->us -
				    pqm_bench_get(&b, PQM_LIT("x25519.derive"))->us)) < 1e-9);
	b.n_rows = 0;
	assert_int_equal(pqm_perf_sum(&us, &words, rule, &b, &arena, &err), PQM_EUSAGE);
	assert_non_null(strstr(err.msg, "x25519mlkem768.encaps"));
	pqm_bench_fini(&b);
	pqm_arena_fini(&arena);
	pqm_rules_fini(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cost_is_the_sum_of_its_rows),
		cmocka_unit_test(thirty_two_published_medians_within_3_percent),
		cmocka_unit_test(columns_come_in_the_published_order_at_5_percent_loss),
		cmocka_unit_test(slow_start_doubles),
		cmocka_unit_test(every_suite_and_cost_has_its_rows_in_the_reference_profile),
		cmocka_unit_test(an_estimate_without_its_row_is_refused_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
