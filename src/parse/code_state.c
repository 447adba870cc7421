/* code_state.c — the effect of instructions on registers and stack slots. */
#include "code_state.h"

enum {
	X86_SP = 4,
	X86_FP = 5,
	A64_FP = 29,
	A64_LR = 30,
	VECTOR_BYTES = 64, /* the widest store */
};

/* Order of the first arguments [psABI AMD64 §3.2.3]; on AArch64 x0 to x7. */
static const uint8_t X86_ARG[] = { 7, 6, 2, 1, 8, 9 };

/* Registers that a call leaves alone: rbx rbp rsp r12-r15; x19-x30, sp. */
#define X86_KEPT (1u << 3 | 1u << 5 | 1u << 4 | 0xf000u)
#define A64_KEPT (0xbff80000u)

static const struct pqm_val UNKNOWN = { 0 };

static uint8_t sp_of(const struct pqm_img *g)
{
	return g->is_a64 ? PQM_A64_SP : X86_SP;
}

static uint8_t fp_of(const struct pqm_img *g)
{
	return g->is_a64 ? A64_FP : X86_FP;
}

static struct pqm_val value(enum pqm_val_kind kind, uint64_t v)
{
	return (struct pqm_val){ .v = v, .kind = kind };
}

void pqm_state_forget(struct pqm_state *s)
{
	*s = (struct pqm_state){ .escaped = INT64_MIN, .is_live = true };
}

void pqm_state_enter(const struct pqm_img *g, struct pqm_state *s)
{
	pqm_state_forget(s);
	s->escaped = INT64_MAX;
	s->reg[sp_of(g)] = value(PQM_V_STACK, 0);
	for (size_t i = 0; i < PQM_CALL_ARGS; i++) {
		if (g->is_a64)
			s->reg[i] = value(PQM_V_PARAM, i);
		else if (i < sizeof(X86_ARG))
			s->reg[X86_ARG[i]] = value(PQM_V_PARAM, i);
	}
}

void pqm_state_side(const struct pqm_img *g, struct pqm_state *s)
{
	for (unsigned i = 0; i < PQM_STATE_REGS; i++)
		if (i != sp_of(g) && (i != fp_of(g) || s->reg[i].kind != PQM_V_STACK))
			s->reg[i] = UNKNOWN;
	s->n_slots = 0;
	s->escaped = INT64_MIN;
}

void pqm_state_copy(struct pqm_state *to, const struct pqm_state *from)
{
	memcpy(to, from, offsetof(struct pqm_state, slot) + from->n_slots * sizeof(from->slot[0]));
}

bool pqm_state_join(struct pqm_state *to, const struct pqm_state *from)
{
	bool changed = false;
	uint32_t n = 0;

	if (!to->is_live) {
		pqm_state_copy(to, from);
		to->is_live = true;
		return true;
	}
	for (size_t i = 0; i < PQM_STATE_REGS; i++)
		if (to->reg[i].kind != PQM_V_UNKNOWN && !pqm_val_same(to->reg[i], from->reg[i])) {
			to->reg[i] = UNKNOWN;
			changed = true;
		}
	for (size_t i = 0; i < to->n_slots; i++) {
		const struct pqm_stack_slot *a = &to->slot[i];
		size_t k = i; /* mostly they stand in the same order */

		if (i >= from->n_slots || from->slot[i].off != a->off)
			for (k = 0; k < from->n_slots && from->slot[k].off != a->off;)
				k++;
		if (k < from->n_slots && from->slot[k].size == a->size &&
			pqm_val_same(from->slot[k].val, a->val)) {
			if (n != i)
				to->slot[n] = *a;
			n++;
		}
	}
	changed |= n != to->n_slots;
	to->n_slots = n;
	if (from->escaped < to->escaped) {
		to->escaped = from->escaped;
		changed = true;
	}
	return changed;
}

/* ---- memory ---- */

