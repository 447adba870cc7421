/* ML-KEM arithmetic of the level in force: whole domains against integers, and against portable C. */
#include "vec.h"

#include "hyb/mlkem_poly.h"

#define Q HYB_Q

static const struct hyb_mlkem_ops *ops;
static uint64_t seed = 0x9e3779b97f4a7c15ULL;

static int mod_q(long long x)
{
	long long r = x % Q;

	return (int)(r < 0 ? r + Q : r);
}

static void fill(int16_t a[256], int lo, int hi)
{
	for (unsigned i = 0; i < 256; i++)
		a[i] = (int16_t)(lo + (int)(vec_random(&seed) % (unsigned)(hi - lo + 1)));
}

static bool same_mod_q(const int16_t *a, const int16_t *b)
{
	for (unsigned i = 0; i < 256; i++)
		if (mod_q(a[i]) != mod_q(b[i]))
			return false;
	return true;
}

static bool all_small(const int16_t *a)
{
	for (unsigned i = 0; i < 256; i++)
		if (a[i] <= -Q || a[i] >= Q)
			return false;
	return true;
}

/* Every 16-bit value through add and sub (Barrett and the canonical step), in chunks of 256. */
static void reduction(void)
{
	struct vec v = { "canonical remainder of every 16-bit value", 0, 0 };
	static int16_t a[256] HYB_ALIGN, zero[256] HYB_ALIGN, r[256] HYB_ALIGN;

	for (int base = -32768; base < 32768; base += 256) {
		for (int i = 0; i < 256; i++)
			a[i] = (int16_t)(base + i);
		ops->add(r, a, zero);
		for (int i = 0; i < 256; i++)
			vec_case(&v, r[i] == mod_q(base + i), "add %d", base + i);
		ops->sub(r, a, zero);
		for (int i = 0; i < 256; i++)
			vec_case(&v, r[i] == mod_q(base + i), "sub %d", base + i);
	}
	vec_end(&v);
}

/* Montgomery by R^2 of every 16-bit value, and of sums of products at their bounds. */
static void montgomery(void)
{
	struct vec v = { "Montgomery products of every 16-bit value and at the bounds", 0, 0 };
	static int16_t a[256] HYB_ALIGN, zero[256] HYB_ALIGN, r[256] HYB_ALIGN;
	static int16_t x[4][256] HYB_ALIGN;
	static struct hyb_mlkem_factor f[4];
	static const int16_t edge[] = { -Q, 1 - Q, -1665, -1, 0, 1, 1665, Q - 1, Q };

	enum { N = sizeof(edge) / sizeof(edge[0]) };

	for (int base = -32768; base < 32768; base += 256) {
		for (int i = 0; i < 256; i++)
			a[i] = (int16_t)(base + i);
		ops->lift_add(r, a, zero);
		for (int i = 0; i < 256; i++)
			vec_case(&v, r[i] == mod_q((base + i) * 65536LL), "lift %d", base + i);
	}
	for (unsigned i = 0; i < N * N; i++) {
		long long want = 0;

		for (unsigned n = 0; n < 4; n++)
			for (unsigned j = 0; j < 256; j++) {
				x[n][j] = edge[i % N];
				f[n].one[j] = f[n].two[j] = edge[i / N];
			}
		want = 8LL * edge[i % N] * edge[i / N];
		ops->dot(r, x[0], 1, f, 4);
		for (unsigned j = 0; j < 256; j++)
			vec_case(&v, mod_q(r[j] * 65536LL) == mod_q(want) && r[j] > -Q && r[j] < Q,
				"sum of products %d * %d", edge[i % N], edge[i / N]);
	}
	vec_end(&v);
}

static unsigned naive_compress(int x, unsigned d)
{
	/* round(2^d x / q), q odd: never half way [FIPS203 §4.2.1] */
	return (unsigned)((2LL * x * (1 << d) + Q) / (2 * Q)) % (1U << d);
}

static unsigned field(const uint8_t *p, unsigned i, unsigned d)
{
	unsigned out = 0;

	for (unsigned b = 0; b < d; b++)
		out |= (unsigned)(p[(i * d + b) / 8] >> ((i * d + b) % 8) & 1) << b;
	return out;
}

struct width {
	unsigned d;
	void (*compress)(uint8_t *out, const int16_t c[256]);
	void (*expand)(int16_t r[256], const uint8_t *in);
};

