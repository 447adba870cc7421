#include "der.h"

#include <stdio.h>

#include "base/num.h"

/* Reads identifier and length; *n is the content length, *head the octets before it. */
static bool header(pqm_bytes b, uint8_t *tag, size_t *head, size_t *n)
{
	size_t count, len = 0;

	if (b.n < 2 || (b.p[0] & 0x1F) == 0x1F)
		return false;
	*tag = b.p[0];
	if (b.p[1] < 0x80) {
		*head = 2;
		*n = b.p[1];
		return true;
	}
	count = b.p[1] & 0x7FU;
	if (count == 0 || count > 4 || b.n - 2 < count)
		return false;
	for (size_t i = 0; i < count; i++)
		len = len << 8 | b.p[2 + i];
	/* X.690 §10.1: the shortest form only */
	if (len < 0x80 || (count > 1 && len >> (8 * (count - 1)) == 0))
		return false;
	*head = 2 + count;
	*n = len;
	return true;
}

bool pqm_der_measure(pqm_bytes b, size_t *total)
{
	uint8_t tag;
	size_t head, n;

	return header(b, &tag, &head, &n) && pqm_add_size(head, n, total);
}

bool pqm_der_next(struct pqm_cur *c, struct pqm_tlv *out)
{
	pqm_bytes rest = pqm_cur_rest(c);
	uint8_t tag;
	size_t head, n;

	if (!header(rest, &tag, &head, &n) || n > rest.n - head)
		return false;
	out->tag = tag;
	out->whole = pqm_sub(rest, 0, head + n);
	out->body = pqm_sub(rest, head, n);
	c->p += head + n;
	return true;
}

bool pqm_der_take(struct pqm_cur *c, uint8_t tag, pqm_bytes *body)
{
	struct pqm_cur save = *c;
	struct pqm_tlv t;

	if (pqm_der_next(c, &t) && t.tag == tag) {
		*body = t.body;
		return true;
	}
	*c = save;
	return false;
}

bool pqm_der_enter(struct pqm_cur *c, uint8_t tag, struct pqm_cur *inner)
{
	pqm_bytes body;

	if (!pqm_der_take(c, tag, &body))
		return false;
	*inner = pqm_cur_of(body);
	return true;
}

bool pqm_der_skip(struct pqm_cur *c, uint8_t tag)
{
	pqm_bytes unused;

	return pqm_der_take(c, tag, &unused);
}

static bool closes(pqm_bytes b, unsigned depth)
{
	struct pqm_cur c = pqm_cur_of(b);
	struct pqm_tlv t;

	if (depth > PQM_DER_DEPTH)
		return false;
	while (!pqm_der_end(&c)) {
		if (!pqm_der_next(&c, &t))
			return false;
		if ((t.tag & 0x20) != 0 && !closes(t.body, depth + 1))
			return false;
	}
	return true;
}

bool pqm_der_is_whole(pqm_bytes b)
{
	size_t total;

	return pqm_der_measure(b, &total) && total == b.n && closes(b, 0);
}

bool pqm_der_uint(struct pqm_cur *c, pqm_bytes *mag)
{
	struct pqm_cur save = *c;
	pqm_bytes b;

	if (!pqm_der_take(c, PQM_DER_INT, &b))
		return false;
	/* X.690 §8.3.2: the first nine bits are not all equal; negative is not for keys */
	if (b.p == NULL || b.n == 0 || b.p[0] >= 0x80 ||
		(b.n > 1 && b.p[0] == 0 && b.p[1] < 0x80)) {
		*c = save;
		return false;
	}
	*mag = b.n > 1 && b.p[0] == 0 ? pqm_sub(b, 1, b.n - 1) : b;
	return true;
}

bool pqm_der_small(struct pqm_cur *c, uint32_t *out)
{
	struct pqm_cur save = *c;
	pqm_bytes m;
	uint32_t v = 0;

	if (!pqm_der_uint(c, &m))
		return false;
	if (m.n > 4 || (m.n == 4 && m.p[0] >= 0x80)) {
		*c = save;
		return false;
	}
	for (size_t i = 0; i < m.n; i++)
		v = v << 8 | m.p[i];
	*out = v;
	return true;
}

