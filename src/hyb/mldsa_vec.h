/*
 * mldsa_vec.h — ML-DSA's coefficient-wise operations, for a file that says how wide its vectors are.
 *
 * Shape:     inline functions on struct mldsa_poly, written with the compilers' vector types, which
 *            mean the same on every width; the including file defines VEC_BYTES first (32 or 64).
 * Secrets:   straight lines; the one conditional is on a parameter of the set.
 * Standard:  FIPS 204; the formulas are those of mldsa_poly.c.
 */
#ifndef HYB_MLDSA_VEC_H
#define HYB_MLDSA_VEC_H

#include "hyb/mldsa.h"

#define VEC_LANES (VEC_BYTES / 4)
#define VECS (MLDSA_N / VEC_LANES)

typedef int32_t vec __attribute__((vector_size(VEC_BYTES), may_alias));

static inline const vec *vec_in(const struct mldsa_poly *a)
{
	return (const vec *)(const void *)a->c;
}

static inline vec *vec_out(struct mldsa_poly *a)
{
	return (vec *)(void *)a->c;
}

static void add(struct mldsa_poly *r, const struct mldsa_poly *a, const struct mldsa_poly *b)
{
	for (unsigned i = 0; i < VECS; i++)
		vec_out(r)[i] = vec_in(a)[i] + vec_in(b)[i];
}

static void sub(struct mldsa_poly *r, const struct mldsa_poly *a, const struct mldsa_poly *b)
{
	for (unsigned i = 0; i < VECS; i++)
		vec_out(r)[i] = vec_in(a)[i] - vec_in(b)[i];
}

static inline vec vec_canonical(vec a)
{
	return a + (a >> 31 & MLDSA_Q);
}

static inline vec vec_centred(vec a)
{
	return a - ((MLDSA_Q / 2 - a) >> 31 & MLDSA_Q);
}

static void power2round(struct mldsa_poly *r1, struct mldsa_poly *r0, const struct mldsa_poly *a)
{
	for (unsigned i = 0; i < VECS; i++) {
		vec t = vec_canonical(vec_in(a)[i]);
		vec hi = (t + ((1 << (MLDSA_D - 1)) - 1)) >> MLDSA_D;

		vec_out(r0)[i] = t - (hi << MLDSA_D);
		vec_out(r1)[i] = hi;
	}
}

static inline vec vec_high_low(vec *r0, vec r, int32_t gamma2)
{
	vec r1 = (r + 127) >> 7;

	if (gamma2 == MLDSA_GAMMA2_32) {
		r1 = ((r1 * 1025 + (1 << 21)) >> 22) & 15;
	} else {
		r1 = (r1 * 11275 + (1 << 23)) >> 24;
		r1 &= ~((43 - r1) >> 31);
	}
	*r0 = vec_centred(r - r1 * (2 * gamma2));
	return r1;
}

static inline void decompose_by(
	struct mldsa_poly *r1, struct mldsa_poly *r0, const struct mldsa_poly *a, int32_t gamma2)
{
	for (unsigned i = 0; i < VECS; i++) {
		vec lo, hi = vec_high_low(&lo, vec_canonical(vec_in(a)[i]), gamma2);

		vec_out(r1)[i] = hi;
		vec_out(r0)[i] = lo;
	}
}

static void decompose(
	struct mldsa_poly *r1, struct mldsa_poly *r0, const struct mldsa_poly *a, int32_t gamma2)
{
	if (gamma2 == MLDSA_GAMMA2_32)
		decompose_by(r1, r0, a, MLDSA_GAMMA2_32);
	else
		decompose_by(r1, r0, a, MLDSA_GAMMA2_88);
}

static uint32_t norm_ge(const struct mldsa_poly *a, int32_t bound)
{
	vec out = vec_in(a)[0] & 0;
	int32_t any = 0;

	for (unsigned i = 0; i < VECS; i++) {
		vec t = vec_in(a)[i], sign = t >> 31;

		out |= bound - 1 - ((t ^ sign) - sign);
	}
	for (unsigned j = 0; j < VEC_LANES; j++)
		any |= out[j];
	return hyb_barrier32((uint32_t)any >> 31);
}

#endif
