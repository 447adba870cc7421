/* img_layer.c — walks the layers of an image from the top, and knows what upper layers hide. */
#include <stdlib.h>

#include "base/hash.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/num.h"
#include "img.h"
#include "img_names.h"

/* A smaller layer is read before a thread has begun. */
#define AHEAD_FROM ((uint64_t)1 << 20)

/* A path that an upper layer says something of. The path itself is not kept: its keyed hash has 64 bits. */
struct seen {
	uint64_t hash;
	uint16_t any; /* the topmost layer that has, or removes, the path; 0: none */
	uint16_t sub; /* the topmost layer that hides everything below the path */
};

struct walk {
	const struct pqm_image *im;
	struct pqm_sink *sink;
	struct pqm_err *err;
	struct seen *slot;
	size_t n, cap; /* cap: a power of two, or 0 */
	bool is_full;
	unsigned layer;
	size_t n_base; /* layers of the base image */
	struct pqm_buf path, to, text;
	uint64_t n_entries, n_bad_names;
	bool is_cut;		 /* the layer: it was not fetched to its end */
	struct pqm_names *names; /* what is told of the layer, to be kept; NULL: nothing is */
};

static struct seen *find(const struct walk *w, uint64_t hash)
{
	size_t at = (size_t)hash & (w->cap - 1);

	while (w->slot[at].hash != hash && w->slot[at].hash != 0)
		at = (at + 1) & (w->cap - 1);
	return &w->slot[at];
}

static bool grow(struct walk *w)
{
	struct seen *old = w->slot;
	size_t n_old = w->cap, cap = w->cap == 0 ? 4096 : 2 * w->cap;

	w->slot = pqm_calloc(cap, sizeof(*w->slot));
	if (w->slot == NULL) {
		w->slot = old;
		return false;
	}
	w->cap = cap;
	for (size_t i = 0; i < n_old; i++)
		if (old[i].hash != 0)
			*find(w, old[i].hash) = old[i];
	pqm_free(old);
	return true;
}

static uint64_t hash_of(pqm_bytes path)
{
	uint64_t h = pqm_hash64(path);

	return h == 0 ? 1 : h;
}

/* Remembers what this layer says of the path. */
static void remember(struct walk *w, pqm_bytes path, bool is_there, bool hides_below)
{
	struct seen *s;

	if (w->n + w->n / 4 >= w->cap && (w->n >= PQM_IMAGE_PATHS || !grow(w))) {
		if (!w->is_full)
			w->sink->note(w->sink, w->im->label, "over-limit",
				"more than 2,097,152 paths in one image: what upper layers hide "
				"is no longer known for all of them");
		w->is_full = true;
		return;
	}
	s = find(w, hash_of(path));
	w->n += s->hash == 0;
	s->hash = hash_of(path);
	if (is_there && s->any < w->layer)
		s->any = (uint16_t)w->layer;
	if (hides_below && s->sub < w->layer)
		s->sub = (uint16_t)w->layer;
}

/* The upper layer that hides the path, or 0. */
static unsigned hidden_by(const struct walk *w, pqm_bytes path)
{
	unsigned by = 0;

	if (w->cap == 0)
		return 0;
	by = find(w, hash_of(path))->any;
	for (size_t n = path.n; by <= w->layer && n > 0;) {
		while (n > 0 && path.p[n - 1] != '/')
			n--;
		n -= n > 0;
		const struct seen *s = find(w, hash_of(pqm_sub(path, 0, n)));

		if (s->sub > by)
			by = s->sub;
	}
	return by > w->layer ? by : 0;
}

struct member {
	struct pqm_member m; /* first */
	struct pqm_unpack *u;
	struct pqm_feed *feed; /* instead of u: a blob that is a file */
	uint64_t at;
	bool is_remote;
};

/* Weights whose header stands in front of them tell everything there [design/kubernetes-ai.md §3]: GGUF; safetensors,
 * a length of 100,000,000 at most and JSON. */
static bool is_weights(pqm_bytes head)
{
	if (head.n < 9)
		return false;
	return pqm_starts(head, PQM_LIT("GGUF")) ||
		(head.p[8] == '{' && head.p[4] == 0 && head.p[5] == 0 && head.p[6] == 0 &&
			head.p[7] == 0);
}

