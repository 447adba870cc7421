#include "unit.h"

#include "base/limits.h"
#include "parse/yaml.h"

static enum pqm_st one(
	struct pqm_arena *a, const char *text, const struct pqm_yaml **root, struct pqm_err *err)
{
	pqm_arena_init(a, (size_t)32 << 20);
	return pqm_yaml_one(root, pqm_str(text), a, err);
}

static void places_are_lines_columns_and_bytes(void **state)
{
	static const char text[] = "é: ü\nspec:\n  tls:\n  - secretName: \"data-tls\"\n";
	const struct pqm_yaml *root = NULL, *v;
	struct pqm_arena a;
	struct pqm_err err;

	(void)state;
	assert_int_equal(one(&a, text, &root, &err), PQM_OK);
	v = pqm_yaml_get(pqm_yaml_at(root, "spec.tls")->items[0], "secretName");
	assert_bytes(v->text, "data-tls");
	assert_true(v->line == 4 && v->col == 17);
	assert_memory_equal(text + v->off, "\"data-tls\"", 10);
	assert_int_equal(v->end_off - v->off, 10);
	pqm_arena_fini(&a);
}

static void nulls_and_booleans_are_those_of_yaml_1_1(void **state)
{
	const struct pqm_yaml *root = NULL;
	struct pqm_arena a;
	struct pqm_err err;
	uint64_t n = 0;

	(void)state;
	assert_int_equal(
		one(&a, "a: ~\nb: null\nc: 'null'\nd: Yes\ne: off\nf: 12\n", &root, &err), 0);
	assert_int_equal(pqm_yaml_str(root, "a").n, 0);
	assert_int_equal(pqm_yaml_str(root, "b").n, 0);
	assert_bytes(pqm_yaml_str(root, "c"), "null");
	assert_true(pqm_yaml_true(root, "d"));
	assert_false(pqm_yaml_true(root, "e"));
	assert_true(pqm_yaml_u64(root, "f", &n) && n == 12);
	assert_null(pqm_yaml_get(root, "none"));
	assert_null(pqm_yaml_get(NULL, "none"));
	pqm_arena_fini(&a);
}

static void merge_keys_and_aliases_work(void **state)
{
	static const char text[] = "base: &b {x: 1, y: 2}\nuse:\n  <<: *b\n  y: 3\nagain: *b\n";
	const struct pqm_yaml *root = NULL;
	struct pqm_arena a;
	struct pqm_err err;

	(void)state;
	assert_int_equal(one(&a, text, &root, &err), PQM_OK);
	assert_bytes(pqm_yaml_str(pqm_yaml_get(root, "use"), "x"), "1");
	assert_bytes(pqm_yaml_str(pqm_yaml_get(root, "use"), "y"), "3");
	assert_bytes(pqm_yaml_str(pqm_yaml_get(root, "again"), "y"), "2");
	pqm_arena_fini(&a);
}

static void a_duplicate_key_keeps_the_last_value(void **state)
{
	const struct pqm_yaml *root = NULL;
	struct pqm_arena a;
	struct pqm_err err;

	(void)state;
	assert_int_equal(one(&a, "k: 1\nk: 2\n", &root, &err), PQM_OK);
	assert_bytes(pqm_yaml_str(root, "k"), "2");
	pqm_arena_fini(&a);
}

static enum pqm_st count(void *ctx, const struct pqm_yaml *root, struct pqm_err *err)
{
	(void)root;
	(void)err;
	++*(int *)ctx;
	return PQM_OK;
}

static void streams_give_every_document(void **state)
{
	static const struct {
		const char *text;
		int n;
		enum pqm_st st;
	} row[] = {
		{ "a: 1\n---\nb: 2\n---\n---\n# only a comment\n---\nc: 3\n", 3, PQM_OK },
		{ "{\"json\": [1, 2]}", 1, PQM_OK },
		{ "\xef\xbb\xbf"
		  "a: 1\n",
			1, PQM_OK },
		{ "a: 1\r\nb: 2\r\n", 1, PQM_OK },
		{ "", 0, PQM_OK },
		{ "a: 1\n---\n{{ .Values.x }}: [\n", 1, PQM_EPARSE },
		{ "a: [1, 2\n", 0, PQM_EPARSE },
		{ "a: *nowhere\n", 0, PQM_EPARSE },
		{ "a: &a [*a]\n", 0, PQM_EPARSE },
		{ "a: &a [0,0,0,0,0,0,0,0]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\n"
		  "c: &c [*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c]\n"
		  "e: &e [*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e]\n"
		  "g: [*f,*f,*f,*f,*f,*f,*f,*f]\n",
			0, PQM_ELIMIT },
		{ "\tx: 1\n", 0, PQM_EPARSE },
		{ "a: \xff\xfe\n", 0, PQM_EPARSE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct pqm_err err = { 0 };
		struct pqm_arena a;
		int n = 0;

		pqm_arena_init(&a, (size_t)1 << 20);
		enum pqm_st st = pqm_yaml_docs(pqm_str(row[i].text), &a, count, &n, &err);

		if (st != row[i].st || n != row[i].n)
			fail_msg("'%s': %d documents, status %d", row[i].text, n, (int)st);
		assert_true(st == PQM_OK || err.msg[0] != '\0');
		pqm_arena_fini(&a);
	}
}

static void bombs_hit_a_limit(void **state)
{
	static const char laughs[] = "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b {<<: *a}\n"
				     "c: &c {k0: 0, k1: 1, k2: 2, k3: 3, k4: 4, k5: 5, k6: 6}\n";
	char *deep = malloc(100000), *wide = malloc(400000);
	const struct pqm_yaml *root = NULL;
	struct pqm_arena a;
	struct pqm_err err = { 0 };
	size_t n = 0;

	(void)state;
	assert_true(deep != NULL && wide != NULL);
	memset(deep, '[', 99999);
	deep[99999] = '\0';
	assert_int_equal(one(&a, deep, &root, &err), PQM_ELIMIT);
	pqm_arena_fini(&a);
	/* 20,000 aliases of one anchor */
	n = (size_t)snprintf(wide, 400000, "%sl:\n", laughs);
	for (int i = 0; i < 20000; i++)
		n += (size_t)snprintf(wide + n, 400000 - n, "- *c\n");
	assert_int_equal(one(&a, wide, &root, &err), PQM_ELIMIT);
	pqm_arena_fini(&a);
	free(deep);
	free(wide);
}

static void every_prefix_is_taken_or_explained(void **state)
{
	static const char text[] =
		"a: &x {b: [1, 'two', \"thr\\u00e9e\"], c: |\n    block\n  }\nd: *x\n";

	(void)state;
	for (size_t n = 0; n < sizeof(text); n++) {
		const struct pqm_yaml *root = NULL;
		struct pqm_err err = { 0 };
		struct pqm_arena a;

		pqm_arena_init(&a, (size_t)1 << 20);
		if (pqm_yaml_one(&root, (pqm_bytes){ (const uint8_t *)text, n }, &a, &err) !=
			PQM_OK)
			assert_true(err.msg[0] != '\0');
		pqm_arena_fini(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(places_are_lines_columns_and_bytes),
		cmocka_unit_test(nulls_and_booleans_are_those_of_yaml_1_1),
		cmocka_unit_test(merge_keys_and_aliases_work),
		cmocka_unit_test(a_duplicate_key_keeps_the_last_value),
		cmocka_unit_test(streams_give_every_document),
		cmocka_unit_test(bombs_hit_a_limit),
		cmocka_unit_test(every_prefix_is_taken_or_explained),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
