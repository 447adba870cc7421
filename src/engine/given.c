/* given.c — files, bytes, pages, members and notes of a source become jobs of the run. */
#include "given.h"

#include <inttypes.h>

#include "base/log.h"
#include "base/num.h"
#include "blank.h"
#include "known.h"

static bool is_stopped(const struct pqm_scan_options *opt)
{
	return opt->net != NULL && opt->net->probe.stop != NULL && *opt->net->probe.stop != 0;
}

void pqm_given_flush(struct pqm_given *s)
{
	struct pqm_batch *b = s->batch;

	s->batch = NULL;
	if (b != NULL && (s->n_threads == 0 || !pqm_run_push(s->run, b)))
		pqm_batch_scan(s->main, b);
}

/* A line that is written over can change often; one that stays in a log must not. */
#define LINE_NS UINT64_C(100000000)
#define PLAIN_NS UINT64_C(30000000000)
#define JSONL_NS UINT64_C(1000000000)

/* Is it time for the next one? */
static bool is_due(struct pqm_given *s)
{
	static const uint64_t every[] = { 0, LINE_NS, PLAIN_NS, JSONL_NS };
	uint64_t now;

	if (s->opt->progress == PQM_PROGRESS_NONE)
		return false;
	now = pqm_now_ns();
	if (s->last_shown_ns == 0 && s->opt->progress != PQM_PROGRESS_LINE)
		s->last_shown_ns = now;
	if (now - s->last_shown_ns < every[s->opt->progress])
		return false;
	s->last_shown_ns = now;
	return true;
}

static void show_progress(struct pqm_given *s)
{
	uint64_t files = 0, bytes = 0;
	char a[32], b[32];

	if (!is_due(s))
		return;
	for (uint32_t t = 0; t <= s->target; t++) {
		files += atomic_load_explicit(&s->run->counts[t].read, memory_order_relaxed);
		bytes += atomic_load_explicit(&s->run->counts[t].bytes, memory_order_relaxed);
	}
	(void)pqm_human_count(a, files);
	(void)pqm_human_bytes(b, bytes);
	if (s->opt->progress == PQM_PROGRESS_LINE)
		(void)fprintf(stderr, "\rscanning  %s files  %s\x1b[K", a, b);
	else if (s->opt->progress == PQM_PROGRESS_PLAIN)
		(void)fprintf(stderr, "pqmap: scanning: %s files, %s\n", a, b);
	else
		(void)fprintf(stderr,
			"{\"event\":\"scanning\",\"files\":%" PRIu64 ",\"bytes\":%" PRIu64 "}\n",
			files, bytes);
}

static void show_asking(struct pqm_given *s)
{
	char a[32], b[32];

	if (!is_due(s))
		return;
	(void)pqm_human_count(a, s->inv->n_endpoints);
	(void)pqm_human_count(b, s->n_named);
	if (s->opt->progress == PQM_PROGRESS_LINE)
		(void)fprintf(stderr, "\rasking  %s of %s endpoints\x1b[K", a, b);
	else if (s->opt->progress == PQM_PROGRESS_PLAIN)
		(void)fprintf(stderr, "pqmap: asking: %s of %s endpoints\n", a, b);
	else
		(void)fprintf(stderr, "{\"event\":\"asking\",\"endpoints\":%zu,\"of\":%zu}\n",
			s->inv->n_endpoints, s->n_named);
}

static enum pqm_st on_file(struct pqm_sink *sink, struct pqm_dir *dir, const char *name,
	pqm_bytes path, struct pqm_err *err)
{
	struct pqm_given *s = (struct pqm_given *)sink;
	size_t n_name = strlen(name);
	char *copy;

	if (is_stopped(s->opt))
		return pqm_fail(err, PQM_EIO, "interrupted");
	copy = pqm_malloc(path.n + 1);
	if (s->batch == NULL)
		s->batch = pqm_calloc(1, sizeof(*s->batch));
	if (copy == NULL || s->batch == NULL) {
		pqm_free(copy);
		return pqm_fail(err, PQM_ENOMEM, "out of memory for a file name");
	}
	memcpy(copy, path.p, path.n);
	copy[path.n] = '\0';
	pqm_dir_ref(dir);
	s->batch->job[s->batch->n++] = (struct pqm_job){ .dir = dir,
		.path = copy,
		.name_at = path.n - (n_name < path.n ? n_name : path.n),
		.target = s->target };
	atomic_fetch_add_explicit(&s->run->counts[s->target].seen, 1, memory_order_relaxed);
	if (s->batch->n == PQM_BATCH_FILES) {
		pqm_given_flush(s);
		show_progress(s);
	}
	return PQM_OK;
}

