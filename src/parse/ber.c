#include "ber.h"

#include "base/cur.h"
#include "base/limits.h"
#include "der.h"

/* Reading a header costs as much as copying this many bytes, wherever it jumps to. */
#define ELEMENT_BYTES 16

struct work {
	struct pqm_buf *out;
	pqm_bytes in;
	struct pqm_err *err;
};

static enum pqm_st element(struct work *w, struct pqm_cur *c, unsigned depth);

static enum pqm_st bad(struct work *w, const struct pqm_cur *c, const char *what)
{
	return pqm_fail(w->err, PQM_EPARSE, "at %zu: %s", (size_t)(c->p - w->in.p), what);
}

/* Identifier and length; *n is SIZE_MAX for an indefinite one. */
static bool header(struct pqm_cur *c, uint8_t *tag, size_t *n)
{
	uint8_t first, b;

	if (!pqm_cur_u8(c, tag) || (*tag & 0x1F) == 0x1F || !pqm_cur_u8(c, &first))
		return false;
	if (first < 0x80) {
		*n = first;
		return *n <= pqm_cur_left(c);
	}
	if (first == 0x80) {
		*n = SIZE_MAX;
		return (*tag & 0x20) != 0;
	}
	if ((first & 0x7F) > 4)
		return false;
	*n = 0;
	for (unsigned i = first & 0x7FU; i > 0; i--) {
		if (!pqm_cur_u8(c, &b))
			return false;
		*n = *n << 8 | b;
	}
	return *n <= pqm_cur_left(c);
}

/* Puts the header in front of what was appended since from. */
static enum pqm_st close_at(struct work *w, uint8_t tag, size_t from)
{
	struct pqm_buf *o = w->out;
	size_t n = o->n - from, head = n < 0x80 ? 2 : n < 0x100 ? 3 : n < 0x10000 ? 4 : 5;

	if (!pqm_buf_reserve(o, head))
		return pqm_fail(w->err, PQM_ENOMEM, "no memory to rewrite BER");
	if (n > 0)
		memmove(o->p + from + head, o->p + from, n);
	o->p[from] = tag;
	if (head == 2) {
		o->p[from + 1] = (uint8_t)n;
	} else {
		o->p[from + 1] = (uint8_t)(0x80 + head - 2);
		for (size_t i = 0; i < head - 2; i++)
			o->p[from + head - 1 - i] = (uint8_t)(n >> (8 * i));
	}
	o->n += head;
	return PQM_OK;
}

/* True and consumed at the end-of-contents octets, or at the end of a definite body. */
static bool at_end(struct pqm_cur *c, bool is_indefinite)
{
	if (!is_indefinite)
		return c->p == c->end;
	if (pqm_cur_left(c) < 2 || c->p[0] != 0 || c->p[1] != 0)
		return false;
	return pqm_cur_skip(c, 2);
}

/* Children of a constructed element, after its header. */
static enum pqm_st children(struct work *w, struct pqm_cur *c, size_t n, unsigned depth)
{
	bool is_indefinite = n == SIZE_MAX;
	struct pqm_cur in = *c;
	enum pqm_st st;

	if (!is_indefinite)
		in.end = in.p + n;
	while (!at_end(&in, is_indefinite)) {
		st = element(w, &in, depth + 1);
		if (st != PQM_OK)
			return st;
	}
	c->p = in.p;
	return PQM_OK;
}

/* Pieces of an OCTET STRING: contents only [X.690 §8.7.3]. */
static enum pqm_st pieces(struct work *w, struct pqm_cur *c, size_t n, unsigned depth)
{
	bool is_indefinite = n == SIZE_MAX;
	struct pqm_cur in = *c;
	pqm_bytes body;
	uint8_t tag;
	size_t len;

	if (depth > PQM_DER_DEPTH)
		return pqm_fail(w->err, PQM_ELIMIT, "BER nests deeper than %d", PQM_DER_DEPTH);
	if (!is_indefinite)
		in.end = in.p + n;
	while (!at_end(&in, is_indefinite)) {
		if (!header(&in, &tag, &len) || (tag & ~0x20) != PQM_DER_OCTETS)
			return bad(w, &in, "piece of an OCTET STRING");
		if ((tag & 0x20) != 0) {
			enum pqm_st st = pieces(w, &in, len, depth + 1);

			if (st != PQM_OK)
				return st;
			continue;
		}
		if (!pqm_cur_take(&in, len, &body))
			return bad(w, &in, "piece of an OCTET STRING");
		if (!pqm_buf_add(w->out, body))
			return pqm_fail(w->err, PQM_ENOMEM, "no memory to rewrite BER");
	}
	c->p = in.p;
	return PQM_OK;
}

/* Content of an OCTET STRING since from that is an indefinite object itself is rewritten in place;
 * content that only looks like one stays as it is. */
static enum pqm_st unnest(struct work *w, size_t from, unsigned depth)
{
	pqm_bytes body = pqm_sub(pqm_buf_bytes(w->out), from, w->out->n - from);
	struct pqm_cur c = pqm_cur_of(body);
	struct pqm_buf tmp;
	struct work sub = { &tmp, body, NULL };
	enum pqm_st st = PQM_OK;

