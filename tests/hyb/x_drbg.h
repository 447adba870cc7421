/*
 * x_drbg.h — the random bytes of the NIST known-answer harness: AES-256-CTR DRBG without derivation
 * function [SP800-90A §10.2.1], by libcrypto's AES.
 */
#ifndef HYB_TESTS_X_DRBG_H
#define HYB_TESTS_X_DRBG_H

#include <openssl/evp.h>

#include "vec.h"

struct drbg {
	uint8_t key[32], v[16];
};

/* n bytes, a multiple of 16, of AES(key, ++v). */
static inline void drbg_blocks(struct drbg *d, uint8_t *out, size_t n)
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();

	if (c == NULL || EVP_EncryptInit_ex(c, EVP_aes_256_ecb(), NULL, d->key, NULL) != 1)
		exit(1);
	for (size_t i = 0; i < n; i += 16) {
		int len = 0;

		for (int j = 15; j >= 0 && ++d->v[j] == 0; j--)
			;
		if (EVP_EncryptUpdate(c, out + i, &len, d->v, 16) != 1 || len != 16)
			exit(1);
	}
	EVP_CIPHER_CTX_free(c);
}

static inline void drbg_update(struct drbg *d, const uint8_t *data)
{
	uint8_t t[48];

	drbg_blocks(d, t, sizeof(t));
	for (size_t i = 0; i < sizeof(t) && data != NULL; i++)
		t[i] ^= data[i];
	memcpy(d->key, t, 32);
	memcpy(d->v, t + 32, 16);
}

static inline void drbg_seed(struct drbg *d, const uint8_t seed[48])
{
	memset(d, 0, sizeof(*d));
	drbg_update(d, seed);
}

static inline void drbg_bytes(struct drbg *d, uint8_t *out, size_t n)
{
	size_t whole = n & ~(size_t)15;
	uint8_t last[16];

	drbg_blocks(d, out, whole);
	if (whole < n) {
		drbg_blocks(d, last, sizeof(last));
		memcpy(out + whole, last, n - whole);
	}
	drbg_update(d, NULL);
}

/* For hyb_rng_hook. */
static inline bool drbg_fill(void *ctx, uint8_t *p, size_t n)
{
	drbg_bytes(ctx, p, n);
	return true;
}

#endif
