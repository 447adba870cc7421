#include "hyb/x_mceliece.h"

static const struct mceliece_set sets[2] = {
	{ 12, 3488, 64, 261120, 6492, 96, 0x009 },
	{ 13, 6688, 128, 1044992, 13932, 208, 0x01b },
};

/* Parts of a secret key: seed 32, pivots 8, Goppa polynomial, control bits, s. */
#define SK_GOPPA 40
#define MAX_N_BYTES (6688 / 8)
#define MAX_MAT ((size_t)13 * 128 * MCE_ROW_WORDS(6688))

struct keygen_work {
	union {
		uint64_t mat[MAX_MAT];
		uint16_t room[8 * MCE_MAX_Q]; /* before and after there is a matrix */
	};
	struct mceliece_planes planes;
	uint64_t keys[MCE_MAX_Q];
	uint16_t pi[MCE_MAX_Q], inv_field[MCE_MAX_Q], inv[MCE_MAX_Q], support[MCE_MAX_Q];
	uint16_t f[MCE_MAX_T], g[MCE_MAX_T];
	uint8_t rnd[MAX_N_BYTES + 4 * MCE_MAX_Q + 2 * MCE_MAX_T + 32];
} HYB_ALIGN;

struct decaps_work {
	struct mceliece_planes planes;
	uint64_t word[MCE_MAX_WORDS], err[MCE_MAX_WORDS];
	uint16_t g[MCE_MAX_T];
} HYB_ALIGN;

_Static_assert(sizeof(struct keygen_work) <= sizeof(struct hybx_mceliece_work), "work space");

static const struct mceliece_ops *ops_of(enum hybx_mceliece set)
{
#if defined(__x86_64__)
	enum hyb_cpu level = hyb_cpu();

	if (level == HYB_CPU_AVX512)
		return &hyb_mceliece_ops_avx512[set];
	if (level == HYB_CPU_AVX2)
		return &hyb_mceliece_ops_avx2[set];
#endif
	return &hyb_mceliece_ops_c[set];
}

static uint16_t load16(const uint8_t *p, unsigned m)
{
	return (uint16_t)(((uint32_t)p[0] | (uint32_t)p[1] << 8) & ((1U << m) - 1));
}

static void store16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
}

static uint16_t reverse_bits(uint16_t x, unsigned m)
{
	uint32_t r = 0;

	for (unsigned b = 0; b < m; b++)
		r |= ((uint32_t)x >> b & 1) << (m - 1 - b);
	return (uint16_t)r;
}

/* ---- keys ---- */
static bool make_public(struct keygen_work *w, uint8_t *pk, enum hybx_mceliece set)
{
	const struct mceliece_set *s = &sets[set];
	size_t rows = (size_t)s->m * s->t, row_bytes = (s->n - rows) / 8;

	ops_of(set)->invert_goppa(w->inv_field, w->g, &w->planes);
	for (size_t i = 0; i < s->n; i++) {
		w->support[i] = reverse_bits(w->pi[i], s->m);
		w->inv[i] = w->inv_field[w->pi[i]];
	}
	if (!ops_of(set)->make_matrix(w->mat, w->inv, w->support, &w->planes))
		return false;
	for (size_t r = 0; r < rows; r++) {
		const uint64_t *row = w->mat + r * MCE_ROW_WORDS(s->n) + rows / 64;

		for (size_t i = 0; i < row_bytes; i++)
			pk[r * row_bytes + i] = (uint8_t)(row[i / 8] >> (i % 8 * 8));
	}
	return true;
}

/* One attempt from seed; leaves the next seed there [SeededKeyGen]. */
static bool try_key(
	struct keygen_work *w, uint8_t *pk, uint8_t *sk, uint8_t seed[33], enum hybx_mceliece set)
{
	const struct mceliece_set *s = &sets[set];
	size_t q = (size_t)1 << s->m, n_bytes = s->n / 8, cond = (2 * s->m - 1) * q / 16;
	size_t total = n_bytes + 4 * q + 2 * s->t + 32;
	const uint8_t *rnd_f = w->rnd + n_bytes + 4 * q;

