/* known.c — a layer out of its record: all of it is read before anything of it is used. */
#include "known.h"

#include <link.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/var.h"
#include "gen/commit.h"
#include "source/img_names.h"

struct stand { /* a member that has a content */
	uint32_t member, content;
};

struct told { /* a note of a member */
	uint32_t member;
	const char *words;
};

struct held {
	struct pqm_content *c; /* as read; then the one that the run has of it */
	bool has_key, is_claimed;
};

struct pqm_known {
	pqm_bytes names;
	struct pqm_buf row;
	struct held *contents;
	struct stand *stands; /* by member */
	struct told *notes;   /* by member */
	size_t n_contents, n_stands, n_notes, cap_stands, cap_notes;
	size_t at_stand, at_note;
	uint64_t n_left;
	uint32_t n_members;
	bool is_used;		/* the run has contents of it that it had not before */
	struct pqm_arena arena; /* of all but row and this */
};

struct reader {
	struct pqm_cur c;
	struct pqm_known *k;
	struct pqm_arena *arena;
	pqm_bytes *text; /* from 1 */
	uint32_t n_texts;
};

/* The linker's own sum of this program: of every detector's code [ELF note NT_GNU_BUILD_ID]. */
static int take_build_id(struct dl_phdr_info *info, size_t size, void *ctx)
{
	pqm_bytes *out = ctx;

	(void)size;
	for (size_t i = 0; i < info->dlpi_phnum && out->n == 0; i++) {
		const ElfW(Phdr) *ph = &info->dlpi_phdr[i];
		const uint8_t *p = (const uint8_t *)(uintptr_t)(info->dlpi_addr + ph->p_vaddr);

		for (size_t at = 0; ph->p_type == PT_NOTE && at + 12 <= ph->p_memsz;) {
			uint32_t n[3];

			memcpy(n, p + at, sizeof(n));
			at += 12 + (((size_t)n[0] + 3) & ~(size_t)3);
			if (n[2] == NT_GNU_BUILD_ID && at <= ph->p_memsz &&
				n[1] <= ph->p_memsz - at)
				*out = (pqm_bytes){ p + at, n[1] };
			at += ((size_t)n[1] + 3) & ~(size_t)3;
		}
	}
	return 1; /* the first one is the program */
}

void pqm_known_key(const struct pqm_run *run, const pqm_bytes about[PQM_KNOWN_PARTS],
	uint8_t key[PQM_SHA256_BYTES])
{
	pqm_bytes build = { NULL, 0 };
	uint64_t secret = pqm_cache_secret(run->opt->cache);
	struct pqm_buf detectors;

	pqm_buf_init(&detectors, (size_t)1 << 16);
	for (size_t i = 0; i < run->n_detectors; i++)
		(void)pqm_buf_f(
			&detectors, "%s %u\n", run->detectors[i]->name, run->detectors[i]->version);
	(void)dl_iterate_phdr(take_build_id, &build);
	const pqm_bytes parts[] = { about[0], PQM_LIT(PQM_VERSION), PQM_LIT(PQM_COMMIT), build,
		pqm_buf_bytes(&detectors), pqm_str(run->rules->version),
		{ (const uint8_t *)&secret, sizeof(secret) }, about[1], about[2] };

	pqm_sha256_parts(key, parts, sizeof(parts) / sizeof(parts[0]));
	pqm_buf_fini(&detectors);
}

static bool get_num(struct reader *r, uint64_t max, uint64_t *out)
{
	return pqm_var_get(&r->c, max, out);
}

static bool get_u32(struct reader *r, uint32_t *out)
{
	uint64_t v = 0;
	bool ok = get_num(r, UINT32_MAX, &v);

	*out = (uint32_t)v;
	return ok;
}

/* How many records follow: each has so many bytes at least. */
static bool get_count(struct reader *r, size_t least, size_t *out)
{
	uint64_t v = 0;
	bool ok = get_num(r, pqm_cur_left(&r->c) / least, &v);

	*out = (size_t)v;
	return ok;
}

static bool get_text(struct reader *r, pqm_bytes *out)
{
	uint64_t i = 0;
	bool ok = get_num(r, r->n_texts, &i);

	*out = i == 0 ? (pqm_bytes){ NULL, 0 } : r->text[i];
	return ok;
}

