/*
 * tls.h — TLS and DTLS messages: bytes to facts, and hellos to bytes.
 *
 * Shape:     a reader that reassembles handshake messages from records, one parser a message, one
 *            builder of ClientHellos. No I/O, no keys, no names.
 * Units:     sizes in bytes; codes as on the wire.
 * Ownership: parsers borrow from the message; builders append to the caller's buffer.
 * Errors:    PQM_EPARSE with what and where; *out is untouched then.
 * Threads:   values.
 * Limits:    PQM_TLS_* in limits.h: nothing is reserved by a declared length.
 * Standard:  RFC 8446, RFC 5246, RFC 4346, RFC 2246, RFC 6101, SSL 2.0 draft-hickman-netscape-ssl-00,
 *            RFC 6347 (DTLS), RFC 8879 (compression), RFC 7250 (raw public keys).
 */
#ifndef PQM_PARSE_TLS_H
#define PQM_PARSE_TLS_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/cur.h"

#define PQM_TLS13 0x0304
#define PQM_TLS12 0x0303
#define PQM_TLS11 0x0302
#define PQM_TLS10 0x0301
#define PQM_SSL30 0x0300
#define PQM_SSL20 0x0002
#define PQM_DTLS12 0xfefd
#define PQM_DTLS13 0xfefc
#define PQM_DTLS10 0xfeff

enum pqm_tls_record_type {
	PQM_REC_CCS = 20,
	PQM_REC_ALERT = 21,
	PQM_REC_HANDSHAKE = 22,
	PQM_REC_DATA = 23
};

enum pqm_tls_message {
	PQM_HS_CLIENT_HELLO = 1,
	PQM_HS_SERVER_HELLO = 2,
	PQM_HS_HELLO_VERIFY = 3,
	PQM_HS_TICKET = 4,
	PQM_HS_EE = 8,
	PQM_HS_CERTIFICATE = 11,
	PQM_HS_SKE = 12,
	PQM_HS_CERT_REQUEST = 13,
	PQM_HS_DONE = 14,
	PQM_HS_CERT_VERIFY = 15,
	PQM_HS_FINISHED = 20,
	PQM_HS_CERT_STATUS = 22,
	PQM_HS_COMPRESSED = 25,
};

/* ---- hello building ---- */

struct pqm_tls_share {
	uint16_t group;
	pqm_bytes key; /* as it goes into the extension */
};

/* What a ClientHello says. Zero is a hello without extensions. */
struct pqm_tls_client_hello {
	uint16_t legacy_version; /* 0x0303 for 1.3 and 1.2 */
	uint8_t random[32];
	pqm_bytes session_id;
	pqm_bytes dtls_cookie; /* with is_dtls */
	const uint16_t *suites;
	size_t n_suites;
	const uint16_t *versions; /* supported_versions; none: no such extension */
	size_t n_versions;
	const uint16_t *groups;
	size_t n_groups;
	const uint16_t *schemes;
	size_t n_schemes;
	bool has_key_share; /* key_share is sent, even when it is empty [RFC8446 §4.2.8] */
	const struct pqm_tls_share *shares;
	size_t n_shares;
	const char *sni; /* NULL, or an address literal by the caller's choice: none */
	const char *const *alpn;
	size_t n_alpn;
	pqm_bytes cookie;      /* of a HelloRetryRequest */
	pqm_bytes quic_params; /* extension 0x39; NULL p: none */
	pqm_bytes ticket;      /* session_ticket (35) content; p NULL: none; n 0 with p: empty */
	/* One PSK identity; the binder is `binder_bytes` zeros for the caller to fill in: they are the
	 * last bytes of the message. Always the last extension [RFC8446 §4.2.11]. */
	pqm_bytes psk_identity;
	uint32_t psk_age;
	size_t binder_bytes;
	bool psk_modes_ke, psk_modes_dhe; /* 45 */
	bool early_data;
	bool ems, renegotiation, ticket_empty, status_request, sct, heartbeat, scsv_fallback,
		grease;
	bool compress_cert; /* 27: all three algorithms */
	bool raw_public_key;
	bool is_dtls;
	size_t pad_to; /* padding extension up to this size of the whole message [RFC7685] */
};

