/*
 * What calls leave on the stack: each runs on a painted stack of its own, and afterwards no eight
 * bytes in a row of any secret may be found there. Nor may what follows from a secret, nor in the
 * vector registers: between two runs that differ in the secret alone, all but a few bytes (of counts
 * and addresses) are the same.
 * All levels that the processor has.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include "hyb/hyb.h"

#define STACK_BYTES (2U << 20)
#define PAINT 0xa5

static uint8_t *stack;
static ucontext_t back, there;
static unsigned n_failed, n_passed;

static const hyb_bytes message = { (const uint8_t *)"stack", 5 };
static const hyb_bytes none = { NULL, 0 };

static uint8_t seed[128], secret[8192], ss[64], ek[HYB_KEM_EK_MAX], ct[HYB_KEM_CT_MAX];
static uint8_t pk[HYB_SIG_PK_MAX], sk[HYB_SLHDSA_SK_MAX], sig[HYB_SLHDSA_SIG_MAX];
static size_t secret_n;
static bool good;

static void secrets(const void *p, size_t n)
{
	memcpy(secret + secret_n, p, n);
	secret_n += n;
}

/* Eight bytes with few values among them are no secret: zeros, small numbers, paint. */
static bool is_telling(const uint8_t *w)
{
	unsigned distinct = 0;

	for (size_t i = 0; i < 8; i++)
		distinct += memchr(w + i + 1, w[i], 7 - i) == NULL;
	return distinct >= 6;
}

/* Where eight bytes of a secret lie on the stack; -1: nowhere. */
static long found(void)
{
	for (size_t i = 0; i + 8 <= secret_n; i++)
		if (is_telling(secret + i) && memmem(stack, STACK_BYTES, secret + i, 8) != NULL)
			return (long)i;
	return -1;
}

static uint8_t vectors[32][64];
static void (*subject)(void);
static enum hyb_cpu best;

/* The vector registers as a call left them. */
static __attribute__((noinline)) void save_vectors(void)
{
#if defined(__x86_64__)
	if (best == HYB_CPU_AVX512)
		__asm__ volatile(
			".irp i, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n"
			"vmovdqu64 %%zmm\\i, 64 * \\i(%0)\n.endr\n"
			".irp i, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31\n"
			"vmovdqu64 %%zmm\\i, 64 * \\i(%0)\n.endr" ::"r"(vectors)
			: "memory");
	else
		__asm__ volatile(".irp i, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n"
				 "movdqu %%xmm\\i, 64 * \\i(%0)\n.endr" ::"r"(vectors)
				 : "memory");
#endif
}

static void call_subject(void)
{
	subject();
	save_vectors();
}

static void on_painted(void (*f)(void))
{
	subject = f;
	memset(stack, PAINT, STACK_BYTES);
	good = false;
	(void)getcontext(&there);
	there.uc_stack.ss_sp = stack;
	there.uc_stack.ss_size = STACK_BYTES;
	there.uc_link = &back;
	makecontext(&there, call_subject, 0);
	(void)swapcontext(&back, &there);
}

static void run(const char *name, void (*f)(void), void (*gather)(void))
{
	long at = 0;

	secret_n = 0;
	on_painted(f);
	gather();
	at = found();
	if (good && at < 0) {
		n_passed++;
		printf("ok - %s on %s: %zu secret bytes, none left\n", name,
			hyb_cpu_name(hyb_cpu()), secret_n);
	} else {
		n_failed++;
		printf("not ok - %s on %s: %s %ld\n", name, hyb_cpu_name(hyb_cpu()),
			good ? "the stack has secret byte" : "it failed", at);
	}
}

static void other_seed(unsigned which)
{
	seed[0] = (uint8_t)(which + 1);
}

/* What seed + 64 is: the message of an encapsulation, or the randomness of a signature. */
static void other_message(unsigned which)
{
	seed[64] = (uint8_t)(which + 1);
}

#define FEW 24 /* bytes that may differ */

