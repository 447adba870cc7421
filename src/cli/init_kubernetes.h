/*
 * init_kubernetes.h — the manifest of a nightly scan from inside a cluster, with the rights it needs and no more.
 *
 * Shape:     one YAML stream: Namespace, ServiceAccount, RBAC, volume, NetworkPolicy, CronJob.
 * Ownership: all borrowed for the call.
 * Errors:    PQM_EUSAGE for settings that cannot be granted, PQM_ENOMEM.
 */
#ifndef PQM_CLI_INIT_KUBERNETES_H
#define PQM_CLI_INIT_KUBERNETES_H

#include "base/out.h"
#include "source/cluster.h"

struct pqm_init_kubernetes {
	struct pqm_cluster_options scan; /* what the scan will read */
	const char *image, *ns, *schedule;
	const char *api_server; /* address/prefix; or NULL: any */
	unsigned follow;	/* PQM_FOLLOW_*: what the scan follows, and so may reach */
	bool follow_external;
};

enum pqm_st pqm_init_kubernetes(struct pqm_out *o, const struct pqm_init_kubernetes *s,
	const struct pqm_rules *r, struct pqm_err *err) PQM_MUST_USE;

#endif
