/* beside.c — the job that a detector hands over, on a thread that the scan has left. */
#include "engine.h"
#include "guard.h"

static void *work(void *arg)
{
	struct pqm_besides *b = arg;

	(void)pqm_guard_run(b->body, b->job.run, b->job.ctx);
	b->job.ended(b->job.ctx);
	return NULL;
}

bool pqm_worker_beside(struct pqm_worker *w, pqm_bytes body, const struct pqm_beside *job)
{
	struct pqm_besides *b = &w->beside;
	struct pqm_run *run = w->run;

	if (b->is_on)
		return false;
	if (atomic_fetch_add(&run->n_busy, 1) >= run->opt->jobs) {
		atomic_fetch_sub(&run->n_busy, 1);
		return false;
	}
	b->body = body;
	b->job = *job;
	b->is_on = pthread_create(&b->thread, NULL, work, b) == 0;
	if (!b->is_on)
		atomic_fetch_sub(&run->n_busy, 1);
	return b->is_on;
}

void pqm_worker_alone(struct pqm_worker *w)
{
	struct pqm_besides *b = &w->beside;

	if (!b->is_on)
		return;
	b->job.stop(b->job.ctx);
	(void)pthread_join(b->thread, NULL);
	b->job.release(b->job.ctx);
	b->is_on = false;
	atomic_fetch_sub(&w->run->n_busy, 1);
}
