/* rpmdb_sqlite.c — the table of packages in an SQLite file, page by page. */
#include "base/cur.h"
#include "rpmdb_int.h"

#define INTERIOR 5
#define LEAF 13
#define TREE_DEPTH 20 /* of SQLite itself */
#define FILE_HEADER 100

struct pages {
	struct pqm_rpm_walk *w;
	size_t page, usable;
	uint64_t n, n_seen;
	uint32_t root; /* of the table of packages; 0: that of the schema is walked */
};

static pqm_bytes page_at(const struct pages *s, uint32_t no)
{
	if (no == 0 || no > s->n)
		return (pqm_bytes){ NULL, 0 };
	return pqm_sub(s->w->file, (size_t)(no - 1) * s->page, s->page);
}

static bool varint(struct pqm_cur *c, uint64_t *out)
{
	uint64_t v = 0;
	uint8_t b = 0;

	for (unsigned i = 0; i < 9; i++) {
		if (!pqm_cur_u8(c, &b))
			return false;
		if (i == 8) {
			*out = v << 8 | b;
			return true;
		}
		v = v << 7 | (b & 0x7f);
		if ((b & 0x80) == 0)
			break;
	}
	*out = v;
	return true;
}

/* How much of a payload stands in its cell. */
static uint64_t local_of(const struct pages *s, uint64_t size)
{
	uint64_t most = s->usable - 35, least = (s->usable - 12) * 32 / 255 - 23, k;

	if (size <= most)
		return size;
	k = least + (size - least) % (s->usable - 4);
	return k <= most ? k : least;
}

/* The start of a payload, put together from its cell and the pages that follow. */
static pqm_bytes payload(const struct pages *s, struct pqm_cur *c, uint64_t size)
{
	uint64_t local = local_of(s, size);
	size_t want = size < PQM_RPMDB_HEADER_BYTES ? (size_t)size : PQM_RPMDB_HEADER_BYTES, n;
	pqm_bytes part = { NULL, 0 };
	uint32_t next = 0;

	if (!pqm_cur_take(c, (size_t)local, &part))
		return (pqm_bytes){ NULL, 0 };
	if (local == size)
		return part;
	if (!pqm_cur_u32be(c, &next))
		return (pqm_bytes){ NULL, 0 };
	n = part.n < want ? part.n : want;
	memcpy(s->w->held, part.p, n);
	while (n < want) {
		struct pqm_cur o = pqm_cur_of(pqm_sub(page_at(s, next), 0, s->usable));

		if (!pqm_cur_u32be(&o, &next))
			return (pqm_bytes){ NULL, 0 };
		part = pqm_cur_rest(&o);
		part = pqm_sub(part, 0, want - n);
		if (part.n == 0)
			return (pqm_bytes){ NULL, 0 };
		memcpy(s->w->held + n, part.p, part.n);
		n += part.n;
	}
	return (pqm_bytes){ s->w->held, n };
}

/* One column of a record: its type, and its bytes as far as they are there. */
static bool column(pqm_bytes record, unsigned no, uint64_t *type, pqm_bytes *out)
{
	static const uint8_t sizes[12] = { 0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0 };
	struct pqm_cur c = pqm_cur_of(record), h;
	uint64_t n_header = 0, at;

	if (!varint(&c, &n_header) || n_header > record.n)
		return false;
	h = (struct pqm_cur){ c.p, record.p + n_header };
	if (h.p > h.end)
		return false;
	at = n_header;
	for (unsigned i = 0;; i++) {
		uint64_t n;

		if (!varint(&h, type))
			return false;
		n = *type < 12 ? sizes[*type] : (*type - 12) / 2;
		if (at > record.n)
			return false;
		if (i == no) {
			*out = pqm_sub(record, (size_t)at, n > record.n ? record.n : (size_t)n);
			return true;
		}
		if (n > record.n)
			return false;
		at += n;
	}
}

