/* listed.c — a list that is complete is told page by page, so that a later run can take it over; and taken
 * over, it is what the detectors would have told again. */
#include "engine.h"

#include "base/limits.h"

void pqm_run_drain(struct pqm_run *run, struct pqm_worker *main)
{
	pthread_mutex_lock(&run->lock);
	while (run->n_queued > 0) {
		struct pqm_batch *b = pqm_run_pop(run);

		if (b == NULL) {
			pthread_cond_wait(&run->page_done, &run->lock);
			continue;
		}
		pthread_mutex_unlock(&run->lock);
		pqm_batch_scan(main, b);
		pthread_mutex_lock(&run->lock);
	}
	pthread_mutex_unlock(&run->lock);
}

static bool tell_objects(
	struct pqm_listed_page *p, const struct pqm_content *c, struct pqm_arena *a)
{
	for (const struct pqm_thing *t = c->things; t != NULL; t = t->next) {
		struct pqm_object *o = pqm_grow(a, p->objects, p->n_objects, &p->cap_objects);

		if (o == NULL)
			return false;
		p->objects = o;
		o += p->n_objects++;
		*o = t->object;
		if (t->packed != NULL && !pqm_thing_unpack(a, o, t->packed))
			return false;
	}
	return true;
}

static bool tell_findings(
	struct pqm_listed_page *p, const struct pqm_content *c, struct pqm_arena *a)
{
	for (const struct pqm_sighting *s = c->sightings; s != NULL; s = s->next) {
		struct pqm_finding *f = pqm_grow(a, p->findings, p->n_findings, &p->cap_findings);
		struct pqm_occurrence *at = pqm_new(a, struct pqm_occurrence, 1);

		if (f == NULL || at == NULL)
			return false;
		p->findings = f;
		f += p->n_findings++;
		*f = s->f;
		*at = s->at;
		f->occs = at;
		f->n_occs = 1;
	}
	return true;
}

static bool tell_rest(struct pqm_listed_page *p, const struct pqm_content *c, struct pqm_arena *a)
{
	for (const struct pqm_mark *m = c->marks; m != NULL; m = m->next) {
		struct pqm_note *n = pqm_grow(a, p->notes, p->n_notes, &p->cap_notes);

		if (n == NULL)
			return false;
		p->notes = n;
		p->notes[p->n_notes++] = (struct pqm_note){
			.path = m->suffix, .reason = m->reason, .words = m->words, .off = m->off
		};
	}
	for (const struct pqm_again *g = c->agains; g != NULL; g = g->next) {
		struct pqm_listed_again *n = pqm_grow(a, p->agains, p->n_agains, &p->cap_agains);

		if (n == NULL)
			return false;
		p->agains = n;
		p->agains[p->n_agains++] = (struct pqm_listed_again){ g->ns, g->controller, g->n };
	}
	return true;
}

static bool tell_pages(
	struct pqm_listed *l, const struct pqm_run *run, uint32_t list, struct pqm_arena *a)
{
	for (const struct pqm_content *c = run->contents; c != NULL; c = c->next) {
		struct pqm_listed_page *p;

		if (c->list != list || c->places == NULL)
			continue;
		p = pqm_grow(a, l->pages, l->n_pages, &l->cap_pages);
		if (p == NULL)
			return false;
		l->pages = p;
		p += l->n_pages++;
		*p = (struct pqm_listed_page){ .path = c->places->path };
		if (!tell_objects(p, c, a) || !tell_findings(p, c, a) || !tell_rest(p, c, a))
			return false;
	}
	return true;
}

