/* queue.c — batches between the thread that walks and those that scan. */
#include "engine.h"

void pqm_batch_scan(struct pqm_worker *w, struct pqm_batch *b)
{
	if (b->page != NULL)
		pqm_page_scan(w, b->page);
	for (size_t i = 0; i < b->n; i++) {
		struct pqm_job *job = &b->job[i];

		if (job->from != NULL || job->is_blob) {
			if (job->is_blob)
				pqm_worker_blob(w, job);
			else
				pqm_worker_body(w, job);
			pqm_wipe(job->body, job->n_body); /* it may be a private key */
			pqm_free(job->body);
		} else {
			pqm_worker_file(w, job);
		}
		pqm_dir_unref(job->dir);
		pqm_free(job->path);
	}
	if (b->is_queued) {
		pthread_mutex_lock(&w->run->lock);
		w->run->n_queued--;
		w->run->queued_bytes -= b->n_bytes;
		pthread_cond_broadcast(&w->run->page_done);
		pthread_mutex_unlock(&w->run->lock);
	}
	pqm_free(b);
}

struct pqm_batch *pqm_run_pop(struct pqm_run *run)
{
	struct pqm_batch *b = NULL;

	if (run->q_n > 0) {
		b = run->queue[run->q_head];
		run->q_head = (run->q_head + 1) % PQM_QUEUE_BATCHES;
		run->q_n--;
	}
	return b;
}

struct pqm_batch *pqm_run_next(struct pqm_run *run)
{
	struct pqm_batch *b;

	pthread_mutex_lock(&run->lock);
	while (run->q_n == 0 && !run->is_closed)
		pthread_cond_wait(&run->not_empty, &run->lock);
	b = pqm_run_pop(run);
	pthread_mutex_unlock(&run->lock);
	return b;
}

bool pqm_run_push(struct pqm_run *run, struct pqm_batch *b)
{
	bool ok;

	pthread_mutex_lock(&run->lock);
	ok = run->q_n < PQM_QUEUE_BATCHES &&
		(b->n_bytes == 0 || run->queued_bytes + b->n_bytes <= PQM_MEMBERS_QUEUED_BYTES);
	if (ok) {
		run->queued_bytes += b->n_bytes;
		b->is_queued = true;
		run->n_queued++;
		run->queue[(run->q_head + run->q_n) % PQM_QUEUE_BATCHES] = b;
		run->q_n++;
		pthread_cond_signal(&run->not_empty);
	}
	pthread_mutex_unlock(&run->lock);
	return ok;
}
