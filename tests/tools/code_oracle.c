/* code_oracle.c — holds the decoders of parse/code_x86.c and code_a64.c against Capstone's, over the executable
 * sections of files: the same lengths, no register written that ours leaves standing, no store that it overlooks.
 *
 * code_oracle FILE...   prints differences, then a line with counts; exit code 1 when there are any */
#include <capstone/capstone.h>
#include <elf.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "parse/code_int.h"

#define SHOWN 40

static unsigned long n_insns, n_wrong, n_invalid;

static int x86_gpr(csh h, unsigned r)
{
	static const char *const ROOT[] = { "ax", "cx", "dx", "bx", "sp", "bp", "si", "di" };
	const char *name = cs_reg_name(h, r);

	if (name == NULL || r == X86_REG_EFLAGS || r == X86_REG_RIP || r == X86_REG_EIP)
		return -1;
	if (name[0] == 'r' && name[1] >= '0' && name[1] <= '9')
		return name[2] >= '0' && name[2] <= '9' ? 10 + name[2] - '0' : name[1] - '0';
	for (int i = 0; i < 8; i++) {
		size_t n = strlen(name);
		char b[4] = { ROOT[i][0], 0 };

		if (n >= 2 && strcmp(name + n - 2, ROOT[i]) == 0 && n <= 3)
			return i;
		if (i < 4 && n == 2 && name[0] == b[0] && (name[1] == 'l' || name[1] == 'h'))
			return i;
		if (n == 3 && name[0] == ROOT[i][0] && name[1] == ROOT[i][1] && name[2] == 'l')
			return i;
	}
	return -1;
}

static int a64_gpr(unsigned r)
{
	if (r >= ARM64_REG_X0 && r <= ARM64_REG_X28)
		return (int)(r - ARM64_REG_X0);
	if (r >= ARM64_REG_W0 && r <= ARM64_REG_W30)
		return (int)(r - ARM64_REG_W0);
	if (r == ARM64_REG_X29)
		return 29;
	if (r == ARM64_REG_X30)
		return 30;
	if (r == ARM64_REG_SP || r == ARM64_REG_WSP)
		return 31;
	return -1;
}

static uint32_t ours(const struct pqm_insn *o, bool is_a64)
{
	uint32_t m = o->kills;

	if (o->dst < 32)
		m |= 1u << o->dst;
	if (o->dst2 < 32)
		m |= 1u << o->dst2;
	if (o->writes_back && o->base < 32)
		m |= 1u << o->base;
	switch ((enum pqm_op)o->op) {
	case PQM_OP_PUSH:
	case PQM_OP_POP:
		return m | 1u << 4;
	case PQM_OP_LEAVE:
		return m | 1u << 4 | 1u << 5;
	case PQM_OP_CALL:
	case PQM_OP_CALL_IND:
	case PQM_OP_RET:
	case PQM_OP_STOP:
	case PQM_OP_BAD:
		return UINT32_MAX;
	default:
		return m | (is_a64 ? 0 : 0);
	}
}

static bool we_store(const struct pqm_insn *o)
{
	return o->stores || o->op == PQM_OP_STORE || o->op == PQM_OP_STORE_IMM;
}

static void wrong(const cs_insn *i, const char *what)
{
	if (n_wrong++ < SHOWN) {
		printf("%s: %lx", what, (unsigned long)i->address);
		for (int k = 0; k < i->size; k++)
			printf(" %02x", i->bytes[k]);
		printf("  %s %s\n", i->mnemonic, i->op_str);
	}
}

/* Capstone 4 has these write what they only read. */
static bool is_reader(const char *m)
{
	static const char *const READERS[] = { "test", "cdq", "cqo", "cwd", "cmp", "cmn", "tst",
		"ccmp", "ccmn", "cbz", "cbnz", "tbz", "tbnz", "svc", "msr" };

	for (size_t i = 0; i < sizeof(READERS) / sizeof(READERS[0]); i++)
		if (strcmp(m, READERS[i]) == 0)
			return true;
	return false;
}

