#include "hyb/backend.h"
#include "hyb/cpu.h"
#include "hyb/keccak.h"
#include "hyb/mlkem_poly.h"

#define K_MAX 4
#define CT_MAX HYB_MLKEM1024_CT_BYTES
#define A_BLOCKS 3 /* 504 bytes hold 336 candidates, of which 273 pass on average: mostly enough */
/* Vector code may read a little beyond the last block. */
#define A_PITCH ((size_t)A_BLOCKS * HYB_MLKEM_BLOCK + 72)
#define NOISE_PITCH ((size_t)2 * HYB_RATE_SHAKE256)
#define NOISE_MAX (2 * K_MAX + 1)

struct params {
	unsigned k, eta1, du, dv; /* eta2 = 2 in every set [FIPS203 §8, Table 2] */
	size_t ek_bytes, ct_bytes, dk_bytes;
};

/* What follows the polynomials of a prepared encapsulation key. */
struct pub {
	const struct hyb_pq_backend *pq; /* NULL: native; else only ek or the handle is set */
	uint8_t h[32];			 /* H(ek) */
	uint8_t ek[];
};

/* What follows the factors of s in a prepared decapsulation key. */
struct priv {
	void *handle; /* of pub.pq */
	uint8_t z[32];
};

/*
 * The opaque words: A transposed (k*k polynomials; row r makes u_r), t (k), struct pub; then, in a
 * decapsulation key, the factors of s (k) and struct priv.
 */
struct view {
	int16_t (*at)[256];
	int16_t (*t)[256];
	struct pub *pub;
	struct hyb_mlkem_factor *s;
	struct priv *priv;
};

struct const_view {
	const int16_t *at;
	const int16_t *t;
	const struct pub *pub;
	const struct hyb_mlkem_factor *s;
	const struct priv *priv;
};

#define POLYS_WORDS(k) (((k) * (k) + (k)) * 64U)
#define PUB_WORDS(k) (HYB_MLKEM_EK_WORDS(k) - POLYS_WORDS(k))
#define FACTOR_WORDS 128U

#define CHECK_SIZES(k)                                                                             \
	_Static_assert(sizeof(struct pub) + 384 * (k) + 32 <= 8 * PUB_WORDS(k), "pub fits");       \
	_Static_assert(HYB_MLKEM_EK_WORDS(k) % 8 == 0, "the factors of s are aligned");            \
	_Static_assert(8 * (HYB_MLKEM_DK_WORDS(k) - HYB_MLKEM_EK_WORDS(k)) >=                      \
			8 * FACTOR_WORDS * (k) + sizeof(struct priv),                              \
		"priv fits")

CHECK_SIZES(2);
CHECK_SIZES(3);
CHECK_SIZES(4);

static struct view view_of(uint64_t *w, unsigned k)
{
	return (struct view){
		.at = (void *)w,
		.t = (void *)(w + 64 * k * k),
		.pub = (void *)(w + POLYS_WORDS(k)),
		.s = (void *)(w + HYB_MLKEM_EK_WORDS(k)),
		.priv = (void *)(w + HYB_MLKEM_EK_WORDS(k) + FACTOR_WORDS * k),
	};
}

static struct const_view const_view_of(const uint64_t *w, unsigned k)
{
	return (struct const_view){
		.at = (const void *)w,
		.t = (const void *)(w + 64 * k * k),
		.pub = (const void *)(w + POLYS_WORDS(k)),
		.s = (const void *)(w + HYB_MLKEM_EK_WORDS(k)),
		.priv = (const void *)(w + HYB_MLKEM_EK_WORDS(k) + FACTOR_WORDS * k),
	};
}

/*
 * Clears what the functions called last left below, as deep as pke_encrypt and what it calls go: the
 * products of `dot`, spilled vectors and permutations are as good as the message.
 */
static __attribute__((noinline)) void clear_stack(void)
{
	uint8_t below[6656];

	hyb_wipe(below, sizeof(below));
	hyb_clear_vectors();
}

/*
 * For secrets: a copy of a length that gcc knows goes through a slot of the frame as well, and stays
 * there.
 */
static inline void copy(void *to, const void *from, size_t n)
{
	__asm__("" : "+r"(n));
	memcpy(to, from, n);
}

/* ---- a hash beside other work ---- */

#define SIDE_RATE HYB_RATE_SHAKE256 /* and of SHA3-256 */

/*
 * H(ek) and J(z, c) are long chains of permutations that fill one lane; the samplers run in the
 * lanes beside it. Lane 0 belongs to the message here, whose last block is padded in `tail`.
 */
struct side {
	struct hyb_sponges x;
	uint8_t *digest; /* 32 bytes; NULL: there is no such hash, and lane 0 is free */
	const uint8_t *message;
	unsigned at, n_blocks;
	uint8_t tail[SIDE_RATE];
};

static void side_begin(
	struct side *s, uint8_t digest[32], uint8_t pad, const uint8_t *message, size_t n)
{
	size_t whole = n / SIDE_RATE, rest = n % SIDE_RATE;

