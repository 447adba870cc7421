/*
 * libarchive is loaded when the first archive is opened: with what it needs (libxml2, ICU, ACLs) it would
 * slow the start of every run that reads none.
 */
#include "unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/limits.h"
#include "unpack_lzma.h"

#define FRAME_BYTES 8 /* in front of what a frame says that is skipped */
#define FRAME_MAGIC 0x184d2a5
#define HEAD_BYTES 18
#define ZSTD_MAGIC 0xfd2fb528
#define REPLAY_BYTES ((size_t)1 << 20)

static struct {
	void *lib;
	struct archive *(*read_new)(void);
	int (*read_free)(struct archive *);
	int (*support_gzip)(struct archive *);
	int (*support_zstd)(struct archive *);
	int (*support_xz)(struct archive *);
	int (*support_bzip2)(struct archive *);
	int (*support_lz4)(struct archive *);
	int (*support_lzma)(struct archive *);
	int (*support_lzip)(struct archive *);
	int (*support_compress)(struct archive *);
	int (*support_rpm)(struct archive *);
	int (*support_tar)(struct archive *);
	int (*support_empty)(struct archive *);
	int (*support_raw)(struct archive *);
	int (*support_cpio)(struct archive *);
	int (*support_ar)(struct archive *);
	int (*support_zip)(struct archive *);
	int (*support_7z)(struct archive *);
	int (*support_cab)(struct archive *);
	int (*support_iso)(struct archive *);
	int (*set_seek)(struct archive *, archive_seek_callback *);
	int (*set_option)(struct archive *, const char *, const char *, const char *);
	int (*format)(struct archive *);
	int (*n_filters)(struct archive *);
	int (*open)(struct archive *, void *, archive_open_callback *, archive_read_callback *,
		archive_close_callback *);
	int (*next_header)(struct archive *, struct archive_entry **);
	int (*data_block)(struct archive *, const void **, size_t *, la_int64_t *);
	la_int64_t (*filter_bytes)(struct archive *, int);
	const char *(*words)(struct archive *);
	void (*set_error)(struct archive *, int, const char *, ...);
	const char *(*path)(struct archive_entry *);
	const char *(*path_utf8)(struct archive_entry *);
	const char *(*hardlink)(struct archive_entry *);
	const char *(*hardlink_utf8)(struct archive_entry *);
	const char *(*symlink)(struct archive_entry *);
	const char *(*symlink_utf8)(struct archive_entry *);
	la_int64_t (*size)(struct archive_entry *);
	int (*size_is_set)(struct archive_entry *);
	int (*is_encrypted)(struct archive_entry *);
	__LA_MODE_T (*type)(struct archive_entry *);
	bool is_ready;
} la;

static pthread_once_t once = PTHREAD_ONCE_INIT;

struct pqm_unpack {
	struct archive *a;
	struct pqm_feed *feed;
	uint64_t n_in;
	uint64_t size, left; /* of the data of an entry */
	bool is_ended;
	bool is_any;		  /* not only tar */
	bool is_seeking;	  /* what was read says nothing of what was stepped over */
	struct pqm_err err;	  /* of the feed, or of a limit */
	bool is_in_header;	  /* between entries, and nothing of the last is left to skip */
	bool is_open_ended;	  /* the last entry did not say its size */
	uint64_t header_from;	  /* n_in when the header began */
	uint8_t head[HEAD_BYTES]; /* the first bytes, behind frames that say nothing */
	size_t n_head;
	uint64_t n_drop;       /* of such a frame: still to come */
	struct pqm_buf replay; /* of a stream that cannot seek: all that was read of it so far */
	bool is_stream;	       /* what is packed by one of the filters is looked for */
	bool is_first;	       /* no entry was read yet */
	pqm_bytes waiting;     /* a block behind head */
	bool is_begun;	       /* head is whole, or all there is */
};