static enum pqm_st on_bytes(
	struct pqm_sink *sink, pqm_bytes body, pqm_bytes path, struct pqm_err *err)
{
	struct pqm_given *s = (struct pqm_given *)sink;

	(void)err;
	atomic_fetch_add(&s->run->counts[s->target].seen, 1);
	pqm_worker_bytes(s->main, s->target, path, body);
	return PQM_OK;
}

/* A revision as places keep it; the one before is mostly the same. */
static const struct pqm_revision *keep_revision(struct pqm_given *s, const struct pqm_revision *of)
{
	struct pqm_revision *copy;

	if (of == NULL)
		return NULL;
	if (s->revision != NULL && strcmp(s->revision->commit, of->commit) == 0 &&
		s->revision->is_gone == of->is_gone)
		return s->revision;
	pthread_mutex_lock(&s->run->lock);
	copy = pqm_new(&s->run->arena, struct pqm_revision, 1);
	if (copy != NULL) {
		*copy = *of;
		copy->author = pqm_bytes_dup(&s->run->arena, of->author);
	}
	pthread_mutex_unlock(&s->run->lock);
	s->revision = copy;
	return copy;
}

/* Under these words and for this build of the program. */
static void key_of(
	const struct pqm_given *s, const char *kind, pqm_bytes about, uint8_t key[PQM_SHA256_BYTES])
{
	const pqm_bytes parts[PQM_KNOWN_PARTS] = { pqm_str(kind), about, { NULL, 0 } };

	pqm_known_key(s->run, parts, key);
}

static bool on_recall(struct pqm_sink *sink, const char *kind, pqm_bytes about, struct pqm_buf *out)
{
	const struct pqm_given *s = (struct pqm_given *)sink;
	uint8_t key[PQM_SHA256_BYTES];

	key_of(s, kind, about, key);
	return pqm_cache_get(s->opt->cache, key, out);
}

static void on_keep(struct pqm_sink *sink, const char *kind, pqm_bytes about, pqm_bytes body)
{
	const struct pqm_given *s = (struct pqm_given *)sink;
	uint8_t key[PQM_SHA256_BYTES];

	key_of(s, kind, about, key);
	pqm_cache_put(s->opt->cache, key, body);
}

/* What is kept is complete: nothing of the repository waits in the queue then. */
static void on_repository(struct pqm_sink *sink, pqm_bytes about)
{
	struct pqm_given *s = (struct pqm_given *)sink;

	if (about.n > 0) {
		pqm_blanks_open(s->run, about);
		return;
	}
	pqm_given_flush(s);
	pqm_run_drain(s->run, s->main);
	pqm_blanks_close(s->run);
}

static bool on_blank(struct pqm_sink *sink, const struct pqm_blob *b)
{
	const struct pqm_given *s = (struct pqm_given *)sink;
	struct pqm_job job = { .target = s->target,
		.is_blob = true,
		.n_path = b->path.n,
		.name_at = b->path.n - b->name.n,
		.of = b->of };
	bool ok;

	if (s->run->blanks == NULL || is_stopped(s->opt))
		return false;
	job.path = pqm_malloc(b->path.n + 1);
	if (job.path == NULL)
		return false;
	memcpy(job.path, b->path.p, b->path.n);
	job.path[b->path.n] = '\0';
	pqm_blanks_name(s->run, &job, b->id);
	ok = pqm_blanks_give(s->run, &job);
	pqm_free(job.path);
	return ok;
}

static enum pqm_st on_blob(struct pqm_sink *sink, const struct pqm_blob *b, struct pqm_err *err)
{
	struct pqm_given *s = (struct pqm_given *)sink;
	struct pqm_job job = { .dir = b->around,
		.target = s->target,
		.is_blob = true,
		.n_body = b->body.n,
		.n_path = b->path.n,
		.name_at = b->path.n - b->name.n };

