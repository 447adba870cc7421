/*
 * pgp.h — OpenPGP packets, read as far as public keys go.
 *
 * Shape:     a walk over packets; key packets come out as structs, all others are stepped over.
 * Units:     offsets in bytes of the input; times in seconds since 1970.
 * Ownership: borrows. Private parts are stepped over, never read.
 * Errors:    PQM_EPARSE or PQM_ELIMIT with the offset.
 * Threads:   pure.
 * Limits:    PQM_PGP_PACKETS; PQM_PGP_KEY_BYTES for a key packet.
 * Standard:  RFC 9580 §4.2, §5.5; RFC 4880 for v3 and v4; draft-koch-librepgp for v5;
 *            draft-ietf-openpgp-pqc for the composites. Partial lengths are refused for keys
 *            [RFC9580 §4.2.1.4].
 */
#ifndef PQM_PARSE_PGP_H
#define PQM_PARSE_PGP_H

#include "pubkey.h"

struct pqm_pgp_key {
	uint64_t off; /* of the packet */
	struct pqm_pubkey key;
	uint8_t version, algorithm;
	uint32_t created;
	bool is_subkey;
	bool is_secret;	   /* a secret-key packet that holds its secret */
	bool is_protected; /* by a passphrase */
};

/* True when b begins with a key packet's header and a version and algorithm that exist. Cheap. */
bool pqm_pgp_looks_like(pqm_bytes b);

/* Calls key() for each key packet of the packet sequence b. Stops at the first malformed packet:
 * what was before it has been delivered. Keys of unknown algorithms are stepped over. *end is set
 * also on failure: the offset where reading stopped. */
enum pqm_st pqm_pgp_walk(pqm_bytes b,
	enum pqm_st (*key)(void *ctx, const struct pqm_pgp_key *k, struct pqm_err *err), void *ctx,
	size_t *end, struct pqm_err *err) PQM_MUST_USE;

/* GnuPG keybox: calls block() with each OpenPGP key block and its offset. */
bool pqm_pgp_is_keybox(pqm_bytes b);
enum pqm_st pqm_pgp_keybox(pqm_bytes b,
	enum pqm_st (*block)(void *ctx, pqm_bytes packets, uint64_t off, struct pqm_err *err),
	void *ctx, struct pqm_err *err) PQM_MUST_USE;

#endif
