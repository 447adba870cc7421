#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rules/wire.h"

static struct pqm_rules rules;

static int load(void **state)
{
	struct pqm_err err = { 0 };

	(void)state;
	if (pqm_rules_load(&rules, NULL, &err) != PQM_OK)
		fail_msg("%s", err.msg);
	return 0;
}

static int unload(void **state)
{
	(void)state;
	pqm_rules_fini(&rules);
	return 0;
}

static void groups_have_their_sizes_and_classes(void **state)
{
	static const struct {
		uint16_t code;
		const char *name, *family, *parameter, *status;
		uint16_t flags, client, server;
		uint8_t profile;
	} row[] = {
		{ 0x11ec, "X25519MLKEM768", "X25519+ML-KEM", "768", "draft",
			PQM_G_HYBRID | PQM_G_13ONLY, 1216, 1120, PQM_PROFILE_QUICK },
		{ 0x11eb, "SecP256r1MLKEM768", "EC+ML-KEM", "P-256+768", "draft",
			PQM_G_HYBRID | PQM_G_13ONLY, 1249, 1153, PQM_PROFILE_QUICK },
		{ 0x11ed, "SecP384r1MLKEM1024", "EC+ML-KEM", "P-384+1024", "draft",
			PQM_G_HYBRID | PQM_G_13ONLY, 1665, 1665, PQM_PROFILE_QUICK },
		{ 0x0201, "MLKEM768", "ML-KEM", "768", "draft", PQM_G_PQ | PQM_G_13ONLY, 1184, 1088,
			PQM_PROFILE_QUICK },
		{ 0x6399, "X25519Kyber768Draft00", "X25519+Kyber", "768", "retired",
			PQM_G_DRAFT | PQM_G_13ONLY, 1216, 1120, PQM_PROFILE_HNDL },
		{ 0x001d, "x25519", "X25519", "", "standard", PQM_G_EC, 32, 32, PQM_PROFILE_QUICK },
		{ 0x0017, "secp256r1", "EC", "P-256", "standard", PQM_G_EC, 65, 65,
			PQM_PROFILE_QUICK },
		{ 0x0104, "ffdhe8192", "DH", "8192", "standard", PQM_G_FFDHE, 1024, 1024,
			PQM_PROFILE_QUICK },
		{ 0x001f, "brainpoolP256r1tls13", "EC", "brainpoolP256r1", "standard",
			PQM_G_EC | PQM_G_13ONLY, 65, 65, PQM_PROFILE_HNDL },
		{ 0x001a, "brainpoolP256r1", "EC", "brainpoolP256r1", "standard",
			PQM_G_EC | PQM_G_OLD, 65, 65, PQM_PROFILE_HNDL },
		{ 0x2f4b, "p256_mlkem512", "EC+ML-KEM", "", "experimental",
			PQM_G_DRAFT | PQM_G_13ONLY, 865, 833, PQM_PROFILE_FULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		const struct pqm_wire *w = pqm_wire_code(&rules, PQM_W_GROUP, row[i].code);

		assert_non_null(w);
		assert_bytes(w->name, row[i].name);
		assert_bytes(w->family, row[i].family);
		assert_bytes(w->parameter, row[i].parameter);
		assert_bytes(w->status, row[i].status);
		assert_int_equal(w->code.flags, row[i].flags);
		assert_int_equal(w->code.client_bytes, row[i].client);
		assert_int_equal(w->code.server_bytes, row[i].server);
		assert_int_equal(w->code.profile, row[i].profile);
		assert_true(w->why.n > 0);
		assert_ptr_equal(pqm_wire_name(&rules, PQM_W_GROUP, pqm_str(row[i].name)), w);
	}
}

/* A share is what is sent for it: the halves of a hybrid add up. */
static void hybrid_shares_are_the_sum_of_their_halves(void **state)
{
	(void)state;
	size_t n;
	const struct pqm_probe_code *code = pqm_wire_table(&rules, PQM_W_GROUP, &n);

	for (size_t i = 0; i < n; i++) {
		if ((code[i].flags & PQM_G_HYBRID) == 0)
			continue;
		int up = code[i].client_bytes, down = code[i].server_bytes;
		bool is_768 = (up - 1184 == 32 || up - 1184 == 65) && up - down == 1184 - 1088;
		bool is_1024 = up - 1568 == 97 && up == down;

		if (!is_768 && !is_1024)
			fail_msg("0x%04x: %d and %d bytes", code[i].code, up, down);
	}
}

static void unknown_codes_and_names_are_null(void **state)
{
	(void)state;
	assert_null(pqm_wire_code(&rules, PQM_W_GROUP, 0x0a0a));
	assert_null(pqm_wire_code(&rules, PQM_W_GROUP, 0x11ec11ec));
	assert_null(pqm_wire_name(&rules, PQM_W_GROUP, PQM_LIT("")));
	assert_null(pqm_wire_name(&rules, PQM_W_GROUP, PQM_LIT("X25519MLKEM76")));
	assert_null(pqm_wire_code(&rules, PQM_W_SSH_KEX, 0));
	uint8_t big[400];

	memset(big, 'a', sizeof(big));
	assert_null(pqm_wire_name(&rules, PQM_W_GROUP, (pqm_bytes){ big, sizeof(big) }));
}

static void openssl_spellings_name_the_same_group(void **state)
{
	(void)state;
	const struct pqm_wire *w = pqm_wire_code(&rules, PQM_W_GROUP, 0x0017);

	assert_ptr_equal(pqm_wire_name(&rules, PQM_W_GROUP, PQM_LIT("prime256v1")), w);
	assert_ptr_equal(pqm_wire_name(&rules, PQM_W_GROUP, PQM_LIT("P-256")), w);
	assert_ptr_equal(pqm_wire_name(&rules, PQM_W_GROUP, PQM_LIT("SECP256R1")), w);
}

static void the_table_asks_for_hybrids_first(void **state)
{
	static const uint16_t want[] = { 0x11ec, 0x11eb, 0x11ed, 0x0201, 0x0202, 0x0200, 0x001d,
		0x0017 };
	size_t n;
	const struct pqm_probe_code *code = pqm_wire_table(&rules, PQM_W_GROUP, &n);

	(void)state;
	assert_true(n > 100);
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++)
		assert_int_equal(code[i].code, want[i]);
}