	memset(&s->x, 0, sizeof(s->x));
	s->digest = digest;
	s->message = message;
	s->at = 0;
	s->n_blocks = (unsigned)whole + 1;
	memset(s->tail, 0, sizeof(s->tail));
	copy(s->tail, message + whole * SIDE_RATE, rest);
	s->tail[rest] = pad;
	s->tail[SIDE_RATE - 1] |= 0x80;
}

static const uint8_t *side_block(const struct side *s)
{
	return s->at + 1 == s->n_blocks ? s->tail : s->message + (size_t)s->at * SIDE_RATE;
}

/* One permutation of the lanes and one block out of those that are asked for. */
static void side_step(struct side *s, unsigned lanes, uint32_t rate, uint8_t *const out[8])
{
	bool is_mine = s->digest != NULL && s->at < s->n_blocks;
	const uint8_t *in[8] = { 0 };

	if (is_mine) {
		in[0] = side_block(s);
		hyb_sponges_add(&s->x, 1, in, SIDE_RATE);
	}
	hyb_sponges_squeeze(&s->x, lanes, rate, out, 1);
	if (is_mine && ++s->at == s->n_blocks)
		for (unsigned i = 0; i < 4; i++)
			hyb_store64le(s->digest + (size_t)8 * i, s->x.s[i][0]);
}

/* What is left of the message goes through one state alone. */
static void side_end(struct side *s)
{
	uint64_t one[25];

	if (s->digest == NULL || s->at == s->n_blocks)
		return;
	for (unsigned i = 0; i < 25; i++)
		one[i] = s->x.s[i][0];
	for (; s->at < s->n_blocks; s->at++) {
		for (unsigned i = 0; i < SIDE_RATE / 8; i++)
			one[i] ^= hyb_load64le(side_block(s) + (size_t)8 * i);
		hyb_keccakf(one);
	}
	for (unsigned i = 0; i < 4; i++)
		hyb_store64le(s->digest + (size_t)8 * i, one[i]);
	hyb_wipe(one, sizeof(one));
}

/* ---- sampling ---- */

/*
 * SampleNTT of n polynomials in a row, the first of them number `first` of A, from rho, row and
 * column [FIPS203 Alg. 7, 13]. Free lanes: 8, or 7 beside a hash.
 */
static void sample_a(
	struct side *s, int16_t (*at)[256], unsigned first, unsigned n, const uint8_t seed[33])
{
	const struct hyb_mlkem_ops *ops = hyb_mlkem_ops();
	unsigned base = s->digest != NULL, k = seed[32], n_full = 0, have[8] = { 0 };
	uint8_t seeds[8][34], buf[8][A_PITCH] HYB_ALIGN;
	int16_t poly[256 + HYB_MLKEM_REJECT_ROOM] HYB_ALIGN;
	const uint8_t *in[8] = { 0 };
	uint8_t *out[8] = { 0 };

	for (unsigned i = 0, row = 0, column = 0; i < first + n; i++) {
		if (i >= first) {
			unsigned j = base + i - first;

			memcpy(seeds[j], seed, 32);
			seeds[j][32] = (uint8_t)row;
			seeds[j][33] = (uint8_t)column;
			in[j] = seeds[j];
		}
		row += column + 1 == k;
		column = column + 1 == k ? 0 : column + 1;
	}
	hyb_sponges_absorb(&s->x, base + n, HYB_RATE_SHAKE128, HYB_PAD_SHAKE, in, 34);
	for (size_t blocks = A_BLOCKS; n_full < n; blocks = 1) {
		for (size_t b = 0; b < blocks; b++) {
			for (unsigned j = base; j < base + n; j++)
				out[j] = buf[j] + b * HYB_MLKEM_BLOCK;
			side_step(s, base + n, HYB_RATE_SHAKE128, out);
		}
		for (unsigned j = 0; j < n; j++) {
			int16_t *to = at[first + j];

			if (have[j] == 256)
				continue;
			memcpy(poly, to, have[j] * sizeof(poly[0]));
			have[j] =
				ops->reject(poly, have[j], buf[base + j], blocks * HYB_MLKEM_BLOCK);
			memcpy(to, poly, 256 * sizeof(poly[0]));
			n_full += have[j] == 256;
		}
	}
}

/*
 * Beside a hash: eight lanes for one group of seven, then groups of three in four lanes, so that
 * the longest hash and the matrix end together; else eight at a time.
 */
static void sample_all_a(struct side *s, int16_t (*at)[256], unsigned k, const uint8_t rho[32])
{
	unsigned total = k * k, n = s->digest == NULL ? 8 : k == 4 ? 7 : 3;
	uint8_t seed[33];

	memcpy(seed, rho, 32);
	seed[32] = (uint8_t)k;
	for (unsigned i = 0; i < total; i += n) {
		if (i > 0 && s->digest != NULL)
			n = 3;
		if (n > total - i)
			n = total - i;
		sample_a(s, at, i, n, seed);
	}
}

