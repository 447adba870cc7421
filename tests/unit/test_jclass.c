/* test_jclass.c — class files: what their code hands to calls, and the limits of following it. */
#include "unit.h"

#include "base/limits.h"
#include "elf_files.h"
#include "parse/jclass_flow.h"

#define SAMPLE "tests/fuzz/corpus/jclass/keys.class"

static const struct pqm_jclass_member *method(const struct pqm_jclass *c, const char *name)
{
	for (size_t i = 0; i < c->n_methods; i++)
		if (pqm_eqs(c->methods[i].name, name))
			return &c->methods[i];
	return NULL;
}

static const struct pqm_jcall *call(
	const struct pqm_jclass *c, const struct pqm_jflow *flow, const char *name)
{
	struct pqm_jclass_ref ref;

	for (size_t i = 0; i < flow->n_calls; i++)
		if (pqm_jclass_ref(c, flow->calls[i].ref, &ref) && pqm_eqs(ref.name, name))
			return &flow->calls[i];
	return NULL;
}

static void arguments_of_calls(void **state)
{
	struct elf_file f = elf_file(SAMPLE);
	struct pqm_err err = { 0 };
	struct pqm_arena a;
	struct pqm_jclass c;
	struct pqm_jflow flow;

	(void)state;
	pqm_arena_init(&a, PQM_ARENA_BYTES);
	assert_int_equal(pqm_jclass_open(&c, elf_bytes(&f), &a, &err), PQM_OK);
	assert_int_equal(pqm_jclass_members(&c, &err), PQM_OK);
	assert_bytes(c.name, "app/Keys");
	assert_bytes(c.super, "java/lang/Object");
	assert_non_null(method(&c, "rsa"));
	assert_int_equal(pqm_jflow(&flow, &c, method(&c, "rsa"), &a, &err), PQM_OK);
	const struct pqm_jcall *made = call(&c, &flow, "getInstance"),
			       *size = call(&c, &flow, "initialize");

	assert_true(made != NULL && made->n_args == 1 && made->args[0].kind == PQM_JV_TEXT);
	assert_bytes(pqm_jclass_text(&c, made->args[0].v), "RSA");
	/* The receiver is what that call made, the number is the one in the source. */
	assert_true(size != NULL && size->n_args == 2);
	assert_int_equal(size->args[0].kind, PQM_JV_MADE);
	assert_int_equal(size->args[0].v, made->pc);
	assert_int_equal(size->args[1].kind, PQM_JV_INT);
	assert_int_equal(size->args[1].v, 3072);
	pqm_arena_fini(&a);
	free(f.p);
}

/* Everything that can be asked of a class: nothing may be read outside of it. */
static void look(pqm_bytes body)
{
	struct pqm_err err = { 0 };
	struct pqm_arena a;
	struct pqm_jclass c;
	struct pqm_jflow flow;
	enum pqm_st st;

	pqm_arena_init(&a, PQM_ARENA_BYTES);
	st = pqm_jclass_open(&c, body, &a, &err);
	if (st == PQM_OK)
		st = pqm_jclass_members(&c, &err);
	for (size_t i = 0; st == PQM_OK && i < c.n_methods; i++) {
		struct pqm_err why = { 0 };
		enum pqm_st followed = pqm_jflow(&flow, &c, &c.methods[i], &a, &why);

		assert_true(followed == PQM_OK || followed == PQM_EPARSE || followed == PQM_ELIMIT);
		assert_true(followed == PQM_OK || why.msg[0] != '\0');
	}
	assert_true(st == PQM_OK || st == PQM_EPARSE);
	if (st == PQM_EPARSE)
		assert_memory_equal(err.msg, "class file: at byte ", 20);
	pqm_arena_fini(&a);
}

static void cut_and_changed(void **state)
{
	static const uint8_t marks[] = { 0, 1, 0x7f, 0xff };
	struct elf_file f = elf_file(SAMPLE);

	(void)state;
	for (size_t n = 0; n < f.n; n++) {
		uint8_t *copy = malloc(n + 1);

		assert_non_null(copy);
		memcpy(copy, f.p, n);
		look((pqm_bytes){ copy, n });
		free(copy);
	}
	for (size_t i = 8; i < f.n; i++)
		for (size_t k = 0; k < sizeof(marks); k++) {
			uint8_t was = f.p[i];

			f.p[i] = marks[k];
			look(elf_bytes(&f));
			f.p[i] = was;
		}
	free(f.p);
}

