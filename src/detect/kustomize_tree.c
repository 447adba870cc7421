/* kustomize_tree.c — trees of yaml.h that change. */
#include "base/limits.h"
#include "kustomize.h"

struct pqm_yaml *kz_get_b(const struct pqm_yaml *map, pqm_bytes key)
{
	if (map == NULL || map->type != PQM_YAML_MAP)
		return NULL;
	for (size_t i = map->n; i > 0; i--)
		if (map->keys[i - 1]->type == PQM_YAML_SCALAR &&
			pqm_eq(map->keys[i - 1]->text, key))
			return map->items[i - 1];
	return NULL;
}

struct pqm_yaml *kz_get(const struct pqm_yaml *map, const char *key)
{
	return kz_get_b(map, pqm_str(key));
}

struct pqm_yaml *kz_at(const struct pqm_yaml *map, const char *dotted)
{
	pqm_bytes rest = pqm_str(dotted), part;
	const struct pqm_yaml *n = map;

	while (n != NULL && rest.p != NULL && pqm_split(&rest, '.', &part))
		n = kz_get_b(n, part);
	return (struct pqm_yaml *)(uintptr_t)n;
}

struct pqm_yaml *kz_new(struct kz *k, enum pqm_yaml_type type, uint32_t line)
{
	struct pqm_yaml *n = pqm_new(k->arena, struct pqm_yaml, 1);

	if (n == NULL) {
		k->st = PQM_ENOMEM;
		return NULL;
	}
	*n = (struct pqm_yaml){ .type = type, .line = line, .col = 1, .weight = 1 };
	return n;
}

struct pqm_yaml *kz_text(struct kz *k, pqm_bytes text, uint32_t line)
{
	struct pqm_yaml *n = kz_new(k, PQM_YAML_SCALAR, line);

	if (n != NULL)
		n->text = text;
	return n;
}

void kz_set_text(struct pqm_yaml *scalar, pqm_bytes text)
{
	scalar->text = text;
	scalar->is_plain = false;
}

/* Room for one more pair or item. */
static bool room(struct kz *k, struct pqm_yaml *n)
{
	struct pqm_yaml **keys = NULL, **items;

	/* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers is meant */
	items = pqm_arena_array(k->arena, (size_t)n->n + 1, sizeof(*items));
	if (n->type == PQM_YAML_MAP)
		/* NOLINTNEXTLINE(bugprone-sizeof-expression): likewise */
		keys = pqm_arena_array(k->arena, (size_t)n->n + 1, sizeof(*keys));
	if (items == NULL || (n->type == PQM_YAML_MAP && keys == NULL)) {
		k->st = PQM_ENOMEM;
		return false;
	}
	if (n->n > 0)
		memcpy(items, n->items, n->n * sizeof(*items));
	if (n->n > 0 && keys != NULL)
		memcpy(keys, n->keys, n->n * sizeof(*keys));
	n->items = items;
	n->keys = keys;
	return true;
}

void kz_set_key(struct kz *k, struct pqm_yaml *map, pqm_bytes key, struct pqm_yaml *item)
{
	if (item == NULL || map == NULL || map->type != PQM_YAML_MAP)
		return;
	for (size_t i = map->n; i > 0; i--)
		if (map->keys[i - 1]->type == PQM_YAML_SCALAR &&
			pqm_eq(map->keys[i - 1]->text, key)) {
			map->items[i - 1] = item;
			return;
		}
	struct pqm_yaml *name = kz_text(k, key, item->line);

	if (name == NULL || !room(k, map))
		return;
	map->keys[map->n] = name;
	map->items[map->n++] = item;
}

void kz_del_key(struct pqm_yaml *map, pqm_bytes key)
{
	for (uint32_t i = 0; map != NULL && map->type == PQM_YAML_MAP && i < map->n; i++)
		if (map->keys[i]->type == PQM_YAML_SCALAR && pqm_eq(map->keys[i]->text, key)) {
			memmove(&map->keys[i], &map->keys[i + 1],
				(map->n - i - 1) * sizeof(*map->keys));
			kz_remove(map, i);
			return;
		}
}

void kz_insert(struct kz *k, struct pqm_yaml *seq, size_t at, struct pqm_yaml *item)
{
	if (item == NULL || seq->type != PQM_YAML_SEQ || !room(k, seq))
		return;
	if (at > seq->n)
		at = seq->n;
	memmove(&seq->items[at + 1], &seq->items[at], (seq->n - at) * sizeof(*seq->items));
	seq->items[at] = item;
	seq->n++;
}

void kz_remove(struct pqm_yaml *seq, size_t at)
{
	if (at >= seq->n)
		return;
	memmove(&seq->items[at], &seq->items[at + 1], (seq->n - at - 1) * sizeof(*seq->items));
	seq->n--;
}

struct pqm_yaml *kz_make(struct kz *k, struct pqm_yaml *map, const char *dotted)
{
	pqm_bytes rest = pqm_str(dotted), part;

	while (map != NULL && map->type == PQM_YAML_MAP && rest.p != NULL &&
		pqm_split(&rest, '.', &part)) {
		struct pqm_yaml *next = kz_get_b(map, part);

		if (next == NULL || next->type != PQM_YAML_MAP) {
			next = kz_new(k, PQM_YAML_MAP, map->line);
			kz_set_key(k, map, part, next);
		}
		map = next;
	}
	return map;
}

struct pqm_yaml *kz_copy(struct kz *k, const struct pqm_yaml *n, uint32_t line, unsigned depth)
{
	struct pqm_yaml *c = depth > PQM_YAML_DEPTH ? NULL : kz_new(k, n->type, line);

	if (c == NULL)
		return NULL;
	c->text = n->text;
	c->is_plain = n->is_plain;
	if (n->type == PQM_YAML_SCALAR)
		return c;
	/* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers is meant */
	c->items = pqm_arena_array(k->arena, (size_t)n->n + 1, sizeof(*c->items));
	if (n->type == PQM_YAML_MAP)
		/* NOLINTNEXTLINE(bugprone-sizeof-expression): likewise */
		c->keys = pqm_arena_array(k->arena, (size_t)n->n + 1, sizeof(*c->keys));
	if (c->items == NULL || (n->type == PQM_YAML_MAP && c->keys == NULL)) {
		k->st = PQM_ENOMEM;
		return NULL;
	}
	for (uint32_t i = 0; i < n->n; i++) {
		struct pqm_yaml *item = kz_copy(k, n->items[i], line, depth + 1);
		struct pqm_yaml *key =
			n->type == PQM_YAML_MAP ? kz_copy(k, n->keys[i], line, depth + 1) : NULL;

		if (item == NULL || (n->type == PQM_YAML_MAP && key == NULL))
			return NULL;
		c->items[c->n] = item;
		if (key != NULL)
			c->keys[c->n] = key;
		c->n++;
	}
	return c;
}
