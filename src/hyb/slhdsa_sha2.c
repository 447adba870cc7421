#include "hyb/cpu.h"
#include "hyb/sha2.h"
#include "hyb/sha2_blocks.h"
#include "hyb/slhdsa_ops.h"

/* ADRSc: layer (1 byte), tree (8), type (1), three words [FIPS205 §11.2]. */
static void adrs_start(uint8_t adrs[22], const struct hyb_slh_hash *h, enum slh_type type)
{
	adrs[0] = (uint8_t)h->layer;
	hyb_store64be(adrs + 1, h->tree);
	adrs[9] = (uint8_t)type;
}

void hyb_slh_msg_init(struct hyb_slh_msg *m, const struct hyb_slh_hash *h,
	const struct hyb_slh_thash *j, unsigned item)
{
	adrs_start(m->adrs, h, j->type);
	hyb_store32be(m->adrs + 10, j->w1[item]);
	hyb_store32be(m->adrs + 14, j->w2[item]);
	hyb_store32be(m->adrs + 18, j->w3[item]);
	m->in = j->in + item * j->in_n;
	m->in_n = j->in_n;
}

void hyb_slh_msg_edge(uint8_t *block, const struct hyb_slh_msg *m, size_t block_n, size_t at)
{
	size_t fill = 0, from = at * block_n;

	if (at == 0) {
		memcpy(block, m->adrs, sizeof(m->adrs));
		fill = sizeof(m->adrs);
	} else {
		from -= sizeof(m->adrs);
	}
	if (from + (block_n - fill) <= m->in_n) {
		memcpy(block + fill, m->in + from, block_n - fill);
		return;
	}
	if (from < m->in_n) {
		memcpy(block + fill, m->in + from, m->in_n - from);
		fill += m->in_n - from;
	}
	memset(block + fill, 0, block_n - fill);
	if (from <= m->in_n)
		block[fill] = 0x80;
	if (at + 1 == hyb_slh_msg_blocks(m->in_n, block_n))
		hyb_store64be(
			block + block_n - 8, 8 * (uint64_t)(block_n + sizeof(m->adrs) + m->in_n));
}

/* One block holds an address and up to 32 bytes: F and PRF of all sets. */
static void one_block(uint8_t *out, const struct hyb_slh_hash *h, const uint8_t block[64])
{
	uint32_t s[8];

	memcpy(s, h->mid256, sizeof(s));
	hyb_sha256_blocks(s, block, 1);
	for (size_t i = 0; i < h->p->n / 4U; i++)
		hyb_store32be(out + 4 * i, s[i]);
	hyb_wipe(s, sizeof(s));
}

void hyb_slh_chains_sha2(const struct hyb_slh_hash *h, const struct hyb_slh_chains *j)
{
	uint8_t block[64];
	size_t n = h->p->n;

	for (unsigned i = 0; i < j->n_items; i++) {
		memset(block, 0, sizeof(block));
		hyb_store32be(block + 10, j->w1[i]);
		hyb_store32be(block + 14, j->w2[i]);
		hyb_store32be(block + 18, j->w3[i]);
		block[22 + n] = 0x80;
		hyb_store16be(block + 62, 8 * (64 + 22 + n));
		if (j->type_prf != SLH_WOTS_HASH) {
			adrs_start(block, h, j->type_prf);
			memcpy(block + 22, h->sk_seed, n);
			one_block(block + 22, h, block);
		} else {
			memcpy(block + 22, j->in[i], n);
		}
		adrs_start(block, h, j->type_f);
		for (uint32_t step = 0; step <= j->steps; step++) {
			if (j->cap[i] != NULL && j->at[i] == step)
				memcpy(j->cap[i], block + 22, n);
			if (step == j->steps || (j->out == NULL && j->at[i] == step))
				break;
			hyb_store32be(block + 18, j->w3[i] + step);
			one_block(block + 22, h, block);
		}
		if (j->out != NULL)
			memcpy(j->out + i * n, block + 22, n);
	}
	hyb_wipe(block, sizeof(block));
}

void hyb_slh_thash_sha256(const struct hyb_slh_hash *h, const struct hyb_slh_thash *j)
{
	size_t n_blocks = hyb_slh_msg_blocks(j->in_n, 64);

	for (unsigned i = 0; i < j->n_items; i++) {
		struct hyb_slh_msg m;
		uint32_t s[8];
		uint8_t block[64];

		hyb_slh_msg_init(&m, h, j, i);
		memcpy(s, h->mid256, sizeof(s));
		for (size_t b = 0; b < n_blocks; b++) {
			hyb_sha256_blocks(s, hyb_slh_msg_block(block, &m, 64, b), 1);
		}
		for (size_t k = 0; k < h->p->n / 4U; k++)
			hyb_store32be(j->out + i * (size_t)h->p->n + 4 * k, s[k]);
	}
}

