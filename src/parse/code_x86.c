/* code_x86.c — x86-64 instructions: their length, what they do to registers [Intel SDM vol. 2]. */
#include "code_int.h"

enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI };

#define BIT(r) (1u << (r))
#define LONGEST 15 /* bytes of one instruction [SDM vol. 2 §2.3.11] */

/* One instruction while it is read. */
struct in {
	const uint8_t *p;
	size_t n, at;
	uint64_t addr;
	uint8_t rex, rep; /* rep: f2, f3 or 0 */
	bool has_66, has_67, is_bad, has_rex, has_seg;
	uint8_t mod, reg, rm; /* with the bits of REX or VEX */
	bool has_rip;
	struct pqm_insn *out;
};

static uint8_t u8(struct in *x)
{
	if (x->at >= x->n) {
		x->is_bad = true;
		return 0;
	}
	return x->p[x->at++];
}

static uint64_t uint_of(struct in *x, size_t n)
{
	uint64_t v = 0;

	if (n > x->n - x->at) {
		x->is_bad = true;
		return 0;
	}
	for (size_t i = 0; i < n; i++)
		v |= (uint64_t)x->p[x->at + i] << (8 * i);
	x->at += n;
	return v;
}

/* A number of n bytes, its sign extended to 64 bits. */
static int64_t int_of(struct in *x, size_t n)
{
	uint64_t v = uint_of(x, n);

	switch (n) {
	case 1:
		return (int8_t)v;
	case 2:
		return (int16_t)v;
	case 4:
		return (int32_t)v;
	default:
		return (int64_t)v;
	}
}

static void read_modrm(struct in *x)
{
	struct pqm_insn *o = x->out;
	uint8_t b = u8(x);

	x->mod = b >> 6;
	x->reg = (uint8_t)((b >> 3 & 7) | (x->rex & 4) << 1);
	x->rm = (uint8_t)((b & 7) | (x->rex & 1) << 3);
	if (x->mod == 3)
		return;
	o->base = x->rm;
	if ((b & 7) == 4) {
		uint8_t sib = u8(x);
		uint8_t index = (uint8_t)((sib >> 3 & 7) | (x->rex & 2) << 2);

		o->base = (uint8_t)((sib & 7) | (x->rex & 1) << 3);
		o->index = index == RSP ? PQM_NO_REG : index;
		o->scale = (uint8_t)(1u << (sib >> 6));
		if ((sib & 7) == 5 && x->mod == 0) {
			o->base = PQM_REG_ABS;
			o->disp = int_of(x, 4);
		}
	} else if ((b & 7) == 5 && x->mod == 0) {
		o->base = PQM_REG_ABS;
		o->disp = int_of(x, 4);
		x->has_rip = true;
	}
	if (x->mod == 1)
		o->disp = int_of(x, 1);
	else if (x->mod == 2)
		o->disp = int_of(x, 4);
	/* Segments fs and gs have bases of their own, 67 cuts addresses: none of ours. */
	if (x->has_seg || x->has_67) {
		o->base = PQM_NO_REG;
		o->index = PQM_NO_REG;
	}
}

static uint8_t size_of(const struct in *x)
{
	return (x->rex & 8) != 0 ? 8 : x->has_66 ? 2 : 4;
}

static size_t immz(const struct in *x)
{
	return x->has_66 && (x->rex & 8) == 0 ? 2 : 4;
}

/* The register that a byte operand names; without REX 4 to 7 are ah to bh. */
static uint32_t byte_reg(const struct in *x, uint8_t r)
{
	return !x->has_rex && r >= 4 && r < 8 ? BIT(r & 3) | BIT(r) : BIT(r);
}

static void kill_rm(struct in *x, bool is_byte)
{
	if (x->mod == 3)
		x->out->kills |= is_byte ? byte_reg(x, x->rm) : BIT(x->rm);
	else
		x->out->stores = true;
}

