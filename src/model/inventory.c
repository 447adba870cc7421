#include "inventory.h"

#include <stdlib.h>

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

static int by_name(const void *x, const void *y)
{
	const struct pqm_endpoint *a = x, *b = y;
	int c = pqm_cmp(a->scheme, b->scheme);

	c = c != 0 ? c : pqm_cmp(a->host, b->host);
	c = c != 0 ? c : (a->port > b->port) - (a->port < b->port);
	c = c != 0 ? c : pqm_cmp(a->address, b->address);
	return c != 0 ? c : (a->target > b->target) - (a->target < b->target);
}

void pqm_inventory_sort_endpoints(struct pqm_inventory *inv)
{
	if (inv->n_endpoints > 1)
		qsort(inv->endpoints, inv->n_endpoints, sizeof(*inv->endpoints), by_name);
}

uint64_t pqm_endpoints_asked(const struct pqm_endpoint_counts *c)
{
	uint64_t sum = 0;

	for (size_t i = 0; i <= PQM_R_SKIPPED; i++)
		sum += c->reach[i];
	return sum;
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

pqm_bytes pqm_inventory_why(const struct pqm_inventory *inv, size_t i)
{
	const struct pqm_coverage *c = &inv->coverage;

	for (size_t k = 0; k < c->n_notes; k++)
		if (c->notes[k].target == i && c->notes[k].words.n > 0)
			return c->notes[k].words;
	return (pqm_bytes){ NULL, 0 };
}
