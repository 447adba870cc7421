/*
 * pe.h — what a Windows program or library asks of others, and what it gives.
 *
 * Shape:     open reads headers and sections; imports and exports then call back once for each
 *            symbol, in order of the file.
 * Units:     bytes; offsets from the start of the file; RVAs as the format has them.
 * Ownership: borrows the body; names are slices of it. Nothing is allocated.
 * Errors:    PQM_EPARSE "PE: at byte N: words", bad_off is that N; PQM_ELIMIT. What was told before
 *            stands.
 * Threads:   one handle, one thread.
 * Limits:    PQM_PE_* of limits.h.
 * Standard:  PE Format, Microsoft, revision of 2024; COFF as in it.
 */
#ifndef PQM_PARSE_PE_H
#define PQM_PARSE_PE_H

#include "base/bytes.h"
#include "base/err.h"

struct pqm_pe_sym {
	pqm_bytes name; /* empty: by ordinal */
	bool is_ordinal;
	uint32_t ordinal;
	pqm_bytes dll; /* where an import comes from */
	bool is_delayed;
	uint64_t off; /* of its name, or of its entry */
};

struct pqm_pe {
	bool is_64, is_dll;
	uint16_t machine;
	pqm_bytes name;		     /* of a library, by its exports; may be empty */
	uint32_t clr_rva, clr_bytes; /* of the CLI header; 0: no managed code */
	uint64_t bad_off;

	/* For pe.c. */
	pqm_bytes body, sections;
	uint32_t header_bytes;
	pqm_bytes dirs; /* data directories */
	uint64_t n_seen;
};

typedef enum pqm_st (*pqm_pe_see)(void *ctx, const struct pqm_pe_sym *s);

bool pqm_pe_looks(pqm_bytes head);
enum pqm_st pqm_pe_open(struct pqm_pe *p, pqm_bytes body, struct pqm_err *err) PQM_MUST_USE;
enum pqm_st pqm_pe_imports(
	struct pqm_pe *p, pqm_pe_see see, void *ctx, struct pqm_err *err) PQM_MUST_USE;
enum pqm_st pqm_pe_exports(
	struct pqm_pe *p, pqm_pe_see see, void *ctx, struct pqm_err *err) PQM_MUST_USE;
/* At most n bytes from an RVA on, as the file has them; empty: outside of it. */
pqm_bytes pqm_pe_at(const struct pqm_pe *p, uint64_t rva, size_t n);
/* The bytes of section i that are read-only data; false: there is no such section. */
bool pqm_pe_rodata(const struct pqm_pe *p, size_t i, pqm_bytes *out);

#endif