static void load(void)
{
	const struct {
		const char *name;
		void *function;
	} all[] = {
		{ "archive_read_new", &la.read_new },
		{ "archive_read_free", &la.read_free },
		{ "archive_read_support_filter_gzip", &la.support_gzip },
		{ "archive_read_support_filter_zstd", &la.support_zstd },
		{ "archive_read_support_filter_xz", &la.support_xz },
		{ "archive_read_support_filter_bzip2", &la.support_bzip2 },
		{ "archive_read_support_filter_lz4", &la.support_lz4 },
		{ "archive_read_support_filter_lzma", &la.support_lzma },
		{ "archive_read_support_filter_lzip", &la.support_lzip },
		{ "archive_read_support_filter_compress", &la.support_compress },
		{ "archive_read_support_filter_rpm", &la.support_rpm },
		{ "archive_read_support_format_tar", &la.support_tar },
		{ "archive_read_support_format_empty", &la.support_empty },
		{ "archive_read_support_format_raw", &la.support_raw },
		{ "archive_read_support_format_cpio", &la.support_cpio },
		{ "archive_read_support_format_ar", &la.support_ar },
		{ "archive_read_support_format_zip", &la.support_zip },
		{ "archive_read_support_format_7zip", &la.support_7z },
		{ "archive_read_support_format_cab", &la.support_cab },
		{ "archive_read_support_format_iso9660", &la.support_iso },
		{ "archive_read_set_seek_callback", &la.set_seek },
		{ "archive_read_set_format_option", &la.set_option },
		{ "archive_format", &la.format },
		{ "archive_filter_count", &la.n_filters },
		{ "archive_read_open", &la.open },
		{ "archive_read_next_header", &la.next_header },
		{ "archive_read_data_block", &la.data_block },
		{ "archive_filter_bytes", &la.filter_bytes },
		{ "archive_error_string", &la.words },
		{ "archive_set_error", &la.set_error },
		{ "archive_entry_pathname", &la.path },
		{ "archive_entry_pathname_utf8", &la.path_utf8 },
		{ "archive_entry_hardlink", &la.hardlink },
		{ "archive_entry_hardlink_utf8", &la.hardlink_utf8 },
		{ "archive_entry_symlink", &la.symlink },
		{ "archive_entry_symlink_utf8", &la.symlink_utf8 },
		{ "archive_entry_size", &la.size },
		{ "archive_entry_size_is_set", &la.size_is_set },
		{ "archive_entry_is_encrypted", &la.is_encrypted },
		{ "archive_entry_filetype", &la.type },
	};

	pqm_unpack_lzma();
	la.lib = dlopen("libarchive.so.13", RTLD_NOW | RTLD_LOCAL);
	la.is_ready = la.lib != NULL;
	for (size_t i = 0; la.is_ready && i < sizeof(all) / sizeof(all[0]); i++) {
		void *p = dlsym(la.lib, all[i].name);

		memcpy(all[i].function, &p, sizeof(p));
		la.is_ready = p != NULL;
	}
}

/* A few packed bytes that unpack to very much are no layer: it is stopped before the disk of whoever would
 * unpack it is full. */
static bool is_bomb(const struct pqm_unpack *u)
{
	la_int64_t out = la.filter_bytes(u->a, 0);

	return !u->is_seeking && out > 0 &&
		(uint64_t)out > (u->is_any ? PQM_ARCHIVE_RATIO_FROM : PQM_RATIO_FROM_BYTES) &&
		(uint64_t)out / PQM_RATIO_MAX > u->n_in;
}

static enum pqm_st fail_bomb(struct pqm_unpack *u)
{
	return pqm_fail(&u->err, PQM_ELIMIT,
		"unpacks to more than %d times its size; stopped at %llu MiB", PQM_RATIO_MAX,
		(unsigned long long)la.filter_bytes(u->a, 0) >> 20);
}

