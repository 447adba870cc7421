/*
 * golang.h — what functions of Go programs mean, and what a toolchain's TLS does by default.
 *
 * Shape:     a rule of golang/ is one of three: a meaning { id, packages, functions, emit, args, why, fix, refs, hit,
 *            miss } with "package.Function" in hit and miss; a border { id, packages, border: true, … }, whose
 *            inside belongs to a library of cryptography; a default { id, tls: { min, below, debug, without, mode },
 *            emit, why, fix, … } with "go1.24.1 tlsmlkem=0,tls3des=1 fips" in hit and miss: version, GODEBUG settings, mode.
 *            Packages and functions are globs; except: callers whose calls do not count; methods: true: a method table
 *            with one of the functions in it shows the use, as where a value is chosen by its constructor.
 *             the first default in order of the files that fits is taken.
 * Ownership: in the caller's arena; texts are borrowed from the rule set, which must outlive this.
 * Errors:    PQM_EUSAGE "FILE:LINE: words" for anything wrong in rules/golang.
 * Threads:   const after build.
 */
#ifndef PQM_RULES_GOLANG_H
#define PQM_RULES_GOLANG_H

#include "rules/rules.h"

#define PQM_GO_RULES_PER_PACKAGE 16

struct pqm_go_rule {
	const struct pqm_rule *rule;
	const struct pqm_yaml *packages, *functions, *args, *except;
	bool is_border, takes_methods;
};

/* What decides the default of TLS. version: 124 is 1.24. */
struct pqm_go_facts {
	unsigned version;
	pqm_bytes debug; /* "a=1,b=2" */
	const char *
		mode; /* "plain", "fips", "only" (FIPS and nothing else), "boring"; what the program sets itself:
			     "pin-classical", "pin-hybrid", "pin-unknown", "ceiling" */
};

struct pqm_go_rules {
	const struct pqm_rules *rules;
	struct pqm_go_rule *rule; /* meanings and borders, by order of the files */
	size_t n, cap;
	struct pqm_go_rule *tls;
	size_t n_tls, cap_tls;
};

/* The meanings that a package can have, by index into rules->rule. */
struct pqm_go_package_rules {
	uint16_t at[PQM_GO_RULES_PER_PACKAGE];
	size_t n;
	bool is_border;
};

enum pqm_st pqm_go_rules_build(struct pqm_go_rules *out, const struct pqm_rules *r,
	struct pqm_arena *arena, struct pqm_err *err) PQM_MUST_USE;
void pqm_go_rules_of(
	struct pqm_go_package_rules *out, const struct pqm_go_rules *r, pqm_bytes package);
/* The rule that the function has among them: index + 1, or 0. */
uint16_t pqm_go_rule_of(
	const struct pqm_go_rules *r, const struct pqm_go_package_rules *p, pqm_bytes function);
/* "go1.24.4" 124; "devel go1.25-abc" 125; 0: not told. */
unsigned pqm_go_version(pqm_bytes version);
/* The default that holds, or NULL. */
const struct pqm_rule *pqm_go_tls_default(
	const struct pqm_go_rules *r, const struct pqm_go_facts *f);
/* False: a call from this function does not count. */
bool pqm_go_rule_counts(const struct pqm_go_rule *rule, pqm_bytes caller);
/* Fills f from the rule's emit, why and fix. */
void pqm_go_rule_fill(struct pqm_found *f, const struct pqm_rules *r, const struct pqm_rule *rule);
/* A sample of hit or miss. */
bool pqm_go_rule_fits(const struct pqm_rules *r, const struct pqm_rule *rule, pqm_bytes sample);

#endif
