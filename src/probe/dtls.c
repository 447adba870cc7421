#include "base/arena.h"
#include "parse/dtls.h"
#include "probe/dtls_crypt.h"
#include "probe/int.h"

/* Fragments of a hello and their headers pass any path of IPv6 [RFC8200 §5] beside UDP. */
#define FRAGMENT 1190
#define RECORD_HEADER 13
#define MESSAGE_HEADER 12
#define FIRST_WAIT_MS 500
/* Records of one connection that are not read: ChangeCipherSpec, data, other epochs. */
#define IGNORED_MAX 64

/* A fragment that came before its turn, in front of its bytes. */
struct dtls_piece {
	struct pqm_dtls_part part; /* body.p is not used */
};

struct dtls_conn {
	struct probe_flight flight; /* first: see probe_flight_of */
	struct probe_hs *hs;
	uint16_t record_version;
	size_t fragment;
	uint64_t record_seq; /* of our next record of epoch 0 */
	struct pqm_buf
		hello; /* the last one, with its header of 12 bytes: sent again by the timer */
	uint16_t hello_seq;
	uint32_t wait_ms;
	/* What comes: */
	uint16_t next_seq;   /* message_seq that is due */
	struct pqm_buf msg;  /* TLS header and what is there of that message in order */
	uint32_t msg_length; /* declared; known with the first fragment */
	struct pqm_buf held; /* struct dtls_piece and bytes, in turn */
	size_t n_held;
	size_t message_bytes;	       /* of all messages so far */
	struct probe_dtls_keys rx, tx; /* epoch 2 of DTLS 1.3 */
	uint32_t n_ignored;
	bool is_peer_done;
};

/* ---- sending ---- */

static bool put(struct pqm_buf *out, uint64_t v, int n)
{
	while (n-- > 0)
		if (!pqm_buf_byte(out, (uint8_t)(v >> (8 * n))))
			return false;
	return true;
}

/* A datagram's length, then one record's header [RFC6347 §4.1]; epoch 0. */
static bool record_put(struct dtls_conn *d, struct pqm_buf *out, uint8_t type, size_t n)
{
	return put(out, type, 1) && put(out, d->record_version, 2) &&
		put(out, d->record_seq++, 8) && put(out, n, 2);
}

/* The hello in datagrams of one fragment each [RFC6347 §4.2.3]. */
static bool send_hello(struct dtls_conn *d, struct pqm_buf *out)
{
	pqm_bytes body = pqm_sub(pqm_buf_bytes(&d->hello), MESSAGE_HEADER, SIZE_MAX);
	size_t at = 0, start = out->n;

	do {
		pqm_bytes part = pqm_sub(body, at, d->fragment);
		size_t n = MESSAGE_HEADER + part.n;

		if (!put(out, RECORD_HEADER + n, 2) || !record_put(d, out, PQM_REC_HANDSHAKE, n) ||
			!put(out, PQM_HS_CLIENT_HELLO, 1) || !put(out, body.n, 3) ||
			!put(out, d->hello_seq, 2) || !put(out, at, 3) || !put(out, part.n, 3) ||
			!pqm_buf_add(out, part)) {
			out->n = start;
			return false;
		}
		at += part.n;
	} while (at < body.n);
	return true;
}

static void new_hello(struct dtls_conn *d, struct pqm_buf *out)
{
	d->hello.n = 0;
	if (!probe_hs_hello(d->hs, &d->hello) || d->hello.n < MESSAGE_HEADER)
		probe_flight_end(
			&d->flight, PROBE_LOCAL, "hello", "no ClientHello for this request");
	else if (!send_hello(d, out))
		probe_flight_end(&d->flight, PROBE_LOCAL, "send", "no memory for a datagram");
	d->wait_ms = FIRST_WAIT_MS;
}

