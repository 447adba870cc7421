/*
 * conf.h — configuration text as statements: a name, what follows it, and where it stands.
 *
 * Shape:     five forms cover the programs that rules/conf knows; includes are not followed, values are
 *            not unquoted: pqm_conf_word() cuts them into words.
 * Units:     lines and columns from 1, columns in bytes.
 * Ownership: borrows the text.
 * Errors:    none: text that is none of the form gives odd statements, or none.
 * Threads:   pure.
 * Standard:  nginx, httpd, HAProxy, OpenSSH, OpenSSL config(5), java.util.Properties, HCL 1, POSIX shell.
 */
#ifndef PQM_PARSE_CONF_H
#define PQM_PARSE_CONF_H

#include "base/bytes.h"

enum pqm_conf_form {
	PQM_CONF_LINES,	 /* "name value" to the end of the line */
	PQM_CONF_BRACES, /* "name value;" with { blocks } */
	PQM_CONF_INI,	 /* "name = value", [sections] */
	PQM_CONF_HCL,	 /* "name = value" in { blocks } */
	PQM_CONF_SHELL,	 /* commands */
};

struct pqm_conf_item {
	pqm_bytes name, value; /* value: to the end of the statement, may span lines */
	uint32_t line, col;    /* of the name */
	size_t off;
};

struct pqm_conf {
	enum pqm_conf_form form;
	pqm_bytes text;
	size_t at;
	size_t line_at; /* where the current line starts */
	uint32_t line;
};

bool pqm_conf_form_parse(pqm_bytes name, enum pqm_conf_form *out);
void pqm_conf_open(struct pqm_conf *c, enum pqm_conf_form form, pqm_bytes text);
/* The next statement; false at the end. */
bool pqm_conf_next(struct pqm_conf *c, struct pqm_conf_item *item);
/* Cuts the next word off *rest: quotes, brackets, commas, blanks, line ends and the bytes of `also` divide
 * words, and a comment behind '#' is skipped. */
bool pqm_conf_word(pqm_bytes *rest, const char *also, pqm_bytes *word);

#endif
