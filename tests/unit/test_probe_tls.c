/* Before our headers: libcrypto names parameters after calls that ban.h poisons. */
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "unit.h"

#include "model/codes.h"
#include "parse/der.h"
#include "probe/int.h"

/* ---- a server in process ---- */

#define X25519 0x001d
#define P256 0x0017
#define HYBRID 0x11ec

/* What it does wrong, or besides. */
struct ways {
	uint16_t suite, group; /* 0: 0x1301, X25519 */
	uint16_t version;      /* 0: 0x0304 */
	uint16_t hrr_group, hrr_suite, hrr_twice;
	size_t cookie; /* bytes, in the HelloRetryRequest */
	bool bad_session_id, no_share, bad_share, has_psk, psk_second, compression;
	bool takes_early_data, sends_groups, asks_client_cert, compresses, raw_key;
	bool bad_signature, bad_finished, bad_tag, skip_ee, twice_ee, skip_verify, early_message;
	uint16_t scheme; /* 0: 0x0403 */
	bool crosses_keys, no_ccs, downgrade;
	size_t pad; /* zeros behind the inner type */
	size_t tickets;
};

struct server {
	struct pc_keys *keys;
	EVP_PKEY *key;
	struct pqm_buf cert; /* as little of one as the prober looks at */
	struct pqm_buf out;
	struct pc_transcript *t;
	enum pc_hash hash;
	enum pc_aead aead;
	uint8_t hs[48], s_hs[48], c_hs[48], master[48], c_ap[48], s_ap[48], res[48];
	struct pc_traffic tx, rx;
	/* Of the last ClientHello: */
	uint8_t random[32], session_id[32];
	size_t session_id_n;
	uint16_t share_group;
	pqm_bytes share;
	size_t binder_n;
	pqm_bytes psk; /* that it knows */
};

static void put16(struct pqm_buf *b, size_t v)
{
	assert_true(pqm_buf_byte(b, (uint8_t)(v >> 8)) && pqm_buf_byte(b, (uint8_t)v));
}

static void put(struct pqm_buf *b, pqm_bytes s)
{
	assert_true(pqm_buf_add(b, s));
}

static void server_init(struct server *s)
{
	unsigned char *spki = NULL;
	struct pqm_buf tbs;

	memset(s, 0, sizeof(*s));
	s->keys = pc_keys_new();
	s->key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	assert_true(s->keys != NULL && s->key != NULL);
	pqm_buf_init(&s->cert, 4096);
	pqm_buf_init(&s->out, (size_t)1 << 20);
	pqm_buf_init(&tbs, 4096);
	int n = i2d_PUBKEY(s->key, &spki);

	put(&tbs, PQM_LIT("\xa0\3\2\1\2\2\1\1\x30\0\x30\0\x30\0\x30\0"));
	put(&tbs, (pqm_bytes){ spki, (size_t)n });
	OPENSSL_free(spki);
	struct pqm_buf inner;

	pqm_buf_init(&inner, 4096);
	pqm_der_put(&inner, PQM_DER_SEQ, pqm_buf_bytes(&tbs));
	put(&inner, PQM_LIT("\x30\0\3\1\0"));
	pqm_der_put(&s->cert, PQM_DER_SEQ, pqm_buf_bytes(&inner));
	pqm_buf_fini(&inner);
	pqm_buf_fini(&tbs);
}

static void server_fini(struct server *s)
{
	pc_keys_free(s->keys);
	EVP_PKEY_free(s->key);
	pc_transcript_free(s->t);
	pqm_buf_fini(&s->cert);
	pqm_buf_fini(&s->out);
}

/* The handshake message in clear records. */
static pqm_bytes unrecord(struct pqm_buf *msg, pqm_bytes out)
{
	struct pqm_tls_record r;
	bool more = false;

	msg->n = 0;
	while (out.n > 0) {
		assert_int_equal(pqm_tls_record_next(&r, &more, &out, NULL), PQM_OK);
		assert_false(more);
		if (r.type == 22)
			put(msg, r.body);
	}
	return pqm_buf_bytes(msg);
}

static void server_reads_hello(struct server *s, pqm_bytes msg)
{
	struct pqm_cur c = pqm_cur_of(msg);
	pqm_bytes v, block;

	assert_true(pqm_cur_skip(&c, 6) && pqm_cur_take(&c, 32, &v));
	memcpy(s->random, v.p, 32);
	assert_true(pqm_cur_vec8(&c, &v));
	s->session_id_n = v.n;
	if (v.n > 0)
		memcpy(s->session_id, v.p, v.n);
	assert_true(pqm_cur_vec16(&c, &v) && pqm_cur_vec8(&c, &v));
	s->share_group = 0;
	if (!pqm_cur_vec16(&c, &block))
		return;
	c = pqm_cur_of(block);
	while (pqm_cur_left(&c) > 0) {
		uint16_t type = 0;
		struct pqm_cur in;

		assert_true(pqm_cur_u16be(&c, &type) && pqm_cur_vec16(&c, &v));
		in = pqm_cur_of(v);
		if (type == 51 && v.n > 2)
			assert_true(pqm_cur_skip(&in, 2) && pqm_cur_u16be(&in, &s->share_group) &&
				pqm_cur_vec16(&in, &s->share));
	}
}

static void message(struct pqm_buf *b, uint8_t type, pqm_bytes body)
{
	put(b, (pqm_bytes){ (const uint8_t[]){ type, 0 }, 2 });
	put16(b, body.n);
	put(b, body);
}

static void in_clear(struct server *s, uint8_t type, pqm_bytes body)
{
	assert_true(pqm_tls_records(&s->out, type, 0x0303, body, 0));
}

static const uint8_t hrr_random[] = { 0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d,
	0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07,
	0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c };

static void hello_message(struct server *s, struct pqm_buf *msg, const struct ways *w, bool is_hrr)
{
	struct pqm_buf b, x;
	uint16_t suite = is_hrr && w->hrr_suite != 0 ? w->hrr_suite : w->suite;

	pqm_buf_init(&b, 8192);
	pqm_buf_init(&x, 8192);
	put16(&b, 0x0303);
	uint8_t random[32] = { 9 };

	if (w->downgrade)
		memcpy(random + 24, "DOWNGRD\1", 8);
	put(&b, (pqm_bytes){ is_hrr ? hrr_random : random, 32 });
	if (w->bad_session_id)
		s->session_id[0] ^= 1;
	assert_true(pqm_buf_byte(&b, (uint8_t)s->session_id_n));
	put(&b, (pqm_bytes){ s->session_id, s->session_id_n });
	put16(&b, suite != 0 ? suite : 0x1301);
	assert_true(pqm_buf_byte(&b, w->compression ? 1 : 0));
	put16(&x, 43);
	put16(&x, 2);
	put16(&x, w->version != 0 ? w->version : 0x0304);
	if (is_hrr && w->hrr_group != 0) {
		put16(&x, 51);
		put16(&x, 2);
		put16(&x, w->hrr_group);
	}
	if (is_hrr && w->cookie > 0) {
		put16(&x, 44);
		put16(&x, w->cookie + 2);
		put16(&x, w->cookie);
		for (size_t i = 0; i < w->cookie; i++)
			assert_true(pqm_buf_byte(&x, (uint8_t)i));
	}
	if (!is_hrr && !w->no_share) {
		struct pqm_buf share;
		uint16_t group = w->group != 0 ? w->group : X25519;

		pqm_buf_init(&share, 4096);
		assert_true(pc_share(s->keys, group, &share));
		put16(&x, 51);
		put16(&x, share.n + 4);
		put16(&x, group);
		put16(&x, share.n);
		if (w->bad_share)
			memset(share.p, 0, share.n);
		put(&x, pqm_buf_bytes(&share));
		pqm_buf_fini(&share);
	}
	if (!is_hrr && w->has_psk) {
		put16(&x, 41);
		put16(&x, 2);
		put16(&x, w->psk_second ? 1 : 0);
	}
	put16(&b, x.n);
	put(&b, pqm_buf_bytes(&x));
	message(msg, 2, pqm_buf_bytes(&b));
	pqm_buf_fini(&x);
	pqm_buf_fini(&b);
}

/* As in RFC 8446 §7.1; written again here, so that both sides must be right. */
static void derive(struct server *s, uint8_t *out, const uint8_t *secret, const char *label)
{
	uint8_t h[48];
	size_t n = pc_hash_bytes(s->hash);

	pc_transcript_now(s->t, h);
	assert_true(pc_expand_label(
		s->hash, out, n, (pqm_bytes){ secret, n }, false, label, (pqm_bytes){ h, n }));
}

