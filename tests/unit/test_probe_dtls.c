/* The DTLS machine against a server in the same process. */
#include "unit.h"

#include "base/limits.h"
#include "model/codes.h"
#include "parse/dtls.h"
#include "probe/dtls_crypt.h"
#include "probe/int.h"

static const uint16_t groups[] = { 0x11ec, 0x001d, 0x0017 };
static const uint16_t suites[] = { 0x1301, 0xc02b, 0xc02f };
static const uint16_t flags[] = { PQM_C_TLS13, PQM_C_ECDHE | PQM_C_AUTH_ECDSA,
	PQM_C_ECDHE | PQM_C_AUTH_RSA };
static const uint16_t schemes[] = { 0x0403, 0x0804, 0x0904 };
static const uint16_t versions[] = { PQM_DTLS13, PQM_DTLS12 };

struct talk {
	struct pc_keys *keys, *peer_keys;
	void *self;
	const struct probe_flight *flight;
	struct pqm_buf out, hello /* the last one, in its TLS form */, msgs, datagram;
	enum probe_want want;
	size_t n_datagrams, n_fragments, n_alerts;
	uint16_t hello_seq;
	uint64_t record_seq; /* of our records */
	uint64_t seen_seq;   /* next that the client may use */
	struct probe_dtls_keys tx, rx;
};

static struct probe_tls_spec spec_of(enum probe_goal goal, uint16_t share)
{
	return (struct probe_tls_spec){
		.over = PROBE_DTLS,
		.goal = goal,
		.hello = { .legacy_version = PQM_DTLS12,
			.suites = suites,
			.n_suites = 3,
			.versions = versions,
			.n_versions = 2,
			.groups = groups,
			.n_groups = 3,
			.schemes = schemes,
			.n_schemes = 3,
			.has_key_share = true,
			.sni = "example.test" },
		.suite_flags = flags,
		.share_group = { share },
		.n_share_groups = share == 0 ? 0 : 1,
		.follow_hrr = true,
	};
}

/* One handshake fragment of the client: put together in order, for it sends in order. */
static void read_fragment(struct talk *t, pqm_bytes body)
{
	struct pqm_dtls_part part;
	uint8_t head[4];

	assert_int_equal(pqm_dtls_fragment(&part, &body, NULL), PQM_OK);
	assert_int_equal(body.n, 0);
	assert_int_equal(part.type, PQM_HS_CLIENT_HELLO);
	if (part.off == 0) {
		head[0] = part.type;
		head[1] = (uint8_t)(part.length >> 16);
		head[2] = (uint8_t)(part.length >> 8);
		head[3] = (uint8_t)part.length;
		t->hello.n = 0;
		assert_true(pqm_buf_add(&t->hello, (pqm_bytes){ head, 4 }));
	}
	assert_int_equal(t->hello.n - 4, part.off);
	assert_true(pqm_buf_add(&t->hello, part.body));
	t->hello_seq = part.seq;
	t->n_fragments++;
}

static void read_out(struct talk *t)
{
	struct pqm_cur c = pqm_cur_of(pqm_buf_bytes(&t->out));
	struct pqm_dtls_record r;
	pqm_bytes datagram;

	assert_false(t->out.failed);
	while (pqm_cur_left(&c) > 0) {
		assert_true(pqm_cur_vec16(&c, &datagram));
		assert_in_range(datagram.n, 1, 1232);
		t->n_datagrams++;
		while (datagram.n > 0) {
			uint8_t room[64], type;
			size_t n;

			assert_int_equal(pqm_dtls_record_next(&r, &datagram, NULL), PQM_OK);
			if (r.is_unified) {
				assert_true(probe_dtls_open(&t->rx, &r, room, &n, &type));
				assert_int_equal(type, PQM_REC_ALERT);
				assert_int_equal(n, 2);
				t->n_alerts++;
				continue;
			}
			assert_int_equal(r.epoch, 0);
			assert_int_equal(r.seq, t->seen_seq++);
			if (r.type == PQM_REC_HANDSHAKE)
				read_fragment(t, r.body);
			else
				t->n_alerts++;
		}
	}
	t->out.n = 0;
}

