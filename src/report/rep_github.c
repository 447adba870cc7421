/* Workflow commands of GitHub Actions: one annotation a result, on its line. */
#include "report/writer.h"

#include "report/results.h"

/* Values of a command end at '%', line ends, and in properties at ':' and ','. */
static void put(struct pqm_out *o, pqm_bytes text, bool is_property)
{
	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = text.p[i];

		if (c == '%' || c < 0x20 || c == 0x7f || (is_property && (c == ':' || c == ',')))
			pqm_out_f(o, "%%%02X", c);
		else
			pqm_out_bytes(o, pqm_sub(text, i, 1));
	}
}

static void put_result(struct pqm_out *o, struct pqm_results *all, const struct pqm_result *x)
{
	static const char *const commands[] = { "notice", "warning", "error" };
	struct pqm_arena *a = &all->scratch;
	pqm_bytes fix = pqm_result_fix(x);

	pqm_out_f(o, "::%s ", commands[x->level]);
	if (x->n_places > 0) {
		struct pqm_place at = pqm_result_at(all, pqm_result_place(x, 0));

		pqm_out_lit(o, "file=");
		put(o, at.path, true);
		if (at.line > 0)
			pqm_out_f(o, ",line=%u,col=%u", at.line, at.col);
		pqm_out_lit(o, ",");
	}
	pqm_out_lit(o, "title=");
	put(o, pqm_result_title(a, x), true);
	pqm_out_lit(o, "::");
	put(o, pqm_result_words(a, x), false);
	if (fix.n > 0) {
		pqm_out_lit(o, "%0AFix: ");
		put(o, fix, false);
	}
	pqm_out_lit(o, " (");
	put(o, x->finding->rule, false);
	pqm_out_lit(o, ")\n");
}

/* A target that could not be read would look clean without a line. */
static void put_gap(struct pqm_out *o, const struct pqm_report *r, size_t target)
{
	pqm_bytes why;

	if (!pqm_results_gap(r, target, &why))
		return;
	pqm_out_lit(o, "::error title=Nothing could be read::");
	put(o, r->inv->targets[target].name, false);
	if (why.n > 0) {
		pqm_out_lit(o, ": ");
		put(o, why, false);
	}
	pqm_out_lit(o, "\n");
}

static enum pqm_st github_write(const struct pqm_report *r, struct pqm_out *o, struct pqm_err *err)
{
	const struct pqm_result *x;
	struct pqm_results all;
	enum pqm_st st = pqm_results_make(&all, r, err);

	for (size_t i = 0; st == PQM_OK && i < r->inv->n_targets; i++)
		put_gap(o, r, i);
	for (size_t i = 0; (x = pqm_results_next(&all, &i)) != NULL;)
		if (x->refusal == NULL || x->refusal->standing == PQM_S_NEW)
			put_result(o, &all, x);
	pqm_results_fini(&all);
	return st;
}

const struct pqm_writer pqm_rep_github = {
	.name = "github",
	.ext = ".txt",
	.summary = "annotations of GitHub Actions",
	.write = github_write,
};
