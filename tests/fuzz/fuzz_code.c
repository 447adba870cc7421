#include <assert.h>

#include "base/limits.h"
#include "parse/code_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool wants(void *ctx, pqm_bytes name, bool is_import, const struct pqm_elf_version *version)
{
	size_t *n = ctx;

	(void)is_import;
	(void)version;
	assert(name.n > 0 && name.n <= PQM_ELF_SYMBOL_BYTES);
	(*n)++;
	return (name.p[0] & 1) != 0;
}

static void is_inside(pqm_bytes part, pqm_bytes body)
{
	assert(part.n == 0 ||
		(part.p >= body.p && part.n <= body.n &&
			(size_t)(part.p - body.p) <= body.n - part.n));
}

static void check(const struct pqm_code *code, pqm_bytes body)
{
	assert((code->state == PQM_CODE_READ || code->state == PQM_CODE_NONE) ==
		(code->why_not == NULL));
	for (size_t i = 0; i < code->n_calls; i++) {
		const struct pqm_call *c = &code->calls[i];

		assert(i == 0 || code->calls[i - 1].addr <= c->addr);
		assert(c->n_path > 0 && c->n_path <= PQM_CODE_FRAMES && c->callee.n > 0 &&
			c->off <= body.n);
		is_inside(c->callee, body);
		for (size_t k = 0; k < PQM_CALL_ARGS; k++) {
			assert(c->arg[k].kind != PQM_ARG_RESULT || c->arg[k].value < code->n_calls);
			is_inside(c->arg[k].text, body);
		}
		for (size_t k = 0; k < c->n_from; k++)
			assert(c->from[k] < code->n_exports);
	}
}

/* Both decoders at every place: no instruction is longer than what is there. */
static void decode(pqm_bytes body)
{
	struct pqm_insn o;

	for (size_t i = 0; i < body.n && i < 256; i++) {
		pqm_x86_decode(&o, body.p + i, body.n - i, 0x1000 + i);
		assert(o.len <= 15 && o.len <= body.n - i);
		pqm_a64_decode(&o, body.p + i, body.n - i, 0x1000 + i);
		assert(o.len <= 4 && o.len <= body.n - i);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	pqm_bytes body = { data, size };
	size_t n_asked = 0;
	struct pqm_code_want want = { .wants = wants, .ctx = &n_asked, .by_text = (size & 1) != 0 };
	struct pqm_err err = { PQM_OK, "" };
	struct pqm_code code;
	struct pqm_arena a;
	struct pqm_elf e;

	decode(body);
	pqm_arena_init(&a, (size_t)16 << 20);
	if (pqm_elf_open(&e, body, &a, &err) == PQM_OK) {
		enum pqm_st st = pqm_code_read(&code, &e, &want, &a, &err);

		assert(st == PQM_OK || st == PQM_ENOMEM);
		if (st == PQM_OK)
			check(&code, body);
	}
	pqm_elf_close(&e);
	pqm_arena_fini(&a);
	return 0;
}
