/* bench_run.c — the measuring loop and its statistics. */
#include "bench.h"

#include <ctype.h>
#include <sched.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>

#include "bench_peer.h"

#define BATCH_NS 20000.0		     /* shorter samples drown in the clock's own cost */
#define ROUNDS_MAX 512			     /* samples of an item and case */
#define ROUNDS_MIN BENCH_BLOCKS		     /* one for each block of the ratio */
#define ROUNDS_SLOW 3			     /* when one round takes a second */
#define ATTEMPTS 4			     /* at a sample that another job interrupted */
#define CELLS (BENCH_CASES_MAX * ROUNDS_MAX) /* n_items x cases x rounds stay below */

static double now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC_RAW, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

void *bench_alloc(struct bench *b, size_t n)
{
	void *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p != MAP_FAILED)
		return p;
	bench_missing(b, "%zu bytes of memory", n);
	return NULL;
}

void bench_free(void *p, size_t n)
{
	if (p != NULL)
		(void)munmap(p, n);
}

bool bench_init(struct bench *b)
{
	b->row = bench_alloc(b, BENCH_ROWS_MAX * sizeof(*b->row));
	b->sample = bench_alloc(b, CELLS * BENCH_ITEMS_MAX * sizeof(*b->sample));
	b->peer = bench_alloc(b, BENCH_PEERS_MAX * sizeof(*b->peer));
	b->cpu = hyb_cpu();
	if (b->case_ns == 0)
		b->case_ns = b->is_full ? 300 * 1000000ULL : 24 * 1000000ULL;
	if (b->row == NULL || b->sample == NULL || b->peer == NULL)
		return false;
	bench_peers_open(b);
	return true;
}

void bench_fini(struct bench *b)
{
	if (b->peer != NULL)
		bench_peers_close(b);
	bench_free(b->row, BENCH_ROWS_MAX * sizeof(*b->row));
	bench_free(b->sample, CELLS * BENCH_ITEMS_MAX * sizeof(*b->sample));
	bench_free(b->peer, BENCH_PEERS_MAX * sizeof(*b->peer));
	b->row = NULL;
	b->sample = NULL;
	b->peer = NULL;
	b->n_rows = 0;
}

void bench_missing(struct bench *b, const char *fmt, ...)
{
	va_list ap;

	if (b->n_missing >= BENCH_MISSING_MAX)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(b->missing[b->n_missing++], sizeof(b->missing[0]), fmt, ap);
	va_end(ap);
}

/* One group while it is measured. */
struct run {
	struct bench *b;
	const struct bench_op *op;
	const struct bench_case *c;
	size_t n, n_items, n_rounds, max_rounds;
	size_t batch[BENCH_CASES_MAX];
	bool is_off[BENCH_CASES_MAX];
};

static void level(const struct run *r, size_t i)
{
	if (r->c[i].cpu < 0)
		return;
	hyb_cpu_limit((enum hyb_cpu)r->c[i].cpu);
	(void)hyb_cpu(); /* CPUID here: in a virtual machine it traps, for longer than most operations take */
}

static double *cell(const struct run *r, size_t c, size_t item)
{
	return r->b->sample + (c * r->n_items + item) * r->max_rounds;
}

/* Warm caches, find the batch, and leave out what fails. */
static double warm_up(struct run *r, size_t i)
{
	double t0, one = 0;

	level(r, i);
	for (unsigned k = 0; k < 3; k++) {
		t0 = now_ns();
		if (!r->c[i].run(r->c[i].ctx, 0)) {
			r->is_off[i] = true;
			bench_missing(r->b, "%s %s, %s: the call failed", r->op->algorithm,
				r->op->operation, r->c[i].impl);
			return 0;
		}
		one = now_ns() - t0;
		if (one > 2e6)
			break;
	}
	r->batch[i] = one >= BATCH_NS ? 1 : (size_t)(BATCH_NS * 1.1 / (one > 20 ? one : 20)) + 1;
	return one * (double)r->batch[i] * (double)r->n_items;
}

/* How often another job has taken the core from this thread. */
static long interruptions(void)
{
	struct rusage u;

	return getrusage(RUSAGE_THREAD, &u) == 0 ? u.ru_nivcsw : 0;
}

/* One sample. When another job was scheduled in the middle it is taken again, a few times. */
static double sample(const struct run *r, size_t i, size_t item)
{
	double best = 0;

	for (unsigned attempt = 0; attempt < ATTEMPTS; attempt++) {
		long before = interruptions();
		double t0 = now_ns(), t;

		for (size_t k = 0; k < r->batch[i]; k++)
			(void)r->c[i].run(r->c[i].ctx, item);
		t = now_ns() - t0;
		best = attempt == 0 || t < best ? t : best;
		if (interruptions() == before)
			break;
		(void)sched_yield();
	}
	return best / (double)r->batch[i];
}

