/*
 * gobin.h — a program that the Go linker made: which addresses are which bytes, and what it says of itself.
 *
 * Shape:     open reads the headers of an ELF, PE or Mach-O image (each image of a universal file by itself) into
 *            one list of segments; info reads the build information behind its magic. Section headers are
 *            not needed. Pointers that the loader would relocate are read as it would leave them.
 * Units:     addresses as in the headers; offsets in bytes of the body.
 * Ownership: borrows the body; everything else is in the caller's arena.
 * Errors:    PQM_EPARSE "Go: at byte N: words" (bad_off is N), PQM_ELIMIT, PQM_ENOMEM. No error: another format, or no
 *            build information at that place (*found false).
 * Threads:   pure.
 * Limits:    PQM_GO_* of limits.h.
 * Standard:  Go's cmd/link and debug/buildinfo (1.13 to 1.26); gABI ch. 5; Microsoft PE/COFF; Mach-O loader.h.
 */
#ifndef PQM_PARSE_GOBIN_H
#define PQM_PARSE_GOBIN_H

#include "base/arena.h"

enum pqm_go_machine { PQM_GO_OTHER, PQM_GO_X86_64, PQM_GO_ARM64 };

struct pqm_go_seg {
	uint64_t addr, off, n; /* n: bytes in the file */
	bool is_code, is_data; /* may be run; may be written */
};

struct pqm_go_module {
	pqm_bytes path, version;
};

struct pqm_go_setting {
	pqm_bytes key, value; /* -ldflags; CGO_ENABLED; DefaultGODEBUG … */
};

struct pqm_go_reloc {
	uint64_t at, value;
};

struct pqm_gobin {
	pqm_bytes body;
	const char *format; /* "ELF", "PE", "Mach-O" */
	enum pqm_go_machine machine;
	bool is_64, is_big;
	struct pqm_go_seg *segs; /* by address */
	size_t n_segs;
	uint64_t mapped; /* bytes of all of them */
	uint64_t bad_off;

	/* After info. */
	pqm_bytes version; /* "go1.24.4", "go1.22 X:boringcrypto" */
	pqm_bytes path;	   /* of the main package */
	struct pqm_go_module main;
	struct pqm_go_module *deps; /* by path; what replaces a module stands in its place */
	size_t n_deps, cap_deps;
	struct pqm_go_setting *settings;
	size_t n_settings, cap_settings;

	/* For gobin*.c. */
	struct pqm_arena *arena;
	struct pqm_go_reloc *relocs; /* by address */
	size_t n_relocs;
};

/* What the magic of the build information begins with: an anchor for whoever searches. */
#define PQM_GO_INFO_MAGIC "\xff Go buildinf:"

/* How many images the file holds: 1, or more for a universal Mach-O; 0: another format. */
size_t pqm_gobin_images(pqm_bytes body);
enum pqm_st pqm_gobin_open(struct pqm_gobin *g, pqm_bytes body, size_t image,
	struct pqm_arena *arena, struct pqm_err *err) PQM_MUST_USE;
/* Reads the build information whose magic stands at off of the body. *found: there is one. */
enum pqm_st pqm_gobin_info(
	struct pqm_gobin *g, uint64_t off, bool *found, struct pqm_err *err) PQM_MUST_USE;
/* The value of a build setting, or empty. */
pqm_bytes pqm_gobin_setting(const struct pqm_gobin *g, const char *key);
/* Walks "a=1,b=2"; later settings of one key win, so the last is the one that counts. */
bool pqm_gobin_debug(pqm_bytes list, pqm_bytes key, pqm_bytes *value);
/* The module that a package belongs to, or NULL: the standard library, or not told. */
const struct pqm_go_module *pqm_gobin_module(const struct pqm_gobin *g, pqm_bytes package);

/* The bytes from addr to the end of its segment; false: not in the file. */
bool pqm_gobin_at(const struct pqm_gobin *g, uint64_t addr, pqm_bytes *out);
/* The pointer at addr. */
bool pqm_gobin_pointer(const struct pqm_gobin *g, uint64_t addr, uint64_t *out);
bool pqm_gobin_is_code(const struct pqm_gobin *g, uint64_t addr);
uint64_t pqm_gobin_word(const uint8_t *p, unsigned n, bool is_big);

#endif
