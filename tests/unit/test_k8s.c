/* test_k8s.c — manifests to objects, content and findings; the rules of k8s/ and ai/ on their samples. */
#include "unit.h"

#include "detect/k8s.h"
#include "k8s_record.h"
#include "rules/ai.h"

extern const struct pqm_detector pqm_det_k8s;

static enum pqm_st scan_as(const char *name, pqm_bytes text)
{
	struct pqm_artifact a = { .body = text, .path = pqm_str(name), .name = pqm_str(name) };

	return record_run(&pqm_det_k8s, &a);
}

static void scan(const char *text)
{
	assert_int_equal(scan_as("m.yaml", pqm_str(text)), PQM_OK);
}

static pqm_bytes fact(size_t object, const char *key)
{
	assert_true(object < rec.n_objects);
	return pqm_object_fact(&rec.objects[object], key);
}

static bool fits(const struct pqm_rule *rule, pqm_bytes sample)
{
	return pqm_k8s_rule_fits(&rules, rule, sample);
}

static void every_rule_agrees_with_its_samples(void **state)
{
	(void)state;
	assert_true(record_samples("k8s/", fits) + record_samples("ai/", pqm_ai_rule_fits) > 150);
}

static void secret_values_become_children_and_nothing_else(void **state)
{
	(void)state;
	scan("apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\n  namespace: n\ntype: Opaque\n"
	     "data:\n  tls.crt: aGVsbG8gaGVsbG8gaGVsbG8=\nstringData:\n  token: "
	     "not-a-real-token-1234\n");
	assert_int_equal(rec.n_objects, 1);
	assert_int_equal(rec.objects[0].n_facts, 1);
	assert_bytes(fact(0, "type"), "Opaque");
	assert_int_equal(rec.n_children, 2);
	assert_bytes(rec.children[0].object, "n/Secret/s#data.tls.crt");
	assert_bytes(rec.children[0].body, "hello hello hello");
	assert_int_equal(rec.children[0].line, 8);
	assert_int_equal(rec.children[0].col, 12);
	assert_bytes(rec.children[1].object, "n/Secret/s#stringData.token");
	assert_int_equal(rec.n_claims, 2);
}

static void values_that_are_not_base64_are_noted_without_the_value(void **state)
{
	(void)state;
	scan("apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: n}\n"
	     "data:\n  key: <put the key here, please>\n");
	assert_int_equal(rec.n_children, 0);
	assert_int_equal(rec.n_notes, 1);
	assert_true(pqm_find(rec.notes[0], 0, PQM_LIT("put the key")) == SIZE_MAX);
}

static void tokens_and_passwords_never_become_facts(void **state)
{
	static const char *const secrets[] = { "hunter2", "hf_abcdefghijklmnopqrst", "pa55word" };

	(void)state;
	scan("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d, namespace: n}\n"
	     "spec:\n  template:\n    spec:\n      containers:\n"
	     "        - name: c\n          image: i\n"
	     "          args: [--api-token, hunter2, --password=hunter2, --port, '80']\n"
	     "          command: [sh, -c, 'export X_PASSWORD=hunter2; curl -H \"Bearer "
	     "hunter2\"']\n"
	     "          env:\n"
	     "            - {name: DB_PASSWORD, value: hunter2}\n"
	     "            - {name: CACHE, value: hf_abcdefghijklmnopqrst}\n"
	     "            - {name: DB_URL, value: 'postgres://u:pa55word@db.n:5432/x'}\n"
	     "            - {name: SECRET_PATH, value: /run/secret}\n");
	assert_int_equal(rec.n_objects, 1);
	for (size_t i = 0; i < rec.objects[0].n_facts; i++)
		for (size_t k = 0; k < 3; k++)
			assert_true(pqm_find(rec.objects[0].facts[i].value, 0,
					    pqm_str(secrets[k])) == SIZE_MAX);
	assert_bytes(
		fact(0, "spec.template.spec.containers[0].env[2].value"), "postgres://db.n:5432/x");
	assert_bytes(fact(0, "spec.template.spec.containers[0].env[3].value"), "/run/secret");
	assert_bytes(fact(0, "spec.template.spec.containers[0].args[4]"), "80");
}

