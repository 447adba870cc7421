/*
 * pyapi.h — calls of Python code that use cryptography: rules/python/api.yaml by dotted path.
 *
 * Shape:     a sorted list of paths, each with its rule, and the modules that paths begin with.
 * Ownership: borrows the rules; the list is in the arena it was built in.
 * Threads:   const after build.
 */
#ifndef PQM_DETECT_PYAPI_H
#define PQM_DETECT_PYAPI_H

#include "detect/detector.h"

struct pqm_pyapi_path {
	pqm_bytes path;
	const struct pqm_rule *rule;
};

struct pqm_pyapi {
	struct pqm_pyapi_path *path;
	size_t n, cap;
	const struct pqm_rule *own; /* lists the packages that are libraries themselves */
	bool is_made;
};

/* An argument as far as it is known: a whole number, or a name. */
struct pqm_pyapi_arg {
	uint64_t number; /* 0: none */
	pqm_bytes name;	 /* the last part of a dotted one */
};

/* What a call says: algorithm and size by the arguments that the rule names. */
struct pqm_pyapi_args {
	struct pqm_pyapi_arg bits, curve, alg;
};

bool pqm_pyapi_build(struct pqm_pyapi *p, const struct pqm_rules *r, struct pqm_arena *arena);
const struct pqm_rule *pqm_pyapi_find(const struct pqm_pyapi *p, pqm_bytes path);
/* Whether a path begins with that module. */
bool pqm_pyapi_has_root(const struct pqm_pyapi *p, pqm_bytes root);
/* Whether the package is one of the libraries themselves. */
bool pqm_pyapi_is_own(const struct pqm_pyapi *p, pqm_bytes package);
/* Algorithm, parameter and function; false: with these arguments the call is none of public-key cryptography, or
 * not known to be. */
bool pqm_pyapi_fill(struct pqm_found *f, const struct pqm_rules *r, const struct pqm_rule *rule,
	const struct pqm_pyapi_args *args, struct pqm_arena *arena);
/* "jwt.encode RS256": a path, and the argument alg or curve. */
bool pqm_pyapi_rule_fits(const struct pqm_rules *r, const struct pqm_rule *rule, pqm_bytes sample);

#endif
