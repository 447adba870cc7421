/*
 * keccak_f.h — one Keccak-f[1600] on general registers, compiled once per code level.
 *
 * Shape:     a round reads 25 lanes and writes 25 others, so that pi costs nothing; two rounds make
 *            a turn of the loop. Column parities of the next round grow while chi writes its lanes.
 *            Six lanes are kept complemented (HYB_KECCAK_NOT_FREE 0), which turns most of chi's
 *            and-nots into plain ands and ors for processors without such an instruction.
 * Standard:  FIPS 202 §3.2.
 */
#ifndef HYB_KECCAK_F_H
#define HYB_KECCAK_F_H

#include <stdint.h>

/* Round constants [FIPS202 §3.2.5]. */
static const uint64_t hyb_keccak_rc[24] __attribute__((aligned(64), unused)) = {
	0x0000000000000001ULL,
	0x0000000000008082ULL,
	0x800000000000808aULL,
	0x8000000080008000ULL,
	0x000000000000808bULL,
	0x0000000080000001ULL,
	0x8000000080008081ULL,
	0x8000000000008009ULL,
	0x000000000000008aULL,
	0x0000000000000088ULL,
	0x0000000080008009ULL,
	0x000000008000000aULL,
	0x000000008000808bULL,
	0x800000000000008bULL,
	0x8000000000008089ULL,
	0x8000000000008003ULL,
	0x8000000000008002ULL,
	0x8000000000000080ULL,
	0x000000000000800aULL,
	0x800000008000000aULL,
	0x8000000080008081ULL,
	0x8000000000008080ULL,
	0x0000000080000001ULL,
	0x8000000080008008ULL,
};

static inline uint64_t hyb_rol64(uint64_t x, unsigned n)
{
	return x << n | x >> (64 - n);
}

/* What theta, rho and pi bring into one row of five: source lanes and rotations. */
#define HYB_KECCAK_ROW(a, i0, r0, i1, r1, i2, r2, i3, r3, i4, r4)                                  \
	b0 = (r0) == 0 ? (a)[i0] ^ d[(i0) % 5] : hyb_rol64((a)[i0] ^ d[(i0) % 5], (r0) % 64);      \
	b1 = hyb_rol64((a)[i1] ^ d[(i1) % 5], r1);                                                 \
	b2 = hyb_rol64((a)[i2] ^ d[(i2) % 5], r2);                                                 \
	b3 = hyb_rol64((a)[i3] ^ d[(i3) % 5], r3);                                                 \
	b4 = hyb_rol64((a)[i4] ^ d[(i4) % 5], r4)

/* chi's row y out to e, with the parities of the next round. */
#define HYB_KECCAK_OUT(e, y, op, e0, e1, e2, e3, e4)                                               \
	c[0] op((e)[5 * (y)] = b0 ^ (e0));                                                         \
	c[1] op((e)[5 * (y) + 1] = b1 ^ (e1));                                                     \
	c[2] op((e)[5 * (y) + 2] = b2 ^ (e2));                                                     \
	c[3] op((e)[5 * (y) + 3] = b3 ^ (e3));                                                     \
	c[4] op((e)[5 * (y) + 4] = b4 ^ (e4))

#if defined(__x86_64__) && !defined(__BMI__)
/* Complemented: lanes 1, 2, 8, 12, 17, 20; the forms follow by De Morgan. */
#define HYB_KECCAK_INVERT(s)                                                                       \
	do {                                                                                       \
		(s)[1] = ~(s)[1];                                                                  \
		(s)[2] = ~(s)[2];                                                                  \
		(s)[8] = ~(s)[8];                                                                  \
		(s)[12] = ~(s)[12];                                                                \
		(s)[17] = ~(s)[17];                                                                \
		(s)[20] = ~(s)[20];                                                                \
	} while (0)
#define HYB_KECCAK_CHI0(e, k)                                                                      \
	HYB_KECCAK_OUT(e, 0, =, (b1 | b2) ^ (k), ~b2 | b3, b3 & b4, b4 | b0, b0 & b1)
