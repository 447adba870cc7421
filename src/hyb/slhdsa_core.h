/*
 * slhdsa_core.h — the trees of SLH-DSA: FORS, WOTS+ and the hypertree.
 *
 * Shape:     signing and keygen build whole trees in batches; verifying climbs from a signature.
 * Units:     n bytes a node; `sig` points at the part of the signature that the function is about.
 * Errors:    none: lengths were checked by the caller.
 * Secrets:   buffers that held chain values are wiped before return.
 * Standard:  FIPS 205 §5 to §8.
 */
#ifndef HYB_SLHDSA_CORE_H
#define HYB_SLHDSA_CORE_H

#include "hyb/slhdsa_ops.h"

/* Where H_msg sends a message [FIPS205 Alg. 19, lines 6 to 13]. */
struct hyb_slh_place {
	uint64_t tree;
	uint32_t leaf;
	uint16_t fors[SLH_K_MAX];
};

/* The root of the top tree [FIPS205 Alg. 18]. */
void hyb_slh_root(struct hyb_slh_hash *h, uint8_t *root);
/* FORS signature and public key [FIPS205 Alg. 16, 17]. */
void hyb_slh_fors_sign(
	struct hyb_slh_hash *h, uint8_t *sig, uint8_t *pk, const struct hyb_slh_place *at);
void hyb_slh_fors_pk(
	struct hyb_slh_hash *h, uint8_t *pk, const uint8_t *sig, const struct hyb_slh_place *at);
/* Hypertree signature on the FORS key [FIPS205 Alg. 12]. */
void hyb_slh_ht_sign(struct hyb_slh_hash *h, uint8_t *sig, const uint8_t *fors_pk,
	const struct hyb_slh_place *at);
/* The root that a hypertree signature leads to [FIPS205 Alg. 13]; node: FORS key in, root out. */
void hyb_slh_ht_root(
	struct hyb_slh_hash *h, uint8_t *node, const uint8_t *sig, const struct hyb_slh_place *at);

#endif
