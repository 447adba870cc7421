/* test_libs_fact.c — what calls say by their arguments, and about each other. */
#include "unit.h"

#include "rules/libs.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define CALLS 8

static struct pqm_rules rules;
static const struct pqm_libs *libs;

static int load(void **state)
{
	struct pqm_err err = { 0 };

	(void)state;
	if (pqm_rules_load(&rules, "rules", &err) == PQM_OK &&
		pqm_rules_libs(&libs, &rules, &err) == PQM_OK)
		return 0;
	print_error("%s\n", err.msg);
	return -1;
}

static int unload(void **state)
{
	(void)state;
	pqm_rules_fini(&rules);
	return 0;
}

struct told {
	struct pqm_call call[CALLS];
	struct pqm_lib_fact fact[CALLS];
	size_t n;
};

/* In one function, one call behind the other. */
static void read_calls(struct told *t, const char *library, const char *sample)
{
	static struct pqm_frame one = { .func = 0x1000, .at = 0x1000 };
	pqm_bytes words;

	memset(t, 0, sizeof(*t));
	if (!pqm_lib_sample(pqm_str(sample), t->call, CALLS, &t->n, &words))
		fail_msg("no sample: %s", sample);
	for (size_t i = 0; i < t->n; i++) {
		t->call[i].path = &one;
		t->call[i].n_path = 1;
		t->fact[i].lib = pqm_lib_by_name(libs, pqm_str(library));
		assert_non_null(t->fact[i].lib);
	}
}

static void tell(struct told *t)
{
	pqm_lib_facts(t->fact, t->call, t->n, &rules);
}

/* "RSA 3072", "EC", "" */
static const char *words_of(const struct pqm_lib_fact *f, char *out, size_t cap)
{
	const struct pqm_alg_ref *ref = f->meaning == NULL ? NULL : pqm_lib_about(&rules, f);

	(void)snprintf(out, cap, "%.*s%s%.*s", ref == NULL ? 0 : (int)ref->alg->family.n,
		ref == NULL ? "" : (const char *)ref->alg->family.p, f->parameter.n > 0 ? " " : "",
		PQM_FMT(f->parameter));
	return out;
}

static void check(const char *library, const char *sample, size_t at, const char *want)
{
	struct told t;
	char got[96];

	read_calls(&t, library, sample);
	tell(&t);
	assert_true(at < t.n);
	if (strcmp(words_of(&t.fact[at], got, sizeof(got)), want) != 0)
		fail_msg("%s: call %zu: \"%s\", not \"%s\"", sample, at, got, want);
}

