#include "pe.h"

#include "base/cur.h"
#include "base/limits.h"

#define SECTION_BYTES 40
#define NAME_BYTES 512 /* of a DLL or a function */

enum { DIR_EXPORT = 0, DIR_IMPORT = 1, DIR_DELAY = 13, DIR_CLR = 14 };

#define CODE 0x20u
#define READ_ONLY_DATA 0x40u
#define WRITE 0x80000000u

static uint32_t u16(pqm_bytes b, size_t at)
{
	return at + 2 <= b.n ? (uint32_t)b.p[at] | (uint32_t)b.p[at + 1] << 8 : 0;
}

static uint32_t u32(pqm_bytes b, size_t at)
{
	return u16(b, at) | u16(b, at + 2) << 16;
}

static uint64_t u64(pqm_bytes b, size_t at)
{
	return (uint64_t)u32(b, at) | (uint64_t)u32(b, at + 4) << 32;
}

static enum pqm_st bad(struct pqm_pe *p, uint64_t off, const char *words, struct pqm_err *err)
{
	p->bad_off = off;
	return pqm_fail(err, PQM_EPARSE, "PE: at byte %llu: %s", (unsigned long long)off, words);
}

bool pqm_pe_looks(pqm_bytes head)
{
	uint32_t at = head.n >= 0x40 && head.p[0] == 'M' && head.p[1] == 'Z' ? u32(head, 0x3c) : 0;

	return at >= 0x40 && pqm_eq(pqm_sub(head, at, 4), PQM_LIT("PE\0\0"));
}

static uint64_t dir(const struct pqm_pe *p, unsigned i, uint32_t *size)
{
	*size = u32(p->dirs, (size_t)i * 8 + 4);
	return u32(p->dirs, (size_t)i * 8);
}

static pqm_bytes section_at(const struct pqm_pe *p, size_t i)
{
	return pqm_sub(p->sections, i * SECTION_BYTES, SECTION_BYTES);
}

pqm_bytes pqm_pe_at(const struct pqm_pe *p, uint64_t rva, size_t n)
{
	for (size_t i = 0; (i + 1) * SECTION_BYTES <= p->sections.n; i++) {
		pqm_bytes s = section_at(p, i);
		uint64_t from = u32(s, 12), raw = u32(s, 16), in = rva - from;

		if (rva < from || in >= raw)
			continue;
		return pqm_sub(
			p->body, (size_t)(u32(s, 20) + in), raw - in < n ? (size_t)(raw - in) : n);
	}
	if (rva < p->header_bytes)
		return pqm_sub(p->body, (size_t)rva,
			p->header_bytes - rva < n ? (size_t)(p->header_bytes - rva) : n);
	return (pqm_bytes){ NULL, 0 };
}

bool pqm_pe_rodata(const struct pqm_pe *p, size_t i, pqm_bytes *out)
{
	pqm_bytes s = section_at(p, i);
	uint32_t flags = u32(s, 36);

	if (s.n < SECTION_BYTES)
		return false;
	*out = (flags & READ_ONLY_DATA) != 0 && (flags & (CODE | WRITE)) == 0
		? pqm_sub(p->body, u32(s, 20), u32(s, 16))
		: (pqm_bytes){ NULL, 0 };
	return true;
}

/* A name that ends with a NUL; empty: none, or one that is longer than any. */
static pqm_bytes name_at(const struct pqm_pe *p, uint64_t rva)
{
	pqm_bytes b = pqm_pe_at(p, rva, NAME_BYTES);
	size_t end = pqm_find_byte(b, 0, 0);

	return end == SIZE_MAX ? (pqm_bytes){ NULL, 0 } : pqm_sub(b, 0, end);
}

enum pqm_st pqm_pe_open(struct pqm_pe *p, pqm_bytes body, struct pqm_err *err)
{
	size_t at = u32(body, 0x3c), n_sections = u16(body, at + 6), opt = u16(body, at + 20);
	size_t dirs_at;
	uint32_t unused;

	*p = (struct pqm_pe){ .body = body, .machine = (uint16_t)u16(body, at + 4) };
	if (at + 24 > body.n || opt < 96 || opt > body.n - at - 24)
		return bad(p, at, "the headers are cut off", err);
	pqm_bytes optional = pqm_sub(body, at + 24, opt);
	uint32_t magic = u16(optional, 0);

	if (magic != 0x10b && magic != 0x20b)
		return bad(p, at + 24, "neither 32 nor 64 bits", err);
	p->is_64 = magic == 0x20b;
	p->is_dll = (u16(body, at + 22) & 0x2000) != 0;
	p->header_bytes = u32(optional, 60);
	dirs_at = p->is_64 ? 112 : 96;
	p->dirs = pqm_sub(optional, dirs_at,
		(size_t)(u32(optional, dirs_at - 4) > 16 ? 16 : u32(optional, dirs_at - 4)) * 8);
	p->sections = pqm_sub(body, at + 24 + opt, n_sections * SECTION_BYTES);
	if (p->sections.n < n_sections * SECTION_BYTES)
		return bad(p, at + 24 + opt, "the table of sections is cut off", err);
	if (n_sections > PQM_PE_SECTIONS)
		return bad(p, at + 6, "more sections than Windows loads", err);
	p->clr_rva = (uint32_t)dir(p, DIR_CLR, &p->clr_bytes);
	p->name = name_at(p, u32(pqm_pe_at(p, dir(p, DIR_EXPORT, &unused), 40), 12));
	return PQM_OK;
}

