/* code_a64.c — AArch64 instructions [Arm ARM C4]: what they do to the general registers. */
#include "code_int.h"

#define ZR 31

static uint64_t sext(uint64_t v, unsigned bits)
{
	uint64_t sign = UINT64_C(1) << (bits - 1);

	return (v ^ sign) - sign;
}

static uint32_t field(uint32_t w, unsigned at, unsigned bits)
{
	return w >> at & ((1u << bits) - 1);
}

/* Register 31 is the zero register in most places: writes to it are lost. */
static uint8_t reg_or_none(uint32_t r)
{
	return r == ZR ? PQM_NO_REG : (uint8_t)r;
}

static uint8_t reg_or_zero(uint32_t r)
{
	return r == ZR ? PQM_REG_ZERO : (uint8_t)r;
}

static void kill(struct pqm_insn *o, uint32_t r)
{
	if (r != ZR)
		o->kills |= 1u << r;
}

/* C4.1.65: adr, add and sub, logical, moves, bit fields. */
static void immediate(struct pqm_insn *o, uint32_t w, uint64_t addr)
{
	uint32_t rd = field(w, 0, 5), rn = field(w, 5, 5), group = field(w, 23, 3);
	bool is_64 = w >> 31 != 0;

	o->size = is_64 ? 8 : 4;
	if (group < 2) {
		uint64_t rel = sext(field(w, 5, 19) << 2 | field(w, 29, 2), 21);

		o->size = 8;
		o->dst = reg_or_none(rd);
		o->imm = is_64 ? (addr & ~UINT64_C(0xfff)) + (rel << 12) : addr + rel;
		o->is_address = !is_64;
		o->op = is_64 ? PQM_OP_PAGE : PQM_OP_IMM;
	} else if (group == 2) { /* here 31 is the stack pointer, but for the flags' forms */
		uint64_t imm = (uint64_t)field(w, 10, 12) << (field(w, 22, 1) != 0 ? 12 : 0);

		if (field(w, 29, 1) != 0 && rd == ZR)
			return; /* cmp */
		o->dst = (uint8_t)rd;
		o->src = (uint8_t)rn;
		o->imm = field(w, 30, 1) != 0 ? 0 - imm : imm;
		o->op = PQM_OP_ADD;
	} else if (group == 5) {
		uint32_t kind = field(w, 29, 2), shift = field(w, 21, 2) * 16;
		uint64_t imm = (uint64_t)field(w, 5, 16) << shift;

		o->dst = reg_or_none(rd);
		if (kind == 3) {
			o->imm = field(w, 5, 16);
			o->scale = (uint8_t)shift;
			o->op = PQM_OP_INSERT;
			return;
		}
		o->imm = kind == 0 ? ~imm : imm;
		if (!is_64)
			o->imm &= UINT32_MAX;
		o->op = PQM_OP_IMM;
	} else if ((w & 0xfffffc00) == 0x93407c00) { /* sxtw */
		o->dst = reg_or_none(rd);
		o->src = reg_or_zero(rn);
		o->op = PQM_OP_SEXT;
	} else {
		kill(o, rd);
		/* and and orr to the stack pointer align it. */
		if (group == 4 && rd == ZR && field(w, 29, 2) != 3)
			o->kills |= 1u << ZR;
	}
}

