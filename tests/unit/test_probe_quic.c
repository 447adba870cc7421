/* The QUIC machine against a server in the same process. */
#include "unit.h"

#include "quic_peer.h"

static const uint16_t groups[] = { 0x11ec, 0x001d, 0x0017 };
static const uint16_t suites[] = { 0x1301, 0x1302, 0x1303 };
static const uint16_t schemes[] = { 0x0403, 0x0804, 0x0904 };
static const uint16_t versions[] = { 0x0304 };
static const char *const alpn[] = { "h3" };

struct talk {
	struct pc_keys *keys;
	void *self;
	const struct probe_flight *flight;
	struct quic_peer peer;
	struct pqm_buf out, datagram;
	enum probe_want want;
};

static struct probe_tls_spec spec_of(enum probe_goal goal, uint16_t share)
{
	return (struct probe_tls_spec){
		.over = PROBE_QUIC,
		.goal = goal,
		.hello = { .legacy_version = 0x0303,
			.suites = suites,
			.n_suites = 3,
			.versions = versions,
			.n_versions = 1,
			.groups = groups,
			.n_groups = 3,
			.schemes = schemes,
			.n_schemes = 3,
			.has_key_share = true,
			.sni = "example.test",
			.alpn = alpn,
			.n_alpn = 1 },
		.share_group = { share },
		.n_share_groups = share == 0 ? 0 : 1,
		.follow_hrr = true,
	};
}

static void begin_with(struct talk *t, const struct probe_tls_spec *spec)
{
	*t = (struct talk){ .keys = pc_keys_new() };
	t->self = probe_quic_new(spec, t->keys);
	assert_non_null(t->self);
	t->flight = probe_flight_of(t->self);
	peer_init(&t->peer, spec->quic_version == 0 ? PQM_QUIC_V1 : spec->quic_version);
	pqm_buf_init(&t->out, 100000);
	pqm_buf_init(&t->datagram, 70000);
	t->want = probe_quic_machine.start(t->self, &t->out);
	assert_int_equal(t->want, PROBE_READ);
	peer_read(&t->peer, &t->out);
}

static void begin(struct talk *t, enum probe_goal goal, uint16_t share)
{
	struct probe_tls_spec spec = spec_of(goal, share);

	begin_with(t, &spec);
}

static void finish(struct talk *t)
{
	probe_quic_machine.end(t->self, PROBE_CLOSED, NULL);
	probe_quic_machine.free(t->self);
	pc_keys_free(t->keys);
	peer_fini(&t->peer);
	pqm_buf_fini(&t->out);
	pqm_buf_fini(&t->datagram);
}

static enum probe_want feed(struct talk *t, pqm_bytes datagram)
{
	size_t used = 0;

	t->want = probe_quic_machine.input(t->self, datagram, &used, &t->out);
	assert_int_equal(used, datagram.n);
	return t->want;
}

/* Gives the machine the datagram made so far; the server reads what it answers. */
static enum probe_want deliver(struct talk *t)
{
	(void)feed(t, pqm_buf_bytes(&t->datagram));
	t->datagram.n = 0;
	peer_read(&t->peer, &t->out);
	return t->want;
}

static enum probe_want fire(struct talk *t)
{
	t->want = probe_quic_machine.timer(t->self, &t->out);
	peer_read(&t->peer, &t->out);
	return t->want;
}

/* ---- the way it should be ---- */

static void a_hello_goes_out_in_one_full_initial(void **state)
{
	struct talk t;

	(void)state;
	begin(&t, PROBE_HELLO, 0);
	assert_int_equal(t.peer.n_datagrams, 1);
	assert_true(t.peer.hello.n > 100);
	/* An empty session id, the server's name, h3 and our connection ID in the parameters. */
	assert_int_equal(t.peer.hello.p[4 + 2 + 32], 0);
	assert_true(pqm_find(pqm_buf_bytes(&t.peer.hello), 0, PQM_LIT("example.test")) != SIZE_MAX);
	assert_true(pqm_find(pqm_buf_bytes(&t.peer.hello), 0, PQM_LIT("\x02h3")) != SIZE_MAX);
	assert_true(pqm_find(pqm_buf_bytes(&t.peer.hello), 0,
			    (pqm_bytes){ t.peer.client_cid, 8 }) != SIZE_MAX);
	finish(&t);
}

static void hello_retry_request_ends_a_hello(void **state)
{
	struct talk t;

	(void)state;
	begin(&t, PROBE_HELLO, 0);
	peer_hrr(&t.peer, 0x11ec);
	peer_crypto(&t.peer, &t.datagram, QUIC_LEVEL_INITIAL, 0, SIZE_MAX);
	assert_int_equal(deliver(&t), PROBE_DONE);
	assert_int_equal(t.flight->end, PROBE_GOAL);
	assert_true(t.flight->is_hrr);
	assert_int_equal(t.flight->hrr_group, 0x11ec);
	assert_int_equal(t.flight->suite, 0x1301);
	/* The server can forget us: two datagrams in all. */
	assert_true(t.peer.is_closed);
	assert_int_equal(t.peer.close_error, 0);
	assert_int_equal(t.peer.n_datagrams, 2);
	finish(&t);
}

