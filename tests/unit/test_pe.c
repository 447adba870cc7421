/* test_pe.c — programs of Windows and .NET assemblies: imports, exports, calls; and their limits. */
#include "unit.h"

#include "base/limits.h"
#include "elf_files.h"
#include "parse/clr.h"

#define SAMPLE "tests/fuzz/corpus/pe/seed.exe"
#define ASSEMBLY "tests/fuzz/corpus/clr/seed.exe"
#define HEAD 0x400
#define RVA 0x1000

struct seen {
	size_t n, n_rsa;
};

static enum pqm_st see(void *ctx, const struct pqm_pe_sym *s)
{
	struct seen *seen = ctx;

	assert_true((s->name.n > 0) != s->is_ordinal);
	seen->n++;
	if (pqm_eqs(s->name, "RSA_sign") && pqm_eqs(s->dll, "libcrypto-3-x64.dll"))
		seen->n_rsa++;
	return PQM_OK;
}

static enum pqm_st look(pqm_bytes body, struct seen *seen, struct pqm_err *err)
{
	struct pqm_pe p;
	enum pqm_st st = pqm_pe_open(&p, body, err);

	*seen = (struct seen){ 0 };
	if (st == PQM_OK)
		st = pqm_pe_imports(&p, see, seen, err);
	if (st == PQM_OK)
		st = pqm_pe_exports(&p, see, seen, err);
	assert_true(st == PQM_OK || st == PQM_EPARSE || st == PQM_ELIMIT);
	assert_true(st == PQM_OK || err->msg[0] != '\0');
	return st;
}

static void symbols_are_told(void **state)
{
	struct elf_file f = elf_file(SAMPLE);
	struct pqm_err err = { 0 };
	struct seen seen;
	struct pqm_pe p;

	(void)state;
	assert_int_equal(look(elf_bytes(&f), &seen, &err), PQM_OK);
	assert_int_equal(seen.n_rsa, 1);
	assert_int_equal(pqm_pe_open(&p, elf_bytes(&f), &err), PQM_OK);
	assert_true(p.is_64 && p.clr_rva == 0);
	assert_bytes(p.name, "seed.exe");
	/* Outside of every section there is nothing. */
	assert_int_equal(pqm_pe_at(&p, UINT32_MAX, 16).n, 0);
	assert_int_equal(pqm_pe_at(&p, UINT64_MAX, 16).n, 0);
	free(f.p);
}

static void put(uint8_t *p, size_t at, uint64_t v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[at + i] = (uint8_t)(v >> (8 * i));
}

/* A 64-bit image with so many sections, each of them the n bytes behind the headers. */
static uint8_t *image(size_t n_sections, size_t n, size_t *size)
{
	size_t head = HEAD + n_sections * 40;
	uint8_t *p = calloc(1, head + n);

	assert_non_null(p);
	*size = head + n;
	memcpy(p, "MZ", 2);
	put(p, 0x3c, 64, 4);
	memcpy(p + 64, "PE\0", 4);
	put(p, 68, 0x8664, 2);
	put(p, 70, n_sections, 2);
	put(p, 84, 240, 2);
	put(p, 88, 0x20b, 2);
	put(p, 88 + 108, 16, 4);
	for (size_t i = 0; i < n_sections; i++) {
		size_t at = 88 + 240 + i * 40;

		put(p, at + 8, n, 4);
		put(p, at + 12, RVA, 4);
		put(p, at + 16, n, 4);
		put(p, at + 20, head, 4);
	}
	return p;
}

static void tables_have_limits(void **state)
{
	struct pqm_err err = { 0 };
	struct seen seen;
	struct pqm_pe p;
	size_t n = 8 * (PQM_PE_SYMBOLS + 2), size;
	uint8_t *b = image(PQM_PE_SECTIONS + 1, 64, &size);

	(void)state;
	assert_int_equal(pqm_pe_open(&p, (pqm_bytes){ b, size }, &err), PQM_EPARSE);
	free(b);
	/* Rows without names count, too: by them a file of megabytes would cost hours. */
	b = image(1, n + 128, &size);
	put(b, 88 + 112 + 8, RVA, 4);
	put(b, size - n - 128, RVA + 96, 4);
	put(b, size - n - 128 + 12, RVA + 64, 4);
	memcpy(b + size - n - 128 + 64, "a.dll", 6);
	for (size_t i = 0; i < PQM_PE_SYMBOLS + 1; i++)
		put(b, size - n - 128 + 96 + 8 * i, 0x7ffffff0, 8);
	assert_int_equal(look((pqm_bytes){ b, size }, &seen, &err), PQM_ELIMIT);
	assert_int_equal(seen.n, 0);
	free(b);
}

static enum pqm_st see_call(void *ctx, const struct pqm_clr_call *c)
{
	size_t *n = ctx;

	assert_true(c->at < PQM_CLR_CODE_BYTES);
	++*n;
	return PQM_OK;
}

