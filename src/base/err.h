/*
 * err.h — status codes and the words that go with a failure.
 *
 * Shape:     a fallible function returns enum pqm_st and fills the caller's struct pqm_err.
 * Ownership: the caller's storage; nothing is allocated.
 * Errors:    this is them. PQM_OK is 0.
 */
#ifndef PQM_BASE_ERR_H
#define PQM_BASE_ERR_H

#include "ban.h"

#define PQM_MUST_USE __attribute__((warn_unused_result))
#define PQM_PRINTF(f, a) __attribute__((format(printf, f, a)))

enum pqm_st {
	PQM_OK = 0,
	PQM_EPARSE,    /* input is malformed */
	PQM_ELIMIT,    /* input is over a limit of limits.h */
	PQM_EIO,       /* the system refused a file operation */
	PQM_ENET,      /* the network or a peer refused */
	PQM_ENOMEM,    /* allocation failed or an arena is full */
	PQM_EUSAGE,    /* the user's command line, config or rule file is wrong */
	PQM_EINTERNAL, /* our bug */
};

struct pqm_err {
	enum pqm_st st;
	char msg[512];
};

/* Fills err (may be NULL) with st and the words; returns st. Line breaks and control bytes that
 * reach the words are replaced, so a message is always one printable line. */
enum pqm_st pqm_fail(struct pqm_err *err, enum pqm_st st, const char *fmt, ...) PQM_PRINTF(3, 4);

/* "parse", "limit", ... for coverage lines and JSON. */
const char *pqm_st_name(enum pqm_st st);

#endif
