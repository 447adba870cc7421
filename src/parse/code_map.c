/* code_map.c — segments, the words that the dynamic linker fills, and which bytes never change. */
#include "base/mapped.h"
#include "code_int.h"

/* gABI ch. 4 and 5; x86-64 psABI §4.4; AAELF64 §5.7. libelf's own names belong to elf.c. */
enum {
	PT_LOAD_ = 1,
	PF_X_ = 1,
	PF_W_ = 2,
	STEP_BYTES = 1 << 16,
	EHDR_BYTES = 64,
	PHDR_BYTES = 56,
	SYM_BYTES = 24,
	RELA_BYTES = 24,
	DT_RELA_ = 7,
	DT_RELASZ_ = 8,
	DT_INIT_ = 12,
	DT_FINI_ = 13,
	DT_PLTRELSZ_ = 2,
	DT_JMPREL_ = 23,
	DT_INIT_ARRAY_ = 25,
	DT_FINI_ARRAY_ = 26,
	DT_INIT_ARRAYSZ_ = 27,
	DT_FINI_ARRAYSZ_ = 28,
	DT_PREINIT_ARRAY_ = 32,
	DT_PREINIT_ARRAYSZ_ = 33,
	DT_RELRSZ_ = 35,
	DT_RELR_ = 36,
};

#define PT_GNU_EH_FRAME_ 0x6474e550u
#define PT_GNU_RELRO_ 0x6474e552u

enum {
	R_X86_64_64_ = 1,
	R_X86_64_GLOB_DAT_ = 6,
	R_X86_64_JUMP_SLOT_ = 7,
	R_X86_64_RELATIVE_ = 8,
	R_X86_64_IRELATIVE_ = 37,
	R_AARCH64_ABS64_ = 257,
	R_AARCH64_GLOB_DAT_ = 1025,
	R_AARCH64_JUMP_SLOT_ = 1026,
	R_AARCH64_RELATIVE_ = 1027,
	R_AARCH64_IRELATIVE_ = 1032,
};

const struct pqm_seg *pqm_code_seg(const struct pqm_img *g, uint64_t addr)
{
	for (size_t i = 0; i < g->n_segs; i++)
		if (addr >= g->segs[i].addr && addr - g->segs[i].addr < g->segs[i].memory)
			return &g->segs[i];
	return NULL;
}

pqm_bytes pqm_code_at(const struct pqm_img *g, uint64_t addr)
{
	const struct pqm_seg *s = pqm_code_seg(g, addr);

	if (s == NULL || addr - s->addr >= s->bytes)
		return (pqm_bytes){ NULL, 0 };
	return pqm_sub(g->body, (size_t)(s->off + (addr - s->addr)),
		(size_t)(s->bytes - (addr - s->addr)));
}

bool pqm_code_is_const(const struct pqm_img *g, uint64_t addr, size_t n)
{
	const struct pqm_seg *s = pqm_code_seg(g, addr);

	if (s == NULL || addr - s->addr >= s->bytes || n > s->bytes - (addr - s->addr))
		return false;
	return !s->is_writable ||
		(addr >= g->relro && addr - g->relro < g->relro_bytes &&
			n <= g->relro_bytes - (addr - g->relro));
}

bool pqm_code_text(const struct pqm_img *g, uint64_t addr, pqm_bytes *out)
{
	const struct pqm_seg *s = pqm_code_seg(g, addr);
	pqm_bytes b = pqm_code_at(g, addr);

	if (s == NULL || s->is_writable || b.n == 0)
		return false;
	b = pqm_sub(b, 0, PQM_CODE_TEXT_BYTES);
	pqm_mapped_read(b.n);
	const uint8_t *end = memchr(b.p, 0, b.n);

	if (end == NULL)
		return false;
	for (const uint8_t *p = b.p; p < end; p++)
		if ((*p < 0x20 && *p != '\t' && *p != '\n' && *p != '\r') || *p == 0x7f ||
			*p > 0xf4) /* no UTF-8: the code of a linkage table */
			return false;
	*out = (pqm_bytes){ b.p, (size_t)(end - b.p) };
	return true;
}

