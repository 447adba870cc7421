#include "yaml.h"

#include <yaml.h> // NOLINT(readability-duplicate-include): libyaml has the same file name

#include "base/limits.h"
#include "base/map.h"
#include "base/num.h"

struct loader {
	yaml_parser_t parser;
	struct pqm_arena *arena;
	struct pqm_err *err;
	struct pqm_map anchors; /* of the current document */
	size_t n_nodes, n_aliases;
	pqm_bytes text;
	size_t at_char, at_byte; /* a character index and the byte it stands at */
};

static enum pqm_st fail_at(struct loader *l, yaml_mark_t m, enum pqm_st st, const char *words)
{
	return pqm_fail(l->err, st, "%zu:%zu: %s", m.line + 1, m.column + 1, words);
}

static enum pqm_st next(struct loader *l, yaml_event_t *ev)
{
	if (yaml_parser_parse(&l->parser, ev) == 1)
		return PQM_OK;
	yaml_mark_t m = l->parser.problem_mark;

	if (l->parser.error == YAML_MEMORY_ERROR)
		return pqm_fail(l->err, PQM_ENOMEM, "YAML: out of memory");
	if (l->parser.error == YAML_READER_ERROR)
		return pqm_fail(l->err, PQM_EPARSE, "byte %zu: YAML: %s", l->parser.problem_offset,
			l->parser.problem != NULL ? l->parser.problem : "not readable as text");
	return pqm_fail(l->err, PQM_EPARSE, "%zu:%zu: YAML: %s", m.line + 1, m.column + 1,
		l->parser.problem != NULL ? l->parser.problem : "malformed");
}

/* libyaml counts characters; places in files are bytes. Marks move forward nearly always, so walking
 * from the last one is linear over a document. */
static uint32_t byte_of(struct loader *l, size_t index)
{
	while (l->at_char < index && l->at_byte < l->text.n) {
		l->at_byte++;
		while (l->at_byte < l->text.n && (l->text.p[l->at_byte] & 0xc0) == 0x80)
			l->at_byte++;
		l->at_char++;
	}
	while (l->at_char > index && l->at_byte > 0) {
		l->at_byte--;
		while (l->at_byte > 0 && (l->text.p[l->at_byte] & 0xc0) == 0x80)
			l->at_byte--;
		l->at_char--;
	}
	return (uint32_t)l->at_byte; /* of PQM_YAML_DOC_BYTES */
}

static struct pqm_yaml *node_new(struct loader *l, const yaml_event_t *ev)
{
	struct pqm_yaml *n = pqm_new(l->arena, struct pqm_yaml, 1);

	if (n == NULL)
		return NULL;
	n->weight = 1;
	n->line = (uint32_t)ev->start_mark.line + 1;
	n->col = (uint32_t)ev->start_mark.column + 1;
	n->off = byte_of(l, ev->start_mark.index);
	n->end_off = byte_of(l, ev->end_mark.index);
	return n;
}

static enum pqm_st remember(struct loader *l, const yaml_char_t *anchor, struct pqm_yaml *n)
{
	if (anchor == NULL)
		return PQM_OK;
	pqm_bytes key = pqm_bytes_dup(l->arena, pqm_str((const char *)anchor));

	if (key.p == NULL || !pqm_map_put(&l->anchors, key, n))
		return pqm_fail(l->err, PQM_ENOMEM, "YAML: out of memory");
	return PQM_OK;
}

static enum pqm_st build(struct loader *l, yaml_event_t *ev, unsigned depth, struct pqm_yaml **out);

static enum pqm_st build_alias(struct loader *l, const yaml_event_t *ev, struct pqm_yaml **out)
{
	struct pqm_yaml *n = pqm_map_get(&l->anchors, pqm_str((const char *)ev->data.alias.anchor));

	if (n == NULL)
		return fail_at(l, ev->start_mark, PQM_EPARSE, "YAML: alias to an unknown anchor");
	if (++l->n_aliases > PQM_YAML_ALIASES)
		return fail_at(l, ev->start_mark, PQM_ELIMIT, "YAML: more than 10,000 aliases");
	*out = n;
	return PQM_OK;
}

