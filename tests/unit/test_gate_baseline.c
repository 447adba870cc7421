#include "unit.h"

#include <stdio.h>

#include "gate/baseline.h"
#include "rules.h"

#define HEAD "{\"schema\": \"pqmap.baseline\", \"schema_version\": 1, \"findings\": {"
#define ONE "\"000102030405060708090a0b0c0d0e0f\""

static enum pqm_st read_it(struct pqm_baseline *b, const char *text, struct pqm_err *err)
{
	pqm_baseline_init(b);
	return pqm_baseline_read_text(b, "b.json", pqm_str(text), err);
}

static struct pqm_finding finding(uint8_t last)
{
	struct pqm_finding f = { .rule = PQM_LIT("key.private"),
		.identity = PQM_LIT("spki:00"),
		.meaning = PQM_KEY,
		.family = PQM_LIT("RSA"),
		.parameter = PQM_LIT("2048") };

	for (uint8_t i = 0; i < PQM_ID_BYTES; i++)
		f.id[i] = i;
	f.id[PQM_ID_BYTES - 1] = last;
	return f;
}

static void what_is_no_baseline_is_refused(void **state)
{
	static const struct {
		const char *text, *words;
	} table[] = {
		{ "", "is no baseline" },
		{ "{", "is no baseline" },
		{ "[]", "is no baseline" },
		{ "{}", "is no baseline of pqmap" },
		{ "{\"schema\": \"pqmap.report\", \"schema_version\": 1, \"findings\": {}}",
			"is no baseline of pqmap" },
		{ "{\"schema\": \"pqmap.baseline\", \"schema_version\": 1, \"findings\": []}",
			"is no baseline of pqmap" },
		{ "{\"schema\": \"pqmap.baseline\", \"findings\": {}}", "is no baseline of pqmap" },
		{ "{\"schema\": \"pqmap.baseline\", \"schema_version\": -1, \"findings\": {}}",
			"is no baseline of pqmap" },
		{ "{\"schema\": \"pqmap.baseline\", \"schema_version\": 2, \"findings\": {}}",
			"is of a newer pqmap (form 2, this one reads 1)" },
		{ HEAD "\"0001\": {\"count\": 1}}}", "'0001' is no finding" },
		{ HEAD "\"000102030405060708090a0b0c0d0e0g\": {\"count\": 1}}}", "is no finding" },
		{ HEAD "\"000102030405060708090a0b0c0d0e0f0\": {\"count\": 1}}}", "is no finding" },
		{ HEAD ONE ": {}}}", "is no finding" },
		{ HEAD ONE ": 1}}", "is no finding" },
		{ HEAD ONE ": {\"count\": -1}}}", "is no finding" },
		{ HEAD ONE ": {\"count\": 1.5}}}", "is no finding" },
		{ HEAD ONE ": {\"count\": 1e300}}}", "is no finding" },
		{ HEAD ONE ": {\"count\": \"1\"}}}", "is no finding" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct pqm_baseline b;
		struct pqm_err err = { 0 };

		if (read_it(&b, table[i].text, &err) != PQM_EUSAGE ||
			strstr(err.msg, table[i].words) == NULL ||
			memcmp(err.msg, "b.json: ", 8) != 0)
			fail_msg("%s: %s", table[i].text, err.msg);
		pqm_baseline_fini(&b);
	}
}

static void no_prefix_of_one_is_one(void **state)
{
	static const char text[] = HEAD ONE ": {\"count\": 1}}}";

	(void)state;
	for (size_t n = 0; n < sizeof(text) - 1; n++) {
		struct pqm_baseline b;
		struct pqm_err err = { 0 };

		pqm_baseline_init(&b);
		assert_int_equal(pqm_baseline_read_text(&b, "b.json",
					 (pqm_bytes){ (const uint8_t *)text, n }, &err),
			PQM_EUSAGE);
		assert_int_equal(b.n, 0);
		pqm_baseline_fini(&b);
	}
}

static void a_finding_is_known_as_often_as_it_was(void **state)
{
	struct pqm_finding f = finding(15), other = finding(16);
	struct pqm_baseline b;
	struct pqm_err err;

	(void)state;
	assert_int_equal(read_it(&b,
				 HEAD ONE ": {\"count\": 3}, " ONE ": {\"count\": 2}, "
					  "\"00000000000000000000000000000000\": {\"count\": 1}}}",
				 &err),
		PQM_OK);
	assert_int_equal(b.n, 2);
	assert_int_equal(pqm_baseline_unmet(&b), 2);
	assert_int_equal(pqm_baseline_count(&b, &rules, &f), 3);
	assert_int_equal(pqm_baseline_count(&b, &rules, &other), 0);
	assert_int_equal(pqm_baseline_unmet(&b), 1);
	assert_int_equal(pqm_baseline_count(&b, &rules, &f), 3);
	assert_int_equal(pqm_baseline_unmet(&b), 1);
	pqm_baseline_fini(&b);
}

static void what_is_written_is_known(void **state)
{
	struct pqm_occurrence places[2] = { { .path = PQM_LIT("a \"b\"\x01\xff") }, { 0 } };
	struct pqm_finding f[3] = { finding(1), finding(2), finding(3) };
	struct pqm_inventory inv = { .findings = f, .n_findings = 3, .now_days = 20000 };
	struct pqm_baseline b;
	struct pqm_err err = { 0 };
	struct pqm_out o;

	(void)state;
	f[0].occs = places;
	f[0].n_occs = 2;
	f[1].is_folded = true;
	pqm_out_memory(&o, 1 << 20);
	pqm_baseline_write(&o, &inv);
	pqm_baseline_init(&b);
	if (pqm_baseline_read_text(&b, "b.json", pqm_buf_bytes(&o.buf), &err) != PQM_OK)
		fail_msg("%s", err.msg);
	pqm_out_abort(&o);
	assert_int_equal(b.n, 2);
	assert_int_equal(pqm_baseline_count(&b, &rules, &f[0]), 2);
	assert_int_equal(pqm_baseline_count(&b, &rules, &f[1]), 0);
	assert_int_equal(pqm_baseline_count(&b, &rules, &f[2]), 0);
	pqm_baseline_fini(&b);
}

static enum pqm_st once(struct pqm_err *err)
{
	struct pqm_baseline b;
	enum pqm_st st = read_it(&b, HEAD ONE ": {\"count\": 3}}}", err);

	pqm_baseline_fini(&b);
	return st;
}

static void lack_of_memory_is_said(void **state)
{
	(void)state;
	unit_out_of_memory(100, once);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_baseline_is_refused),
		cmocka_unit_test(no_prefix_of_one_is_one),
		cmocka_unit_test(a_finding_is_known_as_often_as_it_was),
		cmocka_unit_test(what_is_written_is_known),
		cmocka_unit_test(lack_of_memory_is_said),
	};

	return cmocka_run_group_tests(tests, load_rules, free_rules);
}