size_t pqm_code_slot(const struct pqm_img *g, uint32_t rva)
{
	if (g->n_slots == 0 || rva <= g->slots[0].at)
		return 0;
	size_t b = (rva - g->slots[0].at) >> PQM_BLOCK_SHIFT;

	if (b >= g->n_slot_blocks)
		return g->n_slots;
	size_t i = g->slot_block[b];

	while (i < g->n_slots && g->slots[i].at < rva)
		i++;
	return i;
}

static bool index_slots(struct pqm_img *g)
{
	uint32_t first = g->n_slots == 0 ? 0 : g->slots[0].at;
	size_t k = 0;

	g->n_slot_blocks = g->n_slots == 0
		? 0
		: ((g->slots[g->n_slots - 1].at - first) >> PQM_BLOCK_SHIFT) + (size_t)1;
	g->slot_block = pqm_new(g->arena, uint32_t, g->n_slot_blocks);
	if (g->slot_block == NULL)
		return false;
	for (size_t i = 0; i < g->n_slot_blocks; i++) {
		while (k < g->n_slots && (g->slots[k].at - first) >> PQM_BLOCK_SHIFT < i)
			k++;
		g->slot_block[i] = (uint32_t)k;
	}
	return true;
}

static void take_dynamic(struct pqm_img *g, uint64_t tag, uint64_t v)
{
	switch (tag) {
	case DT_RELA_:
		g->rela = v;
		break;
	case DT_RELASZ_:
		g->rela_bytes = v;
		break;
	case DT_JMPREL_:
		g->jmprel = v;
		break;
	case DT_PLTRELSZ_:
		g->jmprel_bytes = v;
		break;
	case DT_RELR_:
		g->relr = v;
		break;
	case DT_RELRSZ_:
		g->relr_bytes = v;
		break;
	case DT_INIT_:
		g->init = v;
		break;
	case DT_FINI_:
		g->fini = v;
		break;
	case DT_INIT_ARRAY_:
		g->init_array = v;
		break;
	case DT_INIT_ARRAYSZ_:
		g->init_bytes = v;
		break;
	case DT_FINI_ARRAY_:
		g->fini_array = v;
		break;
	case DT_FINI_ARRAYSZ_:
		g->fini_bytes = v;
		break;
	case DT_PREINIT_ARRAY_:
		g->pre_array = v;
		break;
	case DT_PREINIT_ARRAYSZ_:
		g->pre_bytes = v;
		break;
	default:
		break;
	}
}

/* elf.c has checked that the headers lie inside the file. */
static bool load_segment(struct pqm_img *g, const uint8_t *ph)
{
	uint32_t type = pqm_le32(ph), flags = pqm_le32(ph + 4);
	struct pqm_seg s = { .off = pqm_le64(ph + 8),
		.addr = pqm_le64(ph + 16),
		.bytes = pqm_le64(ph + 32),
		.memory = pqm_le64(ph + 40),
		.is_code = (flags & PF_X_) != 0,
		.is_writable = (flags & PF_W_) != 0 };

	if (type == PT_GNU_RELRO_) {
		g->relro = s.addr;
		g->relro_bytes = s.memory;
	} else if (type == PT_GNU_EH_FRAME_) {
		g->eh_hdr = s.addr;
		g->eh_hdr_bytes = s.bytes;
	}
	if (type != PT_LOAD_ || s.memory == 0)
		return true;
	if (g->n_segs == PQM_CODE_SEGMENTS)
		return false;
	if (s.off > g->body.n || s.bytes > g->body.n - s.off || s.bytes > s.memory ||
		s.addr + s.memory < s.addr)
		return false;
	g->segs[g->n_segs++] = s;
	if (s.addr < g->base)
		g->base = s.addr;
	return true;
}

static enum pqm_st load_imports(struct pqm_img *g, struct pqm_err *err)
{
	const struct pqm_elf *e = g->e;

