/*
 * file.h — sealed files, version 1: the layout, and what its parts share.
 *
 * All integers are big-endian. R recipients, ct = ciphertext bytes of the KEM suite.
 *
 *   offset        bytes      what
 *   0             8          "HYBSEAL" 0x00
 *   8             2          version: 1
 *   10            2          KEM suite: HPKE KEM id (0xff01: X25519-MLKEM1024-HKDF-SHA384)
 *   12            2          signature suite: last two arcs of its OID (0x0631: …7.6.49); 0: unsigned
 *   14            2          R: 1 to 64
 *   16            4          H: bytes before the first segment; follows from the fields above
 *   20            32         key id of the sender; zeros if unsigned
 *   52            R × (32 + ct + 48)   per recipient:
 *                   32         key id
 *                   ct         enc of HPKE
 *                   48         file key (32), sealed
 *   …             74         FLOE header: 10 parameters ‖ 32 IV ‖ 32 header tag
 *   …             2 + max    if signed: length ‖ signature ‖ zeros up to the suite's longest
 *   H             …          segments of FLOE, 64 bytes to 16 MiB each, the last one always shorter:
 *                            a plaintext that fills its segments is followed by an empty one
 *
 * Bindings. HPKE (this KEM, HKDF-SHA384, AES-256-GCM): info = "hyb/file/v1" ‖ SHA-384(bytes 0 to 51),
 * aad = key id of the recipient. FLOE's aad = SHA-384("hyb/file/v1" ‖ all bytes before the FLOE header
 * ‖ the caller's context); its header tag commits to the file key and to that. The signature, under
 * the context "hyb/file/v1", is over SHA-512(all bytes before it) ‖ SHA-512(the caller's context).
 * So no recipient, suite, sender, header or context can be exchanged for that of another file.
 *
 * What it does not give. Key ids of recipients and sender, and the length, are in clear. The file key
 * is known to every recipient: with several of them, each can make other segments under the same
 * header for the others. The signature authenticates header and key, so it names the sender of the
 * contents only to a recipient who trusts the other recipients. Opening as a stream releases verified
 * segments before the last one is seen: a stream that is cut short says so at its end.
 *
 * Ownership: the caller's; buffers are mapped, not from the heap.
 * Threads:   workers are made and joined inside the calls.
 */
#ifndef HYB_FILE_H
#define HYB_FILE_H

#include "hyb/envelope.h"
#include "hyb/floe.h"

#define HYB_FILE_FIXED_BYTES 52
#define HYB_FILE_WRAPPED_BYTES (HYB_FLOE_KEY_BYTES + HYB_HPKE_TAG_BYTES)
#define HYB_FILE_HEADER_MAX                                                                        \
	(HYB_FILE_FIXED_BYTES +                                                                    \
		HYB_RECIPIENTS_MAX *                                                               \
			(HYB_KEY_ID_BYTES + HYB_KEM_CT_MAX + HYB_FILE_WRAPPED_BYTES) +             \
		HYB_FLOE_HEADER_BYTES + 2 + HYB_SIG_SIG_MAX)

/* Where the parts of a header are. */
struct hyb_file_map {
	const struct hyb_kem_suite *kem;
	const struct hyb_sig_suite *sig; /* NULL: unsigned */
	size_t n_recipients;
	size_t entry_bytes;
	size_t floe_at, block_at, total;
	const uint8_t *sender_id;
};

/* HYB_E_FORMAT, HYB_E_VERSION, HYB_E_SUITE. fixed has HYB_FILE_FIXED_BYTES and is kept. */
enum hyb_st hyb_file_map_read(struct hyb_file_map *m, const uint8_t *fixed) HYB_MUST_USE;
/* For an input that ends after n < 52 bytes: HYB_E_TRUNCATED, or HYB_E_FORMAT if it began otherwise. */
enum hyb_st hyb_file_short(const uint8_t *p, size_t n) HYB_MUST_USE;
/* HYB_E_ARG, HYB_E_SUITE, HYB_E_LIMIT for options that no header can be made of. */
enum hyb_st hyb_file_map_plan(struct hyb_file_map *m, const struct hyb_seal_opts *o) HYB_MUST_USE;
uint32_t hyb_file_segment(const struct hyb_seal_opts *o);

/* Makes a header of m->total bytes and the message of its segments; both zero on error. */
enum hyb_st hyb_file_head_seal(uint8_t *head, struct hyb_floe *f, const struct hyb_file_map *m,
	const struct hyb_seal_opts *o) HYB_MUST_USE;
/* Checks a whole header, in this order: structure, key, sender, wrapped key, commitment. */
enum hyb_st hyb_file_head_open(struct hyb_floe *f, struct hyb_file_info *info, const uint8_t *head,
	const struct hyb_open_opts *o) HYB_MUST_USE;
/* What a header says, structure alone. */
enum hyb_st hyb_file_head_info(struct hyb_file_info *info, const uint8_t *head) HYB_MUST_USE;
/* Plaintext bytes of `body` bytes of segments; HYB_E_TRUNCATED if the last one cannot be whole. */
enum hyb_st hyb_file_plain_bytes(uint64_t *plain, uint64_t body, uint32_t segment) HYB_MUST_USE;

/* Mapped memory for buffers; NULL when there is none. */
uint8_t *hyb_map(size_t n);
void hyb_unmap(uint8_t *p, size_t n);
/* Up to n bytes, fewer only at the end of input; HYB_E_IO. EINTR and EAGAIN are waited for. */
enum hyb_st hyb_read_full(int fd, uint8_t *p, size_t *n) HYB_MUST_USE;
enum hyb_st hyb_write_full(int fd, const uint8_t *p, size_t n) HYB_MUST_USE;
/* n bytes at off; HYB_E_TRUNCATED if the file ends before. */
enum hyb_st hyb_pread_full(int fd, uint8_t *p, size_t n, uint64_t off) HYB_MUST_USE;

/* ---- file_run.c: segments through workers ---- */
struct hyb_file_job {
	const struct hyb_floe *f;
	bool is_seal;
	unsigned n_threads;
	void (*progress)(void *ctx, uint64_t bytes_done);
	void *progress_ctx;
	uint64_t plain_bytes; /* out: of plaintext that went through */
};

/* From in_fd to its end; output in order. */
enum hyb_st hyb_file_run_fd(struct hyb_file_job *j, int out_fd, int in_fd) HYB_MUST_USE;
/* Between memory; out has room for what `in` becomes. */
enum hyb_st hyb_file_run_mem(struct hyb_file_job *j, uint8_t *out, hyb_bytes in) HYB_MUST_USE;

#endif
