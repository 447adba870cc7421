/* img_ahead.c — bytes of a layer that a thread of its own reads, or unpacks, ahead of who wants them. */
#include <pthread.h>

#include "base/arena.h"
#include "base/limits.h"
#include "img.h"

#define SLOT_BYTES ((size_t)128 << 10)
#define SLOTS 8

struct slot {
	size_t n;
	uint8_t *p;
};

struct ahead {
	struct pqm_feed feed; /* first */
	struct pqm_feed *in;  /* the thread's */
	pthread_t thread;
	uint8_t *room;
	struct slot slot[SLOTS];
	size_t head;  /* the reader's next slot */
	bool is_lent; /* the one before it is with the reader */

	pthread_mutex_t lock; /* everything below */
	pthread_cond_t changed;
	size_t n_full; /* that lent included */
	bool is_ended, is_closed;
	struct pqm_err end; /* how it ended */
};

/* A slot to fill, or NULL: nobody reads on. */
static struct slot *slot_wait(struct ahead *a, size_t at)
{
	bool is_closed;

	pthread_mutex_lock(&a->lock);
	while (a->n_full == SLOTS && !a->is_closed)
		pthread_cond_wait(&a->changed, &a->lock);
	is_closed = a->is_closed;
	pthread_mutex_unlock(&a->lock);
	return is_closed ? NULL : &a->slot[at % SLOTS];
}

static void slot_give(struct ahead *a)
{
	pthread_mutex_lock(&a->lock);
	a->n_full++;
	pthread_cond_broadcast(&a->changed);
	pthread_mutex_unlock(&a->lock);
}

static void end(struct ahead *a, const struct pqm_err *how)
{
	pthread_mutex_lock(&a->lock);
	a->end = *how;
	a->is_ended = true;
	pthread_cond_broadcast(&a->changed);
	pthread_mutex_unlock(&a->lock);
}

static void *read_ahead(void *arg)
{
	struct ahead *a = arg;
	struct slot *s = NULL;
	struct pqm_err err = { .st = PQM_OK };
	pqm_bytes piece;
	size_t at = 0;

	while ((err.st = a->in->next(a->in, &piece, &err)) == PQM_OK && piece.n > 0)
		while (piece.n > 0) {
			s = slot_wait(a, at++);
			if (s == NULL)
				return NULL;
			s->n = piece.n < SLOT_BYTES ? piece.n : SLOT_BYTES;
			memcpy(s->p, piece.p, s->n);
			piece = pqm_sub(piece, s->n, piece.n);
			slot_give(a);
		}
	end(a, &err);
	return NULL;
}

static enum pqm_st ahead_next(struct pqm_feed *feed, pqm_bytes *out, struct pqm_err *err)
{
	struct ahead *a = (struct ahead *)feed;
	enum pqm_st st = PQM_OK;

	*out = (pqm_bytes){ NULL, 0 };
	pthread_mutex_lock(&a->lock);
	if (a->is_lent) {
		a->is_lent = false;
		a->n_full--;
		pthread_cond_broadcast(&a->changed);
	}
	while (a->n_full == 0 && !a->is_ended)
		pthread_cond_wait(&a->changed, &a->lock);
	if (a->n_full > 0) {
		const struct slot *s = &a->slot[a->head++ % SLOTS];

		*out = (pqm_bytes){ s->p, s->n };
		a->is_lent = true;
	} else if (a->end.st != PQM_OK) {
		st = pqm_fail(err, a->end.st, "%s", a->end.msg);
	}
	pthread_mutex_unlock(&a->lock);
	return st;
}

static void ahead_free(struct ahead *a)
{
	if (a->room != NULL)
		pqm_wipe(a->room, SLOTS * SLOT_BYTES);
	pqm_free(a->room);
	(void)pthread_mutex_destroy(&a->lock);
	(void)pthread_cond_destroy(&a->changed);
	pqm_free(a);
}

static void ahead_close(struct pqm_feed *feed)
{
	struct ahead *a = (struct ahead *)feed;

	pthread_mutex_lock(&a->lock);
	a->is_closed = true;
	pthread_cond_broadcast(&a->changed);
	pthread_mutex_unlock(&a->lock);
	(void)pthread_join(a->thread, NULL);
	a->in->close(a->in);
	ahead_free(a);
}

struct pqm_feed *pqm_image_ahead(struct pqm_feed *in)
{
	struct ahead *a = pqm_calloc(1, sizeof(*a));

	if (a == NULL)
		return in;
	a->feed = (struct pqm_feed){ ahead_next, ahead_close, NULL };
	a->in = in;
	a->room = pqm_malloc(SLOTS * SLOT_BYTES);
	(void)pthread_mutex_init(&a->lock, NULL);
	(void)pthread_cond_init(&a->changed, NULL);
	for (size_t i = 0; a->room != NULL && i < SLOTS; i++)
		a->slot[i].p = a->room + i * SLOT_BYTES;
	if (a->room == NULL || pthread_create(&a->thread, NULL, read_ahead, a) != 0) {
		ahead_free(a);
		return in;
	}
	return &a->feed;
}
