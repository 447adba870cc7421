/* ML-DSA's arithmetic on this code level against plain integers, over whole domains where they are finite. */
#include "mldsa_sets.h"

#include "hyb/keccak.h"

#define Q MLDSA_Q
#define N MLDSA_N

static const int32_t gamma2s[2] = { MLDSA_GAMMA2_32, MLDSA_GAMMA2_88 };
static const struct mldsa_ops *o;
static uint64_t seed = 88172645463325252ULL;
static struct mldsa_poly in, hi, lo;

static int32_t mod(int64_t a, int64_t m)
{
	return (int32_t)((a % m + m) % m);
}

/* The representative of a modulo m in (-m/2, m/2] [FIPS204 §2.3]. */
static int32_t mod_centred(int64_t a, int32_t m)
{
	int32_t r = mod(a, m);

	return r > m / 2 ? r - m : r;
}

/* [FIPS204 Alg. 36], as it is written. */
static int32_t naive_decompose(int32_t *r0, int32_t r, int32_t gamma2)
{
	*r0 = mod_centred(r, 2 * gamma2);
	if (r - *r0 == Q - 1) {
		*r0 -= 1;
		return 0;
	}
	return (r - *r0) / (2 * gamma2);
}

static void power2round_everywhere(void)
{
	struct vec v = { "ML-DSA Power2Round on [0, q) and (-q, 0)", 0, 0 };

	for (int32_t base = -Q + 1; base < Q; base += N) {
		for (int32_t i = 0; i < N; i++)
			in.c[i] = base + i < Q ? base + i : 0;
		o->power2round(&hi, &lo, &in);
		for (int32_t i = 0; i < N; i++) {
			int32_t r = mod(in.c[i], Q), r0 = mod_centred(r, 1 << MLDSA_D);

			vec_case(&v, lo.c[i] == r0 && hi.c[i] == (r - r0) >> MLDSA_D, "%d", r);
		}
	}
	vec_end(&v);
}

static void decompose_everywhere(int32_t gamma2)
{
	struct vec v = { "ML-DSA Decompose on [0, q) and (-q, 0)", 0, 0 };

	for (int32_t base = -Q + 1; base < Q; base += N) {
		for (int32_t i = 0; i < N; i++)
			in.c[i] = base + i < Q ? base + i : 0;
		o->decompose(&hi, &lo, &in, gamma2);
		for (int32_t i = 0; i < N; i++) {
			int32_t r0 = 0, r1 = naive_decompose(&r0, mod(in.c[i], Q), gamma2);

			vec_case(&v, hi.c[i] == r1 && lo.c[i] == r0, "%d", in.c[i]);
		}
	}
	vec_end(&v);
}

/* [FIPS204 Alg. 40] */
static int32_t naive_use_hint(bool h, int32_t r, int32_t gamma2)
{
	int32_t m = (Q - 1) / (2 * gamma2), r0 = 0, r1 = naive_decompose(&r0, r, gamma2);

	if (h && r0 > 0)
		return (r1 + 1) % m;
	if (h && r0 <= 0)
		return (r1 + m - 1) % m;
	return r1;
}

static void use_hint_everywhere(int32_t gamma2)
{
	struct vec v = { "ML-DSA UseHint on {0, 1} × [0, q)", 0, 0 };

	for (int32_t base = 0; base < Q; base += N)
		for (unsigned flip = 0; flip < 2; flip++) {
			const uint64_t w = 0x5555555555555555ULL << flip;
			const struct mldsa_hint h = { { w, w, w, w } };

			for (int32_t i = 0; i < N; i++)
				in.c[i] = base + i < Q ? base + i : 0;
			hi = in;
			o->use_hint(&hi, &h, gamma2);
			for (int32_t i = 0; i < N; i++)
				vec_case(&v,
					hi.c[i] ==
						naive_use_hint(
							(unsigned)i % 2 == flip, in.c[i], gamma2),
					"%d", in.c[i]);
		}
	vec_end(&v);
}

/*
 * MakeHint(z, r) asks whether r + z has other high bits than r [FIPS204 Alg. 39]: here r + z has r1,
 * and r is r1·2γ2 + r0.
 */
