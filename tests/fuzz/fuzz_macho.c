/* fuzz_macho.c — programs of macOS: names lie inside the file, and what is told of them is complete. */
#include "emit.h"
#include "parse/macho.h"

extern const struct pqm_detector pqm_det_macho;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum pqm_st see(void *ctx, const struct pqm_macho_sym *s)
{
	const pqm_bytes *body = ctx;

	emit_inside(s->name, *body);
	emit_inside(s->dylib, *body);
	assert(s->name.n > 0 && s->off <= body->n);
	return PQM_OK;
}

static void look(pqm_bytes body)
{
	struct pqm_arena arena;

	pqm_arena_init(&arena, PQM_ARENA_BYTES);
	for (size_t i = 0;; i++) {
		struct pqm_err err = { PQM_OK, "" };
		struct pqm_macho m;
		uint64_t base;
		pqm_bytes image = pqm_macho_image(body, i, &base);
		enum pqm_st st;

		if (image.n == 0)
			break;
		emit_inside(image, body);
		st = pqm_macho_open(&m, image, base, &arena, &err);
		if (st == PQM_OK)
			st = pqm_macho_symbols(&m, see, &body, &err);
		assert(st == PQM_OK || (err.st == st && err.msg[0] != '\0'));
	}
	pqm_arena_fini(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pqm_emit emit = emit_checks_binary();
	pqm_bytes body = { data, size };

	if (!pqm_macho_looks(body))
		return 0;
	look(body);
	emit_run(&pqm_det_macho, &emit, "libcrypto.dylib", body, NULL, 0);
	return 0;
}
