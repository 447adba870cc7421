#include "unit.h"

#include "base/limits.h"
#include "parse/yaml_json.h"

static enum pqm_st read_text(struct pqm_arena *a, const char *text, const struct pqm_yaml **root,
	struct pqm_yjson_at *at, struct pqm_err *err)
{
	pqm_arena_init(a, (size_t)32 << 20);
	*at = (struct pqm_yjson_at){ 0, 1, 1 };
	return pqm_yjson_value(root, pqm_str(text), at, NULL, a, err);
}

static void places_are_lines_columns_and_bytes(void **state)
{
	static const char text[] =
		"{\n  \"spec\": {\"tls\": [\n    {\"secretName\": \"data-tls\"}]}}\n";
	const struct pqm_yaml *root = NULL, *v;
	struct pqm_yjson_at at;
	struct pqm_arena a;
	struct pqm_err err;

	(void)state;
	assert_int_equal(read_text(&a, text, &root, &at, &err), PQM_OK);
	v = pqm_yaml_get(pqm_yaml_at(root, "spec.tls")->items[0], "secretName");
	assert_bytes(v->text, "data-tls");
	assert_true(v->line == 3 && v->col == 20 && !v->is_plain);
	assert_memory_equal(text + v->off, "\"data-tls\"", 10);
	assert_int_equal(v->end_off - v->off, 10);
	assert_true(at.line == 3 && text[at.off] == '\n');
	pqm_arena_fini(&a);
}

static void escapes_are_undone(void **state)
{
	const struct pqm_yaml *root = NULL;
	struct pqm_yjson_at at;
	struct pqm_arena a;
	struct pqm_err err;

	(void)state;
	assert_int_equal(read_text(&a,
				 "[\"a\\nb\\\"\\\\\\/\", \"\\u00e9\\u20ac\\ud83d\\ude00\", "
				 "\"\\ud83dx\", null, \"null\", 12, true]",
				 &root, &at, &err),
		PQM_OK);
	assert_int_equal(root->n, 7);
	assert_bytes(root->items[0]->text, "a\nb\"\\/");
	assert_bytes(root->items[1]->text, "é€😀");
	assert_bytes(root->items[2]->text, "\xef\xbf\xbdx");
	assert_int_equal(pqm_yaml_text(root->items[3]).n, 0);
	assert_bytes(pqm_yaml_text(root->items[4]), "null");
	assert_bytes(root->items[5]->text, "12");
	assert_true(root->items[6]->is_plain);
	pqm_arena_fini(&a);
}

static void what_is_malformed_says_where(void **state)
{
	static const struct {
		const char *text, *where;
	} bad[] = {
		{ "", "1:1: " },
		{ "{\"a\": 1,}", "1:9: " },
		{ "{\"a\" 1}", "1:6: " },
		{ "{\n  \"a\": nope\n}", "2:8: " },
		{ "[1 2]", "1:4: " },
		{ "[\"a", "1:2: " },
		{ "[\"a\nb\"]", "1:2: " },
		{ "[\"\\x\"]", "1:2: " },
		{ "[\"\\u12g4\"]", "1:2: " },
		{ "{a: 1}", "1:2: " },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const struct pqm_yaml *root = NULL;
		struct pqm_yjson_at at;
		struct pqm_arena a;
		struct pqm_err err;

		assert_int_equal(read_text(&a, bad[i].text, &root, &at, &err), PQM_EPARSE);
		if (strncmp(err.msg, bad[i].where, strlen(bad[i].where)) != 0)
			fail_msg("%s: %s", bad[i].text, err.msg);
		pqm_arena_fini(&a);
	}
}

