/*
 * x_falcon_ntru.h — solving the NTRU equation f G - g F = q [Falcon §3.8.2].
 *
 * Shape:     hyb_falcon_ntru descends by field norms to integers, solves there, and lifts the solution,
 *            reducing it at every level.
 * Ownership: the caller's struct; the caller wipes it.
 * Errors:    false when this (f, g) has no solution, or none that fits: draw another.
 * Secrets:   time depends on f and g.
 */
#ifndef HYB_X_FALCON_NTRU_H
#define HYB_X_FALCON_NTRU_H

#include "hyb/x_falcon_arith.h"

#define NTRU_LEVELS 11
/* Words of all f of all levels together, and of the longest single numbers. */
#define NTRU_POOL 2720
#define NTRU_BIG 106

struct falcon_ntru {
	unsigned logn;
	uint64_t *f[NTRU_LEVELS], *g[NTRU_LEVELS];
	uint64_t pool[2][NTRU_POOL];
	uint64_t F[FALCON_MAX_N], G[FALCON_MAX_N];	     /* of the level at hand */
	uint64_t deep_F[FALCON_MAX_N], deep_G[FALCON_MAX_N]; /* reduced, of the level below */
	uint64_t tw[FALCON_MAX_N], t[4][FALCON_MAX_N];
	int64_t k[FALCON_MAX_N];
	double fd[FALCON_MAX_N], gd[FALCON_MAX_N], Fd[FALCON_MAX_N], Gd[FALCON_MAX_N];
	double den[FALCON_MAX_N / 2], tmp[FALCON_MAX_N];
} HYB_ALIGN;

bool hyb_falcon_ntru(struct falcon_ntru *w, struct falcon_key *key, unsigned logn);

/*
 * F and G with f G - g F = 1 for positive odd f and g of n words, 0 <= F < f, 0 <= G < g; false if they
 * have a common factor. tmp: 4 n words.
 */
bool hyb_falcon_bezout(
	uint64_t *F, uint64_t *G, const uint64_t *f, const uint64_t *g, size_t n, uint64_t *tmp);

#endif