static void begin_with(struct talk *t, const struct probe_tls_spec *spec)
{
	*t = (struct talk){ .keys = pc_keys_new(), .peer_keys = pc_keys_new() };
	t->self = probe_dtls_new(spec, t->keys);
	assert_non_null(t->self);
	t->flight = probe_flight_of(t->self);
	pqm_buf_init(&t->out, 100000);
	pqm_buf_init(&t->hello, 20000);
	pqm_buf_init(&t->msgs, 400000);
	pqm_buf_init(&t->datagram, 100000);
	t->want = probe_dtls_machine.start(t->self, &t->out);
	assert_int_equal(t->want, PROBE_READ);
	read_out(t);
}

static void begin(struct talk *t, enum probe_goal goal, uint16_t share)
{
	struct probe_tls_spec spec = spec_of(goal, share);

	begin_with(t, &spec);
}

static void finish(struct talk *t)
{
	probe_dtls_machine.end(t->self, PROBE_CLOSED, NULL);
	probe_dtls_machine.free(t->self);
	pc_keys_free(t->keys);
	pc_keys_free(t->peer_keys);
	pqm_buf_fini(&t->out);
	pqm_buf_fini(&t->hello);
	pqm_buf_fini(&t->msgs);
	pqm_buf_fini(&t->datagram);
}

static void put(struct pqm_buf *b, uint64_t v, int n)
{
	while (n-- > 0)
		assert_true(pqm_buf_byte(b, (uint8_t)(v >> (8 * n))));
}

static void put_record(struct talk *t, uint8_t type, pqm_bytes body)
{
	put(&t->datagram, type, 1);
	put(&t->datagram, PQM_DTLS12, 2);
	put(&t->datagram, t->record_seq++, 8);
	put(&t->datagram, body.n, 2);
	assert_true(pqm_buf_add(&t->datagram, body));
}

/* A fragment of a message of our own making, as a record of the datagram. */
static void put_part(struct talk *t, uint8_t type, uint16_t seq, pqm_bytes body, size_t off,
	size_t n, size_t length)
{
	struct pqm_buf b;

	pqm_buf_init(&b, 100000);
	put(&b, type, 1);
	put(&b, length, 3);
	put(&b, seq, 2);
	put(&b, off, 3);
	put(&b, pqm_sub(body, off, n).n, 3);
	assert_true(pqm_buf_add(&b, pqm_sub(body, off, n)));
	if (t->tx.is_ready)
		assert_true(probe_dtls_seal(
			&t->tx, PQM_REC_HANDSHAKE, pqm_buf_bytes(&b), &t->datagram));
	else
		put_record(t, PQM_REC_HANDSHAKE, pqm_buf_bytes(&b));
	pqm_buf_fini(&b);
}

static void put_message(struct talk *t, uint8_t type, uint16_t seq, pqm_bytes body)
{
	put_part(t, type, seq, body, 0, body.n, body.n);
}

static enum probe_want feed(struct talk *t, pqm_bytes datagram)
{
	size_t used = 0;

	t->want = probe_dtls_machine.input(t->self, datagram, &used, &t->out);
	assert_int_equal(used, datagram.n);
	return t->want;
}

static enum probe_want deliver(struct talk *t)
{
	(void)feed(t, pqm_buf_bytes(&t->datagram));
	t->datagram.n = 0;
	read_out(t);
	return t->want;
}

/* ---- hello and cookie ---- */

static void a_hello_goes_out_whole(void **state)
{
	struct talk t;

	(void)state;
	begin(&t, PROBE_HELLO, 0);
	assert_int_equal(t.n_datagrams, 1);
	assert_int_equal(t.hello_seq, 0);
	assert_int_equal(t.hello.p[4], 0xfe);
	assert_int_equal(t.hello.p[4 + 34], 0); /* no session id */
	assert_int_equal(t.hello.p[4 + 35], 0); /* no cookie */
	assert_true(pqm_find(pqm_buf_bytes(&t.hello), 0, PQM_LIT("\xfe\xfc")) != SIZE_MAX);
	finish(&t);
}

