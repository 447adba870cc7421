#include "hyb/lc.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <stdatomic.h>

#define BLOCK_MAX 128
#define HASH_MAX 64

struct md {
	const char *name;
	size_t bytes, block;
	EVP_MD *_Atomic fetched;
};

static struct md md_256 = { "SHA256", 32, 64, NULL };
static struct md md_384 = { "SHA384", 48, 128, NULL };
static struct md md_512 = { "SHA512", 64, 128, NULL };

static struct md *md_of(enum hyb_hash h)
{
	return h == HYB_SHA2_256    ? &md_256
		: h == HYB_SHA2_384 ? &md_384
		: h == HYB_SHA2_512 ? &md_512
				    : NULL;
}

/* Fetched once: a fetch by name costs as much as hashing a kilobyte. */
static const EVP_MD *md_get(struct md *d)
{
	EVP_MD *md = atomic_load_explicit(&d->fetched, memory_order_acquire);
	EVP_MD *none = NULL;

	if (md != NULL)
		return md;
	md = EVP_MD_fetch(NULL, d->name, NULL);
	if (md != NULL &&
		!atomic_compare_exchange_strong_explicit(
			&d->fetched, &none, md, memory_order_acq_rel, memory_order_acquire)) {
		EVP_MD_free(md);
		md = none;
	}
	return md;
}

static bool update_parts(EVP_MD_CTX *c, struct lc_parts parts)
{
	for (size_t i = 0; i < parts.n; i++) {
		if (parts.p[i].n > 0 && !EVP_DigestUpdate(c, parts.p[i].p, parts.p[i].n))
			return false;
	}
	return true;
}

static bool digest(EVP_MD_CTX *c, const EVP_MD *md, uint8_t *out, struct lc_parts parts)
{
	return EVP_DigestInit_ex2(c, md, NULL) && update_parts(c, parts) &&
		EVP_DigestFinal_ex(c, out, NULL);
}

enum hyb_st lc_hash(enum hyb_hash h, uint8_t *out, const hyb_bytes *parts, size_t n_parts)
{
	struct md *d = md_of(h);
	const EVP_MD *md;
	EVP_MD_CTX *c;
	bool good;

	if (d == NULL)
		return HYB_E_ARG;
	md = md_get(d);
	c = md != NULL ? EVP_MD_CTX_new() : NULL;
	good = c != NULL && digest(c, md, out, (struct lc_parts){ parts, n_parts });
	EVP_MD_CTX_free(c);
	if (!good)
		hyb_wipe(out, d->bytes);
	return good ? HYB_OK : HYB_E_CRYPTO;
}

/*
 * HMAC [FIPS198-1 §4] on the fetched digest itself: half the time of an EVP_MAC_CTX a call, and the
 * message comes in parts.
 */
struct hmac {
	EVP_MD_CTX *c;
	const EVP_MD *md;
	const struct md *d;
	uint8_t key[BLOCK_MAX];
};

static bool hmac_begin(struct hmac *m, struct md *d, hyb_bytes key)
{
	memset(m, 0, sizeof *m);
	m->d = d;
	m->md = md_get(d);
	m->c = m->md != NULL ? EVP_MD_CTX_new() : NULL;
	if (m->c == NULL)
		return false;
	if (key.n > d->block)
		return digest(m->c, m->md, m->key, (struct lc_parts){ &key, 1 });
	if (key.n > 0)
		memcpy(m->key, key.p, key.n);
	return true;
}

static bool hmac_pad(struct hmac *m, uint8_t with)
{
	uint8_t pad[BLOCK_MAX];
	bool good;

	for (size_t i = 0; i < m->d->block; i++)
		pad[i] = m->key[i] ^ with;
	good = EVP_DigestInit_ex2(m->c, m->md, NULL) && EVP_DigestUpdate(m->c, pad, m->d->block);
	hyb_wipe(pad, sizeof pad);
	return good;
}

/* out may be one of the parts. */
static bool hmac_run(struct hmac *m, uint8_t *out, struct lc_parts parts)
{
	uint8_t inner[HASH_MAX];
	bool good = hmac_pad(m, 0x36) && update_parts(m->c, parts) &&
		EVP_DigestFinal_ex(m->c, inner, NULL) && hmac_pad(m, 0x5c) &&
		EVP_DigestUpdate(m->c, inner, m->d->bytes) && EVP_DigestFinal_ex(m->c, out, NULL);

	hyb_wipe(inner, sizeof inner);
	return good;
}

static void hmac_end(struct hmac *m)
{
	EVP_MD_CTX_free(m->c);
	hyb_wipe(m, sizeof *m);
}

static enum hyb_st hmac_parts(enum hyb_hash h, uint8_t *out, hyb_bytes key, struct lc_parts parts)
{
	struct md *d = md_of(h);
	struct hmac m;
	bool good;