static enum pqm_st blob_next(struct member *self, pqm_bytes *block, struct pqm_err *err)
{
	uint64_t left = self->m.comes - self->at;
	enum pqm_st st;

	if (self->m.comes > 0 && left == 0) {
		*block = (pqm_bytes){ NULL, 0 };
		return PQM_OK;
	}
	st = self->feed->next(self->feed, block, err);
	if (st != PQM_OK)
		return st;
	if (self->at == 0 && self->is_remote && self->m.size > PQM_REMOTE_WEIGHTS_BYTES &&
		is_weights(*block))
		self->m.comes = left = PQM_REMOTE_HEAD_BYTES;
	if (self->m.comes > 0 && block->n > left)
		*block = pqm_sub(*block, 0, (size_t)left);
	return PQM_OK;
}

static enum pqm_st member_next(
	struct pqm_member *m, pqm_bytes *block, uint64_t *off, struct pqm_err *err)
{
	struct member *self = (struct member *)m;
	enum pqm_st st;

	if (self->u != NULL)
		return pqm_unpack_data(self->u, block, off, err);
	st = blob_next(self, block, err);
	*off = self->at;
	self->at += block->n;
	return st;
}

/* The path with a slash in front, as it is reported. */
static pqm_bytes absolute(struct walk *w, pqm_bytes path)
{
	w->text.n = 0;
	(void)pqm_buf_byte(&w->text, '/');
	(void)pqm_buf_add(&w->text, path);
	return pqm_buf_bytes(&w->text);
}

static void skip(struct walk *w, enum pqm_skip why, const char *words)
{
	pqm_bytes path = pqm_buf_bytes(&w->path);

	w->text.n = 0;
	(void)pqm_buf_add(&w->text, w->im->label);
	(void)pqm_buf_add(&w->text, PQM_LIT(" › /"));
	(void)pqm_buf_add(&w->text, path);
	w->sink->skip(w->sink, why, pqm_buf_bytes(&w->text), words);
}

static enum pqm_st take_link(struct walk *w, const struct pqm_named *e, unsigned by)
{
	struct pqm_member m = { .path = absolute(w, pqm_buf_bytes(&w->path)), .hidden_by = by };
	enum pqm_oci_mark mark;
	struct pqm_buf to;
	enum pqm_st st = PQM_OK;

	if (!pqm_oci_path(&w->to, e->link, &mark) || mark != PQM_OCI_PLAIN) {
		skip(w, PQM_SKIP_LIMIT, "a hard link that leads out of the layer");
		return PQM_OK;
	}
	pqm_buf_init(&to, (size_t)1 << 16);
	(void)pqm_buf_byte(&to, '/');
	(void)pqm_buf_add(&to, pqm_buf_bytes(&w->to));
	st = w->sink->link(w->sink, &m, pqm_buf_bytes(&to), w->err);
	pqm_buf_fini(&to);
	return st;
}

/* u is NULL in a known layer. */
static enum pqm_st take_file(
	struct walk *w, struct pqm_unpack *u, const struct pqm_named *e, unsigned by)
{
	struct member m = { .u = u };

	if (e->size > PQM_MEMBER_BYTES) {
		skip(w, PQM_SKIP_LIMIT, "says that it is larger than 1 TiB; not read");
		return PQM_OK;
	}
	m.m = (struct pqm_member){ .path = absolute(w, pqm_buf_bytes(&w->path)),
		.hidden_by = by,
		.size = e->size,
		.next = u != NULL ? member_next : NULL };
	return w->sink->member(w->sink, &m.m, w->err);
}

static enum pqm_st take_entry(struct walk *w, struct pqm_unpack *u, const struct pqm_named *e)
{
	pqm_bytes path = pqm_buf_bytes(&w->path);
	unsigned by = hidden_by(w, path);

