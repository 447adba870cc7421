/* test_elf.c — reading imports and exports of ELF files, and refusing those that lie. */
#include "unit.h"

#include <elf.h>

#include "base/limits.h"
#include "elf_files.h"
#include "parse/elf.h"

#define MAX_SYMS 16

struct seen {
	enum pqm_st st;
	bool is_dynamic, is_program;
	uint64_t bad_off;
	size_t n_needed, n_versions, n_syms;
	char soname[64];

	struct {
		char name[64], version[32], file[64];
		bool is_defined;
		uint64_t off;
	} sym[MAX_SYMS];
	struct pqm_err err;
};

static void copy(char *to, size_t n, pqm_bytes from)
{
	size_t take = from.n < n - 1 ? from.n : n - 1;

	if (take > 0)
		memcpy(to, from.p, take);
	to[take] = '\0';
}

static void take_symbol(struct seen *s, const struct pqm_elf_sym *sym)
{
	size_t i = s->n_syms++;

	if (i >= MAX_SYMS)
		return;
	copy(s->sym[i].name, sizeof(s->sym[i].name), sym->name);
	s->sym[i].is_defined = sym->is_defined;
	s->sym[i].off = sym->off;
	if (sym->version == NULL)
		return;
	copy(s->sym[i].version, sizeof(s->sym[i].version), sym->version->name);
	copy(s->sym[i].file, sizeof(s->sym[i].file), sym->version->file);
}

static struct seen look(pqm_bytes body)
{
	struct seen s = { 0 };
	struct pqm_arena a;
	struct pqm_elf e;
	struct pqm_elf_sym sym;

	pqm_arena_init(&a, PQM_ARENA_BYTES);
	s.st = pqm_elf_open(&e, body, &a, &s.err);
	if (s.st == PQM_OK && e.is_dynamic) {
		s.is_dynamic = true;
		s.is_program = e.is_program;
		s.n_needed = e.n_needed;
		s.n_versions = e.n_versions;
		copy(s.soname, sizeof(s.soname), e.soname);
		s.st = pqm_elf_symbols(&e, &s.err);
		while (s.st == PQM_OK) {
			s.st = pqm_elf_next(&e, &sym, &s.err);
			if (s.st != PQM_OK || sym.name.n == 0)
				break;
			take_symbol(&s, &sym);
		}
	}
	s.bad_off = e.bad_off;
	pqm_elf_close(&e);
	pqm_arena_fini(&a);
	return s;
}

static struct seen look_at(const char *sample)
{
	struct elf_file f = elf_sample(sample);
	struct seen s = look(elf_bytes(&f));

	free(f.p);
	return s;
}

static void explains_itself(const struct seen *s, const char *what, size_t i)
{
	if (s->st == PQM_OK)
		return;
	if ((s->st != PQM_EPARSE && s->st != PQM_ELIMIT) || s->err.st != s->st ||
		strncmp(s->err.msg, "ELF: at byte ", 13) != 0)
		fail_msg("%s %zu: status %d, words \"%s\"", what, i, (int)s->st, s->err.msg);
}

static const char *const programs[] = { "program-le64", "program-be64", "program-le32",
	"program-be32", "static-address" };
static const char *const all[] = { "program-le64", "program-be64", "program-le32", "program-be32",
	"static-address", "library", "libcrypto", "wheel", "renamed", "hash-only", "no-crypto" };

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void reads_programs_of_both_widths_and_orders(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(programs); i++) {
		struct seen s = look_at(programs[i]);

		if (s.st != PQM_OK)
			fail_msg("%s: %s", programs[i], s.err.msg);
		assert_true(s.is_dynamic && s.is_program);
		assert_int_equal(s.n_needed, 2);
		assert_int_equal(s.n_versions, 2);
		assert_int_equal(s.n_syms, 5);
		assert_string_equal(s.sym[0].name, "RSA_generate_key_ex");
		assert_string_equal(s.sym[0].version, "OPENSSL_3.0.0");
		assert_string_equal(s.sym[0].file, "libcrypto.so.3");
		assert_string_equal(s.sym[2].name, "printf");
		assert_string_equal(s.sym[2].file, "libc.so.6");
		assert_false(s.sym[3].is_defined);
		assert_string_equal(s.sym[4].name, "DSA_sign");
		assert_true(s.sym[4].is_defined);
	}
}

static void reads_a_library_without_sections_and_hash_table(void **state)
{
	struct seen s = look_at("library");

	(void)state;
	assert_int_equal(s.st, PQM_OK);
	assert_false(s.is_program);
	assert_string_equal(s.soname, "libwrap.so.1");
	assert_int_equal(s.n_syms, 3);
	assert_string_equal(s.sym[2].name, "gnutls_pubkey_export_rsa_raw");
}

static void reads_an_image_at_an_odd_address(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(programs); i++) {
		struct elf_file f = elf_sample(programs[i]);
		uint8_t *odd = malloc(f.n + 1);

		assert_non_null(odd);
		memcpy(odd + 1, f.p, f.n);
		struct seen s = look((pqm_bytes){ odd + 1, f.n });

		assert_int_equal(s.st, PQM_OK);
		assert_int_equal(s.n_syms, 5);
		free(odd);
		free(f.p);
	}
}

