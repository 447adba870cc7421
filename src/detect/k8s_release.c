/*
 * k8s_release.c — what Helm keeps of a release in a Secret of type helm.sh/release.v1: base64 (of Kubernetes)
 * of base64 (of Helm) of gzip of JSON, whose member manifest is what was installed.
 */
#include "base/buf.h"
#include "base/limits.h"
#include "k8s.h"
#include "parse/gzip.h"
#include "parse/yaml_json.h"

/* Values and the chart's own files are in there, too: they are not looked at. */
static const struct pqm_yjson_skip skips[] = {
	{ { (const uint8_t *)"", 0 }, { (const uint8_t *)"chart", 5 } },
	{ { (const uint8_t *)"", 0 }, { (const uint8_t *)"config", 6 } },
};
static const struct pqm_yjson_opt opt = { skips, sizeof(skips) / sizeof(skips[0]) };

bool pqm_k8s_is_release(pqm_bytes value)
{
	return pqm_starts(value, PQM_LIT("H4sI")); /* the three first bytes of gzip */
}

enum pqm_st pqm_k8s_release(
	struct pqm_arena *arena, pqm_bytes value, pqm_bytes *manifest, struct pqm_err *err)
{
	struct pqm_buf packed, text;
	struct pqm_yjson_at at = { 0, 1, 1 };
	const struct pqm_yaml *root = NULL;
	enum pqm_st st = PQM_OK;

	*manifest = (pqm_bytes){ NULL, 0 };
	pqm_buf_init(&packed, PQM_YAML_DOC_BYTES);
	pqm_buf_init(&text, PQM_YAML_DOC_BYTES);
	if (!pqm_base64(&packed, value, NULL))
		st = pqm_fail(err, PQM_EPARSE, "Helm release: not base64");
	if (st == PQM_OK)
		st = pqm_gunzip(&text, pqm_buf_bytes(&packed), err);
	if (st == PQM_OK)
		st = pqm_yjson_value(&root, pqm_buf_bytes(&text), &at, &opt, arena, err);
	if (st == PQM_OK) {
		pqm_bytes status = pqm_yaml_text(pqm_yaml_at(root, "info.status"));

		/* Older revisions stay for a way back; what they installed is gone. */
		if (status.n == 0 || pqm_eqs(status, "deployed") ||
			pqm_starts(status, PQM_LIT("pending")))
			*manifest = pqm_bytes_dup(arena, pqm_yaml_str(root, "manifest"));
	}
	pqm_buf_wipe(&packed);
	pqm_buf_wipe(&text);
	return st;
}
