/*
 * history.h — runs of the past in one SQLite file: dates, counts, scores, and since when each finding is there.
 *
 * Shape:     append this run, get back the trend. Runs of the same targets are a series; the same inventory at
 *            the same date is the same run, however often it is appended.
 * Ownership: the trend's arena is the caller's, who initialises and finishes it.
 * Errors:    one line with words for all that can be wrong with the file: PQM_EUSAGE when it is no history of
 *            ours, is newer, or lies where locks mean nothing; PQM_EIO else. Then nothing of the run was written.
 * Threads:   one. Processes: any number; each waits PQM_TREND_WAIT_MS for the others.
 * Security:  mode 0600, no symbolic link, no second name, of this user. Holds ids, algorithms and places, as
 *            the reports do; no identities, values or attributes.
 * Limits:    PQM_TREND_RUNS of a series, PQM_TREND_SERIES, PQM_TREND_BYTES. The oldest runs go first.
 */
#ifndef PQM_ENGINE_HISTORY_H
#define PQM_ENGINE_HISTORY_H

#include "model/inventory.h"
#include "model/plan.h"
#include "model/trend.h"

struct pqm_history_run {
	uint8_t digest[PQM_SHA256_BYTES]; /* of the inventory */
	struct pqm_trend_run run;	  /* what it counts; appeared and the like are filled in */
	const struct pqm_inventory *inv;
	const struct pqm_assessment *assessment;
};

enum pqm_st pqm_history_append(struct pqm_trend *out, const char *path,
	const struct pqm_history_run *run, struct pqm_err *err) PQM_MUST_USE;

#endif