/* PRF_eta(key, nonce) into out[nonce] for nonce < n [FIPS203 §4.1]; eta = 3 takes two blocks. */
static void prf(struct side *s, uint8_t (*out)[NOISE_PITCH], const uint8_t key[32], unsigned n,
	unsigned eta)
{
	unsigned base = s->digest != NULL;
	uint8_t seeds[8][33];

	for (unsigned i = 0; i < n; i += 8 - base) {
		unsigned lanes = n - i < 8 - base ? n - i + base : 8;
		const uint8_t *in[8] = { 0 };
		uint8_t *to[8] = { 0 };

		for (unsigned j = base; j < lanes; j++) {
			copy(seeds[j], key, 32);
			seeds[j][32] = (uint8_t)(i + j - base);
			in[j] = seeds[j];
		}
		hyb_sponges_absorb(&s->x, lanes, HYB_RATE_SHAKE256, HYB_PAD_SHAKE, in, 33);
		for (size_t b = 0; b < (eta == 3 ? 2 : 1); b++) {
			for (unsigned j = base; j < lanes; j++)
				to[j] = out[i + j - base] + b * HYB_RATE_SHAKE256;
			side_step(s, lanes, HYB_RATE_SHAKE256, to);
		}
	}
	hyb_wipe(seeds, sizeof(seeds));
}

static void cbd(const struct hyb_mlkem_ops *ops, int16_t r[256], const uint8_t *in, unsigned eta)
{
	if (eta == 3)
		ops->cbd3(r, in);
	else
		ops->cbd2(r, in);
}

/* ---- K-PKE ---- */

/* A, t and H(ek) of the octets in v->pub->ek; false if a coefficient is not below q. */
static bool prepare_pub(const struct params *p, const struct view *v)
{
	const struct hyb_mlkem_ops *ops = hyb_mlkem_ops();
	struct side s;
	bool good = true;

	for (unsigned i = 0; i < p->k; i++)
		good &= ops->decode12(v->t[i], v->pub->ek + (size_t)384 * i);
	if (!good)
		return false;
	side_begin(&s, v->pub->h, HYB_PAD_SHA3, v->pub->ek, p->ek_bytes);
	sample_all_a(&s, v->at, p->k, v->pub->ek + (size_t)384 * p->k);
	side_end(&s);
	return true;
}

/* [FIPS203 Alg. 13] into the prepared form; H(ek) only where somebody will ask for it. */
static void pke_keygen(
	const struct params *p, const struct view *v, const uint8_t d[32], bool wants_hash)
{
	const struct hyb_mlkem_ops *ops = hyb_mlkem_ops();
	uint8_t g[64], noise[2 * K_MAX][NOISE_PITCH] HYB_ALIGN, k = (uint8_t)p->k;
	uint8_t *ek = v->pub->ek, *rho = ek + (size_t)384 * p->k;
	int16_t e[256] HYB_ALIGN;
	struct hyb_part parts[2] = { { d, 32 }, { &k, 1 } };
	struct hyb_part whole = { ek, p->ek_bytes };
	struct side side = { .digest = NULL };

	hyb_keccak_hash(g, 64, HYB_RATE_SHA3_512, HYB_PAD_SHA3, parts, 2);
	memcpy(rho, g, 32);
	HYB_CT_PUBLIC(rho, 32); /* it is part of ek */
	sample_all_a(&side, v->at, p->k, rho);
	prf(&side, noise, g + 32, 2 * p->k, p->eta1);
	for (unsigned i = 0; i < p->k; i++) {
		cbd(ops, e, noise[i], p->eta1);
		ops->ntt(e);
		ops->factor(&v->s[i], e);
	}
	for (unsigned i = 0; i < p->k; i++) {
		cbd(ops, e, noise[p->k + i], p->eta1);
		ops->ntt(e);
		ops->dot(v->t[i], v->at[i], p->k, v->s, p->k);
		ops->lift_add(v->t[i], v->t[i], e);
		ops->encode12(ek + (size_t)384 * i, v->t[i]);
	}
	HYB_CT_PUBLIC(v->t, p->k * sizeof(v->t[0])); /* t is part of ek */
	HYB_CT_PUBLIC(ek, p->ek_bytes);		     /* ek is published */
	if (wants_hash)
		hyb_keccak_hash(v->pub->h, 32, HYB_RATE_SHA3_256, HYB_PAD_SHA3, &whole, 1);
	hyb_wipe(g, sizeof(g));
	hyb_wipe(&side.x, sizeof(side.x));
	hyb_wipe(noise, 2 * p->k * sizeof(noise[0]));
	hyb_wipe(e, sizeof(e));
}

/* From the noise of one encryption to its ciphertext [FIPS203 Alg. 14, from line 9 on]. */
static void pke_encrypt(const struct params *p, const struct const_view *v, uint8_t *ct,
	const uint8_t m[32], const uint8_t (*noise)[NOISE_PITCH])
{
	const struct hyb_mlkem_ops *ops = hyb_mlkem_ops();
	struct hyb_mlkem_factor y[K_MAX];
	int16_t a[256] HYB_ALIGN, e[256] HYB_ALIGN;

	for (unsigned i = 0; i < p->k; i++) {
		cbd(ops, a, noise[i], p->eta1);
		ops->ntt(a);
		ops->factor(&y[i], a);
	}
	for (unsigned i = 0; i < p->k; i++) {
		ops->cbd2(e, noise[p->k + i]);
		ops->dot(a, v->at + (size_t)256 * i * p->k, 1, y, p->k);
		ops->invntt(a);
		ops->add(a, a, e);
		if (p->du == 11)
			ops->compress11(ct + (size_t)352 * i, a);
		else
			ops->compress10(ct + (size_t)320 * i, a);
	}
	ct += (size_t)32 * p->du * p->k;
	ops->cbd2(e, noise[2 * p->k]);
	ops->add_message(e, m);
	ops->dot(a, v->t, 1, y, p->k);
	ops->invntt(a);
	ops->add(a, a, e);
	if (p->dv == 5)
		ops->compress5(ct, a);
	else
		ops->compress4(ct, a);
	hyb_wipe(y, p->k * sizeof(y[0]));
	hyb_wipe(a, sizeof(a));
	hyb_wipe(e, sizeof(e));
}

