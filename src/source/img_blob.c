/* img_blob.c — blobs of images: from files, checked while they pass, or whole. */
#include <errno.h>
#include <fcntl.h>

#include "base/hash.h"
#include "base/limits.h"
#include "img.h"

#define PIECE ((size_t)128 << 10)

struct slice {
	struct pqm_feed feed; /* first */
	int fd;
	uint64_t at, end;
	uint8_t piece[PIECE];
};

static enum pqm_st slice_next(struct pqm_feed *feed, pqm_bytes *out, struct pqm_err *err)
{
	struct slice *s = (struct slice *)feed;
	size_t want = s->end - s->at < PIECE ? (size_t)(s->end - s->at) : PIECE;
	ssize_t n = 0;

	while (want > 0 && (n = pread(s->fd, s->piece, want, (off_t)s->at)) < 0 && errno == EINTR)
		;
	if (n < 0)
		return pqm_fail(err, PQM_EIO, "%s", strerrordesc_np(errno));
	if (want > 0 && n == 0 && s->end != UINT64_MAX)
		return pqm_fail(err, PQM_EPARSE, "the file is cut off");
	s->at += (uint64_t)n;
	*out = (pqm_bytes){ s->piece, (size_t)n };
	return PQM_OK;
}

static void slice_close(struct pqm_feed *feed)
{
	pqm_free(feed);
}

struct pqm_feed *pqm_image_slice(int fd, uint64_t from, uint64_t n, struct pqm_err *err)
{
	struct slice *s = pqm_calloc(1, sizeof(*s));

	if (s == NULL) {
		(void)pqm_fail(err, PQM_ENOMEM, "out of memory for a blob");
		return NULL;
	}
	s->feed = (struct pqm_feed){ slice_next, slice_close, NULL };
	s->fd = fd;
	s->at = from;
	s->end = n > UINT64_MAX - from ? UINT64_MAX : from + n;
	return &s->feed;
}

const char *pqm_image_blob_name(char out[PQM_BLOB_NAME], pqm_bytes digest)
{
	/* Hex digits are no way out of a folder. */
	(void)snprintf(out, PQM_BLOB_NAME, "blobs/%.6s/%.128s", (const char *)digest.p,
		(const char *)digest.p + 7);
	return out;
}

struct checked {
	struct pqm_feed feed; /* first */
	struct pqm_feed *in;
	const struct pqm_oci_desc *d;
	struct pqm_digest *digest;
	uint64_t n;
	bool is_done;
	struct pqm_err
		verdict; /* said again to whoever asks again: a reader of archives may not listen */
};

static enum pqm_st check(struct checked *c)
{
	struct pqm_err *err = &c->verdict;
	uint8_t hash[PQM_DIGEST_BYTES_MAX];
	size_t n = pqm_digest_end(c->digest, hash);

	if (c->d->has_size && c->n != c->d->size)
		return pqm_fail(err, PQM_EPARSE, "%.*s: has %llu bytes, and should have %llu",
			PQM_FMT(c->d->digest), (unsigned long long)c->n,
			(unsigned long long)c->d->size);
	if (!c->d->is_unchecked && !pqm_oci_digest_is(c->d->digest, hash, n))
		return pqm_fail(err, PQM_EPARSE, "%.*s: the content has another digest",
			PQM_FMT(c->d->digest));
	return PQM_OK;
}

static enum pqm_st checked_next(struct pqm_feed *feed, pqm_bytes *out, struct pqm_err *err)
{
	struct checked *c = (struct checked *)feed;
	enum pqm_st st;

	*out = (pqm_bytes){ NULL, 0 };
	if (!c->is_done) {
		st = c->in->next(c->in, out, &c->verdict);
		c->n += out->n;
		if (st == PQM_OK && out->n > 0 && (!c->d->has_size || c->n <= c->d->size)) {
			pqm_digest_add(c->digest, *out);
			return PQM_OK;
		}
		*out = (pqm_bytes){ NULL, 0 };
		c->is_done = true;
		if (st == PQM_OK)
			(void)check(c);
	}
	return c->verdict.st == PQM_OK ? PQM_OK
				       : pqm_fail(err, c->verdict.st, "%s", c->verdict.msg);
}

static void checked_close(struct pqm_feed *feed)
{
	struct checked *c = (struct checked *)feed;

	c->in->close(c->in);
	pqm_digest_free(c->digest);
	pqm_free(c);
}

struct pqm_feed *pqm_image_checked(
	struct pqm_feed *feed, const struct pqm_oci_desc *d, struct pqm_err *err)
{
	struct checked *c = pqm_calloc(1, sizeof(*c));

	if (c != NULL)
		c->digest = pqm_digest_new(pqm_starts(d->digest, PQM_LIT("sha512:")));
	if (c == NULL || c->digest == NULL) {
		pqm_free(c);
		feed->close(feed);
		(void)pqm_fail(err, PQM_ENOMEM, "out of memory for a blob");
		return NULL;
	}
	c->feed = (struct pqm_feed){ checked_next, checked_close, NULL };
	c->in = feed;
	c->d = d;
	return &c->feed;
}

enum pqm_st pqm_image_blob(struct pqm_store_of *s, const struct pqm_oci_desc *d, pqm_bytes *out,
	struct pqm_arena *arena, struct pqm_err *err)
{
	struct pqm_feed *feed = NULL;
	struct pqm_buf b;
	pqm_bytes piece;
	enum pqm_st st;

	if (d->has_size && d->size > PQM_OCI_MANIFEST_BYTES)
		return pqm_fail(err, PQM_ELIMIT, "%.*s: over the 4 MiB limit", PQM_FMT(d->digest));
	st = s->open(s, d, &feed, err);
	if (st != PQM_OK)
		return st;
	feed = pqm_image_checked(feed, d, err);
	if (feed == NULL)
		return PQM_ENOMEM;
	pqm_buf_init(&b, PQM_OCI_MANIFEST_BYTES);
	while ((st = feed->next(feed, &piece, err)) == PQM_OK && piece.n > 0)
		if (!pqm_buf_add(&b, piece)) {
			st = pqm_fail(
				err, PQM_ELIMIT, "%.*s: over the 4 MiB limit", PQM_FMT(d->digest));
			break;
		}
	if (st == PQM_OK) {
		*out = pqm_bytes_dup(arena, pqm_buf_bytes(&b));
		if (out->p == NULL)
			st = pqm_fail(err, PQM_ENOMEM, "out of memory for a manifest");
	}
	pqm_buf_wipe(&b); /* the environment of an image may hold anything */
	feed->close(feed);
	return st;
}
