/*
 * The backend. Anywhere: every public function hands over to the table in use, and stays native where
 * libcrypto is older than 3.5. With libcrypto 3.5 and later: native and OpenSSL give the same bytes.
 * Needs libc and libcrypto alone, so that it also runs in another system's root: no JSON here.
 */
#include "hyb/backend.h"
#include "hyb/lc.h"
#include "vec.h"

static uint64_t state = 88172645463325252U;

static void fill(uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(vec_random(&state) >> 32);
}

static bool same(const uint8_t *a, const uint8_t *b, size_t n)
{
	return memcmp(a, b, n) == 0;
}

/* ---- the public functions of one parameter set, by the standards' names ---- */
struct kem {
	const char *name;
	unsigned k;
	size_t ek_n, ct_n, dk_n;
	enum hyb_st (*keygen)(uint8_t *ek, uint8_t *seed);
	enum hyb_st (*keygen_derand)(uint8_t *ek, const uint8_t *seed);
	enum hyb_st (*encaps)(uint8_t *ct, uint8_t *ss, const uint8_t *ek);
	enum hyb_st (*encaps_derand)(uint8_t *ct, uint8_t *ss, const uint8_t *ek, const uint8_t *m);
	enum hyb_st (*ek_prepare)(void *p, const uint8_t *ek);
	enum hyb_st (*encaps_prepared)(uint8_t *ct, uint8_t *ss, const void *p);
	enum hyb_st (*encaps_x8)(uint8_t *ct, uint8_t *ss, const uint8_t *const ek[8]);
	enum hyb_st (*expand)(void *dk, const uint8_t *seed);
	enum hyb_st (*import)(void *dk, const uint8_t *fips);
	void (*export)(uint8_t *fips, const void *dk);
	void (*ek_from_dk)(uint8_t *ek, const void *dk);
	void (*decaps)(uint8_t *ss, const uint8_t *ct, const void *dk);
	void (*clear)(void *dk);
};

