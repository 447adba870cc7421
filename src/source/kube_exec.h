/*
 * kube_exec.h — credential plugins of a kubeconfig.
 *
 * Shape:     the program runs by its argument vector, without a shell, without a terminal; what it prints on
 *            standard output is an ExecCredential. Its standard error is dropped: it may say too much.
 * Ownership: the credential lives in the arena given.
 * Errors:    PQM_EIO when it does not start, fails or takes too long; PQM_EPARSE when it prints something
 *            else. No message repeats what it printed.
 * Threads:   one thread.
 * Standard:  client.authentication.k8s.io/v1 and v1beta1.
 */
#ifndef PQM_SOURCE_KUBE_EXEC_H
#define PQM_SOURCE_KUBE_EXEC_H

#include "kube_config.h"

struct pqm_kube_cred {
	const char *token;   /* or NULL */
	pqm_bytes cert, key; /* PEM; empty: none */
};

/* stop (may be NULL) ends the wait. */
enum pqm_st pqm_kube_exec_run(struct pqm_kube_cred *out, const struct pqm_kube_config *c,
	struct pqm_arena *arena, const volatile int *stop, struct pqm_err *err) PQM_MUST_USE;
enum pqm_st pqm_kube_cred_parse(struct pqm_kube_cred *out, pqm_bytes text, const char *api_version,
	struct pqm_arena *arena, struct pqm_err *err) PQM_MUST_USE;

#endif