	g->imports = pqm_new(g->arena, struct pqm_import, e->n_symbols);
	if (g->imports == NULL)
		return pqm_fail(err, PQM_ENOMEM, "code: out of memory");
	g->n_imports = e->n_symbols;
	for (uint64_t i = 1; i < e->n_symbols; i++) {
		pqm_bytes b = pqm_sub(g->body, (size_t)(e->symbols_off + i * SYM_BYTES), SYM_BYTES);
		struct pqm_import *m = &g->imports[i];

		if (b.n < SYM_BYTES || pqm_le16(b.p + 6) != 0)
			continue;
		pqm_bytes name = pqm_sub(e->strings, pqm_le32(b.p), PQM_ELF_SYMBOL_BYTES);
		const uint8_t *end = name.n == 0 ? NULL : memchr(name.p, 0, name.n);

		if (end == NULL || end == name.p)
			continue;
		m->name = (pqm_bytes){ name.p, (size_t)(end - name.p) };
		if (e->sym_versions_off != 0) {
			pqm_bytes v = pqm_sub(g->body, (size_t)(e->sym_versions_off + 2 * i), 2);
			size_t k = v.n == 2 ? pqm_le16(v.p) & 0x7fffu : 0;

			if (k < e->n_version_at && e->version_at[k] != 0)
				m->version = &e->versions[e->version_at[k] - 1];
		}
		m->is_wanted = g->want->wants(g->want->ctx, m->name, true, m->version);
		g->n_wanted += m->is_wanted;
	}
	return PQM_OK;
}

enum pqm_st pqm_code_load(struct pqm_img *g, bool *is_broken, struct pqm_err *err)
{
	const uint8_t *eh = g->body.p;
	uint64_t phoff = pqm_le64(eh + 32), top = 0;

	*is_broken = true;
	g->is_a64 = pqm_le16(eh + 18) == 183;
	g->is_fixed = pqm_le16(eh + 16) == 2;
	g->entry = pqm_le64(eh + 24);
	g->base = UINT64_MAX;
	g->segs = pqm_new(g->arena, struct pqm_seg, g->e->phnum);
	if (g->segs == NULL)
		return pqm_fail(err, PQM_ENOMEM, "code: out of memory");
	for (size_t i = 0; i < g->e->phnum; i++)
		if (!load_segment(g, eh + phoff + i * PHDR_BYTES))
			return PQM_OK;
	for (size_t i = 0; i < g->n_segs; i++)
		if (g->segs[i].addr + g->segs[i].memory > top)
			top = g->segs[i].addr + g->segs[i].memory;
	/* What the small code models reach; rva has 32 bits, one of them to spare. */
	if (g->n_segs == 0 || top - g->base > INT32_MAX)
		return PQM_OK;
	g->top = (uint32_t)(top - g->base);
	for (uint64_t at = 0; at + 16 <= g->e->dyn_bytes && at / 16 < PQM_ELF_DYNAMIC; at += 16) {
		const uint8_t *d = g->body.p + g->e->dyn_off + at;

		if (pqm_le64(d) == 0)
			break;
		take_dynamic(g, pqm_le64(d), pqm_le64(d + 8));
	}
	*is_broken = false;
	return load_imports(g, err);
}

static bool add_slot(
	struct pqm_img *g, uint64_t addr, uint64_t value, bool is_import, bool is_table)
{
	const struct pqm_seg *s = pqm_code_seg(g, addr);
	struct pqm_slot slot = {
		.at = (uint32_t)(addr - g->base), .is_import = is_import, .is_table = is_table
	};

	if (s == NULL)
		return true;
	if (is_import) {
		slot.value = (uint32_t)value;
	} else {
		if (pqm_code_seg(g, value) == NULL)
			return true;
		slot.value = (uint32_t)(value - g->base);
	}
	return pqm_buf_add(&g->slot_buf, (pqm_bytes){ (const uint8_t *)&slot, sizeof(slot) });
}

/* A symbol that this file defines: its address. */
static bool defined_at(const struct pqm_img *g, uint32_t sym, uint64_t *addr)
{
	pqm_bytes b = pqm_sub(
		g->body, (size_t)(g->e->symbols_off + (uint64_t)sym * SYM_BYTES), SYM_BYTES);

	if (sym >= g->n_imports || b.n < SYM_BYTES || pqm_le16(b.p + 6) == 0)
		return false;
	*addr = pqm_le64(b.p + 8);
	return true;
}

