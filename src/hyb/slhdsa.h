/*
 * slhdsa.h — SLH-DSA below its public functions: parameters, the internal interface, HashSLH-DSA.
 *
 * Shape:     hyb.h has the pure interface; here are the internal functions on M' [FIPS205 §9], which
 *            vectors and the tests call, and the pre-hash form [FIPS205 §10.2.2].
 * Units:     bytes; M' comes in parts, so that a long message is never copied.
 * Errors:    as in hyb.h.
 * Secrets:   SK.seed, SK.prf and what is derived from them, until it stands in a signature.
 * Standard:  FIPS 205.
 */
#ifndef HYB_SLHDSA_H
#define HYB_SLHDSA_H

#include "hyb/int.h"

#define SLH_N_MAX 32
#define SLH_LEN_MAX 67	  /* WOTS+ chains: 2n + 3 */
#define SLH_H_PRIME_MAX 9 /* height of one tree of the hypertree */
#define SLH_K_MAX 35	  /* FORS trees */
#define SLH_DIGEST_MAX 49 /* H_msg output */

/* [FIPS205 §11, Table 2]; lg w = 4 in all sets. */
struct hyb_slh_params {
	struct hyb_slhdsa_info info;
	bool is_shake;
	uint8_t n, h, d, h_prime, a, k, m, len;
};

const struct hyb_slh_params *hyb_slh_params(enum hyb_slhdsa set); /* NULL if there is no such set */

/* slh_sign_internal [FIPS205 Alg. 19]: addrnd has n bytes, or is NULL for PK.seed. */
enum hyb_st hyb_slhdsa_sign_internal(enum hyb_slhdsa set, uint8_t *sig, const hyb_bytes *parts,
	size_t n_parts, const uint8_t *addrnd, const uint8_t *sk) HYB_MUST_USE;
/* slh_verify_internal [FIPS205 Alg. 20]. */
bool hyb_slhdsa_verify_internal(enum hyb_slhdsa set, hyb_bytes sig, const hyb_bytes *parts,
	size_t n_parts, const uint8_t *pk) HYB_MUST_USE;

/* HashSLH-DSA [FIPS205 Alg. 23, 25]; the caller chooses a pre-hash that is strong enough. */
struct hyb_slhdsa_prehash {
	enum hyb_hash hash;
	hyb_bytes m, ctx;
};

enum hyb_st hyb_slhdsa_hash_sign(enum hyb_slhdsa set, uint8_t *sig,
	const struct hyb_slhdsa_prehash *in, const uint8_t *addrnd, const uint8_t *sk) HYB_MUST_USE;
bool hyb_slhdsa_hash_verify(enum hyb_slhdsa set, hyb_bytes sig, const struct hyb_slhdsa_prehash *in,
	const uint8_t *pk) HYB_MUST_USE;

#endif