/* [FIPS203 Alg. 15] */
static void pke_decrypt(
	const struct params *p, const struct const_view *v, uint8_t m[32], const uint8_t *ct)
{
	const struct hyb_mlkem_ops *ops = hyb_mlkem_ops();
	int16_t u[K_MAX][256] HYB_ALIGN, w[256] HYB_ALIGN;

	for (unsigned i = 0; i < p->k; i++) {
		if (p->du == 11)
			ops->expand11(u[i], ct + (size_t)352 * i);
		else
			ops->expand10(u[i], ct + (size_t)320 * i);
		ops->ntt(u[i]);
	}
	ops->dot(w, u[0], 1, v->s, p->k);
	ops->invntt(w);
	ct += (size_t)32 * p->du * p->k;
	if (p->dv == 5)
		ops->expand5(u[0], ct);
	else
		ops->expand4(u[0], ct);
	ops->sub(w, u[0], w);
	ops->to_message(m, w);
	hyb_wipe(w, sizeof(w));
}

/* ---- ML-KEM ---- */

/* (K, r) = G(m, H(ek)) [FIPS203 Alg. 17, line 1] */
static void hash_g(uint8_t g[64], const uint8_t m[32], const uint8_t h[32])
{
	struct hyb_part parts[2] = { { m, 32 }, { h, 32 } };

	hyb_keccak_hash(g, 64, HYB_RATE_SHA3_512, HYB_PAD_SHA3, parts, 2);
}

static void kem_encaps(const struct params *p, const struct const_view *v, uint8_t *ct,
	uint8_t ss[32], const uint8_t m[32])
{
	uint8_t g[64], noise[NOISE_MAX][NOISE_PITCH] HYB_ALIGN;
	struct side side = { .digest = NULL };

	hash_g(g, m, v->pub->h);
	prf(&side, noise, g + 32, 2 * p->k + 1, p->eta1);
	pke_encrypt(p, v, ct, m, (const uint8_t(*)[NOISE_PITCH])noise);
	HYB_CT_PUBLIC(ct, p->ct_bytes); /* the ciphertext is sent in clear */
	copy(ss, g, 32);
	hyb_wipe(g, sizeof(g));
	hyb_wipe(&side.x, sizeof(side.x));
	hyb_wipe(noise, (2 * p->k + 1) * sizeof(noise[0]));
	clear_stack();
}

/* (K', r') = G(m', h), the noise of r', and beside both J(z, c) [FIPS203 Alg. 18, lines 6, 7]. */
static void decaps_hashes(const struct params *p, struct side *side, uint8_t g[72],
	uint8_t (*noise)[NOISE_PITCH], const uint8_t mh[64])
{
	const uint8_t *in[8] = { NULL, mh };
	uint8_t *out[8] = { NULL, g };

	hyb_sponges_absorb(&side->x, 2, HYB_RATE_SHA3_512, HYB_PAD_SHA3, in, 64);
	side_step(side, 2, HYB_RATE_SHA3_512, out);
	prf(side, noise, g + 32, 2 * p->k + 1, p->eta1);
	side_end(side);
}

static void kem_decaps(
	const struct params *p, uint8_t ss[32], const uint8_t *ct, const uint64_t *key)
{
	struct const_view v = const_view_of(key, p->k);
	uint8_t mh[64], g[HYB_RATE_SHA3_512], bar[32], again[CT_MAX];
	uint8_t noise[NOISE_MAX][NOISE_PITCH] HYB_ALIGN;
	uint8_t z_ct[32 + CT_MAX];
	struct side side;
	uint32_t bad = 0;

	if (v.pub->pq != NULL) {
		v.pub->pq->mlkem_decaps(p->k, ss, ct, v.priv->handle);
		return;
	}
	pke_decrypt(p, &v, mh, ct);
	memcpy(mh + 32, v.pub->h, 32);
	copy(z_ct, v.priv->z, 32);
	memcpy(z_ct + 32, ct, p->ct_bytes);
	side_begin(&side, bar, HYB_PAD_SHAKE, z_ct, 32 + p->ct_bytes);
	decaps_hashes(p, &side, g, noise, mh);
	pke_encrypt(p, &v, again, mh, (const uint8_t(*)[NOISE_PITCH])noise);
	bad = hyb_mask_nonzero32(!hyb_ct_eq(ct, again, p->ct_bytes));
	for (unsigned i = 0; i < 32; i++)
		ss[i] = (uint8_t)(g[i] ^ ((g[i] ^ bar[i]) & bad));
	hyb_wipe(mh, sizeof(mh));
	hyb_wipe(g, sizeof(g));
	hyb_wipe(bar, sizeof(bar));
	hyb_wipe(again, p->ct_bytes);
	hyb_wipe(noise, (2 * p->k + 1) * sizeof(noise[0]));
	hyb_wipe(&side.x, sizeof(side.x));
	hyb_wipe(z_ct, 32);
	clear_stack();
}

