/*
 * quic_conn.h — one QUIC connection of a probe: its state, and how it sends. Not for other modules.
 *
 * Shape:     three packet number spaces. 1-RTT is entered with the goal SESSION only, for the tickets; no
 *            stream is opened or read there. quic.c reads, quic_send.c writes.
 * Ownership: the connection owns everything in it.
 * Threads:   one thread.
 * Limits:    PQM_QUIC_*, PQM_PROBE_DATAGRAMS, PQM_PROBE_STRAYS, PQM_PROBE_CONN_BYTES.
 * Standard:  RFC 9000 §7, §8, §10, §13, §14, §17; RFC 9001 §4; RFC 9002 §6.2.
 */
#ifndef PQM_PROBE_QUIC_CONN_H
#define PQM_PROBE_QUIC_CONN_H

#include "probe/int.h"
#include "probe/quic_pkt.h"

/* Every datagram with an Initial packet has exactly this size [RFC9000 §14.1]: the smallest allowed passes
 * wherever QUIC does. */
#define QUIC_DATAGRAM 1200
#define QUIC_SCID_BYTES 8
#define QUIC_RTO_MS 250
/* Times that one piece of a hello is sent with a number that is remembered for its ACK. */
#define QUIC_SENDS 5
/* Pieces of two hellos: 20 kB in all. */
#define QUIC_PIECES 20

/* Times that our Finished is sent, when the server confirms nothing. */
#define QUIC_FINISHED_SENDS 3

enum quic_level { QUIC_LEVEL_INITIAL, QUIC_LEVEL_HANDSHAKE, QUIC_LEVEL_DATA, QUIC_LEVELS };

/* Our CRYPTO bytes from..from+n, as cut for one packet. */
struct quic_sent {
	uint32_t from;
	uint16_t n;
	uint8_t n_sent;
	bool is_due, is_acked;
	uint16_t number[QUIC_SENDS];
};

struct quic_space {
	struct probe_quic_keys rx, tx;
	uint64_t next;	  /* number of our next packet; one connection sends a few hundred */
	uint64_t largest; /* seen of the peer */
	uint64_t seen;	  /* bit i: largest - i has come */
	bool any_seen, owes_ack;
	bool is_dropped; /* keys thrown away [RFC9001 §4.9.1] */
	struct probe_quic_stream in;
};

struct quic_conn {
	struct probe_flight flight; /* first: see probe_flight_of */
	struct probe_hs *hs;
	uint32_t version;
	uint8_t scid[QUIC_SCID_BYTES];
	uint8_t dcid[PQM_QUIC_CID_MAX], first_dcid[PQM_QUIC_CID_MAX];
	uint8_t dcid_n, first_dcid_n;
	bool has_peer_cid;    /* dcid is the server's choice */
	bool is_peer_done;    /* it closed: nothing may be sent any more */
	bool is_plain;	      /* tests */
	bool one_ticket;      /* as in the spec */
	bool is_finished;     /* the server's Finished was good: ours is in `finished` */
	bool is_finished_due; /* to be sent (again) */
	bool is_confirmed;    /* the server took our Finished: HANDSHAKE_DONE or a ticket came */
	uint8_t n_finished;
	uint32_t vn[8]; /* storage of flight.vn_versions */
	uint32_t rto_ms;
	struct pqm_buf params, token, hello; /* hello: our Initial CRYPTO stream */
	struct quic_sent *sent;		     /* QUIC_PIECES of them */
	size_t n_pieces, cut_to;	     /* hello is cut up to here */
	struct pqm_buf finished;	     /* our Handshake CRYPTO stream */
	struct pqm_buf early;		     /* Handshake packets that came before their keys */
	struct quic_space space[QUIC_LEVELS];
};

/* Appends, as datagrams behind their lengths, all that is due: hello pieces, ACKs. False: no memory. */
bool probe_quic_flush(struct quic_conn *q, struct pqm_buf *out);
/* A datagram that makes the server go on: what is not acknowledged again, else a PING. */
bool probe_quic_again(struct quic_conn *q, struct pqm_buf *out);
/* CONNECTION_CLOSE with NO_ERROR, so that the server can forget us at once. */
bool probe_quic_close(struct quic_conn *q, struct pqm_buf *out);

/* Tests only, before start(): connection IDs are eight bytes of 0x11 (ours) and 0x22, packets go and come
 * unprotected. */
void probe_quic_plain(void *self);

#endif
