/*
 * follow.h — what the objects that were read name, and can be asked or read in turn: --follow.
 *
 * Shape:     one call over an inventory; each endpoint and image once, in the order of the objects that
 *            name them, then those that are left out, with words.
 * Ownership: the list and its texts live in its arena; objects are borrowed from the inventory and the
 *            graph for the call only.
 * Errors:    PQM_ENOMEM, PQM_EUSAGE for a broken rule; a name that cannot be asked is left out.
 * Limits:    PQM_FOLLOW_* in limits.h.
 * Security:  manifests are other people's words. Without is_external nothing outside the cluster is even
 *            looked up; names that can never exist [RFC6761 §6] are not looked up at all; names inside
 *            the cluster are asked only by a run inside it.
 */
#ifndef PQM_ENGINE_FOLLOW_H
#define PQM_ENGINE_FOLLOW_H

#include "engine/scan.h"

struct pqm_follow {
	struct pqm_arena arena;
	struct pqm_followed *list; /* those that are left out at the end */
	size_t n, n_left, cap;	   /* n: to be followed */
};

/* What is found in inv, but for the targets that are named already. */
enum pqm_st pqm_follow_find(struct pqm_follow *f, const struct pqm_rules *r,
	const struct pqm_inventory *inv, const struct pqm_scan_options *opt,
	struct pqm_err *err) PQM_MUST_USE;
void pqm_follow_fini(struct pqm_follow *f);

struct pqm_run;
/* Appends what is to be followed to the targets of inv and run, tells what is left out; or tells all of it
 * to would_follow. *any: there is a second round. */
enum pqm_st pqm_follow_targets(struct pqm_inventory *inv, struct pqm_run *run, bool *any,
	struct pqm_err *err) PQM_MUST_USE;
/* What is left of a time budget (0: none), at least a moment. */
uint64_t pqm_follow_budget(uint64_t all_ms, uint64_t used_ns);

#endif
