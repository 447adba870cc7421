/*
 * hybio.h — what keygen, seal, open, sign and verify share: key files, passphrases, output files that
 *           appear whole or not at all, and the words for what libhyb refuses.
 *
 * Shape:     hybio.c reads inputs, hybio_out.c writes outputs, hybio_sig.c knows signature files.
 * Ownership: structs are the caller's; a private key ends with hyb_private_clear, an output with
 *            hybio_commit or hybio_abort.
 * Errors:    pqm_st for the usual; a refusal (wrong key, damage, bad signature) is said at once and
 *            becomes exit code 1 by hybio_refuse.
 * Threads:   the main thread; the progress callback may come from any.
 * Secrets:   passphrases come from a descriptor, a file or the terminal, never from argv or the
 *            environment; they and private keys are locked into memory where the system lets us, and
 *            wiped.
 * Limits:    a passphrase of HYBIO_PASS_MAX bytes; HYB_KEY_FILE_MAX for key files.
 */
#ifndef PQM_CLI_HYBIO_H
#define PQM_CLI_HYBIO_H

#include "cli/command.h"
#include "hyb/hyb.h"

#define HYBIO_PASS_MAX 1024
/* From this many years on, data and keys want category 5. */
#define HYBIO_LONG_YEARS 20

/* Options that several of the commands take; each line of a table. */
#define HYBIO_OPT_PASS                                                                             \
	{ 0, "passphrase-fd", "N",                                                                 \
		"read the key's passphrase from descriptor N, up to a newline" },                  \
	{                                                                                          \
		0, "passphrase-file", "FILE",                                                      \
			"read the key's passphrase from the first line of FILE"                    \
	}
#define HYBIO_OPT_FORCE                                                                            \
	{                                                                                          \
		0, "force", NULL, "replace an existing output; allow binary output to a terminal"  \
	}

/* ---- output ---- */
struct hybio_out {
	int fd;
	int dir;	  /* folder of the file, or -1 for standard output */
	bool is_named;	  /* a temporary name exists, known to the signal handler */
	unsigned slot;	  /* where */
	bool is_forced;	  /* may replace what is there */
	const char *path; /* as the user gave it */
	const char *base; /* its last part */
	char tmp[64];
};

/*
 * "-" is standard output. An output refuses an existing file without force, anything that is no regular file, and
 * a terminal. mode: of the file when it appears. PQM_EUSAGE, PQM_EIO.
 */
enum pqm_st hybio_begin(struct hybio_out *o, const char *path, unsigned mode, bool force,
	struct pqm_err *err) PQM_MUST_USE;
/* PQM_EUSAGE if the output is the input or the key, by whatever name. */
enum pqm_st hybio_check_apart(const struct hybio_out *o, const char *in,
	const char *key /* may be NULL */, struct pqm_err *err) PQM_MUST_USE;
enum pqm_st hybio_write(
	struct hybio_out *o, const void *p, size_t n, struct pqm_err *err) PQM_MUST_USE;
/* fsync alone: of two outputs that belong together, both are safe before either has its name. */
enum pqm_st hybio_sync(const struct hybio_out *o, struct pqm_err *err) PQM_MUST_USE;
/* fsync, then the name, then fsync of the folder. On failure nothing is left, as after hybio_abort. */
enum pqm_st hybio_commit(struct hybio_out *o, struct pqm_err *err) PQM_MUST_USE;
void hybio_abort(struct hybio_out *o);
/* Takes away a file that was committed a moment ago, when its companion could not be; not with force. */
void hybio_undo(const struct hybio_out *o);

/* ---- input ---- */
/* Opens for reading; "-" or NULL is standard input. PQM_EUSAGE when hybio_slurp has emptied that. */
enum pqm_st hybio_open(int *fd, const char *path, struct pqm_err *err) PQM_MUST_USE;
/* Reads all of it, at most max bytes. */
enum pqm_st hybio_slurp(
	uint8_t *out, size_t *n, size_t max, const char *path, struct pqm_err *err) PQM_MUST_USE;
enum pqm_st hybio_public(struct hyb_public *k, const char *path, struct pqm_err *err) PQM_MUST_USE;
/* Asks for the passphrase if the file needs one. */
enum pqm_st hybio_private(struct hyb_private *k, const char *path, const struct pqm_args *a,
	struct pqm_err *err) PQM_MUST_USE;

/* out holds HYBIO_PASS_MAX bytes and is locked; wipe it. Sets *given when an option named a source. */
enum pqm_st hybio_pass_option(uint8_t *out, size_t *n, bool *given, const struct pqm_args *a,
	struct pqm_err *err) PQM_MUST_USE;
/* From the controlling terminal, without echo. PQM_EUSAGE when there is none. */
enum pqm_st hybio_pass_ask(
	uint8_t *out, size_t *n, const char *prompt, struct pqm_err *err) PQM_MUST_USE;

