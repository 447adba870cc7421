/*
 * cur.h — read untrusted bytes without ever leaving the buffer.
 *
 * Shape:     a window [p, end) into bytes that someone else owns.
 * Units:     sizes in bytes; reads name width and order (u16be, u32le).
 * Ownership: borrows; allocates nothing. Slices live as long as the buffer under them.
 * Errors:    false = too short; *out is untouched and the cursor is where it was.
 * Threads:   a cursor belongs to one thread.
 * Limits:    none here; callers bound counts with limits.h.
 */
#ifndef PQM_BASE_CUR_H
#define PQM_BASE_CUR_H

#include "bytes.h"

struct pqm_cur {
	const uint8_t *p, *end;
};

static inline struct pqm_cur pqm_cur_of(pqm_bytes b)
{
	return (struct pqm_cur){ b.p, b.n == 0 ? b.p : b.p + b.n };
}

static inline size_t pqm_cur_left(const struct pqm_cur *c)
{
	return (size_t)(c->end - c->p);
}

static inline pqm_bytes pqm_cur_rest(const struct pqm_cur *c)
{
	return (pqm_bytes){ c->p, pqm_cur_left(c) };
}

static inline bool pqm_cur_take(struct pqm_cur *c, size_t n, pqm_bytes *out)
{
	if (n > pqm_cur_left(c))
		return false;
	*out = (pqm_bytes){ c->p, n };
	if (n > 0)
		c->p += n;
	return true;
}

static inline bool pqm_cur_skip(struct pqm_cur *c, size_t n)
{
	pqm_bytes unused;

	return pqm_cur_take(c, n, &unused);
}

static inline bool pqm_cur_u8(struct pqm_cur *c, uint8_t *out)
{
	if (pqm_cur_left(c) < 1)
		return false;
	*out = *c->p++;
	return true;
}

static inline bool pqm_cur_u16be(struct pqm_cur *c, uint16_t *out)
{
	if (pqm_cur_left(c) < 2)
		return false;
	*out = (uint16_t)((c->p[0] << 8) | c->p[1]);
	c->p += 2;
	return true;
}

static inline bool pqm_cur_u24be(struct pqm_cur *c, uint32_t *out)
{
	if (pqm_cur_left(c) < 3)
		return false;
	*out = ((uint32_t)c->p[0] << 16) | ((uint32_t)c->p[1] << 8) | c->p[2];
	c->p += 3;
	return true;
}

static inline bool pqm_cur_u32be(struct pqm_cur *c, uint32_t *out)
{
	if (pqm_cur_left(c) < 4)
		return false;
	*out = ((uint32_t)c->p[0] << 24) | ((uint32_t)c->p[1] << 16) | ((uint32_t)c->p[2] << 8) |
		c->p[3];
	c->p += 4;
	return true;
}

static inline bool pqm_cur_u64be(struct pqm_cur *c, uint64_t *out)
{
	uint32_t hi = 0, lo = 0;

	if (pqm_cur_left(c) < 8)
		return false;
	(void)pqm_cur_u32be(c, &hi);
	(void)pqm_cur_u32be(c, &lo);
	*out = ((uint64_t)hi << 32) | lo;
	return true;
}

/* Length-prefixed vectors [RFC8446 §3.4]; u32 form is an SSH string [RFC4251 §5]. */
static inline bool pqm_cur_vec8(struct pqm_cur *c, pqm_bytes *out)
{
	struct pqm_cur save = *c;
	uint8_t n;

	if (pqm_cur_u8(c, &n) && pqm_cur_take(c, n, out))
		return true;
	*c = save;
	return false;
}

static inline bool pqm_cur_vec16(struct pqm_cur *c, pqm_bytes *out)
{
	struct pqm_cur save = *c;
	uint16_t n;

	if (pqm_cur_u16be(c, &n) && pqm_cur_take(c, n, out))
		return true;
	*c = save;
	return false;
}

static inline bool pqm_cur_vec24(struct pqm_cur *c, pqm_bytes *out)
{
	struct pqm_cur save = *c;
	uint32_t n;

	if (pqm_cur_u24be(c, &n) && pqm_cur_take(c, n, out))
		return true;
	*c = save;
	return false;
}

static inline bool pqm_cur_vec32(struct pqm_cur *c, pqm_bytes *out)
{
	struct pqm_cur save = *c;
	uint32_t n;

	if (pqm_cur_u32be(c, &n) && pqm_cur_take(c, n, out))
		return true;
	*c = save;
	return false;
}

#endif
