/* test_graph.c — the example cluster through scan and graph: assets, deciding facts, order. */
#include "unit.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/log.h"
#include "cluster.h"

static const struct pqm_asset *asset(const struct pqm_graph *g, const char *id)
{
	for (size_t i = 0; i < g->n_assets; i++)
		if (pqm_eqs(g->assets[i].id, id))
			return &g->assets[i];
	fail_msg("no asset %s", id);
	return NULL;
}

static const struct pqm_hop *hop(const struct pqm_asset *a, const char *label)
{
	for (size_t i = 0; i < a->n_hops; i++)
		if (pqm_eqs(a->hops[i].label, label))
			return &a->hops[i];
	fail_msg("%.*s has no hop '%s'", PQM_FMT(a->id), label);
	return NULL;
}

static void the_example_has_these_assets(void **state)
{
	static const struct {
		const char *id, *life_class;
		double life, impact;
		bool life_assumed;
		size_t n_hops;
	} want[] = {
		{ "chat-logs", "prompts-sensitive", 10, 4, false, 1 },
		{ "claims-embeddings", "embeddings", 10, 4, false, 3 },
		{ "claims-model", "finetuned-weights", 5, 4, false, 3 },
		{ "clinic-checkpoints", "checkpoints", 30, 5, false, 3 },
		{ "clinic-edge-key", "model-signing", 10, 5, false, 1 },
		{ "partner-gradients", "gradients", 30, 5, false, 2 },
		{ "phi-train-2026", "training-data-phi", 30, 5, false, 3 },
		{ "serving/claims-llm/prompts", "prompts-sensitive", 10, 3, true, 3 },
		{ "training/llama-clinic/gradients", "gradients", 30, 5, false, 1 },
		{ "unassigned", "", 5, 3, true, 3 },
	};
	struct pqm_graph g = cluster_graph(&inv);

	(void)state;
	assert_int_equal(g.n_assets, sizeof(want) / sizeof(want[0]));
	for (size_t i = 0; i < g.n_assets; i++) {
		const struct pqm_asset *a = &g.assets[i];

		assert_bytes(a->id, want[i].id);
		assert_bytes(a->life_class, want[i].life_class);
		assert_true(a->life_years.value == want[i].life);
		assert_true(a->impact.value == want[i].impact);
		assert_int_equal(a->life_years.is_assumption, want[i].life_assumed);
		if (a->n_hops != want[i].n_hops)
			fail_msg("%s: %zu hops, want %zu", want[i].id, a->n_hops, want[i].n_hops);
		assert_true(a->life_years.source.n > 0 && a->impact.source.n > 0);
	}
	pqm_graph_fini(&g);
}

