/*
 * unpack.h — archives, packed or not, entry by entry out of a stream.
 *
 * Shape:     a feed gives the packed bytes; entries come in their order, and the data of each as blocks that
 *            are lent until the next call. Nothing is written anywhere.
 * Units:     bytes.
 * Ownership: the feed outlives the archive.
 * Errors:    PQM_EPARSE for what is no archive or is cut off, PQM_ELIMIT by limits.h, PQM_EUSAGE without the
 *            library; a failure of the feed comes back as it was.
 * Threads:   one thread; the library is loaded once.
 * Limits:    PQM_RATIO_MAX from PQM_RATIO_FROM_BYTES on. Entries, and what a zip or 7z unpacks to, are the
 *            caller's to count.
 * Standard:  POSIX.1-2017 pax, ustar, GNU tar, tar of Unix V7; RFC 1952, RFC 8878; ZIP (APPNOTE 6.3.10), 7z, cpio,
 *            ar, RPM, cab, ISO 9660, xz, lzma, lzip, bzip2, lz4, compress: by libarchive. Filters that it would run
 *            a program for are not asked for.
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
	/* The next bytes are those at off from whence (SEEK_SET …); where that is, or -1. NULL: they come only
	 * in their order. */
	int64_t (*seek)(struct pqm_feed *f, int64_t off, int whence);
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
	bool has_size;	   /* else it is known when it is read */
	bool is_encrypted;
	bool is_alone; /* the stream is no archive: it is this file, packed, without a name */
};

/* What holds other files, by its first bytes. */
enum pqm_pack {
	PQM_PACK_NONE,
	/* Packed by gzip, bzip2, xz, lzma, lzip, zstd, lz4 or compress: an archive, or one file. */
	PQM_PACK_STREAM,
	PQM_PACK_TAR,
	PQM_PACK_CPIO,
	PQM_PACK_AR, /* and deb; not libraries, which are programs in pieces */
	PQM_PACK_RPM,
	PQM_PACK_ZIP, /* and jar, whl, … */
	PQM_PACK_7Z,
	PQM_PACK_CAB,
	PQM_PACK_ISO,
};

/* Of the first PQM_PACK_HEAD bytes, or all there are; a file system of a disc is only told by 33 KiB. */
#define PQM_PACK_HEAD 512
enum pqm_pack pqm_pack_of(pqm_bytes head);
/* By the first bytes: programs, scripts and packages that a zip may stand behind. */
bool pqm_pack_may_follow(pqm_bytes head);
/* Whether a zip with a comment of at most PQM_PACK_COMMENT bytes stands at the end, and from where on. */
#define PQM_PACK_COMMENT ((size_t)16 << 10)
bool pqm_pack_follows(pqm_bytes body, size_t *from);

struct pqm_unpack;

enum pqm_st pqm_unpack_open(
	struct pqm_unpack **out, struct pqm_feed *feed, struct pqm_err *err) PQM_MUST_USE;
/* What a packed stream holds, one in the other; a stream that is not packed as it is. Borrows packed, whose rest
 * is unread when it is closed. */
enum pqm_st pqm_unpack_stream(
	struct pqm_feed **out, struct pqm_feed *packed, struct pqm_err *err) PQM_MUST_USE;
/* Of the kind that the first bytes say. A 7z needs a feed that seeks. */
enum pqm_st pqm_unpack_open_as(struct pqm_unpack **out, struct pqm_feed *feed, enum pqm_pack kind,
	struct pqm_err *err) PQM_MUST_USE;
void pqm_unpack_close(struct pqm_unpack *u); /* may be NULL; leaves the feed open */
/* False in *got at the end of the archive; what the feed has behind it was not read. */
enum pqm_st pqm_unpack_next(
	struct pqm_unpack *u, struct pqm_entry *e, bool *got, struct pqm_err *err) PQM_MUST_USE;
/* A block of the entry's data and where it belongs; holes of sparse files are stepped over. An empty block
 * is the end. */
enum pqm_st pqm_unpack_data(
	struct pqm_unpack *u, pqm_bytes *block, uint64_t *off, struct pqm_err *err) PQM_MUST_USE;

#endif
