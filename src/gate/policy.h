/*
 * policy.h — the rules of a gate: rules/policy and the user's own files of the same form.
 *
 * Shape:     a policy is a name, what it extends, and its rules; a rule says which findings it refuses, by
 *            properties, by rule id, or by the dates of a regime (rules/deadlines.yaml).
 * Ownership: rules borrow the text of the rule set, of files that of the set's arena.
 * Errors:    PQM_EUSAGE "FILE:LINE: words": unknown names with the nearest one.
 */
#ifndef PQM_GATE_POLICY_H
#define PQM_GATE_POLICY_H

#include "model/gate.h"
#include "rules/rules.h"

struct pqm_policy_rule {
	pqm_bytes id, policy, why, fix;
	enum pqm_severity level;
	uint32_t meanings, functions, quanta, classicals; /* bit by value; 0: any */
	const struct pqm_yaml *rules;			  /* globs over rule ids; NULL: any */
	const struct pqm_yaml *not_rules;
	const struct pqm_yaml *algorithms; /* globs over "FAMILY PARAMETER"; NULL: any */
	const struct pqm_yaml *not_algorithms;
	bool has_decision;
	enum pqm_decision decision; /* the least of the asset */
	pqm_bytes regime;	    /* its dates instead; empty: none */
};

struct pqm_policy {
	struct pqm_arena arena;
	struct pqm_policy_rule *rules;
	size_t n, cap;
	pqm_bytes *taken; /* names of policies, each once */
	size_t n_taken, cap_taken;
};

void pqm_policy_init(struct pqm_policy *p);
void pqm_policy_fini(struct pqm_policy *p);
/* A preset by name, or a file when it has a '/', a '.yaml' or '.yml'. With what it extends, files by
 * their place beside it; a rule of an id that is there takes its place. */
enum pqm_st pqm_policy_add(struct pqm_policy *p, const struct pqm_rules *r, const char *name,
	struct pqm_err *err) PQM_MUST_USE;
/* The text of such a file, called name. */
enum pqm_st pqm_policy_add_text(struct pqm_policy *p, const struct pqm_rules *r, const char *name,
	pqm_bytes text, struct pqm_err *err) PQM_MUST_USE;
/* One rule of rules/policy, in force or not. */
enum pqm_st pqm_policy_read_rule(
	struct pqm_policy_rule *out, const struct pqm_rule *rule, struct pqm_err *err) PQM_MUST_USE;
/* What a rule's sample says of it: "config kex broken ok attend", "rule ID", "regime NAME", "policy NAME",
 * "algorithm FAMILY PARAMETER". */
bool pqm_policy_sample(const struct pqm_rule *rule, pqm_bytes sample);
/* The rule has a list of finding rules, and id is in it. */
bool pqm_policy_names(const struct pqm_policy_rule *rule, pqm_bytes id);
/* Does the rule ask for properties that the finding has? Decision and dates are not looked at. made: the
 * finding's own rule; may be NULL. */
bool pqm_policy_fits(const struct pqm_policy_rule *rule, const struct pqm_finding *f,
	const struct pqm_rule *made);

#endif
