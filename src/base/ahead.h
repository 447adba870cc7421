/*
 * ahead.h — slots that one thread fills while another empties them, in the same order.
 *
 * Shape:     a ring of slot numbers; what a slot holds is the caller's, who keeps as many of them.
 * Ownership: nothing but its lock.
 * Errors:    PQM_SLOT_NONE where there is nothing more to do.
 * Threads:   one that fills and one that empties; fini when neither does any more.
 */
#ifndef PQM_BASE_AHEAD_H
#define PQM_BASE_AHEAD_H

#include <pthread.h>
#include <stdbool.h>

#define PQM_SLOT_NONE (~0U)

struct pqm_ahead {
	pthread_mutex_t lock;
	pthread_cond_t moved;
	unsigned n, head, n_full; /* slots; the next to be emptied; how many are full */
	bool is_ended, is_stopped;
};

void pqm_ahead_init(struct pqm_ahead *a, unsigned n);
void pqm_ahead_fini(struct pqm_ahead *a);
/* The slot to be filled next, when it is free; none once the other side has stopped. */
unsigned pqm_ahead_free(struct pqm_ahead *a);
void pqm_ahead_filled(struct pqm_ahead *a);
/* No more will be filled. */
void pqm_ahead_end(struct pqm_ahead *a);
/* The slot to be emptied next, when it is full; none behind the last. */
unsigned pqm_ahead_full(struct pqm_ahead *a);
void pqm_ahead_emptied(struct pqm_ahead *a);
/* No more will be emptied. */
void pqm_ahead_stop(struct pqm_ahead *a);

#endif
