#include "quic_conn.h"

#include "base/arena.h"

/* QUIC uses CRYPTO_ERROR 0x100 + alert [RFC9001 §4.8]. */
#define CRYPTO_ERROR 0x100
/* Handshake packets kept until their keys are there. */
#define EARLY_BYTES ((size_t)6 << 10)
/* Largest datagram that we say we take; what a path of 1,500 bytes carries over IPv4. */
#define UDP_BYTES 1472
/* For the first ticket once the server confirmed the handshake, then for the next. */
#define TICKETS_MS 150u
#define NEXT_TICKET_MS 10u

/* ---- handshake messages ---- */

static void hello_again(struct quic_conn *q)
{
	if (!probe_hs_hello(q->hs, &q->hello))
		probe_flight_end(
			&q->flight, PROBE_LOCAL, "hello", "no room for the second ClientHello");
}

/* The keys of a level, from the secrets of this letter: see probe_hs_secret. */
static void level_keys(struct quic_conn *q, enum quic_level level, char which)
{
	struct quic_space *s = &q->space[level];
	uint8_t secret[PC_HASH_MAX];
	enum pc_hash h;
	enum pc_aead a;

	for (int server = 0; server < 2; server++) {
		struct probe_quic_keys *k = server != 0 ? &s->rx : &s->tx;

		if (!probe_hs_secret(q->hs, which, server != 0, secret, &h, &a) ||
			!probe_quic_keys(
				k, q->version, h, a, (pqm_bytes){ secret, pc_hash_bytes(h) }))
			probe_flight_end(&q->flight, PROBE_LOCAL, "keys", "no keys for this suite");
		k->is_plain = q->is_plain;
	}
	pqm_wipe(secret, sizeof(secret));
}

/* The server's Finished is good. Ours goes out, and tickets may come. */
static void complete(struct quic_conn *q)
{
	if (!probe_hs_finished(q->hs, &q->finished)) {
		probe_flight_end(&q->flight, PROBE_LOCAL, "finished", "no room for our Finished");
		return;
	}
	level_keys(q, QUIC_LEVEL_DATA, 'a');
	q->is_finished = q->is_finished_due = true;
	q->rto_ms = QUIC_RTO_MS;
}

/* That the handshake stands for the server too is known by what it sends after our Finished only: without
 * that, no ticket is no answer. */
static void finish_session(struct quic_conn *q)
{
	q->flight.is_finished = q->is_confirmed;
	probe_flight_end(&q->flight, PROBE_GOAL, "session", "%s", "");
}

/* version_information tells what else the server speaks [RFC9368 §3]. */
static void note_params(struct quic_conn *q, pqm_bytes body)
{
	struct pqm_quic_params p;
	struct pqm_tls_ee ee;

	if (pqm_tls_ee(&ee, body, NULL) != PQM_OK || ee.quic_params.p == NULL ||
		pqm_quic_params(&p, ee.quic_params, NULL) != PQM_OK)
		return;
	q->flight.n_vn = 0;
	for (size_t i = 0; i < p.n_versions && q->flight.n_vn < 8; i++)
		q->vn[q->flight.n_vn++] = p.versions[i];
	q->flight.vn_versions = q->vn;
}

static void one_message(
	struct quic_conn *q, enum quic_level level, uint8_t type, pqm_bytes body, pqm_bytes raw)
{
	bool is_hello = type == PQM_HS_SERVER_HELLO;
	enum quic_level wanted = q->is_finished ? QUIC_LEVEL_DATA : QUIC_LEVEL_HANDSHAKE;