	hyb_shake256(w->rnd, total, (hyb_bytes){ seed, 33 });
	memcpy(sk, seed + 1, 32);
	memcpy(seed + 1, w->rnd + total - 32, 32);
	for (unsigned i = 0; i < s->t; i++)
		w->f[i] = load16(rnd_f + 2 * (size_t)i, s->m);
	if (!hyb_mceliece_irreducible(w->g, w->f, w->room, s, ops_of(set)) ||
		!hyb_mceliece_permutation(w->pi, w->rnd + n_bytes, w->keys, s->m) ||
		!make_public(w, pk, set))
		return false;
	hyb_store64le(sk + 32, 0xffffffff);
	for (unsigned i = 0; i < s->t; i++)
		store16(sk + SK_GOPPA + 2 * (size_t)i, w->g[i]);
	hyb_mceliece_control_bits(sk + SK_GOPPA + 2 * (size_t)s->t, w->pi, w->room, s->m);
	memcpy(sk + SK_GOPPA + 2 * (size_t)s->t + cond, w->rnd, n_bytes);
	return true;
}

enum hyb_st hybx_mceliece_keygen_derand(enum hybx_mceliece set, uint8_t *pk, uint8_t *sk,
	const uint8_t seed[HYBX_MCELIECE_SEED_BYTES], struct hybx_mceliece_work *work)
{
	struct keygen_work *w = (struct keygen_work *)work;
	uint8_t own[33] = { 64 };

	if (set != HYBX_MCELIECE_348864 && set != HYBX_MCELIECE_6688128)
		return HYB_E_ARG;
	memcpy(own + 1, seed, HYBX_MCELIECE_SEED_BYTES);
	while (!try_key(w, pk, sk, own, set))
		;
	hyb_wipe(own, sizeof(own));
	hyb_wipe(w, sizeof(*w));
	return HYB_OK;
}

enum hyb_st hybx_mceliece_keygen(
	enum hybx_mceliece set, uint8_t *pk, uint8_t *sk, struct hybx_mceliece_work *w)
{
	uint8_t seed[HYBX_MCELIECE_SEED_BYTES];
	enum hyb_st st = HYB_E_ARG;

	if (set != HYBX_MCELIECE_348864 && set != HYBX_MCELIECE_6688128)
		return st;
	st = hyb_random(seed, sizeof(seed));
	if (st == HYB_OK) {
		st = hybx_mceliece_keygen_derand(set, pk, sk, seed, w);
	} else {
		hyb_wipe(pk, sets[set].pk_bytes);
		hyb_wipe(sk, sets[set].sk_bytes);
	}
	hyb_wipe(seed, sizeof(seed));
	return st;
}

/* ---- encapsulation ---- */
/* ss = SHAKE256(tag ‖ v ‖ ct). */
static void hash_secret(
	uint8_t *ss, uint8_t tag, const uint8_t *v, const uint8_t *ct, const struct mceliece_set *s)
{
	struct hyb_part parts[3] = { { &tag, 1 }, { v, s->n / 8 }, { ct, s->ct_bytes } };

	hyb_keccak_hash(ss, HYBX_MCELIECE_SS_BYTES, HYB_RATE_SHAKE256, HYB_PAD_SHAKE, parts, 3);
}

/* t distinct positions from 2t random numbers, or false: draw again [FixedWeight]. */
static bool fixed_weight(uint8_t *e, const uint8_t *rnd, const struct mceliece_set *s)
{
	uint64_t v[MCE_ROW_WORDS(6688)] = { 0 };
	uint16_t at[MCE_MAX_T];
	uint32_t same = 0;
	unsigned count = 0;

	for (unsigned i = 0; i < 2 * s->t && count < s->t; i++) {
		uint16_t x = load16(rnd + 2 * (size_t)i, s->m);

		if (x < s->n)
			at[count++] = x;
	}
	for (unsigned i = 1; i < count; i++)
		for (unsigned j = 0; j < i; j++)
			same |= (((uint32_t)at[i] ^ at[j]) - 1U) >> 31;
	if (count < s->t || same != 0)
		return false;
	/* Every word is computed from every position. */
	for (unsigned i = 0; i < s->t; i++) {
		uint64_t bit = (uint64_t)1 << (at[i] & 63), word = at[i] >> 6;

		for (uint64_t u = 0; u < sizeof(v) / 8; u++)
			v[u] |= bit & (0 - (((u ^ word) - 1) >> 63));
	}
	for (size_t b = 0; b < s->n / 8; b++)
		e[b] = (uint8_t)(v[b / 8] >> (b % 8 * 8));
	hyb_wipe(v, sizeof(v));
	hyb_wipe(at, sizeof(at));
	return true;
}

/* sponge NULL: the system's randomness. */
static enum hyb_st encaps(enum hybx_mceliece set, uint8_t *ct, uint8_t *ss, const uint8_t *pk,
	struct hyb_sponge *sponge)
{
	const struct mceliece_set *s = &sets[set];
	uint8_t rnd[4 * MCE_MAX_T], e[MAX_N_BYTES];
	enum hyb_st st = HYB_OK;

