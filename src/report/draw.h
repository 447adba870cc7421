/*
 * draw.h — the part of the graph that a drawing shows: nodes around AI assets, and what crosses
 *          each reference.
 *
 * Shape:     nodes in the graph's order; links are references with the hops that cross them, and hops
 *            without a reference. Clients are not in the graph: PQM_DRAW_CLIENT + exposure letter.
 * Ownership: lists live in the arena given to init; they borrow the graph and the scores.
 * Errors:    PQM_ENOMEM.
 * Threads:   single-threaded.
 * Limits:    at most max nodes; n_beyond says how many more are as near.
 */
#ifndef PQM_REPORT_DRAW_H
#define PQM_REPORT_DRAW_H

#include "report/ways.h"

#define PQM_DRAW_CLIENT (UINT32_MAX - 256)
#define PQM_DRAW_HOPS 3 /* told beside one link */

struct pqm_draw_link {
	uint32_t from, to;
	const struct pqm_edge *edge;		   /* NULL: only a hop says so */
	const struct pqm_hop *hops[PQM_DRAW_HOPS]; /* those that decide, then the worst first */
	size_t n_hops, n_decide;
	bool is_more; /* than PQM_DRAW_HOPS */
	bool is_lit;  /* on a deciding path */
};

struct pqm_draw {
	const struct pqm_graph *g;
	struct pqm_ways *ways;
	struct pqm_arena *arena;
	size_t max;
	uint32_t *nodes;		   /* in the graph's order */
	bool *has, *is_lit;		   /* by node of the graph */
	size_t n_nodes, n_beyond, n_apart; /* apart: no way to an AI asset */
	struct pqm_draw_link *links;
	size_t n_links, cap_links;
	uint32_t *link_of; /* edge -> link + 1 */
};

enum pqm_st pqm_draw_init(struct pqm_draw *d, struct pqm_ways *w, size_t max,
	struct pqm_arena *arena, struct pqm_err *err) PQM_MUST_USE;
/* Takes the deciding path and the hops of an asset, worst asset first. */
void pqm_draw_asset(struct pqm_draw *d, const struct pqm_asset_score *s);
/* Takes what is around the taken; everything in order when nothing was taken. Counts the rest. */
void pqm_draw_around(struct pqm_draw *d);
/* Lists nodes and references between them; then pqm_draw_hops adds what crosses them. */
enum pqm_st pqm_draw_links(struct pqm_draw *d, struct pqm_err *err) PQM_MUST_USE;
enum pqm_st pqm_draw_hops(
	struct pqm_draw *d, const struct pqm_asset_score *s, struct pqm_err *err) PQM_MUST_USE;

#endif
