/* fuzz_jclass.c — class files, manifests and what a runtime says of itself. */
#include "emit.h"
#include "parse/jclass_flow.h"

extern const struct pqm_detector pqm_det_java;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_value(const struct pqm_jclass_member *m, struct pqm_jval v)
{
	assert(v.kind <= PQM_JV_PARAM);
	assert(v.kind != PQM_JV_MADE || v.v < m->code.n);
}

static void check_flow(const struct pqm_jclass_member *m, const struct pqm_jflow *flow)
{
	for (size_t n = 0; n < flow->n_calls; n++) {
		assert(flow->calls[n].pc < m->code.n);
		assert(n == 0 || flow->calls[n - 1].pc < flow->calls[n].pc);
		for (size_t k = 0; k < flow->calls[n].n_args; k++)
			check_value(m, flow->calls[n].args[k]);
	}
	for (size_t n = 0; n < flow->n_stores; n++)
		check_value(m, flow->stores[n].value);
}

static void look(pqm_bytes body)
{
	struct pqm_err err = { PQM_OK, "" };
	struct pqm_arena arena;
	struct pqm_jclass c;

	pqm_arena_init(&arena, PQM_ARENA_BYTES);
	if (pqm_jclass_open(&c, body, &arena, &err) == PQM_OK &&
		pqm_jclass_members(&c, &err) == PQM_OK)
		for (size_t i = 0; i < c.n_methods; i++) {
			struct pqm_err why = { PQM_OK, "" };
			struct pqm_jflow flow;

			if (pqm_jflow(&flow, &c, &c.methods[i], &arena, &why) == PQM_OK)
				check_flow(&c.methods[i], &flow);
			else
				assert(why.st != PQM_OK && why.msg[0] != '\0');
		}
	assert(err.st == PQM_OK || err.msg[0] != '\0');
	pqm_arena_fini(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pqm_emit emit = emit_checks_binary();
	pqm_bytes body = { data, size };

	if (size == 0)
		return 0;
	if (data[0] == 0xca) {
		look(body);
		emit_run(&pqm_det_java, &emit, "a.class", body, NULL, 0);
		return 0;
	}
	emit_run(&pqm_det_java, &emit, data[0] == 'g' ? "pom.properties" : "MANIFEST.MF", body,
		NULL, 0);
	return 0;
}
