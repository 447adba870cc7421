/*
 * img_tar.c — images in an archive: oci-archive:FILE[:TAG] and docker-archive:FILE[:TAG], whichever of the two
 * it is. Its parts are read where they lie, in the order that layers need; of one that is packed as a whole, by
 * unpacking up to them.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/limits.h"
#include "base/hash.h"
#include "base/map.h"
#include "img.h"

struct part {
	uint64_t off, size;
	pqm_bytes link;		   /* a path in the archive; empty: none */
	struct pqm_packed_part in; /* of an archive that is packed as a whole */
};

struct archive {
	struct pqm_store_of store; /* first */
	int fd;
	struct pqm_arena arena;
	struct pqm_map parts; /* path -> struct part */
	size_t n_parts;
	uint64_t size;
	bool is_packed;	    /* as a whole */
	struct part *begun; /* when it is: the file whose data comes */
	/* Blobs without a digest in their name: digest -> struct part. */
	struct pqm_map by_digest;
};

/* The packed bytes of the archive, of which only the headers are wanted: what lies between is seeked over by
 * whoever reads them. */
static const struct part *part_at(const struct archive *a, pqm_bytes path)
{
	const struct part *p = pqm_map_get(&a->parts, path);

	/* Old archives hold a layer that is there twice as a link to the first. */
	return p != NULL && p->link.n > 0 ? pqm_map_get(&a->parts, p->link) : p;
}

/* "../ID/layer.tar" in the folder of path. */
static pqm_bytes beside(struct archive *a, pqm_bytes path, pqm_bytes link)
{
	size_t slash = path.n;
	pqm_bytes text;
	struct pqm_buf b;
	enum pqm_oci_mark mark;

	while (slash > 0 && path.p[slash - 1] != '/')
		slash--;
	text = pqm_arena_f(&a->arena, "%.*s%.*s", PQM_FMT(pqm_sub(path, 0, slash)), PQM_FMT(link));
	if (pqm_starts(link, PQM_LIT("../")) && pqm_find_byte(path, 0, '/') == slash - 1)
		text = pqm_sub(link, 3, link.n);
	pqm_buf_init(&b, 2 * PQM_ENTRY_NAME_BYTES);
	text = pqm_oci_path(&b, text, &mark) ? pqm_bytes_dup(&a->arena, pqm_buf_bytes(&b))
					     : (pqm_bytes){ NULL, 0 };
	pqm_buf_fini(&b);
	return text;
}

static enum pqm_st add_part(struct archive *a, const struct pqm_entry *e, struct pqm_err *err)
{
	struct pqm_buf b;
	enum pqm_oci_mark mark;
	struct part *p;
	pqm_bytes path;
	enum pqm_st st = PQM_OK;

	if (e->type != PQM_ENTRY_FILE && e->type != PQM_ENTRY_SYMLINK &&
		e->type != PQM_ENTRY_HARDLINK)
		return PQM_OK;
	if (++a->n_parts > PQM_ARCHIVE_ENTRIES)
		return pqm_fail(
			err, PQM_ELIMIT, "more than 65,536 entries: is no archive of an image");
	a->begun = NULL;
	pqm_buf_init(&b, 2 * PQM_ENTRY_NAME_BYTES);
	if (pqm_oci_path(&b, e->name, &mark) && mark == PQM_OCI_PLAIN) {
		p = pqm_new(&a->arena, struct part, 1);
		path = pqm_bytes_dup(&a->arena, pqm_buf_bytes(&b));
		if (p != NULL && path.p != NULL) {
			*p = (struct part){ .off = e->data_off, .size = e->size };
			if (e->type == PQM_ENTRY_FILE)
				a->begun = p;
			if (e->type == PQM_ENTRY_SYMLINK)
				p->link = beside(a, path, e->link);
			else if (e->type == PQM_ENTRY_HARDLINK)
				p->link = beside(a, (pqm_bytes){ NULL, 0 }, e->link);
		}
		if (p == NULL || path.p == NULL || !pqm_map_put(&a->parts, path, p))
			st = pqm_fail(err, PQM_ENOMEM, "out of memory for an archive");
	}
	pqm_buf_fini(&b);
	return st;
}