static void server_keys(struct server *s, const struct ways *w)
{
	static const uint8_t zeros[48];
	uint8_t early[48], d[48], empty[48], shared[PC_SHARED_MAX] = { 0 };
	size_t n = pc_hash_bytes(s->hash), shared_n = n;
	pqm_bytes psk = w->has_psk && s->psk.n > 0 ? s->psk : (pqm_bytes){ zeros, n };

	if (!w->no_share && !pc_shared(s->keys, s->share_group, s->share, shared, &shared_n))
		return; /* groups that are only claimed */
	pc_digest(s->hash, empty, (pqm_bytes){ NULL, 0 });
	assert_true(pc_hkdf_extract(s->hash, early, (pqm_bytes){ NULL, 0 }, psk));
	assert_true(pc_expand_label(
		s->hash, d, n, (pqm_bytes){ early, n }, false, "derived", (pqm_bytes){ empty, n }));
	assert_true(pc_hkdf_extract(
		s->hash, s->hs, (pqm_bytes){ d, n }, (pqm_bytes){ shared, shared_n }));
	derive(s, s->s_hs, s->hs, "s hs traffic");
	derive(s, s->c_hs, s->hs, "c hs traffic");
	assert_true(pc_traffic_keys(&s->tx, s->hash, s->aead, (pqm_bytes){ s->s_hs, n }));
	assert_true(pc_traffic_keys(&s->rx, s->hash, s->aead, (pqm_bytes){ s->c_hs, n }));
	assert_true(pc_expand_label(
		s->hash, d, n, (pqm_bytes){ s->hs, n }, false, "derived", (pqm_bytes){ empty, n }));
	assert_true(
		pc_hkdf_extract(s->hash, s->master, (pqm_bytes){ d, n }, (pqm_bytes){ zeros, n }));
}

static void finished_data(struct server *s, const uint8_t *secret, uint8_t *out)
{
	uint8_t key[48], h[48];
	size_t n = pc_hash_bytes(s->hash);

	assert_true(pc_expand_label(s->hash, key, n, (pqm_bytes){ secret, n }, false, "finished",
		(pqm_bytes){ NULL, 0 }));
	pc_transcript_now(s->t, h);
	assert_true(pc_hmac(s->hash, out, (pqm_bytes){ key, n }, (pqm_bytes){ h, n }));
}

static size_t sign(struct server *s, pqm_bytes content, uint8_t *sig, size_t room)
{
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	size_t n = room;

	assert_int_equal(EVP_DigestSignInit_ex(c, NULL, "SHA256", NULL, NULL, s->key, NULL), 1);
	assert_int_equal(EVP_DigestSign(c, sig, &n, content.p, content.n), 1);
	EVP_MD_CTX_free(c);
	return n;
}

static void protect(struct server *s, const struct ways *w, pqm_bytes msg)
{
	size_t at = s->out.n;
	struct pqm_buf padded;

	pqm_buf_init(&padded, (size_t)1 << 16);
	put(&padded, msg);
	if (w->pad > 0) { /* type, then zeros: sealed as content of type 0 */
		assert_true(pqm_buf_byte(&padded, 22));
		for (size_t i = 1; i < w->pad; i++)
			assert_true(pqm_buf_byte(&padded, 0));
	}
	assert_true(pc_record_seal(&s->tx, w->pad > 0 ? 0 : 22, pqm_buf_bytes(&padded), &s->out));
	pqm_buf_fini(&padded);
	if (w->bad_tag)
		s->out.p[at + 7] ^= 1;
}

static void secret_message(struct server *s, const struct ways *w, uint8_t type, pqm_bytes body)
{
	struct pqm_buf m;

	pqm_buf_init(&m, (size_t)1 << 16);
	message(&m, type, body);
	pc_transcript_add(s->t, pqm_buf_bytes(&m));
	protect(s, w, pqm_buf_bytes(&m));
	pqm_buf_fini(&m);
}

static void send_ee(struct server *s, const struct ways *w)
{
	struct pqm_buf b, x;

	pqm_buf_init(&b, 256);
	pqm_buf_init(&x, 256);
	if (w->sends_groups)
		put(&x, PQM_LIT("\0\12\0\6\0\4\x11\xec\0\x1d"));
	if (w->takes_early_data)
		put(&x, PQM_LIT("\0\x2a\0\0"));
	if (w->raw_key)
		put(&x, PQM_LIT("\0\x14\0\1\2"));
	put(&x, PQM_LIT("\0\x10\0\5\0\3\2h2"));
	put16(&b, x.n);
	put(&b, pqm_buf_bytes(&x));
	secret_message(s, w, 8, pqm_buf_bytes(&b));
	pqm_buf_fini(&x);
	pqm_buf_fini(&b);
}

static void send_certificate(struct server *s, const struct ways *w)
{
	struct pqm_buf b;
	pqm_bytes der = pqm_buf_bytes(&s->cert);
	unsigned char *spki = NULL;

	pqm_buf_init(&b, 8192);
	if (w->raw_key) {
		int n = i2d_PUBKEY(s->key, &spki);

		der = (pqm_bytes){ spki, (size_t)n };
	}
	put(&b, PQM_LIT("\0\0"));
	put16(&b, der.n + 5);
	put(&b, PQM_LIT("\0"));
	put16(&b, der.n);
	put(&b, der);
	put16(&b, 0);
	if (w->compresses)
		secret_message(s, w, 25, PQM_LIT("\0\1\0\1\0\0\0\4abcd"));
	else
		secret_message(s, w, 11, pqm_buf_bytes(&b));
	OPENSSL_free(spki);
	pqm_buf_fini(&b);
}

static void send_verify(struct server *s, const struct ways *w)
{
	static const char label[] = "TLS 1.3, server CertificateVerify";
	uint8_t content[64 + sizeof(label) + 48], sig[128];
	struct pqm_buf b;

	memset(content, 0x20, 64);
	memcpy(content + 64, label, sizeof(label));
	pc_transcript_now(s->t, content + 64 + sizeof(label));
	size_t n = sign(s, (pqm_bytes){ content, 64 + sizeof(label) + pc_hash_bytes(s->hash) }, sig,
		sizeof(sig));

	if (w->bad_signature)
		sig[n - 1] ^= 1;
	pqm_buf_init(&b, 256);
	put16(&b, w->scheme != 0 ? w->scheme : 0x0403);
	put16(&b, n);
	put(&b, (pqm_bytes){ sig, n });
	secret_message(s, w, 15, pqm_buf_bytes(&b));
	pqm_buf_fini(&b);
}

static void send_finished(struct server *s, const struct ways *w)
{
	uint8_t data[48];
	size_t n = pc_hash_bytes(s->hash);

	finished_data(s, s->s_hs, data);
	if (w->bad_finished)
		data[n - 1] ^= 1;
	secret_message(s, w, 20, (pqm_bytes){ data, n });
	derive(s, s->c_ap, s->master, "c ap traffic");
	derive(s, s->s_ap, s->master, "s ap traffic");
}

/* The answer to a hello: a retry, or all of the flight. */
static void server_answers(struct server *s, pqm_bytes client_out, const struct ways *w, int round)
{
	struct pqm_buf msg, hello;
	bool is_hrr = (w->hrr_group != 0 || w->cookie > 0) && round < 1 + w->hrr_twice;
	uint16_t suite = w->suite != 0 ? w->suite : 0x1301;

	pqm_buf_init(&hello, (size_t)1 << 16);
	pqm_buf_init(&msg, (size_t)1 << 16);
	pqm_bytes h = unrecord(&hello, client_out);

	if (!pc_suite13(suite, &s->hash, &s->aead))
		s->hash = PC_SHA256;
	server_reads_hello(s, h);
	if (s->t == NULL)
		s->t = pc_transcript_new(s->hash);
	pc_transcript_add(s->t, h);
	hello_message(s, &msg, w, is_hrr);
	if (is_hrr) {
		uint8_t m[4 + 48] = { 254, 0, 0, (uint8_t)pc_hash_bytes(s->hash) };

		pc_transcript_now(s->t, m + 4);
		pc_transcript_free(s->t);
		s->t = pc_transcript_new(s->hash);
		pc_transcript_add(s->t, (pqm_bytes){ m, 4 + pc_hash_bytes(s->hash) });
	}
	pc_transcript_add(s->t, pqm_buf_bytes(&msg));
	if (w->crosses_keys)
		put(&msg, PQM_LIT("\10\0\0\2\0\0"));
	in_clear(s, 22, pqm_buf_bytes(&msg));
	if (!is_hrr) {
		if (!w->no_ccs)
			put(&s->out, PQM_LIT("\x14\3\3\0\1\1"));
		server_keys(s, w);
		if (!w->skip_ee)
			send_ee(s, w);
		if (w->twice_ee)
			send_ee(s, w);
		if (w->asks_client_cert)
			secret_message(s, w, 13, PQM_LIT("\0\0\10\0\x0d\0\4\0\2\4\3"));
		if (!w->has_psk) {
			send_certificate(s, w);
			if (!w->skip_verify)
				send_verify(s, w);
		}
		send_finished(s, w);
	}
	pqm_buf_fini(&msg);
	pqm_buf_fini(&hello);
}

