#include "hyb/backend.h"
#include "hyb/lc.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdatomic.h>
#include <stdlib.h>

/*
 * Nothing here is newer than OpenSSL 3.0's headers: 3.5 brought the algorithms and the names of their
 * parameters, which are strings.
 */
#define PARAM_SEED "seed"
#define PARAM_IKME "ikme"
#define PARAM_CONTEXT "context-string"
#define PARAM_ENCODING "message-encoding"
#define PARAM_MU "mu"
#define PARAM_DETERMINISTIC "deterministic"
#define PARAM_ENTROPY "test-entropy"

/* The fetch query, owned; NULL for none. */
static char *_Atomic query;

static const char *properties(void)
{
	return atomic_load_explicit(&query, memory_order_acquire);
}

static const char *mlkem_name(unsigned k)
{
	return k == 2 ? "ML-KEM-512" : k == 3 ? "ML-KEM-768" : "ML-KEM-1024";
}

static const char *mldsa_name(unsigned set)
{
	return set == 44 ? "ML-DSA-44" : set == 65 ? "ML-DSA-65" : "ML-DSA-87";
}

static const char *slhdsa_name(enum hyb_slhdsa set)
{
	static const char *const names[HYB_SLHDSA_SETS] = { "SLH-DSA-SHA2-128s",
		"SLH-DSA-SHA2-128f", "SLH-DSA-SHA2-192s", "SLH-DSA-SHA2-192f", "SLH-DSA-SHA2-256s",
		"SLH-DSA-SHA2-256f", "SLH-DSA-SHAKE-128s", "SLH-DSA-SHAKE-128f",
		"SLH-DSA-SHAKE-192s", "SLH-DSA-SHAKE-192f", "SLH-DSA-SHAKE-256s",
		"SLH-DSA-SHAKE-256f" };

	return names[set];
}

/* Security parameter n by set; keys are 2n and 4n, signatures as in [FIPS205 §11]. */
static size_t slhdsa_n(enum hyb_slhdsa set)
{
	return 16 + 8 * (((size_t)set % 6) / 2);
}

static size_t slhdsa_sig_bytes(enum hyb_slhdsa set)
{
	static const size_t bytes[6] = { 7856, 17088, 16224, 35664, 29792, 49856 };

	return bytes[set % 6];
}

static size_t mlkem_ek_bytes(unsigned k)
{
	return 384 * k + 32;
}

static size_t mlkem_ct_bytes(unsigned k)
{
	return k == 4 ? HYB_MLKEM1024_CT_BYTES : 320 * k + 128;
}

static size_t mldsa_pk_bytes(unsigned set)
{
	return set == 44    ? HYB_MLDSA44_PK_BYTES
		: set == 65 ? HYB_MLDSA65_PK_BYTES
			    : HYB_MLDSA87_PK_BYTES;
}

static size_t mldsa_sk_bytes(unsigned set)
{
	return set == 44    ? HYB_MLDSA44_SK_BYTES
		: set == 65 ? HYB_MLDSA65_SK_BYTES
			    : HYB_MLDSA87_SK_BYTES;
}

static size_t mldsa_sig_bytes(unsigned set)
{
	return set == 44    ? HYB_MLDSA44_SIG_BYTES
		: set == 65 ? HYB_MLDSA65_SIG_BYTES
			    : HYB_MLDSA87_SIG_BYTES;
}

/* ---- keys ---- */
/* Parameters and key objects that libcrypto takes without const and only reads or counts. */
static OSSL_PARAM octets(const char *name, const uint8_t *p, size_t n)
{
	void *q;

	memcpy(&q, &p, sizeof q);
	return OSSL_PARAM_construct_octet_string(name, q, n);
}

static EVP_PKEY *key_of(const void *h)
{
	EVP_PKEY *key;

	memcpy(&key, &h, sizeof key);
	return key;
}