#define KEM(N, K)                                                                                  \
	static enum hyb_st prepare##N(void *p, const uint8_t *ek)                                  \
	{                                                                                          \
		return hyb_mlkem##N##_ek_prepare(p, ek);                                           \
	}                                                                                          \
	static enum hyb_st prepared##N(uint8_t *ct, uint8_t *ss, const void *p)                    \
	{                                                                                          \
		return hyb_mlkem##N##_encaps_prepared(ct, ss, p);                                  \
	}                                                                                          \
	static enum hyb_st x8_##N(uint8_t *ct, uint8_t *ss, const uint8_t *const ek[8])            \
	{                                                                                          \
		return hyb_mlkem##N##_encaps_x8(                                                   \
			(uint8_t(*)[HYB_MLKEM##N##_CT_BYTES])ct, (uint8_t(*)[32])ss, ek);          \
	}                                                                                          \
	static enum hyb_st expand##N(void *dk, const uint8_t *seed)                                \
	{                                                                                          \
		return hyb_mlkem##N##_dk_expand(dk, seed);                                         \
	}                                                                                          \
	static enum hyb_st import##N(void *dk, const uint8_t *fips)                                \
	{                                                                                          \
		return hyb_mlkem##N##_dk_import(dk, fips);                                         \
	}                                                                                          \
	static void export##N(uint8_t *fips, const void *dk)                                       \
	{                                                                                          \
		hyb_mlkem##N##_dk_export(fips, dk);                                                \
	}                                                                                          \
	static void ek_from##N(uint8_t *ek, const void *dk)                                        \
	{                                                                                          \
		hyb_mlkem##N##_ek_from_dk(ek, dk);                                                 \
	}                                                                                          \
	static void decaps##N(uint8_t *ss, const uint8_t *ct, const void *dk)                      \
	{                                                                                          \
		hyb_mlkem##N##_decaps(ss, ct, dk);                                                 \
	}                                                                                          \
	static void clear##N(void *dk)                                                             \
	{                                                                                          \
		hyb_mlkem##N##_dk_clear(dk);                                                       \
	}                                                                                          \
	static const struct kem kem##N = { "ML-KEM-" #N, (K), HYB_MLKEM##N##_EK_BYTES,             \
		HYB_MLKEM##N##_CT_BYTES, HYB_MLKEM##N##_DK_BYTES, hyb_mlkem##N##_keygen,           \
		hyb_mlkem##N##_keygen_derand, hyb_mlkem##N##_encaps, hyb_mlkem##N##_encaps_derand, \
		prepare##N, prepared##N, x8_##N, expand##N, import##N, export##N, ek_from##N,      \
		decaps##N, clear##N };

KEM(512, 2)
KEM(768, 3)
KEM(1024, 4)

struct dsa {
	const char *name;
	unsigned set;
	size_t pk_n, sig_n, sk_n;
	enum hyb_st (*keygen)(uint8_t *pk, uint8_t *seed);
	enum hyb_st (*keygen_derand)(uint8_t *pk, const uint8_t *seed);
	enum hyb_st (*expand)(void *sk, const uint8_t *seed);
	enum hyb_st (*import)(void *sk, const uint8_t *fips);
	void (*export)(uint8_t *fips, const void *sk);
	void (*pk_from_sk)(uint8_t *pk, const void *sk);
	void (*clear)(void *sk);
	enum hyb_st (*sign)(uint8_t *sig, hyb_bytes m, hyb_bytes ctx, const void *sk);
	enum hyb_st (*sign_derand)(
		uint8_t *sig, hyb_bytes m, hyb_bytes ctx, const uint8_t *rnd, const void *sk);
	enum hyb_st (*sign_hash)(
		uint8_t *sig, hyb_bytes m, hyb_bytes ctx, const uint8_t *rnd, const void *sk);
	enum hyb_st (*sign_mu)(uint8_t *sig, const uint8_t *mu, const uint8_t *rnd, const void *sk);
	bool (*verify)(const uint8_t *sig, hyb_bytes m, hyb_bytes ctx, const uint8_t *pk);
	bool (*verify_hash)(const uint8_t *sig, hyb_bytes m, hyb_bytes ctx, const uint8_t *pk);
	bool (*verify_mu)(const uint8_t *sig, const uint8_t *mu, const uint8_t *pk);
	void (*prepare)(void *p, const uint8_t *pk);
	bool (*verify_prepared)(const uint8_t *sig, hyb_bytes m, hyb_bytes ctx, const void *p);
};

#define DSA(N)                                                                                     \
	static enum hyb_st dsa_expand##N(void *sk, const uint8_t *seed)                            \
	{                                                                                          \
		return hyb_mldsa##N##_sk_expand(sk, seed);                                         \
	}                                                                                          \
	static enum hyb_st dsa_import##N(void *sk, const uint8_t *fips)                            \
	{                                                                                          \
		return hyb_mldsa##N##_sk_import(sk, fips);                                         \
	}                                                                                          \
	static void dsa_export##N(uint8_t *fips, const void *sk)                                   \
	{                                                                                          \
		hyb_mldsa##N##_sk_export(fips, sk);                                                \
	}                                                                                          \
	static void pk_from##N(uint8_t *pk, const void *sk)                                        \
	{                                                                                          \
		hyb_mldsa##N##_pk_from_sk(pk, sk);                                                 \
	}                                                                                          \
	static void dsa_clear##N(void *sk)                                                         \
	{                                                                                          \
		hyb_mldsa##N##_sk_clear(sk);                                                       \
	}                                                                                          \
	static enum hyb_st sign##N(uint8_t *sig, hyb_bytes m, hyb_bytes ctx, const void *sk)       \
	{                                                                                          \
		return hyb_mldsa##N##_sign(sig, m, ctx, sk);                                       \
	}                                                                                          \
	static enum hyb_st sign_derand##N(                                                         \
		uint8_t *sig, hyb_bytes m, hyb_bytes ctx, const uint8_t *rnd, const void *sk)      \
	{                                                                                          \
		return hyb_mldsa##N##_sign_derand(sig, m, ctx, rnd, sk);                           \
	}                                                                                          \
	static enum hyb_st sign_hash##N(                                                           \
		uint8_t *sig, hyb_bytes m, hyb_bytes ctx, const uint8_t *rnd, const void *sk)      \
	{                                                                                          \
		return hyb_mldsa##N##_sign_hash(sig, HYB_SHA3_384, m, ctx, rnd, sk);               \
	}                                                                                          \
	static enum hyb_st sign_mu##N(                                                             \
		uint8_t *sig, const uint8_t *mu, const uint8_t *rnd, const void *sk)               \
	{                                                                                          \
		return hyb_mldsa##N##_sign_mu(sig, mu, rnd, sk);                                   \
	}                                                                                          \
	static bool verify_hash##N(                                                                \
		const uint8_t *sig, hyb_bytes m, hyb_bytes ctx, const uint8_t *pk)                 \
	{                                                                                          \
		return hyb_mldsa##N##_verify_hash(sig, HYB_SHA3_384, m, ctx, pk);                  \
	}                                                                                          \
	static void prepare_pk##N(void *p, const uint8_t *pk)                                      \
	{                                                                                          \
		hyb_mldsa##N##_pk_prepare(p, pk);                                                  \
	}                                                                                          \
	static bool verify_prep##N(const uint8_t *sig, hyb_bytes m, hyb_bytes ctx, const void *p)  \
	{                                                                                          \
		return hyb_mldsa##N##_verify_prepared(sig, m, ctx, p);                             \
	}                                                                                          \
	static const struct dsa dsa##N = { "ML-DSA-" #N, (N), HYB_MLDSA##N##_PK_BYTES,             \
		HYB_MLDSA##N##_SIG_BYTES, HYB_MLDSA##N##_SK_BYTES, hyb_mldsa##N##_keygen,          \
		hyb_mldsa##N##_keygen_derand, dsa_expand##N, dsa_import##N, dsa_export##N,         \
		pk_from##N, dsa_clear##N, sign##N, sign_derand##N, sign_hash##N, sign_mu##N,       \
		hyb_mldsa##N##_verify, verify_hash##N, hyb_mldsa##N##_verify_mu, prepare_pk##N,    \
		verify_prep##N };

