#include "hyb/cpu.h"
#include "hyb/keccak.h"
#include "hyb/mldsa.h"
#include "hyb/mldsa_zetas.h"

#define Q MLDSA_Q
#define N MLDSA_N
#define QINV 58728449 /* q^-1 mod 2^32 */

_Static_assert((uint32_t)QINV *(uint32_t)Q == 1, "q times its inverse");

/* a·2^-32 mod q for |a| < 2^31·q; the result is within |a|/2^32 + q/2 of zero. */
static inline int32_t reduce(int64_t a)
{
	int32_t t = (int32_t)((uint32_t)a * (uint32_t)QINV);

	return (int32_t)((a - (int64_t)t * Q) >> 32);
}

/* From (-q, q) to [0, q). */
static inline int32_t to_canonical(int32_t a)
{
	return a + ((a >> 31) & Q);
}

/*
 * a·z mod q by way of floor(a·z/q), which h = z·2^32/q gives but for |a|/2^33: the result is that part
 * of q outside [0, q), at most.
 */
static inline int32_t mul_zeta(int32_t a, int32_t z, int32_t h)
{
	int32_t t = (int32_t)((int64_t)a * h >> 32);

	return (int32_t)((uint32_t)a * (uint32_t)z - (uint32_t)t * (uint32_t)Q);
}

static inline void butterfly(int32_t *a, int32_t *b, unsigned k)
{
	int32_t t = mul_zeta(*b, zetas[k], zetas_quotient[k]);

	*b = *a - t;
	*a += t;
}

/* With -zeta: the factors of the way back are those of the way there, negated. */
static inline void butterfly_back(int32_t *a, int32_t *b, unsigned k)
{
	int32_t t = *b - *a;

	*a += *b;
	*b = mul_zeta(t, zetas[k], zetas_quotient[k]);
}

/* [FIPS204 Alg. 41], two layers at a time; each of the eight adds q and a little. */
static void ntt(struct mldsa_poly *a)
{
	for (unsigned len = 64, blocks = 1; len > 0; len >>= 2, blocks <<= 2)
		for (unsigned b = 0; b < blocks; b++) {
			int32_t *x = a->c + (size_t)4 * b * len;

			for (unsigned j = 0; j < len; j++) {
				int32_t r[4] = { x[j], x[j + len], x[j + 2 * len], x[j + 3 * len] };

				butterfly(&r[0], &r[2], blocks + b);
				butterfly(&r[1], &r[3], blocks + b);
				butterfly(&r[0], &r[1], 2 * (blocks + b));
				butterfly(&r[2], &r[3], 2 * (blocks + b) + 1);
				x[j] = r[0];
				x[j + len] = r[1];
				x[j + 2 * len] = r[2];
				x[j + 3 * len] = r[3];
			}
		}
}

/* [FIPS204 Alg. 42]; sums double eight times, from q to 256q < 2^31, before the last product. */
static void invntt(struct mldsa_poly *a)
{
	for (unsigned len = 1, blocks = 64; blocks > 0; len <<= 2, blocks >>= 2)
		for (unsigned b = 0; b < blocks; b++) {
			int32_t *x = a->c + (size_t)4 * b * len;
			unsigned k = 2 * blocks - 1 - b;

			for (unsigned j = 0; j < len; j++) {
				int32_t r[4] = { x[j], x[j + len], x[j + 2 * len], x[j + 3 * len] };

				butterfly_back(&r[0], &r[1], 2 * k + 1);
				butterfly_back(&r[2], &r[3], 2 * k);
				butterfly_back(&r[0], &r[2], k);
				butterfly_back(&r[1], &r[3], k);
				x[j] = r[0];
				x[j + len] = r[1];
				x[j + 2 * len] = r[2];
				x[j + 3 * len] = r[3];
			}
		}
	for (unsigned i = 0; i < N; i++) {
		int32_t t = mul_zeta(a->c[i], ZETAS_SCALE, ZETAS_SCALE_QUOTIENT);

		t = to_canonical(t); /* from [-q/4, 5q/4] */
		a->c[i] = t - (((Q / 2 - t) >> 31) & Q);
	}
}

