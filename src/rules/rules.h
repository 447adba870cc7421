/*
 * rules.h — everything that is data: algorithms, symbols, kinds, lives, curves, deadlines, tasks.
 *
 * Shape:     every rule is a mapping with an id in a YAML list; modules read their own rules through
 *            the YAML node. Algorithms are indexed by name and OID.
 * Ownership: the rule set owns all text; it lives for the run.
 * Errors:    PQM_EUSAGE "FILE:LINE: words" for anything wrong in a rule file.
 * Threads:   const after load, for whoever looks; shared by all workers. What is made late is made
 *            once, under a lock.
 */
#ifndef PQM_RULES_RULES_H
#define PQM_RULES_RULES_H

#include "base/map.h"
#include "model/finding.h"
#include "parse/yaml.h"

struct pqm_rule {
	pqm_bytes id;
	pqm_bytes file; /* "algorithms/ecc.yaml" */
	/* Never NULL in a rule that pqm_rules_get, _next or _all gave. */
	const struct pqm_yaml *node;
	uint32_t tree; /* for the loader: where the node comes from */
};

/* A parameter set of an algorithm family. */
struct pqm_alg_set {
	pqm_bytes name, parameter, risk_class; /* ML-KEM-768, 768, PQ */
};

/* One family of the catalogue. */
struct pqm_alg {
	const struct pqm_rule *rule;
	pqm_bytes family, name, basis;
	enum pqm_quantum quantum;
	enum pqm_classical classical;
	enum pqm_function function; /* the first of its functions */
	unsigned n_functions;
	const struct pqm_alg_set *sets;
	size_t n_sets;
};

/* What a name or OID stands for. */
struct pqm_alg_ref {
	const struct pqm_alg *alg;
	pqm_bytes algorithm; /* the standard's own name */
	pqm_bytes parameter; /* may be empty */
	enum pqm_function function;
};

struct pqm_calls;     /* rules/source.h: typed view of source/ */
struct pqm_libs;      /* rules/libs.h: typed view of libs/ */
struct pqm_k8s_kinds; /* rules/k8s.h */
struct pqm_sampler;   /* rules/sampler.h: of constants/ and static/ */
struct pqm_wires;     /* rules/wire.h: of tls/, ssh/, endpoints/ike.yaml */

struct pqm_rules {
	struct pqm_arena arena;
	struct pqm_rule *all; /* by file, then in order of the file: see pqm_rules_all */
	size_t n, cap;
	struct pqm_map by_id;	/* id -> struct pqm_rule */
	struct pqm_map by_name; /* normalised name -> struct pqm_alg_ref */
	struct pqm_map by_oid;	/* dotted -> struct pqm_alg_ref */
	struct pqm_alg *algs;
	size_t n_algs, cap_algs;
	struct pqm_late *late; /* libs; trees of embedded files: made when first needed */
	struct pqm_wires *wires;
	char name[160];	  /* of the set: "pqmap 0.1.0", "acme 2026.11", "a folder" */
	char version[65]; /* SHA-256 over names and contents of all files, hex */
};

/* Loads dir, or the rules embedded in the program when dir is NULL. */
enum pqm_st pqm_rules_load(
	struct pqm_rules *r, const char *dir /* may be NULL */, struct pqm_err *err) PQM_MUST_USE;
void pqm_rules_fini(struct pqm_rules *r);

const struct pqm_rule *pqm_rules_get(const struct pqm_rules *r, pqm_bytes id);
/* All rules with their nodes, r->n of them. */
const struct pqm_rule *pqm_rules_all(const struct pqm_rules *r);
/* The library rules, typed: built when first asked for. PQM_EUSAGE and PQM_ENOMEM as the loader. */
enum pqm_st pqm_rules_libs(
	const struct pqm_libs **out, const struct pqm_rules *r, struct pqm_err *err) PQM_MUST_USE;
/* The kinds and checks of k8s/ in the same way. */
enum pqm_st pqm_rules_k8s(const struct pqm_k8s_kinds **out, const struct pqm_rules *r,
	struct pqm_err *err) PQM_MUST_USE;
/* The constants, and the texts of libraries, of constants/ and static/ in the same way. */
enum pqm_st pqm_rules_sampler(const struct pqm_sampler **out, const struct pqm_rules *r,
	struct pqm_err *err) PQM_MUST_USE;
/* The calls of source/ in the same way. */
enum pqm_st pqm_rules_calls(
	const struct pqm_calls **out, const struct pqm_rules *r, struct pqm_err *err) PQM_MUST_USE;
/* The i-th earlier name of a rule (`was:`); empty: it has no more. rule may be NULL. */
pqm_bytes pqm_rule_was(const struct pqm_rule *rule, size_t i);
/* Does the pattern name it by one of those? */
bool pqm_rule_was_called(const struct pqm_rule *rule, pqm_bytes pattern);
/* The rule that had the name earlier; NULL: none. Looks at all of them. */
const struct pqm_rule *pqm_rules_once(const struct pqm_rules *r, pqm_bytes pattern);
/* Walks the rules whose file starts with prefix ("libs/", "risk/curves.yaml"). Start with *i = 0. */
const struct pqm_rule *pqm_rules_next(const struct pqm_rules *r, const char *prefix, size_t *i);

/* Resolves a name (RSA, prime256v1, ecdsa-sha2-nistp256, X25519MLKEM768; case, '-', '_', '.', '/'
 * and spaces do not matter) or a dotted OID. NULL: not in the catalogue. */
const struct pqm_alg_ref *pqm_alg_by_name(const struct pqm_rules *r, pqm_bytes name);
const struct pqm_alg_ref *pqm_alg_by_oid(const struct pqm_rules *r, pqm_bytes dotted);
/* Risk class of design/risk.md: E256 E384 E521 R2048 R3072 R4096 SYM PQ HYB WEAK UNK. bits 0 and an
 * empty parameter give the family's weakest sensible class. */
pqm_bytes pqm_alg_risk_class(
	const struct pqm_rules *r, pqm_bytes family, pqm_bytes parameter, uint32_t bits);
/* Fills family, algorithm, parameter, function, quantum and classical of f from ref; keeps a
 * parameter or algorithm that f has already. */
void pqm_alg_fill(struct pqm_found *f, const struct pqm_alg_ref *ref);
/* Reads the rule's texts into f: rule id, why, fix (`fix:` or the algorithm's `replace`). */
void pqm_rule_fill(struct pqm_found *f, const struct pqm_rules *r, const char *rule_id);

/* The words for a mistake in a rule file: "libs/openssl.yaml:12: ...". */
enum pqm_st pqm_rule_fail(const struct pqm_rule *rule, const struct pqm_yaml *node,
	struct pqm_err *err, const char *fmt, ...) PQM_PRINTF(4, 5);

#endif
