#include "map.h"

#include "arena.h"
#include "hash.h"

void pqm_map_fini(struct pqm_map *m)
{
	pqm_free(m->slot);
	*m = (struct pqm_map){ 0 };
}

static size_t find(const struct pqm_map *m, pqm_bytes key, uint64_t hash)
{
	size_t mask = m->cap - 1, i = (size_t)hash & mask;

	while (m->slot[i].value != NULL &&
		!(m->slot[i].hash == hash && pqm_eq(m->slot[i].key, key)))
		i = (i + 1) & mask;
	return i;
}

void *pqm_map_get(const struct pqm_map *m, pqm_bytes key)
{
	return m->cap == 0 ? NULL : m->slot[find(m, key, pqm_hash64(key))].value;
}

bool pqm_map_put(struct pqm_map *m, pqm_bytes key, void *value)
{
	if ((m->n + 1) * 4 > m->cap * 3) {
		struct pqm_map bigger = { .cap = m->cap == 0 ? 64 : m->cap * 2 };

		bigger.slot = pqm_calloc(bigger.cap, sizeof(*bigger.slot));
		if (bigger.slot == NULL)
			return false;
		for (size_t i = 0; i < m->cap; i++)
			if (m->slot[i].value != NULL)
				bigger.slot[find(&bigger, m->slot[i].key, m->slot[i].hash)] =
					m->slot[i];
		bigger.n = m->n;
		pqm_map_fini(m);
		*m = bigger;
	}
	uint64_t hash = pqm_hash64(key);
	size_t i = find(m, key, hash);

	if (m->slot[i].value == NULL)
		m->n++;
	m->slot[i] = (struct pqm_map_slot){ key, hash, value };
	return true;
}
