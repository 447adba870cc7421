#include "scan.h"

#include <errno.h>

#include "base/limits.h"
#include "base/log.h"
#include "base/num.h"
#include "engine.h"
#include "follow.h"
#include "guard.h"
#include "known.h"

struct sink {
	struct pqm_sink sink; /* first */
	struct pqm_run *run;
	struct pqm_worker *main; /* the walking thread's own worker */
	struct pqm_batch *batch; /* being filled */
	struct pqm_from *from;	 /* the layer that members come from */
	struct pqm_known *known; /* what is known of it */
	uint32_t target;
	unsigned n_threads;
	bool show_progress;
	uint64_t last_shown_ns;
	const struct pqm_scan_options *opt;
	struct pqm_inventory *inv;
	const struct pqm_endpoint_options *net;
	size_t first;	/* of the targets of this round */
	size_t n_named; /* endpoints to ask */
	struct pqm_kept kept;
	uint32_t n_lists; /* of clusters, so far */
};

static bool is_stopped(const struct pqm_scan_options *opt)
{
	return opt->net != NULL && opt->net->probe.stop != NULL && *opt->net->probe.stop != 0;
}

void pqm_batch_scan(struct pqm_worker *w, struct pqm_batch *b)
{
	if (b->page != NULL)
		pqm_page_scan(w, b->page);
	for (size_t i = 0; i < b->n; i++) {
		struct pqm_job *job = &b->job[i];

		if (job->from != NULL) {
			pqm_worker_body(w, job);
			pqm_wipe(job->body, job->n_body); /* it may be a private key */
			pqm_free(job->body);
		} else {
			pqm_worker_file(w, job);
		}
		pqm_dir_unref(job->dir);
		pqm_free(job->path);
	}
	if (b->is_queued) {
		pthread_mutex_lock(&w->run->lock);
		w->run->n_queued--;
		w->run->queued_bytes -= b->n_bytes;
		pthread_cond_broadcast(&w->run->page_done);
		pthread_mutex_unlock(&w->run->lock);
	}
	pqm_free(b);
}

struct pqm_batch *pqm_run_pop(struct pqm_run *run)
{
	struct pqm_batch *b = NULL;

	if (run->q_n > 0) {
		b = run->queue[run->q_head];
		run->q_head = (run->q_head + 1) % PQM_QUEUE_BATCHES;
		run->q_n--;
	}
	return b;
}

/* The next batch; NULL when the queue is closed and drained. */
static struct pqm_batch *pop(struct pqm_run *run)
{
	struct pqm_batch *b;

	pthread_mutex_lock(&run->lock);
	while (run->q_n == 0 && !run->is_closed)
		pthread_cond_wait(&run->not_empty, &run->lock);
	b = pqm_run_pop(run);
	pthread_mutex_unlock(&run->lock);
	return b;
}

static bool push(struct pqm_run *run, struct pqm_batch *b)
{
	bool ok;

	pthread_mutex_lock(&run->lock);
	ok = run->q_n < PQM_QUEUE_BATCHES &&
		(b->n_bytes == 0 || run->queued_bytes + b->n_bytes <= PQM_MEMBERS_QUEUED_BYTES);
	if (ok) {
		run->queued_bytes += b->n_bytes;
		b->is_queued = true;
		run->n_queued++;
		run->queue[(run->q_head + run->q_n) % PQM_QUEUE_BATCHES] = b;
		run->q_n++;
		pthread_cond_signal(&run->not_empty);
	}
	pthread_mutex_unlock(&run->lock);
	return ok;
}

static void *work(void *arg)
{
	struct pqm_worker *w = arg;
	struct pqm_batch *b;

	while ((b = pop(w->run)) != NULL)
		pqm_batch_scan(w, b);
	return NULL;
}

/* Hands the batch to a thread, or scans it here when there is none or all are busy. */
static void flush(struct sink *s)
{
	struct pqm_batch *b = s->batch;

	s->batch = NULL;
	if (b != NULL && (s->n_threads == 0 || !push(s->run, b)))
		pqm_batch_scan(s->main, b);
}

