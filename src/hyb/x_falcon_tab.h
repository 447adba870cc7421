/*
 * x_falcon_tab.h — Falcon's tables, made by gen_x_falcon.py from their definitions.
 *
 * Shape:     node k of level l of the tree of x^n + 1 is the factor x^(n / 2^l) - c; it splits by s,
 *            a square root of c, into its children 2k (with s) and 2k + 1 (with -s). A table holds
 *            these s at 2^l + k, the same for every n.
 */
#ifndef HYB_X_FALCON_TAB_H
#define HYB_X_FALCON_TAB_H

#include <stdint.h>

/* In Z/q, times 2^16. */
extern const uint16_t hyb_falcon_tw_q[1024];
/* In C, with x^(n/2) = i at the root. */
extern const double hyb_falcon_tw_re[512];
extern const double hyb_falcon_tw_im[512];

/* 62-bit primes, 1 mod 2048 and within 2^31 of 2^62, in descending order. */
struct falcon_prime {
	uint64_t p;
	uint64_t neg_inv; /* -1 / p mod 2^64 */
	uint64_t root;	  /* of x^1024 + 1, times 2^64 mod p */
	uint64_t crt;	  /* 1 / the product of all primes before */
};

#define FALCON_PRIMES 156
extern const struct falcon_prime hyb_falcon_primes[FALCON_PRIMES];

/* Key generation's Gaussian: P(0), then P(x > k | x > 0), times 2^63. */
extern const uint64_t hyb_falcon_gauss[27];

#endif
