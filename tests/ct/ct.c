/*
 * Runs every operation on secrets under valgrind's memcheck with the secrets marked undefined: a
 * branch or an address that depends on one is a report. Built with -DHYB_CT; tests/ct/run.py runs it.
 * Arguments: words that a case's name must contain one of; none: all cases.
 */
#include <stdio.h>
#include <string.h>

#include <valgrind/memcheck.h>

#include "hyb/hyb.h"

#define SECRET(p, n) VALGRIND_MAKE_MEM_UNDEFINED(p, n)
#define PUBLIC(p, n) VALGRIND_MAKE_MEM_DEFINED(p, n)

static const hyb_bytes message = { (const uint8_t *)"constant time", 13 };
static const hyb_bytes context = { (const uint8_t *)"test", 4 };
static unsigned n_failed, n_passed;
static char **wanted;

static uint8_t seed[HYB_KEM_SEED_MAX], other[HYB_KEM_ESEED_MAX], ss[HYB_KEM_SS_MAX];
static uint8_t ek[HYB_KEM_EK_MAX], ct[HYB_KEM_CT_MAX];
static uint8_t fips[HYB_MLDSA87_SK_BYTES], many[8 * HYB_MLKEM1024_CT_BYTES], shared[8][32];
static uint8_t pk[HYB_SIG_PK_MAX], sk[HYB_SLHDSA_SK_MAX], sig[HYB_SLHDSA_SIG_MAX];

static void fill(uint8_t *p, size_t n, unsigned from)
{
	PUBLIC(p, n);
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(from + 29 * i + (i >> 3));
}

/* Starts from known, public buffers; false if the case is not wanted. */
static bool begin(const char *name)
{
	bool run = *wanted == NULL;

	for (char **w = wanted; *w != NULL; w++)
		run = run || strstr(name, *w) != NULL;
	fill(seed, sizeof(seed), 1);
	fill(other, sizeof(other), 2);
	PUBLIC(ek, sizeof(ek));
	PUBLIC(ct, sizeof(ct));
	PUBLIC(ss, sizeof(ss));
	PUBLIC(fips, sizeof(fips));
	PUBLIC(pk, sizeof(pk));
	PUBLIC(sk, sizeof(sk));
	PUBLIC(sig, sizeof(sig));
	return run;
}

static void end(const char *name, unsigned long before, bool good)
{
	unsigned long reports = VALGRIND_COUNT_ERRORS - before;

	if (good && reports == 0) {
		printf("ok - %s, 0 reports\n", name);
		n_passed++;
	} else {
		printf("not ok - %s: %lu reports%s\n", name, reports,
			good ? "" : ", and it failed");
		n_failed++;
	}
	(void)fflush(stdout);
}

#define MLKEM(n)                                                                                   \
	static void mlkem##n(void)                                                                 \
	{                                                                                          \
		static struct hyb_mlkem##n##_dk dk;                                                \
		static struct hyb_mlkem##n##_ek prepared;                                          \
		const uint8_t *const eight[8] = { ek, ek, ek, ek, ek, ek, ek, ek };                \
		const char *name = "ML-KEM-" #n;                                                   \
		unsigned long before = VALGRIND_COUNT_ERRORS;                                      \
		bool good = true;                                                                  \
                                                                                                   \
		if (!begin(name))                                                                  \
			return;                                                                    \
		SECRET(seed, 64);                                                                  \
		good = hyb_mlkem##n##_keygen_derand(ek, seed) == HYB_OK;                           \
		good = hyb_mlkem##n##_dk_expand(&dk, seed) == HYB_OK && good;                      \
		SECRET(other, 32);                                                                 \
		good = hyb_mlkem##n##_encaps_derand(ct, ss, ek, other) == HYB_OK && good;          \
		good = hyb_mlkem##n##_encaps(ct, ss, ek) == HYB_OK && good;                        \
		hyb_mlkem##n##_decaps(ss, ct, &dk);                                                \
		ct[3] ^= 1;                                                                        \
		hyb_mlkem##n##_decaps(ss, ct, &dk);                                                \
		hyb_mlkem##n##_dk_export(fips, &dk);                                               \
		good = hyb_mlkem##n##_dk_import(&dk, fips) == HYB_OK && good;                      \
		good = hyb_mlkem##n##_ek_prepare(&prepared, ek) == HYB_OK && good;                 \
		good = hyb_mlkem##n##_encaps_prepared(ct, ss, &prepared) == HYB_OK && good;        \
		good = hyb_mlkem##n##_encaps_x8((void *)many, shared, eight) == HYB_OK && good;    \
		good = hyb_mlkem##n##_keygen(ek, seed) == HYB_OK && good;                          \
		hyb_mlkem##n##_dk_clear(&dk);                                                      \
		end(name, before, good);                                                           \
	}

