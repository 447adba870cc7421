#include "needs.h"

#include <stdatomic.h>

static struct pqm_matcher *make(const struct pqm_needs *needs)
{
	struct pqm_pattern *p = pqm_calloc(needs->n + 1, sizeof(*p));
	struct pqm_matcher *m = NULL;
	struct pqm_err err;

	for (size_t i = 0; p != NULL && i < needs->n; i++) {
		const struct pqm_anchor *a = &needs->anchors[i];

		p[i].n = a->n <= PQM_PATTERN_MAX ? a->n : PQM_PATTERN_MAX;
		memcpy(p[i].bytes, a->bytes, p[i].n);
		memset(p[i].mask, 0xff, p[i].n);
	}
	if (p != NULL && pqm_matcher_new(&m, p, needs->n, &err) != PQM_OK)
		m = NULL;
	pqm_free(p);
	return m;
}

static const struct pqm_matcher *matcher_of(struct pqm_needs *needs)
{
	struct pqm_matcher *m = atomic_load_explicit(&needs->matcher, memory_order_acquire);

	if (m != NULL)
		return m;
	pthread_mutex_lock(&needs->lock);
	m = atomic_load_explicit(&needs->matcher, memory_order_relaxed);
	if (m == NULL) {
		m = make(needs);
		atomic_store_explicit(&needs->matcher, m, memory_order_release);
	}
	pthread_mutex_unlock(&needs->lock);
	return m;
}

bool pqm_needs_met(struct pqm_needs *needs, const struct pqm_artifact *a)
{
	struct pqm_match one;
	struct pqm_matches found = { &one, 0, 1, false };
	const struct pqm_matcher *m;

	if (a->body.n != a->head.n) /* only the head is sure to be readable here */
		return true;
	m = matcher_of(needs);
	if (m == NULL)
		return true;
	pqm_matcher_sweep(m, a->head, 0, 0, &found);
	return found.n > 0;
}