bool pqm_der_octet_bits(struct pqm_cur *c, pqm_bytes *out)
{
	struct pqm_cur save = *c;
	pqm_bytes b;

	if (!pqm_der_take(c, PQM_DER_BITS, &b))
		return false;
	if (b.p == NULL || b.n == 0 || b.p[0] != 0) {
		*c = save;
		return false;
	}
	*out = pqm_sub(b, 1, b.n - 1);
	return true;
}

pqm_bytes pqm_mag_trim(pqm_bytes m)
{
	while (m.n > 0 && m.p[0] == 0)
		m = pqm_sub(m, 1, m.n - 1);
	return m;
}

uint32_t pqm_mag_bits(pqm_bytes mag)
{
	pqm_bytes m = pqm_mag_trim(mag);

	if (m.n == 0 || m.n > UINT32_MAX / 8)
		return 0;
	return (uint32_t)(m.n * 8) - (uint32_t)(__builtin_clz(m.p[0]) - 24);
}

int pqm_mag_cmp(pqm_bytes a, pqm_bytes b)
{
	a = pqm_mag_trim(a);
	b = pqm_mag_trim(b);
	if (a.n != b.n)
		return a.n < b.n ? -1 : 1;
	return pqm_cmp(a, b);
}

bool pqm_oid_text(char out[PQM_OID_TEXT], pqm_bytes body)
{
	char text[PQM_OID_TEXT];
	size_t at = 0;
	uint64_t arc = 0;
	bool inside = false;

	if (body.n == 0)
		return false;
	for (size_t i = 0; i < body.n; i++) {
		if ((!inside && body.p[i] == 0x80) || arc > UINT64_MAX >> 7)
			return false;
		arc = arc << 7 | (body.p[i] & 0x7FU);
		inside = body.p[i] >= 0x80;
		if (inside)
			continue;
		unsigned first = arc < 40 ? 0 : arc < 80 ? 1 : 2;
		int n = at == 0
			? snprintf(text, sizeof(text), "%u.%llu", first,
				  (unsigned long long)(arc - UINT64_C(40) * first))
			: snprintf(text + at, sizeof(text) - at, ".%llu", (unsigned long long)arc);

		if (n < 0 || (size_t)n >= sizeof(text) - at)
			return false;
		at += (size_t)n;
		arc = 0;
	}
	if (inside)
		return false;
	memcpy(out, text, at + 1);
	return true;
}

bool pqm_oid_copy(char out[PQM_OID_TEXT], const char *dotted)
{
	size_t n = strlen(dotted);

	if (n >= PQM_OID_TEXT) {
		out[0] = '\0';
		return false;
	}
	memcpy(out, dotted, n + 1);
	return true;
}

bool pqm_der_oid(struct pqm_cur *c, char out[PQM_OID_TEXT])
{
	struct pqm_cur save = *c;
	pqm_bytes b;

	if (pqm_der_take(c, PQM_DER_OID, &b) && pqm_oid_text(out, b))
		return true;
	*c = save;
	return false;
}

bool pqm_der_alg(struct pqm_cur *c, char oid[PQM_OID_TEXT], pqm_bytes *params)
{
	struct pqm_cur save = *c, in;
	struct pqm_tlv t = { 0 };
	char text[PQM_OID_TEXT];

	if (!pqm_der_enter(c, PQM_DER_SEQ, &in) || !pqm_der_oid(&in, text) ||
		(!pqm_der_end(&in) && !pqm_der_next(&in, &t)) || !pqm_der_end(&in)) {
		*c = save;
		return false;
	}
	memcpy(oid, text, PQM_OID_TEXT);
	*params = t.whole;
	return true;
}

static bool digits(pqm_bytes b, size_t from, size_t n, unsigned *out)
{
	uint64_t v;

	if (from > b.n || n > b.n - from || !pqm_u64_parse(pqm_sub(b, from, n), 9999, &v))
		return false;
	*out = (unsigned)v;
	return true;
}

