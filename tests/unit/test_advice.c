/* What is advised for which answers, and what never goes into a line to copy. */
#include "unit.h"

#include "base/limits.h"
#include "cli/probe_advice.h"

static struct pqm_rules rules;
static struct pqm_arena arena;

#define YES(kind_, code_, version_, rank_)                                                         \
	{                                                                                          \
		.kind = PQM_O_##kind_, .code = (code_), .version = (version_), .rank = (rank_),    \
		.answer = PQM_A_YES                                                                \
	}
#define KEX(text, rank_)                                                                           \
	{                                                                                          \
		.kind = PQM_O_KEX, .name = { (const uint8_t *)(text), sizeof(text) - 1 },          \
		.rank = (rank_), .answer = PQM_A_YES                                               \
	}

/* A server with X25519 and P-384 in 1.3, and P-256 in 1.2 alone. */
static struct pqm_offer classical[] = {
	YES(VERSION, 0x0303, 0, 0),
	YES(VERSION, 0x0304, 0, 0),
	YES(GROUP, 0x0017, 0x0303, 0),
	YES(GROUP, 0x001d, 0x0303, 0),
	YES(GROUP, 0x0018, 0x0304, 1),
	YES(GROUP, 0x001d, 0x0304, 2),
};

static struct pqm_offer offered[] = {
	YES(VERSION, 0x0304, 0, 0),
	YES(GROUP, 0x11ec, 0x0304, 1),
	YES(GROUP, 0x001d, 0x0304, 2),
	YES(GROUP, 0x11ed, 0x0304, 3),
};

static struct pqm_endpoint tls(struct pqm_offer *offers, size_t n, enum pqm_posture posture)
{
	return (struct pqm_endpoint){ .scheme = PQM_LIT("tls"),
		.protocol = PQM_LIT("tls"),
		.host = PQM_LIT("h.example"),
		.port = 443,
		.reach = PQM_R_ANSWERED,
		.posture = posture,
		.offers = offers,
		.n_offers = n };
}

static struct pqm_endpoint ssh(struct pqm_offer *offers, size_t n, const char *software)
{
	struct pqm_endpoint e = tls(offers, n, PQM_P_ABSENT);

	e.scheme = e.protocol = PQM_LIT("ssh");
	e.software = pqm_str(software);
	return e;
}

/* The first line of the first patch. */
static pqm_bytes first(const struct pqm_endpoint *e, const char *software, const char *key)
{
	struct pqm_advice_list l = pqm_advise(&rules, e, software, &arena);
	pqm_bytes line = PQM_LIT("none");

	if (l.n > 0)
		(void)pqm_advice_line(&line, &l.items[0], key, 0, &arena);
	return line;
}

static void nobody_is_let_out_by_accident(void **state)
{
	struct pqm_endpoint e = tls(classical, 6, PQM_P_ABSENT);

	(void)state;
	assert_bytes(first(&e, "nginx", "lines"),
		"ssl_ecdh_curve X25519MLKEM768/secp384r1:X25519:prime256v1;");
	assert_bytes(first(&e, "nginx", "undo"), "ssl_ecdh_curve secp384r1:X25519:prime256v1;");
	assert_bytes(first(&e, "java", "lines"),
		"-Djdk.tls.namedGroups=X25519MLKEM768,secp384r1,x25519,secp256r1");
	assert_bytes(first(&e, "gnutls", "undo"),
		"--priority NORMAL:-GROUP-ALL:+GROUP-SECP384R1:+GROUP-X25519:+GROUP-SECP256R1");
}

static void the_way_back_is_what_was_measured(void **state)
{
	struct pqm_endpoint e = tls(offered, 4, PQM_P_OFFERED);

	(void)state;
	assert_bytes(first(&e, "nginx", "lines"),
		"ssl_ecdh_curve X25519MLKEM768:SecP384r1MLKEM1024/X25519;");
	assert_bytes(first(&e, "nginx", "undo"),
		"ssl_ecdh_curve X25519MLKEM768:X25519:SecP384r1MLKEM1024;");
	e.posture = PQM_P_ENFORCED;
	assert_bytes(
		first(&e, "nginx", "lines"), "ssl_ecdh_curve X25519MLKEM768:SecP384r1MLKEM1024;");
}

static void nothing_is_advised_where_nothing_was_told(void **state)
{
	struct pqm_endpoint e = tls(classical, 6, PQM_P_UNKNOWN);

	(void)state;
	assert_int_equal(pqm_advise(&rules, &e, "nginx", &arena).n, 0);
	e.posture = PQM_P_ONLY;
	assert_int_equal(pqm_advise(&rules, &e, "nginx", &arena).n, 0);
	e.posture = PQM_P_ABSENT;
	e.reach = PQM_R_SILENT;
	assert_int_equal(pqm_advise(&rules, &e, "nginx", &arena).n, 0);
	e.reach = PQM_R_ANSWERED;
	assert_int_not_equal(pqm_advise(&rules, &e, "nginx", &arena).n, 0);
}

