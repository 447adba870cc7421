/*
 * quic_pkt.h — QUIC packet protection and the CRYPTO stream. Not for other modules.
 *
 * Shape:     keys of one direction and level; seal and open of packets; a stream that
 *            puts CRYPTO frames in order.
 * Units:     bytes.
 * Ownership: keys are values; a stream owns its buffers.
 * Errors:    false: not authentic, or no room.
 * Threads:   one thread.
 * Limits:    PQM_QUIC_HELD_* in limits.h.
 * Standard:  RFC 9001 §5, RFC 9369 §3.3.
 */
#ifndef PQM_PROBE_QUIC_PKT_H
#define PQM_PROBE_QUIC_PKT_H

#include "parse/quic.h"
#include "parse/tls.h"
#include "probe/crypto.h"

struct probe_quic_keys {
	enum pc_aead aead;
	uint8_t key[32], iv[12], hp[32];
	bool is_ready;
	bool is_plain; /* tests only: nothing is protected, tags are 16 bytes of anything */
};

/* Keys of a traffic secret, with the labels of the version [RFC9001 §5.1, RFC9369 §3.3.2]. */
bool probe_quic_keys(struct probe_quic_keys *k, uint32_t version, enum pc_hash h, enum pc_aead a,
	pqm_bytes secret);
/* Initial keys of both sides, from the first Destination Connection ID of the client. */
bool probe_quic_initial_keys(struct probe_quic_keys *client, struct probe_quic_keys *server,
	uint32_t version, pqm_bytes dcid);

/* Bytes of a packet with this header and payload. */
size_t probe_quic_packet_bytes(
	const struct pqm_quic_packet *head, size_t number_bytes, size_t payload_bytes);
/* Appends a protected packet; of kind SHORT its header is first byte and dcid. The payload has at least 4 - number_bytes bytes. */
bool probe_quic_seal(struct pqm_buf *out, const struct probe_quic_keys *k,
	const struct pqm_quic_packet *head, uint64_t number, size_t number_bytes,
	pqm_bytes payload) PQM_MUST_USE;

struct probe_quic_opened {
	uint64_t number;  /* in: the largest seen so far; out: of this packet */
	bool any_seen;	  /* in */
	uint8_t *payload; /* room for the whole packet */
	size_t n;	  /* out */
};

/* Of a short packet the caller sets number_at, for only he knows how long its connection ID is. */
bool probe_quic_open(struct probe_quic_opened *o, const struct probe_quic_keys *k,
	const struct pqm_quic_packet *p) PQM_MUST_USE;

/* The integrity tag of a Retry packet without its tag [RFC9001 §5.8]. */
bool probe_quic_retry_tag(uint8_t tag[PQM_QUIC_TAG_BYTES], uint32_t version,
	pqm_bytes original_dcid, pqm_bytes packet);

/* CRYPTO frames in any order, with gaps and overlaps [RFC9000 §19.6]. What is in order goes to the
 * joiner; what came early is held, within limits: over them it is dropped, for the peer sends again. */
struct probe_quic_stream {
	struct pqm_tls_joiner joiner;
	uint64_t next;	     /* offset of the first byte not yet joined */
	struct pqm_buf held; /* struct quic_piece and bytes, in turn */
	size_t n_held;
};

void probe_quic_stream_init(struct probe_quic_stream *s);
void probe_quic_stream_fini(struct probe_quic_stream *s);
/* PQM_ELIMIT when the offset is over PQM_TLS_FLIGHT_BYTES. */
enum pqm_st probe_quic_stream_add(struct probe_quic_stream *s, uint64_t offset, pqm_bytes data,
	struct pqm_err *err) PQM_MUST_USE;

#endif
