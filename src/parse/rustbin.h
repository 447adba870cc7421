/*
 * rustbin.h — which crates a Rust program was built from.
 *
 * Shape:     three sources, none needing the others: paths that panics carry ("/registry/src/INDEX/ring-0.17.8/src/…"),
 *            which survive strip; the list that cargo-auditable leaves (.dep-v0); mangled names of the symbol
 *            table, legacy and v0.
 * Ownership: names are slices of the body, those of the list in the arena.
 * Errors:    PQM_EPARSE "Rust: at byte N: words", PQM_ELIMIT, PQM_ENOMEM; false or nothing for what is no such text.
 * Threads:   pure.
 * Limits:    PQM_RUST_* of limits.h.
 * Standard:  cargo-auditable's audit data format; Rust RFC 2603 (v0 mangling); gABI ch. 4, PE/COFF for sections.
 */
#ifndef PQM_PARSE_RUSTBIN_H
#define PQM_PARSE_RUSTBIN_H

#include "base/arena.h"

enum pqm_crate_by {
	PQM_CRATE_PATH,	  /* a panic names one of its files */
	PQM_CRATE_AUDIT,  /* the list says that it was linked */
	PQM_CRATE_SYMBOL, /* one of its functions is here */
};

struct pqm_crate {
	pqm_bytes name, version; /* version may be empty */
	pqm_bytes symbol;	 /* SYMBOL: mangled */
	uint64_t off;
	enum pqm_crate_by by;
};

/* The crate whose path has "registry/" at off. */
bool pqm_rust_path(pqm_bytes body, uint64_t off, struct pqm_crate *out);
/* The crates of the list, those only built with left out; *n is 0 without one. */
enum pqm_st pqm_rust_audit(struct pqm_crate **out, size_t *n, pqm_bytes body,
	struct pqm_arena *arena, struct pqm_err *err) PQM_MUST_USE;
/* "ring" of "_ZN4ring4aead3newE" and "_RNvCs1234_4ring3new"; of an implementation the crate it stands in. Empty: no
 * Rust symbol. */
pqm_bytes pqm_rust_symbol(pqm_bytes mangled);
/* Each function of the symbol table, in its order; take() false ends the walk. */
void pqm_rust_symbols(
	pqm_bytes body, bool (*take)(void *ctx, pqm_bytes name, uint64_t off), void *ctx);

#endif
