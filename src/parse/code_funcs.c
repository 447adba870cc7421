/* code_funcs.c — where functions start and end: frame tables, symbols, exports. */
#include "base/mapped.h"
#include "code_int.h"

enum {
	SYM_BYTES = 24,
	SHDR_BYTES = 64,
	STT_FUNC_ = 2,
	STT_GNU_IFUNC_ = 10,
	SHT_SYMTAB_ = 2,
	GAP_BYTES = 16,
	SPARE_FUNCS = 64,
	MANY_FUNCS = 4096,
	STEP_BYTES = 1 << 16,
	INIT_BYTES =
		64, /* _init and _fini of the C library are shorter, and nothing tells how long they are */
	DW_EH_PE_UDATA4 = 0x03,
	DW_EH_PE_DATAREL_SDATA4 = 0x3b,
};

static bool is_func(const uint8_t *sym)
{
	unsigned type = sym[4] & 15;

	return (type == STT_FUNC_ || type == STT_GNU_IFUNC_) && pqm_le16(sym + 6) != 0;
}

static bool name_at(pqm_bytes strings, uint32_t off, pqm_bytes *out)
{
	pqm_bytes b = pqm_sub(strings, off, PQM_ELF_SYMBOL_BYTES);
	const uint8_t *end = b.n == 0 ? NULL : memchr(b.p, 0, b.n);

	if (end == NULL || end == b.p)
		return false;
	*out = (pqm_bytes){ b.p, (size_t)(end - b.p) };
	return true;
}

bool pqm_code_add(struct pqm_img *g, uint64_t addr, uint64_t bytes, uint32_t flags, uint32_t name)
{
	const struct pqm_seg *s = pqm_code_seg(g, addr);

	if (s == NULL || !s->is_code || addr - s->addr >= s->bytes)
		return true;
	if (bytes > s->bytes - (addr - s->addr))
		bytes = 0;
	struct pqm_func *grown = pqm_grow(g->arena, g->funcs, g->n_funcs, &g->cap_funcs);

	if (grown == NULL)
		return false;
	g->funcs = grown;
	uint32_t at = (uint32_t)(addr - g->base);

	g->funcs[g->n_funcs++] = (struct pqm_func){ .start = at,
		.end = at + (uint32_t)bytes,
		.flags = flags,
		.name = name,
		.parent = PQM_NO_FUNC };
	return true;
}

/* An FDE at addr: start and length of a function, in the usual encoding, a distance from itself. */
static bool read_fde(
	const struct pqm_img *g, uint64_t addr, pqm_bytes f, uint64_t *start, uint64_t *bytes)
{
	if (f.n < 16)
		return false;
	*start = addr + 8 + (uint64_t)(int64_t)(int32_t)pqm_le32(f.p + 8);
	*bytes = pqm_le32(f.p + 12);
	const struct pqm_seg *s = pqm_code_seg(g, *start);

	return s != NULL && s->is_code;
}

/* .symtab and its strings, when section headers lead to one. */
static bool find_symtab(const struct pqm_img *g, pqm_bytes *table, pqm_bytes *strings)
{
	uint64_t shoff = pqm_le64(g->body.p + 40);

	for (size_t i = 0; i < g->e->shnum; i++) {
		pqm_bytes sh = pqm_sub(g->body, (size_t)(shoff + i * SHDR_BYTES), SHDR_BYTES);

		if (sh.n < SHDR_BYTES || pqm_le32(sh.p + 4) != SHT_SYMTAB_)
			continue;
		uint64_t link = pqm_le32(sh.p + 40);
		pqm_bytes str = pqm_sub(g->body, (size_t)(shoff + link * SHDR_BYTES), SHDR_BYTES);

		if (link >= g->e->shnum || str.n < SHDR_BYTES)
			return false;
		*table = pqm_sub(g->body, (size_t)pqm_le64(sh.p + 24), (size_t)pqm_le64(sh.p + 32));
		*strings = pqm_sub(
			g->body, (size_t)pqm_le64(str.p + 24), (size_t)pqm_le64(str.p + 32));
		return true;
	}
	return false;
}

