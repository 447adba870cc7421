/*
 * dtls_crypt.h — records of DTLS 1.3 under handshake keys. Not for other modules.
 *
 * Shape:     keys of one direction of epoch 2; open and seal of one record.
 * Ownership: values.
 * Errors:    false: not authentic, or no room.
 * Threads:   one thread.
 * Standard:  RFC 9147 §4 and §5.9.
 */
#ifndef PQM_PROBE_DTLS_CRYPT_H
#define PQM_PROBE_DTLS_CRYPT_H

#include "parse/dtls.h"
#include "probe/crypto.h"

struct probe_dtls_keys {
	enum pc_aead aead;
	uint8_t key[32], iv[12], sn[32];
	uint64_t next; /* sequence number expected, or to be sent */
	bool is_ready;
};

bool probe_dtls_keys(struct probe_dtls_keys *k, enum pc_hash h, enum pc_aead a, pqm_bytes secret);
/* out has room for the record's body; the inner type goes to *type. */
bool probe_dtls_open(struct probe_dtls_keys *k, const struct pqm_dtls_record *r, uint8_t *out,
	size_t *n, uint8_t *type) PQM_MUST_USE;
/* Appends a record of epoch 2 with a number of 16 bits and a length; body below 1,400 bytes. */
bool probe_dtls_seal(
	struct probe_dtls_keys *k, uint8_t type, pqm_bytes body, struct pqm_buf *out) PQM_MUST_USE;

#endif
