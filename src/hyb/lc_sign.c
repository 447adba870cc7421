#include "hyb/lc.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdatomic.h>

#define PRIV_MAX 48
#define DIGEST_MAX 48

/* ECDSA hashes here and hands libcrypto the digest; Ed25519 takes the message. */
struct ec_row {
	const char *group;
	enum hyb_hash hash;
	size_t hash_bytes;
};

static const struct ec_row *ec_row(enum lc_curve c)
{
	static const struct ec_row p256 = { "P-256", HYB_SHA2_256, 32 };
	static const struct ec_row p384 = { "P-384", HYB_SHA2_384, 48 };

	return c == LC_P256 ? &p256 : c == LC_P384 ? &p384 : NULL;
}

/* libcrypto reads these only. */
static OSSL_PARAM group_param(const struct ec_row *row, char name[8])
{
	memcpy(name, row->group, strlen(row->group) + 1);
	return OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, name, 0);
}

static EVP_PKEY *ec_from(OSSL_PARAM *params, int selection)
{
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *key = NULL;

	if (c != NULL && EVP_PKEY_fromdata_init(c) > 0 &&
		EVP_PKEY_fromdata(c, &key, selection, params) <= 0)
		key = NULL;
	EVP_PKEY_CTX_free(c);
	return key;
}

static EVP_PKEY *ec_private(const struct ec_row *row, const uint8_t *priv, size_t n)
{
	uint8_t native[PRIV_MAX];
	char name[8];
	BIGNUM *b = BN_bin2bn(priv, (int)n, NULL);
	EVP_PKEY *key = NULL;

	if (b != NULL && BN_bn2nativepad(b, native, (int)n) == (int)n) {
		OSSL_PARAM params[] = {
			group_param(row, name),
			OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_PRIV_KEY, native, n),
			OSSL_PARAM_construct_end(),
		};

		key = ec_from(params, EVP_PKEY_KEYPAIR);
	}
	BN_clear_free(b);
	hyb_wipe(native, sizeof native);
	return key;
}

/* A key of the curve's parameters alone, made once: looking the curve up by name takes 10 µs more. */
static const EVP_PKEY *template_of(const struct ec_row *row)
{
	static EVP_PKEY *_Atomic templates[2];
	EVP_PKEY *_Atomic *at = &templates[row->hash == HYB_SHA2_384];
	EVP_PKEY *key = atomic_load_explicit(at, memory_order_acquire), *none = NULL;
	char name[8];

	if (key != NULL)
		return key;
	OSSL_PARAM params[] = { group_param(row, name), OSSL_PARAM_construct_end() };

	key = ec_from(params, EVP_PKEY_KEY_PARAMETERS);
	if (key != NULL &&
		!atomic_compare_exchange_strong_explicit(
			at, &none, key, memory_order_acq_rel, memory_order_acquire)) {
		EVP_PKEY_free(key);
		key = none;
	}
	return key;
}

/* libcrypto takes without const what it only reads or counts. */
static EVP_PKEY *no_const(const void *key)
{
	EVP_PKEY *k;

	memcpy(&k, &key, sizeof k);
	return k;
}

static EVP_PKEY *ec_public(const struct ec_row *row, const uint8_t *pub, size_t n)
{
	const EVP_PKEY *from = template_of(row);
	EVP_PKEY *key;

	/* 0x04: uncompressed. The equation is checked when the point is read. */
	if (pub[0] != 0x04 || from == NULL)
		return NULL;
	key = EVP_PKEY_dup(no_const(from));
	if (key != NULL && EVP_PKEY_set1_encoded_public_key(key, pub, n) <= 0) {
		EVP_PKEY_free(key);
		key = NULL;
	}
	return key;
}

enum hyb_st lc_key_new(struct lc_key **key, enum lc_curve c, const uint8_t *priv)
{
	const struct ec_row *row = ec_row(c);
	size_t n = lc_sizes(c)->priv;
	uint8_t copy[PRIV_MAX];
	EVP_PKEY *k;

	*key = NULL;
	if (c == LC_X25519)
		return HYB_E_ARG;
	if (!lc_scalar_ok(c, priv))
		return HYB_E_BAD_KEY;
	memcpy(copy, priv, n);
	/* From here on it is libcrypto's arithmetic, which is not ours to check. */
	HYB_CT_PUBLIC(copy, n);
	(void)ERR_set_mark();
	k = row != NULL ? ec_private(row, copy, n)
			: EVP_PKEY_new_raw_private_key_ex(NULL, "ED25519", NULL, copy, n);
	(void)ERR_pop_to_mark();
	hyb_wipe(copy, sizeof copy);
	*key = (struct lc_key *)k;
	return k != NULL ? HYB_OK : HYB_E_CRYPTO;
}