static uint64_t off_of(const struct pqm_pe *p, pqm_bytes part)
{
	return part.p == NULL ? 0 : (uint64_t)(part.p - p->body.p);
}

/* One more row, with or without a name; too many are no program's. */
static enum pqm_st tell(struct pqm_pe *p, const struct pqm_pe_sym *s, pqm_pe_see see, void *ctx,
	struct pqm_err *err)
{
	if (p->n_seen++ >= PQM_PE_SYMBOLS) {
		p->bad_off = s->off;
		return pqm_fail(err, PQM_ELIMIT, "PE: more than %zu symbols", PQM_PE_SYMBOLS);
	}
	return s->name.n > 0 || s->is_ordinal ? see(ctx, s) : PQM_OK;
}

/* The names that a table of thunks asks for. */
static enum pqm_st read_thunks(struct pqm_pe *p, uint64_t rva, struct pqm_pe_sym *s, pqm_pe_see see,
	void *ctx, struct pqm_err *err)
{
	size_t width = p->is_64 ? 8 : 4;
	enum pqm_st st = PQM_OK;

	for (; st == PQM_OK; rva += width) {
		pqm_bytes entry = pqm_pe_at(p, rva, width);
		uint64_t v = width == 8 ? u64(entry, 0) : u32(entry, 0);

		if (entry.n < width)
			return bad(p, off_of(p, entry), "a table of imports is cut off", err);
		if (v == 0)
			return PQM_OK;
		bool by_ordinal = (v >> (width * 8 - 1)) != 0;

		s->name = by_ordinal ? (pqm_bytes){ NULL, 0 } : name_at(p, (v & 0x7fffffff) + 2);
		s->is_ordinal = by_ordinal;
		s->ordinal = by_ordinal ? (uint32_t)(v & 0xffff) : 0;
		s->off = s->name.n > 0 ? off_of(p, s->name) : off_of(p, entry);
		st = tell(p, s, see, ctx, err);
	}
	return st;
}

enum pqm_st pqm_pe_imports(struct pqm_pe *p, pqm_pe_see see, void *ctx, struct pqm_err *err)
{
	uint32_t size;
	uint64_t at = dir(p, DIR_IMPORT, &size);
	enum pqm_st st = PQM_OK;

	for (size_t i = 0; at != 0 && st == PQM_OK; i++, at += 20) {
		pqm_bytes d = pqm_pe_at(p, at, 20);
		struct pqm_pe_sym s = { .dll = name_at(p, u32(d, 12)) };

		if (d.n < 20)
			return bad(p, off_of(p, d), "the list of imports is cut off", err);
		if (u32(d, 12) == 0 && u32(d, 16) == 0)
			break;
		if (i >= PQM_PE_DLLS)
			return pqm_fail(err, PQM_ELIMIT, "PE: imports from more than %zu libraries",
				PQM_PE_DLLS);
		/* Some linkers leave the first table out: the second has the names, too. */
		st = read_thunks(p, u32(d, 0) != 0 ? u32(d, 0) : u32(d, 16), &s, see, ctx, err);
	}
	at = dir(p, DIR_DELAY, &size);
	for (size_t i = 0; at != 0 && st == PQM_OK && i < PQM_PE_DLLS; i++, at += 32) {
		pqm_bytes d = pqm_pe_at(p, at, 32);
		struct pqm_pe_sym s = { .dll = name_at(p, u32(d, 4)), .is_delayed = true };

		if (d.n < 32 || u32(d, 4) == 0)
			break;
		if ((u32(d, 0) & 1) == 0)
			continue; /* addresses of Visual C++ 6, not RVAs */
		st = read_thunks(p, u32(d, 16), &s, see, ctx, err);
	}
	return st;
}

enum pqm_st pqm_pe_exports(struct pqm_pe *p, pqm_pe_see see, void *ctx, struct pqm_err *err)
{
	uint32_t size;
	uint64_t at = dir(p, DIR_EXPORT, &size);
	pqm_bytes d = pqm_pe_at(p, at, 40);
	enum pqm_st st = PQM_OK;

	if (at == 0)
		return PQM_OK;
	if (d.n < 40)
		return bad(p, off_of(p, d), "the table of exports is cut off", err);
	for (uint32_t i = 0; st == PQM_OK && i < u32(d, 24); i++) {
		pqm_bytes entry = pqm_pe_at(p, (uint64_t)u32(d, 32) + 4 * (uint64_t)i, 4);
		struct pqm_pe_sym s = { .name = name_at(p, u32(entry, 0)) };

		if (entry.n < 4)
			return bad(p, off_of(p, d), "the names of exports are cut off", err);
		s.off = off_of(p, s.name);
		st = tell(p, &s, see, ctx, err);
	}
	return st;
}
