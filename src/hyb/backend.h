/*
 * backend.h — who computes ML-KEM, ML-DSA and SLH-DSA: this library, or libcrypto behind a table.
 *
 * Shape:     a table of functions on octets. hyb_backend_pq() is NULL for native code; the public
 *            functions of mlkem, mldsa and slhdsa ask it first and hand the whole operation over.
 *            lc_backend.c holds the table and hyb_backend_set; nothing here needs libcrypto.
 * Keys:      a prepared private key under a backend is a handle of that backend: the public struct
 *            keeps the table's address and the handle, so that a later hyb_backend_set does not
 *            change it, and its _clear calls _free. Prepared public keys have no _clear and keep the
 *            plain octets instead.
 * Errors:    as in hyb.h; outputs are zero on error. A missing algorithm is found by hyb_backend_set.
 * Threads:   the table is constant; a handle may be used by several threads at once.
 * Standard:  FIPS 203, 204, 205.
 */
#ifndef HYB_BACKEND_H
#define HYB_BACKEND_H

#include "hyb/int.h"

/* What m is: a message, FIPS 204 M' as it is [FIPS204 Alg. 7], or mu (64 bytes). ML-DSA takes all. */
enum hyb_pq_form { HYB_PQ_PURE, HYB_PQ_RAW, HYB_PQ_MU };

/* What a signature is over, and with which randomness. */
struct hyb_pq_msg {
	enum hyb_pq_form form;
	bool is_hedged;	    /* the backend draws: rnd is not looked at */
	hyb_bytes m, ctx;   /* ctx with HYB_PQ_PURE only */
	const uint8_t *rnd; /* 32 bytes (ML-DSA), n bytes (SLH-DSA); NULL = deterministic */
};

struct hyb_pq_backend {
	/* k = 2, 3, 4. is_given: from seed (d ‖ z); otherwise the seed is drawn and written. */
	enum hyb_st (*mlkem_keygen)(unsigned k, uint8_t *ek, uint8_t *seed, bool is_given);
	/* m may be NULL: drawn. HYB_E_BAD_KEY by [FIPS203 §7.2]. */
	enum hyb_st (*mlkem_encaps)(
		unsigned k, uint8_t *ct, uint8_t *ss, const uint8_t *ek, const uint8_t *m);
	/* key: the 64-byte seed or the FIPS 203 form, told by its length. */
	enum hyb_st (*mlkem_dk_new)(unsigned k, void **h, hyb_bytes key);
	enum hyb_st (*mlkem_dk_export)(unsigned k, uint8_t *fips, const void *h);
	enum hyb_st (*mlkem_dk_ek)(unsigned k, uint8_t *ek, const void *h);
	/* If libcrypto itself fails, ss is random: to the other side the same as implicit rejection. */
	void (*mlkem_decaps)(unsigned k, uint8_t *ss, const uint8_t *ct, const void *h);
	void (*mlkem_dk_free)(void *h); /* takes NULL */

	/* set = 44, 65, 87 */
	enum hyb_st (*mldsa_keygen)(unsigned set, uint8_t *pk, uint8_t *seed, bool is_given);
	/* key: the 32-byte seed or the FIPS 204 form, told by its length. */
	enum hyb_st (*mldsa_sk_new)(unsigned set, void **h, hyb_bytes key);
	enum hyb_st (*mldsa_sk_export)(unsigned set, uint8_t *fips, const void *h);
	enum hyb_st (*mldsa_sk_pk)(unsigned set, uint8_t *pk, const void *h);
	enum hyb_st (*mldsa_sign)(
		unsigned set, uint8_t *sig, const struct hyb_pq_msg *m, const void *h);
	bool (*mldsa_verify)(
		unsigned set, const uint8_t *sig, const struct hyb_pq_msg *m, const uint8_t *pk);
	void (*mldsa_sk_free)(void *h); /* takes NULL */

	/* seeds: SK.seed ‖ SK.prf ‖ PK.seed, or NULL: drawn. sk and pk in the form of FIPS 205. */
	enum hyb_st (*slhdsa_keygen)(
		enum hyb_slhdsa set, uint8_t *pk, uint8_t *sk, const uint8_t *seeds);
	/* HYB_PQ_PURE only. */
	enum hyb_st (*slhdsa_sign)(
		enum hyb_slhdsa set, uint8_t *sig, const struct hyb_pq_msg *m, const uint8_t *sk);
	bool (*slhdsa_verify)(
		enum hyb_slhdsa set, hyb_bytes sig, const struct hyb_pq_msg *m, const uint8_t *pk);
};

/* The table in use; NULL = native. */
const struct hyb_pq_backend *hyb_backend_pq(void);
void hyb_backend_pq_use(const struct hyb_pq_backend *b);

#endif
