/*
 * quic_peer.h — a QUIC server in the same process, for tests: it answers as it is told to.
 *
 * Made of the prober's own pieces (whose bytes are checked against the standards elsewhere), with the
 * other side's keys. TLS 1.3 with X25519 and TLS_AES_128_GCM_SHA256; certificates and signature are
 * bytes without meaning.
 */
#ifndef PQM_TESTS_QUIC_PEER_H
#define PQM_TESTS_QUIC_PEER_H

#include "unit.h"

#include "base/limits.h"
#include "probe/int.h"
#include "probe/quic_conn.h"

#define PEER_SCID PQM_LIT("server-1")

struct quic_peer {
	uint32_t version;
	struct pc_keys *keys;
	struct probe_quic_keys rx[QUIC_LEVELS], tx[QUIC_LEVELS];
	uint64_t next[QUIC_LEVELS];    /* numbers of our packets */
	uint64_t largest[QUIC_LEVELS]; /* seen of the client */
	bool any_seen[QUIC_LEVELS];
	uint8_t scid[20], client_cid[20];
	size_t scid_n, client_cid_n;
	struct probe_quic_stream in[QUIC_LEVELS];
	struct pqm_buf token;		      /* of the last Initial */
	struct pqm_buf hello, hello2;	      /* the client's, raw */
	struct pqm_buf initial, flight, data; /* our CRYPTO streams */
	uint8_t hs[32], s_hs[32], c_hs[32], want_finished[32];
	struct pc_transcript *transcript;
	/* What the client did: */
	size_t n_datagrams, n_packets[QUIC_LEVELS], n_acks[QUIC_LEVELS], n_pings[QUIC_LEVELS];
	bool is_closed;
	uint64_t close_error;
	enum quic_level close_level;
	struct pqm_quic_frame last_ack[QUIC_LEVELS];
	uint8_t ack_room[QUIC_LEVELS][64];
};

static inline void peer_init(struct quic_peer *p, uint32_t version)
{
	*p = (struct quic_peer){ .version = version, .scid_n = PEER_SCID.n };
	memcpy(p->scid, PEER_SCID.p, PEER_SCID.n);
	p->keys = pc_keys_new();
	assert_non_null(p->keys);
	for (int i = 0; i < QUIC_LEVELS; i++)
		probe_quic_stream_init(&p->in[i]);
	pqm_buf_init(&p->token, 2000);
	pqm_buf_init(&p->hello, 20000);
	pqm_buf_init(&p->hello2, 20000);
	pqm_buf_init(&p->initial, 20000);
	pqm_buf_init(&p->flight, 300000);
	pqm_buf_init(&p->data, 20000);
}

static inline void peer_fini(struct quic_peer *p)
{
	pc_keys_free(p->keys);
	pc_transcript_free(p->transcript);
	for (int i = 0; i < QUIC_LEVELS; i++)
		probe_quic_stream_fini(&p->in[i]);
	pqm_buf_fini(&p->token);
	pqm_buf_fini(&p->hello);
	pqm_buf_fini(&p->hello2);
	pqm_buf_fini(&p->initial);
	pqm_buf_fini(&p->flight);
	pqm_buf_fini(&p->data);
}

/* ---- what the client sends ---- */

static inline void peer_frames(struct quic_peer *p, enum quic_level level, pqm_bytes payload)
{
	struct pqm_cur c = pqm_cur_of(payload);
	struct pqm_quic_frame f;
	pqm_bytes body, raw;
	uint8_t type;

	while (pqm_cur_left(&c) > 0) {
		assert_int_equal(pqm_quic_frame(&f, &c, level == QUIC_LEVEL_DATA, NULL), PQM_OK);
		if (f.type == PQM_QF_PING)
			p->n_pings[level]++;
		if (f.type == PQM_QF_CLOSE) {
			p->is_closed = true;
			p->close_error = f.error;
			p->close_level = level;
		}
		if (f.type == PQM_QF_ACK) {
			p->n_acks[level]++;
			p->last_ack[level] = f;
			assert_true(f.ranges.n <= sizeof(p->ack_room[level]));
			memcpy(p->ack_room[level], f.ranges.p, f.ranges.n);
			p->last_ack[level].ranges.p = p->ack_room[level];
		}
		if (f.type == PQM_QF_CRYPTO)
			assert_int_equal(
				probe_quic_stream_add(&p->in[level], f.offset, f.data, NULL),
				PQM_OK);
	}
	while (level == QUIC_LEVEL_INITIAL &&
		pqm_tls_joiner_next(&p->in[level].joiner, &type, &body, &raw)) {
		assert_int_equal(type, PQM_HS_CLIENT_HELLO);
		assert_true(pqm_buf_add(p->hello.n == 0 ? &p->hello : &p->hello2, raw));
	}
}

