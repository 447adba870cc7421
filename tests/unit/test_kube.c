#include "unit.h"

#include "base/limits.h"
#include "source/kube_config.h"
#include "source/kube_discovery.h"
#include "source/kube_exec.h"
#include "source/kube_page.h"

static const char config[] =
	"apiVersion: v1\nkind: Config\ncurrent-context: a\n"
	"clusters:\n- {name: c, cluster: {server: 'https://h:6443', certificate-authority: "
	"ca.crt,\n"
	"   certificate-authority-data: QUJD, proxy-url: 'http://p:1', tls-server-name: n}}\n"
	"users:\n- name: u\n  user: {token: TTT, client-key-data: S0VZ, as: who, as-groups: [g, "
	"h],\n"
	"   as-user-extra: {scopes: [x]}}\n"
	"- name: e\n  user:\n    exec: {apiVersion: client.authentication.k8s.io/v1, command: "
	"./plug, args: [a, '', b],\n"
	"      env: [{name: N, value: V}], provideClusterInfo: true, installHint: so}\n"
	"contexts:\n- {name: a, context: {cluster: c, user: u, namespace: ns}}\n"
	"- {name: b, context: {cluster: c, user: e}}\n- {name: lost, context: {cluster: x}}\n";

static enum pqm_st parse(struct pqm_kube_config *c, const char *text, const char *context)
{
	struct pqm_kube_file f = { "/etc/k/config", pqm_str(text) };
	struct pqm_err err = { 0 };
	enum pqm_st st = pqm_kube_config_parse(c, &f, 1, context, &err);

	assert_true(st == PQM_OK || err.msg[0] != '\0');
	assert_null(strstr(err.msg, "TTT"));
	return st;
}

static void a_context_gives_its_cluster_and_user(void **state)
{
	struct pqm_kube_config c;

	(void)state;
	assert_int_equal(parse(&c, config, ""), PQM_OK);
	assert_string_equal(c.context, "a");
	assert_string_equal(c.server, "https://h:6443");
	assert_string_equal(c.ns, "ns");
	assert_string_equal(c.ca_file, "/etc/k/ca.crt");
	assert_bytes(c.ca, "ABC");
	assert_bytes(c.key, "KEY");
	assert_string_equal(c.token, "TTT");
	assert_string_equal(c.proxy, "http://p:1");
	assert_string_equal(c.tls_server_name, "n");
	assert_false(c.no_verify);
	assert_string_equal(c.impersonate[0], "Impersonate-User: who");
	assert_string_equal(c.impersonate[1], "Impersonate-Group: g");
	assert_string_equal(c.impersonate[2], "Impersonate-Group: h");
	assert_string_equal(c.impersonate[3], "Impersonate-Extra-scopes: x");
	assert_null(c.impersonate[4]);
	pqm_kube_config_fini(&c);
	assert_int_equal(parse(&c, config, "b"), PQM_OK);
	assert_string_equal(c.exec->args[0], "/etc/k/./plug");
	assert_string_equal(c.exec->args[2], "");
	assert_string_equal(c.exec->args[3], "b");
	assert_null(c.exec->args[4]);
	assert_string_equal(c.exec->env[0], "N=V");
	assert_true(c.exec->wants_cluster);
	pqm_kube_config_fini(&c);
}

