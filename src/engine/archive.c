/*
 * archive.c — looks into archives: each file in them is looked at like a file of a folder, and archives in them
 * again. Names are only ever printed; links, devices and folders hold nothing to look at. Nothing is written.
 */
#include <errno.h>
#include <stdio.h>

#include "base/buf.h"
#include "engine.h"
#include "parse/aifile.h"

/* How much is unpacked before the next look at what it became: little, for bombs. */
#define PIECE_BYTES ((size_t)32 << 10)
#define ZEROS_BYTES ((size_t)16 << 10)

/* What pqm_look.done says of it. */
enum { UNSEEN, OPENED, LEFT };

/* The bytes of an archive that lies in memory or in a file. A file is read, not mapped: it may shrink while
 * libarchive is at work, which must not be left by a jump. */
struct input {
	struct pqm_feed feed; /* first */
	const int *fd;
	pqm_bytes body;
	uint64_t at, size;
	uint8_t *piece;
};

struct walk {
	struct pqm_emit *emit;
	struct pqm_unpack *u;
	struct pqm_opened *o;
	struct pqm_buf buf; /* the member that is looked at */
	struct pqm_err err; /* of reading a member */
	pqm_bytes alone;    /* the name of the only file, where it has none of its own */
	pqm_bytes waiting;  /* a block that was read and did not fit the buffer */
	uint64_t waiting_off;
	uint64_t n_encrypted, n_long, n_broken;
};

static enum pqm_st input_next(struct pqm_feed *feed, pqm_bytes *out, struct pqm_err *err)
{
	struct input *in = (struct input *)feed;
	ssize_t n;

	if (in->fd == NULL) {
		*out = pqm_sub(in->body, (size_t)in->at, PIECE_BYTES);
		in->at += out->n;
		return PQM_OK;
	}
	while ((n = pread(*in->fd, in->piece, PIECE_BYTES, (off_t)in->at)) < 0 && errno == EINTR)
		;
	if (n < 0)
		return pqm_fail(err, PQM_EIO, "%s", strerrordesc_np(errno));
	in->at += (uint64_t)n;
	*out = (pqm_bytes){ in->piece, (size_t)n };
	return PQM_OK;
}

static int64_t input_seek(struct pqm_feed *feed, int64_t off, int whence)
{
	struct input *in = (struct input *)feed;
	uint64_t base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? in->at : in->size;
	int64_t to;

	if (__builtin_add_overflow((int64_t)base, off, &to) || to < 0 || (uint64_t)to > in->size)
		return -1;
	in->at = (uint64_t)to;
	return to;
}

static bool input_open(struct input *in, const struct pqm_look *l)
{
	*in = (struct input){ .feed = { input_next, NULL, input_seek },
		.fd = l->fd,
		.body = l->artifact->body,
		.size = l->artifact->body.n };
	if (l->fd != NULL)
		in->piece = pqm_malloc(PIECE_BYTES);
	return l->fd == NULL || in->piece != NULL;
}

static void input_close(struct input *in)
{
	if (in->piece != NULL)
		pqm_wipe(in->piece, PIECE_BYTES);
	pqm_free(in->piece);
}

static enum pqm_st peeked_next(
	struct pqm_member *m, pqm_bytes *block, uint64_t *off, struct pqm_err *err)
{
	struct pqm_peeked *p = (struct pqm_peeked *)m;

	if (p->is_read)
		return p->in->next(p->in, block, off, err);
	p->is_read = true;
	*block = p->first;
	*off = p->first_off;
	return PQM_OK;
}

/* The bytes in their order; what a sparse file leaves out are zeros. */
static enum pqm_st peeked_feed(struct pqm_feed *feed, pqm_bytes *out, struct pqm_err *err)
{
	static const uint8_t zeros[ZEROS_BYTES];
	struct pqm_peeked *p = ((struct pqm_peeked_feed *)feed)->of;
	uint64_t off = p->first_off;