static void the_cookie_is_given_back_once(void **state)
{
	struct talk t;

	(void)state;
	begin(&t, PROBE_HELLO, 0);
	put_message(&t, PQM_HS_HELLO_VERIFY, 0,
		PQM_LIT("\xfe\xff\x06"
			"cookie"));
	assert_int_equal(deliver(&t), PROBE_READ);
	assert_int_equal(t.n_datagrams, 2);
	assert_int_equal(t.hello_seq, 1);
	assert_memory_equal(t.hello.p + 4 + 35,
		"\x06"
		"cookie",
		7);
	/* The same again is a late double. */
	put_message(&t, PQM_HS_HELLO_VERIFY, 0,
		PQM_LIT("\xfe\xff\x06"
			"second"));
	assert_int_equal(deliver(&t), PROBE_READ);
	assert_int_equal(t.n_datagrams, 2);
	/* A second request does not make a loop. */
	put_message(&t, PQM_HS_HELLO_VERIFY, 1,
		PQM_LIT("\xfe\xff\x06"
			"second"));
	assert_int_equal(deliver(&t), PROBE_DONE);
	assert_int_not_equal(t.flight->end, PROBE_GOAL);
	finish(&t);
}

static void a_long_hello_goes_in_fragments(void **state)
{
	struct talk t;

	(void)state;
	begin(&t, PROBE_HELLO, 0x11ec);
	assert_int_equal(t.n_datagrams, 2);
	assert_int_equal(t.n_fragments, 2);
	assert_int_equal(t.hello.n, 4 + (size_t)(t.hello.p[2] << 8 | t.hello.p[3]));
	finish(&t);
}

static void what_is_lost_is_sent_again_twice_as_late(void **state)
{
	struct talk t;
	uint32_t ms;

	(void)state;
	begin(&t, PROBE_HELLO, 0);
	ms = probe_dtls_machine.wait_ms(t.self);
	assert_int_equal(ms, 500);
	for (size_t i = 1; i < 5; i++) {
		assert_int_equal(probe_dtls_machine.timer(t.self, &t.out), PROBE_READ);
		read_out(&t);
		assert_int_equal(t.n_datagrams, 1 + i);
		assert_int_equal(t.hello_seq, 0);
		ms *= 2;
		assert_int_equal(probe_dtls_machine.wait_ms(t.self), ms);
	}
	/* The cookie starts a new count. */
	put_message(&t, PQM_HS_HELLO_VERIFY, 0,
		PQM_LIT("\xfe\xff\x01"
			"c"));
	assert_int_equal(deliver(&t), PROBE_READ);
	assert_int_equal(probe_dtls_machine.wait_ms(t.self), 500);
	finish(&t);
}

/* ---- DTLS 1.2 ---- */

#define HELLO_12                                                                                   \
	PQM_LIT("\xfe\xfd"                                                                         \
		"random random random random rand"                                                 \
		"\x00\xc0\x2b\x00\x00\x09\xff\x01\x00\x01\x00\x00\x17\x00\x00")
/* Curve x25519, a point, ecdsa_secp256r1_sha256, a signature without meaning. */
#define SKE_12                                                                                     \
	PQM_LIT("\x03\x00\x1d\x20"                                                                 \
		"pointpointpointpointpointpoint32\x04\x03\x00\x04sign")
#define REQUEST_12 PQM_LIT("\x01\x40\x00\x02\x04\x03\x00\x00")

struct message {
	uint8_t type;
	pqm_bytes body;
};

/* Two certificates of so many bytes; the body lives in msgs. */
static pqm_bytes certificates(struct talk *t, size_t n, bool is_13)
{
	size_t one = 3 + n + (is_13 ? 2 : 0), at = t->msgs.n;

	if (is_13)
		put(&t->msgs, 0, 1);
	put(&t->msgs, 2 * one, 3);
	for (uint8_t i = 0; i < 2; i++) {
		put(&t->msgs, n, 3);
		for (size_t k = 0; k < n; k++)
			put(&t->msgs, (k * 7 + i) & 0xff, 1);
		if (is_13)
			put(&t->msgs, 0, 2);
	}
	return pqm_sub(pqm_buf_bytes(&t->msgs), at, SIZE_MAX);
}