static void a_config_that_cannot_be_used_is_refused(void **state)
{
	static const char *const bad[] = { "", "[]", "a: [TTT", "current-context: a",
		"current-context: a\ncontexts: [{name: a}]", "contexts: 3\ncurrent-context: a",
		"current-context: a\ncontexts: [{name: a, context: {cluster: c}}]\nclusters: "
		"[{name: c}]",
		"current-context: a\ncontexts: [{name: a, context: {cluster: c, user: u}}]\n"
		"clusters: [{name: c, cluster: {server: s}}]\nusers: [{name: u, user: "
		"{auth-provider: {name: TTT}}}]",
		"current-context: a\ncontexts: [{name: a, context: {cluster: c, user: u}}]\n"
		"clusters: [{name: c, cluster: {server: s}}]\nusers: [{name: u, user: {as: "
		"\"a\\nTTT\"}}]",
		"current-context: a\ncontexts: [{name: a, context: {cluster: c, user: u}}]\n"
		"clusters: [{name: c, cluster: {server: s}}]\n"
		"users: [{name: u, user: {exec: {apiVersion: "
		"client.authentication.k8s.io/v1alpha1, command: x}}}]",
		"current-context: a\ncontexts: [{name: a, context: {cluster: c}}]\n"
		"clusters: [{name: c, cluster: {server: s, certificate-authority-data: '***'}}]" };
	struct pqm_kube_config c;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_not_equal(parse(&c, bad[i], ""), PQM_OK);
		pqm_kube_config_fini(&c);
	}
	assert_int_not_equal(parse(&c, config, "lost"), PQM_OK);
	pqm_kube_config_fini(&c);
	assert_int_not_equal(parse(&c, config, "none"), PQM_OK);
	pqm_kube_config_fini(&c);
}

static void every_prefix_of_a_config_ends_well(void **state)
{
	struct pqm_kube_config c;
	struct pqm_err err = { 0 };

	(void)state;
	for (size_t n = 0; n < sizeof(config) - 1; n++) {
		struct pqm_kube_file f = { "config", { (const uint8_t *)config, n } };

		if (pqm_kube_config_parse(&c, &f, 1, "b", &err) == PQM_OK)
			assert_non_null(c.server);
		pqm_kube_config_fini(&c);
	}
}

static void a_config_survives_every_lack_of_memory(void **state)
{
	enum pqm_st st = PQM_ENOMEM;

	(void)state;
	for (size_t n = 1; st != PQM_OK && n < 2000; n++) {
		struct pqm_kube_config c;
		struct pqm_kube_file f = { "/k", pqm_str(config) };
		struct pqm_err err = { 0 };

		pqm_alloc_fail_at(n);
		st = pqm_kube_config_parse(&c, &f, 1, n % 2 == 0 ? "a" : "b", &err);
		pqm_alloc_fail_at(0);
		pqm_kube_config_fini(&c);
	}
	assert_int_equal(st, PQM_OK);
}

