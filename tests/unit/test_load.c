#include "unit.h"

#include "base/buf.h"
#include "base/limits.h"
#include "report/load.h"

#define HEAD                                                                                       \
	"{\"schema_version\": 1, \"tool\": {\"name\": \"pqmap\", \"version\": \"0.1.0\"},"         \
	" \"rules\": {\"version\": \"c0ffee\"}, \"settings\": {\"now\": \"2026-11-21\","           \
	" \"regimes\": [\"eo-14412\"], \"curve\": \"gri2025\"},"                                   \
	" \"targets\": [{\"name\": \"etc\", \"kind\": \"tree\", \"seen\": 3, \"read\": 2,"         \
	" \"bytes\": 99, \"failed\": false}],"
#define ID "000102030405060708090a0b0c0d0e0f"
#define FINDING(id, more)                                                                          \
	"{\"id\": \"" id "\", \"rule\": \"cert.x509\", \"meaning\": \"cert\","                     \
	" \"function\": \"sig\", \"family\": \"RSA\", \"algorithm\": \"RSA\","                     \
	" \"parameter\": \"2048\", \"bits\": 2048, \"quantum\": \"broken\","                       \
	" \"classical\": \"ok\", \"evidence\": \"parsed+implied\", \"identity\": \"spki:0\","      \
	" \"occurrences\": [{\"target\": 0, \"path\": \"a.pem\", \"offset\": 7,"                   \
	" \"attributes\": [{\"key\": \"subject\", \"value\": \"CN=x\"}]" more "}]}"
#define BARE                                                                                       \
	"{\"id\": \"" ID "\", \"meaning\": \"key\", \"function\": \"any\", \"quantum\": \"safe\"," \
	" \"classical\": \"ok\", \"evidence\": \"hinted\""
#define TAIL                                                                                       \
	" \"objects\": [{\"target\": 0, \"path\": \"k.yaml\", \"line\": 4, \"group\": \"\","       \
	" \"kind\": \"Secret\", \"namespace\": \"n\", \"name\": \"s\", \"facts\": [{\"key\":"      \
	" \"type\", \"value\": \"tls\", \"line\": 5, \"column\": 2}]}],"                           \
	" \"stores\": [{\"target\": 0, \"path\": \"ca.pem\", \"certificates\": 9}],"               \
	" \"coverage\": {\"seen\": 3, \"read\": 2, \"unreadable\": 1, \"notes\": [{\"target\": 0," \
	" \"path\": \"b\", \"reason\": \"unreadable\"}], \"notes_dropped\": 0}}"
#define WHOLE HEAD " \"findings\": [" FINDING(ID, "") "]," TAIL

static enum pqm_st load(struct pqm_inventory *inv, const char *text, struct pqm_err *err)
{
	return pqm_inventory_load_text(inv, pqm_str(text), "a.json", err);
}

static void a_saved_inventory_comes_back_whole(void **state)
{
	struct pqm_inventory inv;
	struct pqm_err err = { 0 };

	(void)state;
	pqm_inventory_init(&inv);
	if (load(&inv, WHOLE, &err) != PQM_OK)
		fail_msg("%s", err.msg);
	assert_true(pqm_eqs(inv.tool_version, "0.1.0"));
	assert_true(pqm_eqs(inv.rules_version, "c0ffee"));
	assert_true(pqm_eqs(inv.curve, "gri2025"));
	assert_int_equal(inv.now_days, 20778);
	assert_int_equal(inv.n_regimes, 1);
	assert_int_equal(inv.n_targets, 1);
	assert_int_equal(inv.targets[0].n_seen, 3);
	assert_int_equal(inv.n_findings, 1);
	const struct pqm_finding *f = &inv.findings[0];

	assert_int_equal(f->id[15], 15);
	assert_int_equal(f->meaning, PQM_CERT);
	assert_int_equal(f->evidence, PQM_PARSED);
	assert_int_equal(f->basis, PQM_IMPLIED);
	assert_int_equal(f->bits, 2048);
	assert_int_equal(f->n_occs, 1);
	assert_int_equal(f->occs[0].off, 7);
	assert_true(pqm_eqs(pqm_occ_attr(&f->occs[0], "subject"), "CN=x"));
	assert_int_equal(inv.n_objects, 1);
	assert_true(pqm_eqs(pqm_object_fact(&inv.objects[0], "type"), "tls"));
	assert_int_equal(inv.stores[0].n_certs, 9);
	assert_int_equal(inv.coverage.unreadable, 1);
	assert_int_equal(inv.coverage.notes[0].off, UINT64_MAX);
	pqm_inventory_fini(&inv);
}

