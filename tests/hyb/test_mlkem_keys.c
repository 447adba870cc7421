/* ML-KEM: every level gives the same bytes; what must be refused is; nothing is left behind. */
#include "vec.h"

#include "hyb/int.h"
#include "mlkem_sets.h"

static uint64_t state = 0x123456789abcdefULL;

static void draw(uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)vec_random(&state);
}

/* What one seed and one m give on a level: a short digest is enough to compare. */
struct result {
	uint8_t ek[EK_MAX], ct[CT_MAX], ss[32], back[32], rejected[32], fips[DK_MAX];
};

static void run(struct result *r, const struct set *s, const uint8_t seed[64], const uint8_t m[32],
	unsigned flip)
{
	static struct any_dk dk;

	memset(r, 0, sizeof(*r));
	if (s->keygen_derand(r->ek, seed) != HYB_OK || s->dk_expand(&dk, seed) != HYB_OK ||
		s->encaps_derand(r->ct, r->ss, r->ek, m) != HYB_OK)
		return;
	s->decaps(r->back, r->ct, &dk);
	r->ct[flip / 8 % s->ct] ^= (uint8_t)(1U << (flip % 8));
	s->decaps(r->rejected, r->ct, &dk);
	r->ct[flip / 8 % s->ct] ^= (uint8_t)(1U << (flip % 8));
	s->dk_export(r->fips, &dk);
	s->dk_clear(&dk);
}

/* 10 000 seeds over the three sets; the best level runs against portable C. */
static void levels_agree(void)
{
	struct vec v = { "this level and portable C give the same bytes, 10000 seeds", 0, 0 };
	static struct result here, plain;
	enum hyb_cpu level = hyb_cpu();

	for (unsigned n = 0; n < 10000; n++) {
		const struct set *s = &sets[n % N_SETS];
		uint8_t seed[64], m[32];
		unsigned flip = (unsigned)vec_random(&state);

		draw(seed, sizeof(seed));
		draw(m, sizeof(m));
		run(&here, s, seed, m, flip);
		hyb_cpu_limit(HYB_CPU_C);
		run(&plain, s, seed, m, flip);
		hyb_cpu_limit(level);
		vec_case(&v, memcmp(&here, &plain, sizeof(here)) == 0, "%s seed %u", s->name, n);
		vec_case(&v,
			memcmp(here.ss, here.back, 32) == 0 &&
				memcmp(here.ss, here.rejected, 32) != 0 && !is_zero(here.ss, 32),
			"%s secrets of seed %u", s->name, n);
	}
	vec_end(&v);
}

/* A key that one level prepared works on another. */
static void levels_share_keys(void)
{
	struct vec v = { "prepared keys move between levels", 0, 0 };
	static struct any_dk dk;
	static struct result r;
	enum hyb_cpu level = hyb_cpu();
	uint8_t seed[64], m[32], ss[32];

	for (unsigned n = 0; n < 60; n++) {
		const struct set *s = &sets[n % N_SETS];

		draw(seed, sizeof(seed));
		draw(m, sizeof(m));
		run(&r, s, seed, m, n);
		hyb_cpu_limit(n % 2 ? HYB_CPU_C : level);
		bool good = s->dk_expand(&dk, seed) == HYB_OK;

		hyb_cpu_limit(n % 2 ? level : HYB_CPU_C);
		s->decaps(ss, r.ct, &dk);
		hyb_cpu_limit(level);
		vec_case(&v, good && memcmp(ss, r.ss, 32) == 0, "%s", s->name);
	}
	vec_end(&v);
}

/* Sets the 12-bit coefficient i of an encoded vector. */
static void set_coefficient(uint8_t *p, unsigned i, unsigned x)
{
	uint8_t *b = p + (size_t)(i / 2 * 3);

	if (i % 2 == 0) {
		b[0] = (uint8_t)x;
		b[1] = (uint8_t)((b[1] & 0xf0) | x >> 8);
	} else {
		b[1] = (uint8_t)((b[1] & 0x0f) | (x & 15) << 4);
		b[2] = (uint8_t)(x >> 4);
	}
}