#define MLDSA(n)                                                                                   \
	static void mldsa##n(void)                                                                 \
	{                                                                                          \
		static struct hyb_mldsa##n##_sk key;                                               \
		const char *name = "ML-DSA-" #n;                                                   \
		unsigned long before = VALGRIND_COUNT_ERRORS;                                      \
		bool good = true;                                                                  \
                                                                                                   \
		if (!begin(name))                                                                  \
			return;                                                                    \
		SECRET(seed, 32);                                                                  \
		good = hyb_mldsa##n##_keygen_derand(pk, seed) == HYB_OK;                           \
		good = hyb_mldsa##n##_sk_expand(&key, seed) == HYB_OK && good;                     \
		good = hyb_mldsa##n##_sign(sig, message, context, &key) == HYB_OK && good;         \
		SECRET(other, 32);                                                                 \
		good = hyb_mldsa##n##_sign_derand(sig, message, context, other, &key) == HYB_OK && \
			good;                                                                      \
		hyb_mldsa##n##_sk_export(fips, &key);                                              \
		good = hyb_mldsa##n##_sk_import(&key, fips) == HYB_OK && good;                     \
		good = hyb_mldsa##n##_sign_mu(sig, other + 64, NULL, &key) == HYB_OK && good;      \
		good = hyb_mldsa##n##_sign_hash(                                                   \
			       sig, HYB_SHA2_512, message, context, NULL, &key) == HYB_OK &&       \
			good;                                                                      \
		PUBLIC(sig, HYB_MLDSA##n##_SIG_BYTES);                                             \
		good = hyb_mldsa##n##_verify_hash(sig, HYB_SHA2_512, message, context, pk) &&      \
			good;                                                                      \
		good = hyb_mldsa##n##_sign(sig, message, context, &key) == HYB_OK && good;         \
		good = hyb_mldsa##n##_verify(sig, message, context, pk) && good;                   \
		hyb_mldsa##n##_sk_clear(&key);                                                     \
		end(name, before, good);                                                           \
	}

MLKEM(512)
MLKEM(768)
MLKEM(1024)
MLDSA(44)
MLDSA(65)
MLDSA(87)

static void slhdsa(enum hyb_slhdsa set)
{
	const struct hyb_slhdsa_info *p = hyb_slhdsa_info(set);
	unsigned long before = VALGRIND_COUNT_ERRORS;
	bool good = true;

	if (!begin(p->name))
		return;
	SECRET(seed, 3 * p->n);
	good = hyb_slhdsa_keygen_derand(set, pk, sk, seed) == HYB_OK;
	SECRET(sk, p->sk_bytes);
	SECRET(other, p->n);
	good = hyb_slhdsa_sign_derand(set, sig, message, context, other, sk) == HYB_OK && good;
	/* What is left undefined of a signature are chain values; they are published as a whole. */
	PUBLIC(sig, p->sig_bytes);
	PUBLIC(pk, p->pk_bytes);
	good = hyb_slhdsa_verify(set, (hyb_bytes){ sig, p->sig_bytes }, message, context, pk) &&
		good;
	end(p->name, before, good);
}

static void hybrid(enum hyb_kem_id id)
{
	static struct hyb_kem_dk dk;
	const struct hyb_kem_suite *s = hyb_kem_suite(id);
	unsigned long before = VALGRIND_COUNT_ERRORS;
	bool good = true;

	if (!begin(s->name))
		return;
	SECRET(seed, s->seed_bytes);
	good = hyb_kem_keygen_derand(s, ek, seed) == HYB_OK;
	good = hyb_kem_dk_expand(s, &dk, seed) == HYB_OK && good;
	PUBLIC(ek, s->ek_bytes);
	SECRET(other, s->eseed_bytes);
	good = hyb_kem_encaps_derand(s, ct, ss, ek, other) == HYB_OK && good;
	PUBLIC(ct, s->ct_bytes);
	good = hyb_kem_decaps(s, ss, ct, &dk) == HYB_OK && good;
	hyb_kem_dk_clear(&dk);
	end(s->name, before, good);
}

static void compare(void)
{
	const char *name = "hyb_ct_eq and hyb_wipe";
	unsigned long before = VALGRIND_COUNT_ERRORS;
	bool good = true;

	if (!begin(name))
		return;
	memcpy(other, seed, 64);
	SECRET(seed, 64);
	good = hyb_ct_eq(seed, other, 64);
	PUBLIC(&good, sizeof(good));
	hyb_wipe(seed, 64);
	end(name, before, good);
}

int main(int argc, char **argv)
{
	(void)argc;
	wanted = argv + 1;
	if (RUNNING_ON_VALGRIND == 0)
		printf("note: not under valgrind, so nothing can be reported\n");
	compare();
	mlkem512();
	mlkem768();
	mlkem1024();
	mldsa44();
	mldsa65();
	mldsa87();
	slhdsa(HYB_SLHDSA_SHA2_128F);
	slhdsa(HYB_SLHDSA_SHA2_192F);
	slhdsa(HYB_SLHDSA_SHAKE_128F);
	hybrid(HYB_KEM_XWING);
	hybrid(HYB_KEM_X25519_MLKEM1024_HKDF_SHA384);
	printf("%u passed, %u failed\n", n_passed, n_failed);
	return n_failed != 0;
}
