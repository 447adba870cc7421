/*
 * keccak_levels.h — what keccak.c chooses from: the same functions once per code level.
 *
 * Shape:     see keccak.h for what each does; the portable ones are in keccak.c.
 * Threads:   none of them keeps anything.
 */
#ifndef HYB_KECCAK_LEVELS_H
#define HYB_KECCAK_LEVELS_H

#include "hyb/keccak.h"

#if defined(__x86_64__)
void hyb_keccakf_avx2(uint64_t s[25]);
void hyb_keccakf_avx512(uint64_t s[25]);
void hyb_sponges_absorb_avx512(struct hyb_sponges *k, unsigned lanes, uint32_t rate, uint8_t pad,
	const uint8_t *const in[8], size_t n);
void hyb_sponges_add_avx512(
	struct hyb_sponges *k, unsigned lanes, const uint8_t *const in[8], size_t n);
void hyb_sponges_squeeze_avx2(struct hyb_sponges *k, unsigned lanes, uint32_t rate,
	uint8_t *const out[8], size_t n_blocks);
void hyb_sponges_squeeze_avx512(struct hyb_sponges *k, unsigned lanes, uint32_t rate,
	uint8_t *const out[8], size_t n_blocks);
#endif

#endif
