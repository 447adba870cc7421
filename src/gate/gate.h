/*
 * gate.h — a policy applied to an inventory.
 *
 * Shape:     every finding against every rule of the policy; what is refused stands against the baseline and
 *            what is suppressed. Several rules that refuse one finding: the one of the highest level speaks.
 * Ownership: the gate borrows the inventory, assessment, policy and baseline.
 * Errors:    PQM_ENOMEM.
 */
#ifndef PQM_GATE_GATE_H
#define PQM_GATE_GATE_H

#include "gate/baseline.h"
#include "gate/policy.h"
#include "gate/suppress.h"

struct pqm_gate_input {
	const struct pqm_rules *rules;
	const struct pqm_inventory *inv;
	const struct pqm_assessment *assessment;
	const struct pqm_policy *policy;
	struct pqm_baseline *baseline; /* may be NULL */
	unsigned lead_months;	       /* dates of mandates are so much earlier */
	bool is_partial;	       /* only some files were read: what is gone is not known */
};

/* g: init, with its suppressions and fail_on. */
enum pqm_st pqm_gate_judge(
	struct pqm_gate *g, const struct pqm_gate_input *in, struct pqm_err *err) PQM_MUST_USE;

#endif
