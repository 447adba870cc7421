/* Classic McEliece against the hashes of its known-answer files, and changed ciphertexts. */
#include "vec.h"

#include "hyb/hybx.h"
#include "hyb/int.h"
#include "x_drbg.h"

static struct hybx_mceliece_work work;
static uint8_t pk[HYBX_MCELIECE_PK_MAX], sk[HYBX_MCELIECE_SK_MAX];
static const char *const names[2] = { "Classic-McEliece-348864", "Classic-McEliece-6688128" };

static void put(EVP_MD_CTX *c, const void *p, size_t n)
{
	if (EVP_DigestUpdate(c, p, n) != 1)
		exit(1);
}

static void put_hex(EVP_MD_CTX *c, const char *name, const uint8_t *p, size_t n)
{
	static char hex[2 * HYBX_MCELIECE_PK_MAX];
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < n; i++) {
		hex[2 * i] = digits[p[i] >> 4];
		hex[2 * i + 1] = digits[p[i] & 15];
	}
	put(c, name, strlen(name));
	put(c, hex, 2 * n);
	put(c, "\n", 1);
}

/* One case as the harness writes it; false if the two secrets differ. */
static bool harness_case(EVP_MD_CTX *c, enum hybx_mceliece set, const uint8_t seed[48])
{
	uint8_t ct[HYBX_MCELIECE_CT_MAX], ss[32], back[32];
	struct drbg d;
	struct hyb_rng_hook hook = { drbg_fill, &d };
	enum hyb_st st = HYB_OK;

	drbg_seed(&d, seed);
	hyb_rng_hook(&hook);
	st = hybx_mceliece_keygen(set, pk, sk, &work);
	if (st == HYB_OK)
		st = hybx_mceliece_encaps(set, ct, ss, pk);
	hyb_rng_hook(NULL);
	if (st != HYB_OK)
		return false;
	put_hex(c, "seed = ", seed, 48);
	put_hex(c, "pk = ", pk, HYBX_MCELIECE_PK_BYTES(set));
	put_hex(c, "sk = ", sk, HYBX_MCELIECE_SK_BYTES(set));
	put_hex(c, "ct = ", ct, HYBX_MCELIECE_CT_BYTES(set));
	put_hex(c, "ss = ", ss, sizeof(ss));
	return hybx_mceliece_decaps(set, back, ct, sk, &work) == HYB_OK &&
		memcmp(ss, back, sizeof(ss)) == 0;
}

static bool digest_is(EVP_MD_CTX *c, hyb_bytes want)
{
	EVP_MD_CTX *copy = EVP_MD_CTX_new();
	uint8_t md[32];
	bool good = copy != NULL && EVP_MD_CTX_copy_ex(copy, c) == 1 &&
		EVP_DigestFinal_ex(copy, md, NULL) == 1 && vec_eq(md, sizeof(md), want);

	EVP_MD_CTX_free(copy);
	return good;
}

static void harness(const cJSON *hashes, enum hybx_mceliece set, unsigned cases)
{
	char name[100];
	struct vec v = { name, 0, 0 };
	const cJSON *want = cJSON_GetObjectItemCaseSensitive(hashes, names[set]);
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	struct drbg d;
	uint8_t seed[48];

	(void)snprintf(name, sizeof(name), "%s: hashes of the known-answer file", names[set]);
	for (unsigned i = 0; i < 48; i++)
		seed[i] = (uint8_t)i;
	drbg_seed(&d, seed);
	if (EVP_DigestInit_ex(c, EVP_sha256(), NULL) != 1)
		exit(1);
	for (unsigned i = 0; i < cases; i++) {
		char line[30];

		drbg_bytes(&d, seed, sizeof(seed));
		put(c, line,
			(size_t)snprintf(
				line, sizeof(line), "%scount = %u\n", i > 0 ? "\n" : "", i));
		vec_case(&v, harness_case(c, set, seed), "count %u: round trip", i);
		if (i == 0)
			vec_case(&v, digest_is(c, vec_hex(want, "single")), "first case");
	}
	if (cases > 1)
		vec_case(&v, digest_is(c, vec_hex(want, "all")), "all cases");
	EVP_MD_CTX_free(c);
	vec_end(&v);
}

