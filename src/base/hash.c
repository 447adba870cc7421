/* Before our headers: libcrypto names parameters after calls that ban.h poisons. */
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "hash.h"

#include <assert.h>
#include <pthread.h>
#include <sys/random.h>
#include <xxhash.h>

#include "arena.h"

static uint64_t seed;
static uint64_t stream_key; /* 0: the seed */
static pthread_once_t seed_once = PTHREAD_ONCE_INIT;

static void seed_make(void)
{
	/* Without randomness the hash still works; it only loses its key. */
	if (getrandom(&seed, sizeof(seed), 0) != (ssize_t)sizeof(seed))
		seed = UINT64_C(0x9e3779b97f4a7c15);
}

static uint64_t seed_get(void)
{
	(void)pthread_once(&seed_once, seed_make);
	return seed;
}

void pqm_sha256_parts(uint8_t out[PQM_SHA256_BYTES], const pqm_bytes *parts, size_t n)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok = ctx != NULL && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1;

	for (size_t i = 0; ok && i < n; i++) {
		uint8_t len[8];

		for (int k = 0; k < 8; k++)
			len[k] = (uint8_t)((uint64_t)parts[i].n >> (56 - 8 * k));
		ok = EVP_DigestUpdate(ctx, len, sizeof(len)) == 1 &&
			(parts[i].n == 0 || EVP_DigestUpdate(ctx, parts[i].p, parts[i].n) == 1);
	}
	ok = ok && EVP_DigestFinal_ex(ctx, out, NULL) == 1;
	EVP_MD_CTX_free(ctx);
	assert(ok); /* SHA-256 is always in libcrypto; only memory can fail */
}

void pqm_sha256(uint8_t out[PQM_SHA256_BYTES], pqm_bytes in)
{
	static const uint8_t none[1];
	int ok = EVP_Digest(in.n == 0 ? none : in.p, in.n, out, NULL, EVP_sha256(), NULL);

	assert(ok == 1);
	(void)ok;
}

struct pqm_digest {
	EVP_MD_CTX *ctx;
};

struct pqm_digest *pqm_digest_new(bool is_sha512)
{
	struct pqm_digest *d = pqm_calloc(1, sizeof(*d));

	if (d == NULL)
		return NULL;
	d->ctx = EVP_MD_CTX_new();
	if (d->ctx == NULL ||
		EVP_DigestInit_ex(d->ctx, is_sha512 ? EVP_sha512() : EVP_sha256(), NULL) != 1) {
		pqm_digest_free(d);
		return NULL;
	}
	return d;
}

void pqm_digest_free(struct pqm_digest *d)
{
	if (d == NULL)
		return;
	EVP_MD_CTX_free(d->ctx);
	pqm_free(d);
}

void pqm_digest_add(struct pqm_digest *d, pqm_bytes in)
{
	int ok = in.n == 0 ? 1 : EVP_DigestUpdate(d->ctx, in.p, in.n);

	assert(ok == 1);
	(void)ok;
}

size_t pqm_digest_end(struct pqm_digest *d, uint8_t out[PQM_DIGEST_BYTES_MAX])
{
	unsigned n = 0;
	int ok = EVP_DigestFinal_ex(d->ctx, out, &n);

	assert(ok == 1);
	return ok == 1 ? n : 0;
}

uint64_t pqm_hash64(pqm_bytes in)
{
	return XXH3_64bits_withSeed(in.p, in.n, seed_get());
}

void pqm_hasher_key(uint64_t key)
{
	stream_key = key;
}

struct pqm_hasher *pqm_hasher_new(void)
{
	return (struct pqm_hasher *)XXH3_createState();
}

void pqm_hasher_free(struct pqm_hasher *h)
{
	(void)XXH3_freeState((XXH3_state_t *)h);
}

void pqm_hasher_start(struct pqm_hasher *h)
{
	(void)XXH3_128bits_reset_withSeed(
		(XXH3_state_t *)h, stream_key != 0 ? stream_key : seed_get());
}

void pqm_hasher_add(struct pqm_hasher *h, pqm_bytes in)
{
	(void)XXH3_128bits_update((XXH3_state_t *)h, in.p, in.n);
}

struct pqm_hash128 pqm_hasher_end(struct pqm_hasher *h)
{
	XXH128_hash_t d = XXH3_128bits_digest((const XXH3_state_t *)h);

	return (struct pqm_hash128){ d.low64, d.high64 };
}

const char *pqm_hash_library(void)
{
	return OpenSSL_version(OPENSSL_VERSION);
}
