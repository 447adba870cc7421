/*
 * pipeline.h — the one way from an inventory to the reports.
 *
 * Shape:     init, then fill inv (scan or load), then assess, then write.
 * Ownership: the pipeline owns all central values and the rules.
 * Errors:    as the stages'.
 */
#ifndef PQM_CLI_PIPELINE_H
#define PQM_CLI_PIPELINE_H

#include "assess/assess.h"
#include "assess/perf.h"
#include "assess/practices.h"
#include "cli/command.h"
#include "graph/graph_build.h"
#include "model/trend.h"
#include "report/writer.h"

#define PQM_DEFAULT_CAPACITY 20.0 /* person-days a month: one engineer */

struct pqm_pipeline {
	struct pqm_rules rules;
	struct pqm_inventory inv;
	struct pqm_graph graph;
	struct pqm_assessment assessment;
	struct pqm_plan plan;
	struct pqm_practices practices;
	struct pqm_bench bench;
	struct pqm_trend trend; /* with --trend */
	struct pqm_report report;
	pqm_bytes what_if;	       /* tasks that --what-if names; or empty */
	const struct pqm_yaml *config; /* the config file that was read; or NULL */
	const char *config_file;
	const struct pqm_yaml *mirrors; /* of the config file that --config names; or NULL */
	const struct pqm_gate *gate;	/* of `pqmap gate`; or NULL: then there is no table */
	bool is_streamed;		/* -o jsonl was written while the scan ran */
	bool is_cut_off;		/* by a signal: no run to compare with */
};

/* Loads the rules and checks the -o options, so that a wrong one fails before the scan. */
enum pqm_st pqm_pipeline_init(
	struct pqm_pipeline *p, const struct pqm_args *a, struct pqm_err *err) PQM_MUST_USE;
void pqm_pipeline_fini(struct pqm_pipeline *p);
/* Puts --now, --regime, --curve, --capacity, --start and the config file into the inventory's
 * settings, and loads --bench or the reference profile. A loaded inventory keeps its own where nothing is given. */
enum pqm_st pqm_pipeline_settings(struct pqm_pipeline *p, const struct pqm_args *a, bool is_loaded,
	struct pqm_err *err) PQM_MUST_USE;
/* Init, load every inventory named, seal, settings, assess: what report and plan begin with. */
enum pqm_st pqm_pipeline_load(struct pqm_pipeline *p, const struct pqm_args *a, const char *command,
	struct pqm_err *err) PQM_MUST_USE;
/* A bench file (path) with rows of `impl` preferred, or the reference profile when path is NULL. */
enum pqm_st pqm_bench_open(struct pqm_bench *b, const struct pqm_rules *r, const char *path,
	const char *impl, struct pqm_err *err) PQM_MUST_USE;
/* Graph, risk, plan and practices. */
enum pqm_st pqm_pipeline_assess(struct pqm_pipeline *p, struct pqm_err *err) PQM_MUST_USE;
/* Writes every -o; the table to standard output unless --quiet or another format goes there. */
enum pqm_st pqm_pipeline_write(struct pqm_pipeline *p, struct pqm_app *app,
	const struct pqm_args *a, struct pqm_err *err) PQM_MUST_USE;

#endif
