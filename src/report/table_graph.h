/*
 * table_graph.h — the terminal's lines about the graph: what decides each asset, and open ends.
 *
 * Shape:     text lines, cut to the width.
 * Ownership: scratch in the arena given, reset between lines.
 * Errors:    none of its own: without memory there are fewer lines.
 * Threads:   single-threaded.
 * Limits:    PQM_TABLE_PATHS assets, PQM_TABLE_GHOSTS references; the reports have all of them.
 */
#ifndef PQM_REPORT_TABLE_GRAPH_H
#define PQM_REPORT_TABLE_GRAPH_H

#include "report/writer.h"

#define PQM_TABLE_PATHS 20
#define PQM_TABLE_GHOSTS 3

/* One line an AI asset: the way to the hop that decides, who terminates there, and where that is written;
 * with report->show_hops every hop below it. */
void pqm_table_paths(
	struct pqm_out *o, struct pqm_arena *a, const struct pqm_report *r, size_t width);
/* How many references lead nowhere, and the first of them. */
void pqm_table_ghosts(
	struct pqm_out *o, struct pqm_arena *a, const struct pqm_report *r, size_t width);

#endif