static void every_strict_prefix_is_refused(void **state)
{
	static const char whole[] = WHOLE;

	(void)state;
	for (size_t n = 0; n + 1 < sizeof(whole); n++) {
		struct pqm_inventory inv;
		struct pqm_err err = { 0 };

		pqm_inventory_init(&inv);
		assert_int_equal(pqm_inventory_load_text(&inv,
					 (pqm_bytes){ (const uint8_t *)whole, n }, "a.json", &err),
			PQM_EPARSE);
		assert_memory_equal(err.msg, "a.json: ", 8);
		pqm_inventory_fini(&inv);
	}
}

static void mistakes_say_where(void **state)
{
	static const struct {
		const char *text;
		enum pqm_st st;
		const char *says;
	} cases[] = {
		{ "", PQM_EPARSE, "a.json: " },
		{ "[]", PQM_EPARSE, "not an inventory of pqmap" },
		{ "{}", PQM_EPARSE, "not an inventory of pqmap" },
		{ "{\"bomFormat\": \"CycloneDX\"}", PQM_EPARSE, "not an inventory of pqmap" },
		{ "{\"schema_version\": 2, \"tool\": {\"name\": \"pqmap\"}}", PQM_EUSAGE,
			"schema_version 2, this pqmap reads up to 1" },
		{ "{\"schema_version\": 1, \"tool\": {\"name\": \"pqmap\"}}", PQM_EPARSE,
			"settings.now" },
		{ HEAD "\"findings\": [{}]}", PQM_EPARSE, "findings[0]: id" },
		{ HEAD "\"findings\": [" FINDING("00", "") "]}", PQM_EPARSE, "findings[0]: id" },
		{ HEAD "\"findings\": [" FINDING("000102030405060708090A0B0C0D0E0F", "") "]}",
			PQM_EPARSE, "findings[0]: id" },
		{ HEAD "\"findings\": [{\"id\": \"" ID "\", \"meaning\": \"usage\"}]}", PQM_EPARSE,
			"findings[0]: meaning" },
		{ HEAD "\"findings\": [" FINDING(ID, ", \"line\": 4294967296") "]}", PQM_EPARSE,
			"place is not a whole number" },
		{ HEAD "\"findings\": [" FINDING(ID, ", \"column\": -1") "]}", PQM_EPARSE,
			"place is not a whole number" },
		{ HEAD "\"findings\": [" FINDING(ID, "") "," FINDING(ID, "") "]}", PQM_EPARSE,
			"a.json: findings: id " ID " comes twice" },
		{ HEAD "\"findings\": [" BARE "}]}", PQM_EPARSE,
			"findings[0]: id " ID " has no occurrences" },
		{ HEAD "\"findings\": [" BARE ", \"occurrences\": []}]}", PQM_EPARSE,
			"findings[0]: id " ID " has no occurrences" },
		{ HEAD "\"objects\": [{\"target\": 1}]}", PQM_EPARSE, "objects[0]: target" },
		{ HEAD "\"stores\": [{}]}", PQM_EPARSE, "stores[0]: target" },
		{ HEAD "\"coverage\": {\"seen\": 1.5}}", PQM_EPARSE, "coverage.seen" },
		{ HEAD "\"coverage\": {\"notes\": [{\"target\": 0, \"offset\": \"x\"}]}}",
			PQM_EPARSE, "coverage.notes[0]" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pqm_inventory inv;
		struct pqm_err err = { 0 };

		pqm_inventory_init(&inv);
		if (load(&inv, cases[i].text, &err) != cases[i].st)
			fail_msg("%zu: %s", i, err.msg);
		if (strstr(err.msg, cases[i].says) == NULL)
			fail_msg("%zu: '%s' does not say '%s'", i, err.msg, cases[i].says);
		pqm_inventory_fini(&inv);
	}
}

static void attributes_are_capped(void **state)
{
	struct pqm_err err = { 0 };
	struct pqm_buf text;

	(void)state;
	for (int extra = 0; extra < 2; extra++) {
		struct pqm_inventory inv;

		pqm_buf_init(&text, 65536);
		pqm_inventory_init(&inv);
		assert_true(pqm_buf_add(&text,
			PQM_LIT(HEAD " \"findings\": [{\"id\": \"" ID "\", \"meaning\": \"key\","
				     " \"function\": \"any\", \"quantum\": \"safe\", "
				     "\"classical\": \"ok\","
				     " \"evidence\": \"hinted\", \"occurrences\": [{\"target\": 0,"
				     " \"attributes\": [{}")));
		for (int i = 1; i < PQM_ATTRS_MAX + extra; i++)
			assert_true(pqm_buf_add(&text, PQM_LIT(",{}")));
		assert_true(pqm_buf_add(&text, PQM_LIT("]}]}]}")));
		assert_int_equal(
			pqm_inventory_load_text(&inv, pqm_buf_bytes(&text), "a.json", &err),
			extra == 0 ? PQM_OK : PQM_ELIMIT);
		pqm_inventory_fini(&inv);
		pqm_buf_fini(&text);
	}
}

static void two_files_join(void **state)
{
	struct pqm_inventory inv;
	struct pqm_err err = { 0 };

	(void)state;
	pqm_inventory_init(&inv);
	assert_int_equal(load(&inv, WHOLE, &err), PQM_OK);
	assert_int_equal(load(&inv, WHOLE, &err), PQM_OK);
	assert_int_equal(inv.n_targets, 2);
	assert_int_equal(inv.n_regimes, 1);
	assert_int_equal(inv.n_findings, 1);
	assert_int_equal(inv.findings[0].n_occs, 2);
	assert_int_equal(inv.findings[0].occs[0].target, 0);
	assert_int_equal(inv.findings[0].occs[1].target, 1);
	assert_int_equal(inv.n_objects, 2);
	assert_int_equal(inv.objects[1].target, 1);
	assert_int_equal(inv.n_stores, 2);
	assert_int_equal(inv.coverage.seen, 6);
	assert_int_equal(inv.coverage.n_notes, 2);
	assert_int_equal(inv.coverage.notes[1].target, 1);
	pqm_inventory_fini(&inv);
}

#define FILES 300

static void many_files_join_without_copying_all_each_time(void **state)
{
	struct pqm_inventory inv;
	struct pqm_err err = { 0 };

	(void)state;
	pqm_inventory_init(&inv);
	for (size_t i = 0; i < FILES; i++)
		if (load(&inv, WHOLE, &err) != PQM_OK)
			fail_msg("%s", err.msg);
	assert_int_equal(inv.n_findings, 1);
	assert_int_equal(inv.findings[0].n_occs, FILES);
	assert_int_equal(inv.n_objects, FILES);
	for (uint32_t i = 0; i < FILES; i++) {
		assert_int_equal(inv.findings[0].occs[i].target, i);
		assert_int_equal(inv.objects[i].target, i);
		assert_int_equal(inv.coverage.notes[i].target, i);
	}
	/* Once per doubling: 45,000 copies of an occurrence alone would be over this. */
	assert_true(inv.arena.used < FILES * (size_t)4096);
	assert_int_equal(
		load(&inv, HEAD " \"findings\": [" FINDING(ID, "") "," FINDING(ID, "") "]," TAIL,
			&err),
		PQM_EPARSE);
	assert_non_null(strstr(err.msg, "findings: id " ID " comes twice"));
	pqm_inventory_fini(&inv);
}

static enum pqm_st load_once(struct pqm_err *err)
{
	struct pqm_inventory inv;
	enum pqm_st st;

	pqm_inventory_init(&inv);
	st = load(&inv, WHOLE, err);
	pqm_inventory_fini(&inv);
	return st;
}

static void memory_that_runs_out_is_told(void **state)
{
	(void)state;
	unit_out_of_memory(2000, load_once);
}

static void a_file_that_is_not_there_is_named(void **state)
{
	struct pqm_inventory inv;
	struct pqm_err err = { 0 };

	(void)state;
	pqm_inventory_init(&inv);
	assert_int_equal(pqm_inventory_load(&inv, "/nonexistent/a.json", &err), PQM_EIO);
	assert_string_equal(err.msg, "/nonexistent/a.json: cannot read: No such file or directory");
	assert_int_equal(pqm_inventory_load(&inv, "/", &err), PQM_EIO);
	pqm_inventory_fini(&inv);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_saved_inventory_comes_back_whole),
		cmocka_unit_test(every_strict_prefix_is_refused),
		cmocka_unit_test(mistakes_say_where),
		cmocka_unit_test(attributes_are_capped),
		cmocka_unit_test(two_files_join),
		cmocka_unit_test(many_files_join_without_copying_all_each_time),
		cmocka_unit_test(memory_that_runs_out_is_told),
		cmocka_unit_test(a_file_that_is_not_there_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