static void make_hint_everywhere(int32_t gamma2)
{
	struct vec v = { "ML-DSA MakeHint on every r1 and |r0| < 2γ2", 0, 0 };
	int32_t m = (Q - 1) / (2 * gamma2), none = 0;

	for (int32_t r1 = 0; r1 < m; r1++)
		for (int32_t base = -2 * gamma2 + 1; base < 2 * gamma2; base += N) {
			struct mldsa_hint h;
			unsigned ones = 0, n = 0;

			for (int32_t i = 0; i < N; i++) {
				lo.c[i] = base + i < 2 * gamma2 ? base + i : 0;
				hi.c[i] = r1;
			}
			n = o->make_hint(&h, &lo, &hi, gamma2);
			for (int32_t i = 0; i < N; i++) {
				int32_t r = mod((int64_t)r1 * 2 * gamma2 + lo.c[i], Q);
				bool want = naive_decompose(&none, r, gamma2) != r1;
				bool got = (h.w[i / 64] >> (i % 64) & 1) != 0;

				ones += want;
				vec_case(&v, got == want, "r1 %d, r0 %d", r1, lo.c[i]);
			}
			vec_case(&v, n == ones, "the number of ones");
		}
	vec_end(&v);
}

/* The reduction behind every product, on all that an NTT gives: a·1·2^-32. */
static void reduction_on_its_domain(void)
{
	struct vec v = { "ML-DSA reduction on |a| < 16q", 0, 0 };
	struct mldsa_poly one;

	for (unsigned i = 0; i < N; i++)
		one.c[i] = 1;
	for (int32_t base = -16 * Q; base < 16 * Q; base += N) {
		uint64_t bad = 0;

		for (int32_t i = 0; i < N; i++)
			in.c[i] = base + i;
		o->mul_acc(&lo, &in, &one, 1);
		for (int32_t i = 0; i < N; i++) {
			bad |= (lo.c[i] * (1LL << 32) - in.c[i]) % Q != 0;
			bad |= lo.c[i] <= -Q || lo.c[i] >= Q;
		}
		vec_case(&v, bad == 0, "from %d on", base);
	}
	vec_end(&v);
}

/* Sums at the edge of what mul_acc promises to take, and random ones, for every length in use. */
static void sums_of_products(void)
{
	struct vec v = { "ML-DSA sums of products", 0, 0 };
	static struct mldsa_poly a[8], b[8];

	for (unsigned round = 0; round < 400; round++) {
		unsigned n = 1 + round % 8;

		for (unsigned j = 0; j < n; j++)
			for (unsigned i = 0; i < N; i++) {
				uint64_t r = vec_random(&seed);
				int32_t top = j + 1 == n ? 12 * Q : 11 * Q;

				a[j].c[i] = mod((int64_t)(r >> 1), 2 * Q - 1) - (Q - 1);
				b[j].c[i] = (int32_t)(r % (2U * (unsigned)top)) - top;
				if (round < 16) {
					a[j].c[i] = round % 2 != 0 ? -Q + 1 : Q - 1;
					b[j].c[i] = top;
				}
			}
		o->mul_acc(&lo, a, b, n);
		for (unsigned i = 0; i < N; i++) {
			int64_t sum = 0;

			for (unsigned j = 0; j < n; j++)
				sum += (int64_t)a[j].c[i] * b[j].c[i];
			vec_case(&v,
				(lo.c[i] * (1LL << 32) - sum % Q) % Q == 0 && lo.c[i] > -Q &&
					lo.c[i] < Q,
				"%u products", n);
		}
	}
	vec_end(&v);
}

