/* fuzz_clr.c — .NET assemblies: names and arguments are whole, and what is told of calls is complete. */
#include "emit.h"
#include "parse/clr.h"

extern const struct pqm_detector pqm_det_dotnet;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
	const struct pqm_clr *c;
	pqm_bytes body;
};

static enum pqm_st see(void *ctx, const struct pqm_clr_call *call)
{
	const struct seen *s = ctx;
	struct pqm_clr_name name;

	assert(call->off < s->body.n);
	if (pqm_clr_name(s->c, call->token, &name)) {
		emit_inside(name.member, s->body);
		emit_inside(name.signature, s->body);
		for (unsigned i = 0; i <= call->n_args; i++)
			assert(pqm_clr_param(s->c, name.signature, i) < 256);
	}
	for (unsigned i = 0; i < call->n_args; i++)
		assert(call->args[i].kind <= PQM_CLR_MADE);
	return PQM_OK;
}

static void look(pqm_bytes body)
{
	struct pqm_err err = { PQM_OK, "" };
	struct pqm_arena arena;
	struct pqm_pe p;
	struct pqm_clr c;
	enum pqm_st st = pqm_pe_open(&p, body, &err);

	pqm_arena_init(&arena, PQM_ARENA_BYTES);
	if (st == PQM_OK && p.clr_rva != 0)
		st = pqm_clr_open(&c, &p, &arena, &err);
	if (st == PQM_OK && p.clr_rva != 0)
		st = pqm_clr_calls(&c, see, &(struct seen){ &c, body }, &err);
	assert(st == PQM_OK || (err.st == st && err.msg[0] != '\0'));
	pqm_arena_fini(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pqm_emit emit = emit_checks_binary();
	pqm_bytes body = { data, size };

	if (pqm_pe_looks(body)) {
		look(body);
		emit_run(&pqm_det_dotnet, &emit, "a.dll", body, NULL, 0);
	} else {
		emit_run(&pqm_det_dotnet, &emit, "a.deps.json", body, NULL, 0);
	}
	return 0;
}
