#include "loop.h"

bool probe_heap_add_owner(struct probe_heap *h)
{
	if (h->n_owners < h->cap) {
		h->n_owners++;
		return true;
	}
	size_t cap = h->cap == 0 ? 64 : h->cap * 2;
	struct probe_timer **item = pqm_calloc(cap, sizeof(struct probe_timer *));

	if (item == NULL)
		return false;
	if (h->n > 0)
		memcpy(item, h->item, h->n * sizeof(struct probe_timer *));
	pqm_free(h->item);
	h->item = item;
	h->cap = cap;
	h->n_owners++;
	return true;
}

void probe_heap_drop_owner(struct probe_heap *h, struct probe_timer *t)
{
	probe_timer_clear(h, t);
	h->n_owners--;
}

void probe_heap_fini(struct probe_heap *h)
{
	pqm_free(h->item);
	*h = (struct probe_heap){ 0 };
}

static void place(struct probe_heap *h, size_t i, struct probe_timer *t)
{
	h->item[i] = t;
	t->pos = (uint32_t)i + 1;
}

static void sift_up(struct probe_heap *h, size_t i)
{
	struct probe_timer *t = h->item[i];

	while (i > 0 && h->item[(i - 1) / 2]->at_ns > t->at_ns) {
		place(h, i, h->item[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	place(h, i, t);
}

static void sift_down(struct probe_heap *h, size_t i)
{
	struct probe_timer *t = h->item[i];

	for (size_t k; (k = 2 * i + 1) < h->n; i = k) {
		if (k + 1 < h->n && h->item[k + 1]->at_ns < h->item[k]->at_ns)
			k++;
		if (h->item[k]->at_ns >= t->at_ns)
			break;
		place(h, i, h->item[k]);
	}
	place(h, i, t);
}

void probe_timer_set(struct probe_heap *h, struct probe_timer *t, uint64_t at_ns)
{
	bool is_new = t->pos == 0;
	bool is_earlier = at_ns < t->at_ns;

	t->at_ns = at_ns;
	if (is_new)
		place(h, h->n++, t);
	if (is_new || is_earlier)
		sift_up(h, t->pos - 1);
	else
		sift_down(h, t->pos - 1);
}

void probe_timer_clear(struct probe_heap *h, struct probe_timer *t)
{
	if (t->pos == 0)
		return;
	size_t i = t->pos - 1;
	struct probe_timer *last = h->item[--h->n];

	t->pos = 0;
	if (last == t)
		return;
	place(h, i, last);
	sift_up(h, i);
	sift_down(h, last->pos - 1);
}

struct probe_timer *probe_timer_due(struct probe_heap *h, uint64_t now_ns)
{
	if (h->n == 0 || h->item[0]->at_ns > now_ns)
		return NULL;
	struct probe_timer *t = h->item[0];

	probe_timer_clear(h, t);
	return t;
}