	/* The level is the message's protection: a certificate in the clear is not one [RFC9001 §4.1.3]. */
	if (level != (is_hello ? QUIC_LEVEL_INITIAL : wanted) ||
		(is_hello && q->space[QUIC_LEVEL_HANDSHAKE].rx.is_ready)) {
		probe_flight_end(&q->flight, PROBE_GARBAGE, "crypto",
			"handshake message %u at the wrong level", type);
		return;
	}
	switch (probe_hs_message(q->hs, type, body, raw)) {
	case PROBE_HS_MORE:
		break;
	case PROBE_HS_HELLO2:
		hello_again(q);
		break;
	case PROBE_HS_KEYS:
		level_keys(q, QUIC_LEVEL_HANDSHAKE, 'h');
		break;
	case PROBE_HS_FINISH:
		complete(q);
		break;
	case PROBE_HS_END:
		probe_flight_end(&q->flight, PROBE_GARBAGE, "crypto", "%s", "");
		break;
	}
	if (type == PQM_HS_TICKET)
		q->is_confirmed = true;
	if (type == PQM_HS_EE)
		note_params(q, body);
}

static void on_crypto(struct quic_conn *q, enum quic_level level, const struct pqm_quic_frame *f)
{
	struct probe_quic_stream *in = &q->space[level].in;
	struct pqm_err err = { 0 };
	uint64_t before = in->next;
	pqm_bytes body, raw;
	uint8_t type;

	if (probe_quic_stream_add(in, f->offset, f->data, &err) != PQM_OK) {
		probe_flight_end(&q->flight, PROBE_BUDGET, "crypto", "%.90s", err.msg);
		return;
	}
	/* Only what brings us further starts the count anew: not an ACK for each of our PINGs. */
	if (in->next > before)
		q->rto_ms = QUIC_RTO_MS;
	while (q->flight.end == PROBE_RUNNING &&
		pqm_tls_joiner_next(&in->joiner, &type, &body, &raw))
		one_message(q, level, type, body, raw);
}

/* ---- frames ---- */

static void on_close(struct quic_conn *q, const struct pqm_quic_frame *f)
{
	char reason[64];
	size_t n = 0;

	for (; n < f->reason.n && n < sizeof(reason) - 1; n++) {
		uint8_t c = f->reason.p[n];

		reason[n] = (char)(c >= 0x20 && c < 0x7f ? c : '?');
	}
	reason[n] = '\0';
	q->is_peer_done = true;
	if (q->is_finished) { /* it does not like our Finished, or has no more to say */
		finish_session(q);
		return;
	}
	if (f->error >= CRYPTO_ERROR && f->error < CRYPTO_ERROR + 0x100)
		probe_hs_alert(q->hs, 2, (uint8_t)f->error);
	probe_flight_end(&q->flight, PROBE_ALERT, "connection close", "connection close 0x%llx %s",
		(unsigned long long)f->error, reason);
}

static void on_ack(struct quic_conn *q, enum quic_level level, const struct pqm_quic_frame *f)
{
	if (level != QUIC_LEVEL_INITIAL)
		return;
	for (size_t i = 0; i < q->n_pieces; i++) {
		struct quic_sent *piece = &q->sent[i];

		for (unsigned k = 0; k < piece->n_sent && k < QUIC_SENDS; k++)
			if (pqm_quic_acks(f, piece->number[k])) {
				piece->is_acked = true;
				piece->is_due = false;
			}
	}
}

static void frames(struct quic_conn *q, enum quic_level level, pqm_bytes payload)
{
	struct pqm_cur c = pqm_cur_of(payload);
	struct pqm_err err = { 0 };
	struct pqm_quic_frame f;

	while (pqm_cur_left(&c) > 0 && q->flight.end == PROBE_RUNNING) {
		if (pqm_quic_frame(&f, &c, level == QUIC_LEVEL_DATA, &err) != PQM_OK) {
			probe_flight_end(&q->flight, PROBE_GARBAGE, "frame", "%.90s", err.msg);
			return;
		}
		if (f.type != PQM_QF_PADDING && f.type != PQM_QF_ACK && f.type != PQM_QF_ACK_ECN &&
			f.type != PQM_QF_CLOSE && f.type != PQM_QF_CLOSE_APP)
			q->space[level].owes_ack = true;
		if (f.type == PQM_QF_CRYPTO)
			on_crypto(q, level, &f);
		else if (f.type == PQM_QF_CLOSE || f.type == PQM_QF_CLOSE_APP)
			on_close(q, &f);
		else if (f.type == PQM_QF_ACK || f.type == PQM_QF_ACK_ECN)
			on_ack(q, level, &f);
		else if (f.type == PQM_QF_DONE)
			q->is_confirmed = true;
	}
}