static size_t count_funcs(pqm_bytes table)
{
	size_t n = 0;

	for (size_t i = SYM_BYTES; i + SYM_BYTES <= table.n; i += SYM_BYTES)
		n += is_func(table.p + i);
	return n;
}

/* The table of .eh_frame_hdr: start of a function and its FDE, both from the header's own address
 * [LSB 5.0 core §10.6.2]. The length is in the FDE. */
static bool add_frames(struct pqm_img *g)
{
	pqm_bytes h = pqm_sub(pqm_code_at(g, g->eh_hdr), 0, (size_t)g->eh_hdr_bytes);

	if (h.n < 12 || h.p[0] != 1 || h.p[2] != DW_EH_PE_UDATA4 ||
		h.p[3] != DW_EH_PE_DATAREL_SDATA4)
		return true;
	size_t n = pqm_le32(h.p + 8), room = (h.n - 12) / 8;

	n = n < room ? n : room;
	/* Once, for what is known to come: a browser has 700,000. */
	pqm_bytes table = { NULL, 0 }, strings;

	(void)find_symtab(g, &table, &strings);
	if (g->cap_funcs == 0) {
		g->cap_funcs = n + n / 16 + g->e->n_symbols + count_funcs(table) + SPARE_FUNCS;
		g->funcs = pqm_new(g->arena, struct pqm_func, g->cap_funcs);
		if (g->funcs == NULL)
			return false;
	}

	for (size_t i = 0; i < n; i++) {
		const uint8_t *row = h.p + 12 + 8 * i;
		uint64_t start = g->eh_hdr + (uint64_t)(int64_t)(int32_t)pqm_le32(row);
		uint64_t fde = g->eh_hdr + (uint64_t)(int64_t)(int32_t)pqm_le32(row + 4);
		pqm_bytes f = pqm_code_at(g, fde);
		uint64_t bytes = 0, told = 0;

		/* Not that encoding when the start comes out differently. */
		if (!read_fde(g, fde, f, &told, &bytes) || told != start)
			bytes = 0;
		if (!pqm_code_add(g, start, bytes, 0, 0))
			return false;
	}
	g->has_frames = n > 0;
	return true;
}

/* Row i of that table: the function's bounds. */
static bool read_row(const struct pqm_img *g, pqm_bytes h, size_t i, uint32_t *start, uint32_t *end)
{
	uint64_t fde = g->eh_hdr + (uint64_t)(int64_t)(int32_t)pqm_le32(h.p + 16 + 8 * i);
	uint64_t from = 0, bytes = 0;

	if (!read_fde(g, fde, pqm_code_at(g, fde), &from, &bytes) || from < g->base ||
		from - g->base >= g->top || bytes == 0 || bytes > g->top - (from - g->base))
		return false;
	*start = (uint32_t)(from - g->base);
	*end = *start + (uint32_t)bytes;
	return true;
}

bool pqm_code_frame(const struct pqm_img *g, uint32_t rva, uint32_t *start, uint32_t *end)
{
	pqm_bytes h = pqm_sub(pqm_code_at(g, g->eh_hdr), 0, (size_t)g->eh_hdr_bytes);
	uint64_t addr = g->base + rva;
	uint32_t from, to;

	*start = 0;
	*end = g->top;
	if (h.n < 12 || h.p[0] != 1 || h.p[2] != DW_EH_PE_UDATA4 ||
		h.p[3] != DW_EH_PE_DATAREL_SDATA4)
		return false;
	size_t lo = 0, room = (h.n - 12) / 8, n = pqm_le32(h.p + 8), hi = n < room ? n : room;

	n = hi;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int64_t rel = (int32_t)pqm_le32(h.p + 12 + 8 * mid);

		if (g->eh_hdr + (uint64_t)rel <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo < n && read_row(g, h, lo, &from, &to) && from > rva)
		*end = from;
	if (lo == 0 || !read_row(g, h, lo - 1, &from, &to) || from > rva)
		return false;
	if (rva >= to) {
		*start = to;
		return false;
	}
	*start = from;
	*end = to;
	return true;
}

