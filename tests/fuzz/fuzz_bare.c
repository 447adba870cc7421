/* fuzz_bare.c — det_bare with an emitter that checks promises: facts are bounded, places exist, values of
 * variables that are called a secret are never a fact. */
#include <assert.h>

#include "base/limits.h"
#include "detect/detector.h"

extern const struct pqm_detector pqm_det_bare;

static struct pqm_rules rules;
static const char marker[] = "fuzz-secret-marker-value";

static enum pqm_st see_object(struct pqm_emit *e, const struct pqm_object *o)
{
	(void)e;
	assert(o->kind.n > 0 && o->line > 0);
	assert(o->n_facts <= PQM_K8S_FACTS);
	for (size_t i = 0; i < o->n_facts; i++) {
		assert(o->facts[i].key.n < PQM_K8S_PATH_BYTES);
		assert(o->facts[i].value.n > 0 && o->facts[i].line > 0 && o->facts[i].col > 0);
		if (pqm_ends(o->facts[i].key, PQM_LIT("].value")) && i > 0 &&
			pqm_eqs(o->facts[i - 1].value, "API_TOKEN"))
			assert(pqm_find(o->facts[i].value, 0, pqm_str(marker)) == SIZE_MAX);
	}
	return PQM_OK;
}

static enum pqm_st see_found(struct pqm_emit *e, const struct pqm_found *f)
{
	(void)e;
	assert(f->rule.n > 0 && f->identity.n > 0 && f->object.n > 0 && f->line > 0);
	assert(f->why.n > 0);
	return PQM_OK;
}

static enum pqm_st see_child(struct pqm_emit *e, const struct pqm_child *c)
{
	(void)e;
	assert(c->body.n > 0 && c->object.n > 0);
	assert((c->line > 0 && c->col > 0) || c->path_part.n > 0);
	return PQM_OK;
}

static void see_note(struct pqm_emit *e, uint64_t off, enum pqm_st why, const char *words)
{
	(void)e;
	(void)off;
	assert(why != PQM_OK && words[0] != '\0');
}

static void see_claim(struct pqm_emit *e, uint64_t from, uint64_t to)
{
	(void)e;
	assert(from <= to);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "d/m.yaml", "d/compose.yaml", "d/m.json" };
	struct pqm_emit emit = { see_found, see_object, see_child, see_note, see_claim };
	pqm_bytes body = { data, size };
	struct pqm_err err = { 0 };
	struct pqm_arena arena;

	if (rules.n == 0 && pqm_rules_load(&rules, NULL, &err) != PQM_OK)
		assert(false);
	for (size_t i = 0; i < 3; i++) {
		struct pqm_artifact a = { .body = body,
			.head = pqm_sub(body, 0, 4096),
			.path = pqm_str(names[i]),
			.name = pqm_sub(pqm_str(names[i]), 2, 32),
			.arena = &arena };
		uint64_t done = 0;
		struct pqm_hits hits = { NULL, 0, &done };

		pqm_arena_init(&arena, PQM_ARENA_BYTES);
		if (pqm_det_bare.run(&rules, &a, &hits, &emit, &err) != PQM_OK)
			assert(err.msg[0] != '\0');
		pqm_arena_fini(&arena);
	}
	return 0;
}
