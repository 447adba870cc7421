/* test_diff.c — two reports side by side: values, titles, slight moves, and every prefix of a report refused. */
#include <stdio.h>

#include "report/diff.h"
#include "unit.h"

/* One finding at one place; what differs between the sides is put in. */
#define REPORT(id, identity, path, value, p)                                                       \
	"{\"schema_version\": 1, \"tool\": {\"name\": \"pqmap\", \"version\": \"1\"},"             \
	"\"rules\": {\"version\": \"r\"}, \"settings\": {\"now\": \"2026-11-21\", \"regimes\": "   \
	"[]},"                                                                                     \
	"\"targets\": [{\"name\": \"t\", \"kind\": \"path\"}], \"findings\": [{\"id\": \"" id      \
	"\", \"rule\": \"a.b\", \"meaning\": \"config\", \"function\": \"kex\", \"family\": "      \
	"\"EC\","                                                                                  \
	"\"algorithm\": \"ECDH\", \"parameter\": \"P-256\", \"quantum\": \"broken\","              \
	"\"classical\": \"ok\", \"evidence\": \"configured\", \"identity\": \"" identity           \
	"\", \"why\": \"w\", \"occurrences\": [{\"target\": 0, \"path\": \"" path                  \
	"\", \"offset\": 0, \"line\": 3, \"column\": 1, \"attributes\": [{\"key\": \"value\","     \
	"\"value\": \"" value "\"}]}]}], \"assessment\": {\"curve\": \"gri2025\", \"assets\": [{"  \
	"\"id\": \"x\", \"decision\": \"Plan\", \"p\": {\"central\": " p                           \
	"}, \"sunk\": {\"central\": 0}, \"cod\": {\"central\": 0}, \"uses\": []}]}}"
#define A "00000000000000000000000000000001"
#define B "00000000000000000000000000000002"

static const char base[] = REPORT(A, "one", "t/f.conf", "X", "0.1");

struct counts {
	size_t appeared, gone, changed, same, assets, slight;
	bool is_same;
	const char *field; /* the first of the first change; NULL: none */
};

static void differ(const char *name, const char *was, const char *is, const struct counts *want)
{
	static struct pqm_rules rules; /* none */
	struct pqm_diff_side old, new;
	struct pqm_err err = { 0 };
	struct pqm_diff d;

	if (pqm_diff_load_text(&old, pqm_str(was), "old", &rules, &err) != PQM_OK ||
		pqm_diff_load_text(&new, pqm_str(is), "new", &rules, &err) != PQM_OK)
		fail_msg("%s: %s", name, err.msg);
	assert_int_equal(pqm_diff_build(&d, &old, &new, NULL, &err), PQM_OK);
	if (d.n_appeared != want->appeared || d.n_gone != want->gone ||
		d.n_changed != want->changed || d.n_same != want->same ||
		d.n_assets != want->assets || d.n_assets_slight != want->slight ||
		d.is_same != want->is_same)
		fail_msg("%s: +%zu -%zu ~%zu =%zu, assets ~%zu slight %zu, same %d", name,
			d.n_appeared, d.n_gone, d.n_changed, d.n_same, d.n_assets,
			d.n_assets_slight, d.is_same);
	if (want->field != NULL)
		assert_string_equal(d.changed[0].fields[0].name, want->field);
	pqm_diff_fini(&d);
	pqm_diff_side_fini(&new);
	pqm_diff_side_fini(&old);
}

static void what_differs_is_told_for_what_it_is(void **state)
{
	static const struct {
		const char *name, *is;
		struct counts want;
	} cases[] = {
		{ "itself", base, { 0, 0, 0, 1, 0, 0, true, NULL } },
		{ "another value", REPORT(A, "one", "t/f.conf", "Y", "0.1"),
			{ 0, 0, 1, 0, 0, 0, false, "value" } },
		{ "another file", REPORT(A, "one", "t/g.conf", "X", "0.1"),
			{ 0, 0, 0, 1, 0, 0, true, NULL } },
		{ "another file and value", REPORT(A, "one", "t/g.conf", "Y", "0.1"),
			{ 0, 0, 1, 0, 0, 0, false, "value" } },
		{ "another thing under the title", REPORT(B, "two", "t/f.conf", "X", "0.1"),
			{ 0, 0, 1, 0, 0, 0, false, "identity" } },
		{ "another thing elsewhere", REPORT(B, "two", "t/g.conf", "X", "0.1"),
			{ 1, 1, 0, 0, 0, 0, false, NULL } },
		{ "0.04 points", REPORT(A, "one", "t/f.conf", "X", "0.1004"),
			{ 0, 0, 0, 1, 0, 1, false, NULL } },
		{ "0.06 points", REPORT(A, "one", "t/f.conf", "X", "0.1006"),
			{ 0, 0, 0, 1, 1, 0, false, NULL } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		differ(cases[i].name, base, cases[i].is, &cases[i].want);
}

static void every_prefix_is_refused(void **state)
{
	static struct pqm_rules rules;
	struct pqm_diff_side s;

	(void)state;
	for (size_t n = 0; n < sizeof(base) - 1; n++) {
		struct pqm_err err = { 0 };

		if (pqm_diff_load_text(&s, (pqm_bytes){ (const uint8_t *)base, n }, "cut.json",
			    &rules, &err) == PQM_OK)
			fail_msg("%zu bytes are taken for a report", n);
		assert_memory_equal(err.msg, "cut.json:", 9);
		pqm_diff_side_fini(&s);
	}
}

static enum pqm_st whole(struct pqm_err *err)
{
	static struct pqm_rules rules;
	struct pqm_diff_side s, t;
	struct pqm_diff d = { 0 };
	enum pqm_st st = pqm_diff_load_text(&s, pqm_str(base), "a", &rules, err);
	enum pqm_st other = pqm_diff_load_text(
		&t, PQM_LIT(REPORT(B, "two", "t/f.conf", "Y", "0.2")), "b", &rules, err);

	st = st == PQM_OK ? other : st;
	if (st == PQM_OK)
		st = pqm_diff_build(&d, &s, &t, NULL, err);
	pqm_diff_fini(&d);
	pqm_diff_side_fini(&t);
	pqm_diff_side_fini(&s);
	return st;
}

static void every_lack_of_memory_is_said(void **state)
{
	(void)state;
	unit_out_of_memory(2000, whole);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_differs_is_told_for_what_it_is),
		cmocka_unit_test(every_prefix_is_refused),
		cmocka_unit_test(every_lack_of_memory_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
