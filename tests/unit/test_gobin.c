/* test_gobin.c — Go programs: build information, functions, who calls whom, and what registers hold. */
#include "unit.h"

#include "base/limits.h"
#include "elf_files.h"
#include "parse/gocalls.h"
#include "parse/goflow.h"

#define SAMPLE "tests/fuzz/corpus/gobin/elf20"

static uint64_t info_of(const struct pqm_gobin *g)
{
	return pqm_find(g->body, 0, PQM_LIT(PQM_GO_INFO_MAGIC));
}

static void build_information(void **state)
{
	static const char *const files[] = { "elf20", "elf18", "elf16", "macho", "pe", "arm64" };
	struct pqm_err err = { 0 };
	pqm_bytes value;
	bool found;

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct pqm_pclntab t;
		struct pqm_gobin g;
		struct pqm_arena a;
		char path[64];

		(void)snprintf(path, sizeof(path), "tests/fuzz/corpus/gobin/%s", files[i]);
		struct elf_file f = elf_file(path);

		pqm_arena_init(&a, PQM_ARENA_BYTES);
		assert_int_equal(pqm_gobin_open(&g, elf_bytes(&f), 0, &a, &err), PQM_OK);
		assert_int_equal(pqm_gobin_info(&g, info_of(&g), &found, &err), PQM_OK);
		assert_true(found);
		assert_true(pqm_starts(g.version, PQM_LIT("go1.")));
		assert_bytes(g.main.path, "pqmap.test/a");
		assert_int_equal(g.n_deps, 1);
		assert_bytes(g.deps[0].version, "v0.1"); /* of what replaces it */
		assert_true(pqm_gobin_debug(
			pqm_gobin_setting(&g, "DefaultGODEBUG"), PQM_LIT("tlsmlkem"), &value));
		assert_bytes(value, "0");
		assert_int_equal(pqm_pclntab_find(&t, &g, &a, &err), PQM_OK);
		assert_int_equal(t.n, 6);
		assert_bytes(pqm_pclntab_name(&t, 2), "main.main");
		assert_int_equal(pqm_pclntab_name(&t, 6).n, 0);
		pqm_arena_fini(&a);
		free(f.p);
	}
}

/* The longest module that a package is in, by its parts and not by its letters. */
static void modules_of_packages(void **state)
{
	struct pqm_go_module deps[] = { { PQM_LIT("a.b/c"), PQM_LIT("1") },
		{ PQM_LIT("a.b/c/d"), PQM_LIT("2") },
		{ PQM_LIT("golang.org/x/crypto"), PQM_LIT("3") } };
	struct pqm_gobin g = {
		.main = { PQM_LIT("a.b"), PQM_LIT("0") }, .deps = deps, .n_deps = 3
	};

	(void)state;
	assert_ptr_equal(pqm_gobin_module(&g, PQM_LIT("main")), &g.main);
	assert_ptr_equal(pqm_gobin_module(&g, PQM_LIT("a.b/x")), &g.main);
	assert_ptr_equal(pqm_gobin_module(&g, PQM_LIT("a.b/c")), &deps[0]);
	assert_ptr_equal(pqm_gobin_module(&g, PQM_LIT("a.b/c/e/f")), &deps[0]);
	assert_ptr_equal(pqm_gobin_module(&g, PQM_LIT("a.b/c/d/e")), &deps[1]);
	assert_ptr_equal(pqm_gobin_module(&g, PQM_LIT("a.b/cc")), &g.main);
	assert_ptr_equal(pqm_gobin_module(&g, PQM_LIT("golang.org/x/crypto/ssh")), &deps[2]);
	assert_null(pqm_gobin_module(&g, PQM_LIT("golang.org/x/cryptox")));
	assert_null(pqm_gobin_module(&g, PQM_LIT("crypto/rsa")));
	assert_null(pqm_gobin_module(&g, PQM_LIT("")));
}