/* Scans a Pod with the value as a variable, as an argument and as a command. */
static void scan_value(const char *name, const char *value)
{
	char text[2048];

	(void)snprintf(text, sizeof(text),
		"apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: n}\nspec:\n"
		"  containers:\n  - name: c\n    image: i\n    args:\n    - '%s'\n"
		"    command:\n    - '%s'\n    env:\n    - name: %s\n      value: '%s'\n",
		value, value, name, value);
	scan(text);
	assert_int_equal(rec.n_objects, 1);
}

static void assert_no_leak(const char *what)
{
	for (size_t i = 0; i < rec.objects[0].n_facts; i++)
		if (pqm_find(rec.objects[0].facts[i].value, 0, PQM_LIT("LEAK")) != SIZE_MAX)
			fail_msg("%s: %.*s", what, PQM_FMT(rec.objects[0].facts[i].value));
}

static void only_harmless_values_become_facts(void **state)
{
	static const char *const leaks[] = { "http://u:p@h1:1,http://u:LEAK@h2:1",
		"http://u:LEAK@h1:1,h2:1", "postgres://u:LEAK/x@h", "postgres://u:LE@LEAK/x@h",
		"postgres://u:LEAK?x@h/d", "postgres://u:1,LEAK@h/d", "redis://:LEAK@h:6379/0",
		"http://h/?a=b&password=LEAK", "?a=b&password=LEAK", "http://h/p?a=1,LEAK",
		"jdbc:postgresql://h/db?user=a&password=LEAK",
		"jdbc:sqlserver://h:1433;user=a;password=LEAK", "jdbc:oracle:thin:u/LEAK@h:1521/x",
		"https://a.blob.example/c?sv=2022&sig=LEAK", "user=x,password=LEAK",
		"root:LEAK@tcp(h)/db", "curl -u user:LEAK http://h/", "psql -W LEAK",
		"mysql -pLEAK", "{\"password\":\"LEAK\"}", "password: LEAK",
		"--header=X-Api-Key: LEAK", "curl -H \"X-Api-Key: LEAK\" http://h",
		"curl -H \"Authorization: Bearer LEAK\"", "--api-key=LEAK", "--api-key LEAK",
		"--set=db.password=LEAK", "-Ddb.password=LEAK", "host=h user=x password=LEAK",
		"Server=h;Pwd=LEAK", "mysql --user=a --password LEAK", "export DB_PASS=LEAK; run",
		"redis-cli -a LEAK ping", "user:LEAK@h", "hf_LEAKabcdefghijklmn",
		"LEAKa1b2c3d4e5f6g7h8i9j0", "LEAKxYz123abcD", "psql -W \\ LEAK",
		"echo LEAK | docker login --password-stdin", "--token= LEAK",
		"https://h/services/LEAKa1b2c3d4e5f6g7h8" };

	(void)state;
	for (size_t i = 0; i < sizeof(leaks) / sizeof(leaks[0]); i++) {
		scan_value("PLAIN", leaks[i]);
		assert_no_leak(leaks[i]);
	}
}

static void names_and_flags_take_the_value_with_them(void **state)
{
	static const char *const names[] = { "DB_PASS", "PGPASS", "DB_PWD", "REDIS_AUTH",
		"ENCRYPTION_KEY", "SENTRY_DSN", "X_SIG", "Apikey", "GH_TOKEN", "MY_CREDS",
		"CLIENT_SECRET" };
	static const char *const flags[] = { "-p", "-W", "-u", "-a", "--password", "--api-key",
		"-H", "mysql -p", "psql -W", "password:", "Bearer", "--token=", "\"password\":" };
	char text[512];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)snprintf(text, sizeof(text),
			"apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: "
			"[{name: c, "
			"env: [{name: %s, value: LEAK}], args: [--%s=LEAK, %s=LEAK]}]}\n",
			names[i], names[i], names[i]);
		scan(text);
		assert_int_equal(rec.n_objects, 1);
		assert_no_leak(names[i]);
	}
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		(void)snprintf(text, sizeof(text),
			"apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: "
			"[{name: c, "
			"args: ['%s', LEAK], command: [x, '%s', 'user:LEAK']}]}\n",
			flags[i], flags[i]);
		scan(text);
		assert_int_equal(rec.n_objects, 1);
		assert_no_leak(flags[i]);
	}
}

