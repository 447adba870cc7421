#include "hyb/sig.h"
#include "hyb/keccak.h"

#define SEED HYB_MLDSA_SEED_BYTES
#define SCALAR_MAX 48
#define PH_MAX 64
#define DRAWS_MAX 8

/* How struct hyb_sig_sk is used. */
struct sk {
	struct hyb_sig_pq_any pq;
	const struct hyb_sig_row *row;
	struct lc_key *key;
	uint8_t scalar[SCALAR_MAX]; /* for the public key, which few callers ask for */
} __attribute__((may_alias));

_Static_assert(sizeof(struct sk) <= sizeof(struct hyb_sig_sk), "hyb_sig_sk is too small");

/*
 * ECPrivateKey [RFC5915 §3] around the scalar, version 1, named curve, no public key: what the draft
 * prescribes, so that every other encoding is refused.
 */
struct frame {
	uint8_t head[7], tail[12];
	size_t tail_n;
};

static const struct frame *frame_of(const struct hyb_sig_row *r)
{
	static const struct frame p256 = { { 0x30, 0x31, 0x02, 0x01, 0x01, 0x04, 0x20 },
		{ 0xa0, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07 }, 12 };
	static const struct frame p384 = { { 0x30, 0x3e, 0x02, 0x01, 0x01, 0x04, 0x30 },
		{ 0xa0, 0x07, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22 }, 9 };
	static const struct frame none = { { 0 }, { 0 }, 0 };

	return r->curve == LC_P256 ? &p256 : r->curve == LC_P384 ? &p384 : &none;
}

static size_t head_bytes(const struct frame *f)
{
	return f->tail_n > 0 ? sizeof f->head : 0;
}

static size_t put_priv(const struct hyb_sig_row *r, uint8_t *priv, const uint8_t *scalar)
{
	const struct frame *f = frame_of(r);
	size_t head = head_bytes(f), n = lc_sizes(r->curve)->priv;

	memcpy(priv, f->head, head);
	memcpy(priv + head, scalar, n);
	memcpy(priv + head + n, f->tail, f->tail_n);
	return head + n + f->tail_n;
}

/* False: another encoding. */
static bool get_priv(const struct hyb_sig_row *r, uint8_t scalar[SCALAR_MAX], hyb_bytes priv)
{
	const struct frame *f = frame_of(r);
	size_t head = head_bytes(f), n = lc_sizes(r->curve)->priv;
	bool good;

	if (priv.n != head + n + f->tail_n)
		return false;
	good = hyb_ct_eq(priv.p, f->head, head) && hyb_ct_eq(priv.p + head + n, f->tail, f->tail_n);
	/* The form of a key is not secret, its scalar is. */
	HYB_CT_PUBLIC(&good, sizeof good);
	if (good)
		memcpy(scalar, priv.p + head, n);
	return good;
}

static enum hyb_st draw_scalar(enum lc_curve c, uint8_t scalar[SCALAR_MAX])
{
	for (unsigned i = 0; i < DRAWS_MAX; i++) {
		enum hyb_st st = hyb_random(scalar, lc_sizes(c)->priv);

		if (st != HYB_OK || lc_scalar_ok(c, scalar))
			return st;
	}
	return HYB_E_RNG;
}

enum hyb_st hyb_sig_keygen(
	const struct hyb_sig_suite *s, uint8_t *pk, uint8_t *priv, size_t *priv_n)
{
	const struct hyb_sig_row *r = hyb_sig_row(s);
	uint8_t scalar[SCALAR_MAX] = { 0 };
	enum hyb_st st;

	*priv_n = 0;
	if (r == NULL)
		return HYB_E_ARG;
	st = hyb_sig_pq_keygen(r->set, pk, priv);
	if (st == HYB_OK && r->has_curve)
		st = draw_scalar(r->curve, scalar);
	if (st == HYB_OK && r->has_curve)
		st = lc_public(r->curve, pk + hyb_sig_pq_pk_bytes(r->set), scalar);
	if (st == HYB_OK)
		*priv_n = SEED + (r->has_curve ? put_priv(r, priv + SEED, scalar) : 0);
	hyb_wipe(scalar, sizeof scalar);
	if (st != HYB_OK) {
		hyb_wipe(pk, s->pk_bytes);
		hyb_wipe(priv, s->priv_max);
	}
	return st;
}

static enum hyb_st import(struct sk *k, const struct hyb_sig_row *r, hyb_bytes priv)
{
	hyb_bytes pq = r->has_curve && priv.n > SEED ? (hyb_bytes){ priv.p, SEED } : priv;
	enum hyb_st st;

	if (r->has_curve &&
		(priv.n <= SEED ||
			!get_priv(r, k->scalar, (hyb_bytes){ priv.p + SEED, priv.n - SEED })))
		return HYB_E_BAD_KEY;
	st = hyb_sig_pq_sk(r->set, &k->pq, pq);
	if (st != HYB_OK)
		return st;
	k->row = r;
	return r->has_curve ? lc_key_new(&k->key, r->curve, k->scalar) : HYB_OK;
}

