/* fuzz_sealed.c — headers of encrypted files: recipients lie inside the input, in order. */
#include <assert.h>

#include "parse/sealed.h"

struct seen {
	pqm_bytes body;
	uint64_t last;
};

static enum pqm_st see(void *ctx, const struct pqm_sealed_to *to)
{
	struct seen *s = ctx;

	assert(to->off >= s->last && to->off < s->body.n);
	assert(to->share.p >= s->body.p && to->share.p + to->share.n <= s->body.p + s->body.n);
	s->last = to->off;
	return PQM_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seen s = { .body = { data, size } };
	struct pqm_err err = { 0 };

	if (pqm_sealed_is_age(s.body) && pqm_sealed_age(s.body, see, &s, &err) != PQM_OK)
		assert(err.msg[0] != '\0');
	s.last = 0;
	if (pqm_sealed_is_pgp(s.body) && pqm_sealed_pgp(s.body, see, &s, &err) != PQM_OK)
		assert(err.msg[0] != '\0');
	return 0;
}
