/*
 * sha2_lanes.h — SHA-2 compression on vectors: one message in each lane, two vectors interleaved.
 *
 * Shape:     a template: included once per word size and level, with these macros:
 *              V, LANE(name)          the vector type, and how functions are called here
 *              ADD XOR3 CH MAJ SET1   on V
 *              SUM0 SUM1 SIG0 SIG1    the four functions of the standard
 *              K                      the table of round constants
 *            `nv` (1 or 2) and `zero` are compile-time constants wherever these functions are used.
 *            Two vectors fill the processor where one waits for its own results.
 * Secrets:   data only; positions and counts are public.
 * Standard:  FIPS 180-4 §6.2.2, §6.4.2.
 */

#ifndef ALWAYS
#define ALWAYS static inline __attribute__((always_inline))
#endif

ALWAYS void LANE(round)(V s[8], unsigned i, V kw)
{
	V a = s[(0U - i) & 7], b = s[(1U - i) & 7], c = s[(2U - i) & 7];
	V e = s[(4U - i) & 7], f = s[(5U - i) & 7], g = s[(6U - i) & 7];
	V t = ADD(ADD(s[(7U - i) & 7], kw), ADD(CH(e, f, g), SUM1(e)));

	s[(3U - i) & 7] = ADD(s[(3U - i) & 7], t);
	s[(7U - i) & 7] = ADD(ADD(MAJ(a, b, c), SUM0(a)), t);
}

/* w[i] of the next sixteen rounds; words from `zero` to 14 of these sixteen are zero. */
ALWAYS void LANE(extend)(V w[16], unsigned i, unsigned zero)
{
	unsigned z1 = i + 1, z9 = i + 9, z14 = i + 14;

	if (z9 < zero || z9 >= 15)
		w[i] = i >= zero && i < 15 ? w[z9 & 15] : ADD(w[i], w[z9 & 15]);
	if (z1 < zero || z1 >= 15)
		w[i] = ADD(w[i], SIG0(w[z1 & 15]));
	if (z14 < zero || z14 >= 15)
		w[i] = ADD(w[i], SIG1(w[z14 & 15]));
}

/* Rounds r + from to r + 15. */
ALWAYS void LANE(sixteen)(
	V s[2][8], V w[2][16], unsigned nv, unsigned r, unsigned from, unsigned zero)
{
#pragma GCC unroll 16
	for (unsigned i = from; i < 16; i++) {
		V k = SET1(K[r + i]);

		for (unsigned v = 0; v < nv; v++) {
			LANE(round)(s[v], i, i >= zero && i < 15 ? k : ADD(w[v][i], k));
			if (r + 16 < sizeof(K) / sizeof(K[0]))
				LANE(extend)(w[v], i, zero);
		}
	}
}

/* The rounds after the first sixteen: one copy for all users. */
#define REST(nv)                                                                                   \
	static __attribute__((noinline)) void LANE(rest##nv)(V state[2][8], V w[2][16])            \
	{                                                                                          \
		V s[2][8];                                                                         \
                                                                                                   \
		for (unsigned v = 0; v < (nv); v++)                                                \
			for (unsigned i = 0; i < 8; i++)                                           \
				s[v][i] = state[v][i];                                             \
		_Pragma("GCC unroll 1") for (unsigned r = 16; r < sizeof(K) / sizeof(K[0]) - 16;   \
					     r += 16) LANE(sixteen)(s, w, nv, r, 0, 16);           \
		LANE(sixteen)(s, w, nv, sizeof(K) / sizeof(K[0]) - 16, 0, 16);                     \
		for (unsigned v = 0; v < (nv); v++)                                                \
			for (unsigned i = 0; i < 8; i++)                                           \
				state[v][i] = s[v][i];                                             \
	}
REST(1)
#ifdef TWO
REST(2)
#endif
#undef REST

/* All rounds from `from` (below 16) on; s is the state after those before, w is used up. */
ALWAYS void LANE(rounds)(V s[2][8], V w[2][16], unsigned nv, unsigned from, unsigned zero)
{
	for (unsigned v = 0; v < nv; v++) {
#pragma GCC unroll 16
		for (unsigned i = 0; i < from; i++)
			LANE(extend)(w[v], i, zero);
	}
	LANE(sixteen)(s, w, nv, 0, from, zero);
#ifdef TWO
	if (nv == 2) {
		LANE(rest2)(s, w);
		return;
	}
#endif
	LANE(rest1)(s, w);
}
