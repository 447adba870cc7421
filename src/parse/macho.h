/*
 * macho.h — what a program or library of macOS asks of others, and what it gives.
 *
 * Shape:     a file is one image or several (fat); open reads the load commands of one, symbols calls
 *            back once for each that it imports or exports.
 * Units:     bytes; offsets from the start of the file.
 * Ownership: borrows the body; names are slices of it, the list of libraries is in the arena.
 * Errors:    PQM_EPARSE "Mach-O: at byte N: words", bad_off is that N; PQM_ELIMIT; PQM_ENOMEM.
 * Threads:   one handle, one thread.
 * Limits:    PQM_MACHO_* of limits.h.
 * Standard:  mach-o/loader.h, nlist.h and fixup-chains.h of the macOS SDK 14.
 */
#ifndef PQM_PARSE_MACHO_H
#define PQM_PARSE_MACHO_H

#include "base/arena.h"

struct pqm_macho_sym {
	pqm_bytes name;	 /* without the leading underscore */
	pqm_bytes dylib; /* where an import comes from; empty: not said */
	bool is_defined; /* an export */
	uint64_t off;
};

struct pqm_macho {
	bool is_64, is_big, is_program;
	uint32_t cputype;
	pqm_bytes name; /* of a library: its install name */
	pqm_bytes *dylibs;
	size_t n_dylibs, cap_dylibs;
	uint64_t bad_off;

	/* For macho.c. */
	pqm_bytes body; /* of this image */
	uint64_t base;	/* where it begins in the file */
	struct pqm_arena *arena;
	uint32_t symbols_off, n_symbols, strings_off, strings_bytes;
	uint32_t fixups_off, fixups_bytes;
};

typedef enum pqm_st (*pqm_macho_see)(void *ctx, const struct pqm_macho_sym *s);

bool pqm_macho_looks(pqm_bytes head);
/* The n-th image of the file, with where it begins; empty: there is none. */
pqm_bytes pqm_macho_image(pqm_bytes body, size_t n, uint64_t *base);
enum pqm_st pqm_macho_open(struct pqm_macho *m, pqm_bytes image, uint64_t base,
	struct pqm_arena *arena, struct pqm_err *err) PQM_MUST_USE;
enum pqm_st pqm_macho_symbols(
	struct pqm_macho *m, pqm_macho_see see, void *ctx, struct pqm_err *err) PQM_MUST_USE;

#endif
