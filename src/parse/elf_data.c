/* elf_data.c — where a linked file keeps its texts and tables. */
#include <gelf.h>

#include "base/num.h"
#include "elf.h"

static bool put(const struct pqm_elf *e, uint64_t off, uint64_t n, pqm_bytes *out)
{
	if (off > e->body.n || n > e->body.n - off)
		return false;
	*out = pqm_sub(e->body, (size_t)off, (size_t)(off + n));
	return out->n > 0;
}

static bool next_section(const struct pqm_elf *e, size_t *i, pqm_bytes *out)
{
	while (*i < e->shnum) {
		Elf_Scn *s = elf_getscn(e->handle, (*i)++);
		GElf_Shdr h;

		if (s != NULL && gelf_getshdr(s, &h) != NULL && h.sh_type == SHT_PROGBITS &&
			(h.sh_flags & SHF_ALLOC) != 0 && (h.sh_flags & SHF_EXECINSTR) == 0 &&
			put(e, h.sh_offset, h.sh_size, out))
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
		if (h.p_type == PT_LOAD && put(e, h.p_offset, h.p_filesz, out))
			return true;
	}
	return false;
}

bool pqm_elf_data(const struct pqm_elf *e, size_t *i, pqm_bytes *out)
{
	return e->shnum > 0 ? next_section(e, i, out) : next_segment(e, i, out);
}
