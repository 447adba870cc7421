/* det_source.c — program text: calls of cryptographic libraries, with the import seen. */
#include "source.h"

static enum pqm_lang lang_of(const struct pqm_artifact *a)
{
	enum pqm_lang lang = pqm_lang_of_name(a->name);

	return lang != PQM_LANG_NONE ? lang : pqm_lang_of_head(a->head);
}

static bool wants(const struct pqm_artifact *a)
{
	return a->body.n > 0 && lang_of(a) != PQM_LANG_NONE;
}

static enum pqm_st run(const struct pqm_rules *r, const struct pqm_artifact *a,
	const struct pqm_hits *hits, struct pqm_emit *out, struct pqm_err *err)
{
	const struct pqm_calls *calls;
	struct pqm_source_text t = {
		.rules = r, .kind = lang_of(a), .text = a->body, .arena = a->arena, .out = out
	};

	(void)hits;
	if (t.kind == PQM_LANG_NONE)
		return PQM_OK;
	if (pqm_rules_calls(&calls, r, err) != PQM_OK)
		return err->st;
	t.lang = pqm_calls_of(calls, t.kind);
	if (t.lang == NULL || !pqm_calls_seen(t.lang, a->body))
		return PQM_OK;
	if (a->body.n > PQM_LEX_BYTES) {
		pqm_emit_note(out, UINT64_MAX, PQM_ELIMIT,
			"program text of more than 4 MiB that names cryptography: its calls are "
			"not read");
		return PQM_OK;
	}
	if (t.kind == PQM_LANG_JS && pqm_source_is_minified(a->body)) {
		pqm_emit_note(out, UINT64_MAX, PQM_ELIMIT,
			"minified program text that names cryptography: its calls are not read");
		return PQM_OK;
	}
	t.role = pqm_source_role_of(t.lang, a->path);
	enum pqm_st st = pqm_source_scan(&t, err);

	if (st == PQM_ELIMIT) {
		pqm_emit_note(out, UINT64_MAX, st, "%s", err->msg);
		return PQM_OK;
	}
	return st;
}

const struct pqm_detector pqm_det_source = {
	.name = "source",
	.version = 2,
	.summary = "Calls of cryptographic libraries in program text, with their key sizes and "
		   "curves",
	.wants = wants,
	.run = run,
};