	if (body.p == NULL || body.n < 4 || body.p[0] != PQM_DER_SEQ || body.p[1] != 0x80)
		return PQM_OK;
	pqm_buf_init(&tmp, w->out->max);
	if (element(&sub, &c, depth + 1) == PQM_OK && c.p == c.end) {
		w->out->n = from;
		if (!pqm_buf_add(w->out, pqm_buf_bytes(&tmp)))
			st = pqm_fail(w->err, PQM_ENOMEM, "no memory to rewrite BER");
	}
	pqm_buf_wipe(&tmp);
	return st;
}

static enum pqm_st element(struct work *w, struct pqm_cur *c, unsigned depth)
{
	size_t from = w->out->n, n;
	pqm_bytes body;
	uint8_t tag;
	enum pqm_st st;

	if (depth > PQM_DER_DEPTH)
		return pqm_fail(w->err, PQM_ELIMIT, "BER nests deeper than %d", PQM_DER_DEPTH);
	if (!header(c, &tag, &n))
		return bad(w, c, "BER element that fits");
	if ((tag & ~0x20) == PQM_DER_OCTETS && (tag & 0x20) != 0) {
		st = pieces(w, c, n, depth);
		tag = PQM_DER_OCTETS;
	} else if ((tag & 0x20) != 0) {
		st = children(w, c, n, depth);
	} else if (!pqm_cur_take(c, n, &body)) {
		st = bad(w, c, "BER element that fits");
	} else {
		st = pqm_buf_add(w->out, body)
			? PQM_OK
			: pqm_fail(w->err, PQM_ENOMEM, "no memory to rewrite BER");
	}
	if (st == PQM_OK && tag == PQM_DER_OCTETS)
		st = unnest(w, from, depth);
	return st == PQM_OK ? close_at(w, tag, from) : st;
}

enum pqm_st pqm_ber_to_der(struct pqm_buf *out, pqm_bytes in, size_t *used, struct pqm_err *err)
{
	struct work w = { out, in, err };
	struct pqm_cur c = pqm_cur_of(in);
	enum pqm_st st;

	if (in.n > PQM_BER_OBJECT_BYTES)
		return pqm_fail(err, PQM_ELIMIT, "BER object of %zu bytes, the limit is %zu", in.n,
			PQM_BER_OBJECT_BYTES);
	st = element(&w, &c, 0);
	if (st == PQM_OK)
		*used = (size_t)(c.p - in.p);
	return st;
}

/* ---- the dry pass ---- */

struct walk {
	pqm_bytes in;
	size_t *budget;
	struct pqm_err *err;
};

static bool pay(struct walk *w, size_t n)
{
	if (n > *w->budget) {
		*w->budget = 0;
		return false;
	}
	*w->budget -= n;
	return true;
}

/* Steps over one element as element() and pieces() would read it. */
static enum pqm_st step(struct walk *w, struct pqm_cur *c, bool is_piece, unsigned depth)
{
	size_t at = (size_t)(c->p - w->in.p), n;
	struct pqm_cur in;
	uint8_t tag;
	enum pqm_st st;

	if (!pay(w, ELEMENT_BYTES))
		return pqm_fail(w->err, PQM_ELIMIT, "at %zu: BER budget is used up", at);
	if (depth > PQM_DER_DEPTH && !is_piece)
		return pqm_fail(w->err, PQM_ELIMIT, "BER nests deeper than %d", PQM_DER_DEPTH);
	if (!header(c, &tag, &n))
		return pqm_fail(w->err, PQM_EPARSE, "at %zu: BER element that fits", at);
	bool is_octets = (tag & ~0x20) == PQM_DER_OCTETS;

	if (is_piece && !is_octets)
		return pqm_fail(w->err, PQM_EPARSE, "at %zu: piece of an OCTET STRING", at);
	if (depth > PQM_DER_DEPTH && (tag & 0x20) != 0)
		return pqm_fail(w->err, PQM_ELIMIT, "BER nests deeper than %d", PQM_DER_DEPTH);
	if ((tag & 0x20) == 0) /* header() saw that it fits */
		return pqm_cur_skip(c, n) ? PQM_OK : PQM_EPARSE;
	in = *c;
	if (n != SIZE_MAX)
		in.end = in.p + n;
	while (!at_end(&in, n == SIZE_MAX)) {
		st = step(w, &in, is_octets, depth + 1);
		if (st != PQM_OK)
			return st;
	}
	c->p = in.p;
	return PQM_OK;
}

enum pqm_st pqm_ber_measure(pqm_bytes in, size_t *total, size_t *budget, struct pqm_err *err)
{
	struct walk w = { in, budget, err };
	struct pqm_cur c = pqm_cur_of(in);
	enum pqm_st st;

	if (in.n > PQM_BER_OBJECT_BYTES)
		return pqm_fail(err, PQM_ELIMIT, "BER object of %zu bytes, the limit is %zu", in.n,
			PQM_BER_OBJECT_BYTES);
	st = step(&w, &c, false, 0);
	if (st != PQM_OK)
		return st;
	*total = (size_t)(c.p - in.p);
	if (!pay(&w, *total))
		return pqm_fail(err, PQM_ELIMIT, "at 0: BER budget is used up");
	return PQM_OK;
}
