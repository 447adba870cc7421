/*
 * slhdsa_ops.h — what SLH-DSA asks of a code level: many tweaked hashes at once.
 *
 * Shape:     slhdsa_core.c cuts its trees into batches of equal work; a struct hyb_slh_ops runs one
 *            batch. Which ops: hash family, and for SHA-2 the security category, and the level.
 * Units:     hash values of n bytes, side by side without gaps unless a pointer is given for each.
 * Ownership: the caller's buffers; an op leaves nothing secret on the stack.
 * Secrets:   SK.seed and chain values are data only. Addresses, counts and capture positions are
 *            public: they follow from the signature.
 * Standard:  FIPS 205 §4 (addresses), §11 (functions).
 */
#ifndef HYB_SLHDSA_OPS_H
#define HYB_SLHDSA_OPS_H

#include "hyb/slhdsa.h"

#define SLH_BATCH 32

/* Address types [FIPS205 Table 1]. */
enum slh_type {
	SLH_WOTS_HASH,
	SLH_WOTS_PK,
	SLH_TREE,
	SLH_FORS_TREE,
	SLH_FORS_ROOTS,
	SLH_WOTS_PRF,
	SLH_FORS_PRF,
};

struct hyb_slh_ops;

/* A key pair's hashing: what does not change over the hashes of one tree. */
struct hyb_slh_hash {
	const struct hyb_slh_params *p;
	const struct hyb_slh_ops *ops;
	uint32_t mid256[8]; /* SHA-2: the state after the block of PK.seed */
	uint64_t mid512[8];
	uint64_t seed64[4]; /* SHAKE: PK.seed as words */
	uint8_t pk_seed[SLH_N_MAX];
	uint8_t sk_seed[SLH_N_MAX];
	uint32_t layer;
	uint64_t tree;
};

/*
 * A batch of chains of F. Item i starts from PRF(type_prf, w1, w2, w3), or from in[i] if type_prf is
 * SLH_WOTS_HASH, and goes on by F(type_f, w1, w2, w3 + step). The value after at[i] steps is copied
 * to cap[i], where that is not NULL; the value after all `steps` to out, where that is not NULL.
 */
struct hyb_slh_chains {
	unsigned n_items; /* 1 to SLH_BATCH */
	unsigned steps;
	enum slh_type type_prf, type_f;
	uint32_t w1[SLH_BATCH], w2[SLH_BATCH], w3[SLH_BATCH], at[SLH_BATCH];
	const uint8_t *in[SLH_BATCH];
	uint8_t *cap[SLH_BATCH];
	uint8_t *out;
};

/* A batch of H or T_l over in_n bytes each; out may be `in`. */
struct hyb_slh_thash {
	unsigned n_items; /* 1 to SLH_BATCH */
	enum slh_type type;
	uint32_t w1[SLH_BATCH], w2[SLH_BATCH], w3[SLH_BATCH];
	const uint8_t *in;
	size_t in_n;
	uint8_t *out;
};

struct hyb_slh_ops {
	unsigned lanes; /* best n_items of a batch of chains, at most SLH_BATCH */
	void (*chains)(const struct hyb_slh_hash *h, const struct hyb_slh_chains *j);
	void (*thash)(const struct hyb_slh_hash *h, const struct hyb_slh_thash *j);
};

/* Fills in ops and the precomputed states from p, pk_seed and the level at hand. */
void hyb_slh_hash_start(struct hyb_slh_hash *h);

/* ADRSc ‖ M in blocks of SHA-2, padded; the block of PK.seed counts in the length [FIPS205 §11.2]. */
struct hyb_slh_msg {
	uint8_t adrs[22];
	const uint8_t *in;
	size_t in_n;
};

void hyb_slh_msg_init(struct hyb_slh_msg *m, const struct hyb_slh_hash *h,
	const struct hyb_slh_thash *j, unsigned item);

/* Blocks of ADRSc, the message, the padding bit and the length. */
static inline size_t hyb_slh_msg_blocks(size_t in_n, size_t block_n)
{
	size_t n = sizeof(((struct hyb_slh_msg *)NULL)->adrs) + in_n + 1 + block_n / 8;

	return block_n == 64 ? (n + 63) / 64 : (n + 127) / 128;
}

/* The first block or one near the end, put together in `block`. */
void hyb_slh_msg_edge(uint8_t *block, const struct hyb_slh_msg *m, size_t block_n, size_t at);

/* Block `at` of block_n (64 or 128) bytes: in the message itself, or in `block`. */
static inline const uint8_t *hyb_slh_msg_block(
	uint8_t *block, const struct hyb_slh_msg *m, size_t block_n, size_t at)
{
	if (at > 0 && (at + 1) * block_n <= sizeof(m->adrs) + m->in_n)
		return m->in + at * block_n - sizeof(m->adrs);
	hyb_slh_msg_edge(block, m, block_n, at);
	return block;
}

/* One item at a time. */
void hyb_slh_chains_sha2(const struct hyb_slh_hash *h, const struct hyb_slh_chains *j);
void hyb_slh_thash_sha256(const struct hyb_slh_hash *h, const struct hyb_slh_thash *j);
void hyb_slh_thash_sha512(const struct hyb_slh_hash *h, const struct hyb_slh_thash *j);
void hyb_slh_chains_shake(const struct hyb_slh_hash *h, const struct hyb_slh_chains *j);
void hyb_slh_thash_shake(const struct hyb_slh_hash *h, const struct hyb_slh_thash *j);

#if defined(__x86_64__)
/* With the SHA-256 instructions. */
void hyb_slh_chains_sha2_shani(const struct hyb_slh_hash *h, const struct hyb_slh_chains *j);
void hyb_slh_thash_sha256_shani(const struct hyb_slh_hash *h, const struct hyb_slh_thash *j);
void hyb_slh_chains_shake_avx512(const struct hyb_slh_hash *h, const struct hyb_slh_chains *j);
void hyb_slh_chains_sha2_avx2(const struct hyb_slh_hash *h, const struct hyb_slh_chains *j);
void hyb_slh_thash_sha256_avx2(const struct hyb_slh_hash *h, const struct hyb_slh_thash *j);
void hyb_slh_thash_sha512_avx2(const struct hyb_slh_hash *h, const struct hyb_slh_thash *j);
void hyb_slh_chains_sha2_avx512(const struct hyb_slh_hash *h, const struct hyb_slh_chains *j);
void hyb_slh_thash_sha256_avx512(const struct hyb_slh_hash *h, const struct hyb_slh_thash *j);
void hyb_slh_thash_sha512_avx512(const struct hyb_slh_hash *h, const struct hyb_slh_thash *j);
#endif

#endif