/* ---- a client to feed ---- */

static const uint16_t suites[] = { 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0x009e, 0x009c, 0xc018,
	0x0003, 0x002c };
static const uint16_t suite_flags[] = { PQM_C_TLS13, PQM_C_TLS13, PQM_C_TLS13, PQM_C_ECDHE,
	PQM_C_ECDHE, PQM_C_DHE, PQM_C_RSA, PQM_C_ECDHE | PQM_C_ANON, PQM_C_RSA | PQM_C_EXPORT,
	PQM_C_PSK };
static const uint16_t groups[] = { HYBRID, X25519, P256 };
static const uint16_t schemes[] = { 0x0403, 0x0804, 0x0905 };
static const uint16_t versions[] = { 0x0304, 0x0303 };
static struct pc_keys *keys;

static struct probe_tls_spec spec_of(enum probe_goal goal)
{
	return (struct probe_tls_spec){
		.over = PROBE_TCP,
		.goal = goal,
		.hello = { .legacy_version = 0x0303,
			.suites = suites,
			.n_suites = 10,
			.versions = versions,
			.n_versions = 2,
			.groups = groups,
			.n_groups = 3,
			.schemes = schemes,
			.n_schemes = 3,
			.has_key_share = true,
			.sni = "peer.test" },
		.suite_flags = suite_flags,
		.share_group = { X25519 },
		.n_share_groups = 1,
		.follow_hrr = true,
	};
}

struct client {
	void *self;
	struct pqm_buf out, held;
	enum probe_want want;
};

static const struct probe_flight *flight(const struct client *c)
{
	return probe_flight_of(c->self);
}

static bool client_start(struct client *c, const struct probe_tls_spec *spec)
{
	pqm_buf_init(&c->out, (size_t)1 << 20);
	pqm_buf_init(&c->held, (size_t)1 << 20);
	c->self = probe_tls_new(spec, keys);
	if (c->self == NULL)
		return false;
	c->want = probe_tls_machine.start(c->self, &c->out);
	return true;
}

/* As the loop does: what is not taken is shown again with more behind it. */
static void client_feed(struct client *c, pqm_bytes in)
{
	size_t used = 0;

	if (c->want != PROBE_READ || in.n == 0)
		return;
	put(&c->held, in);
	c->want = probe_tls_machine.input(c->self, pqm_buf_bytes(&c->held), &used, &c->out);
	assert_true(used <= c->held.n);
	assert_true(c->want == PROBE_DONE || c->held.n - used <= PQM_PROBE_HELD_BYTES);
	memmove(c->held.p, c->held.p + used, c->held.n - used);
	c->held.n -= used;
	assert_true((c->want == PROBE_DONE) == (flight(c)->end != PROBE_RUNNING));
}

static void client_fini(struct client *c)
{
	if (c->self != NULL)
		probe_tls_machine.free(c->self);
	pqm_buf_fini(&c->out);
	pqm_buf_fini(&c->held);
}

static void assert_end(
	const struct client *c, enum probe_end end, const char *how, const char *words)
{
	const struct probe_flight *f = flight(c);

	if (f->end != end || f->how == NULL || strcmp(f->how, how) != 0 ||
		strstr(f->words, words) == NULL)
		fail_msg("end %d, how \"%s\", words \"%s\"; not %d, \"%s\", \"%s\"", (int)f->end,
			f->how == NULL ? "" : f->how, f->words, (int)end, how, words);
}

/* Client and server until one has nothing to say. */
static void talk(
	struct client *c, struct server *s, const struct probe_tls_spec *spec, const struct ways *w)
{
	assert_true(client_start(c, spec));
	for (int round = 0; round < 3 && c->want == PROBE_READ && c->out.n > 0; round++) {
		s->out.n = 0;
		server_answers(s, pqm_buf_bytes(&c->out), w, round);
		c->out.n = 0;
		client_feed(c, pqm_buf_bytes(&s->out));
		if (flight(c)->is_finished)
			return;
	}
}

/* ---- TLS 1.3 ---- */

