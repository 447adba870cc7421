/* fuzz_imgfacts.c — package databases and signature bundles with an emitter that checks promises: facts are
 * words, places lie in the text, children are DER or PEM. */
#include <assert.h>

#include "base/limits.h"
#include "detect/detector.h"

extern const struct pqm_detector pqm_det_packages;
extern const struct pqm_detector pqm_det_sigstore;

static struct pqm_rules rules;
static size_t body_n;

static enum pqm_st see_object(struct pqm_emit *e, const struct pqm_object *o)
{
	(void)e;
	assert(o->kind.n > 0 && o->name.n > 0 && o->n_facts > 0 && o->n_facts <= 512);
	for (size_t i = 0; i < o->n_facts; i++) {
		assert(o->facts[i].key.n > 0 && o->facts[i].key.n <= 128);
		assert(o->facts[i].value.n > 0 && o->facts[i].value.n <= 128);
		assert(o->facts[i].line > 0);
	}
	return PQM_OK;
}

static enum pqm_st see_found(struct pqm_emit *e, const struct pqm_found *f)
{
	(void)e;
	assert(f->rule.n > 0 && f->identity.n > 0 && f->line > 0 && f->why.n > 0);
	assert(f->off < body_n);
	return PQM_OK;
}

static enum pqm_st see_child(struct pqm_emit *e, const struct pqm_child *c)
{
	(void)e;
	assert(c->body.n >= 32 && c->object.n > 0 && c->line > 0 && c->col > 0);
	assert(c->body.p[0] == 0x30 || c->body.p[0] == '-');
	return PQM_OK;
}

static void see_note(struct pqm_emit *e, uint64_t off, enum pqm_st why, const char *words)
{
	(void)e;
	(void)off;
	assert(why != PQM_OK && words[0] != '\0');
}

static void run_at(const struct pqm_detector *d, const char *path, pqm_bytes body,
	const struct pqm_hit *hit, size_t n_hits)
{
	struct pqm_emit emit = { see_found, see_object, see_child, see_note };
	struct pqm_err err = { 0 };
	struct pqm_arena arena;
	struct pqm_artifact a = { .body = body,
		.head = pqm_sub(body, 0, 4096),
		.path = pqm_str(path),
		.name = PQM_LIT("x"),
		.arena = &arena };
	uint64_t done = 0;
	struct pqm_hits hits = { hit, n_hits, &done };

	pqm_arena_init(&arena, PQM_ARENA_BYTES);
	if (d->run(&rules, &a, &hits, &emit, &err) != PQM_OK)
		assert(err.msg[0] != '\0');
	pqm_arena_fini(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	pqm_bytes body = { data, size };
	struct pqm_hit hit[64];
	struct pqm_err err = { 0 };
	size_t n = 0;

	if (rules.n == 0 && pqm_rules_load(&rules, NULL, &err) != PQM_OK)
		assert(false);
	body_n = size;
	for (size_t i = 0; i < size && n < 64; i++)
		for (uint16_t k = 0; k < pqm_det_sigstore.n_anchors && n < 64; k++) {
			pqm_bytes key = { (const uint8_t *)pqm_det_sigstore.anchors[k].bytes,
				pqm_det_sigstore.anchors[k].n };

			if (pqm_starts(pqm_sub(body, i, size), key))
				hit[n++] = (struct pqm_hit){ i, k };
		}
	run_at(&pqm_det_sigstore, "model.sig", body, hit, n);
	run_at(&pqm_det_packages, "a › /var/lib/dpkg/status", body, NULL, 0);
	run_at(&pqm_det_packages, "a › /lib/apk/db/installed", body, NULL, 0);
	return 0;
}
