/* test_macho.c — programs of macOS: both tables of imports, fat files, and the limits. */
#include "unit.h"

#include "base/limits.h"
#include "elf_files.h"
#include "parse/macho.h"

struct seen {
	size_t n, n_rsa;
};

static enum pqm_st see(void *ctx, const struct pqm_macho_sym *s)
{
	struct seen *seen = ctx;

	assert_true(s->name.n > 0 && s->name.n < PQM_MACHO_NAME_BYTES);
	seen->n++;
	if (pqm_eqs(s->name, "RSA_sign"))
		seen->n_rsa++;
	if (pqm_eqs(s->name, "RSA_sign") && !s->is_defined)
		assert_bytes(s->dylib, "libcrypto.3.dylib");
	return PQM_OK;
}

static enum pqm_st look(pqm_bytes body, struct seen *seen, struct pqm_err *err)
{
	enum pqm_st st = PQM_OK;
	struct pqm_arena a;

	*seen = (struct seen){ 0 };
	pqm_arena_init(&a, PQM_ARENA_BYTES);
	for (size_t i = 0; st == PQM_OK; i++) {
		struct pqm_macho m;
		uint64_t base;
		pqm_bytes image = pqm_macho_image(body, i, &base);

		if (image.n == 0)
			break;
		assert_true(image.p >= body.p && image.n <= body.n);
		st = pqm_macho_open(&m, image, base, &a, err);
		if (st == PQM_OK)
			st = pqm_macho_symbols(&m, see, seen, err);
	}
	pqm_arena_fini(&a);
	assert_true(st == PQM_OK || st == PQM_EPARSE || st == PQM_ELIMIT);
	assert_true(st == PQM_OK || err->msg[0] != '\0');
	return st;
}

static void imports_of_every_form(void **state)
{
	static const char *const files[] = { "thin", "chained", "fat" };
	struct pqm_err err = { 0 };
	struct seen seen;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		char path[64];

		(void)snprintf(path, sizeof(path), "tests/fuzz/corpus/macho/%s", files[i]);
		struct elf_file f = elf_file(path);

		assert_int_equal(look(elf_bytes(&f), &seen, &err), PQM_OK);
		assert_int_equal(seen.n_rsa, 1);
		free(f.p);
	}
}

static enum pqm_st see_any(void *ctx, const struct pqm_macho_sym *s)
{
	(void)ctx;
	(void)s;
	return PQM_OK;
}

static void counts_are_not_believed(void **state)
{
	static const uint32_t lies[] = { 1, 0x10000, 0x7fffffff, 0xffffffff };
	struct elf_file f = elf_file("tests/fuzz/corpus/macho/thin");
	struct pqm_err err = { 0 };
	struct pqm_arena a;
	struct pqm_macho m;

	(void)state;
	pqm_arena_init(&a, PQM_ARENA_BYTES);
	f.is_big = false;
	for (size_t at = 16; at + 4 <= f.n; at += 4)
		for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
			uint8_t was[4];

			memcpy(was, f.p + at, 4);
			elf_put(&f, at, 4, lies[i]);
			enum pqm_st st = pqm_macho_open(&m, elf_bytes(&f), 0, &a, &err);

			if (st == PQM_OK)
				st = pqm_macho_symbols(&m, see_any, NULL, &err);
			assert_true(st == PQM_OK || st == PQM_EPARSE || st == PQM_ELIMIT);
			memcpy(f.p + at, was, 4);
		}
	assert_int_equal(pqm_macho_open(&m, elf_bytes(&f), 0, &a, &err), PQM_OK);
	m.n_symbols = PQM_MACHO_SYMBOLS + 1;
	assert_int_equal(pqm_macho_symbols(&m, see_any, NULL, &err), PQM_ELIMIT);
	pqm_arena_fini(&a);
	free(f.p);
}

static void libraries_have_a_limit(void **state)
{
	size_t n = PQM_MACHO_DYLIBS + 1, size = 32 + n * 24;
	uint8_t *p = calloc(1, size);
	struct elf_file f = { .p = p, .n = size };
	struct pqm_err err = { 0 };
	struct seen seen;

	(void)state;
	assert_non_null(p);
	elf_put(&f, 0, 4, 0xfeedfacf);
	elf_put(&f, 16, 4, n);
	elf_put(&f, 20, 4, n * 24);
	for (size_t i = 0; i < n; i++) {
		elf_put(&f, 32 + i * 24, 4, 0xc);
		elf_put(&f, 36 + i * 24, 4, 24);
	}
	assert_int_equal(look(elf_bytes(&f), &seen, &err), PQM_ELIMIT);
	free(p);
}

static void cut(void **state)
{
	static const char *const files[] = { "thin", "chained", "old" };
	struct pqm_err err = { 0 };
	struct seen seen;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		char path[64];

		(void)snprintf(path, sizeof(path), "tests/fuzz/corpus/macho/%s", files[i]);
		struct elf_file f = elf_file(path);

		for (size_t n = 0; n < f.n; n++) {
			uint8_t *copy = malloc(n + 1);

			assert_non_null(copy);
			memcpy(copy, f.p, n);
			(void)look((pqm_bytes){ copy, n }, &seen, &err);
			free(copy);
		}
		free(f.p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(imports_of_every_form),
		cmocka_unit_test(counts_are_not_believed),
		cmocka_unit_test(libraries_have_a_limit),
		cmocka_unit_test(cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
