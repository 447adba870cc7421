#include "native.h"

/* Symbols that a finding lists by name. */
#define SHOWN 8

struct symbol {
	pqm_bytes name;
	uint64_t off;
};

/* What one rule saw in this file. */
struct native_tally {
	struct pqm_native_meaning m;
	const struct pqm_native_lib *lib;
	pqm_bytes file;
	bool is_export;
	struct symbol *syms;
	size_t n, cap;
};

enum pqm_st native_rules(
	struct native_look *k, const struct pqm_rules *r, const char *prefix, struct pqm_err *err)
{
	struct kept {
		struct pqm_native *rules;
	} * kept;
	struct pqm_arena *arena = NULL;
	struct pqm_native *made = NULL;
	enum pqm_st st;

	kept = pqm_emit_kept(k->out, sizeof(*kept), &arena);
	if (kept != NULL && kept->rules != NULL) {
		k->rules = kept->rules;
		return PQM_OK;
	}
	st = pqm_native_build(&made, r, prefix, kept == NULL ? k->a->arena : arena, err);
	if (st == PQM_OK && kept != NULL)
		kept->rules = made;
	k->rules = made;
	return st;
}

static struct native_tally *tally_of(struct native_look *k, const struct native_tally *want)
{
	struct native_tally *grown;

	for (size_t i = 0; i < k->n; i++)
		if (k->tally[i].m.rule == want->m.rule && k->tally[i].lib == want->lib &&
			k->tally[i].is_export == want->is_export)
			return &k->tally[i];
	grown = pqm_grow(k->a->arena, k->tally, k->n, &k->cap);
	if (grown == NULL)
		return NULL;
	k->tally = grown;
	k->tally[k->n] = *want;
	return &k->tally[k->n++];
}

enum pqm_st native_add(
	struct native_look *k, pqm_bytes file, pqm_bytes symbol, uint64_t off, bool is_export)
{
	struct native_tally want = {
		.lib = pqm_native_lib(k->rules, file), .file = file, .is_export = is_export
	};
	struct native_tally *t;
	struct symbol *grown;

	if (want.lib == NULL || !pqm_native_symbol(k->rules, want.lib, symbol, &want.m))
		return PQM_OK;
	t = tally_of(k, &want);
	if (t == NULL)
		return PQM_ENOMEM;
	for (size_t i = 0; i < t->n; i++)
		if (pqm_eq(t->syms[i].name, symbol))
			return PQM_OK;
	grown = pqm_grow(k->a->arena, t->syms, t->n, &t->cap);
	if (grown == NULL)
		return PQM_ENOMEM;
	t->syms = grown;
	t->syms[t->n++] = (struct symbol){ symbol, off };
	return PQM_OK;
}

bool native_has(const struct native_look *k, const struct pqm_yaml *symbols)
{
	for (size_t i = 0; i < k->n; i++)
		for (size_t s = 0; !k->tally[i].is_export && s < k->tally[i].n; s++)
			for (size_t g = 0; symbols != NULL && g < symbols->n; g++)
				if (pqm_glob(pqm_yaml_text(symbols->items[g]),
					    k->tally[i].syms[s].name))
					return true;
	return false;
}

static int by_name(const void *a, const void *b)
{
	return pqm_cmp(((const struct symbol *)a)->name, ((const struct symbol *)b)->name);
}

/* "RSA_sign,RSA_verify +3" */
static pqm_bytes list_symbols(struct pqm_arena *a, const struct native_tally *t)
{
	size_t shown = t->n < SHOWN ? t->n : SHOWN;
	pqm_bytes out = { NULL, 0 };

	for (size_t i = 0; i < shown; i++)
		out = pqm_arena_f(a, "%.*s%s%.*s", PQM_FMT(out), i == 0 ? "" : ",",
			PQM_FMT(pqm_printable(a, t->syms[i].name)));
	return t->n == shown ? out : pqm_arena_f(a, "%.*s +%zu", PQM_FMT(out), t->n - shown);
}

/* A program that only frees keys which another library handed to it does not use the algorithm. */
static bool is_housekeeping(const struct native_tally *t)
{
	const struct pqm_yaml *globs =
		t->lib->lib == NULL ? NULL : pqm_yaml_get(t->lib->lib->rule->node, "housekeeping");

	for (size_t i = 0; i < t->n; i++) {
		bool fits = false;

		for (size_t g = 0; globs != NULL && g < globs->n && !fits; g++)
			fits = pqm_glob(pqm_yaml_text(globs->items[g]), t->syms[i].name);
		if (!fits)
			return false;
	}
	return t->n > 0;
}

static enum pqm_st emit_one(struct native_look *k, struct native_tally *t)
{
	struct pqm_arena *a = k->a->arena;
	bool is_name = pqm_eqs(t->m.operation, "named");
	pqm_bytes symbol, file = pqm_printable(a, t->file);
	struct pqm_found f = t->m.emit;
	char more[48] = "";

	qsort(t->syms, t->n, sizeof(*t->syms), by_name);
	symbol = pqm_printable(a, t->syms[0].name);
	if (t->n > 1)
		(void)snprintf(more, sizeof(more), " and %zu more", t->n - 1);
	f.rule = t->m.rule->id;
	f.identity = pqm_arena_f(a, "%s%.*s/%.*s", t->is_export ? "export/" : "",
		PQM_FMT(t->m.rule->id), PQM_FMT(t->lib->name));
	f.meaning = k->is_program && !t->is_export && !is_name ? PQM_USE : PQM_OFFER;
	f.evidence = is_name ? PQM_HINTED : PQM_LINKED;
	f.fix = t->m.fix;
	f.object = symbol;
	f.off = t->syms[0].off;
	f.why = t->is_export
		? pqm_arena_f(a, "%s library %.*s exports %.*s%s: %.*s", k->form, PQM_FMT(file),
			  PQM_FMT(symbol), more, PQM_FMT(t->m.why))
		: pqm_arena_f(a,
			  "%s %s imports %.*s%s from %.*s; what it hands to it is not read: %.*s",
			  k->form, k->is_program ? "program" : "library", PQM_FMT(symbol), more,
			  PQM_FMT(file), PQM_FMT(t->m.why));
	pqm_found_attr(&f, "symbols", list_symbols(a, t));
	pqm_found_attr(&f, "library", file);
	pqm_found_attr(&f, "operation", t->m.operation);
	return f.identity.p == NULL || f.why.p == NULL ? PQM_ENOMEM : pqm_emit(k->out, &f);
}

enum pqm_st native_emit(struct native_look *k)
{
	enum pqm_st st = PQM_OK;

	for (size_t i = 0; st == PQM_OK && i < k->n; i++)
		if (k->tally[i].is_export || !is_housekeeping(&k->tally[i]))
			st = emit_one(k, &k->tally[i]);
	return st;
}
