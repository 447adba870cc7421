/*
 * The TLS 1.3 groups 0x11EB to 0x11ED against libcrypto's own, both ways: what one side encapsulates
 * the other opens to the same octets. Needs libcrypto 3.5 and later, and no JSON: it also runs in
 * another system's root.
 */
#include <openssl/core_names.h>
#include <openssl/evp.h>

#include "hyb/kem.h"
#include "vec.h"

#define ROUNDS 8

static const enum hyb_kem_id groups[] = { HYB_KEM_TLS_X25519MLKEM768, HYB_KEM_TLS_SECP256R1MLKEM768,
	HYB_KEM_TLS_SECP384R1MLKEM1024 };

static EVP_PKEY *generate(const char *name)
{
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, name, NULL);
	EVP_PKEY *key = NULL;

	if (c != NULL && EVP_PKEY_keygen_init(c) > 0)
		(void)EVP_PKEY_generate(c, &key);
	EVP_PKEY_CTX_free(c);
	return key;
}

static EVP_PKEY *from_public(const char *name, uint8_t *ek, size_t n)
{
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, name, NULL);
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, ek, n),
		OSSL_PARAM_construct_end(),
	};
	EVP_PKEY *key = NULL;

	if (c != NULL && EVP_PKEY_fromdata_init(c) > 0)
		(void)EVP_PKEY_fromdata(c, &key, EVP_PKEY_PUBLIC_KEY, params);
	EVP_PKEY_CTX_free(c);
	return key;
}

/* We encapsulate to a key of libcrypto's; a changed ciphertext gives it another secret than ours. */
static bool to_them(const struct hyb_kem_suite *s)
{
	uint8_t ek[HYB_KEM_EK_MAX], ct[HYB_KEM_CT_MAX], ss[HYB_KEM_SS_MAX], theirs[HYB_KEM_SS_MAX];
	EVP_PKEY *key = generate(s->name);
	EVP_PKEY_CTX *c = key != NULL ? EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL) : NULL;
	size_t n = 0, ss_n = sizeof theirs;
	bool good = c != NULL &&
		EVP_PKEY_get_octet_string_param(
			key, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, ek, sizeof ek, &n) > 0 &&
		n == s->ek_bytes && hyb_kem_encaps(s, ct, ss, ek) == HYB_OK &&
		EVP_PKEY_decapsulate_init(c, NULL) > 0 &&
		EVP_PKEY_decapsulate(c, theirs, &ss_n, ct, s->ct_bytes) > 0 &&
		vec_eq(theirs, ss_n, (hyb_bytes){ ss, s->ss_bytes });

	ct[s->ct_bytes / 2] ^= 1;
	ss_n = sizeof theirs;
	good = good && EVP_PKEY_decapsulate(c, theirs, &ss_n, ct, s->ct_bytes) > 0 &&
		!vec_eq(theirs, ss_n, (hyb_bytes){ ss, s->ss_bytes });
	EVP_PKEY_CTX_free(c);
	EVP_PKEY_free(key);
	return good;
}

static bool to_us(const struct hyb_kem_suite *s)
{
	uint8_t ek[HYB_KEM_EK_MAX], ct[HYB_KEM_CT_MAX], ss[HYB_KEM_SS_MAX], theirs[HYB_KEM_SS_MAX];
	uint8_t seed[HYB_KEM_SEED_MAX];
	static struct hyb_kem_dk dk;
	size_t n = sizeof ct, ss_n = sizeof theirs;
	EVP_PKEY_CTX *c = NULL;
	EVP_PKEY *key = NULL;
	bool good =
		hyb_kem_keygen(s, ek, seed) == HYB_OK && hyb_kem_dk_expand(s, &dk, seed) == HYB_OK;

	if (good)
		key = from_public(s->name, ek, s->ek_bytes);
	if (key != NULL)
		c = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	good = c != NULL && EVP_PKEY_encapsulate_init(c, NULL) > 0 &&
		EVP_PKEY_encapsulate(c, ct, &n, theirs, &ss_n) > 0 && n == s->ct_bytes &&
		ss_n == s->ss_bytes && hyb_kem_decaps(s, ss, ct, &dk) == HYB_OK &&
		vec_eq(ss, s->ss_bytes, (hyb_bytes){ theirs, ss_n });
	EVP_PKEY_CTX_free(c);
	EVP_PKEY_free(key);
	hyb_kem_dk_clear(&dk);
	return good;
}

int main(void)
{
	struct vec v = { "TLS groups with libcrypto, both ways", 0, 0 };
	EVP_PKEY *key = generate("X25519MLKEM768");

	EVP_PKEY_free(key);
	if (key == NULL) {
		printf("skip - %s: libcrypto here is %s, without these groups\n", v.name,
			lc_version());
		return 0;
	}
	printf("    %s\n", lc_version());
	for (unsigned i = 0; i < 3 * ROUNDS; i++) {
		const struct hyb_kem_suite *s = hyb_kem_suite(groups[i % 3]);

		vec_case(&v, to_them(s), "%s, we encapsulate", s->name);
		vec_case(&v, to_us(s), "%s, libcrypto encapsulates", s->name);
	}
	vec_end(&v);
	return vec_failures > 0;
}