	remember(w, path, true, e->type != PQM_ENTRY_DIR);
	switch (e->type) {
	case PQM_ENTRY_FILE:
		return take_file(w, u, e, by);
	case PQM_ENTRY_HARDLINK:
		return take_link(w, e, by);
	case PQM_ENTRY_DIR:
		w->sink->directory(w->sink);
		return PQM_OK;
	case PQM_ENTRY_SYMLINK:
		skip(w, PQM_SKIP_SYMLINK, NULL);
		return PQM_OK;
	case PQM_ENTRY_DEVICE:
		skip(w, PQM_SKIP_DEVICE, NULL);
		return PQM_OK;
	case PQM_ENTRY_FIFO:
		skip(w, PQM_SKIP_FIFO, NULL);
		return PQM_OK;
	case PQM_ENTRY_SOCKET:
		skip(w, PQM_SKIP_SOCKET, NULL);
		return PQM_OK;
	case PQM_ENTRY_OTHER:
		skip(w, PQM_SKIP_DEVICE, "an entry of an unknown kind");
		return PQM_OK;
	}
	return PQM_OK;
}

/* The name is in w->path. */
static enum pqm_st tell_entry(struct walk *w, struct pqm_unpack *u, const struct pqm_named *e)
{
	if (w->names != NULL)
		pqm_names_add(w->names, e);
	if (e->is_bad) {
		if (w->n_bad_names++ == 0)
			skip(w, PQM_SKIP_LIMIT,
				"entries whose names lead out of the image, are longer than 4,096 "
				"bytes or deeper than 256 folders were not read");
		return PQM_OK;
	}
	switch (e->mark) {
	case PQM_OCI_PLAIN:
		return take_entry(w, u, e);
	case PQM_OCI_WHITEOUT:
		remember(w, pqm_buf_bytes(&w->path), true, true);
		return PQM_OK;
	case PQM_OCI_OPAQUE:
		remember(w, pqm_buf_bytes(&w->path), false, true);
		return PQM_OK;
	case PQM_OCI_IGNORED:
		return PQM_OK;
	}
	return PQM_OK;
}

static enum pqm_st entry(struct walk *w, struct pqm_unpack *u, const struct pqm_entry *e)
{
	struct pqm_named named = { .link = e->link, .type = e->type, .size = e->size };

	if (++w->n_entries > PQM_LAYER_ENTRIES)
		return pqm_fail(w->err, PQM_ELIMIT, "more than 20,971,520 entries");
	if (!pqm_oci_path(&w->path, e->name, &named.mark)) {
		w->path.n = 0;
		w->path.failed = false;
		named.is_bad = true;
	}
	named.name = pqm_buf_bytes(&w->path);
	return tell_entry(w, u, &named);
}

static bool is_tar(const struct pqm_oci_desc *d)
{
	return d->media_type.n == 0 || pqm_oci_is_layer(d->media_type);
}

static enum pqm_st tell_blob(struct walk *w, const struct pqm_named *e)
{
	struct pqm_member m = { .path = absolute(w, pqm_buf_bytes(&w->path)), .size = e->size };

	return w->sink->member(w->sink, &m, w->err);
}

/* Tells the entries of a layer that was read before. */
static enum pqm_st tell_known(struct walk *w, const struct pqm_oci_desc *d, pqm_bytes names)
{
	struct pqm_names n;
	struct pqm_named e;
	enum pqm_st st = PQM_OK;

	pqm_names_init(&n, names);
	w->n_bad_names = 0;
	while (st == PQM_OK && pqm_names_next(&n, &e)) {
		w->path.n = 0;
		(void)pqm_buf_add(&w->path, e.name);
		st = is_tar(d) ? tell_entry(w, NULL, &e) : tell_blob(w, &e);
	}
	pqm_names_fini(&n);
	return st;
}

static bool is_ahead(const struct walk *w, const struct pqm_oci_desc *d)
{
	return w->sink->n_threads > 0 && d->size >= AHEAD_FROM;
}

static enum pqm_st read_entries(struct walk *w, struct pqm_feed *feed)
{
	struct pqm_unpack *u = NULL;
	struct pqm_entry e;
	bool got = true;
	enum pqm_st st = pqm_unpack_open(&u, feed, w->err);

	w->n_entries = w->n_bad_names = 0;
	while (st == PQM_OK && (st = pqm_unpack_next(u, &e, &got, w->err)) == PQM_OK && got)
		st = entry(w, u, &e);
	pqm_unpack_close(u);
	return st;
}

