/*
 * practice_check.h — a rule of practices/ on its own samples.
 *
 * Shape:     a sample is a verdict, then a manifest, or for endpoints the number of certificates sent.
 * Threads:   single-threaded.
 */
#ifndef PQM_CLI_PRACTICE_CHECK_H
#define PQM_CLI_PRACTICE_CHECK_H

#include "rules/rules.h"

/* Whether the practice gets this verdict from this manifest. */
bool pqm_practice_fits(const struct pqm_rules *r, const struct pqm_rule *rule, pqm_bytes sample);

#endif
