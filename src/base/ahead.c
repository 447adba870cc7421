#include "ahead.h"

void pqm_ahead_init(struct pqm_ahead *a, unsigned n)
{
	*a = (struct pqm_ahead){ .n = n };
	(void)pthread_mutex_init(&a->lock, NULL);
	(void)pthread_cond_init(&a->moved, NULL);
}

void pqm_ahead_fini(struct pqm_ahead *a)
{
	(void)pthread_mutex_destroy(&a->lock);
	(void)pthread_cond_destroy(&a->moved);
}

unsigned pqm_ahead_free(struct pqm_ahead *a)
{
	unsigned slot;

	(void)pthread_mutex_lock(&a->lock);
	while (a->n_full == a->n && !a->is_stopped)
		(void)pthread_cond_wait(&a->moved, &a->lock);
	slot = a->is_stopped ? PQM_SLOT_NONE : (a->head + a->n_full) % a->n;
	(void)pthread_mutex_unlock(&a->lock);
	return slot;
}

void pqm_ahead_filled(struct pqm_ahead *a)
{
	(void)pthread_mutex_lock(&a->lock);
	a->n_full++;
	(void)pthread_cond_signal(&a->moved);
	(void)pthread_mutex_unlock(&a->lock);
}

void pqm_ahead_end(struct pqm_ahead *a)
{
	(void)pthread_mutex_lock(&a->lock);
	a->is_ended = true;
	(void)pthread_cond_signal(&a->moved);
	(void)pthread_mutex_unlock(&a->lock);
}

unsigned pqm_ahead_full(struct pqm_ahead *a)
{
	unsigned slot;

	(void)pthread_mutex_lock(&a->lock);
	while (a->n_full == 0 && !a->is_ended)
		(void)pthread_cond_wait(&a->moved, &a->lock);
	slot = a->n_full == 0 ? PQM_SLOT_NONE : a->head;
	(void)pthread_mutex_unlock(&a->lock);
	return slot;
}

void pqm_ahead_emptied(struct pqm_ahead *a)
{
	(void)pthread_mutex_lock(&a->lock);
	a->head = (a->head + 1) % a->n;
	a->n_full--;
	(void)pthread_cond_signal(&a->moved);
	(void)pthread_mutex_unlock(&a->lock);
}

void pqm_ahead_stop(struct pqm_ahead *a)
{
	(void)pthread_mutex_lock(&a->lock);
	a->is_stopped = true;
	(void)pthread_cond_signal(&a->moved);
	(void)pthread_mutex_unlock(&a->lock);
}