static void kem_dk_clear(const struct params *p, uint64_t *key)
{
	struct view v = view_of(key, p->k);

	if (v.pub->pq != NULL)
		v.pub->pq->mlkem_dk_free(v.priv->handle);
	hyb_wipe(key, 8 * HYB_MLKEM_DK_WORDS(p->k));
}

/* Under a backend the prepared key is the backend's handle alone. */
static enum hyb_st backend_dk(
	const struct params *p, const struct hyb_pq_backend *pq, uint64_t *key, hyb_bytes octets)
{
	struct view v = view_of(key, p->k);
	enum hyb_st st;

	hyb_wipe(key, 8 * HYB_MLKEM_DK_WORDS(p->k));
	st = pq->mlkem_dk_new(p->k, &v.priv->handle, octets);
	if (st == HYB_OK)
		v.pub->pq = pq;
	else
		v.priv->handle = NULL;
	return st;
}

static enum hyb_st kem_dk_expand(const struct params *p, uint64_t *key, const uint8_t seed[64])
{
	const struct hyb_pq_backend *pq = hyb_backend_pq();
	struct view v = view_of(key, p->k);

	HYB_CT_SECRET(seed, 64);
	if (pq != NULL)
		return backend_dk(p, pq, key, (hyb_bytes){ seed, 64 });
	v.pub->pq = NULL;
	v.priv->handle = NULL;
	pke_keygen(p, &v, seed, true);
	copy(v.priv->z, seed + 32, 32);
	clear_stack();
	return HYB_OK;
}

/* dk = s, ek, H(ek), z [FIPS203 Alg. 16]; checks of §7.3, and that the coefficients are below q. */
static enum hyb_st kem_dk_import(const struct params *p, uint64_t *key, const uint8_t *fips)
{
	const struct hyb_mlkem_ops *ops = hyb_mlkem_ops();
	const struct hyb_pq_backend *pq = hyb_backend_pq();
	struct view v = view_of(key, p->k);
	const uint8_t *ek = fips + (size_t)384 * p->k, *h = ek + p->ek_bytes;
	int16_t s[256] HYB_ALIGN;
	bool good = true;

	if (pq != NULL)
		return backend_dk(p, pq, key, (hyb_bytes){ fips, p->dk_bytes });
	v.pub->pq = NULL;
	v.priv->handle = NULL;
	memcpy(v.pub->ek, ek, p->ek_bytes);
	good = prepare_pub(p, &v) && hyb_ct_eq(v.pub->h, h, 32);
	for (unsigned i = 0; i < p->k; i++) {
		bool below = ops->decode12(s, fips + (size_t)384 * i);

		HYB_CT_PUBLIC(&below, sizeof(below)); /* whether the key is well formed is told */
		good &= below;
		ops->factor(&v.s[i], s);
	}
	copy(v.priv->z, h + 32, 32);
	hyb_wipe(s, sizeof(s));
	clear_stack();
	if (!good)
		hyb_wipe(key, 8 * HYB_MLKEM_DK_WORDS(p->k));
	return good ? HYB_OK : HYB_E_BAD_KEY;
}

static void kem_dk_export(const struct params *p, uint8_t *fips, const uint64_t *key)
{
	const struct hyb_mlkem_ops *ops = hyb_mlkem_ops();
	static const int16_t zero[256] HYB_ALIGN;
	struct const_view v = const_view_of(key, p->k);
	int16_t s[256] HYB_ALIGN;

	if (v.pub->pq != NULL) {
		if (v.pub->pq->mlkem_dk_export(p->k, fips, v.priv->handle) != HYB_OK)
			hyb_wipe(fips, p->dk_bytes);
		return;
	}
	for (unsigned i = 0; i < p->k; i++) {
		for (unsigned j = 0; j < 256; j++)
			s[j] = v.s[i].two[j ^ 1];
		ops->add(s, s, zero);
		ops->encode12(fips + (size_t)384 * i, s);
	}
	fips += (size_t)384 * p->k;
	memcpy(fips, v.pub->ek, p->ek_bytes);
	memcpy(fips + p->ek_bytes, v.pub->h, 32);
	copy(fips + p->ek_bytes + 32, v.priv->z, 32);
	hyb_wipe(s, sizeof(s));
	clear_stack();
}

static void kem_ek_from_dk(const struct params *p, uint8_t *ek, const uint64_t *key)
{
	struct const_view v = const_view_of(key, p->k);

	if (v.pub->pq == NULL)
		memcpy(ek, v.pub->ek, p->ek_bytes);
	else if (v.pub->pq->mlkem_dk_ek(p->k, ek, v.priv->handle) != HYB_OK)
		hyb_wipe(ek, p->ek_bytes);
}

