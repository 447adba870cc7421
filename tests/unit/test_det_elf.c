/* test_det_elf.c — use and offer of cryptographic libraries, told apart. */
#include "unit.h"

#include "base/limits.h"
#include "detect/detector.h"
#include "elf_files.h"

extern const struct pqm_detector pqm_det_elf;

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define KEEP 64

struct kept {
	char rule[64], identity[96], family[32], object[64], why[400], symbols[200], library[64];
	enum pqm_meaning meaning;
	enum pqm_quantum quantum;
	enum pqm_evidence evidence;
	uint64_t off;
};

struct record {
	struct pqm_emit emit; /* first: the callbacks cast back */
	struct kept f[KEEP];
	size_t n, n_notes, n_programs, n_libraries;
	uint64_t note_off;
	char note[400];
	enum pqm_st st;
};

static void copy(char *to, size_t n, pqm_bytes from)
{
	size_t take = from.n < n - 1 ? from.n : n - 1;

	if (take > 0)
		memcpy(to, from.p, take);
	to[take] = '\0';
}

static enum pqm_st on_found(struct pqm_emit *e, const struct pqm_found *f)
{
	struct record *r = (struct record *)e;
	struct kept *k = &r->f[r->n++];

	assert_true(r->n < KEEP);
	copy(k->rule, sizeof(k->rule), f->rule);
	copy(k->identity, sizeof(k->identity), f->identity);
	copy(k->family, sizeof(k->family), f->family);
	copy(k->object, sizeof(k->object), f->object);
	copy(k->why, sizeof(k->why), f->why);
	k->meaning = f->meaning;
	k->quantum = f->quantum;
	k->evidence = f->evidence;
	k->off = f->off;
	for (size_t i = 0; i < f->n_attrs; i++) {
		if (pqm_eqs(f->attrs[i].key, "symbols"))
			copy(k->symbols, sizeof(k->symbols), f->attrs[i].value);
		if (pqm_eqs(f->attrs[i].key, "library"))
			copy(k->library, sizeof(k->library), f->attrs[i].value);
	}
	return PQM_OK;
}

static void on_note(struct pqm_emit *e, uint64_t off, enum pqm_st why, const char *words)
{
	struct record *r = (struct record *)e;

	assert_true(why == PQM_EPARSE || why == PQM_ELIMIT);
	r->n_notes++;
	r->note_off = off;
	(void)snprintf(r->note, sizeof(r->note), "%s", words);
}

/* For graph/link.h. */
static enum pqm_st on_object(struct pqm_emit *e, const struct pqm_object *o)
{
	struct record *r = (struct record *)e;

	assert_true(pqm_eqs(o->group, "link.pqmap.dev") && o->n_facts > 0);
	r->n_programs += pqm_eqs(o->kind, "Program");
	r->n_libraries += pqm_eqs(o->kind, "Library");
	return PQM_OK;
}

static struct record detect(const struct pqm_rules *rules, pqm_bytes body)
{
	struct record r = { .emit = { .found = on_found, .object = on_object, .note = on_note } };
	struct pqm_arena a;
	struct pqm_err err = { 0 };
	uint64_t done = 0;
	const struct pqm_hits none = { NULL, 0, &done };

	pqm_arena_init(&a, PQM_ARENA_BYTES);
	const struct pqm_artifact art = {
		.body = body, .head = pqm_sub(body, 0, 4096), .arena = &a
	};

	if (pqm_det_elf.wants(&art))
		r.st = pqm_det_elf.run(rules, &art, &none, &r.emit, &err);
	pqm_arena_fini(&a);
	return r;
}

/* The samples have no code. Of POWER none is read, so that imports alone must decide. */
static struct record detect_in(const struct pqm_rules *rules, const char *sample)
{
	struct elf_file f = elf_sample(sample);

	if (elf_get(&f, 18, 2) == 62)
		elf_put(&f, 18, 2, 21);
	struct record r = detect(rules, elf_bytes(&f));

	free(f.p);
	return r;
}

static const struct kept *find(const struct record *r, const char *rule)
{
	for (size_t i = 0; i < r->n; i++)
		if (strcmp(r->f[i].rule, rule) == 0)
			return &r->f[i];
	fail_msg("%s is not there", rule);
	return &r->f[0]; /* not reached */
}

static int load(void **state)
{
	static struct pqm_rules r;
	struct pqm_err err = { 0 };

	if (pqm_rules_load(&r, "rules", &err) != PQM_OK) {
		print_error("%s\n", err.msg);
		return -1;
	}
	*state = &r;
	return 0;
}

static int unload(void **state)
{
	pqm_rules_fini(*state);
	return 0;
}

static void a_program_uses_what_it_imports(void **state)
{
	static const char *const programs[] = { "program-le64", "program-be64", "program-le32",
		"program-be32", "static-address" };

	for (size_t i = 0; i < COUNT(programs); i++) {
		struct record r = detect_in(*state, programs[i]);
		const struct kept *k = find(&r, "lib.openssl.rsa-keygen");

		assert_int_equal(r.st, PQM_OK);
		assert_int_equal(r.n_notes, 0);
		assert_int_equal(r.n, 3); /* its own DSA_sign and libc's printf are nothing */
		assert_int_equal(k->meaning, PQM_USE);
		assert_int_equal(k->quantum, PQM_Q_BROKEN);
		assert_int_equal(k->evidence, PQM_LINKED);
		assert_string_equal(k->family, "RSA");
		assert_string_equal(k->identity, "import/lib.openssl.rsa-keygen/openssl");
		assert_string_equal(k->object, "RSA_generate_key_ex");
		assert_string_equal(k->library, "libcrypto.so.3");
		assert_non_null(strstr(k->why, "program imports functions of OpenSSL: "));
		assert_true(k->off > 0);
		assert_int_equal(find(&r, "lib.openssl.ec")->quantum, PQM_Q_BROKEN);
		assert_int_equal(find(&r, "lib.openssl.sha2")->quantum, PQM_Q_SAFE);
	}
}

