/*
 * hpke.h — HPKE contexts, base mode: what hyb.h's one-shot functions and the envelopes stand on.
 *
 * Shape:     setup (sender or receiver) gives a struct hyb_hpke_ctx; seal or open any number of
 *            messages in order; export; end.
 * Ownership: the caller's storage; hyb_hpke_end wipes it and frees libcrypto's context.
 * Errors:    after a failed setup the context is empty, and hyb_hpke_end may still be called.
 * Secrets:   the shared secret and the exporter secret; wiped by hyb_hpke_end.
 * Threads:   a context belongs to one thread.
 * Limits:    info and exporter context at most HYB_HPKE_INFO_MAX bytes [RFC9180 §7.2.1];
 *            2^64 - 1 messages a context, below RFC 9180's own 2^96 - 1.
 * Standard:  RFC 9180 §5; draft-ietf-hpke-pq (one-stage KDFs, DeriveKeyPair).
 */
#ifndef HYB_HPKE_H
#define HYB_HPKE_H

#include "hyb/int.h"

#define HYB_HPKE_HASH_MAX 64
#define HYB_HPKE_SUITE_ID_BYTES 10

struct lc_aead_ctx;

struct hyb_hpke_ctx {
	struct hyb_hpke_suite suite;
	uint8_t suite_id[HYB_HPKE_SUITE_ID_BYTES];
	struct lc_aead_ctx *aead;
	uint64_t seq;
	uint8_t base_nonce[12];
	uint8_t exporter[HYB_HPKE_HASH_MAX];
	bool is_sender;
};

/* The KEM id of `suite_id`: the registered one, or ours for suites that no registry names; else 0. */
uint16_t hyb_hpke_kem_id(const struct hyb_kem_suite *kem);
/* HYB_E_SUITE if one of the three is not known or the KEM must not seal messages. */
enum hyb_st hyb_hpke_suite_check(const struct hyb_hpke_suite *s) HYB_MUST_USE;
/* Nh: bytes of the exporter secret; 0 for an unknown KDF. */
size_t hyb_hpke_hash_bytes(uint16_t kdf);

/* SetupBaseS [RFC9180 §5.1.1]; enc has kem->ct_bytes. eseed NULL draws it. */
enum hyb_st hyb_hpke_setup_s(struct hyb_hpke_ctx *c, const struct hyb_hpke_suite *s, uint8_t *enc,
	hyb_bytes info, const uint8_t *ek, const uint8_t *eseed) HYB_MUST_USE;
enum hyb_st hyb_hpke_setup_r(struct hyb_hpke_ctx *c, const struct hyb_hpke_suite *s,
	const uint8_t *enc, hyb_bytes info, const struct hyb_kem_dk *dk) HYB_MUST_USE;

/* With a key of a file: HYB_E_SUITE if it is not of the suite's KEM. */
enum hyb_st hyb_hpke_setup_private(struct hyb_hpke_ctx *c, const struct hyb_hpke_suite *s,
	const uint8_t *enc, hyb_bytes info, const struct hyb_private *key) HYB_MUST_USE;

/* The key schedule alone, for a shared secret that the caller decapsulated. */
struct hyb_hpke_secret {
	uint8_t suite_id[HYB_HPKE_SUITE_ID_BYTES];
	hyb_bytes ss, info;
};

enum hyb_st hyb_hpke_schedule(struct hyb_hpke_ctx *c, const struct hyb_hpke_suite *s,
	const struct hyb_hpke_secret *in, bool is_sender) HYB_MUST_USE;
void hyb_hpke_suite_id(
	uint8_t id[HYB_HPKE_SUITE_ID_BYTES], uint16_t kem, uint16_t kdf, uint16_t aead);

/* ct has pt.n + 16 bytes and may be pt.p. HYB_E_LIMIT: the sequence is used up. */
enum hyb_st hyb_hpke_ctx_seal(
	struct hyb_hpke_ctx *c, uint8_t *ct, hyb_bytes aad, hyb_bytes pt) HYB_MUST_USE;
/* HYB_E_OPEN leaves the sequence number where it was. */
enum hyb_st hyb_hpke_ctx_open(
	struct hyb_hpke_ctx *c, uint8_t *pt, hyb_bytes aad, hyb_bytes ct) HYB_MUST_USE;
/* [RFC9180 §5.3]; n at most 255 hash lengths, or 65,535 with a one-stage KDF. */
enum hyb_st hyb_hpke_export(
	const struct hyb_hpke_ctx *c, uint8_t *out, size_t n, hyb_bytes context) HYB_MUST_USE;
void hyb_hpke_end(struct hyb_hpke_ctx *c);

/* DeriveKeyPair of draft-ietf-hpke-pq: kem->seed_bytes of private key from ikm (at most 128 bytes). */
enum hyb_st hyb_hpke_derive_seed(
	const struct hyb_kem_suite *kem, uint8_t *seed, hyb_bytes ikm) HYB_MUST_USE;

/* ---- hpke_kdf.c ---- */
/* The labels of one suite: "HPKE-v1" ‖ suite_id goes into every call. */
struct hyb_hpke_kdf {
	uint16_t kdf;
	const uint8_t *suite_id;
	size_t suite_id_n;
};

bool hyb_hpke_is_one_stage(uint16_t kdf);
enum hyb_st hyb_hpke_labeled_extract(const struct hyb_hpke_kdf *k, uint8_t *prk, hyb_bytes salt,
	const char *label, hyb_bytes ikm) HYB_MUST_USE;
enum hyb_st hyb_hpke_labeled_expand(const struct hyb_hpke_kdf *k, uint8_t *out, size_t n,
	const uint8_t *prk, const char *label, hyb_bytes info) HYB_MUST_USE;
/* One-stage: ikm and context are each up to two parts in a row. */
enum hyb_st hyb_hpke_labeled_derive(const struct hyb_hpke_kdf *k, uint8_t *out, size_t n,
	const hyb_bytes ikm[2], const char *label, const hyb_bytes context[2]) HYB_MUST_USE;

#endif