	if (is_stopped(s->opt))
		return pqm_fail(err, PQM_EIO, "interrupted");
	job.path = pqm_malloc(b->path.n + 1);
	job.body = pqm_malloc(b->body.n + 1);
	if (s->batch == NULL)
		s->batch = pqm_calloc(1, sizeof(*s->batch));
	job.of = keep_revision(s, b->of);
	if (job.path == NULL || job.body == NULL || s->batch == NULL ||
		(b->of != NULL && job.of == NULL)) {
		pqm_free(job.path);
		pqm_free(job.body);
		return pqm_fail(err, PQM_ENOMEM, "out of memory for a file of a revision");
	}
	if (b->path.n > 0)
		memcpy(job.path, b->path.p, b->path.n);
	job.path[b->path.n] = '\0';
	if (b->body.n > 0)
		memcpy(job.body, b->body.p, b->body.n);
	if (job.dir != NULL)
		pqm_dir_ref(job.dir);
	pqm_blanks_name(s->run, &job, b->id);
	s->batch->job[s->batch->n++] = job;
	s->batch->n_bytes += job.n_body;
	atomic_fetch_add_explicit(&s->run->counts[s->target].seen, 1, memory_order_relaxed);
	if (s->batch->n == PQM_BATCH_FILES || s->batch->n_bytes >= PQM_MEMBER_QUEUE_BYTES / 4) {
		pqm_given_flush(s);
		show_progress(s);
	}
	return PQM_OK;
}

/* False: it is looked at here. */
static bool queue_page(struct pqm_given *s, const struct pqm_page *p)
{
	struct pqm_batch *b =
		s->n_threads == 0 ? NULL : pqm_page_keep(s->run, s->target, p, s->n_threads);

	if (b != NULL && !pqm_run_push(s->run, b))
		pqm_batch_scan(s->main, b);
	return b != NULL;
}

static enum pqm_st on_page(struct pqm_sink *sink, const struct pqm_page *p, struct pqm_err *err)
{
	struct pqm_given *s = (struct pqm_given *)sink;
	struct pqm_counts *c = &s->run->counts[s->target];

	(void)err;
	atomic_fetch_add(&c->seen, p->n_objects);
	atomic_fetch_add(&c->read, p->n_objects);
	atomic_fetch_add(&c->bytes, p->n_bytes);
	if (p->body.n > 0 && !queue_page(s, p))
		pqm_worker_page(s->main, s->target, p);
	show_progress(s);
	return PQM_OK;
}

static enum pqm_st on_layer(
	struct pqm_sink *sink, const struct pqm_layer *l, pqm_bytes prefix, struct pqm_err *err)
{
	struct pqm_given *s = (struct pqm_given *)sink;
	enum pqm_st st = pqm_from_new(s->run, s->target, l, prefix, err);

	if (st == PQM_OK)
		s->from = s->run->layers;
	return st;
}

static bool on_layer_known(struct pqm_sink *sink, pqm_bytes *names)
{
	struct pqm_given *s = (struct pqm_given *)sink;

	s->known = pqm_known_get(s->run, s->from);
	if (s->known != NULL) {
		*names = pqm_known_names(s->known);
		pqm_log(PQM_INFO, "cache", "%.*s is known, and not read",
			PQM_FMT(s->from->layer.digest));
	}
	return s->known != NULL;
}

/* What is kept is complete: nothing of the layer waits in the queue then. */
static void on_layer_end(struct pqm_sink *sink, bool is_good, pqm_bytes names)
{
	struct pqm_given *s = (struct pqm_given *)sink;

	pqm_given_flush(s);
	s->from->is_void = !is_good;
	if (is_good && names.n > 0 && s->opt->cache != NULL) {
		pqm_run_drain(s->run, s->main);
		pqm_known_put(s->run, s->from, names);
	}
	pqm_known_free(s->known, s->main);
	s->known = NULL;
	s->from = NULL;
}

/* The path of a member, as a job keeps it. NULL without memory. */
static char *member_path(struct pqm_given *s, const struct pqm_member *m)
{
	struct pqm_buf b;
	char *path = NULL;

	pqm_buf_init(&b, (size_t)1 << 20);
	if (pqm_from_path(s->from, m->path, m->hidden_by, &b) &&
		(path = pqm_malloc(b.n + 1)) != NULL) {
		memcpy(path, b.p, b.n);
		path[b.n] = '\0';
	}
	pqm_buf_fini(&b);
	return path;
}

