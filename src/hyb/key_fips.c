#include "hyb/key.h"

/*
 * Importing an ML-DSA key derives its public key anew and compares. An ML-KEM key holds its public key
 * as it is, under a hash alone [FIPS203 §7.3]: so its halves are tried on each other.
 */
static const uint8_t trial[32] = "a pair that belongs together....";

#define PURE_KEM(N)                                                                                \
	static enum hyb_st kem##N##_expand(uint8_t *fips, const uint8_t *seed)                     \
	{                                                                                          \
		struct hyb_mlkem##N##_dk dk;                                                       \
		enum hyb_st st = hyb_mlkem##N##_dk_expand(&dk, seed);                              \
                                                                                                   \
		if (st == HYB_OK) {                                                                \
			hyb_mlkem##N##_dk_export(fips, &dk);                                       \
			hyb_mlkem##N##_dk_clear(&dk);                                              \
		}                                                                                  \
		return st;                                                                         \
	}                                                                                          \
	static enum hyb_st kem##N##_decaps(uint8_t *ss, const uint8_t *ct, const uint8_t *fips)    \
	{                                                                                          \
		struct hyb_mlkem##N##_dk dk;                                                       \
		enum hyb_st st = hyb_mlkem##N##_dk_import(&dk, fips);                              \
                                                                                                   \
		if (st == HYB_OK) {                                                                \
			hyb_mlkem##N##_decaps(ss, ct, &dk);                                        \
			hyb_mlkem##N##_dk_clear(&dk);                                              \
		}                                                                                  \
		return st;                                                                         \
	}                                                                                          \
	static enum hyb_st kem##N##_check(uint8_t *pub, const uint8_t *fips)                       \
	{                                                                                          \
		uint8_t ct[HYB_MLKEM##N##_CT_BYTES], ours[32], theirs[32];                         \
		struct hyb_mlkem##N##_dk dk;                                                       \
		enum hyb_st st = hyb_mlkem##N##_dk_import(&dk, fips);                              \
                                                                                                   \
		if (st != HYB_OK)                                                                  \
			return st;                                                                 \
		hyb_mlkem##N##_ek_from_dk(pub, &dk);                                               \
		st = hyb_mlkem##N##_encaps_derand(ct, theirs, pub, trial);                         \
		if (st == HYB_OK) {                                                                \
			hyb_mlkem##N##_decaps(ours, ct, &dk);                                      \
			if (!hyb_ct_eq(ours, theirs, sizeof(ours)))                                \
				st = HYB_E_BAD_KEY;                                                \
		}                                                                                  \
		hyb_mlkem##N##_dk_clear(&dk);                                                      \
		return st;                                                                         \
	}

#define PURE_SIG(N)                                                                                \
	static enum hyb_st sig##N##_expand(uint8_t *fips, const uint8_t *seed)                     \
	{                                                                                          \
		struct hyb_mldsa##N##_sk sk;                                                       \
		enum hyb_st st = hyb_mldsa##N##_sk_expand(&sk, seed);                              \
                                                                                                   \
		if (st == HYB_OK) {                                                                \
			hyb_mldsa##N##_sk_export(fips, &sk);                                       \
			hyb_mldsa##N##_sk_clear(&sk);                                              \
		}                                                                                  \
		return st;                                                                         \
	}                                                                                          \
	static enum hyb_st sig##N##_sign(                                                          \
		uint8_t *sig, hyb_bytes m, hyb_bytes ctx, const uint8_t *fips)                     \
	{                                                                                          \
		struct hyb_mldsa##N##_sk sk;                                                       \
		enum hyb_st st = hyb_mldsa##N##_sk_import(&sk, fips);                              \
                                                                                                   \
		if (st == HYB_OK) {                                                                \
			st = hyb_mldsa##N##_sign(sig, m, ctx, &sk);                                \
			hyb_mldsa##N##_sk_clear(&sk);                                              \
		}                                                                                  \
		return st;                                                                         \
	}                                                                                          \
	static enum hyb_st sig##N##_sign_mu(                                                       \
		uint8_t *sig, const uint8_t mu[64], const uint8_t *fips)                           \
	{                                                                                          \
		struct hyb_mldsa##N##_sk sk;                                                       \
		enum hyb_st st = hyb_mldsa##N##_sk_import(&sk, fips);                              \
                                                                                                   \
		if (st == HYB_OK) {                                                                \
			st = hyb_mldsa##N##_sign_mu(sig, mu, NULL, &sk);                           \
			hyb_mldsa##N##_sk_clear(&sk);                                              \
		}                                                                                  \
		return st;                                                                         \
	}                                                                                          \
	static enum hyb_st sig##N##_check(uint8_t *pub, const uint8_t *fips)                       \
	{                                                                                          \
		struct hyb_mldsa##N##_sk sk;                                                       \
		enum hyb_st st = hyb_mldsa##N##_sk_import(&sk, fips);                              \
                                                                                                   \
		if (st == HYB_OK) {                                                                \
			hyb_mldsa##N##_pk_from_sk(pub, &sk);                                       \
			hyb_mldsa##N##_sk_clear(&sk);                                              \
		}                                                                                  \
		return st;                                                                         \
	}

