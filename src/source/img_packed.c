/* img_packed.c — an archive of an image that is packed as a whole (`docker save | gzip`): its parts are known after
 * one pass, and a layer is reached by unpacking what stands before it, from the start each time: layers are wanted from
 * the top down, which is no order that archives have. Nothing is kept of what passes. */
#include "base/limits.h"
#include "img.h"

struct packed_feed {
	struct pqm_feed feed; /* first */
	struct pqm_feed *in;
	struct pqm_unpack *u;
	uint64_t at;
};

static void packed_close(struct pqm_feed *feed)
{
	struct packed_feed *f = (struct packed_feed *)feed;

	pqm_unpack_close(f->u);
	if (f->in != NULL)
		f->in->close(f->in);
	pqm_free(f);
}

static enum pqm_st packed_next(struct pqm_feed *feed, pqm_bytes *out, struct pqm_err *err)
{
	struct packed_feed *f = (struct packed_feed *)feed;
	uint64_t off = 0;
	enum pqm_st st = pqm_unpack_data(f->u, out, &off, err);

	if (st == PQM_OK && out->n > 0 && off != f->at)
		return pqm_fail(err, PQM_EPARSE, "a blob with holes");
	f->at += out->n;
	return st;
}

static enum pqm_st start(struct packed_feed **out, int fd, uint64_t size, struct pqm_err *err)
{
	struct packed_feed *f = pqm_calloc(1, sizeof(*f));
	enum pqm_st st;

	if (f == NULL)
		return pqm_fail(err, PQM_ENOMEM, "out of memory for an archive");
	f->feed = (struct pqm_feed){ packed_next, packed_close, NULL };
	f->in = pqm_image_slice(fd, 0, size, err);
	st = f->in == NULL ? PQM_ENOMEM : pqm_unpack_open(&f->u, f->in, err);
	if (st != PQM_OK) {
		packed_close(&f->feed);
		return st;
	}
	*out = f;
	return PQM_OK;
}

/* The text of a small part that may be JSON. */
static enum pqm_st read_small(struct packed_feed *f, const struct pqm_entry *e, pqm_bytes first,
	struct pqm_packed_part *part, struct pqm_arena *arena, struct pqm_err *err)
{
	uint64_t size = e->size;
	uint8_t *text;
	size_t n = 0;
	enum pqm_st st = PQM_OK;

	if (size > PQM_PACKED_KEPT_BYTES || first.n == 0 ||
		(first.p[0] != '{' && first.p[0] != '['))
		return PQM_OK;
	text = pqm_arena_alloc(arena, (size_t)size + 1);
	if (text == NULL)
		return pqm_fail(err, PQM_ENOMEM, "out of memory for a manifest");
	while (st == PQM_OK && first.n > 0) {
		if (first.n > size - n)
			return pqm_fail(err, PQM_EPARSE, "an entry is longer than it says");
		memcpy(text + n, first.p, first.n);
		n += first.n;
		st = packed_next(&f->feed, &first, err);
	}
	if (st == PQM_OK && n == size)
		part->text = (pqm_bytes){ text, n };
	return st;
}

enum pqm_st pqm_packed_each(
	int fd, uint64_t size, const struct pqm_packed_each *each, struct pqm_err *err)
{
	struct packed_feed *f = NULL;
	struct pqm_entry e;
	uint32_t number = 0;
	bool got = true;
	enum pqm_st st = start(&f, fd, size, err);

	while (st == PQM_OK && f != NULL && (st = pqm_unpack_next(f->u, &e, &got, err)) == PQM_OK &&
		got) {
		struct pqm_packed_part part = { .number = ++number };
		pqm_bytes first = { NULL, 0 };

		/* Its name is lent until its data is read. */
		st = each->begin(each->ctx, &e, err);
		f->at = 0;
		if (st != PQM_OK || e.type != PQM_ENTRY_FILE)
			continue;
		st = packed_next(&f->feed, &first, err);
		part.is_packed = pqm_pack_of(pqm_sub(first, 0, PQM_PACK_HEAD)) == PQM_PACK_STREAM;
		if (st == PQM_OK)
			st = read_small(f, &e, first, &part, each->arena, err);
		if (st == PQM_OK)
			each->part(each->ctx, &part);
	}
	if (f != NULL)
		f->feed.close(&f->feed);
	return st;
}

enum pqm_st pqm_packed_open(
	int fd, uint64_t size, uint32_t number, struct pqm_feed **out, struct pqm_err *err)
{
	struct packed_feed *f = NULL;
	struct pqm_entry e;
	bool got = true;
	enum pqm_st st = start(&f, fd, size, err);

	for (uint32_t i = 0; st == PQM_OK && f != NULL && got && i < number; i++)
		st = pqm_unpack_next(f->u, &e, &got, err);
	if (st == PQM_OK && !got)
		st = pqm_fail(err, PQM_EPARSE, "the archive changed while it was read");
	if (st != PQM_OK) {
		if (f != NULL)
			f->feed.close(&f->feed);
		return st;
	}
	*out = &f->feed;
	return PQM_OK;
}
