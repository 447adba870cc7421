/* fixture.h — files below fixtures/ and single detectors, for the tests of key parsers. */
#ifndef PQM_TESTS_FIXTURE_H
#define PQM_TESTS_FIXTURE_H

#include <fcntl.h>
#include <unistd.h>

#include "base/buf.h"
#include "detect/detector.h"

#define FIXTURE_BYTES ((size_t)64 << 10)

/* Reads fixtures/NAME into store, which holds FIXTURE_BYTES. Tests run at the top of the tree. */
static inline pqm_bytes fixture(uint8_t *store, const char *name)
{
	char path[256];
	size_t n = 0;
	ssize_t got;

	(void)snprintf(path, sizeof(path), "fixtures/%s", name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	while ((got = read(fd, store + n, FIXTURE_BYTES - n)) > 0)
		n += (size_t)got;
	(void)close(fd);
	assert_true(n > 0 && n < FIXTURE_BYTES);
	return (pqm_bytes){ store, n };
}

/* What one detector says about one body. */
struct seen {
	struct pqm_emit emit; /* first: the callbacks cast back */

	struct {
		char rule[32], family[32], parameter[32], identity[80];
		char attrs[512]; /* "key=value;" */
		uint64_t off;
		enum pqm_meaning meaning;
		enum pqm_function function;
	} found[64];

	size_t n_found, n_notes, n_claims;
};

static inline void seen_text(char *out, size_t cap, pqm_bytes b)
{
	(void)snprintf(out, cap, "%.*s", PQM_FMT(b));
}

static inline enum pqm_st seen_found(struct pqm_emit *e, const struct pqm_found *f)
{
	struct seen *s = (struct seen *)(void *)e;
	size_t at = 0, i = s->n_found++;

	assert_true(i < sizeof(s->found) / sizeof(s->found[0]));
	assert_true(f->identity.n > 0 && f->why.n > 0);
	seen_text(s->found[i].rule, sizeof(s->found[i].rule), f->rule);
	seen_text(s->found[i].family, sizeof(s->found[i].family), f->family);
	seen_text(s->found[i].parameter, sizeof(s->found[i].parameter), f->parameter);
	seen_text(s->found[i].identity, sizeof(s->found[i].identity), f->identity);
	s->found[i].off = f->off;
	s->found[i].meaning = f->meaning;
	s->found[i].function = f->function;
	s->found[i].attrs[0] = '\0';
	for (size_t a = 0; a < f->n_attrs; a++)
		at += (size_t)snprintf(s->found[i].attrs + at, sizeof(s->found[i].attrs) - at,
			"%.*s=%.*s;", PQM_FMT(f->attrs[a].key), PQM_FMT(f->attrs[a].value));
	return PQM_OK;
}

static inline void seen_note(struct pqm_emit *e, uint64_t off, enum pqm_st why, const char *words)
{
	(void)off;
	assert_true(why != PQM_OK && words[0] != '\0');
	((struct seen *)(void *)e)->n_notes++;
}

static inline void seen_claim(struct pqm_emit *e, uint64_t from, uint64_t to)
{
	assert_true(from < to);
	((struct seen *)(void *)e)->n_claims++;
}

static inline bool seen_anchor(pqm_bytes body, size_t off, const struct pqm_anchor *a)
{
	if (a->n > body.n - off)
		return false;
	for (unsigned i = 0; i < a->n; i++)
		if ((a->mask == NULL || a->mask[i] == 'x') &&
			body.p[off + i] != (uint8_t)a->bytes[i])
			return false;
	return true;
}

/* Runs d over body like the engine does: once with all hits. */
static inline void detect(struct seen *s, const struct pqm_detector *d, const struct pqm_rules *r,
	pqm_bytes body, const char *name)
{
	static struct pqm_hit hit[4096];
	struct pqm_arena arena;
	struct pqm_artifact a = { .body = body,
		.head = body,
		.path = pqm_str(name),
		.name = pqm_str(name),
		.arena = &arena };
	uint64_t done = 0;
	struct pqm_hits hits = { hit, 0, &done };
	struct pqm_err err = { 0 };

	*s = (struct seen){ .emit = { seen_found, NULL, NULL, seen_note, seen_claim } };
	for (size_t off = 0; off < body.n; off++)
		for (size_t i = 0; i < d->n_anchors; i++)
			if (seen_anchor(body, off, &d->anchors[i])) {
				assert_true(hits.n < sizeof(hit) / sizeof(hit[0]));
				hit[hits.n++] = (struct pqm_hit){ off, (uint16_t)i };
			}
	if (hits.n == 0 && (d->wants == NULL || !d->wants(&a)))
		return;
	pqm_arena_init(&arena, (size_t)8 << 20);
	assert_int_equal(d->run(r, &a, &hits, &s->emit, &err), PQM_OK);
	pqm_arena_fini(&arena);
}

static inline const struct pqm_rules *fixture_rules(void)
{
	static struct pqm_rules r;
	static bool is_loaded;
	struct pqm_err err;

	if (!is_loaded)
		assert_int_equal(pqm_rules_load(&r, NULL, &err), PQM_OK);
	is_loaded = true;
	return &r;
}

#endif
