/* test_libs.c — which library, which rule: names and globs to meanings. */
#include "unit.h"

#include "base/limits.h"
#include "rules/libs.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

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

static const struct pqm_libs *libs_of(const struct pqm_rules *r)
{
	const struct pqm_libs *libs = NULL;
	struct pqm_err err = { 0 };

	if (pqm_rules_libs(&libs, r, &err) != PQM_OK)
		fail_msg("%s", err.msg);
	return libs;
}

static void every_rule_passes_its_own_samples(void **state)
{
	const struct pqm_rules *r = *state;
	struct pqm_err err = { 0 };

	if (pqm_libs_check(libs_of(r), &err) != PQM_OK)
		fail_msg("%s", err.msg);
	assert_true(pqm_libs_count(libs_of(r)) >= 14);
}

static void finds_the_library_by_its_file_name(void **state)
{
	static const struct {
		const char *soname, *library;
	} cases[] = {
		{ "libcrypto.so.3", "openssl" },
		{ "/opt/lib/libssl.so.1.1", "openssl" },
		{ "libcrypto-1fde8fb5.so.3", "openssl" },
		{ "libssl3.so", "nss" },
		{ "libcrypt.so.1", "libcrypt" },
		{ "libgcrypt.so.20", "libgcrypt" },
		{ "libssh.so.4", "libssh" },
		{ "libssh2.so.1", "libssh2" },
		{ "libnss_files.so.2", NULL },
		{ "libcryptsetup.so.12", NULL },
		{ "libc.so.6", NULL },
		{ "", NULL },
		{ "lib", NULL },
		{ "libcrypto.so.3/x", NULL },
	};
	const struct pqm_rules *r = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct pqm_lib *lib = pqm_lib_by_soname(libs_of(r), pqm_str(cases[i].soname));

		if ((lib == NULL) != (cases[i].library == NULL) ||
			(lib != NULL && !pqm_eqs(lib->name, cases[i].library)))
			fail_msg("%s: wrong library", cases[i].soname);
	}
}

static void one_symbol_has_one_meaning(void **state)
{
	static const struct {
		const char *library, *symbol, *rule, *family;
		enum pqm_quantum quantum;
	} cases[] = {
		{ "openssl", "RSA_generate_key_ex", "lib.openssl.rsa-keygen", "RSA", PQM_Q_BROKEN },
		{ "openssl", "RSA_sign", "lib.openssl.rsa", "RSA", PQM_Q_BROKEN },
		{ "openssl", "EVP_PKEY_CTX_set_rsa_padding", "lib.openssl.rsa", "RSA",
			PQM_Q_BROKEN },
		{ "openssl", "EVP_PKEY_CTX_new_id", "lib.openssl.pkey", "unknown", PQM_Q_UNKNOWN },
		{ "openssl", "EVP_PKEY_new_mac_key", "lib.openssl.mac-key", "unknown", PQM_Q_SAFE },
		{ "openssl", "EVP_DigestSignInit", "lib.openssl.sign", "unknown", PQM_Q_UNKNOWN },
		{ "openssl", "EVP_DigestInit_ex", "lib.openssl.hash", "unknown", PQM_Q_SAFE },
		{ "openssl", "EVP_des_ede3_cbc", "lib.openssl.3des", "3DES", PQM_Q_SAFE },
		{ "openssl", "EVP_des_cbc", "lib.openssl.des", "DES", PQM_Q_SAFE },
		{ "openssl", "ECDSA_do_sign", "lib.openssl.ecdsa", "EC", PQM_Q_BROKEN },
		{ "openssl", "MLKEM768_encap", "lib.openssl.ml-kem", "ML-KEM", PQM_Q_SAFE },
		{ "openssl", "SSL_new", "lib.openssl.tls", "TLS", PQM_Q_UNKNOWN },
		{ "openssl", "TLSv1_2_method", "lib.openssl.tls12", "TLS", PQM_Q_BROKEN },
		{ "openssl", "BN_new", NULL, NULL, PQM_Q_UNKNOWN },
		{ "openssl", "EVP_MD_CTX_new", NULL, NULL, PQM_Q_UNKNOWN },
		{ "openssl", "RAND_bytes", NULL, NULL, PQM_Q_UNKNOWN },
		{ "openssl", "R", NULL, NULL, PQM_Q_UNKNOWN },
		{ "openssl", "", NULL, NULL, PQM_Q_UNKNOWN },
		{ "libsodium", "crypto_secretbox_easy", "lib.libsodium.salsa20", "Salsa20",
			PQM_Q_SAFE },
		{ "libsodium", "crypto_box_easy", "lib.libsodium.x25519", "X25519", PQM_Q_BROKEN },
		{ "nettle", "nettle_dsa_signature_init", "lib.nettle.dsa-signature", "unknown",
			PQM_Q_BROKEN },
		{ "gnutls", "gnutls_x509_privkey_import_rsa_raw", "lib.gnutls.rsa", "RSA",
			PQM_Q_BROKEN },
		{ "gnutls", "gnutls_global_init", NULL, NULL, PQM_Q_UNKNOWN },
	};
	const struct pqm_rules *r = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct pqm_lib *lib = pqm_lib_by_name(libs_of(r), pqm_str(cases[i].library));
		const struct pqm_lib_rule *m = pqm_lib_symbol(lib, pqm_str(cases[i].symbol));

		if ((m == NULL) != (cases[i].rule == NULL))
			fail_msg("%s: %s", cases[i].symbol, m == NULL ? "nothing" : "something");
		if (m != NULL &&
			(!pqm_eqs(m->rule->id, cases[i].rule) ||
				!pqm_eqs(m->family, cases[i].family) ||
				m->quantum != cases[i].quantum))
			fail_msg("%s: %.*s %.*s %s", cases[i].symbol, PQM_FMT(m->rule->id),
				PQM_FMT(m->family), pqm_quantum_name(m->quantum));
	}
}