enum pqm_st pqm_listed_tell(struct pqm_run *run, struct pqm_worker *main, struct pqm_listed *l,
	uint32_t list, struct pqm_err *err)
{
	const struct pqm_scan_options *opt = run->opt;
	struct pqm_arena a;
	enum pqm_st st = PQM_OK;

	if (opt->on_listed == NULL)
		return PQM_OK;
	pqm_run_drain(run, main);
	pqm_arena_init(&a, PQM_RUN_ARENA_BYTES);
	pthread_mutex_lock(&run->lock);
	if (!tell_pages(l, run, list, &a))
		st = pqm_fail(err, PQM_ENOMEM, "out of memory for a list that is kept");
	pthread_mutex_unlock(&run->lock);
	if (st == PQM_OK && !opt->on_listed(opt->ctx, l, false))
		st = pqm_fail(err, PQM_EIO, "%.*s: the stream of -o jsonl cannot be written",
			PQM_FMT(l->target));
	pqm_arena_fini(&a);
	return st;
}

static bool take_things(
	struct pqm_content *c, const struct pqm_listed_page *p, struct pqm_arena *keep)
{
	for (size_t i = 0; i < p->n_objects; i++) {
		struct pqm_thing *t = pqm_new(keep, struct pqm_thing, 1);

		if (t == NULL)
			return false;
		*t = (struct pqm_thing){ .next = c->things, .object = p->objects[i] };
		c->things = t;
	}
	for (size_t i = 0; i < p->n_findings; i++) {
		struct pqm_sighting *s = pqm_new(keep, struct pqm_sighting, 1);

		if (s == NULL)
			return false;
		s->f = p->findings[i];
		s->at = s->f.occs[0];
		s->f.occs = NULL;
		s->f.n_occs = 0;
		s->next = c->sightings;
		c->sightings = s;
	}
	return true;
}

static bool take_rest(
	struct pqm_content *c, const struct pqm_listed_page *p, struct pqm_arena *keep)
{
	for (size_t i = 0; i < p->n_notes; i++) {
		struct pqm_mark *m = pqm_new(keep, struct pqm_mark, 1);

		if (m == NULL)
			return false;
		*m = (struct pqm_mark){ .next = c->marks,
			.suffix = p->notes[i].path,
			.reason = p->notes[i].reason,
			.words = p->notes[i].words,
			.off = p->notes[i].off };
		c->marks = m;
		c->n_marks++;
	}
	for (size_t i = 0; i < p->n_agains; i++) {
		struct pqm_again *g = pqm_new(keep, struct pqm_again, 1);

		if (g == NULL)
			return false;
		*g = (struct pqm_again){ c->agains, p->agains[i].ns, p->agains[i].controller,
			p->agains[i].n };
		c->agains = g;
	}
	return true;
}

static bool take_page(struct pqm_run *run, struct pqm_worker *main, uint32_t target,
	const struct pqm_listed_page *p)
{
	struct pqm_content *c = pqm_new(&main->keep, struct pqm_content, 1);
	bool ok = c != NULL && take_things(c, p, &main->keep) && take_rest(c, p, &main->keep);

	pthread_mutex_lock(&run->lock);
	if (ok)
		c->places = pqm_new(&run->arena, struct pqm_place, 1);
	if (ok && c->places != NULL) {
		*c->places = (struct pqm_place){ .target = target, .path = p->path };
		c->origin = p->path;
		c->next = run->contents;
		run->contents = c;
	} else {
		run->is_out_of_memory = true;
	}
	pthread_mutex_unlock(&run->lock);
	return ok;
}

const struct pqm_listed *pqm_listed_take(
	struct pqm_run *run, struct pqm_worker *main, uint32_t target, pqm_bytes request)
{
	const struct pqm_scan_options *opt = run->opt;
	const struct pqm_listed *l = NULL;

	for (size_t i = 0; i < opt->n_known_lists && l == NULL; i++)
		if (pqm_eqs(opt->known_lists[i].target, run->targets[target]) &&
			pqm_eq(opt->known_lists[i].request, request))
			l = &opt->known_lists[i];
	for (size_t i = 0; l != NULL && i < l->n_pages; i++)
		if (!take_page(run, main, target, &l->pages[i]))
			break;
	if (l != NULL && opt->on_listed != NULL)
		(void)opt->on_listed(opt->ctx, l, true);
	return l;
}