static void reads_this_very_program(void **state)
{
	struct elf_file f = elf_file("/proc/self/exe");
	struct seen s = look(elf_bytes(&f));

	(void)state;
	if (s.st != PQM_OK)
		fail_msg("%s", s.err.msg);
	assert_true(s.is_dynamic && s.is_program);
	assert_true(s.n_needed >= 2 && s.n_syms > 20);
	free(f.p);
}

static void tells_where_a_symbol_stands(void **state)
{
	struct elf_file f = elf_sample("program-le64");
	struct seen s = look(elf_bytes(&f));
	size_t name = (size_t)elf_get(&f, (size_t)s.sym[0].off, 4);
	size_t strings = (size_t)elf_get(&f, elf_dynamic(&f, DT_STRTAB), 8) - 0x10000;

	(void)state;
	assert_string_equal((const char *)f.p + strings + name, "RSA_generate_key_ex");
	free(f.p);
}

static void refuses_every_strict_prefix(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(all); i++) {
		struct elf_file f = elf_sample(all[i]);

		for (size_t n = 0; n < f.n; n++) {
			uint8_t *cut = malloc(n + 1);

			assert_non_null(cut);
			memcpy(cut, f.p, n);
			struct seen s = look((pqm_bytes){ cut, n });

			if (s.st != PQM_EPARSE)
				fail_msg("%s: %zu of %zu bytes pass", all[i], n, f.n);
			explains_itself(&s, all[i], n);
			free(cut);
		}
		free(f.p);
	}
}

/* Whatever stands in a field, the answer is symbols or words with a place. */
static void survives_any_value_in_any_field(void **state)
{
	static const uint64_t values[] = { 0, 1, 2, 0x7f, 0xff, 0x7fff, 0xffff, 0x10000, 0x7fffffff,
		0xffffffff, 0x7fffffffffffffff, 0xffffffffffffffff, 0xfffffffffffff000 };
	static const size_t widths[] = { 1, 2, 4, 8 };

	(void)state;
	for (size_t i = 0; i < COUNT(all); i++)
		for (size_t w = 0; w < COUNT(widths); w++)
			for (size_t v = 0; v < COUNT(values); v++) {
				struct elf_file f = elf_sample(all[i]);

				for (size_t at = 4; at + widths[w] <= f.n; at += widths[w]) {
					uint64_t old = elf_get(&f, at, widths[w]);

					elf_put(&f, at, widths[w], values[v]);
					struct seen s = look(elf_bytes(&f));

					explains_itself(&s, all[i], at);
					elf_put(&f, at, widths[w], old);
				}
				free(f.p);
			}
}