/* "<<: *base": pairs of the base that the map does not have itself [YAML merge key, 1.1]. */
static enum pqm_st merge(struct loader *l, struct pqm_yaml *map, const struct pqm_yaml *base)
{
	size_t cap = map->n;

	if (base->type == PQM_YAML_SEQ) {
		for (size_t i = 0; i < base->n; i++)
			if (base->items[i]->type == PQM_YAML_MAP) {
				enum pqm_st st = merge(l, map, base->items[i]);

				if (st != PQM_OK)
					return st;
			}
		return PQM_OK;
	}
	if (base->type != PQM_YAML_MAP)
		return PQM_OK;
	l->n_nodes += base->n;
	if (l->n_nodes > PQM_YAML_NODES)
		return pqm_fail(l->err, PQM_ELIMIT, "%u:%u: YAML: merge keys give too many nodes",
			map->line, map->col);
	struct pqm_yaml **keys = pqm_new(l->arena, struct pqm_yaml *, cap + base->n + 1);
	struct pqm_yaml **items = pqm_new(l->arena, struct pqm_yaml *, cap + base->n + 1);

	if (keys == NULL || items == NULL)
		return pqm_fail(l->err, PQM_ENOMEM, "YAML: document needs too much memory");
	/* Merged pairs come first, so that the map's own pairs win a look-up. */
	if (base->n > 0) {
		memcpy(keys, base->keys, base->n * sizeof(*keys));
		memcpy(items, base->items, base->n * sizeof(*items));
	}
	if (cap > 0) {
		memcpy(keys + base->n, map->keys, cap * sizeof(*keys));
		memcpy(items + base->n, map->items, cap * sizeof(*items));
	}
	map->keys = keys;
	map->items = items;
	map->n += base->n;
	return PQM_OK;
}

static bool is_merge_key(const struct pqm_yaml *k)
{
	return k->type == PQM_YAML_SCALAR && k->is_plain && pqm_eq(k->text, PQM_LIT("<<"));
}

static enum pqm_st add_pair(struct loader *l, struct pqm_yaml *n, size_t cap[2],
	struct pqm_yaml *key, struct pqm_yaml *item)
{
	/* Ten anchors of ten aliases each are 10^10 nodes to whoever walks them. */
	n->weight += item->weight + (key != NULL ? key->weight : 0);
	if (n->weight > PQM_YAML_NODES)
		return pqm_fail(l->err, PQM_ELIMIT,
			"%u:%u: YAML: aliases expand to more than 1,048,576 nodes", n->line,
			n->col);
	if (key != NULL && is_merge_key(key)) {
		enum pqm_st st = merge(l, n, item);

		cap[0] = cap[1] = n->n; /* merge() made exact arrays */
		return st;
	}
	struct pqm_yaml **items = pqm_grow(l->arena, n->items, n->n, &cap[0]);
	struct pqm_yaml **keys = key == NULL ? NULL : pqm_grow(l->arena, n->keys, n->n, &cap[1]);

	if (items == NULL || (key != NULL && keys == NULL))
		return pqm_fail(l->err, PQM_ENOMEM, "YAML: document needs too much memory");
	n->items = items;
	n->keys = keys;
	n->items[n->n] = item;
	if (key != NULL)
		n->keys[n->n] = key;
	n->n++;
	return PQM_OK;
}

static enum pqm_st build_children(
	struct loader *l, struct pqm_yaml *n, unsigned depth, yaml_event_type_t end)
{
	size_t cap[2] = { 0, 0 };

