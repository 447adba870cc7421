/*
 * elf.h — what an ELF program or library asks of others, and what it gives.
 *
 * Shape:     open reads headers and the dynamic segment: the names of needed libraries, the soname,
 *            the symbol versions. Symbols are then walked one by one. Section headers are used when
 *            they are there, and not missed when they are not.
 * Units:     bytes; offsets from the start of the file.
 * Ownership: borrows the body, which must stay readable until close; names are slices of it. The
 *            rest is in the caller's arena and in libelf's handle: close it, also after an error.
 * Errors:    PQM_EPARSE "ELF: at byte N: words" for headers that lie or are cut off, PQM_ELIMIT;
 *            bad_off is that N. A file without a dynamic segment is no error: is_dynamic is false.
 * Threads:   one handle, one thread.
 * Limits:    PQM_ELF_* of limits.h. Only headers and dynamic tables are touched, never code,
 *            data or debug sections.
 * Standard:  System V ABI (gABI 4.1) ch. 4 and 5; symbol versions as in the LSB 5.0 core §10.7.
 */
#ifndef PQM_PARSE_ELF_H
#define PQM_PARSE_ELF_H

#include "base/arena.h"

/* A version that symbols are bound to, and the library that must define it. */
struct pqm_elf_version {
	pqm_bytes name; /* OPENSSL_3.0.0 */
	pqm_bytes file; /* libcrypto.so.3 */
	size_t index;	/* of the version, as symbols name it */
};

struct pqm_elf_sym {
	pqm_bytes name;
	bool is_defined; /* in this file: an export, else an import */
	/* Where an import must come from; NULL: any needed library. */
	const struct pqm_elf_version *version;
	uint64_t off; /* of the entry in the file */
};

struct pqm_elf_load; /* a loaded segment: which addresses are which bytes */

struct pqm_elf {
	bool is_dynamic; /* the rest below says something */
	bool is_program; /* can be started; else a shared library */
	pqm_bytes soname;
	pqm_bytes *needed;
	size_t n_needed;
	struct pqm_elf_version *versions;
	size_t n_versions;
	uint64_t bad_off; /* after an error: where */

	/* For elf.c. */
	void *handle;
	pqm_bytes body, strings;
	struct pqm_arena *arena;
	struct pqm_elf_load *loads;
	size_t n_loads, phnum, shnum;
	bool is_64, is_big;
	uint64_t dyn_off, dyn_bytes;	 /* PT_DYNAMIC */
	uint64_t symbols_off, n_symbols; /* .dynsym */
	uint64_t sym_versions_off;	 /* .gnu.version; 0: none */
	bool is_count_exact;		 /* n_symbols was told, not inferred */
	uint16_t *version_at;		 /* index -> position in versions + 1 */
	size_t n_version_at, cap_versions;
	void *symbol_data, *version_data; /* of libelf */
	uint64_t next;
};

/* True when body begins like an ELF file. */
bool pqm_elf_looks(pqm_bytes body);
/* Reads everything but the symbols. */
enum pqm_st pqm_elf_open(struct pqm_elf *e, pqm_bytes body, struct pqm_arena *arena,
	struct pqm_err *err) PQM_MUST_USE;
/* Finds the dynamic symbol table. */
enum pqm_st pqm_elf_symbols(struct pqm_elf *e, struct pqm_err *err) PQM_MUST_USE;
/* The next import or export with a name; *out.name.n is 0 at the end. Symbols whose name is longer
 * than any library function's are passed over. */
enum pqm_st pqm_elf_next(
	struct pqm_elf *e, struct pqm_elf_sym *out, struct pqm_err *err) PQM_MUST_USE;
/* Walks what is loaded of the file and is not said to be code, where its texts and tables stand; without
 * section headers all that is loaded. Start with *i = 0. Headers may lie: ranges may lie over each other. */
bool pqm_elf_data(const struct pqm_elf *e, size_t *i, pqm_bytes *out);
void pqm_elf_close(struct pqm_elf *e);

#endif