/* seed.p NULL: drawn by libcrypto. */
static EVP_PKEY *generate(const char *name, hyb_bytes seed)
{
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, name, properties());
	OSSL_PARAM params[] = { octets(PARAM_SEED, seed.p, seed.n), OSSL_PARAM_construct_end() };
	EVP_PKEY *key = NULL;

	if (c != NULL && EVP_PKEY_keygen_init(c) > 0 &&
		(seed.p == NULL || EVP_PKEY_CTX_set_params(c, params) > 0) &&
		EVP_PKEY_generate(c, &key) <= 0)
		key = NULL;
	EVP_PKEY_CTX_free(c);
	return key;
}

static EVP_PKEY *from_octets(const char *name, const char *what, hyb_bytes b)
{
	int selection =
		strcmp(what, OSSL_PKEY_PARAM_PUB_KEY) == 0 ? EVP_PKEY_PUBLIC_KEY : EVP_PKEY_KEYPAIR;
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, name, properties());
	OSSL_PARAM params[] = { octets(what, b.p, b.n), OSSL_PARAM_construct_end() };
	EVP_PKEY *key = NULL;

	if (c != NULL && EVP_PKEY_fromdata_init(c) > 0 &&
		EVP_PKEY_fromdata(c, &key, selection, params) <= 0)
		key = NULL;
	EVP_PKEY_CTX_free(c);
	return key;
}

static bool get(const EVP_PKEY *key, const char *what, uint8_t *out, size_t n)
{
	size_t got = 0;

	return EVP_PKEY_get_octet_string_param(key, what, out, n, &got) > 0 && got == n;
}

/* A private key by the length of its octets: the seed, or the FIPS form. */
static enum hyb_st key_new(void **h, const char *name, hyb_bytes key, size_t seed_bytes)
{
	(void)ERR_set_mark();
	*h = key.n == seed_bytes ? generate(name, key)
				 : from_octets(name, OSSL_PKEY_PARAM_PRIV_KEY, key);
	(void)ERR_pop_to_mark();
	if (*h != NULL)
		return HYB_OK;
	return key.n == seed_bytes ? HYB_E_CRYPTO : HYB_E_BAD_KEY;
}

static enum hyb_st key_get(const void *h, const char *what, uint8_t *out, size_t n)
{
	bool good;

	(void)ERR_set_mark();
	good = get(key_of(h), what, out, n);
	(void)ERR_pop_to_mark();
	if (!good)
		hyb_wipe(out, n);
	return good ? HYB_OK : HYB_E_CRYPTO;
}

static void key_free(void *h)
{
	EVP_PKEY_free(h);
}

/* pub, and the seed where it was drawn. */
static enum hyb_st keygen(
	const char *name, uint8_t *pub, size_t pub_n, hyb_bytes seed, uint8_t *drawn)
{
	EVP_PKEY *key;
	bool good;

	(void)ERR_set_mark();
	key = generate(name, seed);
	good = key != NULL && get(key, OSSL_PKEY_PARAM_PUB_KEY, pub, pub_n) &&
		(drawn == NULL || get(key, PARAM_SEED, drawn, drawn != NULL ? seed.n : 0));
	(void)ERR_pop_to_mark();
	EVP_PKEY_free(key);
	if (!good)
		hyb_wipe(pub, pub_n);
	if (!good && drawn != NULL)
		hyb_wipe(drawn, seed.n);
	return good ? HYB_OK : HYB_E_CRYPTO;
}

/* ---- ML-KEM ---- */
static enum hyb_st mlkem_keygen(unsigned k, uint8_t *ek, uint8_t *seed, bool is_given)
{
	return keygen(mlkem_name(k), ek, mlkem_ek_bytes(k),
		(hyb_bytes){ is_given ? seed : NULL, HYB_MLKEM_SEED_BYTES },
		is_given ? NULL : seed);
}

