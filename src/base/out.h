/*
 * out.h — a buffered output stream that remembers its first failure.
 *
 * Shape:     to a file descriptor, or to a file that appears whole (temporary name, then rename).
 * Ownership: the stream owns its buffer and, for files, the descriptor.
 * Errors:    kept inside; pqm_out_close returns the first one. Writers need not check each call.
 * Threads:   one thread.
 * Security:  report files are created with mode 0600.
 */
#ifndef PQM_BASE_OUT_H
#define PQM_BASE_OUT_H

#include "arena.h"
#include "buf.h"

struct pqm_out {
	int fd;
	bool owns_fd, in_memory;
	struct pqm_buf buf;
	int errnum;
	char *path, *tmp; /* NULL unless a file */
	/* JSON writer state: see pqm_js_* */
	unsigned js_depth;
	uint64_t js_has; /* bit d: something was written at depth d */
	bool js_after_key;
	bool js_compact; /* one value a line: no breaks, no indent */
};

void pqm_out_fd(struct pqm_out *o, int fd);
enum pqm_st pqm_out_file(struct pqm_out *o, const char *path, struct pqm_err *err) PQM_MUST_USE;
/* Collects in memory, at most max bytes; take the result from o->buf before close. */
void pqm_out_memory(struct pqm_out *o, size_t max);
/* Flushes and closes; a file is renamed into place, or removed when anything failed. */
enum pqm_st pqm_out_close(struct pqm_out *o, struct pqm_err *err) PQM_MUST_USE;
/* Writes out what is held: for output that is followed while it grows. In memory: nothing. */
void pqm_out_flush(struct pqm_out *o);
/* Closes without renaming: the file does not appear. */
void pqm_out_abort(struct pqm_out *o);

void pqm_out_bytes(struct pqm_out *o, pqm_bytes b);
#define pqm_out_lit(o, s) pqm_out_bytes((o), PQM_LIT(s))
void pqm_out_str(struct pqm_out *o, const char *s);
void pqm_out_f(struct pqm_out *o, const char *fmt, ...) PQM_PRINTF(2, 3);
/* One CSV field [RFC4180 §2]: quoted when needed, a leading = + - @ defused with a quote mark. */
void pqm_out_csv(struct pqm_out *o, pqm_bytes field);
/* Text with & < > " ' escaped for HTML and XML; invalid UTF-8 and control bytes as \xNN. */
void pqm_out_html(struct pqm_out *o, pqm_bytes text);

/* Streaming JSON [RFC8259], indented by one space a level; the caller keeps the nesting right. */
void pqm_js_open(
	struct pqm_out *o, const char *key /* may be NULL */, char bracket); /* '{' or '[' */
void pqm_js_close(struct pqm_out *o, char bracket);			     /* '}' or ']' */
void pqm_js_str(struct pqm_out *o, const char *key, pqm_bytes value);
void pqm_js_cstr(struct pqm_out *o, const char *key, const char *value);
void pqm_js_u64(struct pqm_out *o, const char *key, uint64_t value);
void pqm_js_bool(struct pqm_out *o, const char *key, bool value);
void pqm_js_null(struct pqm_out *o, const char *key);
/* Fixed decimals (probabilities 4, money and days as the writer says); never "-0". */
void pqm_js_num(struct pqm_out *o, const char *key, double value, int decimals);
/* The shortest decimal that reads back as the same number. */
void pqm_js_exact(struct pqm_out *o, const char *key, double value);
/* Bytes of any length in base64 [RFC4648 §4]; texts are cut at PQM_TEXT_BYTES, these are not. */
void pqm_js_base64(struct pqm_out *o, const char *key, pqm_bytes value);
/* As pqm_js_str, but writes nothing when value is empty. */
void pqm_js_opt(struct pqm_out *o, const char *key, pqm_bytes value);
void pqm_js_opt_u64(struct pqm_out *o, const char *key, uint64_t v);

#endif
