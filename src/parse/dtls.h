/*
 * dtls.h — DTLS datagrams: records, handshake fragments, HelloVerifyRequest.
 *
 * Shape:     one call a record of a datagram, one call a fragment of a record. Putting fragments
 *            together is the caller's.
 * Units:     sizes in bytes; codes as on the wire.
 * Ownership: borrows from the datagram.
 * Errors:    PQM_EPARSE with what and where; *out and *in are untouched then. A record that runs
 *            past its datagram is malformed: no more of it will come.
 * Threads:   values.
 * Limits:    PQM_TLS_FLIGHT_BYTES for the declared size of one message.
 * Standard:  RFC 6347 §4 (1.2), RFC 9147 §4 (1.3).
 */
#ifndef PQM_PARSE_DTLS_H
#define PQM_PARSE_DTLS_H

#include "tls.h"

#define PQM_DTLS_ACK 26 /* [RFC9147 §7] */

struct pqm_dtls_record {
	uint8_t type;
	uint16_t version, epoch;
	uint64_t seq; /* 48 bits */
	/* The ciphertext of DTLS 1.3 with its short header [RFC9147 §4]: type and version are 0, epoch
	 * has its two low bits, seq its 8 or 16 low bits, which are encrypted. */
	bool is_unified;
	uint8_t seq_bytes; /* 6; 1 or 2 in a unified header */
	pqm_bytes header;  /* as sent */
	pqm_bytes body;
};

/* Takes one record off the datagram *in. Connection ids, which nobody negotiated, are refused. */
enum pqm_st pqm_dtls_record_next(
	struct pqm_dtls_record *out, pqm_bytes *in, struct pqm_err *err) PQM_MUST_USE;

struct pqm_dtls_part {
	uint8_t type;	 /* enum pqm_tls_message */
	uint32_t length; /* of the whole message */
	uint16_t seq;	 /* message_seq */
	uint32_t off;
	pqm_bytes body; /* off + body.n is at most length */
};

/* Takes one fragment off the body *in of a handshake record [RFC6347 §4.2.2]. PQM_ELIMIT when its
 * message is longer than PQM_TLS_FLIGHT_BYTES. */
enum pqm_st pqm_dtls_fragment(
	struct pqm_dtls_part *out, pqm_bytes *in, struct pqm_err *err) PQM_MUST_USE;

/* HelloVerifyRequest [RFC6347 §4.2.1]; the cookie may be empty. */
enum pqm_st pqm_tls_hello_verify(
	uint16_t *version, pqm_bytes *cookie, pqm_bytes body, struct pqm_err *err) PQM_MUST_USE;

#endif
