#include "hyb/mlkem_poly.h"

#include "hyb/cpu.h"
#include "hyb/mlkem_tables.h"

#define QINV (-3327)	     /* q^-1 mod 2^16, centred */
#define R2 1353		     /* R^2 mod q */
#define R2_128 1441	     /* R^2 / 128 mod q: ends the inverse transform */
#define BARRETT 20159	     /* round(2^26 / q) */
#define HALF_Q 1665	     /* Decompress_1(1) */
#define COMPRESS 2642262848U /* round(2^43 / q) */

/* x*y/2^16 rounded down; gcc and clang know this shape as one vector instruction. */
static inline int16_t mulhi(int16_t x, int16_t y)
{
	return (int16_t)(((int32_t)x * y) >> 16);
}

static inline int16_t mullo(int16_t x, int16_t y)
{
	return (int16_t)((uint16_t)x * (uint32_t)(uint16_t)y);
}

/* a*b/R mod q, |r| <= |a*b|/2^16 + q/2: below q for |b| <= q/2. bq = b/q mod 2^16. */
static inline int16_t mont_by(int16_t a, int16_t b, int16_t bq)
{
	return (int16_t)(mulhi(a, b) - mulhi(mullo(a, bq), HYB_Q));
}

static inline int16_t mont(int16_t a, int16_t b)
{
	return mont_by(a, b, mullo(b, QINV));
}

/* The same for a sum of products, |x| < q*2^15. */
static inline int16_t mont32(int32_t x)
{
	int16_t t = mullo((int16_t)x, QINV);

	return (int16_t)((x - (int32_t)t * HYB_Q) >> 16);
}

/* Centred: |r| <= (q + 1) / 2, any a. */
static inline int16_t barrett(int16_t a)
{
	int16_t t = (int16_t)(((int32_t)BARRETT * a + (1 << 25)) >> 26);

	return (int16_t)(a - (int16_t)(t * HYB_Q));
}

static inline int16_t canonical(int16_t a)
{
	int16_t r = barrett(a);

	return (int16_t)(r + ((r >> 15) & HYB_Q));
}

static inline __attribute__((always_inline)) void ntt_layer(int16_t *r, unsigned len)
{
	const int16_t *z = zetas + 128 / len;

	for (unsigned start = 0; start < 256; start += 2 * len) {
		int16_t b = *z++, bq = mullo(b, QINV);

		for (unsigned j = start; j < start + len; j++) {
			int16_t t = mont_by(r[j + len], b, bq);

			r[j + len] = (int16_t)(r[j] - t);
			r[j] = (int16_t)(r[j] + t);
		}
	}
}

/* Each of the seven layers adds less than q to the bound: 8q < 2^15. */
static void ntt(int16_t r[256])
{
	ntt_layer(r, 128);
	ntt_layer(r, 64);
	ntt_layer(r, 32);
	ntt_layer(r, 16);
	ntt_layer(r, 8);
	ntt_layer(r, 4);
	ntt_layer(r, 2);
	for (unsigned i = 0; i < 256; i++)
		r[i] = barrett(r[i]);
}

static inline __attribute__((always_inline)) void invntt_layer(int16_t *r, unsigned len)
{
	const int16_t *z = zetas + 256 / len;

	for (unsigned start = 0; start < 256; start += 2 * len) {
		int16_t b = *--z, bq = mullo(b, QINV);

		for (unsigned j = start; j < start + len; j++) {
			int16_t t = r[j];

			r[j] = (int16_t)(t + r[j + len]);
			r[j + len] = mont_by((int16_t)(r[j + len] - t), b, bq);
		}
	}
}

/* Sums double: 8q after three layers, then from (q + 1)/2 to 8(q + 1) after the other four. */
static void invntt(int16_t r[256])
{
	invntt_layer(r, 2);
	invntt_layer(r, 4);
	invntt_layer(r, 8);
	for (unsigned i = 0; i < 256; i++)
		r[i] = barrett(r[i]);
	invntt_layer(r, 16);
	invntt_layer(r, 32);
	invntt_layer(r, 64);
	invntt_layer(r, 128);
	for (unsigned i = 0; i < 256; i++)
		r[i] = mont(r[i], R2_128);
}

static void factor(struct hyb_mlkem_factor *f, const int16_t b[256])
{
	for (unsigned i = 0; i < 128; i++) {
		f->one[2 * i] = b[2 * i];
		f->one[2 * i + 1] = mont(b[2 * i + 1], gammas[i]);
		f->two[2 * i] = b[2 * i + 1];
		f->two[2 * i + 1] = b[2 * i];
	}
}

