#include "detect/keymat.h"

#include "parse/jwk.h"

static const struct pqm_anchor anchors[] = {
	PQM_ANCHOR("\"kty\""),
};

static enum pqm_st emit_jwk(
	const struct pqm_rules *r, const struct pqm_jwk *k, struct pqm_emit *out)
{
	struct pqm_keymat_text t;
	struct pqm_found f;

	pqm_keymat_fill(&f, r, k->is_private ? "key.jwk-private" : "key.jwk", &k->key, k->off);
	pqm_found_attr(&f, "use", pqm_keymat_clip(t.comment, k->use));
	pqm_found_attr(&f, "alg", pqm_keymat_clip(t.other, k->alg));
	return pqm_emit(out, &f);
}

static enum pqm_st run(const struct pqm_rules *r, const struct pqm_artifact *a,
	const struct pqm_hits *hits, struct pqm_emit *out, struct pqm_err *err)
{
	enum pqm_st st = PQM_OK;

	for (size_t i = 0; st == PQM_OK && i < hits->n; i++) {
		size_t off = (size_t)hits->hit[i].off;
		struct pqm_jwk k;
		bool is_close;

		if (off < *hits->done_until)
			continue;
		if (pqm_jwk_at(&k, a->body, (size_t)*hits->done_until, off, &is_close, err) ==
			PQM_OK) {
			*hits->done_until = k.end;
			st = emit_jwk(r, &k, out);
			continue;
		}
		if (is_close)
			pqm_emit_note(out, off, err->st, "%s", err->msg);
		/* No look-back crosses this again: a text full of "kty" is read once. */
		*hits->done_until = off + 5;
	}
	return st;
}

const struct pqm_detector pqm_det_jwk = {
	.name = "jwk",
	.version = 1,
	.summary = "JSON Web Keys, alone, in sets or inside other JSON",
	.anchors = anchors,
	.n_anchors = sizeof(anchors) / sizeof(anchors[0]),
	.run = run,
};
