/*
 * sensitivity.h — the smallest change of one parameter that flips a decision.
 *
 * Shape:     one change at a time, of the asset (life, impact, date, curve, harvest table) or of its
 *            deciding use (years to protection, exposure, coverage, class). W never moves P.
 * Units:     size is the change over the unit that rules/risk/sensitivity.yaml gives.
 * Ownership: flips live in the arena given.
 * Errors:    PQM_ENOMEM; PQM_EUSAGE for a broken rule.
 * Threads:   pure.
 * Limits:    PQM_DECIDER_USES_MAX uses: larger assets are not searched.
 */
#ifndef PQM_ASSESS_SENSITIVITY_H
#define PQM_ASSESS_SENSITIVITY_H

#include "risk.h"

/* Fills flips of s, nearest first, from its scored uses; none where something is broken today. Where s
 * has an asset whose life is a class's default, its low and high values give the unit for life, and
 * p_life. */
enum pqm_st pqm_flips_of(struct pqm_asset_score *s, const struct pqm_rules *rules,
	const struct pqm_risk_params *p, struct pqm_arena *arena, struct pqm_err *err) PQM_MUST_USE;
/* Is a change of the parameter so large? "life 0.5 5" */
bool pqm_sense_rule_takes(const struct pqm_rule *rule, pqm_bytes sample);

#endif
