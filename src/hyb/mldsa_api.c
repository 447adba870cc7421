#include "hyb/keccak.h"
#include "hyb/mldsa.h"
#include "hyb/sha2.h"

#define DIGEST_MAX (11 + 64)
#define FRAMED_MAX (2 + 255 + DIGEST_MAX)

/* ---- messages ---- */
/* M' in parts [FIPS204 Alg. 2 line 10, Alg. 4 line 23]; backends frame pure messages themselves. */
struct message {
	uint8_t head[2];
	uint8_t digest[DIGEST_MAX];
	struct hyb_part parts[3];
	bool is_pure;
};

/* 0 or 1 ‖ length of ctx ‖ ctx ‖ body. false: ctx is too long. */
static bool frame(struct message *f, uint8_t mode, hyb_bytes ctx, hyb_bytes body)
{
	if (ctx.n > 255)
		return false;
	f->head[0] = mode;
	f->head[1] = (uint8_t)ctx.n;
	f->parts[0] = (struct hyb_part){ f->head, 2 };
	f->parts[1] = (struct hyb_part){ ctx.p, ctx.n };
	f->parts[2] = (struct hyb_part){ body.p, body.n };
	f->is_pure = mode == 0;
	return true;
}

/* OID ‖ PH(m) [FIPS204 §5.4.1]: the twelve hashes are 2.16.840.1.101.3.4.2.x. */
static bool frame_hash(struct message *f, enum hyb_hash ph, hyb_bytes m, hyb_bytes ctx)
{
	static const uint8_t oid[10] = { 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2 };
	static const uint8_t arc[] = {
		[HYB_SHA2_256] = 1,
		[HYB_SHA2_384] = 2,
		[HYB_SHA2_512] = 3,
		[HYB_SHA2_224] = 4,
		[HYB_SHA2_512_224] = 5,
		[HYB_SHA2_512_256] = 6,
		[HYB_SHA3_224] = 7,
		[HYB_SHA3_256] = 8,
		[HYB_SHA3_384] = 9,
		[HYB_SHA3_512] = 10,
		[HYB_SHAKE128] = 11,
		[HYB_SHAKE256] = 12,
	};
	size_t n = 0;

	if ((size_t)ph >= sizeof(arc) || ctx.n > 255)
		return false;
	memcpy(f->digest, oid, sizeof(oid));
	f->digest[10] = arc[ph];
	n = hyb_prehash(f->digest + 11, ph, m);
	return frame(f, 1, ctx, (hyb_bytes){ f->digest, 11 + n });
}

/* mu = H(tr ‖ M') [FIPS204 Alg. 7 line 6]. */
static void make_mu(uint8_t mu[64], const uint8_t tr[64], const struct message *f)
{
	const struct hyb_part parts[4] = { { tr, 64 }, f->parts[0], f->parts[1], f->parts[2] };

	hyb_keccak_hash(mu, 64, HYB_RATE_SHAKE256, HYB_PAD_SHAKE, parts, 4);
}

/* For a backend: a pure message with its context, or M' in one piece; long ones are one piece already. */
static struct hyb_pq_msg for_backend(
	const struct message *f, uint8_t framed[FRAMED_MAX], const uint8_t *rnd)
{
	struct hyb_pq_msg m = { .is_hedged = rnd == NULL, .rnd = rnd };
	size_t n = 0;

	if (f->is_pure) {
		m.form = HYB_PQ_PURE;
		m.ctx = (hyb_bytes){ f->parts[1].p, f->parts[1].n };
		m.m = (hyb_bytes){ f->parts[2].p, f->parts[2].n };
		return m;
	}
	m.form = HYB_PQ_RAW;
	m.m = (hyb_bytes){ f->parts[0].p, f->parts[0].n };
	if (f->parts[2].n == 0)
		return m;
	for (unsigned i = 0; i < 3; n += f->parts[i++].n)
		if (f->parts[i].n > 0)
			memcpy(framed + n, f->parts[i].p, f->parts[i].n);
	m.m = (hyb_bytes){ framed, n };
	return m;
}