/* Static programs have .eh_frame without a table [LSB 5.0 core §10.6.1]. */
static bool add_eh_frame(struct pqm_img *g, uint64_t addr, uint64_t bytes)
{
	pqm_bytes all = pqm_sub(pqm_code_at(g, addr), 0, (size_t)bytes);
	uint64_t start, length;

	for (size_t at = 0; at + 8 <= all.n;) {
		size_t n = pqm_le32(all.p + at);

		if (n == 0 || n > all.n - at - 4)
			break;
		if (pqm_le32(all.p + at + 4) != 0 &&
			read_fde(g, addr + at, pqm_sub(all, at, n + 4), &start, &length)) {
			if (!pqm_code_add(g, start, length, 0, 0))
				return false;
			g->has_frames = true;
		}
		at += n + 4;
	}
	return true;
}

static bool find_section(const struct pqm_img *g, const char *name, uint64_t *addr, uint64_t *bytes)
{
	uint64_t shoff = pqm_le64(g->body.p + 40);
	uint64_t names = shoff + pqm_le16(g->body.p + 62) * (uint64_t)SHDR_BYTES;
	pqm_bytes h = pqm_sub(g->body, (size_t)names, SHDR_BYTES);

	if (pqm_le16(g->body.p + 62) >= g->e->shnum || h.n < SHDR_BYTES)
		return false;
	pqm_bytes strings =
		pqm_sub(g->body, (size_t)pqm_le64(h.p + 24), (size_t)pqm_le64(h.p + 32));

	for (size_t i = 0; i < g->e->shnum; i++) {
		pqm_bytes s = pqm_sub(g->body, (size_t)(shoff + i * SHDR_BYTES), SHDR_BYTES), text;

		if (s.n < SHDR_BYTES || !name_at(strings, pqm_le32(s.p), &text) ||
			!pqm_eqs(text, name))
			continue;
		*addr = pqm_le64(s.p + 16);
		*bytes = pqm_le64(s.p + 32);
		return true;
	}
	return false;
}

static bool add_unlisted_frames(struct pqm_img *g)
{
	uint64_t addr, bytes;

	return g->has_frames || !find_section(g, ".eh_frame", &addr, &bytes) ||
		add_eh_frame(g, addr, bytes);
}

bool pqm_code_name(struct pqm_img *g, pqm_bytes text, enum pqm_callee_by by, uint32_t *out)
{
	struct pqm_name *grown = pqm_grow(g->arena, g->names, g->n_names, &g->cap_names);

	if (grown == NULL)
		return false;
	g->names = grown;
	g->names[g->n_names++] = (struct pqm_name){ .text = text, .by = (uint8_t)by };
	*out = (uint32_t)g->n_names;
	return true;
}

/* A copy of n elements with room for cap. */
static void *larger(struct pqm_img *g, const void *old, size_t n, size_t cap, size_t bytes)
{
	void *grown = pqm_arena_array(g->arena, cap, bytes);

	if (grown != NULL && n > 0)
		memcpy(grown, old, n * bytes);
	return grown;
}

/* Room for as many functions and names: growing step by step would leave all the smaller arrays behind. */
static bool reserve(struct pqm_img *g, size_t more)
{
	size_t funcs = g->n_funcs + more + SPARE_FUNCS, names = g->n_names + more;

	if (funcs > g->cap_funcs) {
		void *grown = larger(g, g->funcs, g->n_funcs, funcs, sizeof(*g->funcs));

		if (grown == NULL)
			return false;
		g->funcs = grown;
		g->cap_funcs = funcs;
	}
	if (names > g->cap_names) {
		void *grown = larger(g, g->names, g->n_names, names, sizeof(*g->names));

		if (grown == NULL)
			return false;
		g->names = grown;
		g->cap_names = names;
	}
	return true;
}

