/*
 * given.h — what sources give to a run: the sink behind struct pqm_sink.
 *
 * Ownership: of scan.c, for the time of a run; batch, from and known belong to it in between.
 * Errors:    PQM_ENOMEM; PQM_EIO when the run was stopped.
 * Threads:   the walking thread only; the queue and the counts are shared.
 */
#ifndef PQM_ENGINE_GIVEN_H
#define PQM_ENGINE_GIVEN_H

#include "engine.h"

struct pqm_given {
	struct pqm_sink sink; /* first */
	struct pqm_run *run;
	struct pqm_worker *main;	     /* the walking thread's own worker */
	struct pqm_batch *batch;	     /* being filled */
	struct pqm_from *from;		     /* the layer that members come from */
	struct pqm_known *known;	     /* what is known of it */
	const struct pqm_revision *revision; /* of the file of a history that was given last */
	uint32_t target;
	unsigned n_threads;
	uint64_t last_shown_ns;
	const struct pqm_scan_options *opt;
	struct pqm_inventory *inv;
	const struct pqm_endpoint_options *net;
	size_t first;	/* of the targets of this round */
	size_t n_named; /* endpoints to ask */
	struct pqm_kept kept;
	uint32_t n_lists; /* of clusters, so far */
};

/* Sets the calls of s->sink; run and opt are there. */
void pqm_given_calls(struct pqm_given *s);
/* Hands the batch to a thread, or scans it here when there is none or all are busy. */
void pqm_given_flush(struct pqm_given *s);

#endif
