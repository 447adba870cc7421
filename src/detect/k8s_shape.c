/* k8s_shape.c — field paths that were met, so that globs are matched once for each and not for each object. */
#include "k8s.h"

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
