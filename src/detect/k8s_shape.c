/* k8s_shape.c — field paths that were met, so that globs are matched once for each and not for each object. */
#include "k8s.h"

#include "base/hash.h"

/* Labels and the keys of ConfigMaps are whatever people write; field names are not that many. */
#define SHAPES_MAX ((size_t)20000)
#define SIBLINGS_MAX 256

static struct pqm_k8s_shape *add(struct pqm_k8s_shapes *s, struct pqm_k8s_shape *of,
	struct pqm_k8s_shape *behind, pqm_bytes key)
{
	struct pqm_k8s_shape *c =
		s->n >= SHAPES_MAX ? NULL : pqm_new(s->arena, struct pqm_k8s_shape, 1);

	if (c == NULL)
		return NULL;
	c->key = pqm_bytes_dup(s->arena, key);
	if (key.n > 0 && c->key.p == NULL)
		return NULL;
	if (behind == NULL)
		of->child = c;
	else
		behind->next = c;
	of->last = c;
	s->n++;
	return c;
}

struct pqm_k8s_shape *pqm_k8s_shape_child(
	struct pqm_k8s_shapes *s, struct pqm_k8s_shape *of, pqm_bytes key)
{
	struct pqm_k8s_shape *c, *end = NULL;
	unsigned n = 0;

	if (of == NULL || s->arena == NULL)
		return NULL;
	if (of->last != NULL && of->last->next != NULL && pqm_eq(of->last->next->key, key)) {
		of->last = of->last->next;
		return of->last;
	}
	for (c = of->child; c != NULL; c = c->next) {
		if (pqm_eq(c->key, key)) {
			of->last = c;
			return c;
		}
		end = c;
		n++;
	}
	return n >= SIBLINGS_MAX ? NULL : add(s, of, end, key);
}

struct pqm_k8s_shape *pqm_k8s_shape_of(struct pqm_k8s_shapes *s, const struct pqm_k8s_kind *kind)
{
	return pqm_k8s_shape_child(
		s, &s->roots, (pqm_bytes){ (const uint8_t *)&kind, sizeof(kind) });
}

/* Templates with a controller in one file. */
#define SEEN_MAX ((size_t)1 << 20)

static bool seen_put(uint64_t *table, size_t cap, uint64_t hash)
{
	size_t i = (size_t)hash & (cap - 1);

	while (table[i] != 0 && table[i] != hash)
		i = (i + 1) & (cap - 1);
	if (table[i] == hash)
		return true;
	table[i] = hash;
	return false;
}

static bool seen_room(struct pqm_k8s_shapes *s)
{
	size_t cap = s->cap_seen == 0 ? 256 : 2 * s->cap_seen;
	uint64_t *bigger;

	if (2 * s->n_seen < s->cap_seen)
		return true;
	bigger = cap > 2 * SEEN_MAX ? NULL : pqm_new(s->arena, uint64_t, cap);
	if (bigger == NULL)
		return false;
	for (size_t i = 0; i < s->cap_seen; i++)
		if (s->seen[i] != 0)
			(void)seen_put(bigger, cap, s->seen[i]);
	s->seen = bigger;
	s->cap_seen = cap;
	return true;
}

static uint64_t mix(uint64_t h, pqm_bytes b)
{
	uint64_t pair[2] = { h, pqm_hash64(b) };

	return pqm_hash64((pqm_bytes){ (const uint8_t *)pair, sizeof(pair) });
}

bool pqm_k8s_is_again(struct pqm_k8s_shapes *s, const struct pqm_object *o)
{
	uint64_t h = mix(mix(mix(mix(0, o->group), o->kind), o->ns), o->controller);

	if (s->arena == NULL || !seen_room(s))
		return false;
	for (size_t i = 0; i < o->n_facts; i++)
		h = mix(mix(h, o->facts[i].key), o->facts[i].value);
	h = h == 0 ? 1 : h;
	bool is_again = seen_put(s->seen, s->cap_seen, h);

	s->n_seen += !is_again;
	return is_again;
}