/* The functions of a symbol table. */
static bool add_symbols(struct pqm_img *g, pqm_bytes table, pqm_bytes strings, uint32_t flags)
{
	if (!reserve(g, count_funcs(table)))
		return false;
	for (size_t i = SYM_BYTES; i + SYM_BYTES <= table.n; i += SYM_BYTES) {
		const uint8_t *s = table.p + i;
		uint32_t name = 0, own = s[4] >> 4 == 0 ? 0 : flags;
		pqm_bytes text;

		if (!is_func(s))
			continue;
		if (name_at(strings, pqm_le32(s), &text)) {
			if (!pqm_code_name(g, text, PQM_BY_SYMBOL, &name))
				return false;
			if (!g->want->by_text && g->want->wants(g->want->ctx, text, false, NULL)) {
				own |= PQM_F_API;
				g->n_own++;
			}
		}
		if (!pqm_code_add(g, pqm_le64(s + 8), pqm_le64(s + 16), own, name))
			return false;
	}
	return true;
}

static bool add_symtab(struct pqm_img *g)
{
	pqm_bytes table, strings;

	return !find_symtab(g, &table, &strings) || add_symbols(g, table, strings, 0);
}

/* The functions of a symbol table that are wanted. */
static bool add_wanted(struct pqm_img *g, pqm_bytes table, pqm_bytes strings)
{
	for (size_t i = SYM_BYTES; i + SYM_BYTES <= table.n; i += SYM_BYTES) {
		const uint8_t *s = table.p + i;
		uint32_t name = 0;
		pqm_bytes text;

		if (!is_func(s) || !name_at(strings, pqm_le32(s), &text) ||
			!g->want->wants(g->want->ctx, text, false, NULL))
			continue;
		if (!pqm_code_name(g, text, PQM_BY_SYMBOL, &name) ||
			!pqm_code_add(g, pqm_le64(s + 8), pqm_le64(s + 16), PQM_F_API, name))
			return false;
		g->n_own++;
	}
	return true;
}

/* Names of the functions that are known, and which of them others may call. */
static bool name_known(struct pqm_img *g, pqm_bytes table, pqm_bytes strings, uint32_t flags)
{
	for (size_t i = SYM_BYTES; i + SYM_BYTES <= table.n; i += SYM_BYTES) {
		const uint8_t *s = table.p + i;
		uint64_t rva = pqm_le64(s + 8) - g->base;
		uint32_t f = !is_func(s) || rva >= g->top ? PQM_NO_FUNC
							  : pqm_code_func(g, (uint32_t)rva);
		pqm_bytes text;

		if (f == PQM_NO_FUNC || g->funcs[f].start != rva)
			continue;
		g->funcs[f].flags |= s[4] >> 4 == 0 ? 0 : flags;
		if (g->funcs[f].name == 0 && name_at(strings, pqm_le32(s), &text) &&
			!pqm_code_name(g, text, PQM_BY_SYMBOL, &g->funcs[f].name))
			return false;
	}
	return true;
}

static pqm_bytes dynamic_symbols(const struct pqm_img *g)
{
	return pqm_sub(g->body, (size_t)g->e->symbols_off, (size_t)g->e->n_symbols * SYM_BYTES);
}

bool pqm_code_add_wanted(struct pqm_img *g)
{
	pqm_bytes table, strings;

	return (g->e->n_symbols == 0 || add_wanted(g, dynamic_symbols(g), g->e->strings)) &&
		(!find_symtab(g, &table, &strings) || add_wanted(g, table, strings));
}

bool pqm_code_name_known(struct pqm_img *g)
{
	pqm_bytes table, strings;

	return (g->e->n_symbols == 0 ||
		       name_known(g, dynamic_symbols(g), g->e->strings, PQM_F_EXPORT)) &&
		(!find_symtab(g, &table, &strings) || name_known(g, table, strings, 0));
}

static bool wants_any(const struct pqm_img *g, pqm_bytes table, pqm_bytes strings)
{
	for (size_t i = SYM_BYTES; i + SYM_BYTES <= table.n; i += SYM_BYTES) {
		pqm_bytes text;

		if (is_func(table.p + i) && name_at(strings, pqm_le32(table.p + i), &text) &&
			g->want->wants(g->want->ctx, text, false, NULL))
			return true;
	}
	return false;
}

