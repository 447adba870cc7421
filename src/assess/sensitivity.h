/*
 * sensitivity.h — the smallest change of one parameter that flips a decision.
 *
 * Shape:     one change at a time, of the asset (life, impact, date, curve, harvest table) or of its
 *            deciding use (years to protection, exposure, coverage, class). W never moves P.
 * Units:     size is the change over the unit that rules/risk/sensitivity.yaml gives.
 * Ownership: flips live in the arena given.
 * Errors:    PQM_ENOMEM; PQM_EUSAGE for a broken rule.
 * Threads:   pure.
 * Limits:    PQM_FLIP_ASSETS_MAX assets, PQM_DECIDER_USES_MAX uses of each: others are not searched.
 */
#ifndef PQM_ASSESS_SENSITIVITY_H
#define PQM_ASSESS_SENSITIVITY_H

#include "risk.h"

/* Fills flips, nearest first, from the scored uses of n assets, which come worst first: those of the first
 * PQM_FLIP_ASSETS_MAX, and none where something is broken today. Where an asset's life is a class's default, its
 * low and high values give the unit for life, and p_life, of all n. */
enum pqm_st pqm_flips_of(struct pqm_asset_score *const *worst, size_t n,
	const struct pqm_rules *rules, const struct pqm_risk_params *p, struct pqm_arena *arena,
	struct pqm_err *err) PQM_MUST_USE;
/* Is a change of the parameter so large? "life 0.5 5" */
bool pqm_sense_rule_takes(const struct pqm_rule *rule, pqm_bytes sample);

#endif
