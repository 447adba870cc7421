/*
 * pclntab.h — the table of functions that every Go program carries, stripped or not.
 *
 * Shape:     find looks for the table in the segments of the image; then functions are numbered from 0 by address.
 *            Names are as the linker writes them: "crypto/rsa.GenerateKey", "main.(*server).run.func1".
 * Units:     addresses as in the image's headers; starts are relative to `text`.
 * Ownership: names are slices of the image; the index is in the arena.
 * Errors:    PQM_OK with n == 0: no table. PQM_EPARSE for one that lies (bad_off of the image), PQM_ENOMEM.
 * Threads:   const after find.
 * Limits:    PQM_GO_FUNCTIONS.
 * Standard:  Go's runtime/symtab.go and debug/gosym: tables of Go 1.2, 1.16, 1.18 and 1.20.
 */
#ifndef PQM_PARSE_PCLNTAB_H
#define PQM_PARSE_PCLNTAB_H

#include "parse/gobin.h"

struct pqm_pclntab {
	unsigned since;	    /* 2, 16, 18, 20: the Go 1.x that made this form first */
	uint64_t addr, off; /* of the table */
	uint64_t text;	    /* what starts are relative to */
	uint32_t n;	    /* functions */
	uint32_t *start;    /* n + 1: the last is where the code ends */
	/* For pclntab.c. */
	pqm_bytes names, funcs;
	uint32_t *func_off;
	unsigned name_field;
	bool is_big;
	uint32_t *
		bucket; /* by PQM_PCLN_BUCKET bytes of code: the first function that ends behind it */
	uint32_t n_buckets;
};

#define PQM_PCLN_BUCKET 256

enum pqm_st pqm_pclntab_find(struct pqm_pclntab *t, struct pqm_gobin *g, struct pqm_arena *arena,
	struct pqm_err *err) PQM_MUST_USE;
/* Empty: it has none that can be read. */
pqm_bytes pqm_pclntab_name(const struct pqm_pclntab *t, uint32_t i);
/* The function that the address is in; false: none. */
bool pqm_pclntab_in(const struct pqm_pclntab *t, uint64_t addr, uint32_t *i);
/* Only where a function starts. */
bool pqm_pclntab_at(const struct pqm_pclntab *t, uint64_t addr, uint32_t *i);
/* "crypto/rsa" of "crypto/rsa.GenerateKey", "main" of "main.main"; what a vendor folder holds goes by its own path,
 * the standard library's copies excepted. *function: what stands behind the dot. */
pqm_bytes pqm_go_package(pqm_bytes name, pqm_bytes *function);

#endif
