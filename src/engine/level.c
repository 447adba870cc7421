/* level.c — runs detectors over one artifact and keeps what they emit. */
#include "base/limits.h"
#include "engine.h"

#define CLAIMS_MAX 256

struct claim {
	uint64_t from, to;
	uint16_t detector;
};

struct emitter {
	struct pqm_emit emit; /* first: the detector sees only this */
	struct pqm_look *l;
	uint16_t detector;
	struct claim claim[CLAIMS_MAX];
	size_t n_claims;
	/* What this level emitted so far, newest first; moved to the content when the level ends. */
	struct pqm_sighting *sightings;
	struct pqm_mark *marks;
};

/* Texts that repeat (rule ids, families, sentences) are kept once. */
static pqm_bytes keep(struct pqm_worker *w, pqm_bytes b)
{
	if (b.n == 0)
		return (pqm_bytes){ NULL, 0 };
	pqm_bytes *old = pqm_map_get(&w->interned, b);

	if (old != NULL)
		return *old;
	pqm_bytes *copy = pqm_new(&w->keep, pqm_bytes, 1);

	if (copy == NULL)
		return (pqm_bytes){ NULL, 0 };
	*copy = pqm_bytes_dup(&w->keep, b);
	if (copy->p == NULL || !pqm_map_put(&w->interned, *copy, copy))
		return (pqm_bytes){ NULL, 0 };
	return *copy;
}

static enum pqm_st no_memory(struct emitter *e)
{
	pthread_mutex_lock(&e->l->w->run->lock);
	e->l->w->run->is_out_of_memory = true;
	pthread_mutex_unlock(&e->l->w->run->lock);
	return PQM_ENOMEM;
}

static bool keep_attrs(struct pqm_worker *w, struct pqm_sighting *s, const struct pqm_found *f)
{
	if (f->n_attrs == 0)
		return true;
	struct pqm_attr *attrs = pqm_new(&w->keep, struct pqm_attr, f->n_attrs);

	if (attrs == NULL)
		return false;
	for (size_t i = 0; i < f->n_attrs; i++)
		attrs[i] =
			(struct pqm_attr){ keep(w, f->attrs[i].key), keep(w, f->attrs[i].value) };
	s->at.attrs = attrs;
	s->at.n_attrs = f->n_attrs;
	return true;
}

/* Keys and certificates inside a program are mostly its test data, examples and built-in authorities:
 * later stages must be able to tell them from keys that lie there to be used. */
static bool is_inside_program(const struct pqm_look *l, const struct pqm_found *f)
{
	pqm_bytes head = l->artifact->head;

	if ((f->meaning != PQM_KEY && f->meaning != PQM_CERT) || l->line != 0 || f->line != 0)
		return false;
	return f->n_attrs < PQM_ATTRS_MAX &&
		(pqm_starts(head, PQM_LIT("\177ELF")) || pqm_starts(head, PQM_LIT("!<arch>\n")));
}

static enum pqm_st emit_found(struct pqm_emit *emit, const struct pqm_found *given)
{
	struct emitter *e = (struct emitter *)emit;
	struct pqm_found marked;
	const struct pqm_found *f = given;
	struct pqm_look *l = e->l;
	struct pqm_worker *w = l->w;
	struct pqm_sighting *s = pqm_new(&w->keep, struct pqm_sighting, 1);

	if (is_inside_program(l, given)) {
		marked = *given;
		pqm_found_attr(&marked, "inside", PQM_LIT("program"));
		f = &marked;
	}
	if (s == NULL || !keep_attrs(w, s, f))
		return no_memory(e);
	s->f = (struct pqm_finding){
		.rule = keep(w, f->rule),
		.identity = keep(w, f->identity),
		.meaning = f->meaning,
		.function = f->function,
		.quantum = f->quantum,
		.classical = f->classical,
		.evidence = f->evidence,
		.basis = f->basis,
		.family = keep(w, f->family),
		.algorithm = keep(w, f->algorithm),
		.parameter = keep(w, f->parameter),
		.why = keep(w, f->why),
		.fix = keep(w, f->fix),
		.bits = f->bits,
	};
	pqm_finding_id(s->f.id, f);
	s->at.path = keep(w, l->suffix);
	s->at.object = keep(w, f->object.n > 0 ? f->object : l->object);
	s->at.off = f->off;
	s->at.line = l->line != 0 ? l->line : f->line;
	s->at.col = l->line != 0 ? l->col : f->col;
	s->detector = e->detector;
	s->is_direct = f->line == 0;
	s->next = e->sightings;
	e->sightings = s;
	return PQM_OK;
}