	for (;;) {
		yaml_event_t ev;
		struct pqm_yaml *key = NULL, *item = NULL;
		enum pqm_st st = next(l, &ev);

		if (st != PQM_OK)
			return st;
		if (ev.type == end) {
			n->end_off = byte_of(l, ev.end_mark.index);
			yaml_event_delete(&ev);
			return PQM_OK;
		}
		if (n->type == PQM_YAML_MAP) {
			st = build(l, &ev, depth + 1, &key);
			yaml_event_delete(&ev);
			if (st == PQM_OK)
				st = next(l, &ev);
			if (st != PQM_OK)
				return st;
		}
		st = build(l, &ev, depth + 1, &item);
		yaml_event_delete(&ev);
		if (st == PQM_OK)
			st = add_pair(l, n, cap, key, item);
		if (st != PQM_OK)
			return st;
	}
}

static enum pqm_st build(struct loader *l, yaml_event_t *ev, unsigned depth, struct pqm_yaml **out)
{
	enum pqm_st st;

	if (ev->type == YAML_ALIAS_EVENT)
		return build_alias(l, ev, out);
	if (depth > PQM_YAML_DEPTH)
		return fail_at(
			l, ev->start_mark, PQM_ELIMIT, "YAML: nested deeper than 128 levels");
	if (++l->n_nodes > PQM_YAML_NODES)
		return fail_at(l, ev->start_mark, PQM_ELIMIT, "YAML: more than 1,048,576 nodes");
	struct pqm_yaml *n = node_new(l, ev);

	if (n == NULL)
		return fail_at(
			l, ev->start_mark, PQM_ENOMEM, "YAML: document needs too much memory");
	if (ev->type == YAML_SCALAR_EVENT) {
		n->is_plain = ev->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
		n->text = pqm_bytes_dup(
			l->arena, (pqm_bytes){ ev->data.scalar.value, ev->data.scalar.length });
		if (n->text.p == NULL)
			return fail_at(l, ev->start_mark, PQM_ENOMEM,
				"YAML: document needs too much memory");
		*out = n;
		return remember(l, ev->data.scalar.anchor, n);
	}
	if (ev->type == YAML_SEQUENCE_START_EVENT) {
		n->type = PQM_YAML_SEQ;
		st = build_children(l, n, depth, YAML_SEQUENCE_END_EVENT);
		/* Known only now: an alias inside its own anchor would be a cycle. */
		if (st == PQM_OK)
			st = remember(l, ev->data.sequence_start.anchor, n);
	} else if (ev->type == YAML_MAPPING_START_EVENT) {
		n->type = PQM_YAML_MAP;
		st = build_children(l, n, depth, YAML_MAPPING_END_EVENT);
		if (st == PQM_OK)
			st = remember(l, ev->data.mapping_start.anchor, n);
	} else {
		return fail_at(l, ev->start_mark, PQM_EPARSE, "YAML: unexpected event");
	}
	*out = n;
	return st;
}

static enum pqm_st document(struct loader *l, struct pqm_yaml **out)
{
	yaml_event_t ev;
	enum pqm_st st = next(l, &ev);

	if (st != PQM_OK)
		return st;
	l->n_nodes = l->n_aliases = 0;
	pqm_map_fini(&l->anchors);
	st = build(l, &ev, 0, out);
	yaml_event_delete(&ev);
	if (st == PQM_OK)
		st = next(l, &ev); /* document end */
	if (st == PQM_OK)
		yaml_event_delete(&ev);
	return st;
}

static bool is_empty(const struct pqm_yaml *n)
{
	return n->type == PQM_YAML_SCALAR && pqm_yaml_text(n).n == 0;
}

enum pqm_st pqm_yaml_docs(pqm_bytes text, struct pqm_arena *arena,
	enum pqm_st (*doc)(void *ctx, const struct pqm_yaml *root, struct pqm_err *err), void *ctx,
	struct pqm_err *err)
{
	struct loader l = { .arena = arena, .err = err, .text = text };
	enum pqm_st st = PQM_OK;
	bool more = true;

