/* test_lex.c — what is code and what is not, in every language. */
#include "unit.h"

#include "base/limits.h"
#include "parse/lex.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* The tokens as one text: names and numbers as they are, strings as <…>, with a blank between. */
static const char *lexed(char out[4096], const char *text, enum pqm_lang lang)
{
	struct pqm_err err = { 0 };
	struct pqm_arena a;
	struct pqm_toks toks;
	size_t n = 0;

	pqm_arena_init(&a, PQM_ARENA_BYTES);
	if (pqm_lex(&toks, pqm_str(text), lang, &a, &err) != PQM_OK)
		fail_msg("%s", err.msg);
	for (size_t i = 0; i < toks.n; i++) {
		const struct pqm_tok *t = &toks.tok[i];
		bool text_token = t->kind == PQM_T_TEXT;

		n += (size_t)snprintf(out + n, 4096 - n, "%s%s%.*s%s%s", i > 0 ? " " : "",
			text_token			  ? "<"
				: t->kind == PQM_T_DEFINE ? "#"
				: t->kind == PQM_T_EOD	  ? "$"
							  : "",
			(int)t->n, text + t->off, text_token ? ">" : "",
			(t->flags & PQM_TOK_OPEN) != 0 ? "?" : "");
	}
	assert_int_equal(toks.tok[toks.n].kind, PQM_T_END);
	pqm_arena_fini(&a);
	out[n] = '\0';
	return out;
}

static void comments_and_strings_are_no_code(void **state)
{
	static const struct {
		enum pqm_lang lang;
		const char *text, *tokens;
	} cases[] = {
		{ PQM_LANG_C, "a/*b*/c//d\ne", "a c e" },
		{ PQM_LANG_C, "a // b \\\n c\nd", "a d" },
		{ PQM_LANG_C, "f(\"a\\\"b\", 'c', '\"')", "f ( <a\\\"b>? , <c> , <\"> )" },
		{ PQM_LANG_C, "R\"x(a\"b)y\")x\" c", "<a\"b)y\"> c" },
		{ PQM_LANG_C, "u8\"a\" L'b'", "<a> <b>" },
		{ PQM_LANG_C, "1'000 0x1F 1e-3f", "1'000 0x1F 1e-3f" },
		{ PQM_LANG_C, "\"open\na", "<open> a" },
		{ PQM_LANG_C, "#if 0\na\n#if 1\nb\n#endif\n#else\nc\n#endif\nd",
			"#if #else c #endif d" },
		{ PQM_LANG_C, "#define A 1 + \\\n 2\nb", "#A 1 + 2 $ b" },
		{ PQM_LANG_C, "#include <a/b.h>\n#include \"c.h\"\n", "a/b.h c.h" },
		{ PQM_LANG_C, "#pragma omp f(x)\na", "a" },
		{ PQM_LANG_C, "#define A /* x\n y */ 2\nb", "#A 2 $ b" },
		{ PQM_LANG_PYTHON, "a # b\nc", "a c" },
		{ PQM_LANG_PYTHON, "'''a\n'b' ''' \"\"\"c\"\"\"", "<a\n'b' > <c>" },
		{ PQM_LANG_PYTHON, "r'\\' f'{x}' b\"a\" rb'c'", "<\\> <{x}>? <a> <c>" },
		{ PQM_LANG_PYTHON, "a = 'b\nc", "a = <b> c" },
		{ PQM_LANG_GO, "`a\n\"b` '\"' \"c\" // d\n/* e */ f", "<a\n\"b> <\"> <c> f" },
		{ PQM_LANG_JAVA, "\"\"\"\n a \"b\" \"\"\" c /** d */ 'e'", "<\n a \"b\" > c <e>" },
		{ PQM_LANG_KOTLIN, "/* a /* b */ c */ \"\"\"d\"\"\" \"e$f\"", "<d> <e$f>?" },
		{ PQM_LANG_SCALA, "s\"a$b\" 'c' x: 'sym", "<a$b>? <c> x : ' sym" },
		{ PQM_LANG_JS, "a = /b'c/g; d = e / f", "a = <b'c>? g ; d = e / f" },
		{ PQM_LANG_JS, "`a ${`b}` + '}'} c` d", "<a ${`b}` + '}'} c>? d" },
		{ PQM_LANG_JS, "f?.g ?? h === i", "f ?. g ?? h === i" },
		{ PQM_LANG_RUST, "/* a /* b */ c */ r#\"d\"e\"# 'f' fn<'g>(h: &'g i)",
			"<d\"e> <f> fn < ' g > ( h : & ' g i )" },
		{ PQM_LANG_RUST, "b'x' '\\n' br\"y\"", "<x> <\\n>? <y>" },
		{ PQM_LANG_CSHARP, "@\"a\\\"\"b\" $\"{c}\" \"\"\"d \"e\" \"\"\"",
			"<a\\\"\"b> <{c}>? <d \"e\" >" },
		{ PQM_LANG_CSHARP, "#region x'y\na\n#endregion\n", "a" },
	};

	char out[4096];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		if (strcmp(lexed(out, cases[i].text, cases[i].lang), cases[i].tokens) != 0)
			fail_msg("%s\n gives %s\n  not  %s", cases[i].text, out, cases[i].tokens);
}

