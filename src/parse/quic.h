/*
 * quic.h — QUIC packets, frames and transport parameters: bytes to facts and back.
 *
 * Shape:     datagram → packets (coalesced ones one by one) → opened payload → frames. Header and
 *            packet protection are elsewhere: this file has no keys and no I/O.
 * Units:     sizes and offsets in bytes.
 * Ownership: borrows from the datagram; builders append to the caller's buffer.
 * Errors:    PQM_EPARSE with what and where; *out is untouched then.
 * Threads:   values.
 * Limits:    PQM_QUIC_* in limits.h; nothing is reserved by a declared length.
 * Standard:  RFC 8999 (what every version keeps), RFC 9000 §12, §14, §16-§19, RFC 9369 (version 2),
 *            RFC 9368 §3 (version_information).
 */
#ifndef PQM_PARSE_QUIC_H
#define PQM_PARSE_QUIC_H

#include "base/buf.h"
#include "base/cur.h"

#define PQM_QUIC_V1 0x00000001u
#define PQM_QUIC_V2 0x6b3343cfu
#define PQM_QUIC_CID_MAX 20
#define PQM_QUIC_TAG_BYTES 16

/* Variable-length integers [RFC9000 §16]. */
bool pqm_quic_varint(struct pqm_cur *c, uint64_t *out);
/* v below 2^62; in the shortest form. */
bool pqm_quic_varint_put(struct pqm_buf *out, uint64_t v) PQM_MUST_USE;
size_t pqm_quic_varint_bytes(uint64_t v);

/* ---- packets ---- */

enum pqm_quic_kind {
	PQM_QUIC_INITIAL,
	PQM_QUIC_0RTT,
	PQM_QUIC_HANDSHAKE,
	PQM_QUIC_RETRY,
	PQM_QUIC_NEGOTIATION, /* Version Negotiation */
	PQM_QUIC_SHORT,	      /* 1-RTT: its connection ID has no length on the wire */
	PQM_QUIC_FOREIGN,     /* a long header of a version that we do not speak */
};

struct pqm_quic_packet {
	enum pqm_quic_kind kind;
	uint32_t version; /* 0 of Version Negotiation and short headers */
	pqm_bytes dcid, scid;
	pqm_bytes token;    /* Initial, Retry */
	pqm_bytes versions; /* Version Negotiation: 4 bytes each */
	pqm_bytes tag;	    /* Retry: the integrity tag, last of whole */
	pqm_bytes whole;    /* first byte through the end of this packet */
	size_t number_at;   /* of the (protected) packet number in whole; 0: has none */
};

/* Takes one packet off *in, which is what is left of a datagram. Kinds without a length field
 * take all of it. Long packets too short for a packet number and a sample are refused. */
enum pqm_st pqm_quic_packet(
	struct pqm_quic_packet *out, pqm_bytes *in, struct pqm_err *err) PQM_MUST_USE;

/* Appends a long header up to the packet number: kind INITIAL, 0RTT or HANDSHAKE. `rest` bytes of
 * number, payload and tag follow; below 2^14. The low bits of the first byte say number_bytes (1..4). */
bool pqm_quic_header(struct pqm_buf *out, const struct pqm_quic_packet *p, size_t number_bytes,
	size_t rest) PQM_MUST_USE;
/* The packet number with `bits` low bits nearest to the expected one [RFC9000 §A.3]. */
uint64_t pqm_quic_number(uint64_t largest_seen, bool any_seen, uint32_t low, size_t low_bytes);

/* ---- frames ---- */

enum pqm_quic_frame_type {
	PQM_QF_PADDING = 0x00,
	PQM_QF_PING = 0x01,
	PQM_QF_ACK = 0x02,
	PQM_QF_ACK_ECN = 0x03,
	PQM_QF_CRYPTO = 0x06,
	PQM_QF_NEW_TOKEN = 0x07,
	PQM_QF_CLOSE = 0x1c,	 /* CONNECTION_CLOSE of the transport */
	PQM_QF_CLOSE_APP = 0x1d, /* of the application */
	PQM_QF_DONE = 0x1e,	 /* HANDSHAKE_DONE */
};

struct pqm_quic_frame {
	uint64_t type;
	uint64_t offset;   /* CRYPTO */
	pqm_bytes data;	   /* CRYPTO; NEW_TOKEN: the token */
	uint64_t error;	   /* CONNECTION_CLOSE */
	uint64_t culprit;  /* frame type that it complains about; 0 */
	pqm_bytes reason;  /* text of the peer: escape it */
	uint64_t largest;  /* ACK */
	uint64_t delay;	   /* ACK, as on the wire */
	pqm_bytes ranges;  /* ACK: first range, then gap and length in turn */
	uint64_t n_ranges; /* pairs after the first */
};

/* Takes one frame off *c; a run of PADDING is one frame. Initial and Handshake packets carry
 * PADDING, PING, ACK, CRYPTO and CONNECTION_CLOSE 0x1c [RFC9000 §12.4]: with `is_data` (a 1-RTT
 * packet) NEW_TOKEN, 0x1d and HANDSHAKE_DONE too, and those of streams, limits and paths are stepped
 * over. Other types are refused: a frame has no length of its own by which it could be skipped. */
enum pqm_st pqm_quic_frame(struct pqm_quic_frame *out, struct pqm_cur *c, bool is_data,
	struct pqm_err *err) PQM_MUST_USE;
/* Is packet number n among those that this ACK frame names? */
bool pqm_quic_acks(const struct pqm_quic_frame *ack, uint64_t n);

/* Appends frames. */
bool pqm_quic_crypto_put(struct pqm_buf *out, uint64_t offset, pqm_bytes data) PQM_MUST_USE;
/* seen: bit i says that packet largest - i has come; bit 0 is set. */
bool pqm_quic_ack_put(struct pqm_buf *out, uint64_t largest, uint64_t seen) PQM_MUST_USE;
bool pqm_quic_close_put(struct pqm_buf *out, uint64_t error) PQM_MUST_USE;

/* ---- transport parameters [RFC9000 §18.2] ---- */

#define PQM_QUIC_VERSIONS_MAX 16

struct pqm_quic_params {
	uint64_t idle_ms, udp_bytes, data_bytes,
		stream_bytes; /* 0: not sent; stream_bytes: all three */
	uint64_t bidi_streams, uni_streams;
	uint64_t cid_limit;
	bool has_initial_scid, has_original_dcid, has_retry_scid;
	pqm_bytes initial_scid, original_dcid, retry_scid;
	uint32_t chosen_version; /* version_information [RFC9368 §3]; 0: not sent */
	uint32_t versions[PQM_QUIC_VERSIONS_MAX];
	size_t n_versions;
	size_t n; /* of all kinds, also unknown ones; not written */
};

/* Content of extension 0x39. Doubles of known parameters and values that do not fill their length are
 * refused; unknown ones are stepped over. */
enum pqm_st pqm_quic_params(
	struct pqm_quic_params *out, pqm_bytes in, struct pqm_err *err) PQM_MUST_USE;
/* Appends what a client sends: no original_dcid, no retry_scid. */
bool pqm_quic_params_put(struct pqm_buf *out, const struct pqm_quic_params *p) PQM_MUST_USE;

#endif
