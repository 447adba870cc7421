/* rpmdb.c — headers of packages, and the two stores of rpm that are no SQLite. */
#include "parse/rpmdb.h"

#include "base/cur.h"
#include "base/arena.h"
#include "rpmdb_int.h"

#define ENTRY 16
#define STRING 6
#define INT32 4
/* Of ndb: the header and each slot; and what stands around a package. */
#define NDB_PAGE ((uint64_t)4096)
#define NDB_HEADER ((size_t)32)
#define NDB_SLOT ((size_t)16)
#define NDB_BLOCK ((uint64_t)16)
/* Of Berkeley DB. */
#define BDB_PAGE_HEADER ((size_t)26)
#define BDB_OVERFLOW 7
#define BDB_HASH 13
#define BDB_HASH_UNSORTED 2
#define BDB_KEYDATA 1
#define BDB_OFFPAGE 3

/* NUL-terminated text in the data of a header. */
static pqm_bytes text_at(pqm_bytes data, uint32_t off)
{
	pqm_bytes rest = pqm_sub(data, off, data.n);
	size_t end = pqm_find_byte(rest, 0, 0);

	return end == SIZE_MAX ? (pqm_bytes){ NULL, 0 } : pqm_sub(rest, 0, end);
}

static void take_entry(struct pqm_rpm *p, uint32_t tag, uint32_t type, pqm_bytes data, uint32_t off)
{
	struct pqm_cur c = pqm_cur_of(pqm_sub(data, off, data.n));
	pqm_bytes *to = tag == 1000 ? &p->name
		: tag == 1001	    ? &p->version
		: tag == 1002	    ? &p->release
		: tag == 1044	    ? &p->source
				    : NULL;

	if (tag == 1003 && type == INT32)
		(void)pqm_cur_u32be(&c, &p->epoch);
	if (to != NULL && type == STRING && to->n == 0)
		*to = text_at(data, off);
}

enum pqm_st pqm_rpm_take(struct pqm_rpm_walk *w, pqm_bytes header, uint64_t off)
{
	struct pqm_rpm p = { .off = off };
	struct pqm_cur c = pqm_cur_of(header), index;
	uint32_t n = 0, size = 0, tag = 0, type = 0, at = 0, count = 0;
	pqm_bytes entries, data;

	if (w->told->n_read + w->told->n_bad >= PQM_RPMDB_PACKAGES) {
		w->told->is_over = true;
		return PQM_OK;
	}
	if (pqm_cur_u32be(&c, &n) && pqm_cur_u32be(&c, &size) && n <= header.n / ENTRY &&
		pqm_cur_take(&c, (size_t)n * ENTRY, &entries)) {
		data = pqm_sub(pqm_cur_rest(&c), 0, size);
		index = pqm_cur_of(entries);
		while (pqm_cur_u32be(&index, &tag) && pqm_cur_u32be(&index, &type) &&
			pqm_cur_u32be(&index, &at) && pqm_cur_u32be(&index, &count))
			take_entry(&p, tag, type, data, at);
	}
	if (p.name.n == 0 || p.version.n == 0) {
		w->told->n_bad++;
		return PQM_OK;
	}
	w->told->n_read++;
	return w->fn(w->ctx, &p);
}

static uint64_t word(pqm_bytes b, size_t at, unsigned n, bool is_big)
{
	uint64_t v = 0;

	if (at > b.n || n > b.n - at)
		return 0;
	for (unsigned i = 0; i < n; i++)
		v = v << 8 | b.p[at + (is_big ? i : n - 1 - i)];
	return v;
}

static uint32_t u32(pqm_bytes b, size_t at)
{
	return (uint32_t)word(b, at, 4, false);
}

/* Slots point to packages, each between a head and a tail. */
static enum pqm_st ndb_slot(struct pqm_rpm_walk *w, pqm_bytes slot)
{
	uint64_t off = u32(slot, 8) * NDB_BLOCK, n = u32(slot, 12) * NDB_BLOCK, size;
	pqm_bytes block;

	if (u32(slot, 4) == 0 || off == 0)
		return PQM_OK; /* free */
	block = off > w->file.n ? (pqm_bytes){ NULL, 0 } : pqm_sub(w->file, (size_t)off, (size_t)n);
	size = u32(block, 12);
	if (!pqm_starts(block, PQM_LIT("BlbS")) || u32(block, 4) != u32(slot, 4) ||
		size > block.n) {
		w->told->n_bad++;
		return PQM_OK;
	}
	return pqm_rpm_take(w, pqm_sub(block, 16, (size_t)size), off);
}

static enum pqm_st read_ndb(struct pqm_rpm_walk *w)
{
	uint64_t n = u32(w->file, 12) * NDB_PAGE;
	enum pqm_st st = PQM_OK;

	if (n > w->file.n) {
		w->told->n_absent++;
		n = w->file.n;
	}
	for (size_t at = NDB_HEADER; st == PQM_OK && at + NDB_SLOT <= n; at += NDB_SLOT) {
		pqm_bytes slot = pqm_sub(w->file, at, NDB_SLOT);

		if (pqm_starts(slot, PQM_LIT("Slot")))
			st = ndb_slot(w, slot);
		else
			w->told->n_absent++;
	}
	return st;
}

