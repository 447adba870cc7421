/*
 * sha2_blocks.h — the SHA-2 compression functions, one message.
 *
 * Shape:     hyb_sha256_blocks picks the best code of this processor; the others are its levels.
 * Units:     whole blocks of 64 or 128 bytes.
 * Secrets:   no table is indexed, no branch taken by data; working variables stay in registers or on
 *            the stack of these functions.
 * Standard:  FIPS 180-4 §6.2.2, §6.4.2.
 */
#ifndef HYB_SHA2_BLOCKS_H
#define HYB_SHA2_BLOCKS_H

#include "hyb/int.h"

void hyb_sha256_blocks(uint32_t h[8], const uint8_t *p, size_t n_blocks);
void hyb_sha512_blocks(uint64_t h[8], const uint8_t *p, size_t n_blocks);

void hyb_sha256_blocks_c(uint32_t h[8], const uint8_t *p, size_t n_blocks);
#if defined(__x86_64__)
void hyb_sha256_blocks_shani(uint32_t h[8], const uint8_t *p, size_t n_blocks);
#endif

#endif
