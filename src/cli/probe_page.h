/*
 * probe_page.h — one endpoint as a page for a person.
 *
 * Shape:     a head line, then rows of label, fact and remark: what was answered, what it means for a
 *            session that is recorded today, what could not be told and why.
 * Ownership: reads only; the page's arena is for its own texts.
 * Errors:    kept in the output stream.
 * Security:  every text of the peer goes through pqm_printable.
 */
#ifndef PQM_CLI_PROBE_PAGE_H
#define PQM_CLI_PROBE_PAGE_H

#include "base/out.h"
#include "model/endpoint.h"
#include "rules/rules.h"

#define PQM_PAGE_COLS 100 /* lines to copy may be longer */

enum pqm_page_style { PQM_PAGE_PLAIN, PQM_PAGE_GOOD, PQM_PAGE_FAIR, PQM_PAGE_BAD, PQM_PAGE_DIM };

struct pqm_page {
	const struct pqm_rules *rules;
	struct pqm_out *out;
	bool color;
	const char *software;	/* that the user says the servers run; may be NULL */
	struct pqm_arena arena; /* init and fini by the caller; reset for each endpoint */
};

void pqm_probe_page(struct pqm_page *p, const struct pqm_endpoint *e);

/* One row; label "" continues the row above, remark may be empty. Long texts are wrapped. */
void pqm_page_row(struct pqm_page *p, const char *label, pqm_bytes fact, enum pqm_page_style style,
	pqm_bytes remark);
#define pqm_page_words(p, label, style, ...)                                                       \
	pqm_page_row((p), (label), pqm_arena_f(&(p)->arena, __VA_ARGS__), (style),                 \
		(pqm_bytes){ NULL, 0 })

#endif
