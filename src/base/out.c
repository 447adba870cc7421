#include "out.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "limits.h"
#include "num.h"

#define OUT_BUF_BYTES ((size_t)64 << 10)

void pqm_out_fd(struct pqm_out *o, int fd)
{
	*o = (struct pqm_out){ .fd = fd };
	pqm_buf_init(&o->buf, OUT_BUF_BYTES * 4);
}

void pqm_out_memory(struct pqm_out *o, size_t max)
{
	*o = (struct pqm_out){ .fd = -1, .in_memory = true };
	pqm_buf_init(&o->buf, max);
}

enum pqm_st pqm_out_file(struct pqm_out *o, const char *path, struct pqm_err *err)
{
	struct stat st;

	pqm_out_fd(o, -1);
	/* A device or pipe named by the user (/dev/stdout, a FIFO) is written in place. */
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
		if (S_ISDIR(st.st_mode))
			return pqm_fail(err, PQM_EIO, "%s: is a directory; name a file", path);
		o->fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
		if (o->fd < 0)
			return pqm_fail(
				err, PQM_EIO, "%s: cannot write: %s", path, strerrordesc_np(errno));
		o->owns_fd = true;
		return PQM_OK;
	}
	o->path = pqm_cstr_join(path, "");
	o->tmp = pqm_cstr_join(path, ".XXXXXX");
	if (o->path == NULL || o->tmp == NULL) {
		pqm_out_abort(o);
		return pqm_fail(err, PQM_ENOMEM, "%s: out of memory", path);
	}
	o->fd = mkostemp(o->tmp, O_CLOEXEC); /* mode 0600 */
	if (o->fd < 0) {
		enum pqm_st st2 = pqm_fail(
			err, PQM_EIO, "%s: cannot write: %s", path, strerrordesc_np(errno));

		pqm_free(o->tmp);
		o->tmp = NULL;
		pqm_out_abort(o);
		return st2;
	}
	o->owns_fd = true;
	return PQM_OK;
}

static void flush(struct pqm_out *o)
{
	size_t at = 0;

	while (at < o->buf.n && o->errnum == 0) {
		ssize_t w = write(o->fd, o->buf.p + at, o->buf.n - at);

		if (w < 0 && errno != EINTR)
			o->errnum = errno;
		else if (w > 0)
			at += (size_t)w;
	}
	o->buf.n = 0;
}

void pqm_out_flush(struct pqm_out *o)
{
	if (!o->in_memory)
		flush(o);
}

void pqm_out_bytes(struct pqm_out *o, pqm_bytes b)
{
	/* Reports are millions of small pieces: most find room. */
	if (b.n <= o->buf.cap - o->buf.n && o->errnum == 0) {
		if (b.n > 0)
			memcpy(o->buf.p + o->buf.n, b.p, b.n);
		o->buf.n += b.n;
		if (o->buf.n >= OUT_BUF_BYTES && !o->in_memory)
			flush(o);
		return;
	}
	if (o->in_memory) {
		if (!pqm_buf_add(&o->buf, b) && o->errnum == 0)
			o->errnum = ENOMEM;
		return;
	}
	while (b.n > 0 && o->errnum == 0) {
		size_t n = b.n < OUT_BUF_BYTES ? b.n : OUT_BUF_BYTES;

		if (!pqm_buf_add(&o->buf, pqm_sub(b, 0, n)))
			o->errnum = ENOMEM;
		b = pqm_sub(b, n, b.n);
		if (o->buf.n >= OUT_BUF_BYTES)
			flush(o);
	}
}

void pqm_out_str(struct pqm_out *o, const char *s)
{
	pqm_out_bytes(o, pqm_str(s));
}

void pqm_out_f(struct pqm_out *o, const char *fmt, ...)
{
	char small[512], *big = NULL;
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(small, sizeof(small), fmt, ap);

	va_end(ap);
	if (n < 0)
		return;
	if ((size_t)n < sizeof(small)) {
		pqm_out_bytes(o, (pqm_bytes){ (const uint8_t *)small, (size_t)n });
		return;
	}
	big = pqm_malloc((size_t)n + 1);
	if (big == NULL) {
		o->errnum = ENOMEM;
		return;
	}
	va_start(ap, fmt);
	(void)vsnprintf(big, (size_t)n + 1, fmt, ap);
	va_end(ap);
	pqm_out_bytes(o, (pqm_bytes){ (const uint8_t *)big, (size_t)n });
	pqm_free(big);
}

void pqm_out_abort(struct pqm_out *o)
{
	if (o->owns_fd)
		(void)close(o->fd);
	if (o->tmp != NULL)
		(void)unlink(o->tmp);
	pqm_free(o->tmp);
	pqm_free(o->path);
	pqm_buf_fini(&o->buf);
	*o = (struct pqm_out){ .fd = -1 };
}

