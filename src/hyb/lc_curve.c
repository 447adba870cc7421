#include "hyb/lc.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdatomic.h>

#define PRIV_MAX 48
#define PUB_MAX 97

static const struct lc_sizes sizes[] = {
	[LC_X25519] = { 32, 32, 32, 0 },
	[LC_P256] = { 32, 65, 32, 72 },
	[LC_P384] = { 48, 97, 48, 104 },
	[LC_ED25519] = { 32, 32, 0, 64 },
};

const struct lc_sizes *lc_sizes(enum lc_curve c)
{
	return &sizes[c];
}

static bool is_nist(enum lc_curve c)
{
	return c == LC_P256 || c == LC_P384;
}

/* The group orders [SP800-186 §3.2.1.3, §3.2.1.4]. */
static const uint8_t order_p256[32] = { 0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3,
	0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51 };
static const uint8_t order_p384[48] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xc7,
	0x63, 0x4d, 0x81, 0xf4, 0x37, 0x2d, 0xdf, 0x58, 0x1a, 0x0d, 0xb2, 0x48, 0xb0, 0xa7, 0x7a,
	0xec, 0xec, 0x19, 0x6a, 0xcc, 0xc5, 0x29, 0x73 };

bool lc_scalar_ok(enum lc_curve c, const uint8_t *priv)
{
	const uint8_t *order = c == LC_P256 ? order_p256 : order_p384;
	uint32_t borrow = 0, any = 0;

	if (!is_nist(c))
		return true;
	for (size_t i = sizes[c].priv; i-- > 0;) {
		borrow = ((uint32_t)priv[i] - order[i] - borrow) >> 31;
		any |= priv[i];
	}
	borrow &= hyb_mask_nonzero32(any);
	/* That a scalar is refused is told to the caller anyway; of a good one it says nothing. */
	HYB_CT_PUBLIC(&borrow, sizeof borrow);
	return borrow != 0;
}

/*
 * A copy for libcrypto. Its own arithmetic is not ours to check: memcheck sees big numbers that drop
 * leading zeros.
 */
static void lend(uint8_t copy[PRIV_MAX], const uint8_t *priv, size_t n)
{
	memcpy(copy, priv, n);
	HYB_CT_PUBLIC(copy, n);
}

/* ---- P-256 and P-384 on points: EVP would look up the curve by name for every key ---- */
static EC_GROUP *_Atomic groups[2];

static const EC_GROUP *group_of(enum lc_curve c)
{
	EC_GROUP *_Atomic *at = &groups[c == LC_P384];
	EC_GROUP *g = atomic_load_explicit(at, memory_order_acquire), *none = NULL;

	if (g != NULL)
		return g;
	g = EC_GROUP_new_by_curve_name(c == LC_P384 ? NID_secp384r1 : NID_X9_62_prime256v1);
	if (g != NULL &&
		!atomic_compare_exchange_strong_explicit(
			at, &none, g, memory_order_acq_rel, memory_order_acquire)) {
		EC_GROUP_free(g);
		g = none;
	}
	return g;
}

struct work {
	const EC_GROUP *group;
	BN_CTX *bn;
	BIGNUM *scalar;
	EC_POINT *point;
};

static bool work_begin(struct work *w, enum lc_curve c, const uint8_t *priv)
{
	uint8_t copy[PRIV_MAX];

	memset(w, 0, sizeof *w);
	w->group = group_of(c);
	if (w->group == NULL)
		return false;
	w->bn = BN_CTX_secure_new();
	w->point = EC_POINT_new(w->group);
	lend(copy, priv, sizes[c].priv);
	w->scalar = BN_bin2bn(copy, (int)sizes[c].priv, NULL);
	hyb_wipe(copy, sizeof copy);
	if (w->scalar != NULL)
		BN_set_flags(w->scalar, BN_FLG_CONSTTIME);
	return w->bn != NULL && w->point != NULL && w->scalar != NULL;
}

static void work_end(struct work *w)
{
	BN_clear_free(w->scalar);
	EC_POINT_clear_free(w->point);
	BN_CTX_free(w->bn);
}

static enum hyb_st nist_public(enum lc_curve c, uint8_t *pub, const uint8_t *priv)
{
	struct work w;
	size_t n = sizes[c].pub;
	bool good = work_begin(&w, c, priv) &&
		EC_POINT_mul(w.group, w.point, w.scalar, NULL, NULL, w.bn) &&
		EC_POINT_point2oct(w.group, w.point, POINT_CONVERSION_UNCOMPRESSED, pub, n, w.bn) ==
			n;

	work_end(&w);
	return good ? HYB_OK : HYB_E_CRYPTO;
}

/* The X coordinate of the product [SP800-56A §5.7.1.2]. */
static enum hyb_st nist_derive(
	enum lc_curve c, uint8_t *ss, const uint8_t *priv, const uint8_t *pub)
{
	enum hyb_st st = HYB_E_CRYPTO;
	uint8_t xy[PUB_MAX];
	size_t n = sizes[c].pub;
	struct work w;

