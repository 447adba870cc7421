/*
 * Falcon signatures made without a secret key: with s2 = k, a constant, h = (c - s1) / k gives any s1
 * wanted, so that every check of verification is met alone.
 */
#include "vec.h"

#include "hyb/x_falcon.h"

static struct hybx_falcon_work work;
static const hyb_bytes text = { (const uint8_t *)"a message", 9 };

struct forged {
	unsigned logn;
	uint8_t pk[HYBX_FALCON_PK_MAX + 1], sig[4096];
	size_t sig_n;
	int16_t s1[FALCON_MAX_N];
	uint16_t h[FALCON_MAX_N];
};

static struct forged fg;

static uint32_t power(uint32_t x, unsigned e)
{
	uint32_t y = 1;

	for (; e > 0; e >>= 1, x = x * x % FALCON_Q)
		if ((e & 1) != 0)
			y = y * x % FALCON_Q;
	return y;
}

/* Coefficients whose squares add up to `sum`, the largest first. */
static void spread(uint64_t sum)
{
	memset(fg.s1, 0, sizeof(fg.s1));
	for (unsigned i = 0; sum > 0; i++) {
		uint64_t x = 6144;

		while (x * x > sum)
			x--;
		fg.s1[i] = (int16_t)x;
		sum -= x * x;
	}
}

static void put_bit(size_t *at, unsigned bit)
{
	fg.sig[*at / 8] |= (uint8_t)(bit << (7 - *at % 8));
	(*at)++;
}

/* One coefficient [Falcon Alg. 17]: sign, seven bits, the rest in unary. */
static void put(size_t *at, unsigned sign, unsigned m)
{
	put_bit(at, sign);
	for (unsigned i = 7; i-- > 0;)
		put_bit(at, m >> i & 1);
	for (unsigned i = 0; i < m >> 7; i++)
		put_bit(at, 0);
	put_bit(at, 1);
}

/* The key and the signature with s2 = k; a sign on the zero at `minus`, if that is not 0. */
static void forge(unsigned logn, unsigned k, uint64_t norm, unsigned minus)
{
	size_t n = (size_t)1 << logn, at = 8 * (1 + (size_t)HYBX_FALCON_NONCE_BYTES);
	uint16_t c[FALCON_MAX_N];
	uint32_t inverse = power(k % FALCON_Q, FALCON_Q - 2);

	fg.logn = logn;
	memset(fg.sig, 0, sizeof(fg.sig));
	fg.sig[0] = (uint8_t)(0x30 + logn);
	memset(fg.sig + 1, 0x5a, HYBX_FALCON_NONCE_BYTES);
	spread(norm);
	hyb_falcon_hash(c, n, fg.sig + 1, text);
	for (size_t i = 0; i < n; i++) {
		uint32_t want = (uint32_t)(c[i] + FALCON_Q - fg.s1[i]);

		fg.h[i] = (uint16_t)(want % FALCON_Q * inverse % FALCON_Q);
		put(&at, minus != 0 && i == minus, i == 0 ? k : 0);
	}
	fg.sig_n = (at + 7) / 8;
	fg.pk[0] = (uint8_t)logn;
	hyb_falcon_encode_pk(fg.pk + 1, fg.h, logn);
}

static bool accepts(size_t sig_n, size_t pk_n)
{
	return hybx_falcon_verify(
		(hyb_bytes){ fg.sig, sig_n }, text, (hyb_bytes){ fg.pk, pk_n }, &work);
}

static bool accepted(void)
{
	return accepts(fg.sig_n, HYBX_FALCON_PK_BYTES(fg.logn));
}

/* [Falcon Table 3.3]; both halves count. */
static void norms(unsigned logn)
{
	struct vec v = { logn == 9 ? "Falcon-512: the norm bound, exactly"
				   : "Falcon-1024: the norm bound, exactly",
		0, 0 };
	static const unsigned k[] = { 1, 128, 2047 };
	uint64_t bound = logn == 9 ? 34034726 : 70265242;

	for (unsigned i = 0; i < 3; i++) {
		uint64_t rest = bound - (uint64_t)k[i] * k[i];

		forge(logn, k[i], rest, 0);
		vec_case(&v, accepted(), "s2 = %u, on the bound", k[i]);
		forge(logn, k[i], rest + 1, 0);
		vec_case(&v, !accepted(), "s2 = %u, one above", k[i]);
		forge(logn, k[i], rest + bound / 2, 0);
		vec_case(&v, !accepted(), "s2 = %u, far above", k[i]);
	}
	vec_end(&v);
}

