#include <assert.h>

#include "base/limits.h"
#include "detect/detector.h"
#include "parse/clr.h"

extern const struct pqm_detector pqm_det_dotnet;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void is_inside(pqm_bytes part, pqm_bytes body)
{
	assert(part.n == 0 || (part.p >= body.p && part.p + part.n <= body.p + body.n));
}

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
		is_inside(name.member, s->body);
		is_inside(name.signature, s->body);
		for (unsigned i = 0; i <= call->n_args; i++)
			assert(pqm_clr_param(s->c, name.signature, i) < 256);
	}
	for (unsigned i = 0; i < call->n_args; i++)
		assert(call->args[i].kind <= PQM_CLR_MADE);
	return PQM_OK;
}

static void look(pqm_bytes body, struct pqm_arena *arena)
{
	struct pqm_err err = { PQM_OK, "" };
	struct pqm_pe p;
	struct pqm_clr c;
	enum pqm_st st = pqm_pe_open(&p, body, &err);

	if (st == PQM_OK && p.clr_rva != 0)
		st = pqm_clr_open(&c, &p, arena, &err);
	else
		return;
	if (st == PQM_OK)
		st = pqm_clr_calls(&c, see, &(struct seen){ &c, body }, &err);
	assert(st == PQM_OK || (err.st == st && err.msg[0] != '\0'));
}

static enum pqm_st see_found(struct pqm_emit *e, const struct pqm_found *f)
{
	(void)e;
	assert(f->rule.n > 0 && f->identity.n > 0 && f->why.n > 0 && f->object.n > 0);
	return PQM_OK;
}

static void see_note(struct pqm_emit *e, uint64_t off, enum pqm_st why, const char *words)
{
	(void)e;
	(void)off;
	assert(why != PQM_OK && words[0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct pqm_rules rules;
	struct pqm_emit emit = { .found = see_found, .note = see_note };
	struct pqm_err err = { PQM_OK, "" };
	pqm_bytes body = { data, size };
	struct pqm_arena arena;
	const struct pqm_hits hits = { NULL, 0, NULL };
	struct pqm_artifact a = { .body = body,
		.head = pqm_sub(body, 0, 4096),
		.path = PQM_LIT("libcrypto.dll"),
		.name = PQM_LIT("libcrypto.dll"),
		.arena = &arena };

	if (rules.n == 0 && pqm_rules_load(&rules, NULL, &err) != PQM_OK)
		assert(false);
	pqm_arena_init(&arena, PQM_ARENA_BYTES);
	if (pqm_det_dotnet.wants(&a)) {
		look(body, &arena);
		(void)pqm_det_dotnet.run(&rules, &a, &hits, &emit, &err);
	}
	pqm_arena_fini(&arena);
	return 0;
}