static void check_12(struct talk *t, size_t cert_bytes)
{
	assert_int_equal(t->want, PROBE_DONE);
	assert_int_equal(t->flight->end, PROBE_GOAL);
	assert_int_equal(t->flight->version, PQM_DTLS12);
	assert_int_equal(t->flight->suite, 0xc02b);
	assert_int_equal(t->flight->ec_group, 0x001d);
	assert_int_equal(t->flight->scheme, 0x0403);
	assert_int_equal(t->flight->n_der, 2);
	assert_int_equal(t->flight->der[0].n, cert_bytes);
	assert_int_equal(t->flight->der[1].p[0], 1);
	assert_true(t->flight->wants_client_cert && t->flight->ems);
	assert_int_not_equal(t->flight->proven, PQM_A_YES);
	/* user_canceled and close_notify: the server can forget us. */
	assert_int_equal(t->n_alerts, 2);
}

static void a_clear_flight_is_read_to_its_end(void **state)
{
	struct talk t;

	(void)state;
	begin(&t, PROBE_FLIGHT, 0);
	put_message(&t, PQM_HS_SERVER_HELLO, 0, HELLO_12);
	put_message(&t, PQM_HS_CERTIFICATE, 1, certificates(&t, 300, false));
	assert_int_equal(deliver(&t), PROBE_READ);
	put_message(&t, PQM_HS_SKE, 2, SKE_12);
	put_message(&t, PQM_HS_CERT_REQUEST, 3, REQUEST_12);
	put_message(&t, PQM_HS_DONE, 4, PQM_LIT(""));
	(void)deliver(&t);
	check_12(&t, 300);
	finish(&t);
}

static void fragments_come_in_any_order_with_overlaps(void **state)
{
	struct talk t;
	uint64_t seed = 0xd715;

	(void)state;
	for (int round = 0; round < 20; round++) {
		begin(&t, PROBE_FLIGHT, 0);
		struct message m[] = {
			{ PQM_HS_SERVER_HELLO, HELLO_12 },
			{ PQM_HS_CERTIFICATE, certificates(&t, 500, false) },
			{ PQM_HS_SKE, SKE_12 },
			{ PQM_HS_CERT_REQUEST, REQUEST_12 },
			{ PQM_HS_DONE, PQM_LIT("") },
		};

		for (int i = 0; t.want == PROBE_READ; i++) {
			size_t k = unit_random(&seed) % 5, n = m[k].body.n;
			size_t at = n == 0 ? 0 : unit_random(&seed) % n / 20 * 20;

			assert_true(i < 1000);
			put_part(&t, m[k].type, (uint16_t)k, m[k].body, at,
				20 + unit_random(&seed) % 400, n);
			(void)deliver(&t);
		}
		check_12(&t, 500);
		finish(&t);
	}
}

static void version_10_is_read_too(void **state)
{
	struct probe_tls_spec spec = spec_of(PROBE_FLIGHT, 0);
	struct talk t;

	(void)state;
	spec.hello.legacy_version = PQM_DTLS10;
	spec.hello.n_versions = 0;
	spec.hello.has_key_share = false;
	begin_with(&t, &spec);
	put_message(&t, PQM_HS_SERVER_HELLO, 0,
		PQM_LIT("\xfe\xff"
			"random random random random rand"
			"\x00\xc0\x2b\x00\x00\x00"));
	(void)deliver(&t);
	assert_true(t.flight->has_hello);
	assert_int_equal(t.flight->version, PQM_DTLS10);
	finish(&t);
}

static void alerts_are_refusals(void **state)
{
	static const uint8_t alerts[] = { 40, 70, 71 };
	struct talk t;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		begin(&t, PROBE_HELLO, 0);
		put_record(&t, PQM_REC_ALERT, (pqm_bytes){ (const uint8_t[]){ 2, alerts[i] }, 2 });
		assert_int_equal(deliver(&t), PROBE_DONE);
		assert_int_equal(t.flight->end, PROBE_ALERT);
		assert_true(t.flight->has_alert);
		assert_int_equal(t.flight->alert, alerts[i]);
		/* Nothing is said to one who has hung up. */
		assert_int_equal(t.n_alerts, 0);
		finish(&t);
	}
}