enum pqm_st pqm_out_close(struct pqm_out *o, struct pqm_err *err)
{
	enum pqm_st st = PQM_OK;

	if (!o->in_memory)
		flush(o);
	if (o->owns_fd && close(o->fd) != 0 && o->errnum == 0)
		o->errnum = errno;
	o->owns_fd = false;
	if (o->errnum == 0 && o->tmp != NULL) {
		if (rename(o->tmp, o->path) != 0) {
			o->errnum = errno;
		} else {
			pqm_free(o->tmp);
			o->tmp = NULL;
		}
	}
	if (o->errnum != 0) {
		errno = o->errnum;
		st = pqm_fail(err, PQM_EIO, "%s: cannot write: %s",
			o->path != NULL ? o->path : "output", strerrordesc_np(errno));
	}
	pqm_out_abort(o);
	return st;
}

void pqm_out_csv(struct pqm_out *o, pqm_bytes field)
{
	bool quote = false, defuse = field.n > 0 && memchr("=+-@\t\r", field.p[0], 6) != NULL;

	for (size_t i = 0; i < field.n && !quote; i++)
		quote = field.p[i] == '"' || field.p[i] == ',' || field.p[i] == '\n' ||
			field.p[i] == '\r';
	if (quote)
		pqm_out_lit(o, "\"");
	if (defuse)
		pqm_out_lit(o, "'");
	for (size_t i = 0, from = 0; quote && i <= field.n; i++)
		if (i == field.n || field.p[i] == '"') {
			pqm_out_bytes(o, pqm_sub(field, from, i - from));
			if (i < field.n)
				pqm_out_lit(o, "\"\"");
			from = i + 1;
		}
	if (quote)
		pqm_out_lit(o, "\"");
	else
		pqm_out_bytes(o, field);
}

void pqm_out_html(struct pqm_out *o, pqm_bytes text)
{
	struct pqm_arena a;

	pqm_arena_init(&a, (size_t)1 << 20);
	pqm_bytes t = pqm_printable(&a, text);
	size_t from = 0;

	for (size_t i = 0; i <= t.n; i++) {
		const char *esc = NULL;

		if (i < t.n) {
			switch (t.p[i]) {
			case '&':
				esc = "&amp;";
				break;
			case '<':
				esc = "&lt;";
				break;
			case '>':
				esc = "&gt;";
				break;
			case '"':
				esc = "&quot;";
				break;
			case '\'':
				esc = "&#39;";
				break;
			default:
				continue;
			}
		}
		pqm_out_bytes(o, pqm_sub(t, from, i - from));
		if (esc != NULL)
			pqm_out_str(o, esc);
		from = i + 1;
	}
	pqm_arena_fini(&a);
}

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Marks the bytes of w that are zero; a mark above a right one may be wrong. */
static uint64_t zeros(uint64_t w)
{
	return (w - EACH(1)) & ~w & EACH(0x80);
}

/* Only ASCII that JSON writes as it is; eight bytes in a look. */
static bool is_plain(pqm_bytes s)
{
	uint64_t w, bad = 0;
	size_t i = 0;

	for (; i + sizeof(w) <= s.n; i += sizeof(w)) {
		memcpy(&w, s.p + i, sizeof(w));
		bad |= (w & EACH(0x80)) | ((w - EACH(0x20)) & ~w & EACH(0x80)) |
			zeros(w ^ EACH('"')) | zeros(w ^ EACH('\\')) | zeros(w ^ EACH(0x7f));
	}
	for (; i < s.n; i++) {
		uint8_t c = s.p[i];

		bad |= (c < 0x20) | (c >= 0x7f) | (c == '"') | (c == '\\');
	}
	return bad == 0 && s.n <= PQM_TEXT_BYTES;
}

static void js_text(struct pqm_out *o, pqm_bytes s)
{
	struct pqm_arena a;
	size_t from = 0;

	if (is_plain(s)) {
		pqm_out_lit(o, "\"");
		pqm_out_bytes(o, s);
		pqm_out_lit(o, "\"");
		return;
	}
	pqm_arena_init(&a, (size_t)1 << 20);
	pqm_bytes t = pqm_printable(&a, s); /* also makes it valid UTF-8 */

	pqm_out_lit(o, "\"");
	for (size_t i = 0; i <= t.n; i++) {
		if (i < t.n && t.p[i] != '"' && t.p[i] != '\\')
			continue;
		pqm_out_bytes(o, pqm_sub(t, from, i - from));
		if (i < t.n) {
			pqm_out_lit(o, "\\");
			from = i;
		}
	}
	pqm_out_lit(o, "\"");
	pqm_arena_fini(&a);
}