static void show_progress(struct sink *s)
{
	uint64_t now, files = 0, bytes = 0;
	char a[32], b[32];

	if (!s->show_progress)
		return;
	now = pqm_now_ns();
	if (now - s->last_shown_ns < UINT64_C(100000000))
		return;
	s->last_shown_ns = now;
	for (uint32_t t = 0; t <= s->target; t++) {
		files += atomic_load_explicit(&s->run->counts[t].read, memory_order_relaxed);
		bytes += atomic_load_explicit(&s->run->counts[t].bytes, memory_order_relaxed);
	}
	(void)fprintf(stderr, "\rscanning  %s files  %s\x1b[K", pqm_human_count(a, files),
		pqm_human_bytes(b, bytes));
}

static enum pqm_st on_file(struct pqm_sink *sink, struct pqm_dir *dir, const char *name,
	pqm_bytes path, struct pqm_err *err)
{
	struct sink *s = (struct sink *)sink;
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
		flush(s);
		show_progress(s);
	}
	return PQM_OK;
}

static enum pqm_st on_bytes(
	struct pqm_sink *sink, pqm_bytes body, pqm_bytes path, struct pqm_err *err)
{
	struct sink *s = (struct sink *)sink;

	(void)err;
	atomic_fetch_add(&s->run->counts[s->target].seen, 1);
	pqm_worker_bytes(s->main, s->target, path, body);
	return PQM_OK;
}

/* False: it is looked at here. */
static bool queue_page(struct sink *s, const struct pqm_page *p)
{
	struct pqm_batch *b =
		s->n_threads == 0 ? NULL : pqm_page_keep(s->run, s->target, p, s->n_threads);

	if (b != NULL && !push(s->run, b))
		pqm_batch_scan(s->main, b);
	return b != NULL;
}

static enum pqm_st on_page(struct pqm_sink *sink, const struct pqm_page *p, struct pqm_err *err)
{
	struct sink *s = (struct sink *)sink;
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
	struct sink *s = (struct sink *)sink;
	enum pqm_st st = pqm_from_new(s->run, s->target, l, prefix, err);

	if (st == PQM_OK)
		s->from = s->run->layers;
	return st;
}

static bool on_layer_known(struct pqm_sink *sink, pqm_bytes *names)
{
	struct sink *s = (struct sink *)sink;

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
	struct sink *s = (struct sink *)sink;

	flush(s);
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
static char *member_path(struct sink *s, const struct pqm_member *m)
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
	struct sink *s, struct pqm_job *job, struct pqm_member *m, struct pqm_err *err)
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
		flush(s);
		show_progress(s);
	}
	return PQM_OK;
}

/* A member that is not read: what was found in it stands in its place. */
static void give_known(struct sink *s, const struct pqm_job *job, uint64_t size)
{
	atomic_fetch_add_explicit(&s->from->read, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&s->from->bytes, size, memory_order_relaxed);
	pqm_known_give(s->run, s->known, job);
}

static enum pqm_st on_member(struct pqm_sink *sink, struct pqm_member *m, struct pqm_err *err)
{
	struct sink *s = (struct sink *)sink;
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
	struct sink *s = (struct sink *)sink;
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
	struct sink *s = (struct sink *)sink;
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
	struct sink *s = (struct sink *)sink;
	struct pqm_listed l = { .target = pqm_str(s->run->targets[s->target]),
		.request = request,
		.n_objects = sum->n_objects,
		.n_bytes = sum->n_bytes };

	return pqm_listed_tell(s->run, s->main, &l, number, err);
}

static void on_note(struct pqm_sink *sink, pqm_bytes path, const char *reason, const char *words)
{
	const struct sink *s = (struct sink *)sink;

	pqm_run_skip_source(s->run, s->target, path, reason, words);
}

static void on_skip(struct pqm_sink *sink, enum pqm_skip why, pqm_bytes path, const char *words)
{
	static const char *const reason[] = { "symlink", "device", "socket", "fifo", "unreadable",
		"over-limit", "mount", "forbidden", "incomplete" };
	struct sink *s = (struct sink *)sink;
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
	struct sink *s = (struct sink *)sink;

	pthread_mutex_lock(&s->run->lock);
	s->run->coverage.directories++;
	pthread_mutex_unlock(&s->run->lock);
}

