/*
 * x_falcon_arith.h — Falcon's arithmetic, compiled once per code level.
 *
 * Shape:     a table of operations; x_falcon_arith_inc.h is the code, which each level's file includes.
 *            Transforms put the value at node k of the last level of the tree (x_falcon_tab.h) at k.
 *            In C, a real polynomial has n / 2 values: real parts first, then imaginary parts.
 * Levels:    the same IEEE operations in the same order, so all levels give the same bits.
 */
#ifndef HYB_X_FALCON_ARITH_H
#define HYB_X_FALCON_ARITH_H

#include "hyb/cpu.h"
#include "hyb/x_falcon.h"
#include "hyb/x_falcon_tab.h"

#define FALCON_PRNG_BYTES 512

/* The submission's generator: ChaCha20, eight blocks at a time, word v of block u at 32 v + 4 u. */
struct falcon_prng {
	uint8_t buf[FALCON_PRNG_BYTES];
	uint32_t state[12];
	uint64_t counter;
	size_t at;
	double sigma_min;
	void (*refill)(struct falcon_prng *g);
} HYB_ALIGN;

/* Draws an integer near mu with deviation 1 / inv_sigma [Falcon Alg. 15]. */
double hyb_falcon_sample(struct falcon_prng *g, double mu, double inv_sigma);

/* One attempt at a signature; n doubles each where nothing else is said. */
struct falcon_try {
	double *b[4];	 /* g, -f, G, -F in FFT form */
	double *t0, *t1; /* in: c and nothing; out: a lattice point near (c, 0), as coefficients */
	double *g00, *g11; /* n / 2: room for the diagonal of the Gram matrix */
	double *g01, *tmp; /* tmp: 6 n */
	double inv_sigma;
	struct falcon_prng *prng;
};

struct falcon_ops {
	/* s1 = c - s2 h mod q, centred. h is spoilt. */
	void (*verify)(
		int16_t *s1, const uint16_t *c, const int16_t *s2, uint16_t *h, unsigned logn);
	/* a = a b mod q; b is spoilt. */
	void (*mul)(uint16_t *a, uint16_t *b, unsigned logn);
	/* a = b / d mod q; false if d is not invertible. b and d are spoilt. */
	bool (*div)(uint16_t *a, uint16_t *b, uint16_t *d, unsigned logn);
	/* In place; tmp: n doubles. 1 <= logn <= 10. */
	void (*fft)(double *a, unsigned logn, double *tmp);
	void (*ifft)(double *a, unsigned logn, double *tmp);
	void (*sign)(const struct falcon_try *t, unsigned logn);
	void (*refill)(struct falcon_prng *g);
};

extern const struct falcon_ops hyb_falcon_ops_c;
#if defined(__x86_64__)
extern const struct falcon_ops hyb_falcon_ops_avx2;
extern const struct falcon_ops hyb_falcon_ops_avx512;
#endif

static inline const struct falcon_ops *hyb_falcon_ops(void)
{
#if defined(__x86_64__)
	enum hyb_cpu level = hyb_cpu();

	if (level == HYB_CPU_AVX512)
		return &hyb_falcon_ops_avx512;
	if (level == HYB_CPU_AVX2)
		return &hyb_falcon_ops_avx2;
#endif
	return &hyb_falcon_ops_c;
}

#endif