/* ---- packets ---- */

/* Notes a packet number; false: it came before, or is too old to know. */
static bool is_new(struct quic_space *s, uint64_t number)
{
	if (!s->any_seen || number > s->largest) {
		uint64_t step = s->any_seen ? number - s->largest : 64;

		s->seen = (step < 64 ? s->seen << step : 0) | 1;
		s->largest = number;
		s->any_seen = true;
		return true;
	}
	if (s->largest - number > 63 || ((s->seen >> (s->largest - number)) & 1) != 0)
		return false;
	s->seen |= (uint64_t)1 << (s->largest - number);
	return true;
}

static bool is_ours(const struct quic_conn *q, const struct pqm_quic_packet *p)
{
	return pqm_eq(p->dcid, (pqm_bytes){ q->scid, sizeof(q->scid) });
}

static bool is_peers(const struct quic_conn *q, const struct pqm_quic_packet *p)
{
	return pqm_eq(p->scid, (pqm_bytes){ q->dcid, q->dcid_n });
}

static void set_dcid(struct quic_conn *q, pqm_bytes cid)
{
	if (cid.n > 0)
		memcpy(q->dcid, cid.p, cid.n);
	q->dcid_n = (uint8_t)cid.n;
}

static void keep_early(struct quic_conn *q, const struct pqm_quic_packet *p)
{
	if (p->whole.n <= EARLY_BYTES - q->early.n)
		(void)pqm_buf_add(&q->early, p->whole);
}

/* Takes the protection off and reads the frames. False: not authentic, or one that came before. */
static bool open_packet(struct quic_conn *q, enum quic_level level, const struct pqm_quic_packet *p)
{
	struct quic_space *s = &q->space[level];
	struct probe_quic_opened o = { .number = s->largest, .any_seen = s->any_seen };
	struct pqm_buf room;
	bool ok;

	pqm_buf_init(&room, p->whole.n);
	ok = pqm_buf_reserve(&room, p->whole.n);
	o.payload = room.p;
	ok = ok && probe_quic_open(&o, &s->rx, p) && o.n > 0;
	if (ok && !q->has_peer_cid) {
		set_dcid(q, p->scid);
		q->has_peer_cid = true;
	}
	/* A number comes once: one that comes again brings nothing, and an answer to it could go round and
	 * round [RFC9000 §12.3, §13.2.1]. */
	ok = ok && is_new(s, o.number);
	if (ok)
		frames(q, level, (pqm_bytes){ o.payload, o.n });
	pqm_buf_fini(&room);
	return ok;
}

/* A 1-RTT packet. What comes before our Finished is of no interest. */
static bool on_short(struct quic_conn *q, struct pqm_quic_packet p)
{
	size_t at = 1 + sizeof(q->scid);

	if (p.whole.n <= at || memcmp(p.whole.p + 1, q->scid, sizeof(q->scid)) != 0)
		return false;
	p.number_at = at;
	return !q->space[QUIC_LEVEL_DATA].rx.is_ready || open_packet(q, QUIC_LEVEL_DATA, &p);
}