static enum pqm_st follow(pqm_bytes code, uint16_t locals, uint64_t work, struct pqm_err *err)
{
	struct pqm_jclass c = { .body = code, .work = work };
	struct pqm_jclass_member m = { .desc = PQM_LIT("()V"),
		.access = PQM_J_STATIC,
		.code = code,
		.max_stack = locals,
		.max_locals = locals };
	struct pqm_jflow flow;
	struct pqm_arena a;

	pqm_arena_init(&a, PQM_ARENA_BYTES);
	enum pqm_st st = pqm_jflow(&flow, &c, &m, &a, err);

	pqm_arena_fini(&a);
	return st;
}

#define CODE(...)                                                                                  \
	((pqm_bytes){ (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }) })

static void code_that_no_machine_takes(void **state)
{
	struct pqm_err err = { 0 };

	(void)state;
	assert_int_equal(follow(CODE(0xb1), 1, 1000, &err), PQM_OK);
	assert_int_equal(follow(CODE(0x00), 1, 1000, &err), PQM_EPARSE); /* runs out of its end */
	assert_int_equal(follow(CODE(0xa7, 0x7f, 0xff), 1, 1000, &err), PQM_EPARSE);
	assert_int_equal(follow(CODE(0xa7, 0xff, 0xff), 1, 1000, &err), PQM_EPARSE);
	assert_int_equal(follow(CODE(0xa7, 0x00, 0x01, 0xb1), 1, 1000, &err), PQM_EPARSE);
	assert_int_equal(follow(CODE(0xff, 0xb1), 1, 1000, &err), PQM_EPARSE);
	assert_int_equal(follow(CODE(0xb8, 0x00, 0x09, 0xb1), 1, 1000, &err), PQM_EPARSE);
	/* A table of two thousand million jumps. */
	assert_int_equal(follow(CODE(0x03, 0xaa, 0, 0, 0, 0, 0, 9, 0x80, 0, 0, 0, 0x7f, 0xff, 0xff,
					0xff, 0xb1),
				 1, 1000, &err),
		PQM_EPARSE);
}

static void following_has_limits(void **state)
{
	uint8_t jumps[3 * 40 + 1];
	struct pqm_err err = { 0 };

	(void)state;
	for (size_t i = 0; i < 40; i++)
		memcpy(jumps + 3 * i, "\xa7\x00\x03", 3);
	jumps[120] = 0xb1;
	pqm_bytes code = { jumps, sizeof(jumps) };

	assert_int_equal(follow(code, 16, 1 << 20, &err), PQM_OK);
	/* Values that are kept where ways meet. */
	assert_int_equal(follow(code, 60000, UINT64_MAX, &err), PQM_ELIMIT);
	/* What all methods of a class may cost together. */
	assert_int_equal(follow(code, 16, 100, &err), PQM_ELIMIT);
	assert_string_equal(err.msg, "class file: its methods cost too much to follow");
}

static void descriptors(void **state)
{
	uint8_t slots[256], text[300];
	unsigned gives;

	(void)state;
	memset(text, 'I', sizeof(text));
	text[0] = '(';
	memcpy(text + 256, ")J", 2);
	assert_int_equal(pqm_jdesc((pqm_bytes){ text, 258 }, slots, &gives), 255);
	assert_int_equal(gives, 2);
	text[256] = 'I';
	memcpy(text + 257, ")J", 2);
	assert_int_equal(pqm_jdesc((pqm_bytes){ text, 259 }, slots, &gives), -1);
	assert_int_equal(pqm_jdesc(PQM_LIT("(Ljava/lang/String"), slots, &gives), -1);
	assert_int_equal(pqm_jdesc(PQM_LIT("(V)V"), slots, &gives), -1);
	assert_int_equal(pqm_jdesc(PQM_LIT("()"), slots, &gives), -1);
	assert_bytes(pqm_jdesc_arg(PQM_LIT("(J[Lx;I)V"), 1), "[Lx;");
	assert_bytes(pqm_jdesc_arg(PQM_LIT("(J[Lx;I)V"), 3), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arguments_of_calls),
		cmocka_unit_test(cut_and_changed),
		cmocka_unit_test(code_that_no_machine_takes),
		cmocka_unit_test(following_has_limits),
		cmocka_unit_test(descriptors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