static void every_family_is_in_the_catalogue(void **state)
{
	const struct pqm_rules *r = *state;

	for (size_t i = 0; i < pqm_lib_rules_count(libs_of(r)); i++) {
		const struct pqm_lib_rule *m = pqm_lib_rule_at(libs_of(r), i);

		if (!pqm_eqs(m->family, "unknown") && pqm_alg_by_name(r, m->family) == NULL)
			fail_msg("%.*s: family %.*s", PQM_FMT(m->rule->id), PQM_FMT(m->family));
		assert_true(m->why.n > 0 && m->operation.n > 0);
		/* Every vulnerable use says what to do. */
		if (m->quantum == PQM_Q_BROKEN && !pqm_eqs(m->family, "unknown") && m->fix.n == 0 &&
			!pqm_eqs(m->family, "TLS"))
			print_message("no fix: %.*s\n", PQM_FMT(m->rule->id));
	}
}

/* A rule set of one file, libs/t.yaml. */
struct small {
	struct pqm_rules r;
	struct pqm_libs *libs;
	struct pqm_err err;
	enum pqm_st st;
};

static void build(struct small *s, const char *text)
{
	const struct pqm_yaml *root = NULL;

	*s = (struct small){ 0 };
	pqm_arena_init(&s->r.arena, PQM_ARENA_BYTES);
	assert_int_equal(pqm_yaml_one(&root, pqm_str(text), &s->r.arena, &s->err), PQM_OK);
	s->r.all = pqm_new(&s->r.arena, struct pqm_rule, root->n);
	for (size_t i = 0; i < root->n; i++) {
		struct pqm_rule *rule = &s->r.all[s->r.n++];

		rule->node = root->items[i];
		rule->id = pqm_yaml_str(rule->node, "id");
		rule->file = PQM_LIT("libs/t.yaml");
		assert_true(pqm_map_put(&s->r.by_id, rule->id, rule));
	}
	s->st = pqm_libs_build(&s->libs, &s->r, &s->err);
}

static void drop(struct small *s)
{
	pqm_libs_free(s->libs);
	pqm_map_fini(&s->r.by_id);
	pqm_arena_fini(&s->r.arena);
}

#define LIB                                                                                        \
	"- { id: lib.a, library: a, soname: [liba.so*], why: w, hit: [liba.so.1], miss: "          \
	"[libb.so] }\n"
#define EMIT "emit: { family: unknown, operation: use }, why: w"