/* ---- DTLS 1.3 ---- */

#define HRR_RANDOM                                                                                 \
	"\xcf\x21\xad\x74\xe5\x9a\x61\x11\xbe\x1d\x8c\x02\x1e\x65\xb8\x91"                         \
	"\xc2\xa2\x11\x16\x7a\xbb\x8c\x5e\x07\x9e\x09\xe2\xc8\xa8\x33\x9c"

static void hello_retry_request_of_13_names_the_group(void **state)
{
	struct talk t;

	(void)state;
	begin(&t, PROBE_HELLO, 0);
	put_message(&t, PQM_HS_SERVER_HELLO, 0,
		PQM_LIT("\xfe\xfd" HRR_RANDOM "\x00\x13\x01\x00\x00\x0c"
			"\x00\x2b\x00\x02\xfe\xfc\x00\x33\x00\x02\x11\xec"));
	assert_int_equal(deliver(&t), PROBE_DONE);
	assert_int_equal(t.flight->end, PROBE_GOAL);
	assert_true(t.flight->is_hrr);
	assert_int_equal(t.flight->version, PQM_DTLS13);
	assert_int_equal(t.flight->hrr_group, 0x11ec);
	assert_int_equal(t.n_alerts, 2);
	finish(&t);
}

static void derive(const struct pc_transcript *transcript, const uint8_t *prk, const char *label,
	struct probe_dtls_keys *k)
{
	uint8_t hash[32], secret[32];

	pc_transcript_now(transcript, hash);
	assert_true(pc_expand_label(PC_SHA256, secret, 32, (pqm_bytes){ prk, 32 }, true, label,
		(pqm_bytes){ hash, 32 }));
	assert_true(probe_dtls_keys(k, PC_SHA256, PC_AES128_GCM, (pqm_bytes){ secret, 32 }));
}

/* The key schedule of the server's side, over the hello and this ServerHello [RFC9147 §5.2]. */
static void server_keys(struct talk *t, pqm_bytes server_hello)
{
	size_t at = pqm_find(pqm_buf_bytes(&t->hello), 0, PQM_LIT("\x00\x1d\x00\x20"));
	uint8_t zero[32] = { 0 }, prk[32], derived[32], empty[32], shared[PC_SHARED_MAX];
	uint8_t head[4] = { PQM_HS_SERVER_HELLO, 0, (uint8_t)(server_hello.n >> 8),
		(uint8_t)server_hello.n };
	struct pc_transcript *transcript = pc_transcript_new(PC_SHA256);
	size_t n = 0;

	assert_true(at != SIZE_MAX);
	assert_true(pc_shared(
		t->peer_keys, 0x001d, pqm_sub(pqm_buf_bytes(&t->hello), at + 4, 32), shared, &n));
	pc_digest(PC_SHA256, empty, (pqm_bytes){ NULL, 0 });
	assert_true(
		pc_hkdf_extract(PC_SHA256, prk, (pqm_bytes){ zero, 32 }, (pqm_bytes){ zero, 32 }));
	assert_true(pc_expand_label(PC_SHA256, derived, 32, (pqm_bytes){ prk, 32 }, true, "derived",
		(pqm_bytes){ empty, 32 }));
	assert_true(pc_hkdf_extract(
		PC_SHA256, prk, (pqm_bytes){ derived, 32 }, (pqm_bytes){ shared, n }));
	pc_transcript_add(transcript, pqm_buf_bytes(&t->hello));
	pc_transcript_add(transcript, (pqm_bytes){ head, 4 });
	pc_transcript_add(transcript, server_hello);
	derive(transcript, prk, "c hs traffic", &t->rx);
	derive(transcript, prk, "s hs traffic", &t->tx);
	pc_transcript_free(transcript);
}

