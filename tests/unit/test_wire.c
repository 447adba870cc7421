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

static void suites_say_how_keys_are_exchanged(void **state)
{
	static const struct {
		uint32_t code;
		const char *name, *family;
		uint16_t flags;
	} row[] = {
		{ 0x1301, "TLS_AES_128_GCM_SHA256", "AES",
			PQM_C_TLS13 | PQM_C_AEAD | PQM_C_COMMON },
		{ 0xc02f, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "EC",
			PQM_C_ECDHE | PQM_C_AUTH_RSA | PQM_C_AEAD | PQM_C_COMMON },
		{ 0xc023, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256", "EC",
			PQM_C_ECDHE | PQM_C_AUTH_ECDSA },
		{ 0x009c, "TLS_RSA_WITH_AES_128_GCM_SHA256", "RSA",
			PQM_C_RSA | PQM_C_AUTH_RSA | PQM_C_AEAD | PQM_C_COMMON },
		{ 0x0003, "TLS_RSA_EXPORT_WITH_RC4_40_MD5", "RSA",
			PQM_C_RSA | PQM_C_AUTH_RSA | PQM_C_EXPORT },
		{ 0x003b, "TLS_RSA_WITH_NULL_SHA256", "RSA",
			PQM_C_RSA | PQM_C_AUTH_RSA | PQM_C_NULL },
		{ 0x0032, "TLS_DHE_DSS_WITH_AES_128_CBC_SHA", "DH", PQM_C_DHE | PQM_C_AUTH_DSS },
		{ 0x0034, "TLS_DH_anon_WITH_AES_128_CBC_SHA", "DH", PQM_C_DHE | PQM_C_ANON },
		{ 0xc016, "TLS_ECDH_anon_WITH_RC4_128_SHA", "EC", PQM_C_ECDHE | PQM_C_ANON },
		{ 0xc004, "TLS_ECDH_ECDSA_WITH_AES_128_CBC_SHA", "EC",
			PQM_C_STATIC | PQM_C_AUTH_ECDSA },
		{ 0x00a8, "TLS_PSK_WITH_AES_128_GCM_SHA256", "PSK", PQM_C_PSK | PQM_C_AEAD },
		{ 0x00ac, "TLS_RSA_PSK_WITH_AES_128_GCM_SHA256", "RSA",
			PQM_C_PSK | PQM_C_RSA | PQM_C_AUTH_RSA | PQM_C_AEAD },
		{ 0xc0aa, "TLS_PSK_DHE_WITH_AES_128_CCM_8", "DH",
			PQM_C_PSK | PQM_C_DHE | PQM_C_AEAD },
		{ 0x00c6, "TLS_SM4_GCM_SM3", "SM4", PQM_C_TLS13 | PQM_C_AEAD },
		{ 0x0700c0, "SSL2_DES_192_EDE3_CBC_WITH_MD5", "RSA",
			PQM_C_SSL2 | PQM_C_RSA | PQM_C_AUTH_RSA },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		const struct pqm_wire *w = pqm_wire_code(&rules, PQM_W_SUITE, row[i].code);

		if (w == NULL)
			fail_msg("0x%06x is unknown", row[i].code);
		assert_bytes(w->name, row[i].name);
		assert_bytes(w->family, row[i].family);
		assert_int_equal(w->code.flags, row[i].flags);
	}
	assert_null(pqm_wire_code(&rules, PQM_W_SUITE, 0x00ff)); /* SCSV: no suite */
	assert_null(pqm_wire_code(&rules, PQM_W_SUITE, 0x5600));
	assert_null(pqm_wire_code(&rules, PQM_W_SUITE, 0x00c0 | 0x08 << 16));
}

