#include "bytes.h"

size_t pqm_find(pqm_bytes hay, size_t from, pqm_bytes needle)
{
	if (from > hay.n || needle.n > hay.n - from)
		return SIZE_MAX;
	if (needle.n == 0)
		return from;
	const uint8_t *hit = memmem(hay.p + from, hay.n - from, needle.p, needle.n);

	return hit == NULL ? SIZE_MAX : (size_t)(hit - hay.p);
}

size_t pqm_find_byte(pqm_bytes hay, size_t from, uint8_t c)
{
	if (from >= hay.n)
		return SIZE_MAX;
	const uint8_t *hit = memchr(hay.p + from, c, hay.n - from);

	return hit == NULL ? SIZE_MAX : (size_t)(hit - hay.p);
}

static bool is_space(uint8_t c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

pqm_bytes pqm_trim(pqm_bytes a)
{
	while (a.n > 0 && is_space(a.p[0])) {
		a.p++;
		a.n--;
	}
	while (a.n > 0 && is_space(a.p[a.n - 1]))
		a.n--;
	return a;
}

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

bool pqm_ieq(pqm_bytes a, pqm_bytes b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (lower(a.p[i]) != lower(b.p[i]))
			return false;
	return true;
}

bool pqm_split(pqm_bytes *rest, uint8_t sep, pqm_bytes *out)
{
	if (rest->p == NULL)
		return false;
	size_t at = pqm_find_byte(*rest, 0, sep);

	if (at == SIZE_MAX) {
		*out = *rest;
		*rest = (pqm_bytes){ NULL, 0 };
		return true;
	}
	*out = (pqm_bytes){ rest->p, at };
	rest->p += at + 1;
	rest->n -= at + 1;
	return true;
}

size_t pqm_lower_bound(const void *list, size_t n, size_t size, size_t at, pqm_bytes key)
{
	size_t lo = 0, hi = n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		pqm_bytes here;

		memcpy(&here, (const uint8_t *)list + mid * size + at, sizeof(here));
		if (pqm_cmp(here, key) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

bool pqm_glob(pqm_bytes pattern, pqm_bytes s)
{
	size_t p = 0, i = 0, star = SIZE_MAX, mark = 0;

	while (i < s.n) {
		if (p < pattern.n && pattern.p[p] == '*') {
			star = p++;
			mark = i;
		} else if (p < pattern.n && (pattern.p[p] == '?' || pattern.p[p] == s.p[i])) {
			p++;
			i++;
		} else if (star != SIZE_MAX) {
			p = star + 1;
			i = ++mark;
		} else {
			return false;
		}
	}
	while (p < pattern.n && pattern.p[p] == '*')
		p++;
	return p == pattern.n;
}

void pqm_line_col(pqm_bytes text, size_t off, uint32_t *line, uint32_t *col)
{
	uint32_t l = 1;
	size_t start = 0, nl;

	if (off > text.n)
		off = text.n;
	while ((nl = pqm_find_byte(text, start, '\n')) < off) {
		l++;
		start = nl + 1;
	}
	*line = l;
	*col = (uint32_t)(off - start) + 1;
}

size_t pqm_distance(pqm_bytes a, pqm_bytes b)
{
	size_t row[PQM_NAME_COMPARED + 1], n = a.n < PQM_NAME_COMPARED ? a.n : PQM_NAME_COMPARED,
					   m = b.n < PQM_NAME_COMPARED ? b.n : PQM_NAME_COMPARED;

	for (size_t j = 0; j <= m; j++)
		row[j] = j;
	for (size_t i = 1; i <= n; i++) {
		size_t corner = row[0];

		row[0] = i;
		for (size_t j = 1; j <= m; j++) {
			size_t swap = corner + (a.p[i - 1] != b.p[j - 1]), step;

			corner = row[j];
			step = (row[j - 1] < corner ? row[j - 1] : corner) + 1;
			row[j] = swap < step ? swap : step;
		}
	}
	return row[m];
}
