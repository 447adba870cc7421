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
 *            sonames in hit and miss, in housekeeping globs of symbols that show no use alone, in elsewhere those
 *            that only other versions, builds and relatives export, and loader: true where it only opens other
 *            libraries; a meaning is { id, library, symbols, by_key, emit, why, refs, hit, miss } with
 *            symbols in hit and miss, and emit { family, operation, function, algorithm,
 *            parameter, quantum, classical }, of which the catalogue gives what is left out, and by_key: true where a
 *            key in an argument decides the algorithm.
 *            A table is { id, library, table, values } from numbers or texts to names of the catalogue;
 *            a recipe says what the arguments of a call mean: { id, library, calls, takes, when, args, makes,
 *            under, emit }, see struct pqm_recipe. Samples of these are calls: f(?, 3072) = RSA 3072.
 *            A wrapper is a library that does cryptography for programs, of which too much is reached from
 *            everywhere: { id, wraps, acts, uses } with globs of sonames, of the functions that set it to work,
 *            and of the rules that hold for a program that calls one. Its samples are functions.
 */
#ifndef PQM_RULES_LIBS_H
#define PQM_RULES_LIBS_H

#include "parse/code.h"
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
	struct pqm_map recipes;	  /* name of a function -> struct pqm_recipes */
};

/* What an argument says. */
enum pqm_role {
	PQM_ROLE_ALGORITHM, /* a name or number of an algorithm */
	PQM_ROLE_PARAMETER, /* bits, or a curve, group or set by name or number */
	PQM_ROLE_BYTES,	    /* a size in bytes */
	PQM_ROLE_FROM, /* a context or key that an earlier call made: what holds for that holds here */
	PQM_ROLE_EXPRESSION, /* an S-expression of libgcrypt */
	PQM_ROLE_GROUPS,     /* lists of names that are allowed in TLS or SSH */
	PQM_ROLE_SUITES,
	PQM_ROLE_PRIORITY,
	PQM_ROLE_SIGNATURES,
	PQM_ROLE_SSH_KEX,
	PQM_ROLE_CEILING, /* a protocol version */
	PQM_ROLE_FLOOR,
	PQM_ROLE_OPENS,	   /* the file name of a library, for the loader */
	PQM_ROLE_LOOKS_UP, /* the name of a function, for the loader */
};

#define PQM_RECIPE_ARGS 4
#define PQM_RECIPE_WHEN 3

struct pqm_recipe_arg {
	enum pqm_role role;
	unsigned at;		       /* which argument, from 0 */
	pqm_bytes table;	       /* of values; empty: names of the catalogue */
	const struct pqm_yaml *values; /* of that table */
};

/* What the arguments of one or more functions mean. `when` must hold: argument -> number, text, or list of
 * them. */
struct pqm_recipe {
	const struct pqm_rule *rule;
	const struct pqm_lib_rule *under; /* the meaning it belongs to; NULL: that of the symbol */
	const struct pqm_alg_ref *alg;	  /* what the function is about by itself; may be NULL */
	pqm_bytes parameter, operation;	  /* may be empty */
	pqm_bytes makes;		  /* "ctx", "key": what FROM refers to */
	unsigned takes;			  /* arguments of the function */

	struct {
		unsigned at;
		const struct pqm_yaml *is;
	} when[PQM_RECIPE_WHEN];

	size_t n_when;
	struct pqm_recipe_arg arg[PQM_RECIPE_ARGS];
	size_t n_args;
	bool is_name; /* the call only gives a name to others */
};

struct pqm_recipes {
	const struct pqm_recipe **list;
	size_t n, cap;
};

#define PQM_FACT_LINKS 3

/* What one call says, by its function and its arguments. */
struct pqm_lib_fact {
	const struct pqm_lib *lib;	    /* NULL: not a function that we have rules for */
	const struct pqm_lib_rule *meaning; /* NULL: it only names something */
	const struct pqm_recipe *recipe;    /* NULL: none fits */
	const struct pqm_alg_ref *alg;	    /* which algorithm; NULL: what the meaning says */
	pqm_bytes parameter, operation;
	bool is_own;	  /* the parameter stands in this call, not in one that it is linked with */
	bool is_dropped;  /* calls that are linked with it say more than one thing */
	char digits[8];	  /* for parameter */
	bool has_setting; /* a text or a number of one of the roles from GROUPS on */
	enum pqm_role setting;
	pqm_bytes text;
	/* When the function is looked up by name (text): the loader's library, and the file that lib was
	 * opened as. */
	const struct pqm_lib *through;
	pqm_bytes file;

