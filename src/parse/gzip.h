/*
 * gzip.h — gzip members unpacked into memory.
 *
 * Units:     bytes.
 * Ownership: out is the caller's, with the maximum it was born with.
 * Errors:    PQM_EPARSE malformed or cut off, PQM_ELIMIT over out's maximum, PQM_ENOMEM.
 * Threads:   pure.
 * Standard:  RFC 1952, one member.
 */
#ifndef PQM_PARSE_GZIP_H
#define PQM_PARSE_GZIP_H

#include "base/buf.h"

enum pqm_st pqm_gunzip(struct pqm_buf *out, pqm_bytes in, struct pqm_err *err) PQM_MUST_USE;
/* The same for zlib's own wrapping [RFC 1950]. */
enum pqm_st pqm_zunzip(struct pqm_buf *out, pqm_bytes in, struct pqm_err *err) PQM_MUST_USE;

#endif
