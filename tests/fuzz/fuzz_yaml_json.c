#include <assert.h>

#include "parse/yaml_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct pqm_yjson_skip skip[] = { { { (const uint8_t *)"a", 1 },
	{ (const uint8_t *)"b", 1 } } };

static void walk(const struct pqm_yaml *n, size_t size)
{
	assert(n->off <= n->end_off && n->end_off <= size && n->line > 0 && n->col > 0);
	for (size_t i = 0; i < n->n; i++)
		walk(n->items[i], size);
}

/* What can be read as a whole can be stepped over as a whole, and ends at the same place. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	pqm_bytes text = { data, size }, key;
	struct pqm_yjson_at at = { 0, 1, 1 }, over = at, in = at;
	struct pqm_yjson_opt opt = { skip, 1 };
	const struct pqm_yaml *root = NULL;
	struct pqm_err err = { 0 };
	struct pqm_arena a;

	pqm_arena_init(&a, (size_t)8 << 20);
	if (pqm_yjson_value(&root, text, &at, &opt, &a, &err) == PQM_OK) {
		walk(root, size);
		assert(pqm_yjson_skip_value(text, &over));
		assert(over.off == at.off && over.line == at.line && over.col == at.col);
	} else {
		assert(err.st != PQM_OK && err.msg[0] != '\0');
	}
	if (pqm_yjson_enter(text, &in, '{'))
		while (pqm_yjson_key(text, &in, &key) && pqm_yjson_skip_value(text, &in))
			assert(in.off <= size && key.n <= size);
	pqm_arena_fini(&a);
	return 0;
}