/* An Initial or Handshake packet. False: not one of this connection, or one that came before. */
static bool on_numbered(struct quic_conn *q, const struct pqm_quic_packet *p)
{
	enum quic_level level =
		p->kind == PQM_QUIC_INITIAL ? QUIC_LEVEL_INITIAL : QUIC_LEVEL_HANDSHAKE;
	struct quic_space *s = &q->space[level];

	/* A server's Initial has no token, and its connection ID never changes [RFC9000 §17.2.2, §7.2]. */
	if (p->version != q->version || !is_ours(q, p) || p->token.n > 0 ||
		(q->has_peer_cid && !is_peers(q, p)))
		return false;
	if (s->is_dropped)
		return true;
	if (level == QUIC_LEVEL_HANDSHAKE && !s->rx.is_ready) {
		keep_early(q, p);
		return true;
	}
	return open_packet(q, level, p);
}

static bool on_retry(struct quic_conn *q, const struct pqm_quic_packet *p)
{
	struct quic_space *s = &q->space[QUIC_LEVEL_INITIAL];
	uint8_t tag[PQM_QUIC_TAG_BYTES];

	/* At most once, before anything else, with a token and a new ID [RFC9000 §17.2.5.2]. */
	if (q->flight.has_retry || q->has_peer_cid || p->version != q->version || !is_ours(q, p) ||
		p->token.n == 0 || is_peers(q, p) ||
		!probe_quic_retry_tag(tag, q->version,
			(pqm_bytes){ q->first_dcid, q->first_dcid_n },
			pqm_sub(p->whole, 0, p->whole.n - PQM_QUIC_TAG_BYTES)) ||
		memcmp(tag, p->tag.p, sizeof(tag)) != 0)
		return false;
	q->flight.has_retry = true;
	if (p->token.n > PQM_QUIC_TOKEN_BYTES) {
		probe_flight_end(
			&q->flight, PROBE_BUDGET, "retry", "Retry token of %zu bytes", p->token.n);
		return true;
	}
	set_dcid(q, p->scid);
	if (!pqm_buf_add(&q->token, p->token) ||
		!probe_quic_initial_keys(
			&s->tx, &s->rx, q->version, (pqm_bytes){ q->dcid, q->dcid_n }))
		probe_flight_end(&q->flight, PROBE_LOCAL, "retry", "no memory for a Retry token");
	s->tx.is_plain = s->rx.is_plain = q->is_plain;
	/* The same hello again, cut for the room that the token leaves; numbers go on. */
	q->n_pieces = 0;
	q->cut_to = 0;
	q->rto_ms = QUIC_RTO_MS;
	return true;
}

/* Version Negotiation [RFC9000 §6.2]: nothing authenticates it, so one that contradicts itself by listing the
 * version in use, or that comes after other packets, is ignored. */
static bool on_negotiation(struct quic_conn *q, const struct pqm_quic_packet *p)
{
	struct pqm_cur c = pqm_cur_of(p->versions);
	uint32_t v, list[8];
	size_t n = 0;

	if (q->has_peer_cid || q->flight.has_retry || !is_ours(q, p) || !is_peers(q, p))
		return false;
	while (pqm_cur_u32be(&c, &v)) {
		if (v == q->version)
			return false;
		/* 0x?a?a?a?a are there to be stepped over [RFC9000 §15]. */
		if ((v & 0x0f0f0f0f) != 0x0a0a0a0a && n < 8)
			list[n++] = v;
	}
	memcpy(q->vn, list, n * sizeof(list[0]));
	q->flight.vn_versions = q->vn;
	q->flight.n_vn = n;
	q->flight.has_vn = true;
	q->is_peer_done = true;
	probe_flight_end(&q->flight, PROBE_ALERT, "version negotiation",
		"QUIC version 0x%08x is not spoken", q->version);
	return true;
}

static bool on_packet(struct quic_conn *q, const struct pqm_quic_packet *p)
{
	switch (p->kind) {
	case PQM_QUIC_INITIAL:
	case PQM_QUIC_HANDSHAKE:
		return on_numbered(q, p);
	case PQM_QUIC_RETRY:
		return on_retry(q, p);
	case PQM_QUIC_NEGOTIATION:
		return on_negotiation(q, p);
	case PQM_QUIC_SHORT:
		return on_short(q, *p);
	case PQM_QUIC_0RTT:
	case PQM_QUIC_FOREIGN:
		return false;
	}
	return false;
}