static void what_rules_need_stays(void **state)
{
	static const struct {
		const char *in, *out; /* out NULL: unchanged */
	} t[] = { { "http://qdrant.data.svc.cluster.local:6333/a/b.c", NULL },
		{ "http://u:p@h1:1/a,https://h2:2", "http://h1:1/a,https://h2:2" },
		{ "mongodb://u:p@h1:1,h2:2/db?authSource=x", "mongodb://h1:1,h2:2/db" },
		{ "postgres://u:a/b@h:5432/d?sslmode=require",
			"postgres://h:5432/d?sslmode=require" },
		{ "postgres://u:p@h:5432/d?application_name=x&sslmode=disable",
			"postgres://h:5432/d?sslmode=disable" },
		{ "postgres://u:p@h:5432/d?sslmode=hunter2", "postgres://h:5432/d" },
		{ "s3://models/llama-3/v1/", NULL }, { "http://[fd00::1]:80/x", NULL },
		{ "https://h/services/a1b2c3d4e5f6g7h8i9j0", "https://h/***" }, { "--tls", NULL },
		{ "-x", NULL }, { "--nproc_per_node=8", NULL },
		{ "--ssl-keyfile=/certs/tls.key", NULL }, { "--tls-key=/certs/tls.key", NULL },
		{ "--api-key=x", "--api-key=***" }, { "--tokenizer=meta-llama/Llama-3.1-8B", NULL },
		{ "--max-num-batched-tokens=8192", NULL }, { "--enable-auth=true", NULL },
		{ "--endpoint=https://u:p@minio.ml:9000", "--endpoint=https://minio.ml:9000" },
		{ "0.5", NULL }, { "true", NULL }, { "/a/b.c", NULL }, { "./train.py", NULL },
		{ "qdrant:6333", NULL }, { "meta-llama/Llama-3.1-8B-Instruct:main", NULL },
		{ "X25519MLKEM768:X25519", NULL }, { "SecP256r1MLKEM768,P-256", NULL },
		{ "tlsmlkem=0,tlskyber=0", NULL },
		{ "ECDHE-RSA-AES128-GCM-SHA256:AES256-SHA", NULL },
		{ "tar -cf - . | openssl cms -encrypt -aes256 /k/r.pem | aws s3 cp - s3://b/c",
			NULL },
		{ "cosign sign-blob --output-signature=/m/a.sig", NULL }, { "torchrun", NULL },
		{ "train.py", NULL }, { "$(POD_IP)", NULL },
		{ "vllm serve meta-llama/Llama-3.1-8B --port 8000 --api-key $KEY", NULL },
		{ "python -u train.py --epochs=3", NULL },
		{ "python3 -m vllm.entrypoints.openai.api_server", NULL } };

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		const char *out = t[i].out == NULL ? t[i].in : t[i].out;

		scan_value("PLAIN", t[i].in);
		assert_bytes(fact(0, "spec.containers[0].env[0].value"), out);
		assert_bytes(fact(0, "spec.containers[0].args[0]"), out);
		assert_bytes(fact(0, "spec.containers[0].command[0]"), out);
	}
	scan_value("PLAIN", "openssl cms -encrypt -in x | curl -u user:pw http://h");
	assert_bytes(fact(0, "spec.containers[0].command[0]"),
		"openssl cms -encrypt -in x | curl -u ***");
	assert_bytes(fact(0, "spec.containers[0].env[0].value"), "***");
}

static void lists_are_unrolled_and_lines_are_those_of_the_file(void **state)
{
	(void)state;
	scan("# first\n---\napiVersion: v1\nkind: List\nitems:\n"
	     "- apiVersion: v1\n  kind: Service\n  metadata: {name: a, namespace: n}\n"
	     "  spec: {type: NodePort}\n"
	     "---\napiVersion: v1\nkind: ServiceList\nitems:\n- metadata: {name: b}\n"
	     "  spec: {type: ClusterIP}\n");
	assert_int_equal(rec.n_objects, 2);
	assert_bytes(rec.objects[0].name, "a");
	assert_int_equal(rec.objects[0].facts[0].line, 9);
	assert_bytes(rec.objects[1].kind, "Service");
	assert_bytes(rec.objects[1].name, "b");
}