static void server_hello_13(struct talk *t)
{
	struct pqm_buf b;

	pqm_buf_init(&b, 300);
	assert_true(pqm_buf_add(&b,
			    PQM_LIT("\xfe\xfd"
				    "random random random random rand"
				    "\x00\x13\x01\x00\x00\x2e\x00\x2b\x00\x02\xfe\xfc"
				    "\x00\x33\x00\x24\x00\x1d\x00\x20")) &&
		pc_share(t->peer_keys, 0x001d, &b));
	put_message(t, PQM_HS_SERVER_HELLO, 0, pqm_buf_bytes(&b));
	server_keys(t, pqm_buf_bytes(&b));
	pqm_buf_fini(&b);
}

static void an_encrypted_flight_is_read_to_its_signature(void **state)
{
	struct talk t;

	(void)state;
	begin(&t, PROBE_FLIGHT, 0x001d);
	server_hello_13(&t);
	put_message(&t, PQM_HS_EE, 1, PQM_LIT("\0\0"));
	assert_int_equal(deliver(&t), PROBE_READ);
	pqm_bytes certs = certificates(&t, 700, true);

	/* Halves in the wrong order. */
	put_part(&t, PQM_HS_CERTIFICATE, 2, certs, 600, SIZE_MAX, certs.n);
	put_part(&t, PQM_HS_CERTIFICATE, 2, certs, 0, 600, certs.n);
	assert_int_equal(deliver(&t), PROBE_READ);
	put_message(&t, PQM_HS_CERT_VERIFY, 3, PQM_LIT("\x04\x03\x00\x04sign"));
	assert_int_equal(deliver(&t), PROBE_DONE);
	assert_int_equal(t.flight->end, PROBE_GOAL);
	assert_int_equal(t.flight->version, PQM_DTLS13);
	assert_int_equal(t.flight->group, 0x001d);
	assert_int_equal(t.flight->n_der, 2);
	assert_int_equal(t.flight->der[0].n, 700);
	assert_int_equal(t.flight->scheme, 0x0403);
	assert_int_equal(t.n_alerts, 2); /* under our handshake key */
	finish(&t);
}

static void the_clear_says_nothing_once_keys_are_there(void **state)
{
	struct talk t;

	(void)state;
	begin(&t, PROBE_FLIGHT, 0x001d);
	server_hello_13(&t);
	assert_int_equal(deliver(&t), PROBE_READ);
	put_record(&t, PQM_REC_ALERT, PQM_LIT("\x02\x28"));
	assert_int_equal(deliver(&t), PROBE_READ);
	/* And a record that is not authentic, neither. */
	put_message(&t, PQM_HS_EE, 1, PQM_LIT("\0\0"));
	t.datagram.p[t.datagram.n - 1] ^= 1;
	assert_int_equal(deliver(&t), PROBE_READ);
	assert_false(t.flight->has_ee);
	put_message(&t, PQM_HS_EE, 1, PQM_LIT("\0\0"));
	assert_int_equal(deliver(&t), PROBE_READ);
	assert_true(t.flight->has_ee);
	/* An alert under the key counts. */
	assert_true(probe_dtls_seal(&t.tx, PQM_REC_ALERT, PQM_LIT("\x02\x50"), &t.datagram));
	assert_int_equal(deliver(&t), PROBE_DONE);
	assert_int_equal(t.flight->alert, 80);
	finish(&t);
}

static void records_of_every_cipher_open_whole(void **state)
{
	static const enum pc_aead all[] = { PC_AES128_GCM, PC_AES256_GCM, PC_CHACHA20,
		PC_AES128_CCM, PC_AES128_CCM8 };

	const uint8_t secret[48] = { 9 };

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		enum pc_hash h = all[i] == PC_AES256_GCM ? PC_SHA384 : PC_SHA256;
		struct probe_dtls_keys tx = { 0 }, rx = { 0 };
		pqm_bytes key = { secret, pc_hash_bytes(h) }, in;
		struct pqm_dtls_record r;
		struct pqm_buf out;
		uint8_t room[64], type;
		size_t n;

		pqm_buf_init(&out, 256);
		assert_true(probe_dtls_keys(&tx, h, all[i], key) &&
			probe_dtls_keys(&rx, h, all[i], key));
		assert_true(probe_dtls_seal(&tx, PQM_REC_HANDSHAKE, PQM_LIT("certificate"), &out));
		in = pqm_buf_bytes(&out);
		assert_int_equal(pqm_dtls_record_next(&r, &in, NULL), PQM_OK);
		assert_true(probe_dtls_open(&rx, &r, room, &n, &type));
		assert_int_equal(type, PQM_REC_HANDSHAKE);
		assert_int_equal(n, 11);
		assert_memory_equal(room, "certificate", 11);
		pqm_buf_fini(&out);
	}
}

