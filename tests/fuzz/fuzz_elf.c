#include <assert.h>

#include "parse/elf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void is_inside(pqm_bytes part, pqm_bytes body)
{
	assert(part.n == 0 ||
		(part.p >= body.p && part.n <= body.n &&
			(size_t)(part.p - body.p) <= body.n - part.n));
}

static enum pqm_st walk(struct pqm_elf *e, struct pqm_err *err)
{
	struct pqm_elf_sym sym;
	enum pqm_st st = pqm_elf_symbols(e, err);

	for (uint64_t n = 0; st == PQM_OK; n++) {
		assert(n <= e->n_symbols); /* it ends */
		st = pqm_elf_next(e, &sym, err);
		if (st != PQM_OK || sym.name.n == 0)
			break;
		is_inside(sym.name, e->body);
		assert(sym.off < e->body.n);
		if (sym.version != NULL)
			assert(sym.version >= e->versions &&
				sym.version < e->versions + e->n_versions);
	}
	return st;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	pqm_bytes body = { data, size };
	struct pqm_err err = { PQM_OK, "" };
	struct pqm_arena a;
	struct pqm_elf e;

	pqm_arena_init(&a, (size_t)16 << 20);
	enum pqm_st st = pqm_elf_open(&e, body, &a, &err);

	if (st == PQM_OK && e.is_dynamic) {
		is_inside(e.soname, body);
		for (size_t i = 0; i < e.n_needed; i++)
			is_inside(e.needed[i], body);
		for (size_t i = 0; i < e.n_versions; i++)
			is_inside(e.versions[i].file, body);
		st = walk(&e, &err);
	}
	if (st != PQM_OK)
		assert(err.st == st && err.msg[0] != '\0');
	if (st == PQM_EPARSE || st == PQM_ELIMIT)
		assert(strncmp(err.msg, "ELF: at byte ", 13) == 0);
	pqm_elf_close(&e);
	pqm_arena_fini(&a);
	return 0;
}