static void check_flight(struct talk *t, size_t cert_bytes)
{
	assert_int_equal(t->want, PROBE_DONE);
	assert_int_equal(t->flight->end, PROBE_GOAL);
	assert_int_equal(t->flight->version, 0x0304);
	assert_int_equal(t->flight->group, 0x001d);
	assert_int_equal(t->flight->n_der, 2);
	assert_int_equal(t->flight->der[0].n, cert_bytes);
	assert_int_equal(t->flight->der[1].p[0], 1);
	assert_int_equal(t->flight->scheme, 0x0403);
	assert_int_not_equal(t->flight->proven, PQM_A_YES);
	assert_true(t->peer.is_closed);
	assert_int_equal(t->peer.close_level, QUIC_LEVEL_HANDSHAKE);
}

static void a_flight_is_read_to_its_signature(void **state)
{
	struct talk t;

	(void)state;
	for (int v = 0; v < 2; v++) {
		struct probe_tls_spec spec = spec_of(PROBE_FLIGHT, 0x001d);

		spec.quic_version = v == 0 ? 0 : PQM_QUIC_V2;
		begin_with(&t, &spec);
		peer_flight(&t.peer, &t.peer.hello, 600);
		peer_crypto(&t.peer, &t.datagram, QUIC_LEVEL_INITIAL, 0, SIZE_MAX);
		peer_crypto(&t.peer, &t.datagram, QUIC_LEVEL_HANDSHAKE, 0, 700);
		assert_int_equal(deliver(&t), PROBE_READ);
		/* One datagram of both levels, padded, acknowledges both. */
		assert_int_equal(t.peer.n_datagrams, 2);
		assert_int_equal(t.peer.n_acks[0], 1);
		assert_int_equal(t.peer.n_acks[1], 1);
		peer_crypto(&t.peer, &t.datagram, QUIC_LEVEL_HANDSHAKE, 700, SIZE_MAX);
		(void)deliver(&t);
		check_flight(&t, 600);
		/* The server's version_information. */
		assert_int_equal(t.flight->n_vn, 2);
		assert_int_equal(t.flight->vn_versions[1], PQM_QUIC_V2);
		assert_false(t.flight->has_vn);
		finish(&t);
	}
}

/* Up to our Finished, which the server reads. */
static void begin_session(struct talk *t, uint32_t version)
{
	struct probe_tls_spec spec = spec_of(PROBE_SESSION, 0x001d);

	spec.quic_version = version;
	begin_with(t, &spec);
	peer_flight(&t->peer, &t->peer.hello, 100);
	peer_finish(&t->peer);
	peer_crypto(&t->peer, &t->datagram, QUIC_LEVEL_INITIAL, 0, SIZE_MAX);
	peer_crypto(&t->peer, &t->datagram, QUIC_LEVEL_HANDSHAKE, 0, SIZE_MAX);
	assert_int_equal(deliver(t), PROBE_READ);
	assert_true(peer_has_finished(&t->peer));
	assert_int_equal(t->flight->n_der, 2);
}

static void a_session_takes_tickets(void **state)
{
	struct talk t;

	(void)state;
	for (int v = 0; v < 2; v++) {
		begin_session(&t, v == 0 ? PQM_QUIC_V1 : PQM_QUIC_V2);
		/* HANDSHAKE_DONE, a connection ID, MAX_STREAMS and a piece of HTTP/3's control stream. */
		peer_send(&t.peer, &t.datagram, QUIC_LEVEL_DATA,
			PQM_LIT("\x1e\x18\x01\x00\x04"
				"next"
				"0123456789abcdef\x12\x05\x0a\x03\x02\x00\x04"));
		assert_int_equal(deliver(&t), PROBE_READ);
		assert_int_equal(t.peer.n_acks[QUIC_LEVEL_DATA], 1);
		assert_int_equal(probe_quic_machine.wait_ms(t.self), 150);
		peer_ticket(&t.peer);
		peer_ticket(&t.peer);
		peer_crypto(&t.peer, &t.datagram, QUIC_LEVEL_DATA, 0, SIZE_MAX);
		assert_int_equal(deliver(&t), PROBE_READ);
		assert_int_equal(probe_quic_machine.wait_ms(t.self), 10);
		assert_int_equal(fire(&t), PROBE_DONE);
		assert_int_equal(t.flight->end, PROBE_GOAL);
		assert_true(t.flight->is_finished);
		assert_int_equal(t.flight->n_tickets, 2);
		assert_int_equal(t.flight->ticket_lifetime_s, 7200);
		assert_true(pqm_eqs(t.flight->ticket, "ticket"));
		assert_int_equal(t.flight->psk.n, 32);
		assert_true(t.peer.is_closed);
		assert_int_equal(t.peer.close_level, QUIC_LEVEL_DATA);
		finish(&t);
	}
}