static void mul_acc(
	struct mldsa_poly *r, const struct mldsa_poly *a, const struct mldsa_poly *b, unsigned n)
{
	for (unsigned i = 0; i < N; i++) {
		int64_t t = 0;

		for (unsigned j = 0; j < n; j++)
			t += (int64_t)a[j].c[i] * b[j].c[i];
		r->c[i] = reduce(t);
	}
}

static void add(struct mldsa_poly *r, const struct mldsa_poly *a, const struct mldsa_poly *b)
{
	for (unsigned i = 0; i < N; i++)
		r->c[i] = a->c[i] + b->c[i];
}

static void sub(struct mldsa_poly *r, const struct mldsa_poly *a, const struct mldsa_poly *b)
{
	for (unsigned i = 0; i < N; i++)
		r->c[i] = a->c[i] - b->c[i];
}

static void power2round(struct mldsa_poly *r1, struct mldsa_poly *r0, const struct mldsa_poly *a)
{
	for (unsigned i = 0; i < N; i++) {
		int32_t t = to_canonical(a->c[i]);

		r1->c[i] = (t + (1 << (MLDSA_D - 1)) - 1) >> MLDSA_D;
		r0->c[i] = t - (r1->c[i] << MLDSA_D);
	}
}

/*
 * High and low bits of r in [0, q) without a division: ceil(r / 128) times 1025/2^22 or 11275/2^24
 * rounds r/2γ2 to the nearest integer, halves down, over the whole domain (the tests walk it). The
 * last interval belongs to r1 = 0 [FIPS204 Alg. 36 line 3].
 */
static inline int32_t high_low(int32_t *r0, int32_t r, int32_t gamma2)
{
	int32_t r1 = (r + 127) >> 7, t = 0;

	if (gamma2 == MLDSA_GAMMA2_32) {
		r1 = ((r1 * 1025 + (1 << 21)) >> 22) & 15;
	} else {
		r1 = (r1 * 11275 + (1 << 23)) >> 24;
		r1 &= ~((43 - r1) >> 31);
	}
	t = r - r1 * 2 * gamma2;
	*r0 = t - (((Q / 2 - t) >> 31) & Q);
	return r1;
}

static void decompose(
	struct mldsa_poly *r1, struct mldsa_poly *r0, const struct mldsa_poly *a, int32_t gamma2)
{
	for (unsigned i = 0; i < N; i++)
		r1->c[i] = high_low(&r0->c[i], to_canonical(a->c[i]), gamma2);
}

/*
 * High bits stay r1 while r0 is in (-γ2, γ2]; -γ2 also does for r1 = 0, where the interval of
 * q - 1 joins [FIPS204 Alg. 36].
 */
static inline uint32_t hint_bit(int32_t r0, int32_t r1, int32_t gamma2)
{
	uint32_t above = (uint32_t)(gamma2 - r0) >> 31;
	uint32_t below = (uint32_t)(r0 + gamma2) >> 31;
	uint32_t edge = (uint32_t)(r0 + gamma2), nonzero = (uint32_t)-r1 >> 31;

	edge = 1 ^ ((edge | (0U - edge)) >> 31);
	return above | below | (edge & nonzero);
}

static unsigned make_hint(struct mldsa_hint *h, const struct mldsa_poly *r0,
	const struct mldsa_poly *r1, int32_t gamma2)
{
	unsigned n = 0;

	for (unsigned i = 0; i < N / 64; i++) {
		uint64_t w = 0;

		for (unsigned j = 0; j < 64; j++) {
			uint32_t bit = hint_bit(r0->c[64 * i + j], r1->c[64 * i + j], gamma2);

			n += bit;
			w |= (uint64_t)bit << j;
		}
		h->w[i] = w;
	}
	return n;
}

static void use_hint(struct mldsa_poly *a, const struct mldsa_hint *h, int32_t gamma2)
{
	int32_t m = gamma2 == MLDSA_GAMMA2_32 ? 16 : 44;

	for (unsigned i = 0; i < N; i++) {
		int32_t r0 = 0, r1 = high_low(&r0, to_canonical(a->c[i]), gamma2);
		int32_t bit = (int32_t)(h->w[i / 64] >> (i % 64) & 1);

		/* One up if r0 > 0, one down if r0 <= 0, modulo m [FIPS204 Alg. 40 lines 3, 4]. */
		r1 += r0 > 0 ? bit : -bit;
		r1 += r1 < 0 ? m : 0;
		a->c[i] = r1 == m ? 0 : r1;
	}
}