/* Everything that can be asked of a program. */
static void look(pqm_bytes body)
{
	struct pqm_err err = { 0 };
	struct pqm_go_graph graph;
	struct pqm_go_types types;
	struct pqm_pclntab t;
	struct pqm_gobin g;
	struct pqm_arena a;
	bool found;
	enum pqm_st st;

	pqm_arena_init(&a, PQM_ARENA_BYTES);
	st = pqm_gobin_open(&g, body, 0, &a, &err);
	if (st == PQM_OK)
		st = pqm_gobin_info(&g, info_of(&g), &found, &err);
	if (st == PQM_OK)
		st = pqm_pclntab_find(&t, &g, &a, &err);
	if (st == PQM_OK && t.n > 0) {
		struct pqm_go_flow w = { .bin = &g, .table = &t, .version = 124, .arena = &a };

		pqm_go_types_find(&types, &g, &t, 124);
		for (uint32_t i = 0; i < t.n; i++)
			(void)pqm_go_flow(&w, i);
		st = pqm_go_graph_new(&graph, &t, &a, &err);
		if (st == PQM_OK)
			st = pqm_go_graph_walk(&graph, &g, &t, &a, &err);
	}
	assert_true(st == PQM_OK || st == PQM_EPARSE || st == PQM_ELIMIT);
	assert_true(st == PQM_OK || err.msg[0] != '\0');
	pqm_arena_fini(&a);
}

static void cut_and_changed(void **state)
{
	static const uint8_t marks[] = { 0, 0x7f, 0xff };
	struct elf_file f = elf_file(SAMPLE);

	(void)state;
	for (size_t n = 64; n < f.n; n++) {
		uint8_t *copy = malloc(n);

		assert_non_null(copy);
		memcpy(copy, f.p, n);
		look((pqm_bytes){ copy, n });
		free(copy);
	}
	for (size_t at = 4; at < f.n; at++)
		for (size_t k = 0; k < sizeof(marks); k++) {
			uint8_t was = f.p[at];

			f.p[at] = marks[k];
			look(elf_bytes(&f));
			f.p[at] = was;
		}
	free(f.p);
}

/* Program headers that map the whole file again and again. */
static void segments_do_not_overlap(void **state)
{
	size_t n = 64, size = 64 + 56 * 64 + 4096;
	struct elf_file f = { .p = calloc(1, size), .n = size };
	struct pqm_err err = { 0 };
	struct pqm_gobin g;
	struct pqm_arena a;

	(void)state;
	assert_non_null(f.p);
	memcpy(f.p, "\177ELF\2\1\1", 7);
	elf_put(&f, 18, 2, 62);
	elf_put(&f, 32, 8, 64);
	elf_put(&f, 54, 2, 56);
	elf_put(&f, 56, 2, n);
	for (size_t i = 0; i < n; i++) {
		elf_put(&f, 64 + 56 * i, 4, 1);
		elf_put(&f, 64 + 56 * i + 16, 8, 0x400000 + 8 * i);
		elf_put(&f, 64 + 56 * i + 32, 8, size);
	}
	pqm_arena_init(&a, PQM_ARENA_BYTES);
	assert_int_equal(pqm_gobin_open(&g, elf_bytes(&f), 0, &a, &err), PQM_EPARSE);
	assert_non_null(strstr(err.msg, "overlap"));
	pqm_arena_fini(&a);
	free(f.p);
}

struct calls {
	struct pqm_go_val arg[4];
	uint32_t to[4];
	size_t n;
};

static void see(void *ctx, uint32_t to, uint64_t at, const struct pqm_go_val *args)
{
	struct calls *k = ctx;

	(void)at;
	assert_true(k->n < 4);
	k->to[k->n] = to;
	k->arg[k->n++] = args[2];
}

