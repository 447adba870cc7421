/*
 * blank.h — files of a git repository in which nothing was found, as they are known from run to run.
 *
 * Shape:     of each: git's id of its bytes and its path, hashed; its size; the hash of its bytes when a detector
 *            looked at it. Such a file is counted and not read. What holds something is read each time: nothing
 *            that was found is kept here.
 * Ownership: the run has it while a repository is walked.
 * Errors:    a record that makes no sense is as none, and the cache is made anew.
 * Threads:   noting is done under run->lock, the rest on the walking thread.
 * Limits:    PQM_CACHE_ROW_BYTES a repository; files that it has no more go first.
 */
#ifndef PQM_ENGINE_BLANK_H
#define PQM_ENGINE_BLANK_H

#include "engine.h"

struct pqm_blanks;

/* Reads what is known of the repository; run->blanks is NULL when that cannot be. */
void pqm_blanks_open(struct pqm_run *run, pqm_bytes repository);
/* Names the file in job->blank, if what is found in it may be kept. */
void pqm_blanks_name(const struct pqm_run *run, struct pqm_job *job, pqm_bytes id);
/* True: nothing is in it, and it was counted. */
bool pqm_blanks_give(struct pqm_run *run, const struct pqm_job *job);
/* content: in which everything found in it will stand; NULL: it was not looked at. Until the end. */
void pqm_blanks_note(
	struct pqm_run *run, const struct pqm_job *job, const struct pqm_content *content);
/* Keeps what is new; nothing of the repository may be read any more. */
void pqm_blanks_close(struct pqm_run *run);

#endif