static bool on_endpoint(struct pqm_sink *sink, const struct pqm_endpoint *e, bool is_known)
{
	struct sink *s = (struct sink *)sink;
	struct pqm_asked to = { s->inv, &s->kept, s->n_named, s->opt->on_endpoint, s->opt->ctx,
		is_known };
	bool go_on = pqm_worker_endpoint(s->main, e, &to);
	uint64_t now = pqm_now_ns();
	char a[32], b[32];

	if (s->show_progress && now - s->last_shown_ns >= UINT64_C(100000000)) {
		s->last_shown_ns = now;
		(void)fprintf(stderr, "\rasking  %s of %s endpoints\x1b[K",
			pqm_human_count(a, s->inv->n_endpoints), pqm_human_count(b, s->n_named));
	}
	return go_on;
}

static void on_bad(struct pqm_sink *sink, uint32_t target, const char *words)
{
	struct sink *s = (struct sink *)sink;

	s->inv->targets[target].failed = true;
	pqm_run_skip(s->run, target, s->inv->targets[target].name, "malformed", words);
}

static const struct pqm_source *source_of(const char *target)
{
	for (size_t i = 0; pqm_sources[i] != NULL; i++)
		if (pqm_sources[i]->accepts(target))
			return pqm_sources[i];
	return NULL;
}

bool pqm_scan_is_endpoint(const char *target)
{
	const struct pqm_source *source = source_of(target);

	return source != NULL && source->walk_all != NULL;
}

bool pqm_scan_is_special(const char *target)
{
	const struct pqm_source *source = source_of(target);

	return source != NULL && strcmp(source->name, "path") != 0;
}

static enum pqm_st walk_target(
	struct sink *s, const struct pqm_source *source, const char *target, struct pqm_err *err)
{
	struct pqm_err why = { 0 };
	enum pqm_st st = source->walk(target, &s->sink, &why);

	flush(s);
	if (st == PQM_ENOMEM || st == PQM_EINTERNAL) {
		*err = why;
		return st;
	}
	if (st != PQM_OK) {
		s->inv->targets[s->target].failed = true;
		pqm_run_skip(s->run, s->target, pqm_str(target), "unreadable", why.msg);
	}
	return PQM_OK;
}

/* The targets that a source walks all at once. */
static enum pqm_st walk_all(struct sink *s, const struct pqm_source *source,
	const char *const *targets, struct pqm_err *err)
{
	const size_t n = s->inv->n_targets;
	const char **names = pqm_calloc(n + 1, sizeof(*names));
	uint32_t *index = pqm_calloc(n + 1, sizeof(*index));
	struct pqm_walk_all w = { names, index, 0, s->net, s->run->rules };
	enum pqm_st st = PQM_OK;

	for (size_t t = s->first; names != NULL && index != NULL && t < n; t++)
		if (source_of(targets[t]) == source) {
			names[w.n] = targets[t];
			index[w.n++] = (uint32_t)t;
		}
	s->n_named += w.n;
	if (names == NULL || index == NULL)
		st = pqm_fail(err, PQM_ENOMEM, "out of memory for the targets");
	else if (w.n > 0 && s->net == NULL)
		st = pqm_fail(err, PQM_EUSAGE, "%s: this command asks no endpoints", names[0]);
	else if (w.n > 0)
		st = source->walk_all(&w, &s->sink, err);
	pqm_free(names);
	pqm_free(index);
	return st;
}

/* Files first: while endpoints are waited for here, the other threads read. */
static enum pqm_st walk(struct sink *s, const char *const *targets, struct pqm_err *err)
{
	enum pqm_st st = PQM_OK;

