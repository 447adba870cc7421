/* test_k8s.c — manifests to objects, content and findings; the rules of k8s/ and ai/ on their samples. */
#include "unit.h"

#include "base/limits.h"
#include "detect/k8s.h"
#include "k8s_record.h"
#include "rules/ai.h"

extern const struct pqm_detector pqm_det_k8s;

static struct pqm_rules rules;
static struct pqm_arena keep, scratch;
static struct record rec;

static enum pqm_st scan_as(const char *name, pqm_bytes text)
{
	struct pqm_artifact a = { .body = text,
		.head = pqm_sub(text, 0, 4096),
		.path = pqm_str(name),
		.name = pqm_str(name),
		.arena = &scratch };
	struct pqm_hit hit[RECORD_HITS];
	uint64_t done = 0;
	struct pqm_hits hits = { hit, record_hits(text, hit), &done };
	struct pqm_err err = { 0 };

	pqm_arena_reset(&scratch);
	record_init(&rec, &keep);
	return pqm_det_k8s.run(&rules, &a, &hits, &rec.emit, &err);
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

static void every_rule_agrees_with_its_samples(void **state)
{
	const struct pqm_rule *rule;
	size_t i = 0, n = 0;

	(void)state;
	while ((rule = pqm_rules_next(&rules, "", &i)) != NULL) {
		bool k8s = pqm_starts(rule->file, PQM_LIT("k8s/"));
		const char *const keys[] = { "hit", "miss" };

		if (!k8s && !pqm_starts(rule->file, PQM_LIT("ai/")))
			continue;
		for (size_t k = 0; k < 2; k++) {
			const struct pqm_yaml *list = pqm_yaml_get(rule->node, keys[k]);

			assert_non_null(list);
			for (size_t j = 0; j < list->n; j++, n++) {
				pqm_bytes sample = list->items[j]->text;
				bool fits = k8s ? pqm_k8s_rule_fits(&rules, rule, sample)
						: pqm_ai_rule_fits(rule, sample);

				if (fits != (k == 0))
					fail_msg("%.*s: %s %.*s", PQM_FMT(rule->id), keys[k],
						PQM_FMT(sample));
			}
		}
	}
	assert_true(n > 150);
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
	assert_bytes(fact(0, "spec.template.spec.containers[0].env[2].value"),
		"postgres://***@db.n:5432/x");
	assert_bytes(fact(0, "spec.template.spec.containers[0].env[3].value"), "/run/secret");
	assert_bytes(fact(0, "spec.template.spec.containers[0].args[4]"), "80");
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
	assert_int_equal(rec.n_objects, 2);
	assert_int_equal(rec.n_notes, 3);
	assert_true(pqm_starts(rec.notes[0], PQM_LIT("document at line 4")));
	assert_true(pqm_starts(rec.notes[1], PQM_LIT("template:")));
	assert_true(pqm_starts(rec.notes[2], PQM_LIT("template:")));
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

static int setup(void **state)
{
	struct pqm_err err = { 0 };

	(void)state;
	pqm_arena_init(&keep, (size_t)64 << 20);
	pqm_arena_init(&scratch, PQM_ARENA_BYTES);
	return pqm_rules_load(&rules, NULL, &err) == PQM_OK ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	pqm_rules_fini(&rules);
	pqm_arena_fini(&keep);
	pqm_arena_fini(&scratch);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_rule_agrees_with_its_samples),
		cmocka_unit_test(secret_values_become_children_and_nothing_else),
		cmocka_unit_test(values_that_are_not_base64_are_noted_without_the_value),
		cmocka_unit_test(tokens_and_passwords_never_become_facts),
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

	return cmocka_run_group_tests(tests, setup, teardown);
}
