/* fuzz_kustomize.c — det_kustomize on a tree of files that are parts of the input: "===" on a line parts them. The
 * first is the kustomization; which of the others a name stands for depends on the name. */
#include "base/hash.h"
#include "emit.h"

extern const struct pqm_detector pqm_det_kustomize;

#define PARTS 16

struct tree {
	struct pqm_near near; /* first */
	pqm_bytes part[PARTS];
	size_t n;
};

static enum pqm_st near_read(struct pqm_near *near, pqm_bytes rel, struct pqm_arena *arena,
	pqm_bytes *out, struct pqm_err *err)
{
	struct tree *t = (struct tree *)near;

	if (t->n < 2 || pqm_ends(rel, PQM_LIT(".yml")))
		return pqm_fail(err, PQM_EIO, "no such file");
	*out = pqm_bytes_dup(arena, t->part[1 + pqm_hash64(rel) % (t->n - 1)]);
	return out->p == NULL ? pqm_fail(err, PQM_ENOMEM, "out of memory") : PQM_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pqm_emit emit = emit_checks();
	struct tree t = { .near = { .read = near_read } };
	pqm_bytes rest = { data, size };
	struct pqm_err err = { 0 };
	struct pqm_arena arena;
	uint64_t done = 0;

	while (t.n < PARTS && rest.p != NULL) {
		size_t at = pqm_find(rest, 0, PQM_LIT("\n===\n"));

		t.part[t.n++] = pqm_sub(rest, 0, at);
		rest = at == SIZE_MAX ? (pqm_bytes){ NULL, 0 } : pqm_sub(rest, at + 5, rest.n);
	}
	pqm_arena_init(&arena, PQM_ARENA_BYTES);
	struct pqm_artifact a = { .body = t.part[0],
		.head = pqm_sub(t.part[0], 0, 4096),
		.path = PQM_LIT("x/kustomization.yaml"),
		.name = PQM_LIT("kustomization.yaml"),
		.arena = &arena,
		.near = &t.near };
	struct pqm_hits hits = { NULL, 0, &done };

	(void)pqm_det_kustomize.run(emit_rules(), &a, &hits, &emit, &err);
	pqm_arena_fini(&arena);
	return 0;
}