/* |sum| <= 2*4*q^2 < q*2^15. */
static void dot(int16_t r[256], const int16_t *a, size_t stride, const struct hyb_mlkem_factor *f,
	unsigned k)
{
	int32_t sum[256] HYB_ALIGN;

	memset(sum, 0, sizeof(sum));
	for (unsigned n = 0; n < k; n++) {
		const int16_t *x = a + 256 * stride * n;

		for (unsigned i = 0; i < 256; i += 2) {
			sum[i] += x[i] * f[n].one[i] + x[i + 1] * f[n].one[i + 1];
			sum[i + 1] += x[i] * f[n].two[i] + x[i + 1] * f[n].two[i + 1];
		}
	}
	for (unsigned i = 0; i < 256; i++)
		r[i] = mont32(sum[i]);
}

static void lift_add(int16_t r[256], const int16_t a[256], const int16_t b[256])
{
	for (unsigned i = 0; i < 256; i++)
		r[i] = canonical((int16_t)(mont(a[i], R2) + b[i]));
}

static void add(int16_t r[256], const int16_t a[256], const int16_t b[256])
{
	for (unsigned i = 0; i < 256; i++)
		r[i] = canonical((int16_t)(a[i] + b[i]));
}

static void sub(int16_t r[256], const int16_t a[256], const int16_t b[256])
{
	for (unsigned i = 0; i < 256; i++)
		r[i] = canonical((int16_t)(a[i] - b[i]));
}

static void cbd2(int16_t r[256], const uint8_t in[128])
{
	for (unsigned i = 0; i < 128; i++) {
		unsigned t = in[i], d = (t & 0x55) + (t >> 1 & 0x55);

		r[2 * i] = (int16_t)((int)(d & 3) - (int)(d >> 2 & 3));
		r[2 * i + 1] = (int16_t)((int)(d >> 4 & 3) - (int)(d >> 6 & 3));
	}
}

static void cbd3(int16_t r[256], const uint8_t in[192])
{
	for (unsigned i = 0; i < 64; i++) {
		uint32_t t =
			in[3 * i] | (uint32_t)in[3 * i + 1] << 8 | (uint32_t)in[3 * i + 2] << 16;
		uint32_t d = (t & 0x249249) + (t >> 1 & 0x249249) + (t >> 2 & 0x249249);

		for (unsigned j = 0; j < 4; j++)
			r[4 * i + j] =
				(int16_t)((int)(d >> (6 * j) & 7) - (int)(d >> (6 * j + 3) & 7));
	}
}

static unsigned reject(int16_t *r, unsigned have, const uint8_t *in, size_t n)
{
	for (size_t i = 0; i + 3 <= n && have < 256; i += 3) {
		unsigned d1 = in[i] | (in[i + 1] & 15U) << 8;
		unsigned d2 = in[i + 1] >> 4 | (unsigned)in[i + 2] << 4;

		/* Written always, kept by counting: which are accepted is public but not predictable. */
		r[have] = (int16_t)d1;
		have += d1 < HYB_Q;
		r[have] = (int16_t)d2;
		have += d2 < HYB_Q;
	}
	return have < 256 ? have : 256;
}

static void encode12(uint8_t out[384], const int16_t c[256])
{
	for (unsigned i = 0; i < 128; i++) {
		unsigned a = (unsigned)c[2 * i], b = (unsigned)c[2 * i + 1];

		out[3 * i] = (uint8_t)a;
		out[3 * i + 1] = (uint8_t)(a >> 8 | b << 4);
		out[3 * i + 2] = (uint8_t)(b >> 4);
	}
}

static bool decode12(int16_t r[256], const uint8_t in[384])
{
	int over = 0;

	for (unsigned i = 0; i < 128; i++) {
		int a = in[3 * i] | (in[3 * i + 1] & 15) << 8;
		int b = in[3 * i + 1] >> 4 | in[3 * i + 2] << 4;

		over |= (HYB_Q - 1 - a) | (HYB_Q - 1 - b);
		r[2 * i] = (int16_t)a;
		r[2 * i + 1] = (int16_t)b;
	}
	return over >= 0;
}

/* round(2^d * x / q) mod 2^d without a division: exact for all canonical x. */
static inline uint32_t compress(int16_t x, unsigned d)
{
	uint64_t t = (uint64_t)(uint16_t)x * COMPRESS + (1ULL << (42 - d));

	return (uint32_t)(t >> (43 - d)) & ((1U << d) - 1);
}

