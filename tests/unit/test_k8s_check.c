/* test_k8s_check.c — the tests that rules/k8s can name: which value, which line, and what must not fire. */
#include "unit.h"

#include "detect/k8s.h"
#include "k8s_record.h"

extern const struct pqm_detector pqm_det_k8s;

static void scan(const char *text)
{
	struct pqm_artifact a = {
		.body = pqm_str(text), .path = PQM_LIT("m.yaml"), .name = PQM_LIT("m.yaml")
	};

	assert_int_equal(record_run(&pqm_det_k8s, &a), PQM_OK);
}

static const struct pqm_found *found(const char *rule)
{
	for (size_t i = 0; i < rec.n_found; i++)
		if (pqm_eqs(rec.found[i].rule, rule))
			return &rec.found[i];
	return NULL;
}

#define TRAEFIK                                                                                    \
	"apiVersion: traefik.io/v1alpha1\nkind: TLSOption\nmetadata: {name: o, namespace: n}\n"
#define CONFIG "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: n}\ndata:\n"
#define POD "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: n}\nspec:\n  containers:\n"

static void each_test_names_value_and_line(void **state)
{
	static const struct {
		const char *text, *rule, *family, *parameter;
		uint32_t line;
	} t[] = {
		{ TRAEFIK "spec:\n  maxVersion: VersionTLS12\n", "k8s.version-ceiling", "EC", "",
			5 },
		{ TRAEFIK "spec:\n  cipherSuites:\n    - TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256\n"
			  "    - TLS_RSA_WITH_AES_256_GCM_SHA384\n",
			"k8s.suite-rsa-transport", "RSA", "", 7 },
		{ CONFIG "  ssl-protocols: TLSv1.1 TLSv1.2\n", "k8s.protocols-without-13", "EC", "",
			5 },
		{ CONFIG "  ssl-ciphers: 'ECDHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES128-SHA'\n",
			"k8s.suite-dhe", "DH", "", 5 },
		{ CONFIG "  steps.txt: |\n    set -e\n    openssl genrsa -out k.pem 3072\n",
			"k8s.script-makes-key", "RSA", "3072", 7 },
		{ CONFIG "  part.txt: |\n    tls_params:\n      ecdh_curves:\n"
			 "      - X25519:P-256:P-521\n",
			"k8s.text-groups-classical", "X25519", "", 7 },
		{ "apiVersion: config.jobset.x-k8s.io/v1alpha1\nkind: Configuration\n"
		  "metadata: {name: c}\ntls:\n  curvePreferences:\n  - 23\n  - 29\n",
			"k8s.groups-pinned-classical", "EC", "P-256", 6 },
		{ "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\n"
		  "metadata: {name: s, namespace: n}\nspec:\n  encryptedData:\n    k: "
		  "AQBy8hDqsample\n",
			"k8s.sealed-rsa-2048", "RSA", "2048", 6 },
		{ "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\n"
		  "encryptionAlgorithm: ECDSA-P384\n",
			"k8s.kubeadm-algorithm", "EC", "P-384", 3 },
		{ "apiVersion: batch.volcano.sh/v1alpha1\nkind: Job\nmetadata: {name: j}\n"
		  "spec:\n  plugins:\n    ssh: []\n",
			"k8s.implied.volcano-ssh", "RSA", "2048", 6 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		scan(t[i].text);
		const struct pqm_found *f = found(t[i].rule);

		if (f == NULL)
			fail_msg("%s: nothing in\n%s", t[i].rule, t[i].text);
		assert_bytes(f->family, t[i].family);
		assert_bytes(f->parameter, t[i].parameter);
		assert_int_equal(f->line, t[i].line);
	}
}

static void look_alikes_say_nothing(void **state)
{
	static const char *const t[] = {
		TRAEFIK
		"spec: {maxVersion: VersionTLS13, cipherSuites: [TLS_AES_128_GCM_SHA256]}\n",
		TRAEFIK "# spec: {maxVersion: VersionTLS12}\nspec: {sniStrict: true}\n",
		CONFIG
		"  ssl-protocols: TLSv1.2 TLSv1.3\n  ssl-ciphers: 'HIGH:!kRSA:!AES256-SHA'\n",
		CONFIG "  gen.sh: |\n    # openssl genrsa -out k.pem 2048\n    openssl x509 -noout "
		       "-in c\n",
		CONFIG "  htpasswd: 'u:$2y$10$abcdefghijklmnopqrstuv'\n  alg: HS256\n",
		CONFIG
		"  keys: '3 rfc4106(gcm(aes)) 0123456789abcdef0123456789abcdef01234567 128'\n",
		CONFIG "  note: 'put -----BEGIN RSA PRIVATE KEY----- here'\n",
		POD "  - {name: c, image: i, env: [{name: GODEBUG, value: 'tlsmlkem=1'}]}\n",
		POD "  - {name: c, image: i, env: [{name: NODE_TLS_REJECT_UNAUTHORIZED, value: "
		    "'1'}]}\n",
		"apiVersion: other.example/v1\nkind: SealedSecret\nmetadata: {name: s, namespace: "
		"n}\n"
		"spec: {encryptedData: {k: AgBy8hDqsample}}\n",
		"apiVersion: monitoring.coreos.com/v1\nkind: ServiceMonitor\n"
		"metadata: {name: s, namespace: n}\n"
		"spec: {endpoints: [{tlsConfig: {insecureSkipVerify: false}}]}\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		scan(t[i]);
		if (rec.n_found != 0)
			fail_msg("%.*s in\n%s", PQM_FMT(rec.found[0].rule), t[i]);
	}
}

static const struct pqm_fact *setting(const char *key)
{
	for (size_t i = 0; i < rec.objects[0].n_facts; i++)
		if (pqm_eqs(rec.objects[0].facts[i].key, key))
			return &rec.objects[0].facts[i];
	return NULL;
}

/* Settings of a program that rules/conf knows are facts, each on its line; its findings are det_conf's alone. */
static void settings_in_text_are_facts(void **state)
{
	(void)state;
	scan(CONFIG "  nginx.conf: |\n    server {\n      listen 8443 ssl;\n"
		    "      ssl_certificate_key /tls/tls.key;\n"
		    "      ssl_ecdh_curve X25519;\n"
		    "      location / { proxy_pass http://u:hunter2@web:80; }\n    }\n");
	assert_int_equal(rec.n_objects, 1);
	assert_null(found("k8s.text-groups-classical"));
	assert_bytes(setting("data.nginx.conf:listen")->value, "8443 ssl");
	assert_int_equal(setting("data.nginx.conf:listen")->line, 7);
	assert_bytes(setting("data.nginx.conf:ssl_certificate_key")->value, "/tls/tls.key");
	assert_int_equal(setting("data.nginx.conf:ssl_ecdh_curve")->line, 9);
	assert_bytes(setting("data.nginx.conf:proxy_pass")->value, "http://web:80");
	assert_true(rec.children[0].is_block);

	scan(CONFIG
		"  nginx.conf: \"server {\\n listen 443 ssl;\\n ssl_protocols TLSv1.2;\\n}\"\n");
	assert_int_equal(setting("data.nginx.conf:ssl_protocols")->line, 5);
	assert_false(rec.children[0].is_block);

	scan("apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: n}\nstringData:\n"
	     "  nginx.conf: |\n    server {\n      listen 443 ssl;\n    }\n");
	assert_null(setting("stringData.nginx.conf:listen"));
}

/* Without an algorithm cert-manager makes RSA; the size may be said all the same. */
static void a_size_without_an_algorithm_counts(void **state)
{
	const struct pqm_found *f;

	(void)state;
	scan("apiVersion: cert-manager.io/v1\nkind: Certificate\nmetadata: {name: c, namespace: "
	     "n}\n"
	     "spec:\n  secretName: s\n  privateKey:\n    size: 3072\n");
	f = found("k8s.certificate-algorithm-default");
	assert_non_null(f);
	assert_bytes(f->family, "RSA");
	assert_bytes(f->parameter, "3072");
	assert_int_equal(f->line, 7);
}

/* Checks are chosen by the fields of an object; the choice is remembered for the next of its kind. */
static void what_one_object_lacks_the_next_may_have(void **state)
{
	(void)state;
	scan("apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\n"
	     "resources:\n- providers:\n  - aescbc: {keys: [{name: k, secret: x}]}\n"
	     "  - identity: {}\n"
	     "---\n"
	     "apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\n"
	     "resources:\n- providers:\n  - identity: {}\n");
	assert_int_equal(rec.n_found, 2);
	assert_bytes(rec.found[0].rule, "k8s.etcd-local-key");
	assert_bytes(rec.found[1].rule, "k8s.etcd-plaintext");
	assert_int_equal(rec.found[1].line, 12);
}

/* A recipient or sealed value is looked at by its first bytes; text by its lines. Neither is kept. */
static void sealed_values_are_not_kept(void **state)
{
	(void)state;
	scan("apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: n}\n"
	     "data: {k: 'ENC[AES256_GCM,data:LEAKLEAK,iv:AA==,tag:AA==,type:str]'}\n"
	     "sops:\n  age:\n  - recipient: age1qLEAKLEAKLEAK\n    enc: LEAKLEAKLEAK\n");
	assert_non_null(found("k8s.sops-age"));
	assert_int_equal(rec.n_children, 0);
	assert_int_equal(rec.n_notes, 0);
	for (size_t i = 0; i < rec.objects[0].n_facts; i++)
		assert_true(pqm_find(rec.objects[0].facts[i].value, 0, PQM_LIT("LEAKLEAK")) ==
			SIZE_MAX);
	for (size_t i = 0; i < rec.n_found; i++)
		for (size_t k = 0; k < rec.found[i].n_attrs; k++)
			assert_true(pqm_find(rec.found[i].attrs[k].value, 0, PQM_LIT("LEAKLEAK")) ==
				SIZE_MAX);
}

static void a_cloud_policy_without_a_name_is_not_called_classical(void **state)
{
	const struct pqm_found *f;

	(void)state;
	scan("apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: i\n"
	     "  annotations:\n    alb.ingress.kubernetes.io/certificate-arn: arn:aws:acm:x\n"
	     "spec: {rules: [{host: h}]}\n");
	f = found("k8s.cloud.aws-default");
	assert_non_null(f);
	assert_int_equal(rec.n_found, 1);
	assert_int_equal(f->quantum, PQM_Q_UNKNOWN);
	assert_int_equal(f->basis, PQM_DEFAULT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_test_names_value_and_line),
		cmocka_unit_test(look_alikes_say_nothing),
		cmocka_unit_test(settings_in_text_are_facts),
		cmocka_unit_test(a_size_without_an_algorithm_counts),
		cmocka_unit_test(what_one_object_lacks_the_next_may_have),
		cmocka_unit_test(sealed_values_are_not_kept),
		cmocka_unit_test(a_cloud_policy_without_a_name_is_not_called_classical),
	};

	return cmocka_run_group_tests(tests, record_setup, record_teardown);
}
