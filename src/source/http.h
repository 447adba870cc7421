/*
 * http.h — GET over HTTP and HTTPS, one connection that is kept.
 *
 * Shape:     a client for one server; the body comes whole, unpacked when it was gzip.
 * Units:     milliseconds.
 * Ownership: the client copies nothing of its settings: they outlive it.
 * Errors:    PQM_ENET when no complete answer came, PQM_ELIMIT when the body is over the buffer's maximum,
 *            PQM_EUSAGE for settings that cannot be used; any status is an answer.
 * Threads:   a client belongs to one thread; the library is loaded once, before threads use it.
 * Security:  no redirects, no cookies, no .netrc; http and https only. Headers may hold tokens: they are in
 *            no message.
 */
#ifndef PQM_SOURCE_HTTP_H
#define PQM_SOURCE_HTTP_H

#include "base/buf.h"

struct pqm_http;

struct pqm_http_config {
	pqm_bytes ca, cert, key; /* PEM; without ca the system's authorities hold */
	bool no_verify;		 /* the server's certificate is not checked */
	const char *proxy;	 /* NULL: as HTTPS_PROXY and NO_PROXY say */
	/* Connect here instead of the host in the URL, which is then only a name to ask for: "::host:port". */
	const char *connect_to;
	const char *user_password; /* "user:password"; or NULL */
	unsigned connect_ms, idle_s, total_ms;
	const volatile int *stop; /* not 0: give up; may be NULL */
	/* Asked of each address before it is connected to, a proxy's too; NULL: all may be reached. */
	bool (*may_reach)(const void *ctx, const char *address);
	const void *reach_ctx;
};

struct pqm_http_reply {
	unsigned status;  /* 0: none came */
	uint64_t wait_ms; /* Retry-After; 0: not said */
	bool is_final;	  /* of a failure: another try would end the same way */
};

/* A request whose body is read as it comes, and as it was sent: not unpacked. */
struct pqm_http_request {
	const char *url;
	const char *const *headers; /* "Name: value", ended by NULL */
	const char *post;	    /* a form to send; NULL: GET */
	struct pqm_buf *head;	    /* what the answer's headers are appended to, as lines */
};

enum pqm_st pqm_http_open(
	struct pqm_http **out, const struct pqm_http_config *c, struct pqm_err *err) PQM_MUST_USE;
void pqm_http_close(struct pqm_http *h); /* may be NULL */
/* New certificate and key for later requests: the connection is made anew. */
void pqm_http_identity(struct pqm_http *h, pqm_bytes cert, pqm_bytes key);
/* Headers are "Name: value", ended by NULL. The body is appended. */
enum pqm_st pqm_http_get(struct pqm_http *h, const char *url, const char *const *headers,
	struct pqm_buf *body, struct pqm_http_reply *r, struct pqm_err *err) PQM_MUST_USE;

/* Returns when the headers are there; until pqm_http_stop the client is taken. A failure stops it. */
enum pqm_st pqm_http_start(struct pqm_http *h, const struct pqm_http_request *q,
	struct pqm_http_reply *r, struct pqm_err *err) PQM_MUST_USE;
/* The next bytes, lent until the next call; none at the end. is_final as of pqm_http_get. */
enum pqm_st pqm_http_read(struct pqm_http *h, pqm_bytes *out, struct pqm_http_reply *r,
	struct pqm_err *err) PQM_MUST_USE;
void pqm_http_stop(struct pqm_http *h);
/* The first header of that name in such lines; empty when there is none. */
pqm_bytes pqm_http_header(pqm_bytes head, const char *name);

#endif