/* user_canceled and close_notify: without them the server would send its flight again and again. */
static void send_close(struct dtls_conn *d, struct pqm_buf *out)
{
	static const uint8_t alerts[2][2] = { { 1, 90 }, { 1, 0 } };
	size_t at = out->n;
	bool ok = put(out, 0, 2);

	for (int i = 0; ok && i < 2; i++)
		ok = d->tx.is_ready
			? probe_dtls_seal(&d->tx, PQM_REC_ALERT, (pqm_bytes){ alerts[i], 2 }, out)
			: record_put(d, out, PQM_REC_ALERT, 2) &&
				pqm_buf_add(out, (pqm_bytes){ alerts[i], 2 });
	if (!ok) {
		out->n = at;
		return;
	}
	out->p[at] = (uint8_t)((out->n - at - 2) >> 8);
	out->p[at + 1] = (uint8_t)(out->n - at - 2);
}

/* ---- messages ---- */

static void install_keys(struct dtls_conn *d)
{
	uint8_t secret[PC_HASH_MAX];
	enum pc_hash h;
	enum pc_aead a;

	for (int server = 0; server < 2; server++)
		if (!probe_hs_secret(d->hs, 'h', server != 0, secret, &h, &a) ||
			!probe_dtls_keys(server != 0 ? &d->rx : &d->tx, h, a,
				(pqm_bytes){ secret, pc_hash_bytes(h) }))
			probe_flight_end(&d->flight, PROBE_LOCAL, "keys",
				"no handshake keys for this suite");
	pqm_wipe(secret, sizeof(secret));
}

static void whole_message(struct dtls_conn *d, struct pqm_buf *out)
{
	pqm_bytes raw = pqm_buf_bytes(&d->msg);

	switch (probe_hs_message(d->hs, raw.p[0], pqm_sub(raw, 4, raw.n - 4), raw)) {
	case PROBE_HS_MORE:
		break;
	case PROBE_HS_HELLO2:
		d->hello_seq++;
		new_hello(d, out);
		break;
	case PROBE_HS_KEYS:
		install_keys(d);
		break;
	case PROBE_HS_FINISH:
		probe_flight_end(&d->flight, PROBE_GOAL, "finished", "%s", "");
		break;
	case PROBE_HS_END:
		probe_flight_end(&d->flight, PROBE_GARBAGE, "handshake", "%s", "");
		break;
	}
	d->msg.n = 0;
	d->next_seq++;
}

/* A fragment of the message that is due, or of one before: true. A later one, or one after a gap: false. */
static bool join(struct dtls_conn *d, const struct pqm_dtls_part *part, struct pqm_buf *out)
{
	size_t have = d->msg.n < 4 ? 0 : d->msg.n - 4;
	pqm_bytes rest;

	if (part->seq < d->next_seq)
		return true;
	if (part->seq > d->next_seq || part->off > have)
		return false;
	if (d->msg.n == 0) {
		d->msg_length = part->length;
		if (!put(&d->msg, part->type, 1) || !put(&d->msg, part->length, 3)) {
			probe_flight_end(
				&d->flight, PROBE_LOCAL, "handshake", "no memory for a message");
			return true;
		}
	}
	/* One message has one type and one length. */
	if (part->type != d->msg.p[0] || part->length != d->msg_length)
		return true;
	rest = pqm_sub(part->body, have - part->off, part->body.n);
	d->message_bytes += rest.n;
	if (d->message_bytes > PQM_TLS_FLIGHT_BYTES || !pqm_buf_add(&d->msg, rest))
		probe_flight_end(&d->flight, PROBE_BUDGET, "handshake",
			"handshake messages over %zu bytes", PQM_TLS_FLIGHT_BYTES);
	else if (d->msg.n == (size_t)4 + d->msg_length)
		whole_message(d, out);
	return true;
}

