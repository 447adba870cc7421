/*
 * threats.h — names what an attacker gains from each asset, by rules/risk/threats.yaml.
 *
 * Ownership: threats live in the assessment's arena; their text belongs to the rules.
 * Errors:    PQM_ENOMEM; PQM_EUSAGE for a rule without uses or assets.
 * Threads:   pure.
 */
#ifndef PQM_ASSESS_THREATS_H
#define PQM_ASSESS_THREATS_H

#include "risk.h"

/* Does the rule speak of such a use of an asset of that class (lives.yaml)? */
bool pqm_threat_concerns(const struct pqm_rule *rule, pqm_bytes life_class, char use);
/* The threats of one asset, in the order of the rules; those that are open today first. */
enum pqm_st pqm_threats_of(struct pqm_asset_score *s, const struct pqm_rules *rules,
	const struct pqm_risk_params *p, struct pqm_exposure *tmp, struct pqm_arena *arena,
	struct pqm_err *err) PQM_MUST_USE;
/* "training-data-phi K" */
bool pqm_threat_rule_takes(const struct pqm_rule *rule, pqm_bytes sample);

#endif
