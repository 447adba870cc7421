/*
 * keccak_vec.h — Keccak-f[1600] on vectors, one lane of every state per vector, for both levels.
 *
 * Shape:     the including file defines V, a vector of 64-bit lanes, and X3 (xor of three),
 *            CHI (a ^ (~b & c)), ROL, XOR, ONE (broadcast), LD and ST before it uses these macros.
 *            25 registers a0…a24 hold the state; pi is a renaming, so a round ends in moves that
 *            the processor renames away.
 * Standard:  FIPS 202 §3.2.
 */
#ifndef HYB_KECCAK_VEC_H
#define HYB_KECCAK_VEC_H

#include "hyb/keccak_f.h"

#define KECCAK_LOAD(s)                                                                             \
	V a0 = LD((s)[0]), a1 = LD((s)[1]), a2 = LD((s)[2]), a3 = LD((s)[3]), a4 = LD((s)[4]),     \
	  a5 = LD((s)[5]), a6 = LD((s)[6]), a7 = LD((s)[7]), a8 = LD((s)[8]), a9 = LD((s)[9]),     \
	  a10 = LD((s)[10]), a11 = LD((s)[11]), a12 = LD((s)[12]), a13 = LD((s)[13]),              \
	  a14 = LD((s)[14]), a15 = LD((s)[15]), a16 = LD((s)[16]), a17 = LD((s)[17]),              \
	  a18 = LD((s)[18]), a19 = LD((s)[19]), a20 = LD((s)[20]), a21 = LD((s)[21]),              \
	  a22 = LD((s)[22]), a23 = LD((s)[23]), a24 = LD((s)[24])

#define KECCAK_STORE(s)                                                                            \
	do {                                                                                       \
		ST((s)[0], a0);                                                                    \
		ST((s)[1], a1);                                                                    \
		ST((s)[2], a2);                                                                    \
		ST((s)[3], a3);                                                                    \
		ST((s)[4], a4);                                                                    \
		ST((s)[5], a5);                                                                    \
		ST((s)[6], a6);                                                                    \
		ST((s)[7], a7);                                                                    \
		ST((s)[8], a8);                                                                    \
		ST((s)[9], a9);                                                                    \
		ST((s)[10], a10);                                                                  \
		ST((s)[11], a11);                                                                  \
		ST((s)[12], a12);                                                                  \
		ST((s)[13], a13);                                                                  \
		ST((s)[14], a14);                                                                  \
		ST((s)[15], a15);                                                                  \
		ST((s)[16], a16);                                                                  \
		ST((s)[17], a17);                                                                  \
		ST((s)[18], a18);                                                                  \
		ST((s)[19], a19);                                                                  \
		ST((s)[20], a20);                                                                  \
		ST((s)[21], a21);                                                                  \
		ST((s)[22], a22);                                                                  \
		ST((s)[23], a23);                                                                  \
		ST((s)[24], a24);                                                                  \
	} while (0)

#define KECCAK_PARITY(v0, v1, v2, v3, v4) X3(X3(v0, v1, v2), v3, v4)

/* theta on one column: left neighbour's parity, and the right one's rotated. */
#define KECCAK_THETA(v0, v1, v2, v3, v4, left, right)                                              \
	d = ROL(right, 1);                                                                         \
	v0 = X3(v0, left, d);                                                                      \
	v1 = X3(v1, left, d);                                                                      \
	v2 = X3(v2, left, d);                                                                      \
	v3 = X3(v3, left, d);                                                                      \
	v4 = X3(v4, left, d)

/* chi on one row that rho and pi have brought together. */
#define KECCAK_CHI(e0, e1, e2, e3, e4, v0, v1, v2, v3, v4)                                         \
	b0 = (v0);                                                                                 \
	b1 = (v1);                                                                                 \
	b2 = (v2);                                                                                 \
	b3 = (v3);                                                                                 \
	b4 = (v4);                                                                                 \
	V e0 = CHI(b0, b1, b2), e1 = CHI(b1, b2, b3), e2 = CHI(b2, b3, b4), e3 = CHI(b3, b4, b0),  \
	  e4 = CHI(b4, b0, b1)

#define KECCAK_ROUND(k)                                                                            \
	do {                                                                                       \
		V c0 = KECCAK_PARITY(a0, a5, a10, a15, a20);                                       \
		V c1 = KECCAK_PARITY(a1, a6, a11, a16, a21);                                       \
		V c2 = KECCAK_PARITY(a2, a7, a12, a17, a22);                                       \
		V c3 = KECCAK_PARITY(a3, a8, a13, a18, a23);                                       \
		V c4 = KECCAK_PARITY(a4, a9, a14, a19, a24);                                       \
		V d, b0, b1, b2, b3, b4;                                                           \
                                                                                                   \
		KECCAK_THETA(a0, a5, a10, a15, a20, c4, c1);                                       \
		KECCAK_THETA(a1, a6, a11, a16, a21, c0, c2);                                       \
		KECCAK_THETA(a2, a7, a12, a17, a22, c1, c3);                                       \
		KECCAK_THETA(a3, a8, a13, a18, a23, c2, c4);                                       \
		KECCAK_THETA(a4, a9, a14, a19, a24, c3, c0);                                       \
		KECCAK_CHI(e0, e1, e2, e3, e4, a0, ROL(a6, 44), ROL(a12, 43), ROL(a18, 21),        \
			ROL(a24, 14));                                                             \
		e0 = XOR(e0, ONE(k));                                                              \
		KECCAK_CHI(e5, e6, e7, e8, e9, ROL(a3, 28), ROL(a9, 20), ROL(a10, 3),              \
			ROL(a16, 45), ROL(a22, 61));                                               \
		KECCAK_CHI(e10, e11, e12, e13, e14, ROL(a1, 1), ROL(a7, 6), ROL(a13, 25),          \
			ROL(a19, 8), ROL(a20, 18));                                                \
		KECCAK_CHI(e15, e16, e17, e18, e19, ROL(a4, 27), ROL(a5, 36), ROL(a11, 10),        \
			ROL(a17, 15), ROL(a23, 56));                                               \
		KECCAK_CHI(e20, e21, e22, e23, e24, ROL(a2, 62), ROL(a8, 55), ROL(a14, 39),        \
			ROL(a15, 41), ROL(a21, 2));                                                \
		a0 = e0, a1 = e1, a2 = e2, a3 = e3, a4 = e4, a5 = e5, a6 = e6, a7 = e7, a8 = e8,   \
		a9 = e9, a10 = e10, a11 = e11, a12 = e12, a13 = e13, a14 = e14, a15 = e15,         \
		a16 = e16, a17 = e17, a18 = e18, a19 = e19, a20 = e20, a21 = e21, a22 = e22,       \
		a23 = e23, a24 = e24;                                                              \
	} while (0)

#define KECCAK_ROUNDS()                                                                            \
	for (unsigned i = 0; i < 24; i += 2) {                                                     \
		KECCAK_ROUND(hyb_keccak_rc[i]);                                                    \
		KECCAK_ROUND(hyb_keccak_rc[i + 1]);                                                \
	}

#endif
