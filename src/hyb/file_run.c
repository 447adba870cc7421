#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hyb/file.h"

/*
 * The work is cut into batches of whole segments. The batch that comes out short of its full size is
 * the last one, and holds the last segment (file.h: the last one is always shorter), so that every
 * batch can be worked on without looking at the next. Streams: whoever is free reads the next batch,
 * under one lock; works on it; waits for its turn; writes. Memory: every batch knows its place.
 */
#define BATCH_BYTES (1U << 20)
#define POLL_MS 100

struct run {
	struct hyb_file_job *job;
	size_t per; /* segments a batch */
	size_t in_seg, out_seg;
	bool is_stream;
	/* memory */
	uint8_t *out;
	hyb_bytes in;
	/* streams */
	int out_fd, in_fd;
	bool may_wait; /* for input: no regular file, and others work meanwhile */
	bool is_eof;
	pthread_mutex_t read_lock; /* guards the input, next_read and is_eof */
	uint64_t next_read;
	pthread_mutex_t lock; /* guards the rest */
	pthread_cond_t turn;
	uint64_t next_write;
	bool is_stopped;
	uint64_t failed_at;
	enum hyb_st st;
	int err; /* errno of HYB_E_IO */
};

struct worker {
	struct run *r;
	struct hyb_floe_run floe;
	struct hyb_floe_ivs ivs;
	uint8_t *map; /* streams: input and output of one batch */
	size_t map_n;
};

/* One batch: where it lies and what it is. */
struct batch {
	uint64_t index;
	bool is_last;
	hyb_bytes in;
	uint8_t *out;
	size_t out_n;
};

static enum hyb_st seal_batch(struct worker *w, struct batch *b)
{
	size_t full = w->r->in_seg, at = 0;
	uint64_t pos = b->index * w->r->per;
	enum hyb_st st = HYB_OK;
	bool last = false;

	b->out_n = 0;
	while (st == HYB_OK && !last && (at < b->in.n || b->is_last)) {
		size_t n = b->in.n - at < full ? b->in.n - at : full;
		uint8_t iv[12];

		last = n < full;
		hyb_floe_iv(&w->ivs, iv);
		st = hyb_floe_seal(&w->floe, b->out + b->out_n, (struct hyb_floe_at){ pos++, last },
			(hyb_bytes){ b->in.n > 0 ? b->in.p + at : NULL, n }, iv);
		b->out_n += n + HYB_FLOE_OVERHEAD;
		at += n;
	}
	return st;
}

static enum hyb_st open_batch(struct worker *w, struct batch *b)
{
	hyb_bytes rest = b->in, seg;
	uint64_t pos = b->index * w->r->per;
	enum hyb_st st = HYB_OK;
	bool last = false;

	b->out_n = 0;
	while (st == HYB_OK && !last && (rest.n > 0 || b->is_last)) {
		st = hyb_floe_cut(&seg, &last, w->floe.f->segment, rest);
		if (st == HYB_OK && last && seg.n == w->r->in_seg)
			st = HYB_E_FORMAT;
		if (st == HYB_OK)
			st = hyb_floe_open(&w->floe, b->out + b->out_n, pos++, seg, last);
		if (st != HYB_OK)
			break;
		b->out_n += seg.n - HYB_FLOE_OVERHEAD;
		rest.p += seg.n;
		rest.n -= seg.n;
	}
	return st;
}

static enum hyb_st work_batch(struct worker *w, struct batch *b)
{
	return w->r->job->is_seal ? seal_batch(w, b) : open_batch(w, b);
}

/* Keeps the failure of the earliest batch; everyone stops. Under `lock`. */
static void fail(struct run *r, uint64_t index, enum hyb_st st, int err)
{
	if (!r->is_stopped || index < r->failed_at) {
		r->failed_at = index;
		r->st = st;
		r->err = err;
	}
	r->is_stopped = true;
	(void)pthread_cond_broadcast(&r->turn);
}

static bool is_stopped(struct run *r)
{
	bool stopped;

	(void)pthread_mutex_lock(&r->lock);
	stopped = r->is_stopped;
	(void)pthread_mutex_unlock(&r->lock);
	return stopped;
}