static void one_broken_document_costs_only_itself(void **state)
{
	(void)state;
	scan("apiVersion: v1\nkind: Service\nmetadata: {name: a}\n---\n"
	     "apiVersion: v1\nkind: [oops\n---\n"
	     "apiVersion: v1\nkind: Service\nmetadata: {name: {{ .Values.name }}}\n---\n"
	     "apiVersion: v1\nkind: Service\n{{- if .x }}\nmetadata: {name: b}\n---\n"
	     "apiVersion: v1\nkind: Service\nmetadata: {name: c}\n");
	/* Templates are read as far as they go. */
	assert_int_equal(rec.n_objects, 4);
	assert_int_equal(rec.n_notes, 1);
	assert_true(pqm_starts(rec.notes[0], PQM_LIT("document at line 4")));
}

static void definitions_of_kinds_are_skipped(void **state)
{
	(void)state;
	scan("apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n"
	     "metadata: {name: x}\n");
	assert_int_equal(rec.n_objects + rec.n_notes, 0);
}

static void a_document_that_holds_itself_ends(void **state)
{
	(void)state;
	scan("apiVersion: v1\nkind: ConfigMap\nmetadata: &m\n  name: x\n  labels: *m\n");
	assert_int_equal(rec.n_objects + rec.n_notes, 1);
}