	do {
		if (sponge != NULL)
			hyb_sponge_squeeze(sponge, rnd, 4 * (size_t)s->t);
		else
			st = hyb_random(rnd, 4 * (size_t)s->t);
	} while (st == HYB_OK && !fixed_weight(e, rnd, s));
	if (st == HYB_OK) {
		ops_of(set)->encode(ct, pk, e);
		hash_secret(ss, 1, e, ct, s);
	} else {
		hyb_wipe(ct, s->ct_bytes);
		hyb_wipe(ss, HYBX_MCELIECE_SS_BYTES);
	}
	hyb_wipe(rnd, sizeof(rnd));
	hyb_wipe(e, sizeof(e));
	return st;
}

enum hyb_st hybx_mceliece_encaps(
	enum hybx_mceliece set, uint8_t *ct, uint8_t *ss, const uint8_t *pk)
{
	if (set != HYBX_MCELIECE_348864 && set != HYBX_MCELIECE_6688128)
		return HYB_E_ARG;
	return encaps(set, ct, ss, pk, NULL);
}

enum hyb_st hybx_mceliece_encaps_derand(enum hybx_mceliece set, uint8_t *ct, uint8_t *ss,
	const uint8_t *pk, const uint8_t seed[HYBX_MCELIECE_SEED_BYTES])
{
	struct hyb_sponge k;
	enum hyb_st st = HYB_E_ARG;

	if (set != HYBX_MCELIECE_348864 && set != HYBX_MCELIECE_6688128)
		return st;
	hyb_sponge_init(&k, HYB_RATE_SHAKE256, HYB_PAD_SHAKE);
	hyb_sponge_absorb(&k, seed, HYBX_MCELIECE_SEED_BYTES);
	st = encaps(set, ct, ss, pk, &k);
	hyb_wipe(&k, sizeof(k));
	return st;
}

/* ---- decapsulation ---- */
/* Errors in support order to w->err; all-ones if they are t in number and explain ct. */
static uint32_t decrypt(
	struct decaps_work *w, const uint8_t *ct, const uint8_t *sk, enum hybx_mceliece set)
{
	const struct mceliece_set *s = &sets[set];
	const uint8_t *control = sk + SK_GOPPA + 2 * (size_t)s->t;
	uint32_t weight = 0, explained = 0;

	for (unsigned i = 0; i < s->t; i++)
		w->g[i] = load16(sk + SK_GOPPA + 2 * (size_t)i, s->m);
	memset(w->word, 0, sizeof(w->word));
	for (size_t i = 0; i < s->ct_bytes / 8; i++)
		w->word[i] = hyb_load64le(ct + 8 * i);
	hyb_mceliece_benes(w->word, control, s->m, true);
	explained = ops_of(set)->decode(w->err, w->word, w->g, &w->planes);
	hyb_mceliece_benes(w->err, control, s->m, false);
	for (size_t i = 0; i < s->n / 32; i++) {
		uint64_t half = w->err[i / 2] >> (i % 2 * 32) & 0xffffffff;

		weight += (uint32_t)__builtin_popcountll(half);
	}
	return hyb_mask_nonzero32(explained) & ~hyb_mask_nonzero32(weight ^ s->t);
}

enum hyb_st hybx_mceliece_decaps(enum hybx_mceliece set, uint8_t *ss, const uint8_t *ct,
	const uint8_t *sk, struct hybx_mceliece_work *work)
{
	struct decaps_work *w = (struct decaps_work *)work;
	const struct mceliece_set *s = NULL;
	const uint8_t *reject = NULL;
	uint8_t v[MAX_N_BYTES];
	uint32_t good = 0;

	if (set != HYBX_MCELIECE_348864 && set != HYBX_MCELIECE_6688128)
		return HYB_E_ARG;
	s = &sets[set];
	reject = sk + s->sk_bytes - s->n / 8;
	good = decrypt(w, ct, sk, set);
	for (size_t i = 0; i < s->n / 8; i++) {
		uint32_t e = (uint32_t)(w->err[i / 8] >> (i % 8 * 8)) & 0xff;

		v[i] = (uint8_t)(reject[i] ^ ((reject[i] ^ e) & good));
	}
	hash_secret(ss, (uint8_t)(good & 1), v, ct, s);
	hyb_wipe(v, sizeof(v));
	hyb_wipe(w, sizeof(*w));
	return HYB_OK;
}