static void op(struct in *x, enum pqm_op o)
{
	x->out->op = (uint8_t)o;
}

/* dst = dst OP imm, for the group of 80, 81 and 83. */
static void alu_imm(struct in *x, uint64_t imm, bool is_byte)
{
	unsigned kind = x->reg & 7;
	struct pqm_insn *o = x->out;

	if (kind == 7) /* cmp */
		return;
	if (x->mod != 3 || is_byte || size_of(x) < 4 ||
		(kind != 0 && kind != 1 && kind != 4 && kind != 5)) {
		kill_rm(x, is_byte);
		return;
	}
	o->dst = o->src = x->rm;
	o->size = size_of(x);
	o->imm = imm;
	if (kind == 5)
		o->imm = 0 - imm;
	op(x, kind == 1 ? PQM_OP_OR : kind == 4 ? PQM_OP_AND : PQM_OP_ADD);
}

/* 00 to 3f: add or adc sbb and sub xor cmp, each in six forms. */
static void alu(struct in *x, uint8_t code)
{
	unsigned kind = code >> 3, form = code & 7;
	struct pqm_insn *o = x->out;

	if (form == 4) {
		(void)uint_of(x, 1);
		o->kills = kind == 7 ? 0 : BIT(RAX);
		return;
	}
	if (form == 5) {
		x->mod = 3;
		x->rm = RAX;
		x->reg = (uint8_t)kind;
		alu_imm(x, (uint64_t)int_of(x, immz(x)), false);
		return;
	}
	if (form > 5) {
		x->is_bad = true;
		return;
	}
	read_modrm(x);
	o->loads = x->mod != 3;
	if (kind == 7)
		return;
	if ((form & 1) != 0 && x->mod == 3 && x->reg == x->rm && (kind == 6 || kind == 5) &&
		size_of(x) >= 4) {
		o->dst = x->rm;
		op(x, PQM_OP_ZERO);
	} else if (form == 0 || form == 1) {
		kill_rm(x, form == 0);
	} else {
		o->kills = form == 2 ? byte_reg(x, x->reg) : BIT(x->reg);
	}
}

static void mov_rm(struct in *x, uint8_t code)
{
	struct pqm_insn *o = x->out;

	read_modrm(x);
	o->size = (code & 1) != 0 ? size_of(x) : 1;
	if (code == 0x88 || code == 0x89) {
		o->src = x->reg;
		o->dst = x->rm;
		if (x->mod != 3) {
			o->dst = PQM_NO_REG;
			if (code == 0x88 && !x->has_rex && x->reg >= 4)
				o->src = PQM_NO_REG; /* ah to bh: not followed */
			op(x, PQM_OP_STORE);
			return;
		}
	} else {
		o->dst = x->reg;
		o->src = x->rm;
		o->loads = x->mod != 3;
		if (x->mod != 3) {
			o->src = PQM_NO_REG;
			op(x, PQM_OP_LOAD);
		}
	}
	if (o->size < 4) {
		o->kills = o->size == 1 ? byte_reg(x, o->dst) : BIT(o->dst);
		op(x, PQM_OP_OTHER);
	} else if (x->mod == 3) {
		op(x, PQM_OP_MOV);
	}
}

static void group_f6(struct in *x, bool is_byte)
{
	read_modrm(x);
	unsigned kind = x->reg & 7;

	x->out->loads = x->mod != 3;
	if (kind < 2)
		(void)uint_of(x, is_byte ? 1 : immz(x));
	else if (kind < 4)
		kill_rm(x, is_byte);
	else
		x->out->kills = BIT(RAX) | BIT(RDX);
}

