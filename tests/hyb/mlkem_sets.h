/*
 * mlkem_sets.h — the three parameter sets of ML-KEM as rows of one table, for tests.
 *
 * Shape:     functions through casts of their key types: every struct any_… is large enough.
 */
#ifndef HYB_TESTS_MLKEM_SETS_H
#define HYB_TESTS_MLKEM_SETS_H

#include "hyb/hyb.h"

#define EK_MAX HYB_MLKEM1024_EK_BYTES
#define CT_MAX HYB_MLKEM1024_CT_BYTES
#define DK_MAX HYB_MLKEM1024_DK_BYTES
#define N_SETS 3

struct any_dk {
	union {
		struct hyb_mlkem512_dk k2;
		struct hyb_mlkem768_dk k3;
		struct hyb_mlkem1024_dk k4;
	};
};

struct any_ek {
	union {
		struct hyb_mlkem512_ek k2;
		struct hyb_mlkem768_ek k3;
		struct hyb_mlkem1024_ek k4;
	};
};

struct set {
	const char *name;
	size_t ek, ct, dk;
	enum hyb_st (*keygen)(uint8_t *ek, uint8_t *seed);
	enum hyb_st (*keygen_derand)(uint8_t *ek, const uint8_t *seed);
	enum hyb_st (*encaps)(uint8_t *ct, uint8_t *ss, const uint8_t *ek);
	enum hyb_st (*encaps_derand)(uint8_t *ct, uint8_t *ss, const uint8_t *ek, const uint8_t *m);
	/* ct has eight in a row. */
	enum hyb_st (*encaps_x8)(uint8_t *ct, uint8_t (*ss)[32], const uint8_t *const ek[8]);
	enum hyb_st (*ek_prepare)(struct any_ek *p, const uint8_t *ek);
	enum hyb_st (*encaps_prepared)(uint8_t *ct, uint8_t *ss, const struct any_ek *p);
	void (*decaps)(uint8_t *ss, const uint8_t *ct, const struct any_dk *dk);
	enum hyb_st (*dk_expand)(struct any_dk *dk, const uint8_t *seed);
	enum hyb_st (*dk_import)(struct any_dk *dk, const uint8_t *fips);
	void (*dk_export)(uint8_t *fips, const struct any_dk *dk);
	void (*ek_from_dk)(uint8_t *ek, const struct any_dk *dk);
	void (*dk_clear)(struct any_dk *dk);
	size_t dk_size;
};

#define SET_FUNCTIONS(n, k)                                                                        \
	static inline enum hyb_st x8_##n(                                                          \
		uint8_t *ct, uint8_t(*ss)[32], const uint8_t *const ek[8])                         \
	{                                                                                          \
		return hyb_mlkem##n##_encaps_x8((uint8_t(*)[HYB_MLKEM##n##_CT_BYTES])ct, ss, ek);  \
	}                                                                                          \
                                                                                                   \
	static inline enum hyb_st ek_prepare_##n(struct any_ek *p, const uint8_t *ek)              \
	{                                                                                          \
		return hyb_mlkem##n##_ek_prepare(&p->k, ek);                                       \
	}                                                                                          \
                                                                                                   \
	static inline enum hyb_st encaps_prepared_##n(                                             \
		uint8_t *ct, uint8_t *ss, const struct any_ek *p)                                  \
	{                                                                                          \
		return hyb_mlkem##n##_encaps_prepared(ct, ss, &p->k);                              \
	}                                                                                          \
                                                                                                   \
	static inline void decaps_##n(uint8_t *ss, const uint8_t *ct, const struct any_dk *dk)     \
	{                                                                                          \
		hyb_mlkem##n##_decaps(ss, ct, &dk->k);                                             \
	}                                                                                          \
                                                                                                   \
	static inline enum hyb_st dk_expand_##n(struct any_dk *dk, const uint8_t *seed)            \
	{                                                                                          \
		return hyb_mlkem##n##_dk_expand(&dk->k, seed);                                     \
	}                                                                                          \
                                                                                                   \
	static inline enum hyb_st dk_import_##n(struct any_dk *dk, const uint8_t *fips)            \
	{                                                                                          \
		return hyb_mlkem##n##_dk_import(&dk->k, fips);                                     \
	}                                                                                          \
                                                                                                   \
	static inline void dk_export_##n(uint8_t *fips, const struct any_dk *dk)                   \
	{                                                                                          \
		hyb_mlkem##n##_dk_export(fips, &dk->k);                                            \
	}                                                                                          \
                                                                                                   \
	static inline void ek_from_dk_##n(uint8_t *ek, const struct any_dk *dk)                    \
	{                                                                                          \
		hyb_mlkem##n##_ek_from_dk(ek, &dk->k);                                             \
	}                                                                                          \
                                                                                                   \
	static inline void dk_clear_##n(struct any_dk *dk)                                         \
	{                                                                                          \
		hyb_mlkem##n##_dk_clear(&dk->k);                                                   \
	}                                                                                          \
	_Static_assert(true, "")

SET_FUNCTIONS(512, k2);
SET_FUNCTIONS(768, k3);
SET_FUNCTIONS(1024, k4);

#define SET_ROW(n)                                                                                 \
	{                                                                                          \
		"ML-KEM-" #n, HYB_MLKEM##n##_EK_BYTES, HYB_MLKEM##n##_CT_BYTES,                    \
			HYB_MLKEM##n##_DK_BYTES, hyb_mlkem##n##_keygen,                            \
			hyb_mlkem##n##_keygen_derand, hyb_mlkem##n##_encaps,                       \
			hyb_mlkem##n##_encaps_derand, x8_##n, ek_prepare_##n, encaps_prepared_##n, \
			decaps_##n, dk_expand_##n, dk_import_##n, dk_export_##n, ek_from_dk_##n,   \
			dk_clear_##n, sizeof(struct hyb_mlkem##n##_dk)                             \
	}

static const struct set sets[N_SETS] = { SET_ROW(512), SET_ROW(768), SET_ROW(1024) };

static inline bool is_zero(const void *p, size_t n)
{
	const uint8_t *b = p;
	uint8_t any = 0;

	for (size_t i = 0; i < n; i++)
		any |= b[i];
	return any == 0;
}

#endif
