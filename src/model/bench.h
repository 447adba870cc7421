/*
 * bench.h — what was measured, where and when: the rows that estimates are made from.
 *
 * Shape:     rows sorted by id; one row an operation ("ml-kem-768.encaps").
 * Units:     microseconds of one operation (lower quartile).
 * Ownership: text and rows live in the value's own arena.
 */
#ifndef PQM_MODEL_BENCH_H
#define PQM_MODEL_BENCH_H

#include "base/arena.h"

struct pqm_bench_row {
	pqm_bytes id, impl;
	double us;
	double gb_s; /* bulk operations; 0: not one */
};

struct pqm_bench {
	struct pqm_arena arena;
	pqm_bytes host;	  /* "node-7, AMD EPYC …", or the words for the reference profile */
	pqm_bytes date;	  /* YYYY-MM-DD */
	pqm_bytes source; /* file name; empty: the reference profile */
	bool is_reference;
	struct pqm_bench_row *row;
	size_t n_rows;
};

#endif