static enum pqm_st look_at_assembly(pqm_bytes body, size_t *n, struct pqm_err *err)
{
	struct pqm_arena a;
	struct pqm_pe p;
	struct pqm_clr c;
	enum pqm_st st = pqm_pe_open(&p, body, err);

	*n = 0;
	pqm_arena_init(&a, PQM_ARENA_BYTES);
	if (st == PQM_OK && p.clr_rva != 0)
		st = pqm_clr_open(&c, &p, &a, err);
	if (st == PQM_OK && p.clr_rva != 0)
		st = pqm_clr_calls(&c, see_call, n, err);
	pqm_arena_fini(&a);
	assert_true(st == PQM_OK || st == PQM_EPARSE || st == PQM_ELIMIT);
	assert_true(st == PQM_OK || err->msg[0] != '\0');
	return st;
}

struct calls {
	const struct pqm_clr *c;
	bool has_rsa, has_curve;
};

static enum pqm_st see_made(void *ctx, const struct pqm_clr_call *call)
{
	struct calls *k = ctx;
	struct pqm_clr_name name;

	if (!pqm_clr_name(k->c, call->token, &name))
		return PQM_OK;
	if (pqm_eqs(name.type, "System/Security/Cryptography/RSACryptoServiceProvider") &&
		call->is_new && call->n_args == 1 && call->args[0].kind == PQM_CLR_INT)
		k->has_rsa = true;
	if (pqm_eqs(name.type, "System/Security/Cryptography/ECDsa") && call->n_args == 1 &&
		call->args[0].kind == PQM_CLR_MADE &&
		pqm_clr_name(k->c, call->args[0].token, &name))
		k->has_curve = pqm_eqs(name.member, "get_nistP256");
	return PQM_OK;
}

static void calls_are_told(void **state)
{
	static const char *const spaces[] = { "System.Security.Cryptography" };
	struct elf_file f = elf_file(ASSEMBLY);
	struct pqm_err err = { 0 };
	struct pqm_arena a;
	struct pqm_pe p;
	struct pqm_clr c;
	struct calls k = { .c = &c };

	(void)state;
	pqm_arena_init(&a, PQM_ARENA_BYTES);
	assert_int_equal(pqm_pe_open(&p, elf_bytes(&f), &err), PQM_OK);
	assert_int_equal(pqm_clr_open(&c, &p, &a, &err), PQM_OK);
	assert_true(pqm_clr_refers(&c, spaces, 1));
	assert_int_equal(pqm_clr_calls(&c, see_made, &k, &err), PQM_OK);
	assert_true(k.has_rsa && k.has_curve);
	/* What is no method names nothing. */
	struct pqm_clr_name name;

	assert_false(pqm_clr_name(&c, 0x0a000000, &name));
	assert_false(pqm_clr_name(&c, 0x0affffff, &name));
	assert_false(pqm_clr_name(&c, 0x06ffffff, &name));
	assert_false(pqm_clr_name(&c, 0x01000001, &name));
	pqm_arena_fini(&a);
	free(f.p);
}

static void the_budget_of_an_assembly_ends(void **state)
{
	struct elf_file f = elf_file(ASSEMBLY);
	struct pqm_err err = { 0 };
	struct pqm_arena a;
	struct pqm_pe p;
	struct pqm_clr c;
	size_t n = 0;

	(void)state;
	pqm_arena_init(&a, PQM_ARENA_BYTES);
	assert_int_equal(pqm_pe_open(&p, elf_bytes(&f), &err), PQM_OK);
	assert_int_equal(pqm_clr_open(&c, &p, &a, &err), PQM_OK);
	c.budget = 4;
	assert_int_equal(pqm_clr_calls(&c, see_call, &n, &err), PQM_ELIMIT);
	assert_int_equal(n, 0);
	pqm_arena_fini(&a);
	free(f.p);
}

static void cut_and_changed(void **state)
{
	static const char *const files[] = { SAMPLE, ASSEMBLY };
	static const uint8_t marks[] = { 0, 0x41, 0xff };
	struct pqm_err err = { 0 };
	struct seen seen;
	size_t n;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct elf_file f = elf_file(files[i]);

		for (size_t at = 64; at < f.n; at += 3) {
			uint8_t *copy = malloc(at);

			assert_non_null(copy);
			memcpy(copy, f.p, at);
			(void)look((pqm_bytes){ copy, at }, &seen, &err);
			(void)look_at_assembly((pqm_bytes){ copy, at }, &n, &err);
			free(copy);
		}
		for (size_t at = 0x3c; at < f.n; at++)
			for (size_t k = 0; k < sizeof(marks); k++) {
				uint8_t was = f.p[at];

				f.p[at] = marks[k];
				(void)look(elf_bytes(&f), &seen, &err);
				(void)look_at_assembly(elf_bytes(&f), &n, &err);
				f.p[at] = was;
			}
		free(f.p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(symbols_are_told),
		cmocka_unit_test(tables_have_limits),
		cmocka_unit_test(calls_are_told),
		cmocka_unit_test(the_budget_of_an_assembly_ends),
		cmocka_unit_test(cut_and_changed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
