#include "probe/hs.h"

#include "base/arena.h"

#define REST_MS 50u	/* before the second part of a split hello */
#define TICKETS_MS 150u /* for the first ticket, then for the next */
#define NEXT_TICKET_MS 10u

/* One TLS connection over a stream. It is small while it waits for its first answer. */
struct conn {
	struct probe_flight flight; /* first: probe_flight_of */
	struct probe_hs *hs;	    /* NULL with SSL 2.0 */
	struct pqm_tls_joiner joiner;
	struct pc_traffic rx;
	size_t fragment, first_segment;
	struct pqm_buf rest; /* of a split hello */
	size_t bytes;	     /* of the server, taken */
	unsigned records, empty, warnings, ccs;
	uint16_t record_version;
	bool is_protected, is_ready;  /* server records under handshake keys; after our Finished */
	bool has_sent_ccs, is_compat; /* compat: we sent a session id */
	struct pc_traffic *tx;
	uint32_t *kinds; /* of SSL 2.0 */
	size_t n_kinds;
};

static bool is_over(const struct conn *c)
{
	return c->flight.end != PROBE_RUNNING;
}

static enum probe_want finish(struct conn *c, enum probe_end end, const char *how)
{
	if (!is_over(c)) {
		c->flight.end = end;
		c->flight.how = how;
	}
	return PROBE_DONE;
}

static enum probe_want stop(struct conn *c, enum probe_end end, const char *words)
{
	/* After our Finished the handshake stands: a key update, or data that we do not read. */
	if (c->is_ready && end == PROBE_GARBAGE)
		return finish(c, PROBE_GOAL, "session");
	if (!is_over(c))
		(void)snprintf(c->flight.words, sizeof(c->flight.words), "%s", words);
	return finish(c, end,
		end == PROBE_BUDGET	     ? "budget"
			: end == PROBE_LOCAL ? "no memory"
					     : "garbage");
}

static enum probe_want stop_err(struct conn *c, const struct pqm_err *err)
{
	char words[sizeof(c->flight.words)];

	(void)snprintf(words, sizeof(words), "%.*s", (int)sizeof(words) - 1, err->msg);
	return stop(c,
		err->st == PQM_ENOMEM		? PROBE_LOCAL
			: err->st == PQM_ELIMIT ? PROBE_BUDGET
						: PROBE_GARBAGE,
		words);
}

/* ---- sending ---- */

static bool put_hello(struct conn *c, struct pqm_buf *out, bool is_first)
{
	struct pqm_buf msg, records;
	uint16_t version = c->record_version;

	pqm_buf_init(&msg, PROBE_HELLO_MAX);
	pqm_buf_init(&records, 6 * PROBE_HELLO_MAX); /* one byte each, with their headers */
	bool ok = probe_hs_hello(c->hs, &msg);

	/* A dummy change_cipher_spec goes before the second flight [RFC8446 §D.4]. */
	if (!is_first && c->is_compat && !c->has_sent_ccs) {
		c->has_sent_ccs = true;
		ok = ok && pqm_buf_add(&records, PQM_LIT("\x14\x03\x03\0\1\1"));
	}
	ok = ok &&
		pqm_tls_records(&records, PQM_REC_HANDSHAKE, is_first ? version : PQM_TLS12,
			pqm_buf_bytes(&msg), c->fragment);
	pqm_bytes all = pqm_buf_bytes(&records);
	size_t first = is_first && c->first_segment > 0 ? c->first_segment : all.n;

	ok = ok && pqm_buf_add(out, pqm_sub(all, 0, first)) &&
		pqm_buf_add(&c->rest, pqm_sub(all, first, all.n));
	pqm_buf_fini(&msg);
	pqm_buf_fini(&records);
	return ok;
}

static bool put_finished(struct conn *c, struct pqm_buf *out)
{
	uint8_t secret[PC_HASH_MAX];
	struct pqm_buf msg;
	enum pc_hash hash;
	enum pc_aead aead;

	if (c->is_compat && !c->has_sent_ccs) {
		c->has_sent_ccs = true;
		if (!pqm_buf_add(out, PQM_LIT("\x14\x03\x03\0\1\1")))
			return false;
	}
	pqm_buf_init(&msg, 256);
	c->tx = pqm_calloc(1, sizeof(*c->tx));
	bool ok = c->tx != NULL && probe_hs_secret(c->hs, 'h', false, secret, &hash, &aead) &&
		pc_traffic_keys(c->tx, hash, aead, (pqm_bytes){ secret, pc_hash_bytes(hash) }) &&
		probe_hs_finished(c->hs, &msg) &&
		pc_record_seal(c->tx, PQM_REC_HANDSHAKE, pqm_buf_bytes(&msg), out) &&
		probe_hs_secret(c->hs, 'a', false, secret, &hash, &aead) &&
		pc_traffic_keys(c->tx, hash, aead, (pqm_bytes){ secret, pc_hash_bytes(hash) }) &&
		probe_hs_secret(c->hs, 'a', true, secret, &hash, &aead) &&
		pc_traffic_keys(&c->rx, hash, aead, (pqm_bytes){ secret, pc_hash_bytes(hash) });

	pqm_wipe(secret, sizeof(secret));
	pqm_buf_fini(&msg);
	c->is_ready = ok;
	return ok;
}