/* All of a member of at most PQM_MEMBER_QUEUE_BYTES. */
static enum pqm_st read_member(uint8_t *p, struct pqm_member *m, struct pqm_err *err)
{
	enum pqm_st st;
	pqm_bytes block;
	uint64_t off;

	while ((st = m->next(m, &block, &off, err)) == PQM_OK && block.n > 0) {
		if (off > m->size || block.n > m->size - off)
			return pqm_fail(err, PQM_EPARSE, "an entry is longer than it says");
		memcpy(p + off, block.p, block.n);
	}
	return st;
}

static enum pqm_st queue_member(
	struct pqm_given *s, struct pqm_job *job, struct pqm_member *m, struct pqm_err *err)
{
	enum pqm_st st;

	job->n_body = (size_t)m->size;
	job->body = pqm_calloc(1, job->n_body + 1);
	if (s->batch == NULL)
		s->batch = pqm_calloc(1, sizeof(*s->batch));
	if (job->body == NULL || s->batch == NULL) {
		pqm_free(job->body);
		return pqm_fail(err, PQM_ENOMEM, "out of memory for a member");
	}
	st = read_member(job->body, m, err);
	if (st != PQM_OK) {
		pqm_wipe(job->body, job->n_body);
		pqm_free(job->body);
		return st;
	}
	s->batch->job[s->batch->n++] = *job;
	s->batch->n_bytes += job->n_body;
	if (s->batch->n == PQM_BATCH_FILES || s->batch->n_bytes >= PQM_MEMBER_QUEUE_BYTES / 4) {
		pqm_given_flush(s);
		show_progress(s);
	}
	return PQM_OK;
}

/* A member that is not read: what was found in it stands in its place. */
static void give_known(struct pqm_given *s, const struct pqm_job *job, uint64_t size)
{
	atomic_fetch_add_explicit(&s->from->read, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&s->from->bytes, size, memory_order_relaxed);
	pqm_known_give(s->run, s->known, job);
}

static enum pqm_st on_member(struct pqm_sink *sink, struct pqm_member *m, struct pqm_err *err)
{
	struct pqm_given *s = (struct pqm_given *)sink;
	struct pqm_job job = { .path = member_path(s, m),
		.target = s->target,
		.from = s->from,
		.hidden_by = m->hidden_by,
		.member = ++s->from->n_members };
	enum pqm_st st;

	if (job.path == NULL)
		return pqm_fail(err, PQM_ENOMEM, "out of memory for a path");
	job.n_path = strlen(job.path);
	job.name_at = job.n_path - (job.n_path < m->path.n ? job.n_path : m->path.n);
	if (is_stopped(s->opt)) {
		pqm_free(job.path);
		return pqm_fail(err, PQM_EIO, "interrupted");
	}
	atomic_fetch_add_explicit(&s->from->seen, 1, memory_order_relaxed);
	if (m->next == NULL) {
		give_known(s, &job, m->size);
		pqm_free(job.path);
		return PQM_OK;
	}
	if (m->size <= PQM_MEMBER_QUEUE_BYTES) {
		st = queue_member(s, &job, m, err);
		if (st != PQM_OK)
			pqm_free(job.path);
		return st;
	}
	st = pqm_worker_member(s->main, &job, m, err);
	pqm_free(job.path);
	show_progress(s);
	return st;
}

static enum pqm_st on_link(
	struct pqm_sink *sink, const struct pqm_member *m, pqm_bytes to, struct pqm_err *err)
{
	struct pqm_given *s = (struct pqm_given *)sink;
	struct pqm_name *n;

	pthread_mutex_lock(&s->run->lock);
	n = pqm_new(&s->run->arena, struct pqm_name, 1);
	if (n != NULL) {
		*n = (struct pqm_name){ s->from->links, pqm_bytes_dup(&s->run->arena, m->path),
			pqm_bytes_dup(&s->run->arena, to), m->hidden_by };
		s->from->links = n;
	}
	pthread_mutex_unlock(&s->run->lock);
	atomic_fetch_add_explicit(&s->from->seen, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&s->from->read, 1, memory_order_relaxed);
	return n != NULL ? PQM_OK : pqm_fail(err, PQM_ENOMEM, "out of memory for a link");
}