DSA(44)
DSA(65)
DSA(87)

static const struct kem *const kems[] = { &kem512, &kem768, &kem1024 };
static const struct dsa *const dsas[] = { &dsa44, &dsa65, &dsa87 };

/* Prepared keys of the largest sets; n for native, o for the other one. */
static union {
	struct hyb_mlkem1024_dk dk;
	struct hyb_mldsa87_sk sk;
} key_n, key_o;

static union {
	struct hyb_mlkem1024_ek ek;
	struct hyb_mldsa87_pk pk;
} pub_o;

static uint8_t sig_n[HYB_SLHDSA_SIG_MAX], sig_o[HYB_SLHDSA_SIG_MAX];

/* ---- does everything ask the table? ---- */
static unsigned calls;

static enum hyb_st s_kem_keygen(unsigned k, uint8_t *ek, uint8_t *seed, bool is_given)
{
	(void)k;
	(void)ek;
	(void)seed;
	(void)is_given;
	calls++;
	return HYB_E_CRYPTO;
}

static enum hyb_st s_encaps(
	unsigned k, uint8_t *ct, uint8_t *ss, const uint8_t *ek, const uint8_t *m)
{
	(void)k;
	(void)ct;
	(void)ss;
	(void)ek;
	(void)m;
	calls++;
	return HYB_E_CRYPTO;
}

static enum hyb_st s_new(unsigned k, void **h, hyb_bytes key)
{
	static int thing;

	(void)k;
	(void)key;
	calls++;
	*h = &thing;
	return HYB_OK;
}

static enum hyb_st s_get(unsigned k, uint8_t *out, const void *h)
{
	(void)k;
	(void)out;
	(void)h;
	calls++;
	return HYB_E_CRYPTO;
}

static void s_decaps(unsigned k, uint8_t *ss, const uint8_t *ct, const void *h)
{
	(void)k;
	(void)ct;
	(void)h;
	calls++;
	ss[0] = 0x5a;
}

static void s_free(void *h)
{
	(void)h;
	calls++;
}

