/* level.c — runs detectors over one artifact and keeps what they emit. */
#include <sys/mman.h>

#include "base/limits.h"
#include "base/mapped.h"
#include "engine.h"

#define CHILD_MATCHES PQM_HITS_BATCH
#define BIG_MATCHES (PQM_HITS_BATCH + 2 * PQM_READ_CHUNK_BYTES)
#define CLAIMS_BACK 64
#define HITS_SLICE ((size_t)512)

struct claim {
	uint64_t from, to;
	uint16_t detector;
};

struct emitter {
	struct pqm_emit emit; /* first: the detector sees only this */
	struct pqm_look *l;
	uint16_t detector;
	pqm_bytes suffix;    /* of the level */
	struct claim *claim; /* in the artifact's arena */
	size_t n_claims, cap_claims;
	/* What this level emitted so far, newest first; moved to the content when the level ends. */
	struct pqm_sighting *sightings;
	struct pqm_mark *marks;
};

static const pqm_bytes no_text = { NULL, 0 };

/* Texts that repeat (rule ids, families, sentences) are kept once. NULL without memory. */
static const pqm_bytes *intern(struct pqm_worker *w, pqm_bytes b)
{
	if (b.n == 0)
		return &no_text;
	pqm_bytes *old = pqm_map_get(&w->interned, b);

	if (old != NULL)
		return old;
	pqm_bytes *copy = pqm_new(&w->texts, pqm_bytes, 1);

	if (copy == NULL)
		return NULL;
	*copy = pqm_bytes_dup(&w->texts, b);
	return copy->p != NULL && pqm_map_put(&w->interned, *copy, copy) ? copy : NULL;
}