static bool on_list(struct pqm_sink *sink, pqm_bytes request, uint32_t *number, uint64_t *n)
{
	struct pqm_given *s = (struct pqm_given *)sink;
	const struct pqm_listed *l = pqm_listed_take(s->run, s->main, s->target, request);
	struct pqm_counts *c = &s->run->counts[s->target];

	*number = ++s->n_lists;
	if (l == NULL)
		return false;
	atomic_fetch_add(&c->seen, l->n_objects);
	atomic_fetch_add(&c->read, l->n_objects);
	atomic_fetch_add(&c->bytes, l->n_bytes);
	*n = l->n_objects;
	return true;
}

static enum pqm_st on_listed(struct pqm_sink *sink, pqm_bytes request, uint32_t number,
	const struct pqm_page *sum, struct pqm_err *err)
{
	struct pqm_given *s = (struct pqm_given *)sink;
	struct pqm_listed l = { .target = pqm_str(s->run->targets[s->target]),
		.request = request,
		.n_objects = sum->n_objects,
		.n_bytes = sum->n_bytes };

	return pqm_listed_tell(s->run, s->main, &l, number, err);
}

static void on_note(struct pqm_sink *sink, pqm_bytes path, const char *reason, const char *words)
{
	const struct pqm_given *s = (struct pqm_given *)sink;

	pqm_run_skip_source(s->run, s->target, path, reason, words);
}

static void on_skip(struct pqm_sink *sink, enum pqm_skip why, pqm_bytes path, const char *words)
{
	static const char *const reason[] = { "symlink", "device", "socket", "fifo", "unreadable",
		"over-limit", "mount", "forbidden", "incomplete" };
	struct pqm_given *s = (struct pqm_given *)sink;
	struct pqm_coverage *c = &s->run->coverage;
	uint64_t *const counter[] = { &c->symlinks, &c->devices, &c->sockets, &c->fifos,
		&c->unreadable, &c->over_limit, &c->mounts, &c->unreadable, &c->unreadable };

	pthread_mutex_lock(&s->run->lock);
	(*counter[why])++;
	pthread_mutex_unlock(&s->run->lock);
	atomic_fetch_add_explicit(&s->run->counts[s->target].seen, 1, memory_order_relaxed);
	if (words != NULL)
		pqm_run_skip_source(s->run, s->target, path, reason[why], words);
}

static void on_directory(struct pqm_sink *sink)
{
	struct pqm_given *s = (struct pqm_given *)sink;

	pthread_mutex_lock(&s->run->lock);
	s->run->coverage.directories++;
	pthread_mutex_unlock(&s->run->lock);
}

static bool on_endpoint(struct pqm_sink *sink, const struct pqm_endpoint *e, bool is_known)
{
	struct pqm_given *s = (struct pqm_given *)sink;
	struct pqm_asked to = { s->inv, &s->kept, s->n_named, s->opt->on_endpoint, s->opt->ctx,
		is_known };
	bool go_on = pqm_worker_endpoint(s->main, e, &to);

	show_asking(s);
	return go_on;
}

static void on_bad(struct pqm_sink *sink, uint32_t target, const char *words)
{
	struct pqm_given *s = (struct pqm_given *)sink;

	s->inv->targets[target].failed = true;
	pqm_run_skip(s->run, target, s->inv->targets[target].name, "malformed", words);
}

void pqm_given_calls(struct pqm_given *s)
{
	s->sink = (struct pqm_sink){ s->run->rules, s->opt->cluster, s->opt->images, s->opt->git,
		on_file, on_bytes, s->opt->cache != NULL ? on_recall : NULL,
		s->opt->cache != NULL ? on_keep : NULL,
		s->opt->cache != NULL ? on_repository : NULL,
		s->opt->cache != NULL ? on_blank : NULL, on_blob, on_page, on_layer,
		s->opt->cache != NULL ? on_layer_known : NULL, on_layer_end, on_member, on_link,
		on_list, on_listed, on_note, on_skip, on_directory, on_endpoint, on_bad,
		s->opt->jobs - 1 };
}
