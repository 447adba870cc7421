/*
 * req.h — inference requests and responses, version 1: the layout that req.c and res.c share.
 *
 * Integers are big-endian. A request:
 *   "HYBIREQ" 0x00 ‖ version (2) ‖ KEM suite (2) ‖ signature suite (2)
 *   ‖ bytes of model (2), of audience (2) ‖ time (8) ‖ nonce (32)
 *   ‖ key id of the service (32), of the client (32) ‖ bytes of body (4) ‖ model ‖ audience
 *   ‖ SHA-384 of all that follows but the signature block
 *   ‖ enc ‖ sealed one-time key (ek + 16) ‖ sealed body (+ 16)
 *   ‖ signature block (envelope.h) over all before enc, context "hyb/req/v1".
 * HPKE with HKDF-SHA384 and AES-256-GCM seals two messages, the one-time response key and the body;
 * info = "hyb/req/v1" ‖ SHA-384(all before the hash). The request's hash is SHA-384 of what is signed;
 * its first 32 bytes are the replay id: not the signature, which ECDSA lets anyone change.
 *
 * A response:
 *   "HYBIRES" 0x00 ‖ version (2) ‖ KEM suite (2) ‖ signature suite (2) ‖ bytes of body (4)
 *   ‖ time (8) ‖ hash of the request (48) ‖ key id of the service's signature key (32)
 *   ‖ SHA-384 of enc ‖ sealed body  ‖ enc ‖ sealed body (+ 16)
 *   ‖ signature block over all before enc, context "hyb/res/v1".
 * Sealed to the one-time key, info = "hyb/res/v1" ‖ SHA-384(all before the hash).
 *
 * Hashes are of ciphertexts: a hash of a plaintext in clear would confirm guesses of it.
 */
#ifndef HYB_REQ_H
#define HYB_REQ_H

#include "hyb/envelope.h"
#include "hyb/hpke.h"

#define HYB_REQ_NONCE_BYTES 32

/* A message in parts: head [0, hash_at), hash, enc and ciphertexts, block. */
struct hyb_req_map {
	struct hyb_env_head head;
	size_t hash_at, enc_at, ct_at, block_at, total;
	size_t body;
};

/* Writes the hash of the ciphertexts and signs. */
enum hyb_st hyb_req_finish(uint8_t *msg, const struct hyb_req_map *m, hyb_bytes ctx,
	const struct hyb_private *signer) HYB_MUST_USE;
/* The signer among `keys` and the signature, then the hash of the ciphertexts. */
enum hyb_st hyb_req_verify(const struct hyb_public **signer, const uint8_t *msg,
	const struct hyb_req_map *m, hyb_bytes ctx, const struct hyb_env_accept *keys,
	const uint8_t *signer_id) HYB_MUST_USE;
/* HPKE's info: ctx and the head. */
enum hyb_st hyb_req_bind(struct hyb_env_info *info, const uint8_t *msg, const struct hyb_req_map *m,
	hyb_bytes ctx) HYB_MUST_USE;
/* SHA-384 of the signed part. */
enum hyb_st hyb_req_hash(uint8_t hash[HYB_REQ_HASH_BYTES], const uint8_t *msg,
	const struct hyb_req_map *m) HYB_MUST_USE;

#endif
