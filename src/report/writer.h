/*
 * writer.h — what a report is, and what an output writer is.
 *
 * Shape:     a const descriptor pqm_rep_<name> in rep_<name>.c; the registry is generated.
 * Ownership: the report borrows the central values; writers only read.
 * Errors:    the output stream remembers its first failure.
 * Threads:   single-threaded, after the scan.
 */
#ifndef PQM_REPORT_WRITER_H
#define PQM_REPORT_WRITER_H

#include "assess/practices.h"
#include "base/out.h"
#include "model/gate.h"
#include "model/plan.h"
#include "model/trend.h"
#include "rules/rules.h"

struct pqm_report {
	const struct pqm_rules *rules;
	const struct pqm_inventory *inv;
	const struct pqm_graph *graph;
	const struct pqm_assessment *assessment;
	const struct pqm_plan *plan;
	const struct pqm_practices *practices; /* may be NULL */
	const struct pqm_gate *gate;	       /* of `pqmap gate`; else NULL */
	const struct pqm_trend *trend;	       /* NULL without --trend */
	bool expand_stores;		       /* --expand-trust-stores */
	bool color;			       /* terminal table only */
	bool show_hops;			       /* likewise: -v */
	const char *templates;		       /* --templates DIR, or NULL for the embedded ones */
	/* For the closing line of the table; 0 when loaded from a file. Never in other formats. */
	uint64_t elapsed_ns, peak_rss_bytes;
	const char *const *files; /* names of the reports written, for the table; NULL-terminated */
};

struct pqm_writer {
	const char *name; /* as in -o NAME=FILE */
	const char *ext;
	const char *summary;
	enum pqm_st (*write)(const struct pqm_report *r, struct pqm_out *o, struct pqm_err *err);
};

/* NULL-terminated, sorted by name. */
extern const struct pqm_writer *const pqm_writers[];

#endif