static inline void peer_packet(struct quic_peer *p, struct pqm_quic_packet *k)
{
	enum quic_level level = k->kind == PQM_QUIC_INITIAL ? QUIC_LEVEL_INITIAL
		: k->kind == PQM_QUIC_SHORT		    ? QUIC_LEVEL_DATA
							    : QUIC_LEVEL_HANDSHAKE;
	uint8_t room[1500];
	struct probe_quic_opened o = {
		.number = p->largest[level], .any_seen = p->any_seen[level], .payload = room
	};

	if (level == QUIC_LEVEL_DATA) {
		assert_memory_equal(k->whole.p + 1, p->scid, p->scid_n);
		k->number_at = 1 + p->scid_n;
	} else {
		assert_true(k->kind == PQM_QUIC_INITIAL || k->kind == PQM_QUIC_HANDSHAKE);
		assert_int_equal(k->version, p->version);
	}
	if (k->kind == PQM_QUIC_INITIAL && !p->rx[0].is_ready)
		assert_true(probe_quic_initial_keys(&p->rx[0], &p->tx[0], p->version, k->dcid));
	if (level != QUIC_LEVEL_DATA) {
		memcpy(p->client_cid, k->scid.p, k->scid.n);
		p->client_cid_n = k->scid.n;
	}
	p->token.n = 0;
	assert_true(pqm_buf_add(&p->token, k->token));
	assert_true(probe_quic_open(&o, &p->rx[level], k));
	/* Numbers are used once [RFC9000 §12.3]. */
	assert_true(!p->any_seen[level] || o.number > p->largest[level]);
	p->largest[level] = o.number;
	p->any_seen[level] = true;
	p->n_packets[level]++;
	peer_frames(p, level, (pqm_bytes){ o.payload, o.n });
}

/* Reads the datagrams that the machine put into out, and empties it. */
static inline void peer_read(struct quic_peer *p, struct pqm_buf *out)
{
	struct pqm_cur c = pqm_cur_of(pqm_buf_bytes(out));
	pqm_bytes datagram;

	assert_false(out->failed);
	while (pqm_cur_left(&c) > 0) {
		struct pqm_quic_packet k;

		assert_true(pqm_cur_vec16(&c, &datagram));
		p->n_datagrams++;
		for (bool has_initial = false; datagram.n > 0;) {
			size_t whole = datagram.n;

			assert_int_equal(pqm_quic_packet(&k, &datagram, NULL), PQM_OK);
			if (k.kind == PQM_QUIC_INITIAL && !has_initial)
				assert_int_equal(whole, 1200);
			has_initial = true;
			peer_packet(p, &k);
		}
	}
	out->n = 0;
}

/* ---- what the server says ---- */

static inline void peer_message(struct pqm_buf *out, uint8_t type, pqm_bytes body)
{
	assert_true(pqm_buf_byte(out, type) && pqm_buf_byte(out, (uint8_t)(body.n >> 16)) &&
		pqm_buf_byte(out, (uint8_t)(body.n >> 8)) && pqm_buf_byte(out, (uint8_t)body.n) &&
		pqm_buf_add(out, body));
}

#define PEER_HRR_RANDOM                                                                            \
	"\xcf\x21\xad\x74\xe5\x9a\x61\x11\xbe\x1d\x8c\x02\x1e\x65\xb8\x91"                         \
	"\xc2\xa2\x11\x16\x7a\xbb\x8c\x5e\x07\x9e\x09\xe2\xc8\xa8\x33\x9c"

/* A HelloRetryRequest for this group, appended to the Initial stream. */
static inline void peer_hrr(struct quic_peer *p, uint16_t group)
{
	struct pqm_buf b;

	pqm_buf_init(&b, 200);
	assert_true(pqm_buf_add(&b,
			    PQM_LIT("\x03\x03" PEER_HRR_RANDOM "\x00\x13\x01\x00\x00\x0c"
				    "\x00\x2b\x00\x02\x03\x04\x00\x33\x00\x02")) &&
		pqm_buf_byte(&b, (uint8_t)(group >> 8)) && pqm_buf_byte(&b, (uint8_t)group));
	peer_message(&p->initial, PQM_HS_SERVER_HELLO, pqm_buf_bytes(&b));
	pqm_buf_fini(&b);
}

static inline void peer_secret(struct quic_peer *p, const uint8_t *hs, const char *label,
	struct probe_quic_keys *out, uint8_t secret[32])
{
	uint8_t hash[32];

