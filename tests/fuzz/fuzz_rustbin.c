/* fuzz_rustbin.c — what Rust's compiler leaves in a program, and what is told of the crates. */
#include "emit.h"
#include "parse/gobin.h"
#include "parse/rustbin.h"

extern const struct pqm_detector pqm_det_rust;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool take(void *ctx, pqm_bytes name, uint64_t off)
{
	const pqm_bytes *body = ctx;

	assert(off < body->n);
	emit_inside(name, *body);
	emit_inside(pqm_rust_symbol(name), name);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	pqm_bytes body = { data, size };
	struct pqm_err err = { PQM_OK, "" };
	struct pqm_crate c, *list;
	struct pqm_arena a;
	size_t n;

	pqm_arena_init(&a, (size_t)32 << 20);
	for (size_t at = 0; at < size && at < 4096; at++)
		if (pqm_rust_path(body, at, &c)) {
			emit_inside(c.name, body);
			emit_inside(c.version, body);
			assert(c.name.n > 0 && c.version.n >= 5);
		}
	emit_inside(pqm_rust_symbol(body), body);
	enum pqm_st st = pqm_rust_audit(&list, &n, body, &a, &err);

	assert(st == PQM_OK || (err.st == st && err.msg[0] != '\0'));
	for (size_t i = 0; i < n; i++)
		assert(list[i].name.n > 0);
	pqm_rust_symbols(body, take, &body);
	pqm_arena_fini(&a);
	if (pqm_gobin_images(body) > 0) {
		struct pqm_emit emit = emit_checks_binary();

		emit_run(&pqm_det_rust, &emit, "program", body, NULL, 0);
	}
	return 0;
}
