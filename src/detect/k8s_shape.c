/* k8s_shape.c — field paths that were met, so that globs are matched once for each and not for each object. */
#include "k8s.h"

#include "base/hash.h"

/* Labels and the keys of ConfigMaps are whatever people write; field names are not that many. */
#define SHAPES_MAX ((size_t)20000)
#define SIBLINGS_MAX 256

static struct pqm_k8s_paths *paths_of(struct pqm_k8s_shapes *s)
{
	if (s->paths == NULL) {
		s->own.arena = s->arena;
		s->paths = &s->own;
	}
	return s->paths;
}

void pqm_k8s_paths_trim(struct pqm_k8s_paths *p)
{
	struct pqm_arena *arena = p->arena;

	if (p->n < SHAPES_MAX / 2)
		return;
	pqm_arena_reset(arena);
	*p = (struct pqm_k8s_paths){ .arena = arena };
}

static struct pqm_k8s_shape *add(struct pqm_k8s_paths *s, struct pqm_k8s_shape *of,
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
	return n >= SIBLINGS_MAX ? NULL : add(paths_of(s), of, end, key);
}

struct pqm_k8s_shape *pqm_k8s_shape_of(struct pqm_k8s_shapes *s, const struct pqm_k8s_kind *kind)
{
	return pqm_k8s_shape_child(
		s, &paths_of(s)->roots, (pqm_bytes){ (const uint8_t *)&kind, sizeof(kind) });
}

/* What is remembered of one file: templates of controllers, and texts. */
#define MET_MAX ((size_t)1 << 20)

/* Where the hash is, or would be. */
static size_t place(const struct pqm_k8s_met *m, uint64_t hash)
{
	size_t i = (size_t)hash & (m->cap - 1);

	while (m->hash[i] != 0 && m->hash[i] != hash)
		i = (i + 1) & (m->cap - 1);
	return i;
}

static bool grow(struct pqm_k8s_met *m, struct pqm_arena *arena)
{
	struct pqm_k8s_met bigger = { .n = m->n, .cap = m->cap == 0 ? 256 : 2 * m->cap };

	if (2 * m->n < m->cap)
		return true;
	bigger.hash = bigger.cap > 2 * MET_MAX ? NULL : pqm_new(arena, uint64_t, bigger.cap);
	if (bigger.hash == NULL)
		return false;
	for (size_t i = 0; i < m->cap; i++)
		if (m->hash[i] != 0)
			bigger.hash[place(&bigger, m->hash[i])] = m->hash[i];
	*m = bigger;
	return true;
}

static bool is_met(const struct pqm_k8s_met *m, uint64_t hash)
{
	return m->cap > 0 && m->hash[place(m, hash)] == hash;
}

/* True when it was met before. */
static bool meet(struct pqm_k8s_met *m, struct pqm_arena *arena, uint64_t hash)
{
	if (arena == NULL || is_met(m, hash))
		return arena != NULL;
	if (grow(m, arena)) {
		m->hash[place(m, hash)] = hash;
		m->n++;
	}
	return false;
}

/* Never 0. */
static uint64_t mix(uint64_t h, pqm_bytes b)
{
	uint64_t pair[2] = { h, pqm_hash64(b) };
	uint64_t out = pqm_hash64((pqm_bytes){ (const uint8_t *)pair, sizeof(pair) });

	return out == 0 ? 1 : out;
}

bool pqm_k8s_is_again(struct pqm_k8s_shapes *s, const struct pqm_object *o)
{
	uint64_t h = mix(mix(mix(mix(0, o->group), o->kind), o->ns), o->controller);

	for (size_t i = 0; i < o->n_facts; i++)
		h = mix(mix(h, o->facts[i].key), o->facts[i].value);
	return meet(&s->made, s->arena, h);
}

bool pqm_k8s_is_harmless(const struct pqm_k8s_shapes *s, uint64_t use, pqm_bytes text)
{
	return is_met(&s->harmless, mix(use, text));
}

void pqm_k8s_harmless(struct pqm_k8s_shapes *s, uint64_t use, pqm_bytes text)
{
	(void)meet(&s->harmless, s->arena, mix(use, text));
}
