/*
 * known_put.c — a layer into a record:
 *
 *   format, names
 *   texts: how many, each once; elsewhere a text is its number, 0 for none
 *   contents, each: the key of its bytes, the members that have it, sightings, notes, objects, counts
 *   notes of members
 */
#include <stdlib.h>

#include "base/limits.h"
#include "base/var.h"
#include "known.h"

struct writer {
	struct pqm_arena arena;
	struct pqm_map numbers; /* text -> uint32_t */
	struct pqm_buf texts, body;
	uint32_t n_texts;
	bool failed;
};

static void num(struct writer *w, uint64_t v)
{
	pqm_var_put(&w->body, v);
}

static void text(struct writer *w, pqm_bytes b)
{
	uint32_t *n;

	if (b.n == 0) {
		num(w, 0);
		return;
	}
	n = pqm_map_get(&w->numbers, b);
	if (n == NULL) {
		n = pqm_new(&w->arena, uint32_t, 1);
		/* The texts outlive the writer: they are the run's. */
		if (n == NULL || !pqm_map_put(&w->numbers, b, n)) {
			w->failed = true;
			return;
		}
		*n = ++w->n_texts;
		pqm_var_put_text(&w->texts, b);
	}
	num(w, *n);
}

static void put_sighting(struct writer *w, const struct pqm_sighting *s)
{
	const struct pqm_finding *f = &s->f;
	const uint8_t words[] = { (uint8_t)f->meaning, (uint8_t)f->function, (uint8_t)f->quantum,
		(uint8_t)f->classical, (uint8_t)f->evidence, (uint8_t)f->basis };
	const pqm_bytes texts[] = { f->rule, f->identity, f->family, f->algorithm, f->parameter,
		f->why, f->fix, s->at.path, s->at.object };

	(void)pqm_buf_add(&w->body, (pqm_bytes){ f->id, sizeof(f->id) });
	(void)pqm_buf_add(&w->body, (pqm_bytes){ words, sizeof(words) });
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		text(w, texts[i]);
	num(w, f->bits);
	num(w, s->at.off);
	num(w, s->at.line);
	num(w, s->at.col);
	num(w, s->at.text_line);
	num(w, s->at.text_col);
	num(w, s->at.n_attrs);
	for (size_t i = 0; i < s->at.n_attrs; i++) {
		text(w, s->at.attrs[i].key);
		text(w, s->at.attrs[i].value);
	}
}

static void put_thing(struct writer *w, const struct pqm_thing *t)
{
	struct pqm_object o = t->object;
	const pqm_bytes name = t->is_named_by_path ? (pqm_bytes){ NULL, 0 } : o.name;
	const pqm_bytes texts[] = { o.path, o.group, o.kind, o.ns, name, o.controller };

	if (t->packed != NULL && !pqm_thing_unpack(&w->arena, &o, t->packed))
		w->failed = true;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		text(w, texts[i]);
	num(w, o.line);
	num(w, t->is_named_by_path);
	num(w, w->failed ? 0 : o.n_facts);
	for (size_t i = 0; !w->failed && i < o.n_facts; i++) {
		text(w, o.facts[i].key);
		text(w, o.facts[i].value);
		num(w, o.facts[i].line);
		num(w, o.facts[i].col);
	}
}

#define COUNT(w, list, T)                                                                          \
	do {                                                                                       \
		uint64_t n_ = 0;                                                                   \
		for (const struct T *i_ = (list); i_ != NULL; i_ = i_->next)                       \
			n_++;                                                                      \
		num((w), n_);                                                                      \
	} while (0)

static void put_found(struct writer *w, const struct pqm_content *c)
{
	COUNT(w, c->sightings, pqm_sighting);
	for (const struct pqm_sighting *s = c->sightings; s != NULL; s = s->next)
		put_sighting(w, s);
	COUNT(w, c->marks, pqm_mark);
	for (const struct pqm_mark *m = c->marks; m != NULL; m = m->next) {
		text(w, m->suffix);
		text(w, m->reason);
		text(w, m->words);
		num(w, m->off);
	}
	COUNT(w, c->things, pqm_thing);
	for (const struct pqm_thing *t = c->things; t != NULL; t = t->next)
		put_thing(w, t);
	COUNT(w, c->agains, pqm_again);
	for (const struct pqm_again *g = c->agains; g != NULL; g = g->next) {
		text(w, g->ns);
		text(w, g->controller);
		num(w, g->n);
	}
}

