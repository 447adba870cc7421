#include "unit.h"

#include <sys/stat.h>

#include "base/limits.h"
#include "report/template.h"

/* The source's dir carries a table of names and texts. */
static enum pqm_st find(const struct pqm_tpl_source *s, pqm_bytes name, struct pqm_arena *arena,
	pqm_bytes *text, struct pqm_err *err)
{
	const char *const(*f)[2] = (const char *const(*)[2])(uintptr_t)s->dir;

	(void)arena;
	for (; (*f)[0] != NULL; f++)
		if (pqm_eqs(name, (*f)[0])) {
			*text = pqm_str((*f)[1]);
			return PQM_OK;
		}
	return pqm_fail(err, PQM_EUSAGE, "there is no template '%.*s'", PQM_FMT(name));
}

static struct pqm_tpl_source source_of(const char *const (*files)[2])
{
	return (struct pqm_tpl_source){ find, (const char *)(const void *)files };
}

static void fill_number(struct pqm_obj *o, const void *ctx, size_t i)
{
	(void)ctx;
	pqm_obj_f(o, "n", "%zu", i);
	pqm_obj_flag(o, "odd", i % 2 == 1);
	pqm_obj_list(o, "inner", 2, fill_number, NULL);
}

static enum pqm_st run(const char *const (*files)[2], struct pqm_buf *text, struct pqm_err *err)
{
	struct pqm_tpl_source s = source_of(files);
	struct pqm_arena arena;
	struct pqm_obj root;
	struct pqm_out out;
	struct pqm_tpl t;
	enum pqm_st st = pqm_tpl_compile(&t, &s, "main", err);

	if (st != PQM_OK)
		return st;
	pqm_arena_init(&arena, PQM_ARENA_BYTES);
	pqm_out_memory(&out, (size_t)1 << 20);
	root.parent = NULL;
	root.arena = &arena;
	root.n = 0;
	pqm_obj_text(&root, "plain", PQM_LIT("text"));
	pqm_obj_text(&root, "evil", PQM_LIT("<b>&\"'\x01\xff{{plain}}"));
	pqm_obj_text(&root, "empty", PQM_LIT(""));
	pqm_obj_flag(&root, "yes", true);
	pqm_obj_flag(&root, "no", false);
	pqm_obj_list(&root, "three", 3, fill_number, NULL);
	pqm_obj_opt(&root, "word", "has_word", PQM_LIT("w"));
	st = pqm_tpl_render(&t, &root, &out, err);
	pqm_buf_init(text, (size_t)1 << 20);
	assert_true(pqm_buf_add(text, pqm_buf_bytes(&out.buf)));
	assert_true(pqm_buf_byte(text, 0));
	pqm_out_abort(&out);
	pqm_tpl_fini(&t);
	pqm_arena_fini(&arena);
	return st;
}

static void the_three_forms_do_what_they_say(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "", "" },
		{ "no tags }} { }", "no tags }} { }" },
		{ "a{{plain}}b{{ plain }}", "atextbtext" },
		{ "{{evil}}", "&lt;b&gt;&amp;&quot;&#39;\\x01\\xff{{plain}}" },
		{ "[{{empty}}]", "[]" },
		{ "{{#three}}{{n}},{{/three}}", "0,1,2," },
		{ "{{#three}}{{n}}{{#odd}}!{{/odd}}{{/three}}", "01!2" },
		{ "{{#three}}{{#inner}}{{n}}{{/inner}};{{/three}}", "01;01;01;" },
		{ "{{#three}}{{plain}} {{/three}}", "text text text " },
		{ "{{#yes}}y{{/yes}}{{#no}}n{{/no}}", "y" },
		{ "{{#has_word}}{{word}}{{/has_word}}", "w" },
		{ "{{>part}}", "[text]" },
		{ "a\n{{#yes}}\nb\n{{/yes}}\nc\n", "a\nb\nc\n" },
		{ "a\n  {{>part}}  \nc", "a\n[text]c" },
		{ "a {{#yes}}\nb{{/yes}}\n", "a \nb\n" },
		{ "{{#yes}}{{/yes}}", "" },
		{ "{{#no}}{{#three}}{{n}}{{/three}}{{/no}}x", "x" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *const files[][2] = { { "main", cases[i].in }, { "part", "[{{plain}}]" },
			{ NULL, NULL } };
		struct pqm_err err = { 0 };
		struct pqm_buf text;

		if (run(files, &text, &err) != PQM_OK)
			fail_msg("%s: %s", cases[i].in, err.msg);
		assert_string_equal((const char *)text.p, cases[i].out);
		pqm_buf_fini(&text);
	}
}

