/*
 * var.h — numbers and texts of our own compact records.
 *
 * Shape:     a number is LEB128, seven bits a byte, the lowest first; a text is its length and its bytes.
 * Ownership: reading borrows; writing appends to the caller's buffer, which remembers its own failure.
 * Errors:    false = cut off, or a number that is longer than it needs to be; *out is untouched then.
 * Threads:   a cursor belongs to one thread.
 * Standard:  LEB128 as in DWARF 5 §7.6.
 */
#ifndef PQM_BASE_VAR_H
#define PQM_BASE_VAR_H

#include "buf.h"
#include "cur.h"

static inline void pqm_var_put(struct pqm_buf *b, uint64_t v)
{
	for (; v >= 0x80; v >>= 7)
		(void)pqm_buf_byte(b, (uint8_t)(v | 0x80));
	(void)pqm_buf_byte(b, (uint8_t)v);
}

static inline void pqm_var_put_text(struct pqm_buf *b, pqm_bytes text)
{
	pqm_var_put(b, text.n);
	(void)pqm_buf_add(b, text);
}

/* At most max. */
static inline bool pqm_var_get(struct pqm_cur *c, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;
	uint8_t byte = 0;

	for (unsigned shift = 0; shift < 64; shift += 7) {
		if (!pqm_cur_u8(c, &byte) || (shift == 63 && byte > 1) || (shift > 0 && byte == 0))
			return false;
		v |= (uint64_t)(byte & 0x7f) << shift;
		if ((byte & 0x80) == 0) {
			if (v <= max)
				*out = v;
			return v <= max;
		}
	}
	return false;
}

static inline bool pqm_var_get_text(struct pqm_cur *c, pqm_bytes *out)
{
	uint64_t n = 0;

	return pqm_var_get(c, SIZE_MAX, &n) && pqm_cur_take(c, (size_t)n, out);
}

#endif
