/*
 * practices_int.h — what the parts of the practices share.
 *
 * Ownership: rows live in the arena of the run.
 * Threads:   single-threaded.
 */
#ifndef PQM_ASSESS_PRACTICES_INT_H
#define PQM_ASSESS_PRACTICES_INT_H

#include "assess/practices.h"
#include "rules/k8s.h"

#define PR_NONE UINT32_MAX

/* What a target says of a role in one respect. */
struct pqm_contrast_row {
	pqm_bytes what, role, words;
	uint32_t target;
};

struct pqm_contrast_rows {
	struct pqm_arena *arena;
	struct pqm_contrast_row *row;
	size_t n, cap;
	bool failed;
};

/* A finding at an object; sorted by object, target. */
struct pr_placed {
	pqm_bytes object; /* "namespace/Kind/name" */
	uint32_t target;
	const struct pqm_finding *f;
	const struct pqm_occurrence *at;
};

struct pr_ctx {
	struct pqm_practices *p;
	const struct pqm_rules *rules;
	const struct pqm_inventory *inv;
	const struct pqm_graph *g;
	const struct pqm_k8s_kinds *kinds;
	pqm_bytes *ids;	       /* by object */
	pqm_bytes *image;      /* by target: what an image says of itself, or empty */
	uint32_t *node;	       /* by object */
	struct pqm_map nodes;  /* id -> struct pqm_node */
	struct pqm_arena work; /* given back at the end: what stays is copied */
	struct pr_placed *placed;
	size_t n_placed;
	uint32_t *first_out, *first_in; /* by node: edge index + 1 */
	uint32_t *next_out, *next_in;	/* by edge */
	struct pqm_contrast_rows rows;
	struct pqm_practice *item; /* being answered */
	size_t n_targets;	   /* with objects */
	enum pqm_st st;
	struct pqm_err *err;
};

/* Object, hop or endpoint: one of the three is set. */
struct pr_member {
	const struct pqm_object *o;
	const struct pqm_hop *h;
	const struct pqm_endpoint *e;
	uint32_t node; /* of an object; PR_NONE: not in the graph */
	struct pqm_practice_place at;
};

/* What in an object an answer goes by. */
struct pr_proof {
	const struct pqm_fact *fact;	/* may be NULL */
	const struct pr_placed *placed; /* may be NULL */
};

/* ---- practices_index.c ---- */

/* The first lack of memory becomes the run's error. */
void pr_no_memory(struct pr_ctx *c);
/* Fills the look-up tables of c, or sets its st. */
void pr_index(struct pr_ctx *c);
/* PR_NONE: not in the graph. */
uint32_t pr_node(const struct pr_ctx *c, pqm_bytes id);

/* ---- practices_fit.c ---- */

/* Everything that an answer, or `of`, asks of an object, but its `and` and `any`. */
bool pr_proves(struct pr_ctx *c, const struct pqm_yaml *ask, const struct pr_member *m,
	struct pr_proof *proof);
/* All that an answer asks of a member. */
bool pr_fits(struct pr_ctx *c, const struct pqm_yaml *ask, const struct pr_member *m);
/* of: { kinds, at, with, absent, edge, finding, ai }, all of which must hold, or any: a list of such. */
bool pr_is_member(struct pr_ctx *c, const struct pqm_yaml *of, const struct pr_member *m);

/* ---- practices_contrast.c ---- */

void pqm_contrast_add(struct pqm_contrast_rows *rows, const struct pqm_contrast_row *row);
/* Turns rows into the contrasts of p: of roles that two targets have, those told differently. */
enum pqm_st pqm_contrasts(
	struct pqm_practices *p, struct pqm_contrast_rows *rows, struct pqm_err *err) PQM_MUST_USE;

#endif