static void bad_ek(struct vec *v, const struct set *s, unsigned at, unsigned x)
{
	static uint8_t ek[EK_MAX], ct[8][CT_MAX], ss[8][32];
	static struct any_ek p;
	static uint8_t good[EK_MAX];
	uint8_t seed[64] = { 7 }, m[32] = { 9 };
	const uint8_t *eks[8];
	bool is_bad = x >= 3329;

	if (s->keygen_derand(ek, seed) != HYB_OK)
		exit(1);
	memcpy(good, ek, sizeof(good));
	set_coefficient(ek, at, x);
	memset(ct, 0xaa, sizeof(ct));
	memset(ss, 0xaa, sizeof(ss));
	enum hyb_st want = is_bad ? HYB_E_BAD_KEY : HYB_OK;

	vec_case(v, s->encaps_derand(ct[0], ss[0], ek, m) == want, "%s %u at %u", s->name, x, at);
	vec_case(v, !is_bad || (is_zero(ct[0], s->ct) && is_zero(ss[0], 32)), "%s zero", s->name);
	memset(ct, 0xaa, sizeof(ct));
	vec_case(v, s->encaps(ct[0], ss[0], ek) == want, "%s %u at %u", s->name, x, at);
	vec_case(v, !is_bad || (is_zero(ct[0], s->ct) && is_zero(ss[0], 32)), "%s zero", s->name);
	vec_case(v, s->ek_prepare(&p, ek) == want, "%s prepare %u at %u", s->name, x, at);
	for (unsigned i = 0; i < 8; i++)
		eks[i] = i == at % 8 ? ek : good;
	memset(ct, 0xaa, sizeof(ct));
	memset(ss, 0xaa, sizeof(ss));
	vec_case(v, s->encaps_x8(ct[0], ss, eks) == want, "%s x8 %u at %u", s->name, x, at);
	vec_case(v, !is_bad || (is_zero(ct, 8 * s->ct) && is_zero(ss, sizeof(ss))), "%s x8 zero",
		s->name);
}

static void modulus_check(void)
{
	struct vec v = { "encapsulation refuses coefficients from q on [FIPS203 7.2]", 0, 0 };
	static const unsigned values[] = { 3328, 3329, 3330, 3584, 4095 };

	for (unsigned i = 0; i < N_SETS; i++)
		for (unsigned x = 0; x < 5; x++)
			for (unsigned at = 0; at < (unsigned)(sets[i].ek - 32) * 2 / 3; at += 51)
				bad_ek(&v, &sets[i], at, values[x]);
	vec_end(&v);
}

static void dk_checks(void)
{
	struct vec v = { "import refuses a changed hash, key or coefficient [FIPS203 7.3]", 0, 0 };
	static uint8_t fips[DK_MAX], copy[DK_MAX];
	static struct any_dk dk;
	uint8_t seed[64] = { 5 };

	for (unsigned i = 0; i < N_SETS; i++) {
		const struct set *s = &sets[i];
		size_t ek_at = s->ek - 32, h_at = 2 * s->ek - 32;

		if (s->dk_expand(&dk, seed) != HYB_OK)
			exit(1);
		s->dk_export(fips, &dk);
		for (size_t at = ek_at; at < h_at + 32; at += at + 97 < h_at ? 97 : 1) {
			memcpy(copy, fips, s->dk);
			copy[at] ^= 1;
			vec_case(&v, s->dk_import(&dk, copy) == HYB_E_BAD_KEY, "%s byte %zu",
				s->name, at);
			vec_case(&v, is_zero(&dk, s->dk_size), "%s leaves zeros", s->name);
		}
		memcpy(copy, fips, s->dk);
		set_coefficient(copy, 100, 3329);
		vec_case(&v, s->dk_import(&dk, copy) == HYB_E_BAD_KEY, "%s s = q", s->name);
		set_coefficient(copy, 100, 3328);
		vec_case(&v, s->dk_import(&dk, copy) == HYB_OK, "%s s = q - 1", s->name);
		memcpy(copy, fips, s->dk);
		copy[s->dk - 1] ^= 1; /* z has no check */
		vec_case(&v, s->dk_import(&dk, copy) == HYB_OK, "%s z", s->name);
		s->dk_clear(&dk);
		vec_case(&v, is_zero(&dk, s->dk_size), "%s cleared", s->name);
	}
	vec_end(&v);
}