/* Whether there are tickets is known once the server confirmed the handshake, and not before. */
static void no_ticket_is_an_answer_when_the_handshake_stands(void **state)
{
	struct talk t;

	(void)state;
	begin_session(&t, PQM_QUIC_V1);
	peer_send(&t.peer, &t.datagram, QUIC_LEVEL_DATA, PQM_LIT("\x1e\x01\x01"));
	assert_int_equal(deliver(&t), PROBE_READ);
	assert_int_equal(fire(&t), PROBE_DONE);
	assert_int_equal(t.flight->end, PROBE_GOAL);
	assert_true(t.flight->is_finished);
	assert_int_equal(t.flight->n_tickets, 0);
	finish(&t);
	/* Silence: our Finished goes out three times in all. */
	begin_session(&t, PQM_QUIC_V1);
	for (int i = 1; i < QUIC_FINISHED_SENDS; i++) {
		size_t before = t.peer.n_packets[QUIC_LEVEL_HANDSHAKE];

		assert_int_equal(fire(&t), PROBE_READ);
		assert_int_equal(t.peer.n_packets[QUIC_LEVEL_HANDSHAKE], before + 1);
	}
	assert_int_equal(fire(&t), PROBE_DONE);
	assert_int_equal(t.flight->end, PROBE_GOAL);
	assert_false(t.flight->is_finished);
	assert_int_equal(t.peer.close_level, QUIC_LEVEL_HANDSHAKE);
	finish(&t);
	/* A server that closes on us: CONNECTION_CLOSE 0x1d of the application. */
	begin_session(&t, PQM_QUIC_V1);
	peer_send(&t.peer, &t.datagram, QUIC_LEVEL_DATA, PQM_LIT("\x1d\x01\x00\x00"));
	assert_int_equal(deliver(&t), PROBE_DONE);
	assert_int_equal(t.flight->end, PROBE_GOAL);
	assert_false(t.flight->is_finished);
	assert_false(t.flight->has_alert);
	finish(&t);
}

static void a_ticket_of_the_wrong_level_is_garbage(void **state)
{
	struct talk t;

	(void)state;
	begin_session(&t, PQM_QUIC_V1);
	size_t from = t.peer.flight.n;

	peer_ticket(&t.peer);
	assert_true(pqm_buf_add(&t.peer.flight, pqm_buf_bytes(&t.peer.data)));
	peer_crypto(&t.peer, &t.datagram, QUIC_LEVEL_HANDSHAKE, from, SIZE_MAX);
	assert_int_equal(deliver(&t), PROBE_DONE);
	assert_int_equal(t.flight->end, PROBE_GARBAGE);
	assert_int_equal(t.flight->n_tickets, 0);
	finish(&t);
	/* Frames that do not exist, and frames that are cut. */
	for (int i = 0; i < 4; i++) {
		static const pqm_bytes bad[] = { { (const uint8_t *)"\x20\0\0\0", 4 },
			{ (const uint8_t *)"\x0a\x03\x40\x00", 3 },
			{ (const uint8_t *)"\x18\x01\x00\x04", 4 },
			{ (const uint8_t *)"\x04\x01\x00", 3 } };

		begin_session(&t, PQM_QUIC_V1);
		peer_send(&t.peer, &t.datagram, QUIC_LEVEL_DATA, bad[i]);
		assert_int_equal(deliver(&t), PROBE_DONE);
		assert_int_equal(t.flight->end, PROBE_GARBAGE);
		finish(&t);
	}
}

static void the_second_hello_goes_on_in_the_connection(void **state)
{
	struct talk t;
	uint8_t hash[4 + 32] = { 254, 0, 0, 32 };

	(void)state;
	begin(&t, PROBE_FLIGHT, 0x0017);
	peer_hrr(&t.peer, 0x001d);
	peer_crypto(&t.peer, &t.datagram, QUIC_LEVEL_INITIAL, 0, SIZE_MAX);
	assert_int_equal(deliver(&t), PROBE_READ);
	assert_true(t.peer.hello2.n > 0);
	/* [RFC8446 §4.4.1] */
	pc_digest(PC_SHA256, hash + 4, pqm_buf_bytes(&t.peer.hello));
	t.peer.transcript = pc_transcript_new(PC_SHA256);
	pc_transcript_add(t.peer.transcript, (pqm_bytes){ hash, sizeof(hash) });
	pc_transcript_add(t.peer.transcript, pqm_buf_bytes(&t.peer.initial));
	size_t from = t.peer.initial.n;

	peer_flight(&t.peer, &t.peer.hello2, 300);
	peer_crypto(&t.peer, &t.datagram, QUIC_LEVEL_INITIAL, from, SIZE_MAX);
	peer_crypto(&t.peer, &t.datagram, QUIC_LEVEL_HANDSHAKE, 0, SIZE_MAX);
	(void)deliver(&t);
	check_flight(&t, 300);
	assert_true(t.flight->is_hrr);
	finish(&t);
}

/* ---- loss and order ---- */