static void each_hop_says_what_decides_it_and_where(void **state)
{
	static const struct {
		const char *asset, *label, *task, *layer, *path;
		char use, exposure, coverage;
		enum pqm_verdict verdict;
		uint32_t line;
		size_t n_findings;
	} want[] = {
		{ "phi-train-2026", "ingress data.clinic.example: X25519 only", "hybrid-on-edge",
			"E256", "fixtures/cluster/edge/ingress-nginx.yaml", 'K', 'I', 'N',
			PQM_V_CLASSICAL, 60, 1 },
		{ "phi-train-2026", "certificate data-tls: RSA-2048", "public-cert-pq", "R2048",
			"fixtures/cluster/edge/data-ingress.yaml", 'S', 'I', 'N', PQM_V_CLASSICAL,
			25, 1 },
		{ "clinic-edge-key", "signing key edge-signing-key: P-256", "dual-sign", "E256",
			"fixtures/cluster/training/keys.yaml", 'L', 'I', 'N', PQM_V_CLASSICAL, 21,
			2 },
		{ "partner-gradients",
			"partner link flower-superlink:9092: TLS, no hybrid group seen",
			"partner-link-hybrid", "UNK", "fixtures/cluster/training/federated.yaml",
			'K', 'P', 'N', PQM_V_UNKNOWN, 23, 0 },
		{ "chat-logs", "qdrant:6333 speaks plaintext", "plaintext-fix", "NONE",
			"fixtures/cluster/data/qdrant.yaml", 'K', 'L', 'N', PQM_V_PLAINTEXT, 55,
			2 },
		{ "claims-embeddings",
			"embeddings-backup to s3.north.provider.example: X25519 only",
			"mesh-link-hybrid", "E256", "fixtures/cluster/data/pgvector.yaml", 'K', 'C',
			'N', PQM_V_CLASSICAL, 85, 1 },
		{ "clinic-checkpoints", "data key wrapped to backup-recipient: RSA-4096",
			"rewrap-keys", "R4096", "fixtures/cluster/data/backup-recipient.yaml", 'W',
			'O', 'N', PQM_V_CLASSICAL, 9, 1 },
		{ "claims-model", "gateway registry.clinic.example: X25519MLKEM768 enforced", "",
			"HYB", "fixtures/cluster/edge/gateway.yaml", 'K', 'I', 'E', PQM_V_HYBRID,
			32, 1 },
		{ "claims-model", "mlflow:5000: mesh mTLS, X25519", "mesh-link-hybrid", "E256",
			"fixtures/cluster/platform/mlflow.yaml", 'K', 'L', 'N', PQM_V_CLASSICAL, 50,
			0 },
		{ "training/llama-clinic/gradients",
			"workers of llama-clinic: collectives in plaintext", "plaintext-fix",
			"NONE", "fixtures/cluster/training/llama-clinic.yaml", 'K', 'L', 'N',
			PQM_V_PLAINTEXT, 22, 0 },
	};
	struct pqm_graph g = cluster_graph(&inv);

	(void)state;
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		const struct pqm_hop *h = hop(asset(&g, want[i].asset), want[i].label);

		assert_bytes(h->task, want[i].task);
		assert_bytes(h->layers[0], want[i].layer);
		assert_bytes(h->path, want[i].path);
		assert_int_equal(h->use, want[i].use);
		assert_int_equal(h->exposure, want[i].exposure);
		assert_int_equal(h->coverage, want[i].coverage);
		assert_int_equal(h->verdict, want[i].verdict);
		assert_int_equal(h->line, want[i].line);
		assert_int_equal(h->n_findings, want[i].n_findings);
		assert_true(h->why.n > 0);
	}
	pqm_graph_fini(&g);
}

static void derived_assets_point_at_the_root_that_holds_the_money(void **state)
{
	static const char *const derived[] = { "partner-gradients", "clinic-checkpoints",
		"training/llama-clinic/gradients" };
	struct pqm_graph g = cluster_graph(&inv);

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		const struct pqm_asset *a = asset(&g, derived[i]);

		assert_bytes(g.assets[a->root].id, "phi-train-2026");
		assert_int_equal(a->n_sources, 1);
		assert_true(a->money.value == 0);
	}
	assert_true(asset(&g, "phi-train-2026")->money.value == 316e6);
	pqm_graph_fini(&g);
}

static void references_without_an_object_are_ghosts_and_told(void **state)
{
	struct pqm_graph g = cluster_graph(&inv);
	size_t ghosts = 0;

	(void)state;
	assert_int_equal(g.n_unresolved, 1);
	assert_true(pqm_starts(g.unresolved[0], PQM_LIT("serving/ConfigMap/chat-settings:")));
	for (size_t i = 0; i < g.n_nodes; i++)
		ghosts += g.nodes[i].is_ghost;
	assert_int_equal(ghosts, 4); /* chat-settings, and three Secrets that cert-manager makes */
	pqm_graph_fini(&g);
}

static void every_edge_names_its_reference(void **state)
{
	struct pqm_graph g = cluster_graph(&inv);

	(void)state;
	assert_true(g.n_edges > 60);
	for (size_t i = 0; i < g.n_edges; i++) {
		assert_true(g.edges[i].from < g.n_nodes && g.edges[i].to < g.n_nodes);
		assert_true(g.edges[i].ref.n > 0 && g.edges[i].path.n > 0 && g.edges[i].line > 0);
	}
	pqm_graph_fini(&g);
}