static void drop_slots(struct pqm_state *s, int64_t from, int64_t to)
{
	uint32_t n = 0;

	for (size_t i = 0; i < s->n_slots; i++)
		if (s->slot[i].off + (int64_t)s->slot[i].size <= from || s->slot[i].off >= to)
			s->slot[n++] = s->slot[i];
	s->n_slots = n;
}

/* Somebody writes through pointers that we do not follow. */
static void drop_escaped(struct pqm_state *s)
{
	if (s->escaped != INT64_MAX)
		drop_slots(s, s->escaped, INT64_MAX);
}

static void put_slot(struct pqm_state *s, int64_t off, uint32_t size, struct pqm_val v)
{
	drop_slots(s, off, off + size);
	if (v.kind == PQM_V_UNKNOWN)
		return;
	if (s->n_slots == PQM_STATE_SLOTS) {
		memmove(&s->slot[0], &s->slot[1], (PQM_STATE_SLOTS - 1) * sizeof(s->slot[0]));
		s->n_slots--;
	}
	s->slot[s->n_slots++] = (struct pqm_stack_slot){ .val = v, .off = off, .size = size };
}

static struct pqm_val get_slot(const struct pqm_state *s, int64_t off, uint32_t size)
{
	for (size_t i = 0; i < s->n_slots; i++) {
		const struct pqm_stack_slot *t = &s->slot[i];

		if (t->off != off)
			continue;
		if (t->size == size)
			return t->val;
		if (t->val.kind == PQM_V_INT && t->size > size && size < 8)
			return value(PQM_V_INT, t->val.v & ((UINT64_C(1) << (8 * size)) - 1));
		return UNKNOWN;
	}
	return UNKNOWN;
}

/* Where a memory operand is: on the stack, at an address, or unknown. */
static struct pqm_val place(const struct pqm_state *s, const struct pqm_insn *o)
{
	if (o->index != PQM_NO_REG || o->base == PQM_NO_REG)
		return UNKNOWN;
	if (o->base == PQM_REG_ABS)
		return value(PQM_V_ADDR, (uint64_t)o->disp);
	struct pqm_val b = s->reg[o->base & 31];

	if (b.kind == PQM_V_STACK || b.kind == PQM_V_ADDR || b.kind == PQM_V_INT)
		return value((enum pqm_val_kind)b.kind, b.v + (uint64_t)o->disp);
	return UNKNOWN;
}

static bool on_stack(const struct pqm_state *s, const struct pqm_insn *o)
{
	return o->base < 32 && s->reg[o->base].kind == PQM_V_STACK;
}

static void store(const struct pqm_img *g, struct pqm_state *s, const struct pqm_insn *o,
	struct pqm_val v, uint32_t size)
{
	struct pqm_val at = place(s, o);

	if (at.kind == PQM_V_STACK)
		put_slot(s, (int64_t)at.v, size, v);
	else if (on_stack(s, o) || (o->base == sp_of(g) && o->index == PQM_NO_REG))
		s->n_slots = 0; /* somewhere on the stack */
	else if (at.kind == PQM_V_UNKNOWN)
		drop_escaped(s);
}

static uint64_t bits_of(uint64_t v, uint32_t size, bool is_signed)
{
	switch (size) {
	case 1:
		return is_signed ? (uint64_t)(int64_t)(int8_t)v : (uint8_t)v;
	case 2:
		return is_signed ? (uint64_t)(int64_t)(int16_t)v : (uint16_t)v;
	case 4:
		return is_signed ? (uint64_t)(int64_t)(int32_t)v : (uint32_t)v;
	default:
		return v;
	}
}

/* v as an int that became a long. */
static struct pqm_val extend(struct pqm_val v)
{
	if (v.kind == PQM_V_INT)
		v.v = bits_of(v.v, 4, true);
	else if (v.kind == PQM_V_PARAM)
		v.is_sext = 1;
	else
		v = UNKNOWN;
	return v;
}

