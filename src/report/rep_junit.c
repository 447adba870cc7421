/* JUnit's XML as Jenkins, GitLab and Azure read it: one test case a result. */
#include "report/writer.h"

#include "report/results.h"

/* XML 1.0 has no control characters, not even escaped; pqm_out_html writes them as \xNN. */
static void attr(struct pqm_out *o, const char *name, pqm_bytes value)
{
	pqm_out_f(o, " %s=\"", name);
	pqm_out_html(o, value);
	pqm_out_lit(o, "\"");
}

static void put_failure(struct pqm_out *o, struct pqm_arena *a, const struct pqm_result *x)
{
	pqm_bytes fix = pqm_result_fix(x);

	pqm_out_lit(o, "   <failure");
	attr(o, "message", pqm_result_title(a, x));
	attr(o, "type", pqm_str(pqm_severity_name(x->level)));
	pqm_out_lit(o, ">");
	pqm_out_html(o, pqm_result_words(a, x));
	if (fix.n > 0) {
		pqm_out_lit(o, "\nFix: ");
		pqm_out_html(o, fix);
	}
	for (size_t i = 0; i < x->n_places && i < 100; i++) {
		const struct pqm_occurrence *at = pqm_result_place(x, i);
		char place[48];

		if (!pqm_occ_line(place, at))
			pqm_occ_place(place, at);
		pqm_out_lit(o, "\nat ");
		pqm_out_html(o, at->path);
		pqm_out_f(o, ":%s ", place);
		pqm_out_html(o, at->object);
	}
	pqm_out_lit(o, "</failure>\n");
}

static void put_case(struct pqm_out *o, struct pqm_results *all, const struct pqm_result *x)
{
	struct pqm_arena *a = &all->scratch;
	char hex[2 * PQM_ID_BYTES + 1];

	pqm_id_hex(hex, x->finding->id);
	pqm_out_lit(o, "  <testcase");
	attr(o, "classname", x->finding->rule);
	attr(o, "name",
		pqm_arena_f(a, "%.*s %.8s",
			PQM_FMT(x->n_places > 0 ? pqm_result_at(all, pqm_result_place(x, 0)).path
						: PQM_LIT("-")),
			hex));
	if (x->refusal != NULL && x->refusal->standing == PQM_S_KNOWN) {
		pqm_out_lit(o, "/>\n");
		return;
	}
	pqm_out_lit(o, ">\n");
	if (x->refusal != NULL && x->refusal->standing == PQM_S_SUPPRESSED) {
		pqm_out_lit(o, "   <skipped");
		attr(o, "message", x->refusal->by->reason);
		pqm_out_lit(o, "/>\n");
	} else {
		put_failure(o, a, x);
	}
	pqm_out_lit(o, "  </testcase>\n");
}

/* A target that could not be read is an error, not a test that passed. */
static void put_gap(struct pqm_out *o, const struct pqm_report *r, size_t target)
{
	pqm_bytes why;

	if (!pqm_results_gap(r, target, &why))
		return;
	pqm_out_lit(o, "  <testcase classname=\"pqmap\"");
	attr(o, "name", r->inv->targets[target].name);
	pqm_out_lit(o, ">\n   <error");
	attr(o, "message", why.n > 0 ? why : PQM_LIT("nothing could be read"));
	pqm_out_lit(o, "/>\n  </testcase>\n");
}

static bool fails(const struct pqm_result *x)
{
	return x->refusal == NULL || x->refusal->standing == PQM_S_NEW;
}

/* An empty suite counts as an error in many readers: one test that passed, or, where not all was read, that was not
 * run. */
static void put_none(struct pqm_out *o, bool is_undecided)
{
	if (is_undecided)
		pqm_out_lit(o,
			"  <testcase classname=\"pqmap\" name=\"not all was read\">\n   "
			"<skipped/>\n"
			"  </testcase>\n");
	else
		pqm_out_lit(o, "  <testcase classname=\"pqmap\" name=\"nothing refused\"/>\n");
}

static enum pqm_st junit_write(const struct pqm_report *r, struct pqm_out *o, struct pqm_err *err)
{
	bool is_undecided = r->gate != NULL && r->gate->is_undecided;
	size_t n_failed = 0, n_skipped = 0, n_gaps = 0, n_cases;
	const struct pqm_result *x;
	struct pqm_results all;
	enum pqm_st st = pqm_results_make(&all, r, err);
	pqm_bytes why;

	for (size_t i = 0; (x = pqm_results_next(&all, &i)) != NULL;) {
		n_failed += fails(x);
		n_skipped += x->refusal != NULL && x->refusal->standing == PQM_S_SUPPRESSED;
	}
	for (size_t i = 0; i < r->inv->n_targets; i++)
		n_gaps += pqm_results_gap(r, i, &why);
	n_cases = all.n + n_gaps;
	if (n_cases == 0)
		n_skipped += is_undecided;
	pqm_out_lit(o, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
	pqm_out_f(o, "<testsuites tests=\"%zu\" failures=\"%zu\" errors=\"%zu\">\n",
		n_cases > 0 ? n_cases : 1, n_failed, n_gaps);
	pqm_out_f(o,
		" <testsuite name=\"pqmap\" tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" "
		"skipped=\"%zu\">\n",
		n_cases > 0 ? n_cases : 1, n_failed, n_gaps, n_skipped);
	if (n_cases == 0)
		put_none(o, is_undecided);
	for (size_t i = 0; i < r->inv->n_targets; i++)
		put_gap(o, r, i);
	for (size_t i = 0; (x = pqm_results_next(&all, &i)) != NULL;)
		put_case(o, &all, x);
	pqm_out_lit(o, " </testsuite>\n</testsuites>\n");
	pqm_results_fini(&all);
	return st;
}

const struct pqm_writer pqm_rep_junit = {
	.name = "junit",
	.ext = ".xml",
	.summary = "JUnit XML, for test reports of CI servers",
	.write = junit_write,
};
