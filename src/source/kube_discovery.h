/*
 * kube_discovery.h — what an API server has, and what of it we read.
 *
 * Shape:     the resources whose kinds stand in rules/k8s, by group and name.
 * Ownership: everything lives in the arena given.
 * Errors:    as pqm_kube_get; PQM_EPARSE when the answer is no discovery document.
 * Threads:   one thread.
 * Standard:  aggregated discovery v2 and v2beta1 (APIGroupDiscoveryList), else /api and /apis.
 */
#ifndef PQM_SOURCE_KUBE_DISCOVERY_H
#define PQM_SOURCE_KUBE_DISCOVERY_H

#include "kube_client.h"
#include "rules/k8s.h"

struct pqm_kube_resource {
	pqm_bytes group, version, kind, name; /* name: the plural of URLs */
	bool is_namespaced;
	const struct pqm_k8s_kind *rule;
};

struct pqm_kube_resources {
	struct pqm_arena *arena;
	const struct pqm_k8s_kinds *kinds;
	struct pqm_kube_resource *list;
	size_t n, cap;
};

/* A group that could not be read is told through gap(). */
enum pqm_st pqm_kube_discover(struct pqm_kube *k, struct pqm_kube_resources *out,
	void (*gap)(void *ctx, const char *path, const char *words), void *ctx,
	struct pqm_err *err) PQM_MUST_USE;
/* Adds what one aggregated document says; false: it is none. *n_stale counts groups without answer. */
bool pqm_kube_aggregated(struct pqm_kube_resources *out, pqm_bytes text, size_t *n_stale);
/* Adds what one APIResourceList says; false: it is none. */
bool pqm_kube_resource_list(struct pqm_kube_resources *out, pqm_bytes text);
void pqm_kube_resources_sort(struct pqm_kube_resources *r);

#endif
