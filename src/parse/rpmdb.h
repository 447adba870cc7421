/*
 * rpmdb.h — the packages that a database of rpm has: SQLite, ndb and Berkeley DB files, by their bytes.
 *
 * Shape:     one call that hands over package by package; the key-value stores are read as they are written,
 *            without the libraries that made them.
 * Units:     offsets in bytes of the file.
 * Ownership: borrows the file; what a callback gets lives until it returns.
 * Errors:    PQM_EPARSE when the file is none of the three; packages that cannot be read are counted. What
 *            the callback returns ends the walk.
 * Threads:   pure.
 * Limits:    PQM_RPMDB_PACKAGES; of one package its first PQM_RPMDB_HEADER_BYTES, where name and version
 *            stand; every page of a file is entered at most once.
 * Standard:  the file formats of SQLite (sqlite.org/fileformat2.html) and of Berkeley DB 4 and 5 (hash access
 *            method); rpm's lib/backend/ndb; the header structure of rpm's file format.
 */
#ifndef PQM_PARSE_RPMDB_H
#define PQM_PARSE_RPMDB_H

#include "base/bytes.h"
#include "base/err.h"

struct pqm_rpm {
	pqm_bytes name, version, release;
	pqm_bytes source; /* "openssl-3.0.7-27.el9.src.rpm"; may be empty */
	uint32_t epoch;	  /* 0: none, which rpm takes as the same */
	uint64_t off;	  /* where it begins, or where the reference to it stands */
};

struct pqm_rpmdb_told {
	uint64_t n_read, n_bad; /* packages */
	uint64_t n_absent;	/* pages that are not there, or hold something else */
	bool is_over;		/* more than PQM_RPMDB_PACKAGES */
};

typedef enum pqm_st pqm_rpmdb_fn(void *ctx, const struct pqm_rpm *p);

/* told is filled also where the walk ends early. */
enum pqm_st pqm_rpmdb_read(pqm_bytes file, pqm_rpmdb_fn *fn, void *ctx, struct pqm_rpmdb_told *told,
	struct pqm_err *err) PQM_MUST_USE;

#endif