static void compare(csh h, const cs_insn *i, const struct pqm_insn *o, bool is_a64)
{
	cs_regs reads, writes;
	uint8_t n_reads = 0, n_writes = 0;

	n_insns++;
	if (o->len != i->size) {
		wrong(i, "length");
		return;
	}
	if (is_reader(i->mnemonic))
		return;
	if (cs_regs_access(h, i, reads, &n_reads, writes, &n_writes) != 0)
		return;
	uint32_t mine = ours(o, is_a64);

	for (int k = 0; k < n_writes; k++) {
		int r = is_a64 ? a64_gpr(writes[k]) : x86_gpr(h, writes[k]);

		if (r >= 0 && (mine >> r & 1) == 0) {
			wrong(i, cs_reg_name(h, writes[k]));
			return;
		}
	}
	if (is_a64) {
		const cs_arm64 *d = &i->detail->arm64;

		for (int k = 0; k < d->op_count; k++)
			if (d->operands[k].type == ARM64_OP_MEM &&
				(d->operands[k].access & CS_AC_WRITE) != 0 && !we_store(o) &&
				i->mnemonic[0] == 's')
				wrong(i, "store");
		return;
	}
	const cs_x86 *d = &i->detail->x86;

	for (int k = 0; k < d->op_count; k++)
		if (d->operands[k].type == X86_OP_MEM &&
			(d->operands[k].access & CS_AC_WRITE) != 0 &&
			d->operands[k].mem.segment != X86_REG_FS && !we_store(o) &&
			o->op != PQM_OP_CALL_IND && o->op != PQM_OP_JUMP_IND)
			wrong(i, "store");
}

static void section(csh h, const uint8_t *p, size_t n, uint64_t addr, bool is_a64)
{
	cs_insn *i = cs_malloc(h);
	const uint8_t *at = p;
	size_t left = n;
	uint64_t a = addr;

	while (left > 0) {
		struct pqm_insn o;

		if (is_a64)
			pqm_a64_decode(&o, at, left, a);
		else
			pqm_x86_decode(&o, at, left, a);
		if (!cs_disasm_iter(h, &at, &left, &a, i)) {
			size_t step = is_a64 ? 4 : 1;

			n_invalid++;
			if (left < step)
				break;
			at += step;
			left -= step;
			a += step;
			continue;
		}
		compare(h, i, &o, is_a64);
	}
	cs_free(i, 1);
}

static void file(const uint8_t *p, size_t n)
{
	const Elf64_Ehdr *e = (const void *)p;
	csh h;

	if (n < sizeof(*e) || memcmp(p, ELFMAG, 4) != 0 || p[EI_CLASS] != ELFCLASS64)
		return;
	bool is_a64 = e->e_machine == EM_AARCH64;

	if ((!is_a64 && e->e_machine != EM_X86_64) || e->e_shoff > n ||
		(n - e->e_shoff) / sizeof(Elf64_Shdr) < e->e_shnum)
		return;
	if (cs_open(is_a64 ? CS_ARCH_ARM64 : CS_ARCH_X86, is_a64 ? CS_MODE_ARM : CS_MODE_64, &h) !=
		CS_ERR_OK)
		return;
	cs_option(h, CS_OPT_DETAIL, CS_OPT_ON);
	const Elf64_Shdr *s = (const void *)(p + e->e_shoff);

	for (unsigned k = 0; k < e->e_shnum; k++)
		if ((s[k].sh_flags & SHF_EXECINSTR) != 0 && s[k].sh_type == SHT_PROGBITS &&
			s[k].sh_offset < n && s[k].sh_size <= n - s[k].sh_offset)
			section(h, p + s[k].sh_offset, s[k].sh_size, s[k].sh_addr, is_a64);
	cs_close(&h);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		struct stat s;
		int fd = open(argv[i], O_RDONLY | O_CLOEXEC);

		if (fd < 0 || fstat(fd, &s) != 0 || s.st_size == 0) {
			if (fd >= 0)
				close(fd);
			continue;
		}
		void *p = mmap(NULL, (size_t)s.st_size, PROT_READ, MAP_PRIVATE, fd, 0);

		close(fd);
		if (p == MAP_FAILED)
			continue;
		file(p, (size_t)s.st_size);
		munmap(p, (size_t)s.st_size);
	}
	printf("%lu instructions, %lu invalid, %lu different\n", n_insns, n_invalid, n_wrong);
	return n_wrong != 0;
}