static void depth_has_a_limit(void **state)
{
	char text[400];
	const struct pqm_yaml *root = NULL;
	struct pqm_yjson_at at;
	struct pqm_arena a;
	struct pqm_err err;

	(void)state;
	memset(text, '[', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(read_text(&a, text, &root, &at, &err), PQM_ELIMIT);
	pqm_arena_fini(&a);
}

static void members_can_be_stepped_over(void **state)
{
	static const char text[] = "{\"metadata\": {\"managedFields\": [{\"x\": \"}\\\"]\"}],\n"
				   "\"name\": \"n\"}, \"managedFields\": 1}";
	struct pqm_yjson_skip skip = { PQM_LIT("metadata"), PQM_LIT("managedFields") };
	struct pqm_yjson_opt opt = { &skip, 1 };
	struct pqm_yjson_at at = { 0, 1, 1 };
	const struct pqm_yaml *root = NULL, *meta;
	struct pqm_arena a;
	struct pqm_err err;

	(void)state;
	pqm_arena_init(&a, 1 << 20);
	assert_int_equal(pqm_yjson_value(&root, pqm_str(text), &at, &opt, &a, &err), PQM_OK);
	meta = pqm_yaml_get(root, "metadata");
	assert_int_equal(meta->n, 1);
	assert_int_equal(pqm_yaml_get(meta, "name")->line, 2);
	assert_bytes(pqm_yaml_str(root, "managedFields"), "1");
	pqm_arena_fini(&a);
}

static void lists_are_walked_without_a_tree(void **state)
{
	static const char text[] = "{\"kind\": \"List\",\n \"items\": [ {\"a\": [1]},\n  {} , 3 ],"
				   " \"end\": null}";
	struct pqm_yjson_at at = { 0, 1, 1 };
	pqm_bytes t = pqm_str(text), key;
	unsigned n = 0;

	(void)state;
	assert_true(pqm_yjson_enter(t, &at, '{'));
	assert_true(pqm_yjson_key(t, &at, &key) && pqm_eqs(key, "kind"));
	assert_true(pqm_yjson_skip_value(t, &at));
	assert_true(pqm_yjson_key(t, &at, &key) && pqm_eqs(key, "items"));
	assert_true(pqm_yjson_enter(t, &at, '['));
	while (pqm_yjson_element(t, &at)) {
		n++;
		if (n == 2)
			assert_true(at.line == 3 && at.col == 3);
		assert_true(pqm_yjson_skip_value(t, &at));
	}
	assert_int_equal(n, 3);
	assert_int_equal(text[at.off], ']');
	at.off++;
	assert_true(pqm_yjson_key(t, &at, &key) && pqm_eqs(key, "end"));
}

static void a_text_is_one_value(void **state)
{
	struct pqm_yjson_at at = { 0, 1, 1 };
	const struct pqm_yaml *root = NULL;
	struct pqm_err err = { 0 };
	struct pqm_arena a;
	pqm_bytes v;

	(void)state;
	pqm_arena_init(&a, (size_t)1 << 20);
	assert_int_equal(
		pqm_yjson_root(&root, PQM_LIT(" \n{\"k\": \"v\"} more"), &a, &err), PQM_OK);
	assert_bytes(pqm_yaml_str(root, "k"), "v");
	assert_int_not_equal(pqm_yjson_root(&root, PQM_LIT("{\"k\": "), &a, &err), PQM_OK);
	assert_null(root);
	assert_true(pqm_yjson_text(PQM_LIT(" \"a\\n\" , 12 "), &at, &v));
	assert_bytes(v, "a\\n");
	at.off = 8;
	assert_true(pqm_yjson_text(PQM_LIT(" \"a\\n\" , 12 "), &at, &v));
	assert_bytes(v, "12");
	assert_false(pqm_yjson_text(PQM_LIT("  "), &(struct pqm_yjson_at){ 0, 1, 1 }, &v));
	pqm_arena_fini(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(places_are_lines_columns_and_bytes),
		cmocka_unit_test(escapes_are_undone),
		cmocka_unit_test(what_is_malformed_says_where),
		cmocka_unit_test(depth_has_a_limit),
		cmocka_unit_test(members_can_be_stepped_over),
		cmocka_unit_test(lists_are_walked_without_a_tree),
		cmocka_unit_test(a_text_is_one_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
