/*
 * vec.h — what the vector programs share: reading ../shared/vectors, counting, saying what held.
 *
 * Shape:     each program prints `ok - words, N cases`, `not ok - words` or `skip - words`; a file
 *            that is not there is a skip. It runs once on every code level (HYB_CPU).
 * Ownership: documents and buffers live until the program ends.
 */
#ifndef HYB_TESTS_VEC_H
#define HYB_TESTS_VEC_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "hyb/hyb.h"

#define VECTORS "../shared/vectors/"

static int vec_failures;

/* One named group of cases. */
struct vec {
	const char *name;
	unsigned n, bad;
};

/* Counts one case; says the first few that fail. */
__attribute__((format(printf, 3, 4))) static inline void vec_case(
	struct vec *v, bool good, const char *what, ...)
{
	v->n++;
	if (good)
		return;
	if (v->bad++ < 5) {
		va_list ap;

		printf("    %s: ", v->name);
		va_start(ap, what);
		(void)vprintf(what, ap);
		va_end(ap);
		printf("\n");
	}
}

static inline void vec_end(const struct vec *v)
{
	if (v->bad == 0 && v->n > 0) {
		printf("ok - %s, %u cases\n", v->name, v->n);
	} else {
		printf("not ok - %s: %u of %u wrong\n", v->name, v->bad, v->n);
		vec_failures++;
	}
}

static inline void vec_skip(const char *name, const char *why)
{
	printf("skip - %s: %s\n", name, why);
}

/* The whole file, NUL-terminated; NULL if it is not there. Never freed. */
static inline char *vec_file(const char *path, size_t *n)
{
	FILE *f = fopen(path, "rbe");
	char *p = NULL;
	long len = 0;

	if (f == NULL)
		return NULL;
	if (fseek(f, 0, SEEK_END) == 0 && (len = ftell(f)) >= 0 && fseek(f, 0, SEEK_SET) == 0) {
		p = malloc((size_t)len + 1);
		if (p == NULL || fread(p, 1, (size_t)len, f) != (size_t)len)
			exit(1);
		p[len] = '\0';
	}
	(void)fclose(f);
	if (n != NULL)
		*n = (size_t)len;
	return p;
}

/* A JSON document, or NULL with a skip line. */
static inline cJSON *vec_json(const char *name, const char *path)
{
	char *text = vec_file(path, NULL);
	cJSON *doc = text != NULL ? cJSON_Parse(text) : NULL;

	if (text == NULL)
		vec_skip(name, "no such file under ../shared/vectors");
	else if (doc == NULL)
		printf("not ok - %s: %s is no JSON\n", name, path);
	free(text);
	return doc;
}

static inline int vec_nibble(int c)
{
	return c >= '0' && c <= '9'		     ? c - '0'
		: (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10
						     : -1;
}

/* Decodes hex into fresh memory. */
static inline hyb_bytes vec_unhex(const char *s)
{
	size_t n = s != NULL ? strlen(s) / 2 : 0;
	uint8_t *p = malloc(n + 1);

	if (p == NULL)
		exit(1);
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(vec_nibble(s[2 * i]) << 4 | vec_nibble(s[2 * i + 1]));
	return (hyb_bytes){ p, n };
}

static inline const char *vec_str(const cJSON *o, const char *key)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, key);

	return v != NULL && cJSON_IsString(v) ? v->valuestring : NULL;
}

static inline int vec_int(const cJSON *o, const char *key)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, key);

	return v != NULL && cJSON_IsNumber(v) ? v->valueint : -1;
}

/* A member in hex; .p is NULL if there is none. */
static inline hyb_bytes vec_hex(const cJSON *o, const char *key)
{
	const char *s = vec_str(o, key);

	return s != NULL ? vec_unhex(s) : (hyb_bytes){ NULL, 0 };
}

static inline bool vec_eq(const void *a, size_t an, hyb_bytes b)
{
	return an == b.n && (an == 0 || memcmp(a, b.p, an) == 0);
}

/* Small, fast, repeatable. */
static inline uint64_t vec_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

#endif
