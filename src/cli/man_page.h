/*
 * man_page.h — pqmap(1) from the option tables, in mdoc [mandoc_mdoc(7)].
 *
 * Ownership: borrows the tables.
 */
#ifndef PQM_CLI_MAN_PAGE_H
#define PQM_CLI_MAN_PAGE_H

#include "base/out.h"

void pqm_man_page(struct pqm_out *o);

#endif