	pc_transcript_now(p->transcript, hash);
	assert_true(pc_expand_label(PC_SHA256, secret, 32, (pqm_bytes){ hs, 32 }, false, label,
		(pqm_bytes){ hash, 32 }));
	assert_true(probe_quic_keys(
		out, p->version, PC_SHA256, PC_AES128_GCM, (pqm_bytes){ secret, 32 }));
}

static inline void peer_keys(struct quic_peer *p, pqm_bytes client_share)
{
	uint8_t zero[32] = { 0 }, prk[32], derived[32], empty[32], shared[PC_SHARED_MAX];
	size_t n = 0;

	assert_true(pc_shared(p->keys, 0x001d, client_share, shared, &n));
	pc_digest(PC_SHA256, empty, (pqm_bytes){ NULL, 0 });
	assert_true(
		pc_hkdf_extract(PC_SHA256, prk, (pqm_bytes){ zero, 32 }, (pqm_bytes){ zero, 32 }));
	assert_true(pc_expand_label(PC_SHA256, derived, 32, (pqm_bytes){ prk, 32 }, false,
		"derived", (pqm_bytes){ empty, 32 }));
	assert_true(pc_hkdf_extract(
		PC_SHA256, prk, (pqm_bytes){ derived, 32 }, (pqm_bytes){ shared, n }));
	memcpy(p->hs, prk, 32);
	peer_secret(p, prk, "c hs traffic", &p->rx[1], p->c_hs);
	peer_secret(p, prk, "s hs traffic", &p->tx[1], p->s_hs);
}

/* The verify_data of whoever has this secret, over the transcript as it is now [RFC8446 §4.4.4]. */
static inline void peer_verify_data(struct quic_peer *p, const uint8_t secret[32], uint8_t out[32])
{
	uint8_t key[32], hash[32];

	pc_transcript_now(p->transcript, hash);
	assert_true(pc_expand_label(PC_SHA256, key, 32, (pqm_bytes){ secret, 32 }, false,
			    "finished", (pqm_bytes){ NULL, 0 }) &&
		pc_hkdf_extract(PC_SHA256, out, (pqm_bytes){ key, 32 }, (pqm_bytes){ hash, 32 }));
}

/* Our Finished behind the flight, and the keys of 1-RTT; what the client's Finished must be. */
static inline void peer_finish(struct quic_peer *p)
{
	uint8_t zero[32] = { 0 }, derived[32], empty[32], master[32], mine[32], unused[32];
	size_t from = p->flight.n;

	pc_transcript_add(p->transcript, pqm_buf_bytes(&p->flight));
	peer_verify_data(p, p->s_hs, mine);
	peer_message(&p->flight, PQM_HS_FINISHED, (pqm_bytes){ mine, 32 });
	pc_transcript_add(p->transcript, pqm_sub(pqm_buf_bytes(&p->flight), from, SIZE_MAX));
	pc_digest(PC_SHA256, empty, (pqm_bytes){ NULL, 0 });
	assert_true(pc_expand_label(PC_SHA256, derived, 32, (pqm_bytes){ p->hs, 32 }, false,
			    "derived", (pqm_bytes){ empty, 32 }) &&
		pc_hkdf_extract(
			PC_SHA256, master, (pqm_bytes){ derived, 32 }, (pqm_bytes){ zero, 32 }));
	peer_secret(p, master, "c ap traffic", &p->rx[QUIC_LEVEL_DATA], unused);
	peer_secret(p, master, "s ap traffic", &p->tx[QUIC_LEVEL_DATA], unused);
	peer_verify_data(p, p->c_hs, p->want_finished);
}

/* Did the client's Finished come, and is it right? */
static inline bool peer_has_finished(struct quic_peer *p)
{
	pqm_bytes body, raw;
	uint8_t type;

	return pqm_tls_joiner_next(&p->in[QUIC_LEVEL_HANDSHAKE].joiner, &type, &body, &raw) &&
		type == PQM_HS_FINISHED && pqm_eq(body, (pqm_bytes){ p->want_finished, 32 });
}

/* A NewSessionTicket of 2 h into the 1-RTT stream. */
static inline void peer_ticket(struct quic_peer *p)
{
	peer_message(&p->data, PQM_HS_TICKET,
		PQM_LIT("\x00\x00\x1c\x20\x01\x02\x03\x04\x01\x00\x00\x06ticket\x00\x00"));
}

/* ServerHello into the Initial stream; EncryptedExtensions, Certificate (two of `cert_bytes`) and
 * CertificateVerify into the Handshake stream. `hello` is the client's to answer. */