static uint32_t norm_ge(const struct mldsa_poly *a, int32_t bound)
{
	uint32_t out = 0;

	for (unsigned i = 0; i < N; i++) {
		int32_t sign = a->c[i] >> 31, t = (a->c[i] ^ sign) - sign;

		out |= (uint32_t)(bound - 1 - t);
	}
	return hyb_barrier32(out >> 31);
}

static inline uint32_t high_bits(const int32_t *c)
{
	return (uint32_t)*c;
}

static void pack_w1(uint8_t *out, const struct mldsa_poly *a, int32_t gamma2)
{
	if (gamma2 == MLDSA_GAMMA2_32) {
		for (unsigned i = 0; i < N / 2; i++)
			out[i] = (uint8_t)(a->c[2 * i] | a->c[2 * i + 1] << 4);
		return;
	}
	for (unsigned i = 0; i < N / 4; i++) {
		const int32_t *c = &a->c[4 * i];
		uint32_t v = high_bits(c) | high_bits(c + 1) << 6 | high_bits(c + 2) << 12 |
			high_bits(c + 3) << 18;

		out[3 * i] = (uint8_t)v;
		out[3 * i + 1] = (uint8_t)(v >> 8);
		out[3 * i + 2] = (uint8_t)(v >> 16);
	}
}

void hyb_mldsa_pack(uint8_t *out, const struct mldsa_poly *a, int32_t hi, unsigned bits)
{
	uint64_t acc = 0;
	unsigned fill = 0;

	for (unsigned i = 0; i < N; i++) {
		acc |= (uint64_t)(uint32_t)(hi - a->c[i]) << fill;
		for (fill += bits; fill >= 8; fill -= 8) {
			*out++ = (uint8_t)acc;
			acc >>= 8;
		}
	}
}

void hyb_mldsa_unpack(struct mldsa_poly *a, const uint8_t *in, int32_t hi, unsigned bits)
{
	uint64_t acc = 0;
	unsigned fill = 0;

	for (unsigned i = 0; i < N; i++) {
		for (; fill < bits; fill += 8)
			acc |= (uint64_t)*in++ << fill;
		a->c[i] = hi - (int32_t)(acc & ((1U << bits) - 1));
		acc >>= bits;
		fill -= bits;
	}
}

static void pack_z(uint8_t *out, const struct mldsa_poly *a, unsigned bits)
{
	hyb_mldsa_pack(out, a, 1 << (bits - 1), bits);
}

static void unpack_z(struct mldsa_poly *a, const uint8_t *in, unsigned bits)
{
	const int32_t hi = 1 << (bits - 1);

	if (bits == 20) {
		for (unsigned i = 0; i < N; i += 2, in += 5) {
			uint32_t lo = hyb_load32le(in) & 0xfffff;

			a->c[i] = hi - (int32_t)lo;
			a->c[i + 1] = hi - (int32_t)(hyb_load32le(in + 1) >> 12);
		}
		return;
	}
	for (unsigned i = 0; i < N; i += 4, in += 9) {
		uint64_t lo = hyb_load64le(in);

		a->c[i] = hi - (int32_t)(lo & 0x3ffff);
		a->c[i + 1] = hi - (int32_t)(lo >> 18 & 0x3ffff);
		a->c[i + 2] = hi - (int32_t)(lo >> 36 & 0x3ffff);
		a->c[i + 3] = hi - (int32_t)(lo >> 54 | (uint64_t)in[8] << 10);
	}
}

static void pack_t1(uint8_t *out, const struct mldsa_poly *a)
{
	for (unsigned i = 0; i < N; i += 4, out += 5) {
		uint64_t v = (uint64_t)a->c[i] | (uint64_t)a->c[i + 1] << 10 |
			(uint64_t)a->c[i + 2] << 20 | (uint64_t)a->c[i + 3] << 30;

		for (unsigned j = 0; j < 5; j++)
			out[j] = (uint8_t)(v >> (8 * j));
	}
}

static void unpack_t1(struct mldsa_poly *a, const uint8_t *in)
{
	for (unsigned i = 0; i < N; i += 4, in += 5) {
		uint64_t v = hyb_load32le(in) | (uint64_t)in[4] << 32;

		for (unsigned j = 0; j < 4; j++)
			a->c[i + j] = (int32_t)(v >> (10 * j) & 1023);
	}
}

