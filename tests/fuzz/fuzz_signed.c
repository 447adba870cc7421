/* fuzz_signed.c — envelopes of signatures: what is told lies in the text or the arena, within its limits. */
#include <assert.h>

#include "base/limits.h"
#include "parse/signed.h"

static void check(const struct pqm_signed *s, enum pqm_st st, const struct pqm_err *err)
{
	assert(s->n_by <= PQM_SIGNED_SIGNATURES && s->n_certs <= PQM_SIGNED_CERTS);
	for (size_t i = 0; i < s->n_certs; i++)
		assert(s->certs[i].n > 0 && s->certs[i].p[0] == 0x30);
	for (size_t i = 0; i < s->n_by; i++)
		assert(s->by[i].sig.n == 0 || s->by[i].sig.p[s->by[i].sig.n - 1] <= 0xff);
	if (st != PQM_OK)
		assert(err->msg[0] != '\0');
	else
		assert(s->form != NULL || s->n_by == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const pqm_bytes text = { data, size };
	struct pqm_err err = { 0 };
	struct pqm_arena arena;
	struct pqm_signed s;
	enum pqm_st st;

	pqm_arena_init(&arena, PQM_ARENA_BYTES);
	if (pqm_signed_is_cose(text))
		st = pqm_signed_cose(&s, text, &arena, &err);
	else
		st = pqm_signed_json(&s, text, &arena, &err);
	check(&s, st, &err);
	pqm_arena_fini(&arena);
	return 0;
}