	struct {
		enum pqm_role role;
		size_t call;
		pqm_bytes makes;
	} link[PQM_FACT_LINKS];

	size_t n_links, root;
	unsigned visit;
};

/* Builds the view from r's rules under libs/; *out is returned owned. */
enum pqm_st pqm_libs_build(
	struct pqm_libs **out, const struct pqm_rules *r, struct pqm_err *err) PQM_MUST_USE;
void pqm_libs_free(struct pqm_libs *l); /* may be NULL */

size_t pqm_libs_count(const struct pqm_libs *l);
const struct pqm_lib *pqm_lib_at(const struct pqm_libs *l, size_t index);
size_t pqm_lib_rules_count(const struct pqm_libs *l);
const struct pqm_lib_rule *pqm_lib_rule_at(const struct pqm_libs *l, size_t index);

/* The library that has this soname (last part of a path), or NULL. */
const struct pqm_lib *pqm_lib_by_soname(const struct pqm_libs *l, pqm_bytes soname);
/* The library whose symbols carry this version (OPENSSL_3.0.0), or NULL. */
const struct pqm_lib *pqm_lib_by_version(const struct pqm_libs *l, pqm_bytes version);
const struct pqm_lib *pqm_lib_by_name(const struct pqm_libs *l, pqm_bytes name);
/* What symbol means in that library, or NULL: nothing we have a rule for. */
const struct pqm_lib_rule *pqm_lib_symbol(const struct pqm_lib *lib, pqm_bytes symbol);

/* "OpenSSL": as people call it. */
pqm_bytes pqm_lib_title(const struct pqm_lib *lib);

/* The recipes of a function, or NULL. */
const struct pqm_recipes *pqm_lib_recipes(const struct pqm_lib *lib, pqm_bytes symbol);
/* "sign", "keygen": what a function of the library does, by its name; empty: nothing is said. */
pqm_bytes pqm_lib_operation(const struct pqm_lib *lib, pqm_bytes symbol);
/* Whether the function alone shows no use. */
bool pqm_lib_is_housekeeping(const struct pqm_lib *lib, pqm_bytes symbol);
/* facts[i] from calls[i], a function of facts[i].lib, which the caller sets; then what calls say about each
 * other: contexts and keys that one makes and others take. */
void pqm_lib_facts(struct pqm_lib_fact *facts, const struct pqm_call *calls, size_t n,
	const struct pqm_rules *r);

/* What is known of a library that wraps others, by its soname, or NULL; and whether a program that calls the
 * function uses what the meaning says. Of a library that nothing is known of all that its code reaches holds. */
const struct pqm_rule *pqm_lib_wrapper(const struct pqm_libs *l, pqm_bytes soname);
bool pqm_lib_wrapper_says(
	const struct pqm_rule *wrapper, pqm_bytes function, const struct pqm_rule *meaning);

/* The family of the catalogue that a fact is about, or NULL. */
const struct pqm_alg_ref *pqm_lib_about(const struct pqm_rules *r, const struct pqm_lib_fact *fact);
/* Reads "f(?, 0x10, "text", `text`); g($1) = words" into calls of one function, with no addresses that mean
 * anything; *words is what stands behind the last "=". False when it is written otherwise. Texts are slices
 * of the sample. */
bool pqm_lib_sample(
	pqm_bytes sample, struct pqm_call *calls, size_t cap, size_t *n, pqm_bytes *words);
/* "groups", "ceiling": as rules write a role. */
const char *pqm_role_name(enum pqm_role role);

/* Runs every rule of libs/ on its own hit and miss samples; both must be there. The first that
 * fails is PQM_EUSAGE "FILE:LINE: words". */
enum pqm_st pqm_libs_check(const struct pqm_libs *l, struct pqm_err *err) PQM_MUST_USE;

#endif