static void a_flight_is_read_and_proven(void **state)
{
	static const struct ways ways[] = {
		{ 0 },
		{ .suite = 0x1302 },
		{ .suite = 0x1303, .pad = 100 },
		{ .sends_groups = true, .asks_client_cert = true },
		{ .hrr_group = P256, .group = P256 },
		{ .cookie = 32, .suite = 0x1302 },
		{ .raw_key = true, .no_ccs = true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		const struct ways *w = &ways[i];
		struct probe_tls_spec spec = spec_of(PROBE_FLIGHT);
		struct server s;
		struct client c;

		server_init(&s);
		talk(&c, &s, &spec, w);
		assert_end(&c, PROBE_GOAL, "certificate verify", "");
		const struct probe_flight *f = flight(&c);

		assert_true(f->has_hello && f->has_ee && f->proven == PQM_A_YES);
		assert_int_equal(f->version, 0x0304);
		assert_int_equal(f->suite, w->suite != 0 ? w->suite : 0x1301);
		assert_int_equal(f->group, w->group != 0 ? w->group : X25519);
		assert_int_equal(f->scheme, 0x0403);
		assert_int_equal(f->is_hrr, w->hrr_group != 0 || w->cookie != 0);
		assert_int_equal(f->hrr_group, w->hrr_group);
		assert_int_equal(f->has_cookie, w->cookie != 0);
		assert_int_equal(f->n_der, 1);
		assert_int_equal(f->is_raw_key, w->raw_key);
		if (!w->raw_key)
			assert_true(pqm_eq(f->der[0], pqm_buf_bytes(&s.cert)));
		assert_string_equal(f->alpn, "h2");
		assert_int_equal(f->ee_groups != NULL, w->sends_groups);
		if (w->sends_groups)
			assert_true(f->ee_groups->n == 2 && f->ee_groups->code[0] == HYBRID);
		assert_int_equal(f->wants_client_cert, w->asks_client_cert);
		assert_int_equal(f->client_schemes != NULL, w->asks_client_cert);
		assert_false(f->is_finished);
		client_fini(&c);
		server_fini(&s);
	}
}

static void a_hello_is_enough_for_the_goal_hello(void **state)
{
	struct probe_tls_spec spec = spec_of(PROBE_HELLO);
	struct server s;
	struct client c;

	(void)state;
	server_init(&s);
	talk(&c, &s, &spec, &(struct ways){ 0 });
	assert_end(&c, PROBE_GOAL, "server hello", "");
	assert_true(flight(&c)->group == X25519 && !flight(&c)->has_ee);
	assert_null(flight(&c)->arena.head);
	client_fini(&c);
	server_fini(&s);
	/* No share at all: the retry names the group. */
	spec.n_share_groups = 0;
	server_init(&s);
	talk(&c, &s, &spec, &(struct ways){ .hrr_group = HYBRID, .hrr_suite = 0x1302 });
	assert_end(&c, PROBE_GOAL, "hello retry request", "");
	assert_true(flight(&c)->is_hrr && flight(&c)->hrr_group == HYBRID);
	assert_int_equal(flight(&c)->suite, 0x1302);
	assert_int_equal(c.out.n, 0);
	client_fini(&c);
	server_fini(&s);
	/* A share without a private half cannot be followed further. */
	spec = spec_of(PROBE_FLIGHT);
	spec.fake_share = true;
	spec.share_group[0] = HYBRID;
	server_init(&s);
	assert_true(client_start(&c, &spec));
	struct pqm_buf hello, msg;

	pqm_buf_init(&hello, 8192);
	pqm_buf_init(&msg, 8192);
	server_reads_hello(&s, unrecord(&hello, pqm_buf_bytes(&c.out)));
	assert_true(s.share_group == HYBRID && s.share.n == 1216);
	hello_message(&s, &msg, &(struct ways){ .group = HYBRID }, false);
	in_clear(&s, 22, pqm_buf_bytes(&msg));
	client_feed(&c, pqm_buf_bytes(&s.out));
	assert_end(&c, PROBE_GOAL, "server hello", "");
	pqm_buf_fini(&hello);
	pqm_buf_fini(&msg);
	client_fini(&c);
	server_fini(&s);
}

static const struct {
	struct ways ways;
	enum probe_end end;
	const char *how, *words;
} wrong[] = {
	{ { .suite = 0x1304 }, PROBE_GARBAGE, "garbage", "suite 0x1304, not offered" },
	{ { .suite = 0xc02b }, PROBE_GARBAGE, "garbage", "version 0x0304 with suite 0xc02b" },
	{ { .version = 0x0305 }, PROBE_GARBAGE, "garbage", "version 0x0305, not offered" },
	{ { .version = 0x0301 }, PROBE_GARBAGE, "garbage", "version 0x0301, not offered" },
	{ { .group = P256 }, PROBE_GARBAGE, "garbage", "group 0x0017, for which no share" },
	{ { .no_share = true }, PROBE_GARBAGE, "garbage", "without key share" },
	{ { .bad_share = true }, PROBE_GARBAGE, "garbage", "bad share of 32 bytes" },
	{ { .bad_session_id = true }, PROBE_GARBAGE, "garbage", "echo the session id" },
	{ { .compression = true }, PROBE_GARBAGE, "garbage", "compression 1" },
	{ { .has_psk = true }, PROBE_GARBAGE, "garbage", "PSK 0, not offered" },
	{ { .hrr_group = 0x0018 }, PROBE_GARBAGE, "garbage", "group 0x0018, not offered" },
	{ { .hrr_group = X25519 }, PROBE_GARBAGE, "garbage", "whose share was sent" },
	{ { .hrr_group = P256, .bad_session_id = true }, PROBE_GARBAGE, "garbage",
		"HelloRetryRequest does not echo" },
	{ { .hrr_group = P256, .hrr_twice = 1, .group = P256 }, PROBE_GARBAGE, "garbage",
		"second HelloRetryRequest" },
	{ { .hrr_group = P256, .group = X25519 }, PROBE_GARBAGE, "garbage",
		"group 0x001d, for which no share" },
	{ { .hrr_group = P256, .group = P256, .hrr_suite = 0x1303 }, PROBE_GARBAGE, "garbage",
		"suite 0x1301 after a retry for 0x1303" },
	{ { .cookie = 5000 }, PROBE_BUDGET, "budget", "cookie of 5000 bytes" },
	{ { .bad_tag = true }, PROBE_GARBAGE, "garbage", "does not decrypt" },
	{ { .skip_ee = true }, PROBE_GARBAGE, "garbage", "message 11 out of place" },
	{ { .twice_ee = true }, PROBE_GARBAGE, "garbage", "message 8 out of place" },
	{ { .skip_verify = true }, PROBE_GARBAGE, "garbage", "message 20 out of place" },
	{ { .scheme = 0x0503 }, PROBE_GARBAGE, "garbage", "scheme 0x0503, not offered" },
	{ { .takes_early_data = true }, PROBE_GARBAGE, "garbage", "early data, not offered" },
	{ { .compresses = true }, PROBE_GARBAGE, "garbage", "CompressedCertificate, not offered" },
	{ { .crosses_keys = true }, PROBE_GARBAGE, "garbage", "across a change of keys" },
	{ { .bad_finished = true }, PROBE_GARBAGE, "garbage", "Finished does not verify" },
};

static void what_a_server_may_not_do_is_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct probe_tls_spec spec = spec_of(PROBE_SESSION);
		struct server s;
		struct client c;

		server_init(&s);
		talk(&c, &s, &spec, &wrong[i].ways);
		assert_end(&c, wrong[i].end, wrong[i].how, wrong[i].words);
		/* What was no answer must not be read as one. */
		if (wrong[i].ways.hrr_group == 0x0018 || wrong[i].ways.version != 0)
			assert_false(flight(&c)->has_hello || flight(&c)->is_hrr);
		if (wrong[i].ways.hrr_group == 0x0018)
			assert_int_equal(flight(&c)->hrr_group, 0);
		client_fini(&c);
		server_fini(&s);
	}
}

static void a_wrong_signature_is_a_fact_not_an_end(void **state)
{
	struct probe_tls_spec spec = spec_of(PROBE_FLIGHT);
	struct server s;
	struct client c;

	(void)state;
	server_init(&s);
	talk(&c, &s, &spec, &(struct ways){ .bad_signature = true });
	assert_end(&c, PROBE_GOAL, "certificate verify", "");
	assert_int_equal(flight(&c)->proven, PQM_A_NO);
	client_fini(&c);
	server_fini(&s);
	spec.hello.compress_cert = true;
	server_init(&s);
	talk(&c, &s, &spec, &(struct ways){ .compresses = true });
	assert_end(&c, PROBE_GOAL, "certificate verify", "");
	assert_true(flight(&c)->has_compressed_cert && flight(&c)->compression == 1);
	assert_int_equal(flight(&c)->proven, PQM_A_UNKNOWN);
	client_fini(&c);
	server_fini(&s);
}

/* ---- session ---- */

/* Reads what the client sent under its handshake keys; then both have application keys. */
static void server_reads_finished(struct server *s, struct client *c, bool wants_cert)
{
	static const uint8_t no_cert[] = { 11, 0, 0, 4, 0, 0, 0, 0 };
	pqm_bytes in = pqm_buf_bytes(&c->out);
	struct pqm_tls_record r;
	uint8_t plain[1024], want[48], type = 0;
	size_t n = 0, size = pc_hash_bytes(s->hash), skip = wants_cert ? sizeof(no_cert) : 0;
	bool more = false;

	do {
		assert_int_equal(pqm_tls_record_next(&r, &more, &in, NULL), PQM_OK);
		assert_false(more);
	} while (r.type == 20);
	assert_int_equal(in.n, 0);
	assert_true(
		pc_record_open(&s->rx, (pqm_bytes){ r.body.p - 5, 5 }, r.body, plain, &n, &type));
	assert_int_equal(n, skip + 4 + size);
	if (wants_cert) {
		assert_memory_equal(plain, no_cert, sizeof(no_cert));
		pc_transcript_add(s->t, (pqm_bytes){ no_cert, sizeof(no_cert) });
	}
	finished_data(s, s->c_hs, want);
	assert_memory_equal(plain + skip + 4, want, size);
	pc_transcript_add(s->t, (pqm_bytes){ plain + skip, 4 + size });
	derive(s, s->res, s->master, "res master");
	assert_true(pc_traffic_keys(&s->tx, s->hash, s->aead, (pqm_bytes){ s->s_ap, size }));
	assert_true(pc_traffic_keys(&s->rx, s->hash, s->aead, (pqm_bytes){ s->c_ap, size }));
	c->out.n = 0;
}

static void send_ticket(struct server *s)
{
	struct pqm_buf m;

	pqm_buf_init(&m, 256);
	message(&m, 4, PQM_LIT("\0\0\x1c\x20\1\2\3\4\2\7\7\0\6ticket\0\x08\0\x2a\0\4\0\0\x40\0"));
	assert_true(pc_record_seal(&s->tx, 22, pqm_buf_bytes(&m), &s->out));
	pqm_buf_fini(&m);
}

static void a_session_stands_whatever_comes_behind_it(void **state)
{
	struct probe_tls_spec spec = spec_of(PROBE_SESSION);
	struct ways w = { .suite = 0x1301 };
	struct server s;
	struct client c;

	(void)state;
	server_init(&s);
	talk(&c, &s, &spec, &w);
	server_reads_finished(&s, &c, false);
	s.out.n = 0;
	/* KeyUpdate, then a record under keys that we do not follow [RFC8446 §4.6.3]. */
	assert_true(pc_record_seal(&s.tx, 22, PQM_LIT("\x18\0\0\1\0"), &s.out));
	s.tx.key[0] ^= 1;
	assert_true(pc_record_seal(&s.tx, 23, PQM_LIT("220 hello"), &s.out));
	client_feed(&c, pqm_buf_bytes(&s.out));
	assert_int_equal(c.want, PROBE_DONE);
	assert_end(&c, PROBE_GOAL, "session", "");
	assert_true(flight(&c)->is_finished);
	client_fini(&c);
	server_fini(&s);
}

