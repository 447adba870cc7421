/*
 * gotmpl_int.h — expressions of a template; shared by gotmpl.c and gotmpl_eval.c.
 *
 * Shape:     a value is a node, a text, or unknown; a known value that is not set is a node NULL.
 * Ownership: texts live in the arena or the template.
 * Errors:    none: what is not understood is unknown.
 * Threads:   one template at a time.
 */
#ifndef PQM_PARSE_GOTMPL_INT_H
#define PQM_PARSE_GOTMPL_INT_H

#include "gotmpl.h"

#define GOTMPL_VARS 128

enum gotmpl_what { GOTMPL_UNKNOWN, GOTMPL_NODE, GOTMPL_TEXT, GOTMPL_BOOL };

struct gotmpl_value {
	enum gotmpl_what what;
	const struct pqm_yaml *node; /* NULL: nil */
	pqm_bytes text;		     /* of UNKNOWN: what to call it */
	bool is_true;		     /* of BOOL */
	bool is_block;		     /* toYaml, indent: stands for lines */
	unsigned indent;	     /* of nindent and indent */
	unsigned quote;		     /* 0, or the quote around it */
};

struct gotmpl_var {
	pqm_bytes name;
	struct gotmpl_value value;
};

struct gotmpl {
	struct pqm_gotmpl *t;
	struct pqm_arena *arena;
	struct gotmpl_value dot; /* UNKNOWN at the top: the root */
	bool is_root;		 /* the dot is the root */
	struct gotmpl_var var[GOTMPL_VARS];
	size_t n_vars;
};

/* The value of a pipeline. */
struct gotmpl_value gotmpl_eval(struct gotmpl *g, pqm_bytes expr);
/* 1, 0, or -1: cannot be told. */
int gotmpl_truth(const struct gotmpl_value *v);
void gotmpl_set(struct gotmpl *g, pqm_bytes name, struct gotmpl_value v);
/* Appends the node in flow style, on one line. */
void gotmpl_flow(struct pqm_buf *out, const struct pqm_yaml *n, unsigned depth);

#endif
