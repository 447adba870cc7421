#include "hyb/slhdsa_ops.h"

#if defined(__x86_64__)
#include <immintrin.h>

#include "hyb/keccak_vec.h"

#define LANES 8
#define V __m512i
#define X3(a, b, c) _mm512_ternarylogic_epi64(a, b, c, 0x96)
#define CHI(a, b, c) _mm512_ternarylogic_epi64(a, b, c, 0xd2)
#define ROL(a, n) _mm512_rol_epi64(a, n)
#define XOR(a, b) _mm512_xor_si512(a, b)
#define ONE(k) _mm512_set1_epi64((long long)(k))
#define LD(v) (v)
#define ALWAYS static inline __attribute__((always_inline))

/* Eight chains: the values never leave their registers. */
struct chains8 {
	V head[2], type_prf, type_f; /* ADRS up to w1 */
	V w1, w2, w3, at;	     /* w1, w2 in the upper and lower half, in the order of bytes */
	V val[4], cap[4];
	unsigned steps;
	bool has_prf;
};

/* val = SHAKE256(PK.seed ‖ ADRS ‖ val) with n = 8 n8 [FIPS205 §11.1]. */
ALWAYS void one_step(const struct hyb_slh_hash *h, struct chains8 *c, V type, unsigned n8)
{
	const V swap = _mm512_set4_epi32(0x0c0d0e0f, 0x08090a0b, 0x04050607, 0x00010203);
	V x[25];

	for (unsigned i = 0; i < 25; i++)
		x[i] = _mm512_setzero_si512();
	for (unsigned i = 0; i < n8; i++)
		x[i] = ONE(h->seed64[i]);
	x[n8] = c->head[0];
	x[n8 + 1] = c->head[1];
	x[n8 + 2] = _mm512_or_si512(type, c->w1);
	x[n8 + 3] = _mm512_or_si512(c->w2, _mm512_slli_epi64(_mm512_shuffle_epi8(c->w3, swap), 32));
	for (unsigned i = 0; i < n8; i++)
		x[n8 + 4 + i] = c->val[i];
	x[2 * n8 + 4] = ONE(0x1f);
	x[16] = ONE((uint64_t)0x80 << 56);
	KECCAK_LOAD(x);
	for (unsigned i = 0; i < 22; i += 2) {
		KECCAK_ROUND(hyb_keccak_rc[i]);
		KECCAK_ROUND(hyb_keccak_rc[i + 1]);
	}
	/* Apart, so that what nobody needs of the last round is left out. */
	KECCAK_ROUND(hyb_keccak_rc[22]);
	KECCAK_ROUND(hyb_keccak_rc[23]);
	c->val[0] = a0;
	c->val[1] = a1;
	if (n8 > 2)
		c->val[2] = a2;
	if (n8 > 3)
		c->val[3] = a3;
}

ALWAYS void capture(struct chains8 *c, uint32_t step, unsigned n8)
{
	__mmask8 k = _mm512_cmpeq_epi64_mask(c->at, ONE(step));

	for (unsigned i = 0; i < n8; i++)
		c->cap[i] = _mm512_mask_mov_epi64(c->cap[i], k, c->val[i]);
}

ALWAYS void run(const struct hyb_slh_hash *h, struct chains8 *c, unsigned n8)
{
	uint32_t step = c->has_prf ? 0 : 1;

	if (!c->has_prf)
		capture(c, 0, n8);
	/* Step 0 is PRF. */
	for (; step <= c->steps; step++) {
		one_step(h, c, step == 0 ? c->type_prf : c->type_f, n8);
		capture(c, step, n8);
		if (step > 0)
			c->w3 = _mm512_add_epi64(c->w3, ONE(1));
	}
}

static __attribute__((noinline)) void run2(const struct hyb_slh_hash *h, struct chains8 *c)
{
	run(h, c, 2);
}

static __attribute__((noinline)) void run3(const struct hyb_slh_hash *h, struct chains8 *c)
{
	run(h, c, 3);
}

static __attribute__((noinline)) void run4(const struct hyb_slh_hash *h, struct chains8 *c)
{
	run(h, c, 4);
}

/* Words of eight lanes as they are loaded. */
struct lanes8 {
	uint64_t x[8][LANES];
} __attribute__((aligned(64)));

static void load_items(const struct hyb_slh_hash *h, const struct hyb_slh_chains *j, unsigned at,
	unsigned count, struct chains8 *c)
{
	struct lanes8 t;
	size_t n8 = h->p->n / 8U;

	memset(&t, 0, sizeof(t));
	for (unsigned l = 0; l < count; l++) {
		const uint8_t *in = c->has_prf ? h->sk_seed : j->in[at + l];

		for (size_t i = 0; i < n8; i++)
			t.x[i][l] = hyb_load64le(in + 8 * i);
		t.x[4][l] = (uint64_t)__builtin_bswap32(j->w1[at + l]) << 32;
		t.x[5][l] = __builtin_bswap32(j->w2[at + l]);
		t.x[6][l] = j->w3[at + l];
		t.x[7][l] = j->at[at + l];
	}
	for (unsigned i = 0; i < 4; i++)
		c->val[i] = c->cap[i] = _mm512_load_si512(t.x[i]);
	c->w1 = _mm512_load_si512(t.x[4]);
	c->w2 = _mm512_load_si512(t.x[5]);
	c->w3 = _mm512_load_si512(t.x[6]);
	c->at = _mm512_load_si512(t.x[7]);
	hyb_wipe(&t, sizeof(t));
}

static void store_items(const struct hyb_slh_hash *h, const struct hyb_slh_chains *j, unsigned at,
	unsigned count, const struct chains8 *c)
{
	struct lanes8 t;
	size_t n8 = h->p->n / 8U;

	for (unsigned i = 0; i < 4; i++) {
		_mm512_store_si512(t.x[i], c->val[i]);
		_mm512_store_si512(t.x[4 + i], c->cap[i]);
	}
	for (unsigned l = 0; l < count; l++) {
		for (size_t i = 0; j->out != NULL && i < n8; i++)
			hyb_store64le(j->out + ((at + l) * n8 + i) * 8, t.x[i][l]);
		for (size_t i = 0; j->cap[at + l] != NULL && i < n8; i++)
			hyb_store64le(j->cap[at + l] + 8 * i, t.x[4 + i][l]);
	}
	hyb_wipe(&t, sizeof(t));
}

void hyb_slh_chains_shake_avx512(const struct hyb_slh_hash *h, const struct hyb_slh_chains *j)
{
	struct chains8 c;

	c.steps = j->steps;
	c.has_prf = j->type_prf != SLH_WOTS_HASH;
	c.head[0] = ONE(__builtin_bswap32(h->layer));
	c.head[1] = ONE(__builtin_bswap64(h->tree));
	c.type_prf = ONE((uint64_t)j->type_prf << 24);
	c.type_f = ONE((uint64_t)j->type_f << 24);
	for (unsigned at = 0; at < j->n_items; at += LANES) {
		unsigned count = j->n_items - at < LANES ? j->n_items - at : LANES;

		load_items(h, j, at, count, &c);
		if (h->p->n == 16)
			run2(h, &c);
		else if (h->p->n == 24)
			run3(h, &c);
		else
			run4(h, &c);
		store_items(h, j, at, count, &c);
	}
	hyb_wipe(&c, sizeof(c));
}
#endif
