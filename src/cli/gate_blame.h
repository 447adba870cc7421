/*
 * gate_blame.h — the commit, day and author of what the gate tells as new.
 *
 * Shape:     facts "commit", "authored" and, when names were asked for, "author" of the places.
 * Ownership: the gate's arena.
 * Errors:    what git does not have stays without; PQM_ENOMEM.
 * Limits:    PQM_BLAME_FILES files, PQM_BLAME_BYTES each.
 */
#ifndef PQM_CLI_GATE_BLAME_H
#define PQM_CLI_GATE_BLAME_H

#include "cli/scan_run.h"
#include "model/gate.h"

enum pqm_st pqm_gate_blame(
	struct pqm_gate *g, struct pqm_scan_run *s, struct pqm_err *err) PQM_MUST_USE;

#endif
