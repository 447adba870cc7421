/*
 * gate_text.h — a gate's verdicts for a person at a terminal or in a log of CI.
 *
 * Ownership: borrows everything.
 */
#ifndef PQM_CLI_GATE_TEXT_H
#define PQM_CLI_GATE_TEXT_H

#include "base/out.h"
#include "gate/policy.h"

struct pqm_gate_text {
	const struct pqm_gate *gate;
	const struct pqm_inventory *inv;
	bool color, is_quiet, is_verbose;
	uint64_t elapsed_ns; /* 0: not told */
	uint64_t n_missed;   /* things that were not read, or only in part */
};

void pqm_gate_text(struct pqm_out *o, const struct pqm_gate_text *t);
/* Findings of the scan by the beginning of their id: what refuses them and how they stand. */
enum pqm_st pqm_gate_explain_finding(struct pqm_out *o, const struct pqm_gate_text *t,
	const char *id, struct pqm_err *err) PQM_MUST_USE;
/* A rule of the policy in force or of another, a policy, a deadline, or the rule of a finding. */
enum pqm_st pqm_gate_explain(struct pqm_out *o, const struct pqm_rules *r,
	const struct pqm_policy *p, const char *id, struct pqm_err *err) PQM_MUST_USE;

#endif