static void no_finding_is_lost(void **state)
{
	struct pqm_graph g = cluster_graph(&inv);
	size_t listed = 0, broken = 0;

	(void)state;
	for (size_t f = 0; f < inv.n_findings; f++) {
		bool found = false;

		if (inv.findings[f].quantum != PQM_Q_BROKEN || inv.findings[f].meaning == PQM_OFFER)
			continue;
		broken++;
		for (size_t i = 0; i < g.n_assets; i++)
			for (size_t k = 0; k < g.assets[i].n_hops; k++)
				for (size_t j = 0; j < g.assets[i].hops[k].n_findings; j++)
					found = found ||
						memcmp(g.assets[i].hops[k].findings[j],
							inv.findings[f].id, PQM_ID_BYTES) == 0;
		listed += found;
	}
	assert_true(broken > 15);
	assert_int_equal(listed, broken);
	pqm_graph_fini(&g);
}

/* Everything a graph says, in one hash. */
static void digest(const struct pqm_graph *g, uint8_t out[PQM_SHA256_BYTES])
{
	struct pqm_buf b;

	pqm_buf_init(&b, (size_t)16 << 20);
	for (size_t i = 0; i < g->n_nodes; i++)
		(void)pqm_buf_f(&b, "N %.*s %.*s %d %.*s:%u\n", PQM_FMT(g->nodes[i].id),
			PQM_FMT(g->nodes[i].ai_class), g->nodes[i].is_ghost,
			PQM_FMT(g->nodes[i].path), g->nodes[i].line);
	for (size_t i = 0; i < g->n_edges; i++)
		(void)pqm_buf_f(&b, "E %u %u %.*s %.*s\n", g->edges[i].from, g->edges[i].to,
			PQM_FMT(g->edges[i].rel), PQM_FMT(g->edges[i].ref));
	for (size_t i = 0; i < g->n_assets; i++) {
		const struct pqm_asset *a = &g->assets[i];

		(void)pqm_buf_f(&b, "A %.*s %f %f %u %zu\n", PQM_FMT(a->id), a->life_years.value,
			a->impact.value, a->root, a->n_signals);
		for (size_t k = 0; k < a->n_hops; k++) {
			const struct pqm_hop *h = &a->hops[k];

			(void)pqm_buf_f(&b, "H %c %.*s %.*s %u %u %.*s:%u %zu\n", h->use,
				PQM_FMT(h->label), PQM_FMT(h->layers[0]), h->from, h->to,
				PQM_FMT(h->path), h->line, h->n_findings);
			for (size_t j = 0; j < h->n_findings; j++)
				(void)pqm_buf_add(&b, (pqm_bytes){ h->findings[j], PQM_ID_BYTES });
		}
	}
	assert_false(b.failed);
	pqm_sha256(out, pqm_buf_bytes(&b));
	pqm_buf_fini(&b);
}

static void the_order_of_the_input_does_not_matter(void **state)
{
	uint8_t want[PQM_SHA256_BYTES], got[PQM_SHA256_BYTES];
	struct pqm_graph g = cluster_graph(&inv);
	struct pqm_inventory mixed = inv;
	uint64_t seed = 42;
	struct pqm_arena arena;

	(void)state;
	digest(&g, want);
	pqm_graph_fini(&g);
	pqm_arena_init(&arena, (size_t)16 << 20);
	mixed.objects = pqm_new(&arena, struct pqm_object, inv.n_objects);
	mixed.findings = pqm_new(&arena, struct pqm_finding, inv.n_findings);
	memcpy(mixed.objects, inv.objects, inv.n_objects * sizeof(*inv.objects));
	memcpy(mixed.findings, inv.findings, inv.n_findings * sizeof(*inv.findings));
	for (unsigned round = 0; round < 20; round++) {
		for (size_t i = inv.n_objects; i > 1; i--) {
			size_t k = (size_t)(unit_random(&seed) % i);
			struct pqm_object t = mixed.objects[k];

			mixed.objects[k] = mixed.objects[i - 1];
			mixed.objects[i - 1] = t;
		}
		for (size_t i = inv.n_findings; i > 1; i--) {
			size_t k = (size_t)(unit_random(&seed) % i);
			struct pqm_finding t = mixed.findings[k];

			mixed.findings[k] = mixed.findings[i - 1];
			mixed.findings[i - 1] = t;
		}
		g = cluster_graph(&mixed);
		digest(&g, got);
		assert_memory_equal(got, want, sizeof(got));
		pqm_graph_fini(&g);
	}
	pqm_arena_fini(&arena);
}