/* C4.1.66 */
static void branch(struct pqm_insn *o, uint32_t w, uint64_t addr)
{
	if ((w & 0x7c000000) == 0x14000000) {
		o->imm = addr + (sext(field(w, 0, 26), 26) << 2);
		o->op = w >> 31 != 0 ? PQM_OP_CALL : PQM_OP_JUMP;
	} else if ((w & 0x7e000000) == 0x34000000 || (w & 0xff000000) == 0x54000000) {
		o->imm = addr + (sext(field(w, 5, 19), 19) << 2);
		o->op = PQM_OP_JUMP_IF;
	} else if ((w & 0x7e000000) == 0x36000000) {
		o->imm = addr + (sext(field(w, 5, 14), 14) << 2);
		o->op = PQM_OP_JUMP_IF;
	} else if ((w & 0xfe000000) == 0xd6000000) {
		uint32_t opc = field(w, 21, 4);

		o->src = (uint8_t)field(w, 5, 5);
		/* With pointer authentication bit 3 is set: the same branch. */
		o->op = (opc & 7) == 0	 ? PQM_OP_JUMP_IND
			: (opc & 7) == 1 ? PQM_OP_CALL_IND
					 : PQM_OP_RET;
	} else if ((w & 0xff000000) == 0xd4000000) {
		o->op = (w & 0xffe0001f) == 0xd4000001 ? PQM_OP_OTHER : PQM_OP_STOP;
		o->kills = o->op == PQM_OP_OTHER ? 1u : 0;
	} else if ((w & 0xfff00000) == 0xd5300000) {
		kill(o, field(w, 0, 5)); /* mrs */
	} else if ((w & 0xfffff01f) == 0xd503201f) {
		/* Hints; pacia, autia and xpac of lr and x17 only. */
		o->kills = (field(w, 5, 7) & 0x78) == 0x08 ? 1u << 17 : 0;
	} else if ((w & 0xfff80000) == 0xd5280000) {
		kill(o, field(w, 0, 5));
	}
}

static void pair(struct pqm_insn *o, uint32_t w)
{
	uint32_t opc = field(w, 30, 2), how = field(w, 23, 2);
	bool is_load = field(w, 22, 1) != 0, is_vector = field(w, 26, 1) != 0;
	unsigned shift = is_vector ? 2 + opc : 2 + (opc >> 1);
	int64_t imm = (int64_t)(sext(field(w, 15, 7), 7) << shift);

	o->base = (uint8_t)field(w, 5, 5);
	o->size = (uint8_t)(1u << shift);
	o->writes_back = how == 1 || how == 3;
	o->disp2 = (int32_t)imm;
	o->disp = how == 1 ? 0 : imm;
	if (is_vector) {
		/* As stores of what is not known; a load changes no general register. */
		o->op = is_load ? PQM_OP_LOAD : PQM_OP_STORE;
		if (!is_load)
			o->size = (uint8_t)(o->size * 2);
		return;
	}
	o->op = is_load ? PQM_OP_LOAD : PQM_OP_STORE;
	o->is_signed = opc == 1;
	if (is_load) {
		o->dst = reg_or_none(field(w, 0, 5));
		o->dst2 = reg_or_none(field(w, 10, 5));
	} else {
		o->src = reg_or_zero(field(w, 0, 5));
		o->src2 = reg_or_zero(field(w, 10, 5));
	}
}

static void exclusive(struct pqm_insn *o, uint32_t w)
{
	/* Loads and stores with order or locks: what they read is not followed. */
	o->base = (uint8_t)field(w, 5, 5);
	o->stores = field(w, 22, 1) == 0;
	kill(o, field(w, 0, 5));
	kill(o, field(w, 10, 5));
	kill(o, field(w, 16, 5));
}

static void single(struct pqm_insn *o, uint32_t w)
{
	uint32_t size = field(w, 30, 2), opc = field(w, 22, 2), rt = field(w, 0, 5);
	bool is_vector = field(w, 26, 1) != 0, is_unsigned = field(w, 24, 1) != 0;
	bool is_load = is_vector ? (opc & 1) != 0 : opc != 0;

	o->base = (uint8_t)field(w, 5, 5);
	o->size = (uint8_t)(is_vector && (opc & 2) != 0 ? 16 : 1u << size);
	if (size == 3 && opc == 2 && !is_vector) {
		o->base = PQM_NO_REG;
		return; /* prefetch */
	}
	if (is_unsigned) {
		o->disp = (int64_t)((uint64_t)field(w, 10, 12) * o->size);
	} else if (field(w, 21, 1) != 0) {
		if (field(w, 10, 2) != 2) { /* atomics, and loads with authentication */
			o->stores = true;
			kill(o, rt);
			kill(o, field(w, 16, 5));
			if (field(w, 10, 2) != 0 && o->base != PQM_NO_REG)
				o->kills |= 1u << o->base;
			return;
		}
		o->index = (uint8_t)field(w, 16, 5);
	} else {
		uint32_t how = field(w, 10, 2);
		int64_t imm = (int64_t)sext(field(w, 12, 9), 9);

		o->writes_back = how == 1 || how == 3;
		o->disp2 = (int32_t)imm;
		o->disp = how == 1 ? 0 : imm;
	}
	o->op = is_load ? PQM_OP_LOAD : PQM_OP_STORE;
	o->is_signed = is_load && !is_vector && (opc & 2) != 0;
	if (is_vector)
		return;
	if (is_load)
		o->dst = reg_or_none(rt);
	else
		o->src = reg_or_zero(rt);
}