static enum pqm_st read_tar(struct walk *w, const struct pqm_oci_desc *d, struct pqm_feed *packed)
{
	struct pqm_feed *feed = NULL;
	pqm_bytes rest;
	enum pqm_st st = pqm_unpack_stream(&feed, packed, w->err);

	if (st == PQM_OK) {
		if (is_ahead(w, d))
			feed = pqm_image_ahead(feed);
		st = read_entries(w, feed);
		feed->close(feed);
	}
	/* What stands behind the archive belongs to the digest. */
	while (st == PQM_OK && (st = packed->next(packed, &rest, w->err)) == PQM_OK && rest.n > 0)
		;
	return st;
}

/* Nobody waits for 100 GB to learn what their first megabytes say. What was not read was not checked. */
static void tell_head(struct walk *w, const struct pqm_member *m)
{
	char words[400], head[32], all[32];
	pqm_bytes path = pqm_sub(pqm_buf_bytes(&w->text), 0, 200);

	(void)snprintf(words, sizeof(words),
		"%.*s: the first %s of %s were fetched; its digest was not checked", PQM_FMT(path),
		pqm_human_bytes(head, m->comes), pqm_human_bytes(all, m->size));
	w->is_cut = true;
	w->sink->note(w->sink, w->im->label, "over-limit", words);
}

/* A blob of an artifact that is no archive: one file, by its title. */
static enum pqm_st read_blob(struct walk *w, const struct pqm_oci_desc *d, struct pqm_feed *feed)
{
	struct member m = { .feed = feed, .is_remote = !w->im->store->is_here };
	enum pqm_oci_mark mark;
	enum pqm_st st;

	if (!pqm_oci_path(&w->path, d->title.n > 0 ? d->title : d->digest, &mark) ||
		mark != PQM_OCI_PLAIN || !d->has_size || d->size > PQM_MEMBER_BYTES)
		return pqm_fail(
			w->err, PQM_ELIMIT, "a blob without a size or a usable name; not read");
	if (w->names != NULL)
		pqm_names_add(w->names,
			&(struct pqm_named){ .name = pqm_buf_bytes(&w->path), .size = d->size });
	m.m = (struct pqm_member){
		.path = absolute(w, pqm_buf_bytes(&w->path)), .size = d->size, .next = member_next
	};
	st = w->sink->member(w->sink, &m.m, w->err);
	if (st == PQM_OK && m.m.comes > 0)
		tell_head(w, &m.m);
	return st;
}

static enum pqm_st read_layer(struct walk *w, const struct pqm_oci_desc *d)
{
	struct pqm_feed *feed = NULL;
	enum pqm_st st = w->im->store->open(w->im->store, d, &feed, w->err);

	if (st != PQM_OK)
		return st;
	feed = pqm_image_checked(feed, d, w->err);
	if (feed == NULL)
		return PQM_ENOMEM;
	if (is_ahead(w, d) && w->im->store->is_here)
		feed = pqm_image_ahead(feed);
	st = is_tar(d) ? read_tar(w, d, feed) : read_blob(w, d, feed);
	feed->close(feed);
	return st;
}

/* A known layer is not read again; that a file here is still there costs nothing to see. */
static enum pqm_st take_known(struct walk *w, const struct pqm_oci_desc *d, pqm_bytes names)
{
	struct pqm_feed *feed = NULL;
	enum pqm_st st = PQM_OK;

	if (w->im->store->is_here)
		st = w->im->store->open(w->im->store, d, &feed, w->err);
	if (feed != NULL)
		feed->close(feed);
	return st == PQM_OK ? tell_known(w, d, names) : st;
}

/* Reads the layer, or tells what is known of it; a digest that is not of these bytes makes nothing known. */
static enum pqm_st read_or_tell(struct walk *w, const struct pqm_oci_desc *d)
{
	pqm_bytes known = { NULL, 0 }, told = { NULL, 0 };
	struct pqm_names names;
	enum pqm_st st;

