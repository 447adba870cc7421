/* det_signed.c — envelopes of signatures in files and blobs: DSSE, JWS, COSE_Sign1, Sigstore bundles. */
#include "base/limits.h"
#include "detect/signature.h"
#include "parse/signed.h"

static const struct pqm_anchor anchors[] = {
	PQM_ANCHOR("\"payloadType\""),
	PQM_ANCHOR("\"protected\""),
	PQM_ANCHOR("vnd.dev.sigstore.bundle"),
};

static bool wants(const struct pqm_artifact *a)
{
	return pqm_signed_is_cose(a->head);
}

static enum pqm_st tell(const struct pqm_rules *r, const struct pqm_artifact *a,
	const struct pqm_signed *s, struct pqm_emit *out)
{
	/* The certificates of bundles are those of the sigstore detector. */
	bool has_own = strcmp(s->form, "Sigstore bundle") != 0;
	/* Of a blob of an artifact the manifest has the signer's certificate: the artifact detector tells it. */
	bool is_told = strcmp(s->form, "DSSE") == 0 && pqm_starts(a->name, PQM_LIT("sha256:"));
	enum pqm_st st = PQM_OK;

	for (size_t i = 0; !is_told && i < s->n_by && st == PQM_OK; i++)
		st = pqm_signature_emit(r,
			&(struct pqm_signature){ .form = s->form,
				.alg = s->alg,
				.key = s->n_certs > 0 ? s->certs[0] : (pqm_bytes){ NULL, 0 },
				.sig = s->by[i].sig,
				.keyid = s->by[i].keyid,
				.type = s->type },
			a->arena, out);
	for (size_t i = 0; has_own && i < s->n_certs && st == PQM_OK; i++)
		st = pqm_emit_child(out,
			&(struct pqm_child){ .body = s->certs[i],
				.object = pqm_arena_f(a->arena, "%s, x5c", s->form),
				.path_part = pqm_arena_f(a->arena, "certificate %zu", i + 1) });
	return st;
}

static enum pqm_st run(const struct pqm_rules *r, const struct pqm_artifact *a,
	const struct pqm_hits *hits, struct pqm_emit *out, struct pqm_err *err)
{
	size_t at = 0;
	struct pqm_signed s;
	enum pqm_st st;

	if (hits->done_until != NULL && *hits->done_until > 0)
		return PQM_OK;
	if (hits->done_until != NULL)
		*hits->done_until = 1;
	while (at < a->head.n && a->head.p[at] <= ' ')
		at++;
	if (wants(a))
		st = pqm_signed_cose(&s, a->body, a->arena, err);
	else if (at < a->head.n && a->head.p[at] == '{')
		st = pqm_signed_json(&s, a->body, a->arena, err);
	else
		return PQM_OK; /* a program or text that only speaks of them */
	if (st == PQM_EPARSE || st == PQM_ELIMIT) {
		pqm_emit_note(out, UINT64_MAX, st, "%s", err->msg);
		return PQM_OK;
	}
	if (st == PQM_OK && s.form != NULL)
		st = tell(r, a, &s, out);
	return st == PQM_OK ? PQM_OK : pqm_fail(err, st, "no memory for a signature");
}

const struct pqm_detector pqm_det_signed = {
	.name = "signed",
	.version = 1,
	.summary = "Envelopes of signatures by their algorithm: DSSE, JWS, COSE, Sigstore bundles",
	.anchors = anchors,
	.n_anchors = sizeof(anchors) / sizeof(anchors[0]),
	.wants = wants,
	.run = run,
};