static void group_ff(struct in *x)
{
	struct pqm_insn *o = x->out;

	read_modrm(x);
	unsigned kind = x->reg & 7;

	o->loads = x->mod != 3;
	o->src = x->mod == 3 ? x->rm : PQM_NO_REG;
	switch (kind) {
	case 0:
	case 1:
		o->src = PQM_NO_REG;
		if (x->mod == 3 && size_of(x) >= 4) {
			o->dst = o->src = x->rm;
			o->size = size_of(x);
			o->imm = kind == 0 ? 1 : UINT64_MAX;
			op(x, PQM_OP_ADD);
		} else {
			kill_rm(x, false);
		}
		return;
	case 2:
		o->size = 8;
		op(x, PQM_OP_CALL_IND);
		return;
	case 3:
		o->kills = UINT32_MAX & ~BIT(RSP);
		return;
	case 4:
		o->size = 8;
		op(x, PQM_OP_JUMP_IND);
		return;
	case 5:
		op(x, PQM_OP_STOP);
		return;
	case 6:
		op(x, PQM_OP_PUSH);
		o->size = 8;
		return;
	default:
		x->is_bad = true;
	}
}

static void branch(struct in *x, enum pqm_op o, size_t n)
{
	int64_t rel = int_of(x, n);

	op(x, o);
	x->out->imm = x->addr + x->at + (uint64_t)rel;
}

static void one_50_6f(struct in *x, uint8_t code)
{
	struct pqm_insn *o = x->out;

	if (code < 0x60) {
		uint8_t r = (uint8_t)((code & 7) | (x->rex & 1) << 3);

		o->size = 8;
		if (code < 0x58)
			o->src = r;
		else
			o->dst = r;
		op(x, code < 0x58 ? PQM_OP_PUSH : PQM_OP_POP);
		return;
	}
	switch (code) {
	case 0x63: /* movsxd */
		read_modrm(x);
		o->loads = x->mod != 3;
		o->kills = BIT(x->reg);
		if (x->mod == 3 && size_of(x) == 8) {
			o->kills = 0;
			o->dst = x->reg;
			o->src = x->rm;
			op(x, PQM_OP_SEXT);
		}
		if (x->mod != 3 && size_of(x) == 8) {
			o->kills = 0;
			o->dst = x->reg;
			o->size = 4;
			o->is_signed = true;
			op(x, PQM_OP_LOAD);
		}
		return;
	case 0x68:
	case 0x6a:
		o->imm = (uint64_t)int_of(x, code == 0x68 ? immz(x) : 1);
		o->size = 8;
		op(x, PQM_OP_PUSH);
		return;
	case 0x69:
	case 0x6b:
		read_modrm(x);
		o->loads = x->mod != 3;
		o->kills = BIT(x->reg);
		(void)uint_of(x, code == 0x69 ? immz(x) : 1);
		return;
	case 0x6c:
	case 0x6d:
	case 0x6e:
	case 0x6f:
		o->kills = BIT(RDI) | BIT(RSI) | BIT(RCX);
		o->stores = true;
		return;
	default:
		x->is_bad = true;
	}
}

static void one_80_8f(struct in *x, uint8_t code)
{
	struct pqm_insn *o = x->out;

	switch (code) {
	case 0x80:
	case 0x81:
	case 0x83:
		read_modrm(x);
		o->loads = x->mod != 3;
		alu_imm(x, (uint64_t)int_of(x, code == 0x81 ? immz(x) : 1), code == 0x80);
		return;
	case 0x82:
		x->is_bad = true;
		return;
	case 0x84:
	case 0x85: /* test */
		read_modrm(x);
		o->loads = x->mod != 3;
		return;
	case 0x86:
	case 0x87: /* xchg */
		read_modrm(x);
		kill_rm(x, code == 0x86);
		o->kills |= code == 0x86 ? byte_reg(x, x->reg) : BIT(x->reg);
		return;
	case 0x8d:
		read_modrm(x);
		o->dst = x->reg;
		o->size = size_of(x);
		op(x, PQM_OP_LEA);
		x->is_bad |= x->mod == 3;
		return;
	case 0x8c:
		read_modrm(x);
		kill_rm(x, false);
		return;
	case 0x8e:
		read_modrm(x);
		return;
	case 0x8f:
		read_modrm(x);
		if (x->mod == 3) {
			o->dst = x->rm;
			o->size = 8;
			op(x, PQM_OP_POP);
		} else {
			o->stores = true;
			o->kills = BIT(RSP);
		}
		return;
	default:
		mov_rm(x, code);
	}
}

