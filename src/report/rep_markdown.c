/* Markdown for a comment on a pull request: what is new, where, and what to do. */
#include "report/writer.h"

#include "base/num.h"
#include "report/results.h"

/* GitHub takes comments of 65,536 characters. */
#define COMMENT_MAX 60000

struct page {
	const struct pqm_report *r;
	struct pqm_out *o;
	struct pqm_results *all;
	struct pqm_arena *a; /* its scratch */
	size_t n_written;    /* bytes, about */
};

/* Text in a cell: nothing in it is markup, a mention or a link. */
static void put(struct page *p, pqm_bytes text)
{
	pqm_bytes t = pqm_printable(p->a, text);

	for (size_t i = 0; i < t.n; i++) {
		uint8_t c = t.p[i];

		if (c == '&' || c == '<' || c == '>')
			pqm_out_str(p->o, c == '&' ? "&amp;" : c == '<' ? "&lt;" : "&gt;");
		else if (c == '@') /* a zero-width space: no mention of anybody */
			pqm_out_lit(p->o, "@\xe2\x80\x8b");
		else if (strchr("\\`*_{}[]()#+!|~", c) != NULL)
			pqm_out_f(p->o, "\\%c", c);
		else
			pqm_out_bytes(p->o, pqm_sub(t, i, 1));
	}
	p->n_written += t.n;
}

static void put_place(struct page *p, const struct pqm_result *x)
{
	struct pqm_place at;

	if (x->n_places == 0)
		return;
	at = pqm_result_at(p->all, pqm_result_place(x, 0));
	put(p, at.path);
	if (at.line > 0)
		pqm_out_f(p->o, ":%u", at.line);
	if (x->n_places > 1)
		pqm_out_f(p->o, " and %zu more", x->n_places - 1);
}

static void put_row(struct page *p, const struct pqm_result *x)
{
	pqm_bytes fix = pqm_result_fix(x);

	pqm_out_f(p->o, "| %s | ", pqm_severity_name(x->level));
	put_place(p, x);
	pqm_out_lit(p->o, " | ");
	put(p, pqm_result_title(p->a, x));
	pqm_out_lit(p->o, " | ");
	put(p, pqm_result_words(p->a, x));
	pqm_out_lit(p->o, " | ");
	put(p, fix.n > 0 ? fix : PQM_LIT("-"));
	pqm_out_lit(p->o, " |\n");
	p->n_written += 100;
}

static void put_table(struct page *p, struct pqm_results *all, enum pqm_standing standing)
{
	const struct pqm_result *x;
	size_t n_left = 0;

	pqm_out_lit(p->o, "| level | place | what | why | fix |\n|---|---|---|---|---|\n");
	for (size_t i = 0; (x = pqm_results_next(all, &i)) != NULL;) {
		if (x->refusal != NULL && x->refusal->standing != standing)
			continue;
		if (p->n_written > COMMENT_MAX)
			n_left++;
		else
			put_row(p, x);
	}
	if (n_left > 0)
		pqm_out_f(p->o, "\n%zu more do not fit a comment; the JSON report has them.\n",
			n_left);
}

static void put_gate(struct page *p, struct pqm_results *all)
{
	const struct pqm_gate *g = p->r->gate;
	size_t n_new = g->n_new[PQM_L_ERROR] + g->n_new[PQM_L_WARNING] + g->n_new[PQM_L_NOTE];

	pqm_out_f(p->o, "### pqmap gate: %s\n\n", pqm_gate_verdict(g));
	pqm_out_f(p->o,
		"%zu error%s, %zu warning%s, %zu note%s new; %zu known, %zu ignored. Policy: ",
		g->n_new[PQM_L_ERROR], g->n_new[PQM_L_ERROR] == 1 ? "" : "s",
		g->n_new[PQM_L_WARNING], g->n_new[PQM_L_WARNING] == 1 ? "" : "s",
		g->n_new[PQM_L_NOTE], g->n_new[PQM_L_NOTE] == 1 ? "" : "s", g->n_known,
		g->n_suppressed);
	put(p, g->policies);
	pqm_out_lit(p->o, ".\n\n");
	if (n_new > 0)
		put_table(p, all, PQM_S_NEW);
	if (g->n_suppressed > 0) {
		pqm_out_f(p->o, "\n<details><summary>%zu ignored</summary>\n\n", g->n_suppressed);
		put_table(p, all, PQM_S_SUPPRESSED);
		pqm_out_lit(p->o, "\n</details>\n");
	}
}

static void put_gap(struct page *p, size_t target)
{
	pqm_bytes why;

	if (!pqm_results_gap(p->r, target, &why))
		return;
	pqm_out_lit(p->o, "\n**Nothing could be read** of ");
	put(p, p->r->inv->targets[target].name);
	if (why.n > 0) {
		pqm_out_lit(p->o, ": ");
		put(p, why);
	}
	pqm_out_lit(p->o, ".\n");
}

static enum pqm_st markdown_write(
	const struct pqm_report *r, struct pqm_out *o, struct pqm_err *err)
{
	const struct pqm_coverage *c = &r->inv->coverage;
	struct pqm_results all;
	struct page p = { .r = r, .o = o, .all = &all, .a = &all.scratch };
	char seen[32], read[32];
	enum pqm_st st = pqm_results_make(&all, r, err);

	if (st == PQM_OK && r->gate != NULL) {
		put_gate(&p, &all);
	} else if (st == PQM_OK) {
		pqm_out_f(o,
			"### pqmap: %zu thing%s a quantum computer breaks, or that are broken or "
			"missing\n\n",
			all.n, all.n == 1 ? "" : "s");
		if (all.n > 0)
			put_table(&p, &all, PQM_S_NEW);
	}
	for (size_t i = 0; st == PQM_OK && i < r->inv->n_targets; i++)
		put_gap(&p, i);
	if (st == PQM_OK)
		pqm_out_f(o, "\n%s of %s files read", pqm_human_count(read, c->read),
			pqm_human_count(seen, c->seen));
	if (st == PQM_OK && c->n_notes > 0)
		pqm_out_f(o, "; %zu not, or in part: see the report", c->n_notes);
	if (st == PQM_OK)
		pqm_out_lit(o, ".\n");
	pqm_results_fini(&all);
	return st;
}

const struct pqm_writer pqm_rep_markdown = {
	.name = "markdown",
	.ext = ".md",
	.summary = "a comment for a pull request",
	.write = markdown_write,
};
