/*
 * Does the time of an operation on a secret depend on the secret? Times two classes of inputs in
 * random order and compares their means by Welch's t-test, after cutting off the slow tail at several
 * quantiles, as dudect does (Reparaz, Balasch, Verbauwhede 2017). |t| beyond 4.5 is a difference; a
 * planted early-out comparison must show one, or the measurement is worth nothing here.
 * Argument: seconds a case. Prints JSON lines.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

#include "hyb/lc.h"

#define POOL 64
#define BATCH 4096
#define WARM_UP 512 /* the first batch: it sets the cuts, and is not counted */
#define CROPS 10
#define LIMIT 4.5

struct moments {
	double n, mean, m2;
};

struct test {
	const char *name;
	void (*prepare)(void);
	void (*input)(unsigned cls, unsigned which); /* not timed */
	void (*run)(void);
	bool is_planted;
};

static uint64_t state = 0x9e3779b97f4a7c15ULL;
static volatile unsigned sink;

static uint64_t draw(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static void fill(void *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		((uint8_t *)p)[i] = (uint8_t)(draw() >> 24);
}

static uint64_t now(void)
{
#if defined(__x86_64__)
	uint64_t t;

	_mm_lfence();
	t = __rdtsc();
	_mm_lfence();
	return t;
#else
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC_RAW, &t);
	return (uint64_t)t.tv_sec * 1000000000ULL + (uint64_t)t.tv_nsec;
#endif
}

static void add(struct moments *m, double x)
{
	double d = x - m->mean;

	m->n += 1;
	m->mean += d / m->n;
	m->m2 += d * (x - m->mean);
}

static double welch(const struct moments m[2])
{
	double v0 = m[0].m2 / (m[0].n - 1) / m[0].n, v1 = m[1].m2 / (m[1].n - 1) / m[1].n;

	return m[0].n < 1000 || m[1].n < 1000 || v0 + v1 <= 0
		? 0
		: (m[0].mean - m[1].mean) / sqrt(v0 + v1);
}

/* ---- decapsulation: valid ciphertexts against changed ones ---- */

static struct hyb_mlkem1024_dk dk;
static uint8_t cts[2][POOL][HYB_MLKEM1024_CT_BYTES], ct[HYB_MLKEM1024_CT_BYTES], ss[80];

static void decaps_prepare(void)
{
	uint8_t ek[HYB_MLKEM1024_EK_BYTES], seed[64];

	if (hyb_mlkem1024_keygen(ek, seed) != HYB_OK ||
		hyb_mlkem1024_dk_expand(&dk, seed) != HYB_OK)
		exit(1);
	for (unsigned i = 0; i < POOL; i++) {
		for (unsigned c = 0; c < 2; c++)
			if (hyb_mlkem1024_encaps(cts[c][i], ss, ek) != HYB_OK)
				exit(1);
		cts[1][i][draw() % sizeof(ct)] ^= (uint8_t)(1U << draw() % 8);
	}
}

static void decaps_input(unsigned cls, unsigned which)
{
	memcpy(ct, cts[cls][which], sizeof(ct));
}

static void decaps_run(void)
{
	hyb_mlkem1024_decaps(ss, ct, &dk);
}

/* ---- comparison: equal against different in the first byte ---- */

static uint8_t left[256], right[256], rights[2][POOL][256], lefts[2][POOL][256];

static void eq_prepare(void)
{
	fill(lefts, sizeof(lefts));
	memcpy(rights, lefts, sizeof(rights));
	for (unsigned i = 0; i < POOL; i++)
		rights[1][i][0] ^= 1;
}

static void eq_input(unsigned cls, unsigned which)
{
	memcpy(left, lefts[cls][which], sizeof(left));
	memcpy(right, rights[cls][which], sizeof(right));
}

static void eq_run(void)
{
	sink += hyb_ct_eq(left, right, sizeof(left));
}

static void early_out_run(void)
{
	unsigned i = 0;

	while (i < sizeof(left) && ((volatile uint8_t *)left)[i] == right[i])
		i++;
	sink += i;
}

/* ---- scalar multiplication: one scalar against random ones ---- */

static uint8_t scalar[48], scalars[2][POOL][48], point[97];
static enum lc_curve curve;

