/*
 * emit.h — an emitter that checks what every detector promises of what it hands over, and one run of a
 * detector over hostile bytes. A target adds its detector's own promises around these.
 *
 * Ownership: nothing is kept.
 * Errors:    a broken promise ends the program.
 * Threads:   one.
 */
#ifndef PQM_TESTS_FUZZ_EMIT_H
#define PQM_TESTS_FUZZ_EMIT_H

#include <assert.h>

#include "base/limits.h"
#include "detect/detector.h"

/* A value that corpora hide where a secret may stand. */
#define EMIT_MARKER "fuzz-secret-marker-value"

static inline bool emit_leaks(pqm_bytes b)
{
	return pqm_find(b, 0, PQM_LIT(EMIT_MARKER)) != SIZE_MAX;
}

static inline enum pqm_st emit_see_object(struct pqm_emit *e, const struct pqm_object *o)
{
	(void)e;
	assert(o->kind.n > 0);
	assert(o->n_facts <= PQM_K8S_FACTS);
	for (size_t i = 0; i < o->n_facts; i++) {
		assert(o->facts[i].key.n > 0 && o->facts[i].key.n < PQM_K8S_PATH_BYTES);
		assert(o->facts[i].value.n > 0 && o->facts[i].line > 0);
	}
	return PQM_OK;
}

static inline enum pqm_st emit_see_found(struct pqm_emit *e, const struct pqm_found *f)
{
	(void)e;
	assert(f->rule.n > 0 && f->identity.n > 0 && f->why.n > 0 && f->line > 0);
	return PQM_OK;
}

/* What is found in a program says what it is about, and which size it has when it has one. */
static inline enum pqm_st emit_see_binary(struct pqm_emit *e, const struct pqm_found *f)
{
	(void)e;
	assert(f->rule.n > 0 && f->identity.n > 0 && f->why.n > 0 && f->object.n > 0);
	assert(f->bits == 0 || f->parameter.n > 0);
	return PQM_OK;
}

static inline enum pqm_st emit_see_child(struct pqm_emit *e, const struct pqm_child *c)
{
	(void)e;
	assert(c->body.n > 0 && c->object.n > 0);
	assert((c->line > 0 && c->col > 0) || c->path_part.n > 0);
	return PQM_OK;
}

static inline void emit_see_note(
	struct pqm_emit *e, uint64_t off, enum pqm_st why, const char *words)
{
	(void)e;
	(void)off;
	assert(why != PQM_OK && words[0] != '\0');
}

static inline void emit_see_claim(struct pqm_emit *e, uint64_t from, uint64_t to)
{
	(void)e;
	assert(from <= to);
}

static inline struct pqm_emit emit_checks(void)
{
	return (struct pqm_emit){ .found = emit_see_found,
		.object = emit_see_object,
		.child = emit_see_child,
		.note = emit_see_note,
		.claim = emit_see_claim };
}

static inline struct pqm_emit emit_checks_binary(void)
{
	struct pqm_emit e = emit_checks();

	e.found = emit_see_binary;
	return e;
}

/* A slice that a parser gives lies in what it was given. */
static inline void emit_inside(pqm_bytes part, pqm_bytes body)
{
	assert(part.n == 0 ||
		(part.p >= body.p && part.n <= body.n &&
			(size_t)(part.p - body.p) <= body.n - part.n));
}

static inline const struct pqm_rules *emit_rules(void)
{
	static struct pqm_rules rules;
	struct pqm_err err = { 0 };

	if (rules.n == 0 && pqm_rules_load(&rules, NULL, &err) != PQM_OK)
		assert(false);
	return &rules;
}

/* hit may be NULL; a file of this path, whose last part is its name. */
static inline void emit_run(const struct pqm_detector *d, struct pqm_emit *emit, const char *path,
	pqm_bytes body, const struct pqm_hit *hit, size_t n_hits)
{
	const char *slash = strrchr(path, '/');
	struct pqm_err err = { 0 };
	struct pqm_arena arena;
	struct pqm_artifact a = { .body = body,
		.head = pqm_sub(body, 0, 4096),
		.path = pqm_str(path),
		.name = pqm_str(slash == NULL ? path : slash + 1),
		.arena = &arena };
	uint64_t done = 0;
	struct pqm_hits hits = { hit, n_hits, &done };

	pqm_arena_init(&arena, PQM_ARENA_BYTES);
	if (d->wants != NULL)
		(void)d->wants(&a);
	if (d->run(emit_rules(), &a, &hits, emit, &err) != PQM_OK)
		assert(err.msg[0] != '\0');
	pqm_arena_fini(&arena);
}

#endif
