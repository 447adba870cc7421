#include "pem.h"

#include "base/limits.h"
#include "base/num.h"

#define LABEL_MAX 64
#define HEADER_MAX 4096	 /* RFC 1421 headers and comments of one block */
#define RUN_SERIOUS 40	 /* base64 characters in one run that nobody types as an example */
#define SEPARATOR_MAX 96 /* between two quoted lines */
#define PREFIX_MAX 8

enum { END_OF_TEXT = -1, ODD = -2, BREAK = '\n' };

struct scan {
	pqm_bytes text;
	size_t pos;
	pqm_bytes prefix; /* what stands before every line: "#", "//", "+" */
};

static bool is_space(int c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_base64(int c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
		c == '+' || c == '/' || c == '=';
}

/* Four hex digits of \uXXXX as an ASCII character. */
static int unicode_escape(struct scan *s)
{
	int v = 0;

	for (size_t i = 0; i < 4; i++) {
		int h = s->pos < s->text.n ? pqm_hex_digit(s->text.p[s->pos]) : -1;

		if (h < 0)
			return ODD;
		v = v << 4 | h;
		s->pos++;
	}
	return v < 0x80 ? v : ODD;
}

/* After a backslash, of which JSON inside JSON has several. */
static int escaped(struct scan *s)
{
	size_t run = 1;

	while (run < 8 && s->pos < s->text.n && s->text.p[s->pos] == '\\') {
		s->pos++;
		run++;
	}
	if (s->pos >= s->text.n)
		return END_OF_TEXT;
	switch (s->text.p[s->pos++]) {
	case 'n':
	case 'r':
	case '\n': /* a C or shell line goes on */
	case '\r':
		return BREAK;
	case 't':
		return '\t';
	case '/':
		return '/';
	case '"':
		return '"';
	case '\'':
		return '\'';
	case 'u':
		return unicode_escape(s);
	}
	s->pos--;
	return ODD;
}

/* The next character with escapes undone. */
static int next_char(struct scan *s)
{
	if (s->pos >= s->text.n)
		return END_OF_TEXT;
	uint8_t c = s->text.p[s->pos++];

	if (c == '\\')
		return escaped(s);
	return c == '\r' ? BREAK : c;
}

/* At the start of a line: steps over the comment or diff prefix that the BEGIN line has. */
static void skip_prefix(struct scan *s)
{
	size_t p = s->pos;

	if (s->prefix.n == 0)
		return;
	while (p < s->text.n && (s->text.p[p] == ' ' || s->text.p[p] == '\t'))
		p++;
	if (pqm_starts(pqm_sub(s->text, p, s->prefix.n), s->prefix))
		s->pos = p + s->prefix.n;
}

/* "..." "...": from a closing quote over what joins string literals to the next opening quote. */
static bool skip_quotes(struct scan *s, int quote)
{
	size_t p = s->pos, limit = p + SEPARATOR_MAX;

	for (; p < s->text.n && p < limit; p++) {
		uint8_t c = s->text.p[p];

		if (c == quote) {
			s->pos = p + 1;
			return true;
		}
		if (!is_space(c) && c != '+' && c != ',' && c != '.' && c != '\\' && c != '&')
			return false;
	}
	return false;
}

static pqm_bytes line_prefix(pqm_bytes text, size_t off)
{
	size_t from = off;

	while (from > 0 && off - from <= PREFIX_MAX && text.p[from - 1] != '\n' &&
		text.p[from - 1] != '\r')
		from--;
	pqm_bytes p = pqm_trim(pqm_sub(text, from, off - from));

	if (off - from > PREFIX_MAX)
		return (pqm_bytes){ NULL, 0 };
	for (size_t i = 0; i < p.n; i++)
		if (strchr("#/*>;+|%!", p.p[i]) == NULL || p.p[i] == '\0')
			return (pqm_bytes){ NULL, 0 };
	return p;
}

/* "-----WORD LABEL-----" at s: the label; s moves behind it. */
static bool boundary(struct scan *s, pqm_bytes word, pqm_bytes *label)
{
	pqm_bytes dashes = PQM_LIT("-----"), rest = pqm_sub(s->text, s->pos, SIZE_MAX);
	size_t from = word.n, n = 0;

	if (rest.p == NULL || !pqm_starts(rest, word))
		return false;
	while (n <= LABEL_MAX && from + n < rest.n) {
		uint8_t c = rest.p[from + n];

		if (c == '-' && pqm_starts(pqm_sub(rest, from + n, dashes.n), dashes))
			break;
		if (!(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
			(c == '\0' || strchr(" .#/_-", c) == NULL))
			return false;
		n++;
	}
	if (n == 0 || n > LABEL_MAX || from + n >= rest.n)
		return false;
	*label = pqm_sub(rest, from, n);
	s->pos += from + n + dashes.n;
	return true;
}

/* Value of a header up to a comma or the end of the line. */
static void header_value(char *out, size_t cap, pqm_bytes head, pqm_bytes name)
{
	size_t at = pqm_find(head, 0, name), n = 0;

	out[0] = '\0';
	if (at == SIZE_MAX)
		return;
	pqm_bytes v = pqm_trim(pqm_sub(head, at + name.n, SIZE_MAX));

	while (n < v.n && n + 1 < cap && v.p[n] > ' ' && v.p[n] < 0x7F && v.p[n] != ',')
		n++;
	memcpy(out, v.p == NULL ? (const uint8_t *)"" : v.p, n);
	out[n] = '\0';
}

/* One line, escapes undone, into head; tells whether it has a colon. False: no line of a header. */
static bool header_line(struct scan *s, char *head, size_t *n, bool *has_colon)
{
	int c, dashes = 0;

	*has_colon = false;
	skip_prefix(s);
	while ((c = next_char(s)) != BREAK) {
		if ((c == '"' || c == '\'') && skip_quotes(s, c))
			continue;
		dashes = c == '-' ? dashes + 1 : 0;
		if (c < ' ' || c >= 0x7F || dashes == 5 || *n >= HEADER_MAX - 1)
			return false;
		*has_colon = *has_colon || c == ':';
		head[(*n)++] = (char)c;
	}
	head[(*n)++] = '\n';
	return true;
}

/* RFC 1421 headers, if there are any: base64 has no colon. */
static void headers(struct scan *s, struct pqm_pem *out)
{
	char head[HEADER_MAX];
	size_t n = 0, start;
	bool has_colon, any = false;
	struct scan at = *s;
	int c;

	/* to the end of the BEGIN line; a folded block has a space there */
	do {
		start = at.pos;
		c = next_char(&at);
		if ((c == '"' || c == '\'') && !skip_quotes(&at, c))
			break;
	} while (is_space(c) || c == '"' || c == '\'');
	at.pos = start;
	while (header_line(&at, head, &n, &has_colon)) {
		pqm_bytes all = { (const uint8_t *)head, n };

		if (!has_colon && !(any && n > 1 && head[n - 2] != '\n' && is_space(head[0])))
			break;
		any = true;
		s->pos = at.pos;
		if (pqm_find(all, 0, PQM_LIT("4,ENCRYPTED")) != SIZE_MAX)
			out->is_encrypted = true;
		header_value(out->dek, sizeof(out->dek), all, PQM_LIT("DEK-Info:"));
	}
}

struct tally {
	size_t run, longest;
	uint64_t seen; /* of the 64 characters */
	int stop;      /* what ended the body */
};

static void count(struct tally *t, int c)
{
	t->run++;
	if (t->run > t->longest)
		t->longest = t->run;
	t->seen |= UINT64_C(1) << (c & 63);
}

/* Collects base64 characters up to the END line or the first thing that does not belong. */
static enum pqm_st collect(
	struct scan *s, struct pqm_buf *b64, struct tally *t, struct pqm_err *err)
{
	for (;;) {
		size_t before = s->pos;
		int c = next_char(s);

		if (is_base64(c)) {
			count(t, c);
			if (!pqm_buf_byte(b64, (uint8_t)c))
				return b64->n >= b64->max
					? pqm_fail(err, PQM_ELIMIT, "PEM body over %zu bytes",
						  b64->max)
					: pqm_fail(err, PQM_ENOMEM, "no memory for a PEM body");
			continue;
		}
		if (is_space(c) || ((c == '"' || c == '\'') && skip_quotes(s, c))) {
			t->run = 0;
			if (c != ' ' && c != '\t')
				skip_prefix(s);
			continue;
		}
		s->pos = before;
		t->stop = c;
		return PQM_OK;
	}
}

static bool is_meant(const struct tally *t)
{
	/* runs like "xxxx" and "AAAA" are examples; so is what an ellipsis cuts */
	return t->longest >= RUN_SERIOUS && __builtin_popcountll(t->seen) >= 12 &&
		(t->stop <= ' ' || strchr(".<[({$*&", t->stop) == NULL) && t->stop < 0x80;
}

static enum pqm_st finish(struct pqm_pem *out, struct scan *s, struct pqm_err *err)
{
	pqm_bytes label;

	if (!boundary(s, PQM_LIT("-----END "), &label))
		return pqm_fail(err, PQM_EPARSE, "at %zu: PEM body without its END line", s->pos);
	out->has_end = true;
	if (!pqm_eq(label, out->label))
		return pqm_fail(
			err, PQM_EPARSE, "at %zu: END line of another kind of block", s->pos);
	return PQM_OK;
}

enum pqm_st pqm_pem_read(
	struct pqm_pem *out, struct pqm_buf *body, pqm_bytes text, size_t off, struct pqm_err *err)
{
	struct scan s = { text, off, line_prefix(text, off) };
	struct tally t = { 0 };
	struct pqm_buf b64;
	enum pqm_st st;
	size_t bad = 0;

	*out = (struct pqm_pem){ .off = off, .end = off + 1 };
	if (off > text.n || !boundary(&s, PQM_LIT("-----BEGIN "), &out->label))
		return pqm_fail(err, PQM_EPARSE, "at %zu: no PEM BEGIN line", off);
	headers(&s, out);
	pqm_buf_init(&b64, PQM_PEM_BODY_BYTES);
	st = collect(&s, &b64, &t, err);
	out->is_serious = is_meant(&t) || st == PQM_ELIMIT;
	if (st == PQM_OK)
		st = finish(out, &s, err);
	out->end = s.pos;
	if (st == PQM_OK && b64.n == 0)
		st = pqm_fail(err, PQM_EPARSE, "at %zu: empty PEM body", off);
	if (st == PQM_OK && !pqm_base64(body, pqm_buf_bytes(&b64), &bad))
		st = body->failed
			? pqm_fail(err, PQM_ENOMEM, "no memory for a PEM body")
			: pqm_fail(err, PQM_EPARSE,
				  "at %zu: character %zu of the PEM body is not base64", off, bad);
	pqm_buf_wipe(&b64);
	return st;
}
