/*
 * libs.h — cryptographic libraries: how they are named, and what their functions mean.
 *
 * Shape:     a library is known by its sonames and by its symbol versions; each of its symbols
 *            belongs to at most one rule: an exact name beats a glob, a glob with more literal
 *            bytes beats one with fewer, then the order of the files decides.
 * Ownership: built once; texts are borrowed from the rule set, which must outlive this.
 * Errors:    PQM_EUSAGE "FILE:LINE: words" for anything wrong in rules/libs.
 * Threads:   const after build; shared by all workers.
 * Rules:     a library is { id, library, soname, versions, housekeeping, why, refs, hit, miss } with
 *            sonames in hit and miss, and in housekeeping globs of symbols that show no use alone; a meaning is { id, library, symbols, emit, why, refs, hit, miss } with
 *            symbols in hit and miss, and emit { family, operation, function, algorithm,
 *            parameter, quantum, classical }, of which the catalogue gives what is left out.
 */
#ifndef PQM_RULES_LIBS_H
#define PQM_RULES_LIBS_H

#include "rules/rules.h"

struct pqm_libs;

/* What a group of symbols of one library means. */
struct pqm_lib_rule {
	const struct pqm_rule *rule;
	size_t index; /* from 0, unique over all libraries */
	pqm_bytes family, algorithm, parameter, operation;
	pqm_bytes why, fix;
	enum pqm_function function;
	enum pqm_quantum quantum;
	enum pqm_classical classical;
};

/* A set of names and globs, each with a value. */
struct pqm_names {
	size_t key;		     /* globs are bucketed by this many leading bytes */
	struct pqm_map exact;	     /* name -> value */
	struct pqm_map bucket;	     /* leading bytes -> struct pqm_glob_list */
	struct pqm_glob_list *loose; /* globs with fewer literal bytes in front; may be NULL */
};

struct pqm_lib {
	const struct pqm_rule *rule;
	size_t index;		  /* from 0 */
	pqm_bytes name;		  /* "openssl" */
	struct pqm_names symbols; /* -> struct pqm_lib_rule */
};

/* Builds the view from r's rules under libs/; *out is returned owned. */
enum pqm_st pqm_libs_build(
	struct pqm_libs **out, const struct pqm_rules *r, struct pqm_err *err) PQM_MUST_USE;
void pqm_libs_free(struct pqm_libs *l); /* may be NULL */

size_t pqm_libs_count(const struct pqm_libs *l);
size_t pqm_lib_rules_count(const struct pqm_libs *l);
const struct pqm_lib_rule *pqm_lib_rule_at(const struct pqm_libs *l, size_t index);

/* The library that has this soname (last part of a path), or NULL. */
const struct pqm_lib *pqm_lib_by_soname(const struct pqm_libs *l, pqm_bytes soname);
/* The library whose symbols carry this version (OPENSSL_3.0.0), or NULL. */
const struct pqm_lib *pqm_lib_by_version(const struct pqm_libs *l, pqm_bytes version);
const struct pqm_lib *pqm_lib_by_name(const struct pqm_libs *l, pqm_bytes name);
/* What symbol means in that library, or NULL: nothing we have a rule for. */
const struct pqm_lib_rule *pqm_lib_symbol(const struct pqm_lib *lib, pqm_bytes symbol);

/* Runs every rule of libs/ on its own hit and miss samples; both must be there. The first that
 * fails is PQM_EUSAGE "FILE:LINE: words". */
enum pqm_st pqm_libs_check(const struct pqm_libs *l, struct pqm_err *err) PQM_MUST_USE;

#endif
