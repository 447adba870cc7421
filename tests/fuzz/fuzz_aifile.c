/* fuzz_aifile.c — the readers of model and dataset files, under the names that let weak marks count. */
#include <assert.h>

#include "base/err.h"
#include "parse/aifile.h"

static bool is_inside(pqm_bytes part, pqm_bytes body)
{
	return part.n == 0 || (part.p >= body.p && part.p + part.n <= body.p + body.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "x", "x.safetensors", "x.parquet", "saved_model.pb",
		"x.pte", "x.bin", "x.tfrecord", "x.engine", "x.safetensors.index.json",
		"config.json" };
	pqm_bytes body = { data, size };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct pqm_arena arena;
		struct pqm_err err = { 0 };
		struct pqm_aif f;

		pqm_arena_init(&arena, (size_t)64 << 20);
		struct pqm_aif_in in = { body, pqm_str(names[i]), &arena };

		if (pqm_aif_read(&f, &in, &err) != PQM_OK)
			assert(err.msg[0] != '\0');
		assert(f.data_off <= size && f.n_types <= PQM_AIF_TYPES_MAX);
		assert(f.format == NULL || pqm_aif_looks(body, pqm_str(names[i])));
		/* Strings of JSON trees may have had escapes. */
		bool is_tree = f.kind == PQM_AIF_CONFIG || f.kind == PQM_AIF_SIGNATURE;

		assert(is_tree || (is_inside(f.name, body) && is_inside(f.architecture, body)));
		assert(is_tree || (is_inside(f.license, body) && is_inside(f.base, body)));
		assert(is_tree || is_inside(f.producer, body));
		for (size_t k = 1; k < f.n_types; k++)
			assert(f.types[k - 1].n >= f.types[k].n);
		pqm_arena_fini(&arena);
	}
	return 0;
}
