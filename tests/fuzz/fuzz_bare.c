/* fuzz_bare.c — det_bare with an emitter that checks promises: facts are bounded, places exist, values of
 * variables that are called a secret are never a fact. */
#include "emit.h"

extern const struct pqm_detector pqm_det_bare;

static enum pqm_st see_object(struct pqm_emit *e, const struct pqm_object *o)
{
	assert(o->line > 0);
	for (size_t i = 0; i < o->n_facts; i++) {
		assert(o->facts[i].col > 0);
		if (pqm_ends(o->facts[i].key, PQM_LIT("].value")) && i > 0 &&
			pqm_eqs(o->facts[i - 1].value, "API_TOKEN"))
			assert(!emit_leaks(o->facts[i].value));
	}
	return emit_see_object(e, o);
}

static enum pqm_st see_found(struct pqm_emit *e, const struct pqm_found *f)
{
	assert(f->object.n > 0);
	return emit_see_found(e, f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "d/m.yaml", "d/compose.yaml", "d/m.json" };
	struct pqm_emit emit = emit_checks();

	emit.found = see_found;
	emit.object = see_object;
	for (size_t i = 0; i < 3; i++)
		emit_run(&pqm_det_bare, &emit, names[i], (pqm_bytes){ data, size }, NULL, 0);
	return 0;
}
