/*
 * source.h — calls of cryptographic libraries in program text: helpers of det_source.c and
 *            det_notebook.c.
 *
 * Shape:     tokens, then what each local name stands for (imports, values defined once), then one walk
 *            that keeps the scopes and asks rules/source about every call.
 * Ownership: everything lives in the artifact's arena or the rules; what is emitted is copied.
 * Errors:    as the emitter's; PQM_ELIMIT for text that is too long.
 * Threads:   one text at a time.
 * Never:     texts of strings other than names of algorithms in findings.
 */
#ifndef PQM_DETECT_SOURCE_H
#define PQM_DETECT_SOURCE_H

#include "base/limits.h"
#include "base/map.h"
#include "detect/detector.h"
#include "rules/source.h"

/* Where code lives says whether a program of this tree runs it. */
enum pqm_source_role {
	PQM_SOURCE_OWN,
	PQM_SOURCE_TEST,
	PQM_SOURCE_EXAMPLE,
	PQM_SOURCE_VENDORED,
	PQM_SOURCE_LIBRARY
};

struct pqm_source_text {
	const struct pqm_rules *rules;
	const struct pqm_call_lang *lang;
	enum pqm_lang kind;
	pqm_bytes text;
	enum pqm_source_role role;
	struct pqm_arena *arena;
	struct pqm_emit *out;
	struct pqm_map *bound; /* of a notebook: imports of the cells before; else NULL */
};

/* Emits what the calls of the text mean. */
enum pqm_st pqm_source_scan(const struct pqm_source_text *t, struct pqm_err *err) PQM_MUST_USE;
enum pqm_source_role pqm_source_role_of(const struct pqm_call_lang *l, pqm_bytes path);
/* Lines that no person writes. */
bool pqm_source_is_minified(pqm_bytes text);

/* Whether a rule of rules/source shows in a sample: the file's name, a line end, its text. */
bool pqm_source_rule_fits(const struct pqm_rules *r, const struct pqm_rule *rule, pqm_bytes sample);

/* ---- between the files of the scanner ---- */

enum sc_kind { SC_UNKNOWN, SC_INT, SC_TEXT, SC_NAME };

/* What an expression is worth, as far as the text itself says it. */
struct sc_value {
	enum sc_kind kind;
	uint64_t n;
	pqm_bytes text;	 /* TEXT; of a NAME its last part */
	bool is_outside; /* a NAME that an import stands behind, or a macro of C */
	size_t open;	 /* of a NAME that is called: its bracket; else 0 */
};

/* A name that an import binds: two imports of one name are both kept. */
struct sc_binding {
	pqm_bytes target;
	struct sc_binding *next;
};

struct sc_find {
	const struct pqm_call_rule *call;
	size_t at, open, end; /* tokens: start of the name, bracket, its mate */
	pqm_bytes name, object;
	struct pqm_found f;
	bool is_set, is_mute; /* a value was found; say nothing */
};

struct sc_var {
	pqm_bytes name;
	pqm_bytes whole; /* what it holds; empty: something of its own */
	size_t from;	 /* token from which on it holds it */
	size_t find;	 /* index + 1 of what made it; 0: none */
};

enum sc_scope_kind { SC_BLOCK, SC_CLASS, SC_FUNCTION };

struct sc_scope {
	enum sc_scope_kind kind;
	bool is_code;
	uint32_t indent; /* Python */
	pqm_bytes name;
	size_t n_vars;
};

struct sc {
	const struct pqm_source_text *t;
	const struct pqm_call_lang *lang;
	enum pqm_lang kind;
	const struct pqm_tok *tok;
	size_t n;
	uint32_t *mate; /* of brackets: the other one; 0: none */
	struct pqm_arena *arena;
	struct pqm_map *bound; /* name -> struct sc_binding */
	pqm_bytes *wild;       /* packages whose names are all there */
	size_t n_wild, cap_wild;
	pqm_bytes *include;
	size_t n_include, cap_include;
	struct pqm_map consts; /* name -> struct sc_const */
	struct sc_var *var;
	size_t n_var, cap_var;
	struct sc_find *find;
	size_t n_find, cap_find;
	bool is_full;
	unsigned n_eval; /* names that the value asked for was computed from */
	uint64_t work;	 /* names that were compared */
	struct sc_scope scope[PQM_SOURCE_SCOPES];
	size_t n_scope, n_deep; /* n_deep: blocks over the limit */
};

static inline pqm_bytes sc_text(const struct sc *s, size_t i)
{
	return pqm_sub(s->t->text, s->tok[i].off, s->tok[i].n);
}

static inline bool sc_op(const struct sc *s, size_t i, unsigned op)
{
	return s->tok[i].kind == PQM_T_OP && s->tok[i].op == op;
}

static inline bool sc_name(const struct sc *s, size_t i)
{
	return s->tok[i].kind == PQM_T_NAME;
}

static inline bool sc_word(const struct sc *s, size_t i, const char *word)
{
	return sc_name(s, i) && pqm_eqs(sc_text(s, i), word);
}

static inline bool sc_first(const struct sc *s, size_t i)
{
	return (s->tok[i].flags & PQM_TOK_FIRST) != 0;
}

/* A '.' of any spelling: . :: -> ?. */
bool sc_dot(const struct sc *s, size_t i);
/* Index behind the bracket's mate, or i + 1. */
size_t sc_behind(const struct sc *s, size_t i);
/* a.b.c at i as one name with dots; *end is behind it. Empty: no name there. */
pqm_bytes sc_chain(const struct sc *s, size_t i, size_t *end);
/* The end of the statement that i is in: a ';', or the first token of a later line outside of brackets. */
size_t sc_statement_end(const struct sc *s, size_t i);

bool sc_bind(struct sc *s, pqm_bytes name, pqm_bytes target);
bool sc_imports(struct sc *s) PQM_MUST_USE;
bool sc_constants(struct sc *s) PQM_MUST_USE;
/* The value of the expression that is exactly the tokens [from, to). */
struct sc_value sc_eval(struct sc *s, size_t from, size_t to);

/* The rules of the call by this chain, or NULL; *whole is the name they know. */
const struct pqm_call_list *sc_resolve(
	struct sc *s, size_t at, pqm_bytes chain, pqm_bytes *whole, size_t *maker);
/* The whole name behind a chain, known to the rules or not; empty: not from an import. */
pqm_bytes sc_whole(struct sc *s, size_t at, pqm_bytes chain);
/* "Class.function" around the token that the walk is at, or empty. */
pqm_bytes sc_place(const struct sc *s);
enum pqm_st sc_walk(struct sc *s) PQM_MUST_USE;
/* Whether the rule's call at `at` says something, by its header and by what stands around it; a call that takes
 * back what one before has set silences that one. */
bool sc_counts(struct sc *s, const struct pqm_call_rule *m, size_t at, size_t open);
/* A call or literal: name starts at token at, its bracket is open. Gives index + 1 of the find, or 0. */
size_t sc_take(struct sc *s, const struct pqm_call_list *list, pqm_bytes whole, size_t at,
	size_t open, size_t maker);
enum pqm_st sc_emit(struct sc *s, struct pqm_err *err) PQM_MUST_USE;

#endif