/* A word that stands at an address and does not change. */
static struct pqm_val load_const(
	const struct pqm_img *g, uint64_t addr, uint32_t size, bool is_signed)
{
	if (addr < g->base || addr - g->base >= g->top)
		return UNKNOWN;
	size_t k = pqm_code_slot(g, (uint32_t)(addr - g->base));

	if (k < g->n_slots && g->slots[k].at == addr - g->base) {
		const struct pqm_slot *slot = &g->slots[k];

		if (size != 8 || (!slot->is_import && !pqm_code_is_const(g, addr, 8)))
			return UNKNOWN;
		return slot->is_import ? value(PQM_V_IMPORT, slot->value)
				       : value(PQM_V_ADDR, g->base + slot->value);
	}
	pqm_bytes b = pqm_code_at(g, addr);
	uint8_t raw[8] = { 0 };

	if (size > 8 || b.n < size || !pqm_code_is_const(g, addr, size))
		return UNKNOWN;
	/* Half of a word that the linker fills. */
	if (k < g->n_slots && g->slots[k].at - (addr - g->base) < size)
		return UNKNOWN;
	memcpy(raw, b.p, size);
	return value(PQM_V_INT, bits_of(pqm_le64(raw), size, is_signed));
}

static struct pqm_val load(
	const struct pqm_img *g, const struct pqm_state *s, const struct pqm_insn *o, int64_t more)
{
	struct pqm_val at = place(s, o), v;

	switch (at.kind) {
	case PQM_V_STACK:
		v = get_slot(s, (int64_t)at.v + more, o->size);
		if (o->is_signed && o->size == 4)
			v = extend(v);
		else if (o->is_signed && v.kind == PQM_V_INT)
			v.v = bits_of(v.v, o->size, true);
		else if (o->size < 8 && v.kind == PQM_V_INT)
			v.v = bits_of(v.v, o->size, false);
		return v;
	case PQM_V_ADDR:
		return load_const(g, at.v + (uint64_t)more, o->size, o->is_signed);
	case PQM_V_INT:
		return g->is_fixed ? load_const(g, at.v + (uint64_t)more, o->size, o->is_signed)
				   : UNKNOWN;
	default:
		return UNKNOWN;
	}
}

/* ---- registers ---- */

static void set(struct pqm_state *s, uint8_t reg, struct pqm_val v)
{
	if (reg < PQM_STATE_REGS)
		s->reg[reg] = v;
}

static struct pqm_val get(const struct pqm_state *s, uint8_t reg)
{
	if (reg == PQM_REG_ZERO)
		return value(PQM_V_INT, 0);
	return reg < PQM_STATE_REGS ? s->reg[reg] : UNKNOWN;
}

/* Of v what a register of `size` bytes holds of it; the upper half is cleared. */
static struct pqm_val cut(const struct pqm_img *g, struct pqm_val v, uint32_t size)
{
	if (size >= 8)
		return v;
	switch (v.kind) {
	case PQM_V_INT:
		v.v &= UINT32_MAX;
		return v;
	case PQM_V_PARAM: /* an int: its upper half means nothing */
	case PQM_V_RESULT:
		v.is_sext = 0;
		return v;
	case PQM_V_ADDR:
		return g->is_fixed && v.v <= UINT32_MAX ? v : UNKNOWN;
	default:
		return UNKNOWN;
	}
}

static void escape(struct pqm_state *s, struct pqm_val v)
{
	if (v.kind == PQM_V_STACK && (int64_t)v.v < s->escaped)
		s->escaped = (int64_t)v.v;
}

/* The frame pointer is set up; other copies of the stack pointer are pointers to objects. */
static bool is_frame(const struct pqm_img *g, const struct pqm_insn *o, struct pqm_val v)
{
	if (o->dst == sp_of(g))
		return true;
	if (o->dst != fp_of(g))
		return false;
	return g->is_a64 || (int64_t)v.v == -8; /* right behind push %rbp */
}