static void scalar_prepare(enum lc_curve c)
{
	size_t n = lc_sizes(c)->priv;

	curve = c;
	for (unsigned k = 0; k < 2; k++)
		for (unsigned i = 0; i < POOL; i++)
			do {
				fill(scalars[k][i], n);
			} while (!lc_scalar_ok(c, scalars[k][i]));
	/* class 0: few bits set, but in range */
	for (unsigned i = 0; i < POOL; i++) {
		memset(scalars[0][i], 0, n);
		scalars[0][i][n - 1] = (uint8_t)(1 + i);
	}
	if (lc_public(c, point, scalars[1][0]) != HYB_OK)
		exit(1);
}

static void p384_prepare(void)
{
	scalar_prepare(LC_P384);
}

static void x25519_prepare(void)
{
	scalar_prepare(LC_X25519);
}

static void scalar_input(unsigned cls, unsigned which)
{
	memcpy(scalar, scalars[cls][which], sizeof(scalar));
}

static void scalar_run(void)
{
	if (lc_derive(curve, ss, scalar, point, true) != HYB_OK)
		exit(1);
}

/* ---- signing is left out: its time depends on the number of attempts, which is public ---- */

static const struct test tests[] = {
	{ "ml-kem-1024.decaps", decaps_prepare, decaps_input, decaps_run, false },
	{ "ct-eq", eq_prepare, eq_input, eq_run, false },
	{ "x25519.derive", x25519_prepare, scalar_input, scalar_run, false },
	{ "ecdh-p384.derive", p384_prepare, scalar_input, scalar_run, false },
	{ "planted early-out comparison", eq_prepare, eq_input, early_out_run, true },
};

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Times up to `max` runs in random order of classes; returns how many. */
static size_t batch(const struct test *t, uint64_t *ticks, uint8_t *cls, size_t max, double until)
{
	size_t n = 0;

	for (; n < max; n++) {
		uint64_t r = draw(), t0;

		cls[n] = (uint8_t)(r >> 33 & 1);
		t->input(cls[n], (unsigned)(r >> 40) % POOL);
		t0 = now();
		t->run();
		ticks[n] = now() - t0;
		if ((n & 63) == 63 && (double)clock() / CLOCKS_PER_SEC > until)
			return n + 1;
	}
	return n;
}

static bool measure(const struct test *t, double seconds)
{
	static uint64_t ticks[BATCH], sorted[BATCH];
	static uint8_t cls[BATCH];
	struct moments m[CROPS + 1][2] = { 0 };
	uint64_t crop[CROPS + 1] = { 0 };
	double until = (double)clock() / CLOCKS_PER_SEC + seconds, worst = 0, all = 0;
	bool first = true, bad;

	t->prepare();
	while ((double)clock() / CLOCKS_PER_SEC < until) {
		size_t n = batch(t, ticks, cls, first ? WARM_UP : BATCH, until);

		if (first) {
			memcpy(sorted, ticks, n * sizeof(sorted[0]));
			qsort(sorted, n, sizeof(sorted[0]), by_value);
			for (unsigned c = 0; c < CROPS; c++)
				crop[c] = sorted[(size_t)((double)n *
					(1 - pow(0.5, 10.0 * (c + 1) / CROPS)))];
			crop[CROPS] = UINT64_MAX;
			first = false;
			continue;
		}
		for (size_t i = 0; i < n; i++)
			for (unsigned c = 0; c <= CROPS; c++)
				if (ticks[i] <= crop[c])
					add(&m[c][cls[i]], (double)ticks[i]);
		all += (double)n;
	}
	for (unsigned c = 0; c <= CROPS; c++)
		if (fabs(welch(m[c])) > fabs(worst))
			worst = welch(m[c]);
	bad = (fabs(worst) > LIMIT) != t->is_planted;
	printf("{\"name\":\"dudect "
	       "%s\",\"unit\":\"t\",\"value\":%.2f,\"samples\":%.0f,\"goal\":\"%s\","
	       "\"holds\":%s}\n",
		t->name, worst, all, t->is_planted ? "|t| > 4.5: seen" : "|t| < 4.5",
		bad ? "false" : "true");
	(void)fflush(stdout);
	return !bad;
}

int main(int argc, char **argv)
{
	double seconds = argc > 1 ? strtod(argv[1], NULL) : 5;
	bool good = true;

	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		good &= measure(&tests[i], tests[i].is_planted ? 1 : seconds);
	return !good;
}