static enum pqm_st emit_object(struct pqm_emit *emit, const struct pqm_object *o)
{
	struct emitter *e = (struct emitter *)emit;
	struct pqm_worker *w = e->l->w;
	struct pqm_thing *t = pqm_new(&w->keep, struct pqm_thing, 1);
	struct pqm_fact *facts = pqm_new(&w->keep, struct pqm_fact, o->n_facts + 1);

	if (t == NULL || facts == NULL)
		return no_memory(e);
	t->object = *o;
	t->object.path = keep(w, e->l->suffix);
	t->object.group = keep(w, o->group);
	t->object.kind = keep(w, o->kind);
	t->object.ns = keep(w, o->ns);
	t->object.name = keep(w, o->name);
	for (size_t i = 0; i < o->n_facts; i++) {
		facts[i] = o->facts[i];
		facts[i].key = keep(w, o->facts[i].key);
		facts[i].value = keep(w, o->facts[i].value);
	}
	t->object.facts = facts;
	t->next = e->l->content->things;
	e->l->content->things = t;
	return PQM_OK;
}

static void emit_note(struct pqm_emit *emit, uint64_t off, enum pqm_st why, const char *words)
{
	struct emitter *e = (struct emitter *)emit;
	struct pqm_worker *w = e->l->w;
	struct pqm_content *content = e->l->content;
	char place[64] = "";

	if (content->n_marks > PQM_NOTES_PER_FILE)
		return;
	if (content->n_marks++ == PQM_NOTES_PER_FILE) {
		off = UINT64_MAX;
		why = PQM_ELIMIT;
		words = "more than 50 problems in this file; the others are not listed";
	}
	struct pqm_mark *m = pqm_new(&w->keep, struct pqm_mark, 1);

	if (m == NULL) {
		(void)no_memory(e);
		return;
	}
	if (e->l->line != 0)
		(void)snprintf(place, sizeof(place), "%u:%u: ", e->l->line, e->l->col);
	m->suffix = keep(w, e->l->suffix);
	m->reason = pqm_str(pqm_st_name(why));
	m->words = keep(w, pqm_arena_f(&w->scratch, "%s%s", place, words));
	m->off = off;
	m->detector = e->detector;
	m->is_direct = true;
	m->next = e->marks;
	e->marks = m;
}

static void emit_claim(struct pqm_emit *emit, uint64_t from, uint64_t to)
{
	struct emitter *e = (struct emitter *)emit;
	struct claim *last = e->n_claims > 0 ? &e->claim[e->n_claims - 1] : NULL;

	if (from >= to)
		return;
	/* When the table is full the last range grows: values stand in order in a document. */
	if (last != NULL && e->n_claims == CLAIMS_MAX && last->detector == e->detector) {
		last->to = to > last->to ? to : last->to;
		return;
	}
	if (e->n_claims < CLAIMS_MAX)
		e->claim[e->n_claims++] = (struct claim){ from, to, e->detector };
}

static enum pqm_st emit_child(struct pqm_emit *emit, const struct pqm_child *c)
{
	struct emitter *e = (struct emitter *)emit;
	struct pqm_look *up = e->l;
	struct pqm_worker *w = up->w;
	uint64_t done[64] = { 0 };
	/* The parent's matches are in use; the child gets a buffer of its own. */
	struct pqm_matches matches = { pqm_new(&w->scratch, struct pqm_match, 4096), 0, 4096,
		false };
	struct pqm_matches saved = w->matches;
	struct pqm_hit *saved_hits = w->hits, *hits = pqm_new(&w->scratch, struct pqm_hit, 4096);
	struct pqm_artifact a = {
		.body = c->body,
		.head = pqm_sub(c->body, 0, PQM_READ_CHUNK_BYTES),
		.path = up->artifact->path,
		.name = c->path_part,
		.object = c->object,
		.line = c->line,
		.col = c->col,
		.depth = up->depth + 1,
		.arena = &w->scratch,
	};
	struct pqm_look l = { w, up->content, &a, up->suffix, c->object,
		c->line != 0 ? c->line : up->line, c->line != 0 ? c->col : up->col, up->depth + 1,
		done };

