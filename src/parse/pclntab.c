#include "pclntab.h"

#include "base/limits.h"
#include "base/mapped.h"

#define ALIGN 8
#define HEAD_BYTES 8
#define NAME_BYTES 4096
#define STEP_BYTES ((size_t)64 << 10)

/* Words behind the first eight bytes, and where functions and names stand. */
struct head {
	unsigned since, ptr;
	uint64_t n, text, names, funcs;
};

static const struct {
	uint8_t low; /* lowest byte of the magic; the others are ff, for 1.2 ff too */
	unsigned since;
} magics[] = { { 0xfb, 2 }, { 0xfa, 16 }, { 0xf0, 18 }, { 0xf1, 20 } };

/* The form of the table that begins with p, or 0. */
static unsigned form_of(const uint8_t *p, bool is_big)
{
	uint8_t low = p[is_big ? 3 : 0];

	if (p[1] != 0xff || p[2] != 0xff || p[is_big ? 0 : 3] != 0xff || p[4] != 0 || p[5] != 0 ||
		(p[6] != 1 && p[6] != 2 && p[6] != 4) || (p[7] != 4 && p[7] != 8))
		return 0;
	for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++)
		if (magics[i].low == low)
			return magics[i].since;
	return 0;
}

static bool word(pqm_bytes t, uint64_t off, unsigned n, bool is_big, uint64_t *out)
{
	if (off > t.n || t.n - off < n)
		return false;
	*out = pqm_gobin_word(t.p + off, n, is_big);
	return true;
}

static bool read_head(struct head *h, const struct pqm_gobin *g, pqm_bytes t, uint64_t addr)
{
	unsigned w = h->ptr;
	/* Behind nfunc: 1.16 nfiles, names, cu, files, pc, functions; 1.18 has the start of the code behind nfiles. */
	unsigned at = h->since >= 18 ? 3 : 2;

	if (!word(t, HEAD_BYTES, w, g->is_big, &h->n))
		return false;
	if (h->since == 2) {
		h->funcs = HEAD_BYTES + w;
		return true;
	}
	if (!word(t, HEAD_BYTES + at * w, w, g->is_big, &h->names) ||
		!word(t, HEAD_BYTES + (at + 4U) * w, w, g->is_big, &h->funcs))
		return false;
	if (h->since >= 18 && !pqm_gobin_pointer(g, addr + HEAD_BYTES + 2U * w, &h->text))
		return false;
	return h->names < t.n && h->funcs < t.n;
}

/* Entries: where the code is and where the record is, as pointers before 1.18, as 32-bit numbers since. */
static bool read_entry(
	const struct pqm_pclntab *t, const struct head *h, uint64_t i, uint64_t *pc, uint64_t *func)
{
	unsigned w = h->since >= 18 ? 4 : h->ptr;
	uint64_t at = i * 2 * w;

	if (!word(t->funcs, at, w, t->is_big, pc))
		return false;
	return i == h->n || word(t->funcs, at + w, w, t->is_big, func);
}

static enum pqm_st lies(
	struct pqm_gobin *g, const struct pqm_pclntab *t, struct pqm_err *err, const char *words)
{
	g->bad_off = t->off;
	return pqm_fail(err, PQM_EPARSE, "Go: at byte %llu: the function table %s",
		(unsigned long long)t->off, words);
}

static enum pqm_st read_entries(
	struct pqm_pclntab *t, const struct head *h, struct pqm_gobin *g, struct pqm_err *err)
{
	uint64_t last = 0;

	for (uint64_t i = 0; i <= h->n; i++) {
		uint64_t pc = 0, func = 0;

		if (!read_entry(t, h, i, &pc, &func))
			return lies(g, t, err, "is cut off");
		if (i == 0 && h->since < 18)
			t->text = pc;
		if (h->since < 18) {
			if (pc < t->text)
				return lies(g, t, err, "is not in order");
			pc -= t->text;
		}
		/* Zeros in the midst: a large member that is not held whole. */
		if (pc < last || pc > UINT32_MAX || func > UINT32_MAX || (i == h->n && pc == 0))
			return lies(g, t, err, "is not in order");
		if (pc > g->body.n)
			return lies(g, t, err, "has more code than the file");
		t->start[i] = (uint32_t)pc;
		if (i < h->n)
			t->func_off[i] = (uint32_t)func;
		last = pc;
	}
	return PQM_OK;
}

