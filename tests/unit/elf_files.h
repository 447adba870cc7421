/*
 * elf_files.h — the ELF samples of fixtures/elf in memory, and writing fields into them.
 *
 * Ownership: elf_file returns owned memory: free().
 * Threads:   one test at a time.
 */
#ifndef PQM_TESTS_ELF_FILES_H
#define PQM_TESTS_ELF_FILES_H

#include <stdio.h>
#include <stdlib.h>

#include "base/bytes.h"

struct elf_file {
	uint8_t *p;
	size_t n;
	bool is_64, is_big;
};

static inline struct elf_file elf_file(const char *path)
{
	struct elf_file f = { 0 };
	FILE *in = fopen(path, "rb");
	long size;

	assert_non_null(in);
	assert_int_equal(fseek(in, 0, SEEK_END), 0);
	size = ftell(in);
	rewind(in);
	assert_true(size > 16);
	f.n = (size_t)size;
	f.p = malloc(f.n); /* just so much: the sanitizer sees the true end */
	assert_non_null(f.p);
	assert_int_equal(fread(f.p, 1, f.n, in), f.n);
	(void)fclose(in);
	f.is_64 = f.p[4] == 2;
	f.is_big = f.p[5] == 2;
	return f;
}

static inline struct elf_file elf_sample(const char *name)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "fixtures/elf/%s.elf", name);
	return elf_file(path);
}

static inline pqm_bytes elf_bytes(const struct elf_file *f)
{
	return (pqm_bytes){ f->p, f->n };
}

static inline void elf_put(struct elf_file *f, size_t off, size_t width, uint64_t v)
{
	assert_true(off + width <= f->n);
	for (size_t i = 0; i < width; i++)
		f->p[off + (f->is_big ? width - 1 - i : i)] = (uint8_t)(v >> (8 * i));
}

static inline uint64_t elf_get(const struct elf_file *f, size_t off, size_t width)
{
	uint64_t v = 0;

	for (size_t i = 0; i < width; i++)
		v = v << 8 | f->p[off + (f->is_big ? i : width - 1 - i)];
	return v;
}

/* Offset of the value of the first dynamic entry with this tag; the samples have it as segment 1. */
static inline size_t elf_dynamic(const struct elf_file *f, uint64_t tag)
{
	size_t word = f->is_64 ? 8 : 4;
	size_t ph = f->is_64 ? 64 + 56 : 52 + 32;
	size_t at = (size_t)elf_get(f, ph + (f->is_64 ? 8 : 4), word);

	for (; elf_get(f, at, word) != tag; at += 2 * word)
		assert_true(elf_get(f, at, word) != 0);
	return at + word;
}

#endif
