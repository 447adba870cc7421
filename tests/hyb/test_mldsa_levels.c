/* ML-DSA gives the same bytes on every code level: keys and signatures from 10 000 random seeds. */
#include "mldsa_sets.h"

#define SEEDS 10000

static uint8_t pk[3][HYB_MLDSA87_PK_BYTES], sig[3][HYB_MLDSA87_SIG_BYTES];

static bool one(const struct set *s, unsigned level, const uint8_t seed[32])
{
	const hyb_bytes m = { seed, 32 }, ctx = { seed, seed[0] };

	hyb_cpu_limit((enum hyb_cpu)level);
	return s->keygen_derand(pk[level], seed) == HYB_OK && s->expand(&one_sk, seed) == HYB_OK &&
		s->sign_derand(sig[level], m, (hyb_bytes){ m.p, ctx.n % 33 }, seed, &one_sk) ==
		HYB_OK;
}

/* A key prepared on one level works on another: the forms are the same. */
static void mixed(void)
{
	struct vec v = { "ML-DSA prepared keys across levels", 0, 0 };
	const hyb_bytes none = { NULL, 0 };

	for (unsigned i = 0; i < 27; i++) {
		const struct set *s = &sets[i % 3];
		unsigned made = i / 3 % 3, used = i / 9;
		uint8_t seed[32] = { (uint8_t)i };
		const hyb_bytes m = { seed, 32 };
		bool good = one(s, made, seed);

		hyb_cpu_limit((enum hyb_cpu)used);
		good = good && s->sign_derand(sig[0], m, none, zero32, &one_sk) == HYB_OK;
		hyb_cpu_limit((enum hyb_cpu)made);
		good = good && s->sign_derand(sig[1], m, none, zero32, &one_sk) == HYB_OK;
		s->prepare(&one_pk, pk[made]);
		hyb_cpu_limit((enum hyb_cpu)used);
		vec_case(&v,
			good && memcmp(sig[0], sig[1], s->p->sig_bytes) == 0 &&
				s->verify_prepared(sig[0], m, none, &one_pk),
			"%s made on %u, used on %u", s->name, made, used);
	}
	vec_end(&v);
}

int main(void)
{
	struct vec v = { "ML-DSA same bytes on every level, 10 000 seeds", 0, 0 };
	uint64_t state = 0x9e3779b97f4a7c15ULL;
	const unsigned top = hyb_cpu();

	if (top == HYB_CPU_C) {
		vec_skip(v.name, "this run has one level");
		return 0;
	}
	for (unsigned n = 0; n < SEEDS; n++) {
		const struct set *s = &sets[n % 3];
		uint8_t seed[32];
		bool good = true;

		for (unsigned i = 0; i < 32; i++)
			seed[i] = (uint8_t)(vec_random(&state) >> 13);
		for (unsigned level = 0; level <= top; level++)
			good = one(s, level, seed) && good;
		for (unsigned level = 1; level <= top; level++)
			good = good && memcmp(pk[0], pk[level], s->p->pk_bytes) == 0 &&
				memcmp(sig[0], sig[level], s->p->sig_bytes) == 0;
		vec_case(&v, good, "%s, seed %u", s->name, n);
	}
	vec_end(&v);
	mixed();
	return vec_failures != 0;
}
