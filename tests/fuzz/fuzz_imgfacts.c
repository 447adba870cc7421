/* fuzz_imgfacts.c — package databases and signature bundles with an emitter that checks promises: facts are
 * words, places lie in the text, children are DER or PEM. */
#include "emit.h"

extern const struct pqm_detector pqm_det_packages;
extern const struct pqm_detector pqm_det_sigstore;

static size_t body_n;

static enum pqm_st see_object(struct pqm_emit *e, const struct pqm_object *o)
{
	assert(o->name.n > 0 && o->n_facts > 0 && o->n_facts <= 512);
	for (size_t i = 0; i < o->n_facts; i++)
		assert(o->facts[i].key.n <= 128 && o->facts[i].value.n <= 128);
	return emit_see_object(e, o);
}

static enum pqm_st see_found(struct pqm_emit *e, const struct pqm_found *f)
{
	assert(f->off < body_n);
	return emit_see_found(e, f);
}

static enum pqm_st see_child(struct pqm_emit *e, const struct pqm_child *c)
{
	assert(c->body.n >= 32 && c->line > 0 && c->col > 0);
	assert(c->body.p[0] == 0x30 || c->body.p[0] == '-');
	return emit_see_child(e, c);
}

static size_t anchors_in(pqm_bytes body, struct pqm_hit *hit, size_t cap)
{
	const struct pqm_detector *d = &pqm_det_sigstore;
	size_t n = 0;

	for (size_t i = 0; i < body.n && n < cap; i++)
		for (uint16_t k = 0; k < d->n_anchors && n < cap; k++) {
			pqm_bytes key = { (const uint8_t *)d->anchors[k].bytes, d->anchors[k].n };

			if (pqm_starts(pqm_sub(body, i, body.n), key))
				hit[n++] = (struct pqm_hit){ i, k };
		}
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pqm_emit emit = emit_checks();
	pqm_bytes body = { data, size };
	struct pqm_hit hit[64];
	size_t n = anchors_in(body, hit, 64);

	emit.found = see_found;
	emit.object = see_object;
	emit.child = see_child;
	body_n = size;
	emit_run(&pqm_det_sigstore, &emit, "model.sig", body, hit, n);
	emit_run(&pqm_det_packages, &emit, "a › /var/lib/dpkg/status", body, NULL, 0);
	emit_run(&pqm_det_packages, &emit, "a › /lib/apk/db/installed", body, NULL, 0);
	return 0;
}