static void a_hybrid_share_takes_two_initials(void **state)
{
	struct talk t;

	(void)state;
	begin(&t, PROBE_HELLO, 0x11ec);
	assert_int_equal(t.peer.n_datagrams, 2);
	assert_true(t.peer.hello.n > 1216);
	/* Only the second is sent again when the first is acknowledged. */
	peer_send(&t.peer, &t.datagram, QUIC_LEVEL_INITIAL, PQM_LIT("\x02\x00\x00\x00\x00"));
	assert_int_equal(deliver(&t), PROBE_READ);
	assert_int_equal(t.peer.n_datagrams, 2);
	assert_int_equal(fire(&t), PROBE_READ);
	assert_int_equal(t.peer.n_datagrams, 3);
	finish(&t);
}

static void what_is_lost_is_sent_again_twice_as_late(void **state)
{
	struct talk t;
	uint32_t ms;

	(void)state;
	begin(&t, PROBE_HELLO, 0);
	ms = probe_quic_machine.wait_ms(t.self);
	assert_int_equal(ms, 250);
	for (size_t i = 1; i < 6; i++) {
		assert_int_equal(fire(&t), PROBE_READ);
		assert_int_equal(t.peer.n_datagrams, 1 + i);
		ms *= 2;
		assert_int_equal(probe_quic_machine.wait_ms(t.self), ms);
	}
	/* The answer still counts. */
	peer_hrr(&t.peer, 0x001d);
	peer_crypto(&t.peer, &t.datagram, QUIC_LEVEL_INITIAL, 0, SIZE_MAX);
	assert_int_equal(deliver(&t), PROBE_DONE);
	assert_int_equal(t.flight->hrr_group, 0x001d);
	assert_int_equal(probe_quic_machine.wait_ms(t.self), 0);
	finish(&t);
}

static void crypto_comes_in_any_order_with_overlaps(void **state)
{
	struct talk t;
	uint64_t seed = 0xabcdef;

	(void)state;
	begin(&t, PROBE_FLIGHT, 0x001d);
	peer_flight(&t.peer, &t.peer.hello, 4000);
	/* ServerHello backwards, in pieces of ten bytes that overlap by five. */
	for (size_t at = t.peer.initial.n; at > 0; at = at < 5 ? 0 : at - 5) {
		peer_crypto(&t.peer, &t.datagram, QUIC_LEVEL_INITIAL, at - (at < 5 ? at : 5), 10);
		assert_int_equal(deliver(&t), PROBE_READ);
	}
	for (int i = 0; t.want == PROBE_READ; i++) {
		assert_true(i < 3000);
		peer_crypto(&t.peer, &t.datagram, QUIC_LEVEL_HANDSHAKE,
			100 * (unit_random(&seed) % 100), 150 + unit_random(&seed) % 400);
		if (i % 3 == 0)
			peer_send(&t.peer, &t.datagram, QUIC_LEVEL_HANDSHAKE, PQM_LIT("\x01\x00"));
		(void)deliver(&t);
	}
	check_flight(&t, 4000);
	finish(&t);
}

static void a_flight_before_its_hello_is_kept(void **state)
{
	struct talk t;

	(void)state;
	begin(&t, PROBE_FLIGHT, 0x001d);
	peer_flight(&t.peer, &t.peer.hello, 200);
	peer_crypto(&t.peer, &t.datagram, QUIC_LEVEL_HANDSHAKE, 300, SIZE_MAX);
	assert_int_equal(deliver(&t), PROBE_READ);
	peer_crypto(&t.peer, &t.datagram, QUIC_LEVEL_HANDSHAKE, 0, 300);
	assert_int_equal(deliver(&t), PROBE_READ);
	peer_crypto(&t.peer, &t.datagram, QUIC_LEVEL_INITIAL, 0, SIZE_MAX);
	(void)deliver(&t);
	check_flight(&t, 200);
	finish(&t);
}

static void a_stalled_server_is_let_go_on(void **state)
{
	struct talk t;

	(void)state;
	begin(&t, PROBE_FLIGHT, 0x001d);
	peer_flight(&t.peer, &t.peer.hello, 4000);
	/* Three times what we sent, no more [RFC9000 §8.1]; the last of it is lost. */
	peer_crypto(&t.peer, &t.datagram, QUIC_LEVEL_INITIAL, 0, SIZE_MAX);
	assert_int_equal(deliver(&t), PROBE_READ);
	/* Keys are there and nothing came under them: the ACK takes a Handshake PING along. */
	assert_int_equal(t.peer.n_packets[1], 1);
	assert_int_equal(t.peer.n_pings[1], 1);
	assert_int_equal(fire(&t), PROBE_READ);
	assert_int_equal(t.peer.n_packets[1], 2);
	assert_int_equal(t.peer.n_pings[1], 2);
	/* An ACK of it brings nothing new: the next one still comes later. */
	peer_send(&t.peer, &t.datagram, QUIC_LEVEL_HANDSHAKE, PQM_LIT("\x02\x01\x00\x00\x00"));
	assert_int_equal(deliver(&t), PROBE_READ);
	assert_int_equal(probe_quic_machine.wait_ms(t.self), 500);
	peer_crypto(&t.peer, &t.datagram, QUIC_LEVEL_HANDSHAKE, 0, 100);
	assert_int_equal(deliver(&t), PROBE_READ);
	assert_int_equal(probe_quic_machine.wait_ms(t.self), 250);
	peer_crypto(&t.peer, &t.datagram, QUIC_LEVEL_HANDSHAKE, 100, SIZE_MAX);
	(void)deliver(&t);
	check_flight(&t, 4000);
	finish(&t);
}