static enum pqm_st index_code(struct pqm_pclntab *t, struct pqm_arena *arena, struct pqm_err *err)
{
	uint32_t f = 0;

	t->n_buckets = t->start[t->n] / PQM_PCLN_BUCKET + 1;
	t->bucket = pqm_new(arena, uint32_t, t->n_buckets);
	if (t->bucket == NULL)
		return pqm_fail(err, PQM_ENOMEM, "Go: out of memory");
	for (uint32_t b = 0; b < t->n_buckets; b++) {
		while (f + 1 < t->n && t->start[f + 1] <= b * (uint64_t)PQM_PCLN_BUCKET)
			f++;
		t->bucket[b] = f;
	}
	return PQM_OK;
}

static enum pqm_st load(struct pqm_pclntab *t, const struct head *h, struct pqm_gobin *g,
	pqm_bytes table, struct pqm_arena *arena, struct pqm_err *err)
{
	enum pqm_st st;

	t->since = h->since;
	t->text = h->text;
	t->is_big = g->is_big;
	t->n = (uint32_t)h->n;
	t->names = h->since == 2 ? table : pqm_sub(table, h->names, table.n);
	t->funcs = pqm_sub(table, h->funcs, table.n);
	t->name_field = h->since >= 18 ? 4 : h->ptr;
	t->start = pqm_new(arena, uint32_t, h->n + 1);
	t->func_off = pqm_new(arena, uint32_t, h->n);
	if (t->start == NULL || t->func_off == NULL)
		return pqm_fail(err, PQM_ENOMEM, "Go: out of memory");
	st = read_entries(t, h, g, err);
	/* Records of the 1.2 form are counted from the table, as all of it is one. */
	if (h->since == 2)
		t->funcs = table;
	if (st == PQM_OK)
		st = index_code(t, arena, err);
	if (st != PQM_OK)
		t->n = 0;
	return st;
}

/* A table whose first functions have names is one. */
static bool is_table(struct head *h, const struct pqm_gobin *g, pqm_bytes table, uint64_t addr)
{
	uint64_t room;

	h->since = form_of(table.p, g->is_big);
	h->ptr = table.p[7];
	if (h->since == 0 || (h->ptr == 8) != g->is_64 || !read_head(h, g, table, addr))
		return false;
	room = (table.n - h->funcs) / (h->since >= 18 ? 8U : 2U * h->ptr);
	return h->n > 0 && h->n <= PQM_GO_FUNCTIONS && h->n <= room;
}

/* The linker left the start of the code to the loader, or it is not told any more (Go 1.26): the function that most
 * calls go to is the one that makes room on the stack. */
static bool has_text(const struct pqm_pclntab *t, const struct pqm_gobin *g)
{
	return pqm_gobin_is_code(g, t->text + t->start[0]) &&
		pqm_gobin_is_code(g, t->text + t->start[t->n] - 1);
}

static bool find_text(struct pqm_pclntab *t, const struct pqm_gobin *g)
{
	if (has_text(t, g))
		return true;
	for (size_t i = 0; i < g->n_segs; i++) {
		const struct pqm_go_seg *s = &g->segs[i];

		if (!s->is_code)
			continue;
		/* Without C code in front the linker starts it at the section, one page in for ELF. */
		t->text = s->addr;
		if (has_text(t, g) && pqm_starts(pqm_pclntab_name(t, 0), PQM_LIT("go:buildid")))
			return true;
	}
	return false;
}

