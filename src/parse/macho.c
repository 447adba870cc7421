#include "macho.h"

#include "base/limits.h"

#define MAGIC_32 0xfeedfaceu
#define MAGIC_64 0xfeedfacfu
#define FAT_32 0xcafebabeu
#define FAT_64 0xcafebabfu
/* A class file has its version where a fat file has its count. */
#define FAT_IMAGES 16u

enum {
	LC_SYMTAB = 0x2,
	LC_LOAD_DYLIB = 0xc,
	LC_ID_DYLIB = 0xd,
	LC_LAZY_LOAD_DYLIB = 0x20,
	LC_LOAD_WEAK_DYLIB = 0x18, /* these with LC_REQ_DYLD */
	LC_REEXPORT_DYLIB = 0x1f,
	LC_LOAD_UPWARD_DYLIB = 0x23,
	LC_CHAINED_FIXUPS = 0x34,
};

#define REQ_DYLD 0x80000000u

static uint32_t be32(pqm_bytes b, size_t at)
{
	if (at > b.n || b.n - at < 4)
		return 0;
	return (uint32_t)b.p[at] << 24 | (uint32_t)b.p[at + 1] << 16 | (uint32_t)b.p[at + 2] << 8 |
		b.p[at + 3];
}

static uint32_t u32(const struct pqm_macho *m, size_t at)
{
	uint32_t v = be32(m->body, at);

	return m->is_big ? v : __builtin_bswap32(v);
}

static enum pqm_st bad(struct pqm_macho *m, uint64_t off, const char *words, struct pqm_err *err)
{
	m->bad_off = m->base + off;
	return pqm_fail(
		err, PQM_EPARSE, "Mach-O: at byte %llu: %s", (unsigned long long)m->bad_off, words);
}

static bool is_image(pqm_bytes b)
{
	uint32_t v = be32(b, 0), w = __builtin_bswap32(v);

	return v == MAGIC_32 || v == MAGIC_64 || w == MAGIC_32 || w == MAGIC_64;
}

static bool is_fat(pqm_bytes b)
{
	return (be32(b, 0) == FAT_32 || be32(b, 0) == FAT_64) && be32(b, 4) > 0 &&
		be32(b, 4) <= FAT_IMAGES;
}

bool pqm_macho_looks(pqm_bytes head)
{
	return head.n >= 28 && (is_image(head) || is_fat(head));
}

pqm_bytes pqm_macho_image(pqm_bytes body, size_t n, uint64_t *base)
{
	bool wide = be32(body, 0) == FAT_64;
	size_t at = 8 + n * (wide ? 32 : 20);
	uint64_t size;

	*base = 0;
	if (!is_fat(body))
		return n == 0 ? body : (pqm_bytes){ NULL, 0 };
	if (n >= be32(body, 4))
		return (pqm_bytes){ NULL, 0 };
	*base = wide ? (uint64_t)be32(body, at + 8) << 32 | be32(body, at + 12)
		     : be32(body, at + 8);
	size = wide ? (uint64_t)be32(body, at + 16) << 32 | be32(body, at + 20)
		    : be32(body, at + 12);
	return pqm_sub(body, (size_t)*base, (size_t)size);
}

/* The text at an offset of the command that begins at `at`. */
static pqm_bytes text_in(const struct pqm_macho *m, size_t at, size_t bytes)
{
	uint32_t off = u32(m, at + 8);
	pqm_bytes s =
		off < bytes ? pqm_sub(m->body, at + off, bytes - off) : (pqm_bytes){ NULL, 0 };

	return pqm_sub(s, 0, pqm_find_byte(s, 0, 0));
}

static enum pqm_st add_dylib(struct pqm_macho *m, size_t at, size_t bytes, struct pqm_err *err)
{
	pqm_bytes *grown;

	if (m->n_dylibs >= PQM_MACHO_DYLIBS)
		return pqm_fail(
			err, PQM_ELIMIT, "Mach-O: more than %zu libraries", PQM_MACHO_DYLIBS);
	grown = pqm_grow(m->arena, m->dylibs, m->n_dylibs, &m->cap_dylibs);
	if (grown == NULL)
		return pqm_fail(err, PQM_ENOMEM, "Mach-O: out of memory");
	m->dylibs = grown;
	m->dylibs[m->n_dylibs++] = text_in(m, at, bytes);
	return PQM_OK;
}

static enum pqm_st read_command(struct pqm_macho *m, size_t at, size_t bytes, struct pqm_err *err)
{
	switch (u32(m, at) & ~REQ_DYLD) {
	case LC_LOAD_DYLIB:
	case LC_LAZY_LOAD_DYLIB:
	case LC_LOAD_WEAK_DYLIB:
	case LC_REEXPORT_DYLIB:
	case LC_LOAD_UPWARD_DYLIB:
		return add_dylib(m, at, bytes, err);
	case LC_ID_DYLIB:
		m->name = text_in(m, at, bytes);
		return PQM_OK;
	case LC_SYMTAB:
		m->symbols_off = u32(m, at + 8);
		m->n_symbols = u32(m, at + 12);
		m->strings_off = u32(m, at + 16);
		m->strings_bytes = u32(m, at + 20);
		return PQM_OK;
	case LC_CHAINED_FIXUPS:
		m->fixups_off = u32(m, at + 8);
		m->fixups_bytes = u32(m, at + 12);
		return PQM_OK;
	default:
		return PQM_OK;
	}
}

enum pqm_st pqm_macho_open(struct pqm_macho *m, pqm_bytes image, uint64_t base,
	struct pqm_arena *arena, struct pqm_err *err)
{
	uint32_t magic = be32(image, 0), n;
	enum pqm_st st = PQM_OK;
	size_t at, end;