static void a_session_takes_tickets_and_says_goodbye(void **state)
{
	(void)state;
	for (int cert = 0; cert < 2; cert++) {
		struct probe_tls_spec spec = spec_of(PROBE_SESSION);
		struct ways w = { .suite = 0x1302, .asks_client_cert = cert != 0 };
		uint8_t psk[48], plain[64], type = 0;
		struct server s;
		struct client c;
		size_t n = 0;

		server_init(&s);
		talk(&c, &s, &spec, &w);
		assert_int_equal(c.want, PROBE_READ);
		assert_true(flight(&c)->is_finished);
		assert_int_equal(probe_tls_machine.wait_ms(c.self), 150);
		server_reads_finished(&s, &c, cert != 0);
		s.out.n = 0;
		send_ticket(&s);
		send_ticket(&s);
		assert_true(pc_record_seal(&s.tx, 23, PQM_LIT("220 hello"), &s.out));
		client_feed(&c, pqm_buf_bytes(&s.out));
		assert_int_equal(c.want, PROBE_READ);
		const struct probe_flight *f = flight(&c);

		assert_int_equal(f->n_tickets, 2);
		assert_int_equal(f->ticket_lifetime_s, 7200);
		assert_int_equal(f->ticket_age_add, 0x01020304);
		assert_int_equal(f->max_early_data, 0x4000);
		assert_bytes(f->ticket, "ticket");
		assert_int_equal(f->hash, PC_SHA384);
		assert_true(pc_expand_label(PC_SHA384, psk, 48, (pqm_bytes){ s.res, 48 }, false,
			"resumption", PQM_LIT("\7\7")));
		assert_int_equal(f->psk.n, 48);
		assert_memory_equal(f->psk.p, psk, 48);
		assert_int_equal(probe_tls_machine.wait_ms(c.self), 10);
		assert_int_equal(probe_tls_machine.timer(c.self, &c.out), PROBE_DONE);
		assert_end(&c, PROBE_GOAL, "session", "");
		assert_true(pc_record_open(&s.rx, (pqm_bytes){ c.out.p, 5 },
			(pqm_bytes){ c.out.p + 5, c.out.n - 5 }, plain, &n, &type));
		assert_true(type == 21 && n == 2 && plain[0] == 1 && plain[1] == 0);
		client_fini(&c);
		server_fini(&s);
	}
}

static void a_ticket_resumes_with_both_modes(void **state)
{
	static const uint8_t secret[32] = { 5, 4, 3 };

	(void)state;
	for (int ke = 0; ke < 2; ke++)
		for (int early = 0; early < 2; early++) {
			struct probe_tls_spec spec = spec_of(PROBE_SESSION);
			struct ways w = {
				.has_psk = true, .no_share = ke != 0, .takes_early_data = early != 0
			};
			struct server s;
			struct client c;

			spec.psk_ticket = PQM_LIT("ticket");
			spec.psk_secret = (pqm_bytes){ secret, 32 };
			spec.psk_hash = PC_SHA256;
			spec.hello.psk_modes_ke = ke != 0;
			spec.hello.psk_modes_dhe = ke == 0;
			spec.hello.early_data = early != 0;
			server_init(&s);
			s.psk = (pqm_bytes){ secret, 32 };
			talk(&c, &s, &spec, &w);
			assert_true(flight(&c)->is_finished && flight(&c)->psk_accepted);
			assert_int_equal(flight(&c)->early_data_ok, early);
			assert_int_equal(flight(&c)->n_der, 0);
			assert_int_equal(c.want, early ? PROBE_DONE : PROBE_READ);
			client_fini(&c);
			server_fini(&s);
			/* The mode that was not offered. */
			w = (struct ways){ .has_psk = true, .no_share = ke == 0 };
			server_init(&s);
			s.psk = (pqm_bytes){ secret, 32 };
			talk(&c, &s, &spec, &w);
			assert_int_equal(flight(&c)->end, PROBE_GARBAGE);
			client_fini(&c);
			server_fini(&s);
		}
}

/* The binder goes over the hello without binders, under the key of the PSK [RFC8446 §4.2.11.2]. */
static void the_binder_is_that_of_the_standard(void **state)
{
	static const uint8_t secret[48] = { 1, 2 };
	struct probe_tls_spec spec = spec_of(PROBE_FLIGHT);
	uint8_t early[48], key[48], fin[48], empty[48], hash[48], want[48];
	const pqm_bytes none = { NULL, 0 };
	struct pqm_buf hello;
	struct client c;

	(void)state;
	spec.psk_ticket = PQM_LIT("ticket");
	spec.psk_secret = (pqm_bytes){ secret, 48 };
	spec.psk_hash = PC_SHA384;
	spec.hello.psk_modes_dhe = true;
	assert_true(client_start(&c, &spec));
	pqm_buf_init(&hello, 8192);
	pqm_bytes h = unrecord(&hello, pqm_buf_bytes(&c.out));

	pc_digest(PC_SHA384, empty, none);
	assert_true(pc_hkdf_extract(PC_SHA384, early, none, spec.psk_secret));
	assert_true(pc_expand_label(PC_SHA384, key, 48, (pqm_bytes){ early, 48 }, false,
		"res binder", (pqm_bytes){ empty, 48 }));
	assert_true(pc_expand_label(
		PC_SHA384, fin, 48, (pqm_bytes){ key, 48 }, false, "finished", none));
	pc_digest(PC_SHA384, hash, pqm_sub(h, 0, h.n - 51));
	assert_true(pc_hmac(PC_SHA384, want, (pqm_bytes){ fin, 48 }, (pqm_bytes){ hash, 48 }));
	assert_memory_equal(h.p + h.n - 48, want, 48);
	pqm_buf_fini(&hello);
	client_fini(&c);
}

/* ---- TLS 1.2 and before ---- */

struct old_ways {
	uint16_t version, suite; /* 0: 0x0303, 0xc02b */
	const char *ske; /* hex of the parameters; NULL: none; "sign" is appended when signed */
	bool is_signed, bad_signature, no_cert, asks_client_cert, status, echo, downgrade;
	bool twice_cert, done_first;
};

static void old_ske(struct server *s, struct pqm_buf *msgs, const struct old_ways *w)
{
	uint16_t version = w->version != 0 ? w->version : 0x0303;
	static const uint8_t p[128] = { 0xc1, [127] = 1 };
	struct pqm_buf b, content;
	uint8_t sig[128];

	pqm_buf_init(&b, 4096);
	pqm_buf_init(&content, 4096);
	if (strcmp(w->ske, "ec") == 0) {
		put(&b, PQM_LIT("\3\0\x17\4abcd"));
	} else if (strcmp(w->ske, "curve") == 0) {
		put(&b, PQM_LIT("\3\0\x16\4abcd"));
	} else if (strcmp(w->ske, "hint") == 0) {
		put(&b, PQM_LIT("\0\4hint"));
	} else { /* dh, rsa */
		put16(&b, 128);
		put(&b, (pqm_bytes){ p, 128 });
		put(&b, PQM_LIT("\0\1\2"));
		if (strcmp(w->ske, "dh") == 0)
			put(&b, PQM_LIT("\0\1\5"));
	}
	if (w->is_signed) {
		uint8_t server_random[32] = { 9 };

		if (w->downgrade)
			memcpy(server_random + 24, "DOWNGRD\1", 8);
		put(&content, (pqm_bytes){ s->random, 32 });
		put(&content, (pqm_bytes){ server_random, 32 });
		put(&content, pqm_buf_bytes(&b));
		size_t n;

		if (version == 0x0303) {
			n = sign(s, pqm_buf_bytes(&content), sig, sizeof(sig));
			put16(&b, 0x0403);
		} else {
			EVP_MD_CTX *c = EVP_MD_CTX_new();

			n = sizeof(sig);
			assert_int_equal(
				EVP_DigestSignInit_ex(c, NULL, "SHA1", NULL, NULL, s->key, NULL),
				1);
			assert_int_equal(EVP_DigestSign(c, sig, &n, content.p, content.n), 1);
			EVP_MD_CTX_free(c);
		}
		if (w->bad_signature)
			sig[n - 1] ^= 1;
		put16(&b, n);
		put(&b, (pqm_bytes){ sig, n });
	}
	message(msgs, 12, pqm_buf_bytes(&b));
	pqm_buf_fini(&content);
	pqm_buf_fini(&b);
}

