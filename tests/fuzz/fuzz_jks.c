#include <assert.h>

#include "parse/jks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum pqm_st on_entry(void *ctx, const struct pqm_jks_entry *e, struct pqm_err *err)
{
	pqm_bytes certs = e->certs, der;

	(void)err;
	assert(e->off < *(const size_t *)ctx);
	for (uint32_t i = 0; i < e->n_certs; i++)
		assert(pqm_jks_cert(&certs, e->version, &der));
	assert(certs.n == 0); /* what was measured is what is there */
	return PQM_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	pqm_bytes in = { data, size };
	struct pqm_err err = { 0 };
	struct pqm_jks j;

	(void)pqm_jks_looks_like(in);
	if (pqm_jks_walk(&j, in, on_entry, &size, &err) == PQM_OK)
		assert(j.end == size);
	else
		assert(err.st != PQM_OK && err.msg[0] != '\0' && j.end <= size);
	return 0;
}