	for (size_t t = s->first; t < s->inv->n_targets && st == PQM_OK; t++) {
		const struct pqm_source *source = source_of(targets[t]);

		if (source == NULL)
			return pqm_fail(err, PQM_EUSAGE, "%s: no source takes this kind of target",
				targets[t]);
		s->target = (uint32_t)t;
		s->inv->targets[t].kind = pqm_str(source->name);
		if (source->walk_all == NULL)
			st = walk_target(s, source, targets[t], err);
	}
	flush(s);
	for (size_t i = 0; pqm_sources[i] != NULL && st == PQM_OK; i++)
		if (pqm_sources[i]->walk_all != NULL)
			st = walk_all(s, pqm_sources[i], targets, err);
	return st;
}

static void run_fini(struct pqm_run *run)
{
	pqm_matcher_free(run->matcher);
	pqm_free(run->pattern);
	pqm_free(run->counts);
	pqm_map_fini(&run->by_content);
	pqm_map_fini(&run->by_inode);
	pqm_map_fini(&run->unreached);
	pqm_arena_fini(&run->arena);
	(void)pthread_mutex_destroy(&run->lock);
	(void)pthread_cond_destroy(&run->not_empty);
	(void)pthread_cond_destroy(&run->page_done);
}

static enum pqm_st name_targets(
	struct pqm_inventory *inv, const char *const *targets, size_t n, struct pqm_err *err)
{
	inv->targets = pqm_new(&inv->arena, struct pqm_target, n + 1);
	if (inv->targets == NULL)
		return pqm_fail(err, PQM_ENOMEM, "out of memory");
	for (size_t i = 0; i < n; i++)
		inv->targets[i].name = pqm_bytes_dup(&inv->arena, pqm_str(targets[i]));
	inv->n_targets = n;
	return PQM_OK;
}

/* Walks the targets of a round with the threads running; then waits for them. */
static enum pqm_st run_round(
	struct sink *s, struct pqm_worker *workers, const char *const *targets, struct pqm_err *err)
{
	pthread_t thread[PQM_THREADS_MAX] = { 0 };
	struct pqm_run *run = s->run;
	struct pqm_batch *b;
	enum pqm_st st;

	run->is_closed = false;
	s->n_threads = 0;
	for (unsigned i = 1; i < s->opt->jobs; i++)
		if (pthread_create(&thread[s->n_threads], NULL, work, &workers[i]) == 0)
			s->n_threads++;
	st = walk(s, targets, err);
	pthread_mutex_lock(&run->lock);
	run->is_closed = true;
	pthread_cond_broadcast(&run->not_empty);
	pthread_mutex_unlock(&run->lock);
	while ((b = pop(run)) != NULL)
		pqm_batch_scan(&workers[0], b);
	for (unsigned i = 0; i < s->n_threads; i++)
		(void)pthread_join(thread[i], NULL);
	if (s->opt->show_progress)
		(void)fprintf(stderr, "\r\x1b[K");
	if (st == PQM_OK && run->is_out_of_memory)
		st = pqm_fail(err, PQM_ENOMEM, "out of memory: the findings do not fit");
	return st;
}

/* A second round, of what the objects of the first one name. */
static enum pqm_st follow(
	struct sink *s, struct pqm_worker *workers, uint64_t since_ns, struct pqm_err *err)
{
	struct pqm_endpoint_options net = { 0 };
	bool any = false;
	enum pqm_st st;

	s->first = s->inv->n_targets;
	st = pqm_follow_targets(s->inv, s->run, &any, err);
	if (st != PQM_OK || !any)
		return st;
	if (s->net != NULL) {
		net = *s->net;
		net.probe.private_only = !s->opt->follow_external;
		net.probe.time_budget_ms =
			pqm_follow_budget(net.probe.time_budget_ms, pqm_now_ns() - since_ns);
		s->net = &net;
	}
	st = run_round(s, workers, s->run->targets, err);
	s->net = s->opt->net;
	return st;
}