static uint32_t word_at(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* Gathers the first bytes. Frames that say nothing are let go: libarchive knows no stream that begins so. */
static void begin_with(struct pqm_unpack *u, pqm_bytes b)
{
	while (b.n > 0 && !u->is_begun) {
		size_t n = u->n_drop < b.n ? (size_t)u->n_drop : b.n;

		if (n == 0) {
			n = HEAD_BYTES - u->n_head < b.n ? HEAD_BYTES - u->n_head : b.n;
			memcpy(u->head + u->n_head, b.p, n);
			u->n_head += n;
		} else {
			u->n_drop -= n;
		}
		b = pqm_sub(b, n, b.n);
		if (u->n_head >= FRAME_BYTES && word_at(u->head) >> 4 == FRAME_MAGIC) {
			size_t behind = u->n_head - FRAME_BYTES;

			u->n_drop = word_at(u->head + 4);
			n = u->n_drop < behind ? (size_t)u->n_drop : behind;
			memmove(u->head, u->head + FRAME_BYTES + n, behind - n);
			u->n_head = behind - n;
			u->n_drop -= n;
		} else {
			u->is_begun = u->n_head == HEAD_BYTES;
		}
	}
	u->waiting = b;
}

static enum pqm_st read_feed(struct pqm_unpack *u, pqm_bytes *b)
{
	enum pqm_st st = PQM_OK;

	*b = u->waiting;
	u->waiting = (pqm_bytes){ NULL, 0 };
	if (b->n > 0)
		return PQM_OK;
	if (u->is_begun || u->is_seeking)
		return u->feed->next(u->feed, b, &u->err);
	do {
		st = u->feed->next(u->feed, b, &u->err);
		if (b->n > 0)
			begin_with(u, *b);
		else
			u->is_begun = true;
	} while (st == PQM_OK && !u->is_begun);
	*b = (pqm_bytes){ u->head, u->n_head };
	return st;
}

static la_ssize_t on_read(struct archive *a, void *ctx, const void **p)
{
	struct pqm_unpack *u = ctx;
	pqm_bytes b = { NULL, 0 };
	enum pqm_st st = u->err.st;

	if (st == PQM_OK && is_bomb(u))
		st = fail_bomb(u);
	/* libarchive gathers all of a name or a block that says how long it is. */
	if (st == PQM_OK && u->is_in_header && u->n_in - u->header_from > PQM_ENTRY_HEADER_BYTES)
		st = pqm_fail(&u->err, PQM_ELIMIT, "an entry's header is over %zu MiB",
			PQM_ENTRY_HEADER_BYTES >> 20);
	if (st == PQM_OK)
		st = read_feed(u, &b);
	if (st != PQM_OK) {
		u->err.st = st;
		la.set_error(a, EIO, "input failed");
		return -1;
	}
	u->n_in += b.n;
	if (u->is_stream && u->is_first && u->feed->seek == NULL)
		(void)pqm_buf_add(&u->replay, b);
	*p = b.p;
	return (la_ssize_t)b.n;
}

static la_int64_t on_seek(struct archive *a, void *ctx, la_int64_t off, int whence)
{
	struct pqm_unpack *u = ctx;
	int64_t at = u->feed->seek(u->feed, off, whence);

	(void)a;
	return at < 0 ? ARCHIVE_FATAL : at;
}

/* [RFC 8878 §3.1.1.1] */
static uint64_t zstd_window(const uint8_t *h)
{
	static const uint8_t dictionary[] = { 0, 1, 2, 4 };
	const uint8_t *size = h + 5 + dictionary[h[4] & 3];
	uint64_t base = UINT64_C(1) << (10 + (h[5] >> 3));

	if ((h[4] & 0x20) == 0)
		return base + base / 8 * (h[5] & 7);
	if (h[4] >> 6 < 2) /* up to 64 KiB */
		return 0;
	return word_at(size) | (h[4] >> 6 == 3 ? (uint64_t)word_at(size + 4) << 32 : 0);
}

/* Why the library gave up, where its own words do not say what to do. */
static enum pqm_st tell_window(const struct pqm_unpack *u, struct pqm_err *err)
{
	uint64_t window = u->n_head == HEAD_BYTES && word_at(u->head) == ZSTD_MAGIC
		? zstd_window(u->head)
		: 0;

	/* These are the words for what lzma's limit of memory forbids. */
	if (la.words(u->a) != NULL && strstr(la.words(u->a), "Out of memory") != NULL)
		return pqm_fail(err, PQM_ELIMIT,
			"lzma: unpacking takes more than the limit of %zu MiB of memory; unpack it "
			"(xz -d, 7z x) and scan that",
			PQM_UNPACK_WINDOW_BYTES >> 20);
	if (window <= PQM_UNPACK_WINDOW_BYTES)
		return PQM_OK;
	return pqm_fail(err, PQM_ELIMIT,
		"zstd: unpacking takes %llu MiB of memory, over the %zu MiB limit; unpack it "
		"(zstd -d --long=31) and scan that",
		(unsigned long long)(window >> 20), PQM_UNPACK_WINDOW_BYTES >> 20);
}

/* NULL: err says why. */
static struct pqm_unpack *unpack_new(struct pqm_feed *feed, struct pqm_err *err)
{
	struct pqm_unpack *u;

	(void)pthread_once(&once, load);
	if (!la.is_ready) {
		(void)pqm_fail(err, PQM_EUSAGE,
			"libarchive.so.13 is missing: archives are read through it (Debian: apt "
			"install libarchive13)");
		return NULL;
	}
	u = pqm_calloc(1, sizeof(*u));
	if (u != NULL)
		u->a = la.read_new();
	if (u == NULL || u->a == NULL) {
		pqm_free(u);
		(void)pqm_fail(err, PQM_ENOMEM, "out of memory for an archive");
		return NULL;
	}
	u->feed = feed;
	u->is_first = true;
	pqm_buf_init(&u->replay, REPLAY_BYTES);
	return u;
}

static enum pqm_st begin(
	struct pqm_unpack **out, struct pqm_unpack *u, const char *words, struct pqm_err *err)
{
	enum pqm_st st = PQM_OK;

	if (la.open(u->a, u, NULL, on_read, NULL) != ARCHIVE_OK) {
		st = u->err.st != PQM_OK ? pqm_fail(err, u->err.st, "%s", u->err.msg)
					 : tell_window(u, err);
		if (st == PQM_OK)
			st = pqm_fail(err, PQM_EPARSE, "%s: %s", words,
				la.words(u->a) != NULL ? la.words(u->a) : "no reason is given");
		pqm_unpack_close(u);
		return st;
	}
	*out = u;
	return PQM_OK;
}

/* Behind the end of one tar another may stand. */
static void support_tars(struct pqm_unpack *u)
{
	(void)la.support_tar(u->a);
	(void)la.set_option(u->a, "tar", "read_concatenated_archives", "1");
}

static void support_streams(struct pqm_unpack *u)
{
	(void)la.support_gzip(u->a);
	(void)la.support_zstd(u->a);
	(void)la.support_xz(u->a);
	(void)la.support_bzip2(u->a);
}

enum pqm_st pqm_unpack_open(struct pqm_unpack **out, struct pqm_feed *feed, struct pqm_err *err)
{
	struct pqm_unpack *u = unpack_new(feed, err);

	if (u == NULL)
		return err->st;
	support_streams(u);
	(void)la.support_tar(u->a);
	(void)la.support_empty(u->a);
	return begin(out, u, "is no tar archive", err);
}

static void support_all_streams(struct pqm_unpack *u)
{
	support_streams(u);
	(void)la.support_lz4(u->a);
	(void)la.support_lzma(u->a);
	(void)la.support_lzip(u->a);
	(void)la.support_compress(u->a);
	(void)la.support_empty(u->a);
	(void)la.support_raw(u->a);
}

/* Formats are looked for in the order of what each says of itself, so only those that the head allows. */
static void support(struct pqm_unpack *u, enum pqm_pack kind)
{
	switch (kind) {
	case PQM_PACK_STREAM:
		support_all_streams(u);
		support_tars(u);
		(void)la.support_cpio(u->a);
		break;
	case PQM_PACK_RPM:
		support_streams(u);
		(void)la.support_rpm(u->a);
		(void)la.support_cpio(u->a);
		break;
	case PQM_PACK_TAR:
		support_tars(u);
		break;
	case PQM_PACK_CPIO:
		(void)la.support_cpio(u->a);
		break;
	case PQM_PACK_AR:
		(void)la.support_ar(u->a);
		break;
	case PQM_PACK_ZIP:
		(void)la.support_zip(u->a);
		break;
	case PQM_PACK_7Z:
		(void)la.support_7z(u->a);
		break;
	case PQM_PACK_CAB:
		(void)la.support_cab(u->a);
		break;
	case PQM_PACK_ISO:
		(void)la.support_iso(u->a);
		break;
	case PQM_PACK_NONE:
		break;
	}
}

enum pqm_st pqm_unpack_open_as(
	struct pqm_unpack **out, struct pqm_feed *feed, enum pqm_pack kind, struct pqm_err *err)
{
	struct pqm_unpack *u = unpack_new(feed, err);

	if (u == NULL)
		return err->st;
	support(u, kind);
	u->is_any = true;
	u->is_stream = kind == PQM_PACK_STREAM;
	u->is_seeking = feed->seek != NULL && (kind == PQM_PACK_ZIP || kind == PQM_PACK_7Z);
	if (u->is_seeking)
		(void)la.set_seek(u->a, on_seek);
	return begin(out, u, "is no archive of the kind that it says", err);
}

void pqm_unpack_close(struct pqm_unpack *u)
{
	if (u == NULL)
		return;
	(void)la.read_free(u->a);
	pqm_buf_wipe(&u->replay);
	pqm_free(u);
}

static enum pqm_st told(struct pqm_unpack *u, struct pqm_err *err)
{
	const char *words = la.words(u->a);

	if (u->err.st != PQM_OK)
		return pqm_fail(err, u->err.st, "%s", u->err.msg);
	if (tell_window(u, err) != PQM_OK)
		return err->st;
	return pqm_fail(err, PQM_EPARSE, "malformed archive: %s",
		words != NULL ? words : "no reason is given");
}

static enum pqm_entry_type type_of(struct archive_entry *e)
{
	if (la.hardlink(e) != NULL || la.hardlink_utf8(e) != NULL)
		return PQM_ENTRY_HARDLINK;
	switch (la.type(e)) {
	case S_IFREG:
		return PQM_ENTRY_FILE;
	case S_IFDIR:
		return PQM_ENTRY_DIR;
	case S_IFLNK:
		return PQM_ENTRY_SYMLINK;
	case S_IFCHR:
	case S_IFBLK:
		return PQM_ENTRY_DEVICE;
	case S_IFIFO:
		return PQM_ENTRY_FIFO;
	case S_IFSOCK:
		return PQM_ENTRY_SOCKET;
	default:
		return PQM_ENTRY_OTHER;
	}
}

/* The bytes as they are; a pax name that the locale cannot say is UTF-8. */
static pqm_bytes either(const char *raw, const char *utf8)
{
	return pqm_str(raw != NULL ? raw : utf8);
}

/* Some builders leave out the padding of the last entry and the blocks behind it; readers do without. It is
 * no such archive when the feed does not end as it should. */
static bool is_missing_end(struct pqm_unpack *u, int rc)
{
	pqm_bytes rest = { NULL, 0 };

	if (rc == ARCHIVE_OK || rc == ARCHIVE_WARN || u->err.st != PQM_OK || u->left > 0 ||
		(u->is_any && (la.format(u->a) & ARCHIVE_FORMAT_BASE_MASK) != ARCHIVE_FORMAT_TAR) ||
		!pqm_starts(pqm_str(la.words(u->a)), PQM_LIT("Truncated input file")))
		return false;
	do
		u->err.st = u->feed->next(u->feed, &rest, &u->err);
	while (u->err.st == PQM_OK && rest.n > 0);
	u->is_ended = u->err.st == PQM_OK;
	return u->is_ended;
}

/* Some filters take an input that fails for one that ends. */
static bool is_end(struct pqm_unpack *u, int rc)
{
	return (rc == ARCHIVE_EOF && u->err.st == PQM_OK) || is_missing_end(u, rc);
}

/* Zeros are the end of a tar. At the begin of a packed file they are rather how the file begins: a partition,
 * a memory image. */
static bool is_mistaken(const struct pqm_unpack *u, int rc)
{
	const char *words = rc == ARCHIVE_EOF ? NULL : la.words(u->a);

	return u->is_stream && u->is_first && rc != ARCHIVE_OK && rc != ARCHIVE_WARN &&
		u->err.st == PQM_OK && !u->replay.failed &&
		(la.format(u->a) & ARCHIVE_FORMAT_BASE_MASK) == ARCHIVE_FORMAT_TAR &&
		(words == NULL || pqm_starts(pqm_str(words), PQM_LIT("Damaged tar archive")) ||
			pqm_starts(pqm_str(words), PQM_LIT("Truncated")));
}

/* Reads the stream anew, as one packed file. */
static int begin_again(struct pqm_unpack *u)
{
	u->is_stream = false;
	u->n_in = u->header_from = 0;
	if (u->feed->seek == NULL) {
		u->waiting = pqm_buf_bytes(&u->replay);
	} else if (u->feed->seek(u->feed, 0, SEEK_SET) == 0) {
		u->waiting = (pqm_bytes){ NULL, 0 };
		u->n_head = 0;
		u->n_drop = 0;
		u->is_begun = false;
	} else {
		return ARCHIVE_FATAL;
	}
	(void)la.read_free(u->a);
	u->a = la.read_new();
	if (u->a == NULL)
		return ARCHIVE_FATAL;
	support_all_streams(u);
	return la.open(u->a, u, NULL, on_read, NULL);
}

static int next_header(struct pqm_unpack *u, struct archive_entry **entry)
{
	int rc = u->is_ended ? ARCHIVE_EOF : la.next_header(u->a, entry);

	if (!is_mistaken(u, rc))
		return rc;
	rc = begin_again(u);
	return rc == ARCHIVE_OK ? la.next_header(u->a, entry) : rc;
}

enum pqm_st pqm_unpack_next(
	struct pqm_unpack *u, struct pqm_entry *e, bool *got, struct pqm_err *err)
{
	struct archive_entry *entry = NULL;
	int rc;

	u->is_in_header = !u->is_seeking && !u->is_open_ended && u->left == 0;
	u->header_from = u->n_in;
	rc = next_header(u, &entry);
	u->is_in_header = u->is_first = false;
	*got = false;
	if (is_end(u, rc))
		return PQM_OK;
	if (rc != ARCHIVE_OK && rc != ARCHIVE_WARN)
		return told(u, err);
	if (is_bomb(u)) {
		(void)fail_bomb(u);
		return told(u, err);
	}
	*e = (struct pqm_entry){
		.name = either(la.path(entry), la.path_utf8(entry)),
		.type = type_of(entry),
		.size = la.size(entry) > 0 ? (uint64_t)la.size(entry) : 0,
		.data_off = (uint64_t)la.filter_bytes(u->a, 0),
		.has_size = la.size_is_set(entry) != 0,
		.is_encrypted = la.is_encrypted(entry) != 0,
		.is_alone = la.format(u->a) == ARCHIVE_FORMAT_RAW,
	};
	/* Nothing was packed: what took it for a stream was mistaken. */
	if (e->is_alone && la.n_filters(u->a) < 2)
		return pqm_fail(err, PQM_EPARSE, "malformed archive: nothing in it is packed");
	if (e->type == PQM_ENTRY_HARDLINK)
		e->link = either(la.hardlink(entry), la.hardlink_utf8(entry));
	else if (e->type == PQM_ENTRY_SYMLINK)
		e->link = either(la.symlink(entry), la.symlink_utf8(entry));
	u->is_open_ended = !e->has_size;
	u->size = u->left = e->size;
	*got = true;
	return PQM_OK;
}

enum pqm_st pqm_unpack_data(
	struct pqm_unpack *u, pqm_bytes *block, uint64_t *off, struct pqm_err *err)
{
	const void *p = NULL;
	la_int64_t at = 0;
	size_t n = 0;
	int rc;

	do
		rc = la.data_block(u->a, &p, &n, &at);
	while (rc == ARCHIVE_OK && n == 0);
	*block = (pqm_bytes){ NULL, 0 };
	*off = (uint64_t)at;
	if (is_end(u, rc))
		return PQM_OK;
	if (rc != ARCHIVE_OK && rc != ARCHIVE_WARN)
		return told(u, err);
	*block = (pqm_bytes){ p, n };
	u->left = *off + n < u->size ? u->size - *off - n : 0;
	return PQM_OK;
}

struct unpacked {
	struct pqm_feed feed; /* first */
	struct pqm_unpack *u;
	bool is_begun, is_ended;
	struct pqm_err verdict; /* said again to whoever asks again */
};

static enum pqm_st unpacked_block(struct unpacked *s, pqm_bytes *out)
{
	struct archive_entry *entry = NULL;
	const void *p = NULL;
	la_int64_t at = 0;
	size_t n = 0;
	int rc = ARCHIVE_OK;

	if (!s->is_begun)
		rc = la.next_header(s->u->a, &entry);
	s->is_begun = true;
	while ((rc == ARCHIVE_OK || rc == ARCHIVE_WARN) && n == 0)
		rc = la.data_block(s->u->a, &p, &n, &at);
	s->is_ended = rc == ARCHIVE_EOF;
	if (s->is_ended)
		return PQM_OK;
	if (rc == ARCHIVE_OK && is_bomb(s->u))
		(void)fail_bomb(s->u);
	if (rc != ARCHIVE_OK || s->u->err.st != PQM_OK)
		return told(s->u, &s->verdict);
	*out = (pqm_bytes){ p, n };
	return PQM_OK;
}

static enum pqm_st unpacked_next(struct pqm_feed *feed, pqm_bytes *out, struct pqm_err *err)
{
	struct unpacked *s = (struct unpacked *)feed;

	*out = (pqm_bytes){ NULL, 0 };
	if (s->verdict.st == PQM_OK && !s->is_ended)
		s->verdict.st = unpacked_block(s, out);
	return s->verdict.st == PQM_OK ? PQM_OK
				       : pqm_fail(err, s->verdict.st, "%s", s->verdict.msg);
}

static void unpacked_close(struct pqm_feed *feed)
{
	struct unpacked *s = (struct unpacked *)feed;

	pqm_unpack_close(s->u);
	pqm_free(s);
}

enum pqm_st pqm_unpack_stream(struct pqm_feed **out, struct pqm_feed *packed, struct pqm_err *err)
{
	struct unpacked *s = pqm_calloc(1, sizeof(*s));
	struct pqm_unpack *u;
	enum pqm_st st;

	if (s == NULL)
		return pqm_fail(err, PQM_ENOMEM, "out of memory for a layer");
	u = unpack_new(packed, err);
	st = u != NULL ? PQM_OK : err->st;
	if (st == PQM_OK) {
		support_streams(u);
		(void)la.support_raw(u->a);
		(void)la.support_empty(u->a);
		st = begin(&s->u, u, "is no layer", err);
	}
	if (st != PQM_OK) {
		pqm_free(s);
		return st;
	}
	s->feed = (struct pqm_feed){ unpacked_next, unpacked_close, NULL };
	*out = &s->feed;
	return PQM_OK;
}