static void the_most_specific_pattern_wins(void **state)
{
	struct small s;

	(void)state;
	build(&s,
		LIB "- { id: lib.a.all, library: a, symbols: ['*'], " EMIT " }\n"
		    "- { id: lib.a.tail, library: a, symbols: ['*_end'], " EMIT " }\n"
		    "- { id: lib.a.front, library: a, symbols: ['abc*'], " EMIT " }\n"
		    "- { id: lib.a.long, library: a, symbols: ['abcd_*'], " EMIT " }\n"
		    "- { id: lib.a.one, library: a, symbols: [abcd_x, 'ab?'], " EMIT " }\n");
	if (s.st != PQM_OK)
		fail_msg("%s", s.err.msg);
	static const char *const cases[][2] = { { "abcd_x", "lib.a.one" },
		{ "abcd_y", "lib.a.long" }, { "abcx", "lib.a.front" }, { "abq", "lib.a.one" },
		{ "q_end", "lib.a.tail" }, { "abc_end", "lib.a.tail" }, { "zz", "lib.a.all" },
		{ "z", "lib.a.all" } };
	const struct pqm_lib *a = pqm_lib_by_name(s.libs, PQM_LIT("a"));

	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct pqm_lib_rule *m = pqm_lib_symbol(a, pqm_str(cases[i][0]));

		assert_non_null(m);
		assert_bytes(m->rule->id, cases[i][1]);
	}
	drop(&s);
}