static bool add_rela(struct pqm_img *g, const uint8_t *r)
{
	uint64_t at = pqm_le64(r), addend = pqm_le64(r + 16), addr;
	uint32_t type = pqm_le32(r + 8), sym = pqm_le32(r + 12);

	switch (type) {
	case R_X86_64_RELATIVE_:
	case R_X86_64_IRELATIVE_:
	case R_AARCH64_RELATIVE_:
	case R_AARCH64_IRELATIVE_:
		return add_slot(g, at, addend, false, false);
	case R_X86_64_64_:
	case R_X86_64_GLOB_DAT_:
	case R_X86_64_JUMP_SLOT_:
	case R_AARCH64_ABS64_:
	case R_AARCH64_GLOB_DAT_:
	case R_AARCH64_JUMP_SLOT_:
		if (defined_at(g, sym, &addr))
			return add_slot(g, at, addr + addend, false, false);
		if (sym < g->n_imports && g->imports[sym].name.n > 0 && addend == 0)
			return add_slot(
				g, at, sym, true, type == R_X86_64_64_ || type == R_AARCH64_ABS64_);
		return true;
	default:
		return true;
	}
}

static bool add_relas(struct pqm_img *g, uint64_t addr, uint64_t bytes)
{
	pqm_bytes b = pqm_sub(pqm_code_at(g, addr), 0, (size_t)bytes);

	for (size_t i = 0; i + RELA_BYTES <= b.n; i += RELA_BYTES) {
		if (!add_rela(g, b.p + i))
			return false;
		pqm_mapped_read(RELA_BYTES);
	}
	return true;
}

/* The word at addr, which stands in the file. */
static bool add_relr_word(struct pqm_img *g, uint64_t addr)
{
	pqm_bytes b = pqm_code_at(g, addr);

	return b.n < 8 || add_slot(g, addr, pqm_le64(b.p), false, false);
}

/* DT_RELR: an address, then bitmaps of the 63 words behind it [gABI, "Relative relocations"]. */
static bool add_relr(struct pqm_img *g)
{
	pqm_bytes b = pqm_sub(pqm_code_at(g, g->relr), 0, (size_t)g->relr_bytes);
	uint64_t where = 0;

	for (size_t i = 0; i + 8 <= b.n; i += 8) {
		uint64_t v = pqm_le64(b.p + i);

		if ((v & 1) == 0) {
			if (!add_relr_word(g, v))
				return false;
			where = v + 8;
			continue;
		}
		for (unsigned k = 0; k < 63; k++)
			if ((v >> (k + 1) & 1) != 0 && !add_relr_word(g, where + 8 * (uint64_t)k))
				return false;
		where += UINT64_C(63) * 8;
	}
	return true;
}

/* The address that a wanted import has in a program at fixed addresses, when the program takes it: its entry in
 * the linkage table [gABI ch. 5, "Function Addresses"]. */
struct fixed {
	uint64_t addr;
	uint32_t sym;
};

struct fixeds {
	struct fixed *all;
	size_t n, cap;
};

static int by_addr(const void *va, const void *vb)
{
	const struct fixed *a = va, *b = vb;

	return (a->addr > b->addr) - (a->addr < b->addr);
}

static bool find_fixed(struct pqm_img *g, struct fixeds *f)
{
	for (uint32_t i = 1; i < g->n_imports; i++) {
		pqm_bytes b = pqm_sub(
			g->body, (size_t)(g->e->symbols_off + (uint64_t)i * SYM_BYTES), SYM_BYTES);

		if (!g->imports[i].is_wanted || b.n < SYM_BYTES || pqm_le64(b.p + 8) == 0)
			continue;
		struct fixed *grown = pqm_grow(g->arena, f->all, f->n, &f->cap);

		if (grown == NULL)
			return false;
		f->all = grown;
		f->all[f->n++] = (struct fixed){ pqm_le64(b.p + 8), i };
	}
	if (f->n > 0)
		qsort(f->all, f->n, sizeof(*f->all), by_addr);
	return true;
}

/* A word of data that is an address. */
static bool add_fixed_word(struct pqm_img *g, const struct fixeds *f, uint64_t addr, uint64_t v)
{
	size_t lo = 0, hi = f->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (f->all[mid].addr < v)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo < f->n && f->all[lo].addr == v) {
		const struct pqm_seg *s = pqm_code_seg(g, addr);
		uint64_t off = s == NULL ? 0 : s->off + (addr - s->addr);

		/* The symbol's own value is no pointer. */
		return (off >= g->e->symbols_off &&
			       off - g->e->symbols_off < g->e->n_symbols * SYM_BYTES) ||
			add_slot(g, addr, f->all[lo].sym, true, true);
	}
	return add_slot(g, addr, v, false, false);
}