static void a_doubled_packet_is_met_with_silence(void **state)
{
	struct talk t;
	struct pqm_buf copy;

	(void)state;
	begin(&t, PROBE_FLIGHT, 0x001d);
	peer_flight(&t.peer, &t.peer.hello, 200);
	peer_crypto(&t.peer, &t.datagram, QUIC_LEVEL_INITIAL, 0, SIZE_MAX);
	(void)deliver(&t);
	peer_crypto(&t.peer, &t.datagram, QUIC_LEVEL_HANDSHAKE, 0, 50);
	pqm_buf_init(&copy, 2000);
	assert_true(pqm_buf_add(&copy, pqm_buf_bytes(&t.datagram)));
	(void)deliver(&t);
	assert_int_equal(t.peer.n_acks[1], 1);
	assert_true(pqm_quic_acks(&t.peer.last_ack[1], 0));
	(void)feed(&t, pqm_buf_bytes(&copy));
	peer_read(&t.peer, &t.out);
	assert_int_equal(t.peer.n_acks[1], 1);
	/* The Initial level is over: its packets are met with silence. */
	peer_send(&t.peer, &t.datagram, QUIC_LEVEL_INITIAL, PQM_LIT("\x01\x00"));
	(void)deliver(&t);
	assert_int_equal(t.peer.n_acks[0], 1);
	pqm_buf_fini(&copy);
	finish(&t);
}

/* ---- refusals ---- */

static void a_crypto_error_is_an_alert(void **state)
{
	struct talk t;

	(void)state;
	begin(&t, PROBE_HELLO, 0);
	peer_send(&t.peer, &t.datagram, QUIC_LEVEL_INITIAL, PQM_LIT("\x1c\x41\x28\x06\x00"));
	assert_int_equal(deliver(&t), PROBE_DONE);
	assert_int_equal(t.flight->end, PROBE_ALERT);
	assert_true(t.flight->has_alert);
	assert_int_equal(t.flight->alert, 40);
	/* Nothing is sent to one who closed [RFC9000 §10.2.2]. */
	assert_int_equal(t.peer.n_datagrams, 1);
	finish(&t);
}

static void another_close_is_no_alert_and_its_text_is_harmless(void **state)
{
	struct talk t;

	(void)state;
	begin(&t, PROBE_HELLO, 0);
	peer_send(&t.peer, &t.datagram, QUIC_LEVEL_INITIAL,
		PQM_LIT("\x1c\x02\x00\x09"
			"\x1b[2J\n\xff\x00ok"));
	assert_int_equal(deliver(&t), PROBE_DONE);
	assert_int_equal(t.flight->end, PROBE_ALERT);
	assert_false(t.flight->has_alert);
	assert_string_equal(t.flight->words, "connection close 0x2 ?[2J???ok");
	finish(&t);
}

static void negotiation(struct talk *t, pqm_bytes list, bool is_other)
{
	const struct quic_conn *q = t->self;

	assert_true(pqm_buf_add(&t->datagram, PQM_LIT("\x80\0\0\0\0\x08")) &&
		pqm_buf_add(&t->datagram, (pqm_bytes){ q->scid, 8 }) &&
		pqm_buf_byte(&t->datagram, 8) &&
		pqm_buf_add(&t->datagram,
			is_other ? PQM_LIT("other-id") : (pqm_bytes){ q->dcid, q->dcid_n }) &&
		pqm_buf_add(&t->datagram, list));
}

static void version_negotiation_is_a_refusal(void **state)
{
	struct talk t;

	(void)state;
	begin(&t, PROBE_HELLO, 0);
	/* With our version in the list, or with another's connection ID, it is forged. */
	negotiation(&t, PQM_LIT("\0\0\0\1\x6b\x33\x43\xcf"), false);
	assert_int_equal(deliver(&t), PROBE_READ);
	negotiation(&t, PQM_LIT("\x6b\x33\x43\xcf"), true);
	assert_int_equal(deliver(&t), PROBE_READ);
	assert_false(t.flight->has_vn);
	negotiation(&t, PQM_LIT("\x1a\x2a\x3a\x4a\x6b\x33\x43\xcf\xff\0\0\x1d"), false);
	assert_int_equal(deliver(&t), PROBE_DONE);
	assert_int_equal(t.flight->end, PROBE_ALERT);
	assert_true(t.flight->has_vn && !t.flight->has_alert);
	assert_int_equal(t.flight->n_vn, 2);
	assert_int_equal(t.flight->vn_versions[0], PQM_QUIC_V2);
	assert_int_equal(t.flight->vn_versions[1], 0xff00001d);
	assert_int_equal(t.peer.n_datagrams, 1);
	finish(&t);
}