/* The registry's names say what the flags say. */
static void suite_flags_agree_with_their_names(void **state)
{
	static const struct {
		const char *part;
		uint16_t flag;
	} row[] = {
		{ "_EXPORT", PQM_C_EXPORT },
		{ "_anon_", PQM_C_ANON },
		{ "_PSK_", PQM_C_PSK },
		{ "TLS_RSA_", PQM_C_RSA },
		{ "_ECDHE_", PQM_C_ECDHE },
		{ "_DSS_", PQM_C_AUTH_DSS },
		{ "_WITH_NULL_", PQM_C_NULL },
		{ "_GCM", PQM_C_AEAD },
	};

	size_t n;
	const struct pqm_probe_code *code = pqm_wire_table(&rules, PQM_W_SUITE, &n);

	(void)state;
	assert_true(n > 370);
	for (size_t i = 0; i < n; i++) {
		uint32_t key = code[i].code | (uint32_t)code[i].aux << 16;
		const struct pqm_wire *w = pqm_wire_code(&rules, PQM_W_SUITE, key);

		assert_non_null(w);
		if ((w->code.flags & (PQM_C_SSL2 | PQM_C_OTHER)) != 0)
			continue;
		for (size_t k = 0; k < sizeof(row) / sizeof(row[0]); k++) {
			bool says = pqm_find(w->name, 0, pqm_str(row[k].part)) != SIZE_MAX;
			bool is = (w->code.flags & row[k].flag) != 0;

			if (says && !is)
				fail_msg("%.*s lacks %s", PQM_FMT(w->name), row[k].part);
			if (is && !says && row[k].flag == PQM_C_ECDHE)
				assert_true(
					pqm_find(w->name, 0, PQM_LIT("_ECDH_anon")) != SIZE_MAX);
		}
	}
}

/* Some servers hang up on long lists: the first hello stays short. */
static void a_first_hello_stays_short(void **state)
{
	size_t n, n_common = 0, n_quick = 0;
	const struct pqm_probe_code *code = pqm_wire_table(&rules, PQM_W_SUITE, &n);

	(void)state;
	for (size_t i = 0; i < n; i++)
		n_common += (code[i].flags & PQM_C_COMMON) != 0;
	assert_in_range(n_common, 20, 32);
	code = pqm_wire_table(&rules, PQM_W_SCHEME, &n);
	for (size_t i = 0; i < n; i++)
		n_quick += code[i].profile == PQM_PROFILE_QUICK;
	assert_in_range(n_quick, 18, 32);
	n_quick = 0;
	code = pqm_wire_table(&rules, PQM_W_GROUP, &n);
	for (size_t i = 0; i < n; i++)
		n_quick += code[i].profile == PQM_PROFILE_QUICK;
	assert_in_range(n_quick, 12, 20);
}

