#include <assert.h>

#include "parse/yaml_block.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void same(const struct pqm_yaml *a, const struct pqm_yaml *b)
{
	assert(a->type == b->type && a->is_plain == b->is_plain && a->n == b->n);
	assert(a->line == b->line && a->col == b->col && a->weight == b->weight);
	assert(a->off == b->off && a->end_off == b->end_off && pqm_eq(a->text, b->text));
	for (size_t i = 0; i < a->n; i++) {
		if (a->type == PQM_YAML_MAP)
			same(a->keys[i], b->keys[i]);
		same(a->items[i], b->items[i]);
	}
}

static enum pqm_st once(void *ctx, const struct pqm_yaml *root, struct pqm_err *err)
{
	const struct pqm_yaml **mine = ctx;

	(void)err;
	assert(*mine != NULL);
	same(*mine, root);
	*mine = NULL;
	return PQM_OK;
}

/* What is read quickly is one document for libyaml, and the same tree. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	pqm_bytes text = { data, size };
	const struct pqm_yaml *root = NULL;
	struct pqm_arena a, b;
	struct pqm_err err = { 0 };

	pqm_arena_init(&a, (size_t)8 << 20);
	pqm_arena_init(&b, (size_t)16 << 20);
	if (pqm_yaml_block(&root, text, NULL, &a)) {
		assert(pqm_yaml_docs(text, &b, once, &root, &err) == PQM_OK);
		assert(root == NULL);
	}
	pqm_arena_fini(&a);
	pqm_arena_fini(&b);
	return 0;
}