static void memory(struct pqm_insn *o, uint32_t w, uint64_t addr)
{
	uint32_t kind = field(w, 28, 2);

	if (kind == 2) {
		pair(o, w);
	} else if (kind == 3) {
		single(o, w);
	} else if (kind == 1 && field(w, 24, 1) == 0) { /* a literal near the code */
		uint32_t opc = field(w, 30, 2);

		o->base = PQM_REG_ABS;
		o->disp = (int64_t)(addr + (sext(field(w, 5, 19), 19) << 2));
		if (field(w, 26, 1) != 0 || opc == 3)
			return;
		o->op = PQM_OP_LOAD;
		o->size = opc == 1 ? 8 : 4;
		o->is_signed = opc == 2;
		o->dst = reg_or_none(field(w, 0, 5));
	} else if (field(w, 26, 1) != 0) { /* structures of vectors */
		o->stores = field(w, 22, 1) == 0;
		o->base = (uint8_t)field(w, 5, 5);
		if (field(w, 23, 1) != 0 && o->base != PQM_NO_REG)
			o->kills |= 1u << o->base;
	} else {
		exclusive(o, w);
	}
}

/* C4.1.68: of two and three registers. */
static void arithmetic(struct pqm_insn *o, uint32_t w)
{
	uint32_t rd = field(w, 0, 5), rn = field(w, 5, 5), rm = field(w, 16, 5);

	o->size = w >> 31 != 0 ? 8 : 4;
	if ((w & 0x7fe0ffe0) == 0x2a0003e0) { /* mov: orr with the zero register */
		if (rm == ZR) {
			o->dst = reg_or_none(rd);
			o->op = PQM_OP_ZERO;
			return;
		}
		o->dst = reg_or_none(rd);
		o->src = (uint8_t)rm;
		o->op = PQM_OP_MOV;
	} else if ((w & 0x7fe00c00) == 0x1a800000 && rm != ZR && rn != ZR) {
		/* csel: the same on both sides is that; else unknown */
		kill(o, rd);
	} else {
		kill(o, rd);
		/* Here the destination may be the stack pointer: add and sub of an extended register. */
		if ((w & 0x1fe00000) == 0x0b200000 && rd == ZR && field(w, 29, 1) == 0)
			o->kills |= 1u << ZR;
	}
}

/* C4.1.69: moves from vectors to general registers; all others leave these alone. */
static void vector(struct pqm_insn *o, uint32_t w)
{
	bool is_convert = (w & 0x5f20fc00) == 0x1e200000 || (w & 0x5f200000) == 0x1e000000;
	bool is_move = (w & 0xbfe08400) == 0x0e000400;

	if (is_convert || is_move)
		kill(o, field(w, 0, 5));
}

void pqm_a64_decode(struct pqm_insn *out, const uint8_t *p, size_t n, uint64_t addr)
{
	*out = (struct pqm_insn){ .op = PQM_OP_OTHER,
		.size = 8,
		.dst = PQM_NO_REG,
		.dst2 = PQM_NO_REG,
		.src = PQM_NO_REG,
		.src2 = PQM_NO_REG,
		.base = PQM_NO_REG,
		.index = PQM_NO_REG };
	if (n < 4) {
		out->op = PQM_OP_BAD;
		return;
	}
	uint32_t w = pqm_le32(p), group = field(w, 25, 4);

	out->len = 4;
	if ((group & 14) == 8)
		immediate(out, w, addr);
	else if ((group & 14) == 10)
		branch(out, w, addr);
	else if ((group & 5) == 4)
		memory(out, w, addr);
	else if ((group & 7) == 5)
		arithmetic(out, w);
	else if ((group & 7) == 7)
		vector(out, w);
	else if (group == 0)
		out->op = PQM_OP_STOP; /* udf */
	/* 1 to 3: reserved, SVE and SME; those write few general registers, so all are lost. */
	else
		out->kills = UINT32_MAX & ~(1u << ZR);
}