static enum hyb_st s_sign(unsigned set, uint8_t *sig, const struct hyb_pq_msg *m, const void *h)
{
	(void)set;
	(void)sig;
	(void)m;
	(void)h;
	calls++;
	return HYB_E_CRYPTO;
}

static bool s_verify(
	unsigned set, const uint8_t *sig, const struct hyb_pq_msg *m, const uint8_t *pk)
{
	(void)set;
	(void)sig;
	(void)m;
	(void)pk;
	calls++;
	return true;
}

static enum hyb_st s_slh_keygen(enum hyb_slhdsa set, uint8_t *pk, uint8_t *sk, const uint8_t *seeds)
{
	(void)set;
	(void)pk;
	(void)sk;
	(void)seeds;
	calls++;
	return HYB_E_CRYPTO;
}

static enum hyb_st s_slh_sign(
	enum hyb_slhdsa set, uint8_t *sig, const struct hyb_pq_msg *m, const uint8_t *sk)
{
	(void)set;
	(void)sig;
	(void)m;
	(void)sk;
	calls++;
	return HYB_E_CRYPTO;
}

static bool s_slh_verify(
	enum hyb_slhdsa set, hyb_bytes sig, const struct hyb_pq_msg *m, const uint8_t *pk)
{
	(void)set;
	(void)sig;
	(void)m;
	(void)pk;
	calls++;
	return true;
}

static const struct hyb_pq_backend stub = { s_kem_keygen, s_encaps, s_new, s_get, s_get, s_decaps,
	s_free, s_kem_keygen, s_new, s_get, s_get, s_sign, s_verify, s_free, s_slh_keygen,
	s_slh_sign, s_slh_verify };

