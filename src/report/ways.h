/*
 * ways.h — ways through the graph: from an asset to the hop that decides its risk.
 *
 * Shape:     the edges of every node as one table, built once for many questions; a way is a list of
 *            nodes with the edge that led to each.
 * Ownership: tables live in the arena given to init; steps are the caller's.
 * Errors:    PQM_ENOMEM.
 * Threads:   a table serves one thread: it remembers which nodes the last question visited.
 * Limits:    PQM_WAY_STEPS nodes a way, PQM_WAY_VISITS nodes visited a question.
 * Standard:  the deciding path of design/kubernetes-ai.md §4.
 */
#ifndef PQM_REPORT_WAYS_H
#define PQM_REPORT_WAYS_H

#include "model/assessment.h"

#define PQM_WAY_STEPS 10
#define PQM_WAY_VISITS 4096
#define PQM_WAY_NONE UINT32_MAX

struct pqm_ways {
	const struct pqm_graph *g;
	uint32_t *start; /* of node i: touching[start[i]] up to start[i + 1] */
	uint32_t *touching;
	uint32_t *seen, *via, *queue; /* of the running question */
	uint32_t question;
};

struct pqm_way_step {
	uint32_t node;
	uint32_t edge; /* that led here; PQM_WAY_NONE for the first, and where no reference tells */
};

enum pqm_st pqm_ways_init(struct pqm_ways *w, const struct pqm_graph *g, struct pqm_arena *arena,
	struct pqm_err *err) PQM_MUST_USE;
/* The hop that decides a score, or NULL. */
const struct pqm_hop *pqm_score_decider(const struct pqm_asset_score *s);
/* From the asset's node to both ends of the hop (NULL: none): how many steps, 0 when the asset is
 * not on the graph. */
size_t pqm_way_to_hop(struct pqm_ways *w, struct pqm_way_step out[PQM_WAY_STEPS],
	const struct pqm_asset *a, const struct pqm_hop *h);
/* An edge between two nodes in either direction, or PQM_WAY_NONE. */
uint32_t pqm_ways_edge(const struct pqm_ways *w, uint32_t a, uint32_t b);

#endif