bool pqm_code_has_wanted(struct pqm_img *g)
{
	const struct pqm_elf *e = g->e;
	pqm_bytes table, strings;

	return (e->n_symbols > 0 && wants_any(g, dynamic_symbols(g), e->strings)) ||
		(find_symtab(g, &table, &strings) && wants_any(g, table, strings));
}

static bool add_array(struct pqm_img *g, uint64_t addr, uint64_t bytes)
{
	for (uint64_t i = 0; i + 8 <= bytes && i < PQM_CODE_INITS * 8; i += 8) {
		pqm_bytes b = pqm_code_at(g, addr + i);
		size_t k = pqm_code_slot(g, (uint32_t)(addr + i - g->base));
		uint64_t to = 0;

		if (pqm_code_seg(g, addr + i) == NULL)
			break;
		if (k < g->n_slots && g->base + g->slots[k].at == addr + i &&
			!g->slots[k].is_import)
			to = g->base + g->slots[k].value;
		else if (b.n >= 8)
			to = pqm_le64(b.p);
		if (to != 0 && !pqm_code_add(g, to, 0, PQM_F_ENTRY, 0))
			return false;
	}
	return true;
}

static int by_start(const void *va, const void *vb)
{
	const struct pqm_func *a = va, *b = vb;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	/* Names that others see first, then the earlier one: the same whatever qsort does. */
	uint32_t fa = a->flags & (PQM_F_API | PQM_F_EXPORT),
		 fb = b->flags & (PQM_F_API | PQM_F_EXPORT);

	if (fa != fb)
		return fa > fb ? -1 : 1;
	if ((a->name == 0) != (b->name == 0))
		return a->name != 0 ? -1 : 1;
	if (a->name != b->name)
		return a->name < b->name ? -1 : 1;
	return (a->end < b->end) - (a->end > b->end);
}

/* One function for each start; what two tables say about it is joined. */
static void join(struct pqm_img *g)
{
	size_t n = 0;

	if (g->n_funcs > 1)
		qsort(g->funcs, g->n_funcs, sizeof(*g->funcs), by_start);
	for (size_t i = 0; i < g->n_funcs; i++) {
		const struct pqm_func *f = &g->funcs[i];

		if (n == 0 || g->funcs[n - 1].start != f->start) {
			g->funcs[n++] = *f;
			continue;
		}
		struct pqm_func *to = &g->funcs[n - 1];

		to->flags |= f->flags;
		if (to->name == 0)
			to->name = f->name;
		if (f->end > to->end)
			to->end = f->end;
	}
	g->n_funcs = n;
	for (size_t i = 0; i < n; i++) {
		struct pqm_func *f = &g->funcs[i];
		const struct pqm_seg *s = pqm_code_seg(g, g->base + f->start);
		uint64_t stop = s->addr + s->bytes - g->base;

		if (i + 1 < n && g->funcs[i + 1].start < stop)
			stop = g->funcs[i + 1].start;
		if (f->end <= f->start)
			f->flags |= PQM_F_GUESS;
		if (f->end <= f->start || f->end > stop)
			f->end = (uint32_t)stop;
	}
}

static bool is_padding(const struct pqm_img *g, uint32_t from, uint32_t to)
{
	pqm_bytes b = pqm_sub(pqm_code_at(g, g->base + from), 0, to - from);
	struct pqm_insn o;
	size_t at = 0;

	if (to - from < GAP_BYTES)
		return true;
	while (at < b.n) {
		if (g->is_a64)
			pqm_a64_decode(&o, b.p + at, b.n - at, 0);
		else
			pqm_x86_decode(&o, b.p + at, b.n - at, 0);
		/* nop in all its lengths, int3 */
		if (o.len == 0 || o.kills != 0 || o.dst != PQM_NO_REG || o.stores ||
			(o.op != PQM_OP_OTHER && b.p[at] != 0xcc))
			return false;
		at += o.len;
	}
	return true;
}

