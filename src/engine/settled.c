/* settled.c — which controllers were read already. What they made will stand behind them when all is read
 * [fold.c], so its facts need not be held until then: pods are listed after what makes them. */
#include "base/limits.h"
#include "engine.h"
#include "rules/k8s.h"

#define LEVELS UINT64_C(7) /* of controllers over controllers; low bits of an entry, above 0 */
#define KEY_BYTES (16 + 5 * PQM_K8S_KEY_BYTES)

static uint64_t hash_of(uint32_t target, pqm_bytes ns, pqm_bytes name)
{
	char buf[KEY_BYTES];
	int n = snprintf(
		buf, sizeof(buf), "%u %.*s%c%.*s", target, PQM_FMT(ns), '\0', PQM_FMT(name));

	return n < 0 || n >= KEY_BYTES
		? 0
		: pqm_hash64((pqm_bytes){ (const uint8_t *)buf, (size_t)n }) & ~LEVELS;
}

static uint64_t *place_of(uint64_t *slot, size_t cap, uint64_t hash)
{
	size_t i = (size_t)(hash >> 3) & (cap - 1);

	while (slot[i] != 0 && (slot[i] & ~LEVELS) != hash)
		i = (i + 1) & (cap - 1);
	return &slot[i];
}

static bool grow(struct pqm_settled *s)
{
	size_t cap = s->cap == 0 ? 1024 : 2 * s->cap;
	uint64_t *slot = pqm_calloc(cap, sizeof(*slot));

	if (slot == NULL)
		return false;
	for (size_t i = 0; i < s->cap; i++)
		if (s->slot[i] != 0)
			*place_of(slot, cap, s->slot[i] & ~LEVELS) = s->slot[i];
	pqm_free(s->slot);
	s->slot = slot;
	s->cap = cap;
	return true;
}

/* Without memory nothing is remembered, and facts are held longer. */
static void put(struct pqm_settled *s, uint64_t hash, uint64_t level)
{
	if (hash == 0 || level > LEVELS || ((s->n + 1) * 4 > s->cap * 3 && !grow(s)))
		return;
	uint64_t *at = place_of(s->slot, s->cap, hash);

	s->n += *at == 0;
	if (*at == 0)
		*at = hash | level;
}

static bool runs_pods(const struct pqm_run *run, const struct pqm_object *o)
{
	const struct pqm_k8s_kinds *kinds = NULL;
	const struct pqm_k8s_kind *kind;
	struct pqm_err err;

	if (pqm_rules_k8s(&kinds, run->rules, &err) != PQM_OK)
		return false;
	kind = pqm_k8s_kind_of(kinds, o->group, o->kind);
	return kind != NULL && pqm_eqs(kind->node_type, "workload");
}

bool pqm_is_settled(struct pqm_run *run, uint32_t target, const struct pqm_object *o)
{
	struct pqm_settled *s = &run->settled;
	uint64_t own = 0, front = 0, level = 1;
	char name[3 * PQM_K8S_KEY_BYTES + 3];
	int n = snprintf(name, sizeof(name), "%.*s/%.*s/%.*s", PQM_FMT(o->group), PQM_FMT(o->kind),
		PQM_FMT(o->name));

	if (n > 0 && (size_t)n < sizeof(name) && runs_pods(run, o))
		own = hash_of(target, o->ns, (pqm_bytes){ (const uint8_t *)name, (size_t)n });
	if (o->controller.n > 0)
		front = hash_of(target, o->ns, o->controller);
	pthread_mutex_lock(&run->lock);
	if (front != 0)
		level = s->cap == 0 ? 0 : *place_of(s->slot, s->cap, front) & LEVELS;
	/* A circle has no first one, and is never settled. */
	if (o->controller.n == 0)
		put(s, own, 1);
	else if (level > 0)
		put(s, own, level + 1);
	pthread_mutex_unlock(&run->lock);
	return front != 0 && level > 0;
}

void pqm_settled_fini(struct pqm_settled *s)
{
	pqm_free(s->slot);
	*s = (struct pqm_settled){ 0 };
}
