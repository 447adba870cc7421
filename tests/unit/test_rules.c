#include "unit.h"

#include <sys/stat.h>

#include "rules/rules.h"

static void the_built_in_rules_load(void **state)
{
	struct pqm_err err = { 0 };
	struct pqm_rules r;

	(void)state;
	if (pqm_rules_load(&r, NULL, &err) != PQM_OK)
		fail_msg("%s", err.msg);
	assert_true(r.n_algs > 100);
	assert_int_equal(strlen(r.version), 64);
	pqm_rules_fini(&r);
}

static void names_resolve_whatever_their_spelling(void **state)
{
	static const struct {
		const char *name, *family, *parameter;
	} row[] = {
		{ "RSA", "RSA", "" },
		{ "rsa-2048", "RSA", "2048" },
		{ "prime256v1", "EC", "P-256" },
		{ "secp384r1", "EC", "P-384" },
		{ "ecdsa-sha2-nistp521", "EC", "P-521" },
		{ "ssh-ed25519", "Ed25519", "" },
		{ "x25519", "X25519", "" },
		{ "ML_KEM_768", "ML-KEM", "768" },
		{ "mldsa65", "ML-DSA", "65" },
		{ "SHA256", "SHA-2", "256" },
		{ "SHA-256", "SHA-2", "256" },
		{ "X25519MLKEM768", "X25519+ML-KEM", "768" },
		{ "sike", "SIKE", "" },
	};
	struct pqm_err err = { 0 };
	struct pqm_rules r;

	(void)state;
	assert_int_equal(pqm_rules_load(&r, NULL, &err), PQM_OK);
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		const struct pqm_alg_ref *ref = pqm_alg_by_name(&r, pqm_str(row[i].name));

		if (ref == NULL)
			fail_msg("%s is unknown", row[i].name);
		assert_bytes(ref->alg->family, row[i].family);
		if (row[i].parameter[0] != '\0')
			assert_bytes(ref->parameter, row[i].parameter);
	}
	assert_null(pqm_alg_by_name(&r, PQM_LIT("no-such-thing")));
	assert_null(pqm_alg_by_name(&r, PQM_LIT("")));
	pqm_rules_fini(&r);
}

static void oids_resolve_to_curve_and_set(void **state)
{
	struct pqm_err err = { 0 };
	struct pqm_rules r;
	const struct pqm_alg_ref *ref;

	(void)state;
	assert_int_equal(pqm_rules_load(&r, NULL, &err), PQM_OK);
	ref = pqm_alg_by_oid(&r, PQM_LIT("2.16.840.1.101.3.4.3.18"));
	assert_non_null(ref);
	assert_bytes(ref->alg->family, "ML-DSA");
	assert_bytes(ref->parameter, "65");
	ref = pqm_alg_by_oid(&r, PQM_LIT("1.2.840.10045.3.1.7"));
	assert_non_null(ref);
	assert_bytes(ref->parameter, "P-256");
	assert_null(pqm_alg_by_oid(&r, PQM_LIT("1.2.3.4")));
	pqm_rules_fini(&r);
}

static void risk_classes_follow_size_and_curve(void **state)
{
	static const struct {
		const char *family, *parameter, *class;
		uint32_t bits;
	} row[] = {
		{ "RSA", "2048", "R2048", 0 },
		{ "RSA", "1024", "WEAK", 0 },
		{ "RSA", "3072", "R3072", 0 },
		{ "RSA", "2056", "R2048", 0 },
		{ "RSA", "16384", "R4096", 0 },
		{ "RSA", "", "R2048", 0 },
		{ "RSA", "", "R4096", 4096 },
		{ "EC", "P-256", "E256", 0 },
		{ "EC", "P-384", "E384", 0 },
		{ "EC", "", "E256", 0 },
		{ "X25519", "", "E256", 0 },
		{ "ML-KEM", "768", "PQ", 0 },
		{ "AES", "256", "SYM", 0 },
		{ "X25519+ML-KEM", "768", "HYB", 0 },
		{ "unheard-of", "", "UNK", 0 },
	};
	struct pqm_err err = { 0 };
	struct pqm_rules r;

	(void)state;
	assert_int_equal(pqm_rules_load(&r, NULL, &err), PQM_OK);
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		pqm_bytes c = pqm_alg_risk_class(
			&r, pqm_str(row[i].family), pqm_str(row[i].parameter), row[i].bits);

		if (!pqm_eqs(c, row[i].class))
			fail_msg("%s %s is %.*s, not %s", row[i].family, row[i].parameter,
				PQM_FMT(c), row[i].class);
	}
	pqm_rules_fini(&r);
}

/* AES-128 is not a planning threat [design/risk.md §1]; hashes and MACs are never "asymmetric". */
static void symmetric_algorithms_are_never_findings(void **state)
{
	static const char *const names[] = { "AES-128", "AES-256", "HMAC", "bcrypt", "Poly1305",
		"ChaCha20", "SHA-256", "SHA-1", "MD5" };
	struct pqm_err err = { 0 };
	struct pqm_rules r;

	(void)state;
	assert_int_equal(pqm_rules_load(&r, NULL, &err), PQM_OK);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct pqm_alg_ref *ref = pqm_alg_by_name(&r, pqm_str(names[i]));

		assert_non_null(ref);
		assert_int_equal(ref->alg->quantum, PQM_Q_SAFE);
	}
	pqm_rules_fini(&r);
}

static void a_broken_file_is_a_usage_error_with_its_line(void **state)
{
	static const struct {
		const char *text, *words;
	} row[] = {
		{ "- id: a.b\n- why: none\n", "x.yaml:2" },
		{ "id: a.b\n", "x.yaml:1" },
		{ "- id: a.b\n- id: a.b\n", "x.yaml:2" },
		{ "- id: [\n", "x.yaml:" },
		{ "- 12\n", "x.yaml:1" },
	};

	char dir[] = "/tmp/pqmap-rules-XXXXXX", path[64];

	(void)state;
	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/x.yaml", dir);
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct pqm_err err = { 0 };
		struct pqm_rules r;
		FILE *f = fopen(path, "w");

		assert_non_null(f);
		assert_true(fputs(row[i].text, f) >= 0);
		assert_int_equal(fclose(f), 0);
		assert_int_equal(pqm_rules_load(&r, dir, &err), PQM_EUSAGE);
		if (strstr(err.msg, row[i].words) == NULL)
			fail_msg("'%s' says '%s'", row[i].text, err.msg);
	}
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(dir), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_built_in_rules_load),
		cmocka_unit_test(names_resolve_whatever_their_spelling),
		cmocka_unit_test(oids_resolve_to_curve_and_set),
		cmocka_unit_test(risk_classes_follow_size_and_curve),
		cmocka_unit_test(symmetric_algorithms_are_never_findings),
		cmocka_unit_test(a_broken_file_is_a_usage_error_with_its_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
