#include "gobin.h"

#include "base/limits.h"

#define ELF_LOAD 1
#define ELF_DYNAMIC 2
#define DT_RELA 7
#define DT_RELASZ 8
#define RELA_BYTES 24
#define MACH_SEGMENT_32 1
#define MACH_SEGMENT_64 0x19

uint64_t pqm_gobin_word(const uint8_t *p, unsigned n, bool is_big)
{
	uint64_t v = 0;

	if (!is_big && n == 8) {
		memcpy(&v, p, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
		v = __builtin_bswap64(v);
#endif
		return v;
	}
	for (unsigned i = 0; i < n; i++)
		v = v << 8 | p[is_big ? i : n - 1 - i];
	return v;
}

static enum pqm_st bad(struct pqm_gobin *g, uint64_t off, struct pqm_err *err, const char *words)
{
	g->bad_off = off;
	return pqm_fail(err, PQM_EPARSE, "Go: at byte %llu: %s", (unsigned long long)off, words);
}

static enum pqm_st no_memory(struct pqm_err *err)
{
	return pqm_fail(err, PQM_ENOMEM, "Go: out of memory");
}

/* n bytes at off as a number; false: outside. */
static bool word_at(const struct pqm_gobin *g, uint64_t off, unsigned n, uint64_t *out)
{
	if (off > g->body.n || g->body.n - off < n)
		return false;
	*out = pqm_gobin_word(g->body.p + off, n, g->is_big);
	return true;
}

static enum pqm_st add_seg(struct pqm_gobin *g, struct pqm_go_seg s, struct pqm_err *err)
{
	if (s.off > g->body.n)
		return bad(g, s.off, err, "a segment begins behind the end of the file");
	if (s.n > g->body.n - s.off)
		s.n = g->body.n - s.off;
	if (s.addr > UINT64_MAX - s.n)
		return bad(g, s.off, err, "a segment goes around the address space");
	/* Pages are shared at borders; whoever maps all of it again and again has it read again and again. */
	g->mapped += s.n;
	if (g->mapped / 2 > g->body.n)
		return bad(g, s.off, err, "the segments overlap");
	if (s.n > 0)
		g->segs[g->n_segs++] = s;
	return PQM_OK;
}

static int by_addr(const void *va, const void *vb)
{
	const struct pqm_go_seg *a = va, *b = vb;

	return (a->addr > b->addr) - (a->addr < b->addr);
}

static int by_at(const void *va, const void *vb)
{
	const struct pqm_go_reloc *a = va, *b = vb;

	return (a->at > b->at) - (a->at < b->at);
}

/* Relocations that only add the load address: position-independent programs keep their pointers there. */
static enum pqm_st read_relocs(
	struct pqm_gobin *g, uint64_t addr, uint64_t size, struct pqm_err *err)
{
	uint64_t relative = g->machine == PQM_GO_X86_64 ? 8 : 1027;
	bool is_sorted = true;
	pqm_bytes table;

	if (!pqm_gobin_at(g, addr, &table) || g->machine == PQM_GO_OTHER)
		return PQM_OK;
	if (table.n > size)
		table.n = size;
	if (table.n / RELA_BYTES > PQM_GO_RELOCS)
		table.n = PQM_GO_RELOCS * RELA_BYTES;
	g->relocs = pqm_new(g->arena, struct pqm_go_reloc, table.n / RELA_BYTES);
	if (g->relocs == NULL)
		return no_memory(err);
	for (size_t i = 0; i + RELA_BYTES <= table.n; i += RELA_BYTES) {
		const uint8_t *p = table.p + i;
		struct pqm_go_reloc *to = &g->relocs[g->n_relocs];

		if ((uint32_t)pqm_gobin_word(p + 8, 8, g->is_big) != relative)
			continue;
		to->at = pqm_gobin_word(p, 8, g->is_big);
		to->value = pqm_gobin_word(p + 16, 8, g->is_big);
		is_sorted = is_sorted && (g->n_relocs == 0 || to[-1].at <= to->at);
		g->n_relocs++;
	}
	if (!is_sorted)
		qsort(g->relocs, g->n_relocs, sizeof(*g->relocs), by_at);
	return PQM_OK;
}

static enum pqm_st read_dynamic(
	struct pqm_gobin *g, uint64_t off, uint64_t size, struct pqm_err *err)
{
	uint64_t addr = 0, bytes = 0, tag = 0, value = 0;

	for (uint64_t i = 0; i < PQM_ELF_DYNAMIC && i * 16 + 16 <= size; i++) {
		if (off > UINT64_MAX - i * 16 - 8 || !word_at(g, off + i * 16, 8, &tag) ||
			!word_at(g, off + i * 16 + 8, 8, &value) || tag == 0)
			break;
		addr = tag == DT_RELA ? value : addr;
		bytes = tag == DT_RELASZ ? value : bytes;
	}
	return addr == 0 ? PQM_OK : read_relocs(g, addr, bytes, err);
}

struct elf_head {
	uint64_t phoff, phentsize, phnum;
};

static bool elf_head(struct pqm_gobin *g, struct elf_head *h)
{
	uint64_t machine;

	g->is_64 = g->body.p[4] == 2;
	g->is_big = g->body.p[5] == 2;
	if (!word_at(g, 18, 2, &machine) ||
		!word_at(g, g->is_64 ? 32 : 28, g->is_64 ? 8 : 4, &h->phoff) ||
		!word_at(g, g->is_64 ? 54 : 42, 2, &h->phentsize) ||
		!word_at(g, g->is_64 ? 56 : 44, 2, &h->phnum))
		return false;
	if (g->is_64 && !g->is_big && (machine == 62 || machine == 183))
		g->machine = machine == 62 ? PQM_GO_X86_64 : PQM_GO_ARM64;
	return true;
}

static enum pqm_st open_elf(struct pqm_gobin *g, struct pqm_err *err)
{
	struct elf_head h;
	uint64_t dyn_off = 0, dyn_bytes = 0;
	unsigned w;

	if (!elf_head(g, &h))
		return bad(g, 0, err, "the ELF header is cut off");
	w = g->is_64 ? 8 : 4;
	if (h.phentsize < (g->is_64 ? 56U : 32U) || h.phnum > PQM_GO_SEGMENTS)
		return bad(g, 0, err, "the program headers make no sense");
	g->segs = pqm_new(g->arena, struct pqm_go_seg, h.phnum);
	if (g->segs == NULL)
		return no_memory(err);
	for (uint64_t i = 0; i < h.phnum; i++) {
		uint64_t at, type = 0, flags = 0;
		struct pqm_go_seg s = { 0 };

		if (__builtin_add_overflow(h.phoff, i * h.phentsize, &at) || at > g->body.n ||
			g->body.n - at < h.phentsize)
			return bad(g, h.phoff, err, "the program headers are cut off");
		(void)word_at(g, at, 4, &type);
		(void)word_at(g, at + (g->is_64 ? 4 : 24), 4, &flags);
		(void)word_at(g, at + w, w, &s.off);
		(void)word_at(g, at + 2U * w, w, &s.addr);
		(void)word_at(g, at + 4U * w, w, &s.n);
		s.is_code = (flags & 1) != 0;
		s.is_data = (flags & 2) != 0;
		if (type == ELF_DYNAMIC && g->is_64) {
			dyn_off = s.off;
			dyn_bytes = s.n;
		}
		if (type == ELF_LOAD && add_seg(g, s, err) != PQM_OK)
			return err->st;
	}
	if (g->n_segs > 1)
		qsort(g->segs, g->n_segs, sizeof(*g->segs), by_addr);
	return dyn_bytes == 0 ? PQM_OK : read_dynamic(g, dyn_off, dyn_bytes, err);
}

static bool pe_head(const struct pqm_gobin *g, uint64_t *at)
{
	uint64_t lfanew;

	return word_at(g, 0x3c, 4, &lfanew) && lfanew <= g->body.n &&
		g->body.n - lfanew >= 24 + 32 && memcmp(g->body.p + lfanew, "PE\0\0", 4) == 0 &&
		(*at = lfanew + 4, true);
}

static enum pqm_st open_pe(struct pqm_gobin *g, struct pqm_err *err)
{
	uint64_t at = 0, machine = 0, n = 0, opt = 0, magic = 0, base = 0;

	if (!pe_head(g, &at))
		return bad(g, 0, err, "the PE header is cut off");
	(void)word_at(g, at, 2, &machine);
	(void)word_at(g, at + 2, 2, &n);
	(void)word_at(g, at + 16, 2, &opt);
	(void)word_at(g, at + 20, 2, &magic);
	g->is_64 = magic == 0x20b;
	(void)word_at(g, at + 20 + (g->is_64 ? 24 : 28), g->is_64 ? 8 : 4, &base);
	if (g->is_64 && (machine == 0x8664 || machine == 0xaa64))
		g->machine = machine == 0x8664 ? PQM_GO_X86_64 : PQM_GO_ARM64;
	if (n > PQM_GO_SEGMENTS)
		return bad(g, at, err, "too many sections");
	g->segs = pqm_new(g->arena, struct pqm_go_seg, n);
	if (g->segs == NULL)
		return no_memory(err);
	for (uint64_t i = 0; i < n; i++) {
		uint64_t h = at + 20 + opt + i * 40, rva = 0, size = 0, flags = 0;
		struct pqm_go_seg s = { 0 };

		if (h > g->body.n || g->body.n - h < 40)
			return bad(g, h, err, "the section headers are cut off");
		(void)word_at(g, h + 8, 4, &size);
		(void)word_at(g, h + 12, 4, &rva);
		(void)word_at(g, h + 16, 4, &s.n);
		(void)word_at(g, h + 20, 4, &s.off);
		(void)word_at(g, h + 36, 4, &flags);
		if (s.n > size && size > 0) /* the rest is padding */
			s.n = size;
		s.addr = base + rva;
		s.is_code = (flags & 0x20000000) != 0;
		s.is_data = (flags & 0x80000000) != 0;
		if (s.n > 0 && add_seg(g, s, err) != PQM_OK)
			return err->st;
	}
	if (g->n_segs > 1)
		qsort(g->segs, g->n_segs, sizeof(*g->segs), by_addr);
	return PQM_OK;
}

static bool is_mach(const uint8_t *p)
{
	return memcmp(p, "\xcf\xfa\xed\xfe", 4) == 0 || memcmp(p, "\xce\xfa\xed\xfe", 4) == 0 ||
		memcmp(p, "\xfe\xed\xfa\xcf", 4) == 0 || memcmp(p, "\xfe\xed\xfa\xce", 4) == 0;
}

static enum pqm_st add_mach_seg(struct pqm_gobin *g, uint64_t at, bool is_64, struct pqm_err *err)
{
	unsigned w = is_64 ? 8 : 4;
	uint64_t prot = 0;
	struct pqm_go_seg s = { 0 };

	(void)word_at(g, at + 24, w, &s.addr);
	(void)word_at(g, at + 24 + 2U * w, w, &s.off);
	(void)word_at(g, at + 24 + 3U * w, w, &s.n);
	(void)word_at(g, at + 24 + 4U * w + 4, 4, &prot);
	s.is_code = (prot & 4) != 0;
	s.is_data = (prot & 2) != 0;
	return s.n == 0 ? PQM_OK : add_seg(g, s, err);
}

static enum pqm_st open_mach(struct pqm_gobin *g, struct pqm_err *err)
{
	uint64_t cpu = 0, n = 0, at;

	g->is_big = g->body.p[0] == 0xfe;
	g->is_64 = g->body.p[g->is_big ? 3 : 0] == 0xcf;
	if (!word_at(g, 4, 4, &cpu) || !word_at(g, 16, 4, &n))
		return bad(g, 0, err, "the Mach-O header is cut off");
	if (g->is_64 && !g->is_big && (cpu == 0x01000007 || cpu == 0x0100000c))
		g->machine = cpu == 0x01000007 ? PQM_GO_X86_64 : PQM_GO_ARM64;
	if (n > PQM_GO_SEGMENTS)
		return bad(g, 16, err, "too many load commands");
	g->segs = pqm_new(g->arena, struct pqm_go_seg, n);
	if (g->segs == NULL)
		return no_memory(err);
	at = g->is_64 ? 32 : 28;
	for (uint64_t i = 0; i < n; i++) {
		uint64_t cmd = 0, size = 0;

		if (!word_at(g, at, 4, &cmd) || !word_at(g, at + 4, 4, &size) || size < 8 ||
			size > g->body.n - at)
			return bad(g, at, err, "the load commands are cut off");
		if ((cmd == MACH_SEGMENT_64 && size >= 72) ||
			(cmd == MACH_SEGMENT_32 && size >= 56))
			if (add_mach_seg(g, at, cmd == MACH_SEGMENT_64, err) != PQM_OK)
				return err->st;
		at += size;
	}
	if (g->n_segs > 1)
		qsort(g->segs, g->n_segs, sizeof(*g->segs), by_addr);
	return PQM_OK;
}

static bool is_universal(pqm_bytes body)
{
	/* Java classes begin so too: their version stands where the number of images is. */
	return body.n >= 28 && memcmp(body.p, "\xca\xfe\xba\xbe", 4) == 0 &&
		pqm_gobin_word(body.p + 4, 4, true) <= PQM_GO_IMAGES;
}

size_t pqm_gobin_images(pqm_bytes body)
{
	if (body.n < 64)
		return 0;
	if (is_universal(body))
		return (size_t)pqm_gobin_word(body.p + 4, 4, true);
	return memcmp(body.p, "\177ELF", 4) == 0 || memcmp(body.p, "MZ", 2) == 0 || is_mach(body.p)
		? 1
		: 0;
}

/* The image-th of a universal file, or the body itself. */
static pqm_bytes image_of(pqm_bytes body, size_t image)
{
	const uint8_t *h;

	if (!is_universal(body))
		return body;
	if (image >= PQM_GO_IMAGES || body.n < 8 + (image + 1) * 20)
		return (pqm_bytes){ NULL, 0 };
	h = body.p + 8 + image * 20;
	return pqm_sub(body, pqm_gobin_word(h + 8, 4, true), pqm_gobin_word(h + 12, 4, true));
}

enum pqm_st pqm_gobin_open(struct pqm_gobin *g, pqm_bytes body, size_t image,
	struct pqm_arena *arena, struct pqm_err *err)
{
	*g = (struct pqm_gobin){ .body = image_of(body, image), .arena = arena };
	if (g->body.n < 64)
		return bad(g, 0, err, "the image is cut off");
	if (memcmp(g->body.p, "\177ELF", 4) == 0) {
		g->format = "ELF";
		return open_elf(g, err);
	}
	if (memcmp(g->body.p, "MZ", 2) == 0) {
		g->format = "PE";
		return open_pe(g, err);
	}
	g->format = "Mach-O";
	return is_mach(g->body.p) ? open_mach(g, err) : bad(g, 0, err, "no image that we know");
}

static const struct pqm_go_seg *seg_of(const struct pqm_gobin *g, uint64_t addr)
{
	for (size_t i = 0; i < g->n_segs; i++)
		if (addr >= g->segs[i].addr && addr - g->segs[i].addr < g->segs[i].n)
			return &g->segs[i];
	return NULL;
}

bool pqm_gobin_at(const struct pqm_gobin *g, uint64_t addr, pqm_bytes *out)
{
	const struct pqm_go_seg *s = seg_of(g, addr);

	if (s == NULL)
		return false;
	*out = pqm_sub(g->body, s->off + (addr - s->addr), s->n - (addr - s->addr));
	return true;
}

bool pqm_gobin_is_code(const struct pqm_gobin *g, uint64_t addr)
{
	const struct pqm_go_seg *s = seg_of(g, addr);

	return s != NULL && s->is_code;
}

bool pqm_gobin_pointer(const struct pqm_gobin *g, uint64_t addr, uint64_t *out)
{
	unsigned w = g->is_64 ? 8 : 4;
	size_t lo = 0, hi = g->n_relocs;
	pqm_bytes b;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (g->relocs[mid].at < addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo < g->n_relocs && g->relocs[lo].at == addr) {
		*out = g->relocs[lo].value;
		return true;
	}
	if (!pqm_gobin_at(g, addr, &b) || b.n < w)
		return false;
	*out = pqm_gobin_word(b.p, w, g->is_big);
	return true;
}
