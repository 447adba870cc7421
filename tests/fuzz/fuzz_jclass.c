#include <assert.h>

#include "base/limits.h"
#include "detect/detector.h"
#include "parse/jclass_flow.h"

extern const struct pqm_detector pqm_det_java;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum pqm_st see_found(struct pqm_emit *e, const struct pqm_found *f)
{
	(void)e;
	assert(f->rule.n > 0 && f->identity.n > 0 && f->why.n > 0 && f->object.n > 0);
	assert(f->bits == 0 || f->parameter.n > 0);
	return PQM_OK;
}

static void see_note(struct pqm_emit *e, uint64_t off, enum pqm_st why, const char *words)
{
	(void)e;
	(void)off;
	assert(why != PQM_OK && words[0] != '\0');
}

static const struct pqm_rules *rules(void)
{
	static struct pqm_rules r;
	struct pqm_err err = { 0 };

	if (r.n == 0 && pqm_rules_load(&r, NULL, &err) != PQM_OK)
		assert(false);
	return &r;
}

static void check_value(const struct pqm_jclass_member *m, struct pqm_jval v)
{
	assert(v.kind <= PQM_JV_PARAM);
	assert(v.kind != PQM_JV_MADE || v.v < m->code.n);
}

static void follow(const struct pqm_jclass *c, struct pqm_arena *a)
{
	for (size_t i = 0; i < c->n_methods; i++) {
		const struct pqm_jclass_member *m = &c->methods[i];
		struct pqm_err err = { PQM_OK, "" };
		struct pqm_jflow flow;

		if (pqm_jflow(&flow, c, m, a, &err) != PQM_OK) {
			assert(err.st != PQM_OK && err.msg[0] != '\0');
			continue;
		}
		for (size_t n = 0; n < flow.n_calls; n++) {
			assert(flow.calls[n].pc < m->code.n);
			for (size_t k = 0; k < flow.calls[n].n_args; k++)
				check_value(m, flow.calls[n].args[k]);
		}
		for (size_t n = 0; n < flow.n_stores; n++)
			check_value(m, flow.stores[n].value);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pqm_emit emit = { .found = see_found, .note = see_note };
	struct pqm_err err = { PQM_OK, "" };
	pqm_bytes body = { data, size };
	struct pqm_arena arena;
	struct pqm_jclass c;
	uint64_t done = 0;
	const struct pqm_hits hits = { NULL, 0, &done };
	struct pqm_artifact a = { .body = body,
		.head = pqm_sub(body, 0, 4096),
		.path = PQM_LIT("a.class"),
		.name = PQM_LIT("a.class"),
		.arena = &arena };

	pqm_arena_init(&arena, PQM_ARENA_BYTES);
	if (pqm_jclass_open(&c, body, &arena, &err) == PQM_OK &&
		pqm_jclass_members(&c, &err) == PQM_OK)
		follow(&c, &arena);
	if (err.st != PQM_OK)
		assert(err.msg[0] != '\0');
	(void)pqm_det_java.run(rules(), &a, &hits, &emit, &err);
	if (size > 0 && data[0] != 0xca) { /* as a manifest */
		a.name = data[0] == 'g' ? PQM_LIT("pom.properties") : PQM_LIT("MANIFEST.MF");
		done = 0;
		(void)pqm_det_java.run(rules(), &a, &hits, &emit, &err);
	}
	pqm_arena_fini(&arena);
	return 0;
}
