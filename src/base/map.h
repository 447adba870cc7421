/*
 * map.h — a hash map from bytes to a pointer.
 *
 * Shape:     open addressing; keys are borrowed, so they must outlive the map.
 * Ownership: the map owns its table only.
 * Errors:    put returns false when memory runs out; the map is unchanged.
 * Threads:   one thread, or under the caller's lock; get is safe from many while nobody puts.
 */
#ifndef PQM_BASE_MAP_H
#define PQM_BASE_MAP_H

#include "bytes.h"
#include "err.h"

struct pqm_map_slot {
	pqm_bytes key;
	uint64_t hash;
	void *value;
};

struct pqm_map {
	struct pqm_map_slot *slot;
	size_t n, cap;
};

void pqm_map_fini(struct pqm_map *m); /* {0} is a valid empty map */
void *pqm_map_get(const struct pqm_map *m, pqm_bytes key);
/* Adds or replaces. value must not be NULL. */
bool pqm_map_put(struct pqm_map *m, pqm_bytes key, void *value) PQM_MUST_USE;

#endif