	if (matches.match == NULL || hits == NULL)
		return PQM_ENOMEM;
	if (up->depth + 1 > PQM_ARTIFACT_DEPTH) {
		emit_note(emit, UINT64_MAX, PQM_ELIMIT, "nested deeper than 8 levels");
		return PQM_OK;
	}
	if (c->path_part.n > 0)
		l.suffix = pqm_arena_f(&w->scratch, "%.*s › %.*s", PQM_FMT(up->suffix),
			PQM_FMT(pqm_printable(&w->scratch, c->path_part)));
	pqm_matcher_sweep(w->run->matcher, c->body, 0, 0, &matches);
	if (matches.is_full)
		emit_note(emit, UINT64_MAX, PQM_ELIMIT, "more than 4,096 candidates in one value");
	w->matches = matches;
	w->hits = hits;
	pqm_look_detect(&l);
	w->matches = saved;
	w->hits = saved_hits;
	return PQM_OK;
}

static bool is_claimed(const struct emitter *e, uint16_t detector, uint64_t off)
{
	for (size_t i = 0; i < e->n_claims; i++)
		if (e->claim[i].detector != detector && off >= e->claim[i].from &&
			off < e->claim[i].to)
			return true;
	return false;
}

static void commit(struct emitter *e)
{
	struct pqm_content *c = e->l->content;

	while (e->sightings != NULL) {
		struct pqm_sighting *s = e->sightings;

		e->sightings = s->next;
		if (s->is_direct && is_claimed(e, s->detector, s->at.off))
			continue;
		s->next = c->sightings;
		c->sightings = s;
	}
	while (e->marks != NULL) {
		struct pqm_mark *m = e->marks;

		e->marks = m->next;
		if (m->off != UINT64_MAX && is_claimed(e, m->detector, m->off))
			continue;
		m->next = c->marks;
		c->marks = m;
	}
}

uint64_t pqm_look_wanted(const struct pqm_run *run, const struct pqm_artifact *a)
{
	uint64_t wanted = 0;

	for (size_t i = 0; i < run->n_detectors; i++)
		if (run->detectors[i]->wants != NULL && run->detectors[i]->wants(a))
			wanted |= UINT64_C(1) << i;
	return wanted;
}

static int by_offset(const void *a, const void *b)
{
	const struct pqm_hit *x = a, *y = b;

	if (x->off != y->off)
		return x->off < y->off ? -1 : 1;
	return (x->anchor > y->anchor) - (x->anchor < y->anchor);
}

static size_t hits_of(const struct pqm_worker *w, size_t detector)
{
	size_t n = 0;
	bool sorted = true;

	for (size_t i = 0; i < w->matches.n; i++) {
		uint32_t p = w->matches.match[i].pattern;

		if (w->run->pattern[p].detector != detector)
			continue;
		w->hits[n] = (struct pqm_hit){ w->matches.match[i].off, w->run->pattern[p].anchor };
		sorted = sorted && (n == 0 || w->hits[n - 1].off <= w->hits[n].off);
		n++;
	}
	if (!sorted)
		qsort(w->hits, n, sizeof(*w->hits), by_offset);
	return n;
}

void pqm_look_detect(struct pqm_look *l)
{
	struct pqm_worker *w = l->w;
	const struct pqm_run *run = w->run;
	struct emitter e = {
		.emit = { emit_found, emit_object, emit_child, emit_note, emit_claim },
		.l = l,
	};
	uint64_t wanted = pqm_look_wanted(run, l->artifact);

	for (size_t i = 0; i < w->matches.n; i++)
		wanted |= UINT64_C(1) << run->pattern[w->matches.match[i].pattern].detector;
	for (size_t i = 0; i < run->n_detectors; i++) {
		if ((wanted >> i & 1) == 0)
			continue;
		struct pqm_err err = { 0 };
		struct pqm_hits hits = { w->hits, hits_of(w, i), &l->done[i] };

		e.detector = (uint16_t)i;
		enum pqm_st st =
			run->detectors[i]->run(run->rules, l->artifact, &hits, &e.emit, &err);

		if (st != PQM_OK)
			emit_note(&e.emit, UINT64_MAX, st,
				err.msg[0] != '\0' ? err.msg : run->detectors[i]->name);
	}
	commit(&e);
}
