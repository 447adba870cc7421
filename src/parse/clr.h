/*
 * clr.h — .NET assemblies: which methods of other assemblies their code calls, with which constants.
 *
 * Shape:     open finds the metadata of a PE file and its tables; calls then goes through the code of
 *            every method and calls back once for each call. What stands on the stack is known where
 *            it was put there since the last place that a jump leads to; a local variable is known
 *            when it is written once. The rest is unknown.
 * Units:     bytes; offsets from the start of the file; rows of tables from 1, as tokens have them.
 * Ownership: borrows the body and the PE handle; texts are in the arena.
 * Errors:    PQM_EPARSE ".NET: at byte N: words", bad_off is that N; PQM_ENOMEM.
 * Threads:   one handle, one thread.
 * Limits:    PQM_CLR_* of limits.h; a method whose code no runtime would take is passed over.
 * Standard:  ECMA-335, 6th edition, partitions II and III.
 */
#ifndef PQM_PARSE_CLR_H
#define PQM_PARSE_CLR_H

#include "base/arena.h"
#include "parse/pe.h"

#define PQM_CLR_TABLES 0x2d
#define PQM_CLR_COLUMNS 9

enum pqm_clr_kind {
	PQM_CLR_UNKNOWN,
	PQM_CLR_INT,
	PQM_CLR_TEXT,
	PQM_CLR_MADE, /* by the call or constructor of that token */
};

struct pqm_clr_value {
	enum pqm_clr_kind kind;
	int32_t n;
	pqm_bytes text;			  /* as UTF-8 */
	uint32_t token;			  /* of the method that made it */
	const struct pqm_clr_value *args; /* it was called with */
	unsigned n_args;
};

struct pqm_clr_call {
	uint32_t token;	 /* of the method that is called */
	uint32_t method; /* row of the method that it is in */
	uint32_t at;	 /* in its code */
	uint64_t off;	 /* in the file */
	bool is_new;
	const struct pqm_clr_value *args; /* the receiver not counted */
	unsigned n_args;
};

struct pqm_clr_name { /* A/B/Type, of nested types the outer one before */
	pqm_bytes type, member, signature;
};

struct pqm_clr {
	const struct pqm_pe *pe;
	struct pqm_arena *arena;
	uint64_t bad_off;

	/* For clr.c. */
	pqm_bytes tables, strings, texts, blobs;
	uint32_t rows[PQM_CLR_TABLES];
	uint32_t at[PQM_CLR_TABLES], bytes[PQM_CLR_TABLES]; /* of the table; of one row */
	bool wide_strings, wide_guids, wide_blobs;
	uint8_t col_at[PQM_CLR_TABLES][PQM_CLR_COLUMNS], col_bytes[PQM_CLR_TABLES][PQM_CLR_COLUMNS];
	uint64_t budget;
};

enum pqm_st pqm_clr_open(struct pqm_clr *c, const struct pqm_pe *pe, struct pqm_arena *arena,
	struct pqm_err *err) PQM_MUST_USE;
/* Whether a type of another assembly has a namespace that begins so. */
bool pqm_clr_refers(const struct pqm_clr *c, const char *const *namespaces, size_t n);
enum pqm_st pqm_clr_calls(struct pqm_clr *c,
	enum pqm_st (*see)(void *ctx, const struct pqm_clr_call *call), void *ctx,
	struct pqm_err *err) PQM_MUST_USE;
/* What the token of a method names; false: none that is told by name. */
bool pqm_clr_name(const struct pqm_clr *c, uint32_t token, struct pqm_clr_name *out);
/* The type of parameter n of a signature: its element type byte; 0: none. */
unsigned pqm_clr_param(const struct pqm_clr *c, pqm_bytes signature, unsigned n);

#endif