/* Products modulo x^256 + 1 by way of the NTT against the schoolbook; extremes come first. */
static void products_of_polynomials(void)
{
	struct vec v = { "ML-DSA NTT products against the schoolbook", 0, 0 };
	static struct mldsa_poly a, b, c;

	for (unsigned round = 0; round < 200; round++) {
		bool bounded = true, same = true;

		for (unsigned i = 0; i < N; i++) {
			a.c[i] = mod((int64_t)(vec_random(&seed) >> 1), 2 * Q - 1) - (Q - 1);
			b.c[i] = mod((int64_t)(vec_random(&seed) >> 1), 2 * Q - 1) - (Q - 1);
			if (round < 8) {
				a.c[i] = (round & 1) != 0 ? Q - 1 : -Q + 1;
				b.c[i] = (round & 2) != 0 ? Q - 1 : -Q + 1;
				if ((round & 4) != 0 && i % 2 != 0)
					a.c[i] = -a.c[i];
			}
		}
		hi = a;
		lo = b;
		o->ntt(&hi);
		o->ntt(&lo);
		for (unsigned i = 0; i < N; i++) {
			bounded = bounded && abs(hi.c[i]) < MLDSA_NTT_BOUND;
			lo.c[i] = lo.c[i] % Q;
		}
		o->mul_acc(&c, &hi, &lo, 1);
		o->invntt(&c);
		for (unsigned i = 0; i < N; i++) {
			int64_t sum = 0;

			for (unsigned j = 0; j < N; j++) {
				int64_t t = (int64_t)a.c[j] * b.c[(i - j) % N] % Q;

				sum += j <= i ? t : -t;
			}
			same = same && c.c[i] == mod_centred(sum, Q);
		}
		vec_case(&v, same, "round %u: a product", round);
		vec_case(&v, bounded, "round %u: a bound", round);
	}
	vec_end(&v);
}

/* Sums double in every layer of the way back: all q - 1 and alternating patterns. */
static void inverse_at_its_bounds(void)
{
	struct vec v = { "ML-DSA inverse NTT at its bounds", 0, 0 };

	for (unsigned pattern = 0; pattern < 256; pattern++) {
		struct mldsa_poly back;
		bool same = true;

		for (unsigned i = 0; i < N; i++)
			in.c[i] = __builtin_parity(i & pattern) ? -Q + 1 : Q - 1;
		back = in;
		o->invntt(&back);
		for (unsigned i = 0; i < N; i++)
			same = same && abs(back.c[i]) <= Q / 2;
		o->ntt(&back);
		for (unsigned i = 0; i < N; i++)
			same = same && mod(back.c[i] - in.c[i] * (1LL << 32), Q) == 0;
		vec_case(&v, same, "pattern %u", pattern);
	}
	vec_end(&v);
}

static void norms(void)
{
	struct vec v = { "ML-DSA norm checks at every place", 0, 0 };

	for (size_t s = 0; s < 3; s++) {
		const struct mldsa_params *p = sets[s].p;
		const int32_t bounds[] = { p->gamma1 - p->beta, p->gamma2 - p->beta, p->gamma2,
			(int32_t)p->eta + 1 };

		for (unsigned b = 0; b < 4; b++)
			for (unsigned i = 0; i < N; i++)
				for (int32_t d = -2; d <= 2; d++)
					for (int32_t sign = -1; sign <= 1; sign += 2) {
						memset(&in, 0, sizeof(in));
						in.c[i] = sign * (bounds[b] + d);
						vec_case(&v, o->norm_ge(&in, bounds[b]) == (d >= 0),
							"%d at %u", in.c[i], i);
					}
	}
	vec_end(&v);
}

static uint32_t get_bits(const uint8_t *p, size_t at, unsigned n)
{
	uint32_t r = 0;

	for (unsigned i = 0; i < n; i++, at++)
		r |= (uint32_t)(p[at / 8] >> (at % 8) & 1) << i;
	return r;
}

static bool bits_are(const uint8_t *p, unsigned n, int32_t top, const struct mldsa_poly *a)
{
	for (unsigned i = 0; i < N; i++)
		if (get_bits(p, (size_t)n * i, n) != (uint32_t)(top == 0 ? a->c[i] : top - a->c[i]))
			return false;
	return true;
}

