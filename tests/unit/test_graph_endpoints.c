/* test_graph_endpoints.c — endpoints that were asked, joined with the example cluster. */
#include "unit.h"

#include "cluster.h"

static struct pqm_offer x25519 = {
	.kind = PQM_O_GROUP, .code = 0x001d, .version = 0x0304, .answer = PQM_A_YES
};

static struct pqm_graph build_with(const struct pqm_endpoint *e, size_t n)
{
	struct pqm_inventory with = inv;

	with.endpoints = (struct pqm_endpoint *)(uintptr_t)e;
	with.n_endpoints = n;
	return cluster_graph(&with);
}

static struct pqm_endpoint endpoint(const char *host, uint16_t port, enum pqm_posture posture)
{
	return (struct pqm_endpoint){ .scheme = PQM_LIT("tls"),
		.protocol = PQM_LIT("tls"),
		.host = pqm_str(host),
		.address = PQM_LIT("192.0.2.7"),
		.port = port,
		.reach = PQM_R_ANSWERED,
		.posture = posture,
		.offers = &x25519,
		.n_offers = 1 };
}

/* The hop of the asset whose label starts so, or NULL. */
static const struct pqm_hop *hop(const struct pqm_graph *g, const char *asset, const char *label)
{
	for (size_t i = 0; i < g->n_assets; i++)
		for (size_t k = 0; pqm_eqs(g->assets[i].id, asset) && k < g->assets[i].n_hops; k++)
			if (pqm_starts(g->assets[i].hops[k].label, pqm_str(label)))
				return &g->assets[i].hops[k];
	return NULL;
}

static size_t edges_from(const struct pqm_graph *g, const char *from, const char *rel)
{
	size_t n = 0;

	for (size_t i = 0; i < g->n_edges; i++)
		n += pqm_eqs(g->nodes[g->edges[i].from].id, from) && pqm_eqs(g->edges[i].rel, rel);
	return n;
}