/* Handshake packets that were waiting, once their keys are there. */
static void take_early(struct quic_conn *q)
{
	struct pqm_buf kept = q->early;
	pqm_bytes rest = pqm_buf_bytes(&kept);
	struct pqm_quic_packet p;

	if (!q->space[QUIC_LEVEL_HANDSHAKE].rx.is_ready || kept.n == 0)
		return;
	pqm_buf_init(&q->early, EARLY_BYTES);
	while (rest.n > 0 && q->flight.end == PROBE_RUNNING &&
		pqm_quic_packet(&p, &rest, NULL) == PQM_OK)
		(void)on_packet(q, &p);
	pqm_buf_fini(&kept);
}

/* ---- the machine ---- */

static enum probe_want go_on(struct quic_conn *q, struct pqm_buf *out)
{
	if (q->flight.end == PROBE_RUNNING && !probe_quic_flush(q, out))
		probe_flight_end(&q->flight, PROBE_LOCAL, "send", "no memory for a datagram");
	if (q->flight.end == PROBE_RUNNING)
		return PROBE_READ;
	if (!q->is_peer_done && q->flight.end != PROBE_LOCAL)
		(void)probe_quic_close(q, out);
	return PROBE_DONE;
}

static enum probe_want start(void *self, struct pqm_buf *out)
{
	struct quic_conn *q = self;

	if (!probe_hs_hello(q->hs, &q->hello))
		probe_flight_end(
			&q->flight, PROBE_LOCAL, "hello", "no ClientHello for this request");
	return go_on(q, out);
}

static enum probe_want input(void *self, pqm_bytes in, size_t *used, struct pqm_buf *out)
{
	struct quic_conn *q = self;
	struct pqm_quic_packet p;
	bool any = false;

	*used = in.n;
	probe_flight_datagram(&q->flight, in.n);
	while (in.n > 0 && q->flight.end == PROBE_RUNNING &&
		pqm_quic_packet(&p, &in, NULL) == PQM_OK) {
		any |= on_packet(q, &p);
		take_early(q);
	}
	if (!any)
		probe_flight_stray(&q->flight, q->has_peer_cid ? PROBE_BUDGET : PROBE_GARBAGE);
	return go_on(q, out);
}

static uint32_t wait_ms(const void *self)
{
	const struct quic_conn *q = self;

	if (q->flight.end != PROBE_RUNNING)
		return 0;
	if (q->flight.n_tickets > 0)
		return q->one_ticket ? 1 : NEXT_TICKET_MS;
	return q->is_confirmed ? TICKETS_MS : q->rto_ms;
}

static enum probe_want timer(void *self, struct pqm_buf *out)
{
	struct quic_conn *q = self;

	if (q->is_finished && (q->is_confirmed || q->n_finished >= QUIC_FINISHED_SENDS)) {
		finish_session(q);
		return go_on(q, out);
	}
	if (q->flight.end == PROBE_RUNNING && !probe_quic_again(q, out))
		probe_flight_end(&q->flight, PROBE_LOCAL, "send", "no memory for a datagram");
	q->rto_ms *= q->rto_ms < 16000 ? 2 : 1;
	return q->flight.end == PROBE_RUNNING ? PROBE_READ : PROBE_DONE;
}

static void end(void *self, enum probe_end why, const char *words)
{
	struct quic_conn *q = self;

	if (q->is_finished)
		finish_session(q);
	probe_flight_lost(&q->flight, why, words);
}

