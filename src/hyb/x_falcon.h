/*
 * x_falcon.h — what the parts of Falcon (round 3) share.
 *
 * Shape:     x_falcon_codec.c encodings and hashing, x_falcon_vrfy.c verification, x_falcon_sign.c
 *            sampling and signing, x_falcon_keygen.c and x_falcon_ntru.c key generation; arithmetic
 *            mod q and in double is compiled once per code level (x_falcon_arith.h).
 * Units:     polynomials have n = 2^logn coefficients and live in Z[x]/(x^n + 1).
 * Standard:  Falcon specification v1.2.
 */
#ifndef HYB_X_FALCON_H
#define HYB_X_FALCON_H

#include "hyb/hybx.h"
#include "hyb/keccak.h"

#define FALCON_Q 12289
#define FALCON_MAX_N 1024

static inline bool hyb_falcon_logn_ok(unsigned logn)
{
	return logn == 9 || logn == 10;
}

/* Bits of a coefficient of f and g in an encoded secret key; F has 8. */
static inline unsigned hyb_falcon_fg_bits(unsigned logn)
{
	return logn == 9 ? 6 : 5;
}

/* ---- codec ---- */
/* Public key, 14 bits a coefficient; false if one is not below q. */
bool hyb_falcon_decode_pk(uint16_t *h, const uint8_t *in, unsigned logn);
void hyb_falcon_encode_pk(uint8_t *out, const uint16_t *h, unsigned logn);
/* n signed coefficients of `bits` bits; the most negative value is not in use. */
bool hyb_falcon_decode_small(int8_t *f, const uint8_t *in, size_t n, unsigned bits);
void hyb_falcon_encode_small(uint8_t *out, const int8_t *f, size_t n, unsigned bits);
/* Bytes read or written, 0 if it is malformed or does not fit [Falcon Alg. 17, 18]. */
size_t hyb_falcon_decompress(int16_t *s, hyb_bytes in, size_t n);
size_t hyb_falcon_compress(uint8_t *out, size_t room, const int16_t *s, size_t n);
/* HashToPoint(nonce ‖ m) [Falcon Alg. 3]. */
void hyb_falcon_hash(uint16_t *c, size_t n, const uint8_t nonce[40], hyb_bytes m);

/* ‖(s1, s2)‖² within the bound [Falcon Table 3.3]? */
bool hyb_falcon_is_short(const int16_t *s1, const int16_t *s2, unsigned logn);

/* The small polynomials of a secret key. */
struct falcon_key {
	int8_t f[FALCON_MAX_N], g[FALCON_MAX_N], F[FALCON_MAX_N], G[FALCON_MAX_N];
};

/* Room for the two operands of a product mod q. */
struct falcon_room_q {
	uint16_t a[FALCON_MAX_N], b[FALCON_MAX_N], c[FALCON_MAX_N];
} HYB_ALIGN;

static inline void hyb_falcon_to_q(uint16_t *out, const int8_t *f, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = (uint16_t)(f[i] + (FALCON_Q & -(f[i] < 0)));
}

/* Reads sk and computes G = g F / f mod q; false if it is no key or G is out of range. */
bool hyb_falcon_load_key(
	struct falcon_key *k, hyb_bytes sk, unsigned logn, struct falcon_room_q *r);

#endif
