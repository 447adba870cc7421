/*
 * rulecheck.h — runs every rule on its own samples.
 *
 * Shape:     what a sample is depends on the rule's folder: names and OIDs for algorithms, symbols
 *            for libs, files below fixtures/ for material, values for risk tables …
 * Errors:    PQM_EUSAGE with the count when any sample disagrees; each is printed with file:line.
 */
#ifndef PQM_CLI_RULECHECK_H
#define PQM_CLI_RULECHECK_H

#include "base/out.h"

enum pqm_st pqm_rulecheck(struct pqm_out *o, const char *dir,
	const char *fixtures /* may be NULL */, struct pqm_err *err) PQM_MUST_USE;

#endif
