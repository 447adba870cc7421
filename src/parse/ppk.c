#include "ppk.h"

#include "base/limits.h"
#include "base/num.h"

struct lines {
	pqm_bytes text;
	size_t at; /* start of the next line */
	unsigned n;
	struct pqm_err *err;
};

static enum pqm_st refuse(const struct lines *l, const char *what)
{
	return pqm_fail(
		l->err, PQM_EPARSE, "PuTTY key: %s at line %u (offset %zu)", what, l->n, l->at);
}

/* The next line without its end (CR, LF or both); false at the end of the text. Lines of the format
 * are under 100 bytes, comments a little longer. */
static bool next_line(struct lines *l, pqm_bytes *out)
{
	size_t i = l->at;

	if (i >= l->text.n)
		return false;
	while (i < l->text.n && i - l->at < PQM_TEXT_BYTES && l->text.p[i] != '\n' &&
		l->text.p[i] != '\r')
		i++;
	if (i < l->text.n && l->text.p[i] != '\n' && l->text.p[i] != '\r')
		return false;
	*out = pqm_sub(l->text, l->at, i - l->at);
	if (i + 1 < l->text.n && l->text.p[i] == '\r' && l->text.p[i + 1] == '\n')
		i++;
	l->at = i < l->text.n ? i + 1 : i;
	l->n++;
	return true;
}

/* "Name: value" with exactly this name. */
static bool header(struct lines *l, const char *name, pqm_bytes *value)
{
	pqm_bytes line, n = pqm_str(name);
	struct lines save = *l;

	if (pqm_starts(pqm_sub(l->text, l->at, n.n), n) && next_line(l, &line) &&
		pqm_starts(pqm_sub(line, n.n, 2), PQM_LIT(": "))) {
		*value = pqm_sub(line, n.n + 2, line.n);
		return true;
	}
	*l = save;
	return false;
}

static bool take_count(struct lines *l, const char *name, uint64_t *n)
{
	pqm_bytes v;

	return header(l, name, &v) && pqm_u64_parse(v, PQM_PPK_LINES, n);
}

/* The key derivation of version 3 [appendix C.2]; only with encryption. */
static bool skip_derivation(struct lines *l)
{
	static const char *const names[] = { "Key-Derivation", "Argon2-Memory", "Argon2-Passes",
		"Argon2-Parallelism", "Argon2-Salt" };
	pqm_bytes v;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!header(l, names[i], &v))
			return false;
	return true;
}

static bool is_base64_line(pqm_bytes line)
{
	if (line.n == 0 || line.n > 64)
		return false;
	for (size_t i = 0; i < line.n; i++) {
		uint8_t c = line.p[i];

		if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
			    c == '+' || c == '/' || c == '='))
			return false;
	}
	return true;
}

static enum pqm_st read_public(struct lines *l, struct pqm_buf *blob, struct pqm_ppk *k)
{
	uint64_t n;
	size_t from, bad;
	pqm_bytes line;

	if (!take_count(l, "Public-Lines", &n))
		return refuse(l, "no Public-Lines");
	from = l->at;
	for (uint64_t i = 0; i < n; i++)
		if (!next_line(l, &line) || !is_base64_line(line))
			return refuse(l, "public part is cut short");
	if (!pqm_base64(blob, pqm_sub(l->text, from, l->at - from), &bad))
		return refuse(l, "public part is not base64");
	enum pqm_st st = pqm_ssh_blob(&k->key, pqm_buf_bytes(blob), l->err);

	if (st == PQM_OK && (k->key.is_cert || !pqm_eq(k->key.type, k->type)))
		st = refuse(l, "public part is of another type than the head says");
	return st;
}

static enum pqm_st skip_private(struct lines *l)
{
	uint64_t n;
	pqm_bytes line;

	if (!take_count(l, "Private-Lines", &n) || n == 0)
		return refuse(l, "no Private-Lines");
	for (uint64_t i = 0; i < n; i++)
		if (!next_line(l, &line) || !is_base64_line(line))
			return refuse(l, "private part is cut short");
	if (!header(l, "Private-MAC", &line) || line.n < 40)
		return refuse(l, "no Private-MAC");
	return PQM_OK;
}

enum pqm_st pqm_ppk_parse(
	struct pqm_ppk *out, pqm_bytes text, struct pqm_buf *public_blob, struct pqm_err *err)
{
	struct lines l = { .text = text, .err = err };
	struct pqm_ppk k = { .version = 3 };
	pqm_bytes comment;
	enum pqm_st st;

	if (text.p == NULL)
		return refuse(&l, "no text");
	if (!header(&l, "PuTTY-User-Key-File-3", &k.type)) {
		k.version = 2;
		if (!header(&l, "PuTTY-User-Key-File-2", &k.type))
			return refuse(&l, "no head of version 2 or 3");
	}
	if (!header(&l, "Encryption", &k.encryption) || !header(&l, "Comment", &comment))
		return refuse(&l, "no Encryption or Comment");
	st = read_public(&l, public_blob, &k);
	if (st != PQM_OK)
		return st;
	if (k.version == 3 && !pqm_eqs(k.encryption, "none") && !skip_derivation(&l))
		return refuse(&l, "no Argon2 parameters");
	st = skip_private(&l);
	if (st != PQM_OK)
		return st;
	k.total = l.at;
	*out = k;
	return PQM_OK;
}
