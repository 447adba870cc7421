/*
 * grades.h — how much a rule shows by itself, and what else would raise that.
 *
 * Shape:     rules/grades.yaml: { id, of, grade, raise, why, refs, hit, miss }, of: globs of rule ids; the first
 *            entry that fits counts.
 * Ownership: borrowed from the rules.
 * Errors:    none.
 * Threads:   pure.
 */
#ifndef PQM_RULES_GRADES_H
#define PQM_RULES_GRADES_H

#include "rules/rules.h"

/* The entry for a rule, or NULL: nothing is said. */
const struct pqm_rule *pqm_grade_of(const struct pqm_rules *r, pqm_bytes rule_id);

#endif
