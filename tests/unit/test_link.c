/* test_link.c — what a library's exports reach, raised to the programs that import them. */
#include "unit.h"

#include "graph/link.h"

#define TEXT(s)                                                                                    \
	{                                                                                          \
		(const uint8_t *)(s), sizeof(s) - 1                                                \
	}

static struct pqm_rules rules;
static struct pqm_arena arena;
static uint64_t names[4];

static int load(void **state)
{
	struct pqm_err err = { 0 };

	(void)state;
	pqm_arena_init(&arena, (size_t)1 << 20);
	return pqm_rules_load(&rules, NULL, &err) == PQM_OK ? 0 : -1;
}

static int unload(void **state)
{
	(void)state;
	pqm_arena_fini(&arena);
	pqm_rules_fini(&rules);
	return 0;
}

static const struct pqm_fact wraps[] = {
	{ .key = TEXT("lib.openssl.rsa-keygen"),
		.value = TEXT("make_key\tRSA_generate_key_ex\tlibcrypto.so.3\tmake_"
			      "key "
			      "-> RSA_generate_key_ex") },
};

static struct pqm_object library_at(const char *path)
{
	return (struct pqm_object){ .path = pqm_str(path),
		.group = PQM_LIT(PQM_LINK_GROUP),
		.kind = PQM_LIT("Library"),
		.name = PQM_LIT("libwrap.so.1"),
		.facts = wraps,
		.n_facts = 1 };
}

static struct pqm_object program_of(struct pqm_fact facts[2], const char *import, const char *needs)
{
	names[0] = pqm_link_name(pqm_str(import));
	names[1] = pqm_link_name(PQM_LIT("printf"));
	facts[0] = (struct pqm_fact){ .key = PQM_LIT("needs"), .value = pqm_str(needs) };
	facts[1] = (struct pqm_fact){ .key = PQM_LIT("imports"), .value = pqm_link_pack(names, 2) };
	return (struct pqm_object){ .path = PQM_LIT("/a/usr/bin/p"),
		.group = PQM_LIT(PQM_LINK_GROUP),
		.kind = PQM_LIT("Program"),
		.name = PQM_LIT("p"),
		.facts = facts,
		.n_facts = 2 };
}

static size_t link_of(struct pqm_object *objects, size_t n, struct pqm_raised **out)
{
	struct pqm_inventory inv = { .objects = objects, .n_objects = n };
	struct pqm_err err = { 0 };
	size_t n_raised = 0;

	assert_int_equal(pqm_link(out, &n_raised, &rules, &inv, &arena, &err), PQM_OK);
	return n_raised;
}

static void a_program_uses_what_the_export_reaches(void **state)
{
	struct pqm_fact facts[2];
	struct pqm_object o[] = { library_at("/a/lib/libwrap.so.1"),
		program_of(facts, "make_key", "libwrap.so.1") };
	struct pqm_raised *r;

	(void)state;
	assert_int_equal(link_of(o, 2, &r), 1);
	assert_int_equal(r[0].object, 1);
	assert_int_equal(r[0].found.meaning, PQM_USE);
	assert_int_equal(r[0].found.quantum, PQM_Q_BROKEN);
	assert_true(pqm_eqs(r[0].found.family, "RSA"));
	assert_true(pqm_find(r[0].found.why, 0,
			    PQM_LIT("functions of libwrap.so.1, whose code leads to OpenSSL: makes "
				    "RSA")) != SIZE_MAX);
}

static void what_is_not_imported_is_not_used(void **state)
{
	struct pqm_fact facts[2];
	struct pqm_object o[] = { library_at("/a/lib/libwrap.so.1"),
		program_of(facts, "say_hello", "libwrap.so.1") };
	struct pqm_raised *r;

	(void)state;
	assert_int_equal(link_of(o, 2, &r), 0);
	o[1] = program_of(facts, "make_key", "libother.so.1");
	assert_int_equal(link_of(o, 2, &r), 0);
	o[1] = program_of(facts, "make_key", "libwrap.so.1");
	o[1].target = 1; /* in another target */
	assert_int_equal(link_of(o, 2, &r), 0);
}

static void the_nearest_copy_is_meant(void **state)
{
	struct pqm_fact facts[2];
	struct pqm_object o[] = { library_at("/a/usr/lib/libwrap.so.1"),
		library_at("/b/usr/lib/libwrap.so.1"),
		program_of(facts, "make_key", "libwrap.so.1") };
	struct pqm_raised *r;

	(void)state;
	assert_int_equal(link_of(o, 3, &r), 1);
	for (size_t i = 0; i < r[0].found.n_attrs; i++)
		if (pqm_eqs(r[0].found.attrs[i].key, "through_path"))
			assert_true(pqm_eqs(r[0].found.attrs[i].value, "/a/usr/lib/libwrap.so.1"));
}

static pqm_bytes attr_of(const struct pqm_raised *r, const char *key)
{
	for (size_t i = 0; i < r->found.n_attrs; i++)
		if (pqm_eqs(r->found.attrs[i].key, key))
			return r->found.attrs[i].value;
	return (pqm_bytes){ NULL, 0 };
}

/* Of several exports that a program imports the one is told whose own way is known; what is known of another's
 * way is its end. */