static struct hyb_pq_msg mu_for_backend(const uint8_t mu[64], const uint8_t *rnd)
{
	return (struct hyb_pq_msg){
		.form = HYB_PQ_MU, .is_hedged = rnd == NULL, .m = { mu, 64 }, .rnd = rnd
	};
}

/* ---- keys ---- */
static enum hyb_st keygen(const struct mldsa_params *p, uint8_t *pk, uint8_t *seed, bool is_given,
	struct mldsa_sk *scratch)
{
	const struct hyb_pq_backend *b = hyb_backend_pq();
	enum hyb_st st = HYB_OK;

	if (b != NULL)
		return b->mldsa_keygen(p->set, pk, seed, is_given);
	if (!is_given)
		st = hyb_random(seed, HYB_MLDSA_SEED_BYTES);
	if (st == HYB_OK)
		hyb_mldsa_keygen(p, pk, seed, scratch);
	else
		hyb_wipe(pk, p->pk_bytes);
	return st;
}

/* key: the seed, or the FIPS 204 form. Zero on error. */
static enum hyb_st load(const struct mldsa_params *p, void *sk, size_t size, hyb_bytes key)
{
	struct mldsa_sk *s = sk;
	const struct hyb_pq_backend *b = hyb_backend_pq();
	enum hyb_st st = HYB_OK;

	s->backend = b;
	if (b != NULL)
		st = b->mldsa_sk_new(p->set, &s->handle, key);
	else if (key.n == HYB_MLDSA_SEED_BYTES)
		hyb_mldsa_expand(p, s, key.p);
	else
		st = hyb_mldsa_import(p, s, key.p);
	if (st != HYB_OK)
		hyb_wipe(sk, size);
	return st;
}

static void save(const struct mldsa_params *p, uint8_t *fips, const void *sk)
{
	const struct mldsa_sk *s = sk;

	if (s->backend == NULL)
		hyb_mldsa_export(p, fips, s);
	else if (s->backend->mldsa_sk_export(p->set, fips, s->handle) != HYB_OK)
		hyb_wipe(fips, p->sk_bytes);
}

static void public_of(const struct mldsa_params *p, uint8_t *pk, const void *sk)
{
	const struct mldsa_sk *s = sk;

	if (s->backend == NULL)
		hyb_mldsa_public(p, pk, s);
	else if (s->backend->mldsa_sk_pk(p->set, pk, s->handle) != HYB_OK)
		hyb_wipe(pk, p->pk_bytes);
}

static void clear(void *sk, size_t size)
{
	struct mldsa_sk *s = sk;

	if (s->backend != NULL)
		s->backend->mldsa_sk_free(s->handle);
	hyb_wipe(sk, size);
}

static void prepare(const struct mldsa_params *p, void *prepared, const uint8_t *pk, bool with_tr)
{
	struct mldsa_pk *v = prepared;

	v->backend = hyb_backend_pq();
	if (v->backend != NULL)
		memcpy(v->rows, pk, p->pk_bytes);
	else
		hyb_mldsa_prepare(p, v, pk, with_tr);
}

/* ---- signing ---- */
/* rnd NULL: hedged. */
static enum hyb_st sign_mu(const struct mldsa_params *p, uint8_t *sig, const uint8_t mu[64],
	const uint8_t *rnd, const void *sk)
{
	const struct mldsa_sk *s = sk;
	uint8_t fresh[32];
	enum hyb_st st = HYB_OK;

	if (s->backend != NULL) {
		const struct hyb_pq_msg m = mu_for_backend(mu, rnd);

		return s->backend->mldsa_sign(p->set, sig, &m, s->handle);
	}
	if (rnd == NULL)
		st = hyb_random(fresh, sizeof(fresh));
	if (st == HYB_OK)
		st = hyb_mldsa_sign_native(p, sig, mu, rnd != NULL ? rnd : fresh, s);
	else
		hyb_wipe(sig, p->sig_bytes);
	hyb_wipe(fresh, sizeof(fresh));
	return st;
}

