/*
 * k8s_ahead.h — the documents of a stream, or the elements of a list, read ahead of whoever uses them.
 *
 * Shape:     a walk moves along a text and makes a tree of each step where that is quick; what it leaves
 *            unread the caller reads. The same walk runs on a thread beside the caller when the scan has
 *            one left, else in the call: the steps are the same.
 * Ownership: a step's tree lives until the next step.
 * Errors:    none of its own: a thread that ends early only leaves more to the caller.
 * Threads:   a walk reads the text and its own state, nothing else.
 */
#ifndef PQM_DETECT_K8S_AHEAD_H
#define PQM_DETECT_K8S_AHEAD_H

#include "k8s.h"

struct pqm_k8s_step {
	struct pqm_yjson_at from, to; /* in the text of the walk */
	pqm_bytes text;
	const struct pqm_yaml *root; /* NULL: not read */
	bool is_nothing;	     /* there is nothing to read in it */
	bool is_tried;		     /* pqm_yaml_block would not have it */
	bool is_list;		     /* a list starts here, and nothing was read */
};

/* A place in a text. */
struct pqm_k8s_walk {
	pqm_bytes text;
	struct pqm_yjson_at at;
	size_t indent; /* of the elements of a list in YAML */
	bool is_past;  /* a list was just read: what follows it is no other */
	bool is_done;
	bool is_declared; /* the objects are declarations, which need no kind */
	bool is_template;
	/* The next step, and the place behind it; false at the end. */
	bool (*next)(struct pqm_k8s_walk *w, struct pqm_k8s_step *out, struct pqm_arena *arena);
};

struct pqm_k8s_ahead {
	struct pqm_k8s_scan *s;
	struct pqm_k8s_walk *walk;
	struct pqm_k8s_step own;
	struct pqm_k8s_line *line; /* NULL: nobody runs ahead (any more) */
};

/* Runs ahead from walk on when it is worth a thread. walk stands behind the last step that next gave. */
void pqm_k8s_ahead_start(
	struct pqm_k8s_ahead *a, struct pqm_k8s_scan *s, struct pqm_k8s_walk *walk);
const struct pqm_k8s_step *pqm_k8s_ahead_next(struct pqm_k8s_ahead *a); /* NULL at the end */
void pqm_k8s_ahead_end(struct pqm_k8s_ahead *a);

#endif