static enum pqm_st begin_part(void *ctx, const struct pqm_entry *e, struct pqm_err *err)
{
	struct archive *a = ctx;

	a->begun = NULL;
	return e->is_alone ? pqm_fail(err, PQM_EPARSE, "is packed, and no archive within")
			   : add_part(a, e, err);
}

static void end_part(void *ctx, const struct pqm_packed_part *p)
{
	struct archive *a = ctx;

	if (a->begun != NULL)
		a->begun->in = *p;
}

static enum pqm_st index_packed(struct archive *a, struct pqm_err *err)
{
	const struct pqm_packed_each each = { begin_part, end_part, a, &a->arena };

	return pqm_packed_each(a->fd, a->size, &each, err);
}

/* Reads the headers of the archive. */
static enum pqm_st index_parts(struct archive *a, struct pqm_err *err)
{
	struct pqm_feed *feed = pqm_image_slice(a->fd, 0, a->size, err);
	struct pqm_unpack *u = NULL;
	struct pqm_entry e;
	bool got = true;
	enum pqm_st st;

	if (feed == NULL)
		return PQM_ENOMEM;
	st = pqm_unpack_open(&u, feed, err);
	while (st == PQM_OK && (st = pqm_unpack_next(u, &e, &got, err)) == PQM_OK && got)
		st = add_part(a, &e, err);
	pqm_unpack_close(u);
	feed->close(feed);
	return st;
}

static enum pqm_st archive_open(struct pqm_store_of *s, const struct pqm_oci_desc *d,
	struct pqm_feed **out, struct pqm_err *err)
{
	struct archive *a = (struct archive *)s;
	const struct part *p = pqm_map_get(&a->by_digest, d->digest);
	char name[PQM_BLOB_NAME];

	if (p == NULL && pqm_oci_is_digest(d->digest))
		p = part_at(a, pqm_str(pqm_image_blob_name(name, d->digest)));
	if (p == NULL)
		return pqm_fail(err, PQM_EPARSE, "%.*s: is not in the archive", PQM_FMT(d->digest));
	if (a->is_packed)
		return pqm_packed_open(a->fd, a->size, p->in.number, out, err);
	*out = pqm_image_slice(a->fd, p->off, p->size, err);
	return *out != NULL ? PQM_OK : PQM_ENOMEM;
}

/* A small part of the archive, whole. */
static enum pqm_st read_part(struct archive *a, pqm_bytes name, pqm_bytes *out, struct pqm_err *err)
{
	const struct part *p = part_at(a, name);
	uint8_t *text;
	size_t n = 0;

	if (p == NULL)
		return pqm_fail(err, PQM_EPARSE, "%.*s: is not in the archive", PQM_FMT(name));
	if (p->size > PQM_OCI_MANIFEST_BYTES)
		return pqm_fail(err, PQM_ELIMIT, "%.*s: over the 4 MiB limit", PQM_FMT(name));
	if (a->is_packed) {
		*out = p->in.text;
		return out->n > 0 || p->size == 0
			? PQM_OK
			: pqm_fail(err, PQM_EPARSE, "%.*s: is no JSON of at most 1 MiB",
				  PQM_FMT(name));
	}
	text = pqm_arena_alloc(&a->arena, (size_t)p->size + 1);
	if (text == NULL)
		return pqm_fail(err, PQM_ENOMEM, "out of memory for a manifest");
	while (n < p->size) {
		ssize_t got = pread(a->fd, text + n, (size_t)p->size - n, (off_t)(p->off + n));

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return pqm_fail(err, PQM_EPARSE, "%.*s: cut off", PQM_FMT(name));
		n += (size_t)got;
	}
	*out = (pqm_bytes){ text, n };
	return PQM_OK;
}