static bool no_randomness(void *ctx, uint8_t *p, size_t n)
{
	(void)ctx;
	memset(p, 0x77, n);
	return false;
}

static void rng_failure(void)
{
	struct vec v = { "no randomness: HYB_E_RNG and zero outputs", 0, 0 };
	static uint8_t ek[EK_MAX], ct[8][CT_MAX], ss[8][32];
	static struct any_ek p;
	struct hyb_rng_hook hook = { no_randomness, NULL };
	uint8_t seed[64] = { 3 }, drawn[64];
	const uint8_t *eks[8];

	for (unsigned i = 0; i < N_SETS; i++) {
		const struct set *s = &sets[i];

		if (s->keygen_derand(ek, seed) != HYB_OK || s->ek_prepare(&p, ek) != HYB_OK)
			exit(1);
		for (unsigned j = 0; j < 8; j++)
			eks[j] = ek;
		hyb_rng_hook(&hook);
		memset(ct, 0xaa, sizeof(ct));
		memset(ss, 0xaa, sizeof(ss));
		vec_case(&v,
			s->encaps(ct[0], ss[0], ek) == HYB_E_RNG && is_zero(ct[0], s->ct) &&
				is_zero(ss[0], 32),
			"%s encaps", s->name);
		memset(ct, 0xaa, sizeof(ct));
		memset(ss, 0xaa, sizeof(ss));
		vec_case(&v,
			s->encaps_prepared(ct[0], ss[0], &p) == HYB_E_RNG &&
				is_zero(ct[0], s->ct) && is_zero(ss[0], 32),
			"%s encaps_prepared", s->name);
		memset(ct, 0xaa, sizeof(ct));
		memset(ss, 0xaa, sizeof(ss));
		vec_case(&v,
			s->encaps_x8(ct[0], ss, eks) == HYB_E_RNG && is_zero(ct, 8 * s->ct) &&
				is_zero(ss, sizeof(ss)),
			"%s encaps_x8", s->name);
		memset(drawn, 0xaa, sizeof(drawn));
		vec_case(&v,
			s->keygen(ek, drawn) == HYB_E_RNG && is_zero(ek, s->ek) &&
				is_zero(drawn, sizeof(drawn)),
			"%s keygen", s->name);
		hyb_rng_hook(NULL);
	}
	vec_end(&v);
}

/* encaps_x8 and the prepared form agree with decapsulation, for eight different keys. */
static void batches(void)
{
	struct vec v = { "eight at once, prepared and drawn keys decapsulate", 0, 0 };
	static uint8_t ek[8][EK_MAX], ct[8][CT_MAX], ss[8][32], seed[8][64];
	static struct any_dk dk;
	static struct any_ek p;
	const uint8_t *eks[8];
	uint8_t back[32], again[32];

	for (unsigned n = 0; n < 30; n++) {
		const struct set *s = &sets[n % N_SETS];

		for (unsigned j = 0; j < 8; j++) {
			eks[j] = ek[j];
			if (s->keygen(ek[j], seed[j]) != HYB_OK)
				exit(1);
		}
		vec_case(&v, s->encaps_x8(ct[0], ss, eks) == HYB_OK, "%s x8", s->name);
		for (unsigned j = 0; j < 8; j++) {
			const uint8_t *c = ct[0] + j * s->ct;

			if (s->dk_expand(&dk, seed[j]) != HYB_OK)
				exit(1);
			s->decaps(back, c, &dk);
			vec_case(&v, memcmp(back, ss[j], 32) == 0, "%s x8 key %u", s->name, j);
			s->decaps(again, c, &dk);
			vec_case(&v, memcmp(back, again, 32) == 0, "%s deterministic", s->name);
			for (unsigned i = 0; i < j; i++)
				vec_case(&v, memcmp(ss[i], ss[j], 32) != 0, "%s distinct", s->name);
		}
		vec_case(&v,
			s->ek_prepare(&p, ek[7]) == HYB_OK &&
				s->encaps_prepared(ct[0], ss[0], &p) == HYB_OK,
			"%s prepared", s->name);
		s->decaps(back, ct[0], &dk);
		vec_case(&v, memcmp(back, ss[0], 32) == 0, "%s prepared", s->name);
	}
	vec_end(&v);
}