/* Two functions: the first hands a number, a number that depends on the way, and its own argument to the second. */
static void registers_hold(void **state)
{
	static const uint8_t first[] = {
		0xb9, 0x00, 0x0c, 0, 0, /* 0: mov ecx, 3072 */
		0xe8, 0x36, 0, 0, 0,	/* 5: call 64 */
		0x85, 0xc0,		/* 10: test eax, eax */
		0x74, 0x07,		/* 12: je 21 */
		0xb9, 0x00, 0x08, 0, 0, /* 14: mov ecx, 2048 */
		0xeb, 0x05,		/* 19: jmp 26 */
		0xb9, 0x00, 0x10, 0, 0, /* 21: mov ecx, 4096 */
		0xe8, 0x21, 0, 0, 0,	/* 26: call 64 */
		0xc3			/* 31 */
	};
	uint8_t code[80];
	uint32_t start[] = { 0, 64, 80 }, bucket[] = { 0, 0 };
	struct pqm_go_seg seg = { 0x401000, 0, sizeof(code), true, false };
	struct pqm_gobin g = { .body = { code, sizeof(code) },
		.machine = PQM_GO_X86_64,
		.is_64 = true,
		.segs = &seg,
		.n_segs = 1 };
	struct pqm_pclntab t = { .since = 20,
		.text = 0x401000,
		.n = 2,
		.start = start,
		.func_off = bucket,
		.bucket = bucket,
		.n_buckets = 1 };
	struct calls k = { .n = 0 };
	struct pqm_arena a;

	(void)state;
	memset(code, 0x90, sizeof(code));
	memcpy(code, first, sizeof(first));
	code[64] = 0xc3;
	pqm_arena_init(&a, PQM_ARENA_BYTES);
	struct pqm_go_flow w = {
		.bin = &g, .table = &t, .version = 124, .arena = &a, .visit = see, .ctx = &k
	};

	assert_true(pqm_go_flow(&w, 0));
	assert_int_equal(k.n, 2);
	assert_true(k.to[0] == 1 && k.to[1] == 1);
	assert_int_equal(k.arg[0].kind, PQM_GO_V_INT);
	assert_int_equal(k.arg[0].v, 3072);
	/* 2048 on one way, 4096 on the other: neither is said. */
	assert_int_equal(k.arg[1].kind, PQM_GO_V_UNKNOWN);
	/* Versions whose calls hand arguments on the stack are not read; nor is code outside of the file. */
	w.version = 116;
	assert_false(pqm_go_flow(&w, 0));
	w.version = 124;
	seg.n = 32;
	assert_false(pqm_go_flow(&w, 0));
	pqm_arena_fini(&a);
}

static void objects_are_told_when_they_are_sure(void **state)
{
	struct pqm_go_object o = { .n = 2,
		.store = { { .off = 0, .size = 8, .val = { 0x0000001d0017, PQM_GO_V_INT } },
			{ .off = 8, .size = 8, .val = { 0, PQM_GO_V_UNKNOWN } } } };
	uint64_t v;

	(void)state;
	assert_true(pqm_go_object_int(&o, 0, 2, false, &v));
	assert_int_equal(v, 0x17);
	assert_true(pqm_go_object_int(&o, 2, 2, false, &v));
	assert_int_equal(v, 0x1d);
	assert_false(pqm_go_object_int(&o, 8, 8, false, &v));  /* not a number */
	assert_false(pqm_go_object_int(&o, 16, 8, false, &v)); /* never written */
	assert_true(pqm_go_object_int(&o, 16, 8, true, &v));   /* what is not written is zero */
	assert_int_equal(v, 0);
	assert_false(pqm_go_object_int(&o, 0, 9, true, &v));
	o.is_open = true;
	assert_false(pqm_go_object_int(&o, 0, 2, false, &v));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(build_information),
		cmocka_unit_test(modules_of_packages),
		cmocka_unit_test(cut_and_changed),
		cmocka_unit_test(segments_do_not_overlap),
		cmocka_unit_test(registers_hold),
		cmocka_unit_test(objects_are_told_when_they_are_sure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
