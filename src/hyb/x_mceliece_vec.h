/*
 * x_mceliece_vec.h — the whole of x_mceliece_vec_*.c: what both sets share, then the code for each.
 *
 * Given: VEC_BYTES, the vector of the level, and OPS, the name of the table.
 */
#include "hyb/x_mceliece.h"
#include "hyb/x_mceliece_tab.h"

typedef uint64_t vec __attribute__((vector_size(VEC_BYTES), may_alias));
typedef uint64_t loose_vec __attribute__((vector_size(VEC_BYTES), may_alias, aligned(1)));
#define zero_vec ((vec){ 0 })

/*
 * A product's planes stay in registers only when its loops are unrolled into their callers; sanitizers
 * would check each of those thousand accesses, and compile for minutes.
 */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define IS_SANITIZED 1
#endif
#endif
#ifdef IS_SANITIZED
#define UNROLL(n)
#define WHOLE __attribute__((noinline))
#else
#define PRAGMA(x) _Pragma(#x)
#define UNROLL(n) PRAGMA(GCC unroll n)
#define WHOLE inline __attribute__((always_inline))
#endif

#define CAT_(a, b) a##b
#define CAT(a, b) CAT_(a, b)
#define F(name) CAT(CAT(name, _), SET)

#define W (1U << (M - 6))
#define VW (VEC_BYTES / 8) /* words of a vector */
#define NV (W / VW)	   /* vectors of a plane */
#define LOG_W (M - 6)
#define LOG_VW (VW == 8 ? 3U : VW == 4 ? 2U : 1U)
#define ROW_WORDS MCE_ROW_WORDS(N)
#define TW (T / 64)

/* Products of planes: h = f g, one vector or word of each; buf has 2 M - 1. */
#define MUL_BODY(h, f, g, buf)                                                                     \
	do {                                                                                       \
		UNROLL(32) for (unsigned i_ = 0; i_ < M; i_++)(buf)[i_] = (f)[0] & (g)[i_];        \
		UNROLL(32) for (unsigned i_ = 1; i_ < M; i_++)                                     \
		{                                                                                  \
			UNROLL(32)                                                                 \
			for (unsigned j_ = 0; j_ + 1 < M; j_++)                                    \
				(buf)[i_ + j_] ^= (f)[i_] & (g)[j_];                               \
			(buf)[i_ + M - 1] = (f)[i_] & (g)[M - 1];                                  \
		}                                                                                  \
		REDUCE(h, buf);                                                                    \
	} while (0)

/* z^12 = z^3 + 1, z^13 = z^4 + z^3 + z + 1. */
#define REDUCE(h, buf)                                                                             \
	do {                                                                                       \
		UNROLL(32) for (unsigned i_ = 2 * M - 2; i_ >= M; i_--)                            \
		{                                                                                  \
			if (M == 13) {                                                             \
				(buf)[i_ - M + 4] ^= (buf)[i_];                                    \
				(buf)[i_ - M + 1] ^= (buf)[i_];                                    \
			}                                                                          \
			(buf)[i_ - M + 3] ^= (buf)[i_];                                            \
			(buf)[i_ - M] ^= (buf)[i_];                                                \
		}                                                                                  \
		UNROLL(32) for (unsigned i_ = 0; i_ < M; i_++)(h)[i_] = (buf)[i_];                 \
	} while (0)

/* Bit c of the lane's number, for all 64 lanes. */
static const uint64_t lane_bits[6] = { 0xaaaaaaaaaaaaaaaa, 0xcccccccccccccccc, 0xf0f0f0f0f0f0f0f0,
	0xff00ff00ff00ff00, 0xffff0000ffff0000, 0xffffffff00000000 };

/* The fourth quarter of every block of 4 * 2^k. */
static const uint64_t fourth[5] = { 0x8888888888888888, 0xc0c0c0c0c0c0c0c0, 0xf000f000f000f000,
	0xff000000ff000000, 0xffff000000000000 };

/* Taylor expansion at y^2 + y: the fourth quarter into the third, that into the second. */
static inline void taylor(uint64_t *c, unsigned words, unsigned k)
{
	if (k == 5) {
		c[1] ^= c[1] >> 32;
		c[0] ^= c[1] << 32;
		return;
	}
	for (unsigned u = 0; u < words; u++) {
		c[u] ^= (c[u] & fourth[k]) >> (1U << k);
		c[u] ^= (c[u] & fourth[k] >> (1U << k)) >> (1U << k);
	}
}

static inline void taylor_t(uint64_t *c, unsigned words, unsigned k)
{
	if (k == 5) {
		c[1] ^= c[0] >> 32;
		c[1] ^= c[1] << 32;
		return;
	}
	for (unsigned u = 0; u < words; u++) {
		c[u] ^= c[u] << (1U << k) & fourth[k] >> (1U << k);
		c[u] ^= c[u] << (1U << k) & fourth[k];
	}
}

#define SET 12
#define M 12
#define N 3488
#define T 64U
#define Y_TABLE hyb_mceliece_y12
#define S_TABLE hyb_mceliece_s12
#include "hyb/x_mceliece_vec_inc.h"

#define SET 13
#define M 13
#define N 6688
#define T 128U
#define Y_TABLE hyb_mceliece_y13
#define S_TABLE hyb_mceliece_s13
#include "hyb/x_mceliece_vec_inc.h"

const struct mceliece_ops OPS[2] = {
	{ add_multiple_12, invert_goppa_12, make_matrix_12, encode_12, decode_12 },
	{ add_multiple_13, invert_goppa_13, make_matrix_13, encode_13, decode_13 },
};
