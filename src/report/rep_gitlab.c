/* GitLab's Code Quality report: a JSON array, one issue a result. */
#include "report/writer.h"

#include "report/results.h"

static const char *severity_of(const struct pqm_result *x)
{
	double s = pqm_result_severity(x);

	if (s > 9)
		return "critical";
	return s >= 7 ? "major" : s >= 4 ? "minor" : "info";
}

static void put_result(struct pqm_out *o, struct pqm_results *all, const struct pqm_result *x)
{
	struct pqm_arena *a = &all->scratch;
	struct pqm_place at = { PQM_LIT("."), 1, 1, false };
	char hex[2 * PQM_ID_BYTES + 1];
	pqm_bytes fix = pqm_result_fix(x);

	if (x->n_places > 0)
		at = pqm_result_at(all, pqm_result_place(x, 0));
	pqm_id_hex(hex, x->finding->id);
	pqm_js_open(o, NULL, '{');
	pqm_js_str(o, "description",
		pqm_arena_f(a, "%.*s: %.*s%s%.*s", PQM_FMT(pqm_result_title(a, x)),
			PQM_FMT(pqm_result_words(a, x)), fix.n > 0 ? " Fix: " : "", PQM_FMT(fix)));
	pqm_js_str(o, "check_name", x->finding->rule);
	pqm_js_cstr(o, "fingerprint", hex);
	pqm_js_cstr(o, "severity", severity_of(x));
	pqm_js_open(o, "location", '{');
	pqm_js_str(o, "path", at.path);
	pqm_js_open(o, "lines", '{');
	pqm_js_u64(o, "begin", at.line > 0 ? at.line : 1);
	pqm_js_close(o, '}');
	pqm_js_close(o, '}');
	pqm_js_close(o, '}');
}

static enum pqm_st gitlab_write(const struct pqm_report *r, struct pqm_out *o, struct pqm_err *err)
{
	const struct pqm_result *x;
	struct pqm_results all;
	enum pqm_st st = pqm_results_make(&all, r, err);

	pqm_js_open(o, NULL, '[');
	/* GitLab compares two reports by itself: what is known stands in both. */
	for (size_t i = 0; (x = pqm_results_next(&all, &i)) != NULL;)
		if (x->refusal == NULL || x->refusal->standing != PQM_S_SUPPRESSED)
			put_result(o, &all, x);
	pqm_js_close(o, ']');
	pqm_results_fini(&all);
	return st;
}

const struct pqm_writer pqm_rep_gitlab = {
	.name = "gitlab",
	.ext = ".json",
	.summary = "Code Quality report of GitLab",
	.write = gitlab_write,
};