	if (d == NULL)
		return HYB_E_ARG;
	good = hmac_begin(&m, d, key) && hmac_run(&m, out, parts);
	hmac_end(&m);
	if (!good)
		hyb_wipe(out, d->bytes);
	return good ? HYB_OK : HYB_E_CRYPTO;
}

enum hyb_st lc_hmac(enum hyb_hash h, uint8_t *out, hyb_bytes key, hyb_bytes m)
{
	return hmac_parts(h, out, key, (struct lc_parts){ &m, 1 });
}

enum hyb_st lc_hkdf_extract(enum hyb_hash h, uint8_t *prk, hyb_bytes salt, hyb_bytes ikm)
{
	/* HMAC pads its key with zeros: an empty salt is the RFC's string of zeros. */
	return lc_hmac(h, prk, salt, ikm);
}

#define INFO_PARTS_MAX 14

/* T(i) = HMAC(PRK, T(i-1) ‖ info ‖ i) [RFC5869 §2.3] */
static enum hyb_st expand_parts(
	enum hyb_hash h, uint8_t *out, size_t out_n, hyb_bytes prk, struct lc_parts info)
{
	hyb_bytes parts[INFO_PARTS_MAX + 2];
	struct md *d = md_of(h);
	uint8_t t[HASH_MAX], i = 0;
	struct hmac m;
	bool good;

	if (d == NULL || info.n > INFO_PARTS_MAX || out_n > 255 * d->bytes)
		return HYB_E_ARG;
	for (size_t k = 0; k < info.n; k++)
		parts[k + 1] = info.p[k];
	parts[0] = (hyb_bytes){ t, 0 };
	parts[info.n + 1] = (hyb_bytes){ &i, 1 };
	good = hmac_begin(&m, d, prk);
	for (size_t at = 0; good && at < out_n; at += d->bytes) {
		i++;
		good = hmac_run(&m, t, (struct lc_parts){ parts, info.n + 2 });
		parts[0].n = d->bytes;
		if (good)
			memcpy(out + at, t, out_n - at < d->bytes ? out_n - at : d->bytes);
	}
	hmac_end(&m);
	hyb_wipe(t, sizeof t);
	if (!good)
		hyb_wipe(out, out_n);
	return good ? HYB_OK : HYB_E_CRYPTO;
}

enum hyb_st lc_hkdf_expand(
	enum hyb_hash h, uint8_t *out, size_t out_n, hyb_bytes prk, hyb_bytes info)
{
	return expand_parts(h, out, out_n, prk, (struct lc_parts){ &info, 1 });
}

enum hyb_st lc_hkdf_parts(
	enum hyb_hash h, uint8_t *out, size_t out_n, struct lc_parts ikm, struct lc_parts info)
{
	struct md *d = md_of(h);
	uint8_t prk[HASH_MAX];
	enum hyb_st st;

	if (d == NULL)
		return HYB_E_ARG;
	st = hmac_parts(h, prk, (hyb_bytes){ NULL, 0 }, ikm);
	if (st == HYB_OK)
		st = expand_parts(h, out, out_n, (hyb_bytes){ prk, d->bytes }, info);
	hyb_wipe(prk, sizeof prk);
	if (st != HYB_OK)
		hyb_wipe(out, out_n);
	return st;
}

/* The parameters of a derivation are only read; libcrypto takes NULL for no octets. */
static OSSL_PARAM octets(const char *key, hyb_bytes b)
{
	void *p;

	memcpy(&p, &b.p, sizeof p);
	return OSSL_PARAM_construct_octet_string(key, p, b.n);
}

enum hyb_st lc_scrypt(
	uint8_t *out, size_t out_n, hyb_bytes pass, hyb_bytes salt, struct lc_scrypt_cost cost)
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "SCRYPT", NULL);
	EVP_KDF_CTX *c = kdf != NULL ? EVP_KDF_CTX_new(kdf) : NULL;
	uint64_t room = UINT64_MAX;
	OSSL_PARAM params[] = {
		octets(OSSL_KDF_PARAM_PASSWORD, pass),
		octets(OSSL_KDF_PARAM_SALT, salt),
		OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_N, &cost.n),
		OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_R, &cost.r),
		OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_P, &cost.p),
		OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_MAXMEM, &room),
		OSSL_PARAM_construct_end(),
	};
	bool good;

	(void)ERR_set_mark();
	good = c != NULL && EVP_KDF_derive(c, out, out_n, params) > 0;
	(void)ERR_pop_to_mark();
	EVP_KDF_CTX_free(c);
	EVP_KDF_free(kdf);
	if (!good)
		hyb_wipe(out, out_n);
	return good ? HYB_OK : HYB_E_CRYPTO;
}

const char *lc_version(void)
{
	return OpenSSL_version(OPENSSL_VERSION);
}
