/*
 * kube_client.h — requests to one API server, with patience.
 *
 * Shape:     GET only. Refused for now (429, 5xx), cut off or too slow: asked again, later each time, as often
 *            as limits.h says. 401: the credential is renewed once. Every other status comes back.
 * Units:     milliseconds.
 * Ownership: the client owns its configuration; credentials are wiped with it.
 * Errors:    PQM_ENET after the last try, PQM_EUSAGE and PQM_EIO for the configuration, PQM_ELIMIT when the
 *            answer is over the buffer's maximum.
 * Threads:   one thread.
 * Security:  only the server of the configuration is contacted. Messages hold no credential, and nothing of
 *            what the server wrote.
 */
#ifndef PQM_SOURCE_KUBE_CLIENT_H
#define PQM_SOURCE_KUBE_CLIENT_H

#include "base/buf.h"

struct pqm_kube;

/* Runs the credential plugin, if there is one; contacts nothing. stop may be NULL. */
enum pqm_st pqm_kube_open(struct pqm_kube **out, const char *context, const volatile int *stop,
	struct pqm_err *err) PQM_MUST_USE;
void pqm_kube_close(struct pqm_kube *k); /* may be NULL */

const char *pqm_kube_context(const struct pqm_kube *k);
const char *pqm_kube_server(const struct pqm_kube *k);
bool pqm_kube_is_unverified(const struct pqm_kube *k); /* insecure-skip-tls-verify */

/* The answer to GET path?query in body, which is emptied first, and its status. */
enum pqm_st pqm_kube_get(struct pqm_kube *k, const char *path, const char *accept,
	struct pqm_buf *body, unsigned *status, struct pqm_err *err) PQM_MUST_USE;

#endif