static struct pqm_object asset_object(const char *name, const struct pqm_fact *facts, size_t n)
{
	return (struct pqm_object){ .path = PQM_LIT(".pqmap.yaml"),
		.line = 1,
		.group = PQM_LIT("pqmap.dev"),
		.kind = PQM_LIT("Asset"),
		.name = pqm_str(name),
		.facts = facts,
		.n_facts = n };
}

static void lineage_in_a_circle_settles(void **state)
{
	const struct pqm_fact fa[] = { { PQM_LIT("data-class"), PQM_LIT("phi"), 1, 1 },
		{ PQM_LIT("sources[0]"), PQM_LIT("b"), 1, 1 } };
	const struct pqm_fact fb[] = { { PQM_LIT("data-class"), PQM_LIT("gradients"), 1, 1 },
		{ PQM_LIT("sources[0]"), PQM_LIT("a"), 1, 1 },
		{ PQM_LIT("sources[1]"), PQM_LIT("b"), 1, 1 },
		{ PQM_LIT("sources[2]"), PQM_LIT("nobody"), 1, 1 },
		{ PQM_LIT("on[0]"), PQM_LIT("n/Job/missing"), 1, 1 } };
	struct pqm_object o[] = { asset_object("a", fa, 2), asset_object("b", fb, 5) };
	struct pqm_inventory tiny = { .objects = o, .n_objects = 2 };
	struct pqm_graph g = cluster_graph(&tiny);

	(void)state;
	assert_int_equal(g.n_assets, 2);
	assert_true(g.assets[0].life_years.value == 50 && g.assets[1].life_years.value == 50);
	pqm_graph_fini(&g);
}

static void an_empty_inventory_gives_an_empty_graph(void **state)
{
	struct pqm_inventory none = { 0 };
	struct pqm_graph g = cluster_graph(&none);

	(void)state;
	assert_int_equal(g.n_assets + g.n_nodes + g.n_edges, 0);
	pqm_graph_fini(&g);
}

static struct pqm_finding finding(
	uint8_t n, enum pqm_meaning m, enum pqm_quantum q, struct pqm_occurrence *occ)
{
	struct pqm_finding f = { .rule = PQM_LIT("test.rule"),
		.meaning = m,
		.quantum = q,
		.function = PQM_FN_SIG,
		.family = PQM_LIT("RSA"),
		.parameter = PQM_LIT("2048"),
		.bits = 2048,
		.occs = occ,
		.n_occs = 1 };

	f.id[0] = n;
	return f;
}

static void offers_stores_and_the_unknown_are_not_scored(void **state)
{
	struct pqm_occurrence occ = { .path = PQM_LIT("/bin/x") };
	struct pqm_finding f[200];
	struct pqm_inventory one = { .findings = f, .n_findings = 0 };

	(void)state;
	f[0] = finding(0, PQM_OFFER, PQM_Q_BROKEN, &occ);
	f[1] = finding(1, PQM_CERT, PQM_Q_BROKEN, &occ);
	f[1].is_folded = true;
	f[2] = finding(2, PQM_USE, PQM_Q_UNKNOWN, &occ);
	one.n_findings = 3;
	struct pqm_graph g = cluster_graph(&one);

	assert_int_equal(g.n_assets, 0);
	pqm_graph_fini(&g);
	for (size_t i = 3; i < 200; i++)
		f[i] = finding((uint8_t)i, PQM_CERT, PQM_Q_BROKEN, &occ);
	one.n_findings = 200;
	g = cluster_graph(&one);
	assert_int_equal(g.n_assets, 1);
	assert_int_equal(g.assets[0].n_hops, 1);
	assert_bytes(g.assets[0].hops[0].label, "197 keys and certificates: R2048");
	assert_int_equal(g.assets[0].hops[0].n_findings, 50);
	assert_int_equal(g.assets[0].hops[0].findings[0][0], 3);
	assert_int_equal(g.assets[0].n_signals, 1);
	pqm_graph_fini(&g);
}

