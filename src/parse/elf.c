#include "elf.h"

#include <gelf.h>
#include <libelf.h>
#include <stdarg.h>
#include <stddef.h>

#include "base/limits.h"
#include "base/num.h"

struct pqm_elf_load {
	uint64_t addr, off, bytes;
};

/* The entries of the dynamic segment that we need; addresses, sizes and string offsets. */
struct tables {
	uint64_t strtab, strsz, symtab, syment, hash, versym, verneed, verneednum, soname;
	bool has_strtab, has_symtab, has_soname, has_entries;
	uint64_t flags_1;
	uint64_t after_symtab; /* lowest address of another table behind symtab */
};

/* libelf wants to be told once, before the threads start, which version of ELF we speak. */
__attribute__((constructor)) static void speak_version_1(void)
{
	(void)elf_version(EV_CURRENT);
}

static enum pqm_st PQM_PRINTF(4, 5)
	bad(struct pqm_elf *e, uint64_t off, struct pqm_err *err, const char *fmt, ...)
{
	char words[256];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(words, sizeof(words), fmt, ap);
	va_end(ap);
	e->bad_off = off;
	return pqm_fail(err, PQM_EPARSE, "ELF: at byte %llu: %s", (unsigned long long)off, words);
}

static enum pqm_st over(struct pqm_elf *e, uint64_t off, const char *what, uint64_t n, uint64_t max,
	struct pqm_err *err)
{
	e->bad_off = off;
	return pqm_fail(err, PQM_ELIMIT, "ELF: at byte %llu: %llu %s, the limit is %llu",
		(unsigned long long)off, (unsigned long long)n, what, (unsigned long long)max);
}

static enum pqm_st no_memory(struct pqm_err *err)
{
	return pqm_fail(err, PQM_ENOMEM, "ELF: out of memory");
}

static bool inside(const struct pqm_elf *e, uint64_t off, uint64_t n)
{
	return off <= e->body.n && n <= e->body.n - off;
}

/* n <= 8 bytes at off, which the caller knows to be inside, in the file's byte order. */
static uint64_t word(const struct pqm_elf *e, uint64_t off, size_t n)
{
	const uint8_t *p = e->body.p + off;
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++)
		v = v << 8 | p[e->is_big ? i : n - 1 - i];
	return v;
}