static bool encapsulate(EVP_PKEY *key, uint8_t *ct, size_t ct_n, uint8_t *ss, const uint8_t *m)
{
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_pkey(NULL, key, properties());
	OSSL_PARAM params[] = { octets(PARAM_IKME, m, 32), OSSL_PARAM_construct_end() };
	size_t n = ct_n, ss_n = HYB_MLKEM_SS_BYTES;
	bool good = c != NULL && EVP_PKEY_encapsulate_init(c, m != NULL ? params : NULL) > 0 &&
		EVP_PKEY_encapsulate(c, ct, &n, ss, &ss_n) > 0 && n == ct_n &&
		ss_n == HYB_MLKEM_SS_BYTES;

	EVP_PKEY_CTX_free(c);
	return good;
}

static enum hyb_st mlkem_encaps(
	unsigned k, uint8_t *ct, uint8_t *ss, const uint8_t *ek, const uint8_t *m)
{
	enum hyb_st st = HYB_E_BAD_KEY;
	EVP_PKEY *key;

	(void)ERR_set_mark();
	key = from_octets(
		mlkem_name(k), OSSL_PKEY_PARAM_PUB_KEY, (hyb_bytes){ ek, mlkem_ek_bytes(k) });
	if (key != NULL)
		st = encapsulate(key, ct, mlkem_ct_bytes(k), ss, m) ? HYB_OK : HYB_E_CRYPTO;
	(void)ERR_pop_to_mark();
	EVP_PKEY_free(key);
	if (st != HYB_OK) {
		hyb_wipe(ct, mlkem_ct_bytes(k));
		hyb_wipe(ss, HYB_MLKEM_SS_BYTES);
	}
	return st;
}

static enum hyb_st mlkem_dk_new(unsigned k, void **h, hyb_bytes key)
{
	return key_new(h, mlkem_name(k), key, HYB_MLKEM_SEED_BYTES);
}

static enum hyb_st mlkem_dk_export(unsigned k, uint8_t *fips, const void *h)
{
	return key_get(h, OSSL_PKEY_PARAM_PRIV_KEY, fips, 768 * k + 96);
}

static enum hyb_st mlkem_dk_ek(unsigned k, uint8_t *ek, const void *h)
{
	return key_get(h, OSSL_PKEY_PARAM_PUB_KEY, ek, mlkem_ek_bytes(k));
}

static void mlkem_decaps(unsigned k, uint8_t *ss, const uint8_t *ct, const void *h)
{
	EVP_PKEY_CTX *c;
	size_t n = HYB_MLKEM_SS_BYTES;
	bool good;

	(void)ERR_set_mark();
	c = EVP_PKEY_CTX_new_from_pkey(NULL, key_of(h), properties());
	good = c != NULL && EVP_PKEY_decapsulate_init(c, NULL) > 0 &&
		EVP_PKEY_decapsulate(c, ss, &n, ct, mlkem_ct_bytes(k)) > 0 &&
		n == HYB_MLKEM_SS_BYTES;
	(void)ERR_pop_to_mark();
	EVP_PKEY_CTX_free(c);
	/* A known secret must not leave here, and there is no way to say that none does. */
	if (!good && hyb_random(ss, HYB_MLKEM_SS_BYTES) != HYB_OK)
		abort();
}

/* ---- signatures ---- */
struct options {
	OSSL_PARAM p[6];
	size_t n;
	int zero, one;
};

static void add(struct options *o, OSSL_PARAM p)
{
	o->p[o->n++] = p;
}

/* rnd_n: bytes of m->rnd; 0 for verification. */
static void options(struct options *o, const struct hyb_pq_msg *m, size_t rnd_n)
{
	memset(o, 0, sizeof *o);
	o->one = 1;
	if (m->form == HYB_PQ_PURE && m->ctx.n > 0)
		add(o, octets(PARAM_CONTEXT, m->ctx.p, m->ctx.n));
	if (m->form == HYB_PQ_RAW)
		add(o, OSSL_PARAM_construct_int(PARAM_ENCODING, &o->zero));
	if (m->form == HYB_PQ_MU)
		add(o, OSSL_PARAM_construct_int(PARAM_MU, &o->one));
	if (rnd_n > 0 && !m->is_hedged)
		add(o,
			m->rnd != NULL ? octets(PARAM_ENTROPY, m->rnd, rnd_n)
				       : OSSL_PARAM_construct_int(PARAM_DETERMINISTIC, &o->one));
	add(o, OSSL_PARAM_construct_end());
}

