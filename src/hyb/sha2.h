/*
 * sha2.h — SHA-2 without libcrypto: for SLH-DSA's many short hashes and for pre-hashing.
 *
 * Shape:     one stream (struct hyb_sha2), or lanes of equal-length short messages (slh_*.c).
 * Standard:  FIPS 180-4; HMAC as in FIPS 198-1.
 */
#ifndef HYB_SHA2_H
#define HYB_SHA2_H

#include "hyb/int.h"

struct hyb_sha256 {
	uint32_t h[8];
	uint8_t block[64];
	uint64_t n_bytes;
};

struct hyb_sha512 {
	uint64_t h[8];
	uint8_t block[128];
	uint64_t n_bytes;
};

void hyb_sha256_init(struct hyb_sha256 *c); /* also the start of SHA-224 by hyb_sha224_init */
void hyb_sha224_init(struct hyb_sha256 *c);
void hyb_sha256_update(struct hyb_sha256 *c, const void *p, size_t n);
void hyb_sha256_final(struct hyb_sha256 *c, uint8_t out[32]); /* SHA-224 is the first 28 */
void hyb_sha512_init(struct hyb_sha512 *c);
void hyb_sha384_init(struct hyb_sha512 *c);
void hyb_sha512_224_init(struct hyb_sha512 *c);
void hyb_sha512_256_init(struct hyb_sha512 *c);
void hyb_sha512_update(struct hyb_sha512 *c, const void *p, size_t n);
void hyb_sha512_final(struct hyb_sha512 *c, uint8_t out[64]); /* the shorter ones are a prefix */

/* Any of the twelve pre-hashes; returns the length of the digest, at most 64. */
size_t hyb_prehash(uint8_t out[64], enum hyb_hash h, hyb_bytes m);

#endif
