/*
 * constants.c — the sampler and Hyperscan on the same bytes with the same patterns. Called by
 * ../constants.py; not part of pqmap. Hyperscan is loaded from the library that is named.
 *   constants patterns            prints every pattern as hex
 *   constants held LIBHS LIST     files of LIST held in memory, scanned by each engine with 1 and 2 threads
 *   constants files LIST          files of LIST read in pieces and swept, as the engine does
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/limits.h"
#include "rules/sampler.h"

#define CARRY 24
#define PIECE PQM_READ_CHUNK_BYTES
#define PIECE_MATCHES ((size_t)1 << 20)
#define ROUNDS 5

struct file {
	uint8_t *p;
	size_t n;
	char *name;
};

struct result {
	uint64_t bytes, hits, mark; /* mark: the same when the hits are, in any order */
	double cpu;
};

static struct file *file;
static size_t n_files;
static const struct pqm_sampler *sampler;
static atomic_size_t next_file;
static void (*scan)(void *state, size_t i, struct result *r);

/* Of Hyperscan's interface [hs_compile.h, hs_runtime.h], what is used here. */
static struct {
	int (*compile)(const char *const *, const unsigned *, const unsigned *, const size_t *,
		unsigned, unsigned, const void *, void **, void **);
	int (*alloc)(const void *, void **);
	int (*scan)(const void *, const char *, unsigned, unsigned, void *,
		int (*)(unsigned, unsigned long long, unsigned long long, unsigned, void *), void *);
	void *db;
} hs;

static double now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void hit(struct result *r, size_t i, uint64_t id, uint64_t off)
{
	uint64_t x = (i * UINT64_C(0x9e3779b97f4a7c15)) ^ (id << 40) ^ off;

	x = (x ^ x >> 31) * UINT64_C(0xbf58476d1ce4e5b9);
	r->hits++;
	r->mark += x ^ x >> 29;
}

/* Keeps what stands there, and starts anew. */
static void take(struct pqm_matches *m, size_t i, pqm_bytes body, uint64_t base, struct result *r)
{
	for (size_t k = 0; k < m->n; k++) {
		const struct pqm_match *at = &m->match[k];

		if (at->off < base ||
			pqm_sampler_fits(sampler, at->pattern, body, at->off - base))
			hit(r, i, at->pattern, at->off);
	}
	m->n = 0;
}

static void scan_sampler(void *state, size_t i, struct result *r)
{
	struct pqm_matches *m = state;
	pqm_bytes body = { file[i].p, file[i].n };

	pqm_sampler_sweep(sampler, body, 0, 0, 0, m);
	take(m, i, body, 0, r);
}

struct place {
	struct result *r;
	size_t i;
};

static int on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags,
	void *ctx)
{
	struct place *p = ctx;

	(void)from, (void)flags;
	hit(p->r, p->i, id, to - pqm_sampler_at(sampler, id)->bytes.n);
	return 0;
}

static void scan_hyperscan(void *state, size_t i, struct result *r)
{
	struct place p = { r, i };

	if (hs.scan(hs.db, (const char *)file[i].p, (unsigned)file[i].n, 0, state, on_match, &p) !=
		0)
		abort();
}

static void scan_read(void *state, size_t i, struct result *r)
{
	uint64_t sum = 0, w;

	(void)state;
	for (size_t at = 0; at + 8 <= file[i].n; at += 8) {
		memcpy(&w, file[i].p + at, 8);
		sum += w;
	}
	r->mark += sum;
}

/* Reads and sweeps as worker.c does; a hit that spans two pieces is not compared again. */
static void scan_pieces(void *state, size_t i, struct result *r)
{
	struct pqm_matches *m = state;
	uint8_t *buf = (uint8_t *)(m->match + m->cap);
	int fd = open(file[i].name, O_RDONLY | O_CLOEXEC);
	uint64_t at = 0;
	ssize_t n;

	while (fd >= 0 && (n = read(fd, buf + CARRY, PIECE)) > 0) {
		size_t seen = at == 0 ? 0 : CARRY;
		pqm_bytes window = { buf + CARRY - seen, seen + (size_t)n };

		pqm_sampler_sweep(sampler, window, seen, at - seen, 0, m);
		r->hits += m->n;
		m->n = 0;
		at += (uint64_t)n;
		memcpy(buf, buf + n, CARRY);
		if ((size_t)n < PIECE)
			break;
	}
	if (fd >= 0)
		close(fd);
	r->bytes += at;
}

static void *work(void *ctx)
{
	struct result *r = ctx;
	void *state = NULL;
	struct pqm_matches m = { NULL, 0, PIECE_MATCHES, false };
	size_t i;

	if (scan == scan_hyperscan) {
		if (hs.alloc(hs.db, &state) != 0)
			abort();
	} else {
		m.match = malloc(PIECE_MATCHES * sizeof(*m.match) + CARRY + PIECE + 64);
		state = &m;
	}
	double from = now(CLOCK_THREAD_CPUTIME_ID);

	while ((i = atomic_fetch_add(&next_file, 1)) < n_files) {
		r->bytes += file[i].p != NULL ? file[i].n : 0;
		scan(state, i, r);
	}
	r->cpu = now(CLOCK_THREAD_CPUTIME_ID) - from;
	free(m.match);
	return NULL;
}

