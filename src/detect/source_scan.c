/* source_scan.c — one text from its tokens to its findings; where it lives; samples of rules. */
#include "source.h"
#include "watch.h"

extern const struct pqm_detector pqm_det_source;

#define LONG_LINE 2000 /* bytes of a line that no person writes */
#define LONG_SHARE 2   /* such lines hold one byte in so many */

/* Brackets by pairs; what does not close has none. */
static bool pair(struct sc *s)
{
	static const char closes[] = { ')', ']', '}' };
	size_t n = 0, cap = 0;
	uint32_t *stack = NULL;

	s->mate = pqm_new(s->arena, uint32_t, s->n + 1);
	if (s->mate == NULL)
		return false;
	for (size_t i = 0; i < s->n; i++) {
		if (s->tok[i].kind != PQM_T_OP)
			continue;
		uint16_t op = s->tok[i].op;

		if (op == '(' || op == '[' || op == '{') {
			stack = pqm_grow(s->arena, stack, n, &cap);
			if (stack == NULL)
				return false;
			stack[n++] = (uint32_t)i;
		} else if (op == closes[0] || op == closes[1] || op == closes[2]) {
			uint16_t want = op == ')' ? '(' : op == ']' ? '[' : '{';

			/* A brace closes what was forgotten in it; another bracket only its own. */
			while (want == '{' && n > 0 && s->tok[stack[n - 1]].op != '{')
				n--;
			if (n == 0 || s->tok[stack[n - 1]].op != want)
				continue;
			s->mate[i] = stack[--n];
			s->mate[stack[n]] = (uint32_t)i;
		}
	}
	return true;
}

enum pqm_st pqm_source_scan(const struct pqm_source_text *t, struct pqm_err *err)
{
	struct sc *s = pqm_new(t->arena, struct sc, 1);
	struct pqm_map bound = { 0 };
	struct pqm_toks toks;

	if (s == NULL)
		return pqm_fail(err, PQM_ENOMEM, "program text: out of memory");
	enum pqm_st st = pqm_lex(&toks, t->text, t->kind, t->arena, err);

	if (st != PQM_OK)
		return st;
	*s = (struct sc){ .t = t, .lang = t->lang, .kind = t->kind, .arena = t->arena };
	s->tok = toks.tok;
	s->n = toks.n;
	s->bound = t->bound != NULL ? t->bound : &bound;
	st = PQM_ENOMEM;
	if (pair(s) && sc_imports(s) && sc_constants(s))
		st = sc_walk(s);
	if (st == PQM_OK)
		st = sc_emit(s, err);
	else
		(void)pqm_fail(err, st, "program text: out of memory");
	if (st == PQM_OK && s->is_full)
		pqm_emit_note(t->out, UINT64_MAX, PQM_ELIMIT,
			"more than %d calls of cryptography: the others are not told",
			PQM_SOURCE_FINDS);
	if (st == PQM_OK && s->work >= PQM_SOURCE_WORK)
		pqm_emit_note(t->out, UINT64_MAX, PQM_ELIMIT,
			"more names than are kept apart: the rest of the text is not read");
	pqm_map_fini(&s->consts);
	pqm_map_fini(&bound);
	return st;
}

static bool is_part(pqm_bytes part, const char *const *words)
{
	for (; *words != NULL; words++)
		if (pqm_ieq(part, pqm_str(*words)))
			return true;
	return false;
}

static bool is_test_file(pqm_bytes name)
{
	size_t dot = pqm_find_byte(name, 0, '.');
	pqm_bytes stem = pqm_sub(name, 0, dot == SIZE_MAX ? name.n : dot);

	return pqm_starts(name, PQM_LIT("test_")) || pqm_ends(stem, PQM_LIT("_test")) ||
		pqm_ends(stem, PQM_LIT("_tests")) || pqm_eqs(name, "conftest.py") ||
		(stem.n > 4 &&
			(pqm_ends(stem, PQM_LIT("Test")) || pqm_ends(stem, PQM_LIT("Tests")))) ||
		pqm_find(name, 0, PQM_LIT(".test.")) != SIZE_MAX ||
		pqm_find(name, 0, PQM_LIT(".spec.")) != SIZE_MAX;
}

enum pqm_source_role pqm_source_role_of(const struct pqm_call_lang *l, pqm_bytes path)
{
	static const char *const tests[] = { "test", "tests", "testing", "testdata", "test-data",
		"__tests__", "spec", "e2e", "regress", "unittests", "unit_tests", "unit-tests",
		NULL };
	static const char *const examples[] = { "example", "examples", "sample", "samples", "demo",
		"demos", NULL };
	static const char *const vendored[] = { "node_modules", "vendor", "third_party",
		"third-party", "thirdparty", "site-packages", "dist-packages", "bower_components",
		".cargo", ".m2", "_vendor", "vendored", NULL };
	pqm_bytes rest = path, part;
	enum pqm_source_role role = PQM_SOURCE_OWN;

	for (size_t i = 0; l->own != NULL && i < l->own->n; i++)
		if (pqm_glob(pqm_yaml_text(l->own->items[i]), path))
			return PQM_SOURCE_LIBRARY;
	while (rest.p != NULL && pqm_split(&rest, '/', &part)) {
		size_t inner = pqm_find(part, 0, PQM_LIT(" › "));

		/* "src.zip › vendor" */
		if (inner != SIZE_MAX)
			part = pqm_sub(part, inner + PQM_LIT(" › ").n, part.n);
		if (is_part(part, vendored))
			return PQM_SOURCE_VENDORED;
		if (is_part(part, tests) || (rest.p == NULL && is_test_file(part)))
			role = PQM_SOURCE_TEST;
		else if (is_part(part, examples) && role == PQM_SOURCE_OWN)
			role = PQM_SOURCE_EXAMPLE;
	}
	return role;
}

bool pqm_source_is_minified(pqm_bytes text)
{
	size_t in_long = 0;

	for (size_t at = 0; at < text.n;) {
		size_t end = pqm_find_byte(text, at, '\n');

		if (end == SIZE_MAX)
			end = text.n;
		if (end - at > LONG_LINE)
			in_long += end - at;
		at = end + 1;
	}
	return in_long > text.n / LONG_SHARE;
}

bool pqm_source_rule_fits(const struct pqm_rules *r, const struct pqm_rule *rule, pqm_bytes sample)
{
	struct pqm_arena arena;
	pqm_bytes text = sample, name;
	struct pqm_watch w = pqm_watch_of(rule);
	struct pqm_hits none = { NULL, 0, NULL };
	const struct pqm_calls *calls;
	struct pqm_err err;
	bool ok;

	if (!pqm_split(&text, '\n', &name) || text.p == NULL)
		return false;
	pqm_arena_init(&arena, PQM_ARENA_BYTES);
	struct pqm_artifact a = {
		.body = text, .head = text, .path = name, .name = name, .arena = &arena
	};
	const struct pqm_call_lang *l = NULL;

	if (pqm_yaml_get(rule->node, "words") != NULL) {
		ok = pqm_rules_calls(&calls, r, &err) == PQM_OK &&
			(l = pqm_calls_of(calls, pqm_lang_of_name(name))) != NULL &&
			l->rule == rule && pqm_calls_seen(l, text);
	} else {
		ok = pqm_det_source.run(r, &a, &none, &w.emit, &err) == PQM_OK && w.fits;
	}
	pqm_arena_fini(&arena);
	return ok;
}
