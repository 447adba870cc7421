/* test_conf.c — configuration text to statements and findings; the rules of conf/ on their samples. */
#include "unit.h"

#include "detect/conf.h"
#include "k8s_record.h"
#include "rules/k8s.h"

extern const struct pqm_detector pqm_det_conf;

static enum pqm_st scan_as(const char *name, const char *object, pqm_bytes text)
{
	struct pqm_artifact a = { .body = text,
		.path = pqm_str(name),
		.name = pqm_str(name),
		.object = pqm_str(object),
		.line = object != NULL ? 7 : 0,
		.col = object != NULL ? 3 : 0 };

	return record_run(&pqm_det_conf, &a);
}

static void scan(const char *name, const char *text)
{
	assert_int_equal(scan_as(name, NULL, pqm_str(text)), PQM_OK);
}

static pqm_bytes attr(size_t i, const char *key)
{
	for (size_t k = 0; k < rec.found[i].n_attrs; k++)
		if (pqm_eqs(rec.found[i].attrs[k].key, key))
			return rec.found[i].attrs[k].value;
	return (pqm_bytes){ NULL, 0 };
}

static bool fits(const struct pqm_rule *rule, pqm_bytes sample)
{
	return pqm_conf_rule_fits(&rules, rule, sample);
}

static void every_rule_agrees_with_its_samples(void **state)
{
	(void)state;
	assert_true(record_samples("conf/", fits) > 100);
}

static void a_tunnel_key_is_found_and_not_shown(void **state)
{
	(void)state;
	scan("wg0.conf",
		"[Interface]\nListenPort = 1\nPrivateKey = "
		"eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHg=\n");
	assert_int_equal(rec.n_found, 1);
	assert_int_equal(rec.found[0].meaning, PQM_KEY);
	assert_int_equal(rec.found[0].line, 3);
	for (size_t k = 0; k < rec.found[0].n_attrs; k++)
		assert_int_equal(
			pqm_find(rec.found[0].attrs[k].value, 0, PQM_LIT("eHh4")), SIZE_MAX);
	assert_int_equal(pqm_find(rec.found[0].identity, 0, PQM_LIT("eHh4")), SIZE_MAX);
}

/* The lines of one list say one thing together; some peers of a tunnel with a preshared key are not all. */
static void statements_count_together(void **state)
{
	(void)state;
	scan("rabbitmq.conf",
		"ssl_options.versions.1 = tlsv1.1\nssl_options.versions.2 = tlsv1.2\n");
	assert_int_equal(rec.n_found, 1);
	assert_true(pqm_eqs(rec.found[0].rule, "conf.tls-ceiling"));
	assert_true(pqm_eqs(attr(0, "value"), "TLSv1.2"));
	scan("wg0.conf",
		"[Interface]\nListenPort = 1\n[Peer]\nPublicKey = a\nPresharedKey = b\n"
		"[Peer]\nPublicKey = c\n");
	assert_int_equal(rec.n_found, 2);
	assert_true(pqm_eqs(rec.found[1].rule, "conf.kex-fixed") ||
		pqm_eqs(rec.found[0].rule, "conf.kex-fixed"));
}

/* In a manifest the rules of rules/k8s say what is absent. */
static void a_default_is_told_of_files_only(void **state)
{
	(void)state;
	scan("redis.conf", "tls-port 6379\n");
	assert_int_equal(rec.n_found, 1);
	assert_true(pqm_eqs(rec.found[0].rule, "conf.groups-default"));
	assert_int_equal(
		scan_as("x.yaml", "n/ConfigMap/c#data.redis.conf", PQM_LIT("tls-port 6379\n")),
		PQM_OK);
	assert_int_equal(rec.n_found, 0);
}

/* A finding can only come from a file that the engine hands over. */
static void every_hit_is_wanted(void **state)
{
	const struct pqm_rule *rule;
	size_t i = 0, n = 0;

	(void)state;
	while ((rule = pqm_rules_next(&rules, "conf/", &i)) != NULL) {
		const struct pqm_yaml *list = pqm_yaml_get(rule->node, "hit");

		for (size_t j = 0; j < list->n; j++, n++) {
			pqm_bytes text = list->items[j]->text, name;

			assert_true(pqm_split(&text, '\n', &name));
			struct pqm_artifact a = { .body = text, .head = text, .name = name };

			if (!pqm_det_conf.wants(&a))
				fail_msg("%.*s", PQM_FMT(list->items[j]->text));
		}
	}
	assert_true(n > 60);
}

