/*
 * libs_int.h — what the parts of libs share: names with globs, the libraries, recipes.
 *
 * Ownership: as libs.h.
 * Errors:    PQM_EUSAGE "FILE:LINE: words", PQM_ENOMEM.
 * Threads:   const after build.
 */
#ifndef PQM_RULES_LIBS_INT_H
#define PQM_RULES_LIBS_INT_H

#include "rules/libs.h"

struct pqm_libs {
	struct pqm_arena arena;
	struct pqm_lib *lib;
	size_t n_libs, cap_libs;
	struct pqm_lib_rule *rule;
	size_t n_rules, cap_rules;
	struct pqm_names sonames, versions; /* -> struct pqm_lib */
	const struct pqm_rule **extra;	    /* tables, recipes, settings, wrappers */
	size_t n_extra, cap_extra;
	const struct pqm_rules *rules;
};

/* False without memory. */
bool pqm_lib_names_add(
	struct pqm_names *n, pqm_bytes pattern, void *value, struct pqm_arena *a) PQM_MUST_USE;
void *pqm_lib_names_get(const struct pqm_names *n, pqm_bytes s);
void pqm_lib_names_fini(struct pqm_names *n);

/* A table, a recipe, a setting or a wrapper. */
bool pqm_libs_is_extra(const struct pqm_rule *rule);
bool pqm_libs_is_wrapper(const struct pqm_rule *rule);
/* Reads the recipes of r when everything else is there. */
enum pqm_st pqm_libs_recipes(
	struct pqm_libs *l, const struct pqm_rules *r, struct pqm_err *err) PQM_MUST_USE;
/* Runs a table or recipe on its samples. */
enum pqm_st pqm_libs_check_recipe(
	const struct pqm_libs *l, const struct pqm_rule *rule, struct pqm_err *err) PQM_MUST_USE;
/* The same for a wrapper: its samples are functions. */
enum pqm_st pqm_libs_check_wrapper(
	const struct pqm_libs *l, const struct pqm_rule *rule, struct pqm_err *err) PQM_MUST_USE;

#endif