/* Plaintext bytes of a batch that went through. Under `lock`. */
static void count(struct run *r, const struct batch *b)
{
	r->job->plain_bytes += r->job->is_seal ? b->in.n : b->out_n;
	if (r->job->progress != NULL)
		r->job->progress(r->job->progress_ctx, r->job->plain_bytes);
}

/* ---- streams ---- */

/*
 * Fills a batch as hyb_read_full does. An input that can keep us waiting (a pipe, a socket) is asked
 * first, so that a failure elsewhere ends the call although no more input comes.
 */
static enum hyb_st read_batch(struct run *r, uint8_t *p, size_t *n)
{
	struct pollfd ask = { .fd = r->in_fd, .events = POLLIN };
	size_t done = 0, want = *n;

	if (!r->may_wait)
		return hyb_read_full(r->in_fd, p, n);
	while (done < want && !is_stopped(r)) {
		int ready = poll(&ask, 1, POLL_MS);
		ssize_t got = 0;

		if (ready > 0) {
			got = read(r->in_fd, p + done, want - done);
			if (got == 0)
				break;
		}
		if ((ready < 0 || got < 0) && errno != EINTR && errno != EAGAIN)
			return HYB_E_IO;
		done += got > 0 ? (size_t)got : 0;
	}
	*n = done;
	return HYB_OK;
}

/* Takes the next batch of the input; false when there is none or all stop. */
static bool take(struct worker *w, struct batch *b, enum hyb_st *st)
{
	struct run *r = w->r;
	size_t want = r->per * r->in_seg, n = want;
	/* One segment a batch is worked on in place, more than one from one half into the other. */
	size_t in_at = r->per > 1 ? r->per * r->out_seg : r->job->is_seal ? HYB_FLOE_HEAD_BYTES : 0;
	size_t out_at = r->per == 1 && !r->job->is_seal ? HYB_FLOE_HEAD_BYTES : 0;
	bool more = false;

	*st = HYB_OK;
	(void)pthread_mutex_lock(&r->read_lock);
	if (!r->is_eof && !is_stopped(r)) {
		more = true;
		b->index = r->next_read++;
		*st = read_batch(r, w->map + in_at, &n);
		r->is_eof = n < want || *st != HYB_OK;
		b->is_last = r->is_eof;
	}
	(void)pthread_mutex_unlock(&r->read_lock);
	b->in = (hyb_bytes){ w->map + in_at, n };
	b->out = w->map + out_at;
	return more;
}

/* Writes in the order of the input; false when all stop. */
static bool put(struct run *r, const struct batch *b, enum hyb_st st)
{
	int err = errno;
	bool going;

	(void)pthread_mutex_lock(&r->lock);
	while (!r->is_stopped && r->next_write != b->index)
		(void)pthread_cond_wait(&r->turn, &r->lock);
	going = !r->is_stopped;
	(void)pthread_mutex_unlock(&r->lock);
	if (!going)
		return false;
	if (st == HYB_OK) {
		st = hyb_write_full(r->out_fd, b->out, b->out_n);
		err = errno;
	}
	(void)pthread_mutex_lock(&r->lock);
	r->next_write++;
	if (st == HYB_OK)
		count(r, b);
	else
		fail(r, b->index, st, err);
	(void)pthread_cond_broadcast(&r->turn);
	(void)pthread_mutex_unlock(&r->lock);
	return st == HYB_OK;
}

static void run_stream(struct worker *w)
{
	struct batch b;
	enum hyb_st st;

	while (take(w, &b, &st)) {
		if (st == HYB_OK)
			st = work_batch(w, &b);
		if (!put(w->r, &b, st))
			break;
	}
}

/* ---- memory ---- */