static void old_answers(struct server *s, pqm_bytes client_out, const struct old_ways *w)
{
	struct pqm_buf msgs, hello, b;
	uint8_t random[32] = { 9 };
	pqm_bytes der = pqm_buf_bytes(&s->cert);

	pqm_buf_init(&hello, 8192);
	pqm_buf_init(&msgs, 8192);
	pqm_buf_init(&b, 8192);
	server_reads_hello(s, unrecord(&hello, client_out));
	if (w->downgrade)
		memcpy(random + 24, "DOWNGRD\1", 8);
	put16(&b, w->version != 0 ? w->version : 0x0303);
	put(&b, (pqm_bytes){ random, 32 });
	assert_true(pqm_buf_byte(&b, w->echo ? (uint8_t)s->session_id_n : 0));
	if (w->echo)
		put(&b, (pqm_bytes){ s->session_id, s->session_id_n });
	put16(&b, w->suite != 0 ? w->suite : 0xc02b);
	put(&b, PQM_LIT("\0"));
	put16(&b, 9);
	put(&b, PQM_LIT("\xff\1\0\1\0\0\x17\0\0"));
	message(&msgs, 2, pqm_buf_bytes(&b));
	b.n = 0;
	put(&b, PQM_LIT("\0"));
	put16(&b, der.n + 3);
	put(&b, PQM_LIT("\0"));
	put16(&b, der.n);
	put(&b, der);
	if (w->done_first)
		message(&msgs, 14, (pqm_bytes){ NULL, 0 });
	if (!w->no_cert)
		message(&msgs, 11, pqm_buf_bytes(&b));
	if (w->twice_cert)
		message(&msgs, 11, pqm_buf_bytes(&b));
	if (w->status)
		message(&msgs, 22, PQM_LIT("\1\0\0\1x"));
	if (w->ske != NULL)
		old_ske(s, &msgs, w);
	if (w->asks_client_cert)
		message(&msgs, 13, PQM_LIT("\1\1\0\2\4\3\0\0"));
	message(&msgs, 14, (pqm_bytes){ NULL, 0 });
	in_clear(s, 22, pqm_buf_bytes(&msgs));
	pqm_buf_fini(&b);
	pqm_buf_fini(&msgs);
	pqm_buf_fini(&hello);
}

static void old_talk(struct client *c, struct server *s, const struct probe_tls_spec *spec,
	const struct old_ways *w)
{
	assert_true(client_start(c, spec));
	old_answers(s, pqm_buf_bytes(&c->out), w);
	client_feed(c, pqm_buf_bytes(&s->out));
}

static void the_clear_flight_of_tls_12_is_read_for_any_goal(void **state)
{
	(void)state;
	for (int goal = PROBE_HELLO; goal <= PROBE_SESSION; goal++) {
		struct probe_tls_spec spec = spec_of((enum probe_goal)goal);
		struct old_ways w = { .ske = "ec",
			.is_signed = true,
			.asks_client_cert = true,
			.status = true,
			.downgrade = true };
		struct server s;
		struct client c;

		server_init(&s);
		old_talk(&c, &s, &spec, &w);
		assert_end(&c, PROBE_GOAL, "server hello done", "");
		const struct probe_flight *f = flight(&c);

		assert_true(f->version == 0x0303 && f->suite == 0xc02b && f->ec_group == P256);
		assert_true(f->has_ske && f->scheme == 0x0403 && f->proven == PQM_A_YES);
		assert_true(f->n_der == 1 && pqm_eq(f->der[0], pqm_buf_bytes(&s.cert)));
		assert_true(f->wants_client_cert && f->client_schemes->code[0] == 0x0403);
		assert_true(f->renegotiation && f->ems && f->has_downgrade_marker);
		client_fini(&c);
		server_fini(&s);
	}
}