	*out = (pqm_bytes){ NULL, 0 };
	if (p->st == PQM_OK && p->rest.n == 0) {
		p->st = peeked_next(&p->m, &p->rest, &off, &p->err);
		p->first_off = off;
		if (p->st == PQM_OK && p->rest.n > 0 && off < p->at)
			p->st = pqm_fail(&p->err, PQM_EPARSE, "an entry is longer than it says");
	}
	if (p->st != PQM_OK)
		return pqm_fail(err, p->st, "%s", p->err.msg);
	if (p->rest.n > 0 && p->first_off > p->at) {
		uint64_t gap = p->first_off - p->at;

		*out = (pqm_bytes){ zeros, gap < ZEROS_BYTES ? (size_t)gap : ZEROS_BYTES };
	} else {
		*out = p->rest;
		p->rest = (pqm_bytes){ NULL, 0 };
	}
	p->at += out->n;
	return PQM_OK;
}

void pqm_peek_at(struct pqm_peeked *p, struct pqm_member *in, pqm_bytes first)
{
	*p = (struct pqm_peeked){
		.m = *in, .in = in, .first = first, .feed = { { peeked_feed, NULL, NULL }, p }
	};
	p->m.next = peeked_next;
}

enum pqm_st pqm_peek(struct pqm_peeked *p, struct pqm_member *in, struct pqm_err *err)
{
	pqm_peek_at(p, in, (pqm_bytes){ NULL, 0 });
	return in->next(in, &p->first, &p->first_off, err);
}

/* A model of PyTorch, Keras or NumPy is one file for us, although it is a zip. */
static bool is_model(const struct pqm_look *l)
{
	const struct pqm_artifact *a = l->artifact;
	struct pqm_aif_in in = { a->body, a->name, a->arena };
	struct pqm_err ignored = { 0 };
	struct pqm_aif file = { .format = NULL };

	if (!pqm_aif_looks(a->head, a->name))
		return false;
	(void)!pqm_aif_read(&file, &in, &ignored);
	return file.format != NULL;
}

bool pqm_is_archive(pqm_bytes head, pqm_bytes name)
{
	enum pqm_pack kind = pqm_pack_of(head);

	return kind != PQM_PACK_NONE && (kind != PQM_PACK_ZIP || !pqm_aif_looks(head, name));
}

bool pqm_may_hold_zip(const struct pqm_artifact *a)
{
	size_t from;

	return pqm_pack_may_follow(a->head) &&
		(a->body.n > a->head.n || pqm_pack_follows(a->body, &from));
}

void pqm_archive_rules(struct pqm_run *run)
{
	const struct pqm_rule *rule;
	size_t i = 0;

	while (run->n_left < PQM_ARCHIVE_RULES &&
		(rule = pqm_rules_next(run->rules, "archives.yaml", &i)) != NULL)
		if (pqm_yaml_get(rule->node, "paths") != NULL)
			run->left[run->n_left++] = pqm_yaml_get(rule->node, "paths");
}

static bool is_tar_name(pqm_bytes name)
{
	return pqm_find(name, 0, PQM_LIT(".tar.")) != SIZE_MAX || pqm_ends(name, PQM_LIT(".tgz")) ||
		pqm_ends(name, PQM_LIT(".txz")) || pqm_ends(name, PQM_LIT(".tbz2"));
}

static bool is_left(const struct pqm_run *run, const struct pqm_artifact *a)
{
	if (a->depth > 0 || pqm_pack_of(a->head) != PQM_PACK_STREAM || is_tar_name(a->name))
		return false;
	for (size_t i = 0; i < run->n_left; i++)
		for (size_t k = 0; k < run->left[i]->n; k++)
			if (pqm_glob(pqm_yaml_text(run->left[i]->items[k]), a->path))
				return true;
	return false;
}

uint64_t pqm_archive_wanted(
	struct pqm_run *run, uint32_t target, struct pqm_from *from, const struct pqm_artifact *a)
{
	const uint64_t bit = UINT64_C(1) << PQM_ARCHIVE_BIT;
	uint64_t wanted = pqm_look_wanted(run, a);