static enum probe_want say_goodbye(struct conn *c, struct pqm_buf *out)
{
	(void)pc_record_seal(c->tx, PQM_REC_ALERT, PQM_LIT("\1\0"), out);
	return finish(c, PROBE_GOAL, "session");
}

static enum probe_want ssl2_start(struct conn *c, struct pqm_buf *out)
{
	uint8_t challenge[16];

	pc_random(challenge, sizeof(challenge));
	return pqm_ssl2_hello_build(out, c->kinds, c->n_kinds, challenge)
		? PROBE_READ
		: stop(c, PROBE_LOCAL, "the SSL 2.0 hello cannot be built");
}

static enum probe_want start(void *self, struct pqm_buf *out)
{
	struct conn *c = self;

	if (c->hs == NULL)
		return ssl2_start(c, out);
	return put_hello(c, out, true) ? PROBE_READ
				       : stop(c, PROBE_LOCAL, "the hello cannot be built");
}

/* ---- receiving ---- */

/* [RFC8446 §6, RFC5246 §7.2, RFC6066 §3] */
static enum probe_want alert(struct conn *c, uint8_t level, uint8_t code)
{
	enum { CLOSE_NOTIFY = 0, USER_CANCELED = 90, NO_RENEGOTIATION = 100, NAME = 112 };

	if (level == 1 && (code == USER_CANCELED || code == NO_RENEGOTIATION || code == NAME)) {
		c->flight.has_name_warning |= code == NAME;
		return ++c->warnings > PQM_PROBE_WARNINGS
			? stop(c, PROBE_BUDGET, "warning alerts without end")
			: PROBE_READ;
	}
	c->flight.has_alert = true;
	c->flight.alert = code;
	c->flight.alert_level = level;
	if (c->is_ready) /* it does not like our Finished, or has nothing to say: tickets are extra */
		return finish(c, PROBE_GOAL, "session");
	return code == CLOSE_NOTIFY ? finish(c, PROBE_CLOSED, "closed")
				    : finish(c, PROBE_ALERT, "alert");
}

/* Several may share a record before TLS 1.3 [RFC5246 §6.2.1]. */
static enum probe_want alerts(struct conn *c, pqm_bytes body)
{
	enum probe_want want = PROBE_READ;

	if (body.n % 2 != 0)
		return stop(c, PROBE_GARBAGE, "an alert that is not of two bytes");
	for (size_t i = 0; want == PROBE_READ && i < body.n; i += 2)
		want = alert(c, body.p[i], body.p[i + 1]);
	return want;
}

static enum probe_want keys(struct conn *c)
{
	uint8_t secret[PC_HASH_MAX];
	enum pc_hash hash;
	enum pc_aead aead;
	bool ok = probe_hs_secret(c->hs, 'h', true, secret, &hash, &aead) &&
		pc_traffic_keys(&c->rx, hash, aead, (pqm_bytes){ secret, pc_hash_bytes(hash) });

	pqm_wipe(secret, sizeof(secret));
	c->is_protected = ok;
	return ok ? PROBE_READ : stop(c, PROBE_LOCAL, "no keys");
}

static enum probe_want message(
	struct conn *c, uint8_t type, pqm_bytes body, pqm_bytes raw, struct pqm_buf *out)
{
	switch (probe_hs_message(c->hs, type, body, raw)) {
	case PROBE_HS_MORE:
		return PROBE_READ;
	case PROBE_HS_HELLO2:
		return put_hello(c, out, false)
			? PROBE_READ
			: stop(c, PROBE_LOCAL, "the second hello cannot be built");
	case PROBE_HS_KEYS:
		return keys(c);
	case PROBE_HS_FINISH:
		return put_finished(c, out) ? PROBE_READ
					    : stop(c, PROBE_LOCAL, "no keys for Finished");
	case PROBE_HS_END:
		return PROBE_DONE;
	}
	return PROBE_DONE;
}

static enum probe_want handshake(struct conn *c, pqm_bytes body, struct pqm_buf *out)
{
	pqm_bytes b, raw;
	struct pqm_err err;
	uint8_t type;