static void mistakes_name_file_and_line(void **state)
{
	static const struct {
		const char *in, *says;
	} cases[] = {
		{ "a\nb {{plain", "main:2: " }, { "{{plain\n}}", "main:1: " },
		{ "\n\n{{{plain}}}", "main:3: " }, { "{{&plain}}", "there is no raw form" },
		{ "{{^yes}}{{/yes}}", "main:1: " }, { "{{!note}}", "main:1: " },
		{ "{{}}", "main:1: " }, { "{{Plain}}", "main:1: " },
		{ "x\n{{#yes}}\n", "main:2: {{yes}}: the list is never closed" },
		{ "x\n{{/yes}}", "main:2: {{yes}}: closes a list that is not open" },
		{ "{{#yes}}\n{{#no}}\n{{/yes}}",
			"main:3: {{/yes}}: the list open here is {{#no}} of line 2" },
		{ "{{>gone}}", "main:1: there is no template 'gone'" },
		{ "{{>../etc}}", "main:1: " }, { "\n{{>self}}", "insert each other too deep" },
		{ "{{>wrong}}", "wrong:2: " },
		{ "{{nothing}}", "main:1: {{nothing}}: there is no such field here" },
		{ "\n{{#nothing}}{{/nothing}}", "main:2: {{nothing}}: there is no such list here" },
		{ "{{yes}}", "main:1: {{yes}}: is a list, not text" },
		{ "{{#plain}}{{/plain}}", "main:1: {{plain}}: is text, not a list" },
		{ "{{n}}", "no such field" }, /* of the items only */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *const files[][2] = { { "main", cases[i].in }, { "self", "{{>self}}" },
			{ "wrong", "\n{{#x}}" }, { NULL, NULL } };
		struct pqm_err err = { 0 };
		struct pqm_buf text = { 0 };

		assert_int_equal(run(files, &text, &err), PQM_EUSAGE);
		if (strstr(err.msg, cases[i].says) == NULL)
			fail_msg("%s: '%s' does not say '%s'", cases[i].in, err.msg, cases[i].says);
		pqm_buf_fini(&text);
	}
}

static void nesting_and_size_are_bounded(void **state)
{
	struct pqm_buf deep, wide;
	struct pqm_err err = { 0 };
	struct pqm_buf text = { 0 };

	(void)state;
	pqm_buf_init(&deep, 4096);
	for (int i = 0; i < PQM_TPL_DEPTH; i++)
		assert_true(pqm_buf_add(&deep, PQM_LIT("{{#yes}}")));
	for (int i = 0; i < PQM_TPL_DEPTH; i++)
		assert_true(pqm_buf_add(&deep, PQM_LIT("{{/yes}}")));
	assert_true(pqm_buf_byte(&deep, 0));
	const char *const at[][2] = { { "main", (const char *)deep.p }, { NULL, NULL } };

	assert_int_equal(run(at, &text, &err), PQM_OK);
	pqm_buf_fini(&text);
	deep.n = 0;
	assert_true(pqm_buf_add(&deep, PQM_LIT("{{#yes}}")));
	for (int i = 0; i < PQM_TPL_DEPTH; i++)
		assert_true(pqm_buf_add(&deep, PQM_LIT("{{#yes}}")));
	assert_true(pqm_buf_byte(&deep, 0));
	const char *const over[][2] = { { "main", (const char *)deep.p }, { NULL, NULL } };

	assert_int_equal(run(over, &text, &err), PQM_EUSAGE);
	assert_non_null(strstr(err.msg, "too deep"));
	pqm_buf_init(&wide, (size_t)1 << 20);
	for (size_t i = 0; i <= PQM_TPL_NODES; i++)
		assert_true(pqm_buf_add(&wide, PQM_LIT("{{plain}}")));
	assert_true(pqm_buf_byte(&wide, 0));
	const char *const big[][2] = { { "main", (const char *)wide.p }, { NULL, NULL } };

	assert_int_equal(run(big, &text, &err), PQM_ELIMIT);
	pqm_buf_fini(&wide);
	pqm_buf_fini(&deep);
}

static enum pqm_st compile_once(struct pqm_err *err)
{
	static const char *const files[][2] = { { "main", "{{#three}}{{n}} {{plain}}{{/three}}" },
		{ NULL, NULL } };
	struct pqm_tpl_source s = source_of(files);
	struct pqm_tpl t;
	enum pqm_st st = pqm_tpl_compile(&t, &s, "main", err);

	if (st == PQM_OK)
		pqm_tpl_fini(&t);
	return st;
}

static void memory_that_runs_out_is_told(void **state)
{
	(void)state;
	unit_out_of_memory(50, compile_once);
}

static void a_directory_overrides_the_embedded_files(void **state)
{
	char dir[] = "/tmp/pqm-tpl-XXXXXX", path[64];
	struct pqm_err err = { 0 };
	struct pqm_tpl t;

	(void)state;
	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/main.html", dir);
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs("{{#never_closed}}\n", f) > 0);
	assert_int_equal(fclose(f), 0);
	struct pqm_tpl_source s = pqm_tpl_source(dir);

	assert_int_equal(pqm_tpl_compile(&t, &s, "main.html", &err), PQM_EUSAGE);
	assert_non_null(strstr(err.msg, "main.html:1: "));
	assert_int_equal(pqm_tpl_compile(&t, &s, "other.html", &err), PQM_EUSAGE);
	assert_non_null(strstr(err.msg, dir));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(dir), 0);
	s = pqm_tpl_source(NULL);
	assert_int_equal(pqm_tpl_compile(&t, &s, "report.html", &err), PQM_OK);
	pqm_tpl_fini(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_three_forms_do_what_they_say),
		cmocka_unit_test(mistakes_name_file_and_line),
		cmocka_unit_test(nesting_and_size_are_bounded),
		cmocka_unit_test(memory_that_runs_out_is_told),
		cmocka_unit_test(a_directory_overrides_the_embedded_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
