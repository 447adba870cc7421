/* fuzz_k8s.c — det_k8s with an emitter that checks promises: facts are bounded, places exist, content
 * of Secrets is never a fact. */
#include "emit.h"

extern const struct pqm_detector pqm_det_k8s;

static enum pqm_st see_object(struct pqm_emit *e, const struct pqm_object *o)
{
	bool is_secret = pqm_eqs(o->kind, "Secret") && o->group.n == 0;

	assert(o->line > 0);
	for (size_t i = 0; i < o->n_facts; i++) {
		assert(o->facts[i].col > 0);
		if (is_secret && pqm_starts(o->facts[i].key, PQM_LIT("stringData.")))
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
	static const char *const names[] = { "m.yaml", ".pqmap.yaml", "m" };
	struct pqm_hit hit[256];
	struct pqm_emit emit = emit_checks();
	pqm_bytes body = { data, size };
	size_t n = 0;

	emit.found = see_found;
	emit.object = see_object;
	for (size_t at = pqm_find(body, 0, PQM_LIT("apiVersion")); at != SIZE_MAX && n < 256;
		at = pqm_find(body, at + 1, PQM_LIT("apiVersion")))
		hit[n++] = (struct pqm_hit){ at, 0 };
	for (size_t i = 0; i < 3; i++)
		emit_run(&pqm_det_k8s, &emit, names[i], body, hit, n);
	return 0;
}