/* Only programs say what they import: who uses a library through them is not followed. */
static void programs_leave_their_imports_to_be_linked(void **state)
{
	struct record r = detect_in(*state, "program-le64");

	assert_int_equal(r.n_programs, 1);
	assert_int_equal(r.n_libraries, 0);
	r = detect_in(*state, "library");
	assert_int_equal(r.n_programs, 0);
}

static void what_no_code_calls_is_not_used(void **state)
{
	struct elf_file f = elf_sample("program-le64");

	elf_put(&f, 18, 2, 62);
	struct record r = detect(*state, elf_bytes(&f));

	assert_int_equal(r.n, 3);
	for (size_t i = 0; i < r.n; i++)
		assert_int_equal(r.f[i].meaning, PQM_OFFER);
	free(f.p);
}

static void a_library_offers_what_it_imports(void **state)
{
	struct record r = detect_in(*state, "library");

	assert_int_equal(r.n, 3);
	for (size_t i = 0; i < r.n; i++)
		assert_int_equal(r.f[i].meaning, PQM_OFFER);
	assert_int_equal(find(&r, "lib.gnutls.pkey")->quantum, PQM_Q_UNKNOWN);
	assert_string_equal(find(&r, "lib.gnutls.pkey")->family, "unknown");
	assert_non_null(
		strstr(find(&r, "lib.gnutls.tls")->why, "library imports functions of GnuTLS: "));
}

static void a_crypto_library_offers_what_it_exports(void **state)
{
	struct record r = detect_in(*state, "libcrypto");
	const struct kept *k = find(&r, "lib.openssl.rsa");

	assert_int_equal(r.n, 3); /* RSA, DH, AES; big numbers are nothing */
	assert_int_equal(k->meaning, PQM_OFFER);
	assert_string_equal(k->identity, "export/lib.openssl.rsa/openssl");
	assert_string_equal(k->symbols, "RSA_free,RSA_new");
	assert_string_equal(k->object, "RSA_free");
	assert_non_null(strstr(k->why, "library exports functions of OpenSSL: "));
}

static void renamed_copies_are_known(void **state)
{
	struct record r = detect_in(*state, "wheel");

	assert_int_equal(r.n, 3);
	assert_string_equal(find(&r, "lib.openssl.tls")->library, "libssl-3a880ada.so.1.1");
	assert_string_equal(
		find(&r, "lib.libsodium.ed25519")->library, "libsodium-1dc5a1f4.so.23.3.0");
	assert_int_equal(find(&r, "lib.openssl.rsa")->meaning, PQM_OFFER);
	r = detect_in(*state, "renamed");
	assert_int_equal(r.n, 1);
	assert_string_equal(find(&r, "lib.openssl.dh")->library, "libvendored.so");
}

static void hashing_is_no_public_key_use(void **state)
{
	struct record r = detect_in(*state, "hash-only");

	assert_int_equal(r.n, 2);
	for (size_t i = 0; i < r.n; i++)
		assert_int_equal(r.f[i].quantum, PQM_Q_SAFE);
}

static void another_librarys_symbol_is_nothing(void **state)
{
	struct record r = detect_in(*state, "no-crypto");

	assert_int_equal(r.n, 0);
	assert_int_equal(r.n_notes, 0);
}

static void a_lying_file_gets_one_note_with_its_place(void **state)
{
	struct record r = detect(*state,
		PQM_LIT("\x7f"
			"ELF and then prose, as in a manual page"));

	assert_int_equal(r.st, PQM_OK);
	assert_int_equal(r.n_notes, 1);
	assert_int_equal(r.note_off, 4);
	assert_non_null(strstr(r.note, "ELF: at byte 4: class is 32"));

	struct elf_file f = elf_sample("program-le64");

	for (size_t n = 0; n < f.n; n++) {
		r = detect(*state, (pqm_bytes){ f.p, n });
		assert_int_equal(r.st, PQM_OK);
		assert_int_equal(r.n, 0);
		assert_int_equal(r.n_notes, n >= 4 ? 1 : 0);
	}
	free(f.p);
}

static void what_was_seen_before_a_broken_symbol_stands(void **state)
{
	struct elf_file f = elf_sample("program-le64");
	size_t symbols = (size_t)elf_get(&f, elf_dynamic(&f, 6), 8) - 0x10000;

	elf_put(&f, symbols + (size_t)2 * 24, 4, 99999);
	struct record r = detect(*state, elf_bytes(&f));

	assert_int_equal(r.n, 1);
	assert_string_equal(r.f[0].rule, "lib.openssl.rsa-keygen");
	assert_int_equal(r.n_notes, 1);
	assert_int_equal(r.note_off, symbols + (size_t)2 * 24);
	free(f.p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_program_uses_what_it_imports),
		cmocka_unit_test(programs_leave_their_imports_to_be_linked),
		cmocka_unit_test(what_no_code_calls_is_not_used),
		cmocka_unit_test(a_library_offers_what_it_imports),
		cmocka_unit_test(a_crypto_library_offers_what_it_exports),
		cmocka_unit_test(renamed_copies_are_known),
		cmocka_unit_test(hashing_is_no_public_key_use),
		cmocka_unit_test(another_librarys_symbol_is_nothing),
		cmocka_unit_test(a_lying_file_gets_one_note_with_its_place),
		cmocka_unit_test(what_was_seen_before_a_broken_symbol_stands),
	};

	return cmocka_run_group_tests(tests, load, unload);
}
