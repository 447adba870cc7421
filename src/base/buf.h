/*
 * buf.h — a growing byte buffer that is born with a maximum.
 *
 * Units:     bytes.
 * Ownership: the buffer owns its heap block until fini; pqm_buf_bytes borrows.
 * Errors:    a failed append sets .failed and leaves the content; later appends do nothing.
 * Threads:   one thread.
 */
#ifndef PQM_BASE_BUF_H
#define PQM_BASE_BUF_H

#include "bytes.h"
#include "err.h"

struct pqm_buf {
	uint8_t *p;
	size_t n, cap, max;
	bool failed; /* over max or out of memory */
};

void pqm_buf_init(struct pqm_buf *b, size_t max_bytes);
void pqm_buf_fini(struct pqm_buf *b);
/* Like fini, after overwriting the content: for buffers that held secrets. */
void pqm_buf_wipe(struct pqm_buf *b);
bool pqm_buf_reserve(struct pqm_buf *b, size_t extra);
bool pqm_buf_add(struct pqm_buf *b, pqm_bytes s);
bool pqm_buf_byte(struct pqm_buf *b, uint8_t c);
bool pqm_buf_f(struct pqm_buf *b, const char *fmt, ...) PQM_PRINTF(2, 3);

static inline pqm_bytes pqm_buf_bytes(const struct pqm_buf *b)
{
	return (pqm_bytes){ b->p, b->n };
}

/* Decodes base64 [RFC4648 §4], also url-safe and unpadded; skips ASCII white space. Appends to out.
 * False at the first other byte, whose offset goes to *bad (may be NULL), or when the length is
 * impossible. */
bool pqm_base64(struct pqm_buf *out, pqm_bytes text, size_t *bad);
/* Overwrites n bytes so that the compiler cannot leave it out. */
void pqm_wipe(void *p, size_t n);

#endif