	*m = (struct pqm_macho){ .body = image, .base = base, .arena = arena };
	m->is_big = magic == MAGIC_32 || magic == MAGIC_64;
	m->is_64 = (m->is_big ? magic : __builtin_bswap32(magic)) == MAGIC_64;
	if (!is_image(image) || image.n < 32)
		return bad(m, 0, "no image", err);
	m->cputype = u32(m, 4);
	m->is_program = u32(m, 12) == 2; /* MH_EXECUTE */
	at = m->is_64 ? 32 : 28;
	n = u32(m, 16);
	end = at + u32(m, 20);
	if (end > image.n)
		return bad(m, 20, "the load commands are cut off", err);
	for (uint32_t i = 0; st == PQM_OK && i < n; i++) {
		size_t bytes = u32(m, at + 4);

		if (at + 8 > end || bytes < 8 || bytes > end - at)
			return bad(m, at, "a load command is cut off", err);
		st = read_command(m, at, bytes, err);
		at += bytes;
	}
	return st;
}

static pqm_bytes name_at(const struct pqm_macho *m, uint64_t from, uint64_t end, uint32_t at)
{
	pqm_bytes s = at < end - from && from < m->body.n
		? pqm_sub(m->body, (size_t)from + at, PQM_MACHO_NAME_BYTES)
		: (pqm_bytes){ NULL, 0 };
	size_t stop = pqm_find_byte(s, 0, 0);

	if (stop == SIZE_MAX)
		return (pqm_bytes){ NULL, 0 };
	s = pqm_sub(s, 0, stop);
	return s.n > 1 && s.p[0] == '_' ? pqm_sub(s, 1, s.n) : s;
}

static pqm_bytes dylib_of(const struct pqm_macho *m, unsigned ordinal)
{
	return ordinal > 0 && ordinal <= m->n_dylibs ? m->dylibs[ordinal - 1]
						     : (pqm_bytes){ NULL, 0 };
}

/* A row of the symbol table: global, and not for debuggers. False: nothing to tell. */
static bool read_row(const struct pqm_macho *m, uint64_t at, struct pqm_macho_sym *s)
{
	uint64_t end = (uint64_t)m->strings_off + m->strings_bytes;
	unsigned type = m->body.p[at + 4];
	unsigned desc = m->is_big ? (unsigned)m->body.p[at + 6] << 8 | m->body.p[at + 7]
				  : (unsigned)m->body.p[at + 7] << 8 | m->body.p[at + 6];

	if ((type & 0xe0) != 0 || (type & 1) == 0 || ((type & 0xe) != 0 && (type & 0xe) != 0xe))
		return false;
	*s = (struct pqm_macho_sym){ .name = name_at(m, m->strings_off, end, u32(m, (size_t)at)),
		.is_defined = (type & 0xe) != 0,
		.off = m->base + at };
	if (!s->is_defined)
		s->dylib = dylib_of(m, desc >> 8);
	return s->name.n > 0;
}

/* Names that the loader is to look up, of the newer form: where symbols were stripped they are still here. */
static enum pqm_st read_fixups(
	struct pqm_macho *m, pqm_macho_see see, void *ctx, struct pqm_err *err)
{
	size_t at = m->fixups_off;
	uint64_t imports = (uint64_t)at + u32(m, at + 8), names = (uint64_t)at + u32(m, at + 12);
	uint32_t n = u32(m, at + 16), format = u32(m, at + 20);
	uint64_t width = format == 1 ? 4 : format == 2 ? 8 : 16;
	uint64_t end = (uint64_t)at + m->fixups_bytes;
	enum pqm_st st = PQM_OK;

	if (m->fixups_bytes < 28 || end > m->body.n || format < 1 || format > 3 ||
		u32(m, at + 24) != 0)
		return PQM_OK; /* packed names, or a form of its own */
	if (names > end || imports > end || n > (end - imports) / width)
		return bad(m, at, "the list of imports is cut off", err);
	if (n > PQM_MACHO_SYMBOLS)
		return pqm_fail(
			err, PQM_ELIMIT, "Mach-O: more than %zu imports", PQM_MACHO_SYMBOLS);
	for (uint32_t i = 0; st == PQM_OK && i < n; i++) {
		size_t row = (size_t)(imports + i * width);
		uint32_t v = u32(m, row);
		bool is_wide = format == 3;
		struct pqm_macho_sym s = { .name = name_at(m, names, end,
						   is_wide ? u32(m, row + 4) : v >> 9),
			.dylib = dylib_of(m, is_wide ? v & 0xffff : v & 0xff),
			.off = m->base + row };

		if (s.name.n > 0)
			st = see(ctx, &s);
	}
	return st;
}

enum pqm_st pqm_macho_symbols(
	struct pqm_macho *m, pqm_macho_see see, void *ctx, struct pqm_err *err)
{
	uint64_t width = m->is_64 ? 16 : 12, at = m->symbols_off;
	enum pqm_st st = PQM_OK;

	if (m->n_symbols > PQM_MACHO_SYMBOLS)
		return pqm_fail(
			err, PQM_ELIMIT, "Mach-O: more than %zu symbols", PQM_MACHO_SYMBOLS);
	if (at > m->body.n || m->n_symbols > (m->body.n - at) / width)
		return bad(m, at, "the symbols are cut off", err);
	for (uint32_t i = 0; st == PQM_OK && i < m->n_symbols; i++, at += width) {
		struct pqm_macho_sym s;

		if (read_row(m, at, &s))
			st = see(ctx, &s);
	}
	if (st == PQM_OK && m->fixups_off != 0)
		st = read_fixups(m, see, ctx, err);
	return st;
}