static void the_version_in_the_banner_picks_the_line(void **state)
{
	static struct pqm_offer kex[] = { KEX("curve25519-sha256", 1),
		KEX("ecdh-sha2-nistp256", 2) };

	static const struct {
		const char *banner, *line;
	} cases[] = {
		{ "OpenSSH_10.0p2 Debian-7",
			"KexAlgorithms mlkem768x25519-sha256,"
			"sntrup761x25519-sha512@openssh.com,"
			"curve25519-sha256,ecdh-sha2-nistp256" },
		{ "OpenSSH_9.9",
			"KexAlgorithms mlkem768x25519-sha256,"
			"sntrup761x25519-sha512@openssh.com,"
			"curve25519-sha256,ecdh-sha2-nistp256" },
		{ "OpenSSH_9.2p1 Debian-2",
			"KexAlgorithms sntrup761x25519-sha512@openssh.com,"
			"curve25519-sha256,ecdh-sha2-nistp256" },
		{ "OpenSSH_8.4p1", "apt-get install openssh-server" },
		{ "dropbear_2022.83", "apt-get install dropbear-bin" },
		{ "dropbear_2025.89", "#define DROPBEAR_MLKEM768 1" },
		{ "Cisco-1.25",
			"mlkem768x25519-sha256,sntrup761x25519-sha512@openssh.com,"
			"curve25519-sha256,ecdh-sha2-nistp256" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pqm_endpoint e = ssh(kex, 2, cases[i].banner);

		assert_bytes(first(&e, NULL, "lines"), cases[i].line);
		/* What the user says of TLS servers does not touch an SSH server. */
		assert_bytes(first(&e, "nginx", "lines"), cases[i].line);
	}
}

static void only_plain_names_of_methods_go_into_lines(void **state)
{
	static struct pqm_offer kex[] = {
		KEX("curve25519-sha256", 1),
		KEX("a\nPermitRootLogin yes", 2),
		KEX("$(reboot)", 3),
		KEX("kex-strict-s-v00@openssh.com", 4),
		KEX("ext-info-s", 5),
		KEX("diffie-hellman-group1-sha1", 6),
	};
	struct pqm_endpoint e = ssh(kex, 6, "OpenSSH_10.0");

	(void)state;
	assert_bytes(first(&e, NULL, "lines"),
		"KexAlgorithms mlkem768x25519-sha256,sntrup761x25519-sha512@openssh.com,"
		"curve25519-sha256");
	assert_bytes(first(&e, NULL, "undo"),
		"KexAlgorithms curve25519-sha256,diffie-hellman-group1-sha1");
}

static void weak_states_are_found_by_what_the_server_said(void **state)
{
	static struct pqm_offer old[] = { YES(VERSION, 0x0302, 0, 0), YES(VERSION, 0x0303, 0, 0),
		{ .kind = PQM_O_VERSION, .code = 0x0304, .answer = PQM_A_NO } };
	static struct pqm_wire_fact facts[] = {
		{ .key = { (const uint8_t *)"dh-bits", 7 },
			.answer = PQM_A_YES,
			.value = { (const uint8_t *)"1024", 4 } },
		{ .key = { (const uint8_t *)"kex-rsa", 7 }, .answer = PQM_A_YES },
	};
	static const char *const want[] = { "no-tls13", "absent", "kex-rsa", "weak-dhe",
		"old-tls" };
	struct pqm_endpoint e = tls(old, 3, PQM_P_ABSENT);
	struct pqm_advice_list l;

	(void)state;
	e.facts = facts;
	e.n_facts = 2;
	l = pqm_advise(&rules, &e, "nginx", &arena);
	assert_int_equal(l.n, 5);
	for (size_t i = 0; i < l.n; i++)
		assert_bytes(l.items[i].state, want[i]);
	facts[0].value = PQM_LIT("3072");
	facts[1].answer = PQM_A_UNKNOWN;
	old[2].answer = PQM_A_UNKNOWN;
	old[0].answer = PQM_A_NO;
	l = pqm_advise(&rules, &e, "nginx", &arena);
	assert_int_equal(l.n, 1);
	assert_bytes(l.items[0].state, "absent");
}

/* The commands of the first patch. */
static void commands(
	const struct pqm_endpoint *e, const char *software, const char *save, const char *restore)
{
	struct pqm_advice_list l = pqm_advise(&rules, e, software, &arena);

	assert_int_not_equal(l.n, 0);
	assert_bytes(pqm_advice_save(&l.items[0], &arena), save);
	assert_bytes(pqm_advice_restore(&l.items[0], &arena), restore);
}

static void a_file_is_copied_before_and_brought_back(void **state)
{
	struct pqm_endpoint e = tls(classical, 6, PQM_P_ABSENT);

	(void)state;
	commands(&e, "nginx", "cp -p /etc/nginx/nginx.conf /etc/nginx/nginx.conf.was-absent",
		"cp -p /etc/nginx/nginx.conf.was-absent /etc/nginx/nginx.conf && "
		"nginx -t && nginx -s reload");
	/* Each state has its own copy: the first is still there after a second patch. */
	e.posture = PQM_P_ENFORCED;
	commands(&e, "nginx", "cp -p /etc/nginx/nginx.conf /etc/nginx/nginx.conf.was-enforced",
		"cp -p /etc/nginx/nginx.conf.was-enforced /etc/nginx/nginx.conf && "
		"nginx -t && nginx -s reload");
	/* A variable and a source are in no file whose place is known. */
	e.posture = PQM_P_ABSENT;
	commands(&e, "go", "", "");
	commands(&e, "node", "", "");
}

static void versions_are_those_accepted_now(void **state)
{
	static struct pqm_offer old[] = { YES(VERSION, 0x0301, 0, 0), YES(VERSION, 0x0303, 0, 0),
		YES(VERSION, 0x0304, 0, 0) };

	static const struct {
		const char *software, *line;
	} cases[] = {
		{ "nginx", "ssl_protocols TLSv1 TLSv1.2 TLSv1.3;" },
		{ "apache", "SSLProtocol -all +TLSv1 +TLSv1.2 +TLSv1.3" },
		{ "haproxy", "ssl-default-bind-options ssl-min-ver TLSv1.0" },
		{ "stunnel", "sslVersionMin = TLSv1" },
		{ "postgresql", "ssl_min_protocol_version = 'TLSv1'" },
		{ "envoy", "tls_minimum_protocol_version: TLSv1_0" },
	};
	struct pqm_endpoint e = tls(old, 3, PQM_P_ENFORCED);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pqm_advice_list l = pqm_advise(&rules, &e, cases[i].software, &arena);
		pqm_bytes line = { NULL, 0 };

		assert_int_not_equal(l.n, 0);
		assert_bytes(l.items[0].state, "enforced");
		assert_true(pqm_advice_line(&line, &l.items[0], "undo", 1, &arena));
		assert_bytes(line, cases[i].line);
	}
}

