/*
 * lex.h — program text as tokens: what is code, and what is only a comment, a string or dead.
 *
 * Shape:     one flat array of tokens for a whole file. Comments and blanks leave no token; a string is one
 *            token of its content between the quotes. In C a directive leaves its own tokens, and
 *            what stands between "#if 0" and its end leaves none.
 * Units:     offsets in bytes of the text; lines and columns from 1, columns in bytes.
 * Ownership: tokens are in the caller's arena; slices are of the text.
 * Errors:    PQM_ELIMIT over PQM_LEX_TOKENS, PQM_ENOMEM. Broken text is no error: a string ends at
 *            the end of its line where the language says so, anything else at the end of the text.
 * Threads:   pure.
 * Limits:    PQM_LEX_BYTES, PQM_LEX_TOKENS, PQM_LEX_DEPTH.
 * Standard:  C17 and C++20 lexical rules, Python 3 reference §2, Go specification, JLS §3, ECMAScript
 *            2023 §12, Rust reference, C# 12 §6, Kotlin and Scala grammars: as far as they differ
 *            in what is a comment and what is a string.
 */
#ifndef PQM_PARSE_LEX_H
#define PQM_PARSE_LEX_H

#include "base/arena.h"

enum pqm_lang {
	PQM_LANG_NONE,
	PQM_LANG_C, /* and C++ */
	PQM_LANG_PYTHON,
	PQM_LANG_GO,
	PQM_LANG_JAVA,
	PQM_LANG_KOTLIN,
	PQM_LANG_SCALA,
	PQM_LANG_JS, /* and TypeScript */
	PQM_LANG_RUST,
	PQM_LANG_CSHARP,
	PQM_LANG_N
};

enum pqm_tok_kind {
	PQM_T_END, /* behind the last token */
	PQM_T_NAME,
	PQM_T_NUMBER,
	PQM_T_TEXT,    /* the content of a string */
	PQM_T_OP,      /* brackets, operators: see op */
	PQM_T_INCLUDE, /* of C: the file's name */
	PQM_T_DEFINE,  /* of C: the macro's name; its body follows, up to PQM_T_EOD */
	PQM_T_EOD,
	PQM_T_IF, /* of C: #if and its relatives; what stands between is all there */
	PQM_T_ELSE,
	PQM_T_ENDIF,
};

enum {
	PQM_TOK_FIRST = 1, /* of its line, and the line is no continuation */
	PQM_TOK_OPEN =
		2, /* a string with something inserted or escaped: its value is not its text */
	PQM_TOK_FUNCTION = 4, /* a macro with parameters */
};

/* One or two bytes of an operator; === and !== are == and !=, all of += -= <<= … are +=. */
#define PQM_OP2(a, b) ((uint16_t)((a) | (b) << 8))

struct pqm_tok {
	uint32_t off, n, line, col;
	uint16_t op;
	uint8_t kind, flags;
};

struct pqm_toks {
	const struct pqm_tok *tok; /* n of them, and one PQM_T_END */
	size_t n;
};

/* By the end of a file's name, or PQM_LANG_NONE. */
enum pqm_lang pqm_lang_of_name(pqm_bytes name);
/* By its first line ("#!/usr/bin/env python3"). */
enum pqm_lang pqm_lang_of_head(pqm_bytes head);
/* "python", "c", …; empty for NONE. The same word for languages that share their rules. */
const char *pqm_lang_name(enum pqm_lang lang);

enum pqm_st pqm_lex(struct pqm_toks *out, pqm_bytes text, enum pqm_lang lang,
	struct pqm_arena *arena, struct pqm_err *err) PQM_MUST_USE;
/* A whole number as the language writes it: 2048, 0x800, 2_048, 2048UL, 2048usize. */
bool pqm_lex_int(pqm_bytes number, enum pqm_lang lang, uint64_t *out);

#endif
