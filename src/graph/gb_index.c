/* gb_index.c — things by kind and workloads by label, so that no step looks at every thing for every thing. */
#include "build.h"

#include "base/limits.h"

struct chain {
	uint32_t first, last, n; /* of links, + 1 */
};

struct gb_link {
	uint32_t thing, next; /* next: + 1 */
};

struct gb_index {
	struct pqm_map kinds;  /* kind -> struct chain */
	struct pqm_map labels; /* namespace, NUL, label, NUL, value -> struct chain */
	struct pqm_map names;  /* "Kind/name" -> struct chain */
	struct pqm_map known;  /* rule and namespace -> thing, or the index itself for none */
	struct gb_link *links;
	size_t n, cap;
};

static void add(struct gb *b, struct pqm_map *m, pqm_bytes key, bool is_borrowed, uint32_t thing)
{
	struct gb_index *x = b->index;
	struct chain *c = key.p == NULL ? NULL : pqm_map_get(m, key);
	struct gb_link *links = pqm_grow(&b->work, x->links, x->n, &x->cap);

	if (c == NULL && key.p != NULL) {
		c = pqm_new(&b->work, struct chain, 1);
		key = is_borrowed ? key : pqm_bytes_dup(&b->work, key);
		if (c != NULL && (key.p == NULL || !pqm_map_put(m, key, c)))
			c = NULL;
	}
	if (links == NULL || c == NULL) {
		gb_fail(b, "index");
		return;
	}
	x->links = links;
	x->links[x->n++] = (struct gb_link){ thing, 0 };
	if (c->n++ == 0)
		c->first = (uint32_t)x->n;
	else
		x->links[c->last - 1].next = (uint32_t)x->n;
	c->last = (uint32_t)x->n;
}

/* Three texts with NUL between them, which none of them has inside. */
static pqm_bytes key_of(uint8_t *buf, pqm_bytes a, pqm_bytes c, pqm_bytes d)
{
	const pqm_bytes part[] = { a, c, d };
	size_t n = 0;

	for (size_t i = 0; i < 3; i++) {
		if (part[i].n > PQM_TEXT_BYTES)
			return (pqm_bytes){ NULL, 0 };
		if (part[i].n > 0)
			memcpy(buf + n, part[i].p, part[i].n);
		n += part[i].n;
		buf[n++] = 0;
	}
	return (pqm_bytes){ buf, n };
}

#define KEY_BYTES (3 * ((size_t)PQM_TEXT_BYTES + 1))

pqm_bytes gb_label(const struct gb_thing *w, const struct pqm_fact *f)
{
	bool is_pod = pqm_eqs(w->o->kind, "Pod");
	pqm_bytes under =
		is_pod ? PQM_LIT("metadata.labels.") : PQM_LIT("template.metadata.labels.");
	size_t at = pqm_find(f->key, 0, under);

	return at == SIZE_MAX ? (pqm_bytes){ NULL, 0 } : pqm_sub(f->key, at + under.n, f->key.n);
}

static void add_labels(struct gb *b, uint32_t thing)
{
	const struct gb_thing *t = &b->things[thing];
	uint8_t buf[KEY_BYTES];

	for (size_t i = 0; i < t->o->n_facts; i++) {
		pqm_bytes label = gb_label(t, &t->o->facts[i]);
		pqm_bytes key = key_of(buf, gb_ns(t), label, t->o->facts[i].value);

		if (label.n > 0 && key.p != NULL)
			add(b, &b->index->labels, key, false, thing);
	}
	/* KServe labels its pods with the name of the object. */
	if (pqm_eqs(t->o->kind, "InferenceService"))
		add(b, &b->index->labels,
			key_of(buf, gb_ns(t), PQM_LIT(GB_KSERVE_LABEL), t->o->name), false, thing);
}

/* "Kind/name" of "namespace/Kind/name". */
static pqm_bytes without_ns(pqm_bytes id)
{
	size_t slash = pqm_find_byte(id, 0, '/');

	return slash == SIZE_MAX ? id : pqm_sub(id, slash + 1, id.n);
}

