/*
 * floe.h — FLOE, the random-access AEAD: header, segment keys, segments.
 *
 * Shape:     struct hyb_floe is one message (a file): header and message key, read by every thread;
 *            struct hyb_floe_run belongs to one thread and keeps the AEAD of the segment key at hand.
 *            Segment = 4-byte length (0xffffffff unless last) ‖ 12-byte IV ‖ ciphertext ‖ 16-byte tag,
 *            AES-256-GCM under AAD = I2OSP(position, 8) ‖ (1 if last, else 0).
 * Units:     bytes; `segment` counts the ciphertext form, so 32 less of plaintext fit in.
 * Errors:    HYB_E_FORMAT for parameters or a length field that are none of ours, HYB_E_OPEN for what
 *            does not authenticate, HYB_E_TRUNCATED, HYB_E_TRAILING; outputs are zero then.
 * Secrets:   message key and segment keys; wiped by _end.
 * Limits:    2^40 segments [FLOE parameters GCM256_IV256]; a segment key serves 2^20 of them.
 * Standard:  C2SP FLOE; SP 800-38D; RFC 5869.
 */
#ifndef HYB_FLOE_H
#define HYB_FLOE_H

#include "hyb/int.h"

#define HYB_FLOE_PARAM_BYTES 10
#define HYB_FLOE_IV_BYTES 32
#define HYB_FLOE_HEADER_BYTES 74 /* 10 parameters ‖ 32 IV ‖ 32 header tag */
#define HYB_FLOE_KEY_BYTES 32
#define HYB_FLOE_AAD_MAX 64
#define HYB_FLOE_HEAD_BYTES 16 /* of a segment, before its ciphertext: length ‖ IV */
#define HYB_FLOE_OVERHEAD 32   /* of a segment: head ‖ tag */
#define HYB_FLOE_SEGMENT_MIN (HYB_FLOE_OVERHEAD + 1)
#define HYB_FLOE_SEGMENT_MAX (1U << 24)
#define HYB_FLOE_SEGMENTS_MAX (1ULL << 40)
#define HYB_FLOE_NOT_LAST 0xffffffffU
#define HYB_FLOE_KEY_MASK (~((1ULL << 20) - 1))

struct lc_aead_ctx;

struct hyb_floe {
	uint8_t header[HYB_FLOE_HEADER_BYTES];
	uint8_t aad[HYB_FLOE_AAD_MAX];
	size_t aad_n;
	uint8_t message_key[48];
	uint32_t segment;
	uint64_t key_mask; /* HYB_FLOE_KEY_MASK but in the rotation vectors */
};

/* Starts a message under key: IV from the caller (random), aad at most HYB_FLOE_AAD_MAX. */
enum hyb_st hyb_floe_begin_seal(struct hyb_floe *f, const uint8_t key[HYB_FLOE_KEY_BYTES],
	hyb_bytes aad, uint32_t segment, const uint8_t iv[HYB_FLOE_IV_BYTES]) HYB_MUST_USE;
/* HYB_E_OPEN if the header tag does not commit to this key and aad. */
enum hyb_st hyb_floe_begin_open(struct hyb_floe *f, const uint8_t key[HYB_FLOE_KEY_BYTES],
	hyb_bytes aad, const uint8_t header[HYB_FLOE_HEADER_BYTES]) HYB_MUST_USE;
void hyb_floe_end(struct hyb_floe *f);
/* The segment size that a header states; HYB_E_FORMAT if its parameters are not ours. */
enum hyb_st hyb_floe_parse(
	uint32_t *segment, const uint8_t header[HYB_FLOE_HEADER_BYTES]) HYB_MUST_USE;

struct hyb_floe_run {
	const struct hyb_floe *f;
	struct lc_aead_ctx *aead;
	uint64_t epoch; /* position & key_mask of `aead` */
	bool is_seal;
};

/* Which segment, and whether it ends the message. */
struct hyb_floe_at {
	uint64_t pos;
	bool is_last;
};

struct hyb_floe_run hyb_floe_run(const struct hyb_floe *f, bool is_seal);
void hyb_floe_run_end(struct hyb_floe_run *r);
/*
 * out gets pt.n + 32 bytes; pt may lie at out + HYB_FLOE_HEAD_BYTES. A segment that is not last is
 * full: pt.n = segment - 32. HYB_E_LIMIT beyond 2^40 segments.
 */
enum hyb_st hyb_floe_seal(struct hyb_floe_run *r, uint8_t *out, struct hyb_floe_at at, hyb_bytes pt,
	const uint8_t iv[12]) HYB_MUST_USE;
/* out gets seg.n - 32 bytes and may be seg.p + HYB_FLOE_HEAD_BYTES; seg is one whole segment. */
enum hyb_st hyb_floe_open(struct hyb_floe_run *r, uint8_t *out, uint64_t pos, hyb_bytes seg,
	bool is_last) HYB_MUST_USE;
/*
 * Finds the end of the segment at the start of `in`, which holds all bytes up to the end of the
 * message or at least one full segment. HYB_E_TRUNCATED, HYB_E_TRAILING or HYB_E_FORMAT.
 */
enum hyb_st hyb_floe_cut(
	hyb_bytes *seg, bool *is_last, uint32_t segment, hyb_bytes in) HYB_MUST_USE;

/*
 * IVs for segments: getrandom once, then SHAKE256 in a ratchet, so that what was handed out cannot
 * be had from the state. One a thread.
 */
struct hyb_floe_ivs {
	uint8_t buf[32 + 88 * 12]; /* the next seed, then IVs; 8 blocks of SHAKE256 */
	unsigned next;
};

enum hyb_st hyb_floe_ivs_begin(struct hyb_floe_ivs *v) HYB_MUST_USE;
void hyb_floe_iv(struct hyb_floe_ivs *v, uint8_t iv[12]);

#endif
