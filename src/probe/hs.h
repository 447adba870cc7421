/*
 * hs.h — inside the handshake: what handshake.c, hs_hello.c, hs_keys.c and tls12.c share.
 *
 * Shape:     one object from the first ClientHello to the last message; small until the server answers.
 * Ownership: probe_hs_free releases everything but the flight, which is the machine's.
 * Errors:    a bad message ends the flight (PROBE_GARBAGE with words); nothing is returned by status.
 * Threads:   one thread.
 * Standard:  RFC 8446 §4 and §7.1, RFC 5246 §7.4, RFC 9147 §5.
 */
#ifndef PQM_PROBE_HS_H
#define PQM_PROBE_HS_H

#include "probe/int.h"

/* A ClientHello: every list of the study with a cookie and two shares stays under a quarter of it. */
#define PROBE_HELLO_MAX ((size_t)64 << 10)

enum hs_step {
	HS_HELLO,
	HS_EE,
	HS_REQUEST, /* CertificateRequest or Certificate */
	HS_CERT,
	HS_VERIFY,
	HS_FINISHED,
	HS_AFTER, /* tickets */
	HS_OLD,	  /* TLS 1.2 and before: tls12.c */
	HS_END,
};

/* Secrets of TLS 1.3; made when the ServerHello came. */
struct hs_secrets {
	enum pc_hash hash;
	enum pc_aead aead;
	uint8_t hs[PC_HASH_MAX], c_hs[PC_HASH_MAX], s_hs[PC_HASH_MAX];
	uint8_t master[PC_HASH_MAX], c_ap[PC_HASH_MAX], s_ap[PC_HASH_MAX];
	uint8_t resumption[PC_HASH_MAX];
};

/* TLS 1.2 and before. */
struct hs_old {
	uint8_t server_random[32];
	uint16_t flags; /* PQM_C_* of the suite; 0: not known */
	uint8_t last;	/* place of the last message in the order of RFC 5246 §7.3 */
	bool has_cert;
};

struct probe_hs {
	struct probe_flight *f;
	struct pc_keys *keys;
	struct probe_tls_spec spec; /* lists and texts stand behind this object */
	enum hs_step step;
	bool is_13, is_dtls, knows_13;
	bool has_retried; /* a HelloRetryRequest was answered */
	bool has_verified_cookie;
	uint16_t retry_suite;
	struct pqm_buf cookie, dtls_cookie;
	/* The suite chooses the hash; until then both run. Neither is there when the hello is all that
	 * is wanted. */
	struct pc_transcript *t[2]; /* PC_SHA256, PC_SHA384 */
	struct hs_secrets *s;
	struct hs_old *old;
};

/* hs_hello.c */
bool hs_has_code(const uint16_t *codes, size_t n, uint16_t code);
/* As a TLS version: 0x0303 for DTLS 1.2. */
uint16_t hs_plain_version(uint16_t wire);

/* hs_keys.c; all false only when libcrypto fails. */
bool hs_transcript_start(struct probe_hs *h);
void hs_transcript_add(struct probe_hs *h, pqm_bytes raw);
/* Keeps the transcript of the suite's hash. */
void hs_transcript_choose(struct probe_hs *h, enum pc_hash hash);
/* ClientHello1 becomes message_hash [RFC8446 §4.4.1]. */
bool hs_transcript_retry(struct probe_hs *h, enum pc_hash hash);
void hs_transcript_end(struct probe_hs *h);
bool hs_schedule(struct probe_hs *h, pqm_bytes shared, pqm_bytes psk);
bool hs_schedule_app(struct probe_hs *h);
/* The verify_data of a Finished under this traffic secret, over the transcript so far. */
bool hs_verify_data(struct probe_hs *h, const uint8_t *secret, uint8_t *out);
bool hs_resumption(struct probe_hs *h);
bool hs_ticket_psk(struct probe_hs *h, pqm_bytes nonce, uint8_t *out);
/* Fills the binder at the end of the hello in its TLS form [RFC8446 §4.2.11.2]. */
bool hs_binder(struct probe_hs *h, uint8_t *hello, size_t n);

/* handshake.c: how it ends. */
enum probe_hs_do hs_goal(struct probe_hs *h, const char *how);
enum probe_hs_do hs_bad(struct probe_hs *h, const char *fmt, ...) PQM_PRINTF(2, 3);
enum probe_hs_do hs_err(struct probe_hs *h, const struct pqm_err *err);
enum probe_hs_do hs_no_memory(struct probe_hs *h);
struct pqm_arena *hs_arena(struct probe_hs *h); /* the flight's; made when first asked for */
/* Copies into it. */
bool hs_keep_certs(struct probe_hs *h, const struct pqm_tls_certs *c);
bool hs_keep_codes(
	struct probe_hs *h, const struct pqm_tls_codes **out, const struct pqm_tls_codes *in);
/* Proves the leaf: content signed by its key. */
void hs_prove(struct probe_hs *h, uint16_t scheme, pqm_bytes content, pqm_bytes sig);

/* tls12.c */
/* PQM_C_* of a suite of the spec; 0: the caller gave none. */
uint16_t hs_suite_flags(const struct probe_tls_spec *s, uint16_t suite);
enum probe_hs_do hs_old_hello(struct probe_hs *h, const struct pqm_tls_server_hello *sh);
enum probe_hs_do hs_old_message(struct probe_hs *h, uint8_t type, pqm_bytes body);

#endif
