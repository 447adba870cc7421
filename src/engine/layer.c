/* layer.c — members of container images: read as streams, and put in their places. */
#include <stdlib.h>

#include "base/limits.h"
#include "base/num.h"
#include "detect/packages.h"
#include "engine.h"

enum pqm_st pqm_from_new(struct pqm_run *run, uint32_t target, const struct pqm_layer *l,
	pqm_bytes prefix, struct pqm_err *err)
{
	struct pqm_from *f;

	pthread_mutex_lock(&run->lock);
	f = pqm_new(&run->arena, struct pqm_from, 1);
	if (f != NULL) {
		f->layer = (struct pqm_layer){ pqm_bytes_dup(&run->arena, l->image),
			pqm_bytes_dup(&run->arena, l->platform),
			pqm_bytes_dup(&run->arena, l->digest),
			pqm_bytes_dup(&run->arena, l->made_by), l->index, l->is_base,
			pqm_bytes_dup(&run->arena, l->as) };
		f->prefix = pqm_bytes_dup(&run->arena, prefix);
		f->target = target;
		f->next = run->layers;
		run->layers = f;
	}
	pthread_mutex_unlock(&run->lock);
	return f != NULL ? PQM_OK : pqm_fail(err, PQM_ENOMEM, "out of memory for a layer");
}

bool pqm_from_path(
	const struct pqm_from *f, pqm_bytes path, unsigned hidden_by, struct pqm_buf *out)
{
	out->n = 0;
	(void)pqm_buf_add(out, f->prefix);
	(void)pqm_buf_add(out, PQM_LIT(" › "));
	if (hidden_by > 0)
		(void)pqm_buf_f(out, "layer %u, hidden by layer %u › ", f->layer.index, hidden_by);
	(void)pqm_buf_add(out, path);
	return !out->failed;
}

size_t pqm_from_attrs(const struct pqm_from *f, unsigned hidden_by, struct pqm_arena *arena,
	struct pqm_attr out[PQM_FROM_ATTRS])
{
	const struct pqm_attr all[PQM_FROM_ATTRS] = {
		{ PQM_LIT("image"), f->layer.image },
		{ PQM_LIT("platform"), f->layer.platform },
		{ PQM_LIT("layer"), f->layer.digest },
		{ PQM_LIT("layer_index"),
			f->layer.index == 0 ? (pqm_bytes){ NULL, 0 }
					    : pqm_arena_f(arena, "%u", f->layer.index) },
		{ PQM_LIT("made_by"), f->layer.made_by },
		{ PQM_LIT("owner"), f->layer.is_base ? PQM_LIT("base") : (pqm_bytes){ NULL, 0 } },
		{ PQM_LIT("shipped"),
			hidden_by == 0 ? (pqm_bytes){ NULL, 0 }
				       : pqm_arena_f(arena, "in a lower layer; hidden by layer %u",
						 hidden_by) },
	};
	size_t n = 0;

	for (size_t i = 0; i < PQM_FROM_ATTRS; i++)
		if (all[i].value.n > 0)
			out[n++] = all[i];
	return n;
}

static bool is_wanted(struct pqm_worker *w, const struct pqm_job *job, pqm_bytes body)
{
	const char *slash = strrchr(job->path, '/');
	struct pqm_artifact a = {
		.body = body,
		.head = pqm_sub(body, 0, PQM_READ_CHUNK_BYTES),
		.path = pqm_str(job->path),
		.name = pqm_str(slash != NULL ? slash + 1 : job->path),
	};

	return pqm_archive_wanted(w->run, job->target, job->from, &a) != 0;
}

