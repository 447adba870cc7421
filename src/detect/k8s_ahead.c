#include "k8s_ahead.h"

#include "base/ahead.h"
#include "base/limits.h"

#define SLOTS 4
/* Steps of one slot, the text after which it is full, and the memory of their trees. */
#define SLOT_STEPS 64
#define SLOT_TEXT ((size_t)32 << 10)
#define SLOT_BYTES ((size_t)8 << 20)
/* A shorter text is read before a thread has started; a text may be many short lists. */
#define WORTH_BYTES ((size_t)1 << 20)
#define STARTS_MAX 16

struct slot {
	struct pqm_arena arena;
	struct pqm_k8s_step step[SLOT_STEPS];
	unsigned n;
};

struct pqm_k8s_line {
	struct pqm_ahead ring;
	struct pqm_k8s_walk walk;
	struct slot slot[SLOTS];
	unsigned full, at; /* the caller's: slot that it empties, and how many steps it has had */
};

static bool fill(struct slot *s, struct pqm_k8s_walk *w)
{
	size_t from = w->at.off;
	bool more = true;

	pqm_arena_wipe(&s->arena); /* it held the text of Secrets */
	for (s->n = 0; s->n < SLOT_STEPS && w->at.off - from < SLOT_TEXT && more;) {
		more = w->next(w, &s->step[s->n], &s->arena);
		s->n += more;
	}
	return more;
}

static void run(void *ctx)
{
	struct pqm_k8s_line *l = ctx;
	bool more = true;
	unsigned i;

	while (more && (i = pqm_ahead_free(&l->ring)) != PQM_SLOT_NONE) {
		more = fill(&l->slot[i], &l->walk);
		if (l->slot[i].n > 0)
			pqm_ahead_filled(&l->ring);
	}
}

static void ended(void *ctx)
{
	struct pqm_k8s_line *l = ctx;

	pqm_ahead_end(&l->ring);
}

static void stop(void *ctx)
{
	struct pqm_k8s_line *l = ctx;

	pqm_ahead_stop(&l->ring);
}

static void release(void *ctx)
{
	struct pqm_k8s_line *l = ctx;

	for (unsigned i = 0; i < SLOTS; i++) {
		pqm_arena_wipe(&l->slot[i].arena);
		pqm_arena_fini(&l->slot[i].arena);
	}
	pqm_ahead_fini(&l->ring);
	pqm_free(l);
}

void pqm_k8s_ahead_start(struct pqm_k8s_ahead *a, struct pqm_k8s_scan *s, struct pqm_k8s_walk *walk)
{
	struct pqm_k8s_line *l;

	*a = (struct pqm_k8s_ahead){ .s = s, .walk = walk };
	if (s->out->beside == NULL || walk->text.n - walk->at.off < WORTH_BYTES ||
		s->n_aheads++ >= STARTS_MAX)
		return;
	l = pqm_calloc(1, sizeof(*l));
	if (l == NULL)
		return;
	pqm_ahead_init(&l->ring, SLOTS);
	for (unsigned i = 0; i < SLOTS; i++)
		pqm_arena_init(&l->slot[i].arena, SLOT_BYTES);
	l->walk = *walk;
	l->full = PQM_SLOT_NONE;
	if (pqm_emit_beside(s->out, &(struct pqm_beside){ run, ended, stop, release, l }))
		a->line = l;
	else
		release(l);
}

void pqm_k8s_ahead_end(struct pqm_k8s_ahead *a)
{
	if (a->line != NULL)
		pqm_emit_alone(a->s->out);
	a->line = NULL;
}

/* The next step of those that were made ahead; NULL behind the last. */
static const struct pqm_k8s_step *take(struct pqm_k8s_line *l)
{
	if (l->full != PQM_SLOT_NONE && l->at == l->slot[l->full].n) {
		pqm_ahead_emptied(&l->ring);
		l->full = PQM_SLOT_NONE;
	}
	if (l->full == PQM_SLOT_NONE) {
		l->full = pqm_ahead_full(&l->ring);
		l->at = 0;
	}
	return l->full == PQM_SLOT_NONE ? NULL : &l->slot[l->full].step[l->at++];
}

const struct pqm_k8s_step *pqm_k8s_ahead_next(struct pqm_k8s_ahead *a)
{
	const struct pqm_k8s_step *s = a->line != NULL ? take(a->line) : NULL;

	if (s != NULL) {
		a->walk->at = s->to;
		a->walk->is_past = false;
		return s;
	}
	pqm_k8s_ahead_end(a);
	return a->walk->next(a->walk, &a->own, a->s->a->arena) ? &a->own : NULL;
}
