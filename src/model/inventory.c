#include "inventory.h"

#include "base/limits.h"

void pqm_inventory_init(struct pqm_inventory *inv)
{
	*inv = (struct pqm_inventory){ 0 };
	pqm_arena_init(&inv->arena, PQM_RUN_ARENA_BYTES);
}

void pqm_inventory_fini(struct pqm_inventory *inv)
{
	pqm_arena_fini(&inv->arena);
	*inv = (struct pqm_inventory){ 0 };
}

const struct pqm_finding *pqm_inventory_find(
	const struct pqm_inventory *inv, const uint8_t id[PQM_ID_BYTES])
{
	size_t lo = 0, hi = inv->n_findings;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int c = memcmp(inv->findings[mid].id, id, PQM_ID_BYTES);

		if (c == 0)
			return &inv->findings[mid];
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

pqm_bytes pqm_object_fact(const struct pqm_object *o, const char *key)
{
	for (size_t i = 0; i < o->n_facts; i++)
		if (pqm_eqs(o->facts[i].key, key))
			return o->facts[i].value;
	return (pqm_bytes){ NULL, 0 };
}
