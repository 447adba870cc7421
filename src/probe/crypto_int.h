/*
 * crypto_int.h — libcrypto's half of crypto.h, as the rest of crypto_*.c sees it.
 *
 * Shape:     key agreement and signatures of classical algorithms on octets.
 * Ownership: a pair belongs to its maker.
 * Errors:    false or NULL; libcrypto's error queue is left empty.
 * Threads:   one thread: contexts and templates are kept from call to call.
 */
#ifndef PQM_PROBE_CRYPTO_INT_H
#define PQM_PROBE_CRYPTO_INT_H

#include "probe/crypto.h"

enum pc_curve {
	PC_X25519,
	PC_X448,
	PC_P256,
	PC_P384,
	PC_P521,
	PC_BP256,
	PC_BP384,
	PC_BP512,
	PC_SM2,
	PC_FF2048,
	PC_FF3072,
	PC_FF4096,
	PC_FF6144,
	PC_FF8192,
	PC_CURVES /* none */
};

/* Bytes of a share: points uncompressed, DH values as long as p [RFC8446 §4.2.8.1]. */
size_t pc_curve_bytes(enum pc_curve c);

struct pc_pair;
struct pc_pair *pc_pair_new(enum pc_curve c);
void pc_pair_free(struct pc_pair *p); /* may be NULL */
pqm_bytes pc_pair_public(const struct pc_pair *p);
/* Checks the peer's value: length, form, on the curve, no zero result. */
bool pc_pair_derive(struct pc_pair *p, pqm_bytes peer, uint8_t *out, size_t *n);

enum pc_key_kind { PC_KEY_RSA, PC_KEY_RSA_PSS, PC_KEY_EC, PC_KEY_DSA, PC_KEY_ED };

struct pc_check {
	enum pc_key_kind key;
	const char *hash; /* libcrypto's name; NULL: the scheme has its own */
	bool is_pss;
};

/* 1 verifies, 0 does not, -1 the key is of no use. curve and point are read from the SPKI by the caller:
 * curve is libcrypto's name of an EC group, "ED25519" or "ED448": a text that stays. */
int pc_check_rsa(
	pqm_bytes n, pqm_bytes e, const struct pc_check *how, pqm_bytes content, pqm_bytes sig);
int pc_check_point(const char *curve, pqm_bytes point, const struct pc_check *how,
	pqm_bytes content, pqm_bytes sig);
/* Any other key, decoded by libcrypto: DSA and RSA-PSS with its parameters. */
int pc_check_spki(pqm_bytes spki, const struct pc_check *how, pqm_bytes content, pqm_bytes sig);

#endif