static void set_address(
	const struct pqm_img *g, struct pqm_state *s, const struct pqm_insn *o, struct pqm_val v)
{
	if (v.kind == PQM_V_STACK && !is_frame(g, o, v))
		escape(s, v);
	set(s, o->dst, cut(g, v, o->size));
}

static void add(const struct pqm_img *g, struct pqm_state *s, const struct pqm_insn *o,
	struct pqm_val from, uint64_t n)
{
	struct pqm_val v = from;

	switch (from.kind) {
	case PQM_V_INT:
	case PQM_V_ADDR:
	case PQM_V_STACK:
		v.v += n;
		break;
	default:
		v = n == 0 ? from : UNKNOWN;
	}
	set_address(g, s, o, v);
}

static void lea(const struct pqm_img *g, struct pqm_state *s, const struct pqm_insn *o)
{
	struct pqm_val at = place(s, o);

	if (at.kind == PQM_V_UNKNOWN && on_stack(s, o)) /* an element of an array on the stack */
		s->escaped = INT64_MIN;
	if (at.kind == PQM_V_UNKNOWN && o->index != PQM_NO_REG &&
		s->reg[o->index & 31].kind == PQM_V_STACK)
		s->escaped = INT64_MIN;
	set_address(g, s, o, at);
}

static void logic(const struct pqm_img *g, struct pqm_state *s, const struct pqm_insn *o)
{
	struct pqm_val v = get(s, o->src);
	bool is_or = o->op == PQM_OP_OR;

	if (v.kind == PQM_V_STACK &&
		!is_or) { /* alignment of the stack pointer: another frame begins */
		/* At the start of a function it is 8 more than a multiple of 16 [psABI §3.2.2]. */
		if (o->dst != sp_of(g) || o->imm != (uint64_t)-16)
			v = UNKNOWN;
		else
			v.v = ((v.v + 8) & o->imm) - 8;
	} else if (v.kind == PQM_V_INT) {
		v.v = is_or ? v.v | o->imm : v.v & o->imm;
	} else if (is_or && o->imm == UINT64_MAX) {
		v = value(PQM_V_INT, UINT64_MAX);
	} else if (!is_or && o->imm == 0) {
		v = value(PQM_V_INT, 0);
	} else {
		v = UNKNOWN;
	}
	set(s, o->dst, cut(g, v, o->size));
}

static void push(const struct pqm_img *g, struct pqm_state *s, const struct pqm_insn *o)
{
	struct pqm_val *sp = &s->reg[sp_of(g)];
	struct pqm_val v = o->loads    ? load(g, s, o, 0)
		: o->src == PQM_NO_REG ? value(PQM_V_INT, o->imm)
				       : get(s, o->src);

	if (sp->kind != PQM_V_STACK) {
		s->n_slots = 0;
		return;
	}
	sp->v -= 8;
	put_slot(s, (int64_t)sp->v, 8, v);
}

static void pop(const struct pqm_img *g, struct pqm_state *s, uint8_t dst)
{
	struct pqm_val *sp = &s->reg[sp_of(g)], v = UNKNOWN;

	if (sp->kind == PQM_V_STACK) {
		v = get_slot(s, (int64_t)sp->v, 8);
		sp->v += 8;
	}
	set(s, dst, v);
}

static void insert(struct pqm_state *s, const struct pqm_insn *o)
{
	struct pqm_val v = get(s, o->dst);

	if (v.kind != PQM_V_INT || o->scale > 48) {
		set(s, o->dst, UNKNOWN);
		return;
	}
	v.v = (v.v & ~(UINT64_C(0xffff) << o->scale)) | o->imm << o->scale;
	set(s, o->dst, v);
}

/* ---- calls ---- */

struct pqm_val pqm_state_operand(
	const struct pqm_img *g, const struct pqm_state *s, const struct pqm_insn *o)
{
	return o->src != PQM_NO_REG ? get(s, o->src) : load(g, s, o, 0);
}