static void record_numbers_are_completed(void **state)
{
	struct probe_dtls_keys tx = { 0 }, rx = { 0 };
	uint8_t secret[32] = { 7 }, room[64], type;
	size_t n;

	(void)state;
	assert_true(probe_dtls_keys(&tx, PC_SHA256, PC_CHACHA20, (pqm_bytes){ secret, 32 }));
	assert_true(probe_dtls_keys(&rx, PC_SHA256, PC_CHACHA20, (pqm_bytes){ secret, 32 }));
	for (uint64_t seq = 0; seq < 300000; seq += 9973) {
		struct pqm_dtls_record r;
		struct pqm_buf b;
		pqm_bytes in;

		pqm_buf_init(&b, 200);
		tx.next = seq;
		assert_true(probe_dtls_seal(&tx, PQM_REC_HANDSHAKE, PQM_LIT("body"), &b));
		in = pqm_buf_bytes(&b);
		assert_int_equal(pqm_dtls_record_next(&r, &in, NULL), PQM_OK);
		assert_true(probe_dtls_open(&rx, &r, room, &n, &type));
		assert_int_equal(type, PQM_REC_HANDSHAKE);
		assert_int_equal(n, 4);
		assert_memory_equal(room, "body", 4);
		pqm_buf_fini(&b);
	}
}

/* ---- hostile ---- */

static void garbage_is_ignored_to_a_limit(void **state)
{
	struct talk t;
	int n = 0;

	(void)state;
	begin(&t, PROBE_HELLO, 0);
	for (; t.want == PROBE_READ; n++) {
		assert_true(n <= PQM_PROBE_STRAYS);
		(void)feed(&t, n % 2 == 0 ? PQM_LIT("garbage") : PQM_LIT(""));
	}
	assert_int_equal(n, PQM_PROBE_STRAYS + 1);
	assert_int_equal(t.flight->end, PROBE_GARBAGE);
	finish(&t);
	begin(&t, PROBE_HELLO, 0);
	for (n = 0; t.want == PROBE_READ; n++) {
		assert_true(n < 200);
		put_record(&t, PQM_REC_CCS, PQM_LIT("\x01"));
		(void)deliver(&t);
	}
	assert_int_equal(t.flight->end, PROBE_BUDGET);
	finish(&t);
}

static void fragments_that_disagree_are_dropped(void **state)
{
	struct talk t;

	(void)state;
	begin(&t, PROBE_FLIGHT, 0);
	put_part(&t, PQM_HS_SERVER_HELLO, 0, HELLO_12, 0, 10, HELLO_12.n);
	assert_int_equal(deliver(&t), PROBE_READ);
	/* Another length, another type, for the same message. */
	put_part(&t, PQM_HS_SERVER_HELLO, 0, HELLO_12, 10, SIZE_MAX, 200);
	put_part(&t, PQM_HS_CERTIFICATE, 0, HELLO_12, 10, SIZE_MAX, HELLO_12.n);
	assert_int_equal(deliver(&t), PROBE_READ);
	assert_false(t.flight->has_hello);
	put_part(&t, PQM_HS_SERVER_HELLO, 0, HELLO_12, 10, SIZE_MAX, HELLO_12.n);
	assert_int_equal(deliver(&t), PROBE_READ);
	assert_true(t.flight->has_hello);
	finish(&t);
}

