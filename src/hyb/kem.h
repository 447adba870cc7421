/*
 * kem.h — the hybrid KEMs inside: the row behind each suite, its combiners, ML-KEM by rank.
 *
 * Shape:     a suite is a row: which ML-KEM, which curve, whose octets come first, how the secrets
 *            are combined. kem.c walks the row; kem_comb.c combines; kem_pq.c picks the ML-KEM.
 * Secrets:   struct hyb_kem_secret and struct hyb_kem_in hold some: their owners wipe them.
 * Errors:    as in hyb.h; outputs are zero on error.
 * Standard:  draft-connolly-cfrg-xwing-kem, draft-irtf-cfrg-concrete-hybrid-kems (CG framework),
 *            draft-irtf-cfrg-hybrid-kems (UG), draft-ietf-tls-ecdhe-mlkem, SP 800-227 §4.6.
 */
#ifndef HYB_KEM_H
#define HYB_KEM_H

#include "hyb/lc.h"

enum hyb_kem_combiner {
	HYB_COMB_PURE, /* ML-KEM's secret as it is */
	HYB_COMB_CONCAT, /* both secrets in the order of the wire: a TLS key schedule binds the rest */
	HYB_COMB_SHA3,	    /* SHA3-256(ss_PQ ‖ ss_T ‖ ct_T ‖ ek_T ‖ label) */
	HYB_COMB_UNIVERSAL, /* HKDF-SHA384 over both secrets, both ciphertexts, both keys */
};

struct hyb_kem_row {
	struct hyb_kem_suite pub;
	unsigned k; /* of ML-KEM */
	enum hyb_kem_combiner comb;
	bool has_curve, is_curve_first;
	enum lc_curve curve;
	/*
	 * Scalars in a row, of which the first in range is taken; 1 = no choice. With a 32-byte seed
	 * they come from SHAKE256(seed), otherwise they are the seed's own octets.
	 */
	unsigned n_scalars;
	const char *label;
};

/* A private key without its preparation. */
struct hyb_kem_secret {
	uint8_t pq[HYB_MLKEM_SEED_BYTES];
	uint8_t scalar[48];
};

/* What a combiner may bind. */
struct hyb_kem_in {
	hyb_bytes ss_pq, ss_t, ct_pq, ct_t, ek_pq, ek_t, app;
};

enum hyb_st hyb_kem_combine(
	const struct hyb_kem_row *r, uint8_t *ss, const struct hyb_kem_in *in) HYB_MUST_USE;
/* HYB_COMB_SHA3 with any label. */
void hyb_kem_combine_sha3(uint8_t ss[32], const struct hyb_kem_in *in, hyb_bytes label);
/* From both halves' private octets, whatever the file form; HYB_E_BAD_KEY: scalar out of range. */
enum hyb_st hyb_kem_dk_from(const struct hyb_kem_row *r, struct hyb_kem_dk *dk,
	const struct hyb_kem_secret *sec) HYB_MUST_USE;
const struct hyb_kem_row *hyb_kem_row(const struct hyb_kem_suite *s);

/* ML-KEM by rank k = 2, 3, 4. */
struct hyb_kem_pq_any {
	union {
		struct hyb_mlkem512_dk dk2;
		struct hyb_mlkem768_dk dk3;
		struct hyb_mlkem1024_dk dk4;
	};
};

size_t hyb_kem_pq_ek_bytes(unsigned k);
size_t hyb_kem_pq_ct_bytes(unsigned k);
enum hyb_st hyb_kem_pq_keygen(unsigned k, uint8_t *ek, const uint8_t seed[64]) HYB_MUST_USE;
/* m may be NULL: drawn. */
enum hyb_st hyb_kem_pq_encaps(
	unsigned k, uint8_t *ct, uint8_t *ss, const uint8_t *ek, const uint8_t *m) HYB_MUST_USE;
enum hyb_st hyb_kem_pq_dk(
	unsigned k, struct hyb_kem_pq_any *dk, const uint8_t seed[64]) HYB_MUST_USE;
void hyb_kem_pq_decaps(unsigned k, uint8_t *ss, const uint8_t *ct, const struct hyb_kem_pq_any *dk);
void hyb_kem_pq_ek(unsigned k, uint8_t *ek, const struct hyb_kem_pq_any *dk);
void hyb_kem_pq_clear(unsigned k, struct hyb_kem_pq_any *dk);

#endif
