/* bench_mlkem.c — ML-KEM of libhyb. */
#include <string.h>

#include "bench_native.h"

/* The same functions for the three parameter sets. */
#define SET(N)                                                                                     \
	struct mlkem##N {                                                                          \
		struct hyb_mlkem##N##_dk dk;                                                       \
		struct hyb_mlkem##N##_ek prepared;                                                 \
		uint8_t ek[HYB_MLKEM##N##_EK_BYTES], ek2[HYB_MLKEM##N##_EK_BYTES];                 \
		uint8_t ct[HYB_MLKEM##N##_CT_BYTES], ct8[8][HYB_MLKEM##N##_CT_BYTES];              \
		uint8_t seed[64], seed2[64], ss[32], ss2[32], ss8[8][32];                          \
	};                                                                                         \
	static bool keygen##N(void *ctx, size_t item)                                              \
	{                                                                                          \
		struct mlkem##N *k = ctx;                                                          \
		(void)item;                                                                        \
		return hyb_mlkem##N##_keygen(k->ek2, k->seed2) == HYB_OK;                          \
	}                                                                                          \
	static bool encaps##N(void *ctx, size_t item)                                              \
	{                                                                                          \
		struct mlkem##N *k = ctx;                                                          \
		(void)item;                                                                        \
		return hyb_mlkem##N##_encaps(k->ct, k->ss, k->ek) == HYB_OK;                       \
	}                                                                                          \
	static bool prepared##N(void *ctx, size_t item)                                            \
	{                                                                                          \
		struct mlkem##N *k = ctx;                                                          \
		(void)item;                                                                        \
		return hyb_mlkem##N##_encaps_prepared(k->ct, k->ss, &k->prepared) == HYB_OK;       \
	}                                                                                          \
	static bool decaps##N(void *ctx, size_t item)                                              \
	{                                                                                          \
		struct mlkem##N *k = ctx;                                                          \
		(void)item;                                                                        \
		hyb_mlkem##N##_decaps(k->ss2, k->ct, &k->dk);                                      \
		return true;                                                                       \
	}                                                                                          \
	static bool expand##N(void *ctx, size_t item)                                              \
	{                                                                                          \
		struct mlkem##N *k = ctx;                                                          \
		(void)item;                                                                        \
		return hyb_mlkem##N##_dk_expand(&k->dk, k->seed) == HYB_OK;                        \
	}                                                                                          \
	static bool eight##N(void *ctx, size_t item)                                               \
	{                                                                                          \
		struct mlkem##N *k = ctx;                                                          \
		const uint8_t *const ek[8] = { k->ek, k->ek, k->ek, k->ek, k->ek, k->ek, k->ek,    \
			k->ek };                                                                   \
		(void)item;                                                                        \
		return hyb_mlkem##N##_encaps_x8(k->ct8, k->ss8, ek) == HYB_OK;                     \
	}                                                                                          \
	static bool open##N(void *ctx, const void *arg)                                            \
	{                                                                                          \
		struct mlkem##N *k = ctx;                                                          \
		(void)arg;                                                                         \
		return hyb_mlkem##N##_keygen(k->ek, k->seed) == HYB_OK && expand##N(k, 0) &&       \
			hyb_mlkem##N##_ek_prepare(&k->prepared, k->ek) == HYB_OK &&                \
			encaps##N(k, 0) && decaps##N(k, 0) && memcmp(k->ss, k->ss2, 32) == 0;      \
	}                                                                                          \
	static void close##N(void *ctx)                                                            \
	{                                                                                          \
		struct mlkem##N *k = ctx;                                                          \
		hyb_mlkem##N##_dk_clear(&k->dk);                                                   \
	}                                                                                          \
	static const struct bench_native_op ops##N[] = {                                           \
		{ "keygen", keygen##N, bench_key_generate, bench_oqs_kem_keygen, NULL, 0, 0,       \
			false },                                                                   \
		{ "encaps", encaps##N, bench_key_encaps, bench_oqs_encaps, NULL, 0, 0, false },    \
		{ "decaps", decaps##N, bench_key_decaps, bench_oqs_decaps, NULL, 0, 0, false },    \
		{ "encaps-prepared", prepared##N, bench_key_encaps, bench_oqs_encaps, NULL, 0, 0,  \
			false },                                                                   \
		{ "dk-expand", expand##N, NULL, NULL, NULL, 0, 0, false },                         \
		{ "encaps-x8", eight##N, NULL, NULL, NULL, 8, 0, false },                          \
	};

SET(512)
SET(768)
SET(1024)

#define ROW(N)                                                                                     \
	{                                                                                          \
		.family = "ML-KEM", .name = "ML-KEM-" #N, .pk_bytes = HYB_MLKEM##N##_EK_BYTES,     \
		.out_bytes = HYB_MLKEM##N##_CT_BYTES, .op = ops##N,                                \
		.n_ops = sizeof(ops##N) / sizeof(ops##N[0]), .room = sizeof(struct mlkem##N),      \
		.open = open##N, .close = close##N, .has_peers = true, .spec = {                   \
			.name = "ML-KEM-" #N,                                                      \
			.is_kem = true                                                             \
		}                                                                                  \
	}

void bench_mlkem(struct bench *b)
{
	static const struct bench_native sets[] = { ROW(512), ROW(768), ROW(1024) };

	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
		bench_native(b, &sets[i]);
}