static void headers(unsigned logn)
{
	struct vec v = { logn == 9 ? "Falcon-512: header bytes" : "Falcon-1024: header bytes", 0,
		0 };

	forge(logn, 128, 1000, 0);
	for (unsigned b = 0; b < 256; b++) {
		fg.sig[0] = (uint8_t)b;
		vec_case(&v, accepted() == (b == 0x30 + logn), "signature %02x", b);
	}
	fg.sig[0] = (uint8_t)(0x30 + logn);
	for (unsigned b = 0; b < 256; b++) {
		fg.pk[0] = (uint8_t)b;
		vec_case(&v, accepted() == (b == logn), "key %02x", b);
	}
	fg.pk[0] = (uint8_t)logn;
	vec_case(&v, !accepts(fg.sig_n, HYBX_FALCON_PK_BYTES(logn) + 1), "a key of a byte more");
	vec_case(&v, !accepts(fg.sig_n, HYBX_FALCON_PK_BYTES(logn) - 1), "a key of a byte less");
	vec_end(&v);
}

/* A coefficient of h and the same one plus q are equal mod q: only the smaller is an encoding. */
static void moduli(unsigned logn)
{
	struct vec v = { logn == 9 ? "Falcon-512: h below q" : "Falcon-1024: h below q", 0, 0 };

	forge(logn, 128, 1000, 0);
	for (size_t i = 0; i < (size_t)1 << logn; i++) {
		uint16_t was = fg.h[i];

		if (was + FALCON_Q > 0x3fff)
			continue;
		fg.h[i] = (uint16_t)(was + FALCON_Q);
		hyb_falcon_encode_pk(fg.pk + 1, fg.h, logn);
		vec_case(&v, !accepted(), "%u at %zu", fg.h[i], i);
		fg.h[i] = was;
	}
	fg.h[0] = FALCON_Q;
	hyb_falcon_encode_pk(fg.pk + 1, fg.h, logn);
	vec_case(&v, !hyb_falcon_decode_pk(fg.h, fg.pk + 1, logn), "q");
	fg.h[0] = FALCON_Q - 1;
	hyb_falcon_encode_pk(fg.pk + 1, fg.h, logn);
	vec_case(&v, hyb_falcon_decode_pk(fg.h, fg.pk + 1, logn), "q - 1");
	vec_end(&v);
}

/* One encoding for one s2 [Falcon Alg. 18]. */
static void encodings(unsigned logn)
{
	struct vec v = { logn == 9 ? "Falcon-512: one encoding of s2"
				   : "Falcon-1024: one encoding of s2",
		0, 0 };
	size_t full = HYBX_FALCON_PADDED_BYTES(logn), n = (size_t)1 << logn;

	forge(logn, 128, 1000, 0);
	vec_case(&v, accepted(), "as it is");
	for (unsigned bit = 0; bit < 7; bit++) {
		fg.sig[fg.sig_n - 1] ^= (uint8_t)(1U << bit);
		vec_case(&v, !accepted(), "bit %u after the last coefficient", bit);
		fg.sig[fg.sig_n - 1] ^= (uint8_t)(1U << bit);
	}
	for (size_t more = 1; more < 20; more++)
		vec_case(&v,
			accepts(fg.sig_n + more, HYBX_FALCON_PK_BYTES(logn)) ==
				(fg.sig_n + more == full),
			"%zu zeros appended", more);
	for (size_t i = fg.sig_n; i < full; i++) {
		fg.sig[i] = 0x80;
		vec_case(&v, !accepts(full, HYBX_FALCON_PK_BYTES(logn)), "padding, byte %zu", i);
		fg.sig[i] = 0;
	}
	for (size_t i = 0; i < fg.sig_n; i++)
		vec_case(&v, !accepts(i, HYBX_FALCON_PK_BYTES(logn)), "%zu bytes of it", i);
	vec_case(&v, accepts(full, HYBX_FALCON_PK_BYTES(logn)), "padded");
	/* the work space still holds the s2 of a signature that was good */
	memset(fg.sig + 41, 0, sizeof(fg.sig) - 41);
	vec_case(&v, !accepts(41, HYBX_FALCON_PK_BYTES(logn)), "nothing of s2");
	vec_case(&v, !accepts(full, HYBX_FALCON_PK_BYTES(logn)), "padding alone");
	for (unsigned at = 1; at < n; at += 101) {
		forge(logn, 128, 1000, at);
		vec_case(&v, !accepted(), "a negative zero at %u", at);
	}
	forge(logn, 2047, 1000, 0);
	vec_case(&v, accepted(), "2047");
	for (unsigned k = 2048; k < 4096; k += 128) {
		forge(logn, k, 1000, 0);
		vec_case(&v, !accepted(), "%u", k);
	}
	vec_end(&v);
}

int main(void)
{
	for (unsigned logn = 9; logn <= 10; logn++) {
		norms(logn);
		headers(logn);
		moduli(logn);
		encodings(logn);
	}
	return vec_failures != 0;
}
