/*
 * lc.h — the classical half, by libcrypto: curves, AES-GCM, HKDF, SHA-2, scrypt.
 *
 * Shape:     one-call functions on octets. Only lc_*.c include OpenSSL headers, so that programs that
 *            use post-quantum parts alone link without libcrypto.
 * Secrets:   libcrypto's own objects that held one are freed before return. It clears most of what it
 *            frees, not all: OpenSSL 3.0 leaves one copy of a P-256 scalar behind on the heap.
 * Errors:    HYB_E_BAD_KEY for octets that are no key or point of the curve, HYB_E_CRYPTO when
 *            libcrypto fails; outputs are zero then. libcrypto's error queue is left as it was.
 * Threads:   fetched algorithms are cached per process; contexts belong to one thread.
 * Standard:  RFC 7748, SP 800-56A §5.7.1.2, FIPS 186-5, SP 800-38D, RFC 5869, RFC 7914.
 */
#ifndef HYB_LC_H
#define HYB_LC_H

#include "hyb/int.h"

enum lc_curve { LC_X25519, LC_P256, LC_P384, LC_ED25519 };

/* Bytes of a private scalar (or seed), of a public key (points uncompressed), of a shared secret. */
struct lc_sizes {
	size_t priv, pub, ss, sig_max;
};
const struct lc_sizes *lc_sizes(enum lc_curve c);

enum hyb_st lc_public(enum lc_curve c, uint8_t *pub, const uint8_t *priv) HYB_MUST_USE;
/* X25519: the all-zero result is HYB_E_BAD_KEY unless `zero_ok` (X-Wing binds it in its combiner). */
enum hyb_st lc_derive(enum lc_curve c, uint8_t *ss, const uint8_t *priv, const uint8_t *pub,
	bool zero_ok) HYB_MUST_USE;
/* A scalar in [1, n-1]? Always true for X25519 and Ed25519. */
bool lc_scalar_ok(enum lc_curve c, const uint8_t *priv);
/*
 * A private key made ready for many signatures: libcrypto's object, kept in *key. _new gives NULL in
 * *key on error; _free takes NULL. Threads may share it.
 */
struct lc_key;
enum hyb_st lc_key_new(struct lc_key **key, enum lc_curve c, const uint8_t *priv) HYB_MUST_USE;
void lc_key_free(struct lc_key *key);
/*
 * ECDSA in DER with SHA-256 (P-256) or SHA-384 (P-384) over m; Ed25519 over m itself. sig has room
 * for sig_max bytes.
 */
enum hyb_st lc_key_sign(enum lc_curve c, uint8_t *sig, size_t *sig_n, hyb_bytes m,
	const struct lc_key *key) HYB_MUST_USE;
/* The three above in one call. */
enum hyb_st lc_sign(enum lc_curve c, uint8_t *sig, size_t *sig_n, hyb_bytes m,
	const uint8_t *priv) HYB_MUST_USE;
/* Strict DER [RFC3279 §2.2.3]; points and r, s are checked. */
bool lc_verify(enum lc_curve c, hyb_bytes sig, hyb_bytes m, const uint8_t *pub) HYB_MUST_USE;

/* h: SHA2-256, -384 or -512 only. */
enum hyb_st lc_hash(
	enum hyb_hash h, uint8_t *out, const hyb_bytes *parts, size_t n_parts) HYB_MUST_USE;
enum hyb_st lc_hmac(enum hyb_hash h, uint8_t *out, hyb_bytes key, hyb_bytes m) HYB_MUST_USE;
/* HKDF [RFC5869 §2.2]; an empty salt is as many zero bytes as the hash has. */
enum hyb_st lc_hkdf_extract(
	enum hyb_hash h, uint8_t *prk, hyb_bytes salt, hyb_bytes ikm) HYB_MUST_USE;
/* HKDF [RFC5869 §2.3], out_n at most 255 hash lengths. */
enum hyb_st lc_hkdf_expand(
	enum hyb_hash h, uint8_t *out, size_t out_n, hyb_bytes prk, hyb_bytes info) HYB_MUST_USE;

/* Several octet strings, taken as one. */
struct lc_parts {
	const hyb_bytes *p;
	size_t n;
};

/* Extract with an empty salt, then expand: ikm and info are the parts in a row. */
enum hyb_st lc_hkdf_parts(enum hyb_hash h, uint8_t *out, size_t out_n, struct lc_parts ikm,
	struct lc_parts info) HYB_MUST_USE;

/* n a power of two above 1, r * p < 2^30 [RFC7914 §6]; its 128 n r bytes of memory are the caller's to bound. */
struct lc_scrypt_cost {
	uint64_t n;
	uint32_t r, p;
};

enum hyb_st lc_scrypt(uint8_t *out, size_t out_n, hyb_bytes pass, hyb_bytes salt,
	struct lc_scrypt_cost cost) HYB_MUST_USE;

/* AEADs of HPKE: 12-byte nonces, 16-byte tags. */
enum lc_aead { LC_AES_128_GCM, LC_AES_256_GCM, LC_CHACHA20_POLY1305 };

size_t lc_aead_key_bytes(enum lc_aead a);

/*
 * A keyed AEAD for many messages by one thread: libcrypto's context, kept in *ctx. _new gives NULL in
 * *ctx on error; _free takes NULL.
 */
struct lc_aead_ctx;
enum hyb_st lc_aead_new(
	struct lc_aead_ctx **ctx, enum lc_aead a, const uint8_t *key, bool is_seal) HYB_MUST_USE;
void lc_aead_free(struct lc_aead_ctx *ctx);
/* out has pt.n + 16 bytes and may be pt.p itself. */
enum hyb_st lc_aead_seal(struct lc_aead_ctx *ctx, uint8_t *out, const uint8_t nonce[12],
	hyb_bytes aad, hyb_bytes pt) HYB_MUST_USE;
/* out has ct.n - 16 bytes; on HYB_E_OPEN it is zero. */
enum hyb_st lc_aead_open(struct lc_aead_ctx *ctx, uint8_t *out, const uint8_t nonce[12],
	hyb_bytes aad, hyb_bytes ct) HYB_MUST_USE;

/* "OpenSSL 3.0.19 …" of the library that is running. */
const char *lc_version(void);

#endif