static void add_to_zero(int16_t r[256], const uint8_t *in)
{
	memset(r, 0, 512);
	ops->add_message(r, in);
}

/* Every canonical value in every place, and every compressed value in every place. */
static void compression(void)
{
	const struct width widths[] = { { 1, ops->to_message, add_to_zero },
		{ 4, ops->compress4, ops->expand4 }, { 5, ops->compress5, ops->expand5 },
		{ 10, ops->compress10, ops->expand10 }, { 11, ops->compress11, ops->expand11 } };
	struct vec v = { "Compress and Decompress, d = 1, 4, 5, 10, 11, every value", 0, 0 };
	static int16_t a[256] HYB_ALIGN;
	uint8_t out[352 + 32];

	for (unsigned w = 0; w < 5; w++) {
		unsigned d = widths[w].d, n = 32 * d;

		for (int x = 0; x < Q; x++) {
			for (int i = 0; i < 256; i++)
				a[i] = (int16_t)((x + i) % Q);
			memset(out, 0x5a, sizeof(out));
			widths[w].compress(out, a);
			for (unsigned i = 0; i < 256; i += 37)
				vec_case(&v, field(out, i, d) == naive_compress(a[i], d),
					"compress %d, d = %u", a[i], d);
			for (unsigned i = n; i < sizeof(out); i++)
				if (out[i] != 0x5a)
					vec_case(&v, false, "d = %u writes past its end", d);
		}
		for (unsigned y = 0; y < 1U << d; y++) {
			for (unsigned i = 0; i < n; i++)
				out[i] = 0;
			for (unsigned i = 0; i < 256 * d; i++) {
				unsigned bit = ((y + i / d) % (1U << d)) >> (i % d) & 1;

				out[i / 8] = (uint8_t)(out[i / 8] | bit << (i % 8));
			}
			widths[w].expand(a, out);
			for (unsigned i = 0; i < 256; i++) {
				unsigned c = (y + i) % (1U << d);

				vec_case(&v, a[i] == (int)((c * Q + (1U << d) / 2) >> d),
					"expand %u, d = %u", c, d);
			}
		}
	}
	vec_end(&v);
}

static void twelve_bits(void)
{
	struct vec v = { "ByteEncode12 and ByteDecode12 with its check", 0, 0 };
	static int16_t a[256] HYB_ALIGN, b[256] HYB_ALIGN;
	uint8_t in[384 + 64];

	for (int x = 0; x < 4096; x++) {
		unsigned at = (unsigned)x % 256;
		bool below = x < Q;

		fill(a, 0, Q - 1);
		memset(in, 0x5a, sizeof(in));
		ops->encode12(in, a);
		vec_case(&v, in[384] == 0x5a && in[447] == 0x5a, "writes past its end");
		for (unsigned i = 0; i < 256; i++)
			vec_case(&v, field(in, i, 12) == (unsigned)a[i], "encode");
		vec_case(&v, ops->decode12(b, in) && memcmp(a, b, 512) == 0, "decode");
		for (unsigned bit = 0; bit < 12; bit++) {
			unsigned k = 12 * at + bit;

			in[k / 8] = (uint8_t)((in[k / 8] & ~(1U << (k % 8))) |
				((unsigned)x >> bit & 1) << (k % 8));
		}
		vec_case(&v, ops->decode12(b, in) == below && b[at] == x, "value %d at %u", x, at);
	}
	vec_end(&v);
}

static int bits(const uint8_t *p, unsigned at, unsigned n)
{
	int sum = 0;

	for (unsigned i = at; i < at + n; i++)
		sum += p[i / 8] >> (i % 8) & 1;
	return sum;
}