/* A Service and a Deployment of each of n names, all with the same label. */
static void crowd(struct pqm_arena *a, struct pqm_inventory *out, size_t n)
{
	struct pqm_fact *facts = pqm_new(a, struct pqm_fact, 2);

	assert_non_null(facts);
	facts[0] = (struct pqm_fact){ PQM_LIT("spec.selector.app"), PQM_LIT("x"), 1, 1 };
	facts[1] = (struct pqm_fact){ PQM_LIT("spec.template.metadata.labels.app"), PQM_LIT("x"), 1,
		1 };
	out->objects = pqm_new(a, struct pqm_object, 2 * n);
	assert_non_null(out->objects);
	for (size_t i = 0; i < 2 * n; i++)
		out->objects[i] = (struct pqm_object){ .path = PQM_LIT("k.yaml"),
			.line = 1,
			.group = i < n ? PQM_LIT("") : PQM_LIT("apps"),
			.kind = i < n ? PQM_LIT("Service") : PQM_LIT("Deployment"),
			.ns = PQM_LIT("n"),
			.name = pqm_arena_f(a, "x%zu", i),
			.facts = &facts[i < n ? 0 : 1],
			.n_facts = 1 };
	out->n_objects = 2 * n;
}

static void edges_are_capped_and_told(void **state)
{
	static const struct {
		size_t n, n_edges, n_unresolved;
	} cases[] = { { 2, 4, 0 }, { 40, 1600, 0 },
		{ 600, PQM_GRAPH_EDGES + 1200 * PQM_GRAPH_EDGES_PER_OBJECT, 1 } };

	(void)state;
	pqm_log_level(PQM_ERROR);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pqm_inventory many = { 0 };
		struct pqm_arena arena;

		pqm_arena_init(&arena, (size_t)16 << 20);
		crowd(&arena, &many, cases[i].n);
		struct pqm_graph g = cluster_graph(&many);

		assert_int_equal(g.n_edges, cases[i].n_edges);
		assert_int_equal(g.n_unresolved, cases[i].n_unresolved);
		if (g.n_unresolved > 0)
			assert_bytes(g.unresolved[0],
				"over 219200 references between objects; the rest is left out");
		pqm_graph_fini(&g);
		pqm_arena_fini(&arena);
	}
	pqm_log_level(PQM_WARN);
}

static enum pqm_st build_once(struct pqm_err *err)
{
	struct pqm_graph g;
	enum pqm_st st;

	pqm_graph_init(&g);
	st = pqm_graph_build(&g, &rules, &inv, err);
	pqm_graph_fini(&g);
	return st;
}

static void running_out_of_memory_is_an_error_not_a_crash(void **state)
{
	(void)state;
	unit_out_of_memory(400, build_once);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_example_has_these_assets),
		cmocka_unit_test(each_hop_says_what_decides_it_and_where),
		cmocka_unit_test(derived_assets_point_at_the_root_that_holds_the_money),
		cmocka_unit_test(references_without_an_object_are_ghosts_and_told),
		cmocka_unit_test(every_edge_names_its_reference),
		cmocka_unit_test(no_finding_is_lost),
		cmocka_unit_test(the_order_of_the_input_does_not_matter),
		cmocka_unit_test(lineage_in_a_circle_settles),
		cmocka_unit_test(an_empty_inventory_gives_an_empty_graph),
		cmocka_unit_test(offers_stores_and_the_unknown_are_not_scored),
		cmocka_unit_test(edges_are_capped_and_told),
		cmocka_unit_test(running_out_of_memory_is_an_error_not_a_crash),
	};

	return cmocka_run_group_tests(tests, cluster_setup, cluster_teardown);
}