static void other_files_are_left_alone(void **state)
{
	static const struct {
		const char *name, *text;
	} not [] = {
		{ "prose.txt", "The apiVersion field says which group a kind is of.\n" },
		{ "code.go", "package x\n// apiVersion: v1\n" },
		{ "values.yaml", "image: x\nreplicas: 3\n" },
		{ "data.json", "[1, 2, 3]" },
		{ "empty.yaml", "" },
		{ "assets.yaml", "assets:\n- name: not-ours\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(not ) / sizeof(not [0]); i++) {
		assert_int_equal(scan_as(not [i].name, pqm_str(not [i].text)), PQM_OK);
		assert_int_equal(rec.n_objects + rec.n_found + rec.n_notes + rec.n_children, 0);
	}
}

static void declared_assets_become_objects(void **state)
{
	(void)state;
	assert_int_equal(
		scan_as(".pqmap.yaml",
			PQM_LIT("pqmap: 1\nassets:\n- name: a\n  life: 30y\n  on: [n/Job/j]\n"
				"- just text\n")),
		PQM_OK);
	assert_int_equal(rec.n_objects, 1);
	assert_bytes(rec.objects[0].group, "pqmap.dev");
	assert_bytes(fact(0, "life"), "30y");
	assert_bytes(fact(0, "on[0]"), "n/Job/j");
	assert_int_equal(rec.n_notes, 1);
}

static void findings_say_what_is_set_and_what_is_left_out(void **state)
{
	static const struct {
		const char *text, *rule, *family, *parameter, *object;
		enum pqm_meaning meaning;
		enum pqm_basis basis;
		uint32_t line, col;
	} t[] = {
		{ "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: e}\ndata:\n"
		  "  ssl-ecdh-curve: X25519:P-256\n",
			"k8s.hybrid-switched-off", "X25519", "",
			"e/ConfigMap/c#data.ssl-ecdh-curve", PQM_CONFIG, PQM_EXPLICIT, 5, 19 },
		{ "apiVersion: cert-manager.io/v1\nkind: Certificate\nmetadata: {name: c, "
		  "namespace: e}\n"
		  "spec: {secretName: s}\n",
			"k8s.certificate-algorithm-default", "RSA", "2048",
			"e/Certificate/c#spec.privateKey.algorithm", PQM_ABSENT, PQM_IMPLIED, 1,
			1 },
		{ "apiVersion: cert-manager.io/v1\nkind: Certificate\nmetadata: {name: c}\n"
		  "spec: {secretName: s, privateKey: {algorithm: ECDSA}}\n",
			"k8s.certificate-algorithm", "EC", "P-256",
			"default/Certificate/c#spec.privateKey.algorithm", PQM_CONFIG, PQM_EXPLICIT,
			4, 47 },
		{ "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: i, namespace: "
		  "e}\n"
		  "spec: {rules: [{host: h}]}\n",
			"k8s.ingress-plaintext", "", "", "e/Ingress/i#spec.tls", PQM_ABSENT,
			PQM_ABSENCE, 1, 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		const struct pqm_found *f = &rec.found[0];

		scan(t[i].text);
		assert_int_equal(rec.n_found, 1);
		assert_bytes(f->rule, t[i].rule);
		assert_bytes(f->family, t[i].family);
		assert_bytes(f->parameter, t[i].parameter);
		assert_bytes(f->object, t[i].object);
		assert_int_equal(f->meaning, t[i].meaning);
		assert_int_equal(f->basis, t[i].basis);
		assert_int_equal(f->line, t[i].line);
		assert_int_equal(f->col, t[i].col);
		assert_true(pqm_eq(f->identity, f->object));
	}
}

static void a_hybrid_list_tells_its_fallback(void **state)
{
	static const struct {
		const char *curves, *fallback;
	} t[] = { { "X25519MLKEM768", "none" }, { "X25519MLKEM768:X25519", "X25519" },
		{ "SecP256r1MLKEM768, P-256", "P-256" } };

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		char text[256];

		(void)snprintf(text, sizeof(text),
			"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n"
			"  ssl-ecdh-curve: %s\n",
			t[i].curves);
		scan(text);
		assert_int_equal(rec.n_found, 1);
		assert_bytes(rec.found[0].rule, "k8s.hybrid-on");
		assert_int_equal(rec.found[0].quantum, PQM_Q_HYBRID);
		assert_bytes(rec.found[0].attrs[1].value, t[i].fallback);
	}
}

static void names_over_the_limit_are_noted(void **state)
{
	char text[1200];

	(void)state;
	(void)snprintf(text, sizeof(text),
		"apiVersion: v1\nkind: Service\nmetadata: {name: %0*d}\n", PQM_K8S_KEY_BYTES + 1,
		7);
	scan(text);
	assert_int_equal(rec.n_objects, 0);
	assert_int_equal(rec.n_notes, 1);
}

static void every_prefix_of_a_manifest_is_read_or_noted(void **state)
{
	static const char text[] =
		"apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: n}\n"
		"data: {a: aGVsbG8gaGVsbG8gaGVsbG8=, b: 'x'}\n---\n"
		"apiVersion: v1\nkind: Service\nmetadata: {name: t}\n";

	(void)state;
	for (size_t n = 0; n < sizeof(text); n++)
		assert_int_equal(
			scan_as("m.yaml", (pqm_bytes){ (const uint8_t *)text, n }), PQM_OK);
	assert_int_equal(rec.n_objects, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_rule_agrees_with_its_samples),
		cmocka_unit_test(secret_values_become_children_and_nothing_else),
		cmocka_unit_test(values_that_are_not_base64_are_noted_without_the_value),
		cmocka_unit_test(tokens_and_passwords_never_become_facts),
		cmocka_unit_test(only_harmless_values_become_facts),
		cmocka_unit_test(names_and_flags_take_the_value_with_them),
		cmocka_unit_test(what_rules_need_stays),
		cmocka_unit_test(lists_are_unrolled_and_lines_are_those_of_the_file),
		cmocka_unit_test(one_broken_document_costs_only_itself),
		cmocka_unit_test(definitions_of_kinds_are_skipped),
		cmocka_unit_test(a_document_that_holds_itself_ends),
		cmocka_unit_test(other_files_are_left_alone),
		cmocka_unit_test(declared_assets_become_objects),
		cmocka_unit_test(findings_say_what_is_set_and_what_is_left_out),
		cmocka_unit_test(a_hybrid_list_tells_its_fallback),
		cmocka_unit_test(names_over_the_limit_are_noted),
		cmocka_unit_test(every_prefix_of_a_manifest_is_read_or_noted),
	};

	return cmocka_run_group_tests(tests, record_setup, record_teardown);
}
