/*
 * unpack.h — tar archives, packed or not, entry by entry out of a stream.
 *
 * Shape:     a feed gives the packed bytes; entries come in their order, and the data of each as blocks that
 *            are lent until the next call. Nothing is written anywhere.
 * Units:     bytes.
 * Ownership: the feed outlives the archive.
 * Errors:    PQM_EPARSE for what is no archive or is cut off, PQM_ELIMIT by limits.h, PQM_EUSAGE without the
 *            library; a failure of the feed comes back as it was.
 * Threads:   one thread; the library is loaded once.
 * Limits:    PQM_RATIO_MAX from PQM_RATIO_FROM_BYTES on. Entries are the caller's to count.
 * Standard:  POSIX.1-2017 pax, ustar, GNU tar; RFC 1952, RFC 8878, by libarchive.
 */
#ifndef PQM_SOURCE_UNPACK_H
#define PQM_SOURCE_UNPACK_H

#include "base/bytes.h"
#include "base/err.h"

/* Bytes in order, from somewhere. */
struct pqm_feed {
	/* The next bytes, lent until the next call; none at the end. */
	enum pqm_st (*next)(struct pqm_feed *f, pqm_bytes *out, struct pqm_err *err);
	void (*close)(struct pqm_feed *f); /* frees it */
};

enum pqm_entry_type {
	PQM_ENTRY_FILE,
	PQM_ENTRY_HARDLINK,
	PQM_ENTRY_DIR,
	PQM_ENTRY_SYMLINK,
	PQM_ENTRY_DEVICE,
	PQM_ENTRY_FIFO,
	PQM_ENTRY_SOCKET,
	PQM_ENTRY_OTHER,
};

/* Texts are lent until the next entry. */
struct pqm_entry {
	pqm_bytes name, link; /* link: where a hard or symbolic link leads */
	enum pqm_entry_type type;
	uint64_t size;
	uint64_t data_off; /* of its data in the unpacked archive */
};

struct pqm_unpack;

enum pqm_st pqm_unpack_open(
	struct pqm_unpack **out, struct pqm_feed *feed, struct pqm_err *err) PQM_MUST_USE;
void pqm_unpack_close(struct pqm_unpack *u); /* may be NULL; leaves the feed open */
/* False in *got at the end of the archive; what the feed has behind it was not read. */
enum pqm_st pqm_unpack_next(
	struct pqm_unpack *u, struct pqm_entry *e, bool *got, struct pqm_err *err) PQM_MUST_USE;
/* A block of the entry's data and where it belongs; holes of sparse files are stepped over. An empty block
 * is the end. */
enum pqm_st pqm_unpack_data(
	struct pqm_unpack *u, pqm_bytes *block, uint64_t *off, struct pqm_err *err) PQM_MUST_USE;

#endif