static void one_90_bf(struct in *x, uint8_t code)
{
	struct pqm_insn *o = x->out;
	uint8_t r = (uint8_t)((code & 7) | (x->rex & 1) << 3);

	if (code >= 0xb8) {
		o->dst = r;
		o->size = size_of(x);
		o->imm = uint_of(x, o->size);
		if (o->size == 2)
			o->kills = BIT(r);
		op(x, o->size == 2 ? PQM_OP_OTHER : PQM_OP_IMM);
	} else if (code >= 0xb0) {
		(void)u8(x);
		o->kills = byte_reg(x, r);
	} else if (code == 0x90 && r == 0) {
		return;
	} else if (code < 0x98) {
		o->kills = BIT(RAX) | BIT(r);
	} else if (code == 0x98 && size_of(x) == 8) { /* cdqe */
		o->dst = o->src = RAX;
		op(x, PQM_OP_SEXT);
	} else if (code == 0x98) {
		o->kills = BIT(RAX);
	} else if (code == 0x99) {
		o->kills = BIT(RDX);
	} else if (code == 0x9a) {
		x->is_bad = true;
	} else if (code == 0x9c || code == 0x9d) { /* pushf, popf */
		o->dst = o->src = RSP;
		o->size = 8;
		o->imm = code == 0x9c ? (uint64_t)-8 : 8;
		op(x, PQM_OP_ADD);
	} else if (code == 0x9f) {
		o->kills = BIT(RAX);
	} else if (code >= 0xa0 && code <= 0xa3) {
		(void)uint_of(x, x->has_67 ? 4 : 8);
		o->kills = code < 0xa2 ? BIT(RAX) : 0;
		o->stores = code >= 0xa2;
	} else if (code == 0xa8 || code == 0xa9) {
		(void)uint_of(x, code == 0xa8 ? 1 : immz(x));
	} else if (code >= 0xa4) { /* string operations */
		o->kills = BIT(RDI) | BIT(RSI) | BIT(RCX) | BIT(RAX);
		o->stores = code == 0xa4 || code == 0xa5 || code == 0xaa || code == 0xab;
		o->base = o->stores ? (uint8_t)RDI : PQM_NO_REG;
		o->index = o->stores ? (uint8_t)RCX : PQM_NO_REG;
	}
}