	w->is_cut = false;
	pqm_names_init(&names, known);
	if (d->is_unchecked) {
		st = read_layer(w, d);
	} else if (w->sink->layer_known != NULL && w->sink->layer_known(w->sink, &known)) {
		st = take_known(w, d, known);
	} else {
		w->names = w->sink->layer_known != NULL ? &names : NULL;
		st = read_layer(w, d);
		w->names = NULL;
		if (w->sink->layer_known != NULL && st == PQM_OK && !names.out.failed && !w->is_cut)
			told = pqm_buf_bytes(&names.out);
	}
	w->sink->layer_end(w->sink, st == PQM_OK || st == PQM_ELIMIT, told);
	pqm_names_fini(&names);
	return st;
}

static void tell_bad(struct walk *w, enum pqm_st st)
{
	char words[700];

	(void)snprintf(words, sizeof(words), "layer %u: %s%s", w->layer, w->err->msg,
		st == PQM_ELIMIT ? "" : "; nothing of this layer is reported");
	w->sink->skip(w->sink, st == PQM_ELIMIT ? PQM_SKIP_LIMIT : PQM_SKIP_INCOMPLETE,
		w->im->label, words);
	pqm_log(PQM_WARN, "image", "%.*s: %s", PQM_FMT(w->im->label), words);
}

/* PQM_OK also for a layer that could not be read; then *n_bad grows. */
static enum pqm_st layer(struct walk *w, const struct pqm_oci_desc *d, size_t *n_bad)
{
	const struct pqm_image *im = w->im;
	struct pqm_layer l = { .image = im->reference,
		.digest = d->digest,
		.index = w->layer,
		.is_base = w->layer <= w->n_base };
	struct pqm_arena a;
	enum pqm_st st;

	if (pqm_oci_is_foreign(d->media_type)) {
		w->sink->skip(w->sink, PQM_SKIP_INCOMPLETE, im->label,
			"a layer that may not be distributed: it is not in the image; not read");
		return PQM_OK;
	}
	pqm_arena_init(&a, (size_t)1 << 20);
	l.platform = pqm_platform_text(&im->config.platform, &a);
	l.as = is_tar(d) ? PQM_LIT("tar") : pqm_arena_f(&a, "file %.*s", PQM_FMT(d->title));
	if (im->config.n_made_by == im->n_layers)
		l.made_by = im->config.made_by[w->layer - 1];
	st = w->sink->layer(w->sink, &l, im->label, w->err);
	pqm_arena_fini(&a);
	if (st != PQM_OK)
		return st;
	st = read_or_tell(w, d);
	if (st == PQM_OK || st == PQM_ENOMEM || st == PQM_EINTERNAL || st == PQM_EUSAGE)
		return st;
	*n_bad += st != PQM_ELIMIT;
	tell_bad(w, st);
	return PQM_OK;
}

enum pqm_st pqm_image_walk(const struct pqm_image *im, struct pqm_sink *s, struct pqm_err *err)
{
	struct walk w = { .im = im, .sink = s, .err = err };
	const volatile int *stop = s->images->stop;
	enum pqm_st st;
	size_t n_bad = 0;

	if (s->images->wanted_base != NULL)
		return pqm_image_keep_base(im, s->images, err);
	w.n_base = pqm_image_of_base(im, s->images);
	st = pqm_image_facts(im, s, err);
	if (st == PQM_OK)
		st = pqm_image_pasted(im, s, err);

	pqm_buf_init(&w.path, 2 * PQM_ENTRY_NAME_BYTES);
	pqm_buf_init(&w.to, 2 * PQM_ENTRY_NAME_BYTES);
	pqm_buf_init(&w.text, (size_t)1 << 20);
	for (size_t i = im->n_layers; i > 0 && st == PQM_OK; i--) {
		w.layer = (unsigned)i;
		if (stop != NULL && *stop != 0)
			st = pqm_fail(err, PQM_EIO, "interrupted");
		else
			st = layer(&w, &im->layers[i - 1], &n_bad);
	}
	if (st == PQM_OK && n_bad > 0 && n_bad == im->n_layers)
		st = err->st;
	pqm_free(w.slot);
	pqm_buf_fini(&w.path);
	pqm_buf_fini(&w.to);
	pqm_buf_fini(&w.text);
	return st;
}
