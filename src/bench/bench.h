/*
 * bench.h — times the primitives of libhyb and of its peers on this machine.
 *
 * Shape:     a run is a list of groups; a group is one operation in several implementations, timed
 *            alternately in one loop, so that a busy moment hits all of them. Families add groups;
 *            the writers turn rows into text and JSON. Nothing here knows the scanner: the same core
 *            is the small program hyb-bench.
 * Units:     nanoseconds of CLOCK_MONOTONIC_RAW a call; bytes.
 * Ownership: the run owns its rows and scratch memory until bench_fini.
 * Errors:    a case that fails is left out and told in `missing`, never timed.
 * Threads:   one thread; sealing starts its own.
 */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "hyb/hyb.h"

#define BENCH_BLOCKS 9	     /* the spread of a ratio is taken over so many parts of a run */
#define BENCH_ITEMS_MAX 64   /* messages of the fixed signing list */
#define BENCH_CASES_MAX 12   /* implementations of one operation */
#define BENCH_ROWS_MAX 1200  /* more than every family at every level */
#define BENCH_MISSING_MAX 64 /* things asked for that were not there */
#define BENCH_PEERS_MAX 2    /* the running libcrypto and --against */
#define BENCH_TEXT 96

/* One call on item `item` of the fixed list; false: it failed. */
typedef bool bench_fn(void *ctx, size_t item);

struct bench_case {
	const char *impl; /* "native", "OpenSSL 3.5.7", "liboqs" */
	bench_fn *run;
	void *ctx;
	int cpu;	 /* enum hyb_cpu to run at, or -1: as it is */
	bool is_in_use;	 /* what the library does here by default */
	bool is_threads; /* starts threads: no stack is measured */
};

struct bench_op {
	const char *family, *algorithm, *operation;
	size_t pk_bytes, out_bytes; /* public key; ciphertext or signature; 0: none */
	size_t bytes;		    /* handled by a call, for GB/s; 0: not a bulk operation */
	size_t n_items;		    /* 0 is 1 */
	size_t per_call;	    /* operations in a call (batches); 0 is 1 */
	size_t baseline;	    /* index into the cases, or SIZE_MAX */
};

struct bench_row {
	char id[BENCH_TEXT]; /* "ml-kem-768.encaps" */
	char family[32], algorithm[BENCH_TEXT], operation[32], impl[BENCH_TEXT], level[16];
	bool is_in_use;
	double min_ns, p25_ns, median_ns, p90_ns; /* of one operation */
	size_t pk_bytes, out_bytes, bytes;
	size_t stack_bytes; /* 0: not measured */
	size_t n_samples, batch;
	char baseline[BENCH_TEXT];	  /* empty: none */
	double ratio, ratio_lo, ratio_hi; /* p25 of the baseline over ours; spread over blocks */
};

struct bench_peer; /* bench_peer.h */

struct bench {
	bool is_full;
	const char *date;    /* YYYY-MM-DD */
	const char *version; /* of the program */
	const char *against; /* path of a library, or NULL */
	uint64_t case_ns;    /* time for one case */
	void (*progress)(void *ctx, const char *what);
	void *progress_ctx;
	enum hyb_cpu cpu; /* the level in use */
	struct bench_row *row;
	size_t n_rows;
	char missing[BENCH_MISSING_MAX][160];
	size_t n_missing;
	struct bench_peer *peer; /* BENCH_PEERS_MAX of them */
	double *sample;		 /* of one group */
	void *stack;
};

/* CPU seconds of one TLS 1.3 handshake, computed by the caller from rows; written with them. */
struct bench_handshake {
	const char *suite;
	double client_us, server_us; /* negative: a row is missing */
	const char *missing;	     /* that row */
	size_t client_bytes, server_bytes;
};

/* False: out of memory. */
bool bench_init(struct bench *b);
/* After bench_init: why nothing of `against` can be timed, or NULL. */
const char *bench_refused(const struct bench *b);
void bench_fini(struct bench *b);
/* Runs every family. */
void bench_all(struct bench *b);

/* Times the cases of an operation alternately and keeps a row for each that works. */
void bench_group(struct bench *b, const struct bench_op *op, const struct bench_case *c, size_t n);
/* Says that something asked for is not there. */
void bench_missing(struct bench *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Zeroed scratch memory of a family, at a 64-byte boundary; NULL is reported as missing. */
void *bench_alloc(struct bench *b, size_t n);
void bench_free(void *p, size_t n);
/* Bytes of stack that one call takes, by painting; 0 when it cannot be told. */
size_t bench_stack(struct bench *b, bench_fn *run, void *ctx);
/* The row in use with this id, or NULL. */
const struct bench_row *bench_find(const struct bench *b, const char *id);

/* Families, in the order of the report. */
void bench_classical(struct bench *b);
void bench_mlkem(struct bench *b);
void bench_mldsa(struct bench *b);
void bench_slhdsa(struct bench *b);
void bench_round3(struct bench *b);
void bench_hybrid(struct bench *b);
void bench_composite(struct bench *b);
void bench_bulk(struct bench *b);
void bench_sealing(struct bench *b);

/* ---- what was measured where ---- */
struct bench_host {
	char name[BENCH_TEXT], cpu[BENCH_TEXT], governor[32], load[48], compiler[BENCH_TEXT];
	char libcrypto[BENCH_TEXT], commit[48];
	unsigned n_cores;
};

void bench_host_read(struct bench_host *h);
void bench_write_text(const struct bench *b, const struct bench_host *h, FILE *f);
void bench_write_json(const struct bench *b, const struct bench_host *h,
	const struct bench_handshake *hs, size_t n_hs, FILE *f);

#endif