static double timed(unsigned threads, struct result *sum)
{
	struct result r[8] = { { 0 } };
	pthread_t t[8];
	double from = now(CLOCK_MONOTONIC);

	atomic_store(&next_file, 0);
	for (unsigned i = 0; i < threads; i++)
		pthread_create(&t[i], NULL, work, &r[i]);
	*sum = (struct result){ 0 };
	for (unsigned i = 0; i < threads; i++) {
		pthread_join(t[i], NULL);
		sum->bytes += r[i].bytes;
		sum->hits += r[i].hits;
		sum->mark += r[i].mark;
		sum->cpu += r[i].cpu;
	}
	return now(CLOCK_MONOTONIC) - from;
}

static void tell(const char *name, unsigned threads, double s, const struct result *r)
{
	printf("{\"engine\": \"%s\", \"threads\": %u, \"s\": %.4f, \"cpu\": %.4f, \"bytes\": %llu, \"hits\": %llu, "
	       "\"mark\": \"%016llx\"}\n",
		name, threads, s, r->cpu, (unsigned long long)r->bytes, (unsigned long long)r->hits,
		(unsigned long long)r->mark);
}

static void load_list(const char *path, bool is_held)
{
	FILE *f = fopen(path, "r");
	char line[4096];
	size_t cap = 0;

	while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
		struct stat st;

		line[strcspn(line, "\n")] = '\0';
		int fd = open(line, O_RDONLY | O_CLOEXEC);

		if (fd < 0 || fstat(fd, &st) != 0)
			continue;
		if (n_files == cap)
			file = realloc(file, (cap = cap * 2 + 64) * sizeof(*file));
		file[n_files] = (struct file){ .n = (size_t)st.st_size, .name = strdup(line) };
		if (is_held) {
			file[n_files].p = malloc(file[n_files].n + 64);
			if (read(fd, file[n_files].p, file[n_files].n) != st.st_size)
				exit(1);
		}
		n_files++;
		close(fd);
	}
}

static void load_hyperscan(const char *path)
{
	void *so = dlopen(path, RTLD_NOW), *why;
	size_t n = pqm_sampler_count(sampler);
	const char **text = calloc(n, sizeof(*text));
	unsigned *flags = calloc(n, sizeof(*flags)), *ids = calloc(n, sizeof(*ids));
	size_t *lens = calloc(n, sizeof(*lens));

	if (so == NULL) {
		fprintf(stderr, "%s\n", dlerror());
		exit(1);
	}
	*(void **)&hs.compile = dlsym(so, "hs_compile_lit_multi");
	*(void **)&hs.alloc = dlsym(so, "hs_alloc_scratch");
	*(void **)&hs.scan = dlsym(so, "hs_scan");
	for (size_t i = 0; i < n; i++) {
		text[i] = (const char *)pqm_sampler_at(sampler, i)->bytes.p;
		lens[i] = pqm_sampler_at(sampler, i)->bytes.n;
		ids[i] = (unsigned)i;
	}
	if (hs.compile(text, flags, ids, lens, (unsigned)n, 1, NULL, &hs.db, &why) != 0)
		exit(1);
}

static void compare(void)
{
	static const struct {
		const char *name;
		void (*scan)(void *, size_t, struct result *);
	} engines[] = { { "read", scan_read }, { "sampler", scan_sampler },
		{ "hyperscan", scan_hyperscan } };
	struct result r;

	for (unsigned round = 0; round < ROUNDS; round++)
		for (size_t e = 0; e < sizeof(engines) / sizeof(engines[0]); e++)
			for (unsigned threads = 1; threads <= 2; threads++) {
				scan = engines[e].scan;
				double s = timed(threads, &r);

				tell(engines[e].name, threads, s, &r);
			}
}

int main(int argc, char **argv)
{
	struct pqm_rules rules;
	struct pqm_sampler *s;
	struct pqm_err err;
	struct result r;

	if (argc < 2 || pqm_rules_load(&rules, NULL, &err) != PQM_OK)
		return 2;
	double from = now(CLOCK_MONOTONIC);

	if (pqm_sampler_build(&s, &rules, &err) != PQM_OK)
		return 2;
	sampler = s;
	printf("{\"engine\": \"build\", \"s\": %.6f, \"patterns\": %zu}\n", now(CLOCK_MONOTONIC) - from,
		pqm_sampler_count(s));
	if (strcmp(argv[1], "patterns") == 0) {
		for (size_t i = 0; i < pqm_sampler_count(s); i++) {
			pqm_bytes b = pqm_sampler_at(s, i)->bytes;

			for (size_t k = 0; k < b.n; k++)
				printf("%02x", b.p[k]);
			putchar('\n');
		}
	} else if (strcmp(argv[1], "held") == 0 && argc == 4) {
		load_hyperscan(argv[2]);
		load_list(argv[3], true);
		compare();
	} else if (argc == 3) {
		load_list(argv[2], false);
		scan = scan_pieces;
		for (unsigned round = 0; round < 2; round++)
			for (unsigned threads = 1; threads <= 2; threads++) {
				double t = timed(threads, &r);

				tell("files", threads, t, &r);
			}
	}
	return 0;
}
