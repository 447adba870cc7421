/* scan.c — a run from its targets to the inventory: threads, rounds, what is left to do at the end. */
#include "scan.h"

#include "base/limits.h"
#include "base/log.h"
#include "base/num.h"
#include "base/sys.h"
#include "follow.h"
#include "given.h"
#include "guard.h"

static void *work(void *arg)
{
	struct pqm_worker *w = arg;
	struct pqm_batch *b;

	while ((b = pqm_run_next(w->run)) != NULL)
		pqm_batch_scan(w, b);
	return NULL;
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

static enum pqm_st walk_target(struct pqm_given *s, const struct pqm_source *source,
	const char *target, struct pqm_err *err)
{
	struct pqm_err why = { 0 };
	enum pqm_st st = source->walk(target, &s->sink, &why);

	pqm_given_flush(s);
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
static enum pqm_st walk_all(struct pqm_given *s, const struct pqm_source *source,
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
static enum pqm_st walk(struct pqm_given *s, const char *const *targets, struct pqm_err *err)
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
	pqm_given_flush(s);
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
	(void)pthread_cond_destroy(&run->code_done);
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
static enum pqm_st run_round(struct pqm_given *s, struct pqm_worker *workers,
	const char *const *targets, struct pqm_err *err)
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
	while ((b = pqm_run_next(run)) != NULL)
		pqm_batch_scan(&workers[0], b);
	for (unsigned i = 0; i < s->n_threads; i++)
		(void)pthread_join(thread[i], NULL);
	if (s->opt->progress == PQM_PROGRESS_LINE)
		(void)fprintf(stderr, "\r\x1b[K");
	if (st == PQM_OK && run->is_out_of_memory)
		st = pqm_fail(err, PQM_ENOMEM, "out of memory: the findings do not fit");
	return st;
}

/* A second round, of what the objects of the first one name. */
static enum pqm_st follow(
	struct pqm_given *s, struct pqm_worker *workers, uint64_t since_ns, struct pqm_err *err)
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
	struct pqm_given s = {
		.run = run,
		.main = &workers[0],
		.opt = opt,
		.inv = inv,
		.net = opt->net,
	};
	uint64_t since_ns = pqm_now_ns();
	enum pqm_st st;

	pqm_given_calls(&s);
	st = run_round(&s, workers, targets, err);
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
	(void)pthread_cond_init(&run.code_done, NULL);
	pqm_arena_init(&run.arena, PQM_RUN_ARENA_BYTES);
	pqm_guard_install();
	pqm_malloc_setup();
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
		pqm_sys_drop_code();
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