static void a_broken_wire_rule_is_a_usage_error_with_its_line(void **state)
{
	static const struct {
		const char *text, *words;
	} row[] = {
		{ "- id: a.b\n", "tls/groups.yaml:1: a list of codes" },
		{ "- id: a.b\n  alg: TLS\n  codes:\n    - [x, y]\n",
			"tls/groups.yaml:4: a code point" },
		{ "- id: a.b\n  alg: TLS\n  codes:\n    - [0x10000, y]\n",
			"tls/groups.yaml:4: a code point" },
		{ "- id: a.b\n  alg: TLS\n  codes:\n    - [0x1, y]\n    - [1, z]\n",
			"code 0x0001 is there twice" },
		{ "- id: a.b\n  alg: TLS\n  codes:\n    - [0x1, y]\n    - [2, Y]\n", "name 'Y'" },
		{ "- id: a.b\n  codes:\n    - [0x1, y]\n", "groups.yaml:3: 'y' is not in" },
		{ "- id: a.b\n  alg: TLS\n  class: [x]\n  codes: []\n", "groups.yaml:3: class" },
		{ "- id: a.b\n  alg: TLS\n  profile: x\n  codes: []\n", "groups.yaml:3: profile" },
		{ "- id: a.b\n  alg: TLS\n  status: x\n  codes: []\n", "groups.yaml:3: status" },
		{ "- id: a.b\n  alg: TLS\n  codes:\n    - {code: 1, name: y, client: 70000}\n",
			"groups.yaml:4: client" },
		{ "- id: a.b\n  alg: TLS\n  codes:\n    - {code: 1}\n", "groups.yaml:4: an entry" },
		{ "- id: a.b\n  alg: TLS\n  common: [2]\n  codes:\n    - [1, y]\n",
			"groups.yaml:3: common" },
	};

	char dir[] = "/tmp/pqmap-wire-XXXXXX", alg[80], tls[80], path[96];

	(void)state;
	assert_non_null(mkdtemp(dir));
	(void)snprintf(alg, sizeof(alg), "%s/algorithms", dir);
	(void)snprintf(tls, sizeof(tls), "%s/tls", dir);
	assert_int_equal(mkdir(alg, 0700), 0);
	assert_int_equal(mkdir(tls, 0700), 0);
	(void)snprintf(path, sizeof(path), "%s/x.yaml", alg);
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	(void)fputs("- {id: alg.tls, family: TLS, basis: other, functions: [kex], "
		    "quantum: unknown, classical: ok}\n",
		f);
	assert_int_equal(fclose(f), 0);
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct pqm_err err = { 0 };
		struct pqm_rules r;

		(void)snprintf(path, sizeof(path), "%s/groups.yaml", tls);
		f = fopen(path, "w");
		assert_non_null(f);
		(void)fputs(row[i].text, f);
		assert_int_equal(fclose(f), 0);
		assert_int_equal(pqm_rules_load(&r, dir, &err), PQM_EUSAGE);
		if (strstr(err.msg, row[i].words) == NULL)
			fail_msg("%s: %s", row[i].words, err.msg);
	}
	(void)unlink(path);
	(void)rmdir(tls);
	(void)snprintf(path, sizeof(path), "%s/x.yaml", alg);
	(void)unlink(path);
	(void)rmdir(alg);
	(void)rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(groups_have_their_sizes_and_classes),
		cmocka_unit_test(hybrid_shares_are_the_sum_of_their_halves),
		cmocka_unit_test(unknown_codes_and_names_are_null),
		cmocka_unit_test(openssl_spellings_name_the_same_group),
		cmocka_unit_test(the_table_asks_for_hybrids_first),
		cmocka_unit_test(a_broken_wire_rule_is_a_usage_error_with_its_line),
	};

	return cmocka_run_group_tests(tests, load, unload);
}
