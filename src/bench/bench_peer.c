/* bench_peer.c — finding other libraries and calling them by prototypes of our own. */
#include "bench_peer.h"

#include <dlfcn.h>
#include <string.h>

/* Named so that the program is linked to the libcrypto that it is to time. */
extern const char *OpenSSL_version(int what);

#define PARAM_UINT 2U
#define PARAM_INT 1U
#define PARAM_TEXT 4U
#define PARAM_BYTES 5U

/* POSIX promises that a function's address fits a data pointer; ISO C does not let us cast. */
static bool find(void *lib, const char *name, void *fn)
{
	void *p = dlsym(lib, name);

	memcpy(fn, &p, sizeof(p));
	return p != NULL;
}

#define FIND(field, name) all = find(lib, name, &e->field) && all

static bool load_evp(struct bench_evp *e, void *lib)
{
	bool all = true;

	FIND(version, "OpenSSL_version");
	FIND(ctx_by_name, "EVP_PKEY_CTX_new_from_name");
	FIND(ctx_by_key, "EVP_PKEY_CTX_new_from_pkey");
	FIND(ctx_free, "EVP_PKEY_CTX_free");
	FIND(keygen_init, "EVP_PKEY_keygen_init");
	FIND(ctx_set_params, "EVP_PKEY_CTX_set_params");
	FIND(generate, "EVP_PKEY_generate");
	FIND(key_free, "EVP_PKEY_free");
	FIND(encaps_init, "EVP_PKEY_encapsulate_init");
	FIND(encaps, "EVP_PKEY_encapsulate");
	FIND(decaps_init, "EVP_PKEY_decapsulate_init");
	FIND(decaps, "EVP_PKEY_decapsulate");
	FIND(derive_init, "EVP_PKEY_derive_init");
	FIND(derive_peer, "EVP_PKEY_derive_set_peer");
	FIND(derive, "EVP_PKEY_derive");
	FIND(sign_init, "EVP_PKEY_sign_init");
	FIND(sign, "EVP_PKEY_sign");
	FIND(verify_init, "EVP_PKEY_verify_init");
	FIND(verify, "EVP_PKEY_verify");
	FIND(md_ctx_new, "EVP_MD_CTX_new");
	FIND(md_ctx_free, "EVP_MD_CTX_free");
	FIND(ds_init, "EVP_DigestSignInit_ex");
	FIND(ds, "EVP_DigestSign");
	FIND(dv_init, "EVP_DigestVerifyInit_ex");
	FIND(dv, "EVP_DigestVerify");
	FIND(md_fetch, "EVP_MD_fetch");
	FIND(md_init, "EVP_DigestInit_ex2");
	FIND(md_update, "EVP_DigestUpdate");
	FIND(md_final, "EVP_DigestFinal_ex");
	FIND(md_xof, "EVP_DigestFinalXOF");
	FIND(cipher_fetch, "EVP_CIPHER_fetch");
	FIND(cipher_ctx_new, "EVP_CIPHER_CTX_new");
	FIND(cipher_ctx_free, "EVP_CIPHER_CTX_free");
	FIND(cipher_init, "EVP_EncryptInit_ex2");
	FIND(cipher_update, "EVP_EncryptUpdate");
	FIND(cipher_final, "EVP_EncryptFinal_ex");
	FIND(cipher_get, "EVP_CIPHER_CTX_get_params");
	FIND(mac_fetch, "EVP_MAC_fetch");
	FIND(mac_ctx_new, "EVP_MAC_CTX_new");
	FIND(mac_ctx_free, "EVP_MAC_CTX_free");
	FIND(mac_init, "EVP_MAC_init");
	FIND(mac_update, "EVP_MAC_update");
	FIND(mac_final, "EVP_MAC_final");
	FIND(err_clear, "ERR_clear_error");
	return all;
}

static bool load_oqs(struct bench_oqs *e, void *lib)
{
	bool all = true;

	FIND(kem_new, "OQS_KEM_new");
	FIND(kem_free, "OQS_KEM_free");
	FIND(kem_keypair, "OQS_KEM_keypair");
	FIND(kem_encaps, "OQS_KEM_encaps");
	FIND(kem_decaps, "OQS_KEM_decaps");
	FIND(sig_new, "OQS_SIG_new");
	FIND(sig_free, "OQS_SIG_free");
	FIND(sig_keypair, "OQS_SIG_keypair");
	FIND(sig_sign, "OQS_SIG_sign");
	FIND(sig_verify, "OQS_SIG_verify");
	FIND(random, "OQS_randombytes_custom_algorithm");
	FIND(random_named, "OQS_randombytes_switch_algorithm");
	(void)find(lib, "OQS_version", &e->version);
	(void)find(lib, "OQS_init", &e->init);
	return all;
}

