/*
 * link.h — programs that use cryptography through a library of the same scan: one level.
 *
 * Shape:     detectors leave two kinds of objects (model/link.h): a Library with what its exports reach, and a
 *            Program with the libraries it asks for and the functions it imports. What a program imports from
 *            a library in the same target, and what that reaches, becomes a finding of the program that
 *            says through what. One level: a library behind a library is not followed.
 * Ownership: all in the arena, or borrowed from the rules and the inventory.
 * Errors:    PQM_ENOMEM; PQM_EUSAGE for broken rules.
 * Threads:   single-threaded.
 */
#ifndef PQM_GRAPH_LINK_H
#define PQM_GRAPH_LINK_H

#include "model/inventory.h"
#include "model/link.h"
#include "rules/rules.h"

struct pqm_raised {
	uint32_t object; /* the Program, by index in the inventory */
	struct pqm_found found;
};

/* What the programs among inv's objects use through libraries, by program, then rule. */
enum pqm_st pqm_link(struct pqm_raised **out, size_t *n, const struct pqm_rules *r,
	const struct pqm_inventory *inv, struct pqm_arena *arena, struct pqm_err *err) PQM_MUST_USE;
/* True for the objects of this stage, which are of no use after it. */
bool pqm_link_is_ours(const struct pqm_object *o);

#endif
