/* test_code_sign.c — functions named by what they hold, in programs of a few instructions. */
#include "unit.h"

#include "base/limits.h"
#include "parse/code.h"

#define BASE 0x400000
#define N_FUNCS 3
#define CODE 0x100   /* where the code stands in the file, and behind BASE */
#define TABLES 0x300 /* sections: none, symbols, texts */
#define BYTES 0x480

static const struct pqm_sign SIGNS[] = {
	{ .function = { (const uint8_t *)"keygen", 6 },
		.is_one = true,
		.mark = { { .number = 0x4180, .is_negative = true },
			{ .number = 0x4080, .is_negative = true } },
		.n_marks = 2,
		.least = 2 },
	{ .mark = { { .kind = PQM_MARK_BYTES, .bytes = { (const uint8_t *)"prefix", 6 } } },
		.n_marks = 1,
		.least = 1 },
	{ .function = { (const uint8_t *)"sign_*", 6 },
		.mark = { { .kind = PQM_MARK_CALLS, .sign = 1 } },
		.n_marks = 1,
		.least = 1 },
};

struct program {
	uint8_t bytes[BYTES];
	struct pqm_arena arena;
	struct pqm_elf elf;
	struct pqm_code code;
};

static void put(struct program *p, size_t at, uint64_t v, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		p->bytes[at + i] = (uint8_t)(v >> (8 * i));
}

/* Function `at` of the program. */
static void put_code(struct program *p, size_t at, const char *code, size_t n)
{
	memcpy(p->bytes + CODE + at, code, n);
}

#define PUT(p, at, code) put_code(p, at, code, sizeof(code) - 1)

/* An x86-64 program at a fixed address: one segment that is read and run [gABI ch. 4 and 5]. */
static void begin(struct program *p)
{
	memset(p, 0, sizeof(*p));
	memset(p->bytes + CODE, 0xcc, TABLES - CODE);
	memcpy(p->bytes, "\177ELF\2\1\1", 7);
	put(p, 16, 2, 2);
	put(p, 18, 62, 2);
	put(p, 20, 1, 4);
	put(p, 24, BASE + CODE, 8);
	put(p, 32, 64, 8);
	put(p, 52, 64, 2);
	put(p, 54, 56, 2);
	put(p, 56, 1, 2);
	put(p, 64, 1, 4);
	put(p, 68, 5, 4);
	put(p, 64 + 16, BASE, 8);
	put(p, 64 + 24, BASE, 8);
	put(p, 64 + 32, BYTES, 8);
	put(p, 64 + 40, BYTES, 8);
	put(p, 64 + 48, 0x1000, 8);
	put(p, 40, TABLES, 8);
	put(p, 58, 64, 2);
	put(p, 60, 3, 2);
	put(p, TABLES + 64 + 4, 2, 4);
	put(p, TABLES + 64 + 24, TABLES + 192, 8);
	put(p, TABLES + 64 + 32, (N_FUNCS + 1) * 24, 8);
	put(p, TABLES + 64 + 40, 2, 4);
	put(p, TABLES + 64 + 56, 24, 8);
	put(p, TABLES + 128 + 4, 3, 4);
	put(p, TABLES + 128 + 24, 8, 8);
	put(p, TABLES + 128 + 32, 8, 8);
	for (size_t i = 0; i < N_FUNCS; i++) {
		size_t at = TABLES + 192 + 24 * (i + 1);

		put(p, at + 4, 2, 1);
		put(p, at + 6, 1, 2);
		put(p, at + 8, BASE + CODE + 0x40 * i, 8);
		put(p, at + 16, 0x40, 8);
	}
	pqm_arena_init(&p->arena, PQM_CODE_BYTES);
}

static bool wants(void *ctx, pqm_bytes name, bool is_import, const struct pqm_elf_version *version)
{
	(void)ctx;
	(void)name;
	(void)is_import;
	(void)version;
	return false;
}

