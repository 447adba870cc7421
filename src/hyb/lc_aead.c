#include "hyb/lc.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdatomic.h>

#define TAG 16
/* EVP takes lengths as int. */
#define STEP ((size_t)1 << 30)
/* 2^39 - 256 bits for one nonce [SP800-38D §5.2.1.1]; ChaCha20-Poly1305 allows more. */
#define TEXT_MAX (((uint64_t)1 << 36) - 32)

struct aead {
	const char *name;
	size_t key_bytes;
	EVP_CIPHER *_Atomic fetched;
};

static struct aead aeads[] = {
	[LC_AES_128_GCM] = { "AES-128-GCM", 16, NULL },
	[LC_AES_256_GCM] = { "AES-256-GCM", 32, NULL },
	[LC_CHACHA20_POLY1305] = { "ChaCha20-Poly1305", 32, NULL },
};

size_t lc_aead_key_bytes(enum lc_aead a)
{
	return aeads[a].key_bytes;
}

static const EVP_CIPHER *cipher_get(struct aead *a)
{
	EVP_CIPHER *c = atomic_load_explicit(&a->fetched, memory_order_acquire);
	EVP_CIPHER *none = NULL;

	if (c != NULL)
		return c;
	c = EVP_CIPHER_fetch(NULL, a->name, NULL);
	if (c != NULL &&
		!atomic_compare_exchange_strong_explicit(
			&a->fetched, &none, c, memory_order_acq_rel, memory_order_acquire)) {
		EVP_CIPHER_free(c);
		c = none;
	}
	return c;
}

/* struct lc_aead_ctx is EVP_CIPHER_CTX under a name that needs no OpenSSL header. */
static EVP_CIPHER_CTX *evp(struct lc_aead_ctx *ctx)
{
	return (EVP_CIPHER_CTX *)ctx;
}

enum hyb_st lc_aead_new(struct lc_aead_ctx **ctx, enum lc_aead a, const uint8_t *key, bool is_seal)
{
	const EVP_CIPHER *cipher = cipher_get(&aeads[a]);
	EVP_CIPHER_CTX *c = cipher != NULL ? EVP_CIPHER_CTX_new() : NULL;

	*ctx = NULL;
	if (c == NULL || !EVP_CipherInit_ex2(c, cipher, key, NULL, is_seal ? 1 : 0, NULL)) {
		EVP_CIPHER_CTX_free(c);
		return HYB_E_CRYPTO;
	}
	*ctx = (struct lc_aead_ctx *)c;
	return HYB_OK;
}

void lc_aead_free(struct lc_aead_ctx *ctx)
{
	EVP_CIPHER_CTX_free(evp(ctx));
}

/* out NULL: additional data. */
static bool feed(EVP_CIPHER_CTX *c, uint8_t *out, hyb_bytes in)
{
	for (size_t at = 0; at < in.n;) {
		size_t n = in.n - at < STEP ? in.n - at : STEP;
		int done;

		if (!EVP_CipherUpdate(c, out != NULL ? out + at : NULL, &done, in.p + at, (int)n))
			return false;
		at += n;
	}
	return true;
}

enum hyb_st lc_aead_seal(
	struct lc_aead_ctx *ctx, uint8_t *out, const uint8_t nonce[12], hyb_bytes aad, hyb_bytes pt)
{
	EVP_CIPHER_CTX *c = evp(ctx);
	int done;

	if (pt.n > TEXT_MAX || !EVP_CIPHER_CTX_is_encrypting(c))
		return HYB_E_ARG;
	if (EVP_CipherInit_ex2(c, NULL, NULL, nonce, -1, NULL) && feed(c, NULL, aad) &&
		feed(c, out, pt) && EVP_CipherFinal_ex(c, out + pt.n, &done) &&
		EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, TAG, out + pt.n) > 0)
		return HYB_OK;
	hyb_wipe(out, pt.n + TAG);
	return HYB_E_CRYPTO;
}

enum hyb_st lc_aead_open(
	struct lc_aead_ctx *ctx, uint8_t *out, const uint8_t nonce[12], hyb_bytes aad, hyb_bytes ct)
{
	EVP_CIPHER_CTX *c = evp(ctx);
	uint8_t tag[TAG], last[TAG];
	hyb_bytes text;
	int done;
	bool good;

	if (ct.n < TAG || ct.n - TAG > TEXT_MAX || EVP_CIPHER_CTX_is_encrypting(c))
		return HYB_E_ARG;
	text = (hyb_bytes){ ct.p, ct.n - TAG };
	memcpy(tag, ct.p + text.n, TAG);
	(void)ERR_set_mark();
	good = EVP_CipherInit_ex2(c, NULL, NULL, nonce, -1, NULL) &&
		EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, TAG, tag) > 0 && feed(c, NULL, aad) &&
		feed(c, out, text) && EVP_CipherFinal_ex(c, last, &done);
	(void)ERR_pop_to_mark();
	if (!good)
		hyb_wipe(out, text.n);
	return good ? HYB_OK : HYB_E_OPEN;
}
