/*
 * sealed.h — to whom a file is encrypted: the recipients of age files and OpenPGP messages.
 *
 * Shape:     a walk over recipients; each comes as the algorithm that wraps the file's key.
 * Units:     offsets in bytes of the input.
 * Ownership: borrows; texts of algorithms are static. Wrapped keys are stepped over, never kept.
 * Errors:    PQM_EPARSE with what is malformed; recipients before it have been delivered.
 * Threads:   pure.
 * Limits:    PQM_SEALED_RECIPIENTS.
 * Standard:  age-encryption.org/v1 (C2SP age.md) with the stanzas of its plugins; RFC 9580 §5.1, RFC 4880
 *            and draft-ietf-openpgp-pqc for OpenPGP.
 */
#ifndef PQM_PARSE_SEALED_H
#define PQM_PARSE_SEALED_H

#include "base/bytes.h"
#include "base/err.h"

struct pqm_sealed_to {
	/* As the catalogue knows it: "X25519", "P-256", "X448+ML-KEM"; empty: unknown; NULL: a passphrase,
	 * nobody's key. */
	const char *algorithm;
	uint32_t bits;	 /* of an RSA or ElGamal modulus, from the length of the wrapped key */
	pqm_bytes type;	 /* the stanza's or the algorithm's own name, as the file says it */
	pqm_bytes share; /* what only this file has: tells two files apart */
	uint64_t off;
};

typedef enum pqm_st pqm_sealed_fn(void *ctx, const struct pqm_sealed_to *to);

bool pqm_sealed_is_age(pqm_bytes head);
/* The header of an age file; the payload is not looked at. */
enum pqm_st pqm_sealed_age(
	pqm_bytes b, pqm_sealed_fn *each, void *ctx, struct pqm_err *err) PQM_MUST_USE;

/* Whether b begins with the packet of a wrapped key whose version and algorithm exist. */
bool pqm_sealed_is_pgp(pqm_bytes head);
enum pqm_st pqm_sealed_pgp(
	pqm_bytes b, pqm_sealed_fn *each, void *ctx, struct pqm_err *err) PQM_MUST_USE;

#endif