static unsigned rej_uniform(struct mldsa_poly *a, unsigned have, const uint8_t *in, size_t n)
{
	for (size_t i = 0; i + 3 <= n && have < N; i += 3) {
		int32_t t = in[i] | in[i + 1] << 8 | (in[i + 2] & 127) << 16;

		a->c[have] = t;
		have += t < Q;
	}
	return have;
}

/* One half byte: 2 - (x mod 5) for x < 15, 4 - x for x < 9 [FIPS204 Alg. 15]. */
static inline unsigned half_byte(int32_t *c, uint32_t x, unsigned eta)
{
	uint32_t limit = eta == 2 ? 15 : 9, mod5 = x - (205 * x >> 10) * 5;
	uint32_t ok = (x - limit) >> 31;

	*c = (int32_t)eta - (int32_t)(eta == 2 ? mod5 : x);
	HYB_CT_PUBLIC(&ok, sizeof(ok)); /* which candidates are skipped says nothing of the kept */
	return ok;
}

static unsigned rej_eta(
	struct mldsa_poly *a, unsigned have, const uint8_t *in, size_t n, unsigned eta)
{
	for (size_t i = 0; i < n && have < N; i++) {
		have += half_byte(&a->c[have], in[i] & 15, eta);
		if (have < N)
			have += half_byte(&a->c[have], in[i] >> 4, eta);
	}
	return have;
}

/* 255 if a = b, else 0, in byte operations so that the loops around it become vectors. */
static inline uint8_t equal_mask(uint8_t a, uint8_t b)
{
	uint8_t x = a ^ b;

	x |= (uint8_t)(0U - x);
	return (uint8_t)((x >> 7) - 1);
}

/*
 * The standard swaps inside an array at secret indices. Here the positions of the ones are a list:
 * where the swap of i and j meets one at j, that one moves to i, which is still empty.
 */
static void place(struct mldsa_poly *c, const uint8_t *j, const uint8_t *sign, unsigned tau)
{
	uint8_t v[N] = { 0 }, pos[64] = { 0 };

	for (unsigned n = 0; n < tau; n++) {
		uint8_t i = (uint8_t)(N - tau + n);

		for (unsigned m = 0; m < sizeof(pos); m++)
			pos[m] ^= equal_mask(pos[m], j[n]) & (pos[m] ^ i);
		pos[n] = j[n];
	}
	for (unsigned n = 0; n < tau; n++) {
		uint8_t one = (uint8_t)(1 - 2 * sign[n]); /* 1 or 255 */

		for (unsigned i = 0; i < N; i++)
			v[i] |= equal_mask((uint8_t)i, pos[n]) & one;
	}
	for (unsigned i = 0; i < N; i++)
		c->c[i] = v[i] - 2 * (v[i] & 128); /* 255 is -1 */
	hyb_wipe(v, sizeof(v));
	hyb_wipe(pos, sizeof(pos));
}

const struct mldsa_ops hyb_mldsa_ops_c = {
	.lanes = 1,
	.ntt = ntt,
	.invntt = invntt,
	.mul_acc = mul_acc,
	.add = add,
	.sub = sub,
	.power2round = power2round,
	.decompose = decompose,
	.make_hint = make_hint,
	.use_hint = use_hint,
	.norm_ge = norm_ge,
	.pack_w1 = pack_w1,
	.pack_z = pack_z,
	.unpack_z = unpack_z,
	.pack_t1 = pack_t1,
	.unpack_t1 = unpack_t1,
	.rej_uniform = rej_uniform,
	.rej_eta = rej_eta,
	.place = place,
};

const struct mldsa_ops *hyb_mldsa_ops(void)
{
#if defined(__x86_64__)
	static const struct mldsa_ops *const tables[] = { &hyb_mldsa_ops_c, &hyb_mldsa_ops_avx2,
		&hyb_mldsa_ops_avx512 };

	return tables[hyb_cpu()];
#else
	return &hyb_mldsa_ops_c;
#endif
}

/* ---- samplers ---- */
/* A batch of up to eight streams: seeds of equal length that end in a 16-bit index, and buffers. */
#define SEED_MAX 66
#define BLOCKS_MAX 5