/* ---- words ---- */
/* Every value of a repeated option; 0 when it was not given. */
size_t hybio_values(const char **out, size_t max, const struct pqm_args *a, const char *name);
/* "--life 25y": whole years. PQM_EUSAGE. 0 when not given. */
enum pqm_st hybio_life(uint64_t *years, const struct pqm_args *a, struct pqm_err *err) PQM_MUST_USE;
/* -o is json or not given. */
enum pqm_st hybio_format(bool *json, const struct pqm_args *a, struct pqm_err *err) PQM_MUST_USE;
/* The one positional argument, NULL for standard input. */
enum pqm_st hybio_input(
	const char **path, const struct pqm_args *a, struct pqm_err *err) PQM_MUST_USE;
enum pqm_st hybio_jobs(unsigned *n, const struct pqm_args *a, struct pqm_err *err) PQM_MUST_USE;

const char *hybio_suite_name(const struct hyb_public *k);
unsigned hybio_category(const struct hyb_public *k);
/* suite, category, hybrid, id as members of the open object. */
void hybio_js_key(struct pqm_out *o, const struct hyb_public *k);
/* Words of a key's kind, for messages: "sealing", "signing". */
const char *hybio_kind(const struct hyb_public *k);
/* The first 16 hex digits of an id, for people. */
const char *hybio_short_id(char out[17], const uint8_t id[HYB_KEY_ID_BYTES]);

/*
 * What libhyb said about `path`: authenticity that fails is said here and becomes exit code 1 (PQM_OK
 * is returned); the rest becomes an error of the usual kind. `next` may be NULL.
 */
enum pqm_st hybio_refuse(struct pqm_app *app, enum hyb_st st, const char *path, const char *next);

/* Whose fault st is, for hybio_refuse: the output's when it is HYB_E_IO with an errno of writing alone. */
const char *hybio_blame(enum hyb_st st, const char *in, const struct hybio_out *out);

/* ---- progress ---- */
struct hybio_progress {
	uint64_t total; /* 0: unknown */
	uint64_t last_ns;
	const char *verb;
	bool is_on;
};

void hybio_progress_start(
	struct hybio_progress *p, const struct pqm_app *app, const char *verb, int in_fd);
/* A hyb_seal_opts.progress callback; ctx is the struct. */
void hybio_progress(void *ctx, uint64_t bytes_done);
/* Clears the line; leaves errno alone. */
void hybio_progress_end(struct hybio_progress *p);

/* ---- signature files ---- */
/*
 * Armour like PEM around, big-endian:
 *   8 "pqmapsig" | 1 version = 1 | 32 key id | 8 time | 2 n | n signature
 * The signature is the suite's own over the file (composite: PH inside; pure: HashML-DSA with SHA-512)
 * with the context "pqmap sign v1" ‖ 0x00 ‖ time ‖ the user's context, so other software can check it.
 */
#define HYBIO_SIG_FILE_MAX 16384
#define HYBIO_MESSAGE_MAX ((size_t)1 << 30)
#define HYBIO_SIG_DOMAIN "pqmap sign v1"
#define HYBIO_CONTEXT_MAX (255 - sizeof(HYBIO_SIG_DOMAIN) - 8)

struct hybio_sig {
	uint8_t key_id[HYB_KEY_ID_BYTES];
	uint64_t time; /* seconds since 1970, UTC: the signer's word */
	size_t n;
	uint8_t sig[HYB_SIG_SIG_MAX];
};

size_t hybio_sig_write(char out[HYBIO_SIG_FILE_MAX], const struct hybio_sig *s);
/* PQM_EPARSE names the file. */
enum pqm_st hybio_sig_read(
	struct hybio_sig *s, pqm_bytes file, const char *path, struct pqm_err *err) PQM_MUST_USE;
/* The context that is signed; out has room for 255 bytes. */
hyb_bytes hybio_sig_context(uint8_t out[255], uint64_t time, const char *user);
/* "2026-11-21T08:30:00Z" */
const char *hybio_time(char out[32], uint64_t seconds);
/* --context fits: HYBIO_CONTEXT_MAX, or 255 bytes when raw. NULL is fine. */
enum pqm_st hybio_check_context(const char *context, bool raw, struct pqm_err *err) PQM_MUST_USE;
/* All of a message that cannot be hashed first, at most HYBIO_MESSAGE_MAX; m is always to be finished. */
enum pqm_st hybio_message(struct pqm_buf *m, const char *path, struct pqm_err *err) PQM_MUST_USE;
/* The pre-hash of the suite over bytes that are there. */
void hybio_digest_of(uint8_t out[64], size_t *n, const struct hyb_public *k, pqm_bytes in);
/* The pre-hash of the suite over all of path; HYB_SHA2_256 only for MLDSA44-ECDSA-P256. */
enum pqm_st hybio_digest(uint8_t out[64], size_t *n, const struct hyb_public *k, const char *path,
	struct pqm_err *err) PQM_MUST_USE;

#endif