PURE_KEM(512)
PURE_KEM(768)
PURE_KEM(1024)
PURE_SIG(44)
PURE_SIG(65)
PURE_SIG(87)

#define ROW_KEM(N)                                                                                 \
	static const struct hyb_fips_ops kem##N = { .seed_bytes = HYB_MLKEM_SEED_BYTES,            \
		.fips_bytes = HYB_MLKEM##N##_DK_BYTES,                                             \
		.expand = kem##N##_expand,                                                         \
		.check = kem##N##_check,                                                           \
		.decaps = kem##N##_decaps }
#define ROW_SIG(N)                                                                                 \
	static const struct hyb_fips_ops sig##N = { .seed_bytes = HYB_MLDSA_SEED_BYTES,            \
		.fips_bytes = HYB_MLDSA##N##_SK_BYTES,                                             \
		.sig_bytes = HYB_MLDSA##N##_SIG_BYTES,                                             \
		.expand = sig##N##_expand,                                                         \
		.check = sig##N##_check,                                                           \
		.sign = sig##N##_sign,                                                             \
		.sign_mu = sig##N##_sign_mu }

ROW_KEM(512);
ROW_KEM(768);
ROW_KEM(1024);
ROW_SIG(44);
ROW_SIG(65);
ROW_SIG(87);

static const struct hyb_fips_ops *kem_ops(enum hyb_kem_id id)
{
	switch (id) {
	case HYB_KEM_MLKEM512:
		return &kem512;
	case HYB_KEM_MLKEM768:
		return &kem768;
	case HYB_KEM_MLKEM1024:
		return &kem1024;
	case HYB_KEM_XWING:
	case HYB_KEM_MLKEM768_P256:
	case HYB_KEM_MLKEM1024_P384:
	case HYB_KEM_X25519_MLKEM1024_HKDF_SHA384:
	case HYB_KEM_TLS_X25519MLKEM768:
	case HYB_KEM_TLS_SECP256R1MLKEM768:
	case HYB_KEM_TLS_SECP384R1MLKEM1024:
		return NULL;
	}
	return NULL;
}

static const struct hyb_fips_ops *sig_ops(enum hyb_sig_id id)
{
	switch (id) {
	case HYB_SIG_MLDSA44:
		return &sig44;
	case HYB_SIG_MLDSA65:
		return &sig65;
	case HYB_SIG_MLDSA87:
		return &sig87;
	case HYB_SIG_MLDSA87_P384:
	case HYB_SIG_MLDSA65_P256:
	case HYB_SIG_MLDSA65_ED25519:
	case HYB_SIG_MLDSA65_P384:
	case HYB_SIG_MLDSA44_P256:
		return NULL;
	}
	return NULL;
}

const struct hyb_fips_ops *hyb_fips_ops(const struct hyb_public *k)
{
	return k->kind == HYB_KEY_KEM ? kem_ops(k->kem->id) : sig_ops(k->sig->id);
}
