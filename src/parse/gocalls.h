/*
 * gocalls.h — which functions of a Go program can be reached, and from where wanted ones are called.
 *
 * Shape:     a walk from main.main and the set-up functions of the main module over direct calls, jumps, function values
 *            (closures) and method tables that reachable code refers to; then a second one from what other
 *            packages set up at their start and from function values in data, which is `weak`: kept by the
 *            linker, not shown to run; a third from all that is left, which reflection alone may find.
 *            Functions that the caller calls a border are not descended into: what a library of cryptography
 *            does inside is not what the program does.
 * Units:     function numbers of pclntab.h; sites are offsets from its `text`.
 * Ownership: everything is in the caller's arena.
 * Errors:    PQM_OK for what cannot be followed: is_followed is false. PQM_ENOMEM.
 * Threads:   pure.
 * Limits:    PQM_GO_CALLS, PQM_GO_METHODS of limits.h; each function is walked once.
 * Standard:  Go's cmd/link and ABIInternal; Intel SDM vol. 2 (call, jmp, lea); Arm ARM C6 (bl, b, adrp, add).
 */
#ifndef PQM_PARSE_GOCALLS_H
#define PQM_PARSE_GOCALLS_H

#include "parse/pclntab.h"

#define PQM_GO_NOBODY UINT32_MAX

enum pqm_go_role {
	PQM_GO_BORDER = 1, /* not descended into; its calls are not recorded */
	PQM_GO_OWN = 2,	   /* of the main module */
	PQM_GO_INIT = 4,   /* runs at the start */
};

struct pqm_go_call {
	uint32_t from, to, site; /* to PQM_GO_NOBODY: what is watched is referred to */
	bool is_weak;
	bool is_kept;	/* nothing is seen to lead to `from` */
	bool is_value;	/* its address is taken there, not called */
	bool is_method; /* it stands in a method table that is referred to there */
};

struct pqm_go_graph {
	bool is_followed;
	/* By function; the caller fills roles and wants (0: not wanted) before the walk. */
	uint8_t *roles;
	uint16_t *wants;
	uint64_t watch;	  /* an address whose users are recorded, too; 0: none */
	uint32_t *parent; /* PQM_GO_NOBODY: a root, or not reached */
	uint32_t *parent_site;
	uint8_t *reached;	   /* 0 no, 1 yes, 2 weakly, 3 kept */
	struct pqm_go_call *calls; /* in order of the walk: those of the shortest way first */
	size_t n_calls, cap_calls;
	bool is_full; /* more than PQM_GO_CALLS */
};

enum pqm_st pqm_go_graph_new(struct pqm_go_graph *g, const struct pqm_pclntab *t,
	struct pqm_arena *arena, struct pqm_err *err) PQM_MUST_USE;
enum pqm_st pqm_go_graph_walk(struct pqm_go_graph *g, const struct pqm_gobin *bin,
	const struct pqm_pclntab *t, struct pqm_arena *arena, struct pqm_err *err) PQM_MUST_USE;
/* Every reference to the function, of all code, reached or not. */
enum pqm_st pqm_go_callers(struct pqm_go_graph *out, uint32_t function, const struct pqm_gobin *bin,
	const struct pqm_pclntab *t, struct pqm_arena *arena, struct pqm_err *err) PQM_MUST_USE;

#endif