static void one_c0_df(struct in *x, uint8_t code)
{
	struct pqm_insn *o = x->out;

	switch (code) {
	case 0xc0:
	case 0xc1:
	case 0xd0:
	case 0xd1:
	case 0xd2:
	case 0xd3:
		read_modrm(x);
		o->loads = x->mod != 3;
		kill_rm(x, (code & 1) == 0);
		if (code < 0xd0)
			(void)u8(x);
		return;
	case 0xc2:
	case 0xc3:
		if (code == 0xc2)
			(void)uint_of(x, 2);
		op(x, PQM_OP_RET);
		return;
	case 0xc6:
	case 0xc7:
		if (x->at < x->n && x->p[x->at] == 0xf8) { /* xbegin, xabort */
			x->at++;
			(void)uint_of(x, code == 0xc7 ? immz(x) : 1);
			o->kills = BIT(RAX);
			return;
		}
		read_modrm(x);
		o->size = code == 0xc6 ? 1 : size_of(x);
		o->imm = (uint64_t)int_of(x, code == 0xc6 ? 1 : immz(x));
		if (x->mod != 3) {
			op(x, PQM_OP_STORE_IMM);
			return;
		}
		o->dst = x->rm;
		op(x, o->size >= 4 ? PQM_OP_IMM : PQM_OP_OTHER);
		if (o->size < 4)
			o->kills = code == 0xc6 ? byte_reg(x, x->rm) : BIT(x->rm);
		if (o->size == 4)
			o->imm &= UINT32_MAX;
		return;
	case 0xc8:
		(void)uint_of(x, 3);
		o->kills = BIT(RSP) | BIT(RBP);
		return;
	case 0xc9:
		op(x, PQM_OP_LEAVE);
		return;
	case 0xca:
	case 0xcb:
	case 0xcf:
		if (code == 0xca)
			(void)uint_of(x, 2);
		op(x, PQM_OP_STOP);
		return;
	case 0xcc:
		op(x, PQM_OP_STOP);
		return;
	case 0xcd:
		(void)u8(x);
		o->kills = UINT32_MAX & ~BIT(RSP);
		return;
	case 0xd7:
		o->kills = BIT(RAX);
		return;
	default:
		if (code < 0xd8) {
			x->is_bad = true;
			return;
		}
		read_modrm(x); /* x87; fnstsw ax is the only one that writes a register */
		o->loads = x->mod != 3;
		o->stores = x->mod != 3;
		o->kills = code == 0xdf ? BIT(RAX) : 0;
	}
}

static void one_e0_ff(struct in *x, uint8_t code)
{
	struct pqm_insn *o = x->out;

	switch (code) {
	case 0xe0:
	case 0xe1:
	case 0xe2:
	case 0xe3:
		branch(x, PQM_OP_JUMP_IF, 1);
		o->kills = BIT(RCX);
		return;
	case 0xe4:
	case 0xe5:
	case 0xe6:
	case 0xe7:
		(void)u8(x);
		o->kills = BIT(RAX);
		return;
	case 0xe8:
		branch(x, PQM_OP_CALL, 4);
		return;
	case 0xe9:
		branch(x, PQM_OP_JUMP, 4);
		return;
	case 0xeb:
		branch(x, PQM_OP_JUMP, 1);
		return;
	case 0xec:
	case 0xed:
		o->kills = BIT(RAX);
		return;
	case 0xf4:
		op(x, PQM_OP_STOP);
		return;
	case 0xf6:
	case 0xf7:
		group_f6(x, code == 0xf6);
		return;
	case 0xfe:
		read_modrm(x);
		o->loads = x->mod != 3;
		x->is_bad |= (x->reg & 7) > 1;
		kill_rm(x, true);
		return;
	case 0xff:
		group_ff(x);
		return;
	case 0xea:
		x->is_bad = true;
		return;
	default:
		return; /* out, int1, cmc, clc to std */
	}
}

/* Opcodes of map 1 that work on vectors, or on nothing, and leave the general registers alone. */
static bool is_vector(uint8_t code)
{
	if (code >= 0x10 && code <= 0x1f)
		return true;
	if (code >= 0x28 && code <= 0x2f)
		return code != 0x2c && code != 0x2d;
	if (code >= 0x51 && code <= 0x7f)
		return code != 0x7e && code != 0x78 && code != 0x79;
	return code == 0xc2 || code == 0xc4 || code == 0xc6 ||
		(code >= 0xd0 && code != 0xd7 && code != 0xff);
}

/* Vector opcodes of map 1 whose memory operand is written. */
static bool vector_stores(uint8_t code)
{
	switch (code) {
	case 0x11:
	case 0x13:
	case 0x17:
	case 0x29:
	case 0x2b:
	case 0x7e:
	case 0x7f:
	case 0xd6:
	case 0xe7:
	case 0xf7:
		return true;
	default:
		return false;
	}
}