static bool get_texts(struct reader *r)
{
	size_t n = 0;

	if (!get_count(r, 1, &n))
		return false;
	r->text = pqm_new(&r->k->arena, pqm_bytes, n + 1);
	for (size_t i = 1; r->text != NULL && i <= n; i++) {
		pqm_bytes t;

		if (!pqm_var_get_text(&r->c, &t))
			return false;
		r->text[i] = pqm_bytes_dup(r->arena, t);
		if (r->text[i].p == NULL)
			return false;
	}
	r->n_texts = (uint32_t)n;
	return r->text != NULL;
}

static bool get_words(struct reader *r, struct pqm_finding *f)
{
	static const uint8_t max[] = { PQM_ABSENT, PQM_FN_KDF, PQM_Q_UNKNOWN, PQM_C_BROKEN,
		PQM_HINTED, PQM_ABSENCE };
	pqm_bytes id, w;

	if (!pqm_cur_take(&r->c, sizeof(f->id), &id) || !pqm_cur_take(&r->c, sizeof(max), &w))
		return false;
	memcpy(f->id, id.p, sizeof(f->id));
	for (size_t i = 0; i < sizeof(max); i++)
		if (w.p[i] > max[i])
			return false;
	f->meaning = (enum pqm_meaning)w.p[0];
	f->function = (enum pqm_function)w.p[1];
	f->quantum = (enum pqm_quantum)w.p[2];
	f->classical = (enum pqm_classical)w.p[3];
	f->evidence = (enum pqm_evidence)w.p[4];
	f->basis = (enum pqm_basis)w.p[5];
	return true;
}

static bool get_attrs(struct reader *r, struct pqm_occurrence *at)
{
	struct pqm_attr *attrs;
	size_t n = 0;

	if (!get_count(r, 2, &n) || n > PQM_ATTRS_MAX)
		return false;
	attrs = pqm_new(r->arena, struct pqm_attr, n);
	for (size_t i = 0; attrs != NULL && i < n; i++)
		if (!get_text(r, &attrs[i].key) || !get_text(r, &attrs[i].value))
			return false;
	at->attrs = n > 0 ? attrs : NULL;
	at->n_attrs = n;
	return attrs != NULL;
}

static bool get_sighting(struct reader *r, struct pqm_sighting *s)
{
	struct pqm_finding *f = &s->f;
	pqm_bytes *const texts[] = { &f->rule, &f->identity, &f->family, &f->algorithm,
		&f->parameter, &f->why, &f->fix, &s->at.path, &s->at.object };

	if (!get_words(r, f))
		return false;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (!get_text(r, texts[i]))
			return false;
	return get_u32(r, &f->bits) && get_num(r, UINT64_MAX, &s->at.off) &&
		get_u32(r, &s->at.line) && get_u32(r, &s->at.col) && get_u32(r, &s->at.text_line) &&
		get_u32(r, &s->at.text_col) && get_attrs(r, &s->at);
}

static bool get_mark(struct reader *r, struct pqm_mark *m)
{
	return get_text(r, &m->suffix) && get_text(r, &m->reason) && get_text(r, &m->words) &&
		get_num(r, UINT64_MAX, &m->off);
}

static bool get_facts(struct reader *r, struct pqm_object *o)
{
	struct pqm_fact *facts;
	size_t n = 0;

	if (!get_count(r, 4, &n))
		return false;
	facts = pqm_new(r->arena, struct pqm_fact, n);
	for (size_t i = 0; facts != NULL && i < n; i++)
		if (!get_text(r, &facts[i].key) || !get_text(r, &facts[i].value) ||
			!get_u32(r, &facts[i].line) || !get_u32(r, &facts[i].col))
			return false;
	o->facts = n > 0 ? facts : NULL;
	o->n_facts = n;
	return facts != NULL;
}

static bool get_thing(struct reader *r, struct pqm_thing *t)
{
	struct pqm_object *o = &t->object;
	pqm_bytes *const texts[] = { &o->path, &o->group, &o->kind, &o->ns, &o->name,
		&o->controller };
	uint64_t by_path = 0;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (!get_text(r, texts[i]))
			return false;
	if (!get_u32(r, &o->line) || !get_num(r, 1, &by_path))
		return false;
	t->is_named_by_path = by_path != 0;
	return get_facts(r, o);
}

static bool get_again(struct reader *r, struct pqm_again *g)
{
	return get_text(r, &g->ns) && get_text(r, &g->controller) && get_u32(r, &g->n);
}