static void hold(struct dtls_conn *d, const struct pqm_dtls_part *part)
{
	struct dtls_piece piece = { *part };

	for (size_t at = 0; at < d->held.n;) {
		struct dtls_piece old;

		memcpy(&old, d->held.p + at, sizeof(old));
		at += sizeof(old) + old.part.body.n;
		if (old.part.seq == part->seq && old.part.off == part->off &&
			old.part.body.n >= part->body.n)
			return;
	}
	if (d->n_held >= PQM_QUIC_HELD_PIECES ||
		sizeof(piece) + part->body.n > PQM_QUIC_HELD_BYTES - d->held.n ||
		!pqm_buf_reserve(&d->held, sizeof(piece) + part->body.n))
		return;
	(void)pqm_buf_add(&d->held, (pqm_bytes){ (const uint8_t *)&piece, sizeof(piece) });
	(void)pqm_buf_add(&d->held, part->body);
	d->n_held++;
}

/* One pass over what is held; pieces whose turn it was are taken out. */
static bool unhold(struct dtls_conn *d, struct pqm_buf *out)
{
	bool progress = false;
	size_t kept = 0;

	for (size_t at = 0; at < d->held.n;) {
		struct dtls_piece piece;
		size_t whole;

		memcpy(&piece, d->held.p + at, sizeof(piece));
		whole = sizeof(piece) + piece.part.body.n;
		piece.part.body.p = d->held.p + at + sizeof(piece);
		if (d->flight.end == PROBE_RUNNING && join(d, &piece.part, out)) {
			progress = true;
			d->n_held--;
		} else {
			memmove(d->held.p + kept, d->held.p + at, whole);
			kept += whole;
		}
		at += whole;
	}
	d->held.n = kept;
	return progress;
}

static bool on_handshake(struct dtls_conn *d, pqm_bytes body, struct pqm_buf *out)
{
	struct pqm_dtls_part part;
	bool any = false;

	while (body.n > 0 && d->flight.end == PROBE_RUNNING &&
		pqm_dtls_fragment(&part, &body, NULL) == PQM_OK) {
		any = true;
		if (!join(d, &part, out)) {
			hold(d, &part);
			continue;
		}
		while (d->n_held > 0 && d->flight.end == PROBE_RUNNING && unhold(d, out))
			;
	}
	return any;
}

/* ---- records ---- */

static bool on_alert(struct dtls_conn *d, pqm_bytes body)
{
	if (body.n != 2)
		return false;
	d->is_peer_done = body.p[0] == 2 || body.p[1] == 0;
	probe_hs_alert(d->hs, body.p[0], body.p[1]);
	return true;
}

static bool on_body(struct dtls_conn *d, uint8_t type, pqm_bytes body, struct pqm_buf *out)
{
	if (type == PQM_REC_HANDSHAKE)
		return on_handshake(d, body, out);
	if (type == PQM_REC_ALERT)
		return on_alert(d, body);
	if (++d->n_ignored > IGNORED_MAX)
		probe_flight_end(&d->flight, PROBE_BUDGET, "records", "%u records that say nothing",
			d->n_ignored);
	return true;
}

static bool on_record(struct dtls_conn *d, const struct pqm_dtls_record *r, struct pqm_buf *out)
{
	struct pqm_buf room;
	uint8_t type = 0;
	size_t n = 0;
	bool ok;

	/* Once keys are there, the clear says nothing more: anyone could have written it. */
	if (!r->is_unified)
		return r->epoch == 0 && !d->rx.is_ready && on_body(d, r->type, r->body, out);
	if (!d->rx.is_ready || r->epoch != 2)
		return false;
	pqm_buf_init(&room, r->body.n);
	ok = pqm_buf_reserve(&room, r->body.n) && probe_dtls_open(&d->rx, r, room.p, &n, &type) &&
		on_body(d, type, (pqm_bytes){ room.p, n }, out);
	pqm_buf_fini(&room);
	return ok;
}

/* ---- the machine ---- */

static enum probe_want go_on(struct dtls_conn *d, struct pqm_buf *out)
{
	if (d->flight.end == PROBE_RUNNING)
		return PROBE_READ;
	if (!d->is_peer_done && d->flight.end != PROBE_LOCAL)
		send_close(d, out);
	return PROBE_DONE;
}