#define FIELD(e, base, type, field)                                                                \
	((e)->is_64 ? word((e), (base) + offsetof(Elf64_##type, field),                            \
			      sizeof(((Elf64_##type *)NULL)->field))                               \
		    : word((e), (base) + offsetof(Elf32_##type, field),                            \
			      sizeof(((Elf32_##type *)NULL)->field)))
#define SIZE(e, type) ((e)->is_64 ? sizeof(Elf64_##type) : sizeof(Elf32_##type))

bool pqm_elf_looks(pqm_bytes body)
{
	return body.n >= SELFMAG && memcmp(body.p, ELFMAG, SELFMAG) == 0;
}

/* libelf allocates by the section count and refuses without saying where: so we look first. */
static enum pqm_st check_sections(struct pqm_elf *e, struct pqm_err *err)
{
	uint64_t off = FIELD(e, 0, Ehdr, e_shoff), n = FIELD(e, 0, Ehdr, e_shnum);

	e->shnum = 0;
	if (off == 0)
		return PQM_OK;
	if (off > e->body.n || (n == 0 && e->body.n - off < SIZE(e, Shdr)))
		return bad(e, off, err, "section headers start here, the file has %zu bytes",
			e->body.n);
	if (n == 0) /* extended numbering: the count is in section 0 [gABI ch. 4] */
		n = FIELD(e, off, Shdr, sh_size);
	if (n > PQM_ELF_SECTIONS)
		return over(e, off, "sections", n, PQM_ELF_SECTIONS, err);
	if (n > 0 && FIELD(e, 0, Ehdr, e_shentsize) != SIZE(e, Shdr))
		return bad(e, 0, err, "a section header is said to have %llu bytes",
			(unsigned long long)FIELD(e, 0, Ehdr, e_shentsize));
	if (n * SIZE(e, Shdr) > e->body.n - off)
		return bad(e, off, err, "%llu section headers do not fit a file of %zu bytes",
			(unsigned long long)n, e->body.n);
	e->shnum = (size_t)n;
	return PQM_OK;
}

static enum pqm_st check_segments(struct pqm_elf *e, struct pqm_err *err)
{
	uint64_t off = FIELD(e, 0, Ehdr, e_phoff), n = FIELD(e, 0, Ehdr, e_phnum);

	e->phnum = 0;
	if (off == 0 || n == 0)
		return PQM_OK;
	if (n >= PN_XNUM)
		return over(e, off, "program headers", n, PN_XNUM - 1, err);
	if (FIELD(e, 0, Ehdr, e_phentsize) != SIZE(e, Phdr))
		return bad(e, 0, err, "a program header is said to have %llu bytes",
			(unsigned long long)FIELD(e, 0, Ehdr, e_phentsize));
	if (!inside(e, off, n * SIZE(e, Phdr)))
		return bad(e, off, err, "%llu program headers do not fit a file of %zu bytes",
			(unsigned long long)n, e->body.n);
	e->phnum = (size_t)n;
	return PQM_OK;
}

/* Reads what must be right before libelf may look. *is_linked: a program or a shared library. */
static enum pqm_st check_header(struct pqm_elf *e, bool *is_linked, struct pqm_err *err)
{
	const uint8_t *id = e->body.p;

	if (e->body.n < EI_NIDENT || !pqm_elf_looks(e->body))
		return bad(e, 0, err, "no ELF header in %zu bytes", e->body.n);
	if (id[EI_CLASS] != ELFCLASS32 && id[EI_CLASS] != ELFCLASS64)
		return bad(e, EI_CLASS, err, "class is %u, not 1 (32 bits) or 2 (64 bits)",
			id[EI_CLASS]);
	if (id[EI_DATA] != ELFDATA2LSB && id[EI_DATA] != ELFDATA2MSB)
		return bad(e, EI_DATA, err, "byte order is %u, not 1 (little) or 2 (big)",
			id[EI_DATA]);
	if (id[EI_VERSION] != EV_CURRENT)
		return bad(e, EI_VERSION, err, "version is %u, not 1", id[EI_VERSION]);
	e->is_64 = id[EI_CLASS] == ELFCLASS64;
	e->is_big = id[EI_DATA] == ELFDATA2MSB;
	if (e->body.n < SIZE(e, Ehdr))
		return bad(e, 0, err, "the header has %zu bytes, the file %zu", SIZE(e, Ehdr),
			e->body.n);
	uint64_t type = FIELD(e, 0, Ehdr, e_type);

	if (type == ET_NONE || (type > ET_CORE && type < ET_LOOS))
		return bad(e, offsetof(Elf64_Ehdr, e_type), err, "file type %llu does not exist",
			(unsigned long long)type);
	*is_linked = type == ET_EXEC || type == ET_DYN;
	e->is_program = type == ET_EXEC;
	if (!*is_linked)
		return PQM_OK;
	enum pqm_st st = check_segments(e, err);

	return st != PQM_OK ? st : check_sections(e, err);
}

/* Bytes [off, off + n) as libelf's records; n > 0 and inside. Not copied when order and alignment
 * are the machine's own. */
static Elf_Data *chunk(const struct pqm_elf *e, uint64_t off, uint64_t n, Elf_Type type)
{
	return elf_getdata_rawchunk(e->handle, (int64_t)off, (size_t)n, type);
}

/* Where a program address is in the file, and how many bytes of its segment follow. */
static bool locate(const struct pqm_elf *e, uint64_t addr, uint64_t *off, uint64_t *left)
{
	for (size_t i = 0; i < e->n_loads; i++) {
		const struct pqm_elf_load *l = &e->loads[i];

		if (addr >= l->addr && addr - l->addr < l->bytes) {
			*off = l->off + (addr - l->addr);
			*left = l->bytes - (addr - l->addr);
			return true;
		}
	}
	return false;
}

struct segments {
	bool has_dynamic, has_interp;
	size_t cut; /* program header of a segment that leaves the file, or SIZE_MAX */
};

static enum pqm_st read_segments(struct pqm_elf *e, struct segments *s, struct pqm_err *err)
{
	GElf_Phdr ph;

	e->loads = pqm_new(e->arena, struct pqm_elf_load, e->phnum);
	if (e->loads == NULL)
		return no_memory(err);
	for (size_t i = 0; i < e->phnum; i++) {
		if (gelf_getphdr(e->handle, (int)i, &ph) == NULL)
			return bad(e, 0, err, "program header %zu: %s", i, elf_errmsg(-1));
		s->has_interp |= ph.p_type == PT_INTERP;
		if (ph.p_type != PT_LOAD && ph.p_type != PT_DYNAMIC)
			continue;
		if (!inside(e, ph.p_offset, ph.p_filesz)) {
			if (s->cut == SIZE_MAX)
				s->cut = i;
			continue;
		}
		if (ph.p_type == PT_LOAD)
			e->loads[e->n_loads++] =
				(struct pqm_elf_load){ ph.p_vaddr, ph.p_offset, ph.p_filesz };
		else if (!s->has_dynamic) {
			s->has_dynamic = true;
			e->dyn_off = ph.p_offset;
			e->dyn_bytes = ph.p_filesz;
		}
	}
	return PQM_OK;
}

/* A file of debug information keeps the program headers of the file it was split from, but not the
 * bytes: its sections say so. */
static bool is_debug_only(const struct pqm_elf *e)
{
	GElf_Shdr sh;
	bool has_nobits = false;

	for (size_t i = 1; i < e->shnum; i++) {
		if (gelf_getshdr(elf_getscn(e->handle, i), &sh) == NULL)
			continue;
		if (sh.sh_type == SHT_DYNAMIC || sh.sh_type == SHT_DYNSYM)
			return false;
		if (sh.sh_type == SHT_PROGBITS && (sh.sh_flags & SHF_EXECINSTR) != 0)
			return false;
		has_nobits |= sh.sh_type == SHT_NOBITS && (sh.sh_flags & SHF_EXECINSTR) != 0;
	}
	return has_nobits;
}

static bool is_address(int64_t tag)
{
	switch (tag) {
	case DT_PLTGOT:
	case DT_HASH:
	case DT_STRTAB:
	case DT_RELA:
	case DT_INIT:
	case DT_FINI:
	case DT_REL:
	case DT_JMPREL:
	case DT_INIT_ARRAY:
	case DT_FINI_ARRAY:
	case DT_GNU_HASH:
	case DT_VERSYM:
	case DT_VERDEF:
	case DT_VERNEED:
		return true;
	default:
		return false;
	}
}

static void take_entry(struct tables *t, const GElf_Dyn *d)
{
	switch (d->d_tag) {
	case DT_STRTAB:
		t->strtab = d->d_un.d_ptr;
		t->has_strtab = true;
		break;
	case DT_STRSZ:
		t->strsz = d->d_un.d_val;
		break;
	case DT_SYMTAB:
		t->symtab = d->d_un.d_ptr;
		t->has_symtab = true;
		break;
	case DT_SYMENT:
		t->syment = d->d_un.d_val;
		break;
	case DT_HASH:
		t->hash = d->d_un.d_ptr;
		break;
	case DT_VERSYM:
		t->versym = d->d_un.d_ptr;
		break;
	case DT_VERNEED:
		t->verneed = d->d_un.d_ptr;
		break;
	case DT_VERNEEDNUM:
		t->verneednum = d->d_un.d_val;
		break;
	case DT_SONAME:
		t->soname = d->d_un.d_val;
		t->has_soname = true;
		break;
	case DT_FLAGS_1:
		t->flags_1 = d->d_un.d_val;
		break;
	default:
		break;
	}
}

/* The text at off of the string table, at most max bytes. */
static bool string_at(const struct pqm_elf *e, uint64_t off, size_t max, pqm_bytes *out)
{
	if (e->strings.p == NULL || off >= e->strings.n)
		return false;
	pqm_bytes s = pqm_sub(e->strings, (size_t)off, max);
	const uint8_t *end = memchr(s.p, 0, s.n);

	if (end == NULL)
		return false;
	*out = (pqm_bytes){ s.p, (size_t)(end - s.p) };
	return true;
}

static enum pqm_st read_name(struct pqm_elf *e, uint64_t at, uint64_t off, const char *what,
	pqm_bytes *out, struct pqm_err *err)
{
	if (string_at(e, off, PQM_ELF_NAME_BYTES, out))
		return PQM_OK;
	return bad(e, at, err, "%s: no text at %llu of a string table of %zu bytes", what,
		(unsigned long long)off, e->strings.n);
}

static enum pqm_st find_strings(struct pqm_elf *e, const struct tables *t, struct pqm_err *err)
{
	uint64_t off, left;

	if (!t->has_strtab)
		return t->has_symtab || t->has_soname || e->n_needed > 0
			? bad(e, e->dyn_off, err, "names without a string table")
			: PQM_OK;
	if (!locate(e, t->strtab, &off, &left) || t->strsz > left)
		return bad(e, e->dyn_off, err,
			"the string table (%llu bytes at address 0x%llx) is not in the file",
			(unsigned long long)t->strsz, (unsigned long long)t->strtab);
	e->strings = pqm_sub(e->body, (size_t)off, (size_t)t->strsz);
	return PQM_OK;
}

/* First walk: everything but the names, whose table is known only afterwards. */
static enum pqm_st scan_dynamic(
	struct pqm_elf *e, Elf_Data *data, size_t *n, struct tables *t, struct pqm_err *err)
{
	GElf_Dyn d;
	size_t max = (size_t)(e->dyn_bytes / SIZE(e, Dyn)), i;

	for (i = 0; i < max && gelf_getdyn(data, (int)i, &d) != NULL && d.d_tag != DT_NULL; i++) {
		if (i >= PQM_ELF_DYNAMIC)
			return over(e, e->dyn_off, "dynamic entries", max, PQM_ELF_DYNAMIC, err);
		e->n_needed += d.d_tag == DT_NEEDED;
		take_entry(t, &d);
	}
	t->has_entries = i > 0;
	*n = i;
	return PQM_OK;
}

static enum pqm_st read_needed(
	struct pqm_elf *e, Elf_Data *data, size_t n, struct tables *t, struct pqm_err *err)
{
	size_t k = 0;
	GElf_Dyn d;

	e->needed = pqm_new(e->arena, pqm_bytes, e->n_needed);
	if (e->needed == NULL)
		return no_memory(err);
	for (size_t i = 0; i < n && gelf_getdyn(data, (int)i, &d) != NULL; i++) {
		uint64_t at = e->dyn_off + i * SIZE(e, Dyn);

		if (is_address(d.d_tag) && d.d_un.d_ptr > t->symtab &&
			d.d_un.d_ptr < t->after_symtab)
			t->after_symtab = d.d_un.d_ptr;
		if (d.d_tag != DT_NEEDED || k >= e->n_needed)
			continue;
		enum pqm_st st =
			read_name(e, at, d.d_un.d_val, "needed library", &e->needed[k], err);

		if (st != PQM_OK)
			return st;
		k++;
	}
	e->n_needed = k;
	if (!t->has_soname)
		return PQM_OK;
	return read_name(e, e->dyn_off, t->soname, "soname", &e->soname, err);
}

/* The versions of the library at at of the table, which starts at base in the file. */
static enum pqm_st read_aux(struct pqm_elf *e, Elf_Data *data, uint64_t base, uint64_t at,
	const GElf_Verneed *need, struct pqm_err *err)
{
	uint64_t aux_off = at + need->vn_aux;
	struct pqm_elf_version v = { 0 };
	enum pqm_st st = read_name(e, base, need->vn_file, "library of versions", &v.file, err);
	GElf_Vernaux aux;

	for (size_t i = 0; st == PQM_OK && i < need->vn_cnt; i++) {
		if (aux_off >= data->d_size || gelf_getvernaux(data, (int)aux_off, &aux) == NULL)
			return bad(e, base + aux_off, err, "version %zu of %zu is not in the table",
				i + 1, (size_t)need->vn_cnt);
		if (e->n_versions >= PQM_ELF_VERSIONS)
			return over(e, base, "symbol versions", e->n_versions + 1, PQM_ELF_VERSIONS,
				err);
		st = read_name(e, base + aux_off, aux.vna_name, "version", &v.name, err);
		if (st != PQM_OK)
			return st;
		v.index = aux.vna_other & 0x7fff;
		struct pqm_elf_version *grown =
			pqm_grow(e->arena, e->versions, e->n_versions, &e->cap_versions);

		if (grown == NULL)
			return no_memory(err);
		e->versions = grown;
		e->versions[e->n_versions++] = v;
		if (v.index >= e->n_version_at)
			e->n_version_at = v.index + 1;
		if (aux.vna_next == 0)
			break;
		aux_off += aux.vna_next;
	}
	return st;
}

static enum pqm_st read_versions(struct pqm_elf *e, const struct tables *t, struct pqm_err *err)
{
	uint64_t base, left, at = 0;
	GElf_Verneed need;

	if (t->verneed == 0 || t->verneednum == 0)
		return PQM_OK;
	if (!locate(e, t->verneed, &base, &left))
		return bad(e, e->dyn_off, err,
			"the version table (address 0x%llx) is not in the file",
			(unsigned long long)t->verneed);
	Elf_Data *data = chunk(
		e, base, left < PQM_ELF_VERNEED_BYTES ? left : PQM_ELF_VERNEED_BYTES, ELF_T_VNEED);

	if (data == NULL)
		return bad(e, base, err, "version table: %s", elf_errmsg(-1));
	for (uint64_t i = 0; i < t->verneednum; i++) {
		if (at >= data->d_size || gelf_getverneed(data, (int)at, &need) == NULL)
			return bad(e, base + at, err, "library %llu of %llu is not in the table",
				(unsigned long long)i + 1, (unsigned long long)t->verneednum);
		enum pqm_st st = read_aux(e, data, base, at, &need, err);

		if (st != PQM_OK)
			return st;
		if (need.vn_next == 0)
			break;
		at += need.vn_next;
	}
	e->version_at = pqm_new(e->arena, uint16_t, e->n_version_at);
	if (e->version_at == NULL)
		return no_memory(err);
	for (size_t i = 0; i < e->n_versions; i++)
		e->version_at[e->versions[i].index] = (uint16_t)(i + 1);
	return PQM_OK;
}

static bool section_count(const struct pqm_elf *e, uint64_t symbols_off, uint64_t *n)
{
	GElf_Shdr sh;

	for (size_t i = 1; i < e->shnum; i++) {
		if (gelf_getshdr(elf_getscn(e->handle, i), &sh) == NULL ||
			sh.sh_type != SHT_DYNSYM || sh.sh_offset != symbols_off)
			continue;
		*n = sh.sh_size / SIZE(e, Sym);
		return true;
	}
	return false;
}

/* DT_HASH tells the number of symbols [gABI ch. 5]; its words are 64 bits wide on two machines. */
static bool hash_count(const struct pqm_elf *e, uint64_t addr, uint64_t *n)
{
	uint64_t off, left, machine = FIELD(e, 0, Ehdr, e_machine);
	size_t width = e->is_64 && (machine == EM_S390 || machine == EM_ALPHA) ? 8 : 4;

	if (addr == 0 || !locate(e, addr, &off, &left) || left < 2 * width)
		return false;
	*n = word(e, off + width, width);
	return true;
}

/* The symbol table has no length of its own. */
static enum pqm_st place_symbols(struct pqm_elf *e, const struct tables *t, struct pqm_err *err)
{
	uint64_t off, left, n, versym_left;

	if (!t->has_symtab)
		return PQM_OK;
	if (t->syment != SIZE(e, Sym))
		return bad(e, e->dyn_off, err, "a symbol is said to have %llu bytes, not %zu",
			(unsigned long long)t->syment, SIZE(e, Sym));
	if (!locate(e, t->symtab, &off, &left))
		return bad(e, e->dyn_off, err,
			"the symbol table (address 0x%llx) is not in the file",
			(unsigned long long)t->symtab);
	e->is_count_exact = section_count(e, off, &n) || hash_count(e, t->hash, &n);
	if (!e->is_count_exact) {
		uint64_t gap = t->after_symtab - t->symtab;

		n = (gap < left ? gap : left) / SIZE(e, Sym);
	} else if (n > left / SIZE(e, Sym)) {
		return bad(e, off, err, "%llu symbols do not fit their segment (%llu bytes)",
			(unsigned long long)n, (unsigned long long)left);
	}
	if (n > PQM_ELF_SYMBOLS)
		return over(e, off, "symbols", n, PQM_ELF_SYMBOLS, err);
	e->symbols_off = off;
	e->n_symbols = n;
	if (t->versym == 0 || n == 0)
		return PQM_OK;
	if (!locate(e, t->versym, &e->sym_versions_off, &versym_left) || versym_left / 2 < n)
		return bad(e, e->dyn_off, err,
			"the versions of %llu symbols (address 0x%llx) are not in the file",
			(unsigned long long)n, (unsigned long long)t->versym);
	return PQM_OK;
}

static enum pqm_st read_dynamic(struct pqm_elf *e, bool has_interp, struct pqm_err *err)
{
	struct tables t = { .after_symtab = UINT64_MAX };
	size_t n = 0;
	Elf_Data *data =
		e->dyn_bytes < SIZE(e, Dyn) ? NULL : chunk(e, e->dyn_off, e->dyn_bytes, ELF_T_DYN);

	if (data == NULL)
		return bad(e, e->dyn_off, err, "the dynamic segment has %llu bytes",
			(unsigned long long)e->dyn_bytes);
	enum pqm_st st = scan_dynamic(e, data, &n, &t, err);

	if (st == PQM_OK)
		st = find_strings(e, &t, err);
	if (st == PQM_OK)
		st = read_needed(e, data, n, &t, err);
	if (st == PQM_OK)
		st = read_versions(e, &t, err);
	if (st == PQM_OK)
		st = place_symbols(e, &t, err);
	/* Some libraries can be started too (libc.so.6): they have a soname. */
	e->is_program |= (t.flags_1 & DF_1_PIE) != 0 || (has_interp && !t.has_soname);
	e->is_dynamic = st == PQM_OK;
	return st;
}

enum pqm_st pqm_elf_open(
	struct pqm_elf *e, pqm_bytes body, struct pqm_arena *arena, struct pqm_err *err)
{
	struct segments s = { .cut = SIZE_MAX };
	bool is_linked = false;

	*e = (struct pqm_elf){ .body = body, .arena = arena };
	enum pqm_st st = check_header(e, &is_linked, err);

	if (st != PQM_OK || !is_linked || e->phnum == 0)
		return st;
	/* libelf takes a writable pointer but only reads: nothing here calls elf_update. */
	e->handle = elf_memory((char *)(uintptr_t)body.p, body.n);
	if (e->handle == NULL)
		return bad(e, 0, err, "%s", elf_errmsg(-1));
	st = read_segments(e, &s, err);
	if (st != PQM_OK)
		return st;
	if ((s.has_dynamic || s.cut != SIZE_MAX) && is_debug_only(e))
		return PQM_OK;
	if (s.cut != SIZE_MAX)
		return bad(e, FIELD(e, 0, Ehdr, e_phoff) + s.cut * SIZE(e, Phdr), err,
			"segment %zu ends behind the file's %zu bytes", s.cut, body.n);
	return s.has_dynamic ? read_dynamic(e, s.has_interp, err) : PQM_OK;
}

enum pqm_st pqm_elf_symbols(struct pqm_elf *e, struct pqm_err *err)
{
	e->next = 1; /* symbol 0 is always the empty one [gABI ch. 4] */
	if (e->n_symbols == 0)
		return PQM_OK;
	e->symbol_data = chunk(e, e->symbols_off, e->n_symbols * SIZE(e, Sym), ELF_T_SYM);
	if (e->symbol_data == NULL)
		return bad(e, e->symbols_off, err, "symbols: %s", elf_errmsg(-1));
	if (e->sym_versions_off == 0)
		return PQM_OK;
	e->version_data = chunk(e, e->sym_versions_off, e->n_symbols * 2, ELF_T_HALF);
	if (e->version_data == NULL)
		return bad(e, e->sym_versions_off, err, "symbol versions: %s", elf_errmsg(-1));
	return PQM_OK;
}

static const struct pqm_elf_version *version_of(const struct pqm_elf *e, uint64_t i)
{
	GElf_Versym v;

	if (e->version_data == NULL || gelf_getversym(e->version_data, (int)i, &v) == NULL)
		return NULL;
	v &= 0x7fff;
	if (v >= e->n_version_at || e->version_at[v] == 0)
		return NULL;
	return &e->versions[e->version_at[v] - 1];
}

enum pqm_st pqm_elf_next(struct pqm_elf *e, struct pqm_elf_sym *out, struct pqm_err *err)
{
	GElf_Sym sym;

	for (; e->symbol_data != NULL && e->next < e->n_symbols; e->next++) {
		uint64_t i = e->next, off = e->symbols_off + i * SIZE(e, Sym);
		pqm_bytes name;

		if (gelf_getsym(e->symbol_data, (int)i, &sym) == NULL)
			return bad(e, off, err, "symbol %llu: %s", (unsigned long long)i,
				elf_errmsg(-1));
		if (sym.st_name == 0 || GELF_ST_BIND(sym.st_info) == STB_LOCAL)
			continue;
		if (sym.st_name >= e->strings.n && !e->is_count_exact)
			break; /* the table was shorter than the room up to the next one */
		if (sym.st_name >= e->strings.n)
			return bad(e, off, err,
				"symbol %llu: no text at %llu of a string table of %zu bytes",
				(unsigned long long)i, (unsigned long long)sym.st_name,
				e->strings.n);
		if (!string_at(e, sym.st_name, PQM_ELF_SYMBOL_BYTES, &name) || name.n == 0)
			continue;
		e->next++;
		out->name = name;
		out->is_defined = sym.st_shndx != SHN_UNDEF;
		out->version = out->is_defined ? NULL : version_of(e, i);
		out->off = off;
		return PQM_OK;
	}
	out->name = (pqm_bytes){ NULL, 0 };
	return PQM_OK;
}

static bool take_range(const struct pqm_elf *e, uint64_t off, uint64_t n, pqm_bytes *out)
{
	if (!inside(e, off, n))
		return false;
	*out = pqm_sub(e->body, (size_t)off, (size_t)n);
	return out->n > 0;
}

static bool next_section(const struct pqm_elf *e, size_t *i, pqm_bytes *out)
{
	while (*i < e->shnum) {
		Elf_Scn *s = elf_getscn(e->handle, (*i)++);
		GElf_Shdr h;

		if (s != NULL && gelf_getshdr(s, &h) != NULL && h.sh_type == SHT_PROGBITS &&
			(h.sh_flags & SHF_ALLOC) != 0 && (h.sh_flags & SHF_EXECINSTR) == 0 &&
			take_range(e, h.sh_offset, h.sh_size, out))
			return true;
	}
	return false;
}

/* Files without section headers: texts may stand in the segment of the code. */
static bool next_segment(const struct pqm_elf *e, size_t *i, pqm_bytes *out)
{
	while (*i < e->phnum) {
		GElf_Phdr h;

		if (gelf_getphdr(e->handle, (int)(*i)++, &h) == NULL)
			return false;
		if (h.p_type == PT_LOAD && take_range(e, h.p_offset, h.p_filesz, out))
			return true;
	}
	return false;
}

bool pqm_elf_data(const struct pqm_elf *e, size_t *i, pqm_bytes *out)
{
	return e->shnum > 0 ? next_section(e, i, out) : next_segment(e, i, out);
}

void pqm_elf_close(struct pqm_elf *e)
{
	if (e->handle != NULL)
		(void)elf_end(e->handle);
	e->handle = NULL;
}