	if ((wanted & bit) == 0 || !is_left(run, a))
		return wanted;
	atomic_fetch_add_explicit(&run->counts[target].left, 1, memory_order_relaxed);
	if (from != NULL)
		atomic_fetch_add_explicit(&from->left, 1, memory_order_relaxed);
	return wanted & ~bit;
}

/* A limit of the whole file: it is told once, where it was hit, and all that is open is left. */
static bool over(struct walk *w, const char *words)
{
	bool was_over = w->o->is_over;

	w->o->is_over = true;
	if (!was_over)
		pqm_emit_note(w->emit, UINT64_MAX, PQM_ELIMIT,
			"%s; the rest was not read; unpack it and scan the folder, if it is no "
			"bomb",
			words);
	return false;
}

/* Counts what was unpacked. False: too much. */
static bool count(struct walk *w, size_t n)
{
	struct pqm_opened *o = w->o;

	o->n_out += n;
	if (o->n_out > PQM_ARCHIVE_RATIO_FROM && o->n_out / PQM_RATIO_MAX > o->n_packed)
		return over(w, "archive: unpacks to more than 200 times its size");
	if (o->n_out > PQM_ARCHIVE_OUT_BYTES)
		return over(w, "archive: unpacks to more than 256 GiB");
	return !o->is_over;
}

/* The next block of the member that is read. A failure ends it like its end: what was there is looked at. */
static bool next_block(struct walk *w, pqm_bytes *block, uint64_t *off)
{
	if (w->waiting.n > 0) {
		*block = w->waiting;
		*off = w->waiting_off;
		w->waiting.n = 0;
		return true;
	}
	*block = (pqm_bytes){ NULL, 0 };
	if (w->o->is_over || w->err.st != PQM_OK)
		return false;
	w->err.st = pqm_unpack_data(w->u, block, off, &w->err);
	if (w->err.st != PQM_OK || block->n == 0 || !count(w, block->n))
		*block = (pqm_bytes){ NULL, 0 };
	return block->n > 0;
}

/* Reads the member into the buffer; false when there is more of it than fits: a block that waits. */
static bool read_whole(struct walk *w)
{
	size_t max = w->buf.max;
	pqm_bytes block;
	uint64_t off;

	while (next_block(w, &block, &off)) {
		size_t gap = (size_t)off - w->buf.n;

		if (off < w->buf.n || off > max || block.n > max - off) {
			w->waiting = block;
			w->waiting_off = off;
			return false;
		}
		if (!pqm_buf_reserve(&w->buf, gap + block.n))
			return true;
		memset(w->buf.p + w->buf.n, 0, gap);
		w->buf.n += gap;
		(void)pqm_buf_add(&w->buf, block);
	}
	return true;
}

struct member {
	struct pqm_member m; /* first */
	struct walk *w;
};

static enum pqm_st member_next(
	struct pqm_member *m, pqm_bytes *block, uint64_t *off, struct pqm_err *err)
{
	(void)err;
	(void)next_block(((struct member *)m)->w, block, off);
	return PQM_OK;
}

static void tell_member(struct walk *w, pqm_bytes name, enum pqm_st why, const char *words)
{
	pqm_emit_part(w->emit, name);
	pqm_emit_note(w->emit, UINT64_MAX, why, "%s", words);
	pqm_emit_part(w->emit, (pqm_bytes){ NULL, 0 });
}

/* A member that is too large to be held: an archive is read as it comes, anything else swept. first: what is
 * in the buffer of it, or empty. */
static enum pqm_st look_at_large(
	struct walk *w, uint64_t size, pqm_bytes first, struct pqm_child *c)
{
	struct member m = { { .size = size, .next = member_next }, w };
	struct pqm_peeked p;
	pqm_bytes name = c->path_part;
	const uint8_t *slash = memrchr(name.p, '/', name.n);

