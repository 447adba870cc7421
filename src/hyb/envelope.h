/*
 * envelope.h — what sealed files, gradients and inference messages share: suite codes, signature
 * blocks, finding a sender, reading fields.
 *
 * Shape:     all integers big-endian. A signature block is length (2) ‖ signature ‖ zeros up to the
 *            suite's longest, so that its size is known before signing and is itself covered.
 * Errors:    HYB_E_SUITE, HYB_E_SIGNATURE, HYB_E_UNSIGNED as in hyb.h.
 * Secrets:   none of its own.
 * Limits:    names (models, audiences, participants) are 1 to HYB_NAME_MAX bytes.
 */
#ifndef HYB_ENVELOPE_H
#define HYB_ENVELOPE_H

#include "hyb/int.h"

#define HYB_ENV_DIGEST_BYTES 64 /* SHA-512 */
#define HYB_ENV_MAGIC_BYTES 8

static inline size_t hyb_load16be(const uint8_t *p)
{
	return (size_t)p[0] << 8 | p[1];
}

/* HPKE KEM id (hpke.h) of an envelope suite, and back; 0 and NULL where there is none. */
uint16_t hyb_env_kem_code(const struct hyb_kem_suite *s);
const struct hyb_kem_suite *hyb_env_kem(uint16_t code);
/* The last two arcs of the algorithm's OID, a byte each: 0x0631 is …7.6.49, 0x0313 ML-DSA-87. */
uint16_t hyb_env_sig_code(const struct hyb_sig_suite *s);
const struct hyb_sig_suite *hyb_env_sig(uint16_t code);

/* Bytes of a signature block; 0 without a suite. */
size_t hyb_env_block_bytes(const struct hyb_sig_suite *s);
/* Signs m under the domain `ctx` into a block; zero on error. */
enum hyb_st hyb_env_sign(
	uint8_t *block, const struct hyb_private *sender, hyb_bytes ctx, hyb_bytes m) HYB_MUST_USE;
/* Does the block hold k's signature over m? */
bool hyb_env_verify(
	const uint8_t *block, const struct hyb_public *k, hyb_bytes ctx, hyb_bytes m) HYB_MUST_USE;

/* Whose signatures a reader takes. */
struct hyb_env_accept {
	const struct hyb_public *senders;
	size_t n_senders;
	bool allow_unsigned;
};

/*
 * The sender with this id and suite. HYB_E_UNSIGNED if there is no signature and that is not allowed;
 * HYB_E_SIGNATURE if the sender is not among those accepted. *k stays NULL where nothing is to be
 * verified: unsigned, or signed and the caller allows unsigned ones and names no sender.
 */
enum hyb_st hyb_env_sender(const struct hyb_public **k, const struct hyb_env_accept *a,
	const struct hyb_sig_suite *sig, const uint8_t id[HYB_KEY_ID_BYTES]) HYB_MUST_USE;

/* SHA-512 of the parts in a row; SHA-384 likewise. */
enum hyb_st hyb_env_sha512(uint8_t out[64], const hyb_bytes *parts, size_t n) HYB_MUST_USE;
enum hyb_st hyb_env_sha384(uint8_t out[48], const hyb_bytes *parts, size_t n) HYB_MUST_USE;

/* HPKE info of an envelope: label ‖ SHA-384 of what is bound. */
#define HYB_ENV_INFO_MAX 80

struct hyb_env_info {
	uint8_t bytes[HYB_ENV_INFO_MAX];
	size_t n;
};
enum hyb_st hyb_env_info(struct hyb_env_info *out, hyb_bytes label, const hyb_bytes *parts,
	size_t n_parts) HYB_MUST_USE;

/* Random bytes that are sent in clear: nonces and IVs. */
enum hyb_st hyb_env_nonce(uint8_t *p, size_t n) HYB_MUST_USE;

/* Writes fields one after another; the caller made room. */
struct hyb_env_out {
	uint8_t *p;
};

void hyb_env_put(struct hyb_env_out *o, const void *p, size_t n);
void hyb_env_put_u16(struct hyb_env_out *o, size_t v);
void hyb_env_put_u32(struct hyb_env_out *o, size_t v);
void hyb_env_put_u64(struct hyb_env_out *o, uint64_t v);

/* The same head for all messages: magic ‖ version ‖ KEM suite ‖ signature suite. */
#define HYB_ENV_HEAD_BYTES (HYB_ENV_MAGIC_BYTES + 6)

struct hyb_env_head {
	const struct hyb_kem_suite *kem;
	const struct hyb_sig_suite *sig;
};

/* magic has 8 bytes. */
void hyb_env_put_head(struct hyb_env_out *o, const char *magic, const struct hyb_env_head *h);
/*
 * HYB_E_FORMAT, _VERSION (not 1), _SUITE; HYB_E_TRUNCATED for what ends before n bytes and began
 * right.
 */
enum hyb_st hyb_env_head_read(
	struct hyb_env_head *h, const char *magic, hyb_bytes in, size_t n) HYB_MUST_USE;
/* HYB_OK, HYB_E_TRUNCATED or HYB_E_TRAILING. */
enum hyb_st hyb_env_length(size_t have, uint64_t want) HYB_MUST_USE;

bool hyb_env_name_ok(hyb_bytes name);
bool hyb_env_same(hyb_bytes a, hyb_bytes b);
/* Within `window` seconds on either side? */
bool hyb_env_is_fresh(uint64_t now, uint64_t time, uint64_t window);

/* A usable envelope key of each kind. */
bool hyb_env_is_kem(const struct hyb_public *k);
bool hyb_env_is_sig(const struct hyb_public *k);

#endif
