#include "buf.h"

#include <stdarg.h>
#include <stdio.h>

#include "arena.h"
#include "num.h"

void pqm_buf_init(struct pqm_buf *b, size_t max_bytes)
{
	*b = (struct pqm_buf){ .max = max_bytes };
}

void pqm_buf_fini(struct pqm_buf *b)
{
	pqm_free(b->p);
	*b = (struct pqm_buf){ .max = b->max };
}

void pqm_wipe(void *p, size_t n)
{
	if (n > 0)
		explicit_bzero(p, n);
}

void pqm_buf_wipe(struct pqm_buf *b)
{
	pqm_wipe(b->p, b->cap);
	pqm_buf_fini(b);
}

bool pqm_buf_reserve(struct pqm_buf *b, size_t extra)
{
	size_t need, cap = b->cap == 0 ? 256 : b->cap;

	if (b->failed)
		return false;
	if (!pqm_add_size(b->n, extra, &need) || need > b->max) {
		b->failed = true;
		return false;
	}
	if (need <= b->cap)
		return true;
	while (cap < need)
		if (!pqm_mul_size(cap, 2, &cap))
			cap = need;
	if (cap > b->max)
		cap = b->max;
	/* Not realloc: a moved block could leave a copy of secrets behind. */
	uint8_t *p = pqm_malloc(cap);

	if (p == NULL) {
		b->failed = true;
		return false;
	}
	if (b->n > 0)
		memcpy(p, b->p, b->n);
	pqm_wipe(b->p, b->n);
	pqm_free(b->p);
	b->p = p;
	b->cap = cap;
	return true;
}

bool pqm_buf_add(struct pqm_buf *b, pqm_bytes s)
{
	if (!pqm_buf_reserve(b, s.n))
		return false;
	if (s.n > 0)
		memcpy(b->p + b->n, s.p, s.n);
	b->n += s.n;
	return true;
}

bool pqm_buf_byte(struct pqm_buf *b, uint8_t c)
{
	if (!pqm_buf_reserve(b, 1))
		return false;
	b->p[b->n++] = c;
	return true;
}

bool pqm_buf_f(struct pqm_buf *b, const char *fmt, ...)
{
	char small[256];
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(small, sizeof(small), fmt, ap);

	va_end(ap);
	if (n < 0)
		return false;
	if ((size_t)n < sizeof(small))
		return pqm_buf_add(b, (pqm_bytes){ (const uint8_t *)small, (size_t)n });
	if (!pqm_buf_reserve(b, (size_t)n + 1))
		return false;
	va_start(ap, fmt);
	(void)vsnprintf((char *)b->p + b->n, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->n += (size_t)n;
	return true;
}

/* 0..63 digit, 64 white space, 65 '=', 255 anything else. */
static uint8_t b64_value(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return (uint8_t)(c - 'A');
	if (c >= 'a' && c <= 'z')
		return (uint8_t)(c - 'a' + 26);
	if (c >= '0' && c <= '9')
		return (uint8_t)(c - '0' + 52);
	if (c == '+' || c == '-')
		return 62;
	if (c == '/' || c == '_')
		return 63;
	if (c == ' ' || (c >= '\t' && c <= '\r'))
		return 64;
	return c == '=' ? 65 : 255;
}

bool pqm_base64(struct pqm_buf *out, pqm_bytes text, size_t *bad)
{
	uint32_t acc = 0;
	unsigned n_bits = 0;
	size_t n_digits = 0, n_pad = 0;

	if (!pqm_buf_reserve(out, text.n / 4 * 3 + 3))
		return false;
	for (size_t i = 0; i < text.n; i++) {
		uint8_t v = b64_value(text.p[i]);

		if (v == 64)
			continue;
		if (v == 65 && n_pad < 2 && n_digits % 4 >= 2) {
			n_pad++;
			continue;
		}
		if (v > 63 || n_pad > 0) {
			if (bad != NULL)
				*bad = i;
			return false;
		}
		acc = (acc << 6) | v;
		n_bits += 6;
		n_digits++;
		if (n_bits >= 8) {
			n_bits -= 8;
			out->p[out->n++] = (uint8_t)(acc >> n_bits);
		}
	}
	if (n_digits % 4 == 1 || (n_pad > 0 && (n_digits + n_pad) % 4 != 0)) {
		if (bad != NULL)
			*bad = text.n;
		return false;
	}
	return true;
}