	if (slash != NULL)
		name = pqm_sub(name, (size_t)(slash - name.p) + 1, name.n);
	pqm_peek_at(&p, &m.m, first);
	if (first.n == 0)
		(void)next_block(w, &p.first, &p.first_off);
	c->body = p.first;
	return pqm_is_archive(p.first, name) ? pqm_look_file(w->emit, c, NULL, &p.feed.feed)
					     : pqm_look_file(w->emit, c, &p.m, NULL);
}

static enum pqm_st look_at(struct walk *w, const struct pqm_entry *e, struct pqm_child *c)
{
	struct pqm_opened *o = w->o;
	bool is_whole;
	enum pqm_st st;

	if (e->has_size && e->size > w->buf.max)
		return look_at_large(w, e->size, (pqm_bytes){ NULL, 0 }, c);
	is_whole = read_whole(w);
	if (w->buf.failed)
		return PQM_ENOMEM;
	c->body = pqm_buf_bytes(&w->buf);
	if (is_whole && c->body.n == 0)
		return PQM_OK;
	o->held += w->buf.cap;
	st = is_whole ? pqm_look_file(w->emit, c, NULL, NULL)
		      : look_at_large(w, PQM_MEMBER_UNSIZED, c->body, c);
	o->held -= w->buf.cap;
	return st;
}

/* "notes.txt" for "notes.txt.gz" */
static pqm_bytes name_alone(pqm_bytes name)
{
	static const char *const endings[] = { ".gz", ".bz2", ".xz", ".zst", ".lz4", ".lzma", ".lz",
		".Z" };
	const uint8_t *slash = memrchr(name.p, '/', name.n);

	if (slash != NULL)
		name = pqm_sub(name, (size_t)(slash - name.p) + 1, name.n);
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++)
		if (pqm_ends(name, pqm_str(endings[i])) && name.n > strlen(endings[i]))
			return pqm_sub(name, 0, name.n - strlen(endings[i]));
	return PQM_LIT("data");
}

static pqm_bytes name_of(const struct walk *w, const struct pqm_entry *e)
{
	pqm_bytes name = e->is_alone ? w->alone : e->name;

	while (pqm_starts(name, PQM_LIT("./")))
		name = pqm_sub(name, 2, name.n);
	return name.n > 0 ? name : PQM_LIT("data");
}

/* False: the archive is left. */
static bool take(struct walk *w, const struct pqm_entry *e)
{
	struct pqm_child c = { .path_part = name_of(w, e), .is_file = true };
	enum pqm_st st;

	if (++w->o->n_entries > PQM_ARCHIVE_ENTRIES_MAX)
		return over(w, "archive: more than 1,048,576 entries");
	w->n_encrypted += e->is_encrypted;
	if (e->type != PQM_ENTRY_FILE || e->is_encrypted || (e->has_size && e->size == 0))
		return true;
	if (c.path_part.n > PQM_ENTRY_NAME_BYTES || e->size > PQM_MEMBER_BYTES) {
		w->n_long++;
		return true;
	}
	w->err = (struct pqm_err){ .st = PQM_OK };
	w->buf.n = 0;
	w->waiting.n = 0;
	st = look_at(w, e, &c);
	if (w->err.st != PQM_OK && w->n_broken++ == 0)
		tell_member(w, c.path_part, w->err.st, w->err.msg);
	return st == PQM_OK && !w->o->is_over && !e->is_alone;
}

static void tell_end(const struct walk *w, enum pqm_st st, const struct pqm_err *err)
{
	if (w->n_encrypted > 0)
		pqm_emit_note(w->emit, UINT64_MAX, PQM_EIO,
			"archive: %llu encrypted entries; not read; decrypt them and scan the "
			"folder",
			(unsigned long long)w->n_encrypted);
	if (w->n_long > 0)
		pqm_emit_note(w->emit, UINT64_MAX, PQM_ELIMIT,
			"archive: names over 4,096 bytes or sizes over 1 TiB: %llu not read; "
			"unpack it and scan the folder",
			(unsigned long long)w->n_long);
	if (st != PQM_OK && w->n_broken == 0 && !w->o->is_over)
		pqm_emit_note(w->emit, UINT64_MAX, st, "%s; what follows was not read", err->msg);
}

