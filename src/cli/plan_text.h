/*
 * plan_text.h — the plan as it is read in a terminal, 100 columns wide.
 *
 * Shape:     windows with their tasks, deadlines, what is left after each window and phase, what-if.
 * Errors:    kept in the output stream.
 * Limits:    commands and settings are not broken, so that they can be copied.
 */
#ifndef PQM_CLI_PLAN_TEXT_H
#define PQM_CLI_PLAN_TEXT_H

#include "base/out.h"
#include "model/plan.h"

void pqm_plan_text(struct pqm_out *o, const struct pqm_plan *p, const struct pqm_assessment *a);

#endif