void pqm_worker_body(struct pqm_worker *w, const struct pqm_job *job)
{
	struct pqm_dir none = { .fd = -1, .refs = 1 };
	struct pqm_job here = *job;
	pqm_bytes body = { job->body, job->n_body };

	here.dir = &none;
	atomic_fetch_add_explicit(&job->from->read, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&job->from->bytes, body.n, memory_order_relaxed);
	w->matches.n = 0;
	pqm_run_sweep(
		w->run, &(struct pqm_swept){ body, 0, 0, pqm_sampler_wants(body) }, &w->matches);
	if (w->matches.n == 0 && !is_wanted(w, job, body))
		return;
	pqm_hasher_start(w->hasher);
	pqm_hasher_add(w->hasher, body);
	struct pqm_hash128 hash = pqm_hasher_end(w->hasher);

	pqm_worker_swept(w, &here, body, false, &hash);
}

/* Steps over the rest. */
static enum pqm_st pass(struct pqm_member *m, struct pqm_err *err)
{
	pqm_bytes block;
	uint64_t off;
	enum pqm_st st;

	while ((st = m->next(m, &block, &off, err)) == PQM_OK && block.n > 0)
		;
	return st;
}

static void count_read(const struct pqm_job *job, uint64_t n)
{
	atomic_fetch_add_explicit(&job->from->read, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&job->from->bytes, n, memory_order_relaxed);
}

/* An archive that is too large to be held is read as it comes. */
static enum pqm_st stream(
	struct pqm_worker *w, const struct pqm_job *job, struct pqm_peeked *p, struct pqm_err *err)
{
	enum pqm_st st;

	pqm_worker_feed(w, job, p->first, p->m.size, &p->feed.feed);
	st = p->st == PQM_OK ? pass(p->in, err) : p->st;
	if (p->st != PQM_OK)
		*err = p->err;
	if (st == PQM_OK)
		count_read(job, p->m.size);
	return st;
}

static enum pqm_st hold(
	struct pqm_worker *w, const struct pqm_job *job, struct pqm_member *m, struct pqm_err *err)
{
	struct pqm_holding how = { .is_hashed = true };
	struct pqm_held held;
	enum pqm_st st;

	pqm_hasher_start(w->hasher);
	how.whole = pqm_package_form(pqm_str(job->path), NULL) == PQM_PACKAGES_RPM
		? PQM_RPMDB_HELD_BYTES
		: 0;
	st = pqm_member_hold(w, m, how, &held, err);
	if (st == PQM_ELIMIT && held.body.p == NULL) {
		pqm_run_skip_member(w->run, job, "too large for the address space; not read");
		pthread_mutex_lock(&w->run->lock);
		job->from->is_fleeting = true;
		pthread_mutex_unlock(&w->run->lock);
		return PQM_OK;
	}
	if (st == PQM_OK) {
		struct pqm_hash128 hash = pqm_hasher_end(w->hasher);

		count_read(job, m->comes > 0 ? m->comes : held.body.n);
		if (held.is_cut)
			pqm_run_skip_member(w->run, job, PQM_HELD_CUT);
		if (w->matches.n > 0 || is_wanted(w, job, held.body))
			pqm_worker_swept(w, job, held.body, held.is_partial,
				held.has_holes || m->comes > 0 ? NULL : &hash);
	}
	pqm_held_free(&held);
	return st;
}

enum pqm_st pqm_worker_member(
	struct pqm_worker *w, const struct pqm_job *job, struct pqm_member *m, struct pqm_err *err)
{
	const char *slash = strrchr(job->path, '/');
	struct pqm_dir none = { .fd = -1, .refs = 1 };
	struct pqm_job here = *job;
	struct pqm_peeked p;
	enum pqm_st st;

	here.dir = &none;
	if (m->size <= PQM_MEMBER_HELD_BYTES)
		return hold(w, &here, m, err);
	st = pqm_peek(&p, m, err);
	if (st != PQM_OK)
		return st;
	p.m.comes = m->comes;
	return pqm_is_archive(p.first, pqm_str(slash != NULL ? slash + 1 : job->path))
		? stream(w, &here, &p, err)
		: hold(w, &here, &p.m, err);
}

/* "pointer of the layer" and path: what links are looked up by. */
static bool key_of(struct pqm_buf *key, const struct pqm_from *f, pqm_bytes path)
{
	key->n = 0;
	(void)pqm_buf_add(key, (pqm_bytes){ (const uint8_t *)&f, sizeof(f) });
	(void)pqm_buf_add(key, path);
	return !key->failed;
}

