/*
 * keccak.h — SHA-3 and SHAKE, one stream or up to eight side by side.
 *
 * Shape:     struct hyb_sponge absorbs, then squeezes, any number of bytes at a time; struct
 *            hyb_sponges is eight independent sponges that advance block by block together, where
 *            AVX-512 works on 8 lanes at once, AVX2 on 4 and portable C on 1.
 * Units:     bytes; `rate` is bytes per block.
 * Ownership: the caller's storage; a sponge that held a secret is wiped by its user.
 * Errors:    none; lengths are the caller's promise.
 * Standard:  FIPS 202 §3 to §6.
 */
#ifndef HYB_KECCAK_H
#define HYB_KECCAK_H

#include "hyb/int.h"

#define HYB_RATE_SHAKE128 168
#define HYB_RATE_SHAKE256 136
#define HYB_RATE_SHA3_256 136
#define HYB_RATE_SHA3_512 72
#define HYB_PAD_SHA3 0x06
#define HYB_PAD_SHAKE 0x1f

struct hyb_sponge {
	uint64_t s[25];
	uint32_t rate;
	uint32_t pos; /* bytes used in the block at hand */
	uint8_t pad;
	bool is_squeezing;
};

void hyb_sponge_init(struct hyb_sponge *k, uint32_t rate, uint8_t pad);
void hyb_sponge_absorb(struct hyb_sponge *k, const void *p, size_t n);
/* The first squeeze pads and ends the input. */
void hyb_sponge_squeeze(struct hyb_sponge *k, void *out, size_t n);

/* Hashes up to four parts in a row. */
struct hyb_part {
	const void *p;
	size_t n;
};

/* rate and pad name the function: SHAKE256 is (136, 0x1f). Leaves nothing of the input behind. */
void hyb_keccak_hash(uint8_t *out, size_t out_n, uint32_t rate, uint8_t pad,
	const struct hyb_part *parts, size_t n_parts);

/* Eight states, word i of lane j at s[i][j]. */
struct hyb_sponges {
	uint64_t s[25][8];
} __attribute__((aligned(64)));

/*
 * Starts `lanes` (1 to 8) sponges and absorbs one whole message of n bytes, n < rate, in each.
 * Lanes beyond are not computed where that saves time; their contents mean nothing. A lane whose
 * in[j] is NULL is left as it is.
 */
void hyb_sponges_absorb(struct hyb_sponges *k, unsigned lanes, uint32_t rate, uint8_t pad,
	const uint8_t *const in[8], size_t n);
/* Adds n <= 200 bytes to every lane but those whose in[j] is NULL; padding is the caller's. */
void hyb_sponges_add(struct hyb_sponges *k, unsigned lanes, const uint8_t *const in[8], size_t n);
/* The next n_blocks blocks of `rate` bytes of every lane but those whose out[j] is NULL. */
void hyb_sponges_squeeze(struct hyb_sponges *k, unsigned lanes, uint32_t rate,
	uint8_t *const out[8], size_t n_blocks);
/* The permutation on the first `lanes` lanes, by the best code of this processor. */
void hyb_keccakf_lanes(uint64_t s[25][8], unsigned lanes);
/* One state. */
void hyb_keccakf(uint64_t s[25]);

/* The levels, for tables and tests. */
void hyb_keccakf_c(uint64_t s[25]);
void hyb_keccakf_lanes_c(uint64_t s[25][8], unsigned lanes);
#if defined(__x86_64__)
void hyb_keccakf_lanes_avx2(uint64_t s[25][8], unsigned lanes);
void hyb_keccakf_lanes_avx512(uint64_t s[25][8], unsigned lanes);
#endif

#endif
