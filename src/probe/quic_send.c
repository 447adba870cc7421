#include "quic_conn.h"

/* Our numbers stay below this: two bytes say them all [RFC9000 §A.2]. */
#define NUMBER_BYTES 2
#define NUMBER_MAX 0x7fff

static struct pqm_quic_packet head_of(const struct quic_conn *q, enum quic_level level)
{
	static const enum pqm_quic_kind kind[] = { PQM_QUIC_INITIAL, PQM_QUIC_HANDSHAKE,
		PQM_QUIC_SHORT };
	struct pqm_quic_packet p = {
		.kind = kind[level],
		.version = q->version,
		.dcid = { q->dcid, q->dcid_n },
		.scid = { q->scid, sizeof(q->scid) },
		.token = pqm_buf_bytes(&q->token),
	};

	return p;
}

/* One packet of this payload; filled up with PADDING to `size` bytes of the whole when that is more. */
static bool packet(struct quic_conn *q, struct pqm_buf *out, enum quic_level level,
	struct pqm_buf *payload, size_t size)
{
	struct quic_space *s = &q->space[level];
	struct pqm_quic_packet head = head_of(q, level);
	size_t n = probe_quic_packet_bytes(&head, NUMBER_BYTES, payload->n);

	while (n < size || payload->n + NUMBER_BYTES < 4) {
		if (!pqm_buf_byte(payload, PQM_QF_PADDING))
			return false;
		n++;
	}
	if (s->next > NUMBER_MAX)
		return false;
	return probe_quic_seal(out, &s->tx, &head, s->next++, NUMBER_BYTES, pqm_buf_bytes(payload));
}

static bool datagram_begin(struct pqm_buf *out, size_t *at)
{
	static const uint8_t length[2];

	*at = out->n;
	return pqm_buf_add(out, (pqm_bytes){ length, sizeof(length) });
}

/* Fills in the length; of a datagram that did not get ready nothing is left. */
static bool datagram_end(struct pqm_buf *out, size_t at, bool ok)
{
	size_t n = out->n - at - 2;

	if (!ok) {
		out->n = at;
		return false;
	}
	out->p[at] = (uint8_t)(n >> 8);
	out->p[at + 1] = (uint8_t)n;
	return true;
}

static bool ack_due(struct quic_space *s, struct pqm_buf *payload)
{
	if (!s->owes_ack)
		return true;
	s->owes_ack = false;
	return pqm_quic_ack_put(payload, s->largest, s->seen);
}

/* ---- the hello ---- */

/* Cuts what of the hello is not cut yet: packets with an ACK in front must still fit. */
static bool cut(struct quic_conn *q)
{
	struct pqm_quic_packet head = head_of(q, QUIC_LEVEL_INITIAL);
	size_t over = probe_quic_packet_bytes(&head, NUMBER_BYTES, 0);
	/* CRYPTO type, offset and length; an ACK of four ranges. */
	size_t room = QUIC_DATAGRAM - over - 7 - 24;

	while (q->cut_to < q->hello.n) {
		struct quic_sent *piece = &q->sent[q->n_pieces];
		size_t n = q->hello.n - q->cut_to;

		if (q->n_pieces == QUIC_PIECES)
			return false;
		if (n > room)
			n = room;
		*piece = (struct quic_sent){
			.from = (uint32_t)q->cut_to, .n = (uint16_t)n, .is_due = true
		};
		q->n_pieces++;
		q->cut_to += n;
	}
	return true;
}

static struct quic_sent *due_piece(struct quic_conn *q)
{
	for (size_t i = 0; i < q->n_pieces; i++)
		if (q->sent[i].is_due)
			return &q->sent[i];
	return NULL;
}

static bool piece_put(struct quic_conn *q, struct quic_sent *piece, struct pqm_buf *payload)
{
	uint64_t number = q->space[QUIC_LEVEL_INITIAL].next;

	piece->is_due = false;
	piece->number[piece->n_sent % QUIC_SENDS] = (uint16_t)number;
	piece->n_sent++;
	return pqm_quic_crypto_put(
		payload, piece->from, pqm_sub(pqm_buf_bytes(&q->hello), piece->from, piece->n));
}

/* ---- datagrams ---- */

/* An Initial packet in a datagram of its own: ACK, and a piece of the hello or else `extra`. */
static bool send_initial(
	struct quic_conn *q, struct pqm_buf *out, struct quic_sent *piece, int extra)
{
	struct pqm_buf payload;
	size_t at = 0;
	bool ok;

	pqm_buf_init(&payload, QUIC_DATAGRAM);
	ok = datagram_begin(out, &at) && ack_due(&q->space[QUIC_LEVEL_INITIAL], &payload) &&
		(piece == NULL || piece_put(q, piece, &payload)) &&
		(extra < 0 || pqm_buf_byte(&payload, (uint8_t)extra)) &&
		packet(q, out, QUIC_LEVEL_INITIAL, &payload, QUIC_DATAGRAM);
	pqm_buf_fini(&payload);
	return datagram_end(out, at, ok);
}

