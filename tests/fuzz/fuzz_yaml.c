#include <assert.h>

#include "parse/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum pqm_st look(void *ctx, const struct pqm_yaml *root, struct pqm_err *err)
{
	const size_t *size = ctx;

	(void)err;
	assert(root->off <= *size && root->end_off <= *size);
	(void)pqm_yaml_at(root, "a.b.c");
	return PQM_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pqm_err err = { 0 };
	struct pqm_arena a;

	pqm_arena_init(&a, (size_t)8 << 20);
	if (pqm_yaml_docs((pqm_bytes){ data, size }, &a, look, &size, &err) != PQM_OK)
		assert(err.st != PQM_OK && err.msg[0] != '\0');
	pqm_arena_fini(&a);
	return 0;
}