static enum hyb_st kem_keygen_derand(const struct params *p, uint8_t *ek, const uint8_t seed[64])
{
	const struct hyb_pq_backend *pq = hyb_backend_pq();
	struct hyb_mlkem1024_dk dk;
	struct view v = view_of(dk.opaque, p->k);
	uint8_t given[64];
	enum hyb_st st;

	HYB_CT_SECRET(seed, 64);
	if (pq != NULL) {
		copy(given, seed, 64);
		st = pq->mlkem_keygen(p->k, ek, given, true);
		hyb_wipe(given, sizeof(given));
		return st;
	}
	pke_keygen(p, &v, seed, false);
	memcpy(ek, v.pub->ek, p->ek_bytes);
	hyb_wipe(v.s, p->k * sizeof(v.s[0]));
	clear_stack();
	return HYB_OK;
}

static enum hyb_st kem_keygen(const struct params *p, uint8_t *ek, uint8_t seed[64])
{
	const struct hyb_pq_backend *pq = hyb_backend_pq();
	enum hyb_st st;

	if (pq != NULL)
		return pq->mlkem_keygen(p->k, ek, seed, false);
	st = hyb_random(seed, 64);
	if (st != HYB_OK) {
		hyb_wipe(ek, p->ek_bytes);
		return st;
	}
	return kem_keygen_derand(p, ek, seed);
}

/* Under a backend: the octets alone, checked. */
static enum hyb_st kem_ek_prepare(const struct params *p, uint64_t *key, const uint8_t *ek)
{
	struct view v = view_of(key, p->k);

	v.pub->pq = hyb_backend_pq();
	memcpy(v.pub->ek, ek, p->ek_bytes);
	if (prepare_pub(p, &v))
		return HYB_OK;
	hyb_wipe(key, 8 * HYB_MLKEM_EK_WORDS(p->k));
	return HYB_E_BAD_KEY;
}

/* m NULL: drawn. */
static enum hyb_st kem_encaps_prepared(
	const struct params *p, uint8_t *ct, uint8_t ss[32], const uint64_t *key, const uint8_t *m)
{
	struct const_view v = const_view_of(key, p->k);
	uint8_t drawn[32];
	enum hyb_st st;

	if (v.pub->pq != NULL)
		return v.pub->pq->mlkem_encaps(p->k, ct, ss, v.pub->ek, m);
	st = m == NULL ? hyb_random(drawn, sizeof(drawn)) : HYB_OK;
	if (st != HYB_OK) {
		hyb_wipe(ct, p->ct_bytes);
		hyb_wipe(ss, 32);
		return st;
	}
	kem_encaps(p, &v, ct, ss, m == NULL ? drawn : m);
	hyb_wipe(drawn, sizeof(drawn));
	return HYB_OK;
}

static enum hyb_st kem_encaps_any(
	const struct params *p, uint8_t *ct, uint8_t ss[32], const uint8_t *ek, const uint8_t *m)
{
	const struct hyb_pq_backend *pq = hyb_backend_pq();
	struct hyb_mlkem1024_ek key;
	enum hyb_st st;

	if (m != NULL)
		HYB_CT_SECRET(m, 32);
	if (pq != NULL)
		return pq->mlkem_encaps(p->k, ct, ss, ek, m);
	st = kem_ek_prepare(p, key.opaque, ek);
	if (st == HYB_OK)
		return kem_encaps_prepared(p, ct, ss, key.opaque, m);
	hyb_wipe(ct, p->ct_bytes);
	hyb_wipe(ss, 32);
	return st;
}

/* Eight encapsulations side by side: every hash fills its lanes. */
struct batch {
	struct hyb_sponges x;
	uint8_t m[8][32], h[8][32], mh[8][64], g[8][HYB_RATE_SHA3_512];
	uint8_t noise[8][NOISE_MAX][NOISE_PITCH];
} HYB_ALIGN;

/* H(ek) of all eight. */
static void batch_hash(struct batch *b, const struct params *p, const uint8_t *const ek[8])
{
	const uint8_t *in[8] = { 0 };
	size_t at = 0;

	memset(&b->x, 0, sizeof(b->x));
	for (; p->ek_bytes - at >= HYB_RATE_SHA3_256; at += HYB_RATE_SHA3_256) {
		for (unsigned j = 0; j < 8; j++)
			in[j] = ek[j] + at;
		hyb_sponges_add(&b->x, 8, in, HYB_RATE_SHA3_256);
		hyb_keccakf_lanes(b->x.s, 8);
	}
	for (unsigned j = 0; j < 8; j++)
		in[j] = ek[j] + at;
	hyb_sponges_add(&b->x, 8, in, p->ek_bytes - at);
	for (unsigned j = 0; j < 8; j++) {
		size_t end = p->ek_bytes - at;

		b->x.s[end / 8][j] ^= (uint64_t)HYB_PAD_SHA3 << (8 * (end % 8));
		b->x.s[HYB_RATE_SHA3_256 / 8 - 1][j] ^= 0x80ULL << 56;
	}
	hyb_keccakf_lanes(b->x.s, 8);
	for (unsigned j = 0; j < 8; j++)
		for (unsigned i = 0; i < 4; i++)
			hyb_store64le(b->h[j] + (size_t)8 * i, b->x.s[i][j]);
}

