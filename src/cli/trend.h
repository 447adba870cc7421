/*
 * trend.h — --trend FILE: this run into the history, and what it says of the runs before.
 *
 * Ownership: the trend is initialised here and finished by its owner in any case.
 * Errors:    as engine/history.h.
 */
#ifndef PQM_CLI_TREND_H
#define PQM_CLI_TREND_H

#include "cli/command.h"
#include "model/inventory.h"
#include "model/plan.h"
#include "model/trend.h"

enum pqm_st pqm_trend_append(struct pqm_trend *t, const char *path, const struct pqm_inventory *inv,
	const struct pqm_assessment *a, const struct pqm_plan *plan,
	struct pqm_err *err) PQM_MUST_USE;

#endif