/* One call of EVP takes no NULL, not even for nothing. */
static const uint8_t *some(hyb_bytes m)
{
	static const uint8_t nothing[1];

	return m.n > 0 ? m.p : nothing;
}

static enum hyb_st sign(
	EVP_PKEY *key, uint8_t *sig, size_t sig_n, const struct hyb_pq_msg *m, size_t rnd_n)
{
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	struct options o;
	size_t n = sig_n;
	bool good;

	options(&o, m, rnd_n);
	good = c != NULL && key != NULL &&
		EVP_DigestSignInit_ex(c, NULL, NULL, NULL, properties(), key, o.p) > 0 &&
		EVP_DigestSign(c, sig, &n, some(m->m), m->m.n) > 0 && n == sig_n;
	EVP_MD_CTX_free(c);
	if (!good)
		hyb_wipe(sig, sig_n);
	return good ? HYB_OK : HYB_E_CRYPTO;
}

static bool verify(const char *name, hyb_bytes sig, const struct hyb_pq_msg *m, hyb_bytes pk)
{
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	struct options o;
	EVP_PKEY *key;
	bool good;

	options(&o, m, 0);
	(void)ERR_set_mark();
	key = from_octets(name, OSSL_PKEY_PARAM_PUB_KEY, pk);
	good = c != NULL && key != NULL &&
		EVP_DigestVerifyInit_ex(c, NULL, NULL, NULL, properties(), key, o.p) > 0 &&
		EVP_DigestVerify(c, sig.p, sig.n, some(m->m), m->m.n) == 1;
	(void)ERR_pop_to_mark();
	EVP_PKEY_free(key);
	EVP_MD_CTX_free(c);
	return good;
}

static enum hyb_st mldsa_keygen(unsigned set, uint8_t *pk, uint8_t *seed, bool is_given)
{
	return keygen(mldsa_name(set), pk, mldsa_pk_bytes(set),
		(hyb_bytes){ is_given ? seed : NULL, HYB_MLDSA_SEED_BYTES },
		is_given ? NULL : seed);
}

static enum hyb_st mldsa_sk_new(unsigned set, void **h, hyb_bytes key)
{
	return key_new(h, mldsa_name(set), key, HYB_MLDSA_SEED_BYTES);
}

static enum hyb_st mldsa_sk_export(unsigned set, uint8_t *fips, const void *h)
{
	return key_get(h, OSSL_PKEY_PARAM_PRIV_KEY, fips, mldsa_sk_bytes(set));
}

static enum hyb_st mldsa_sk_pk(unsigned set, uint8_t *pk, const void *h)
{
	return key_get(h, OSSL_PKEY_PARAM_PUB_KEY, pk, mldsa_pk_bytes(set));
}

static enum hyb_st mldsa_sign(unsigned set, uint8_t *sig, const struct hyb_pq_msg *m, const void *h)
{
	enum hyb_st st;

	(void)ERR_set_mark();
	st = sign(key_of(h), sig, mldsa_sig_bytes(set), m, 32);
	(void)ERR_pop_to_mark();
	return st;
}

static bool mldsa_verify(
	unsigned set, const uint8_t *sig, const struct hyb_pq_msg *m, const uint8_t *pk)
{
	return verify(mldsa_name(set), (hyb_bytes){ sig, mldsa_sig_bytes(set) }, m,
		(hyb_bytes){ pk, mldsa_pk_bytes(set) });
}

static enum hyb_st slhdsa_keygen(
	enum hyb_slhdsa set, uint8_t *pk, uint8_t *sk, const uint8_t *seeds)
{
	size_t n = slhdsa_n(set);
	EVP_PKEY *key;
	bool good;

