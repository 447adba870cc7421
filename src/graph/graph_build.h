/*
 * graph_build.h — from object facts and findings to AI assets with their hops.
 *
 * Ownership: fills g (init by the caller); text is copied or borrowed from inv and rules, which
 *            must outlive g.
 * Errors:    PQM_EUSAGE for a broken rule, PQM_ENOMEM.
 * Standard:  design/kubernetes-ai.md §2 and §4; interprets rules/k8s and rules/ai.
 */
#ifndef PQM_GRAPH_BUILD_H
#define PQM_GRAPH_BUILD_H

#include "model/graph.h"
#include "rules/rules.h"

/* Builds nodes, edges and assets; findings that no AI asset claims go to one asset "unassigned" per
 * target. Deterministic: independent of the order of findings and objects. */
enum pqm_st pqm_graph_build(struct pqm_graph *g, const struct pqm_rules *r,
	const struct pqm_inventory *inv, struct pqm_err *err) PQM_MUST_USE;

#endif
