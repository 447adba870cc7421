/*
 * mlkem_poly.h — arithmetic in Z_q[X]/(X^256 + 1), q = 3329, for ML-KEM: one table per code level.
 *
 * Shape:     polynomials are int16_t[256] in the standard's order on every level, 64-byte aligned,
 *            so that a key prepared on one level works on another.
 * Units:     R = 2^16. "small" means |c| < q; "canonical" means 0 <= c < q.
 * Bounds:    stated at each operation and checked by tests/hyb/test_mlkem_poly.c.
 * Secrets:   every operation is constant-time but `reject`, whose input is public.
 * Standard:  FIPS 203 §4.2, §4.3.
 */
#ifndef HYB_MLKEM_POLY_H
#define HYB_MLKEM_POLY_H

#include "hyb/int.h"

#define HYB_Q 3329
#define HYB_MLKEM_BLOCK 168 /* SHAKE128 rate: what sampling of A consumes at a time */
/* Room after the 256 coefficients that `reject` fills: a whole vector may be written past the last. */
#define HYB_MLKEM_REJECT_ROOM 32

/*
 * The right factor of products in the NTT domain [FIPS203 Alg. 11, 12]: for each pair (b0, b1) with
 * its gamma, one = (b0, gamma*b1) and two = (b1, b0), so that both halves of a product are sums of
 * two products of neighbours.
 */
struct hyb_mlkem_factor {
	int16_t one[256];
	int16_t two[256];
} HYB_ALIGN;

struct hyb_mlkem_ops {
	/* |c| <= q in, small out [FIPS203 Alg. 9]. */
	void (*ntt)(int16_t r[256]);
	/* small in, small out [FIPS203 Alg. 10], times R. */
	void (*invntt)(int16_t r[256]);
	/* |c| <= q in. */
	void (*factor)(struct hyb_mlkem_factor *f, const int16_t b[256]);
	/*
	 * r = sum of a[i*stride] * f[i] / R for i < k, where a counts in polynomials; k <= 4, a and f
	 * within |c| <= q; small out.
	 */
	void (*dot)(int16_t r[256], const int16_t *a, size_t stride,
		const struct hyb_mlkem_factor *f, unsigned k);
	/* r = a*R + b, canonical; any a, small b. */
	void (*lift_add)(int16_t r[256], const int16_t a[256], const int16_t b[256]);
	/* canonical; |a +- b| < 2^15. */
	void (*add)(int16_t r[256], const int16_t a[256], const int16_t b[256]);
	void (*sub)(int16_t r[256], const int16_t a[256], const int16_t b[256]);
	/* Centred binomial noise [FIPS203 Alg. 8], eta = 2 from 128 bytes, 3 from 192. */
	void (*cbd2)(int16_t r[256], const uint8_t in[128]);
	void (*cbd3)(int16_t r[256], const uint8_t in[192]);
	/*
	 * Appends to r[have…] what [FIPS203 Alg. 7] accepts of n bytes (a multiple of 3; 168 or 504) and
	 * returns the new count, at most 256. r has HYB_MLKEM_REJECT_ROOM beyond its 256.
	 */
	unsigned (*reject)(int16_t *r, unsigned have, const uint8_t *in, size_t n);
	/* ByteEncode12 of canonical c; ByteDecode12, true if every c was below q [FIPS203 Alg. 5, 6]. */
	void (*encode12)(uint8_t out[384], const int16_t c[256]);
	bool (*decode12)(int16_t r[256], const uint8_t in[384]);
	/* Compress and encode canonical c; decode and decompress, canonical [FIPS203 §4.2.1]. */
	void (*compress4)(uint8_t out[128], const int16_t c[256]);
	void (*compress5)(uint8_t out[160], const int16_t c[256]);
	void (*compress10)(uint8_t out[320], const int16_t c[256]);
	void (*compress11)(uint8_t out[352], const int16_t c[256]);
	void (*expand4)(int16_t r[256], const uint8_t in[128]);
	void (*expand5)(int16_t r[256], const uint8_t in[160]);
	void (*expand10)(int16_t r[256], const uint8_t in[320]);
	void (*expand11)(int16_t r[256], const uint8_t in[352]);
	/* d = 1: the message. add_message: r += Decompress_1(m). */
	void (*to_message)(uint8_t m[32], const int16_t c[256]);
	void (*add_message)(int16_t r[256], const uint8_t m[32]);
};

extern const struct hyb_mlkem_ops hyb_mlkem_ops_c;
#if defined(__x86_64__)
extern const struct hyb_mlkem_ops hyb_mlkem_ops_avx2;
extern const struct hyb_mlkem_ops hyb_mlkem_ops_avx512;
#endif
/* The table of the level in force. */
const struct hyb_mlkem_ops *hyb_mlkem_ops(void);

#endif