static void js_lead(struct pqm_out *o, const char *key)
{
	uint64_t bit = UINT64_C(1) << (o->js_depth & 63);

	if ((o->js_has & bit) != 0)
		pqm_out_lit(o, ",");
	if (o->js_depth > 0 && !o->js_compact) {
		static const char pad[] =
			"\n                                                                ";

		pqm_out_bytes(o,
			(pqm_bytes){
				(const uint8_t *)pad, 1 + (o->js_depth < 64 ? o->js_depth : 64) });
	}
	o->js_has |= bit;
	if (key != NULL) {
		js_text(o, pqm_str(key));
		pqm_out_str(o, o->js_compact ? ":" : ": ");
	}
}

void pqm_js_open(struct pqm_out *o, const char *key, char bracket)
{
	js_lead(o, key);
	pqm_out_bytes(o, (pqm_bytes){ (const uint8_t *)&bracket, 1 });
	o->js_depth++;
	o->js_has &= ~(UINT64_C(1) << (o->js_depth & 63));
}

void pqm_js_close(struct pqm_out *o, char bracket)
{
	bool had = (o->js_has >> (o->js_depth & 63) & 1) != 0;

	o->js_depth--;
	if (had && !o->js_compact)
		pqm_out_f(o, "\n%*s", (int)o->js_depth, "");
	pqm_out_bytes(o, (pqm_bytes){ (const uint8_t *)&bracket, 1 });
	if (o->js_depth == 0) {
		pqm_out_lit(o, "\n");
		o->js_has = 0; /* the next document begins on its own line */
	}
}

void pqm_js_str(struct pqm_out *o, const char *key, pqm_bytes value)
{
	js_lead(o, key);
	js_text(o, value);
}

void pqm_js_cstr(struct pqm_out *o, const char *key, const char *value)
{
	pqm_js_str(o, key, pqm_str(value));
}

void pqm_js_opt(struct pqm_out *o, const char *key, pqm_bytes value)
{
	if (value.n > 0)
		pqm_js_str(o, key, value);
}

void pqm_js_opt_u64(struct pqm_out *o, const char *key, uint64_t v)
{
	if (v != 0)
		pqm_js_u64(o, key, v);
}

void pqm_js_exact(struct pqm_out *o, const char *key, double value)
{
	char text[64];
	double back = 0;

	js_lead(o, key);
	if (!isfinite(value)) {
		pqm_out_lit(o, "null");
		return;
	}
	for (int digits = 6; digits <= 17; digits++) {
		(void)snprintf(text, sizeof(text), "%.*g", digits, value);
		if (pqm_f64_parse(pqm_str(text), &back) && back == value)
			break;
	}
	pqm_out_str(o, text);
}

void pqm_js_base64(struct pqm_out *o, const char *key, pqm_bytes value)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	js_lead(o, key);
	pqm_out_lit(o, "\"");
	for (size_t i = 0; i < value.n; i += 3) {
		size_t left = value.n - i;
		uint32_t v = (uint32_t)value.p[i] << 16 |
			(left > 1 ? (uint32_t)value.p[i + 1] << 8 : 0) |
			(left > 2 ? value.p[i + 2] : 0u);
		uint8_t quad[4];

		for (unsigned k = 0; k < 4; k++)
			quad[k] = k <= left ? (uint8_t)digits[v >> (18 - 6 * k) & 63] : '=';
		pqm_out_bytes(o, (pqm_bytes){ quad, sizeof(quad) });
	}
	pqm_out_lit(o, "\"");
}

void pqm_js_u64(struct pqm_out *o, const char *key, uint64_t value)
{
	uint8_t text[20];
	size_t at = sizeof(text);

	do
		text[--at] = (uint8_t)('0' + value % 10);
	while ((value /= 10) != 0);
	js_lead(o, key);
	pqm_out_bytes(o, (pqm_bytes){ text + at, sizeof(text) - at });
}

void pqm_js_bool(struct pqm_out *o, const char *key, bool value)
{
	js_lead(o, key);
	pqm_out_str(o, value ? "true" : "false");
}

void pqm_js_null(struct pqm_out *o, const char *key)
{
	js_lead(o, key);
	pqm_out_lit(o, "null");
}

void pqm_js_num(struct pqm_out *o, const char *key, double value, int decimals)
{
	char text[400];

	js_lead(o, key);
	if (!isfinite(value)) {
		pqm_out_lit(o, "null"); /* JSON has no infinity [RFC8259 §6] */
		return;
	}
	if (snprintf(text, sizeof(text), "%.*f", decimals & 15, value) >= (int)sizeof(text)) {
		pqm_out_lit(o, "null");
		return;
	}
	const char *p = text;

	if (*p == '-' && strspn(p + 1, "0.") == strlen(p + 1))
		p++; /* "-0.0000" */
	pqm_out_str(o, p);
}