	if (pqm_tls_joiner_add(&c->joiner, body, &err) != PQM_OK)
		return stop_err(c, &err);
	while (pqm_tls_joiner_next(&c->joiner, &type, &b, &raw)) {
		bool was_protected = c->is_protected, was_ready = c->is_ready;

		if (message(c, type, b, raw, out) == PROBE_DONE)
			return PROBE_DONE;
		/* Keys change at a record boundary [RFC8446 §5.1]. */
		if ((was_protected != c->is_protected || was_ready != c->is_ready) &&
			c->joiner.at != c->joiner.buf.n)
			return stop(c, PROBE_GARBAGE, "handshake bytes across a change of keys");
	}
	return PROBE_READ;
}

static enum probe_want content(struct conn *c, uint8_t type, pqm_bytes body, struct pqm_buf *out)
{
	if (body.n == 0) {
		/* Only application data may be empty [RFC8446 §5.1]; old servers send others. */
		return ++c->empty > PQM_PROBE_EMPTY_RECORDS
			? stop(c, PROBE_BUDGET, "empty records without end")
			: PROBE_READ;
	}
	switch (type) {
	case PQM_REC_HANDSHAKE:
		return handshake(c, body, out);
	case PQM_REC_ALERT:
		return alerts(c, body);
	case PQM_REC_DATA:
		return c->is_ready ? PROBE_READ
				   : stop(c, PROBE_GARBAGE, "application data in a handshake");
	default:
		return stop(c, PROBE_GARBAGE, "a record of unknown type");
	}
}

static enum probe_want change_cipher_spec(struct conn *c, pqm_bytes body)
{
	if (body.n != 1 || body.p[0] != 1)
		return stop(c, PROBE_GARBAGE, "a change_cipher_spec that is none");
	if (c->flight.has_hello && !c->flight.is_hrr && !c->is_protected)
		return stop(c, PROBE_GARBAGE, "change_cipher_spec before ServerHelloDone");
	return ++c->ccs > PQM_PROBE_CCS ? stop(c, PROBE_BUDGET, "change_cipher_spec without end")
					: PROBE_READ;
}

static enum probe_want protected_record(
	struct conn *c, const struct pqm_tls_record *r, struct pqm_buf *out)
{
	uint8_t plain[PQM_TLS_RECORD_BYTES], type = 0;
	size_t n = 0;

	if (!pc_record_open(&c->rx, (pqm_bytes){ r->body.p - 5, 5 }, r->body, plain, &n, &type))
		return stop(c, PROBE_GARBAGE, "a record that does not decrypt");
	if (n > 16384)
		return stop(c, PROBE_GARBAGE, "a record of more than 16,384 bytes");
	return content(c, type, (pqm_bytes){ plain, n }, out);
}

static enum probe_want ssl2_record(struct conn *c, const struct pqm_tls_record *r)
{
	struct probe_flight *f = &c->flight;
	struct pqm_ssl2_hello h;
	struct pqm_err err;

	if (r->body.n == 3 && r->body.p[0] == 0) { /* ERROR and its code: the protocol says no */
		f->has_alert = true;
		f->alert_level = 2;
		f->alert = r->body.p[2];
		return finish(c, PROBE_ALERT, "SSL 2.0 error");
	}
	if (pqm_ssl2_server_hello(&h, r->body, &err) != PQM_OK)
		return stop_err(c, &err);
	pqm_arena_init(&f->arena, PQM_TLS_FLIGHT_BYTES);
	uint32_t *kinds = pqm_new(&f->arena, uint32_t, h.n_kinds);
	pqm_bytes *der = pqm_new(&f->arena, pqm_bytes, 1);

	if (kinds == NULL || der == NULL)
		return stop(c, PROBE_LOCAL, "no memory");
	if (h.n_kinds > 0)
		memcpy(kinds, h.kinds, h.n_kinds * sizeof(*kinds));
	f->ssl2_kinds = kinds;
	f->n_ssl2_kinds = h.n_kinds;
	f->has_hello = true;
	f->version = PQM_SSL20;
	*der = pqm_bytes_dup(&f->arena, h.certificate);
	f->der = der;
	f->n_der = h.certificate.n > 0 && der->p != NULL ? 1 : 0;
	f->has_leaf_key = f->n_der > 0 && pc_has_key(*der, false);
	return finish(c, PROBE_GOAL, "server hello");
}

static enum probe_want record(struct conn *c, const struct pqm_tls_record *r, struct pqm_buf *out)
{
	if (++c->records > PQM_PROBE_RECORDS)
		return stop(c, PROBE_BUDGET, "records without end");
	if (r->is_ssl2)
		return c->hs == NULL ? ssl2_record(c, r)
				     : stop(c, PROBE_GARBAGE, "an SSL 2.0 record");
	if (r->type == PQM_REC_CCS)
		return change_cipher_spec(c, r->body);
	/* An alert may come in the clear from a server that failed before it had keys. */
	if (c->is_protected && (r->type != PQM_REC_ALERT || r->body.n != 2))
		return r->type == PQM_REC_DATA
			? protected_record(c, r, out)
			: stop(c, PROBE_GARBAGE, "a clear record among protected ones");
	if (c->hs == NULL && r->type != PQM_REC_ALERT)
		return stop(c, PROBE_GARBAGE, "a TLS record in answer to SSL 2.0");
	return content(c, r->type, r->body, out);
}

