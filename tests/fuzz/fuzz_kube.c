#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"
#include "source/kube_config.h"
#include "source/kube_discovery.h"
#include "source/kube_exec.h"
#include "source/kube_page.h"

/* What a kubeconfig, a plugin and an API server may say. The first byte chooses. */
static void read_config(pqm_bytes text)
{
	size_t half = text.n / 2;
	const struct pqm_kube_file files[] = { { "/k/one", pqm_sub(text, 0, half) },
		{ "two", pqm_sub(text, half, text.n) }, { "whole", text } };
	struct pqm_kube_config c;
	struct pqm_err err = { 0 };

	for (size_t i = 0; i < 2; i++) {
		if (pqm_kube_config_parse(&c, &files[2 * i], i == 0 ? 2 : 1, "", &err) == PQM_OK)
			assert(c.server != NULL && c.context != NULL);
		else
			assert(err.msg[0] != '\0');
		pqm_kube_config_fini(&c);
	}
}

static void read_credential(pqm_bytes text)
{
	struct pqm_kube_cred cred = { 0 };
	struct pqm_err err = { 0 };
	struct pqm_arena a;

	pqm_arena_init(&a, PQM_ARENA_BYTES);
	if (pqm_kube_cred_parse(&cred, text, "client.authentication.k8s.io/v1", &a, &err) == PQM_OK)
		assert(cred.token != NULL || (cred.cert.n > 0 && cred.key.n > 0));
	pqm_arena_fini(&a);
}

static void read_page(pqm_bytes text)
{
	struct pqm_kube_page p;
	struct pqm_kube_item item;
	const uint8_t *end = text.p;

	if (!pqm_kube_page_open(&p, text))
		return;
	while (pqm_kube_page_next(&p, &item)) {
		assert(item.text.p >= end && item.text.p + item.text.n <= text.p + text.n);
		end = item.text.p + item.text.n;
	}
	if (pqm_kube_page_end(&p))
		assert(p.text.n <= text.n && p.text.p[p.text.n - 1] == '}');
	(void)pqm_kube_continue(text);
}

static void read_discovery(pqm_bytes text)
{
	static struct pqm_rules rules;
	static bool is_loaded;
	struct pqm_kube_resources r = { 0 };
	struct pqm_err err = { 0 };
	struct pqm_arena a;
	size_t n_stale = 0;

	if (!is_loaded)
		is_loaded = pqm_rules_load(&rules, NULL, &err) == PQM_OK;
	pqm_arena_init(&a, PQM_ARENA_BYTES);
	r.arena = &a;
	assert(pqm_rules_k8s(&r.kinds, &rules, &err) == PQM_OK);
	(void)pqm_kube_aggregated(&r, text, &n_stale);
	(void)pqm_kube_resource_list(&r, text);
	pqm_kube_resources_sort(&r);
	for (size_t i = 0; i < r.n; i++)
		assert(pqm_find(r.list[i].name, 0, PQM_LIT("/")) == SIZE_MAX);
	pqm_arena_fini(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	pqm_bytes text = { data + 1, size - 1 };

	if (size == 0)
		return 0;
	switch (data[0]) {
	case 'c':
		read_config(text);
		break;
	case 'e':
		read_credential(text);
		break;
	case 'p':
		read_page(text);
		break;
	default:
		read_discovery(text);
		break;
	}
	return 0;
}
