#include "hyb/cpu.h"
#include "hyb/keccak.h"
#include "hyb/slhdsa_ops.h"

/* Eight lanes of SHAKE256, word i of lane l at s[i][l]. */
#define LANES 8
#define RATE_WORDS (HYB_RATE_SHAKE256 / 8)

struct state {
	uint64_t s[25][LANES];
} __attribute__((aligned(64)));

static inline uint64_t swapped(uint32_t first, uint32_t second)
{
	return (uint64_t)__builtin_bswap32(second) << 32 | __builtin_bswap32(first);
}

/* PK.seed ‖ ADRS in whole words, the rest zero [FIPS205 §11.1, §4.2]; returns the next word. */
static size_t start(struct state *k, const struct hyb_slh_hash *h, enum slh_type type)
{
	size_t n8 = h->p->n / 8U;
	uint64_t head[3] = { swapped(h->layer, 0), __builtin_bswap64(h->tree), 0 };

	memset(k, 0, sizeof(*k));
	for (size_t i = 0; i < n8; i++)
		for (unsigned l = 0; l < LANES; l++)
			k->s[i][l] = h->seed64[i];
	head[2] = (uint64_t)type << 24;
	for (unsigned l = 0; l < LANES; l++) {
		k->s[n8][l] = head[0];
		k->s[n8 + 1][l] = head[1];
		k->s[n8 + 2][l] = head[2];
	}
	return n8 + 2;
}

static void pad_last(struct state *k, size_t word)
{
	for (unsigned l = 0; l < LANES; l++) {
		k->s[word][l] ^= HYB_PAD_SHAKE;
		k->s[RATE_WORDS - 1][l] ^= (uint64_t)0x80 << 56;
	}
}

/* Up to eight chains, from item `at` on. */
struct chain_lanes {
	unsigned n;
	uint32_t w1[LANES], w2[LANES], w3[LANES];
	uint64_t v[4][LANES];
};

/* v = SHAKE256(PK.seed ‖ ADRS ‖ v): PRF with SK.seed in v, F otherwise. */
static void advance(
	const struct hyb_slh_hash *h, struct chain_lanes *c, enum slh_type type, uint32_t step)
{
	struct state k;
	size_t n8 = h->p->n / 8U, w = start(&k, h, type);

	for (unsigned l = 0; l < c->n; l++) {
		k.s[w][l] |= (uint64_t)__builtin_bswap32(c->w1[l]) << 32;
		k.s[w + 1][l] = swapped(c->w2[l], c->w3[l] + step);
	}
	memcpy(k.s[w + 2], c->v, n8 * sizeof(c->v[0]));
	pad_last(&k, w + 2 + n8);
	hyb_keccakf_lanes(k.s, c->n);
	memcpy(c->v, k.s, n8 * sizeof(c->v[0]));
	hyb_wipe(&k, sizeof(k));
}

static void store(uint8_t *out, const struct chain_lanes *c, unsigned l, size_t n8)
{
	for (size_t i = 0; i < n8; i++)
		hyb_store64le(out + 8 * i, c->v[i][l]);
}

static void load(struct chain_lanes *c, const uint8_t *in, unsigned l, size_t n8)
{
	for (size_t i = 0; i < n8; i++)
		c->v[i][l] = hyb_load64le(in + 8 * i);
}

static void capture(const struct hyb_slh_chains *j, unsigned at, const struct chain_lanes *c,
	uint32_t step, size_t n8)
{
	for (unsigned l = 0; l < c->n; l++)
		if (j->cap[at + l] != NULL && j->at[at + l] == step)
			store(j->cap[at + l], c, l, n8);
}

static void eight_chains(const struct hyb_slh_hash *h, const struct hyb_slh_chains *j, unsigned at,
	struct chain_lanes *c)
{
	size_t n8 = h->p->n / 8U;
	uint32_t steps = 0;

	for (unsigned l = 0; l < c->n; l++) {
		c->w1[l] = j->w1[at + l];
		c->w2[l] = j->w2[at + l];
		c->w3[l] = j->w3[at + l];
		load(c, j->type_prf != SLH_WOTS_HASH ? h->sk_seed : j->in[at + l], l, n8);
		if (j->at[at + l] > steps)
			steps = j->at[at + l];
	}
	if (j->type_prf != SLH_WOTS_HASH)
		advance(h, c, j->type_prf, 0);
	if (j->out != NULL)
		steps = j->steps;
	for (uint32_t step = 0; step < steps; step++) {
		capture(j, at, c, step, n8);
		advance(h, c, j->type_f, step);
	}
	capture(j, at, c, steps, n8);
	for (unsigned l = 0; j->out != NULL && l < c->n; l++)
		store(j->out + (at + l) * 8 * n8, c, l, n8);
}

void hyb_slh_chains_shake(const struct hyb_slh_hash *h, const struct hyb_slh_chains *j)
{
	struct chain_lanes c;

	memset(&c, 0, sizeof(c));
	for (unsigned at = 0; at < j->n_items; at += LANES) {
		c.n = j->n_items - at < LANES ? j->n_items - at : LANES;
		eight_chains(h, j, at, &c);
	}
	hyb_wipe(&c, sizeof(c));
}

/* H and T_l: whole words are absorbed, as n is a multiple of 8. */
static void eight_thash(
	const struct hyb_slh_hash *h, const struct hyb_slh_thash *j, unsigned at, unsigned lanes)
{
	struct state k;
	size_t n8 = h->p->n / 8U, pos = start(&k, h, j->type);

	for (unsigned l = 0; l < lanes; l++) {
		k.s[pos][l] |= (uint64_t)__builtin_bswap32(j->w1[at + l]) << 32;
		k.s[pos + 1][l] = swapped(j->w2[at + l], j->w3[at + l]);
	}
	pos += 2;
	for (size_t i = 0; i < j->in_n / 8; i++) {
		if (pos == RATE_WORDS) {
			hyb_keccakf_lanes(k.s, lanes);
			pos = 0;
		}
		for (unsigned l = 0; l < lanes; l++)
			k.s[pos][l] ^= hyb_load64le(j->in + (at + l) * j->in_n + 8 * i);
		pos++;
	}
	if (pos == RATE_WORDS) {
		hyb_keccakf_lanes(k.s, lanes);
		pos = 0;
	}
	pad_last(&k, pos);
	hyb_keccakf_lanes(k.s, lanes);
	for (unsigned l = 0; l < lanes; l++)
		for (size_t i = 0; i < n8; i++)
			hyb_store64le(j->out + (at + l) * 8 * n8 + 8 * i, k.s[i][l]);
	hyb_wipe(&k, sizeof(k));
}

void hyb_slh_thash_shake(const struct hyb_slh_hash *h, const struct hyb_slh_thash *j)
{
	for (unsigned at = 0; at < j->n_items; at += LANES)
		eight_thash(h, j, at, j->n_items - at < LANES ? j->n_items - at : LANES);
}
