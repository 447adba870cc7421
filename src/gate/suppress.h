/*
 * suppress.h — what somebody decided to let pass: settings, comments, annotations.
 *
 * Shape:     config:      ignore: [{ rule, path, until, reason }]       of .pqmap.yaml
 *            comment:     pqmap:ignore RULE until=2027-06-30 reason=…   on the line, or alone on the line above; RULE,RULE too;
 *                         pqmap:ignore-file RULE …                      anywhere in the file, for all of it
 *            annotation:  pqmap.dev/ignore-RULE: "reason; until=2027-06-30"
 *            RULE is the id of a finding's rule or of the policy's, with '*' for any bytes, or the first
 *            8 or more hex digits of a finding's id.
 * Ownership: texts in the gate's arena or borrowed from the inventory.
 * Errors:    PQM_EUSAGE "FILE:LINE: words" for settings; comments and annotations that name no rule there is,
 *            give no reason or a date that is none carry their fault, are not honoured and fail the gate; in
 *            prose they are taken for an example.
 */
#ifndef PQM_GATE_SUPPRESS_H
#define PQM_GATE_SUPPRESS_H

#include "gate/policy.h"
#include "parse/yaml.h"

/* What can be named. */
struct pqm_suppress_rules {
	const struct pqm_rules *rules;
	const struct pqm_policy *policy;
};

/* One list of settings; list may be NULL. */
enum pqm_st pqm_suppress_config(struct pqm_gate *g, const struct pqm_suppress_rules *known,
	const struct pqm_yaml *list, pqm_bytes file, struct pqm_err *err) PQM_MUST_USE;
/* Those in what was scanned. */
enum pqm_st pqm_suppress_found(struct pqm_gate *g, const struct pqm_suppress_rules *known,
	const struct pqm_inventory *inv, struct pqm_err *err) PQM_MUST_USE;
/* What the path of a setting is matched with: the file, without "./" and without what lies inside it. */
pqm_bytes pqm_suppress_path(const struct pqm_occurrence *o);
/* 8 to 32 hex digits: the beginning of a finding's id. */
bool pqm_suppress_is_id(pqm_bytes rule);
/* Sorts them and says which ended before that day. */
void pqm_suppress_settle(struct pqm_gate *g, int64_t now_days);
/* The first that lets this occurrence pass under the policy's rule, expired ones too; NULL: none. */
struct pqm_suppression *pqm_suppress_find(const struct pqm_gate *g, const struct pqm_rules *r,
	const struct pqm_finding *f, const struct pqm_occurrence *o, pqm_bytes policy_rule);

#endif