static void what_was_measured_beats_what_was_set(void **state)
{
	static const struct {
		enum pqm_posture posture;
		enum pqm_verdict verdict;
		char coverage;
		const char *label, *task;
	} want[] = {
		{ PQM_P_ABSENT, PQM_V_CLASSICAL, 'N',
			"ingress data.clinic.example: X25519 only (measured)", "hybrid-on-edge" },
		{ PQM_P_OFFERED, PQM_V_HYBRID_CAPABLE, 'F',
			"ingress data.clinic.example: hybrid offered, falls back to X25519 "
			"(measured)",
			"enforce-hybrid" },
		{ PQM_P_ENFORCED, PQM_V_HYBRID_CAPABLE, 'F',
			"ingress data.clinic.example: hybrid enforced, falls back to X25519 "
			"(measured)",
			"enforce-hybrid" },
		{ PQM_P_ONLY, PQM_V_HYBRID, 'E',
			"ingress data.clinic.example: hybrid only (measured)", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		struct pqm_endpoint e = endpoint("data.clinic.example", 443, want[i].posture);
		struct pqm_graph g = build_with(&e, 1);
		const struct pqm_hop *h = hop(&g, "phi-train-2026", "ingress data.clinic.example");

		assert_non_null(h);
		assert_bytes(h->label, want[i].label);
		assert_bytes(h->task, want[i].task);
		assert_int_equal(h->verdict, want[i].verdict);
		assert_int_equal(h->coverage, want[i].coverage);
		assert_int_equal(h->evidence, PQM_NEGOTIATED);
		assert_bytes(h->path, "tls:data.clinic.example:443");
		assert_int_equal(edges_from(&g, "tls:data.clinic.example:443", "measures"), 1);
		pqm_graph_fini(&g);
	}
}

static void an_endpoint_that_told_nothing_changes_nothing(void **state)
{
	struct pqm_endpoint e = endpoint("data.clinic.example", 443, PQM_P_UNKNOWN);
	struct pqm_graph g = build_with(&e, 1);
	const struct pqm_hop *h = hop(&g, "phi-train-2026", "ingress data.clinic.example");

	(void)state;
	assert_non_null(h);
	assert_bytes(h->label, "ingress data.clinic.example: X25519 only");
	assert_int_equal(h->evidence, PQM_CONFIGURED);
	pqm_graph_fini(&g);
}

static void another_port_or_host_is_another_thing(void **state)
{
	struct pqm_endpoint e[] = { endpoint("data.clinic.example", 8443, PQM_P_ONLY),
		endpoint("other.clinic.example", 443, PQM_P_ONLY) };
	struct pqm_graph g = build_with(e, 2);
	const struct pqm_hop *h = hop(&g, "phi-train-2026", "ingress data.clinic.example");

	(void)state;
	assert_non_null(h);
	assert_bytes(h->label, "ingress data.clinic.example: X25519 only");
	for (size_t i = 0; i < g.n_edges; i++)
		assert_false(pqm_eqs(g.edges[i].rel, "measures"));
	pqm_graph_fini(&g);
}

static void services_are_known_by_their_names_in_the_cluster(void **state)
{
	static const char *const host[] = { "flower-superlink.training",
		"flower-superlink.training.svc", "flower-superlink.training.svc.cluster.local" };

	(void)state;
	for (size_t i = 0; i < sizeof(host) / sizeof(host[0]); i++) {
		struct pqm_endpoint e = endpoint(host[i], 9092, PQM_P_ABSENT);
		struct pqm_graph g = build_with(&e, 1);
		const struct pqm_hop *h =
			hop(&g, "partner-gradients", "partner link flower-superlink:9092");

		assert_non_null(h);
		assert_bytes(
			h->label, "partner link flower-superlink:9092: X25519 only (measured)");
		pqm_graph_fini(&g);
	}
}

static void a_host_outside_is_measured_too(void **state)
{
	struct pqm_endpoint e = endpoint("s3.north.provider.example", 443, PQM_P_ONLY);
	struct pqm_graph g = build_with(&e, 1);
	const struct pqm_hop *h =
		hop(&g, "claims-embeddings", "embeddings-backup to s3.north.provider.example");

	(void)state;
	assert_non_null(h);
	assert_bytes(
		h->label, "embeddings-backup to s3.north.provider.example: hybrid only (measured)");
	assert_int_equal(h->verdict, PQM_V_HYBRID);
	pqm_graph_fini(&g);
}

static void the_key_on_the_wire_is_the_key_of_the_secret(void **state)
{
	struct pqm_endpoint e = endpoint("data.clinic.example", 443, PQM_P_ABSENT);
	struct pqm_finding *found = NULL;
	struct pqm_occurrence *old;
	pqm_bytes secret = { NULL, 0 };

	(void)state;
	for (size_t i = 0; i < inv.n_findings && found == NULL; i++)
		for (size_t k = 0; k < inv.findings[i].n_occs; k++)
			if (pqm_starts(inv.findings[i].identity, PQM_LIT("spki:")) &&
				pqm_find(inv.findings[i].occs[k].object, 0, PQM_LIT("/Secret/")) !=
					SIZE_MAX) {
				found = &inv.findings[i];
				secret = found->occs[k].object;
			}
	assert_non_null(found);
	struct pqm_occurrence more[64] = { 0 };

	assert_true(found->n_occs < 64);
	memcpy(more, found->occs, found->n_occs * sizeof(more[0]));
	more[found->n_occs].path = PQM_LIT("tls:data.clinic.example:443 › chain 1 › certificate 1");
	old = found->occs;
	found->occs = more;
	found->n_occs++;
	struct pqm_graph g = build_with(&e, 1);

	assert_int_equal(edges_from(&g, "tls:data.clinic.example:443", "presents"), 1);
	for (size_t i = 0; i < g.n_edges; i++)
		if (pqm_eqs(g.nodes[g.edges[i].from].id, "tls:data.clinic.example:443") &&
			pqm_eqs(g.edges[i].rel, "presents"))
			assert_true(pqm_starts(secret, g.nodes[g.edges[i].to].id));
	pqm_graph_fini(&g);
	found->occs = old;
	found->n_occs--;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_measured_beats_what_was_set),
		cmocka_unit_test(an_endpoint_that_told_nothing_changes_nothing),
		cmocka_unit_test(another_port_or_host_is_another_thing),
		cmocka_unit_test(services_are_known_by_their_names_in_the_cluster),
		cmocka_unit_test(a_host_outside_is_measured_too),
		cmocka_unit_test(the_key_on_the_wire_is_the_key_of_the_secret),
	};

	return cmocka_run_group_tests(tests, cluster_setup, cluster_teardown);
}
