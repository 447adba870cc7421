/*
 * slurp.h — all of a small file that the user named: settings, policies, baselines, curves.
 *
 * Units:     bytes.
 * Ownership: the text is the arena's, with a NUL behind it that is not counted.
 * Errors:    one line with the file, what is wrong, the size and the limit, and the hint of the caller.
 * Threads:   any.
 * Limits:    the caller's. Only regular files, and pipes that the shell hands over as /dev/fd/N: any
 *            other FIFO or device is refused without waiting for it.
 */
#ifndef PQM_BASE_SLURP_H
#define PQM_BASE_SLURP_H

#include "arena.h"

struct pqm_slurp {
	const char *path;
	size_t limit;
	enum pqm_st
		refusal; /* of a file that is not there, is no file or cannot be read; PQM_OK: PQM_EIO */
	const char *hint; /* what to do when it is not there: "make one with …"; may be NULL */
	int errnum;	  /* set: why it did not open; else 0 */
};

/* *out is {NULL, 0} on failure. Over the limit is also what grows over it while it is read. */
enum pqm_st pqm_slurp(pqm_bytes *out, struct pqm_slurp *s, struct pqm_arena *arena,
	struct pqm_err *err) PQM_MUST_USE;
/* The same of an open file, which stays open; s->path is what it is called. */
enum pqm_st pqm_slurp_fd(pqm_bytes *out, int fd, struct pqm_slurp *s, struct pqm_arena *arena,
	struct pqm_err *err) PQM_MUST_USE;

#endif
