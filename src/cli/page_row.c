/* page_row.c — how a row of the probe's page is laid out. */
#include "cli/probe_page.h"
#include "report/view_text.h"

#define LABEL_COLS 15
#define FACT_COLS 33
#define PAGE_COLS PQM_PAGE_COLS

static const char *const on[] = { "", "\033[32m", "\033[33m", "\033[31m", "\033[2m" };

/* The longest beginning of text that fits, cut after a blank where there is one. */
static size_t fit(pqm_bytes text, size_t cols)
{
	size_t width = 0, last = 0, i = 0;

	for (; i < text.n; i++) {
		if ((text.p[i] & 0xc0) != 0x80 && ++width > cols)
			return last > 0 ? last : i;
		if (text.p[i] == ' ')
			last = i + 1;
	}
	return text.n;
}

/* Writes text from column `at`; continuation lines start there too. */
static void wrapped(struct pqm_page *p, pqm_bytes text, size_t at, enum pqm_page_style style)
{
	size_t cols = PAGE_COLS - at;

	for (bool first = true; first || text.n > 0; first = false) {
		size_t n = fit(text, cols);

		if (!first)
			pqm_out_f(p->out, "\n%*s", (int)at, "");
		pqm_out_str(p->out, p->color ? on[style] : "");
		pqm_out_bytes(p->out, pqm_trim(pqm_sub(text, 0, n)));
		pqm_out_str(p->out, p->color && style != PQM_PAGE_PLAIN ? "\033[0m" : "");
		text = pqm_sub(text, n, text.n);
	}
}

void pqm_page_row(struct pqm_page *p, const char *label, pqm_bytes fact, enum pqm_page_style style,
	pqm_bytes remark)
{
	size_t width = pqm_text_width(fact);
	bool beside = remark.n > 0 && width <= FACT_COLS;

	pqm_out_f(p->out, "  %-*s", LABEL_COLS, label);
	/* A row without a remark carries its own colour; with one, the remark does. */
	wrapped(p, fact, LABEL_COLS + 2, remark.n > 0 ? PQM_PAGE_PLAIN : style);
	if (beside)
		pqm_out_f(p->out, "%*s", (int)(FACT_COLS - width + 1), "");
	else if (remark.n > 0)
		pqm_out_f(p->out, "\n%*s", LABEL_COLS + 4, "");
	if (remark.n > 0)
		wrapped(p, remark, beside ? LABEL_COLS + 2 + FACT_COLS + 1 : (size_t)LABEL_COLS + 4,
			style);
	pqm_out_lit(p->out, "\n");
}
