/*
 * bundle.h — a rule set in one file, to be signed and carried to other machines.
 *
 * Shape:     a ustar archive: "manifest.json", then "rules/….yaml" and the samples "fixtures/…" that the rules
 *            name, by path. It has one form only: what is read is written again and compared, so that links,
 *            other kinds of entries, ways out of a folder, owners and padding have no place in it.
 * Ownership: slices of what was read live as long as the bytes; names in the arena.
 * Errors:    PQM_EPARSE: it is no bundle, or damaged; PQM_ELIMIT; PQM_ENOMEM.
 * Threads:   a bundle belongs to one thread.
 * Limits:    PQM_BUNDLE_BYTES, PQM_BUNDLE_FILES, paths of 100 bytes.
 * Standard:  ustar as in POSIX.1-2017 pax(1).
 */
#ifndef PQM_RULES_BUNDLE_H
#define PQM_RULES_BUNDLE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/hash.h"
#include "rules/rules.h"

struct pqm_bundle_file {
	pqm_bytes path, body;
};

struct pqm_bundle {
	struct pqm_arena arena;
	pqm_bytes name;	    /* of who maintains it: letters, digits, . _ - */
	pqm_bytes version;  /* numbers with dots between them */
	pqm_bytes requires; /* the oldest pqmap that understands it */
	int64_t made_days;
	struct pqm_bundle_file *files; /* by path */
	size_t n, cap;
};

void pqm_bundle_init(struct pqm_bundle *b);
void pqm_bundle_fini(struct pqm_bundle *b);
/* The path is copied, the body lent. PQM_EUSAGE: the path is none of a bundle. */
enum pqm_st pqm_bundle_add(
	struct pqm_bundle *b, pqm_bytes path, pqm_bytes body, struct pqm_err *err) PQM_MUST_USE;
/* Sorts the files. PQM_EUSAGE: name or version are none. */
enum pqm_st pqm_bundle_write(
	struct pqm_buf *out, struct pqm_bundle *b, struct pqm_err *err) PQM_MUST_USE;
/* where: for messages. */
enum pqm_st pqm_bundle_read(
	struct pqm_bundle *b, pqm_bytes bytes, const char *where, struct pqm_err *err) PQM_MUST_USE;
/* Compares "1.10" with "1.9". */
int pqm_version_cmp(pqm_bytes a, pqm_bytes b);
/* PQM_EUSAGE: the bundle wants a newer pqmap than this one. */
enum pqm_st pqm_bundle_fits(
	const struct pqm_bundle *b, const char *where, struct pqm_err *err) PQM_MUST_USE;

/* The rules of the bundle, copied. As pqm_rules_load. */
enum pqm_st pqm_rules_of_bundle(
	struct pqm_rules *r, const struct pqm_bundle *b, struct pqm_err *err) PQM_MUST_USE;

#endif