static void version_negotiation_after_a_packet_is_ignored(void **state)
{
	struct talk t;

	(void)state;
	begin(&t, PROBE_HELLO, 0);
	peer_send(&t.peer, &t.datagram, QUIC_LEVEL_INITIAL, PQM_LIT("\x02\x00\x00\x00\x00"));
	(void)deliver(&t);
	negotiation(&t, PQM_LIT("\x6b\x33\x43\xcf"), false);
	assert_int_equal(deliver(&t), PROBE_READ);
	assert_int_equal(t.flight->end, PROBE_RUNNING);
	finish(&t);
}

/* ---- Retry ---- */

static void retry(struct talk *t, pqm_bytes scid, pqm_bytes token, uint8_t damage)
{
	const struct quic_conn *q = t->self;
	uint8_t tag[16];

	t->datagram.n = 0;
	assert_true(pqm_buf_add(&t->datagram, PQM_LIT("\xf0\0\0\0\1\x08")) &&
		pqm_buf_add(&t->datagram, (pqm_bytes){ q->scid, 8 }) &&
		pqm_buf_byte(&t->datagram, (uint8_t)scid.n) && pqm_buf_add(&t->datagram, scid) &&
		pqm_buf_add(&t->datagram, token));
	assert_true(probe_quic_retry_tag(tag, PQM_QUIC_V1,
		(pqm_bytes){ q->first_dcid, q->first_dcid_n }, pqm_buf_bytes(&t->datagram)));
	tag[0] ^= damage;
	assert_true(pqm_buf_add(&t->datagram, (pqm_bytes){ tag, 16 }));
}

static void a_retry_is_followed_once(void **state)
{
	struct talk t;

	(void)state;
	begin(&t, PROBE_HELLO, 0x11ec);
	assert_int_equal(t.peer.n_datagrams, 2);
	/* Damaged, without a token, with the ID that we chose: not a Retry. */
	retry(&t, PQM_LIT("retry-id"), PQM_LIT("a token"), 1);
	(void)deliver(&t);
	retry(&t, PQM_LIT("retry-id"), PQM_LIT(""), 0);
	(void)deliver(&t);
	retry(&t, (pqm_bytes){ ((const struct quic_conn *)t.self)->first_dcid, 8 },
		PQM_LIT("a token"), 0);
	(void)deliver(&t);
	assert_int_equal(t.peer.n_datagrams, 2);
	assert_false(t.flight->has_retry);

	retry(&t, PQM_LIT("retry-id"), PQM_LIT("a token"), 0);
	t.peer.rx[0].is_ready = false; /* new keys, from the new ID; numbers go on */
	probe_quic_stream_fini(&t.peer.in[0]);
	probe_quic_stream_init(&t.peer.in[0]);
	t.peer.hello.n = 0;
	assert_int_equal(deliver(&t), PROBE_READ);
	assert_true(t.flight->has_retry);
	assert_int_equal(t.peer.n_datagrams, 4);
	assert_bytes(pqm_buf_bytes(&t.peer.token), "a token");
	assert_true(t.peer.hello.n > 1216);

	/* A loop of Retries ends after the first. */
	for (int i = 0; i < 5; i++) {
		retry(&t, PQM_LIT("retry-2"), PQM_LIT("another"), 0);
		assert_int_equal(deliver(&t), PROBE_READ);
	}
	assert_int_equal(t.peer.n_datagrams, 4);
	peer_hrr(&t.peer, 0x001d);
	peer_crypto(&t.peer, &t.datagram, QUIC_LEVEL_INITIAL, 0, SIZE_MAX);
	assert_int_equal(deliver(&t), PROBE_DONE);
	assert_int_equal(t.flight->hrr_group, 0x001d);
	finish(&t);
}

static void a_token_without_end_is_not_carried(void **state)
{
	static uint8_t token[PQM_QUIC_TOKEN_BYTES + 1];
	struct talk t;

	(void)state;
	begin(&t, PROBE_HELLO, 0);
	retry(&t, PQM_LIT("retry-id"), (pqm_bytes){ token, sizeof(token) }, 0);
	(void)feed(&t, pqm_buf_bytes(&t.datagram));
	assert_int_equal(t.want, PROBE_DONE);
	assert_int_equal(t.flight->end, PROBE_BUDGET);
	finish(&t);
}

/* ---- hostile ---- */

