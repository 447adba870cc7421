/*
 * key.h — the parts of key files: armour, encryption, and pure keys that came without a seed.
 *
 * Shape:     key.c knows SPKI and PKCS#8; key_pem.c the armour; key_enc.c passphrases; key_fips.c the
 *            expanded private forms of FIPS 203 and 204; key_use.c signs and decapsulates.
 * Ownership: the caller's buffers; whoever owns one that held a private key wipes it.
 * Errors:    as in hyb.h; HYB_E_FORMAT for structure, HYB_E_SUITE for an algorithm that is not ours.
 * Secrets:   base64 is read and written without tables or branches on its characters.
 * Limits:    HYB_KEY_FILE_MAX; scrypt as in key_enc.c.
 * Standard:  RFC 5280 §4.1, 5958, 7468, 8018 §6.2, 7914 §7, 5084; RFC 9881 and its ML-KEM sister for the
 *            private CHOICE; draft-ietf-lamps-pq-composite-sigs.
 */
#ifndef HYB_KEY_H
#define HYB_KEY_H

#include "hyb/int.h"

enum hyb_armour {
	HYB_ARMOUR_DER, /* none: the octets themselves */
	HYB_ARMOUR_PUBLIC,
	HYB_ARMOUR_PRIVATE,
	HYB_ARMOUR_ENCRYPTED,
};

/*
 * Takes the armour off: der has room for HYB_KEY_FILE_MAX bytes. HYB_E_FORMAT for any other label, a
 * line that is not 64 characters (the last: at most 64), or bits that no encoder sets [RFC7468 §3].
 */
enum hyb_st hyb_pem_read(
	uint8_t *der, size_t *der_n, enum hyb_armour *armour, hyb_bytes file) HYB_MUST_USE;
/* Puts armour around der; out has room for HYB_KEY_FILE_MAX bytes. HYB_E_LIMIT: it does not fit. */
enum hyb_st hyb_pem_write(
	uint8_t *out, size_t *n, enum hyb_armour armour, hyb_bytes der) HYB_MUST_USE;

/* An EncryptedPrivateKeyInfo? Looks at its first bytes only. */
bool hyb_key_is_encrypted(hyb_bytes der);
/* Memory in bytes that its scrypt takes, within the limit; the errors of reading its parameters. */
enum hyb_st hyb_key_cost(uint64_t *memory, hyb_bytes der) HYB_MUST_USE;
/* out has room for der.n bytes. HYB_E_PASSPHRASE: the tag does not hold. */
enum hyb_st hyb_key_decrypt(uint8_t *out, size_t *n, hyb_bytes der, hyb_bytes pass) HYB_MUST_USE;
/* out has room for HYB_KEY_FILE_MAX bytes. */
enum hyb_st hyb_key_encrypt(uint8_t *out, size_t *n, hyb_bytes plain, hyb_bytes pass) HYB_MUST_USE;

/* One pure algorithm's FIPS form: what it takes to use a key that has no seed. */
struct hyb_fips_ops {
	size_t seed_bytes, fips_bytes, sig_bytes;
	/* From the seed to the FIPS form. */
	enum hyb_st (*expand)(uint8_t *fips, const uint8_t *seed);
	/* The public key of a FIPS form, which must belong to it. */
	enum hyb_st (*check)(uint8_t *pub, const uint8_t *fips);
	/* KEM. */
	enum hyb_st (*decaps)(uint8_t *ss, const uint8_t *ct, const uint8_t *fips);
	/* Signature: sig has sig_bytes. */
	enum hyb_st (*sign)(uint8_t *sig, hyb_bytes m, hyb_bytes ctx, const uint8_t *fips);
	enum hyb_st (*sign_mu)(uint8_t *sig, const uint8_t mu[64], const uint8_t *fips);
};

/* NULL when the suite is a hybrid: those have one private form. */
const struct hyb_fips_ops *hyb_fips_ops(const struct hyb_public *k);

#endif
