/*
 * k8s_record.h — an emitter that keeps what det_k8s hands over, and what its tests and
 * those of det_conf share.
 *
 * Ownership: everything kept lives in `keep` until record_teardown.
 * Threads:   one test at a time.
 */
#ifndef PQM_TESTS_K8S_RECORD_H
#define PQM_TESTS_K8S_RECORD_H

#include "base/limits.h"
#include "detect/detector.h"

#define RECORD_MAX 4096

struct record {
	struct pqm_emit emit; /* first: the callbacks cast back */
	struct pqm_arena *arena;
	struct pqm_object objects[RECORD_MAX];
	size_t n_objects;
	struct pqm_found found[RECORD_MAX];
	size_t n_found;
	struct pqm_child children[RECORD_MAX]; /* bodies copied: example keys only */
	size_t n_children;

	struct {
		uint64_t from, to;
	} claims[RECORD_MAX];

	size_t n_claims;
	pqm_bytes notes[RECORD_MAX];
	size_t n_notes;
};

static inline struct pqm_fact *record_facts(struct record *r, const struct pqm_fact *f, size_t n)
{
	struct pqm_fact *out = pqm_new(r->arena, struct pqm_fact, n + 1);

	for (size_t i = 0; out != NULL && i < n; i++)
		out[i] = (struct pqm_fact){ pqm_bytes_dup(r->arena, f[i].key),
			pqm_bytes_dup(r->arena, f[i].value), f[i].line, f[i].col };
	return out;
}

static inline enum pqm_st record_object(struct pqm_emit *e, const struct pqm_object *o)
{
	struct record *r = (struct record *)e;
	struct pqm_object *c = &r->objects[r->n_objects];

	if (r->n_objects == RECORD_MAX)
		return PQM_ENOMEM;
	*c = *o;
	c->path = pqm_bytes_dup(r->arena, o->path);
	c->group = pqm_bytes_dup(r->arena, o->group);
	c->kind = pqm_bytes_dup(r->arena, o->kind);
	c->ns = pqm_bytes_dup(r->arena, o->ns);
	c->name = pqm_bytes_dup(r->arena, o->name);
	c->facts = record_facts(r, o->facts, o->n_facts);
	r->n_objects++;
	return PQM_OK;
}

static inline enum pqm_st record_found(struct pqm_emit *e, const struct pqm_found *f)
{
	struct record *r = (struct record *)e;
	struct pqm_found *c = &r->found[r->n_found];

	if (r->n_found == RECORD_MAX)
		return PQM_ENOMEM;
	*c = *f;
	c->rule = pqm_bytes_dup(r->arena, f->rule);
	c->identity = pqm_bytes_dup(r->arena, f->identity);
	c->family = pqm_bytes_dup(r->arena, f->family);
	c->algorithm = pqm_bytes_dup(r->arena, f->algorithm);
	c->parameter = pqm_bytes_dup(r->arena, f->parameter);
	c->object = pqm_bytes_dup(r->arena, f->object);
	for (size_t i = 0; i < f->n_attrs; i++)
		c->attrs[i] = (struct pqm_attr){ pqm_bytes_dup(r->arena, f->attrs[i].key),
			pqm_bytes_dup(r->arena, f->attrs[i].value) };
	r->n_found++;
	return PQM_OK;
}

static inline enum pqm_st record_child(struct pqm_emit *e, const struct pqm_child *c)
{
	struct record *r = (struct record *)e;

	if (r->n_children == RECORD_MAX)
		return PQM_ENOMEM;
	r->children[r->n_children] = *c;
	r->children[r->n_children].body = pqm_bytes_dup(r->arena, c->body);
	r->children[r->n_children].object = pqm_bytes_dup(r->arena, c->object);
	r->children[r->n_children].path_part = pqm_bytes_dup(r->arena, c->path_part);
	r->n_children++;
	return PQM_OK;
}

static inline void record_note(struct pqm_emit *e, uint64_t off, enum pqm_st why, const char *words)
{
	struct record *r = (struct record *)e;

	(void)off;
	(void)why;
	if (r->n_notes < RECORD_MAX)
		r->notes[r->n_notes++] = pqm_bytes_dup(r->arena, pqm_str(words));
}

static inline void record_claim(struct pqm_emit *e, uint64_t from, uint64_t to)
{
	struct record *r = (struct record *)e;

	if (r->n_claims < RECORD_MAX) {
		r->claims[r->n_claims].from = from;
		r->claims[r->n_claims++].to = to;
	}
}

/* What the engine's sweep would hand over. */
#define RECORD_HITS 512

static inline size_t record_hits(pqm_bytes text, struct pqm_hit hit[RECORD_HITS])
{
	pqm_bytes anchor = PQM_LIT("apiVersion");
	size_t n = 0;

	for (size_t at = pqm_find(text, 0, anchor); at != SIZE_MAX && n < RECORD_HITS;
		at = pqm_find(text, at + 1, anchor))
		hit[n++] = (struct pqm_hit){ at, 0 };
	return n;
}

static inline void record_init(struct record *r, struct pqm_arena *arena)
{
	r->emit = (struct pqm_emit){ .found = record_found,
		.object = record_object,
		.child = record_child,
		.note = record_note,
		.claim = record_claim };
	r->arena = arena;
	r->n_objects = r->n_found = r->n_children = r->n_notes = r->n_claims = 0;
}

static struct pqm_rules rules;
static struct pqm_arena keep, scratch;
static struct record rec;

/* What d says of one artifact, into rec; a's arena is set here. */
static inline enum pqm_st record_run(const struct pqm_detector *d, struct pqm_artifact *a)
{
	struct pqm_hit hit[RECORD_HITS];
	uint64_t done = 0;
	struct pqm_hits hits = { hit, d->n_anchors > 0 ? record_hits(a->body, hit) : 0, &done };
	struct pqm_err err = { 0 };

	a->arena = &scratch;
	a->head = pqm_sub(a->body, 0, 4096);
	pqm_arena_reset(&scratch);
	record_init(&rec, &keep);
	return d->run(&rules, a, &hits, &rec.emit, &err);
}

/* Every rule of the file (or folder/) fits its hits and none of its misses; how many samples there are. */
static inline size_t record_samples(
	const char *file, bool (*fits)(const struct pqm_rule *rule, pqm_bytes sample))
{
	static const char *const keys[] = { "miss", "hit" };
	const struct pqm_rule *rule;
	size_t i = 0, n = 0;

	while ((rule = pqm_rules_next(&rules, file, &i)) != NULL)
		for (size_t k = 0; k < 2; k++) {
			const struct pqm_yaml *list = pqm_yaml_get(rule->node, keys[k]);

			assert_non_null(list);
			for (size_t j = 0; j < list->n; j++, n++)
				if (fits(rule, list->items[j]->text) != (k == 1))
					fail_msg("%.*s: %s %.*s", PQM_FMT(rule->id), keys[k],
						PQM_FMT(list->items[j]->text));
		}
	return n;
}

static inline int record_setup(void **state)
{
	struct pqm_err err = { 0 };

	(void)state;
	pqm_arena_init(&keep, PQM_ARENA_BYTES);
	pqm_arena_init(&scratch, PQM_ARENA_BYTES);
	return pqm_rules_load(&rules, NULL, &err) == PQM_OK ? 0 : -1;
}

static inline int record_teardown(void **state)
{
	(void)state;
	pqm_rules_fini(&rules);
	pqm_arena_fini(&keep);
	pqm_arena_fini(&scratch);
	return 0;
}

#endif