static void measure_round(struct run *r)
{
	for (size_t item = 0; item < r->n_items; item++)
		for (size_t i = 0; i < r->n; i++) {
			if (r->is_off[i])
				continue;
			level(r, i);
			cell(r, i, item)[r->n_rounds] = sample(r, i, item);
		}
	r->n_rounds++;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The p-quantile (nearest rank) of v[from..to), averaged over the items of the fixed list. */
static double quantile(const struct run *r, size_t c, double p, size_t from, size_t to)
{
	double tmp[ROUNDS_MAX], sum = 0;
	size_t n = to - from, k = (size_t)(p * (double)(n - 1) + 0.5);

	for (size_t item = 0; item < r->n_items; item++) {
		memcpy(tmp, cell(r, c, item) + from, n * sizeof(*tmp));
		qsort(tmp, n, sizeof(*tmp), by_value);
		sum += tmp[k];
	}
	return sum / (double)r->n_items;
}

/* "Falcon-1024 (round 3)" becomes "falcon-1024-round-3". */
static void lower(char *out, size_t room, const char *s)
{
	size_t n = 0;

	for (; *s != '\0' && n + 1 < room; s++) {
		unsigned char c = (unsigned char)*s;

		if (isalnum(c) || c == '+')
			out[n++] = (char)tolower(c);
		else if (n > 0 && out[n - 1] != '-')
			out[n++] = '-';
	}
	while (n > 0 && out[n - 1] == '-')
		n--;
	out[n] = '\0';
}

static void ratios(const struct run *r, size_t i, struct bench_row *w)
{
	size_t base = r->op->baseline, blocks = BENCH_BLOCKS;

	if (base >= r->n || r->is_off[base] || base == i)
		return;
	(void)snprintf(w->baseline, sizeof(w->baseline), "%s", r->c[base].impl);
	w->ratio = quantile(r, base, 0.25, 0, r->n_rounds) / quantile(r, i, 0.25, 0, r->n_rounds);
	if (blocks > r->n_rounds)
		blocks = r->n_rounds;
	for (size_t k = 0; k < blocks; k++) {
		size_t from = r->n_rounds * k / blocks, to = r->n_rounds * (k + 1) / blocks;
		double x = quantile(r, base, 0.25, from, to) / quantile(r, i, 0.25, from, to);

		w->ratio_lo = k == 0 || x < w->ratio_lo ? x : w->ratio_lo;
		w->ratio_hi = k == 0 || x > w->ratio_hi ? x : w->ratio_hi;
	}
}

static void keep(const struct run *r, size_t i)
{
	const struct bench_op *op = r->op;
	struct bench *b = r->b;
	struct bench_row *w;
	double per = op->per_call == 0 ? 1 : (double)op->per_call;
	char alg[BENCH_TEXT], what[32];

	if (r->is_off[i] || b->n_rows >= BENCH_ROWS_MAX)
		return;
	w = &b->row[b->n_rows++];
	lower(alg, sizeof(alg) - sizeof(what), op->algorithm);
	lower(what, sizeof(what), op->operation);
	(void)snprintf(w->id, sizeof(w->id), "%.60s.%.31s", alg, what);
	(void)snprintf(w->family, sizeof(w->family), "%s", op->family);
	(void)snprintf(w->algorithm, sizeof(w->algorithm), "%s", op->algorithm);
	(void)snprintf(w->operation, sizeof(w->operation), "%s", op->operation);
	(void)snprintf(w->impl, sizeof(w->impl), "%s", r->c[i].impl);
	if (r->c[i].cpu >= 0)
		(void)snprintf(
			w->level, sizeof(w->level), "%s", hyb_cpu_name((enum hyb_cpu)r->c[i].cpu));
	w->is_in_use = r->c[i].is_in_use;
	w->min_ns = quantile(r, i, 0, 0, r->n_rounds) / per;
	w->p25_ns = quantile(r, i, 0.25, 0, r->n_rounds) / per;
	w->median_ns = quantile(r, i, 0.5, 0, r->n_rounds) / per;
	w->p90_ns = quantile(r, i, 0.9, 0, r->n_rounds) / per;
	w->pk_bytes = op->pk_bytes;
	w->out_bytes = op->out_bytes;
	w->bytes = op->bytes;
	w->n_samples = r->n_rounds * r->n_items;
	w->batch = r->batch[i];
	level(r, i);
	if (!r->c[i].is_threads)
		w->stack_bytes = bench_stack(b, r->c[i].run, r->c[i].ctx);
	ratios(r, i, w);
}

void bench_group(struct bench *b, const struct bench_op *op, const struct bench_case *c, size_t n)
{
	struct run r = { .b = b, .op = op, .c = c, .n = n < BENCH_CASES_MAX ? n : BENCH_CASES_MAX };
	double budget, round = 0, t0;
	size_t least;

	if (b->progress != NULL)
		b->progress(b->progress_ctx, op->algorithm);
	r.n_items = op->n_items == 0 ? 1 : op->n_items;
	r.max_rounds = ROUNDS_MAX;
	for (size_t i = 0; i < r.n; i++)
		round += warm_up(&r, i);
	budget = (double)b->case_ns * (double)r.n;
	least = round * ROUNDS_MIN > 20 * budget ? ROUNDS_SLOW : ROUNDS_MIN;
	t0 = now_ns();
	while (r.n_rounds < r.max_rounds && (r.n_rounds < least || now_ns() - t0 < budget))
		measure_round(&r);
	for (size_t i = 0; i < r.n; i++)
		keep(&r, i);
	hyb_cpu_limit(b->cpu);
}

const struct bench_row *bench_find(const struct bench *b, const char *id)
{
	for (size_t i = 0; i < b->n_rows; i++)
		if (b->row[i].is_in_use && strcmp(b->row[i].id, id) == 0)
			return &b->row[i];
	return NULL;
}

void bench_all(struct bench *b)
{
	bench_classical(b);
	bench_mlkem(b);
	bench_mldsa(b);
	bench_slhdsa(b);
	bench_hybrid(b);
	bench_composite(b);
	bench_bulk(b);
	bench_sealing(b);
	bench_round3(b);
}