/* `set` puts the first or the second secret in place, at the same address. */
static void twice(const char *name, void (*f)(void), void (*set)(unsigned which))
{
	static uint8_t before[STACK_BYTES], before_vectors[sizeof(vectors)];
	const uint8_t *after = vectors[0];
	size_t n = 0;

	set(0);
	on_painted(f);
	memcpy(before, stack, STACK_BYTES);
	memcpy(before_vectors, vectors, sizeof(vectors));
	set(1);
	on_painted(f);
	for (size_t i = 0; i < sizeof(vectors); i++)
		n += before_vectors[i] != after[i];
	for (size_t i = 0; i < STACK_BYTES; i++)
		n += before[i] != stack[i];
	if (good && n <= FEW) {
		n_passed++;
		printf("ok - %s on %s, two secrets: %zu bytes differ\n", name,
			hyb_cpu_name(hyb_cpu()), n);
	} else {
		n_failed++;
		printf("not ok - %s on %s, two secrets: %zu bytes of stack and registers tell them "
		       "apart\n",
			name, hyb_cpu_name(hyb_cpu()), n);
	}
}

#define MLKEM(n, k)                                                                                \
	static struct hyb_mlkem##n##_dk dk##n;                                                     \
	static void keys##n(void)                                                                  \
	{                                                                                          \
		good = hyb_mlkem##n##_keygen_derand(ek, seed) == HYB_OK &&                         \
			hyb_mlkem##n##_dk_expand(&dk##n, seed) == HYB_OK;                          \
	}                                                                                          \
	static void encaps##n(void)                                                                \
	{                                                                                          \
		good = hyb_mlkem##n##_encaps_derand(ct, ss, ek, seed + 64) == HYB_OK;              \
	}                                                                                          \
	static void decaps##n(void)                                                                \
	{                                                                                          \
		hyb_mlkem##n##_decaps(ss, ct, &dk##n);                                             \
		good = true;                                                                       \
	}                                                                                          \
	/* s in bytes as it is stored, and as coefficients. */                                     \
	static void gather##n(void)                                                                \
	{                                                                                          \
		uint8_t fips[HYB_MLKEM##n##_DK_BYTES];                                             \
		uint16_t c[256 * (k)];                                                             \
                                                                                                   \
		hyb_mlkem##n##_dk_export(fips, &dk##n);                                            \
		for (size_t i = 0; i < 128 * (k); i++) {                                           \
			const uint8_t *b = fips + 3 * i;                                           \
                                                                                                   \
			c[2 * i] = (uint16_t)(b[0] | (b[1] & 15) << 8);                            \
			c[2 * i + 1] = (uint16_t)(b[1] >> 4 | b[2] << 4);                          \
		}                                                                                  \
		secrets(seed, 96);                                                                 \
		secrets(ss, 32);                                                                   \
		secrets(fips, 384 * (k));                                                          \
		secrets(c, sizeof(c));                                                             \
	}                                                                                          \
	/* Implicit rejection with another z. */                                                   \
	static void other_z##n(unsigned which)                                                     \
	{                                                                                          \
		seed[40] = (uint8_t)(which + 1);                                                   \
		good = hyb_mlkem##n##_dk_expand(&dk##n, seed) == HYB_OK;                           \
		memset(ct, 1, sizeof(ct));                                                         \
	}                                                                                          \
	static void mlkem##n(void)                                                                 \
	{                                                                                          \
		run("ML-KEM-" #n " keys", keys##n, gather##n);                                     \
		run("ML-KEM-" #n " encaps", encaps##n, gather##n);                                 \
		run("ML-KEM-" #n " decaps", decaps##n, gather##n);                                 \
		twice("ML-KEM-" #n " encaps", encaps##n, other_message);                           \
		twice("ML-KEM-" #n " decaps", decaps##n, other_z##n);                              \
	}

#define MLDSA(n, k)                                                                                \
	static struct hyb_mldsa##n##_sk sk##n;                                                     \
	static void make##n(void)                                                                  \
	{                                                                                          \
		good = hyb_mldsa##n##_keygen_derand(pk, seed) == HYB_OK &&                         \
			hyb_mldsa##n##_sk_expand(&sk##n, seed) == HYB_OK;                          \
	}                                                                                          \
	static void expand##n(void)                                                                \
	{                                                                                          \
		good = hyb_mldsa##n##_sk_expand(&sk##n, seed) == HYB_OK;                           \
	}                                                                                          \
	static void sign##n(void)                                                                  \
	{                                                                                          \
		good = hyb_mldsa##n##_sign_derand(sig, message, none, seed + 64, &sk##n) ==        \
			HYB_OK;                                                                    \
	}                                                                                          \
	/* The seed, K, s1 and s2 [FIPS204 Alg. 24]. */                                            \
	static void parts##n(void)                                                                 \
	{                                                                                          \
		uint8_t fips[HYB_MLDSA##n##_SK_BYTES];                                             \
                                                                                                   \
		hyb_mldsa##n##_sk_export(fips, &sk##n);                                            \
		secrets(seed, 32);                                                                 \
		secrets(fips + 32, 32);                                                            \
		secrets(fips + 128, sizeof(fips) - 128 - 416 * (k));                               \
	}                                                                                          \
	static void mldsa##n(void)                                                                 \
	{                                                                                          \
		run("ML-DSA-" #n " keys", make##n, parts##n);                                      \
		run("ML-DSA-" #n " sign", sign##n, parts##n);                                      \
		twice("ML-DSA-" #n " expand", expand##n, other_seed);                              \
		twice("ML-DSA-" #n " sign", sign##n, other_message);                               \
	}

MLKEM(512, 2)
MLKEM(768, 3)
MLKEM(1024, 4)
MLDSA(44, 4)
MLDSA(65, 6)
MLDSA(87, 8)

static enum hyb_slhdsa set;

static void slh_keys(void)
{
	good = hyb_slhdsa_keygen_derand(set, pk, sk, seed) == HYB_OK;
}

static void slh_sign(void)
{
	good = hyb_slhdsa_sign_derand(set, sig, message, none, NULL, sk) == HYB_OK;
}

static void slh_secrets(void)
{
	secrets(sk, 2 * hyb_slhdsa_info(set)->n);
}

static void slhdsa(enum hyb_slhdsa which)
{
	char name[80];

	set = which;
	(void)snprintf(name, sizeof(name), "%s keys", hyb_slhdsa_info(set)->name);
	run(name, slh_keys, slh_secrets);
	(void)snprintf(name, sizeof(name), "%s sign", hyb_slhdsa_info(set)->name);
	run(name, slh_sign, slh_secrets);
}

/* The planted one: what a missing wipe looks like. */
static void forget(void)
{
	volatile uint8_t copy[32];

	for (size_t i = 0; i < sizeof(copy); i++)
		copy[i] = seed[i];
	good = true;
}

static void forgotten(void)
{
	secrets(seed, 32);
}

static void all(void)
{
	mlkem512();
	mlkem768();
	mlkem1024();
	mldsa44();
	mldsa65();
	mldsa87();
	slhdsa(HYB_SLHDSA_SHA2_128F);
	slhdsa(HYB_SLHDSA_SHA2_256F);
	slhdsa(HYB_SLHDSA_SHAKE_128F);
}

int main(void)
{
	uint32_t x = 12345;

	best = hyb_cpu();
	stack = malloc(STACK_BYTES);
	if (stack == NULL)
		return 1;
	for (size_t i = 0; i < sizeof(seed); i++) {
		x = x * 1664525 + 1013904223;
		seed[i] = (uint8_t)(x >> 24);
	}
	printf("planted: ");
	run("a copy that is not wiped", forget, forgotten);
	if (n_failed != 1 || !good) {
		printf("not ok - the planted copy was not found\n");
		return 1;
	}
	n_failed = 0;
	for (enum hyb_cpu level = HYB_CPU_C; level <= best; level++) {
		hyb_cpu_limit(level);
		all();
	}
	printf("%u passed, %u failed\n", n_passed, n_failed);
	free(stack);
	return n_failed != 0;
}
