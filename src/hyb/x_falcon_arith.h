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

/* Draws an integer near mu with deviation 1 / inv_sigma [Falcon Alg. 15]. */
struct falcon_sampler;
double hyb_falcon_sample(struct falcon_sampler *s, double mu, double inv_sigma);

/* A signature attempt: the basis in FFT form and the target come in, the lattice point goes out. */
struct falcon_try {
	const double *b[4];	 /* g, -f, G, -F */
	double *t0, *t1;	 /* in: c and nothing; out: (t0, t1) B, as coefficients */
	double *g00, *g01, *g11; /* room for the Gram matrix */
	double *tmp;		 /* 4 n doubles */
	struct falcon_sampler *sampler;
	double inv_sigma;
};

struct falcon_ops {
	/* s1 = c - s2 h mod q, centred. h is spoilt. */
	void (*verify)(
		int16_t *s1, const uint16_t *c, const int16_t *s2, uint16_t *h, unsigned logn);
	/* a = b / d mod q; false if d is not invertible. b and d are spoilt. */
	bool (*div)(uint16_t *a, uint16_t *b, uint16_t *d, unsigned logn);
	void (*fft)(double *a, unsigned logn);
	void (*ifft)(double *a, unsigned logn);
	void (*sign)(const struct falcon_try *t, unsigned logn);
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