/* Code that no table lists: hand-written, or compiled without frames. */
struct gap {
	uint32_t from, to;
};

static enum pqm_st find_gaps(struct pqm_img *g, struct gap **gaps, size_t *n)
{
	size_t cap = 0;

	*gaps = NULL;
	*n = 0;
	for (size_t i = 0; i + 1 < g->n_funcs; i++) {
		const struct pqm_func *f = &g->funcs[i];
		bool is_guess = (f->flags & PQM_F_GUESS) != 0;
		struct gap gap = { ((is_guess ? f->start + 1 : f->end) + 3) & ~3u, f[1].start };
		const struct pqm_seg *s = pqm_code_seg(g, g->base + gap.from);

		if (gap.from >= gap.to || s != pqm_code_seg(g, g->base + gap.to) ||
			is_padding(g, gap.from, gap.to))
			continue;
		struct gap *grown = pqm_grow(g->arena, *gaps, *n, &cap);

		if (grown == NULL)
			return PQM_ENOMEM;
		*gaps = grown;
		grown[(*n)++] = gap;
	}
	return PQM_OK;
}

static bool in_gap(const struct gap *gaps, size_t n, uint32_t rva)
{
	size_t lo = 0, hi = n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (gaps[mid].to <= rva)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < n && rva >= gaps[lo].from;
}

/* What a call at p, which stands at addr, leads to; false: it is none. */
static bool call_target(const struct pqm_img *g, const uint8_t *p, uint64_t addr, uint64_t *to)
{
	if (g->is_a64) {
		*to = addr + (uint64_t)((int64_t)((uint64_t)pqm_le32(p) << 38) >> 36);
		return pqm_le32(p) >> 26 == 0x25;
	}
	*to = addr + 5 + (uint64_t)(int64_t)(int32_t)pqm_le32(p + 1);
	return p[0] == 0xe8 && *to % 16 == 0;
}

struct gaps {
	const struct gap *gap;
	size_t n;
};

/* The calls of [from, end) in s. */
static bool add_targets_in(struct pqm_img *g, const struct pqm_seg *s, uint64_t from, uint64_t end,
	const struct gaps *gaps)
{
	const uint8_t *p = g->body.p + s->off;
	uint64_t to;

	for (uint64_t at = from; at < end && at + 5 <= s->bytes; at += g->is_a64 ? 4 : 1)
		if (call_target(g, p + at, s->addr + at, &to) && to >= s->addr &&
			to - s->addr < s->bytes &&
			in_gap(gaps->gap, gaps->n, (uint32_t)(to - g->base)) &&
			g->n_funcs < PQM_ELF_SYMBOLS &&
			!pqm_code_add(g, to, 0, PQM_F_TAKEN | PQM_F_GUESS, 0))
			return false;
	return true;
}

/* Where calls lead to in gaps, functions start; who else comes there is not known. */
static bool add_targets(struct pqm_img *g, const struct gap *gap, size_t n)
{
	const struct gaps gaps = { gap, n };

	for (size_t i = 0; i < g->n_segs; i++) {
		const struct pqm_seg *s = &g->segs[i];

		for (uint64_t at = 0; s->is_code && at < s->bytes; at += STEP_BYTES) {
			pqm_mapped_read(STEP_BYTES);
			if (!add_targets_in(g, s, at, at + STEP_BYTES, &gaps))
				return false;
		}
	}
	return true;
}

/* The function that lies around the start of a gap, when its end was guessed: the gap is its own. */
static bool is_in_guess(const struct pqm_img *g, size_t n, uint32_t rva)
{
	size_t lo = 0, hi = n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (g->funcs[mid].start <= rva)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo > 0 && rva < g->funcs[lo - 1].end;
}