static enum probe_want start(void *self, struct pqm_buf *out)
{
	struct dtls_conn *d = self;

	new_hello(d, out);
	return d->flight.end == PROBE_RUNNING ? PROBE_READ : PROBE_DONE;
}

static enum probe_want input(void *self, pqm_bytes in, size_t *used, struct pqm_buf *out)
{
	struct dtls_conn *d = self;
	struct pqm_dtls_record r;
	bool any = false;

	*used = in.n;
	probe_flight_datagram(&d->flight, in.n);
	while (in.n > 0 && d->flight.end == PROBE_RUNNING &&
		pqm_dtls_record_next(&r, &in, NULL) == PQM_OK)
		any |= on_record(d, &r, out);
	if (!any)
		probe_flight_stray(&d->flight, d->flight.has_hello ? PROBE_BUDGET : PROBE_GARBAGE);
	return go_on(d, out);
}

static uint32_t wait_ms(const void *self)
{
	const struct dtls_conn *d = self;

	return d->flight.end == PROBE_RUNNING ? d->wait_ms : 0;
}

/* Our last flight is the hello, whatever is missing of the answer [RFC6347 §4.2.4]. */
static enum probe_want timer(void *self, struct pqm_buf *out)
{
	struct dtls_conn *d = self;

	if (d->flight.end == PROBE_RUNNING && !send_hello(d, out))
		probe_flight_end(&d->flight, PROBE_LOCAL, "send", "no memory for a datagram");
	d->wait_ms *= d->wait_ms < 16000 ? 2 : 1;
	return d->flight.end == PROBE_RUNNING ? PROBE_READ : PROBE_DONE;
}

static void end(void *self, enum probe_end why, const char *words)
{
	struct dtls_conn *d = self;

	probe_flight_lost(&d->flight, why, words);
}

static void machine_free(void *self)
{
	struct dtls_conn *d = self;

	if (d == NULL)
		return;
	probe_hs_free(d->hs);
	pqm_buf_fini(&d->hello);
	pqm_buf_fini(&d->msg);
	pqm_buf_fini(&d->held);
	pqm_arena_fini(&d->flight.arena);
	pqm_wipe(&d->rx, sizeof(d->rx));
	pqm_wipe(&d->tx, sizeof(d->tx));
	pqm_free(d);
}

void *probe_dtls_new(const struct probe_tls_spec *spec, struct pc_keys *keys)
{
	struct dtls_conn *d = pqm_calloc(1, sizeof(*d));
	struct probe_tls_spec mine = *spec;

	if (d == NULL)
		return NULL;
	mine.over = PROBE_DTLS;
	/* A session is not completed here: its tickets are those of TLS on the same server. */
	if (mine.goal == PROBE_SESSION)
		mine.goal = PROBE_FLIGHT;
	/* The lowest version in the first record is what every server reads [RFC6347 §4.2.1]. */
	d->record_version = spec->record_version == 0 ? PQM_DTLS10 : spec->record_version;
	d->fragment = spec->fragment == 0 || spec->fragment > FRAGMENT ? FRAGMENT : spec->fragment;
	d->wait_ms = FIRST_WAIT_MS;
	pqm_buf_init(&d->hello, PQM_TLS_FLIGHT_BYTES);
	pqm_buf_init(&d->msg, PQM_TLS_FLIGHT_BYTES + 4);
	pqm_buf_init(&d->held, PQM_QUIC_HELD_BYTES);
	d->hs = probe_hs_new(&mine, keys, &d->flight);
	if (d->hs == NULL) {
		machine_free(d);
		return NULL;
	}
	return d;
}

const struct probe_machine probe_dtls_machine = {
	.name = "dtls",
	.start = start,
	.input = input,
	.wait_ms = wait_ms,
	.timer = timer,
	.end = end,
	.free = machine_free,
};