static bool is_packed(int fd, const struct part *p)
{
	uint8_t head[PQM_PACK_HEAD];
	size_t want = p->size < sizeof(head) ? (size_t)p->size : sizeof(head);
	ssize_t n = pread(fd, head, want, (off_t)p->off);

	return n > 0 && pqm_pack_of((pqm_bytes){ head, (size_t)n }) == PQM_PACK_STREAM;
}

/* A layer by its name in the archive. Its digest is the one of the unpacked tar, which is what is there. */
static enum pqm_st layer_of(struct archive *a, struct pqm_oci_desc *d, pqm_bytes name,
	pqm_bytes diff_id, struct pqm_err *err)
{
	const struct part *p = part_at(a, name);
	pqm_bytes hex = pqm_sub(name, 13, name.n);

	if (p == NULL)
		return pqm_fail(err, PQM_EPARSE, "%.*s: is not in the archive", PQM_FMT(name));
	*d = (struct pqm_oci_desc){ .digest = diff_id, .size = p->size, .has_size = true };
	if (pqm_starts(name, PQM_LIT("blobs/sha256/")) && hex.n == 64) {
		d->digest = pqm_arena_f(&a->arena, "sha256:%.*s", PQM_FMT(hex));
	} else if (diff_id.n == 0) {
		d->is_unchecked = true;
		d->digest = pqm_bytes_dup(&a->arena, name);
	} else {
		d->is_unchecked = a->is_packed ? p->in.is_packed : is_packed(a->fd, p);
	}
	return pqm_map_put(&a->by_digest, d->digest, (void *)(uintptr_t)p)
		? PQM_OK
		: pqm_fail(err, PQM_ENOMEM, "out of memory for an archive");
}

/* The name of the configuration says its digest: "HEX.json", "blobs/sha256/HEX". */
static pqm_bytes image_id(struct archive *a, pqm_bytes config)
{
	pqm_bytes hex = config, id;

	for (size_t i = config.n; i > 0; i--)
		if (config.p[i - 1] == '/') {
			hex = pqm_sub(config, i, config.n);
			break;
		}
	if (pqm_ends(hex, PQM_LIT(".json")))
		hex.n -= 5;
	id = pqm_arena_f(&a->arena, "sha256:%.*s", PQM_FMT(hex));
	return pqm_oci_is_digest(id) ? id : (pqm_bytes){ NULL, 0 };
}

static bool has_tag(const struct pqm_oci_saved *s, pqm_bytes tag)
{
	for (size_t i = 0; i < s->n_tags; i++) {
		pqm_bytes rest = pqm_sub(s->tags[i], 0, s->tags[i].n - tag.n);

		/* "app:1" is "docker.io/library/app:1" too. */
		if (pqm_ends(s->tags[i], tag) && (rest.n == 0 || pqm_ends(rest, PQM_LIT("/"))))
			return true;
	}
	return tag.n == 0;
}

struct saved_walk {
	struct archive *a;
	struct pqm_sink *s;
	struct pqm_err *err;
	pqm_bytes target;
	size_t n_images;
};

static enum pqm_st check_config(
	const struct saved_walk *w, pqm_bytes id, pqm_bytes text, struct pqm_oci_config *config)
{
	struct pqm_digest *d = id.n > 0 ? pqm_digest_new(false) : NULL;
	uint8_t hash[PQM_DIGEST_BYTES_MAX];

	if (d != NULL) {
		pqm_digest_add(d, text);
		size_t n = pqm_digest_end(d, hash);

		pqm_digest_free(d);
		if (!pqm_oci_digest_is(id, hash, n))
			return pqm_fail(w->err, PQM_EPARSE,
				"%.*s: the configuration has another digest", PQM_FMT(id));
	}
	return pqm_oci_config_parse(config, text, &w->a->arena, w->err);
}

