/*
 * jwk.h — JSON Web Keys, found from their "kty" member and read in place.
 *
 * Shape:     one flat object; not a whole document, so that keys in sets, in other objects or in
 *            program text are found with their own offset.
 * Units:     offsets in bytes of the text.
 * Ownership: borrows. Private members are told by name and never decoded or copied.
 * Errors:    PQM_EPARSE: not a key (most texts with "kty" in them are prose or schemas). When
 *            *is_close is set, it has a key's members but impossible values.
 * Threads:   pure.
 * Limits:    PQM_JWK_BYTES, PQM_JWK_DEPTH.
 * Standard:  RFC 7517, RFC 7518 §6, RFC 8037, RFC 8812; AKP of draft-ietf-cose-dilithium. Symmetric
 *            keys (kty oct) are refused.
 */
#ifndef PQM_PARSE_JWK_H
#define PQM_PARSE_JWK_H

#include "pubkey.h"

struct pqm_jwk {
	size_t off, end; /* of the object's braces */
	struct pqm_pubkey key;
	bool is_private;
	pqm_bytes use, alg; /* as written; may be empty */
};

/* The key whose member name "kty" (with its quotes) starts at kty_off. The object may not begin
 * before floor. */
enum pqm_st pqm_jwk_at(struct pqm_jwk *out, pqm_bytes text, size_t floor, size_t kty_off,
	bool *is_close, struct pqm_err *err) PQM_MUST_USE;

#endif