struct batch {
	struct hyb_sponges k;
	uint8_t seed[8][SEED_MAX];
	uint8_t out[8][BLOCKS_MAX * HYB_RATE_SHAKE128];
	const uint8_t *in[8];
	uint8_t *to[8];
	unsigned lanes;
};

static void batch_begin(struct batch *b, const uint8_t *seed, size_t n)
{
	for (unsigned j = 0; j < 8; j++) {
		memcpy(b->seed[j], seed, n);
		b->in[j] = b->seed[j];
		b->to[j] = b->out[j];
	}
}

static void batch_index(struct batch *b, unsigned lane, size_t at, unsigned low, unsigned high)
{
	b->seed[lane][at] = (uint8_t)low;
	b->seed[lane][at + 1] = (uint8_t)high;
}

#define UNIFORM_BLOCKS 5 /* 280 candidates of which 1 in 1024 is refused: 25 are, once in 10^39 */
#define SIDE 7		 /* the lane of a side hash */

/* SHAKE256 of one long message, 64 bytes of it, in a lane beside others. out NULL: there is none. */
struct side {
	const uint8_t *p;
	size_t left;
	uint8_t *out;
};

/* Adds the next block to the lane; true if it was the last. */
static bool side_feed(struct side *s, struct hyb_sponges *k)
{
	uint8_t last[HYB_RATE_SHAKE256] = { 0 };
	const uint8_t *in[8] = { [SIDE] = s->p };
	bool is_last = s->left < sizeof(last);

	if (is_last) {
		memcpy(last, s->p, s->left);
		last[s->left] = HYB_PAD_SHAKE;
		last[sizeof(last) - 1] |= 0x80;
		in[SIDE] = last;
	}
	hyb_sponges_add(k, 8, in, sizeof(last));
	s->p += is_last ? s->left : sizeof(last);
	s->left -= is_last ? s->left : sizeof(last);
	return is_last;
}

/* The next blocks of the batch, and as many of the side hash. */
static void squeeze(struct batch *b, unsigned lanes, size_t blocks, struct side *s)
{
	uint8_t *to[8] = { NULL }, side_out[HYB_RATE_SHAKE128];
	size_t done = 0;

	for (; done < blocks && s->out != NULL; done++) {
		bool is_last = side_feed(s, &b->k);

		for (unsigned j = 0; j < lanes; j++)
			to[j] = b->to[j] + done * HYB_RATE_SHAKE128;
		to[SIDE] = is_last ? side_out : NULL;
		hyb_sponges_squeeze(&b->k, 8, HYB_RATE_SHAKE128, to, 1);
		if (is_last) {
			memcpy(s->out, side_out, 64);
			s->out = NULL;
		}
	}
	for (unsigned j = 0; j < lanes; j++)
		to[j] = b->to[j] + done * HYB_RATE_SHAKE128;
	if (done < blocks)
		hyb_sponges_squeeze(&b->k, lanes, HYB_RATE_SHAKE128, to, blocks - done);
}

/* One polynomial of A from every lane. */
static void expand_a_batch(
	const struct mldsa_ops *o, struct mldsa_poly *const to[8], struct batch *b, struct side *s)
{
	unsigned have[8] = { 0 }, left = b->lanes;

	for (size_t blocks = UNIFORM_BLOCKS; left > 0; blocks = 1) {
		squeeze(b, b->lanes, blocks, s);
		left = 0;
		for (unsigned j = 0; j < b->lanes; j++) {
			have[j] = o->rej_uniform(
				to[j], have[j], b->out[j], blocks * HYB_RATE_SHAKE128);
			left += have[j] < N;
		}
	}
}

void hyb_mldsa_expand_a(const struct mldsa_ops *o, const struct mldsa_params *p,
	struct mldsa_poly *a, unsigned stride, const uint8_t *pk, uint8_t *tr)
{
	struct batch b;
	struct side s = { pk, p->pk_bytes, o->lanes > 1 ? tr : NULL };
	unsigned n = p->k * p->l;