bool pqm_state_callee(struct pqm_img *g, const struct pqm_state *s, const struct pqm_insn *o,
	struct pqm_goal *out)
{
	uint64_t addr = o->imm;

	*out = (struct pqm_goal){ PQM_GOAL_NONE, 0 };
	if (o->op == PQM_OP_CALL_IND || o->op == PQM_OP_JUMP_IND) {
		struct pqm_val v = pqm_state_operand(g, s, o);

		if (v.kind == PQM_V_IMPORT) {
			*out = (struct pqm_goal){ PQM_GOAL_IMPORT, (uint32_t)v.v };
			return g->imports[v.v].is_wanted;
		}
		if (v.kind != PQM_V_ADDR && (v.kind != PQM_V_INT || !g->is_fixed))
			return false;
		addr = v.v;
	}
	if (addr < g->base || addr - g->base >= g->top)
		return false;
	*out = pqm_code_goal(g, (uint32_t)(addr - g->base));
	if (out->kind == PQM_GOAL_IMPORT)
		return g->imports[out->index].is_wanted;
	return out->kind == PQM_GOAL_FUNC && (g->funcs[out->index].flags & PQM_F_API) != 0;
}

struct pqm_val pqm_state_arg(
	const struct pqm_img *g, const struct pqm_state *s, size_t i, bool is_jump)
{
	size_t in_regs = g->is_a64 ? 8 : sizeof(X86_ARG);

	if (i < in_regs)
		return s->reg[g->is_a64 ? i : X86_ARG[i]];
	struct pqm_val sp = s->reg[sp_of(g)];

	if (sp.kind != PQM_V_STACK)
		return UNKNOWN;
	return get_slot(s, (int64_t)sp.v + 8 * (int64_t)(i - in_regs + is_jump), 8);
}

/* What some functions of the C library give back is what they are handed: strstr(s, "") is s. A header of
 * OpenSSL has that around the names of curves, to make sure that they are texts. */
static struct pqm_val gives_back(
	const struct pqm_img *g, const struct pqm_state *s, struct pqm_goal goal)
{
	struct pqm_val sub = pqm_state_arg(g, s, 1, false);
	pqm_bytes text;

	if (goal.kind != PQM_GOAL_IMPORT || !pqm_eqs(g->imports[goal.index].name, "strstr") ||
		(sub.kind != PQM_V_ADDR && (sub.kind != PQM_V_INT || !g->is_fixed)) ||
		!pqm_code_text(g, sub.v, &text) || text.n > 0)
		return UNKNOWN;
	return pqm_state_arg(g, s, 0, false);
}

static void call(struct pqm_img *g, struct pqm_state *s, const struct pqm_insn *o, uint32_t rva)
{
	struct pqm_goal goal;
	bool is_wanted = pqm_state_callee(g, s, o, &goal);
	struct pqm_val back = gives_back(g, s, goal);
	uint32_t kept = g->is_a64 ? A64_KEPT : X86_KEPT;

	for (unsigned i = 0; i < PQM_STATE_REGS; i++)
		if ((kept >> i & 1) == 0)
			s->reg[i] = UNKNOWN;
	drop_escaped(s);
	if (g->is_a64)
		s->reg[A64_LR] = UNKNOWN;
	s->reg[0] = is_wanted ? value(PQM_V_RESULT, rva) : back;
}

/* ---- one instruction ---- */

static void other(const struct pqm_img *g, struct pqm_state *s, const struct pqm_insn *o)
{
	if (o->stores)
		store(g, s, o, UNKNOWN, VECTOR_BYTES);
	for (unsigned i = 0; i < PQM_STATE_REGS; i++)
		if ((o->kills >> i & 1) != 0)
			s->reg[i] = UNKNOWN;
}