static enum pqm_st walk_saved(const struct saved_walk *w, const struct pqm_oci_saved *saved)
{
	struct archive *a = w->a;
	struct pqm_image im = { .store = &a->store, .label = w->target, .reference = w->target };
	pqm_bytes id = image_id(a, saved->config), text = { NULL, 0 };
	const struct pqm_image_options *opt = w->s->images;
	struct pqm_oci_desc *layers = pqm_new(&a->arena, struct pqm_oci_desc, saved->n_layers + 1);
	enum pqm_st st = PQM_OK;

	if (layers == NULL)
		return pqm_fail(w->err, PQM_ENOMEM, "out of memory for an image");
	if (saved->config.n > 0)
		st = read_part(a, saved->config, &text, w->err);
	if (st == PQM_OK && saved->config.n > 0)
		st = check_config(w, id, text, &im.config);
	if (st == PQM_OK && opt->has_platform && im.config.platform.arch.n > 0 &&
		!pqm_platform_fits(&opt->platform, &im.config.platform))
		return pqm_fail(w->err, PQM_EUSAGE, "%.*s: is an image for %.*s",
			PQM_FMT(w->target),
			PQM_FMT(pqm_platform_text(&im.config.platform, &a->arena)));
	for (size_t i = 0; i < saved->n_layers && st == PQM_OK; i++)
		st = layer_of(a, &layers[i], saved->layers[i],
			saved->n_layers == im.config.n_diff_ids ? im.config.diff_ids[i]
								: (pqm_bytes){ NULL, 0 },
			w->err);
	if (st != PQM_OK)
		return st;
	im.layers = layers;
	im.n_layers = saved->n_layers;
	if (w->n_images > 1 && saved->n_tags > 0)
		im.label = pqm_arena_f(
			&a->arena, "%.*s:%.*s", PQM_FMT(w->target), PQM_FMT(saved->tags[0]));
	else if (w->n_images > 1)
		im.label = pqm_arena_f(
			&a->arena, "%.*s@%.*s", PQM_FMT(w->target), PQM_FMT(pqm_sub(id, 0, 19)));
	im.label = pqm_printable(&a->arena, im.label);
	im.reference = id.n > 0
		? pqm_arena_f(&a->arena, "%.*s@%.*s", PQM_FMT(im.label), PQM_FMT(id))
		: im.label;
	return pqm_image_walk(&im, w->s, w->err);
}

static enum pqm_st walk_list(
	struct saved_walk *w, const struct pqm_oci_saved *list, size_t n, pqm_bytes tag)
{
	enum pqm_st st = PQM_OK;

	for (size_t i = 0; i < n; i++)
		w->n_images += has_tag(&list[i], tag);
	if (w->n_images == 0)
		return pqm_fail(
			w->err, PQM_EUSAGE, "%.*s: has no image of this name", PQM_FMT(w->target));
	for (size_t i = 0; i < n && st == PQM_OK; i++)
		if (has_tag(&list[i], tag))
			st = walk_saved(w, &list[i]);
	return st;
}

/* Archives from before manifest.json: each layer names its parent, from the top down. */
static enum pqm_st chain(struct archive *a, struct pqm_oci_saved *s, struct pqm_err *err)
{
	pqm_bytes id = s->config;
	enum pqm_st st = PQM_OK;

	s->config = (pqm_bytes){ NULL, 0 };
	s->layers = pqm_new(&a->arena, pqm_bytes, PQM_OCI_LAYERS);
	if (s->layers == NULL)
		return pqm_fail(err, PQM_ENOMEM, "out of memory for an image");
	while (st == PQM_OK && id.n > 0) {
		struct pqm_err ignored = { 0 };
		pqm_bytes text = { NULL, 0 };

		if (s->n_layers == PQM_OCI_LAYERS)
			return pqm_fail(err, PQM_ELIMIT, "more than 1,024 layers, or a cycle");
		s->layers[s->n_layers++] = pqm_arena_f(&a->arena, "%.*s/layer.tar", PQM_FMT(id));
		st = read_part(a, pqm_arena_f(&a->arena, "%.*s/json", PQM_FMT(id)), &text, err);
		if (st == PQM_OK)
			id = pqm_oci_parent(text, &a->arena, &ignored);
	}
	for (size_t i = 0; i < s->n_layers / 2; i++) {
		pqm_bytes t = s->layers[i];

		s->layers[i] = s->layers[s->n_layers - 1 - i];
		s->layers[s->n_layers - 1 - i] = t;
	}
	return st;
}