void gb_index_new(struct gb *b)
{
	b->index = pqm_new(&b->work, struct gb_index, 1);
	if (b->index == NULL) {
		gb_fail(b, "index");
		return;
	}
	b->index->cap = b->n_things * 3;
	b->index->links = pqm_new(&b->work, struct gb_link, b->index->cap);
	for (uint32_t i = 0; i < b->n_things && b->st == PQM_OK; i++) {
		const struct gb_thing *t = &b->things[i];

		add(b, &b->index->kinds, t->o->kind, true, i);
		/* Anything may be referred to without its namespace. */
		add(b, &b->index->names, without_ns(t->id), true, i);
		if (t->is_first && b->g->nodes[t->node].type == PQM_NODE_WORKLOAD)
			add_labels(b, i);
	}
}

void gb_index_free(struct gb *b)
{
	if (b->index == NULL)
		return;
	pqm_map_fini(&b->index->kinds);
	pqm_map_fini(&b->index->labels);
	pqm_map_fini(&b->index->names);
	pqm_map_fini(&b->index->known);
}

/* *i: 0 to start, then the link behind the last thing + 1; UINT32_MAX at the end. */
static const struct gb_thing *walk(const struct gb *b, const struct chain *c, uint32_t *i)
{
	uint32_t at = *i == 0 ? (c == NULL ? 0 : c->first) : *i;

	if (at == 0 || at == UINT32_MAX)
		return NULL;
	*i = b->index->links[at - 1].next;
	if (*i == 0)
		*i = UINT32_MAX;
	return &b->things[b->index->links[at - 1].thing];
}

const struct gb_thing *gb_of_kind(const struct gb *b, pqm_bytes kind, uint32_t *i)
{
	return walk(b, *i != 0 ? NULL : pqm_map_get(&b->index->kinds, kind), i);
}

const struct gb_thing *gb_named(const struct gb *b, pqm_bytes kind, pqm_bytes name)
{
	uint8_t buf[KEY_BYTES];
	int n = snprintf((char *)buf, sizeof(buf), "%.*s/%.*s", PQM_FMT(kind), PQM_FMT(name));
	uint32_t i = 0;

	return n < 0 || (size_t)n >= sizeof(buf)
		? NULL
		: walk(b, pqm_map_get(&b->index->names, (pqm_bytes){ buf, (size_t)n }), &i);
}

const struct gb_thing *gb_only_named(const struct gb *b, pqm_bytes kind, pqm_bytes name)
{
	uint8_t buf[KEY_BYTES];
	int n = snprintf((char *)buf, sizeof(buf), "%.*s/%.*s", PQM_FMT(kind), PQM_FMT(name));
	const struct gb_thing *t, *only = NULL;
	uint32_t i = 0;

	if (n < 0 || (size_t)n >= sizeof(buf))
		return NULL;
	while ((t = walk(b, pqm_map_get(&b->index->names, (pqm_bytes){ buf, (size_t)n }), &i)) !=
		NULL) {
		if (!t->is_first)
			continue;
		if (only != NULL)
			return NULL;
		only = t;
	}
	return only;
}

const struct gb_thing *gb_labelled(const struct gb *b, const struct gb_label_of *l, uint32_t *i)
{
	uint8_t buf[KEY_BYTES];
	pqm_bytes key = key_of(buf, l->ns, l->key, l->value);

	if (key.p == NULL)
		return NULL;
	return walk(b, *i != 0 ? NULL : pqm_map_get(&b->index->labels, key), i);
}

size_t gb_n_labelled(const struct gb *b, const struct gb_label_of *l)
{
	uint8_t buf[KEY_BYTES];
	pqm_bytes key = key_of(buf, l->ns, l->key, l->value);
	const struct chain *c = key.p == NULL ? NULL : pqm_map_get(&b->index->labels, key);

	return c == NULL ? 0 : c->n;
}

bool gb_known(const struct gb *b, pqm_bytes question, const struct gb_thing **out)
{
	const void *v = pqm_map_get(&b->index->known, question);

	*out = v == b->index ? NULL : v;
	return v != NULL;
}

void gb_know(struct gb *b, pqm_bytes question, const struct gb_thing *answer)
{
	void *v = answer == NULL ? (void *)b->index : (void *)(uintptr_t)answer;

	question = pqm_bytes_dup(&b->work, question);
	if (question.p == NULL || !pqm_map_put(&b->index->known, question, v))
		gb_fail(b, "index");
}
