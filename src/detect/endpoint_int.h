/*
 * endpoint_int.h — one endpoint on its way to findings: shared by endpoint.c and its neighbours.
 *
 * Ownership: borrows all; texts that are made go into the arena.
 * Threads:   one endpoint at a time.
 */
#ifndef PQM_DETECT_ENDPOINT_INT_H
#define PQM_DETECT_ENDPOINT_INT_H

#include "detect/endpoint.h"
#include "rules/wire.h"

struct ep_job {
	const struct pqm_rules *r;
	struct pqm_endpoint *e;
	struct pqm_arena *arena;
	struct pqm_emit *out;
	struct pqm_err *err;
	pqm_bytes name;	   /* "tls:host:443" */
	uint32_t rsa_bits; /* of the smallest RSA key of a leaf; 0: none seen */
};

/* A finding of this endpoint about `what`; its family is the protocol's until the caller knows more. */
struct pqm_found pqm_ep_found(
	struct ep_job *j, enum pqm_meaning meaning, enum pqm_function function, pqm_bytes what);
/* Family, algorithm, parameter, status and texts of a registered code or name. */
void pqm_ep_wire(struct pqm_found *f, const struct pqm_wire *w);
enum pqm_st pqm_ep_emit(struct ep_job *j, struct pqm_found *f, const char *rule) PQM_MUST_USE;

/* endpoint_suites.c: what the accepted cipher suites of TLS 1.2 and before mean. */
enum pqm_st pqm_ep_suites(struct ep_job *j) PQM_MUST_USE;
/* endpoint_certs.c: children for certificates, findings for host keys, texts for readers. */
enum pqm_st pqm_ep_chains(struct ep_job *j) PQM_MUST_USE;

#endif