/* How many members of the layer have the content; SIZE_MAX: one of its places is no member. */
static size_t n_members(const struct pqm_content *c, const struct pqm_from *f)
{
	size_t n = 0;

	for (const struct pqm_place *p = c->places; p != NULL; p = p->next) {
		if (p->from == f && p->member == 0)
			return SIZE_MAX;
		n += p->from == f;
	}
	return n;
}

static void put_content(
	struct writer *w, const struct pqm_content *c, const struct pqm_from *f, size_t n)
{
	const bool has_key = c->hash.lo != 0 || c->hash.hi != 0;

	num(w, has_key);
	if (has_key)
		(void)pqm_buf_add(
			&w->body, (pqm_bytes){ (const uint8_t *)&c->hash, sizeof(c->hash) });
	num(w, c->size);
	num(w, n);
	for (const struct pqm_place *p = c->places; p != NULL; p = p->next)
		if (p->from == f)
			num(w, p->member);
	put_found(w, c);
}

static void put_notes(struct writer *w, const struct pqm_run *run, const struct pqm_from *f)
{
	uint64_t n = 0;

	for (const struct pqm_skip_note *s = run->skips; s != NULL; s = s->next)
		n += s->from == f;
	num(w, n);
	for (const struct pqm_skip_note *s = run->skips; s != NULL; s = s->next)
		if (s->from == f) {
			num(w, s->member);
			text(w, s->note.words);
		}
}

/* A note that a worker made of something in the layer, and that no member has: it could not be said again. */
static bool has_stray_note(const struct pqm_run *run, const struct pqm_from *f)
{
	for (const struct pqm_skip_note *s = run->skips; s != NULL; s = s->next)
		if (s->from == NULL && !s->is_of_source && s->note.target == f->target &&
			pqm_starts(s->note.path, f->prefix))
			return true;
	return false;
}

static bool put_all(struct writer *w, const struct pqm_run *run, const struct pqm_from *f)
{
	uint64_t n = 0;

	if (has_stray_note(run, f))
		return false;
	for (const struct pqm_content *c = run->contents; c != NULL; c = c->next) {
		size_t k = n_members(c, f);

		if (k == SIZE_MAX)
			return false;
		n += k > 0;
	}
	num(w, n);
	for (const struct pqm_content *c = run->contents; c != NULL; c = c->next) {
		size_t k = n_members(c, f);

		if (k > 0)
			put_content(w, c, f, k);
	}
	put_notes(w, run, f);
	num(w, atomic_load(&f->left));
	return !w->failed && !w->body.failed && !w->texts.failed;
}

bool pqm_known_write(
	struct pqm_run *run, const struct pqm_from *f, pqm_bytes names, struct pqm_buf *row)
{
	struct writer w = { 0 };
	bool ok;

	pqm_arena_init(&w.arena, PQM_RUN_ARENA_BYTES);
	pqm_buf_init(&w.texts, PQM_CACHE_ROW_BYTES);
	pqm_buf_init(&w.body, PQM_CACHE_ROW_BYTES);
	pthread_mutex_lock(&run->lock);
	ok = !f->is_fleeting && !run->is_out_of_memory && put_all(&w, run, f);
	pthread_mutex_unlock(&run->lock);
	if (ok) {
		pqm_var_put_text(row, PQM_LIT(PQM_KNOWN_FORMAT));
		pqm_var_put_text(row, names);
		pqm_var_put(row, w.n_texts);
		(void)pqm_buf_add(row, pqm_buf_bytes(&w.texts));
		(void)pqm_buf_add(row, pqm_buf_bytes(&w.body));
	}
	pqm_buf_fini(&w.body);
	pqm_buf_fini(&w.texts);
	pqm_map_fini(&w.numbers);
	pqm_arena_fini(&w.arena);
	return ok && !row->failed;
}

void pqm_known_put(struct pqm_run *run, const struct pqm_from *f, pqm_bytes names)
{
	struct pqm_buf row;

	pqm_buf_init(&row, PQM_CACHE_ROW_BYTES);
	if (pqm_known_write(run, f, names, &row))
		pqm_cache_put(run->opt->cache, f->key, pqm_buf_bytes(&row));
	pqm_buf_fini(&row);
}
