/*
 * k8s.h — typed view of rules/k8s: which kinds exist, which of their fields are facts.
 *
 * Shape:     one entry a kind; the entry "*" adds to every kind. Field paths are globs over the
 *            written path ("spec.tls[0].secretName"): '*' is any run of bytes.
 * Ownership: everything belongs to the rule set.
 * Errors:    PQM_EUSAGE for a broken rule, PQM_ENOMEM.
 * Threads:   const after load.
 */
#ifndef PQM_RULES_K8S_H
#define PQM_RULES_K8S_H

#include "base/map.h"
#include "model/inventory.h"
#include "rules/rules.h"

struct pqm_k8s_kind {
	const struct pqm_rule *rule;
	pqm_bytes kind;		       /* "*": every kind */
	const struct pqm_yaml *groups; /* NULL: any API group */
	pqm_bytes node_type;	       /* workload service edge …; empty: not a node */
	bool is_cluster_scoped;
	bool is_made; /* from the template of a controller, which says the same */
	const struct pqm_yaml *facts, *content, *edges, *provides; /* lists, may be NULL */
	const struct pqm_yaml *exact;	 /* facts from a fixed vocabulary: kept as written */
	const struct pqm_yaml *heads;	 /* fields of which the first bytes are a fact */
	const struct pqm_yaml *live;	 /* how API servers have it; may be NULL */
	const struct pqm_k8s_kind *next; /* of the same name, for other groups */
};

/* One entry of the `on` list of a check: on which objects its test is made. */
struct pqm_k8s_on {
	const struct pqm_rule *rule;
	const struct pqm_yaml *node;
	pqm_bytes kind;		       /* "*": every kind */
	const struct pqm_yaml *groups; /* NULL: any API group */
	pqm_bytes test, at;
	bool is_always; /* looked at whatever fields an object has: absent, or `at` with an index */
	const struct pqm_k8s_on *next; /* of the same kind, or NULL */
};

struct pqm_k8s_kinds {
	struct pqm_k8s_kind *kind;
	size_t n;
	const struct pqm_k8s_kind *any; /* the "*" entry, or NULL */
	struct pqm_map by_name;		/* kind -> its first entry; the others follow by next */
	struct pqm_k8s_on *on;
	size_t n_on;
	struct pqm_map on_by_name;     /* kind -> its first check */
	const struct pqm_yaml **asked; /* fact lists of practices, for objects of any kind */
	size_t n_asked;
	struct pqm_arena arena;
};

/* Rules ask for it by pqm_rules_k8s. */
enum pqm_st pqm_k8s_kinds_new(
	struct pqm_k8s_kinds **out, const struct pqm_rules *r, struct pqm_err *err) PQM_MUST_USE;
void pqm_k8s_kinds_free(struct pqm_k8s_kinds *k); /* may be NULL */
/* The entry of a kind, or NULL; never the "*" entry. */
const struct pqm_k8s_kind *pqm_k8s_kind_of(
	const struct pqm_k8s_kinds *k, pqm_bytes group, pqm_bytes kind);
/* The first entry of this name, whatever its groups, or NULL; ->next follows. */
const struct pqm_k8s_kind *pqm_k8s_kind_named(const struct pqm_k8s_kinds *k, pqm_bytes kind);
/* The first check of objects of a kind ("*": those of every kind), or NULL; ->next follows. Groups are
 * the caller's to compare. */
const struct pqm_k8s_on *pqm_k8s_checks_of(const struct pqm_k8s_kinds *k, pqm_bytes kind);
/* Whether API servers list the kind; configuration files and declarations only look like objects. */
bool pqm_k8s_is_live(const struct pqm_k8s_kind *k);
/* The name in URLs and RBAC rules: what `live` says, else the English plural. {NULL, 0} without memory. */
pqm_bytes pqm_k8s_resource(const struct pqm_k8s_kind *k, struct pqm_arena *arena);
/* "namespace/Kind/name", the name of an object in findings and in the graph. A namespaced object
 * that does not say its namespace is in "default", as kubectl would put it; "-" is none. {NULL, 0}
 * without memory. */
pqm_bytes pqm_k8s_id(
	const struct pqm_k8s_kinds *k, const struct pqm_object *o, struct pqm_arena *arena);
/* Whether one of the globs of a list of scalars (may be NULL) fits the text. */
bool pqm_k8s_listed(const struct pqm_yaml *globs, pqm_bytes text);
/* Whether a rule of practices/ asks for the field. */
bool pqm_k8s_asked(const struct pqm_k8s_kinds *k, pqm_bytes path);
/* Glob match that looks at the fixed end of the pattern first: most patterns fail there. */
bool pqm_k8s_fits(pqm_bytes glob, pqm_bytes text);

#endif