static void broken_rules_are_told_with_file_and_line(void **state)
{
	static const struct {
		const char *text, *words;
	} cases[] = {
		{ "- { id: lib.a, soname: [x] }\n", "libs/t.yaml:1: library: a name" },
		{ LIB LIB, "libs/t.yaml:2: library a is there twice" },
		{ LIB "- { id: lib.a.x, library: b, symbols: [x], " EMIT " }\n", "no library b" },
		{ LIB "- { id: lib.a.x, library: a, " EMIT " }\n", ":2: soname or symbols" },
		{ LIB "- { id: lib.a.x, library: a, symbols: x, " EMIT " }\n",
			":2: symbols: a list" },
		{ LIB "- { id: lib.a.x, library: a, symbols: [''], " EMIT " }\n", "empty name" },
		{ LIB "- { id: lib.a.x, library: a, symbols: [x, x], " EMIT " }\n",
			"another rule" },
		{ LIB "- { id: lib.a.x, library: a, symbols: [x], why: w }\n",
			"family and operation" },
		{ LIB "- { id: lib.a.x, library: a, symbols: [x], why: w, emit: { family: Foo, "
		      "operation: use } }\n",
			"family Foo is not in the catalogue" },
		{ LIB "- { id: lib.a.x, library: a, symbols: [x], why: w, emit: { family: unknown, "
		      "operation: use, function: dance } }\n",
			"function: dance is none of" },
		{ LIB "- { id: lib.a.x, library: a, symbols: [x], why: w, emit: { family: unknown, "
		      "operation: use, quantum: maybe } }\n",
			"quantum: maybe is none of" },
		{ LIB "- { id: lib.a.x, library: a, symbols: [x], emit: { family: unknown, "
		      "operation: use } }\n",
			"why: a sentence" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct small s;

		build(&s, cases[i].text);
		if (s.st != PQM_EUSAGE || strstr(s.err.msg, cases[i].words) == NULL)
			fail_msg("case %zu: status %d, \"%s\"", i, (int)s.st, s.err.msg);
		drop(&s);
	}
}

static void samples_that_do_not_hold_are_told(void **state)
{
	static const struct {
		const char *hit, *miss, *words;
	} cases[] = {
		{ "[x]", "[y]", NULL },
		{ "[y]", "[z]", "hit: y gives nothing" },
		{ "[x]", "[x]", "miss: x gives lib.a.x" },
		{ "[]", "[y]", "hit: at least one" },
		{ "[x]", "[]", "miss: at least one" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[512];
		struct small s;

		(void)snprintf(text, sizeof(text),
			LIB "- { id: lib.a.x, library: a, symbols: [x], hit: %s, miss: %s, " EMIT
			    " }\n",
			cases[i].hit, cases[i].miss);
		build(&s, text);
		assert_int_equal(s.st, PQM_OK);
		enum pqm_st st = pqm_libs_check(s.libs, &s.err);

		assert_int_equal(st, cases[i].words == NULL ? PQM_OK : PQM_EUSAGE);
		if (cases[i].words != NULL && strstr(s.err.msg, cases[i].words) == NULL)
			fail_msg("\"%s\"", s.err.msg);
		drop(&s);
	}
}

static void wrappers_say_who_acts_and_what_holds(void **state)
{
	static const struct {
		const char *fields, *words;
	} cases[] = {
		{ "acts: [go_*], uses: [lib.a.*], hit: [go_x], miss: [stop]", NULL },
		{ "acts: [go_*], uses: [lib.a.*], hit: [stop], miss: [halt]", "hit: stop is not" },
		{ "acts: [go_*], uses: [lib.a.*], hit: [go_x], miss: [go_y]",
			"miss: go_y is among" },
		{ "acts: [go_*], uses: [lib.b.*], hit: [go_x], miss: [stop]",
			"uses: there are no such rules" },
		{ "uses: [lib.a.*], hit: [go_x], miss: [stop]", "acts: a list is needed" },
		{ "acts: go, uses: [lib.a.*], hit: [go_x], miss: [stop]",
			"acts: a list is needed" },
		{ "acts: [go_*], uses: [lib.a.*], hit: [go_x]", "miss: a list is needed" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[512];
		struct small s;

		(void)snprintf(text, sizeof(text),
			LIB
			"- { id: lib.a.x, library: a, symbols: [x], hit: [x], miss: [y], " EMIT
			" }\n- { id: lib.a.z, library: a, symbols: [z], hit: [z], miss: [y], " EMIT
			" }\n- { id: lib.w, wraps: ['libw.so*'], why: w, %s }\n",
			cases[i].fields);
		build(&s, text);
		assert_int_equal(s.st, PQM_OK);
		enum pqm_st st = pqm_libs_check(s.libs, &s.err);

		assert_int_equal(st, cases[i].words == NULL ? PQM_OK : PQM_EUSAGE);
		if (cases[i].words != NULL && strstr(s.err.msg, cases[i].words) == NULL)
			fail_msg("case %zu: \"%s\"", i, s.err.msg);
		drop(&s);
	}
}

static void a_wrapper_lets_through_what_acts(void **state)
{
	const struct pqm_libs *libs = libs_of(*state);
	const struct pqm_rule *curl = pqm_lib_wrapper(libs, PQM_LIT("libcurl-gnutls.so.4"));
	const struct pqm_lib *gnutls = pqm_lib_by_name(libs, PQM_LIT("gnutls"));
	const struct pqm_rule *tls = pqm_lib_symbol(gnutls, PQM_LIT("gnutls_handshake"))->rule,
			      *srp = pqm_lib_symbol(gnutls, PQM_LIT("gnutls_srp_verifier"))->rule;

	assert_non_null(curl);
	assert_true(pqm_lib_wrapper_says(curl, PQM_LIT("curl_easy_perform"), tls));
	assert_false(pqm_lib_wrapper_says(curl, PQM_LIT("curl_url_get"), tls));
	assert_false(pqm_lib_wrapper_says(curl, PQM_LIT("curl_easy_perform"), srp));
	assert_null(pqm_lib_wrapper(libs, PQM_LIT("libwrap.so.1")));
	assert_true(pqm_lib_wrapper_says(NULL, PQM_LIT("anything"), srp));
}

static void survives_every_failed_allocation(void **state)
{
	const struct pqm_rules *r = *state;
	struct pqm_err err;

	for (size_t n = 1; n < 2000; n++) {
		struct pqm_libs *libs = NULL;

		pqm_alloc_fail_at(n);
		enum pqm_st st = pqm_libs_build(&libs, r, &err);

		pqm_alloc_fail_at(0);
		assert_true(st == PQM_OK || st == PQM_ENOMEM);
		pqm_libs_free(libs);
		if (st == PQM_OK)
			return;
	}
	fail_msg("still fails");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_rule_passes_its_own_samples),
		cmocka_unit_test(finds_the_library_by_its_file_name),
		cmocka_unit_test(one_symbol_has_one_meaning),
		cmocka_unit_test(every_family_is_in_the_catalogue),
		cmocka_unit_test(the_most_specific_pattern_wins),
		cmocka_unit_test(broken_rules_are_told_with_file_and_line),
		cmocka_unit_test(samples_that_do_not_hold_are_told),
		cmocka_unit_test(wrappers_say_who_acts_and_what_holds),
		cmocka_unit_test(a_wrapper_lets_through_what_acts),
		cmocka_unit_test(survives_every_failed_allocation),
	};

	return cmocka_run_group_tests(tests, load, unload);
}