static enum hyb_st sign(const struct mldsa_params *p, uint8_t *sig, const struct message *f,
	const uint8_t *rnd, const void *sk)
{
	const struct mldsa_sk *s = sk;
	uint8_t mu[64], framed[FRAMED_MAX];

	if (s->backend != NULL) {
		const struct hyb_pq_msg m = for_backend(f, framed, rnd);

		return s->backend->mldsa_sign(p->set, sig, &m, s->handle);
	}
	make_mu(mu, s->tr, f);
	return sign_mu(p, sig, mu, rnd, sk);
}

static enum hyb_st refuse(uint8_t *out, size_t n)
{
	hyb_wipe(out, n);
	return HYB_E_ARG;
}

enum hyb_st hyb_mldsa_sign_internal(const struct mldsa_params *p, uint8_t *sig, hyb_bytes mprime,
	const uint8_t rnd[32], const void *sk)
{
	const struct message f = { .parts = { { mprime.p, mprime.n } } };

	return sign(p, sig, &f, rnd, sk);
}

/* ---- verifying ---- */
static bool verify_mu(const struct mldsa_params *p, const uint8_t *sig, const uint8_t mu[64],
	const void *prepared)
{
	const struct mldsa_pk *v = prepared;

	if (v->backend != NULL) {
		const struct hyb_pq_msg m = mu_for_backend(mu, NULL);

		return v->backend->mldsa_verify(p->set, sig, &m, (const uint8_t *)v->rows);
	}
	return hyb_mldsa_verify_native(p, sig, mu, v);
}

static bool verify(const struct mldsa_params *p, const uint8_t *sig, const struct message *f,
	const void *prepared)
{
	const struct mldsa_pk *v = prepared;
	uint8_t mu[64], framed[FRAMED_MAX];

	if (v->backend != NULL) {
		const struct hyb_pq_msg m = for_backend(f, framed, NULL);

		return v->backend->mldsa_verify(p->set, sig, &m, (const uint8_t *)v->rows);
	}
	make_mu(mu, v->tr, f);
	return hyb_mldsa_verify_native(p, sig, mu, v);
}

bool hyb_mldsa_verify_internal(
	const struct mldsa_params *p, const uint8_t *sig, hyb_bytes mprime, const void *pk_prepared)
{
	const struct message f = { .parts = { { mprime.p, mprime.n } } };

	return verify(p, sig, &f, pk_prepared);
}

/* mu by the plain public key, for whoever signs elsewhere. */
static enum hyb_st mu_of(
	const struct mldsa_params *p, uint8_t mu[64], hyb_bytes m, hyb_bytes ctx, const uint8_t *pk)
{
	struct message f;
	uint8_t tr[64];

	if (!frame(&f, 0, ctx, m))
		return refuse(mu, 64);
	hyb_shake256(tr, sizeof(tr), (hyb_bytes){ pk, p->pk_bytes });
	make_mu(mu, tr, &f);
	return HYB_OK;
}

/* ---- the three sets ---- */
#define P(n) (&hyb_mldsa##n##_params)
#define SK(n) struct hyb_mldsa##n##_sk
#define PK(n) struct hyb_mldsa##n##_pk

