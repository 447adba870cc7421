/*
 * k8s_look.h — what the tests of rules/k8s share: one check on one object, and its finding.
 *
 * Shape:     k8s_check.c chooses the checks of an object and makes those on fields; k8s_text.c those
 *            that read text.
 * Ownership: everything is lent for the call.
 * Errors:    as the emitter's.
 * Threads:   one artifact at a time.
 */
#ifndef PQM_DETECT_K8S_LOOK_H
#define PQM_DETECT_K8S_LOOK_H

#include "k8s.h"

/* One place where a check looks: an entry of the rule's `on` list. */
struct k8s_look {
	struct pqm_k8s_scan *scan;
	const struct pqm_object *o;
	pqm_bytes id;
	const struct pqm_rule *rule;
	const struct pqm_yaml *on;
	const struct pqm_fact *fact; /* the place; NULL: the whole object */
	const struct pqm_alg_ref *alg;
	pqm_bytes parameter;
	pqm_bytes fallback; /* classical group beside a hybrid one; "none" */
	pqm_bytes also;	    /* further classical groups: "X25519, P-384" */
	pqm_bytes part;	    /* what of the value it is about; empty: all */
	struct pqm_err *err;
};

/* Key-exchange groups that a value names, the first of each sort. */
struct k8s_groups {
	const struct pqm_alg_ref *classical, *hybrid;
	pqm_bytes also; /* classical ones behind the first */
};

enum pqm_st k8s_report(const struct k8s_look *l) PQM_MUST_USE;
/* Whether the object is one of those that the entry means: `if`, `unless`, `when`, `never`. */
bool k8s_is_meant(const struct k8s_look *l);
/* Cuts the next name off a list like "X25519:P-256", "X25519, P-256"; false at the end. */
bool k8s_next_name(pqm_bytes *rest, pqm_bytes *name);
/* Adds the groups of a list of names to g; false when none of them is known. */
bool k8s_read_groups(const struct k8s_look *l, pqm_bytes names, struct k8s_groups *g);
/* Reports what the groups come to, if that is what the rule is about. */
enum pqm_st k8s_report_groups(
	struct k8s_look *l, const struct k8s_groups *g, bool want_hybrid) PQM_MUST_USE;
/* The tests "text" and "text-groups-…" on one text. */
enum pqm_st k8s_test_text(struct k8s_look *l, const struct pqm_fact *text) PQM_MUST_USE;
bool k8s_is_text_test(pqm_bytes test);
/* Whether the tag of an image is within versions (">= 1.2, < 2"); a tag without a number may be. */
bool k8s_image_fits(pqm_bytes versions, pqm_bytes image);

#endif