/* Every value at every place of a group of 256, against a reader of single bits. */
static void encodings(void)
{
	struct vec v = { "ML-DSA encodings against single bits", 0, 0 };
	uint8_t buf[N * 20 / 8 + 1];

	for (int32_t base = 0; base < 1 << 20; base += 97) {
		buf[sizeof(buf) - 1] = 0xa5;
		for (int32_t i = 0; i < N; i++) {
			in.c[i] = (1 << 19) - (base + i * 4099) % (1 << 20);
			hi.c[i] = (1 << 17) - (base + i * 1031) % (1 << 18);
			lo.c[i] = (base + i * 7) % 1024;
		}
		o->pack_z(buf, &in, 20);
		vec_case(&v, bits_are(buf, 20, 1 << 19, &in), "z in 20 bits");
		vec_case(&v, buf[sizeof(buf) - 1] == 0xa5, "nothing behind");
		o->unpack_z(&in, buf, 20);
		vec_case(&v, bits_are(buf, 20, 1 << 19, &in), "z from 20 bits");
		o->pack_z(buf, &hi, 18);
		vec_case(&v, bits_are(buf, 18, 1 << 17, &hi), "z in 18 bits");
		o->unpack_z(&hi, buf, 18);
		vec_case(&v, bits_are(buf, 18, 1 << 17, &hi), "z from 18 bits");
		buf[320] = 0xa5;
		o->pack_t1(buf, &lo);
		vec_case(&v, bits_are(buf, 10, 0, &lo) && buf[320] == 0xa5, "t1");
		o->unpack_t1(&lo, buf);
		vec_case(&v, bits_are(buf, 10, 0, &lo), "t1 back");
		for (int32_t i = 0; i < N; i++)
			lo.c[i] %= 16;
		buf[128] = 0xa5;
		o->pack_w1(buf, &lo, MLDSA_GAMMA2_32);
		vec_case(&v, bits_are(buf, 4, 0, &lo) && buf[128] == 0xa5, "w1 in 4 bits");
		for (int32_t i = 0; i < N; i++)
			lo.c[i] = (base + i * 5) % 44;
		buf[192] = 0xa5;
		o->pack_w1(buf, &lo, MLDSA_GAMMA2_88);
		vec_case(&v, bits_are(buf, 6, 0, &lo) && buf[192] == 0xa5, "w1 in 6 bits");
	}
	vec_end(&v);
}

/* The general packers, for every width of a private key. */
static void key_encodings(void)
{
	static const struct {
		unsigned bits;
		int32_t top;
	} rows[] = { { 3, 2 }, { 4, 4 }, { 13, 1 << 12 } };
	struct vec v = { "ML-DSA key encodings against single bits", 0, 0 };
	uint8_t buf[N * 13 / 8 + 1];

	for (unsigned r = 0; r < 3; r++)
		for (int32_t base = 0; base < 1 << rows[r].bits; base++) {
			for (int32_t i = 0; i < N; i++)
				in.c[i] = rows[r].top - (base + i) % (1 << rows[r].bits);
			buf[32 * rows[r].bits] = 0xa5;
			hyb_mldsa_pack(buf, &in, rows[r].top, rows[r].bits);
			vec_case(&v,
				bits_are(buf, rows[r].bits, rows[r].top, &in) &&
					buf[32 * rows[r].bits] == 0xa5,
				"%u bits", rows[r].bits);
			hyb_mldsa_unpack(&lo, buf, rows[r].top, rows[r].bits);
			vec_case(&v, memcmp(&lo, &in, sizeof(in)) == 0, "%u bits back",
				rows[r].bits);
		}
	vec_end(&v);
}

static unsigned naive_uniform(int32_t *a, unsigned have, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i + 3 <= n && have < N; i += 3) {
		int32_t t = p[i] | p[i + 1] << 8 | (p[i + 2] & 127) << 16;

		if (t < Q)
			a[have++] = t;
	}
	return have;
}

static unsigned naive_eta(int32_t *a, unsigned have, const uint8_t *p, size_t n, int32_t eta)
{
	for (size_t i = 0; i < 2 * n && have < N; i++) {
		int32_t z = i % 2 == 0 ? p[i / 2] & 15 : p[i / 2] >> 4;

		if (eta == 2 && z < 15)
			a[have++] = 2 - z % 5;
		else if (eta == 4 && z < 9)
			a[have++] = 4 - z;
	}
	return have;
}