static void two_vector(struct in *x, uint8_t code)
{
	struct pqm_insn *o = x->out;

	if (code == 0x77)
		return; /* emms, vzeroupper: no operands */
	read_modrm(x);
	o->loads = x->mod != 3;
	o->stores = vector_stores(code) && x->mod != 3;
	if (code == 0xf7) { /* maskmov: to [rdi] */
		o->stores = true;
		o->base = RDI;
	}
	if ((code >= 0x70 && code <= 0x73) || code == 0xc2 || code == 0xc4 || code == 0xc6)
		(void)u8(x);
}

static void two_gpr(struct in *x, uint8_t code)
{
	struct pqm_insn *o = x->out;

	if (code >= 0x40 && code <= 0x4f) { /* cmov */
		read_modrm(x);
		o->loads = x->mod != 3;
		o->dst = x->reg;
		o->src = x->mod == 3 ? x->rm : PQM_NO_REG;
		o->size = size_of(x);
		o->kills = BIT(x->reg);
		if (x->mod == 3 && o->size >= 4) {
			o->kills = 0;
			op(x, PQM_OP_SELECT);
		}
		return;
	}
	if (code >= 0x80 && code <= 0x8f) {
		branch(x, PQM_OP_JUMP_IF, 4);
		return;
	}
	if (code >= 0x90 && code <= 0x9f) {
		read_modrm(x);
		kill_rm(x, true);
		return;
	}
	if (code >= 0xc8 && code <= 0xcf) {
		o->kills = BIT((code & 7) | (x->rex & 1) << 3);
		return;
	}
	if ((code == 0xb6 || code == 0xb7)) { /* movzx */
		read_modrm(x);
		o->loads = x->mod != 3;
		o->kills = BIT(x->reg);
		if (x->mod != 3 && size_of(x) >= 4) {
			o->kills = 0;
			o->dst = x->reg;
			o->size = code == 0xb6 ? 1 : 2;
			op(x, PQM_OP_LOAD);
		}
		return;
	}
	read_modrm(x);
	o->loads = x->mod != 3;
	o->kills = BIT(x->reg);
	if (x->mod == 3)
		o->kills |= byte_reg(x, x->rm) | BIT(x->rm);
	/* bt* with a memory operand, cmpxchg, xadd, shld, movnti ... */
	o->stores = x->mod != 3;
	if (code == 0xb0 || code == 0xb1 || code == 0xc7)
		o->kills |= BIT(RAX) | BIT(RDX);
	if (code == 0xa6 || code == 0xa7) /* PadLock */
		o->kills = BIT(RAX) | BIT(RCX) | BIT(RDX) | BIT(RSI) | BIT(RDI);
	if (code == 0xa4 || code == 0xac || code == 0xba || code == 0xc5)
		(void)u8(x);
}

/* 0f 38 and 0f 3a */
static void three(struct in *x, bool has_imm)
{
	struct pqm_insn *o = x->out;
	uint8_t code = u8(x);

	read_modrm(x);
	if (has_imm)
		(void)u8(x);
	o->loads = x->mod != 3;
	if (!has_imm && code >= 0xf0) { /* movbe, crc32, adx */
		o->kills = BIT(x->reg);
		o->stores = x->mod != 3;
	} else if (has_imm && code >= 0x14 && code <= 0x17) {
		kill_rm(x, false);
	} else if (has_imm && code >= 0x60 && code <= 0x63) {
		o->kills = BIT(RCX);
	}
}

/* Opcodes behind 0f that do not exist in 64-bit mode. */
static bool is_hole(uint8_t code)
{
	return code == 0x04 || code == 0x0a || code == 0x0c || (code >= 0x24 && code <= 0x27) ||
		code == 0x36 || code == 0x39 || (code >= 0x3b && code <= 0x3f);
}