struct bdb {
	struct pqm_rpm_walk *w;
	size_t page;
	uint64_t n;
	bool is_big;
};

static pqm_bytes bdb_page(const struct bdb *s, uint64_t no)
{
	return no == 0 || no >= s->n ? (pqm_bytes){ NULL, 0 }
				     : pqm_sub(s->w->file, (size_t)no * s->page, s->page);
}

/* The start of what stands on a chain of pages. */
static pqm_bytes bdb_chain(const struct bdb *s, uint64_t no, uint64_t size)
{
	size_t want = size < PQM_RPMDB_HEADER_BYTES ? (size_t)size : PQM_RPMDB_HEADER_BYTES, n = 0;

	while (n < want) {
		pqm_bytes page = bdb_page(s, no), part;

		part = pqm_sub(page, BDB_PAGE_HEADER, (size_t)word(page, 22, 2, s->is_big));
		part = pqm_sub(part, 0, want - n);
		if (word(page, 25, 1, false) != BDB_OVERFLOW || part.n == 0)
			return (pqm_bytes){ NULL, 0 };
		memcpy(s->w->held + n, part.p, part.n);
		n += part.n;
		no = word(page, 16, 4, s->is_big);
	}
	return (pqm_bytes){ s->w->held, n };
}

/* Keys and values take turns on a page, from its end to its start. */
static pqm_bytes bdb_item(const struct bdb *s, pqm_bytes page, unsigned i)
{
	size_t at = (size_t)word(page, BDB_PAGE_HEADER + 2 * (size_t)i, 2, s->is_big);
	size_t end = i == 0 ? page.n
			    : (size_t)word(page, BDB_PAGE_HEADER + 2 * (size_t)i - 2, 2, s->is_big);

	return at >= BDB_PAGE_HEADER && at < end ? pqm_sub(page, at, end - at)
						 : (pqm_bytes){ NULL, 0 };
}

static enum pqm_st bdb_pairs(const struct bdb *s, pqm_bytes page, uint64_t off)
{
	unsigned n = (unsigned)word(page, 20, 2, s->is_big);
	enum pqm_st st = PQM_OK;

	for (unsigned i = 0; st == PQM_OK && i + 1 < n && i + 1 < page.n / 2; i += 2) {
		pqm_bytes key = bdb_item(s, page, i), value = bdb_item(s, page, i + 1), header;
		uint64_t kind = word(value, 0, 1, false);

		/* Under the key 0 stands the last number that was given away. */
		if (word(key, 0, 1, false) == BDB_KEYDATA && key.n == 5 &&
			word(key, 1, 4, false) == 0)
			continue;
		header = kind == BDB_KEYDATA ? pqm_sub(value, 1, value.n)
			: kind == BDB_OFFPAGE
			? bdb_chain(s, word(value, 4, 4, s->is_big), word(value, 8, 4, s->is_big))
			: (pqm_bytes){ NULL, 0 };
		st = pqm_rpm_take(s->w, header, off);
	}
	return st;
}

static enum pqm_st read_bdb(struct pqm_rpm_walk *w, bool is_big)
{
	struct bdb s = { .w = w, .is_big = is_big };
	enum pqm_st st = PQM_OK;

	s.page = (size_t)word(w->file, 20, 4, is_big);
	if (s.page < 512 || s.page > 65536 || (s.page & (s.page - 1)) != 0)
		return pqm_fail(w->err, PQM_EPARSE, "database of rpm: no size of pages");
	s.n = w->file.n / s.page;
	if (word(w->file, 32, 4, is_big) >= s.n)
		w->told->n_absent++;
	for (uint64_t no = 1; st == PQM_OK && no < s.n; no++) {
		pqm_bytes page = bdb_page(&s, no);
		uint64_t kind = word(page, 25, 1, false);

		if (kind == BDB_HASH || kind == BDB_HASH_UNSORTED)
			st = bdb_pairs(&s, page, no * s.page);
	}
	return st;
}

enum pqm_st pqm_rpmdb_read(pqm_bytes file, pqm_rpmdb_fn *fn, void *ctx, struct pqm_rpmdb_told *told,
	struct pqm_err *err)
{
	struct pqm_rpm_walk w = { .file = file, .fn = fn, .ctx = ctx, .told = told, .err = err };
	enum pqm_st st;

	*told = (struct pqm_rpmdb_told){ 0 };
	w.held = pqm_malloc(PQM_RPMDB_HEADER_BYTES);
	if (w.held == NULL)
		return pqm_fail(err, PQM_ENOMEM, "database of rpm: out of memory");
	if (pqm_starts(file, PQM_LIT("SQLite format 3\0")))
		st = pqm_rpm_sqlite(&w);
	else if (pqm_starts(file, PQM_LIT("RpmP")))
		st = read_ndb(&w);
	else if (word(file, 12, 4, false) == 0x061561 || word(file, 12, 4, true) == 0x061561)
		st = read_bdb(&w, word(file, 12, 4, true) == 0x061561);
	else
		st = pqm_fail(
			err, PQM_EPARSE, "database of rpm: neither SQLite, ndb nor Berkeley DB");
	pqm_free(w.held);
	return st;
}