bool pqm_der_time(struct pqm_cur *c, int64_t *days)
{
	struct pqm_cur save = *c;
	struct pqm_tlv t;
	unsigned year, month, day, hour, minute;
	size_t w;
	char iso[48];

	if (!pqm_der_next(c, &t) || (t.tag != PQM_DER_UTCTIME && t.tag != PQM_DER_GENTIME))
		goto bad;
	w = t.tag == PQM_DER_UTCTIME ? 2 : 4;
	if (!digits(t.body, 0, w, &year) || !digits(t.body, w, 2, &month) ||
		!digits(t.body, w + 2, 2, &day) || !digits(t.body, w + 4, 2, &hour) ||
		!digits(t.body, w + 6, 2, &minute) || hour > 23 || minute > 59 || t.body.n > 32)
		goto bad;
	if (w == 2)
		year += year < 50 ? 2000 : 1900;
	(void)snprintf(iso, sizeof(iso), "%04u-%02u-%02u", year, month, day);
	if (pqm_date_parse(pqm_str(iso), days))
		return true;
bad:
	*c = save;
	return false;
}

void pqm_der_put(struct pqm_buf *b, uint8_t tag, pqm_bytes body)
{
	uint8_t head[6] = { tag };
	size_t n = 2;

	if (body.n > UINT32_MAX) {
		b->failed = true;
		return;
	}
	if (body.n < 0x80) {
		head[1] = (uint8_t)body.n;
	} else {
		unsigned count = body.n > 0xFFFFFF ? 4
			: body.n > 0xFFFF	   ? 3
			: body.n > 0xFF		   ? 2
						   : 1;

		head[1] = (uint8_t)(0x80 | count);
		for (unsigned i = count; i > 0; i--)
			head[n++] = (uint8_t)(body.n >> (8 * (i - 1)));
	}
	if (pqm_buf_add(b, (pqm_bytes){ head, n }))
		(void)pqm_buf_add(b, body);
}

void pqm_der_put_uint(struct pqm_buf *b, pqm_bytes mag)
{
	struct pqm_buf t;
	pqm_bytes m = pqm_mag_trim(mag);

	pqm_buf_init(&t, m.n < SIZE_MAX ? m.n + 1 : m.n);
	if (m.n == 0 || m.p[0] >= 0x80)
		(void)pqm_buf_byte(&t, 0);
	(void)pqm_buf_add(&t, m);
	if (t.failed)
		b->failed = true;
	else
		pqm_der_put(b, PQM_DER_INT, pqm_buf_bytes(&t));
	pqm_buf_fini(&t);
}

/* Base 128, most significant group first [X.690 §8.19.2]. */
static bool put_arc(uint8_t *out, size_t *at, size_t cap, uint64_t arc)
{
	unsigned groups = 1;

	while (groups < 10 && arc >> (7 * groups) != 0)
		groups++;
	if (groups > cap - *at)
		return false;
	for (unsigned i = groups; i > 0; i--)
		out[(*at)++] = (uint8_t)((arc >> (7 * (i - 1)) & 0x7F) | (i > 1 ? 0x80 : 0));
	return true;
}

bool pqm_der_put_oid(struct pqm_buf *b, const char *dotted)
{
	pqm_bytes rest = pqm_str(dotted), arc;
	uint8_t body[PQM_OID_TEXT];
	uint64_t v, first = 0;
	size_t at = 0, i = 0;

	for (; pqm_split(&rest, '.', &arc); i++) {
		if (!pqm_u64_parse(arc, INT64_MAX, &v))
			return false;
		if (i == 0) {
			first = v;
			continue;
		}
		if (i == 1 && (first > 2 || (first < 2 && v > 39) || v > INT64_MAX - 80))
			return false;
		if (!put_arc(body, &at, sizeof(body), i == 1 ? first * 40 + v : v))
			return false;
	}
	if (i < 2)
		return false;
	pqm_der_put(b, PQM_DER_OID, (pqm_bytes){ body, at });
	return true;
}
