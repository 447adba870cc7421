/*
 * probe_page.h — one endpoint as a page for a person.
 *
 * Shape:     lines of at most about 110 columns: what was answered, what it means for a recorded
 *            session, what could not be told.
 * Ownership: reads only.
 * Errors:    kept in the output stream.
 * Security:  every text of the peer goes through pqm_printable.
 */
#ifndef PQM_CLI_PROBE_PAGE_H
#define PQM_CLI_PROBE_PAGE_H

#include "base/out.h"
#include "model/endpoint.h"
#include "rules/rules.h"

struct pqm_page {
	const struct pqm_rules *rules;
	struct pqm_out *out;
	bool color;
};

void pqm_probe_page(const struct pqm_page *p, const struct pqm_endpoint *e);

#endif