static void two(struct in *x)
{
	struct pqm_insn *o = x->out;
	uint8_t code = u8(x);

	switch (code) {
	case 0x05: /* syscall */
	case 0x07:
	case 0x34:
	case 0x35:
		o->kills = BIT(RAX) | BIT(RCX) | BIT(11);
		return;
	case 0x06:
	case 0x08:
	case 0x09:
	case 0x0e:
	case 0x30:
	case 0x37:
	case 0xa0:
	case 0xa8:
	case 0xaa:
		if (code == 0xa0 || code == 0xa8)
			o->kills = BIT(RSP);
		return;
	case 0xa1:
	case 0xa9:
		o->kills = BIT(RSP);
		return;
	case 0x0b:
		op(x, PQM_OP_STOP);
		return;
	case 0x0f: /* 3DNow! */
		read_modrm(x);
		(void)u8(x);
		return;
	case 0x31:
	case 0x32:
	case 0x33:
	case 0xa2:
		o->kills = BIT(RAX) | BIT(RBX) | BIT(RCX) | BIT(RDX);
		return;
	case 0x00:
	case 0x01: /* xgetbv and others */
		read_modrm(x);
		o->kills =
			BIT(RAX) | BIT(RBX) | BIT(RCX) | BIT(RDX) | (x->mod == 3 ? BIT(x->rm) : 0);
		o->stores = x->mod != 3;
		return;
	case 0x38:
	case 0x3a:
		three(x, code == 0x3a);
		return;
	case 0x0d:
		read_modrm(x);
		return;
	default:
		x->is_bad |= is_hole(code);
		if (is_vector(code))
			two_vector(x, code);
		else
			two_gpr(x, code);
		if (code == 0x78 && (x->has_66 || x->rep == 0xf2))
			(void)uint_of(x, 2); /* extrq, insertq */
	}
}

/* Bytes of immediates behind a VEX, EVEX or XOP instruction. */
static size_t wide_imm(unsigned map, uint8_t code)
{
	if (map == 3 || map == 8)
		return 1;
	if (map == 10)
		return 4;
	if (map == 1 &&
		((code >= 0x70 && code <= 0x73) || code == 0xc2 || code == 0xc4 || code == 0xc5 ||
			code == 0xc6))
		return 1;
	return 0;
}

/* The rest of a VEX, EVEX or XOP instruction; vvvv: its second source, or for BMI the destination. */
static void wide(struct in *x, unsigned map, uint8_t vvvv, bool is_evex)
{
	struct pqm_insn *o = x->out;
	uint8_t code = u8(x);
	bool is_bmi = !is_evex && (map == 2 || map == 3) && code >= 0xf0;
	bool is_mask = !is_evex && (map == 1 || map == 3) &&
		((code >= 0x90 && code <= 0x99) || (map == 3 && code >= 0x30 && code <= 0x33));

	if (map == 1 && code == 0x77 && !is_evex)
		return;
	read_modrm(x);
	/* Registers beyond 15 are vectors only. */
	x->reg &= 15;
	x->rm &= 15;
	for (size_t i = wide_imm(map, code); i > 0; i--)
		(void)u8(x);
	o->loads = x->mod != 3;
	o->stores = x->mod != 3 && (map != 1 || vector_stores(code) || is_mask);
	if (is_bmi || map >= 8)
		o->kills = BIT(x->reg) | BIT(vvvv & 15) | (x->mod == 3 ? BIT(x->rm) : 0);
	else if (map == 1 &&
		(code == 0x50 || code == 0xd7 || code == 0x2c || code == 0x2d || code == 0x78 ||
			code == 0x79 || code == 0xc5 || is_mask))
		o->kills = BIT(x->reg);
	else if (map == 1 && code == 0x7e && x->mod == 3)
		o->kills = BIT(x->rm);
	else if (map == 3 && code >= 0x14 && code <= 0x17)
		kill_rm(x, false);
	else if (map == 3 && code >= 0x60 && code <= 0x63)
		o->kills = BIT(RCX);
	else if (map >= 5)
		o->kills = BIT(x->reg) | (x->mod == 3 ? BIT(x->rm) : 0);
}

