/* SHA-2 streams and the twelve pre-hashes against libcrypto, over lengths and split updates. */
#include "vec.h"

#include <openssl/evp.h>

#include "hyb/sha2.h"
#include "hyb/sha2_blocks.h"

static const struct {
	enum hyb_hash h;
	const char *name;
	size_t n;
} hashes[] = {
	{ HYB_SHA2_224, "SHA2-224", 28 },
	{ HYB_SHA2_256, "SHA2-256", 32 },
	{ HYB_SHA2_384, "SHA2-384", 48 },
	{ HYB_SHA2_512, "SHA2-512", 64 },
	{ HYB_SHA2_512_224, "SHA2-512/224", 28 },
	{ HYB_SHA2_512_256, "SHA2-512/256", 32 },
	{ HYB_SHA3_224, "SHA3-224", 28 },
	{ HYB_SHA3_256, "SHA3-256", 32 },
	{ HYB_SHA3_384, "SHA3-384", 48 },
	{ HYB_SHA3_512, "SHA3-512", 64 },
	{ HYB_SHAKE128, "SHAKE-128", 32 },
	{ HYB_SHAKE256, "SHAKE-256", 64 },
};

static void libcrypto_hash(const char *name, uint8_t *out, size_t out_n, hyb_bytes m)
{
	EVP_MD *md = EVP_MD_fetch(NULL, name, NULL);
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	bool is_xof = strncmp(name, "SHAKE", 5) == 0;

	if (md == NULL || c == NULL || EVP_DigestInit_ex(c, md, NULL) != 1 ||
		EVP_DigestUpdate(c, m.p, m.n) != 1 ||
		(is_xof ? EVP_DigestFinalXOF(c, out, out_n) : EVP_DigestFinal_ex(c, out, NULL)) !=
			1)
		exit(1);
	EVP_MD_CTX_free(c);
	EVP_MD_free(md);
}

static uint8_t text[5000];

static void every_length(void)
{
	for (size_t k = 0; k < sizeof(hashes) / sizeof(hashes[0]); k++) {
		struct vec v = { hashes[k].name, 0, 0 };

		for (size_t n = 0; n <= sizeof(text); n += n < 600 ? 1 : 367) {
			uint8_t want[64], got[64];
			size_t out_n = hyb_prehash(got, hashes[k].h, (hyb_bytes){ text, n });

			libcrypto_hash(hashes[k].name, want, hashes[k].n, (hyb_bytes){ text, n });
			vec_case(&v, vec_eq(got, out_n, (hyb_bytes){ want, hashes[k].n }),
				"%zu bytes", n);
		}
		vec_end(&v);
	}
}

static void split_updates(void)
{
	struct vec v = { "SHA-256 and SHA-512 in pieces", 0, 0 };
	uint64_t seed = 0x9e3779b97f4a7c15;

	for (unsigned round = 0; round < 2000; round++) {
		size_t n = (size_t)(vec_random(&seed) % 700), at = 0;
		struct hyb_sha256 a;
		struct hyb_sha512 b;
		uint8_t got[64], want[64];

		hyb_sha256_init(&a);
		hyb_sha512_init(&b);
		while (at < n) {
			size_t step = (size_t)(vec_random(&seed) % 150);

			if (step > n - at)
				step = n - at;
			hyb_sha256_update(&a, text + at, step);
			hyb_sha512_update(&b, text + at, step);
			at += step;
		}
		hyb_sha256_final(&a, got);
		libcrypto_hash("SHA2-256", want, 32, (hyb_bytes){ text, n });
		vec_case(&v, memcmp(got, want, 32) == 0, "SHA-256 of %zu bytes", n);
		hyb_sha512_final(&b, got);
		libcrypto_hash("SHA2-512", want, 64, (hyb_bytes){ text, n });
		vec_case(&v, memcmp(got, want, 64) == 0, "SHA-512 of %zu bytes", n);
	}
	vec_end(&v);
}

static void levels_agree(void)
{
	struct vec v = { "SHA-256 blocks: portable and dispatched", 0, 0 };
	uint32_t a[8] = { 1, 2, 3, 4, 5, 6, 7, 0xfffffff8 }, b[8];

	memcpy(b, a, sizeof(b));
	for (size_t n = 0; n < 70; n++) {
		hyb_sha256_blocks(a, text + n, n);
		hyb_sha256_blocks_c(b, text + n, n);
		vec_case(&v, memcmp(a, b, sizeof(a)) == 0, "%zu blocks", n);
	}
	vec_end(&v);
}

int main(void)
{
	uint64_t seed = 88172645463325252ULL;

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (uint8_t)vec_random(&seed);
	every_length();
	split_updates();
	levels_agree();
	return vec_failures != 0;
}