enum hyb_st hyb_sig_sk_import(const struct hyb_sig_suite *s, struct hyb_sig_sk *sk, hyb_bytes priv)
{
	const struct hyb_sig_row *r = hyb_sig_row(s);
	enum hyb_st st;

	memset(sk, 0, sizeof *sk);
	if (r == NULL)
		return HYB_E_ARG;
	st = import((struct sk *)sk, r, priv);
	if (st != HYB_OK)
		hyb_sig_sk_clear(sk);
	return st;
}

void hyb_sig_sk_clear(struct hyb_sig_sk *sk)
{
	struct sk *k = (struct sk *)sk;

	if (k->row != NULL) {
		hyb_sig_pq_clear(k->row->set, &k->pq);
		/* A pure key has none, and its program no need of libcrypto. */
		if (k->key != NULL)
			lc_key_free(k->key);
	}
	hyb_wipe(sk, sizeof *sk);
}

/* The key's row if it is a key of this suite. */
static const struct hyb_sig_row *row_if(const struct hyb_sig_suite *s, const struct sk *k)
{
	return k->row != NULL && k->row == hyb_sig_row(s) ? k->row : NULL;
}

enum hyb_st hyb_sig_pk_from_sk(
	const struct hyb_sig_suite *s, uint8_t *pk, const struct hyb_sig_sk *sk)
{
	const struct sk *k = (const struct sk *)sk;
	const struct hyb_sig_row *r = row_if(s, k);
	enum hyb_st st = r != NULL ? HYB_OK : HYB_E_ARG;

	if (st == HYB_OK)
		hyb_sig_pq_pk(r->set, pk, &k->pq);
	if (st == HYB_OK && r->has_curve)
		st = lc_public(r->curve, pk + hyb_sig_pq_pk_bytes(r->set), k->scalar);
	if (st != HYB_OK)
		hyb_wipe(pk, s->pk_bytes);
	return st;
}

size_t hyb_sig_message(uint8_t out[HYB_SIG_MESSAGE_MAX], const struct hyb_sig_row *r, hyb_bytes ctx,
	hyb_bytes digest)
{
	static const char prefix[] = "CompositeAlgorithmSignatures2025";
	size_t label = strlen(r->label), n = sizeof prefix - 1;

	memcpy(out, prefix, n);
	memcpy(out + n, r->label, label);
	n += label;
	out[n++] = (uint8_t)ctx.n;
	if (ctx.n > 0)
		memcpy(out + n, ctx.p, ctx.n);
	n += ctx.n;
	memcpy(out + n, digest.p, digest.n);
	return n + digest.n;
}

static hyb_bytes label_of(const struct hyb_sig_row *r)
{
	return (hyb_bytes){ (const uint8_t *)r->label, strlen(r->label) };
}

static enum hyb_st sign_composite(
	const struct sk *k, uint8_t *sig, size_t *sig_n, hyb_bytes ctx, hyb_bytes digest)
{
	const struct hyb_sig_row *r = k->row;
	uint8_t m[HYB_SIG_MESSAGE_MAX];
	hyb_bytes mm = { m, hyb_sig_message(m, r, ctx, digest) };
	size_t pq_n = hyb_sig_pq_sig_bytes(r->set), n = 0;
	enum hyb_st st = hyb_sig_pq_sign(r->set, sig, mm, label_of(r), &k->pq);

	if (st == HYB_OK)
		st = lc_key_sign(r->curve, sig + pq_n, &n, mm, k->key);
	*sig_n = pq_n + n;
	return st;
}

/*
 * Both halves are always computed and joined without a branch: which one failed is nobody's to know.
 * A forger who broke one algorithm learns nothing of the other from an early return.
 */
static bool verify_composite(const struct hyb_sig_row *r, hyb_bytes sig, hyb_bytes ctx,
	hyb_bytes digest, const uint8_t *pk)
{
	uint8_t m[HYB_SIG_MESSAGE_MAX];
	hyb_bytes mm = { m, hyb_sig_message(m, r, ctx, digest) };
	size_t pq_n = hyb_sig_pq_sig_bytes(r->set);
	unsigned pq, t;

	if (sig.n <= pq_n || sig.n > r->pub.sig_max)
		return false;
	pq = hyb_sig_pq_verify(r->set, sig.p, mm, label_of(r), pk);
	t = lc_verify(r->curve, (hyb_bytes){ sig.p + pq_n, sig.n - pq_n }, mm,
		pk + hyb_sig_pq_pk_bytes(r->set));
	return (pq & t) == 1;
}

