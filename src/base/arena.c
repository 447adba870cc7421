#include "arena.h"

#include <malloc.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "limits.h"
#include "num.h"

struct pqm_arena_block {
	struct pqm_arena_block *next;
	size_t size, used;
	alignas(16) uint8_t data[];
};

/* A new block is as big as what is there already, between these two: ten thousand small arenas live
 * beside each other. An endpoint that has not answered yet needs 300 bytes. */
#define FIRST_BYTES ((size_t)512)
#define BLOCK_BYTES ((size_t)64 << 10)
#define MAPPED_FROM (1 << 17)
#define TRIMMED_FROM (1 << 20)

static atomic_size_t fail_at;

static bool must_fail(void)
{
	size_t n = atomic_load_explicit(&fail_at, memory_order_relaxed);

	if (n == 0)
		return false;
	atomic_store_explicit(&fail_at, n - 1, memory_order_relaxed);
	return n == 1;
}

void pqm_alloc_fail_at(size_t n)
{
	atomic_store(&fail_at, n);
}

void *pqm_malloc(size_t n)
{
	return must_fail() ? NULL : malloc(n == 0 ? 1 : n);
}

void *pqm_calloc(size_t n, size_t size)
{
	return must_fail() ? NULL : calloc(n == 0 ? 1 : n, size);
}

void pqm_free(void *p)
{
	free(p);
}

void pqm_malloc_setup(void)
{
	(void)mallopt(M_MMAP_THRESHOLD, MAPPED_FROM);
	(void)mallopt(M_TRIM_THRESHOLD, TRIMMED_FROM);
}

void pqm_malloc_trim(void)
{
	(void)malloc_trim(0);
}

void pqm_arena_init(struct pqm_arena *a, size_t cap_bytes)
{
	*a = (struct pqm_arena){ .cap = cap_bytes };
}

void pqm_arena_reset(struct pqm_arena *a)
{
	struct pqm_arena_block *keep = NULL;

	while (a->head != NULL) {
		struct pqm_arena_block *b = a->head;

		a->head = b->next;
		/* The largest of the usual sizes; what is bigger was for one object. */
		if (b->size > BLOCK_BYTES || (keep != NULL && keep->size >= b->size)) {
			pqm_free(b);
			continue;
		}
		pqm_free(keep);
		keep = b;
	}
	if (keep != NULL) {
		keep->next = NULL;
		keep->used = 0;
	}
	a->head = keep;
	a->used = 0;
}

void pqm_arena_wipe(struct pqm_arena *a)
{
	for (struct pqm_arena_block *b = a->head; b != NULL; b = b->next)
		explicit_bzero(b->data, b->used);
	pqm_arena_reset(a);
}

void pqm_arena_fini(struct pqm_arena *a)
{
	while (a->head != NULL) {
		struct pqm_arena_block *b = a->head;

		a->head = b->next;
		pqm_free(b);
	}
	a->used = 0;
}

void pqm_arena_take(struct pqm_arena *to, struct pqm_arena *from)
{
	struct pqm_arena_block **end = &to->head;

	while (*end != NULL)
		end = &(*end)->next;
	*end = from->head;
	to->used += from->used;
	*from = (struct pqm_arena){ .cap = from->cap };
}

/* Size of the block to open for an object of `need` bytes. */
static size_t block_bytes(const struct pqm_arena *a, size_t need)
{
	size_t size = FIRST_BYTES;

	while (size < BLOCK_BYTES && (size < need || size < a->used))
		size *= 2;
	return need > size ? need : size;
}

void *pqm_arena_alloc(struct pqm_arena *a, size_t n)
{
	size_t need;

	if (!pqm_add_size(n, 15, &need))
		return NULL;
	need &= ~(size_t)15;
	if (need == 0)
		need = 16;
	if (need > a->cap || a->used > a->cap - need)
		return NULL;
	struct pqm_arena_block *b = a->head;

	if (b == NULL || b->size - b->used < need) {
		size_t size = block_bytes(a, need);

		b = pqm_malloc(sizeof(*b) + size);
		if (b == NULL)
			return NULL;
		b->size = size;
		b->used = 0;
		/* A big object goes behind the current block, whose room is still good. */
		if (a->head != NULL && size > BLOCK_BYTES) {
			b->next = a->head->next;
			a->head->next = b;
		} else {
			b->next = a->head;
			a->head = b;
		}
	}
	void *out = b->data + b->used;

	b->used += need;
	a->used += need;
	memset(out, 0, need);
	return out;
}

void *pqm_arena_array(struct pqm_arena *a, size_t n, size_t size)
{
	size_t bytes;

	return pqm_mul_size(n, size, &bytes) ? pqm_arena_alloc(a, bytes) : NULL;
}

pqm_bytes pqm_bytes_dup(struct pqm_arena *a, pqm_bytes b)
{
	size_t n;
	uint8_t *p = pqm_add_size(b.n, 1, &n) ? pqm_arena_alloc(a, n) : NULL;

	if (p == NULL)
		return (pqm_bytes){ NULL, 0 };
	if (b.n > 0)
		memcpy(p, b.p, b.n);
	return (pqm_bytes){ p, b.n };
}