	(void)ERR_set_mark();
	key = generate(slhdsa_name(set), (hyb_bytes){ seeds, 3 * n });
	good = key != NULL && get(key, OSSL_PKEY_PARAM_PUB_KEY, pk, 2 * n) &&
		get(key, OSSL_PKEY_PARAM_PRIV_KEY, sk, 4 * n);
	(void)ERR_pop_to_mark();
	EVP_PKEY_free(key);
	if (!good) {
		hyb_wipe(pk, 2 * n);
		hyb_wipe(sk, 4 * n);
	}
	return good ? HYB_OK : HYB_E_CRYPTO;
}

static enum hyb_st slhdsa_sign(
	enum hyb_slhdsa set, uint8_t *sig, const struct hyb_pq_msg *m, const uint8_t *sk)
{
	size_t n = slhdsa_n(set);
	enum hyb_st st;
	EVP_PKEY *key;

	(void)ERR_set_mark();
	key = from_octets(slhdsa_name(set), OSSL_PKEY_PARAM_PRIV_KEY, (hyb_bytes){ sk, 4 * n });
	st = sign(key, sig, slhdsa_sig_bytes(set), m, n);
	(void)ERR_pop_to_mark();
	EVP_PKEY_free(key);
	return st;
}

static bool slhdsa_verify(
	enum hyb_slhdsa set, hyb_bytes sig, const struct hyb_pq_msg *m, const uint8_t *pk)
{
	return verify(slhdsa_name(set), sig, m, (hyb_bytes){ pk, 2 * slhdsa_n(set) });
}

static const struct hyb_pq_backend openssl = {
	.mlkem_keygen = mlkem_keygen,
	.mlkem_encaps = mlkem_encaps,
	.mlkem_dk_new = mlkem_dk_new,
	.mlkem_dk_export = mlkem_dk_export,
	.mlkem_dk_ek = mlkem_dk_ek,
	.mlkem_decaps = mlkem_decaps,
	.mlkem_dk_free = key_free,
	.mldsa_keygen = mldsa_keygen,
	.mldsa_sk_new = mldsa_sk_new,
	.mldsa_sk_export = mldsa_sk_export,
	.mldsa_sk_pk = mldsa_sk_pk,
	.mldsa_sign = mldsa_sign,
	.mldsa_verify = mldsa_verify,
	.mldsa_sk_free = key_free,
	.slhdsa_keygen = slhdsa_keygen,
	.slhdsa_sign = slhdsa_sign,
	.slhdsa_verify = slhdsa_verify,
};

/* ---- choosing ---- */
static bool has_kem(const char *name, const char *props)
{
	EVP_KEM *kem = EVP_KEM_fetch(NULL, name, props);

	EVP_KEM_free(kem);
	return kem != NULL;
}

static bool has_signature(const char *name, const char *props)
{
	EVP_SIGNATURE *s = EVP_SIGNATURE_fetch(NULL, name, props);

	EVP_SIGNATURE_free(s);
	return s != NULL;
}

static bool has_all(const char *props)
{
	static const unsigned sets[] = { 44, 65, 87 };
	bool good = true;

	for (unsigned i = 0; i < 3; i++)
		good = good && has_kem(mlkem_name(i + 2), props) &&
			has_signature(mldsa_name(sets[i]), props);
	for (unsigned i = 0; i < HYB_SLHDSA_SETS; i++)
		good = good && has_signature(slhdsa_name((enum hyb_slhdsa)i), props);
	return good;
}

enum hyb_st hyb_backend_set(enum hyb_backend b, const char *props)
{
	char *copy = NULL;
	bool good;

	if (b == HYB_BACKEND_NATIVE) {
		hyb_backend_pq_use(NULL);
		return HYB_OK;
	}
	if (b != HYB_BACKEND_OPENSSL)
		return HYB_E_ARG;
	(void)ERR_set_mark();
	good = has_all(props);
	if (good && props != NULL) {
		copy = OPENSSL_strdup(props);
		good = copy != NULL;
	}
	(void)ERR_pop_to_mark();
	if (!good)
		return HYB_E_BACKEND;
	OPENSSL_free(atomic_exchange_explicit(&query, copy, memory_order_acq_rel));
	hyb_backend_pq_use(&openssl);
	return HYB_OK;
}
