/* img_dir.c — OCI image layouts in a folder: oci:DIR[:TAG]. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/limits.h"
#include "img.h"

struct layout {
	struct pqm_store_of store; /* first */
	int dir;
};

struct open_file {
	struct pqm_feed feed; /* first */
	struct pqm_feed *in;
	int fd;
};

static enum pqm_st file_next(struct pqm_feed *feed, pqm_bytes *out, struct pqm_err *err)
{
	struct open_file *f = (struct open_file *)feed;

	return f->in->next(f->in, out, err);
}

static void file_close(struct pqm_feed *feed)
{
	struct open_file *f = (struct open_file *)feed;

	if (f->in != NULL)
		f->in->close(f->in);
	(void)close(f->fd);
	pqm_free(f);
}

/* A file below the folder, whole. The folder is the user's, what is in it came from elsewhere: links are not
 * followed. */
static enum pqm_st open_at(
	struct layout *l, const char *name, struct pqm_feed **out, struct pqm_err *err)
{
	int fd = openat(l->dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	struct open_file *f;
	struct stat sb;

	if (fd < 0)
		return pqm_fail(err, PQM_EIO, "%s: %s", name, strerrordesc_np(errno));
	f = pqm_calloc(1, sizeof(*f));
	if (f == NULL) {
		(void)close(fd);
		return pqm_fail(err, PQM_ENOMEM, "out of memory for a blob");
	}
	f->feed = (struct pqm_feed){ file_next, file_close, NULL };
	f->fd = fd;
	if (fstat(fd, &sb) != 0 || !S_ISREG(sb.st_mode)) {
		file_close(&f->feed);
		return pqm_fail(err, PQM_EIO, "%s: is no file", name);
	}
	f->in = pqm_image_slice(fd, 0, (uint64_t)sb.st_size, err);
	if (f->in == NULL) {
		file_close(&f->feed);
		return PQM_ENOMEM;
	}
	*out = &f->feed;
	return PQM_OK;
}

static enum pqm_st layout_open(struct pqm_store_of *s, const struct pqm_oci_desc *d,
	struct pqm_feed **out, struct pqm_err *err)
{
	char name[PQM_BLOB_NAME];

	return open_at((struct layout *)s, pqm_image_blob_name(name, d->digest), out, err);
}

static enum pqm_st read_all(
	struct pqm_feed *feed, struct pqm_arena *arena, pqm_bytes *out, struct pqm_err *err)
{
	struct pqm_buf b;
	pqm_bytes piece;
	enum pqm_st st;

	pqm_buf_init(&b, PQM_OCI_MANIFEST_BYTES);
	while ((st = feed->next(feed, &piece, err)) == PQM_OK && piece.n > 0)
		if (!pqm_buf_add(&b, piece)) {
			st = pqm_fail(err, PQM_ELIMIT, "index.json: over the 4 MiB limit");
			break;
		}
	*out = pqm_bytes_dup(arena, pqm_buf_bytes(&b));
	pqm_buf_fini(&b);
	if (st == PQM_OK && out->p == NULL)
		st = pqm_fail(err, PQM_ENOMEM, "out of memory for an index");
	return st;
}

enum pqm_st pqm_image_name(const char *spec, struct pqm_arena *arena, const char **path,
	pqm_bytes *tag, struct pqm_err *err)
{
	struct stat sb;
	pqm_bytes name;

	*tag = (pqm_bytes){ NULL, 0 };
	*path = spec;
	if (spec[0] == '\0')
		return pqm_fail(err, PQM_EUSAGE, "name the file or folder behind the colon");
	if (stat(spec, &sb) == 0)
		return PQM_OK;
	/* A tag may have colons of its own: the shortest name that exists is the one. */
	for (const char *colon = strchr(spec + 1, ':'); colon != NULL;
		colon = strchr(colon + 1, ':')) {
		name = pqm_bytes_dup(
			arena, (pqm_bytes){ (const uint8_t *)spec, (size_t)(colon - spec) });
		if (name.p == NULL)
			return pqm_fail(err, PQM_ENOMEM, "out of memory");
		if (stat((const char *)name.p, &sb) == 0) {
			*path = (const char *)name.p;
			*tag = pqm_str(colon + 1);
			return PQM_OK;
		}
	}
	return pqm_fail(err, PQM_EIO, "%s: no such file or folder", spec);
}

enum pqm_st pqm_image_layout(
	const char *target, const char *spec, struct pqm_sink *s, struct pqm_err *err)
{
	struct layout l = { .store = { layout_open, NULL, true, NULL }, .dir = -1 };
	struct pqm_oci_manifest index;
	struct pqm_feed *feed = NULL;
	struct pqm_arena arena;
	const char *path;
	pqm_bytes tag = { NULL, 0 }, text = { NULL, 0 };
	enum pqm_st st;

	pqm_arena_init(&arena, PQM_ARENA_BYTES);
	st = pqm_image_name(spec, &arena, &path, &tag, err);
	if (st == PQM_OK && (l.dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		st = pqm_fail(err, PQM_EIO, "%s: %s", path, strerrordesc_np(errno));
	if (st == PQM_OK)
		st = open_at(&l, "index.json", &feed, err);
	if (st == PQM_OK)
		st = feed == NULL ? PQM_ENOMEM : read_all(feed, &arena, &text, err);
	if (st == PQM_OK)
		st = pqm_oci_manifest_parse(&index, text, &arena, err);
	if (st == PQM_OK && !index.is_index)
		st = pqm_fail(err, PQM_EPARSE, "index.json: is no image index");
	if (st == PQM_OK)
		st = pqm_image_choose(&l.store, pqm_str(target), tag, &index, s, err);
	if (feed != NULL)
		feed->close(feed);
	if (l.dir >= 0)
		(void)close(l.dir);
	pqm_arena_fini(&arena);
	return st;
}