static void memory(const struct pqm_img *g, struct pqm_state *s, const struct pqm_insn *o)
{
	if (o->op == PQM_OP_LOAD) {
		struct pqm_val a = load(g, s, o, 0);
		struct pqm_val b = o->dst2 == PQM_NO_REG ? UNKNOWN : load(g, s, o, o->size);

		set(s, o->dst, a);
		set(s, o->dst2, b);
	} else if (o->op == PQM_OP_STORE_IMM) {
		store(g, s, o, value(PQM_V_INT, bits_of(o->imm, o->size, o->size == 8)), o->size);
	} else {
		struct pqm_val v = get(s, o->src);

		if (v.kind == PQM_V_INT)
			v.v = bits_of(v.v, o->size, false);
		else if (o->size < 4 ||
			(o->size < 8 && v.kind != PQM_V_PARAM && v.kind != PQM_V_RESULT))
			v = cut(g, v, o->size < 4 ? 0 : o->size);
		if (o->size < 4 && v.kind != PQM_V_INT)
			v = UNKNOWN;
		store(g, s, o, v, o->size);
		if (o->src2 != PQM_NO_REG) {
			struct pqm_insn next = *o;

			next.disp += o->size;
			next.src2 = PQM_NO_REG;
			next.src = o->src2;
			next.writes_back = false;
			memory(g, s, &next);
		}
	}
	if (o->writes_back && o->base < PQM_STATE_REGS) {
		struct pqm_val *b = &s->reg[o->base];

		if (b->kind == PQM_V_STACK || b->kind == PQM_V_ADDR)
			b->v += (uint64_t)(int64_t)o->disp2;
		else
			*b = UNKNOWN;
	}
}

void pqm_state_step(struct pqm_img *g, struct pqm_state *s, const struct pqm_insn *o, uint32_t rva)
{
	struct pqm_val v;

	switch ((enum pqm_op)o->op) {
	case PQM_OP_OTHER:
	case PQM_OP_JUMP_IF:
		other(g, s, o);
		break;
	case PQM_OP_MOV:
		set_address(g, s, o, get(s, o->src));
		break;
	case PQM_OP_IMM:
		set(s, o->dst, value(o->is_address ? PQM_V_ADDR : PQM_V_INT, o->imm));
		break;
	case PQM_OP_PAGE:
		set(s, o->dst, value(PQM_V_ADDR, o->imm));
		break;
	case PQM_OP_LEA:
		lea(g, s, o);
		break;
	case PQM_OP_LOAD:
	case PQM_OP_STORE:
	case PQM_OP_STORE_IMM:
		memory(g, s, o);
		break;
	case PQM_OP_ADD:
		add(g, s, o, get(s, o->src), o->imm);
		break;
	case PQM_OP_OR:
	case PQM_OP_AND:
		logic(g, s, o);
		break;
	case PQM_OP_INSERT:
		insert(s, o);
		break;
	case PQM_OP_ZERO:
		set(s, o->dst, value(PQM_V_INT, 0));
		break;
	case PQM_OP_PUSH:
		push(g, s, o);
		break;
	case PQM_OP_POP:
		pop(g, s, o->dst);
		break;
	case PQM_OP_LEAVE:
		s->reg[sp_of(g)] = s->reg[fp_of(g)];
		pop(g, s, fp_of(g));
		break;
	case PQM_OP_SEXT:
		set(s, o->dst, extend(get(s, o->src)));
		break;
	case PQM_OP_SELECT:
		v = get(s, o->src);
		if (!pqm_val_same(v, get(s, o->dst)))
			v = UNKNOWN;
		set(s, o->dst, cut(g, v, o->size));
		break;
	case PQM_OP_CALL:
	case PQM_OP_CALL_IND:
		call(g, s, o, rva);
		break;
	case PQM_OP_JUMP:
	case PQM_OP_JUMP_IND:
	case PQM_OP_RET:
	case PQM_OP_STOP:
	case PQM_OP_BAD:
		break;
	}
}
