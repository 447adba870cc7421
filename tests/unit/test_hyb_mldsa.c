/* ML-DSA under the sanitizers: one pass through every function on every level, and hostile input. */
#include "unit.h"

#include "hyb/hyb.h"

static const hyb_bytes none = { NULL, 0 };
static const hyb_bytes text = { (const uint8_t *)"text", 4 };

static void each_level(void (*f)(void))
{
	for (int level = HYB_CPU_AVX512; level >= HYB_CPU_C; level--) {
		hyb_cpu_limit((enum hyb_cpu)level);
		f();
	}
	hyb_cpu_limit(HYB_CPU_AVX512);
}

#define ROUND_TRIP(n)                                                                              \
	static void round_trip_##n(void)                                                           \
	{                                                                                          \
		static struct hyb_mldsa##n##_sk sk, again;                                         \
		static struct hyb_mldsa##n##_pk prepared;                                          \
		static uint8_t pk[HYB_MLDSA##n##_PK_BYTES], sig[HYB_MLDSA##n##_SIG_BYTES];         \
		static uint8_t fips[HYB_MLDSA##n##_SK_BYTES], mu[64];                              \
		uint8_t seed[HYB_MLDSA_SEED_BYTES];                                                \
                                                                                                   \
		assert_int_equal(hyb_mldsa##n##_keygen(pk, seed), HYB_OK);                         \
		assert_int_equal(hyb_mldsa##n##_sk_expand(&sk, seed), HYB_OK);                     \
		hyb_mldsa##n##_sk_export(fips, &sk);                                               \
		assert_int_equal(hyb_mldsa##n##_sk_import(&again, fips), HYB_OK);                  \
		assert_memory_equal(&sk, &again, sizeof(sk));                                      \
		hyb_mldsa##n##_pk_prepare(&prepared, pk);                                          \
		for (unsigned i = 0; i < 8; i++) {                                                 \
			assert_int_equal(hyb_mldsa##n##_sign(sig, text, none, &sk), HYB_OK);       \
			assert_true(hyb_mldsa##n##_verify(sig, text, none, pk));                   \
			assert_true(hyb_mldsa##n##_verify_prepared(sig, text, none, &prepared));   \
		}                                                                                  \
		assert_int_equal(hyb_mldsa##n##_mu(mu, text, none, pk), HYB_OK);                   \
		assert_true(hyb_mldsa##n##_verify_mu(sig, mu, pk));                                \
		assert_int_equal(hyb_mldsa##n##_sign_mu(sig, mu, NULL, &sk), HYB_OK);              \
		assert_true(hyb_mldsa##n##_verify(sig, text, none, pk));                           \
		assert_int_equal(                                                                  \
			hyb_mldsa##n##_sign_hash(sig, HYB_SHA2_512, text, text, NULL, &sk),        \
			HYB_OK);                                                                   \
		assert_true(hyb_mldsa##n##_verify_hash(sig, HYB_SHA2_512, text, text, pk));        \
		sig[sizeof(sig) / 2] ^= 1;                                                         \
		assert_false(hyb_mldsa##n##_verify_hash(sig, HYB_SHA2_512, text, text, pk));       \
		hyb_mldsa##n##_sk_clear(&sk);                                                      \
	}                                                                                          \
                                                                                                   \
	static void noise_##n(void)                                                                \
	{                                                                                          \
		static struct hyb_mldsa##n##_sk sk;                                                \
		static uint8_t pk[HYB_MLDSA##n##_PK_BYTES], sig[HYB_MLDSA##n##_SIG_BYTES];         \
		static uint8_t fips[HYB_MLDSA##n##_SK_BYTES];                                      \
		uint64_t state = 88172645463325252ULL;                                             \
                                                                                                   \
		for (unsigned round = 0; round < 24; round++) {                                    \
			for (size_t i = 0; i < sizeof(pk); i++)                                    \
				pk[i] = (uint8_t)unit_random(&state);                              \
			for (size_t i = 0; i < sizeof(sig); i++)                                   \
				sig[i] = (uint8_t)(round % 3 == 0 ? 0xff : unit_random(&state));   \
			for (size_t i = 0; i < sizeof(fips); i++)                                  \
				fips[i] = (uint8_t)unit_random(&state);                            \
			/* z of zeros and hints without an end, so that all of it is read */       \
			memset(sig, 0, round % 2 == 0 ? sizeof(sig) - 100 : 0);                    \
			assert_false(hyb_mldsa##n##_verify(sig, text, none, pk));                  \
			assert_int_equal(hyb_mldsa##n##_sk_import(&sk, fips), HYB_E_BAD_KEY);      \
		}                                                                                  \
	}
ROUND_TRIP(44)
ROUND_TRIP(65)
ROUND_TRIP(87)

static void every_function_on_every_level(void **state)
{
	(void)state;
	each_level(round_trip_44);
	each_level(round_trip_65);
	each_level(round_trip_87);
}

static void noise_is_refused_and_read_in_bounds(void **state)
{
	(void)state;
	each_level(noise_44);
	each_level(noise_65);
	each_level(noise_87);
}

static void a_context_of_256_bytes_is_refused(void **state)
{
	static uint8_t ctx[256], sig[HYB_MLDSA44_SIG_BYTES], pk[HYB_MLDSA44_PK_BYTES];
	static struct hyb_mldsa44_sk sk;
	uint8_t seed[HYB_MLDSA_SEED_BYTES];

	(void)state;
	assert_int_equal(hyb_mldsa44_keygen(pk, seed), HYB_OK);
	assert_int_equal(hyb_mldsa44_sk_expand(&sk, seed), HYB_OK);
	assert_int_equal(hyb_mldsa44_sign(sig, text, (hyb_bytes){ ctx, 255 }, &sk), HYB_OK);
	assert_true(hyb_mldsa44_verify(sig, text, (hyb_bytes){ ctx, 255 }, pk));
	assert_int_equal(hyb_mldsa44_sign(sig, text, (hyb_bytes){ ctx, 256 }, &sk), HYB_E_ARG);
	assert_false(hyb_mldsa44_verify(sig, text, (hyb_bytes){ ctx, 256 }, pk));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_function_on_every_level),
		cmocka_unit_test(noise_is_refused_and_read_in_bounds),
		cmocka_unit_test(a_context_of_256_bytes_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