/* round(q * y / 2^d) */
static inline int16_t expand(uint32_t y, unsigned d)
{
	return (int16_t)((y * HYB_Q + (1U << (d - 1))) >> d);
}

static void compress4(uint8_t out[128], const int16_t c[256])
{
	for (unsigned i = 0; i < 128; i++)
		out[i] = (uint8_t)(compress(c[2 * i], 4) | compress(c[2 * i + 1], 4) << 4);
}

/* Eight values of d bits are d bytes. */
static inline __attribute__((always_inline)) void pack(
	uint8_t *out, const int16_t c[256], unsigned d)
{
	for (unsigned i = 0; i < 256; i += 8, out += d) {
		uint64_t lo = 0, hi = 0;

		for (unsigned j = 0; j < 4; j++) {
			lo |= (uint64_t)compress(c[i + j], d) << (d * j);
			hi |= (uint64_t)compress(c[i + 4 + j], d) << (d * j);
		}
		for (unsigned j = 0; j < d; j++) {
			unsigned at = 8 * j; /* the upper four begin at bit 4d */
			uint64_t v = at < 4 * d ? lo >> at : 0;

			if (at >= 4 * d)
				v = hi >> (at - 4 * d);
			else if (at + 8 > 4 * d)
				v |= hi << (4 * d - at);
			out[j] = (uint8_t)v;
		}
	}
}

static inline __attribute__((always_inline)) void unpack(
	int16_t r[256], const uint8_t *in, unsigned d)
{
	for (unsigned i = 0; i < 256; i += 8, in += d) {
		for (unsigned j = 0; j < 8; j++) {
			unsigned at = d * j, last = (at + d - 1) / 8;
			uint32_t v = 0;

			for (unsigned b = at / 8; b <= last; b++)
				v |= (uint32_t)in[b] << (8 * (b - at / 8));
			r[i + j] = expand(v >> (at % 8) & ((1U << d) - 1), d);
		}
	}
}

static void compress5(uint8_t out[160], const int16_t c[256])
{
	pack(out, c, 5);
}

static void compress10(uint8_t out[320], const int16_t c[256])
{
	pack(out, c, 10);
}

static void compress11(uint8_t out[352], const int16_t c[256])
{
	pack(out, c, 11);
}

static void expand4(int16_t r[256], const uint8_t in[128])
{
	unpack(r, in, 4);
}

static void expand5(int16_t r[256], const uint8_t in[160])
{
	unpack(r, in, 5);
}

static void expand10(int16_t r[256], const uint8_t in[320])
{
	unpack(r, in, 10);
}

static void expand11(int16_t r[256], const uint8_t in[352])
{
	unpack(r, in, 11);
}

static void to_message(uint8_t m[32], const int16_t c[256])
{
	for (unsigned i = 0; i < 32; i++) {
		uint32_t v = 0;

		for (unsigned j = 0; j < 8; j++)
			v |= compress(c[8 * i + j], 1) << j;
		m[i] = (uint8_t)v;
	}
}

static void add_message(int16_t r[256], const uint8_t m[32])
{
	for (unsigned i = 0; i < 256; i++) {
		uint32_t bit = (uint32_t)(m[i / 8] >> (i % 8)) & 1;

		r[i] = (int16_t)(r[i] + ((int)hyb_mask_nonzero32(bit) & HALF_Q));
	}
}

const struct hyb_mlkem_ops hyb_mlkem_ops_c = {
	.ntt = ntt,
	.invntt = invntt,
	.factor = factor,
	.dot = dot,
	.lift_add = lift_add,
	.add = add,
	.sub = sub,
	.cbd2 = cbd2,
	.cbd3 = cbd3,
	.reject = reject,
	.encode12 = encode12,
	.decode12 = decode12,
	.compress4 = compress4,
	.compress5 = compress5,
	.compress10 = compress10,
	.compress11 = compress11,
	.expand4 = expand4,
	.expand5 = expand5,
	.expand10 = expand10,
	.expand11 = expand11,
	.to_message = to_message,
	.add_message = add_message,
};

const struct hyb_mlkem_ops *hyb_mlkem_ops(void)
{
	static const struct hyb_mlkem_ops *const levels[] = {
		[HYB_CPU_C] = &hyb_mlkem_ops_c,
#if defined(__x86_64__)
		[HYB_CPU_AVX2] = &hyb_mlkem_ops_avx2,
		[HYB_CPU_AVX512] = &hyb_mlkem_ops_avx512,
#endif
	};

	return levels[hyb_cpu()];
}