static void sampling(void)
{
	struct vec v = { "centred binomial noise and rejection sampling", 0, 0 };
	static int16_t a[256 + HYB_MLKEM_REJECT_ROOM] HYB_ALIGN;
	uint8_t in[504 + 72];

	for (unsigned n = 0; n < 300; n++) {
		unsigned have = n % 257, len = n % 3 == 0 ? 504 : 168, want = have;

		for (unsigned i = 0; i < sizeof(in); i++)
			in[i] = (uint8_t)(n < 256 ? n : vec_random(&seed));
		ops->cbd2(a, in);
		for (unsigned i = 0; i < 256; i++)
			vec_case(&v, a[i] == bits(in, 4 * i, 2) - bits(in, 4 * i + 2, 2), "eta 2");
		ops->cbd3(a, in);
		for (unsigned i = 0; i < 256; i++)
			vec_case(&v, a[i] == bits(in, 6 * i, 3) - bits(in, 6 * i + 3, 3), "eta 3");
		for (unsigned i = 0; i < sizeof(in); i++)
			in[i] = (uint8_t)(n % 5 == 0 ? 0xff : vec_random(&seed));
		memset(a, 0x11, sizeof(a));
		unsigned got = ops->reject(a, have, in, len);

		for (unsigned i = 0; i < len * 2 / 3 && want < 256; i++)
			if (field(in, i, 12) < Q) {
				vec_case(&v, a[want] == (int)field(in, i, 12), "accepted");
				want++;
			}
		vec_case(&v, got == want, "%u accepted of %u bytes after %u", got, len, have);
		for (unsigned i = 0; i < have; i++)
			vec_case(&v, a[i] == 0x1111, "what was there is kept");
	}
	vec_end(&v);
}

/* Products by the definition: sum over i + j of a_i b_j, X^256 = -1. */
static void schoolbook(int16_t r[256], const int16_t a[256], const int16_t b[256])
{
	long long sum[256] = { 0 };

	for (unsigned i = 0; i < 256; i++)
		for (unsigned j = 0; j < 256; j++)
			sum[(i + j) % 256] += (i + j < 256 ? 1LL : -1LL) * a[i] * b[j];
	for (unsigned i = 0; i < 256; i++)
		r[i] = (int16_t)mod_q(sum[i]);
}

static void products(void)
{
	struct vec v = { "ntt, dot and invntt give the product by definition", 0, 0 };
	static int16_t a[4][256] HYB_ALIGN, b[256] HYB_ALIGN, r[256] HYB_ALIGN;
	static int16_t want[256] HYB_ALIGN, one[256] HYB_ALIGN, x[256] HYB_ALIGN;
	static struct hyb_mlkem_factor f[4];

	for (unsigned n = 0; n < 120; n++) {
		unsigned k = 1 + n % 4;

		memset(want, 0, sizeof(want));
		for (unsigned i = 0; i < k; i++) {
			fill(a[i], n < 4 ? Q : -Q, Q);
			fill(b, n < 4 ? Q : -Q, Q);
			schoolbook(one, a[i], b);
			for (unsigned j = 0; j < 256; j++)
				want[j] = (int16_t)mod_q(want[j] + one[j]);
			ops->ntt(a[i]);
			ops->ntt(b);
			ops->factor(&f[i], b);
			vec_case(&v, all_small(a[i]) && all_small(f[i].one) && all_small(f[i].two),
				"bounds of ntt");
		}
		ops->dot(r, a[0], 1, f, k);
		memcpy(x, r, sizeof(x));
		vec_case(&v, all_small(r), "bounds of dot");
		ops->invntt(r);
		vec_case(&v, all_small(r) && same_mod_q(r, want), "product %u, k = %u", n, k);
	}
	/* Bounds of the inverse: the extreme values, and one coefficient at a time. */
	for (unsigned n = 0; n < 512; n++) {
		for (unsigned i = 0; i < 256; i++)
			x[i] = (int16_t)(n < 256 ? (i == n ? Q - 1 : 1 - Q)
						 : (vec_random(&seed) & 1 ? Q - 1 : 1 - Q));
		memcpy(r, x, sizeof(r));
		ops->invntt(r);
		memcpy(one, x, sizeof(one));
		hyb_mlkem_ops_c.invntt(one);
		vec_case(&v, all_small(r) && same_mod_q(r, one), "inverse of extremes");
		for (unsigned i = 0; i < 256; i++)
			r[i] = (int16_t)(vec_random(&seed) & 1 ? Q : -Q);
		memcpy(one, r, sizeof(one));
		ops->ntt(r);
		hyb_mlkem_ops_c.ntt(one);
		vec_case(&v, all_small(r) && same_mod_q(r, one), "ntt of extremes");
		memcpy(x, r, sizeof(x));
		ops->invntt(x);
		hyb_mlkem_ops_c.invntt(one);
		vec_case(&v, same_mod_q(x, one), "inverse of ntt");
	}
	vec_end(&v);
}

int main(void)
{
	ops = hyb_mlkem_ops();
	reduction();
	montgomery();
	compression();
	twelve_bits();
	sampling();
	products();
	return vec_failures != 0;
}