static void a_credential_is_token_or_pair(void **state)
{
#define V1 "client.authentication.k8s.io/v1"

	static const struct {
		const char *text;
		bool ok;
	} rows[] = {
		{ "{\"kind\":\"ExecCredential\",\"apiVersion\":\"" V1
		  "\",\"status\":{\"token\":\"t\"}}",
			true },
		{ " \n{\"apiVersion\":\"" V1
		  "\",\"kind\":\"ExecCredential\",\"status\":{\"clientCertificateData\":"
		  "\"c\",\"clientKeyData\":\"k\"}}",
			true },
		{ "{\"kind\":\"ExecCredential\",\"apiVersion\":\"" V1
		  "\",\"status\":{\"clientKeyData\":\"k\"}}",
			false },
		{ "{\"kind\":\"ExecCredential\",\"apiVersion\":\"v1\",\"status\":{\"token\":\"t\"}"
		  "}",
			false },
		{ "{\"kind\":\"Secret\",\"apiVersion\":\"" V1 "\",\"status\":{\"token\":\"t\"}}",
			false },
		{ "{\"kind\":\"ExecCredential\",\"apiVersion\":\"" V1
		  "\",\"status\":{\"token\":\"a\\u0000b\"}}",
			false },
		{ "{\"kind\":\"ExecCredential\",\"apiVersion\":\"" V1 "\"}", false },
		{ "TTT", false },
		{ "", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pqm_kube_cred cred = { 0 };
		struct pqm_err err = { 0 };
		struct pqm_arena a;

		pqm_arena_init(&a, PQM_ARENA_BYTES);
		assert_int_equal(
			pqm_kube_cred_parse(&cred, pqm_str(rows[i].text), V1, &a, &err) == PQM_OK,
			rows[i].ok);
		assert_null(strstr(err.msg, "TTT"));
		assert_true(!rows[i].ok || cred.token != NULL || cred.cert.n == 1);
		pqm_arena_fini(&a);
	}
}

static const char list[] =
	"{\"kind\":\"PodList\",\"metadata\":{\"resourceVersion\":\"7\",\"continue\":\"abc==\"},"
	"\"items\":["
	"{\"metadata\":{\"name\":\"a\",\"namespace\":\"n\",\"uid\":\"1\"},\"spec\":{\"x\":\"},{\"}}"
	","
	" {\"spec\":{},\"metadata\":{\"uid\":\"2\",\"name\":\"b\"}} , 3, [], {}]}\n";

static void a_page_gives_its_objects_and_where_it_goes_on(void **state)
{
	struct pqm_kube_page p;
	struct pqm_kube_item item;

	(void)state;
	assert_true(pqm_kube_page_open(&p, pqm_str(list)));
	assert_true(pqm_kube_page_next(&p, &item));
	assert_bytes(item.name, "a");
	assert_bytes(item.ns, "n");
	assert_bytes(item.uid, "1");
	assert_true(pqm_starts(item.text, PQM_LIT("{\"metadata\"")) &&
		pqm_ends(item.text, PQM_LIT("}}")));
	assert_true(pqm_kube_page_next(&p, &item));
	assert_bytes(item.uid, "2");
	assert_true(pqm_kube_page_next(&p, &item));
	assert_bytes(item.text, "{}");
	assert_false(pqm_kube_page_next(&p, &item));
	assert_true(pqm_kube_page_end(&p));
	assert_true(pqm_ends(p.text, PQM_LIT("]}")));
	assert_bytes(p.next, "abc==");
	assert_true(pqm_kube_page_open(
		&p, PQM_LIT("{\"items\":[{}],\"metadata\":{\"continue\":\"t\"}}")));
	assert_true(pqm_kube_page_end(&p));
	assert_bytes(p.next, "t");
	assert_true(pqm_kube_page_open(&p, PQM_LIT("{\"items\":null,\"metadata\":{}}")));
	assert_false(pqm_kube_page_next(&p, &item));
	assert_true(pqm_kube_page_end(&p));
	assert_int_equal(p.next.n, 0);
	assert_bytes(
		pqm_kube_continue(PQM_LIT(
			"{\"kind\":\"Status\",\"metadata\":{\"continue\":\"t\"},\"code\":410}")),
		"t");
}

static void a_page_that_is_cut_is_none(void **state)
{
	struct pqm_kube_page p;

	(void)state;
	for (size_t n = 0; n < sizeof(list) - 2; n++)
		assert_false(pqm_kube_page_open(&p, (pqm_bytes){ (const uint8_t *)list, n }) &&
			pqm_kube_page_end(&p));
}

static void a_set_knows_what_it_was_given(void **state)
{
	struct pqm_kube_seen s = { .hasher = pqm_hasher_new() };
	char name[16];

	(void)state;
	for (unsigned i = 0; i < 20000; i++) {
		pqm_bytes part = { (const uint8_t *)name,
			(size_t)snprintf(name, sizeof(name), "%u", i) };
		struct pqm_hash128 key = pqm_kube_key(&s, &part, 1);

		assert_false(pqm_kube_has(&s, key));
		assert_true(pqm_kube_put(&s, key));
		assert_true(pqm_kube_has(&s, key));
	}
	assert_int_equal(s.n, 20000);
	pqm_bytes ab[] = { PQM_LIT("ab"), PQM_LIT("c") }, abc[] = { PQM_LIT("a"), PQM_LIT("bc") };

	assert_int_not_equal(pqm_kube_key(&s, ab, 2).hi, pqm_kube_key(&s, abc, 2).hi);
	pqm_kube_seen_fini(&s);
}

static void discovery_keeps_what_rules_know_and_can_be_listed(void **state)
{
	static const char v2[] = "{\"kind\":\"APIGroupDiscoveryList\",\"items\":[{\"metadata\":{"
				 "\"name\":\"apps\"},\"versions\":["
				 "{\"version\":\"v1\",\"resources\":[{\"resource\":\"deployments\","
				 "\"responseKind\":{\"kind\":\"Deployment\"},"
				 "\"scope\":\"Namespaced\",\"verbs\":[\"list\"]},{\"resource\":"
				 "\"statefulsets\",\"responseKind\":{\"kind\":"
				 "\"StatefulSet\"},\"scope\":\"Namespaced\",\"verbs\":[\"get\"]},{"
				 "\"resource\":\"../x\",\"responseKind\":"
				 "{\"kind\":\"DaemonSet\"},\"verbs\":[\"list\"]}]},{\"version\":"
				 "\"v1beta1\",\"freshness\":\"Stale\",\"resources\":["
				 "{\"resource\":\"deployments\",\"responseKind\":{\"kind\":"
				 "\"Deployment\"},\"verbs\":[\"list\"]}]}]}]}";
	static const char v1[] =
		"{\"kind\":\"APIResourceList\",\"groupVersion\":\"v1\",\"resources\":["
		"{\"name\":\"namespaces\",\"kind\":\"Namespace\",\"namespaced\":false,\"verbs\":["
		"\"list\"]},"
		"{\"name\":\"pods/log\",\"kind\":\"Pod\",\"namespaced\":true,\"verbs\":[\"list\"]},"
		"{\"name\":\"things\",\"kind\":\"Thing\",\"namespaced\":true,\"verbs\":[\"list\"]}]"
		"}";
	struct pqm_kube_resources r = { 0 };
	struct pqm_rules rules = { 0 };
	struct pqm_err err = { 0 };
	struct pqm_arena a;
	size_t n_stale = 0;

	(void)state;
	pqm_arena_init(&a, PQM_ARENA_BYTES);
	r.arena = &a;
	assert_int_equal(pqm_rules_load(&rules, NULL, &err), PQM_OK);
	assert_int_equal(pqm_rules_k8s(&r.kinds, &rules, &err), PQM_OK);
	assert_true(pqm_kube_aggregated(&r, pqm_str(v2), &n_stale));
	assert_true(pqm_kube_resource_list(&r, pqm_str(v1)));
	assert_false(pqm_kube_aggregated(&r, pqm_str(v1), &n_stale));
	assert_false(pqm_kube_resource_list(&r, PQM_LIT("{")));
	pqm_kube_resources_sort(&r);
	assert_int_equal(n_stale, 1);
	assert_int_equal(r.n, 2);
	assert_bytes(r.list[0].name, "namespaces");
	assert_false(r.list[0].is_namespaced);
	assert_bytes(r.list[1].name, "deployments");
	assert_bytes(r.list[1].version, "v1");
	assert_true(r.list[1].is_namespaced);
	pqm_rules_fini(&rules);
	pqm_arena_fini(&a);
}

static void kinds_have_their_plural(void **state)
{
	static const struct {
		const char *kind, *plural;
	} rows[] = { { "Ingress", "ingresses" }, { "NetworkPolicy", "networkpolicies" },
		{ "Gateway", "gateways" }, { "IngressClass", "ingressclasses" },
		{ "TLSOption", "tlsoptions" }, { "Mesh", "meshes" }, { "MeshTLS", "meshtlses" } };
	struct pqm_arena a;

	(void)state;
	pqm_arena_init(&a, PQM_ARENA_BYTES);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pqm_k8s_kind k = { .kind = pqm_str(rows[i].kind) };

		assert_bytes(pqm_k8s_resource(&k, &a), rows[i].plural);
	}
	pqm_arena_fini(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_context_gives_its_cluster_and_user),
		cmocka_unit_test(a_config_that_cannot_be_used_is_refused),
		cmocka_unit_test(every_prefix_of_a_config_ends_well),
		cmocka_unit_test(a_config_survives_every_lack_of_memory),
		cmocka_unit_test(a_credential_is_token_or_pair),
		cmocka_unit_test(a_page_gives_its_objects_and_where_it_goes_on),
		cmocka_unit_test(a_page_that_is_cut_is_none),
		cmocka_unit_test(a_set_knows_what_it_was_given),
		cmocka_unit_test(discovery_keeps_what_rules_know_and_can_be_listed),
		cmocka_unit_test(kinds_have_their_plural),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