/* (K, r) = G(m, H(ek)), and the noise of every r. */
static void batch_noise(struct batch *b, const struct params *p)
{
	const uint8_t *in[8] = { 0 };
	uint8_t *out[8] = { 0 }, seeds[8][33];

	for (unsigned j = 0; j < 8; j++) {
		copy(b->mh[j], b->m[j], 32);
		memcpy(b->mh[j] + 32, b->h[j], 32);
		in[j] = b->mh[j];
		out[j] = b->g[j];
	}
	hyb_sponges_absorb(&b->x, 8, HYB_RATE_SHA3_512, HYB_PAD_SHA3, in, 64);
	hyb_sponges_squeeze(&b->x, 8, HYB_RATE_SHA3_512, out, 1);
	for (unsigned nonce = 0; nonce < 2 * p->k + 1; nonce++) {
		for (unsigned j = 0; j < 8; j++) {
			copy(seeds[j], b->g[j] + 32, 32);
			seeds[j][32] = (uint8_t)nonce;
			in[j] = seeds[j];
			out[j] = b->noise[j][nonce];
		}
		hyb_sponges_absorb(&b->x, 8, HYB_RATE_SHAKE256, HYB_PAD_SHAKE, in, 33);
		hyb_sponges_squeeze(
			&b->x, 8, HYB_RATE_SHAKE256, out, nonce < p->k && p->eta1 == 3 ? 2 : 1);
	}
	hyb_wipe(seeds, sizeof(seeds));
}

static bool batch_decode(const struct params *p, int16_t (*t)[256], const uint8_t *ek)
{
	bool good = true;

	for (unsigned i = 0; i < p->k; i++)
		good &= hyb_mlkem_ops()->decode12(t[i], ek + (size_t)384 * i);
	return good;
}

/* Every key has been checked, and every m drawn. */
static void batch_encaps(const struct params *p, uint8_t *ct, uint8_t (*ss)[32],
	const uint8_t *const ek[8], struct batch *b)
{
	struct hyb_mlkem1024_ek key;
	struct view v = view_of(key.opaque, p->k);
	struct const_view cv = const_view_of(key.opaque, p->k);
	struct side side = { .digest = NULL };

	batch_hash(b, p, ek);
	batch_noise(b, p);
	for (unsigned j = 0; j < 8; j++) {
		uint8_t *c = ct + j * p->ct_bytes;

		(void)batch_decode(p, v.t, ek[j]);
		sample_all_a(&side, v.at, p->k, ek[j] + (size_t)384 * p->k);
		pke_encrypt(p, &cv, c, b->m[j], (const uint8_t(*)[NOISE_PITCH])b->noise[j]);
		copy(ss[j], b->g[j], 32);
	}
	HYB_CT_PUBLIC(ct, 8 * p->ct_bytes); /* the ciphertexts are sent in clear */
	clear_stack();
}

static enum hyb_st kem_encaps_x8(
	const struct params *p, uint8_t *ct, uint8_t (*ss)[32], const uint8_t *const ek[8])
{
	bool is_native = hyb_backend_pq() == NULL;
	int16_t t[K_MAX][256] HYB_ALIGN;
	struct batch b;
	enum hyb_st st = HYB_OK;

	for (unsigned j = 0; j < 8; j++)
		if (!batch_decode(p, t, ek[j]))
			st = HYB_E_BAD_KEY;
	if (st == HYB_OK && is_native)
		st = hyb_random(b.m, sizeof(b.m));
	if (st == HYB_OK && is_native)
		batch_encaps(p, ct, ss, ek, &b);
	for (unsigned j = 0; j < 8 && st == HYB_OK && !is_native; j++)
		st = kem_encaps_any(p, ct + j * p->ct_bytes, ss[j], ek[j], NULL);
	if (st != HYB_OK) {
		hyb_wipe(ct, 8 * p->ct_bytes);
		hyb_wipe(ss, (size_t)8 * 32);
	}
	hyb_wipe(&b, sizeof(b));
	return st;
}