static pqm_bytes keep(struct pqm_worker *w, pqm_bytes b)
{
	const pqm_bytes *kept = intern(w, b);

	return kept == NULL ? no_text : *kept;
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

static bool has_attr(const struct pqm_found *f, const char *key)
{
	for (size_t i = 0; i < f->n_attrs; i++)
		if (pqm_eqs(f->attrs[i].key, key))
			return true;
	return false;
}

/* The line and column in the file. */
static uint32_t place_of(const struct pqm_look *l, const struct pqm_found *f, uint32_t *col)
{
	bool is_own = l->line == 0 || (l->is_block && f->line > 0);

	*col = is_own ? f->col : l->col;
	return l->line == 0 ? f->line : l->line + (l->is_block ? f->line : 0);
}

/* Of a key or certificate in armour, say: a file of its own, and an offset that means one. */
static bool has_lines(const struct pqm_look *l, const struct pqm_found *f)
{
	return (f->off > 0 || f->meaning == PQM_KEY || f->meaning == PQM_CERT) &&
		(l->depth == 0 || l->suffix.n > 0) && !l->is_partial && !l->artifact->has_holes;
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
	} else if (l->address.n > 0 && !has_attr(given, "address")) {
		marked = *given;
		pqm_found_attr(&marked, "address", l->address);
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
	if (!l->is_listed) {
		s->at.off = f->off;
		s->at.line = place_of(l, f, &s->at.col);
		if (s->at.line == 0 && has_lines(l, f))
			pqm_lines_place(&l->lines, l->artifact->body, f->off, &s->at);
	}
	s->detector = e->detector;
	s->is_direct = f->line == 0;
	s->next = e->sightings;
	e->sightings = s;
	return PQM_OK;
}

static bool keep_facts(struct pqm_worker *w, struct pqm_thing *t, const struct pqm_object *o)
{
	struct pqm_fact *facts = pqm_new(&w->texts, struct pqm_fact, o->n_facts);

	for (size_t i = 0; facts != NULL && i < o->n_facts; i++) {
		const pqm_bytes *key = intern(w, o->facts[i].key);
		const pqm_bytes *value = intern(w, o->facts[i].value);

		if (key == NULL || value == NULL)
			return false;
		facts[i] = (struct pqm_fact){ *key, *value, o->facts[i].line, o->facts[i].col };
	}
	t->object.facts = facts;
	return facts != NULL;
}

static bool pack_facts(struct pqm_worker *w, struct pqm_thing *t, const struct pqm_object *o)
{
	struct pqm_packed *packed = pqm_new(&w->keep, struct pqm_packed, o->n_facts);

	for (size_t i = 0; packed != NULL && i < o->n_facts; i++) {
		packed[i] = (struct pqm_packed){ intern(w, o->facts[i].key),
			intern(w, o->facts[i].value), o->facts[i].line, o->facts[i].col };
		if (packed[i].key == NULL || packed[i].value == NULL)
			return false;
	}
	t->packed = packed;
	t->object.facts = NULL;
	return packed != NULL;
}

/* Lines of an object inside a value are lines of the file: below the mark of a block, else those of the value. */
static void move_lines(struct pqm_thing *t, const struct pqm_look *l)
{
	struct pqm_fact *facts = (struct pqm_fact *)(uintptr_t)t->object.facts;
	struct pqm_packed *packed = (struct pqm_packed *)(uintptr_t)t->packed;

	t->object.line = l->line + (l->is_block ? t->object.line : 0);
	for (size_t i = 0; (packed != NULL || facts != NULL) && i < t->object.n_facts; i++) {
		uint32_t *line = packed != NULL ? &packed[i].line : &facts[i].line;

		*line = l->line + (l->is_block ? *line : 0);
	}
}

/* Objects of an API server stand in no file. */
static void drop_lines(struct pqm_thing *t)
{
	struct pqm_fact *facts = (struct pqm_fact *)(uintptr_t)t->object.facts;
	struct pqm_packed *packed = (struct pqm_packed *)(uintptr_t)t->packed;

	t->object.line = 0;
	for (size_t i = 0; (packed != NULL || facts != NULL) && i < t->object.n_facts; i++) {
		if (packed != NULL)
			packed[i].line = packed[i].col = 0;
		else if (facts != NULL)
			facts[i].line = facts[i].col = 0;
	}
}

static enum pqm_st emit_object(struct pqm_emit *emit, const struct pqm_object *o)
{
	struct emitter *e = (struct emitter *)emit;
	struct pqm_worker *w = e->l->w;
	struct pqm_thing *t;

	if (o->controller.n > 0 && o->n_made > 0)
		return pqm_worker_again(w, e->l->content, o) ? PQM_OK : no_memory(e);
	t = pqm_new(&w->keep, struct pqm_thing, 1);
	if (t == NULL)
		return no_memory(e);
	t->object = *o;
	t->object.path = keep(w, e->l->suffix);
	t->object.group = keep(w, o->group);
	t->object.kind = keep(w, o->kind);
	t->object.ns = keep(w, o->ns);
	t->object.name = pqm_bytes_dup(&w->texts, o->name);
	t->object.controller = keep(w, o->controller);
	t->is_named_by_path = e->l->depth == 0 && e->l->artifact->path.n > 0 &&
		o->name.p == e->l->artifact->path.p;
	/* A later run that takes the list over may not have the controller. */
	if (e->l->is_listed && w->run->opt->on_listed == NULL && e->l->content->places != NULL &&
		pqm_is_settled(w->run, e->l->content->places->target, o))
		t->object.n_facts = 0;
	if (t->object.n_facts == 0)
		t->object.facts = NULL;
	else if (o->controller.n > 0 ? !pack_facts(w, t, o) : !keep_facts(w, t, o))
		return no_memory(e);
	if (e->l->is_listed)
		drop_lines(t);
	else if (e->l->line != 0)
		move_lines(t, e->l);
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

	/* That all the rest was left is said however much was said before. */
	bool is_end = w->opened.is_over && !w->opened.is_told;

	w->opened.is_told = w->opened.is_over;
	if (content->n_marks > PQM_NOTES_PER_FILE && !is_end)
		return;
	if (!is_end && content->n_marks++ == PQM_NOTES_PER_FILE) {
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
	struct claim *grown;

	if (from >= to)
		return;
	grown = pqm_grow(e->l->artifact->arena, e->claim, e->n_claims, &e->cap_claims);
	if (grown == NULL) {
		(void)no_memory(e);
		return;
	}
	e->claim = grown;
	e->claim[e->n_claims++] = (struct claim){ from, to, e->detector };
}

static void emit_passed(struct pqm_emit *emit, uint64_t off)
{
	struct emitter *e = (struct emitter *)emit;
	pqm_bytes body = e->l->artifact->body;

	if (e->l->is_mapped && off <= body.n)
		(void)madvise((void *)(uintptr_t)body.p, (size_t)off, MADV_DONTNEED);
}

static void emit_part(struct pqm_emit *emit, pqm_bytes path_part)
{
	struct emitter *e = (struct emitter *)emit;
	struct pqm_look *l = e->l;
	struct pqm_arena *arena = &l->w->scratch;

	if (l->is_listed && pqm_starts(path_part, PQM_LIT("/"))) {
		e->suffix = pqm_bytes_dup(arena, path_part);
		path_part.n = 0;
	}
	l->suffix = e->suffix;
	if (path_part.n > 0)
		l->suffix = pqm_arena_f(arena, "%.*s › %.*s", PQM_FMT(e->suffix),
			PQM_FMT(pqm_printable(arena, path_part)));
}

static void emit_used(struct pqm_emit *emit, pqm_bytes rel)
{
	struct emitter *e = (struct emitter *)emit;

	if (e->l->artifact->near != NULL)
		pqm_around_used((struct pqm_around *)e->l->artifact->near, rel);
}

static bool emit_beside(struct pqm_emit *emit, const struct pqm_beside *job)
{
	const struct pqm_look *l = ((struct emitter *)emit)->l;

	return l->depth == 0 && pqm_worker_beside(l->w, l->artifact->body, job);
}

static void emit_alone(struct pqm_emit *emit)
{
	const struct pqm_look *l = ((struct emitter *)emit)->l;

	if (l->depth == 0)
		pqm_worker_alone(l->w);
}

static void *emit_kept(struct pqm_emit *emit, size_t n, struct pqm_arena **arena)
{
	const struct emitter *e = (struct emitter *)emit;
	struct pqm_kept_of *k;

	if (e->detector >= PQM_DETECTORS_MAX)
		return NULL;
	k = &e->l->w->kept[e->detector];
	if (k->p == NULL) {
		k->p = pqm_calloc(1, n);
		pqm_arena_init(&k->arena, PQM_ARENA_BYTES);
	}
	*arena = &k->arena;
	return k->p;
}

/* Matches and hits of nested artifacts: one pair for each depth, kept by the worker. */
static bool child_buffers(struct pqm_worker *w, unsigned depth)
{
	if (w->child_matches[depth] == NULL)
		w->child_matches[depth] =
			pqm_malloc(CHILD_MATCHES * sizeof(*w->child_matches[depth]));
	if (w->child_hits[depth] == NULL)
		w->child_hits[depth] = pqm_malloc(CHILD_MATCHES * sizeof(*w->child_hits[depth]));
	return w->child_matches[depth] != NULL && w->child_hits[depth] != NULL;
}

/* A large file of an archive, swept while it is read. */
static enum pqm_st hold(struct pqm_emit *emit, struct pqm_look *l, struct pqm_member *big,
	struct pqm_held *held, struct pqm_err *err)
{
	enum pqm_st st = pqm_member_hold(l->w, big, (struct pqm_holding){ 0 }, held, err);

	if (st == PQM_ELIMIT)
		emit_note(emit, UINT64_MAX, st, "too large for the address space; not read");
	else if (st != PQM_OK)
		emit_note(emit, UINT64_MAX, st, err->msg);
	if (st != PQM_OK)
		return st;
	if (held->is_cut)
		emit_note(emit, UINT64_MAX, PQM_ELIMIT, PQM_HELD_CUT);
	l->is_partial = l->artifact->has_holes = held->is_partial;
	l->artifact->body = held->body;
	l->artifact->head = pqm_sub(held->body, 0, PQM_READ_CHUNK_BYTES);
	return PQM_OK;
}

/* Runs the detectors over the child with these buffers. */
static enum pqm_st look_with(struct pqm_emit *emit, struct pqm_look *l, struct pqm_member *big,
	const struct pqm_matches *matches, struct pqm_hit *hits)
{
	struct pqm_worker *w = l->w;
	struct pqm_matches saved = w->matches;
	struct pqm_hit *saved_hits = w->hits;
	struct pqm_held held = { .body = { NULL, 0 } };
	struct pqm_err err = { 0 };
	enum pqm_st st = PQM_OK;

	w->matches = *matches;
	w->hits = hits;
	if (big != NULL)
		st = hold(emit, l, big, &held, &err);
	else if (l->feed == NULL)
		pqm_run_sweep(w->run,
			&(struct pqm_swept){
				l->artifact->body, 0, 0, pqm_sampler_wants(l->artifact->body) },
			&w->matches);
	if (w->matches.is_full)
		emit_note(emit, UINT64_MAX, PQM_ELIMIT,
			big != NULL ? "more than 540,000 candidates in one member"
				    : "more than 16,384 candidates in one value or member");
	if (st == PQM_OK)
		pqm_look_detect(l);
	pqm_held_free(&held);
	w->matches = saved;
	w->hits = saved_hits;
	return st == PQM_ENOMEM ? st : PQM_OK;
}

/* Chance makes candidates in large files; of these buffers only what is used takes memory. */
static enum pqm_st look_at_big(struct pqm_emit *emit, struct pqm_look *l, struct pqm_member *big)
{
	struct pqm_matches matches = { pqm_malloc(BIG_MATCHES * sizeof(*matches.match)), 0,
		BIG_MATCHES, false };
	struct pqm_hit *hits = pqm_malloc(BIG_MATCHES * sizeof(*hits));
	enum pqm_st st = matches.match == NULL || hits == NULL
		? no_memory((struct emitter *)emit)
		: look_with(emit, l, big, &matches, hits);

	pqm_free(matches.match);
	pqm_free(hits);
	return st;
}

/* The same with the worker's buffers of its depth. */
static enum pqm_st look_at_child(struct pqm_emit *emit, struct pqm_look *l)
{
	struct pqm_worker *w = l->w;

	return look_with(emit, l, NULL,
		&(struct pqm_matches){ w->child_matches[l->depth - 1], 0, CHILD_MATCHES, false },
		w->child_hits[l->depth - 1]);
}

/* A file of an archive has a name of its own, and a path that ends with it. */
static void name_file(struct pqm_artifact *a, const struct pqm_look *l, const struct pqm_child *c)
{
	const uint8_t *slash = memrchr(c->path_part.p, '/', c->path_part.n);
	pqm_bytes path =
		pqm_arena_f(a->arena, "%.*s%.*s", PQM_FMT(l->content->origin), PQM_FMT(l->suffix));

	if (slash != NULL)
		a->name =
			pqm_sub(c->path_part, (size_t)(slash - c->path_part.p) + 1, c->path_part.n);
	if (path.p != NULL)
		a->path = path;
}

enum pqm_st pqm_look_file(struct pqm_emit *emit, const struct pqm_child *c, struct pqm_member *big,
	struct pqm_feed *feed)
{
	struct emitter *e = (struct emitter *)emit;
	struct pqm_look *up = e->l;
	struct pqm_worker *w = up->w;
	uint64_t done[64] = { 0 };
	struct pqm_arena own; /* of this child: a file may have thousands, and they hold secrets */
	struct pqm_artifact a = {
		.body = c->body,
		.head = pqm_sub(c->body, 0, PQM_READ_CHUNK_BYTES),
		.path = up->artifact->path,
		.name = c->path_part,
		.object = c->object,
		.line = c->line,
		.col = c->col,
		.depth = up->depth + 1,
		.arena = &own,
	};
	struct pqm_look l = { w, up->content, &a, up->suffix, c->object,
		c->line != 0 ? c->line : up->line, c->line != 0 ? c->col : up->col, up->depth + 1,
		false, up->address, done, up->is_listed, c->is_block, NULL, feed, false, { 0 } };
	enum pqm_st st;

	if (up->depth + 1 > PQM_ARTIFACT_DEPTH) {
		emit_note(emit, UINT64_MAX, PQM_ELIMIT, "nested deeper than 8 levels");
		return PQM_OK;
	}
	if (!child_buffers(w, up->depth))
		return no_memory(e);
	pqm_arena_init(&own, PQM_ARENA_BYTES);
	if (c->path_part.n > 0)
		l.suffix = pqm_arena_f(&own, "%.*s › %.*s", PQM_FMT(up->suffix),
			PQM_FMT(pqm_printable(&own, c->path_part)));
	if (c->is_file)
		name_file(&a, &l, c);
	st = big != NULL ? look_at_big(emit, &l, big) : look_at_child(emit, &l);
	pqm_arena_wipe(&own);
	pqm_arena_fini(&own);
	return st;
}

static enum pqm_st emit_child(struct pqm_emit *emit, const struct pqm_child *c)
{
	return pqm_look_file(emit, c, NULL, NULL);
}

static int by_start(const void *x, const void *y)
{
	const struct claim *a = x, *b = y;

	if (a->from != b->from)
		return a->from < b->from ? -1 : 1;
	return (a->to > b->to) - (a->to < b->to);
}

/* Claims are sorted. They hardly overlap, so the few that start last before off decide. */
static bool is_claimed(const struct emitter *e, uint16_t detector, uint64_t off)
{
	size_t lo = 0, hi = e->n_claims;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (e->claim[mid].from <= off)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (size_t back = 0; lo > 0 && back < CLAIMS_BACK; back++, lo--)
		if (e->claim[lo - 1].detector != detector && off < e->claim[lo - 1].to)
			return true;
	return false;
}

static void commit(struct emitter *e)
{
	struct pqm_content *c = e->l->content;

	if (e->n_claims > 1)
		qsort(e->claim, e->n_claims, sizeof(*e->claim), by_start);
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
	if (pqm_pack_of(a->head) != PQM_PACK_NONE || pqm_may_hold_zip(a))
		wanted |= UINT64_C(1) << PQM_ARCHIVE_BIT;
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

		if (pqm_run_detector(w->run, p) != detector)
			continue;
		w->hits[n] = (struct pqm_hit){ w->matches.match[i].off, pqm_run_anchor(w->run, p) };
		sorted = sorted && (n == 0 || w->hits[n - 1].off <= w->hits[n].off);
		n++;
	}
	if (!sorted)
		qsort(w->hits, n, sizeof(*w->hits), by_offset);
	return n;
}

/* Runs one detector. Hits in a large mapping are handed over in slices, and the pages that were touched
 * are given back behind each: a hit makes sixteen pages resident. */
static void run_one(struct pqm_look *l, size_t i, struct emitter *e)
{
	const struct pqm_run *run = l->w->run;
	size_t n = hits_of(l->w, i), at = 0;
	bool slices = l->is_mapped && n > HITS_SLICE && !run->detectors[i]->is_sampled;

	do {
		size_t take = slices && n - at > HITS_SLICE ? HITS_SLICE : n - at;
		struct pqm_hits hits = { l->w->hits + at, take, &l->done[i] };
		struct pqm_err err = { 0 };
		enum pqm_st st =
			run->detectors[i]->run(run->rules, l->artifact, &hits, &e->emit, &err);

		emit_alone(&e->emit);
		if (st != PQM_OK)
			emit_note(&e->emit, UINT64_MAX, st,
				err.msg[0] != '\0' ? err.msg : run->detectors[i]->name);
		if (l->is_mapped)
			pqm_mapped_drop();
		at += take;
	} while (at < n);
}

void pqm_look_detect(struct pqm_look *l)
{
	struct pqm_worker *w = l->w;
	const struct pqm_run *run = w->run;
	struct emitter e = {
		.emit = { emit_found, emit_object, emit_child, emit_note, emit_claim, emit_passed,
			emit_part, emit_used, emit_beside, emit_alone, emit_kept },
		.l = l,
		.suffix = l->suffix,
	};
	uint64_t wanted = pqm_look_wanted(run, l->artifact);
	pqm_bytes suffix = l->suffix;

	e.detector = PQM_ARCHIVE_BIT;
	if ((wanted >> PQM_ARCHIVE_BIT & 1) != 0 && pqm_look_archive(l, &e.emit)) {
		commit(&e);
		return;
	}
	for (size_t i = 0; i < w->matches.n; i++)
		wanted |= UINT64_C(1) << pqm_run_detector(run, w->matches.match[i].pattern);
	for (size_t i = 0; i < run->n_detectors; i++) {
		if ((wanted >> i & 1) == 0)
			continue;
		e.detector = (uint16_t)i;
		run_one(l, i, &e);
		l->suffix = e.suffix = suffix;
	}
	commit(&e);
}

enum pqm_st pqm_look_endpoint(struct pqm_look *l, struct pqm_endpoint *ep, struct pqm_err *err)
{
	struct emitter e = {
		.emit = { emit_found, emit_object, emit_child, emit_note, emit_claim, emit_passed,
			emit_part, emit_used, emit_beside, emit_alone, emit_kept },
		.l = l,
		.detector = UINT16_MAX,
	};
	enum pqm_st st = pqm_endpoint_emit(l->w->run->rules, ep, l->artifact->arena, &e.emit, err);

	commit(&e);
	return st;
}
