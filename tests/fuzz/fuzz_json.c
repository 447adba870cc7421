#include <assert.h>

#include "parse/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Depth is bounded by the parser. */
static size_t visit(const struct pqm_json *v)
{
	size_t n = 1;

	(void)pqm_json_text(v);
	for (const struct pqm_json *c = pqm_json_first(v); c != NULL; c = pqm_json_next(c))
		n += visit(c);
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pqm_json *root = NULL;
	struct pqm_err err = { 0 };

	if (pqm_json_parse(&root, (pqm_bytes){ data, size }, 1 << 20, &err) == PQM_OK) {
		assert(visit(root) <= size); /* every node costs a byte */
		pqm_json_free(root);
	} else {
		assert(err.st != PQM_OK && err.msg[0] != '\0' && root == NULL);
	}
	return 0;
}