static enum probe_want input(void *self, pqm_bytes in, size_t *used, struct pqm_buf *out)
{
	struct conn *c = self;
	pqm_bytes left = in;
	enum probe_want want = is_over(c) ? PROBE_DONE : PROBE_READ;

	while (want == PROBE_READ) {
		struct pqm_tls_record r;
		struct pqm_err err;
		bool more = false;
		size_t before = left.n;

		if (pqm_tls_record_next(&r, &more, &left, &err) != PQM_OK) {
			want = stop_err(c, &err);
			break;
		}
		if (more)
			break;
		c->bytes += before - left.n;
		want = c->bytes > PQM_PROBE_CONN_BYTES
			? stop(c, PROBE_BUDGET, "more bytes than any server sends")
			: record(c, &r, out);
	}
	*used = want == PROBE_READ ? in.n - left.n : in.n;
	return want;
}

/* ---- time ---- */

static uint32_t wait_ms(const void *self)
{
	const struct conn *c = self;

	if (is_over(c))
		return 0;
	if (c->rest.n > 0)
		return REST_MS;
	if (!c->is_ready)
		return 0;
	if (c->flight.n_tickets > 0)
		return c->hs->spec.one_ticket ? 1 : NEXT_TICKET_MS;
	return TICKETS_MS;
}

static enum probe_want timer(void *self, struct pqm_buf *out)
{
	struct conn *c = self;

	if (is_over(c))
		return PROBE_DONE;
	if (c->rest.n > 0) {
		bool ok = pqm_buf_add(out, pqm_buf_bytes(&c->rest));

		c->rest.n = 0;
		return ok ? PROBE_READ : stop(c, PROBE_LOCAL, "no memory");
	}
	return c->is_ready ? say_goodbye(c, out) : PROBE_READ;
}

static void end(void *self, enum probe_end why, const char *words)
{
	struct conn *c = self;

	if (is_over(c))
		return;
	if (c->is_ready) { /* the handshake stands; only tickets were still to come */
		(void)finish(c, PROBE_GOAL, "session");
		return;
	}
	if (words != NULL)
		(void)snprintf(c->flight.words, sizeof(c->flight.words), "%s", words);
	(void)finish(c, why, probe_end_name(why));
}

/* ---- life ---- */

static void conn_free(void *self)
{
	struct conn *c = self;

	if (c == NULL)
		return;
	probe_hs_free(c->hs);
	pqm_tls_joiner_fini(&c->joiner);
	pqm_buf_fini(&c->rest);
	pqm_arena_fini(&c->flight.arena);
	if (c->tx != NULL)
		pqm_wipe(c->tx, sizeof(*c->tx));
	pqm_free(c->tx);
	pqm_free(c->kinds);
	pqm_wipe(&c->rx, sizeof(c->rx));
	pqm_free(c);
}

static bool ssl2_new(struct conn *c, const struct probe_tls_spec *spec)
{
	c->kinds = pqm_calloc(spec->n_ssl2_kinds, sizeof(*c->kinds));
	if (c->kinds == NULL)
		return false;
	if (spec->n_ssl2_kinds > 0)
		memcpy(c->kinds, spec->ssl2_kinds, spec->n_ssl2_kinds * sizeof(*c->kinds));
	c->n_kinds = spec->n_ssl2_kinds;
	return true;
}

void *probe_tls_new(const struct probe_tls_spec *spec, struct pc_keys *keys)
{
	struct conn *c = pqm_calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->record_version = spec->record_version != 0 ? spec->record_version : PQM_TLS10;
	c->fragment = spec->fragment;
	c->first_segment = spec->first_segment;
	pqm_tls_joiner_init(&c->joiner, PQM_TLS_FLIGHT_BYTES);
	pqm_buf_init(&c->rest, 6 * PROBE_HELLO_MAX);
	if (!spec->is_ssl2)
		c->hs = probe_hs_new(spec, keys, &c->flight);
	if (spec->is_ssl2 ? ssl2_new(c, spec) : c->hs != NULL) {
		c->is_compat = c->hs != NULL && c->hs->spec.hello.session_id.n > 0;
		return c;
	}
	conn_free(c);
	return NULL;
}

const struct probe_machine probe_tls_machine = {
	.name = "tls",
	.start = start,
	.input = input,
	.wait_ms = wait_ms,
	.timer = timer,
	.end = end,
	.free = conn_free,
};
