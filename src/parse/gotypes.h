/*
 * gotypes.h — type descriptors of a Go program: names, and where the fields of a struct are.
 *
 * Shape:     find reads the module's record (the one that points to the function table) for where the descriptors are;
 *            they stay in stripped programs, because reflection needs them.
 * Ownership: names are slices of the image.
 * Errors:    false for what is not there or makes no sense; nothing is guessed.
 * Threads:   const after find.
 * Limits:    64-bit little-endian programs of Go 1.16 and later; PQM_GO_FIELDS of limits.h.
 * Standard:  Go's internal/abi (Type, StructType, ITab, Name) and runtime/symtab.go (moduledata).
 */
#ifndef PQM_PARSE_GOTYPES_H
#define PQM_PARSE_GOTYPES_H

#include "parse/pclntab.h"

struct pqm_go_types {
	const struct pqm_gobin *bin;
	unsigned version;  /* 124 is Go 1.24 */
	uint64_t from, to; /* addresses of the descriptors; 0: not found */
};

struct pqm_go_field {
	uint64_t off;
	bool found;
};

void pqm_go_types_find(struct pqm_go_types *t, const struct pqm_gobin *bin,
	const struct pqm_pclntab *table, unsigned version);
/* "*tls.Config", "elliptic.nistCurve[…]": as reflection tells it; empty: no type. */
pqm_bytes pqm_go_type_name(const struct pqm_go_types *t, uint64_t type);
/* The struct of this name and package ("tls.Config", "crypto/tls"); 0: none. */
uint64_t pqm_go_type_by_name(const struct pqm_go_types *t, const char *name, const char *package);
/* Where the struct's fields of these names are; *n names. */
void pqm_go_type_fields(const struct pqm_go_types *t, uint64_t type, const char *const *names,
	struct pqm_go_field *out, size_t n);

#endif
