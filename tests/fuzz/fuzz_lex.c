/* The first byte chooses the language; the rest is lexed and then scanned for calls. */
#include "emit.h"
#include "parse/lex.h"

extern const struct pqm_detector pqm_det_source;
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[] = { "x/a.c", "x/a.py", "x/a.go", "x/a.java", "x/a.kt", "x/a.scala",
	"x/a.js", "x/a.rs", "x/a.cs" };

static enum pqm_st see_call(struct pqm_emit *e, const struct pqm_found *f)
{
	assert(f->line > 0 && f->col > 0 && f->quantum <= PQM_Q_UNKNOWN);
	assert(!emit_leaks(f->why) && !emit_leaks(f->identity));
	for (size_t i = 0; i < f->n_attrs; i++)
		assert(!emit_leaks(f->attrs[i].value));
	return emit_see_found(e, f);
}

static void lex(pqm_bytes text, enum pqm_lang lang)
{
	struct pqm_err err = { 0 };
	struct pqm_arena a;
	struct pqm_toks toks;
	size_t at = 0;

	pqm_arena_init(&a, PQM_ARENA_BYTES);
	if (pqm_lex(&toks, text, lang, &a, &err) != PQM_OK) {
		assert(err.msg[0] != '\0');
		pqm_arena_fini(&a);
		return;
	}
	for (size_t i = 0; i < toks.n; i++) {
		const struct pqm_tok *t = &toks.tok[i];

		assert(t->off >= at && t->off <= text.n && t->n <= text.n - t->off);
		assert(t->line > 0 && t->col > 0);
		at = t->off;
	}
	assert(toks.tok[toks.n].kind == PQM_T_END);
	pqm_arena_fini(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pqm_emit emit = emit_checks();

	emit.found = see_call;
	if (size == 0)
		return 0;
	const char *name = names[data[0] % (sizeof(names) / sizeof(names[0]))];
	pqm_bytes text = { data + 1, size - 1 };

	lex(text, pqm_lang_of_name(pqm_str(name)));
	emit_run(&pqm_det_source, &emit, name, text, NULL, 0);
	return 0;
}