/* A list in the order that it had. */
#define GET_LIST(r, list, T, get_one)                                                              \
	__extension__({                                                                            \
		struct T **end_ = &(list);                                                         \
		size_t n_ = 0;                                                                     \
		bool ok_ = get_count((r), 3, &n_);                                                 \
		for (size_t i_ = 0; ok_ && i_ < n_; i_++) {                                        \
			*end_ = pqm_new((r)->arena, struct T, 1);                                  \
			ok_ = *end_ != NULL && get_one((r), *end_);                                \
			if (ok_)                                                                   \
				end_ = &(*end_)->next;                                             \
		}                                                                                  \
		ok_;                                                                               \
	})

static bool get_stands(struct reader *r, uint32_t content)
{
	struct pqm_known *k = r->k;
	size_t n = 0;

	if (!get_count(r, 1, &n) || n == 0)
		return false;
	for (size_t i = 0; i < n; i++) {
		struct stand *s = pqm_grow(&k->arena, k->stands, k->n_stands, &k->cap_stands);

		if (s == NULL)
			return false;
		k->stands = s;
		s += k->n_stands++;
		s->content = content;
		if (!get_u32(r, &s->member) || s->member == 0 || s->member > k->n_members)
			return false;
	}
	return true;
}

static bool get_content(struct reader *r, uint32_t i)
{
	struct held *h = &r->k->contents[i];
	struct pqm_content *c = pqm_new(r->arena, struct pqm_content, 1);
	uint64_t has_key = 0;
	pqm_bytes hash;

	h->c = c;
	if (c == NULL || !get_num(r, 1, &has_key))
		return false;
	h->has_key = has_key != 0;
	if (h->has_key) {
		if (!pqm_cur_take(&r->c, sizeof(c->hash), &hash))
			return false;
		memcpy(&c->hash, hash.p, sizeof(c->hash));
	}
	if (!get_num(r, UINT64_MAX, &c->size) || !get_stands(r, i) ||
		!GET_LIST(r, c->sightings, pqm_sighting, get_sighting) ||
		!GET_LIST(r, c->marks, pqm_mark, get_mark) ||
		!GET_LIST(r, c->things, pqm_thing, get_thing))
		return false;
	for (const struct pqm_mark *m = c->marks; m != NULL; m = m->next)
		c->n_marks++;
	return GET_LIST(r, c->agains, pqm_again, get_again);
}

static bool get_notes(struct reader *r)
{
	struct pqm_known *k = r->k;
	size_t n = 0;

	if (!get_count(r, 2, &n))
		return false;
	for (size_t i = 0; i < n; i++) {
		struct told *t = pqm_grow(&k->arena, k->notes, k->n_notes, &k->cap_notes);
		pqm_bytes words;

		if (t == NULL)
			return false;
		k->notes = t;
		t += k->n_notes++;
		if (!get_u32(r, &t->member) || t->member == 0 || t->member > k->n_members ||
			!get_text(r, &words))
			return false;
		t->words =
			words.n > 0 ? (const char *)words.p : ""; /* a copy of ours: NUL follows */
	}
	return true;
}

static int by_member(const void *x, const void *y)
{
	const struct stand *a = x, *b = y;

	if (a->member != b->member)
		return a->member < b->member ? -1 : 1;
	return (a->content > b->content) - (a->content < b->content);
}

static int by_noted(const void *x, const void *y)
{
	const struct told *a = x, *b = y;

	return (a->member > b->member) - (a->member < b->member);
}

static bool get_all(struct reader *r)
{
	struct pqm_known *k = r->k;
	pqm_bytes format;
	size_t n = 0;

	if (!pqm_var_get_text(&r->c, &format) || !pqm_eqs(format, PQM_KNOWN_FORMAT) ||
		!pqm_var_get_text(&r->c, &k->names) || !pqm_names_check(k->names, &k->n_members) ||
		!get_texts(r) || !get_count(r, 8, &n))
		return false;
	k->contents = pqm_new(&k->arena, struct held, n + 1);
	if (k->contents == NULL)
		return false;
	for (; k->n_contents < n; k->n_contents++)
		if (!get_content(r, (uint32_t)k->n_contents))
			return false;
	if (!get_notes(r) || !get_num(r, UINT64_MAX, &k->n_left) || pqm_cur_left(&r->c) > 0)
		return false;
	if (k->n_stands > 1)
		qsort(k->stands, k->n_stands, sizeof(*k->stands), by_member);
	if (k->n_notes > 1)
		qsort(k->notes, k->n_notes, sizeof(*k->notes), by_noted);
	return true;
}