/* A program at fixed addresses has no relocations for its own pointers: words that look like them. */
static bool add_fixed(struct pqm_img *g)
{
	uint64_t lowest = UINT64_MAX, top = 0;
	struct fixeds f = { 0 };

	if (!find_fixed(g, &f))
		return false;
	for (size_t i = 0; i < g->n_segs; i++) {
		if (g->segs[i].addr < lowest)
			lowest = g->segs[i].addr;
		if (g->segs[i].addr + g->segs[i].memory > top)
			top = g->segs[i].addr + g->segs[i].memory;
	}
	/* Addresses that small are numbers as well. */
	if (lowest < 0x10000)
		return true;
	for (size_t i = 0; i < g->n_segs; i++) {
		const struct pqm_seg *s = &g->segs[i];
		uint64_t skip = (8 - s->addr % 8) % 8;

		if (s->is_code)
			continue;
		for (uint64_t at = skip; at + 8 <= s->bytes; at += 8) {
			uint64_t v = pqm_le64(g->body.p + s->off + at);

			if (at % STEP_BYTES < 8)
				pqm_mapped_read(STEP_BYTES);
			if (v >= lowest && v < top && !add_fixed_word(g, &f, s->addr + at, v))
				return false;
		}
	}
	return true;
}

static int by_place(const void *va, const void *vb)
{
	const struct pqm_slot *a = va, *b = vb;

	if (a->at != b->at)
		return a->at < b->at ? -1 : 1;
	/* A relocation against a symbol says more than the word that it replaces. */
	return (int)b->is_import - (int)a->is_import;
}

/* Tables of relocations are sorted each: what stands behind the first of them is short, and is sorted and merged. */
static bool sort_slots(struct pqm_img *g)
{
	size_t n = 1, all = g->n_slots;
	struct pqm_slot *s = g->slots;

	while (n < all && by_place(&s[n - 1], &s[n]) <= 0)
		n++;
	if (n >= all)
		return true;
	size_t m = all - n, at = all;
	struct pqm_slot *tail = pqm_malloc(m * sizeof(*tail));

	if (tail == NULL)
		return false;
	memcpy(tail, s + n, m * sizeof(*tail));
	qsort(tail, m, sizeof(*tail), by_place);
	while (m > 0)
		s[--at] = n > 0 && by_place(&s[n - 1], &tail[m - 1]) > 0 ? s[--n] : tail[--m];
	pqm_free(tail);
	return true;
}

/* Room for the words that the tables tell of: growing would take it twice over. */
static bool reserve_slots(struct pqm_img *g)
{
	size_t n = 0;

	n += pqm_sub(pqm_code_at(g, g->rela), 0, (size_t)g->rela_bytes).n / RELA_BYTES;
	n += pqm_sub(pqm_code_at(g, g->jmprel), 0, (size_t)g->jmprel_bytes).n / RELA_BYTES;
	n = n < PQM_CODE_SLOTS ? n : PQM_CODE_SLOTS;
	return pqm_buf_reserve(&g->slot_buf, n * sizeof(struct pqm_slot));
}

enum pqm_st pqm_code_slots(struct pqm_img *g, struct pqm_err *err)
{
	size_t n = 0;

	pqm_buf_init(&g->slot_buf, PQM_CODE_SLOTS * sizeof(struct pqm_slot));
	if (!reserve_slots(g) || !add_relas(g, g->rela, g->rela_bytes) ||
		!add_relas(g, g->jmprel, g->jmprel_bytes) || !add_relr(g) ||
		(g->is_fixed && !add_fixed(g))) {
		if (g->slot_buf.n + sizeof(struct pqm_slot) > g->slot_buf.max)
			return pqm_fail(
				err, PQM_ELIMIT, "more than %zu relocated words", PQM_CODE_SLOTS);
		return pqm_fail(err, PQM_ENOMEM, "code: out of memory");
	}
	g->slots = (struct pqm_slot *)(void *)g->slot_buf.p;
	g->n_slots = g->slot_buf.n / sizeof(struct pqm_slot);
	if (!sort_slots(g))
		return pqm_fail(err, PQM_ENOMEM, "code: out of memory");
	for (size_t i = 0; i < g->n_slots; i++)
		if (n == 0 || g->slots[n - 1].at != g->slots[i].at)
			g->slots[n++] = g->slots[i];
	g->n_slots = n;
	return index_slots(g) ? PQM_OK : pqm_fail(err, PQM_ENOMEM, "code: out of memory");
}
