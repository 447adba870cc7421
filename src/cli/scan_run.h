/*
 * scan_run.h — a scan as a command line asks for it: what `scan` and `gate` share.
 *
 * Shape:     prepare (options, targets, streams), scan, then what the command does with p, then the exit code.
 * Ownership: pqm_scan_run_fini gives everything back, after a failed prepare too.
 * Errors:    PQM_EUSAGE in one line; what a target did not give is coverage, and the exit code.
 */
#ifndef PQM_CLI_SCAN_RUN_H
#define PQM_CLI_SCAN_RUN_H

#include "cli/cluster_options.h"
#include "cli/git_options.h"
#include "cli/image_options.h"
#include "cli/net_options.h"
#include "cli/pipeline.h"
#include "cli/stream.h"
#include "cli/targets.h"
#include "engine/scan.h"

/* A row of a command's option table. */
#define PQM_RENDER_OPT                                                                             \
	{                                                                                          \
		0, "render", "TOOL",                                                               \
			"run your own helm or kustomize on charts and kustomizations: helm, "      \
			"kustomize; repeatable"                                                    \
	}

struct pqm_scan_run {
	struct pqm_scan_options opt;
	struct pqm_endpoint_options net;
	struct pqm_cluster_options cluster;
	struct pqm_image_options images;
	struct pqm_git_options git;
	struct pqm_targets targets;
	struct pqm_stream stream;
	struct pqm_pipeline p;
	struct pqm_cache *cache;
};

enum pqm_st pqm_scan_run_prepare(struct pqm_scan_run *s, struct pqm_app *app,
	const struct pqm_args *a, struct pqm_err *err) PQM_MUST_USE;
/* Reads the targets into p.inv. */
enum pqm_st pqm_scan_run_scan(
	struct pqm_scan_run *s, const struct pqm_args *a, struct pqm_err *err) PQM_MUST_USE;
/* Things that were not read, or only in part. */
uint64_t pqm_scan_run_missed(const struct pqm_scan_run *s);
/* Exit code and one line a failed target [DESIGN.md §2]. */
int pqm_scan_run_exit(const struct pqm_scan_run *s, bool strict);
void pqm_scan_run_fini(struct pqm_scan_run *s);

#endif