static void the_way_begins_at_what_is_imported(void **state)
{
	static const struct {
		const char *first, *second; /* exports of the facts, both with the way of "make" */
		const char *import, *way;
	} cases[] = {
		{ "make", "init", "make", "make+0x4 -> inner+0x2 -> deep -> RSA_generate_key_ex" },
		{ "init", "make", "init", "init -> ... -> deep -> RSA_generate_key_ex" },
		{ "init", "make", "make", "make+0x4 -> inner+0x2 -> deep -> RSA_generate_key_ex" },
		{ "mak", "other", "mak", "mak -> ... -> deep -> RSA_generate_key_ex" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		static const char rest[] =
			"RSA_generate_key_ex\tlibcrypto.so.3\tmake+0x4 -> inner+0x2 -> deep -> "
			"RSA_generate_key_ex";
		char text[2][160];
		struct pqm_fact facts[2], way[2];
		struct pqm_object o[] = { library_at("/a/lib/libwrap.so.1"),
			program_of(facts, cases[i].import, "libwrap.so.1") };
		struct pqm_raised *r;

		(void)snprintf(text[0], sizeof(text[0]), "%s\t%s", cases[i].first, rest);
		(void)snprintf(text[1], sizeof(text[1]), "%s\t%s", cases[i].second, rest);
		for (size_t k = 0; k < 2; k++)
			way[k] = (struct pqm_fact){ .key = PQM_LIT("lib.openssl.rsa-keygen"),
				.value = pqm_str(text[k]) };
		o[0].facts = way;
		o[0].n_facts = 2;
		assert_int_equal(link_of(o, 2, &r), 1);
		assert_bytes(attr_of(&r[0], "witness"), cases[i].way);
		assert_bytes(r[0].found.object, cases[i].import);
	}
}

static void the_export_with_a_way_of_its_own_is_told(void **state)
{
	static const struct pqm_fact two[] = {
		{ .key = TEXT("lib.openssl.rsa-keygen"),
			.value = TEXT("init\tRSA_generate_key_ex\tlibcrypto.so.3\tmake -> "
				      "RSA_generate_key_ex") },
		{ .key = TEXT("lib.openssl.rsa-keygen"),
			.value = TEXT("make\tRSA_generate_key_ex\tlibcrypto.so.3\tmake -> "
				      "RSA_generate_key_ex") },
	};
	struct pqm_fact facts[2];
	uint64_t both[] = { pqm_link_name(PQM_LIT("init")), pqm_link_name(PQM_LIT("make")) };
	struct pqm_object o[] = { library_at("/a/lib/libwrap.so.1"),
		program_of(facts, "init", "libwrap.so.1") };
	struct pqm_raised *r;

	(void)state;
	facts[1].value = pqm_link_pack(both, 2);
	o[0].facts = two;
	o[0].n_facts = 2;
	assert_int_equal(link_of(o, 2, &r), 1);
	assert_bytes(r[0].found.object, "make");
	assert_true(pqm_find(r[0].found.why, 0, PQM_LIT("functions of libwrap.so.1, whose")) !=
		SIZE_MAX);
	assert_bytes(attr_of(&r[0], "symbols"), "make +1");
}

/* The names are packed and sorted; what is no whole entry at the end is none. */
static void packed_names_are_found(void **state)
{
	uint64_t many[200];
	char name[16];

	(void)state;
	for (size_t i = 0; i < 200; i++) {
		(void)snprintf(name, sizeof(name), "f%zu", i);
		many[i] = pqm_link_name(pqm_str(name));
	}
	pqm_bytes packed = pqm_link_pack(many, 200);

	for (size_t i = 0; i < 200; i++) {
		(void)snprintf(name, sizeof(name), "f%zu", i);
		assert_true(pqm_link_has(packed, pqm_str(name)));
		(void)snprintf(name, sizeof(name), "g%zu", i);
		assert_false(pqm_link_has(packed, pqm_str(name)));
	}
	assert_false(pqm_link_has((pqm_bytes){ NULL, 0 }, PQM_LIT("f1")));
	assert_false(pqm_link_has(pqm_sub(packed, 0, 7), PQM_LIT("f1")));
}

static void broken_facts_say_nothing(void **state)
{
	static const struct pqm_fact bad[] = {
		{ .key = TEXT("lib.openssl.rsa-keygen"), .value = TEXT("make_key\tx") },
		{ .key = TEXT("no.such-rule"), .value = TEXT("make_key\ta\tb\tc") },
	};
	struct pqm_fact facts[2];
	struct pqm_object o[] = { library_at("/a/lib/libwrap.so.1"),
		program_of(facts, "make_key", "libwrap.so.1") };
	struct pqm_raised *r;

	(void)state;
	o[0].facts = bad;
	o[0].n_facts = 2;
	assert_int_equal(link_of(o, 2, &r), 0);
	facts[1].value.n = 3;
	assert_int_equal(link_of(o, 2, &r), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_program_uses_what_the_export_reaches),
		cmocka_unit_test(what_is_not_imported_is_not_used),
		cmocka_unit_test(the_nearest_copy_is_meant),
		cmocka_unit_test(the_way_begins_at_what_is_imported),
		cmocka_unit_test(the_export_with_a_way_of_its_own_is_told),
		cmocka_unit_test(packed_names_are_found),
		cmocka_unit_test(broken_facts_say_nothing),
	};

	return cmocka_run_group_tests(tests, load, unload);
}
