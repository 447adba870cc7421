#include "hyb/x_falcon_ntru.h"

__extension__ typedef unsigned __int128 u128;
__extension__ typedef __int128 i128;

/* Steps taken on 64-bit approximations before they are carried over to the long numbers. */
#define STEPS 31

/* The matrix of STEPS halvings: a' = (a f0 + b g0) / 2^STEPS, b' = (a f1 + b g1) / 2^STEPS. */
struct steps {
	int64_t f0, g0, f1, g1;
};

static size_t top_word(const uint64_t *a, const uint64_t *b, size_t n)
{
	while (n > 1 && (a[n - 1] | b[n - 1]) == 0)
		n--;
	return n;
}

/* The low 31 bits of a, and above them the 33 bits below bit `top`, which is at least 64. */
static uint64_t approximate(const uint64_t *a, size_t top)
{
	size_t at = top - 33, word = at / 64, bit = at % 64;
	uint64_t v = a[word] >> bit;

	if (bit > 31)
		v |= a[word + 1] << (64 - bit);
	return (v << STEPS) | (a[0] & ((1U << STEPS) - 1));
}

/* Binary gcd on approximations a and b, b odd. */
static struct steps gcd_steps(uint64_t a, uint64_t b)
{
	struct steps s = { 1, 0, 0, 1 };

	for (unsigned i = 0; i < STEPS; i++) {
		if ((a & 1) != 0) {
			if (a < b) {
				uint64_t t = a;
				struct steps o = s;

				a = b;
				b = t;
				s = (struct steps){ o.f1, o.g1, o.f0, o.g0 };
			}
			a -= b;
			s.f0 -= s.f1;
			s.g0 -= s.g1;
		}
		a >>= 1;
		s.f1 *= 2;
		s.g1 *= 2;
	}
	return s;
}

static void negate(uint64_t *a, size_t n)
{
	uint64_t carry = 1;

	for (size_t i = 0; i < n; i++) {
		a[i] = ~a[i] + carry;
		carry &= a[i] == 0;
	}
}

/* a += b or a -= b; returns the carry or borrow. */
static uint64_t add_to(uint64_t *a, const uint64_t *b, size_t n)
{
	uint64_t carry = 0;

	for (size_t i = 0; i < n; i++) {
		u128 t = (u128)a[i] + b[i] + carry;

		a[i] = (uint64_t)t;
		carry = (uint64_t)(t >> 64);
	}
	return carry;
}

static uint64_t sub_from(uint64_t *a, const uint64_t *b, size_t n)
{
	uint64_t borrow = 0;

	for (size_t i = 0; i < n; i++) {
		u128 t = (u128)a[i] - b[i] - borrow;

		a[i] = (uint64_t)t;
		borrow = (uint64_t)(t >> 64) & 1;
	}
	return borrow;
}

struct pair {
	uint64_t *a, *b;
};

/* Applies s to (a, b) exactly; a result below zero is negated, and its row of s too. */
static void apply(struct pair x, size_t n, struct steps *s)
{
	i128 ca = 0, cb = 0;
	uint64_t pa = 0, pb = 0;

	for (size_t i = 0; i < n; i++) {
		uint64_t a = x.a[i], b = x.b[i];

		ca += (i128)s->f0 * a + (i128)s->g0 * b;
		cb += (i128)s->f1 * a + (i128)s->g1 * b;
		if (i > 0) {
			x.a[i - 1] = pa >> STEPS | (uint64_t)ca << (64 - STEPS);
			x.b[i - 1] = pb >> STEPS | (uint64_t)cb << (64 - STEPS);
		}
		pa = (uint64_t)ca;
		pb = (uint64_t)cb;
		ca >>= 64;
		cb >>= 64;
	}
	x.a[n - 1] = pa >> STEPS | (uint64_t)ca << (64 - STEPS);
	x.b[n - 1] = pb >> STEPS | (uint64_t)cb << (64 - STEPS);
	if (ca < 0) {
		negate(x.a, n);
		s->f0 = -s->f0;
		s->g0 = -s->g0;
	}
	if (cb < 0) {
		negate(x.b, n);
		s->f1 = -s->f1;
		s->g1 = -s->g1;
	}
}

/* Brings a number between -y and 2 y, in two's complement, to 0 <= a < y. */
static void settle(uint64_t *a, const uint64_t *y, size_t n)
{
	if (a[n - 1] >> 63 != 0)
		(void)add_to(a, y, n);
	else if (sub_from(a, y, n) != 0)
		(void)add_to(a, y, n);
}

