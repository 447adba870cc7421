/*
 * process.h — runs a program of the user by its argument vector and takes what it prints.
 *
 * Shape:     no shell, no terminal; a process group of its own with default signals, nothing open but
 *            standard input and output. Its standard error is dropped: it may say too much.
 * Units:     milliseconds from the start to the end, waiting included.
 * Ownership: borrows; the output is the caller's buffer, who wipes it when it may hold secrets.
 * Errors:    PQM_EIO when it does not start or its output cannot be read, PQM_ELIMIT when it takes too long
 *            or prints more than the buffer's maximum, PQM_ENOMEM. Words fit behind "NAME: ". Of a
 *            program that did not end by itself the whole group is ended.
 * Threads:   pure but for the process it makes.
 */
#ifndef PQM_BASE_PROCESS_H
#define PQM_BASE_PROCESS_H

#include "buf.h"

/* What a pipe takes without a reader [POSIX PIPE_BUF]. */
#define PQM_PROCESS_INPUT_BYTES ((size_t)4096)
#define PQM_PROCESS_NOT_STARTED (-1)

struct pqm_process {
	const char *const *argv; /* argv[0] is looked up in PATH; NULL at the end */
	char *const *env;	 /* NULL: ours */
	pqm_bytes input;	 /* empty: /dev/null */
	unsigned timeout_ms;
	const volatile int *stop; /* not 0: end it; may be NULL */
};

/* *status: 0 to 255, 128 and the signal, or PQM_PROCESS_NOT_STARTED; PQM_OK whatever a program that ended
 * by itself says there. */
enum pqm_st pqm_process_run(const struct pqm_process *s, struct pqm_buf *out, int *status,
	struct pqm_err *err) PQM_MUST_USE;

#endif