static void messages_without_end_are_not_kept(void **state)
{
	static uint8_t bytes[1000];
	struct talk t;
	size_t at = 0, n = 0;

	(void)state;
	/* A flood of later messages is held to a limit, and does not stop the one that is due. */
	begin(&t, PROBE_FLIGHT, 0);
	for (uint16_t seq = 1; seq < 500 && t.want == PROBE_READ; seq++, n++) {
		put_part(&t, PQM_HS_CERTIFICATE, seq, (pqm_bytes){ bytes, 1000 }, 0, 1000, 200000);
		(void)deliver(&t);
	}
	assert_true(t.want == PROBE_DONE ? t.flight->end == PROBE_BUDGET : n == 499);
	finish(&t);
	/* One message of the largest size, byte by kilobyte. */
	begin(&t, PROBE_FLIGHT, 0);
	put_message(&t, PQM_HS_SERVER_HELLO, 0, HELLO_12);
	(void)deliver(&t);
	for (; t.want == PROBE_READ && at < 2 * PQM_TLS_FLIGHT_BYTES; at += 1000) {
		pqm_bytes part = { bytes, 1000 };
		struct pqm_buf b;

		pqm_buf_init(&b, 2000);
		put(&b, PQM_HS_CERTIFICATE, 1);
		put(&b, PQM_TLS_FLIGHT_BYTES, 3);
		put(&b, 1, 2);
		put(&b, at, 3);
		put(&b, part.n, 3);
		assert_true(pqm_buf_add(&b, part));
		put_record(&t, PQM_REC_HANDSHAKE, pqm_buf_bytes(&b));
		pqm_buf_fini(&b);
		(void)deliver(&t);
	}
	assert_true(at <= PQM_TLS_FLIGHT_BYTES + 100000);
	assert_int_not_equal(t.flight->end, PROBE_GOAL);
	assert_int_not_equal(t.flight->end, PROBE_RUNNING);
	finish(&t);
}

static void every_allocation_may_fail(void **state)
{
	(void)state;
	for (size_t n = 1;; n++) {
		struct probe_tls_spec spec = spec_of(PROBE_FLIGHT, 0);
		struct pc_keys *keys = pc_keys_new();
		struct talk t = { 0 };
		size_t used;
		bool is_over = false;

		pqm_buf_init(&t.out, 20000);
		pqm_buf_init(&t.datagram, 20000);
		assert_true(pqm_buf_reserve(&t.out, 20000));
		put_part(&t, PQM_HS_CERTIFICATE, 1, PQM_LIT("early"), 0, 5, 100);
		put_message(&t, PQM_HS_SERVER_HELLO, 0, HELLO_12);
		pqm_alloc_fail_at(n);
		t.self = probe_dtls_new(&spec, keys);
		if (t.self != NULL) {
			enum probe_want want = probe_dtls_machine.start(t.self, &t.out);

			if (want == PROBE_READ)
				want = probe_dtls_machine.input(
					t.self, pqm_buf_bytes(&t.datagram), &used, &t.out);
			is_over = want == PROBE_READ && !t.out.failed;
		}
		pqm_alloc_fail_at(0);
		probe_dtls_machine.free(t.self);
		pc_keys_free(keys);
		pqm_buf_fini(&t.out);
		pqm_buf_fini(&t.datagram);
		if (is_over && n > 40)
			break;
		assert_true(n < 1000);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_hello_goes_out_whole),
		cmocka_unit_test(the_cookie_is_given_back_once),
		cmocka_unit_test(a_long_hello_goes_in_fragments),
		cmocka_unit_test(what_is_lost_is_sent_again_twice_as_late),
		cmocka_unit_test(a_clear_flight_is_read_to_its_end),
		cmocka_unit_test(fragments_come_in_any_order_with_overlaps),
		cmocka_unit_test(version_10_is_read_too),
		cmocka_unit_test(alerts_are_refusals),
		cmocka_unit_test(hello_retry_request_of_13_names_the_group),
		cmocka_unit_test(an_encrypted_flight_is_read_to_its_signature),
		cmocka_unit_test(the_clear_says_nothing_once_keys_are_there),
		cmocka_unit_test(records_of_every_cipher_open_whole),
		cmocka_unit_test(record_numbers_are_completed),
		cmocka_unit_test(garbage_is_ignored_to_a_limit),
		cmocka_unit_test(fragments_that_disagree_are_dropped),
		cmocka_unit_test(messages_without_end_are_not_kept),
		cmocka_unit_test(every_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
