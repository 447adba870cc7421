/*
 * yaml_stack.h — children of the open containers while a text is read: the last ones belong to the innermost.
 *
 * Ownership: the arena's.
 * Errors:    false: out of memory.
 * Threads:   pure.
 */
#ifndef PQM_PARSE_YAML_STACK_H
#define PQM_PARSE_YAML_STACK_H

#include "parse/yaml.h"

struct pqm_ystack {
	struct pqm_yaml **node;
	size_t n, cap;
};

static inline bool pqm_ystack_push(
	struct pqm_ystack *s, struct pqm_yaml *n, struct pqm_arena *arena)
{
	struct pqm_yaml **grown = pqm_grow(arena, s->node, s->n, &s->cap);

	if (grown == NULL)
		return false;
	s->node = grown;
	s->node[s->n++] = n;
	return true;
}

/* Moves what was pushed since `from` into an array of its own; NULL when that is nothing. */
static inline bool pqm_ystack_pop(
	struct pqm_ystack *s, size_t from, struct pqm_yaml ***out, struct pqm_arena *arena)
{
	size_t n = s->n - from;

	*out = n == 0 ? NULL : pqm_new(arena, struct pqm_yaml *, n);
	if (n == 0)
		return true;
	if (*out == NULL)
		return false;
	memcpy(*out, s->node + from, n * sizeof(**out));
	s->n = from;
	return true;
}

#endif
