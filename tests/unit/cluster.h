/*
 * cluster.h — example clusters scanned once for the tests of what is built on an inventory.
 *
 * Ownership: cluster_setup fills rules and inv; cluster_teardown frees them.
 * Threads:   one test at a time.
 */
#ifndef PQM_TESTS_CLUSTER_H
#define PQM_TESTS_CLUSTER_H

#include "engine/scan.h"
#include "graph/graph_build.h"

static struct pqm_rules rules;
static struct pqm_inventory inv;

static inline void cluster_scan(const char *const *targets, size_t n)
{
	const struct pqm_scan_options options = { .jobs = 1 };
	struct pqm_err err = { 0 };

	pqm_inventory_init(&inv);
	if (pqm_rules_load(&rules, NULL, &err) != PQM_OK ||
		pqm_scan(&inv, &rules, targets, n, &options, &err) != PQM_OK)
		fail_msg("%s", err.msg);
}

static inline struct pqm_graph cluster_graph(const struct pqm_inventory *from)
{
	struct pqm_graph g;
	struct pqm_err err = { 0 };

	pqm_graph_init(&g);
	if (pqm_graph_build(&g, &rules, from, &err) != PQM_OK)
		fail_msg("%s", err.msg);
	return g;
}

static inline int cluster_setup(void **state)
{
	static const char *const targets[] = { "fixtures/cluster" };

	(void)state;
	cluster_scan(targets, 1);
	return 0;
}

static inline int cluster_teardown(void **state)
{
	(void)state;
	pqm_inventory_fini(&inv);
	pqm_rules_fini(&rules);
	return 0;
}

#endif