static void an_argument_names_the_parameter(void **state)
{
	static const struct {
		const char *library, *sample, *want;
	} cases[] = {
		{ "openssl", "RSA_generate_key_ex(?, 3072, ?, 0)", "RSA 3072" },
		{ "openssl", "EC_KEY_new_by_curve_name(415)", "EC P-256" },
		{ "openssl", "EVP_PKEY_Q_keygen(0, 0, \"EC\", \"brainpoolP256r1\")",
			"EC brainpoolP256r1" },
		{ "openssl", "EVP_PKEY_Q_keygen(0, 0, \"X25519\", 99)", "X25519" },
		{ "openssl", "EVP_PKEY_CTX_ctrl_str(?, \"rsa_keygen_bits\", \"4096\")",
			"RSA 4096" },
		{ "gnutls", "gnutls_privkey_generate(?, 4, 0x80000003, 0)", "EC P-384" },
		{ "mbedtls", "mbedtls_ecp_group_load(?, 9)", "X25519" },
		{ "libgcrypt", "gcry_sexp_build(?, 0, \"(genkey (dsa (nbits 4:2048)))\")",
			"DSA 2048" },
		{ "wolfssl", "wc_DhSetNamedKey(?, 256)", "DH 2048" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		check(cases[i].library, cases[i].sample, 0, cases[i].want);
}

/* What is not known is never a default, and what cannot be a size is none. */
static void nothing_is_guessed(void **state)
{
	static const struct {
		const char *sample, *want;
	} cases[] = {
		{ "RSA_generate_key_ex(?, ?, ?, 0)", "RSA" },
		{ "RSA_generate_key_ex(?, 0, ?, 0)", "RSA" },
		{ "RSA_generate_key_ex(?, 127, ?, 0)", "RSA" },
		{ "RSA_generate_key_ex(?, 128, ?, 0)", "RSA 128" },
		{ "RSA_generate_key_ex(?, 65536, ?, 0)", "RSA 65536" },
		{ "RSA_generate_key_ex(?, 65537, ?, 0)", "RSA" },
		{ "RSA_generate_key_ex(?, 0xfffffffffffff000, ?, 0)", "RSA" },
		{ "RSA_generate_key_ex(?, \"3072\", ?, 0)", "RSA 3072" },
		{ "RSA_generate_key_ex(?, \"P-256\", ?, 0)", "RSA" },
		{ "EC_KEY_new_by_curve_name(2048)", "EC" },
		{ "EC_KEY_new_by_curve_name(6)", "EC" },
		{ "EVP_PKEY_Q_keygen(0, 0, \"RSA\", \"P-256\")", "RSA" },
		{ "EVP_PKEY_Q_keygen(0, 0, \"EC\", 2048)", "EC" },
		{ "EVP_PKEY_Q_keygen(0, 0, \"nothing\", 2048)", "" },
		{ "EVP_PKEY_Q_keygen(0, 0, \"\", 2048)", "" },
		{ "EVP_PKEY_CTX_new_id(0, 0)", "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		check("openssl", cases[i].sample, 0, cases[i].want);
}

/* A negative int may fill the register or only its low half. */
static void numbers_are_as_registers_hold_them(void **state)
{
	(void)state;
	check("gnutls", "gnutls_privkey_generate(?, 4, 0xffffffff80000002, 0)", 0, "EC P-256");
	check("gnutls", "gnutls_privkey_generate(?, 4, 0x180000002, 0)", 0, "EC");
	check("openssl", "EC_KEY_new_by_curve_name(0x10000019f)", 0, "EC");
}

static void contexts_hand_on_what_they_are(void **state)
{
	static const char made[] =
		"EVP_PKEY_CTX_new_id(6, 0); EVP_PKEY_keygen_init($1); "
		"EVP_PKEY_CTX_set_rsa_keygen_bits($1, 4096); EVP_PKEY_keygen($1, ?)";

	(void)state;
	for (size_t i = 0; i < 4; i++)
		check("openssl", made, i, "RSA 4096");
	/* a context that is only kept in memory: the one maker of the function */
	check("openssl", "EVP_PKEY_CTX_new_id(1034, 0); EVP_PKEY_derive_init(?)", 1, "X25519");
	/* of two it could be either */
	check("openssl",
		"EVP_PKEY_CTX_new_id(1034, 0); EVP_PKEY_CTX_new_id(6, 0); "
		"EVP_PKEY_derive_init(?)",
		2, "");
	/* made behind the call */
	check("openssl", "EVP_PKEY_derive_init(?); EVP_PKEY_CTX_new_id(1034, 0)", 0, "");
	/* a digest is no context */
	check("openssl", "EVP_sha256(); EVP_PKEY_derive_init($1)", 1, "");
}

static void contexts_of_other_functions_are_none(void **state)
{
	static struct pqm_frame other = { .func = 0x9000, .at = 0x9000 };
	struct told t;
	char got[96];

	(void)state;
	read_calls(&t, "openssl", "EVP_PKEY_CTX_new_id(1034, 0); EVP_PKEY_derive_init(?)");
	t.call[0].path = &other;
	tell(&t);
	assert_string_equal(words_of(&t.fact[1], got, sizeof(got)), "");
	read_calls(&t, "openssl", "EVP_PKEY_CTX_new_id(1034, 0); EVP_PKEY_derive_init(?)");
	t.call[0].n_path = t.call[1].n_path = 0;
	tell(&t);
	assert_string_equal(words_of(&t.fact[1], got, sizeof(got)), "");
}

/* One context, two sizes: what has none of its own says nothing. */
static void sizes_that_differ_are_kept_apart(void **state)
{
	struct told t;

	(void)state;
	read_calls(&t, "openssl",
		"EVP_PKEY_CTX_new_id(6, 0); EVP_PKEY_CTX_set_rsa_keygen_bits($1, 2048); "
		"EVP_PKEY_CTX_set_rsa_keygen_bits($1, 4096); EVP_PKEY_keygen($1, ?)");
	tell(&t);
	assert_bytes(t.fact[1].parameter, "2048");
	assert_bytes(t.fact[2].parameter, "4096");
	assert_true(t.fact[0].is_dropped && t.fact[3].is_dropped);
	assert_int_equal(t.fact[3].parameter.n, 0);
}

/* Calls that take each other's results, themselves, or what is not there. */
static void circles_end(void **state)
{
	struct told t;

	(void)state;
	read_calls(&t, "openssl",
		"EVP_PKEY_CTX_new(?, 0); EVP_PKEY_CTX_new(?, 0); "
		"EVP_PKEY_CTX_new(?, 0)");
	for (size_t i = 0; i < t.n; i++)
		t.call[i].arg[0] =
			(struct pqm_arg){ .kind = PQM_ARG_RESULT, .value = (i + 1) % t.n };
	tell(&t);
	t.call[1].arg[0].value = 1;
	t.call[2].arg[0].value = UINT64_MAX;
	tell(&t);
	t.call[0].arg[0].value = 77;
	tell(&t);
	for (size_t i = 0; i < t.n; i++)
		assert_null(t.fact[i].alg);
}

static void a_reference_has_no_arguments(void **state)
{
	struct told t;
	char got[96];

	(void)state;
	read_calls(&t, "openssl", "RSA_generate_key_ex(?, 3072, ?, 0)");
	t.call[0].is_reference = true;
	tell(&t);
	assert_string_equal(words_of(&t.fact[0], got, sizeof(got)), "RSA");
}

static void functions_without_rules_say_nothing(void **state)
{
	struct told t;

	(void)state;
	read_calls(&t, "openssl", "no_such_function(6, 3072); RSA_generate_key_ex(?, 3072, ?, 0)");
	t.fact[1].lib = NULL;
	tell(&t);
	assert_null(t.fact[0].meaning);
	assert_null(t.fact[1].meaning);
	assert_int_equal(t.fact[1].parameter.n, 0);
	pqm_lib_facts(NULL, NULL, 0, &rules);
}

static void expressions_are_read_word_by_word(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "(genkey (rsa (nbits 4:3072)))", "RSA 3072" },
		{ "(genkey(rsa(nbits 3072)))", "RSA 3072" },
		{ "(genkey (ecc (curve \"NIST P-384\")))", "EC P-384" },
		{ "(genkey (ecc (curve Ed25519) (flags eddsa)))", "Ed25519" },
		{ "(genkey (rsa (nbits %d)))", "RSA" },
		{ "(data (flags raw) (value %m))", "" },
		{ "(genkey (ecc (curve", "EC" },
		{ "(genkey (ecc (curve \"NIST", "EC" },
		{ "(((((((((((", "" },
		{ "%", "" },
		{ "", "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct told t;
		char got[96];

		read_calls(&t, "libgcrypt", "gcry_sexp_build(?, 0, ?)");
		t.call[0].arg[2] =
			(struct pqm_arg){ .kind = PQM_ARG_TEXT, .text = pqm_str(cases[i].text) };
		tell(&t);
		if (strcmp(words_of(&t.fact[0], got, sizeof(got)), cases[i].want) != 0)
			fail_msg("%s: \"%s\", not \"%s\"", cases[i].text, got, cases[i].want);
	}
}

static void settings_are_told_by_role(void **state)
{
	static const struct {
		const char *sample;
		enum pqm_role role;
		const char *text; /* NULL: no setting */
	} cases[] = {
		{ "SSL_CTX_ctrl(?, 92, 0, \"X25519:P-256\")", PQM_ROLE_GROUPS, "X25519:P-256" },
		{ "SSL_ctrl(?, 92, 0, \"P-256\")", PQM_ROLE_GROUPS, "P-256" },
		{ "SSL_CTX_ctrl(?, 98, 0, \"RSA+SHA256\")", PQM_ROLE_SIGNATURES, "RSA+SHA256" },
		{ "SSL_CTX_ctrl(?, 124, 0x0303, 0)", PQM_ROLE_CEILING, "TLSv1.2" },
		{ "SSL_CTX_ctrl(?, 123, 0x0304, 0)", PQM_ROLE_FLOOR, "TLSv1.3" },
		{ "SSL_CTX_ctrl(?, 92, 0, ?)", PQM_ROLE_GROUPS, NULL },
		{ "SSL_CTX_ctrl(?, 92, 0, \"\")", PQM_ROLE_GROUPS, NULL },
		{ "SSL_CTX_ctrl(?, 124, 0x9999, 0)", PQM_ROLE_CEILING, NULL },
		{ "SSL_CTX_ctrl(?, ?, 0, \"P-256\")", PQM_ROLE_GROUPS, NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct told t;

		read_calls(&t, "openssl", cases[i].sample);
		tell(&t);
		if (t.fact[0].has_setting != (cases[i].text != NULL))
			fail_msg("%s", cases[i].sample);
		if (cases[i].text == NULL)
			continue;
		assert_int_equal(t.fact[0].setting, cases[i].role);
		assert_bytes(t.fact[0].text, cases[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_argument_names_the_parameter),
		cmocka_unit_test(nothing_is_guessed),
		cmocka_unit_test(numbers_are_as_registers_hold_them),
		cmocka_unit_test(contexts_hand_on_what_they_are),
		cmocka_unit_test(contexts_of_other_functions_are_none),
		cmocka_unit_test(sizes_that_differ_are_kept_apart),
		cmocka_unit_test(circles_end),
		cmocka_unit_test(a_reference_has_no_arguments),
		cmocka_unit_test(functions_without_rules_say_nothing),
		cmocka_unit_test(expressions_are_read_word_by_word),
		cmocka_unit_test(settings_are_told_by_role),
	};

	return cmocka_run_group_tests(tests, load, unload);
}