static void every_patch_can_be_written_out(void **state)
{
	static const enum pqm_posture postures[] = { PQM_P_ABSENT, PQM_P_OFFERED, PQM_P_ENFORCED };

	static const char *const keys[] = { "lines", "undo" };
	const struct pqm_rule *rule;
	size_t at = 0, n = 0;

	(void)state;
	while ((rule = pqm_rules_next(&rules, "endpoints/advice.yaml", &at)) != NULL) {
		pqm_bytes name = pqm_yaml_str(rule->node, "software"), line;
		char software[64];

		if (pqm_yaml_get(rule->node, "title") == NULL)
			continue;
		(void)snprintf(software, sizeof(software), "%.*s", PQM_FMT(name));
		for (size_t i = 0; i < 3 * 2 * 2; i++) {
			struct pqm_endpoint e = i % 2 == 0
				? tls(i % 4 < 2 ? classical : offered, i % 4 < 2 ? 6 : 4,
					  postures[i / 4])
				: ssh(NULL, 0, "");
			e.posture = postures[i / 4];
			struct pqm_advice_list l = pqm_advise(&rules, &e, software, &arena);

			for (size_t k = 0; k < l.n * 2; k++)
				for (size_t j = 0; pqm_advice_line(
					     &line, &l.items[k / 2], keys[k % 2], j, &arena);
					j++, n++) {
					assert_int_not_equal(line.n, 0);
					assert_int_equal(
						pqm_find(line, 0, PQM_LIT("groups}")), SIZE_MAX);
					assert_int_equal(
						pqm_find(line, 0, PQM_LIT("kex}")), SIZE_MAX);
					assert_int_equal(
						pqm_find(line, 0, PQM_LIT("::")), SIZE_MAX);
				}
		}
	}
	assert_true(n > 300);
}

static void a_name_nobody_has_is_refused(void **state)
{
	struct pqm_err err = { 0 };

	(void)state;
	assert_int_equal(pqm_advice_check(&rules, NULL, &err), PQM_OK);
	assert_int_equal(pqm_advice_check(&rules, "nginx/1.26.3", &err), PQM_OK);
	assert_int_equal(pqm_advice_check(&rules, "ngin", &err), PQM_EUSAGE);
	assert_int_equal(pqm_advice_check(&rules, "", &err), PQM_EUSAGE);
	assert_non_null(strstr(err.msg, "nginx"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_is_let_out_by_accident),
		cmocka_unit_test(the_way_back_is_what_was_measured),
		cmocka_unit_test(nothing_is_advised_where_nothing_was_told),
		cmocka_unit_test(the_version_in_the_banner_picks_the_line),
		cmocka_unit_test(only_plain_names_of_methods_go_into_lines),
		cmocka_unit_test(weak_states_are_found_by_what_the_server_said),
		cmocka_unit_test(a_file_is_copied_before_and_brought_back),
		cmocka_unit_test(versions_are_those_accepted_now),
		cmocka_unit_test(every_patch_can_be_written_out),
		cmocka_unit_test(a_name_nobody_has_is_refused),
	};
	struct pqm_err err = { 0 };
	int failed;

	if (pqm_rules_load(&rules, NULL, &err) != PQM_OK)
		return 1;
	pqm_arena_init(&arena, PQM_ARENA_BYTES);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	pqm_arena_fini(&arena);
	pqm_rules_fini(&rules);
	return failed;
}