/* The public names of one parameter set [FIPS203 §8, Table 2]. */
#define SET(n, k_, eta1_, du_, dv_)                                                                \
	static const struct params mlkem##n = { .k = (k_),                                         \
		.eta1 = (eta1_),                                                                   \
		.du = (du_),                                                                       \
		.dv = (dv_),                                                                       \
		.ek_bytes = HYB_MLKEM##n##_EK_BYTES,                                               \
		.ct_bytes = HYB_MLKEM##n##_CT_BYTES,                                               \
		.dk_bytes = HYB_MLKEM##n##_DK_BYTES };                                             \
                                                                                                   \
	enum hyb_st hyb_mlkem##n##_keygen(                                                         \
		uint8_t ek[HYB_MLKEM##n##_EK_BYTES], uint8_t seed[HYB_MLKEM_SEED_BYTES])           \
	{                                                                                          \
		return kem_keygen(&mlkem##n, ek, seed);                                            \
	}                                                                                          \
                                                                                                   \
	enum hyb_st hyb_mlkem##n##_keygen_derand(                                                  \
		uint8_t ek[HYB_MLKEM##n##_EK_BYTES], const uint8_t seed[HYB_MLKEM_SEED_BYTES])     \
	{                                                                                          \
		return kem_keygen_derand(&mlkem##n, ek, seed);                                     \
	}                                                                                          \
                                                                                                   \
	enum hyb_st hyb_mlkem##n##_encaps(uint8_t ct[HYB_MLKEM##n##_CT_BYTES],                     \
		uint8_t ss[HYB_MLKEM_SS_BYTES], const uint8_t ek[HYB_MLKEM##n##_EK_BYTES])         \
	{                                                                                          \
		return kem_encaps_any(&mlkem##n, ct, ss, ek, NULL);                                \
	}                                                                                          \
                                                                                                   \
	enum hyb_st hyb_mlkem##n##_encaps_derand(uint8_t ct[HYB_MLKEM##n##_CT_BYTES],              \
		uint8_t ss[HYB_MLKEM_SS_BYTES], const uint8_t ek[HYB_MLKEM##n##_EK_BYTES],         \
		const uint8_t m[32])                                                               \
	{                                                                                          \
		return kem_encaps_any(&mlkem##n, ct, ss, ek, m);                                   \
	}                                                                                          \
                                                                                                   \
	enum hyb_st hyb_mlkem##n##_encaps_x8(uint8_t ct[8][HYB_MLKEM##n##_CT_BYTES],               \
		uint8_t ss[8][HYB_MLKEM_SS_BYTES], const uint8_t *const ek[8])                     \
	{                                                                                          \
		return kem_encaps_x8(&mlkem##n, ct[0], ss, ek);                                    \
	}                                                                                          \
                                                                                                   \
	enum hyb_st hyb_mlkem##n##_ek_prepare(                                                     \
		struct hyb_mlkem##n##_ek *p, const uint8_t ek[HYB_MLKEM##n##_EK_BYTES])            \
	{                                                                                          \
		return kem_ek_prepare(&mlkem##n, p->opaque, ek);                                   \
	}                                                                                          \
                                                                                                   \
	enum hyb_st hyb_mlkem##n##_encaps_prepared(uint8_t ct[HYB_MLKEM##n##_CT_BYTES],            \
		uint8_t ss[HYB_MLKEM_SS_BYTES], const struct hyb_mlkem##n##_ek *p)                 \
	{                                                                                          \
		return kem_encaps_prepared(&mlkem##n, ct, ss, p->opaque, NULL);                    \
	}                                                                                          \
                                                                                                   \
	void hyb_mlkem##n##_decaps(uint8_t ss[HYB_MLKEM_SS_BYTES],                                 \
		const uint8_t ct[HYB_MLKEM##n##_CT_BYTES], const struct hyb_mlkem##n##_dk *dk)     \
	{                                                                                          \
		kem_decaps(&mlkem##n, ss, ct, dk->opaque);                                         \
	}                                                                                          \
                                                                                                   \
	enum hyb_st hyb_mlkem##n##_dk_expand(                                                      \
		struct hyb_mlkem##n##_dk *dk, const uint8_t seed[HYB_MLKEM_SEED_BYTES])            \
	{                                                                                          \
		return kem_dk_expand(&mlkem##n, dk->opaque, seed);                                 \
	}                                                                                          \
                                                                                                   \
	enum hyb_st hyb_mlkem##n##_dk_import(                                                      \
		struct hyb_mlkem##n##_dk *dk, const uint8_t fips[HYB_MLKEM##n##_DK_BYTES])         \
	{                                                                                          \
		return kem_dk_import(&mlkem##n, dk->opaque, fips);                                 \
	}                                                                                          \
                                                                                                   \
	void hyb_mlkem##n##_dk_export(                                                             \
		uint8_t fips[HYB_MLKEM##n##_DK_BYTES], const struct hyb_mlkem##n##_dk *dk)         \
	{                                                                                          \
		kem_dk_export(&mlkem##n, fips, dk->opaque);                                        \
	}                                                                                          \
                                                                                                   \
	void hyb_mlkem##n##_ek_from_dk(                                                            \
		uint8_t ek[HYB_MLKEM##n##_EK_BYTES], const struct hyb_mlkem##n##_dk *dk)           \
	{                                                                                          \
		kem_ek_from_dk(&mlkem##n, ek, dk->opaque);                                         \
	}                                                                                          \
                                                                                                   \
	void hyb_mlkem##n##_dk_clear(struct hyb_mlkem##n##_dk *dk)                                 \
	{                                                                                          \
		kem_dk_clear(&mlkem##n, dk->opaque);                                               \
	}                                                                                          \
	_Static_assert(HYB_MLKEM##n##_EK_BYTES == 384 * (k_) + 32, "ek [FIPS203 Table 3]");        \
	_Static_assert(HYB_MLKEM##n##_CT_BYTES == 32 * ((du_) * (k_) + (dv_)), "ct");              \
	_Static_assert(HYB_MLKEM##n##_DK_BYTES == 768 * (k_) + 96, "dk")

SET(512, 2, 3, 10, 4);
SET(768, 3, 2, 10, 4);
SET(1024, 4, 2, 11, 5);