static void run_memory(struct worker *w)
{
	struct run *r = w->r;
	size_t in_n = r->per * r->in_seg, out_n = r->per * r->out_seg;
	uint64_t last = r->in.n / in_n;
	struct batch b;
	enum hyb_st st = HYB_OK;

	while (st == HYB_OK) {
		(void)pthread_mutex_lock(&r->lock);
		b.index = r->next_read++;
		st = r->is_stopped ? HYB_E_ARG : HYB_OK;
		(void)pthread_mutex_unlock(&r->lock);
		if (st != HYB_OK || b.index > last)
			break;
		b.is_last = b.index == last;
		b.in = (hyb_bytes){ r->in.p, b.is_last ? r->in.n % in_n : in_n };
		if (b.in.n > 0)
			b.in.p += b.index * in_n;
		b.out = r->out + b.index * out_n;
		st = work_batch(w, &b);
		(void)pthread_mutex_lock(&r->lock);
		if (st == HYB_OK)
			count(r, &b);
		else
			fail(r, b.index, st, 0);
		(void)pthread_mutex_unlock(&r->lock);
	}
}

/* ---- both ---- */

static void *work(void *arg)
{
	struct run *r = arg;
	struct worker w = { .r = r, .floe = hyb_floe_run(r->job->f, r->job->is_seal) };
	enum hyb_st st = r->job->is_seal ? hyb_floe_ivs_begin(&w.ivs) : HYB_OK;

	if (st == HYB_OK && r->is_stream) {
		w.map_n = r->per == 1 ? r->job->f->segment : r->per * (r->in_seg + r->out_seg);
		w.map = hyb_map(w.map_n);
		if (w.map == NULL)
			st = HYB_E_IO;
	}
	if (st != HYB_OK) {
		(void)pthread_mutex_lock(&r->lock);
		fail(r, 0, st, errno);
		(void)pthread_mutex_unlock(&r->lock);
	} else if (r->is_stream) {
		run_stream(&w);
	} else {
		run_memory(&w);
	}
	hyb_unmap(w.map, w.map_n);
	hyb_floe_run_end(&w.floe);
	hyb_wipe(&w.ivs, sizeof(w.ivs));
	return NULL;
}

/* This thread works too; fewer helpers than asked for are no error. They take no signals. */
static enum hyb_st run_all(struct run *r)
{
	unsigned n = r->job->n_threads < HYB_THREADS_MAX ? r->job->n_threads : HYB_THREADS_MAX;
	pthread_t helper[HYB_THREADS_MAX];
	unsigned started = 0;
	sigset_t all, before;

	if (n > 1) {
		(void)sigfillset(&all);
		(void)pthread_sigmask(SIG_SETMASK, &all, &before);
		while (started < n - 1 && pthread_create(&helper[started], NULL, work, r) == 0)
			started++;
		(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	}
	(void)work(r);
	while (started > 0)
		(void)pthread_join(helper[--started], NULL);
	(void)pthread_mutex_destroy(&r->read_lock);
	(void)pthread_mutex_destroy(&r->lock);
	(void)pthread_cond_destroy(&r->turn);
	if (r->st == HYB_E_IO)
		errno = r->err;
	return r->st;
}

static void prepare(struct run *r, struct hyb_file_job *j)
{
	size_t segment = j->f->segment, plain = segment - HYB_FLOE_OVERHEAD;

	j->plain_bytes = 0;
	*r = (struct run){ .job = j,
		.per = segment < BATCH_BYTES ? BATCH_BYTES / segment : 1,
		.in_seg = j->is_seal ? plain : segment,
		.out_seg = j->is_seal ? segment : plain,
		.read_lock = PTHREAD_MUTEX_INITIALIZER,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.turn = PTHREAD_COND_INITIALIZER };
}

enum hyb_st hyb_file_run_fd(struct hyb_file_job *j, int out_fd, int in_fd)
{
	struct run r;
	struct stat s;

	prepare(&r, j);
	r.is_stream = true;
	r.may_wait = j->n_threads > 1 && fstat(in_fd, &s) == 0 && !S_ISREG(s.st_mode);
	r.out_fd = out_fd;
	r.in_fd = in_fd;
	return run_all(&r);
}

enum hyb_st hyb_file_run_mem(struct hyb_file_job *j, uint8_t *out, hyb_bytes in)
{
	struct run r;

	prepare(&r, j);
	r.out = out;
	r.in = in;
	return run_all(&r);
}