static void vex(struct in *x, bool is_long)
{
	uint8_t b1 = u8(x), b2 = is_long ? u8(x) : b1;
	unsigned map = is_long ? b1 & 31 : 1;

	x->rex = (uint8_t)((~b1 >> 7 & 1) << 2);
	if (is_long)
		x->rex |= (uint8_t)((~b1 >> 6 & 1) << 1 | (~b1 >> 5 & 1) | (b2 >> 7) << 3);
	x->has_rex = true;
	x->is_bad |= map == 0 || (map > 3 && map < 8) || map > 10;
	wide(x, map, (uint8_t)(~b2 >> 3 & 15), false);
}

static void evex(struct in *x)
{
	uint8_t b1 = u8(x), b2 = u8(x);

	(void)u8(x);
	x->rex = (uint8_t)((~b1 >> 7 & 1) << 2 | (~b1 >> 6 & 1) << 1 | (~b1 >> 5 & 1));
	x->has_rex = true;
	x->is_bad |= (b1 & 7) == 0 || (b1 & 7) == 4 || (b1 & 7) == 7 || (b1 & 8) != 0;
	wide(x, b1 & 7, (uint8_t)(~b2 >> 3 & 15), true);
}

static void one(struct in *x, uint8_t code)
{
	if (code < 0x40)
		alu(x, code);
	else if (code == 0x62)
		evex(x);
	else if (code < 0x70)
		one_50_6f(x, code);
	else if (code < 0x80)
		branch(x, PQM_OP_JUMP_IF, 1);
	else if (code == 0x8f && x->at < x->n && (x->p[x->at] & 0x38) != 0)
		vex(x, true); /* XOP */
	else if (code < 0x90)
		one_80_8f(x, code);
	else if (code < 0xc0)
		one_90_bf(x, code);
	else if (code == 0xc4 || code == 0xc5)
		vex(x, code == 0xc4);
	else if (code < 0xe0)
		one_c0_df(x, code);
	else
		one_e0_ff(x, code);
}

/* Reads the prefixes; the opcode that follows them. A REX counts only right in front of it. */
static uint8_t prefixes(struct in *x)
{
	while (!x->is_bad) {
		uint8_t b = u8(x);

		if (b >= 0x40 && b <= 0x4f) {
			x->rex = b & 15;
			x->has_rex = true;
			continue;
		}
		switch (b) {
		case 0x66:
			x->has_66 = true;
			break;
		case 0x67:
			x->has_67 = true;
			break;
		case 0xf2:
		case 0xf3:
			x->rep = b;
			break;
		case 0x64:
		case 0x65:
			x->has_seg = true;
			break;
		case 0x26:
		case 0x2e:
		case 0x36:
		case 0x3e:
		case 0xf0:
			break;
		default:
			return b;
		}
		x->rex = 0;
		x->has_rex = false;
	}
	return 0;
}

void pqm_x86_decode(struct pqm_insn *out, const uint8_t *p, size_t n, uint64_t addr)
{
	struct in x = { .p = p, .n = n < LONGEST ? n : LONGEST, .addr = addr, .out = out };

	*out = (struct pqm_insn){ .op = PQM_OP_OTHER,
		.size = 4,
		.dst = PQM_NO_REG,
		.dst2 = PQM_NO_REG,
		.src = PQM_NO_REG,
		.src2 = PQM_NO_REG,
		.base = PQM_NO_REG,
		.index = PQM_NO_REG };
	uint8_t code = prefixes(&x);

	if (!x.is_bad && code == 0x0f)
		two(&x);
	else if (!x.is_bad)
		one(&x, code);
	if (x.is_bad) {
		out->len = 0;
		out->op = PQM_OP_BAD;
		return;
	}
	out->len = (uint8_t)x.at;
	if (x.has_rip)
		out->disp = (int64_t)((uint64_t)out->disp + addr + x.at);
}