/* Round trips; any change of the ciphertext gives another secret, the same one every time. */
static void changed(enum hybx_mceliece set)
{
	char name[100];
	struct vec v = { name, 0, 0 };
	size_t n = HYBX_MCELIECE_CT_BYTES(set);
	uint8_t ct[HYBX_MCELIECE_CT_MAX], ss[32], back[32], again[32], seed[32] = { 1 };

	(void)snprintf(name, sizeof(name), "%s: round trips, changed ciphertexts", names[set]);
	vec_case(&v, hybx_mceliece_keygen_derand(set, pk, sk, seed, &work) == HYB_OK, "key");
	for (unsigned i = 0; i < 20; i++) {
		seed[1] = (uint8_t)i;
		vec_case(&v,
			hybx_mceliece_encaps_derand(set, ct, ss, pk, seed) == HYB_OK &&
				hybx_mceliece_decaps(set, back, ct, sk, &work) == HYB_OK &&
				memcmp(ss, back, 32) == 0,
			"round trip %u", i);
	}
	for (size_t i = 0; i < n; i++) {
		ct[i] ^= (uint8_t)(1U << (i % 8));
		vec_case(&v,
			hybx_mceliece_decaps(set, back, ct, sk, &work) == HYB_OK &&
				hybx_mceliece_decaps(set, again, ct, sk, &work) == HYB_OK &&
				memcmp(ss, back, 32) != 0 && memcmp(back, again, 32) == 0,
			"byte %zu", i);
		ct[i] ^= (uint8_t)(1U << (i % 8));
	}
	vec_case(&v,
		hybx_mceliece_decaps(set, back, ct, sk, &work) == HYB_OK &&
			memcmp(ss, back, 32) == 0,
		"unchanged");
	sk[HYBX_MCELIECE_SK_BYTES(set) - 1] ^= 1;
	ct[0] ^= 1;
	vec_case(&v, hybx_mceliece_decaps(set, back, ct, sk, &work) == HYB_OK, "rejection");
	sk[HYBX_MCELIECE_SK_BYTES(set) - 1] ^= 1;
	vec_case(&v,
		hybx_mceliece_decaps(set, again, ct, sk, &work) == HYB_OK &&
			memcmp(back, again, 32) != 0,
		"rejection depends on the secret string");
	memset(ct, 0, n);
	vec_case(&v, hybx_mceliece_decaps(set, back, ct, sk, &work) == HYB_OK, "zero ciphertext");
	vec_end(&v);
}

static bool no_bytes(void *ctx, uint8_t *p, size_t n)
{
	(void)ctx;
	(void)p;
	(void)n;
	return false;
}

static void refusals(enum hybx_mceliece set)
{
	char name[100];
	struct vec v = { name, 0, 0 };
	struct hyb_rng_hook hook = { no_bytes, NULL };
	uint8_t ct[HYBX_MCELIECE_CT_MAX], ss[32] = { 1 }, any = 0;

	(void)snprintf(name, sizeof(name), "%s: no randomness leaves zeros", names[set]);
	hyb_rng_hook(&hook);
	memset(ct, 1, sizeof(ct));
	vec_case(&v, hybx_mceliece_encaps(set, ct, ss, pk) == HYB_E_RNG, "encaps");
	for (size_t i = 0; i < HYBX_MCELIECE_CT_BYTES(set); i++)
		any |= ct[i];
	for (size_t i = 0; i < sizeof(ss); i++)
		any |= ss[i];
	vec_case(&v, any == 0, "zeros");
	vec_case(&v, hybx_mceliece_keygen(set, pk, sk, &work) == HYB_E_RNG, "keygen");
	for (size_t i = 0; i < HYBX_MCELIECE_PK_BYTES(set); i++)
		any |= pk[i];
	for (size_t i = 0; i < HYBX_MCELIECE_SK_BYTES(set); i++)
		any |= sk[i];
	vec_case(&v, any == 0, "zero keys");
	hyb_rng_hook(NULL);
	vec_end(&v);
}

int main(void)
{
	cJSON *hashes =
		vec_json("Classic McEliece hashes", VECTORS "liboqs-kat-sha256/kem-kats.json");

	for (unsigned set = 0; set < 2; set++) {
		if (hashes != NULL)
			harness(hashes, (enum hybx_mceliece)set, 10);
		changed((enum hybx_mceliece)set);
		refusals((enum hybx_mceliece)set);
	}
	cJSON_Delete(hashes);
	return vec_failures != 0;
}
