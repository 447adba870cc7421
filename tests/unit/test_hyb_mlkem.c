#include <stdlib.h>
#include <string.h>

#include "hyb/hyb.h"
#include "unit.h"

/* Every buffer of its exact size on the heap: the sanitizer sees a vector that reads too far. */
static void *exact(size_t n)
{
	void *p = aligned_alloc(64, (n + 63) / 64 * 64);

	assert_non_null(p);
	memset(p, 0, n);
	return p;
}

static uint8_t *octets(size_t n)
{
	uint8_t *p = malloc(n);

	assert_non_null(p);
	memset(p, 0x11, n);
	return p;
}

static const enum hyb_cpu levels[] = { HYB_CPU_C, HYB_CPU_AVX2, HYB_CPU_AVX512 };

/* Keys, a ciphertext and its secret, and the secret of a changed ciphertext, on the level in force. */
#define ROUND_TRIP(n)                                                                              \
	static void round_trip_##n(void)                                                           \
	{                                                                                          \
		uint8_t *ek = octets(HYB_MLKEM##n##_EK_BYTES);                                     \
		uint8_t *ct = octets(HYB_MLKEM##n##_CT_BYTES);                                     \
		uint8_t *fips = octets(HYB_MLKEM##n##_DK_BYTES);                                   \
		uint8_t *seed = octets(64), *ss = octets(32), *back = octets(32);                  \
		struct hyb_mlkem##n##_dk *dk = exact(sizeof(*dk));                                 \
		struct hyb_mlkem##n##_ek *key = exact(sizeof(*key));                               \
                                                                                                   \
		assert_int_equal(hyb_mlkem##n##_keygen(ek, seed), HYB_OK);                         \
		assert_int_equal(hyb_mlkem##n##_dk_expand(dk, seed), HYB_OK);                      \
		assert_int_equal(hyb_mlkem##n##_encaps(ct, ss, ek), HYB_OK);                       \
		hyb_mlkem##n##_decaps(back, ct, dk);                                               \
		assert_memory_equal(ss, back, 32);                                                 \
		hyb_mlkem##n##_dk_export(fips, dk);                                                \
		hyb_mlkem##n##_dk_clear(dk);                                                       \
		assert_int_equal(hyb_mlkem##n##_dk_import(dk, fips), HYB_OK);                      \
		hyb_mlkem##n##_decaps(back, ct, dk);                                               \
		assert_memory_equal(ss, back, 32);                                                 \
		ct[HYB_MLKEM##n##_CT_BYTES - 1] ^= 0x80;                                           \
		hyb_mlkem##n##_decaps(back, ct, dk);                                               \
		assert_memory_not_equal(ss, back, 32);                                             \
		assert_int_equal(hyb_mlkem##n##_ek_prepare(key, ek), HYB_OK);                      \
		assert_int_equal(hyb_mlkem##n##_encaps_prepared(ct, ss, key), HYB_OK);             \
		hyb_mlkem##n##_decaps(back, ct, dk);                                               \
		assert_memory_equal(ss, back, 32);                                                 \
		ek[0] = 0xff;                                                                      \
		ek[1] = 0xff;                                                                      \
		assert_int_equal(hyb_mlkem##n##_encaps(ct, ss, ek), HYB_E_BAD_KEY);                \
		hyb_mlkem##n##_dk_clear(dk);                                                       \
		free(ek);                                                                          \
		free(ct);                                                                          \
		free(fips);                                                                        \
		free(seed);                                                                        \
		free(ss);                                                                          \
		free(back);                                                                        \
		free(dk);                                                                          \
		free(key);                                                                         \
	}                                                                                          \
	_Static_assert(true, "")

ROUND_TRIP(512);
ROUND_TRIP(768);
ROUND_TRIP(1024);

static void every_level_stays_inside_its_buffers(void **state)
{
	(void)state;
	for (unsigned l = 0; l < 3; l++) {
		hyb_cpu_limit(levels[l]);
		for (unsigned i = 0; i < 5; i++) {
			round_trip_512();
			round_trip_768();
			round_trip_1024();
		}
	}
	hyb_cpu_limit(HYB_CPU_AVX512);
}

static void eight_keys_at_once(void **state)
{
	uint8_t(*ct)[HYB_MLKEM768_CT_BYTES] = malloc(8 * sizeof(*ct));
	uint8_t ss[8][32], back[32], seed[8][64], *ek[8];
	const uint8_t *eks[8];
	struct hyb_mlkem768_dk *dk = exact(sizeof(*dk));

	(void)state;
	assert_non_null(ct);
	for (unsigned l = 0; l < 3; l++) {
		hyb_cpu_limit(levels[l]);
		for (unsigned i = 0; i < 8; i++) {
			ek[i] = octets(HYB_MLKEM768_EK_BYTES);
			eks[i] = ek[i];
			assert_int_equal(hyb_mlkem768_keygen(ek[i], seed[i]), HYB_OK);
		}
		assert_int_equal(hyb_mlkem768_encaps_x8(ct, ss, eks), HYB_OK);
		for (unsigned i = 0; i < 8; i++) {
			assert_int_equal(hyb_mlkem768_dk_expand(dk, seed[i]), HYB_OK);
			hyb_mlkem768_decaps(back, ct[i], dk);
			assert_memory_equal(back, ss[i], 32);
			free(ek[i]);
		}
	}
	hyb_cpu_limit(HYB_CPU_AVX512);
	free(dk);
	free(ct);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_level_stays_inside_its_buffers),
		cmocka_unit_test(eight_keys_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