	if (tr != NULL && o->lanes == 1)
		hyb_shake256(tr, 64, (hyb_bytes){ pk, p->pk_bytes });
	batch_begin(&b, pk, 32);
	memset(&b.k, 0, sizeof(b.k));
	for (unsigned i = 0; i < n; i += b.lanes) {
		unsigned width = s.out != NULL ? SIDE : 8;
		struct mldsa_poly *to[8] = { NULL };

		b.lanes = n - i < width ? n - i : width;
		for (unsigned j = 0; j < 8; j++) {
			b.in[j] = j < b.lanes ? b.seed[j] : NULL;
			if (j >= b.lanes)
				continue;
			batch_index(&b, j, 32, (i + j) % p->l, (i + j) / p->l);
			to[j] = &a[(i + j) / p->l * stride + (i + j) % p->l];
		}
		hyb_sponges_absorb(&b.k, s.out != NULL ? 8 : b.lanes, HYB_RATE_SHAKE128,
			HYB_PAD_SHAKE, b.in, 34);
		expand_a_batch(o, to, &b, &s);
	}
	while (s.out != NULL)
		squeeze(&b, 0, 1, &s);
}

void hyb_mldsa_expand_s(const struct mldsa_ops *o, const struct mldsa_params *p,
	struct mldsa_poly *s, const uint8_t rho1[64])
{
	struct batch b;
	unsigned n = p->k + p->l;

	batch_begin(&b, rho1, 64);
	for (unsigned first = 0; first < n; first += 8) {
		unsigned have[8], lanes = n - first < 8 ? n - first : 8, left = lanes;

		for (unsigned j = 0; j < lanes; j++) {
			batch_index(&b, j, 64, first + j, 0);
			have[j] = 0;
		}
		hyb_sponges_absorb(&b.k, lanes, HYB_RATE_SHAKE256, HYB_PAD_SHAKE, b.in, 66);
		for (size_t blocks = 2; left > 0; blocks = 1) {
			hyb_sponges_squeeze(&b.k, lanes, HYB_RATE_SHAKE256, b.to, blocks);
			left = 0;
			for (unsigned j = 0; j < lanes; j++) {
				have[j] = o->rej_eta(&s[first + j], have[j], b.out[j],
					blocks * HYB_RATE_SHAKE256, p->eta);
				left += have[j] < N;
			}
		}
	}
	hyb_wipe(&b, sizeof(b));
}

void hyb_mldsa_expand_mask(const struct mldsa_ops *o, const struct mldsa_params *p,
	struct mldsa_poly *const y[8], unsigned n, const uint8_t rho2[64], unsigned kappa)
{
	struct batch b;

	batch_begin(&b, rho2, 64);
	for (unsigned j = 0; j < n; j++)
		batch_index(&b, j, 64, kappa + j, (kappa + j) >> 8);
	hyb_sponges_absorb(&b.k, n, HYB_RATE_SHAKE256, HYB_PAD_SHAKE, b.in, 66);
	hyb_sponges_squeeze(&b.k, n, HYB_RATE_SHAKE256, b.to, 5);
	for (unsigned j = 0; j < n; j++)
		o->unpack_z(y[j], b.out[j], p->gamma1_bits);
	hyb_wipe(&b, sizeof(b));
}

void hyb_mldsa_sample_in_ball(const struct mldsa_ops *o, const struct mldsa_params *p,
	struct mldsa_poly *c, const uint8_t *ctilde)
{
	struct hyb_sponge k;
	uint8_t j[64], sign[64], buf[HYB_RATE_SHAKE256];
	uint64_t signs = 0;
	unsigned at = 8;

	hyb_sponge_init(&k, HYB_RATE_SHAKE256, HYB_PAD_SHAKE);
	hyb_sponge_absorb(&k, ctilde, p->ctilde_bytes);
	hyb_sponge_squeeze(&k, buf, sizeof(buf));
	signs = hyb_load64le(buf);
	for (unsigned n = 0; n < p->tau;) {
		uint32_t skip = 0;

		if (at == sizeof(buf)) {
			hyb_sponge_squeeze(&k, buf, sizeof(buf));
			at = 0;
		}
		j[n] = buf[at++];
		skip = (N - p->tau + n - j[n]) >> 31;
		HYB_CT_PUBLIC(
			&skip, sizeof(skip)); /* as above: says nothing of those that are kept */
		if (skip != 0)
			continue;
		sign[n++] = (uint8_t)(signs & 1);
		signs >>= 1;
	}
	o->place(c, j, sign, p->tau);
	hyb_wipe(&k, sizeof(k));
	hyb_wipe(buf, sizeof(buf));
	hyb_wipe(j, sizeof(j));
	hyb_wipe(sign, sizeof(sign));
}