static enum pqm_st run_all(struct pqm_inventory *inv, struct pqm_run *run,
	struct pqm_worker *workers, const char *const *targets, const struct pqm_scan_options *opt,
	struct pqm_err *err)
{
	struct sink s = {
		.sink = { run->rules, opt->cluster, opt->images, on_file, on_bytes, on_page,
			on_layer, opt->cache != NULL ? on_layer_known : NULL, on_layer_end,
			on_member, on_link, on_list, on_listed, on_note, on_skip, on_directory,
			on_endpoint, on_bad },
		.run = run,
		.main = &workers[0],
		.show_progress = opt->show_progress,
		.opt = opt,
		.inv = inv,
		.net = opt->net,
	};
	uint64_t since_ns = pqm_now_ns();
	enum pqm_st st = run_round(&s, workers, targets, err);

	if (st == PQM_OK && opt->follow != 0 && inv->n_targets > 0)
		st = follow(&s, workers, since_ns, err);
	return st;
}

enum pqm_st pqm_scan(struct pqm_inventory *inv, const struct pqm_rules *rules,
	const char *const *targets, size_t n_targets, const struct pqm_scan_options *options,
	struct pqm_err *err)
{
	struct pqm_scan_options opt = *options;
	struct pqm_run run = {
		.rules = rules, .targets = targets, .n_named = n_targets, .opt = &opt
	};
	struct pqm_worker *workers = NULL;
	enum pqm_st st;

	if (opt.jobs < 1)
		opt.jobs = 1;
	if (opt.jobs > PQM_THREADS_MAX)
		opt.jobs = PQM_THREADS_MAX;
	(void)pthread_mutex_init(&run.lock, NULL);
	(void)pthread_cond_init(&run.not_empty, NULL);
	(void)pthread_cond_init(&run.page_done, NULL);
	pqm_arena_init(&run.arena, PQM_RUN_ARENA_BYTES);
	pqm_guard_install();
	if (opt.cache != NULL)
		pqm_hasher_key(pqm_cache_secret(opt.cache));
	run.counts = pqm_calloc(n_targets + 1 +
			(opt.follow == 0 ? 0 : PQM_FOLLOW_ENDPOINTS_MAX + PQM_FOLLOW_IMAGES_MAX),
		sizeof(*run.counts));
	workers = pqm_calloc(opt.jobs, sizeof(*workers));
	st = run.counts == NULL || workers == NULL ? pqm_fail(err, PQM_ENOMEM, "out of memory")
						   : PQM_OK;
	if (st == PQM_OK)
		st = name_targets(inv, targets, n_targets, err);
	if (st == PQM_OK)
		st = pqm_run_matcher(&run, err);
	for (unsigned i = 0; i < opt.jobs && st == PQM_OK; i++)
		st = pqm_worker_init(&workers[i], &run, err);
	uint64_t t0 = pqm_now_ns(), t1, t2;

	if (st == PQM_OK)
		st = run_all(inv, &run, workers, targets, &opt, err);
	t1 = pqm_now_ns();
	pqm_pages_fini(&run);
	pqm_settled_fini(&run.settled);
	if (st == PQM_OK)
		st = pqm_layers_settle(&run, err);
	for (unsigned i = 0; i < opt.jobs && st == PQM_OK; i++)
		pqm_worker_rest(&workers[i]);
	if (st == PQM_OK) {
		pqm_run_targets(inv, &run);
		pqm_malloc_trim();
		st = pqm_run_merge(inv, &run, err);
		for (unsigned i = 0; i < opt.jobs; i++)
			pqm_arena_take(&inv->arena, &workers[i].texts);
	}
	t2 = pqm_now_ns();
	if (st == PQM_OK)
		pqm_log(PQM_INFO, "scan",
			"%u threads, %s sweep, %zu detectors: read %.3f s, merged %.3f s", opt.jobs,
			pqm_matcher_cpu(run.matcher), run.n_detectors, (double)(t1 - t0) / 1e9,
			(double)(t2 - t1) / 1e9);
	for (unsigned i = 0; workers != NULL && i < opt.jobs; i++)
		if (workers[i].run != NULL)
			pqm_worker_fini(&workers[i]);
	pqm_free(workers);
	run_fini(&run);
	/* What the workers held lies between what the inventory keeps. */
	pqm_malloc_trim();
	return st == PQM_OK ? pqm_inventory_seal(inv, rules, err) : st;
}