static void says_what_is_wrong(void **state)
{
	static const struct {
		const char *name, *sample;
		size_t off; /* or a dynamic tag, when width is 0 */
		size_t width;
		uint64_t value;
		enum pqm_st st;
		const char *words;
	} cases[] = {
		{ "class", "program-le64", EI_CLASS, 1, 3, PQM_EPARSE, "byte 4: class is 3" },
		{ "order", "program-le64", EI_DATA, 1, 0, PQM_EPARSE, "byte 5: byte order is 0" },
		{ "version", "program-le64", EI_VERSION, 1, 9, PQM_EPARSE, "version is 9" },
		{ "type", "program-le64", 16, 2, 77, PQM_EPARSE, "file type 77" },
		{ "segments", "program-le64", 56, 2, 0xffff, PQM_ELIMIT, "65535 program headers" },
		{ "segment size", "program-le64", 54, 2, 55, PQM_EPARSE, "said to have 55 bytes" },
		{ "segments outside", "program-le64", 32, 8, 1000, PQM_EPARSE, "do not fit" },
		{ "sections outside", "program-le64", 40, 8, 1 << 20, PQM_EPARSE, "start here" },
		{ "sections", "program-le64", 60, 2, 4, PQM_EPARSE, "4 section headers" },
		{ "dynamic outside", "library", 64 + 56 + 8, 8, 1 << 20, PQM_EPARSE, "segment 1" },
		{ "load outside", "library", 64 + 32, 8, 1 << 20, PQM_EPARSE, "segment 0 ends" },
		{ "no dynamic bytes", "library", 64 + 56 + 32, 8, 0, PQM_EPARSE, "0 bytes" },
		{ "strings", "program-be32", DT_STRSZ, 0, 1 << 20, PQM_EPARSE, "string table" },
		{ "strings cut", "program-be32", DT_STRSZ, 0, 20, PQM_EPARSE, "no text at" },
		{ "string place", "program-le32", DT_STRTAB, 0, 1, PQM_EPARSE, "string table" },
		{ "symbols", "program-le64", DT_SYMTAB, 0, 1, PQM_EPARSE, "symbol table" },
		{ "symbol size", "program-le64", DT_SYMENT, 0, 16, PQM_EPARSE, "16 bytes, not 24" },
		{ "needed", "program-le64", DT_NEEDED, 0, 9999, PQM_EPARSE, "needed library" },
		{ "soname", "library", DT_SONAME, 0, 9999, PQM_EPARSE, "soname: no text" },
		{ "version table", "library", DT_VERNEED, 0, 1, PQM_EPARSE, "version table" },
		{ "symbol versions", "library", DT_VERSYM, 0, 1, PQM_EPARSE, "versions of 4" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct elf_file f = elf_sample(cases[i].sample);
		size_t width = cases[i].width, off = cases[i].off;

		if (width == 0) {
			off = elf_dynamic(&f, off);
			width = f.is_64 ? 8 : 4;
		}
		elf_put(&f, off, width, cases[i].value);
		struct seen s = look(elf_bytes(&f));

		if (s.st != cases[i].st || strstr(s.err.msg, cases[i].words) == NULL)
			fail_msg("%s: status %d, \"%s\"", cases[i].name, (int)s.st, s.err.msg);
		free(f.p);
	}
}

/* The sample, with room for n more bytes at its end inside the loaded segment. */
static struct elf_file grown(const char *sample, size_t n)
{
	struct elf_file f = elf_sample(sample);
	uint8_t *p = calloc(1, f.n + n);

	assert_non_null(p);
	memcpy(p, f.p, f.n);
	free(f.p);
	f.p = p;
	f.n += n;
	elf_put(&f, 64 + 32, 8, f.n); /* p_filesz of segment 0 */
	return f;
}

static void stops_at_its_limits(void **state)
{
	struct elf_file f = grown("static-address", (PQM_ELF_SYMBOLS + 8) * 24);
	size_t hash = (size_t)elf_get(&f, elf_dynamic(&f, DT_HASH), 8) - 0x10000;

	(void)state;
	elf_put(&f, hash + 4, 4, PQM_ELF_SYMBOLS + 1);
	struct seen s = look(elf_bytes(&f));

	assert_int_equal(s.st, PQM_ELIMIT);
	assert_non_null(strstr(s.err.msg, "1048577 symbols, the limit is 1048576"));
	free(f.p);

	size_t n = (PQM_ELF_DYNAMIC + 8) * 16;

	f = grown("static-address", n);
	elf_put(&f, 64 + 56 + 8, 8, f.n - n);
	elf_put(&f, 64 + 56 + 32, 8, n);
	for (size_t at = f.n - n; at < f.n; at += 16)
		elf_put(&f, at, 8, DT_NEEDED);
	s = look(elf_bytes(&f));
	assert_int_equal(s.st, PQM_ELIMIT);
	assert_non_null(strstr(s.err.msg, "dynamic entries, the limit is 16384"));
	free(f.p);

	f = elf_sample("program-le64");
	size_t sections = (size_t)elf_get(&f, 40, 8);

	elf_put(&f, 60, 2, 0);
	elf_put(&f, sections + 32, 8, (uint64_t)1 << 40);
	s = look(elf_bytes(&f));
	assert_int_equal(s.st, PQM_ELIMIT);
	assert_non_null(strstr(s.err.msg, "sections, the limit is 65536"));
	free(f.p);
}

static void passes_over_what_is_not_linked(void **state)
{
	static const uint64_t types[] = { ET_REL, ET_CORE, 0xfe01 };

	(void)state;
	for (size_t i = 0; i < COUNT(types); i++) {
		struct elf_file f = elf_sample("program-le64");

		elf_put(&f, 16, 2, types[i]);
		struct seen s = look(elf_bytes(&f));

		assert_int_equal(s.st, PQM_OK);
		assert_false(s.is_dynamic);
		free(f.p);
	}
	assert_int_equal(look(PQM_LIT("\x7f"
				      "ELF is a magic"))
				 .st,
		PQM_EPARSE);
	assert_false(pqm_elf_looks(PQM_LIT("ELF")));
}

static void survives_every_failed_allocation(void **state)
{
	struct elf_file f = elf_sample("program-be64");
	size_t n = 0;

	(void)state;
	for (struct seen s = { .st = PQM_ENOMEM }; s.st == PQM_ENOMEM;) {
		pqm_alloc_fail_at(++n);
		s = look(elf_bytes(&f));
		pqm_alloc_fail_at(0);
		assert_true(s.st == PQM_OK || s.st == PQM_ENOMEM);
		assert_true(n < 100);
	}
	assert_true(n > 1);
	free(f.p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_programs_of_both_widths_and_orders),
		cmocka_unit_test(reads_a_library_without_sections_and_hash_table),
		cmocka_unit_test(reads_an_image_at_an_odd_address),
		cmocka_unit_test(reads_this_very_program),
		cmocka_unit_test(tells_where_a_symbol_stands),
		cmocka_unit_test(refuses_every_strict_prefix),
		cmocka_unit_test(survives_any_value_in_any_field),
		cmocka_unit_test(says_what_is_wrong),
		cmocka_unit_test(stops_at_its_limits),
		cmocka_unit_test(passes_over_what_is_not_linked),
		cmocka_unit_test(survives_every_failed_allocation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