static inline void peer_flight(struct quic_peer *p, const struct pqm_buf *hello, size_t cert_bytes)
{
	static const uint8_t versions_param[] = { 0x00, 0x39, 0x00, 0x0e, 0x11, 0x0c, 0x00, 0x00,
		0x00, 0x01, 0x00, 0x00, 0x00, 0x01, 0x6b, 0x33, 0x43, 0xcf };
	pqm_bytes ch = pqm_buf_bytes(hello), share;
	size_t at = pqm_find(ch, 0, PQM_LIT("\x00\x1d\x00\x20")), from = p->initial.n;
	struct pqm_buf b;

	assert_true(at != SIZE_MAX);
	share = pqm_sub(ch, at + 4, 32);
	pqm_buf_init(&b, 200000);
	assert_true(pqm_buf_add(&b,
			    PQM_LIT("\x03\x03"
				    "random random random random rand"
				    "\x00\x13\x01\x00\x00\x2e\x00\x2b\x00\x02\x03\x04\x00"
				    "\x33\x00\x24\x00\x1d\x00\x20")) &&
		pc_share(p->keys, 0x001d, &b));
	peer_message(&p->initial, PQM_HS_SERVER_HELLO, pqm_buf_bytes(&b));
	if (p->transcript == NULL)
		p->transcript = pc_transcript_new(PC_SHA256);
	pc_transcript_add(p->transcript, ch);
	pc_transcript_add(p->transcript, pqm_sub(pqm_buf_bytes(&p->initial), from, SIZE_MAX));
	peer_keys(p, share);

	b.n = 0;
	assert_true(pqm_buf_byte(&b, 0) && pqm_buf_byte(&b, sizeof(versions_param)) &&
		pqm_buf_add(&b, (pqm_bytes){ versions_param, sizeof(versions_param) }));
	peer_message(&p->flight, PQM_HS_EE, pqm_buf_bytes(&b));
	b.n = 0;
	size_t list = 2 * (3 + cert_bytes + 2);

	assert_true(pqm_buf_byte(&b, 0) && pqm_buf_byte(&b, (uint8_t)(list >> 16)) &&
		pqm_buf_byte(&b, (uint8_t)(list >> 8)) && pqm_buf_byte(&b, (uint8_t)list));
	for (int i = 0; i < 2; i++) {
		assert_true(pqm_buf_byte(&b, (uint8_t)(cert_bytes >> 16)) &&
			pqm_buf_byte(&b, (uint8_t)(cert_bytes >> 8)) &&
			pqm_buf_byte(&b, (uint8_t)cert_bytes));
		for (size_t k = 0; k < cert_bytes; k++)
			assert_true(pqm_buf_byte(&b, (uint8_t)(k * 7 + (size_t)i)));
		assert_true(pqm_buf_byte(&b, 0) && pqm_buf_byte(&b, 0));
	}
	peer_message(&p->flight, PQM_HS_CERTIFICATE, pqm_buf_bytes(&b));
	peer_message(&p->flight, PQM_HS_CERT_VERIFY,
		PQM_LIT("\x04\x03\x00\x04"
			"sign"));
	pqm_buf_fini(&b);
}

/* ---- what the server sends ---- */

/* Appends one packet with this payload to a datagram. */
static inline void peer_send(
	struct quic_peer *p, struct pqm_buf *datagram, enum quic_level level, pqm_bytes payload)
{
	static const enum pqm_quic_kind kind[] = { PQM_QUIC_INITIAL, PQM_QUIC_HANDSHAKE,
		PQM_QUIC_SHORT };
	struct pqm_quic_packet head = {
		.kind = kind[level],
		.version = p->version,
		.dcid = { p->client_cid, p->client_cid_n },
		.scid = { p->scid, p->scid_n },
	};

	assert_true(probe_quic_seal(datagram, &p->tx[level], &head, p->next[level]++, 2, payload));
}

/* Appends a packet with bytes from..from+n of the level's CRYPTO stream. */
static inline void peer_crypto(
	struct quic_peer *p, struct pqm_buf *datagram, enum quic_level level, size_t from, size_t n)
{
	struct pqm_buf *const streams[] = { &p->initial, &p->flight, &p->data };
	pqm_bytes stream = pqm_buf_bytes(streams[level]);
	struct pqm_buf payload;

	pqm_buf_init(&payload, 70000);
	assert_true(pqm_quic_crypto_put(&payload, from, pqm_sub(stream, from, n)));
	peer_send(p, datagram, level, pqm_buf_bytes(&payload));
	pqm_buf_fini(&payload);
}

#endif
