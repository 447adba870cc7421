/*
 * jclass_flow.h — which constants reach which calls of a Java method.
 *
 * Shape:     the code of one method is decoded from its start, and what is on the stack and in the
 *            local variables is followed over all branches and handlers. Where two ways meet with
 *            different values the value is unknown: what is told holds on every way. An object is
 *            known by the instruction that made it.
 * Ownership: lists are in the caller's arena.
 * Errors:    PQM_EPARSE "class file: at byte N of NAME: words" for code that no virtual machine
 *            would take; PQM_ELIMIT when it is too large to be followed; PQM_ENOMEM.
 * Threads:   pure.
 * Limits:    PQM_JFLOW_* of limits.h.
 * Standard:  The Java Virtual Machine Specification, Java SE 25, chapter 6.
 */
#ifndef PQM_PARSE_JCLASS_FLOW_H
#define PQM_PARSE_JCLASS_FLOW_H

#include "parse/jclass.h"

enum pqm_jval_kind {
	PQM_JV_UNKNOWN,
	PQM_JV_INT,   /* v: the number */
	PQM_JV_TEXT,  /* v: index of the String constant */
	PQM_JV_MADE,  /* v: pc of the new, the new array or the call that gave it */
	PQM_JV_FIELD, /* v: index of the Fieldref that it was read from */
	PQM_JV_PARAM, /* v: number of the argument of this method, the receiver included */
};

struct pqm_jval {
	uint32_t kind, v;
};

/* A call, with what it is called with: the receiver first, unless the method is static. */
struct pqm_jcall {
	uint32_t pc;
	uint16_t ref; /* index of the Methodref */
	uint8_t op;
	uint8_t n_args;
	const struct pqm_jval *args;
};

struct pqm_jstore { /* into a field */
	uint32_t pc;
	uint16_t ref;
	struct pqm_jval value;
};

struct pqm_jelem { /* an element of an array */
	struct pqm_jval array, index, value;
};

struct pqm_jflow {
	struct pqm_jcall *calls;
	size_t n_calls, cap_calls;
	struct pqm_jstore *stores;
	size_t n_stores, cap_stores;
	struct pqm_jelem *elems;
	size_t n_elems, cap_elems;
	struct pqm_jval gives; /* the same from every return; else unknown */
	bool has_return;
};

enum pqm_st pqm_jflow(struct pqm_jflow *out, struct pqm_jclass *c,
	const struct pqm_jclass_member *m, struct pqm_arena *arena,
	struct pqm_err *err) PQM_MUST_USE;

/* The arguments that a descriptor lists: how many, and the slots of each in slots (255 at most); -1
 * for a descriptor that is none. *gives: slots of the result. */
int pqm_jdesc(pqm_bytes desc, uint8_t slots[256], unsigned *gives);
/* The descriptor of the n-th argument: "I", "Ljava/lang/String;", "[B"; or empty. */
pqm_bytes pqm_jdesc_arg(pqm_bytes desc, size_t n);

#endif
