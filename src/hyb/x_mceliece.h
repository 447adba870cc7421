/*
 * x_mceliece.h — what the parts of Classic McEliece share.
 *
 * Shape:     x_mceliece.c the KEM, x_mceliece_key.c permutations, control bits and Goppa polynomials,
 *            x_mceliece_vec_*.c the bit-sliced work of each code level (struct mceliece_ops).
 * Units:     a "field vector" has one bit for each element of GF(2^m): bit v belongs to the element
 *            whose bits are those of v in reverse order; 64 to a word, first in the lowest bit.
 * Standard:  Classic McEliece, submission of 2022-10-23.
 */
#ifndef HYB_X_MCELIECE_H
#define HYB_X_MCELIECE_H

#include "hyb/cpu.h"
#include "hyb/hybx.h"
#include "hyb/keccak.h"

#define MCE_MAX_T 128
#define MCE_MAX_Q 8192
#define MCE_MAX_WORDS (MCE_MAX_Q / 64)

struct mceliece_set {
	unsigned m, n, t;
	size_t pk_bytes, sk_bytes, ct_bytes;
	uint16_t poly; /* of the field, without its top bit */
};

/* Room of the bit-sliced work: planes of all field elements. */
struct mceliece_planes {
	uint64_t tw[13][MCE_MAX_WORDS], xt[13][MCE_MAX_WORDS], inv[13][MCE_MAX_WORDS];
	uint64_t a[13][MCE_MAX_WORDS], b[13][MCE_MAX_WORDS];
} HYB_ALIGN;

struct mceliece_ops {
	/* x += c f, t elements of the field. */
	void (*add_multiple)(uint16_t *x, const uint16_t *f, uint16_t c);
	/* 1 / g at every field element, in the order of a field vector; g monic without its top. */
	void (*invert_goppa)(uint16_t *out, const uint16_t *g, struct mceliece_planes *p);
	/*
	 * The parity-check matrix of 1 / g(L[i]) and L[i], i < n, brought to (I | T); rows of row_words.
	 * False if that is not possible.
	 */
	bool (*make_matrix)(uint64_t *mat, const uint16_t *inv, const uint16_t *support,
		struct mceliece_planes *p);
	/* ct = (I | T) e: m t bits. */
	void (*encode)(uint8_t *ct, const uint8_t *pk, const uint8_t *e);
	/* Errors of the received word, both field vectors; false if err does not explain it. */
	bool (*decode)(
		uint64_t *err, const uint64_t *word, const uint16_t *g, struct mceliece_planes *p);
};

/* By set: 348864, 6688128. */
extern const struct mceliece_ops hyb_mceliece_ops_c[2];
#if defined(__x86_64__)
extern const struct mceliece_ops hyb_mceliece_ops_avx2[2];
extern const struct mceliece_ops hyb_mceliece_ops_avx512[2];
#endif

/* Words of a matrix row: whole 64-byte vectors. */
#define MCE_ROW_WORDS(n) (((n) + 511U) / 512U * 8U)

static inline uint16_t hyb_gf_mul(uint16_t a, uint16_t b, const struct mceliece_set *s)
{
	uint32_t r = 0, top = 1U << s->m;

	for (unsigned i = s->m; i-- > 0;) {
		r <<= 1;
		r ^= (top | s->poly) & (0U - (r >> s->m));
		r ^= a & (0U - ((uint32_t)b >> i & 1));
	}
	return (uint16_t)r;
}

/*
 * The minimal polynomial of f over GF(2^m), monic of degree t, without its top; false if its degree is
 * less. mat: t (t + 1) elements of room.
 */
bool hyb_mceliece_irreducible(uint16_t *g, const uint16_t *f, uint16_t *mat,
	const struct mceliece_set *s, const struct mceliece_ops *ops);
/* pi sorts the 2^m random numbers; false if two are equal. keys: 2^m words of room. */
bool hyb_mceliece_permutation(uint16_t *pi, const uint8_t *rnd, uint64_t *keys, unsigned m);
/* Control bits of the Beneš network for pi, (2m - 1) 2^(m-1) of them. room: 8 * 2^m values. */
void hyb_mceliece_control_bits(uint8_t *out, const uint16_t *pi, uint16_t *room, unsigned m);
/* Field vector to support order: bit i comes from bit pi[i]; or back. */
void hyb_mceliece_benes(uint64_t *bits, const uint8_t *control, unsigned m, bool is_inverse);

#endif
