#include "armour.h"

#include "base/limits.h"

/* Copies text with escaped line ends (\n, \r) and escaped slashes (\/) resolved. */
static bool unescape(struct pqm_buf *out, pqm_bytes text)
{
	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = text.p[i];

		if (c == '\\' && i + 1 < text.n) {
			uint8_t next = text.p[i + 1];

			if (next == 'n' || next == 'r' || next == 't' || next == '/') {
				c = next == '/' ? '/' : '\n';
				i++;
			}
		}
		if (!pqm_buf_byte(out, c))
			return false;
	}
	return true;
}

/* Steps over "Name: value" lines; one that ends in a backslash goes on [RFC4716 §3.3]. */
static pqm_bytes skip_headers(pqm_bytes body)
{
	bool is_header = false;
	pqm_bytes rest = body, line;

	while (rest.n > 0) {
		size_t nl = pqm_find_byte(rest, 0, '\n');

		line = pqm_trim(pqm_sub(rest, 0, nl));
		if (!is_header && line.n > 0 && pqm_find_byte(line, 0, ':') == SIZE_MAX)
			break;
		is_header = line.n > 0 && line.p[line.n - 1] == '\\';
		rest = nl == SIZE_MAX ? pqm_sub(rest, rest.n, 0) : pqm_sub(rest, nl + 1, rest.n);
	}
	return rest;
}

/* Cuts the line "=XXXX" off the end. */
static pqm_bytes drop_crc(pqm_bytes body)
{
	body = pqm_trim(body);
	if (body.n > 5 && body.p[body.n - 5] == '=' &&
		(body.p[body.n - 6] == '\n' || body.p[body.n - 6] == ' ' ||
			body.p[body.n - 6] == '\t' || body.p[body.n - 6] == '\r'))
		body.n -= 5;
	return body;
}

static enum pqm_st decode_body(
	const struct pqm_armour *kind, pqm_bytes body, struct pqm_buf *out, struct pqm_err *err)
{
	size_t had = out->n;

	if (kind->has_headers)
		body = skip_headers(body);
	if (kind->has_crc)
		body = drop_crc(body);
	if (!pqm_base64(out, body, NULL)) {
		if (out->failed)
			return pqm_fail(err, PQM_ELIMIT,
				"%s: body of %zu bytes, over the limit of %zu", kind->name, body.n,
				out->max);
		return pqm_fail(err, PQM_EPARSE, "%s: body is not base64", kind->name);
	}
	if (out->n == had)
		return pqm_fail(err, PQM_EPARSE, "%s: empty body", kind->name);
	return PQM_OK;
}

enum pqm_st pqm_armour_decode(const struct pqm_armour *kind, pqm_bytes text, struct pqm_buf *out,
	size_t *total, struct pqm_err *err)
{
	pqm_bytes begin = pqm_str(kind->begin), end = pqm_str(kind->end), body;
	struct pqm_buf plain;
	size_t stop;
	enum pqm_st st;

	if (text.p == NULL || !pqm_starts(text, begin))
		return pqm_fail(err, PQM_EPARSE, "%s: no BEGIN line at offset 0", kind->name);
	/* Searched only as far as a body can reach. */
	text = pqm_sub(text, 0, PQM_PEM_BODY_BYTES);
	stop = pqm_find(text, begin.n, pqm_str(kind->dashes));
	if (stop == SIZE_MAX || !pqm_starts(pqm_sub(text, stop, end.n), end))
		return pqm_fail(err, PQM_EPARSE, "%s: no END line in %zu bytes", kind->name,
			stop == SIZE_MAX ? text.n : stop);
	body = pqm_sub(text, begin.n, stop - begin.n);
	pqm_buf_init(&plain, PQM_PEM_BODY_BYTES);
	if (pqm_find_byte(body, 0, '\\') == SIZE_MAX)
		st = decode_body(kind, body, out, err);
	else if (unescape(&plain, body))
		st = decode_body(kind, pqm_buf_bytes(&plain), out, err);
	else
		st = pqm_fail(err, PQM_ENOMEM, "%s: no memory for %zu bytes", kind->name, body.n);
	pqm_buf_wipe(&plain);
	if (st == PQM_OK)
		*total = stop + end.n;
	return st;
}
