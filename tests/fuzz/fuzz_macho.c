#include <assert.h>

#include "base/limits.h"
#include "detect/detector.h"
#include "parse/macho.h"

extern const struct pqm_detector pqm_det_macho;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void is_inside(pqm_bytes part, pqm_bytes body)
{
	assert(part.n == 0 || (part.p >= body.p && part.p + part.n <= body.p + body.n));
}

static enum pqm_st see(void *ctx, const struct pqm_macho_sym *s)
{
	const pqm_bytes *body = ctx;

	is_inside(s->name, *body);
	is_inside(s->dylib, *body);
	assert(s->name.n > 0 && s->off <= body->n);
	return PQM_OK;
}

static void look(pqm_bytes body, struct pqm_arena *arena)
{
	for (size_t i = 0;; i++) {
		struct pqm_err err = { PQM_OK, "" };
		struct pqm_macho m;
		uint64_t base;
		pqm_bytes image = pqm_macho_image(body, i, &base);
		enum pqm_st st;

		if (image.n == 0)
			break;
		is_inside(image, body);
		st = pqm_macho_open(&m, image, base, arena, &err);
		if (st == PQM_OK)
			st = pqm_macho_symbols(&m, see, &body, &err);
		assert(st == PQM_OK || (err.st == st && err.msg[0] != '\0'));
	}
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
	if (pqm_det_macho.wants(&a)) {
		look(body, &arena);
		(void)pqm_det_macho.run(&rules, &a, &hits, &emit, &err);
	}
	pqm_arena_fini(&arena);
	return 0;
}
