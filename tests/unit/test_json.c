#include "unit.h"

#include "base/limits.h"
#include "parse/json.h"

static enum pqm_st parse(struct pqm_json **out, pqm_bytes text)
{
	struct pqm_err err = { 0 };
	enum pqm_st st = pqm_json_parse(out, text, 1 << 20, &err);

	assert_true(st == PQM_OK || err.msg[0] != '\0');
	return st;
}

static const char sample[] =
	"{\"name\": \"caf\\u00e9 \\\"x\\\"\", \"n\": 12, \"neg\": -3, \"f\": 1.5,\n"
	" \"yes\": true, \"no\": false, \"nil\": null, \"big\": 9007199254740993e3,\n"
	" \"list\": [1, \"two\", {\"three\": 3}], \"n\": 13, \"empty\": {}}\n";

static void values_are_read_by_type(void **state)
{
	struct pqm_json *root = NULL;
	uint64_t u = 0;
	int64_t i = 0;
	double d = 0;

	(void)state;
	assert_int_equal(parse(&root, pqm_str(sample)), PQM_OK);
	assert_true(pqm_json_is_object(root));
	assert_bytes(pqm_json_str(root, "name"), "café \"x\"");
	assert_true(pqm_json_get_u64(root, "n", &u) && u == 12); /* the first wins */
	assert_true(pqm_json_get_i64(root, "neg", &i) && i == -3);
	assert_true(pqm_json_get_f64(root, "f", &d) && d > 1.4 && d < 1.6);
	assert_true(pqm_json_true(root, "yes") && !pqm_json_true(root, "no"));
	assert_true(pqm_json_is_null(pqm_json_get(root, "nil")));
	assert_false(pqm_json_get_u64(root, "neg", &u));
	assert_false(pqm_json_get_u64(root, "f", &u));
	assert_false(pqm_json_get_u64(root, "big", &u));
	assert_false(pqm_json_get_u64(root, "name", &u));
	assert_int_equal(pqm_json_str(root, "n").n, 0);
	pqm_json_free(root);
}

static void containers_are_walked_in_order(void **state)
{
	static const char *const keys[] = { "name", "n", "neg", "f" };
	const struct pqm_json *v, *list;
	struct pqm_json *root = NULL;
	size_t n = 0;

	(void)state;
	assert_int_equal(parse(&root, pqm_str(sample)), PQM_OK);
	for (v = pqm_json_first(root); v != NULL && n < 4; v = pqm_json_next(v), n++)
		assert_bytes(pqm_json_key(v), keys[n]);
	list = pqm_json_get(root, "list");
	assert_true(pqm_json_is_array(list));
	assert_int_equal(pqm_json_size(list), 3);
	v = pqm_json_next(pqm_json_first(list));
	assert_bytes(pqm_json_text(v), "two");
	assert_int_equal(pqm_json_key(v).n, 0);
	assert_null(pqm_json_first(pqm_json_get(root, "empty")));
	assert_null(pqm_json_first(pqm_json_get(root, "n")));
	pqm_json_free(root);
}

static void null_nodes_answer_nothing(void **state)
{
	double d;

	(void)state;
	assert_null(pqm_json_get(NULL, "x"));
	assert_null(pqm_json_first(NULL));
	assert_null(pqm_json_next(NULL));
	assert_int_equal(pqm_json_size(NULL), 0);
	assert_int_equal(pqm_json_text(NULL).n + pqm_json_key(NULL).n, 0);
	assert_false(pqm_json_f64(NULL, &d));
	pqm_json_free(NULL);
}

static void every_prefix_is_refused(void **state)
{
	struct pqm_json *root = NULL;

	(void)state;
	for (size_t n = 0; n < sizeof(sample) - 2; n++)
		assert_int_equal(parse(&root, pqm_sub(pqm_str(sample), 0, n)), PQM_EPARSE);
	assert_null(root);
}

static void malformed_documents_are_refused(void **state)
{
	static const char *const t[] = { "", "  \n", "{", "]", "{]", "[1,]", "{\"a\"}", "{'a': 1}",
		"nul", "[1] [2]", "{} x", "\"open", "\"nul \\u0000\"", "[\"a\\", "\\",
		"{\"a\":1}}" };
	struct pqm_json *root = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		assert_int_equal(parse(&root, pqm_str(t[i])), PQM_EPARSE);
	assert_null(root);
}

static void depth_and_size_are_limited(void **state)
{
	static char text[4 * PQM_JSON_DEPTH];
	struct pqm_json *root = NULL;
	struct pqm_err err;

	(void)state;
	for (size_t depth = PQM_JSON_DEPTH; depth <= PQM_JSON_DEPTH + 1; depth++) {
		memset(text, '[', depth);
		memset(text + depth, ']', depth);
		enum pqm_st st = parse(&root, (pqm_bytes){ (const uint8_t *)text, 2 * depth });

		assert_int_equal(st, depth <= PQM_JSON_DEPTH ? PQM_OK : PQM_ELIMIT);
		if (st == PQM_OK)
			pqm_json_free(root);
	}
	assert_int_equal(pqm_json_parse(&root, PQM_LIT("[1,2]"), 4, &err), PQM_ELIMIT);
	assert_int_equal(pqm_json_parse(&root, PQM_LIT("[1,2]"), 5, &err), PQM_OK);
	pqm_json_free(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_read_by_type),
		cmocka_unit_test(containers_are_walked_in_order),
		cmocka_unit_test(null_nodes_answer_nothing),
		cmocka_unit_test(every_prefix_is_refused),
		cmocka_unit_test(malformed_documents_are_refused),
		cmocka_unit_test(depth_and_size_are_limited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