static void read_program(struct program *p)
{
	struct pqm_signs signs = { SIGNS, sizeof(SIGNS) / sizeof(SIGNS[0]), 1 };
	struct pqm_code_want want = { .wants = wants, .signs = &signs };
	struct pqm_err err = { 0 };

	assert_int_equal(
		pqm_elf_open(&p->elf, (pqm_bytes){ p->bytes, BYTES }, &p->arena, &err), PQM_OK);
	assert_int_equal(pqm_code_read(&p->code, &p->elf, &want, &p->arena, &err), PQM_OK);
}

static void end(struct program *p)
{
	pqm_elf_close(&p->elf);
	pqm_arena_fini(&p->arena);
}

static void numbers_name_a_function(void **state)
{
	struct program p;

	(void)state;
	begin(&p);
	PUT(&p, 0x00,
		"\xbe\x00\x0c\x00\x00\xe8\x36\x00\x00\x00\xf4"); /* mov $3072, %esi; call 40 */
	PUT(&p, 0x40,
		"\xb8\x80\xbf\xff\xff\x8d\x90\x80\xbe\xff\xff\xc3"); /* mov; lea -0x4180(%rax), %edx */
	read_program(&p);
	assert_int_equal(p.code.n_calls, 1);
	assert_int_equal(p.code.calls[0].by, PQM_BY_SIGN);
	assert_int_equal(p.code.calls[0].sign, 0);
	assert_int_equal(p.code.calls[0].reach, PQM_REACH_YES);
	assert_int_equal(p.code.calls[0].addr, BASE + CODE + 5);
	assert_int_equal(p.code.calls[0].arg[1].value, 3072);
	assert_true(pqm_eqs(p.code.calls[0].callee, "keygen"));
	end(&p);
}

/* The same bytes as places on the stack, as positive numbers, or in two functions. */
static void what_only_looks_like_it(void **state)
{
	static const char *const bodies[] = {
		"\xb8\x80\xbf\xff\xff\x8d\x95\x80\xbe\xff\xff\xc3", /* lea -0x4180(%rbp), %edx */
		"\xb8\x80\xbf\xff\xff\x8b\x90\x80\xbe\xff\xff\xc3", /* mov -0x4180(%rax), %edx */
		"\xb8\x80\xbf\xff\xff\xba\x80\x41\x7f\x7f\xc3\xc3", /* another number */
	};
	struct program p;

	(void)state;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		begin(&p);
		PUT(&p, 0x00, "\xe8\x3b\x00\x00\x00\xf4");
		put_code(&p, 0x40, bodies[i], 12);
		read_program(&p);
		assert_int_equal(p.code.n_calls, 0);
		end(&p);
	}
	begin(&p);
	PUT(&p, 0x00, "\xe8\x3b\x00\x00\x00\xe8\x76\x00\x00\x00\xf4");
	PUT(&p, 0x40, "\xb8\x80\xbf\xff\xff\x8d\x90\x80\xbe\xff\xff\xc3");
	PUT(&p, 0x80, "\xb8\x80\xbf\xff\xff\x8d\x90\x80\xbe\xff\xff\xc3");
	read_program(&p);
	assert_int_equal(p.code.n_calls, 0);
	end(&p);
}

static void signs_rest_on_signs(void **state)
{
	struct program p;

	(void)state;
	begin(&p);
	PUT(&p, 0x00, "\xe8\x3b\x00\x00\x00\xf4");	   /* call 40 */
	PUT(&p, 0x40, "\xe8\x3b\x00\x00\x00\xc3");	   /* call 80 */
	PUT(&p, 0x80, "\x48\x8d\x05\x39\x00\x00\x00\xc3"); /* lea c0, %rax */
	PUT(&p, 0xc0, "prefixed");
	read_program(&p);
	assert_int_equal(p.code.n_calls, 1);
	assert_true(pqm_eqs(p.code.calls[0].callee, "sign_*"));
	end(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_name_a_function),
		cmocka_unit_test(what_only_looks_like_it),
		cmocka_unit_test(signs_rest_on_signs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
