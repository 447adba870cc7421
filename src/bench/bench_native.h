/*
 * bench_native.h — one algorithm of libhyb at its levels, beside every peer that has it.
 *
 * Shape:     an algorithm is a const row: its operations by implementation, and how to prepare its
 *            keys. A prepared key may look different at each level, so each level has its own.
 * Baseline:  liboqs, else the --against libcrypto, else the running one, else portable C.
 */
#ifndef BENCH_NATIVE_H
#define BENCH_NATIVE_H

#include "bench_peer.h"

#define BENCH_LEVELS 3

struct bench_native_op {
	const char *name;
	bench_fn *native, *evp, *oqs, *sodium; /* NULL: not there */
	size_t per_call, n_items;
	bool is_full_only;
};

struct bench_native {
	const char *family, *name, *oqs_name; /* oqs_name NULL: name */
	size_t pk_bytes, out_bytes;
	const struct bench_native_op *op;
	size_t n_ops;
	const void *arg;  /* for open */
	size_t room;	  /* bytes of a context */
	size_t max_items; /* of the fixed list; 0: all */
	bool (*open)(void *ctx, const void *arg);
	void (*close)(void *ctx); /* may be NULL */
	bool has_peers, is_oqs_sig, is_sodium;
	struct bench_key_spec spec;
};

void bench_native(struct bench *b, const struct bench_native *a);

#endif