/* A row of the schema: type, name, table, root page, words. */
static void take_table(struct pages *s, pqm_bytes record)
{
	pqm_bytes kind, name, root;
	uint64_t type;
	uint32_t v = 0;

	if (!column(record, 0, &type, &kind) || !pqm_eqs(kind, "table") ||
		!column(record, 1, &type, &name) || !pqm_eqs(name, "Packages") ||
		!column(record, 3, &type, &root))
		return;
	if (type == 9) /* the number one */
		v = 1;
	for (size_t i = 0; i < root.n && i < 4; i++)
		v = v << 8 | root.p[i];
	s->root = v;
}

static enum pqm_st take_cell(struct pages *s, pqm_bytes page, size_t at, bool is_schema)
{
	struct pqm_cur c = pqm_cur_of(pqm_sub(pqm_sub(page, 0, s->usable), at, s->usable));
	uint64_t size = 0, row = 0, type = 0;
	pqm_bytes record = { NULL, 0 }, blob;

	if (varint(&c, &size) && varint(&c, &row))
		record = payload(s, &c, size);
	if (is_schema) {
		take_table(s, record);
		return PQM_OK;
	}
	if (record.n == 0 || !column(record, 1, &type, &blob) || type < 12) {
		s->w->told->n_bad++;
		return PQM_OK;
	}
	return pqm_rpm_take(s->w, blob, (uint64_t)(page.p - s->w->file.p) + at);
}

static enum pqm_st walk(struct pages *s, uint32_t no, bool is_schema, unsigned depth)
{
	pqm_bytes page = page_at(s, no);
	struct pqm_cur c = pqm_cur_of(page), cells;
	uint8_t kind = 0;
	uint16_t n = 0, at = 0;
	uint32_t child = 0;
	enum pqm_st st = PQM_OK;

	/* A page has one place in one tree: more than all pages is a circle. */
	if (depth > TREE_DEPTH || s->n_seen++ > 2 * s->n || (no == 1 && !is_schema) ||
		(no == 1 && !pqm_cur_skip(&c, FILE_HEADER)) || !pqm_cur_u8(&c, &kind) ||
		(kind != INTERIOR && kind != LEAF) || !pqm_cur_skip(&c, 2) ||
		!pqm_cur_u16be(&c, &n) || !pqm_cur_skip(&c, 3) ||
		(kind == INTERIOR && !pqm_cur_u32be(&c, &child))) {
		s->w->told->n_absent++;
		return PQM_OK;
	}
	cells = c;
	for (unsigned i = 0; st == PQM_OK && i < n && pqm_cur_u16be(&cells, &at); i++) {
		struct pqm_cur left = pqm_cur_of(pqm_sub(page, at, page.n));
		uint32_t below = 0;

		if (kind == LEAF)
			st = take_cell(s, page, at, is_schema);
		else if (pqm_cur_u32be(&left, &below))
			st = walk(s, below, is_schema, depth + 1);
		else
			s->w->told->n_absent++;
	}
	return st == PQM_OK && kind == INTERIOR ? walk(s, child, is_schema, depth + 1) : st;
}

enum pqm_st pqm_rpm_sqlite(struct pqm_rpm_walk *w)
{
	struct pages s = { .w = w };
	struct pqm_cur c = pqm_cur_of(w->file);
	uint16_t page = 0;
	uint8_t reserved = 0;
	enum pqm_st st;

	if (!pqm_cur_skip(&c, 16) || !pqm_cur_u16be(&c, &page) || !pqm_cur_skip(&c, 2) ||
		!pqm_cur_u8(&c, &reserved))
		return pqm_fail(w->err, PQM_EPARSE, "database of rpm: ends in its first page");
	s.page = page == 1 ? 65536 : page;
	if (s.page < 512 || (s.page & (s.page - 1)) != 0 || s.page - reserved < 480)
		return pqm_fail(w->err, PQM_EPARSE, "database of rpm: no size of pages");
	s.usable = s.page - reserved;
	s.n = w->file.n / s.page;
	if (s.n > UINT32_MAX)
		s.n = UINT32_MAX;
	st = walk(&s, 1, true, 0);
	if (st == PQM_OK && s.root == 0)
		return pqm_fail(w->err, PQM_EPARSE, "database of rpm: no table of packages");
	s.n_seen = 0;
	return st == PQM_OK ? walk(&s, s.root, false, 0) : st;
}
