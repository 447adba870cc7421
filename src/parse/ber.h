/*
 * ber.h — rewrites BER with indefinite lengths as DER lengths.
 *
 * Shape:     one object in, the same object with definite, shortest lengths out. OCTET STRINGs in
 *            pieces are joined; one whose content is itself such an object is rewritten too, as key
 *            stores nest that way.
 * Ownership: appends to the caller's buffer, which may come to hold private keys: wipe it.
 * Errors:    PQM_EPARSE "at OFFSET: words", PQM_ELIMIT over PQM_BER_OBJECT_BYTES or PQM_DER_DEPTH,
 *            PQM_ENOMEM.
 * Threads:   pure.
 * Standard:  X.690 §8.1.3.6, §8.1.5, §8.7.3. Sets are not sorted: this is for reading, not signing.
 */
#ifndef PQM_PARSE_BER_H
#define PQM_PARSE_BER_H

#include "base/buf.h"

/* The first object of in; *used is its length there. */
enum pqm_st pqm_ber_to_der(
	struct pqm_buf *out, pqm_bytes in, size_t *used, struct pqm_err *err) PQM_MUST_USE;
/* Copies nothing: does the first object of in close, and how long is it? It does exactly when
 * pqm_ber_to_der() takes it, but for memory. Takes from *budget a fixed price for each element looked
 * at, refused or not, and the length of an object that closes, which pays for the rewriting.
 * PQM_ELIMIT with *budget 0: it was not enough. */
enum pqm_st pqm_ber_measure(
	pqm_bytes in, size_t *total, size_t *budget, struct pqm_err *err) PQM_MUST_USE;

#endif
