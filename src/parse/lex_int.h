/*
 * lex_int.h — what the files of the lexer share.
 *
 * Ownership: the lexer lives on its caller's stack, tokens in its arena.
 * Errors:    PQM_ELIMIT and PQM_ENOMEM without words: pqm_lex gives them.
 * Threads:   one.
 */
#ifndef PQM_PARSE_LEX_INT_H
#define PQM_PARSE_LEX_INT_H

#include "lex.h"

struct lexer {
	pqm_bytes text;
	size_t i, line_start;
	uint32_t line;
	enum pqm_lang lang;
	bool is_first;	/* no token of this line yet */
	bool in_define; /* in the body of a macro */
	struct pqm_arena *arena;
	struct pqm_tok *tok;
	size_t n, cap;
};

bool lex_at(const struct lexer *x, size_t i, const char *s);
void lex_newline(struct lexer *x, size_t at);
void lex_skip_to(struct lexer *x, size_t to);
/* A token that starts at `start` and whose text is the n bytes at off. */
enum pqm_st lex_put(struct lexer *x, enum pqm_tok_kind kind, size_t start, size_t off, size_t n);
/* A string, a character, a template or a regular expression; *done false: there is none here. */
enum pqm_st lex_take_text(struct lexer *x, bool *done);

#endif