/* The call went to the table, and what the table said came back. */
#define ASKS(V, NAME, EXPR)                                                                        \
	do {                                                                                       \
		calls = 0;                                                                         \
		vec_case((V), (EXPR) && calls > 0, "%s: %s", (NAME), #EXPR);                       \
	} while (0)

static void asks_kem(struct vec *v, const struct kem *k)
{
	static uint8_t ek[8][HYB_MLKEM1024_EK_BYTES], ct[8 * HYB_MLKEM1024_CT_BYTES];
	static uint8_t fips[HYB_MLKEM1024_DK_BYTES];
	const uint8_t *const eks[8] = { ek[0], ek[0], ek[0], ek[0], ek[0], ek[0], ek[0], ek[0] };
	uint8_t seed[64] = { 1 }, ss[8 * 32], m[32] = { 2 };

	hyb_backend_pq_use(NULL);
	vec_case(v, k->keygen_derand(ek[0], seed) == HYB_OK, "%s native", k->name);
	hyb_backend_pq_use(&stub);
	ASKS(v, k->name, k->keygen(ek[1], seed) == HYB_E_CRYPTO);
	ASKS(v, k->name, k->keygen_derand(ek[1], seed) == HYB_E_CRYPTO);
	ASKS(v, k->name, k->encaps(ct, ss, ek[0]) == HYB_E_CRYPTO);
	ASKS(v, k->name, k->encaps_derand(ct, ss, ek[0], m) == HYB_E_CRYPTO);
	ASKS(v, k->name, k->encaps_x8(ct, ss, eks) == HYB_E_CRYPTO);
	vec_case(v, k->ek_prepare(&pub_o, ek[0]) == HYB_OK, "%s prepare", k->name);
	ASKS(v, k->name, k->expand(&key_o, seed) == HYB_OK);
	/* The key stays with its table when native is chosen again. */
	hyb_backend_pq_use(NULL);
	ASKS(v, k->name, k->encaps_prepared(ct, ss, &pub_o) == HYB_E_CRYPTO);
	ASKS(v, k->name, (k->decaps(ss, ct, &key_o), ss[0] == 0x5a));
	ASKS(v, k->name, (k->export(fips, &key_o), true));
	ASKS(v, k->name, (k->ek_from_dk(ek[1], &key_o), true));
	ASKS(v, k->name, (k->clear(&key_o), true));
	hyb_backend_pq_use(&stub);
	ASKS(v, k->name, k->import(&key_o, fips) == HYB_OK);
	k->clear(&key_o);
	hyb_backend_pq_use(NULL);
}

static void asks_dsa(struct vec *v, const struct dsa *d)
{
	static uint8_t pk[HYB_MLDSA87_PK_BYTES], fips[HYB_MLDSA87_SK_BYTES];
	const hyb_bytes m = { pk, 40 }, ctx = { pk, 3 };
	uint8_t seed[32] = { 1 }, mu[64] = { 2 };

	hyb_backend_pq_use(&stub);
	ASKS(v, d->name, d->keygen(pk, seed) == HYB_E_CRYPTO);
	ASKS(v, d->name, d->keygen_derand(pk, seed) == HYB_E_CRYPTO);
	ASKS(v, d->name, d->expand(&key_o, seed) == HYB_OK);
	ASKS(v, d->name, d->verify(sig_o, m, ctx, pk));
	ASKS(v, d->name, d->verify_hash(sig_o, m, ctx, pk));
	ASKS(v, d->name, d->verify_mu(sig_o, mu, pk));
	d->prepare(&pub_o, pk);
	hyb_backend_pq_use(NULL);
	ASKS(v, d->name, d->verify_prepared(sig_o, m, ctx, &pub_o));
	ASKS(v, d->name, d->sign(sig_o, m, ctx, &key_o) == HYB_E_CRYPTO);
	ASKS(v, d->name, d->sign_derand(sig_o, m, ctx, seed, &key_o) == HYB_E_CRYPTO);
	ASKS(v, d->name, d->sign_hash(sig_o, m, ctx, NULL, &key_o) == HYB_E_CRYPTO);
	ASKS(v, d->name, d->sign_mu(sig_o, mu, NULL, &key_o) == HYB_E_CRYPTO);
	ASKS(v, d->name, (d->export(fips, &key_o), true));
	ASKS(v, d->name, (d->pk_from_sk(pk, &key_o), true));
	ASKS(v, d->name, (d->clear(&key_o), true));
	hyb_backend_pq_use(&stub);
	ASKS(v, d->name, d->import(&key_o, fips) == HYB_OK);
	d->clear(&key_o);
	hyb_backend_pq_use(NULL);
}

static void asks_slh(struct vec *v)
{
	uint8_t pk[HYB_SLHDSA_PK_MAX] = { 0 }, sk[HYB_SLHDSA_SK_MAX] = { 0 }, seeds[96] = { 0 };
	const hyb_bytes m = { seeds, 40 }, ctx = { seeds, 3 };

	hyb_backend_pq_use(&stub);
	for (unsigned i = 0; i < HYB_SLHDSA_SETS; i++) {
		const enum hyb_slhdsa s = (enum hyb_slhdsa)i;
		const char *name = hyb_slhdsa_info(s)->name;
		const hyb_bytes sig = { sig_o, hyb_slhdsa_info(s)->sig_bytes };

		ASKS(v, name, hyb_slhdsa_keygen(s, pk, sk) == HYB_E_CRYPTO);
		ASKS(v, name, hyb_slhdsa_keygen_derand(s, pk, sk, seeds) == HYB_E_CRYPTO);
		ASKS(v, name, hyb_slhdsa_sign(s, sig_o, m, ctx, sk) == HYB_E_CRYPTO);
		ASKS(v, name, hyb_slhdsa_sign_derand(s, sig_o, m, ctx, NULL, sk) == HYB_E_CRYPTO);
		ASKS(v, name, hyb_slhdsa_verify(s, sig, m, ctx, pk));
	}
	hyb_backend_pq_use(NULL);
}

/* ---- native = OpenSSL, byte for byte ---- */
static void use(enum hyb_backend b)
{
	if (hyb_backend_set(b, NULL) != HYB_OK)
		exit(1);
}

static void equal_kem(struct vec *v, const struct kem *k)
{
	static uint8_t ek_n[HYB_MLKEM1024_EK_BYTES], ek_o[HYB_MLKEM1024_EK_BYTES];
	static uint8_t ct_n[HYB_MLKEM1024_CT_BYTES], ct_o[HYB_MLKEM1024_CT_BYTES];
	static uint8_t dk_n[HYB_MLKEM1024_DK_BYTES], dk_o[HYB_MLKEM1024_DK_BYTES];
	uint8_t seed[64], m[32], ss_n[32], ss_o[32], ss[32];
	bool good;

	fill(seed, 64);
	fill(m, 32);
	use(HYB_BACKEND_NATIVE);
	good = k->keygen_derand(ek_n, seed) == HYB_OK &&
		k->encaps_derand(ct_n, ss_n, ek_n, m) == HYB_OK &&
		k->expand(&key_n, seed) == HYB_OK;
	k->export(dk_n, &key_n);
	use(HYB_BACKEND_OPENSSL);
	good = good && k->keygen_derand(ek_o, seed) == HYB_OK && same(ek_n, ek_o, k->ek_n);
	vec_case(v, good, "%s keygen", k->name);
	good = k->encaps_derand(ct_o, ss_o, ek_n, m) == HYB_OK && same(ct_n, ct_o, k->ct_n) &&
		same(ss_n, ss_o, 32);
	vec_case(v, good, "%s encaps", k->name);
	good = k->expand(&key_o, seed) == HYB_OK;
	k->export(dk_o, &key_o);
	k->ek_from_dk(ek_o, &key_o);
	k->decaps(ss_o, ct_n, &key_o);
	vec_case(v,
		good && same(dk_n, dk_o, k->dk_n) && same(ek_n, ek_o, k->ek_n) &&
			same(ss_n, ss_o, 32),
		"%s key and decaps", k->name);
	/* Implicit rejection is a function of the key and the ciphertext: the same in both. */
	ct_n[seed[0]] ^= 1;
	k->decaps(ss_n, ct_n, &key_n);
	k->decaps(ss_o, ct_n, &key_o);
	vec_case(v, same(ss_n, ss_o, 32) && !same(ss_n, ss, 32), "%s rejection", k->name);
	k->clear(&key_o);
	/* The FIPS form, random encapsulation and key generation across. */
	good = k->import(&key_o, dk_n) == HYB_OK && k->encaps(ct_o, ss_o, ek_n) == HYB_OK;
	k->decaps(ss, ct_o, &key_n);
	vec_case(v, good && same(ss, ss_o, 32), "%s random encaps", k->name);
	k->decaps(ss_o, ct_o, &key_o);
	vec_case(v, same(ss, ss_o, 32), "%s imported key", k->name);
	k->clear(&key_o);
	dk_n[k->dk_n - 40] ^= 1; /* H(ek) */
	vec_case(v, k->import(&key_o, dk_n) == HYB_E_BAD_KEY, "%s hash check", k->name);
	good = k->keygen(ek_o, seed) == HYB_OK;
	use(HYB_BACKEND_NATIVE);
	vec_case(v, good && k->keygen_derand(ek_n, seed) == HYB_OK && same(ek_n, ek_o, k->ek_n),
		"%s random keygen", k->name);
	use(HYB_BACKEND_OPENSSL);
	ek_n[0] = 0xff, ek_n[1] |= 0x0f;
	vec_case(v, k->encaps(ct_o, ss_o, ek_n) == HYB_E_BAD_KEY && ct_o[0] == 0 && ss_o[0] == 0,
		"%s modulus check", k->name);
	k->clear(&key_n);
	use(HYB_BACKEND_NATIVE);
}

static void equal_sigs(
	struct vec *v, const struct dsa *d, const uint8_t *pk, hyb_bytes m, hyb_bytes ctx)
{
	uint8_t rnd[32], mu[64];
	bool good;

	fill(rnd, 32);
	fill(mu, 64);
	use(HYB_BACKEND_OPENSSL);
	good = d->sign_derand(sig_n, m, ctx, rnd, &key_n) == HYB_OK &&
		d->sign_derand(sig_o, m, ctx, rnd, &key_o) == HYB_OK;
	vec_case(v, good && same(sig_n, sig_o, d->sig_n), "%s sign", d->name);
	vec_case(v, d->verify(sig_n, m, ctx, pk), "%s verify", d->name);
	d->prepare(&pub_o, pk);
	vec_case(v, d->verify_prepared(sig_n, m, ctx, &pub_o), "%s verify, prepared", d->name);
	good = d->sign_mu(sig_n, mu, rnd, &key_n) == HYB_OK &&
		d->sign_mu(sig_o, mu, rnd, &key_o) == HYB_OK;
	vec_case(v, good && same(sig_n, sig_o, d->sig_n) && d->verify_mu(sig_n, mu, pk),
		"%s external mu", d->name);
	mu[0] ^= 1;
	vec_case(v, !d->verify_mu(sig_n, mu, pk), "%s another mu", d->name);
	good = d->sign_hash(sig_n, m, ctx, rnd, &key_n) == HYB_OK &&
		d->sign_hash(sig_o, m, ctx, rnd, &key_o) == HYB_OK;
	vec_case(v, good && same(sig_n, sig_o, d->sig_n) && d->verify_hash(sig_n, m, ctx, pk),
		"%s HashML-DSA", d->name);
	sig_n[d->sig_n / 2] ^= 1;
	vec_case(v, !d->verify_hash(sig_n, m, ctx, pk), "%s changed", d->name);
	good = d->sign(sig_o, m, ctx, &key_o) == HYB_OK;
	use(HYB_BACKEND_NATIVE);
	vec_case(v, good && d->verify(sig_o, m, ctx, pk), "%s hedged", d->name);
}

static void equal_dsa(struct vec *v, const struct dsa *d, size_t m_n)
{
	static uint8_t pk_n[HYB_MLDSA87_PK_BYTES], pk_o[HYB_MLDSA87_PK_BYTES], text[512];
	static uint8_t fips_n[HYB_MLDSA87_SK_BYTES], fips_o[HYB_MLDSA87_SK_BYTES];
	const hyb_bytes m = { text, m_n }, ctx = { text + 200, m_n % 7 * 42 };
	uint8_t seed[32];
	bool good;

	fill(seed, 32);
	fill(text, sizeof text);
	use(HYB_BACKEND_NATIVE);
	good = d->keygen_derand(pk_n, seed) == HYB_OK && d->expand(&key_n, seed) == HYB_OK;
	d->export(fips_n, &key_n);
	use(HYB_BACKEND_OPENSSL);
	good = good && d->keygen_derand(pk_o, seed) == HYB_OK &&
		d->expand(&key_o, seed) == HYB_OK && same(pk_n, pk_o, d->pk_n);
	d->export(fips_o, &key_o);
	vec_case(v, good && same(fips_n, fips_o, d->sk_n), "%s keygen", d->name);
	equal_sigs(v, d, pk_n, m, ctx);
	d->clear(&key_o);
	use(HYB_BACKEND_OPENSSL);
	good = d->import(&key_o, fips_n) == HYB_OK;
	memset(pk_o, 0, sizeof pk_o);
	d->pk_from_sk(pk_o, &key_o);
	vec_case(v, good && same(pk_n, pk_o, d->pk_n), "%s imported key", d->name);
	d->clear(&key_o);
	good = d->keygen(pk_o, seed) == HYB_OK;
	use(HYB_BACKEND_NATIVE);
	vec_case(v, good && d->keygen_derand(pk_n, seed) == HYB_OK && same(pk_n, pk_o, d->pk_n),
		"%s random keygen", d->name);
	d->clear(&key_n);
}

/* The small sets sign slowly: one of them is enough for the form, `all` takes the others too. */
static void equal_slh(struct vec *v, enum hyb_slhdsa s, bool all)
{
	const struct hyb_slhdsa_info *info = hyb_slhdsa_info(s);
	uint8_t seeds[96], rnd[32], pk_n[64], pk_o[64], sk_n[128], sk_o[128], text[64];
	const hyb_bytes m = { text, 50 }, ctx = { text + 50, 14 };
	const uint8_t *const rnds[2] = { NULL, rnd };
	bool good;

	fill(seeds, sizeof seeds);
	fill(rnd, sizeof rnd);
	fill(text, sizeof text);
	use(HYB_BACKEND_NATIVE);
	good = hyb_slhdsa_keygen_derand(s, pk_n, sk_n, seeds) == HYB_OK;
	use(HYB_BACKEND_OPENSSL);
	good = good && hyb_slhdsa_keygen_derand(s, pk_o, sk_o, seeds) == HYB_OK &&
		same(pk_n, pk_o, info->pk_bytes) && same(sk_n, sk_o, info->sk_bytes);
	vec_case(v, good, "%s keygen", info->name);
	if (s % 2 == 0 && s != HYB_SLHDSA_SHA2_128S && !all)
		return;
	for (unsigned i = 0; i < (s % 2 == 0 ? 1 : 2); i++) {
		use(HYB_BACKEND_NATIVE);
		good = hyb_slhdsa_sign_derand(s, sig_n, m, ctx, rnds[i], sk_n) == HYB_OK;
		use(HYB_BACKEND_OPENSSL);
		good = good && hyb_slhdsa_sign_derand(s, sig_o, m, ctx, rnds[i], sk_n) == HYB_OK;
		vec_case(v, good && same(sig_n, sig_o, info->sig_bytes), "%s sign %u", info->name,
			i);
	}
	const hyb_bytes sig = { sig_n, info->sig_bytes };

	vec_case(v, hyb_slhdsa_verify(s, sig, m, ctx, pk_n), "%s verify", info->name);
	vec_case(v, !hyb_slhdsa_verify(s, (hyb_bytes){ sig_n, sig.n - 1 }, m, ctx, pk_n), "%s cut",
		info->name);
	sig_n[100] ^= 1;
	vec_case(v, !hyb_slhdsa_verify(s, sig, m, ctx, pk_n), "%s changed", info->name);
	use(HYB_BACKEND_NATIVE);
}

static void equal(bool all)
{
	struct vec kem = { "ML-KEM, native = OpenSSL", 0, 0 };
	struct vec dsa = { "ML-DSA, native = OpenSSL", 0, 0 };
	struct vec slh = { "SLH-DSA, native = OpenSSL", 0, 0 };

	for (unsigned i = 0; i < 3 * 200; i++)
		equal_kem(&kem, kems[i % 3]);
	vec_end(&kem);
	for (unsigned i = 0; i < 3 * 60; i++)
		equal_dsa(&dsa, dsas[i % 3], i);
	vec_end(&dsa);
	for (unsigned i = 0; i < HYB_SLHDSA_SETS; i++)
		equal_slh(&slh, (enum hyb_slhdsa)i, all);
	vec_end(&slh);
}

int main(int argc, char **argv)
{
	struct vec hooks = { "every function asks the backend", 0, 0 };
	struct vec set = { "choosing a backend", 0, 0 };
	enum hyb_st st;

	for (unsigned i = 0; i < 3; i++)
		asks_kem(&hooks, kems[i]);
	for (unsigned i = 0; i < 3; i++)
		asks_dsa(&hooks, dsas[i]);
	asks_slh(&hooks);
	vec_end(&hooks);
	vec_case(&set, hyb_backend_get() == HYB_BACKEND_NATIVE, "at first");
	vec_case(&set, hyb_backend_set((enum hyb_backend)7, NULL) == HYB_E_ARG, "unknown");
	vec_case(&set, hyb_backend_set(HYB_BACKEND_OPENSSL, "provider=none") == HYB_E_BACKEND,
		"no such provider");
	vec_case(&set, hyb_backend_get() == HYB_BACKEND_NATIVE, "no change");
	st = hyb_backend_set(HYB_BACKEND_OPENSSL, NULL);
	vec_case(&set,
		(st == HYB_OK && hyb_backend_get() == HYB_BACKEND_OPENSSL) ||
			(st == HYB_E_BACKEND && hyb_backend_get() == HYB_BACKEND_NATIVE),
		"%s", hyb_st_text(st));
	vec_case(&set, hyb_backend_set(HYB_BACKEND_NATIVE, NULL) == HYB_OK, "native");
	vec_end(&set);
	if (st == HYB_OK) {
		printf("    %s\n", lc_version());
		equal(argc > 1 && strcmp(argv[1], "--all") == 0);
	} else {
		printf("skip - native = OpenSSL: libcrypto here is %s, without ML-KEM\n",
			lc_version());
	}
	return vec_failures > 0;
}