/* Appends the handshake message (4-byte header; 12 with is_dtls: message_seq 0, one fragment).
 * False, with out as long as before, when out is full or a list does not fit its length field; there
 * must be a suite, session_id has at most 32 bytes, and binder_bytes is 1 to 255 with an identity.
 * Point formats go with groups unless only TLS 1.3 is offered. `grease` puts one value [RFC8701]
 * before suites, groups, versions and extensions, taken from random, so that a second hello repeats
 * it; never into key_share. The part that a PSK binder covers ends 3 + binder_bytes before the end
 * [RFC8446 §4.2.11.2]. */
bool pqm_tls_hello_build(struct pqm_buf *out, const struct pqm_tls_client_hello *h) PQM_MUST_USE;
/* Appends msg as records of at most `fragment` bytes (0 or too many: 16,384). False as above. */
bool pqm_tls_records(struct pqm_buf *out, uint8_t type, uint16_t version, pqm_bytes msg,
	size_t fragment) PQM_MUST_USE;
/* Appends an SSL 2.0 CLIENT-HELLO that offers `kinds` (three bytes each, low 24 bits). */
bool pqm_ssl2_hello_build(struct pqm_buf *out, const uint32_t *kinds, size_t n,
	const uint8_t challenge[16]) PQM_MUST_USE;

/* ---- records ---- */

struct pqm_tls_record {
	uint8_t type;
	uint16_t version;
	pqm_bytes body;
	bool is_ssl2; /* a two-byte header: body is the SSL 2.0 message */
};

/* 2^14 + 256 [RFC8446 §5.2]: of older versions only clear records are read, which are shorter. */
#define PQM_TLS_RECORD_BYTES 16640

/* Takes one record off *in. PQM_OK with *more = true (and *out untouched) when it is not all there
 * yet; PQM_EPARSE when this is no TLS (out of range type, version or length). HTTP, SSH, SMTP and
 * other answers are told by name in err, with their first line made printable. */
enum pqm_st pqm_tls_record_next(
	struct pqm_tls_record *out, bool *more, pqm_bytes *in, struct pqm_err *err) PQM_MUST_USE;

/* Collects handshake bytes over records; grows as they come. */
struct pqm_tls_joiner {
	struct pqm_buf buf;
	size_t at;     /* of the next message */
	size_t walked; /* headers before it are checked */
	size_t max;    /* of one message with its header */
};

/* max_bytes: of one message with its header. Take every message before the next add: what waits is
 * bounded by max_bytes and one record. */
void pqm_tls_joiner_init(struct pqm_tls_joiner *j, size_t max_bytes);
void pqm_tls_joiner_fini(struct pqm_tls_joiner *j);
/* PQM_ELIMIT as soon as a header declares more than max_bytes, with its size in err. */
enum pqm_st pqm_tls_joiner_add(
	struct pqm_tls_joiner *j, pqm_bytes body, struct pqm_err *err) PQM_MUST_USE;
/* The next whole message: type, body without header, and raw with it. False: not there yet. Slices live
 * until the next add. */
bool pqm_tls_joiner_next(struct pqm_tls_joiner *j, uint8_t *type, pqm_bytes *body, pqm_bytes *raw);

/* ---- messages ---- */

#define PQM_TLS_LIST_MAX 128

struct pqm_tls_codes {
	uint16_t code[PQM_TLS_LIST_MAX];
	size_t n;
	bool is_cut; /* the peer sent more */
};

struct pqm_tls_server_hello {
	uint16_t legacy_version, version; /* version: supported_versions, else the legacy one */
	pqm_bytes random, session_id;
	uint16_t suite;
	uint8_t compression;
	bool is_hrr, has_downgrade_marker; /* [RFC8446 §4.1.3] */
	bool has_group;
	uint16_t group; /* of key_share */
	pqm_bytes share, cookie;
	bool has_psk;
	uint16_t psk; /* selected identity */
	/* Extensions of TLS 1.2 and before. */
	bool ems, ticket, renegotiation, heartbeat, status;
	pqm_bytes alpn;
	uint16_t unasked; /* first extension that answers none of ours; 0xffff none */
	size_t n_extensions;
};

