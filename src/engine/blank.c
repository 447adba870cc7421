/* blank.c — a sorted table in the cache, and what is new beside it. */
#include "blank.h"

#include <stdlib.h>

#include "known.h"

#define FORMAT "pqmap blanks 1"

struct blank {
	uint8_t name[PQM_BLANK_BYTES];
	uint64_t size;
	struct pqm_hash128 hash; /* 0: no detector looked at it */
};

#define BLANKS_MAX (PQM_CACHE_ROW_BYTES / sizeof(struct blank))

struct fresh {
	struct blank b;
	const struct pqm_content *content;
	bool is_gone;
};

struct pqm_blanks {
	struct pqm_arena arena;
	uint8_t key[PQM_SHA256_BYTES];
	struct blank *old; /* by name */
	bool *is_met;	   /* of those, in this run */
	struct fresh *fresh;
	size_t n_old, n_fresh, cap_fresh;
};

static int by_name(const void *x, const void *y)
{
	return memcmp(x, y, PQM_BLANK_BYTES); /* the name is first */
}

static bool read_row(struct pqm_blanks *s, pqm_bytes row)
{
	size_t n = row.n / sizeof(struct blank);

	if (row.n % sizeof(struct blank) != 0)
		return false;
	s->old = pqm_new(&s->arena, struct blank, n + 1);
	s->is_met = pqm_new(&s->arena, bool, n + 1);
	if (s->old == NULL || s->is_met == NULL)
		return false;
	memcpy(s->old, row.p, row.n);
	s->n_old = n;
	for (size_t i = 1; i < n; i++)
		if (by_name(&s->old[i - 1], &s->old[i]) >= 0)
			return false;
	return true;
}

void pqm_blanks_open(struct pqm_run *run, pqm_bytes repository)
{
	struct pqm_blanks *s = pqm_calloc(1, sizeof(*s));
	const pqm_bytes about[PQM_KNOWN_PARTS] = { PQM_LIT(FORMAT), repository, { NULL, 0 } };
	struct pqm_buf row;

	if (s == NULL)
		return;
	pqm_arena_init(&s->arena, PQM_RUN_ARENA_BYTES);
	pqm_buf_init(&row, PQM_CACHE_ROW_BYTES);
	pqm_known_key(run, about, s->key);
	if (pqm_cache_get(run->opt->cache, s->key, &row) && !read_row(s, pqm_buf_bytes(&row))) {
		pqm_cache_spoiled(run->opt->cache, "files of a repository that make no sense");
		s->n_old = 0;
	}
	pqm_buf_fini(&row);
	run->blanks = s;
}

void pqm_blanks_name(const struct pqm_run *run, struct pqm_job *job, pqm_bytes id)
{
	const uint8_t is_gone = job->of != NULL && job->of->is_gone;
	const pqm_bytes path = { (const uint8_t *)job->path, job->n_path };
	const pqm_bytes parts[] = { id, path, { &is_gone, 1 } };
	uint8_t sum[PQM_SHA256_BYTES];

	/* What the files around it say would be part of it. */
	job->is_kept = run->blanks != NULL && id.n > 0 &&
		(is_gone || !pqm_around_matters(path, pqm_str(job->path + job->name_at)));
	if (!job->is_kept)
		return;
	pqm_sha256_parts(sum, parts, sizeof(parts) / sizeof(parts[0]));
	memcpy(job->blank, sum, sizeof(job->blank));
}

/* The content that a detector would look at stands among the others: one more with the same bytes is a copy. */
static void claim(struct pqm_run *run, const struct pqm_job *job, const struct blank *b)
{
	struct pqm_content *c = pqm_new(&run->arena, struct pqm_content, 1);

	if (c == NULL) {
		run->is_out_of_memory = true;
		return;
	}
	c->hash = b->hash;
	c->size = b->size;
	c->name_class = pqm_worker_blob_class(job);
	pqm_bytes key = { (uint8_t *)&c->hash,
		sizeof(c->hash) + sizeof(c->size) + sizeof(c->name_class) };

	if (pqm_map_get(&run->by_content, key) != NULL) {
		run->coverage.copies++;
		return;
	}
	c->origin = pqm_bytes_dup(&run->arena, pqm_str(job->path));
	c->next = run->contents;
	run->contents = c;
	if (c->origin.p == NULL || !pqm_map_put(&run->by_content, key, c))
		run->is_out_of_memory = true;
}

