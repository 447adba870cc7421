/*
 * rust.h — what crates of Rust programs mean.
 *
 * Shape:     a rule of rust/ is { id, crates, emit, why, refs, hit, miss }: names of crates, in which '-' and '_' are
 *            the same; "crate version" in hit and miss.
 * Ownership: borrows the rule set.
 * Threads:   pure.
 */
#ifndef PQM_RULES_RUST_H
#define PQM_RULES_RUST_H

#include "rules/rules.h"

/* The rule that names the crate, or NULL. */
const struct pqm_rule *pqm_rust_rule(const struct pqm_rules *r, pqm_bytes crate);
/* A sample of hit or miss. */
bool pqm_rust_rule_fits(const struct pqm_rules *r, const struct pqm_rule *rule, pqm_bytes sample);

#endif