void lc_key_free(struct lc_key *key)
{
	EVP_PKEY_free((EVP_PKEY *)key);
}

static bool ec_sign(const struct ec_row *row, uint8_t *sig, size_t *n, hyb_bytes m, EVP_PKEY *key)
{
	uint8_t digest[DIGEST_MAX];
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	bool good = c != NULL && lc_hash(row->hash, digest, &m, 1) == HYB_OK &&
		EVP_PKEY_sign_init(c) > 0 && EVP_PKEY_sign(c, sig, n, digest, row->hash_bytes) > 0;

	EVP_PKEY_CTX_free(c);
	return good;
}

/* One call of EVP takes no NULL, not even for nothing. */
static const uint8_t *some(hyb_bytes m)
{
	static const uint8_t nothing[1];

	return m.n > 0 ? m.p : nothing;
}

static bool ed_sign(uint8_t *sig, size_t *n, hyb_bytes m, EVP_PKEY *key)
{
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	bool good = c != NULL && EVP_DigestSignInit_ex(c, NULL, NULL, NULL, NULL, key, NULL) > 0 &&
		EVP_DigestSign(c, sig, n, some(m), m.n) > 0;

	EVP_MD_CTX_free(c);
	return good;
}

enum hyb_st lc_key_sign(
	enum lc_curve c, uint8_t *sig, size_t *sig_n, hyb_bytes m, const struct lc_key *key)
{
	const struct ec_row *row = ec_row(c);
	size_t max = lc_sizes(c)->sig_max, n = max;
	EVP_PKEY *k = no_const(key);
	bool good;

	memset(sig, 0, max);
	(void)ERR_set_mark();
	good = row != NULL ? ec_sign(row, sig, &n, m, k) : ed_sign(sig, &n, m, k);
	(void)ERR_pop_to_mark();
	if (!good || n > max) {
		hyb_wipe(sig, max);
		n = 0;
	}
	*sig_n = n;
	return n > 0 ? HYB_OK : HYB_E_CRYPTO;
}

enum hyb_st lc_sign(enum lc_curve c, uint8_t *sig, size_t *sig_n, hyb_bytes m, const uint8_t *priv)
{
	struct lc_key *key;
	enum hyb_st st = lc_key_new(&key, c, priv);

	*sig_n = 0;
	if (st != HYB_OK) {
		hyb_wipe(sig, lc_sizes(c)->sig_max);
		return st;
	}
	st = lc_key_sign(c, sig, sig_n, m, key);
	lc_key_free(key);
	return st;
}

static bool ec_verify(const struct ec_row *row, hyb_bytes sig, hyb_bytes m, EVP_PKEY *key)
{
	uint8_t digest[DIGEST_MAX];
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	bool good = c != NULL && lc_hash(row->hash, digest, &m, 1) == HYB_OK &&
		EVP_PKEY_verify_init(c) > 0 &&
		EVP_PKEY_verify(c, sig.p, sig.n, digest, row->hash_bytes) == 1;

	EVP_PKEY_CTX_free(c);
	return good;
}

static bool ed_verify(hyb_bytes sig, hyb_bytes m, EVP_PKEY *key)
{
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	bool good = c != NULL &&
		EVP_DigestVerifyInit_ex(c, NULL, NULL, NULL, NULL, key, NULL) > 0 &&
		EVP_DigestVerify(c, sig.p, sig.n, some(m), m.n) == 1;

	EVP_MD_CTX_free(c);
	return good;
}

bool lc_verify(enum lc_curve c, hyb_bytes sig, hyb_bytes m, const uint8_t *pub)
{
	const struct ec_row *row = ec_row(c);
	size_t n = lc_sizes(c)->pub;
	EVP_PKEY *key;
	bool good = false;

	if (c == LC_X25519 || sig.n == 0 || sig.n > lc_sizes(c)->sig_max)
		return false;
	(void)ERR_set_mark();
	key = row != NULL ? ec_public(row, pub, n)
			  : EVP_PKEY_new_raw_public_key_ex(NULL, "ED25519", NULL, pub, n);
	if (key != NULL)
		good = row != NULL ? ec_verify(row, sig, m, key) : ed_verify(sig, m, key);
	EVP_PKEY_free(key);
	(void)ERR_pop_to_mark();
	return good;
}