/* ServerHello or HelloRetryRequest [RFC8446 §4.1.3, RFC5246 §7.4.1.3]. Duplicate extensions, lengths
 * past the end and more than 64 extensions are refused. */
enum pqm_st pqm_tls_server_hello(
	struct pqm_tls_server_hello *out, pqm_bytes body, struct pqm_err *err) PQM_MUST_USE;

struct pqm_tls_ee {
	struct pqm_tls_codes groups;
	bool has_groups, early_data, sni_ack, client_cert_type, server_cert_type;
	uint8_t server_cert_type_value;
	pqm_bytes alpn, quic_params;
	uint16_t record_size_limit;
};

enum pqm_st pqm_tls_ee(struct pqm_tls_ee *out, pqm_bytes body, struct pqm_err *err) PQM_MUST_USE;

#define PQM_TLS_CERTS_MAX 16

struct pqm_tls_certs {
	pqm_bytes der[PQM_TLS_CERTS_MAX];
	size_t n, n_sent;
	bool is_raw_key; /* the bare SubjectPublicKeyInfo of TLS 1.2 [RFC7250 §3] */
	bool has_ocsp, has_sct;
};

/* is_13: the form with context and extensions [RFC8446 §4.4.2]. */
enum pqm_st pqm_tls_certificate(
	struct pqm_tls_certs *out, pqm_bytes body, bool is_13, struct pqm_err *err) PQM_MUST_USE;

struct pqm_tls_cert_request {
	struct pqm_tls_codes schemes;
	uint8_t types[16];
	size_t n_types;
	size_t n_names;	 /* distinguished names of acceptable CAs */
	pqm_bytes names; /* the vector, for a reader */
	pqm_bytes context;
};

enum pqm_st pqm_tls_cert_request(struct pqm_tls_cert_request *out, pqm_bytes body, uint16_t version,
	struct pqm_err *err) PQM_MUST_USE;

enum pqm_ske_kind {
	PQM_SKE_EC = 1,
	PQM_SKE_DH,
	PQM_SKE_RSA, /* export */
	PQM_SKE_PSK_HINT,
	PQM_SKE_EC_EXPLICIT /* a result only */
};

struct pqm_tls_ske {
	enum pqm_ske_kind kind;
	pqm_bytes hint;	   /* PSK identity hint */
	uint16_t group;	   /* named curve */
	pqm_bytes point;   /* EC */
	pqm_bytes p, g, y; /* DH; RSA: p modulus, g exponent */
	uint32_t bits;	   /* of p, without leading zeros; of the field of an explicit curve */
	bool is_signed;
	uint16_t scheme;	     /* TLS 1.2; 0 before */
	pqm_bytes params, signature; /* params: what is signed after the two randoms */
};

/* kx: PQM_SKE_EC, _DH, _RSA or (with psk: nothing but a hint) _PSK_HINT, by the suite. `psk`: a hint
 * is in front and no signature behind [RFC4279 §3]; `anon`: no signature. */
enum pqm_st pqm_tls_ske(struct pqm_tls_ske *out, pqm_bytes body, uint16_t version, int kx,
	bool anon, bool psk, struct pqm_err *err) PQM_MUST_USE;

struct pqm_tls_ticket {
	uint32_t lifetime_s, age_add, max_early_data;
	bool has_early_data;
	pqm_bytes nonce, ticket;
};

enum pqm_st pqm_tls_ticket(
	struct pqm_tls_ticket *out, pqm_bytes body, bool is_13, struct pqm_err *err) PQM_MUST_USE;
enum pqm_st pqm_tls_cert_verify(
	uint16_t *scheme, pqm_bytes *signature, pqm_bytes body, struct pqm_err *err) PQM_MUST_USE;

struct pqm_ssl2_hello {
	uint16_t version;
	bool has_session;
	pqm_bytes certificate;
	uint32_t kinds[PQM_TLS_LIST_MAX];
	size_t n_kinds;
	bool is_cut; /* the peer sent more */
};

/* SERVER-HELLO with its type byte. An ERROR message is refused with its name in err. */
enum pqm_st pqm_ssl2_server_hello(
	struct pqm_ssl2_hello *out, pqm_bytes body, struct pqm_err *err) PQM_MUST_USE;

#endif
