/* fuzz_rpmdb.c — databases of rpm: names and versions are text of the input, and nothing runs in circles. */
#include <assert.h>

#include "base/limits.h"
#include "parse/rpmdb.h"

static enum pqm_st see(void *ctx, const struct pqm_rpm *p)
{
	const size_t *size = ctx;
	volatile uint8_t last = 0;

	assert(p->name.n > 0 && p->version.n > 0 && p->off < *size);
	assert(pqm_find_byte(p->name, 0, 0) == SIZE_MAX);
	for (size_t i = 0; i < p->release.n; i++)
		last = p->release.p[i];
	for (size_t i = 0; i < p->source.n; i++)
		last = p->source.p[i];
	(void)last;
	return PQM_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pqm_rpmdb_told told;
	struct pqm_err err = { 0 };
	enum pqm_st st = pqm_rpmdb_read((pqm_bytes){ data, size }, see, &size, &told, &err);

	assert(st == PQM_OK || err.msg[0] != '\0');
	assert(told.n_read + told.n_bad <= PQM_RPMDB_PACKAGES);
	return 0;
}