static void schemes_versions_and_methods_have_names(void **state)
{
	static const struct {
		enum pqm_wire_kind kind;
		uint32_t code;
		const char *name, *family;
	} row[] = {
		{ PQM_W_SCHEME, 0x0905, "mldsa65", "ML-DSA" },
		{ PQM_W_SCHEME, 0x0403, "ecdsa_secp256r1_sha256", "EC" },
		{ PQM_W_SCHEME, 0x0804, "rsa_pss_rsae_sha256", "RSA" },
		{ PQM_W_SCHEME, 0x0807, "ed25519", "Ed25519" },
		{ PQM_W_SCHEME, 0x0907, "mldsa44_ecdsa_secp256r1_sha256", "ML-DSA+EC" },
		{ PQM_W_SCHEME, 0x091c, "slhdsa_shake_256f", "SLH-DSA" },
		{ PQM_W_VERSION, 0x0304, "TLS 1.3", "TLS" },
		{ PQM_W_VERSION, 0x0002, "SSL 2.0", "TLS" },
		{ PQM_W_VERSION, 0xfefd, "DTLS 1.2", "TLS" },
		{ PQM_W_IKE, 36, "ml-kem-768", "ML-KEM" },
		{ PQM_W_IKE, 31, "curve25519", "X25519" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		const struct pqm_wire *w = pqm_wire_code(&rules, row[i].kind, row[i].code);

		assert_non_null(w);
		assert_bytes(w->name, row[i].name);
		assert_bytes(w->family, row[i].family);
	}
	/* Two drafts use it: nobody may read a safe signature out of the number. */
	assert_int_equal(pqm_wire_code(&rules, PQM_W_SCHEME, 0x0911)->quantum, PQM_Q_UNKNOWN);
}

static void ssh_names_resolve_exactly_before_patterns(void **state)
{
	static const struct {
		enum pqm_wire_kind kind;
		const char *name, *rule, *family;
		enum pqm_quantum quantum;
	} row[] = {
		{ PQM_W_SSH_KEX, "mlkem768x25519-sha256", "ssh.kex.hybrid", "X25519+ML-KEM",
			PQM_Q_HYBRID },
		{ PQM_W_SSH_KEX, "sntrup761x25519-sha512@openssh.com", "ssh.kex.hybrid",
			"X25519+NTRU-Prime", PQM_Q_HYBRID },
		{ PQM_W_SSH_KEX, "x25519-kyber-512r3-sha256-d00@amazon.com",
			"ssh.kex.withdrawn-hybrid", "X25519+Kyber", PQM_Q_HYBRID },
		{ PQM_W_SSH_KEX, "ecdh-nistp521-ml-kem-1024-sha512@openquantumsafe.org",
			"ssh.kex.experimental", "EC+ML-KEM", PQM_Q_HYBRID },
		{ PQM_W_SSH_KEX, "curve25519-sha256@libssh.org", "ssh.kex.ec", "X25519",
			PQM_Q_BROKEN },
		{ PQM_W_SSH_KEX, "gss-group14-sha256-toWM5Slw5Ew8Mqkay+al2g==", "ssh.kex.dh", "DH",
			PQM_Q_BROKEN },
		{ PQM_W_SSH_HOST_KEY, "ssh-ed25519", "ssh.hostkey.classical", "Ed25519",
			PQM_Q_BROKEN },
		{ PQM_W_SSH_HOST_KEY, "ssh-mldsa65", "ssh.hostkey.ml-dsa", "ML-DSA", PQM_Q_SAFE },
		{ PQM_W_SSH_CIPHER, "chacha20-poly1305@openssh.com", "ssh.cipher.aead", "ChaCha20",
			PQM_Q_SAFE },
		{ PQM_W_SSH_MAC, "hmac-md5", "ssh.mac.old", "HMAC", PQM_Q_SAFE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		const struct pqm_wire *w = pqm_wire_name(&rules, row[i].kind, pqm_str(row[i].name));

		if (w == NULL)
			fail_msg("%s is unknown", row[i].name);
		assert_bytes(w->rule->id, row[i].rule);
		assert_bytes(w->family, row[i].family);
		assert_int_equal(w->quantum, row[i].quantum);
	}
	assert_null(pqm_wire_name(&rules, PQM_W_SSH_KEX, PQM_LIT("ssh-ed25519")));
	assert_null(pqm_wire_name(&rules, PQM_W_SSH_KEX, PQM_LIT("gss-")));
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

static void methods_of_ssh_have_classes(void **state)
{
	static const struct {
		const char *name;
		unsigned k;
	} t[] = {
		{ "mlkem768x25519-sha256", PQM_K_PQ },
		{ "sntrup761x25519-sha512@openssh.com", PQM_K_PQ },
		{ "mlkem1024nistp384-sha384", PQM_K_PQ },
		{ "curve25519-sha256", 0 },
		{ "gss-group14-sha256-toWM5Slw5Ew8Mqkay+al2g==", 0 },
		{ "ml-kem-768-sha256", PQM_K_DRAFT },
		{ "mlkem512x25519-sha256@example.com", PQM_K_DRAFT },
		{ "sntrup4591761x25519-sha512@tinyssh.org", PQM_K_RETIRED },
		{ "ecdh-nistp256-kyber-512r3-sha256-d00@openquantumsafe.org", PQM_K_RETIRED },
		{ "mykyber768@example.com", PQM_K_RETIRED },
		{ "frodokem-640-aes-sha256", PQM_K_RETIRED },
		{ "ext-info-s", PQM_K_MARKER },
		{ "kex-strict-s-v00@openssh.com", PQM_K_MARKER },
		{ "kexguess2@matt.ucc.asn.au", PQM_K_MARKER },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		const struct pqm_wire *w = pqm_wire_name(&rules, PQM_W_SSH_KEX, pqm_str(t[i].name));

		assert_non_null(w);
		if (w->code.flags != t[i].k)
			fail_msg("%s: class %u", t[i].name, w->code.flags);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(methods_of_ssh_have_classes),
		cmocka_unit_test(groups_have_their_sizes_and_classes),
		cmocka_unit_test(hybrid_shares_are_the_sum_of_their_halves),
		cmocka_unit_test(unknown_codes_and_names_are_null),
		cmocka_unit_test(openssl_spellings_name_the_same_group),
		cmocka_unit_test(the_table_asks_for_hybrids_first),
		cmocka_unit_test(suites_say_how_keys_are_exchanged),
		cmocka_unit_test(suite_flags_agree_with_their_names),
		cmocka_unit_test(a_first_hello_stays_short),
		cmocka_unit_test(schemes_versions_and_methods_have_names),
		cmocka_unit_test(ssh_names_resolve_exactly_before_patterns),
		cmocka_unit_test(a_broken_wire_rule_is_a_usage_error_with_its_line),
	};

	return cmocka_run_group_tests(tests, load, unload);
}