static void tokens_know_their_place(void **state)
{
	static const char text[] = "#!/usr/bin/python3\n# x\n  f('''\n''', g)\\\n  h\n";

	static const struct {
		uint32_t line, col;
		bool first;
	} want[] = { { 3, 3, true }, { 3, 4, false }, { 3, 5, false }, { 4, 4, false },
		{ 4, 6, false }, { 4, 7, false }, { 5, 3, false } };
	struct pqm_err err = { 0 };
	struct pqm_arena a;
	struct pqm_toks toks;

	(void)state;
	pqm_arena_init(&a, PQM_ARENA_BYTES);
	assert_int_equal(pqm_lex(&toks, pqm_str(text), PQM_LANG_PYTHON, &a, &err), PQM_OK);
	assert_int_equal(toks.n, COUNT(want));
	for (size_t i = 0; i < COUNT(want); i++) {
		assert_int_equal(toks.tok[i].line, want[i].line);
		assert_int_equal(toks.tok[i].col, want[i].col);
		if (i != 3) /* a line begins within the brackets */
			assert_int_equal(toks.tok[i].flags & PQM_TOK_FIRST, want[i].first);
	}
	pqm_arena_fini(&a);
}

static void numbers_are_whole_or_none(void **state)
{
	static const struct {
		const char *text;
		enum pqm_lang lang;
		bool ok;
		uint64_t n;
	} cases[] = {
		{ "2048", PQM_LANG_C, true, 2048 },
		{ "0x800UL", PQM_LANG_C, true, 2048 },
		{ "2'048", PQM_LANG_C, true, 2048 },
		{ "2_048usize", PQM_LANG_RUST, true, 2048 },
		{ "2048f32", PQM_LANG_RUST, false, 0 },
		{ "0b1000", PQM_LANG_PYTHON, true, 8 },
		{ "0o10", PQM_LANG_PYTHON, true, 8 },
		{ "0", PQM_LANG_GO, true, 0 },
		{ "010", PQM_LANG_C, false, 0 }, /* 8 in C, 10 elsewhere: nobody means it */
		{ "1.5", PQM_LANG_C, false, 0 },
		{ "1e3", PQM_LANG_PYTHON, false, 0 },
		{ "0x", PQM_LANG_C, false, 0 },
		{ "18446744073709551615", PQM_LANG_C, true, UINT64_MAX },
		{ "18446744073709551616", PQM_LANG_C, false, 0 },
		{ "", PQM_LANG_C, false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint64_t n = 77;
		bool ok = pqm_lex_int(pqm_str(cases[i].text), cases[i].lang, &n);

		if (ok != cases[i].ok || n != (ok ? cases[i].n : 77))
			fail_msg("%s gives %d %llu", cases[i].text, ok, (unsigned long long)n);
	}
}

static void names_tell_the_language(void **state)
{
	(void)state;
	assert_int_equal(pqm_lang_of_name(PQM_LIT("a.py")), PQM_LANG_PYTHON);
	assert_int_equal(pqm_lang_of_name(PQM_LIT("a.test.tsx")), PQM_LANG_JS);
	assert_int_equal(pqm_lang_of_name(PQM_LIT(".py")), PQM_LANG_NONE);
	assert_int_equal(pqm_lang_of_name(PQM_LIT("py")), PQM_LANG_NONE);
	assert_int_equal(pqm_lang_of_name(PQM_LIT("a.pyc")), PQM_LANG_NONE);
	assert_int_equal(pqm_lang_of_name(PQM_LIT("a.")), PQM_LANG_NONE);
	assert_int_equal(pqm_lang_of_name((pqm_bytes){ NULL, 0 }), PQM_LANG_NONE);
	assert_int_equal(pqm_lang_of_head(PQM_LIT("#!/usr/bin/env python3\nx")), PQM_LANG_PYTHON);
	assert_int_equal(pqm_lang_of_head(PQM_LIT("#!/bin/sh\npython")), PQM_LANG_NONE);
	assert_string_equal(pqm_lang_name(PQM_LANG_KOTLIN), "java");
}

static void text_over_the_limit_is_refused(void **state)
{
	struct pqm_err err = { 0 };
	struct pqm_arena a;
	struct pqm_toks toks;
	size_t n = PQM_LEX_BYTES + 1;
	uint8_t *p = pqm_malloc(n);

	(void)state;
	assert_non_null(p);
	memset(p, ';', n);
	pqm_arena_init(&a, PQM_ARENA_BYTES);
	assert_int_equal(pqm_lex(&toks, (pqm_bytes){ p, n }, PQM_LANG_C, &a, &err), PQM_ELIMIT);
	assert_int_equal(pqm_lex(&toks, (pqm_bytes){ p, n - 1 }, PQM_LANG_C, &a, &err), PQM_ELIMIT);
	assert_string_not_equal(err.msg, "");
	pqm_arena_fini(&a);
	pqm_free(p);
}

static void memory_may_end_anywhere(void **state)
{
	static const char text[] = "import a\n";

	(void)state;
	for (size_t cap = 0; cap < 4096; cap += 16) {
		struct pqm_err err = { 0 };
		struct pqm_arena a;
		struct pqm_toks toks = { 0 };

		pqm_arena_init(&a, cap);
		enum pqm_st st = pqm_lex(&toks, pqm_str(text), PQM_LANG_PYTHON, &a, &err);

		assert_true(st == PQM_OK || st == PQM_ENOMEM);
		assert_int_equal(toks.n, st == PQM_OK ? 2 : 0);
		pqm_arena_fini(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comments_and_strings_are_no_code),
		cmocka_unit_test(tokens_know_their_place),
		cmocka_unit_test(numbers_are_whole_or_none),
		cmocka_unit_test(names_tell_the_language),
		cmocka_unit_test(text_over_the_limit_is_refused),
		cmocka_unit_test(memory_may_end_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