#define HYB_KECCAK_CHI1(e) HYB_KECCAK_OUT(e, 1, ^=, b1 | b2, b2 & b3, b3 | ~b4, b4 | b0, b0 & b1)
#define HYB_KECCAK_CHI2(e) HYB_KECCAK_OUT(e, 2, ^=, b1 | b2, b2 & b3, ~b3 & b4, ~(b4 | b0), b0 & b1)
#define HYB_KECCAK_CHI3(e) HYB_KECCAK_OUT(e, 3, ^=, b1 & b2, b2 | b3, ~b3 | b4, ~(b4 & b0), b0 | b1)
#define HYB_KECCAK_CHI4(e) HYB_KECCAK_OUT(e, 4, ^=, ~b1 & b2, ~(b2 | b3), b3 & b4, b4 | b0, b0 & b1)
#else
/* The processor has and-not. */
#define HYB_KECCAK_INVERT(s) ((void)(s))
#define HYB_KECCAK_CHI(e, y, op, k)                                                                \
	HYB_KECCAK_OUT(e, y, op, (~b1 & b2) ^ (k), ~b2 & b3, ~b3 & b4, ~b4 & b0, ~b0 & b1)
#define HYB_KECCAK_CHI0(e, k) HYB_KECCAK_CHI(e, 0, =, k)
#define HYB_KECCAK_CHI1(e) HYB_KECCAK_CHI(e, 1, ^=, 0)
#define HYB_KECCAK_CHI2(e) HYB_KECCAK_CHI(e, 2, ^=, 0)
#define HYB_KECCAK_CHI3(e) HYB_KECCAK_CHI(e, 3, ^=, 0)
#define HYB_KECCAK_CHI4(e) HYB_KECCAK_CHI(e, 4, ^=, 0)
#endif

/* One round from a to e; c holds the column parities of a, then those of e. */
static inline __attribute__((always_inline)) void hyb_keccak_round(
	const uint64_t *a, uint64_t *e, uint64_t c[5], uint64_t k)
{
	const uint64_t d[5] = { c[4] ^ hyb_rol64(c[1], 1), c[0] ^ hyb_rol64(c[2], 1),
		c[1] ^ hyb_rol64(c[3], 1), c[2] ^ hyb_rol64(c[4], 1), c[3] ^ hyb_rol64(c[0], 1) };
	uint64_t b0, b1, b2, b3, b4;

	HYB_KECCAK_ROW(a, 0, 0, 6, 44, 12, 43, 18, 21, 24, 14);
	HYB_KECCAK_CHI0(e, k);
	HYB_KECCAK_ROW(a, 3, 28, 9, 20, 10, 3, 16, 45, 22, 61);
	HYB_KECCAK_CHI1(e);
	HYB_KECCAK_ROW(a, 1, 1, 7, 6, 13, 25, 19, 8, 20, 18);
	HYB_KECCAK_CHI2(e);
	HYB_KECCAK_ROW(a, 4, 27, 5, 36, 11, 10, 17, 15, 23, 56);
	HYB_KECCAK_CHI3(e);
	HYB_KECCAK_ROW(a, 2, 62, 8, 55, 14, 39, 15, 41, 21, 2);
	HYB_KECCAK_CHI4(e);
}

static inline __attribute__((always_inline)) void hyb_keccakf_one(uint64_t s[25])
{
	uint64_t e[25], c[5];

	HYB_KECCAK_INVERT(s);
	/* Written out: as a loop it becomes vector code whose results wait on their way back. */
	c[0] = s[0] ^ s[5] ^ s[10] ^ s[15] ^ s[20];
	c[1] = s[1] ^ s[6] ^ s[11] ^ s[16] ^ s[21];
	c[2] = s[2] ^ s[7] ^ s[12] ^ s[17] ^ s[22];
	c[3] = s[3] ^ s[8] ^ s[13] ^ s[18] ^ s[23];
	c[4] = s[4] ^ s[9] ^ s[14] ^ s[19] ^ s[24];
	for (unsigned i = 0; i < 24; i += 2) {
		hyb_keccak_round(s, e, c, hyb_keccak_rc[i]);
		hyb_keccak_round(e, s, c, hyb_keccak_rc[i + 1]);
	}
	HYB_KECCAK_INVERT(s);
}

#endif