static struct pqm_known *known_new(void)
{
	struct pqm_known *k = pqm_calloc(1, sizeof(*k));

	if (k != NULL) {
		pqm_buf_init(&k->row, PQM_CACHE_ROW_BYTES);
		pqm_arena_init(&k->arena, PQM_RUN_ARENA_BYTES);
	}
	return k;
}

static bool read_row(struct pqm_known *k)
{
	struct reader r = { .c = pqm_cur_of(pqm_buf_bytes(&k->row)), .k = k, .arena = &k->arena };

	return get_all(&r);
}

struct pqm_known *pqm_known_read(pqm_bytes row)
{
	struct pqm_known *k = known_new();

	if (k != NULL && pqm_buf_add(&k->row, row) && read_row(k))
		return k;
	pqm_known_free(k, NULL);
	return NULL;
}

struct pqm_known *pqm_known_get(struct pqm_run *run, struct pqm_from *f)
{
	struct pqm_cache *cache = run->opt->cache;
	struct pqm_known *k;

	if (cache == NULL)
		return NULL;
	const pqm_bytes about[PQM_KNOWN_PARTS] = { PQM_LIT(PQM_KNOWN_FORMAT), f->layer.digest,
		f->layer.as };

	pqm_known_key(run, about, f->key);
	k = known_new();
	if (k == NULL)
		return NULL;
	if (pqm_cache_get(cache, f->key, &k->row)) {
		if (read_row(k)) {
			atomic_fetch_add(&run->counts[f->target].left, k->n_left);
			return k;
		}
		pqm_cache_spoiled(cache, "a layer that makes no sense");
	}
	pqm_known_free(k, NULL);
	return NULL;
}

pqm_bytes pqm_known_names(const struct pqm_known *k)
{
	return k->names;
}

void pqm_known_free(struct pqm_known *k, struct pqm_worker *main)
{
	if (k == NULL)
		return;
	pqm_buf_fini(&k->row);
	if (main != NULL && k->is_used)
		pqm_arena_take(&main->texts, &k->arena);
	pqm_arena_fini(&k->arena);
	pqm_free(k);
}

/* The content of the run that is this one, or this one from now on. Under the lock. */
static bool claim(struct pqm_run *run, struct held *h, pqm_bytes path, bool *is_new)
{
	struct pqm_content *c = h->c, *old = NULL;
	pqm_bytes key = { (uint8_t *)&c->hash,
		sizeof(c->hash) + sizeof(c->size) + sizeof(c->name_class) };

	*is_new = false;
	if (h->is_claimed)
		return true;
	c->name_class = pqm_worker_class(path);
	if (h->has_key)
		old = pqm_map_get(&run->by_content, key);
	if (old != NULL) {
		h->c = old;
	} else {
		if (h->has_key && !pqm_map_put(&run->by_content, key, c))
			return false;
		c->next = run->contents;
		run->contents = c;
		*is_new = true;
	}
	h->is_claimed = true;
	return true;
}

static bool give(
	struct pqm_run *run, struct pqm_known *k, struct held *h, const struct pqm_job *job)
{
	struct pqm_place *p = pqm_new(&run->arena, struct pqm_place, 1);
	bool is_new = false;

	if (p == NULL || !claim(run, h, pqm_str(job->path + job->name_at), &is_new))
		return false;
	*p = (struct pqm_place){ .next = h->c->places,
		.target = job->target,
		.path = pqm_bytes_dup(&run->arena, pqm_str(job->path)),
		.from = job->from,
		.hidden_by = job->hidden_by,
		.member = job->member };
	h->c->places = p;
	k->is_used = k->is_used || is_new;
	if (is_new)
		h->c->origin = p->path;
	else
		run->coverage.copies++;
	return p->path.p != NULL;
}

void pqm_known_give(struct pqm_run *run, struct pqm_known *k, const struct pqm_job *job)
{
	while (k->at_stand < k->n_stands && k->stands[k->at_stand].member == job->member) {
		pthread_mutex_lock(&run->lock);
		if (!give(run, k, &k->contents[k->stands[k->at_stand].content], job))
			run->is_out_of_memory = true;
		pthread_mutex_unlock(&run->lock);
		k->at_stand++;
	}
	for (; k->at_note < k->n_notes && k->notes[k->at_note].member == job->member; k->at_note++)
		pqm_run_skip_member(run, job, k->notes[k->at_note].words);
}