static void statements_have_their_place(void **state)
{
	static const struct {
		enum pqm_conf_form form;
		const char *text, *name, *value;
		uint32_t line, col;
	} t[] = {
		{ PQM_CONF_BRACES, "# a b;\n http {\n\tx 1 # c;\n 2;", "http", "", 2, 2 },
		{ PQM_CONF_BRACES, "x 'a;b' \"c}\";", "x", "'a;b' \"c}\"", 1, 1 },
		{ PQM_CONF_BRACES, "x 1 # ;\n 2;", "x", "1 # ;\n 2", 1, 1 },
		{ PQM_CONF_LINES, "<V *>\n\tA b c\r\nD", "A", "b c", 2, 2 },
		{ PQM_CONF_LINES, "A b \\\n c\nD", "A", "b \\\n c", 1, 1 },
		{ PQM_CONF_LINES, "A=b # c\n", "A", "b", 1, 1 },
		{ PQM_CONF_INI, "[s]\n; x = 1\n! y\n z = 'a' # c\n", "z", "'a'", 4, 2 },
		{ PQM_CONF_INI, "a.b: c\n", "a.b", "c", 1, 1 },
		{ PQM_CONF_INI, "\xef\xbb\xbfx=1\n", "x", "1", 1, 1 },
		{ PQM_CONF_HCL, "// a = 1\n/* b = 2\n*/ c = [\n \"d\"\n]\ne = 1", "c",
			"[\n \"d\"\n]", 3, 4 },
		{ PQM_CONF_SHELL, "a 'b;c' && d", "a", "'b;c'", 1, 1 },
		{ PQM_CONF_SHELL, "a \\\" ; b", "a", "\\\"", 1, 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct pqm_conf_item item;
		struct pqm_conf c;

		pqm_conf_open(&c, t[i].form, pqm_str(t[i].text));
		assert_true(pqm_conf_next(&c, &item));
		assert_bytes(item.name, t[i].name);
		assert_bytes(item.value, t[i].value);
		assert_int_equal(item.line, t[i].line);
		assert_int_equal(item.col, t[i].col);
	}
}

static void findings_stand_where_the_directive_does(void **state)
{
	(void)state;
	scan("nginx.conf",
		"http {\n  include mime.types;\n    ssl_ecdh_curve X25519:prime256v1; # p\n}\n");
	assert_int_equal(rec.n_found, 1);
	assert_bytes(rec.found[0].rule, "conf.hybrid-switched-off");
	assert_bytes(rec.found[0].family, "X25519");
	assert_int_equal(rec.found[0].line, 3);
	assert_int_equal(rec.found[0].col, 5);
	assert_int_equal(rec.found[0].evidence, PQM_CONFIGURED);
	assert_true(pqm_starts(rec.found[0].fix, PQM_LIT("ssl_ecdh_curve X25519MLKEM768:")));
	assert_bytes(attr(0, "program"), "nginx");
	assert_bytes(attr(0, "setting"), "ssl_ecdh_curve");
	assert_bytes(attr(0, "value"), "X25519:prime256v1");
	assert_bytes(attr(0, "include"), "not followed");
}

static void the_key_of_a_configmap_is_a_name(void **state)
{
	(void)state;
	assert_int_equal(scan_as("", "n/ConfigMap/c#data.sshd_config",
				 PQM_LIT("Port 2222\nKexAlgorithms curve25519-sha256\n")),
		PQM_OK);
	assert_int_equal(rec.n_found, 1);
	assert_bytes(attr(0, "value_line"), "2");
	assert_int_equal(scan_as("", "n/ConfigMap/c#data.notes",
				 PQM_LIT("Port 2222\nKexAlgorithms curve25519-sha256\n")),
		PQM_OK);
	assert_int_equal(rec.n_found, 0);
}

static void values_that_are_no_algorithms_stay_behind(void **state)
{
	static const char *const texts[][2] = {
		{ "gen.sh", "keytool -genkeypair -keyalg RSA -keysize 2048 -storepass hunter2\n" },
		{ "gen.sh", "openssl genrsa -passout pass:hunter2 2048\n" },
		{ "nginx.conf", "ssl_ciphers hunter2:AES128-SHA;\n" },
		{ "nginx.conf", "ssl_conf_command Groups X25519 hunter2;\n" },
		{ "my.cnf", "password=hunter2\ntls_version=TLSv1.2\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		scan(texts[i][0], texts[i][1]);
		for (size_t k = 0; k < rec.n_found; k++) {
			assert_true(
				pqm_find(rec.found[k].identity, 0, PQM_LIT("hunter2")) == SIZE_MAX);
			for (size_t j = 0; j < rec.found[k].n_attrs; j++)
				assert_true(pqm_find(rec.found[k].attrs[j].value, 0,
						    PQM_LIT("hunter2")) == SIZE_MAX);
		}
	}
}

static void versions_are_read_in_every_spelling(void **state)
{
	static const struct {
		const char *word;
		unsigned version;
	} t[] = { { "TLSv1.3", 13 }, { "TLSv1_3", 13 }, { "tls13", 13 }, { "VersionTLS12", 12 },
		{ "TLSv1", 10 }, { "TLSv1.1", 11 }, { "1.2", 12 }, { "SSLv3", 3 }, { "SSLv2", 2 },
		{ "DTLSv1.2", 0 }, { "None", 0 }, { "1", 0 }, { "TLSv1.4", 0 }, { "", 0 },
		{ "TLSv2", 0 }, { "$v", 0 }, { "TLS_AUTO", 0 } };

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		assert_int_equal(pqm_conf_version(pqm_str(t[i].word)), t[i].version);
}

static void sizes_of_keys_come_from_the_command(void **state)
{
	static const struct {
		const char *text, *family, *parameter;
	} t[] = {
		{ "openssl genrsa -out k 4096\n", "RSA", "4096" },
		{ "openssl genrsa -aes256 3072\n", "RSA", "3072" },
		{ "openssl genrsa\n", "RSA", "2048" },
		{ "openssl genrsa -out k\n", "RSA", "2048" },
		{ "openssl genrsa -out k $BITS\n", "RSA", "" },
		{ "openssl req -newkey rsa:4096 -nodes\n", "RSA", "4096" },
		{ "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384\n", "EC",
			"P-384" },
		{ "openssl ecparam -genkey -name secp384r1\n", "EC", "P-384" },
		{ "ssh-keygen -t ecdsa -b 521 -f k\n", "EC", "P-521" },
		{ "ssh-keygen -t ed25519 -f k\n", "Ed25519", "" },
		{ "openssl rsa -in k\n", NULL, NULL },
		{ "openssl genpkey -algorithm ML-DSA-65\n", "ML-DSA", "65" },
		{ "x=$(openssl genrsa 2048)\n", "RSA", "2048" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		scan("gen.sh", t[i].text);
		if (rec.n_found != (t[i].family != NULL))
			fail_msg("%zu findings: %s", rec.n_found, t[i].text);
		if (t[i].family == NULL)
			continue;
		assert_bytes(rec.found[0].family, t[i].family);
		assert_bytes(rec.found[0].parameter, t[i].parameter);
	}
}

static void programs_manifests_and_large_texts_are_left_alone(void **state)
{
	static uint8_t large[PQM_CONF_BYTES + 64];
	static const char line[] = "ssl_ecdh_curve X25519;\n";

	(void)state;
	assert_int_equal(
		scan_as("nginx.conf", NULL, PQM_LIT("\0ssl_ecdh_curve X25519;\n")), PQM_OK);
	assert_int_equal(rec.n_found, 0);
	scan("x", "apiVersion: v1\nssl_ecdh_curve X25519; server_name a; ssl_ciphers b;\n");
	assert_int_equal(rec.n_found, 0);
	memset(large, '\n', sizeof(large));
	memcpy(large, line, sizeof(line) - 1);
	assert_int_equal(scan_as("nginx.conf", NULL, (pqm_bytes){ large, sizeof(large) }), PQM_OK);
	assert_int_equal(rec.n_found, 0);
}

/* Quotes and brackets that never close, over and over. */
static void hostile_text_ends_soon(void **state)
{
	static const char *const parts[] = { "\"", "'", "\\\"", "[", "{", "/*", "\"\\", "a=[",
		"openssl genrsa \"", "x \"\\\"", "'\"" };
	static const char *const names[] = { "nginx.conf", "httpd.conf", "openssl.cnf", "vault.hcl",
		"gen.sh" };
	static uint8_t text[1 << 18];

	(void)state;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		for (size_t at = 0; at < sizeof(text); at++)
			text[at] = (uint8_t)parts[i][at % strlen(parts[i])];
		for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++)
			assert_int_equal(
				scan_as(names[k], NULL, (pqm_bytes){ text, sizeof(text) }), PQM_OK);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_rule_agrees_with_its_samples),
		cmocka_unit_test(every_hit_is_wanted),
		cmocka_unit_test(a_tunnel_key_is_found_and_not_shown),
		cmocka_unit_test(statements_count_together),
		cmocka_unit_test(a_default_is_told_of_files_only),
		cmocka_unit_test(statements_have_their_place),
		cmocka_unit_test(findings_stand_where_the_directive_does),
		cmocka_unit_test(the_key_of_a_configmap_is_a_name),
		cmocka_unit_test(values_that_are_no_algorithms_stay_behind),
		cmocka_unit_test(versions_are_read_in_every_spelling),
		cmocka_unit_test(sizes_of_keys_come_from_the_command),
		cmocka_unit_test(programs_manifests_and_large_texts_are_left_alone),
		cmocka_unit_test(hostile_text_ends_soon),
	};

	return cmocka_run_group_tests(tests, record_setup, record_teardown);
}