pqm_bytes pqm_arena_f(struct pqm_arena *a, const char *fmt, ...)
{
	char small[512];
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(small, sizeof(small), fmt, ap);

	va_end(ap);
	if (n < 0)
		return (pqm_bytes){ NULL, 0 };
	if ((size_t)n < sizeof(small))
		return pqm_bytes_dup(a, (pqm_bytes){ (const uint8_t *)small, (size_t)n });
	char *p = pqm_arena_alloc(a, (size_t)n + 1);

	if (p == NULL)
		return (pqm_bytes){ NULL, 0 };
	va_start(ap, fmt);
	(void)vsnprintf(p, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return (pqm_bytes){ (const uint8_t *)p, (size_t)n };
}

void *pqm_arena_grow(struct pqm_arena *a, void *old, size_t n, size_t *cap, size_t size)
{
	size_t want;

	if (n < *cap)
		return old;
	if (!pqm_mul_size(*cap == 0 ? 4 : *cap, 2, &want))
		return NULL;
	void *p = pqm_arena_array(a, want, size);

	if (p == NULL)
		return NULL;
	if (n > 0)
		memcpy(p, old, n * size);
	*cap = want;
	return p;
}

/* Bytes of the valid UTF-8 sequence at p (1 to 4), or 0 [RFC3629 §4]. */
static size_t utf8_len(const uint8_t *p, size_t n)
{
	uint8_t c = p[0];

	if (c < 0x80)
		return 1;
	if (c < 0xc2 || c > 0xf4)
		return 0;
	size_t len = c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;

	if (len > n)
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if ((c == 0xe0 && p[1] < 0xa0) || (c == 0xed && p[1] > 0x9f) ||
		(c == 0xf0 && p[1] < 0x90) || (c == 0xf4 && p[1] > 0x8f))
		return 0;
	return len;
}

/* Control characters, line and paragraph separators, and what makes text read as something else: all
 * of Bidi_Control [UAX9 §2]. */
static bool is_hidden(const uint8_t *p, size_t len)
{
	if (len == 1)
		return p[0] < 0x20 || p[0] == 0x7f;
	if (len == 2) /* C1; U+061C */
		return (p[0] == 0xc2 && p[1] < 0xa0) || (p[0] == 0xd8 && p[1] == 0x9c);
	if (len == 3 && p[0] == 0xe2 && p[1] == 0x80) /* U+200E, U+200F; U+2028 to U+202E */
		return p[2] == 0x8e || p[2] == 0x8f || (p[2] >= 0xa8 && p[2] <= 0xae);
	return len == 3 && p[0] == 0xe2 && p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9;
}

static size_t put_byte(uint8_t *out, uint8_t c, bool plain)
{
	static const char hex[] = "0123456789abcdef";

	out[0] = plain ? c : '\\';
	if (plain)
		return 1;
	out[1] = 'x';
	out[2] = (uint8_t)hex[c >> 4];
	out[3] = (uint8_t)hex[c & 15];
	return 4;
}

pqm_bytes pqm_printable(struct pqm_arena *a, pqm_bytes b)
{
	bool clean = b.n <= PQM_TEXT_BYTES;

	for (size_t i = 0, len; clean && i < b.n; i += len) {
		len = utf8_len(b.p + i, b.n - i);
		clean = len != 0 && !is_hidden(b.p + i, len);
		if (len == 0)
			break;
	}
	if (clean)
		return b;
	uint8_t *out = pqm_arena_alloc(a, (size_t)PQM_TEXT_BYTES);
	size_t n = 0, cut = 0; /* cut: the last place where the ellipsis still fits */

	if (out == NULL)
		return (pqm_bytes){ NULL, 0 };
	for (size_t i = 0, len; i < b.n; i += len) {
		len = utf8_len(b.p + i, b.n - i);
		bool plain = len != 0 && !is_hidden(b.p + i, len);

		len = len == 0 ? 1 : len;
		/* The limit is on what comes out: text that was printable once stays as it is. */
		if ((plain ? len : 4 * len) > PQM_TEXT_BYTES - n) {
			memcpy(out + cut, "…", 3);
			return (pqm_bytes){ out, cut + 3 };
		}
		for (size_t k = 0; k < len; k++)
			n += put_byte(out + n, b.p[i + k], plain);
		if (n <= PQM_TEXT_BYTES - 3)
			cut = n;
	}
	return (pqm_bytes){ out, n };
}

pqm_bytes pqm_printable_dup(struct pqm_arena *a, pqm_bytes b)
{
	struct pqm_arena once;

	pqm_arena_init(&once, (size_t)1 << 20);
	pqm_bytes text = pqm_printable(&once, b);
	pqm_bytes copy = text.p == NULL ? (pqm_bytes){ NULL, 0 } : pqm_bytes_dup(a, text);

	pqm_arena_fini(&once);
	return copy;
}

char *pqm_cstr_join(const char *a, const char *b)
{
	size_t na = strlen(a), nb = strlen(b);
	char *p = pqm_malloc(na + nb + 1);

	if (p != NULL) {
		memcpy(p, a, na);
		memcpy(p + na, b, nb + 1);
	}
	return p;
}