static void key_exchanges_of_tls_12_are_read_by_suite(void **state)
{
	static const struct {
		struct old_ways ways;
		uint32_t dh_bits;
		enum pqm_answer proven;
		bool is_export;
	} t[] = {
		{ { .suite = 0x009e, .ske = "dh", .is_signed = true }, 1024, PQM_A_YES, false },
		{ { .suite = 0x009e, .ske = "dh", .is_signed = true, .bad_signature = true }, 1024,
			PQM_A_NO, false },
		{ { .suite = 0x009c }, 0, PQM_A_UNKNOWN, false },
		{ { .suite = 0xc018, .ske = "ec", .no_cert = true }, 0, PQM_A_UNKNOWN, false },
		{ { .suite = 0x0003, .ske = "rsa", .is_signed = true }, 1024, PQM_A_YES, true },
		{ { .suite = 0x002c, .ske = "hint", .no_cert = true }, 0, PQM_A_UNKNOWN, false },
		{ { .version = 0x0301, .ske = "ec", .is_signed = true }, 0, PQM_A_YES, false },
		{ { .version = 0x0302, .suite = 0x009e, .ske = "dh", .is_signed = true }, 1024,
			PQM_A_YES, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		static const uint16_t all[] = { 0x0304, 0x0303, 0x0302, 0x0301 };
		struct probe_tls_spec spec = spec_of(PROBE_FLIGHT);
		struct server s;
		struct client c;

		spec.hello.versions = all;
		spec.hello.n_versions = 4;
		server_init(&s);
		old_talk(&c, &s, &spec, &t[i].ways);
		assert_end(&c, PROBE_GOAL, "server hello done", "");
		assert_int_equal(flight(&c)->dh_bits, t[i].dh_bits);
		assert_int_equal(flight(&c)->proven, t[i].proven);
		assert_int_equal(flight(&c)->is_export_rsa, t[i].is_export);
		assert_int_equal(flight(&c)->dh_p.n, t[i].dh_bits / 8);
		client_fini(&c);
		server_fini(&s);
	}
}

/* Supported_versions says nothing to it: it goes by the legacy version. */
static void an_old_server_may_go_below_the_list(void **state)
{
	static const struct old_ways w = { .version = 0x0301, .ske = "ec", .is_signed = true };

	(void)state;
	for (int only_13 = 0; only_13 < 2; only_13++) {
		struct probe_tls_spec spec = spec_of(PROBE_FLIGHT);
		struct server s;
		struct client c;

		spec.hello.n_versions = only_13 != 0 ? 1 : 2;
		server_init(&s);
		old_talk(&c, &s, &spec, &w);
		if (only_13 != 0)
			assert_end(&c, PROBE_GARBAGE, "garbage", "version 0x0301, not offered");
		else
			assert_end(&c, PROBE_GOAL, "server hello done", "");
		assert_int_equal(flight(&c)->version, 0x0301);
		assert_int_equal(flight(&c)->has_hello, only_13 == 0);
		client_fini(&c);
		server_fini(&s);
	}
}

static void what_an_old_server_may_not_do_is_told(void **state)
{
	static const struct {
		struct old_ways ways;
		const char *words;
	} t[] = {
		{ { .version = 0x02ff, .ske = "ec", .is_signed = true }, "version 02ff" },
		{ { .suite = 0xc030, .ske = "ec", .is_signed = true }, "suite 0xc030" },
		{ { .suite = 0x1301 }, "version 0x0303 with suite 0x1301" },
		{ { .ske = "curve", .is_signed = true }, "curve 0x0016, not offered" },
		{ { .suite = 0x009c, .ske = "ec", .is_signed = true },
			"ServerKeyExchange with suite" },
		{ { .suite = 0x009e }, "without ServerKeyExchange" },
		{ { .ske = "ec", .is_signed = true, .no_cert = true }, "without Certificate" },
		{ { .ske = "ec", .is_signed = true, .twice_cert = true }, "11 out of place" },
		{ { .ske = "ec", .is_signed = true, .echo = true }, "resumes a session" },
		{ { .ske = "ec" }, "ServerKeyExchange" },
		{ { .done_first = true }, "ServerHelloDone without" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct probe_tls_spec spec = spec_of(PROBE_FLIGHT);
		struct server s;
		struct client c;

		server_init(&s);
		old_talk(&c, &s, &spec, &t[i].ways);
		assert_end(&c, PROBE_GARBAGE, "garbage", t[i].words);
		client_fini(&c);
		server_fini(&s);
	}
}

/* ---- records, alerts, budgets ---- */

static void feed_many(struct client *c, pqm_bytes record, size_t n)
{
	for (size_t i = 0; i < n; i++)
		client_feed(c, record);
}

/* With its length: some hold zeros. */
#define OCTETS(s) "" s "", sizeof(s) - 1

static void alerts_and_strange_records_end_as_the_study_says(void **state)
{
	static const struct {
		const char *record;
		size_t n;
		size_t times;
		enum probe_end end;
		const char *how, *words;
		int alert;
	} t[] = {
		{ OCTETS("\x15\3\3\0\2\2\x28"), 1, PROBE_ALERT, "alert", "", 40 },
		{ OCTETS("\x15\3\1\0\2\2\x46"), 1, PROBE_ALERT, "alert", "", 70 },
		{ OCTETS("\x15\3\3\0\2\1\0"), 1, PROBE_CLOSED, "closed", "", 0 },
		{ OCTETS("\x15\3\3\0\2\1\x5a"), 5, PROBE_BUDGET, "budget", "warning alerts", -1 },
		{ OCTETS("\x15\3\3\0\2\1\x70"), 4, PROBE_RUNNING, NULL, "", -1 },
		{ OCTETS("\x15\3\1\0\4\1\x5a\2\x28"), 1, PROBE_ALERT, "alert", "", 40 },
		{ OCTETS("\x15\3\3\0\3\1\x70\0"), 1, PROBE_GARBAGE, "garbage", "alert", -1 },
		{ OCTETS("\x14\3\3\0\1\1"), 2, PROBE_RUNNING, NULL, "", -1 },
		{ OCTETS("\x14\3\3\0\1\1"), 3, PROBE_BUDGET, "budget", "change_cipher_spec", -1 },
		{ OCTETS("\x14\3\3\0\1\2"), 1, PROBE_GARBAGE, "garbage", "that is none", -1 },
		{ OCTETS("\x16\3\3\0\0"), 16, PROBE_RUNNING, NULL, "", -1 },
		{ OCTETS("\x16\3\3\0\0"), 17, PROBE_BUDGET, "budget", "empty records", -1 },
		{ OCTETS("\x17\3\3\0\1x"), 1, PROBE_GARBAGE, "garbage", "application data", -1 },
		{ OCTETS("\x16\3\3\xff\xff"), 1, PROBE_GARBAGE, "garbage", "65535", -1 },
		{ OCTETS("\x16\3\3\0\4\x0b\xff\xff\xff"), 1, PROBE_BUDGET, "budget", "limit", -1 },
		{ OCTETS("\x16\3\3\0\4\x0b\0\0\0"), 1, PROBE_GARBAGE, "garbage", "11 out of", -1 },
		{ OCTETS("\x16\3\3\0\4\2\0\0\0"), 1, PROBE_GARBAGE, "garbage", "ServerHello", -1 },
		{ OCTETS("\x16\3\3\0\4\0\0\0\0"), 4096, PROBE_RUNNING, NULL, "", -1 },
		{ OCTETS("\x16\3\3\0\4\0\0\0\0"), 4097, PROBE_BUDGET, "budget", "records", -1 },
		{ OCTETS("HTTP/1.1 400 Bad Request\r\n"), 1, PROBE_GARBAGE, "garbage", "HTTP", -1 },
		{ OCTETS("SSH-2.0-OpenSSH_9.2\r\n"), 1, PROBE_GARBAGE, "garbage", "SSH", -1 },
		{ OCTETS("\x80\x0e\4\0\0\0\2\0\0\0\0\0\0xxxx"), 1, PROBE_GARBAGE, "garbage",
			"SSL 2.0", -1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct probe_tls_spec spec = spec_of(PROBE_FLIGHT);
		struct client c;

		assert_true(client_start(&c, &spec));
		feed_many(&c, (pqm_bytes){ (const uint8_t *)t[i].record, t[i].n }, t[i].times);
		if (t[i].end == PROBE_RUNNING)
			assert_int_equal(flight(&c)->end, PROBE_RUNNING);
		else
			assert_end(&c, t[i].end, t[i].how, t[i].words);
		assert_int_equal(flight(&c)->has_alert, t[i].alert >= 0);
		if (t[i].alert >= 0)
			assert_int_equal(flight(&c)->alert, t[i].alert);
		assert_int_equal(flight(&c)->has_name_warning, i == 4);
		client_fini(&c);
	}
}

static void the_end_of_a_connection_is_told_apart(void **state)
{
	static const struct {
		enum probe_end why;
		const char *how;
	} t[] = {
		{ PROBE_TIMEOUT, "timeout" },
		{ PROBE_RESET, "reset" },
		{ PROBE_CLOSED, "closed" },
		{ PROBE_UNREACHABLE, "unreachable" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct probe_tls_spec spec = spec_of(PROBE_FLIGHT);
		struct client c;

		assert_true(client_start(&c, &spec));
		probe_tls_machine.end(c.self, t[i].why, "words");
		assert_end(&c, t[i].why, t[i].how, "words");
		probe_tls_machine.end(c.self, PROBE_GARBAGE, "later");
		assert_end(&c, t[i].why, t[i].how, "words");
		client_fini(&c);
	}
}

/* Application data under good keys, without end. */
static void bytes_without_end_are_cut(void **state)
{
	struct probe_tls_spec spec = spec_of(PROBE_SESSION);
	static const uint8_t zeros[16000];
	struct server s;
	struct client c;
	size_t fed = 0;

	(void)state;
	server_init(&s);
	talk(&c, &s, &spec, &(struct ways){ 0 });
	server_reads_finished(&s, &c, false);
	while (c.want == PROBE_READ && fed < (size_t)1 << 20) {
		s.out.n = 0;
		assert_true(pc_record_seal(&s.tx, 23, (pqm_bytes){ zeros, sizeof(zeros) }, &s.out));
		fed += s.out.n;
		client_feed(&c, pqm_buf_bytes(&s.out));
	}
	assert_int_equal(flight(&c)->end, PROBE_BUDGET);
	assert_true(fed < PQM_PROBE_CONN_BYTES + 20000);
	client_fini(&c);
	server_fini(&s);
}

static void a_hello_can_be_split_in_time_and_in_records(void **state)
{
	struct probe_tls_spec spec = spec_of(PROBE_HELLO);
	struct pqm_buf whole, parts;
	struct client c;

	(void)state;
	memset(spec.hello.random, 3, 32);
	spec.hello.session_id = PQM_LIT("0123456789abcdef");
	assert_true(client_start(&c, &spec));
	pqm_buf_init(&whole, 8192);
	put(&whole, pqm_buf_bytes(&c.out));
	client_fini(&c);
	spec.first_segment = 30;
	assert_true(client_start(&c, &spec));
	assert_int_equal(c.out.n, 30);
	assert_int_equal(probe_tls_machine.wait_ms(c.self), 50);
	assert_int_equal(probe_tls_machine.timer(c.self, &c.out), PROBE_READ);
	assert_true(pqm_eq(pqm_buf_bytes(&c.out), pqm_buf_bytes(&whole)));
	assert_int_equal(probe_tls_machine.wait_ms(c.self), 0);
	client_fini(&c);
	spec.first_segment = 0;
	spec.fragment = 50;
	assert_true(client_start(&c, &spec));
	pqm_buf_init(&parts, 8192);
	pqm_bytes msg = unrecord(&parts, pqm_buf_bytes(&c.out));

	assert_true(pqm_eq(msg, pqm_sub(pqm_buf_bytes(&whole), 5, whole.n)));
	assert_int_equal(c.out.p[4], 50);
	client_fini(&c);
	pqm_buf_fini(&whole);
	pqm_buf_fini(&parts);
}

static void ssl_2_answers_are_read(void **state)
{
	static const uint32_t kinds[] = { 0x010080, 0x0700c0 };
	struct probe_tls_spec spec = { .is_ssl2 = true, .ssl2_kinds = kinds, .n_ssl2_kinds = 2 };
	struct client c;

	(void)state;
	assert_true(client_start(&c, &spec));
	assert_true(c.out.n > 10 && (c.out.p[0] & 0x80) != 0 && c.out.p[2] == 1);
	client_feed(&c, PQM_LIT("\x80\x13\4\0\1\0\2\0\4\0\3\0\1certABCx"));
	assert_end(&c, PROBE_GOAL, "server hello", "");
	assert_int_equal(flight(&c)->version, PQM_SSL20);
	assert_int_equal(flight(&c)->n_ssl2_kinds, 1);
	assert_int_equal(flight(&c)->ssl2_kinds[0], 0x414243);
	assert_true(flight(&c)->n_der == 1 && flight(&c)->der[0].n == 4);
	client_fini(&c);
	assert_true(client_start(&c, &spec));
	client_feed(&c, PQM_LIT("\x80\3\0\0\1\0"));
	assert_end(&c, PROBE_ALERT, "SSL 2.0 error", "");
	client_fini(&c);
	assert_true(client_start(&c, &spec));
	client_feed(&c, PQM_LIT("\x15\3\1\0\2\2\x46"));
	assert_end(&c, PROBE_ALERT, "alert", "");
	client_fini(&c);
	assert_true(client_start(&c, &spec));
	client_feed(&c, PQM_LIT("\x16\3\1\0\1\2"));
	assert_end(&c, PROBE_GARBAGE, "garbage", "in answer to SSL 2.0");
	client_fini(&c);
}

/* ---- pieces ---- */

static bool same_flight(const struct probe_flight *a, const struct probe_flight *b)
{
	return a->end == b->end && a->version == b->version && a->suite == b->suite &&
		a->group == b->group && a->scheme == b->scheme && a->proven == b->proven &&
		a->n_der == b->n_der && (a->n_der == 0 || pqm_eq(a->der[0], b->der[0])) &&
		a->wants_client_cert == b->wants_client_cert && a->ec_group == b->ec_group &&
		strcmp(a->how, b->how) == 0 && strcmp(a->alpn, b->alpn) == 0;
}

/* A flight of its own, with everything in it: 1.3 or 1.2. */
static void recorded(struct client *c, struct server *s, const struct probe_tls_spec *spec, int old)
{
	assert_true(client_start(c, spec));
	if (old)
		old_answers(s, pqm_buf_bytes(&c->out),
			&(struct old_ways){ .ske = "ec", .is_signed = true });
	else
		server_answers(s, pqm_buf_bytes(&c->out),
			&(struct ways){ .asks_client_cert = true, .sends_groups = true }, 0);
}

static void single_bytes_give_the_same_flight(void **state)
{
	(void)state;
	for (int old = 0; old < 2; old++) {
		struct probe_tls_spec spec = spec_of(PROBE_FLIGHT);
		struct server s;
		struct client a, b;

		memset(spec.hello.random, 3, 32); /* the same hello twice */
		spec.hello.session_id = PQM_LIT("0123456789abcdef");
		server_init(&s);
		recorded(&a, &s, &spec, old);
		client_feed(&a, pqm_buf_bytes(&s.out));
		assert_int_equal(flight(&a)->end, PROBE_GOAL);
		assert_true(client_start(&b, &spec));
		for (size_t i = 0; i < s.out.n; i++)
			client_feed(&b, pqm_sub(pqm_buf_bytes(&s.out), i, 1));
		assert_true(same_flight(flight(&a), flight(&b)));
		client_fini(&a);
		client_fini(&b);
		server_fini(&s);
	}
}

static void every_truncation_ends_cleanly(void **state)
{
	(void)state;
	for (int old = 0; old < 2; old++) {
		struct probe_tls_spec spec = spec_of(PROBE_FLIGHT);
		struct server s;
		struct client c;

		memset(spec.hello.random, 3, 32);
		spec.hello.session_id = PQM_LIT("0123456789abcdef");
		server_init(&s);
		recorded(&c, &s, &spec, old);
		client_fini(&c);
		/* Finished comes after the goal. */
		size_t last = old ? s.out.n : s.out.n - 58;

		for (size_t cut = 0; cut<last; cut += cut> 300 ? 7 : 1) {
			assert_true(client_start(&c, &spec));
			client_feed(&c, pqm_sub(pqm_buf_bytes(&s.out), 0, cut));
			assert_int_equal(c.want, PROBE_READ);
			probe_tls_machine.end(c.self, PROBE_CLOSED, NULL);
			assert_end(&c, PROBE_CLOSED, "closed", "");
			client_fini(&c);
		}
		server_fini(&s);
	}
}

/* One byte changed anywhere: never a proven chain that differs, never a crash. */
static void changed_bytes_never_prove_another_chain(void **state)
{
	(void)state;
	for (int old = 0; old < 2; old++) {
		struct probe_tls_spec spec = spec_of(PROBE_FLIGHT);
		struct server s;
		struct client c;

		memset(spec.hello.random, 3, 32);
		spec.hello.session_id = PQM_LIT("0123456789abcdef");
		server_init(&s);
		recorded(&c, &s, &spec, old);
		client_fini(&c);
		for (size_t i = 0; i < s.out.n; i++) {
			s.out.p[i] ^= 0x21;
			assert_true(client_start(&c, &spec));
			client_feed(&c, pqm_buf_bytes(&s.out));
			probe_tls_machine.end(c.self, PROBE_CLOSED, NULL);
			const struct probe_flight *f = flight(&c);

			if (f->proven == PQM_A_YES && !old)
				assert_true(
					f->n_der == 1 && pqm_eq(f->der[0], pqm_buf_bytes(&s.cert)));
			client_fini(&c);
			s.out.p[i] ^= 0x21;
		}
		server_fini(&s);
	}
}

static void without_memory_it_ends_and_nothing_leaks(void **state)
{
	struct probe_tls_spec spec = spec_of(PROBE_FLIGHT);
	struct server s;
	struct client c;

	(void)state;
	memset(spec.hello.random, 3, 32);
	spec.hello.session_id = PQM_LIT("0123456789abcdef");
	server_init(&s);
	recorded(&c, &s, &spec, 0);
	client_fini(&c);
	bool done = false;

	for (size_t i = 1; i < 200 && !done; i++) {
		pqm_alloc_fail_at(i);
		pqm_buf_init(&c.held, (size_t)1 << 20);
		pqm_buf_init(&c.out, (size_t)1 << 20);
		c.self = probe_tls_new(&spec, keys);
		if (c.self != NULL) {
			size_t used = 0;

			c.want = probe_tls_machine.start(c.self, &c.out);
			if (c.want == PROBE_READ)
				c.want = probe_tls_machine.input(
					c.self, pqm_buf_bytes(&s.out), &used, &c.out);
		}
		pqm_alloc_fail_at(0);
		if (c.self != NULL) {
			enum probe_end end = flight(&c)->end;

			assert_true(end == PROBE_LOCAL || end == PROBE_GOAL);
			done = end == PROBE_GOAL;
		}
		client_fini(&c);
	}
	assert_true(done);
	server_fini(&s);
}

static int set_up(void **state)
{
	(void)state;
	keys = pc_keys_new();
	return keys == NULL;
}

static int tear_down(void **state)
{
	(void)state;
	pc_keys_free(keys);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_flight_is_read_and_proven),
		cmocka_unit_test(a_hello_is_enough_for_the_goal_hello),
		cmocka_unit_test(what_a_server_may_not_do_is_told),
		cmocka_unit_test(a_wrong_signature_is_a_fact_not_an_end),
		cmocka_unit_test(a_session_stands_whatever_comes_behind_it),
		cmocka_unit_test(a_session_takes_tickets_and_says_goodbye),
		cmocka_unit_test(a_ticket_resumes_with_both_modes),
		cmocka_unit_test(the_binder_is_that_of_the_standard),
		cmocka_unit_test(the_clear_flight_of_tls_12_is_read_for_any_goal),
		cmocka_unit_test(key_exchanges_of_tls_12_are_read_by_suite),
		cmocka_unit_test(an_old_server_may_go_below_the_list),
		cmocka_unit_test(what_an_old_server_may_not_do_is_told),
		cmocka_unit_test(alerts_and_strange_records_end_as_the_study_says),
		cmocka_unit_test(the_end_of_a_connection_is_told_apart),
		cmocka_unit_test(bytes_without_end_are_cut),
		cmocka_unit_test(a_hello_can_be_split_in_time_and_in_records),
		cmocka_unit_test(ssl_2_answers_are_read),
		cmocka_unit_test(single_bytes_give_the_same_flight),
		cmocka_unit_test(every_truncation_ends_cleanly),
		cmocka_unit_test(changed_bytes_never_prove_another_chain),
		cmocka_unit_test(without_memory_it_ends_and_nothing_leaks),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
