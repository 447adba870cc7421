/*
 * scan.h — from targets to an inventory: the only place that wires sources to detectors.
 *
 * Shape:     one call. Sources push files into one bounded queue; workers read, sweep and detect;
 *            everything is merged, sorted and grouped at the end, so that the result does not depend
 *            on the number of threads.
 * Ownership: fills inv (init by the caller); copies everything it keeps.
 * Errors:    only for usage, memory and our own mistakes; what could not be read is coverage.
 * Threads:   starts options->jobs - 1 threads and joins them.
 * Limits:    memory does not grow with the bytes scanned, only with what is found.
 */
#ifndef PQM_ENGINE_SCAN_H
#define PQM_ENGINE_SCAN_H

#include "model/inventory.h"
#include "rules/rules.h"

struct pqm_scan_options {
	unsigned jobs;	    /* at least 1 */
	bool show_progress; /* one line on stderr */
};

enum pqm_st pqm_scan(struct pqm_inventory *inv, const struct pqm_rules *rules,
	const char *const *targets, size_t n_targets, const struct pqm_scan_options *options,
	struct pqm_err *err) PQM_MUST_USE;

/* Sorts and groups what was put in, folds trust stores. For loaders that add findings by hand; the
 * scan does it itself. */
enum pqm_st pqm_inventory_seal(
	struct pqm_inventory *inv, const struct pqm_rules *rules, struct pqm_err *err) PQM_MUST_USE;

#endif
