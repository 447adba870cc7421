/* fuzz_pe.c — programs of Windows: names lie inside the file, and what is told of them is complete. */
#include "emit.h"
#include "parse/pe.h"

extern const struct pqm_detector pqm_det_pe;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum pqm_st see(void *ctx, const struct pqm_pe_sym *s)
{
	const pqm_bytes *body = ctx;

	emit_inside(s->name, *body);
	emit_inside(s->dll, *body);
	assert(s->off <= body->n && (s->name.n > 0) != s->is_ordinal);
	return PQM_OK;
}

static void look(pqm_bytes body)
{
	struct pqm_err err = { PQM_OK, "" };
	struct pqm_pe p;
	enum pqm_st st = pqm_pe_open(&p, body, &err);

	if (st == PQM_OK)
		st = pqm_pe_imports(&p, see, &body, &err);
	if (st == PQM_OK)
		st = pqm_pe_exports(&p, see, &body, &err);
	assert(st == PQM_OK || (err.st == st && err.msg[0] != '\0'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pqm_emit emit = emit_checks_binary();
	pqm_bytes body = { data, size };

	if (!pqm_pe_looks(body))
		return 0;
	look(body);
	emit_run(&pqm_det_pe, &emit, "libcrypto.dll", body, NULL, 0);
	return 0;
}
