#include <assert.h>

#include "parse/keys.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct pqm_mat *m, pqm_bytes in)
{
	assert(m->form != NULL && strlen(m->digest) == 64);
	assert(m->spki[0] == '\0' || strlen(m->spki) == 64);
	assert(m->n_inner <= PQM_CERTS_PER_STORE);
	for (size_t i = 0; i < m->n_inner; i++)
		assert(m->inner[i].n == 0 ||
			(m->inner[i].p >= in.p && m->inner[i].p + m->inner[i].n <= in.p + in.n));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	pqm_bytes in = { data, size };

	for (int is_labelled = 0; is_labelled < 2; is_labelled++) {
		struct pqm_err err = { 0 };
		struct pqm_arena arena;
		struct pqm_mat_ctx ctx;
		struct pqm_mat m;

		pqm_arena_init(&arena, (size_t)8 << 20);
		pqm_mat_ctx_init(&ctx, &arena, is_labelled == 1);
		if (pqm_mat_parse(&m, in, PQM_MAT_ALL, &ctx, &err) == PQM_OK)
			check(&m, in);
		else
			assert(err.st != PQM_OK && err.msg[0] != '\0');
		pqm_arena_fini(&arena);
	}
	return 0;
}