/* Our Finished, when it is due. */
static bool finished_put(struct quic_conn *q, struct pqm_buf *payload)
{
	if (!q->is_finished_due)
		return true;
	q->is_finished_due = false;
	q->n_finished++;
	return pqm_quic_crypto_put(payload, 0, pqm_buf_bytes(&q->finished));
}

/* A Handshake packet: ACK, our Finished when it is due, and a PING when asked for. The first one takes the last Initial ACK along and
 * ends the Initial level [RFC9001 §4.9.1]; it also proves our address to the server [RFC9000 §8.1]. */
static bool send_handshake(struct quic_conn *q, struct pqm_buf *out, bool ping)
{
	struct quic_space *first = &q->space[QUIC_LEVEL_INITIAL];
	bool with_initial = !first->is_dropped && first->owes_ack, ok;
	struct pqm_buf payload;
	size_t at = 0, size = 0;

	pqm_buf_init(&payload, QUIC_DATAGRAM);
	ok = datagram_begin(out, &at);
	if (ok && with_initial) {
		ok = ack_due(first, &payload) && packet(q, out, QUIC_LEVEL_INITIAL, &payload, 0);
		payload.n = 0;
		size = QUIC_DATAGRAM - (out->n - at - 2);
	}
	ok = ok && ack_due(&q->space[QUIC_LEVEL_HANDSHAKE], &payload) &&
		finished_put(q, &payload) && (!ping || pqm_buf_byte(&payload, PQM_QF_PING)) &&
		packet(q, out, QUIC_LEVEL_HANDSHAKE, &payload, size);
	pqm_buf_fini(&payload);
	first->is_dropped = true;
	return datagram_end(out, at, ok);
}

/* A 1-RTT packet: the ACK that is owed. */
static bool send_data(struct quic_conn *q, struct pqm_buf *out)
{
	struct pqm_buf payload;
	size_t at = 0;
	bool ok;

	pqm_buf_init(&payload, QUIC_DATAGRAM);
	ok = datagram_begin(out, &at) && ack_due(&q->space[QUIC_LEVEL_DATA], &payload) &&
		packet(q, out, QUIC_LEVEL_DATA, &payload, 0);
	pqm_buf_fini(&payload);
	return datagram_end(out, at, ok);
}

static bool flush_finished(struct quic_conn *q, struct pqm_buf *out)
{
	if ((q->is_finished_due || q->space[QUIC_LEVEL_HANDSHAKE].owes_ack) && !q->is_confirmed &&
		!send_handshake(q, out, false))
		return false;
	return !q->space[QUIC_LEVEL_DATA].owes_ack || send_data(q, out);
}

bool probe_quic_flush(struct quic_conn *q, struct pqm_buf *out)
{
	struct quic_space *first = &q->space[QUIC_LEVEL_INITIAL],
			  *second = &q->space[QUIC_LEVEL_HANDSHAKE];
	struct quic_sent *piece;

	if (q->is_finished)
		return flush_finished(q, out);
	if (second->tx.is_ready) {
		if (!second->owes_ack && (first->is_dropped || !first->owes_ack))
			return true;
		/* Nothing of the level to acknowledge: a PING makes the packet worth an answer. */
		return send_handshake(q, out, !second->owes_ack);
	}
	if (!cut(q))
		return false;
	while ((piece = due_piece(q)) != NULL)
		if (!send_initial(q, out, piece, -1))
			return false;
	return !first->owes_ack || send_initial(q, out, NULL, -1);
}

bool probe_quic_again(struct quic_conn *q, struct pqm_buf *out)
{
	bool any = false;

	if (q->is_finished) {
		q->is_finished_due = true;
		return flush_finished(q, out);
	}
	if (q->space[QUIC_LEVEL_HANDSHAKE].tx.is_ready)
		return send_handshake(q, out, true);
	for (size_t i = 0; i < q->n_pieces; i++) {
		q->sent[i].is_due = !q->sent[i].is_acked;
		any = any || q->sent[i].is_due;
	}
	return any ? probe_quic_flush(q, out) : send_initial(q, out, NULL, PQM_QF_PING);
}

bool probe_quic_close(struct quic_conn *q, struct pqm_buf *out)
{
	enum quic_level level = QUIC_LEVEL_INITIAL;
	struct pqm_buf payload;
	size_t at = 0;
	bool ok;

	if (q->is_confirmed) /* before that the server need not have the keys [RFC9000 §10.2.3] */
		level = QUIC_LEVEL_DATA;
	else if (q->space[QUIC_LEVEL_HANDSHAKE].tx.is_ready)
		level = QUIC_LEVEL_HANDSHAKE;
	pqm_buf_init(&payload, QUIC_DATAGRAM);
	ok = datagram_begin(out, &at) && pqm_quic_close_put(&payload, 0) &&
		packet(q, out, level, &payload, level == QUIC_LEVEL_INITIAL ? QUIC_DATAGRAM : 0);
	pqm_buf_fini(&payload);
	return datagram_end(out, at, ok);
}