/* mu of HashML-DSA with SHA-512 [FIPS204 Alg. 4 and 7]: M' = 1 ‖ len(ctx) ‖ ctx ‖ OID ‖ digest. */
static void mu_of(const struct hyb_sig_row *r, uint8_t mu[64], hyb_bytes ctx, hyb_bytes digest,
	const uint8_t *pk)
{
	static const uint8_t oid[] = { 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02,
		0x03 };
	const uint8_t start[2] = { 1, (uint8_t)ctx.n };
	struct hyb_sponge k;
	uint8_t tr[64];

	hyb_shake256(tr, sizeof tr, (hyb_bytes){ pk, hyb_sig_pq_pk_bytes(r->set) });
	hyb_sponge_init(&k, HYB_RATE_SHAKE256, HYB_PAD_SHAKE);
	hyb_sponge_absorb(&k, tr, sizeof tr);
	hyb_sponge_absorb(&k, start, sizeof start);
	if (ctx.n > 0)
		hyb_sponge_absorb(&k, ctx.p, ctx.n);
	hyb_sponge_absorb(&k, oid, sizeof oid);
	hyb_sponge_absorb(&k, digest.p, digest.n);
	hyb_sponge_squeeze(&k, mu, 64);
}

static enum hyb_st sign_digest_pure(
	const struct sk *k, uint8_t *sig, size_t *sig_n, hyb_bytes ctx, hyb_bytes digest)
{
	uint8_t pk[HYB_MLDSA87_PK_BYTES], mu[64];

	hyb_sig_pq_pk(k->row->set, pk, &k->pq);
	mu_of(k->row, mu, ctx, digest, pk);
	*sig_n = hyb_sig_pq_sig_bytes(k->row->set);
	return hyb_sig_pq_sign_mu(k->row->set, sig, mu, &k->pq);
}

static enum hyb_st finish(
	const struct hyb_sig_suite *s, uint8_t *sig, size_t *sig_n, enum hyb_st st)
{
	if (st != HYB_OK) {
		hyb_wipe(sig, s->sig_max);
		*sig_n = 0;
	}
	return st;
}

enum hyb_st hyb_sig_sign(const struct hyb_sig_suite *s, uint8_t *sig, size_t *sig_n, hyb_bytes m,
	hyb_bytes ctx, const struct hyb_sig_sk *sk)
{
	const struct sk *k = (const struct sk *)sk;
	const struct hyb_sig_row *r = row_if(s, k);
	uint8_t digest[PH_MAX];
	enum hyb_st st;

	if (r == NULL || ctx.n > 255)
		return finish(s, sig, sig_n, HYB_E_ARG);
	if (!r->has_curve) {
		*sig_n = s->sig_max;
		return finish(s, sig, sig_n, hyb_sig_pq_sign(r->set, sig, m, ctx, &k->pq));
	}
	st = lc_hash(r->ph, digest, &m, 1);
	if (st == HYB_OK)
		st = sign_composite(k, sig, sig_n, ctx, (hyb_bytes){ digest, r->ph_bytes });
	return finish(s, sig, sig_n, st);
}

bool hyb_sig_verify(
	const struct hyb_sig_suite *s, hyb_bytes sig, hyb_bytes m, hyb_bytes ctx, const uint8_t *pk)
{
	const struct hyb_sig_row *r = hyb_sig_row(s);
	uint8_t digest[PH_MAX];

	if (r == NULL || ctx.n > 255)
		return false;
	if (!r->has_curve)
		return sig.n == s->sig_max && hyb_sig_pq_verify(r->set, sig.p, m, ctx, pk);
	return lc_hash(r->ph, digest, &m, 1) == HYB_OK &&
		verify_composite(r, sig, ctx, (hyb_bytes){ digest, r->ph_bytes }, pk);
}

enum hyb_st hyb_sig_sign_digest(const struct hyb_sig_suite *s, uint8_t *sig, size_t *sig_n,
	hyb_bytes digest, hyb_bytes ctx, const struct hyb_sig_sk *sk)
{
	const struct sk *k = (const struct sk *)sk;
	const struct hyb_sig_row *r = row_if(s, k);

	if (r == NULL || ctx.n > 255 || digest.n != r->ph_bytes)
		return finish(s, sig, sig_n, HYB_E_ARG);
	return finish(s, sig, sig_n,
		r->has_curve ? sign_composite(k, sig, sig_n, ctx, digest)
			     : sign_digest_pure(k, sig, sig_n, ctx, digest));
}

bool hyb_sig_verify_digest(const struct hyb_sig_suite *s, hyb_bytes sig, hyb_bytes digest,
	hyb_bytes ctx, const uint8_t *pk)
{
	const struct hyb_sig_row *r = hyb_sig_row(s);
	uint8_t mu[64];

	if (r == NULL || ctx.n > 255 || digest.n != r->ph_bytes)
		return false;
	if (r->has_curve)
		return verify_composite(r, sig, ctx, digest, pk);
	mu_of(r, mu, ctx, digest, pk);
	return sig.n == s->sig_max && hyb_sig_pq_verify_mu(r->set, sig.p, mu, pk);
}