/* Any fill before, any length, candidates that are mostly, half or hardly ever refused. */
static void rejection_samplers(void)
{
	struct vec v = { "ML-DSA rejection samplers", 0, 0 };
	struct mldsa_poly want;
	uint8_t buf[840];

	for (unsigned round = 0; round < 20000; round++) {
		unsigned have = round % 3 == 0 ? 0 : (unsigned)(vec_random(&seed) % 257), got = 0;
		size_t n = round % 2 == 0 ? sizeof(buf) : 3 * (vec_random(&seed) % 57);
		unsigned eta = round % 2 == 0 ? 2 : 4;
		bool good = true;

		for (size_t i = 0; i < sizeof(buf); i++)
			buf[i] = (uint8_t)(vec_random(&seed) >> 11);
		for (size_t i = 0; i < sizeof(buf) && round % 4 > 1; i += 3) {
			int32_t t = Q - 2 + (int32_t)(vec_random(&seed) % (round % 8 < 4 ? 4 : 16));

			buf[i] = (uint8_t)t;
			buf[i + 1] = (uint8_t)(t >> 8);
			buf[i + 2] = (uint8_t)(t >> 16 | (int32_t)(vec_random(&seed) & 128));
		}
		got = o->rej_uniform(&lo, have, buf, n);
		good = got == naive_uniform(want.c, have, buf, n);
		vec_case(&v, good && memcmp(lo.c + have, want.c + have, (got - have) * 4) == 0,
			"uniform, %zu bytes at %u", n, have);
		n %= 273;
		got = o->rej_eta(&lo, have, buf, n, eta);
		good = got == naive_eta(want.c, have, buf, n, (int32_t)eta);
		vec_case(&v, good && memcmp(lo.c + have, want.c + have, (got - have) * 4) == 0,
			"eta %u, %zu bytes at %u", eta, n, have);
	}
	vec_end(&v);
}

/* [FIPS204 Alg. 29] as it is written. */
static void naive_ball(int32_t *c, const uint8_t *ctilde, const struct mldsa_params *p)
{
	uint8_t out[1000];
	size_t at = 8;

	hyb_shake256(out, sizeof(out), (hyb_bytes){ ctilde, p->ctilde_bytes });
	memset(c, 0, N * sizeof(*c));
	for (unsigned i = N - p->tau; i < N; i++) {
		unsigned bit = i + p->tau - N, j = out[at++];

		while (j > i)
			j = out[at++];
		c[i] = c[j];
		c[j] = (out[bit / 8] >> (bit % 8) & 1) != 0 ? -1 : 1;
	}
}

static void challenges(void)
{
	struct vec v = { "ML-DSA SampleInBall", 0, 0 };
	uint8_t ctilde[64];

	for (unsigned round = 0; round < 9000; round++) {
		const struct mldsa_params *p = sets[round % 3].p;

		for (unsigned i = 0; i < 64; i++)
			ctilde[i] = (uint8_t)(vec_random(&seed) >> 9);
		naive_ball(hi.c, ctilde, p);
		hyb_mldsa_sample_in_ball(o, p, &lo, ctilde);
		vec_case(&v, memcmp(hi.c, lo.c, sizeof(hi.c)) == 0, "round %u", round);
	}
	vec_end(&v);
}

/* Masks one by one and eight together are the same stream. */
static void masks(void)
{
	struct vec v = { "ML-DSA masks in batches", 0, 0 };
	static struct mldsa_poly y[8], one;
	struct mldsa_poly *to[8], *single[8] = { &one };
	uint8_t rho[64] = { 1 };

	for (unsigned j = 0; j < 8; j++)
		to[j] = &y[j];
	for (unsigned kappa = 0; kappa < 65536; kappa += 4093)
		for (size_t s = 0; s < 3; s++) {
			hyb_mldsa_expand_mask(o, sets[s].p, to, 8, rho, kappa);
			for (unsigned j = 0; j < 8; j++) {
				hyb_mldsa_expand_mask(
					&hyb_mldsa_ops_c, sets[s].p, single, 1, rho, kappa + j);
				vec_case(&v, memcmp(&one, &y[j], sizeof(one)) == 0, "mask %u",
					kappa + j);
			}
		}
	vec_end(&v);
}

int main(void)
{
	o = hyb_mldsa_ops();
	power2round_everywhere();
	for (unsigned i = 0; i < 2; i++) {
		decompose_everywhere(gamma2s[i]);
		use_hint_everywhere(gamma2s[i]);
		make_hint_everywhere(gamma2s[i]);
	}
	reduction_on_its_domain();
	sums_of_products();
	products_of_polynomials();
	inverse_at_its_bounds();
	norms();
	encodings();
	key_encodings();
	rejection_samplers();
	challenges();
	masks();
	return vec_failures != 0;
}
