/*
 * java.h — what calls of Java's libraries mean: the rules of rules/java, ready to be asked.
 *
 * Shape:     a rule lists calls ("a/b/C.method"; globs) and says which argument names the algorithm,
 *            the size or the curve, and which later calls on what it gave say more. A library lists
 *            the packages that are its own; a name rule says what a name of an algorithm stands for.
 * Ownership: built in an arena; texts are borrowed from the rule set, which must outlive it.
 * Errors:    PQM_EUSAGE "FILE:LINE: words" for anything wrong in rules/java.
 * Threads:   const after build.
 * Rules:     see the head of rules/java/jca.yaml.
 */
#ifndef PQM_RULES_JAVA_H
#define PQM_RULES_JAVA_H

#include "rules/rules.h"

#define PQM_JAVA_NONE (-1) /* no such argument */

/* A later call on what a call gave. */
struct pqm_java_then {
	pqm_bytes call, operation;
	int size, spec, mode; /* numbers of arguments, or PQM_JAVA_NONE */
	const struct pqm_yaml *modes;
};

/* What a rule with calls says. */
struct pqm_java_api {
	const struct pqm_rule *rule;
	const struct pqm_yaml *calls, *types, *fields, *when, *numbers;
	pqm_bytes names;   /* the kind of names that its algorithms have */
	pqm_bytes means;   /* of a list: groups, suites, protocols, signatures */
	pqm_bytes library; /* whose it is; may be empty */
	int algorithm, size, curve, spec, same, list;
	bool is_spec; /* no finding of its own: it is an argument of others */
	bool has_emit;
	struct pqm_found emit;
	pqm_bytes operation;
	struct pqm_java_then *then;
	size_t n_then;
};

struct pqm_java_lib {
	const struct pqm_rule *rule;
	pqm_bytes name;
};

/* Where a call leads: to a rule, and in it to one of its later calls. */
struct pqm_java_hit {
	const struct pqm_java_api *api;
	const struct pqm_java_then *then; /* NULL: the call itself */
};

struct pqm_java;

/* prefix: "java/", or "dotnet/", whose rules have the same form. PQM_ENOMEM, or a mistake in the rules. */
enum pqm_st pqm_java_build(struct pqm_java **out, const struct pqm_rules *r, const char *prefix,
	struct pqm_arena *arena, struct pqm_err *err) PQM_MUST_USE;

/* Whether any rule speaks of this class ("a/b/C"). */
bool pqm_java_knows(const struct pqm_java *j, pqm_bytes class);
bool pqm_java_find(
	const struct pqm_java *j, pqm_bytes class, pqm_bytes member, struct pqm_java_hit *out);
/* The rule whose types have this class, or NULL. */
const struct pqm_java_api *pqm_java_type(const struct pqm_java *j, pqm_bytes class);
/* The rule whose fields have this one ("a/b/C.NAME"), or NULL. */
const struct pqm_java_api *pqm_java_field(
	const struct pqm_java *j, pqm_bytes class, pqm_bytes name);
/* The library whose package this class is in, or NULL. */
const struct pqm_java_lib *pqm_java_owner(const struct pqm_java *j, pqm_bytes class);
/* The library that has this name in a manifest, or "group:artifact" in its properties; or NULL. */
const struct pqm_java_lib *pqm_java_artifact(const struct pqm_java *j, pqm_bytes name);

/* What a name of that kind stands for: fills family, algorithm, parameter, function and statuses.
 * *sizes: what a size means in it, or NULL. False: no rule knows it. */
bool pqm_java_name(const struct pqm_java *j, pqm_bytes kind, pqm_bytes name, struct pqm_found *f,
	const struct pqm_yaml **sizes);

/* Whether a sample of a rule of rules/java belongs to it: "a/b/C.method", "a/b/C", "a/b/C.FIELD", a
 * name, "group:artifact". */
bool pqm_java_rule_fits(const struct pqm_rules *r, const struct pqm_rule *rule, pqm_bytes sample);

#endif
