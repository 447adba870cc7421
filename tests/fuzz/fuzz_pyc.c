/* fuzz_pyc.c — compiled Python modules: calls lie inside the body, and no secret of an argument is repeated. */
#include "detect/detector.h"
#include "emit.h"

extern const struct pqm_detector pqm_det_pyc;

static enum pqm_st see(struct pqm_emit *e, const struct pqm_found *f)
{
	(void)e;
	assert(f->rule.n > 0 && f->identity.n > 0 && f->why.n > 0 && f->object.n > 0);
	assert(f->meaning == PQM_USE || f->meaning == PQM_OFFER);
	for (size_t i = 0; i < f->n_attrs; i++)
		assert(!emit_leaks(f->attrs[i].value));
	return PQM_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pqm_emit emit = emit_checks();

	emit.found = see;
	emit_run(&pqm_det_pyc, &emit, "a/b.pyc", (pqm_bytes){ data, size }, NULL, 0);
	return 0;
}