static void machine_free(void *self)
{
	struct quic_conn *q = self;

	if (q == NULL)
		return;
	probe_hs_free(q->hs);
	for (int i = 0; i < QUIC_LEVELS; i++)
		probe_quic_stream_fini(&q->space[i].in);
	pqm_buf_fini(&q->params);
	pqm_buf_fini(&q->token);
	pqm_buf_fini(&q->hello);
	pqm_buf_fini(&q->finished);
	pqm_buf_fini(&q->early);
	pqm_arena_fini(&q->flight.arena);
	pqm_free(q->sent);
	pqm_wipe(q->space, sizeof(q->space));
	pqm_free(q);
}

/* Limits that let a server send its flight and nothing more: no stream is ever opened. */
static bool make_params(struct quic_conn *q)
{
	struct pqm_quic_params p = {
		.idle_ms = 5000,
		.udp_bytes = UDP_BYTES,
		.data_bytes = 65536,
		.stream_bytes = 16384,
		.uni_streams = 3, /* HTTP/3 servers open three [RFC9114 §6.2] */
		.cid_limit = 2,
		.has_initial_scid = true,
		.initial_scid = { q->scid, sizeof(q->scid) },
	};

	q->params.n = 0;
	return pqm_quic_params_put(&q->params, &p);
}

static bool make_keys(struct quic_conn *q)
{
	struct quic_space *s = &q->space[QUIC_LEVEL_INITIAL];
	bool ok = probe_quic_initial_keys(
		&s->tx, &s->rx, q->version, (pqm_bytes){ q->dcid, q->dcid_n });

	memcpy(q->first_dcid, q->dcid, q->dcid_n);
	q->first_dcid_n = q->dcid_n;
	return ok;
}

void *probe_quic_new(const struct probe_tls_spec *spec, struct pc_keys *keys)
{
	struct quic_conn *q = pqm_calloc(1, sizeof(*q));
	struct probe_tls_spec mine = *spec;

	if (q == NULL)
		return NULL;
	q->version = spec->quic_version == 0 ? PQM_QUIC_V1 : spec->quic_version;
	q->rto_ms = QUIC_RTO_MS;
	q->dcid_n = 8; /* the least that a client may choose [RFC9000 §7.2] */
	pc_random(q->scid, sizeof(q->scid));
	pc_random(q->dcid, q->dcid_n);
	pqm_buf_init(&q->params, 256);
	pqm_buf_init(&q->token, PQM_QUIC_TOKEN_BYTES);
	pqm_buf_init(&q->hello, (size_t)QUIC_PIECES * 1000);
	pqm_buf_init(&q->finished, 256);
	pqm_buf_init(&q->early, EARLY_BYTES);
	q->one_ticket = spec->one_ticket;
	for (int i = 0; i < QUIC_LEVELS; i++)
		probe_quic_stream_init(&q->space[i].in);
	q->sent = pqm_calloc(QUIC_PIECES, sizeof(*q->sent));
	if (q->sent != NULL && make_params(q) && make_keys(q)) {
		mine.over = PROBE_QUIC;
		mine.hello.quic_params = pqm_buf_bytes(&q->params);
		/* No middlebox to please [RFC9001 §8.4]. */
		mine.hello.session_id = (pqm_bytes){ NULL, 0 };
		q->hs = probe_hs_new(&mine, keys, &q->flight);
	}
	if (q->hs == NULL) {
		machine_free(q);
		return NULL;
	}
	return q;
}

void probe_quic_plain(void *self)
{
	struct quic_conn *q = self;
	struct quic_space *s = &q->space[QUIC_LEVEL_INITIAL];

	memset(q->scid, 0x11, sizeof(q->scid));
	memset(q->dcid, 0x22, q->dcid_n);
	q->is_plain = make_params(q) && make_keys(q);
	s->tx.is_plain = s->rx.is_plain = true;
}

const struct probe_machine probe_quic_machine = {
	.name = "quic",
	.start = start,
	.input = input,
	.wait_ms = wait_ms,
	.timer = timer,
	.end = end,
	.free = machine_free,
};