static enum pqm_st walk_archive(struct archive *a, const char *target, pqm_bytes tag,
	struct pqm_sink *s, struct pqm_err *err)
{
	bool wants_oci = strncmp(target, "oci-", 4) == 0;
	struct saved_walk w = { .a = a, .s = s, .err = err, .target = pqm_str(target) };
	struct pqm_oci_saved *list = NULL;
	struct pqm_oci_manifest index;
	size_t n = 0;
	pqm_bytes text = { NULL, 0 };
	enum pqm_st st;

	if (part_at(a, PQM_LIT("index.json")) != NULL &&
		(wants_oci || part_at(a, PQM_LIT("manifest.json")) == NULL)) {
		st = read_part(a, PQM_LIT("index.json"), &text, err);
		if (st == PQM_OK)
			st = pqm_oci_manifest_parse(&index, text, &a->arena, err);
		if (st == PQM_OK && !index.is_index)
			st = pqm_fail(err, PQM_EPARSE, "index.json: is no image index");
		return st == PQM_OK ? pqm_image_choose(&a->store, w.target, tag, &index, s, err)
				    : st;
	}
	if (part_at(a, PQM_LIT("manifest.json")) != NULL) {
		st = read_part(a, PQM_LIT("manifest.json"), &text, err);
		if (st == PQM_OK)
			st = pqm_oci_saved_parse(&list, &n, text, &a->arena, err);
		return st == PQM_OK ? walk_list(&w, list, n, tag) : st;
	}
	if (part_at(a, PQM_LIT("repositories")) == NULL)
		return pqm_fail(err, PQM_EPARSE,
			"is no image: it has neither index.json nor manifest.json");
	st = read_part(a, PQM_LIT("repositories"), &text, err);
	if (st == PQM_OK)
		st = pqm_oci_repositories_parse(&list, &n, text, &a->arena, err);
	for (size_t i = 0; i < n && st == PQM_OK; i++)
		st = chain(a, &list[i], err);
	return st == PQM_OK ? walk_list(&w, list, n, tag) : st;
}

enum pqm_st pqm_image_archive(
	const char *target, const char *spec, struct pqm_sink *s, struct pqm_err *err)
{
	struct archive a = { .store = { archive_open, NULL, true, NULL }, .fd = -1 };
	const char *path;
	struct stat sb = { 0 };
	pqm_bytes tag = { NULL, 0 };
	enum pqm_st st;

	pqm_arena_init(&a.arena, PQM_ARENA_BYTES);
	st = pqm_image_name(spec, &a.arena, &path, &tag, err);
	if (st == PQM_OK &&
		((a.fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)) < 0 ||
			fstat(a.fd, &sb) != 0))
		st = pqm_fail(err, PQM_EIO, "%s: %s", path, strerrordesc_np(errno));
	if (st == PQM_OK && !S_ISREG(sb.st_mode))
		st = pqm_fail(err, PQM_EIO, "%s: is no file; a folder is oci:DIR", path);
	if (st == PQM_OK) {
		a.size = (uint64_t)sb.st_size;
		a.is_packed = is_packed(a.fd, &(struct part){ .size = a.size });
		st = a.is_packed ? index_packed(&a, err) : index_parts(&a, err);
	}
	if (st == PQM_OK)
		st = walk_archive(&a, target, tag, s, err);
	if (a.fd >= 0)
		(void)close(a.fd);
	pqm_map_fini(&a.parts);
	pqm_map_fini(&a.by_digest);
	pqm_arena_wipe(&a.arena); /* the environment of an image may hold anything */
	pqm_arena_fini(&a.arena);
	return st;
}