static bool load_sodium(struct bench_sodium *e, void *lib)
{
	bool all = true;

	FIND(init, "sodium_init");
	FIND(keypair, "crypto_kem_keypair");
	FIND(enc, "crypto_kem_enc");
	FIND(dec, "crypto_kem_dec");
	(void)find(lib, "sodium_version_string", &e->version);
	return all;
}

/* "OpenSSL 3.5.7 9 Jun 2026 (Library: …)" becomes "OpenSSL 3.5.7". */
static void name_evp(struct bench_peer *p)
{
	const char *v = p->evp.version(0), *s = strchr(v, ' ');
	size_t n;

	s = s == NULL ? NULL : strchr(s + 1, ' ');
	n = s == NULL ? strlen(v) : (size_t)(s - v);
	n = n < 60 ? n : 60;
	memcpy(p->name, v, n);
	p->name[n] = '\0';
}

static void open_against(struct bench *b, struct bench_peer *p)
{
	p->lib = dlopen(b->against, RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
	if (p->lib == NULL) {
		const char *why = dlerror();

		bench_missing(b, "%.150s", why != NULL ? why : "it cannot be loaded");
		return;
	}
	/* liboqs may be linked to libcrypto, whose names are then found through it. */
	p->has_oqs = load_oqs(&p->oqs, p->lib);
	p->has_sodium = !p->has_oqs && load_sodium(&p->sodium, p->lib);
	p->has_evp = !p->has_oqs && !p->has_sodium && load_evp(&p->evp, p->lib);
	if (p->has_evp) {
		name_evp(p);
		(void)snprintf(
			p->name + strlen(p->name), sizeof(p->name) - strlen(p->name), " (against)");
	} else if (p->has_oqs) {
		if (p->oqs.init != NULL)
			p->oqs.init();
		(void)snprintf(p->name, sizeof(p->name), "liboqs %s",
			p->oqs.version != NULL ? p->oqs.version() : "");
	} else if (p->has_sodium && p->sodium.init() >= 0) {
		(void)snprintf(p->name, sizeof(p->name), "libsodium %s",
			p->sodium.version != NULL ? p->sodium.version() : "");
	} else {
		bench_missing(b,
			"%.100s: has none of OQS_KEM_*/OQS_SIG_*, EVP_* of OpenSSL 3, "
			"crypto_kem_*",
			b->against);
	}
}

void bench_peers_open(struct bench *b)
{
	b->peer[0].has_evp = OpenSSL_version(0) != NULL && load_evp(&b->peer[0].evp, RTLD_DEFAULT);
	if (b->peer[0].has_evp)
		name_evp(&b->peer[0]);
	else
		bench_missing(b, "a libcrypto of OpenSSL 3.0 or later");
	if (b->against != NULL)
		open_against(b, &b->peer[1]);
}

const char *bench_refused(const struct bench *b)
{
	bool is_there = b->against == NULL || b->peer[1].name[0] != '\0';

	return is_there || b->n_missing == 0 ? NULL : b->missing[b->n_missing - 1];
}

void bench_peers_close(struct bench *b)
{
	for (size_t i = 0; i < BENCH_PEERS_MAX; i++)
		if (b->peer[i].lib != NULL)
			(void)dlclose(b->peer[i].lib);
}

const struct bench_peer *bench_libcrypto(const struct bench *b)
{
	return b->peer[0].has_evp ? &b->peer[0] : NULL;
}

/*
 * Counted from here, 64 messages take 4.27, 5.13 and 3.84 attempts in ML-DSA-44, -65 and -87 with the
 * key of the zero seed and rnd = 0: the expected 4.25, 5.1 and 3.85 [FIPS204 Table 1].
 */
#define FIRST_MESSAGE 7537U

void bench_message(uint8_t out[32], size_t item)
{
	size_t n = item + FIRST_MESSAGE;

	memset(out, 0, 32);
	out[0] = (uint8_t)n;
	out[1] = (uint8_t)(n >> 8);
}

/* ---- libcrypto ---- */

static bool generate(struct bench_key *k, const struct bench_key_spec *s)
{
	size_t bits = s->bits;
	struct bench_param p[3];
	size_t n = 0;

	memset(p, 0, sizeof(p));
	if (s->group != NULL)
		p[n++] = (struct bench_param){ "group", PARAM_TEXT, (void *)(uintptr_t)s->group,
			strlen(s->group), SIZE_MAX };
	if (bits != 0)
		p[n++] = (struct bench_param){ "bits", PARAM_UINT, &bits, sizeof(bits), SIZE_MAX };
	if (s->seed != NULL)
		p[n++] = (struct bench_param){ "seed", PARAM_BYTES, (void *)(uintptr_t)s->seed,
			s->seed_n, SIZE_MAX };
	k->gen = k->e->ctx_by_name(NULL, s->name, NULL);
	return k->gen != NULL && k->e->keygen_init(k->gen) > 0 &&
		(n == 0 || k->e->ctx_set_params(k->gen, p) > 0) &&
		k->e->generate(k->gen, &k->key) > 0;
}

static void *key_ctx(struct bench_key *k)
{
	return k->e->ctx_by_key(NULL, k->key, NULL);
}

static bool open_kem(struct bench_key *k)
{
	k->enc = key_ctx(k);
	k->dec = key_ctx(k);
	return k->enc != NULL && k->dec != NULL && k->e->encaps_init(k->enc, NULL) > 0 &&
		k->e->decaps_init(k->dec, NULL) > 0 && bench_key_encaps(k, 0) &&
		bench_key_decaps(k, 0) && memcmp(k->ss, k->ss2, k->ss_n) == 0;
}

static bool open_derive(struct bench_key *k)
{
	void *other = NULL;
	bool ok;

	k->der = key_ctx(k);
	ok = k->der != NULL && k->e->generate(k->gen, &other) > 0 &&
		k->e->derive_init(k->der) > 0 && k->e->derive_peer(k->der, other) > 0 &&
		bench_key_derive(k, 0);
	if (other != NULL)
		k->e->key_free(other);
	return ok;
}

static bool open_sign(struct bench_key *k)
{
	if (k->is_oneshot) {
		k->md = k->e->md_ctx_new();
		if (k->md == NULL)
			return false;
	} else {
		k->sig = key_ctx(k);
		k->ver = key_ctx(k);
		if (k->sig == NULL || k->ver == NULL || k->e->sign_init(k->sig) <= 0 ||
			k->e->verify_init(k->ver) <= 0)
			return false;
	}
	return bench_key_sign(k, 0) && bench_key_verify(k, 0);
}

bool bench_key_open(struct bench_key *k, const struct bench_evp *e, const struct bench_key_spec *s)
{
	bool ok;

	memset(k, 0, sizeof(*k));
	k->e = e;
	k->is_oneshot = s->is_oneshot;
	k->sign_params = s->sign_params;
	k->tbs_n = s->tbs_n;
	ok = generate(k, s);
	if (ok && s->is_kem)
		ok = open_kem(k);
	if (ok && s->is_derive)
		ok = open_derive(k);
	if (ok && s->is_sign)
		ok = open_sign(k);
	if (!ok) {
		e->err_clear();
		bench_key_close(k);
	}
	return ok;
}

void bench_key_close(struct bench_key *k)
{
	void *const ctx[] = { k->gen, k->enc, k->dec, k->der, k->sig, k->ver };

	if (k->e == NULL)
		return;
	for (size_t i = 0; i < sizeof(ctx) / sizeof(ctx[0]); i++)
		if (ctx[i] != NULL)
			k->e->ctx_free(ctx[i]);
	if (k->md != NULL)
		k->e->md_ctx_free(k->md);
	if (k->key != NULL)
		k->e->key_free(k->key);
	memset(k, 0, sizeof(*k));
}

bool bench_key_generate(void *ctx, size_t item)
{
	struct bench_key *k = ctx;
	void *key = NULL;
	bool ok = k->e->generate(k->gen, &key) > 0;

	(void)item;
	if (key != NULL)
		k->e->key_free(key);
	return ok;
}

bool bench_key_encaps(void *ctx, size_t item)
{
	struct bench_key *k = ctx;

	(void)item;
	k->ct_n = sizeof(k->ct);
	k->ss_n = sizeof(k->ss);
	return k->e->encaps(k->enc, k->ct, &k->ct_n, k->ss, &k->ss_n) > 0;
}

bool bench_key_decaps(void *ctx, size_t item)
{
	struct bench_key *k = ctx;
	size_t n = sizeof(k->ss2);

	(void)item;
	return k->e->decaps(k->dec, k->ss2, &n, k->ct, k->ct_n) > 0;
}

bool bench_key_derive(void *ctx, size_t item)
{
	struct bench_key *k = ctx;

	(void)item;
	k->ss_n = sizeof(k->ss);
	return k->e->derive(k->der, k->ss, &k->ss_n) > 0;
}

bool bench_key_sign(void *ctx, size_t item)
{
	struct bench_key *k = ctx;

	bench_message(k->tbs, item);
	k->sig_n = sizeof(k->sig_out);
	if (!k->is_oneshot)
		return k->e->sign(k->sig, k->sig_out, &k->sig_n, k->tbs, k->tbs_n) > 0;
	return k->e->ds_init(k->md, NULL, NULL, NULL, NULL, k->key, k->sign_params) > 0 &&
		k->e->ds(k->md, k->sig_out, &k->sig_n, k->tbs, k->tbs_n) > 0;
}

bool bench_key_verify(void *ctx, size_t item)
{
	struct bench_key *k = ctx;

	(void)item;
	if (!k->is_oneshot)
		return k->e->verify(k->ver, k->sig_out, k->sig_n, k->tbs, k->tbs_n) > 0;
	return k->e->dv_init(k->md, NULL, NULL, NULL, NULL, k->key, NULL) > 0 &&
		k->e->dv(k->md, k->sig_out, k->sig_n, k->tbs, k->tbs_n) > 0;
}

/* ---- liboqs ---- */

static void zeros(uint8_t *p, size_t n)
{
	memset(p, 0, n);
}

/* is_fixed: zero seed and zero randomness, so that every library signs the same list. */
bool bench_oqs_open(struct bench_oqs_key *k, const struct bench_oqs *o, const char *kem,
	const char *sig, bool is_fixed)
{
	bool ok;

	memset(k, 0, sizeof(*k));
	k->o = o;
	if (is_fixed)
		o->random(zeros);
	else
		(void)o->random_named("system");
	k->kem = kem == NULL ? NULL : o->kem_new(kem);
	k->sig = sig == NULL ? NULL : o->sig_new(sig);
	ok = k->kem != NULL
		? bench_oqs_kem_keygen(k, 0) && bench_oqs_encaps(k, 0) && bench_oqs_decaps(k, 0)
		: k->sig != NULL && bench_oqs_sig_keygen(k, 0) && bench_oqs_sign(k, 0) &&
			bench_oqs_verify(k, 0);
	if (!ok)
		bench_oqs_close(k);
	return ok;
}

void bench_oqs_close(struct bench_oqs_key *k)
{
	if (k->o == NULL)
		return;
	if (k->kem != NULL)
		k->o->kem_free(k->kem);
	if (k->sig != NULL)
		k->o->sig_free(k->sig);
	(void)k->o->random_named("system");
	k->o = NULL;
}

bool bench_oqs_kem_keygen(void *ctx, size_t item)
{
	struct bench_oqs_key *k = ctx;

	(void)item;
	return k->o->kem_keypair(k->kem, k->pk, k->sk) == 0;
}

bool bench_oqs_encaps(void *ctx, size_t item)
{
	struct bench_oqs_key *k = ctx;

	(void)item;
	return k->o->kem_encaps(k->kem, k->ct, k->ss, k->pk) == 0;
}

bool bench_oqs_decaps(void *ctx, size_t item)
{
	struct bench_oqs_key *k = ctx;

	(void)item;
	return k->o->kem_decaps(k->kem, k->ss, k->ct, k->sk) == 0;
}

bool bench_oqs_sig_keygen(void *ctx, size_t item)
{
	struct bench_oqs_key *k = ctx;

	(void)item;
	return k->o->sig_keypair(k->sig, k->pk, k->sk) == 0;
}

bool bench_oqs_sign(void *ctx, size_t item)
{
	struct bench_oqs_key *k = ctx;
	uint8_t m[32];

	k->item = item;
	bench_message(m, item);
	return k->o->sig_sign(k->sig, k->sig_out, &k->sig_n, m, sizeof(m), k->sk) == 0;
}

bool bench_oqs_verify(void *ctx, size_t item)
{
	struct bench_oqs_key *k = ctx;
	uint8_t m[32];

	(void)item;
	bench_message(m, k->item);
	return k->o->sig_verify(k->sig, m, sizeof(m), k->sig_out, k->sig_n, k->pk) == 0;
}

/* ---- libsodium ---- */

bool bench_sodium_open(struct bench_sodium_key *k, const struct bench_sodium *s)
{
	memset(k, 0, sizeof(*k));
	k->s = s;
	return bench_sodium_keygen(k, 0) && bench_sodium_encaps(k, 0) && bench_sodium_decaps(k, 0);
}

bool bench_sodium_keygen(void *ctx, size_t item)
{
	struct bench_sodium_key *k = ctx;

	(void)item;
	return k->s->keypair(k->pk, k->sk) == 0;
}

bool bench_sodium_encaps(void *ctx, size_t item)
{
	struct bench_sodium_key *k = ctx;

	(void)item;
	return k->s->enc(k->ct, k->ss, k->pk) == 0;
}

bool bench_sodium_decaps(void *ctx, size_t item)
{
	struct bench_sodium_key *k = ctx;

	(void)item;
	return k->s->dec(k->ss, k->ct, k->sk) == 0;
}