struct linking {
	struct pqm_run *run;
	struct pqm_map by_path; /* -> struct pqm_content */
	struct pqm_buf key, text;
	bool failed;
};

static void put(struct linking *l, const struct pqm_from *f, pqm_bytes path, struct pqm_content *c)
{
	pqm_bytes kept;

	if (!key_of(&l->key, f, path)) {
		l->failed = true;
		return;
	}
	kept = pqm_bytes_dup(&l->run->arena, pqm_buf_bytes(&l->key));
	l->failed = l->failed || kept.p == NULL || !pqm_map_put(&l->by_path, kept, c);
}

static void index_places(struct linking *l)
{
	for (struct pqm_content *c = l->run->contents; c != NULL; c = c->next)
		for (struct pqm_place *p = c->places; p != NULL && !l->failed; p = p->next) {
			if (p->from == NULL || p->from->links == NULL)
				continue;
			if (!pqm_from_path(p->from, (pqm_bytes){ NULL, 0 }, p->hidden_by, &l->text))
				l->failed = true;
			else
				put(l, p->from, pqm_sub(p->path, l->text.n, p->path.n), c);
		}
}

static void follow(struct linking *l, struct pqm_from *f)
{
	struct pqm_name *in_order = NULL;

	while (f->links != NULL) {
		struct pqm_name *n = f->links;

		f->links = n->next;
		n->next = in_order;
		in_order = n;
	}
	for (struct pqm_name *n = in_order; n != NULL && !l->failed; n = n->next) {
		struct pqm_content *c = key_of(&l->key, f, n->to)
			? pqm_map_get(&l->by_path, pqm_buf_bytes(&l->key))
			: NULL;
		struct pqm_place *p =
			c == NULL ? NULL : pqm_new(&l->run->arena, struct pqm_place, 1);

		if (c == NULL)
			continue; /* nothing was found in it */
		if (p == NULL || !pqm_from_path(f, n->path, n->hidden_by, &l->text)) {
			l->failed = true;
			return;
		}
		p->target = f->target;
		p->from = f;
		p->hidden_by = n->hidden_by;
		p->path = pqm_bytes_dup(&l->run->arena, pqm_buf_bytes(&l->text));
		p->next = c->places;
		c->places = p;
		put(l, f, n->path, c);
	}
}

static void drop_void(struct pqm_run *run)
{
	for (struct pqm_content *c = run->contents; c != NULL; c = c->next) {
		struct pqm_place **at = &c->places;

		while (*at != NULL) {
			if ((*at)->from != NULL && (*at)->from->is_void)
				*at = (*at)->next;
			else
				at = &(*at)->next;
		}
	}
}

enum pqm_st pqm_layers_settle(struct pqm_run *run, struct pqm_err *err)
{
	struct linking l = { .run = run };
	bool any = false, any_void = false;

	for (struct pqm_from *f = run->layers; f != NULL; f = f->next) {
		struct pqm_counts *c = &run->counts[f->target];

		any = any || f->links != NULL;
		any_void = any_void || f->is_void;
		if (f->is_void)
			continue;
		atomic_fetch_add(&c->seen, atomic_load(&f->seen));
		atomic_fetch_add(&c->read, atomic_load(&f->read));
		atomic_fetch_add(&c->bytes, atomic_load(&f->bytes));
	}
	if (any_void)
		drop_void(run);
	if (!any)
		return PQM_OK;
	pqm_buf_init(&l.key, (size_t)1 << 20);
	pqm_buf_init(&l.text, (size_t)1 << 20);
	index_places(&l);
	for (struct pqm_from *f = run->layers; f != NULL && !l.failed; f = f->next)
		if (!f->is_void)
			follow(&l, f);
	pqm_buf_fini(&l.key);
	pqm_buf_fini(&l.text);
	pqm_map_fini(&l.by_path);
	return l.failed ? pqm_fail(err, PQM_ENOMEM, "out of memory for links in images") : PQM_OK;
}