bool pqm_blanks_give(struct pqm_run *run, const struct pqm_job *job)
{
	struct pqm_blanks *s = run->blanks;
	struct pqm_counts *c = &run->counts[job->target];
	const struct blank *b;

	if (!job->is_kept || s->n_old == 0)
		return false;
	b = bsearch(job->blank, s->old, s->n_old, sizeof(*b), by_name);
	if (b == NULL)
		return false;
	s->is_met[b - s->old] = true;
	atomic_fetch_add_explicit(&c->seen, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&c->read, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&c->bytes, b->size, memory_order_relaxed);
	if (b->hash.lo != 0 || b->hash.hi != 0) {
		pthread_mutex_lock(&run->lock);
		claim(run, job, b);
		pthread_mutex_unlock(&run->lock);
	}
	return true;
}

void pqm_blanks_note(
	struct pqm_run *run, const struct pqm_job *job, const struct pqm_content *content)
{
	struct pqm_blanks *s = run->blanks;
	struct fresh *f;

	pthread_mutex_lock(&run->lock);
	f = pqm_grow(&s->arena, s->fresh, s->n_fresh, &s->cap_fresh);
	if (f != NULL) {
		s->fresh = f;
		f += s->n_fresh++;
		*f = (struct fresh){ .b.size = job->n_body,
			.content = content,
			.is_gone = job->of != NULL && job->of->is_gone };
		memcpy(f->b.name, job->blank, sizeof(f->b.name));
		if (content != NULL)
			f->b.hash = content->hash;
	}
	pthread_mutex_unlock(&run->lock);
}

/* Is there nothing in it that a report could tell? Of what is gone, rules say what matters [merge.c]. */
static bool is_blank(const struct pqm_run *run, const struct fresh *f)
{
	const struct pqm_content *c = f->content;

	if (c == NULL)
		return true;
	if (c->marks != NULL || c->agains != NULL || (!f->is_gone && c->things != NULL))
		return false;
	for (const struct pqm_sighting *s = c->sightings; s != NULL; s = s->next) {
		const struct pqm_rule *rule =
			f->is_gone ? pqm_rules_get(run->rules, s->f.rule) : NULL;

		if (rule == NULL || pqm_yaml_get(rule->node, "history") != NULL)
			return false;
	}
	return true;
}

/* Old ones that are still there, then new ones, then old ones that are not; as many as fit. */
static size_t choose(const struct pqm_run *run, struct blank *out)
{
	const struct pqm_blanks *s = run->blanks;
	size_t n = 0;

	for (size_t i = 0; i < s->n_old && n < BLANKS_MAX; i++)
		if (s->is_met[i])
			out[n++] = s->old[i];
	for (size_t i = 0; i < s->n_fresh && n < BLANKS_MAX; i++)
		if (is_blank(run, &s->fresh[i]))
			out[n++] = s->fresh[i].b;
	for (size_t i = 0; i < s->n_old && n < BLANKS_MAX; i++)
		if (!s->is_met[i])
			out[n++] = s->old[i];
	return n;
}

static void put_row(struct pqm_run *run, struct blank *all, size_t n)
{
	size_t k = 0;

	if (n > 1)
		qsort(all, n, sizeof(*all), by_name);
	for (size_t i = 0; i < n; i++)
		if (k == 0 || by_name(&all[k - 1], &all[i]) != 0)
			all[k++] = all[i];
	pqm_cache_put(run->opt->cache, run->blanks->key,
		(pqm_bytes){ (const uint8_t *)all, k * sizeof(*all) });
}

void pqm_blanks_close(struct pqm_run *run)
{
	struct pqm_blanks *s = run->blanks;
	struct blank *all;
	bool any = false;

	if (s == NULL)
		return;
	/* Without memory, what was found may not be all. */
	for (size_t i = 0; i < s->n_fresh && !any && !run->is_out_of_memory; i++)
		any = is_blank(run, &s->fresh[i]);
	all = any ? pqm_calloc(s->n_old + s->n_fresh + 1, sizeof(*all)) : NULL;
	if (all != NULL)
		put_row(run, all, choose(run, all));
	pqm_free(all);
	pqm_arena_fini(&s->arena);
	pqm_free(s);
	run->blanks = NULL;
}
