#include "loop.h"

#include "base/hash.h"

void probe_bucket_init(struct probe_bucket *b, double rate, double burst, uint64_t now_ns)
{
	*b = (struct probe_bucket){ .tokens = burst < 1 ? 1 : burst,
		.rate = rate,
		.burst = burst < 1 ? 1 : burst,
		.at_ns = now_ns };
}

static void refill(struct probe_bucket *b, uint64_t now_ns)
{
	if (now_ns <= b->at_ns)
		return;
	b->tokens += (double)(now_ns - b->at_ns) * 1e-9 * b->rate;
	b->at_ns = now_ns;
	if (b->tokens > b->burst)
		b->tokens = b->burst;
}

uint64_t probe_bucket_take(struct probe_bucket *b, uint64_t now_ns)
{
	if (b->rate <= 0)
		return 0;
	refill(b, now_ns);
	if (b->tokens >= 1) {
		b->tokens -= 1;
		return 0;
	}
	double s = (1 - b->tokens) / b->rate;

	/* Rounded up, so that the timer does not find it a hair too early; an hour is as good as for ever. */
	return s > 3600 ? UINT64_C(3600) * 1000 * PROBE_MS : (uint64_t)(s * 1e9) + PROBE_MS / 10;
}

bool probe_bucket_is_full(struct probe_bucket *b, uint64_t now_ns)
{
	refill(b, now_ns);
	return b->rate <= 0 || b->tokens >= b->burst;
}

/* ---- hosts ---- */

/* Family and address in one key: the scope is another interface, not another host that is rated. */
static size_t slot_of(const struct probe_hosts *t, const struct probe_addr *a)
{
	uint8_t key[18];

	key[0] = (uint8_t)a->family;
	key[1] = 0;
	memcpy(key + 2, a->ip, 16);
	return (size_t)(pqm_hash64((pqm_bytes){ key, sizeof(key) }) & (t->cap - 1));
}

static bool is_idle(struct probe_host *h, uint64_t now_ns)
{
	return h->n_works == 0 && h->parked.head == NULL && h->n_bad_row == 0 &&
		probe_bucket_is_full(&h->bucket, now_ns);
}

static void forget_idle(struct probe_hosts *t, struct probe_heap *heap, uint64_t now_ns)
{
	for (size_t i = 0; i < t->cap; i++)
		for (struct probe_host **p = &t->slot[i]; *p != NULL;) {
			struct probe_host *h = *p;

			if (!is_idle(h, now_ns)) {
				p = &h->next;
				continue;
			}
			*p = h->next;
			probe_heap_drop_owner(heap, &h->timer);
			pqm_free(h);
			t->n--;
		}
}

static bool make_room(struct probe_hosts *t, struct probe_heap *heap, uint64_t now_ns)
{
	if (t->n < t->cap)
		return true;
	forget_idle(t, heap, now_ns);
	if (t->n < t->cap - t->cap / 4)
		return true;
	struct probe_hosts wide = { .n = t->n, .cap = t->cap == 0 ? 64 : t->cap * 2 };

	wide.slot = pqm_calloc(wide.cap, sizeof(struct probe_host *));
	if (wide.slot == NULL)
		return false;
	for (size_t i = 0; i < t->cap; i++)
		for (struct probe_host *h = t->slot[i], *next; h != NULL; h = next) {
			size_t k = slot_of(&wide, &h->addr);

			next = h->next;
			h->next = wide.slot[k];
			wide.slot[k] = h;
		}
	pqm_free(t->slot);
	*t = wide;
	return true;
}

struct probe_host *probe_host_get(struct probe_hosts *t, const struct probe_addr *a,
	struct probe_heap *heap, const struct pqm_probe_config *c, uint64_t now_ns)
{
	struct probe_addr plain = probe_addr_plain(a);

	if (t->cap > 0)
		for (struct probe_host *h = t->slot[slot_of(t, &plain)]; h != NULL; h = h->next)
			if (h->addr.family == plain.family && memcmp(h->addr.ip, plain.ip, 16) == 0)
				return h;
	if (!make_room(t, heap, now_ns))
		return NULL;
	struct probe_host *h = pqm_calloc(1, sizeof(*h));

	if (h == NULL || !probe_heap_add_owner(heap)) {
		pqm_free(h);
		return NULL;
	}
	h->addr = plain;
	h->timer.kind = PROBE_TIMER_HOST;
	probe_bucket_init(&h->bucket, c->rate, c->burst, now_ns);
	size_t k = slot_of(t, &plain);

	h->next = t->slot[k];
	t->slot[k] = h;
	t->n++;
	return h;
}

void probe_hosts_fini(struct probe_hosts *t, struct probe_heap *heap)
{
	for (size_t i = 0; i < t->cap; i++)
		while (t->slot[i] != NULL) {
			struct probe_host *h = t->slot[i];

			t->slot[i] = h->next;
			probe_heap_drop_owner(heap, &h->timer);
			pqm_free(h);
		}
	pqm_free(t->slot);
	*t = (struct probe_hosts){ 0 };
}