static void forged_and_foreign_datagrams_are_ignored_to_a_limit(void **state)
{
	struct talk t;
	uint64_t seed = 77;
	int n = 0;

	(void)state;
	begin(&t, PROBE_HELLO, 0);
	peer_hrr(&t.peer, 0x001d);
	peer_crypto(&t.peer, &t.datagram, QUIC_LEVEL_INITIAL, 0, SIZE_MAX);
	for (; n < 40; n++) { /* the answer, with one bit changed */
		size_t bit = unit_random(&seed) % (8 * t.datagram.n);

		t.datagram.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_equal(feed(&t, pqm_buf_bytes(&t.datagram)), PROBE_READ);
		t.datagram.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	assert_int_equal(t.flight->end, PROBE_RUNNING);
	for (; t.want == PROBE_READ; n++) {
		assert_true(n <= PQM_PROBE_STRAYS);
		(void)feed(&t, PQM_LIT("HTTP/1.1 400 Bad Request"));
	}
	assert_int_equal(t.flight->end, PROBE_GARBAGE);
	finish(&t);

	begin(&t, PROBE_HELLO, 0);
	(void)feed(&t, PQM_LIT("garbage"));
	probe_quic_machine.end(t.self, PROBE_TIMEOUT, NULL);
	assert_int_equal(t.flight->end, PROBE_TIMEOUT);
	assert_non_null(strstr(t.flight->words, "not of this connection"));
	finish(&t);
}

static void wrong_levels_and_frames_end_it(void **state)
{
	struct talk t;

	(void)state;
	/* The flight goes on where nothing is protected. */
	begin(&t, PROBE_FLIGHT, 0x001d);
	peer_flight(&t.peer, &t.peer.hello, 100);
	assert_true(pqm_buf_add(&t.peer.initial, pqm_buf_bytes(&t.peer.flight)));
	peer_crypto(&t.peer, &t.datagram, QUIC_LEVEL_INITIAL, 0, SIZE_MAX);
	assert_int_equal(deliver(&t), PROBE_DONE);
	assert_int_equal(t.flight->end, PROBE_GARBAGE);
	assert_false(t.flight->has_ee);
	assert_int_equal(t.flight->n_der, 0);
	finish(&t);
	/* A second ServerHello, under the keys of the first. */
	begin(&t, PROBE_FLIGHT, 0x001d);
	peer_flight(&t.peer, &t.peer.hello, 100);
	peer_crypto(&t.peer, &t.datagram, QUIC_LEVEL_INITIAL, 0, SIZE_MAX);
	(void)deliver(&t);
	t.peer.flight.n = 0;
	assert_true(pqm_buf_add(&t.peer.flight, pqm_buf_bytes(&t.peer.initial)));
	peer_crypto(&t.peer, &t.datagram, QUIC_LEVEL_HANDSHAKE, 0, SIZE_MAX);
	assert_int_equal(deliver(&t), PROBE_DONE);
	assert_int_equal(t.flight->end, PROBE_GARBAGE);
	finish(&t);
	/* A stream before the handshake. */
	begin(&t, PROBE_FLIGHT, 0x001d);
	peer_send(&t.peer, &t.datagram, QUIC_LEVEL_INITIAL, PQM_LIT("\x08\x00hello"));
	assert_int_equal(deliver(&t), PROBE_DONE);
	assert_int_equal(t.flight->end, PROBE_GARBAGE);
	finish(&t);
	/* CRYPTO at 2^40. */
	begin(&t, PROBE_FLIGHT, 0x001d);
	peer_send(&t.peer, &t.datagram, QUIC_LEVEL_INITIAL,
		PQM_LIT("\x06\xc0\x00\x01\x00\x00\x00\x00\x00\x01x"));
	assert_int_equal(deliver(&t), PROBE_DONE);
	assert_int_equal(t.flight->end, PROBE_BUDGET);
	finish(&t);
}

static void packets_that_no_server_sends_are_ignored(void **state)
{
	struct talk t;

	(void)state;
	begin(&t, PROBE_HELLO, 0);
	peer_hrr(&t.peer, 0x001d);
	for (int i = 0; i < 4; i++) {
		struct pqm_quic_packet head = {
			.kind = PQM_QUIC_INITIAL,
			.version = i == 0 ? PQM_QUIC_V2 : PQM_QUIC_V1,
			.dcid = i == 1 ? PQM_LIT("not ours")
				       : (pqm_bytes){ t.peer.client_cid, t.peer.client_cid_n },
			.scid = { t.peer.scid, t.peer.scid_n },
			.token = i == 2 ? PQM_LIT("token") : PQM_LIT(""),
		};
		struct pqm_buf payload;

		pqm_buf_init(&payload, 2000);
		assert_true(pqm_quic_crypto_put(&payload, 0, pqm_buf_bytes(&t.peer.initial)));
		assert_true(probe_quic_seal(&t.datagram, &t.peer.tx[0], &head, t.peer.next[0]++, 2,
			pqm_buf_bytes(&payload)));
		pqm_buf_fini(&payload);
		/* Another version, another connection, a token; the last one is right. */
		assert_int_equal(deliver(&t), i < 3 ? PROBE_READ : PROBE_DONE);
	}
	assert_int_equal(t.flight->hrr_group, 0x001d);
	finish(&t);
	/* The server's connection ID stays what its first packet said [RFC9000 §7.2]. */
	begin(&t, PROBE_HELLO, 0);
	peer_hrr(&t.peer, 0x001d);
	peer_send(&t.peer, &t.datagram, QUIC_LEVEL_INITIAL, PQM_LIT("\x01\x00"));
	assert_int_equal(deliver(&t), PROBE_READ);
	t.peer.scid[0] ^= 1;
	peer_crypto(&t.peer, &t.datagram, QUIC_LEVEL_INITIAL, 0, SIZE_MAX);
	assert_int_equal(deliver(&t), PROBE_READ);
	t.peer.scid[0] ^= 1;
	peer_crypto(&t.peer, &t.datagram, QUIC_LEVEL_INITIAL, 0, SIZE_MAX);
	assert_int_equal(deliver(&t), PROBE_DONE);
	finish(&t);
}

static void endless_pings_and_endless_certificates_end(void **state)
{
	struct talk t;
	size_t at = 0;

	(void)state;
	begin(&t, PROBE_HELLO, 0);
	for (size_t i = 0; t.want == PROBE_READ; i++) {
		assert_true(i <= PQM_PROBE_DATAGRAMS);
		peer_send(&t.peer, &t.datagram, QUIC_LEVEL_INITIAL, PQM_LIT("\x01\x00"));
		(void)deliver(&t);
	}
	assert_int_equal(t.flight->end, PROBE_BUDGET);
	finish(&t);

	begin(&t, PROBE_FLIGHT, 0x001d);
	peer_flight(&t.peer, &t.peer.hello, 100);
	peer_crypto(&t.peer, &t.datagram, QUIC_LEVEL_INITIAL, 0, SIZE_MAX);
	(void)deliver(&t);
	t.peer.flight.n = 0;
	/* A message of 2^24 - 1 bytes. */
	assert_true(pqm_buf_add(&t.peer.flight, PQM_LIT("\x08\xff\xff\xff")));
	while (t.peer.flight.n < 290000)
		assert_true(pqm_buf_byte(&t.peer.flight, 0));
	for (; t.want == PROBE_READ && at < 290000; at += 1100) {
		peer_crypto(&t.peer, &t.datagram, QUIC_LEVEL_HANDSHAKE, at, 1100);
		(void)deliver(&t);
	}
	assert_true(at <= PQM_TLS_FLIGHT_BYTES + 1100);
	assert_true(t.flight->end == PROBE_BUDGET || t.flight->end == PROBE_GARBAGE);
	finish(&t);
}

static void every_allocation_may_fail(void **state)
{
	(void)state;
	for (size_t n = 1;; n++) {
		struct probe_tls_spec spec = spec_of(PROBE_FLIGHT, 0x001d);
		struct pc_keys *keys = pc_keys_new();
		struct pqm_buf out;
		size_t used;
		void *self;
		bool is_over;

		pqm_buf_init(&out, 10000);
		assert_true(pqm_buf_reserve(&out, 10000));
		pqm_alloc_fail_at(n);
		self = probe_quic_new(&spec, keys);
		is_over = false;
		if (self != NULL) {
			enum probe_want want = probe_quic_machine.start(self, &out);

			is_over = want == PROBE_READ && !out.failed;
			if (want == PROBE_READ)
				(void)probe_quic_machine.input(
					self, PQM_LIT("\x41 nothing"), &used, &out);
		}
		pqm_alloc_fail_at(0);
		probe_quic_machine.free(self);
		pc_keys_free(keys);
		pqm_buf_fini(&out);
		if (is_over && n > 40)
			break;
		assert_true(n < 1000);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_hello_goes_out_in_one_full_initial),
		cmocka_unit_test(hello_retry_request_ends_a_hello),
		cmocka_unit_test(a_flight_is_read_to_its_signature),
		cmocka_unit_test(a_session_takes_tickets),
		cmocka_unit_test(no_ticket_is_an_answer_when_the_handshake_stands),
		cmocka_unit_test(a_ticket_of_the_wrong_level_is_garbage),
		cmocka_unit_test(the_second_hello_goes_on_in_the_connection),
		cmocka_unit_test(a_hybrid_share_takes_two_initials),
		cmocka_unit_test(what_is_lost_is_sent_again_twice_as_late),
		cmocka_unit_test(crypto_comes_in_any_order_with_overlaps),
		cmocka_unit_test(a_flight_before_its_hello_is_kept),
		cmocka_unit_test(a_stalled_server_is_let_go_on),
		cmocka_unit_test(a_doubled_packet_is_met_with_silence),
		cmocka_unit_test(a_crypto_error_is_an_alert),
		cmocka_unit_test(another_close_is_no_alert_and_its_text_is_harmless),
		cmocka_unit_test(version_negotiation_is_a_refusal),
		cmocka_unit_test(version_negotiation_after_a_packet_is_ignored),
		cmocka_unit_test(a_retry_is_followed_once),
		cmocka_unit_test(a_token_without_end_is_not_carried),
		cmocka_unit_test(forged_and_foreign_datagrams_are_ignored_to_a_limit),
		cmocka_unit_test(wrong_levels_and_frames_end_it),
		cmocka_unit_test(packets_that_no_server_sends_are_ignored),
		cmocka_unit_test(endless_pings_and_endless_certificates_end),
		cmocka_unit_test(every_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