/* ---- what calls leave on the stack ---- */
#define BELOW 65536

/* Fills the stack below with a pattern, so that only what comes later is found. */
static __attribute__((noinline)) void paint(void)
{
	uint8_t area[BELOW];

	memset(area, 0xc3, sizeof(area));
	__asm__ volatile("" : : "r"(area) : "memory");
}

static const uint8_t *needles[6];
static size_t n_needles;

/* An 8-byte window of a secret in what was the callee's stack: the array is read as it is. */
static __attribute__((noinline)) int residue(void)
{
	uint8_t area[BELOW];
	const uint8_t *p = area;

	__asm__ volatile("" : "+r"(p) : : "memory");
	for (unsigned k = 0; k < n_needles; k++)
		for (unsigned w = 0; w + 8 <= 32; w += 4)
			for (unsigned i = 0; i + 8 <= BELOW; i++)
				if (p[i] == needles[k][w] && memcmp(p + i, needles[k] + w, 8) == 0)
					return (int)k;
	return -1;
}

static int after(const struct set *s, unsigned which)
{
	static uint8_t seed[64], m[32], ek[EK_MAX], ct[8][CT_MAX], ss[8][32], fips[DK_MAX];
	static struct any_dk dk;
	const uint8_t *eks[8];

	draw(seed, sizeof(seed));
	draw(m, sizeof(m));
	needles[0] = seed;
	needles[1] = seed + 32;
	needles[2] = m;
	needles[3] = ss[0];
	needles[4] = ss[7];
	n_needles = 3;
	if (s->keygen_derand(ek, seed) != HYB_OK || s->dk_expand(&dk, seed) != HYB_OK)
		exit(1);
	s->dk_export(fips, &dk);
	needles[5] = fips; /* the coefficients of s */
	for (unsigned j = 0; j < 8; j++)
		eks[j] = ek;
	if (which >= 4 && s->encaps_derand(ct[0], ss[0], ek, m) != HYB_OK)
		exit(1);
	paint();
	enum hyb_st st = HYB_OK;

	switch (which) {
	case 0:
		st = s->keygen_derand(ek, seed);
		break;
	case 1:
		st = s->dk_expand(&dk, seed);
		break;
	case 2:
		st = s->encaps_derand(ct[0], ss[0], ek, m);
		n_needles = 4;
		break;
	case 3:
		st = s->encaps_x8(ct[0], ss, eks);
		n_needles = 5;
		break;
	case 4:
		s->decaps(ss[0], ct[0], &dk);
		n_needles = 4;
		break;
	case 5:
		st = s->dk_import(&dk, fips);
		n_needles = 6;
		break;
	default:
		s->dk_export(fips, &dk);
		n_needles = 6;
		break;
	}
	return st != HYB_OK ? 99 : residue();
}

static void stack_is_clean(void)
{
	static const char *const calls[] = { "keygen_derand", "dk_expand", "encaps_derand",
		"encaps_x8", "decaps", "dk_import", "dk_export" };
	struct vec v = { "no piece of a secret is left on the stack", 0, 0 };

	for (unsigned i = 0; i < N_SETS; i++)
		for (unsigned c = 0; c < 7; c++) {
			int at = after(&sets[i], c);

			vec_case(&v, at < 0, "%s %s leaves secret %d", sets[i].name, calls[c], at);
		}
	vec_end(&v);
}

int main(void)
{
	modulus_check();
	dk_checks();
	rng_failure();
	batches();
	levels_share_keys();
	levels_agree();
	stack_is_clean();
	return vec_failures != 0;
}
