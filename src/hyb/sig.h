/*
 * sig.h — the composite signatures inside: the row behind each suite, ML-DSA by parameter set.
 *
 * Shape:     a suite is a row: which ML-DSA, which curve, which pre-hash, which label. sig.c walks the
 *            row; sig_pq.c picks the ML-DSA.
 * Errors:    as in hyb.h; outputs are zero on error.
 * Standard:  draft-ietf-lamps-pq-composite-sigs-19; FIPS 204 §5.4 for a digest under a pure suite.
 */
#ifndef HYB_SIG_H
#define HYB_SIG_H

#include "hyb/lc.h"

struct hyb_sig_row {
	struct hyb_sig_suite pub;
	unsigned set; /* 44, 65, 87 */
	bool has_curve;
	enum lc_curve curve;
	enum hyb_hash ph; /* the pre-hash PH; HashML-DSA's for pure suites */
	size_t ph_bytes;
	const char *label;
};

const struct hyb_sig_row *hyb_sig_row(const struct hyb_sig_suite *s);
/* M' = Prefix ‖ Label ‖ len(ctx) ‖ ctx ‖ PH(M) [draft §2.2]; returns its length. */
#define HYB_SIG_MESSAGE_MAX 400
size_t hyb_sig_message(uint8_t out[HYB_SIG_MESSAGE_MAX], const struct hyb_sig_row *r, hyb_bytes ctx,
	hyb_bytes digest);

/* ML-DSA by parameter set. */
struct hyb_sig_pq_any {
	union {
		struct hyb_mldsa44_sk sk44;
		struct hyb_mldsa65_sk sk65;
		struct hyb_mldsa87_sk sk87;
	};
};

size_t hyb_sig_pq_pk_bytes(unsigned set);
size_t hyb_sig_pq_sig_bytes(unsigned set);
size_t hyb_sig_pq_sk_bytes(unsigned set);
enum hyb_st hyb_sig_pq_keygen(unsigned set, uint8_t *pk, uint8_t seed[32]) HYB_MUST_USE;
/* key: the 32-byte seed, or the FIPS 204 form. */
enum hyb_st hyb_sig_pq_sk(unsigned set, struct hyb_sig_pq_any *sk, hyb_bytes key) HYB_MUST_USE;
void hyb_sig_pq_pk(unsigned set, uint8_t *pk, const struct hyb_sig_pq_any *sk);
void hyb_sig_pq_clear(unsigned set, struct hyb_sig_pq_any *sk);
enum hyb_st hyb_sig_pq_sign(unsigned set, uint8_t *sig, hyb_bytes m, hyb_bytes ctx,
	const struct hyb_sig_pq_any *sk) HYB_MUST_USE;
enum hyb_st hyb_sig_pq_sign_mu(unsigned set, uint8_t *sig, const uint8_t mu[64],
	const struct hyb_sig_pq_any *sk) HYB_MUST_USE;
bool hyb_sig_pq_verify(unsigned set, const uint8_t *sig, hyb_bytes m, hyb_bytes ctx,
	const uint8_t *pk) HYB_MUST_USE;
bool hyb_sig_pq_verify_mu(
	unsigned set, const uint8_t *sig, const uint8_t mu[64], const uint8_t *pk) HYB_MUST_USE;

#endif
