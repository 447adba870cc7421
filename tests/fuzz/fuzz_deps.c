/* fuzz_deps.c — manifests and locks: the first byte says which; what is asked for lies inside the text. */
#include "detect/deps.h"
#include "emit.h"

struct seen {
	size_t size, n;
};

static enum pqm_st see(void *ctx, const struct pqm_dep *d)
{
	struct seen *s = ctx;

	assert(d->name.n > 0 && d->name.n <= PQM_DEPS_WORD && d->version.n <= PQM_DEPS_WORD);
	assert(d->off <= s->size);
	assert(pqm_pkg_normal(NULL, PQM_LIT("cargo"), d->name).n == d->name.n);
	return ++s->n < 1000 ? PQM_OK : PQM_ELIMIT;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pqm_err err = { 0 };
	struct pqm_arena arena;
	struct seen s = { .size = size };
	enum pqm_st st;

	if (size < 1)
		return 0;
	pqm_arena_init(&arena, PQM_ARENA_BYTES);
	struct pqm_deps_out o = {
		.text = { data + 1, size - 1 }, .arena = &arena, .take = see, .ctx = &s, .err = &err
	};

	st = pqm_deps_read((enum pqm_deps_form)(data[0] % (PQM_DEPS_COMPOSER_LOCK + 1)), &o);
	assert(st == PQM_OK || st == PQM_EPARSE || st == PQM_ELIMIT || st == PQM_ENOMEM);
	pqm_arena_fini(&arena);
	return 0;
}
