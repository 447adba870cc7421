/* fuzz_gobin.c — what Go's linker leaves: headers, build information, the table of functions and who calls whom. */
#include "emit.h"
#include "parse/gocalls.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_table(const struct pqm_pclntab *t, pqm_bytes body)
{
	pqm_bytes function;
	uint32_t f;

	for (uint32_t i = 0; i < t->n; i++) {
		pqm_bytes name = pqm_pclntab_name(t, i);

		emit_inside(name, body);
		emit_inside(pqm_go_package(name, &function), body);
		assert(t->start[i] <= t->start[i + 1]);
		if (t->start[i] < t->start[i + 1]) {
			assert(pqm_pclntab_at(t, t->text + t->start[i], &f));
			assert(t->start[f] == t->start[i]);
		}
	}
	assert(!pqm_pclntab_in(t, t->text + t->start[t->n], &f));
}

static void follow(struct pqm_gobin *g, const struct pqm_pclntab *t, struct pqm_arena *a)
{
	struct pqm_err err = { PQM_OK, "" };
	struct pqm_go_graph graph;

	if (pqm_go_graph_new(&graph, t, a, &err) != PQM_OK)
		return;
	for (uint32_t i = 0; i < t->n; i++) {
		graph.wants[i] = i % 3 == 0;
		graph.roles[i] = i % 5 == 0 ? PQM_GO_BORDER
			: i % 5 == 1	    ? PQM_GO_OWN | PQM_GO_INIT
					    : 0;
	}
	if (pqm_go_graph_walk(&graph, g, t, a, &err) != PQM_OK)
		return;
	for (size_t i = 0; i < graph.n_calls; i++)
		assert(graph.calls[i].from < t->n && graph.calls[i].to < t->n);
	if (pqm_go_callers(&graph, t->n / 2, g, t, a, &err) != PQM_OK)
		return;
	for (size_t i = 0; i < graph.n_calls; i++)
		assert(graph.calls[i].from < t->n && graph.calls[i].to == t->n / 2);
}

static enum pqm_st look(
	struct pqm_gobin *g, pqm_bytes body, size_t image, struct pqm_arena *a, struct pqm_err *err)
{
	struct pqm_pclntab t;
	bool found;
	enum pqm_st st = pqm_gobin_open(g, body, image, a, err);

	for (size_t at = 0; st == PQM_OK && at < g->body.n && at < 4096; at += 16) {
		st = pqm_gobin_info(g, at, &found, err);
		if (found) {
			emit_inside(g->version, body);
			emit_inside(g->path, body);
			break;
		}
	}
	if (st == PQM_OK)
		st = pqm_pclntab_find(&t, g, a, err);
	if (st == PQM_OK && t.n > 0) {
		check_table(&t, body);
		follow(g, &t, a);
	}
	return st;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	pqm_bytes body = { data, size };

	for (size_t i = 0; i < pqm_gobin_images(body); i++) {
		struct pqm_err err = { PQM_OK, "" };
		struct pqm_arena a;
		struct pqm_gobin g;

		pqm_arena_init(&a, (size_t)16 << 20);
		enum pqm_st st = look(&g, body, i, &a, &err);

		if (st != PQM_OK)
			assert(err.st == st && err.msg[0] != '\0');
		if (st == PQM_EPARSE)
			assert(strncmp(err.msg, "Go: at byte ", 12) == 0);
		pqm_arena_fini(&a);
	}
	return 0;
}
