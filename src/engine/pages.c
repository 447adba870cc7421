/* pages.c — pages of objects between the source, which reads the next one, and the workers. */
#include "base/limits.h"
#include "engine.h"

/* A buffer that was for one large page is not kept. */
#define SPARE_BYTES ((size_t)4 << 20)

static struct pqm_queued_page *idle_or_new(struct pqm_run *run)
{
	struct pqm_queued_page *q = run->idle;

	if (q != NULL) {
		run->idle = q->next;
		return q;
	}
	q = pqm_calloc(1, sizeof(*q));
	if (q != NULL)
		pqm_arena_init(&q->arena, PQM_ARENA_BYTES);
	return q;
}

static void put_back(struct pqm_run *run, struct pqm_queued_page *q)
{
	q->buf.n = 0;
	if (q->buf.cap > SPARE_BYTES)
		pqm_buf_fini(&q->buf);
	pqm_arena_reset(&q->arena);
	q->next = run->idle;
	run->idle = q;
}

static bool fill(struct pqm_queued_page *q, uint32_t target, const struct pqm_page *page)
{
	struct pqm_buf empty = q->buf;
	pqm_bytes path = pqm_bytes_dup(&q->arena, page->path);
	pqm_bytes resource = pqm_bytes_dup(&q->arena, page->resource);

	if (path.p == NULL || resource.p == NULL)
		return false;
	q->target = target;
	q->page = *page;
	q->page.path = path;
	q->page.resource = resource;
	q->page.buf = NULL;
	q->buf = *page->buf;
	empty.max = q->buf.max;
	*page->buf = empty;
	return true;
}

struct pqm_batch *pqm_page_keep(
	struct pqm_run *run, uint32_t target, const struct pqm_page *page, unsigned n_threads)
{
	struct pqm_queued_page *q = NULL;
	struct pqm_batch *b = NULL;

	pthread_mutex_lock(&run->lock);
	if (run->n_pages < n_threads + PQM_PAGES_AHEAD &&
		run->page_bytes + page->body.n <= PQM_PAGES_BYTES)
		q = idle_or_new(run);
	if (q != NULL) {
		b = pqm_calloc(1, sizeof(*b));
		if (b == NULL || !fill(q, target, page)) {
			pqm_free(b);
			b = NULL;
			put_back(run, q);
		} else {
			b->page = q;
			run->n_pages++;
			run->page_bytes += page->body.n;
		}
	}
	pthread_mutex_unlock(&run->lock);
	return b;
}

void pqm_page_scan(struct pqm_worker *w, struct pqm_queued_page *q)
{
	struct pqm_run *run = w->run;

	pqm_worker_page(w, q->target, &q->page);
	pqm_wipe(q->buf.p, q->buf.n); /* it may have held a private key */
	pthread_mutex_lock(&run->lock);
	run->n_pages--;
	run->page_bytes -= q->page.body.n;
	put_back(run, q);
	pthread_cond_broadcast(&run->page_done);
	pthread_mutex_unlock(&run->lock);
}

void pqm_pages_fini(struct pqm_run *run)
{
	while (run->idle != NULL) {
		struct pqm_queued_page *q = run->idle;

		run->idle = q->next;
		pqm_buf_fini(&q->buf);
		pqm_arena_fini(&q->arena);
		pqm_free(q);
	}
}