static bool fill_gaps(struct pqm_img *g)
{
	struct gap *gaps;
	size_t n, n_known = g->n_funcs;

	if (find_gaps(g, &gaps, &n) != PQM_OK)
		return false;
	if (n == 0)
		return true;
	/* With many functions known, gaps are assembly: one function each will do. */
	if (n_known < MANY_FUNCS && !add_targets(g, gaps, n))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!is_in_guess(g, n_known, gaps[i].from) &&
			!pqm_code_add(g, g->base + gaps[i].from, 0, PQM_F_TAKEN | PQM_F_GUESS, 0))
			return false;
	join(g);
	return true;
}

/* For each block of addresses the first function that ends in it or behind it. */
static bool index_blocks(struct pqm_img *g)
{
	size_t k = 0;

	g->n_blocks =
		g->n_funcs == 0 ? 0 : (g->funcs[g->n_funcs - 1].end >> PQM_BLOCK_SHIFT) + (size_t)1;
	g->block = pqm_new(g->arena, uint32_t, g->n_blocks);
	if (g->block == NULL)
		return false;
	for (size_t i = 0; i < g->n_blocks; i++) {
		while (k < g->n_funcs && g->funcs[k].end <= i << PQM_BLOCK_SHIFT)
			k++;
		g->block[i] = (uint32_t)k;
	}
	return true;
}

void pqm_code_join(struct pqm_img *g)
{
	join(g);
}

/* Without blocks: a few functions far from each other. */
static uint32_t search_func(const struct pqm_img *g, uint32_t rva)
{
	size_t lo = 0, hi = g->n_funcs;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (g->funcs[mid].start <= rva)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo > 0 && rva < g->funcs[lo - 1].end ? (uint32_t)lo - 1 : PQM_NO_FUNC;
}

uint32_t pqm_code_func(const struct pqm_img *g, uint32_t rva)
{
	size_t b = rva >> PQM_BLOCK_SHIFT;

	if (g->is_part)
		return search_func(g, rva);
	if (b >= g->n_blocks)
		return PQM_NO_FUNC;
	for (size_t i = g->block[b]; i < g->n_funcs && g->funcs[i].start <= rva; i++)
		if (rva < g->funcs[i].end)
			return (uint32_t)i;
	return PQM_NO_FUNC;
}

/* A static program has no dynamic section that names them. */
static void find_arrays(struct pqm_img *g)
{
	const struct {
		const char *name;
		uint64_t *addr, *bytes;
	} arrays[] = { { ".preinit_array", &g->pre_array, &g->pre_bytes },
		{ ".init_array", &g->init_array, &g->init_bytes },
		{ ".fini_array", &g->fini_array, &g->fini_bytes } };

	for (size_t i = 0; i < sizeof(arrays) / sizeof(arrays[0]); i++)
		if (!find_section(g, arrays[i].name, arrays[i].addr, arrays[i].bytes))
			*arrays[i].bytes = 0;
}

enum pqm_st pqm_code_funcs(struct pqm_img *g, struct pqm_err *err)
{
	const struct pqm_elf *e = g->e;
	bool ok = add_frames(g) && add_unlisted_frames(g);

	pqm_mapped_drop();
	if (!e->is_dynamic)
		find_arrays(g);
	ok = ok && add_symtab(g) &&
		(e->n_symbols == 0 ||
			add_symbols(g, dynamic_symbols(g), e->strings, PQM_F_EXPORT)) &&
		(g->entry == 0 || pqm_code_add(g, g->entry, 0, PQM_F_ENTRY, 0)) &&
		(g->init == 0 || pqm_code_add(g, g->init, INIT_BYTES, PQM_F_ENTRY, 0)) &&
		(g->fini == 0 || pqm_code_add(g, g->fini, INIT_BYTES, PQM_F_ENTRY, 0)) &&
		add_array(g, g->init_array, g->init_bytes) &&
		add_array(g, g->fini_array, g->fini_bytes) &&
		add_array(g, g->pre_array, g->pre_bytes);

	if (ok)
		join(g);
	if (!ok || !fill_gaps(g) || !index_blocks(g))
		return pqm_fail(err, PQM_ENOMEM, "code: out of memory");
	return PQM_OK;
}
