/* fuzz_sbom.c — bills of materials: items lie inside the text, in order, and have names. */
#include <assert.h>

#include "base/limits.h"
#include "parse/sbom.h"

struct seen {
	size_t size, last;
};

static enum pqm_st see(void *ctx, const struct pqm_sbom_item *i)
{
	struct seen *s = ctx;

	assert(i->name.n > 0 && i->off < s->size && i->off >= s->last && i->line > 0);
	s->last = i->off;
	return PQM_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seen s = { .size = size };
	struct pqm_sbom_told told;
	struct pqm_err err = { 0 };
	enum pqm_st st = pqm_sbom_read((pqm_bytes){ data, size }, see, &s, &told, &err);

	assert(st == PQM_OK || err.msg[0] != '\0');
	assert(told.n == 0 || told.form.n > 0 || st != PQM_OK);
	return 0;
}
