/*
 * goflow.h — what registers hold at a place of a Go function, and what it writes into objects that it makes.
 *
 * Shape:     one pass forward through a function: constants, addresses, parameters, results and fresh objects
 *            are followed through registers and stack slots; where ways join only what is the same on all
 *            of them is kept, and nothing in front of a loop or in functions with tables of jumps.
 * Units:     addresses as in the image; registers are the integer registers of the ABI, in its order.
 * Ownership: the caller's arena.
 * Errors:    unknown is the answer to everything that is not sure. PQM_ENOMEM.
 * Threads:   pure.
 * Limits:    PQM_GO_CODE_BYTES of one function; x86-64 since Go 1.17, AArch64 since 1.18.
 * Standard:  Go's ABIInternal; decoders of code_int.h.
 */
#ifndef PQM_PARSE_GOFLOW_H
#define PQM_PARSE_GOFLOW_H

#include "parse/gotypes.h"

#define PQM_GO_ARGS 9
#define PQM_GO_STORES 48
#define PQM_GO_OBJECTS 64

enum pqm_go_val_kind {
	PQM_GO_V_UNKNOWN,
	PQM_GO_V_INT,
	PQM_GO_V_ADDR,
	PQM_GO_V_PARAM,	 /* integer register v, as the function got it */
	PQM_GO_V_RESULT, /* what function v gave back in its first register */
	PQM_GO_V_OBJECT, /* object v of the flow */
};

struct pqm_go_val {
	uint64_t v;
	uint32_t kind; /* enum pqm_go_val_kind */
};

struct pqm_go_store {
	uint64_t off;
	uint32_t size;
	struct pqm_go_val val;
	uint64_t at;	  /* the instruction */
	bool is_optional; /* there is a way around it */
};

/* What runtime.newobject made. */
struct pqm_go_object {
	uint64_t type, made; /* descriptor; address of the call */
	struct pqm_go_store store[PQM_GO_STORES];
	size_t n;
	bool is_open; /* something was written that is not listed */
};

struct pqm_go_flow {
	const struct pqm_gobin *bin;
	const struct pqm_pclntab *table;
	unsigned version;
	struct pqm_arena *arena;
	/* Called at each call and jump to the start of a function, with its argument registers. */
	void (*visit)(void *ctx, uint32_t to, uint64_t at, const struct pqm_go_val *args);
	void *ctx;
	struct pqm_go_object *objects; /* of the last function */
	size_t n_objects, cap_objects;
	void *room; /* for goflow.c */
};

/* False: the function is not one that can be read. */
bool pqm_go_flow(struct pqm_go_flow *w, uint32_t function);
/* n bytes at off of the object as a number; false: not all constant, or not the same everywhere. */
bool pqm_go_object_int(
	const struct pqm_go_object *o, uint64_t off, unsigned n, bool zeros, uint64_t *out);
/* The value stored at off, when it is one only. */
struct pqm_go_val pqm_go_object_at(const struct pqm_go_object *o, uint64_t off);

#endif