void hyb_slh_thash_sha512(const struct hyb_slh_hash *h, const struct hyb_slh_thash *j)
{
	size_t n_blocks = hyb_slh_msg_blocks(j->in_n, 128);

	for (unsigned i = 0; i < j->n_items; i++) {
		struct hyb_slh_msg m;
		uint64_t s[8];
		uint8_t block[128];

		hyb_slh_msg_init(&m, h, j, i);
		memcpy(s, h->mid512, sizeof(s));
		for (size_t b = 0; b < n_blocks; b++) {
			hyb_sha512_blocks(s, hyb_slh_msg_block(block, &m, 128, b), 1);
		}
		for (size_t k = 0; k < h->p->n / 8U; k++)
			hyb_store64be(j->out + i * (size_t)h->p->n + 8 * k, s[k]);
	}
}

#if defined(__x86_64__)
/* With AVX-512 and SHA instructions: the latter win where there is one block after another, or few. */
static void chains_both(const struct hyb_slh_hash *h, const struct hyb_slh_chains *j)
{
	if (j->out == NULL || j->n_items <= 8)
		hyb_slh_chains_sha2_shani(h, j);
	else
		hyb_slh_chains_sha2_avx512(h, j);
}

static void thash256_both(const struct hyb_slh_hash *h, const struct hyb_slh_thash *j)
{
	if (j->in_n == 32 && j->n_items > 8)
		hyb_slh_thash_sha256_avx512(h, j);
	else
		hyb_slh_thash_sha256_shani(h, j);
}
#endif

static const struct hyb_slh_ops shake[3] = {
	{ 8, hyb_slh_chains_shake, hyb_slh_thash_shake },
#if defined(__x86_64__)
	{ 8, hyb_slh_chains_shake, hyb_slh_thash_shake },
	{ 8, hyb_slh_chains_shake_avx512, hyb_slh_thash_shake },
#endif
};

/*
 * By level, by whether there are SHA instructions, and by whether H and T_l are SHA-512, as they are
 * from category 3 on [FIPS205 §11.2].
 */
static const struct hyb_slh_ops sha2[3][2][2] = {
	{
		{ { 1, hyb_slh_chains_sha2, hyb_slh_thash_sha256 },
			{ 1, hyb_slh_chains_sha2, hyb_slh_thash_sha512 } },
		{ { 1, hyb_slh_chains_sha2, hyb_slh_thash_sha256 },
			{ 1, hyb_slh_chains_sha2, hyb_slh_thash_sha512 } },
	},
#if defined(__x86_64__)
	{
		{ { 8, hyb_slh_chains_sha2_avx2, hyb_slh_thash_sha256_avx2 },
			{ 8, hyb_slh_chains_sha2_avx2, hyb_slh_thash_sha512_avx2 } },
		{ { 8, hyb_slh_chains_sha2_shani, hyb_slh_thash_sha256_shani },
			{ 8, hyb_slh_chains_sha2_shani, hyb_slh_thash_sha512_avx2 } },
	},
	{
		{ { 32, hyb_slh_chains_sha2_avx512, hyb_slh_thash_sha256_avx512 },
			{ 32, hyb_slh_chains_sha2_avx512, hyb_slh_thash_sha512_avx512 } },
		{ { 32, chains_both, thash256_both },
			{ 32, chains_both, hyb_slh_thash_sha512_avx512 } },
	},
#endif
};

static const struct hyb_slh_ops *pick(const struct hyb_slh_params *p)
{
	unsigned flags = hyb_cpu_flags(), level = flags & HYB_CPU_LEVEL;

	if (p->is_shake)
		return &shake[level];
	return &sha2[level][(flags & HYB_CPU_HAS_SHA) != 0][p->n > 16];
}

void hyb_slh_hash_start(struct hyb_slh_hash *h)
{
	struct hyb_sha256 a;
	struct hyb_sha512 b;
	uint8_t block[128] = { 0 };

	h->ops = pick(h->p);
	for (size_t i = 0; i < h->p->n / 8U; i++)
		h->seed64[i] = hyb_load64le(h->pk_seed + 8 * i);
	if (h->p->is_shake)
		return;
	memcpy(block, h->pk_seed, h->p->n);
	hyb_sha256_init(&a);
	hyb_sha512_init(&b);
	hyb_sha256_blocks(a.h, block, 1);
	hyb_sha512_blocks(b.h, block, 1);
	memcpy(h->mid256, a.h, sizeof(a.h));
	memcpy(h->mid512, b.h, sizeof(b.h));
}
