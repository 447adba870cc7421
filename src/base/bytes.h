/*
 * bytes.h — a borrowed slice of bytes, the only string type inside.
 *
 * Shape:     {p, n}; p may be NULL when n is 0.
 * Units:     bytes.
 * Ownership: borrows; lives as long as the memory under it.
 * Threads:   a value.
 */
#ifndef PQM_BASE_BYTES_H
#define PQM_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "ban.h"

typedef struct pqm_bytes {
	const uint8_t *p;
	size_t n;
} pqm_bytes;

#define PQM_LIT(s) ((pqm_bytes){ (const uint8_t *)("" s ""), sizeof(s) - 1 })
/* For printf("%.*s"): text that was made printable before. */
#define PQM_FMT(b) (int)((b).n > 100000 ? 100000 : (b).n), (b).n > 0 ? (const char *)(b).p : ""

static inline pqm_bytes pqm_str(const char *s) /* may be NULL */
{
	return s == NULL ? (pqm_bytes){ NULL, 0 } : (pqm_bytes){ (const uint8_t *)s, strlen(s) };
}

static inline bool pqm_eq(pqm_bytes a, pqm_bytes b)
{
	return a.n == b.n &&
		(a.n == 0 || (a.p != NULL && b.p != NULL && memcmp(a.p, b.p, a.n) == 0));
}

static inline bool pqm_eqs(pqm_bytes a, const char *s)
{
	return pqm_eq(a, pqm_str(s));
}

static inline int pqm_cmp(pqm_bytes a, pqm_bytes b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int c = n == 0 ? 0 : memcmp(a.p, b.p, n);

	return c != 0 ? c : (a.n > b.n) - (a.n < b.n);
}

static inline bool pqm_starts(pqm_bytes a, pqm_bytes prefix)
{
	return a.n >= prefix.n && (prefix.n == 0 || memcmp(a.p, prefix.p, prefix.n) == 0);
}

static inline bool pqm_ends(pqm_bytes a, pqm_bytes suffix)
{
	return a.n >= suffix.n &&
		(suffix.n == 0 || memcmp(a.p + (a.n - suffix.n), suffix.p, suffix.n) == 0);
}

/* The slice [from, from + n), cut at the end of a: never out of bounds. */
static inline pqm_bytes pqm_sub(pqm_bytes a, size_t from, size_t n)
{
	if (a.p == NULL)
		return (pqm_bytes){ NULL, 0 };
	if (from > a.n)
		from = a.n;
	if (n > a.n - from)
		n = a.n - from;
	return (pqm_bytes){ a.p + from, n };
}

/* Offset of needle in hay at or after from, or SIZE_MAX. */
size_t pqm_find(pqm_bytes hay, size_t from, pqm_bytes needle);
/* Offset of c at or after from, or SIZE_MAX. */
size_t pqm_find_byte(pqm_bytes hay, size_t from, uint8_t c);
/* Letters to change, add or drop to make one name of the other; both are cut at PQM_NAME_COMPARED. */
#define PQM_NAME_COMPARED 96
size_t pqm_distance(pqm_bytes a, pqm_bytes b);
/* Without leading and trailing ASCII white space. */
pqm_bytes pqm_trim(pqm_bytes a);
/* ASCII case-insensitive equality. */
bool pqm_ieq(pqm_bytes a, pqm_bytes b);
/* Takes the next field up to sep off *rest; false when *rest is used up (NULL p). An empty last field counts. */
bool pqm_split(pqm_bytes *rest, uint8_t sep, pqm_bytes *out);
/* In n elements of `size` bytes, sorted by the pqm_bytes that stands at `at` in each: the index of the first that
 * does not come before key; n: none. */
size_t pqm_lower_bound(const void *list, size_t n, size_t size, size_t at, pqm_bytes key);
/* Glob match: '*' is any run of bytes, '?' any one byte; no escapes, no classes. Linear backtracking. */
bool pqm_glob(pqm_bytes pattern, pqm_bytes s);
/* Line and column (both from 1, column in bytes) of offset off. */
void pqm_line_col(pqm_bytes text, size_t off, uint32_t *line, uint32_t *col);

#endif