/* The prepared forms fit; lengths are those of [FIPS204 §4 table 2]. */
#define SIZES(n, kk, ll, ctilde, bits, eta_bits, om)                                               \
	_Static_assert(sizeof(struct mldsa_sk) + ((kk) * (ll) + 2 * (kk) + (ll)) * 1024 +          \
				(kk)*MLDSA_T1_BYTES <=                                             \
			sizeof(SK(n)),                                                             \
		"prepared private key");                                                           \
	_Static_assert(sizeof(struct mldsa_pk) + ((kk) * (ll) + (kk)) * 1024 <= sizeof(PK(n)),     \
		"prepared public key");                                                            \
	_Static_assert((ctilde) + 32 * (ll) * (bits) + (om) + (kk) == HYB_MLDSA##n##_SIG_BYTES,    \
		"signature");                                                                      \
	_Static_assert(32 + (kk)*MLDSA_T1_BYTES == HYB_MLDSA##n##_PK_BYTES, "public key");         \
	_Static_assert(128 + 32 * ((kk) + (ll)) * (eta_bits) + MLDSA_T0_BYTES * (kk) ==            \
			HYB_MLDSA##n##_SK_BYTES,                                                   \
		"private key")
SIZES(44, 4, 4, 32, 18, 3, 80);
SIZES(65, 6, 5, 48, 20, 4, 55);
SIZES(87, 8, 7, 64, 20, 3, 75);

#define MLDSA_KEYS(n)                                                                              \
	enum hyb_st hyb_mldsa##n##_keygen(                                                         \
		uint8_t pk[HYB_MLDSA##n##_PK_BYTES], uint8_t seed[HYB_MLDSA_SEED_BYTES])           \
	{                                                                                          \
		SK(n) s;                                                                           \
                                                                                                   \
		return keygen(P(n), pk, seed, false, (void *)&s);                                  \
	}                                                                                          \
                                                                                                   \
	enum hyb_st hyb_mldsa##n##_keygen_derand(                                                  \
		uint8_t pk[HYB_MLDSA##n##_PK_BYTES], const uint8_t seed[HYB_MLDSA_SEED_BYTES])     \
	{                                                                                          \
		SK(n) s;                                                                           \
		uint8_t copy[HYB_MLDSA_SEED_BYTES];                                                \
		enum hyb_st st = HYB_OK;                                                           \
                                                                                                   \
		memcpy(copy, seed, sizeof(copy));                                                  \
		st = keygen(P(n), pk, copy, true, (void *)&s);                                     \
		hyb_wipe(copy, sizeof(copy));                                                      \
		return st;                                                                         \
	}                                                                                          \
                                                                                                   \
	enum hyb_st hyb_mldsa##n##_sk_expand(SK(n) * sk, const uint8_t seed[HYB_MLDSA_SEED_BYTES]) \
	{                                                                                          \
		return load(P(n), sk, sizeof(*sk), (hyb_bytes){ seed, HYB_MLDSA_SEED_BYTES });     \
	}                                                                                          \
                                                                                                   \
	enum hyb_st hyb_mldsa##n##_sk_import(                                                      \
		SK(n) * sk, const uint8_t fips[HYB_MLDSA##n##_SK_BYTES])                           \
	{                                                                                          \
		return load(P(n), sk, sizeof(*sk), (hyb_bytes){ fips, HYB_MLDSA##n##_SK_BYTES });  \
	}                                                                                          \
                                                                                                   \
	void hyb_mldsa##n##_sk_export(uint8_t fips[HYB_MLDSA##n##_SK_BYTES], const SK(n) * sk)     \
	{                                                                                          \
		save(P(n), fips, sk);                                                              \
	}                                                                                          \
                                                                                                   \
	void hyb_mldsa##n##_pk_from_sk(uint8_t pk[HYB_MLDSA##n##_PK_BYTES], const SK(n) * sk)      \
	{                                                                                          \
		public_of(P(n), pk, sk);                                                           \
	}                                                                                          \
                                                                                                   \
	void hyb_mldsa##n##_sk_clear(SK(n) * sk)                                                   \
	{                                                                                          \
		clear(sk, sizeof(*sk));                                                            \
	}

#define MLDSA_SIGN(n)                                                                              \
	enum hyb_st hyb_mldsa##n##_sign(uint8_t sig[HYB_MLDSA##n##_SIG_BYTES], hyb_bytes m,        \
		hyb_bytes ctx, const SK(n) * sk)                                                   \
	{                                                                                          \
		struct message f;                                                                  \
                                                                                                   \
		return frame(&f, 0, ctx, m) ? sign(P(n), sig, &f, NULL, sk)                        \
					    : refuse(sig, HYB_MLDSA##n##_SIG_BYTES);               \
	}                                                                                          \
                                                                                                   \
	enum hyb_st hyb_mldsa##n##_sign_derand(uint8_t sig[HYB_MLDSA##n##_SIG_BYTES], hyb_bytes m, \
		hyb_bytes ctx, const uint8_t rnd[32], const SK(n) * sk)                            \
	{                                                                                          \
		struct message f;                                                                  \
                                                                                                   \
		return frame(&f, 0, ctx, m) ? sign(P(n), sig, &f, rnd, sk)                         \
					    : refuse(sig, HYB_MLDSA##n##_SIG_BYTES);               \
	}                                                                                          \
                                                                                                   \
	enum hyb_st hyb_mldsa##n##_sign_hash(uint8_t sig[HYB_MLDSA##n##_SIG_BYTES],                \
		enum hyb_hash ph, hyb_bytes m, hyb_bytes ctx, const uint8_t *rnd,                  \
		const SK(n) * sk)                                                                  \
	{                                                                                          \
		struct message f;                                                                  \
                                                                                                   \
		return frame_hash(&f, ph, m, ctx) ? sign(P(n), sig, &f, rnd, sk)                   \
						  : refuse(sig, HYB_MLDSA##n##_SIG_BYTES);         \
	}                                                                                          \
                                                                                                   \
	enum hyb_st hyb_mldsa##n##_sign_mu(uint8_t sig[HYB_MLDSA##n##_SIG_BYTES],                  \
		const uint8_t mu[64], const uint8_t *rnd, const SK(n) * sk)                        \
	{                                                                                          \
		return sign_mu(P(n), sig, mu, rnd, sk);                                            \
	}                                                                                          \
                                                                                                   \
	enum hyb_st hyb_mldsa##n##_mu(uint8_t mu[64], hyb_bytes m, hyb_bytes ctx,                  \
		const uint8_t pk[HYB_MLDSA##n##_PK_BYTES])                                         \
	{                                                                                          \
		return mu_of(P(n), mu, m, ctx, pk);                                                \
	}

#define MLDSA_VERIFY(n)                                                                            \
	bool hyb_mldsa##n##_verify(const uint8_t sig[HYB_MLDSA##n##_SIG_BYTES], hyb_bytes m,       \
		hyb_bytes ctx, const uint8_t pk[HYB_MLDSA##n##_PK_BYTES])                          \
	{                                                                                          \
		struct message f;                                                                  \
		PK(n) v;                                                                           \
                                                                                                   \
		if (!frame(&f, 0, ctx, m))                                                         \
			return false;                                                              \
		prepare(P(n), &v, pk, true);                                                       \
		return verify(P(n), sig, &f, &v);                                                  \
	}                                                                                          \
                                                                                                   \
	bool hyb_mldsa##n##_verify_hash(const uint8_t sig[HYB_MLDSA##n##_SIG_BYTES],               \
		enum hyb_hash ph, hyb_bytes m, hyb_bytes ctx,                                      \
		const uint8_t pk[HYB_MLDSA##n##_PK_BYTES])                                         \
	{                                                                                          \
		struct message f;                                                                  \
		PK(n) v;                                                                           \
                                                                                                   \
		if (!frame_hash(&f, ph, m, ctx))                                                   \
			return false;                                                              \
		prepare(P(n), &v, pk, true);                                                       \
		return verify(P(n), sig, &f, &v);                                                  \
	}                                                                                          \
                                                                                                   \
	bool hyb_mldsa##n##_verify_mu(const uint8_t sig[HYB_MLDSA##n##_SIG_BYTES],                 \
		const uint8_t mu[64], const uint8_t pk[HYB_MLDSA##n##_PK_BYTES])                   \
	{                                                                                          \
		PK(n) v;                                                                           \
                                                                                                   \
		prepare(P(n), &v, pk, false);                                                      \
		return verify_mu(P(n), sig, mu, &v);                                               \
	}                                                                                          \
                                                                                                   \
	void hyb_mldsa##n##_pk_prepare(PK(n) * v, const uint8_t pk[HYB_MLDSA##n##_PK_BYTES])       \
	{                                                                                          \
		prepare(P(n), v, pk, true);                                                        \
	}                                                                                          \
                                                                                                   \
	bool hyb_mldsa##n##_verify_prepared(const uint8_t sig[HYB_MLDSA##n##_SIG_BYTES],           \
		hyb_bytes m, hyb_bytes ctx, const PK(n) * v)                                       \
	{                                                                                          \
		struct message f;                                                                  \
                                                                                                   \
		return frame(&f, 0, ctx, m) && verify(P(n), sig, &f, v);                           \
	}

#define MLDSA(n)                                                                                   \
	MLDSA_KEYS(n)                                                                              \
	MLDSA_SIGN(n)                                                                              \
	MLDSA_VERIFY(n)

MLDSA(44)
MLDSA(65)
MLDSA(87)