	if (text.n > PQM_YAML_DOC_BYTES)
		return pqm_fail(err, PQM_ELIMIT, "YAML: %zu bytes, over the 16 MiB limit", text.n);
	if (yaml_parser_initialize(&l.parser) != 1)
		return pqm_fail(err, PQM_ENOMEM, "YAML: out of memory");
	if (pqm_starts(text, PQM_LIT("\xef\xbb\xbf")))
		l.at_byte = 3; /* libyaml does not count a byte order mark */
	yaml_parser_set_input_string(
		&l.parser, text.p == NULL ? (const uint8_t *)"" : text.p, text.n);
	while (more && st == PQM_OK) {
		yaml_event_t ev;
		struct pqm_yaml *root = NULL;

		st = next(&l, &ev);
		if (st != PQM_OK)
			break;
		yaml_event_type_t type = ev.type;

		yaml_event_delete(&ev);
		if (type == YAML_STREAM_END_EVENT)
			more = false;
		else if (type == YAML_DOCUMENT_START_EVENT)
			st = document(&l, &root);
		if (st == PQM_OK && root != NULL && !is_empty(root))
			st = doc(ctx, root, err);
	}
	pqm_map_fini(&l.anchors);
	yaml_parser_delete(&l.parser);
	return st;
}

static enum pqm_st take_first(void *ctx, const struct pqm_yaml *root, struct pqm_err *err)
{
	const struct pqm_yaml **out = ctx;

	(void)err;
	if (*out == NULL)
		*out = root;
	return PQM_OK;
}

enum pqm_st pqm_yaml_one(
	const struct pqm_yaml **out, pqm_bytes text, struct pqm_arena *arena, struct pqm_err *err)
{
	const struct pqm_yaml *root = NULL;
	enum pqm_st st = pqm_yaml_docs(text, arena, take_first, &root, err);

	if (st != PQM_OK)
		return st;
	if (root == NULL)
		return pqm_fail(err, PQM_EPARSE, "1:1: YAML: the file is empty");
	*out = root;
	return PQM_OK;
}

const struct pqm_yaml *pqm_yaml_get(const struct pqm_yaml *map, const char *key)
{
	pqm_bytes name = pqm_str(key);

	if (map == NULL || map->type != PQM_YAML_MAP)
		return NULL;
	for (size_t i = map->n; i > 0; i--)
		if (map->keys[i - 1]->type == PQM_YAML_SCALAR &&
			pqm_eq(map->keys[i - 1]->text, name))
			return map->items[i - 1];
	return NULL;
}

const struct pqm_yaml *pqm_yaml_at(const struct pqm_yaml *root, const char *dotted)
{
	pqm_bytes rest = pqm_str(dotted), part;

	while (root != NULL && pqm_split(&rest, '.', &part)) {
		char key[128];

		if (part.n >= sizeof(key))
			return NULL;
		memcpy(key, part.p, part.n);
		key[part.n] = '\0';
		root = pqm_yaml_get(root, key);
	}
	return root;
}

pqm_bytes pqm_yaml_text(const struct pqm_yaml *scalar)
{
	if (scalar == NULL || scalar->type != PQM_YAML_SCALAR)
		return (pqm_bytes){ NULL, 0 };
	if (scalar->is_plain && (pqm_eqs(scalar->text, "null") || pqm_eqs(scalar->text, "~")))
		return (pqm_bytes){ NULL, 0 };
	return scalar->text;
}

pqm_bytes pqm_yaml_str(const struct pqm_yaml *map, const char *key)
{
	return pqm_yaml_text(pqm_yaml_get(map, key));
}

bool pqm_yaml_f64(const struct pqm_yaml *map, const char *key, double *out)
{
	return pqm_f64_parse(pqm_yaml_str(map, key), out);
}

bool pqm_yaml_u64(const struct pqm_yaml *map, const char *key, uint64_t *out)
{
	return pqm_u64_parse(pqm_yaml_str(map, key), UINT64_MAX, out);
}

bool pqm_yaml_true(const struct pqm_yaml *map, const char *key)
{
	static const char *const yes[] = { "true", "yes", "on" };
	pqm_bytes v = pqm_yaml_str(map, key);

	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		if (pqm_ieq(v, pqm_str(yes[i])))
			return true;
	return false;
}
