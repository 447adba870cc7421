/*
 * gotmpl.h — a chart's template as YAML that can be read without Helm.
 *
 * Shape:     text with {{ actions }} in, the same number of lines out. Actions are evaluated as far as values
 *            tell: paths of .Values and .Chart, variables, default, quote, printf, toYaml and such; conditions
 *            on them choose a branch. What nobody can tell without Helm stands as <name> where a value is
 *            needed, and as nothing where it fills a line of its own. A condition that cannot be told is taken
 *            as true, a range gives its body once, with the first item. Maps come in flow style behind a merge
 *            key, so that one line is enough.
 * Units:     lines stay where they are; columns do not.
 * Ownership: out is the caller's; values must live until the call ends.
 * Errors:    PQM_EPARSE for an action without an end, PQM_ELIMIT over out's maximum or nesting. Whatever is
 *            not understood inside an action is unresolved, never an error.
 * Threads:   pure.
 * Limits:    nesting of blocks, parentheses and variables in gotmpl.c.
 * Standard:  Go text/template; functions of Sprig and Helm 3 as far as named in gotmpl_eval.c.
 */
#ifndef PQM_PARSE_GOTMPL_H
#define PQM_PARSE_GOTMPL_H

#include "base/buf.h"
#include "yaml.h"

struct pqm_gotmpl {
	/* The node of ("Values", "a.b") or ("Chart", "Name"); NULL: not set. may be NULL: nothing is known. */
	const struct pqm_yaml *(*look)(void *ctx, pqm_bytes root, pqm_bytes path);
	void *ctx;
	bool has_values; /* a path of .Values that look() does not find is not set, rather than unknown */
	/* Filled: */
	size_t n_actions, n_unresolved;
};

enum pqm_st pqm_gotmpl_read(struct pqm_buf *out, pqm_bytes text, struct pqm_gotmpl *t,
	struct pqm_arena *arena, struct pqm_err *err) PQM_MUST_USE;

#endif
