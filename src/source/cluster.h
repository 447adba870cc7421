/*
 * cluster.h — live clusters as targets: what is read of them.
 *
 * Ownership: settings are borrowed for the run.
 * Threads:   settings are const.
 * Security:  Secrets are read only as the mode says; their values go to the detectors and nowhere else.
 */
#ifndef PQM_SOURCE_CLUSTER_H
#define PQM_SOURCE_CLUSTER_H

#include "rules/rules.h"

enum pqm_secrets {
	PQM_SECRETS_NONE,
	PQM_SECRETS_METADATA, /* names, labels and annotations: PartialObjectMetadata */
	PQM_SECRETS_TLS,      /* of type kubernetes.io/tls */
	PQM_SECRETS_ALL,
};

struct pqm_cluster_options {
	const char *const *namespaces; /* n_namespaces of them; none: all */
	size_t n_namespaces;
	enum pqm_secrets secrets;
	const char *const
		*secret_namespaces; /* where Secrets are read; none: where everything is */
	size_t n_secret_namespaces;
	bool helm_releases;	  /* with PQM_SECRETS_ALL: Secrets of Helm too */
	const volatile int *stop; /* may be NULL */
	/* Not NULL: discovery is the only thing that is asked; each further request is told instead. */
	void (*would_ask)(void *ctx, const char *server, const char *path);
	void *ctx;
};

bool pqm_cluster_is_target(const char *name);
/* Whether a namespace can be one: labels of [RFC1123]. */
bool pqm_cluster_is_namespace(pqm_bytes name);

#endif