/* Applies s to (u, v) modulo y; y_neg_inv = -1 / y mod 2^64. */
static void apply_mod(
	struct pair x, const uint64_t *y, uint64_t y_neg_inv, size_t n, const struct steps *s)
{
	uint64_t mask = (1U << STEPS) - 1, pa = 0, pb = 0;
	uint64_t ma = ((uint64_t)s->f0 * x.a[0] + (uint64_t)s->g0 * x.b[0]) * y_neg_inv & mask;
	uint64_t mb = ((uint64_t)s->f1 * x.a[0] + (uint64_t)s->g1 * x.b[0]) * y_neg_inv & mask;
	i128 ca = 0, cb = 0;

	for (size_t i = 0; i < n; i++) {
		uint64_t a = x.a[i], b = x.b[i];

		ca += (i128)s->f0 * a + (i128)s->g0 * b + (i128)((u128)ma * y[i]);
		cb += (i128)s->f1 * a + (i128)s->g1 * b + (i128)((u128)mb * y[i]);
		if (i > 0) {
			x.a[i - 1] = pa >> STEPS | (uint64_t)ca << (64 - STEPS);
			x.b[i - 1] = pb >> STEPS | (uint64_t)cb << (64 - STEPS);
		}
		pa = (uint64_t)ca;
		pb = (uint64_t)cb;
		ca >>= 64;
		cb >>= 64;
	}
	x.a[n - 1] = pa >> STEPS | (uint64_t)ca << (64 - STEPS);
	x.b[n - 1] = pb >> STEPS | (uint64_t)cb << (64 - STEPS);
	settle(x.a, y, n);
	settle(x.b, y, n);
}

/* 1 / y mod 2^64, y odd: each step doubles the correct bits, from 5. */
static uint64_t invert64(uint64_t y)
{
	uint64_t x = (3 * y) ^ 2;

	for (unsigned i = 0; i < 4; i++)
		x *= 2 - x * y;
	return x;
}

/* a -= m y, n words, modulo 2^(64 n). */
static void mul_sub(uint64_t *a, const uint64_t *y, uint64_t m, size_t n)
{
	uint64_t carry = 0;

	for (size_t i = 0; i < n; i++) {
		u128 t = (u128)m * y[i] + carry;

		carry = (uint64_t)(t >> 64) + (a[i] < (uint64_t)t);
		a[i] -= (uint64_t)t;
	}
}

/* F = (f G - 1) / g, exact. */
static void other_half(
	uint64_t *F, const uint64_t *G, const uint64_t *f, const uint64_t *g, size_t n)
{
	uint64_t inv = invert64(g[0]);

	memset(F, 0, n * sizeof(*F));
	F[0] = 1;
	for (size_t i = 0; i < n; i++)
		mul_sub(F + i, G, f[i], n - i);
	negate(F, n);
	for (size_t i = 0; i < n; i++) {
		uint64_t q = F[i] * inv;

		mul_sub(F + i, g, q, n - i);
		F[i] = q;
	}
}

bool hyb_falcon_bezout(
	uint64_t *F, uint64_t *G, const uint64_t *f, const uint64_t *g, size_t n, uint64_t *tmp)
{
	uint64_t *a = tmp, *b = tmp + n, *u = tmp + 2 * n, *v = tmp + 3 * n;
	uint64_t g_neg_inv = 0 - invert64(g[0]);
	size_t len = n;

	if ((f[0] & g[0] & 1) == 0 || (f[n - 1] | g[n - 1]) >> 62 != 0)
		return false;
	memcpy(a, f, n * sizeof(*a));
	memcpy(b, g, n * sizeof(*b));
	memset(u, 0, 2 * n * sizeof(*u));
	u[0] = 1;
	/* Always a = f u, b = f v modulo g. Every pass takes at least STEPS bits off a and b. */
	for (size_t pass = 0; pass < 2 * 64 * n / STEPS + 2; pass++) {
		size_t top = 0;
		struct steps s;

		len = top_word(a, b, len);
		top = 64 * len - (size_t)__builtin_clzll(a[len - 1] | b[len - 1] | 1);
		top = top < 64 ? 64 : top;
		s = gcd_steps(approximate(a, top), approximate(b, top));
		apply((struct pair){ a, b }, len, &s);
		apply_mod((struct pair){ u, v }, g, g_neg_inv, n, &s);
		if (len == 1 && a[0] == 0)
			break;
	}
	if (len != 1 || a[0] != 0 || b[0] != 1)
		return false;
	memcpy(G, v, n * sizeof(*G));
	other_half(F, G, f, g, n);
	return true;
}
