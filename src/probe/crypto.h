/*
 * crypto.h — what a probe needs of cryptography: key shares, key schedules, record protection.
 *
 * Shape:     EVP of libcrypto for classical parts, libhyb for ML-KEM; the only file of this module that
 *            includes OpenSSL headers is crypto.c.
 * Ownership: a key set belongs to the run; contexts to their holders.
 * Errors:    false: the peer's value is bad, or libcrypto failed; outputs are unspecified then.
 * Threads:   one thread.
 * Secrets:   none of ours matter: nothing secret is ever sent, so one key pair a group serves the whole
 *            run (design/tls.md §10). Handshake secrets are wiped all the same.
 * Standard:  RFC 8446 §7, RFC 9001 §5, RFC 9147 §5.9, draft-ietf-tls-ecdhe-mlkem, FIPS 203.
 */
#ifndef PQM_PROBE_CRYPTO_H
#define PQM_PROBE_CRYPTO_H

#include "base/buf.h"

#define PC_HASH_MAX 48
#define PC_SHARED_MAX 1056 /* ffdhe8192 and some */
#define PC_SHARE_MAX 2048  /* p521_mlkem1024 has 1,701 bytes */

enum pc_hash { PC_SHA256, PC_SHA384, PC_SHA1, PC_MD5SHA1 };

enum pc_aead { PC_AES128_GCM, PC_AES256_GCM, PC_CHACHA20, PC_AES128_CCM, PC_AES128_CCM8 };

static inline size_t pc_hash_bytes(enum pc_hash h)
{
	return h == PC_SHA384 ? 48 : h == PC_SHA256 ? 32 : h == PC_SHA1 ? 20 : 36;
}

size_t pc_key_bytes(enum pc_aead a);
size_t pc_tag_bytes(enum pc_aead a);
/* Hash and AEAD of a TLS 1.3 suite; false: not one that we can decrypt. */
bool pc_suite13(uint16_t suite, enum pc_hash *h, enum pc_aead *a);

struct pc_keys;
struct pc_keys *pc_keys_new(void); /* NULL without memory; pairs are made when first asked for */
void pc_keys_free(struct pc_keys *k);
/* Can we finish an exchange with this group? */
bool pc_group_known(uint16_t group);
/* Appends the client's share. */
bool pc_share(struct pc_keys *k, uint16_t group, struct pqm_buf *out);
/* A share that is well-formed but has no private half: random coefficients below q [FIPS203 §7.2] and
 * real classical parts; with `bad` one coefficient is q or more. Groups with ML-KEM or Kyber only. */
bool pc_share_fake(struct pc_keys *k, uint16_t group, bool bad, struct pqm_buf *out);
/* The shared secret with the server's share; false for a bad share. */
bool pc_shared(struct pc_keys *k, uint16_t group, pqm_bytes server_share,
	uint8_t out[PC_SHARED_MAX], size_t *n);

void pc_digest(enum pc_hash h, uint8_t *out, pqm_bytes in);
/* Running transcript hash. */
struct pc_transcript;
struct pc_transcript *pc_transcript_new(enum pc_hash h);
void pc_transcript_free(struct pc_transcript *t);
void pc_transcript_add(struct pc_transcript *t, pqm_bytes in);
struct pc_transcript *pc_transcript_copy(const struct pc_transcript *t); /* NULL without memory */
void pc_transcript_now(const struct pc_transcript *t, uint8_t *out);	 /* goes on afterwards */

bool pc_hmac(enum pc_hash h, uint8_t *out, pqm_bytes key, pqm_bytes in);
bool pc_hkdf_extract(enum pc_hash h, uint8_t *prk, pqm_bytes salt, pqm_bytes ikm);
/* HKDF-Expand-Label with "tls13 " (or "dtls13") in front of label [RFC8446 §7.1, RFC9147 §5.9]. */
bool pc_expand_label(enum pc_hash h, uint8_t *out, size_t n, pqm_bytes secret, bool is_dtls,
	const char *label, pqm_bytes context);

struct pc_traffic { /* one direction */
	enum pc_aead aead;
	uint8_t key[32], iv[12];
	uint64_t seq;
};

/* Traffic keys of a secret, for records of TLS. */
bool pc_traffic_keys(struct pc_traffic *t, enum pc_hash h, enum pc_aead a, pqm_bytes secret);
/* The nonce of one record or packet [RFC8446 §5.3, RFC9001 §5.3]. */
void pc_nonce(uint8_t nonce[12], const uint8_t iv[12], uint64_t seq);
/* One-shot AEAD; tag at the end of the ciphertext. out has room for in.n (+16 when sealing). */
bool pc_open(enum pc_aead a, const uint8_t *key, const uint8_t nonce[12], pqm_bytes ad,
	pqm_bytes in, uint8_t *out);
bool pc_seal(enum pc_aead a, const uint8_t *key, const uint8_t nonce[12], pqm_bytes ad,
	pqm_bytes in, uint8_t *out);
/* Takes padding and type off an opened record [RFC8446 §5.4]; false: there is no type. */
bool pc_inner_type(const uint8_t *plain, size_t *n, uint8_t *type);
/* A TLS 1.3 record: opens body with header as additional data, advances seq, strips padding; the inner
 * type goes to *type [RFC8446 §5.2]. out has room for body.n. */
bool pc_record_open(struct pc_traffic *t, pqm_bytes header, pqm_bytes body, uint8_t *out, size_t *n,
	uint8_t *type);
bool pc_record_seal(struct pc_traffic *t, uint8_t type, pqm_bytes body, struct pqm_buf *out);
/* Header protection mask [RFC9001 §5.4]. */
bool pc_quic_mask(enum pc_aead a, const uint8_t *key, const uint8_t sample[16], uint8_t mask[5]);

/* Does sig over content verify with the key of this certificate? PQM_A_* is the caller's business:
 * 1 yes, 0 no, -1 cannot tell (algorithm that neither libcrypto nor libhyb knows). */
int pc_verify(pqm_bytes cert_der, uint16_t scheme, pqm_bytes content, pqm_bytes sig);
/* The same with a bare SubjectPublicKeyInfo. */
int pc_verify_spki(pqm_bytes spki, uint16_t scheme, pqm_bytes content, pqm_bytes sig);
/* Is there a SubjectPublicKeyInfo, of whatever algorithm, in the certificate (or is it one)? */
bool pc_has_key(pqm_bytes der, bool is_spki);
void pc_random(uint8_t *out, size_t n);

#endif