	if (!work_begin(&w, c, priv)) {
		work_end(&w);
		return st;
	}
	/* Other forms than the uncompressed one have another first byte; the equation is checked. */
	if (pub[0] != POINT_CONVERSION_UNCOMPRESSED ||
		!EC_POINT_oct2point(w.group, w.point, pub, n, w.bn))
		st = HYB_E_BAD_KEY;
	else if (EC_POINT_mul(w.group, w.point, NULL, w.point, w.scalar, w.bn) &&
		EC_POINT_point2oct(w.group, w.point, POINT_CONVERSION_UNCOMPRESSED, xy, n, w.bn) ==
			n)
		st = HYB_OK;
	if (st == HYB_OK)
		memcpy(ss, xy + 1, sizes[c].ss);
	work_end(&w);
	hyb_wipe(xy, sizeof xy);
	return st;
}

/* ---- X25519 and Ed25519: raw keys ---- */
static const char *raw_name(enum lc_curve c)
{
	return c == LC_X25519 ? "X25519" : "ED25519";
}

static enum hyb_st raw_public(enum lc_curve c, uint8_t *pub, const uint8_t *priv)
{
	uint8_t copy[PRIV_MAX];
	size_t n = sizes[c].pub;
	EVP_PKEY *key;
	bool good;

	lend(copy, priv, sizes[c].priv);
	key = EVP_PKEY_new_raw_private_key_ex(NULL, raw_name(c), NULL, copy, sizes[c].priv);
	good = key != NULL && EVP_PKEY_get_raw_public_key(key, pub, &n) > 0 && n == sizes[c].pub;
	EVP_PKEY_free(key);
	hyb_wipe(copy, sizeof copy);
	return good ? HYB_OK : HYB_E_CRYPTO;
}

/*
 * A private key from its scalar alone costs libcrypto a multiplication for the public half, which
 * derivation never reads. The peer's point goes there: one object is then both sides of the exchange.
 */
static EVP_PKEY *x25519_both(const uint8_t *priv, const uint8_t *pub)
{
	uint8_t copy[PRIV_MAX], point[32];
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, "X25519", NULL);
	EVP_PKEY *key = NULL;
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PRIV_KEY, copy, 32),
		OSSL_PARAM_construct_end(),
	};

	lend(copy, priv, 32);
	memcpy(point, pub, sizeof point);
	if (c != NULL && EVP_PKEY_fromdata_init(c) > 0 &&
		EVP_PKEY_fromdata(c, &key, EVP_PKEY_KEYPAIR, params) <= 0)
		key = NULL;
	EVP_PKEY_CTX_free(c);
	hyb_wipe(copy, sizeof copy);
	return key;
}

/*
 * libcrypto reports the all-zero result as a failure [RFC7748 §6.1] after it has written it: with
 * zero_ok those zeros are the answer, and any other failure leaves the ones put there before.
 */
static enum hyb_st x25519_result(EVP_PKEY_CTX *c, uint8_t *ss, bool zero_ok)
{
	static const uint8_t zeros[32];
	size_t n = 32;

	memset(ss, 0xff, 32);
	if (EVP_PKEY_derive(c, ss, &n) > 0)
		return n == 32 ? HYB_OK : HYB_E_CRYPTO;
	if (!hyb_ct_eq(ss, zeros, 32))
		return HYB_E_CRYPTO;
	return zero_ok ? HYB_OK : HYB_E_BAD_KEY;
}

static enum hyb_st x25519_derive(uint8_t *ss, const uint8_t *priv, const uint8_t *pub, bool zero_ok)
{
	enum hyb_st st = HYB_E_CRYPTO;
	EVP_PKEY *key = x25519_both(priv, pub);
	EVP_PKEY_CTX *c = key != NULL ? EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL) : NULL;

	if (c != NULL && EVP_PKEY_derive_init(c) > 0 && EVP_PKEY_derive_set_peer_ex(c, key, 0) > 0)
		st = x25519_result(c, ss, zero_ok);
	EVP_PKEY_CTX_free(c);
	EVP_PKEY_free(key);
	return st;
}

enum hyb_st lc_public(enum lc_curve c, uint8_t *pub, const uint8_t *priv)
{
	enum hyb_st st = HYB_E_BAD_KEY;

	memset(pub, 0, sizes[c].pub);
	(void)ERR_set_mark();
	if (lc_scalar_ok(c, priv))
		st = is_nist(c) ? nist_public(c, pub, priv) : raw_public(c, pub, priv);
	(void)ERR_pop_to_mark();
	if (st != HYB_OK)
		hyb_wipe(pub, sizes[c].pub);
	return st;
}

enum hyb_st lc_derive(
	enum lc_curve c, uint8_t *ss, const uint8_t *priv, const uint8_t *pub, bool zero_ok)
{
	enum hyb_st st = HYB_E_BAD_KEY;

	if (c == LC_ED25519)
		return HYB_E_ARG;
	memset(ss, 0, sizes[c].ss);
	(void)ERR_set_mark();
	if (c == LC_X25519)
		st = x25519_derive(ss, priv, pub, zero_ok);
	else if (lc_scalar_ok(c, priv))
		st = nist_derive(c, ss, priv, pub);
	(void)ERR_pop_to_mark();
	if (st != HYB_OK)
		hyb_wipe(ss, sizes[c].ss);
	HYB_CT_SECRET(ss, sizes[c].ss);
	return st;
}
