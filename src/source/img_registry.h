/*
 * img_registry.h — what the parts that read a registry share. Not for other modules.
 *
 * Shape:     one registry, one repository, one connection.
 * Ownership: what it gives lives until it is closed; tokens are in an arena that is wiped.
 * Errors:    PQM_ENET with the registry's name; PQM_EPARSE for what is not what its digest says.
 * Threads:   one thread.
 * Limits:    PQM_REGISTRY_*.
 * Standard:  OCI distribution spec 1.1; RFC 9110 §14 (ranges), §10.2.3 (Retry-After).
 */
#ifndef PQM_SOURCE_IMG_REGISTRY_H
#define PQM_SOURCE_IMG_REGISTRY_H

#include "http.h"
#include "img.h"
#include "img_auth.h"

#define PQM_ACCEPT_MANIFEST                                                                        \
	"Accept: application/vnd.oci.image.index.v1+json, "                                        \
	"application/vnd.oci.image.manifest.v1+json, "                                             \
	"application/vnd.docker.distribution.manifest.list.v2+json, "                              \
	"application/vnd.docker.distribution.manifest.v2+json"

struct registry {
	struct pqm_store_of store; /* first */
	struct pqm_arena arena;
	struct pqm_arena secret; /* credentials and tokens; wiped */
	struct pqm_http_config transport;
	struct pqm_http *http;
	struct pqm_oci_ref ref;
	const char *host;	   /* as the user calls it */
	const char *base;	   /* "https://host:port" */
	const char *authorization; /* a header, or NULL */
	struct pqm_docker_cred cred;
	bool has_cred, is_plain, is_insecure;
	bool is_optional; /* what is asked for need not be there */
	const volatile int *stop;
	const char *const *deny;
	struct pqm_buf head; /* of the last answer */
	pqm_bytes root_digest, root_text;
};

/* A path of the API from byte `from` on; PQM_OK: what comes can be read, or, where it is optional, it is not
 * there. Logs in and follows redirects. */
enum pqm_st pqm_registry_ask(struct registry *g, const char *path, const char *accept,
	uint64_t from, struct pqm_http_reply *r, struct pqm_err *err) PQM_MUST_USE;
bool pqm_registry_is_stopped(const struct registry *g);
/* Waits before another try: as long as was asked for, else longer each time. */
void pqm_registry_pause(const struct registry *g, unsigned try, uint64_t asked_ms);
/* img_registry_blob.c: of struct pqm_store_of. */
enum pqm_st pqm_registry_open(struct pqm_store_of *s, const struct pqm_oci_desc *d,
	struct pqm_feed **out, struct pqm_err *err) PQM_MUST_USE;

#endif