/* A zip behind a program or a script: both are looked at, and what the zip holds stored is not seen twice. */
static bool is_behind(const struct pqm_look *l, struct pqm_emit *emit)
{
	const struct pqm_artifact *a = l->artifact;
	size_t from;

	if (l->feed != NULL || !pqm_pack_may_follow(a->head) || !pqm_pack_follows(a->body, &from))
		return false;
	if (!l->is_partial)
		pqm_emit_claim(emit, from, a->body.n);
	return true;
}

/* False: nothing of it could be read. */
static bool read_all(struct walk *w, struct pqm_feed *feed, enum pqm_pack kind)
{
	struct pqm_err err = { 0 };
	struct pqm_entry e;
	bool got = true, any = false, go_on = true;
	enum pqm_st st = pqm_unpack_open_as(&w->u, feed, kind, &err);

	while (st == PQM_OK && go_on && (st = pqm_unpack_next(w->u, &e, &got, &err)) == PQM_OK &&
		got) {
		any = true;
		go_on = take(w, &e);
	}
	tell_end(w, st, &err);
	pqm_unpack_close(w->u);
	return any || st == PQM_OK;
}

/* What a member may take of memory, beside those that are archives and open. */
static size_t room(const struct pqm_opened *o)
{
	size_t left = o->held < PQM_ARCHIVE_HELD_BYTES ? PQM_ARCHIVE_HELD_BYTES - o->held : 0;

	if (left > PQM_MEMBER_HELD_BYTES)
		return PQM_MEMBER_HELD_BYTES;
	return left < PQM_ARCHIVE_HELD_LEAST ? PQM_ARCHIVE_HELD_LEAST : left;
}

static bool open_archive(struct pqm_look *l, struct pqm_emit *emit)
{
	enum pqm_pack kind = pqm_pack_of(l->artifact->head);
	struct walk w = { .emit = emit, .o = &l->w->opened };
	struct input in;
	bool is_read = false, is_part = kind == PQM_PACK_NONE;

	if (is_part && !is_behind(l, emit))
		return false;
	if (is_part)
		kind = PQM_PACK_ZIP;
	if (is_left(l->w->run, l->artifact) ||
		(kind == PQM_PACK_ZIP && !is_part && l->feed == NULL && is_model(l)))
		return false;
	if (l->is_partial || (kind == PQM_PACK_7Z && l->feed != NULL)) {
		pqm_emit_note(emit, UINT64_MAX, PQM_ELIMIT,
			"archive: larger than the 24 MiB that are held of it, and cannot be read "
			"in one pass; not opened; unpack it and scan the folder");
		return false;
	}
	if (w.o->depth >= PQM_ARCHIVE_DEPTH) {
		pqm_emit_note(emit, UINT64_MAX, PQM_ELIMIT,
			"archive: in 5 others, one in the other; not opened; unpack the outer ones "
			"and scan the folder");
		return false;
	}
	if (!input_open(&in, l))
		return false;
	w.alone = name_alone(l->artifact->name);
	pqm_buf_init(&w.buf, room(w.o));
	w.o->depth++;
	is_read = read_all(&w, l->feed != NULL ? l->feed : &in.feed, kind);
	w.o->depth--;
	pqm_buf_wipe(&w.buf);
	input_close(&in);
	return is_read && !is_part;
}

bool pqm_look_archive(struct pqm_look *l, struct pqm_emit *emit)
{
	uint64_t *state = &l->done[PQM_ARCHIVE_BIT];

	if (*state == UNSEEN)
		*state = open_archive(l, emit) ? OPENED : LEFT;
	/* What stood in front of a feed is gone with its first block. */
	return *state == OPENED || l->feed != NULL;
}