static enum pqm_st find_in(struct pqm_pclntab *t, struct pqm_gobin *g, const struct pqm_go_seg *s,
	struct pqm_arena *arena, struct pqm_err *err)
{
	pqm_bytes b = pqm_sub(g->body, s->off, s->n);

	for (size_t i = (size_t)(-s->addr % ALIGN); b.p != NULL && i + 64 <= b.n; i += ALIGN) {
		struct head h = { 0 };

		if (i % STEP_BYTES < ALIGN)
			pqm_mapped_read(STEP_BYTES);
		if (b.p[i + 1] != 0xff || b.p[i + 4] != 0 || form_of(b.p + i, g->is_big) == 0)
			continue;
		if (!is_table(&h, g, pqm_sub(b, i, b.n), s->addr + i))
			continue;
		t->addr = s->addr + i;
		t->off = s->off + i;
		return load(t, &h, g, pqm_sub(b, i, b.n), arena, err);
	}
	return PQM_OK;
}

enum pqm_st pqm_pclntab_find(
	struct pqm_pclntab *t, struct pqm_gobin *g, struct pqm_arena *arena, struct pqm_err *err)
{
	enum pqm_st st = PQM_OK;

	*t = (struct pqm_pclntab){ 0 };
	for (size_t i = 0; i < g->n_segs && t->n == 0 && st == PQM_OK; i++)
		st = find_in(t, g, &g->segs[i], arena, err);
	if (st == PQM_OK && t->n > 0 && !find_text(t, g))
		t->text = 0; /* names only */
	return st;
}

pqm_bytes pqm_pclntab_name(const struct pqm_pclntab *t, uint32_t i)
{
	uint64_t off;
	pqm_bytes name;

	if (i >= t->n ||
		!word(t->funcs, (uint64_t)t->func_off[i] + t->name_field, 4, t->is_big, &off))
		return (pqm_bytes){ NULL, 0 };
	name = pqm_sub(t->names, off, NAME_BYTES);
	size_t end = pqm_find_byte(name, 0, 0);

	return end == SIZE_MAX ? (pqm_bytes){ NULL, 0 } : pqm_sub(name, 0, end);
}

bool pqm_pclntab_in(const struct pqm_pclntab *t, uint64_t addr, uint32_t *i)
{
	uint64_t at = addr - t->text;
	uint32_t b = (uint32_t)(at / PQM_PCLN_BUCKET), lo, hi;

	if (t->n == 0 || addr < t->text || at >= t->start[t->n] || at < t->start[0])
		return false;
	lo = t->bucket[b];
	hi = b + 1 < t->n_buckets ? t->bucket[b + 1] : t->n - 1;
	while (lo < hi) { /* the last that starts at or before it */
		uint32_t mid = lo + (hi - lo + 1) / 2;

		if (t->start[mid] <= at)
			lo = mid;
		else
			hi = mid - 1;
	}
	*i = lo;
	return true;
}

bool pqm_pclntab_at(const struct pqm_pclntab *t, uint64_t addr, uint32_t *i)
{
	return pqm_pclntab_in(t, addr, i) && t->start[*i] == addr - t->text;
}

static size_t last_slash(pqm_bytes name)
{
	size_t end = pqm_find_byte(name, 0, '['), i; /* type arguments have paths of their own */

	for (i = end == SIZE_MAX ? name.n : end; i > 0; i--)
		if (name.p[i - 1] == '/')
			break;
	return i;
}

pqm_bytes pqm_go_package(pqm_bytes name, pqm_bytes *function)
{
	static const char vendor[] = "/vendor/";
	size_t dot = pqm_find_byte(name, last_slash(name), '.');
	pqm_bytes package = pqm_sub(name, 0, dot == SIZE_MAX ? name.n : dot);
	size_t v = pqm_find(package, 0, PQM_LIT("/vendor/"));

	*function = dot == SIZE_MAX ? (pqm_bytes){ NULL, 0 } : pqm_sub(name, dot + 1, name.n);
	return v == SIZE_MAX ? package : pqm_sub(package, v + sizeof(vendor) - 1, package.n);
}
